"""What happens in pooling, step by step: forward, what is kept of each window; backward, who receives its gradient."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from minigrad.draw.motion.film import Film, Panel
from minigrad.draw.motion.grid import scale, short
from minigrad.draw.motion.sliding import LONGEST, Place, Sliding, factor, shape, signed


class Pooling(NamedTuple):
    """One channel of one image: its numbers; and where each window's maximum is, or what its sum is divided by."""

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
        """The panels, and a step for each output or row of them."""
        how, margin = self.how, self.how.margin()
        size = shape(how.size, how.signal) + (f", padded to {shape(how.padded, how.signal)}" if margin else "")
        out = shape(how.out, how.signal)
        columns = [
            [Panel("x", self.name, how.padded, scale(self.x), how.pad(self.x, self._fill), margin, size=size)],
            [Panel("o", "O", how.out, scale(self.out), self.out if phase == "backward" else None, size=out)],
        ]
        if phase != "forward":
            columns[0].append(Panel("dx", f"∂L/∂{self.name}", how.padded, scale(self.dx), None, margin, True, size))
            columns[1].append(Panel("do", "∂L/∂O", how.out, scale(self.upstream), None, (), True, out))
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
        """The cells of a window that are not padding, and their numbers."""
        cells = self.how.cells()
        under = np.intersect1d(cells[self.how.window(at)], cells[self.how.inner()])
        return under, self.how.pad(self.x, self._fill).ravel()[under]

    def _winner(self, at: Place) -> int:
        """The cell that holds the maximum of an output's window."""
        return int(self.how.cells()[self.how.inner()].ravel()[self.winners[at]])

    # Forward

    def _forward(self, film: Film) -> None:
        how, words = self.how, self.how.words()
        kept = "the mean" if self.winners is None else "the largest number"
        film.step(
            f"A window of {shape(how.kernel, how.signal)} slides over {self.name}{f': {words}' if words else ''}. Each "
            f"number of the output O is {kept} under it.",
            put=film.empty("o", "dx", "do"),
        )
        for outputs in how.turns():
            made = [how.cell(at) for at in outputs]
            put, out = {"o": (made, self.out.ravel()[made])}, {"out": made}
            if len(outputs) > 1:
                low, high = (self._text(v) for v in (self.out.ravel()[made].min(), self.out.ravel()[made].max()))
                text = f"O{how.span(outputs)}: each number is {kept} under its window, from {low} to {high}."
                film.step(text, put=put, box={"x": how.box(outputs), "o": how.block(outputs)})
                continue
            (at,) = outputs
            under, _ = self._inside(at)
            mark: dict[str, Any] = {"on": under}
            note = {}
            if self.winners is not None:
                mark["out"] = [self._winner(at)]
                note = {"x": (mark["out"], ["max"])}
            film.step(
                f"O{how.label(at)} = {self._kept(at)} = {self._text(self.out[at])}",
                put=put, mark={"x": mark, "o": out}, note=note, box={"x": how.box(outputs)},
            )  # fmt: skip

    def _kept(self, at: Place) -> str:
        """How an output comes about, written out."""
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
        rule = "spreads evenly over its window"
        if self.winners is not None:
            rule = "goes to the largest number of its window, all of it"
        dx = np.zeros(how.padded)
        inner = film.cells("dx")
        film.step(
            f"Backward: the upstream gradient of each number of O {rule}. The sums begin at 0.",
            put={"do": (film.cells("do"), self.upstream), "dx": (inner, np.zeros(len(inner)))},
        )
        for outputs in how.turns():
            for at in outputs:
                to, share = self._receivers(at)
                dx.ravel()[to] += share
            box = {"x": how.box(outputs), "dx": how.box(outputs)}
            if len(outputs) > 1:
                box |= {"o": how.block(outputs), "do": how.block(outputs)}
                text = f"∂L/∂O{how.span(outputs)}: each number {rule}."
                reached = how.covered(outputs)
                film.step(text, put={"dx": (reached, dx.ravel()[reached])}, box=box)
                continue
            (at,) = outputs
            under, g = self._inside(at)[0], self._text(self.upstream[at])
            text = f"O{how.label(at)} has the upstream gradient {g}. "
            if self.winners is None:
                n = self._text(self.divisor[at])
                text += f"Each number under the window receives {factor(g)} / {n} = {self._text(share)}."
            else:
                text += f"The largest number under the window, {self._text(self.out[at])}, receives all of it."
            film.step(
                text, put={"dx": (to, dx.ravel()[to])}, note={"dx": (to, signed(np.full(len(to), share), self.precision))},
                mark={
                    "x": {"on": under, "out": to if self.winners is not None else []}, "dx": {"on": to},
                    "o": {"out": [how.cell(at)]}, "do": {"out": [how.cell(at)]},
                },
                box=box,
            )  # fmt: skip
        axes = zip(how.kernel, how.stride, how.dilation, how.out, strict=True)
        shared = any(d * (k - 1) >= s and o > 1 for k, s, d, o in axes)
        added = ": what several windows gave to one number has been added up" if shared else ""
        film.step(f"∂L/∂{name} is complete{added}.")

    def _receivers(self, at: Place) -> tuple[Any, float]:
        """The cells that an output's gradient goes to, and what each receives."""
        if self.winners is None:
            return self._inside(at)[0], float(self.upstream[at] / self.divisor[at])
        return np.array([self._winner(at)]), float(self.upstream[at])
