"""Windows as columns: `unfold` and `fold`, each other's adjoints."""

from __future__ import annotations

import math

import numpy as np

from minigrad.graph import Value, value_of
from minigrad.operation import op
from minigrad.ops.networks.window import Sizes, Windows, offsets, sizes, slide


def _unfold_windows(
    who: str, shape: tuple[int, ...], kernel_size: Sizes, dilation: Sizes, padding: Sizes, stride: Sizes
) -> Windows:
    n = np.size(kernel_size) if np.ndim(kernel_size) else 2
    if len(shape) != n + 2:
        raise ValueError(f"{who}: windows of {n} axes need an image (N, C and {n} more), got shape {shape}")
    return slide(who, shape, n, kernel_size, stride, padding, dilation)


@op()
def _unfold(x: Value, /, windows: Windows) -> Value:
    """Windows as columns."""
    lead = x.shape[:2]
    columns = np.zeros((*lead, windows.places, *windows.out), x.dtype)
    for k, (outputs, inputs) in enumerate(offsets(windows)):
        columns[:, :, k][outputs] = x[inputs]
    return columns.reshape(lead[0], lead[1] * windows.places, math.prod(windows.out))


@op()
def _fold(x: Value, /, windows: Windows) -> Value:
    """Columns added up as windows."""
    lead = x.shape[0], x.shape[1] // windows.places
    columns = x.reshape(*lead, windows.places, *windows.out)
    image = np.zeros((*lead, *windows.size), x.dtype)
    for k, (outputs, inputs) in enumerate(offsets(windows)):
        image[inputs] += columns[:, :, k][outputs]
    return image


_unfold.rules(lambda g, out, x, windows: _fold(g, windows))


_fold.rules(lambda g, out, x, windows: _unfold(g, windows))


def unfold(x: Value, kernel_size: Sizes, dilation: Sizes = 1, padding: Sizes = 0, stride: Sizes = 1) -> Value:
    """Every window of an image as a column, as convolution by one matrix product wants them (im2col).

    Parameters
    ----------
    x : Tensor or array_like
        Shape (N, C, H, W); with a kernel of 1 or 3 numbers, 1 or 3 axes after C.
    kernel_size : int or tuple of int
        The window (KH, KW).
    dilation, padding, stride : int or tuple of int
        Between the numbers of a window, zeros around the image, and between windows.

    Returns
    -------
    Tensor
        Shape (N, C KH KW, OH OW), where OH = floor((H + 2 padding - dilation (KH - 1) - 1) / stride) + 1.

    Raises
    ------
    ValueError
        If x has another number of axes, or the window does not fit.

    Examples
    --------
    >>> unfold(Tensor([[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]]), 2)
    Tensor([[[1., 2.],
             [2., 3.],
             [4., 5.],
             [5., 6.]]])
    """
    shape = np.shape(value_of(x))
    return _unfold(x, windows=_unfold_windows("unfold", shape, kernel_size, dilation, padding, stride))


def fold(
    x: Value, output_size: Sizes, kernel_size: Sizes, dilation: Sizes = 1, padding: Sizes = 0, stride: Sizes = 1
) -> Value:
    """Columns put back as windows of an image; where windows overlap they add up. The adjoint of `unfold`.

    Parameters
    ----------
    x : Tensor or array_like
        Shape (N, C KH KW, OH OW).
    output_size : int or tuple of int
        The image's (H, W).
    kernel_size, dilation, padding, stride : int or tuple of int
        The windows, as for `unfold`.

    Returns
    -------
    Tensor
        Shape (N, C, H, W).

    Raises
    ------
    ValueError
        If the columns are not those of such an image.

    Examples
    --------
    >>> fold(Tensor(np.ones((1, 4, 2))), (2, 3), 2)
    Tensor([[[[1., 2., 1.],
              [1., 2., 1.]]]])
    """
    shape = np.shape(value_of(x))
    n = np.size(kernel_size) if np.ndim(kernel_size) else 2
    image = (*shape[:1], 0, *sizes("fold", "output_size", output_size, n))
    windows = _unfold_windows("fold", image, kernel_size, dilation, padding, stride)
    if len(shape) != 3 or shape[1] % windows.places or shape[2] != math.prod(windows.out):
        raise ValueError(
            f"fold: x of shape {shape} does not hold windows of {windows.kernel} over {windows.size}, which would be "
            f"(N, C times {windows.places}, {math.prod(windows.out)})"
        )
    return _fold(x, windows=windows)
