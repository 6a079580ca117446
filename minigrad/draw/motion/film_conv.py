"""Convolution as a film: forward, the products behind each output; backward, where its upstream gradient flows."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from minigrad.draw.heatmap import extent
from minigrad.draw.motion.film import Film, Panel
from minigrad.draw.motion.grid import short
from minigrad.draw.motion.sliding import LONGEST, Place, Sliding, factor, listed, products, signed


class Convolution(NamedTuple):
    """One channel of one image under one filter: its arrays, and how many others there are.

    `dx`, `dw` and `db` are the full gradients, summed over all filters and images. `shown` are the positions of the image,
    the filter and the channel.
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
    shown: tuple[int, int, int]
    dx: Any
    dw: Any
    db: Any

    def film(self, phase: str) -> Film:
        """The panels, with a frame for each output or row of outputs."""
        film = self._panels(phase)
        if phase != "backward":
            self._forward(film)
        if phase != "forward":
            self._backward(film, alone=phase == "backward")
        return film

    def _flipped(self, a: Any) -> Any:
        """An array in the order of the sliding kernel: rotated by 180° in a true convolution."""
        return a[::-1, ::-1] if self.flip else a

    @property
    def slid(self) -> Any:
        """The kernel as it slides."""
        return self._flipped(self.kernel)

    @property
    def places(self) -> Any:
        """The cell of the weight behind each element of the sliding kernel."""
        return self._flipped(np.arange(self.kernel.size).reshape(self.kernel.shape))

    def _text(self, x: Any) -> str:
        return short(x, self.precision)

    def _panels(self, phase: str) -> Film:
        how, (x, w, b) = self.how, self.names
        signal, margin = how.signal, how.margin()
        most_x, most_w, most_g = extent(self.x), extent(self.kernel), extent(self.upstream)
        image, filter, channel = self.positions()
        size = ", ".join([how.padded_size(), *image, *channel])
        kernel = ", ".join([how.shape(how.kernel), *filter, *channel])
        out = ", ".join([how.shape(how.out), *image, *filter])
        filled = None if phase != "backward" else self.out
        most_dx, most_dw = extent(self.dx, most_g * most_w), extent(self.dw, most_g * most_x)
        columns = [
            [Panel("x", x, how.padded, most_x, how.pad(self.x, 0), margin, size=size)],
            [Panel("w", w, how.kernel, most_w, self.kernel, size=kernel)],
            [Panel("o", "O", how.out, extent(self.out, most_x * most_w), filled, size=out)],
        ]
        if phase != "forward":
            columns[0].append(Panel("dx", f"∂L/∂{x}", how.padded, most_dx, None, margin, True, size))
            columns[1].append(Panel("dw", f"∂L/∂{w}", how.kernel, most_dw, None, (), True, kernel))
            columns[2].append(Panel("do", "∂L/∂O", how.out, most_g, None, (), True, out))
        if self.bias is not None:
            column = [Panel("b", b, (1, 1), extent(self.bias), np.array([[self.bias]]))]
            if phase != "forward":
                column.append(Panel("db", f"∂L/∂{b}", (1, 1), extent(self.db, most_g), None, (), True))
            columns.insert(2, column)
        if self.flip:
            still = self.slid if phase == "backward" else None
            columns.insert(2, [Panel("flipped", f"{w}, flipped", how.kernel, most_w, still, size=kernel)])
        return Film(f"{'True convolution' if self.flip else 'Convolution'} of {x} with {w}", columns, self.precision, signal)

    def positions(self) -> tuple[list[str], list[str], list[str]]:
        """The image, the filter and the channel that are shown, where there are several."""
        kinds = zip(("image", "filter", "channel"), self.shown, (self.images, self.filters, self.channels), strict=True)
        image, filter, channel = ([f"{kind} {at}"] if count > 1 else [] for kind, at, count in kinds)
        return image, filter, channel

    def others(self) -> str:
        """A remark on the images, filters and channels that are not shown."""
        kinds = (("image", self.images), ("filter", self.filters), ("channel", self.channels))
        others = [f"{count} {kind}s" for kind, count in kinds if count > 1]
        return f"\nShowing one of {', '.join(others)}." if others else ""

    # Forward

    def _forward(self, film: Film) -> None:
        how, (x, w, _) = self.how, self.names
        words = how.words()
        subject = "The kernel" if w == "kernel" else f"The kernel {w}"
        film.record(
            f"{subject} slides over {x}{f': {words}' if words else ''}. Each element of the output O is the sum of the "
            f"products under it{', plus the bias' if self.bias is not None else ''}.{self.others()}",
            put=film.empty("o", "flipped", "dx", "dw", "db", "do"),
        )
        kernel = "w"
        if self.flip:
            kernel = "flipped"
            film.record(
                f"True convolution first {'reverses the kernel' if how.signal else 'rotates the kernel by 180°'}.",
                put={"flipped": (film.cells("flipped"), self.slid)},
                mark={"w": {"on": film.cells("w")}, "flipped": {"on": film.cells("flipped")}},
            )
        cells, padded, slid = how.cells(), how.pad(self.x, 0), self.slid
        for outputs in how.turns():
            made = [how.cell(at) for at in outputs]
            mark: dict[str, Any] = {kernel: {"on": film.cells(kernel)}, "b": {"on": [0]}}
            put = {"o": (made, self.out.ravel()[made])}
            if len(outputs) > 1:
                film.record(
                    f"O{how.span(outputs)}: each element is the sum of {slid.size * self.channels} products, "
                    f"between {self._text(np.min(put['o'][1]))} and {self._text(np.max(put['o'][1]))}.",
                    put=put,
                    mark=mark,
                    box={"x": how.box(outputs), "o": how.block(outputs)},
                )
                continue
            window = how.window(outputs[0])
            under = cells[window]
            film.record(
                f"O{how.label(outputs[0])} = {self._sum(padded[window], self.out[outputs[0]])}",
                put=put,
                mark=mark | {"x": {"on": under}, "o": {"out": made}},
                box={"x": how.box(outputs)},
                note={"x": (under, [f"×{self._text(v)}" for v in slid.ravel()])},
            )

    def _sum(self, under: Any, total: Any) -> str:
        """The products under the kernel, the contribution of the other channels, the bias, and their sum."""
        text = products(under, self.slid, self.precision)
        if self.channels > 1:
            rest = total - np.sum(under * self.slid) - (0 if self.bias is None else self.bias)
            count = f"the other {self.channels - 1} channels" if self.channels > 2 else f"channel {1 - self.shown[2]}"
            text += f"\n+ {factor(self._text(rest))} from {count}"
        if self.bias is not None:
            text += f"\n+ {factor(self._text(self.bias))}"
        return f"{text} = {self._text(total)}"

    # Backward

    def _backward(self, film: Film, alone: bool) -> None:
        how, padded = self.how, self.how.pad(self.x, 0)
        dx, dw, db = np.zeros(how.padded), np.zeros(self.kernel.size), 0.0
        film.record(
            "Backward: each element of O has an upstream gradient, ∂L/∂O. It flows back to both factors of each product, "
            f"times the other factor. The gradients start at 0.{self.others() if alone else ''}",
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
            mark: dict[str, Any] = {"w": every, "flipped": every, "dw": every, "db": {"on": [0]}}
            if len(outputs) == 1:
                reached, text, note = self._landing(outputs[0], padded)
                own = {"out": [how.cell(outputs[0])]}
                mark |= {"x": {"on": how.cells()[window]}, "dx": {"on": reached}, "o": own, "do": own}
            else:
                reached = how.covered(outputs)
                text = (
                    f"∂L/∂O{how.span(outputs)}: each element flows back to the {self.kernel.size} elements of "
                    f"{self.names[0]} in its window, and to all of {self.names[1]}."
                )
                box |= {"o": how.block(outputs), "do": how.block(outputs)}
            put = {"dx": (reached, dx.ravel()[reached]), "dw": (film.cells("w"), dw), "db": ([0], db)}
            film.record(text, put=put, mark=mark, note=note, box=box)
        self._rest(film)
        self._closing(film, padded)

    def _landing(self, at: Place, padded: Any) -> tuple[Any, str, dict[str, Any]]:
        """The cells of x that one output's gradient reaches, and what it adds there, as text and as notes."""
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
        """The contributions of one output's gradient to each gradient, as text."""
        x, w, b = self.names
        g = self._text(self.upstream[at])
        kernel = listed(self.slid, self.precision) or f"{w}{', flipped' * self.flip}"
        window = listed(self._flipped(under), self.precision) or f"the window of {x}"
        lines = [
            f"O{self.how.label(at)} has the upstream gradient {g}.",
            f"∂L/∂{x} in the window += {factor(g)} × {kernel}" + (", except the padding" if dropped else ""),
            f"∂L/∂{w} += {factor(g)} × {window}",
        ]
        return "\n".join([*lines, f"∂L/∂{b} += {factor(g)}"] if self.bias is not None else lines)

    def _rest(self, film: Film) -> None:
        """Add the contributions of the other filters and images."""
        if self.filters == self.images == 1:
            return
        x, w, b = self.names
        lines = []
        if self.filters > 1:
            lines.append(f"The other filters use {x} too, and add to ∂L/∂{x}.")
        if self.images > 1:
            lines.append(f"The other images use {w} too, and add to ∂L/∂{w}{f' and ∂L/∂{b}' * (self.bias is not None)}.")
        inside = film.cells("dx")
        film.record(
            "\n".join(lines),
            put={"dx": (inside, self.dx), "dw": (film.cells("dw"), self.dw), "db": ([0], self.db)},
            mark={
                "dx": {"on": inside if self.filters > 1 else []},
                "dw": {"on": film.cells("dw") if self.images > 1 else []},
            },
        )

    def _closing(self, film: Film, padded: Any) -> None:
        """The gradient of one weight, written out as a sum."""
        how, (x, w, _) = self.how, self.names
        (row,), (col,) = np.nonzero(self.places == 0)
        met = tuple(
            slice(k * d, k * d + (o - 1) * s + 1, s)
            for k, d, o, s in zip((row, col), how.dilation, how.out, how.stride, strict=True)
        )
        text = f"Each element of ∂L/∂{w} is a sum over ∂L/∂O laid on {x}: the gradient of a convolution is a convolution."
        mark: dict[str, Any] = {}
        if self.upstream.size <= LONGEST and self.images == 1:
            total = products(self.upstream, padded[met], self.precision)
            text = f"∂L/∂{w}[{'0' if how.signal else '0, 0'}] = {total} = {self._text(self.dw.flat[0])}\n{text}"
            mark = {"do": {"on": film.cells("do")}, "x": {"on": how.cells()[met]}, "w": {"out": [0]}, "dw": {"out": [0]}}
        film.record(text, mark=mark)
