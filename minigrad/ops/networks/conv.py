"""Convolution, in one, two and three dimensions by one implementation: `conv`, with the arguments that networks give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from minigrad.graph import Value
from minigrad.ops._conv_kernels import Geometry, out_size
from minigrad.ops.convolution import conv
from minigrad.ops.dtypes import floats
from minigrad.ops.networks.window import sizes
from minigrad.ops.shape import flip as flip_axes

Sizes: TypeAlias = int | Sequence[int]
Padding: TypeAlias = str | int | Sequence[int | tuple[int, int]]


def conv1d(
    x: Value, weight: Value, bias: Value = None, stride: Sizes = 1, padding: Padding = 0, dilation: Sizes = 1,
    groups: int = 1, *, flip: bool = False,
) -> Value:  # fmt: skip
    """Slide kernels along signals; `conv2d` in one dimension, with the same arguments.

    Parameters
    ----------
    x : Tensor or array_like
        Shape (N, C, W).
    weight : Tensor or array_like
        Shape (F, C/groups, KW).
    bias : Tensor or array_like, optional
        Shape (F,).
    stride, padding, dilation, groups, flip
        As in `conv2d`.

    Returns
    -------
    Tensor
        Shape (N, F, OW), with OW = floor((W + left + right - dilation (KW - 1) - 1) / stride) + 1.

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> conv1d(Tensor([[[1.0, 2.0, 3.0, 4.0, 5.0]]]), [[[2.0, -1.0, 3.0]]])
    Tensor([[[ 9., 13., 17.]]])
    """
    return _conv("conv1d", 1, x, weight, bias, stride, padding, dilation, groups, flip)


def conv2d(
    x: Value, weight: Value, bias: Value = None, stride: Sizes = 1, padding: Padding = 0, dilation: Sizes = 1,
    groups: int = 1, *, flip: bool = False,
) -> Value:  # fmt: skip
    """Slide kernels over images: each output is the sum of a window times a kernel, plus a bias.

    Parameters
    ----------
    x : Tensor or array_like
        Shape (N, C, H, W): images, channels, rows, columns.
    weight : Tensor or array_like
        Shape (F, C/groups, KH, KW): a kernel for each of F filters.
    bias : Tensor or array_like, optional
        Shape (F,).
    stride : int or tuple of int
        How far the kernel moves from one output to the next.
    padding : int, tuple or str
        Zeros around x: one number, one for each axis, or a pair for each axis as in ((top, bottom), (left, right)). "valid"
        is none; "same", for stride 1, as many as keep the size, the odd one at the end.
    dilation : int or tuple of int
        The distance of neighbouring kernel elements in x.
    groups : int
        Channels and filters are split into so many groups, each convolved by itself; C of them convolve channel by channel.
    flip : bool
        True convolution: the kernel is flipped along its spatial axes.

    Returns
    -------
    Tensor
        Shape (N, F, OH, OW), with OH = floor((H + top + bottom - dilation (KH - 1) - 1) / stride) + 1, and OW likewise.

    Raises
    ------
    ValueError
        If the shapes do not fit; both are named.

    Examples
    --------
    >>> x = np.arange(1.0, 26.0).reshape(1, 1, 5, 5)
    >>> conv2d(x, Tensor(np.arange(1.0, 10.0).reshape(1, 1, 3, 3)), [0.5], stride=2)
    Tensor([[[[411.5, 501.5],
              [861.5, 951.5]]]])
    """
    return _conv("conv2d", 2, x, weight, bias, stride, padding, dilation, groups, flip)


def conv3d(
    x: Value, weight: Value, bias: Value = None, stride: Sizes = 1, padding: Padding = 0, dilation: Sizes = 1,
    groups: int = 1, *, flip: bool = False,
) -> Value:  # fmt: skip
    """Slide kernels through volumes; `conv2d` in three dimensions, with the same arguments.

    Parameters
    ----------
    x : Tensor or array_like
        Shape (N, C, D, H, W).
    weight : Tensor or array_like
        Shape (F, C/groups, KD, KH, KW).
    bias : Tensor or array_like, optional
        Shape (F,).
    stride, padding, dilation, groups, flip
        As in `conv2d`.

    Returns
    -------
    Tensor
        Shape (N, F, OD, OH, OW), with OD = floor((D + front + back - dilation (KD - 1) - 1) / stride) + 1, and so on.

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> conv3d(Tensor(np.ones((1, 2, 4, 4, 4))), np.ones((3, 2, 3, 3, 3)), padding="same").shape
    (1, 3, 4, 4, 4)
    """
    return _conv("conv3d", 3, x, weight, bias, stride, padding, dilation, groups, flip)


def _conv(
    who: str, n: int, x: Value, weight: Value, bias: Value, stride: Sizes, padding: Padding, dilation: Sizes, groups: int,
    flip: bool,
) -> Value:  # fmt: skip
    """`conv`, once all shapes are seen to fit."""
    x, weight, bias = floats(who, x, weight, bias)
    check_axes(who, n, x, weight, groups)
    shape, (filters, channels, *kernel) = np.shape(x), np.shape(weight)
    if 0 in shape[2:]:
        raise ValueError(f"{who}: x {shape} has an empty axis for weight {np.shape(weight)} to slide over")
    if shape[1] != channels * groups:
        expected = f"{channels * groups} input channels {np.shape(weight)}" + f" in {groups} groups" * (groups > 1)
        raise ValueError(f"{who}: weight expects {expected} but x has {shape[1]} {shape}")
    if filters % groups:
        raise ValueError(f"{who}: {groups} groups do not divide the {filters} filters of weight {np.shape(weight)}")
    check_bias(who, bias, filters, np.shape(weight))
    stride, dilation = sizes(who, "stride", stride, n), sizes(who, "dilation", dilation, n)
    pads = pads_of(who, padding, n, tuple(kernel), stride, dilation)
    if min(out_size(shape[2:], tuple(kernel), Geometry(stride, pads, dilation, groups))) < 1:
        spread = f" with dilation {dilation}" * (max(dilation) > 1)
        raise ValueError(
            f"{who}: the kernel of weight {np.shape(weight)}{spread} is larger than x {shape} with padding {pads}"
        )
    if flip:
        weight = flip_axes(weight, tuple(range(2, n + 2)))
    return conv(x, weight, bias, stride=stride, padding=pads, dilation=dilation, groups=groups)


def check_axes(who: str, n: int, x: Value, weight: Value, groups: int) -> None:
    """Refuse x or a weight with a wrong number of axes, or an empty one where there must be something."""
    sizes(who, "groups", groups, 1)
    shape, shape_w = np.shape(x), np.shape(weight)
    if len(shape) != n + 2:
        raise ValueError(f"{who}: x has {n + 2} axes, N C {' '.join('DHW'[3 - n :])}, got {shape} with weight {shape_w}")
    if len(shape_w) != n + 2 or 0 in shape_w:
        raise ValueError(f"{who}: weight has {n + 2} axes, none empty, got {shape_w} with x {shape}")


def check_bias(who: str, bias: Value, filters: int, weight: tuple[int, ...]) -> None:
    """Refuse a bias that has not one number for each filter."""
    if bias is not None and np.shape(bias) != (filters,):
        raise ValueError(f"{who}: bias needs shape ({filters},) for weight {weight}, got {np.shape(bias)}")


def pads_of(
    who: str, padding: Padding, n: int, kernel: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...]
) -> tuple[tuple[int, int], ...]:  # fmt: skip
    """Padding in any of its forms as a pair for each axis."""
    if isinstance(padding, np.ndarray):
        padding = padding.tolist()
    if padding == "same":
        if max(stride) > 1:
            raise ValueError(f"{who}: padding 'same' needs stride 1, got {stride}")
        reach = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        return tuple((r // 2, r - r // 2) for r in reach)
    if padding == "valid":
        return ((0, 0),) * n
    if isinstance(padding, str):
        raise ValueError(f"{who}: padding is a number, a tuple, 'same' or 'valid', got {padding!r}")
    each: tuple[Any, ...] = tuple(padding) if isinstance(padding, Sequence) else (padding,) * n
    if len(each) != n:
        raise ValueError(f"{who}: padding has a number or a pair for each of {n} axes, got {padding!r}")
    return tuple((lo, hi) for lo, hi in (sizes(who, "padding", p, 2, 0) for p in each))
