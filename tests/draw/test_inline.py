"""Drawings in any reader and beside each other: colours are attributes, and no style or id reaches another drawing."""

from __future__ import annotations

import re
import shutil
import subprocess
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from drawings import SVG, circuit

import minigrad as mg
from minigrad import Tensor
from minigrad.draw import heatmap
from minigrad.draw.inline import inlined
from minigrad.draw.theme import DARK, LIGHT, PAGES

X, KERNEL = np.arange(1.0, 26.0).reshape(5, 5), np.arange(-4.0, 5.0).reshape(3, 3)
PICTURES = {
    "convolution": lambda: mg.animate_conv(X, KERNEL, 0.5, stride=2).loop(),
    "signal": lambda: mg.animate_conv(np.sin(np.arange(12.0)), [1.0, -2.0, 1.0], padding=1).loop(),
    "shades": lambda: mg.animate_conv(np.cos(np.arange(400.0).reshape(20, 20)), KERNEL, phase="forward", stride=8).loop(),
    "pooling": lambda: mg.animate_pool(X, 2).loop(),
    "jacobian": lambda: mg.draw_jacobian(mg.softmax, np.arange(4.0)).svg,
    "large jacobian": lambda: mg.draw_jacobian(lambda x: np.tile(x, 2) * np.arange(-20.0, 20.0), np.arange(20.0)).svg,
    "graph": lambda: mg.draw(circuit()).svg,
}
DRAWN = {f"{SVG}{name}" for name in ("rect", "path", "text", "polygon", "tspan")}


@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
def test_every_colour_is_an_attribute(picture):
    svg = picture()
    assert "var(" not in svg

    def walk(element, fill):
        fill = element.get("fill", fill)
        if element.tag in DRAWN:
            assert fill is not None, ET.tostring(element)
        for child in element:
            walk(child, fill)

    walk(ET.fromstring(svg), None)


@pytest.mark.skipif(not shutil.which("rsvg-convert"), reason="needs rsvg-convert")
@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
def test_a_reader_without_style_sheets_shows_them(picture, tmp_path):
    image = pytest.importorskip("PIL.Image")
    file = tmp_path / "picture.png"
    subprocess.run(["rsvg-convert", "-o", file], input=picture().encode(), check=True)
    pixels = np.asarray(image.open(file).convert("RGB"), int).reshape(-1, 3)
    assert np.mean(pixels.sum(1) > 700) > 0.3  # light paper
    assert len(np.unique(pixels, axis=0)) > 20


@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
def test_a_picture_styles_itself_alone(picture):
    svg = picture()
    root = ET.fromstring(svg).get("id")
    style = re.search("<style>(.*?)</style>", svg, re.DOTALL)[1]
    for selector in re.findall(r"(?:^|[{}])\s*([^{}@%]+?)\s*\{(?![^{}]*\{)", style):
        if not re.fullmatch(r"[\d.]+", selector):
            assert selector.startswith(f"#{root} "), selector
    for name in re.findall(r"@keyframes (\S+)", style):
        assert name.startswith(root)


def test_a_light_drawing_stays_light_beside_one_that_follows_the_screen():
    f = circuit()
    auto, light, dark = (mg.draw(f, theme=theme).svg for theme in ("auto", "light", "dark"))
    names = {ET.fromstring(svg).get("id") for svg in (auto, light, dark)}
    assert len(names) == 3
    assert "<style" not in light + dark
    assert LIGHT.page in light
    assert DARK.page in dark


def test_the_ids_of_drawings_in_one_page_differ():
    first, second = (mg.draw(Tensor(v, name="x") * 2.0)._repr_mimebundle_()["image/svg+xml"] for v in (1.0, 3.0))
    ids = [{element.get("id") for element in ET.fromstring(svg).iter() if element.get("id")} for svg in (first, second)]
    assert not ids[0] & ids[1]
    assert any(name.endswith("-n0") for name in ids[0])


@pytest.mark.parametrize(
    ("body", "css", "expected"),
    [
        ('<g class="a"><rect /></g>', ".a rect { fill: red }", '<g class="a"><rect fill="red" /></g>'),
        ('<g class="a"><rect class="b" /></g>', "rect.b{fill:red}.a rect{rx:2px}", 'rx="2px"'),
        ('<g class="a b"><text>1</text></g>', ".a.b text{font:10px Arial}", 'font-size="10"'),
        (
            '<g class="a"><g><path /></g></g>',
            ".a{--bar:var(--plus)} path{stroke:var(--bar)}",
            f'stroke="{PAGES["plus"][0]}"',
        ),
        ('<g class="a"><path /></g>', ".a{fill:red} path{fill:red}", '<g class="a" fill="red"><path /></g>'),
        ('<path fill="none" />', "path{fill:red}", '<path fill="none" />'),
    ],
)
def test_rules_become_attributes(body, css, expected):
    assert expected in inlined(body, css)


def test_rounding_noise_has_no_colour():
    assert heatmap.levels(np.array([1.0, 1e-16]), 1.0).tolist() == [8, 0]
    assert heatmap.extent(np.array([1e-16]), beside=1.0) == 1.0
    assert heatmap.extent(np.float32([1e-7]), beside=1.0) == 1.0
    assert heatmap.extent(np.array([1e-7]), beside=1.0) == 1e-7
    drawing = mg.draw_jacobian(lambda x: x - x.mean(), np.arange(3.0))  # v J is 0 up to rounding
    assert "n20" not in drawing.svg.rpartition("= v J")[2]


def test_the_colour_map_has_the_shades_of_drawings():
    pytest.importorskip("matplotlib")
    colors = heatmap.colormap()
    for end, shade in ((0.0, -8), (1.0, 8)):
        assert "#" + "".join(f"{round(255 * c):02x}" for c in colors(end)[:3]) == heatmap.shade(shade)
    middle = [round(255 * c) for c in colors(0.5)[:3]]
    assert np.allclose(middle, heatmap.ZERO, atol=2)


def test_a_notebook_shows_a_wide_drawing_as_wide_as_its_cell():
    y = mg.Tensor(1.0, name="x")
    for _ in range(6):
        y = mg.tanh(y)
    drawing = mg.draw(y)
    wide, high = (float(n) for n in re.search(r'width="(\d+)pt" height="(\d+)pt"', drawing.svg).groups())
    shown = re.search(r'width="(\d+)pt" height="(\d+)pt"', drawing._repr_mimebundle_()["image/svg+xml"])
    assert wide > 625 == int(shown[1])
    assert int(shown[2]) == round(high * 625 / wide)
