"""Pooling: one number for each window, in 1, 2 and 3 dimensions by the same code.

Average pooling and its spreading back are each other's adjoints. So are, once it is known where in each window the largest
number was, collecting these numbers and giving back to them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.graph import Node, Value, value_of
from minigrad.operation import op
from minigrad.ops.networks.window import Sizes, Windows, documented_like, offsets, sizes, slide
from minigrad.ops.shape import ravel


def _windows(
    who: str, x: Value, n: int, kernel: Sizes, stride: Sizes | None, padding: Sizes, dilation: Sizes, ceil_mode: bool
) -> Windows:
    shape = np.shape(value_of(x))
    check_rank(who, shape, n)
    w = slide(who, shape, n, kernel, kernel if stride is None else stride, padding, dilation, ceil_mode)
    if any(2 * p > d * (k - 1) + 1 for p, d, k in zip(w.padding, w.dilation, w.kernel, strict=True)):
        raise ValueError(f"{who}: padding {w.padding} is more than half of the window {w.kernel}, dilation {w.dilation}")
    return w


def check_rank(who: str, shape: tuple[int, ...], n: int) -> None:
    """Refuse a shape that is not n axes after the channels, and perhaps a batch."""
    if len(shape) not in (n + 1, n + 2):
        axes = ("L", "H, W", "D, H, W")[n - 1]
        raise ValueError(f"{who}: x of shape {shape} is not (N, C, {axes}) or (C, {axes})")


# The largest number


@op()
def _max_pool(x: Value, /, windows: Windows) -> Value:
    """Largest number of each window."""
    lead = x.shape[: x.ndim - len(windows.out)]
    kind = x.dtype.kind
    least = -np.inf if kind == "f" else False if kind == "b" else np.iinfo(x.dtype).min
    out = np.full(lead + windows.out, least, x.dtype)
    for outputs, inputs in offsets(windows):
        np.maximum(out[outputs], x[inputs], out=out[outputs])
    return out


def _largest(x: Value, out: Value, windows: Windows) -> Value:
    """Which place of each window holds its first maximum: the number of places before it, all smaller or padding."""
    smaller = np.ones(out.shape, bool)
    place = np.zeros(out.shape, np.min_scalar_type(windows.places))
    for outputs, inputs in offsets(windows):
        smaller[outputs] &= x[inputs] < out[outputs]
        place += smaller
    return place


@op()
def collect(x: Value, /, at: Value) -> Value:
    """The numbers at positions in the flattened x."""
    return np.take(x, at)


@op()
def _put_back(g: Value, /, at: Value, shape: tuple[int, ...]) -> Value:
    """Zeros, with g added at positions in the flattened result."""
    x = np.zeros(math.prod(shape), g.dtype)
    np.add.at(x, at.ravel(), g.ravel())  # along one axis NumPy does this at the speed of a copy
    return x.reshape(shape)


collect.rules(lambda g, out, x, at: _put_back(g, at, x.shape))
_put_back.rules(lambda g, out, x, at, shape: collect(g, at))


def _positions(place: Value, windows: Windows) -> Value:
    """Places in windows as positions in the flattened image."""
    start = inside = np.zeros((), np.intp)
    for length, k, s, p, d, o in zip(*windows, strict=True):
        start = start[..., None] * length + (np.arange(o) * s - p)
        inside = inside[..., None] * length + np.arange(k) * d
    position = inside.ravel()[place]
    position += start
    return position


def on_planes(position: Value, planes: tuple[int, ...], room: int) -> Value:
    """Positions in each of many images, each of so much room, as positions in all of them flattened."""
    position += np.arange(0, math.prod(planes) * room, room).reshape(planes + (1,) * (position.ndim - len(planes)))
    return position


def _route(g: Value, x: Value, out: Value, windows: Windows) -> Value:
    """Give each output's g to the first maximum of its window, where no number lies in two windows."""
    gradient, waiting = np.zeros(x.shape, g.dtype), np.ones(out.shape, bool)
    for outputs, inputs in offsets(windows):
        first = np.greater(waiting[outputs], x[inputs] < out[outputs])
        np.multiply(g[outputs], first, out=gradient[inputs])
        waiting[outputs] ^= first
    return gradient


def _max_pool_rule(g: Value, out: Value, x: Value, windows: Windows) -> Value:
    if windows.disjoint and not isinstance(g, Node):  # the same without positions, in two thirds of the time
        return _route(g, x, out, windows)
    position = _positions(_largest(value_of(x), value_of(out), windows), windows)
    at = on_planes(position, x.shape[: x.ndim - len(windows.size)], math.prod(windows.size))
    return _put_back(g, at, x.shape)


_max_pool.rules(_max_pool_rule)


def _max_pool_over(
    who: str, n: int, x: Value, kernel: Sizes, stride: Sizes | None, padding: Sizes, dilation: Sizes, ceil_mode: bool,
    return_indices: bool,
) -> Any:  # fmt: skip
    windows = _windows(who, x, n, kernel, stride, padding, dilation, ceil_mode)
    for length, k, s, p, d, o in zip(*windows, strict=True):
        if d > length and any(all(not 0 <= a - p + d * j < length for j in range(k)) for a in range(0, o * s, s)):
            raise ValueError(f"{who}: a window {windows.kernel} with dilation {windows.dilation} lies wholly in the padding")
    out = _max_pool(x, windows=windows)
    if not return_indices:
        return out
    return out, _positions(_largest(np.asarray(value_of(x)), value_of(out), windows), windows)


def max_pool2d(
    x: Value, kernel_size: Sizes, stride: Sizes | None = None, padding: Sizes = 0, dilation: Sizes = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """Largest number of each window. It receives all of the window's upstream gradient; of equals, the first does.

    What several windows give to one number adds up. Where a window holds a nan, its first number receives the gradient.

    Parameters
    ----------
    x : Tensor or array_like
        Shape (N, C, H, W) or (C, H, W).
    kernel_size : int or tuple of int
        The window (KH, KW).
    stride : int or tuple of int, optional
        Between windows; the kernel size if left out.
    padding : int or tuple of int
        On both sides, at most half of the window; padding is -inf, so that it is never the largest.
    dilation : int or tuple of int
        Between the numbers of a window.
    ceil_mode : bool
        Round the size up: a last window may hang over the end, if it starts inside x or the padding before it.
    return_indices : bool
        Give the positions of the maxima too, in the flattened image, as `max_unpool2d` takes them.

    Returns
    -------
    Tensor, or (Tensor, numpy.ndarray)
        Shape (N, C, OH, OW). An axis of length L with windows of K becomes
        floor((L + 2 padding - dilation (K - 1) - 1) / stride) + 1.

    Raises
    ------
    ValueError
        If x has another number of axes, or the window does not fit.

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
    return _max_pool_over("max_pool2d", 2, x, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


@documented_like(max_pool2d, 1)
def max_pool1d(
    x: Value, kernel_size: Sizes, stride: Sizes | None = None, padding: Sizes = 0, dilation: Sizes = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """Largest number of each window, over one axis; of equals, the first receives the gradient.

    Examples
    --------
    >>> max_pool1d(Tensor([[1.0, 3.0, 2.0, 5.0]]), 2)
    Tensor([[3., 5.]])
    """
    return _max_pool_over("max_pool1d", 1, x, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


@documented_like(max_pool2d, 3)
def max_pool3d(
    x: Value, kernel_size: Sizes, stride: Sizes | None = None, padding: Sizes = 0, dilation: Sizes = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """Largest number of each window, over three axes; of equals, the first receives the gradient.

    Examples
    --------
    >>> max_pool3d(Tensor(np.arange(8.0).reshape(1, 2, 2, 2)), 2)
    Tensor([[[[7.]]]])
    """
    return _max_pool_over("max_pool3d", 3, x, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def _max_unpool(
    who: str, n: int, x: Value, indices: Value, kernel: Sizes, stride: Sizes | None, padding: Sizes,
    output_size: Sizes | None,
) -> Value:  # fmt: skip
    shape, where = np.shape(value_of(x)), np.asarray(value_of(indices))
    check_rank(who, shape, n)
    if where.shape != shape or (where.dtype.kind not in "iu" and where.size):
        raise ValueError(f"{who}: indices must be integers of x's shape {shape}, got {where.dtype} of shape {where.shape}")
    if output_size is None:
        k, p = sizes(who, "kernel_size", kernel, n), sizes(who, "padding", padding, n, 0)
        s = sizes(who, "stride", kernel if stride is None else stride, n)
        output_size = [(o - 1) * s - 2 * p + k for o, s, p, k in zip(shape[-n:], s, p, k, strict=True)]
    size = sizes(who, "output_size", output_size[-n:] if isinstance(output_size, Sequence) else output_size, n)
    room, planes = math.prod(size), math.prod(shape[:-n])
    if where.size and not 0 <= where.min() <= where.max() < room:
        bad = where.min() if where.min() < 0 else where.max()
        raise IndexError(f"{who}: index {bad} is out of range for an image of shape {size}, which holds {room} numbers")
    at = on_planes(where.astype(np.intp), shape[:-n], room).ravel()
    x, order = ravel(x), np.arange(at.size)
    last = np.zeros(planes * room, np.intp)
    last[at] = order
    stands = last[at] == order
    if not stands.all():
        x, at = x[stands], at[stands]
    return _put_back(x, at=at, shape=shape[:-n] + size)


def max_unpool2d(
    x: Value, indices: Value, kernel_size: Sizes, stride: Sizes | None = None, padding: Sizes = 0,
    output_size: Sizes | None = None,
) -> Value:  # fmt: skip
    """Maxima put back where they came from, and 0 elsewhere. Where positions meet, the last number stands.

    Parameters
    ----------
    x : Tensor or array_like
        Shape (N, C, OH, OW) or (C, OH, OW), as from `max_pool2d`.
    indices : array of int
        Of x's shape: the positions that ``max_pool2d(..., return_indices=True)`` gave.
    kernel_size, stride, padding : int or tuple of int
        As they were given to `max_pool2d`.
    output_size : int or tuple of int, optional
        The image's (H, W), where several would pool to x's size; a whole shape will do.

    Returns
    -------
    Tensor
        Shape (N, C, H, W). If `output_size` is left out, an axis of length O, from windows of K, becomes
        (O - 1) stride - 2 padding + K.

    Raises
    ------
    ValueError
        If x and the indices differ in shape.
    IndexError
        If an index lies outside the image.

    Examples
    --------
    >>> out, where = max_pool2d(Tensor([[[1.0, 5.0], [3.0, 4.0]]]), 2, return_indices=True)
    >>> max_unpool2d(out, where, 2)
    Tensor([[[0., 5.],
             [0., 0.]]])
    """
    return _max_unpool("max_unpool2d", 2, x, indices, kernel_size, stride, padding, output_size)


@documented_like(max_unpool2d, 1)
def max_unpool1d(
    x: Value, indices: Value, kernel_size: Sizes, stride: Sizes | None = None, padding: Sizes = 0,
    output_size: Sizes | None = None,
) -> Value:  # fmt: skip
    """Maxima put back where they came from, over one axis, and 0 elsewhere.

    Examples
    --------
    >>> max_unpool1d(Tensor([[3.0, 5.0]]), [[1, 3]], 2)
    Tensor([[0., 3., 0., 5.]])
    """
    return _max_unpool("max_unpool1d", 1, x, indices, kernel_size, stride, padding, output_size)


@documented_like(max_unpool2d, 3)
def max_unpool3d(
    x: Value, indices: Value, kernel_size: Sizes, stride: Sizes | None = None, padding: Sizes = 0,
    output_size: Sizes | None = None,
) -> Value:  # fmt: skip
    """Maxima put back where they came from, over three axes, and 0 elsewhere.

    Examples
    --------
    >>> max_unpool3d(Tensor(np.ones((1, 1, 1, 1))), np.zeros((1, 1, 1, 1), int), (1, 1, 2))
    Tensor([[[[1., 0.]]]])
    """
    return _max_unpool("max_unpool3d", 3, x, indices, kernel_size, stride, padding, output_size)


# The mean


@op()
def _avg_pool(x: Value, /, windows: Windows, divisor: Value) -> Value:
    """Sum of each window, over a divisor."""
    lead = x.shape[: x.ndim - len(windows.out)]
    out = np.zeros(lead + windows.out, x.dtype if x.dtype.kind == "f" else np.float64)
    for outputs, inputs in offsets(windows):
        out[outputs] += x[inputs]
    out /= divisor
    return out


@op()
def _avg_unpool(g: Value, /, windows: Windows, divisor: Value) -> Value:
    """Each number over a divisor, added to all of its window."""
    share = (g / divisor).astype(g.dtype, copy=False)
    x = np.zeros(g.shape[: g.ndim - len(windows.size)] + windows.size, g.dtype)
    for outputs, inputs in offsets(windows):
        if windows.disjoint:
            x[inputs] = share[outputs]
        else:
            x[inputs] += share[outputs]
    return x


_avg_pool.rules(lambda g, out, x, windows, divisor: _avg_unpool(g, windows, divisor))
_avg_unpool.rules(lambda g, out, x, windows, divisor: _avg_pool(g, windows, divisor))


def _divisor(windows: Windows, count_include_pad: bool) -> Value:
    """How many numbers each window holds, with the padding or without; one number if it is the same for all."""
    padded = any(windows.padding) if not count_include_pad else False
    counts = np.ones((), np.intp)
    for length, k, s, p, _, o in zip(*windows, strict=True):
        margin = p if count_include_pad else 0
        start = np.arange(o) * s - p
        inside = np.minimum(start + k, length + margin) - np.maximum(start, -margin)
        padded = padded or bool(inside[-1] != k)
        counts = counts[..., None] * inside
    return counts if padded else float(windows.places)


def _avg_pool_over(
    who: str, n: int, x: Value, kernel: Sizes, stride: Sizes | None, padding: Sizes, ceil_mode: bool,
    count_include_pad: bool, divisor_override: float | None,
) -> Value:  # fmt: skip
    windows = _windows(who, x, n, kernel, stride, padding, 1, ceil_mode)
    if divisor_override == 0:
        raise ValueError(f"{who}: divisor_override must not be 0")
    return _avg_pool(x, windows=windows, divisor=divisor_override or _divisor(windows, count_include_pad))


def avg_pool2d(
    x: Value, kernel_size: Sizes, stride: Sizes | None = None, padding: Sizes = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: float | None = None,
) -> Value:  # fmt: skip
    """Mean of each window; each of its n numbers receives 1/n of the window's upstream gradient.

    Parameters
    ----------
    x : Tensor or array_like
        Shape (N, C, H, W) or (C, H, W).
    kernel_size : int or tuple of int
        The window (KH, KW).
    stride : int or tuple of int, optional
        Between windows; the kernel size if left out.
    padding : int or tuple of int
        Zeros on both sides, at most half of the window.
    ceil_mode : bool
        Round the size up: a last window may hang over the end, if it starts inside x or the padding before it. What hangs
        over the padding is not counted.
    count_include_pad : bool
        Whether n counts the padding.
    divisor_override : float, optional
        Divide by this instead of n.

    Returns
    -------
    Tensor
        Shape (N, C, OH, OW). An axis of length L with windows of K becomes floor((L + 2 padding - K) / stride) + 1.

    Raises
    ------
    ValueError
        If x has another number of axes, or the window does not fit.

    Examples
    --------
    >>> avg_pool2d(Tensor([[[1.0, 5.0, 2.0, 2.0], [3.0, 3.0, 2.0, 2.0]]]), 2)
    Tensor([[[3., 2.]]])
    """
    return _avg_pool_over(
        "avg_pool2d", 2, x, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )  # fmt: skip


@documented_like(avg_pool2d, 1)
def avg_pool1d(
    x: Value, kernel_size: Sizes, stride: Sizes | None = None, padding: Sizes = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: float | None = None,
) -> Value:  # fmt: skip
    """Mean of each window, over one axis.

    Examples
    --------
    >>> avg_pool1d(Tensor([[1.0, 3.0, 2.0, 6.0]]), 2)
    Tensor([[2., 4.]])
    """
    return _avg_pool_over(
        "avg_pool1d", 1, x, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )  # fmt: skip


@documented_like(avg_pool2d, 3)
def avg_pool3d(
    x: Value, kernel_size: Sizes, stride: Sizes | None = None, padding: Sizes = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: float | None = None,
) -> Value:  # fmt: skip
    """Mean of each window, over three axes.

    Examples
    --------
    >>> avg_pool3d(Tensor(np.arange(8.0).reshape(1, 2, 2, 2)), 2)
    Tensor([[[[3.5]]]])
    """
    return _avg_pool_over(
        "avg_pool3d", 3, x, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )  # fmt: skip
