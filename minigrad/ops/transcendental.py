"""Exponentials, logarithms and trigonometry, elementwise."""

from __future__ import annotations

import math

import numpy as np

from minigrad.fast import faster, smooth
from minigrad.graph import Value
from minigrad.operation import elementwise, op
from minigrad.ops.elementwise import over

LN2, LN10 = float(np.log(2.0)), float(np.log(10.0))

# Exponentials and logarithms


@op(elementwise=True, complex=True, formulas=("out",))
def exp(x: Value, /) -> Value:
    """Exponential, eˣ; it is its own derivative.

    >>> exp(Tensor(0.0))
    Tensor(1.0)
    """
    return np.exp(x)


exp.rules(lambda g, out, x: g * out)


@op(elementwise=True, complex=True)
def exp2(x: Value, /) -> Value:
    """Power of two, 2ˣ.

    >>> exp2(Tensor(3.0))
    Tensor(8.0)
    """
    return np.exp2(x)


exp2.rules(lambda g, out, x: g * out * LN2)


@op(elementwise=True, complex=True)
def expm1(x: Value, /) -> Value:
    """Exponential minus one, eˣ − 1, accurate for small x.

    >>> expm1(Tensor(1e-20))
    Tensor(1e-20)
    """
    return np.expm1(x)


expm1.rules(lambda g, out, x: g * (out + 1))


@op(elementwise=True, complex=True, formulas=("1/x",))
def log(x: Value, /) -> Value:
    """Natural logarithm, ln x.

    >>> log(Tensor(1.0))
    Tensor(0.0)
    """
    return np.log(x)


log.rules(lambda g, out, x: g / x)


@op(elementwise=True, complex=True, formulas=("1/(1 + x)",))
def log1p(x: Value, /) -> Value:
    """Logarithm of one plus x, ln(1 + x), accurate for small x.

    >>> log1p(Tensor(1e-20))
    Tensor(1e-20)
    """
    return np.log1p(x)


log1p.rules(lambda g, out, x: g / (1 + x))


@op(elementwise=True, complex=True)
def log2(x: Value, /) -> Value:
    """Logarithm to base 2, log₂ x.

    >>> log2(Tensor(8.0))
    Tensor(3.0)
    """
    return np.log2(x)


log2.rules(lambda g, out, x: g / (x * LN2))


@op(elementwise=True, complex=True)
def log10(x: Value, /) -> Value:
    """Logarithm to base 10, log₁₀ x.

    >>> log10(Tensor(1000.0))
    Tensor(3.0)
    """
    return np.log10(x)


log10.rules(lambda g, out, x: g / (x * LN10))


@elementwise
def logaddexp(a: Value, b: Value, /) -> Value:
    """Logarithm of a sum of exponentials, ln(eᵃ + eᵇ), without overflow; equal operands share the gradient, infinite too.

    >>> logaddexp(Tensor(1000.0), -1000.0)
    Tensor(1000.0)
    """
    return np.logaddexp(a, b)


def _share(a: Value, b: Value) -> Value:
    """eᵃ / (eᵃ + eᵇ), from the difference alone: beside a large result, a small operand would be lost."""
    return np.exp(-np.logaddexp(0.0, np.where((a == b) & np.isinf(a), 0.0, b - a)))


logaddexp.rules(lambda g, out, a, b: g * _share(a, b), lambda g, out, a, b: g * _share(b, a))


@elementwise
def logaddexp2(a: Value, b: Value, /) -> Value:
    """Logarithm of a sum of powers of two, log₂(2ᵃ + 2ᵇ), without overflow; gradients as in `logaddexp`.

    >>> logaddexp2(Tensor(3.0), 3.0)
    Tensor(4.0)
    """
    return np.logaddexp2(a, b)


logaddexp2.rules(
    lambda g, out, a, b: g * _share(a * LN2, b * LN2),
    lambda g, out, a, b: g * _share(b * LN2, a * LN2),
)


# Trigonometry


@op(elementwise=True, complex=True, formulas=("cos(x)",))
def sin(x: Value, /) -> Value:
    """Sine, of radians.

    >>> sin(Tensor(0.0))
    Tensor(0.0)
    """
    return np.sin(x)


sin.rules(lambda g, out, x: g * np.cos(x))


@op(elementwise=True, complex=True, formulas=("-sin(x)",))
def cos(x: Value, /) -> Value:
    """Cosine, of radians.

    >>> cos(Tensor(0.0))
    Tensor(1.0)
    """
    return np.cos(x)


cos.rules(lambda g, out, x: -g * np.sin(x))


@op(elementwise=True, complex=True, formulas=("1 + out²",))
def tan(x: Value, /) -> Value:
    """Tangent, of radians.

    >>> tan(Tensor(0.0))
    Tensor(0.0)
    """
    return np.tan(x)


tan.rules(lambda g, out, x: g * (1 + out * out))


@op(elementwise=True, complex=True)
def arcsin(x: Value, /) -> Value:
    """Inverse sine, in radians, for x in [−1, 1].

    >>> arcsin(Tensor(0.0))
    Tensor(0.0)
    """
    return np.arcsin(x)


arcsin.rules(lambda g, out, x: g / np.sqrt(1 - x * x))


@op(elementwise=True, complex=True)
def arccos(x: Value, /) -> Value:
    """Inverse cosine, in radians, for x in [−1, 1].

    >>> arccos(Tensor(1.0))
    Tensor(0.0)
    """
    return np.arccos(x)


arccos.rules(lambda g, out, x: -g / np.sqrt(1 - x * x))


@op(elementwise=True, complex=True, formulas=("1/(1 + x²)",))
def arctan(x: Value, /) -> Value:
    """Inverse tangent, in radians.

    >>> arctan(Tensor(0.0))
    Tensor(0.0)
    """
    return np.arctan(x)


arctan.rules(lambda g, out, x: g / (1 + x * x))


@elementwise
def arctan2(a: Value, b: Value, /) -> Value:
    """Angle of the point (b, a), in radians; the order is NumPy's. The gradient at the origin is 0.

    >>> arctan2(Tensor(0.0), 1.0)
    Tensor(0.0)
    """
    return np.arctan2(a, b)


def _arctan2_rule(g: Value, a: Value, b: Value) -> Value:
    length = np.hypot(a, b)  # twice over the length, for its square might overflow
    return g * over(over(b, length), length)


arctan2.rules(lambda g, out, a, b: _arctan2_rule(g, a, b), lambda g, out, a, b: -_arctan2_rule(g, b, a))


@op(elementwise=True, complex=True, formulas=("cosh(x)",))
def sinh(x: Value, /) -> Value:
    """Hyperbolic sine.

    >>> sinh(Tensor(0.0))
    Tensor(0.0)
    """
    return np.sinh(x)


sinh.rules(lambda g, out, x: g * np.cosh(x))


@op(elementwise=True, complex=True, formulas=("sinh(x)",))
def cosh(x: Value, /) -> Value:
    """Hyperbolic cosine.

    >>> cosh(Tensor(0.0))
    Tensor(1.0)
    """
    return np.cosh(x)


cosh.rules(lambda g, out, x: g * np.sinh(x))


@op(elementwise=True, complex=True, formulas=("1 − out²",))
def tanh(x: Value, /) -> Value:
    """Hyperbolic tangent.

    >>> tanh(Tensor(0.0))
    Tensor(0.0)
    """
    return np.tanh(x)


@faster(smooth.tanh_gradient)
def _tanh_gradient(g: Value, out: Value) -> Value:
    return g * (1 - out * out)


tanh.rules(lambda g, out, x: _tanh_gradient(g, out))


@op(elementwise=True, complex=True)
def arcsinh(x: Value, /) -> Value:
    """Inverse hyperbolic sine.

    >>> arcsinh(Tensor(0.0))
    Tensor(0.0)
    """
    return np.arcsinh(x)


arcsinh.rules(lambda g, out, x: g / np.sqrt(x * x + 1))


@op(elementwise=True, complex=True)
def arccosh(x: Value, /) -> Value:
    """Inverse hyperbolic cosine, for x ≥ 1.

    >>> arccosh(Tensor(1.0))
    Tensor(0.0)
    """
    return np.arccosh(x)


arccosh.rules(lambda g, out, x: g / (np.sqrt(x - 1) * np.sqrt(x + 1)))


@op(elementwise=True, complex=True)
def arctanh(x: Value, /) -> Value:
    """Inverse hyperbolic tangent, for x in (−1, 1).

    >>> arctanh(Tensor(0.0))
    Tensor(0.0)
    """
    return np.arctanh(x)


arctanh.rules(lambda g, out, x: g / (1 - x * x))


@elementwise
def deg2rad(x: Value, /) -> Value:
    """Degrees to radians.

    >>> print(f"{deg2rad(Tensor(180.0)):.4f}")
    3.1416
    """
    return np.deg2rad(x)


deg2rad.rules(lambda g, out, x: g * (math.pi / 180))


@elementwise
def rad2deg(x: Value, /) -> Value:
    """Radians to degrees.

    >>> rad2deg(Tensor(np.pi))
    Tensor(180.0)
    """
    return np.rad2deg(x)


rad2deg.rules(lambda g, out, x: g * (180 / math.pi))
