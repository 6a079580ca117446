"""A computation as a list of steps: its numbers are the engine's, and its arithmetic is right as it is written."""

from __future__ import annotations

import copy
import json
import re

import numpy as np
import pytest
from samples_networks import SAMPLES

import minigrad as mg
from minigrad import Tensor
from minigrad.backward import sweep
from minigrad.draw import draw
from minigrad.draw.player.arithmetic import consistent, equation, inline, plus, times
from minigrad.draw.player.places import Places
from minigrad.draw.player.steps import steps
from minigrad.draw.player.symbols import written
from minigrad.graph import topological_order
from minigrad.operation import OPS, elementwise

WITHOUT_GRADIENT = {"argmax", "argmin", "any", "all", "one_hot"}
EVERY = [
    pytest.param(sample, id=f"{name}-{i}")
    for name, samples in SAMPLES.items()
    if name not in WITHOUT_GRADIENT
    for i, sample in enumerate(samples)
]


def named(**values):
    return [Tensor(value, name=name) for name, value in values.items()]


def circuit():
    """The sigmoid circuit of cs231n's lecture, gate by gate, and its leaves."""
    w0, x0, w1, x1, w2 = leaves = named(w0=2.0, x0=-1.0, w1=-3.0, x1=-2.0, w2=-3.0)
    return mg.reciprocal(mg.exp(-(w0 * x0 + w1 * x1 + w2)) + 1), leaves


def products(listed):
    return [[flow.product for flow in step.flows] for step in listed if step.kind == "backward"]


def sums(listed):
    return [flow.sum for step in listed for flow in step.flows if flow.sum]


# The worked examples


def test_sum_times_z():
    x, y, z = named(x=-2.0, y=5.0, z=-4.0)
    listed = steps((x + y) * z)
    assert [step.kind for step in listed] == ["start", "forward", "forward", "seed", "backward", "backward", "end"]
    assert [step.computation for step in listed[1:3]] == ["-2 + 5 = 3", "3 × (-4) = -12"]
    assert products(listed) == [["-4 × 1 = -4", "3 × 1 = 3"], ["1 × (-4) = -4", "1 × (-4) = -4"]]
    assert [flow.rule for flow in listed[4].flows] == ["d(x + y) = z × upstream", "dz = (x + y) × upstream"]
    assert listed[0].text.splitlines()[1:] == ["x = -2", "y = 5", "z = -4"]
    assert listed[3].text == "The sweep starts at the result: ∂f/∂f = 1"
    assert listed[6].text.splitlines()[1:] == ["∂f/∂x = -4", "∂f/∂y = -4", "∂f/∂z = 3"]
    assert listed[4].text.splitlines() == [
        "Backward 1 of 2: (x + y) × z, upstream 1",
        "to x + y: local × upstream = -4 × 1 = -4",
        "to z: local × upstream = 3 × 1 = 3",
    ]


def test_the_sigmoid_circuit():
    f, leaves = circuit()
    listed = steps(f)
    forward = [step.computation for step in listed if step.kind == "forward"]
    assert forward[-3:] == ["exp(-1.00) = 0.37", "0.37 + 1.00 = 1.37", "1 / 1.37 = 0.73"]
    back = [step for step in listed if step.kind == "backward"]
    np.testing.assert_allclose([float(step.upstream) for step in back[:5]], [1, -0.53, -0.53, -0.20, 0.20], atol=0.005)
    assert [step.flows[0].product for step in back[:4]] == [
        "-0.53 × 1.00 = -0.53",
        "1.00 × (-0.53) = -0.53",
        "0.37 × (-0.53) = -0.20",
        "-1.00 × (-0.20) = 0.20",
    ]
    arrived = {flow.label: float(flow.total) for step in back for flow in step.flows}
    np.testing.assert_allclose([arrived[x.name] for x in leaves], [-0.1966, 0.3932, -0.3932, -0.5898, 0.1966], atol=5e-5)


def test_add_distributes_max_routes_mul_switches():
    x, y, z, w = named(x=3.0, y=-4.0, z=2.0, w=-1.0)
    listed = steps(2 * (x * y + mg.maximum(z, w)))
    assert [step.computation for step in listed if step.kind == "forward"] == [
        "max(2, -1) = 2",
        "3 × (-4) = -12",
        "-12 + 2 = -10",
        "2 × (-10) = -20",
    ]
    arrived = {flow.label: float(flow.total) for step in listed for flow in step.flows}
    assert [arrived[name] for name in "xyzw"] == [-8, 6, 2, 0]


def test_gradients_add_at_branches():
    (a,) = named(a=3.0)
    b = a + a
    listed = steps(b + b)
    assert products(listed) == [["1 × 1 = 1", "1 × 1 = 1"], ["1 × 2 = 2", "1 × 2 = 2"]]
    assert sums(listed) == ["1 + 1 = 2", "2 + 2 = 4"]
    assert "added to the gradient of a so far: 2 + 2 = 4" in listed[-2].text


def test_a_value_used_three_times_adds_twice():
    (a,) = named(a=2.0)
    listed = steps(a * a * a)
    assert sums(listed) == ["4 + 4 = 8", "8 + 4 = 12"]
    assert float(listed[-2].gradients["n0"]) == 12


def test_a_sum_at_a_branch_holds_as_it_is_written():
    (u,) = named(u=1.0)
    assert sums(steps(-0.20 * u + 0.39 * u)) == ["-0.20 + 0.39 = 0.19"]
    assert equation(plus, np.add, [-0.19661, 0.39322], 0.19661, 2) == "-0.1966 + 0.3932 = 0.1966"


def test_squared_length_of_a_product():
    w, x = named(W=[[0.1, 0.5], [-0.3, 0.8]], x=[0.2, 0.4])
    f = mg.square(w @ x).sum()
    listed = steps(f)
    last = listed[-2]
    assert [flow.rule for flow in last.flows] == ["dW = upstream ⊗ x", "dx = Wᵀ · upstream"]
    np.testing.assert_allclose(last.upstream, [0.44, 0.52])
    np.testing.assert_allclose(last.flows[0].total, [[0.088, 0.176], [0.104, 0.208]])
    np.testing.assert_allclose(last.flows[1].total, [-0.112, 0.636])
    assert listed[1].computation == "(2, 2) @ (2,) → (2,): [0.22, 0.26]"
    assert listed[3].computation == "sum((2,)) → 0.12"
    assert last.flows[1].product == "(2,) → (2,): [-0.11, 0.64]"


def test_the_gradient_of_a_convolution_is_a_convolution():
    x, k = named(x=[[[1.0, 2.0, 3.0, 4.0, 5.0]]], k=[[[2.0, -1.0, 3.0]]])
    to_x, to_k = steps(mg.conv1d(x, k), upstream=[[[0.1, 0.2, 0.3]]])[-2].flows
    np.testing.assert_allclose(to_x.downstream, [[[0.2, 0.3, 0.7, 0.3, 0.9]]])
    np.testing.assert_allclose(to_k.downstream, [[[1.4, 2.0, 2.6]]])
    assert to_x.rule == "dx = full convolution of upstream with k, the kernel flipped"
    assert to_k.rule == "dk = correlation of x with upstream"


def test_broadcasting_is_summed_back_on_a_line_of_its_own():
    m, r = named(M=np.arange(6.0).reshape(2, 3), r=[1.0, 2.0, 3.0])
    to_m, to_r = steps(m * r, upstream=np.ones((2, 3)))[-2].flows
    assert to_m.broadcast == ""
    assert to_r.product == "[[0, 1, 2], [3, 4, 5]] × [[1, 1, 1], [1, 1, 1]] = [[0, 1, 2], [3, 4, 5]]"
    assert to_r.broadcast == "summed over axis 0, (2, 3) → (3,): [3, 5, 7]"
    column, number = named(column=[[1.0], [2.0]], number=2.0)
    step = steps(column + number * np.ones((2, 3)), upstream=np.ones((2, 3)))[-3]
    assert [flow.broadcast for flow in step.flows] == ["summed over axis 1, (2, 3) → (2, 1): [[3], [3]]", ""]
    assert steps(number * np.ones((2, 3)), upstream=np.ones((2, 3)))[-2].flows[0].broadcast == (
        "summed over axes 0, 1, (2, 3) → 6"
    )


# Against the engine


@pytest.mark.parametrize("sample", EVERY)
def test_the_numbers_are_the_engines(sample):
    inputs = [Tensor(x) if isinstance(x, np.ndarray | np.generic) and x.dtype.kind == "f" else x for x in sample.inputs]
    ys = sample.call(mg, *inputs)
    for y in ys if isinstance(ys, list) else [ys]:
        seed = np.random.default_rng(0).normal(size=y.shape)
        listed = steps(y, upstream=seed)
        gradients = sweep(y, np.array(seed, y.dtype)[()])
        numbered = Places.of(y, 300).ids
        found = {}
        for step in listed:
            found |= step.gradients or {}
            json.dumps(step.data(), allow_nan=False)
            if step.kind == "backward":
                np.testing.assert_array_equal(step.upstream, found[step.node])
                for flow in step.flows:
                    assert flow.rule.startswith("d")
                    assert "{" not in flow.rule
                    if flow.local is not None and not flow.broadcast:
                        np.testing.assert_allclose(flow.local * step.upstream, flow.downstream, rtol=1e-12, atol=1e-15)
        assert found.keys() == {numbered[x] for x in gradients}
        for x, g in gradients.items():  # bit for bit: the sums go in the engine's order
            np.testing.assert_array_equal(found[numbered[x]], g)
            assert np.shape(found[numbered[x]]) == x.shape


def test_ids_are_those_of_the_drawing():
    x, y = named(x=[1.0, 2.0], y=3.0)
    f = mg.where(np.array([True, False]), x * y, 2 - mg.concatenate([x[:1], Tensor([1.0], requires_grad=False)])).sum()
    listed = steps(f)
    picture = draw(f).description
    assert {edge.id: edge.tail for edge in picture.edges}.items() >= {
        (flow.edge, flow.to) for step in listed for flow in step.flows
    }
    computed = [step.node for step in listed if step.kind == "forward"]
    assert computed == [node.id for node in picture.nodes if node.kind == "op"]
    assert {*computed, *listed[0].inputs} == {node.id for node in picture.nodes}
    for step in listed:
        if step.kind in ("forward", "backward"):
            assert list(step.inputs) == [edge.tail for edge in picture.edges if edge.head == step.node]


def test_nothing_changes_and_no_sweep_is_needed_before():
    f, leaves = circuit()
    before = [(x.value, x.inputs, x.op, x.grad, x.name) for x in [*topological_order(f), *leaves]]
    listed = [step.data() for step in steps(f)]
    assert [(x.value, x.inputs, x.op, x.grad, x.name) for x in [*topological_order(f), *leaves]] == before
    f.backward()
    f.backward()
    gradients = [copy.copy(x.grad) for x in leaves]
    assert [step.data() for step in steps(f)] == listed
    assert [x.grad for x in leaves] == gradients


def test_what_lies_behind_a_branch_not_taken_gets_0():
    (x,) = named(x=-1.0)
    with np.errstate(all="ignore"):
        f = mg.where(x.data > 0, mg.sqrt(x), x * 2)
    found = {}
    for step in steps(f):
        found |= step.gradients or {}
    assert float(found[Places.of(f, 300).ids[x]]) == 2


def test_nan_and_infinity_are_told():
    (x,) = named(x=0.0)
    with np.errstate(all="ignore"):
        f = mg.log(x)
    listed = steps(f)
    assert listed[1].computation == "log(0) = -inf"
    assert products(listed) == [["inf × 1 = inf"]]
    json.dumps([step.data() for step in listed], allow_nan=False)


def test_a_leaf_by_itself():
    listed = steps(Tensor(2.0, name="x"))
    assert [step.kind for step in listed] == ["start", "seed", "end"]
    assert listed[1].text.endswith("∂x/∂x = 1")


def test_integers_are_constants_and_get_nothing():
    (x,) = named(x=[1.0, 2.0])
    listed = steps((x * Tensor(np.array([1, 2]))).sum())
    assert [len(step.flows) for step in listed if step.kind == "backward"] == [1, 1]


def test_empty_arrays():
    listed = steps(Tensor(np.zeros((0, 3)), name="x").sum())
    assert listed[1].computation == "sum((0, 3)) → 0"
    json.dumps([step.data() for step in listed], allow_nan=False)


def test_an_upstream_gradient_may_be_given():
    (z,) = named(z=[1.0, 2.0, 3.0])
    listed = steps(mg.softmax(z), upstream=[1, 0, 0])
    assert listed[-2].flows[0].rule == "dz = softmax(z)∘(upstream − ⟨upstream, softmax(z)⟩)"
    p = mg.softmax(z).data
    np.testing.assert_allclose(listed[-2].flows[0].total, p * (np.eye(3)[0] - p[0]))
    assert listed[-1].text.splitlines()[1] == "upstream · ∂f/∂z = [0.082, -0.022, -0.06]"
    assert steps(Tensor(2.0) * 3, upstream=5)[2].text == "The sweep starts from the given upstream gradient 5"
    assert listed[-3].text == "The sweep starts from the given upstream gradient [1, 0, 0]"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: steps(3.0), TypeError, "play: expected a Tensor, got float"),
        (lambda: steps(Tensor(np.int64(1))), RuntimeError, "play: a tensor of shape .* is a constant"),
        (lambda: steps(Tensor([1.0, 2.0])), ValueError, r"play: .*is not a scalar.*upstream=an array of shape \(2,\)"),
        (lambda: steps(Tensor(1.0), upstream=[1.0]), ValueError, r"play: upstream has shape \(1,\)"),
        (lambda: steps(Tensor(1.0), upstream="a"), TypeError, "play: expected numbers"),
        (lambda: steps(Tensor(1.0), precision=-1), ValueError, "play: precision is an integer from 0 to 17, got -1"),
        (lambda: steps(Tensor(1.0), precision=2.0), TypeError, "play: precision is an integer"),
    ],
)
def test_what_cannot_be_told(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_large_graph_is_played_in_boxes():
    rng = np.random.default_rng(0)
    net = mg.nn.Sequential(*[layer for _ in range(8) for layer in (mg.nn.Linear(3, 3, rng=rng), mg.nn.Tanh())])
    (x,) = named(x=rng.normal(size=(2, 3)))
    y = net(x).sum()
    whole, boxed = steps(y), steps(y, max_nodes=8)
    assert len(boxed) < len(whole) / 2
    gradients = sweep(y, np.float64(1.0))
    places = Places.of(y, 8)
    through = next(step for step in boxed if step.kind == "backward" and step.node == places.ids[y.inputs[0]])
    (to_x,) = [flow for flow in through.flows if flow.label == "x"]
    np.testing.assert_allclose(to_x.downstream, gradients[x])
    assert to_x.edge in places.edges
    np.testing.assert_allclose(boxed[-2].gradients[places.ids[x]], gradients[x])
    assert "inside, dweight = (3, 3) of norm" in through.text
    for step in boxed:
        assert not step.node or step.node in places.drawn
        assert all(flow.edge in places.edges for flow in step.flows)
        json.dumps(step.data(), allow_nan=False)


def test_a_chain_of_many_operations_takes_few_steps():
    y = x = Tensor(1.0, name="x")
    for _ in range(3_000):
        y = y * x
    assert len(steps(y)) < 20


def test_a_graph_that_was_freed_or_updated_is_refused():
    x = Tensor(1.0, name="x")
    y = x * x
    y.backward(retain_graph=False)
    for told in (steps, mg.play):
        with pytest.raises(RuntimeError, match="freed"):
            told(y)
    z = x * x
    x.data = 3.0
    for told in (steps, mg.play):
        with pytest.raises(RuntimeError, match="updated in place"):
            told(z)


# How it is written


@pytest.mark.parametrize(
    ("numbers", "texts"),
    [
        ([1, -2], ["1", "-2"]),
        ([0.5, 1], ["0.50", "1.00"]),
        ([-0.0, 0.5], ["0.00", "0.50"]),
        ([1e-9, 1], ["1e-09", "1"]),
        ([1e300, 0.5], ["1.00e+300", "0.50"]),
        ([np.nan, np.inf], ["nan", "inf"]),
    ],
)
def test_numbers_of_one_equation_look_consistent(numbers, texts):
    assert consistent(numbers, 2) == texts


@pytest.mark.parametrize("seed", range(50))
def test_equations_hold_as_they_are_written(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=2) * 10.0 ** rng.integers(-3, 4, 2)
    for write, compute in ((plus, np.add), (times, np.multiply)):
        text = equation(write, compute, [a, b], compute(a, b), 2)
        left, sign, right = text.rpartition(" = ")
        if sign:  # else it says ≈
            x, y = (float(part) for part in re.findall(r"-?[\d.]+(?:e[+-]?\d+)?", left))
            assert right in {consistent([x, y, compute(x, y)], decimals)[-1] for decimals in (2, 3, 4)}
    assert equation(plus, np.add, [1, 2], 4, 2) == "1 + 2 ≈ 4"


def test_an_equation_whose_rounded_numbers_cannot_be_computed_with():
    def picky(x):
        raise ValueError("not this one")

    assert equation(" ".join, picky, [0.123456], 2.5, 2) == "0.12 ≈ 2.50"


def test_values_on_one_line():
    assert inline(np.zeros((0, 2)), 2) == "(0, 2)"
    assert inline(np.array([True] * 9), 2) == "(9,)"
    assert inline(np.full((3, 4), np.inf), 2) == "(3, 4) of norm inf"


@pytest.mark.parametrize(
    ("expression", "label"),
    [
        (lambda x, y: x + y * x, "x + y × x"),
        (lambda x, y: (x + y) * x, "(x + y) × x"),
        (lambda x, y: x - (y - x), "x − (y − x)"),
        (lambda x, y: x / (y * x), "x / (y × x)"),
        (lambda x, y: (-x) ** 2, "(-x) ** 2"),
        (lambda x, y: mg.square(x + y), "(x + y)²"),
        (lambda x, y: -(x + y), "-(x + y)"),
        (lambda x, y: mg.reciprocal(x * y), "1 / (x × y)"),
        (lambda x, y: abs(x - y), "|x − y|"),
        (lambda x, y: mg.stack([x, y, x, y]).sum(), "sum(stack(x, y, …))"),
        (lambda x, y: mg.maximum(x, -3.0), "max(x, -3)"),
    ],
)
def test_labels_are_read_as_mathematics(expression, label):
    f = expression(*named(x=2.0, y=5.0))
    assert next(step.label for step in steps(f) if step.kind == "seed") == label


def test_static_arguments_are_told_unless_they_go_without_saying():
    (x,) = named(x=np.ones((1, 1, 4, 4)))
    told = [
        steps(y, upstream=np.ones(y.shape))[1].computation
        for y in (
            mg.conv2d(x, np.ones((1, 1, 2, 2))),
            mg.conv2d(x, np.ones((1, 1, 2, 2)), stride=2),
            x.sum(axis=(2, 3)),
            x[0, :, 1:],
        )
    ]
    assert told[0].startswith("conv2d((1, 1, 4, 4), (1, 1, 2, 2)) → ")
    assert "stride=2)" in told[1]
    assert "axis=(2, 3))" in told[2]
    assert "key=(0, :, 1:))" in told[3]


def test_conditions_absent_inputs_and_types_are_told_as_python_writes_them():
    (x,) = named(x=2.5)
    assert steps(mg.where(True, x, 3.0))[1].computation == "where(True, 2.50, 3.00) = 2.50"
    assert steps(mg.clip(x, None, 1.0))[1].computation == "clip(2.50, None, 1) → 1"
    assert steps(mg.clip(x, 3.0))[1].text == "Forward 1 of 1: clip(x, 3)\nclip(2.50, 3) → 3"
    assert "dtype=float32" in steps(x.astype(np.float32))[1].computation


def test_a_users_operation_is_told_without_making_up_a_rule():
    try:

        @elementwise
        def cube(x, /):
            return x * x * x

        cube.rules(lambda g, out, x: 3 * g * x * x)
        listed = steps(cube(Tensor(2.0, name="x")))
    finally:
        OPS.pop("cube")
    assert listed[1].computation == "cube(2) = 8"
    assert listed[-2].flows[0].rule == "dx = local gradient of cube × upstream"
    assert products(listed) == [["12 × 1 = 12"]]
    assert written("erf", ["x"]) == "erf(x)"


def test_a_name_from_right_to_left_leaves_its_equation_in_order():
    (x,) = named(x=3.0)
    x.name = name = "שלם"
    assert steps(x * 2.0)[-1].text.endswith(f"∂f/∂\u2068{name}\u2069 = 2")
    assert str(mg.explain(x * 2.0, wrt=x)).endswith(f"∂f/∂\u2068{name}\u2069 = 2")


def test_leaves_without_a_name_have_the_same_labels_in_every_picture():
    a, b, c = Tensor(-3.0), Tensor(-3.0), Tensor(2.0, name="c")
    f = (a + b) * c
    told = steps(f)
    assert told[0].text == "The leaves have values\nleaf 1 = -3\nleaf 2 = -3\nc = 2"
    assert [flow.label for step in told for flow in step.flows] == ["leaf 1 + leaf 2", "c", "leaf 1", "leaf 2"]
    assert str(mg.explain(f, b)).endswith("∂(leaf 1 + leaf 2)/∂(leaf 2)\n  = 2 × 1 = 2\n\n∂f/∂(leaf 2) = 2")
    drawing = mg.draw(f)
    assert [node.title for node in drawing.description.nodes if node.kind == "leaf"] == ["leaf 1", "leaf 2", "c"]
    assert '"label": "leaf 2"' in drawing._page().html
    assert "∂f/∂x" in str(mg.explain(a * c, a))  # the only one


@pytest.mark.parametrize(
    ("given", "labels"),
    [
        (["leaf 1", "", ""], ["leaf 1", "leaf 2", "leaf 3"]),
        (["", "leaf 2", ""], ["leaf 1", "leaf 2", "leaf 3"]),
        (["leaf", "", "c"], ["leaf", "leaf 1", "c"]),
        (["leaf 1", "", "c"], ["leaf 1", "leaf", "c"]),
    ],
)
def test_the_label_of_a_leaf_without_a_name_is_the_name_of_no_other(given, labels):
    a, b, c = (Tensor(value, name=name) for value, name in zip((2.0, 3.0, 5.0), given, strict=True))
    f = a * b * c
    told = [f"{label} = {value}" for label, value in zip(labels, (2, 3, 5), strict=True)]
    assert steps(f)[0].text.splitlines()[1:] == told
    assert {node.title for node in mg.draw(f).description.nodes if node.kind == "leaf"} == set(labels)


def test_a_result_and_a_variable_may_be_named_like_a_leaf_without_a_name():
    a, b = Tensor(2.0), Tensor(3.0)
    f = mg.exp(a * b)
    f.name = "leaf 2"
    titles = [node.title for node in mg.draw(f, names={"leaf 1": a * 1.0}).description.nodes if node.kind == "leaf"]
    assert titles == ["leaf 1", "leaf 3"]
    titles = [node.title for node in mg.draw(f, names={"leaf 1": b}).description.nodes if node.kind == "leaf"]
    assert titles == ["leaf", "leaf 1"]
