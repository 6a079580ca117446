"""The ONNX graph being built, and one recorded node on its way into it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np

from minigrad.export.trace import PerRun, Recorded, same_static, same_value
from minigrad.graph import value_of
from minigrad.operation import Op

Rule: TypeAlias = Callable[["Translation"], str]
Operand: TypeAlias = str | float | list[int] | np.ndarray[Any, Any] | None
RULES: dict[Op[...], Rule] = {}  # how each op is translated
INT64 = np.dtype(np.int64)
FIX = " (dynamic_batch=False fixes the batch)"


def translates(*ops: Op[...]) -> Callable[[Rule], Rule]:
    """Declare how ops are translated; a decorator for a function from a `Translation` to the name of its result."""

    def declare(rule: Rule) -> Rule:
        RULES.update(dict.fromkeys(ops, rule))
        return rule

    return declare


class OnnxGraph:
    """An ONNX graph being built: nodes, and the names of values."""

    def __init__(self, onnx: Any, recorded: Recorded, input_names: Sequence[str], taken: Sequence[str]) -> None:
        self.helper, self.recorded = onnx.helper, recorded
        self.element_type = onnx.helper.np_dtype_to_tensor_dtype
        self.nodes: list[Any] = []
        self.initializers: dict[str, Any] = {}
        self.taken = set(taken)
        self.names: dict[Any, str] = {runs[0]: name for runs, name in zip(recorded.inputs, input_names, strict=True)}
        self.sequences: dict[Any, tuple[str, str]] = {}  # the hidden states and the last cell state of an LSTM
        self.scope = ""
        self._batch = ""

    def name(self, wanted: str) -> str:
        """A name in the current scope that is not taken."""
        wanted = f"{self.scope}/{wanted}" if self.scope else wanted
        name, count = wanted, 1
        while name in self.taken:
            name, count = f"{wanted}_{count}", count + 1
        self.taken.add(name)
        return name

    def emit(self, kind: str, *inputs: str, results: int = 1, **attributes: Any) -> list[str]:
        """Add a node; return the names of its results."""
        out = [self.name(kind) for _ in range(results)]
        self.nodes.append(self.helper.make_node(kind, list(inputs), out, name=out[0], **attributes))
        return out

    def initializer(self, array: Any, known: str = "") -> str:
        """An array stored in the file, under a known name or a new one."""
        name = known or self.name("constant")
        self.initializers.setdefault(name, np.asarray(array))
        return name

    def ints(self, *runs: Sequence[int]) -> str:
        """A vector of integers, given for each run; they may grow with the batch."""
        first, *others = (np.array(numbers, np.int64) for numbers in runs)
        if all(np.array_equal(first, numbers) for numbers in others):
            return self.initializer(first)
        batches = self.recorded.batches
        if batches and all(numbers.shape == first.shape for numbers in others):
            slope = others[0] - first
            rest = first - slope * batches[0]
            if all(np.array_equal(numbers, slope * n + rest) for n, numbers in zip(batches[1:], others, strict=True)):
                (out,) = self.emit("Mul", self._batch_size(), self.initializer(slope))
                return self.emit("Add", out, self.initializer(rest))[0] if rest.any() else out
        raise ValueError(
            f"lengths or indices such as {first.tolist()} and {others[-1].tolist()} depend on the data, or do not grow "
            f"linearly with the batch{FIX}"
        )

    def _batch_size(self) -> str:
        """The length of the first axis of the first input, as a vector of one element."""
        if not self._batch:
            scope, self.scope = self.scope, ""
            (self._batch,) = self.emit("Shape", self.names[self.recorded.inputs[0][0]], start=0, end=1)
            self.scope = scope
        return self._batch

    def constant(self, runs: PerRun, dtype: Any = None) -> str:
        """A value that no recorded op computed: equal in all runs, or repeated for each sample, or the input itself."""
        arrays = [np.asarray(value_of(v)) for v in runs]
        first = arrays[0]
        dtype = first.dtype if dtype is None else dtype
        if same_value(*arrays):
            known = self.recorded.arrays.get(id(value_of(runs[0])), "") if first.dtype == dtype else ""
            return self.initializer(first.astype(dtype, copy=False), known)
        for given in self.recorded.inputs:
            as_given = all(same_value(x.value.astype(v.dtype), v) for x, v in zip(given, arrays, strict=True))
            if first.dtype != bool and as_given:
                return self.cast(self.names[given[0]], given[0].dtype, dtype)
        if len({v.ndim for v in arrays}) == 1:
            row = first[tuple(slice(0, 1) if len(set(lengths)) > 1 else slice(None) for lengths in lengths_of(arrays))]
            if row.size < first.size and all(_repeats(row, v) for v in arrays):
                return self.emit("Expand", self.initializer(row.astype(dtype)), self.ints(*(v.shape for v in arrays)))[0]
        raise ValueError(
            "it uses a value that was computed from the data, or from the size of the batch, without being recorded, as "
            f"comparisons and argmax are not; compute it by operations on tensors{FIX}"
        )

    def cast(self, name: str, old: Any, new: Any) -> str:
        """A value in another dtype."""
        return name if old == new else self.emit("Cast", name, to=self.element_type(np.dtype(new)))[0]


def lengths_of(arrays: Sequence[Any]) -> Iterator[PerRun]:
    """The lengths of each axis, in each run."""
    return zip(*(v.shape for v in arrays), strict=True)


def _repeats(row: Any, array: Any) -> bool:
    """True if an array is a shorter one, repeated."""
    fits = all(n in (1, m) for n, m in zip(row.shape, array.shape, strict=True))
    return fits and same_value(np.broadcast_to(row, array.shape), array)


class _Static(dict[str, Any]):
    """The static arguments of an op that are equal in all runs."""

    def __missing__(self, name: str) -> Any:
        raise ValueError(f"its argument {name!r} depends on the data or on the size of the batch, and must not in ONNX{FIX}")


class Translation:
    """A recorded node on its way into the ONNX graph: its inputs, its static arguments, and calls that add ONNX nodes.

    ``t("Add", x, 1.0)`` adds a node. A string is the name of a value, a number a constant of the result's dtype, a list of
    integers a vector of them, an array itself, and None an input that is left out.
    """

    def __init__(self, graph: OnnxGraph, runs: PerRun) -> None:
        self.graph, self.runs, self.node = graph, runs, runs[0]
        self.static = _Static({name: v for name, v in self.node.static.items() if same_static(*self.argument(name))})
        self.dtype, self.ndim = self.node.value.dtype, self.node.value.ndim
        self.shapes: PerRun = tuple(node.value.shape for node in runs)

    def __call__(self, kind: str, *inputs: Operand, **attributes: Any) -> str:
        """Add a node; return the name of its result."""
        return self.several(kind, *inputs, results=1, **attributes)[0]

    def several(self, kind: str, *inputs: Operand, results: int, **attributes: Any) -> list[str]:
        """Add a node; return the names of its results."""
        names = [self._named(x) for x in inputs]
        while names and not names[-1]:  # some programs fail on an empty name at the end
            names.pop()
        return self.graph.emit(kind, *names, results=results, **attributes)

    def _named(self, x: Operand) -> str:
        if x is None or isinstance(x, str):
            return x or ""
        if isinstance(x, list):
            return self.graph.ints(x)
        return self.graph.initializer(np.asarray(x, self.dtype) if isinstance(x, int | float) else x)

    def input(self, i: int, dtype: Any = None) -> str:
        """The name of input `i`, in the result's dtype or another."""
        dtype = self.dtype if dtype is None else dtype
        known = self.graph.names.get(self.node.inputs[i])
        if known is not None:
            return self.graph.cast(known, self.node.values[i].dtype, dtype)
        return self.graph.constant(self.operand(i), dtype)

    def inputs(self) -> list[str | None]:
        """The names of all inputs; None for one that is left out."""
        return [None if v is None else self.input(i) for i, v in enumerate(self.node.values)]

    def operand(self, i: int) -> PerRun:
        """The value of input `i` in each run."""
        return tuple(node.values[i] for node in self.runs)

    def fixed(self, i: int) -> Any:
        """The constant array of input `i`, in the result's dtype; None if it is left out."""
        values = self.operand(i)
        if values[0] is None:
            return None
        if self.node.inputs[i] in self.graph.names or not same_value(*values):
            raise ValueError(f"its {self.node.op.input_names[i]} depends on the model's input, and must not in ONNX")
        return np.asarray(values[0], self.dtype)

    def is_zero(self, i: int) -> bool:
        """True if input `i` is 0, whatever the model's input."""
        return self.node.inputs[i] not in self.graph.names and not any(np.any(v) for v in self.operand(i))

    def lengths(self, i: int) -> PerRun:
        """The shape of input `i` in each run."""
        return tuple(np.shape(v) for v in self.operand(i))

    def length(self, axis: int, i: int = 0) -> int:
        """The length of an axis of input `i`, where it must not grow with the batch."""
        first, *others = (shape[axis] for shape in self.lengths(i))
        if any(n != first for n in others):
            raise ValueError(f"axis {axis} of its input grows with the batch, and must not{FIX}")
        return int(first)

    def argument(self, name: str) -> PerRun:
        """A static argument in each run."""
        return tuple(node.static[name] for node in self.runs)

    def reshape(self, x: str, shapes: PerRun) -> str:
        """`x` in another shape. A single length that grows with the batch becomes −1."""
        grows = [i for i, lengths in enumerate(zip(*shapes, strict=True)) if len(set(lengths)) > 1]
        if 0 in shapes[0]:
            return self("Reshape", x, self.graph.ints(*shapes), allowzero=1)
        if len(grows) == 1:
            shapes = tuple((*shape[: grows[0]], -1, *shape[grows[0] + 1 :]) for shape in shapes)
        return self("Reshape", x, self.graph.ints(*shapes))
