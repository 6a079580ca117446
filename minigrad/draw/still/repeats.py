"""Repetition in a graph: what comes in a row, a pattern that repeats, units that are alike."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from minigrad.draw.names import operation
from minigrad.draw.still.picture import Path
from minigrad.draw.still.view import View
from minigrad.graph import Node

ALIKE = 4  # so many parts that are alike become one box
LONGEST_PATTERN = 64  # operations

Item: TypeAlias = Path | Node
"""A box of a scope, or an operation."""


def in_order(view: View, nodes: Sequence[Node], item: Callable[[Node], Item]) -> list[Item]:
    """The items of some operations, each after those that it depends on: any stretch of them can be one box.

    An item that depends on itself, in a circle through others, stands where it is met first.
    """
    inside = set(nodes)
    before: dict[Item, dict[Item, None]] = {}
    for node in nodes:
        needs = before.setdefault(item(node), {})
        for x, _ in view.operands(node):
            if x in inside:
                needs[item(x)] = None
    order: list[Item] = []
    seen: set[Item] = set()
    for start in before:
        stack = [(start, False)]
        while stack:
            one, done = stack.pop()
            if done:
                order.append(one)
            elif one not in seen:
                seen.add(one)
                stack.append((one, True))
                stack += [(need, False) for need in reversed(before[one]) if need not in seen]
    return order


def longest_repetition(kinds: Sequence[Hashable]) -> tuple[int, int, int] | None:
    """The longest stretch that repeats a pattern: its start, the length of the pattern, and how often it comes.

    Examples
    --------
    >>> longest_repetition("xabababab")
    (1, 2, 4)
    """
    numbers: dict[Hashable, int] = {}
    codes = np.array([numbers.setdefault(kind, len(numbers)) for kind in kinds])
    best, found = 0, None
    for period in range(1, min(LONGEST_PATTERN, len(codes) // ALIKE) + 1):
        same = np.concatenate([[0], codes[period:] == codes[:-period], [0]]).astype(np.int8)
        edges = np.flatnonzero(np.diff(same))
        lengths = edges[1::2] - edges[::2]
        if lengths.size:
            longest = int(np.argmax(lengths))
            repeats = int(lengths[longest]) // period + 1
            if repeats >= ALIKE and repeats * period > best:
                best, found = repeats * period, (int(edges[::2][longest]), period, repeats)
    return found


def units(view: View, nodes: Sequence[Node], homes: Mapping[Path, Path], most: int) -> Iterator[tuple[str, int, list[Node]]]:
    """Units that are computed alike, such as the neurons of a layer: the last operation, how many, and their operations.

    Two operations are alike if they and all that they are computed from have the same operations and shapes. An operation
    whose result only one unit uses is part of that unit. Since an operation is never alike to what it is computed from, the
    boxes of units depend on each other in one direction.

    Parameters
    ----------
    view : View
        The graph.
    nodes : sequence of Node
        Where to look; each after its inputs.
    homes : mapping
        The boxes of scopes.
    most : int
        If more operations than this have too few that are alike, there are no units.

    Examples
    --------
    >>> from minigrad import Tensor, tanh
    >>> x = y = Tensor(1.0)
    >>> for i in range(5):
    ...     y = y + tanh(x * Tensor(0.1 * i))
    >>> view = View.of(y)
    >>> [(name, count, len(members)) for name, count, members in units(view, view.order, {}, 10)]
    [('tanh', 5, 10)]
    """
    numbers: dict[Hashable, int] = {}
    kind: dict[Node, int] = {}
    user: dict[Node, Node] = {}
    members: defaultdict[int, list[Node]] = defaultdict(list)
    for node in nodes:
        inputs: list[Hashable] = []
        for x, _ in view.operands(node):
            if x in kind:
                inputs.append(kind[x])
                user[x] = node
            elif x is None or x.op is None:
                inputs.append("leaf" if x is not None and x.requires_grad else "constant")
            else:
                inputs.append(homes.get(view.path(x), x))
        same = (operation(node), node.value.shape, *inputs)
        kind[node] = numbers.setdefault(same, len(numbers))
        members[kind[node]].append(node)
    if sum(len(alike) for alike in members.values() if len(alike) < ALIKE) > most:
        return
    uses = Counter(x for node in view.order for x in {x for x, _ in view.operands(node)} if x in kind)
    heads: dict[int, int] = {}  # of each kind, the kind of the last operation of its unit
    for one in sorted(members, reverse=True):  # users before what they use
        after = {heads[kind[user[x]]] if uses[x] == 1 and x in user else -1 for x in members[one]}
        then = after.pop()
        heads[one] = one if after or then < 0 or len(members[then]) < ALIKE else then
    for head in members:
        if heads[head] == head and len(members[head]) >= ALIKE:
            parts = [node for one, to in heads.items() if to == head for node in members[one]]
            yield operation(members[head][0]), len(members[head]), parts
