"""Functions that are an integral of a parameter: sinc and the Bessel function I₀.

The k-th derivative is again such an integral, and so the rule of each is the function itself with k + 1.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from minigrad.graph import ArrayLike, Value
from minigrad.operation import composed, op

if TYPE_CHECKING:
    from minigrad.graph import Tensor


@op(elementwise=True, hidden=("k",))
def _sinc(x: Value, /, k: int) -> Value:
    """k-th derivative of sinc, ∫₀¹ (πt)ᵏ cos(πxt + kπ/2) dt."""
    if k == 0:
        return np.sinc(x)
    x, reach = np.asarray(x), k + 1.0
    small = np.abs(np.pi * x) < reach
    y = np.where(small, reach, np.pi * x)
    far = np.sinc(y / np.pi)
    for i in range(1, k + 1):  # y f⁽ⁱ⁾ + i f⁽ⁱ⁻¹⁾ = sin(y + iπ/2), which loses digits where y is small
        far = (np.sin(y + i * (np.pi / 2)) - i * far) / y
    near, y = np.zeros_like(far), np.clip(np.pi * x, -reach, reach)
    for n in range(k % 2, 40 + 4 * k, 2):  # the terms yⁿ / n! of the series of cos, integrated
        near += (-1) ** ((n + k) // 2) * y**n / (math.factorial(n) * (n + k + 1.0))
    return (np.pi**k * np.where(small, near, far)).astype(x.dtype)


_sinc.rules(lambda g, out, x, k: g * _sinc(x, k=k + 1))


@composed
def sinc(x: ArrayLike) -> Tensor:
    """Normalised sinc, sin(πx) / (πx), and 1 at 0; smooth there too, to any order.

    >>> sinc(Tensor([0.0, 0.5]))
    Tensor([1.        , 0.63661977])
    """
    return _sinc(x, k=0)


@op(elementwise=True, hidden=("k",))
def _i0(x: Value, /, k: int) -> Value:
    """k-th derivative of I₀, 1/π ∫₀^π cosᵏθ exp(x cos θ) dθ."""
    if k == 0:
        return np.reshape(np.i0(x), np.shape(x))
    # The midpoint rule converges faster than any power for a smooth periodic integrand, here of a peak of width 1/√x.
    points = 8 + k + int(2.5 * math.sqrt(np.max(np.fmin(np.abs(x), 720.0), initial=0.0)))
    angles = (np.arange(points) + 0.5) * (np.pi / 2 / points)
    wave = np.sinh if k % 2 else np.cosh
    total = np.zeros_like(x, dtype=np.float64)
    for c in np.cos(angles):
        total += c**k * wave(c * np.asarray(x, np.float64)) / points
    return total.astype(np.asarray(x).dtype)


_i0.rules(lambda g, out, x, k: g * _i0(x, k=k + 1))


@composed
def i0(x: ArrayLike) -> Tensor:
    """Modified Bessel function of the first kind and order 0, 1/π ∫₀^π exp(x cos θ) dθ.

    >>> i0(Tensor([0.0, 1.0]))
    Tensor([1.        , 1.26606588])
    """
    return _i0(x, k=0)
