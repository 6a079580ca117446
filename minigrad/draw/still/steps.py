"""Scopes that are left and entered again: each time is a box of its own, so that no wire runs backward.

In an unrolled network, the cell of step 2 takes what the cell of step 1 gave. Drawn as one box, time would run in a circle.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable

from minigrad.draw.still.picture import Path
from minigrad.draw.still.view import View
from minigrad.graph import Node


def number_steps(view: View) -> None:
    """Give a scope that depends on an earlier time in it a cluster for each time: "cell, step 1", "cell, step 2", ….

    Parameters
    ----------
    view : View
        Changed in place; the graph is not.

    Examples
    --------
    >>> import minigrad as mg
    >>> h = mg.Tensor(1.0)
    >>> for _ in range(2):
    ...     with mg.scope("cell"):
    ...         h = mg.tanh(h)
    >>> view = View.of(h)
    >>> number_steps(view)
    >>> [view.path(node) for node in view.order]
    [('cell, step 1',), ('cell, step 2',)]
    """
    inside = [node for node in view.order if view.path(node)]
    depth = 0
    while inside:
        times: defaultdict[Path, set[int]] = defaultdict(set)  # of each scope of this depth
        for node in inside:
            times[view.path(node)[: depth + 1]].add(_entry(view, node, depth))
        often = {scope for scope, entries in times.items() if len(entries) > 1}
        circles = often and often & _in_circles(view, often, depth)
        number = {scope: {entry: k for k, entry in enumerate(sorted(times[scope]), 1)} for scope in circles}
        for node in inside if circles else ():
            path = view.path(node)
            if (scope := path[: depth + 1]) in circles:
                label = f"{scope[-1]}, step {number[scope][_entry(view, node, depth)]}"
                view.steps[label] = scope[-1]
                view.clusters[node] = (*path[:depth], label, *path[depth + 1 :])
        depth += 1
        inside = [node for node in inside if len(view.path(node)) > depth]


def _entry(view: View, node: Node, depth: int) -> int:
    entries = view.entries(node)
    return entries[depth] if depth < len(entries) else 0


def _in_circles(view: View, often: set[Path], depth: int) -> set[Path]:
    """The scopes that would have to come before themselves, or that lie between such ones."""
    parents = {scope[:depth] for scope in often}
    found: set[Path] = set()
    after: defaultdict[Hashable, set[Hashable]] = defaultdict(set)
    for node in view.order:
        path = view.path(node)
        if path[:depth] not in parents:
            continue
        here: Hashable = path[: depth + 1] if len(path) > depth else node
        for x, _ in view.operands(node):
            if x is None or x.op is None:
                continue
            other = view.path(x)
            if other[:depth] != path[:depth]:
                continue
            there: Hashable = other[: depth + 1] if len(other) > depth else x
            if (here is not there) if isinstance(here, Node) or isinstance(there, Node) else (here != there):
                after[there].add(here)
            elif path[: depth + 1] in often and _entry(view, x, depth) != _entry(view, node, depth):
                found.add(path[: depth + 1])
    return found | (often & _left_over(_left_over(after)).keys())


def _left_over(after: dict[Hashable, set[Hashable]]) -> dict[Hashable, set[Hashable]]:
    """A graph without what comes before all circles, its arrows reversed."""
    waiting = Counter(then for many in after.values() for then in many)
    ready = [one for one in after if not waiting[one]]
    done = set()
    while ready:
        one = ready.pop()
        done.add(one)
        for then in after.get(one, ()):
            waiting[then] -= 1
            if not waiting[then]:
                ready.append(then)
    back: defaultdict[Hashable, set[Hashable]] = defaultdict(set)
    for one, many in after.items():
        for then in many:
            if one not in done and then not in done:
                back[then].add(one)
    return back
