"""Chains of additions as one gate, Σ: a sum of 61 terms is not a staircase of 60 gates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from minigrad.draw.still.view import Term, View
from minigrad.graph import Node
from minigrad.ops import add

MANY_TERMS = 8  # a sum of fewer is drawn addition by addition


def fold_sums(view: View, opened: bool | Collection[str | Node] = False) -> None:
    """Draw chains of additions as one gate each.

    Parameters
    ----------
    view : View
        Changed in place; the graph is not.
    opened : bool, or names of operations, or results of operations
        What is expanded: with True, "add" or the result of a sum, it is drawn addition by addition.

    Examples
    --------
    >>> from minigrad import Tensor
    >>> y = Tensor(0.0)
    >>> for _ in range(61):
    ...     y = y + Tensor(1.0)
    >>> view = View.of(y)
    >>> fold_sums(view)
    >>> len(view.order), len(view.sums[view.root])
    (1, 62)
    """
    chosen = set() if isinstance(opened, bool) else set(opened)
    if opened is True or "add" in chosen:
        return
    uses = Counter(x for node in view.order for x, _ in view.operands(node) if x is not None and x.op is add)
    terms: dict[Node, list[Term]] = {}
    absorbed: dict[Node, Node] = {}
    for node in view.order:
        if node.op is not add or node in view.faults:
            continue
        parts: list[Term] = []
        for x, v in view.operands(node):
            if x in terms and uses[x] == 1 and _continues(view, x, node):
                absorbed[x] = node
                inner = terms.pop(x)
                if len(parts) > len(inner):  # the longer part grows in place
                    parts += inner
                else:
                    inner[:0] = parts
                    parts = inner
            else:
                parts.append((x, v))
        terms[node] = parts
    view.sums = {node: parts for node, parts in terms.items() if len(parts) >= MANY_TERMS and node not in chosen}
    inside = {x for x, node in absorbed.items() if _last(node, absorbed) in view.sums}
    view.order = [node for node in view.order if node not in inside]


def _continues(view: View, x: Node, node: Node) -> bool:
    """True if a sum reads as part of the sum it goes into: of one shape, in one scope, without a name."""
    return (
        x.value.shape == node.value.shape
        and not view.name(x)
        and view.path(x) == view.path(node)
        and view.entries(x) == view.entries(node)
    )


def _last(node: Node, absorbed: dict[Node, Node]) -> Node:
    """The last addition of a chain. The way to it is shortened, so that a long chain takes linear time."""
    way = []
    while node in absorbed:
        way.append(node)
        node = absorbed[node]
    absorbed.update(dict.fromkeys(way, node))
    return node
