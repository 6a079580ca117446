"""Error functions and the normal distribution."""

from __future__ import annotations

import math

import numpy as np

from minigrad.graph import Value
from minigrad.operation import elementwise
from minigrad.ops.networks.activation import erf
from minigrad.special.base import sp
from minigrad.special.hypergeometric import hyp1f1, hyperu

ROOT_PI, ROOT_2PI, ROOT_2 = math.sqrt(math.pi), math.sqrt(2 * math.pi), math.sqrt(2)


def density(x: Value) -> Value:
    """Density of the standard normal distribution."""
    return np.exp(x * x * -0.5) / ROOT_2PI


@elementwise
def erfc(x: Value, /) -> Value:
    """Complementary error function, 1 − erf(x), accurate for large x.

    >>> erfc(Tensor([0.0, 30.0]))
    Tensor([1., 0.])
    """
    return sp.erfc(x)


erfc.rules(lambda g, out, x: g * (-2 / ROOT_PI) * np.exp(-x * x))


@elementwise
def erfcx(x: Value, /) -> Value:
    """Scaled complementary error function, exp(x²) erfc(x).

    >>> print(f"{erfcx(Tensor(1e10)):.4e}")
    5.6419e-11
    """
    return sp.erfcx(x)


def _erfcx_rule(g: Value, out: Value, x: Value) -> Value:
    # 2x erfcx(x) − 2/√π, whose terms cancel for large x; there as in DLMF 7.18.10.
    large = x > 10
    return g * np.where(large, hyperu(1.0, 0.5, np.where(large, x * x, 100.0)) / -ROOT_PI, 2 * x * out - 2 / ROOT_PI)


erfcx.rules(_erfcx_rule)


@elementwise
def erfi(x: Value, /) -> Value:
    """Imaginary error function, −i erf(ix).

    >>> erfi(Tensor(0.0))
    Tensor(0.0)
    """
    return sp.erfi(x)


erfi.rules(lambda g, out, x: g * (2 / ROOT_PI) * np.exp(x * x))


@elementwise
def dawsn(x: Value, /) -> Value:
    """Dawson's integral, exp(−x²) times the integral of exp(t²) from 0 to x.

    >>> dawsn(Tensor(0.0))
    Tensor(0.0)
    """
    return sp.dawsn(x)


dawsn.rules(lambda g, out, x: g * hyp1f1(1.0, 0.5, -x * x))  # 1 − 2x dawsn(x), without the cancellation


@elementwise
def erfinv(y: Value, /) -> Value:
    """Inverse error function. Its gradient at ±1 is infinite.

    >>> erfinv(Tensor([0.0, 1.0]))
    Tensor([ 0., inf])
    """
    return sp.erfinv(y)


erfinv.rules(lambda g, out, y: g * (ROOT_PI / 2) * np.exp(out * out))


@elementwise
def erfcinv(y: Value, /) -> Value:
    """Inverse complementary error function. Its gradient at 0 and 2 is −∞.

    >>> erfcinv(Tensor([0.0, 2.0]))
    Tensor([ inf, -inf])
    """
    return sp.erfcinv(y)


erfcinv.rules(lambda g, out, y: g * (-ROOT_PI / 2) * np.exp(out * out))


@elementwise
def ndtr(x: Value, /) -> Value:
    """Distribution function Φ of the standard normal distribution.

    >>> ndtr(Tensor(0.0))
    Tensor(0.5)
    """
    return sp.ndtr(x)


ndtr.rules(lambda g, out, x: g * density(x))


@elementwise
def log_ndtr(x: Value, /) -> Value:
    """Logarithm of the normal distribution function, ln Φ(x); value and gradient are accurate in both tails.

    >>> print(f"{log_ndtr(Tensor(-100.0)):.4f}")
    -5005.5242
    """
    return sp.log_ndtr(x)


def _hazard(x: Value) -> Value:
    """φ(x) / Φ(x); both underflow in the left tail, where it is about −x."""
    left = x < 0
    scaled = erfcx(np.where(left, x / -ROOT_2, 0.0))
    return np.where(left, math.sqrt(2 / math.pi) / scaled, density(x) / ndtr(np.where(left, 0.0, x)))


log_ndtr.rules(lambda g, out, x: g * _hazard(x))


@elementwise
def ndtri(p: Value, /) -> Value:
    """Quantile function of the standard normal distribution, Φ⁻¹(p). Its gradient at 0 and 1 is infinite.

    >>> ndtri(Tensor([0.0, 0.5]))
    Tensor([-inf,   0.])
    """
    return sp.ndtri(p)


ndtri.rules(lambda g, out, p: g / density(out))


@elementwise
def ndtri_exp(y: Value, /) -> Value:
    """Inverse of `log_ndtr`, Φ⁻¹(eʸ).

    >>> print(f"{ndtri_exp(Tensor(-5005.5242)):.4f}")
    -100.0000
    """
    return sp.ndtri_exp(y)


ndtri_exp.rules(lambda g, out, y: g / _hazard(out))


@elementwise
def owens_t(h: Value, a: Value, /) -> Value:
    """Owen's T function: the probability of X > h and 0 < Y < a X for independent standard normal X and Y.

    >>> owens_t(Tensor(0.0), 1.0)
    Tensor(0.125)
    """
    return sp.owens_t(h, a)


owens_t.rules(
    lambda g, out, h, a: g * density(h) * erf(a * h / ROOT_2) * -0.5,
    lambda g, out, h, a: g * np.exp(h * h * (1 + a * a) * -0.5) / (2 * math.pi * (1 + a * a)),
)
