"""Differences, integrals and interpolation: at the points, far outside, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from gradients import gradient
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minigrad import Tensor

RNG = np.random.default_rng(3)
V, M = Tensor([1.0, 2.0, 3.0]), Tensor(np.ones((2, 4)))


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
    a, b = at[0].item(), at[-1].item()
    assert area.item() == pytest.approx(1.5 * (b * b - a * a) + b - a)
    area.backward()
    np.testing.assert_allclose(at.grad, [-(3 * a + 1), 0, 0, 0, 0, 3 * b + 1], atol=1e-12)


@pytest.mark.parametrize(("call", "kind", "says"), [
    (lambda: np.diff(Tensor(1.0)), ValueError, r"diff: needs an array"),
    (lambda: np.diff(V, n=-1), ValueError, "diff: needs an array and n of at least 0"),
    (lambda: np.diff(V, axis=2), IndexError, r"diff, inputs of shape .*: axis 2 is out of bounds"),
    (lambda: np.trapezoid(V, [1.0, 2.0]), ValueError, r"trapezoid: x of shape \(2,\) does not give a point for each sample"),
    (lambda: np.interp(V, [1.0, 2.0], [1.0]), ValueError, r"interp: xp and fp .* got shapes \(2,\) and \(1,\)"),
    (lambda: np.interp(V, [1.0], [1.0], period=0), ValueError, "the period must not be 0"),
])  # fmt: skip
def test_bad_input(call, kind, says):
    with pytest.raises(kind, match=says):
        call()


@pytest.mark.parametrize("spacing", [(), (2.0,), (2.0, 0.5), ([0.0, 1.0, 4.0], 2.0)])
def test_the_spacings_of_gradient(spacing):
    f = RNG.normal(size=(3, 4))
    for ours, numpys in zip(np.gradient(Tensor(f), *spacing), np.gradient(f, *spacing), strict=True):
        np.testing.assert_allclose(ours.data, numpys)


@pytest.mark.parametrize("spacing", [([0.0, 1.0, 4.0],), (1.0, 1.0, 1.0)])
def test_spacings_that_gradient_refuses(spacing):
    with pytest.raises(TypeError, match="needs no spacing, one distance, or a spacing for each of 2 axes, got"):
        np.gradient(Tensor(np.ones((3, 3))), *spacing)
