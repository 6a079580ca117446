"""Expressions and gradient rules, written as mathematics."""

from __future__ import annotations

import re
from collections.abc import Sequence

from minigrad.draw.names import operation
from minigrad.graph import Node

LEVEL = {"+": 1, "−": 1, "×": 2, "/": 2, "@": 2, "^": 3}  # symbols between operands, by how tightly they bind
TERM = 4
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
    >>> written("+", ["a × b", "c"]), written("−", ["a", "b − c"]), written("^", ["-2", "2"])
    ('a × b + c', 'a − (b − c)', '(-2) ^ 2')
    """
    if symbol in LEVEL and len(arguments) == 2:
        a, b = arguments
        level = LEVEL[symbol]
        signed = a.startswith("-") and _level(a[1:]) >= level and level < LEVEL["^"]
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
    for word in re.findall(r"[(\[]|[)\]]| [^ ] ", text):
        if word[0] == " " and depth == 0:
            level = min(level, LEVEL.get(word[1], 0))
        depth += (word in "([") - (word in ")]")
    return min(level, 1) if text.startswith("-") or re.fullmatch(r"\d[\d.e+-]*i", text) else level


def rule(node: Node, i: int, labels: Sequence[str]) -> str:
    """The gradient rule of one input in symbols; if its operation declares no formula, it only names the operation.

    Parameters
    ----------
    node : Node
        The result of the operation.
    i : int
        The position of the input.
    labels : sequence of str
        The labels of the inputs; where one is empty, the name of the operation's own parameter is used.

    Returns
    -------
    str

    Examples
    --------
    >>> import minigrad as mg
    >>> w, x = mg.Tensor([[1.0, 2.0]]), mg.Tensor([3.0, 4.0])
    >>> rule(w @ x, 0, ["W", "x"]), rule(w @ x, 1, ["W", "x"])
    ('dW = upstream ⊗ x', 'dx = Wᵀ · upstream')
    >>> rule(w * x, 0, ["", "y"]), rule(mg.erf(x), 0, ["x"])
    ('da = y × upstream', 'dx = local gradient of erf × upstream')
    """
    op = node.op
    assert op is not None
    names = dict(zip(op.input_names, labels, strict=False))
    if op.variadic:
        names = {f"{op.input_names[0]}[{k}]": label for k, label in enumerate(labels)}
    names = {own: label or ("y" if own == "g" else own) for own, label in names.items()}  # g is an upstream gradient
    gradient, formula = f"d{[*names.values()][i]}", op.formula(i, node.values)
    own = "|".join(map(re.escape, names))
    formula = re.sub(rf"(?<![A-Za-z_])({own})(?![A-Za-z_0-9])", lambda found: names[found[0]], formula)
    if not op.elementwise:
        return f"{gradient} = {formula or f'vector-Jacobian product of {operation(node)}'}"
    if not formula:
        return f"{gradient} = local gradient of {operation(node)} × upstream"
    bare = " where " not in formula and _level(formula.lstrip("-")) > 1
    return f"{gradient} = {formula if bare else f'({formula})'} × upstream"
