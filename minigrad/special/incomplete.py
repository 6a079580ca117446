"""Incomplete gamma functions, differentiated in both arguments.

The derivatives in the parameter are moments of the logarithm of a gamma variable, cut off at x: with f the density of
s = ln t and ψ its mean, Cₖ is the integral of (s − ψ(a))ᵏ f from −∞ to ln x. C₀ is `gammainc`, and the derivative of Cₖ in a
is Cₖ₊₁ − k ψ₁(a) Cₖ₋₁, since that of f is (s − ψ) f.
"""

from __future__ import annotations

import numpy as np

from minigrad.graph import Value
from minigrad.operation import elementwise, op
from minigrad.special.base import in_dtype_of, sp
from minigrad.special.gammas import digamma, gammaln, polygamma

# Nodes and weights on (0, ∞) of the double exponential rule r = exp(u - exp(-u)): Takahasi and Mori, 1974.
_U = np.arange(-4.4, 8.0, 0.08)
_NODES = np.exp(_U - np.exp(-_U))
_WEIGHTS = 0.08 * _NODES * (1 + np.exp(-_U))


@elementwise
def gammainc(a: Value, x: Value, /) -> Value:
    """Regularised lower incomplete gamma function, P(a, x).

    >>> print(f"{gammainc(1.0, Tensor(1.0)):.4f}")
    0.6321
    """
    return in_dtype_of(sp.gammainc(a, x), a, x)


@elementwise
def gammaincc(a: Value, x: Value, /) -> Value:
    """Regularised upper incomplete gamma function, 1 − P(a, x).

    >>> print(f"{gammaincc(1.0, Tensor(1.0)):.4f}")
    0.3679
    """
    return in_dtype_of(sp.gammaincc(a, x), a, x)


@elementwise
def gammaincinv(a: Value, y: Value, /) -> Value:
    """Inverse of `gammainc` in x.

    >>> print(f"{gammaincinv(1.0, Tensor(0.5)):.4f}")
    0.6931
    """
    return in_dtype_of(sp.gammaincinv(a, y), a, y)


@elementwise
def gammainccinv(a: Value, y: Value, /) -> Value:
    """Inverse of `gammaincc` in x.

    >>> print(f"{gammainccinv(1.0, Tensor(0.5)):.4f}")
    0.6931
    """
    return in_dtype_of(sp.gammainccinv(a, y), a, y)


def _density(a: Value, x: Value) -> Value:
    """The density of the gamma distribution; at 0 by a power, which keeps the derivatives there."""
    x = x * np.where(x >= 0, 1.0, np.nan)
    end = x == 0
    z = np.where(end, 1.0, x)
    return np.where(end, x ** (a - 1) * np.exp(-x - gammaln(a)), np.exp((a - 1) * np.log(z) - z - gammaln(a)))


@op(elementwise=True, hidden=("k",))
def _log_moment(a: Value, x: Value, /, k: int) -> Value:
    """The moment Cₖ of the logarithm, up to x; k ≥ 1."""
    p, q = (np.asarray(v, float) for v in np.broadcast_arrays(a, x))
    below = q < p
    with np.errstate(all="ignore"):
        found = _tail(p, np.where(below, q, p), k, -1) + np.where(below, 0.0, _tail(p, p, k, 1) - _tail(p, q, k, 1))
        if k == 1:  # the first moment of all is 0, and the sum would lose digits
            found = np.where(below, found, -_tail(p, q, k, 1))
    return in_dtype_of(np.where((p > 0) & (q >= 0), found, np.nan), a, x)


def _tail(a: Value, x: Value, k: int, side: int) -> Value:
    """The integral of (s − ψ)ᵏ f from ln x to infinity, or with side -1 from −∞ to ln x, where f falls off."""
    mean, start, total = sp.psi(a), np.log(x), np.zeros(np.shape(x))
    width = 1 / (np.abs(x - a) + np.sqrt(a))
    for r, weight in zip(_NODES, _WEIGHTS, strict=True):
        s = start + side * width * r
        f = np.exp(a * s - np.exp(s) - sp.gammaln(a))
        total += np.where(f > 0, weight * width * (s - mean) ** k * f, 0.0)
    return total


def _moment_in_a(g: Value, out: Value, a: Value, x: Value, k: int) -> Value:
    before = gammainc(a, x) if k == 1 else _log_moment(a, x, k=k - 1)
    return g * (_log_moment(a, x, k=k + 1) - k * polygamma(1, a) * before)


_log_moment.rules(_moment_in_a, lambda g, out, a, x, k: g * _density(a, x) * (np.log(x) - digamma(a)) ** k)
gammainc.rules(lambda g, out, a, x: g * _log_moment(a, x, k=1), lambda g, out, a, x: g * _density(a, x))
gammaincc.rules(lambda g, out, a, x: -g * _log_moment(a, x, k=1), lambda g, out, a, x: -g * _density(a, x))
gammaincinv.rules(
    lambda g, out, a, y: -g * _log_moment(a, out, k=1) / _density(a, out), lambda g, out, a, y: g / _density(a, out)
)
gammainccinv.rules(
    lambda g, out, a, y: -g * _log_moment(a, out, k=1) / _density(a, out), lambda g, out, a, y: -g / _density(a, out)
)
