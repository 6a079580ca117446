"""Rows: the layers of a box that is too wide for a page, broken like lines of text where few wires are cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from minigrad.draw.layout.layers import Vertex
from minigrad.draw.layout.nest import Net
from minigrad.draw.layout.place import out_port, place

WIDE, ROW = 1200.0, 700.0  # points that are too wide for a page, and those of a row
LANES = 6  # wires that may return at one break
RETURN, OVER = 0.05, 10.0  # the cost of a wire that returns, and of a row that is too long, beside one that is too short
STEP = 8.0  # between two that return
CLEAR = 12.0  # between them and the rows


@dataclass
class Fold:
    """The breaks of a box.

    Attributes
    ----------
    turns : dict
        For each wire that returns after a layer: where it turns on the right, on the left, and the place in between.
    margin, length : float
        Where the rows begin, and where the longest ends with its wires.
    """

    turns: dict[tuple[int, Net], tuple[float, float, float]] = field(default_factory=dict)
    margin: float = 0.0
    length: float = 0.0


def rows(layers: Sequence[list[Vertex]], starts: Sequence[float], ends: Sequence[float]) -> list[range]:
    """The layers of each row: about as many as a page has room for, where few wires return.

    Parameters
    ----------
    layers : sequence of sequence of Vertex
        The first and the last are the borders of the box.
    starts, ends : sequence of float
        Where each layer starts and ends along the flow.
    """
    last = len(layers) - 2
    cut = [len(_leaving(_staying(layer))) for layer in layers]
    best: list[tuple[float, int]] = [(0.0, 0)]  # up to each layer: the cost, and where the last row begins
    for end in range(1, last + 1):
        choices: list[tuple[float, int]] = []
        for before in range(end - 1, -1, -1):
            length = ends[end] - starts[before + 1]
            if length > ROW and choices:
                break
            if before and cut[before] > LANES:
                continue
            gap = (ROW - length) / ROW
            returns = RETURN * cut[before] if before else 0.0
            choices.append((best[before][0] + (gap**2 if gap > 0 else OVER * gap**2) + returns, before))
        best.append(min(choices))
    breaks = [last]
    while breaks[-1]:
        breaks.append(best[breaks[-1]][1])
    found = [range(before + 1, end + 1) for before, end in pairwise(breaks[::-1])]
    found[0] = range(found[0].stop)
    found[-1] = range(found[-1].start, len(layers))
    return found


def brought(layers: list[list[Vertex]], broken: Sequence[range]) -> list[range]:
    """The rows, where the leaves that a row uses stand at its own start, so that their wires do not return."""
    made: list[range] = []
    for row in broken:
        start = made[-1].stop if made else 0
        before = layers[start - 1] if made else []
        stay = _staying(before)
        moves = len(stay) < len(before)
        if moves:
            layers.insert(start, [x for vertex in before for x in ([vertex] if _leaf(vertex) else _bends(vertex))])
            layers[start - 1] = stay
        made.append(range(start, start + len(row) + moves))
    for rank, layer in enumerate(layers):
        for k, vertex in enumerate(layer):
            vertex.rank, vertex.place = rank, k
    return made


def _staying(layer: list[Vertex]) -> list[Vertex]:
    """What stays at the end of a row if the leaves move to the next; at least something does."""
    return [x for x in layer if not _leaf(x)] or layer


def _leaf(vertex: Vertex) -> bool:
    return isinstance(vertex.item, str) and not vertex.ins


def _bends(vertex: Vertex) -> list[Vertex]:
    """A new bend on each wire from a vertex, in the order of its ports."""
    ends: dict[Net, list[Vertex]] = {}
    for end, net in vertex.outs:
        ends.setdefault(net, []).append(end)
    vertex.outs, made = [], []
    for net in sorted(ends, key=lambda net: out_port(vertex, net)):
        bend = Vertex(None, net, None, 0)
        bend.depth, bend.ins, bend.outs = vertex.depth, [(vertex, net)], [(end, net) for end in ends[net]]
        vertex.outs.append((bend, net))
        for end in ends[net]:
            end.ins = [(bend, net) if pair == (vertex, net) else pair for pair in end.ins]
        made.append(bend)
    return made


def level(row: Sequence[Sequence[Vertex]]) -> None:
    """Give the vertices of a row their places without regard to the other rows."""
    ins, outs = [vertex.ins for vertex in row[0]], [vertex.outs for vertex in row[-1]]
    for vertex in row[0]:
        vertex.ins = []
    for vertex in row[-1]:
        vertex.outs = []
    place(row)
    for vertex, known in zip(row[0], ins, strict=True):
        vertex.ins = known
    for vertex, known in zip(row[-1], outs, strict=True):
        vertex.outs = known


def fold(layers: Sequence[Sequence[Vertex]], broken: Sequence[range], starts: list[float], ends: list[float]) -> Fold:
    """Move the layers and vertices of each row to their places below the row before."""
    cut = {row.stop - 1: _leaving(layers[row.stop - 1]) for row in broken[:-1]}
    made = Fold(margin=2 * CLEAR + STEP * (max(map(len, cut.values()), default=1) - 1))
    bottom, last = -2 * CLEAR, len(layers) - 1
    returning: list[tuple[Vertex, Net]] = []
    for k, row in enumerate(broken):
        inside = [vertex for rank in row for vertex in layers[rank]]
        seen = [vertex for vertex in inside if 0 < vertex.rank < last]
        if k:
            top = min(vertex.v - vertex.up for vertex in seen)
            down = bottom + 2 * CLEAR + STEP * max(len(returning) - 1, 0) - top
            for vertex in inside:
                vertex.v += down
        shift = made.margin - starts[max(row.start, 1)]
        for rank in row:
            starts[rank] += shift
            ends[rank] += shift
        bottom = max(vertex.v + vertex.down for vertex in seen)
        end = row.stop - 1
        returning = sorted(cut.get(end, ()), key=lambda pair: -pair[0].v - out_port(*pair))
        for i, (_, net) in enumerate(returning):
            made.turns[end, net] = ends[end] + CLEAR + STEP * i, CLEAR + STEP * i, bottom + CLEAR + STEP * i
        wires = 2 * CLEAR + STEP * (len(returning) - 1) if returning else 0.0
        made.length = max(made.length, ends[min(end, last - 1)] + wires)
    starts[0] = ends[0] = 0.0
    starts[-1] = ends[-1] = made.length
    return made


def _leaving(layer: Sequence[Vertex]) -> list[tuple[Vertex, Net]]:
    """The wires to the next layer, each with the vertex it comes from."""
    return list(dict.fromkeys((vertex, net) for vertex in layer for _, net in vertex.outs))
