"""A program of single numbers as JavaScript: the page of a live circuit evaluates the very steps that `compile` runs.

Only forwards stand here; gradients are steps of the program like any other.
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from minigrad.program.program import Program
from minigrad.tracing import Step, Variable

# By the text of a call. A condition is a boolean, which counts as 0 or 1.
FORMS = {
    "+": "({0} + {1})",
    "-": "({0} - {1})",
    "*": "({0} * {1})",
    "/": "({0} / {1})",
    "**": "pow({0}, {1})",
    "%": "mod({0}, {1})",
    "<": "({0} < {1})",
    "<=": "({0} <= {1})",
    ">": "({0} > {1})",
    ">=": "({0} >= {1})",
    "==": "({0} === {1})",
    "!=": "({0} !== {1})",
    "&": "({0} && {1})",
    "|": "({0} || {1})",
    "logical_and": "({0} && {1})",
    "logical_or": "({0} || {1})",
    "logical_not": "(!{0})",
    "isfinite": "Number.isFinite({0})",
    "isnan": "Number.isNaN({0})",
    "where": "({0} ? {1} : {2})",
    "float64": "{0}",
    "remainder": "mod({0}, {1})",
    "floor_divide": "Math.floor({0} / {1})",
    "square": "({0} * {0})",
    "reciprocal": "(1 / {0})",
    "absolute": "Math.abs({0})",
    "abs": "Math.abs({0})",
    "maximum": "Math.max({0}, {1})",
    "minimum": "Math.min({0}, {1})",
    "arctan2": "Math.atan2({0}, {1})",
    "hypot": "Math.hypot({0}, {1})",
    "logaddexp": "logaddexp({0}, {1})",
    "sigmoid": "(1 / (1 + Math.exp(-{0})))",
    "relu": "({0} <= 0 ? 0 : {0})",
    "softplus": "logaddexp(0, {0})",
    "log_sigmoid": "(-logaddexp(0, -{0}))",
    "softsign": "({0} / (1 + Math.abs({0})))",
    "silu": "({0} / (1 + Math.exp(-{0})))",
    "round": "round({0})",
    **{name: f"Math.{name}({{0}})" for name in ("exp", "log", "log2", "log10", "log1p", "expm1", "sqrt", "cbrt", "sign")},
    **{name: f"Math.{name}({{0}})" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "floor", "ceil", "trunc")},
    **{f"arc{name}": f"Math.a{name}({{0}})" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
}


def source(program: Program) -> str:
    """The body of a function of the inputs, `x`, that returns the outputs in an array.

    Raises
    ------
    ValueError
        If a step is not one of single numbers, or has no form.
    """
    names = {v: f"x[{i}]" for i, v in enumerate(program.inputs)}
    lines = []
    for i, step in enumerate(program.steps):
        lines.append(f"const t{i} = {_expression(step, names)};")
        names[step.outs[0]] = f"t{i}"
    return "\n".join([*lines, f"return [{', '.join(_operand(x, names) for x in program.outputs)}].map(Number);"])


def _expression(step: Step, names: dict[Variable, str]) -> str:
    text = step.call.text.removeprefix("np.")
    if step.call.form == "prefix":
        return f"(-{_operand(step.args[0], names)})"
    form = FORMS.get(text)
    settings = {k: v for k, v in step.options.items() if v}
    if form is None or step.several or settings or step.call.form == "rule" or step.outs[0].shape != ():
        raise ValueError(f"live: a page has no form for {step.call.text}; it shows arithmetic on single numbers")
    return form.format(*(_operand(x, names) for x in step.args))


def _operand(x: Any, names: dict[Variable, str]) -> str:
    if type(x) is Variable:
        return names[x]
    if np.shape(x):
        raise ValueError(f"live: an array of shape {np.shape(x)} stands in the circuit, which is one of single numbers")
    if isinstance(x, bool | np.bool_):
        return json.dumps(bool(x))
    v = float(x)
    return f"({v!r})" if math.isfinite(v) else "NaN" if math.isnan(v) else "Infinity" if v > 0 else "(-Infinity)"
