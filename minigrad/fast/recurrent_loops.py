"""The kernels of `recurrent`, for as many samples at a time as a tile has rows.

Each loop over elements writes one array, and takes what it reads as slices. LLVM makes vectors of a loop only if it can
test, with a few comparisons before it, that what is written overlaps nothing that is read, and if it knows that no index is
negative, which numba takes as Python does. It sees both for ``x[i]`` in a slice from k on, and not for ``x[k + i]``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.fast.compiled import In, Ints, Out, helper, kernel
from minigrad.fast.conv_loops import COLUMNS, ROWS, WIDTH, lanes, multiply

_f = np.float32


@helper
def _tanh(x: Any) -> Any:
    """tanh(x) to 4 units in the last place: the rational function of Eigen's, without a branch; nan for nan."""
    most = _f(7.905311)  # beyond it tanh is 1 in float32
    x = most if x > most else x
    x = -most if x < -most else x
    s = x * x
    p = s * _f(-2.76076847742355e-16) + _f(2.00018790482477e-13)
    p = s * p + _f(-8.60467152213735e-11)
    p = s * p + _f(5.12229709037114e-08)
    p = s * p + _f(1.48572235717979e-05)
    p = s * p + _f(6.37261928875436e-04)
    p = s * p + _f(4.89352455891786e-03)
    q = s * _f(1.19825839466702e-06) + _f(1.18534705686654e-04)
    q = s * q + _f(2.26843463243900e-03)
    q = s * q + _f(4.89352518554385e-03)
    return x * p / q


def tile_columns(dtype: np.dtype[Any]) -> int:
    """The number of columns that a tile of a product has."""
    return COLUMNS * (WIDTH // dtype.itemsize)


@helper
def _product(
    x: In, at: int, count: int, rows: int, w: In, offsets: Ints, room: Out, zeros: In, y: Out, columns: int
) -> None:
    """Rows of x, at most ROWS, each with `count` elements, times the packed weight: rows of y."""
    for r in range(rows):
        for k in range(count):
            room[k * ROWS + r] = x[at + r * count + k]
    step = COLUMNS * lanes(w)
    for j in range(0, columns, step):
        multiply(w, j * count, offsets, count, room, 0, zeros, 0, y, j, columns)


@helper
def _step(a: Out, u: In, bias: In, c: In, next_c: Out, tanh_c: Out, h: Out) -> None:
    """Gates input, forget, new, output; a sigmoid's input comes halved: σ(x) = tanh(x / 2) / 2 + 1 / 2."""
    half, size = _f(0.5), c.size
    for start in range(0, 4 * size, size):
        gate, more, shift = a[start : start + size], u[start : start + size], bias[start : start + size]
        if start == 2 * size:
            for j in range(size):
                gate[j] = _tanh(gate[j] + more[j] + shift[j])
        else:
            for j in range(size):
                gate[j] = _tanh(gate[j] + more[j] + shift[j]) * half + half
    i, f, n, o = a[:size], a[size : 2 * size], a[2 * size : 3 * size], a[3 * size :]
    for j in range(size):
        next_c[j] = f[j] * c[j] + i[j] * n[j]
    for j in range(size):
        tanh_c[j] = _tanh(next_c[j])
    for j in range(size):
        h[j] = o[j] * tanh_c[j]


@kernel
def lstm_forward(
    a: Out, w: In, bias: In, h: Out, c: Out, tanh_c: Out, offsets: Ints, steps: int, batch: int, size: int, first: int,
    last: int,
) -> None:  # fmt: skip
    """All steps of some samples."""
    columns, each = w.size // size, batch * size
    room, u, zeros = np.zeros(ROWS * size, w.dtype), np.empty(ROWS * columns, w.dtype), np.zeros(ROWS, w.dtype)
    for start in range(first, last, ROWS):
        rows = min(ROWS, last - start)
        for t in range(steps):
            at = t * batch + start
            _product(h, at * size, size, rows, w, offsets, room, zeros, u, columns)
            for row in range(rows):
                k, i, v = (at + row) * size, (at + row) * 4 * size, row * columns
                _step(a[i : i + 4 * size], u[v : v + 4 * size], bias, c[k : k + size], c[k + each : k + each + size],
                      tanh_c[k : k + size], h[k + each : k + each + size])  # fmt: skip


@helper
def _step_back(g: In, a: In, c: In, tanh_c: In, d: Out, dh: Out, dc: Out) -> None:
    """The derivative of a sigmoid s is s (1 - s), that of a tanh t is 1 - t**2."""
    one, size = _f(1), c.size
    i, f, n, o = a[:size], a[size : 2 * size], a[2 * size : 3 * size], a[3 * size :]
    di, df, dn, do = d[:size], d[size : 2 * size], d[2 * size : 3 * size], d[3 * size :]
    for j in range(size):
        dh[j] += g[j]
    for j in range(size):
        dc[j] += o[j] * dh[j] * (one - tanh_c[j] * tanh_c[j])
    for j in range(size):
        di[j] = dc[j] * n[j] * i[j] * (one - i[j])
    for j in range(size):
        df[j] = dc[j] * c[j] * f[j] * (one - f[j])
    for j in range(size):
        dn[j] = dc[j] * i[j] * (one - n[j] * n[j])
    for j in range(size):
        do[j] = dh[j] * tanh_c[j] * o[j] * (one - o[j])
    for j in range(size):
        dc[j] *= f[j]


@kernel
def lstm_gradients(
    g: In, w: In, a: In, c: In, tanh_c: In, d: Out, dh: Out, dc: Out, offsets: Ints, steps: int, batch: int, size: int,
    first: int, last: int,
) -> None:  # fmt: skip
    """All steps of some samples, back."""
    columns = w.size // (4 * size)
    room, u, zeros = np.zeros(ROWS * 4 * size, w.dtype), np.empty(ROWS * columns, w.dtype), np.zeros(ROWS, w.dtype)
    for start in range(first, last, ROWS):
        rows = min(ROWS, last - start)
        for t in range(steps - 1, -1, -1):
            at = t * batch + start
            for row in range(rows):
                k, i, s = (at + row) * size, (at + row) * 4 * size, (start + row) * size
                _step_back(g[k : k + size], a[i : i + 4 * size], c[k : k + size], tanh_c[k : k + size], d[i : i + 4 * size],
                           dh[s : s + size], dc[s : s + size])  # fmt: skip
            _product(d, at * 4 * size, 4 * size, rows, w, offsets, room, zeros, u, columns)
            for row in range(rows):
                for j in range(size):
                    dh[(start + row) * size + j] = u[row * columns + j]


@helper
def _gru_step(a: Out, u: In, bias: In, h: In, hidden: Out, next_h: Out) -> None:
    """Gates reset, update, new; a sigmoid's input comes halved."""
    half, size = _f(0.5), h.size
    for start in range(0, 2 * size, size):
        gate, more, shift = a[start : start + size], u[start : start + size], bias[start : start + size]
        for j in range(size):
            gate[j] = _tanh(gate[j] + more[j] + shift[j]) * half + half
    reset, update, new = a[:size], a[size : 2 * size], a[2 * size :]
    more, shift = u[2 * size : 3 * size], bias[2 * size :]
    for j in range(size):
        hidden[j] = more[j] + shift[j]
    for j in range(size):
        new[j] = _tanh(new[j] + reset[j] * hidden[j])
    for j in range(size):
        next_h[j] = new[j] + update[j] * (h[j] - new[j])


@kernel
def gru_forward(
    a: Out, w: In, bias: In, h: Out, hidden: Out, offsets: Ints, steps: int, batch: int, size: int, first: int, last: int
) -> None:
    """All steps of some samples."""
    columns, each = w.size // size, batch * size
    room, u, zeros = np.zeros(ROWS * size, w.dtype), np.empty(ROWS * columns, w.dtype), np.zeros(ROWS, w.dtype)
    for start in range(first, last, ROWS):
        rows = min(ROWS, last - start)
        for t in range(steps):
            at = t * batch + start
            _product(h, at * size, size, rows, w, offsets, room, zeros, u, columns)
            for row in range(rows):
                k, i, v = (at + row) * size, (at + row) * 3 * size, row * columns
                _gru_step(a[i : i + 3 * size], u[v : v + 3 * size], bias, h[k : k + size], hidden[k : k + size],
                          h[k + each : k + each + size])  # fmt: skip


@helper
def _gru_step_back(g: In, h: In, a: In, hidden: In, d: Out, du: Out, dh: Out) -> None:
    """In dh stays what reaches the state before directly; the rest comes through du."""
    one, size = _f(1), h.size
    reset, update, new = a[:size], a[size : 2 * size], a[2 * size :]
    d_reset, d_update, d_new = d[:size], d[size : 2 * size], d[2 * size :]
    for j in range(size):
        dh[j] += g[j]
    for j in range(size):
        d_new[j] = (one - new[j] * new[j]) * (one - update[j]) * dh[j]
    for j in range(size):
        d_update[j] = (h[j] - new[j]) * update[j] * (one - update[j]) * dh[j]
    for j in range(size):
        d_reset[j] = d_new[j] * hidden[j] * reset[j] * (one - reset[j])
    through, same = du[2 * size :], 2 * size
    for j in range(same):
        du[j] = d[j]
    for j in range(size):
        through[j] = d_new[j] * reset[j]
    for j in range(size):
        dh[j] *= update[j]


@kernel
def gru_gradients(
    g: In, w: In, h: In, a: In, hidden: In, d: Out, du: Out, dh: Out, offsets: Ints, steps: int, batch: int, size: int,
    first: int, last: int,
) -> None:  # fmt: skip
    """All steps of some samples, back."""
    columns = w.size // (3 * size)
    room, u, zeros = np.zeros(ROWS * 3 * size, w.dtype), np.empty(ROWS * columns, w.dtype), np.zeros(ROWS, w.dtype)
    for start in range(first, last, ROWS):
        rows = min(ROWS, last - start)
        for t in range(steps - 1, -1, -1):
            at = t * batch + start
            for row in range(rows):
                k, i, s = (at + row) * size, (at + row) * 3 * size, (start + row) * size
                _gru_step_back(g[k : k + size], h[k : k + size], a[i : i + 3 * size], hidden[k : k + size],
                               d[i : i + 3 * size], du[i : i + 3 * size], dh[s : s + size])  # fmt: skip
            _product(du, at * 3 * size, 3 * size, rows, w, offsets, room, zeros, u, columns)
            for row in range(rows):
                to, more = dh[(start + row) * size : (start + row + 1) * size], u[row * columns : row * columns + size]
                for j in range(size):
                    to[j] += more[j]
