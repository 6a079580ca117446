"""Convolution against loops, its adjoints against inner products, its gradients against differences."""

from __future__ import annotations

import math
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import minigrad as mg
from minigrad import Tensor
from minigrad.ops.convolution import conv, conv_input, conv_weight
from minigrad.ops.geometry import Geometry
from minigrad.ops.networks.conv import conv1d, conv2d, conv3d
from minigrad.ops.networks.conv_transpose import conv_transpose1d, conv_transpose2d, conv_transpose3d
from minigrad.ops.signal import convolve, correlate

CONV = {1: conv1d, 2: conv2d, 3: conv3d}
CONV_TRANSPOSE = {1: conv_transpose1d, 2: conv_transpose2d, 3: conv_transpose3d}
RNG = np.random.default_rng(0)


def normal(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape)


def slow_conv(x: Any, weight: Any, how: Geometry) -> np.ndarray:
    """Pad, then for every image, filter and output place the sum over the window: nothing to get wrong."""
    x = np.pad(x, ((0, 0), (0, 0), *how.padding))
    kernel = weight.shape[2:]
    size = [(n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(x.shape[2:], kernel, how.stride, how.dilation, strict=True)]
    per_group, filters_per_group = weight.shape[1], len(weight) // how.groups
    out = np.zeros((len(x), len(weight), *size), x.dtype)
    for n, f in product(range(len(x)), range(len(weight))):
        channels = x[n, f // filters_per_group * per_group :][:per_group]
        for at in np.ndindex(*size):
            window = tuple(
                slice(i * s, i * s + d * (k - 1) + 1, d)
                for i, s, d, k in zip(at, how.stride, how.dilation, kernel, strict=True)
            )
            out[n, f, *at] = (channels[:, *window] * weight[f]).sum()
    return out


@st.composite
def problems(draw: st.DrawFn, most: int = 3) -> tuple[Any, Any, Geometry]:
    n = draw(st.integers(1, most))

    def each(low: int, high: int) -> tuple[int, ...]:
        return tuple(draw(st.lists(st.integers(low, high), min_size=n, max_size=n)))

    groups = draw(st.integers(1, 3))
    kernel = each(1, 3)
    stride, padding, dilation = each(1, 4), tuple(zip(each(0, 3), each(0, 3), strict=True)), each(1, 3)
    size = each(1, 8 if n < 3 else 5)
    how = Geometry(size, kernel, stride, padding, dilation, groups)
    assume(min(how.out) >= 1)
    x = normal(draw(st.integers(0, 3)), groups * draw(st.integers(1, 3)), *size)
    return x, normal(groups * draw(st.integers(1, 3)), x.shape[1] // groups, *kernel), how


# The triad


@pytest.mark.parametrize(("block", "columns"), [(1 << 20, 512), (200, 16), (16, 1)])
@settings(max_examples=80, deadline=None)
@given(problem=problems())
def test_triad(block: int, columns: int, problem: tuple[Any, Any, Geometry]):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("minigrad.ops._conv_kernels.BLOCK", block)
        patch.setattr("minigrad.ops._conv_kernels.COLUMNS", columns)
        x, weight, how = problem
        out = conv(x, weight, geometry=how)
        np.testing.assert_allclose(out, slow_conv(x, weight, how), atol=1e-12)
        y = normal(*out.shape)
        gx = conv_input(y, weight, geometry=how)
        gw = conv_weight(x, y, geometry=how)
        assert gx.shape == x.shape
        assert gw.shape == weight.shape
        np.testing.assert_allclose((x * gx).sum(), (out * y).sum(), atol=1e-10)
        np.testing.assert_allclose((weight * gw).sum(), (out * y).sum(), atol=1e-10)


@pytest.mark.parametrize("padding", [((0, 0), (0, 0)), ((0, 1), (0, 0)), ((0, 0), (1, 1)), ((1, 1), (2, 2))])
def test_a_kernel_of_one_element(padding: Any):
    """Without padding x is its own matrix of windows."""
    how = Geometry((16, 17), (1, 1), (1, 1), padding, (1, 1), 1)
    x, weight = normal(2, 2, 16, 17), normal(3, 2, 1, 1)
    np.testing.assert_allclose(conv(x, weight, geometry=how), slow_conv(x, weight, how), atol=1e-12)


@settings(max_examples=25, deadline=None)
@given(problem=problems(most=2))
def test_gradients_to_second_order(problem: tuple[Any, Any, Geometry]):
    x, weight, how = problem
    assume(0 < x.size <= 60)
    assert mg.gradcheck(lambda x, w, b: conv(x, w, b, geometry=how), x, weight, normal(len(weight)), order=2)


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("stride", [1, 2])
def test_every_rule_of_the_triad(groups: int, stride: int):
    how = Geometry((5, 4), (2, 2), (stride, 1), ((1, 0), (2, 1)), (1, 2), groups)
    x, weight = normal(2, 2 * groups, 5, 4), normal(2 * groups, 2, 2, 2)
    y = normal(*conv(x, weight, geometry=how).shape)
    b = normal(x.shape[1])
    assert mg.gradcheck(lambda y, w, b: conv_input(y, w, b, geometry=how), y, weight, b, order=2)
    assert mg.gradcheck(lambda x, y: conv_weight(x, y, geometry=how), x, y, order=2)


def test_a_constant_batch_costs_no_input_gradient(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("minigrad.ops._conv_kernels.conv_input", None)
    weight = Tensor(normal(2, 1, 3, 3))
    conv2d(normal(4, 1, 6, 6), weight).sum().backward()
    assert weight.grad.shape == weight.shape


# The public functions


@settings(max_examples=50, deadline=None)
@given(problem=problems())
def test_conv_with_bias(problem: tuple[Any, Any, Geometry]):
    x, weight, how = problem
    bias = normal(len(weight))
    n = x.ndim - 2
    want = slow_conv(x, weight, how) + bias.reshape(-1, *(1,) * n)
    np.testing.assert_allclose(CONV[n](x, weight, bias, *how[2:]), want, atol=1e-12)
    flipped = np.flip(weight, tuple(range(2, n + 2)))
    np.testing.assert_allclose(CONV[n](x, flipped, bias, *how[2:], flip=True), want, atol=1e-12)


@settings(max_examples=50, deadline=None)
@given(problem=problems(), data=st.data())
def test_conv_transpose_is_the_adjoint(problem: tuple[Any, Any, Geometry], data: st.DataObject):
    y, weight, how = problem
    n = y.ndim - 2
    weight = normal(y.shape[1], *weight.shape[1:])
    padding = tuple(lo for lo, _ in how.padding)
    extra = tuple(data.draw(st.integers(0, max(s, d) - 1)) for s, d in zip(how.stride, how.dilation, strict=True))
    size = tuple(
        (o - 1) * s - 2 * p + d * (k - 1) + e + 1
        for o, k, s, p, d, e in zip(y.shape[2:], weight.shape[2:], how.stride, padding, how.dilation, extra, strict=True)
    )
    assume(min(size) >= 1)
    bias = normal(weight.shape[1] * how.groups)
    out = CONV_TRANSPOSE[n](y, weight, bias, how.stride, padding, extra, how.groups, how.dilation)
    assert out.shape == (len(y), len(bias), *size)
    x = normal(*out.shape)
    image = slow_conv(x, weight, how._replace(padding=tuple((p, p) for p in padding)))
    image = image[(..., *(slice(o) for o in y.shape[2:]))]
    np.testing.assert_allclose(((out - bias.reshape(-1, *(1,) * n)) * x).sum(), (y * image).sum(), atol=1e-10)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_padding_in_words(n: int):
    x, weight = normal(2, 3, *(6,) * n), normal(4, 3, *(4,) * n)
    same = CONV[n](x, weight, padding="same")
    assert same.shape == (2, 4, *(6,) * n)
    np.testing.assert_allclose(same, CONV[n](x, weight, padding=[(1, 2)] * n))
    np.testing.assert_array_equal(CONV[n](x, weight, padding="valid"), CONV[n](x, weight))
    assert CONV[n](x, weight, padding="same", dilation=3).shape == same.shape


def test_padding_in_pairs():
    x, weight = normal(2, 3, 6, 7), normal(4, 3, 3, 2)
    padded = np.pad(x, ((0, 0), (0, 0), (1, 2), (0, 3)))
    np.testing.assert_allclose(conv2d(x, weight, padding=((1, 2), (0, 3))), conv2d(padded, weight))
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (2, 2)))
    np.testing.assert_allclose(conv2d(x, weight, padding=(1, 2)), conv2d(padded, weight))


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@settings(max_examples=30, deadline=None)
@given(m=st.integers(1, 9), n=st.integers(1, 9))
def test_convolve_and_correlate_are_numpys(mode: str, m: int, n: int):
    a, v = normal(m), normal(n)
    np.testing.assert_allclose(convolve(a, v, mode), np.convolve(a, v, mode), atol=1e-12)
    np.testing.assert_allclose(correlate(a, v, mode), np.correlate(a, v, mode), atol=1e-12)
    assert mg.gradcheck(lambda a, v: convolve(a, v, mode), a, v, order=2)
    assert mg.gradcheck(lambda a, v: correlate(a, v, mode), a, v, order=2)


def test_convolve_and_correlate_default_to_numpys_modes():
    a, v = normal(6), normal(3)
    np.testing.assert_allclose(convolve(a, v), np.convolve(a, v))
    np.testing.assert_allclose(correlate(a, v), np.correlate(a, v))


# Worked examples


def test_one_dimension_by_hand():
    x, weight = Tensor([[[1.0, 2, 3, 4, 5]]]), Tensor([[[2.0, -1, 3]]])
    out = conv1d(x, weight)
    np.testing.assert_array_equal(out.data, [[[9, 13, 17]]])
    out.backward(np.array([[[0.1, 0.2, 0.3]]]))
    np.testing.assert_allclose(x.grad, [[[0.2, 0.3, 0.7, 0.3, 0.9]]])
    np.testing.assert_allclose(weight.grad, [[[1.4, 2.0, 2.6]]])
    # The gradient of a convolution is a convolution: of the upstream gradient, the full and true one.
    np.testing.assert_allclose(x.grad[0, 0], np.convolve([0.1, 0.2, 0.3], [2, -1, 3], "full"))


def test_two_dimensions_and_stride_by_hand():
    x = Tensor(np.arange(1.0, 26).reshape(1, 1, 5, 5))
    weight = Tensor(np.arange(1.0, 10).reshape(1, 1, 3, 3))
    bias = Tensor([0.5])
    out = conv2d(x, weight, bias, stride=2)
    np.testing.assert_array_equal(out.data[0, 0], [[411.5, 501.5], [861.5, 951.5]])
    out.backward(np.array([[[[1.0, 2], [3, 4]]]]))
    np.testing.assert_array_equal(weight.grad[0, 0], [[92, 102, 112], [142, 152, 162], [192, 202, 212]])
    np.testing.assert_array_equal(bias.grad, [10])
    np.testing.assert_array_equal(
        x.grad[0, 0],
        [[1, 2, 5, 4, 6], [4, 5, 14, 10, 12], [10, 14, 36, 24, 30], [12, 15, 34, 20, 24], [21, 24, 55, 32, 36]],
    )


def test_true_convolution_is_correlation_with_the_kernel_flipped():
    x, weight = normal(1, 1, 6, 6), normal(1, 1, 3, 3)
    true = conv2d(x, weight, flip=True)
    want = sum(weight[0, 0, i, j] * x[:, :, 2 - i : 6 - i, 2 - j : 6 - j] for i in range(3) for j in range(3))
    np.testing.assert_allclose(true, want)
    np.testing.assert_allclose(true, conv2d(x, weight[:, :, ::-1, ::-1]))
    assert not np.allclose(true, conv2d(x, weight))


def test_a_box_convolved_with_itself_is_a_triangle():
    box = Tensor(np.ones(4))
    triangle = convolve(box, box)
    np.testing.assert_array_equal(triangle.data, [1, 2, 3, 4, 3, 2, 1])
    triangle[3].backward()
    np.testing.assert_array_equal(box.grad, [2, 2, 2, 2])


def test_a_transposed_convolution_spreads_each_number_on_its_window():
    x = Tensor([[[[1.0, 2], [3, 4]]]])
    out = conv_transpose2d(x, np.array([[[[1.0, 2], [3, 4]]]]))
    np.testing.assert_array_equal(out.data[0, 0], [[1, 4, 4], [6, 20, 16], [9, 24, 16]])


# Dtypes, layouts, sizes


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("function", ["conv", "transpose"])
def test_float32_stays_float32(function: str, groups: int):
    x, bias = Tensor(normal(2, 4, 5, 5).astype(np.float32)), Tensor(np.zeros(4, np.float32))
    weight = Tensor(normal(4, 4 // groups, 3, 3).astype(np.float32))
    out = (conv2d if function == "conv" else conv_transpose2d)(x, weight, bias, groups=groups)
    assert out.dtype == np.float32
    (out * out).sum().backward(create_graph=True)
    assert x.grad.dtype == weight.grad.dtype == bias.grad.dtype == np.float32
    (x.grad * x.grad).sum().backward()
    assert weight.grad.dtype == np.float32


def test_a_promoted_input_keeps_its_dtype_in_the_gradient():
    x, weight = Tensor(normal(1, 2, 4, 4).astype(np.float32)), Tensor(normal(3, 2, 2, 2))
    out = conv2d(x, weight)
    out.sum().backward()
    assert out.dtype == np.float64
    assert x.grad.dtype == np.float32


def test_integers_are_convolved_exactly():
    x, weight = np.arange(25).reshape(1, 1, 5, 5), np.arange(9).reshape(1, 1, 3, 3)
    out = conv2d(x, weight)
    assert out.dtype == np.float64
    np.testing.assert_array_equal(out, slow_conv(x, weight, Geometry((5, 5), (3, 3), (1, 1), ((0, 0), (0, 0)), (1, 1))))


def test_lists_and_integers_leave_float32_alone():
    x, weight = np.ones((1, 1, 3), np.float32), Tensor(np.ones((1, 1, 2), np.float32))
    for f in (conv1d, conv_transpose1d):
        assert f(x, weight, [0.5]).dtype == f(x.astype(int), weight).dtype == np.float32
        assert f(x, weight, Tensor([0.5])).dtype == np.float64
        assert isinstance(f(Tensor(x.astype(int)), np.ones((1, 1, 2))), Tensor)


def test_small_integers_do_not_wrap_around():
    for dtype in (np.uint8, np.bool_):
        x = np.full((1, 1, 300), 1, dtype)
        np.testing.assert_array_equal(conv1d(x, x), [[[300.0]]])


def test_padding_as_an_array():
    x, weight = normal(1, 1, 4, 4), normal(1, 1, 3, 3)
    np.testing.assert_array_equal(conv2d(x, weight, padding=np.array([1, 2])), conv2d(x, weight, padding=(1, 2)))


def test_output_padding_up_to_the_dilation():
    weight = normal(2, 1, 1)
    how = {"padding": 1, "output_padding": 2, "dilation": 3}
    np.testing.assert_allclose(conv_transpose1d(np.ones((1, 2, 4)), weight, **how), [[[weight.sum()] * 3 + [0]]])
    assert mg.gradcheck(lambda x, w: conv_transpose1d(x, w, **how) ** 2, normal(1, 2, 4), weight, order=2)


def test_strided_and_read_only_inputs_are_left_as_they_are():
    x, weight = normal(9, 9, 4, 2).T, normal(3, 3, 4, 3)[:, :, ::-1, ::-1].swapaxes(1, 2)
    assert not x.flags.c_contiguous
    x.flags.writeable = weight.flags.writeable = False
    before = x.copy(), weight.copy()
    tx, tw = Tensor(0.0), Tensor(0.0)
    tx.value, tw.value = x, weight
    (conv2d(tx, tw, padding=1) ** 2).sum().backward()
    cx, cw = Tensor(x.copy()), Tensor(weight.copy())
    (conv2d(cx, cw, padding=1) ** 2).sum().backward()
    np.testing.assert_allclose(tx.grad, cx.grad)
    np.testing.assert_allclose(tw.grad, cw.grad)
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(weight, before[1])


@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_batch_of_none(n: int):
    x, weight, bias = Tensor(np.zeros((0, 2, *(5,) * n))), Tensor(normal(3, 2, *(3,) * n)), Tensor(normal(3))
    out = CONV[n](x, weight, bias)
    assert out.shape == (0, 3, *(3,) * n)
    out.sum().backward()
    assert x.grad.shape == x.shape
    np.testing.assert_array_equal(weight.grad, np.zeros(weight.shape))
    assert CONV_TRANSPOSE[n](x, normal(2, 3, *(3,) * n)).shape == (0, 3, *(7,) * n)


def test_the_workspace_is_bounded():
    x, weight = Tensor(np.zeros((64, 8, 48, 48), np.float32)), Tensor(np.zeros((8, 8, 5, 5), np.float32))
    windows = x.size * math.prod(weight.shape[2:]) * 4
    conv2d(x, weight, padding=2).sum().backward(retain_graph=False)  # a kernel's first call also imports numba
    tracemalloc.start()
    try:
        conv2d(x, weight, padding=2).sum().backward(retain_graph=False)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < windows / 3


def test_a_long_signal_and_a_long_kernel_are_cut_in_blocks():
    a, v = normal(20_000), normal(500)
    tracemalloc.start()
    try:
        out = convolve(a, v, "same")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    np.testing.assert_allclose(out, np.convolve(a, v, "same"), atol=1e-9)
    assert peak < 20e6


# Refusals


def zeros(*shape: int) -> np.ndarray:
    return np.zeros(shape)


REFUSED = {
    "channels": (
        lambda: conv2d(zeros(50, 1, 28, 28), zeros(32, 3, 7, 7)),
        r"conv2d: weight expects 3 input channels \(32, 3, 7, 7\) but x has 1 \(50, 1, 28, 28\)",
    ),
    "channels in groups": (
        lambda: conv1d(zeros(1, 4, 9), zeros(4, 4, 3), groups=2),
        r"conv1d: weight expects 8 input channels \(4, 4, 3\) in 2 groups but x has 4 \(1, 4, 9\)",
    ),
    "filters in groups": (lambda: conv1d(zeros(1, 4, 9), zeros(3, 2, 3), groups=2), r"2 groups do not divide the 3 filters"),
    "kernel too large": (
        lambda: conv2d(zeros(1, 1, 3, 8), zeros(1, 1, 5, 5), padding=(0, 1)),
        r"kernel of weight \(1, 1, 5, 5\) is larger than x \(1, 1, 3, 8\) with padding \(\(0, 0\), \(1, 1\)\)",
    ),
    "dilated kernel too large": (
        lambda: conv1d(zeros(1, 1, 4), zeros(1, 1, 3), dilation=2),
        r"kernel of weight \(1, 1, 3\) with dilation \(2,\) is larger than x \(1, 1, 4\)",
    ),
    "rank of x": (
        lambda: conv2d(zeros(8, 8), zeros(1, 1, 3, 3)),
        r"x has 4 axes, N C H W, or 3 .*, got \(8, 8\) with weight",
    ),
    "rank of weight": (lambda: conv3d(zeros(1, 1, 8, 8, 8), zeros(1, 3, 3)), r"weight has 5 axes, .* \(1, 3, 3\) with x"),
    "empty kernel": (lambda: conv1d(zeros(1, 1, 8), zeros(1, 1, 0)), r"none empty, got \(1, 1, 0\)"),
    "bias": (lambda: conv2d(zeros(1, 1, 8, 8), zeros(4, 1, 3, 3), zeros(3)), r"bias needs shape \(4,\) .* got \(3,\)"),
    "stride 0": (lambda: conv2d(zeros(1, 1, 8, 8), zeros(1, 1, 3, 3), stride=0), "stride must be .* at least 1"),
    "fractional stride": (lambda: conv2d(zeros(1, 1, 8, 8), zeros(1, 1, 3, 3), stride=1.5), "stride must be an integer"),
    "dilation 0": (lambda: conv2d(zeros(1, 1, 8, 8), zeros(1, 1, 3, 3), dilation=(1, 0)), "dilation must be .* at least 1"),
    "groups 0": (lambda: conv2d(zeros(1, 1, 8, 8), zeros(1, 1, 3, 3), groups=0), "groups must be .* at least 1"),
    "negative padding": (lambda: conv2d(zeros(1, 1, 8, 8), zeros(1, 1, 3, 3), padding=-1), "padding must be .* at least 0"),
    "fractional padding": (lambda: conv1d(zeros(1, 1, 8), zeros(1, 1, 3), padding=1.5), "conv1d: padding must be"),  # type: ignore[arg-type]
    "no padding": (lambda: conv1d(zeros(1, 1, 8), zeros(1, 1, 3), padding=None), "conv1d: padding must be"),  # type: ignore[arg-type]
    "empty axis": (lambda: conv1d(zeros(1, 1, 0), zeros(1, 1, 3), padding=2), r"conv1d: x \(1, 1, 0\) has an empty axis"),
    "padding for 3 axes": (lambda: conv2d(zeros(1, 1, 8, 8), zeros(1, 1, 3, 3), padding=(1, 1, 1)), "each of 2 axes"),
    "same with a stride": (
        lambda: conv2d(zeros(1, 1, 8, 8), zeros(1, 1, 3, 3), stride=2, padding="same"),
        r"'same' needs stride 1, got \(2, 2\)",
    ),
    "padding in other words": (
        lambda: conv1d(zeros(1, 1, 8), zeros(1, 1, 3), padding="full"),
        "'same' or 'valid', got 'full'",
    ),
    "transposed channels": (
        lambda: conv_transpose2d(zeros(1, 2, 4, 4), zeros(3, 1, 2, 2)),
        r"conv_transpose2d: weight expects 3 input channels \(3, 1, 2, 2\) but x has 2 \(1, 2, 4, 4\)",
    ),
    "transposed groups": (
        lambda: conv_transpose1d(zeros(1, 3, 4), zeros(3, 1, 2), groups=2),
        "2 groups do not divide the 3",
    ),
    "transposed bias": (lambda: conv_transpose1d(zeros(1, 3, 4), zeros(3, 5, 2), zeros(3)), r"bias needs shape \(5,\)"),
    "output_padding": (
        lambda: conv_transpose1d(zeros(1, 1, 4), zeros(1, 1, 2), output_padding=1),
        r"output_padding \(1,\) must be less than the stride \(1,\) or the dilation \(1,\)",
    ),
    "transposed to nothing": (
        lambda: conv_transpose1d(zeros(1, 1, 1), zeros(1, 1, 2), padding=1),
        r"a result of size \(0,\)",
    ),
    "signals of two axes": (
        lambda: convolve(zeros(2, 2), zeros(2)),
        r"one axis and at least one element, got shapes \(2, 2\)",
    ),
    "empty signal": (lambda: correlate(zeros(0), zeros(0)), r"at least one element"),
    "mode": (lambda: convolve(zeros(2), zeros(2), "most"), "'full', 'same' or 'valid', got 'most'"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_does_not_fit_is_refused(what: str):
    call, message = REFUSED[what]
    with pytest.raises(ValueError, match=message):
        call()


def test_the_room_that_is_kept_is_no_result_s():
    """Results of later convolutions, of other shapes and in other threads, leave the earlier ones alone."""
    x, w = normal(3, 2, 9, 9), Tensor(normal(4, 2, 3, 3))
    results = [conv2d(Tensor(x[:n]), w, padding=1) for n in (3, 1, 2)]
    before = [y.data.copy() for y in results]
    gradients = []
    for y in results:
        y.backward(np.ones(y.shape))
        gradients.append(w.grad.copy())
        w.zero_grad()
    with ThreadPoolExecutor(4) as pool:
        again = list(pool.map(lambda n: conv2d(x[:n], w, padding=1).data, [3, 1, 2] * 20))
    for i, y in enumerate(again):
        np.testing.assert_array_equal(y, before[i % 3])
    for y, kept in zip(results, before, strict=True):
        np.testing.assert_array_equal(y.data, kept)
    np.testing.assert_allclose(
        gradients[0] - gradients[2],
        conv_weight(x[2:], np.ones((1, 4, 9, 9)), geometry=Geometry((9, 9), (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1))),
        rtol=1e-9,
    )


def test_one_image_is_named_by_its_own_shape():
    with pytest.raises(ValueError, match=r"conv2d: weight expects 2 input channels .* but x has 3 \(3, 8, 8\)"):
        conv2d(np.ones((3, 8, 8)), np.ones((4, 2, 3, 3)))
    with pytest.raises(ValueError, match=r"is larger than x \(3, 2, 2\)"):
        conv2d(np.ones((3, 2, 2)), np.ones((4, 3, 3, 3)))
    with pytest.raises(ValueError, match=r"x \(3, 0, 8\) has an empty axis"):
        conv2d(np.ones((3, 0, 8)), np.ones((4, 3, 3, 3)))
    with pytest.raises(ValueError, match=r"conv_transpose2d: weight expects 4 input channels .* but x has 3 \(3, 8, 8\)"):
        conv_transpose2d(np.ones((3, 8, 8)), np.ones((4, 2, 3, 3)))
    with pytest.raises(ValueError, match=r"x has 4 axes, N C H W, or 3 without N, got \(8, 8\)"):
        conv2d(np.ones((8, 8)), np.ones((4, 2, 3, 3)))
