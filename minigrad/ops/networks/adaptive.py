"""Pooling to a given size, whatever the size of the image.

Output i of O pools the elements from floor(i L / O) up to, but without, ceil((i + 1) L / O). If O divides L the windows are
equal and disjoint; else their lengths differ by one, and they may overlap.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.graph import ArrayLike, Value, array_of, value_of
from minigrad.operation import composed, op
from minigrad.ops.geometry import Lengths, sizes
from minigrad.ops.networks.band import Band
from minigrad.ops.networks.overlap import put_back
from minigrad.ops.networks.pool import avg_pool1d, avg_pool2d, avg_pool3d, check_rank, on_planes
from minigrad.ops.reduce import mean

if TYPE_CHECKING:
    from minigrad.graph import Tensor

OutputSize = int | Sequence[int | None] | None


def _new_size(shape: Lengths, n: int, output_size: OutputSize) -> Lengths:
    check_rank(shape, n)
    old = shape[-n:]
    if 0 in old:
        raise ValueError(f"x of shape {shape} has nothing to pool")
    if isinstance(output_size, Sequence) and len(output_size) == n:
        output_size = [length if o is None else o for o, length in zip(output_size, old, strict=True)]
    return sizes("output_size", old if output_size is None else output_size, n)  # type: ignore[arg-type]


def bounds(old: int, new: int) -> tuple[Value, Value]:
    """The start and the end of each window."""
    i = np.arange(new)
    return i * old // new, -(-(i + 1) * old // new)


# The mean


@op(called=lambda values, static: f"adaptive_avg_pool{len(static['size'])}d", hidden=("size",))
def _mean_to(x: Value, /, size: Lengths) -> Value:
    """The mean of each window."""
    dtype = x.dtype if x.dtype.kind == "f" else np.dtype(np.float64)
    x = x.astype(np.result_type(dtype, np.float32), copy=False)  # in half precision a window's sum could be infinite
    for axis, length in enumerate(size, x.ndim - len(size)):
        band, counts = _windows_of(x.shape[axis], length)
        x = band.times(x, axis) / _beside(counts, x, axis)
    return x.astype(dtype, copy=False)


@op(hidden=("size",))
def _mean_to_adjoint(g: Value, /, size: Lengths) -> Value:
    """Each element over the length of its window, added to all of the window."""
    for axis, length in enumerate(size, g.ndim - len(size)):
        band, counts = _windows_of(length, g.shape[axis])
        g = band.transpose_times(g / _beside(counts, g, axis), axis)
    return g


_mean_to.rules(lambda g, out, x, size: _mean_to_adjoint(g, x.shape[-len(size) :]))
_mean_to_adjoint.rules(lambda g, out, y, size: _mean_to(g, y.shape[-len(size) :]))


def _windows_of(old: int, new: int) -> tuple[Band, Value]:
    """A matrix that adds up each window, and the windows' lengths."""
    start, end = bounds(old, new)
    longest = int(np.max(end - start, initial=1))
    first = np.minimum(start, old - longest)
    columns = first[:, None] + np.arange(longest)
    inside = (columns >= start[:, None]) & (columns < end[:, None])
    return Band(first, inside.astype(float), old), end - start


def _beside(counts: Value, x: Value, axis: int) -> Value:
    """The counts in x's dtype, to broadcast beside it."""
    return counts.astype(x.dtype).reshape((-1,) + (1,) * (x.ndim - axis - 1))


def _adaptive_avg_pool(n: int, x: Value, output_size: OutputSize) -> Tensor:
    shape = np.shape(value_of(x))
    new = _new_size(shape, n, output_size)
    if max(new) == 1:
        return mean(x, axis=tuple(range(-n, 0)), keepdims=True)
    if all(length % o == 0 for length, o in zip(shape[-n:], new, strict=True)):
        kernel = [length // o for length, o in zip(shape[-n:], new, strict=True)]
        return (avg_pool1d, avg_pool2d, avg_pool3d)[n - 1](x, kernel)
    return _mean_to(x, size=new)


@composed
def adaptive_avg_pool2d(x: ArrayLike, output_size: OutputSize) -> Tensor:
    """Average pooling of (N, C, H, W) or (C, H, W) to `output_size`, (OH, OW); it may be larger than (H, W).

    Where None stands for a size, x keeps its own.

    >>> adaptive_avg_pool2d(Tensor([[[1.0, 2.0, 3.0]]]), (1, 2))
    Tensor([[[1.5, 2.5]]])
    """
    return _adaptive_avg_pool(2, x, output_size)


@composed
def adaptive_avg_pool1d(x: ArrayLike, output_size: OutputSize) -> Tensor:
    """As `adaptive_avg_pool2d`, over one axis.

    >>> adaptive_avg_pool1d(Tensor([[1.0, 3.0, 2.0, 6.0]]), 2)
    Tensor([[2., 4.]])
    """
    return _adaptive_avg_pool(1, x, output_size)


@composed
def adaptive_avg_pool3d(x: ArrayLike, output_size: OutputSize) -> Tensor:
    """As `adaptive_avg_pool2d`, over three axes.

    >>> adaptive_avg_pool3d(Tensor(np.arange(8.0).reshape(1, 2, 2, 2)), 1)
    Tensor([[[[3.5]]]])
    """
    return _adaptive_avg_pool(3, x, output_size)


# The maximum


@op(called=lambda values, static: f"adaptive_max_pool{len(static['size'])}d", hidden=("at", "size"))
def _max_to(x: Value, /, at: Value, size: Lengths) -> Value:
    """The maxima of windows, at their flat indices."""
    return np.take(x, at)


_max_to.rules(lambda g, out, x, at, size: put_back(g, at, x.shape))


def _windows(old: int, new: int) -> Value:
    """The indices of each window's elements, new x longest; a shorter window repeats its last."""
    start, end = bounds(old, new)
    indices = start[:, None] + np.arange(np.max(end - start))
    return np.minimum(indices, end[:, None] - 1)


def _adaptive_max_pool(n: int, x: Value, output_size: OutputSize, return_indices: bool) -> Any:
    values = array_of(x)
    lead, old = values.shape[:-n], values.shape[-n:]
    new = _new_size(values.shape, n, output_size)
    # The flat indices of each window's elements in its image: outputs x elements, both in C order.
    windows = np.zeros((1, 1), np.intp)
    for length, o in zip(old, new, strict=True):
        grid = windows[:, None, :, None] * length + _windows(length, o)[None, :, None, :]
        windows = grid.reshape(len(windows) * o, -1)
    images = values.reshape(math.prod(lead), math.prod(old))
    largest = np.argmax(images[:, windows], axis=-1)
    chosen = windows[np.arange(len(windows)), largest].reshape(lead + new)
    out = _max_to(x, at=on_planes(chosen.copy(), lead, images.shape[1]), size=new)
    return (out, chosen) if return_indices else out


@composed
def adaptive_max_pool2d(x: ArrayLike, output_size: OutputSize, return_indices: bool = False) -> Any:
    """Max pooling to `output_size`, in the windows of `adaptive_avg_pool2d`; of equals, the first receives the gradient.

    With `return_indices` it returns also the flat indices of the maxima in their image.

    >>> adaptive_max_pool2d(Tensor([[[1.0, 2.0, 3.0]]]), (1, 2))
    Tensor([[[2., 3.]]])
    """
    return _adaptive_max_pool(2, x, output_size, return_indices)


@composed
def adaptive_max_pool1d(x: ArrayLike, output_size: OutputSize, return_indices: bool = False) -> Any:
    """As `adaptive_max_pool2d`, over one axis.

    >>> adaptive_max_pool1d(Tensor([[1.0, 3.0, 2.0, 6.0]]), 2)
    Tensor([[3., 6.]])
    """
    return _adaptive_max_pool(1, x, output_size, return_indices)


@composed
def adaptive_max_pool3d(x: ArrayLike, output_size: OutputSize, return_indices: bool = False) -> Any:
    """As `adaptive_max_pool2d`, over three axes.

    >>> adaptive_max_pool3d(Tensor(np.arange(8.0).reshape(1, 2, 2, 2)), 1)
    Tensor([[[[7.]]]])
    """
    return _adaptive_max_pool(3, x, output_size, return_indices)


# Whole channels


def _spatial_axes(x: Value) -> int:
    shape = np.shape(value_of(x))
    if len(shape) not in (3, 4, 5):
        raise ValueError(f"x of shape {shape} is not (N, C) and 1 to 3 more axes")
    return len(shape) - 2


@composed
def global_avg_pool(x: ArrayLike) -> Tensor:
    """Mean of each channel of (N, C, ...), with axes of length 1 in place of 1 to 3 spatial ones.

    >>> global_avg_pool(Tensor([[[1.0, 2.0, 6.0]]]))
    Tensor([[[3.]]])
    """
    return _adaptive_avg_pool(_spatial_axes(x), x, 1)


@composed
def global_max_pool(x: ArrayLike) -> Tensor:
    """Maximum of each channel, in the shape of `global_avg_pool`; of equals, the first receives the gradient.

    >>> global_max_pool(Tensor([[[1.0, 2.0, 6.0]]]))
    Tensor([[[6.]]])
    """
    out: Tensor = _adaptive_max_pool(_spatial_axes(x), x, 1, False)
    return out
