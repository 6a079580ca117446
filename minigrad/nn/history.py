"""The results of a training run, epoch by epoch."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from minigrad.nn.figures import figure
from minigrad.table import table


class History:
    """One row of numbers for each epoch; printed, it is a table.

    Attributes
    ----------
    rows : list of dict
        Numbers by name: "loss" and "accuracy" on the training data, "val_loss" and "val_accuracy" on the validation data,
        "lr", the learning rate, and "seconds".
    interrupted : bool
        Whether Ctrl-C ended the run.

    Examples
    --------
    >>> history = History([{"loss": 0.7, "val_loss": 0.8}, {"loss": 0.4, "val_loss": 0.9}])
    >>> history["loss"]
    [0.7, 0.4]
    >>> history.best
    1
    >>> print(history)
    epoch  loss  val_loss
        1   0.7       0.8
        2   0.4       0.9
    """

    def __init__(self, rows: Iterable[Mapping[str, float]] = ()) -> None:
        self.rows: list[dict[str, float]] = [dict(row) for row in rows]
        self.interrupted = False

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, name: str) -> list[float]:
        if name not in self.names:
            raise KeyError(f"the history has no {name!r}; it has {', '.join(self.names) or 'no epoch yet'}")
        return [row[name] for row in self.rows if name in row]

    @property
    def names(self) -> list[str]:
        """The columns."""
        return list(dict.fromkeys(name for row in self.rows for name in row))

    @property
    def best(self) -> int:
        """The epoch, from 1, with the smallest validation loss, else the smallest loss; nan never wins. 0 before epoch 1."""
        losses = [row.get("val_loss", row.get("loss", math.inf)) for row in self.rows]
        losses = [math.inf if math.isnan(loss) else loss for loss in losses]
        return losses.index(min(losses)) + 1 if losses else 0

    @property
    def waited(self) -> int:
        """The number of epochs since the best one."""
        return len(self) - self.best

    def plot(self) -> Any:
        """Draw the learning curves.

        Returns
        -------
        matplotlib.figure.Figure
            Shown by a notebook; ``.savefig("curves.png")`` writes it.

        Raises
        ------
        ImportError
            If Matplotlib is missing.
        ValueError
            If there is no epoch yet.
        """
        panels = [(kind, [n for n in (kind, f"val_{kind}") if n in self.names]) for kind in ("loss", "accuracy")]
        panels = [(kind, names) for kind, names in panels if names]
        if not panels:
            raise ValueError("plot: the history has no epoch yet")
        fig = figure("plot", (4.5 * len(panels), 3.4))
        epochs = range(1, len(self) + 1)
        for place, (kind, names) in enumerate(panels, 1):
            axes = fig.add_subplot(1, len(panels), place)
            for name, style in zip(names, ("o-", "s--"), strict=False):
                label = "validation" if name.startswith("val_") else "training"
                axes.plot(epochs, [row.get(name, math.nan) for row in self.rows], style, label=label, markersize=3)
            axes.set(xlabel="epoch", ylabel=kind)
            axes.xaxis.get_major_locator().set_params(integer=True)
            axes.grid(alpha=0.3)
            axes.legend()
        return fig

    def __str__(self) -> str:
        rows = [["epoch", *self.names]]
        rows += [[str(i), *(f"{row[n]:.4g}" if n in row else "" for n in self.names)] for i, row in enumerate(self.rows, 1)]
        return table(rows)

    def __repr__(self) -> str:
        return f"<history of {len(self)} epochs: {', '.join(self.names)}>"
