"""Pictures of networks: numbers of boxes and wires, steps in time, shared leaves, sums, units, sweeps."""

from __future__ import annotations

from itertools import groupby

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, draw, nn, scope
from minigrad.draw.measures import norm


def node(drawing, title):
    (found,) = [n for n in drawing.description.nodes if n.title == title]
    return found


def assert_acyclic(drawing):
    """Boxes, and the frames around nodes, can be put in an order in which every wire runs forward."""
    nodes = {n.id: n for n in drawing.description.nodes}
    paths = {n.scope[:depth] for n in nodes.values() for depth in range(len(n.scope) + 1)}
    for parent in paths:
        depth = len(parent)
        after: dict = {}
        for e in drawing.description.edges:
            ends = [nodes[e.tail], nodes[e.head]]
            if all(n.scope[:depth] == parent for n in ends):
                a, b = (n.scope[: depth + 1] if len(n.scope) > depth else n.id for n in ends)
                if a != b:
                    after.setdefault(a, set()).add(b)
        while after:
            waiting = set().union(*after.values())
            ready = after.keys() - waiting
            assert ready, f"a circle in {parent}: {after}"
            for one in ready:
                del after[one]


class Recurrent(nn.Module):
    def __init__(self, rng):
        self.cell, self.head = nn.LSTMCell(3, 4, rng=rng), nn.Linear(4, 1, rng=rng)

    def forward(self, x):
        h = c = np.zeros((2, 4), np.float32)
        total = 0.0
        for step in x:
            h, c = self.cell(step, (h, c))
            total = total + mg.mean(self.head(h) ** 2)
        return total


def unrolled(steps=10):
    rng = np.random.default_rng(0)
    f = Recurrent(rng)(rng.normal(size=(steps, 2, 3)).astype(np.float32))
    f.backward()
    return f


def sigmoids(layers):
    rng = np.random.default_rng(0)
    parts = [part for _ in range(layers) for part in (nn.Linear(16, 16, rng=rng), nn.Sigmoid())]
    f = mg.mean(nn.Sequential(*parts)(rng.normal(size=(8, 16)).astype(np.float32)))
    f.backward()
    return f


def neurons(hidden, inputs=2):
    """A network with one hidden layer, written as single numbers."""
    rng = np.random.default_rng(0)
    x = [Tensor(v, name=f"x{i}") for i, v in enumerate(rng.normal(size=inputs))]
    units = [mg.tanh(sum([Tensor(rng.normal()) * v for v in x], start=Tensor(0.1))) for _ in range(hidden)]
    f = sum([Tensor(rng.normal()) * unit for unit in units], start=Tensor(0.0, name="b"))
    f.backward()
    return f


# Boxes and wires


def test_a_box_tells_its_parameters_and_the_norms_of_what_leaves_it():
    rng = np.random.default_rng(0)
    layer = nn.Linear(3, 5, rng=rng)
    x = Tensor(rng.normal(size=(2, 3)).astype(np.float32), requires_grad=False, name="x")
    with scope("layer"):
        h = mg.relu(layer(x))
    f = mg.sum(h)
    f.backward()
    drawing = draw(f, depth=0)
    box = node(drawing, "layer")
    assert box.detail == "2 operations, 20 parameters"
    assert box.value == ("(2, 5)", f"norm {np.linalg.norm(h.data):.2f}")
    assert box.gradient == (f"norm {np.sqrt(10):.2f}", "0 % zeros")
    (wire,) = [e for e in drawing.description.edges if e.tail == box.id]
    assert wire.downstream == ("(2, 5)", f"norm {np.sqrt(10):.2f}")
    assert not node(draw(f, depth=0, gradients=False, values=False), "layer").value
    assert not node(draw(mg.sum(layer(x)), depth=0), "Linear").gradient  # none yet


def test_zero_gradients_are_counted():
    x = Tensor([-1.0, 2.0, -3.0, -4.0], name="x")
    with scope("layer"):
        h = x * 1.0
    f = mg.sum(mg.relu(h))
    f.backward()
    assert node(draw(f, depth=0), "layer").gradient == ("norm 1", "75 % zeros")


def test_a_wire_carries_only_its_own_part_of_a_gradient():
    x = Tensor([1.0, 2.0], name="x")
    with scope("first"):
        h = x * 1.0
    with scope("second"):
        k = h * 3.0
    f = mg.sum(h * 4.0 + k)
    f.backward()
    drawing = draw(f, depth=0)
    box, ids = node(drawing, "first"), {n.id: n.title for n in drawing.description.nodes}
    wires = {ids[e.head]: e.downstream for e in drawing.description.edges if e.tail == box.id}
    assert wires == {"second": ("(2,)", f"norm {norm([[3.0, 3.0]]):.2f}"), "×": ("(2,)", f"norm {norm([[4.0, 4.0]]):.2f}")}
    assert np.allclose(h.grad, 7)


def test_a_vanishing_gradient_is_seen_in_the_widths():
    drawing = draw(sigmoids(24), max_nodes=60)
    widths = [e.width for e in drawing.description.edges if e.downstream[1:]]
    assert len(widths) == 48
    assert widths[-1] > 4
    assert widths[0] < 1
    assert np.all(np.diff(widths[::2]) > 0)
    assert any("logarithmic scale" in note for note in drawing.description.notes)
    assert "logarithmic scale" in drawing.dot
    assert "penwidth=0.60" in drawing.dot


def test_nan_and_zero_gradients_have_a_width():
    x = Tensor([1.0, 2.0], name="x")
    with scope("a"):
        h = x * 0.0
    with scope("b"):
        k = h * np.nan
    f = mg.sum(k) + mg.sum(h * 0.0)
    f.backward()
    widths = [e.width for e in draw(f, depth=0).description.edges]
    assert all(0 < w < 10 for w in widths)


# Time


def test_a_scope_that_is_entered_again_is_another_box():
    f = unrolled()
    drawing = draw(f, collapse="cell")
    titles = [n.title for n in drawing.description.nodes if n.kind == "scope"]
    assert titles == [f"cell, step {k}" for k in range(1, 11)]
    assert_acyclic(drawing)
    assert_acyclic(draw(f))
    assert {n.detail for n in drawing.description.nodes if n.kind == "scope"} == {"17 operations, 144 parameters"}
    assert [n.title for n in draw(f, collapse="cell, step 2").description.nodes if n.kind == "scope"] == ["cell, step 2"]


def lstm(steps):
    """An LSTM cell over so many steps, in no other scope."""
    rng = np.random.default_rng(0)
    cell, state = nn.LSTMCell(3, 4, rng=rng), None
    for x in rng.normal(size=(steps, 2, 3)).astype(np.float32):
        state = cell(x, state)
    f = mg.sum(state[0])
    f.backward()
    return f


def test_of_equal_steps_the_first_and_last_are_drawn_and_a_box_counts_the_others():
    drawing = draw(lstm(10))
    boxes = [n for n in drawing.description.nodes if n.kind == "scope"]
    assert [n.title for n in boxes] == ["LSTMCell\n× 8"]
    assert boxes[0].detail.startswith("LSTMCell, step 2 … LSTMCell, step 9\n136 operations\n")
    opened = [n.scope for n in drawing.description.nodes if n.kind == "op" and n.scope]
    assert [scope for scope, _ in groupby(opened)] == [("LSTMCell, step 1",), ("LSTMCell, step 10",)]
    assert opened.count(("LSTMCell, step 10",)) == 17
    assert_acyclic(drawing)
    # Shared weights are stubs at the box too.
    stubs = {n.id: n.title for n in drawing.description.nodes if n.stub_of}
    box_uses = [stubs[e.tail] for e in drawing.description.edges if e.head == boxes[0].id and e.tail in stubs]
    assert sorted(box_uses) == ["bias_hh", "bias_ih", "weight_hh", "weight_ih"]
    closed = draw(lstm(10), max_nodes=20)
    assert [n.title for n in closed.description.nodes if n.kind == "scope"] == [
        "LSTMCell, step 1", "LSTMCell\n× 8", "LSTMCell, step 10",
    ]  # fmt: skip
    assert not any(n.stub_of for n in closed.description.nodes)  # the weights are in the boxes
    assert not [n for n in draw(lstm(10), max_nodes=1000).description.nodes if n.kind == "scope"]


def test_cells_and_what_lies_between_them_roll_up_outside_scopes():
    rng = np.random.default_rng(0)
    cell, h = nn.RNNCell(3, 4, rng=rng), np.zeros((2, 4), np.float32)
    for _ in range(12):
        h = cell(rng.normal(size=(2, 3)).astype(np.float32), h) * 0.5
    f = mg.sum(h)
    f.backward()
    drawing = draw(f, max_nodes=30)
    titles = [n.title for n in drawing.description.nodes if n.kind == "scope" or n.title == "×"]
    assert titles == ["RNNCell, step 1", "×", "RNNCell → multiply\n× 10", "RNNCell, step 12", "×"]
    assert_acyclic(drawing)
    sizes = [float(n.gradient[0].split()[-1]) for n in drawing.description.nodes if n.kind == "scope"]
    assert sizes == sorted(sizes)  # the gradient vanishes on its way back
    assert sizes[-1] == pytest.approx(np.sqrt(8) / 2, abs=0.01)
    small = draw(f, max_nodes=15)
    assert [n.title for n in small.description.nodes if n.kind == "scope"] == ["RNNCell → multiply\n× 12"]
    assert_acyclic(small)


def test_scopes_entered_side_by_side_stay_one_box():
    x = Tensor(1.0, name="x")
    units = []
    for k in range(6):
        with scope("layer"):
            units.append(mg.tanh(x * k))
    assert [n.title for n in draw(mg.stack(units), collapse="layer").description.nodes if n.kind == "scope"] == ["layer"]


def test_a_network_used_twice_in_a_row_has_its_steps_inside():
    rng = np.random.default_rng(0)
    net = nn.Sequential(nn.Linear(3, 3, rng=rng), nn.Tanh())
    drawing = draw(mg.sum(net(net(np.ones((1, 3), np.float32)))))
    assert {n.scope[0] for n in drawing.description.nodes if n.scope} == {"Sequential, step 1", "Sequential, step 2"}
    assert_acyclic(drawing)


def test_an_operation_expanded_twice_in_a_row_has_two_frames():
    f = mg.sum(mg.softmax(mg.softmax(Tensor([1.0, 2.0, 3.0], name="x"), 0), 0))
    drawing = draw(f, expand="softmax")
    assert {n.scope for n in drawing.description.nodes if n.scope} == {("softmax, step 1",), ("softmax, step 2",)}
    assert_acyclic(drawing)


@pytest.mark.parametrize("max_nodes", [1, 5, 20, 60, 150])
def test_no_size_of_picture_runs_in_a_circle(max_nodes):
    for f in (unrolled(), neurons(20), sigmoids(6)):
        drawing = draw(f, max_nodes=max_nodes)
        assert_acyclic(drawing)
        assert len(drawing.description.nodes) <= max(max_nodes, 3)


# Leaves and sums


def test_a_leaf_used_often_is_a_stub_at_each_use():
    x, w = Tensor([1.0, 2.0], name="x"), Tensor([3.0, 4.0], name="w")
    y = x
    for _ in range(7):
        y = mg.tanh(y * w)
    f = mg.sum(y)
    f.backward()
    nodes = draw(f).description.nodes
    full, *stubs = [n for n in nodes if n.title == "w"]
    assert full.kind == "leaf"
    assert full.gradient
    assert full.detail.endswith("used 7 times")
    assert [n.stub_of for n in stubs] == [full.id] * 6
    assert not any(n.value or n.gradient for n in stubs)
    y = x
    for _ in range(5):
        y = mg.tanh(y * w)
    assert not any(n.stub_of for n in draw(mg.sum(y)).description.nodes)
    square = draw(w * w)
    assert len(square.description.nodes) == 2


def test_shared_leaves_without_a_name_get_one():
    a, b = Tensor(1.0), Tensor(2.0)
    y = a
    for _ in range(8):
        y = mg.tanh(y * a + b)
    titles = {n.title for n in draw(y).description.nodes if n.stub_of}
    assert len(titles) == 2


def test_a_long_sum_is_one_gate():
    terms = [Tensor(float(k), name=f"t{k}") for k in range(61)]
    f = sum(terms[1:], start=terms[0])
    f.backward()
    drawing = draw(f)
    assert [n.title for n in drawing.description.nodes if n.kind == "op"] == ["Σ × 61"]
    edges = drawing.description.edges
    assert [e.local for e in edges] == [("1",)] * 61
    tails = [next(n.title for n in drawing.description.nodes if n.id == e.tail) for e in edges]
    assert tails == [f"t{k}" for k in range(61)]
    for opened in (True, "add", [f]):
        assert [n.title for n in draw(f, expand=opened).description.nodes if n.kind == "op"] == ["+"] * 60
    assert not any("Σ" in n.title for n in draw(sum(terms[1:7], start=terms[0])).description.nodes)


def test_a_named_or_shared_part_of_a_sum_stays():
    terms = [Tensor(1.0) for _ in range(20)]
    half = sum(terms[1:10], start=terms[0])
    f = sum(terms[10:], start=half) * half
    assert [n.title for n in draw(f).description.nodes if n.kind == "op"] == ["Σ × 10", "Σ × 11", "×"]
    half.name = "half"
    assert [n.name for n in draw(half + terms[10]).description.nodes if n.kind == "op"] == ["half", ""]


def test_sums_from_the_right_and_of_sums():
    terms = [Tensor(1.0, name=f"t{k}") for k in range(12)]
    right = terms[-1]
    for x in reversed(terms[:-1]):
        right = x + right
    both = sum(terms[1:6], start=terms[0]) + sum(terms[7:], start=terms[6])
    for f in (right, both):
        drawing = draw(f)
        assert [n.title for n in drawing.description.nodes if n.kind == "op"] == ["Σ × 12"]
        assert [n.title for n in drawing.description.nodes if n.kind == "leaf"] == [f"t{k}" for k in range(12)]


# Single numbers


@pytest.mark.parametrize("hidden", [62, 100])
def test_units_written_as_single_numbers_are_one_box_for_each_layer(hidden):
    drawing = draw(neurons(hidden))
    titles = [n.title for n in drawing.description.nodes if n.kind in ("scope", "op")]
    assert titles == [f"multiply\n× {hidden}", f"Σ × {hidden + 1}"]
    box = node(drawing, f"multiply\n× {hidden}")
    assert box.value[0] == f"{hidden} scalars"
    assert f"{hidden} tanh" in box.detail
    assert_acyclic(drawing)


# Whether it adds up


def test_the_gradients_of_several_sweeps_are_told():
    x = Tensor(3.0, name="x")
    f = x * 2
    f.backward()
    assert not draw(f).description.notes
    f.backward()
    (note,) = draw(f).description.notes
    assert note.startswith("gradients of 2 sweeps")
    assert note in draw(f).description.words
    assert "gradients of 2 sweeps" in draw(f).dot
    f.grad = x.grad = None
    f.backward()
    assert not draw(f).description.notes


def test_a_gradient_from_elsewhere_is_told():
    x, w = Tensor([3.0, 1.0], name="x"), Tensor([2.0, 1.0], name="w")
    mg.sum(w * 5).backward()
    f = mg.sum(x * w)
    f.backward()
    (note,) = draw(f).description.notes
    assert note.startswith("the gradient of w is not the sum of what arrives here")
    g = mg.sum(x * w)
    draw(g, backward=True)
    assert not draw(g, backward=True).description.notes


def test_correct_gradients_are_not_doubted():
    for f in (unrolled(3), sigmoids(3), neurons(9)):
        assert not [note for note in draw(f).description.notes if "gradient of" in note and "sum of" in note]


def test_an_input_is_drawn_outside_the_frame_of_its_layer_and_parameters_inside():
    rng = np.random.default_rng(0)
    cell = nn.LSTMCell(3, 4)
    x, h, c = (Tensor(rng.normal(size=(2, n)), name=name) for n, name in ((3, "x"), (4, "h"), (4, "c")))
    for f in (cell(x, (h, c))[0], mg.tanh(nn.Linear(3, 2)(x)), nn.LayerNorm(3)(x), nn.Residual(nn.Tanh())(x)):
        mg.sum(f).backward()
        leaves = {n.title: n.scope for n in draw(f).description.nodes if n.kind == "leaf"}
        assert {scope for name, scope in leaves.items() if name in ("x", "h", "c")} == {()}
        assert all(scope for name, scope in leaves.items() if name not in ("x", "h", "c"))
        assert "x" in [n.title for n in draw(f, depth=0).description.nodes]  # outside its box too
    with mg.scope("layer"):
        f = mg.linear(x, Tensor(rng.normal(size=(2, 3)), name="W"), Tensor(rng.normal(size=2), name="b"))
    assert [(n.title, n.scope) for n in draw(f).description.nodes if n.kind == "leaf"] == [
        ("x", ()), ("W", ("layer",)), ("b", ("layer",)),
    ]  # fmt: skip
    plain = draw(nn.Linear(3, 2)(rng.normal(size=(5, 3)))).description.nodes
    assert [n.scope for n in plain if n.kind == "constant"] == [()]
