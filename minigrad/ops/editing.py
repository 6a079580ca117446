"""Inserting and deleting elements.

Each function lets NumPy edit the indices of the elements, and takes the elements in their new order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from minigrad.graph import ArrayLike, Value, array_of, value_of
from minigrad.operation import composed
from minigrad.ops.dtypes import assigned, astype
from minigrad.ops.indexing import as_key, getitem, take
from minigrad.ops.joining import concatenate
from minigrad.ops.reduce import Axis, sum
from minigrad.ops.shape import broadcast_to, expand_dims, moveaxis, ravel, reshape

if TYPE_CHECKING:
    from minigrad.graph import Tensor


def _along(x: Value, axis: int | None) -> tuple[Value, int]:
    """The array and the axis to edit: the flattened array if `axis` is None."""
    return (ravel(x), 0) if axis is None else (x, normalize_axis_index(axis, np.ndim(x)))


@composed
def delete(x: ArrayLike, obj: Any, axis: int | None = None) -> Tensor:
    """Delete the elements at an index, a slice, several indices or a mask; of the flattened array if `axis` is None.

    >>> delete(Tensor([1.0, 2.0, 3.0]), 1)
    Tensor([1., 3.])
    """
    x, axis = _along(x, axis)
    return take(x, np.delete(np.arange(np.shape(x)[axis]), as_key(obj)), axis)


@composed
def insert(x: ArrayLike, obj: Any, values: ArrayLike, axis: int | None = None) -> Tensor:
    """Insert values before an index, or before each of several; into the flattened array if `axis` is None.

    The values take the dtype of x, as in NumPy; tracked ones are refused where that is not floating.

    >>> insert(Tensor([1.0, 2.0]), 1, 5.0)
    Tensor([1., 5., 2.])
    """
    x, axis = _along(x, axis)
    shape, obj = np.shape(x), as_key(obj)
    n, ndim = shape[axis], len(shape)
    values = assigned(values, x, "values")
    count = np.insert(np.arange(n), obj, 0).size - n
    if count == 1:
        values = expand_dims(values, tuple(range(max(0, ndim - np.ndim(values)))))
        if not isinstance(obj, slice) and np.ndim(obj) == 0:
            values = moveaxis(values, 0, axis)
        count = np.shape(values)[axis]
    wanted = (*shape[:axis], count, *shape[axis + 1 :])
    if extra := max(0, np.ndim(values) - len(wanted)):  # an assignment ignores leading axes of length 1
        lead, own = np.shape(values)[:extra], np.shape(values)[extra:]
        values = reshape(values, own) if set(lead) == {1} else values
    values = broadcast_to(values, wanted)
    return take(concatenate([x, values], axis), np.insert(np.arange(n), obj, n + np.arange(count)), axis)


@composed
def trim_zeros(x: ArrayLike, trim: str = "fb", axis: Axis = None) -> Tensor:
    """Trim zeros from the front ("f"), the back ("b") or both, along all axes or those named.

    >>> trim_zeros(Tensor([0.0, 1.0, 0.0, 2.0, 0.0]))
    Tensor([1., 0., 2.])
    """
    if trim.lower() not in ("f", "b", "fb", "bf"):
        raise ValueError(f"trim is 'f', 'b' or 'fb', got {trim!r}")
    ndim, places = np.ndim(x), np.nonzero(np.atleast_1d(value_of(x)))
    spans = [slice(None)] * ndim
    for i in range(ndim) if axis is None else normalize_axis_tuple(axis, ndim):
        first, last = (int(places[i].min()), int(places[i].max())) if places[i].size else (0, -1)
        front, back = "f" in trim.lower() or last < 0, "b" in trim.lower() or last < 0
        spans[i] = slice(first if front else None, last + 1 if back else None)
    return getitem(x, tuple(spans))


@composed
def resize(x: ArrayLike, new_shape: int | Sequence[int]) -> Tensor:
    """Fill a shape with the elements of x in order, from the start again when they run out.

    >>> resize(Tensor([1.0, 2.0, 3.0]), (2, 2))
    Tensor([[1., 2.],
            [3., 1.]])
    """
    shape = (new_shape,) if isinstance(new_shape, int | np.integer) else tuple(new_shape)
    if any(n < 0 for n in shape):
        raise ValueError(f"the lengths of the new shape must not be negative, got {shape}")
    size, wanted = np.size(x), math.prod(shape)
    if not size:
        return broadcast_to(astype(sum(x), array_of(x).dtype), shape)  # 0
    return reshape(take(ravel(x), np.arange(wanted) % size), shape)
