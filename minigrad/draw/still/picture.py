"""The description of a picture: its nodes and edges as text and numbers, and the options of a drawing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from minigrad.draw.heatmap import Heatmap

Kind = Literal["leaf", "op", "constant", "scope"]
Lines = tuple[str, ...]
Direction = Literal["LR", "TB"]
Path = tuple[str, ...]  # of scopes, outermost first


@dataclass(frozen=True)
class DrawnNode:
    """A node of a picture.

    Attributes
    ----------
    id : str
        n0, n1, … each after its inputs; the same every time the same graph is drawn.
    kind : str
        leaf, op, constant, or scope for a box of many nodes.
    title : str
        The symbol of an operation, the name of a leaf or scope, the value of an unnamed constant.
    name : str
        The name given to a result.
    arguments : str
        The static arguments of an operation, such as an axis.
    detail : str
        Shape and dtype of an array; the content of a box.
    value, gradient : tuple of str
        Lines of text; empty if not shown or unknown.
    value_map, gradient_map : Heatmap or None
        The same as a heatmap, of an array.
    scope : tuple of str
        The clusters around it, outermost first.
    tooltip : str
        All of it as text, scalars in full.
    result : bool
        Whether it is the result that was drawn: its gradient is the upstream gradient from outside.
    ordered : bool
        Whether the order of its operands matters.
    fault : str
        What went wrong at this node; empty if nothing did.
    differs : tuple of str
        How it differs from the result that the picture is compared with.
    stub_of : str
        The id of the leaf that is drawn once more here, by its name; empty if this is no such stub.
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
    ordered: bool = False
    fault: str = ""
    differs: Lines = ()
    stub_of: str = ""


@dataclass(frozen=True)
class DrawnEdge:
    """An edge of a picture, from an input to the node that uses it.

    Attributes
    ----------
    id : str
        The id of the node and the position of the input: n2-0, n2-1, …
    tail, head : str
        The ids of the input and the node.
    local : tuple of str
        The local gradient as lines of text; empty if not shown or not elementwise.
    carried : tuple of str
        The shape of what goes from or to a box, if no gradient comes back; empty if not shown.
    downstream : tuple of str
        Shape and norm of the downstream gradient of an operation that is not elementwise, or of a box; empty if not shown or
        unknown.
    tooltip : str
        The edge as text.
    width : float
        Points; from or to a box it is the logarithm of the norm of the gradient, and 1 elsewhere.
    """

    id: str
    tail: str
    head: str
    local: Lines = ()
    carried: Lines = ()
    downstream: Lines = ()
    tooltip: str = ""
    width: float = 1.0


@dataclass(frozen=True)
class Description:
    """A picture of a graph as text and numbers.

    Attributes
    ----------
    title : str
        In a few words.
    nodes, edges : tuple
        What is drawn.
    notes : tuple of str
        Remarks on the whole picture, for its legend.
    """

    title: str
    nodes: tuple[DrawnNode, ...]
    edges: tuple[DrawnEdge, ...]
    notes: Lines = ()

    @property
    def words(self) -> str:
        """The picture for screen readers: its size, its leaves, its result."""
        shown = [n for n in self.nodes if n.fault or n.result or (n.kind == "leaf" and n.value)]
        lines = [f"{len(self.nodes)} nodes, {len(self.edges)} edges", *self.notes]
        for n in shown[:MOST_IN_WORDS]:
            what = n.fault or f"value {', '.join(n.value)}" * bool(n.value)
            gradient = f", gradient {', '.join(n.gradient)}" if n.gradient else ""
            lines.append(f"{n.name or n.title}: {what}{gradient}")
        return "; ".join(lines)


MOST_IN_WORDS = 20  # nodes that `words` lists


@dataclass(frozen=True)
class Options:
    """The parameters of `draw` that shape a picture."""

    values: bool = True
    gradients: bool = True
    local_gradients: bool = True
    shapes: bool = True
    heatmaps: bool = True
    precision: int | str = 2
    max_nodes: int = 300
    depth: int | None = None
    collapse: bool | tuple[str, ...] = ()
