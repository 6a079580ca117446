"""How the gradient travels through a network: the numbers of the rows, the picture, and its files."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from drawings import SVG

import minigrad as mg
from minigrad import Tensor, nn
from minigrad.draw.flow.rows import MOST


class Block(nn.Module):
    def __init__(self, rng):
        self.linear = nn.Linear(8, 8, rng=rng)

    def forward(self, x):
        return x + mg.relu(self.linear(x))


def network(kind, depth=12):
    rng = np.random.default_rng(0)
    if kind == "residual":
        layers = [Block(rng) for _ in range(depth)]
    else:
        layers = [layer for _ in range(depth) for layer in (nn.Linear(8, 8, rng=rng), getattr(nn, kind)())]
    model = nn.Sequential(*layers, nn.Linear(8, 3, rng=rng))
    return mg.cross_entropy(model(rng.normal(size=(4, 8)).astype(np.float32)), np.array([0, 1, 2, 0]))


def test_rows_are_the_layers_with_their_numbers():
    rng = np.random.default_rng(0)
    layer = nn.Linear(3, 2, rng=rng)
    x = rng.normal(size=(4, 3)).astype(np.float32)
    h = layer(x)
    k = mg.relu(h)
    f = mg.sum(k)
    f.backward()
    linear, relu, total = mg.draw_flow(f).runs[""]
    assert (linear.name, relu.name, total.name) == ("Linear", "relu", "sum")
    assert linear.value == pytest.approx(np.linalg.norm(h.data))
    assert linear.gradient == pytest.approx(np.linalg.norm(h.grad))
    assert linear.zeros == np.mean(h.grad == 0) > 0
    assert linear.parameters == 8
    assert linear.size == pytest.approx(math.hypot(np.linalg.norm(layer.weight.data), np.linalg.norm(layer.bias.data)))
    assert linear.slope == pytest.approx(math.hypot(np.linalg.norm(layer.weight.grad), np.linalg.norm(layer.bias.grad)))
    assert (total.value, total.gradient, total.parameters) == (pytest.approx(float(f.data)), 1, 0)


def test_gradients_are_computed_for_the_picture_alone():
    f = network("Tanh")
    before = mg.draw_flow(f).runs[""]
    assert f.grad is None
    f.backward()
    assert mg.draw_flow(f).runs[""] == before


def test_a_vanishing_gradient_is_seen_at_a_glance():
    flow = mg.draw_flow({kind: network(kind) for kind in ("Sigmoid", "residual")}, lr=0.1)
    first = {name: rows[0].gradient for name, rows in flow.runs.items()}
    assert first["Sigmoid"] < 1e-7
    assert first["residual"] > 1e-2
    panels = [g for g in ET.fromstring(flow.svg).iter(f"{SVG}g") if g.get("class") == "run"]
    lines = []
    for panel in panels:
        (line,) = [p for p in panel.iter(f"{SVG}polyline") if p.get("class") == "gradient"]
        lines.append([float(point.split(",")[0]) for point in line.get("points").split()])
    sigmoid, residual = lines
    assert sigmoid == sorted(sigmoid)  # from the left at the input to the right at the loss
    assert sigmoid[-1] - sigmoid[0] > 150
    assert residual[-1] - residual[0] < 50
    assert sigmoid[-1] == residual[-1]  # one scale: both start from 1


def test_steps_of_an_unrolled_network_are_rows():
    cell, h = nn.RNNCell(2, 3, rng=np.random.default_rng(0)), np.zeros((1, 3), np.float32)
    for _ in range(4):
        h = cell(np.ones((1, 2), np.float32), h)
    names = [row.name for row in mg.draw_flow(mg.sum(h)).runs[""]]
    assert names == [*(f"RNNCell, step {k}" for k in range(1, 5)), "sum"]


def test_a_deep_network_has_at_most_so_many_rows():
    with_scopes = mg.draw_flow(network("Tanh", depth=100)).runs[""]
    assert MOST / 2 < len(with_scopes) <= MOST
    y = Tensor(1.0)
    for _ in range(1000):
        y = y * 0.99
    rows = mg.draw_flow(y).runs[""]
    assert MOST / 2 < len(rows) <= MOST
    assert rows[-1].value == pytest.approx(0.99**1000)
    assert rows[0].parameters == 1


def test_zero_nan_and_huge_gradients_are_drawn():
    x = Tensor([1.0, 2.0])
    with np.errstate(over="ignore"):
        huge = mg.sum(x * 1e300 * 1e300)
    for f in (mg.sum(x * 0.0 * 3.0), mg.sum(x * 1e-300), mg.sum(x * np.nan), huge):
        flow = mg.draw_flow(f)
        root = ET.fromstring(flow.svg)
        for shape in root.iter():
            for name in ("x", "y", "cx", "cy", "points"):
                assert "nan" not in shape.get(name, "")
                assert "inf" not in shape.get(name, "")
        assert str(flow)
    assert "✕" in flow.svg


def test_text_and_files(tmp_path):
    flow = mg.draw_flow({"a <b>": network("Tanh", 2), "c": network("ReLU", 2)}, lr=0.5)
    text = str(flow)
    assert text.startswith("a <b>\n")
    assert "\n\nc\n" in text
    assert "‖gradient‖" in text
    assert repr(flow) == "<flow of the gradient: a <b>: 6 rows, c: 6 rows>"
    for name in ("flow.svg", "flow.html"):
        flow.save(tmp_path / name)
    assert ET.fromstring((tmp_path / "flow.svg").read_text()).tag == f"{SVG}svg"
    pytest.importorskip("resvg_py")
    flow.save(tmp_path / "flow.png")
    assert (tmp_path / "flow.png").read_bytes()[1:4] == b"PNG"
    html = (tmp_path / "flow.html").read_text()
    assert "default-src 'none'" in html
    assert "http:" not in html.replace("http://www.w3.org/2000/svg", "")
    shown = flow._repr_mimebundle_()
    assert set(shown) - {"image/png"} == {"image/svg+xml", "text/plain"}
    assert 'width="625pt"' in shown["image/svg+xml"]  # two runs, no wider than the cell of a notebook
    with pytest.raises(ValueError, match="ends in"):
        flow.save(tmp_path / "flow.gif")


def test_a_page_in_a_browser(open_page):
    window = open_page(mg.draw_flow(network("Sigmoid")), width=375)
    assert window.find_element("css selector", "svg.minigrad").size["height"] > 200
    rows = window.find_elements("css selector", "g.row")
    assert len(rows) == 26


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_theme_of_its_own_has_no_rules(theme):
    assert "<style" not in mg.draw_flow(network("Tanh", 1), theme=theme).svg


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((3.0,), TypeError, "draw_flow: expected a Tensor, or a dict of names and Tensors, got float"),
        (({"a": 3.0},), TypeError, "got float for 'a'"),
        (({},), ValueError, "there is no result"),
        ((Tensor(1.0),), ValueError, "was not computed by any operation"),
        ((Tensor([1.0, 2.0]) * 2,), ValueError, "draw_flow: .*is not a scalar"),
    ],
)
def test_arguments_are_checked(arguments, error, message):
    with pytest.raises(error, match=message):
        mg.draw_flow(*arguments)


def test_options_are_checked():
    f = network("Tanh", 1)
    for lr in (0, -1, True, math.inf, "1"):
        with pytest.raises(ValueError, match="lr is a positive number"):
            mg.draw_flow(f, lr=lr)
    with pytest.raises(ValueError, match="theme is 'auto'"):
        mg.draw_flow(f, theme="blue")
    f.backward(retain_graph=False)
    with pytest.raises(RuntimeError, match="was freed"):
        mg.draw_flow(f)
