"""Gamma, beta and zeta functions, and the incomplete beta function."""

from __future__ import annotations

import math

import numpy as np

from minigrad.graph import Value
from minigrad.operation import elementwise
from minigrad.ops.elementwise import zero
from minigrad.special.base import in_dtype_of, sp


@elementwise
def polygamma(n: Value, x: Value, /) -> Value:
    """Derivative n of the digamma function; differentiated in x.

    >>> print(f"{polygamma(1, Tensor(1.0)):.4f}")
    1.6449
    """
    return in_dtype_of(sp.polygamma(n, x), x)


polygamma.rules(None, lambda g, out, n, x: g * polygamma(n + 1, x))


@elementwise
def digamma(x: Value, /) -> Value:
    """Digamma function, ψ(x), the derivative of ln Γ(x).

    >>> print(f"{digamma(Tensor(1.0)):.4f}")
    -0.5772
    """
    return sp.psi(x)


digamma.rules(lambda g, out, x: g * polygamma(1, x))
psi = digamma


@elementwise
def gamma(x: Value, /) -> Value:
    """Gamma function, Γ(x). At its poles, 0 and the negative integers, the gradient is nan.

    >>> gamma(Tensor(5.0))
    Tensor(24.0)
    """
    return sp.gamma(x)


gamma.rules(lambda g, out, x: g * out * digamma(_off_poles(x)))


def _off_poles(x: Value) -> Value:
    return x * np.where((x <= 0) & (x == np.floor(x)), np.nan, 1.0)


def _rise(x: Value, y: Value) -> Value:
    """The difference ψ(x + y) − ψ(x); for small y by Taylor's formula, since its terms would cancel."""
    near = (x > 0) & (np.abs(y) < 1e-4 * x)
    difference = digamma(_off_poles(x + y)) - digamma(_off_poles(x))
    if not np.any(near):
        return difference
    z, h = np.where(near, x, 1.0), np.where(near, y, 0.0)
    series = polygamma(3, z) + h / 4 * polygamma(4, z)
    return np.where(near, h * (polygamma(1, z) + h / 2 * (polygamma(2, z) + h / 3 * series)), difference)


@elementwise
def gammaln(x: Value, /) -> Value:
    """Logarithm of the absolute value of the gamma function, ln |Γ(x)|; at the poles of Γ the gradient is nan.

    >>> gammaln(Tensor(1.0))
    Tensor(0.0)
    """
    return sp.gammaln(x)


gammaln.rules(lambda g, out, x: g * digamma(_off_poles(x)))


@elementwise
def loggamma(x: Value, /) -> Value:
    """Principal branch of ln Γ(x); nan for x < 0, where it is complex.

    >>> loggamma(Tensor(1.0))
    Tensor(0.0)
    """
    return sp.loggamma(x)


loggamma.rules(lambda g, out, x: g * digamma(x * np.where(x > 0, 1.0, np.nan)))


@elementwise
def gammasgn(x: Value, /) -> Value:
    """Sign of the gamma function. Its gradient is 0.

    >>> gammasgn(Tensor([-0.5, 2.0]))
    Tensor([-1.,  1.])
    """
    return sp.gammasgn(x)


gammasgn.rules(zero)


@elementwise
def rgamma(x: Value, /) -> Value:
    """Reciprocal of the gamma function, 1/Γ(x), smooth everywhere.

    >>> rgamma(Tensor([0.0, 1.0]))
    Tensor([0., 1.])
    """
    return sp.rgamma(x)


def _rgamma_rule(g: Value, out: Value, x: Value) -> Value:
    """−ψ(x)/Γ(x); left of ½ by reflection, 1/Γ(x) = Γ(1 − x) sin(πx)/π, since ψ has poles where 1/Γ is 0."""
    left = x < 0.5
    y, z = np.where(left, 1 - x, 1.0), np.where(left, x, 0.0) * math.pi
    reflected = gamma(y) * (np.cos(z) - digamma(y) * np.sin(z) / math.pi)
    return g * np.where(left, reflected, -out * digamma(np.where(left, 1.0, x)))


rgamma.rules(_rgamma_rule)


@elementwise
def poch(z: Value, m: Value, /) -> Value:
    """Rising factorial (Pochhammer symbol), Γ(z + m)/Γ(z). Where z or z + m is a pole of Γ, the gradient is nan.

    >>> poch(Tensor(2.0), 3)
    Tensor(24.0)
    """
    return sp.poch(z, m)


poch.rules(
    lambda g, out, z, m: g * out * _rise(z, m),
    lambda g, out, z, m: g * out * digamma(_off_poles(z + m)),
)


@elementwise
def binom(n: Value, k: Value, /) -> Value:
    """Binomial coefficient for real n and k. Where Γ has a pole at n + 1, k + 1 or n − k + 1, the gradient is nan.

    >>> binom(Tensor(5.0), 2.0)
    Tensor(10.0)
    """
    return sp.binom(n, k)


binom.rules(
    lambda g, out, n, k: g * out * _rise(n - k + 1, k),
    lambda g, out, n, k: g * out * _rise(k + 1, n - 2 * k),
)


@elementwise
def beta(a: Value, b: Value, /) -> Value:
    """Beta function, Γ(a) Γ(b)/Γ(a + b).

    >>> beta(Tensor(2.0), 3.0) * 12
    Tensor(1.0)
    """
    return in_dtype_of(sp.beta(a, b), a, b)


beta.rules(
    lambda g, out, a, b: -g * out * _rise(a, b),
    lambda g, out, a, b: -g * out * _rise(b, a),
)


@elementwise
def betaln(a: Value, b: Value, /) -> Value:
    """Logarithm of the absolute value of the beta function.

    >>> betaln(Tensor(1.0), 1.0)
    Tensor(0.0)
    """
    return in_dtype_of(sp.betaln(a, b), a, b)


betaln.rules(
    lambda g, out, a, b: -g * _rise(a, b),
    lambda g, out, a, b: -g * _rise(b, a),
)


def _beta_density(a: Value, b: Value, x: Value) -> Value:
    """The density of the beta distribution; at 0 and 1 by powers, which keep the derivatives there."""
    x = x * np.where((x >= 0) & (x <= 1), 1.0, np.nan)
    end = (x == 0) | (x == 1)
    z = np.where(end, 0.5, x)
    powers = x ** (a - 1) * (1 - x) ** (b - 1) / beta(a, b)
    return np.where(end, powers, np.exp((a - 1) * np.log(z) + (b - 1) * np.log1p(-z) - betaln(a, b)))


@elementwise
def betainc(a: Value, b: Value, x: Value, /) -> Value:
    """Regularised incomplete beta function, Iₓ(a, b); differentiated in x.

    >>> betainc(2.0, 2.0, Tensor(0.5))
    Tensor(0.5)
    """
    return sp.betainc(a, b, x)


betainc.rules(None, None, lambda g, out, a, b, x: g * _beta_density(a, b, x))


@elementwise
def betaincinv(a: Value, b: Value, y: Value, /) -> Value:
    """Inverse of `betainc` in x; differentiated in y.

    >>> betaincinv(2.0, 2.0, Tensor(0.5))
    Tensor(0.5)
    """
    return sp.betaincinv(a, b, y)


betaincinv.rules(None, None, lambda g, out, a, b, y: g / _beta_density(a, b, out))


@elementwise
def zeta(x: Value, q: Value = None, /) -> Value:
    """Hurwitz's zeta function, Σ (k + q)⁻ˣ for k = 0, 1, …; Riemann's without q. Differentiated in q.

    >>> print(f"{zeta(2.0, Tensor(1.0)):.4f}")
    1.6449
    """
    return sp.zeta(x, q)


zeta.rules(None, lambda g, out, x, q: -g * x * zeta(x + 1, q))
