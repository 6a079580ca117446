"""Exponential, trigonometric and Fresnel integrals, and the dilogarithm: the derivative is the integrand."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from minigrad.graph import ArrayLike, Value
from minigrad.operation import composed, elementwise
from minigrad.special.base import in_dtype_of, sp
from minigrad.special.elementary import exprel
from minigrad.special.spherical import spherical_in, spherical_jn

if TYPE_CHECKING:
    from minigrad.graph import Tensor


@elementwise
def expi(x: Value, /) -> Value:
    """Exponential integral, Ei(x).

    >>> expi(Tensor(0.0))
    Tensor(-inf)
    """
    return sp.expi(x)


expi.rules(lambda g, out, x: g * np.exp(x) / x)


@elementwise
def exp1(x: Value, /) -> Value:
    """Exponential integral, E₁(x); nan for x < 0, where it is complex.

    >>> exp1(Tensor(0.0))
    Tensor(inf)
    """
    return sp.exp1(x)


exp1.rules(lambda g, out, x: -g * np.exp(-np.where(x < 0, np.nan, x)) / x)


@elementwise
def expn(n: Value, x: Value, /) -> Value:
    """Exponential integral of integer order, Eₙ(x).

    >>> expn(2, Tensor(0.0))
    Tensor(1.0)
    """
    return in_dtype_of(sp.expn(n, x), x)


def _expn_rule(g: Value, out: Value, n: Value, x: Value) -> Value:
    first = n == 0  # E₀ is exp(−x)/x
    return g * np.where(first, -np.exp(-x) * (1 + x) / (x * x), -expn(np.maximum(n - 1, 0), x))


expn.rules(None, _expn_rule)


@elementwise
def sine_integral(x: Value, /) -> Value:
    """The first of `sici`."""
    return sp.sici(x)[0]


@elementwise
def cosine_integral(x: Value, /) -> Value:
    """The second of `sici`."""
    return sp.sici(x)[1]


sine_integral.rules(lambda g, out, x: g * spherical_jn(0, x))  # sin(x)/x, 1 at 0
cosine_integral.rules(lambda g, out, x: g * np.cos(x) / np.where(x < 0, np.nan, x))


@composed
def sici(x: ArrayLike) -> tuple[Tensor, Tensor]:
    """Sine and cosine integrals, (Si(x), Ci(x)); Ci is nan for x < 0, where it is complex.

    >>> sici(Tensor(0.0))
    (Tensor(0.0), Tensor(-inf))
    """
    return sine_integral(x), cosine_integral(x)


@elementwise
def sinh_integral(x: Value, /) -> Value:
    """The first of `shichi`."""
    return sp.shichi(x)[0]


@elementwise
def cosh_integral(x: Value, /) -> Value:
    """The second of `shichi`."""
    return sp.shichi(x)[1]


sinh_integral.rules(lambda g, out, x: g * spherical_in(0, x))  # sinh(x)/x, 1 at 0
cosh_integral.rules(lambda g, out, x: g * np.cosh(x) / x)


@composed
def shichi(x: ArrayLike) -> tuple[Tensor, Tensor]:
    """Hyperbolic sine and cosine integrals, (Shi(x), Chi(x)); for x < 0, Chi(|x|), the real part.

    >>> shichi(Tensor(0.0))
    (Tensor(0.0), Tensor(-inf))
    """
    return sinh_integral(x), cosh_integral(x)


@elementwise
def fresnel_sine(x: Value, /) -> Value:
    """The first of `fresnel`."""
    return sp.fresnel(x)[0]


@elementwise
def fresnel_cosine(x: Value, /) -> Value:
    """The second of `fresnel`."""
    return sp.fresnel(x)[1]


fresnel_sine.rules(lambda g, out, x: g * np.sin(x * x * (math.pi / 2)))
fresnel_cosine.rules(lambda g, out, x: g * np.cos(x * x * (math.pi / 2)))


@composed
def fresnel(z: ArrayLike) -> tuple[Tensor, Tensor]:
    """Fresnel integrals, (S, C), of sin(πt²/2) and cos(πt²/2) from 0 to z.

    >>> fresnel(Tensor(0.0))
    (Tensor(0.0), Tensor(0.0))
    """
    return fresnel_sine(z), fresnel_cosine(z)


@elementwise
def spence(z: Value, /) -> Value:
    """Spence's function or dilogarithm, the integral of ln t/(1 − t) from 1 to z; its gradient at 0 is −∞.

    >>> spence(Tensor(1.0))
    Tensor(0.0)
    """
    return sp.spence(z)


spence.rules(lambda g, out, z: -g / exprel(np.log(z)))  # ln z/(1 − z), -1 at 1
