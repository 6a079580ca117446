"""Convolution and transposed convolution in one, two and three dimensions, by one implementation."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from minigrad import ops
from minigrad.graph import ArrayLike, value_of
from minigrad.nn.layer import check_count, first_weights
from minigrad.nn.module import Module
from minigrad.nn.summary import shape_of
from minigrad.ops.geometry import Sizes, sizes
from minigrad.ops.networks.conv import Padding, as_pairs
from minigrad.tensor import Tensor

_MARGINS = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


class _Kernel(Module):
    """Common to both: a weight of kernels and a bias, and how the kernels are placed."""

    axes: int
    transposed = False

    def _set_up(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes,
        dilation: Sizes,
        groups: int,
        bias: bool,
        rng: np.random.Generator | None,
        dtype: DTypeLike,
    ) -> None:
        who, n = type(self).__name__, self.axes
        check_count(who, in_channels=in_channels, out_channels=out_channels)
        sizes(f"{who}: groups", groups, 1)
        if in_channels % groups or out_channels % groups:
            raise ValueError(f"{who}: {groups} groups do not divide {in_channels} and {out_channels} channels")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size = sizes(f"{who}: kernel_size", kernel_size, n)
        self.stride, self.dilation = sizes(f"{who}: stride", stride, n), sizes(f"{who}: dilation", dilation, n)
        first, second = (in_channels, out_channels) if self.transposed else (out_channels, in_channels)
        shape = (first, second // groups, *self.kernel_size)
        self.weight, self.bias = first_weights(shape, out_channels, math.prod(shape[1:]), bias, rng, dtype)

    def extra_repr(self) -> str:
        """The channels, and the arguments that are not at their defaults."""
        n = self.axes
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        defaults = {
            "padding": (0,) * n,
            "output_padding": (0,) * n,
            "dilation": (1,) * n,
            "groups": 1,
            "padding_mode": "zeros",
        }
        for name, value in defaults.items():
            if (given := getattr(self, name, value)) not in (value, value[0] if isinstance(value, tuple) else value):
                text += f", {name}={given!r}"
        return text + ("" if self.bias is not None else ", bias=False")

    def multiply_adds(self, out: Any, *args: Any) -> int:
        """One kernel per position."""
        positions = math.prod(shape_of(args[0] if self.transposed else out))
        return int(positions * math.prod(shape_of(self.weight)[1:]))


class _Conv(_Kernel):
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes = 1,
        padding: Padding = 0,
        dilation: Sizes = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        *,
        rng: np.random.Generator | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        if padding_mode not in _MARGINS:
            raise ValueError(f"{type(self).__name__}: padding_mode is one of {', '.join(_MARGINS)}, got {padding_mode!r}")
        self.padding, self.padding_mode = padding, padding_mode
        self._set_up(in_channels, out_channels, kernel_size, stride, dilation, groups, bias, rng, dtype)
        self._margins()  # refuses an invalid padding

    def _margins(self) -> Any:
        what = f"{type(self).__name__}: padding"
        return as_pairs(what, self.padding, self.kernel_size, self.stride, self.dilation)

    def forward(self, x: ArrayLike) -> Tensor:
        """Convolve x with the weight."""
        conv: Callable[..., Tensor] = (ops.conv1d, ops.conv2d, ops.conv3d)[self.axes - 1]
        padding: Any = self.padding
        if self.padding_mode != "zeros" and np.ndim(value_of(x)) == self.axes + 2:  # else `conv` refuses x
            x = ops.pad(x, [(0, 0), (0, 0), *self._margins()], _MARGINS[self.padding_mode])
            padding = 0
        return conv(x, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)


class Conv1d(_Conv):
    """As `Conv2d`, in one dimension: (N, C, W).

    >>> mg.nn.Conv1d(3, 8, 5, padding="same")(np.zeros((2, 3, 20), np.float32)).shape
    (2, 8, 20)
    """

    axes = 1


class Conv2d(_Conv):
    """2-D convolution (cross-correlation) of images (N, C, H, W), as `minigrad.conv2d`.

    The weight has shape (out_channels, in_channels / groups, KH, KW). As in PyTorch, weight and bias are initially uniform
    within ±1/√(in_channels / groups · KH · KW). The padding may differ before and after an axis, as in `minigrad.conv2d`.

    Examples
    --------
    >>> layer = mg.nn.Conv2d(1, 6, 5, padding=2)
    >>> layer
    Conv2d(1, 6, kernel_size=(5, 5), stride=(1, 1), padding=2)
    >>> layer(np.zeros((2, 1, 28, 28), np.float32)).shape
    (2, 6, 28, 28)
    """

    axes = 2


class Conv3d(_Conv):
    """As `Conv2d`, in three dimensions: (N, C, D, H, W).

    >>> mg.nn.Conv3d(1, 2, 3, stride=2)(np.zeros((1, 1, 7, 7, 7), np.float32)).shape
    (1, 2, 3, 3, 3)
    """

    axes = 3


class _ConvTranspose(_Kernel):
    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes = 1,
        padding: Sizes = 0,
        output_padding: Sizes = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Sizes = 1,
        *,
        rng: np.random.Generator | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.padding, self.output_padding = padding, output_padding
        self._set_up(in_channels, out_channels, kernel_size, stride, dilation, groups, bias, rng, dtype)

    def forward(self, x: ArrayLike) -> Tensor:
        """Transposed convolution of x with the weight."""
        conv: Callable[..., Tensor] = (ops.conv_transpose1d, ops.conv_transpose2d, ops.conv_transpose3d)[self.axes - 1]
        return conv(x, self.weight, self.bias, self.stride, self.padding, self.output_padding, self.groups, self.dilation)


class ConvTranspose1d(_ConvTranspose):
    """As `ConvTranspose2d`, in one dimension: (N, C, W).

    >>> mg.nn.ConvTranspose1d(3, 2, 4, stride=2)(np.zeros((1, 3, 5), np.float32)).shape
    (1, 2, 12)
    """

    axes = 1


class ConvTranspose2d(_ConvTranspose):
    """2-D transposed convolution of images (N, C, H, W), the adjoint of a convolution, as `minigrad.conv_transpose2d`.

    The weight has shape (in_channels, out_channels / groups, KH, KW).

    Examples
    --------
    >>> mg.nn.ConvTranspose2d(3, 2, 4, stride=2, padding=1)(np.zeros((1, 3, 5, 5), np.float32)).shape
    (1, 2, 10, 10)
    """

    axes = 2


class ConvTranspose3d(_ConvTranspose):
    """As `ConvTranspose2d`, in three dimensions: (N, C, D, H, W).

    >>> mg.nn.ConvTranspose3d(1, 1, 2, stride=2)(np.zeros((1, 1, 2, 3, 4), np.float32)).shape
    (1, 1, 4, 6, 8)
    """

    axes = 3
