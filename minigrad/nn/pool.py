"""Pooling as layers: each calls the function of its name with its arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minigrad import ops
from minigrad.graph import ArrayLike
from minigrad.nn.module import Module
from minigrad.ops.geometry import Sizes


class _Pool(Module):
    """A function of x and of arguments, which are attributes of the layer."""

    function: Callable[..., Any]
    arguments: tuple[str, ...]
    shown: int  # how many of them repr shows

    def forward(self, x: ArrayLike) -> Any:
        """Pool."""
        return type(self).function(x, **{name: getattr(self, name) for name in self.arguments})

    def extra_repr(self) -> str:
        """The main arguments."""
        return ", ".join(f"{name}={getattr(self, name)}" for name in self.arguments[: self.shown])


class _MaxPool(_Pool):
    arguments = ("kernel_size", "stride", "padding", "dilation", "ceil_mode", "return_indices")
    shown = 5

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        dilation: Sizes = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.dilation = padding, dilation
        self.return_indices, self.ceil_mode = return_indices, ceil_mode


class MaxPool1d(_MaxPool):
    """As `MaxPool2d`, in one dimension: (N, C, W).

    >>> mg.nn.MaxPool1d(2)(mg.Tensor([[[1.0, 3.0, 2.0, 0.0]]]))
    Tensor([[[3., 2.]]])
    """

    function = ops.max_pool1d


class MaxPool2d(_MaxPool):
    """2-D max pooling of images (N, C, H, W), as `minigrad.max_pool2d`; of equal maxima, the first receives the gradient.

    >>> mg.nn.MaxPool2d(2)(mg.Tensor([[[[1.0, 3.0], [2.0, 0.0]]]]))
    Tensor([[[[3.]]]])
    """

    function = ops.max_pool2d


class MaxPool3d(_MaxPool):
    """As `MaxPool2d`, in three dimensions: (N, C, D, H, W).

    >>> mg.nn.MaxPool3d(2)(np.arange(8.0).reshape(1, 1, 2, 2, 2))
    array([[[[[7.]]]]])
    """

    function = ops.max_pool3d


class _AvgPool(_Pool):
    arguments = ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad", "divisor_override")
    shown = 3

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: float | None = None,
    ) -> None:
        self.kernel_size, self.stride, self.padding = kernel_size, kernel_size if stride is None else stride, padding
        self.ceil_mode, self.count_include_pad, self.divisor_override = ceil_mode, count_include_pad, divisor_override


class AvgPool1d(_AvgPool):
    """As `AvgPool2d`, in one dimension: (N, C, W).

    >>> mg.nn.AvgPool1d(2)(mg.Tensor([[[1.0, 3.0, 2.0, 0.0]]]))
    Tensor([[[2., 1.]]])
    """

    function = ops.avg_pool1d


class AvgPool2d(_AvgPool):
    """2-D average pooling of images (N, C, H, W), as `minigrad.avg_pool2d`.

    >>> mg.nn.AvgPool2d(2)(mg.Tensor([[[[1.0, 3.0], [2.0, 0.0]]]]))
    Tensor([[[[1.5]]]])
    """

    function = ops.avg_pool2d


class AvgPool3d(_AvgPool):
    """As `AvgPool2d`, in three dimensions: (N, C, D, H, W).

    >>> mg.nn.AvgPool3d(2)(np.arange(8.0).reshape(1, 1, 2, 2, 2))
    array([[[[[3.5]]]]])
    """

    function = ops.avg_pool3d


class _Adaptive(_Pool):
    arguments: tuple[str, ...] = ("output_size",)
    shown = 1

    def __init__(self, output_size: Any) -> None:
        self.output_size = output_size


class AdaptiveAvgPool1d(_Adaptive):
    """As `AdaptiveAvgPool2d`, in one dimension: (N, C, W).

    >>> mg.nn.AdaptiveAvgPool1d(1)(mg.Tensor([[[1.0, 3.0, 2.0, 0.0]]]))
    Tensor([[[1.5]]])
    """

    function = ops.adaptive_avg_pool1d


class AdaptiveAvgPool2d(_Adaptive):
    """Average pooling of images (N, C, H, W) to `output_size`, in which None keeps the size of x.

    >>> mg.nn.AdaptiveAvgPool2d(1)(mg.Tensor([[[[1.0, 3.0], [2.0, 0.0]]]]))
    Tensor([[[[1.5]]]])
    """

    function = ops.adaptive_avg_pool2d


class AdaptiveAvgPool3d(_Adaptive):
    """As `AdaptiveAvgPool2d`, in three dimensions: (N, C, D, H, W).

    >>> mg.nn.AdaptiveAvgPool3d(1)(np.arange(8.0).reshape(1, 1, 2, 2, 2))
    array([[[[[3.5]]]]])
    """

    function = ops.adaptive_avg_pool3d


class _AdaptiveMax(_Adaptive):
    arguments = ("output_size", "return_indices")

    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__(output_size)
        self.return_indices = return_indices


class AdaptiveMaxPool1d(_AdaptiveMax):
    """As `AdaptiveMaxPool2d`, in one dimension: (N, C, W).

    >>> mg.nn.AdaptiveMaxPool1d(2)(mg.Tensor([[[1.0, 3.0, 2.0, 0.0]]]))
    Tensor([[[3., 2.]]])
    """

    function = ops.adaptive_max_pool1d


class AdaptiveMaxPool2d(_AdaptiveMax):
    """Max pooling of images (N, C, H, W) to `output_size`, in which None keeps the size of x.

    >>> mg.nn.AdaptiveMaxPool2d(1)(mg.Tensor([[[[1.0, 3.0], [2.0, 0.0]]]]))
    Tensor([[[[3.]]]])
    """

    function = ops.adaptive_max_pool2d


class AdaptiveMaxPool3d(_AdaptiveMax):
    """As `AdaptiveMaxPool2d`, in three dimensions: (N, C, D, H, W).

    >>> mg.nn.AdaptiveMaxPool3d(1)(np.arange(8.0).reshape(1, 1, 2, 2, 2))
    array([[[[[7.]]]]])
    """

    function = ops.adaptive_max_pool3d
