"""The viewer of a drawing in a page: fit, zoom, pan, an overview, search by name, and a click on a node."""

from __future__ import annotations

import re
from pathlib import Path

from minigrad.draw.document import Document, document
from minigrad.draw.theme import variables

LOW = 250  # pixels of a page above and below its drawing

_TOOLBAR = """\
<div class="tools" role="group" aria-label="View">
<button id="fit" type="button" aria-label="Fit to width" title="Fit to width">Fit</button>
<button id="smaller" type="button" aria-label="Zoom out" title="Zoom out (Ctrl and wheel)">−</button>
<output id="zoom" aria-label="Zoom"></output>
<button id="larger" type="button" aria-label="Zoom in" title="Zoom in (Ctrl and wheel)">+</button>
<input id="search" type="search" placeholder="find by name" aria-label="Find a node by name" autocomplete="off">
<output id="found" role="status"></output>
</div>"""

_CARD = """\
{toolbar}
<div id="picture" class="card" data-direction="{direction}" tabindex="0" role="group" aria-label="The graph">
{svg}
</div>
{between}<div id="details" tabindex="-1" role="region" aria-label="The selected node" hidden></div>
{data}"""


def card(svg: str, direction: str, data: str, between: str = "") -> str:
    """The markup of a drawing with its tools, and below it the details of the selected node."""
    return _CARD.format(toolbar=_TOOLBAR, svg=svg, direction=direction, data=data, between=between)


def playable(svg: str) -> tuple[str, float, float]:
    """A drawing that tells the page its size, and its size in pixels."""
    size = re.search(r' width="([\d.]+)pt" height="([\d.]+)pt"', svg)
    assert size, "the drawing does not say how large it is"
    width, height = (float(text) * 4 / 3 for text in size.groups())
    return svg.replace(size[0], f' data-width="{width:.0f}" data-height="{height:.0f}"', 1), width, height


def page(title: str, svg: str, direction: str, data: str, theme: str) -> Document:
    """A drawing as a page.

    Parameters
    ----------
    title : str
        Plain text.
    svg : str
        The drawing.
    direction : {'LR', 'TB'}
        Its direction.
    data : str
        The details of its nodes, as a script element.
    theme : {'auto', 'light', 'dark'}
        'auto' follows the reader's screen.
    """
    from html import escape

    drawing, _, high = playable(svg)
    style, script = viewer()
    sheet = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
    whole = f"{variables(theme)}{sheet}{style}:root {{ --beside: 130px; }}\n"
    body = f"<h1>{escape(title)}</h1>\n{card(drawing, direction, data)}"
    return Document(title, document(title, body, style=whole, script=script), round(high) + LOW)


def viewer() -> tuple[str, str]:
    """The style and the script of the viewer."""
    here = Path(__file__)
    style, script = (here.with_name(f"viewer.{suffix}").read_text(encoding="utf-8") for suffix in ("css", "js"))
    return style, script
