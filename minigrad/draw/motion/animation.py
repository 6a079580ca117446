"""An animation of arrays: a page to step through, and a picture that loops by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from minigrad.draw.motion.film import Film, Frame, Panel
from minigrad.draw.motion.grid import shading
from minigrad.draw.motion.loop import loop
from minigrad.draw.page import Page

FIELDS = 70  # pixels of the fields above the grids


class Animation(Page):
    """An animation of arrays: a page to step through, and a picture that loops by itself.

    A notebook shows the page; ``.save("conv.html")`` writes it, ``.save("conv.svg")`` writes the picture.

    Attributes
    ----------
    title : str
        What is shown.
    steps : tuple of dict
        The steps as data; the ``text`` of each says what happens in it.
    html : str
        The page: one self-contained document.
    """

    def __init__(self, film: Film, fields: tuple[str, str] = ("", "")) -> None:
        """Build an animation from its film, and from fields that record it again: their markup and their script."""
        here = Path(__file__)
        script, cells, style = (here.with_name(n).read_text(encoding="utf-8") for n in ("film.js", "grid.css", "film.css"))
        high = max(y + film.grids[key].size[1] for key, _, y, _ in film.flow())
        steps = [_data(film, frame) for frame in film.frames]
        style = cells + shading() + style
        markup, again = fields
        high += FIELDS if markup else 0
        super().__init__(film.title, markup + _stage(film), steps, script=script + again, style=style, height=int(high))
        self._film = film

    def loop(self, seconds: float = 1.2) -> str:
        """The animation as one SVG that plays in a loop without a script.

        If the reader prefers reduced motion, it shows the last step.

        Parameters
        ----------
        seconds : float
            Duration of each step.

        Returns
        -------
        str
            Starts with ``<svg``.

        Raises
        ------
        ValueError
            If `seconds` is not positive, or there are too many cells and steps for one picture.
        """
        return loop(self._film, seconds)

    def _formats(self) -> Mapping[str, Callable[[], bytes]]:
        return {".html": self.html.encode, ".svg": lambda: self.loop().encode()}


def _data(film: Film, frame: Frame) -> dict[str, Any]:
    """A frame as the page's script reads it, without the parts that it does not show."""
    put = {k: [list(cell) if film.grids[k].numbers else list(cell[:2]) for cell in cells] for k, cells in frame.put.items()}
    parts = {
        "put": put,
        "mark": frame.mark,
        "note": {k: cells for k, cells in frame.note.items() if film.grids[k].numbers},
        "box": {k: film.grids[k].box(*block) for k, block in frame.box.items()},
    }
    return {"text": frame.text, **{name: part for name, part in parts.items() if part}}


def _stage(film: Film) -> str:
    """The panels as HTML: a column of figures for each variable and its gradient."""
    figures = ("".join(_figure(film, panel) for panel in column) for column in film.columns)
    columns = "".join(f'<div class="column">{column}</div>\n' for column in figures)
    stacked = max(len(column) for column in film.columns)
    return f'<div class="columns" style="--stacked: {stacked}">\n{columns}</div>'


def _figure(film: Film, panel: Panel) -> str:
    from html import escape

    grid = film.grids[panel.key]
    wide, high = (side + 4 for side in grid.size)
    kind = "gradients" if panel.gradient else "values"
    cells = "".join(grid.cell(i, level, text) for i, level, text in film.still(panel.key))
    title, what = escape(panel.title), escape(film.caption(panel.key))
    return (
        f'<figure class="{kind}"><figcaption>{title} <small>{what}</small></figcaption>'
        f'<svg id="{panel.key}" role="img" viewBox="-2 -2 {wide:g} {high:g}" width="{wide:g}" height="{high:g}" '
        f'style="min-width: {int(0.7 * wide) if grid.numbers else 0}px"><title>{title}</title><desc>{what}</desc>'
        f'{cells}<rect id="{panel.key}-box" class="slide" visibility="hidden"/></svg></figure>\n'
    )
