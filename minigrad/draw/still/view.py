"""The view of a graph that is drawn: its nodes, with names, gradients and errors that are not its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from minigrad.backward import downstream, unbroadcast
from minigrad.draw.still.picture import Path
from minigrad.graph import Fault, Node, Value, topological_order, value_of

DEEPEST = 20  # deeper scopes count as one

Term = tuple[Node | None, Any]


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
    sums : dict
        Additions that are drawn as one gate: the last one, with its terms, each a node or None and a value.
    clusters : dict
        Operations whose clusters are not simply the parts of their scope: those inside an expanded one, for instance.
    entered : dict
        When the clusters of the operations inside an expanded one were entered.
    steps : dict
        Clusters that stand for one step of a scope that was left and entered again, and the name of that scope.
    notes : dict
        Remarks on a node.
    differences : dict
        How nodes differ from those of another result.
    remarks : list
        Remarks on the whole picture.
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
    sums: dict[Node, list[Term]] = field(default_factory=dict)
    clusters: dict[Node, Path] = field(default_factory=dict)
    entered: dict[Node, tuple[int, ...]] = field(default_factory=dict)
    steps: dict[str, str] = field(default_factory=dict)
    notes: dict[Node, str] = field(default_factory=dict)
    differences: dict[Node, tuple[str, ...]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    faults: dict[Node, str] = field(default_factory=dict)
    fault: Fault | None = None
    message: str = ""

    @classmethod
    def of(cls, root: Node) -> View:
        """The view of a graph as it is."""
        return cls(root, topological_order(root))

    def recorded(self) -> list[Node]:
        """The operations as they were recorded, whatever is drawn for them."""
        return self.order if self.root is None else topological_order(self.root)

    def drawn(self, x: Node) -> Node:
        """The node that is drawn for a node: itself, unless it is replaced."""
        while x in self.stands_for:
            x = self.stands_for[x]
        return x

    def operands(self, node: Node) -> Iterable[Term]:
        """The operands of an operation: the nodes that are drawn for them, None for constants, and their values."""
        if not self.stands_for:  # most graphs; then nothing is made for each node
            return self.sums.get(node) or zip(node.inputs, node.values, strict=True)
        terms = self.sums.get(node) or zip(node.inputs, node.values, strict=True)
        return [(None if x is None else self.drawn(x), v) for x, v in terms]

    def inputs(self, node: Node) -> Iterator[tuple[int, Node | None, Any]]:
        """The operands of an operation that are there, with their positions."""
        for i, (x, v) in enumerate(self.operands(node)):
            if x is not None or v is not None:
                yield i, x, v

    def gradient(self, node: Node) -> Value | None:
        """The gradient shown at a node."""
        return self.known[node] if node in self.known else value_of(node.grad)

    def downstream(self, node: Node, i: int) -> Value | None:
        """The downstream gradient of an operand; None if the gradient of the operation is unknown."""
        upstream = self.gradient(node)
        if upstream is None:
            return None
        if node in self.sums:  # passes its gradient on to each term
            return unbroadcast(upstream, np.shape(self.sums[node][i][1]))
        return downstream(node, i, upstream)

    def name(self, node: Node) -> str:
        """The name of a node: its own, or one found for it."""
        return node.name or self.names.get(node, "")

    def path(self, node: Node) -> Path:
        """The clusters around an operation, outermost first."""
        if node in self.clusters:
            return self.clusters[node]
        return path(node.origin.scope) if node.origin is not None else ()

    def entries(self, node: Node) -> tuple[int, ...]:
        """When each cluster around an operation was entered."""
        if node in self.entered:
            return self.entered[node]
        return node.origin.entered if node.origin is not None else ()


@lru_cache(4096)
def path(scope: str) -> Path:
    """The parts of the name of a scope, outermost first.

    Examples
    --------
    >>> path("net/layer1")
    ('net', 'layer1')
    """
    return tuple(scope.split("/", DEEPEST - 1)) if scope else ()
