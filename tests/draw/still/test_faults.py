"""The picture of what led to an error: the place is marked, in words and by shape."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from drawings import groups, texts

import minigrad as mg
from minigrad import Tensor, detect_anomaly, draw, scope


def caught(function):
    """The error that a function raises."""
    with np.errstate(all="ignore"), pytest.raises((ValueError, TypeError, IndexError, FloatingPointError)) as info:
        function()
    return info.value


def marked(drawing):
    (node,) = [n for n in drawing.description.nodes if n.fault]
    assert groups(drawing, "node")[node.id] == ["op", "fault"]
    assert any(text.startswith("⚠") for text in texts(drawing))
    return node


def test_shapes_that_do_not_fit_are_drawn_with_what_led_there():
    x, w, b = Tensor(np.ones((2, 3)), name="x"), Tensor(np.ones((3, 4)), name="w"), Tensor(np.zeros(5), name="b")

    def layer():
        with scope("layer"):
            mg.relu(x @ w) + b

    drawing = draw(caught(layer))
    node = marked(drawing)
    assert node.title == "+"
    assert node.fault.startswith("add: shapes (2, 4) and (5,) do not broadcast")
    assert node.scope == ("layer",)
    assert repr(drawing) == "<minigrad graph of what failed in add: 6 nodes, 5 edges>"
    assert {"x", "w", "b", "relu", "@"} <= {n.title for n in drawing.description.nodes}
    assert [e.tail for e in drawing.description.edges if e.head == node.id] == ["n3", "n4"]
    assert "add: shapes (2, 4) and (5,) do not broadcast" in ET.fromstring(drawing.svg)[1].text
    assert any("do not broadcast" in text for text in texts(drawing))


@pytest.mark.parametrize(
    ("call", "title", "inputs"),
    [
        (lambda x, w: mg.conv2d(x, w), "conv2d", {"x", "w"}),
        (lambda x, w: mg.linear(x, w), "linear", {"x", "w"}),
        (lambda x, w: mg.mse_loss(x, w), "mse_loss", {"x", "w"}),
        (lambda x, w: mg.cross_entropy(x, [1, 2, 0]), "cross_entropy", {"x"}),
        (lambda x, w: x.reshape(5), "reshape", {"x"}),
        (lambda x, w: x[9], "getitem", {"x"}),
        (lambda x, w: x.softmax(5), "softmax", {"x"}),
        (lambda x, w: x.max(5), "max", {"x"}),
        (lambda x, w: x.norm(7, axis=(0, 1)), "norm", {"x"}),
        (lambda x, w: np.add(x, w), "+", {"x", "w"}),
        (lambda x, w: mg.concatenate([x, w]), "concatenate", {"x", "w"}),
    ],
)
def test_errors_of_any_function(call, title, inputs):
    x, w = Tensor(np.ones((2, 3)), name="x"), Tensor(np.ones((4, 5)), name="w")
    drawing = draw(caught(lambda: call(x, w)))
    node = marked(drawing)
    assert node.title == title
    assert {n.title for n in drawing.description.nodes if n.kind == "leaf"} == inputs


def test_the_first_nan_of_the_forward_is_shown_with_its_value():
    x = Tensor([1.0, 2.0, 0.5], name="x")

    def forward():
        with detect_anomaly(), scope("loss"):
            mg.log(x - 1).sum()

    node = marked(draw(caught(forward)))
    assert (node.title, node.value, node.detail) == ("log", ("[-inf, 0, nan]",), "(3,) float64")
    assert node.scope == ("loss",)
    assert "the value has 1 nan and 1 inf" in node.fault
    assert "recorded at test_faults.py" in node.fault


@pytest.mark.parametrize("options", [{}, {"retain_graph": False}, {"create_graph": True}])
def test_the_first_nan_of_the_backward_is_shown_with_the_gradients_up_to_there(options):
    x = Tensor([1.0, 2.0, 0.0], name="x")

    def backward():
        with detect_anomaly():
            (mg.sqrt(x) * 3).sum().backward(**options)

    drawing = draw(caught(backward))
    node = marked(drawing)
    assert node.title == "√"
    assert "has 1 inf" in node.fault
    if options.get("retain_graph", True):
        assert node.gradient == ("[3, 3, 3]",)
        assert [n.title for n in drawing.description.nodes] == ["x", "√", "3", "×", "sum"]
        assert drawing.description.nodes[0].gradient == ()
    else:
        assert [n.title for n in drawing.description.nodes] == ["x", "√"]
    assert x.grad is None


def test_what_led_to_an_error_can_be_named_and_opened():
    h = Tensor([1.0, 2.0])
    p = mg.softmax(h)
    drawing = draw(caught(lambda: p + Tensor(np.ones(3), name="b")), names={"h": h, "p": p}, expand=True)
    assert {"h", "b", "exp"} <= {n.title for n in drawing.description.nodes}
    assert "p" in {n.name for n in drawing.description.nodes}
    marked(drawing)


def test_an_error_behind_a_large_graph():
    y = Tensor(np.ones(2), name="x")
    for _ in range(1000):
        y = y * 0.5
    drawing = draw(caught(lambda: y + np.ones(3)))
    assert marked(drawing).title == "+"
    assert [n.title for n in drawing.description.nodes][:4] == ["x", "0.50", "×", "multiply\n× 998"]


def test_a_hostile_message_is_text():
    x = Tensor(np.ones(2), name="<b>x</b>\x00")
    error = caught(lambda: x.reshape("</text><script>\n\x00😀" * 100))
    drawing = draw(error)
    ET.fromstring(drawing.svg)
    assert marked(drawing).title == "reshape"


def test_an_exception_without_a_trace_is_refused():
    with pytest.raises(ValueError, match="the ZeroDivisionError does not come from an operation on tensors"):
        draw(caught_division())
    with pytest.raises(ValueError, match="does not come from an operation"):
        draw(ValueError("never raised"))


def caught_division():
    try:
        1 / 0  # noqa: B018
    except ZeroDivisionError as error:
        return error
