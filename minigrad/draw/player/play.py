"""The backward pass, played as a page on the drawing of its graph."""

from __future__ import annotations

from collections.abc import Collection, Mapping
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
    theme: Literal["auto", "light", "dark"] = "auto",
    names: Mapping[str, Any] | None = None,
    expand: bool | str | Node | Collection[str | Node] = False,
    max_nodes: int = 300,
) -> Page:
    """Play the forward pass and the backward sweep, step by step, on the drawing of the graph.

    Each backward step shows the active node, its upstream gradient, each local gradient, their product written out, the
    downstream gradient on the wire, and the sum if a value is used more than once. A click on a node goes to its step, and
    shows its arrays, its gradient rules and, within `detect_anomaly`, the line of source that made it. Playing changes
    nothing, and needs no earlier call of `backward`.

    Parameters
    ----------
    f : Tensor
        The result.
    upstream : array_like, optional
        The gradient to start from, in the shape of `f`; 1 for a scalar.
    direction : {'LR', 'TB'}
        Left to right, or top to bottom.
    precision : int
        Decimals of the numbers.
    theme : {'auto', 'light', 'dark'}
        'auto' follows the reader's screen.
    names : mapping, optional
        Variables, such as ``locals()``, that name the tensors without a name of their own, in lists and dictionaries too.
    expand : bool, str, Tensor or several
        Fused operations to expand into primitives: all, those of a name such as "softmax", or those that made given tensors.
    max_nodes : int
        A larger graph is collapsed, as by `draw`; a box then takes one step forward and one backward.

    Returns
    -------
    Page
        Shown by a notebook; ``.save("play.html")`` writes one self-contained document, ``.steps`` has the steps as data.

    Raises
    ------
    TypeError
        If `f` is not a tensor, or an argument has the wrong type.
    ValueError
        If `f` is not a scalar and `upstream` is missing or has another shape.
    RuntimeError
        If `f` is a constant or its graph was freed.

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
    from minigrad.draw.player.stage import page

    return page(
        f,
        upstream=upstream,
        direction=direction,
        precision=precision,
        theme=theme,
        names=names,
        expand=expand,
        max_nodes=max_nodes,
    )
