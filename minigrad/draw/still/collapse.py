"""Boxes in the drawing of a large graph: for a scope, equal scopes, a repeating pattern, or everything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np

from minigrad.draw.names import operation
from minigrad.draw.still.picture import Options, Path
from minigrad.draw.still.view import View
from minigrad.graph import Node
from minigrad.text import shorten

ALIKE = 4  # so many adjacent scopes with the same operations become one box
FEW = 8  # up to so many leaves are drawn beside a box of a whole graph
LONGEST_PATTERN = 64  # operations
SHOWN = 4  # operations of a pattern in its title
EVERYTHING: Path = ("operations",)


@dataclass
class Boxes:
    """The boxes of a graph, and the nodes in each.

    Attributes
    ----------
    homes : dict
        The path of the box of each scope that is drawn as a box, or in one.
    bare : dict
        The boxes of operations outside all scopes.
    folded : dict
        The boxes of leaves that only one box uses; they are drawn inside it.
    times : dict
        The number of equal parts that a box stands for.
    users : dict
        The scopes of the operations that use a leaf.
    """

    homes: dict[Path, Path] = field(default_factory=dict)
    bare: dict[Node, Path] = field(default_factory=dict)
    folded: dict[Node, Path] = field(default_factory=dict)
    times: dict[Path, int] = field(default_factory=dict)
    users: dict[Node, set[Path]] = field(default_factory=dict)

    def around(self, leaf: Node) -> set[Path]:
        """The clusters of the operations that use a leaf."""
        return {self.homes[where][:-1] if where in self.homes else where for where in self.users.get(leaf, {()})}

    def of(self, node: Node, where: Path) -> Path:
        """The path of the box of an operation in some clusters; empty if it is drawn by itself."""
        return self.homes.get(where, ()) if where and self.homes else self.bare.get(node, ())


@dataclass
class _Graph:
    """The properties of a graph that decide on its boxes."""

    scopes: dict[Path, int] = field(default_factory=dict)  # in order, with a hash of the operations in each
    drawn: Counter[Path] = field(default_factory=Counter)  # operations and constants in each scope
    users: dict[Node, set[Path]] = field(default_factory=dict)  # of each leaf
    bare: list[Node] = field(default_factory=list)
    entries: dict[Path, Node | None] = field(default_factory=dict)  # the first input of the first operation
    named: set[Node] = field(default_factory=set)  # leaves

    @classmethod
    def of(cls, view: View) -> _Graph:
        graph = cls()
        for node in view.order:
            where = view.path(node)
            graph.drawn[where] += 1
            if where not in graph.entries:
                graph.entries[where] = view.drawn_inputs(node)[0]
            if where:
                graph.scopes[where] = hash((graph.scopes.get(where, 0), operation(node), node.value.shape))
            else:
                graph.bare.append(node)
            for x, v in zip(view.drawn_inputs(node), node.values, strict=True):
                if x is None:
                    graph.drawn[where] += v is not None
                elif x.op is None:
                    graph.users.setdefault(x, set()).add(where)
        graph.named = {leaf for leaf in graph.users if view.name(leaf)}
        return graph


def boxes(view: View, options: Options) -> Boxes:
    """Choose as few boxes as possible so that at most `max_nodes` nodes are drawn.

    Parameters
    ----------
    view : View
        The graph.
    options : Options
        The limit of nodes, the depth to which scopes are opened, and the scopes to collapse.

    Returns
    -------
    Boxes
    """
    graph = _Graph.of(view)
    few = sum(graph.drawn.values()) + len(graph.users) <= options.max_nodes
    chosen = Boxes()
    for chosen in _candidates(graph, view, options, few):
        for all_ in (False, True):
            chosen.users = graph.users
            _fold(chosen, graph, all_)
            if _count(chosen, graph) <= options.max_nodes:
                return chosen
    return chosen


def _candidates(graph: _Graph, view: View, options: Options, few: bool) -> Iterator[Boxes]:
    """Candidates, from only the boxes that were asked for to one box for everything."""
    first = _named(graph, options.collapse)
    deepest = max(map(len, graph.scopes), default=0)
    if options.depth is not None:
        yield _closed(graph, first, options.depth + 1)
        deepest = min(deepest, options.depth)
    else:
        yield first
        if not few:
            first = _merged(graph, first)
            yield first
    for depth in range(deepest, 0, -1):
        yield _closed(graph, first, depth)
    rest = _closed(graph, first, 1)
    if stretch := _repeating(graph.bare, view.root):
        yield Boxes(rest.homes, *stretch[:1], {}, rest.times | stretch[1])
    inside = dict.fromkeys((node for node in graph.bare if node is not view.root), EVERYTHING)
    yield Boxes(rest.homes, inside, {}, rest.times)
    yield Boxes(dict.fromkeys(graph.scopes, EVERYTHING), inside)


def _named(graph: _Graph, collapse: bool | tuple[str, ...]) -> Boxes:
    """Boxes for the scopes to collapse: all, or those of these names, with or without the scopes around them."""
    if collapse is True:
        return _merged(graph, _closed(graph, Boxes(), 1))
    homes = {}
    for where in graph.scopes:
        for depth in range(1, len(where) + 1):
            if collapse and (where[depth - 1] in collapse or "/".join(where[:depth]) in collapse):
                homes[where] = where[:depth]
                break
    return Boxes(homes)


def _closed(graph: _Graph, given: Boxes, depth: int) -> Boxes:
    """Boxes for all scopes at a depth, in addition to those given."""
    homes = {}
    for where in graph.scopes:
        home = given.homes.get(where, where)[:depth]
        if where in given.homes or len(where) >= depth:
            homes[where] = home
    return Boxes(homes, {}, {}, given.times)


def _merged(graph: _Graph, given: Boxes) -> Boxes:
    """One box for adjacent scopes with the same operations on the same shapes, the outermost first."""
    inside: dict[Path, list[tuple[Path, int]]] = {}
    children: dict[Path, list[Path]] = {}
    for where, content in graph.scopes.items():
        for depth in range(1, len(where) + 1):
            if where[:depth] not in inside:
                children.setdefault(where[: depth - 1], []).append(where[:depth])
            inside.setdefault(where[:depth], []).append((where[depth:], content))
    homes, times = dict(given.homes), dict(given.times)
    waiting: list[Path] = [()]
    while waiting:
        parent = waiting.pop()
        for _, run in groupby(children.get(parent, ()), key=lambda p: tuple(sorted(inside[p]))):
            group = list(run)
            if len(group) < ALIKE:
                waiting += group
                continue
            box = (*parent, f"{shorten(group[0][-1])} … {shorten(group[-1][-1])}")
            times[box] = len(group)
            homes |= {(*p, *rest): box for p in group for rest, _ in inside[p]}
    return Boxes(homes, {}, {}, times)


def _fold(chosen: Boxes, graph: _Graph, all_: bool) -> None:
    """Draw the leaves that only one box uses inside it: the parameters of a scope, and with `all_` every other leaf.

    Without `all_`, the first input of the first operation counts as the input of the box and stays outside.
    """
    first: dict[Path, Node | None] = {}
    for where in graph.scopes:
        if where in chosen.homes:
            first.setdefault(chosen.homes[where], graph.entries[where])
    outside = set() if all_ else set(first.values())
    homes = {leaf: {chosen.homes.get(where, ()) for where in users if where} for leaf, users in graph.users.items()}
    shown: Collection[Node] = homes if len(homes) <= FEW else graph.named if len(graph.named) <= FEW else ()
    for node in graph.bare:
        for x in node.inputs:
            if x is not None and x.op is None:
                homes[x].add(() if x in shown and not all_ else chosen.bare.get(node, ()))
    for leaf, home in homes.items():
        if len(home) == 1 and () not in home and leaf not in outside and (all_ or leaf.requires_grad):
            chosen.folded[leaf] = next(iter(home))


def _count(chosen: Boxes, graph: _Graph) -> int:
    """The number of nodes drawn."""
    alone = sum(n for where, n in graph.drawn.items() if where and where not in chosen.homes)
    bare = 0 if chosen.bare else graph.drawn[()]
    if chosen.bare:
        for node in graph.bare:
            if node not in chosen.bare:
                bare += 1 + sum(x is None and v is not None for x, v in zip(node.inputs, node.values, strict=True))
    closed = len({*chosen.homes.values(), *chosen.bare.values()})
    return alone + bare + closed + len(graph.users) - len(chosen.folded)


def _repeating(nodes: list[Node], root: Node | None) -> tuple[dict[Node, Path], dict[Path, int]] | None:
    """One box for the longest run of operations that repeats a pattern."""
    kinds: dict[tuple[str, tuple[int, ...]], int] = {}
    codes = np.array([kinds.setdefault((operation(n), n.value.shape), len(kinds)) for n in nodes if n is not root])
    best = (0, 0, 0)
    for period in range(1, min(LONGEST_PATTERN, len(codes) // ALIKE) + 1):
        same = np.concatenate([[0], codes[period:] == codes[:-period], [0]]).astype(np.int8)
        edges = np.flatnonzero(np.diff(same))
        lengths = edges[1::2] - edges[::2]
        if lengths.size:
            longest = int(np.argmax(lengths))
            repeats = int(lengths[longest]) // period + 1
            if repeats >= ALIKE and repeats * period > best[0]:
                best = repeats * period, int(edges[::2][longest]), period
    length, start, period = best
    if not length:
        return None
    pattern = [operation(n) for n in nodes[start : start + period]]
    shown = pattern if period <= SHOWN else [*pattern[: SHOWN - 2], "…", pattern[-1]]
    box = (" → ".join(shown),)
    return dict.fromkeys(nodes[start : start + length], box), {box: length // period}
