"""NaN-ignoring reductions and scans. A nan receives gradient 0."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.graph import ArrayLike, Value, array_of
from minigrad.operation import composed, op, static_value
from minigrad.ops.dtypes import refuse_complex
from minigrad.ops.elementwise import where as select
from minigrad.ops.indexing import getitem
from minigrad.ops.masked import count, mask
from minigrad.ops.reduce import Axis, cumprod, cumsum, max, min, prod, std, sum, var
from minigrad.ops.reduce import mean as mean_
from minigrad.ops.sorting import fractions, quantiles

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from minigrad.graph import Tensor


def _without(x: Value, fill: float) -> Value:
    """Replace nan by a value."""
    v = array_of(x)
    return select(np.isnan(v), v.dtype.type(fill), x) if v.dtype.kind in "fc" else x


def _seen(x: Value, where: ArrayLike) -> Value:
    """The mask of the elements that are not nan, of those chosen by another."""
    v = array_of(x)
    where = mask(where, x)
    return where if v.dtype.kind not in "fc" else ~np.isnan(v) & where


@composed
def nansum(
    x: ArrayLike,
    axis: Axis = None,
    *,
    keepdims: bool = False,
    where: ArrayLike = True,
    initial: ArrayLike | None = None,
    dtype: DTypeLike | None = None,
) -> Tensor:
    """NaN-ignoring sum; 0 if all elements are nan.

    >>> nansum(Tensor([1.0, np.nan, 2.0]))
    Tensor(3.0)
    """
    return sum(_without(x, 0.0), axis, keepdims=keepdims, where=where, initial=initial, dtype=dtype)


@composed
def nanprod(
    x: ArrayLike,
    axis: Axis = None,
    *,
    keepdims: bool = False,
    where: ArrayLike = True,
    initial: ArrayLike | None = None,
    dtype: DTypeLike | None = None,
) -> Tensor:
    """NaN-ignoring product; 1 if all elements are nan.

    >>> nanprod(Tensor([2.0, np.nan, 3.0]))
    Tensor(6.0)
    """
    return prod(_without(x, 1.0), axis, keepdims=keepdims, where=where, initial=initial, dtype=dtype)


def _undefined(who: str, what: str, out: Tensor, nothing: Value) -> Tensor:
    """The result with nan, and a warning, where there is nothing to reduce."""
    if not np.any(nothing):
        return out
    warnings.warn(f"{who}: {what}", RuntimeWarning, stacklevel=5)
    return select(nothing, array_of(out).dtype.type(np.nan), out)


def _extreme(
    who: str, of: Callable[..., Tensor], x: Value, fill: float, axis: Axis, keepdims: bool, **chosen: Any
) -> Tensor:
    out = of(_without(x, fill), axis, keepdims=keepdims, **chosen)
    if chosen["initial"] is not None:
        return out
    return _undefined(who, "all-nan slice", out, np.all(np.isnan(array_of(x)), axis=axis, keepdims=keepdims))


@composed
def nanmax(
    x: ArrayLike,
    axis: Axis = None,
    *,
    keepdims: bool = False,
    where: ArrayLike = True,
    initial: ArrayLike | None = None,
) -> Tensor:
    """NaN-ignoring maximum; ties split the gradient evenly. If all elements are nan, nan with a warning.

    >>> nanmax(Tensor([1.0, np.nan, 2.0]))
    Tensor(2.0)
    """
    return _extreme("nanmax", max, x, -np.inf, axis, keepdims, where=where, initial=initial)


@composed
def nanmin(
    x: ArrayLike,
    axis: Axis = None,
    *,
    keepdims: bool = False,
    where: ArrayLike = True,
    initial: ArrayLike | None = None,
) -> Tensor:
    """NaN-ignoring minimum; ties split the gradient evenly. If all elements are nan, nan with a warning.

    >>> nanmin(Tensor([1.0, np.nan, 2.0]))
    Tensor(1.0)
    """
    return _extreme("nanmin", min, x, np.inf, axis, keepdims, where=where, initial=initial)


def _spread(
    who: str, of: Callable[..., Tensor], x: Value, axis: Axis, fewest: float, keepdims: bool, where: Value, **options: Any
) -> Tensor:
    """A mean, a variance or a standard deviation of the elements that are not nan."""
    seen = _seen(x, where)
    with np.errstate(invalid="ignore", divide="ignore"):
        out = of(_without(x, 0.0), axis, keepdims=keepdims, where=seen, **options)
    return _undefined(who, "too few elements that are not nan", out, count(x, seen, axis, keepdims) <= fewest)


@composed
def nanmean(
    x: ArrayLike, axis: Axis = None, *, keepdims: bool = False, where: ArrayLike = True, dtype: DTypeLike | None = None
) -> Tensor:
    """NaN-ignoring mean. If all elements are nan, nan with a warning.

    >>> nanmean(Tensor([1.0, np.nan, 2.0]))
    Tensor(1.5)
    """
    return _spread("nanmean", mean_, x, axis, 0, keepdims, where, dtype=dtype)


@composed
def nanvar(
    x: ArrayLike,
    axis: Axis = None,
    *,
    ddof: float = 0,
    keepdims: bool = False,
    where: ArrayLike = True,
    mean: ArrayLike | None = None,
    dtype: DTypeLike | None = None,
) -> Tensor:
    """NaN-ignoring variance. Where no more than `ddof` elements are left, nan with a warning.

    >>> nanvar(Tensor([1.0, np.nan, 2.0]))
    Tensor(0.25)
    """
    ddof = static_value("ddof", ddof)
    return _spread("nanvar", var, x, axis, ddof, keepdims, where, ddof=ddof, mean=mean, dtype=dtype)


@composed
def nanstd(
    x: ArrayLike,
    axis: Axis = None,
    *,
    ddof: float = 0,
    keepdims: bool = False,
    where: ArrayLike = True,
    mean: ArrayLike | None = None,
    dtype: DTypeLike | None = None,
) -> Tensor:
    """NaN-ignoring standard deviation; warns as `nanvar`. Where all elements are equal it has `std`'s gradient.

    >>> nanstd(Tensor([1.0, np.nan, 2.0]))
    Tensor(0.5)
    """
    ddof = static_value("ddof", ddof)
    return _spread("nanstd", std, x, axis, ddof, keepdims, where, ddof=ddof, mean=mean, dtype=dtype)


def _nan_quantile(who: str, x: Value, q: Value, axis: Axis, method: str, keepdims: bool, weights: Value = None) -> Tensor:
    if np.any(np.all(np.isnan(array_of(x)), axis=axis)):
        warnings.warn(f"{who}: all-nan slice", RuntimeWarning, stacklevel=4)
    return quantiles(x, q, axis, method, keepdims, ignore_nan=True, weights=weights)


@composed
def nanquantile(
    x: ArrayLike,
    q: ArrayLike,
    axis: Axis = None,
    *,
    method: str = "linear",
    keepdims: bool = False,
    weights: ArrayLike | None = None,
) -> Tensor:
    """NaN-ignoring `quantile`. If all elements are nan, nan with a warning.

    >>> nanquantile(Tensor([1.0, np.nan, 2.0, 4.0]), 0.75)
    Tensor(3.0)
    """
    return _nan_quantile("nanquantile", x, fractions(q, 1), axis, method, keepdims, weights=weights)


@composed
def nanpercentile(
    x: ArrayLike,
    q: ArrayLike,
    axis: Axis = None,
    *,
    method: str = "linear",
    keepdims: bool = False,
    weights: ArrayLike | None = None,
) -> Tensor:
    """NaN-ignoring `percentile`. If all elements are nan, nan with a warning.

    >>> nanpercentile(Tensor([1.0, np.nan, 2.0, 4.0]), 75)
    Tensor(3.0)
    """
    return _nan_quantile("nanpercentile", x, fractions(q, 100), axis, method, keepdims, weights=weights)


@composed
def nanmedian(x: ArrayLike, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """NaN-ignoring median. If all elements are nan, nan with a warning.

    >>> nanmedian(Tensor([1.0, np.nan, 2.0, 4.0]))
    Tensor(2.0)
    """
    return _nan_quantile("nanmedian", x, np.float64(0.5), axis, "linear", keepdims)


@composed
def nancumsum(x: ArrayLike, axis: int | None = None, *, dtype: DTypeLike | None = None) -> Tensor:
    """NaN-ignoring cumulative sum; of the flattened array if `axis` is None.

    >>> nancumsum(Tensor([1.0, np.nan, 2.0]))
    Tensor([1., 1., 3.])
    """
    return cumsum(_without(x, 0.0), axis, dtype=dtype)


@composed
def nancumprod(x: ArrayLike, axis: int | None = None, *, dtype: DTypeLike | None = None) -> Tensor:
    """NaN-ignoring cumulative product; of the flattened array if `axis` is None.

    >>> nancumprod(Tensor([2.0, np.nan, 3.0]))
    Tensor([2., 2., 6.])
    """
    return cumprod(_without(x, 1.0), axis, dtype=dtype)


@composed
def nan_to_num(
    x: ArrayLike, copy: bool = True, nan: ArrayLike = 0.0, posinf: ArrayLike | None = None, neginf: ArrayLike | None = None
) -> Tensor:
    """Replace nan and infinities, which receive gradient 0; the replacements may be tensors.

    `copy` changes nothing: x is never written to.

    >>> nan_to_num(Tensor([np.nan, 1.0, -np.inf]), neginf=-9.0)
    Tensor([ 0.,  1., -9.])
    """
    refuse_complex("nan_to_num", x)
    v = array_of(x)
    if v.dtype.kind != "f":
        return getitem(x, ...)
    limits = np.finfo(v.dtype)
    x = select(np.isnan(v), nan, x)
    x = select(np.isposinf(v), limits.max if posinf is None else posinf, x)
    return select(np.isneginf(v), limits.min if neginf is None else neginf, x)


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
