"""Resizing: along each axis, every number of the result is a weighted sum of numbers of x."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from minigrad.graph import Value, value_of
from minigrad.operation import op
from minigrad.ops.networks.window import Sizes, segment_sums, sizes


def _add_at(g: Value, axis: int, places: Value, size: int) -> Value:
    """Zeros along an axis, with g added at places in ascending order: what goes to one place is a segment of g."""
    i = np.arange(size)
    return segment_sums(g, axis, np.searchsorted(places, i), np.searchsorted(places, i, "right"))


class Between(NamedTuple):
    """Where an axis is read between its numbers: the number below, the one above, and the weight of that above."""

    below: Value
    above: Value
    part: Value

    def weights(self, x: Value, axis: int) -> tuple[Value, Value]:
        """The weights of the numbers below and above, as they stand beside x."""
        part = self.part.astype(x.dtype if x.dtype.kind == "f" else np.float64).reshape((-1,) + (1,) * (x.ndim - axis - 1))
        return 1 - part, part


@op()
def _resize(x: Value, /, axes: tuple[Between, ...]) -> Value:
    """Read each of the last axes between its numbers."""
    for axis, at in enumerate(axes, x.ndim - len(axes)):
        low, high = at.weights(x, axis)
        above = np.take(x, at.above, axis) * high
        x = np.take(x, at.below, axis) * low
        x += above
    return x


@op()
def _resize_adjoint(g: Value, /, axes: tuple[Between, ...], size: tuple[int, ...]) -> Value:
    """Zeros, with each number of g parted between the two places that it was read from."""
    for axis, (at, length) in enumerate(zip(axes, size, strict=True), g.ndim - len(axes)):
        low, high = at.weights(g, axis)
        g = _add_at(g * low, axis, at.below, length) + _add_at(g * high, axis, at.above, length)
    return g


_resize.rules(lambda g, out, x, axes: _resize_adjoint(g, axes, x.shape[-len(axes) :]))


_resize_adjoint.rules(lambda g, out, x, axes, size: _resize(g, axes))


@op()
def _nearest(x: Value, /, chosen: tuple[Value, ...]) -> Value:
    """The chosen places along each of the last axes."""
    for axis, places in enumerate(chosen, x.ndim - len(chosen)):
        x = np.take(x, places, axis)
    return x


@op()
def _nearest_adjoint(g: Value, /, chosen: tuple[Value, ...], size: tuple[int, ...]) -> Value:
    """Zeros, with g added at the chosen places."""
    for axis, (places, length) in enumerate(zip(chosen, size, strict=True), g.ndim - len(chosen)):
        g = _add_at(g, axis, places, length)
    return g


_nearest.rules(lambda g, out, x, chosen: _nearest_adjoint(g, chosen, x.shape[-len(chosen) :]))


_nearest_adjoint.rules(lambda g, out, x, chosen, size: _nearest(g, chosen))


def _between(size: int, centres: Value) -> Between:
    """Where an axis is read at the centres, held at the ends."""
    centres = np.clip(centres, 0, size - 1)
    below = centres.astype(np.intp)
    return Between(below, np.minimum(below + 1, size - 1), centres - below)


LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}


def interpolate(
    x: Value, size: Sizes | None = None, scale_factor: float | Sequence[float] | None = None, mode: str = "nearest",
    align_corners: bool = False,
) -> Value:  # fmt: skip
    """Resize an image, or any array with 1 to 3 axes after its batch and channels.

    Parameters
    ----------
    x : Tensor or array_like
        Shape (N, C, L), (N, C, H, W) or (N, C, D, H, W).
    size : int or tuple of int, optional
        The size of the result.
    scale_factor : float or tuple of float, optional
        How many times larger, if `size` is left out: H becomes floor(H scale_factor).
    mode : {"nearest", "linear", "bilinear", "trilinear"}
        The number at floor(i H / OH), or a weighted mean of neighbours; the latter is called by the number of axes.
    align_corners : bool
        Of the linear modes: whether the outermost numbers of x and of the result coincide, rather than their outer edges.

    Returns
    -------
    Tensor
        Shape (N, C, OH, OW), and likewise with fewer or more axes.

    Raises
    ------
    ValueError
        If not exactly one of `size` and `scale_factor` is given, or the mode is not one for x's shape.

    Examples
    --------
    >>> interpolate(Tensor([[[1.0, 2.0]]]), scale_factor=2)
    Tensor([[[1., 1., 2., 2.]]])
    >>> interpolate(Tensor([[[1.0, 2.0]]]), size=3, mode="linear", align_corners=True)
    Tensor([[[1. , 1.5, 2. ]]])
    """
    shape = np.shape(value_of(x))
    n = len(shape) - 2
    if n not in LINEAR or 0 in shape[2:]:
        raise ValueError(f"interpolate: x of shape {shape} is not (N, C, L), (N, C, H, W) or (N, C, D, H, W)")
    if mode not in ("nearest", LINEAR[n]):
        raise ValueError(f"interpolate: x of shape {shape} takes mode 'nearest' or {LINEAR[n]!r}, got {mode!r}")
    if (size is None) == (scale_factor is None):
        raise ValueError("interpolate: give either size or scale_factor")
    old = shape[2:]
    if size is not None:
        new = sizes("interpolate", "size", size, n)
        steps = [a / b for a, b in zip(old, new, strict=True)]
    else:
        given = np.asarray(scale_factor)
        if given.dtype.kind not in "fiu" or given.shape not in ((), (n,)) or not np.isfinite(given).all():
            raise ValueError(f"interpolate: scale_factor must be a number, or {n} of them, got {scale_factor!r} for {shape}")
        factors = np.broadcast_to(given.astype(float), (n,)).tolist()
        new = sizes("interpolate", "size", [int(a * f) for a, f in zip(old, factors, strict=True)], n)
        steps = [1 / f for f in factors]
    if mode == "nearest":
        # The small addition keeps a quotient such as 3 (1 / 3) from falling below its whole number.
        chosen = [
            np.minimum(np.arange(b) * s + 1e-9, a - 1).astype(np.intp) for a, b, s in zip(old, new, steps, strict=True)
        ]
        return _nearest(x, chosen=tuple(chosen))
    if align_corners:
        centres = [np.arange(b) * ((a - 1) / max(b - 1, 1)) for a, b in zip(old, new, strict=True)]
    else:
        centres = [(np.arange(b) + 0.5) * s - 0.5 for b, s in zip(new, steps, strict=True)]
    return _resize(x, axes=tuple(_between(a, c) for a, c in zip(old, centres, strict=True)))
