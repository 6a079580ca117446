"""The step of Adam, in one pass over a block of a parameter."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from minigrad.fast import same_floats

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

# By judgement, from what tests/benchmarks/bench_training.py prints.
LEAST = 1 << 13  # elements below which the kernel gains too little to load numba for it


def adam(
    g: Array,
    w: Array,
    mean: Array,
    square: Array,
    _: Any,
    first: float,
    second: float,
    scale: float,
    eps: float,
    rate: float,
) -> Array | None:
    """Update w and the moving averages in place."""
    arrays = g, w, mean, square
    if not same_floats(*arrays) or w.size < max(1, LEAST) or not all(v.flags.c_contiguous for v in arrays):
        return None
    from minigrad.fast import updates_loops as loops

    run: Any = loops.adam
    run(*(v.reshape(-1) for v in arrays), first, 1 - first, second, 1 - second, scale, eps, rate)
    return w
