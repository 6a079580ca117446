"""An animation of arrays: panels of cells, and steps that fill and mark them. A page to play, or a picture that loops."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minigrad.draw.grid import FEW, READABLE, Grid, breadth, levels, shading, short
from minigrad.draw.page import Page

CAPTION, GAP, BROAD = 24.0, 26.0, 880.0  # pixels: over a grid, between grids, and all of them side by side

Block = tuple[float, float, float, float]  # a row, a column, and how many rows and columns


class Panel(NamedTuple):
    """An array that an animation shows.

    `values` is what it holds at first, empty where masked; None if the steps are to fill it. The darkest shade stands for
    `most`.
    """

    key: str
    title: str
    shape: tuple[int, int]
    most: float
    values: Any = None
    padding: tuple[int, ...] = ()
    gradient: bool = False
    size: str = ""


class Step(NamedTuple):
    """What a step sets for good, and what it marks as long as it is shown: for each panel the cells concerned."""

    text: str
    put: dict[str, list[tuple[int, str, str]]]
    mark: dict[str, dict[str, list[int]]]
    note: dict[str, list[tuple[int, str]]]
    box: dict[str, Block]


class Film:
    """Panels in columns, and the steps as they were recorded. Signals, of one row, get bars."""

    def __init__(self, title: str, columns: Sequence[Sequence[Panel]], precision: int, signal: bool) -> None:
        self.title, self.precision, self.signal = title, precision, signal
        self.columns = [column for column in columns if column]
        self.panels = {panel.key: panel for column in self.columns for panel in column}
        self.steps: list[Step] = []

    def step(
        self, text: str, *, put: Mapping[str, tuple[Any, Any]] | None = None,
        mark: Mapping[str, Mapping[str, Any]] | None = None, note: Mapping[str, tuple[Any, Iterable[str]]] | None = None,
        box: Mapping[str, Block] | None = None,
    ) -> None:  # fmt: skip
        """Record a step: cells and numbers to put in them, cells to mark, notes. Panels not shown are left out."""
        shown = self.panels
        self.steps.append(
            Step(
                text,
                {k: self._filled(k, np.ravel(at), v) for k, (at, v) in (put or {}).items() if k in shown},
                {
                    k: {kind: np.ravel(at).tolist() for kind, at in kinds.items()}
                    for k, kinds in (mark or {}).items()
                    if k in shown
                },
                {
                    k: list(zip(np.ravel(at).tolist(), texts, strict=True))
                    for k, (at, texts) in (note or {}).items()
                    if k in shown
                },
                {k: block for k, block in (box or {}).items() if k in shown},
            )
        )

    def _filled(self, key: str, cells: Any, values: Any) -> list[tuple[int, str, str]]:
        """Cells with the shade and the text of their numbers."""
        values = np.ma.asarray(values).ravel()
        empty = np.ma.getmaskarray(values)
        shades = levels(values.filled(0), self.panels[key].most)
        texts = ["" if e else short(v, self.precision) for v, e in zip(values.data, empty, strict=True)]
        return list(zip(cells.tolist(), shades, texts, strict=True))

    def cells(self, key: str) -> Any:
        """The cells of a panel that are not padding."""
        rows, cols = self.panels[key].shape
        return np.setdiff1d(np.arange(rows * cols), self.panels[key].padding)

    def empty(self, *keys: str) -> dict[str, tuple[Any, Any]]:
        """What empties panels, to be put in a step."""
        shown = [k for k in keys if k in self.panels]
        return {k: (at := self.cells(k), _nothing(len(at))) for k in shown}

    def still(self, key: str) -> list[tuple[int, str, str]]:
        """What a panel holds before any step."""
        panel = self.panels[key]
        cells = np.arange(panel.shape[0] * panel.shape[1])
        return self._filled(key, cells, _nothing(cells.size) if panel.values is None else panel.values)

    @cached_property
    def grids(self) -> dict[str, Grid]:
        """The layout of each panel, with room for the longest text it ever holds."""
        found = {}
        # Beside an array that is too large for numbers, numbers are for small ones.
        readable = READABLE if all(max(panel.shape) <= READABLE for panel in self.panels.values()) else FEW
        for key, panel in self.panels.items():
            put = [self.still(key), *(s.put.get(key, []) for s in self.steps)]
            notes = [len(text) for s in self.steps for _, text in s.note.get(key, [])]
            signs = {level[0] for cells in put for _, level, _ in cells} if self.signal and panel.shape[1] > 1 else ()
            found[key] = Grid.of(
                key, panel.shape, longest=max((len(text) for cells in put for *_, text in cells), default=0),
                note=max(notes, default=0), padding=panel.padding, bars=("p" in signs, "n" in signs),
                readable=readable,
            )  # fmt: skip
        for column in self.columns:  # a gradient has the shape of its variable, in the picture too
            wide = max(found[p.key].width for p in column)
            found |= {p.key: found[p.key]._replace(width=wide) for p in column}
        return found

    def caption(self, key: str) -> str:
        """What stands over a panel beside its title: its shape, and its scale where the numbers do not say it."""
        panel, grid = self.panels[key], self.grids[key]
        return panel.size + ("" if grid.numbers else f", darkest ±{short(panel.most, self.precision)}")

    def flow(self) -> Iterator[tuple[str, float, float, float]]:
        """Where each grid lies if the columns stand side by side, in as many lines as needed: its key, x, y, and room."""
        x = y = line = 0.0
        for column in self.columns:
            sizes = [self.grids[p.key].size for p in column]
            titles = (1.1 * breadth(p.title) + breadth(self.caption(p.key), 11) + 8 for p in column)
            broad = max(*(w for w, _ in sizes), *titles)
            if x and x + broad > BROAD:
                x, y, line = 0.0, y + line, 0.0
            below = y
            for panel, (_, high) in zip(column, sizes, strict=True):
                yield panel.key, x, below + CAPTION, broad
                below += CAPTION + high + GAP / 2
            x, line = x + broad + GAP, max(line, below - y)


def _nothing(count: int) -> Any:
    """The numbers of empty cells."""
    return np.ma.array(np.zeros(count), mask=True)


class Animation(Page):
    """Steps over arrays: a page to play forward and back, and a picture that loops by itself.

    A notebook shows the page; ``.save("conv.html")`` writes it, and ``.save("conv.svg")`` the picture.

    Attributes
    ----------
    title : str
        What is shown.
    steps : tuple of dict
        The steps, as data; ``text`` says what happens in each.
    html : str
        The page: one document that asks for nothing over the network.
    """

    def __init__(self, film: Film) -> None:
        here = Path(__file__)
        script, cells, style = (here.with_name(n).read_text(encoding="utf-8") for n in ("film.js", "grid.css", "film.css"))
        high = max(y + film.grids[key].size[1] for key, _, y, _ in film.flow())
        steps = [_data(film, step) for step in film.steps]
        super().__init__(
            film.title, _stage(film), steps, script=script, style=cells + shading() + style, height=int(high)
        )  # fmt: skip
        self._film = film

    def loop(self, seconds: float = 1.2) -> str:
        """The animation as one SVG that plays without a script, over and over.

        Where less motion is asked for, it shows the last step.

        Parameters
        ----------
        seconds : float
            How long each step is shown.

        Returns
        -------
        str
            Starts with ``<svg``.

        Raises
        ------
        ValueError
            If the time is not positive, or there are too many cells and steps for one picture.
        """
        from minigrad.draw.loop import loop

        return loop(self._film, seconds)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the page, or the picture that loops, by the suffix of the file.

        Parameters
        ----------
        path : str or path
            Ends in .html or .svg.

        Raises
        ------
        ValueError
            If the suffix is another, or the picture would be too large.
        FileNotFoundError
            If the folder is missing.
        """
        from minigrad.draw.files import write

        write(path, {"html": self.html.encode, "svg": lambda: self.loop().encode()})


def _data(film: Film, step: Step) -> dict[str, Any]:
    """A step as the page's script takes it: short, and with nothing that it does not show."""
    put = {k: [list(cell) if film.grids[k].numbers else list(cell[:2]) for cell in cells] for k, cells in step.put.items()}
    parts = {
        "put": put,
        "mark": step.mark,
        "note": {k: cells for k, cells in step.note.items() if film.grids[k].numbers},
        "box": {k: film.grids[k].box(*block) for k, block in step.box.items()},
    }
    return {"text": step.text, **{name: part for name, part in parts.items() if part}}


def _stage(film: Film) -> str:
    """The panels as HTML: a column of figures for each value and its gradient."""
    columns = ("".join(_figure(film, panel) for panel in column) for column in film.columns)
    return '<div class="columns">\n' + "".join(f'<div class="column">{c}</div>\n' for c in columns) + "</div>"


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
        f'style="min-width: {0.7 * wide if grid.numbers else 0:.0f}px"><title>{title}</title><desc>{what}</desc>'
        f'{cells}<rect id="{panel.key}-box" class="slide" visibility="hidden"/></svg></figure>\n'
    )
