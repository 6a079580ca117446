"""Polynomials: NumPy's values where leading zeros, scalars and degrees of 0 meet."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor

POLYNOMIALS = [[2.0, -1.0, 3.0], [0.0, 0.0, 2.0, 1.0], [4.0], [0.0], [1.0, 0.0, 0.0, -2.0, 5.0]]


@pytest.mark.parametrize("a", POLYNOMIALS)
@pytest.mark.parametrize("b", POLYNOMIALS)
def test_pairs(a: list[float], b: list[float]):
    for name in ("polyadd", "polysub", "polymul"):
        y = getattr(np, name)(Tensor(a), b)
        np.testing.assert_allclose(y.data, getattr(np, name)(a, b), atol=1e-14)
        assert y.requires_grad
    if b[0]:
        for y, r in zip(np.polydiv(Tensor(a), b), np.polydiv(a, b), strict=True):
            np.testing.assert_allclose(y.data, r, atol=1e-14)


@pytest.mark.parametrize("p", POLYNOMIALS)
def test_single_ones(p: list[float]):
    t = Tensor(p)
    for call in (
        lambda p: np.polyval(p, [[0.5, -2.0]]),
        lambda p: np.polyder(p, 0),
        lambda p: np.polyder(p, 2),
        lambda p: np.polyder(p, 9),
        lambda p: np.polyint(p, 2),
        lambda p: np.polyint(p, 0),
        lambda p: np.poly(p),
    ):
        y = call(t)
        np.testing.assert_allclose(y.data, call(p), rtol=1e-14)
        assert y.requires_grad


def test_float32_and_integers():
    x = np.float32([1.0, 2.0])
    for y in (mg.polyint(Tensor(x)), mg.polyder(Tensor(x)), mg.polyval(Tensor(x), 2.0), mg.poly(Tensor(x))):
        assert y.dtype == np.float32
    i = Tensor(np.array([1, 2, 3]))
    assert mg.polyval(i, 2).tolist() == 11
    assert mg.polyder(i).tolist() == [2, 2]


def test_the_product_of_the_quotient_and_the_remainder_come_back():
    rng = np.random.default_rng(0)
    u, v = Tensor(rng.normal(size=6)), Tensor(rng.normal(size=3))
    q, r = mg.polydiv(u, v)
    back = mg.polyadd(mg.polymul(q, v), r)
    back.backward(np.arange(6.0))
    np.testing.assert_allclose(back.data, u.data)
    np.testing.assert_allclose(u.grad, np.arange(6.0), atol=1e-12)
    np.testing.assert_allclose(v.grad, 0, atol=1e-12)


@pytest.mark.parametrize(("call", "kind", "says"), [
    (lambda t: mg.polyval(t[0], 1.0), ValueError, "polyval: the coefficients are a vector, got a scalar"),
    (lambda t: mg.polyadd([[1.0]], t), ValueError, r"polyadd: the coefficients are a vector, got shape \(1, 1\)"),
    (lambda t: mg.polyder(t, -1), ValueError, "polyder: the order of a derivative must not be negative, got -1; see polyint"),
    (lambda t: mg.polyint(t, -1), ValueError, "polyint: the order of an antiderivative must not be negative"),
    (lambda t: mg.polyint(t, 3, [1.0, 2.0]), ValueError, "polyint: k needs a constant for each of 3 integrations, got 2"),
    (lambda t: mg.poly(t[:, None] * t), TypeError, "poly: of a matrix it needs the eigenvalues"),
    (lambda t: mg.polyfit(t, t[:1], 1), ValueError, r"polyfit: needs a vector x and a y of as many rows"),
    (lambda t: mg.polyfit(t, t, -1), ValueError, "polyfit: the degree must not be negative"),
    (lambda t: mg.polyfit(t, t, 1, w=t[:1]), ValueError, "polyfit: w needs a weight for each point"),
    (lambda t: mg.polyfit(t, t, 1, cov=True), ValueError, "polyfit: the covariance needs more points than coefficients"),
])  # fmt: skip
def test_bad_input(call, kind, says):
    with pytest.raises(kind, match=says):
        call(Tensor([1.0, 2.0]))
