"""Calls: the functions that steps apply, how each is written, and those of NumPy that a program cannot hold."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np


class Call:
    """The function that a step applies, how it is written, and the operation behind it if there is one.

    Attributes
    ----------
    run : callable
        Computes the step from plain values.
    form : str
        "infix", "prefix", "function", "method", "attribute", "op" or "rule".
    text : str
        The symbol or the name.
    op : Op or None
        The operation.
    needed : tuple of bool
        Of a rule, for which inputs it gives gradients.
    """

    __slots__ = ("form", "needed", "op", "run", "text")

    def __init__(self, run: Callable[..., Any], form: str, text: str, op: Any = None, needed: tuple[bool, ...] = ()) -> None:
        self.run, self.form, self.text, self.op, self.needed = run, form, text, op, needed


_INFIX = {
    "add": ("+", operator.add),
    "subtract": ("-", operator.sub),
    "multiply": ("*", operator.mul),
    "divide": ("/", operator.truediv),
    "power": ("**", operator.pow),
    "matmul": ("@", operator.matmul),
    "less": ("<", operator.lt),
    "less_equal": ("<=", operator.le),
    "greater": (">", operator.gt),
    "greater_equal": (">=", operator.ge),
    "equal": ("==", operator.eq),
    "not_equal": ("!=", operator.ne),
    "bitwise_and": ("&", operator.and_),
    "bitwise_or": ("|", operator.or_),
}
NAMES = {"-x": "negative", **{symbol: name for name, (symbol, _) in _INFIX.items()}}  # of NumPy, by symbol
NEGATIVE = Call(operator.neg, "prefix", "-")
_CALLS: dict[Any, Call] = {
    "negative": NEGATIVE,
    **{name: Call(run, "infix", symbol) for name, (symbol, run) in _INFIX.items()},
}
SHAPES_ONLY = {
    "shape", "ndim", "size", "result_type", "can_cast", "iscomplexobj", "isrealobj", "zeros_like", "ones_like", "empty_like",
    "common_type", "shares_memory", "may_share_memory", "tril_indices_from", "triu_indices_from", "diag_indices_from",
    "broadcast_shapes", "isfortran",
}  # fmt: skip
MASK = "the shape of the result would depend on the values; keep the shape, as with where(mask, x, 0)"
REFUSED = {
    **dict.fromkeys(("nonzero", "flatnonzero", "argwhere", "unique", "compress", "extract", "trim_zeros"), MASK),
    **dict.fromkeys(
        ("bincount", "unique_values", "unique_counts", "unique_inverse", "unique_all", "intersect1d", "setdiff1d"), MASK
    ),
    **dict.fromkeys(
        ("copyto", "put", "place", "putmask", "fill_diagonal", "put_along_axis"),
        "it writes into an array; compute a new one, as with where(mask, values, x)",
    ),
    **dict.fromkeys(
        ("array2string", "array_repr", "array_str", "save", "savez", "savez_compressed", "savetxt"),
        "a program computes values and writes none; return it",
    ),
}


def call_of(function: Any, method: str = "") -> Call:
    """The call of a function of NumPy's, or of a ufunc's method."""
    key = (function, method) if method else function
    found = _CALLS.get(key)
    if found is None:
        name = getattr(function, "__name__", "")
        if isinstance(function, np.ufunc) and not method and name in _CALLS and getattr(np, name, None) is function:
            found = _CALLS[name]
        else:
            home = "numpy" if getattr(np, name, None) is function else "scipy.special"
            module = getattr(function, "__module__", None) or home
            text = f"{module.replace('numpy', 'np', 1)}.{name}" + (f".{method}" if method else "")
            found = Call(getattr(function, method) if method else function, "function", text)
        _CALLS[key] = found
    return found


def member(name: str, form: str) -> Call:
    """The call of an array's method or attribute."""
    key = (form, name)
    if key not in _CALLS:
        get = operator.attrgetter(name)
        run = get if form == "attribute" else lambda x, *args, **options: getattr(x, name)(*args, **options)
        _CALLS[key] = Call(run, form, name)
    return _CALLS[key]


GETITEM = Call(operator.getitem, "getitem", "[]")
STRONG = Call(np.float64, "function", "np.float64")


def op_call(op: Any) -> Call:
    """The call of an operation: arithmetic is written with operators."""
    found = _CALLS.get(op)
    if found is None:
        plain = op.__module__ in ("minigrad.ops.elementwise", "minigrad.ops.linalg")
        found = _CALLS[op] = (plain and _CALLS.get(op.name)) or Call(op.forward, "op", op.name, op)
    return found
