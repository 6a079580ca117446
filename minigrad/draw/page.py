"""A page that plays steps: one self-contained HTML document with its style, script and data."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from minigrad.draw.files import Saved
from minigrad.draw.theme import variables

CONTROLS = 190  # pixels of the title, the controls and the list of steps


class Page(Saved):
    """A self-contained HTML document in which steps are played forward and back.

    A notebook shows it in a frame; ``.save("page.html")`` writes the same document. It makes no network requests, and its
    content security policy allows only its own script, by hash.

    Attributes
    ----------
    title : str
        The title of the page.
    steps : tuple of dict
        The steps as data; the ``text`` of each says what happens in it.
    html : str
        The document.
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
        self.title, self.steps = title, tuple(map(dict, steps))
        self.html = _document(title, stage, self.steps, script, style, theme)
        self._height, self._still = height + CONTROLS, still

    def _formats(self) -> Mapping[str, Callable[[], bytes]]:
        return {".html": self.html.encode}

    def _repr_html_(self) -> str:
        from html import escape

        return self._instead() + (
            f'<iframe title="{escape(self.title)}" sandbox="allow-scripts" srcdoc="{escape(self.html)}" '
            f'width="100%" height="{self._height}" style="border: 0"></iframe>'
        )

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
    import base64
    import hashlib
    import json
    from html import escape

    here = Path(__file__)
    controls = here.with_name("page.js").read_text(encoding="utf-8")
    data_of_steps = 'const steps = JSON.parse(document.getElementById("steps").textContent);'
    code = f"'use strict';\n{data_of_steps}\n{script}\n{controls}"
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    # A closing tag inside the data would end the element; in JSON every < can be escaped.
    data = json.dumps(steps, ensure_ascii=True, allow_nan=False).replace("<", "\\u003c")
    listed = "\n".join(f"<li>{escape(step['text'])}</li>" for step in steps)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{escape(title)}</title>
<style>
{variables(theme)}{here.with_name("page.css").read_text(encoding="utf-8")}{style}
</style>
</head>
<body>
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
<script type="application/json" id="steps">{data}</script>
<script>{code}</script>
</body>
</html>
"""
