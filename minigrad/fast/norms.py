"""Normalisation: what `minigrad.ops.networks.normalise` computes, in passes over what the cache holds.

Batch normalisation has statistics for each channel of (N, C, positions); the others for each row of a matrix: a sample, or a
group of its channels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from minigrad.fast import pool, same_floats

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]
Shape: TypeAlias = tuple[int, ...]

# By judgement, from what tests/benchmarks/bench_pool_loss.py prints.
LEAST = 1 << 15  # elements below which a kernel gains too little to load numba for it
PART = 1 << 15  # elements that are worth another thread
POSITIONS = 8  # fewer are too short a run of elements for a channel


def forward(
    x: Array, weight: Array | None, bias: Array | None, view: Shape, axes: Shape, place: Shape, eps: float
) -> tuple[Array, Array, Array, Array] | None:
    """The result; one over the standard deviation, the mean, and the variance."""
    if not _applies(view, axes, x, weight, bias):
        return None
    from minigrad.fast import norm_loops as loops

    count = math.prod(n for i, n in enumerate(view) if i not in axes)
    out = np.empty(x.shape, x.dtype)
    mean, var, scale = (np.empty(count, x.dtype) for _ in range(3))
    w, b = _factors(x, weight, place, 1), _factors(x, bias, place, 0)
    arrays = np.ascontiguousarray(x).reshape(-1), w, b, out.reshape(-1), mean, var, scale, eps
    sizes = _sizes(view, axes)
    run: Any = getattr(loops, f"{_kind(axes, place)}_forward")
    pool.split(lambda _, first, last: run(*arrays, *sizes, first, last), count, pool.parts(count, x.size, PART))
    kept = tuple(1 if i in axes else n for i, n in enumerate(view))
    return out, scale.reshape(kept), mean.reshape(kept), var.reshape(kept)


def gradients(
    needed: Sequence[bool],
    g: Any,
    x: Any,
    weight: Any,
    bias: Any,
    saved: Any,
    view: Shape,
    axes: Shape,
    place: Shape,
    eps: float,
) -> list[Array | None] | None:
    """The gradients of x, weight and bias."""
    if saved is None or not _applies(view, axes, x, g, weight, bias):
        return None
    from minigrad.fast import norm_loops as loops

    scale, mean = saved
    count, factors = mean.size, math.prod(place)
    parts = pool.parts(count, x.size, PART)
    gx, w = np.empty(x.shape, x.dtype), _factors(x, weight, place, 1)
    kind = _kind(axes, place)
    sums = np.zeros((2, 1 if kind == "channels" else parts, factors), x.dtype)
    g_, x_, mean_, scale_ = (np.ascontiguousarray(a).reshape(-1) for a in (g, x, mean, scale))
    sizes = _sizes(view, axes)
    arrays = g_, x_, w, mean_, scale_, gx.reshape(-1)
    run: Any = getattr(loops, f"{kind}_backward")
    pool.split(lambda i, first, last: run(*arrays, *sums[:, i % sums.shape[1]], *sizes, first, last), count, parts)
    gweight, gbias = (total[0] if len(total) == 1 else np.add.reduce(total, axis=0) for total in sums)
    return [gx, *(None if v is None else s.reshape(v.shape) for v, s in ((weight, gweight), (bias, gbias)))]


def _applies(view: Shape, axes: Shape, x: Any, *others: Any) -> bool:
    if not same_floats(x, *others) or x.size < max(1, LEAST):
        return False
    return axes != (0, 2) or view[2] >= POSITIONS


def _factors(x: Array, given: Array | None, place: Shape, usual: int) -> Array:
    return np.full(math.prod(place), usual, x.dtype) if given is None else np.ascontiguousarray(given).reshape(-1)


def _kind(axes: Shape, place: Shape) -> str:
    """Which kernels: their statistics are of channels, of groups of channels, or of rows whose elements have weights."""
    return "channels" if axes == (0, 2) else "rows" if len(place) == 2 else "groups"


def _sizes(view: Shape, axes: Shape) -> tuple[int, ...]:
    """Of channels: images, channels, positions. Of groups: an image's groups, their channels, positions. Of rows: length."""
    if axes == (0, 2):
        return view
    return (view[1], 1, view[2]) if len(view) == 3 else view[1:]  # of instance norm, each channel is a group
