"""Self-contained HTML documents, and the frame in which a notebook shows one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from minigrad.draw.files import Saved


class Document(Saved):
    """A self-contained HTML document: it makes no network requests, and runs only its own script, allowed by its hash.

    A notebook shows it in a frame; ``.save("page.html")`` writes the same document.

    Attributes
    ----------
    title : str
        The title of the page.
    html : str
        The document.
    """

    def __init__(self, title: str, html: str, height: int) -> None:
        self.title, self.html, self._height = title, html, height

    def _formats(self) -> Mapping[str, Callable[[], bytes]]:
        return {".html": self.html.encode}

    def _repr_html_(self) -> str:
        from html import escape

        return (
            f'<iframe title="{escape(self.title)}" sandbox="allow-scripts" srcdoc="{escape(self.html)}" '
            f'width="100%" height="{self._height}" style="border: 0"></iframe>'
        )

    def __repr__(self) -> str:
        return f"<{self.title}>"


def document(title: str, body: str, *, style: str, script: str = "", images: bool = False) -> str:
    """The text of a document.

    Parameters
    ----------
    title : str
        Plain text.
    body, style, script : str
        Markup, CSS and JavaScript, which are not escaped.
    images : bool
        Whether the page may show images whose data is in it.
    """
    import base64
    import hashlib
    from html import escape

    policy = "default-src 'none'; " + "img-src data:; " * images + "style-src 'unsafe-inline'"
    if script:
        code = f"'use strict';\n{script}"
        policy += f"; script-src 'sha256-{base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()}'"
        body += f"\n<script>{code}</script>"
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{escape(title)}</title>
<style>
{style}
</style>
</head>
<body>
{body}
</body>
</html>
"""


def script_json(data: Any) -> str:
    """Data as JSON inside a script: a closing tag in it would end the element, so every < is escaped."""
    import json

    return json.dumps(data, ensure_ascii=True, allow_nan=False).replace("<", "\\u003c")


def numbers() -> str:
    """A function of JavaScript that writes a number as `minigrad.text.number` does: ``numberText(x, precision)``."""
    return Path(__file__).with_name("number.js").read_text(encoding="utf-8")
