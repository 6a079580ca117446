"""Sliding windows. The view and the sum of its overlapping windows are each other's adjoints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple
from numpy.lib.stride_tricks import sliding_window_view as _view

from minigrad.graph import ArrayLike, Value
from minigrad.operation import composed, op

if TYPE_CHECKING:
    from minigrad.graph import Tensor


@op(complex=True, called="sliding_window_view", formulas=("upstream summed over the windows of each element",))
def _windows(x: Value, /, window: tuple[int, ...], axes: tuple[int, ...]) -> Value:
    """View of all windows, whose own axes come last."""
    return _view(x, window, axes)


@op(complex=True, formulas=("windows of upstream",))
def _overlap(x: Value, /, window: tuple[int, ...], axes: tuple[int, ...], shape: tuple[int, ...]) -> Value:
    """Add windows where they overlap."""
    out = np.zeros(shape, x.dtype)
    for offset in np.ndindex(window):
        place = [slice(None)] * len(shape)
        for start, axis in zip(offset, axes, strict=True):  # an axis may be named twice: the offsets add up
            first = (place[axis].start or 0) + start
            place[axis] = slice(first, first + x.shape[axis])
        out[tuple(place)] += x[(..., *offset)]
    return out


_windows.rules(lambda g, out, x, window, axes: _overlap(g, window=window, axes=axes, shape=x.shape))
_overlap.rules(lambda g, out, x, window, axes, shape: _windows(g, window=window, axes=axes))


@composed
def sliding_window_view(x: ArrayLike, window_shape: int | Sequence[int], axis: int | Sequence[int] | None = None) -> Tensor:
    """Windows of a shape at every position, without a copy; the axes within the windows come last.

    >>> sliding_window_view(Tensor([1.0, 2.0, 3.0]), 2)
    Tensor([[1., 2.],
            [2., 3.]])
    """
    window = (int(window_shape),) if isinstance(window_shape, int | np.integer) else tuple(int(n) for n in window_shape)
    ndim = np.ndim(x)
    axes = tuple(range(ndim)) if axis is None else normalize_axis_tuple(axis, ndim, allow_duplicate=True)
    if len(window) != len(axes):
        raise ValueError(f"a window of shape {window} needs as many axes, got {axes} of shape {np.shape(x)}")
    return _windows(x, window=window, axes=axes)
