"""DOT as SVG, PNG or PDF, laid out by Graphviz: the program `dot` if there is one, else the pygraphviz wheel."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from minigrad.draw.heatmap import compact

TIMEOUT = 60.0  # seconds for one layout
SUFFIXES = ("svg", "png", "pdf")
SETTINGS = {  # attributes of Graphviz; a picture larger than `size`, in inches, is scaled down
    "svg": ("dpi=72",),
    "png": ("dpi=192", "size=60,60"),
    "pdf": ("dpi=72", "size=200,200"),
}

INSTALL = (
    "a picture needs Graphviz: install it from https://graphviz.org/download so that `dot` is on the PATH, or run "
    "`pip install pygraphviz`. Drawing.dot and save('graph.dot') work without it"
)


def render(dot: str, suffix: str) -> bytes:
    """Lay out a graph and draw it.

    Parameters
    ----------
    dot : str
        DOT source.
    suffix : {'svg', 'png', 'pdf'}
        The format of the picture.

    Returns
    -------
    bytes

    Raises
    ------
    RuntimeError
        If Graphviz is missing or fails; the message says what to install.
    TimeoutError
        If the layout takes too long.

    Examples
    --------
    >>> render("digraph { a -> b }", "png")[1:4]
    b'PNG'
    """
    import subprocess

    failures = []
    for name, command in _commands(suffix):
        try:
            done = subprocess.run(command, input=dot.encode(), capture_output=True, timeout=TIMEOUT, check=False)  # noqa: S603
        except subprocess.TimeoutExpired:
            raise TimeoutError(
                f"the layout of the graph took more than {TIMEOUT:g} s; draw a part of it, or collapse it with max_nodes"
            ) from None
        except OSError as error:
            failures.append(f"{name}: {error}")
            continue
        if done.returncode == 0 and done.stdout:
            return done.stdout
        message = done.stderr.decode(errors="replace").strip().splitlines()
        failures.append(f"{name}: {message[-1] if message else f'exit code {done.returncode}'}")
    raise RuntimeError("; ".join([*failures, INSTALL]))


def _commands(suffix: str) -> Iterator[tuple[str, list[str]]]:
    """The ways to call Graphviz on this machine, the preferred one first."""
    import shutil
    import sys
    from importlib.util import find_spec

    if dot := shutil.which("dot"):
        yield "dot", [dot, f"-T{suffix}", *(f"-G{setting}" for setting in SETTINGS[suffix])]
    if sys.executable and find_spec("pygraphviz"):
        # -P: the files beside child.py must not shadow other modules
        child = str(Path(__file__).with_name("child.py"))
        yield "pygraphviz", [sys.executable, "-P", child, suffix, *SETTINGS[suffix]]


def svg(dot: str, title: str = "", words: str = "", style: str = "") -> str:
    """Lay out a graph as SVG that can be embedded in a page, with the tooltips of nodes and edges as titles.

    Parameters
    ----------
    dot : str
        DOT source.
    title, words : str
        The content of the picture, in short and in full.
    style : str
        A style element.

    Returns
    -------
    str
        Starts with ``<svg``: no prolog, no comments.

    Examples
    --------
    >>> svg('digraph { a [tooltip="first"] }').startswith("<svg")
    True
    """
    from html import escape

    text = render(dot, "svg").decode()
    text = re.sub(r"<!--.*?-->\n?", "", text[text.index("<svg") :], flags=re.DOTALL)
    # Graphviz writes its own ids as titles and tooltips as empty links: the tooltips become the titles.
    text = re.sub(r"<title>[^<]*</title>\n(?=<g id=\"a_)", "", text)
    text = re.sub(r"<g id=\"a_[^\"]*\"><a xlink:title=\"([^\"]*)\">\n", r"<title>\1</title>\n", text)
    text = compact(text.replace("</a>\n</g>\n", ""))
    head = "".join(f"<{tag}>{escape(t)}</{tag}>\n" for tag, t in (("title", title), ("desc", words)) if t)
    return text.replace(" viewBox=", ' class="minigrad" role="img" viewBox=', 1).replace(">\n", ">\n" + head + style, 1)
