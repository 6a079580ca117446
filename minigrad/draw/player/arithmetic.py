"""Arithmetic written out: equations whose rounded numbers agree with one another."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.draw.text import TINY
from minigrad.text import number

MORE = 2  # decimals that may be added until an equation holds as it is written


def alike(numbers: Sequence[Any], precision: int) -> list[str]:
    """The numbers of one equation: whole ones in full if all are whole, else all with the same decimals.

    Examples
    --------
    >>> alike([-2, 5, 3], 2), alike([-0.5276, 1, -0.5276], 2), alike([0.001, 2], 2)
    (['-2', '5', '3'], ['-0.53', '1.00', '-0.53'], ['0.001', '2'])
    """
    values = [float(x) for x in numbers]
    least = 10.0**-precision
    usual = all(math.isfinite(x) and (x == 0 or least <= abs(x) < 1e6) for x in values)
    if usual and any(x != int(x) for x in values):
        return [number(x, precision) if _truth(x) else f"{x + 0.0:.{precision}f}" for x in numbers]
    return [number(x, precision) for x in numbers]


def _truth(x: Any) -> bool:
    return isinstance(x, bool | np.bool_)


def equation(
    write: Callable[[Sequence[str]], str],
    compute: Callable[..., Any],
    numbers: Sequence[Any],
    result: Any,
    precision: int,
) -> str:
    """What is computed from numbers, and the result.

    The numbers are rounded, to up to two decimals more if that is what it takes for the equation to hold as it is written;
    where it does not even so, the sign is ≈.

    Examples
    --------
    >>> equation(" + ".join, lambda a, b: a + b, [-0.1966, 0.3932], 0.1966, 2)
    '-0.1966 + 0.3932 = 0.1966'
    """
    with np.errstate(all="ignore"):
        for decimals in range(precision, precision + MORE + 1):
            *texts, end = alike([*numbers, result], decimals)
            try:
                rounded = [x if _truth(x) else np.float64(text) for x, text in zip(numbers, texts, strict=True)]
                again = compute(*rounded)
            except (ArithmeticError, TypeError, ValueError):  # it takes no rounded numbers
                break
            if alike([*rounded, again], decimals)[-1] == end:
                return f"{write(texts)} = {end}"
    *texts, end = alike([*numbers, result], precision)
    return f"{write(texts)} ≈ {end}"


def times(texts: Sequence[str]) -> str:
    """A product; a negative number after the first stands in brackets."""
    return " × ".join([texts[0], *map(_bracketed, texts[1:])])


def plus(texts: Sequence[str]) -> str:
    """A sum; a negative number after the first stands in brackets."""
    return " + ".join([texts[0], *map(_bracketed, texts[1:])])


def _bracketed(text: str) -> str:
    return f"({text})" if text.startswith("-") else text


def inline(value: Any, precision: int) -> str:
    """A value on one line: a number, a tiny array number by number, or a shape with the norm.

    Examples
    --------
    >>> inline(np.array([[0.5, 1.0]]), 2), inline(np.ones(100), 2)
    ('[[0.50, 1]]', '(100,) of norm 10')
    """
    array = np.asarray(value)
    if array.ndim == 0:
        return number(array, precision)
    if 0 < array.size <= TINY and array.ndim <= 2:
        rows = [f"[{', '.join(number(x, precision) for x in row)}]" for row in np.atleast_2d(array)]
        return rows[0] if array.ndim == 1 else f"[{', '.join(rows)}]"
    if array.size == 0 or array.dtype.kind == "b":
        return f"{array.shape}"
    with np.errstate(all="ignore"):
        return f"{array.shape} of norm {number(np.linalg.norm(np.asarray(array, np.float64).ravel()), precision)}"


def shaped(value: Any, precision: int) -> str:
    """A value on one line with its shape, if it has one.

    Examples
    --------
    >>> shaped(np.array([1.0, 2.0]), 2), shaped(np.ones(100), 2), shaped(3.0, 2)
    ('(2,): [1, 2]', '(100,) of norm 10', '3')
    """
    text = inline(value, precision)
    return f"{np.shape(value)}: {text}" if text.startswith("[") else text
