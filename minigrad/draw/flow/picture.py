"""The picture of a flow as SVG: norms on a logarithmic scale, a panel for each run."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from minigrad.draw.flow.rows import Row
from minigrad.draw.inline import isolated
from minigrad.draw.measures import percent
from minigrad.draw.theme import palette
from minigrad.text import number, shorten

NAMES, PLOT, COLUMN, GAP = 132.0, 190.0, 58.0, 26.0  # widths in pixels
ROW, HEAD, FOOT, MARGIN = 17.0, 62.0, 46.0, 12.0  # heights, and the space around
LONGEST_NAME = 21
MOST_DECADES = 24.0  # of the scale; what is smaller lies at its end
COLUMNS = ("zeros", "parameters", "update")
PANEL = NAMES + PLOT + COLUMN * len(COLUMNS)


class _Scale:
    """Norms as positions, the same in all panels."""

    def __init__(self, runs: Mapping[str, Sequence[Row]]) -> None:
        sizes = [x for rows in runs.values() for row in rows for x in (row.value, row.gradient)]
        logs = [math.log10(x) for x in sizes if 0 < x < math.inf] or [0.0]
        self.high = math.ceil(max(logs) + 1e-9)
        self.low = max(math.floor(min(logs) - 1e-9), self.high - MOST_DECADES)

    def at(self, size: float) -> float:
        """From 0 at the least to `PLOT` at the most; 0 for what is smaller, such as 0, and `PLOT` for what is not finite."""
        if not size:
            return 0.0
        if not math.isfinite(size):
            return PLOT
        return PLOT * max(0.0, min(1.0, (math.log10(size) - self.low) / (self.high - self.low)))

    def ticks(self) -> list[int]:
        """At most five powers of ten."""
        step = max(1, math.ceil((self.high - self.low) / 4))
        return list(range(int(self.high), int(self.low) - 1, -step))


def picture(runs: Mapping[str, Sequence[Row]], words: str, theme: str, rate: float | None) -> str:
    """The picture as SVG that can be embedded in a page.

    Parameters
    ----------
    runs : mapping of str to sequence of Row
        The rows of each run; a name may be empty.
    words : str
        The content as text.
    theme : {'auto', 'light', 'dark'}
        The colours.
    rate : float, optional
        The learning rate of the updates.
    """
    c, scale = palette(theme), _Scale(runs)
    height = HEAD + ROW * max(len(rows) for rows in runs.values()) + FOOT + 2 * MARGIN
    width = 2 * MARGIN + len(runs) * PANEL + (len(runs) - 1) * GAP
    out = [f'<rect width="{width:g}" height="{height:g}" fill="{c.page}"/>']
    for k, (name, rows) in enumerate(runs.items()):
        out.append(f'<g class="run" transform="translate({MARGIN + k * (PANEL + GAP):g},{MARGIN:g})">')
        out += _panel(name, rows, scale, theme, rate)
        out.append("</g>")
    legend = [
        (c.value, "● norm of the value"),
        (c.gradient, "■ norm of the gradient; □ is 0, ✕ not finite"),
        (c.faint, "zeros: share of the gradient's elements · update: size of the step relative to the parameters"),
    ]
    for k, (color, text) in enumerate(legend):
        out.append(_text(MARGIN, height - FOOT + 14 * k, text, color, 11))
    return isolated(
        f'<svg width="{0.75 * width:.0f}pt" height="{0.75 * height:.0f}pt" class="minigrad" role="img" '
        f'viewBox="0 0 {width:g} {height:g}" xmlns="http://www.w3.org/2000/svg" font-family="Helvetica,Arial,sans-serif">\n'
        f"<title>flow of the gradient</title>\n<desc>{escape(words)}</desc>\n" + "\n".join(out) + "\n</svg>",
        theme,
    )


def _panel(name: str, rows: Sequence[Row], scale: _Scale, theme: str, rate: float | None) -> list[str]:
    """One run: names, the two lines, and columns of numbers."""
    c = palette(theme)
    bottom = HEAD + ROW * len(rows)
    out = [_text(0, 14, shorten(name, 40), c.ink, 14, weight="bold")] if name else []
    for k, title in enumerate(COLUMNS):
        out.append(_text(NAMES + PLOT + COLUMN * (k + 1), HEAD - 22, title, c.faint, 10, "end"))
    out.append(_text(NAMES + PLOT + COLUMN * len(COLUMNS), HEAD - 10, _rate(rate), c.faint, 10, "end"))
    for power in scale.ticks():
        x = NAMES + scale.at(10.0**power)
        out.append(f'<path d="M{x:.1f},{HEAD - 4:g}V{bottom:g}" stroke="{c.rim}" stroke-width="1" fill="none"/>')
        out.append(_text(x, HEAD - 10, number(10.0**power, 0) if -3 <= power <= 3 else f"1e{power}", c.faint, 10, "middle"))
    for kind, color in (("value", c.value), ("gradient", c.gradient)):
        points = " ".join(f"{NAMES + scale.at(getattr(row, kind)):.1f},{_middle(k):.1f}" for k, row in enumerate(rows))
        out.append(f'<polyline class="{kind}" points="{points}" fill="none" stroke="{color}" stroke-width="1.5"/>')
    for k, row in enumerate(rows):
        y = _middle(k)
        out.append(f'<g class="row"><title>{escape(told(row, rate))}</title>')
        out.append(f'<rect x="0" y="{y - ROW / 2:g}" width="{PANEL:g}" height="{ROW:g}" fill="{c.page}" fill-opacity="0"/>')
        out.append(_text(NAMES - 12, y + 4, shorten(row.name, LONGEST_NAME), c.ink, 11, "end"))
        out.append(f'<circle cx="{NAMES + scale.at(row.value):.1f}" cy="{y:g}" r="3" fill="{c.value}"/>')
        out.append(_mark(NAMES + scale.at(row.gradient), y, row.gradient, c.gradient, c.page))
        cells = (percent(row.zeros), f"{row.parameters:,}" if row.parameters else "", update(row, rate))
        for i, cell in enumerate(cells):
            out.append(_text(NAMES + PLOT + COLUMN * (i + 1), y + 4, cell, c.ink if i else c.faint, 10, "end"))
        out.append("</g>")
    return out


def _middle(k: int) -> float:
    return HEAD + ROW * (k + 0.5)


def _mark(x: float, y: float, size: float, color: str, page: str) -> str:
    """The mark of a gradient: a square, open if it is 0, a cross if it is not finite."""
    if not math.isfinite(size):
        return f'<path d="M{x - 3:.1f},{y - 3:.1f}l6,6m0,-6l-6,6" stroke="{color}" stroke-width="2" fill="none"/>'
    fill = color if size else page
    return f'<rect x="{x - 3:.1f}" y="{y - 3:.1f}" width="6" height="6" fill="{fill}" stroke="{color}" stroke-width="1"/>'


def _text(x: float, y: float, text: str, color: str, size: int, anchor: str = "start", weight: str = "normal") -> str:
    bold = f' font-weight="{weight}"' if weight != "normal" else ""
    return f'<text x="{x:g}" y="{y:g}" font-size="{size}" text-anchor="{anchor}" fill="{color}"{bold}>{escape(text)}</text>'


def _rate(rate: float | None) -> str:
    return "at rate 1" if rate is None else f"at rate {rate:g}"


def update(row: Row, rate: float | None) -> str:
    """The size of a step of gradient descent, relative to the parameters."""
    if not row.parameters:
        return ""
    step = row.slope * (1.0 if rate is None else rate)
    if not row.size:
        return "0" if not step else "new"
    return number(step / row.size, 2)


def told(row: Row, rate: float | None) -> str:
    """A row in words."""
    parts = [
        row.name,
        f"value norm {number(row.value, 2)}",
        f"gradient norm {number(row.gradient, 2)}, {percent(row.zeros)} zeros",
    ]
    if row.parameters:
        parts.append(
            f"{row.parameters:,} parameters norm {number(row.size, 2)}, gradient norm {number(row.slope, 2)}, "
            f"update {update(row, rate)} {_rate(rate)}"
        )
    return "\n".join(parts)
