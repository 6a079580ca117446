"""The picture of a graph with its values and gradients: graph → description → layout → SVG."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from minigrad.draw.files import Saved
from minigrad.draw.limits import MOST_DECIMALS, check_integers, check_look, check_not_freed
from minigrad.graph import Node

if TYPE_CHECKING:
    from minigrad.draw.document import Document
    from minigrad.draw.layout.arrange import Layout
    from minigrad.draw.still.picture import Description, Direction, Options
    from minigrad.draw.still.view import View

__all__ = ["Drawing", "draw"]


class Line(Protocol):
    """A straight line of steps: a program."""

    inputs: list[Any]
    steps: list[Any]
    outputs: list[Any]


class Shown(NamedTuple):
    """The functions that describe a picture for `draw`, and write the lines for `explain`."""

    picture: Callable[[Any, Options], Description]
    lines: Callable[[Any, int], str]


SHOWN: dict[type, Shown] = {}
"""By class, the functions for what is no graph; the rooms above add theirs."""


class Drawing(Saved):
    """A picture of a graph, as it was when it was drawn.

    A notebook shows it; `save` writes .svg, .png, .pdf, .dot, or .html: a page with zoom, search by name, and the arrays and
    rules of a clicked node, which needs no network. It warns of a .png so large that its text cannot be read.

    Attributes
    ----------
    description : Description
        The content of the picture as text and numbers.
    dot : str
        The picture as DOT, the language of Graphviz.
    svg : str
        The picture as SVG.
    theme, engine : str
        As given to `draw`.

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

    def __init__(
        self,
        description: Description,
        direction: Direction | None = None,
        theme: str = "light",
        engine: str = "minigrad",
        details: Callable[[], str] | None = None,
    ) -> None:
        self.description = description
        self._asked = direction
        self.theme = theme
        self.engine = engine
        self._details = details

    @cached_property
    def svg(self) -> str:
        """The picture as SVG, laid out on first access."""
        from minigrad.draw.inline import isolated

        if self.engine == "dot":
            from minigrad.draw.still.render import render

            return render(self.dot, "svg").decode()
        return isolated(self._written(self.theme), self.theme)

    @property
    def direction(self) -> Direction:
        """Left to right (LR) or top to bottom (TB)."""
        return self._asked or self._layout.direction

    @cached_property
    def dot(self) -> str:
        """The picture as DOT, the language of Graphviz."""
        from minigrad.draw.still.dot import to_dot
        from minigrad.draw.theme import palette

        return to_dot(self.description, self.direction, palette(self.theme))

    @cached_property
    def _layout(self) -> Layout:
        from minigrad.draw.layout.arrange import arrange

        return arrange(self.description, self._asked)

    def _written(self, theme: str) -> str:
        """The laid out picture as SVG, without a style sheet."""
        from minigrad.draw.still.svg import write
        from minigrad.draw.theme import palette

        return write(self.description, self._layout, palette(theme))

    def _image(self, suffix: str) -> bytes:
        """The picture as PNG or PDF; light, unless the theme is dark."""
        if self.engine == "dot":
            from minigrad.draw.still.render import render

            return render(self.dot, suffix)
        from minigrad.draw.still.pdf import pdf
        from minigrad.draw.still.png import png

        return (png if suffix == "png" else pdf)(self._written("dark" if self.theme == "dark" else "light"))

    def _formats(self) -> Mapping[str, Callable[[], bytes]]:
        return {
            ".svg": lambda: self.svg.encode(),
            ".png": partial(self._image, "png"),
            ".pdf": partial(self._image, "pdf"),
            ".dot": lambda: self.dot.encode(),
            ".html": lambda: self._page().html.encode(),
        }

    def _page(self) -> Document:
        """The picture in a page, with the details of each node."""
        from minigrad.draw.player.details import details
        from minigrad.draw.player.labels import Labels
        from minigrad.draw.viewer import page

        made = self._details or partial(details, {}, self.description, Labels(), lambda _: None, 2)
        return page(self.description.title, self.svg, self.direction, made(), self.theme)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        from minigrad.draw.inline import apart, fitted
        from minigrad.draw.still.png import fallback

        if self.engine == "dot":
            return {"image/svg+xml": fitted(self.svg), "text/plain": repr(self)}
        still = fallback(self._written("dark" if self.theme == "dark" else "light"))
        return {"image/svg+xml": fitted(apart(self.svg)), **still, "text/plain": repr(self)}

    def __repr__(self) -> str:
        nodes, edges = len(self.description.nodes), len(self.description.edges)
        return f"<{self.description.title}: {nodes} nodes, {edges} edges>"


def draw(
    f: Node | BaseException | Line,
    *,
    against: Node | None = None,
    direction: Literal["LR", "TB"] | None = None,
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
    engine: Literal["minigrad", "dot"] = "minigrad",
) -> Drawing:
    """Draw the graph of a result: values green above the wires, gradients red below, local gradients on the edges.

    The gradients are those in `.grad`: call `f.backward()` first, or pass ``backward=True``. Drawing changes nothing. An
    edge to an elementwise operation shows its local gradient; an edge to any other, whose local gradient is a Jacobian,
    shows the shape and norm of the downstream gradient. Arrays also have heatmaps, each on its own linear scale: blue
    negative, white 0, orange positive.

    Parameters
    ----------
    f : Tensor, exception or Program
        The result whose graph is drawn, back to the leaves. Or an error caught from an operation or from `detect_anomaly`:
        the graph that led to it is drawn, with the failing operation marked. Or a program, of `code` or `compile`: forward
        and backward in one picture, with values where its inputs are single numbers; arguments that mean nothing for it are
        refused.
    against : Tensor, optional
        Another result of the same structure, as from before a step, or from a reference: what differs from it in value or
        gradient, by more than rounding, is marked with ≠ and by how much. Where the structure differs, the legend says how.
    direction : {'LR', 'TB'}, optional
        Left to right, or top to bottom, however long. By default left to right, broken into rows like a text where that is
        too wide for a page.
    values, gradients, local_gradients, shapes, heatmaps : bool
        What is shown; `gradients` includes the downstream gradients.
    precision : int or str
        Decimals of the numbers (integers are shown in full), or a format for all of them, such as ``".3e"``.
    theme : {'auto', 'light', 'dark'}
        'auto' follows the reader's screen; PNG, PDF and paper are then light.
    names : mapping, optional
        Variables, such as ``locals()``, that name the tensors without a name of their own, in lists and dictionaries too.
    backward : bool
        Compute the gradients for this picture, starting from 1, if `f` has none yet.
    expand : bool, str, Tensor or several
        Fused operations to expand into primitives: all, those of a name such as "softmax", or those that made given tensors;
        "add" for long sums.
    collapse : bool, str or several
        Scopes to draw as one box each: all, or those of a name, with or without the scopes around it.
    depth : int, optional
        Levels of scopes that are opened; deeper ones are boxes. By default as many as `max_nodes` allows.
    max_nodes : int
        A larger graph is collapsed. Of adjacent scopes with the same content, the first and the last are drawn, and a box
        with a count stands for the others, from a third of this number on; then each scope becomes a box, then units that
        are computed alike and repetitions outside scopes, and finally everything.
    engine : {'minigrad', 'dot'}
        The layout: minigrad's own, the same on every machine, or that of Graphviz, whose program `dot` has to be installed.

    Returns
    -------
    Drawing
        Shown by a notebook; elsewhere use ``.save("graph.svg")``, ``.svg`` or ``.dot``.

    Raises
    ------
    TypeError
        If `f` is not a tensor or an exception, or an argument has the wrong type.
    ValueError
        If an argument has a value that is not allowed, or an exception does not come from an operation on tensors.
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
    _check(f, direction, precision, max_nodes, depth, theme, engine)
    _check_against(f, against)
    from minigrad.draw.still.describe import described
    from minigrad.draw.still.picture import Options

    options = Options(
        values=bool(values),
        gradients=bool(gradients),
        local_gradients=bool(local_gradients),
        shapes=bool(shapes),
        heatmaps=bool(heatmaps),
        precision=precision,
        max_nodes=max_nodes,
        depth=depth,
        collapse=several("draw", "collapse", collapse, str),
    )
    if not isinstance(f, Node | BaseException):
        idle = {
            "against": against is not None,
            "names": names is not None,
            "backward": backward,
            "expand": expand,
            "collapse": collapse,
            "depth": depth is not None,
            "gradients": not gradients,
            "local_gradients": not local_gradients,
            "heatmaps": not heatmaps,
        }
        if any(idle.values()):
            given = ", ".join(name for name, asked in idle.items() if asked)
            raise ValueError(f"draw: a program is drawn as it is, without {', '.join(idle)}; leave out {given}")
        return Drawing(SHOWN[type(f)].picture(f, options), direction, theme, engine)
    view = _view(f, names, backward, several("draw", "expand", expand, (str, Node)), against)
    picture, ids = described(view, options)
    return Drawing(picture, direction, theme, engine, partial(_details, view, picture, ids, precision))


def _details(view: View, picture: Description, ids: Mapping[Node, str], precision: int | str) -> str:
    """The details of the nodes of a picture, for its page."""
    from minigrad.draw.player.details import details
    from minigrad.draw.player.labels import Labels

    return details(ids, picture, Labels(view.names, view.recorded()), view.gradient, precision)


def _view(
    f: Node | BaseException,
    names: Mapping[str, Any] | None,
    backward: bool,
    expand: bool | Collection[str | Node],
    against: Node | None,
) -> View:
    """The view of a graph or an error that is drawn."""
    from minigrad.draw.still.view import View

    if isinstance(f, Node):
        view = View.of(f)
        if backward and f.grad is None:
            view.known.update(_gradients(f))
    else:
        from minigrad.draw.still.faults import view_of

        view = view_of(f)
    if names is not None:
        from minigrad.draw.names import names_given

        view.names.update(names_given("draw", names))
    if expand:
        from minigrad.draw.still.expand import expand as open_up

        open_up(view, expand)
    if against is not None:
        from minigrad.draw.still.compare import compare

        compare(view, against, _gradients(against) if backward and against.grad is None else {})
    from minigrad.draw.still.steps import number_steps
    from minigrad.draw.still.sums import fold_sums

    fold_sums(view, expand)
    number_steps(view)
    return view


def _gradients(f: Node) -> dict[Node, Any]:
    """The gradients of a scalar, without storing them on the graph."""
    from minigrad.backward import starting_gradient, sweep
    from minigrad.graph import describe

    if f.requires_grad and f.value.ndim:
        raise ValueError(
            f"draw: backward=True starts from a scalar, and {describe(f)} is not one; reduce it first, as with .sum(), or "
            "call f.backward(upstream) yourself before drawing"
        )
    return sweep(f, starting_gradient(f, None, "draw"))


def several(who: str, name: str, given: Any, kinds: Any) -> Any:
    """One or several names or tensors as a tuple; all or none as a bool."""
    if isinstance(given, bool):
        return given
    several = (given,) if isinstance(given, kinds) else tuple(given) if hasattr(given, "__iter__") else (given,)
    for x in several:
        if not isinstance(x, kinds):
            what = "names of scopes" if name == "collapse" else "names of operations, or tensors"
            raise TypeError(f"{who}: {name} is True, False or {what}, got {type(x).__name__}")
    return several


def _check(f: Any, direction: Any, precision: Any, max_nodes: Any, depth: Any, theme: Any, engine: Any) -> None:
    """Check the arguments of `draw`."""
    if not isinstance(f, Node | BaseException) and type(f) not in SHOWN:
        hint = "call it with tensors" if callable(f) else "build the expression from Tensors"
        hint = (
            "draw its .program"
            if hasattr(type(f), "program") or "program" in getattr(f, "__dict__", ())
            else f"{hint} and draw the result"
        )
        raise TypeError(f"draw: expected a Tensor, got {type(f).__name__}; {hint}")
    if isinstance(f, Node):
        check_not_freed("draw", f)
    check_look("draw", direction or "LR", theme)
    if engine not in ("minigrad", "dot"):
        raise ValueError(f"draw: engine is 'minigrad' or 'dot' (Graphviz), got {engine!r}")
    if isinstance(precision, str):
        _check_format(precision)
        precision = 2
    levels = 0 if depth is None else depth
    check_integers("draw", precision=(precision, 0, MOST_DECIMALS), max_nodes=(max_nodes, 1, None), depth=(levels, 0, None))


def _check_against(f: Any, against: Any) -> None:
    """Refuse what a result cannot be compared with."""
    if against is None:
        return
    if not isinstance(against, Node) or not isinstance(f, Node):
        kind = type(against if isinstance(f, Node) else f).__name__
        raise TypeError(f"draw: against compares two tensors, got {kind}")
    if against.op is not None and not against.inputs:
        raise RuntimeError("draw: the graph of against was freed by an earlier backward(retain_graph=False); keep the graph")


def _check_format(spec: str) -> None:
    """Refuse what is not a format of a float, or would not fit in a picture."""
    import re

    if not re.fullmatch(r"[-+ ]?#?(\d{1,2})?[,_]?(\.\d{1,2})?[eEfFgGn%]", spec):
        raise ValueError(f"draw: precision is a number of decimals, or a format of a float such as '.3e', got {spec[:40]!r}")
