"""The summary of a network, layer by layer, as a table.

`Module.summary` calls `summarise`; so nothing here imports Module, and a model is known by its methods alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from minigrad.graph import Node
from minigrad.modes import no_grad
from minigrad.table import table


class Call(NamedTuple):
    """One call of one module: its path, its class, its output shape, its own parameters and multiply-accumulates."""

    layer: str
    kind: str
    out: Any
    parameters: int
    multiply_adds: int


class Summary(NamedTuple):
    """All calls of a forward pass, in order; printed, they are a table.

    Shared parameters count once. Multiply-accumulates are those of matrix products and convolutions.
    """

    rows: list[Call]
    frozen: int

    @property
    def parameters(self) -> int:
        """Number of parameter elements, frozen ones included."""
        return sum(row.parameters for row in self.rows)

    @property
    def multiply_adds(self) -> int:
        """Number of multiply-accumulates."""
        return sum(row.multiply_adds for row in self.rows)

    def __str__(self) -> str:
        cells = [("layer", "kind", "out", "parameters", "multiply-adds")]
        cells += [(r.layer, r.kind, str(r.out), f"{r.parameters:,}", f"{r.multiply_adds:,}") for r in self.rows]
        cells.append(("total", "", "", f"{self.parameters:,}", f"{self.multiply_adds:,}"))
        return table(cells, left=3) + (f"\nfrozen: {self.frozen:,}" if self.frozen else "")


def summarise(model: Any, input_shapes: tuple[Any, ...], dtype: Any) -> Summary:
    """Run zeros through a model in evaluation mode, and record every call."""
    from inspect import signature

    if not input_shapes or not all(isinstance(shape, tuple | list) for shape in input_shapes):
        raise TypeError(f"summary: each input's shape is a tuple, as in summary((1, 3, 32, 32)), got {input_shapes}")
    first = next(model.parameters(), None)
    dtype = dtype if dtype is not None else np.float32 if first is None else first.dtype
    inputs = [np.zeros(shape, dtype) for shape in input_shapes]
    paths = {module: path for path, module in model.named_modules()}
    modes = {module: module.training for module in paths}
    rows: list[Call] = []
    seen = set()

    def watch(module: Any, forward: Callable[..., Any]) -> Callable[..., Any]:
        arguments = signature(forward)

        def watched(*args: Any, **kwargs: Any) -> Any:
            new = [p for p in module.parameters(recurse=False) if p not in seen]
            seen.update(new)
            at = len(rows)
            rows.append(Call(paths[module], type(module).__name__, None, sum(p.size for p in new), 0))
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


def shape_of(x: Any) -> Any:
    """The shape of an array or tensor; for several, a tuple or dictionary of shapes."""
    if isinstance(x, Mapping):
        return {name: shape_of(v) for name, v in x.items()}
    if isinstance(x, tuple | list):
        return tuple(shape_of(v) for v in x)
    return x.value.shape if isinstance(x, Node) else np.shape(x)
