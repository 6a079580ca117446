"""The backward pass as a page that plays it, on the drawing of its graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from minigrad.graph import Node

if TYPE_CHECKING:
    from minigrad.draw.page import Page


def play(
    f: Node,
    *,
    upstream: Any = None,
    direction: Literal["LR", "TB"] = "LR",
    precision: int = 2,
    max_nodes: int = 300,
) -> Page:
    """Play a computation forward and the sweep backward, step by step, on the picture of its graph.

    Each step back shows the active node, its upstream gradient, each local gradient, the product written out, the gradient
    going down the wire, and where a value is used more than once, the sum. Playing changes nothing, and the graph need not
    have been swept before.

    Parameters
    ----------
    f : Tensor
        The result.
    upstream : array_like, optional
        The gradient to start from, in the shape of `f`; 1 for a scalar.
    direction : {'LR', 'TB'}
        The graph from left to right, or from top to bottom.
    precision : int
        Decimals of the numbers.
    max_nodes : int
        A graph of more nodes is refused.

    Returns
    -------
    Page
        Shown by a notebook as it is; ``.save("play.html")`` writes one document that needs nothing else, and ``.steps`` has
        the steps as data.

    Raises
    ------
    TypeError
        If `f` is no tensor.
    ValueError
        If the graph is too large, or `f` is no scalar and `upstream` is missing or of another shape.
    RuntimeError
        If `f` is a constant, if its graph was freed, or if there is no Graphviz.
    TimeoutError
        If the layout of a large graph takes too long.

    Examples
    --------
    >>> from minigrad import Tensor
    >>> x, y, z = Tensor(-2.0, name="x"), Tensor(5.0, name="y"), Tensor(-4.0, name="z")
    >>> page = play((x + y) * z)
    >>> page
    <The backward pass of (x + y) × z: 7 steps>
    >>> print(page.steps[4]["text"])
    Backward 1 of 2: (x + y) × z, upstream 1
    to x + y: local × upstream = -4 × 1 = -4
    to z: local × upstream = 3 × 1 = 3
    """
    from minigrad.draw.stage import page

    return page(f, upstream=upstream, direction=direction, precision=precision, max_nodes=max_nodes)
