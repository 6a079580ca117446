"""The layout of pictures: nothing overlaps, operands stand in their order, and no graph takes it down."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from svg_geometry import faults, gate_boxes, wires

import minigrad as mg
from minigrad import Tensor, draw, scope
from minigrad.draw.layout.arrange import arrange, returns
from minigrad.draw.layout.nest import nested, ordered
from minigrad.draw.layout.widths import width
from minigrad.draw.still.picture import Description, DrawnEdge, DrawnNode

TESTS = Path(__file__).parents[2]


def neuron():
    w0, x0, w1, x1, w2 = (
        Tensor(v, name=n) for v, n in zip((2.0, -1.0, -3.0, -2.0, -3.0), "w0 x0 w1 x1 w2".split(), strict=True)
    )
    return 1 / (1 + mg.exp(-(w0 * x0 + w1 * x1 + w2)))


def micrograd():
    a, b = Tensor(-4.0, name="a"), Tensor(2.0, name="b")
    c, d = a + b, a * b + b**3
    c = c + c + 1
    c = c + 1 + c + (-a)
    d = d + d * 2 + mg.relu(b + a)
    d = d + 3 * d + mg.relu(b - a)
    f = (c - d) ** 2
    return f / 2.0 + 10.0 / f


def vectors():
    w, x = Tensor([[0.1, 0.5], [-0.3, 0.8]], name="W"), Tensor([0.2, 0.4], name="x")
    return mg.sum((w @ x) ** 2)


def network():
    rng = np.random.default_rng(0)
    h = Tensor(rng.normal(size=(4, 8)), requires_grad=False, name="x")
    with scope("net"):
        for k, (m, n) in enumerate(((8, 5), (5, 3))):
            with scope(f"layer {k}"):
                weight, bias = Tensor(rng.normal(size=(n, m)), name="weight"), Tensor(np.zeros(n), name="bias")
                h = mg.relu(mg.linear(h, weight, bias))
    return mg.cross_entropy(h, np.array([0, 1, 2, 0]))


def shared():
    x, w = Tensor(1.0, name="x"), Tensor(2.0, name="w")
    with scope("one"):
        y = x * w
        with scope("inner"):
            y = y - w
    z = y / x
    with scope("two"):
        z = z + w * y
    with scope("one"):  # again
        z = z * w
    return z + x


GRAPHS = {f.__name__: f for f in (neuron, micrograd, vectors, network, shared)}


def test_the_checks_below_see_what_is_wrong():
    svg = draw(neuron(), backward=True).svg
    assert not faults(svg)
    word = re.search(r'<text class="value" x="([\d.]+)" y="([\d.]+)"', svg)
    through = re.sub(r'(?s)(class="edge local">.*?)d="[^"]*"', rf'\1d="M0,0L{word[1]},{float(word[2]) - 2}"', svg, count=1)
    assert any("through" in fault for fault in faults(through))
    assert any("over" in fault for fault in faults(re.sub(r'(<text class="value") x="[\d.]+"', r'\1 x="100"', svg)))
    assert any("outside" in fault for fault in faults(svg.replace(word[0], '<text class="value" x="-90" y="0"')))


@pytest.mark.parametrize("direction", ["LR", "TB"])
@pytest.mark.parametrize("graph", GRAPHS)
def test_nothing_overlaps_and_no_wire_runs_through_text(graph, direction):
    assert faults(draw(GRAPHS[graph](), direction=direction, backward=True).svg) == []


def test_a_picture_is_the_same_on_every_run():
    code = (
        f"import sys; sys.path[:0] = [{str(TESTS)!r}, {str(Path(__file__).parent)!r}]; import test_layout as t; "
        "sys.stdout.buffer.write(''.join(t.draw(f()).svg for f in t.GRAPHS.values()).encode())"
    )
    runs = []
    for seed in "12":
        env = {**os.environ, "PYTHONHASHSEED": seed}
        runs.append(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env=env).stdout)
    assert runs[0] == runs[1] == "".join(draw(f()).svg for f in GRAPHS.values()).encode()


def test_every_wire_leads_from_its_tail_to_its_head():
    for graph in GRAPHS.values():
        for direction in ("LR", "TB"):
            picture = draw(graph(), direction=direction).description
            layout = arrange(picture, direction)
            for edge in picture.edges:
                runs, (tail, u0, v0), (head, u1, _) = (
                    layout.wires[edge.id],
                    layout.nodes[edge.tail],
                    layout.nodes[edge.head],
                )
                assert runs[0][0] == pytest.approx(u0 + tail.length)
                assert runs[0][2] == pytest.approx(v0)
                assert runs[-1][1] == pytest.approx(u1 + head.enters)
                assert all(a[0] <= a[1] <= b[0] + 1e-6 for a, b in pairwise(runs))


def operands(drawing, direction):
    """The places at which the wires enter each node, in the order of its operands."""
    found = {}
    for id, path in wires(ET.fromstring(drawing.svg)).items():
        node, _, i = id.rpartition("-")
        found.setdefault(node, []).append((int(i), path[-1][1 if direction == "LR" else 0]))
    return {node: [v for _, v in sorted(ports)] for node, ports in found.items()}


@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_operands_enter_in_their_order_and_the_first_is_marked(direction):
    a, b = Tensor(3.0, name="a"), Tensor(2.0, name="b")
    v, m = Tensor([1.0, 2.0], name="v"), Tensor([[1.0, 2.0], [3.0, 4.0]], name="m")
    for f in (a - b, b - a, a / b, b / a, a**b, b**a, (a - b) - (b - a), m @ v, mg.where(v > 1, m, v), a / (b / a - b) ** a):
        drawing = draw(f, direction=direction)
        titles = {n.id: n for n in drawing.description.nodes}
        for node, ports in operands(drawing, direction).items():
            if titles[node].ordered:
                assert ports == sorted(ports), titles[node].title
        assert drawing.svg.count(">1</text>") >= sum(n.ordered for n in titles.values()) > 0
    assert "1: the first operand" not in draw(a + b * a).svg


def test_wires_of_commutative_gates_do_not_cross():
    x, y = Tensor(1.0, name="x"), Tensor(2.0, name="y")
    u, v = mg.exp(x), mg.tanh(y)
    drawing = draw((u + v) * (v + u))
    for node, ports in operands(drawing, "LR").items():
        assert len(set(ports)) == len(ports), node


def test_the_main_line_is_straight():
    drawing = draw(neuron(), backward=True)
    layout = arrange(drawing.description, "LR")
    titles = {n.id: n.title for n in drawing.description.nodes}
    straight = [id for id, runs in layout.wires.items() if len(runs) == 1]
    chain = {titles[id.rpartition("-")[0]] for id in straight}
    assert {"−x", "exp", "+", "/"} <= chain
    assert len(straight) >= 6


def test_a_value_used_twice_has_two_wires():
    x = Tensor(3.0, name="x")
    ends = wires(ET.fromstring(draw(x * x).svg))
    assert ends["n1-0"][-1] != ends["n1-1"][-1]


def test_a_scope_that_is_left_and_entered_again_is_another_box():
    x = Tensor(1.0, name="x")
    with scope("cell"):
        y = x * 2
    y = mg.tanh(y)
    with scope("cell"):
        y = y * 3
    picture = draw(y).description
    root, _ = nested(picture, ordered(picture))
    assert [box.title for box in root.walk()][1:] == ["cell, step 1", "cell, step 2"]
    layout = arrange(picture, "LR")
    (_, first, *_), (_, second, *_) = layout.frames
    assert first < layout.nodes["n3"][1] < second
    for edge in picture.edges:
        assert layout.nodes[edge.tail][1] < layout.nodes[edge.head][1]


def test_scopes_that_wait_for_each_other():
    nodes = [DrawnNode("a", "op", "a", scope=("p",)), DrawnNode("b", "op", "b", scope=("q",))]
    nodes += [DrawnNode("c", "op", "c", scope=("q",)), DrawnNode("d", "op", "d", scope=("p",))]
    picture = Description("", tuple(nodes), (DrawnEdge("1", "a", "b"), DrawnEdge("2", "c", "d")))
    layout = arrange(picture, "LR")
    assert sorted(box.title for box, *_ in layout.frames) == ["p, step 1", "p, step 2", "q"]


def test_edges_in_a_circle_are_drawn_too():
    nodes = tuple(DrawnNode(id, "scope", id) for id in "abc")
    edges = tuple(DrawnEdge(f"{x}-{y}", x, y) for x, y in ("ab", "bc", "ca", "ba"))
    layout = arrange(Description("", nodes, edges), "LR")
    assert set(layout.wires) == {"a-b", "b-c", "c-a", "b-a"}
    assert layout.against
    for edge in edges:
        ends = (edge.head, edge.tail) if edge.id in layout.against else (edge.tail, edge.head)
        assert layout.nodes[ends[0]][1] < layout.nodes[ends[1]][1]


def test_nothing_and_parts_that_do_not_touch():
    empty = arrange(Description("", (), ()), "LR")
    assert (empty.length, empty.breadth, empty.nodes) == (0, 0, {})
    nodes = tuple(DrawnNode(f"n{k}", "leaf", "x" * k, value=("1",)) for k in range(1, 6))
    layout = arrange(Description("", nodes, (DrawnEdge("e", "n1", "n2"),)), "TB")
    assert len(layout.nodes) == 5


def test_text_has_the_width_of_helvetica():
    assert width("0123456789", 10) == 55.6
    assert width("mean -0.25", 12) == pytest.approx(60.7)
    assert width("WWW", 10, bold=True) == 28.32
    assert width("e\N{COMBINING ACUTE ACCENT}", 10) == width("e", 10)
    assert width("数", 10) == 10


def test_text_fits_into_its_gate():
    names = ["i", "W" * 20, "x" * 24, "数" * 10, "a b c"]
    f = sum((Tensor(1.0, name=name) for name in names), Tensor(0.0, name="zero"))
    f.name = "M" * 24
    root = ET.fromstring(draw(f).svg)
    gates = gate_boxes(root)
    for g in root.iter("{http://www.w3.org/2000/svg}g"):
        if g.get("id") in gates:
            left, _, right, _ = gates[g.get("id")]
            title = g.find("{http://www.w3.org/2000/svg}text")
            room = width(title.text, float(title.get("font-size")), title.get("font-weight") == "bold")
            assert room + 4 <= right - left


RANDOM = """
import random, sys
sys.path.insert(0, {tests!r})
import minigrad as mg
from minigrad import Tensor, draw, scope
from svg_geometry import faults

GATES = [lambda a, b: a + b, lambda a, b: a * b, lambda a, b: a - b, lambda a, b: a / b, mg.maximum, lambda a, b: a * a,
         lambda a, b: mg.tanh(a), lambda a, b: mg.exp(-b), lambda a, b: 2 * a, lambda a, b: mg.sum(mg.stack([a, b, a]))]

for k in range({count}):
    rng = random.Random(k)
    leaves = [Tensor(rng.uniform(-2, 2), name=f"x{{i}}") for i in range(rng.randint(1, 4))]
    known = list(leaves)
    for _ in range(rng.randint(1, 24)):
        with scope(rng.choice(["", "", "p", "p/q", "p/r", "s"])):
            known.append(rng.choice(GATES)(rng.choice(known[-5:]), rng.choice(known)))
    drawing = draw(
        known[-1], backward=rng.random() < 0.7, direction=rng.choice(["LR", "TB", None]), local_gradients=rng.random() < 0.7,
        collapse=rng.choice([False, False, True, "p", "q"]), max_nodes=rng.choice([3, 10, 300]),
    )
    wrong = faults(drawing.svg) if k % 20 == 0 else []
    assert not wrong, (k, wrong[:3])
    layout = drawing._layout
    assert set(layout.wires) == {{edge.id for edge in drawing.description.edges}}, k
    assert set(layout.nodes) == {{node.id for node in drawing.description.nodes}}, k
print("done")
"""


def test_two_thousand_random_graphs():
    """Repeated operands, shared leaves, scopes that are left and entered again, collapsed scopes."""
    code = RANDOM.format(tests=str(TESTS), count=2_000)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600, check=False)
    assert done.stdout == "done\n", done.stderr


def deep():
    h = Tensor(np.ones((4, 8)), requires_grad=False, name="x")
    for k in range(4):
        with scope(f"layer {k}"):
            h = mg.tanh(mg.linear(h, Tensor(np.ones((8, 8)), name="weight"), Tensor(np.ones(8), name="bias")))
    return mg.sum(h)


@pytest.mark.parametrize("graph", [deep, micrograd])
def test_what_is_too_wide_for_a_page_is_broken_into_rows(graph):
    drawing = draw(graph(), backward=True)
    root = ET.fromstring(drawing.svg)
    assert drawing.direction == "LR"
    assert float(root.get("width")[:-2]) < 900
    assert faults(drawing.svg) == []
    layout = drawing._layout
    for edge in drawing.description.edges:
        runs = layout.wires[edge.id]
        (tail, u0, v0), (head, u1, _) = layout.nodes[edge.tail], layout.nodes[edge.head]
        assert runs[0][0] == pytest.approx(u0 + tail.length)
        assert runs[0][2] == pytest.approx(v0)
        assert runs[-1][1] == pytest.approx(u1 + head.enters)
        # A wire goes right, and where it returns, down to a row below.
        for before, here in pairwise(runs):
            assert here[2] > before[2] if returns(before) or returns(here) else here[0] >= before[1] - 1e-6
    assert any(returns(run) for runs in layout.wires.values() for run in runs)
    one = draw(graph(), backward=True, direction="LR")
    assert float(ET.fromstring(one.svg).get("width")[:-2]) > 1200


def test_rows_that_many_wires_would_leave_stay_whole():
    x = [Tensor(float(i), name=f"x{i}") for i in range(9)]
    for _ in range(12):
        x = [mg.tanh(a) for a in x]
    drawing = draw(mg.stack(x))
    assert drawing._layout.length > 1200
    assert not any(returns(run) for runs in drawing._layout.wires.values() for run in runs)
