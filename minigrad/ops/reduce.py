"""Reductions and scans: sums, products and extremes over axes, and running ones along an axis.

`sum` and `broadcast_to` (in `shape`) are each other's adjoints. Masks, initial values and
dtypes are composed, in `masked`.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from minigrad.graph import ArrayLike, Value, value_of
from minigrad.operation import composed, op
from minigrad.ops.dtypes import conjugated, refuse_complex

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

Axis = int | tuple[int, ...] | None


def _axes(x: Value, axis: Axis) -> tuple[int, ...]:
    # As in NumPy, a scalar may be reduced along axis 0 or -1.
    return tuple(range(x.ndim)) if axis is None or not x.ndim else normalize_axis_tuple(axis, x.ndim)


def _count(x: Value, axis: Axis) -> int:
    return math.prod(x.shape[i] for i in _axes(x, axis))


def _over(g: Value, count: int) -> Value:
    """`g` / count, in float32 if float16 cannot hold the count."""
    return g / count if g.dtype != np.float16 else g.astype(np.float32) / count


def restore_axes(v: Value, x: Value, axis: Axis, keepdims: bool) -> Value:
    """Restore the axes that a reduction of x dropped, at length 1, so that its result broadcasts against x."""
    return v if keepdims or not v.ndim else np.expand_dims(v, _axes(x, axis))


def floating(x: Value) -> Value:
    """`x` itself, or integers and booleans as floats."""
    return np.asarray(x, np.float64) if np.asarray(x).dtype.kind in "iub" else x


@op(complex=True, formulas=("upstream broadcast to the shape of x",))
def sum(
    x: Value,
    /,
    axis: Axis = None,
    *,
    keepdims: bool = False,
    where: ArrayLike = True,
    initial: ArrayLike | None = None,
    dtype: DTypeLike | None = None,
) -> Value:
    """Sum; every element receives the upstream gradient.

    >>> sum(Tensor([[1.0, 2.0], [3.0, 4.0]]), axis=0)
    Tensor([4., 6.])
    """
    return np.sum(x, axis=axis, keepdims=keepdims)


sum.rules(lambda g, out, x, axis, keepdims: np.broadcast_to(restore_axes(g, x, axis, keepdims), x.shape))


def _of_mean(values: Sequence[Value], static: Mapping[str, Any]) -> tuple[str]:
    """The gradient of `mean` in symbols."""
    x = np.asarray(values[0])
    return (f"upstream / {_count(x, static.get('axis'))}, broadcast to the shape of x",)


@op(complex=True, formulas=_of_mean)
def mean(
    x: Value,
    /,
    axis: Axis = None,
    *,
    keepdims: bool = False,
    where: ArrayLike = True,
    dtype: DTypeLike | None = None,
) -> Value:
    """Mean; each of n elements receives 1/n of the upstream gradient.

    >>> mean(Tensor([1.0, 2.0, 6.0]))
    Tensor(3.0)
    """
    return np.mean(x, axis=axis, keepdims=keepdims)


mean.rules(
    lambda g, out, x, axis, keepdims: np.broadcast_to(_over(restore_axes(g, x, axis, keepdims), _count(x, axis)), x.shape)
)


@op(complex=True)
def var(
    x: Value,
    /,
    axis: Axis = None,
    *,
    ddof: float = 0,
    keepdims: bool = False,
    where: ArrayLike = True,
    mean: ArrayLike | None = None,
    dtype: DTypeLike | None = None,
) -> Value:
    """Variance, the mean squared deviation from the mean; the divisor is n − `ddof`.

    >>> var(Tensor([1.0, 2.0, 6.0]), ddof=1)
    Tensor(7.0)
    """
    return np.var(x, axis=axis, ddof=ddof, keepdims=keepdims)


var.rules(
    lambda g, out, x, axis, ddof, keepdims: (
        _over(restore_axes(g, x, axis, keepdims) * 2, _count(x, axis) - ddof)
        * conjugated(x - np.mean(x, axis=axis, keepdims=True))
    )
)


@op(complex=True)
def std(
    x: Value,
    /,
    axis: Axis = None,
    *,
    ddof: float = 0,
    keepdims: bool = False,
    where: ArrayLike = True,
    mean: ArrayLike | None = None,
    dtype: DTypeLike | None = None,
) -> Value:
    """Standard deviation, √var. Where all elements are equal its gradient is 0.

    Its second derivatives are 0 there too, also those of its square; write that as `var`.

    >>> std(Tensor([1.0, 1.0, 5.0, 5.0]))
    Tensor(2.0)
    """
    return np.std(x, axis=axis, ddof=ddof, keepdims=keepdims)


def _std_rule(g: Value, out: Value, x: Value, axis: Axis, ddof: int, keepdims: bool) -> Value:
    v = value_of(x)
    equal = np.max(v, axis=axis, keepdims=True, initial=-np.inf) <= np.min(v, axis=axis, keepdims=True, initial=np.inf)
    # Rounding may leave equal elements a small deviation.
    deviation = np.where(equal, 0.0, conjugated(x - np.mean(x, axis=axis, keepdims=True)))
    length = np.where(equal, 1.0, restore_axes(out, x, axis, keepdims))
    return restore_axes(g, x, axis, keepdims) * deviation / length / (_count(x, axis) - ddof)


std.rules(_std_rule)


def _equal_share(g: Value, out: Value, x: Value, axis: Axis, keepdims: bool) -> Value:
    chosen = np.logical_or(x == restore_axes(out, x, axis, keepdims), np.isnan(x))
    return np.where(chosen, restore_axes(g, x, axis, keepdims) / np.sum(chosen, axis=axis, keepdims=True), 0.0)


@op(formulas=("upstream shared by the maxima, 0 elsewhere",))
def max(
    x: Value,
    /,
    axis: Axis = None,
    *,
    keepdims: bool = False,
    where: ArrayLike = True,
    initial: ArrayLike | None = None,
) -> Value:
    """Maximum; ties split the upstream gradient evenly.

    >>> max(Tensor([1.0, 6.0, 2.0]))
    Tensor(6.0)
    """
    return np.max(x, axis=axis, keepdims=keepdims)


max.rules(_equal_share)


@op(formulas=("upstream shared by the minima, 0 elsewhere",))
def min(
    x: Value,
    /,
    axis: Axis = None,
    *,
    keepdims: bool = False,
    where: ArrayLike = True,
    initial: ArrayLike | None = None,
) -> Value:
    """Minimum; ties split the upstream gradient evenly.

    >>> min(Tensor([3.0, 1.0, 2.0]))
    Tensor(1.0)
    """
    return np.min(x, axis=axis, keepdims=keepdims)


min.rules(_equal_share)


@op(formulas=("upstream × softmax(x)",))
def logsumexp(x: Value, /, axis: Axis = None, *, keepdims: bool = False) -> Value:
    """Logarithm of a sum of exponentials, ln Σ eˣ, without overflow; its gradient is the softmax.

    >>> print(f"{logsumexp(Tensor([1000.0, 1000.0])):.4f}")
    1000.6931
    """
    x = floating(x)
    top = np.max(x, axis=axis, keepdims=True, initial=-np.inf)
    top = np.where(np.isfinite(top), top, 0)
    with np.errstate(divide="ignore"):  # the log of an empty sum is -inf, as it should be
        out = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True)) + top
    return out if keepdims else np.squeeze(out, _axes(x, axis))


def _logsumexp_rule(g: Value, out: Value, x: Value, axis: Axis, keepdims: bool) -> Value:
    v = value_of(x)
    top = np.max(v, axis=axis, keepdims=True, initial=-np.inf)
    # From the differences to the largest: beside a large result, those between the elements would be lost.
    e = np.exp(np.where((v == top) & np.isinf(v), np.where(v > 0, 0.0, -np.inf), x - top))
    total = np.sum(e, axis=axis, keepdims=True)
    return restore_axes(g, x, axis, keepdims) * e / np.where(value_of(total) == 0, 1.0, total)


logsumexp.rules(_logsumexp_rule)


# Products. The rules never divide, so that a zero among the factors is no special case.


def _shift(x: Value, axis: int, by: int, fill: float) -> Value:
    """Shift x along an axis, to higher indices if `by` is positive, with `fill` for the elements that are missing."""
    before = (slice(None),) * axis
    free = np.full_like(value_of(x)[(*before, slice(builtins.abs(by)))], fill)
    if by > 0:
        return np.concatenate([free, x[(*before, slice(-by))]], axis)
    return np.concatenate([x[(*before, slice(-by, None))], free], axis)


@op(complex=True)
def cumprod(x: Value, /, axis: int | None = None, *, dtype: DTypeLike | None = None) -> Value:
    """Cumulative product along an axis; of the flattened array if `axis` is None.

    >>> cumprod(Tensor([1.0, 2.0, 3.0]))
    Tensor([1., 2., 6.])
    """
    return np.cumprod(x, axis)


def _cumprod_rule(g: Value, out: Value, x: Value, axis: int | None) -> Value:
    # out[i] = x[0]...x[i], so x[k] receives x[0]...x[k-1] times s[k], where s[k] = g[k] + x[k+1] s[k+1]. That recurrence is
    # solved in steps of 1, 2, 4, ...: each doubles the number of terms that s has.
    if x.ndim == 0:
        return np.reshape(g, ())
    if axis is None:
        return np.reshape(_cumprod_rule(g, out, np.reshape(x, -1), 0), x.shape)
    axis %= x.ndim
    s, factor, step = g, _shift(x, axis, -1, 0.0), 1
    while step < x.shape[axis]:
        s = s + factor * _shift(s, axis, -step, 0.0)
        factor = factor * _shift(factor, axis, -step, 0.0)
        step *= 2
    return _shift(out, axis, 1, 1.0) * s


cumprod.rules(_cumprod_rule)


@op(complex=True, formulas=("upstream × the product of the others",))
def prod(
    x: Value,
    /,
    axis: Axis = None,
    *,
    keepdims: bool = False,
    where: ArrayLike = True,
    initial: ArrayLike | None = None,
    dtype: DTypeLike | None = None,
) -> Value:
    """Product; each factor receives the upstream gradient times the product of the others, also where some are 0.

    >>> prod(Tensor([2.0, 3.0, 4.0]))
    Tensor(24.0)
    """
    return np.prod(x, axis=axis, keepdims=keepdims)


def _prod_rule(g: Value, out: Value, x: Value, axis: Axis, keepdims: bool) -> Value:
    axes = _axes(x, axis)
    last = tuple(range(-len(axes), 0))
    moved = np.moveaxis(x, axes, last)
    rows = np.reshape(moved, (math.prod(moved.shape[: x.ndim - len(axes)]), _count(x, axis)))
    before = _shift(np.cumprod(rows, 1), 1, 1, 1.0)
    after = _shift(np.flip(np.cumprod(np.flip(rows, 1), 1), 1), 1, -1, 1.0)
    return restore_axes(g, x, axis, keepdims) * np.moveaxis(np.reshape(before * after, moved.shape), last, axes)


prod.rules(_prod_rule)


@op(complex=True, formulas=("cumulative sum of upstream from the end",))
def cumsum(x: Value, /, axis: int | None = None, *, dtype: DTypeLike | None = None) -> Value:
    """Cumulative sum along an axis; of the flattened array if `axis` is None.

    >>> cumsum(Tensor([1.0, 2.0, 3.0]))
    Tensor([1., 3., 6.])
    """
    return np.cumsum(x, axis)


cumsum.rules(lambda g, out, x, axis: np.reshape(np.flip(np.cumsum(np.flip(g, axis), axis), axis), x.shape))


# Results without a gradient: plain NumPy


@composed
def argmax(x: ArrayLike, axis: int | None = None, *, keepdims: bool = False) -> Value:
    """Index of the maximum, the first of several; a plain array, for an index has no gradient.

    >>> print(argmax(Tensor([1.0, 6.0, 2.0])))
    1
    """
    refuse_complex("argmax", x)
    return np.argmax(value_of(x), axis=axis, keepdims=keepdims)


@composed
def argmin(x: ArrayLike, axis: int | None = None, *, keepdims: bool = False) -> Value:
    """Index of the minimum, the first of several; a plain array, for an index has no gradient.

    >>> print(argmin(Tensor([1.0, 6.0, 2.0])))
    0
    """
    refuse_complex("argmin", x)
    return np.argmin(value_of(x), axis=axis, keepdims=keepdims)


@composed
def any(x: ArrayLike, axis: Axis = None, *, keepdims: bool = False, where: ArrayLike = True) -> Value:
    """True if any element is nonzero; a plain array.

    >>> print(any(Tensor([0.0, 2.0])))
    True
    """
    return np.any(value_of(x), axis=axis, keepdims=keepdims, where=value_of(where))


@composed
def all(x: ArrayLike, axis: Axis = None, *, keepdims: bool = False, where: ArrayLike = True) -> Value:
    """True if all elements are nonzero; a plain array.

    >>> print(all(Tensor([0.0, 2.0])))
    False
    """
    return np.all(value_of(x), axis=axis, keepdims=keepdims, where=value_of(where))
