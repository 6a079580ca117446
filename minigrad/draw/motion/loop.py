"""An animation as one SVG that plays by itself: all frames are stacked, and CSS shows one at a time.

If the reader prefers reduced motion, or CSS animations are not supported, the last frame is shown.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator

from minigrad.draw.motion.film import Film, Position
from minigrad.draw.motion.grid import picture, wrapped

LINE, ASIDE = 19.0, 300.0  # pixels: height of a line of text, and the width it needs beside a column
MOST = 6000  # cells of one picture, over all its frames
HELD = 2.5  # the first and the last frame are shown this many times as long
TRAVEL = 0.3  # fraction of a frame during which a box moves

Span = tuple[int, int]  # from one frame up to, but not including, another


def loop(film: Film, seconds: float) -> str:
    """The film as SVG, `seconds` for each frame."""
    from html import escape

    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < math.inf:
        raise ValueError(f"loop: seconds is a positive number, got {seconds!r}")
    _limit(film)
    count, places = len(film.frames), list(film.flow())
    wide = max(420.0, *(x + room for _, x, _, room in places))
    below = max(y + film.grids[key].size[1] for key, _, y, _ in places)
    times = _times(count)
    # What is visible in each span: the cells, and above them the marks of single frames.
    seen: dict[Span, list[str]] = defaultdict(list)
    marked: dict[Span, list[str]] = defaultdict(list)
    titles, boxes, moves = [], [], []
    for key, x, y, _ in places:
        panel, grid = film.panels[key], film.grids[key]
        start, caption = f'<g class="grid" transform="translate({x:g} {y:g})">', escape(film.caption(key))
        titles.append(
            f'<text class="{"gradients" if panel.gradient else "values"}" x="{x:g}" y="{y - 7:g}"><tspan class="title">'
            f'{escape(panel.title)}</tspan> <tspan class="size">{caption}</tspan></text>'
        )
        for when, cells in _cells(film, key).items():
            seen[when].append(f"{start}{cells}</g>")
        for k, frame in enumerate(film.frames):
            marks = [grid.outline(i, kind) for kind, at in frame.mark.get(key, {}).items() for i in at]
            marks += [grid.note(i, text) for i, text in frame.note.get(key, []) if grid.numbers]
            if marks:
                marked[k, k + 1].append(f'{start}<g class="cell">{"".join(marks)}</g></g>')
        if any(key in frame.box for frame in film.frames):
            boxes.append(f'{start}<rect class="slide m-{key}" opacity="0"/></g>')
            moves.append(f"@keyframes ROOT-{key} {{{''.join(_moves(film, key, times))}}}")
            moves.append(f"#ROOT .m-{key} {{animation-name:ROOT-{key}}}")
    left, top, lines = _said(film, places, wide, below)
    for k, text in enumerate(lines):
        spans = "".join(f'<tspan x="{left:g}" dy="{LINE:g}">{escape(line)}</tspan>' for line in text)
        marked[k, k + 1].append(f'<text y="{top:g}">{spans}</text>')
    high = max(below, top + LINE * max(map(len, lines)) + 8)
    layers = [(when, parts) for group in (seen, marked) for when, parts in sorted(group.items())]
    body = "\n".join(f'<g class="{_name(when)}"{_hidden(when, count)}>{"".join(parts)}</g>' for when, parts in layers)
    rules = _style({when for when, _ in layers}, moves, times, seconds)
    return picture(film.title, film.frames[0].text, rules, [*titles, body, *boxes], wide, high)


def _limit(film: Film) -> None:
    """Refuse a picture that would be slow to render."""
    shapes = sum(g.rows * g.cols for g in film.grids.values())
    shapes += sum(len(cells) for frame in film.frames for cells in frame.put.values())
    if shapes > MOST:
        raise ValueError(
            f"loop: {shapes} cells over {len(film.frames)} steps are too many for one picture, at most {MOST}; save a page "
            "(.html), or animate a smaller array or one phase"
        )


def _times(count: int) -> list[float]:
    """When each frame begins and the last one ends, as fractions of the whole."""
    lengths = [HELD if k in (0, count - 1) else 1.0 for k in range(count)]
    return [sum(lengths[:k]) / sum(lengths) for k in range(count + 1)]


def _cells(film: Film, key: str) -> dict[Span, str]:
    """A panel's cells, by the span in which they look alike."""
    looks = {i: [(0, level, text)] for i, level, text in film.still(key)}
    for k, frame in enumerate(film.frames):
        for i, level, text in frame.put.get(key, []):
            if looks[i][-1][1:] != (level, text):
                looks[i][-1 if looks[i][-1][0] == k else len(looks[i]) :] = [(k, level, text)]
    grid, found = film.grids[key], defaultdict(list)
    for i, changes in looks.items():
        ends = [k for k, *_ in changes[1:]] + [len(film.frames)]
        for (k, level, text), end in zip(changes, ends, strict=True):
            found[k, end].append(grid.cell(i, level, text, named=False))
    return {when: "".join(cells) for when, cells in found.items()}


def _name(when: Span) -> str:
    return f"s{when[0]}-{when[1]}"


def _hidden(when: Span, count: int) -> str:
    """Without animations, the last frame is shown."""
    return ' visibility="hidden"' if when[1] < count else ""


def _style(spans: set[Span], moves: list[str], times: list[float], seconds: float) -> str:
    """The CSS that shows each span in its time and moves the boxes."""
    count = len(times) - 1
    passing = sorted(span for span in spans if span != (0, count))
    length = seconds * (count + 2 * (HELD - 1) if count > 1 else HELD)
    rules = []
    for start, end in passing:
        name = _name((start, end))
        hides = ["0%"] * (start > 0) + [f"{100 * times[end]:.3f}%"] * (end < count)
        rules.append(
            f"@keyframes ROOT-{name} {{{','.join(hides)}{{visibility:hidden}}"
            f"{100 * times[start]:.3f}%{{visibility:visible}}}}\n"
            f"#ROOT .{name} {{animation:ROOT-{name} {length:g}s step-end infinite}}\n"
        )
    return (
        "@media (prefers-reduced-motion: no-preference) {\n"
        f"#ROOT .slide {{ animation: {length:g}s ease-in-out infinite; }}\n"
        f"{''.join(rules)}{chr(10).join(moves)}\n}}\n"
    )


def _moves(film: Film, key: str, times: list[float]) -> Iterator[str]:
    """Keyframes of the box over a panel: it moves at the start of a frame, and is hidden in frames without it."""
    last = ""
    for k, frame in enumerate(film.frames):
        start, end = times[k], times[k + 1]
        block = frame.box.get(key)
        if block:
            x, y, wide, high = film.grids[key].box(*block)
            here = f"transform:translate({x:g}px,{y:g}px);width:{wide:g}px;height:{high:g}px"
            yield f"{100 * start:.3f}%{{{last or here};opacity:{1 if last else 0}}}"
            yield f"{100 * (start + TRAVEL * (end - start)):.3f}%,{100 * end - 0.01:.3f}%{{{here};opacity:1}}"
            last = here
        else:
            if last:
                yield f"{100 * start:.3f}%{{{last};opacity:0}}"
            last = ""


def _said(film: Film, places: list[Position], wide: float, below: float) -> tuple[float, float, list[list[str]]]:
    """The position of the text and its lines in each frame: beside the first column if there is room, else below."""
    others = [(x, y + film.grids[key].size[1]) for key, x, y, _ in places if x]
    if others:
        left, top = min(x for x, _ in others), max(bottom for _, bottom in others) + 10
        lines = [wrapped(frame.text, wide - left) for frame in film.frames]
        if wide - left >= ASIDE and top + LINE * max(map(len, lines)) <= below:
            return left, top, lines
    return 0.0, below + 10, [wrapped(frame.text, wide) for frame in film.frames]
