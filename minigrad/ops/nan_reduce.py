"""Reductions that pass over nan. A nan receives gradient 0."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np

from minigrad.graph import Value, value_of
from minigrad.ops.elementwise import divide, multiply, where
from minigrad.ops.norms import norm
from minigrad.ops.reduce import Axis, documented, max, min, prod, sum


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
