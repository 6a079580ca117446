"""Windows that slide over an image, one output after the other: where they lie, and how they are told in words.

A signal is an image of one row.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from minigrad.draw.grid import short

LONGEST = 30  # so many terms of a sum are written out
SINGLE = 150  # so many outputs have a step each; of more, a step takes whole rows
Place = tuple[int, int]


class Sliding(NamedTuple):
    """The geometry: for rows and columns, one number or pair of each kind; `padding` before and after."""

    size: Place
    kernel: Place
    stride: Place
    padding: tuple[Place, Place]
    dilation: Place
    out: Place
    signal: bool = False

    @classmethod
    def of(cls, size: Any, kernel: Any, stride: Any, padding: Any, dilation: Any, out: Any) -> Sliding:
        """The geometry over one axis or two, as an operation keeps it; a signal gets its one row."""
        if len(size) == 1:
            axes = (1, *size), (1, *kernel), (1, *stride), ((0, 0), *padding), (1, *dilation), (1, *out)
            return cls(*axes, signal=True)
        return cls(tuple(size), tuple(kernel), tuple(stride), tuple(padding), tuple(dilation), tuple(out))

    @property
    def padded(self) -> Place:
        """The size with its padding."""
        rows, cols = (n + lo + hi for n, (lo, hi) in zip(self.size, self.padding, strict=True))
        return rows, cols

    @property
    def reach(self) -> Place:
        """How many rows and columns a window spans."""
        rows, cols = (d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilation, strict=True))
        return rows, cols

    def inner(self) -> tuple[slice, slice]:
        """Where the image lies in its padding."""
        rows, cols = (slice(lo, lo + n) for n, (lo, _) in zip(self.size, self.padding, strict=True))
        return rows, cols

    def window(self, at: Place) -> tuple[slice, slice]:
        """Where the window of an output lies in the padded image."""
        steps = zip(at, self.stride, self.reach, self.dilation, strict=True)
        rows, cols = (slice(i * s, i * s + r, d) for i, s, r, d in steps)
        return rows, cols

    def cells(self) -> Any:
        """The number of each cell of the padded image, as an array of its shape."""
        return np.arange(math.prod(self.padded)).reshape(self.padded)

    def margin(self) -> tuple[int, ...]:
        """The cells that are padding."""
        outside = np.ones(self.padded, bool)
        outside[self.inner()] = False
        return tuple(np.flatnonzero(outside).tolist())

    def pad(self, x: Any, fill: float) -> Any:
        """An image in a padding of that number."""
        padded = np.full(self.padded, float(fill))
        padded[self.inner()] = x
        return padded

    def turns(self) -> Iterator[list[Place]]:
        """The outputs that each step takes: one by one, or whole rows where there are many."""
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
        """The cells of the padded image in that block, without the padding."""
        row, col, rows, cols = (int(n) for n in self.box(outputs))
        cells = self.cells()
        return np.intersect1d(cells[row : row + rows, col : col + cols], cells[self.inner()])

    def block(self, outputs: Sequence[Place]) -> tuple[float, float, float, float]:
        """The block of the output that consecutive outputs are."""
        (top, left), (bottom, right) = outputs[0], outputs[-1]
        return top, left, bottom - top + 1, right - left + 1

    def cell(self, at: Place) -> int:
        """The number of an output's cell."""
        return at[0] * self.out[1] + at[1]

    def label(self, at: Place) -> str:
        """An output's index as NumPy writes it."""
        return f"[{at[1]}]" if self.signal else f"[{at[0]}, {at[1]}]"

    def span(self, outputs: Sequence[Place]) -> str:
        """Several consecutive outputs in words, to follow the name of their array."""
        (top, left), (bottom, right) = outputs[0], outputs[-1]
        if self.signal:
            return f"[{left}:{right + 1}]"
        return f" row {top}" if top == bottom else f" rows {top} to {bottom}"

    def words(self) -> str:
        """Stride, padding and dilation, where they are not as usual."""
        said = []
        if max(self.stride) > 1:
            said.append(f"stride {_alike(self.stride, self.signal)}")
        if any(map(any, self.padding)):
            said.append(f"padding {_alike(self.padding, self.signal)}")
        if max(self.dilation) > 1:
            said.append(f"dilation {_alike(self.dilation, self.signal)}")
        return ", ".join(said)


def _alike(pair: Any, signal: bool) -> str:
    """One number, or pair, where both axes have the same."""
    one = pair[1] if signal or pair[0] == pair[1] else None
    if isinstance(one, tuple) and one[0] == one[1]:
        one = one[0]
    return str(pair if one is None else one)


def shape(size: Place, signal: bool) -> str:
    """A size as people write it."""
    return str(size[1]) if signal else f"{size[0]} × {size[1]}"


def factor(text: str) -> str:
    """A number as it stands in a product or a sum."""
    return f"({text})" if text[0] in "-−" else text


def products(a: Any, b: Any, precision: int) -> str:
    """The sum of the products of two arrays of the same shape, a line for each row of the kernel."""
    if a.size > LONGEST:
        first = _row(a.ravel()[:3], b.ravel()[:3], precision)
        last = _row(a.ravel()[-1:], b.ravel()[-1:], precision)
        return f"{first} + … + {last} ({a.size} products)"
    return "\n+ ".join(_row(x, y, precision) for x, y in zip(np.atleast_2d(a), np.atleast_2d(b), strict=True))


def _row(a: Any, b: Any, precision: int) -> str:
    return " + ".join(
        f"{factor(short(x, precision))}×{factor(short(y, precision))}" for x, y in zip(a, b, strict=True)
    )  # fmt: skip


def listed(a: Any, precision: int) -> str:
    """An array in brackets, its rows parted by semicolons; empty if it is too long to be written out."""
    if a.size > LONGEST:
        return ""
    rows = (" ".join(short(x, precision) for x in row) for row in np.atleast_2d(a))
    return f"({'; '.join(rows)})"


def signed(values: Any, precision: int) -> Iterable[str]:
    """Numbers with their signs, as they are added to sums."""
    texts = (short(x, precision) for x in np.ravel(values))
    return [text if text[0] in "-−" else f"+{text}" for text in texts]
