"""Sorting, quantiles, interpolation, nan, new arrays and transforms: ties, edges, odd shapes and refusals."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.fft
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minigrad as mg
from minigrad import Tensor
from minigrad.graph import topological_order
from minigrad.ops.signal import _fast_length

RNG = np.random.default_rng(3)
METHODS = (
    "linear", "lower", "higher", "nearest", "midpoint", "hazen", "weibull", "median_unbiased", "normal_unbiased",
    "interpolated_inverted_cdf",
)  # fmt: skip
NUMBERS = st.floats(-1e6, 1e6, width=32)


def gradient(f, x, upstream=None):
    leaf = Tensor(x)
    y = f(leaf)
    y.backward(np.ones(y.shape) if upstream is None else upstream)
    return leaf.grad


# Sorting


@settings(max_examples=60, deadline=None)
@given(hnp.arrays(np.float64, hnp.array_shapes(max_dims=3, max_side=5, min_side=0), elements=st.integers(-2, 2)), st.data())
def test_sort_moves_gradients_back_to_where_the_numbers_came_from(x, data):
    axis = data.draw(st.one_of(st.none(), st.integers(-x.ndim, x.ndim - 1)))
    y = np.sort(Tensor(x), axis)
    np.testing.assert_array_equal(y.data, np.sort(x, axis))
    upstream = RNG.normal(size=y.shape)
    found = gradient(lambda t: np.sort(t, axis), x, upstream)
    np.testing.assert_array_equal(np.sort(found, None), np.sort(upstream, None))
    np.testing.assert_allclose(np.sum(found * x), np.sum(upstream * y.data))


def test_the_first_of_several_equals_stays_first():
    np.testing.assert_array_equal(gradient(np.sort, np.array([2.0, 1.0, 2.0, 1.0]), np.arange(4.0)), [2, 0, 3, 1])
    assert np.argsort(Tensor([2.0, 1.0, 2.0, 1.0])).tolist() == [1, 3, 0, 2]


@pytest.mark.parametrize("ties", [[0.0, 1.0], [0.0, np.nan], [-np.inf, 0.0, np.inf, np.nan], [np.nan]])
def test_equals_and_nan_keep_their_order_in_long_lines_too(ties):
    """Of few elements any sort is stable: NumPy sorts up to 16 by insertion."""
    rng = np.random.default_rng(0)
    x = np.where(rng.random((2, 300)) < 0.7, rng.choice(ties, (2, 300)), rng.normal(size=(2, 300)))
    ranks = [[(np.isnan(v), 0 if np.isnan(v) else v) for v in row] for row in x]
    stable = [sorted(range(300), key=row.__getitem__) for row in ranks]  # Python's sort is
    np.testing.assert_array_equal(np.argsort(Tensor(x)), stable)
    np.testing.assert_array_equal(np.argsort(Tensor(x.T), axis=0).T, stable)
    flat = sorted(range(600), key=[*ranks[0], *ranks[1]].__getitem__)
    np.testing.assert_array_equal(np.argsort(Tensor(x), axis=None), flat)
    upstream = np.arange(600.0).reshape(2, 300)
    expected = np.empty((2, 300))
    for row, order, g in zip(expected, stable, upstream, strict=True):
        row[order] = g
    np.testing.assert_array_equal(gradient(np.sort, x, upstream), expected)


def test_nan_is_sorted_last_and_makes_a_median_nan():
    x = Tensor([np.nan, 1.0, 0.0])
    np.testing.assert_array_equal(np.sort(x).data, [0, 1, np.nan])
    assert np.isnan(float(np.median(x)))
    np.testing.assert_array_equal(gradient(np.median, x.data), [0, 0, 0])
    rows = np.array([[np.nan, 1.0], [2.0, 4.0]])
    np.testing.assert_array_equal(np.median(Tensor(rows), axis=1).data, np.median(rows, axis=1))


def test_the_median_of_equals_and_of_an_even_count():
    np.testing.assert_array_equal(gradient(np.median, np.ones(4)), [0, 0.5, 0.5, 0])
    np.testing.assert_array_equal(gradient(np.median, np.array([4.0, 1.0, 3.0, 2.0])), [0, 0, 0.5, 0.5])
    assert float(np.median(Tensor([np.inf, 1.0, np.inf, np.inf]))) == np.inf


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=25, deadline=None)
@given(x=hnp.arrays(np.float64, st.integers(1, 7), elements=NUMBERS), q=st.floats(0, 1))
def test_quantiles_of_every_method(method, x, q):
    y = np.quantile(Tensor(x), q, method=method)
    np.testing.assert_allclose(float(y), np.quantile(x, q, method=method), rtol=1e-12, atol=1e-9)
    g = gradient(lambda t: np.quantile(t, q, method=method), x)
    assert np.count_nonzero(g) <= 2
    assert np.all(g >= 0)
    np.testing.assert_allclose(np.sum(g), 1)


def test_quantiles_keep_float32_and_take_a_tensor_of_shares():
    x = Tensor(np.float32([1, 2, 5]))
    assert np.quantile(x, [0.1, 0.5]).dtype == np.float32
    assert np.percentile(x, Tensor([50.0, 100.0])).tolist() == [2, 5]
    for whole in (np.array([1, 2]), np.array([1, 2, 3]), np.array([True, False, True])):
        for f in (np.median, np.nanmedian):
            assert f(Tensor(whole)).dtype == np.float64
            assert float(f(Tensor(whole))) == np.median(whole.astype(float))


# Calculus


@settings(max_examples=60, deadline=None)
@given(hnp.arrays(np.float64, st.integers(2, 6), elements=st.floats(-5, 5)), st.sampled_from([None, 2.5]))
def test_interp_is_numpy_s(points, period):
    points = np.sort(points)
    values, x = RNG.normal(size=points.shape), np.concatenate([points, RNG.uniform(-7, 7, 9), [np.nan]])
    found = np.interp(Tensor(x), Tensor(points), Tensor(values), period=period)
    places = np.sort(points % period) if period else points
    places = np.append(places, places[0] + period) if period else places
    if np.min(np.diff(places), initial=1.0) > 1e-3:
        np.testing.assert_allclose(found.data, np.interp(x, points, values, period=period), rtol=1e-9, atol=1e-9)


def test_interp_at_its_points_and_outside():
    x = np.array([0.0, 1.0, 2.0, -1.0, 3.0])
    y = np.interp(Tensor(x), [0.0, 1.0, 2.0], [0.0, 5.0, 6.0])
    assert y.tolist() == [0, 5, 6, 0, 6]
    assert gradient(lambda t: np.interp(t, [0.0, 1.0, 2.0], [0.0, 5.0, 6.0]), x).tolist() == [5, 1, 1, 0, 0]
    left = Tensor(7.0)
    np.interp(x, [0.0, 1.0, 2.0], Tensor([0.0, 5.0, 6.0]), left=left).backward(np.ones(5))
    assert left.grad == 1


@pytest.mark.parametrize("far", [1e6, 1e300, 1.7e308, np.inf])
def test_interp_far_outside_is_the_end_s_value_without_overflow(far):
    x, points, values = Tensor([-far, far]), Tensor([0.0, 1e-3, 2.0]), Tensor([1.0, 10.0, 4000.0])
    y = np.interp(x, points, values)
    assert y.tolist() == [1, 4000]
    y.backward([2.0, 3.0])
    assert x.grad.tolist() == [0, 0]
    assert points.grad.tolist() == [0, 0, 0]
    assert values.grad.tolist() == [2, 0, 3]


def test_two_points_at_one_place_make_a_jump_of_slope_zero():
    y = np.interp(Tensor([1.0, 0.5, 1.5]), [1.0, 1.0, 2.0], [0.0, 5.0, 6.0])
    assert y.tolist() == np.interp([1.0, 0.5, 1.5], [1.0, 1.0, 2.0], [0.0, 5.0, 6.0]).tolist()
    places = gradient(lambda p: np.interp(np.array([0.5, 1.5]), p, [0.0, 5.0, 6.0]), np.array([1.0, 1.0, 2.0]))
    assert np.isfinite(places).all()


def test_diff_undoes_cumsum_and_trapezoid_is_exact_for_lines():
    x = RNG.normal(size=6)
    np.testing.assert_allclose(np.diff(np.cumsum(Tensor(x)), prepend=0.0).data, x)
    assert np.diff(Tensor([1.0, 2.0]), n=5).shape == (0,)
    at = Tensor(np.sort(x))
    area = np.trapezoid(3 * at + 1, at)
    a, b = float(at[0]), float(at[-1])
    assert float(area) == pytest.approx(1.5 * (b * b - a * a) + b - a)
    area.backward()
    np.testing.assert_allclose(at.grad, [-(3 * a + 1), 0, 0, 0, 0, 3 * b + 1], atol=1e-12)


# nan


@pytest.mark.parametrize("name", ["nansum", "nanprod", "nanmax", "nanmin", "nanmean", "nanvar", "nanstd"])
def test_nan_gets_no_gradient_and_changes_none(name):
    full = RNG.normal(size=(4, 3))
    holes = np.insert(full, 2, np.nan, axis=1)
    with_holes, without = (
        gradient(lambda t: getattr(np, name)(t, axis=1), holes),
        gradient(lambda t: getattr(np, name)(t, axis=1), full),
    )
    np.testing.assert_array_equal(with_holes[:, 2], 0)
    np.testing.assert_allclose(np.delete(with_holes, 2, axis=1), without, rtol=1e-12)
    assert getattr(np, name)(Tensor(np.float32([1, np.nan, 3]))).dtype == np.float32
    for plain in (np.array([1, 2, 4]), np.float64(3.0)):
        np.testing.assert_allclose(np.asarray(getattr(np, name)(Tensor(plain))), getattr(np, name)(plain))


@pytest.mark.parametrize(
    ("name", "value"), [("nanmax", np.nan), ("nanmin", np.nan), ("nanmean", np.nan), ("nanvar", np.nan), ("nanstd", np.nan)]
)
def test_a_line_of_nan_gives_nan_and_a_warning(name, value):
    x = Tensor([[np.nan, np.nan], [1.0, 3.0]])
    with pytest.warns(RuntimeWarning, match=f"{name}: .* nan"):
        y = getattr(np, name)(x, axis=1)
    assert np.isnan(y.data).tolist() == [True, False]
    y.backward([1.0, 1.0])
    assert np.isfinite(x.grad).all()
    assert x.grad[0].tolist() == [0, 0]


def test_nansum_and_nanprod_of_nothing():
    x = Tensor([np.nan, np.nan])
    assert (float(np.nansum(x)), float(np.nanprod(x))) == (0, 1)
    assert np.nansum(Tensor(np.zeros((0, 3))), axis=0).tolist() == [0, 0, 0]


def test_nanmax_splits_ties_and_nanstd_of_equals_has_no_slope():
    assert gradient(np.nanmax, np.array([3.0, np.nan, 3.0])).tolist() == [0.5, 0, 0.5]
    assert gradient(np.nanstd, np.array([0.1, 0.1, 0.1, np.nan])).tolist() == [0, 0, 0, 0]
    assert float(np.nanvar(Tensor([1.0, np.nan, 2.0]), correction=1)) == 0.5


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [2, 3, 7, 10, 49])
def test_nanstd_of_equals_is_exactly_0_with_slope_0_whatever_is_rounded(n, dtype):
    for value in np.random.default_rng(n).uniform(-9, 9, 20).astype(dtype):
        x = Tensor(np.append(np.full(n, value), dtype(np.nan)))
        y = np.nanstd(x)
        y.backward()
        assert y.data == 0
        assert not x.grad.any()
    rows = gradient(lambda t: np.nanstd(t, axis=1), np.array([[0.1, 0.1, np.nan], [1.0, 3.0, np.nan]]))
    np.testing.assert_allclose(rows, [[0, 0, 0], [-0.5, 0.5, 0]], rtol=1e-15)


def test_nanquantile_is_quantile_without_the_nan_and_takes_shares_of_any_shape_along_any_axes():
    full, shares = RNG.normal(size=(2, 3, 4)), np.array([[0.0, 0.2], [0.5, 0.9]])
    holes = np.insert(full, 1, np.nan, axis=2)
    for axis in (None, 1, 2, (0, 2), (2, 1)):
        expected = np.quantile(full if axis != 1 else np.insert(full, 1, 0.0, axis=2), shares, axis=axis)
        found = np.nanquantile(Tensor(holes if axis != 1 else np.where(np.isnan(holes), 0.0, holes)), shares, axis=axis)
        np.testing.assert_allclose(found.data, expected, rtol=1e-12)
    with pytest.warns(RuntimeWarning, match="nanmedian: all numbers of a line are nan"):
        y = np.nanmedian(x := Tensor([[np.nan, np.nan], [1.0, 3.0]]), axis=1)
    y.backward([1.0, 1.0])
    assert x.grad.tolist() == [[0, 0], [0.5, 0.5]]


def test_fmax_prefers_numbers_to_nan_and_splits_ties():
    a, b = Tensor([np.nan, 1.0, 2.0, 5.0]), Tensor([3.0, np.nan, 2.0, 4.0])
    y = np.fmax(a, b)
    assert y.tolist() == [3, 1, 2, 5]
    y.backward(np.ones(4))
    assert (a.grad.tolist(), b.grad.tolist()) == ([0, 1, 0.5, 1], [1, 0, 0.5, 0])


def test_nan_to_num_replaces_infinities_too():
    x = Tensor([np.inf, -np.inf, np.nan, 2.0])
    y = np.nan_to_num(x, nan=7.0, posinf=1.0)
    assert y.tolist() == [1, np.finfo(np.float64).min, 7, 2]
    y.backward(np.ones(4))
    assert x.grad.tolist() == [0, 0, 0, 1]
    assert np.nan_to_num(Tensor(np.float32([np.inf]))).dtype == np.float32
    assert np.nan_to_num(Tensor(np.array([1, 2]))).tolist() == [1, 2]


@given(st.floats(-50, 50), st.floats(0.01, 9) | st.floats(-9, -0.01))
def test_remainder_takes_away_whole_multiples(a, b):
    x, y = Tensor(a), Tensor(b)
    out = np.mod(x, y)
    out.backward()
    assert x.grad == 1
    assert y.grad == np.round(y.grad)
    assert float(out) == pytest.approx(a + y.grad * b, abs=1e-9)


def test_operators_of_division_with_rest():
    x = Tensor([-7.0, 7.5])
    assert (x % 3).tolist() == np.mod(x.data, 3).tolist()
    assert (x // 3).tolist() == [-3, 2]
    assert (10 % x).tolist() == np.mod(10, x.data).tolist()
    assert (np.array([10.0, 10.0]) // x).tolist() == (10 // x).tolist() == [-2, 1]
    assert (Tensor(1.0) // 0.1).data == 1.0 // 0.1
    y = (x % 3 + x // 3).sum()
    y.backward()
    assert x.grad.tolist() == [1, 1]


def test_weighted_means_and_correlations():
    w = Tensor([1.0, 3.0])
    np.average(np.array([1.0, 2.0]), weights=w).backward()
    np.testing.assert_allclose(w.grad, [-3 / 16, 1 / 16])
    x = RNG.normal(size=(3, 8))
    np.testing.assert_allclose(np.corrcoef(Tensor(x)).data, np.corrcoef(x), rtol=1e-12)
    scaled = gradient(lambda t: np.sum(np.corrcoef(t)), x)
    np.testing.assert_allclose(np.sum(scaled * x, 1), 0, atol=1e-12)  # a correlation does not change with the scale


# New arrays


def test_rows_of_numbers_end_exactly_where_they_should():
    a, b = Tensor(0.1), Tensor(0.7)
    for f in (np.linspace, np.geomspace):
        row = f(a, b, 7)
        np.testing.assert_allclose(row.data, f(0.1, 0.7, 7), rtol=1e-14)
    row = np.linspace(a, b, 7)
    assert (row.data[0], row.data[-1]) == (0.1, 0.7)
    assert np.linspace(np.float32(0), Tensor(np.float32(1)), 3).dtype == np.float32
    assert np.linspace(Tensor(1.0), 2.0, 0).shape == (0,)
    assert np.linspace(Tensor(1.0), 2.0, 1).tolist() == [1]
    assert np.logspace(0, 1, 2, base=Tensor(3.0)).tolist() == [1, 3]


def test_full_like_takes_the_dtype_and_passes_the_gradient():
    fill = Tensor(2.0)
    y = np.full_like(Tensor(np.float32([1, 2, 3])), fill)
    assert y.dtype == np.float32
    y.backward(np.float32([1, 2, 3]))
    assert fill.grad == 6
    assert np.full_like(Tensor([1.0]), 3, dtype=int).tolist() == [3]
    plain = np.full_like(Tensor([1.0, 2.0]), 0.5)
    plain[0] = 1.0  # a plain array of one's own, as NumPy gives it


def test_numbers_stacked_with_float32_stay_float32():
    x = Tensor(np.float32([1.0]))
    for f in (np.hstack, np.vstack, np.dstack, np.column_stack):
        assert f([x, 2.0]).dtype == np.float32
    assert np.append(x, 2.0).dtype == np.float32


def test_select_sends_nothing_to_what_is_not_chosen():
    x = Tensor([-1.0, 0.0, 4.0])
    with np.errstate(all="ignore"):
        y = np.select([x <= 0, x > 1], [np.zeros(3), np.log(x)], 0.5)
    y.backward(np.ones(3))
    np.testing.assert_array_equal(x.grad, [0, 0, 0.25])


# Transforms


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize(("m", "n"), [(1, 1), (5, 1), (1000, 37), (37, 1000), (64, 64)])
def test_convolution_by_transforms_is_convolution_and_its_rules_are_adjoint(mode, m, n):
    a, b = RNG.normal(size=m), RNG.normal(size=n)
    expected = scipy.signal.convolve(a, b, mode, method="direct")
    x, k = Tensor(a), Tensor(b)
    y = mg.fftconvolve(x, k, mode)
    np.testing.assert_allclose(y.data, expected, rtol=1e-10, atol=1e-10)
    g = RNG.normal(size=y.shape)
    y.backward(g)
    np.testing.assert_allclose([x.grad @ a, k.grad @ b], g @ expected, rtol=1e-9, atol=1e-9)


def test_a_convolution_in_the_plane_broadcasts_its_batch():
    images, kernel = Tensor(RNG.normal(size=(3, 8, 9))), Tensor(RNG.normal(size=(1, 3, 2)))
    y = mg.fftconvolve(images, kernel, "same", axes=(1, 2))
    np.testing.assert_allclose(y.data, scipy.signal.fftconvolve(images.data, kernel.data, "same", axes=(1, 2)), atol=1e-12)
    y.backward(np.ones(y.shape))
    assert kernel.grad.shape == (1, 3, 2)
    assert mg.fftconvolve(Tensor(np.float32([1, 2])), np.float32([1])).dtype == np.float32


def test_transforms_have_fast_lengths():
    for n in range(1, 2000):
        assert _fast_length(n) == scipy.fft.next_fast_len(n, real=True)


def test_sorting_is_one_node():
    names = [node.op.name for node in topological_order(np.sort(Tensor([[2.0, 1.0]])))]
    assert names == ["reorder"]


V, M = Tensor([1.0, 2.0, 3.0]), Tensor(np.ones((2, 4)))


@pytest.mark.parametrize(("call", "kind", "says"), [
    (lambda: np.sort(V, 1), IndexError, "sort: axis 1 is out of bounds"),
    (lambda: np.sort(Tensor(1.0)), IndexError, "sort: axis -1 is out of bounds"),
    (lambda: np.sort(V, kind="bogo"), ValueError, "kind"),
    (lambda: np.percentile(V, 101), ValueError, "percentile: q lies between 0 and 100, got 101"),
    (lambda: np.percentile(V, -1e-9), ValueError, "percentile: q lies between 0 and 100"),
    (lambda: np.percentile(V, np.nan), ValueError, "percentile: q lies between 0 and 100, got nan"),
    (lambda: np.quantile(V, [0.5, 1.5]), ValueError, "quantile: q lies between 0 and 1"),
    (lambda: np.quantile(V, 0.5, method="inverted_cdf"), ValueError, "quantile: method 'inverted_cdf' is none of"),
    (lambda: np.quantile(V, 0.5, axis=1), IndexError, "quantile: axis 1 is out of bounds"),
    (lambda: np.median(Tensor(np.zeros((2, 0)))), ValueError, r"no numbers along axes \(0, 1\) of shape \(2, 0\)"),
    (lambda: np.diff(Tensor(1.0)), ValueError, r"diff: needs an array"),
    (lambda: np.diff(V, n=-1), ValueError, "diff: needs an array and n of at least 0"),
    (lambda: np.diff(V, axis=2), IndexError, "diff: axis 2 is out of bounds"),
    (lambda: np.trapezoid(V, [1.0, 2.0]), ValueError, r"trapezoid: x of shape \(2,\) has no place for each sample"),
    (lambda: np.interp(V, [1.0, 2.0], [1.0]), ValueError, r"interp: xp and fp .* got shapes \(2,\) and \(1,\)"),
    (lambda: np.interp(V, [1.0], [1.0], period=0), ValueError, "the period is above 0"),
    (lambda: np.linspace(V, 1.0, -1), ValueError, "linspace: the number of points"),
    (lambda: np.linspace(V, 1.0, 2.5), ValueError, "linspace: the number of points is a whole number"),
    (lambda: np.geomspace(V, -1.0), ValueError, "geomspace: both ends must be above 0, or both below"),
    (lambda: np.geomspace(V, 0.0), ValueError, "geomspace: both ends"),
    (lambda: np.cross(V[:2], V[:2]), ValueError, r"cross: needs vectors of 3 components, got shapes \(2,\) and \(2,\)"),
    (lambda: np.vdot(V, M), ValueError, r"vdot: needs two arrays of one size, got shapes \(3,\) and \(2, 4\)"),
    (lambda: np.average(V, weights=[1.0, 2.0]), ValueError, r"average: weights of shape \(2,\) fit neither x of shape \(3,\)"),
    (lambda: np.cov(Tensor(np.ones((1, 2, 3)))), ValueError, r"cov: needs one axis or two, got shape \(1, 2, 3\)"),
    (lambda: np.meshgrid(V, V, indexing="yx"), ValueError, "meshgrid: indexing is 'xy' or 'ij', got 'yx'"),
    (lambda: np.append(M, V, axis=0), ValueError, r"concatenate, inputs of shapes \(2, 4\) and \(3,\)"),
    (lambda: np.nanpercentile(V, 101), ValueError, "nanpercentile: q lies between 0 and 100, got 101"),
    (lambda: np.vander(M), ValueError, r"vander: needs a vector, got shape \(2, 4\)"),
    (lambda: mg.hstack([]), ValueError, "hstack: needs at least one array to join"),
    (lambda: mg.column_stack([]), ValueError, "column_stack: needs at least one array to join"),
    (lambda: np.vstack([V, M]), ValueError, r"concatenate, inputs of shapes \(1, 3\) and \(2, 4\)"),
    (lambda: np.select([V > 1], [V, V]), ValueError, "select: needs a choice for each condition, got 1 and 2"),
    (lambda: mg.fftconvolve(V, M), ValueError, r"fftconvolve: needs arrays with the same number of axes, .* got shapes \(3,\) and \(2, 4\)"),
    (lambda: mg.fftconvolve(V, Tensor(np.zeros(0))), ValueError, "none of them empty"),
    (lambda: mg.fftconvolve(V, V, "wrap"), ValueError, "mode is 'full', 'same' or 'valid', got 'wrap'"),
    (lambda: mg.fftconvolve(np.ones((2, 3)), Tensor(np.ones((3, 2))), "valid"), ValueError, "one array must hold the other"),
    (lambda: mg.fftconvolve(V, V, axes=()), ValueError, "at least one axis"),
    (lambda: np.fft.rfft(V), TypeError, "np.fft.rfft has no gradient rule.*complex.*minigrad.fftconvolve"),
    (lambda: np.partition(V, 1), TypeError, "np.partition has no gradient rule in minigrad; compose it"),
])  # fmt: skip
def test_bad_input(call, kind, says):
    with pytest.raises(kind, match=says):
        call()
