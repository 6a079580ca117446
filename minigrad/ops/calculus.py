"""Differences, integrals and interpolation of sampled functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from minigrad.graph import ArrayLike, Value, value_of
from minigrad.operation import composed
from minigrad.ops.dtypes import of_one_kind
from minigrad.ops.elementwise import clip, floor, where
from minigrad.ops.indexing import getitem, take
from minigrad.ops.joining import concatenate
from minigrad.ops.reduce import sum
from minigrad.ops.shape import broadcast_to, reshape

if TYPE_CHECKING:
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
    v, points = np.asarray(value_of(x)), np.asarray(value_of(xp))
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
