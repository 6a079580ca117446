"""Sinc and I₀: derivatives of several orders against closed forms, near 0 and far from it."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.special

import minigrad as mg
from minigrad import Tensor
from minigrad.ops.integral_functions import _i0, _sinc

NEAR_AND_FAR = np.concatenate([[0.0, 1e-300], np.geomspace(1e-9, 30, 60), -np.geomspace(1e-4, 9, 20)])
NODES, WEIGHTS = np.polynomial.legendre.leggauss(300)
NODES, WEIGHTS = (NODES + 1) / 2, WEIGHTS / 2


@pytest.mark.parametrize("k", [1, 2, 3, 4, 7])
def test_derivatives_of_sinc(k: int):
    expected = [np.sum(WEIGHTS * NODES**k * np.cos(np.pi * x * NODES + k * np.pi / 2)) for x in NEAR_AND_FAR]
    np.testing.assert_allclose(_sinc.forward(NEAR_AND_FAR, k=k) / np.pi**k, expected, rtol=0, atol=3e-14)


def test_derivatives_of_i0():
    x = np.concatenate([NEAR_AND_FAR, [-40.0, 300.0, 700.0, -700.0]])
    i = [scipy.special.iv(n, x) for n in range(4)]
    for k, expected in ((1, i[1]), (2, (i[0] + i[2]) / 2), (3, (3 * i[1] + i[3]) / 4)):
        np.testing.assert_allclose(_i0.forward(x, k=k), expected, rtol=1e-13, atol=1e-290)


def test_smooth_at_0_to_any_order():
    f = mg.sinc
    for expected in (0.0, -(np.pi**2) / 3, 0.0, np.pi**4 / 5):
        f = mg.grad(f)
        assert f(0.0) == pytest.approx(expected, abs=1e-12)
    assert mg.grad(mg.grad(mg.i0))(0.0) == pytest.approx(0.5, rel=1e-15)


def test_shapes_and_dtypes():
    for f in (mg.sinc, mg.i0):
        for x in (np.float32(0.3), np.ones((0, 2)), np.float64(2.0), np.ones((2, 1), np.float32)):
            t = Tensor(x)
            f(t).sum().backward()
            assert (f(t).shape, f(t).dtype, t.grad.dtype) == (np.shape(x), np.asarray(x).dtype, np.asarray(x).dtype)
    with np.errstate(all="ignore"):
        assert _i0.forward(np.array([720.0, np.nan]), k=1).tolist()[0] == np.inf


@pytest.mark.parametrize("k", range(0, 20, 3))
def test_high_derivatives_of_i0_at_0(k: int):
    """The coefficients of its power series."""
    np.testing.assert_allclose(_i0(np.array(0.0), k=k), 0 if k % 2 else math.comb(k, k // 2) / 2**k, rtol=1e-13, atol=1e-16)
