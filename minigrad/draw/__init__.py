"""Graph -> description -> DOT -> SVG: the picture of a graph, with every value and gradient in it."""

from __future__ import annotations

from functools import cached_property, partial
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal

from minigrad.graph import Node

if TYPE_CHECKING:
    from minigrad.draw.describe import Description

__all__ = ["Drawing", "draw"]


class Drawing:
    """A picture of a graph, as it was when it was drawn.

    Attributes
    ----------
    description : Description
        What the picture shows, in words and numbers.
    dot : str
        The picture as DOT, the language of Graphviz.
    """

    def __init__(self, description: Description, dot: str) -> None:
        self.description = description
        self.dot = dot

    @cached_property
    def svg(self) -> str:
        """The picture as SVG. It is laid out when it is first asked for."""
        from minigrad.draw.render import svg

        return svg(self.dot)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the picture to a file, in the format of its suffix. A picture that fails leaves the file as it was.

        Parameters
        ----------
        path : str or path
            Ends in .svg, .png, .pdf or .dot.

        Raises
        ------
        ValueError
            If the suffix is another.
        FileNotFoundError
            If the folder is missing.
        RuntimeError
            If Graphviz is missing or fails.

        Examples
        --------
        >>> import tempfile, pathlib
        >>> from minigrad import Tensor
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = pathlib.Path(folder, "graph.dot")
        ...     draw(Tensor(2.0, name="x") * 3).save(file)
        ...     file.read_text().split()[0]
        'digraph'
        """
        from minigrad.draw.files import write
        from minigrad.draw.render import SUFFIXES, render

        formats = {suffix: partial(render, self.dot, suffix) for suffix in SUFFIXES}
        write(path, {**formats, "svg": lambda: self.svg.encode(), "dot": lambda: self.dot.encode()})

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"image/svg+xml": self.svg, "text/plain": repr(self)}

    def __repr__(self) -> str:
        nodes, edges = len(self.description.nodes), len(self.description.edges)
        return f"<{self.description.title}: {nodes} nodes, {edges} edges>"


def draw(
    f: Node,
    *,
    direction: Literal["LR", "TB"] = "LR",
    values: bool = True,
    gradients: bool = True,
    local_gradients: bool = True,
    precision: int = 2,
    max_nodes: int = 300,
) -> Drawing:
    """Draw the graph of a result: values green above the wires, gradients red below, local gradients on the edges.

    The gradients are those in `.grad` by now: call `f.backward()` first to see them. Drawing changes nothing.

    Parameters
    ----------
    f : Tensor
        The result whose graph is drawn, back to the leaves.
    direction : {'LR', 'TB'}
        Left to right, or top to bottom.
    values, gradients, local_gradients : bool
        What is written beside the operations. Elementwise operations have a local gradient for each input.
    precision : int
        Decimals of the numbers. Whole numbers are shown in full.
    max_nodes : int
        A graph of more nodes is collapsed: each scope becomes one box.

    Returns
    -------
    Drawing
        Shown by a notebook as it is; ``.save("graph.svg")``, ``.svg`` and ``.dot`` elsewhere.

    Raises
    ------
    TypeError
        If `f` is no tensor.
    ValueError
        If the graph is too large to read, even collapsed by scope; the message says what to do.
    RuntimeError
        If the graph was freed by an earlier sweep.

    Examples
    --------
    >>> from minigrad import Tensor
    >>> x, y, z = Tensor(-2.0, name="x"), Tensor(5.0, name="y"), Tensor(-4.0, name="z")
    >>> f = (x + y) * z
    >>> f.backward()
    >>> draw(f)
    <minigrad graph of multiply: 5 nodes, 4 edges>
    """
    _check(f, direction, precision, max_nodes)
    from minigrad.draw.describe import Options, describe_graph
    from minigrad.draw.dot import to_dot

    options = Options(bool(values), bool(gradients), bool(local_gradients), precision, max_nodes)
    description = describe_graph(f, options)
    return Drawing(description, to_dot(description, direction))


def _check(f: Any, direction: Any, precision: Any, max_nodes: Any) -> None:
    """Refuse what cannot be drawn, and say what can."""
    if not isinstance(f, Node):
        hint = (
            "call it with tensors and draw the result"
            if callable(f)
            else "build the expression from Tensors and draw its result"
        )
        raise TypeError(f"draw: expected a Tensor, got {type(f).__name__}; {hint}")
    if f.op is not None and not f.inputs:
        raise RuntimeError(
            "draw: the graph was freed by an earlier backward(retain_graph=False); draw first, or keep the graph"
        )
    if direction not in ("LR", "TB"):
        raise ValueError(f"draw: direction is 'LR' (left to right) or 'TB' (top to bottom), got {direction!r}")
    for name, number, least, most in (("precision", precision, 0, 17), ("max_nodes", max_nodes, 1, float("inf"))):
        if not isinstance(number, int) or isinstance(number, bool):
            raise TypeError(f"draw: {name} is a whole number, got {type(number).__name__}")
        if not least <= number <= most:
            raise ValueError(f"draw: {name} is {least} or more" + f", at most {most}" * (most == 17) + f", got {number}")
