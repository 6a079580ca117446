"""The view of a graph that is drawn: its nodes, with names, gradients and errors that are not its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from minigrad.draw.still.picture import Path
from minigrad.graph import Fault, Node, Value, topological_order, value_of

DEEPEST = 20  # deeper scopes count as one


@dataclass
class View:
    """The view of a graph; the graph itself is only read.

    Attributes
    ----------
    root : Node or None
        The result; None if an operation failed to compute one.
    order : list of Node
        The operations that are drawn, each after its inputs.
    known : dict
        Gradients that are shown instead of those in `.grad`.
    names : dict
        Names of nodes that have none of their own.
    stands_for : dict
        Nodes that are replaced in the drawing, as the results of expanded operations are, and their replacements.
    clusters : dict
        The operations inside an expanded one, with the clusters around them.
    notes : dict
        Remarks on a node.
    faults : dict
        Error messages by node.
    fault : Fault or None
        Where an operation failed to compute a result.
    message : str
        The message of that error.
    """

    root: Node | None
    order: list[Node]
    known: dict[Node, Value] = field(default_factory=dict)
    names: dict[Node, str] = field(default_factory=dict)
    stands_for: dict[Node, Node] = field(default_factory=dict)
    clusters: dict[Node, Path] = field(default_factory=dict)
    notes: dict[Node, str] = field(default_factory=dict)
    faults: dict[Node, str] = field(default_factory=dict)
    fault: Fault | None = None
    message: str = ""

    @classmethod
    def of(cls, root: Node) -> View:
        """The view of a graph as it is."""
        return cls(root, topological_order(root))

    def drawn(self, x: Node) -> Node:
        """The node that is drawn for a node: itself, unless it is replaced."""
        while x in self.stands_for:
            x = self.stands_for[x]
        return x

    def drawn_inputs(self, node: Node) -> tuple[Node | None, ...]:
        """The nodes that are drawn for the inputs of an operation; None for a constant."""
        return tuple([None if x is None else self.drawn(x) for x in node.inputs]) if self.stands_for else node.inputs

    def inputs(self, node: Node) -> Iterator[tuple[int, Node | None, Any]]:
        """The inputs of an operation: the position, the node that is drawn, and the value at the time of recording."""
        for i, (x, v) in enumerate(zip(self.drawn_inputs(node), node.values, strict=True)):
            if x is not None or v is not None:
                yield i, x, v

    def gradient(self, node: Node) -> Value | None:
        """The gradient shown at a node."""
        return self.known[node] if node in self.known else value_of(node.grad)

    def name(self, node: Node) -> str:
        """The name of a node: its own, or one found for it."""
        return node.name or self.names.get(node, "")

    def path(self, node: Node) -> Path:
        """The clusters around an operation, outermost first."""
        if node in self.clusters:
            return self.clusters[node]
        return path(node.origin.scope) if node.origin is not None else ()


def path(scope: str) -> Path:
    """The parts of the name of a scope, outermost first.

    Examples
    --------
    >>> path("net/layer1")
    ('net', 'layer1')
    """
    return tuple(scope.split("/", DEEPEST - 1)) if scope else ()
