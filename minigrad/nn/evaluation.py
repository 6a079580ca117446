"""Loss and accuracy of a model over batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from minigrad.graph import value_of
from minigrad.modes import no_grad
from minigrad.nn.module import Module
from minigrad.nn.parallel import Array, Group
from minigrad.tensor import Tensor

Batches = Iterable[tuple[Any, Any]]
Loss = Callable[[Tensor, Any], Tensor]


def evaluate(model: Module, data: Batches, loss: Loss, *, group: Group | None = None) -> dict[str, float]:
    """Mean loss and accuracy of a model in evaluation mode, without recording.

    Parameters
    ----------
    model : Module
        Its mode is restored afterwards.
    data : iterable of (x, y)
        Batches.
    loss : callable
        As for `fit`.
    group : minigrad.nn.parallel.Group, optional
        The processes that share each batch.

    Returns
    -------
    dict
        "loss", and "accuracy" if y are classes.

    Raises
    ------
    ValueError
        If there are no batches.

    Examples
    --------
    >>> evaluate(mg.nn.Identity(), [(np.array([[0.0, 1e3], [0.0, 1e3]]), np.array([1, 0]))], mg.cross_entropy)
    {'loss': 500.0, 'accuracy': 0.5}
    """
    group, totals, training = group or Group(), np.zeros(4), model.training
    model.eval()
    try:
        with no_grad():
            for _, x, y in numbered_batches(data, "evaluate"):
                part = group.part(len(y))
                if part.stop > part.start:
                    out = model(x[part])
                    totals += measure(loss(out, y[part]), out, y[part])
    finally:
        model.train(training)
    group.sum([totals])
    return means(totals)


def measure(loss: Any, out: Any, y: Any) -> Array:
    """The terms that a batch adds to the totals: summed loss, correct answers, items with a class, items.

    If y are classes, an answer is correct if its largest output is at the index of its class.
    """
    out, y = value_of(out), value_of(y)
    count, classes = len(y), np.ndim(y) == 1 == np.ndim(out) - 1 and y.dtype.kind in "iu"
    right = np.count_nonzero(np.argmax(out, axis=1) == y) if classes else 0
    return np.array([float(value_of(loss)) * count, right, count if classes else 0, count])


def means(totals: Array) -> dict[str, float]:
    """Mean loss, and accuracy if there are classes."""
    loss, right, answered, count = totals.tolist()
    return {"loss": loss / max(1, count), **({"accuracy": right / answered} if answered else {})}


def numbered_batches(data: Batches, who: str) -> Iterator[tuple[int, Any, Any]]:
    """The batches with their numbers, from 1. Empty ones are skipped; if none is left, a ValueError."""
    empty = True
    of_items = f"{who}: the data is a dataset, not batches; give minigrad.data.DataLoader(dataset, batch_size)"
    if callable(getattr(data, "batch", None)):
        raise TypeError(of_items)
    for number, batch in enumerate(data, 1):
        if not isinstance(batch, tuple | list) or len(batch) != 2:
            kind = f"{len(batch)} parts" if isinstance(batch, tuple | list) else type(batch).__name__
            raise TypeError(f"{who}: a batch is a pair (x, y), as from a DataLoader over images and labels, got {kind}")
        if not np.ndim(batch[1]):
            raise TypeError(of_items)
        if len(batch[1]):
            empty = False
            yield number, *batch
    if empty:
        raise ValueError(
            f"{who}: the data has no batches, or only empty ones; is it an exhausted generator? Give a list or a DataLoader"
        )
