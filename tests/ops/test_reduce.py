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


def test_gradients_beside_a_large_result_keep_their_differences():
    for big in (1e17, np.float32(1e3), np.inf):
        x = Tensor(np.array([big, big]))
        mg.logaddexp(x[0], x[1]).backward()
        assert x.grad.tolist() == [0.5, 0.5]
    x = Tensor([1e17, 1e17, 1.0])
    x.logsumexp().backward()
    assert x.grad.tolist() == [0.5, 0.5, 0]
    x = Tensor([np.inf, 1.0])
    mg.logaddexp(x[0], x[1]).backward()
    assert x.grad.tolist() == [1, 0]
    np.testing.assert_allclose(
        mg.hessian(lambda v: mg.logaddexp(v[0], v[1]))(np.array([1.0, 1.0])), [[0.25, -0.25], [-0.25, 0.25]]
    )


def test_a_mean_over_more_elements_than_float16_can_count():
    for f, expected in ((mg.mean, 1 / 70000), (lambda x: mg.var(x + np.arange(70000) % 2), None)):
        x = Tensor(np.ones(70000, np.float16))
        y = f(x)
        y.backward()
        assert x.grad.dtype == np.float16
        assert (x.grad != 0).all()
        if expected:
            np.testing.assert_allclose(x.grad, np.float16(expected))


def test_powers_at_0_and_infinity():
    cases = {(0.0, -1.0): (-np.inf, 0), (np.inf, 0.0): (0, np.inf), (0.0, 0.0): (0, 0), (0.0, 2.0): (0, 0)}
    for (base, exponent), expected in cases.items():
        a, b = Tensor(base), Tensor(exponent)
        with np.errstate(all="ignore"):
            (a**b).backward()
        assert (a.grad, b.grad) == expected
    assert mg.gradcheck(lambda a, b: a**b, 2.0, 0.0, order=2)


def test_no_difference_joins_nothing():
    assert mg.diff(np.arange(4.0), 0, prepend=9.0).tolist() == [0, 1, 2, 3]
