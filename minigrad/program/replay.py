"""A recorded graph, computed again on other leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from minigrad.graph import Node, describe, topological_order
from minigrad.modes import MODES
from minigrad.operation import OPS


def leaves_of(who: str, root: Node) -> list[Node]:
    """The leaves of a graph, in the order of their first use."""
    if root.op is not None and not root.inputs:
        raise RuntimeError(f"{who}: {describe(root)} was freed by an earlier sweep; compute it again, or keep the graph")
    if root.op is None:
        return [root]
    return list(dict.fromkeys(x for node in topological_order(root) for x in node.inputs if x is not None and x.op is None))


def replayed(
    who: str, root: Node, leaves: Mapping[Node, Any], made: Callable[[Node, Any], Any] = lambda node, new: new
) -> Any:
    """The result of the same operations on what stands for the leaves; `made` sees each new result beside the old."""
    stand_ins = dict(leaves)
    for node in topological_order(root):
        op: Any = node.op
        if op not in OPS.values():
            raise ValueError(f"{who}: {op.name} is a function of its own and has no code; give {who} the function inside it")
        operands = [v if x is None else stand_ins[x] for x, v in zip(node.inputs, node.values, strict=True)]
        static = {k: v for k, v in node.static.items() if k != "saved"}
        outer = MODES.get()
        token = MODES.set(outer._replace(scope=node.origin.scope if node.origin else ""))
        try:
            stand_ins[node] = made(node, op(*operands, **static))
        finally:
            MODES.reset(token)
    return stand_ins[root]
