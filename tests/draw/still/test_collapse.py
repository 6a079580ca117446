"""Pictures of large graphs: what becomes a box, and what the box says."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from drawings import groups, texts

import minigrad as mg
from minigrad import Tensor, draw, scope


def chain(length, x):
    y = x
    for _ in range(length):
        y = y * 0.999
    return y


def boxes(drawing):
    return [(n.title, n.detail) for n in drawing.description.nodes if n.kind == "scope"]


def wires(drawing):
    nodes = {n.id: n for n in drawing.description.nodes}
    return [(nodes[e.tail].title, nodes[e.head].title) for e in drawing.description.edges]


def test_a_chain_of_the_same_operation_is_one_box_with_a_count():
    drawing = draw(chain(400, Tensor(1.0, name="x")))
    assert boxes(drawing) == [("multiply\n× 397", "397 operations")]
    assert [(a, b) for a, b in wires(drawing) if a != "1.00"] == [
        ("x", "×"), ("×", "multiply\n× 397"), ("multiply\n× 397", "×"), ("×", "×"),
    ]  # fmt: skip
    assert "× 397" in texts(drawing)
    assert len(draw(chain(40, Tensor(1.0)), max_nodes=81).description.nodes) == 81
    assert len(draw(chain(40, Tensor(1.0)), max_nodes=80).description.nodes) == 8
    assert [n.title for n in draw(chain(400, Tensor(1.0, name="x")), max_nodes=4).description.nodes if n.kind != "constant"] == [
        "x", "multiply\n× 399", "×",
    ]  # fmt: skip


def test_a_pattern_is_found_between_what_does_not_repeat():
    x = Tensor(np.ones(3), name="x")
    y = mg.exp(x)
    for _ in range(50):
        y = mg.tanh(y * 2.0 + 1.0)
    drawing = draw(mg.sum(mg.log(y)), max_nodes=30)
    ((title, detail),) = boxes(drawing)
    assert title == "multiply → add → tanh\n× 48"
    assert detail == "144 operations\n48 multiply\n48 add\n48 tanh"
    cell = ["×", "+", "tanh"]
    assert [n.title for n in drawing.description.nodes if n.kind == "op"] == ["exp", *cell, *cell, "log", "sum"]


def test_a_large_graph_without_a_pattern_is_summed_up():
    rng = np.random.default_rng(0)
    values = [Tensor(float(v), name="x" if i == 0 else None) for i, v in enumerate(rng.normal(size=40))]
    for _ in range(2000):
        a, b = rng.integers(len(values), size=2)
        values.append(
            [
                lambda a=a, b=b: values[a] * values[b],
                lambda a=a: mg.tanh(values[a]),
                lambda a=a, b=b: values[-1] + values[b],
            ][rng.integers(3)]()
        )
    f = (sum(values[-200:]) + values[0]) * 2
    drawing = draw(f)
    ((title, detail),) = boxes(drawing)
    assert title == "operations"
    first, *kinds = detail.split("\n")
    total = int(first.split()[0].replace(",", ""))
    assert sum(int(line.split()[0]) for line in kinds[:-1]) == total
    assert {line.split()[1] for line in kinds[:-1]} == {"add", "multiply", "tanh"}
    assert kinds[-1].startswith("most often add → add: ")
    assert [n.title for n in drawing.description.nodes if n.kind != "scope"] == ["x", "2", "×"]


def test_a_large_graph_is_collapsed_by_scope():
    x, w = Tensor(1.0, name="x"), Tensor(2.0, name="w")
    y = x
    for i in range(3):
        with scope(f"block{i}"):
            y = chain(200, y) * w
    f = y + x
    f.backward()
    drawing = draw(f)
    assert boxes(drawing) == [(f"block{i}", "201 operations") for i in range(3)]
    assert sorted(wires(drawing)) == sorted(
        [
            ("x", "block0"),
            ("w", "block0"),
            ("block0", "block1"),
            ("w", "block1"),
            ("block1", "block2"),
            ("w", "block2"),
            ("block2", "+"),
            ("x", "+"),
        ]
    )
    assert len(groups(drawing, "node")) == 6
    assert len(groups(drawing, "edge")) == 8


def network(blocks, width=4):
    """Blocks of two parts each, with parameters of their own, and one block that is different."""
    x = Tensor(np.ones((2, width)), name="x")
    h = x
    for i in range(blocks):
        with scope(f"block{i}"):
            with scope("attention"):
                h = h + mg.softmax(mg.linear(h, Tensor(np.eye(width)))) @ Tensor(np.eye(width))
            with scope("mlp"):
                h = mg.linear(mg.relu(mg.linear(h, Tensor(np.eye(width)), Tensor(np.zeros(width)))), Tensor(np.eye(width)))
    with scope("head"):
        return mg.mean(mg.linear(h, Tensor(np.ones((3, width)))))


def test_of_repeated_blocks_the_first_and_last_are_drawn_and_a_box_counts_the_others():
    drawing = draw(network(12), max_nodes=50)
    assert boxes(drawing) == [
        ("block1 … block10\n× 10", "70 operations, 680 parameters\n30 linear\n10 softmax\n10 matmul\n10 add\n10 relu"),
    ]
    assert {n.scope[0] for n in drawing.description.nodes if n.kind == "op"} == {"block0", "block11", "head"}
    closed = draw(network(12), max_nodes=6)
    assert wires(closed) == list(pairwise(["x", "block0", "block1 … block10\n× 10", "block11", "head"]))


def test_blocks_that_differ_are_not_taken_for_repeated_ones():
    x = Tensor(np.ones(4))
    y = x
    for i in range(6):
        with scope(f"block{i}"):
            y = chain(60, y) if i != 3 else mg.tanh(chain(60, y))
    assert [title for title, _ in boxes(draw(y))] == [f"block{i}" for i in range(6)]


def test_depth_opens_as_many_levels():
    f = network(12)
    assert [title for title, _ in boxes(draw(f, depth=0))] == [*(f"block{i}" for i in range(12)), "head"]
    opened = draw(f, depth=1)
    assert [title for title, _ in boxes(opened)] == ["attention", "mlp"] * 12
    assert ("block3",) in {n.scope for n in opened.description.nodes if n.title == "mlp"}
    assert not boxes(draw(network(2), depth=2))
    assert [title for title, _ in boxes(draw(f, depth=9, max_nodes=60))] == ["attention", "mlp"] * 12


def test_named_scopes_are_collapsed():
    f = network(3)
    assert [title for title, _ in boxes(draw(f, collapse="block1"))] == ["block1"]
    assert [title for title, _ in boxes(draw(f, collapse=["mlp"]))] == ["mlp"] * 3
    assert [title for title, _ in boxes(draw(f, collapse=["block2/mlp", "head"]))] == ["mlp", "head"]
    assert [title for title, _ in boxes(draw(f, collapse=True))] == ["block0", "block1", "block2", "head"]
    assert [title for title, _ in boxes(draw(network(5), collapse=True))] == [
        "block0", "block1 … block3\n× 3", "block4", "head",
    ]  # fmt: skip
    assert not boxes(draw(f, collapse="nowhere"))


def test_collapsing_goes_no_further_than_it_must():
    y = Tensor(1.0)
    for i in range(3):
        with scope(f"net{i}"):
            for j in range(3):
                with scope(f"part{j}"):
                    y = chain(10, y)
            y = y * 1.0
    assert len(boxes(draw(y, max_nodes=30))) == 9
    assert len(boxes(draw(y, max_nodes=10))) == 3
    inside = draw(y, max_nodes=30)
    assert {n.scope for n in inside.description.nodes if n.kind == "scope"} == {(f"net{i}",) for i in range(3)}
    assert len(groups(inside, "node")) == 16
    assert len(draw(y, max_nodes=2).description.nodes) <= 4


def test_leaves_of_one_box_are_folded_into_it():
    x = Tensor(1.0, name="x")
    with scope("layer"):
        y = x
        for _ in range(50):
            y = y + Tensor(1.0)
    drawing = draw(y * x, max_nodes=5)
    assert [(n.title, n.detail) for n in drawing.description.nodes] == [
        ("x", ""),
        ("layer", "50 operations, 50 parameters"),
        ("×", ""),
    ]


def test_a_million_operations_answer(rounds):
    x, n = Tensor(1.0), rounds(1_000_000, 200_000)
    with scope("rest"):
        z = chain(100_000, x)
    y = chain(n, x)
    assert boxes(draw(y)) == [(f"multiply\n× {n - 3:,}", f"{n - 3:,} operations")]
    assert draw(z).description.nodes[-1].detail == "100,000 operations"


def test_ten_thousand_scopes_answer():
    y = Tensor(1.0, name="x")
    for i in range(10_000):
        with scope(f"step{i}"), scope("cell"):
            y = y * 0.5
    assert [title for title, _ in boxes(draw(y))] == ["step1 … step9998\n× 9,998"]


def test_many_inputs_from_one_tensor_are_one_wire_with_their_number():
    x = Tensor(0.5, name="x")
    total = x
    for _ in range(1000):
        total = total + x
    total.backward()
    for f, title, label in ((total, "Σ × 1,001", ("1", "× 1,001")), (mg.stack([x] * 20), "stack", ("× 20",))):
        drawing = draw(f)
        assert [n.title for n in drawing.description.nodes] == ["x", title]
        (edge,) = drawing.description.edges
        assert (edge.local or edge.downstream or edge.carried) == label
        assert label[-1] in texts(drawing)
    assert len(draw(mg.stack([x] * 8)).description.edges) == 8


@pytest.mark.parametrize("kind", ["leaves", "constants"])
def test_of_too_many_leaves_of_one_operation_a_box_counts_most(kind):
    f = Tensor(0.0, name="x")
    for i in range(1000):
        f = f + (Tensor(0.1 * i) if kind == "leaves" else 0.1 * i)
    f.backward()
    drawing = draw(f)
    assert len(drawing.description.nodes) == 5
    assert boxes(drawing) == [(f"{kind}\n× 998", "998 parameters" if kind == "leaves" else "")]
    assert (f"{kind}\n× 998", "Σ × 1,001") in wires(drawing)
    assert len(draw(f, max_nodes=2000).description.nodes) == 1002  # all, if there is room


def test_scopes_by_the_hundred_thousand_answer():
    f = Tensor(1.0, name="x")
    for i in range(100_000):
        with scope(f"cell{i}"):
            f = f * 0.9999
    (box,) = boxes(draw(f))
    assert box[0] == "cell1 … cell99998\n× 99,998"


@pytest.mark.parametrize("max_nodes", [1, 2, 3, 10])
def test_nothing_is_too_large(max_nodes):
    f = network(4)
    assert len(draw(f, max_nodes=max_nodes).description.nodes) <= max(max_nodes, 3)
