"""Check that the gradients of a picture add up: those of several sweeps do not."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

from minigrad.backward import added
from minigrad.draw.names import operation
from minigrad.draw.still.view import View
from minigrad.draw.text import in_words
from minigrad.graph import Node

MOST_NODES = 300  # of a larger graph only the number of sweeps is told
MOST_EDGES = 10_000
MOST_ELEMENTS = 1_000_000
NAMED = 3  # tensors that the note names


def audit(view: View) -> list[str]:
    """Notes on gradients that do not follow from the picture.

    Parameters
    ----------
    view : View
        The graph; it is only read.

    Returns
    -------
    list of str

    Examples
    --------
    >>> from minigrad import Tensor
    >>> x = Tensor(3.0, name="x")
    >>> f = x * 2
    >>> f.backward()
    >>> f.backward()
    >>> audit(View.of(f))
    ['gradients of 2 sweeps: backward() was called 2 times and added them up']
    """
    root, notes = view.root, []
    if root is None or view.known or view.fault or view.faults:
        return []
    sweeps = root.origin.sweeps if root.origin is not None and root.grad is not None else 1
    if sweeps > 1:
        notes.append(f"gradients of {sweeps} sweeps: backward() was called {sweeps} times and added them up")
    edges = [(node.value.size, len(view.sums.get(node, node.inputs))) for node in view.order]
    elements = sum(size * count for size, count in edges)  # a rule may compute the gradients of all inputs for each of them
    if len(edges) <= MOST_NODES and sum(n for _, n in edges) <= MOST_EDGES and elements <= MOST_ELEMENTS:
        wrong = [view.name(x) or operation(x) or "a leaf" for x in _unexplained(view)]
        if wrong:
            names = [in_words(name) for name in dict.fromkeys(wrong)]
            others = f" and {len(names) - NAMED} others" if len(names) > NAMED else ""
            notes.append(
                f"the gradient of {', '.join(names[:NAMED])}{others} is not the sum of what arrives here: gradients of "
                "other sweeps were added, or set to zero in between"
            )
    return notes


def _unexplained(view: View) -> list[Node]:
    """The nodes whose gradient is not the sum of the downstream gradients that arrive from the graph."""
    arriving: defaultdict[Node, list[Any]] = defaultdict(list)
    for node in view.order:
        for i, x, _ in view.inputs(node):
            if x is not None and x.requires_grad:
                arriving[x].append(view.downstream(node, i))
    wrong = []
    for x, parts in arriving.items():
        gradient = view.gradient(x)
        if gradient is None or x is view.root or any(part is None for part in parts):
            continue
        total = parts[0]
        for part in parts[1:]:
            total = added(total, part)
        # Gradients that cancel leave rounding noise of the magnitude of the largest.
        sizes = [np.max(np.abs(part), initial=0.0) for part in (gradient, *parts)]
        digits = np.finfo(np.result_type(total, np.float16)).eps
        if np.isfinite(sizes).all() and np.max(np.abs(total - gradient), initial=0.0) > 1e3 * digits * max(sizes):
            wrong.append(x)
    return wrong
