"""Addition at indices, where elements with one index add up, and classes as rows of 0 and 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from minigrad.graph import ArrayLike, Value, value_of
from minigrad.operation import composed
from minigrad.ops.elementwise import add, multiply
from minigrad.ops.indexing import getitem, scatter

if TYPE_CHECKING:
    from minigrad.graph import Tensor


def _indices(index: ArrayLike, size: int) -> Value:
    """Integers from 0 to size - 1."""
    at = np.asarray(value_of(index))
    if at.dtype.kind not in "iu" and at.size:
        raise TypeError(f"index holds integers, got {at.dtype} of shape {at.shape}")
    for i in (at.min(initial=0), at.max(initial=0)):
        if not 0 <= i < size and at.size:
            raise IndexError(f"index {i} is out of range for an axis of {size}")
    return at.astype(np.intp)


@composed
def index_add(x: ArrayLike, axis: int, index: ArrayLike, source: ArrayLike, alpha: ArrayLike = 1) -> Tensor:
    """Add slices along an axis: alpha times slice i of the source to slice index[i] of x; slices with one index add up.

    The result is new; x stays as it is.

    >>> index_add(Tensor([0.0, 0.0]), 0, [1, 1, 0], [1.0, 2.0, 3.0])
    Tensor([3., 3.])
    """
    shape = np.shape(x)
    axis = normalize_axis_index(axis, len(shape))
    at = _indices(index, shape[axis])
    wanted = (*shape[:axis], at.size, *shape[axis + 1 :])
    if at.ndim != 1 or np.shape(source) != wanted:
        raise ValueError(
            f"source of shape {np.shape(source)} should be {wanted} for x of shape {shape} and index of shape {at.shape}"
        )
    moved = scatter(source, (*(slice(None),) * axis, at), shape)
    return add(x, moved if isinstance(alpha, int) and alpha == 1 else multiply(moved, alpha))


@composed
def scatter_add(x: ArrayLike, axis: int, index: ArrayLike, source: ArrayLike) -> Tensor:
    """Add elements along an axis: each of the source, to the element of x whose index along the axis is given.

    Elements with one index add up. As in PyTorch the index may be smaller than the source, which is then cut to its shape.
    The result is new; x stays as it is.

    >>> scatter_add(Tensor([[0.0, 0.0]]), 1, [[1, 1, 0]], [[1.0, 2.0, 3.0]])
    Tensor([[3., 3.]])
    """
    shape = np.shape(x)
    axis = normalize_axis_index(axis, len(shape))
    at = _indices(index, shape[axis])
    fits = at.ndim == len(shape) == np.ndim(source) and all(
        n <= k and (i == axis or n <= m) for i, (n, k, m) in enumerate(zip(at.shape, np.shape(source), shape, strict=True))
    )
    if not fits:
        raise ValueError(
            f"index of shape {at.shape} does not fit into source {np.shape(source)} and, but for axis {axis}, into x {shape}"
        )
    key = [*np.ix_(*map(np.arange, at.shape))]
    key[axis] = at
    return add(x, scatter(getitem(source, tuple(slice(n) for n in at.shape)), tuple(key), shape))


@composed
def one_hot(classes: ArrayLike, num_classes: int = -1) -> Value:
    """Integers as rows of 0 with a 1 at each integer, in a new last axis; constant. By default as long as the largest needs.

    >>> one_hot([0, 2])
    array([[1, 0, 0],
           [0, 0, 1]])
    """
    given = np.asarray(value_of(classes))
    count = int(given.max(initial=-1)) + 1 if num_classes == -1 else num_classes
    if not given.size and num_classes == -1:
        raise ValueError("num_classes is needed where there are no classes to count")
    return (_indices(given, count)[..., None] == np.arange(count)).astype(np.int64)
