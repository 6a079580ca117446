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
        np.testing.assert_allclose(float(mg.norm(Tensor(x), ord)), value, rtol=1e-14)
        np.testing.assert_allclose(gradient(lambda t: mg.norm(t, ord), np.array(x)), slope, rtol=1e-14)
        rows = gradient(lambda t: mg.norm(t, ord, 1), np.array([x, x]))
    np.testing.assert_allclose(rows, [slope, slope], rtol=1e-14)


@pytest.mark.parametrize("ord", [None, 0, 0.5, 1, 2, 3, np.inf, -np.inf])
def test_norms_take_lists(ord):
    np.testing.assert_allclose(mg.norm([3.0, 0.0, -4.0], ord), np.linalg.norm([3.0, 0.0, -4.0], ord), rtol=1e-14)
