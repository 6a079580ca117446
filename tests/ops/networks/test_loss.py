"""Losses against SciPy and their definitions: values, gradients, weights, extremes, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.special as sp

import minigrad as mg
from minigrad import Tensor
from minigrad.ops.networks.cross_entropy import cross_entropy, multiclass_hinge_loss, nll_loss
from minigrad.ops.networks.loss import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    huber_loss,
    kl_div,
    l1_loss,
    mse_loss,
)  # fmt: skip

rng = np.random.default_rng(0)
X, T = rng.normal(size=(2, 4, 5))
P, Q = rng.uniform(0.05, 0.95, (2, 4, 5))
Y, W = np.array([0, 4, 2, 2]), rng.uniform(0.5, 2, 5)
MAPS, MAP_Y = rng.normal(size=(2, 3, 4, 5)), rng.integers(0, 3, (2, 4, 5))
REDUCTIONS = ("mean", "sum", "none")
reduce = {"mean": np.mean, "sum": np.sum, "none": np.asarray}


def gradient(f: Any, x: Any, upstream: Any = None) -> Any:
    leaf = Tensor(x)
    f(leaf).backward(upstream)
    return leaf.grad


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_values_of_the_losses_by_number(reduction: str):
    take = reduce[reduction]
    for found, expected in (
        (mse_loss(X, T, reduction), (X - T) ** 2),
        (l1_loss(X, T, reduction), np.abs(X - T)),
        (huber_loss(X, T, reduction, delta=0.7), sp.huber(0.7, X - T)),
        (binary_cross_entropy(P, Q, reduction=reduction), -sp.xlogy(Q, P) - sp.xlog1py(1 - Q, -P)),
        (binary_cross_entropy(P, Q, W, reduction), W * (-sp.xlogy(Q, P) - sp.xlog1py(1 - Q, -P))),
        (binary_cross_entropy_with_logits(X, Q, None, reduction), -Q * sp.log_expit(X) - (1 - Q) * sp.log_expit(-X)),
        (
            binary_cross_entropy_with_logits(X, Q, W, reduction, W),
            W * (-Q * W * sp.log_expit(X) - (1 - Q) * sp.log_expit(-X)),
        ),
        (kl_div(np.log(P), Q, reduction), sp.rel_entr(Q, P)),
        (kl_div(np.log(P), np.log(Q), reduction, log_target=True), sp.rel_entr(Q, P)),
    ):
        np.testing.assert_allclose(found, take(expected), rtol=1e-12)
    np.testing.assert_allclose(kl_div(np.log(P), Q, "batchmean"), sp.rel_entr(Q, P).sum() / 4)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weight", [None, W])
def test_cross_entropy_of_class_indices(reduction: str, weight: Any):
    weights = np.ones(5) if weight is None else weight
    each = -weights[Y] * sp.log_softmax(X, 1)[range(4), Y]
    expected = {"mean": each.sum() / weights[Y].sum(), "sum": each.sum(), "none": each}[reduction]
    np.testing.assert_allclose(cross_entropy(X, Y, weight, reduction=reduction), expected)
    np.testing.assert_allclose(nll_loss(sp.log_softmax(X, 1), Y, weight, reduction=reduction), expected)
    smooth = 0.9 * each - 0.1 / 5 * (weights * sp.log_softmax(X, 1)).sum(1)
    expected = {"mean": smooth.sum() / weights[Y].sum(), "sum": smooth.sum(), "none": smooth}[reduction]
    np.testing.assert_allclose(cross_entropy(X, Y, weight, reduction=reduction, label_smoothing=0.1), expected)


def test_its_gradient_is_the_softmax_less_the_target():
    onehot = np.eye(5)[Y]
    np.testing.assert_allclose(gradient(lambda x: cross_entropy(x, Y, reduction="sum"), X), sp.softmax(X, 1) - onehot)
    np.testing.assert_allclose(gradient(lambda x: cross_entropy(x, Y), X), (sp.softmax(X, 1) - onehot) / 4)
    np.testing.assert_allclose(
        gradient(lambda x: cross_entropy(x, sp.softmax(T, 1)), X), (sp.softmax(X, 1) - sp.softmax(T, 1)) / 4
    )
    np.testing.assert_allclose(
        gradient(lambda z: binary_cross_entropy_with_logits(z, Q, reduction="sum"), X), sp.expit(X) - Q
    )
    np.testing.assert_allclose(
        gradient(lambda p: binary_cross_entropy(p, Q, reduction="sum"), P), -Q / P + (1 - Q) / (1 - P)
    )


def test_probabilities_of_one_class_are_class_indices():
    for kw in ({}, {"label_smoothing": 0.2}, {"reduction": "none"}):
        np.testing.assert_allclose(cross_entropy(X, np.eye(5)[Y], **kw), cross_entropy(X, Y, **kw))
    weighted = cross_entropy(X, np.eye(5)[Y], W)
    np.testing.assert_allclose(weighted, np.mean(-W[Y] * sp.log_softmax(X, 1)[range(4), Y]))  # over positions, not weights


def test_any_class_axis_and_no_batch():
    np.testing.assert_allclose(cross_entropy(MAPS, MAP_Y), cross_entropy(np.moveaxis(MAPS, 1, -1), MAP_Y, axis=-1))
    np.testing.assert_allclose(cross_entropy(MAPS, MAP_Y), cross_entropy(np.moveaxis(MAPS, 1, 0), MAP_Y, axis=0))
    flat = np.moveaxis(MAPS, 1, -1).reshape(-1, 3)
    np.testing.assert_allclose(cross_entropy(MAPS, MAP_Y, W[:3]), cross_entropy(flat, MAP_Y.ravel(), W[:3]))
    np.testing.assert_allclose(cross_entropy(X[0], 3), -sp.log_softmax(X[0])[3])
    np.testing.assert_allclose(multiclass_hinge_loss(MAPS, MAP_Y), multiclass_hinge_loss(flat, MAP_Y.ravel()))


def test_what_is_ignored_counts_for_nothing():
    target = np.array([0, -100, 2, -100])
    np.testing.assert_allclose(cross_entropy(X, target), cross_entropy(X[[0, 2]], [0, 2]))
    np.testing.assert_allclose(nll_loss(X, target, W), nll_loss(X[[0, 2]], [0, 2], W))
    np.testing.assert_allclose(
        cross_entropy(X, [0, 1, 2, 1], W, ignore_index=1, label_smoothing=0.3),
        cross_entropy(X[[0, 2]], [0, 2], W, label_smoothing=0.3),
    )
    g = gradient(lambda x: cross_entropy(x, target), X)
    assert not g[[1, 3]].any()
    assert np.isnan(cross_entropy(X, np.full(4, -100)))
    assert not gradient(lambda x: cross_entropy(x, np.full(4, -100)), X).any()


@pytest.mark.parametrize("size", [1e3, 1e4])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_logits_stay_finite(size: float, dtype: Any):
    z = Tensor(np.array([size, -size, size, -size], dtype))
    loss = binary_cross_entropy_with_logits(z, [1, 1, 0, 0], reduction="none")
    np.testing.assert_array_equal(loss.data, [0, size, size, 0])
    loss.backward(np.ones(4))
    np.testing.assert_array_equal(z.grad, [0, -1, 1, 0])
    x = Tensor(np.array([[size, -size], [size, -size]], dtype))
    for loss in (
        cross_entropy(x, [0, 1], reduction="none"), cross_entropy(x, np.eye(2, dtype=dtype), reduction="none"),
    ):  # fmt: skip
        np.testing.assert_array_equal(loss.data, [0, 2 * size])
        x.zero_grad()
        loss.backward(np.ones(2))
        np.testing.assert_array_equal(x.grad, [[0, 0], [1, -1]])


def test_a_small_loss_keeps_its_digits():
    z = np.array([40.0, -40.0])
    np.testing.assert_allclose(binary_cross_entropy_with_logits(z, [1, 0], reduction="sum"), 2 * np.exp(-40.0), rtol=1e-12)


def test_binary_cross_entropy_at_the_ends():
    x = Tensor([0.0, 1.0, 0.0, 1.0])
    loss = binary_cross_entropy(x, [0, 1, 1, 0], reduction="none")
    np.testing.assert_array_equal(loss.data, [0, 0, 100, 100])
    loss.backward(np.ones(4))
    np.testing.assert_array_equal(x.grad, [0, 0, -1e12, 1e12])
    with pytest.raises(ValueError, match="probabilities, from 0 to 1"):
        binary_cross_entropy([1.5], [1.0])


def test_conventions_at_kinks():
    assert gradient(lambda x: l1_loss(x, 2.0), 2.0) == 0
    assert gradient(lambda x: huber_loss(x, 0.0, delta=1.5), 1.5) == 1.5
    assert gradient(lambda x: huber_loss(x, 0.0), -9.0) == -1
    np.testing.assert_array_equal(gradient(lambda x: multiclass_hinge_loss(x, [0]), [[1.0, 0.0, 0.5]]), [[-1, 0, 1]])
    x, t = Tensor([-np.inf, -1.0]), Tensor([0.0, 1.0])
    loss = kl_div(x, t, "sum")
    assert loss.data == 1
    loss.backward()
    np.testing.assert_array_equal((x.grad, t.grad), [[0, -1], [0, 2]])


def test_the_support_vector_machine_of_cs231n():
    scores = np.array([[3.2, 5.1, -1.7], [1.3, 4.9, 2.0], [2.2, 2.5, -3.1]])
    np.testing.assert_allclose(multiclass_hinge_loss(scores, [0, 1, 2], reduction="none"), [2.9, 0, 12.9])
    np.testing.assert_allclose(multiclass_hinge_loss(scores, [0, 1, 2]), 15.8 / 3)
    g = gradient(lambda x: multiclass_hinge_loss(x, [0, 1, 2], reduction="sum"), scores)
    np.testing.assert_array_equal(g, [[-1, 1, 0], [0, 0, 0], [1, 1, -2]])


BY_NUMBER = [
    (lambda x, t, r: mse_loss(x, t, r), X, T), (lambda x, t, r: l1_loss(x, t, r), X, T),
    (lambda x, t, r: huber_loss(x, t, r, 0.7), X, T), (lambda x, t, r: binary_cross_entropy(x, t, W, r), P, Q),
    (lambda x, t, r: binary_cross_entropy_with_logits(x, t, None, r), X, Q),
    (lambda x, t, r: binary_cross_entropy_with_logits(x, t, W, r, W), X, Q),
    (lambda x, t, r: kl_div(x, t, r), X, Q), (lambda x, t, r: kl_div(x, t, r, True), X, T),
    (lambda x, t, r: cross_entropy(x, t, W, reduction=r), X, Q),
    (lambda x, t, r: cross_entropy(x, t, reduction=r, label_smoothing=0.2), X, Q),
]  # fmt: skip
BY_CLASS = [
    (lambda x, r: cross_entropy(x, Y, reduction=r), X), (lambda x, r: cross_entropy(x, Y, W, reduction=r), X),
    (lambda x, r: cross_entropy(x, [0, -100, 2, 2], W, reduction=r, label_smoothing=0.2), X),
    (lambda x, r: cross_entropy(x, MAP_Y, reduction=r), MAPS), (lambda x, r: nll_loss(x, [0, -100, 2, 2], W, reduction=r) ** 2, X),
    (lambda x, r: multiclass_hinge_loss(x, Y, 0.8, r) ** 2, X),
]  # fmt: skip
EVERY = [(lambda x, t, r, f=f: f(x, t, r), (x, t)) for f, x, t in BY_NUMBER] + [
    (lambda x, r, f=f: f(x, r), (x,)) for f, x in BY_CLASS
]


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize(("f", "inputs"), EVERY)
def test_gradients_to_second_order_and_float32(f: Any, inputs: tuple[Any, ...], reduction: str):
    assert mg.gradcheck(lambda *xs: f(*xs, reduction), *inputs, order=2)
    single, double = [Tensor(x.astype(np.float32)) for x in inputs], [Tensor(x) for x in inputs]
    for leaves in (single, double):
        y = f(*leaves, reduction)
        assert y.dtype == leaves[0].dtype
        y.backward(np.cos(np.arange(y.size)).reshape(y.shape)[()])
    for x, exact in zip(single, double, strict=True):
        assert x.grad.dtype == np.float32
        np.testing.assert_allclose(x.grad, exact.grad, rtol=1e-3, atol=1e-5)


def test_third_order():
    assert mg.gradcheck(lambda x: cross_entropy(x, Y[:2], label_smoothing=0.1), X[:2], order=3)


@pytest.mark.parametrize(
    "loss", [mse_loss, l1_loss, huber_loss, binary_cross_entropy, binary_cross_entropy_with_logits, kl_div]
)
def test_integer_and_list_targets_leave_float32_alone(loss: Any):
    x = Tensor(np.array([0.25, 0.5], np.float32))
    for target in (np.array([0, 1]), [0.0, 1.0], np.array([False, True]), Tensor(np.array([0, 1]))):
        y = loss(x, target)
        y.backward()
        assert y.dtype == x.grad.dtype == np.float32


@pytest.mark.parametrize("f", [
    lambda x, r: mse_loss(x, np.zeros((0, 3)), r), lambda x, r: binary_cross_entropy(x, np.zeros((0, 3)), reduction=r),
    lambda x, r: cross_entropy(x, [], reduction=r), lambda x, r: cross_entropy(x, np.zeros((0, 3)), reduction=r),
    lambda x, r: nll_loss(x, [], reduction=r), lambda x, r: multiclass_hinge_loss(x, [], reduction=r),
])  # fmt: skip
def test_empty_batches(f: Any):
    for reduction in REDUCTIONS:
        x = Tensor(np.zeros((0, 3)))
        y = f(x, reduction)
        y.backward(np.ones(y.shape)[()])
        assert x.grad.shape == (0, 3)
        assert reduction == "none" or y.shape == ()
        assert reduction != "sum" or y.data == 0
        assert reduction != "mean" or np.isnan(y.data)


def test_what_is_ignored_may_be_nan_or_infinite():
    for bad in (-np.inf, np.inf, np.nan):
        x = Tensor([[bad, 0.0, 1.0], [-1.0, -0.5, 0.0]])
        assert nll_loss(x, [-100, 1]).data == 0.5
        for smoothing in (0.0, 0.25):
            loss = cross_entropy(x, [-100, 1], label_smoothing=smoothing)
            np.testing.assert_allclose(loss.data, cross_entropy(x.data[1:], [1], label_smoothing=smoothing))
            x.grad = None
            loss.backward(create_graph=True)
            first, x.grad = x.grad, None
            (first * first).sum().backward()
            for gradient in (first.data, x.grad):
                np.testing.assert_array_equal(np.asarray(gradient)[0], 0)
                assert np.isfinite(np.asarray(gradient)).all()


def test_a_mean_of_many_float16_does_not_overflow():
    x = Tensor(np.ones(100_000, np.float16))
    loss = mse_loss(x, np.zeros(100_000, np.float16))
    loss.backward()
    assert loss.dtype == np.float16
    assert loss.data == 1
    np.testing.assert_allclose(x.grad, 2e-5, rtol=0.01)


def test_one_axis_of_logits_has_no_other_axis():
    assert cross_entropy(X[0], 1).shape == cross_entropy(X[0], 1, axis=-1).shape == ()
    with pytest.raises(ValueError, match=r"cross_entropy, inputs of shape .5,.: axis 5 is out of bounds"):
        cross_entropy(X[0], 1, axis=5)


def test_inputs_are_left_alone_and_may_change_afterwards():
    data, target = np.asfortranarray(X), Y.copy()
    data.flags.writeable = False
    x = Tensor(data)
    y = cross_entropy(x, target)
    target[:] = 0
    y.backward()
    np.testing.assert_allclose(x.grad, (sp.softmax(X, 1) - np.eye(5)[Y]) / 4)
    y.backward()  # what is saved for the sweep is not used up
    np.testing.assert_allclose(x.grad, (sp.softmax(X, 1) - np.eye(5)[Y]) / 2)
    np.testing.assert_allclose(cross_entropy(data, Y), cross_entropy(X, Y))


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda: cross_entropy(np.ones((4, 10)), [1, 2, 3]), ValueError, r"cross_entropy: target of shape \(3,\) does not match logits \(4, 10\)"),
    (lambda: cross_entropy(X, [0, 1, 5, 0]), IndexError, "cross_entropy: target 5 is out of range for 5 classes"),
    (lambda: nll_loss(X, [0, 1, -1, 0]), IndexError, "nll_loss: target -1 is out of range for 5 classes"),
    (lambda: cross_entropy(X, [0.0, 1.0, 2.0, 0.0]), TypeError, r"class indices are integers, got float64 of shape \(4,\) for logits \(4, 5\)"),
    (lambda: cross_entropy(X, np.eye(5, dtype=int)[Y]), ValueError, "class probabilities must be floating"),
    (lambda: cross_entropy(X, Y, W[:3]), ValueError, r"weight of shape \(3,\) does not match logits \(4, 5\)"),
    (lambda: cross_entropy(X, Y, label_smoothing=2), ValueError, "label_smoothing goes from 0 to 1"),
    (lambda: cross_entropy(X, Y, reduction="avg"), ValueError, "reduction must be one of mean, sum, none, got 'avg'"),
    (lambda: cross_entropy(1.0, 0), ValueError, "no class axis"),
    (lambda: mse_loss(X, T[:, :1]), ValueError, r"mse_loss: target of shape \(4, 1\) does not match x \(4, 5\)"),
    (lambda: mse_loss(X, T, "batchmean"), ValueError, "got 'batchmean'"),
    (lambda: huber_loss(X, T, delta=0), ValueError, "delta must be positive"),
    (lambda: binary_cross_entropy(P, Q, np.ones((3, 5))), ValueError, r"weight of shape \(3, 5\) does not broadcast to x \(4, 5\)"),
    (lambda: kl_div(1.0, 1.0, "batchmean"), ValueError, "no batch"),
    (lambda: multiclass_hinge_loss(X, [9, 0, 0, 0]), IndexError, "target 9 is out of range"),
])  # fmt: skip
def test_what_does_not_fit_is_refused(call: Any, error: type[Exception], message: str):
    with pytest.raises(error, match=message):
        call()
