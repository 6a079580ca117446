"""The graph that led to an error, as a view."""

from __future__ import annotations

from minigrad.draw.still.view import View
from minigrad.graph import Fault, topological_order, value_of
from minigrad.text import shorten

LONGEST_MESSAGE = 500


def view_of(error: BaseException) -> View:
    """The graph that led to an error, with the failing operation marked.

    Parameters
    ----------
    error : exception
        Raised by an operation, by the checks before it, or by `detect_anomaly`, forward or backward.

    Returns
    -------
    View

    Raises
    ------
    ValueError
        If the exception does not come from an operation on tensors.

    Examples
    --------
    >>> from minigrad import Tensor
    >>> try:
    ...     Tensor([1.0, 2.0]) + Tensor([1.0, 2.0, 3.0])
    ... except ValueError as error:
    ...     view_of(error).fault.called
    'add'
    """
    fault: Fault | None = getattr(error, "fault", None)
    if fault is None:
        raise ValueError(
            f"draw: the {type(error).__name__} does not come from an operation on tensors; draw the exception that was "
            "caught, as in `except ValueError as error: draw(error)`"
        )
    message = shorten(str(error) or type(error).__name__, LONGEST_MESSAGE)
    if fault.root is None or fault.node is None:
        order = dict.fromkeys(node for x in fault.inputs if x is not None for node in topological_order(x))
        return View(None, list(order), fault=fault, message=message)
    # A sweep that frees the graph has already freed the nodes above the one that it had reached.
    view = View.of(fault.root if fault.root.inputs else fault.node)
    view.known.update({x: value_of(g) for x, g in (fault.gradients or {}).items()})
    view.faults[fault.node] = message
    return view
