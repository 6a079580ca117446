"""The parts of a picture with their sizes: a node is a gate, the wire behind it, and what is written beside both.

Positions along the flow are called u, those across it v; from left to right (LR) these are x and y, from top to bottom (TB)
y and x. A part starts at u = 0, with its wire at v = 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from minigrad.draw.heatmap import Heatmap, cell_size
from minigrad.draw.layout.widths import width
from minigrad.draw.still.lines import SMALL, Line, gate_lines
from minigrad.draw.still.picture import Direction, DrawnEdge, DrawnNode

LINE = 1.2  # height of a line of text, in font sizes
BASE = 0.96  # from the top of a line to its baseline
LEAST = 38  # sides of a gate
ARROW = 7  # length of an arrowhead
PORTS = 18  # between two ports
CROWD = 180  # room for the ports of a gate with many, if nothing is written at them


class Text(NamedTuple):
    """A line of text, centred on x; y is its baseline."""

    x: float
    y: float
    line: Line


class Cells(NamedTuple):
    """A heatmap with its top left corner."""

    x: float
    y: float
    picture: Heatmap


class Block:
    """Heatmaps and lines of text in a column."""

    def __init__(self, lines: Sequence[Line], picture: Heatmap | None = None, color: str = "") -> None:
        self.picture, self.lines, self.width, self.height, self.map = picture, list(lines), 0.0, 0.0, (0, 0)
        if not lines and picture is None:
            return
        self.lines = [Line(picture.scale, SMALL, color), *lines] if picture else list(lines)
        cells = (len(picture.rows[0]), len(picture.rows)) if picture else (0, 0)
        side = cell_size(picture) if picture else 0
        self.map = (cells[0] * side + 2, cells[1] * side + 4) if picture else (0, 0)
        self.width = max([self.map[0], *(width(line.text, line.size, line.bold) for line in self.lines)])
        self.height = self.map[1] + sum(LINE * line.size for line in self.lines)

    def at(self, x: float, top: float) -> tuple[list[Text], list[Cells]]:
        """The column centred on x."""
        cells = [Cells(x - self.map[0] / 2, top + 1, self.picture)] if self.picture else []
        y, texts = top + self.map[1], []
        for line in self.lines:
            texts.append(Text(x, y + BASE * line.size, line))
            y += LINE * line.size
        return texts, cells


@dataclass(eq=False)
class Part:
    """A node or a box of nodes as the layout sees it, and what is drawn in it relative to its start.

    Attributes
    ----------
    length, up, down : float
        Its size: along the flow, and across it on both sides of the wire.
    anchor : float
        The place along the flow that lines up with those of other parts.
    gate : tuple of float
        x, y, width and height.
    wire : float
        Where the wire begins; it ends at `length`.
    ins : dict
        The places v at which edges enter, by edge, and for a box by the node they come from.
    outs : dict
        The places v at which wires leave a box, by the node they come from.
    enters : float
        Where along the flow the edges end.
    axis : float
        The coordinate of the wire inside a box.
    """

    length: float
    up: float
    down: float
    anchor: float
    gate: tuple[float, float, float, float] = (0, 0, 0, 0)
    wire: float = 0
    enters: float = 0
    axis: float = 0
    ins: dict[str, float] = field(default_factory=dict)
    outs: dict[str, float] = field(default_factory=dict)
    texts: list[Text] = field(default_factory=list)
    cells: list[Cells] = field(default_factory=list)
    labels: dict[str, list[Text]] = field(default_factory=dict)

    def draw(self, block: Block, x: float, top: float) -> None:
        """Add a column centred on x."""
        if block.lines or block.picture:
            texts, cells = block.at(x, top)
            self.texts += texts
            self.cells += cells


def part(node: DrawnNode, edges: Sequence[DrawnEdge], direction: Direction) -> Part:
    """The part of a node, with ports for its edges in the order given."""
    inside = _gate(node)
    above = Block([Line(text, 12, "value") for text in node.value], node.value_map if _wired(node) else None, "value")
    upstream = [Line("upstream", SMALL, "gradient")] if node.result and node.gradient else []
    lines = [Line(text, 12, "gradient") for text in node.gradient] + upstream
    below = Block(lines, node.gradient_map if _wired(node) else None, "gradient")
    labels = [Block(_label(edge)) for edge in edges]
    plain, border = node.kind == "constant", 4 if node.kind == "constant" else 14
    least = 0 if plain else LEAST
    if direction == "LR":
        ports = _ports([label.height + 3 + edge.width for label, edge in zip(labels, edges, strict=True)])
        span = ports[-1] - ports[0] + PORTS if len(ports) > 1 else 0
        across, along = max(least, inside.height + border - 2, span), max(least, inside.width + border)
        enters = max([label.width for label in labels], default=0) + 2 * ARROW if edges else 0.0
        tail = max(36, above.width + 8, below.width + 8) if _wired(node) else 0
        outer = [above.height + 5, below.height + 5]
    else:
        ports = _ports([label.width + 7 + edge.width for label, edge in zip(labels, edges, strict=True)])
        span = ports[-1] - ports[0] + PORTS if len(ports) > 1 else 0
        across, along = max(least, inside.width + border, span), max(least, inside.height + border - 2)
        enters = max([label.height for label in labels], default=0) + 2 * ARROW if edges else 0.0
        tail = max(26, above.height + 8, below.height + 8) if _wired(node) else 0
        outer = [above.width + 7, below.width + 7]
    x, y = (enters, -across / 2) if direction == "LR" else (-across / 2, enters)
    made = Part(
        length=enters + along + tail,
        up=max(across / 2, outer[0]),
        down=max(across / 2, outer[1]),
        anchor=enters + along / 2,
        gate=(x, y, along, across) if direction == "LR" else (x, y, across, along),
        wire=enters + along,
        enters=enters,
        ins={edge.id: v for edge, v in zip(edges, ports, strict=True)},
    )
    made.draw(
        inside,
        *((enters + along / 2, -inside.height / 2) if direction == "LR" else (0, enters + (along - inside.height) / 2)),
    )
    if direction == "LR":
        middle = made.wire + tail / 2
        made.draw(above, middle, -3 - above.height)
        made.draw(below, middle, 3)
    else:
        made.draw(above, -5 - above.width / 2, made.wire + (tail - above.height) / 2)
        made.draw(below, 5 + below.width / 2, made.wire + (tail - below.height) / 2)
    for k, (edge, label) in enumerate(zip(edges, labels, strict=True)):
        _write(made, edge, label, _side(k, len(edges), direction), direction)
    if node.ordered and edges:
        mark = Line("1", 7, "faint")
        first = made.ins[edges[0].id]
        made.texts.append(Text(enters + 5, first + 2.5, mark) if direction == "LR" else Text(first, enters + 8, mark))
    return made


def _write(made: Part, edge: DrawnEdge, label: Block, side: int, direction: Direction) -> None:
    """Write the label of an edge beside its end: on the lesser side (-1) or the greater (1)."""
    if not label.lines:
        return
    port, clear = made.ins[edge.id], 1.5 + edge.width / 2
    if direction == "LR":
        x, top = (made.enters - ARROW) / 2, port - label.height - clear if side < 0 else port + clear
        made.up, made.down = max(made.up, -top), max(made.down, top + label.height)
    else:
        x, top = port + side * (2 + clear + label.width / 2), made.enters - ARROW - 2 - label.height
        made.up, made.down = max(made.up, label.width / 2 - x), max(made.down, label.width / 2 + x)
    made.labels[edge.id] = label.at(x, top)[0]


def _side(k: int, count: int, direction: Direction) -> int:
    """The side of its wire on which the label of input k is written: outside, so that the ports can be close."""
    if count == 1:
        return -1 if direction == "LR" else 1
    return 1 if k == count - 1 else -1


def _ports(rooms: list[float]) -> list[float]:
    """The places of the ports, centred on the wire; a label between two ports needs room."""
    count = len(rooms)
    if max(rooms, default=0) <= 14:  # nothing is written
        step = min(PORTS, CROWD / max(count, 1))
        return [(k - (count - 1) / 2) * step for k in range(count)]
    places = [0.0]
    for k in range(1, count):
        places.append(places[-1] + max(PORTS, rooms[k] if k < count - 1 else 0))
    return [place - places[-1] / 2 for place in places[:count]]


def _gate(node: DrawnNode) -> Block:
    return Block(gate_lines(node), None if _wired(node) else node.value_map, "faint")


def _wired(node: DrawnNode) -> bool:
    return bool(node.value or node.gradient)


def _label(edge: DrawnEdge) -> list[Line]:
    """The text at an edge: its local gradient, the downstream gradient, or the shape of what it carries."""
    if edge.local:
        return [Line(text, 10, "local") for text in ("local", *edge.local)]
    if edge.downstream:
        return [Line(text, 10, "gradient") for text in ("downstream", *edge.downstream)]
    return [Line(text, 10, "faint") for text in edge.carried]
