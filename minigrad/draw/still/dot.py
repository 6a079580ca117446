"""A description of a picture as DOT, the language of Graphviz."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from minigrad.draw.heatmap import table
from minigrad.draw.still.lines import Line, gate_lines, legend
from minigrad.draw.theme import LIGHT, Palette
from minigrad.text import shorten

if TYPE_CHECKING:
    from minigrad.draw.heatmap import Heatmap
    from minigrad.draw.still.picture import Description, Direction, DrawnEdge, DrawnNode, Lines

MANY = 300  # nodes; beyond, the layout works less hard: 5,000 nodes take seconds instead of minutes

NO_BREAK_SPACE = "\u00a0"
SEPARATOR = f"{2 * NO_BREAK_SPACE}·{2 * NO_BREAK_SPACE}"
FONT = "Helvetica,Arial,sans-serif"  # all of the same widths, so that what is measured here fits in a browser


def to_dot(picture: Description, direction: Direction, colors: Palette = LIGHT) -> str:
    """A description as DOT source.

    Parameters
    ----------
    picture : Description
        The picture.
    direction : {'LR', 'TB'}
        Left to right, or top to bottom.
    colors : Palette
        Its colours.

    Returns
    -------
    str

    Examples
    --------
    >>> from minigrad import Tensor
    >>> from minigrad.draw.still.describe import Options, describe_graph
    >>> print(to_dot(describe_graph(Tensor(3.0, name="x"), Options()), "LR").splitlines()[0])
    digraph minigrad {
    """
    return _Writer(direction, colors).graph(picture)


class _Writer:
    """Writes the parts of a picture in one direction and palette."""

    def __init__(self, direction: Direction, colors: Palette) -> None:
        self.direction, self.colors = direction, colors
        c = colors
        self.gates = {
            "leaf": f'BORDER="1" COLOR="{c.ink}" CELLPADDING="6" WIDTH="38"',
            "op": f'BORDER="1" COLOR="{c.wire}" BGCOLOR="{c.gate}" STYLE="ROUNDED" CELLPADDING="6" WIDTH="38"',
            "constant": 'CELLPADDING="2"',
            "scope": f'BORDER="1" COLOR="{c.wire}" BGCOLOR="{c.cluster}" STYLE="ROUNDED" CELLPADDING="8"',
        }

    def graph(self, picture: Description) -> str:
        """The whole picture."""
        from graphviz import Digraph

        c = self.colors
        graph = Digraph(
            "minigrad",
            graph_attr={
                "rankdir": self.direction,
                "bgcolor": c.page,
                "pad": "0.15",
                "ordering": "in",
                "nodesep": "0.25",
                "ranksep": "0.4",
                "fontname": FONT,
                "fontsize": "11",
                "fontcolor": c.faint,
                "labelloc": "b",
                "label": self.legend(picture),
                "tooltip": _tooltip(picture.title),
            },
            node_attr={"shape": "plain", "fontname": FONT},
            edge_attr={"fontname": FONT, "color": c.wire, "arrowsize": "0.6"},
        )
        if len(picture.nodes) > MANY:
            effort = MANY / len(picture.nodes)
            graph.attr("graph", nslimit=f"{effort:.3f}", nslimit1=f"{effort:.3f}", mclimit=f"{effort / 10:.4f}")
        clusters: dict[tuple[str, ...], Any] = {(): graph}
        for node in picture.nodes:
            for depth in range(1, len(node.scope) + 1):
                path = node.scope[:depth]
                if path not in clusters:
                    clusters[path] = self.cluster(path, f"s{len(clusters) - 1}")
            clusters[node.scope].node(node.id, **self.node(node))
        for path in sorted(clusters, key=len, reverse=True)[:-1]:
            clusters[path[:-1]].subgraph(clusters[path])
        wired = {node.id for node in picture.nodes if _wired(node)}
        out, into = ("e", "w") if self.direction == "LR" else ("s", "n")
        for edge in picture.edges:
            tail = f"{edge.tail}:out:{out}" if edge.tail in wired else f"{edge.tail}:gate:{out}"
            graph.edge(tail, f"{edge.head}:gate:{into}", **self.edge(edge))
        return str(graph.source)

    def cluster(self, path: tuple[str, ...], id: str) -> Any:
        """The empty cluster of a scope."""
        from graphviz import Digraph

        return Digraph(
            f"cluster_{id}",
            graph_attr={
                "id": id,
                "class": "scope",
                "tooltip": _tooltip(shorten("/".join(path))),
                "label": f"<{_text(shorten(path[-1])) or NO_BREAK_SPACE}>",
                "labeljust": "l",
                "labelloc": "t",
                "style": "rounded,filled",
                "color": self.colors.rim,
                "fillcolor": self.colors.cluster,
                "margin": "10",
            },
        )

    def node(self, node: DrawnNode) -> dict[str, str]:
        """The attributes of a node: its gate, and the wire between its value and its gradient."""
        lines = self.gate(node)
        gate, style = "<BR/>".join(map(self.html, lines)), f'PORT="gate" {self.gates[node.kind]}'
        if node.fault:
            style = style.replace('BORDER="1"', 'BORDER="4"').replace(self.colors.wire, self.colors.gradient)
            style = style.replace(self.colors.gate, self.colors.alarm)
        if node.differs:
            style = style.replace('BORDER="1"', 'BORDER="3"')
        if node.kind == "constant" and node.value_map and not node.value:
            gate = _stack([*self.map(node.value_map, self.colors.faint), _cell(gate)])
        if not _wired(node):
            rows = [_cell(gate, style)]
        else:
            # Each side of the wire gets half the size of the gate, or else the gate would stretch the wire itself.
            if self.direction == "LR":
                room = f'WIDTH="36" HEIGHT="{8 + 0.65 * sum(line.size for line in lines):.0f}"'
            else:
                room = f'WIDTH="{max(26, 8 + 0.33 * max(line.size * len(line.text) for line in lines)):.0f}"'
            height = max(len(node.value), len(node.gradient))  # equally many lines on both sides centre the wire
            value = self.side(_pad(node.value, height), node.value_map, self.colors.value)
            upstream = ("upstream",) if node.result and node.gradient else ()
            gradient = self.side(_pad(node.gradient, height), node.gradient_map, self.colors.gradient, upstream)
            ends = ("BOTTOM", "TOP") if self.direction == "LR" else ("MIDDLE", "MIDDLE")
            above, below = (_cell(side, f'{room} VALIGN="{end}"') for side, end in zip((value, gradient), ends, strict=True))
            wire = _cell("", f'PORT="out" BGCOLOR="{self.colors.wire}" CELLPADDING="0" WIDTH="1" HEIGHT="1"')
            if self.direction == "LR":
                rows = [_cell(gate, style + ' ROWSPAN="3"') + above, wire, below]
            else:
                rows = [_cell(gate, style + ' COLSPAN="3"'), above + wire + below]
        kind = f"{node.kind} fault" if node.fault else f"{node.kind} result" if node.result else node.kind
        return {"id": node.id, "class": kind, "tooltip": _tooltip(node.tooltip), "label": _table(rows)}

    def side(self, lines: Lines, picture: Heatmap | None, color: str, small: Lines = ()) -> str:
        """One side of the wire: a heatmap and text."""
        text = _font(lines, color, 12) + "".join("<BR/>" + _font((line,), color, 9) for line in small)
        if picture is None:
            return text
        return _stack([*self.map(picture, color), _cell(text)])

    def map(self, picture: Heatmap, color: str) -> list[str]:
        """A heatmap, and the ends of its scale."""
        return [_cell(table(picture, self.colors.rim)), _cell(_font((picture.scale,), color, 9))]

    def gate(self, node: DrawnNode) -> list[Line]:
        """The lines of text in a gate."""
        lines = gate_lines(node)
        large = next((k for k, line in enumerate(lines) if line.size <= 10), 0)
        if large:  # a small line would touch the descenders of a large one
            lines.insert(large, Line(NO_BREAK_SPACE, 3, "ink"))
        return lines

    def edge(self, edge: DrawnEdge) -> dict[str, str]:
        """The attributes of an edge."""
        kind = "local" if edge.local else "downstream" if edge.downstream else ""
        attributes = {"id": edge.id, "class": kind, "tooltip": _tooltip(edge.tooltip)}
        if edge.width != 1:
            attributes["penwidth"] = f"{edge.width:.2f}"
        if edge.local:
            attributes["label"] = _table([_cell(_font(("local", *edge.local), self.colors.local, 10))])
        elif edge.downstream:
            attributes["label"] = _table([_cell(_font(("downstream", *edge.downstream), self.colors.gradient, 10))])
        elif edge.carried:
            attributes["label"] = _table([_cell(_font(edge.carried, self.colors.faint, 10))])
        return attributes

    def legend(self, picture: Description) -> str:
        """The legend of what is in the picture, three parts a line."""
        texts = [
            _font((line.text,), getattr(self.colors, line.color), line.size) for line in legend(picture, self.direction)
        ]
        rows = [SEPARATOR.join(texts[i : i + 3]) for i in range(0, len(texts), 3)]
        rows[:0] = [_font((note,), self.colors.ink, 10) for note in picture.notes]
        return f"<{'<BR/>'.join(rows)}>" if rows else ""

    def html(self, line: Line) -> str:
        """A line of a gate."""
        text = _font((line.text,), getattr(self.colors, line.color), line.size)
        return f"<B>{text}</B>" if line.bold else text


def _wired(node: DrawnNode) -> bool:
    return bool(node.value or node.gradient)


def _text(text: str) -> str:
    r"""Literal text in a label: neither markup nor one of DOT's escapes, such as \N."""
    return escape(text).replace("\\", "\\\\")


def _tooltip(text: str) -> str:
    """Literal text in a tooltip, which Graphviz unescapes once more than a label."""
    return escape(text).replace("\\", 4 * "\\").replace("\n", "&#10;")


def _font(lines: Lines, color: str, size: float) -> str:
    return f'<FONT COLOR="{color}" POINT-SIZE="{size:g}">{"<BR/>".join(map(_text, lines))}</FONT>'


def _cell(content: str, attributes: str = "") -> str:
    return f"<TD {attributes}>{content}</TD>"


def _table(rows: list[str]) -> str:
    return f"<{_stack(rows, 3)}>"


def _stack(rows: list[str], padding: int = 1) -> str:
    body = "".join(f"<TR>{row}</TR>" for row in rows)
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="{padding}">{body}</TABLE>'


def _pad(lines: Lines, height: int) -> Lines:
    return lines + (NO_BREAK_SPACE,) * (height - len(lines))
