"""Relu, leaky relu and their gradients, in one pass over the elements."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from minigrad.fast import pool, same_floats

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

# By judgement, from what tests/benchmarks/bench_pool_loss.py prints.
LEAST = 1 << 15  # elements below which a kernel gains too little to load numba for it
PART = 1 << 17  # elements that are worth another thread


def relu(x: Array) -> Array | None:
    """max(x, 0)."""
    return _run("relu", (x,))


def relu_gradient(g: Array, x: Array) -> Array | None:
    """g where x > 0, else 0."""
    return _run("relu_gradient", (g, x))


def leaky_relu(x: Array, negative_slope: Any) -> Array | None:
    """x where x > 0, else x times the slope."""
    return _run("leaky_relu", (x,), negative_slope) if type(negative_slope) in _NUMBERS else None


def leaky_relu_gradient(g: Array, x: Array, negative_slope: Any) -> Array | None:
    """g where x > 0, else g times the slope."""
    return _run("leaky_relu_gradient", (g, x), negative_slope) if type(negative_slope) in _NUMBERS else None


_NUMBERS = (int, float)  # others may change the dtype


def _run(name: str, arrays: tuple[Array, ...], *numbers: float) -> Array | None:
    if not _plain(*arrays):
        return None
    from minigrad.fast import elementwise_loops as loops

    kernel, out = getattr(loops, name), np.empty_like(arrays[0])
    flat, size = [x.reshape(-1) for x in (*arrays, out)], out.size
    pool.split(lambda _, first, last: kernel(*flat, *numbers, first, last), size, pool.parts(size, size, PART))
    return out


def _plain(*arrays: Any) -> bool:
    """True if all are contiguous, of one shape and large enough; to copy others would take as long as NumPy does."""
    if not same_floats(*arrays) or arrays[0].size < max(1, LEAST):
        return False
    return all(x.flags.c_contiguous and x.shape == arrays[0].shape for x in arrays)
