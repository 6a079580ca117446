"""The report of a calculation: values and gradients as a table or as JSON."""

from __future__ import annotations

import json

import numpy as np

from minigrad.commands.calculation import Calculation, gradient_of
from minigrad.graph import Value
from minigrad.table import table
from minigrad.text import number, plain

DECIMALS = 4
LABEL = 48  # characters of a subexpression in the table


def as_text(calculation: Calculation) -> str:
    """A table of names and subexpressions, and the explanations."""
    checked = calculation.failure is not None
    rows = [["", "value", "gradient", *(["numeric", "relative error"] if checked else [])]]
    for name in calculation.wrt:
        x = calculation.leaves[name]
        more = [_cell(calculation.numeric[name]), f"{calculation.error(name):.1e}"] if checked else []
        rows.append([_label(name), _cell(x.value), _cell(gradient_of(x)), *more])
    for text, x in calculation.reported:
        rows.append([_label(text), _cell(x.value), _cell(gradient_of(x)), *(["-", ""] if checked else [])])
    return "\n\n".join([table(rows, left=1), *calculation.explanations().values()])


def as_json(calculation: Calculation) -> str:
    """The same as JSON."""
    leaves = {name: calculation.leaves[name] for name in calculation.wrt}
    report: dict[str, object] = {
        "expression": calculation.expression.source,
        "value": calculation.result.value,
        "values": {name: x.value for name, x in leaves.items()},
        "gradients": {name: gradient_of(x) for name, x in leaves.items()},
        "steps": [{"expression": text, "value": x.value, "gradient": gradient_of(x)} for text, x in calculation.reported],
    }
    if calculation.failure is not None:
        report["check"] = {
            "passed": not calculation.failure,
            "numeric": calculation.numeric,
            "relative_error": {name: calculation.error(name) for name in leaves},
        }
    if calculation.explained:
        report["explained"] = calculation.explanations()
    return json.dumps(plain(report), ensure_ascii=False, indent=2)


def _label(text: str) -> str:
    return text if len(text) <= LABEL else text[: LABEL - 3] + "..."


def _cell(value: Value) -> str:
    """A value as text, in several lines for an array; "-" for a gradient that a constant does not have."""
    if value is None:
        return "-"
    if np.ndim(value) == 0:
        return _number(value)
    widths = [0]

    def measure(x: Value) -> str:
        widths.append(len(_number(x)))
        return _number(x)

    def aligned(x: Value) -> str:
        return _number(x).rjust(max(widths))

    for formatter in (measure, aligned):
        text = np.array2string(value, separator=", ", threshold=60, max_line_width=60, formatter={"all": formatter})
    return text


def _number(x: Value) -> str:
    """A number as in a picture, without trailing zeros."""
    digits, e, exponent = number(x, DECIMALS).partition("e")
    return (digits.rstrip("0").rstrip(".") if "." in digits else digits) + e + exponent
