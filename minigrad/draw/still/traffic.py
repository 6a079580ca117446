"""The numbers of boxes: what each gives to the rest of the graph, and what gradient comes back on each wire."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import numpy as np

from minigrad.draw.measures import norm, percent, share_of_zeros
from minigrad.draw.still.picture import Lines, Options, Path
from minigrad.draw.still.view import View
from minigrad.graph import Node
from minigrad.text import number

MOST_USES = 64  # uses of one tensor in a box; beyond, its share of the gradient is not computed
THINNEST, WIDEST = 0.6, 4.5  # points
DECADES = 4.0  # the least range of the scale, in powers of ten: nearly equal gradients are nearly equal widths


class Use(NamedTuple):
    """A tensor that goes into a box, or out of one: the operation that uses it, and the position there."""

    x: Node
    node: Node
    position: int


class Traffic:
    """Collects what leaves each box and what each wire carries, and puts it into words and widths."""

    def __init__(self, view: View, options: Options) -> None:
        self.view, self.options = view, options
        self.outputs: defaultdict[Path, dict[Node, None]] = defaultdict(dict)
        self.wires: defaultdict[tuple[str, str], list[Use]] = defaultdict(list)
        self.sizes: dict[tuple[str, str], float] = {}  # the norm of the gradient on each wire

    def numbers(self, box: Path) -> tuple[Lines, Lines]:
        """The text above and below the wire of a box: shape and norm of its output, and of the gradient there."""
        outputs = self.outputs[box]
        if not outputs:
            return (), ()
        value = (self._shape(outputs), self._norm(norm([x.value for x in outputs])))
        gradients = [g for g in map(self.view.gradient, outputs) if g is not None]
        back: Lines = ()
        if gradients and self.options.gradients:
            back = (self._norm(norm(gradients)), f"{percent(share_of_zeros(gradients))} zeros")
        return value if self.options.values else (), back

    def wire(self, wire: tuple[str, str], uses: Mapping[Node, int]) -> Lines:
        """The shape of what a wire carries, and the norm of the gradient that comes back."""
        carried: defaultdict[Node, list[Use]] = defaultdict(list)
        for use in self.wires[wire]:
            carried[use.x].append(use)
        shape = self._shape(carried)
        if not self.options.gradients:
            return (shape,)
        found = [self._share(x, here, uses[x]) for x, here in carried.items() if x.requires_grad]
        gradients = [g for g in found if g is not None]
        if not gradients or len(gradients) < len(found):
            return (shape,)
        self.sizes[wire] = norm(gradients)
        return shape, self._norm(self.sizes[wire])

    def _share(self, x: Node, here: list[Use], uses: int) -> Any:
        """The part of the gradient of a tensor that comes back on one wire."""
        whole = self.view.gradient(x)
        if whole is None or uses == len(here):
            return whole
        if len(here) > MOST_USES:
            return None
        parts: list[Any] = [self.view.downstream(node, i) for _, node, i in here]
        return None if any(part is None for part in parts) else sum(parts[1:], start=parts[0])

    def width(self, wire: tuple[str, str]) -> float:
        """The width of a wire."""
        size, (least, most) = self.sizes.get(wire), self._range()
        if size is None or not math.isfinite(size) or not most:
            return 1.0
        decades = max(DECADES, math.log10(most / least))
        part = 1 + math.log10(size / most) / decades if size else 0.0
        return round(THINNEST + (WIDEST - THINNEST) * part, 2)

    def note(self) -> str:
        """The scale of the widths, for the legend."""
        if len(set(self.sizes.values())) < 2:
            return ""
        least, most = (number(np.float64(x), self.options.precision) for x in self._range())
        return f"width of a wire at a box: norm of the gradient, on a logarithmic scale, {least} to {most}"

    def _range(self) -> tuple[float, float]:
        """The smallest and largest gradient on a wire."""
        sizes = [size for size in self.sizes.values() if math.isfinite(size) and size]
        return (min(sizes), max(sizes)) if sizes else (0.0, 0.0)

    def _shape(self, tensors: Collection[Node]) -> str:
        shapes = {x.value.shape for x in tensors}
        if len(shapes) > 1:
            return f"{len(tensors):,} arrays"
        (shape,) = shapes
        if len(tensors) == 1:
            return str(shape) if shape else "a scalar"
        return f"{len(tensors):,} of {shape}" if shape else f"{len(tensors):,} scalars"

    def _norm(self, size: float) -> str:
        return f"norm {number(np.float64(size), self.options.precision)}"
