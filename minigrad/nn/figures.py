"""Figures of training, drawn by Matplotlib, which is loaded when the first one is asked for.

>>> from minigrad.nn import figures
>>> figures.confusion([[9, 1], [0, 10]], ["cat", "dog"]).savefig("confusion.png")
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.optional import needed


def figure(who: str, size: tuple[float, float]) -> Any:
    """A figure that no window waits for.

    Parameters
    ----------
    who : str
        The function that a message names.
    size : tuple of float
        Width and height in inches.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ImportError
        If Matplotlib is missing; says how to get it.
    """
    matplotlib = needed("matplotlib.figure", "train", f"{who}: figures need Matplotlib")
    return matplotlib.figure.Figure(figsize=size, layout="constrained")


def confusion(counts: Any, classes: Sequence[str]) -> Any:
    """Draw which classes are taken for which.

    Parameters
    ----------
    counts : array_like of shape (K, K)
        How many items of the class of the row were taken for that of the column.
    classes : sequence of str
        The names of the K classes.

    Returns
    -------
    matplotlib.figure.Figure
        Each row is coloured by the shares of its class, and has the counts written in it; of nothing, nothing.

    Examples
    --------
    >>> fig = confusion([[9, 1], [0, 10]], ["cat", "dog"])
    >>> [text.get_text() for text in fig.axes[0].texts]
    ['9', '1', '10']
    """
    counts = np.asarray(counts)
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    side = 2.0 + 0.45 * len(classes)
    fig = figure("confusion", (side, side))
    axes = fig.add_subplot()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    turned = max(map(len, classes)) > 2
    axes.set_xticks(range(len(classes)), classes, rotation=45 if turned else 0, ha="right" if turned else "center")
    axes.set_yticks(range(len(classes)), classes)
    axes.set(xlabel="taken for", ylabel="is")
    for i, j in np.argwhere(counts):
        axes.text(j, i, str(counts[i, j]), ha="center", va="center", fontsize=8, color="w" if shares[i, j] > 0.5 else "k")
    return fig


def filters(weight: Any, shape: tuple[int, int, int]) -> Any:
    """Draw what the units of a first layer look for in an image.

    Parameters
    ----------
    weight : array_like of shape (F, C, KH, KW) or (F, C*H*W)
        Of a convolution, or of a linear layer on flattened images.
    shape : tuple of int
        Of an image, (C, H, W).

    Returns
    -------
    matplotlib.figure.Figure
        Up to 64 of the filters. Those on 3 channels are in colour, with grey for 0; others show each channel below the one
        before, red above 0 and blue below, in one scale.

    Examples
    --------
    >>> len(filters(np.ones((6, 1, 5, 5)), (1, 28, 28)).axes)
    6
    """
    weight = np.asarray(weight)
    kernels = (weight if weight.ndim == 4 else weight.reshape(-1, *shape))[:64]
    limit = float(np.abs(kernels).max(initial=1e-12))
    columns = min(8, int(np.ceil(np.sqrt(len(kernels)))))
    rows = -(-len(kernels) // columns)
    fig = figure("filters", (0.4 + 1.1 * columns, 0.5 + 1.1 * rows))
    fig.suptitle("the first layer's weights", fontsize=10)
    for i, kernel in enumerate(kernels, 1):
        axes = fig.add_subplot(rows, columns, i)
        if len(kernel) == 3:
            axes.imshow(kernel.transpose(1, 2, 0) / (2 * limit) + 0.5)
        else:
            axes.imshow(kernel.reshape(-1, kernel.shape[-1]), cmap="RdBu_r", vmin=-limit, vmax=limit)
        axes.set_xticks([])
        axes.set_yticks([])
    return fig
