"""Unfolding and folding, against loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad as mg
from minigrad import Tensor
from minigrad.ops.networks.unfold import fold, unfold


@st.composite
def geometry(draw: Any) -> dict[str, Any]:
    n = draw(st.integers(1, 3))
    each = lambda low, high: tuple(draw(st.integers(low, high)) for _ in range(n))  # noqa: E731
    g = {"size": each(1, 6), "kernel_size": each(1, 3), "stride": each(1, 3), "dilation": each(1, 2), "padding": each(0, 3)}
    out = tuple(
        (a + 2 * p - d * (k - 1) - 1) // s + 1
        for a, k, s, d, p in zip(
            *(g[name] for name in ("size", "kernel_size", "stride", "dilation", "padding")), strict=True
        )
    )
    return {**g, "out": out}


@settings(max_examples=150, deadline=None)
@given(geometry())
def test_unfold_and_fold_over_random_geometry(g: dict[str, Any]):
    size, out, kernel = g.pop("size"), g.pop("out"), g["kernel_size"]
    data = np.random.default_rng(0).normal(size=(2, 3, *size))
    if min(out) < 1:
        with pytest.raises(ValueError, match=r"unfold: window .* does not fit x of shape"):
            unfold(data, **g)
        return
    x = Tensor(data)
    columns = unfold(x, **g)
    padded = np.pad(data, [(0, 0), (0, 0)] + [(p, p) for p in g["padding"]])
    expected = np.zeros((2, 3, *kernel, *out))
    for o in np.ndindex(*out):
        for k in np.ndindex(*kernel):
            at = tuple(i * s + d * j for i, s, d, j in zip(o, g["stride"], g["dilation"], k, strict=True))
            expected[(..., *k, *o)] = padded[(..., *at)]
    np.testing.assert_array_equal(columns.data, expected.reshape(2, 3 * np.prod(kernel), np.prod(out)))
    y = np.random.default_rng(1).normal(size=columns.shape)
    columns.backward(y)
    image = fold(Tensor(y), size, **g)
    np.testing.assert_allclose(image.data, x.grad)
    np.testing.assert_allclose(np.sum(columns.data * y), np.sum(data * image.data))  # <A x, y> = <x, A' y>
    leaf = Tensor(y)
    fold(leaf, size, **g).backward(data)
    np.testing.assert_allclose(leaf.grad, columns.data)


def test_folding_counts_how_many_windows_see_a_number():
    np.testing.assert_array_equal(fold(unfold(np.ones((1, 1, 3, 3)), 2), (3, 3), 2)[0, 0], [[1, 2, 1], [2, 4, 2], [1, 2, 1]])


def test_a_convolution_by_unfold_is_one_product():
    x = np.arange(1.0, 26.0).reshape(1, 1, 5, 5)
    out = np.arange(1.0, 10.0) @ unfold(x, 3, stride=2)[0] + 0.5
    np.testing.assert_array_equal(out.reshape(2, 2), [[411.5, 501.5], [861.5, 951.5]])


X = np.random.default_rng(2).normal(size=(2, 2, 3, 4))


@pytest.mark.parametrize("f", [
    lambda x: unfold(x, 2, 1, 1, 2), lambda x: fold(x.reshape(2, 8, 3), (2, 4), 2),
])  # fmt: skip
def test_gradients_and_float32(f: Any):
    assert mg.gradcheck(lambda x: f(x) ** 2, X, order=2)
    data = X.astype(np.float32)
    data.flags.writeable = False
    x = Tensor(data)
    y = f(x)
    y.backward(np.ones(y.shape))
    assert y.dtype == x.grad.dtype == np.float32


def test_empty_batches():
    x = Tensor(np.zeros((0, 2, 3, 4)))
    for y in (unfold(x, 2), fold(unfold(x, 2), (3, 4), 2)):
        assert y.shape[0] == 0
        y.backward(np.ones(y.shape))
        assert x.grad.shape == x.shape


@pytest.mark.parametrize(("call", "message"), [
    (lambda: unfold(np.ones((4, 4)), 2), r"unfold: windows of 2 axes need an image \(N, C and 2 more\), got shape \(4, 4\)"),
    (lambda: fold(np.ones((1, 4, 5)), (3, 3), 2), r"fold: x of shape \(1, 4, 5\) .* \(N, C times 4, 4\)"),
    (lambda: fold(np.ones((1, 3, 4)), (3, 3), 2), r"fold: x of shape \(1, 3, 4\)"),
])  # fmt: skip
def test_what_does_not_fit_is_refused(call: Any, message: str):
    with pytest.raises(ValueError, match=message):
        call()
