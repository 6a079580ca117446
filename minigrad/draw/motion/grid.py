"""An array as a grid of cells in SVG: shaded, with numbers where there is room for them.

A shade is a level on a scale centred on 0: `p1` to `p20` if positive, `n1` to `n20` if negative, `x0` if not finite. The
sign never depends on colour alone: numbers have a minus, and negative cells without numbers are round.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minigrad.draw import heatmap
from minigrad.text import number

LEVELS = 20
READABLE = 16  # a longer axis is shown without numbers
FEW, SIDE, SMALLER = 8, 38.0, 28.0  # up to 8 rows and columns, cells have 38 pixels; beyond, 28
DIGIT, NOTE_DIGIT = 7.3, 5.7  # pixels of a character in a cell, and in the note below it
BARS = 44.0  # pixels of the longest bar of a signal
MARGIN = 12.0  # around a picture
ROOM = 360.0  # pixels of a grid without numbers

PAPER = """.paper { fill: var(--page); }
.title { font-weight: bold; }
text.size, text .size { fill: var(--faint); font-size: 11px; }
"""


def short(x: Any, precision: int) -> str:
    """A number without trailing zeros.

    Examples
    --------
    >>> [short(x, 2) for x in (411.5, 2.0, -0.126, float("-inf"), 0.5 - 2.25j)]
    ['411.5', '2', '-0.13', '−∞', '0.5-2.25i']
    """
    text = number(x, precision)
    if text.endswith("i"):
        real, imag = short(x.real, precision), short(x.imag, precision)
        return f"{real}{'' if imag.startswith(('-', '−')) else '+'}{imag}i"
    if "inf" in text:
        return text.replace("-", "−").replace("inf", "∞")
    head, e, exponent = text.partition("e")
    head = head.rstrip("0").rstrip(".") if "." in head else head
    return "0" if head == "-0" else head + e + exponent


def breadth(text: str, size: float = 13.0) -> float:
    """The approximate width in pixels of a text in Helvetica; an overestimate rather than an underestimate.

    Examples
    --------
    >>> breadth("lilli") < breadth("12345") < breadth("MMMMM") < breadth("山山山山山")
    True
    """
    from unicodedata import east_asian_width

    def em(c: str) -> float:
        if c in " .,;:'|!()[]fijlrt/-":
            return 0.33
        if east_asian_width(c) in "WF":
            return 1.1
        return 0.95 if c in "mwMW@%" else 0.72 if c.isupper() else 0.58

    return size * sum(map(em, text))


def wrapped(text: str, room: float) -> list[str]:
    """A text in lines of at most `room` pixels, broken between words; its own line breaks are kept."""
    lines: list[str] = []
    for part in text.split("\n"):
        lines.append("")
        for word in part.split(" "):
            longer = f"{lines[-1]} {word}" if lines[-1] else word
            if lines[-1] and breadth(longer) > room:
                lines.append(word)
            else:
                lines[-1] = longer
    return lines


def levels(values: Any, most: float) -> list[str]:
    """The shade of each element, or of its absolute value if it is complex, the darkest for `most`.

    Any element other than 0 is shaded, except rounding noise.

    Examples
    --------
    >>> levels(np.array([0.0, 1e-9, -5.0, 10.0, np.nan, 1e-16]), 10.0)
    ['p0', 'p1', 'n10', 'p20', 'x0', 'p0']
    """
    real = np.abs(values) if np.iscomplexobj(values) else np.asarray(values, float)
    shades = heatmap.levels(real.ravel(), most, LEVELS, _outwards).tolist()
    return ["x0" if k > LEVELS else f"{'n' if k < 0 else 'p'}{abs(k)}" for k in shades]


def _outwards(x: Any) -> Any:
    """Round away from 0."""
    return np.sign(x) * np.maximum(np.ceil(np.abs(x) - 1e-9), x != 0)


def legend(values: Any, precision: int) -> str:
    """The legend of cells without numbers."""
    most = heatmap.extent(values)
    if np.iscomplexobj(values):
        return f"|z| to {short(most, precision)}"
    return f"to ±{short(most, precision)}, blue and round if negative"


def shading() -> str:
    """The style of each level: how dark a cell is, and how long its bar in a signal."""
    rules = []
    for k in range(LEVELS + 1):
        rules.append(f".p{k} rect,rect.p{k},.n{k} rect,rect.n{k}{{fill-opacity:{0.032 * k:.3g}}}")
        rules.append(f".p{k} .up,.n{k} .down{{stroke-dasharray:{k} 99}}")
    below, boxes, rounded = (
        ",".join(f"{selector}{k}{end}" for k in range(1, LEVELS + 1))
        for selector, end in ((".n", ""), (".n", " rect"), ("rect.n", ""))
    )
    negative = f"{below}{{--bar:var(--minus)}}\n{boxes},{rounded}{{fill:var(--minus)}}"
    return "\n".join([*rules, negative, f"{rounded}{{rx:50%}}", ""])


def picture(title: str, description: str, rules: str, body: Iterable[str], wide: float, high: float) -> str:
    """Grids as a standalone SVG: its colours are attributes, and its other rules apply to it alone."""
    from html import escape

    from minigrad.draw.inline import inlined, isolated

    cells = Path(__file__).with_name("grid.css").read_text(encoding="utf-8")
    place, size = f'"{-MARGIN:g}" y="{-MARGIN:g}"', f'width="{wide + 2 * MARGIN:g}" height="{high + 2 * MARGIN:g}"'
    view = f"{-MARGIN:g} {-MARGIN:g} {wide + 2 * MARGIN:g} {high + 2 * MARGIN:g}"
    whole = f'<g class="drawn"><rect class="paper" x={place} {size}/>\n{"".join(body)}</g>'
    drawn = inlined(whole, PAPER + cells + shading())
    return isolated(
        f'<svg xmlns="http://www.w3.org/2000/svg" class="minigrad" viewBox="{view}" {size} role="img">\n'
        f"<title>{escape(title)}</title>\n<desc>{escape(description)}</desc>\n{drawn}\n</svg>\n",
        "auto",
        rules,
    )


class Grid(NamedTuple):
    """The layout of a two-dimensional array: the size of its cells, and what they show."""

    key: str
    rows: int
    cols: int
    width: float
    height: float
    numbers: bool
    up: float = 0.0
    down: float = 0.0
    notes: bool = False
    padding: frozenset[int] = frozenset()

    @classmethod
    def of(
        cls,
        key: str,
        shape: tuple[int, ...],
        *,
        longest: int = 0,
        note: int = 0,
        padding: Iterable[int] = (),
        bars: tuple[bool, bool] = (False, False),
        readable: int = READABLE,
    ) -> Grid:
        """A grid for numbers of up to `longest` characters, or without numbers if an axis is longer than `readable`.

        A signal may have bars for its positive elements, above the cells, and for its negative ones, below them.
        """
        rows, cols = shape
        numbers = max(shape) <= readable
        if numbers:
            height = SIDE if max(shape) <= FEW else SMALLER
            width = max(height, longest * DIGIT + 9, note * NOTE_DIGIT + 8)
        else:
            width = min(max(ROOM // max(rows, 0.6 * cols), 3.0), 20.0)
            height = width if rows > 1 else 14.0
        up, down = (BARS * wanted for wanted in bars)
        return cls(key, rows, cols, width, height, numbers, up, down, note > 0, frozenset(padding))

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in pixels."""
        return self.cols * self.width, self.up + self.rows * self.height + self.down

    def box(self, row: float, col: float, rows: float, cols: float) -> list[float]:
        """The x, y, width and height of a block of cells in pixels."""
        corner = col * self.width, self.up + row * self.height
        return [round(v, 2) for v in (*corner, cols * self.width, rows * self.height)]

    def cell(self, i: int, level: str, text: str = "", *, note: str = "", named: bool = True) -> str:
        """One cell: its shade, its number, the note below it, and the bar of a signal."""
        x, y, *_ = self.box(*divmod(i, self.cols), 1, 1)
        box = self._rect(i)
        start = f'id="{self.key}-{i}" ' * named
        kind = " ".join(filter(None, ("cell", level, "pad" if i in self.padding else "")))
        if not (self.numbers or self.up or self.down):
            return f'<rect {start}class="{kind}" {box}/>'
        middle, parts = x + self.width / 2, [f"<rect {box}/>"]
        if self.numbers:
            baseline = y + self.height * (0.5 if self.notes else 0.62)
            parts.append(f'<text x="{middle:g}" y="{baseline:g}">{text}</text>')
            if self.notes:
                parts.append(self.note(i, note))
        broad = f'stroke-width="{self.width * 0.6:g}" pathLength="{LEVELS}"'
        if self.up:
            parts.append(f'<path class="up" {broad} d="M{middle:g} {y:g}v{4 - self.up:g}"/>')
        if self.down:
            parts.append(f'<path class="down" {broad} d="M{middle:g} {y + self.height:g}v{self.down - 4:g}"/>')
        return f'<g {start}class="{kind}">{"".join(parts)}</g>'

    def note(self, i: int, text: str) -> str:
        """The note below a cell's number."""
        x, y, *_ = self.box(*divmod(i, self.cols), 1, 1)
        return f'<text class="note" x="{x + self.width / 2:g}" y="{y + self.height * 0.84:g}">{text}</text>'

    def outline(self, i: int, kind: str) -> str:
        """A mark around a cell."""
        return f'<rect class="{kind}" fill="none" {self._rect(i)}/>'

    def _rect(self, i: int) -> str:
        """The position and size of a cell, with a gap to its neighbours."""
        x, y, *_ = self.box(*divmod(i, self.cols), 1, 1)
        gap = 1.5 if self.numbers else 0.5 if self.width >= 8 else 0.0
        return f'x="{x + gap:g}" y="{y + gap:g}" width="{self.width - 2 * gap:g}" height="{self.height - 2 * gap:g}"'
