"""Single numbers as Python floats: the steps that Python's own arithmetic and `math` compute as NumPy does.

Each form gives NumPy's value to 2 units in the last place, or raises where NumPy gives nan or infinity.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

# By the text of a call: a Python expression of its operands; precedence as in Python's grammar. A condition is a bool.
BINARY = {"+": 5, "-": 5, "*": 6, "/": 6}
COMPARISONS = frozenset({"<", "<=", ">", ">=", "==", "!="})

FORMS = {
    "**": "pow({0}, {1})",
    "exp": "exp({0})",
    "expm1": "expm1({0})",
    "log": "log({0})",
    "log2": "log2({0})",
    "log10": "log10({0})",
    "log1p": "log1p({0})",
    "sqrt": "sqrt({0})",
    "sin": "sin({0})",
    "cos": "cos({0})",
    "tan": "tan({0})",
    "arcsin": "asin({0})",
    "arccos": "acos({0})",
    "arctan": "atan({0})",
    "sinh": "sinh({0})",
    "cosh": "cosh({0})",
    "tanh": "tanh({0})",
    "arcsinh": "asinh({0})",
    "arccosh": "acosh({0})",
    "arctanh": "atanh({0})",
    "arctan2": "atan2({0}, {1})",
    "hypot": "hypot({0}, {1})",
    "abs": "abs({0})",
    "absolute": "abs({0})",
    "sign": "((0.0 < {0}) - ({0} < 0.0) + 0.0 if {0} == {0} else {0})",
    "square": "{0} * {0}",
    "reciprocal": "1.0 / {0}",
    "sigmoid": "1.0 / (1.0 + exp(-{0}))",
    "relu": "(0.0 if {0} <= 0.0 else {0})",
    "maximum": "({0} if {0} >= {1} or {0} != {0} else {1})",
    "minimum": "({0} if {0} <= {1} or {0} != {0} else {1})",
    "where": "({1} if {0} else {2})",
    "isfinite": "({0} - {0} == 0.0)",
    "isnan": "({0} != {0})",
    "logical_not": "(not {0})",
    "logical_and": "({0} and {1})",
    "logical_or": "({0} or {1})",
    "&": "({0} and {1})",
    "|": "({0} or {1})",
}
LOGICAL = frozenset({"logical_not", "logical_and", "logical_or", "&", "|"})  # of conditions alone
NAMES = {name: getattr(math, name) for name in (
    "exp", "expm1", "log", "log2", "log10", "log1p", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh",
    "tanh", "asinh", "acosh", "atanh", "atan2", "hypot", "pow",
)}  # fmt: skip
RAISES = (ZeroDivisionError, OverflowError, ValueError)


def kind(x: Any) -> str:
    """The kind of a value on the fast line: "f" for a Python float, "b" for a condition, else nothing."""
    shape, dtype = getattr(x, "shape", ()), getattr(x, "dtype", None)
    if dtype is None:
        return "f" if (type(x) in (float, int) and abs(x) < 2**53) or type(x) is float else "b" if type(x) is bool else ""
    if shape != ():
        return ""
    return "f" if dtype == np.float64 else "b" if dtype == np.bool_ else ""


def form(text: str, kinds: list[str], out: str) -> str:
    """The form of a step on such operands, with such a result; empty if it has none."""
    name = text.removeprefix("np.")
    if not out or "" in kinds:
        return ""
    if name in LOGICAL:
        return FORMS[name] if set(kinds) == {"b"} else ""
    if name == "where":
        return FORMS[name] if kinds == ["b", "f", "f"] and out == "f" else ""
    if name == "*" and out == "f" and "f" in kinds:
        return "{0} * {1}"
    if set(kinds) != {"f"}:
        return ""
    if name in BINARY or name in COMPARISONS:
        return f"{{0}} {name} {{1}}" if len(kinds) == 2 else "-{0}" if name == "-" else ""
    found = FORMS.get(name, "")
    return found if found and (("{1}" in found) + 1 == len(kinds)) else ""
