"""Relu and its gradient, in one pass over the elements."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from minigrad.fast import pool, same_floats

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

# By judgement, from what tests/benchmarks/bench_pool_loss.py prints.
LEAST = 1 << 15  # elements below which a kernel gains too little to load numba for it
PART = 1 << 17  # elements that are worth another thread


def relu(x: Array) -> Array | None:
    """max(x, 0); on one thread NumPy is as fast."""
    if not _plain(x) or (count := pool.parts(x.size, x.size, PART)) == 1:
        return None
    from minigrad.fast import elementwise_loops as loops

    out = np.empty_like(x)
    flat = x.reshape(-1), out.reshape(-1)
    pool.split(lambda _, first, last: loops.relu(*flat, first, last), x.size, count)
    return out


def relu_gradient(g: Array, x: Array) -> Array | None:
    """g where x > 0, else 0."""
    if not _plain(g, x) or g.shape != x.shape:
        return None
    from minigrad.fast import elementwise_loops as loops

    out = np.empty_like(x)
    flat = g.reshape(-1), x.reshape(-1), out.reshape(-1)
    pool.split(lambda _, first, last: loops.relu_gradient(*flat, first, last), x.size, pool.parts(x.size, x.size, PART))
    return out


def _plain(*arrays: Any) -> bool:
    """True if all are contiguous and large enough; to copy others would take as long as NumPy does."""
    return same_floats(*arrays) and arrays[0].size >= max(1, LEAST) and all(x.flags.c_contiguous for x in arrays)
