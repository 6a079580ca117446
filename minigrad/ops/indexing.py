"""Indexing: elements, rows, diagonals.

`getitem` and `scatter` are each other's adjoints; the other functions choose a key.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from minigrad.graph import ArrayLike, Node, Value, array_of, refuse_subclass, value_of
from minigrad.operation import composed, op
from minigrad.ops.shape import moveaxis, ravel
from minigrad.tracing import ACTIVE, Traced, check_key, holds

if TYPE_CHECKING:
    from minigrad.graph import Tensor


@composed
def getitem(x: ArrayLike, key: Any) -> Tensor:
    """Indexing, x[key], by any key of NumPy's; where an element is picked more than once, its gradients add up.

    >>> getitem(Tensor([1.0, 2.0, 3.0]), [2, 0, 2])
    Tensor([3., 1., 3.])
    """
    return _getitem(x, key=as_key(key))


@op(complex=True, formulas=("upstream added to the elements picked, 0 elsewhere",))
def _getitem(x: Value, /, key: Any) -> Value:
    """`x[key]`."""
    return x[key]


@composed
def scatter(x: ArrayLike, key: Any, shape: tuple[int, ...]) -> Tensor:
    """Zeros of a shape, with x added at a key; the adjoint of `getitem`.

    >>> scatter(Tensor([1.0, 2.0, 3.0]), [2, 0, 2], (4,))
    Tensor([2., 0., 4., 0.])
    """
    return _scatter(x, key=as_key(key), shape=shape)


@op(complex=True, formulas=("upstream at the elements written to",))
def _scatter(x: Value, /, key: Any, shape: tuple[int, ...]) -> Value:
    """`added_at` as an operation."""
    return added_at(x, key, shape)


_getitem.rules(lambda g, out, x, key: (_scatter if isinstance(g, Node) else added_at)(g, key, x.shape))
_scatter.rules(lambda g, out, x, key, shape: _getitem(g, key))


def added_at(x: Value, key: Any, shape: tuple[int, ...]) -> Value:
    """Zeros of a shape, with an array added at a key; elements that meet add up."""
    if ACTIVE and holds((x, key)):
        return _scatter(x, key=key, shape=shape)
    out = np.zeros(shape, np.asarray(x).dtype)
    if _picks_once(key):
        out[key] = x
        return out
    # np.add.at is fast along a single axis only, so the key becomes indices into the flattened result ...
    if isinstance(key, np.ndarray):
        row = math.prod(shape[1:])
        flat = key if len(shape) == 1 else key.reshape(-1, 1) * row + np.arange(row)
    elif np.size(x) > out.size // 4:
        flat = np.arange(out.size).reshape(shape)[key]
    else:  # ... unless listing those costs more than it saves
        np.add.at(out, key, x)
        return out
    np.add.at(out.reshape(-1), flat.reshape(-1), np.reshape(x, -1))
    return out


def _picks_once(key: Any) -> bool:
    """True if no element can be picked twice: for integers, slices and masks, not for integer arrays."""
    return not any(isinstance(k, np.ndarray) and k.dtype != bool for k in (key if type(key) is tuple else (key,)))


_AS_THEY_ARE = frozenset({int, slice, type(...), type(None)})  # the usual keys, known at once


def as_key(key: Any) -> Any:
    """Replace tensors in a key by arrays, and copy lists and arrays, which could change before the sweep."""
    if type(key) in _AS_THEY_ARE:
        return key
    if isinstance(key, tuple):
        return tuple([as_key(k) for k in key])
    if isinstance(key, Node):
        key = value_of(key)
    if type(key) is Traced:
        check_key(key)
        return key
    if isinstance(key, list | np.ndarray):
        refuse_subclass(key, "getitem")
        copy = np.array(key)
        return copy.astype(np.intp) if copy.size == 0 and copy.dtype.kind == "f" else copy  # an empty list is floating
    return key


@composed
def take(x: ArrayLike, indices: ArrayLike, axis: int | None = None, *, mode: str = "raise") -> Tensor:
    """Elements at indices along an axis, of the flattened array if `axis` is None; gradients of repeated ones add up.

    >>> take(Tensor([1.0, 2.0, 3.0]), [2, 0])
    Tensor([3., 1.])
    """
    if axis is None:
        x, axis = ravel(x), 0
    picked = as_key(array_of(indices))
    if mode != "raise":
        if mode not in ("wrap", "clip"):
            raise ValueError(f"mode is 'raise', 'wrap' or 'clip', got {mode!r}")
        size = np.shape(x)[axis]
        picked = picked % size if mode == "wrap" else np.clip(picked, 0, size - 1)
    return _getitem(x, key=(slice(None),) * normalize_axis_index(axis, np.ndim(x)) + (picked,))


@composed
def take_along_axis(x: ArrayLike, indices: ArrayLike, axis: int | None = -1) -> Tensor:
    """Elements at indices along an axis, with its own indices for each line, as `argsort` gives them.

    >>> take_along_axis(Tensor([[1.0, 2.0], [3.0, 4.0]]), [[1], [0]], axis=1)
    Tensor([[2.],
            [3.]])
    """
    if axis is None:
        x, axis = ravel(x), 0
    picked, shape = as_key(array_of(indices)), np.shape(x)
    if picked.ndim != len(shape):
        raise ValueError(f"indices of shape {picked.shape} need as many axes as x of shape {shape}")
    axis = normalize_axis_index(axis, len(shape))
    grid: list[Any] = list(np.ogrid[tuple(slice(n) for n in shape)])
    grid[axis] = picked
    return _getitem(x, key=tuple(grid))


@composed
def diagonal(x: ArrayLike, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """Diagonal of the matrices in two axes, as the last axis of the result.

    >>> diagonal(Tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([1., 4.])
    """
    if np.ndim(x) != 2 or (axis1, axis2) != (0, 1):
        x = moveaxis(x, (axis1, axis2), (-2, -1))
    rows, columns = np.shape(x)[-2:]
    i = np.arange(max(0, min(rows + min(offset, 0), columns - max(offset, 0))))
    return _getitem(x, key=(..., i - min(offset, 0), i + max(offset, 0)))


@composed
def diag(x: ArrayLike, k: int = 0) -> Tensor:
    """Diagonal of a matrix; of a vector, the matrix with it on the diagonal.

    >>> diag(Tensor([1.0, 2.0]))
    Tensor([[1., 0.],
            [0., 2.]])
    """
    shape = np.shape(x)
    if len(shape) == 2:
        return diagonal(x, k)
    if len(shape) != 1:
        raise ValueError(f"x of shape {shape} is neither a vector nor a matrix; see diagonal")
    i, size = np.arange(shape[0]), shape[0] + abs(k)
    return _scatter(x, key=(i - min(k, 0), i + max(k, 0)), shape=(size, size))


@composed
def diagflat(x: ArrayLike, k: int = 0) -> Tensor:
    """Matrix with the flattened array on a diagonal.

    >>> diagflat(Tensor([[1.0], [2.0]]))
    Tensor([[1., 0.],
            [0., 2.]])
    """
    return diag(ravel(x), k)


@composed
def compress(condition: ArrayLike, x: ArrayLike, axis: int | None = None) -> Tensor:
    """Elements, or slices along an axis, where a condition holds; the condition is constant.

    >>> compress([True, False, True], Tensor([1.0, 2.0, 3.0]))
    Tensor([1., 3.])
    """
    if np.ndim(condition) != 1:
        raise ValueError(f"the condition must be a vector, got shape {np.shape(condition)}")
    return take(x, np.flatnonzero(value_of(condition)), axis)


@composed
def extract(condition: ArrayLike, x: ArrayLike) -> Tensor:
    """Elements of the flattened array where a condition of its size holds; ``x[condition]`` is the usual way.

    >>> extract([[True, False]], Tensor([[1.0, 2.0]]))
    Tensor([1.])
    """
    return take(ravel(x), np.flatnonzero(value_of(condition)))
