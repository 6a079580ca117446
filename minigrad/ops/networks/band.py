"""Sums of a few neighbours along an axis: the product with a banded matrix, and with its transpose.

A block of rows meets only a block of columns, so that the product is one of small dense matrices, which the BLAS computes
faster than any indexing, if there are many planes to multiply and the rows lie close together. Otherwise, and where a zero
of such a block would meet an infinity, the elements of the band are taken a column of the band, or a row, at a time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from minigrad.graph import Value

Product = Callable[[Value, Value], None]
ROWS = 64  # of a block, at most
# Seconds, by judgement: a turn of a loop over blocks, rows or elements; a multiply-add of the BLAS; one of indexed arrays.
TURN, DENSE, INDEXED = 3e-5, 1e-10, 4e-9


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
        return self._product(x, axis, len(self.start), self._dense, self._sparse)

    def transpose_times(self, g: Value, axis: int) -> Value:
        """The transpose times g along an axis."""
        return self._product(g, axis, self.columns, self._dense_transpose, self._sparse_transpose)

    def _product(self, x: Value, axis: int, length: int, dense: Product, sparse: Product) -> Value:
        dtype = x.dtype if x.dtype.kind == "f" else np.dtype(np.float64)
        before, behind = math.prod(x.shape[:axis]), math.prod(x.shape[axis + 1 :])
        # The BLAS has no half precision, in which sums would lose digits too.
        planes = x.reshape(before, x.shape[axis], behind).astype(np.result_type(dtype, np.float32), copy=False)
        out = np.zeros((before, length, behind), planes.dtype)
        if self._is_dense(before * behind):
            with np.errstate(invalid="ignore"):
                dense(planes, out)
            if not np.isfinite(out).all():
                out[...] = 0
                sparse(planes, out)
        else:
            sparse(planes, out)
        return out.astype(dtype, copy=False).reshape(*x.shape[:axis], length, *x.shape[axis + 1 :])

    def _rows_of_a_block(self) -> int:
        """So many that the columns between the first row and the last are not many more than a row has."""
        apart = -(-self.columns // max(1, len(self.start)))
        return int(min(ROWS, 1 + max(ROWS, self.weights.shape[1]) // apart))

    def _is_dense(self, planes: int) -> bool:
        """Whether blocks take less time than single elements."""
        (rows, width), step = self.weights.shape, self._rows_of_a_block()
        span = width + (step - 1) * self.columns / max(1, rows)
        blocks = rows / step * TURN + planes * rows * span * DENSE
        return bool(blocks < min(rows, width) * TURN + planes * rows * width * INDEXED)

    def _blocks(self, dtype: Value) -> Iterator[tuple[slice, slice, Value]]:
        """Each block of rows, its columns, and the dense matrix where they meet."""
        within, step = np.arange(self.weights.shape[1]), self._rows_of_a_block()
        for first in range(0, len(self.start), step):
            start, weights = self.start[first : first + step], self.weights[first : first + step]
            columns = slice(int(start[0]), int(start[-1]) + len(within))
            block = np.zeros((len(start), columns.stop - columns.start), dtype)
            block[np.arange(len(start))[:, None], (start - start[0])[:, None] + within] = weights
            yield slice(first, first + step), columns, block

    def _dense(self, x: Value, out: Value) -> None:
        for rows, columns, block in self._blocks(x.dtype):
            out[:, rows] = _matmul(block, x[:, columns])

    def _dense_transpose(self, g: Value, out: Value) -> None:
        for rows, columns, block in self._blocks(g.dtype):
            out[:, columns] += _matmul(block.T, g[:, rows])

    def _elements(self, dtype: Value) -> Iterator[tuple[Value, Value, Value]]:
        """The rows, columns and weights of the elements that are not 0, a row or a column of the band at a time."""
        (rows, width), weights = self.weights.shape, self.weights.astype(dtype)
        for i in range(rows) if rows <= width else ():
            there = np.flatnonzero(weights[i])
            yield np.full(len(there), i), self.start[i] + there, weights[i, there]
        for k in range(width) if rows > width else ():
            there = np.flatnonzero(weights[:, k])
            yield there, self.start[there] + k, weights[there, k]

    def _sparse(self, x: Value, out: Value) -> None:
        for rows, columns, weights in self._elements(x.dtype):
            terms = x[:, columns] * weights[:, None]
            if len(rows) and rows[0] == rows[-1]:
                out[:, rows[0]] += np.sum(terms, axis=1)
            else:  # each row once
                out[:, rows] += terms

    def _sparse_transpose(self, g: Value, out: Value) -> None:
        for rows, columns, weights in self._elements(g.dtype):
            terms = g[:, rows] * weights[:, None]
            if len(rows) and rows[0] == rows[-1]:  # each column once
                out[:, columns] += terms
            else:
                np.add.at(out, (slice(None), columns), terms)  # type: ignore[arg-type]


def _matmul(matrix: Value, planes: Value) -> Value:
    """The matrix times each plane."""
    return (planes[..., 0] @ matrix.T)[..., None] if planes.shape[2] == 1 else np.matmul(matrix, planes)
