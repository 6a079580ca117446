"""Reductions where there is nothing to add, or nothing finite."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor


@pytest.mark.parametrize(
    ("x", "axis", "value"),
    [
        ([-np.inf, -np.inf], None, -np.inf),
        ([np.inf, 0.0], None, np.inf),
        ([np.inf, -np.inf], None, np.inf),
        ([[-np.inf, -np.inf], [0.0, 0.0]], 1, [-np.inf, np.log(2)]),
        ([[-np.inf, 1.0], [-np.inf, 1.0]], 0, [-np.inf, 1 + np.log(2)]),
        (np.zeros((0, 2)), 0, [-np.inf, -np.inf]),
    ],
)
def test_logsumexp_of_infinities_and_of_nothing_is_no_nan(x, axis, value):
    np.testing.assert_allclose(mg.logsumexp(Tensor(x), axis).data, value, rtol=1e-15)


def test_logsumexp_sends_nothing_to_minus_infinity():
    x = Tensor([-np.inf, 0.0, 0.0])
    mg.logsumexp(x).backward()
    np.testing.assert_allclose(x.grad, [0, 0.5, 0.5], rtol=1e-15)
