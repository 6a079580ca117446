"""Log-densities beside SciPy's, and their gradients to second order."""

import numpy as np
import pytest
import scipy.stats

import minigrad as mg
from minigrad import stats

rng = np.random.default_rng(0)
Z, P, U = rng.normal(size=(2, 3)), rng.uniform(0.5, 3, size=(2, 3)), rng.uniform(0.1, 0.9, size=(2, 3))
COV = np.array([[2.0, 0.5, 0.1], [0.5, 1.0, -0.2], [0.1, -0.2, 1.5]])
K = np.array([[0, 1, 2], [5, 3, 1]])
CASES = {
    "norm.logpdf": [(Z, P[0], P), (Z[0, 0], 0.5, 2.0), (Z,)],
    "multivariate_normal.logpdf": [(Z, Z[0], COV), (Z[0], Z[1], P[0]), (Z, 0.5, 2.0), (0.3, 0.1, 2.0)],
    "t.logpdf": [(Z, P, Z[0], P), (Z, 3.0)],
    "gamma.logpdf": [(P + 1, P, U, P), (P, 1.0), (P, 2.5)],
    "beta.logpdf": [(U, P, P), (2 * U + 1, P, P, 1.0, 2.0)],
}
COUNTS = {"poisson.logpmf": [(K, P), (K + 2, 1.5, 2)], "bernoulli.logpmf": [(K % 2, U), (K % 2 + 3, 0.3, 3)]}


def of(module, name):
    kind, function = name.split(".")
    return getattr(getattr(module, kind), function)


@pytest.mark.parametrize(("name", "args"), [(n, a) for n, cases in (CASES | COUNTS).items() for a in cases])
def test_values_are_those_of_scipy(name, args):
    if name.startswith("multivariate"):  # whose mean is a vector
        mean = np.broadcast_to(args[1], np.atleast_1d(args[0]).shape[-1:])
        want = scipy.stats.multivariate_normal.logpdf(args[0], mean, args[2])
    else:
        want = of(scipy.stats, name)(*args)
    np.testing.assert_allclose(of(stats, name)(*args), want, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("name", "args"), [(n, a) for n, cases in CASES.items() for a in cases])
def test_gradients_to_second_order(name, args):
    function = of(stats, name)
    if np.ndim(args[-1]) == 2 and name.startswith("multivariate"):  # symmetric under the differences too
        assert mg.gradcheck(lambda x, m, c: function(x, m, (c + c.T) / 2), *args, order=2)
    else:
        assert mg.gradcheck(function, *args, order=2)


@pytest.mark.parametrize(("name", "args"), [(n, a) for n, cases in COUNTS.items() for a in cases])
def test_gradients_of_counts(name, args):
    k, parameter, *loc = args
    assert mg.gradcheck(lambda p: of(stats, name)(k, p, *loc), parameter, order=2)


@pytest.mark.parametrize(
    ("name", "x", "args"),
    [
        ("gamma.logpdf", [-1.0, 2.0], (1.5,)),
        ("beta.logpdf", [-0.5, 0.5, 1.5], (2.0, 3.0)),
        ("poisson.logpmf", [-1, 1.5, 2], (2.0,)),
        ("bernoulli.logpmf", [-1, 0.5, 1, 2], (0.3,)),
    ],
)
def test_outside_the_support(name, x, args):
    tracked = [mg.Tensor(a) for a in args]
    point = x if "pmf" in name else mg.Tensor(x)
    out = of(stats, name)(point, *tracked)
    np.testing.assert_allclose(out.data, of(scipy.stats, name)(x, *args))
    inside = np.isfinite(out.data)
    out.backward(np.ones(len(x)))
    assert all(np.isfinite(a.grad) for a in tracked)
    if "pdf" in name:
        assert (point.grad[~inside] == 0).all()


def test_bounds_of_the_support_are_those_of_scipy():
    assert stats.gamma.logpdf(0.0, 1.0) == scipy.stats.gamma.logpdf(0.0, 1.0) == 0
    assert stats.beta.logpdf([0.0, 1.0], 1.0, 1.0).tolist() == [0, 0]
    assert stats.poisson.logpmf(0, 0.0) == 0
    assert stats.bernoulli.logpmf([0, 1], [0.0, 1.0]).tolist() == [0, 0]


def test_a_count_that_is_tracked_is_refused():
    with pytest.raises(TypeError, match=r"k= is not differentiated"):
        stats.poisson.logpmf(mg.Tensor(2.0), 3.0)


def test_a_covariance_of_another_size():
    with pytest.raises(ValueError, match=r"cov of shape \(2, 2\) should be \(3, 3\)"):
        stats.multivariate_normal.logpdf(np.zeros(3), 0.0, np.eye(2))


def test_an_unknown_distribution():
    with pytest.raises(AttributeError, match="it has bernoulli, beta"):
        stats.cauchy  # noqa: B018
