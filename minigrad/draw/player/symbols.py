"""Expressions and gradient rules, written as mathematics."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.draw.names import operation
from minigrad.graph import Node

LEVEL = {"+": 1, "−": 1, "×": 2, "/": 2, "@": 2, "**": 3}  # symbols between operands, by how tightly they bind
TERM = 4
THIS, OTHER, RESULT = "this input", "the other input", "the result"
AROUND = {"−x": "-{}", "1/x": "1 / {}", "x²": "{}²", "√": "√{}", "|x|": "|{}|"}  # symbols around one operand


def written(symbol: str, arguments: Sequence[str], told: str = "") -> str:
    """An operation applied to its arguments.

    Parameters
    ----------
    symbol : str
        The symbol or the name of the operation.
    arguments : sequence of str
        Numbers or names.
    told : str
        Its static arguments, such as an axis.

    Returns
    -------
    str

    Examples
    --------
    >>> written("+", ["-2", "5"]), written("×", ["x + y", "-4"]), written("exp", ["-1.00"])
    ('-2 + 5', '(x + y) × (-4)', 'exp(-1.00)')
    >>> written("+", ["a × b", "c"]), written("−", ["a", "b − c"]), written("**", ["-2", "2"])
    ('a × b + c', 'a − (b − c)', '(-2) ** 2')
    """
    if symbol in LEVEL and len(arguments) == 2:
        a, b = arguments
        level = LEVEL[symbol]
        signed = a.startswith("-") and _level(a[1:]) >= level and level < LEVEL["**"]
        first = a if signed or _level(a) >= level else f"({a})"
        second = f"({b})" if _level(b) <= level or b.startswith("-") else b
        return f"{first} {symbol} {second}"
    if symbol in AROUND and len(arguments) == 1:
        a = arguments[0]
        bare = symbol == "|x|" or (_level(a) == TERM and not (symbol == "−x" and a[0].isdigit()))
        return AROUND[symbol].format(a if bare else f"({a})")
    return f"{symbol}({', '.join([*arguments, *([told] if told else [])])})"


def _level(text: str) -> int:
    """The precedence of the outermost operator of a text; a name, a number or a call is one term."""
    depth, level = 0, TERM
    for word in re.findall(r"[(\[]|[)\]]| (?:\*\*|[^ ]) ", text):
        if word[0] == " " and depth == 0:
            level = min(level, LEVEL.get(word.strip(), 0))
        depth += (word in "([") - (word in ")]")
    return min(level, 1) if text.startswith("-") or re.fullmatch(r"\d[\d.e+-]*i", text) else level


def rule(node: Node, i: int, labels: Sequence[str], result: str = "") -> str:
    """The gradient rule of one input in symbols; if its operation declares no formula, it only names the operation.

    The right side, evaluated, is the downstream gradient.

    Parameters
    ----------
    node : Node
        The result of the operation.
    i : int
        The position of the input.
    labels : sequence of str
        The labels of the inputs, names or expressions; one without a label is "this input", "the other input" or, of several
        others, the one of its parameter, such as "the weight".
    result : str
        The label of the result; without one it is "the result".

    Returns
    -------
    str

    Examples
    --------
    >>> import minigrad as mg
    >>> w, x = mg.Tensor([[1.0, 2.0]]), mg.Tensor([3.0, 4.0])
    >>> rule(w @ x, 0, ["W", "x"]), rule(w @ x, 1, ["W", "x"])
    ('dW = upstream ⊗ x', 'dx = Wᵀ · upstream')
    >>> rule(w * x, 0, ["", "p + q"]), rule(mg.erf(x), 0, ["x"])
    ('d(this input) = (p + q) × upstream', 'dx = local gradient of erf × upstream')
    """
    op = node.op
    assert op is not None
    left, formula = _of(labels[i]), op.formula(i, node.values, node.static)
    if formula:
        formula = _Names(node, i, labels, result).put_into(formula)
    if not op.elementwise:
        right = formula or f"vector-Jacobian product of {operation(node)}"
    elif not formula:
        right = f"local gradient of {operation(node)} × upstream"
    else:
        bare = " where " not in formula and _level(formula.lstrip("-")) > 1
        right = f"{formula if bare else f'({formula})'} × upstream"
    if np.iscomplexobj(node.value) and np.isrealobj(node.values[i]):
        right = f"Re({right})"  # a real variable receives the real part
    shape = np.shape(node.values[i])
    summed = f", summed to shape {shape}" if op.elementwise and np.shape(node.value) != shape else ""
    return f"{left} = {right}{summed}"


def _of(label: str) -> str:
    """The gradient of what has a label."""
    return f"d({label or THIS})" if not label or re.search(r"[\s()|√²/−]", label) else f"d{label}"


class _Names:
    """The words of a formula, and what stands for them: labels of the inputs and the result, and static numbers."""

    def __init__(self, node: Node, i: int, labels: Sequence[str], result: str) -> None:
        op = node.op
        assert op is not None
        self.words = {name: exact(v) for name, v in node.static.items()} if op.elementwise else {}
        if not op.variadic:  # a formula for any number of inputs names none of them
            given = [k for k, v in enumerate(node.values) if v is not None]
            for k, (name, label) in enumerate(zip(op.input_names, labels, strict=True)):
                other = OTHER if len(given) <= 2 else f"the {name}" if len(name) > 1 else f"input {k + 1}"
                self.words[name] = label or (THIS if k == i else other)
        self.words["out"] = result or RESULT
        self.words = {name: text for name, text in self.words.items() if text}

    def put_into(self, formula: str) -> str:
        """The formula with the labels in place of the words."""
        if formula in self.words:
            return self.words[formula]
        words = "|".join(map(re.escape, self.words))
        return re.sub(rf"(?<![A-Za-z_])({words})(?![A-Za-z_0-9])", self._put, formula)

    def _put(self, found: re.Match[str]) -> str:
        label = self.words[found[0]]
        before, after = found.string[: found.start()][-1:], found.string[found.end() :][:1]
        beside = before in tuple("·/*√∘-") or after in tuple("·/*²³ᵀ∘")  # an operator without a space
        if label in (THIS, OTHER, RESULT) or label.startswith(("the ", "input ")):
            return f"({label})" if beside else label
        enclosed = before in ("(", "|") and after in (")", "|")
        term = _level(label) == TERM and not (beside and (label[-1] in "²³" or label[0] == "√" or " / " in label))
        return label if term or enclosed else f"({label})"


def exact(v: Any) -> str:
    """A number in full if it is short; else empty.

    Examples
    --------
    >>> exact(2.0), exact(-0.125), exact(1 / 3), exact("mean")
    ('2', '-0.125', '', '')
    """
    if not isinstance(v, int | float | np.number) or isinstance(v, bool) or np.iscomplexobj(v):
        return ""
    text = f"{float(v):g}"
    return text if float(text) == v else ""
