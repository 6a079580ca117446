"""The kernels of `recurrent`, a row at a time.

Each loop writes one array or two. LLVM makes vectors of a loop only if it can test, with a few comparisons before it, that
what is written overlaps nothing that is read; a single loop over all seven arrays would stay one element at a time.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.fast.compiled import In, Out, helper, kernel

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


@kernel
def lstm_gates(a: Out, u: In, bias: In, c: In, next_c: Out, tanh_c: Out, h: Out, batch: int, size: int) -> None:
    """Gates input, forget, new, output; a sigmoid's input comes halved: σ(x) = tanh(x / 2) / 2 + 1 / 2."""
    half = _f(0.5)
    for row in range(batch):
        i, k = row * 4 * size, row * size
        f, n, o = i + size, i + 2 * size, i + 3 * size
        for j in range(2 * size):
            a[i + j] = _tanh(a[i + j] + u[i + j] + bias[j]) * half + half
        for j in range(size):
            a[n + j] = _tanh(a[n + j] + u[n + j] + bias[2 * size + j])
        for j in range(size):
            a[o + j] = _tanh(a[o + j] + u[o + j] + bias[3 * size + j]) * half + half
        for j in range(size):
            next_c[k + j] = a[f + j] * c[k + j] + a[i + j] * a[n + j]
        for j in range(size):
            t = _tanh(next_c[k + j])
            tanh_c[k + j] = t
            h[k + j] = a[o + j] * t


@kernel
def lstm_gates_gradient(g: In, a: In, c: In, tanh_c: In, d: Out, dh: Out, dc: Out, batch: int, size: int) -> None:
    """The derivative of a sigmoid s is s (1 - s), that of a tanh t is 1 - t**2."""
    one = _f(1)
    for row in range(batch):
        i, k = row * 4 * size, row * size
        f, n, o = i + size, i + 2 * size, i + 3 * size
        for j in range(size):
            dh[k + j] += g[k + j]
        for j in range(size):
            dc[k + j] += a[o + j] * dh[k + j] * (one - tanh_c[k + j] * tanh_c[k + j])
        for j in range(size):
            d[i + j] = dc[k + j] * a[n + j] * a[i + j] * (one - a[i + j])
        for j in range(size):
            d[f + j] = dc[k + j] * c[k + j] * a[f + j] * (one - a[f + j])
        for j in range(size):
            d[n + j] = dc[k + j] * a[i + j] * (one - a[n + j] * a[n + j])
        for j in range(size):
            d[o + j] = dh[k + j] * tanh_c[k + j] * a[o + j] * (one - a[o + j])
        for j in range(size):
            dc[k + j] *= a[f + j]
