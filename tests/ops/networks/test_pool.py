"""Pooling against loops over every window, over random geometry; ties, padding, positions, what is refused."""

from __future__ import annotations

import itertools
import math
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import minigrad as mg
from minigrad import Tensor
from minigrad.ops.networks import adaptive, pool, unpool

INFINITE = -np.inf


def pooled(kind: str, n: int) -> Any:
    return getattr(pool, f"{kind}_pool{n}d")


def size_of(length: int, k: int, s: int, p: int, d: int, ceil_mode: bool) -> int:
    """The output size by counting starts, not by formula."""
    starts = itertools.count(-p, s)
    inside = []
    for start in starts:
        end = start + d * (k - 1)
        if end < length + p or (ceil_mode and start < length and (start - (length + p - 1 - d * (k - 1))) < s):
            inside.append(start)
        else:
            return len(inside)
    return 0


@st.composite
def geometry(draw: Any) -> dict[str, Any]:
    n = draw(st.integers(1, 3))
    each = lambda low, high: tuple(draw(st.integers(low, high)) for _ in range(n))  # noqa: E731
    g = {"size": each(1, 6), "kernel": each(1, 3), "stride": each(1, 4), "dilation": each(1, 2)}
    reach = [d * (k - 1) + 1 for k, d in zip(g["kernel"], g["dilation"], strict=True)]
    g["padding"] = tuple(draw(st.integers(0, r // 2)) for r in reach)
    g["ceil_mode"] = draw(st.booleans())
    g["lead"] = draw(st.sampled_from([(2, 2), (1, 1), (3,), (0, 2)]))
    g["ties"] = draw(st.booleans())
    g["layout"] = draw(st.sampled_from(["plain", "reversed", "moved"]))
    return g


def image(g: dict[str, Any]) -> Any:
    shape = g["lead"] + g["size"]
    rng = np.random.default_rng(math.prod(shape))
    x = rng.integers(-2, 3, shape).astype(float) if g["ties"] else rng.permutation(math.prod(shape)).reshape(shape) / 7.0
    if g["layout"] == "reversed":
        return np.ascontiguousarray(x[..., ::-1])[..., ::-1]
    if g["layout"] == "moved":
        return np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 0, -1)), -1, 0)
    return x


def windows(g: dict[str, Any], out: tuple[int, ...]) -> Any:
    """For each output, its place and the places of x that it sees, row by row."""
    for o in np.ndindex(*out):
        starts = [i * s - p for i, s, p in zip(o, g["stride"], g["padding"], strict=True)]
        places = [
            tuple(a + d * j for a, d, j in zip(starts, g["dilation"], inside, strict=True))
            for inside in np.ndindex(*g["kernel"])
        ]
        yield o, [at for at in places if all(0 <= a < length for a, length in zip(at, g["size"], strict=True))], starts


def out_size(g: dict[str, Any]) -> tuple[int, ...]:
    return tuple(
        size_of(*numbers, g["ceil_mode"])
        for numbers in zip(g["size"], g["kernel"], g["stride"], g["padding"], g["dilation"], strict=True)
    )


@settings(max_examples=150, deadline=None)
@given(geometry())
def test_max_pooling_over_random_geometry(g: dict[str, Any]):
    n, out, data = len(g["size"]), out_size(g), image(g)
    x = Tensor(data)
    arguments = (g["kernel"], g["stride"], g["padding"], g["dilation"], g["ceil_mode"])
    if 0 in out:
        with pytest.raises(ValueError, match="does not fit x of shape"):
            pooled("max", n)(x, *arguments)
        return
    if any(not places for _, places, _ in windows(g, out)):
        with pytest.raises(ValueError, match="lies wholly in the padding"):
            pooled("max", n)(x, *arguments)
        return
    y, where = pooled("max", n)(x, *arguments, return_indices=True)
    upstream = np.random.default_rng(1).normal(size=g["lead"] + out)
    value, positions = np.full(g["lead"] + out, INFINITE), np.full(g["lead"] + out, -1)
    gradient = np.zeros(data.shape)
    for lead in np.ndindex(*g["lead"]):
        for o, places, _ in windows(g, out):
            for at in places:
                if data[lead + at] > value[lead + o]:
                    value[lead + o], positions[lead + o] = data[lead + at], np.ravel_multi_index(at, g["size"])
            gradient[lead].flat[positions[lead + o]] += upstream[lead + o]
    np.testing.assert_array_equal(y.data, value)
    np.testing.assert_array_equal(where, positions)
    y.backward(upstream)
    np.testing.assert_allclose(x.grad, gradient, atol=1e-12)


@settings(max_examples=150, deadline=None)
@given(geometry(), st.booleans(), st.sampled_from([None, None, 3.0]))
def test_average_pooling_over_random_geometry(g: dict[str, Any], include: bool, divisor: float | None):
    n = len(g["size"])
    g = {**g, "dilation": (1,) * n, "padding": tuple(min(p, k // 2) for p, k in zip(g["padding"], g["kernel"], strict=True))}
    out, data = out_size(g), image(g)
    assume(0 not in out)
    x = Tensor(data)
    y = pooled("avg", n)(x, g["kernel"], g["stride"], g["padding"], g["ceil_mode"], include, divisor)
    upstream = np.random.default_rng(1).normal(size=g["lead"] + out)
    value, gradient = np.zeros(g["lead"] + out), np.zeros(data.shape)
    for o, places, starts in windows(g, out):
        padded = [
            sum(-p <= a + j < length + p for j in range(k))
            for a, k, p, length in zip(starts, g["kernel"], g["padding"], g["size"], strict=True)
        ]
        count = divisor or (math.prod(padded) if include else len(places))
        for at in places:
            value[(..., *o)] += data[(..., *at)] / count
            gradient[(..., *at)] += upstream[(..., *o)] / count
    np.testing.assert_allclose(y.data, value, atol=1e-12)
    y.backward(upstream)
    np.testing.assert_allclose(x.grad, gradient, atol=1e-12)
    np.testing.assert_allclose(np.sum(y.data * upstream), np.sum(data * x.grad), atol=1e-10)  # <A x, y> = <x, A' y>


def test_average_pooling_spreads_evenly_and_max_pooling_routes():
    data = np.array([[[1.0, 2.0, 5.0, 6.0], [3.0, 4.0, 7.0, 8.0]]])
    upstream = np.array([[[4.0, 8.0]]])
    x = Tensor(data)
    pool.avg_pool2d(x, 2).backward(upstream)
    np.testing.assert_array_equal(x.grad, [[[1, 1, 2, 2], [1, 1, 2, 2]]])
    x = Tensor(data)
    pool.max_pool2d(x, 2).backward(upstream)
    np.testing.assert_array_equal(x.grad, [[[0, 0, 0, 0], [0, 4, 0, 8]]])


def test_ties_go_to_the_first_and_overlaps_accumulate():
    x = Tensor(np.ones((1, 3, 3)))
    pool.max_pool2d(x, 2, 1).backward(np.array([[[1.0, 2.0], [3.0, 4.0]]]))
    np.testing.assert_array_equal(x.grad, [[[1, 2, 0], [3, 4, 0], [0, 0, 0]]])
    x = Tensor(np.array([[0.0, 5.0, 0.0]]))
    pool.max_pool1d(x, 2, 1).backward(np.array([[1.0, 10.0]]))
    np.testing.assert_array_equal(x.grad, [[0, 11, 0]])


def test_padding_is_minus_infinity_not_zero():
    x = Tensor(-np.ones((1, 2, 2)))
    y, where = pool.max_pool2d(x, 3, 1, 1, return_indices=True)
    np.testing.assert_array_equal(y.data, -np.ones((1, 2, 2)))
    np.testing.assert_array_equal(where, np.zeros((1, 2, 2)))
    y.backward(np.ones((1, 2, 2)))
    np.testing.assert_array_equal(x.grad, [[[4, 0], [0, 0]]])
    x = Tensor(np.full((1, 4), -np.inf))
    y = pool.max_pool1d(x, 2, padding=1)
    y.backward(np.array([[1.0, 2.0, 3.0]]))
    np.testing.assert_array_equal(x.grad, [[1, 2, 0, 3]])


def test_a_nan_is_the_largest():
    x = Tensor([[1.0, np.nan, 2.0, 3.0]])
    np.testing.assert_array_equal(pool.max_pool1d(x, 2).data, [[np.nan, 3.0]])
    np.testing.assert_array_equal(adaptive.adaptive_max_pool1d(x, 2).data, [[np.nan, 3.0]])


def test_integers_are_pooled_too():
    x = np.array([[3, -5, 2, 9]])
    np.testing.assert_array_equal(pool.max_pool1d(x, 2, padding=1), [[3, 2, 9]])
    np.testing.assert_array_equal(pool.avg_pool1d(x, 2), [[-1.0, 5.5]])


def test_truth_values_are_pooled_too():
    np.testing.assert_array_equal(pool.max_pool1d(np.array([[True, False, False, False]]), 2), [[True, False]])


def test_adaptive_pooling_of_a_long_axis_takes_little_memory():
    x = Tensor(np.ones((1, 1, 8001)))
    tracemalloc.start()
    try:
        adaptive.adaptive_avg_pool1d(x, 4000).sum().backward()
        assert tracemalloc.get_traced_memory()[1] < 4e6
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("n", [1, 2, 3])
def test_unpooling_puts_the_maxima_back(n: int):
    rng = np.random.default_rng(n)
    data = rng.normal(size=(2, 3) + (5,) * n)
    y, where = pooled("max", n)(data, 2, return_indices=True)
    put_back = getattr(unpool, f"max_unpool{n}d")
    image = put_back(Tensor(y), where, 2, output_size=data.shape)
    assert image.shape == data.shape
    kept = image.data != 0
    assert kept.sum() == y.size
    np.testing.assert_array_equal(image.data[kept], data[kept])
    assert put_back(y, where, 2, output_size=5).shape == data.shape
    with pytest.raises(IndexError, match=r"index \d+ is out of range for an image of shape .*4"):
        put_back(y, np.full(y.shape, 4**n), 2)


def test_unpooling_overlapping_windows_lets_the_last_stand():
    x = Tensor([[1.0, 2.0, 3.0]])
    y = unpool.max_unpool1d(x, [[2, 0, 2]], 1, output_size=4)
    np.testing.assert_array_equal(y.data, [[2, 0, 3, 0]])
    y.backward(np.array([[10.0, 20.0, 30.0, 40.0]]))
    np.testing.assert_array_equal(x.grad, [[0, 10, 30]])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 7), st.integers(1, 8)), min_size=1, max_size=3))
def test_adaptive_pooling(pairs: list[tuple[int, int]]):
    n, size, out = len(pairs), tuple(a for a, _ in pairs), tuple(b for _, b in pairs)
    data = np.random.default_rng(0).integers(-9, 9, (2, 1, *size)).astype(float)
    x, z = Tensor(data), Tensor(data)
    mean = getattr(adaptive, f"adaptive_avg_pool{n}d")(x, out)
    top, where = getattr(adaptive, f"adaptive_max_pool{n}d")(z, out, return_indices=True)
    upstream = np.random.default_rng(1).normal(size=mean.shape)
    mean.backward(upstream)
    top.backward(upstream)
    to_mean, to_top = np.zeros(data.shape), np.zeros(data.shape)
    for o in np.ndindex(*out):
        cut = tuple(slice(math.floor(i * a / b), math.ceil((i + 1) * a / b)) for i, (a, b) in zip(o, pairs, strict=True))
        part = data[(..., *cut)].reshape(2, -1)
        np.testing.assert_allclose(mean.data[(..., *o)][:, 0], part.mean(1), atol=1e-12)
        np.testing.assert_array_equal(top.data[(..., *o)][:, 0], part.max(1))
        to_mean[(..., *cut)] += (upstream[(..., *o)] / part.shape[1]).reshape((2, 1) + (1,) * n)
        for i in range(2):
            position = where[(i, 0, *o)]
            assert data[i, 0].flat[position] == part[i].max()
            inside = np.ravel(np.arange(data[0, 0].size).reshape(size)[cut])
            assert position == next(p for p in inside if data[i, 0].flat[p] == part[i].max())
            to_top[i, 0].flat[position] += upstream[(i, 0, *o)]
    np.testing.assert_allclose(x.grad, to_mean, atol=1e-12)
    np.testing.assert_allclose(z.grad, to_top, atol=1e-12)


def test_adaptive_keeps_an_axis_and_global_takes_all():
    data = np.random.default_rng(0).normal(size=(2, 3, 5, 4))
    assert adaptive.adaptive_avg_pool2d(data, (None, 2)).shape == (2, 3, 5, 2)
    np.testing.assert_allclose(adaptive.global_avg_pool(data)[..., 0, 0], data.mean((2, 3)))
    np.testing.assert_array_equal(adaptive.global_max_pool(data)[..., 0, 0], data.max((2, 3)))
    with pytest.raises(ValueError, match=r"global_max_pool: x of shape \(2, 3\)"):
        adaptive.global_max_pool(data[..., 0, 0])


X2, X1, X3 = (
    np.random.default_rng(n).permutation(2 * 3 * 4**n).reshape(2, 3, *(4,) * n) / 9.0 for n in (2, 1, 3)
)  # fmt: skip


@pytest.mark.parametrize(("f", "x"), [
    (lambda x: pool.max_pool2d(x, 2), X2), (lambda x: pool.max_pool2d(x, 3, 1, 1), X2),
    (lambda x: pool.max_pool1d(x, 2, 1, 1, 2, True), X1), (lambda x: pool.max_pool3d(x, 2, 1), X3),
    (lambda x: pool.avg_pool2d(x, 2), X2), (lambda x: pool.avg_pool2d(x, 3, 2, 1, True, False), X2),
    (lambda x: pool.avg_pool1d(x, 2, 1), X1), (lambda x: pool.avg_pool3d(x, 2), X3),
    (lambda x: adaptive.adaptive_avg_pool2d(x, (3, 2)), X2), (lambda x: adaptive.adaptive_max_pool2d(x, (3, 5)), X2),
    (adaptive.global_avg_pool, X3), (adaptive.global_max_pool, X1),
    (lambda x: unpool.max_unpool1d(x, pool.max_pool1d(X1, 2, 1, return_indices=True)[1], 2, 1), X1[..., :3]),
])  # fmt: skip
def test_gradients_to_second_order(f: Any, x: Any):
    assert mg.gradcheck(lambda x: f(x) ** 2, x, order=2)


@pytest.mark.parametrize("f", [
    lambda x: pool.max_pool2d(x, 2), lambda x: pool.avg_pool2d(x, 3, 1, 1, count_include_pad=False),
    lambda x: adaptive.adaptive_avg_pool2d(x, 3), lambda x: adaptive.adaptive_max_pool2d(x, 3),
    lambda x: unpool.max_unpool2d(x, np.arange(96).reshape(2, 3, 4, 4) % 16, 1),
])  # fmt: skip
def test_float32_read_only_and_empty_batches(f: Any):
    data = X2.astype(np.float32)
    data.flags.writeable = False
    x = Tensor(data)
    y = f(x)
    assert y.dtype == np.float32
    y.backward(np.ones(y.shape))
    assert x.grad.dtype == np.float32
    assert f(data).dtype == np.float32
    if y.shape != data.shape:
        empty = Tensor(np.zeros((0, 3, 4, 4)))
        y = f(empty)
        y.backward(np.ones(y.shape))
        assert y.shape[0] == 0
        assert empty.grad.shape == empty.shape


@pytest.mark.parametrize(("call", "message"), [
    (lambda: pool.max_pool2d(np.ones((4, 4)), 2), r"max_pool2d: x of shape \(4, 4\) is not \(N, C, H, W\) or \(C, H, W\)"),
    (lambda: pool.avg_pool1d(np.ones((1, 2, 3, 4)), 2), r"avg_pool1d: x of shape \(1, 2, 3, 4\) is not"),
    (lambda: pool.max_pool2d(np.ones((1, 4, 4)), 5), r"window \(5, 5\) .* does not fit x of shape \(1, 4, 4\)"),
    (lambda: pool.max_pool2d(np.ones((1, 4, 4)), 2, padding=2), r"padding \(2, 2\) is more than half of the window \(2, 2\)"),
    (lambda: pool.max_pool1d(np.ones((1, 1)), 2, 1, 1, 2), r"a window \(2,\) with dilation \(2,\) lies wholly in the padding"),
    (lambda: pool.max_pool2d(np.ones((1, 4, 4)), (2, 2, 2)), "kernel_size must be"),
    (lambda: pool.max_pool2d(np.ones((1, 4, 4)), 2, 0), "stride must be an integer of at least 1"),
    (lambda: pool.max_pool2d(np.ones((1, 4, 4)), 1.5), "kernel_size must be"),
    (lambda: pool.max_pool2d(np.ones((1, 0, 4)), 1), "does not fit"),
    (lambda: pool.avg_pool2d(np.ones((1, 4, 4)), 2, divisor_override=0), "must not be 0"),
    (lambda: unpool.max_unpool1d(np.ones((1, 2)), [[0]], 2), r"indices must be integers of x's shape \(1, 2\)"),
    (lambda: adaptive.adaptive_avg_pool2d(np.ones((1, 4, 4)), 0), "output_size must be"),
    (lambda: adaptive.adaptive_max_pool1d(np.ones((1, 0)), 1), "has nothing to pool"),
])  # fmt: skip
def test_what_does_not_fit_is_refused(call: Any, message: str):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_window_of_more_elements_than_float16_can_count():
    x = Tensor(np.full((1, 1, 300, 300), 0.5, np.float16))
    y = pool.avg_pool2d(x, 300)
    y.sum().backward()
    assert y.dtype == x.grad.dtype == np.float16
    assert y.item() == 0.5
    np.testing.assert_allclose(x.grad, 1 / 90_000, rtol=1e-2)
