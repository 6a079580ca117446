"""Boxes in boxes: the scopes of a picture, so that no wire leaves a box and comes back to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from minigrad.draw.still.picture import Description, DrawnEdge, Path


@dataclass(eq=False)
class Net:
    """The wire from one node to all that use it, as seen at one level: it branches on its way.

    Attributes
    ----------
    tail : str
        The id of the node it comes from.
    source : str, Box or None
        Where it starts; None if it comes from outside.
    sinks : list
        The nodes and boxes that it leads to.
    leaves : bool
        Whether it also leads out of the box.
    """

    tail: str
    source: str | Box | None
    sinks: list[str | Box] = field(default_factory=list)
    leaves: bool = False


@dataclass(eq=False)
class Box:
    """A frame around nodes and other boxes, or the whole picture.

    Attributes
    ----------
    path : tuple of str
        The scope.
    title : str
        Its name.
    children : list
        Nodes by their ids and boxes, each after those it depends on.
    nets : dict
        The wires between the children, by the ids of the nodes that they come from.
    """

    path: Path
    title: str = ""
    children: list[str | Box] = field(default_factory=list)
    nets: dict[str, Net] = field(default_factory=dict)

    def walk(self) -> Iterator[Box]:
        """The box and all boxes in it, each after the one around it."""
        yield self
        for child in self.children:
            if isinstance(child, Box):
                yield from child.walk()


def directed(edge: DrawnEdge, place: dict[str, int]) -> tuple[str, str]:
    """The ends of an edge in the direction of the picture, even if the edge runs against it."""
    return (edge.tail, edge.head) if place[edge.tail] <= place[edge.head] else (edge.head, edge.tail)


def ordered(picture: Description) -> dict[str, int]:
    """The place of each node after its inputs, otherwise as they are listed; edges that close a cycle run back.

    Examples
    --------
    >>> from minigrad.draw.still.picture import DrawnEdge, DrawnNode
    >>> a, b = DrawnNode("a", "op", "+"), DrawnNode("b", "op", "+")
    >>> ordered(Description("", (a, b), (DrawnEdge("", "b", "a"),)))
    {'b': 0, 'a': 1}
    """
    inputs: dict[str, list[str]] = {node.id: [] for node in picture.nodes}
    for edge in picture.edges:
        inputs[edge.head].append(edge.tail)
    entered: set[str] = set()
    places: dict[str, int] = {}
    for start in inputs:
        waiting = [start]
        while waiting:
            id = waiting[-1]
            if id not in entered:
                entered.add(id)
                waiting += [x for x in reversed(inputs[id]) if x not in entered]
            else:
                waiting.pop()
                places.setdefault(id, len(places))
    return places


def nested(picture: Description, place: dict[str, int]) -> tuple[Box, dict[str, list[str | Box]]]:
    """The boxes of a picture, with their wires.

    Parameters
    ----------
    picture : Description
        The picture.
    place : dict
        The place of each node in an order in which wires run one way.

    Returns
    -------
    Box
        The whole.
    dict
        For each node, the boxes around it, outermost first, and the node.
    """
    ends = dict.fromkeys(directed(edge, place) for edge in picture.edges if edge.tail != edge.head)
    scopes = {node.id: node.scope for node in picture.nodes}
    inputs: dict[str, list[str]] = {id: [] for id in scopes}
    for tail, head in ends:
        inputs[head].append(tail)
    root = Box(())
    homes: dict[str | Box, Box] = {}
    waiting = [(root, sorted(scopes, key=place.__getitem__))]
    while waiting:
        box, ids = waiting.pop()
        runs = list(_runs(ids, inputs, scopes, len(box.path)))
        times, seen = Counter(name for name, _ in runs if name), Counter[str]()
        for name, members in runs:
            if not name:
                box.children += members
                homes.update(dict.fromkeys(members, box))
                continue
            seen[name] += 1
            title = f"{name}, step {seen[name]}" if times[name] > 1 else name
            inner = Box((*box.path, name), title)
            homes[inner] = box
            box.children.append(inner)
            waiting.append((inner, members))
    chains = {id: _around(id, homes) for id in scopes}
    for tail, head in ends:
        _connect(tail, head, chains)
    return root, chains


def _runs(
    ids: Sequence[str], inputs: dict[str, list[str]], scopes: dict[str, Path], depth: int
) -> Iterator[tuple[str, list[str]]]:
    """The nodes of a box by the scope inside it, in an order in which wires run one way.

    A scope comes in several runs only if something outside it lies between two of its nodes.
    """
    names = {id: scopes[id][depth] if len(scopes[id]) > depth else "" for id in ids}
    group: dict[str, str | tuple[str]] = {id: (names[id],) if names[id] else id for id in ids}
    members: dict[str | tuple[str], list[str]] = {}
    for id in ids:
        members.setdefault(group[id], []).append(id)
    before = {key: sum(group.get(x, key) != key for id in inside for x in inputs[id]) for key, inside in members.items()}
    users: dict[str, list[str]] = {id: [] for id in ids}
    for id in ids:
        for x in inputs[id]:
            if x in users:
                users[x].append(id)
    ready = [key for key, count in before.items() if not count]
    done: set[str] = set()
    position = 0
    while len(done) < len(ids):
        if position < len(ready):
            key = ready[position]
            position += 1
            run = [id for id in members[key] if id not in done]
        else:  # every scope waits for another: the first is entered as far as possible
            run, key = _started(ids, inputs, names, group, done)
        done.update(run)
        if run:
            yield names[run[0]], run
        for id in run:
            for user in users[id]:
                if group[user] != key:
                    before[group[user]] -= 1
                    if not before[group[user]]:
                        ready.append(group[user])


def _started(
    ids: Sequence[str],
    inputs: dict[str, list[str]],
    names: dict[str, str],
    group: dict[str, str | tuple[str]],
    done: set[str],
) -> tuple[list[str], str | tuple[str]]:
    """The nodes of a scope that depend on nothing that is still to come, and the scope."""
    here = set(names)
    run: list[str] = []
    taken: set[str] = set()
    for id in ids:
        if id in done or (run and group[id] != group[run[0]]):
            continue
        if all(x in done or x in taken or x not in here for x in inputs[id]):
            run.append(id)
            taken.add(id)
    return run, group[run[0]]


def _around(id: str, homes: dict[str | Box, Box]) -> list[str | Box]:
    """A node and the boxes around it, outermost first."""
    chain: list[str | Box] = [id]
    while chain[-1] in homes:
        chain.append(homes[chain[-1]])
    return chain[::-1]


def _connect(tail: str, head: str, chains: dict[str, list[str | Box]]) -> None:
    """Add an edge to the nets of every box that it runs through."""
    out, into = chains[tail], chains[head]
    common = next(k for k, (a, b) in enumerate(zip(out, into, strict=False)) if a is not b) - 1
    _net(out[common], tail, out[common + 1], into[common + 1])
    for box, source in zip(out[common + 1 : -1], out[common + 2 :], strict=True):
        _net(box, tail, source, None)
    for box, sink in zip(into[common + 1 : -1], into[common + 2 :], strict=True):
        _net(box, tail, None, sink)


def _net(box: str | Box, tail: str, source: str | Box | None, sink: str | Box | None) -> None:
    assert isinstance(box, Box)
    net = box.nets.setdefault(tail, Net(tail, source))
    if sink is None:
        net.leaves = True
    elif sink not in net.sinks:
        net.sinks.append(sink)
