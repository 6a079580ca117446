"""What happens in a convolution, step by step: forward, each output; backward, what each output's gradient gives."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from minigrad.draw.motion.film import Film, Panel
from minigrad.draw.motion.grid import scale, short
from minigrad.draw.motion.sliding import LONGEST, Place, Sliding, factor, listed, products, shape, signed


class Convolution(NamedTuple):
    """One channel of one image, under one filter: its numbers, and how many others there are.

    `dx`, `dw` and `db` are the whole gradients, from all filters and images.
    """

    how: Sliding
    names: tuple[str, str, str]
    flip: bool
    precision: int
    x: Any
    kernel: Any
    bias: Any
    out: Any
    upstream: Any
    channels: int
    images: int
    filters: int
    dx: Any
    dw: Any
    db: Any

    def film(self, phase: str) -> Film:
        """The panels, and a step for each output or row of them."""
        film = self._panels(phase)
        if phase != "backward":
            self._forward(film)
        if phase != "forward":
            self._backward(film, alone=phase == "backward")
        return film

    @property
    def slid(self) -> Any:
        """The kernel as it slides: turned, in a true convolution."""
        return self.kernel[::-1, ::-1] if self.flip else self.kernel

    @property
    def places(self) -> Any:
        """For each place of the kernel that slides, the cell of the weight that it came from."""
        cells = np.arange(self.kernel.size).reshape(self.kernel.shape)
        return cells[::-1, ::-1] if self.flip else cells

    def _text(self, x: Any) -> str:
        return short(x, self.precision)

    def _panels(self, phase: str) -> Film:
        how, (x, w, b) = self.how, self.names
        signal, margin = how.signal, how.margin()
        size = shape(how.size, signal) + (f", padded to {shape(how.padded, signal)}" if margin else "")
        kernel, out = shape(how.kernel, signal), shape(how.out, signal)
        filled = None if phase != "backward" else self.out
        columns = [
            [Panel("x", x, how.padded, scale(self.x), how.pad(self.x, 0), margin, size=size)],
            [Panel("w", w, how.kernel, scale(self.kernel), self.kernel, size=kernel)],
            [Panel("o", "O", how.out, scale(self.out), filled, size=out)],
        ]
        if phase != "forward":
            columns[0].append(Panel("dx", f"∂L/∂{x}", how.padded, scale(self.dx), None, margin, True, size))
            columns[1].append(Panel("dw", f"∂L/∂{w}", how.kernel, scale(self.dw), None, (), True, kernel))
            columns[2].append(Panel("do", "∂L/∂O", how.out, scale(self.upstream), None, (), True, out))
        if self.bias is not None:
            column = [Panel("b", b, (1, 1), scale(self.bias), np.array([[self.bias]]))]
            if phase != "forward":
                column.append(Panel("db", f"∂L/∂{b}", (1, 1), scale(self.db), None, (), True))
            columns.insert(2, column)
        if self.flip:
            still = self.slid if phase == "backward" else None
            columns.insert(2, [Panel("turned", f"{w}, turned", how.kernel, scale(self.kernel), still, size=kernel)])
        return Film(f"{'True convolution' if self.flip else 'Convolution'} of {x} with {w}", columns, self.precision, signal)

    def _others(self) -> str:
        """Which of several is shown."""
        kinds = (("image", self.images), ("filter", self.filters), ("channel", self.channels))
        others = [f"{count} {kind}s" for kind, count in kinds if count > 1]
        return f"\nShown is one of {', '.join(others)}." if others else ""

    # Forward

    def _forward(self, film: Film) -> None:
        how, (x, w, _) = self.how, self.names
        words = how.words()
        subject = "The kernel" if w == "kernel" else f"The kernel {w}"
        film.step(
            f"{subject} slides over {x}{f': {words}' if words else ''}. Each number of the output O is the sum of the "
            f"products under it{', plus the bias' if self.bias is not None else ''}.{self._others()}",
            put=film.empty("o", "turned", "dx", "dw", "db", "do"),
        )
        kernel = "w"
        if self.flip:
            kernel = "turned"
            film.step(
                f"True convolution turns the kernel first: {w} from the last number to the first"
                + ("." if how.signal else ", by 180°."),
                put={"turned": (film.cells("turned"), self.slid)},
                mark={"w": {"on": film.cells("w")}, "turned": {"on": film.cells("turned")}},
            )
        cells, padded, slid = how.cells(), how.pad(self.x, 0), self.slid
        for outputs in how.turns():
            made = [how.cell(at) for at in outputs]
            mark: dict[str, Any] = {kernel: {"on": film.cells(kernel)}, "b": {"on": [0]}}
            put = {"o": (made, self.out.ravel()[made])}
            if len(outputs) > 1:
                film.step(
                    f"O{how.span(outputs)}: each number is the sum of {slid.size * self.channels} products, from "
                    f"{self._text(np.min(put['o'][1]))} to {self._text(np.max(put['o'][1]))}.",
                    put=put, mark=mark, box={"x": how.box(outputs), "o": how.block(outputs)},
                )  # fmt: skip
                continue
            window = how.window(outputs[0])
            under = cells[window]
            film.step(
                f"O{how.label(outputs[0])} = {self._sum(padded[window], self.out[outputs[0]])}",
                put=put, mark=mark | {"x": {"on": under}, "o": {"out": made}}, box={"x": how.box(outputs)},
                note={"x": (under, [f"×{self._text(v)}" for v in slid.ravel()])},
            )  # fmt: skip

    def _sum(self, under: Any, total: Any) -> str:
        """The products under the kernel, what the other channels add, the bias, and the sum of all."""
        text = products(under, self.slid, self.precision)
        if self.channels > 1:
            rest = total - np.sum(under * self.slid) - (0 if self.bias is None else self.bias)
            count = f"the other {self.channels - 1} channels" if self.channels > 2 else "the other channel"
            text += f"\n+ {factor(self._text(rest))} from {count}"
        if self.bias is not None:
            text += f"\n+ {factor(self._text(self.bias))}"
        return f"{text} = {self._text(total)}"

    # Backward

    def _backward(self, film: Film, alone: bool) -> None:
        how, padded = self.how, self.how.pad(self.x, 0)
        dx, dw, db = np.zeros(how.padded), np.zeros(self.kernel.size), 0.0
        film.step(
            "Backward: each number of O has an upstream gradient, ∂L/∂O. It goes back to all that made that number, times "
            f"what it was multiplied with. The sums begin at 0.{self._others() if alone else ''}",
            put={
                "do": (film.cells("do"), self.upstream),
                **{k: (at := film.cells(k), np.zeros(len(at))) for k in ("dx", "dw", "db") if k in film.panels},
            },
        )
        every = {"on": film.cells("w")}
        for outputs in how.turns():
            for at in outputs:
                window, g = how.window(at), float(self.upstream[at])
                dx[window] += g * self.slid
                dw[self.places.ravel()] += g * padded[window].ravel()
                db += g
            box = {"x": how.box(outputs), "dx": how.box(outputs)}
            note: dict[str, Any] = {}
            mark: dict[str, Any] = {"w": every, "turned": every, "dw": every, "db": {"on": [0]}}
            if len(outputs) == 1:
                reached, text, note = self._landing(outputs[0], padded)
                own = {"out": [how.cell(outputs[0])]}
                mark |= {"x": {"on": how.cells()[window]}, "dx": {"on": reached}, "o": own, "do": own}
            else:
                reached = how.covered(outputs)
                text = (
                    f"∂L/∂O{how.span(outputs)}: each number lands on the {self.kernel.size} numbers of {self.names[0]} that "
                    f"made it, and on all of {self.names[1]}."
                )
                box |= {"o": how.block(outputs), "do": how.block(outputs)}
            put = {"dx": (reached, dx.ravel()[reached]), "dw": (film.cells("w"), dw), "db": ([0], db)}
            film.step(text, put=put, mark=mark, note=note, box=box)
        self._rest(film)
        self._closing(film, padded)

    def _landing(self, at: Place, padded: Any) -> tuple[Any, str, dict[str, Any]]:
        """The cells of x that one output's gradient reaches, what it adds in words, and in notes."""
        window, g = self.how.window(at), float(self.upstream[at])
        inside = np.zeros(self.how.padded, bool)
        inside[self.how.inner()] = True
        reached = self.how.cells()[window][inside[window]]
        note = {
            "dx": (reached, signed((g * self.slid)[inside[window]], self.precision)),
            "dw": (self.places, signed(g * padded[window], self.precision)),
            "db": ([0], signed(g, self.precision)),
        }
        return reached, self._shares(at, padded[window], dropped=reached.size < self.slid.size), note

    def _shares(self, at: Place, under: Any, dropped: bool) -> str:
        """What one output's gradient adds to each of the sums."""
        x, w, b = self.names
        g = self._text(self.upstream[at])
        kernel = listed(self.slid, self.precision) or f"{w}{', turned' * self.flip}"
        window = listed(under[::-1, ::-1] if self.flip else under, self.precision) or f"the window of {x}"
        lines = [
            f"O{self.how.label(at)} has the upstream gradient {g}.",
            f"∂L/∂{x} in the window += {factor(g)} × {kernel}" + (", but for the padding" if dropped else ""),
            f"∂L/∂{w} += {factor(g)} × {window}",
        ]
        return "\n".join([*lines, f"∂L/∂{b} += {factor(g)}"] if self.bias is not None else lines)

    def _rest(self, film: Film) -> None:
        """What the filters and images that are not shown add to the gradients."""
        if self.filters == self.images == 1:
            return
        x, w, b = self.names
        lines = []
        if self.filters > 1:
            lines.append(f"What the other filters give is made from {x} too, and adds to ∂L/∂{x}.")
        if self.images > 1:
            lines.append(f"The other images met {w} too, and add to ∂L/∂{w}{f' and ∂L/∂{b}' * (self.bias is not None)}.")
        inside = film.cells("dx")
        film.step(
            "\n".join(lines),
            put={
                "dx": (inside, self.dx), "dw": (film.cells("dw"), self.dw),
                **({"db": ([0], self.db)} if self.bias is not None else {}),
            },
            mark={
                "dx": {"on": inside if self.filters > 1 else []},
                "dw": {"on": film.cells("dw") if self.images > 1 else []},
            },
        )  # fmt: skip

    def _closing(self, film: Film, padded: Any) -> None:
        """The gradient of one weight as the sum it has become."""
        how, (x, w, _) = self.how, self.names
        (row,), (col,) = np.nonzero(self.places == 0)
        met = tuple(
            slice(k * d, k * d + (o - 1) * s + 1, s)
            for k, d, o, s in zip((row, col), how.dilation, how.out, how.stride, strict=True)
        )
        text = f"Every weight has met all of ∂L/∂O, laid on {x}: the gradient of a convolution is a convolution."
        mark: dict[str, Any] = {}
        if self.upstream.size <= LONGEST and self.images == 1:
            total = products(self.upstream, padded[met], self.precision)
            text = f"∂L/∂{w}[{'0' if how.signal else '0, 0'}] = {total} = {self._text(self.dw.flat[0])}\n{text}"
            mark = {"do": {"on": film.cells("do")}, "x": {"on": how.cells()[met]}, "w": {"out": [0]}, "dw": {"out": [0]}}
        film.step(text, mark=mark)
