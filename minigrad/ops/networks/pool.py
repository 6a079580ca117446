"""Pooling: one element for each window, in 1, 2 and 3 dimensions by the same code.

Average pooling and spreading its output back over the windows are adjoint. So are picking the maxima, once their positions
are known, and putting them back, which `unpool` does.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.fast import faster, pooling
from minigrad.graph import ArrayLike, Node, Value, array_of, value_of
from minigrad.operation import composed, op
from minigrad.ops.geometry import Geometry, Lengths, Sizes, by_axes, fit_windows, offsets
from minigrad.ops.networks.overlap import add_windows, put_back

if TYPE_CHECKING:
    from minigrad.graph import Tensor


def _windows(
    x: Value, n: int, kernel: Sizes, stride: Sizes | None, padding: Sizes, dilation: Sizes, ceil_mode: bool
) -> Geometry:
    shape = np.shape(value_of(x))
    check_rank(shape, n)
    geometry = fit_windows(shape, n, kernel, stride, padding, dilation, ceil_mode)
    for _, k, _, p, d, _ in geometry.axes():
        if 2 * p > d * (k - 1) + 1:
            pads = tuple([before for before, _ in geometry.padding])
            raise ValueError(
                f"padding {pads} is more than half of the window {geometry.kernel}, dilation {geometry.dilation}"
            )
    return geometry


def check_rank(shape: Lengths, n: int) -> None:
    """Refuse a shape that is not n axes after the channels, and perhaps a batch."""
    if len(shape) not in (n + 1, n + 2):
        axes = ("L", "H, W", "D, H, W")[n - 1]
        raise ValueError(f"x of shape {shape} is not (N, C, {axes}) or (C, {axes})")


# The maximum


@op(called=by_axes("max_pool"), formulas=("upstream to the maximum of each window, 0 elsewhere",))
def _max_pool(x: Value, /, geometry: Geometry) -> Value:
    """The maximum of each window."""
    return _maxima(x, geometry)


@faster(pooling.max_pool)
def _maxima(x: Value, geometry: Geometry) -> Value:
    lead = x.shape[: x.ndim - len(geometry.size)]
    kind = x.dtype.kind
    least = -np.inf if kind == "f" else False if kind == "b" else np.iinfo(x.dtype).min
    out = np.full(lead + geometry.out, least, x.dtype)
    for outputs, inputs in offsets(geometry):
        np.maximum(out[outputs], x[inputs], out=out[outputs])
    return out


def _first_maximum(x: Value, out: Value, geometry: Geometry) -> Value:
    """The index in each window of its first maximum: the number of elements before it, all smaller or padding."""
    smaller = np.ones(out.shape, bool)
    index = np.zeros(out.shape, np.min_scalar_type(geometry.elements))
    for outputs, inputs in offsets(geometry):
        smaller[outputs] &= x[inputs] < out[outputs]
        index += smaller
    return index


def _positions(index: Value, geometry: Geometry) -> Value:
    """Indices in windows as flat indices of the image."""
    start = within = np.zeros((), np.intp)
    for length, k, s, before, d, o in geometry.axes():
        start = start[..., None] * length + (np.arange(o) * s - before)
        within = within[..., None] * length + np.arange(k) * d
    position = within.ravel()[index]
    position += start
    return position


def on_planes(position: Value, planes: Lengths, room: int) -> Value:
    """Flat indices of each of many images, each with so much room, as flat indices of all of them together."""
    position += np.arange(0, math.prod(planes) * room, room).reshape(planes + (1,) * (position.ndim - len(planes)))
    return position


@faster(pooling.max_pool_gradient)
def _route(g: Value, x: Value, out: Value, geometry: Geometry) -> Value:
    """Give the gradient of each output to the first maximum of its window, where windows are disjoint."""
    gradient, waiting = np.zeros(x.shape, g.dtype), np.ones(out.shape, bool)
    for outputs, inputs in offsets(geometry):
        first = np.greater(waiting[outputs], x[inputs] < out[outputs])
        np.multiply(g[outputs], first, out=gradient[inputs])
        waiting[outputs] ^= first
    return gradient


def _max_pool_rule(g: Value, out: Value, x: Value, geometry: Geometry) -> Value:
    if geometry.disjoint and not isinstance(g, Node):  # the same without positions, in two thirds of the time
        return _route(g, x, out, geometry)
    position = _positions(_first_maximum(value_of(x), value_of(out), geometry), geometry)
    at = on_planes(position, x.shape[: x.ndim - len(geometry.size)], math.prod(geometry.size))
    return put_back(g, at, x.shape)


_max_pool.rules(_max_pool_rule)


def _max_pool_over(
    n: int,
    x: Value,
    kernel: Sizes,
    stride: Sizes | None,
    padding: Sizes,
    dilation: Sizes,
    ceil_mode: bool,
    return_indices: bool,
) -> Any:
    geometry = _windows(x, n, kernel, stride, padding, dilation, ceil_mode)
    for length, k, s, p, d, o in geometry.axes() if max(geometry.dilation) > 1 else ():
        if d > length and any(all(not 0 <= a - p + d * j < length for j in range(k)) for a in range(0, o * s, s)):
            raise ValueError(f"a window {geometry.kernel} with dilation {geometry.dilation} lies wholly in the padding")
    out = _max_pool(x, geometry=geometry)
    if not return_indices:
        return out
    return out, _positions(_first_maximum(array_of(x), value_of(out), geometry), geometry)


@composed
def max_pool2d(
    x: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Max pooling of (N, C, H, W) or (C, H, W).

    The maximum of a window receives its upstream gradient, of equals the first; in a window with a nan,
    the first element does. Where windows overlap the gradients add up.

    Parameters
    ----------
    padding : int or tuple of int
        On both sides, at most half of the window; it is -inf, never the maximum.
    ceil_mode : bool
        Round the size up: the last window may reach beyond the end if it starts inside x or the padding before it.
    return_indices : bool
        Return also the flat indices of the maxima in their image, as `max_unpool2d` takes them.

    Examples
    --------
    >>> x = Tensor([[[1.0, 5.0, 2.0, 2.0], [3.0, 4.0, 2.0, 2.0]]])
    >>> out = max_pool2d(x, 2)
    >>> out
    Tensor([[[5., 2.]]])
    >>> out.sum().backward()
    >>> print(x.grad)
    [[[0. 1. 1. 0.]
      [0. 0. 0. 0.]]]
    """
    return _max_pool_over(2, x, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


@composed
def max_pool1d(
    x: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """As `max_pool2d`, over one axis.

    >>> max_pool1d(Tensor([[1.0, 3.0, 2.0, 5.0]]), 2)
    Tensor([[3., 5.]])
    """
    return _max_pool_over(1, x, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


@composed
def max_pool3d(
    x: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """As `max_pool2d`, over three axes.

    >>> max_pool3d(Tensor(np.arange(8.0).reshape(1, 2, 2, 2)), 2)
    Tensor([[[[7.]]]])
    """
    return _max_pool_over(3, x, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


# The mean


@op(called=by_axes("avg_pool"), hidden=("divisor",), formulas=("upstream spread evenly over each window",))
def _avg_pool(x: Value, /, geometry: Geometry, divisor: Value) -> Value:
    """The sum of each window, over a divisor."""
    lead = x.shape[: x.ndim - len(geometry.size)]
    dtype = x.dtype if x.dtype.kind == "f" else np.dtype(np.float64)
    out = np.zeros(lead + geometry.out, _sums(dtype))
    for outputs, inputs in offsets(geometry):
        out[outputs] += x[inputs]
    out /= divisor
    return out.astype(dtype, copy=False)


def _sums(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype of a sum over a window: float16 cannot hold that of a large one, nor its number of elements."""
    return np.result_type(dtype, np.float32)


@op(hidden=("divisor",))
def _avg_unpool(g: Value, /, geometry: Geometry, divisor: Value) -> Value:
    """Each element over a divisor, added to all of its window."""
    share = (g.astype(_sums(g.dtype), copy=False) / divisor).astype(g.dtype, copy=False)
    return add_windows([share] * geometry.elements, geometry)


_avg_pool.rules(lambda g, out, x, geometry, divisor: _avg_unpool(g, geometry, divisor))
_avg_unpool.rules(lambda g, out, x, geometry, divisor: _avg_pool(g, geometry, divisor))


def _divisor(geometry: Geometry, count_include_pad: bool) -> Value:
    """The number of elements of each window, with the padding or without; one number if it is the same for all."""
    counts = np.ones((), np.intp)
    for length, k, s, before, _, o in geometry.axes():
        # The padding that ceil_mode adds after the end is never counted.
        margin = before if count_include_pad else 0
        start = np.arange(o) * s - before
        counts = counts[..., None] * (np.minimum(start + k, length + margin) - np.maximum(start, -margin))
    return float(geometry.elements) if np.all(counts == geometry.elements) else counts


def _avg_pool_over(
    n: int,
    x: Value,
    kernel: Sizes,
    stride: Sizes | None,
    padding: Sizes,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: float | None,
) -> Tensor:
    geometry = _windows(x, n, kernel, stride, padding, 1, ceil_mode)
    if divisor_override == 0:
        raise ValueError("divisor_override must not be 0")
    return _avg_pool(x, geometry=geometry, divisor=divisor_override or _divisor(geometry, count_include_pad))


@composed
def avg_pool2d(
    x: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: float | None = None,
) -> Tensor:
    """Average pooling of (N, C, H, W) or (C, H, W).

    Each of the n elements of a window receives 1/n of its upstream gradient.

    Parameters
    ----------
    padding, ceil_mode
        As for `max_pool2d`, but padding is 0. What `ceil_mode` adds beyond it is not counted.
    count_include_pad : bool
        Whether n counts the padding.
    divisor_override : float, optional
        Divide by this instead of n.

    Examples
    --------
    >>> avg_pool2d(Tensor([[[1.0, 5.0, 2.0, 2.0], [3.0, 3.0, 2.0, 2.0]]]), 2)
    Tensor([[[3., 2.]]])
    """
    return _avg_pool_over(2, x, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


@composed
def avg_pool1d(
    x: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: float | None = None,
) -> Tensor:
    """As `avg_pool2d`, over one axis.

    >>> avg_pool1d(Tensor([[1.0, 3.0, 2.0, 6.0]]), 2)
    Tensor([[2., 4.]])
    """
    return _avg_pool_over(1, x, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


@composed
def avg_pool3d(
    x: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: float | None = None,
) -> Tensor:
    """As `avg_pool2d`, over three axes.

    >>> avg_pool3d(Tensor(np.arange(8.0).reshape(1, 2, 2, 2)), 2)
    Tensor([[[[3.5]]]])
    """
    return _avg_pool_over(3, x, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
