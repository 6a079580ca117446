"""The lines of text in a picture: those in a gate, and the legend; each with its size and the name of its colour."""

from __future__ import annotations

from typing import NamedTuple

from minigrad.draw.heatmap import NOT_FINITE, TILES
from minigrad.draw.still.picture import Description, Direction, DrawnNode
from minigrad.draw.text import wrap
from minigrad.text import LONGEST

SMALL = 9  # size of details


class Line(NamedTuple):
    """A line of text; `color` is the name of a colour in the palette."""

    text: str
    size: float
    color: str
    bold: bool = False


def gate_lines(node: DrawnNode) -> list[Line]:
    """The lines in the gate of a node: its title and name, then details, differences and faults.

    Examples
    --------
    >>> gate_lines(DrawnNode("n0", "leaf", "x"))
    [Line(text='x', size=14, color='ink', bold=True)]
    """
    size = {"op": 18, "constant": 11}.get(node.kind, 14)
    color = "faint" if node.kind == "constant" and not node.fault else "ink"
    lines = [Line(text, size, color, node.kind == "leaf") for text in node.title.split("\n")]
    if node.fault:
        lines[0] = lines[0]._replace(text=f"⚠ {lines[0].text}")
    lines += [Line(node.name, 11, "ink", bold=True)] if node.name else []
    lines += [Line(text, SMALL, "faint") for text in (*wrap(node.arguments, LONGEST), *node.detail.split("\n")) if text]
    lines += [Line(text, 10, "ink", bold=True) for told in node.differs for text in wrap(told)]
    return lines + [Line(text, 10, "gradient") for text in wrap(node.fault)]


def legend(picture: Description, direction: Direction) -> list[Line]:
    """The parts of the legend: one for each thing that is in the picture."""
    nodes, edges = picture.nodes, picture.edges
    above, below = ("above the wire", "below it") if direction == "LR" else ("left of the wire", "right of it")
    maps = [m for n in nodes for m in (n.value_map, n.gradient_map) if m]
    parts = [
        (any(n.value for n in nodes), f"value {above}", "value"),
        (any(n.gradient for n in nodes), f"gradient {below}", "gradient"),
        (any(e.local for e in edges), "local gradient on the arrow", "local"),
        (any(e.downstream for e in edges), "downstream gradient: shape and norm", "gradient"),
        (any(n.ordered for n in nodes), "1: the first operand", "faint"),
        (bool(maps), "cells: blue negative, white 0, orange positive, to ± the number below", "faint"),
        (any("|z|" in m.words for m in maps), "cells of complex numbers: |z|", "faint"),
        (
            any("first of" in m.words or "side by side" in m.words for m in maps),
            f"stacks of arrays: the first one, at most {TILES} channels",
            "faint",
        ),
        (any("block" in m.words for m in maps), "large arrays: the element of largest magnitude in each block", "faint"),
        (any(NOT_FINITE in row for m in maps for row in m.rows), "black cells: nan or inf", "faint"),
    ]
    return [Line(text, 10, color) for shown, text, color in parts if shown]
