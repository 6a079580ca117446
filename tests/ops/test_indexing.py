"""Indexing at the edges: repeated and negative indices, empty keys and masks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor
from minigrad.ops.indexing import added_at

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("shape", "key"),
    [
        ((5,), np.array([0, -1, 4, 0])),
        ((4, 3), np.array([[0, -1], [-4, 3]])),
        ((4, 3, 2), np.array([1, 1, -2])),
        ((400, 3), np.array([1, 1, -2])),
        ((4, 3), (slice(None), np.array([2, -1, 0]))),
        ((40, 30), (np.array([1, 1, -1]), np.array([2, 2, 0]))),
        ((2, 3), (np.array([1, 1, -1] * 3), np.array([2, 2, 0] * 3))),
        ((4, 3), (..., np.array([0, 0]))),
        ((4, 3), np.array([], np.intp)),
        ((0, 3), np.array([], np.intp)),
        ((4, 3), 2),
        ((4, 3), (slice(0, None, 2), -1)),
        ((2, 3), np.array([[True, False, True], [False, False, True]])),
    ],
)
def test_scatter_add_is_add_at(shape: tuple[int, ...], key: Any):
    for dtype in (np.float64, np.float32):
        x = RNG.normal(size=np.zeros(shape)[key].shape).astype(dtype)
        expected = np.zeros(shape, dtype)
        np.add.at(expected, key, x)
        found = added_at(x, key, shape)
        assert found.dtype == dtype
        np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_empty_keys_pick_nothing():
    x = Tensor(np.ones((3, 2)))
    assert x[[]].shape == mg.take(x, [], 0).shape == (0, 2)
    assert mg.take(x, np.zeros((0, 2)), 1).shape == (3, 0, 2)
    empty = Tensor(np.zeros((0, 3)))
    assert empty[np.zeros((0, 3), bool)].shape == (0,)  # a mask without elements is still a mask
