"""The curve of the loss with its cursor, and the norms of the gradients on a logarithmic scale, as SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any, NamedTuple

import numpy as np

from minigrad.draw.training.frames import Frame
from minigrad.text import number, shorten

WIDTH, HEIGHT = 420.0, 180.0
LEFT, RIGHT, TOP, BOTTOM = 46.0, 12.0, 12.0, 26.0  # around the curve
NAMES, ROW = 130.0, 18.0  # of the norms
MOST_ROWS = 24
MOST_DECADES = 12.0
TEXT = 'font-size="12" fill="var(--faint)"'


class Drawn(NamedTuple):
    """A picture, and where its cursor or marks are in each frame."""

    markup: str
    places: list[Any]


def loss(frames: Sequence[Frame]) -> Drawn:
    """The loss of every frame, and the place of each on the curve."""
    finite = [one.loss for one in frames if math.isfinite(one.loss)] or [0.0]
    low, high = min(0.0, *finite), max(finite)
    high = high if high > low else low + 1
    last = max(frames[-1].step, 1)

    def at(one: Frame) -> tuple[float, float]:
        size = one.loss if math.isfinite(one.loss) else high if one.step else frames[min(1, len(frames) - 1)].loss
        size = size if math.isfinite(size) else high
        across = LEFT + (WIDTH - LEFT - RIGHT) * one.step / last
        return round(across, 1), round(TOP + (HEIGHT - TOP - BOTTOM) * (high - size) / (high - low), 1)

    places = [at(one) for one in frames]
    line = " ".join(f"{x},{y}" for (x, y), one in zip(places, frames, strict=True) if math.isfinite(one.loss))
    floor = HEIGHT - BOTTOM
    words = f"loss of the batch from step 0 to step {last}, between {number(min(finite), 2)} and {number(max(finite), 2)}"
    markup = (
        f'<figure class="loss"><figcaption>loss of the batch</figcaption>'
        f'<svg id="curve" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" aria-label="{escape(words)}">'
        f'<path d="M{LEFT:g},{TOP:g}V{floor:g}H{WIDTH - RIGHT:g}" fill="none" stroke="var(--rim)"/>'
        f'<text x="{LEFT - 6:g}" y="{TOP + 8:g}" text-anchor="end" {TEXT}>{number(high, 2)}</text>'
        f'<text x="{LEFT - 6:g}" y="{floor:g}" text-anchor="end" {TEXT}>{number(low, 2)}</text>'
        f'<text x="{LEFT:g}" y="{HEIGHT - 8:g}" {TEXT}>step 0</text>'
        f'<text x="{WIDTH - RIGHT:g}" y="{HEIGHT - 8:g}" text-anchor="end" {TEXT}>step {last:,}</text>'
        f'<polyline points="{line}" fill="none" stroke="var(--value)" stroke-width="2"/>'
        f'<path id="cursor" d="M0,{TOP:g}V{floor:g}" stroke="var(--focus)" stroke-width="2" fill="none"/>'
        f'<circle id="dot" r="5" fill="var(--focus)"/></svg></figure>\n'
    )
    return Drawn(markup, places)


def marks(frames: Sequence[Frame]) -> Drawn:
    """The norm of each parameter's gradient, and where its mark is in each frame; null where there is none."""
    names = list(dict.fromkeys(name for one in frames for name in one.norms))
    if not names:
        return Drawn("", [[] for _ in frames])
    if len(names) > MOST_ROWS:
        names = [names[i] for i in np.linspace(0, len(names) - 1, MOST_ROWS).astype(int)]
    sizes = [size for one in frames for size in one.norms.values() if 0 < size < math.inf] or [1.0]
    high = math.ceil(math.log10(max(sizes)) + 1e-9)
    low = max(math.floor(math.log10(min(sizes)) - 1e-9), high - MOST_DECADES)
    long = WIDTH - NAMES - RIGHT

    def at(size: float | None) -> float | None:
        if size is None:
            return None
        part = (math.log10(size) - low) / (high - low) if 0 < size < math.inf else float(size > 0)
        return round(NAMES + long * min(1.0, max(0.0, part)), 1)

    tall = 22 + ROW * len(names)
    step = max(1, math.ceil((high - low) / 4))
    lines = []
    for power in range(int(high), int(low) - 1, -step):
        x = NAMES + long * (power - low) / (high - low)
        lines.append(f'<path d="M{x:.1f},18V{tall:g}" stroke="var(--rim)"/>')
        lines.append(
            f'<text x="{x:.1f}" y="12" text-anchor="{"end" if power == high else "middle"}" {TEXT}>1e{power}</text>'
        )
    for k, name in enumerate(names):
        y = 22 + ROW * (k + 0.5)
        text = f'<text x="{NAMES - 10:g}" y="{y + 4:g}" text-anchor="end" font-size="12" fill="var(--ink)">'
        lines.append(f"{text}{escape(shorten(name, 20))}</text>")
        lines.append(f'<rect class="norm" x="{NAMES:g}" y="{y - 4:g}" width="0" height="8" fill="var(--gradient)"/>')
    markup = (
        f'<figure class="norms"><figcaption>norm of each gradient, on a logarithmic scale</figcaption>'
        f'<svg viewBox="0 0 {WIDTH:g} {tall:g}" role="img" aria-label="norm of the gradient of each parameter">'
        f"{''.join(lines)}</svg></figure>\n"
    )
    lengths = []
    for one in frames:
        ends = [at(one.norms.get(name)) for name in names]
        lengths.append([None if end is None else round(end - NAMES, 1) for end in ends])
    return Drawn(markup, lengths)
