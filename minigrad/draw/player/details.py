"""Details of a clicked node: its operation, source line, gradient rules and full arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from minigrad.draw.document import script_json
from minigrad.draw.names import arguments, operation
from minigrad.draw.player.labels import Labels, symbols
from minigrad.draw.still.picture import Description
from minigrad.draw.text import shape_and_dtype
from minigrad.graph import Node, Value
from minigrad.text import number

FULL = 1_000  # elements of an array that are written out
ALL = 50_000  # elements of all arrays in a page


def details(
    ids: Mapping[Node, str],
    picture: Description,
    called: Labels,
    gradient: Callable[[Node], Value | None],
    precision: int | str,
) -> str:
    """The details of every drawn node, as a script element with JSON.

    Parameters
    ----------
    ids : mapping
        Where each node of the graph is drawn.
    picture : Description
        The picture.
    called : Labels
        What the nodes are called.
    gradient : callable
        The gradient of a node, or None.
    precision : int or str
        Decimals of the numbers in the picture, or a format; arrays have two more.
    """
    room = [ALL]
    drawn = {node.id: node for node in picture.nodes}
    own = {id: node for node, id in ids.items() if drawn[id].kind != "scope"}
    digits = precision + 2 if isinstance(precision, int) else precision
    found: dict[str, Any] = {}
    for id, shown in drawn.items():
        node = own.get(shown.stub_of or id)
        words = [line for line in shown.tooltip.split("\n") if line]
        if node is None:
            found[id] = {"words": words}
            continue
        arrays = [("value", node.value), ("gradient", gradient(node))]
        tracked = [] if shown.title.startswith("Σ") else [x is not None and x.requires_grad for x in node.inputs]
        found[id] = {
            "label": called[node],
            "words": _words(node),
            "rules": [symbols(node, i, called) for i, here in enumerate(tracked) if here],
            "arrays": [_table(name, array, digits, room) for name, array in arrays if array is not None],
        }
    return f'<script type="application/json" id="data">{script_json(found)}</script>'


def _words(node: Node) -> list[str]:
    """The operation of a node, and the line of source that made it."""
    if node.op is None:
        return ["a leaf" if node.requires_grad else "a constant"]
    site = node.origin.site if node.origin is not None else ""
    return [f"{operation(node)} {arguments(node.op, node.static)}".strip(), *([site] if site else [])]


def _table(name: str, value: Any, precision: int | str, room: list[int]) -> dict[str, Any]:
    """An array as rows of its last axis, written out; of a large one, the first elements."""
    array = np.asarray(value)
    count = min(array.size, FULL, room[0])
    room[0] -= count
    wide = array.shape[-1] if array.ndim else 1
    texts = [number(x, precision) for x in array.ravel()[:count]]
    rows = [texts[k : k + wide] for k in range(0, count, max(wide, 1))]
    note = f"the first {count:,} of {array.size:,} elements" if count < array.size else ""
    return {"name": name, "shape": shape_and_dtype(array), "rows": rows, "note": note}
