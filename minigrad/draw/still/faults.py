"""What led to an error, as a view of the graph: an exception's traceback still holds what was being computed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path as File
from types import CodeType, FrameType
from typing import Any

from minigrad.backward import sweep
from minigrad.draw.still.view import Fault, View
from minigrad.graph import Node, topological_order
from minigrad.operation import Op
from minigrad.text import shorten

_HERE = str(File(__file__).parents[2]) + os.sep
_CALL, _SWEEP = Op.__call__.__code__, sweep.__code__
_UNTOLD = ("call", "method")  # by which an operation becomes a method

LONGEST_MESSAGE = 500


def view_of(error: BaseException) -> View:
    """The graph that led to an error, with the place marked.

    Parameters
    ----------
    error : exception
        As it was caught: raised by an operation, by the checks before it, or by `detect_anomaly`, forward or backward.

    Returns
    -------
    View

    Raises
    ------
    ValueError
        If nothing of minigrad's was being computed, or the traceback is gone.

    Examples
    --------
    >>> from minigrad import Tensor
    >>> try:
    ...     Tensor([1.0, 2.0]) + Tensor([1.0, 2.0, 3.0])
    ... except ValueError as error:
    ...     view_of(error).fault.title
    'add'
    """
    frames = list(_frames(error))
    message = shorten(str(error) or type(error).__name__, LONGEST_MESSAGE)
    for code, view in ((_SWEEP, _backward), (_CALL, _forward)):
        for frame in reversed(frames):
            if frame.f_code is code:
                return view(frame.f_locals, message)
    for frame in frames:
        if _ours(frame.f_code) and frame.f_code.co_name not in _UNTOLD:
            names = frame.f_code.co_varnames[: frame.f_code.co_argcount]
            given = [frame.f_locals.get(name) for name in names]
            inputs = tuple(x for x in given if isinstance(x, Node))
            if inputs:
                fault = Fault(frame.f_code.co_name.strip("_"), inputs, tuple(x.value for x in inputs), message)
                return _before(fault)
    raise ValueError(
        f"draw: the {type(error).__name__} holds no trace of an operation on tensors; draw the exception that was caught, "
        "as in `except ValueError as error: draw(error)`"
    )


def _frames(error: BaseException) -> Iterator[FrameType]:
    trace = error.__traceback__
    while trace:
        yield trace.tb_frame
        trace = trace.tb_next


def _ours(code: CodeType) -> bool:
    return code.co_filename.startswith(_HERE)


def _backward(found: dict[str, Any], message: str) -> View:
    """A sweep that came as far as a node."""
    root, gradients = found["root"], found["gradients"]
    node = found.get("node", root)
    view = View.of(root if root.inputs else node)  # a sweep that frees the graph has freed all behind the node
    view.known.update({x: g.value if isinstance(g, Node) else g for x, g in gradients.items()})
    view.faults[node] = message
    return view


def _forward(found: dict[str, Any], message: str) -> View:
    """A forward that failed, or computed what it should not have."""
    op = found["self"]
    values = tuple(found.get("values", ()))
    inputs = tuple(found.get("inputs", ()))
    scope = found["modes"].scope if "modes" in found else ""  # before its result, an operation does not know its scope
    return _before(Fault(op.name, inputs, values, message, op, found.get("static", {}), found.get("value"), scope))


def _before(fault: Fault) -> View:
    """The graphs of all inputs of an operation that failed."""
    order = dict.fromkeys(node for x in fault.inputs if x is not None for node in topological_order(x))
    return View(None, list(order), fault=fault)
