"""Which nodes of a large graph are drawn as one box: those of a scope."""

from __future__ import annotations

from dataclasses import dataclass, field

from minigrad.graph import Node

DEEPEST = 20  # scopes nested deeper count as one


def scope_path(node: Node) -> tuple[str, ...]:
    """The scopes a node was recorded in, outermost first; none for a leaf."""
    return path(node.origin.scope) if node.origin and node.origin.scope else ()


def path(scope: str) -> tuple[str, ...]:
    """The parts of a scope's name, outermost first."""
    return tuple(scope.split("/", DEEPEST - 1))


@dataclass
class Boxes:
    """Where the nodes of a graph are drawn.

    Attributes
    ----------
    depth : int
        Scopes are boxes at this depth of nesting; 0 for no boxes.
    folded : dict
        The leaves that only one box uses, drawn inside it, and that box.
    """

    depth: int = 0
    folded: dict[Node, tuple[str, ...]] = field(default_factory=dict)
    _paths: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, node: Node) -> tuple[str, ...]:
        """The path of the box that a node is drawn in; empty for a node drawn by itself."""
        if node.op is None:
            return self.folded.get(node, ())
        if not self.depth or node.origin is None or not (scope := node.origin.scope):
            return ()
        if scope not in self._paths:
            self._paths[scope] = path(scope)[: self.depth]
        return self._paths[scope]


def boxes(order: list[Node], max_nodes: int) -> Boxes:
    """Choose what to draw as boxes so that at most so many nodes are drawn: as little as will do.

    Raises
    ------
    ValueError
        If there are too many nodes even so, with advice.
    """
    leaves: dict[Node, set[str]] = {}  # and the scopes of the nodes that use them
    scopes: set[str] = set()
    constants = bare = bare_constants = 0
    for node in order:
        scope = node.origin.scope if node.origin else ""
        scopes.add(scope)
        here = 0
        for x, v in zip(node.inputs, node.values, strict=True):
            if x is None:
                here += v is not None
            elif x.op is None:
                leaves.setdefault(x, set()).add(scope)
        constants += here
        if not scope:
            bare += 1
            bare_constants += here
    total = len(order) + len(leaves) + constants
    if total <= max_nodes:
        return Boxes()
    scopes.discard("")
    paths = [path(scope) for scope in scopes]
    for depth in range(max(map(len, paths), default=0), 0, -1):
        count = len({p[:depth] for p in paths}) + bare + bare_constants
        if count + len(leaves) <= max_nodes:
            return Boxes(depth)
        folded = {}
        for leaf, users in leaves.items():
            homes = {path(scope)[:depth] for scope in users if scope}
            if len(homes) == 1 and "" not in users:
                folded[leaf] = homes.pop()
        if count + len(leaves) - len(folded) <= max_nodes:
            return Boxes(depth, folded)
    advice = (
        'collapsing its scopes is not enough: record more of it inside `with minigrad.scope("name"):`, or nest the scopes'
        if scopes
        else 'record its parts inside `with minigrad.scope("name"):`, and each scope is drawn as one box'
    )
    raise ValueError(
        f"draw: the graph has {total:,} nodes, too many to read (max_nodes={max_nodes}); {advice}. Or draw a tensor nearer "
        "to the leaves, or raise max_nodes"
    )
