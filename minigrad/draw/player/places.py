"""Where the tensors of a graph are drawn: at nodes of their own, or together in a box."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from minigrad.draw.still.describe import described
from minigrad.draw.still.picture import Description, Options
from minigrad.draw.still.view import View
from minigrad.graph import Node, topological_order

Group = tuple[str, list[Node]]  # the id of a drawn node, and the operations that it stands for


class Places:
    """The ids of a graph's tensors and edges in its drawing.

    Attributes
    ----------
    order : list of Node
        The recorded nodes, each after its inputs.
    ids : dict of Node to str
        The id at which each of these, and each leaf, is drawn; that of a box if it is inside one.
    description : Description
        What is drawn.
    """

    def __init__(self, root: Node, description: Description, ids: Mapping[Node, str]) -> None:
        self.order = topological_order(root)
        self.description = description
        self.ids = dict(ids)
        for node in reversed(self.order):
            for x in node.inputs:
                if x is not None:
                    self.ids.setdefault(x, self.ids[node])  # drawn inside what uses it
        self.drawn = {node.id: node for node in description.nodes}
        whole = {node.id: node.stub_of or node.id for node in description.nodes}
        self.edges = {edge.id: edge for edge in description.edges}
        self._between: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        for edge in description.edges:
            self._between[whole[edge.tail], edge.head].append(edge.id)

    @classmethod
    def of(cls, root: Node, max_nodes: int) -> Places:
        """The places in the usual drawing of a graph."""
        return cls(root, *described(View.of(root), Options(heatmaps=False, max_nodes=max_nodes)))

    def groups(self) -> list[Group]:
        """The operations drawn at each place, each group after those that its last operation needs."""
        found: dict[str, list[Node]] = {}
        last: dict[str, int] = {}
        for k, node in enumerate(self.order):
            found.setdefault(self.ids[node], []).append(node)
            last[self.ids[node]] = k
        return sorted(found.items(), key=lambda group: last[group[0]])

    def leaves(self) -> list[Node]:
        """The leaves, in the order of their first use."""
        return list(dict.fromkeys(x for node in self.order for x in node.inputs if x is not None and x.op is None))

    def constants(self) -> list[str]:
        """The ids of drawn inputs that are not nodes."""
        known = {*self.ids.values()}
        return [id for id, node in self.drawn.items() if node.kind == "constant" and id not in known]

    def inputs(self, node: Node) -> tuple[str, ...]:
        """The ids of a node's inputs, where they are drawn outside it."""
        head, found = self.ids[node], []
        for i, x in enumerate(node.inputs):
            if x is not None:
                found.append(self.ids[x])
            elif f"{head}-{i}" in self.edges:
                found.append(self.edges[f"{head}-{i}"].tail)
        return tuple(id for id in found if id != head)

    def edge(self, node: Node, i: int) -> str:
        """The id of the edge from an input that is a node; empty if it is not drawn."""
        x = node.inputs[i]
        assert x is not None
        edges = self._between.get((self.ids[x], self.ids[node]), [])
        own = f"{self.ids[node]}-{i}"
        return own if own in edges else edges[0] if edges else ""
