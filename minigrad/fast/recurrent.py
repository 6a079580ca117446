"""The passes over the gates of one step of an LSTM, in float32."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from minigrad.fast import same_floats

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

# By judgement, from what tests/benchmarks/bench_training.py prints.
LEAST = 1 << 13  # elements of the gates of a step, below which a kernel gains too little to load numba for it


def lstm_gates(
    a: Array, u: Array, bias: Array | None, c: Array, next_c: Array, tanh_c: Array, h: Array, *_: Any
) -> Array | None:
    """From the gates' inputs a and u to the gates, in a, and to the next c and h."""
    if bias is None or not _applies(a, u, bias, c, next_c, tanh_c, h):
        return None
    from minigrad.fast import recurrent_loops as loops

    batch, _, size = a.shape
    flat = (v.reshape(-1) for v in (a, u, bias, c, next_c, tanh_c, h))
    run: Any = loops.lstm_gates
    run(*flat, batch, size)
    return h


def lstm_gates_gradient(
    g: Array, a: Array, c: Array, tanh_c: Array, d: Array, dh: Array, dc: Array, *_: Any
) -> Array | None:
    """From the gradients of a step's h and c to those of its gates, in d, and of the c before, in dc; g is added to dh."""
    if not _applies(a, g, c, tanh_c, d, dh, dc):
        return None
    from minigrad.fast import recurrent_loops as loops

    batch, _, size = a.shape
    flat = (v.reshape(-1) for v in (g, a, c, tanh_c, d, dh, dc))
    run: Any = loops.lstm_gates_gradient
    run(*flat, batch, size)
    return d


def _applies(a: Any, *others: Any) -> bool:
    if not same_floats(a, *others) or a.dtype != np.float32 or a.size < max(1, LEAST):
        return False
    return all(v.flags.c_contiguous for v in (a, *others))
