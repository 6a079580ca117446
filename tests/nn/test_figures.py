"""One colour convention in all figures: blue negative, white 0, orange positive; what has no sign is grey, or white to orange."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

from minigrad import nn
from minigrad.draw.heatmap import NEGATIVE, POSITIVE, ZERO

ROOT = Path(__file__).parents[2]
SOURCES = sorted([*ROOT.glob("minigrad/**/*.py"), *ROOT.glob("notebooks/lessons/*.py")])
SHADED = {"imshow", "matshow", "pcolormesh", "pcolor", "contourf", "contour", "hexbin", "tripcolor"}
GREYS = {"gray", "gray_r"}
OURS = {"diverging", "colormap"}  # functions that return the convention's map


def calls(source: Path) -> list[ast.Call]:
    tree = ast.parse(source.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def ends(value: ast.expr, names: dict[str, list[ast.expr]]) -> list[ast.expr]:
    """The expressions that a colour map may come from: both arms of a condition, and what a variable was set to."""
    if isinstance(value, ast.IfExp):
        return [*ends(value.body, names), *ends(value.orelse, names)]
    if isinstance(value, ast.Name):
        return [end for one in names.get(value.id, []) for end in ends(one, {})] or [value]
    return [value]


def allowed(end: ast.expr) -> bool:
    if isinstance(end, ast.Constant):
        return end.value in GREYS
    return isinstance(end, ast.Call) and (getattr(end.func, "attr", "") or getattr(end.func, "id", "")) in OURS


def wrong(source: Path) -> list[str]:
    """The calls that shade an array otherwise, and those without a colour map, unless they show red, green and blue."""
    names: dict[str, list[ast.expr]] = {}
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            names.setdefault(node.targets[0].id, []).append(node.value)
    found = []
    for call in calls(source):
        maps = [k.value for k in call.keywords if k.arg == "cmap"]
        shades = getattr(call.func, "attr", "") in SHADED
        colours = ".transpose(1, 2, 0)" in ast.unparse(call)
        if (maps and not all(map(allowed, ends(maps[0], names)))) or (shades and not maps and not colours):
            found.append(f"{source.name}:{call.lineno}")
    return found


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_no_other_colour_map_is_used(source):
    assert not wrong(source)


def test_another_colour_map_is_noticed(tmp_path):
    for line in (
        'ax.imshow(x, cmap="RdBu")',
        "ax.imshow(x)",
        'c = "viridis"\nax.imshow(x, cmap=c)',
        'plt.contourf(x, cmap="Blues")',
    ):
        (tmp_path / "lesson.py").write_text(line)
        assert wrong(tmp_path / "lesson.py"), line
    (tmp_path / "lesson.py").write_text('ax.imshow(x, cmap=plots.diverging() if signed else "gray")')
    assert not wrong(tmp_path / "lesson.py")


def painted(image, value: float) -> tuple[int, ...]:
    return tuple(image.cmap(image.norm(value), bytes=True)[:3])


def test_the_figures_of_a_training_run_are_blue_white_and_orange():
    pytest.importorskip("matplotlib")
    weight = np.random.default_rng(0).normal(size=(6, 1, 5, 5))
    for figure, ends in (
        (nn.figures.filters(weight, (1, 8, 8)), (-1, 0, 1)),
        (nn.figures.confusion([[9, 1], [0, 10]], "ab"), (0, 1)),
    ):
        for image in (image for axes in figure.axes for image in axes.images):
            low, high = image.get_clim()
            assert low == -high
            for end in ends:
                near = np.abs(np.subtract(painted(image, end * high), (ZERO, POSITIVE, NEGATIVE)[end], dtype=int))
                assert near.max() <= 3
