"""Labels of nodes in sentences: their names, or the expressions that compute them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from minigrad.draw.names import arguments, leaf_labels, symbol
from minigrad.draw.player.symbols import exact, rule, written
from minigrad.draw.text import in_words
from minigrad.graph import Node
from minigrad.text import number

LONGEST = 28  # characters of a label put together from names
SHORT = 12  # characters of a label among many
RULED = 16  # characters of an expression that can stand in a rule


class Labels(dict[Node, str]):
    """The label of each node, computed on demand: its name, or its expression as deep as is short.

    Parameters
    ----------
    names : mapping, optional
        Names of nodes that have none of their own.
    order : iterable of Node, optional
        The operations of the graph; their leaves without a name are told apart by number.
    """

    def __init__(self, names: Mapping[Node, str] | None = None, order: Iterable[Node] = ()) -> None:
        self.names = names or {}
        self.leaves = leaf_labels(order, self.names)
        self._exactly: dict[Node, tuple[list[str], set[str], str]] = {}

    def name(self, node: Node) -> str:
        """The name of a node: its own, or the one given for it."""
        name = node.name or self.names.get(node, "")
        return in_words(name) if name else ""

    def __missing__(self, node: Node) -> str:
        for depth in (3, 2, 1):
            text = self._label(node, depth)
            if len(text) <= LONGEST:
                break
        if len(text) > LONGEST + SHORT:
            text = text[: LONGEST + SHORT - 1] + "…"
            text += "\u2069" * (text.count("\u2068") - text.count("\u2069"))  # close the isolates of a name that was cut
        self[node] = text
        return text

    def _label(self, node: Node, depth: int) -> str:
        """The name of a node, or its expression down to some depth."""
        if name := self.name(node):
            return name
        if node.op is None:
            return self.leaves.get(node) or _constant(node.value)
        if depth == 0:
            return "…"
        pairs = list(zip(node.inputs, given(node), strict=False))
        texts = [_constant(v) if x is None else self._label(x, depth - 1) for x, v in pairs[:3]]
        return written(symbol(node), texts if len(pairs) <= 3 else [*texts[:2], "…"])

    def exact(self, x: Node | None, v: Any, depth: int = 3) -> str:
        """The name or the whole expression of a value, if it is short: then evaluated, it is the value. Else empty."""
        if x is None or (x.op is None and not self.name(x)):
            return exact(v)
        if name := self.name(x):
            return "" if "…" in name else name
        if not depth or x.op is None or not x.inputs:
            return ""
        parts = [self.exact(y, w, depth - 1) for y, w in zip(x.inputs, given(x), strict=False)]
        text = written(symbol(x), parts, arguments(x.op, x.static)) if all(parts) else ""
        return text if len(text) <= RULED else ""

    def exactly(self, node: Node) -> tuple[list[str], set[str], str]:
        """The exact labels of a node's inputs, those that stand for more than one input, and its own; computed once."""
        if node not in self._exactly:
            labels = [self.exact(x, v) for x, v in zip(node.inputs, node.values, strict=True)]
            self._exactly[node] = labels, _shared(node.inputs, labels), self.exact(node, node.value)
        return self._exactly[node]


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
    """The gradient rule of input `i` in symbols, with the names of the inputs, or their expressions if they are short."""
    labels, shared, result = called.exactly(node)
    x = node.inputs[i]
    if x is not None and x.op is None and not called.name(x) and labels[i]:  # its value does not name it
        labels = [*labels[:i], "", *labels[i + 1 :]]
        shared = _shared(node.inputs, labels)
    if shared:
        labels = ["" if label in shared else label for label in labels]
    return rule(node, i, labels, result)


def _shared(inputs: Sequence[Node | None], labels: Sequence[str]) -> set[str]:
    """The labels that stand for more than one input."""
    first: dict[str, Node | None] = {}
    return {label for x, label in zip(inputs, labels, strict=True) if first.setdefault(label, x) is not x}
