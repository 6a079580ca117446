"""Labels of nodes in sentences: their names, or the expressions that compute them."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.draw.names import symbol
from minigrad.draw.player.symbols import rule, written
from minigrad.draw.text import in_words
from minigrad.graph import Node
from minigrad.text import number

LONGEST = 28  # characters of a label put together from names
SHORT = 12  # characters of a label that can stand in a rule


class Labels(dict[Node, str]):
    """The label of each node, computed on demand: its name, or its expression as deep as is short."""

    def __missing__(self, node: Node) -> str:
        for depth in (3, 2, 1):
            text = _label(node, depth)
            if len(text) <= LONGEST:
                break
        if len(text) > LONGEST + SHORT:
            text = text[: LONGEST + SHORT - 1] + "…"
            text += "\u2069" * (text.count("\u2068") - text.count("\u2069"))  # close the isolates of a name that was cut
        self[node] = text
        return text


def _label(node: Node, depth: int) -> str:
    """The name of a node, or its expression down to some depth."""
    if node.name:
        return in_words(node.name)
    if node.op is None:
        return _constant(node.value)
    if depth == 0:
        return "…"
    pairs = list(zip(node.inputs, given(node), strict=False))
    texts = [_constant(v) if x is None else _label(x, depth - 1) for x, v in pairs[:3]]
    return written(symbol(node), texts if len(pairs) <= 3 else [*texts[:2], "…"])


def given(node: Node) -> tuple[Any, ...]:
    """The values of a node's inputs, without omitted trailing ones."""
    values = node.values
    while values[-1] is None:
        values = values[:-1]
    return values


def _constant(v: Any) -> str:
    if v is None:
        return "None"
    return number(v, 2) if np.ndim(v) == 0 else f"array {np.shape(v)}"


def symbols(node: Node, i: int, called: Labels) -> str:
    """The gradient rule of input `i` in symbols, with the names of the inputs if they are short."""
    names = [_own_name(x, v, called) for x, v in zip(node.inputs, node.values, strict=True)]
    return rule(node, i, [name if len(name) <= SHORT else "" for name in names])


def _own_name(x: Node | None, v: Any, called: Labels) -> str:
    """The name of an input, or its value if it is a scalar constant; else empty."""
    if x is None:
        return number(v, 2) if v is not None and np.ndim(v) == 0 else ""
    return called[x] if x.name else ""
