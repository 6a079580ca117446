"""Windows as columns: `unfold` and `fold`, each other's adjoints."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from minigrad.graph import ArrayLike, Value, value_of
from minigrad.operation import composed, op
from minigrad.ops.geometry import Geometry, Lengths, Sizes, fit_windows, offsets, sizes
from minigrad.ops.networks.overlap import add_windows

if TYPE_CHECKING:
    from minigrad.graph import Tensor


def _image_windows(shape: Lengths, kernel_size: Sizes, dilation: Sizes, padding: Sizes, stride: Sizes) -> Geometry:
    n = np.size(kernel_size) if np.ndim(kernel_size) else 2
    if len(shape) != n + 2:
        raise ValueError(f"windows of {n} axes need an image (N, C and {n} more), got shape {shape}")
    return fit_windows(shape, n, kernel_size, stride, padding, dilation)


@op
def _unfold(x: Value, /, geometry: Geometry) -> Value:
    """Windows as columns."""
    lead, out = x.shape[:2], geometry.out
    columns = np.zeros((*lead, geometry.elements, *out), x.dtype)
    for k, (outputs, inputs) in enumerate(offsets(geometry)):
        columns[:, :, k][outputs] = x[inputs]
    return columns.reshape(lead[0], lead[1] * geometry.elements, math.prod(out))


@op
def _fold(x: Value, /, geometry: Geometry) -> Value:
    """Columns added as windows."""
    columns = x.reshape(len(x), x.shape[1] // geometry.elements, geometry.elements, *geometry.out)
    return add_windows([columns[:, :, k] for k in range(geometry.elements)], geometry)


_unfold.rules(lambda g, out, x, geometry: _fold(g, geometry))
_fold.rules(lambda g, out, x, geometry: _unfold(g, geometry))


@composed
def unfold(x: ArrayLike, kernel_size: Sizes, dilation: Sizes = 1, padding: Sizes = 0, stride: Sizes = 1) -> Tensor:
    """Windows as columns (im2col), with which convolution is one matrix product: (N, C, H, W) gives (N, C KH KW, OH OW).

    With a kernel of 1 or 3 elements, x has 1 or 3 axes after C.

    >>> unfold(Tensor([[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]]), 2)
    Tensor([[[1., 2.],
             [2., 3.],
             [4., 5.],
             [5., 6.]]])
    """
    return _unfold(x, geometry=_image_windows(np.shape(value_of(x)), kernel_size, dilation, padding, stride))


@composed
def fold(
    x: ArrayLike, output_size: Sizes, kernel_size: Sizes, dilation: Sizes = 1, padding: Sizes = 0, stride: Sizes = 1
) -> Tensor:
    """col2im, the adjoint of `unfold`: (N, C KH KW, OH OW) gives images of `output_size`; overlapping windows add up.

    >>> fold(Tensor(np.ones((1, 4, 2))), (2, 3), 2)
    Tensor([[[[1., 2., 1.],
              [1., 2., 1.]]]])
    """
    shape = np.shape(value_of(x))
    n = np.size(kernel_size) if np.ndim(kernel_size) else 2
    image = (*shape[:1], 0, *sizes("output_size", output_size, n))
    geometry = _image_windows(image, kernel_size, dilation, padding, stride)
    elements, positions = geometry.elements, math.prod(geometry.out)
    if len(shape) != 3 or shape[1] % elements or shape[2] != positions:
        raise ValueError(
            f"x of shape {shape} does not hold windows of {geometry.kernel} over {geometry.size}, which would be "
            f"(N, C times {elements}, {positions})"
        )
    return _fold(x, geometry=geometry)
