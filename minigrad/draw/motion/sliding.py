"""Windows that slide over an image, one output at a time: where they lie, and how they read as text.

A signal is an image with a single row.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np

from minigrad.draw.motion.grid import short
from minigrad.draw.text import uniform
from minigrad.ops.geometry import Geometry, Lengths

LONGEST = 30  # terms of a sum that are written out
SINGLE = 150  # up to so many outputs have a frame each; beyond, a frame takes whole rows
Place = tuple[int, int]


class Sliding(Geometry):
    """The geometry of windows that slide over the rows and columns of an image."""

    __slots__ = ()
    signal = False

    @classmethod
    def of(cls, geometry: Geometry) -> Sliding:
        """The geometry of an operation over one axis or two; a signal gets a row of its own."""
        if len(geometry.size) == 2:
            return cls(*geometry)
        size, kernel, stride, padding, dilation, groups = geometry
        return _OfSignal((1, *size), (1, *kernel), (1, *stride), ((0, 0), *padding), (1, *dilation), groups)

    @property
    def padded(self) -> Lengths:
        """The size including the padding."""
        return tuple([n + before + after for n, (before, after) in zip(self.size, self.padding, strict=True)])

    @property
    def reach(self) -> Lengths:
        """The number of rows and columns that a window spans."""
        return tuple([d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilation, strict=True)])

    def inner(self) -> tuple[slice, ...]:
        """The image within its padding."""
        return tuple([slice(before, before + n) for n, (before, _) in zip(self.size, self.padding, strict=True)])

    def window(self, at: Place) -> tuple[slice, ...]:
        """The window of an output within the padded image."""
        axes = zip(at, self.stride, self.reach, self.dilation, strict=True)
        return tuple([slice(i * s, i * s + r, d) for i, s, r, d in axes])

    def cells(self) -> Any:
        """The flat index of each cell of the padded image."""
        return np.arange(math.prod(self.padded)).reshape(self.padded)

    def margin(self) -> tuple[int, ...]:
        """The cells of the padding."""
        outside = np.ones(self.padded, bool)
        outside[self.inner()] = False
        return tuple(np.flatnonzero(outside).tolist())

    def pad(self, x: Any, fill: float) -> Any:
        """An image padded with `fill`."""
        padded = np.full(self.padded, float(fill))
        padded[self.inner()] = x
        return padded

    def turns(self) -> Iterator[list[Place]]:
        """The outputs of each frame: one by one, or whole rows if there are many."""
        rows, cols = self.out
        places = list(product(range(rows), range(cols)))
        if len(places) <= SINGLE:
            yield from ([place] for place in places)
            return
        together = -(-rows // 100) * cols if rows > 1 else -(-cols // 100)
        for start in range(0, len(places), together):
            yield places[start : start + together]

    def box(self, outputs: Sequence[Place]) -> tuple[float, float, float, float]:
        """The block of the padded image that the windows of consecutive outputs span."""
        (top, left), (bottom, right) = outputs[0], outputs[-1]
        row, col = top * self.stride[0], left * self.stride[1]
        return row, col, (bottom - top) * self.stride[0] + self.reach[0], (right - left) * self.stride[1] + self.reach[1]

    def covered(self, outputs: Sequence[Place]) -> Any:
        """The cells of that block, without the padding."""
        row, col, rows, cols = (int(n) for n in self.box(outputs))
        cells = self.cells()
        return np.intersect1d(cells[row : row + rows, col : col + cols], cells[self.inner()])

    def block(self, outputs: Sequence[Place]) -> tuple[float, float, float, float]:
        """The block of the output that consecutive outputs form."""
        (top, left), (bottom, right) = outputs[0], outputs[-1]
        return top, left, bottom - top + 1, right - left + 1

    def cell(self, at: Place) -> int:
        """The flat index of an output."""
        return at[0] * self.out[1] + at[1]

    def label(self, at: Place) -> str:
        """An output's index as NumPy writes it."""
        return f"[{at[1]}]" if self.signal else f"[{at[0]}, {at[1]}]"

    def span(self, outputs: Sequence[Place]) -> str:
        """Consecutive outputs in words, to follow the name of their array."""
        (top, left), (bottom, right) = outputs[0], outputs[-1]
        if self.signal:
            return f"[{left}:{right + 1}]"
        return f" row {top}" if top == bottom else f" rows {top} to {bottom}"

    def words(self) -> str:
        """Stride, padding and dilation, if they are not the default."""
        parts = {
            "stride": (self.stride, (1, 1)),
            "padding": (self.padding, ((0, 0), (0, 0))),
            "dilation": (self.dilation, (1, 1)),
        }
        return ", ".join(
            f"{name} {uniform(pair[1] if self.signal else pair)}" for name, (pair, usual) in parts.items() if pair != usual
        )

    def shape(self, size: Lengths) -> str:
        """A size as text."""
        return str(size[1]) if self.signal else f"{size[0]} × {size[1]}"

    def padded_size(self) -> str:
        """The size as text, and what it is padded to."""
        size, padded = self.shape(self.size), self.shape(self.padded)
        return size if size == padded else f"{size}, padded to {padded}"


class _OfSignal(Sliding):
    """The geometry over a signal, drawn as an image of one row."""

    __slots__ = ()
    signal = True


def factor(text: str) -> str:
    """A number as a factor or a term: in brackets if negative."""
    return f"({text})" if text[0] in "-−" else text


def products(a: Any, b: Any, precision: int) -> str:
    """The sum of the elementwise products of two arrays, one line per row."""
    if a.size > LONGEST:
        first = _row(a.ravel()[:3], b.ravel()[:3], precision)
        last = _row(a.ravel()[-1:], b.ravel()[-1:], precision)
        return f"{first} + … + {last} ({a.size} products)"
    return "\n+ ".join(_row(x, y, precision) for x, y in zip(np.atleast_2d(a), np.atleast_2d(b), strict=True))


def _row(a: Any, b: Any, precision: int) -> str:
    return " + ".join(f"{factor(short(x, precision))}×{factor(short(y, precision))}" for x, y in zip(a, b, strict=True))


def listed(a: Any, precision: int) -> str:
    """An array in brackets, rows separated by semicolons; empty if it is too long."""
    if a.size > LONGEST:
        return ""
    rows = (" ".join(short(x, precision) for x in row) for row in np.atleast_2d(a))
    return f"({'; '.join(rows)})"


def signed(values: Any, precision: int) -> Iterable[str]:
    """Numbers with explicit signs."""
    texts = (short(x, precision) for x in np.ravel(values))
    return [text if text[0] in "-−" else f"+{text}" for text in texts]
