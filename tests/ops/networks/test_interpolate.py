"""Resizing, against loops and closed forms."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor
from minigrad.ops.networks.interpolate import interpolate


@pytest.mark.parametrize("old", [1, 2, 3, 5, 7, 10])
@pytest.mark.parametrize("new", [1, 2, 3, 4, 6, 9, 10, 21])
def test_resizing_one_axis(old: int, new: int):
    data = np.random.default_rng(0).normal(size=(1, 1, old))
    np.testing.assert_array_equal(
        interpolate(data, new)[0, 0], [data[0, 0, i * old // new] for i in range(new)]
    )  # fmt: skip
    ends = np.interp(np.linspace(0, old - 1, new) if new > 1 else [0], np.arange(old), data[0, 0])
    np.testing.assert_allclose(interpolate(data, new, mode="linear", align_corners=True)[0, 0], ends, atol=1e-12)
    edges = np.interp((np.arange(new) + 0.5) * old / new - 0.5, np.arange(old), data[0, 0])
    np.testing.assert_allclose(interpolate(data, new, mode="linear")[0, 0], edges, atol=1e-12)


@pytest.mark.parametrize("factor", [3, 49, 98, 103, 107, 161])
def test_nearest_repeats_each_element_a_whole_number_of_times(factor: int):
    assert any(int(i * (1 / factor)) != i // factor for i in range(4 * factor)) or factor == 3  # what rounding would do
    data = np.arange(4.0).reshape(1, 1, 4)
    np.testing.assert_array_equal(interpolate(data, scale_factor=factor), data.repeat(factor, 2))
    np.testing.assert_array_equal(interpolate(data, 4 * factor), data.repeat(factor, 2))


@pytest.mark.parametrize(("old", "new"), [(30, 22), (30, 26), (1, 49), (49, 1), (7, 47), (60, 59)])
def test_nearest_is_the_whole_part_of_the_exact_quotient(old: int, new: int):
    found = interpolate(np.arange(float(old)).reshape(1, 1, old), new)[0, 0]
    assert found.tolist() == [i * old // new for i in range(new)]


def test_resizing_an_image_is_resizing_each_axis():
    data = np.random.default_rng(0).normal(size=(2, 3, 4, 5))
    rows = (
        interpolate(data.transpose(0, 1, 3, 2).reshape(2, 15, 4), 7, mode="linear").reshape(2, 3, 5, 7).transpose(0, 1, 3, 2)
    )
    both = interpolate(rows.reshape(2, 21, 5), 3, mode="linear").reshape(2, 3, 7, 3)
    np.testing.assert_allclose(interpolate(data, (7, 3), mode="bilinear"), both)
    np.testing.assert_array_equal(interpolate(data, scale_factor=2), data.repeat(2, 2).repeat(2, 3))
    np.testing.assert_array_equal(interpolate(data, scale_factor=(1.5, 0.5)), data[:, :, [0, 0, 1, 2, 2, 3]][..., [0, 2]])
    volume = data.reshape(1, 2, 3, 4, 5)
    assert interpolate(volume, scale_factor=2, mode="trilinear").shape == (1, 2, 6, 8, 10)


@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_resizing_a_long_axis_takes_little_memory(mode: str):
    x = Tensor(np.ones((1, 1, 8000), np.float32))
    tracemalloc.start()
    try:
        interpolate(x, 16000, mode=mode).sum().backward()
        assert tracemalloc.get_traced_memory()[1] < 4e6
    finally:
        tracemalloc.stop()
    np.testing.assert_allclose(x.grad.sum(), 16000)


def test_scale_factors_as_an_array():
    x = np.ones((1, 1, 2, 3))
    assert interpolate(x, scale_factor=np.array([2.0, 3.0])).shape == (1, 1, 4, 9)


def test_nearest_lets_infinity_stay_where_it_is():
    out = interpolate(np.array([[[1.0, -np.inf, 2.0]]]), scale_factor=2)
    np.testing.assert_array_equal(out, [[[1, 1, -np.inf, -np.inf, 2, 2]]])


X = np.random.default_rng(2).normal(size=(2, 2, 3, 4))


@pytest.mark.parametrize("f", [
    lambda x: interpolate(x, (4, 3)), lambda x: interpolate(x, (5, 2), mode="bilinear"),
    lambda x: interpolate(x, scale_factor=1.5, mode="bilinear", align_corners=True),
    lambda x: interpolate(x, (7, 2), mode="bicubic"), lambda x: interpolate(x, (2, 5), mode="area"),
    lambda x: interpolate(x, (7, 2), mode="nearest-exact"),
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
    for y in (interpolate(x, (5, 5)), interpolate(x, (5, 5), mode="bilinear")):
        assert y.shape[0] == 0
        y.backward(np.ones(y.shape))
        assert x.grad.shape == x.shape


@pytest.mark.parametrize(("call", "message"), [
    (lambda: interpolate(np.ones((1, 1, 4)), 2, mode="bilinear"), r"shape \(1, 1, 4\) takes mode 'nearest', .*'linear'"),
    (lambda: interpolate(np.ones((1, 1, 4)), 2, mode="area", align_corners=True), "align_corners is for the linear and cubic"),
    (lambda: interpolate(np.ones((1, 1, 4))), "give either size or scale_factor"),
    (lambda: interpolate(np.ones((1, 1, 4)), 2, 2.0), "give either size or scale_factor"),
    (lambda: interpolate(np.ones((1, 1, 4, 4)), scale_factor=[2.0]), r"interpolate: scale_factor must be a number, or 2 of them"),
    (lambda: interpolate(np.ones((1, 4)), 2), r"interpolate: x of shape \(1, 4\) is not"),
    (lambda: interpolate(np.ones((1, 1, 4)), scale_factor=0.1), "size must be an integer of at least 1"),
])  # fmt: skip
def test_what_does_not_fit_is_refused(call: Any, message: str):
    with pytest.raises(ValueError, match=message):
        call()
