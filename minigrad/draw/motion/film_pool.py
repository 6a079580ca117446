"""Pooling as a film: forward, the maximum or mean of each window; backward, where its upstream gradient flows."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from minigrad.draw.heatmap import extent
from minigrad.draw.motion.film import Film, Panel
from minigrad.draw.motion.grid import short
from minigrad.draw.motion.sliding import LONGEST, Place, Sliding, factor, signed


class Pooling(NamedTuple):
    """One channel of one image: its arrays, and the index of each window's maximum or the divisor of its sum."""

    how: Sliding
    name: str
    precision: int
    x: Any
    out: Any
    upstream: Any
    dx: Any
    winners: Any
    divisor: Any

    def film(self, phase: str) -> Film:
        """The panels, with a frame for each output or row of outputs."""
        how, margin = self.how, self.how.margin()
        size, out = how.padded_size(), how.shape(how.out)
        columns = [
            [Panel("x", self.name, how.padded, extent(self.x), how.pad(self.x, self._fill), margin, size=size)],
            [Panel("o", "O", how.out, extent(self.out), self.out if phase == "backward" else None, size=out)],
        ]
        if phase != "forward":
            columns[0].append(Panel("dx", f"∂L/∂{self.name}", how.padded, extent(self.dx), None, margin, True, size))
            columns[1].append(Panel("do", "∂L/∂O", how.out, extent(self.upstream), None, (), True, out))
        film = Film(
            f"{'Average' if self.winners is None else 'Max'} pooling of {self.name}", columns, self.precision, how.signal
        )
        if phase != "backward":
            self._forward(film)
        if phase != "forward":
            self._backward(film)
        return film

    @property
    def _fill(self) -> float:
        return 0.0 if self.winners is None else -np.inf

    def _text(self, x: Any) -> str:
        return short(x, self.precision)

    def _inside(self, at: Place) -> tuple[Any, Any]:
        """The cells of a window without the padding, and their values."""
        cells = self.how.cells()
        under = np.intersect1d(cells[self.how.window(at)], cells[self.how.inner()])
        return under, self.how.pad(self.x, self._fill).ravel()[under]

    def _winner(self, at: Place) -> int:
        """The cell that holds the maximum of an output's window."""
        return int(self.how.cells()[self.how.inner()].ravel()[self.winners[at]])

    # Forward

    def _forward(self, film: Film) -> None:
        how, words = self.how, self.how.words()
        kept = "mean" if self.winners is None else "maximum"
        film.record(
            f"A window of {how.shape(how.kernel)} slides over {self.name}{f': {words}' if words else ''}. Each element of "
            f"the output O is the {kept} of its window.",
            put=film.empty("o", "dx", "do"),
        )
        for outputs in how.turns():
            made = [how.cell(at) for at in outputs]
            put, out = {"o": (made, self.out.ravel()[made])}, {"out": made}
            if len(outputs) > 1:
                low, high = (self._text(v) for v in (self.out.ravel()[made].min(), self.out.ravel()[made].max()))
                text = f"O{how.span(outputs)}: each element is the {kept} of its window, between {low} and {high}."
                film.record(text, put=put, box={"x": how.box(outputs), "o": how.block(outputs)})
                continue
            (at,) = outputs
            under, _ = self._inside(at)
            mark: dict[str, Any] = {"on": under}
            note = {}
            if self.winners is not None:
                mark["out"] = [self._winner(at)]
                note = {"x": (mark["out"], ["max"])}
            film.record(
                f"O{how.label(at)} = {self._kept(at)} = {self._text(self.out[at])}",
                put=put,
                mark={"x": mark, "o": out},
                note=note,
                box={"x": how.box(outputs)},
            )

    def _kept(self, at: Place) -> str:
        """The computation of an output, written out."""
        values = [self._text(v) for v in self._inside(at)[1]]
        if len(values) > LONGEST:
            values = [*values[:3], "…", values[-1]]
        if self.winners is not None:
            return f"max({', '.join(values)})"
        n = self.divisor[at]
        counted = " (the padding is not counted)" if n < np.prod(self.how.kernel) else ""
        return f"({' + '.join(map(factor, values)) or '0'}) / {self._text(n)}{counted}"

    # Backward

    def _backward(self, film: Film) -> None:
        how, name = self.how, self.name
        rule = "is spread evenly over its window"
        if self.winners is not None:
            rule = "goes entirely to the maximum of its window"
        dx = np.zeros(how.padded)
        inner = film.cells("dx")
        film.record(
            f"Backward: the upstream gradient of each element of O {rule}. The gradient starts at 0.",
            put={"do": (film.cells("do"), self.upstream), "dx": (inner, np.zeros(len(inner)))},
        )
        for outputs in how.turns():
            for at in outputs:
                to, share = self._receivers(at)
                dx.ravel()[to] += share
            box = {"x": how.box(outputs), "dx": how.box(outputs)}
            if len(outputs) > 1:
                box |= {"o": how.block(outputs), "do": how.block(outputs)}
                text = f"∂L/∂O{how.span(outputs)}: each element {rule}."
                reached = how.covered(outputs)
                film.record(text, put={"dx": (reached, dx.ravel()[reached])}, box=box)
                continue
            (at,) = outputs
            under, g = self._inside(at)[0], self._text(self.upstream[at])
            text = f"O{how.label(at)} has the upstream gradient {g}. "
            if self.winners is None:
                n = self._text(self.divisor[at])
                text += f"Each element of the window receives {factor(g)} / {n} = {self._text(share)}."
            else:
                text += f"The maximum of the window, {self._text(self.out[at])}, receives all of it."
            own = {"out": [how.cell(at)]}
            film.record(
                text,
                put={"dx": (to, dx.ravel()[to])},
                note={"dx": (to, signed(np.full(len(to), share), self.precision))},
                mark={
                    "x": {"on": under, "out": [] if self.winners is None else to},
                    "dx": {"on": to},
                    "o": own,
                    "do": own,
                },
                box=box,
            )
        axes = zip(how.kernel, how.stride, how.dilation, how.out, strict=True)
        shared = any(d * (k - 1) >= s and o > 1 for k, s, d, o in axes)
        added = ": where windows overlap, their contributions have been added up" if shared else ""
        film.record(f"∂L/∂{name} is complete{added}.")

    def _receivers(self, at: Place) -> tuple[Any, float]:
        """The cells that receive an output's gradient, and how much each receives."""
        if self.winners is None:
            return self._inside(at)[0], float(self.upstream[at] / self.divisor[at])
        return np.array([self._winner(at)]), float(self.upstream[at])
