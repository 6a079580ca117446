"""Sorting and quantiles: ties, nan, every method, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from gradients import gradient
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minigrad as mg
from minigrad import Tensor
from minigrad.graph import topological_order

RNG = np.random.default_rng(3)
METHODS = (
    "linear", "lower", "higher", "nearest", "midpoint", "hazen", "weibull", "median_unbiased", "normal_unbiased",
    "interpolated_inverted_cdf",
)  # fmt: skip
NUMBERS = st.floats(-1e6, 1e6, width=32)
V, M = Tensor([1.0, 2.0, 3.0]), Tensor(np.ones((2, 4)))


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
    for value in (0.0, np.nan):
        np.testing.assert_array_equal(np.argsort(Tensor(np.full(300, value))), range(300))


def test_nan_is_sorted_last_and_makes_a_median_nan():
    x = Tensor([np.nan, 1.0, 0.0])
    np.testing.assert_array_equal(np.sort(x).data, [0, 1, np.nan])
    assert np.isnan(np.median(x).item())
    np.testing.assert_array_equal(gradient(np.median, x.data), [0, 0, 0])
    rows = np.array([[np.nan, 1.0], [2.0, 4.0]])
    np.testing.assert_array_equal(np.median(Tensor(rows), axis=1).data, np.median(rows, axis=1))


def test_the_median_of_equals_and_of_an_even_count():
    np.testing.assert_array_equal(gradient(np.median, np.ones(4)), [0, 0.5, 0.5, 0])
    np.testing.assert_array_equal(gradient(np.median, np.array([4.0, 1.0, 3.0, 2.0])), [0, 0, 0.5, 0.5])
    assert np.median(Tensor([np.inf, 1.0, np.inf, np.inf])).item() == np.inf


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=25, deadline=None)
@given(x=hnp.arrays(np.float64, st.integers(1, 7), elements=NUMBERS), q=st.floats(0, 1))
def test_quantiles_of_every_method(method, x, q):
    y = np.quantile(Tensor(x), q, method=method)
    np.testing.assert_allclose(y.item(), np.quantile(x, q, method=method), rtol=1e-12, atol=1e-9)
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


def test_sorting_is_one_node():
    names = [node.op.name for node in topological_order(np.sort(Tensor([[2.0, 1.0]])))]
    assert names == ["reorder"]


@pytest.mark.parametrize(("call", "kind", "says"), [
    (lambda: np.sort(V, 1), IndexError, r"sort, inputs of shape .*: axis 1 is out of bounds"),
    (lambda: np.sort(Tensor(1.0)), IndexError, r"sort, inputs of shape .*: axis -1 is out of bounds"),
    (lambda: np.sort(V, kind="bogo"), ValueError, "kind"),
    (lambda: np.percentile(V, 101), ValueError, "percentile: q must lie between 0 and 100, got 101"),
    (lambda: np.percentile(V, -1e-9), ValueError, "percentile: q must lie between 0 and 100"),
    (lambda: np.percentile(V, np.nan), ValueError, "percentile: q must lie between 0 and 100, got nan"),
    (lambda: np.quantile(V, [0.5, 1.5]), ValueError, "quantile: q must lie between 0 and 1"),
    (lambda: np.quantile(V, 0.5, method="rank"), ValueError, "quantile: method 'rank' is none of"),
    (lambda: np.quantile(V, 0.5, axis=1), IndexError, r"quantile, inputs of shape .*: axis 1 is out of bounds"),
    (lambda: np.median(Tensor(np.zeros((2, 0)))), ValueError, r"median: x of shape \(2, 0\) has no elements along axes \(0, 1\)"),
])  # fmt: skip
def test_bad_input(call, kind, says):
    with pytest.raises(kind, match=says):
        call()


STEPS = ["inverted_cdf", "averaged_inverted_cdf", "closest_observation"]


@pytest.mark.parametrize("method", STEPS)
@pytest.mark.parametrize("q", [0.0, 0.1, 0.25, 0.3, 0.5, 0.7, 1.0])
def test_methods_that_are_steps(method: str, q: float):
    x = np.array([[3.0, 1.0, 2.0, 5.0, 4.0], [0.5, -1.0, 7.0, 2.5, -3.0]])
    for axis in (None, 0, 1):
        np.testing.assert_allclose(
            np.quantile(Tensor(x), q, axis, method=method).data, np.quantile(x, q, axis, method=method)
        )
    assert mg.gradcheck(lambda t: np.quantile(t, q, 1, method=method), x)


@pytest.mark.parametrize("q", [0.0, 0.2, 0.5, 1.0, [[0.3, 0.9]]])
@pytest.mark.parametrize("axis", [None, 0, 1, (0, 1)])
def test_weighted_quantiles(q: object, axis: object):
    x = np.array([[3.0, 1.0, 2.0, 5.0], [0.5, -1.0, 7.0, 2.5]])
    weights = np.array([[1.0, 0.0, 2.0, 0.5], [0.3, 1.0, 1.0, 2.0]])
    for w in [weights, weights[1]] if axis == 1 else [weights]:
        found = np.quantile(Tensor(x), q, axis, method="inverted_cdf", weights=w)
        np.testing.assert_array_equal(found.data, np.quantile(x, q, axis, method="inverted_cdf", weights=w))
    holes = np.where(x == 2.0, np.nan, x)
    ignoring = np.nanpercentile(Tensor(holes), 40, 1, method="inverted_cdf", weights=weights)
    np.testing.assert_array_equal(ignoring.data, np.nanpercentile(holes, 40, 1, method="inverted_cdf", weights=weights))
    assert np.isnan(np.quantile(Tensor(holes), 0.4, method="inverted_cdf", weights=weights).data)
    assert mg.gradcheck(lambda t: np.quantile(t, 0.4, 1, method="inverted_cdf", weights=weights), x)


@pytest.mark.parametrize(("options", "says"), [
    ({"weights": [1.0, 1.0]}, "quantile: weights= go with method='inverted_cdf' alone, got 'linear'"),
    ({"weights": [1.0, 1.0, 1.0], "method": "inverted_cdf"}, r"quantile: weights of shape \(3,\) fit neither x of shape \(2,\)"),
    ({"weights": [1.0, -1.0], "method": "inverted_cdf"}, "quantile: weights must not be negative"),
    ({"weights": [0.0, 0.0], "method": "inverted_cdf"}, "quantile: at least one weight of each line must not be 0"),
])  # fmt: skip
def test_weights_that_do_not_fit_say_so(options: dict, says: str):
    with pytest.raises(ValueError, match=says):
        mg.quantile(Tensor([1.0, 2.0]), 0.5, **options)
    with pytest.raises(TypeError, match="quantile: weights= is not differentiated"):
        mg.quantile(Tensor([1.0, 2.0]), 0.5, method="inverted_cdf", weights=Tensor([1.0, 2.0]))
