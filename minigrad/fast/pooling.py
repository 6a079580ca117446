"""Max pooling over disjoint windows of 2 × 2, and its gradient."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np

from minigrad.fast import pool, same_floats

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

# By judgement, from what tests/benchmarks/bench_pool_loss.py prints.
LEAST = 1 << 15  # elements below which a kernel gains too little to load numba for it
PART = 1 << 17  # elements that are worth another thread


def max_pool(x: Array, geometry: Any) -> Array | None:
    """The maximum of each window; nan if one of its elements is."""
    if not _applies(geometry, x):
        return None
    from minigrad.fast import pool_loops as loops

    out = np.empty(x.shape[:-2] + geometry.out, x.dtype)
    planes, (height, width) = math.prod(x.shape[:-2]), geometry.size
    arrays = x.reshape(-1), out.reshape(-1)
    parts = pool.parts(planes, x.size, PART)
    pool.split(lambda _, first, last: loops.max_pool(*arrays, height, width, first, last), planes, parts)
    return out


def max_pool_gradient(g: Array, x: Array, out: Array, geometry: Any) -> Array | None:
    """Each output's gradient at the first maximum of its window."""
    if not _applies(geometry, x, g, out):
        return None
    from minigrad.fast import pool_loops as loops

    odd = any(n % 2 for n in geometry.size)  # the last row or column lies in no window
    gx = np.zeros(x.shape, x.dtype) if odd else np.empty(x.shape, x.dtype)
    planes, (height, width) = math.prod(x.shape[:-2]), geometry.size
    arrays = g.reshape(-1), x.reshape(-1), out.reshape(-1), gx.reshape(-1)
    parts = pool.parts(planes, x.size, PART)
    pool.split(lambda _, first, last: loops.max_pool_gradient(*arrays, height, width, first, last), planes, parts)
    return gx


def _applies(geometry: Any, x: Any, *others: Any) -> bool:
    usual = geometry.kernel == geometry.stride == (2, 2) and geometry.dilation == (1, 1)
    if not usual or any(before for before, _ in geometry.padding) or not same_floats(x, *others):
        return False
    if any(2 * o > n for o, n in zip(geometry.out, geometry.size, strict=True)):
        return False  # ceil_mode: the last window reaches beyond the end
    return x.size >= max(1, LEAST) and all(a.flags.c_contiguous for a in (x, *others))
