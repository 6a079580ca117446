"""Coordinates: wires straight where they can be, each part near its neighbours, nothing closer than it may be."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

from minigrad.draw.layout.layers import Vertex
from minigrad.draw.layout.nest import Net

GAP = 16.0  # between two parts
WIRES = 4.0  # added between a wire and what is beside it
WORK = 150_000  # vertices and wires that are moved, over all rounds
MOST_ROUNDS = 60


class Block:
    """Vertices on one straight wire: they move together."""

    __slots__ = ("above", "below", "pulls", "v", "wish")

    def __init__(self) -> None:
        self.v = self.wish = 0.0
        self.above: dict[Block, float] = {}  # the blocks that stay on the lesser side, and how far at least
        self.below: dict[Block, float] = {}
        self.pulls: list[tuple[Block, float]] = []  # where a wire to another block would be straight, from its place


def out_port(vertex: Vertex, net: Net) -> float:
    """Where a wire leaves a vertex, from its own coordinate."""
    return vertex.part.outs.get(net.tail, 0.0) if vertex.part else 0.0


def in_port(vertex: Vertex, net: Net) -> float:
    """Where a wire enters a vertex, from its own coordinate; the middle of its ports if there are several."""
    return vertex.part.ins.get(net.tail, 0.0) if vertex.part else 0.0


def place(layers: Sequence[Sequence[Vertex]]) -> None:
    """Give each vertex its coordinate across the flow."""
    after = _aligned(layers)
    blocks: dict[Vertex, Block] = {}
    shifts: dict[Vertex, float] = {}
    for layer in layers:
        for vertex in layer:
            if vertex not in blocks:
                block, shift, here = Block(), 0.0, vertex
                while True:
                    blocks[here], shifts[here] = block, shift
                    if here not in after:
                        break
                    following, net = after[here]
                    shift += out_port(here, net) - in_port(following, net)
                    here = following
    for layer in layers:
        for a, b in pairwise(layer):
            first, second = blocks[a], blocks[b]
            gap = GAP if a.part and b.part else WIRES if a.part or b.part else 0.0
            apart = a.down + gap + b.up + shifts[a] - shifts[b]
            second.above[first] = max(second.above.get(first, apart), apart)
            first.below[second] = second.above[first]
        for b in layer:
            for a, net in b.ins:
                first, second = blocks[a], blocks[b]
                if first is not second:
                    offset = out_port(a, net) + shifts[a] - in_port(b, net) - shifts[b]
                    second.pulls.append((first, offset))
                    first.pulls.append((second, -offset))
    _move(_from_above(list(dict.fromkeys(blocks.values()))), sum(len(layer) for layer in layers))
    for vertex, block in blocks.items():
        vertex.v = block.v + shifts[vertex]


def _aligned(layers: Sequence[Sequence[Vertex]]) -> dict[Vertex, tuple[Vertex, Net]]:
    """The vertex that stands straight behind each, if there is one: first along the main line, then along long wires."""
    main = _main_line(layers)
    after: dict[Vertex, tuple[Vertex, Net]] = {}
    for layer in layers[1:]:
        wishes = []
        for b in layer:
            principal = _principal(b)
            for a, net in b.ins:
                if a in main and b in main:
                    weight = 4
                elif a.part is None and b.part is None:
                    weight = 3
                elif a is principal:
                    weight = 2 if a.depth else 1
                elif a.part is None or b.part is None:
                    weight = 1
                else:
                    continue
                wishes.append((-weight, b.place, a.place, a, b, net))
        taken: list[tuple[int, int]] = []
        done: set[Vertex] = set()
        for _, end, start, a, b, net in sorted(wishes, key=lambda wish: wish[:3]):
            k = bisect_left(taken, (start, end))
            crosses = (k and taken[k - 1][1] >= end) or (k < len(taken) and taken[k][1] <= end)
            if a not in done and b not in done and not crosses:
                taken.insert(k, (start, end))
                done |= {a, b}
                after[a] = b, net
    return after


def _main_line(layers: Sequence[Sequence[Vertex]]) -> set[Vertex]:
    """The vertices on the way along which most is computed."""
    here: Vertex | None = max((x for layer in layers for x in layer if not x.outs), key=lambda x: x.depth, default=None)
    found = set()
    while here is not None:
        found.add(here)
        here = _principal(here)
    return found


def _principal(vertex: Vertex) -> Vertex | None:
    """The input on which most was computed; of several leaves, none."""
    if not vertex.ins:
        return None
    deepest, _ = max(vertex.ins, key=lambda pair: pair[0].depth)
    return deepest if deepest.depth or len({x for x, _ in vertex.ins}) == 1 else None


def _from_above(blocks: list[Block]) -> list[Block]:
    """The blocks, each after those on its lesser side."""
    waiting = {block: len(block.above) for block in blocks}
    ready = [block for block, count in waiting.items() if not count]
    for block in ready:
        for other in block.below:
            waiting[other] -= 1
            if not waiting[other]:
                ready.append(other)
    return ready


def _move(blocks: list[Block], size: int) -> None:
    """Move each block to the mean of where its wires would be straight, as far as the others leave room.

    The first rounds push whatever is in the way, half of the way each; the last ones only move into free room.
    """
    rounds = max(4, min(MOST_ROUNDS, WORK // max(size, 1)))
    for _ in range(rounds // 2):
        for block in blocks:
            block.wish = _wish(block)
        low: dict[Block, float] = {}
        for block in blocks:
            low[block] = max([block.wish, *(low[other] + apart for other, apart in block.above.items())])
        high: dict[Block, float] = {}
        for block in reversed(blocks):
            high[block] = min([block.wish, *(high[other] - apart for other, apart in block.below.items())])
        for block in blocks:
            block.v = (low[block] + high[block]) / 2
    for step in range(rounds - rounds // 2):
        for block in blocks if step % 2 else reversed(blocks):
            least = max([other.v + apart for other, apart in block.above.items()], default=-math.inf)
            most = min([other.v - apart for other, apart in block.below.items()], default=math.inf)
            block.v = max(least, min(most, _wish(block)))


def _wish(block: Block) -> float:
    """The mean of the places at which one of the wires of a block would be straight."""
    if not block.pulls:
        return block.v
    return sum([other.v + offset for other, offset in block.pulls]) / len(block.pulls)
