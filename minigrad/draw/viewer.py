"""The viewer of a drawing in a page: fit, zoom, pan, an overview, search by name, and a click on a node."""

from __future__ import annotations

from pathlib import Path

TOOLBAR = """\
<div class="tools" role="group" aria-label="View">
<button id="fit" type="button" aria-label="Fit to width" title="Fit to width">Fit</button>
<button id="smaller" type="button" aria-label="Zoom out" title="Zoom out (Ctrl and wheel)">−</button>
<output id="zoom" aria-label="Zoom"></output>
<button id="larger" type="button" aria-label="Zoom in" title="Zoom in (Ctrl and wheel)">+</button>
<input id="search" type="search" placeholder="find by name" aria-label="Find a node by name" autocomplete="off">
<output id="found" role="status"></output>
</div>"""


def viewer() -> tuple[str, str]:
    """The style and the script of the viewer."""
    here = Path(__file__)
    style, script = (here.with_name(f"viewer.{suffix}").read_text(encoding="utf-8") for suffix in ("css", "js"))
    return style, script
