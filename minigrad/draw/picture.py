"""What a picture is made of: nodes and edges in words and numbers, and the options that shape them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from minigrad.draw.heatmap import Heatmap

Kind = Literal["leaf", "op", "constant", "scope"]
Lines = tuple[str, ...]
Path = tuple[str, ...]  # of scopes, outermost first


@dataclass(frozen=True)
class DrawnNode:
    """A node of the picture.

    Attributes
    ----------
    id : str
        n0, n1, … each after its inputs; the same whenever the same graph is drawn.
    kind : str
        leaf, op, constant, or scope for a box that stands for many nodes.
    title : str
        The symbol of an operation, the name of a leaf or scope, the value of a constant without name.
    name : str
        The name a result was given.
    arguments : str
        What an operation was told besides its inputs, such as an axis.
    detail : str
        Shape and dtype of an array; of a box, what is in it.
    value, gradient : tuple of str
        Lines of text; empty if not shown or not known.
    value_map, gradient_map : Heatmap or None
        The same of an array as colours.
    scope : tuple of str
        The clusters around it, outermost first.
    tooltip : str
        All of it in words, numbers in full.
    result : bool
        Whether it is what was drawn: its gradient is the upstream that enters from outside.
    fault : str
        What went wrong at this node; empty if nothing did.
    """

    id: str
    kind: Kind
    title: str
    name: str = ""
    arguments: str = ""
    detail: str = ""
    value: Lines = ()
    gradient: Lines = ()
    value_map: Heatmap | None = None
    gradient_map: Heatmap | None = None
    scope: Path = ()
    tooltip: str = ""
    result: bool = False
    fault: str = ""


@dataclass(frozen=True)
class DrawnEdge:
    """An edge of the picture, from an input to the node that uses it.

    Attributes
    ----------
    id : str
        The node's id and which of its inputs this is: n2-0, n2-1, …
    tail, head : str
        The ids of the input and the node.
    local : tuple of str
        The local gradient in lines of text; empty if not shown or not elementwise.
    downstream : tuple of str
        Shape and norm of what an operation that is not elementwise sends back; empty if not shown or not known.
    tooltip : str
        The edge in words.
    """

    id: str
    tail: str
    head: str
    local: Lines = ()
    downstream: Lines = ()
    tooltip: str = ""


@dataclass(frozen=True)
class Description:
    """A picture of a graph, in words and numbers."""

    title: str
    nodes: tuple[DrawnNode, ...]
    edges: tuple[DrawnEdge, ...]

    @property
    def words(self) -> str:
        """The picture for those who do not see it: its size, its leaves, its result."""
        shown = [n for n in self.nodes if n.fault or n.result or (n.kind == "leaf" and n.value)]
        lines = [f"{len(self.nodes)} nodes, {len(self.edges)} edges"]
        for n in shown[:MOST_IN_WORDS]:
            what = n.fault or f"value {', '.join(n.value)}" * bool(n.value)
            gradient = f", gradient {', '.join(n.gradient)}" if n.gradient else ""
            lines.append(f"{n.name or n.title}: {what}{gradient}")
        return "; ".join(lines)


MOST_IN_WORDS = 20  # nodes that the description of a picture tells of


@dataclass(frozen=True)
class Options:
    """What a picture shows; the parameters of `draw`."""

    values: bool = True
    gradients: bool = True
    local_gradients: bool = True
    shapes: bool = True
    heatmaps: bool = True
    precision: int | str = 2
    max_nodes: int = 300
    depth: int | None = None
    collapse: bool | tuple[str, ...] = ()
