"""Arrays made from numbers, and put side by side.

The ends and the fill of a new array may be tensors, and then receive gradients.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.graph import Value, value_of
from minigrad.ops.elementwise import astype, power, where
from minigrad.ops.indexing import concatenate
from minigrad.ops.linalg import _of_one_kind
from minigrad.ops.shape import broadcast_to, expand_dims, moveaxis, reshape

# Rows of numbers


def _ends(who: str, start: Value, stop: Value, num: int, endpoint: bool) -> tuple[Value, Value, Value]:
    """Both ends, and the share of the second along a new first axis."""
    if not isinstance(num, int | np.integer) or num < 0:
        raise ValueError(f"{who}: the number of points is a whole number that is not negative, got {num}")
    start, stop = (np.asarray(x) if isinstance(x, list | tuple) else x for x in (start, stop))
    dtype = np.result_type(*(x if isinstance(x, int | float) else np.asarray(value_of(x)) for x in (start, stop)), 1.0)
    share = np.arange(num, dtype=dtype) / max(num - 1 if endpoint else num, 1)
    return start, stop, reshape(share, (num, *(1,) * max(np.ndim(start), np.ndim(stop))))


def linspace(start: Value, stop: Value, num: int = 50, endpoint: bool = True, *, axis: int = 0) -> Value:
    """Numbers at equal distances.

    Parameters
    ----------
    start, stop : Tensor or array_like
        The ends; shapes broadcast.
    num : int
        How many numbers.
    endpoint : bool
        Whether `stop` is the last of them.
    axis : int
        Where the new axis stands in the result.

    Returns
    -------
    Tensor
        With a new axis of length `num`.

    Raises
    ------
    ValueError
        If `num` is negative, or no whole number.

    Examples
    --------
    >>> stop = Tensor(2.0)
    >>> x = linspace(0, stop, 3)
    >>> x.sum().backward()
    >>> print(x.data, stop.grad)
    [0. 1. 2.] 1.5
    """
    start, stop, share = _ends("linspace", start, stop, num, endpoint)
    return moveaxis(start * (1 - share) + stop * share, 0, axis)


def logspace(start: Value, stop: Value, num: int = 50, endpoint: bool = True, base: Value = 10.0, *, axis: int = 0) -> Value:
    """Powers of a base, the exponents at equal distances.

    Parameters
    ----------
    start, stop : Tensor or array_like
        The first and the last exponent; shapes broadcast.
    num : int
        How many numbers.
    endpoint : bool
        Whether `stop` is the last exponent.
    base : Tensor or float
        What is raised to them.
    axis : int
        Where the new axis stands in the result.

    Returns
    -------
    Tensor
        With a new axis of length `num`.

    Raises
    ------
    ValueError
        If `num` is negative, or no whole number.

    Examples
    --------
    >>> logspace(Tensor(0.0), 2.0, 3)
    Tensor([  1.,  10., 100.])
    """
    start, stop, base = _of_one_kind(start, stop, base)
    return power(base, linspace(start, stop, num, endpoint, axis=axis))


def geomspace(start: Value, stop: Value, num: int = 50, endpoint: bool = True, *, axis: int = 0) -> Value:
    """Numbers in equal proportions.

    Parameters
    ----------
    start, stop : Tensor or array_like
        The ends, of one sign; shapes broadcast.
    num : int
        How many numbers.
    endpoint : bool
        Whether `stop` is the last of them.
    axis : int
        Where the new axis stands in the result.

    Returns
    -------
    Tensor
        With a new axis of length `num`.

    Raises
    ------
    ValueError
        If an end is 0, if the ends differ in sign, or if `num` is negative or no whole number.

    Examples
    --------
    >>> geomspace(Tensor(1.0), 4.0, 3)
    Tensor([1., 2., 4.])
    """
    start, stop, share = _ends("geomspace", start, stop, num, endpoint)
    if not np.all(value_of(start) * value_of(stop) > 0):
        raise ValueError("geomspace: both ends must be above 0, or both below, for proportions to be real")
    return moveaxis(start * power(stop / start, share), 0, axis)


def full_like(x: Value, fill_value: Value, dtype: Any = None, shape: int | Sequence[int] | None = None) -> Value:
    """An array of one value, which receives the sum of the upstream gradient; of x only shape and dtype are used.

    ``np.full_like`` looks for a tensor at x alone; a plain x takes a tensor by this name.

    Parameters
    ----------
    x : Tensor or array_like
        What the result is to be like.
    fill_value : Tensor or array_like
        A number, or what broadcasts to the shape.
    dtype : dtype_like, optional
        In place of x's own.
    shape : int or sequence of int, optional
        In place of x's own.

    Returns
    -------
    Tensor or numpy.ndarray
        A tensor if `fill_value` is one.

    Examples
    --------
    >>> full_like([1.0, 2.0], Tensor(3.0))
    Tensor([3., 3.])
    """
    model = np.asarray(value_of(x))
    wanted = model.shape if shape is None else (shape,) if isinstance(shape, int) else tuple(shape)
    return astype(broadcast_to(fill_value, wanted), model.dtype if dtype is None else dtype)


# Side by side


def _at_least(x: Value, ndim: int) -> Value:
    """X with as many axes as NumPy gives it: a vector is a row, and a matrix a layer."""
    missing = ndim - np.ndim(x)
    if missing <= 0:
        return x
    if ndim == 3 and missing < 3:
        return expand_dims(x, (0, 2) if missing == 2 else 2)
    return expand_dims(x, tuple(range(missing)))


def _parts(who: str, arrays: Sequence[Value], ndim: int) -> list[Value]:
    """The arrays to join, each with so many axes; a number beside them takes on their dtype."""
    if not len(arrays):
        raise ValueError(f"{who}: needs at least one array to join")
    return [_at_least(x, ndim) for x in _of_one_kind(*arrays)]


def hstack(arrays: Sequence[Value]) -> Value:
    """Join arrays from left to right: vectors end to end, anything else along the second axis.

    Parameters
    ----------
    arrays : sequence of Tensor or array_like
        Of equal shapes but along that axis.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If there is nothing to join, or the shapes do not fit.

    Examples
    --------
    >>> hstack([Tensor([1.0]), [2.0, 3.0]])
    Tensor([1., 2., 3.])
    """
    parts = _parts("hstack", arrays, 1)
    return concatenate(parts, 0 if np.ndim(parts[0]) == 1 else 1)


def vstack(arrays: Sequence[Value]) -> Value:
    """Join arrays from top to bottom, a vector as a row.

    Parameters
    ----------
    arrays : sequence of Tensor or array_like
        Of equal shapes but along the first axis.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If there is nothing to join, or the shapes do not fit.

    Examples
    --------
    >>> vstack([Tensor([1.0, 2.0]), [3.0, 4.0]])
    Tensor([[1., 2.],
            [3., 4.]])
    """
    return concatenate(_parts("vstack", arrays, 2), 0)


def dstack(arrays: Sequence[Value]) -> Value:
    """Join arrays along the third axis, a matrix as one layer.

    Parameters
    ----------
    arrays : sequence of Tensor or array_like
        Of equal shapes but along the third axis.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If there is nothing to join, or the shapes do not fit.

    Examples
    --------
    >>> dstack([Tensor([1.0, 2.0]), [3.0, 4.0]])
    Tensor([[[1., 3.],
             [2., 4.]]])
    """
    return concatenate(_parts("dstack", arrays, 3), 2)


def column_stack(arrays: Sequence[Value]) -> Value:
    """Join arrays from left to right, a vector as a column.

    Parameters
    ----------
    arrays : sequence of Tensor or array_like
        Of equal length.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If there is nothing to join, or the shapes do not fit.

    Examples
    --------
    >>> column_stack([Tensor([1.0, 2.0]), [3.0, 4.0]])
    Tensor([[1., 3.],
            [2., 4.]])
    """
    return concatenate(
        [reshape(x, (math.prod(np.shape(x)), 1)) if np.ndim(x) < 2 else x for x in _parts("column_stack", arrays, 0)], 1
    )


def select(conditions: Sequence[Value], choices: Sequence[Value], default: Value = 0) -> Value:
    """From the first condition that holds, its choice; elsewhere the default.

    Parameters
    ----------
    conditions : sequence of array_like
        Truth values.
    choices : sequence of Tensor or array_like
        As many; shapes broadcast. What is not chosen receives exactly 0, as in `where`.
    default : Tensor or array_like
        Where no condition holds. ``np.select`` looks for tensors among the choices alone.

    Returns
    -------
    Tensor
        Of the broadcast shape.

    Raises
    ------
    ValueError
        If there are not as many conditions as choices, or none.

    Examples
    --------
    >>> x = Tensor([-3.0, 0.5, 4.0])
    >>> select([x < 0, x > 1], [-x, x**2])
    Tensor([ 3.,  0., 16.])
    """
    if len(conditions) != len(choices) or not len(choices):
        raise ValueError(f"select: needs a choice for each condition, got {len(conditions)} and {len(choices)}")
    result = default
    for condition, choice in zip(reversed(conditions), reversed(choices), strict=True):
        result = where(condition, choice, result)
    return result


def append(x: Value, values: Value, axis: int | None = None) -> Value:
    """Values joined to the end of an array.

    Parameters
    ----------
    x : Tensor or array_like
        Any shape.
    values : Tensor or array_like
        What follows; of x's shape but along the axis.
    axis : int or None
        Along which axis; None joins the flattened arrays.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> append(Tensor([1.0, 2.0]), 3.0)
    Tensor([1., 2., 3.])
    """
    return concatenate(_of_one_kind(x, values), axis)


def meshgrid(*x: Value, indexing: str = "xy", sparse: bool = False) -> tuple[Value, ...]:
    """The coordinates of a grid, an array for each axis. Broadcasting often does without: ``x[:, None] * y``.

    Parameters
    ----------
    *x : Tensor or array_like
        1-D; the grid's lines along each axis.
    indexing : {"xy", "ij"}
        Whether the first coordinate runs along the columns, as on a map, or the rows.
    sparse : bool
        Leave length 1 where a coordinate does not change.

    Returns
    -------
    tuple of Tensor
        As many as there are inputs, each with as many axes.

    Raises
    ------
    ValueError
        If the indexing is neither.

    Examples
    --------
    >>> x, y = meshgrid(Tensor([1.0, 2.0]), [5.0, 6.0, 7.0])
    >>> x
    Tensor([[1., 2.],
            [1., 2.],
            [1., 2.]])
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: indexing is 'xy' or 'ij', got {indexing!r}")
    places = list(range(len(x)))
    if indexing == "xy" and len(x) > 1:
        places[:2] = 1, 0
    lines = [
        reshape(line, [-1 if axis == place else 1 for axis in range(len(x))]) for line, place in zip(x, places, strict=True)
    ]
    shape = np.broadcast_shapes(*(np.shape(line) for line in lines))
    return tuple(lines if sparse else [broadcast_to(line, shape) for line in lines])
