"""The nodes of a graph by number, the same for a graph of stand-ins and for one of numbers."""

from __future__ import annotations

from minigrad.graph import Node, topological_order

Place = tuple[int, int]  # the number of a node, and of an input of it, or -1


class Numbered:
    """The nodes of a graph in order, leaves where they are first used: the same for the traced graph and the drawn one.

    Attributes
    ----------
    order : list of Node
        The recorded nodes, each after its inputs.
    nodes : list of Node
        These and the leaves.
    operations : list
        What tells one graph from another: the operation of each node, and its inputs.
    """

    def __init__(self, root: Node) -> None:
        self.order = topological_order(root)
        found = dict.fromkeys(x for node in self.order for x in (*node.inputs, node) if x is not None)
        self.nodes = list(found)
        self.at = {x: k for k, x in enumerate(self.nodes)}
        self.operations = [
            (node.op.name if node.op else "", [None if x is None else self.at[x] for x in node.inputs])
            for node in self.order
        ]
