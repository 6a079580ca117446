"""The rows of the picture of a flow: what each layer gives on, and the gradient that comes back to it."""

from __future__ import annotations

from typing import NamedTuple

from minigrad.backward import starting_gradient, sweep
from minigrad.draw.measures import norm, share_of_zeros
from minigrad.draw.names import operation
from minigrad.draw.still.repeats import Item, in_order
from minigrad.draw.still.steps import number_steps
from minigrad.draw.still.view import View
from minigrad.graph import Node

MOST = 64  # rows; of a deeper network, scopes or neighbours share one
FEW = 16


class Row(NamedTuple):
    """A layer, a scope or an operation outside all scopes.

    Attributes
    ----------
    name : str
        The scope, without what all scopes have in common; the operation.
    value, gradient : float
        Norm of the output, and of the gradient there.
    zeros : float
        Share of zeros in that gradient.
    parameters : int
        Number of elements of the parameters that it uses.
    size, slope : float
        Norm of these parameters, and of their gradient.
    """

    name: str
    value: float
    gradient: float
    zeros: float
    parameters: int
    size: float
    slope: float


def rows(root: Node) -> tuple[Row, ...]:
    """The rows of a graph, from the input to the result. The graph is only read; gradients it does not have are computed.

    Examples
    --------
    >>> import minigrad as mg
    >>> with mg.scope("layer"):
    ...     h = mg.Tensor([3.0, 4.0]) * 2.0
    >>> [(row.name, row.value, row.gradient) for row in rows(mg.sum(h * 0.5))]
    [('layer', 10.0, 0.7071067811865476), ('multiply', 5.0, 1.4142135623730951), ('sum', 7.0, 1.0)]
    """
    view = View.of(root)
    if root.grad is None:
        view.known = sweep(root, starting_gradient(root, None, "draw_flow"))
    number_steps(view)
    deepest = max((len(view.path(node)) for node in view.order), default=0)
    groups: list[Item] = []
    for depth in range(deepest, 0, -1) or (0,):
        coarser = in_order(view, view.order, lambda x, d=depth: view.path(x)[:d] or x)  # type: ignore[misc]
        if groups and len(coarser) < FEW:  # too little to see; rather share rows
            break
        groups = coarser
        if len(groups) <= MOST:
            break
    share = -(-len(groups) // MOST)
    merged = [groups[i : i + share] for i in range(0, len(groups), share)]
    return _described(view, merged)


def _described(view: View, groups: list[list[Item]]) -> tuple[Row, ...]:
    places = {item: k for k, group in enumerate(groups) for item in group}
    depth = max((len(item) for item in places if isinstance(item, tuple)), default=0)
    place = {node: places[view.path(node)[:depth] or node] for node in view.order}
    outputs: list[dict[Node, None]] = [{} for _ in groups]
    leaves: list[dict[Node, None]] = [{} for _ in groups]
    outputs[place[view.order[-1]]][view.order[-1]] = None
    for node, here in place.items():
        for x, _ in view.operands(node):
            if x is None:
                continue
            if x.op is None:
                if x.requires_grad:
                    leaves[here][x] = None
            elif place[x] != here:
                outputs[place[x]][x] = None
    common = _common([item for item in places if isinstance(item, tuple)])
    found = []
    for group, out, used in zip(groups, outputs, leaves, strict=True):
        gradients = [g for g in map(view.gradient, out) if g is not None]
        slopes = [g for g in map(view.gradient, used) if g is not None]
        found.append(
            Row(
                _name(view, group, common),
                norm([x.value for x in out]),
                norm(gradients),
                share_of_zeros(gradients),
                sum(x.value.size for x in used),
                norm([x.value for x in used]),
                norm(slopes),
            )
        )
    return tuple(found)


def _common(paths: list[tuple[str, ...]]) -> int:
    """The number of scopes that lie around all others, and around more than one."""
    if len(paths) < 2:
        return 0
    same = 0
    while all(len(path) > same + 1 and path[same] == paths[0][same] for path in paths):
        same += 1
    return same


def _name(view: View, group: list[Item], common: int) -> str:
    names = ["/".join(item[common:]) if isinstance(item, tuple) else view.name(item) or operation(item) for item in group]
    return names[0] if len(names) == 1 else f"{names[0]} … {names[-1]}"
