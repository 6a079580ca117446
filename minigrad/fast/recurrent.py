"""The pass of an LSTM or a GRU through all steps, and its pass back, in float32.

Samples of a batch do not meet, so that each thread takes some of them through all steps. As in convolution, a product is
made of tiles, here of some samples and some vectors of gates or states; the weight is packed to whole tiles with zeros.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from minigrad.fast import pool, same_floats

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

# By judgement, from what tests/benchmarks/bench_training.py prints.
LEAST = 5e5  # multiply-accumulates of all steps, below which the kernels gain too little to load numba for them
PART = 5e6  # multiply-accumulates that are worth another thread


def lstm_forward(gates: Array, w: Array, bias: Array | None, h: Array, c: Array, tanh_c: Array, *_: Any) -> Array | None:
    """The gates, from the contributions of the input to them, and the states, in h, c and tanh_c."""
    bias = np.zeros(w.shape[1], w.dtype) if bias is None else bias
    if not _applies(w, gates, bias, h, c, tanh_c):
        return None
    from minigrad.fast import recurrent_loops as loops

    packed, offsets = _packed(w)
    flat = [v.reshape(-1) for v in (gates, packed, bias, h, c, tanh_c)]
    _over_batch(loops.lstm_forward, (*flat, offsets, *tanh_c.shape), gates, w)
    return h


def lstm_gradients(
    g: Array, weight: Array, gates: Array, c: Array, tanh_c: Array, d: Array, dh: Array, dc: Array
) -> Array | None:
    """The gradients of the gates, in d, and of the first states, in dh and dc, which hold those of the last."""
    if not _applies(weight, gates, g, c, tanh_c, d, dh, dc):
        return None
    from minigrad.fast import recurrent_loops as loops

    packed, offsets = _packed(weight)
    flat = [v.reshape(-1) for v in (g, packed, gates, c, tanh_c, d, dh, dc)]
    _over_batch(loops.lstm_gradients, (*flat, offsets, *tanh_c.shape), gates, weight)
    return d


def gru_forward(gates: Array, w: Array, bias: Array | None, h: Array, hidden: Array) -> Array | None:
    """The gates, from the contributions of the input to them, the states, and what the reset gate scales."""
    bias = np.zeros(w.shape[1], w.dtype) if bias is None else bias
    if not _applies(w, gates, bias, h, hidden):
        return None
    from minigrad.fast import recurrent_loops as loops

    packed, offsets = _packed(w)
    flat = [v.reshape(-1) for v in (gates, packed, bias, h, hidden)]
    _over_batch(loops.gru_forward, (*flat, offsets, *hidden.shape), gates, w)
    return h


def gru_gradients(
    g: Array, weight: Array, h: Array, gates: Array, hidden: Array, d: Array, du: Array, dh: Array
) -> Array | None:
    """The gradients of the gates, in d and du, and of the first state, in dh, which holds that of the last."""
    if not _applies(weight, gates, g, h, hidden, d, du, dh):
        return None
    from minigrad.fast import recurrent_loops as loops

    packed, offsets = _packed(weight)
    flat = [v.reshape(-1) for v in (g, packed, h, gates, hidden, d, du, dh)]
    _over_batch(loops.gru_gradients, (*flat, offsets, *hidden.shape), gates, weight)
    return d


def _applies(weight: Any, gates: Any, *others: Any) -> bool:
    if not same_floats(weight, gates, *others) or weight.dtype != np.float32 or _work(gates, weight) < max(1, LEAST):
        return False
    return all(v.flags.c_contiguous for v in (gates, *others))


def _work(gates: Array, weight: Array) -> float:
    """The multiply-accumulates of all steps."""
    return float(len(gates) * gates.shape[1] * weight.size)


def _packed(weight: Array) -> tuple[Array, Array]:
    """The weight a tile's columns after another, with columns of zeros in the last; and where each row of a tile begins."""
    from minigrad.fast import recurrent_loops as loops

    rows, columns = weight.shape
    tile = loops.tile_columns(weight.dtype)
    packed = np.zeros((rows, -(-columns // tile), tile), weight.dtype)
    packed.reshape(rows, -1)[:, :columns] = weight
    return packed.swapaxes(0, 1).reshape(-1), np.arange(0, rows * tile, tile)


def _over_batch(kernel: Any, args: tuple[Any, ...], gates: Array, weight: Array) -> None:
    batch = gates.shape[1]
    pool.split(lambda _, first, last: kernel(*args, first, last), batch, pool.parts(batch, _work(gates, weight), PART))
