"""The figures of the course. Negative is blue, 0 white and positive orange, as in minigrad's drawings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from io import BytesIO
from typing import Any

import numpy as np

from minigrad.draw.heatmap import NEGATIVE, POSITIVE, ZERO
from minigrad.graph import Value, value_of
from minigrad.optional import needed

CLASSES = np.array([[0.30, 0.47, 0.76], [0.96, 0.58, 0.25], [0.35, 0.68, 0.43], [0.67, 0.45, 0.72]])
"""The colours of classes: blue, orange, green, violet."""

EDGE = 1.2  # a plane reaches from -EDGE to EDGE
CELLS = 180  # pixels of a plane along an axis
GRID = np.stack(np.meshgrid(np.linspace(-EDGE, EDGE, CELLS), np.linspace(EDGE, -EDGE, CELLS)), -1)


def _pyplot() -> Any:
    needed("matplotlib", "notebooks", "the figures of the course need matplotlib")
    from matplotlib import pyplot

    return pyplot


def diverging() -> Any:
    """The colour map of signed arrays: blue, white, orange."""
    needed("matplotlib", "notebooks", "the figures of the course need matplotlib")
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("diverging", [np.divide(rgb, 255) for rgb in (NEGATIVE, ZERO, POSITIVE)])


def images(
    pictures: Mapping[Any, Any] | Iterable[tuple[Any, Any]],
    *,
    signed: bool = False,
    paper: bool = False,
    low: float = 0.0,
    high: float = 1.0,
    columns: int = 6,
    size: float = 2.2,
    numbers: bool = False,
) -> None:
    """Show arrays as images with titles.

    Parameters
    ----------
    pictures : mapping, or iterable of pairs
        Titles and arrays of two dimensions, or of three with red, green and blue.
    signed : bool
        Blue for negative elements, white for 0 and orange for positive ones, each image on a scale of its own.
    paper : bool
        `low` is white and `high` black, as ink on paper; otherwise `low` is black.
    low, high : float
        The ends of the scale of images that are not signed.
    columns : int
        Images in a row.
    size : float
        Width of an image, in inches.
    numbers : bool
        Write each element into its cell.
    """
    plt, pairs = _pyplot(), list(pictures.items() if isinstance(pictures, Mapping) else pictures)
    columns = min(columns, len(pairs))
    rows = -(-len(pairs) // columns)
    tall = max(a.shape[0] / a.shape[1] for a in (np.asarray(value_of(a)) for _, a in pairs))
    fig, axes = plt.subplots(rows, columns, figsize=(size * columns, rows * (size * tall + 0.4)), squeeze=False)
    for ax in axes.flat:
        ax.set_axis_off()
    for ax, (title, picture) in zip(axes.flat, pairs, strict=False):
        picture = np.asarray(value_of(picture))
        limit = float(np.abs(picture).max()) or 1.0
        colours = diverging() if signed else "gray_r" if paper else "gray"
        ax.imshow(picture, cmap=colours, vmin=-limit if signed else low, vmax=limit if signed else high)
        ax.set_title(str(title), fontsize=9 if size < 1.5 else None)
        if numbers:
            for (i, j), x in np.ndenumerate(picture):
                dark = abs(x) > 0.6 * limit if signed else (x > (low + high) / 2) == paper
                ax.text(j, i, f"{x:.3g}", ha="center", va="center", color="white" if dark else "black")
    fig.tight_layout()
    plt.show()


def plane(probabilities: Callable[[Value], Any], points: Value, classes: Value) -> Value:
    """Paint the plane by the predicted probabilities of the classes, with the data points on top.

    Parameters
    ----------
    probabilities : callable
        Takes points, of shape (N, 2), and returns the probabilities of their classes, of shape (N, K).
    points : array
        Data points, of shape (N, 2).
    classes : array of int
        Their classes.

    Returns
    -------
    array
        Pixels from 0 to 255, of shape (180, 180, 3).
    """
    p = np.asarray(value_of(probabilities(GRID.reshape(-1, 2)))).round(1)
    pixels = 0.35 + 0.65 * (p @ CLASSES[: p.shape[1]]).reshape((*GRID.shape[:2], 3))
    last = CELLS - 1
    across, down = ((points * [1, -1] + EDGE) / (2 * EDGE) * last).round().astype(int).T
    for i, j in np.ndindex(2, 2):
        pixels[np.clip(down + i, 0, last), np.clip(across + j, 0, last)] = 0.7 * CLASSES[classes]
    return (255 * pixels.clip(0, 1)).astype(np.uint8)


def film(pictures: Sequence[Value], milliseconds: int = 120) -> Any:
    """An animated PNG of images. Its first frame is the final picture, for viewers that show only one frame."""
    needed("PIL", "notebooks", "films need Pillow")
    from IPython.display import Image
    from PIL import Image as Picture

    palette = Picture.fromarray(pictures[-1]).quantize(32)
    frames = [
        Picture.fromarray(p).quantize(palette=palette, dither=Picture.Dither.NONE).resize((360, 360)) for p in pictures
    ]
    file, times = BytesIO(), [1500] + [milliseconds] * len(frames)
    frames[-1].save(file, "PNG", save_all=True, append_images=frames, duration=times, loop=0)
    return Image(file.getvalue())
