"""What is computed a block at a time is what is computed at once."""

import math

import numpy as np
import pytest

import minigrad as mg
from minigrad.ops import blocks
from minigrad.ops.error_function import error_function
from minigrad.ops.networks import normalise

X = np.random.default_rng(0).normal(size=(6, 8, 5)) * 2
ELEMENTWISE = [mg.erf, mg.gelu, lambda x: mg.gelu(x, "tanh"), mg.sigmoid, mg.silu, mg.mish]
NORMS = [
    lambda x, w, b: mg.batch_norm(x, None, None, w, b, training=True),
    lambda x, w, b: mg.group_norm(x, 4, w, b),
    lambda x, w, b: mg.instance_norm(x, weight=w, bias=b),
    lambda x, w, b: mg.layer_norm(mg.swapaxes(x, 1, 2), 8, w, b),
]


def both_ways(function, *arrays):
    """The result, and its gradients from an upstream gradient of different elements."""
    inputs = [mg.Tensor(a) for a in arrays]
    out = function(*inputs)
    out.backward(np.cos(np.arange(out.size)).reshape(out.shape))
    return [out.data, *(x.grad for x in inputs)]


@pytest.mark.parametrize("function", ELEMENTWISE)
@pytest.mark.parametrize("x", [X, X.astype(np.float32), X.transpose(2, 0, 1), X[:, ::2]])
def test_elementwise_in_blocks(monkeypatch, function, x):
    whole = both_ways(function, x)
    monkeypatch.setattr(blocks, "BLOCK", 7)  # the last block is shorter
    for a, b in zip(both_ways(function, x), whole, strict=True):
        assert a.dtype == b.dtype
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=4 * np.finfo(a.dtype).eps)


def test_cross_entropy_of_logits_in_blocks(monkeypatch):
    target = np.random.default_rng(2).random(X.shape)
    whole = both_ways(mg.binary_cross_entropy_with_logits, X * 20, target)
    monkeypatch.setattr(blocks, "BLOCK", 7)
    for a, b in zip(both_ways(mg.binary_cross_entropy_with_logits, X * 20, target), whole, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-14, atol=1e-18)


def test_a_tiny_loss_of_a_large_logit_keeps_its_digits():
    z = np.array([20.0, 34.0, 40.0, 700.0])
    losses = mg.binary_cross_entropy_with_logits(z, np.zeros(4) + (z > 0), reduction="none")
    np.testing.assert_allclose(losses, np.log1p(np.exp(-z)), rtol=1e-15)


@pytest.mark.parametrize("axis", [-1, 1])
def test_softmax_in_rows(monkeypatch, axis):
    whole = both_ways(lambda x: mg.softmax(x, axis), X)
    monkeypatch.setattr(blocks, "BLOCK", 12)
    for a, b in zip(both_ways(lambda x: mg.softmax(x, axis), X), whole, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-14, atol=1e-16)


@pytest.mark.parametrize("function", NORMS)
@pytest.mark.parametrize("block", [1, 70])
def test_norms_in_blocks(monkeypatch, function, block):
    rng = np.random.default_rng(1)
    arrays = X, rng.normal(size=8), rng.normal(size=8)
    whole = both_ways(function, *arrays)
    monkeypatch.setattr(normalise, "BLOCK", block)
    for a, b in zip(both_ways(function, *arrays), whole, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("dtype", "ulps"), [(np.float64, 2), (np.float32, 2), (np.float16, 1)])
def test_the_error_function_is_that_of_python(dtype, ulps):
    x = np.concatenate([np.linspace(-7, 7, 20_001), [1, -1, 1e-30, np.inf, -np.inf]]).astype(dtype)
    want = np.array([math.erf(v) for v in x.tolist()])
    got = error_function(x)
    assert got.dtype == dtype
    assert (np.abs(got - want) <= ulps * np.spacing(np.abs(want).astype(dtype))).all()
    assert np.isnan(error_function(np.array([np.nan], dtype))).all()
    assert np.signbit(error_function(np.array([-0.0], dtype))).all()


def test_numbers_of_every_kind_are_taken_as_they_are():
    for x in (0.5, 3, True, np.float32(0.5), np.float16(0.5), np.array(0.5), np.array(3)):
        for y in (mg.erf(x), mg.gelu(x)):
            assert np.shape(y) == ()
    assert mg.erf(np.float32(0.5)).dtype == np.float32
    assert mg.compile(lambda x: mg.gelu(x * 2.0))(0.5) == mg.gelu(1.0)
    assert mg.compile(mg.erf)(0.5) == mg.erf(0.5)


def test_a_0d_array_before_a_large_one_is_no_block():
    from minigrad.ops.blocks import in_blocks

    x = np.arange(1e5)
    np.testing.assert_array_equal(in_blocks(lambda a, b: a * b)(np.array(2.0), x), 2 * x)


def test_an_infinite_logit_of_the_wrong_class_costs_infinity():
    found = mg.binary_cross_entropy_with_logits([np.inf, -np.inf], [0.0, 1.0], reduction="none")
    assert (found == np.inf).all()
