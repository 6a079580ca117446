"""The Jacobian as a picture: what nobody forms, beside the vector-Jacobian product that takes its place."""

from __future__ import annotations

import math
from os import PathLike
from typing import Any, NamedTuple

import numpy as np

from minigrad.backward import sweep
from minigrad.draw.grid import DIGIT, Grid, levels, picture, scale, short
from minigrad.draw.structure import structure
from minigrad.draw.text import shorten
from minigrad.graph import Node, as_array, value_of
from minigrad.modes import recording
from minigrad.tensor import Tensor

CAPTION, GAP, LINE, LETTER, BROAD = 42.0, 22.0, 20.0, 6.7, 880.0  # pixels


class _Part(NamedTuple):
    """One of the arrays of the product, and what stands over it."""

    symbol: str
    what: str
    size: str
    cut: bool
    grid: Grid
    values: Any
    precision: int

    @property
    def caption(self) -> str:
        """The size of the whole, how much of it is shown, and what the darkest shade stands for if numbers do not say it."""
        first = f", the first {' × '.join(map(str, self.values.shape))}" if self.cut else ""
        most = "" if self.grid.numbers else f", darkest ±{short(scale(self.values), self.precision)}"
        return self.size + first + most

    @property
    def width(self) -> float:
        """In pixels."""
        return max(self.grid.size[0], DIGIT * len(f"{self.symbol} {self.what}"), 6.0 * len(self.caption))

    @property
    def height(self) -> float:
        """In pixels."""
        return self.grid.size[1] + CAPTION

    def drawn(self, x: float, y: float) -> str:
        """The part at a place of the picture."""
        from html import escape

        shades = levels(self.values, scale(self.values))
        texts = (short(v, self.precision) for v in self.values.ravel())
        cells = "".join(self.grid.cell(i, *cell, named=False) for i, cell in enumerate(zip(shades, texts, strict=True)))
        wide, high = self.grid.size
        return (
            f'<text x="{x:g}" y="{y + 15:g}"><tspan class="title">{self.symbol}</tspan> {escape(self.what)}</text>'
            f'<text class="size" x="{x:g}" y="{y + 32:g}">{self.caption}</text>'
            f'<g transform="translate({x:g} {y + CAPTION:g})"><title>{escape(self.what)}</title>{cells}'
            f'<rect class="frame" width="{wide:g}" height="{high:g}"/></g>\n'
        )


def _longest(values: Any, precision: int) -> int:
    return max(len(short(v, precision)) for v in values.ravel())


class JacobianDrawing:
    """A Jacobian, or its first rows and columns, as a heatmap, and a vector-Jacobian product beside it.

    Attributes
    ----------
    matrix : numpy.ndarray
        The part shown: a row for each output, a column for each input, both in the order of the flattened arrays.
    shape : tuple of int
        The shape of the whole Jacobian.
    structure : str
        What kind of matrix the part shown is.
    upstream, downstream : numpy.ndarray
        A vector, and its product with the whole Jacobian, each in its tensor's shape.
    """

    def __init__(self, names: tuple[str, str], matrix: Any, upstream: Any, downstream: Any, precision: int) -> None:
        self.names, self.matrix, self.upstream, self.downstream = names, matrix, upstream, downstream
        self.shape = upstream.size, downstream.size
        self.structure, self._meaning = structure(matrix, upstream.shape, downstream.shape)
        self._precision = precision

    @property
    def size_in_memory(self) -> str:
        """What the whole Jacobian would take."""
        return _bytes(math.prod(self.shape) * self.downstream.dtype.itemsize)

    @property
    def text(self) -> tuple[str, ...]:
        """What the picture says in words."""
        (m, n), dtype = self.shape, self.downstream.dtype
        whole = "At this point J" if self.matrix.shape == self.shape else "The part of J that is shown"
        return (
            f"{whole} is {self.structure}: {self._meaning}.",
            f"All of J is {m} × {n} numbers, {self.size_in_memory} in {dtype}. One sweep gives v J without forming it.",
        )

    @property
    def svg(self) -> str:
        """The picture as SVG: the upstream gradient to the left of J, and the downstream gradient under its columns."""
        from html import escape
        from textwrap import wrap

        v, j, d = self._parts()
        left, top = v.width + GAP, 0.0
        if left + max(j.width, d.width) > BROAD:
            left, top = 0.0, v.height + GAP
        under = top + j.height + GAP
        wide, below = max(left + max(j.width, d.width), v.width, 560.0), under + d.height + GAP
        body = [v.drawn(0, 0), j.drawn(left, top), d.drawn(left, under)]
        said = [line for text in self.text for line in wrap(text, int(wide / LETTER))]
        body += [f'<text x="0" y="{below + LINE * k + 6:g}">{escape(line)}</text>\n' for k, line in enumerate(said)]
        title = f"Jacobian ∂{self.names[0]}/∂{self.names[1]}: {self.structure}"
        return picture(title, " ".join(self.text), "", body, wide, below + LINE * len(said))

    def _parts(self) -> tuple[_Part, _Part, _Part]:
        """The product, laid out: v, J and v J."""
        (rows, cols), (m, n), precision = self.matrix.shape, self.shape, self._precision
        v, d = self.upstream.ravel()[None, :rows], self.downstream.ravel()[None, :cols]
        columns = Grid.of("j", (rows, cols), longest=max(_longest(self.matrix, precision), _longest(d, precision)))
        row = columns._replace(rows=1, cols=rows)
        if columns.numbers:
            row = Grid.of("v", (1, rows), longest=_longest(v, precision))._replace(height=columns.height)
        f, x = self.names
        return (
            _Part("v", "upstream gradient", f"1 × {m}", rows < m, row, v, precision),
            _Part("× J", f"= ∂{f}/∂{x}", f"{m} outputs × {n} inputs", rows < m or cols < n, columns, self.matrix, precision),
            _Part("= v J", "downstream gradient", f"1 × {n}", cols < n, columns._replace(rows=1), d, precision),
        )

    def save(self, path: str | PathLike[str]) -> None:
        """Write the picture to a file.

        Parameters
        ----------
        path : str or path
            Ends in .svg.

        Raises
        ------
        ValueError
            If the suffix is another.
        FileNotFoundError
            If the folder is missing.
        """
        from minigrad.draw.files import write

        write(path, {"svg": self.svg.encode})

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"image/svg+xml": self.svg, "text/plain": repr(self)}

    def __repr__(self) -> str:
        (m, n), (f, x) = self.shape, self.names
        return f"<Jacobian ∂{f}/∂{x}: {m} × {n}, {self.structure}>"


def draw_jacobian(
    f: Any, wrt: Any, *, upstream: Any = None, size: int = 40, precision: int = 2
) -> JacobianDrawing:  # fmt: skip
    """Draw a Jacobian: how each output moves with each input, what structure that has, and what one sweep makes of it.

    A row for each output, a column for each input, in the order of the flattened arrays. The structure is read off the
    numbers, at this one point. Each row shown takes one sweep. The graph is not changed.

    Parameters
    ----------
    f : Tensor or callable
        A result; or a function of one tensor that gives one.
    wrt : Tensor or array_like
        A tensor of the graph of `f`, leaf or in the middle; or for a function, the point.
    upstream : array_like, optional
        The vector of the vector-Jacobian product, in the shape of the result; ones if left out.
    size : int
        At most so many rows and columns are shown, the first ones.
    precision : int
        Decimals of the numbers, which are shown up to 16 rows and columns.

    Returns
    -------
    JacobianDrawing
        Shown by a notebook as it is; ``.save("jacobian.svg")``, ``.svg``, ``.matrix``, ``.structure`` elsewhere.

    Raises
    ------
    TypeError
        If there is no graph to differentiate.
    ValueError
        If the result does not depend on `wrt`, or a shape does not fit.

    Examples
    --------
    >>> draw_jacobian(lambda x: np.maximum(x, 0), [-1.0, 2.0, 3.0])
    <Jacobian ∂f/∂x: 3 × 3, diagonal>
    >>> z = Tensor([0.5, -1.0, 2.0], name="z")
    >>> picture = draw_jacobian(z.softmax(), z, upstream=[1.0, 0.0, 0.0])
    >>> picture.structure
    'full, symmetric'
    >>> print(picture.downstream.round(3))  # a row of J, as the upstream gradient is 1 and 0
    [ 0.145 -0.007 -0.138]
    >>> picture.save("jacobian.svg")
    """
    who = "draw_jacobian"
    for name, given, least, most in (("size", size, 1, 200), ("precision", precision, 0, 17)):
        if not isinstance(given, int) or isinstance(given, bool) or not least <= given <= most:
            raise ValueError(f"{who}: {name} is a whole number from {least} to {most}, got {given!r}")
    out, x = _graph(who, f, wrt)
    if not out.size or not x.size:
        raise ValueError(f"{who}: a Jacobian needs numbers, got shapes {out.shape} and {x.shape}")
    v = np.ones(out.shape, out.dtype)
    if upstream is not None:
        v = np.array(as_array(value_of(upstream), who), out.dtype)
        if v.shape != out.shape:
            raise ValueError(f"{who}: upstream has shape {v.shape}, but the result {out.shape}")
    downstream = sweep(out, v[()])
    if x not in downstream:
        raise ValueError(f"{who}: the result of shape {out.shape} does not depend on wrt, of shape {x.shape}")
    rows = []
    for i in range(min(out.size, size)):
        seed = np.zeros(out.shape, out.dtype)
        seed.flat[i] = 1
        rows.append(np.ravel(sweep(out, seed[()])[x])[:size])
    names = shorten(out.name or "f"), shorten(x.name or "x")
    return JacobianDrawing(names, np.array(rows), v, np.array(downstream[x]), precision)


def _graph(who: str, f: Any, wrt: Any) -> tuple[Tensor, Tensor]:
    """The result and the tensor that it is differentiated with respect to."""
    x: Any = wrt
    if not isinstance(f, Node):
        if not callable(f):
            raise TypeError(f"{who}: f is a Tensor or a function that gives one, got {type(f).__name__}")
        name = wrt.name if isinstance(wrt, Node) else None
        point = as_array(value_of(wrt), who)
        x = Tensor(point, name=name, dtype=point.dtype if point.dtype.kind == "f" else np.float64)
        with recording():
            f = f(x)
        if not isinstance(f, Node):
            raise TypeError(f"{who}: the function gave {type(f).__name__}, not a Tensor that depends on its argument")
    elif not isinstance(x, Node):
        raise TypeError(f"{who}: wrt is a tensor of the graph of f, got {type(wrt).__name__}")
    for what, node in (("f", f), ("wrt", x)):
        if not node.requires_grad:
            raise TypeError(f"{who}: {what}, of shape {node.value.shape} and dtype {node.value.dtype}, has no gradient")
    return f, x  # type: ignore[return-value]


def _bytes(count: int) -> str:
    """An amount of memory, as people say it.

    Examples
    --------
    >>> _bytes(8 * 4096**2), _bytes(8 * 409600**2), _bytes(72)
    ('134 MB', '1.34 TB', '72 B')
    """
    size, units = float(count), ["B", "kB", "MB", "GB", "TB", "PB"]
    while size >= 1000 and len(units) > 1:
        size /= 1000
        units.pop(0)
    return f"{size:.3g} {units[0]}"
