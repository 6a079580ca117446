"""The panels of an animation and its frames: what each step puts into the cells, and what it marks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from minigrad.draw.motion.grid import FEW, READABLE, Grid, breadth, legend, levels, short

CAPTION, GAP, BROAD = 24.0, 26.0, 880.0  # pixels: above a grid, between grids, and the width of all of them side by side

Position = tuple[str, float, float, float]  # the key of a grid, its x, y and the width of its column
Block = tuple[float, float, float, float]  # row, column, number of rows, number of columns


class Panel(NamedTuple):
    """An array that an animation shows.

    `values` are its initial elements, empty where masked; None if the frames fill it. The darkest shade stands for `most`.
    """

    key: str
    title: str
    shape: tuple[int, ...]
    most: float
    values: Any = None
    padding: tuple[int, ...] = ()
    gradient: bool = False
    size: str = ""


class Frame(NamedTuple):
    """One step, by panel: what it sets from then on, and the marks, notes and box that last only as long as it is shown."""

    text: str
    put: dict[str, list[tuple[int, str, str]]]
    mark: dict[str, dict[str, list[int]]]
    note: dict[str, list[tuple[int, str]]]
    box: dict[str, Block]


NOTHING: dict[str, Any] = {}


class Film:
    """Panels in columns, and the frames in the order they were recorded. Signals (one row) get bars."""

    def __init__(self, title: str, columns: Sequence[Sequence[Panel]], precision: int, signal: bool) -> None:
        self.title, self.precision, self.signal = title, precision, signal
        self.columns = [column for column in columns if column]
        self.panels = {panel.key: panel for column in self.columns for panel in column}
        self.frames: list[Frame] = []

    def record(
        self,
        text: str,
        *,
        put: Mapping[str, tuple[Any, Any]] = NOTHING,
        mark: Mapping[str, Mapping[str, Any]] = NOTHING,
        note: Mapping[str, tuple[Any, Iterable[str]]] = NOTHING,
        box: Mapping[str, Block] = NOTHING,
    ) -> None:
        """Record a frame: cells with their new numbers, cells to mark, notes. Panels that are not shown are skipped."""
        frame = Frame(text, {}, {}, {}, {})
        for key in self.panels:
            if key in put:
                cells, values = put[key]
                frame.put[key] = self._filled(key, np.ravel(cells), values)
            if key in mark:
                frame.mark[key] = {kind: np.ravel(cells).tolist() for kind, cells in mark[key].items()}
            if key in note:
                cells, texts = note[key]
                frame.note[key] = list(zip(np.ravel(cells).tolist(), texts, strict=True))
            if key in box:
                frame.box[key] = box[key]
        self.frames.append(frame)

    def _filled(self, key: str, cells: Any, values: Any) -> list[tuple[int, str, str]]:
        """Cells, each with the shade and the text of its number."""
        values = np.ma.asarray(values).ravel()
        empty = np.ma.getmaskarray(values)
        shades = levels(values.filled(0), self.panels[key].most)
        texts = ["" if e else short(v, self.precision) for v, e in zip(values.data, empty, strict=True)]
        return list(zip(cells.tolist(), shades, texts, strict=True))

    def cells(self, key: str) -> Any:
        """The cells of a panel, without the padding."""
        rows, cols = self.panels[key].shape
        return np.setdiff1d(np.arange(rows * cols), self.panels[key].padding)

    def empty(self, *keys: str) -> dict[str, tuple[Any, Any]]:
        """Empty cells for all of some panels, to be put into a frame."""
        shown = [k for k in keys if k in self.panels]
        return {k: (at := self.cells(k), _nothing(len(at))) for k in shown}

    def still(self, key: str) -> list[tuple[int, str, str]]:
        """The content of a panel before the first frame."""
        panel = self.panels[key]
        cells = np.arange(panel.shape[0] * panel.shape[1])
        return self._filled(key, cells, _nothing(cells.size) if panel.values is None else panel.values)

    @cached_property
    def grids(self) -> dict[str, Grid]:
        """The layout of each panel, with room for the longest text it ever holds."""
        found = {}
        # Beside an array too large for numbers, only small ones show theirs.
        readable = READABLE if all(max(panel.shape) <= READABLE for panel in self.panels.values()) else FEW
        for key, panel in self.panels.items():
            put = [self.still(key), *(frame.put.get(key, []) for frame in self.frames)]
            notes = [len(text) for frame in self.frames for _, text in frame.note.get(key, [])]
            signs = {level[0] for cells in put for _, level, _ in cells} if self.signal and panel.shape[1] > 1 else ()
            found[key] = Grid.of(
                key,
                panel.shape,
                longest=max((len(text) for cells in put for *_, text in cells), default=0),
                note=max(notes, default=0),
                padding=panel.padding,
                bars=("p" in signs, "n" in signs),
                readable=readable,
            )
        for column in self.columns:  # a gradient is drawn as wide as its variable
            wide = max(found[p.key].width for p in column)
            found |= {p.key: found[p.key]._replace(width=wide) for p in column}
        return found

    def caption(self, key: str) -> str:
        """The caption beside a panel's title: its shape, and its scale if the cells show no numbers."""
        panel, grid = self.panels[key], self.grids[key]
        return panel.size + ("" if grid.numbers else f", {legend(panel.most, self.precision)}")

    def flow(self) -> Iterator[Position]:
        """Lay the columns out side by side, in as many lines as needed."""
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
    """The values of empty cells."""
    return np.ma.array(np.zeros(count), mask=True)
