"""NaN-ignoring reductions and scans. A nan receives gradient 0."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from minigrad.graph import ArrayLike, Value, value_of
from minigrad.operation import composed, op
from minigrad.ops.elementwise import divide, square, where
from minigrad.ops.indexing import getitem
from minigrad.ops.norms import norm
from minigrad.ops.reduce import Axis, cumsum, max, min, prod, sum
from minigrad.ops.sorting import fractions, quantiles

if TYPE_CHECKING:
    from minigrad.graph import Tensor


def _without(x: Value, fill: float) -> Value:
    """Replace nan by a value."""
    v = np.asarray(value_of(x))
    return where(np.isnan(v), v.dtype.type(fill), x) if v.dtype.kind == "f" else x


def _counted(x: Value, axis: Axis, keepdims: bool) -> Value:
    """Count the elements that are not nan, in x's dtype."""
    v = np.asarray(value_of(x))
    return np.sum(~np.isnan(v), axis=axis, keepdims=keepdims, dtype=v.dtype if v.dtype.kind == "f" else np.float64)


@composed
def nansum(x: ArrayLike, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """NaN-ignoring sum; 0 if all elements are nan.

    >>> nansum(Tensor([1.0, np.nan, 2.0]))
    Tensor(3.0)
    """
    return sum(_without(x, 0.0), axis, keepdims=keepdims)


@composed
def nanprod(x: ArrayLike, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """NaN-ignoring product; 1 if all elements are nan.

    >>> nanprod(Tensor([2.0, np.nan, 3.0]))
    Tensor(6.0)
    """
    return prod(_without(x, 1.0), axis, keepdims=keepdims)


def _extreme(who: str, of: Callable[..., Tensor], x: Value, fill: float, axis: Axis, keepdims: bool) -> Tensor:
    nothing = np.all(np.isnan(np.asarray(value_of(x))), axis=axis, keepdims=keepdims)
    found = of(_without(x, fill), axis, keepdims=keepdims)
    if not np.any(nothing):
        return found
    warnings.warn(f"{who}: all-nan slice", RuntimeWarning, stacklevel=4)
    return where(nothing, np.asarray(value_of(found)).dtype.type(np.nan), found)


@composed
def nanmax(x: ArrayLike, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """NaN-ignoring maximum; ties split the gradient evenly. If all elements are nan, nan with a warning.

    >>> nanmax(Tensor([1.0, np.nan, 2.0]))
    Tensor(2.0)
    """
    return _extreme("nanmax", max, x, -np.inf, axis, keepdims)


@composed
def nanmin(x: ArrayLike, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """NaN-ignoring minimum; ties split the gradient evenly. If all elements are nan, nan with a warning.

    >>> nanmin(Tensor([1.0, np.nan, 2.0]))
    Tensor(1.0)
    """
    return _extreme("nanmin", min, x, np.inf, axis, keepdims)


def _over_count(who: str, total: Value, count: Value) -> Tensor:
    """Divide a total by a count; where the count is not positive, nan with a warning."""
    enough = count > 0
    if not np.all(enough):
        warnings.warn(f"{who}: too few elements that are not nan", RuntimeWarning, stacklevel=4)
        total, count = where(enough, total, np.asarray(value_of(total)).dtype.type(np.nan)), np.where(enough, count, 1)
    return divide(total, count[()])


@composed
def nanmean(x: ArrayLike, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """NaN-ignoring mean. If all elements are nan, nan with a warning.

    >>> nanmean(Tensor([1.0, np.nan, 2.0]))
    Tensor(1.5)
    """
    return _over_count("nanmean", nansum(x, axis, keepdims=keepdims), _counted(x, axis, keepdims))


def _deviations(x: Value, axis: Axis) -> Value:
    """Deviations from the mean, 0 for nan."""
    count = np.maximum(_counted(x, axis, True), 1)
    return where(np.isnan(value_of(x)), 0.0, _without(x, 0.0) - divide(nansum(x, axis, keepdims=True), count))


@composed
def nanvar(x: ArrayLike, axis: Axis = None, *, ddof: int = 0, keepdims: bool = False) -> Tensor:
    """NaN-ignoring variance. Where no more than `ddof` elements are left, nan with a warning.

    >>> nanvar(Tensor([1.0, np.nan, 2.0]))
    Tensor(0.25)
    """
    squares = square(_deviations(x, axis))
    return _over_count("nanvar", sum(squares, axis, keepdims=keepdims), _counted(x, axis, keepdims) - ddof)


@composed
def nanstd(x: ArrayLike, axis: Axis = None, *, ddof: int = 0, keepdims: bool = False) -> Tensor:
    """NaN-ignoring standard deviation; warns as `nanvar`. Where all elements are equal its gradient is 0.

    >>> nanstd(Tensor([1.0, np.nan, 2.0]))
    Tensor(0.5)
    """
    v = np.asarray(value_of(x))
    low = np.min(np.where(np.isnan(v), np.inf, v), axis, keepdims=True, initial=np.inf)
    high = np.max(np.where(np.isnan(v), -np.inf, v), axis, keepdims=True, initial=-np.inf)
    deviations = where(high <= low, 0.0, _deviations(x, axis))  # rounding may leave equal elements a small one
    length = norm(deviations, axis=axis, keepdims=keepdims)
    count = _counted(x, axis, keepdims) - ddof
    return _over_count("nanstd", length, np.sqrt(np.maximum(count, 0)))


def _nan_quantile(who: str, x: Value, q: Value, axis: Axis, method: str, keepdims: bool) -> Tensor:
    if np.any(np.all(np.isnan(np.asarray(value_of(x))), axis=axis)):
        warnings.warn(f"{who}: all-nan slice", RuntimeWarning, stacklevel=4)
    return quantiles(x, q, axis, method, keepdims, ignore_nan=True)


@composed
def nanquantile(x: ArrayLike, q: ArrayLike, axis: Axis = None, *, method: str = "linear", keepdims: bool = False) -> Tensor:
    """NaN-ignoring `quantile`. If all elements are nan, nan with a warning.

    >>> nanquantile(Tensor([1.0, np.nan, 2.0, 4.0]), 0.75)
    Tensor(3.0)
    """
    return _nan_quantile("nanquantile", x, fractions(q, 1), axis, method, keepdims)


@composed
def nanpercentile(
    x: ArrayLike, q: ArrayLike, axis: Axis = None, *, method: str = "linear", keepdims: bool = False
) -> Tensor:
    """NaN-ignoring `percentile`. If all elements are nan, nan with a warning.

    >>> nanpercentile(Tensor([1.0, np.nan, 2.0, 4.0]), 75)
    Tensor(3.0)
    """
    return _nan_quantile("nanpercentile", x, fractions(q, 100), axis, method, keepdims)


@composed
def nanmedian(x: ArrayLike, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """NaN-ignoring median. If all elements are nan, nan with a warning.

    >>> nanmedian(Tensor([1.0, np.nan, 2.0, 4.0]))
    Tensor(2.0)
    """
    return _nan_quantile("nanmedian", x, np.float64(0.5), axis, "linear", keepdims)


@composed
def nancumsum(x: ArrayLike, axis: int | None = None) -> Tensor:
    """NaN-ignoring cumulative sum; of the flattened array if `axis` is None.

    >>> nancumsum(Tensor([1.0, np.nan, 2.0]))
    Tensor([1., 1., 3.])
    """
    return cumsum(_without(x, 0.0), axis)


@composed
def nan_to_num(
    x: ArrayLike, copy: bool = True, nan: ArrayLike = 0.0, posinf: ArrayLike | None = None, neginf: ArrayLike | None = None
) -> Tensor:
    """Replace nan and infinities, which receive gradient 0; the replacements may be tensors.

    `copy` changes nothing: x is never written to.

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


def _to_chosen(g: Value, a: Value, b: Value, wins: Value) -> Value:
    """The part of `g` that a receives: all of it where a wins or b is nan, half of it at a tie."""
    return np.where(a == b, g / 2, g * (np.isnan(b) | wins))


@op(elementwise=True, routes=True)
def fmax(a: Value, b: Value, /) -> Value:
    """Elementwise maximum that ignores nan; it routes its upstream gradient, split evenly at a tie.

    >>> fmax(Tensor([1.0, np.nan]), 3.0)
    Tensor([3., 3.])
    """
    return np.fmax(a, b)


fmax.rules(lambda g, out, a, b: _to_chosen(g, a, b, a > b), lambda g, out, a, b: _to_chosen(g, b, a, b > a))


@op(elementwise=True, routes=True)
def fmin(a: Value, b: Value, /) -> Value:
    """Elementwise minimum that ignores nan; it routes its upstream gradient, split evenly at a tie.

    >>> fmin(Tensor([1.0, np.nan]), 3.0)
    Tensor([1., 3.])
    """
    return np.fmin(a, b)


fmin.rules(lambda g, out, a, b: _to_chosen(g, a, b, a < b), lambda g, out, a, b: _to_chosen(g, b, a, b < a))
