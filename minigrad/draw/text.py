"""Numbers, arrays and names as short, readable text."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.text import LONGEST, number, printable, shorten

TINY = 6  # up to so many elements, an array is written out


def summary(value: Any, precision: int | str) -> tuple[str, ...]:
    """A value in a line or two: a tiny array written out, a larger one by its range (of |z|, if complex) and mean.

    Examples
    --------
    >>> summary(np.array([0.22, 0.26]), 2)
    ('[0.22, 0.26]',)
    >>> summary(np.arange(100.0), 2)
    ('0 … 99', 'mean 49.50')
    """
    value = np.asarray(value)
    if value.ndim == 0:
        return (number(value, precision),)
    if value.size == 0:
        return ("empty",)
    if value.size <= TINY and value.ndim <= 2:
        return tuple(f"[{', '.join(number(x, precision) for x in row)}]" for row in np.atleast_2d(value))
    if value.dtype.kind == "b":
        return (f"{np.count_nonzero(value)} of {value.size} true",)
    usual = value[np.isfinite(value)]
    lines = []
    if usual.size and usual.dtype.kind == "c":
        sizes, mean = np.abs(usual), usual.mean(dtype=np.complex128)
        low, high, noise = sizes.min(), sizes.max(), np.finfo(usual.dtype).eps * sizes.max()
        mean = complex(*(0.0 if abs(part) < noise else part for part in (mean.real, mean.imag)))
        start = "" if high - low <= noise else f"{number(low, precision)} … "
        lines = [f"|z| {start}{number(high, precision)}", f"mean {number(mean, precision)}"]
    elif usual.size:
        low, high = usual.min(), usual.max()
        lines = [f"all {number(low, precision)}"]
        if low != high:
            mean = usual.mean(dtype=np.float64)
            if usual.dtype.kind == "f" and abs(mean) < np.finfo(usual.dtype).eps * max(abs(low), abs(high)):
                mean = 0.0  # the rounding noise of a sum that cancels
            lines = [f"{number(low, precision)} … {number(high, precision)}", f"mean {number(mean, precision)}"]
    if usual.size < value.size:
        lines[:1] = [*lines[:1], f"{value.size - usual.size} of {value.size} not finite"]
    return tuple(lines[:2])


def in_words(name: str) -> str:
    """A name within a sentence: shortened, and isolated if it is written right to left.

    Examples
    --------
    >>> in_words("weight"), len(in_words("שלום"))
    ('weight', 6)
    """
    from unicodedata import bidirectional

    text = shorten(name)
    return f"\u2068{text}\u2069" if any(bidirectional(c) in ("R", "AL") for c in text) else text


def wrap(text: str, width: int = 46, most: int = 8) -> list[str]:
    """Text in at most `most` lines; a word longer than a line is broken.

    Examples
    --------
    >>> wrap("add: shapes do not broadcast", 12)
    ['add: shapes', 'do not', 'broadcast']
    """
    import textwrap

    lines = textwrap.wrap(printable(text[: 2 * width * most]), width)
    return lines if len(lines) <= most else [*lines[: most - 1], lines[most - 1][: width - 1] + "…"]


def shape_and_dtype(value: Any) -> str:
    """The shape and dtype of an array; empty for a scalar."""
    return f"{value.shape} {value.dtype}" if np.ndim(value) else ""


def argument(x: Any) -> str:
    """A static argument, such as an axis or an index, as Python writes it.

    Examples
    --------
    >>> argument((slice(None, 3), 0))
    '(:3, 0)'
    """
    if isinstance(x, slice):
        parts = [x.start, x.stop] if x.step is None else [x.start, x.stop, x.step]
        return ":".join("" if part is None else str(part) for part in parts)
    if isinstance(x, np.ndarray):
        return f"array {x.shape}"
    if isinstance(x, type):
        return x.__name__
    if isinstance(x, tuple | list):
        inside = ", ".join(argument(part) for part in x[:LONGEST])
        return f"({inside},)" if len(x) == 1 else f"({inside})"
    return "…" if x is Ellipsis else str(x)


def uniform(v: Any) -> Any:
    """A tuple of equal integers as one of them, in nested tuples too.

    Examples
    --------
    >>> uniform((2, 2)), uniform(((1, 1), (1, 1))), uniform(((0, 1), (0, 1)))
    (2, 1, ((0, 1), (0, 1)))
    """
    if not isinstance(v, tuple):
        return v
    parts = tuple(map(uniform, v))
    return parts[0] if len(parts) > 1 and all(isinstance(p, int) and p == parts[0] for p in parts) else parts
