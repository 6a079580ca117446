"""The linear layer: leading axes, gradients, dtypes, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor
from minigrad.ops.networks.linear import linear

rng = np.random.default_rng(0)
X, W, B = rng.normal(2, 3, (4, 6, 3, 2)), rng.normal(size=6), rng.normal(size=3)
ROWS = rng.normal(size=(5, 4))


def test_linear_is_a_product_with_any_leading_axes():
    w, b = rng.normal(size=(3, 2)), B
    np.testing.assert_allclose(linear(X, w, b), np.einsum("nchw,ow->ncho", X, w) + b)
    np.testing.assert_allclose(linear(X, w, bias=b), X @ w.T + b)
    assert linear(np.array([1.0, 2.0]), [[3.0, 4.0]]) == [11.0]


def test_linear_keeps_the_digits_of_its_bias():
    y = linear(np.ones((1, 2), np.float32), np.ones((1, 2), np.float32), Tensor([1e-12]))
    assert y.dtype == np.float64
    assert y.data[0, 0] - 2 > 0
    np.testing.assert_array_equal(linear([[1, 2]], np.array([[3, 4]]), np.array([5])), [[16.0]])


@pytest.mark.parametrize("inputs", [
    (ROWS, rng.normal(size=(3, 4)), B), (X, rng.normal(size=(3, 2)), B), (ROWS[0], rng.normal(size=(3, 4))),
])  # fmt: skip
def test_gradients_to_second_order_and_float32(inputs):
    assert mg.gradcheck(linear, *inputs, order=2)
    single, double = [Tensor(x.astype(np.float32)) for x in inputs], [Tensor(x) for x in inputs]
    for leaves in (single, double):
        y = linear(*leaves)
        assert y.dtype == leaves[0].dtype
        y.backward(np.cos(np.arange(y.size)).reshape(y.shape))
    for x, exact in zip(single, double, strict=True):
        assert x.grad.dtype == np.float32
        np.testing.assert_allclose(x.grad, exact.grad, rtol=1e-3, atol=1e-4)


def test_lists_and_integers_leave_float32_alone():
    x, w = Tensor(np.ones((3, 2), np.float32)), Tensor(np.ones((1, 2), np.float32))
    assert linear(x, [[1, 2]], [0]).dtype == np.float32
    assert linear(np.ones((3, 2), int), w).dtype == np.float32


def test_an_empty_batch():
    x = Tensor(np.zeros((0, 2, 3)))
    y = linear(x, np.ones((4, 3)))
    assert y.shape == (0, 2, 4)
    y.backward(np.ones(y.shape))
    assert x.grad.shape == (0, 2, 3)


@pytest.mark.parametrize(("call", "message"), [
    (lambda: linear(ROWS, W), r"linear, inputs of shapes \(5, 4\) and \(6,\)"),
    (lambda: linear(ROWS, X[0, 0]), r"linear, inputs of shapes \(5, 4\) and \(3, 2\): weight must be"),
    (lambda: linear(ROWS, ROWS, W), r"shapes \(5, 4\) and \(5, 4\) and \(6,\): bias must be \(5,\)"),
])  # fmt: skip
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
