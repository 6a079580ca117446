"""The live circuit: a page in which every leaf is a field and a slider, and all values and gradients follow."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from minigrad.backward import sweep
from minigrad.draw import Drawing
from minigrad.draw.files import Saved
from minigrad.draw.player.places import Places
from minigrad.draw.player.stage import playable
from minigrad.draw.player.steps import told
from minigrad.draw.still.describe import described
from minigrad.draw.still.picture import Options
from minigrad.draw.still.view import View
from minigrad.draw.theme import variables
from minigrad.graph import Node, constant, topological_order
from minigrad.program.javascript import source
from minigrad.program.program import Program
from minigrad.program.whole import Tracer
from minigrad.tensor import Tensor
from minigrad.tracing import Traced

Place = tuple[int, int]  # the number of a node, and of an input of it, or -1

TALL = 520  # pixels of the frame in a notebook beside a row for each leaf


class LivePage(Saved):
    """A self-contained HTML document with a live circuit; a notebook shows it, ``.save("page.html")`` writes it."""

    def __init__(self, title: str, html: str, leaves: int) -> None:
        self.title, self.html, self._height = title, html, TALL + 40 * leaves

    def _formats(self) -> Mapping[str, Callable[[], bytes]]:
        return {".html": self.html.encode}

    def _repr_html_(self) -> str:
        return (
            f'<iframe title="{escape(self.title)}" sandbox="allow-scripts" srcdoc="{escape(self.html)}" '
            f'width="100%" height="{self._height}" style="border: 0"></iframe>'
        )

    def __repr__(self) -> str:
        return f"<{self.title}>"


def live(f: Callable[..., Any], *, precision: int = 2, **values: float) -> LivePage:
    """A circuit to be touched: drag a leaf, and every value, local gradient and gradient follows at once.

    The page evaluates the same program that `compile` runs, printed as JavaScript. Wires show the size and the sign of the
    gradient that goes through them; "Descend" takes a step against the gradient, and "Play" one after the other.

    Parameters
    ----------
    f : callable
        Takes the leaves by name, and returns one number. It is traced: a condition is written with `where`.
    precision : int
        Decimals of the numbers.
    **values : float
        The leaves, with the values to start from.

    Returns
    -------
    LivePage
        Shown by a notebook; ``.save("circuit.html")`` writes one self-contained document.

    Raises
    ------
    TypeError, ValueError
        If a value is not a number, `f` does not return one, or a step is not one of single numbers.
    Untraceable
        If `f` asks for a value, as in ``if x > 0``.

    Examples
    --------
    >>> live(lambda x, y: x * y + x, x=3.0, y=-4.0)
    <Live: x × y + x>
    """
    if not values:
        raise TypeError("live: give the leaves by name, with the values to start from, as in live(f, x=3.0, y=-4.0)")
    for name, v in values.items():
        if isinstance(v, bool) or not isinstance(v, float | int | np.floating):
            raise TypeError(f"live: {name} is one number, got {type(v).__name__}")
    trace = Tracer()
    with trace.running():
        leaves = {}
        for name, v in values.items():
            leaf = leaves[name] = constant(trace.input(np.float64(v)), Tensor)
            leaf.requires_grad, leaf.name = True, name
        outputs, traced = _outputs(trace, f(**leaves))
    program = Program(trace, [v for _, _, v in outputs])
    if program.outside:
        raise ValueError("live: the circuit uses a tensor that is not one of its leaves; pass it as a number by name")
    body = source(program)
    root = f(**{name: Tensor(float(v), name=name) for name, v in values.items()})
    graph = _Numbered(root)
    if graph.operations != traced.operations:
        raise ValueError("live: the function computed something else when it was called again")
    return _page(root, graph, body, [(kind, place) for kind, place, _ in outputs], values, precision)


class _Numbered:
    """The nodes of a graph in order, leaves where they are first used: the same for the traced graph and the drawn one.

    Attributes
    ----------
    order : list of Node
        The recorded nodes, each after its inputs.
    nodes : list of Node
        These and the leaves.
    operations : list
        What tells one graph from another: the operation of each node, and its inputs.
    """

    def __init__(self, root: Node) -> None:
        self.order = topological_order(root)
        found = dict.fromkeys(x for node in self.order for x in (*node.inputs, node) if x is not None)
        self.nodes = list(found)
        self.at = {x: k for k, x in enumerate(self.nodes)}
        self.operations = [
            (node.op.name if node.op else "", [None if x is None else self.at[x] for x in node.inputs])
            for node in self.order
        ]


def _outputs(trace: Tracer, result: Any) -> tuple[list[tuple[str, Place, Any]], _Numbered]:
    """What the page shows: values, gradients and local gradients, each with the number of its node, and of its input."""
    if not isinstance(result, Node) or result.op is None or np.shape(result.value):
        raise TypeError("live: the function must return one number that depends on the leaves")
    graph = _Numbered(result)
    outputs: list[tuple[str, Place, Any]] = [("value", (k, -1), _variable(x.value)) for k, x in enumerate(graph.nodes)]
    outputs += [("gradient", (graph.at[x], -1), _variable(g)) for x, g in sweep(result, np.float64(1.0)).items()]
    for node in graph.order:
        for i, x in enumerate(node.inputs):
            if x is not None and x.requires_grad:
                needed = [k == i for k in range(len(node.inputs))]
                found = trace.downstream(node.op, needed, np.float64(1.0), node.value, node.values, node.static)
                outputs.append(("local", (graph.at[node], i), _variable(found[i])))
    return outputs, graph


def _variable(v: Any) -> Any:
    return v.variable if type(v) is Traced else v


def _page(
    root: Node, graph: _Numbered, body: str, outputs: list[tuple[str, Place]], values: Mapping[str, float], precision: int
) -> LivePage:
    view = View.of(root)
    view.known.update(sweep(root, np.float64(1.0)))  # so that the drawing has room for the gradients
    picture, ids = described(view, Options(heatmaps=False, precision=precision, max_nodes=2 * len(graph.nodes) + 1000))
    places = Places(root, picture, ids)
    svg, wide, _ = playable(Drawing(picture).svg)
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
        f"'use strict';\nconst page = {_json(data)};\nconst program = x => {{\n{body}\n}};\n"
        f"const run = x => program([{arguments}]);\n{here.with_name('live.js').read_text(encoding='utf-8')}"
    )
    rows = "\n".join(_row(i, leaf) for i, leaf in enumerate(leaves))
    listed = "\n".join(_item(node, [edge for edge in edges if edge["to"] == node["id"]]) for node in nodes)
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    title = f"Live: {names[root]}"
    html = DOCUMENT.format(
        policy=f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'",
        title=escape(title),
        style=variables("auto") + here.with_name("live.css").read_text(encoding="utf-8"),
        svg=svg,
        rows=rows,
        listed=listed,
        code=code,
    )
    return LivePage(title, html, len(leaves))


def _json(data: Any) -> str:
    """Data inside a script: no text in it can end the element."""
    return json.dumps(data, ensure_ascii=True, allow_nan=False).replace("<", "\\u003c")


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


DOCUMENT = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{title}</title>
<style>
{style}
</style>
</head>
<body>
<h1>{title}</h1>
<div id="stage">
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
<noscript><p>A live circuit needs JavaScript, which is off.</p></noscript>
<script>{code}</script>
</body>
</html>
"""
