"""What a page that plays the backward pass consists of: the drawing of the graph, and each step with its arrays."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

import numpy as np

from minigrad.backward import sweep
from minigrad.draw import draw
from minigrad.draw.arithmetic import inline
from minigrad.draw.mirror import Mirror
from minigrad.draw.page import Page
from minigrad.draw.steps import Flow, Step, seed_of, steps
from minigrad.draw.text import number, summary
from minigrad.draw.theme import LIGHT
from minigrad.graph import Node, Value

CELLS = 16  # of a heatmap, in either direction
PLANES = 3  # side by side
NUMBERED = 8  # columns of a heatmap in which the numbers are written
TALLEST = 700  # pixels of a graph in a notebook; it scrolls
PANEL = 330  # pixels for the arithmetic below the graph

STAGE = """\
<div id="picture" class="card" data-direction="{direction}" tabindex="0" role="group" aria-label="The graph">
{svg}
</div>
<div id="panel" aria-hidden="true"></div>"""


def page(f: Node, *, upstream: Any, direction: Literal["LR", "TB"], precision: int, max_nodes: int) -> Page:
    """The page of `minigrad.play`, with its parameters."""
    listed = steps(f, upstream=upstream, precision=precision, max_nodes=max_nodes)
    copy = _swept(f, upstream)
    picture = draw(copy, direction=direction, precision=precision, max_nodes=max_nodes, heatmaps=False, theme="light")
    svg, height = _playable(picture.svg)
    here = Path(__file__)
    return Page(
        f"The backward pass of {listed[-1].label}",
        STAGE.format(svg=svg, direction=direction),
        [_shown(step, precision) for step in listed],
        script=here.with_name("play.js").read_text(encoding="utf-8"),
        style=here.with_name("play.css").read_text(encoding="utf-8"),
        height=min(height, TALLEST) + PANEL,
    )


def _swept(f: Node, upstream: Any) -> Node:
    """A copy of the graph that has the gradients of this sweep: its drawing has room for each of them."""
    copies = Mirror(f).twins
    for node, g in sweep(f, seed_of(f, upstream, "play")).items():
        copies[node].grad = g
    return copies[f]


def _playable(svg: str) -> tuple[str, int]:
    """A drawing in which values, gradients and local gradients can be told apart, and its height in pixels."""
    for color, name in ((LIGHT.value, "value"), (LIGHT.gradient, "gradient"), (LIGHT.local, "local")):
        svg = svg.replace(f' fill="{color}"', f' class="{name}" fill="{color}"')
    size = re.search(r' width="([\d.]+)pt" height="([\d.]+)pt"', svg)
    assert size, "the drawing does not say how large it is"
    width, height = (float(text) * 4 / 3 for text in size.groups())
    style = f' style="width: 100%; min-width: {0.8 * width:.0f}px; max-width: {width:.0f}px"'
    return svg.replace(size[0], style, 1), round(height)


def _shown(step: Step, precision: int) -> dict[str, Any]:
    """A step as the page needs it: texts, and heatmaps of its arrays."""
    values = [("value", step.value)] if step.kind in ("forward", "backward") else []
    upstream = [("upstream", step.upstream)] if step.kind in ("seed", "backward") else []
    return {
        "kind": step.kind,
        "text": step.text,
        "node": step.node,
        "label": step.label,
        "computation": step.computation,
        "known": [step.node] if step.kind == "forward" else list(step.inputs) if step.kind == "start" else [],
        "inputs": list(step.inputs) if step.kind == "forward" else [],
        "gradients": {id: list(summary(g, precision)) for id, g in (step.gradients or {}).items()},
        "upstream": "" if step.upstream is None else inline(step.upstream, precision),
        "flows": [_flow(flow, precision) for flow in step.flows],
        "arrays": _heatmaps([*values, *upstream], precision),
    }


def _flow(flow: Flow, precision: int) -> dict[str, Any]:
    token = number(flow.downstream, precision) if np.ndim(flow.downstream) == 0 else str(np.shape(flow.downstream))
    arrays = [("local", flow.local), ("downstream", flow.downstream), *([("sum", flow.total)] if flow.sum else [])]
    return {
        "edge": flow.edge,
        "label": flow.label,
        "rule": flow.rule,
        "caption": "local × upstream = downstream" if flow.local is not None else "",
        "product": flow.product,
        "broadcast": flow.broadcast,
        "sum": flow.sum,
        "token": token,
        "arrays": _heatmaps(arrays, precision),
    }


def _heatmaps(arrays: list[tuple[str, Value]], precision: int) -> list[dict[str, Any]]:
    return [heatmap(name, x, precision) for name, x in arrays if np.ndim(x) and np.size(x)]


def heatmap(name: str, value: Value, precision: int) -> dict[str, Any]:
    """An array as a small picture: rows of colours from -100 to 100, 0 in the middle, and what 100 stands for.

    A vector is a row. Of more than two axes, the first few planes of the last two are shown side by side. What is larger
    than the picture is averaged in blocks, and the note says so.

    Examples
    --------
    >>> heatmap("value", np.array([1.0, -2.0]), 2)["planes"]
    [{'rows': [[50, -100]], 'texts': [['1', '-2']]}]
    """
    array = np.atleast_2d(np.asarray(value, np.float64))
    planes = array.reshape(-1, *array.shape[-2:])
    rows, columns = (-(-n // CELLS) for n in planes.shape[1:])
    notes = [f"the first {PLANES} of {len(planes):,} planes"] if len(planes) > PLANES else []
    notes += [f"each cell the mean of {rows} × {columns} numbers"] if rows * columns > 1 else []
    with np.errstate(all="ignore"):
        cells = _blocks(_blocks(planes[:PLANES], rows, 1), columns, 2)
        scale = float(np.abs(cells[np.isfinite(cells)]).max(initial=0.0))
        percent = np.nan_to_num(100 * (cells / scale if scale else np.sign(cells)), nan=0.0, posinf=100, neginf=-100)
    small = cells.shape[2] <= NUMBERED
    return {
        "name": name,
        "shape": str(np.shape(value)),
        "scale": number(scale, precision),
        "planes": [
            {
                "rows": np.rint(shades).astype(int).tolist(),
                "texts": [[number(x, precision) for x in row] for row in plane] if small else [],
            }
            for shades, plane in zip(percent, cells, strict=True)
        ],
        "note": "; ".join(notes),
    }


def _blocks(array: Value, n: int, axis: int) -> Value:
    """The means of `n` after `n` along an axis."""
    if n == 1:
        return array
    starts = np.arange(0, array.shape[axis], n)
    counts = np.diff([*starts, array.shape[axis]]).reshape([-1 if k == axis else 1 for k in range(array.ndim)])
    return np.add.reduceat(array, starts, axis) / counts
