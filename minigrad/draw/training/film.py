"""The page that plays a training run: every part with one scale for the whole run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from minigrad.draw.document import script_json
from minigrad.draw.heatmap import GAP, NEGATIVE, POSITIVE, STEPS, ZERO, extent, levels
from minigrad.draw.page import Page
from minigrad.draw.training import curves
from minigrad.draw.training.frames import GRID, SHOWN_ITEMS, Frame, extent_of
from minigrad.ops import softmax
from minigrad.text import number, shorten

KEY = "".join(chr(97 + k) for k in range(2 * STEPS + 3))  # a letter for each shade, then for not finite, and for a gap
COLUMNS = 8  # filters or maps in a row
# Of more than two classes: Okabe and Ito's colours, which all readers can tell apart.
CLASSES = ((0, 114, 178), (230, 159, 0), (0, 158, 115), (204, 121, 167), (213, 94, 0), (86, 180, 233), (240, 228, 66))
SHOWN_POINTS = 400
WIDEST, WIDEST_CELL = 400, 22  # pixels of a picture, and of one of its cells


def film(frames: Sequence[Frame], x: Any, y: Any, classes: Sequence[str]) -> Page:
    """The page of some frames.

    Parameters
    ----------
    frames : sequence of Frame
        In the order of the training.
    x, y : array or None
        What the model was evaluated on, and the targets.
    classes : sequence of str
        Names of the classes.
    """
    parts = [part for part in _parts(frames, x, y, classes) if part]
    right = _accuracies(frames, y)
    steps: list[dict[str, Any]] = [
        {"text": _told(one, share), "cells": {}} for one, share in zip(frames, right, strict=True)
    ]
    still = {part.id: part.cells[0] for part in parts if len(set(part.cells)) == 1}
    for part in parts:
        for step, cells in zip(steps, part.cells, strict=True):
            if part.id not in still:
                step["cells"][part.id] = cells
    loss = curves.loss(frames)
    marks = curves.marks(frames)
    for step, place, norms in zip(steps, loss.places, marks.places, strict=True):
        step |= {"at": place, "norms": norms}
    data: dict[str, Any] = {"colors": [_color(level) for level in range(-STEPS, STEPS + 1)] + [[1, 1, 1], None]}
    data |= {"classes": CLASSES, "still": still}
    data["planes"] = [part.id for part in parts if part.several]
    first = [part.markup for part in parts if part.id in ("plane", "predictions")]
    others = [part.markup for part in parts if part.id not in ("plane", "predictions")]
    columns = ("".join(markup) for markup in ([loss.markup, marks.markup], first, others) if markup)
    stage = "".join(f'<div class="column">{column}</div>' for column in columns)
    here = Path(__file__)
    script = f"const known = {script_json(data)};\n" + here.with_name("film.js").read_text(encoding="utf-8")
    style = here.with_name("film.css").read_text(encoding="utf-8")
    return Page("minigrad training", f'<div class="film">{stage}</div>', steps, script=script, style=style, height=760)


class _Part:
    """A picture of cells that changes from frame to frame."""

    def __init__(self, id: str, title: str, cells: list[str], shape: tuple[int, int], note: str, over: str = "") -> None:
        self.id, self.cells, self.several = id, cells, False
        rows, cols = shape
        wide = min(WIDEST, WIDEST_CELL * cols)
        words = f"{title}. {note}"
        self.markup = (
            f'<figure class="{id.split("-")[0]}"><figcaption>{escape(title)}</figcaption><div class="cells" '
            f'style="max-width: {wide}px">'
            f'<canvas id="{id}" width="{cols}" height="{rows}" role="img" aria-label="{escape(words)}"></canvas>{over}</div>'
            f'<p class="scale">{escape(note)}</p></figure>\n'
        )


def _parts(frames: Sequence[Frame], x: Any, y: Any, classes: Sequence[str]) -> Iterator[_Part | None]:
    """The parts drawn as cells: the plane or the predictions, the filters, the maps."""
    yield _plane(frames, x, y, classes)
    yield _predictions(frames, y, classes)
    if frames[0].maps:
        yield _shades("image", "the first image", [np.asarray(x[:1, :1], np.float32)] * len(frames))
    if frames[0].filters is not None:
        matrix = frames[0].filters.shape[:2] == (1, 1)
        title = "weights of the first layer, a row for each unit" if matrix else "filters of the first layer"
        yield _shades("filters", title, [one.filters for one in frames])
    for k, name in enumerate(frames[0].maps):
        arrays = [one.maps[name][:, None] for one in frames]
        yield _shades(f"maps-{k}", f"{shorten(name, 40)}: maps of the first image", arrays)


def _shades(id: str, title: str, arrays: list[Any]) -> _Part:
    """Arrays (count, channels, height, width) as cells from blue through white to orange."""
    most = max(extent(a) for a in arrays)
    mosaics = [_mosaic(levels(a, most)) for a in arrays]
    return _Part(id, title, [_letters(m) for m in mosaics], mosaics[0].shape, _scale(most))


def _scale(most: float) -> str:
    end = number(np.float64(most), 2)
    return f"blue −{end}, white 0, orange +{end}; the same in all frames"


def _letters(shades: Any) -> str:
    return "".join(KEY[level + STEPS] for level in shades.ravel().tolist())


def _mosaic(shades: Any) -> Any:
    """Tiles side by side in rows, their channels below each other, with gaps between."""
    count, channels, height, width = shades.shape
    columns, tall = min(COLUMNS, count), channels * height
    rows = -(-count // columns)
    whole = np.full((rows * (tall + 1) - 1, columns * (width + 1) - 1), GAP)
    for k in range(count):
        top, left = k // columns * (tall + 1), k % columns * (width + 1)
        whole[top : top + tall, left : left + width] = shades[k].reshape(tall, width)
    return whole


def _plane(frames: Sequence[Frame], x: Any, y: Any, classes: Sequence[str]) -> _Part | None:
    """The outputs in the plane, and the points of x in it."""
    if frames[0].plane is None:
        return None
    outputs = [one.plane.reshape(GRID * GRID, -1) for one in frames]
    several = outputs[0].shape[1] > 2
    if several:
        cells = [_of_classes(out) for out in outputs]
        note = "the colour of the most probable class, fainter where the model is less sure"
    else:
        # Two classes: how much more probable the second is. One output: the output itself.
        fields = [np.tanh((out[:, 1] - out[:, 0]) / 2) if out.shape[1] == 2 else out[:, 0] for out in outputs]
        most = max(extent(field) for field in fields)
        cells = [_letters(levels(field, most)) for field in fields]
        first, second = (str(name) for name in (*classes, "class 0", "class 1")[:2]) if len(classes) != 1 else ("0", "1")
        two = f"blue {first}, orange {second}; deeper where the model is surer"
        note = two if outputs[0].shape[1] == 2 else _scale(most)
    part = _Part("plane", "the output in the plane, and the data", cells, (GRID, GRID), note, _points(x, y, several))
    part.several = several
    return part


def _of_classes(out: Any) -> str:
    """A letter for the class and a digit for its probability at each cell."""
    parts = softmax(np.nan_to_num(out))
    best = parts.argmax(axis=1)
    sure = np.rint(9 * (parts.max(axis=1) - 1 / out.shape[1]) / (1 - 1 / out.shape[1])).astype(int)
    return "".join(f"{chr(97 + k % len(CLASSES))}{p}" for k, p in zip(best.tolist(), sure.tolist(), strict=True))


def _points(x: Any, y: Any, several: bool) -> str:
    """The points of x over the plane, in the colours of their classes and with a shape for each of two."""
    left, right, bottom, top = extent_of(x)
    dots = []
    for i, (across, up) in enumerate(np.asarray(x, float)[:SHOWN_POINTS]):
        place = 100 * (across - left) / (right - left), 100 * (top - up) / (top - bottom)
        k = 0 if y is None or np.ndim(y) != 1 else float(y[i])
        color = CLASSES[int(k) % len(CLASSES)] if several else POSITIVE if k > 0 else NEGATIVE
        fill = "rgb({},{},{})".format(*color)
        if k > 0 and not several:
            dots.append(f'<rect x="{place[0] - 1:.2f}" y="{place[1] - 1:.2f}" width="2" height="2" fill="{fill}"/>')
        else:
            dots.append(f'<circle cx="{place[0]:.2f}" cy="{place[1]:.2f}" r="1.2" fill="{fill}"/>')
    return f'<svg class="points" viewBox="0 0 100 100" aria-hidden="true">{"".join(dots)}</svg>'


def _predictions(frames: Sequence[Frame], y: Any, classes: Sequence[str]) -> _Part | None:
    """The probabilities of the classes for the first items, the right one framed; or outputs below their targets."""
    outputs = [one.outputs for one in frames]
    if outputs[0] is None or outputs[0].ndim != 2 or frames[0].plane is not None:
        return None
    items = min(SHOWN_ITEMS, len(outputs[0]))
    if outputs[0].shape[1] == 1 or not _are_classes(y):
        return _shades(
            "predictions", f"outputs for the first {items} items, a column each", [o[:items].T[None, None] for o in outputs]
        )
    probabilities = [softmax(np.nan_to_num(out[:items])) for out in outputs]
    count = outputs[0].shape[1]
    frame_of = "".join(
        f'<rect x="{int(y[i]) + 0.06:.2f}" y="{i + 0.06:.2f}" width="0.88" height="0.88"/>'
        for i in range(items)
        if y[i] < count
    )
    over = f'<svg class="right" viewBox="0 0 {count} {items}" preserveAspectRatio="none" aria-hidden="true">{frame_of}</svg>'
    cells = [_letters(levels(p, 1.0)) for p in probabilities]
    named = ", ".join(map(str, classes)) if classes else f"0 to {count - 1}"
    note = f"a row for each item, a column for each class ({shorten(named, 120)}); white 0, orange 1, the right one framed"
    return _Part("predictions", f"probabilities for the first {items} items", cells, (items, count), note, over)


def _are_classes(y: Any) -> bool:
    return y is not None and np.ndim(y) == 1 and np.asarray(y).dtype.kind in "iu"


def _accuracies(frames: Sequence[Frame], y: Any) -> list[float | None]:
    """The share of right answers in each frame, if y are classes."""
    if not _are_classes(y) or frames[0].outputs is None or frames[0].outputs.ndim != 2 or frames[0].outputs.shape[1] < 2:
        return [None] * len(frames)
    count = len(frames[0].outputs)
    return [float(np.mean(np.argmax(one.outputs, axis=1) == y[:count])) for one in frames]


def _told(one: Frame, right: float | None) -> str:
    """A frame in words."""
    text = f"step {one.step:,}" if one.step else "before training"
    if not math.isnan(one.loss) or one.step:
        text += f": loss {number(one.loss, 3)}"
    return text + (f", {right:.0%} right".replace("%", " %") if right is not None else "")


def _color(level: int) -> list[int]:
    end, part = NEGATIVE if level < 0 else POSITIVE, abs(level) / STEPS
    return [round(z + (e - z) * part) for z, e in zip(ZERO, end, strict=True)]
