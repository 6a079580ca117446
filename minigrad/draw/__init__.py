"""Graph -> description -> DOT -> SVG: the picture of a graph, with every value and gradient in it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property, partial
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal

from minigrad.draw.checks import MOST_DECIMALS
from minigrad.graph import Node

if TYPE_CHECKING:
    from minigrad.draw.picture import Description
    from minigrad.draw.view import View

__all__ = ["Drawing", "draw"]


class Drawing:
    """A picture of a graph, as it was when it was drawn.

    Attributes
    ----------
    description : Description
        What the picture shows, in words and numbers.
    dot : str
        The picture as DOT, the language of Graphviz.
    theme : str
        Its colours.
    """

    def __init__(self, description: Description, dot: str, theme: str = "light") -> None:
        self.description = description
        self.dot = dot
        self.theme = theme

    @cached_property
    def svg(self) -> str:
        """The picture as SVG. It is laid out when it is first asked for."""
        from minigrad.draw.render import svg
        from minigrad.draw.theme import style

        return svg(self.dot, self.description.title, self.description.words, style(self.theme))

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
    f: Node | BaseException,
    *,
    direction: Literal["LR", "TB"] = "LR",
    values: bool = True,
    gradients: bool = True,
    local_gradients: bool = True,
    shapes: bool = True,
    heatmaps: bool = True,
    precision: int | str = 2,
    theme: Literal["auto", "light", "dark"] = "auto",
    names: Mapping[str, Any] | None = None,
    backward: bool = False,
    expand: bool | str | Node | Collection[str | Node] = False,
    collapse: bool | str | Collection[str] = False,
    depth: int | None = None,
    max_nodes: int = 300,
) -> Drawing:
    """Draw the graph of a result: values green above the wires, gradients red below, local gradients on the edges.

    The gradients are those in `.grad` by now: call `f.backward()` first to see them, or pass ``backward=True``. Drawing
    changes nothing. On the edge to an elementwise operation stands its local gradient; to any other, whose Jacobian is no
    single number, the shape and the norm of the downstream gradient. Arrays are shown in colours too, each on a linear scale
    of its own from blue at minus the stated number over white at 0 to orange.

    Parameters
    ----------
    f : Tensor or exception
        The result whose graph is drawn, back to the leaves. Or an error that was caught, from an operation or from
        `detect_anomaly`: then what led to it is drawn, and the place is marked.
    direction : {'LR', 'TB'}
        Left to right, or top to bottom.
    values, gradients, local_gradients, shapes, heatmaps : bool
        What is shown. The downstream gradients go with the gradients.
    precision : int or str
        Decimals of the numbers; whole numbers are shown in full. Or a format for all of them, such as ``".3e"``.
    theme : {'auto', 'light', 'dark'}
        Light colours, dark ones, or as the reader's screen prefers: a PNG or PDF, and paper, are light then.
    names : mapping, optional
        Variables to look for names in, such as ``locals()``, for tensors without a name of their own; lists and dictionaries
        of tensors are looked into.
    backward : bool
        Compute the gradients for this picture if `f` has none yet, starting from 1.
    expand : bool, str, Tensor or several
        Fused operations to be drawn opened into primitives, with the values and gradients in each: all that can be, or those
        of a name such as "softmax", or those that made certain tensors.
    collapse : bool, str or several
        Scopes to be drawn as one box each: all, or those of a name, with or without the scopes around it.
    depth : int, optional
        How many levels of scopes are opened; those further in are boxes. If left out, as many as `max_nodes` allows.
    max_nodes : int
        A graph of more nodes is collapsed: neighbouring scopes with the same content become one box with a count, then each
        scope becomes a box, then what repeats outside scopes, and at last all of it.

    Returns
    -------
    Drawing
        Shown by a notebook as it is; ``.save("graph.svg")``, ``.svg`` and ``.dot`` elsewhere.

    Raises
    ------
    TypeError
        If `f` is no tensor, or an argument is of the wrong type.
    ValueError
        If an argument is not among what it may be, or an exception holds no trace of an operation.
    RuntimeError
        If the graph was freed by an earlier sweep.

    Examples
    --------
    >>> from minigrad import Tensor
    >>> x, y, z = Tensor(-2.0), Tensor(5.0), Tensor(-4.0)
    >>> f = (x + y) * z
    >>> draw(f, names={"x": x, "y": y, "z": z}, backward=True)
    <minigrad graph of multiply: 5 nodes, 4 edges>
    """
    _check(f, direction, precision, max_nodes, depth, theme, names)
    from minigrad.draw.describe import describe_graph
    from minigrad.draw.dot import to_dot
    from minigrad.draw.picture import Options
    from minigrad.draw.theme import palette

    options = Options(
        bool(values), bool(gradients), bool(local_gradients), bool(shapes), bool(heatmaps), precision, max_nodes, depth,
        _several("collapse", collapse, str),
    )  # fmt: skip
    view = _view(f, names, backward, _several("expand", expand, (str, Node)))
    description = describe_graph(view, options)
    return Drawing(description, to_dot(description, direction, palette(theme)), theme)


def _view(
    f: Node | BaseException, names: Mapping[str, Any] | None, backward: bool, expand: bool | Collection[str | Node]
) -> View:
    """What is drawn of a graph, and what is known of it besides."""
    from minigrad.draw.view import View

    if isinstance(f, Node):
        view = View.of(f)
        if backward and f.grad is None:
            view.known.update(_gradients(f))
    else:
        from minigrad.draw.faults import view_of

        view = view_of(f)
    if names is not None:
        from minigrad.draw.names import find_names

        view.names.update(find_names(names))
    if expand:
        from minigrad.draw.expand import expand as open_up

        open_up(view, expand)
    return view


def _gradients(f: Node) -> dict[Node, Any]:
    """The gradients of a number, kept from the graph."""
    from minigrad.backward import sweep
    from minigrad.graph import describe

    if not f.requires_grad:
        raise RuntimeError(f"draw: {describe(f)} is a constant and has no gradients; leave out backward=True")
    if f.value.ndim:
        raise ValueError(
            f"draw: backward=True starts from a single number, and {describe(f)} is none; reduce it first, as with .sum(), "
            "or call f.backward(upstream) yourself before drawing"
        )
    return sweep(f, f.value.dtype.type(1))


def _several(name: str, given: Any, kinds: Any) -> Any:
    """One or several names or tensors as a tuple; all or none as a truth value."""
    if isinstance(given, bool):
        return given
    several = (given,) if isinstance(given, kinds) else tuple(given) if hasattr(given, "__iter__") else (given,)
    for x in several:
        if not isinstance(x, kinds):
            what = "scopes" if name == "collapse" else "operations, or tensors"
            raise TypeError(f"draw: {name} is True, False or names of {what}, got {type(x).__name__}")
    return several


def _check(f: Any, direction: Any, precision: Any, max_nodes: Any, depth: Any, theme: Any, names: Any) -> None:
    """Refuse what cannot be drawn, and say what can."""
    if not isinstance(f, Node | BaseException):
        hint = (
            "call it with tensors and draw the result"
            if callable(f)
            else "build the expression from Tensors and draw its result"
        )
        raise TypeError(f"draw: expected a Tensor, got {type(f).__name__}; {hint}")
    if isinstance(f, Node) and f.op is not None and not f.inputs:
        raise RuntimeError(
            "draw: the graph was freed by an earlier backward(retain_graph=False); draw first, or keep the graph"
        )
    if direction not in ("LR", "TB"):
        raise ValueError(f"draw: direction is 'LR' (left to right) or 'TB' (top to bottom), got {direction!r}")
    if theme not in ("auto", "light", "dark"):
        raise ValueError(f"draw: theme is 'auto', 'light' or 'dark', got {theme!r}")
    if names is not None and not hasattr(names, "items"):
        raise TypeError(f"draw: names is a mapping such as locals(), got {type(names).__name__}")
    if isinstance(precision, str):
        _check_format(precision)
        precision = 2
    levels = 0 if depth is None else depth
    limits = (("precision", precision, 0, MOST_DECIMALS), ("max_nodes", max_nodes, 1, None), ("depth", levels, 0, None))
    for name, number, least, most in limits:
        if not isinstance(number, int) or isinstance(number, bool):
            raise TypeError(f"draw: {name} is a whole number, got {type(number).__name__}")
        if number < least or (most is not None and number > most):
            raise ValueError(f"draw: {name} is {least} or more" + f", at most {most}" * bool(most) + f", got {number}")


def _check_format(spec: str) -> None:
    """Refuse what formats no number, or makes it longer than a picture has room for."""
    import re

    if not re.fullmatch(r"[-+ ]?#?(\d{1,2})?[,_]?(\.\d{1,2})?[eEfFgGn%]", spec):
        raise ValueError(f"draw: precision is a number of decimals, or a format of a float such as '.3e', got {spec[:40]!r}")
