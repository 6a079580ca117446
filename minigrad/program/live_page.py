"""The page of a live circuit."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path

import numpy as np

from minigrad.backward import sweep
from minigrad.draw import Drawing
from minigrad.draw.document import Document, document, numbers, script_json
from minigrad.draw.player.places import Places
from minigrad.draw.player.steps import told
from minigrad.draw.still.describe import described
from minigrad.draw.still.picture import Options
from minigrad.draw.still.view import View
from minigrad.draw.theme import variables
from minigrad.draw.viewer import playable
from minigrad.graph import Node
from minigrad.program.numbered import Numbered, Place

TALL = 520  # pixels of the frame in a notebook beside a row for each leaf


def page(
    root: Node,
    graph: Numbered,
    program: str,
    outputs: list[tuple[str, Place]],
    values: Mapping[str, float],
    precision: int,
    remark: str = "",
) -> Document:
    """The page of a circuit: its drawing, a row for each leaf, and the backward pass in words."""
    view = View.of(root)
    view.known.update(sweep(root, np.float64(1.0)))  # so that the drawing has room for the gradients
    picture, ids = described(view, Options(heatmaps=False, precision=precision, max_nodes=2 * len(graph.nodes) + 1000))
    places = Places(root, picture, ids)
    svg, wide, _ = playable(Drawing(picture, theme="auto").svg)
    svg = svg.replace("<svg ", f'<svg style="width: 100%; min-width: {0.8 * wide:.0f}px; max-width: {wide:.0f}px" ', 1)
    labels = {step.node: step.label for step in told(root, np.float64(1.0), places, precision) if step.node}
    names = {x: x.name or labels.get(places.ids[x], places.ids[x]) for x in graph.nodes}
    given = list(values)
    leaves = sorted((x for x in graph.nodes if x.op is None and x.name in values), key=lambda x: given.index(x.name or ""))
    edges = [
        {"id": places.edge(node, i), "to": places.ids[node], "label": names[x], "from": places.ids[x]}
        for node in graph.order
        for i, x in enumerate(node.inputs)
        if x is not None and x.requires_grad
    ]
    nodes = [{"id": places.ids[x], "label": names[x]} for x in reversed(graph.order)]
    data = {
        "precision": precision,
        "outputs": [
            (kind, places.ids[graph.nodes[k]] if i < 0 else places.edge(graph.nodes[k], i)) for kind, (k, i) in outputs
        ],
        "edges": edges,
        "nodes": nodes,
        "root": places.ids[root],
        "result": names[root],
        "leaves": [
            {"id": places.ids[x], "value": float(values[x.name or ""]), "paths": _paths(places.ids[x], edges)}
            for x in leaves
        ],
    }
    order = {x.name: i for i, x in enumerate(leaves)}
    here = Path(__file__)
    # The program takes all that was given; the page lists what the circuit uses.
    arguments = ", ".join(f"x[{order[name]}]" if name in order else "0" for name in values)
    code = (
        f"const page = {script_json(data)};\nconst program = x => {{\n{program}\n}};\n"
        f"const run = x => program([{arguments}]);\n{numbers()}{here.with_name('live.js').read_text(encoding='utf-8')}"
    )
    rows = "\n".join(_row(i, leaf) for i, leaf in enumerate(leaves))
    listed = "\n".join(_item(node, [edge for edge in edges if edge["to"] == node["id"]]) for node in nodes)
    title = f"Live: {names[root]}"
    body = BODY.format(
        title=escape(title), remark=remark and f"<p>{escape(remark)}</p>\n", svg=svg, rows=rows, listed=listed
    )
    style = variables("auto") + here.with_name("live.css").read_text(encoding="utf-8")
    return Document(title, document(title, body, style=style, script=code), TALL + 40 * len(leaves))


def _paths(leaf: str, edges: list[dict[str, str]]) -> list[str]:
    """The ids of the edges that lead from a leaf to the result."""
    reached, found = {leaf}, []
    for edge in edges:  # each node comes after its inputs
        if edge["from"] in reached:
            reached.add(edge["to"])
            found.append(edge["id"])
    return found


def _row(i: int, leaf: Node) -> str:
    name, value = escape(leaf.name or ""), float(leaf.value)
    reach = max(5.0, 2 * abs(value))
    return (
        f'<div id="row-{i}"><label for="field-{i}">{name}</label><input id="field-{i}" type="number" step="any" '
        f'value="{value!r}"><input id="slider-{i}" type="range" min="{value - reach!r}" max="{value + reach!r}" step="any" '
        f'value="{value!r}" aria-label="{name}">'
        f'<span>d{name} = <output id="gradient-{i}" for="field-{i}"></output></span></div>'
    )


def _item(node: dict[str, str], edges: list[dict[str, str]]) -> str:
    inside = "".join(f'<li id="step-{edge["id"]}"></li>' for edge in edges)
    return f'<li id="item-{node["id"]}"><span id="title-{node["id"]}"></span><ul>{inside}</ul></li>'


BODY = """\
<h1>{title}</h1>
{remark}<div id="stage">
{svg}
</div>
<p id="status" role="status" aria-live="polite"></p>
<div id="leaves" role="group" aria-label="Leaves">
{rows}
</div>
<div class="controls" role="group" aria-label="Gradient descent">
<label>Rate <input id="rate" type="number" step="any" value="0.1"></label>
<button id="descend" type="button">Descend</button>
<button id="play" type="button">Play</button>
<button id="reset" type="button">Reset</button>
</div>
<h2>The backward pass</h2>
<ol id="steps">
{listed}
</ol>
<noscript><p>A live circuit needs JavaScript, which is off.</p></noscript>"""
