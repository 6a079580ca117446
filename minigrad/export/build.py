"""From recorded steps to an ONNX graph: values and their names, constants, and lengths that grow with the batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from minigrad.export.trace import Pair, Recorded, same
from minigrad.graph import Node, Op, value_of

Rule = Callable[["Step"], str]
RULES: dict[str, Rule] = {}


def translates(*names: str) -> Callable[[Rule], Rule]:
    """Declare a translation of operations; a decorator for a function from a step to the name of its result."""

    def declare(rule: Rule) -> Rule:
        RULES.update(dict.fromkeys(names, rule))
        return rule

    return declare


def rule_for(op: Op) -> Rule | None:
    """The translation of an operation of this package; one of another that has the same name is not the same."""
    return RULES.get(op.name) if op.__module__.startswith("minigrad.") else None


class Graph:
    """An ONNX graph in the making."""

    def __init__(self, onnx: Any, recorded: Recorded, input_names: Sequence[str], taken: Sequence[str]) -> None:
        self.helper, self.recorded = onnx.helper, recorded
        self.element = onnx.helper.np_dtype_to_tensor_dtype
        self.nodes: list[Any] = []
        self.initializers: dict[str, Any] = {}
        self.taken = set(taken)
        self.names: dict[Node, str] = {pair.a: n for pair, n in zip(recorded.inputs, input_names, strict=True)}
        self.sequences: dict[Node | None, tuple[str, str]] = {}
        self.batch = ""
        self.scope = ""

    def name(self, wanted: str) -> str:
        """A name that nothing else has."""
        name, count = wanted, 1
        while name in self.taken:
            name, count = f"{wanted}_{count}", count + 1
        self.taken.add(name)
        return name

    def emit(self, kind: str, *inputs: str, results: int = 1, **attributes: Any) -> Any:
        """Add a node, and return the name of its result; of several, a list."""
        label = self.name(f"{self.scope}/{kind}" if self.scope else kind)
        out = [label, *(self.name(f"{label}.{i}") for i in range(1, results))]
        self.nodes.append(self.helper.make_node(kind, list(inputs), out, name=label, **attributes))
        return out[0] if results == 1 else out

    def initializer(self, array: Any, known: str = "") -> str:
        """An array that the file holds, under a name that it has, or a new one."""
        name = known or self.name(f"{self.scope}/constant" if self.scope else "constant")
        self.initializers.setdefault(name, np.asarray(array))
        return name

    def ints(self, a: Sequence[int], b: Sequence[int]) -> str:
        """Whole numbers as they were in both runs, as a vector; those that differ grow with the batch."""
        first, second = np.array(a, np.int64), np.array(b, np.int64)
        if np.array_equal(first, second):
            return self.initializer(first)
        if self.recorded.batch is None or first.shape != second.shape:
            raise ValueError(f"lengths such as {tuple(a)} and {tuple(b)} in two runs depend on the data")
        slope = second - first
        out = self.emit("Mul", self._batch(), self.initializer(slope))
        rest = first - slope * self.recorded.batch
        return self.emit("Add", out, self.initializer(rest)) if rest.any() else out

    def _batch(self) -> str:
        """The length of the first axis of the first input, as a vector of one number."""
        if not self.batch:
            scope, self.scope = self.scope, ""
            self.batch = self.emit("Shape", self.names[self.recorded.inputs[0].a], start=0, end=1)
            self.scope = scope
        return self.batch

    def constant(self, pair: Pair, dtype: Any = None) -> str:
        """A value that was not computed from the input: alike in both runs, or repeated for each sample."""
        a, b = (np.asarray(value_of(v)) for v in pair)
        dtype = a.dtype if dtype is None else dtype
        for known in self.recorded.inputs:
            if a.dtype.kind in "iu" and same(known.a.value.astype(a.dtype), a) and same(known.b.value.astype(b.dtype), b):
                return self.cast(self.names[known.a], known.a.value.dtype, dtype)
        if same(a, b):
            name = self.recorded.arrays.get(id(value_of(pair.a)), "")
            return self.initializer(a.astype(dtype), name if a.dtype == dtype else "")
        if a.ndim == b.ndim:
            differ = [n != m for n, m in zip(a.shape, b.shape, strict=True)]
            row = a[tuple(slice(0, 1) if d else slice(None) for d in differ)]
            fits = [m == n or n == 1 for v in (a, b) for n, m in zip(row.shape, v.shape, strict=True)]
            if any(differ) and all(fits) and all(same(np.broadcast_to(row, v.shape), v) for v in (a, b)):
                return str(self.emit("Expand", self.initializer(row.astype(dtype)), self.ints(a.shape, b.shape)))
        raise ValueError(
            "it uses a value that was computed from the data, or from the size of the batch, without being recorded, as "
            "comparisons and argmax are not; compute it by operations on tensors (dynamic_batch=False fixes the batch)"
        )

    def cast(self, name: str, old: Any, new: Any) -> str:
        """A value in another dtype."""
        return name if old == new else str(self.emit("Cast", name, to=self.element(np.dtype(new))))


class Step:
    """A recorded node on its way into the graph: its inputs and settings, and calls that add ONNX nodes.

    Called as ``step("Add", x, 1.0)`` it adds a node. Names stand for themselves, a number for a constant of the result's
    dtype, whole numbers in a list for a vector of them, an array for itself, and None for an input left out.
    """

    def __init__(self, graph: Graph, pair: Pair) -> None:
        self.graph, self.pair, self.node = graph, pair, pair.a
        self.static: dict[str, Any] = self.node.static
        self.dtype = self.node.value.dtype
        self.shape: tuple[int, ...] = self.node.value.shape
        self.result = Pair(*(node.value.shape for node in pair))

    def __call__(self, kind: str, *inputs: Any, **attributes: Any) -> Any:
        names = [self._input(x) for x in inputs]
        while names and not names[-1]:  # at the end, what is left out is not there; some programs stumble over an empty name
            names.pop()
        return self.graph.emit(kind, *names, **attributes)

    def _input(self, x: Any) -> str:
        if x is None or isinstance(x, str):
            return x or ""
        if isinstance(x, list | tuple):
            return self.graph.ints(x, x)
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

    def operand(self, i: int) -> Pair:
        """The values of input number i."""
        return Pair(*(node.values[i] for node in self.pair))

    def fixed(self, i: int) -> Any:
        """The array that input number i is, in the result's dtype; None if left out."""
        a, b = self.operand(i)
        if a is None:
            return None
        if self.node.inputs[i] in self.graph.names or not same(a, b):
            raise ValueError(f"its {self.node.op.input_names[i]} must not depend on the input, in ONNX")
        return np.asarray(a, self.dtype)

    def is_zero(self, i: int) -> bool:
        """Whether input number i is 0, whatever the model's input."""
        return self.node.inputs[i] not in self.graph.names and not any(np.any(v) for v in self.operand(i))

    def lengths(self, i: int) -> Pair:
        """The shapes of input number i."""
        return Pair(*(np.shape(v) for v in self.operand(i)))

    def setting(self, name: str) -> Pair:
        """A static argument in both runs."""
        return Pair(*(node.static[name] for node in self.pair))

    def reshape(self, x: str, shapes: Pair) -> str:
        """X in another shape. A single length that grows with the batch is what is left over."""
        a, b = (list(shape) for shape in shapes)
        grows = [i for i, (n, m) in enumerate(zip(a, b, strict=True)) if n != m]
        if 0 in a:
            return str(self("Reshape", x, self.graph.ints(a, b), allowzero=1))
        if len(grows) == 1:
            a[grows[0]] = b[grows[0]] = -1
        return str(self("Reshape", x, self.graph.ints(a, b)))


def build(onnx: Any, recorded: Recorded, opset: int, input_names: Any, output_names: Any) -> Any:
    """The ONNX model of what was recorded.

    Parameters
    ----------
    onnx : module
        The package.
    recorded : Recorded
        Both runs.
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
        raise ValueError(f"export_onnx: the name {clash[0]!r} is taken by another input, output or parameter")
    graph = Graph(onnx, recorded, ins, every)
    _translate(graph)
    _name_results(graph, outs)
    nodes = _needed(graph.nodes, outs)
    used = {x for node in nodes for x in node.input}
    helper = onnx.helper
    body = helper.make_graph(
        nodes, recorded.name,
        [_declared(graph, name, pair) for name, pair in zip(ins, recorded.inputs, strict=True)],
        [_declared(graph, name, pair) for name, pair in zip(outs, recorded.outputs, strict=True)],
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
        raise ValueError(f"export_onnx: {usual}_names has a name for each of {count}, got {given!r}")
    return names


def _translate(graph: Graph) -> None:
    """Add what depends on the inputs, step by step. All that has no translation is found before."""
    alive: dict[Node, Pair] = {}
    for pair in graph.recorded.steps:
        if any(x in graph.names or x in alive for x in pair.a.inputs) or not _alike(pair.a.static, pair.b.static):
            alive[pair.a] = pair
    missing = {_place(node): None for node in alive if rule_for(node.op) is None}
    if missing:
        raise NotImplementedError(
            f"export_onnx: ONNX export has no translation of {', '.join(missing)}; leave it out of the exported model, or "
            "compute it by other operations"
        )
    for node, pair in alive.items():
        graph.scope = node.origin.scope if node.origin else ""
        with _naming(_place(node)):
            graph.names[node] = rule_for(node.op)(Step(graph, pair))
    graph.scope = ""


def _place(node: Any) -> str:
    return node.op.name + (f" (in {node.origin.scope})" if node.origin and node.origin.scope else "")


@contextmanager
def _naming(what: str) -> Iterator[None]:
    """Say in messages what could not be exported."""
    try:
        yield
    except (ValueError, NotImplementedError) as error:
        raise type(error)(f"export_onnx: {what} cannot be exported: {error}") from error


def _alike(a: Any, b: Any) -> bool:
    """Whether settings are equal, arrays among them too. What a forward saved for its rules is no setting."""
    if isinstance(a, dict):
        return all(_alike(v, b[k]) for k, v in a.items() if k != "saved")
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(_alike, a, b))
    return same(a, b) if isinstance(a, np.ndarray) else a == b


def _name_results(graph: Graph, names: list[str]) -> None:
    """Call the results as wanted; what has a name already, as an input or another result, is copied to it."""
    new: dict[str, str] = {}
    made_here = {out for node in graph.nodes for out in node.output}
    for name, pair in zip(names, graph.recorded.outputs, strict=True):
        with _naming(f"result {name!r}"):
            made = graph.names.get(pair.a) if isinstance(pair.a, Node) else None
            if made is None:
                raise ValueError("no recorded operation leads to it from the input; argmax and comparisons are not recorded")
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


def _declared(graph: Graph, name: str, pair: Pair) -> Any:
    """An input or a result with its dtype and its shape, in which "batch" stands for what may have any length."""
    a, b = (np.asarray(value_of(v)) for v in pair)
    lengths: list[Any] = []
    for n, m in zip(a.shape, b.shape, strict=True):
        slope = m - n
        rest = n - slope * (graph.recorded.batch or 0)
        text = (f"{slope}*" if slope != 1 else "") + "batch" + (f" + {rest}" if rest > 0 else f" - {-rest}" if rest else "")
        lengths.append(text if slope else n)
    return graph.helper.make_tensor_value_info(name, graph.element(a.dtype), lengths)
