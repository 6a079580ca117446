"""Every kernel beside the NumPy code that it stands in front of, and differentiated twice."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad as mg
from minigrad.fast import KERNELS, convolution, elementwise, norms, pool, pooling, recurrent, smooth, updates
from minigrad.nn import sequence
from minigrad.ops import _conv_kernels as convolutions
from minigrad.ops.geometry import Geometry

pytest.importorskip("numba", reason="the fast extra is not installed")

from minigrad.fast import elementwise_loops, norm_loops
from minigrad.fast.compiled import Kernel

DTYPES = [np.float32, np.float64]


@pytest.fixture(autouse=True, scope="module")
def always() -> Iterator[None]:
    """Kernels for arrays of any size, on several threads."""
    with pytest.MonkeyPatch.context() as patch:
        before = mg.fast()
        mg.fast(True)
        for file in (convolution, elementwise, norms, pooling, smooth):
            patch.setattr(file, "LEAST", 0)
            patch.setattr(file, "PART", 1)
        patch.setattr(recurrent, "LEAST", 0)
        patch.setattr(updates, "LEAST", 0)
        yield
        mg.fast(before != "NumPy")


def both(name: str, *args: Any, **static: Any) -> tuple[Any, Any]:
    """What a kernel gives, and what NumPy gives."""
    kernel, reference = KERNELS[name]
    ours = kernel(*args, **static)
    mg.fast(False)
    try:
        with np.errstate(all="ignore"):
            theirs = reference(*args, **static)
    finally:
        mg.fast(True)
    return ours, theirs


def check(name: str, *args: Any, **static: Any) -> None:
    """The kernel takes the arguments and gives NumPy's result, but for rounding; nan and infinities included."""
    ours, theirs = both(name, *args, **static)
    assert ours is not None, f"{name} leaves it to NumPy"
    close(ours, theirs)


def close(ours: Any, theirs: Any) -> None:
    if not isinstance(theirs, np.ndarray | np.generic):
        for a, b in zip(ours, theirs, strict=True):
            close(a, b)
        return
    assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
    size = np.abs(theirs[np.isfinite(theirs)]).max(initial=1)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=30 * np.finfo(theirs.dtype).eps * size)


@st.composite
def arrays(draw: Any, *shape: int, dtype: Any = None, special: bool = False) -> np.ndarray:
    """Normal numbers, perhaps read-only, perhaps not contiguous."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    x = rng.standard_normal(shape).astype(dtype or draw(st.sampled_from(DTYPES)))
    layout = draw(st.sampled_from(["plain", "read-only", "strided", "reversed"]))
    if layout == "read-only":
        x.setflags(write=False)
    elif layout == "strided" and shape:
        x = np.repeat(x, 2, axis=-1)[..., ::2]
    elif layout == "reversed" and shape:
        x = x[::-1].copy()[::-1]
    return x


# Convolution


@st.composite
def windows(draw: Any) -> tuple[Geometry, tuple[int, int, int, int]]:
    """A geometry over one axis or two; images, groups, and channels and filters of a group."""
    axes = []
    for _ in range(draw(st.integers(1, 2))):
        k, s, d = draw(st.integers(1, 4)), draw(st.integers(1, 3)), draw(st.integers(1, 2))
        before, after = draw(st.integers(0, 3)), draw(st.integers(0, 3))
        n = max(1, d * (k - 1) + 1 - before - after) + draw(st.integers(0, 9))
        axes.append((n, k, s, (before, after), d))
    size, kernel, stride, padding, dilation = zip(*axes, strict=True)
    some = draw(st.tuples(st.integers(1, 12), st.integers(1, 3), st.integers(1, 4), st.integers(1, 9)))
    return Geometry(size, kernel, stride, padding, dilation, some[1]), some


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_convolution_and_its_adjoints(data: st.DataObject):
    geometry, (n, groups, c, f) = data.draw(windows())
    dtype = data.draw(st.sampled_from(DTYPES))
    x = data.draw(arrays(n, groups * c, *geometry.size, dtype=dtype))
    weight = data.draw(arrays(groups * f, c, *geometry.kernel, dtype=dtype))
    g = data.draw(arrays(n, groups * f, *geometry.out, dtype=dtype))
    biased = data.draw(st.booleans())
    check("convolution.conv", x, weight, data.draw(arrays(groups * f, dtype=dtype)) if biased else None, geometry)
    check("convolution.conv_weight", x, g, geometry)
    bias = data.draw(arrays(groups * c, dtype=dtype)) if biased else None
    if max(geometry.stride) > 1 and max(geometry.dilation) > 1:
        assert both("convolution.conv_input", g, weight, bias, geometry)[0] is None
    else:
        check("convolution.conv_input", g, weight, bias, geometry)


def test_images_share_the_zeros_between_them_and_nothing_else():
    geometry = Geometry((8, 8), (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1))
    two = convolution._two(geometry)
    assert two is not None
    grid = convolution._grid(two, 2, 20, 1)
    assert (grid.rows, grid.columns) == (9, 9)  # and not 10 and 10
    x = np.random.default_rng(0).standard_normal((20, 2, 8, 8)).astype(np.float32)
    x[3], x[8, 1], x[19, 0] = np.nan, np.inf, np.nan
    check("convolution.conv", x, np.ones((3, 2, 3, 3), np.float32), None, geometry)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("size", "channels"), [((70, 90), 24), ((9, 3000), 5)])
def test_convolution_of_images_larger_than_the_buffer(dtype: Any, size: tuple[int, int], channels: int):
    rng = np.random.default_rng(0)
    geometry = Geometry(size, (3, 5), (2, 1), ((1, 1), (0, 3)), (1, 1))
    x = rng.standard_normal((2, channels, *size)).astype(dtype)
    weight = rng.standard_normal((7, channels, 3, 5)).astype(dtype)
    g = rng.standard_normal((2, 7, *geometry.out)).astype(dtype)
    check("convolution.conv", x, weight, None, geometry)
    check("convolution.conv_input", g, weight, None, geometry)
    ours, theirs = both("convolution.conv_weight", x, g, geometry)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e3 * np.finfo(dtype).eps * np.abs(theirs).max())


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", ["x", "weight", "g"])
def test_convolution_of_nan_and_infinities(special: float, place: str):
    geometry = Geometry((6, 7), (3, 2), (1, 1), ((1, 1), (1, 0)), (1, 1))
    rng = np.random.default_rng(0)
    values = {"x": (2, 3, 6, 7), "weight": (4, 3, 3, 2), "g": (2, 4, *geometry.out)}
    x, weight, g = (rng.standard_normal(shape).astype(np.float32) for shape in values.values())
    {"x": x, "weight": weight, "g": g}[place][1, 2, 0, 1] = special
    mg.fast(False)
    with np.errstate(all="ignore"):
        theirs = triad(x, weight, g, geometry)
    mg.fast(True)
    with np.errstate(all="ignore"):
        close(triad(x, weight, g, geometry), theirs)


def triad(x: Any, weight: Any, g: Any, geometry: Geometry) -> list[Any]:
    return [
        convolutions.conv(x, weight, None, geometry),
        convolutions.conv_input(g, weight, None, geometry),
        convolutions.conv_weight(x, g, geometry),
    ]


# Elements


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_relu(data: st.DataObject):
    x = data.draw(arrays(data.draw(st.integers(1, 50)), dtype=data.draw(st.sampled_from(DTYPES)))).copy()
    g = x[::-1].copy()
    x[:: 1 + data.draw(st.integers(0, 8))] = data.draw(st.sampled_from([0.0, -0.0, np.nan, np.inf, -np.inf]))
    g[:: 1 + data.draw(st.integers(0, 8))] = data.draw(st.sampled_from([0.0, -0.0, np.nan, np.inf, -np.inf]))
    check("elementwise.relu_gradient", g, x)
    check("elementwise.relu", x)
    slope = data.draw(st.sampled_from([0.1, -2.0, 3, 0.0]))
    check("elementwise.leaky_relu", x, slope)
    check("elementwise.leaky_relu_gradient", g, x, slope)
    assert elementwise.leaky_relu(x, np.float64(0.1)) is None
    assert elementwise.leaky_relu(x, mg.Tensor(0.1)) is None


SMOOTH = {
    "erf": [()],
    "sigmoid": [()],
    "sigmoid_gradient": [(None,)],
    "tanh_gradient": [()],
    "silu": [()],
    "silu_gradient": [()],
    "gelu": [("none",), ("tanh",)],
    "gelu_gradient": [("none",), ("tanh",)],
    "softmax": [()],
    "softmax_gradient": [()],
}


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_smooth_activations(data: st.DataObject):
    name = data.draw(st.sampled_from(list(SMOOTH)))
    shape = data.draw(st.tuples(st.integers(1, 5), st.integers(1, 50)))
    x = data.draw(arrays(*shape, dtype=np.float32)).copy() * np.float32(data.draw(st.sampled_from([1, 10, 1e-20])))
    specials = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-40, -1e-40, 88.8, -103.5, 3e38, -3e38]
    x[data.draw(st.integers(0, shape[0] - 1)), data.draw(st.integers(0, shape[1] - 1))] = data.draw(
        st.sampled_from(specials)
    )
    given = (x,)
    if name.endswith("gradient"):
        g = data.draw(arrays(*shape, dtype=np.float32)).copy()
        out = 1 / (1 + np.exp(-np.clip(x, -80, 80)))
        given = (g, None, x) if name in ("silu_gradient", "gelu_gradient") else (g, out)
    check(f"smooth.{name}", *given, *data.draw(st.sampled_from(SMOOTH[name])))


@pytest.mark.parametrize("name", ["erf", "sigmoid", "silu", "gelu"])
@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf, 0.0, -0.0])
def test_smooth_activations_at_special_values(name: str, special: float):
    ours, theirs = both(f"smooth.{name}", np.full(9, special, np.float32), *SMOOTH[name][0])
    np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(np.signbit(ours[~np.isnan(ours)]), np.signbit(theirs[~np.isnan(theirs)]))


ACCURATE: dict[str, tuple[Callable[[float], float], float]] = {
    "erf": (math.erf, 1.5),
    "sigmoid": (lambda x: 1 / (1 + math.exp(-x)), 3),
    "silu": (lambda x: x / (1 + math.exp(-x)), 4),
}


@pytest.mark.parametrize("name", ACCURATE)
def test_smooth_activations_to_a_few_units_in_the_last_place(name: str):
    some = np.concatenate([np.linspace(-12, 12, 30_000), np.geomspace(1e-42, 1, 3000), -np.geomspace(1e-42, 1, 3000)])
    x, (function, units) = some.astype(np.float32), ACCURATE[name]
    right = np.array([function(v) for v in x.astype(float)])
    ours = KERNELS[f"smooth.{name}"][0](x)
    assert np.max(np.abs(ours - right) / np.spacing(np.abs(right).astype(np.float32))) <= units


def test_gelu_keeps_its_digits_where_it_is_small():
    x = np.linspace(-5, -0.1, 5000).astype(np.float32)
    right = np.array([v * math.erfc(-v / math.sqrt(2)) / 2 for v in x.astype(float)])
    np.testing.assert_allclose(KERNELS["smooth.gelu"][0](x, "none"), right, rtol=4e-6)


def test_softmax_of_long_rows_sums_to_one():
    x = np.random.default_rng(0).standard_normal((2, 1 << 20)).astype(np.float32)
    np.testing.assert_allclose(KERNELS["smooth.softmax"][0](x).sum(-1, dtype=np.float64), 1, rtol=3e-7)


@pytest.mark.parametrize(
    "function",
    [mg.erf, mg.sigmoid, mg.tanh, mg.silu, mg.gelu, lambda x: mg.gelu(x, approximate="tanh"), mg.softmax],
)
def test_second_derivatives_of_smooth_activations(function: Callable[..., Any]):
    x = np.random.default_rng(0).standard_normal((3, 20))

    def second(x: Any) -> Any:
        return mg.grad(lambda x: (mg.grad(lambda x: (function(x) ** 3).sum())(x) ** 2).sum())(x)

    single = second(x.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, second(x), rtol=1e-4, atol=1e-5)


def test_other_arrays_are_left_to_numpy_by_smooth_activations():
    x = np.ones((4, 6), np.float32)
    for other in (x.astype(np.float64), x.astype(np.float16), mg.Tensor(x), 1.0):
        assert smooth.sigmoid(other) is None
    assert smooth.silu_gradient(x, x, x[:1]) is None


def test_smooth_activations_of_views():
    x = np.random.default_rng(0).standard_normal((4, 6)).astype(np.float32)
    one = np.broadcast_to(np.float32(1), x.shape)
    for view in (x.T, x[:, ::2], x[::-1]):
        close(smooth.sigmoid(view), smooth.sigmoid(view.copy()))
    close(smooth.silu_gradient(one, x, x), smooth.silu_gradient(one.copy(), x, x))


# Pooling


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_max_pooling(data: st.DataObject):
    dtype = data.draw(st.sampled_from(DTYPES))
    shape = data.draw(st.sampled_from([(3,), (2, 2)])) + data.draw(st.tuples(st.integers(2, 9), st.integers(2, 40)))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    x = rng.integers(-3, 3, shape).astype(dtype)  # with ties
    special = data.draw(st.sampled_from([0.0, -0.0, np.nan, np.inf, -np.inf]))
    x[rng.random(shape) < data.draw(st.sampled_from([0, 0.3, 1]))] = special
    geometry = Geometry(shape[-2:], (2, 2), (2, 2), ((0, 0), (0, 0)), (1, 1))
    check("pooling.max_pool", x, geometry)
    with np.errstate(all="ignore"):
        out = mg.max_pool2d(x, 2)
    g = rng.standard_normal(out.shape).astype(dtype)
    g[rng.random(g.shape) < 0.2] = special
    check("pooling.max_pool_gradient", g, x, out, geometry)


def test_other_windows_are_left_to_numpy():
    x = np.ones((1, 5, 5), np.float32)
    for kernel, stride, padding in (
        ((3, 3), (2, 2), (0, 0)),
        ((2, 2), (1, 1), (0, 0)),
        ((2, 2), (2, 2), (1, 0)),
        ((2, 2), (2, 2), (0, 1)),
    ):
        assert pooling.max_pool(x, Geometry((5, 5), kernel, stride, (padding, padding), (1, 1))) is None
    line = Geometry((5,), (2,), (2,), ((0, 0),), (1,))
    assert pooling.max_pool(np.ones((1, 5), np.float32), line) is None


# Normalisation


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_normalisation(data: st.DataObject):
    dtype = data.draw(st.sampled_from(DTYPES))
    n, a, b, p = data.draw(st.tuples(st.integers(1, 5), st.integers(1, 4), st.integers(1, 4), st.integers(1, 40)))
    kinds = {
        "batch": ((n, a, p + 7), (0, 2), (1, a, 1)),
        "layer": ((n, p), (1,), (1, p)),
        "group": ((n, a, b, p), (2, 3), (1, a, b, 1)),
        "instance": ((n, a, p), (2,), (1, a, 1)),
    }
    view, axes, place = kinds[data.draw(st.sampled_from(list(kinds)))]
    x = data.draw(arrays(*view, dtype=dtype))
    g = data.draw(arrays(*view, dtype=dtype))
    shape = (np.prod(place),)
    weight, bias = (data.draw(arrays(*shape, dtype=dtype)) if data.draw(st.booleans()) else None for _ in range(2))
    ours, theirs = both("norms.forward", x, weight, bias, view, axes, place, 0.1)
    close(ours, theirs)
    saved = theirs[1:3]
    needed = (True, weight is not None, bias is not None)
    ours, theirs = both("norms.gradients", needed, g, x, weight, bias, saved, view, axes, place, 0.1)
    for mine, right, need in zip(ours, theirs, needed, strict=True):
        if need:
            close(mine, right)


@pytest.mark.parametrize("special", [np.nan, np.inf])
def test_normalisation_of_nan_and_infinities(special: float):
    x = np.random.default_rng(0).standard_normal((3, 4, 9)).astype(np.float32)
    x[1, 2, 3] = special
    ours, theirs = both("norms.forward", x, None, None, (3, 4, 9), (0, 2), (1, 4, 1), 1e-5)
    np.testing.assert_array_equal(np.isnan(ours[0]), np.isnan(theirs[0]))
    ours, theirs = both("norms.forward", x, None, None, (3, 36), (1,), (1, 36), 1e-5)
    np.testing.assert_array_equal(np.isnan(ours[0]), np.isnan(theirs[0]))


@pytest.mark.parametrize("axes", [(0, 2), (1,), (2,)])
def test_statistics_of_long_rows_are_as_good_as_numpys(axes: tuple[int, ...]):
    n = 1 << 20
    x = (np.random.default_rng(0).standard_normal(n) + 30).astype(np.float32)
    view, place = ((1, n), (1, n)) if axes == (1,) else ((1, 1, n), (1, 1, 1))
    ours, theirs = both("norms.forward", x.reshape(view), None, None, view, axes, place, 0.0)
    right = x.mean(dtype=np.float64), x.var(dtype=np.float64)
    for mine, numpys, value in zip(ours[2:], theirs[2:], right, strict=True):
        assert abs(mine.item() / value - 1) <= max(2e-7, abs(numpys.item() / value - 1))
    g = np.ones_like(x)  # what is left of it without its mean is rounding
    gx = norms.gradients((True, False, False), g, x, None, None, tuple(ours[1:3]), view, axes, place, 0.0)
    assert gx is not None
    assert np.abs(gx[0]).max() < 1e-5


# Recurrent layers


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_lstm(data: st.DataObject):
    steps, batch, size = (data.draw(st.integers(1, most)) for most in (3, 20, 40))
    scale, rng = data.draw(st.sampled_from([1e-4, 0.5, 30])), np.random.default_rng(data.draw(st.integers(0, 99)))

    def normal(*shape: int) -> np.ndarray:
        return (scale * rng.normal(size=shape)).astype(np.float32)

    gates, w, weight, bias = normal(steps, batch, 4, size), normal(size, 4 * size), normal(4 * size, size), normal(4, size)
    h, c, g = normal(steps + 2, batch, size), normal(steps + 1, batch, size), normal(steps + 1, batch, size)
    gates[data.draw(st.integers(0, steps - 1)), 0] = data.draw(st.sampled_from([0.0, np.nan, np.inf, -np.inf]))
    bias = data.draw(st.sampled_from([None, bias]))
    halves, shift = sequence._halved(size, "ssts", np.float32)
    found = []
    pairs = KERNELS["recurrent.lstm_forward"], KERNELS["recurrent.lstm_gradients"]
    for forward, gradients in zip(*pairs, strict=True):
        a, h_, c_, tanh_c = gates.copy(), h.copy(), c.copy(), np.empty_like(c[1:])
        d, dh, dc = np.empty_like(a), np.zeros_like(h[0]), g[-1].copy()
        with np.errstate(all="ignore"):
            assert forward(a, w, bias, h_, c_, tanh_c, halves, shift) is h_
            assert gradients(g, weight, a, c_, tanh_c, d, dh, dc) is d
        found.append([a, h_, c_, tanh_c, d, dh, dc])
    if scale < 1:  # large weights amplify the last digits from step to step
        close(*found)
    else:
        for kernel, reference in zip(*found, strict=True):
            np.testing.assert_array_equal(np.isnan(kernel), np.isnan(reference))


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_gru(data: st.DataObject):
    steps, batch, size = (data.draw(st.integers(1, most)) for most in (3, 20, 40))
    scale, rng = data.draw(st.sampled_from([1e-4, 0.5, 30])), np.random.default_rng(data.draw(st.integers(0, 99)))

    def normal(*shape: int) -> np.ndarray:
        return (scale * rng.normal(size=shape)).astype(np.float32)

    gates, w, weight, bias = normal(steps, batch, 3, size), normal(size, 3 * size), normal(3 * size, size), normal(3, size)
    h, g = normal(steps + 1, batch, size), normal(steps, batch, size)
    gates[data.draw(st.integers(0, steps - 1)), 0] = data.draw(st.sampled_from([0.0, np.nan, np.inf, -np.inf]))
    bias = data.draw(st.sampled_from([None, bias]))
    found = []
    pairs = KERNELS["recurrent.gru_forward"], KERNELS["recurrent.gru_gradients"]
    for forward, gradients in zip(*pairs, strict=True):
        a, h_, hidden = gates.copy(), h.copy(), np.empty_like(h[1:])
        d, du, dh = np.empty_like(a), np.empty_like(a), np.zeros_like(h[0])
        with np.errstate(all="ignore"):
            assert forward(a, w, bias, h_, hidden) is h_
            assert gradients(g, weight, h_, a, hidden, d, du, dh) is d
        found.append([a, h_, hidden, d, du, dh])
    if scale < 1:  # large weights amplify the last digits from step to step
        close(*found)
    else:
        for kernel, reference in zip(*found, strict=True):
            np.testing.assert_array_equal(np.isnan(kernel), np.isnan(reference))


@pytest.mark.parametrize("x", [np.linspace(-12, 12, 4000), np.geomspace(1e-30, 1, 1000), -np.geomspace(1e-30, 1, 1000)])
def test_tanh_to_a_few_units_in_the_last_place(x: np.ndarray):
    a = np.zeros((1, x.size, 4, 1), np.float32)
    a[0, :, 2, 0] = x
    states = [np.zeros((n, x.size, 1), np.float32) for n in (3, 2, 1)]
    assert recurrent.lstm_forward(a, np.zeros((1, 4), np.float32), None, *states) is not None
    right = np.tanh(x.astype(np.float32).astype(np.float64))
    assert np.max(np.abs(a[0, :, 2, 0] / right - 1)) < 4 * np.finfo(np.float32).eps


# Optimisers


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_adam(data: st.DataObject):
    dtype = data.draw(st.sampled_from(DTYPES))
    shape = data.draw(st.sampled_from([(1,), (70,), (3, 20)]))
    g, start = data.draw(arrays(*shape, dtype=dtype)).copy(), data.draw(arrays(*shape, dtype=dtype)).copy()
    g.flat[0] = data.draw(st.sampled_from([0.0, -1e-30, 1e30, np.nan, np.inf]))
    g.setflags(write=False)
    found = []
    for function in KERNELS["updates.adam"]:
        w, mean, square = start.copy(), np.zeros_like(start), np.zeros_like(start)
        with np.errstate(all="ignore"):
            for step in (1, 2, 3):
                scale, rate = 1 / math.sqrt(1 - 0.999**step), 0.01 / (1 - 0.9**step)
                assert function(g, w, mean, square, np.empty_like(w), 0.9, 0.999, scale, 1e-8, rate) is w
        found.append([w, mean, square])
    close(*found)
    apart = np.ones((8, 2), dtype)[:, 0]
    assert updates.adam(apart, apart, apart, apart, None, 0.9, 0.9, 1.0, 1.0, 1.0) is None


# Derivatives

CASES: dict[str, tuple[Callable[..., Any], list[tuple[int, ...]]]] = {
    "conv2d": (lambda x, w, b: mg.conv2d(x, w, b, stride=(2, 1), padding=1, groups=2), [(2, 4, 5, 4), (4, 2, 3, 2), (4,)]),
    "conv1d": (lambda x, w: mg.conv1d(x, w, dilation=2), [(2, 2, 7), (3, 2, 2)]),
    "relu": (lambda x: mg.relu(x) ** 2, [(5, 3)]),
    "leaky_relu": (lambda x: mg.leaky_relu(x, 0.1) ** 3, [(5, 3)]),
    "max_pool2d": (lambda x: mg.max_pool2d(x, 2) ** 3, [(2, 5, 6)]),
    "batch_norm": (lambda x, w, b: mg.batch_norm(x, weight=w, bias=b, training=True), [(3, 2, 9), (2,), (2,)]),
    "layer_norm": (lambda x, w, b: mg.layer_norm(x, 5, w, b), [(3, 5), (5,), (5,)]),
    "group_norm": (lambda x, w: mg.group_norm(x, 2, w), [(2, 4, 5), (4,)]),
    "lstm": (lambda x, w, u: sequence.lstm(x, w, u, np.zeros((2, 3)), np.zeros((2, 3))), [(2, 2, 2), (12, 2), (12, 3)]),
    "gru": (lambda x, w, u, b: sequence.gru(x, w, u, np.zeros((2, 3)), None, b), [(2, 2, 2), (9, 2), (9, 3), (9,)]),
    "conv_transpose2d": (lambda x, w, b: mg.conv_transpose2d(x, w, b, stride=2), [(2, 2, 3, 3), (2, 3, 3, 2), (3,)]),
}


@pytest.mark.parametrize("name", CASES)
def test_second_derivatives_through_kernels(name: str):
    function, shapes = CASES[name]
    rng = np.random.default_rng(0)
    assert mg.gradcheck(function, *(rng.standard_normal(shape) for shape in shapes), order=2)


def test_other_dtypes_and_empty_arrays_are_left_to_numpy():
    geometry = Geometry((4, 4), (2, 2), (1, 1), ((0, 0), (0, 0)), (1, 1))
    for dtype in (np.float16, np.complex64, np.dtype(">f4")):
        assert convolution.conv(np.ones((1, 1, 4, 4), dtype), np.ones((1, 1, 2, 2), dtype), None, geometry) is None
    assert convolution.conv(np.ones((0, 1, 4, 4)), np.ones((1, 1, 2, 2)), None, geometry) is None
    mixed = np.ones((1, 1, 4, 4), np.float32), np.ones((1, 1, 2, 2))
    assert convolution.conv(*mixed, None, geometry) is None


# Where compiled kernels are kept


@pytest.mark.parametrize("refused", ["ensure_cache_path", "save"])
def test_kernels_run_where_nothing_can_be_written(refused: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    caching = pytest.importorskip("numba.core.caching")

    def refuse(*args: Any) -> None:
        raise OSError("nothing can be written")

    monkeypatch.setattr("numba.core.config.CACHE_DIR", str(tmp_path))
    owner = caching._CacheLocator if refused == "ensure_cache_path" else caching.IndexDataCacheFile
    monkeypatch.setattr(owner, refused, refuse)
    relu = Kernel(elementwise_loops.relu.function)
    x, out = np.array([-1.0, 2.0], np.float32), np.empty(2, np.float32)
    relu(x, out, 0, 2)
    assert out.tolist() == [0, 2]
    assert not list(tmp_path.rglob("*.nb*"))


def test_a_kernel_is_compiled_once_for_writable_and_read_only_arrays_and_any_float():
    forward = Kernel(norm_loops.rows_forward.function)
    x, weight, out, *others = (np.ones(2, np.float32) for _ in range(6))
    for eps in (0.5, np.float32(0.5), np.float64(0.5)):
        forward(x, weight, weight, out, *others, eps, 2, 0, 1)
        weight.setflags(write=False)
    (made,) = forward._compiled.values()
    assert len(made.signatures) == 1
    with pytest.raises(TypeError):
        forward(x, weight.astype(np.float64), weight, out, *others, 0.5, 2, 0, 1)


def test_a_kernel_is_compiled_once_for_several_threads(monkeypatch: pytest.MonkeyPatch):
    relu = Kernel(elementwise_loops.relu.function)
    made = []
    monkeypatch.setattr(relu, "_made", lambda signature, **_: made.append(signature) or (lambda *args: None))
    x = np.ones(2, np.float32)
    pool.split(lambda _, first, last: relu(x, x, first, last), 2, 2)
    assert len(made) == 1
