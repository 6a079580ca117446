"""The live circuit: a page in which every leaf is a field and a slider, and all values and gradients follow."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.backward import sweep
from minigrad.draw.names import find_names
from minigrad.graph import Node, constant, describe, topological_order
from minigrad.program.numbered import Numbered, Place
from minigrad.program.program import Program
from minigrad.program.replay import leaves_of, replayed
from minigrad.program.whole import Tracer
from minigrad.tensor import Tensor
from minigrad.tracing import Traced

if TYPE_CHECKING:
    from minigrad.draw.document import Document


def live(f: Callable[..., Any] | Node, *, precision: int = 2, **values: float) -> Document:
    """A circuit to be touched: drag a leaf, and every value, local gradient and gradient follows at once.

    The page evaluates the same program that `compile` runs, printed as JavaScript. Wires show the size and the sign of the
    gradient that goes through them; "Descend" takes a step against the gradient, and "Play" one after the other.

    Parameters
    ----------
    f : callable or Tensor
        Takes the leaves by name, and returns one number. It is traced: a condition is written with `where`. Or a recorded
        result of single numbers, whose leaves start from their values: its Python branches stay as they were recorded.
    precision : int
        Decimals of the numbers.
    **values : float
        The leaves of a function, with the values to start from.

    Returns
    -------
    Document
        Shown by a notebook; ``.save("circuit.html")`` writes one self-contained document.

    Raises
    ------
    TypeError, ValueError
        If a value is not a number, `f` does not return one, or a step is not one of single numbers; of a recorded result
        also if it holds a condition or another array that was a constant.
    Untraceable
        If `f` asks for a value, as in ``if x > 0``.

    Examples
    --------
    >>> live(lambda x, y: x * y + x, x=3.0, y=-4.0)
    <Live: x × y + x>
    """
    from minigrad.program.javascript import source
    from minigrad.program.live_page import page

    remark = ""
    if isinstance(f, Node):
        if values:
            raise TypeError("live: a recorded result has its own leaves; leave out the values, or give live a function")
        f, values = _again(f, find_names(sys._getframe(1).f_locals))
        remark = "Recorded: branches of Python stay as they were taken."
    if not values:
        raise TypeError("live: give the leaves by name, with the values to start from, as in live(f, x=3.0, y=-4.0)")
    for name, v in values.items():
        if isinstance(v, bool) or not isinstance(v, float | int | np.floating):
            raise TypeError(f"live: {name} is one number, got {type(v).__name__}")
    trace = Tracer()
    with trace.running():
        leaves = {}
        for name, v in values.items():
            leaf = leaves[name] = constant(trace.input(np.float64(v)), Tensor)
            leaf.requires_grad, leaf.name = True, name
        outputs, traced = _outputs(trace, f(**leaves))
    program = Program(trace, [v for _, _, v in outputs])
    if program.outside:
        raise ValueError("live: the circuit uses a tensor that is not one of its leaves; pass it as a number by name")
    body = source(program)
    root = f(**{name: Tensor(float(v), name=name) for name, v in values.items()})
    graph = Numbered(root)
    if graph.operations != traced.operations:
        raise ValueError("live: the function computed something else when it was called again")
    return page(root, graph, body, [(kind, place) for kind, place, _ in outputs], values, precision, remark)


def _again(root: Node, names: Mapping[Node, str]) -> tuple[Callable[..., Any], dict[str, float]]:
    """A recorded graph as a function of its leaves by name, and their values."""
    found = leaves_of("live", root)
    for node in topological_order(root):
        for x, v in zip(node.inputs, node.values, strict=True):
            if x is None and v is not None and (np.shape(v) or isinstance(v, bool | np.bool_)):
                what = f"an array of shape {np.shape(v)}" if np.shape(v) else "a condition"
                raise ValueError(
                    f"live: {what} was recorded in {node.op.name if node.op else ''} as a constant and would not follow; "
                    "give live the function in place of its result"
                )
    called: dict[str, Node] = {}
    for x in found:
        if np.shape(x.value):
            raise TypeError(f"live: {describe(x)} is a leaf, and a live circuit is one of single numbers")
        name = x.name or names.get(x) or f"leaf {len(called) + 1}"
        while name in called:
            name += "'"
        called[name] = x

    def again(**leaves: Any) -> Any:
        return replayed("live", root, {x: leaves[name] for name, x in called.items()})

    return again, {name: float(x.value) for name, x in called.items()}


def _outputs(trace: Tracer, result: Any) -> tuple[list[tuple[str, Place, Any]], Numbered]:
    """Values, gradients and local gradients for the page, each with the number of its node, and of its input."""
    if not isinstance(result, Node) or result.op is None or np.shape(result.value):
        raise TypeError("live: the function must return one number that depends on the leaves")
    graph = Numbered(result)
    outputs: list[tuple[str, Place, Any]] = [("value", (k, -1), _variable(x.value)) for k, x in enumerate(graph.nodes)]
    outputs += [("gradient", (graph.at[x], -1), _variable(g)) for x, g in sweep(result, np.float64(1.0)).items()]
    for node in graph.order:
        for i, x in enumerate(node.inputs):
            if x is not None and x.requires_grad:
                needed = [k == i for k in range(len(node.inputs))]
                found = trace.downstream(node.op, needed, np.float64(1.0), node.value, node.values, node.static)
                outputs.append(("local", (graph.at[node], i), _variable(found[i])))
    return outputs, graph


def _variable(v: Any) -> Any:
    return v.variable if type(v) is Traced else v
