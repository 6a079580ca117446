"""Channels as pixels, and back: the last step of sub-pixel convolution."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from minigrad.graph import ArrayLike
from minigrad.operation import composed
from minigrad.ops.shape import permute, reshape

if TYPE_CHECKING:
    from minigrad.graph import Tensor


@composed
def pixel_shuffle(x: ArrayLike, upscale_factor: int) -> Tensor:
    """Rearrange (..., C·r², H, W) as (..., C, H·r, W·r), where r is the factor.

    Shi et al., Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel Network, 2016.

    >>> pixel_shuffle(Tensor([[[1.0]], [[2.0]], [[3.0]], [[4.0]]]), 2)
    Tensor([[[1., 2.],
             [3., 4.]]])
    """
    shape, r = np.shape(x), upscale_factor
    if len(shape) < 3 or r < 1 or shape[-3] % (r * r):
        raise ValueError(f"x of shape {shape} is not (..., C·{r}², H, W)")
    *batch, c, h, w = shape
    n = len(batch)
    apart = reshape(x, (*batch, c // (r * r), r, r, h, w))
    mixed = permute(apart, (*range(n), n, n + 3, n + 1, n + 4, n + 2))
    return reshape(mixed, (*batch, c // (r * r), h * r, w * r))


@composed
def pixel_unshuffle(x: ArrayLike, downscale_factor: int) -> Tensor:
    """Rearrange (..., C, H·r, W·r) as (..., C·r², H, W): the inverse of `pixel_shuffle`, and its adjoint.

    >>> pixel_unshuffle(Tensor([[[1.0, 2.0], [3.0, 4.0]]]), 2).data.ravel()
    array([1., 2., 3., 4.])
    """
    shape, r = np.shape(x), downscale_factor
    if len(shape) < 3 or r < 1 or shape[-1] % r or shape[-2] % r:
        raise ValueError(f"x of shape {shape} is not (..., C, H·{r}, W·{r})")
    *batch, c, h, w = shape
    n = len(batch)
    apart = reshape(x, (*batch, c, h // r, r, w // r, r))
    mixed = permute(apart, (*range(n), n, n + 2, n + 4, n + 1, n + 3))
    return reshape(mixed, (*batch, c * r * r, h // r, w // r))
