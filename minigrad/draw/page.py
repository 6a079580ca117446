"""A page that plays steps: one self-contained HTML document with its style, script and data."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from minigrad.draw.document import Document, document, script_json
from minigrad.draw.theme import variables

CONTROLS = 190  # pixels of the title, the controls and the list of steps


class Page(Document):
    """A document in which steps are played forward and back.

    Attributes
    ----------
    steps : tuple of dict
        The steps as data; the ``text`` of each says what happens in it.
    """

    def __init__(
        self,
        title: str,
        stage: str,
        steps: Sequence[Mapping[str, Any]],
        *,
        script: str,
        style: str = "",
        height: int = 400,
        theme: str = "auto",
        still: str = "",
    ) -> None:
        """Build a page.

        Parameters
        ----------
        title : str
            Plain text.
        stage : str
            Markup in which the steps are shown; it is not escaped.
        steps : sequence of dict
            JSON data; each with a ``text``.
        script : str
            Defines ``show(step, index)``, which puts the stage into the state of that step, whatever was shown before.
        style : str
            CSS of the stage.
        height : int
            Pixels of the stage at full size.
        theme : {'auto', 'light', 'dark'}
            'auto' follows the reader's screen.
        still : str
            An SVG that a notebook shows where it runs no page, because it is not trusted.
        """
        self.steps, self._still = tuple(map(dict, steps)), still
        super().__init__(title, _document(title, stage, self.steps, script, style, theme), height + CONTROLS)

    def _repr_html_(self) -> str:
        return self._instead() + super()._repr_html_()

    def _instead(self) -> str:
        """The still picture, hidden where the page is shown; what is not trusted loses its style element and the frame."""
        from base64 import b64encode
        from hashlib import sha256
        from html import escape

        if not self._still:
            return ""
        size = re.search(r' width="([\d.]+)(pt)?" height="([\d.]+)(pt)?"', self._still)
        assert size, "the picture does not say how large it is"
        wide, high = (f"{float(size[k])}{size[k + 1] or 'px'}" for k in (1, 3))
        name = "still-" + sha256(self._still.encode()).hexdigest()[:10]
        image = f"url(data:image/svg+xml;base64,{b64encode(self._still.encode()).decode()})"
        style = f"width: {wide}; height: {high}; background-image: {image}; background-size: contain"
        return (
            f"<style>.{name} {{ display: none; }}</style>"
            f'<div class="{name}" title="{escape(self.title)}" style="{style}"></div>'
        )

    def __repr__(self) -> str:
        return f"<{self.title}: {len(self.steps)} steps>"


def _document(title: str, stage: str, steps: Sequence[Mapping[str, Any]], script: str, style: str, theme: str) -> str:
    """The document as text."""
    from html import escape

    here = Path(__file__)
    controls, sheet = (here.with_name(name).read_text(encoding="utf-8") for name in ("page.js", "page.css"))
    data_of_steps = 'const steps = JSON.parse(document.getElementById("steps").textContent);'
    listed = "\n".join(f"<li>{escape(step['text'])}</li>" for step in steps)
    body = f"""\
<h1>{escape(title)}</h1>
<div id="stage">
{stage}
</div>
<p id="status" role="status" aria-live="polite"></p>
<div class="controls" role="group" aria-label="Steps">
<button id="first" type="button" aria-label="First step" title="First step (Home)">|◁</button>
<button id="back" type="button" aria-label="Step back" title="Step back (←)">◁</button>
<button id="play" type="button" aria-label="Play" title="Play or pause (space)">▶</button>
<button id="next" type="button" aria-label="Step forward" title="Step forward (→)">▷</button>
<button id="last" type="button" aria-label="Last step" title="Last step (End)">▷|</button>
<input id="slider" type="range" min="0" max="{len(steps) - 1}" value="0" aria-label="Step">
<output id="count" for="slider"></output>
<label>Speed <select id="speed"><option value="0.5">½×</option><option value="1" selected>1×</option>
<option value="2">2×</option><option value="4">4×</option></select></label>
</div>
<details><summary>All steps as text</summary>
<ol>
{listed}
</ol>
</details>
<noscript><p>Playing the steps needs JavaScript, which is off: read them in the list above.</p></noscript>
<script type="application/json" id="steps">{script_json(steps)}</script>"""
    code = f"{data_of_steps}\n{script}\n{controls}"
    return document(title, body, style=f"{variables(theme)}{sheet}{style}", script=code, images=True)
