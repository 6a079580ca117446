"""Rows of a table, picked by index."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from minigrad.graph import ArrayLike, Value, refuse_subclass, value_of
from minigrad.operation import composed, op
from minigrad.ops.indexing import _scatter

if TYPE_CHECKING:
    from minigrad.graph import Tensor


@op(formulas=("upstream added to the rows that were looked up",))
def _embedding(weight: Value, /, indices: Value, padding_idx: int | None) -> Value:
    """The rows at the given indices."""
    return np.take(weight, indices, axis=0)


def _embedding_rule(g: Value, out: Value, weight: Value, indices: Value, padding_idx: int | None) -> Value:
    if padding_idx is not None:
        g = g * (indices != padding_idx)[..., None]
    return _scatter(g, key=indices, shape=weight.shape)


_embedding.rules(_embedding_rule)


@composed
def embedding(indices: ArrayLike, weight: ArrayLike, padding_idx: int | None = None) -> Tensor:
    """The rows of a table (rows, features) at integer indices; where an index repeats, the gradients of its row add up.

    Negative indices are refused. The row `padding_idx`, which may count from the end, receives no gradient.

    >>> embedding([2, 0], Tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
    Tensor([[5., 6.],
            [1., 2.]])
    """
    refuse_subclass(indices, "indices")
    shape, index = np.shape(value_of(weight)), np.array(value_of(indices))
    if len(shape) != 2:
        raise ValueError(f"weight must be (rows, features), got shape {shape}")
    if index.dtype.kind not in "iu" and index.size:
        raise TypeError(f"indices are integers, got {index.dtype} of shape {index.shape}")
    for i in (index.min(initial=0), index.max(initial=0)):
        if index.size and not 0 <= i < shape[0]:
            raise IndexError(f"index {i} is out of range for a table of {shape[0]} rows")
    if padding_idx is not None:
        if not -shape[0] <= padding_idx < shape[0]:
            raise IndexError(f"padding_idx {padding_idx} is out of range for a table of {shape[0]} rows")
        padding_idx %= shape[0]
    return _embedding(weight, indices=index.astype(np.intp), padding_idx=padding_idx)
