"""Digits drawn with a pen: strokes on paper, and the images of 8 × 8 pixels that they give.

The ten digits here are not from the data set, and no network of the course is trained or chosen with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from minigrad.graph import Value

Stroke: TypeAlias = Sequence[tuple[float, float]]

SHEET = 64  # dots along an edge, of which 8 × 8 make a pixel
PEN = 0.075  # the radius of the pen, for a digit 1 high: it gives as much ink as the training images have

DIGITS: dict[int, list[Stroke]] = {
    0: [[(35, 2), (18, 10), (8, 30), (8, 68), (20, 92), (38, 98), (56, 88), (64, 66), (64, 32), (54, 10), (35, 2)]],
    1: [[(12, 26), (34, 4), (34, 98)]],
    2: [[(8, 22), (18, 6), (38, 2), (56, 12), (58, 32), (44, 54), (20, 78), (6, 97), (64, 97)]],
    3: [[(8, 10), (30, 2), (54, 12), (54, 34), (30, 47), (58, 60), (60, 84), (36, 98), (8, 90)]],
    4: [[(40, 2), (6, 62), (66, 62)], [(48, 36), (48, 98)]],
    5: [[(60, 3), (14, 3), (10, 44), (36, 38), (58, 52), (60, 76), (44, 96), (8, 94)]],
    6: [[(50, 3), (26, 22), (10, 54), (12, 82), (32, 98), (54, 88), (58, 68), (42, 54), (20, 60), (11, 74)]],
    7: [[(6, 4), (62, 4), (42, 44), (26, 98)], [(18, 50), (56, 50)]],
    8: [
        [
            (36, 48),
            (14, 34),
            (14, 12),
            (36, 2),
            (56, 12),
            (56, 32),
            (36, 48),
            (12, 66),
            (12, 88),
            (36, 98),
            (60, 88),
            (60, 66),
            (36, 48),
        ]
    ],
    9: [[(56, 30), (44, 46), (22, 46), (10, 30), (18, 8), (40, 2), (56, 14), (58, 40), (54, 72), (38, 98)]],
}
"""The strokes of a hand for each digit: x to the right and y downwards, on any scale."""


def draw(strokes: Sequence[Stroke], pen: float = PEN) -> Value:
    """Draw strokes with a round pen, and scan them as the data set was scanned.

    The drawing is moved and scaled to fill the height of the image. A pixel is the share of it that ink covers.

    Parameters
    ----------
    strokes : sequence of sequences of (x, y)
        Corners of each stroke, joined by straight lines: x to the right and y downwards, on any scale.
    pen : float
        The radius of the pen; the drawing is 1 high.

    Returns
    -------
    array of float32
        Shape (1, 8, 8), from 0 (paper) to 1 (ink).

    Examples
    --------
    >>> (draw([[(0, 0), (0, 10)]])[0, :, 4] > 0.5).all()
    np.True_
    """
    corners = np.array([corner for stroke in strokes for corner in stroke], float)
    if corners.ndim != 2 or corners.shape[1:] != (2,) or not np.isfinite(corners).all():
        raise ValueError("pen.draw: a stroke is a list of (x, y), such as [(0, 0), (10, 20)]")
    low, high = corners.min(axis=0), corners.max(axis=0)
    scale = (1 - 2 * pen) / max(high[1] - low[1], (high[0] - low[0]), 1e-9)
    shift = 0.5 - scale * (low + high) / 2
    centres = (np.arange(SHEET) + 0.5) / SHEET
    dots = np.stack(np.meshgrid(centres, centres), -1)
    distance = np.full((SHEET, SHEET), np.inf)
    for stroke in strokes:
        points = np.array(stroke, float) * scale + shift
        for a, b in pairwise(points):
            along = np.clip((dots - a) @ (b - a) / max((b - a) @ (b - a), 1e-12), 0, 1)
            distance = np.minimum(distance, np.linalg.norm(dots - a - along[..., None] * (b - a), axis=-1))
    ink = (distance <= pen).astype(np.float32)
    return ink.reshape(8, SHEET // 8, 8, SHEET // 8).mean(axis=(1, 3))[None]


def digits() -> tuple[Value, Value]:
    """Ten drawn digits, of shape (10, 1, 8, 8), and what they are."""
    return np.stack([draw(strokes) for strokes in DIGITS.values()]), np.array(list(DIGITS))


class Wobble:
    """A transform of images of 8 × 8 pixels: each is moved, turned, slanted and stretched a little, at random.

    Examples
    --------
    >>> images, _ = digits()
    >>> Wobble()(images, np.random.default_rng(0)).shape
    (10, 1, 8, 8)
    """

    random = True

    def __init__(self, shift: float = 0.8, turn: float = 0.2, slant: float = 0.2, stretch: float = 0.12) -> None:
        self.shift, self.turn, self.slant, self.stretch = shift, turn, slant, stretch

    def __call__(self, images: Value, rng: np.random.Generator) -> Value:
        """Transform a batch of shape (N, 1, 8, 8); in between pixels it interpolates linearly."""
        n, size = len(images), images.shape[-1]
        middle = (size - 1) / 2
        row, column = np.mgrid[:size, :size] - middle

        def some(extent: float) -> Value:
            return rng.uniform(-extent, extent, (n, 1, 1))

        angle, slant = some(self.turn), some(self.slant)
        r = (np.cos(angle) * row - np.sin(angle) * column) * np.exp(some(self.stretch)) + some(self.shift)
        c = (np.sin(angle) * row + np.cos(angle) * column + slant * row) * np.exp(some(self.stretch)) + some(self.shift)
        paper = np.pad(images[:, 0], ((0, 0), (2, 2), (2, 2)))
        r, c = (np.clip(x + middle + 2, 0, size + 2.999) for x in (r, c))
        i, j = r.astype(int), c.astype(int)
        u, v, k = r - i, c - j, np.arange(n)[:, None, None]
        top = (1 - v) * paper[k, i, j] + v * paper[k, i, j + 1]
        bottom = (1 - v) * paper[k, i + 1, j] + v * paper[k, i + 1, j + 1]
        return ((1 - u) * top + u * bottom)[:, None].astype(images.dtype)
