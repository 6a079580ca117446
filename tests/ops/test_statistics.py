"""Weighted means, covariance and correlation."""

from __future__ import annotations

import numpy as np
import pytest
from gradients import gradient

from minigrad import Tensor

RNG = np.random.default_rng(3)
V, M = Tensor([1.0, 2.0, 3.0]), Tensor(np.ones((2, 4)))


def test_weighted_means_and_correlations():
    w = Tensor([1.0, 3.0])
    np.average(np.array([1.0, 2.0]), weights=w).backward()
    np.testing.assert_allclose(w.grad, [-3 / 16, 1 / 16])
    x = RNG.normal(size=(3, 8))
    np.testing.assert_allclose(np.corrcoef(Tensor(x)).data, np.corrcoef(x), rtol=1e-12)
    scaled = gradient(lambda t: np.sum(np.corrcoef(t)), x)
    np.testing.assert_allclose(np.sum(scaled * x, 1), 0, atol=1e-12)  # a correlation does not change with the scale


@pytest.mark.parametrize(("call", "kind", "says"), [
    (lambda: np.average(V, weights=[1.0, 2.0]), ValueError, r"average: weights of shape \(2,\) fit neither x of shape \(3,\)"),
    (lambda: np.cov(Tensor(np.ones((1, 2, 3)))), ValueError, r"cov: needs one axis or two, got shape \(1, 2, 3\)"),
])  # fmt: skip
def test_bad_input(call, kind, says):
    with pytest.raises(kind, match=says):
        call()
