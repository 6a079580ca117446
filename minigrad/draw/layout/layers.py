"""The nodes of a box in layers, and the order in each layer: few crossings, operands in their order."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Sequence

from minigrad.draw.layout.nest import Box, Net
from minigrad.draw.layout.parts import Part

WORK = 100_000  # vertices and wires that are ordered, over all sweeps
MOST_SWEEPS = 24
MOST_SWAPS = 3_000  # vertices and wires; in larger boxes no neighbours are swapped
FROM_OUTSIDE = 10_000  # the depth of what is computed outside a box: its wire is the main line in it
LANE = 4.0  # half the room of a wire that passes through a layer


class Vertex:
    """A part in a layer, or a bend of a wire.

    Attributes
    ----------
    item : str, Box or None
        The node or box; None for a bend.
    net : Net or None
        The wire that bends.
    part : Part or None
        The size of the node or box; of a node, once its layer is in order.
    rank : int
        The layer.
    ins, outs : list
        The neighbours in the layers before and after, each with the wire that leads there.
    place : int
        The position in the layer.
    v : float
        The coordinate across the flow.
    depth : int
        How much is computed on the longest way to here.
    fixed : bool
        Whether its wires enter in the order of the operands.
    """

    __slots__ = ("depth", "fixed", "ins", "item", "net", "outs", "part", "place", "rank", "v")

    def __init__(self, item: str | Box | None, net: Net | None, part: Part | None, rank: int) -> None:
        self.item, self.net, self.part, self.rank = item, net, part, rank
        self.depth, self.fixed = 0, False
        self.ins: list[tuple[Vertex, Net]] = []
        self.outs: list[tuple[Vertex, Net]] = []
        self.place, self.v = 0, 0.0

    @property
    def up(self) -> float:
        """The room it needs on the lesser side of its wire."""
        return self.part.up if self.part else LANE

    @property
    def down(self) -> float:
        """The room it needs on the greater side of its wire."""
        return self.part.down if self.part else LANE


def ranks(box: Box) -> dict[str | Box, int]:
    """The layer of each child, from 1 on: next to what uses it, unless its wires are shorter if it comes early."""
    before: dict[str | Box, list[str | Box]] = {child: [] for child in box.children}
    after: dict[str | Box, list[str | Box]] = {child: [] for child in box.children}
    leaving = {net.source for net in box.nets.values() if net.leaves}
    for net in box.nets.values():
        if net.source is not None:
            after[net.source] += net.sinks
            for sink in net.sinks:
                before[sink].append(net.source)
    early: dict[str | Box, int] = {}
    for child in box.children:
        early[child] = 1 + max([early[x] for x in before[child]], default=0)
    last = max(early.values(), default=1)
    late: dict[str | Box, int] = {}
    for child in reversed(box.children):
        users = [late[x] for x in after[child]]
        late[child] = min(users) - 1 if users else last if child in leaving or not before[child] else early[child]
    for child in box.children:
        inputs = [x for x in before[child] if before[x]]
        if len(inputs) > 1 and all(max(late[user] for user in after[x]) == late[child] for x in inputs):
            late[child] = 1 + max(late[x] for x in before[child] if before[x])
    for child in reversed(box.children):
        if not before[child] and after[child]:
            late[child] = min(late[x] for x in after[child]) - 1
    first = min(late.values(), default=1)
    return {child: rank - first + 1 for child, rank in late.items()}


def layered(
    box: Box, parts: dict[str | Box, Part], operands: dict[str, dict[str, int]], fixed: set[str], computed: set[str]
) -> list[list[Vertex]]:
    """The vertices of a box by layers; the first and the last layer hold the wires that come from outside and go there.

    Parameters
    ----------
    box : Box
        The box.
    parts : dict
        The sizes of its children.
    operands : dict
        For each node, the place of each of its inputs among its operands.
    fixed : set
        The nodes for which that order matters.
    computed : set
        The nodes that are not leaves.

    Returns
    -------
    list of list of Vertex
        In an order that crosses few wires.
    """
    rank = ranks(box)
    last = max(rank.values(), default=0) + 1
    layers: list[list[Vertex]] = [[] for _ in range(last + 1)]
    vertices: dict[str | Box, Vertex] = {}

    def add(item: str | Box | None, net: Net | None, where: int) -> Vertex:
        vertex = Vertex(item, net, parts.get(item) if item is not None else None, where)
        layers[where].append(vertex)
        return vertex

    for child in box.children:
        vertices[child] = add(child, None, rank[child])
    for net in sorted(box.nets.values(), key=lambda net: 0 if net.source is None else rank[net.source]):
        here = vertices[net.source] if net.source is not None else add(None, net, 0)
        ends = sorted([vertices[sink] for sink in net.sinks], key=lambda end: end.rank)
        if net.leaves:
            ends.append(add(None, net, last))
        for end in ends:
            while here.rank < end.rank - 1:
                bend = add(None, net, here.rank + 1)
                _link(here, bend, net)
                here = bend
            _link(here, end, net)
    for item, vertex in vertices.items():
        if isinstance(item, str) and len(vertex.ins) > 1:
            order = operands[item]
            vertex.ins.sort(key=lambda pair: order.get(pair[1].tail, 0))
            vertex.fixed = item in fixed
    for layer in layers:
        for vertex in layer:
            if vertex.ins:
                vertex.depth = (vertex.item is not None) + max(x.depth for x, _ in vertex.ins)
            elif vertex.net:
                vertex.depth = FROM_OUTSIDE if vertex.net.tail in computed else 0
            elif vertex.item not in parts or isinstance(vertex.item, Box) or vertex.item in computed:
                vertex.depth = 1
    _first_order(layers)
    _improve(layers)
    return layers


def _link(a: Vertex, b: Vertex, net: Net) -> None:
    a.outs.append((b, net))
    b.ins.append((a, net))


def _first_order(layers: list[list[Vertex]]) -> None:
    """The order in which a walk from the results back through the operands reaches the vertices: no tree crosses itself."""
    found: dict[Vertex, None] = {}
    for layer in reversed(layers):
        for start in layer:
            if start.outs:
                continue
            waiting = [start]
            while waiting:
                vertex = waiting.pop()
                if vertex not in found:
                    found[vertex] = None
                    waiting += [x for x, _ in reversed(vertex.ins)]
    for layer in layers:
        layer.clear()
    for vertex in found:
        layers[vertex.rank].append(vertex)
    for layer in layers:
        _number(layer)


def _number(layer: list[Vertex]) -> None:
    for k, vertex in enumerate(layer):
        vertex.place = k


def _improve(layers: list[list[Vertex]]) -> None:
    """Sweep forth and back, each vertex to the mean place of its neighbours, and keep the best order."""
    work = sum(len(layer) + sum(len(vertex.ins) for vertex in layer) for layer in layers)
    best, least = [list(layer) for layer in layers], _crossings(layers)
    sweeps = max(2, min(MOST_SWEEPS, WORK // max(work, 1)))
    since = 0
    for sweep in range(sweeps):
        if not least or since == 4:
            break
        forth = sweep % 2 == 0
        for layer in layers[1:] if forth else layers[-2::-1]:
            _settle(layer, forth)
        if work <= MOST_SWAPS:
            _swap(layers)
        count = _crossings(layers)
        since += 1
        if count < least:
            best, least, since = [list(layer) for layer in layers], count, 0
    for layer, order in zip(layers, best, strict=True):
        layer[:] = order
        _number(layer)


def _settle(layer: list[Vertex], forth: bool) -> None:
    """Sort a layer by the mean places of the neighbours before or after; a vertex without any keeps its place."""
    keys: dict[Vertex, float] = {}
    for vertex in layer:
        near = vertex.ins if forth else vertex.outs
        if near:
            keys[vertex] = sum([_port(x, net, forth) for x, net in near]) / len(near)
    moved = iter(sorted(keys, key=keys.__getitem__))
    layer[:] = [next(moved) if vertex in keys else vertex for vertex in layer]
    _number(layer)


def _port(vertex: Vertex, net: Net, out: bool) -> float:
    """The place of a vertex, and within it of the port of a wire."""
    if isinstance(vertex.item, Box):
        assert vertex.part
        v = (vertex.part.outs if out else vertex.part.ins)[net.tail]
        return vertex.place + 0.8 * (v + vertex.up) / (vertex.up + vertex.down) - 0.4
    if out or not vertex.fixed:
        return vertex.place
    return vertex.place + 0.8 * next(k for k, (_, n) in enumerate(vertex.ins) if n is net) / len(vertex.ins) - 0.4


def _crossings(layers: Sequence[Sequence[Vertex]]) -> int:
    """The number of crossings."""
    return sum(_inversions(_wires(layer)) for layer in layers[1:])


def _wires(layer: Iterable[Vertex]) -> list[tuple[float, float]]:
    """The ends of the wires that lead to a layer."""
    return [(_port(x, net, True), _port(vertex, net, False)) for vertex in layer for x, net in vertex.ins]


def _inversions(wires: list[tuple[float, float]]) -> int:
    """The pairs of wires that cross."""
    seen: list[float] = []
    count = 0
    for _, end in sorted(wires):
        count += len(seen) - bisect_right(seen, end)
        insort(seen, end)
    return count


def _swap(layers: list[list[Vertex]]) -> None:
    """Swap neighbours in a layer while that removes crossings."""
    for _ in range(4):
        improved = False
        for layer in layers:
            for k in range(len(layer) - 1):
                a, b = layer[k], layer[k + 1]
                if _crossing(a, b) > _crossing(b, a):
                    layer[k], layer[k + 1] = b, a
                    a.place, b.place = k + 1, k
                    improved = True
        if not improved:
            return


def _crossing(a: Vertex, b: Vertex) -> int:
    """The crossings between the wires of two neighbours if a stands before b."""
    count = 0
    for near_a, near_b, out in ((a.ins, b.ins, True), (a.outs, b.outs, False)):
        if near_a and near_b:
            ends = sorted([_port(x, net, out) for x, net in near_b])
            for x, net in near_a:
                count += sum(end < _port(x, net, out) for end in ends)
    return count
