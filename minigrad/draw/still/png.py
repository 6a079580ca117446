"""SVG as PNG, drawn by resvg with the fonts of the system."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

ZOOM = 2.0  # 192 dots per inch
LARGEST = 11_520  # pixels of a side; a larger picture is scaled down
FAMILY = "Liberation Sans"  # where there is neither Helvetica nor Arial, of the same widths


def png(svg: str) -> bytes:
    """Draw an SVG picture of ours as PNG.

    Raises
    ------
    ImportError
        If resvg is missing.
    RuntimeError
        If the system has no fonts: the picture would have no text.

    Examples
    --------
    >>> from minigrad import Tensor, draw
    >>> png(draw(Tensor(3.0, name="x")).svg)[1:4]
    b'PNG'
    """
    resvg = _resvg()
    if not _has_fonts():
        raise RuntimeError(
            "save: a PNG has text, and this system has no fonts; install one, such as the package fonts-liberation or "
            "fonts-dejavu, or save as .svg or .pdf, which need none"
        )
    size = re.match(r'<svg [^>]*?width="(\d+)pt" height="(\d+)pt"', svg)
    assert size, "the picture does not say how large it is"
    largest = max(float(side) for side in size.groups()) * 4 / 3
    zoom = min(ZOOM, LARGEST / largest)
    return bytes(resvg.svg_to_bytes(svg_string=svg, zoom=zoom, dpi=96, font_family=FAMILY, sans_serif_family=FAMILY))


def _resvg() -> Any:
    from minigrad.optional import found

    resvg = found("resvg_py")
    if resvg is None:
        raise ImportError("save: a PNG needs resvg: pip install resvg-py; .svg and .pdf need nothing")
    return resvg


@cache
def _has_fonts() -> bool:
    """True if text leaves a trace."""
    canvas = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><text x="2" y="15">{}</text></svg>'
    empty, full = (_resvg().svg_to_bytes(svg_string=canvas.format(text)) for text in (" ", "M"))
    return bool(empty != full)
