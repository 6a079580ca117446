"""What happens to an input on its way through a network, as a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from minigrad.modes import no_grad
from minigrad.nn.module import Module, shape_of
from minigrad.table import table


class Row(NamedTuple):
    """One call of one module: its path, its kind, the shape it gave, its own parameters, and the products it added up."""

    layer: str
    kind: str
    out: Any
    parameters: int
    multiply_adds: int


class Summary(NamedTuple):
    """The rows of a summary, in the order of the calls; printed, it is a table.

    Parameters that are used twice count once. Multiply-adds are those of products of matrices and of convolutions.
    """

    rows: list[Row]
    frozen: int

    @property
    def parameters(self) -> int:
        """How many numbers there are to train, or were before some were frozen."""
        return sum(row.parameters for row in self.rows)

    @property
    def multiply_adds(self) -> int:
        """How many products are added up."""
        return sum(row.multiply_adds for row in self.rows)

    def __str__(self) -> str:
        cells = [("layer", "kind", "out", "parameters", "multiply-adds")]
        cells += [(r.layer, r.kind, str(r.out), f"{r.parameters:,}", f"{r.multiply_adds:,}") for r in self.rows]
        cells.append(("total", "", "", f"{self.parameters:,}", f"{self.multiply_adds:,}"))
        return table(cells, left=3) + (f"\nfrozen: {self.frozen:,}" if self.frozen else "")


def summarise(model: Module, input_shapes: tuple[Any, ...], dtype: Any) -> Summary:
    """Run zeros through a model, as after training, and write down every call."""
    from inspect import signature

    if not input_shapes or not all(isinstance(shape, tuple | list) for shape in input_shapes):
        raise TypeError(f"summary: each input's shape is a tuple, as in summary((1, 3, 32, 32)), got {input_shapes}")
    first = next(model.parameters(), None)
    dtype = dtype if dtype is not None else np.float32 if first is None else first.dtype
    inputs = [np.zeros(shape, dtype) for shape in input_shapes]
    paths = {module: path for path, module in model.named_modules()}
    modes = {module: module.training for module in paths}
    rows: list[Row] = []
    seen = set()

    def watch(module: Module, forward: Callable[..., Any]) -> Callable[..., Any]:
        arguments = signature(forward)

        def watched(*args: Any, **kwargs: Any) -> Any:
            new = [p for p in module.parameters(recurse=False) if p not in seen]
            seen.update(new)
            at = len(rows)
            rows.append(Row(paths[module], type(module).__name__, None, sum(p.size for p in new), 0))
            out = forward(*args, **kwargs)
            given = arguments.bind(*args, **kwargs).args  # in their order, even if passed by name
            rows[at] = rows[at]._replace(out=shape_of(out), multiply_adds=int(module.multiply_adds(out, *given)))
            return out

        return watched

    try:
        for module in paths:
            vars(module)["forward"] = watch(module, module.forward)
        model.eval()
        with no_grad():
            model(*inputs)
    finally:
        for module, training in modes.items():
            vars(module).pop("forward", None)
            module.training = training
    return Summary(rows, sum(p.size for p in model.parameters() if not p.requires_grad))
