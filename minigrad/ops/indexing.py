"""Picking numbers out: indices, rows, diagonals.

`getitem` and `scatter` are each other's adjoints, and most of this file is a choice of what to pick.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from minigrad.graph import Node, Value, value_of
from minigrad.operation import op
from minigrad.ops.shape import moveaxis, ravel


def getitem(x: Value, key: Any) -> Value:
    """x[key], with everything NumPy takes for a key: numbers, slices, ellipsis, newaxis, integer and boolean arrays.

    Parameters
    ----------
    x : Tensor or array_like
        Any shape.
    key : index
        What is picked; where it is picked more than once, the gradients add up.

    Returns
    -------
    Tensor

    Raises
    ------
    IndexError
        If the key reaches outside x.

    Examples
    --------
    >>> getitem(Tensor([1.0, 2.0, 3.0]), [2, 0, 2])
    Tensor([3., 1., 3.])
    """
    return _getitem(x, key=as_key(key))


@op(formulas=("upstream added to the elements picked, 0 elsewhere",))
def _getitem(x: Value, /, key: Any) -> Value:
    """x[key]."""
    return x[key]


def scatter(x: Value, key: Any, shape: tuple[int, ...]) -> Value:
    """Zeros, with x added at a key; the adjoint of picking.

    Parameters
    ----------
    x : Tensor or array_like
        Of the shape that the key picks.
    key : index
        Where to add; what meets at one place adds up.
    shape : tuple of int
        The shape of the result.

    Returns
    -------
    Tensor
        Of that shape.

    Raises
    ------
    IndexError
        If the key reaches outside the shape.

    Examples
    --------
    >>> scatter(Tensor([1.0, 2.0, 3.0]), [2, 0, 2], (4,))
    Tensor([2., 0., 4., 0.])
    """
    return _scatter(x, key=as_key(key), shape=shape)


@op(formulas=("upstream at the elements written to",))
def _scatter(x: Value, /, key: Any, shape: tuple[int, ...]) -> Value:
    """Zeros, with x added at a key."""
    out = np.zeros(shape, np.asarray(x).dtype)
    if _picks_once(key):
        out[key] = x
    elif np.size(x) > out.size // 4:  # one flat axis is where add.at is fastest: a third of the time for rows of an array
        np.add.at(out.reshape(-1), np.arange(out.size).reshape(shape)[key].reshape(-1), np.reshape(x, -1))
    else:
        np.add.at(out, key, x)
    return out


_getitem.rules(lambda g, out, x, key: (_scatter if isinstance(g, Node) else _scatter.forward)(g, key=key, shape=x.shape))
_scatter.rules(lambda g, out, x, key, shape: _getitem(g, key))


def _picks_once(key: Any) -> bool:
    """Whether no number can be picked twice: true of numbers, slices and masks, not of integer arrays."""
    return not [k for k in (key if type(key) is tuple else (key,)) if isinstance(k, np.ndarray) and k.dtype != bool]


_AS_THEY_ARE = frozenset({int, slice, type(...), type(None)})  # the usual keys, known at once


def as_key(key: Any) -> Any:
    """A key with arrays in place of tensors, and copies of lists and arrays, which could change before the sweep."""
    if type(key) in _AS_THEY_ARE:
        return key
    if isinstance(key, tuple):
        return tuple([as_key(k) for k in key])
    if isinstance(key, Node):
        return key.value
    if isinstance(key, list | np.ndarray):
        return np.array(key) if len(np.shape(key)) == 0 or len(key) else np.array(key, np.intp)
    return key


def take(x: Value, indices: Value, axis: int | None = None) -> Value:
    """The numbers, rows or slabs at given indices.

    Parameters
    ----------
    x : Tensor or array_like
        Any shape.
    indices : int or array of int
        Which; repeats are allowed, and their gradients add up.
    axis : int or None
        Along which axis; None counts through the flattened array.

    Returns
    -------
    Tensor
        The indices' shape stands where the axis was.

    Raises
    ------
    IndexError
        If an index reaches outside x.

    Examples
    --------
    >>> take(Tensor([1.0, 2.0, 3.0]), [2, 0])
    Tensor([3., 1.])
    """
    if axis is None:
        x, axis = ravel(x), 0
    picked = as_key(np.asarray(value_of(indices)))
    if picked.size == 0:
        picked = picked.astype(np.intp)
    return _getitem(x, key=(slice(None),) * normalize_axis_index(axis, np.ndim(x)) + (picked,))


def take_along_axis(x: Value, indices: Value, axis: int | None = -1) -> Value:
    """Along one axis, for each line an index of its own, as argsort or argmax give them.

    Parameters
    ----------
    x : Tensor or array_like
        Any shape.
    indices : array of int
        As many axes as x; shapes broadcast away from `axis`.
    axis : int or None
        Along which axis; None picks from the flattened array.

    Returns
    -------
    Tensor
        Of the indices' shape.

    Raises
    ------
    ValueError
        If the numbers of axes differ.

    Examples
    --------
    >>> take_along_axis(Tensor([[1.0, 2.0], [3.0, 4.0]]), [[1], [0]], axis=1)
    Tensor([[2.],
            [3.]])
    """
    if axis is None:
        x, axis = ravel(x), 0
    picked, shape = as_key(np.asarray(value_of(indices))), np.shape(x)
    if picked.ndim != len(shape):
        raise ValueError(f"take_along_axis: indices of shape {picked.shape} need as many axes as x of shape {shape}")
    axis = normalize_axis_index(axis, len(shape))
    grid: list[Any] = list(np.ogrid[tuple(slice(n) for n in shape)])
    grid[axis] = picked
    return _getitem(x, key=tuple(grid))


def diagonal(x: Value, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Value:
    """The diagonals of the matrices in two axes.

    Parameters
    ----------
    x : Tensor or array_like
        At least 2-D.
    offset : int
        Above the main diagonal if positive, below if negative.
    axis1, axis2 : int
        The rows and columns.

    Returns
    -------
    Tensor
        Without the two axes, and the diagonal as a new last one.

    Examples
    --------
    >>> diagonal(Tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([1., 4.])
    """
    if np.ndim(x) != 2 or (axis1, axis2) != (0, 1):
        x = moveaxis(x, (axis1, axis2), (-2, -1))
    rows, columns = np.shape(x)[-2:]
    places = np.arange(max(0, min(rows + min(offset, 0), columns - max(offset, 0))))
    return _getitem(x, key=(..., places - min(offset, 0), places + max(offset, 0)))


def diag(x: Value, k: int = 0) -> Value:
    """The diagonal of a matrix; or, of a vector, the matrix with it on the diagonal and 0 elsewhere.

    Parameters
    ----------
    x : Tensor or array_like
        1-D or 2-D.
    k : int
        Above the main diagonal if positive, below if negative.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If x has neither one axis nor two.

    Examples
    --------
    >>> diag(Tensor([1.0, 2.0]))
    Tensor([[1., 0.],
            [0., 2.]])
    """
    shape = np.shape(x)
    if len(shape) == 2:
        return diagonal(x, k)
    if len(shape) != 1:
        raise ValueError(f"diag: x of shape {shape} is neither a vector nor a matrix; see diagonal")
    places, size = np.arange(shape[0]), shape[0] + abs(k)
    return _scatter(x, key=(places - min(k, 0), places + max(k, 0)), shape=(size, size))
