"""A graph as a description of its picture: the text and numbers at each node and on each edge.

The file is long because collapsed scopes, folded sums and repeated cells are all made from one walk over the graph.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from minigrad.backward import downstream, local_gradient
from minigrad.draw.heatmap import MOST, Heatmap, heatmap
from minigrad.draw.names import arguments, leaf_labels, operation, symbol
from minigrad.draw.still.audit import audit
from minigrad.draw.still.collapse import EVERYTHING, Boxes, boxes
from minigrad.draw.still.noise import Terms
from minigrad.draw.still.picture import Description, DrawnEdge, DrawnNode, Kind, Lines, Options, Path
from minigrad.draw.still.traffic import Traffic, Use
from minigrad.draw.still.view import View, path
from minigrad.draw.text import shape_and_dtype, summary
from minigrad.graph import Fault, Node, Value
from minigrad.text import number, shorten

__all__ = ["Description", "DrawnEdge", "DrawnNode", "Options", "describe_graph"]

LONGEST_TOLD = 72  # characters of the static arguments of an operation
LONGEST_IN_WORDS = 500  # characters of a name in a tooltip
MANY_MAPS = 60  # operations; beyond, heatmaps have half as many cells along an axis
MANY = 50  # operations; a larger box lists them
COMMUTATIVE = frozenset(["add", "multiply", "maximum", "minimum", "fmax", "fmin", "logaddexp", "logaddexp2", "hypot"])
FEW_WIRES = 8  # from one tensor to one operation; more are drawn as one, with their number
KINDS = 6  # operations that a box lists with their counts


def describe_graph(graph: Node | View, options: Options) -> Description:
    """Describe the picture of a graph. The graph is only read.

    Parameters
    ----------
    graph : Node or View
        The result of the graph, or a view of the graph.
    options : Options
        What is shown.

    Returns
    -------
    Description

    Examples
    --------
    >>> from minigrad import Tensor
    >>> picture = describe_graph(Tensor(3.0, name="x") * 2, Options())
    >>> [(node.id, node.title, node.value) for node in picture.nodes]
    [('n0', 'x', ('3',)), ('n1', '2', ()), ('n2', '×', ('6',))]
    >>> [(edge.tail, edge.head, edge.local) for edge in picture.edges]
    [('n0', 'n2', ('2',)), ('n1', 'n2', ())]
    """
    return described(graph if isinstance(graph, View) else View.of(graph), options)[0]


def described(view: View, options: Options) -> tuple[Description, dict[Node, str]]:
    """The description of a picture, and the id at which each recorded node is drawn, alone or in a box."""
    describer = _Describer(view, options)
    root = view.root
    with np.errstate(all="ignore"):
        for node in view.order:
            describer.add(node)
        if view.fault:
            describer.fault(view.fault, view.message)
        elif root is not None and not view.order:
            describer.tail(root, root.value)
    if root is None:
        what = f"what failed in {view.fault.called}" if view.fault else "nothing"
    else:
        what = shorten(view.name(root)) or operation(root) or "a tensor"
    picture = Description(f"minigrad graph of {what}", *describer.finish())
    return picture, describer.places()


class _Describer:
    """Describes nodes one at a time, each after its inputs."""

    def __init__(self, view: View, options: Options) -> None:
        self.view, self.options = view, options
        self.boxes: Boxes = boxes(view, options)
        self.most = MOST if len(view.order) <= MANY_MAPS else MOST // 2
        self.traffic, self.terms = Traffic(view, options), Terms(view)
        self.ids: dict[Node | Path, str] = {}  # of nodes, and of boxes by their path
        self.stubs: dict[tuple[Node, Node | Path], str] = {}  # of a leaf, at each of many uses
        self.differing: Counter[Path] = Counter()  # operations in each box that differ from another result's
        self.operations: defaultdict[Path, Counter[str]] = defaultdict(Counter)  # in each box
        self.pairs: Counter[tuple[str, str]] = Counter()  # an operation and one that uses it, in the whole graph
        self.nodes: dict[str, DrawnNode] = {}
        self.edges: dict[tuple[str, object], DrawnEdge] = {}

    @cached_property
    def unnamed(self) -> dict[Node, str]:
        """The labels of leaves without a name."""
        return leaf_labels(self.view.recorded(), self.view.names)

    def places(self) -> dict[Node, str]:
        """The ids of the recorded nodes and the leaves, of their own or of their boxes."""
        places = {node: id for node, id in self.ids.items() if isinstance(node, Node)}
        for node in self.view.order:
            if box := self.boxes.of(node, self.view.path(node)):
                places[node] = self.ids[box]
        return places

    def finish(self) -> tuple[tuple[DrawnNode, ...], tuple[DrawnEdge, ...], Lines]:
        """All nodes and edges, including the boxes, whose content is now counted, and notes on the whole."""
        inside: defaultdict[Path, list[Node]] = defaultdict(list)
        for leaf, homes in self.boxes.folded.items():
            for box in homes:
                inside[box].append(leaf)
        outer = {box[:depth] for box in self.operations for depth in range(1, len(box))}
        for box, kinds in self.operations.items():
            self.nodes[self.ids[box]] = self.described(box, kinds, inside[box], box if box in outer else box[:-1])
        self.describe_wires()
        notes = [*self.view.remarks, *(audit(self.view) if self.options.gradients else ()), self.traffic.note()]
        return tuple(self.nodes.values()), tuple(self.edges.values()), tuple(filter(None, notes))

    def described(self, box: Path, kinds: Counter[str], leaves: Collection[Node], scope: Path) -> DrawnNode:
        """A box, by what is in it and what leaves it."""
        times, total = self.boxes.times.get(box, 1), kinds.total()
        title, parts = self.boxes.titles.get(box, (box[-1], ""))
        count = _count(total, "operation", "operations")
        parameters = sum(x.value.size for x in leaves if x.requires_grad)
        if parameters:
            count += ", " + _count(parameters, "parameter", "parameters")
        if constants := sum(not x.requires_grad for x in leaves):
            count += ", " + _count(constants, "constant", "constants")
        most = [f"{n:,} {name}" for name, n in kinds.most_common(KINDS)]
        if others := kinds.total() - sum(n for _, n in kinds.most_common(KINDS)):
            most.append(f"{others:,} others")
        if box is EVERYTHING and self.pairs:
            (one, then), n = self.pairs.most_common(1)[0]
            most.append(f"most often {one} → {then}: {n:,} times")
        tell = len(kinds) > 1 and (times > 1 or total > MANY)
        differs = self.differing[box] + sum(x in self.view.differences for x in leaves)
        value, gradient = self.traffic.numbers(box)
        lines = [f"scope {shorten('/'.join(box), LONGEST_IN_WORDS)}", parts, count, *most]
        lines += [f"value: {', '.join(value)}"] * bool(value) + [f"gradient: {', '.join(gradient)}"] * bool(gradient)
        return DrawnNode(
            self.ids[box],
            "scope",
            shorten(title, 40) + f"\n× {times:,}" * (times > 1),
            detail="\n".join(filter(None, [parts, count, *(most if tell else ())])),
            value=value,
            gradient=gradient,
            scope=scope,
            tooltip="\n".join(filter(None, lines)),
            differs=(f"≠ {differs:,} inside",) if differs else (),
        )

    def describe_wires(self) -> None:
        """The edges from and to boxes, by what they carry."""
        wires = list(self.traffic.wires)
        carried = {use.x for many in self.traffic.wires.values() for use in many}
        uses = Counter(x for node in self.view.order for x, _ in self.view.operands(node) if x in carried) if carried else {}
        lines = {wire: self.traffic.wire(wire, uses) for wire in wires}
        for wire in wires:
            told = lines[wire] if self.options.shapes else lines[wire][1:]
            shape, back = (told, ()) if len(lines[wire]) == 1 else ((), told)
            words = f"{lines[wire][0]}{', gradient ' * (len(lines[wire]) > 1)}{', '.join(lines[wire][1:])}"
            size = self.traffic.width(wire)
            self.edges[wire] = replace(self.edges[wire], carried=shape, downstream=back, tooltip=words, width=size)

    def add(self, node: Node) -> None:
        """Describe a recorded node and the edges to it."""
        where = self.view.path(node)
        box = self.boxes.of(node, where)
        if node is self.view.root and box:
            self.traffic.outputs[box][node] = None
        if box:
            self.enclose(node, where, box)
            return
        operands = list(self.view.inputs(node))
        heap = self.heap(operands, where) if self.boxes.crowded else {}
        opens = node in self.boxes.openers
        inputs = [
            (i, x, heap[i] if i in heap else self.tail(x, v, () if opens and not i and np.ndim(v) else where, node))
            for i, x, v in operands
        ]
        head = self.result(node, where)
        times = Counter(tail for *_, tail in inputs)
        drawn = set()
        for i, x, tail in inputs:
            if self.nodes[tail].kind == "scope":
                if x is None:
                    self.edges.setdefault((tail, head), DrawnEdge(f"{tail}-{head}", tail, head))
                    continue
                if x.op is not None:
                    self.traffic.outputs[self.boxes.of(x, self.view.path(x))][x] = None
                self.merge(tail, head, Use(x, node, i))
            elif times[tail] <= FEW_WIRES:
                self.edges[head, i] = self.edge(node, i, tail, head)
            elif tail not in drawn:
                drawn.add(tail)
                self.edges[head, i] = _often(self.edge(node, i, tail, head), times[tail])

    def heap(self, operands: Sequence[tuple[int, Node | None, Any]], where: Path) -> dict[int, str]:
        """One box for most of the many leaves of an operation: its id at their positions."""
        loose = {x or i: i for i, x, _ in reversed(operands) if x is None or (x.op is None and x not in self.ids)}
        many = list(loose)[::-1][2:-1]  # the first two and the last are drawn
        if len(many) < FEW_WIRES:
            return {}
        leaves = [x for x in many if isinstance(x, Node)]
        box: Path = (f"leaves of {len(self.nodes)}",)
        self.traffic.outputs[box].update(dict.fromkeys(leaves))
        value, gradient = self.traffic.numbers(box)
        count = _count(sum(x.value.size for x in leaves if x.requires_grad), "parameter", "parameters")
        what = "leaves" if leaves else "constants"
        words = f"{len(many):,} {what}"
        id = self.put(
            "scope", f"{what}\n× {len(many):,}", detail=count * bool(leaves), value=value, gradient=gradient, scope=where,
            tooltip=words,
        )  # fmt: skip
        self.ids.update(dict.fromkeys(leaves, id))
        inside = set(many)
        return {i: id for i, x, _ in operands if (i if x is None else x) in inside}

    def enclose(self, node: Node, where: Path, box: Path) -> None:
        """Count a node that is part of a box."""
        name, boxes = operation(node), self.boxes
        tails: list[tuple[str, Use]] = []
        for i, (x, _) in enumerate(self.view.operands(node)):
            if x is None:
                continue
            home: Path = ()
            if x.op is not None:
                if box is EVERYTHING:
                    self.pairs[operation(x), name] += 1
                home = boxes.of(x, self.view.path(x))
                if home and home != box:
                    self.traffic.outputs[home][x] = None
            # Most edges of a box stay inside it.
            if home != box and x not in boxes.folded:
                tails.append((self.tail(x, None, box[:-1], box), Use(x, node, i)))
        additions = len(self.view.sums[node]) - 1 if node in self.view.sums else 1
        self.operations[box][name] += additions
        self.differing[box] += node in self.view.differences
        if additions > 1:
            self.pairs[name, name] += additions - 1
        head = self.box(box)
        for tail, use in tails:
            self.merge(tail, head, use)

    def tail(self, x: Node | None, v: Any, where: Path = (), user: Node | Path = ()) -> str:
        """The id of an input, which is described on first use."""
        if x is None:
            return self.constant(v, where)
        home = self.boxes.of(x, self.view.path(x)) if x.op is not None else ()
        if home:
            return self.box(home)
        if x in self.boxes.stubs:
            return self.stub(x, where, user)
        if x not in self.ids:
            self.ids[x] = self.leaf(x, _shared(self.boxes.around(x)))
        return self.ids[x]

    def stub(self, x: Node, where: Path, user: Node | Path) -> str:
        """The id of a leaf that is used often: in full at its first use, by its name at every other."""
        if x not in self.ids:
            self.ids[x] = self.leaf(x, where)
            full = self.nodes[self.ids[x]]
            times = f"used {self.boxes.stubs[x]:,} times"
            detail = "\n".join(filter(None, (full.detail, times)))
            self.nodes[full.id] = replace(full, detail=detail, tooltip=f"{full.tooltip}\n{times}")
            self.stubs[x, user] = full.id
        if (x, user) not in self.stubs:
            full = self.nodes[self.ids[x]]
            self.stubs[x, user] = self.put("constant", full.title, scope=where, tooltip=full.tooltip, stub_of=full.id)
        return self.stubs[x, user]

    def box(self, box: Path) -> str:
        """The id of a box; it is described at the end, when its nodes are counted."""
        if box not in self.ids:
            self.ids[box] = self.put("scope", "")
        return self.ids[box]

    def result(self, node: Node, where: Path) -> str:
        """Describe the result of an operation."""
        op = node.op
        assert op is not None
        told, numbers = arguments(op, node.static), self.numbers(node)
        sums = self.view.sums.get(node)
        self.ids[node] = self.put(
            "op",
            f"Σ × {len(sums):,}" if sums else symbol(node),
            name=shorten(self.view.name(node)),
            arguments=shorten(told, LONGEST_TOLD),
            scope=where,
            tooltip=self.words(node, f"{operation(node)} {told}".strip(), numbers),
            result=self.view.root is not None and node is self.view.drawn(self.view.root),
            ordered=op.name not in COMMUTATIVE and sum(1 for _ in self.view.inputs(node)) > 1,
            differs=self.view.differences.get(node, ()),
            fault=self.view.faults.get(node, ""),
            **numbers,
        )
        return self.ids[node]

    def fault(self, fault: Fault, message: str) -> None:
        """Describe an operation that failed, after its inputs."""
        pairs = enumerate(zip(fault.inputs, fault.values, strict=True))
        tails = [(i, self.tail(x, v)) for i, (x, v) in pairs if x is not None or v is not None]
        op, called = fault.op, fault.called
        told = arguments(op, fault.static) if op else ""
        shown = self.array(fault.value, "value") if fault.value is not None else {}
        head = self.put(
            "op",
            op.symbol if op and op.symbol and called == op.name else called,
            arguments=shorten(told, LONGEST_TOLD),
            scope=path(fault.scope),
            tooltip=shorten(f"{called} {told}".strip(), LONGEST_IN_WORDS) + f"\n{message}",
            fault=message,
            **shown,
        )
        for i, tail in tails:
            edge = DrawnEdge(f"{head}-{i}", tail, head, tooltip=f"{called}, input {i + 1}")
            self.edges[(tail, head) if self.nodes[tail].kind == "scope" else (head, i)] = edge

    def leaf(self, x: Node, where: Path) -> str:
        """Describe a leaf; an unnamed constant by its value."""
        if not x.requires_grad and not self.view.name(x) and x not in self.view.faults:
            return self.constant(x.value, where, self.view.differences.get(x, ()))
        kind: Kind = "leaf" if x.requires_grad else "constant"
        numbers = self.numbers(x)
        return self.put(
            kind,
            shorten(self.view.name(x) or self.unnamed.get(x, kind)),
            scope=where,
            tooltip=self.words(x, kind, numbers),
            result=x is self.view.root and not self.view.order,
            differs=self.view.differences.get(x, ()),
            fault=self.view.faults.get(x, ""),
            **numbers,
        )

    def constant(self, v: Any, where: Path, differs: Lines = ()) -> str:
        """Describe an unnamed constant by its value."""
        title = "\n".join(summary(v, self.options.precision))
        shown, words = self.map(v, self.options.values), f"constant\nvalue {_exact(v)}"
        return self.put(
            "constant", title, detail=self.detail(v), scope=where, value_map=shown, tooltip=words, differs=differs
        )

    def put(self, kind: Kind, title: str, **rest: Any) -> str:
        """Add a node with the next id."""
        id = f"n{len(self.nodes)}"
        self.nodes[id] = DrawnNode(id, kind, title, **rest)
        return id

    def merge(self, tail: str, head: str, use: Use) -> None:
        """One edge for all those from or to a box."""
        if tail == head:
            return
        self.traffic.wires[tail, head].append(use)
        if (tail, head) not in self.edges:
            self.edges[tail, head] = DrawnEdge(f"{tail}-{head}", tail, head)

    def edge(self, node: Node, i: int, tail: str, head: str) -> DrawnEdge:
        """Describe the edge to input `i` of a node: its local gradient, or the shape and norm of its downstream gradient."""
        op, options, sums = node.op, self.options, self.view.sums.get(node)
        x = sums[i][0] if sums else node.inputs[i]
        assert op is not None
        local: Lines = ()
        back: Lines = ()
        words = f"{operation(node)}, input {i + 1} of {len(sums or node.inputs)}"
        tracked = x is not None and self.view.drawn(x).requires_grad
        upstream = self.view.gradient(node) if options.gradients else None
        if tracked and op.elementwise and options.local_gradients:
            gradient = np.ones_like(node.value)[()] if sums else local_gradient(node, i)
            local = summary(gradient, options.precision)
            words += f"\nlocal gradient {_exact(gradient)}"
        elif tracked and not op.elementwise and upstream is not None:
            gradient = downstream(node, i, upstream)
            words += f"\ndownstream gradient {_exact(gradient)}"
            size = number(np.linalg.norm(gradient.astype(np.result_type(gradient, np.float64)).ravel()), options.precision)
            back = (str(gradient.shape), f"norm {size}") if gradient.ndim else (number(gradient, options.precision),)
            words += f", norm {size}" if gradient.ndim else ""
        return DrawnEdge(f"{head}-{i}", tail, head, local, downstream=back, tooltip=words)

    def numbers(self, node: Node) -> dict[str, Any]:
        """The value above and the gradient below the wire of a node."""
        cells = node.value.ndim > 0 and self.options.heatmaps
        beside = (self.terms.value(node), self.terms.gradient(node)) if cells else (0.0, 0.0)
        return self.array(node.value, "value", beside[0]) | self.array(self.view.gradient(node), "gradient", beside[1])

    def array(self, v: Value | None, what: str, beside: float = 0.0) -> dict[str, Any]:
        """A value or a gradient, as text and as a heatmap."""
        shown = self.options.values if what == "value" else self.options.gradients
        lines: Lines = summary(v, self.options.precision) if shown and v is not None else ()
        detail = {"detail": self.detail(v)} if what == "value" else {}
        return {what: lines, f"{what}_map": self.map(v, shown, beside), **detail}

    def map(self, v: Value | None, shown: bool, beside: float = 0.0) -> Heatmap | None:
        """The heatmap of an array."""
        if v is None or not shown or not self.options.heatmaps or np.ndim(v) == 0:
            return None
        return heatmap(v, lambda x: number(x, self.options.precision), self.most, beside)

    def detail(self, v: Value) -> str:
        """Shape and dtype, if they are shown."""
        return shape_and_dtype(v) if self.options.shapes else ""

    def words(self, node: Node, what: str, numbers: dict[str, Any]) -> str:
        """A node as text, with scalars in full."""
        lines = [shorten(what, LONGEST_IN_WORDS)]
        if name := self.view.name(node):
            lines.insert(0, shorten(name, LONGEST_IN_WORDS))
        lines.append(f"value {_exact(node.value)}")
        gradient = self.view.gradient(node)
        if gradient is not None:
            lines.append(f"gradient {_exact(gradient)}")
        lines += [f"cells: {m.words}" for m in (numbers["value_map"], numbers["gradient_map"]) if m and m.words][:1]
        lines += self.view.differences.get(node, ())
        return "\n".join([*lines, *filter(None, (self.view.notes.get(node), self.view.faults.get(node)))])


def _shared(paths: Collection[Path]) -> Path:
    """The longest common prefix of paths."""
    least, greatest = min(paths), max(paths)
    same = next((i for i, (a, b) in enumerate(zip(least, greatest, strict=False)) if a != b), min(len(least), len(greatest)))
    return least[:same]


def _often(edge: DrawnEdge, times: int) -> DrawnEdge:
    """An edge that stands for all those from one tensor to an operation."""
    label = f"× {times:,}"
    words = f"{edge.tooltip}\nand {times - 1:,} more inputs like it"
    if edge.local:
        return replace(edge, tooltip=words, local=(*edge.local, label))
    if edge.downstream:
        return replace(edge, tooltip=words, downstream=(*edge.downstream, label))
    return replace(edge, tooltip=words, carried=(label,))


def _exact(value: Any) -> str:
    """A number in full, an array by its shape and a summary."""
    if np.ndim(value) == 0:
        return repr(np.asarray(value).item())
    return f"{', '.join(summary(value, 6))} {shape_and_dtype(value)}"


def _count(n: int, one: str, many: str) -> str:
    return f"{n:,} {one if n == 1 else many}"
