"""The layout of a picture: boxes inside out, each a picture of its own and a part of the one around it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from minigrad.draw.layout.fold import WIDE, Fold, brought, fold, level, rows
from minigrad.draw.layout.layers import Vertex, layered
from minigrad.draw.layout.nest import Box, directed, nested, ordered
from minigrad.draw.layout.parts import Part, part
from minigrad.draw.layout.place import in_port, out_port, place
from minigrad.draw.layout.widths import width
from minigrad.draw.still.picture import Description, Direction, DrawnEdge

PAD = 10.0  # inside a frame
TITLE = 11  # size of the title of a frame
STRIP = 18.0  # room for it
NEAR, FAR = 18.0, 60.0  # between layers, for wires that run straight and wires that turn

Run = tuple[float, float, float]  # a straight piece of a wire: from u to u, at v; back from a row to the next


@dataclass
class Frame:
    """A box with the coordinates of what is in it, from its own start."""

    box: Box
    part: Part
    layers: list[list[Vertex]]
    starts: list[float]
    ends: list[float]
    places: dict[str | Box, tuple[Vertex, float]]  # with the coordinate along the flow
    leaving: dict[str, Vertex]
    folded: Fold


@dataclass
class Layout:
    """The positions of everything in a picture, in points.

    Attributes
    ----------
    direction : {'LR', 'TB'}
        Left to right, or top to bottom.
    length, breadth : float
        The size along the flow and across it.
    nodes : dict
        Each node's part with its position along the flow and across it.
    frames : list
        Each box with its position along and across, its length and its breadth, the outermost first.
    wires : dict
        The straight pieces of each edge, in the order of the flow.
    against : set
        The edges that run against the flow.
    """

    direction: Direction
    length: float = 0.0
    breadth: float = 0.0
    nodes: dict[str, tuple[Part, float, float]] = field(default_factory=dict)
    frames: list[tuple[Box, float, float, float, float]] = field(default_factory=list)
    wires: dict[str, list[Run]] = field(default_factory=dict)
    against: set[str] = field(default_factory=set)


def arrange(picture: Description, direction: Direction | None = None) -> Layout:
    """Lay out a picture.

    Parameters
    ----------
    picture : Description
        The picture.
    direction : {'LR', 'TB'}, optional
        Left to right, or top to bottom. By default left to right, in rows if that is too wide for a page.

    Returns
    -------
    Layout
        The same for the same picture.

    Examples
    --------
    >>> from minigrad import Tensor
    >>> from minigrad.draw.still.describe import Options, describe_graph
    >>> layout = arrange(describe_graph(Tensor(3.0, name="x") ** 2, Options()), "LR")
    >>> sorted(layout.nodes), sorted(layout.wires)
    (['n0', 'n1', 'n2'], ['n2-0', 'n2-1'])
    """
    return _Arranger(picture, direction or "LR", folded=direction is None).layout


class _Arranger:
    """Lays out the boxes of one picture."""

    def __init__(self, picture: Description, direction: Direction, folded: bool) -> None:
        self.direction: Direction = direction
        self.folded = folded
        self.drawn = {node.id: node for node in picture.nodes}
        self.edges: dict[str, list[DrawnEdge]] = {id: [] for id in self.drawn}
        self.layout = Layout(direction)
        order = ordered(picture)
        for edge in picture.edges:
            tail, head = directed(edge, order)
            if tail != head:
                self.edges[head].append(edge)
            if tail != edge.tail:
                self.layout.against.add(edge.id)
        self.tails = {edge.id: directed(edge, order)[0] for edge in picture.edges}
        self.operands = {
            id: {self.tails[edge.id]: k for k, edge in reversed(list(enumerate(edges)))} for id, edges in self.edges.items()
        }
        self.fixed = {node.id for node in picture.nodes if node.ordered}
        self.computed = {node.id for node in picture.nodes if node.kind in ("op", "scope")}
        self.frames: dict[Box, Frame] = {}
        root, self.chains = nested(picture, order)
        for box in reversed(list(root.walk())):
            self.frames[box] = self.frame(box)
        self.origins: dict[Box, tuple[float, float]] = {root: (0.0, self.frames[root].part.up)}
        for box in root.walk():
            self.put(self.frames[box])
        for head, edges in self.edges.items():
            for edge in edges:
                self.layout.wires[edge.id] = list(_joined(self.wire(edge, head)))
        whole = self.frames[root].part
        self.layout.length, self.layout.breadth = whole.length, whole.up + whole.down

    def frame(self, box: Box) -> Frame:
        """Lay out one box, after the boxes in it."""
        boxes: dict[str | Box, Part] = {child: self.frames[child].part for child in box.children if isinstance(child, Box)}
        layers = layered(box, boxes, self.operands, self.fixed, self.computed)
        for layer in layers:
            for vertex in layer:
                if isinstance(vertex.item, str):
                    vertex.part = self.part(vertex)
        place(layers)
        starts, ends = self.columns(layers, framed=bool(box.path))
        broken = rows(layers, starts, ends) if self.folded and ends[-1] > WIDE else []
        folded = Fold(length=ends[-1])
        if len(broken) > 1:
            broken = brought(layers, broken)
            for row in broken:
                level(layers[row.start : row.stop])
            starts, ends = self.columns(layers, framed=bool(box.path))
            folded = fold(layers, broken, starts, ends)
        places: dict[str | Box, tuple[Vertex, float]] = {}
        for rank, layer in enumerate(layers):
            anchor = max([x.part.anchor for x in layer if x.part], default=0.0)
            for vertex in layer:
                if vertex.item is not None and vertex.part:
                    places[vertex.item] = vertex, starts[rank] + anchor - vertex.part.anchor
        leaving = {vertex.net.tail: vertex for vertex in layers[-1] if vertex.net}
        return Frame(box, self.outside(box, layers, folded.length), layers, starts, ends, places, leaving, folded)

    def part(self, vertex: Vertex) -> Part:
        """The part of a node: operands enter in their order, or where order does not matter in that of their wires."""
        assert isinstance(vertex.item, str)
        edges = list(self.edges[vertex.item])
        if not vertex.fixed:
            near = {net.tail: x.place for x, net in vertex.ins}
            edges.sort(key=lambda edge: near[self.tails[edge.id]])
        made = part(self.drawn[vertex.item], edges, self.direction)
        for tail in {self.tails[edge.id] for edge in edges}:
            ports = [made.ins[edge.id] for edge in edges if self.tails[edge.id] == tail]
            made.ins[tail] = sum(ports) / len(ports)
        return made

    def columns(self, layers: list[list[Vertex]], framed: bool) -> tuple[list[float], list[float]]:
        """Where each layer starts and ends along the flow."""
        starts: list[float] = []
        ends: list[float] = []
        u = 0.0
        for layer in layers:
            if starts:
                turns = [abs(a.v + out_port(a, net) - b.v - in_port(b, net)) for b in layer for a, net in b.ins]
                if turns:
                    u += min(FAR, NEAR + 0.2 * max(turns))
                elif framed:
                    u += PAD
            if framed and len(starts) == 1 and self.direction == "TB":
                u += STRIP - PAD
            starts.append(u)
            u += max([x.part.anchor for x in layer if x.part], default=0.0)
            u += max([x.part.length - x.part.anchor for x in layer if x.part], default=0.0)
            ends.append(u)
        return starts, ends

    def outside(self, box: Box, layers: list[list[Vertex]], length: float) -> Part:
        """A box as a part of the picture around it."""
        vertices = [vertex for layer in layers for vertex in layer]
        low = min([x.v - x.up for x in vertices], default=0.0)
        high = max([x.v + x.down for x in vertices], default=0.0)
        exits = [x for x in layers[-1] if x.net]
        axis = max(exits, key=lambda x: x.depth).v if exits else (low + high) / 2
        if box.path:
            low, high = low - PAD, high + PAD
            room = width(box.title, TITLE) + 2 * PAD
            if self.direction == "LR":
                low, length = low - STRIP + PAD / 2, max(length, room)
            else:
                low = min([low, *(x.v - room for x in layers[0] if x.net)])
                high = max(high, low + room)
        return Part(
            length,
            up=axis - low,
            down=high - axis,
            anchor=length / 2,
            ins={x.net.tail: x.v - axis for x in layers[0] if x.net},
            outs={x.net.tail: x.v - axis for x in exits if x.net},
            axis=axis,
        )

    def put(self, frame: Frame) -> None:
        """Give what is in a box its position in the picture, after the box itself."""
        u0, v0 = self.origins[frame.box]
        if frame.box.path:
            whole = frame.part
            self.layout.frames.append((frame.box, u0, v0 - whole.up, whole.length, whole.up + whole.down))
        for item, (vertex, u) in frame.places.items():
            here = u0 + u, v0 + vertex.v - frame.part.axis
            if isinstance(item, Box):
                self.origins[item] = here
            elif vertex.part:
                self.layout.nodes[item] = vertex.part, *here

    def wire(self, edge: DrawnEdge, head: str) -> Iterator[Run]:
        """The straight pieces of an edge: out of the boxes around its tail, into those around its head."""
        tail = self.tails[edge.id]
        out, into = self.chains[tail], self.chains[head]
        common = next(k for k, (a, b) in enumerate(zip(out, into, strict=False)) if a is not b) - 1
        for k in range(len(out) - 2, common, -1):
            yield from self.through(out[k], tail, None, edge)
        for k in range(common, len(into) - 1):
            yield from self.through(into[k], tail, into[k + 1], edge)

    def through(self, box: str | Box, tail: str, sink: str | Box | None, edge: DrawnEdge) -> Iterator[Run]:
        """The pieces in one box, from where the wire starts or comes in to where it ends or goes out."""
        assert isinstance(box, Box)
        frame = self.frames[box]
        u0, v0 = self.origins[box]
        v0 -= frame.part.axis
        here = frame.places[sink][0] if sink is not None else frame.leaving[tail]
        net = box.nets[tail]
        trail = [here]
        while trail[-1].item != net.source if net.source is not None else trail[-1].rank:
            trail.append(next(x for x, n in trail[-1].ins if n is net))
        returned: float | None = None
        for vertex in reversed(trail):
            start, end, v = frame.starts[vertex.rank], frame.ends[vertex.rank], vertex.v
            if vertex.item is not None and vertex.part:
                u = frame.places[vertex.item][1]
                if vertex is here:
                    v += vertex.part.ins[edge.id if isinstance(vertex.item, str) else tail]
                    end = u + vertex.part.enters
                else:
                    v += out_port(vertex, net)
                    start = u + vertex.part.length
            turn = frame.folded.turns.get((vertex.rank, net)) if vertex is not here else None
            start = start if returned is None else returned
            yield u0 + start, u0 + (turn[0] if turn else end), v0 + v
            if turn:
                yield u0 + turn[0], u0 + turn[1], v0 + turn[2]
            returned = turn[1] if turn else None


def returns(run: Run) -> bool:
    """True if a piece leads from a row back to the start of the next."""
    return run[0] > run[1] + 1


def _joined(runs: Iterator[Run]) -> Iterator[Run]:
    """Pieces at the same height as one."""
    last: Run | None = None
    for run in runs:
        if last and abs(last[2] - run[2]) < 0.5 and not returns(last) and not returns(run):
            last = last[0], run[1], run[2]
            continue
        if last:
            yield last
        last = run
    if last:
        yield last
