"""Additions at indices: the factor is differentiated whatever its value."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor


def test_a_factor_of_one_is_differentiated_too():
    alpha = Tensor(1.0)
    mg.index_add(np.zeros((2, 3)), 1, [0, 0], np.full((2, 2), 5.0), alpha).sum().backward()
    assert alpha.grad == 20.0


def test_integers_stay_integers():
    assert mg.index_add(np.zeros(2, np.int64), 0, [1], np.array([3])).dtype == np.int64


@pytest.mark.parametrize(
    ("x", "index", "source"),
    [
        ((2, 3), (2, 4), (2, 3)),
        ((2, 3), (3, 2), (3, 2)),
        ((2, 3), (2,), (2, 3)),
        ((2, 3), (2, 2), (2,)),
        ((3,), (1, 1), (1, 1)),
    ],
)
def test_what_scatter_add_refuses(x: tuple[int, ...], index: tuple[int, ...], source: tuple[int, ...]):
    with pytest.raises(ValueError, match=r"scatter_add: index of shape .* does not fit into source .* into x"):
        mg.scatter_add(np.zeros(x), len(x) - 1, np.zeros(index, int), np.ones(source))


def test_an_index_holds_integers():
    for add in (mg.scatter_add, mg.index_add):
        with pytest.raises(TypeError, match=rf"{add.__name__}: index holds integers, got float64 of shape \(2,\)"):
            add(np.zeros(3), 0, np.array([0.5, 1.0]), np.ones(2))
