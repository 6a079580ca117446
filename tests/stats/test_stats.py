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


NAN, INF = np.nan, np.inf
IMPOSSIBLE = [
    ("norm.logpdf", [(NAN,), (1, 0, -1), (1, 0, 0), (1, NAN, 1), (1, 0, NAN), (INF,), ([0, 1], 0, [-1, 1])]),
    ("t.logpdf", [(NAN, 2), (1, -2), (1, 0), (1, -INF), (1, NAN), (1, 2, 0, -1), (1, 2, 0, 0), (INF, 2), (INF, INF)]),
    ("gamma.logpdf", [(NAN, 2), ([NAN, -1, 1], 2), (-1, -2), (1, 0), (-1, 0), (-1, NAN), (0, 2), (0, 0.5)]),
    ("gamma.logpdf", [(1, 2, 0, -1), (-1, 2, 0, -1), (1, 2, 0, 0), (1, 2, NAN), ([-1, 1], [[-2], [2]])]),
    ("beta.logpdf", [(NAN, 2, 2), ([NAN, -1, 0.5], 2, 2), (0.5, -2, 2), (0.5, 2, 0), (2, 2, -1), (2, NAN, 2), (0, 2, 2)]),
    ("beta.logpdf", [(0.5, 2, 2, 0, -1), (-0.5, 2, 2, 0, -1), (2, 2, 2, 0, 0), (0.5, 2, 2, NAN)]),
    ("poisson.logpmf", [(NAN, 2), ([NAN, -1, 1], 2), (1, -2), (-1, -2), (0, -2), (1, NAN), (-1, NAN), (1, 0), (INF, 2)]),
    ("poisson.logpmf", [(-INF, 2), (1, 2, NAN), (1, INF)]),
    ("bernoulli.logpmf", [(NAN, 0.5), ([NAN, 3, 1], 0.5), (1, 1.5), (0, 1.5), (3, 1.5), (1, -0.5), (1, NAN), (3, NAN)]),
    ("bernoulli.logpmf", [(1, 0), (INF, 0.5), ([0, 1, 2], [[1.5], [0.5]])]),
]


@pytest.mark.parametrize(("name", "args"), [(n, a) for n, cases in IMPOSSIBLE for a in cases])
def test_nan_and_parameters_out_of_range_are_those_of_scipy(name, args):
    with np.errstate(all="ignore"):
        want = of(scipy.stats, name)(*args)
    with np.errstate(invalid="ignore" if any(a is INF for a in args) else "raise"):
        np.testing.assert_allclose(of(stats, name)(*args), want, rtol=1e-12)


def test_a_vector_with_a_nan():
    assert np.isnan(stats.multivariate_normal.logpdf([[NAN, 1.0], [0.0, 1.0]])).tolist() == [True, False]


@pytest.mark.parametrize(
    ("name", "args", "bad"),
    [
        ("norm.logpdf", ([1.0, 1.0], 0.0, [-1.0, 2.0]), 2),
        ("t.logpdf", ([1.0, 1.0], [-3.0, 3.0]), 1),
        ("gamma.logpdf", ([NAN, 2.0], 1.5), 0),
        ("gamma.logpdf", ([1.0, 2.0], [-1.5, 1.5]), 1),
        ("beta.logpdf", ([NAN, 0.5], 2.0, 3.0), 0),
        ("beta.logpdf", ([0.5, 0.5], 2.0, [-3.0, 3.0]), 2),
        ("poisson.logpmf", ([1, 2], [-2.0, 2.0]), 1),
        ("bernoulli.logpmf", ([1, 1], [1.5, 0.5]), 1),
    ],
)
def test_gradients_beside_a_nan(name, args, bad):
    first = 1 if "pmf" in name else 0
    tracked = [*args[:first], *[mg.Tensor(np.array(a)) for a in args[first:]]]
    of(stats, name)(*tracked).backward(np.ones(2))
    grad = tracked[bad].grad
    assert np.isnan(grad[0])
    alone = [a if np.ndim(a) == 0 else a[1] for a in args]

    def second(x):
        return of(stats, name)(*[x if i == bad else a for i, a in enumerate(alone)])

    assert mg.gradcheck(second, alone[bad])
    np.testing.assert_allclose(grad[1], mg.grad(second)(alone[bad]))


@pytest.mark.parametrize("kind", [np.uint8, np.uint64, np.int8, np.int64])
def test_counts_and_data_of_integers_do_not_wrap(kind):
    k = np.array([0, 3], kind)
    for loc in (1, kind(1), np.array([1, 1], kind)):
        np.testing.assert_allclose(stats.poisson.logpmf(k, 2.0, loc=loc), scipy.stats.poisson.logpmf([0, 3], 2.0, 1))
        np.testing.assert_allclose(stats.bernoulli.logpmf(k, 0.3, loc=loc), [-np.inf, -np.inf])
        np.testing.assert_allclose(stats.norm.logpdf(k, loc), scipy.stats.norm.logpdf([0, 3], 1))
        np.testing.assert_allclose(stats.t.logpdf(k, 2, loc), scipy.stats.t.logpdf([0, 3], 2, 1))
        np.testing.assert_allclose(stats.gamma.logpdf(k, 2, loc), scipy.stats.gamma.logpdf([0, 3], 2, 1))
        np.testing.assert_allclose(stats.norm.logpdf(mg.Tensor(k), loc), scipy.stats.norm.logpdf([0, 3], 1))
    assert mg.gradcheck(lambda mu: stats.poisson.logpmf(np.array([0, 3], kind), mu, loc=1)[1], 2.0, order=2)
    want = scipy.stats.multivariate_normal.logpdf([0, 3], [1, 1])
    np.testing.assert_allclose(stats.multivariate_normal.logpdf(k, np.array([1, 1], kind)), want)


HALF, WHOLE = np.full(3, 0.5, "f"), np.array([0, 1, 1])


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("norm.logpdf", (HALF,)),
        ("norm.logpdf", (HALF, 1, 2.0)),
        ("norm.logpdf", (HALF, HALF, HALF)),
        ("t.logpdf", (HALF, 3.0)),
        ("t.logpdf", (HALF, np.inf)),
        ("t.logpdf", (HALF, HALF, 1, 2)),
        ("gamma.logpdf", (HALF, 2.0)),
        ("gamma.logpdf", (-HALF, 2.0)),
        ("gamma.logpdf", (HALF, -HALF)),
        ("gamma.logpdf", (2.0, HALF)),
        ("beta.logpdf", (HALF, 2, 3.0)),
        ("beta.logpdf", (HALF, HALF, HALF, -1, 2)),
        ("beta.logpdf", (-HALF, -HALF, HALF)),
        ("multivariate_normal.logpdf", (HALF,)),
        ("multivariate_normal.logpdf", (HALF, HALF, HALF)),
        ("poisson.logpmf", (WHOLE, HALF)),
        ("poisson.logpmf", (-1, HALF, 2)),
        ("poisson.logpmf", (WHOLE.astype("f"), 2.0)),
        ("bernoulli.logpmf", (WHOLE, HALF)),
        ("bernoulli.logpmf", (WHOLE, 3 * HALF)),
    ],
)
def test_float32_stays(name, args):
    out = of(stats, name)(*args)
    assert out.dtype == np.float32
    if not name.startswith("multivariate"):
        np.testing.assert_allclose(out, of(scipy.stats, name)(*args), rtol=1e-5)
    i = next(i for i, a in enumerate(args) if a is args[-1] or np.ndim(a)) if "pdf" in name else 1
    if np.ndim(args[i]):
        x = mg.Tensor(args[i])
        out = of(stats, name)(*args[:i], x, *args[i + 1 :])
        out.backward(np.ones(out.shape, "f"))
        assert out.dtype == x.grad.dtype == np.float32


def test_python_numbers_alone_are_float64():
    assert stats.norm.logpdf(1).dtype == stats.poisson.logpmf(1, 2).dtype == np.float64
    assert stats.norm.logpdf(HALF, np.float64(0.5)).dtype == np.float64


@pytest.mark.parametrize("df", [1e-3, 0.5, 30.0, 1e4, 1e6, 1e9, 1e12, 1e15, 1e18, 1e100, 1e300, np.inf])
def test_t_of_many_degrees_of_freedom(df):
    x = np.array([0.0, 1.0, -4.0])
    np.testing.assert_allclose(stats.t.logpdf(x, df, 0.5, 2.0), scipy.stats.t.logpdf(x, df, 0.5, 2.0), rtol=1e-11)
    assert mg.gradcheck(lambda x, loc, scale: stats.t.logpdf(x, df, loc, scale), x, 0.5, 2.0, order=2)
    if df < 1e3:
        assert mg.gradcheck(lambda df: stats.t.logpdf(x, df), df + 1, order=2)
    elif df < 1e10:  # of the first term of the difference from the normal, (x⁴ − 2x² − 1)/(4 df)
        got = mg.grad(lambda df: stats.t.logpdf(1.0, df))(df)
        np.testing.assert_allclose(got, 0.5 / df**2, rtol=1e-3)


def test_t_at_0_fits_the_duplication_formula():  # which is exact, as SciPy's own is not
    df = np.concatenate([np.geomspace(1, 1e12, 200), [99.5, 100.5]])
    got = stats.t.logpdf(0.0, df) + stats.t.logpdf(0.0, df + 1)
    np.testing.assert_allclose(got, -np.log(2 * np.pi) - np.log1p(1 / df) / 2, rtol=2e-15)


def test_t_of_finite_and_infinite_degrees_of_freedom():
    df = mg.Tensor([3.0, np.inf])
    out = stats.t.logpdf(1.0, df)
    np.testing.assert_allclose(out.data, [scipy.stats.t.logpdf(1, 3), scipy.stats.norm.logpdf(1)])
    out.backward(np.ones(2))
    np.testing.assert_allclose(df.grad, [mg.grad(lambda df: stats.t.logpdf(1.0, df))(3.0), 0])


def test_a_masked_array_is_refused():
    with pytest.raises(TypeError, match="logpdf: a masked array"):
        stats.norm.logpdf(np.ma.masked_array([1.0, 2.0], [True, False]))


def test_a_count_that_is_tracked_is_refused():
    with pytest.raises(TypeError, match=r"k= is not differentiated"):
        stats.poisson.logpmf(mg.Tensor(2.0), 3.0)


def test_a_covariance_of_another_size():
    with pytest.raises(ValueError, match=r"cov of shape \(2, 2\) should be \(3, 3\)"):
        stats.multivariate_normal.logpdf(np.zeros(3), 0.0, np.eye(2))


def test_an_unknown_distribution():
    with pytest.raises(AttributeError, match="it has bernoulli, beta"):
        stats.cauchy  # noqa: B018
