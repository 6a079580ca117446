"""SVG as PNG, drawn by resvg with the fonts of the system."""

from __future__ import annotations

import re
import warnings
from functools import cache
from typing import Any

from minigrad.draw.inline import CELL
from minigrad.draw.still.lines import SMALL
from minigrad.optional import found

ZOOM = 2.0  # 192 dots per inch
LARGEST = 11_520  # pixels of a side; a larger picture is scaled down
COLORS, HEAVY, MOST_PIXELS = 48, 100_000, 2_000_000  # of a PNG beside an SVG: colours, bytes, pixels
READABLE = 6.5  # pixels of the smallest text
FAMILIES = ("Helvetica", "Arial", "Liberation Sans", "DejaVu Sans", "Noto Sans")  # the first that the system has


_SIZE = r'<svg [^>]*?width="(\d+)pt" height="(\d+)pt"'


def png(svg: str) -> bytes:
    """Draw an SVG picture of ours as PNG.

    Warns
    -----
    UserWarning
        If the picture has to be scaled down until its text cannot be read.

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
    family = _family()
    if not family:
        raise RuntimeError(
            "save: a PNG has text, and this system has no fonts; install one, such as the package fonts-liberation or "
            "fonts-dejavu, or save as .svg or .pdf, which need none"
        )
    size = re.match(_SIZE, svg)
    assert size, "the picture does not say how large it is"
    largest = max(float(side) for side in size.groups()) * 4 / 3
    zoom = min(ZOOM, LARGEST / largest)
    if (small := SMALL * 4 / 3 * zoom) < READABLE:
        wide, high = (f"{float(side):,.0f}" for side in size.groups())
        warnings.warn(
            f"save: the picture has {wide} × {high} points. In a PNG, with at most {LARGEST:,} pixels along a side, its "
            f"text would be {small:.0f} pixels high and could not be read. Save it as .svg or .pdf, or as .html, a page "
            "with zoom.",
            stacklevel=4,  # where `save` was called
        )
    if family == "DejaVu Sans":  # wider than Helvetica, for which there is room
        svg = svg.replace("<svg ", '<svg font-stretch="condensed" ', 1)
    return bytes(resvg.svg_to_bytes(svg_string=svg, zoom=zoom, dpi=96, font_family=family, sans_serif_family=family))


def fallback(svg: str) -> dict[str, str]:
    """The picture for a notebook that is not trusted, which shows no SVG: a small PNG, by its type.

    It is at most as wide as a notebook's cell, and has few colours. Empty if it would be heavy or its text could not be
    read, or if it cannot be drawn here.
    """
    from base64 import b64encode
    from io import BytesIO

    size = re.match(_SIZE, svg)
    resvg, images = found("resvg_py"), found("PIL.Image")
    if resvg is None or images is None or not size or not _family():
        return {}
    wide, high = (float(side) * 4 / 3 for side in size.groups())
    zoom = min(1.0, CELL * 4 / 3 / wide)
    if SMALL * 4 / 3 * zoom < READABLE or wide * high * zoom**2 > MOST_PIXELS:
        return {}
    drawn = bytes(resvg.svg_to_bytes(svg_string=svg, zoom=zoom, dpi=96, font_family=_family(), sans_serif_family=_family()))
    image = (
        images.Image.open(BytesIO(drawn)).convert("RGB").quantize(COLORS, method=images.Image.Quantize.FASTOCTREE, dither=0)
    )
    image.save(small := BytesIO(), "PNG")
    return {"image/png": b64encode(small.getvalue()).decode()} if small.tell() <= HEAVY else {}


def _resvg() -> Any:
    resvg = found("resvg_py")
    if resvg is None:
        raise ImportError("save: a PNG needs resvg: pip install resvg-py; .svg and .pdf need nothing")
    return resvg


@cache
def _family() -> str:
    """The first of the families that the system has, or else whatever font it has; empty if it has none."""
    canvas = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><text x="2" y="15">{}</text></svg>'

    def drawn(text: str, family: str) -> bytes:
        return bytes(_resvg().svg_to_bytes(svg_string=canvas.format(text), font_family=family))

    blank, other = drawn(" ", FAMILIES[0]), drawn("M", "no such family")
    found = (family for family in FAMILIES if drawn("M", family) not in (blank, other))
    return next(found, "sans-serif" if other != blank else "")
