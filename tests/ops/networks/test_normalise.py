"""Normalisation against its definitions: statistics, gradients, dtypes, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor
from minigrad.ops.networks.normalise import batch_norm, group_norm, instance_norm, layer_norm

rng = np.random.default_rng(0)
X, W, B = rng.normal(2, 3, (4, 6, 3, 2)), rng.normal(size=6), rng.normal(size=6)
ROWS = rng.normal(size=(5, 4))
CHANNEL = (slice(None), np.newaxis, np.newaxis)


def standard(x: Any, axes: tuple[int, ...], eps: float = 1e-5) -> Any:
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + eps)


def test_each_is_the_mean_and_variance_over_its_axes():
    affine = lambda x: x * W[CHANNEL] + B[CHANNEL]  # noqa: E731
    np.testing.assert_allclose(batch_norm(X, weight=W, bias=B, training=True), affine(standard(X, (0, 2, 3))))
    np.testing.assert_allclose(instance_norm(X, weight=W, bias=B), affine(standard(X, (2, 3))))
    grouped = standard(X.reshape(4, 3, 2, 3, 2), (2, 3, 4)).reshape(X.shape)
    np.testing.assert_allclose(group_norm(X, 3, W, B), affine(grouped))
    w, b = rng.normal(size=(2, 3, 2))
    np.testing.assert_allclose(layer_norm(X, (3, 2), w, b), standard(X, (2, 3)) * w + b)
    np.testing.assert_allclose(layer_norm(ROWS, 4), standard(ROWS, (1,)))
    np.testing.assert_allclose(batch_norm(ROWS, training=True, eps=0.1), standard(ROWS, (0,), 0.1))


def test_batch_norm_follows_the_batches_in_place():
    mean, var = np.zeros(6, np.float32), np.ones(6, np.float32)
    for _ in range(2):
        batch_norm(X, mean, var, training=True, momentum=0.25)
    kept = 0.75**2
    np.testing.assert_allclose(mean, (1 - kept) * X.mean((0, 2, 3)), rtol=1e-6)
    np.testing.assert_allclose(var, kept + (1 - kept) * X.var((0, 2, 3), ddof=1), rtol=1e-6)  # the unbiased variance
    before = mean.copy(), var.copy()
    out = batch_norm(Tensor(X.astype(np.float32)), mean.astype(float), var.astype(float), W.astype(np.float32))
    assert out.dtype == np.float32
    expected = (X - mean[CHANNEL]) / np.sqrt(var[CHANNEL] + 1e-5) * W[CHANNEL]
    np.testing.assert_allclose(out.data, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal((mean, var), before)


def test_a_normalised_output_does_not_feel_shift_or_scale():
    x = Tensor(ROWS)
    layer_norm(x, 4, eps=0).backward(rng.normal(size=ROWS.shape))
    np.testing.assert_allclose(x.grad.sum(1), 0, atol=1e-12)
    np.testing.assert_allclose((x.grad * ROWS).sum(1), 0, atol=1e-12)


def test_large_means_do_not_spoil_the_variance():
    x = (rng.normal(size=(64, 3, 8, 8)) + 1000).astype(np.float32)
    np.testing.assert_allclose(batch_norm(x, training=True), standard(x.astype(float), (0, 2, 3)), atol=1e-3)


@pytest.mark.parametrize(("f", "inputs"), [
    (lambda x, w, b: batch_norm(x, None, None, w, b, True), (X, W, B)),
    (lambda x: batch_norm(x, training=True), (ROWS,)),
    (lambda x, b: batch_norm(x, np.full(6, 0.3), np.full(6, 2.0), bias=b), (X, B)),
    (lambda x, w, b: batch_norm(x, np.full(6, 0.3), np.full(6, 2.0), w, b), (X, W, B)),
    (lambda x, w, b: layer_norm(x, 4, w, b), (ROWS, W[:4], B[:4])),
    (lambda x, b: layer_norm(x, (3, 2), None, b), (X, X[0, 0])),
    (lambda x, w, b: group_norm(x, 2, w, b), (X, W, B)),
    (lambda x, w: instance_norm(x, weight=w), (X, W)),
])  # fmt: skip
def test_gradients_to_second_order_and_float32(f: Any, inputs: tuple[Any, ...]):
    assert mg.gradcheck(f, *inputs, order=2)
    single, double = [Tensor(x.astype(np.float32)) for x in inputs], [Tensor(x) for x in inputs]
    for leaves in (single, double):
        y = f(*leaves)
        assert y.dtype == leaves[0].dtype
        y.backward(np.cos(np.arange(y.size)).reshape(y.shape))
    for x, exact in zip(single, double, strict=True):
        assert x.grad.dtype == np.float32
        np.testing.assert_allclose(x.grad, exact.grad, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("f", [
    lambda x: batch_norm(x, np.zeros(2), np.ones(2), training=True), lambda x: layer_norm(x, 3), lambda x: group_norm(x, 2),
    instance_norm, lambda x: batch_norm(x, np.zeros(2), np.ones(2)),
])  # fmt: skip
def test_empty_batches_and_inputs_left_alone(f: Any):
    x = Tensor(np.zeros((0, 2, 3)))
    y = f(x)
    y.backward(np.ones(y.shape))
    assert x.grad.shape == (0, 2, 3)
    data = np.asfortranarray(rng.normal(size=(4, 2, 3)))
    data.flags.writeable = False
    before = data.copy()
    x = Tensor(data)
    y = f(x)
    y.backward(np.ones(y.shape))
    f(data)
    np.testing.assert_array_equal(data, before)


def test_lists_and_integers_leave_float32_alone():
    x, w = Tensor(np.ones((3, 2), np.float32)), [1.0, 1.0]
    for y in (
        batch_norm(x, weight=w, bias=w, training=True), batch_norm(x, w, w, w, w), layer_norm(x, np.int64(2), w, w),
        group_norm(x, 2, w, w),
        instance_norm(x[..., None] * np.ones(2, np.float32), weight=w, bias=w),
    ):  # fmt: skip
        assert y.dtype == np.float32
    assert layer_norm(x, 2, np.ones(2, np.float32), np.ones(2)).dtype == np.float64


@pytest.mark.parametrize("bad", ["read-only", "list", "integer"])
def test_running_statistics_are_refused_before_they_change(bad: str):
    mean, var = np.zeros(6), np.ones(6)
    var.flags.writeable = bad != "read-only"
    wrong = {"read-only": var, "list": var.tolist(), "integer": var.astype(int)}[bad]
    with pytest.raises(ValueError, match="batch_norm: running_var must be a writeable floating array"):
        batch_norm(X, mean, wrong, training=True)
    np.testing.assert_array_equal(mean, 0)
    np.testing.assert_array_equal(batch_norm(X, mean.tolist(), wrong), batch_norm(X, mean, var))


@pytest.mark.parametrize(("call", "message"), [
    (lambda: batch_norm(X, weight=W[:2], training=True), r"weight of shape \(2,\) should be \(6,\) for x of shape \(4, 6, 3, 2\)"),
    (lambda: batch_norm(X, np.ones(2), np.ones(6)), r"running_mean of shape \(2,\) should be \(6,\)"),
    (lambda: batch_norm(X), "running_mean and running_var must be given if not training"),
    (lambda: batch_norm(X, W, training=True), "running_var must be given too"),
    (lambda: batch_norm(ROWS[:1], training=True), r"more than one element for each channel, got x of shape \(1, 4\)"),
    (lambda: batch_norm(W, training=True), r"x of shape \(6,\) is not \(N, C, ...\)"),
    (lambda: layer_norm(X, (2, 3)), r"x of shape \(4, 6, 3, 2\) does not end in normalized_shape \(2, 3\)"),
    (lambda: layer_norm(ROWS, 4, W), r"weight of shape \(6,\) should be \(4,\)"),
    (lambda: layer_norm(ROWS, 4.0), "layer_norm: normalized_shape must be an integer"),
    (lambda: group_norm(X, 2.0), "group_norm: num_groups must be an integer"),
    (lambda: group_norm(X, 4), "4 groups do not divide the 6 channels of x, of shape"),
    (lambda: instance_norm(ROWS), r"x of shape \(5, 4\) has a single element for each channel"),
])  # fmt: skip
def test_what_does_not_fit_is_refused(call: Any, message: str):
    with pytest.raises(ValueError, match=message):
        call()
