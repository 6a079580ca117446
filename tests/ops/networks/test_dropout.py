"""Dropout: what is kept, by how much it is scaled, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor
from minigrad.ops.networks.dropout import dropout

rng = np.random.default_rng(0)


def test_dropout_keeps_the_expected_value():
    x = Tensor(np.ones(100_000, np.float32))
    y = dropout(x, 0.2, rng=np.random.default_rng(0))
    assert set(np.unique(y.data)) == {np.float32(0), np.float32(1) / np.float32(0.8)}
    assert abs(y.data.mean() - 1) < 0.01
    y.backward(np.ones(y.shape))
    np.testing.assert_array_equal(x.grad, y.data)
    again = dropout(x, 0.2, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(again.data, y.data)


def test_dropout_of_nothing_of_everything_and_not_training():
    x = Tensor([1.0, -2.0])
    assert dropout(x, 0.0) is x
    assert dropout(x, 0.9, training=False) is x
    y = dropout(x, 1.0)
    y.backward(np.ones(2))
    np.testing.assert_array_equal((y.data, x.grad), np.zeros((2, 2)))


def test_dropout_of_integers():
    assert set(dropout(np.array([1, 1, 1]), 0.5).tolist()) <= {0.0, 2.0}
    assert isinstance(dropout(Tensor(np.array([1, 2])), 0.5), Tensor)


def test_gradients_to_second_order():
    assert mg.gradcheck(lambda x: dropout(x, 0.4, rng=np.random.default_rng(1)) ** 2, rng.normal(size=(5, 4)), order=2)


def test_an_empty_batch_and_inputs_left_alone():
    x = Tensor(np.zeros((0, 3)))
    y = dropout(x)
    y.backward(np.ones(y.shape))
    assert x.grad.shape == (0, 3)
    data = np.asfortranarray(rng.normal(size=(4, 3)))
    data.flags.writeable = False
    before = data.copy()
    dropout(Tensor(data)).backward(np.ones((4, 3)))
    np.testing.assert_array_equal(data, before)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="p is a probability"):
        dropout([1.0], 1.5)
