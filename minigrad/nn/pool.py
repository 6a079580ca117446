"""Pooling as layers. Each names the function that it calls with its arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minigrad import ops
from minigrad.graph import Value
from minigrad.nn.module import Module
from minigrad.ops.networks.window import Sizes


class _Pool(Module):
    """A function of x and of settings, which are attributes."""

    function: Callable[..., Any]
    settings: tuple[str, ...] = ("kernel_size", "stride", "padding")

    def forward(self, x: Value) -> Any:
        """Pool."""
        return type(self).function(x, **self._given())

    def extra_repr(self) -> str:
        """The settings."""
        return ", ".join(f"{name}={getattr(self, name)}" for name in self.settings)

    def _given(self) -> dict[str, Any]:
        return {name: v for name, v in vars(self).items() if name in _SETTINGS}


_SETTINGS = {
    "kernel_size", "stride", "padding", "dilation", "return_indices", "ceil_mode", "count_include_pad", "divisor_override",
    "output_size",
}  # fmt: skip


class _MaxPool(_Pool):
    settings = ("kernel_size", "stride", "padding", "dilation", "ceil_mode")

    def __init__(
        self, kernel_size: Sizes, stride: Sizes | None = None, padding: Sizes = 0, dilation: Sizes = 1,
        return_indices: bool = False, ceil_mode: bool = False,
    ) -> None:  # fmt: skip
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.dilation = padding, dilation
        self.return_indices, self.ceil_mode = return_indices, ceil_mode


class MaxPool1d(_MaxPool):
    """The largest number of each window of a signal; the arguments are those of `MaxPool2d`.

    Examples
    --------
    >>> from minigrad import nn
    >>> nn.MaxPool1d(2)(mg.Tensor([[[1.0, 3.0, 2.0, 0.0]]]))
    Tensor([[[3., 2.]]])
    """

    function = ops.max_pool1d


class MaxPool2d(_MaxPool):
    """The largest number of each window of an image; of equals, the first receives the gradient.

    Parameters
    ----------
    kernel_size, stride, padding, dilation, return_indices, ceil_mode
        As in `minigrad.max_pool2d`, in PyTorch's order.

    Examples
    --------
    >>> from minigrad import nn
    >>> nn.MaxPool2d(2)(mg.Tensor([[[[1.0, 3.0], [2.0, 0.0]]]]))
    Tensor([[[[3.]]]])
    """

    function = ops.max_pool2d


class MaxPool3d(_MaxPool):
    """The largest number of each window of a volume; the arguments are those of `MaxPool2d`.

    Examples
    --------
    >>> from minigrad import nn
    >>> nn.MaxPool3d(2)(np.arange(8.0).reshape(1, 1, 2, 2, 2))
    array([[[[[7.]]]]])
    """

    function = ops.max_pool3d


class _AvgPool(_Pool):
    def __init__(
        self, kernel_size: Sizes, stride: Sizes | None = None, padding: Sizes = 0, ceil_mode: bool = False,
        count_include_pad: bool = True, divisor_override: float | None = None,
    ) -> None:  # fmt: skip
        self.kernel_size, self.stride, self.padding = kernel_size, kernel_size if stride is None else stride, padding
        self.ceil_mode, self.count_include_pad, self.divisor_override = ceil_mode, count_include_pad, divisor_override


class AvgPool1d(_AvgPool):
    """The mean of each window of a signal; the arguments are those of `AvgPool2d`.

    Examples
    --------
    >>> from minigrad import nn
    >>> nn.AvgPool1d(2)(mg.Tensor([[[1.0, 3.0, 2.0, 0.0]]]))
    Tensor([[[2., 1.]]])
    """

    function = ops.avg_pool1d


class AvgPool2d(_AvgPool):
    """The mean of each window of an image.

    Parameters
    ----------
    kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
        As in `minigrad.avg_pool2d`.

    Examples
    --------
    >>> from minigrad import nn
    >>> nn.AvgPool2d(2)(mg.Tensor([[[[1.0, 3.0], [2.0, 0.0]]]]))
    Tensor([[[[1.5]]]])
    """

    function = ops.avg_pool2d


class AvgPool3d(_AvgPool):
    """The mean of each window of a volume; the arguments are those of `AvgPool2d`.

    Examples
    --------
    >>> from minigrad import nn
    >>> nn.AvgPool3d(2)(np.arange(8.0).reshape(1, 1, 2, 2, 2))
    array([[[[[3.5]]]]])
    """

    function = ops.avg_pool3d


class _Adaptive(_Pool):
    settings = ("output_size",)

    def __init__(self, output_size: Any) -> None:
        self.output_size = output_size


class AdaptiveAvgPool1d(_Adaptive):
    """The mean over as many windows of a signal as there are outputs wanted.

    Examples
    --------
    >>> from minigrad import nn
    >>> nn.AdaptiveAvgPool1d(1)(mg.Tensor([[[1.0, 3.0, 2.0, 0.0]]]))
    Tensor([[[1.5]]])
    """

    function = ops.adaptive_avg_pool1d


class AdaptiveAvgPool2d(_Adaptive):
    """The mean over as many windows of an image as there are outputs wanted.

    Parameters
    ----------
    output_size : int or tuple of (int or None)
        How many; None keeps the size of x.

    Examples
    --------
    >>> from minigrad import nn
    >>> nn.AdaptiveAvgPool2d(1)(mg.Tensor([[[[1.0, 3.0], [2.0, 0.0]]]]))
    Tensor([[[[1.5]]]])
    """

    function = ops.adaptive_avg_pool2d


class AdaptiveAvgPool3d(_Adaptive):
    """The mean over as many windows of a volume as there are outputs wanted.

    Examples
    --------
    >>> from minigrad import nn
    >>> nn.AdaptiveAvgPool3d(1)(np.arange(8.0).reshape(1, 1, 2, 2, 2))
    array([[[[[3.5]]]]])
    """

    function = ops.adaptive_avg_pool3d


class _AdaptiveMax(_Adaptive):
    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__(output_size)
        self.return_indices = return_indices


class AdaptiveMaxPool1d(_AdaptiveMax):
    """The largest number of as many windows of a signal as there are outputs wanted.

    Examples
    --------
    >>> from minigrad import nn
    >>> nn.AdaptiveMaxPool1d(2)(mg.Tensor([[[1.0, 3.0, 2.0, 0.0]]]))
    Tensor([[[3., 2.]]])
    """

    function = ops.adaptive_max_pool1d


class AdaptiveMaxPool2d(_AdaptiveMax):
    """The largest number of as many windows of an image as there are outputs wanted.

    Parameters
    ----------
    output_size : int or tuple of (int or None)
        How many; None keeps the size of x.
    return_indices : bool
        Give the positions of the maxima too.

    Examples
    --------
    >>> from minigrad import nn
    >>> nn.AdaptiveMaxPool2d(1)(mg.Tensor([[[[1.0, 3.0], [2.0, 0.0]]]]))
    Tensor([[[[3.]]]])
    """

    function = ops.adaptive_max_pool2d


class AdaptiveMaxPool3d(_AdaptiveMax):
    """The largest number of as many windows of a volume as there are outputs wanted.

    Examples
    --------
    >>> from minigrad import nn
    >>> nn.AdaptiveMaxPool3d(1)(np.arange(8.0).reshape(1, 1, 2, 2, 2))
    array([[[[[7.]]]]])
    """

    function = ops.adaptive_max_pool3d
