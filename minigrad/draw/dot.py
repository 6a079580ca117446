"""A description of a picture as DOT, the language of Graphviz."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from minigrad.draw.text import shorten

if TYPE_CHECKING:
    from minigrad.draw.describe import Description, DrawnEdge, DrawnNode

Direction = Literal["LR", "TB"]

# Dark enough to read on the white the picture brings along, whatever the page around it is.
INK, FAINT, WIRE = "#1f2328", "#656d76", "#57606a"
GATE, CLUSTER, RIM = "#ddf4ff", "#f6f8fa", "#d0d7de"
VALUE, GRADIENT, LOCAL = "#116329", "#b42318", "#5a3ea8"

GATES = {
    "leaf": f'BORDER="1" COLOR="{INK}" CELLPADDING="6" WIDTH="38"',
    "op": f'BORDER="1" COLOR="{WIRE}" BGCOLOR="{GATE}" STYLE="ROUNDED" CELLPADDING="6" WIDTH="38"',
    "constant": 'CELLPADDING="2"',
    "scope": f'BORDER="1" COLOR="{WIRE}" BGCOLOR="{CLUSTER}" STYLE="ROUNDED" CELLPADDING="8"',
}

NO_BREAK_SPACE = "\u00a0"
SEPARATOR = f"{2 * NO_BREAK_SPACE}·{2 * NO_BREAK_SPACE}"
FONT = "Helvetica,Arial,sans-serif"  # three names for the same widths: what is measured here fits in a browser


def to_dot(picture: Description, direction: Direction) -> str:
    """A description as DOT source.

    Parameters
    ----------
    picture : Description
        What is drawn.
    direction : {'LR', 'TB'}
        Left to right, or top to bottom.

    Returns
    -------
    str

    Examples
    --------
    >>> from minigrad import Tensor
    >>> from minigrad.draw.describe import Options, describe_graph
    >>> print(to_dot(describe_graph(Tensor(3.0, name="x"), Options()), "LR").splitlines()[0])
    digraph minigrad {
    """
    from graphviz import Digraph

    graph = Digraph(
        "minigrad",
        graph_attr={
            "rankdir": direction, "bgcolor": "white", "pad": "0.15", "ordering": "in", "nodesep": "0.25", "ranksep": "0.4",
            "fontname": FONT, "fontsize": "11", "fontcolor": FAINT, "labelloc": "b", "label": _legend(picture, direction),
            "tooltip": _tooltip(picture.title),
        },
        node_attr={"shape": "plain", "fontname": FONT},
        edge_attr={"fontname": FONT, "color": WIRE, "arrowsize": "0.6"},
    )  # fmt: skip
    clusters: dict[tuple[str, ...], Any] = {(): graph}
    for node in picture.nodes:
        for depth in range(1, len(node.scope) + 1):
            path = node.scope[:depth]
            if path not in clusters:
                clusters[path] = _cluster(path, f"s{len(clusters) - 1}")
        clusters[node.scope].node(node.id, **_node(node, direction))
    for path in sorted(clusters, key=len, reverse=True)[:-1]:
        clusters[path[:-1]].subgraph(clusters[path])
    wired = {node.id for node in picture.nodes if node.value or node.gradient}
    out, into = ("e", "w") if direction == "LR" else ("s", "n")
    for edge in picture.edges:
        tail = f"{edge.tail}:out:{out}" if edge.tail in wired else f"{edge.tail}:gate:{out}"
        graph.edge(tail, f"{edge.head}:gate:{into}", **_edge(edge))
    return str(graph.source)


def _text(text: str) -> str:
    r"""Text in a label as it stands: nothing in it is markup, or one of DOT's escapes such as \N."""
    return escape(text).replace("\\", "\\\\")


def _tooltip(text: str) -> str:
    """Text in a tooltip, which Graphviz unescapes once more than a label."""
    return escape(text).replace("\\", 4 * "\\").replace("\n", "&#10;")


def _font(lines: tuple[str, ...], color: str, size: int) -> str:
    return f'<FONT COLOR="{color}" POINT-SIZE="{size}">{"<BR/>".join(map(_text, lines))}</FONT>'


def _cell(content: str, attributes: str = "") -> str:
    return f"<TD {attributes}>{content}</TD>"


def _table(rows: list[str]) -> str:
    body = "".join(f"<TR>{row}</TR>" for row in rows)
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="3">{body}</TABLE>>'


def _cluster(path: tuple[str, ...], id: str) -> Any:
    """The cluster of a scope, still empty."""
    from graphviz import Digraph

    return Digraph(
        f"cluster_{id}",
        graph_attr={
            "id": id, "class": "scope", "tooltip": _tooltip(shorten("/".join(path))),
            "label": f"<{_text(shorten(path[-1])) or NO_BREAK_SPACE}>", "labeljust": "l", "labelloc": "t",
            "style": "rounded,filled", "color": RIM, "fillcolor": CLUSTER, "margin": "10",
        },
    )  # fmt: skip


def _node(node: DrawnNode, direction: Direction) -> dict[str, str]:
    """The attributes of a node: its gate, and the wire that leaves it between its value and its gradient."""
    lines = _gate(node)
    gate, style = "<BR/>".join(line.html for line in lines), f'PORT="gate" {GATES[node.kind]}'
    if not node.value and not node.gradient:
        rows = [_cell(gate, style)]
    else:
        # Each side of the wire has half the room the gate takes, or else the gate would stretch the wire itself.
        if direction == "LR":
            room = f'WIDTH="36" HEIGHT="{8 + 0.65 * sum(line.size for line in lines):.0f}"'
        else:
            room = f'WIDTH="{8 + 0.33 * max(line.size * len(line.text) for line in lines):.0f}"'
        height = max(len(node.value), len(node.gradient))  # as many lines on both sides keep the wire in the middle
        value = _cell(_font(_pad(node.value, height), VALUE, 12), room + ' VALIGN="BOTTOM"')
        gradient = _cell(_font(_pad(node.gradient, height), GRADIENT, 12), room + ' VALIGN="TOP"')
        wire = _cell("", f'PORT="out" BGCOLOR="{WIRE}" CELLPADDING="0" WIDTH="1" HEIGHT="1"')
        if direction == "LR":
            rows = [_cell(gate, style + ' ROWSPAN="3"') + value, wire, gradient]
        else:
            rows = [_cell(gate, style + ' COLSPAN="3"'), value + wire + gradient]
    return {"id": node.id, "class": node.kind, "tooltip": _tooltip(node.tooltip), "label": _table(rows)}


def _pad(lines: tuple[str, ...], height: int) -> tuple[str, ...]:
    return lines + (NO_BREAK_SPACE,) * (height - len(lines))


class _Line(NamedTuple):
    """A line of text in a gate."""

    text: str
    size: int
    color: str = INK
    bold: bool = False

    @property
    def html(self) -> str:
        text = _font((self.text,), self.color, self.size)
        return f"<B>{text}</B>" if self.bold else text


def _gate(node: DrawnNode) -> list[_Line]:
    """What is written in the gate itself."""
    size = {"op": 18, "constant": 11}.get(node.kind, 14)
    color = FAINT if node.kind == "constant" else INK
    lines = [_Line(text, size, color, node.kind == "leaf") for text in node.title.split("\n")]
    lines += [_Line(node.name, 11, bold=True)] if node.name else []
    small = [_Line(text, 9, FAINT) for text in (node.arguments, node.detail) if text]
    if small and node.kind == "op":
        lines.append(_Line(NO_BREAK_SPACE, 3))  # a small line below a large one would touch what hangs down from it
    return lines + small


def _edge(edge: DrawnEdge) -> dict[str, str]:
    """The attributes of an edge."""
    attributes = {"id": edge.id, "class": "local" if edge.local else "", "tooltip": _tooltip(edge.tooltip)}
    if edge.local:
        text = _font(("local", *edge.local), LOCAL, 10)
        attributes["label"] = _table([_cell(text)])
    return attributes


def _legend(picture: Description, direction: Direction) -> str:
    """How to read the picture: only of what is in it."""
    above, below = ("above the wire", "below it") if direction == "LR" else ("left of the wire", "right of it")
    parts = []
    if any(node.value for node in picture.nodes):
        parts.append(_font((f"value {above}",), VALUE, 10))
    if any(node.gradient for node in picture.nodes):
        parts.append(_font((f"gradient {below}",), GRADIENT, 10))
    if any(edge.local for edge in picture.edges):
        parts.append(_font(("local gradient on the arrow",), LOCAL, 10))
    return f"<{SEPARATOR.join(parts)}>" if parts else ""
