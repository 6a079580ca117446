"""Arithmetic written out, with rounded numbers that are consistent with each other."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.draw.text import TINY
from minigrad.text import number

MORE = 2  # decimals that may be added until an equation holds as written


def consistent(numbers: Sequence[Any], precision: int) -> list[str]:
    """Format the numbers of an equation: as integers if all are, else all with the same number of decimals.

    Examples
    --------
    >>> consistent([-2, 5, 3], 2), consistent([-0.5276, 1, -0.5276], 2), consistent([0.001, 2], 2)
    (['-2', '5', '3'], ['-0.53', '1.00', '-0.53'], ['0.001', '2'])
    >>> consistent([1 + 2j, 0.5], 2)
    ['1.00+2.00i', '0.50']
    """
    values = [float(part) for x in numbers for part in (np.real(x), np.imag(x))]
    least = 10.0**-precision
    usual = all(math.isfinite(x) and (x == 0 or least <= abs(x) < 1e6) for x in values)
    if usual and any(x != int(x) for x in values):
        return [number(x, precision) if _truth(x) else _fixed(x, precision) for x in numbers]
    return [number(x, precision) for x in numbers]


def _fixed(x: Any, precision: int) -> str:
    if np.iscomplexobj(x):
        return f"{x.real + 0.0:.{precision}f}{x.imag + 0.0:+.{precision}f}i"
    return f"{x + 0.0:.{precision}f}"


def _parsed(text: str) -> Any:
    """The number that a text of `consistent` stands for."""
    return np.complex128(text[:-1] + "j") if text.endswith("i") else np.float64(text)


def _truth(x: Any) -> bool:
    return isinstance(x, bool | np.bool_)


def equation(
    write: Callable[[Sequence[str]], str],
    compute: Callable[..., Any],
    numbers: Sequence[Any],
    result: Any,
    precision: int,
) -> str:
    """A computation and its result as an equation; Re(…) if a real variable receives the real part of a complex number.

    The numbers are rounded, to up to two more decimals if the equation only then holds as written; if it still does not, the
    sign is ≈.

    Examples
    --------
    >>> equation(" + ".join, lambda a, b: a + b, [-0.1966, 0.3932], 0.1966, 2)
    '-0.1966 + 0.3932 = 0.1966'
    """
    around = "{}"
    with np.errstate(all="ignore"):
        for decimals in range(precision, precision + MORE + 1):
            *texts, end = consistent([*numbers, result], decimals)
            try:
                rounded = [x if _truth(x) else _parsed(text) for x, text in zip(numbers, texts, strict=True)]
                again = compute(*rounded)
            except (ArithmeticError, TypeError, ValueError):  # it does not accept rounded numbers
                break
            if np.iscomplexobj(again) and np.isrealobj(result):
                again, around = np.real(again), "Re({})"
            if consistent([*rounded, again], decimals)[-1] == end:
                return f"{around.format(write(texts))} = {end}"
    *texts, end = consistent([*numbers, result], precision)
    return f"{around.format(write(texts))} ≈ {end}"


def from_one(seed: Any) -> bool:
    """True if a sweep starts from 1, so that its gradients are the derivatives of the result itself."""
    return bool(np.ndim(seed) == 0 and seed == 1)


def times(texts: Sequence[str]) -> str:
    """A product; complex factors, and negative ones after the first, stand in brackets."""
    first = _bracketed(texts[0]) if texts[0].endswith("i") else texts[0]
    return " × ".join([first, *map(_bracketed, texts[1:])])


def plus(texts: Sequence[str]) -> str:
    """A sum; complex and negative terms after the first stand in brackets."""
    return " + ".join([texts[0], *map(_bracketed, texts[1:])])


def _bracketed(text: str) -> str:
    return f"({text})" if text.startswith("-") or text.endswith("i") else text


def inline(value: Any, precision: int) -> str:
    """A value on one line: a number, a tiny array written out, or a shape with the norm.

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
        norm = np.linalg.norm(array.astype(np.result_type(array, np.float64)).ravel())
        return f"{array.shape} of norm {number(norm, precision)}"


def shaped(value: Any, precision: int) -> str:
    """A value on one line, with its shape if it is an array.

    Examples
    --------
    >>> shaped(np.array([1.0, 2.0]), 2), shaped(np.ones(100), 2), shaped(3.0, 2)
    ('(2,): [1, 2]', '(100,) of norm 10', '3')
    """
    text = inline(value, precision)
    return f"{np.shape(value)}: {text}" if text.startswith("[") else text
