"""Adding up windows that share elements."""

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
