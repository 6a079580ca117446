"""The special functions: recorded derivatives, conventions at poles and kinks, accuracy in the tails, and SciPy's own names."""

from __future__ import annotations

import inspect
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import scipy.special as sp
from special_numbers import DERIVATIVES

import minigrad as mg
from minigrad import Tensor, special
from minigrad.border import GradientLost
from minigrad.operation import OPS, Op
from minigrad.spellings import SPECIAL

INF, NAN = np.inf, np.nan


def derivatives(f: Any, x: float) -> tuple[float, float]:
    with np.errstate(all="ignore"):
        return float(mg.grad(f)(x)), float(mg.grad(mg.grad(f))(x))


@pytest.mark.parametrize(("name", "i", "point"), DERIVATIVES)
def test_jax_and_autograd_give_the_same_derivatives(name: str, i: int, point: tuple[float, ...]):
    found = derivatives(lambda x: getattr(special, name)(*point[:i], x, *point[i + 1 :]), float(point[i]))
    for ours, theirs in zip(found, DERIVATIVES[name, i, point], strict=True):
        if theirs is not None:
            np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-13)


# Poles, kinks and ends of the domain: the first derivative, and the second where it is right too.

EULER = 0.5772156649015329
EDGES = [
    (special.gamma, 0.0, NAN),
    (special.gamma, -1.0, NAN),
    (special.gammaln, -2.0, NAN, NAN),
    (special.loggamma, -1.5, NAN, NAN),
    (special.rgamma, 0.0, 1.0, 2 * EULER),
    (special.rgamma, -3.0, -6.0),
    (special.erfinv, 1.0, INF),
    (special.erfinv, -1.0, INF),
    (special.erfinv, 2.0, NAN),
    (special.erfcinv, 0.0, -INF),
    (special.erfcinv, 2.0, -INF),
    (special.ndtri, 0.0, INF),
    (special.ndtri, 1.0, INF),
    (special.logit, 0.0, INF, -INF),
    (special.logit, 1.0, INF, INF),
    (special.logit, 2.0, NAN, NAN),
    (special.entr, 0.0, INF, -INF),
    (special.entr, -1.0, NAN),
    (special.i0e, 0.0, 0.0),
    (special.i1e, 0.0, 0.5),
    (special.j1, 0.0, 0.5, 0.0),
    (lambda x: special.jv(2, x), 0.0, 0.0, 0.25),
    (lambda x: special.jv(0, x), 0.0, 0.0, -0.5),
    (lambda x: special.spherical_jn(1, x), 0.0, 1 / 3, 0.0),
    (lambda x: special.spherical_in(0, x), 0.0, 0.0, 1 / 3),
    (lambda x: special.sici(x)[0], 0.0, 1.0, 0.0),
    (lambda x: special.shichi(x)[0], 0.0, 1.0, 0.0),
    (lambda x: special.sici(x)[1], -1.0, NAN),
    (special.exp1, -1.0, NAN),
    (special.expi, 0.0, INF),
    (lambda x: special.expn(1, x), 2.0, -np.exp(-2) / 2, np.exp(-2) * 0.75),
    (lambda x: special.expn(0, x), 2.0, -np.exp(-2) * 0.75, np.exp(-2) * 1.25),
    (special.spence, 0.0, -INF),
    (special.spence, 1.0, -1.0, 0.5),
    (special.exprel, 0.0, 1 / 2, 1 / 3),
    (lambda t: special.boxcox(3.0, t), 0.0, np.log(3) ** 2 / 2, np.log(3) ** 3 / 3),
    (lambda t: special.boxcox(0.0, t), 2.0, 0.25, -0.25),
    (lambda t: special.boxcox1p(2.0, t), 0.0, np.log(3) ** 2 / 2, np.log(3) ** 3 / 3),
    (lambda t: special.inv_boxcox(1.5, t), 0.0, -np.exp(1.5) * 1.125),
    (lambda t: special.inv_boxcox1p(1.5, t), 0.0, -np.exp(1.5) * 1.125),
    (lambda x: special.gammainc(1.0, x), 0.0, 1.0, -1.0),
    (lambda x: special.gammainc(2.0, x), 0.0, 0.0, 1.0),
    (lambda x: special.gammainc(0.5, x), 0.0, INF, -INF),
    (lambda x: special.gammaincc(1.0, x), -1.0, NAN),
    (lambda x: special.betainc(1.0, 2.0, x), 0.0, 2.0, -2.0),
    (lambda x: special.betainc(2.0, 1.0, x), 1.0, 2.0, 2.0),
    (lambda x: special.betainc(2.0, 1.0, x), 1.5, NAN),
    (lambda r: special.huber(1.0, r), 1.0, 1.0),
    (lambda t: special.huber(t, 1.0), 1.0, 0.0),
    (lambda t: special.huber(t, 1.0), -1.0, NAN),
    (lambda r: special.pseudo_huber(0.0, r), 0.0, 0.0),
    (lambda t: special.pseudo_huber(t, 3.0), 0.0, 3.0, -2.0),
    (lambda t: special.pseudo_huber(t, 3.0), -1.0, NAN),
    (lambda x: special.powm1(x, 2), 0.0, 0.0, 2.0),
    (lambda t: special.powm1(0.0, t), 2.0, 0.0, 0.0),
    (lambda x: special.eval_legendre(0, x), 0.3, 0.0, 0.0),
    (lambda x: special.eval_jacobi(1, 0.5, 0.5, x), 1.0, 1.5, 0.0),
    (lambda x: special.comb(x, 2), 1.0, 0.0, 0.0),
    (special.factorial, -0.5, 0.0, 0.0),
]  # fmt: skip


@pytest.mark.parametrize(("f", "x", "wanted"), [pytest.param(f, x, d, id=f"{i}") for i, (f, x, *d) in enumerate(EDGES)])
def test_conventions_at_poles_kinks_and_ends(f: Any, x: float, wanted: list[float]):
    np.testing.assert_allclose(derivatives(f, x)[: len(wanted)], wanted, rtol=1e-12, atol=1e-14)


# Where the plain formula cancels, over- or underflows; by the first terms of the asymptotic expansions.

TAILS = [
    (special.log_ndtr, -1e10, 1e10, -1.0),
    (special.log_ndtr, -1e4, 1e4 + 1e-4, -1 + 1e-8),
    (special.log_ndtr, 50.0, 0.0, 0.0),
    (special.erfcx, 1e8, -1e-16 / np.sqrt(np.pi), 2e-24 / np.sqrt(np.pi)),
    (special.dawsn, 1e8, -5e-17, 1e-24),
    (special.dawsn, -1e8, -5e-17, -1e-24),
    (special.i0e, 1e8, -0.5 * 1e-12 / np.sqrt(2 * np.pi), 0.75e-20 / np.sqrt(2 * np.pi)),
    (special.i1e, -1e8, -0.5 * 1e-12 / np.sqrt(2 * np.pi), -0.75e-20 / np.sqrt(2 * np.pi)),
    (lambda x: special.ive(2.5, x), 1e8, -0.5 * 1e-12 / np.sqrt(2 * np.pi), 0.75e-20 / np.sqrt(2 * np.pi)),
    (special.k0e, 1e8, -0.5e-12 * np.sqrt(np.pi / 2), 0.75e-20 * np.sqrt(np.pi / 2)),
    (special.k1e, 1e8, -0.5e-12 * np.sqrt(np.pi / 2), 0.75e-20 * np.sqrt(np.pi / 2)),
    (lambda x: special.kve(2, x), 1e8, -0.5e-12 * np.sqrt(np.pi / 2), 0.75e-20 * np.sqrt(np.pi / 2)),
    (special.entr, 1e-300, 300 * np.log(10) - 1, -1e300),
    (special.logit, 1e-300, 1e300, -INF),
    (special.ndtri_exp, -1e10, 1 / np.sqrt(2e10), 0.5 / np.sqrt(2e10) / 1e10),
    (special.exprel, -1e5, 1e-10, 2e-15),
    (lambda x: special.betaln(x, 2.0), 1e12, -2e-12, 2e-24),
    (lambda x: special.beta(2.0, x), 1e-9, -1e18, 2e27),
    (lambda x: special.betaln(x, 1e-12), 2.0, -1e-12 * (np.pi**2 / 6 - 1), 1e-12 * 2 * (sp.zeta(3.0) - 1)),
    (lambda x: special.poch(x, 1.0), 1e12, 1.0, 0.0),
    (lambda a: special.gammainc(a, 1e-5), 0.01, -9.81672526119257, 106.060128088173),
    (lambda a: special.gammaincc(a, 40.0), 2.5, 2.52678607048288e-15, 7.19718633045707e-15),
    (lambda a: special.gammainc(a, 9.9e3), 1e4, -0.00242375336832624, 2.43597403960413e-05),
    (lambda x: special.rel_entr(x, 1e-200), 1e200, 400 * np.log(10) + 1, 1e-200),
    (lambda x: special.kl_div(x, 1.0), 1 + 2.0**-40, 2.0**-40, 1.0),
    (lambda y: special.kl_div(1.0, y), 1 + 2.0**-40, 2.0**-40, 1.0),
]  # fmt: skip


@pytest.mark.parametrize(("f", "x", "wanted"), [pytest.param(f, x, d, id=f"{i}") for i, (f, x, *d) in enumerate(TAILS)])
def test_rules_are_accurate_in_the_tails(f: Any, x: float, wanted: list[float]):
    np.testing.assert_allclose(derivatives(f, x), wanted, rtol=1e-7, atol=1e-11)
    assert derivatives(f, x)[0] == pytest.approx(wanted[0], rel=1e-7, abs=0)


@pytest.mark.parametrize(("x", "y", "of_x", "of_y", "mixed"), [(0.0, 2.0, np.log(2), 0.0, 0.5), (0.0, 0.0, 0.0, 0.0, 0.0)])
def test_products_with_a_logarithm_at_0(x: float, y: float, of_x: float, of_y: float, mixed: float):
    assert mg.grad(special.xlogy, argnums=(0, 1))(x, y) == (of_x, of_y)
    assert mg.grad(special.xlog1py, argnums=(0, 1))(x, y - 1) == (of_x, of_y)
    assert mg.grad(lambda y: mg.grad(special.xlogy)(x, y))(y) == mixed


@pytest.mark.parametrize("f", [special.rel_entr, special.kl_div])
def test_divergences_where_probabilities_are_0(f: Any):
    p, q = Tensor([0.0, 0.5, 0.5]), Tensor([0.0, 0.25, 0.75])
    f(p, q).sum().backward()
    shift = 1 if f is special.rel_entr else 0
    np.testing.assert_allclose(p.grad, [0, np.log(2) + shift, np.log(2 / 3) + shift])
    np.testing.assert_allclose(q.grad, [0, -1 - shift, 1 / 3 - shift] if not shift else [0, -2, -2 / 3])
    assert mg.grad(f)(0.0, 1.0) == -INF


# SciPy's names

UFUNCS = sorted(name for name in sp.__all__ if isinstance(getattr(sp, name), np.ufunc))
RECORDED = sorted(set(UFUNCS) & set(special.__all__))
CONVERTING = {f"scipy.special.{name}" for name in special.__all__ if name not in UFUNCS} - {
    "scipy.special.softplus",
    "scipy.special.sinc",
}


def test_names_are_those_of_scipy():
    assert special.__all__ == sorted(special.__all__)
    assert all(hasattr(sp, name) for name in special.__all__)
    assert CONVERTING == SPECIAL


# What the other libraries differentiate, in SciPy's names: autograd 1.9, JAX 0.10, PyTorch 2.13
OTHERS = """beta betainc betaln boxcox boxcox1p comb dawsn digamma entr erf erfc erfcinv erfcx erfinv exp1 exp2 expi expit
expm1 expn factorial fresnel gamma gammainc gammaincc gammaln gammasgn hyp1f1 hyp2f1 i0 i0e i1 i1e iv ive j0 j1 jn k0 k0e k1
k1e kl_div log1p log_ndtr log_softmax loggamma logit logsumexp multigammaln ndtr ndtri owens_t poch polygamma psi rel_entr
rgamma round sici softmax spence spherical_jn xlog1py xlogy y0 y1 yn zeta airy eval_chebyt eval_chebyu eval_hermite
eval_hermitenorm eval_laguerre eval_legendre""".split()


def test_what_other_libraries_differentiate_is_there():
    assert set(OTHERS) <= set(special.__all__)


@pytest.mark.parametrize("name", RECORDED)
def test_the_ufuncs_of_scipy_record(name: str):
    theirs, ours = getattr(sp, name), getattr(special, name)
    orders = ours.orders if isinstance(ours, Op) else ()
    arguments = [1 if i in orders else Tensor(0.4) for i in range(theirs.nin)]
    for a, b in zip(*(y if isinstance(y, tuple) else [y] for y in (theirs(*arguments), ours(*arguments))), strict=True):
        assert isinstance(a, Tensor)
        assert a.requires_grad
        assert a.op is b.op
        np.testing.assert_equal(a.item(), b.item())


@pytest.mark.parametrize("name", sorted(set(UFUNCS) - set(RECORDED)))
def test_other_ufuncs_of_scipy_refuse_by_name(name: str):
    f = getattr(sp, name)
    for i in range(f.nin):
        with pytest.raises(TypeError, match=f"^scipy.special.{name} has no gradient rule in minigrad"):
            f(*[Tensor(0.4) if k == i else 1 for k in range(f.nin)])


NO_FUNCTIONS = {"geterr", "seterr", "errstate", "SpecialFunctionWarning", "SpecialFunctionError"}


@pytest.mark.parametrize("name", sorted(set(sp.__all__) - set(UFUNCS) - NO_FUNCTIONS))
def test_other_functions_of_scipy_record_or_refuse_a_tensor_in_each_place(name: str):
    f = getattr(sp, name)
    needed = [
        p for p in inspect.signature(f).parameters.values() if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD
    ] or [None] * {"legendre_p": 2, "sph_harm_y": 4}.get(name, 3)
    for i in range(len(needed)):
        for t in (Tensor(0.4), Tensor([0.3, 0.4])):
            outcome = outcome_of(f, [t if k == i else 1 for k in range(len(needed))])
            if isinstance(outcome, Exception):
                own = (f"scipy.special.{name} ", f"scipy.special.{getattr(f, '__name__', '')} ")  # some have two names
                assert "plain array" not in str(outcome) or str(outcome).startswith(own)
            else:
                parts = outcome if isinstance(outcome, tuple | list) else [outcome]
                assert all(isinstance(y, Tensor) and y.requires_grad for y in parts)


def outcome_of(f: Any, arguments: list[Any]) -> Any:
    """The result of a call, or its error or warning."""
    try:
        return f(*arguments)
    except (TypeError, ValueError, AttributeError, GradientLost) as error:
        return error


@pytest.mark.parametrize("name", sorted(SPECIAL))
def test_a_function_that_converts_says_which_one_records(name: str):
    f, t = getattr(sp, name.rpartition(".")[2]), Tensor([0.5, 1.5])
    arguments = (t, 1) if name.endswith(("comb", "perm", "multigammaln")) else (1, t)
    if len(inspect.signature(f).parameters) < 2 or name.endswith(("softmax", "logsumexp", "factorial")):
        arguments = (t,)
    if name.endswith("zeta"):
        assert f(2.0, t).op is OPS["zeta"]
        return
    with pytest.raises(
        TypeError, match=f"^{name} would make a plain array.*test_special.py:.*use {name.replace('scipy', 'minigrad')}"
    ):
        f(*arguments)


def test_keywords_and_methods_that_do_not_record():
    t = Tensor([0.5, 1.5])
    with pytest.raises(TypeError, match=r"^scipy.special.erfc: out="):
        sp.erfc(t, out=np.zeros(2))
    with pytest.raises(TypeError, match=r"^scipy.special.erfc: where= leaves elements undefined"):
        sp.erfc(t, where=[True, False])
    with pytest.raises(TypeError, match=r"^scipy.special.xlogy.reduce "):
        sp.xlogy.reduce(t)
    np.testing.assert_allclose(sp.xlogy.outer(t, t).data, sp.xlogy.outer(t.data, t.data))
    with pytest.raises(TypeError, match=r"^scipy.special.zeta has no gradient rule"):
        sp.zeta(t)


@pytest.mark.parametrize("f", [
    lambda v: special.jv(v, 0.5), lambda v: special.jv(v=v, x=0.5), lambda v: sp.jv(v, Tensor(0.5)), lambda a: special.betainc(a, 1.0, 0.5),
    lambda n: special.polygamma(n, 0.5), special.zeta, lambda n: special.eval_legendre(n, Tensor(0.5)),
])  # fmt: skip
def test_orders_refuse_tensors_that_track(f: Any):
    with pytest.raises(
        TypeError, match=r"\w+: \w+= is not differentiated, and its gradient would be lost; pass \w+.data or"
    ):
        f(Tensor(2.0))
    f(Tensor(2.0).detach())
    with mg.no_grad():
        f(Tensor(2.0))
    assert mg.grad(lambda x: special.jv(Tensor(2.0).detach(), x))(0.5) == mg.grad(lambda x: special.jv(2, x))(0.5)


def test_composites():
    a, b = Tensor([1.0, 2.0, -np.inf]), Tensor([1.0, -1.0, 2.0])
    out, sign = special.logsumexp(a, b=b, return_sign=True)
    np.testing.assert_allclose([out.item(), sign], sp.logsumexp(a.data, b=b.data, return_sign=True))
    out.backward()
    weights = np.array([np.e, np.e**2, 0])
    np.testing.assert_allclose(a.grad, b.data * weights / (np.e - np.e**2))
    np.testing.assert_allclose(b.grad, weights / (np.e - np.e**2))
    assert special.logsumexp([1e4, 5.0], b=[0.0, 1.0]) == 5
    with pytest.raises(TypeError, match=r"^comb: exact=True computes with integers"):
        special.comb(Tensor(3.0), 2, exact=True)
    with pytest.raises(ValueError, match=r"^multigammaln: a must be greater than"):
        special.multigammaln(Tensor(0.2), 3)
    with pytest.raises(ValueError, match="the order must be a whole number"):
        special.spherical_jn(1.5, Tensor(0.2))


@pytest.mark.parametrize("name", RECORDED)
def test_float32_beside_a_python_number_stays_float32(name: str):
    f = getattr(special, name)
    for i in {*range(getattr(sp, name).nin)} - {*getattr(f, "orders", ())}:
        found = f(*[Tensor(np.float32([0.4, 0.6])) if k == i else 1 for k in range(getattr(sp, name).nin)])
        for y in found if isinstance(found, tuple) else [found]:
            assert y.dtype == np.float32


SCRIPT = """
import sys, warnings
{before}
import minigrad as mg
assert ("scipy" in sys.modules) == {loaded}, "import minigrad loads SciPy"
assert "minigrad.special" not in sys.modules
import scipy.special
x = mg.Tensor(0.5)
scipy.special.gammaln(x).backward()
print(x.grad)
"""


@pytest.mark.parametrize("before", ["", "import scipy.special"])
def test_scipy_may_be_loaded_before_or_after(before: str):
    script = SCRIPT.format(before=before, loaded=bool(before))
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    np.testing.assert_allclose(float(found.stdout), sp.digamma(0.5))


def test_without_scipy_the_extra_is_named():
    script = "import sys; sys.modules['scipy'] = None; import minigrad as mg; mg.special"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert found.stderr.rstrip().endswith('ImportError: minigrad.special calls SciPy: pip install "minigrad[scipy]"')


@pytest.mark.parametrize("lmbda", [1e5, 1e300])
def test_boxcox_of_a_huge_power_ends(lmbda: float):
    power = Tensor(lmbda)
    sp.boxcox(2.0, power).backward()
    assert power.grad == np.inf
