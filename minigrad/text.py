"""Numbers and names as short text."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

LONGEST = 24  # characters of a name


def number(x: Any, precision: int | str) -> str:
    """A number for reading: integers in full, others rounded to `precision` decimals, or digits if they are small.

    A string is a format specification of Python's, used for every number.

    Examples
    --------
    >>> [number(x, 2) for x in (-12.0, -0.5276, 0.00123, 1e-05, 12345678.9, float("nan"))]
    ['-12', '-0.53', '0.0012', '1e-05', '1.23e+07', 'nan']
    >>> number(0.5, ".3e"), number(1.5 - 2j, 2)
    ('5.000e-01', '1.50-2i')
    """
    if isinstance(x, bool | np.bool_):
        return str(bool(x))
    if np.iscomplexobj(x):
        real, imag = number(x.real, precision), number(x.imag, precision)
        return f"{real}{'' if imag.startswith('-') else '+'}{imag}i"
    x = float(x)
    if isinstance(precision, str):
        return format(x, precision)
    size = abs(x)
    if not math.isfinite(size):
        return str(x)
    if x == int(x) and size < 1e9:
        return str(int(x))
    if size >= 1e6:
        return f"{x:.{precision}e}"
    if size >= 0.1:
        return f"{x:.{precision}f}"
    return f"{x:.{max(precision, 1)}g}"


def printable(text: str) -> str:
    r"""Text on one line, unprintable characters as escapes.

    Examples
    --------
    >>> print(printable("a\nb"))
    a\nb
    """
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def clean(text: str, longest: int | None = None) -> str:
    r"""Text for a terminal, which a control character in it cannot drive: they become escapes; lines stay lines.

    Lines are cut to `longest` characters.

    Examples
    --------
    >>> print(clean("one\ntwo \x1b[31m"))
    one
    two \x1b[31m
    """
    lines = text.split("\n")
    return "\n".join(printable(line) if longest is None else shorten(line, longest) for line in lines)


def shorten(text: str, longest: int = LONGEST) -> str:
    """Text cut to `longest` characters, the last an ellipsis.

    Examples
    --------
    >>> shorten("a rather long name", 9)
    'a rather…'
    """
    text = printable(text[: longest + 1])
    return text if len(text) <= longest else text[: longest - 1] + "…"


def plain(value: Any) -> Any:
    """A value as JSON can hold it: arrays as lists, dataclasses as objects; nan, infinity and complex numbers as strings.

    Examples
    --------
    >>> plain({"x": np.array([1.0, np.inf])})
    {'x': [1.0, 'inf']}
    """
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    fits = not isinstance(value, complex) and (not isinstance(value, float) or math.isfinite(value))
    return value if fits else str(value)
