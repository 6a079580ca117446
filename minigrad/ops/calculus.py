"""Differences, sums, integrals and interpolation of sampled functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from minigrad.graph import ArrayLike, Value, array_of, value_of
from minigrad.operation import composed, static_value
from minigrad.ops.dtypes import assigned, floats, of_one_kind, refuse_complex
from minigrad.ops.elementwise import add, clip, floor, multiply, where
from minigrad.ops.indexing import getitem, take
from minigrad.ops.joining import concatenate
from minigrad.ops.reduce import Axis, cumprod, cumsum, sum
from minigrad.ops.shape import atleast_1d, broadcast_to, ravel, reshape

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from minigrad.graph import Tensor


def _part(x: Value, axis: int, start: int | None, stop: int | None) -> Value:
    return getitem(x, (slice(None),) * axis + (slice(start, stop),))


@composed
def diff(
    x: ArrayLike, n: int = 1, axis: int = -1, prepend: ArrayLike | None = None, append: ArrayLike | None = None
) -> Tensor:
    """n-th discrete difference, x[i + 1] − x[i].

    >>> diff(Tensor([1.0, 3.0, 6.0]))
    Tensor([2., 3.])
    """
    shape = np.shape(x)
    if n < 0 or not shape:
        raise ValueError(f"needs an array and n of at least 0, got shape {shape} and n={n}")
    axis = normalize_axis_index(axis, len(shape), "diff")
    if n == 0:
        return broadcast_to(x, shape)
    parts = [_end(prepend, x, axis), x, _end(append, x, axis)]
    if prepend is not None or append is not None:
        x = concatenate([part for part in parts if part is not None], axis)
    for _ in range(n):
        x = _part(x, axis, 1, None) - _part(x, axis, None, -1)
    return cast("Tensor", x)


def _end(end: Value, x: Value, axis: int) -> Value:
    """The part to join to x: a scalar becomes one more element along the axis."""
    if end is None or np.ndim(end):
        return end
    shape = np.shape(x)
    return broadcast_to(of_one_kind(end, x)[0], (*shape[:axis], 1, *shape[axis + 1 :]))


@composed
def ediff1d(x: ArrayLike, to_end: ArrayLike | None = None, to_begin: ArrayLike | None = None) -> Tensor:
    """Differences of the flattened array, between the ends that are given.

    >>> ediff1d(Tensor([1.0, 3.0, 6.0]), to_begin=0.0)
    Tensor([0., 2., 3.])
    """
    x = ravel(x)
    ends = [None if end is None else ravel(assigned(end, x, "ends")) for end in (to_begin, to_end)]
    inner = diff(x) if np.size(x) else x
    parts = [part for part in (ends[0], inner, ends[1]) if part is not None]
    return concatenate(parts) if len(parts) > 1 else inner


@composed
def gradient(f: ArrayLike, *spacing: ArrayLike, axis: Axis = None, edge_order: int = 1) -> Any:
    """Slope of a sampled function along each axis: second-order central differences, one-sided ones at the ends.

    The spacing is a distance, or the coordinates of the samples; both may be tensors. Of several axes, a tuple.

    >>> gradient(Tensor([1.0, 2.0, 4.0, 7.0]), 2.0)
    Tensor([0.5 , 0.75, 1.25, 1.5 ])
    """
    shape = np.shape(f)
    axes = tuple(range(len(shape))) if axis is None else normalize_axis_tuple(axis, len(shape))
    if edge_order not in (1, 2):
        raise ValueError(f"edge_order is 1 or 2, got {edge_order}")
    if len(spacing) not in (0, 1, len(axes)) or (len(spacing) == 1 != len(axes) and np.ndim(spacing[0])):
        raise TypeError(f"needs no spacing, one distance, or a spacing for each of {len(axes)} axes, got {len(spacing)}")
    (f,) = floats(f)
    steps = spacing * len(axes) if len(spacing) == 1 else spacing or (1.0,) * len(axes)
    slopes = tuple(_slope(f, step, i, edge_order) for i, step in zip(axes, steps, strict=True))
    return slopes[0] if len(slopes) == 1 else slopes


def _slope(f: Value, step: Value, axis: int, edge_order: int) -> Tensor:
    """The slope along an axis, of samples at a distance or at coordinates."""
    size = np.shape(f)[axis]
    if size < edge_order + 1:
        raise ValueError(f"axis {axis} needs at least {edge_order + 1} samples, has {size}")
    if np.ndim(step) > 1 or (np.ndim(step) == 1 and np.size(step) != size):
        raise ValueError(f"the coordinates along axis {axis} must be a vector of length {size}, got shape {np.shape(step)}")
    gaps = reshape(diff(step), (-1, *(1,) * (np.ndim(f) - axis - 1))) if np.ndim(step) else None

    def gap(start: int | None, stop: int | None) -> Value:
        return step if gaps is None else getitem(gaps, slice(start, stop))

    rises = diff(f, axis=axis)
    first, last = _part(rises, axis, None, 1) / gap(None, 1), _part(rises, axis, -1, None) / gap(-1, None)
    if size == 2:
        return concatenate([first, last], axis)
    before, after = gap(None, -1), gap(1, None)
    left, right = _part(rises, axis, None, -1) / before, _part(rises, axis, 1, None) / after
    inner = (left * after + right * before) / (before + after)
    if edge_order == 2:  # the parabola through the last three samples
        first = first + (first - _part(right, axis, None, 1)) * (gap(None, 1) / (gap(None, 1) + gap(1, 2)))
        last = last + (last - _part(left, axis, -1, None)) * (gap(-1, None) / (gap(-2, -1) + gap(-1, None)))
    return concatenate([first, inner, last], axis)


@composed
def cumulative_sum(
    x: ArrayLike, *, axis: int | None = None, dtype: DTypeLike | None = None, include_initial: bool = False
) -> Tensor:
    """Cumulative sum, from 0 on if `include_initial` is true.

    >>> cumulative_sum(Tensor([1.0, 2.0]), include_initial=True)
    Tensor([0., 1., 3.])
    """
    return _running(cumsum, x, axis, dtype, include_initial, 0)


@composed
def cumulative_prod(
    x: ArrayLike, *, axis: int | None = None, dtype: DTypeLike | None = None, include_initial: bool = False
) -> Tensor:
    """Cumulative product, from 1 on if `include_initial` is true.

    >>> cumulative_prod(Tensor([2.0, 3.0]), include_initial=True)
    Tensor([1., 2., 6.])
    """
    return _running(cumprod, x, axis, dtype, include_initial, 1)


def _running(
    scan: Callable[..., Tensor], x: Value, axis: int | None, dtype: Any, include_initial: bool, initial: int
) -> Tensor:
    x = atleast_1d(x)
    shape = np.shape(x)
    if axis is None and len(shape) > 1:
        raise ValueError(f"shape {shape} has several axes; name one with axis=")
    axis = normalize_axis_index(axis or 0, len(shape))
    out = scan(x, axis, dtype=dtype)
    if not include_initial:
        return out
    start = np.full((*shape[:axis], 1, *shape[axis + 1 :]), initial, array_of(out).dtype)
    return concatenate([start, out], axis)


@composed
def unwrap(p: ArrayLike, discont: float | None = None, axis: int = -1, *, period: ArrayLike = 2 * np.pi) -> Tensor:
    """Remove jumps of more than half a period, by adding multiples of it; the period receives a gradient too.

    >>> print(np.round(unwrap(Tensor([0.0, 3.0, -3.0])).data, 4))
    [0.     3.     3.2832]
    """
    refuse_complex("unwrap", p)
    discont = static_value("discont", discont)
    v, width = array_of(p), value_of(period)
    turns = np.round((np.unwrap(v, discont, axis, period=width) - v) / width)
    return add(p, multiply(turns.astype(v.dtype), period))


@composed
def trapezoid(y: ArrayLike, x: ArrayLike | None = None, dx: ArrayLike = 1.0, axis: int = -1) -> Tensor:
    """Integral by the trapezoidal rule; the sample points receive gradients too.

    >>> trapezoid(Tensor([1.0, 2.0, 3.0]), dx=0.5)
    Tensor(2.0)
    """
    shape = np.shape(y)
    axis = normalize_axis_index(axis, len(shape), "trapezoid")
    if x is not None and np.shape(x)[-1 if np.ndim(x) == 1 else axis] != shape[axis]:
        raise ValueError(
            f"x of shape {np.shape(x)} does not give a point for each sample along axis {axis} of shape {shape}"
        )
    if x is None:
        width = dx
    elif np.ndim(x) == 1:
        width = reshape(diff(x), (-1, *(1,) * (len(shape) - axis - 1)))
    else:
        width = diff(x, axis=axis)
    between = _part(y, axis, 1, None) + _part(y, axis, None, -1)
    return sum(between * width / 2.0, axis)


@composed
def interp(
    x: ArrayLike,
    xp: ArrayLike,
    fp: ArrayLike,
    left: ArrayLike | None = None,
    right: ArrayLike | None = None,
    period: ArrayLike | None = None,
) -> Tensor:
    """Piecewise-linear interpolation; x, xp, fp and the period receive gradients.

    At a point of xp the slope is that of the segment to its right, at the last one that to its left; outside it is 0. xp
    must ascend, unless there is a period. `left` and `right` may be tensors, but ``np.interp`` does not look for them there.

    >>> x = Tensor([0.5, 1.5, 7.0])
    >>> y = interp(x, [0.0, 1.0, 2.0], [0.0, 10.0, 40.0])
    >>> y.backward([1.0, 1.0, 1.0])
    >>> print(y.data, x.grad)
    [ 5. 25. 40.] [10. 30.  0.]
    """
    if np.ndim(xp) != 1 or np.shape(xp) != np.shape(fp) or not np.size(xp):
        raise ValueError(f"xp and fp must be vectors of one length, not empty, got shapes {np.shape(xp)} and {np.shape(fp)}")
    if period is not None:
        x, xp, fp = _one_period(x, xp, fp, period)
        left = right = None
    v, points = array_of(x), array_of(xp)
    last = len(points) - 1
    i = np.clip(np.searchsorted(points, v, side="right") - 1, 0, max(last - 1, 0))
    before, after = (take(xp, j) for j in (i, np.minimum(i + 1, last)))
    low, high = (take(fp, j) for j in (i, np.minimum(i + 1, last)))
    inside = clip(x, points[0], points[-1])  # far outside, the line would overflow before it is left out
    gap = after - before
    result = low + (inside - before) / where(value_of(gap) == 0, 1.0, gap) * (high - low)
    result = where(v < points[0], getitem(fp, 0) if left is None else left, result)
    return where(v > points[-1], getitem(fp, -1) if right is None else right, result)


def _one_period(x: Value, xp: Value, fp: Value, period: Value) -> tuple[Any, Any, Any]:
    """Wrap x and the points into one period, sort the points, and add one of the next period on either side."""
    period = abs(period)
    if not value_of(period):
        raise ValueError("the period must not be 0")
    x, xp = (np.asarray(y) if isinstance(y, list | tuple) else y for y in (x, xp))
    x, xp = (y - floor(y / period) * period for y in (x, xp))
    order = np.argsort(value_of(xp), kind="stable")
    xp, fp = take(xp, order), take(fp, order)
    ends = getitem(xp, slice(-1, None)) - period, getitem(xp, slice(1)) + period
    return x, concatenate([ends[0], xp, ends[1]]), concatenate([getitem(fp, slice(-1, None)), fp, getitem(fp, slice(1))])
