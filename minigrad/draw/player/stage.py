"""The page that plays the backward pass: the drawing of the graph, and each step with its arrays."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

import numpy as np

from minigrad.backward import starting_gradient, sweep
from minigrad.draw import draw
from minigrad.draw.heatmap import MOST, NOT_FINITE, SHADES, cells, extent, levels
from minigrad.draw.page import Page
from minigrad.draw.player.arithmetic import inline
from minigrad.draw.player.mirror import Mirror
from minigrad.draw.player.steps import Flow, Step, steps
from minigrad.draw.text import summary
from minigrad.graph import Node, Value
from minigrad.text import number

NUMBERED = 8  # up to so many columns, a heatmap shows its numbers
TALLEST = 700  # pixels of a graph in a notebook; a taller one scrolls
PANEL = 330  # pixels of the arithmetic below the graph

STAGE = """\
<div id="picture" class="card" data-direction="{direction}" tabindex="0" role="group" aria-label="The graph">
{svg}
</div>
<div id="panel" aria-hidden="true"></div>"""


def page(f: Node, *, upstream: Any, direction: Literal["LR", "TB"], precision: int, max_nodes: int) -> Page:
    """The page of `minigrad.play`."""
    listed = steps(f, upstream=upstream, precision=precision, max_nodes=max_nodes)
    copy = _swept(f, upstream)
    picture = draw(copy, direction=direction, precision=precision, max_nodes=max_nodes, heatmaps=False)
    svg, height = _playable(picture.svg)
    here = Path(__file__)
    return Page(
        f"The backward pass of {listed[-1].label}",
        STAGE.format(svg=svg, direction=direction),
        [_shown(step, precision) for step in listed],
        script=here.with_name("play.js").read_text(encoding="utf-8"),
        style=here.with_name("play.css").read_text(encoding="utf-8") + _shading(),
        height=min(height, TALLEST) + PANEL,
    )


def _shading() -> str:
    """The style of heatmap cells: their shades, with white text on dark ones."""
    dark = (level for level in SHADES.values() if level < -5 or level == NOT_FINITE)
    return "".join(
        [f'.heat [data-level="{level}"] {{ background: {color}; }}\n' for color, level in SHADES.items()]
        + [f'.heat [data-level="{level}"] {{ color: white; }}\n' for level in dark]
    )


def _swept(f: Node, upstream: Any) -> Node:
    """A copy of the graph with the gradients of this sweep, so that the drawing has room for them."""
    copies = Mirror(f).twins
    for node, g in sweep(f, starting_gradient(f, upstream, "play")).items():
        copies[node].grad = g
    return copies[f]


def _playable(svg: str) -> tuple[str, int]:
    """A drawing that shrinks to its page, down to four fifths, and its height in pixels."""
    size = re.search(r' width="([\d.]+)pt" height="([\d.]+)pt"', svg)
    assert size, "the drawing does not say how large it is"
    width, height = (float(text) * 4 / 3 for text in size.groups())
    style = f' style="width: 100%; min-width: {0.8 * width:.0f}px; max-width: {width:.0f}px"'
    return svg.replace(size[0], style, 1), round(height)


def _shown(step: Step, precision: int) -> dict[str, Any]:
    """A step as the page reads it: texts, and heatmaps of its arrays."""
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
    return [shaded(name, x, precision) for name, x in arrays if np.ndim(x) and np.size(x)]


def _colours(value: Value, end: str) -> str:
    return f"white 0, orange {end}" if np.iscomplexobj(value) else f"blue −{end}, white 0, orange +{end}"


def shaded(name: str, value: Value, precision: int) -> dict[str, Any]:
    """An array as data for a heatmap in the shades of a drawing, with numbers if they are few.

    Examples
    --------
    >>> shaded("value", np.array([1.0, -2.0]), 2)["planes"]
    [{'rows': [[4, -8]], 'texts': [['1', '-2']]}]
    """
    tiles, note = cells(value, MOST if np.ndim(value) < 3 else 2 * MOST)
    scale = extent(tiles)
    small = tiles.shape[2] <= NUMBERED
    return {
        "name": name,
        "shape": str(np.shape(value)),
        "scale": number(scale, precision),
        "colours": _colours(value, number(scale, precision)),
        "planes": [
            {
                "rows": shown.tolist(),
                "texts": [[number(x, precision) for x in row] for row in plane] if small else [],
            }
            for shown, plane in zip(levels(tiles, scale), tiles, strict=True)
        ],
        "note": note,
    }
