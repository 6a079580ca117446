"""Two results compared: what differs in value or gradient is marked, and what does not match in structure is said."""

from __future__ import annotations

import numpy as np
import pytest
from drawings import by_title, texts

import minigrad as mg
from minigrad import Tensor, draw, nn, scope


def circuit(x=-2.0, z=-4.0, swept=True):
    f = (Tensor(x, name="x") + Tensor(5.0, name="y")) * Tensor(z, name="z")
    if swept:
        f.backward()
    return f


def test_what_differs_is_marked_and_by_how_much():
    drawing = draw(circuit(), against=circuit(x=-1.0))
    marked = {title: node.differs for title, node in by_title(drawing).items() if node.differs}
    assert marked == {
        "x": ("≠ value -1 there, by 1",),
        "+": ("≠ value 4 there, by 1",),
        "z": ("≠ gradient 4 there, by 1",),
        "×": ("≠ value -16 there, by 4",),
    }
    assert drawing.description.notes[0] == "≠ marks what differs: 3 of 5 values and 1 of 5 gradients"
    assert "≠ value -16 there, by 4" in texts(drawing)
    assert "≠ value -16 there, by 4" in by_title(drawing)["×"].tooltip


def test_equal_results_and_rounding_are_not_marked():
    def network(noise):
        rng = np.random.default_rng(0)
        layer = nn.Linear(8, 8, rng=rng)
        f = mg.sum(mg.tanh(layer(rng.normal(size=(4, 8)).astype(np.float32) * np.float32(1 + noise))))
        f.backward()
        return f

    for noise, differ in ((0.0, False), (1e-7, False), (1e-3, True)):
        drawing = draw(network(0.0), against=network(noise))
        assert any(n.differs for n in drawing.description.nodes) == differ


def test_before_and_after_a_step():
    rng = np.random.default_rng(0)
    model, x = nn.Sequential(nn.Linear(3, 4, rng=rng), nn.Tanh(), nn.Linear(4, 1, rng=rng)), rng.normal(size=(5, 3))
    before = mg.mean(model(x) ** 2)
    before.backward()
    twin = nn.Sequential(nn.Linear(3, 4, rng=rng), nn.Tanh(), nn.Linear(4, 1, rng=rng))
    twin.load_state_dict(model.state_dict())
    optimizer = mg.optim.SGD(twin.parameters(), lr=0.1)
    mg.mean(twin(x) ** 2).backward()
    optimizer.step()
    after = mg.mean(twin(x) ** 2)
    drawing = draw(after, against=before, backward=True)
    titles = [n.title for n in drawing.description.nodes if n.kind == "leaf"]
    assert [n.title for n in drawing.description.nodes if n.kind == "leaf" and n.differs] == titles
    boxes = [n for n in draw(after, against=before, depth=0).description.nodes if n.kind == "scope"]
    assert boxes
    assert all("inside" in n.differs[0] for n in boxes)


def test_a_gradient_that_only_one_has_is_told():
    drawing = draw(circuit(), against=circuit(swept=False))
    assert by_title(drawing)["x"].differs == ("≠ gradient only here",)
    drawing = draw(circuit(swept=False), against=circuit())
    assert by_title(drawing)["x"].differs == ("≠ gradient only there",)
    assert not any(n.differs for n in draw(circuit(swept=False), against=circuit(), backward=True).description.nodes)


@pytest.mark.parametrize(
    ("mine", "theirs", "told"),
    [
        (lambda x: mg.tanh(x) * 2, lambda x: mg.relu(x) * 2, "tanh is tanh here, relu there"),
        (lambda x: x[:2] * 2, lambda x: x[:1] * 2, "multiply has shape (2,) here, (1,) there"),
        (lambda x: mg.stack([x, x]), lambda x: mg.stack([x, x, x]), "stack has 2 inputs here, 3 there"),
        (lambda x: x * x, lambda x: x * Tensor([1.0, 2.0, 3.0]), "x is one tensor here and more than one there"),
        (lambda x: x * 2, lambda x: mg.exp(x) * 2, "x is a leaf here, exp there"),
    ],
)
def test_a_different_structure_is_said(mine, theirs, told):
    drawing = draw(mine(Tensor([1.0, 2.0, 3.0], name="x")), against=theirs(Tensor([1.0, 2.0, 3.0], name="x")))
    assert f"the structure differs: {told}" in drawing.description.notes


def test_constants_nan_and_arrays():
    x = Tensor([1.0, 2.0, np.nan], name="x")
    y = Tensor([1.0, np.inf, np.nan], name="x")
    drawing = draw(x * 2.0, against=y * 3.0)
    nodes = by_title(drawing)
    assert nodes["x"].differs == ("≠ value: 1 of 3 elements are not finite in one of the two",)
    assert "≠ input 2 3 there, by 1" in nodes["×"].differs
    flags = draw(
        Tensor([1.0, 2.0], name="a") * Tensor([True, False], name="b"), against=Tensor([1.0, 4.0]) * Tensor([1.0, 1.0])
    )
    assert by_title(flags)["a"].differs == ("≠ value by up to 2",)


def test_boxes_count_what_differs_inside():
    def f(w):
        x = Tensor(1.0, name="x")
        with scope("layer"):
            return mg.tanh(x * Tensor(w, name="w")) * 1.0

    box = next(n for n in draw(f(1.0), against=f(2.0), depth=0).description.nodes if n.kind == "scope")
    assert box.differs == ("≠ 4 inside",)


def test_arguments_are_checked():
    with pytest.raises(TypeError, match="draw: against compares two tensors, got float"):
        draw(circuit(), against=3.0)
    g = circuit(swept=False)
    g.backward(retain_graph=False)
    with pytest.raises(RuntimeError, match="draw: the graph of against was freed"):
        draw(circuit(), against=g)
