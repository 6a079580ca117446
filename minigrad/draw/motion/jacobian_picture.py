"""The picture of a Jacobian: v, J and v J."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from minigrad.draw.files import Saved
from minigrad.draw.heatmap import extent
from minigrad.draw.motion.grid import Grid, breadth, legend, levels, picture, short, wrapped
from minigrad.draw.motion.structure import structure

CAPTION, GAP, LINE, BROAD = 42.0, 22.0, 20.0, 880.0  # pixels


class _Part(NamedTuple):
    """One of the arrays of the product, with its caption."""

    symbol: str
    what: str
    size: str
    cut: bool
    grid: Grid
    values: Any
    precision: int
    beside: float = 0.0

    @property
    def caption(self) -> str:
        """The full size, how much of it is shown, and the scale of the shades if there are no numbers."""
        first = f", the first {' × '.join(map(str, self.values.shape))}" if self.cut else ""
        shades = "" if self.grid.numbers else f", {legend(self.values, self.precision)}"
        return self.size + first + shades

    @property
    def width(self) -> float:
        """In pixels."""
        return max(self.grid.size[0], 1.1 * breadth(f"{self.symbol} {self.what}"), breadth(self.caption, 11))

    @property
    def height(self) -> float:
        """In pixels."""
        return self.grid.size[1] + CAPTION

    def drawn(self, x: float, y: float) -> str:
        """The part, drawn at a position."""
        from html import escape

        shades = levels(self.values, extent(self.values, self.beside))
        texts = (short(v, self.precision) for v in self.values.ravel())
        cells = "".join(self.grid.cell(i, *cell, named=False) for i, cell in enumerate(zip(shades, texts, strict=True)))
        wide, high = self.grid.size
        return (
            f'<text x="{x:g}" y="{y + 15:g}"><tspan class="title">{self.symbol}</tspan> {escape(self.what)}</text>'
            f'<text class="size" x="{x:g}" y="{y + 32:g}">{self.caption}</text>'
            f'<g class="grid" transform="translate({x:g} {y + CAPTION:g})"><title>{escape(self.what)}</title>{cells}'
            f'<rect class="frame" width="{wide:g}" height="{high:g}"/></g>\n'
        )


def _longest(values: Any, precision: int) -> int:
    return max(len(short(v, precision)) for v in values.ravel())


class JacobianDrawing(Saved):
    """A Jacobian, or its first rows and columns, as a heatmap beside a vector-Jacobian product.

    A notebook shows it; `save` writes .svg.

    Attributes
    ----------
    matrix : numpy.ndarray
        The part shown: a row for each output, a column for each input, in the order of the flattened arrays.
    shape : tuple of int
        The shape of the full Jacobian.
    structure : str
        The structure of the part shown.
    upstream, downstream : numpy.ndarray
        A vector and its product with the full Jacobian, each in the shape of its tensor.
    """

    def __init__(self, names: tuple[str, str], matrix: Any, upstream: Any, downstream: Any, precision: int) -> None:
        self.names, self.matrix, self.upstream, self.downstream = names, matrix, upstream, downstream
        self.shape = upstream.size, downstream.size
        self.structure, self._meaning = structure(matrix, upstream.shape, downstream.shape)
        self._precision = precision

    @property
    def size_in_memory(self) -> str:
        """The memory of the full Jacobian."""
        return _bytes(math.prod(self.shape) * self.downstream.dtype.itemsize)

    @property
    def text(self) -> tuple[str, ...]:
        """The sentences below the picture."""
        (m, n), dtype = self.shape, self.downstream.dtype
        whole = "At this point J" if self.matrix.shape == self.shape else "The part of J that is shown"
        return (
            f"{whole} is {self.structure}: {self._meaning}.",
            f"J has {m} × {n} elements, {self.size_in_memory} in {dtype}. One sweep computes v J without forming J.",
        )

    @property
    def svg(self) -> str:
        """The picture as SVG: the upstream gradient to the left of J, the downstream gradient below its columns."""
        from html import escape

        v, j, d = self._parts()
        left, top = v.width + GAP, 0.0
        if left + max(j.width, d.width) > BROAD:
            left, top = 0.0, v.height + GAP
        under = top + j.height + GAP
        wide, below = max(left + max(j.width, d.width), v.width, 560.0), under + d.height + GAP
        body = [v.drawn(0, 0), j.drawn(left, top), d.drawn(left, under)]
        said = [line for text in self.text for line in wrapped(text, wide)]
        body += [f'<text x="0" y="{below + LINE * k + 6:g}">{escape(line)}</text>\n' for k, line in enumerate(said)]
        title = f"Jacobian ∂{self.names[0]}/∂{self.names[1]}: {self.structure}"
        return picture(title, " ".join(self.text), "", body, wide, below + LINE * len(said))

    def _parts(self) -> tuple[_Part, _Part, _Part]:
        """The arrays of the product: v, J and v J."""
        (rows, cols), (m, n), precision = self.matrix.shape, self.shape, self._precision
        v, d = self.upstream.ravel()[None, :rows], self.downstream.ravel()[None, :cols]
        columns = Grid.of("j", (rows, cols), longest=max(_longest(self.matrix, precision), _longest(d, precision)))
        row = columns._replace(rows=1, cols=rows)
        if columns.numbers:
            row = Grid.of("v", (1, rows), longest=_longest(v, precision))._replace(height=columns.height)
        f, x = self.names
        terms = extent(self.upstream) * extent(self.matrix)  # a sum of such products may leave rounding noise
        return (
            _Part("v", "upstream gradient", f"1 × {m}", rows < m, row, v, precision),
            _Part("× J", f"= ∂{f}/∂{x}", f"{m} outputs × {n} inputs", rows < m or cols < n, columns, self.matrix, precision),
            _Part("= v J", "downstream gradient", f"1 × {n}", cols < n, columns._replace(rows=1), d, precision, terms),
        )

    def _formats(self) -> Mapping[str, Callable[[], bytes]]:
        return {".svg": lambda: self.svg.encode()}

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        from minigrad.draw.inline import fitted

        return {"image/svg+xml": fitted(self.svg), "text/plain": repr(self)}

    def __repr__(self) -> str:
        (m, n), (f, x) = self.shape, self.names
        return f"<Jacobian ∂{f}/∂{x}: {m} × {n}, {self.structure}>"


def _bytes(count: int) -> str:
    """A number of bytes with a unit.

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
