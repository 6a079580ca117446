"""Convolution, in one, two and three dimensions by one implementation: `conv`, with the arguments that networks give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from minigrad.graph import ArrayLike, Value
from minigrad.operation import composed
from minigrad.ops.convolution import conv
from minigrad.ops.dtypes import floats
from minigrad.ops.geometry import Geometry, Lengths, Sizes, sizes
from minigrad.ops.shape import expand_dims
from minigrad.ops.shape import flip as flip_axes

if TYPE_CHECKING:
    from minigrad.graph import Tensor

Padding: TypeAlias = str | int | Sequence[int | tuple[int, int]]


@composed
def conv1d(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    stride: Sizes = 1,
    padding: Padding = 0,
    dilation: Sizes = 1,
    groups: int = 1,
    *,
    flip: bool = False,
) -> Tensor:
    """As `conv2d`, over one axis.

    >>> conv1d(Tensor([[[1.0, 2.0, 3.0, 4.0, 5.0]]]), [[[2.0, -1.0, 3.0]]])
    Tensor([[[ 9., 13., 17.]]])
    """
    return _conv(1, x, weight, bias, stride, padding, dilation, groups, flip)


@composed
def conv2d(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    stride: Sizes = 1,
    padding: Padding = 0,
    dilation: Sizes = 1,
    groups: int = 1,
    *,
    flip: bool = False,
) -> Tensor:
    """Convolution, in networks a cross-correlation: each output is the sum of a window of x times a kernel, plus a bias.

    Parameters
    ----------
    x, weight, bias : Tensor or array_like
        Images (N, C, H, W), a kernel for each filter (F, C/groups, KH, KW), and (F,); they give (N, F, OH, OW) with
        OH = floor((H + top + bottom - dilation (KH - 1) - 1) / stride) + 1. A single image, without N, gives one.
    stride, dilation : int or tuple of int
        The distance of neighbouring windows, and of neighbouring kernel elements.
    padding : int, tuple or str
        Zeros around x: an integer, one for each axis, or a pair for each axis as in ((top, bottom), (left, right)). "valid"
        is none; "same", for stride 1, as many as keep the size, the odd one at the end.
    groups : int
        Groups of channels, convolved separately; C of them convolve channel by channel.
    flip : bool
        True convolution: the kernel is flipped along its spatial axes.

    Examples
    --------
    >>> x = np.arange(1.0, 26.0).reshape(1, 1, 5, 5)
    >>> conv2d(x, Tensor(np.arange(1.0, 10.0).reshape(1, 1, 3, 3)), [0.5], stride=2)
    Tensor([[[[411.5, 501.5],
              [861.5, 951.5]]]])
    """
    return _conv(2, x, weight, bias, stride, padding, dilation, groups, flip)


@composed
def conv3d(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    stride: Sizes = 1,
    padding: Padding = 0,
    dilation: Sizes = 1,
    groups: int = 1,
    *,
    flip: bool = False,
) -> Tensor:
    """As `conv2d`, over three axes.

    >>> conv3d(Tensor(np.ones((1, 2, 4, 4, 4))), np.ones((3, 2, 3, 3, 3)), padding="same").shape
    (1, 3, 4, 4, 4)
    """
    return _conv(3, x, weight, bias, stride, padding, dilation, groups, flip)


def _conv(
    n: int, x: Value, weight: Value, bias: Value, stride: Sizes, padding: Padding, dilation: Sizes, groups: int, flip: bool
) -> Tensor:
    """`conv`, once all shapes are seen to fit."""
    x, weight, bias = floats(x, weight, bias)
    check_axes(n, x, weight, groups)
    shape, (filters, channels, *kernel) = np.shape(x), np.shape(weight)
    size = shape[-n:]
    if 0 in size:
        raise ValueError(f"x {shape} has an empty axis for weight {np.shape(weight)} to slide over")
    if shape[-n - 1] != channels * groups:
        expected = f"{channels * groups} input channels {np.shape(weight)}" + f" in {groups} groups" * (groups > 1)
        raise ValueError(f"weight expects {expected} but x has {shape[-n - 1]} {shape}")
    if filters % groups:
        raise ValueError(f"{groups} groups do not divide the {filters} filters of weight {np.shape(weight)}")
    check_bias(bias, filters, np.shape(weight))
    stride, dilation = sizes("stride", stride, n), sizes("dilation", dilation, n)
    pads = as_pairs("padding", padding, tuple(kernel), stride, dilation)
    geometry = Geometry(size, tuple(kernel), stride, pads, dilation, groups)
    if min(geometry.out) < 1:
        spread = f" with dilation {dilation}" * (max(dilation) > 1)
        raise ValueError(f"the kernel of weight {np.shape(weight)}{spread} is larger than x {shape} with padding {pads}")
    if flip:
        weight = flip_axes(weight, tuple(range(2, n + 2)))
    return batched(conv, n, x, weight, bias, geometry)


def batched(operation: Any, n: int, x: Value, weight: Value, bias: Value, geometry: Geometry) -> Tensor:
    """`conv` or `conv_input`, of a batch or of one image."""
    if np.ndim(x) == n + 2:
        return operation(x, weight, bias, geometry=geometry)  # type: ignore[no-any-return]
    alone: Tensor = operation(expand_dims(x, 0), weight, bias, geometry=geometry)[0]
    return alone


def check_axes(n: int, x: Value, weight: Value, groups: int) -> None:
    """Refuse x or a weight with a wrong number of axes, or an empty one where there must be something."""
    sizes("groups", groups, 1)
    shape, shape_w = np.shape(x), np.shape(weight)
    if len(shape) not in (n + 1, n + 2):
        axes = " ".join("DHW"[3 - n :])
        raise ValueError(f"x has {n + 2} axes, N C {axes}, or {n + 1} without N, got {shape} with weight {shape_w}")
    if len(shape_w) != n + 2 or 0 in shape_w:
        raise ValueError(f"weight has {n + 2} axes, none empty, got {shape_w} with x {shape}")


def check_bias(bias: Value, filters: int, weight: Lengths) -> None:
    """Refuse a bias without one element for each filter."""
    if bias is not None and np.shape(bias) != (filters,):
        raise ValueError(f"bias needs shape ({filters},) for weight {weight}, got {np.shape(bias)}")


def as_pairs(
    what: str, padding: Padding, kernel: Lengths, stride: Lengths, dilation: Lengths
) -> tuple[tuple[int, int], ...]:
    """Padding in any of its forms as a pair for each axis."""
    n = len(kernel)
    if isinstance(padding, np.ndarray):
        padding = padding.tolist()
    if padding == "same":
        if max(stride) > 1:
            raise ValueError(f"{what} 'same' needs stride 1, got {stride}")
        reach = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        return tuple((r // 2, r - r // 2) for r in reach)
    if padding == "valid":
        return ((0, 0),) * n
    if isinstance(padding, str):
        raise ValueError(f"{what} is an integer, a tuple, 'same' or 'valid', got {padding!r}")
    each: tuple[Any, ...] = tuple(padding) if isinstance(padding, Sequence) else (padding,) * n
    if len(each) != n:
        raise ValueError(f"{what} has an integer or a pair for each of {n} axes, got {padding!r}")
    return tuple((before, after) for before, after in (sizes(what, p, 2, 0) for p in each))
