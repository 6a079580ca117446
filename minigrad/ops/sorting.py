"""Numbers in order: sorting, medians and quantiles.

Sorting moves numbers and does not change them, so their gradients are moved back. Among equal numbers the first stays first,
and each keeps the gradient of the place where it ends.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from minigrad.graph import Value, value_of
from minigrad.operation import op
from minigrad.ops.dtypes import astype
from minigrad.ops.elementwise import where
from minigrad.ops.indexing import take, take_along_axis
from minigrad.ops.reduce import Axis
from minigrad.ops.shape import expand_dims, moveaxis, ravel, reshape


class Order(NamedTuple):
    """For each line along an axis, which of its numbers comes at each place."""

    indices: Value
    axis: int


@op()
def _reorder(x: Value, /, order: Order) -> Value:
    """The numbers of each line in another order."""
    return np.take_along_axis(x, *order)


def _back(order: Order) -> Order:
    """The order that undoes another."""
    indices, axis = order
    places = np.empty_like(indices)
    np.put_along_axis(places, indices, np.arange(indices.shape[axis]).reshape(-1, *(1,) * (indices.ndim - 1 - axis)), axis)
    return Order(places, axis)


_reorder.rules(lambda g, out, x, order: _reorder(g, _back(order)))


def sort(x: Value, axis: int | None = -1, kind: str | None = None) -> Value:
    """Numbers in ascending order; nan stands last.

    Parameters
    ----------
    x : Tensor or array_like
        Any shape.
    axis : int or None
        Along which axis; None sorts the flattened array.
    kind : {"stable", "quicksort", "mergesort", "heapsort"}, optional
        How. All give the same numbers; stable ones, the default, also say which of several equals gets which gradient: the
        first of them stays first.

    Returns
    -------
    Tensor
        Of x's shape; 1-D if axis is None.

    Raises
    ------
    IndexError
        If x has no such axis.

    Examples
    --------
    >>> sort(Tensor([3.0, 1.0, 2.0]))
    Tensor([1., 2., 3.])
    """
    if axis is None:
        x, axis = ravel(x), -1
    axis = normalize_axis_index(axis, np.ndim(x), "sort")
    return _reorder(x, Order(argsort(x, axis, kind), axis))


def argsort(x: Value, axis: int | None = -1, kind: str | None = None) -> Value:
    """Where the numbers in ascending order stand; a plain array, for an index has no gradient.

    Parameters
    ----------
    x : Tensor or array_like
        Any shape.
    axis : int or None
        Along which axis; None sorts the flattened array.
    kind : {"stable", "quicksort", "mergesort", "heapsort"}, optional
        How; in a stable one, the default, the first of several equals stays first.

    Returns
    -------
    numpy.ndarray
        Of x's shape; 1-D if axis is None.

    Examples
    --------
    >>> print(argsort(Tensor([3.0, 1.0, 2.0])))
    [1 2 0]
    """
    v = np.asarray(value_of(x))
    order = np.argsort(v, axis, kind=kind)  # type: ignore[arg-type]
    if kind is not None or v.size < 2:
        return order
    # Several times faster than a stable sort, and the same unless there are equals, or more than one nan, side by side.
    ordered = np.take_along_axis(v, order, axis)
    lines = np.moveaxis(ordered, -1 if axis is None else axis, -1)
    first, second = lines[..., :-1], lines[..., 1:]
    return np.argsort(v, axis, kind="stable") if np.any((first == second) | np.isnan(first)) else order


# Where a quantile stands among n sorted numbers: at (n - 1) q, or, as statisticians know it, at n q + a + q (1 - a - b) - 1.
_PLACES = {
    "interpolated_inverted_cdf": (0, 1), "hazen": (0.5, 0.5), "weibull": (0, 0), "linear": (1, 1),
    "median_unbiased": (1 / 3, 1 / 3), "normal_unbiased": (3 / 8, 3 / 8),
}  # fmt: skip
_ROUNDED: dict[str, Callable[[Value], Value]] = {
    "lower": np.floor,
    "higher": np.ceil,
    "nearest": np.rint,
    "midpoint": lambda at: (np.floor(at) + np.ceil(at)) / 2,
}


def _place(q: Value, n: Value, method: str) -> Value:
    """Where the quantile stands, as an index with a fraction."""
    if method in _ROUNDED:
        return _ROUNDED[method](q * (n - 1))
    if method not in _PLACES:
        raise ValueError(f"quantile: method {method!r} is none of {', '.join([*_PLACES, *_ROUNDED])}")
    a, b = _PLACES[method]
    return q * (n - 1) if a == b == 1 else np.clip(n * q + (a + q * (1 - a - b)) - 1, 0, n - 1)


def quantile(x: Value, q: Value, axis: Axis = None, *, method: str = "linear", keepdims: bool = False) -> Value:
    """The number below which a share q of the numbers lies; between two of them, a mixture, which shares out its gradient.

    Parameters
    ----------
    x : Tensor or array_like
        Any shape, not empty.
    q : array_like
        Shares between 0 and 1; they receive no gradient.
    axis : int, tuple of int or None
        Along which axes; None for all of them.
    method : str
        As in NumPy: "linear", "lower", "higher", "nearest", "midpoint", or one of the continuous ones of statistics,
        "hazen", "weibull", "median_unbiased", "normal_unbiased" and "interpolated_inverted_cdf".
    keepdims : bool
        Keep the reduced axes, with length 1.

    Returns
    -------
    Tensor
        The axes of q, then those of x that are not reduced; nan where a line holds one.

    Raises
    ------
    ValueError
        If q lies outside [0, 1], the method is unknown, or there are no numbers.

    Examples
    --------
    >>> x = Tensor([1.0, 2.0, 4.0])
    >>> y = quantile(x, 0.75)
    >>> y.backward()
    >>> print(y.data, x.grad)
    3.0 [0.  0.5 0.5]
    """
    return mixed_quantile(x, shares("quantile", q, 1), axis, method, keepdims, passing_over_nan=False)


def shares(who: str, q: Value, whole: int) -> Value:
    """What was asked for as an array of parts of 1; refused if it lies outside."""
    parts = np.asarray(value_of(q), np.float64)
    if not np.all((parts >= 0) & (parts <= whole)):
        raise ValueError(f"{who}: q lies between 0 and {whole}, got {value_of(q)}")
    return parts / whole


def mixed_quantile(x: Value, share: Value, axis: Axis, method: str, keepdims: bool, passing_over_nan: bool) -> Value:
    """The quantiles of each line, as mixtures of two of its sorted numbers; nan stands behind them all."""
    v = np.asarray(value_of(x))
    if v.dtype.kind != "f":
        x, v = astype(x, np.float64), v.astype(np.float64)
    axes = tuple(range(v.ndim)) if axis is None else normalize_axis_tuple(axis, v.ndim, "quantile")
    kept = tuple(n for i, n in enumerate(v.shape) if i not in axes)
    size = math.prod(v.shape[i] for i in axes)
    if not size:
        raise ValueError(f"quantile: there are no numbers along axes {axes} of shape {v.shape}")
    ordered = sort(reshape(moveaxis(x, axes, tuple(range(-len(axes), 0))), (*kept, size)))
    holes = np.isnan(value_of(ordered))
    if passing_over_nan:
        count, undefined, pick = np.sum(~holes, -1, keepdims=True), holes[..., :1], take_along_axis
    else:
        count, undefined, pick = size, holes[..., -1:], take
    at = _place(np.ravel(share), count, method)
    below = np.floor(at).astype(np.intp)
    weight = (at - below).astype(v.dtype)
    found = pick(ordered, below, -1)
    if weight.any():  # what is not between two numbers must not meet the next one, which may be infinite
        above = pick(ordered, np.minimum(below + 1, size - 1), -1)
        found = where(weight == 0, found, found * (1 - weight) + above * weight)
    if undefined.any():
        found = where(undefined, v.dtype.type(np.nan), found)
    result = reshape(moveaxis(found, -1, 0), (*share.shape, *kept))
    return expand_dims(result, tuple(share.ndim + i for i in axes)) if keepdims and axes else result


def percentile(x: Value, q: Value, axis: Axis = None, *, method: str = "linear", keepdims: bool = False) -> Value:
    """The number below which q per cent of the numbers lie; see `quantile`.

    Parameters
    ----------
    x : Tensor or array_like
        Any shape, not empty.
    q : array_like
        Percentages between 0 and 100; they receive no gradient.
    axis : int, tuple of int or None
        Along which axes; None for all of them.
    method : str
        As for `quantile`.
    keepdims : bool
        Keep the reduced axes, with length 1.

    Returns
    -------
    Tensor
        The axes of q, then those of x that are not reduced; nan where a line holds one.

    Raises
    ------
    ValueError
        If q lies outside [0, 100], the method is unknown, or there are no numbers.

    Examples
    --------
    >>> percentile(Tensor([1.0, 2.0, 4.0]), [0, 75])
    Tensor([1., 3.])
    """
    return mixed_quantile(x, shares("percentile", q, 100), axis, method, keepdims, passing_over_nan=False)


def median(x: Value, axis: Axis = None, *, keepdims: bool = False) -> Value:
    """The number in the middle; of an even count, the mean of the two in the middle, each with half of the gradient.

    Parameters
    ----------
    x : Tensor or array_like
        Any shape, not empty.
    axis : int, tuple of int or None
        Along which axes; None for all of them.
    keepdims : bool
        Keep the reduced axes, with length 1.

    Returns
    -------
    Tensor
        Without the reduced axes, or with length 1 there; nan where a line holds one.

    Raises
    ------
    ValueError
        If there are no numbers.

    Examples
    --------
    >>> x = Tensor([1.0, 9.0, 2.0])
    >>> median(x).backward()
    >>> print(x.grad)
    [0. 0. 1.]
    """
    return quantile(x, 0.5, axis, keepdims=keepdims)
