"""Adding up what overlaps: windows that share elements, and segments of an axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from minigrad.graph import Value
from minigrad.ops.geometry import Geometry, Lengths, offsets
from minigrad.ops.indexing import _scatter
from minigrad.ops.shape import ravel, reshape

if TYPE_CHECKING:
    from minigrad.graph import Tensor


def put_back(g: Value, at: Value, shape: Lengths) -> Tensor:
    """Zeros of a shape, with g added at flat indices; the adjoint of ``np.take(x, at)``."""
    return reshape(_scatter(ravel(g), key=at.ravel(), shape=(math.prod(shape),)), shape)


def add_windows(parts: Sequence[Value], geometry: Geometry) -> Value:
    """Zeros, with each window added: parts[k] holds what each window gives to its element k."""
    lead = parts[0].shape[: parts[0].ndim - len(geometry.size)]
    out, disjoint = np.zeros(lead + geometry.size, parts[0].dtype), geometry.disjoint
    for part, (outputs, inputs) in zip(parts, offsets(geometry), strict=True):
        if disjoint:
            out[inputs] = part[outputs]
        else:
            out[inputs] += part[outputs]
    return out


def segment_sums(x: Value, axis: int, start: Value, end: Value) -> Value:
    """Sum along an axis from each start up to, but without, its end; an empty sum is 0."""
    lengths = end - start
    longest = max(lengths, default=0)
    before = (slice(None),) * axis
    if 0 < longest <= 16:  # then a step along all segments at once is faster than segment by segment
        sums: Value = 0
        for i in range(longest):
            goes_on = lengths > i
            term = np.take(x, np.where(goes_on, start + i, 0), axis)
            if not goes_on.all():
                term[*before, ~goes_on] = 0
            sums = np.add(sums, term, out=term)
        return sums
    room = [(0, 0)] * x.ndim
    room[axis] = (0, 1)  # reduceat takes no index behind the last element
    bounds = np.stack([start, end], axis=1).ravel()
    sums = np.add.reduceat(np.pad(x, room), bounds, axis, x.dtype)[*before, slice(None, None, 2)]
    sums[*before, lengths == 0] = 0
    return sums
