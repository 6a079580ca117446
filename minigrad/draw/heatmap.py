"""Heatmaps of arrays: cells coloured from negative through 0 to positive, with the scale as text.

In SVG, the cells of one colour are one path; negative ones are marked by a dash, so that the sign does not depend on
colour alone, and those that are not finite by a cross. In DOT, each cell is a cell of a table. Of complex numbers, a cell
shows |z|.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

STEPS = 8  # shades on either side of 0
MOST = 16  # cells along an axis
TILES = 4  # channels side by side
ROOM = 48  # points of the longer side

NEGATIVE, ZERO, POSITIVE = (23, 78, 152), (246, 246, 244), (217, 108, 0)
NOT_FINITE, GAP = STEPS + 1, STEPS + 2
BLACK = "#010101"
NOISE = 16  # times the resolution of a dtype: what sums of a few numbers leave where 0 is meant


class Heatmap(NamedTuple):
    """An array as shades.

    Attributes
    ----------
    rows : tuple of tuple of int
        From -STEPS to STEPS; NOT_FINITE for nan and infinity, GAP between channels.
    scale : str
        The ends of the scale, such as ±0.52, or |z| ≤ 0.52 of complex numbers.
    words : str
        What a cell shows, if it is not simply an element of the array.
    """

    rows: tuple[tuple[int, ...], ...]
    scale: str
    words: str = ""


def heatmap(value: Any, write: Any, most: int = MOST, beside: float = 0.0) -> Heatmap | None:
    """An array as a heatmap of its last two axes; of more axes, the first image and its first few channels.

    Parameters
    ----------
    value : array
        What is shown.
    write : callable
        Formats a number.
    most : int
        Cells along an axis. Of a larger array, each cell shows the element of largest magnitude in a block.
    beside : float
        The magnitude of the numbers that the array was summed from; if it is only their rounding noise, all cells are white.

    Returns
    -------
    Heatmap or None
        None for a scalar, an array of one element or an empty one.

    Examples
    --------
    >>> heatmap(np.array([-1.0, 0.0, 2.0]), str)
    Heatmap(rows=((-4, 0, 8),), scale='±2.0', words='')
    """
    if np.size(value) < 2:
        return None
    tiles, words = cells(value, most)
    scale = extent(value, beside)  # of the whole array, as its text, whichever part is shown
    shades = levels(tiles, scale)
    gap = np.full((tiles.shape[1], 1), GAP)
    rows = np.hstack([part for tile in shades for part in (tile, gap)][:-1])
    ends = f"{'|z| ≤ ' if np.iscomplexobj(value) else '±'}{write(scale)}"
    return Heatmap(tuple(tuple(map(int, row)) for row in rows), ends, words)


def cells(value: Any, most: int) -> tuple[Any, str]:
    """The elements that the cells show, channel by channel, and what they are if not simply those of the array."""
    whole = np.asarray(value)
    a = whole if whole.ndim < 3 else whole.reshape([n for n in whole.shape if n > 1])
    words = []
    if np.iscomplexobj(a):
        a = np.abs(a)
        words.append("each cell is the absolute value |z|")
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
        words.append(f"each cell is the element of largest magnitude in a {step[0]} × {step[1]} block")
    return np.array([_largest(tile.astype(np.float64), *step) for tile in tiles]), "; ".join(words)


def extent(x: Any, beside: float = 0.0, dtype: Any = None) -> float:
    """The largest magnitude of a finite element: what the darkest shade stands for.

    Where it is only the rounding noise of numbers as large as `beside` in a dtype, that of x if not given, it is `beside`.

    Examples
    --------
    >>> extent([0.5, -2.0]), extent([1e-16, -2e-16], beside=1.0)
    (2.0, 1.0)
    """
    most = float(np.max(np.abs(x), initial=0.0, where=np.isfinite(x)))
    kind = np.asarray(x).dtype if dtype is None else np.dtype(dtype)
    noise = NOISE * float(np.finfo(kind).eps) if kind.kind in "fc" else 0.0
    return most if most > noise * beside else beside


def levels(x: Any, most: float, count: int = STEPS, rounded: Callable[[Any], Any] = np.rint) -> Any:
    """The shade of each element: from -count to count on a linear scale to ±most, and count + 1 if it is not finite.

    Rounding noise beside `most` has the shade of 0.
    """
    finite = np.isfinite(x)
    shown = np.where(finite & (np.abs(x) > NOISE * np.finfo(np.float64).eps * most), x, 0.0)
    shades = rounded(shown / (most or 1.0) * count)
    return np.where(finite, np.clip(shades, -count, count), count + 1).astype(int)


def _largest(a: Any, down: int, across: int) -> Any:
    """The element of largest magnitude of each block; nan counts as infinite."""
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


def colormap() -> Any:
    """The shades as a colour map of Matplotlib: blue negative, white 0, orange positive; for a scale from -most to most."""
    from minigrad.optional import needed

    colors = needed("matplotlib.colors", "train", "colormap: figures need Matplotlib").colors
    ends = [[channel / 255 for channel in color] for color in (NEGATIVE, ZERO, POSITIVE)]
    return colors.LinearSegmentedColormap.from_list("minigrad", ends)


SHADES = {shade(level): level for level in range(-STEPS, NOT_FINITE + 1)}


def table(picture: Heatmap, rim: str) -> str:
    """A heatmap as a Graphviz table."""
    size = cell_size(picture)
    attributes = f'CELLPADDING="0" FIXEDSIZE="TRUE" WIDTH="{size}" HEIGHT="{size}" BORDER="0"'
    rows = (
        "".join(f"<TD {attributes}></TD>" if n == GAP else f'<TD {attributes} BGCOLOR="{shade(n)}"></TD>' for n in row)
        for row in picture.rows
    )
    body = "".join(f"<TR>{row}</TR>" for row in rows)
    # A fixed size: in a wider cell the table would grow, and gaps would open between its cells.
    height, width = (n * size + 2 for n in (len(picture.rows), len(picture.rows[0])))
    held = f'FIXEDSIZE="TRUE" WIDTH="{width}" HEIGHT="{height}"'
    return f'<TABLE {held} BORDER="1" COLOR="{rim}" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">{body}</TABLE>'


def cell_size(picture: Heatmap) -> int:
    """The side of a cell in points."""
    count = max(len(picture.rows), len(picture.rows[0]))
    return min(8, max(3, ROOM // count))


def paths(picture: Heatmap, x: float, y: float, rim: str) -> str:
    """A heatmap as SVG with its top left corner at a point: a path for all cells of one colour, and the marks of signs."""
    size = cell_size(picture)
    cells: dict[int, list[tuple[float, float]]] = {}
    for i, row in enumerate(picture.rows):
        for j, level in enumerate(row):
            if level != GAP:
                cells.setdefault(level, []).append((x + 1 + j * size, y + 1 + i * size))
    width, height = (n * size + 1 for n in (len(picture.rows[0]), len(picture.rows)))
    out = [f'<rect fill="none" stroke="{rim}" x="{x + 0.5:.6g}" y="{y + 0.5:.6g}" width="{width}" height="{height}"/>']
    dashes, crosses = "", ""
    part, half = size / 4, size / 2
    for level, corners in sorted(cells.items()):
        d = "".join(f"M{left:.6g},{top:.6g}h{size}v{size}h-{size}z" for left, top in corners)
        out.append(f'<path class="heat" fill="{shade(level)}" shape-rendering="crispEdges" d="{d}"/>')
        if level == NOT_FINITE:
            for left, top in corners:
                a, b = left + part, top + part
                crosses += f"M{a:.6g},{b:.6g}l{half:g},{half:g}M{a:.6g},{b + half:.6g}l{half:g},-{half:g}"
        elif level < -1:
            dashes += "".join(f"M{left + part:.6g},{top + half:.6g}h{half:g}" for left, top in corners)
    for kind, marks in (("minus", dashes), ("nan", crosses)):
        if marks:
            out.append(f'<path class="{kind}" fill="none" stroke="white" stroke-width="0.8" d="{marks}"/>')
    return "".join(out)
