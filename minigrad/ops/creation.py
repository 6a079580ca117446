"""Arrays made from numbers.

The ends and the fill of a new array may be tensors, and then receive gradients.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.graph import Value, value_of
from minigrad.ops.dtypes import astype, of_one_kind
from minigrad.ops.elementwise import power
from minigrad.ops.shape import broadcast_to, moveaxis, reshape


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
    start, stop, base = of_one_kind(start, stop, base)
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
