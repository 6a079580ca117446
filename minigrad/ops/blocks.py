"""Arrays computed a block at a time.

NumPy makes one pass over memory for each operation of a formula. A block that fits into the cache is read from memory once,
and its intermediate results never leave the cache.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from minigrad.graph import Value

BLOCK = 1 << 15  # elements, 128 KB of float32; a formula keeps a few such arrays in a cache
_SCALARS = (float, int, str, type(None), np.float64, np.float32, np.float16)


def in_blocks(function: Callable[..., Value]) -> Callable[..., Value]:
    """Let an elementwise function of NumPy arrays compute large contiguous ones of one shape a block at a time.

    For other arguments, such as tensors of a recorded sweep or arrays to broadcast, it is called once, as it is.
    """
    return _blockwise(function, lambda shape: (-1,), lambda shape: BLOCK)


def in_rows(function: Callable[..., Value]) -> Callable[..., Value]:
    """As `in_blocks`, for a function that treats each row, along the last axis, by itself."""
    return _blockwise(function, lambda shape: (-1, shape[-1]), lambda shape: max(1, BLOCK // shape[-1]))


def _blockwise(
    function: Callable[..., Value], view: Callable[[Any], tuple[int, ...]], step: Callable[[Any], int]
) -> Callable[..., Value]:
    @wraps(function)
    def call(*args: Any, **static: Any) -> Value:
        size = 0
        shape: Any = None
        for x in args:
            if type(x) is np.ndarray:
                if not x.flags.c_contiguous or x.shape != (x.shape if shape is None else shape):
                    return function(*args, **static)
                size, shape = x.size, x.shape
            elif type(x) not in _SCALARS:
                return function(*args, **static)
        if size <= BLOCK:
            return function(*args, **static)
        flat = [x.reshape(view(shape)) if type(x) is np.ndarray else x for x in args]
        out, at, rows = None, step(shape), len(next(x for x in flat if type(x) is np.ndarray))
        for start in range(0, rows, at):
            block = slice(start, start + at)
            part = function(*[x[block] if type(x) is np.ndarray else x for x in flat], **static)
            if out is None:
                out = np.empty(shape, part.dtype)
                to = out.reshape(view(shape))
            to[block] = part
        return out

    return call
