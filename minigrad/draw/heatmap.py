"""Small pictures of arrays: cells in colours from negative to positive around 0, with the scale in words.

A cell is a cell of a Graphviz table, so the same picture serves SVG, PNG, PDF and DOT without any file beside it: 20 arrays
of 16 by 16 add 0.02 s to a layout. In the SVG, cells of one colour become one path, which takes a tenth of the room, and
negative ones are marked by a dash, so that colour does not stand alone.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import numpy as np

STEPS = 8  # shades on either side of 0
MOST = 16  # cells along an axis
TILES = 4  # channels side by side
ROOM = 48  # points along the longer side

NEGATIVE, ZERO, POSITIVE = (23, 78, 152), (246, 246, 244), (217, 108, 0)
NOT_FINITE, GAP = STEPS + 1, STEPS + 2
BLACK = "#010101"


class Heatmap(NamedTuple):
    """An array as shades.

    Attributes
    ----------
    rows : tuple of tuple of int
        From -STEPS to STEPS; NOT_FINITE for nan and infinity, GAP between two channels.
    scale : str
        What the ends of the scale are, such as ±0.52.
    words : str
        What a cell shows, if it is not simply a number of the array.
    """

    rows: tuple[tuple[int, ...], ...]
    scale: str
    words: str = ""


def heatmap(value: Any, write: Any, most: int = MOST) -> Heatmap | None:
    """An array as a small picture; of more than two axes the last two, of the first image or of a few of its channels.

    Parameters
    ----------
    value : array
        Numbers.
    write : callable
        Gives a number as text.
    most : int
        Cells along an axis; a cell of a larger array shows the number farthest from 0 of its block.

    Returns
    -------
    Heatmap or None
        None for what is no array, or empty.

    Examples
    --------
    >>> heatmap(np.array([-1.0, 0.0, 2.0]), str)
    Heatmap(rows=((-4, 0, 8),), scale='±2.0', words='')
    """
    if np.size(value) < 2:
        return None
    tiles, words = cells(value, most)
    shades, scale = levels(tiles)
    gap = np.full((tiles.shape[1], 1), GAP)
    rows = np.hstack([part for tile in shades for part in (tile, gap)][:-1])
    return Heatmap(tuple(tuple(map(int, row)) for row in rows), f"±{write(scale)}", words)


def cells(value: Any, most: int) -> tuple[Any, str]:
    """The numbers that an array's cells stand for, channel by channel, and what they are if not simply the array's own."""
    whole = np.asarray(value)
    a = whole if whole.ndim < 3 else whole.reshape([n for n in whole.shape if n > 1])
    words = []
    if a.ndim > 3:
        a = a[(0,) * (a.ndim - 3)]
        words.append(f"the first of {whole.size // a.size}")
    tiles = np.atleast_2d(a)[None] if a.ndim < 3 else a
    if len(tiles) > TILES:
        words.append(f"{TILES} of {len(tiles)} side by side")
        tiles = tiles[:TILES]
    most = most if len(tiles) == 1 else max(4, most // 2)
    step = [-(-n // most) for n in tiles.shape[1:]]
    if max(step) > 1:
        words.append(f"each cell the number farthest from 0 of {step[0]} × {step[1]}")
    return np.array([_farthest(tile.astype(np.float64), *step) for tile in tiles]), "; ".join(words)


def levels(numbers: Any) -> tuple[Any, float]:
    """The shade of each number, and the size of the number that has the fullest."""
    finite = np.isfinite(numbers)
    scale = float(np.max(np.abs(numbers), initial=0.0, where=finite))
    shades = np.full(numbers.shape, NOT_FINITE)
    # The square root of a shade would show more of what is small, but not as it is: the scale is linear.
    shades[finite] = np.rint(numbers[finite] / (scale or 1.0) * STEPS)
    return shades, scale


def _farthest(a: Any, down: int, across: int) -> Any:
    """The number farthest from 0 of each block; one that is not finite is the farthest of all."""
    if down == across == 1:
        return a
    padded = np.zeros([-(-n // k) * k for n, k in zip(a.shape, (down, across), strict=True)])
    padded[: a.shape[0], : a.shape[1]] = a
    blocks: Any = padded.reshape(padded.shape[0] // down, down, padded.shape[1] // across, across).swapaxes(1, 2)
    blocks = blocks.reshape(*blocks.shape[:2], down * across)
    size = np.where(np.isfinite(blocks), np.abs(blocks), np.inf)
    return np.take_along_axis(blocks, np.argmax(size, axis=2)[..., None], axis=2)[..., 0]


def shade(level: int) -> str:
    """The colour of a cell."""
    if level == NOT_FINITE:
        return BLACK
    end = NEGATIVE if level < 0 else POSITIVE
    part = abs(level) / STEPS
    return "#" + "".join(f"{round(z + (e - z) * part):02x}" for z, e in zip(ZERO, end, strict=True))


SHADES = {shade(level): level for level in range(-STEPS, NOT_FINITE + 1)}


def table(picture: Heatmap, rim: str) -> str:
    """A heatmap as a Graphviz table."""
    count = max(len(picture.rows), len(picture.rows[0]))
    size = min(8, max(3, ROOM // count))
    attributes = f'CELLPADDING="0" FIXEDSIZE="TRUE" WIDTH="{size}" HEIGHT="{size}" BORDER="0"'
    rows = (
        "".join(f"<TD {attributes}></TD>" if n == GAP else f'<TD {attributes} BGCOLOR="{shade(n)}"></TD>' for n in row)
        for row in picture.rows
    )
    body = "".join(f"<TR>{row}</TR>" for row in rows)
    # Held at its size: in a wider cell the table would grow, and gaps open between its cells.
    height, width = (n * size + 2 for n in (len(picture.rows), len(picture.rows[0])))
    held = f'FIXEDSIZE="TRUE" WIDTH="{width}" HEIGHT="{height}"'
    return f'<TABLE {held} BORDER="1" COLOR="{rim}" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">{body}</TABLE>'


_CELL = re.compile(r'<polygon fill="(#[0-9a-f]{6})" stroke="none"(?: stroke-width="[\d.]+")? points="([-\d., ]+)"/>\n')
_CELLS = re.compile(f"(?:{_CELL.pattern.replace('(#', '(?:#').replace('([', '(?:[')})+")


def compact(svg: str) -> str:
    """Cells of one colour as one path, with a dash on negative ones and a cross on those that are not finite."""

    def paths(run: re.Match[str]) -> str:
        kept: list[str] = []
        boxes: dict[int, list[tuple[float, float, float, float]]] = {}
        for polygon in _CELL.finditer(run[0]):
            if polygon[1] not in SHADES:
                kept.append(polygon[0])
                continue
            corners = [tuple(map(float, corner.split(","))) for corner in polygon[2].split()]
            (left, top), (right, bottom) = (map(end, zip(*corners, strict=True)) for end in (min, max))
            boxes.setdefault(SHADES[polygon[1]], []).append((left, top, right, bottom))
        return "".join(kept) + _paths(boxes)

    return _CELLS.sub(paths, svg)


def _paths(boxes_by_level: dict[int, list[tuple[float, float, float, float]]]) -> str:
    out = []
    dashes, crosses = [], []
    for level, boxes in sorted(boxes_by_level.items()):
        d = "".join(f"M{x:g},{y:g}h{right - x:g}v{bottom - y:g}h{x - right:g}z" for x, y, right, bottom in boxes)
        out.append(f'<path class="heat" fill="{shade(level)}" shape-rendering="crispEdges" d="{d}"/>\n')
        for x, y, right, bottom in boxes:
            part = (right - x) / 4
            if level == NOT_FINITE:
                a, b, c = x + part, y + part, bottom - part
                crosses.append(f"M{a:g},{b:g}l{2 * part:g},{c - b:g}M{a:g},{c:g}l{2 * part:g},{b - c:g}")
            elif level < -1:
                dashes.append(f"M{x + part:g},{(y + bottom) / 2:g}h{2 * part:g}")
    for kind, marks in (("minus", dashes), ("nan", crosses)):
        if marks:
            out.append(f'<path class="{kind}" fill="none" stroke="white" stroke-width="0.8" d="{"".join(marks)}"/>\n')
    return "".join(out)
