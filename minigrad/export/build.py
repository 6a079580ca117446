"""From recorded steps to an ONNX graph: values and their names, constants, and lengths that grow with the batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from minigrad.export.trace import Recorded, Runs, alike, same
from minigrad.graph import Node, value_of

Rule = Callable[["Step"], Any]
RULES: dict[str, Rule] = {}
INT64 = np.dtype(np.int64)


def translates(*names: str) -> Callable[[Rule], Rule]:
    """Declare a translation of operations; a decorator for a function from a step to the name of its result."""

    def declare(rule: Rule) -> Rule:
        RULES.update(dict.fromkeys(names, rule))
        return rule

    return declare


def rule_for(node: Any) -> Rule | None:
    """The translation of a node. An operation from elsewhere that has the name of one of this package is another."""
    return RULES.get(node.op.name) if node.op.__module__.startswith("minigrad.") else None


class Graph:
    """An ONNX graph in the making."""

    def __init__(self, onnx: Any, recorded: Recorded, input_names: Sequence[str], taken: Sequence[str]) -> None:
        self.helper, self.recorded = onnx.helper, recorded
        self.element = onnx.helper.np_dtype_to_tensor_dtype
        self.nodes: list[Any] = []
        self.initializers: dict[str, Any] = {}
        self.taken = set(taken)
        self.names: dict[Any, str] = {runs[0]: name for runs, name in zip(recorded.inputs, input_names, strict=True)}
        self.sequences: dict[Any, tuple[str, str]] = {}
        self.scope = ""
        self._batch = ""

    def name(self, wanted: str) -> str:
        """A name in the present scope that nothing else has."""
        wanted = f"{self.scope}/{wanted}" if self.scope else wanted
        name, count = wanted, 1
        while name in self.taken:
            name, count = f"{wanted}_{count}", count + 1
        self.taken.add(name)
        return name

    def emit(self, kind: str, *inputs: str, results: int = 1, **attributes: Any) -> Any:
        """Add a node, and return the name of its result; of several, a list."""
        out = [self.name(kind) for _ in range(results)]
        self.nodes.append(self.helper.make_node(kind, list(inputs), out, name=out[0], **attributes))
        return out[0] if results == 1 else out

    def initializer(self, array: Any, known: str = "") -> str:
        """An array that the file holds, under a name that it has, or a new one."""
        name = known or self.name("constant")
        self.initializers.setdefault(name, np.asarray(array))
        return name

    def ints(self, *runs: Sequence[int]) -> Any:
        """Whole numbers as they were in each run, as a vector; they may grow with the batch."""
        first, *others = (np.array(numbers, np.int64) for numbers in runs)
        if all(np.array_equal(first, numbers) for numbers in others):
            return self.initializer(first)
        batches = self.recorded.batches
        if batches and all(numbers.shape == first.shape for numbers in others):
            slope = others[0] - first
            rest = first - slope * batches[0]
            if all(np.array_equal(numbers, slope * n + rest) for n, numbers in zip(batches[1:], others, strict=True)):
                out = self.emit("Mul", self._size_of_batch(), self.initializer(slope))
                return self.emit("Add", out, self.initializer(rest)) if rest.any() else out
        raise ValueError(
            f"lengths or places such as {first.tolist()} and {others[-1].tolist()} depend on the data, or do not grow "
            f"evenly with the batch{FIX}"
        )

    def _size_of_batch(self) -> str:
        """The length of the first input's first axis, as a vector of one number."""
        if not self._batch:
            scope, self.scope = self.scope, ""
            self._batch = self.emit("Shape", self.names[self.recorded.inputs[0][0]], start=0, end=1)
            self.scope = scope
        return self._batch

    def constant(self, runs: Runs, dtype: Any = None) -> str:
        """A value that no recorded step made: alike in all runs, or repeated for each sample, or the input itself."""
        arrays = [np.asarray(value_of(v)) for v in runs]
        first = arrays[0]
        dtype = first.dtype if dtype is None else dtype
        if same(*arrays):
            known = self.recorded.arrays.get(id(value_of(runs[0])), "") if first.dtype == dtype else ""
            return self.initializer(first.astype(dtype, copy=False), known)
        for given in self.recorded.inputs:
            if first.dtype != bool and all(same(x.value.astype(v.dtype), v) for x, v in zip(given, arrays, strict=True)):
                return self.cast(self.names[given[0]], given[0].dtype, dtype)
        if len({v.ndim for v in arrays}) == 1:
            row = first[tuple(slice(0, 1) if len(set(lengths)) > 1 else slice(None) for lengths in _shapes(arrays))]
            if row.size < first.size and all(_repeats(row, v) for v in arrays):
                return str(self.emit("Expand", self.initializer(row.astype(dtype)), self.ints(*(v.shape for v in arrays))))
        raise ValueError(
            "it uses a value that was computed from the data, or from the size of the batch, without being recorded, as "
            f"comparisons and argmax are not; compute it by operations on tensors{FIX}"
        )

    def cast(self, name: str, old: Any, new: Any) -> str:
        """A value in another dtype."""
        return name if old == new else str(self.emit("Cast", name, to=self.element(np.dtype(new))))


FIX = " (dynamic_batch=False fixes the batch)"


def _shapes(arrays: Sequence[Any]) -> Iterator[Runs]:
    """For each axis, its length in each run."""
    return zip(*(v.shape for v in arrays), strict=True)


def _repeats(row: Any, array: Any) -> bool:
    """Whether an array is a shorter one, repeated."""
    fits = all(n in (1, m) for n, m in zip(row.shape, array.shape, strict=True))
    return fits and same(np.broadcast_to(row, array.shape), array)


class _Settings(dict[str, Any]):
    """An operation's settings, but those that are not alike in all runs."""

    def __missing__(self, name: str) -> Any:
        raise ValueError(f"its setting {name!r} depends on the data or on the size of the batch, and must not in ONNX{FIX}")


class Step:
    """A recorded node on its way into the graph: its inputs and settings, and calls that add ONNX nodes.

    Called as ``step("Add", x, 1.0)`` it adds a node. Names stand for themselves, a number for a constant of the result's
    dtype, whole numbers in a list for a vector of them, an array for itself, and None for an input left out.
    """

    def __init__(self, graph: Graph, runs: Runs) -> None:
        self.graph, self.runs, self.node = graph, runs, runs[0]
        self.static = _Settings({name: v for name, v in self.node.static.items() if alike(*self.setting(name))})
        self.dtype, self.ndim = self.node.value.dtype, self.node.value.ndim
        self.shapes: Runs = tuple(node.value.shape for node in runs)

    def __call__(self, kind: str, *inputs: Any, **attributes: Any) -> Any:
        """Add a node, and return the name of its result; of several, a list."""
        names = [self._input(x) for x in inputs]
        while names and not names[-1]:  # what is left out at the end is not there; some programs stumble over an empty name
            names.pop()
        return self.graph.emit(kind, *names, **attributes)

    def _input(self, x: Any) -> Any:
        if x is None or isinstance(x, str):
            return x or ""
        if isinstance(x, list):
            return self.graph.ints(x)
        return self.graph.initializer(np.asarray(x, self.dtype) if isinstance(x, int | float) else x)

    def input(self, i: int, dtype: Any = None) -> str:
        """The name of input number i, in the result's dtype or another."""
        dtype = self.dtype if dtype is None else dtype
        known = self.graph.names.get(self.node.inputs[i])
        if known is not None:
            return self.graph.cast(known, self.node.values[i].dtype, dtype)
        return self.graph.constant(self.operand(i), dtype)

    def inputs(self) -> list[Any]:
        """The names of all inputs; None for one left out."""
        return [None if v is None else self.input(i) for i, v in enumerate(self.node.values)]

    def operand(self, i: int) -> Runs:
        """The values of input number i."""
        return tuple(node.values[i] for node in self.runs)

    def fixed(self, i: int) -> Any:
        """The array that input number i is, in the result's dtype; None if left out."""
        values = self.operand(i)
        if values[0] is None:
            return None
        if self.node.inputs[i] in self.graph.names or not same(*values):
            raise ValueError(f"its {self.node.op.input_names[i]} depends on the model's input, and must not in ONNX")
        return np.asarray(values[0], self.dtype)

    def is_zero(self, i: int) -> bool:
        """Whether input number i is 0, whatever the model's input."""
        return self.node.inputs[i] not in self.graph.names and not any(np.any(v) for v in self.operand(i))

    def lengths(self, i: int) -> Runs:
        """The shapes of input number i."""
        return tuple(np.shape(v) for v in self.operand(i))

    def length(self, axis: int, i: int = 0) -> int:
        """The length of an axis of input number i, where it must not grow with the batch."""
        first, *others = (shape[axis] for shape in self.lengths(i))
        if any(n != first for n in others):
            raise ValueError(f"axis {axis} of its input grows with the batch, and must not{FIX}")
        return int(first)

    def setting(self, name: str) -> Runs:
        """A setting in each run."""
        return tuple(node.static[name] for node in self.runs)

    def reshape(self, x: str, shapes: Runs) -> Any:
        """X in another shape. A single length that grows with the batch is what is left over."""
        grows = [i for i, lengths in enumerate(zip(*shapes, strict=True)) if len(set(lengths)) > 1]
        if 0 in shapes[0]:
            return self("Reshape", x, self.graph.ints(*shapes), allowzero=1)
        if len(grows) == 1:
            shapes = tuple((*shape[: grows[0]], -1, *shape[grows[0] + 1 :]) for shape in shapes)
        return self("Reshape", x, self.graph.ints(*shapes))


def build(onnx: Any, recorded: Recorded, opset: int, input_names: Any, output_names: Any) -> Any:
    """The ONNX model of what was recorded.

    Parameters
    ----------
    onnx : module
        The package.
    recorded : Recorded
        All runs.
    opset, input_names, output_names
        As in `export_onnx`.

    Returns
    -------
    onnx.ModelProto
        Not yet checked.
    """
    from minigrad import __version__
    from minigrad.export import arrays, elementwise, layers  # noqa: F401  (they declare the translations)

    ins = _names("input", input_names, len(recorded.inputs))
    outs = _names("output", output_names, len(recorded.outputs))
    every = [*ins, *outs, *recorded.arrays.values()]
    if clash := [name for name in every if every.count(name) > 1]:
        raise ValueError(
            f"export_onnx: the name {clash[0]!r} is taken by another input, output or parameter; give other input_names or "
            "output_names"
        )
    graph = Graph(onnx, recorded, ins, every)
    _translate(graph)
    _name_results(graph, outs)
    nodes = _needed(graph.nodes, outs)
    used = {x for node in nodes for x in node.input}
    helper = onnx.helper
    body = helper.make_graph(
        nodes, recorded.name,
        [_declared(graph, name, runs) for name, runs in zip(ins, recorded.inputs, strict=True)],
        [_declared(graph, name, runs) for name, runs in zip(outs, recorded.outputs, strict=True)],
        [onnx.numpy_helper.from_array(v, name) for name, v in graph.initializers.items() if name in used],
    )  # fmt: skip
    opsets = [helper.make_opsetid("", opset)]
    return helper.make_model(
        body, opset_imports=opsets, ir_version=helper.find_min_ir_version_for(opsets), producer_name="minigrad",
        producer_version=__version__,
    )  # fmt: skip


def _names(usual: str, given: Any, count: int) -> list[str]:
    if given is None:
        return [usual] if count == 1 else [f"{usual}_{i}" for i in range(count)]
    names = [given] if isinstance(given, str) else list(given)
    if len(names) != count or not all(isinstance(name, str) and name for name in names):
        raise ValueError(f"export_onnx: {usual}_names needs a name for each of {count}, got {given!r}")
    return names


def _translate(graph: Graph) -> None:
    """Add what depends on the inputs, step by step. All that has no translation is found before."""
    alive: dict[Any, Runs] = {}
    for runs in graph.recorded.steps:
        node = runs[0]
        if any(x in graph.names or x in alive for x in node.inputs) or not _set_alike(runs):
            alive[node] = runs
    if missing := dict.fromkeys(_place(node) for node in alive if rule_for(node) is None):
        raise NotImplementedError(
            f"export_onnx: there is no translation of {', '.join(missing)}; leave it out of the exported model, or compute "
            "it by other operations"
        )
    for node, runs in alive.items():
        graph.scope = node.origin.scope if node.origin else ""
        with _naming(_place(node)):
            graph.names[node] = RULES[node.op.name](Step(graph, runs))
    graph.scope = ""


def _set_alike(runs: Runs) -> bool:
    """Whether nodes have the same settings; what a forward saved for its rules is none."""
    return all(alike(*(node.static[name] for node in runs)) for name in runs[0].static if name != "saved")


def _place(node: Any) -> str:
    return str(node.op.name) + (f" (in {node.origin.scope})" if node.origin and node.origin.scope else "")


@contextmanager
def _naming(what: str) -> Iterator[None]:
    """Say in messages what could not be exported."""
    try:
        yield
    except (ValueError, NotImplementedError) as error:
        raise type(error)(f"export_onnx: {what} cannot be exported: {error}") from error


def _name_results(graph: Graph, names: list[str]) -> None:
    """Call the results as wanted; what has a name already, as an input or another result, is copied to it."""
    new: dict[str, str] = {}
    made_here = {out for node in graph.nodes for out in node.output}
    for name, runs in zip(names, graph.recorded.outputs, strict=True):
        made = graph.names.get(runs[0]) if isinstance(runs[0], Node) else None
        if made is None:
            raise ValueError(
                f"export_onnx: {name!r} cannot be exported: no recorded operation leads to it from the inputs; argmax and "
                "comparisons are not recorded"
            )
        if made in made_here and made not in new:
            new[made] = name
        else:
            graph.nodes.append(graph.helper.make_node("Identity", [made], [name], name=name))
    for node in graph.nodes:
        for side in (node.input, node.output):
            side[:] = [new.get(x, x) for x in side]


def _needed(nodes: list[Any], results: list[str]) -> list[Any]:
    """The nodes that the results need, in their order."""
    wanted, kept = set(results), []
    for node in reversed(nodes):
        if wanted & set(node.output):
            kept.append(node)
            wanted.update(node.input)
    return kept[::-1]


def _declared(graph: Graph, name: str, runs: Runs) -> Any:
    """An input or a result with its dtype and its shape, in which "batch" stands for what may have any length."""
    arrays = [np.asarray(value_of(v)) for v in runs]
    shape: list[Any] = []
    for n, m, *_ in _shapes(arrays):
        slope = m - n
        rest = n - slope * graph.recorded.batches[0] if slope else 0
        text = (f"{slope}*" if slope != 1 else "") + "batch" + (f" + {rest}" if rest > 0 else f" - {-rest}" if rest else "")
        shape.append(text if slope else n)
    return graph.helper.make_tensor_value_info(name, graph.element(arrays[0].dtype), shape)
