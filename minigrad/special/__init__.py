"""Special functions, as in ``scipy.special``: each of SciPy's functions with its gradient rules beside it.

SciPy is loaded with this module and not before. Functions of ``scipy.special`` that are universal functions record too when
they are given a tensor; its other functions, such as `logsumexp`, would make an array of it, and refuse.

A function is differentiated in its argument and, where a formula is known, in its parameters. An order or a parameter in
which it is not differentiated refuses a tensor that tracks gradients. At a pole the gradient is infinite or nan, and nan
outside a function's domain; the docstrings say which, and what is chosen at a kink. Arguments are real.

>>> from minigrad import Tensor, special
>>> x = Tensor(0.5)
>>> y = special.gammaln(x)
>>> y.backward()
>>> print(f"{y:.4f} {x.grad:.4f}")
0.5724 -1.9635
"""

# fmt: off
from minigrad.ops import cbrt, erf, exp2, expm1, i0, log1p, round, sinc, softplus
from minigrad.ops import log_sigmoid as log_expit
from minigrad.ops import sigmoid as expit
from minigrad.special.bessel import (
    i0e, i1, i1e, iv, ive, j0, j1, jv, k0, k0e, k1, k1e, kn, kv, kve, y0, y1, yn, yv,
)
from minigrad.special.composites import comb, factorial, log_softmax, logsumexp, multigammaln, perm, softmax
from minigrad.special.elementary import (
    boxcox, boxcox1p, cosdg, cosm1, cotdg, exp10, exprel, huber, inv_boxcox, inv_boxcox1p, logit, powm1, pseudo_huber, sindg,
    tandg, wrightomega,
)
from minigrad.special.entropy import entr, kl_div, rel_entr, xlog1py, xlogy
from minigrad.special.error import (
    dawsn, erfc, erfcinv, erfcx, erfi, erfinv, log_ndtr, ndtr, ndtri, ndtri_exp, owens_t,
)
from minigrad.special.gammas import (
    beta, betainc, betaincinv, betaln, binom, digamma, gamma, gammaln, gammasgn, loggamma, poch, polygamma, psi, rgamma,
    zeta,
)
from minigrad.special.hypergeometric import hyp0f1, hyp1f1, hyp2f1, hyperu
from minigrad.special.incomplete import gammainc, gammaincc, gammainccinv, gammaincinv
from minigrad.special.integrals import exp1, expi, expn, fresnel, shichi, sici, spence
from minigrad.special.polynomials import (
    eval_chebyt, eval_chebyu, eval_gegenbauer, eval_genlaguerre, eval_hermite, eval_hermitenorm, eval_jacobi, eval_laguerre,
    eval_legendre,
)
from minigrad.special.spherical import airy, spherical_in, spherical_jn, spherical_kn, spherical_yn

jn = jv

__all__ = [
    "airy", "beta", "betainc", "betaincinv", "betaln", "binom", "boxcox", "boxcox1p", "cbrt", "comb", "cosdg", "cosm1",
    "cotdg", "dawsn", "digamma", "entr", "erf", "erfc", "erfcinv", "erfcx", "erfi", "erfinv", "eval_chebyt", "eval_chebyu",
    "eval_gegenbauer", "eval_genlaguerre", "eval_hermite", "eval_hermitenorm", "eval_jacobi", "eval_laguerre",
    "eval_legendre", "exp1", "exp10", "exp2", "expi", "expit", "expm1", "expn", "exprel", "factorial", "fresnel", "gamma",
    "gammainc", "gammaincc", "gammainccinv", "gammaincinv", "gammaln", "gammasgn", "huber", "hyp0f1", "hyp1f1", "hyp2f1",
    "hyperu", "i0", "i0e", "i1", "i1e", "inv_boxcox", "inv_boxcox1p", "iv", "ive", "j0", "j1", "jn", "jv", "k0", "k0e",
    "k1", "k1e", "kl_div", "kn", "kv", "kve", "log1p", "log_expit", "log_ndtr", "log_softmax", "loggamma", "logit",
    "logsumexp", "multigammaln", "ndtr", "ndtri", "ndtri_exp", "owens_t", "perm", "poch", "polygamma", "powm1",
    "pseudo_huber", "psi", "rel_entr", "rgamma", "round", "shichi", "sici", "sinc", "sindg", "softmax", "softplus", "spence",
    "spherical_in", "spherical_jn", "spherical_kn", "spherical_yn", "tandg", "wrightomega", "xlog1py", "xlogy", "y0", "y1",
    "yn", "yv", "zeta",
]
# fmt: on
