"""gradcheck finds what is wrong, and says where."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor
from minigrad.operation import OPS, elementwise


@pytest.fixture
def wrong():
    @elementwise
    def nearly_square(x, /):
        return x * x

    nearly_square.rules(lambda g, out, x: np.where(np.arange(x.size).reshape(x.shape) == 3, 2.01, 2.0) * g * x)
    yield nearly_square
    del OPS["nearly_square"]


@pytest.mark.parametrize("size", [5, 500])
def test_it_names_the_input_the_index_and_both_numbers(wrong, size):
    x = Tensor(np.linspace(1, 2, size), name="weights")
    with pytest.raises(
        AssertionError,
        match=r"input 1 \('weights'\) at index \[3\] is .* by the rules but .* by differences \(relative error 5",
    ):
        mg.gradcheck(lambda a, b: wrong(b) * a, 1.0, x)


def test_a_rule_that_is_only_wrong_when_differentiated_again():
    @elementwise
    def cube(x, /):
        return x * x * x

    cube.rules(lambda g, out, x: 3 * g * np.square(x.value if isinstance(x, Tensor) else x))  # cuts the graph
    try:
        assert mg.gradcheck(cube, 2.0, order=1)
        with pytest.raises(AssertionError, match="in the gradient of the gradient: "):
            mg.gradcheck(cube, 2.0)
    finally:
        del OPS["cube"]


@pytest.mark.parametrize(("f", "at"), [(mg.relu, [1.0, 0.0]), (mg.max, [1.0, 1.0]), (mg.floor, 2.0), (mg.abs, [0.0, 1.0])])
def test_a_kink_is_named_as_one(f, at):
    with pytest.raises(AssertionError, match="kink"):
        mg.gradcheck(f, np.array(at))


def test_several_inputs_and_outputs_of_any_size():
    def f(x, i, w, flag):
        y = mg.take(x, i, 0) @ w
        return y, (mg.tanh(y).sum(), x.mean())[1], mg.exp(w) if flag else w

    rng = np.random.default_rng(0)
    assert mg.gradcheck(f, rng.normal(size=(5, 3)), np.array([0, 0, 4]), rng.normal(size=(3, 2)), True)
    assert mg.gradcheck(f, rng.normal(size=(50, 30)), np.array([0, 0, 4]), rng.normal(size=(30, 20)), True)
    assert mg.gradcheck(lambda x: [x * 2, Tensor(1.0, requires_grad=False)], [1.0, 2.0])


def test_float32_inputs_are_checked_in_float64_and_left_alone():
    x = Tensor(np.float32([0.3, 0.7]))
    assert mg.gradcheck(mg.tanh, x)
    assert x.dtype == np.float32
    assert x.grad is None


def test_an_output_that_ignores_its_input_has_gradient_zero():
    assert mg.gradcheck(lambda x, y: x * 2, 1.0, 2.0)
    with pytest.raises(AssertionError, match="is 0 by the rules but"):
        mg.gradcheck(lambda x: x.detach() * x.detach() + Tensor(0.0, False), 2.0)


def test_a_third_order_check():
    assert mg.gradcheck(lambda x: mg.sin(x) * x, [0.5, 1.5], order=3)


@pytest.mark.parametrize(("size", "moves"), [(7, 7), (500, 4)])
def test_the_unmoved_point_is_evaluated_once(size, moves):
    count = 0

    def f(x):
        nonlocal count
        count += 1
        return mg.sin(x).sum()

    mg.gradcheck(f, np.linspace(0, 1, size), order=1)
    assert count == 1 + 2 * moves
