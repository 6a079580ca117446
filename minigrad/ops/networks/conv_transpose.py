"""Transposed convolution: the adjoint of convolution with respect to its input, under the name networks give it.

Where a convolution gathers a window into one output, its transpose spreads one input on a window; with a stride, the result
is larger than x. There is nothing to compute here that the gradient of a convolution does not compute already.
"""

from __future__ import annotations

import numpy as np

from minigrad.graph import Value
from minigrad.ops.convolution import conv_input
from minigrad.ops.dtypes import floats
from minigrad.ops.networks.conv import Sizes, check_axes, check_bias
from minigrad.ops.networks.window import sizes


def conv_transpose1d(
    x: Value, weight: Value, bias: Value = None, stride: Sizes = 1, padding: Sizes = 0, output_padding: Sizes = 0,
    groups: int = 1, dilation: Sizes = 1,
) -> Value:  # fmt: skip
    """Spread signals on larger ones; `conv_transpose2d` in one dimension, with the same arguments.

    Parameters
    ----------
    x : Tensor or array_like
        Shape (N, C, W).
    weight : Tensor or array_like
        Shape (C, F/groups, KW).
    bias : Tensor or array_like, optional
        Shape (F,).
    stride, padding, output_padding, groups, dilation
        As in `conv_transpose2d`.

    Returns
    -------
    Tensor
        Shape (N, F, OW), with OW = (W - 1) stride - 2 padding + dilation (KW - 1) + output_padding + 1.

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> conv_transpose1d(Tensor([[[1.0, 2.0]]]), [[[1.0, 10.0, 100.0]]], stride=2)
    Tensor([[[  1.,  10., 102.,  20., 200.]]])
    """
    return _conv_transpose("conv_transpose1d", 1, x, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose2d(
    x: Value, weight: Value, bias: Value = None, stride: Sizes = 1, padding: Sizes = 0, output_padding: Sizes = 0,
    groups: int = 1, dilation: Sizes = 1,
) -> Value:  # fmt: skip
    """Spread images on larger ones: every number of x adds itself times a kernel to a window of the result.

    It is the adjoint of the `conv2d` that takes the same weight and gives images of x's size.

    Parameters
    ----------
    x : Tensor or array_like
        Shape (N, C, H, W).
    weight : Tensor or array_like
        Shape (C, F/groups, KH, KW).
    bias : Tensor or array_like, optional
        Shape (F,).
    stride : int or tuple of int
        How far apart the windows of neighbouring numbers lie.
    padding : int or tuple of int
        How much is cut off the result on every side.
    output_padding : int or tuple of int
        Additional size at the end, less than the stride or the dilation: sizes that a convolution with a stride makes
        equal are told apart.
    groups : int
        Channels and filters are split into so many groups, each by itself.
    dilation : int or tuple of int
        The distance of neighbouring kernel elements in the result.

    Returns
    -------
    Tensor
        Shape (N, F, OH, OW), with OH = (H - 1) stride - 2 padding + dilation (KH - 1) + output_padding + 1, and OW likewise.

    Raises
    ------
    ValueError
        If the shapes do not fit; both are named.

    Examples
    --------
    >>> conv_transpose2d(Tensor([[[[1.0, 2.0]]]]), np.ones((1, 1, 2, 2)), stride=2)
    Tensor([[[[1., 1., 2., 2.],
              [1., 1., 2., 2.]]]])
    """
    return _conv_transpose("conv_transpose2d", 2, x, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose3d(
    x: Value, weight: Value, bias: Value = None, stride: Sizes = 1, padding: Sizes = 0, output_padding: Sizes = 0,
    groups: int = 1, dilation: Sizes = 1,
) -> Value:  # fmt: skip
    """Spread volumes on larger ones; `conv_transpose2d` in three dimensions, with the same arguments.

    Parameters
    ----------
    x : Tensor or array_like
        Shape (N, C, D, H, W).
    weight : Tensor or array_like
        Shape (C, F/groups, KD, KH, KW).
    bias : Tensor or array_like, optional
        Shape (F,).
    stride, padding, output_padding, groups, dilation
        As in `conv_transpose2d`.

    Returns
    -------
    Tensor
        Shape (N, F, OD, OH, OW), with OD = (D - 1) stride - 2 padding + dilation (KD - 1) + output_padding + 1, and so on.

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> conv_transpose3d(Tensor(np.ones((1, 2, 4, 4, 4))), np.ones((2, 3, 2, 2, 2)), stride=2).shape
    (1, 3, 8, 8, 8)
    """
    return _conv_transpose("conv_transpose3d", 3, x, weight, bias, stride, padding, output_padding, groups, dilation)


def _conv_transpose(
    who: str, n: int, x: Value, weight: Value, bias: Value, stride: Sizes, padding: Sizes, output_padding: Sizes,
    groups: int, dilation: Sizes,
) -> Value:  # fmt: skip
    """`conv_input`, once all shapes are seen to fit."""
    x, weight, bias = floats(who, x, weight, bias)
    check_axes(who, n, x, weight, groups)
    shape, (channels, filters, *kernel) = np.shape(x), np.shape(weight)
    if shape[1] != channels:
        raise ValueError(f"{who}: weight expects {channels} input channels {np.shape(weight)} but x has {shape[1]} {shape}")
    if channels % groups:
        raise ValueError(f"{who}: {groups} groups do not divide the {channels} channels of x {shape}")
    check_bias(who, bias, filters * groups, np.shape(weight))
    stride, dilation = sizes(who, "stride", stride, n), sizes(who, "dilation", dilation, n)
    padding, extra = sizes(who, "padding", padding, n, 0), sizes(who, "output_padding", output_padding, n, 0)
    if any(e >= max(s, d) for e, s, d in zip(extra, stride, dilation, strict=True)):
        raise ValueError(f"{who}: output_padding {extra} must be less than the stride {stride} or the dilation {dilation}")
    size = tuple(
        (o - 1) * s - 2 * p + d * (k - 1) + e + 1
        for o, k, s, p, d, e in zip(shape[2:], kernel, stride, padding, dilation, extra, strict=True)
    )
    if min(size) < 1 or 0 in shape[2:]:
        raise ValueError(f"{who}: x {shape}, weight {np.shape(weight)} and padding {padding} leave a result of size {size}")
    # The convolution that this is the adjoint of leaves the additional size out, so that it gives x's size.
    pads = tuple((p, p - e) for p, e in zip(padding, extra, strict=True))
    return conv_input(x, weight, bias, size=size, stride=stride, padding=pads, dilation=dilation, groups=groups)
