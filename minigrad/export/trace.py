"""What a model recorded in two runs, on other numbers and, if the batch may have any size, with one sample more.

What is alike in both belongs to the model. What differs grew with the batch, or was computed from the data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from minigrad.graph import Node, topological_order, value_of
from minigrad.modes import recording
from minigrad.nn.module import Module
from minigrad.tensor import Tensor


class Pair(NamedTuple):
    """The same thing in the first run and in the second."""

    a: Any
    b: Any


class Recorded(NamedTuple):
    """Two runs of a model, side by side.

    Attributes
    ----------
    name : str
        What the model is called.
    inputs, outputs : list of Pair
        Tensors, and what came of them.
    steps : list of Pair
        The recorded nodes, each after its inputs.
    arrays : dict of int to str
        The names of parameters and buffers, by the `id` of their arrays.
    batch : int or None
        The batch of the first run; that of the second has one sample more. None for a fixed batch.
    """

    name: str
    inputs: list[Pair]
    outputs: list[Pair]
    steps: list[Pair]
    arrays: dict[int, str]
    batch: int | None


def trace(model: Callable[..., Any], input_shape: Sequence[Any], dtype: Any, dynamic_batch: bool) -> Recorded:
    """Run a model twice.

    Parameters
    ----------
    model, input_shape, dtype, dynamic_batch
        As in `export_onnx`.

    Returns
    -------
    Recorded
        What both runs recorded.
    """
    first = next(model.parameters(), None) if isinstance(model, Module) else None
    usual = np.float32 if first is None else first.dtype
    shapes = _shapes(input_shape)
    dtypes = [np.dtype(usual if d is None else d) for d in _each(dtype, len(shapes))]
    if bad := [str(d) for d in dtypes if d.kind not in "fiu"]:
        raise ValueError(f"export_onnx: inputs are floating numbers or integers, got dtype {bad[0]}")
    sizes = [None, None]
    if dynamic_batch:
        if not all(shapes):
            raise ValueError(f"export_onnx: inputs of shapes {shapes} have no batch axis; set dynamic_batch=False")
        # A batch of one would hide what depends on it: an axis of length 1 broadcasts, and may be squeezed.
        batch = max(2, *(shape[0] for shape in shapes))
        sizes = [batch, batch + 1]
    with _as_after_training(model):
        runs = [_run(model, shapes, dtypes, size, seed) for seed, size in enumerate(sizes)]
        if isinstance(model, Module):
            arrays = {id(p.value): name for name, p in model.named_parameters()}
            arrays |= {id(v): name for name, v in model.named_buffers()}
        else:
            arrays = {}
    inputs, outputs = (_zip("results", *parts) for parts in zip(*runs, strict=True))
    name = type(model).__name__ if isinstance(model, Module) else getattr(model, "__name__", "model")
    return Recorded(name, inputs, outputs, _side_by_side(outputs), arrays, sizes[0])


def _shapes(given: Sequence[Any]) -> list[tuple[int, ...]]:
    several = len(given) > 0 and all(isinstance(shape, tuple | list) for shape in given)
    shapes = [tuple(shape) for shape in (given if several else [given])]
    for shape in shapes:
        if not all(isinstance(n, int | np.integer) and n > 0 for n in shape):
            raise ValueError(f"export_onnx: an input's shape is made of lengths of at least 1, got {shape}")
    return shapes


def _each(given: Any, count: int) -> list[Any]:
    each = list(given) if isinstance(given, tuple | list) else [given] * count
    if len(each) != count:
        raise ValueError(f"export_onnx: {len(each)} dtypes for {count} inputs")
    return each


@contextmanager
def _as_after_training(model: Any) -> Iterator[None]:
    """Let a module work as after training, and record what even its frozen parameters do; then set all back."""
    if not isinstance(model, Module):
        yield
        return
    modules = [(module, module.training) for module in model.modules()]
    parameters = [(p, p.requires_grad) for p in model.parameters()]
    try:
        model.eval().requires_grad_()
        yield
    finally:
        for module, training in modules:
            module.training = training
        for p, requires_grad in parameters:
            p.requires_grad = requires_grad


def _run(
    model: Callable[..., Any], shapes: list[tuple[int, ...]], dtypes: list[Any], batch: int | None, seed: int
) -> tuple[list[Tensor], list[Any]]:
    rng = np.random.default_rng(seed)
    inputs = []
    for shape, dtype in zip(shapes, dtypes, strict=True):
        shape = shape if batch is None else (batch, *shape[1:])
        data = rng.standard_normal(shape) if dtype.kind == "f" else rng.integers(0, 2, shape)
        if dtype.kind != "f":
            data.flat[0] = seed  # so that the two runs differ, however few numbers there are
        inputs.append(Tensor(np.asarray(data, dtype)))
    with recording(), np.errstate(all="ignore"):
        return inputs, list(_flat(model(*inputs)))


def _flat(out: Any) -> Iterator[Any]:
    """The results inside tuples and lists; None is none."""
    if isinstance(out, tuple | list):
        for part in out:
            yield from _flat(part)
    elif out is not None:
        if not isinstance(out, Node | np.ndarray | np.generic):
            raise TypeError(f"export_onnx: the model gave a {type(out).__name__}; tensors can be exported, and tuples of them")
        yield out


def _zip(what: str, a: Sequence[Any], b: Sequence[Any]) -> list[Pair]:
    if len(a) != len(b):
        raise ValueError(f"export_onnx: in two runs the model gave {len(a)} and {len(b)} {what}; {DIFFERENT}")
    return [Pair(x, y) for x, y in zip(a, b, strict=True)]


DIFFERENT = (
    "what it computes depends on the data or on the size of the batch, and cannot be written as one graph "
    "(dynamic_batch=False fixes the batch)"
)  # fmt: skip


def _order(outputs: list[Any]) -> list[Node]:
    """The nodes below several outputs, each after its inputs."""
    return list(dict.fromkeys(n for out in outputs if isinstance(out, Node) for n in topological_order(out)))


def _side_by_side(outputs: list[Pair]) -> list[Pair]:
    """The nodes of both runs; refused if they do not have the same operations on the same inputs."""
    steps = _zip("operations", _order([out.a for out in outputs]), _order([out.b for out in outputs]))
    number = {node: i for i, pair in enumerate(steps) for node in pair}
    for pair in steps:
        a, b = ((node.op, list(node.static), [number.get(x, -1) for x in node.inputs]) for node in pair)
        if a != b:
            raise ValueError(f"export_onnx: in two runs the model did not compute the same; {DIFFERENT}")
    return steps


def same(a: Any, b: Any) -> bool:
    """Whether two values are equal in shape, dtype and numbers; nan equals nan."""
    a, b = np.asarray(value_of(a)), np.asarray(value_of(b))
    return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
