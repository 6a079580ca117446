"""Gradient flow through a network, as a picture and as a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from minigrad.draw.files import Saved
from minigrad.draw.limits import check_not_freed, check_theme
from minigrad.graph import Node, describe
from minigrad.table import table
from minigrad.text import number

if TYPE_CHECKING:
    from minigrad.draw.flow.rows import Row

__all__ = ["Flow", "draw_flow"]

NARROWEST = 380  # pixels of a run on a page


class Flow(Saved):
    """A picture of how the gradient travels through one network, or several side by side.

    A notebook shows it; printed, it is a table. `save` writes .svg, .png or .html.

    Attributes
    ----------
    runs : dict of str to tuple of Row
        The rows of each run: name, norm of value and gradient, share of zeros, parameters.
    rate : float or None
        The learning rate of the updates.
    theme : str
        Its colours.
    """

    def __init__(self, runs: Mapping[str, tuple[Row, ...]], rate: float | None, theme: str) -> None:
        self.runs, self.rate, self.theme = dict(runs), rate, theme

    @cached_property
    def svg(self) -> str:
        """The picture as SVG."""
        from minigrad.draw.flow.picture import picture

        return picture(self.runs, str(self), self.theme, self.rate)

    @property
    def html(self) -> str:
        """The picture as a page of its own; it needs no network."""
        from minigrad.draw.document import document
        from minigrad.draw.theme import variables

        style = f"{variables(self.theme)}body{{margin:0;background:var(--page)}}main{{overflow-x:auto}}"
        style += f"svg{{display:block;max-width:100%;min-width:{NARROWEST * len(self.runs)}px;height:auto}}"
        body = f'<main tabindex="0" role="group" aria-label="The flow of the gradient">{self.svg}</main>'
        return document("flow of the gradient", body, style=style)

    def _formats(self) -> Mapping[str, Callable[[], bytes]]:
        from minigrad.draw.still.png import png

        svg = self.svg
        return {".svg": svg.encode, ".png": lambda: png(svg), ".html": lambda: self.html.encode()}

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        from minigrad.draw.inline import fitted
        from minigrad.draw.still.png import fallback

        return {"image/svg+xml": fitted(self.svg), **fallback(self.svg), "text/plain": str(self)}

    def __str__(self) -> str:
        from minigrad.draw.flow.picture import update
        from minigrad.draw.measures import percent

        blocks = []
        for name, run in self.runs.items():
            cells = [["", "‖value‖", "‖gradient‖", "zeros", "parameters", "update"]]
            for row in run:
                sizes = [number(row.value, 2), number(row.gradient, 2), percent(row.zeros)]
                cells.append([row.name, *sizes, f"{row.parameters:,}" if row.parameters else "", update(row, self.rate)])
            blocks.append((f"{name}\n" if name else "") + table(cells, left=1))
        return "\n\n".join(blocks)

    def __repr__(self) -> str:
        counts = ", ".join(f"{name + ': ' if name else ''}{len(run)} rows" for name, run in self.runs.items())
        return f"<flow of the gradient: {counts}>"


def draw_flow(
    loss: Node | Mapping[str, Node], *, lr: float | None = None, theme: Literal["auto", "light", "dark"] = "auto"
) -> Flow:
    """Draw how the gradient travels through a network: a row for each layer, norms on a logarithmic scale.

    A row is a scope, such as a layer of a module, or an operation outside all scopes, from the input at the top to the loss.
    It shows the norm of its output and of the gradient there, the share of zeros in that gradient, the number of parameters
    that it uses, and the size of an update relative to them, lr · ‖gradient‖ / ‖parameters‖. Where the gradient vanishes,
    its line runs to the left. Several runs stand side by side on one scale.

    Parameters
    ----------
    loss : Tensor, or mapping of str to Tensor
        The result whose graph is drawn; or several, by name. The gradients are those in `.grad`; where there are none, they
        are computed for the picture, starting from 1. Nothing is changed.
    lr : float, optional
        The learning rate of the updates; 1 if it is left out.
    theme : {'auto', 'light', 'dark'}
        'auto' follows the reader's screen.

    Returns
    -------
    Flow
        Shown by a notebook; printed, it is a table; ``.save("flow.svg")`` writes it.

    Raises
    ------
    TypeError
        If `loss` is neither a tensor nor a mapping of names to tensors.
    ValueError
        If there is no run, a result is not a scalar and has no gradient yet, or an argument has a value that is not allowed.
    RuntimeError
        If a graph was freed by an earlier sweep, or a result is a constant.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.Tensor([0.5, -1.0])
    >>> for name in ("first", "second"):
    ...     with mg.scope(name):
    ...         x = mg.sigmoid(x * 2.0)
    >>> print(draw_flow(mg.sum(x)))
            ‖value‖  ‖gradient‖  zeros  parameters  update
    first      0.74        0.58    0 %           2    0.14
    second     0.99        1.41    0 %
    sum        1.37           1    0 %
    """
    from minigrad.draw.flow.rows import rows

    runs = dict(loss) if isinstance(loss, Mapping) else {"": loss}
    if not runs:
        raise ValueError("draw_flow: there is no result to draw")
    for name, root in runs.items():
        _check(name, root)
    if lr is not None and (isinstance(lr, bool) or not isinstance(lr, int | float) or not 0 < lr < float("inf")):
        raise ValueError(f"draw_flow: lr is a positive number, got {lr!r}")
    check_theme("draw_flow", theme)
    return Flow({str(name): rows(root) for name, root in runs.items()}, lr, theme)


def _check(name: Any, root: Any) -> None:
    """Refuse what has no graph."""
    if not isinstance(root, Node):
        of = f" for {name!r}" if name else ""
        raise TypeError(f"draw_flow: expected a Tensor, or a dict of names and Tensors, got {type(root).__name__}{of}")
    check_not_freed("draw_flow", root)
    if root.op is None:
        raise ValueError(f"draw_flow: {describe(root)} was not computed by any operation; draw the loss of a network")
