"""The page that plays the backward pass: the drawing of the graph, and each step with its arrays."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from minigrad.backward import starting_gradient, sweep
from minigrad.draw import Drawing, several
from minigrad.draw.heatmap import MOST, NOT_FINITE, SHADES, cells, extent, levels
from minigrad.draw.limits import MOST_DECIMALS, check_integers, check_look
from minigrad.draw.names import names_given
from minigrad.draw.page import Page
from minigrad.draw.player.arithmetic import inline
from minigrad.draw.player.details import details
from minigrad.draw.player.labels import Labels
from minigrad.draw.player.mirror import mirrored
from minigrad.draw.player.places import Places
from minigrad.draw.player.steps import Flow, Step, told
from minigrad.draw.still.describe import described
from minigrad.draw.still.expand import expand as open_up
from minigrad.draw.still.picture import Options
from minigrad.draw.still.view import View
from minigrad.draw.text import summary
from minigrad.draw.viewer import card, playable, viewer
from minigrad.graph import Node, Value
from minigrad.text import number

NUMBERED = 8  # up to so many columns, a heatmap shows its numbers
TALLEST = 560  # pixels of a graph in a notebook; a taller one scrolls
BROAD = 1100  # pixels of a wide cell of a notebook
FRAME, PANEL = 70, 190  # pixels of the tools and around the drawing, and at least of the arithmetic
LINE, ROW = 23, 21  # pixels of a line of text, and of a row of a heatmap with numbers


def page(
    f: Node,
    *,
    upstream: Any,
    direction: Literal["LR", "TB"],
    precision: int,
    theme: Literal["auto", "light", "dark"],
    names: Mapping[str, Any] | None,
    expand: bool | str | Node | Collection[str | Node],
    max_nodes: int,
) -> Page:
    """The page of `minigrad.play`."""
    seed = starting_gradient(f, upstream, "play")
    check_look("play", direction, theme)
    check_integers("play", precision=(precision, 0, MOST_DECIMALS), max_nodes=(max_nodes, 1, None))
    sweep(f, seed)  # refuses a graph that was freed or updated, which a copy would not show
    view = View.of(f)
    view.names.update(names_given("play", names))
    if expand:
        open_up(view, several("play", "expand", expand, (str, Node)))
    root = mirrored(view)[view.drawn(f)]
    shown_as = View.of(root)
    shown_as.known.update(sweep(root, seed))  # so that the drawing has room for the gradients
    picture, ids = described(shown_as, Options(heatmaps=False, precision=precision, max_nodes=max_nodes))
    places = Places(root, picture, ids)
    listed = told(root, seed, places, precision)
    drawing = Drawing(picture, direction, theme)
    svg, wide, high = playable(drawing.svg)
    shown = [_shown(step, precision) for step in listed]
    here = Path(__file__)
    style, script = viewer()
    shared = details(places.ids, picture, Labels(order=places.order), shown_as.known.get, precision)
    return Page(
        f"The backward pass of {listed[-1].label}",
        card(svg, direction, shared, '<div id="panel"></div>\n'),
        shown,
        script=script + here.with_name("play.js").read_text(encoding="utf-8"),
        style=style + here.with_name("play.css").read_text(encoding="utf-8") + _shading(),
        height=min(round(high * min(1, BROAD / wide)), TALLEST) + FRAME + max(PANEL, *map(_height, shown)),
        theme=theme,
        still=drawing.svg,
    )


def _height(step: Mapping[str, Any]) -> int:
    """The approximate height in pixels of the arithmetic of a step, in a notebook."""

    def arrays(listed: Any) -> int:
        tall = (max(len(p["rows"]) * (ROW if p["texts"] else 11) for p in array["planes"]) for array in listed)
        return max(tall, default=-50) + 50

    def lines(flow: Any) -> int:
        return (
            16
            + LINE * sum(map(bool, ("rule", flow["caption"], "product", flow["broadcast"], flow["sum"])))
            + arrays(flow["arrays"])
        )

    flows = [lines(flow) for flow in step["flows"]]
    beside = 3
    return 2 * LINE + arrays(step["arrays"]) + sum(max(flows[k : k + beside]) for k in range(0, len(flows), beside))


def _shading() -> str:
    """The style of heatmap cells: their shades, with white text on dark ones."""
    dark = (level for level in SHADES.values() if level < -5 or level == NOT_FINITE)
    return "".join(
        [f'.heat [data-level="{level}"] {{ background: {color}; }}\n' for color, level in SHADES.items()]
        + [f'.heat [data-level="{level}"] {{ color: white; }}\n' for level in dark]
    )


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
    scale = extent(value)
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
