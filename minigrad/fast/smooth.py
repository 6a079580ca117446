"""Smooth activations, erf and softmax, with their gradients, in float32 and in one pass over the elements."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np

from minigrad.fast import pool, same_floats

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

# By judgement, from what tests/benchmarks/bench_training.py prints.
LEAST = 1 << 15  # elements below which a kernel gains too little to load numba for it
PART = 1 << 17  # elements that are worth another thread


def erf(x: Array) -> Array | None:
    """Error function."""
    return _run("erf", x)


def sigmoid(x: Array) -> Array | None:
    """1/(1 + e⁻ˣ)."""
    return _run("sigmoid", x)


def sigmoid_gradient(g: Array, out: Array, _: Any = None) -> Array | None:
    """g·(1 − out)·out."""
    return _run("sigmoid_gradient", g, out)


def tanh_gradient(g: Array, out: Array) -> Array | None:
    """g·(1 − out²)."""
    return _run("tanh_gradient", g, out)


def silu(x: Array) -> Array | None:
    """x·sigmoid(x)."""
    return _run("silu", x)


def silu_gradient(g: Array, _: Any, x: Array) -> Array | None:
    """The gradient of silu."""
    return _run("silu_gradient", g, x)


def gelu(x: Array, approximate: str) -> Array | None:
    """x·Φ(x)."""
    return _run("gelu" if approximate == "none" else "gelu_tanh", x)


def gelu_gradient(g: Array, _: Any, x: Array, approximate: str) -> Array | None:
    """The gradient of gelu."""
    return _run("gelu_gradient" if approximate == "none" else "gelu_tanh_gradient", g, x)


def softmax(x: Array) -> Array | None:
    """Softmax of each row, along the last axis."""
    return _run("softmax", x, rows=True)


def softmax_gradient(g: Array, out: Array) -> Array | None:
    """out·(g − Σ g·out), of each row."""
    return _run("softmax_gradient", g, out, rows=True)


def _run(name: str, *arrays: Any, rows: bool = False) -> Array | None:
    """Call a kernel with parts of the elements, or of the rows."""
    first = arrays[0]
    if not same_floats(*arrays) or first.dtype != np.float32 or first.size < max(1, LEAST):
        return None
    if any(x.shape != first.shape for x in arrays):
        return None
    from minigrad.fast import smooth_loops as loops

    out: Array = np.empty(first.shape, first.dtype)
    flat, kernel = [np.ascontiguousarray(x).reshape(-1) for x in (*arrays, out)], getattr(loops, name)
    if rows:
        flat.append(first.shape[-1])
    count = math.prod(first.shape[:-1]) if rows else first.size
    pool.split(lambda _, start, end: kernel(*flat, start, end), count, pool.parts(count, first.size, PART))
    return out
