"""The kernels of `smooth`, in float32: exponentials and error functions without a branch, which LLVM makes vectors of.

What a formula needs on either side of a threshold is computed for all elements, then one is selected. Polynomials are
written by Horner's rule, highest power first.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.fast.compiled import In, Out, formula, index, kernel

_f, _i = np.float32, np.int32
ROUND = _f(3 << 22)  # added, it leaves no fraction: the result's lowest bits hold the integer,
BITS = ROUND.view(_i)  # and the rest of them are these

LEAST = _i(-0x80000000)
BLOCK = 4096  # elements that are summed in float32, in the lanes of a few vectors


@formula
def _exp(x: Any) -> Any:
    """Exponential, to 1 unit in the last place: 2ⁿ eʳ, where n is an integer and r at most log(2)/2."""
    most, least = _f(89), _f(-104)  # beyond them the result is infinite, or 0
    c = most if x > most else x
    c = least if c < least else c
    shifted = c * _f(1.44269504) + ROUND
    n = shifted - ROUND
    r = c - n * _f(0.693359375)  # log(2) in two parts, so that the first product is exact
    r = r - n * _f(-2.12194440e-4)
    p = r * _f(1.9875691500e-4) + _f(1.3981999507e-3)
    p = r * p + _f(8.3334519073e-3)
    p = r * p + _f(4.1665795894e-2)
    p = r * p + _f(1.6666665459e-1)
    p = r * p + _f(5.0000001201e-1)
    p = r * r * p + r + _f(1)
    exponent = _i(_f(shifted).view(_i) - BITS)
    half = _i(exponent >> _i(1))  # 2ⁿ itself may be too large, or a denormal
    return p * _power(half) * _power(_i(exponent - half))


@formula
def _power(n: Any) -> Any:
    """2ⁿ, of an int32 from -126 to 127."""
    return _i((n + _i(127)) << _i(23)).view(_f)


@formula
def _tail(x: Any, decay: Any) -> Any:
    """erfc(|x|) where |x| is at least 1; decay = exp(-x²). See `minigrad.ops.error_function`."""
    t = _f(1) / (_f(1) + abs(x) * _f(0.5))
    p = t * _f(-0.0535406161) + _f(-0.0573387353)
    p = t * p + _f(0.403838363)
    p = t * p + _f(0.101268245)
    p = t * p + _f(0.33084068)
    p = t * p + _f(0.273618153)
    return (t * p + _f(0.000606408739)) * decay


@formula
def _near(x: Any) -> Any:
    """erf(x) where |x| is at most 1."""
    s = x * x
    p = s * _f(7.88249711e-05) + _f(-0.000801885499)
    p = s * p + _f(0.00518931194)
    p = s * p + _f(-0.0268543288)
    p = s * p + _f(0.112835975)
    p = s * p + _f(-0.376126269)
    return x + x * (s * p + _f(0.128379166))


@formula
def _erf(x: Any, decay: Any) -> Any:
    """Error function, to 2 units in the last place; decay = exp(-x²)."""
    near, far = _near(x), _f(1) - _tail(x, decay)
    far = -far if x < _f(0) else far
    return far if abs(x) > _f(1) else near


@formula
def _normal(x: Any, decay: Any) -> Any:
    """The standard normal distribution function Φ(x); decay = exp(-x²/2). For negative x it keeps its digits."""
    z = x * _f(math.sqrt(0.5))
    near, small = _near(z) * _f(0.5) + _f(0.5), _tail(z, decay) * _f(0.5)
    far = small if x < _f(0) else _f(1) - small
    return far if abs(z) > _f(1) else near


@formula
def _sigmoids(x: Any) -> Any:
    """σ(x) and σ(-x)."""
    small = _exp(-abs(x))
    large = _f(1) / (_f(1) + small)
    small *= large
    negative = x < _f(0)
    return small if negative else large, large if negative else small


@formula
def _tanh_argument(x: Any) -> Any:
    """u, for which Φ(x) is about σ(u), and the derivative of u."""
    scale, cubic = _f(2 * math.sqrt(2 / math.pi)), _f(0.044715)
    return scale * (x + cubic * x * x * x), scale * (_f(1) + _f(3) * cubic * x * x)


@kernel
def erf(x: In, y: Out, first: int, last: int) -> None:
    """Error function."""
    for i in range(first, last):
        v = x[index(i)]
        y[index(i)] = _erf(v, _exp(-v * v))


@kernel
def sigmoid(x: In, y: Out, first: int, last: int) -> None:
    """1/(1 + e⁻ˣ)."""
    for i in range(first, last):
        y[index(i)] = _sigmoids(x[index(i)])[0]


@kernel
def sigmoid_gradient(g: In, out: In, gx: Out, first: int, last: int) -> None:
    """g (1 - out) out."""
    for i in range(first, last):
        s = out[index(i)]
        gx[index(i)] = g[index(i)] * (_f(1) - s) * s


@kernel
def tanh_gradient(g: In, out: In, gx: Out, first: int, last: int) -> None:
    """g (1 - out²)."""
    for i in range(first, last):
        t = out[index(i)]
        gx[index(i)] = g[index(i)] * (_f(1) - t * t)


@kernel
def silu(x: In, y: Out, first: int, last: int) -> None:
    """x σ(x)."""
    for i in range(first, last):
        y[index(i)] = x[index(i)] * _sigmoids(x[index(i)])[0]


@kernel
def silu_gradient(g: In, x: In, gx: Out, first: int, last: int) -> None:
    """g σ(x) (1 + x σ(-x))."""
    for i in range(first, last):
        s, other = _sigmoids(x[index(i)])
        gx[index(i)] = g[index(i)] * s * (_f(1) + x[index(i)] * other)


@kernel
def gelu(x: In, y: Out, first: int, last: int) -> None:
    """x Φ(x)."""
    for i in range(first, last):
        v = x[index(i)]
        y[index(i)] = v * _normal(v, _exp(v * v * _f(-0.5)))


@kernel
def gelu_gradient(g: In, x: In, gx: Out, first: int, last: int) -> None:
    """g times Φ(x) + x times the normal density."""
    for i in range(first, last):
        v = x[index(i)]
        decay = _exp(v * v * _f(-0.5))
        gx[index(i)] = g[index(i)] * (_normal(v, decay) + v * decay * _f(1 / math.sqrt(2 * math.pi)))


@kernel
def gelu_tanh(x: In, y: Out, first: int, last: int) -> None:
    """x σ(u), see `_tanh_argument`."""
    for i in range(first, last):
        y[index(i)] = x[index(i)] * _sigmoids(_tanh_argument(x[index(i)])[0])[0]


@kernel
def gelu_tanh_gradient(g: In, x: In, gx: Out, first: int, last: int) -> None:
    """g (σ(u) + x σ(u) σ(-u) u')."""
    for i in range(first, last):
        u, slope = _tanh_argument(x[index(i)])
        p, other = _sigmoids(u)
        gx[index(i)] = g[index(i)] * (p + x[index(i)] * (p * other * slope))


@formula
def _ordered(bits: Any) -> Any:
    """From the bits of floats to integers of the same order, and back; LLVM makes no vectors of a maximum of floats."""
    return _i(bits ^ ((bits >> _i(31)) & _i(0x7FFFFFFF)))


@kernel
def softmax(x: In, y: Out, size: int, first: int, last: int) -> None:
    """Of each row; nan for a row with nan or with +inf, or of -inf alone. Sums of blocks are added in float64."""
    for row in range(first * size, last * size, size):
        largest = LEAST
        for i in range(size):
            largest = max(largest, _ordered(_f(x[index(row + i)]).view(_i)))
        most, total = _i(_ordered(largest)).view(_f), 0.0
        for i in range(size):
            y[index(row + i)] = _exp(x[index(row + i)] - most)
        for start in range(row, row + size, BLOCK):
            part: Any = _f(0)
            for i in range(min(BLOCK, row + size - start)):
                part += y[index(start + i)]
            total += part
        factor = _f(1 / total)
        for i in range(size):
            y[index(row + i)] *= factor


@kernel
def softmax_gradient(g: In, out: In, gx: Out, size: int, first: int, last: int) -> None:
    """out (g - Σ g out), of each row."""
    for row in range(first * size, last * size, size):
        total = 0.0
        for start in range(row, row + size, BLOCK):
            part: Any = _f(0)
            for i in range(min(BLOCK, row + size - start)):
                part += g[index(start + i)] * out[index(start + i)]
            total += part
        mean = _f(total)
        for i in range(size):
            gx[index(row + i)] = out[index(row + i)] * (g[index(row + i)] - mean)
