"""Arithmetic, powers, selection and rounding: each element of the result depends on one element of each input.

Under each forward stand its rules, one for each input: the upstream gradient `g` times the local gradient.
Exponentials, logarithms and trigonometry are in `transcendental`, the activations of networks in `networks.activation`.

The file is long because it is a table: some forty operations, each with its rules and an example.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from minigrad.graph import Value
from minigrad.operation import elementwise, op
from minigrad.ops.dtypes import is_complex


def zero(g: Value, *_: Value, **__: Value) -> Value:
    """The rule of an input on which the output does not depend, or depends in steps only."""
    return np.zeros(g.shape, g.dtype)


def over(a: Value, b: Value) -> Value:
    """Quotient, a / b, and 0 where b is 0."""
    return np.where(b == 0, 0.0, a / np.where(b == 0, 1.0, b))


# Arithmetic


@op(elementwise=True, complex=True, affine=True, symbol="+", formulas=("1", "1"))
def add(a: Value, b: Value, /) -> Value:
    """Sum, a + b; it distributes its upstream gradient to both.

    >>> add(Tensor(2.0), 3.0)
    Tensor(5.0)
    """
    return a + b


add.rules(lambda g, out, a, b: g, lambda g, out, a, b: g)


@op(elementwise=True, complex=True, affine=True, symbol="−", formulas=("1", "-1"))
def subtract(a: Value, b: Value, /) -> Value:
    """Difference, a − b.

    >>> subtract(3.0, Tensor(1.0))
    Tensor(2.0)
    """
    return a - b


subtract.rules(lambda g, out, a, b: g, lambda g, out, a, b: -g)


@op(elementwise=True, complex=True, symbol="×", formulas=("b", "a"))
def multiply(a: Value, b: Value, /) -> Value:
    """Product, a b; each input receives the upstream gradient times the other input.

    >>> multiply(Tensor([1.0, 2.0]), 3.0)
    Tensor([3., 6.])
    """
    return a * b


multiply.rules(lambda g, out, a, b: g * b, lambda g, out, a, b: g * a)


@op(elementwise=True, complex=True, symbol="/", formulas=("1/b", "-a/b²"))
def divide(a: Value, b: Value, /) -> Value:
    """Quotient, a / b.

    >>> divide(1.0, Tensor(4.0))
    Tensor(0.25)
    """
    return a / b


divide.rules(lambda g, out, a, b: g / b, lambda g, out, a, b: -g * out / b)


@elementwise
def remainder(a: Value, b: Value, /) -> Value:
    """Remainder with the sign of the divisor, Python's `%`. At a jump the gradient is that of the right-hand side.

    >>> remainder(Tensor([-1.0, 7.5]), 3.0)
    Tensor([2. , 1.5])
    """
    return np.remainder(a, b)


remainder.rules(lambda g, out, a, b: g, lambda g, out, a, b: -g * np.round((a - out) / b))


@elementwise
def floor_divide(a: Value, b: Value, /) -> Value:
    """Floor division, ⌊a / b⌋. Its gradient is 0.

    >>> floor_divide(Tensor([-1.0, 7.5]), 3.0)
    Tensor([-1.,  2.])
    """
    return np.floor_divide(a, b)


floor_divide.rules(zero, zero)


@op(elementwise=True, complex=True, symbol="−x", formulas=("-1",))
def negative(x: Value, /) -> Value:
    """Negation, −x.

    >>> negative(Tensor(2.0))
    Tensor(-2.0)
    """
    return -x


negative.rules(lambda g, out, x: -g)


@op(elementwise=True, complex=True, symbol="1/x", formulas=("-1/x²",))
def reciprocal(x: Value, /) -> Value:
    """Reciprocal, 1 / x; of integers as floats, where NumPy rounds to 0.

    >>> reciprocal(Tensor(4.0))
    Tensor(0.25)
    """
    return 1 / x


reciprocal.rules(lambda g, out, x: -g * out * out)


def _of_power(values: Sequence[Value], static: Mapping[str, Any]) -> tuple[str, str]:
    """The gradients of `power` in symbols, and where the base is 0."""
    a, b = values
    if not np.any(a == 0):
        return "b·a**(b−1)", "out·ln(a)"
    base = "0 where b = 0, else b·a**(b−1)" if np.any((a == 0) & (b == 0)) else "b·a**(b−1)"
    return base, "0 where a = 0, else out·ln(a)"


@op(elementwise=True, complex=True, symbol="**", formulas=_of_power)
def power(a: Value, b: Value, /) -> Value:
    """Power, aᵇ.

    The gradient of the exponent is 0 where the base is 0, and nan where the base is real and negative. ``0 ** 0`` is 1,
    and its gradient with respect to the base is 0.

    >>> power(Tensor(3.0), 2)
    Tensor(9.0)
    """
    return a**b


def _power_base(g: Value, out: Value, a: Value, b: Value) -> Value:
    lower = b - 1 if isinstance(b, int | float) and b else np.where((b == 0) & (a == 0), 1.0, b - 1)
    return g * (b * a**lower)


def _power_exponent(g: Value, out: Value, a: Value, b: Value) -> Value:
    base = np.where(a == 0, 1.0, a)
    return g * np.where(a == 0, 0.0, out) * np.log(base + 0j if is_complex(out) else base)


power.rules(_power_base, _power_exponent)


@op(elementwise=True, complex=True, symbol="x²", formulas=("2·x",))
def square(x: Value, /) -> Value:
    """Square, x².

    >>> square(Tensor(-3.0))
    Tensor(9.0)
    """
    return x * x


square.rules(lambda g, out, x: 2 * g * x)


@op(elementwise=True, complex=True, symbol="√", formulas=("1/(2·out)",))
def sqrt(x: Value, /) -> Value:
    """Square root, √x. Its gradient at 0 is infinite.

    >>> sqrt(Tensor(9.0))
    Tensor(3.0)
    """
    return np.sqrt(x)


sqrt.rules(lambda g, out, x: g / (2 * out))


@elementwise
def cbrt(x: Value, /) -> Value:
    """Cube root, ∛x, of negative numbers too. Its gradient at 0 is infinite.

    >>> cbrt(Tensor(-8.0))
    Tensor(-2.0)
    """
    return np.cbrt(x)


cbrt.rules(lambda g, out, x: g / (3 * out * out))


@op(
    elementwise=True,
    complex=True,
    symbol="|x|",
    formulas=lambda values, static: ("conj(sign(x))" if np.iscomplexobj(values[0]) else "sign(x)",),
)
def abs(x: Value, /) -> Value:
    """Absolute value, |x|. Its gradient at 0 is 0.

    >>> abs(Tensor(-2.0))
    Tensor(2.0)
    """
    return np.abs(x)


abs.rules(lambda g, out, x: g * (over(np.conj(x), out) if is_complex(x) else np.sign(x)))


@elementwise
def sign(x: Value, /) -> Value:
    """Sign: −1, 0 or 1. Its gradient is 0.

    >>> sign(Tensor([-5.0, 0.0, 2.0]))
    Tensor([-1.,  0.,  1.])
    """
    return np.sign(x)


sign.rules(zero)


def _of_hypot(values: Sequence[Value], static: Mapping[str, Any]) -> tuple[str, str]:
    """The gradients of `hypot` in symbols, and where both sides are 0."""
    origin = "0 where out = 0, else " if np.any(np.hypot(*values) == 0) else ""
    return f"{origin}a/out", f"{origin}b/out"


@op(elementwise=True, formulas=_of_hypot)
def hypot(a: Value, b: Value, /) -> Value:
    """Hypotenuse, √(a² + b²). Its gradient at (0, 0) is 0.

    Its second derivatives are 0 there too, also those of its square; write that as a² + b².

    >>> hypot(Tensor(3.0), 4.0)
    Tensor(5.0)
    """
    return np.hypot(a, b)


hypot.rules(lambda g, out, a, b: g * over(a, out), lambda g, out, a, b: g * over(b, out))


# Selection


def _to_larger(g: Value, a: Value, b: Value) -> Value:
    """The part of `g` that a receives if the larger of a and b receives it: half at a tie. A nan counts as the larger."""
    return np.where(a == b, g / 2, g * np.logical_not(a < b))


def _of_chosen(sign: str, opposite: str) -> Callable[[Sequence[Value], Mapping[str, Any]], tuple[str, str]]:
    """The gradients of a maximum or minimum in symbols, and half where the inputs are equal."""

    def formulas(values: Sequence[Value], static: Mapping[str, Any]) -> tuple[str, str]:
        a, b = values
        half = ", ½ where a = b" if np.any(a == b) else ""
        return f"1 where a {sign} b{half}, else 0", f"1 where a {opposite} b{half}, else 0"

    return formulas


@op(elementwise=True, routes=True, symbol="max", formulas=_of_chosen(">", "<"))
def maximum(a: Value, b: Value, /) -> Value:
    """Elementwise maximum; it routes its upstream gradient to the larger input, and splits it evenly at a tie.

    >>> maximum(Tensor([1.0, 5.0]), 3.0)
    Tensor([3., 5.])
    """
    return np.maximum(a, b)


maximum.rules(lambda g, out, a, b: _to_larger(g, a, b), lambda g, out, a, b: _to_larger(g, b, a))


@op(elementwise=True, routes=True, symbol="min", formulas=_of_chosen("<", ">"))
def minimum(a: Value, b: Value, /) -> Value:
    """Elementwise minimum; it routes its upstream gradient to the smaller input, and splits it evenly at a tie.

    >>> minimum(Tensor([1.0, 5.0]), 3.0)
    Tensor([1., 3.])
    """
    return np.minimum(a, b)


minimum.rules(lambda g, out, a, b: _to_larger(g, b, a), lambda g, out, a, b: _to_larger(g, a, b))


@op(elementwise=True, routes=True)
def clip(x: Value, min: Value = None, max: Value = None, /) -> Value:
    """Clip to [min, max]; None is no bound.

    At a bound x receives the gradient; beyond it, the bound does.

    >>> clip(Tensor([-2.0, 0.5, 2.0]), 0, 1)
    Tensor([0. , 0.5, 1. ])
    """
    return np.clip(x, min, max)


def _exceeds(a: Value, b: Value) -> Value:
    return False if a is None or b is None else a > b


clip.rules(
    lambda g, out, x, low, high: np.where(_exceeds(low, x) | _exceeds(x, high), 0.0, g),
    lambda g, out, x, low, high: np.where(np.logical_or(x >= low, _exceeds(low, high)), 0.0, g),
    lambda g, out, x, low, high: np.where(_exceeds(x, high) | _exceeds(low, high), g, 0.0),
)


@op(elementwise=True, complex=True, routes=True, formulas=("0", "1 where condition, else 0", "0 where condition, else 1"))
def where(condition: Value, a: Value, b: Value, /) -> Value:
    """Select `a` where the condition is true, else `b`; the condition receives no gradient.

    The branch not taken receives exactly 0, and so does what was computed elementwise on the way to it, even where that is
    nan or infinite.

    >>> x = Tensor([4.0, 9.0])
    >>> where(x > 5, x, 0)
    Tensor([0., 9.])
    """
    return np.where(condition, a, b)


where.rules(
    zero,
    lambda g, out, condition, a, b: np.where(condition, g, 0.0),
    lambda g, out, condition, a, b: np.where(condition, 0.0, g),
)


# Rounding


@elementwise
def floor(x: Value, /) -> Value:
    """Floor, ⌊x⌋. Its gradient is 0.

    >>> floor(Tensor(-1.5))
    Tensor(-2.0)
    """
    return np.floor(x)


floor.rules(zero)


@elementwise
def ceil(x: Value, /) -> Value:
    """Ceiling, ⌈x⌉. Its gradient is 0.

    >>> ceil(Tensor(-1.5))
    Tensor(-1.0)
    """
    return np.ceil(x)


ceil.rules(zero)


@elementwise
def trunc(x: Value, /) -> Value:
    """Round towards 0. Its gradient is 0.

    >>> trunc(Tensor(-1.5))
    Tensor(-1.0)
    """
    return np.trunc(x)


trunc.rules(zero)


@op(elementwise=True, complex=True)
def round(x: Value, /, decimals: int = 0) -> Value:
    """Round to `decimals` places, half to even. Its gradient is 0.

    >>> round(Tensor(2.345), 1)
    Tensor(2.3)
    """
    return np.round(x, decimals)


round.rules(zero)
