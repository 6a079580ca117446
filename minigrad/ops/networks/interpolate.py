"""Resizing: along each axis, each element of the result is a weighted sum of elements of x."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from minigrad.graph import ArrayLike, Value, value_of
from minigrad.operation import composed, op, static_value
from minigrad.ops.geometry import Lengths, Sizes, sizes
from minigrad.ops.networks.overlap import segment_sums

if TYPE_CHECKING:
    from minigrad.graph import Tensor


def _add_along(g: Value, axis: int, indices: Value, size: int) -> Value:
    """Zeros, with g added at ascending indices along an axis: what goes to one index is a segment of g."""
    i = np.arange(size)
    return segment_sums(g, axis, np.searchsorted(indices, i), np.searchsorted(indices, i, "right"))


class Between(NamedTuple):
    """Where an axis is read between its elements: the index below, the one above, and the weight of that above."""

    below: Value
    above: Value
    part: Value

    def weights(self, x: Value, axis: int) -> tuple[Value, Value]:
        """The weights of the elements below and above, to broadcast beside x."""
        part = self.part.astype(x.dtype if x.dtype.kind == "f" else np.float64).reshape((-1,) + (1,) * (x.ndim - axis - 1))
        return 1 - part, part


@op(called="interpolate", hidden=("axes",))
def _resize(x: Value, /, axes: tuple[Between, ...]) -> Value:
    """Read each of the last axes between its elements."""
    for axis, at in enumerate(axes, x.ndim - len(axes)):
        low, high = at.weights(x, axis)
        above = np.take(x, at.above, axis) * high
        x = np.take(x, at.below, axis) * low
        x += above
    return x


@op(hidden=("axes", "size"))
def _resize_adjoint(g: Value, /, axes: tuple[Between, ...], size: Lengths) -> Value:
    """Zeros, with each element of g split between the two that it was read from."""
    for axis, (at, length) in enumerate(zip(axes, size, strict=True), g.ndim - len(axes)):
        low, high = at.weights(g, axis)
        g = _add_along(g * low, axis, at.below, length) + _add_along(g * high, axis, at.above, length)
    return g


_resize.rules(lambda g, out, x, axes: _resize_adjoint(g, axes, x.shape[-len(axes) :]))
_resize_adjoint.rules(lambda g, out, x, axes, size: _resize(g, axes))


@op(called="interpolate", hidden=("chosen",))
def _nearest(x: Value, /, chosen: tuple[Value, ...]) -> Value:
    """The chosen indices along each of the last axes."""
    for axis, indices in enumerate(chosen, x.ndim - len(chosen)):
        x = np.take(x, indices, axis)
    return x


@op(hidden=("chosen", "size"))
def _nearest_adjoint(g: Value, /, chosen: tuple[Value, ...], size: Lengths) -> Value:
    """Zeros, with g added at the chosen indices."""
    for axis, (indices, length) in enumerate(zip(chosen, size, strict=True), g.ndim - len(chosen)):
        g = _add_along(g, axis, indices, length)
    return g


_nearest.rules(lambda g, out, x, chosen: _nearest_adjoint(g, chosen, x.shape[-len(chosen) :]))
_nearest_adjoint.rules(lambda g, out, x, chosen, size: _nearest(g, chosen))


def _between(size: int, centres: Value) -> Between:
    """Where an axis is read at the centres, clipped to its ends."""
    centres = np.clip(centres, 0, size - 1)
    below = centres.astype(np.intp)
    return Between(below, np.minimum(below + 1, size - 1), centres - below)


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
    mode : {"nearest", "linear", "bilinear", "trilinear"}
        The element at floor(i H / OH), or a weighted mean of neighbours; the latter is named by the number of axes.
    align_corners : bool
        In the linear modes, whether the centres of the outermost elements of x and of the result coincide, not their outer
        edges.

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
    if mode not in ("nearest", LINEAR[n]):
        raise ValueError(f"x of shape {shape} takes mode 'nearest' or {LINEAR[n]!r}, got {mode!r}")
    new, steps = _new_sizes(old, size, scale_factor)
    axes = zip(old, new, steps, strict=True)
    if mode == "nearest":
        # The small addition keeps a quotient such as 3 (1 / 3) from falling below its integer.
        chosen = [np.minimum(np.arange(b) * step + 1e-9, a - 1).astype(np.intp) for a, b, step in axes]
        return _nearest(x, chosen=tuple(chosen))
    if align_corners:
        centres = [np.arange(b) * ((a - 1) / max(b - 1, 1)) for a, b, _ in axes]
    else:
        centres = [(np.arange(b) + 0.5) * step - 0.5 for _, b, step in axes]
    return _resize(x, axes=tuple(_between(a, c) for a, c in zip(old, centres, strict=True)))
