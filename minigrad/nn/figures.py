"""Figures of a training run, drawn by Matplotlib, which is imported when the first one is drawn.

>>> mg.nn.figures.confusion([[9, 1], [0, 10]], ["cat", "dog"]).savefig("confusion.png")
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from minigrad.draw.heatmap import colormap
from minigrad.graph import value_of
from minigrad.optional import needed


def figure(who: str, size: tuple[float, float]) -> Any:
    """A Matplotlib figure without a window, `size` inches wide and high; an ImportError names `who`."""
    matplotlib = needed("matplotlib.figure", "train", f"{who}: figures need Matplotlib")
    return _shown_by_notebooks(matplotlib.figure.Figure)(figsize=size, layout="constrained")


@cache
def _shown_by_notebooks(figure: Any) -> Any:
    """Matplotlib's class, with what a notebook needs to show it where pyplot is not imported."""

    class Figure(figure):  # type: ignore[misc]
        def _repr_png_(self) -> bytes:
            from io import BytesIO

            file = BytesIO()
            self.savefig(file, format="png")
            return file.getvalue()

    return Figure


def confusion(counts: ArrayLike, classes: Sequence[str]) -> Any:
    """Draw a confusion matrix.

    Parameters
    ----------
    counts : array_like of shape (K, K)
        Number of items of the row's class that were predicted as the column's class.
    classes : sequence of str
        Names of the K classes.

    Returns
    -------
    matplotlib.figure.Figure
        Cells show their counts, unless 0, and are coloured by their share of the row.

    Examples
    --------
    >>> fig = confusion([[9, 1], [0, 10]], ["cat", "dog"])
    >>> [text.get_text() for text in fig.axes[0].texts]
    ['9', '1', '10']
    """
    table = np.asarray(counts)
    shares = table / np.maximum(1, table.sum(axis=1, keepdims=True))
    side = 2.0 + 0.45 * len(classes)
    fig = figure("confusion", (side, side))
    axes = fig.add_subplot()
    axes.imshow(shares, cmap=colormap(), vmin=-1, vmax=1)  # from white, 0, to orange
    turned = max(map(len, classes)) > 2
    axes.set_xticks(range(len(classes)), classes, rotation=45 if turned else 0, ha="right" if turned else "center")
    axes.set_yticks(range(len(classes)), classes)
    axes.set(xlabel="taken for", ylabel="is")
    for i, j in np.argwhere(table):
        axes.text(j, i, str(table[i, j]), ha="center", va="center", fontsize=8, color="k")
    return fig


def filters(weight: ArrayLike, shape: tuple[int, int, int]) -> Any:
    """Draw the filters of a first layer.

    Parameters
    ----------
    weight : array_like of shape (F, C, KH, KW) or (F, C*H*W)
        Of a convolution, or of a linear layer on flattened images.
    shape : tuple of int
        Of an image, (C, H, W).

    Returns
    -------
    matplotlib.figure.Figure
        The first 64 filters, on one scale. Filters on 3 channels are in colour, with grey for 0; in others the channels are
        stacked: blue negative, white 0, orange positive.

    Examples
    --------
    >>> fig = filters(np.ones((6, 1, 5, 5)), (1, 28, 28))
    >>> len(fig.axes)  # one for each filter, and the scale
    7
    """
    matrix = np.asarray(value_of(weight))
    kernels = (matrix if matrix.ndim == 4 else matrix.reshape(-1, *shape))[:64]
    limit = float(np.abs(kernels).max(initial=1e-12))
    columns = min(8, int(np.ceil(np.sqrt(len(kernels)))))
    rows = -(-len(kernels) // columns)
    fig = figure("filters", (0.4 + 1.1 * columns, 0.5 + 1.1 * rows))
    in_colour = kernels.shape[1] == 3
    scale = f", red, green and blue: grey 0, full ±{limit:.2g}" if in_colour else ""
    fig.suptitle(f"the first layer's weights{scale}", fontsize=10)
    shades = None
    for i, kernel in enumerate(kernels, 1):
        axes = fig.add_subplot(rows, columns, i)
        if in_colour:
            axes.imshow(kernel.transpose(1, 2, 0) / (2 * limit) + 0.5)
        else:
            shades = axes.imshow(kernel.reshape(-1, kernel.shape[-1]), cmap=colormap(), vmin=-limit, vmax=limit)
        axes.set_xticks([])
        axes.set_yticks([])
    if shades is not None:
        fig.colorbar(shades, ax=fig.axes, label="weight")
    return fig
