"""Two results of the same structure compared: before and after a step, or mine against a reference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from minigrad.draw.names import operation
from minigrad.draw.still.view import View
from minigrad.graph import Node, Value, value_of
from minigrad.text import number

NOISE = 100.0  # times the rounding error of the largest element: a smaller difference is none
TOLD = 4  # places where the structures differ


def compare(view: View, other: Node, known: Mapping[Node, Value]) -> None:
    """Note on each node of a view where its value and its gradient differ from those of another result.

    The graphs are followed from both results back to the leaves. Where an operation, the number of its inputs or a shape is
    not the same, the structure differs, and what lies behind is not compared.

    Parameters
    ----------
    view : View
        Changed in place; the graph is not.
    other : Node
        The result to compare with.
    known : mapping
        Its gradients, instead of those in `.grad`.

    Examples
    --------
    >>> from minigrad import Tensor
    >>> view = View.of(Tensor(2.0, name="w") * Tensor(3.0))
    >>> compare(view, Tensor(2.5, name="w") * Tensor(3.0), {})
    >>> list(view.differences.values())
    [('≠ value 7.50 there, by 1.50',), ('≠ value 2.50 there, by 0.50',)]
    """
    root = view.root
    if root is None:
        return
    structure: list[str] = []
    pairs: dict[Node, Node] = {}
    values = gradients = compared = 0
    waiting = [(root, other)]
    while waiting:
        x, y = waiting.pop()
        if x in pairs:
            if pairs[x] is not y:
                structure.append(f"{_what(view, x)} is one tensor here and more than one there")
            continue
        pairs[x] = y
        if reason := _unlike(view, x, y):
            structure.append(reason)
            view.differences[x] = (f"≠ {reason}",)
            continue
        compared += 1
        lines = []
        if line := _difference("value", x.value, y.value):
            values += 1
            lines.append(line)
        mine, theirs = view.gradient(x), known[y] if y in known else value_of(y.grad)
        if line := _difference("gradient", mine, theirs):
            gradients += 1
            lines.append(line)
        for i, (a, b, v, w) in enumerate(zip(x.inputs, y.inputs, x.values, y.values, strict=True), 1):
            if a is not None and b is not None:
                waiting.append((a, b))
            elif line := _difference(f"input {i}", v, w):
                lines.append(line)
        if lines:
            view.differences[x] = tuple(lines)
    view.remarks.append(f"≠ marks what differs: {values} of {compared} values and {gradients} of {compared} gradients")
    if structure:
        others = f"; and {len(structure) - TOLD} more" if len(structure) > TOLD else ""
        view.remarks.append(f"the structure differs: {'; '.join(structure[:TOLD])}{others}")
    for node, drawn in view.stands_for.items():
        if node in view.differences:
            view.differences[drawn] = view.differences[node]


def _what(view: View, x: Node) -> str:
    return view.name(x) or operation(x) or "a leaf"


def _unlike(view: View, x: Node, y: Node) -> str:
    """The difference in structure between two nodes, in words; empty if there is none."""
    kinds = [operation(node) or "a leaf" for node in (x, y)]
    if kinds[0] != kinds[1]:
        return f"{_what(view, x)} is {kinds[0]} here, {kinds[1]} there"
    if len(x.inputs) != len(y.inputs):
        return f"{_what(view, x)} has {len(x.inputs)} inputs here, {len(y.inputs)} there"
    if x.value.shape != y.value.shape:
        return f"{_what(view, x)} has shape {x.value.shape} here, {y.value.shape} there"
    return ""


def _difference(what: str, a: Any, b: Any) -> str:
    """The difference between two arrays in words; empty if it is rounding at most."""
    if a is None or b is None:
        return "" if a is b else f"≠ {what} only {'there' if a is None else 'here'}"
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape:
        return f"≠ {what} has shape {a.shape} here, {b.shape} there"
    finite = np.isfinite(a) & np.isfinite(b)
    strange = int(np.count_nonzero(~finite & ~((a == b) | ((a != a) & (b != b)))))
    if strange:
        return f"≠ {what}: {strange} of {a.size} elements are not finite in one of the two"
    if a.dtype.kind in "bu" or b.dtype.kind in "bu":
        a, b = a.astype(np.float64), b.astype(np.float64)
    gap = float(
        np.max(np.abs(np.subtract(a, b, where=finite, out=np.zeros(a.shape, np.result_type(a, b, np.float16)))), initial=0.0)
    )
    size = max(float(np.max(np.abs(x), initial=0.0, where=finite)) for x in (a, b))
    digits = max(float(np.finfo(np.result_type(x, np.float16)).eps) for x in (a, b))
    if gap <= NOISE * digits * size:
        return ""
    by = number(gap, 2)
    return f"≠ {what} by up to {by}" if a.ndim else f"≠ {what} {number(b[()], 2)} there, by {by}"
