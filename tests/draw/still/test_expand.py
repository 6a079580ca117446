"""Fused operations drawn opened: the primitives give the same numbers, and the drawing shows them."""

from __future__ import annotations

import numpy as np
import pytest
from drawings import by_title, groups, texts
from samples_networks import SAMPLES

import minigrad as mg
from minigrad import Tensor, draw, no_grad, scope
from minigrad.backward import downstream, sweep
from minigrad.draw.names import operation
from minigrad.draw.still.expand import EXPANSIONS, expand
from minigrad.draw.still.view import View
from minigrad.graph import topological_order


def sigmoid_circuit():
    w0, x0, w1, x1, w2 = (
        Tensor(v, name=n) for n, v in (("w0", 2.0), ("x0", -1.0), ("w1", -3.0), ("x1", -2.0), ("w2", -3.0))
    )
    f = mg.sigmoid(w0 * x0 + w1 * x1 + w2)
    f.name = "f"
    return f


def test_the_sigmoid_gate_closed_and_open():
    f = sigmoid_circuit()
    closed = draw(f, backward=True, precision=4)
    (gate,) = [n for n in closed.description.nodes if n.title == "sigmoid"]
    (edge,) = [e for e in closed.description.edges if e.head == gate.id]
    assert edge.local == ("0.1966",)
    opened = draw(f, backward=True, expand="sigmoid")
    inside = [n for n in opened.description.nodes if n.scope == ("sigmoid",) and n.kind == "op"]
    assert [n.title for n in inside] == ["−x", "exp", "+", "1/x"]
    assert [n.gradient[0] for n in reversed(inside)] == ["1", "-0.53", "-0.53", "-0.20"]
    assert [n.gradient for n in opened.description.nodes if n.title == "+" and not n.scope] == [("0.20",)] * 2
    assert inside[-1].name == "f"
    assert inside[-1].result
    assert groups(opened, "cluster") == {"s0": ["scope"]}
    assert f.grad is None
    for name in ("w0", "x0", "w1", "x1", "w2"):
        assert by_title(opened)[name].gradient == by_title(draw(f, backward=True))[name].gradient


def cases():
    """Every sample of an operation that can be opened, down to those that functions of several operations use."""
    for name, samples in SAMPLES.items():
        for i, sample in enumerate(samples):
            leaves = [Tensor(x) if isinstance(x, np.ndarray | np.generic) else x for x in sample.inputs]
            y = sample.call(mg, *leaves)
            if isinstance(y, Tensor) and any(node.op in EXPANSIONS for node in topological_order(y)):
                yield pytest.param(y, id=f"{name}-{i}")


@pytest.mark.parametrize("y", [*cases()])
def test_opened_operations_have_the_values_and_gradients_of_closed_ones(y):
    upstream = np.random.default_rng(5).normal(size=y.shape)
    order = topological_order(y)
    view = View(y, order, known=sweep(y, upstream))
    expected = sweep(y, upstream)
    expand(view, True)
    assert not view.notes
    assert view.clusters
    root = view.drawn(y)
    np.testing.assert_allclose(root.value, y.value, rtol=1e-10, atol=1e-12)
    # The opened graph, swept once more as one: each edge leads to what is drawn for the input.
    found = {root: upstream}
    for node in reversed(view.order):
        np.testing.assert_allclose(view.gradient(node), found[node], rtol=1e-9, atol=1e-12)
        for i, x, v in view.inputs(node):
            if x is not None and x.requires_grad:
                d = downstream(node, i, found[node])
                assert np.shape(d) == np.shape(v)
                found[x] = found.get(x, 0) + d
    for x, g in expected.items():
        if x.op is None:
            np.testing.assert_allclose(found[x], g, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_every_operation_is_drawn_closed_and_open(dtype):
    for name, samples in SAMPLES.items():
        for sample in samples:
            leaves = [Tensor(x.astype(dtype)) if isinstance(x, np.ndarray | np.generic) else x for x in sample.inputs]
            y = sample.call(mg, *leaves)
            y = y[0] if isinstance(y, list) else y
            f = mg.sum(y) if getattr(y, "requires_grad", False) else Tensor(y)
            for options in ({}, {"expand": True, "direction": "TB"}):
                drawing = draw(f, backward=f.requires_grad, **options)
                assert all(f"\t{n.id} [" in drawing.dot for n in drawing.description.nodes), name
                assert all(f'id="{e.id}"' in drawing.dot for e in drawing.description.edges), name
                assert not any("not expanded" in n.tooltip for n in drawing.description.nodes), name


def test_every_opening_is_reached():
    reached = set()
    for case in cases():
        reached |= {node.op for node in topological_order(case.values[0])}
    assert set(EXPANSIONS) <= reached


def test_every_opening_is_simpler():
    for case in cases():
        view = View.of(case.values[0])
        before = {operation(node) for node in view.order if node.op in EXPANSIONS}
        expand(view, True)
        assert not before & {operation(node) for node in view.order}


def test_a_convolution_opened():
    x, w, b = Tensor(np.ones((1, 2, 5, 5)), name="x"), Tensor(np.ones((3, 2, 3, 3)), name="w"), Tensor(np.zeros(3), name="b")
    drawing = draw(mg.conv2d(x, w, b, stride=2, padding=1).sum(), backward=True, expand=["conv2d"])
    inside = [n.title for n in drawing.description.nodes if n.scope == ("conv2d",) and n.kind == "op"]
    assert sorted(inside) == sorted(["pad", "unfold", "reshape", "@", "reshape", "reshape", "+"])
    assert {"x", "w", "b"} <= set(texts(drawing))
    assert len(groups(drawing, "node")) == len(drawing.description.nodes)
    assert len(groups(drawing, "edge")) == len(drawing.description.edges)


def test_data_stays_in_the_picture_of_an_opened_operation():
    images = Tensor(np.ones((1, 1, 4, 4)), requires_grad=False, name="images")
    w = Tensor(np.ones((1, 1, 3, 3)), name="w")
    shown = draw(mg.conv2d(images, w), expand=True).description
    ids = {n.title: n.id for n in shown.nodes}
    assert (ids["images"], ids["unfold"]) in {(e.tail, e.head) for e in shown.edges}
    plain = draw(mg.conv2d(np.ones((1, 1, 4, 4)), w), expand=True).description
    assert [n.kind for n in plain.nodes if n.title == "all 1"] == ["constant"]


def test_one_of_several_gates_is_opened():
    x = Tensor([0.5, 1.0])
    with scope("net"):
        first = mg.softmax(x)
        second = mg.softmax(first)
    drawing = draw(second, expand=first)
    assert {n.scope for n in drawing.description.nodes if n.kind == "op"} == {("net", "softmax"), ("net",)}
    assert [n.title for n in drawing.description.nodes].count("softmax") == 1
    with no_grad():
        assert draw(second, expand=[first, second]).description.nodes == draw(second, expand="softmax").description.nodes


def test_without_gradients_none_are_shown_inside():
    drawing = draw(mg.softmax(Tensor([0.5, 1.0])), expand=True)
    assert not any(n.gradient or n.gradient_map for n in drawing.description.nodes)


def test_what_primitives_cannot_compute_stays_closed():
    x = Tensor([-1000.0, 1.0], name="x")
    drawing = draw(mg.sigmoid(x).sum(), backward=True, expand=True)
    (gate,) = [n for n in drawing.description.nodes if n.title == "sigmoid"]
    assert gate.gradient == ("[1, 1]",)
    assert "not expanded: its primitives would not give the same numbers here" in gate.tooltip


def test_opening_changes_nothing():
    f = mg.cross_entropy(mg.linear(Tensor(np.ones((2, 3))), Tensor(np.ones((4, 3)))), [1, 2])
    before = [(n, n.op, n.inputs, n.value, n.grad, n.name, n.static) for n in topological_order(f)]
    draw(f, backward=True, expand=True).svg  # noqa: B018
    after = [(n, n.op, n.inputs, n.value, n.grad, n.name, n.static) for n in topological_order(f)]
    assert all(a is b for old, new in zip(before, after, strict=True) for a, b in zip(old, new, strict=True))
