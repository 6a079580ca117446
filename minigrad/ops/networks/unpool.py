"""Max unpooling: maxima put back where pooling found them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from minigrad.graph import ArrayLike, Value, array_of, value_of
from minigrad.operation import composed
from minigrad.ops.geometry import Sizes, least_size, sizes
from minigrad.ops.networks.overlap import put_back
from minigrad.ops.networks.pool import check_rank, on_planes
from minigrad.ops.shape import ravel

if TYPE_CHECKING:
    from minigrad.graph import Tensor


def _max_unpool(
    n: int, x: Value, indices: Value, kernel: Sizes, stride: Sizes | None, padding: Sizes, output_size: Sizes | None
) -> Tensor:
    shape, at = np.shape(value_of(x)), array_of(indices)
    check_rank(shape, n)
    if at.shape != shape or (at.dtype.kind not in "iu" and at.size):
        raise ValueError(f"indices must be integers of x's shape {shape}, got {at.dtype} of shape {at.shape}")
    if output_size is None:
        k, p = sizes("kernel_size", kernel, n), sizes("padding", padding, n, 0)
        s = sizes("stride", kernel if stride is None else stride, n)
        output_size = least_size(shape[-n:], k, s, p, (1,) * n)
    size = sizes("output_size", output_size[-n:] if isinstance(output_size, Sequence) else output_size, n)
    room, planes = math.prod(size), math.prod(shape[:-n])
    if at.size and not 0 <= at.min() <= at.max() < room:
        bad = at.min() if at.min() < 0 else at.max()
        raise IndexError(f"index {bad} is out of range for an image of shape {size}, which has {room} elements")
    at = on_planes(at.astype(np.intp), shape[:-n], room).ravel()
    x, order = ravel(x), np.arange(at.size)
    last = np.zeros(planes * room, np.intp)
    last[at] = order
    stays = last[at] == order
    if not stays.all():
        x, at = x[stays], at[stays]
    return put_back(x, at, shape[:-n] + size)


@composed
def max_unpool2d(
    x: ArrayLike,
    indices: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    output_size: Sizes | None = None,
) -> Tensor:
    """Put maxima back where `max_pool2d` found them, with 0 elsewhere; where indices repeat, the last element stays.

    Parameters
    ----------
    indices : array of int
        What ``max_pool2d(..., return_indices=True)`` returned.
    kernel_size, stride, padding : int or tuple of int
        As they were given to `max_pool2d`.
    output_size : int or tuple of int, optional
        (H, W), or the whole shape; if omitted, an axis of length O becomes (O - 1) stride - 2 padding + K.

    Examples
    --------
    >>> out, indices = max_pool2d(Tensor([[[1.0, 5.0], [3.0, 4.0]]]), 2, return_indices=True)
    >>> max_unpool2d(out, indices, 2)
    Tensor([[[0., 5.],
             [0., 0.]]])
    """
    return _max_unpool(2, x, indices, kernel_size, stride, padding, output_size)


@composed
def max_unpool1d(
    x: ArrayLike,
    indices: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    output_size: Sizes | None = None,
) -> Tensor:
    """As `max_unpool2d`, over one axis.

    >>> max_unpool1d(Tensor([[3.0, 5.0]]), [[1, 3]], 2)
    Tensor([[0., 3., 0., 5.]])
    """
    return _max_unpool(1, x, indices, kernel_size, stride, padding, output_size)


@composed
def max_unpool3d(
    x: ArrayLike,
    indices: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    output_size: Sizes | None = None,
) -> Tensor:
    """As `max_unpool2d`, over three axes.

    >>> max_unpool3d(Tensor(np.ones((1, 1, 1, 1))), np.zeros((1, 1, 1, 1), int), (1, 1, 2))
    Tensor([[[[1., 0.]]]])
    """
    return _max_unpool(3, x, indices, kernel_size, stride, padding, output_size)
