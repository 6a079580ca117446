"""Rounding noise: where terms cancel, what is left has the magnitude of their rounding errors, and means 0."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from minigrad.backward import local_gradient
from minigrad.draw.heatmap import extent
from minigrad.draw.still.view import View
from minigrad.graph import Node

SUMS = frozenset(["add", "subtract", "sum", "mean"])


class Terms:
    """The magnitude of the terms that an array was summed from: beside it, a far smaller array is rounding noise.

    Examples
    --------
    >>> from minigrad import Tensor
    >>> x = Tensor([0.1, 0.2], name="x")
    >>> y = x + 0.2 - 0.3
    >>> Terms(View.of(y)).value(y)
    0.4
    """

    def __init__(self, view: View) -> None:
        self.view = view

    @cached_property
    def arriving(self) -> dict[Node, float]:
        """For each node, the largest upstream gradient times local gradient, or times the other operand of a product."""
        most: dict[Node, float] = {}
        for node in reversed(self.view.order):
            upstream = self.view.gradient(node)
            if upstream is None or node.op is None:
                continue
            size = extent(upstream, most.get(node, 0.0))
            for i, x in enumerate(node.inputs):
                if x is None or not x.requires_grad or not x.value.ndim:
                    continue
                x = self.view.drawn(x)
                kin = (v for k, v in enumerate(node.values) if k != i and getattr(v, "dtype", None) == upstream.dtype)
                factor = _size(local_gradient(node, i)) if node.op.elementwise else next(map(_size, kin), 1.0)
                most[x] = max(most.get(x, 0.0), size * factor)
        return most

    def value(self, node: Node) -> float:
        """The largest operand of a sum; 0 for any other operation."""
        if node.op is None or node.op.name not in SUMS:
            return 0.0
        return max(map(_size, node.values))

    def gradient(self, x: Node) -> float:
        """The magnitude of what arrives at a node."""
        return self.arriving.get(x, 0.0)


def _size(v: Any) -> float:
    return 0.0 if v is None else extent(v)
