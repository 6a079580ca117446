"""Transposed convolution: the adjoint of convolution with respect to its input.

Where a convolution gathers a window into one output, its transpose spreads one input over a window; with a stride, the
result is larger than x (Zeiler et al., Deconvolutional Networks, 2010). The arithmetic is that of a convolution's gradient.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from minigrad.graph import ArrayLike, Value
from minigrad.operation import composed
from minigrad.ops.convolution import conv_input
from minigrad.ops.dtypes import floats
from minigrad.ops.geometry import Geometry, Sizes, least_size, sizes
from minigrad.ops.networks.conv import batched, check_axes, check_bias

if TYPE_CHECKING:
    from minigrad.graph import Tensor


@composed
def conv_transpose1d(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    stride: Sizes = 1,
    padding: Sizes = 0,
    output_padding: Sizes = 0,
    groups: int = 1,
    dilation: Sizes = 1,
) -> Tensor:
    """As `conv_transpose2d`, over one axis.

    >>> conv_transpose1d(Tensor([[[1.0, 2.0]]]), [[[1.0, 10.0, 100.0]]], stride=2)
    Tensor([[[  1.,  10., 102.,  20., 200.]]])
    """
    return _conv_transpose(1, x, weight, bias, stride, padding, output_padding, groups, dilation)


@composed
def conv_transpose2d(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    stride: Sizes = 1,
    padding: Sizes = 0,
    output_padding: Sizes = 0,
    groups: int = 1,
    dilation: Sizes = 1,
) -> Tensor:
    """Transposed convolution: each element of x adds itself times a kernel to a window of the result.

    It is the adjoint of the `conv2d` that takes the same weight and gives images of x's size.

    Parameters
    ----------
    x, weight, bias : Tensor or array_like
        Images (N, C, H, W), kernels (C, F/groups, KH, KW), and (F,); they give (N, F, OH, OW) with
        OH = (H - 1) stride - 2 padding + dilation (KH - 1) + output_padding + 1.
    stride, dilation : int or tuple of int
        The distance of the windows of neighbouring elements, and of neighbouring kernel elements.
    padding : int or tuple of int
        How much is cut off the result on every side.
    output_padding : int or tuple of int
        Additional size at the end, less than the stride or the dilation: of the sizes that a convolution with a stride maps
        to the same, it picks one.
    groups : int
        Groups of channels, each by itself.

    Examples
    --------
    >>> conv_transpose2d(Tensor([[[[1.0, 2.0]]]]), np.ones((1, 1, 2, 2)), stride=2)
    Tensor([[[[1., 1., 2., 2.],
              [1., 1., 2., 2.]]]])
    """
    return _conv_transpose(2, x, weight, bias, stride, padding, output_padding, groups, dilation)


@composed
def conv_transpose3d(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    stride: Sizes = 1,
    padding: Sizes = 0,
    output_padding: Sizes = 0,
    groups: int = 1,
    dilation: Sizes = 1,
) -> Tensor:
    """As `conv_transpose2d`, over three axes.

    >>> conv_transpose3d(Tensor(np.ones((1, 2, 4, 4, 4))), np.ones((2, 3, 2, 2, 2)), stride=2).shape
    (1, 3, 8, 8, 8)
    """
    return _conv_transpose(3, x, weight, bias, stride, padding, output_padding, groups, dilation)


def _conv_transpose(
    n: int,
    x: Value,
    weight: Value,
    bias: Value,
    stride: Sizes,
    padding: Sizes,
    output_padding: Sizes,
    groups: int,
    dilation: Sizes,
) -> Tensor:
    """`conv_input`, once all shapes are seen to fit."""
    x, weight, bias = floats(x, weight, bias)
    check_axes(n, x, weight, groups)
    shape, (channels, filters, *kernel) = np.shape(x), np.shape(weight)
    if shape[-n - 1] != channels:
        raise ValueError(f"weight expects {channels} input channels {np.shape(weight)} but x has {shape[-n - 1]} {shape}")
    if channels % groups:
        raise ValueError(f"{groups} groups do not divide the {channels} channels of x {shape}")
    check_bias(bias, filters * groups, np.shape(weight))
    stride, dilation = sizes("stride", stride, n), sizes("dilation", dilation, n)
    padding, extra = sizes("padding", padding, n, 0), sizes("output_padding", output_padding, n, 0)
    if any(e >= max(s, d) for e, s, d in zip(extra, stride, dilation, strict=True)):
        raise ValueError(f"output_padding {extra} must be less than the stride {stride} or the dilation {dilation}")
    least = least_size(shape[-n:], tuple(kernel), stride, padding, dilation)
    size = tuple(n + e for n, e in zip(least, extra, strict=True))
    if min(size) < 1 or 0 in shape[-n:]:
        raise ValueError(f"x {shape}, weight {np.shape(weight)} and padding {padding} leave a result of size {size}")
    # The convolution that this is the adjoint of leaves the additional size out, so that it gives x's size.
    pads = tuple((p, p - e) for p, e in zip(padding, extra, strict=True))
    return batched(conv_input, n, x, weight, bias, Geometry(size, tuple(kernel), stride, pads, dilation, groups))
