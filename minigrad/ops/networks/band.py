"""Sums of a few neighbours along an axis: the product with a banded matrix, and with its transpose.

A block of rows meets only a block of columns, so that the product is one of small dense matrices, which the BLAS computes
faster than any indexing. A zero of such a matrix must not meet an infinity: then the elements of the band are added singly.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from minigrad.graph import Value

ROWS = 64


class Band(NamedTuple):
    """A matrix whose rows have a few elements side by side.

    Attributes
    ----------
    start : array
        The column of the first of them, for each row; ascending.
    weights : array
        The elements, a row for each row.
    columns : int
        The number of columns.
    """

    start: Value
    weights: Value
    columns: int

    @classmethod
    def of(cls, indices: Value, weights: Value, columns: int) -> Band:
        """The matrix with elements given by their columns, taps x rows; those of one place are added."""
        start = np.min(indices, axis=0)
        width = int(np.max(np.max(indices, axis=0) - start, initial=0)) + 1
        start = np.minimum(start, columns - width)
        table = np.zeros((len(start), width))
        np.add.at(table, (np.arange(len(start)), indices - start), weights)
        return cls(start, table, columns)

    @property
    def picks(self) -> bool:
        """Whether each row has a single 1."""
        return self.weights.shape[1] == 1 and bool((self.weights == 1).all())

    def times(self, x: Value, axis: int) -> Value:
        """The matrix times x along an axis."""
        if self.picks:
            return np.take(x, self.start, axis)
        planes, out = _planes(x, axis), np.empty((*x.shape[:axis], len(self.start), *x.shape[axis + 1 :]), _dtype(x))
        to = _planes(out, axis)
        for rows, columns, block in self._blocks(out.dtype):
            to[:, rows] = _product(block, planes[:, columns])
        return out

    def transpose_times(self, g: Value, axis: int) -> Value:
        """The transpose times g along an axis."""
        planes, out = _planes(g, axis), np.zeros((*g.shape[:axis], self.columns, *g.shape[axis + 1 :]), _dtype(g))
        to = _planes(out, axis)
        for rows, columns, block in self._blocks(out.dtype):
            to[:, columns] += _product(block.T, planes[:, rows])
        return out

    def _blocks(self, dtype: Value) -> Iterator[tuple[slice, slice, Value]]:
        """Each block of rows, its columns, and the dense matrix where they meet."""
        within = np.arange(self.weights.shape[1])
        for first in range(0, len(self.start), ROWS):
            start, weights = self.start[first : first + ROWS], self.weights[first : first + ROWS]
            columns = slice(int(start[0]), int(start[-1]) + len(within))
            block = np.zeros((len(start), columns.stop - columns.start), dtype)
            block[np.arange(len(start))[:, None], (start - start[0])[:, None] + within] = weights
            yield slice(first, first + ROWS), columns, block


def _dtype(x: Value) -> Value:
    return x.dtype if x.dtype.kind == "f" else np.dtype(np.float64)


def _planes(x: Value, axis: int) -> Value:
    """x with all axes before the axis as one, and all behind it as one."""
    before = int(np.prod(x.shape[:axis], dtype=np.intp))
    return x.reshape(before, x.shape[axis], int(np.prod(x.shape[axis + 1 :], dtype=np.intp)))


def _product(matrix: Value, planes: Value) -> Value:
    """The matrix times each plane."""
    with np.errstate(invalid="ignore"):
        out = (planes[..., 0] @ matrix.T)[..., None] if planes.shape[2] == 1 else np.matmul(matrix, planes)
    if not np.isfinite(out).all():
        out = np.zeros(out.shape, out.dtype)
        for i, j in np.argwhere(matrix):
            out[:, i] += matrix[i, j] * planes[:, j]
    return out
