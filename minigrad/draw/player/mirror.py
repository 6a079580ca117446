"""Copies of a graph, node by node, so that the graph itself stays as it is."""

from __future__ import annotations

from collections.abc import Sequence

from minigrad.draw.still.view import View
from minigrad.graph import Node, constant, topological_order
from minigrad.ops.shape import broadcast_to


def twin(node: Node, inputs: tuple[Node | None, ...] | None = None) -> Node:
    """A copy of one node with other inputs; without any, a leaf."""
    copy = constant(node.value, type(node))
    copy.name, copy.origin, copy.requires_grad = node.name, node.origin, node.requires_grad
    if inputs is not None:
        copy.rewire(node.op, inputs, node.values, node.static)
    return copy


def wire(x: Node) -> Node:
    """An identity node on an edge: its gradient is the downstream gradient that crosses the edge."""
    copy = twin(x)
    copy.rewire(broadcast_to, (x,), (x.value,), {"shape": x.value.shape})
    return copy


class Mirror:
    """A copy of the graph below a node.

    Attributes
    ----------
    twins : dict
        The copy of each node.
    wires : dict
        If `wired`, the identity node on each edge that a gradient crosses, by the node and the position of its input.
    """

    def __init__(self, root: Node, *, wired: bool = False) -> None:
        self.twins: dict[Node, Node] = {}
        self.wires: dict[tuple[Node, int], Node] = {}
        for node in topological_order(root):
            inputs = tuple([self._input(node, i, wired) for i in range(len(node.inputs))])
            self.twins[node] = twin(node, inputs)
        if root not in self.twins:
            self.twins[root] = twin(root)

    def _input(self, node: Node, i: int, wired: bool) -> Node | None:
        x = node.inputs[i]
        if x is None:
            return None
        if x not in self.twins:
            self.twins[x] = twin(x)
        if not wired or not x.requires_grad:
            return self.twins[x]
        self.wires[node, i] = wire(self.twins[x])
        return self.wires[node, i]


def mirrored(view: View) -> dict[Node, Node]:
    """A copy of the graph that a view shows, operations expanded, with the names that it gives."""
    twins: dict[Node, Node] = {}

    def copied(x: Node) -> Node:
        x = view.drawn(x)
        if x not in twins:
            twins[x] = twin(x)
            twins[x].name = view.name(x) or None
        return twins[x]

    for node in view.order:
        inputs = tuple([None if x is None else copied(x) for x in node.inputs])
        twins[node] = twin(node, inputs)
        twins[node].name = view.name(node) or None
    if view.root is not None:
        copied(view.root)
    return twins


def chain(path: Sequence[tuple[Node, int]], end: Node) -> list[Node]:
    """A copy of one path through a graph; everything beside it is held constant.

    Parameters
    ----------
    path : sequence of (Node, int)
        The nodes from the result on, each with the position of the input through which the path continues.
    end : Node
        The last node.

    Returns
    -------
    list of Node
        The copies in the same order, including `end`.

    Examples
    --------
    >>> from minigrad import Tensor
    >>> from minigrad.backward import sweep
    >>> x = Tensor(3.0)
    >>> f = x * x
    >>> first, last = chain([(f, 0)], x)
    >>> print(sweep(first, 1.0)[last])
    3.0
    """
    copies = [twin(end)]
    for node, i in reversed(path):
        inputs: list[Node | None] = [None] * len(node.inputs)
        inputs[i] = copies[-1]
        copies.append(twin(node, tuple(inputs)))
    return copies[::-1]
