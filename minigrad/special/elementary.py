"""Exponentials, powers and logarithms that are accurate where the formula cancels; transforms and losses of statistics."""

from __future__ import annotations

import math

import numpy as np

from minigrad.graph import Value
from minigrad.operation import elementwise
from minigrad.ops.elementwise import over, power
from minigrad.special.base import sp
from minigrad.special.hypergeometric import hyp1f1, hyp2f1

DEGREE, LN10 = math.pi / 180, math.log(10)


@elementwise
def exp10(x: Value, /) -> Value:
    """Power of ten, 10ˣ.

    >>> exp10(Tensor(2.0))
    Tensor(100.0)
    """
    return sp.exp10(x)


exp10.rules(lambda g, out, x: g * out * LN10)


@elementwise
def exprel(x: Value, /) -> Value:
    """Relative exponential, (eˣ − 1)/x, and 1 at 0.

    >>> exprel(Tensor(0.0))
    Tensor(1.0)
    """
    return sp.exprel(x)


exprel.rules(lambda g, out, x: g * hyp1f1(2.0, 3.0, x) / 2)  # DLMF 13.6.2


@elementwise
def cosm1(x: Value, /) -> Value:
    """Cosine minus one, cos(x) − 1, accurate for small x.

    >>> cosm1(Tensor(0.0))
    Tensor(0.0)
    """
    return sp.cosm1(x)


cosm1.rules(lambda g, out, x: -g * np.sin(x))


@elementwise
def powm1(x: Value, y: Value, /) -> Value:
    """Power minus one, xʸ − 1, accurate where the power is near 1. The gradient is as of `power`.

    >>> powm1(Tensor(2.0), 3.0)
    Tensor(7.0)
    """
    return sp.powm1(x, y)


powm1.rules(power.vjps[0], lambda g, out, x, y: power.vjps[1](g, out + 1, x, y))


@elementwise
def sindg(x: Value, /) -> Value:
    """Sine of an angle in degrees.

    >>> sindg(Tensor(90.0))
    Tensor(1.0)
    """
    return sp.sindg(x)


@elementwise
def cosdg(x: Value, /) -> Value:
    """Cosine of an angle in degrees.

    >>> cosdg(Tensor(180.0))
    Tensor(-1.0)
    """
    return sp.cosdg(x)


@elementwise
def tandg(x: Value, /) -> Value:
    """Tangent of an angle in degrees.

    >>> tandg(Tensor(45.0))
    Tensor(1.0)
    """
    return sp.tandg(x)


@elementwise
def cotdg(x: Value, /) -> Value:
    """Cotangent of an angle in degrees.

    >>> cotdg(Tensor(45.0))
    Tensor(1.0)
    """
    return sp.cotdg(x)


sindg.rules(lambda g, out, x: g * cosdg(x) * DEGREE)
cosdg.rules(lambda g, out, x: -g * sindg(x) * DEGREE)
tandg.rules(lambda g, out, x: g * (1 + out * out) * DEGREE)
cotdg.rules(lambda g, out, x: -g * (1 + out * out) * DEGREE)


@elementwise
def logit(p: Value, /) -> Value:
    """Logarithm of the odds, ln(p/(1 − p)); its gradient at 0 and 1 is infinite, and outside nan.

    >>> logit(Tensor([0.0, 0.5]))
    Tensor([-inf,   0.])
    """
    return sp.logit(p)


def _logit_rule(g: Value, out: Value, p: Value) -> Value:
    p = p * np.where((p >= 0) & (p <= 1), 1.0, np.nan)
    return g * (1 / p + 1 / (1 - p))


logit.rules(_logit_rule)


@elementwise
def wrightomega(x: Value, /) -> Value:
    """Wright's omega function: the solution w of w + ln w = x.

    >>> wrightomega(Tensor(1.0))
    Tensor(1.0)
    """
    return sp.wrightomega(x)


wrightomega.rules(lambda g, out, x: g * out / (1 + out))


# Box and Cox, An Analysis of Transformations, 1964: with L = ln x it is L exprel(λL), smooth at λ = 0.


@elementwise
def boxcox(x: Value, lmbda: Value, /) -> Value:
    """Box-Cox transformation, (x^λ − 1)/λ, and ln x for λ = 0; differentiated in both.

    >>> boxcox(Tensor(1.0), 2.0)
    Tensor(0.0)
    """
    return sp.boxcox(x, lmbda)


@elementwise
def boxcox1p(x: Value, lmbda: Value, /) -> Value:
    """Box-Cox transformation of 1 + x, accurate for small x; differentiated in both.

    >>> boxcox1p(Tensor(0.0), 2.0)
    Tensor(0.0)
    """
    return sp.boxcox1p(x, lmbda)


def _in_lambda(log: Value, lmbda: Value) -> Value:
    """The derivative with respect to λ, from the logarithm of x; at x = 0 its limit 1/λ²."""
    none = log == -np.inf
    safe = np.where(none, 0.0, log)
    power = np.minimum(lmbda * safe, 1e3)  # beyond, all is infinite, and SciPy's series would not end
    return np.where(none, 1 / np.where(lmbda > 0, lmbda, np.nan) ** 2, safe * safe * hyp1f1(2.0, 3.0, power) / 2)


boxcox.rules(lambda g, out, x, lmbda: g * x ** (lmbda - 1), lambda g, out, x, lmbda: g * _in_lambda(np.log(x), lmbda))
boxcox1p.rules(
    lambda g, out, x, lmbda: g * np.exp((lmbda - 1) * np.log1p(x)),
    lambda g, out, x, lmbda: g * _in_lambda(np.log1p(x), lmbda),
)


@elementwise
def inv_boxcox(y: Value, lmbda: Value, /) -> Value:
    """Inverse of `boxcox`, (1 + λy)^(1/λ), and eʸ for λ = 0; differentiated in both.

    >>> inv_boxcox(Tensor(0.0), 2.0)
    Tensor(1.0)
    """
    return sp.inv_boxcox(y, lmbda)


@elementwise
def inv_boxcox1p(y: Value, lmbda: Value, /) -> Value:
    """Inverse of `boxcox1p`; differentiated in both.

    >>> inv_boxcox1p(Tensor(0.0), 2.0)
    Tensor(0.0)
    """
    return sp.inv_boxcox1p(y, lmbda)


def _inverse_in_lambda(x: Value, y: Value, lmbda: Value) -> Value:
    """From x = exp(y m(λy)), m(w) = ln(1 + w)/w, whose derivative is -½ ₂F₁(2, 2; 3; -w), by DLMF 15.4.1 and 15.5.1."""
    return x * y * y * hyp2f1(2.0, 2.0, 3.0, -lmbda * y) / -2


inv_boxcox.rules(
    lambda g, out, y, lmbda: g * out / (1 + lmbda * y),
    lambda g, out, y, lmbda: g * _inverse_in_lambda(out, y, lmbda),
)
inv_boxcox1p.rules(
    lambda g, out, y, lmbda: g * (1 + out) / (1 + lmbda * y),
    lambda g, out, y, lmbda: g * _inverse_in_lambda(1 + out, y, lmbda),
)


@elementwise
def huber(delta: Value, r: Value, /) -> Value:
    """Huber's loss: r²/2 where |r| ≤ δ, else δ (|r| − δ/2); differentiated in both.

    >>> huber(1.0, Tensor([0.5, 3.0]))
    Tensor([0.125, 2.5  ])
    """
    return sp.huber(delta, r)


def _width(delta: Value) -> Value:
    """A δ below 0 has no gradient; the loss is infinite."""
    return delta * np.where(delta < 0, np.nan, 1.0)


huber.rules(
    lambda g, out, delta, r: g * np.maximum(np.abs(r) - _width(delta), 0.0),
    lambda g, out, delta, r: g * np.clip(r, -_width(delta), delta),
)


@elementwise
def pseudo_huber(delta: Value, r: Value, /) -> Value:
    """Smooth Huber loss, δ² (√(1 + (r/δ)²) − 1); differentiated in both.

    >>> print(f"{pseudo_huber(3.0, Tensor(4.0)):.4f}")
    6.0000
    """
    return sp.pseudo_huber(delta, r)


def _in_delta(delta: Value, r: Value) -> Value:
    length = np.hypot(_width(delta), r)
    less = over(r * r, length + delta)  # length - delta, without the cancellation
    return over(less * less, length)


pseudo_huber.rules(
    lambda g, out, delta, r: g * _in_delta(delta, r),
    lambda g, out, delta, r: g * over(r * delta, np.hypot(_width(delta), r)),
)
