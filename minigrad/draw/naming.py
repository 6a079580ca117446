"""What nodes are called in sentences: by their names, or by how they are computed."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.draw.symbols import rule, written
from minigrad.draw.text import SYMBOLS, argument, number, shorten
from minigrad.graph import Node

LONGEST = 28  # characters of a label put together from names
SHORT = 12  # and of one that can stand in a rule
UNSAID = (("stride", 1), ("dilation", 1), ("groups", 1), ("padding", 0))


class Labels(dict[Node, str]):
    """What to call each node: its name, or how it is computed, as far as that is short. Found when it is asked for."""

    def __missing__(self, node: Node) -> str:
        for depth in (3, 2, 1):
            text = _label(node, depth)
            if len(text) <= LONGEST:
                break
        self[node] = text = shorten(text, LONGEST + SHORT)
        return text


def _label(node: Node, depth: int) -> str:
    """A node by its name, or by its operation on its inputs down to some depth."""
    if node.name:
        return shorten(node.name)
    if node.op is None:
        return _constant(node.value)
    if depth == 0:
        return "…"
    pairs = list(zip(node.inputs, given(node), strict=False))
    texts = [_constant(v) if x is None else _label(x, depth - 1) for x, v in pairs[:3]]
    return written(node.op, texts if len(pairs) <= 3 else [*texts[:2], "…"])


def given(node: Node) -> tuple[Any, ...]:
    """The values of a node's inputs, without those that were left out at the end."""
    values = node.values
    while values[-1] is None:
        values = values[:-1]
    return values


def _constant(v: Any) -> str:
    if v is None:
        return "None"
    return number(v, 2) if np.ndim(v) == 0 else f"array {np.shape(v)}"


def symbol(node: Node) -> str:
    """The operation of a node as the drawing shows it."""
    return SYMBOLS.get(node.op.name, node.op.name) if node.op else ""


def told(node: Node) -> str:
    """What an operation was told besides its inputs, such as an axis; nothing that goes without saying."""
    op = node.op
    assert op is not None
    own = {k: v for k, v in node.static.items() if k != "saved" and v is not None and not hasattr(v, "_fields")}
    own = {k: _compact(v) for k, v in own.items() if op.defaults.get(k, op) is not v}
    return shorten(", ".join(f"{k}={argument(v)}" for k, v in own.items() if (k, v) not in UNSAID), LONGEST)


def _compact(v: Any) -> Any:
    """A tuple of equal numbers as one of them, inside other tuples too: stride=2 for stride=(2, 2)."""
    if not isinstance(v, tuple):
        return v.__name__ if isinstance(v, type) else v if isinstance(v, int | float | str | slice) else argument(v)
    parts = tuple(map(_compact, v))
    return parts[0] if len(parts) > 1 and all(isinstance(p, int) and p == parts[0] for p in parts) else parts


def symbols(node: Node, i: int, called: Labels) -> str:
    """The gradient rule of input `i` in symbols, with the names of the inputs where they are short."""
    op = node.op
    assert op is not None
    names = [_own_name(x, v, called) for x, v in zip(node.inputs, node.values, strict=True)]
    return rule(op, i, [name if len(name) <= SHORT else "" for name in names], [np.ndim(v) for v in node.values])


def _own_name(x: Node | None, v: Any, called: Labels) -> str:
    """The name of an input, or the number that it is; empty if it has neither."""
    if x is None:
        return number(v, 2) if v is not None and np.ndim(v) == 0 else ""
    return called[x] if x.name else ""
