"""Arithmetic, powers, choosing and rounding: each number of the result depends on one number of each input.

Under each forward stand its rules, one for each input: the upstream gradient `g` times the local gradient.
Exponentials, logarithms and trigonometry are in `transcendental`, the activations of networks in `activation`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minigrad.graph import Value
from minigrad.operation import elementwise, op


def zero(g: Value, *_: Value, **__: Value) -> Value:
    """The rule of an input that the output does not change with, or changes with in steps only."""
    return np.zeros(g.shape, g.dtype)


def over(a: Value, b: Value) -> Value:
    """A / b, and 0 where b is 0."""
    return np.where(b == 0, 0.0, a / np.where(b == 0, 1.0, b))


# Arithmetic


@op(elementwise=True, symbol="+", formulas=("1", "1"))
def add(a: Value, b: Value, /) -> Value:
    """Sum of two arrays, elementwise; it distributes its upstream gradient to both.

    Examples
    --------
    >>> add(Tensor(2.0), 3.0)
    Tensor(5.0)
    """
    return a + b


add.rules(lambda g, out, a, b: g, lambda g, out, a, b: g)


@op(elementwise=True, symbol="−", formulas=("1", "-1"))
def subtract(a: Value, b: Value, /) -> Value:
    """Difference of two arrays, elementwise.

    Examples
    --------
    >>> subtract(3.0, Tensor(1.0))
    Tensor(2.0)
    """
    return a - b


subtract.rules(lambda g, out, a, b: g, lambda g, out, a, b: -g)


@op(elementwise=True, symbol="×", formulas=("b", "a"))
def multiply(a: Value, b: Value, /) -> Value:
    """Product of two arrays, elementwise; each input gets the other's value times the upstream gradient.

    Examples
    --------
    >>> multiply(Tensor([1.0, 2.0]), 3.0)
    Tensor([3., 6.])
    """
    return a * b


multiply.rules(lambda g, out, a, b: g * b, lambda g, out, a, b: g * a)


@op(elementwise=True, symbol="/", formulas=("1/b", "-a/b²"))
def divide(a: Value, b: Value, /) -> Value:
    """Quotient of two arrays, elementwise.

    Examples
    --------
    >>> divide(1.0, Tensor(4.0))
    Tensor(0.25)
    """
    return a / b


divide.rules(lambda g, out, a, b: g / b, lambda g, out, a, b: -g * out / b)


@elementwise
def remainder(a: Value, b: Value, /) -> Value:
    """What is left of a after b was taken away as often as it goes; of b's sign. At a jump the slope is that to its right.

    Examples
    --------
    >>> remainder(Tensor([-1.0, 7.5]), 3.0)
    Tensor([2. , 1.5])
    """
    return np.remainder(a, b)


remainder.rules(lambda g, out, a, b: g, lambda g, out, a, b: -g * np.round((a - out) / b))


@elementwise
def floor_divide(a: Value, b: Value, /) -> Value:
    """How often b goes into a, rounded down. It changes in jumps only, so its gradient is 0.

    Examples
    --------
    >>> floor_divide(Tensor([-1.0, 7.5]), 3.0)
    Tensor([-1.,  2.])
    """
    return np.floor_divide(a, b)


floor_divide.rules(zero, zero)


@op(elementwise=True, symbol="−x", formulas=("-1",))
def negative(x: Value, /) -> Value:
    """The number with its sign turned.

    Examples
    --------
    >>> negative(Tensor(2.0))
    Tensor(-2.0)
    """
    return -x


negative.rules(lambda g, out, x: -g)


@op(elementwise=True, symbol="1/x", formulas=("-1/x²",))
def reciprocal(x: Value, /) -> Value:
    """One over x.

    Examples
    --------
    >>> reciprocal(Tensor(4.0))
    Tensor(0.25)
    """
    return 1 / x


reciprocal.rules(lambda g, out, x: -g * out * out)


@op(elementwise=True, symbol="^", formulas=("b·a^(b−1)", "out·ln(a)"))
def power(a: Value, b: Value, /) -> Value:
    """The first array to the power of the second, elementwise.

    The gradient for the exponent is 0 where the base is 0, and nan where the base is negative. ``0 ** 0`` is 1, with
    gradient 0 for the base.

    Examples
    --------
    >>> power(Tensor(3.0), 2)
    Tensor(9.0)
    """
    return a**b


def _power_base(g: Value, out: Value, a: Value, b: Value) -> Value:
    lower = b - 1 if isinstance(b, int | float) and b else np.where(b == 0, 1.0, b - 1)
    return g * (b * a**lower)


power.rules(_power_base, lambda g, out, a, b: g * out * np.log(np.where(a == 0, 1.0, a)))


@op(elementwise=True, symbol="x²", formulas=("2·x",))
def square(x: Value, /) -> Value:
    """X times x.

    Examples
    --------
    >>> square(Tensor(-3.0))
    Tensor(9.0)
    """
    return x * x


square.rules(lambda g, out, x: 2 * g * x)


@op(elementwise=True, symbol="√", formulas=("1/(2·out)",))
def sqrt(x: Value, /) -> Value:
    """Square root. Its gradient is infinite at 0.

    Examples
    --------
    >>> sqrt(Tensor(9.0))
    Tensor(3.0)
    """
    return np.sqrt(x)


sqrt.rules(lambda g, out, x: g / (2 * out))


@elementwise
def cbrt(x: Value, /) -> Value:
    """Cube root, of negative numbers too. Its gradient is infinite at 0.

    Examples
    --------
    >>> cbrt(Tensor(-8.0))
    Tensor(-2.0)
    """
    return np.cbrt(x)


cbrt.rules(lambda g, out, x: g / (3 * out * out))


@op(elementwise=True, symbol="|x|", formulas=("sign(x)",))
def abs(x: Value, /) -> Value:
    """Absolute value. The gradient at 0 is 0.

    Examples
    --------
    >>> abs(Tensor(-2.0))
    Tensor(2.0)
    """
    return np.abs(x)


abs.rules(lambda g, out, x: g * np.sign(x))


@elementwise
def sign(x: Value, /) -> Value:
    """-1, 0 or 1, as x is negative, zero or positive. Its gradient is 0.

    Examples
    --------
    >>> sign(Tensor([-5.0, 0.0, 2.0]))
    Tensor([-1.,  0.,  1.])
    """
    return np.sign(x)


sign.rules(zero)


@op(elementwise=True, formulas=("a/out", "b/out"))
def hypot(a: Value, b: Value, /) -> Value:
    """Length of the vector (a, b). The gradient at (0, 0) is 0.

    Examples
    --------
    >>> hypot(Tensor(3.0), 4.0)
    Tensor(5.0)
    """
    return np.hypot(a, b)


hypot.rules(lambda g, out, a, b: g * over(a, out), lambda g, out, a, b: g * over(b, out))


# Choosing one of several


def _larger(g: Value, a: Value, b: Value) -> Value:
    """The share of `g` that the larger of two receives: all of it, or half at a tie. A nan counts as the larger."""
    return np.where(a == b, g / 2, g * np.logical_not(a < b))


@op(elementwise=True, routes=True, symbol="max", formulas=("1 where a > b, else 0", "1 where b > a, else 0"))
def maximum(a: Value, b: Value, /) -> Value:
    """The larger of two numbers, elementwise; it routes its upstream gradient there. A tie splits it evenly.

    Examples
    --------
    >>> maximum(Tensor([1.0, 5.0]), 3.0)
    Tensor([3., 5.])
    """
    return np.maximum(a, b)


maximum.rules(lambda g, out, a, b: _larger(g, a, b), lambda g, out, a, b: _larger(g, b, a))


@op(elementwise=True, routes=True, symbol="min", formulas=("1 where a < b, else 0", "1 where b < a, else 0"))
def minimum(a: Value, b: Value, /) -> Value:
    """The smaller of two numbers, elementwise; it routes its upstream gradient there. A tie splits it evenly.

    Examples
    --------
    >>> minimum(Tensor([1.0, 5.0]), 3.0)
    Tensor([1., 3.])
    """
    return np.minimum(a, b)


minimum.rules(lambda g, out, a, b: _larger(g, b, a), lambda g, out, a, b: _larger(g, a, b))


@op(elementwise=True, routes=True)
def clip(x: Value, min: Value = None, max: Value = None, /) -> Value:
    """X held between two bounds; at a bound itself x still receives the gradient.

    Parameters
    ----------
    x : Tensor or array_like
        Any shape.
    min, max : Tensor, array_like or None
        The bounds, broadcast against x; None for no bound. A bound receives the gradient of what it holds back.

    Returns
    -------
    Tensor
        Of the broadcast shape.

    Examples
    --------
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


@op(elementwise=True, routes=True, formulas=("0", "1 where condition, else 0", "0 where condition, else 1"))
def where(condition: Value, a: Value, b: Value, /) -> Value:
    """A where the condition holds, b elsewhere.

    The branch not taken receives exactly 0, and what was computed elementwise on the way to it does so too, even where
    that is nan or infinite.

    Parameters
    ----------
    condition : Tensor or array_like
        Truth values; it receives no gradient.
    a, b : Tensor or array_like
        Shapes that broadcast with the condition and each other.

    Returns
    -------
    Tensor
        Of the broadcast shape.

    Examples
    --------
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


def select(conditions: Sequence[Value], choices: Sequence[Value], default: Value = 0) -> Value:
    """From the first condition that holds, its choice; elsewhere the default.

    Parameters
    ----------
    conditions : sequence of array_like
        Truth values.
    choices : sequence of Tensor or array_like
        As many; shapes broadcast. What is not chosen receives exactly 0, as in `where`.
    default : Tensor or array_like
        Where no condition holds. ``np.select`` looks for tensors among the choices alone.

    Returns
    -------
    Tensor
        Of the broadcast shape.

    Raises
    ------
    ValueError
        If there are not as many conditions as choices, or none.

    Examples
    --------
    >>> x = Tensor([-3.0, 0.5, 4.0])
    >>> select([x < 0, x > 1], [-x, x**2])
    Tensor([ 3.,  0., 16.])
    """
    if len(conditions) != len(choices) or not len(choices):
        raise ValueError(f"select: needs a choice for each condition, got {len(conditions)} and {len(choices)}")
    result = default
    for condition, choice in zip(reversed(conditions), reversed(choices), strict=True):
        result = where(condition, choice, result)
    return result


# Rounding


@elementwise
def floor(x: Value, /) -> Value:
    """The next whole number at or below x. Its gradient is 0.

    Examples
    --------
    >>> floor(Tensor(-1.5))
    Tensor(-2.0)
    """
    return np.floor(x)


floor.rules(zero)


@elementwise
def ceil(x: Value, /) -> Value:
    """The next whole number at or above x. Its gradient is 0.

    Examples
    --------
    >>> ceil(Tensor(-1.5))
    Tensor(-1.0)
    """
    return np.ceil(x)


ceil.rules(zero)


@elementwise
def trunc(x: Value, /) -> Value:
    """The whole part of x. Its gradient is 0.

    Examples
    --------
    >>> trunc(Tensor(-1.5))
    Tensor(-1.0)
    """
    return np.trunc(x)


trunc.rules(zero)


@elementwise
def round(x: Value, /, decimals: int = 0) -> Value:
    """X to a number of decimals, halves to the even neighbour. Its gradient is 0.

    Parameters
    ----------
    x : Tensor or array_like
        Any shape.
    decimals : int
        How many places are kept.

    Returns
    -------
    Tensor
        Of x's shape.

    Examples
    --------
    >>> round(Tensor(2.345), 1)
    Tensor(2.3)
    """
    return np.round(x, decimals)


round.rules(zero)
