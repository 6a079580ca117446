"""A graph as a plain description of its picture: what stands at each node and on each edge, in words and numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from minigrad.draw.collapse import Boxes, boxes, scope_path
from minigrad.draw.text import SYMBOLS, argument, shape_and_dtype, shorten, summary
from minigrad.graph import Node, topological_order, value_of

Kind = Literal["leaf", "op", "constant", "scope"]
Lines = tuple[str, ...]
Path = tuple[str, ...]  # of scopes, outermost first

LONGEST_IN_WORDS = 500  # characters of a name in a tooltip


NEUTRAL = {"stride": 1, "dilation": 1, "groups": 1, "padding": 0}  # what goes without saying


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
    scope : tuple of str
        The clusters around it, outermost first.
    tooltip : str
        All of it in words, numbers in full.
    """

    id: str
    kind: Kind
    title: str
    name: str = ""
    arguments: str = ""
    detail: str = ""
    value: Lines = ()
    gradient: Lines = ()
    scope: tuple[str, ...] = ()
    tooltip: str = ""


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
    tooltip : str
        The edge in words.
    """

    id: str
    tail: str
    head: str
    local: Lines = ()
    tooltip: str = ""


@dataclass(frozen=True)
class Description:
    """A picture of a graph, in words and numbers."""

    title: str
    nodes: tuple[DrawnNode, ...]
    edges: tuple[DrawnEdge, ...]


@dataclass(frozen=True)
class Options:
    """What a picture shows; the parameters of `draw`."""

    values: bool = True
    gradients: bool = True
    local_gradients: bool = True
    precision: int = 2
    max_nodes: int = 300


def describe_graph(root: Node, options: Options) -> Description:
    """What the picture of the graph below a node shows. The graph is only read.

    Parameters
    ----------
    root : Node
        The result at the end of the graph.
    options : Options
        What is shown.

    Returns
    -------
    Description

    Raises
    ------
    ValueError
        If the graph is too large to read, even collapsed by scope.

    Examples
    --------
    >>> from minigrad import Tensor
    >>> picture = describe_graph(Tensor(3.0, name="x") * 2, Options())
    >>> [(node.id, node.title, node.value) for node in picture.nodes]
    [('n0', 'x', ('3',)), ('n1', '2', ()), ('n2', '×', ('6',))]
    >>> [(edge.tail, edge.head, edge.local) for edge in picture.edges]
    [('n0', 'n2', ('2',)), ('n1', 'n2', ())]
    """
    order = topological_order(root)
    describer = _Describer(options, boxes(order, options.max_nodes))
    with np.errstate(all="ignore"):
        for node in order:
            describer.add(node)
        if not order:
            describer.tail(root, root.value)
    what = shorten(root.name) if root.name else root.op.name if root.op else "a tensor"
    return Description(f"minigrad graph of {what}", *describer.finish())


class _Describer:
    """Describes nodes one by one, each after its inputs."""

    def __init__(self, options: Options, boxes: Boxes) -> None:
        self.options, self.boxes = options, boxes
        self.ids: dict[Node | Path, str] = {}  # of nodes, and of boxes by their path
        self.operations: Counter[Path] = Counter()  # in each box
        self.nodes: dict[str, DrawnNode] = {}
        self.edges: dict[tuple[str, object], DrawnEdge] = {}

    def finish(self) -> tuple[tuple[DrawnNode, ...], tuple[DrawnEdge, ...]]:
        """All nodes and edges, the boxes among them now that they are counted."""
        leaves = Counter(self.boxes.folded.values())
        outer = {box[:depth] for box in self.operations for depth in range(1, len(box))}
        for box, operations in self.operations.items():
            count = _count(operations, "operation", "operations")
            if leaves[box]:
                count += ", " + _count(leaves[box], "leaf", "leaves")
            words = f"scope {shorten('/'.join(box), LONGEST_IN_WORDS)}\n{count}"
            id = self.ids[box]
            self.nodes[id] = DrawnNode(
                id, "scope", shorten(box[-1]), detail=count, scope=box if box in outer else box[:-1], tooltip=words
            )
        return tuple(self.nodes.values()), tuple(self.edges.values())

    def add(self, node: Node) -> None:
        """Describe a recorded node and the edges to it."""
        box = self.boxes.of(node)
        if box:
            tails = [self.tail(x, v) for x, v in zip(node.inputs, node.values, strict=True) if x is not None]
            self.operations[box] += 1
            head = self.box(box)
            for tail in tails:
                self.merge(tail, head)
            return
        inputs = [
            (i, self.tail(x, v, scope_path(node)))
            for i, (x, v) in enumerate(zip(node.inputs, node.values, strict=True))
            if x is not None or v is not None
        ]
        head = self.result(node)
        for i, tail in inputs:
            if self.nodes[tail].kind == "scope":
                self.merge(tail, head)
            else:
                self.edges[head, i] = self.edge(node, i, tail, head)

    def tail(self, x: Node | None, v: Any, scope: Path = ()) -> str:
        """The id of an input, described here if it was not yet."""
        if x is None:
            return self.constant(v, scope)
        if home := self.boxes.of(x):
            return self.box(home)
        if x not in self.ids:
            if x.requires_grad or x.name:
                self.ids[x] = self.leaf(x)
            else:
                self.ids[x] = self.constant(x.value, ())
        return self.ids[x]

    def box(self, box: Path) -> str:
        """The id of a scope drawn as one box; what it says waits until its nodes are counted."""
        if box not in self.ids:
            self.ids[box] = self.put("scope", "")
        return self.ids[box]

    def result(self, node: Node) -> str:
        """Describe what an operation computed."""
        op = node.op
        assert op is not None
        static = {k: v for k, v in node.static.items() if k != "saved" and v is not op.defaults.get(k, op)}
        told = {k: _compact(v) for k, v in static.items() if not hasattr(v, "_fields")}  # a record is the op's own affair
        arguments = ", ".join(f"{k}={argument(v)}" for k, v in told.items() if v is not None and NEUTRAL.get(k, told) != v)
        self.ids[node] = self.put(
            "op",
            SYMBOLS.get(op.name, op.name),
            name=shorten(node.name or ""),
            arguments=shorten(arguments),
            scope=scope_path(node),
            tooltip=self.words(node, f"{op.name} {arguments}".strip()),
            **self.numbers(node),
        )
        return self.ids[node]

    def leaf(self, x: Node) -> str:
        """Describe a node that nothing computed."""
        kind: Kind = "leaf" if x.requires_grad else "constant"
        return self.put(kind, shorten(x.name or kind), tooltip=self.words(x, kind), **self.numbers(x))

    def constant(self, v: Any, scope: Path) -> str:
        """Describe a constant without a name: it is its value."""
        title = "\n".join(summary(v, self.options.precision))
        return self.put("constant", title, detail=shape_and_dtype(v), scope=scope, tooltip=f"constant\nvalue {_exact(v)}")

    def put(self, kind: Kind, title: str, **rest: Any) -> str:
        """Add a node to the picture under the next id."""
        id = f"n{len(self.nodes)}"
        self.nodes[id] = DrawnNode(id, kind, title, **rest)
        return id

    def merge(self, tail: str, head: str) -> None:
        """One edge for all that run from or to a box."""
        if tail != head and (tail, head) not in self.edges:
            self.edges[tail, head] = DrawnEdge(f"{tail}-{head}", tail, head)

    def edge(self, node: Node, i: int, tail: str, head: str) -> DrawnEdge:
        """Describe the edge to input number `i` of a node."""
        op, x = node.op, node.inputs[i]
        assert op is not None
        words = f"{op.name}, input {i + 1} of {len(node.inputs)}"
        local: Lines = ()
        if self.options.local_gradients and op.elementwise and x is not None and x.requires_grad:
            ones = np.ones_like(node.value)[()]
            gradient = op.rule(i)(ones, node.value, *node.values, **node.static)
            local = summary(gradient, self.options.precision)
            words += f"\nlocal gradient {_exact(gradient)}"
        return DrawnEdge(f"{head}-{i}", tail, head, local, words)

    def numbers(self, node: Node) -> dict[str, Any]:
        """What is written above and below the wire of a node."""
        options = self.options
        return {
            "detail": shape_and_dtype(node.value),
            "value": summary(node.value, options.precision) if options.values else (),
            "gradient": summary(value_of(node.grad), options.precision)
            if options.gradients and node.grad is not None
            else (),
        }

    def words(self, node: Node, what: str) -> str:
        """A node in words, its numbers in full."""
        lines = [shorten(what, LONGEST_IN_WORDS)]
        if node.name:
            lines.insert(0, shorten(node.name, LONGEST_IN_WORDS))
        lines.append(f"value {_exact(node.value)}")
        if node.grad is not None:
            lines.append(f"gradient {_exact(value_of(node.grad))}")
        return "\n".join(lines)


def _exact(value: Any) -> str:
    """A number in full, an array by its shape and a summary."""
    if np.ndim(value) == 0:
        return repr(np.asarray(value).item())
    return f"{', '.join(summary(value, 6))} {shape_and_dtype(value)}"


def _count(n: int, one: str, many: str) -> str:
    return f"{n:,} {one if n == 1 else many}"


def _compact(v: Any) -> Any:
    """A tuple of equal numbers as one of them, inside other tuples too: stride=2 for stride=(2, 2)."""
    if not isinstance(v, tuple):
        return v
    parts = tuple(map(_compact, v))
    return parts[0] if len(parts) > 1 and all(isinstance(p, int) and p == parts[0] for p in parts) else parts
