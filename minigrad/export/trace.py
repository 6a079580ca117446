"""Record a model in three runs, on different data and, with a dynamic batch, with batches of different sizes.

What is equal in all runs belongs to the model. What grows linearly with the batch follows from its size. Anything else that
differs was computed from the data. Throughout this package, a `PerRun` tuple holds one thing as it was in each run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from minigrad.graph import Node, describe, topological_order, value_of
from minigrad.modes import recording
from minigrad.nn.module import Module
from minigrad.tensor import Tensor

PerRun: TypeAlias = tuple[Any, ...]
MORE = (0, 1, 3)  # added to the first batch size: two different increments, which half a batch cannot follow linearly


class Recorded(NamedTuple):
    """The runs of a model."""

    name: str
    inputs: list[PerRun]  # the tensors it was given
    outputs: list[PerRun]
    nodes: list[PerRun]  # each after its inputs
    arrays: dict[int, str]  # the names of parameters and buffers, by the `id` of their arrays
    batches: tuple[int, ...]  # the batch size of each run; empty if it is fixed


def trace(model: Callable[..., Any], input_shape: Sequence[Any], dtype: Any, dynamic_batch: bool) -> Recorded:
    """Run a model; the arguments are those of `export_onnx`."""
    module = model if isinstance(model, Module) else None
    first = next(module.parameters(), None) if module else None
    shapes = _shapes(input_shape)
    dtypes = [
        np.dtype((np.float32 if first is None else first.dtype) if d is None else d) for d in _each(dtype, len(shapes))
    ]
    if bad := [str(d) for d in dtypes if d.kind not in "fiu"]:
        raise ValueError(f"export_onnx: inputs are floating or integer, got dtype {bad[0]}")
    batches: tuple[int, ...] = ()
    if dynamic_batch:
        if not all(shapes):
            raise ValueError(f"export_onnx: inputs of shapes {shapes} have no batch axis; set dynamic_batch=False")
        # With a batch of one, dependence on it would go unseen: an axis of length 1 broadcasts, and may be squeezed.
        smallest = max(2, *(shape[0] for shape in shapes))
        batches = tuple(smallest + more for more in MORE)
    with _as_after_training(module):
        runs = [_run(model, shapes, dtypes, seed, batches[seed : seed + 1]) for seed in range(len(MORE))]
        parameters = {id(p.value): name for name, p in module.named_parameters()} if module else {}
        buffers = {id(v): name for name, v in module.named_buffers()} if module else {}
    inputs, outputs = (_together(parts) for parts in zip(*runs, strict=True))
    if not outputs:
        raise ValueError("export_onnx: the model gave no tensor")
    name = type(model).__name__ if module else getattr(model, "__name__", "model")
    return Recorded(name, inputs, outputs, _nodes(outputs), {**parameters, **buffers}, batches)


def _shapes(given: Sequence[Any]) -> list[tuple[int, ...]]:
    if not isinstance(given, tuple | list):
        raise TypeError(f"export_onnx: an input's shape is a tuple such as (1, 3, 32, 32), got {type(given).__name__}")
    several = len(given) > 0 and all(isinstance(shape, tuple | list) for shape in given)
    shapes = [tuple(shape) for shape in (given if several else [given])]
    for shape in shapes:
        if not all(isinstance(n, int | np.integer) and n > 0 for n in shape):
            raise ValueError(f"export_onnx: every length of an input's shape is an integer of at least 1, got {shape}")
    return shapes


def _each(given: Any, count: int) -> list[Any]:
    each = list(given) if isinstance(given, tuple | list) else [given] * count
    if len(each) != count:
        raise ValueError(f"export_onnx: {len(each)} dtypes for {count} inputs")
    return each


@contextmanager
def _as_after_training(module: Module | None) -> Iterator[None]:
    """Put a module in evaluation mode, and track its frozen parameters too; restore both afterwards."""
    if module is None:
        yield
        return
    parts = [(part, part.training) for part in module.modules()]
    parameters = [(p, p.requires_grad) for p in module.parameters()]
    try:
        module.eval().requires_grad_()
        yield
    finally:
        for part, training in parts:
            part.training = training
        for p, requires_grad in parameters:
            p.requires_grad = requires_grad


def _run(
    model: Callable[..., Any], shapes: list[tuple[int, ...]], dtypes: list[Any], seed: int, batch: tuple[int, ...]
) -> tuple[list[Tensor], list[Any]]:
    """The inputs of one run and its results; without `batch`, the shapes keep theirs."""
    rng = np.random.default_rng(seed)
    inputs = []
    for given, dtype in zip(shapes, dtypes, strict=True):
        shape = (*batch, *given[len(batch) :])
        data = rng.standard_normal(shape) if dtype.kind == "f" else rng.integers(0, 2, shape)
        if dtype.kind != "f":
            data.flat[0] = seed % 2  # runs differ, however small the input
        inputs.append(Tensor(np.asarray(data, dtype)))
    try:
        with recording(), np.errstate(all="ignore"):
            return inputs, list(_flat(model(*inputs)))
    except Exception as error:
        size = f", in which a batch of {batch[0]} is tried; dynamic_batch=False keeps the shape" if batch else ""
        error.add_note(f"while export_onnx ran the model{size}")
        raise


def _flat(out: Any) -> Iterator[Any]:
    """The results inside tuples and lists, without None."""
    if isinstance(out, tuple | list):
        for part in out:
            yield from _flat(part)
    elif isinstance(out, Node | np.ndarray | np.generic):
        yield out
    elif out is not None:
        raise TypeError(f"export_onnx: the model gave a {type(out).__name__}; it should give tensors, or tuples of them")


def _together(lists: Sequence[list[Any]]) -> list[PerRun]:
    """Lists of each run as one list of `PerRun`."""
    if len({len(elements) for elements in lists}) > 1:
        raise _different()
    return list(zip(*lists, strict=True))


def _nodes(outputs: list[PerRun]) -> list[PerRun]:
    """The nodes below all outputs; refused unless all runs have the same ops with the same inputs."""
    for node in _order(outputs[0]):
        if any(np.iscomplexobj(v) for v in (node.value, *node.values)):
            raise NotImplementedError(
                f"export_onnx: {describe(node)} is of complex numbers, which ONNX's operators do not take; compute with "
                "their real and imaginary parts"
            )
    nodes = _together([_order(outs) for outs in zip(*outputs, strict=True)])
    number = {node: i for i, runs in enumerate(nodes) for node in runs}
    for runs in nodes:
        first, *others = ((node.op, list(node.static), [number.get(x, -1) for x in node.inputs]) for node in runs)
        if any(other != first for other in others):
            raise _different()
    return nodes


def _order(outputs: Sequence[Any]) -> list[Node]:
    """The nodes below several outputs, each after its inputs."""
    return list(dict.fromkeys(n for out in outputs if isinstance(out, Node) for n in topological_order(out)))


def _different() -> ValueError:
    return ValueError(
        "export_onnx: the model did not compute the same in every run: it depends on the data or on the size of the batch "
        "and cannot be written as one graph (dynamic_batch=False fixes the batch)"
    )


def same_value(*values: Any) -> bool:
    """True if values are equal in shape, dtype and elements; nan equals nan."""
    first, *others = (np.asarray(value_of(v)) for v in values)
    nan = first.dtype.kind == "f"
    return all(v is first or (v.dtype == first.dtype and np.array_equal(first, v, equal_nan=nan)) for v in others)


def same_static(first: Any, *others: Any) -> bool:
    """True if static arguments are equal in all runs, arrays and tuples of them included."""
    if isinstance(first, tuple):
        return all(isinstance(v, tuple) and len(v) == len(first) for v in others) and all(
            same_static(*parts) for parts in zip(first, *others, strict=True)
        )
    return same_value(first, *others) if isinstance(first, np.ndarray) else all(v == first for v in others)
