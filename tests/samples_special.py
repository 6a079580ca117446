"""Samples of the special functions; what they are compared with is SciPy, and in `special/` what others have recorded."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.special
from samples import INSIDE, NUMBER, A, B, P, Q, Sample
from samples_numpy import SAMPLES, networks

networks.special = scipy.special

SHARE = (INSIDE + 1) / 2  # in (0, 1)
ORDERS = np.array([0, 1, 2])


def _of(name: str, *inputs: Any, **static: Any) -> Sample:
    return Sample(lambda m, *x: getattr(m.special, name)(*x, **static), inputs)


def _with(name: str, *before: Any, on: tuple[Any, ...] = (A,), after: tuple[Any, ...] = (), **static: Any) -> list[Sample]:
    """The arguments in which a function is not differentiated, and those in which it is."""

    def call(x: Any) -> Sample:
        return Sample(lambda m, x: getattr(m.special, name)(*before, x, *after, **static), (x,))

    return [call(x) for x in on]


def _parts(name: str, *inputs: Any) -> list[Sample]:
    return [Sample(lambda m, x: list(getattr(m.special, name)(x)), (x,)) for x in inputs]


def _signed(m: Any, a: Any, b: Any) -> Any:
    out, sign = m.special.logsumexp(a, b=b, axis=1, return_sign=True)
    return [out * sign]


def _all(names: str, *inputs: Any) -> dict[str, list[Sample]]:
    return {name: [_of(name, x) for x in inputs] for name in names.split()}


def _orders(names: str, *before: Any, x: Any = P) -> dict[str, list[Sample]]:
    return {
        name: _with(name, 2, *before, on=(x, x[0, 0]))
        + _with(name, ORDERS, *before, on=(x, x[0]))
        + _with(name, 0, *before, on=(x,))
        for name in names.split()
    }


SPECIAL: dict[str, list[Sample]] = {
    **_all("erf erfc erfcx erfi dawsn ndtr log_ndtr expit log_expit softplus round sinc exp2 exp10 expm1 exprel", A, NUMBER),
    **_all("cosm1 sindg cosdg wrightomega cbrt", A, NUMBER),
    **_all("tandg cotdg", 40 * P, 40.0 * P[0, 0]),
    **_all("erfinv", INSIDE),
    **_all("erfcinv", INSIDE + 1),
    **_all("ndtri logit", SHARE),
    **_all("ndtri_exp", -P),
    **_all("log1p entr gammaln loggamma spence", P),
    **_all("gamma rgamma gammasgn digamma psi", P, A + 0.013),
    **_all("j0 j1 i0 i1 i0e i1e", A, 10 * B),
    **_all("y0 y1 k0 k1 k0e k1e", P, 20 * Q),
    **_all("expi", A),
    **_all("exp1", P),
    **_all("factorial", P),
    "airy": _parts("airy", A),
    "sici": _parts("sici", P),
    "shichi": _parts("shichi", A),
    "fresnel": _parts("fresnel", A),
    # two arguments
    **{name: [_of(name, P, Q), _of(name, P, Q[0])] for name in ("beta", "betaln", "poch", "xlogy", "rel_entr", "kl_div", "binom")},
    "xlog1py": [_of("xlog1py", A, P), _of("xlog1py", A, P[0])],
    "owens_t": [_of("owens_t", A, B), _of("owens_t", A, B[0])],
    "powm1": [_of("powm1", P, B), _of("powm1", A, 2)],
    "boxcox": [_of("boxcox", P, B), _of("boxcox", P, 0.0)],
    "boxcox1p": [_of("boxcox1p", P, B), _of("boxcox1p", P, 0.0)],
    "inv_boxcox": [_of("inv_boxcox", INSIDE, INSIDE[0]), _of("inv_boxcox", A, 0.0)],
    "inv_boxcox1p": [_of("inv_boxcox1p", INSIDE, INSIDE[0]), _of("inv_boxcox1p", A, 0.0)],
    "huber": [_of("huber", P, 3 * A), _of("huber", 0.7, A)],
    "pseudo_huber": [_of("pseudo_huber", P, A), _of("pseudo_huber", 0.7, A)],
    "comb": [_of("comb", P + 3, Q), _of("comb", P, Q + 3), *_with("comb", on=(P,), after=(2,), repetition=True)],
    "perm": [_of("perm", P + 3, Q), _of("perm", P, Q + 3)],
    # orders and parameters
    **_orders("jv jn yn yv kn kv iv ive kve spherical_jn spherical_yn spherical_in spherical_kn"),
    **_orders("eval_legendre eval_chebyt eval_chebyu eval_hermite eval_hermitenorm eval_laguerre", x=A),
    **_orders("eval_gegenbauer eval_genlaguerre", 0.7, x=A),
    **_orders("eval_jacobi", 0.7, 1.3, x=INSIDE),
    "expn": _with("expn", 3, on=(P,)) + _with("expn", ORDERS, on=(P,)),
    "polygamma": _with("polygamma", 0, on=(P,)) + _with("polygamma", ORDERS, on=(P, P[0])),
    "zeta": _with("zeta", 2.5, on=(P, P[0, 0])),
    "hyp0f1": _with("hyp0f1", 1.5),
    "hyp1f1": _with("hyp1f1", 0.6, 1.5),
    "hyp2f1": _with("hyp2f1", 0.6, 1.5, 2.2, on=(INSIDE, -P)),
    "hyperu": _with("hyperu", 1.0, 0.5, on=(P,)),
    "gammainc": [_of("gammainc", P, Q), _of("gammainc", 1.7, P)],
    "gammaincc": [_of("gammaincc", P, Q[0]), _of("gammaincc", P, 1.7)],
    "gammaincinv": [_of("gammaincinv", P, SHARE), _of("gammaincinv", 1.7, SHARE)],
    "gammainccinv": [_of("gammainccinv", P, SHARE), _of("gammainccinv", P, 0.3)],
    "betainc": _with("betainc", 1.7, 0.6, on=(SHARE,)),
    "betaincinv": _with("betaincinv", 1.7, 0.6, on=(SHARE,)),
    "multigammaln": _with("multigammaln", on=(P + 1,), after=(3,)),
    # over axes
    "softmax": _with("softmax") + _with("softmax", axis=0),
    "log_softmax": _with("log_softmax") + _with("log_softmax", axis=(0, 1)),
    "logsumexp": [
        *_with("logsumexp", keepdims=True), *_with("logsumexp", axis=1),
        Sample(lambda m, a, b: m.special.logsumexp(a, b=b), (A, P[0])),
        Sample(lambda m, a, b: m.special.logsumexp(a, b=b, axis=0, keepdims=True), (A, Q)), Sample(_signed, (A, B)),
    ],
}  # fmt: skip

SAMPLES = SAMPLES | {f"special.{name}": samples for name, samples in SPECIAL.items()}
