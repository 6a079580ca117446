"""Functions that pass over nan: what a nan changes, lines of nothing else, and equals."""

from __future__ import annotations

import numpy as np
import pytest
from gradients import gradient

import minigrad as mg
from minigrad import Tensor
from minigrad.graph import value_of

RNG = np.random.default_rng(3)
V, M = Tensor([1.0, 2.0, 3.0]), Tensor(np.ones((2, 4)))


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
        np.testing.assert_allclose(value_of(getattr(np, name)(Tensor(plain))), getattr(np, name)(plain))


@pytest.mark.parametrize(
    ("name", "value"), [("nanmax", np.nan), ("nanmin", np.nan), ("nanmean", np.nan), ("nanvar", np.nan), ("nanstd", np.nan)]
)
def test_a_line_of_nan_gives_nan_and_a_warning(name, value):
    x = Tensor([[np.nan, np.nan], [1.0, 3.0]])
    with pytest.warns(RuntimeWarning, match=f"{name}: .*nan") as caught:
        y = getattr(mg, name)(x, axis=1)
    assert caught[0].filename == __file__
    with pytest.warns(RuntimeWarning, match=f"{name}: .*nan"):
        assert np.isnan(getattr(np, name)(x, axis=1).data).tolist() == [True, False]
    assert np.isnan(y.data).tolist() == [True, False]
    y.backward([1.0, 1.0])
    assert np.isfinite(x.grad).all()
    assert x.grad[0].tolist() == [0, 0]


def test_nansum_and_nanprod_of_nothing():
    x = Tensor([np.nan, np.nan])
    assert (np.nansum(x).item(), np.nanprod(x).item()) == (0, 1)
    assert np.nansum(Tensor(np.zeros((0, 3))), axis=0).tolist() == [0, 0, 0]


def test_nanmax_splits_ties_and_nanstd_of_equals_has_no_slope():
    assert gradient(np.nanmax, np.array([3.0, np.nan, 3.0])).tolist() == [0.5, 0, 0.5]
    assert gradient(np.nanstd, np.array([0.1, 0.1, 0.1, np.nan])).tolist() == [0, 0, 0, 0]
    assert np.nanvar(Tensor([1.0, np.nan, 2.0]), correction=1).item() == 0.5


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
    with pytest.warns(RuntimeWarning, match="nanmedian: all-nan slice"):
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


@pytest.mark.parametrize(("call", "kind", "says"), [
    (lambda: np.nanpercentile(V, 101), ValueError, "nanpercentile: q must lie between 0 and 100, got 101"),
])  # fmt: skip
def test_bad_input(call, kind, says):
    with pytest.raises(kind, match=says):
        call()
