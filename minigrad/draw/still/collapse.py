"""Boxes in the drawing of a large graph: for a scope, equal scopes, equal units, a repeating pattern, or everything."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from itertools import groupby

from minigrad.draw.names import operation
from minigrad.draw.still.picture import Options, Path
from minigrad.draw.still.repeats import ALIKE, Item, in_order, longest_repetition, units
from minigrad.draw.still.view import View
from minigrad.graph import Node
from minigrad.text import shorten

FEW = 8  # up to so many leaves are drawn beside a box of a whole graph
FEW_USES = 5  # a leaf that is used more often is drawn once more at each use, by its name
ROLLED = 3  # beyond this part of the limit of nodes, equal scopes that follow one another are drawn as a few
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
        Leaves that are drawn inside the boxes that use them, and these boxes: one, or the steps of one scope.
    times : dict
        The number of equal parts that a box stands for.
    titles : dict
        The title of a box, if it is not the last part of its path, and a line on its parts.
    users : dict
        The scopes of the operations that use a leaf.
    inputs : set
        Tracked leaves that enter scopes from outside: no parameters of a layer.
    openers : set
        The first operation of each scope: an array that is its first operand comes from outside.
    stubs : dict
        Leaves that are drawn at each use, and how many operations use them.
    crowded : bool
        Whether more nodes than allowed are left even so, since one operation has so many leaves.
    """

    homes: dict[Path, Path] = field(default_factory=dict)
    bare: dict[Node, Path] = field(default_factory=dict)
    folded: dict[Node, set[Path]] = field(default_factory=dict)
    times: dict[Path, int] = field(default_factory=dict)
    titles: dict[Path, tuple[str, str]] = field(default_factory=dict)
    users: dict[Node, set[Path]] = field(default_factory=dict)
    inputs: set[Node] = field(default_factory=set)
    openers: set[Node] = field(default_factory=set)
    stubs: dict[Node, int] = field(default_factory=dict)
    crowded: bool = False

    def around(self, leaf: Node) -> set[Path]:
        """The clusters of the operations that use a parameter; what enters from outside is in none."""
        if leaf in self.inputs or not leaf.requires_grad:
            return {()}
        return {self.homes[where][:-1] if where in self.homes else where for where in self.users.get(leaf, {()})}

    def of(self, node: Node, where: Path) -> Path:
        """The path of the box of an operation in some clusters; empty if it is drawn by itself."""
        return self.homes.get(where, ()) if where and self.homes else self.bare.get(node, ())


@dataclass
class _Graph:
    """The properties of a graph that decide on its boxes."""

    view: View
    scopes: dict[Path, int] = field(default_factory=dict)  # in order, with a hash of the operations in each
    users: dict[Node, set[Path]] = field(default_factory=dict)  # of each leaf
    bare: list[Node] = field(default_factory=list)
    outside: list[tuple[Node, Node]] = field(default_factory=list)  # operations in no scope, and leaves that they use
    entries: dict[Path, Node | None] = field(default_factory=dict)  # the first input of the first operation
    openers: set[Node] = field(default_factory=set)  # the first operation of each scope
    named: set[Node] = field(default_factory=set)  # leaves
    inputs: set[Node] = field(default_factory=set)  # leaves that are no parameters of the scopes that use them

    @classmethod
    def of(cls, view: View) -> _Graph:
        graph = cls(view)
        for node in view.order:
            where = view.path(node)
            if where not in graph.entries:
                graph.entries[where] = next(x for x, _ in view.operands(node))
                graph.openers.add(node)
            if where:
                graph.scopes[where] = hash((graph.scopes.get(where, 0), operation(node), node.value.shape))
            else:
                graph.bare.append(node)
            for x, _ in view.operands(node):
                if x is not None and x.op is None:
                    graph.users.setdefault(x, set()).add(where)
                    if not where:
                        graph.outside.append((node, x))
        graph.named = {leaf for leaf in graph.users if view.name(leaf)}
        first = {x for where, x in graph.entries.items() if where}
        modules = {where for x, users in graph.users.items() if x.origin is not None for where in users if where}
        graph.inputs = {x for x, users in graph.users.items() if x.origin is None and (x in first or users & modules)}
        return graph

    def chosen(self, given: Boxes) -> Boxes:
        """A choice of boxes, before leaves are folded into them."""
        return replace(given, folded={}, users=self.users, inputs=self.inputs, openers=self.openers)


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
    graph, most = _Graph.of(view), options.max_nodes
    chosen: Boxes | None = None
    for candidate in _candidates(graph, options):
        if chosen and (chosen.homes, chosen.bare) == (candidate.homes, candidate.bare):
            continue  # nothing new
        chosen = candidate
        for all_ in (False, True) if _operations(view, candidate, most) <= most else ():
            chosen = graph.chosen(candidate)
            _fold(chosen, graph, all_)
            if _count(view, chosen, most) <= most:
                return chosen
    _fold(chosen := replace(graph.chosen(chosen or Boxes()), crowded=True), graph, True)
    _count(view, chosen, len(view.order))
    return chosen


def _candidates(graph: _Graph, options: Options) -> Iterator[Boxes]:
    """Candidates, from only the boxes that were asked for to one box for everything."""
    view = graph.view
    first = _named(graph, options.collapse)
    deepest = max(map(len, graph.scopes), default=0)
    if options.depth is not None:
        yield _closed(graph, first, options.depth + 1)
        deepest = min(deepest, options.depth)
    else:
        few = options.max_nodes if options.collapse else options.max_nodes // ROLLED
        first = first if _count(view, first, few) <= few else _merged(graph, first)
        yield first
    for depth in range(deepest, 0, -1):
        yield _closed(graph, first, depth)
    rest = _closed(graph, first, 1)
    outside = [node for node in graph.bare if node is not view.root]
    yield _equal_units(rest, view, outside, options.max_nodes)
    yield from _repeated(rest, view)
    yield _stretches(rest, view)
    yield Boxes(dict.fromkeys(graph.scopes, EVERYTHING), dict.fromkeys(outside, EVERYTHING))


def _named(graph: _Graph, collapse: bool | tuple[str, ...]) -> Boxes:
    """Boxes for the scopes to collapse: all, or those of these names, with or without the scopes around them."""
    if collapse is True:
        return _merged(graph, _closed(graph, Boxes(), 1))
    homes, wanted = {}, set(collapse or ())
    for where in graph.scopes if wanted else ():
        names = [graph.view.steps.get(part, part) for part in where]  # of whichever step
        for depth in range(1, len(where) + 1):
            if {where[depth - 1], names[depth - 1], "/".join(where[:depth]), "/".join(names[:depth])} & wanted:
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
    return replace(given, homes=homes)


def _merged(graph: _Graph, given: Boxes) -> Boxes:
    """One box for all but the first and last of adjacent scopes with the same operations, the outermost scopes first."""
    view, merged, closed = graph.view, replace(given, homes=dict(given.homes)), set(given.homes.values())
    merged.times, merged.titles = dict(given.times), dict(given.titles)
    inside: defaultdict[Path, list[tuple[Path, int]]] = defaultdict(list)
    for where, content in graph.scopes.items():
        for depth in range(1, len(where) + 1):
            inside[where[:depth]].append((where[depth:], content))
    nodes: defaultdict[Path, list[Node]] = defaultdict(list)
    for node in view.order:
        where = view.path(node)
        for depth in range(len(where) + 1):
            nodes[where[:depth]].append(node)
    waiting: list[Path] = [()]
    while waiting:
        parent = waiting.pop()
        depth = len(parent) + 1
        if not any(len(view.path(node)) >= depth for node in nodes[parent]):
            continue
        row = in_order(view, nodes[parent], lambda x, d=depth: view.path(x)[:d] if len(view.path(x)) >= d else x)  # type: ignore[misc]
        for alike, run in groupby(row, key=lambda x: tuple(sorted(inside[x])) if isinstance(x, tuple) else None):
            group = [x for x in run if isinstance(x, tuple)]
            middle = group[1:-1] if alike is not None and len(group) >= ALIKE else []
            waiting += [x for x in ((group[0], group[-1]) if middle else group) if x not in closed]
            if not middle:
                continue
            names = [x[-1] for x in middle]
            box = (*parent, f"{shorten(names[0])} … {shorten(names[-1])}")
            if len(same := {view.steps.get(name, "") for name in names}) == 1 and any(same):
                merged.titles[box] = same.pop(), box[-1]
            merged.times[box] = len(middle)
            merged.homes |= {(*x, *rest): box for x in middle for rest, _ in inside[x]}
    return merged


def _equal_units(given: Boxes, view: View, outside: list[Node], most: int) -> Boxes:
    """One box for the equal units of a layer, written as single numbers."""
    bare: dict[Node, Path] = {}
    times, titles = dict(given.times), dict(given.titles)
    for k, (name, count, members) in enumerate(units(view, outside, given.homes, most), 1):
        box = (f"units {k}",)
        titles[box], times[box] = (name, ""), count
        bare.update(dict.fromkeys(members, box))
    return replace(given, bare=bare, times=times, titles=titles)


def _repeated(given: Boxes, view: View) -> Iterator[Boxes]:
    """One box for all but the first and last of the longest stretch, of operations and boxes, that repeats a pattern."""
    row = _row(given, view)
    names = {box: given.titles.get(box, (view.steps.get(box[-1], box[-1]), ""))[0] for box in row if isinstance(box, tuple)}
    content: Counter[Path] = Counter()
    for node in view.order:
        if home := given.homes.get(view.path(node)):
            content[home] = hash((content[home], operation(node), node.value.shape))
    kinds = [(names[x], content[x]) if isinstance(x, tuple) else (operation(x), x.value.shape) for x in row]
    found = longest_repetition(kinds)
    if found is None:
        return
    start, period, count = found
    pattern = [str(name) for name, _ in kinds[start : start + period]]
    shown = pattern if period <= SHOWN else [*pattern[: SHOWN - 2], "…", pattern[-1]]
    box: Path = (" → ".join(shown),)
    for ends in (1, 0):  # with the first and the last drawn, or all in one
        stretch = row[start + ends * period : start + (count - ends) * period]
        inside = set(stretch)
        homes = {where: box if home in inside else home for where, home in given.homes.items()}
        bare = dict.fromkeys((x for x in stretch if isinstance(x, Node)), box)
        times = {b: n for b, n in given.times.items() if b not in inside} | {box: count - 2 * ends}
        yield replace(given, homes=homes, bare=bare, times=times)


def _stretches(given: Boxes, view: View) -> Boxes:
    """One box for each stretch of operations between the boxes of scopes."""
    bare: dict[Node, Path] = {}
    for is_box, run in groupby(_row(given, view), key=lambda x: isinstance(x, tuple)):
        if not is_box:
            many = len(set(bare.values()))
            box = (f"operations {many + 1}",) if many else EVERYTHING
            bare.update((x, box) for x in run if isinstance(x, Node))
    return replace(given, bare=bare)


def _row(given: Boxes, view: View) -> list[Item]:
    """The boxes of scopes, and the operations outside them except the result, each after those that it depends on."""
    row = in_order(view, view.order, lambda x: given.homes.get(view.path(x), x)) if given.homes else list(view.order)
    return [x for x in row if x is not view.root]


def _fold(chosen: Boxes, graph: _Graph, all_: bool) -> None:
    """Draw leaves inside the box that uses them: the parameters of a scope, of all its steps, and with `all_` every other.

    Without `all_`, the first input of the first operation counts as the input of the box and stays outside.
    """
    first: dict[Path, Node | None] = {}
    for where in graph.scopes:
        if where in chosen.homes:
            first.setdefault(chosen.homes[where], graph.entries[where])
    outside = set() if all_ else {*first.values(), *graph.inputs}
    homes = {leaf: {chosen.homes.get(where, ()) for where in users if where} for leaf, users in graph.users.items()}
    shown: Collection[Node] = homes if len(homes) <= FEW else graph.named if len(graph.named) <= FEW else ()
    for node, x in graph.outside:
        homes[x].add(() if x in shown and not all_ else chosen.bare.get(node, ()))
    steps = graph.view.steps
    for leaf, home in homes.items():
        one = len({(*box[:-1], steps.get(box[-1], chosen.titles.get(box, box[-1:])[0])) for box in home if box}) == 1
        inner = all_ or leaf.requires_grad or all(box in chosen.times for box in home)
        if one and () not in home and leaf not in outside and inner:
            chosen.folded[leaf] = home


def _operations(view: View, chosen: Boxes, most: int) -> int:
    """The number of operations and boxes drawn; it counts no further than to more than `most`."""
    alone, seen = 0, set()
    for node in view.order:
        if home := chosen.of(node, view.path(node)):
            seen.add(home)
        else:
            alone += 1
        if alone + len(seen) > most:
            break
    return alone + len(seen)


def _count(view: View, chosen: Boxes, most: int) -> int:
    """The number of nodes drawn; it counts no further than to more than `most`."""
    count, seen = 0, set()
    heads: dict[Node, set[Item]] = {}
    uses: Counter[Node] = Counter()
    for node in view.order:
        home = chosen.of(node, view.path(node))
        if home:
            seen.add(home)
        for x, v in view.operands(node):
            if x is None:
                count += not home and v is not None
            elif x.op is None and x not in chosen.folded:
                heads.setdefault(x, set()).add(home or node)
                uses[x] += 1
        count += not home
        if count > most:
            return count
    chosen.stubs = {x: uses[x] for x, users in heads.items() if len(users) > 1 and uses[x] > FEW_USES}
    return count + len(seen) + sum(len(users) if x in chosen.stubs else 1 for x, users in heads.items())
