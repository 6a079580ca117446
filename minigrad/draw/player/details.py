"""Details of a clicked node: its operation, source line, gradient rules and full arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from minigrad.draw.document import script_json
from minigrad.draw.names import arguments, operation
from minigrad.draw.player.labels import Labels, symbols
from minigrad.draw.player.places import Places
from minigrad.draw.text import shape_and_dtype
from minigrad.graph import Node, Value
from minigrad.text import number

FULL = 1_000  # elements of an array that are written out
ALL = 50_000  # elements of all arrays in a page


def details(places: Places, gradients: Mapping[Node, Value], precision: int) -> str:
    """The details of every drawn node, as a script element with JSON."""
    called, room = Labels(), [ALL]
    own = {id: node for node, id in places.ids.items() if places.drawn[id].kind != "scope"}
    found: dict[str, Any] = {}
    for id, drawn in places.drawn.items():
        node = own.get(drawn.stub_of or id)
        if node is None:
            found[id] = {"words": [line for line in drawn.tooltip.split("\n") if line]}
            continue
        arrays = [("value", node.value), *([("gradient", gradients[node])] if node in gradients else [])]
        found[id] = {
            "label": called[node],
            "words": _words(node),
            "rules": [symbols(node, i, called) for i, x in enumerate(node.inputs) if x is not None and x.requires_grad],
            "arrays": [_table(name, array, precision, room) for name, array in arrays],
        }
    return f'<script type="application/json" id="data">{script_json(found)}</script>'


def _words(node: Node) -> list[str]:
    """The operation of a node, and the line of source that made it."""
    if node.op is None:
        return ["a leaf" if node.requires_grad else "a constant"]
    site = node.origin.site if node.origin is not None else ""
    return [f"{operation(node)} {arguments(node.op, node.static)}".strip(), *([site] if site else [])]


def _table(name: str, value: Any, precision: int, room: list[int]) -> dict[str, Any]:
    """An array as rows of its last axis, written out; of a large one, the first elements."""
    array = np.asarray(value)
    count = min(array.size, FULL, room[0])
    room[0] -= count
    wide = array.shape[-1] if array.ndim else 1
    texts = [number(x, precision + 2) for x in array.ravel()[:count]]
    rows = [texts[k : k + wide] for k in range(0, count, max(wide, 1))]
    note = f"the first {count:,} of {array.size:,} elements" if count < array.size else ""
    return {"name": name, "shape": shape_and_dtype(array), "rows": rows, "note": note}
