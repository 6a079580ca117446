"""Norms of every order: where an element is 0, and of what is no array."""

from __future__ import annotations

import numpy as np
import pytest
from gradients import gradient

import minigrad as mg
from minigrad import Tensor


@pytest.mark.parametrize(
    ("ord", "x", "value", "slope"),
    [
        (0.5, [0.0, 4.0], 4.0, [0, 1]),
        (0.5, [0.0, 0.0], 0.0, [0, 0]),
        (0.5, [1.0, -4.0, 0.0], 9.0, [3, -1.5, 0]),
        (1, [0.0, -2.0], 2.0, [0, -1]),
        (1.5, [0.0, -4.0], 4.0, [0, -1]),
        (3, [0.0, 0.0], 0.0, [0, 0]),
        (-1, [2.0, -2.0], 1.0, [0.25, -0.25]),
        (-1, [0.0, -4.0], 0.0, [0, 0]),  # 0 whatever the others are
        (-2, [0.0, 0.0], 0.0, [0, 0]),
    ],
)
def test_norms_of_every_order_have_slope_0_where_an_element_is_0(ord, x, value, slope):
    with np.errstate(divide="ignore"):  # 1 / 0, as NumPy computes it too
        np.testing.assert_allclose(mg.norm(Tensor(x), ord).item(), value, rtol=1e-14)
        np.testing.assert_allclose(gradient(lambda t: mg.norm(t, ord), np.array(x)), slope, rtol=1e-14)
        rows = gradient(lambda t: mg.norm(t, ord, 1), np.array([x, x]))
    np.testing.assert_allclose(rows, [slope, slope], rtol=1e-14)


@pytest.mark.parametrize("ord", [None, 0, 0.5, 1, 2, 3, np.inf, -np.inf])
def test_norms_take_lists(ord):
    np.testing.assert_allclose(mg.norm([3.0, 0.0, -4.0], ord), np.linalg.norm([3.0, 0.0, -4.0], ord), rtol=1e-14)


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize(("axis", "orders"), [
    (1, [None, 0, 0.5, 1, 2, 3, -1, np.inf, -np.inf]),
    ((0, 2), [None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf]),
])  # fmt: skip
def test_norms_of_every_order_along_axes(axis, orders, keepdims):
    x = np.random.default_rng(3).normal(size=(3, 2, 4))
    x[0, 1] = 0
    for ord in orders:
        with np.errstate(divide="ignore"):  # the order -1 of a 0
            expected = np.linalg.norm(x, ord, axis, keepdims=keepdims)
            found = mg.norm(Tensor(x), ord, axis, keepdims=keepdims).data
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=1e-13)


@pytest.mark.parametrize("ord", [0.5, 1, 1.5, 2, 3])
def test_second_gradients_of_norms_are_those_of_the_other_elements_where_one_is_0(ord):
    second = mg.hessian(lambda t: mg.norm(t, ord))(np.array([0.0, 2.0, -1.0]))
    np.testing.assert_allclose(second[1:, 1:], mg.hessian(lambda t: mg.norm(t, ord))(np.array([2.0, -1.0])), atol=1e-15)
    if ord != 2:  # it has one at 0, 1 / norm
        assert not second[0].any()
        assert not second[:, 0].any()
