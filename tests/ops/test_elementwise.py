"""Elementwise operations at the edges: bounds, ties and nan."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad import Tensor
from minigrad.ops.elementwise import _of_power


@pytest.mark.parametrize(
    ("low", "high", "at", "value", "gradients"),
    [
        (0.0, 2.0, 1.0, 1.0, (1, 0, 0)),
        (0.0, 2.0, -1.0, 0.0, (0, 1, 0)),
        (0.0, 2.0, 3.0, 2.0, (0, 0, 1)),
        # At a bound x still receives the gradient, and the bound nothing.
        (0.0, 2.0, 0.0, 0.0, (1, 0, 0)),
        (0.0, 2.0, 2.0, 2.0, (1, 0, 0)),
        (2.0, 2.0, 2.0, 2.0, (1, 0, 0)),
        (2.0, 2.0, 1.0, 2.0, (0, 1, 0)),
        (2.0, 2.0, 3.0, 2.0, (0, 0, 1)),
        # Where the lower bound is above the upper one, the upper one holds, as in NumPy.
        (2.0, 1.0, 0.0, 1.0, (0, 0, 1)),
        (2.0, 1.0, 1.0, 1.0, (0, 0, 1)),
        (2.0, 1.0, 1.5, 1.0, (0, 0, 1)),
        (2.0, 1.0, 2.0, 1.0, (0, 0, 1)),
        (2.0, 1.0, 3.0, 1.0, (0, 0, 1)),
    ],
)
def test_clip_at_its_bounds_and_with_the_lower_above_the_upper(low, high, at, value, gradients):
    for dress in (lambda v: v, lambda v: [v]):  # a scalar, and an array
        x, a, b = (Tensor(dress(v)) for v in (at, low, high))
        y = mg.clip(x, a, b)
        y.backward(np.ones(y.shape))
        assert y.data == value == np.clip(at, low, high)
        assert tuple(float(t.grad) if t.ndim == 0 else t.grad[0] for t in (x, a, b)) == gradients


@pytest.mark.parametrize(
    ("of", "a", "b", "value", "gradients"),
    [
        (mg.fmax, np.nan, 1.0, 1.0, (0, 1)),
        (mg.fmax, 1.0, np.nan, 1.0, (1, 0)),
        (mg.fmin, np.nan, 1.0, 1.0, (0, 1)),
        (mg.fmin, 1.0, np.nan, 1.0, (1, 0)),
        (mg.fmax, 1.0, 3.0, 3.0, (0, 1)),
        (mg.fmax, 3.0, 1.0, 3.0, (1, 0)),
        (mg.fmin, 1.0, 3.0, 1.0, (1, 0)),
        (mg.fmin, 3.0, 1.0, 1.0, (0, 1)),
        (mg.fmax, 2.0, 2.0, 2.0, (0.5, 0.5)),
        (mg.fmin, 2.0, 2.0, 2.0, (0.5, 0.5)),
        (mg.fmin, np.inf, np.nan, np.inf, (1, 0)),
        (mg.fmax, np.nan, -np.inf, -np.inf, (0, 1)),
    ],
)
def test_fmax_and_fmin_choose_the_number_beside_a_nan(of, a, b, value, gradients):
    x, y = Tensor(a), Tensor(b)
    out = of(x, y)
    out.backward()
    assert out.item() == value
    assert (x.grad, y.grad) == gradients


@given(st.floats(-50, 50), st.floats(0.01, 9) | st.floats(-9, -0.01))
def test_remainder_takes_away_whole_multiples(a, b):
    x, y = Tensor(a), Tensor(b)
    out = np.mod(x, y)
    out.backward()
    assert x.grad == 1
    assert y.grad == np.round(y.grad)
    assert out.item() == pytest.approx(a + y.grad * b, abs=1e-9)


def test_operators_of_division_with_rest():
    x = Tensor([-7.0, 7.5])
    assert (x % 3).tolist() == np.mod(x.data, 3).tolist()
    assert (x // 3).tolist() == [-3, 2]
    assert (10 % x).tolist() == np.mod(10, x.data).tolist()
    assert (np.array([10.0, 10.0]) // x).tolist() == (10 // x).tolist() == [-2, 1]
    assert (Tensor(1.0) // 0.1).data == 1.0 // 0.1
    y = (x % 3 + x // 3).sum()
    y.backward()
    assert x.grad.tolist() == [1, 1]


def test_select_sends_nothing_to_what_is_not_chosen():
    x = Tensor([-1.0, 0.0, 4.0])
    with np.errstate(all="ignore"):
        y = np.select([x <= 0, x > 1], [np.zeros(3), np.log(x)], 0.5)
    y.backward(np.ones(3))
    np.testing.assert_array_equal(x.grad, [0, 0, 0.25])
    x = Tensor([1.0, 2.0])
    with pytest.raises(ValueError, match="select: needs a choice for each condition, got 1 and 2"):
        np.select([x > 1], [x, x])
    with pytest.raises(ValueError, match="select: needs a choice for each condition, got 0 and 0"):
        mg.select([], [], x)


@pytest.mark.parametrize("base", [0.0, np.array([0.0, 2.0])])
def test_the_formula_of_a_power_of_0(base: Any):
    """If any base is 0, the formula says what holds there."""
    assert _of_power((base, 2.0), {}) == ("b·a**(b−1)", "0 where a = 0, else out·ln(a)")
    assert _of_power((base, 0.0), {})[0] == "0 where b = 0, else b·a**(b−1)"
