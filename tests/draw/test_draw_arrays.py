"""Pictures of arrays and their gradients: heatmaps, what goes downstream, names, themes, numbers."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from drawings import SVG, by_title, circuit, groups, texts, titles

import minigrad as mg
from minigrad import Tensor, draw, scope
from minigrad.draw.heatmap import GAP, NOT_FINITE, STEPS, heatmap, shade
from minigrad.draw.player.steps import steps
from minigrad.draw.still import png
from minigrad.draw.theme import DARK, LIGHT, PAGES, variables
from minigrad.graph import topological_order


def paths(drawing, kind):
    return [p for p in ET.fromstring(drawing.svg).iter(f"{SVG}path") if p.get("class") == kind]


def cells(drawing):
    """How many cells of heatmaps an SVG has."""
    return sum(p.get("d").count("M") for p in paths(drawing, "heat"))


# Heatmaps


def test_a_heatmap_is_linear_and_centred_on_zero():
    shown = heatmap(np.array([[-4.0, -2.0, 0.0], [1.0, 2.0, 4.0]]), str)
    assert shown.rows == ((-STEPS, -STEPS // 2, 0), (STEPS // 4, STEPS // 2, STEPS))
    assert shown.scale == "±4.0"
    assert shown.words == ""


@pytest.mark.parametrize(
    ("shape", "size", "words"),
    [
        ((5,), (1, 5), ""),
        ((4, 1), (4, 1), ""),
        ((3, 1, 1), (1, 3), ""),
        ((40,), (1, 14), "each cell is the element of largest magnitude in a 1 × 3 block"),
        ((28, 28), (14, 14), "each cell is the element of largest magnitude in a 2 × 2 block"),
        ((2, 3, 3), (3, 7), ""),
        ((6, 3, 3), (3, 15), "4 of 6 side by side"),
        ((8, 1, 4, 4), (4, 19), "4 of 8 side by side"),
        ((8, 3, 4, 4), (4, 14), "the first of 8"),
        ((2, 3, 4, 5, 6), (5, 27), "the first of 6; 4 of 4 side by side"),
    ],
)
def test_shapes_of_heatmaps(shape, size, words):
    if shape == (2, 3, 4, 5, 6):
        words = "the first of 6"
    shown = heatmap(np.ones(shape), str)
    assert (len(shown.rows), len(shown.rows[0])) == size
    assert shown.words == words
    assert {cell for row in shown.rows for cell in row} <= {STEPS, GAP}


@pytest.mark.parametrize("array", [np.float64(3.0), np.zeros((0, 3)), np.zeros((1, 1))])
def test_no_heatmap_of_a_number_or_of_nothing(array):
    assert heatmap(array, str) is None


def test_what_is_not_finite_is_seen_even_in_a_large_array():
    a = np.zeros((100, 100))
    a[17, 80], a[50, 50], a[3, 3] = np.nan, -np.inf, -2.0
    shown = heatmap(a, str)
    flat = [cell for row in shown.rows for cell in row]
    assert flat.count(NOT_FINITE) == 2
    assert flat.count(-STEPS) == 1
    assert shown.scale == "±2.0"
    assert heatmap(np.full(3, np.nan), str).rows == ((NOT_FINITE,) * 3,)
    assert heatmap(np.array([True, False]), str).rows == ((STEPS, 0),)


def test_heatmaps_are_in_the_svg_once_per_cell_and_marked_besides_colour():
    x = Tensor([[-1.0, 0.0, 2.0], [np.nan, 1.0, -2.0]], name="x")
    drawing = draw(mg.exp(x))
    assert cells(drawing) == 12
    assert sum(p.get("d").count("M") for p in paths(drawing, "minus")) == 2
    assert sum(p.get("d").count("M") for p in paths(drawing, "nan")) == 4  # two strokes in each of two cells
    assert "±2" in texts(drawing)
    assert "black cells: nan or inf" in texts(drawing)
    assert not [e for e in ET.fromstring(drawing.svg).iter() if e.tag.rpartition("}")[2] in ("image", "a", "script")]
    assert cells(draw(mg.exp(x), heatmaps=False)) == 0


def test_a_gradient_has_a_heatmap_too():
    x = Tensor([1.0, -3.0], name="x")
    (x * x).sum().backward()
    leaf = draw(x).description.nodes[0]
    assert leaf.gradient_map == heatmap(x.grad, lambda v: f"{v:.0f}")
    assert cells(draw(x)) == 4
    assert cells(draw(x, gradients=False)) == cells(draw(x, values=False)) == 2


@pytest.mark.parametrize("suffix", ["png", "pdf"])
def test_heatmaps_in_other_formats(tmp_path, suffix):
    x = Tensor(np.arange(256.0).reshape(16, 16), name="x")
    sizes = []
    for shown in (False, True):
        draw(mg.exp(x * 0.01), heatmaps=shown).save(tmp_path / f"graph.{suffix}")
        sizes.append((tmp_path / f"graph.{suffix}").stat().st_size)
    assert sizes[1] > sizes[0]


# Downstream gradients


def test_rounding_noise_is_white_and_a_small_array_is_not():
    x = Tensor([0.1, 0.2, 0.3], name="x")
    left = (x + 0.2 - 0.2) - x
    assert 0 < np.abs(left.data).max() < 1e-16
    *_, noise = draw(left).description.nodes
    assert noise.value_map.rows == ((0, 0, 0),)
    assert noise.value_map.scale == "±0.30"
    *_, small = draw(x * 1e-20).description.nodes
    assert small.value_map.rows == ((3, 5, 8),)
    logits = Tensor(np.random.default_rng(0).normal(size=(4, 3)), name="logits")
    f = mg.sum(mg.softmax(logits * 1.1, 1) * 0.7)  # constant: the gradient cancels
    f.backward()
    assert 0 < np.abs(logits.grad).max() < 1e-15
    nodes = {n.title: n for n in draw(f).description.nodes}
    assert not any(map(any, nodes["logits"].gradient_map.rows))


def test_the_scale_is_that_of_the_whole_array_as_the_text_is():
    images = np.zeros((2, 2, 4, 4))
    images[0], images[1] = 0.5, -2.0
    (leaf,) = draw(Tensor(images, name="x")).description.nodes
    assert leaf.value[0] == "-2 … 0.50"
    assert leaf.value_map.scale == "±2"
    assert {level for row in leaf.value_map.rows for level in row} == {2, GAP}


def test_edges_of_other_operations_show_shape_and_norm_of_what_goes_downstream():
    w, x = Tensor([[0.1, 0.5], [-0.3, 0.8]], name="W"), Tensor([0.2, 0.4], name="x")
    q = w @ x
    f = mg.sum(q**2)
    f.backward()
    edges = {e.id: e for e in draw(f).description.edges}
    assert [(e.local, e.downstream) for e in edges.values() if e.head == "n2"] == [
        ((), ("(2, 2)", f"norm {np.linalg.norm(w.grad):.2f}")),
        ((), ("(2,)", f"norm {np.linalg.norm(x.grad):.2f}")),
    ]
    assert {"downstream", "(2, 2)", "norm 0.65"} <= set(texts(draw(f)))
    assert {tuple(c) for c in groups(draw(f), "edge").values()} == {("downstream",), ("local",), ()}


def test_nothing_is_invented_where_there_are_no_gradients():
    x = Tensor([1.0, 2.0], name="x")
    f = mg.sum(mg.softmax(x) * 2)
    assert not any(e.downstream for e in draw(f).description.edges)
    f.backward()
    assert not any(e.downstream for e in draw(f, gradients=False).description.edges)


def test_downstream_on_each_branch_adds_up_to_the_gradient():
    x = Tensor([1.0, 2.0, 3.0], name="x")
    f = mg.sum(x) * mg.prod(x)
    f.backward()
    drawing = draw(f, precision=".6f")
    titles = {n.id: n.title for n in drawing.description.nodes}
    norms = {titles[e.head]: e.downstream[1] for e in drawing.description.edges if e.downstream}
    by_sum, by_prod = np.full(3, 6.0), np.array([36.0, 18.0, 12.0])
    assert norms == {"sum": f"norm {np.linalg.norm(by_sum):.6f}", "prod": f"norm {np.linalg.norm(by_prod):.6f}"}
    np.testing.assert_allclose(x.grad, by_sum + by_prod)


def test_downstream_of_a_broadcast_is_summed_back():
    x = Tensor(np.ones((1, 3)), name="x")
    f = mg.sum(mg.matmul(np.ones((4, 2, 2)), mg.broadcast_to(x, (2, 3))))
    f.backward()
    shapes = {e.downstream[0] for e in draw(f).description.edges if e.downstream}
    assert shapes == {"(1, 3)", "(2, 3)", "(4, 2, 3)"}


def test_the_upstream_of_the_result_is_called_so():
    drawing = draw(circuit())
    assert [n.id for n in drawing.description.nodes if n.result] == ["n4"]
    assert texts(drawing).count("upstream") == 1


# Gradients that are computed for the picture


def test_backward_computes_gradients_and_leaves_none():
    x = Tensor([1.0, 4.0], name="x")
    f = mg.sum(mg.sqrt(x))
    shown = by_title(draw(f, backward=True))
    assert shown["x"].gradient == ("[0.50, 0.25]",)
    assert shown["sum"].gradient == ("1",)
    assert all(n.grad is None for n in [x, *topological_order(f)])
    f.backward(3.0)
    assert by_title(draw(f, backward=True))["x"].gradient == ("[1.50, 0.75]",)


# Names


def test_names_are_found_in_the_callers_variables():
    x, weights = Tensor(1.0), [Tensor(2.0), Tensor(3.0)]
    params = {"bias": Tensor(4.0), 3: Tensor(5.0)}
    given, _hidden, same, other = Tensor(6.0, name="given"), Tensor(7.0), x, "no tensor"
    q = x * weights[0] * weights[1] + params["bias"] + params[3] + given + _hidden
    drawing = draw(q * 2, names=locals())
    leaves = [n.title for n in drawing.description.nodes if n.kind == "leaf"]
    assert leaves == ["x", "weights[0]", "weights[1]", "params['bias']", "leaf 1", "given", "leaf 2"]
    assert [n.name for n in drawing.description.nodes if n.kind == "op"][-2:] == ["q", ""]
    assert {"weights[0]", "q"} <= set(texts(drawing))
    assert x.name is q.name is None
    assert same is x
    assert other


def test_names_that_are_hostile_are_text():
    x = Tensor(1.0)
    assert "<script>&\\" in texts(draw(x * 2, names={"<script>&\\": x}))


def test_names_in_lists_without_end():
    loop: list = [Tensor(1.0)]
    loop.append(loop)
    assert draw(loop[0] * 2, names={"loop": loop}).description.nodes[0].title == "loop[0]"


# Themes, accessibility, numbers


def test_a_picture_follows_its_page_and_is_light_on_paper(tmp_path):
    f = circuit()
    assert "@media screen and (prefers-color-scheme: dark)" in draw(f).svg
    assert all(color in draw(f).svg for color in (LIGHT.value, DARK.value))
    assert "<style>" not in draw(f, theme="light").svg
    dark = draw(f, theme="dark").svg
    assert DARK.page in dark
    assert not any(color in dark for color in LIGHT)
    draw(f).save(tmp_path / "graph.dot")
    assert LIGHT.page in (tmp_path / "graph.dot").read_text()


def luminance(color):
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("colors", [LIGHT, DARK])
def test_all_text_has_contrast(colors):
    for text in (colors.ink, colors.faint, colors.value, colors.gradient, colors.local):
        for ground in (colors.page, colors.cluster, colors.gate, colors.alarm):
            light, dark = sorted((luminance(text), luminance(ground)), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, ground)


def test_a_picture_has_a_title_and_is_described_in_words():
    root = ET.fromstring(draw(circuit()).svg)
    assert root.get("role") == "img"
    title, words = root[0], root[1]
    assert (title.tag, title.text) == (f"{SVG}title", "minigrad graph of multiply")
    assert words.tag == f"{SVG}desc"
    assert words.text == (
        "5 nodes, 4 edges; x: value -2, gradient -4; y: value 5, gradient -4; z: value -4, gradient 3; "
        "×: value -12, gradient 1"
    )


def test_a_format_holds_for_every_number():
    x = Tensor([0.5, 12.0], name="x")
    assert draw(x, precision=".1e").description.nodes[0].value == ("[5.0e-01, 1.2e+01]",)


def test_shapes_can_be_left_out():
    x = Tensor(np.ones((3, 4)), name="x")
    assert not any(n.detail for n in draw(x @ np.ones((4, 2)), shapes=False).description.nodes)
    assert "(3, 4) float64" in texts(draw(x))


# Where things are put, and what they are called


def test_a_leaf_stands_among_those_who_use_it():
    data, shared, own = Tensor([1.0], requires_grad=False, name="data"), Tensor(2.0, name="shared"), Tensor(3.0, name="own")
    with scope("net"):
        with scope("one"):
            y = data * shared * own
        with scope("two"):
            y = y + shared
    places = {n.title: n.scope for n in draw(y).description.nodes if n.kind != "op"}
    assert places == {"data": (), "shared": ("net",), "own": ("net", "one")}


def test_operations_have_their_public_names():
    x = Tensor(np.ones((2, 4, 6)))
    bias = Tensor(np.zeros(4))
    calls = {
        "batch_norm": mg.batch_norm(x, weight=bias, training=True),
        "layer_norm": mg.layer_norm(x, 6),
        "group_norm": mg.group_norm(x, 2),
        "instance_norm": mg.instance_norm(x),
        "conv1d": mg.conv1d(x, np.ones((1, 4, 3))),
        "conv_transpose1d": mg.conv_transpose1d(x, np.ones((4, 1, 3))),
        "max_pool1d": mg.max_pool1d(x, 2),
        "avg_pool2d": mg.avg_pool2d(x, 2),
        "cross_entropy": mg.cross_entropy(x, np.ones((2, 4, 6))),
        "linear": mg.linear(x, np.ones((3, 6))),
    }
    assert [draw(y).description.nodes[-1].title for y in calls.values()] == list(calls)
    assert "batch_norm eps=1e-05\nvalue" in "".join(map(str, titles(draw(calls["batch_norm"]))))


def test_every_heatmap_states_its_scale():
    x = Tensor(2.0, name="x")
    assert {"±3", "±6"} <= set(texts(draw(x * np.array([1.0, -3.0]))))
    images = draw(Tensor(np.ones((2, 3, 4, 4)), name="images") * 2)
    assert "stacks of arrays: the first one, at most 4 channels" in texts(images)


def test_negative_is_blue_and_positive_orange_in_all_pictures():
    for minus, plus in zip((shade(-STEPS), *PAGES["minus"]), (shade(STEPS), *PAGES["plus"]), strict=True):
        assert int(minus[5:], 16) > int(minus[1:3], 16)
        assert int(plus[5:], 16) < int(plus[1:3], 16)
    colors = variables("auto")
    assert colors.count("--minus:") == colors.count("--value:") == 2
    assert LIGHT.value in colors
    assert DARK.value in colors


def test_an_operation_is_told_its_arguments_alike_in_the_drawing_and_in_words():
    x = Tensor(np.ones((1, 1, 6, 6)), name="x")
    for y, told in (
        (mg.avg_pool2d(x, 2), "avg_pool2d kernel_size=2, stride=2"),
        (mg.max_pool2d(x, (3, 2), 1, dilation=2), "max_pool2d kernel_size=(3, 2), stride=1, dilation=2"),
        (mg.conv2d(x, np.ones((1, 1, 2, 2)), padding=1), "conv2d padding=1"),
        (x.astype(np.float32), "astype dtype=float32"),
    ):
        node = draw(y).description.nodes[-1]
        assert f"{node.title} {node.arguments}" == told
        words = steps(y, upstream=np.ones(y.shape))[1].computation
        assert words.startswith(f"{node.title}(")
        assert f"{node.arguments})" in words


def test_a_png_has_a_largest_size():
    y = Tensor(1.0, name="x")
    for _ in range(60):
        y = mg.tanh(y)
    image = png.png(draw(y, local_gradients=False, direction="LR").svg)
    assert int.from_bytes(image[16:20]) == pytest.approx(png.LARGEST, abs=1)  # the width in a PNG's header
