"""An ONNX model from recorded runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from minigrad.export import arrays, elementwise, layers  # noqa: F401  (importing them declares the translations)
from minigrad.export.trace import PerRun, Recorded, same_static
from minigrad.export.translation import RULES, OnnxGraph, Translation, lengths_of
from minigrad.graph import Node, value_of
from minigrad.version import __version__


def build(onnx: Any, recorded: Recorded, opset: int, input_names: Any, output_names: Any) -> Any:
    """The ONNX model of recorded runs, not yet checked; the other arguments are those of `export_onnx`."""
    ins = _names("input", input_names, len(recorded.inputs))
    outs = _names("output", output_names, len(recorded.outputs))
    every = [*ins, *outs, *recorded.arrays.values()]
    if clash := [name for name in every if every.count(name) > 1]:
        raise ValueError(
            f"export_onnx: the name {clash[0]!r} is taken by another input, output or parameter; give other input_names or "
            "output_names"
        )
    graph = OnnxGraph(onnx, recorded, ins, every)
    _add_nodes(graph)
    _name_results(graph, outs)
    nodes = _needed(graph.nodes, outs)
    used = {x for node in nodes for x in node.input}
    helper = onnx.helper
    body = helper.make_graph(
        nodes,
        recorded.name,
        [_declared(graph, name, runs) for name, runs in zip(ins, recorded.inputs, strict=True)],
        [_declared(graph, name, runs) for name, runs in zip(outs, recorded.outputs, strict=True)],
        [onnx.numpy_helper.from_array(v, name) for name, v in graph.initializers.items() if name in used],
    )
    opsets = [helper.make_opsetid("", opset)]
    version = helper.find_min_ir_version_for(opsets)
    return helper.make_model(
        body, opset_imports=opsets, ir_version=version, producer_name="minigrad", producer_version=__version__
    )


def _names(usual: str, given: Any, count: int) -> list[str]:
    if given is None:
        return [usual] if count == 1 else [f"{usual}_{i}" for i in range(count)]
    names = [given] if isinstance(given, str) else list(given)
    if len(names) != count or not all(isinstance(name, str) and name for name in names):
        raise ValueError(f"export_onnx: {usual}_names needs a name for each of {count}, got {given!r}")
    return names


def _add_nodes(graph: OnnxGraph) -> None:
    """Add the nodes that depend on the inputs; refuse all ops without a translation at once."""
    live: dict[Any, PerRun] = {}
    for runs in graph.recorded.nodes:
        node = runs[0]
        if any(x in graph.names or x in live for x in node.inputs) or not _static_agrees(runs):
            live[node] = runs
    if missing := dict.fromkeys(_place(node) for node in live if node.op not in RULES):
        raise NotImplementedError(
            f"export_onnx: there is no translation of {', '.join(missing)}; leave it out of the exported model, or compute "
            "it by other operations"
        )
    for node, runs in live.items():
        graph.scope = node.origin.scope if node.origin else ""
        with _naming(_place(node)):
            graph.names[node] = RULES[node.op](Translation(graph, runs))
    graph.scope = ""


def _static_agrees(runs: PerRun) -> bool:
    """True if the static arguments are equal in all runs; what a forward saved for its rules does not count."""
    return all(same_static(*(node.static[name] for node in runs)) for name in runs[0].static if name != "saved")


def _place(node: Any) -> str:
    return str(node.op.name) + (f" (in {node.origin.scope})" if node.origin and node.origin.scope else "")


@contextmanager
def _naming(what: str) -> Iterator[None]:
    """Name the op in messages."""
    try:
        yield
    except (ValueError, NotImplementedError) as error:
        raise type(error)(f"export_onnx: {what} cannot be exported: {error}") from error


def _name_results(graph: OnnxGraph, names: list[str]) -> None:
    """Rename the results; one that has a name already, as an input or another result, is copied."""
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
    """The nodes that the results need, in order."""
    wanted, kept = set(results), []
    for node in reversed(nodes):
        if wanted & set(node.output):
            kept.append(node)
            wanted.update(node.input)
    return kept[::-1]


def _declared(graph: OnnxGraph, name: str, runs: PerRun) -> Any:
    """An input or result with its dtype and its shape, in which "batch" stands for any length."""
    values = [np.asarray(value_of(v)) for v in runs]
    shape: list[Any] = []
    for n, m, *_ in lengths_of(values):
        slope = m - n
        rest = n - slope * graph.recorded.batches[0] if slope else 0
        text = (f"{slope}*" if slope != 1 else "") + "batch" + (f" + {rest}" if rest > 0 else f" - {-rest}" if rest else "")
        shape.append(text if slope else n)
    return graph.helper.make_tensor_value_info(name, graph.element_type(values[0].dtype), shape)
