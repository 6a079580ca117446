"""Resizing: along each axis, each element of the result is a weighted sum of elements of x."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from minigrad.graph import ArrayLike, Value, value_of
from minigrad.operation import composed, op, static_value
from minigrad.ops.dtypes import floats
from minigrad.ops.geometry import Lengths, Sizes, sizes
from minigrad.ops.networks.adaptive import adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d
from minigrad.ops.networks.band import Band

if TYPE_CHECKING:
    from minigrad.graph import Tensor


@op(called="interpolate", hidden=("axes",))
def _resize(x: Value, /, axes: tuple[Band, ...]) -> Value:
    """Read each of the last axes between its elements."""
    for axis, band in enumerate(axes, x.ndim - len(axes)):
        x = band.times(x, axis)
    return x


@op(hidden=("axes",))
def _resize_adjoint(g: Value, /, axes: tuple[Band, ...]) -> Value:
    """Zeros, with each element of g split among those that it was read from."""
    for axis, band in enumerate(axes, g.ndim - len(axes)):
        g = band.transpose_times(g, axis)
    return g


_resize.rules(lambda g, out, x, axes: _resize_adjoint(g, axes))
_resize_adjoint.rules(lambda g, out, x, axes: _resize(g, axes))


def _linear(size: int, centres: Value) -> Band:
    """Two elements around each centre, clipped to the ends of the axis."""
    centres = np.clip(centres, 0, size - 1)
    below = centres.astype(np.intp)
    weights = np.stack([1 - (centres - below), centres - below])
    return Band.of(np.stack([below, np.minimum(below + 1, size - 1)]), weights, size)


def _cubic(size: int, centres: Value) -> Band:
    """Four elements around each centre, where the elements at the ends go on (Keys 1981, with a = −0.75 as in PyTorch)."""
    below, a = np.floor(centres).astype(np.intp), -0.75
    t = centres - below

    def near(x: Value) -> Value:
        return ((a + 2) * x - (a + 3)) * x * x + 1

    def far(x: Value) -> Value:
        return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a

    indices = np.stack([np.clip(below + i, 0, size - 1) for i in (-1, 0, 1, 2)])
    return Band.of(indices, np.stack([far(t + 1), near(t), near(1 - t), far(2 - t)]), size)


def _new_sizes(
    old: Lengths, size: Sizes | None, scale_factor: float | Sequence[float] | None
) -> tuple[Lengths, list[float]]:
    """The new lengths, and the steps along the old axes."""
    if (size is None) == (scale_factor is None):
        raise ValueError("give either size or scale_factor")
    n = len(old)
    if size is not None:
        new = sizes("size", size, n)
        return new, [a / b for a, b in zip(old, new, strict=True)]
    given = np.asarray(scale_factor)
    if given.dtype.kind not in "fiu" or given.shape not in ((), (n,)) or not np.isfinite(given).all():
        raise ValueError(f"scale_factor must be a number, or {n} of them, got {scale_factor!r} for x with axes {old}")
    factors = np.broadcast_to(given.astype(float), (n,)).tolist()
    return sizes("size", [int(a * f) for a, f in zip(old, factors, strict=True)], n), [1 / f for f in factors]


LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}


@composed
def interpolate(
    x: ArrayLike,
    size: Sizes | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool = False,
) -> Tensor:
    """Resize (N, C, L), (N, C, H, W) or (N, C, D, H, W) to a size, or by a scale factor: H becomes floor(H scale_factor).

    Parameters
    ----------
    mode : {"nearest", "nearest-exact", "linear", "bilinear", "trilinear", "bicubic", "area"}
        The element at floor(i H / OH), or at floor((i + 1/2) H / OH); a weighted mean of neighbours, named by the number of
        axes; a cubic through four neighbours, of images; or the mean over a window, as `adaptive_avg_pool2d`.
    align_corners : bool
        In the linear and cubic modes, whether the centres of the outermost elements of x and of the result coincide, not
        their outer edges.

    Examples
    --------
    >>> interpolate(Tensor([[[1.0, 2.0]]]), scale_factor=2)
    Tensor([[[1., 1., 2., 2.]]])
    >>> interpolate(Tensor([[[1.0, 2.0]]]), size=3, mode="linear", align_corners=True)
    Tensor([[[1. , 1.5, 2. ]]])
    """
    scale_factor = static_value("scale_factor", scale_factor)
    shape = np.shape(value_of(x))
    n, old = len(shape) - 2, shape[2:]
    if n not in LINEAR or 0 in old:
        raise ValueError(f"x of shape {shape} is not (N, C, L), (N, C, H, W) or (N, C, D, H, W)")
    modes = ["nearest", "nearest-exact", "area", LINEAR[n], *(["bicubic"] if n == 2 else [])]
    if mode not in modes:
        raise ValueError(f"x of shape {shape} takes mode {', '.join(map(repr, modes))}, got {mode!r}")
    if align_corners and mode in modes[:3]:
        raise ValueError(f"align_corners is for the linear and cubic modes, not for {mode!r}")
    new, steps = _new_sizes(old, size, scale_factor)
    axes = zip(old, new, steps, strict=True)
    if mode == "area":
        return (adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d)[n - 1](x, new)
    if mode in ("nearest", "nearest-exact"):
        # The small addition keeps a quotient such as 3 (1 / 3) from falling below its integer.
        offset = 0.5 if mode == "nearest-exact" else 0.0
        chosen = [np.minimum((np.arange(b) + offset) * step + 1e-9, a - 1).astype(np.intp) for a, b, step in axes]
        return _resize(x, axes=tuple(Band(i, np.ones((len(i), 1)), a) for i, a in zip(chosen, old, strict=True)))
    (x,) = floats(x)
    if align_corners:
        centres = [np.arange(b) * ((a - 1) / max(b - 1, 1)) for a, b, _ in axes]
    else:
        centres = [(np.arange(b) + 0.5) * step - 0.5 for _, b, step in axes]
    band = _cubic if mode == "bicubic" else _linear
    return _resize(x, axes=tuple(band(a, c) for a, c in zip(old, centres, strict=True)))
