"""Rows of a table, picked by index."""

from __future__ import annotations

import numpy as np

from minigrad.graph import Value, value_of
from minigrad.operation import op


@op()
def _embedding(weight: Value, /, indices: Value, padding_idx: int | None) -> Value:
    """Take the rows with the given indices."""
    return np.take(weight, indices, axis=0)


@op()
def _embedding_adjoint(g: Value, /, indices: Value, rows: int) -> Value:
    """Zeros, with each row of g added to the row that its index names."""
    # Number by number: along one axis np.add.at is as fast as a copy, by rows it takes 5 times as long.
    out = np.zeros(rows * g.shape[-1], g.dtype)
    at = indices.reshape(-1, 1) * g.shape[-1] + np.arange(g.shape[-1])
    np.add.at(out, at.ravel(), g.ravel())
    return out.reshape(rows, g.shape[-1])


def _embedding_rule(g: Value, out: Value, weight: Value, indices: Value, padding_idx: int | None) -> Value:
    if padding_idx is not None:
        g = g * (indices != padding_idx)[..., None]
    return _embedding_adjoint(g, indices, weight.shape[0])


_embedding.rules(_embedding_rule)


_embedding_adjoint.rules(lambda g, out, x, indices, rows: _embedding(g, indices, None))


def embedding(indices: Value, weight: Value, padding_idx: int | None = None) -> Value:
    """Take a row of a table for each index; where an index repeats, the gradients of its row add up.

    Parameters
    ----------
    indices : array of int
        Any shape.
    weight : Tensor or array_like
        The table, shape (rows, features).
    padding_idx : int, optional
        A row that receives no gradient; negative ones count from the end.

    Returns
    -------
    Tensor
        The indices' shape, then features.

    Raises
    ------
    IndexError
        If an index is negative, or not less than the number of rows.
    TypeError
        If the indices are not integers.
    ValueError
        If the table has not two axes.

    Examples
    --------
    >>> embedding([2, 0], Tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
    Tensor([[5., 6.],
            [1., 2.]])
    """
    shape, index = np.shape(value_of(weight)), np.array(value_of(indices))
    if len(shape) != 2:
        raise ValueError(f"embedding: weight must be (rows, features), got shape {shape}")
    if index.dtype.kind not in "iu" and index.size:
        raise TypeError(f"embedding: indices are integers, got {index.dtype} of shape {index.shape}")
    for i in (index.min(initial=0), index.max(initial=0)):
        if index.size and not 0 <= i < shape[0]:
            raise IndexError(f"embedding: index {i} is out of range for a table of {shape[0]} rows")
    if padding_idx is not None:
        if not -shape[0] <= padding_idx < shape[0]:
            raise IndexError(f"embedding: padding_idx {padding_idx} is out of range for a table of {shape[0]} rows")
        padding_idx %= shape[0]
    return _embedding(weight, indices=index.astype(np.intp), padding_idx=padding_idx)
