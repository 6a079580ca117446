"""Embedding: gradients of repeated rows, padding, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor
from minigrad.ops.networks.embedding import embedding

rng = np.random.default_rng(0)
ROWS = rng.normal(size=(5, 4))


def test_embedding_adds_up_where_an_index_repeats():
    indices = rng.integers(0, 5, (7, 3))
    table = Tensor(ROWS)
    out = embedding(indices, table)
    np.testing.assert_array_equal(out.data, ROWS[indices])
    g = rng.normal(size=out.shape)
    out.backward(g)
    expected = np.zeros(ROWS.shape)
    for at in np.ndindex(*indices.shape):
        expected[indices[at]] += g[at]
    np.testing.assert_allclose(table.grad, expected)
    padded = Tensor(ROWS)
    embedding(indices, padded, padding_idx=-2).backward(g)
    expected[3] = 0
    np.testing.assert_allclose(padded.grad, expected)


def test_embedding_of_nothing_and_of_no_row():
    table = Tensor(ROWS)
    out = embedding([], table)
    out.backward(np.ones(out.shape))
    assert out.shape == (0, 4)
    assert not table.grad.any()
    for index in (5, -1):
        with pytest.raises(IndexError, match=f"embedding: index {index} is out of range for a table of 5 rows"):
            embedding([0, index], table)
    with pytest.raises(IndexError, match="padding_idx 5 is out of range"):
        embedding([0], table, 5)
    with pytest.raises(TypeError, match="indices are integers, got float64"):
        embedding([0.5], table)


def test_indices_may_change_after_the_forward():
    indices = np.array([0, 1])
    table = Tensor(ROWS)
    out = embedding(indices, table)
    indices[:] = 4
    out.backward(np.ones(out.shape))
    np.testing.assert_array_equal(table.grad.sum(1), [4, 4, 0, 0, 0])


def test_gradients_to_second_order_and_float32():
    assert mg.gradcheck(lambda w: embedding([[1, 1], [4, 0]], w) ** 2, ROWS, order=2)
    table = Tensor(ROWS.astype(np.float32))
    embedding([[1, 1], [4, 0]], table).sum().backward()
    assert table.grad.dtype == np.float32


def test_a_table_of_one_axis_is_refused():
    with pytest.raises(ValueError, match=r"weight must be \(rows, features\), got shape \(6,\)"):
        embedding([0], np.ones(6))
