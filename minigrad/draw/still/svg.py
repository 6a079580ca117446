"""A laid out picture as SVG, with the tooltips of nodes and edges as titles."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape
from itertools import pairwise

from minigrad.draw.heatmap import paths
from minigrad.draw.layout.arrange import STRIP, TITLE, Layout, Run, returns
from minigrad.draw.layout.parts import ARROW, LINE, Cells, Part, Text
from minigrad.draw.layout.widths import width
from minigrad.draw.still.lines import Line, legend
from minigrad.draw.still.picture import Description, DrawnEdge, DrawnNode
from minigrad.draw.text import wrap
from minigrad.draw.theme import Palette
from minigrad.text import shorten

FONT = "Helvetica,Arial,sans-serif"  # all of the same widths, so that what is measured here fits in a browser
MARGIN = 11.0  # around the picture
ROUND = 6.0  # radius of a corner
SEPARATOR = "   ·   "  # between the parts of the legend
NOTE = 100  # characters in a line of a note
NARROWEST = 330.0  # width of a legend that is written in one line


def write(picture: Description, layout: Layout, colors: Palette) -> str:
    """A laid out picture as SVG that can be embedded in a page.

    Parameters
    ----------
    picture : Description
        The picture.
    layout : Layout
        Its positions.
    colors : Palette
        Its colours.

    Returns
    -------
    str
        Starts with ``<svg``: no prolog, no comments.
    """
    return _Writer(picture, layout, colors).document()


class _Writer:
    """Writes one picture."""

    def __init__(self, picture: Description, layout: Layout, colors: Palette) -> None:
        self.picture, self.layout = picture, layout
        self.colors = colors._asdict()
        self.across = layout.direction == "LR"
        size = (layout.length, layout.breadth)
        self.width, self.height = size if self.across else size[::-1]

    def document(self) -> str:
        """The whole picture, and below it the legend."""
        picture, colors = self.picture, self.colors
        rows = self.legend()
        wide = max([self.width, *(sum(width(line.text, line.size) for line in row) for row in rows)])
        left = (wide - self.width) / 2
        low = sum(LINE * row[0].size for row in rows) + (12 if rows else 0)
        w, h = wide + 2 * MARGIN, self.height + low + 2 * MARGIN
        out = [
            f'<svg width="{w:.0f}pt" height="{h:.0f}pt" class="minigrad" role="img" '
            f'viewBox="{_n(-MARGIN - left)} {_n(-MARGIN)} {w:.0f} {h:.0f}" xmlns="http://www.w3.org/2000/svg" '
            f'xml:space="preserve" font-family="{FONT}">',
            f"<title>{escape(picture.title)}</title>",
            f"<desc>{escape(picture.words)}</desc>",
            '<g id="graph0" class="graph" text-anchor="middle">',
            f'<rect x="{_n(-MARGIN - left)}" y="{_n(-MARGIN)}" width="{w:.0f}" height="{h:.0f}" fill="{colors["page"]}"/>',
            *self.frames(),
            *(self.edge(edge) for edge in picture.edges if edge.id in self.layout.wires),
            *(self.node(node) for node in picture.nodes),
        ]
        y = self.height + 12.0
        for row in rows:
            x = (self.width - sum(width(line.text, line.size) for line in row)) / 2
            y += LINE * row[0].size
            for line in row:
                room = width(line.text, line.size)
                if line.text != SEPARATOR:
                    out.append(self.text(Text(x + room / 2, y - 2, line), marked=False))
                x += room
        return "\n".join(filter(None, [*out, "</g>", "</svg>"])) + "\n"

    def legend(self) -> list[list[Line]]:
        """The notes on the picture, a row each, and the parts of the legend in rows about as wide as the picture."""
        between = Line(SEPARATOR, 10, "faint")
        rows = [[Line(text, 10, "ink")] for note in self.picture.notes for text in wrap(note, NOTE)]
        room = math.inf
        for line in legend(self.picture, self.layout.direction):
            size = width(line.text, line.size) + width(SEPARATOR, 10)
            if room + size <= max(NARROWEST, self.width):
                rows[-1] += [between, line]
            else:
                rows.append([line])
                room = 0.0
            room += size
        return rows

    def frames(self) -> Iterator[str]:
        """The frames of scopes, with their titles at the top left."""
        rim, fill = self.colors["rim"], self.colors["cluster"]
        for k, (box, u, v, length, breadth) in enumerate(self.layout.frames):
            x, y, w, h = (u, v, length, breadth) if self.across else (v, u, breadth, length)
            title = Line(shorten(box.title), TITLE, "faint")
            yield (
                f'<g id="s{k}" class="cluster scope"><title>{escape(shorten("/".join(box.path)))}</title>'
                f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(w)}" height="{_n(h)}" rx="9" fill="{fill}" stroke="{rim}"/>'
                f'<text x="{_n(x + 9)}" y="{_n(y + STRIP - 4)}" font-size="{TITLE}" fill="{self.colors["faint"]}" '
                f'text-anchor="start">{escape(title.text)}</text></g>'
            )

    def node(self, node: DrawnNode) -> str:
        """A node: its gate, the wire behind it, and what is written there."""
        made, u, v = self.layout.nodes[node.id]
        x, y = (u, v) if self.across else (v, u)
        kind = f"{node.kind} fault" if node.fault else f"{node.kind} result" if node.result else node.kind
        return (
            f'<g id="{node.id}" class="node {kind}"><title>{escape(node.tooltip)}</title>{self.gate(node, made, x, y)}'
            f"{self.tail(made, x, y)}{self.written(made.cells, made.texts, x, y)}</g>"
        )

    def gate(self, node: DrawnNode, made: Part, x: float, y: float) -> str:
        """The shape of a gate: leaves have corners, operations and boxes are round."""
        if node.kind == "constant" and not node.fault:
            return ""
        fill, stroke, wide, round_ = {
            "leaf": ("page", "ink", 1.0, 0),
            "op": ("gate", "wire", 1.0, 11),
            "scope": ("cluster", "wire", 1.0, 9),
            "constant": ("page", "ink", 1.0, 0),
        }[node.kind]
        if node.differs:
            wide = 3.0
        if node.fault:
            fill, stroke, wide = "alarm", "gradient", 4.0
        left, top, w, h = made.gate
        return (
            f'<rect x="{_n(x + left)}" y="{_n(y + top)}" width="{_n(w)}" height="{_n(h)}" rx="{round_}" '
            f'fill="{self.colors[fill]}" stroke="{self.colors[stroke]}" stroke-width="{wide:g}"/>'
        )

    def tail(self, made: Part, x: float, y: float) -> str:
        """The wire behind a gate, along which its value and gradient are written."""
        if made.length <= made.wire:
            return ""
        along = f"M{_n(x + made.wire)},{_n(y)}H{_n(x + made.length)}"
        if not self.across:
            along = f"M{_n(x)},{_n(y + made.wire)}V{_n(y + made.length)}"
        return f'<path class="wire" fill="none" stroke="{self.colors["wire"]}" d="{along}"/>'

    def edge(self, edge: DrawnEdge) -> str:
        """An edge: its wire, its arrowhead and its label."""
        kind = " local" if edge.local else " downstream" if edge.downstream else ""
        color, wide = self.colors["wire"], f' stroke-width="{edge.width:g}"' if edge.width != 1 else ""
        curve, head = self.wire(self.layout.wires[edge.id], edge.id in self.layout.against, 2.2 + edge.width / 2)
        made, u, v = self.layout.nodes[self.head(edge)]
        x, y = (u, v) if self.across else (v, u)
        return (
            f'<g id="{edge.id}" class="edge{kind}"><title>{escape(edge.tooltip)}</title>'
            f'<path fill="none" stroke="{color}"{wide} d="{curve}"/><polygon fill="{color}" points="{head}"/>'
            f"{self.written([], made.labels.get(edge.id, ()), x, y)}</g>"
        )

    def head(self, edge: DrawnEdge) -> str:
        """The node at which an edge ends in the direction of the flow."""
        return edge.tail if edge.id in self.layout.against else edge.head

    def wire(self, runs: Sequence[Run], back: bool, half: float) -> tuple[str, str]:
        """The path of a wire and the corners of its arrowhead: straight pieces, joined by curves."""
        first, last = runs[0], runs[-1]
        start = first[0] + ARROW - 1 if back else first[0]
        stop = last[1] if back else last[1] - ARROW + 1
        path = f"M{self.at(start, first[2])}"
        for before, here in pairwise(runs):
            path += self.turn(before, here) if returns(before) or returns(here) else self.curve(before, here)
        path += f"L{self.at(stop, last[2])}"
        tip, foot, v = (first[0], first[0] + ARROW, first[2]) if back else (last[1], last[1] - ARROW, last[2])
        return path, f"{self.at(foot, v - half)} {self.at(tip, v)} {self.at(foot, v + half)}"

    def curve(self, before: Run, here: Run) -> str:
        """The rest of a piece, and a curve to the next."""
        (_, end, low), (begin, _, high), middle = before, here, (before[1] + here[0]) / 2
        return f"L{self.at(end, low)}C{self.at(middle, low)} {self.at(middle, high)} {self.at(begin, high)}"

    def turn(self, before: Run, here: Run) -> str:
        """The rest of a piece, and the way between rows: across the flow, with round corners."""
        u, low, high = before[1], before[2], here[2]
        across = 1 if high > low else -1
        round_ = min(ROUND, abs(high - low) / 2)
        ends = []
        for (a, b, v), inward in ((before, across), (here, -across)):
            along = 1 if (b > a) == (inward == across) else -1
            ends.append((self.at(u - along * round_, v), self.at(u, v), self.at(u, v + inward * round_)))
        (one, corner, two), (four, last, three) = ends
        return f"L{one}C{corner} {corner} {two}L{three}C{last} {last} {four}"

    def at(self, u: float, v: float) -> str:
        """A point of the layout in the picture."""
        return f"{_n(u)},{_n(v)}" if self.across else f"{_n(v)},{_n(u)}"

    def written(self, cells: Sequence[Cells], texts: Sequence[Text], x: float, y: float) -> str:
        """Heatmaps and text of a part at its position."""
        maps = "".join(paths(c.picture, x + c.x, y + c.y, self.colors["rim"]) for c in cells)
        return maps + "".join(self.text(Text(x + text.x, y + text.y, text.line)) for text in texts)

    def text(self, text: Text, marked: bool = True) -> str:
        """A line of text; values, gradients and local gradients have a class, so that a page can change them."""
        line = text.line
        kind = f' class="{line.color}"' if marked and line.color in ("value", "gradient", "local") else ""
        bold = ' font-weight="bold"' if line.bold else ""
        x, y, color = _n(text.x), _n(text.y), self.colors[line.color]
        return f'<text{kind} x="{x}" y="{y}" font-size="{line.size:g}"{bold} fill="{color}">{escape(line.text)}</text>'


def _n(x: float) -> str:
    """A coordinate, to a tenth of a point."""
    return f"{x:.1f}".removesuffix(".0")
