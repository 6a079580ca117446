"""Functions that pass over nan. A nan receives gradient 0."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np

from minigrad.graph import Value, value_of
from minigrad.operation import op
from minigrad.ops.elementwise import divide, multiply, where
from minigrad.ops.indexing import getitem
from minigrad.ops.norms import norm
from minigrad.ops.reduce import Axis, cumsum, documented, max, min, prod, sum
from minigrad.ops.sorting import mixed_quantile, shares


def _without(x: Value, fill: float) -> Value:
    """X with a number in place of every nan."""
    v = np.asarray(value_of(x))
    return where(np.isnan(v), v.dtype.type(fill), x) if v.dtype.kind == "f" else x


def _counted(x: Value, axis: Axis, keepdims: bool) -> Value:
    """How many numbers are no nan, in x's dtype."""
    v = np.asarray(value_of(x))
    return np.sum(~np.isnan(v), axis=axis, keepdims=keepdims, dtype=v.dtype if v.dtype.kind == "f" else np.float64)


@documented
def nansum(x: Value, axis: Axis = None, *, keepdims: bool = False) -> Value:
    """Sum of what is no nan; 0 if all is.

    Examples
    --------
    >>> nansum(Tensor([1.0, np.nan, 2.0]))
    Tensor(3.0)
    """
    return sum(_without(x, 0.0), axis, keepdims=keepdims)


@documented
def nanprod(x: Value, axis: Axis = None, *, keepdims: bool = False) -> Value:
    """Product of what is no nan; 1 if all is.

    Examples
    --------
    >>> nanprod(Tensor([2.0, np.nan, 3.0]))
    Tensor(6.0)
    """
    return prod(_without(x, 1.0), axis, keepdims=keepdims)


def _extreme(who: str, of: Callable[..., Value], x: Value, fill: float, axis: Axis, keepdims: bool) -> Value:
    nothing = np.all(np.isnan(np.asarray(value_of(x))), axis=axis, keepdims=keepdims)
    found = of(_without(x, fill), axis, keepdims=keepdims)
    if not np.any(nothing):
        return found
    warnings.warn(f"{who}: all numbers of a line are nan", RuntimeWarning, stacklevel=3)
    return where(nothing, np.asarray(value_of(found)).dtype.type(np.nan), found)


@documented
def nanmax(x: Value, axis: Axis = None, *, keepdims: bool = False) -> Value:
    """Largest of what is no nan, with the gradient split evenly among equals; nan, with a warning, if all is.

    Examples
    --------
    >>> nanmax(Tensor([1.0, np.nan, 2.0]))
    Tensor(2.0)
    """
    return _extreme("nanmax", max, x, -np.inf, axis, keepdims)


@documented
def nanmin(x: Value, axis: Axis = None, *, keepdims: bool = False) -> Value:
    """Smallest of what is no nan, with the gradient split evenly among equals; nan, with a warning, if all is.

    Examples
    --------
    >>> nanmin(Tensor([1.0, np.nan, 2.0]))
    Tensor(1.0)
    """
    return _extreme("nanmin", min, x, np.inf, axis, keepdims)


def _over_count(who: str, total: Value, count: Value) -> Value:
    """A total over a count; nan, with a warning, where there is nothing to count."""
    enough = count > 0
    if not np.all(enough):
        warnings.warn(f"{who}: too few numbers of a line are no nan", RuntimeWarning, stacklevel=3)
        total, count = where(enough, total, np.asarray(value_of(total)).dtype.type(np.nan)), np.where(enough, count, 1)
    return divide(total, count[()])


@documented
def nanmean(x: Value, axis: Axis = None, *, keepdims: bool = False) -> Value:
    """Mean of what is no nan; nan, with a warning, if all is.

    Examples
    --------
    >>> nanmean(Tensor([1.0, np.nan, 2.0]))
    Tensor(1.5)
    """
    return _over_count("nanmean", nansum(x, axis, keepdims=keepdims), _counted(x, axis, keepdims))


def _spread(x: Value, axis: Axis) -> Value:
    """The distances from the mean, 0 for a nan."""
    count = np.maximum(_counted(x, axis, True), 1)
    return where(np.isnan(value_of(x)), 0.0, _without(x, 0.0) - divide(nansum(x, axis, keepdims=True), count))


@documented
def nanvar(x: Value, axis: Axis = None, *, ddof: int = 0, keepdims: bool = False) -> Value:
    """Variance of what is no nan; nan, with a warning, where there are no more numbers than `ddof`.

    Examples
    --------
    >>> nanvar(Tensor([1.0, np.nan, 2.0]))
    Tensor(0.25)
    """
    spread = _spread(x, axis)
    return _over_count("nanvar", sum(multiply(spread, spread), axis, keepdims=keepdims), _counted(x, axis, keepdims) - ddof)


@documented
def nanstd(x: Value, axis: Axis = None, *, ddof: int = 0, keepdims: bool = False) -> Value:
    """Standard deviation of what is no nan. Where all numbers are equal its gradient is 0.

    Examples
    --------
    >>> nanstd(Tensor([1.0, np.nan, 2.0]))
    Tensor(0.5)
    """
    v = np.asarray(value_of(x))
    low = np.min(np.where(np.isnan(v), np.inf, v), axis, keepdims=True, initial=np.inf)
    high = np.max(np.where(np.isnan(v), -np.inf, v), axis, keepdims=True, initial=-np.inf)
    spread = where(high <= low, 0.0, _spread(x, axis))  # rounding leaves equal numbers a little spread
    length = norm(spread, axis=axis, keepdims=keepdims)
    count = _counted(x, axis, keepdims) - ddof
    return _over_count("nanstd", length, np.sqrt(np.maximum(count, 0)))


# Quantiles


def _nan_quantile(who: str, x: Value, share: Value, axis: Axis, method: str, keepdims: bool) -> Value:
    if np.any(np.all(np.isnan(np.asarray(value_of(x))), axis=axis)):
        warnings.warn(f"{who}: all numbers of a line are nan", RuntimeWarning, stacklevel=3)
    return mixed_quantile(x, share, axis, method, keepdims, passing_over_nan=True)


def nanquantile(x: Value, q: Value, axis: Axis = None, *, method: str = "linear", keepdims: bool = False) -> Value:
    """The number below which a share q of what is no nan lies; see `quantile`.

    Parameters
    ----------
    x : Tensor or array_like
        Any shape, not empty.
    q : array_like
        Shares between 0 and 1; they receive no gradient.
    axis : int, tuple of int or None
        Along which axes; None for all of them.
    method : str
        As for `quantile`.
    keepdims : bool
        Keep the reduced axes, with length 1.

    Returns
    -------
    Tensor
        The axes of q, then those of x that are not reduced; nan, with a warning, where a line holds nothing else.

    Raises
    ------
    ValueError
        If q lies outside [0, 1], the method is unknown, or there are no numbers.

    Examples
    --------
    >>> nanquantile(Tensor([1.0, np.nan, 2.0, 4.0]), 0.75)
    Tensor(3.0)
    """
    return _nan_quantile("nanquantile", x, shares("nanquantile", q, 1), axis, method, keepdims)


def nanpercentile(x: Value, q: Value, axis: Axis = None, *, method: str = "linear", keepdims: bool = False) -> Value:
    """The number below which q per cent of what is no nan lies; see `quantile`.

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
        The axes of q, then those of x that are not reduced; nan, with a warning, where a line holds nothing else.

    Raises
    ------
    ValueError
        If q lies outside [0, 100], the method is unknown, or there are no numbers.

    Examples
    --------
    >>> nanpercentile(Tensor([1.0, np.nan, 2.0, 4.0]), 75)
    Tensor(3.0)
    """
    return _nan_quantile("nanpercentile", x, shares("nanpercentile", q, 100), axis, method, keepdims)


@documented
def nanmedian(x: Value, axis: Axis = None, *, keepdims: bool = False) -> Value:
    """The number in the middle of what is no nan; nan, with a warning, if all is.

    Examples
    --------
    >>> nanmedian(Tensor([1.0, np.nan, 2.0, 4.0]))
    Tensor(2.0)
    """
    return _nan_quantile("nanmedian", x, np.float64(0.5), axis, "linear", keepdims)


# Running, and one at a time


def nancumsum(x: Value, axis: int | None = None) -> Value:
    """Running sum along an axis, a nan counted as 0.

    Parameters
    ----------
    x : Tensor or array_like
        Any shape.
    axis : int or None
        Along which axis; None runs through the flattened array.

    Returns
    -------
    Tensor
        Of x's shape; 1-D if axis is None.

    Examples
    --------
    >>> nancumsum(Tensor([1.0, np.nan, 2.0]))
    Tensor([1., 1., 3.])
    """
    return cumsum(_without(x, 0.0), axis)


def nan_to_num(
    x: Value, copy: bool = True, nan: Value = 0.0, posinf: Value | None = None, neginf: Value | None = None
) -> Value:
    """Numbers in place of nan and the infinities, which receive gradient 0.

    Parameters
    ----------
    x : Tensor or array_like
        Any shape.
    copy : bool
        Taken for NumPy's sake; x itself is never changed.
    nan : Tensor or float
        In place of nan.
    posinf, neginf : Tensor or float, optional
        In place of the infinities; the largest and the smallest number of the dtype if left out.

    Returns
    -------
    Tensor
        Of x's shape.

    Examples
    --------
    >>> nan_to_num(Tensor([np.nan, 1.0, -np.inf]), neginf=-9.0)
    Tensor([ 0.,  1., -9.])
    """
    v = np.asarray(value_of(x))
    if v.dtype.kind != "f":
        return getitem(x, ...)
    limits = np.finfo(v.dtype)
    x = where(np.isnan(v), nan, x)
    x = where(np.isposinf(v), limits.max if posinf is None else posinf, x)
    return where(np.isneginf(v), limits.min if neginf is None else neginf, x)


def _chosen(g: Value, a: Value, b: Value, over: Value) -> Value:
    """The share of `g` that a receives, where `over` says that it is the one chosen, at a tie half."""
    return np.where(a == b, g / 2, g * (np.isnan(b) | over))


@op(elementwise=True, routes=True)
def fmax(a: Value, b: Value, /) -> Value:
    """The larger of two numbers, elementwise, or the one that is no nan. A tie splits the upstream gradient evenly.

    Examples
    --------
    >>> fmax(Tensor([1.0, np.nan]), 3.0)
    Tensor([3., 3.])
    """
    return np.fmax(a, b)


fmax.rules(lambda g, out, a, b: _chosen(g, a, b, a > b), lambda g, out, a, b: _chosen(g, b, a, b > a))


@op(elementwise=True, routes=True)
def fmin(a: Value, b: Value, /) -> Value:
    """The smaller of two numbers, elementwise, or the one that is no nan. A tie splits the upstream gradient evenly.

    Examples
    --------
    >>> fmin(Tensor([1.0, np.nan]), 3.0)
    Tensor([1., 3.])
    """
    return np.fmin(a, b)


fmin.rules(lambda g, out, a, b: _chosen(g, a, b, a < b), lambda g, out, a, b: _chosen(g, b, a, b < a))
