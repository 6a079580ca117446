"""The error function of arrays, which NumPy lacks.

Near 0, erf(x) = x + x·p(x²); beyond 1, erf(x) = 1 − exp(−x²)·q(t) with t = 1/(1 + x/2), where q is the slowly varying
erfc(x)·exp(x²). Both polynomials are Chebyshev interpolants, computed in 80-bit arithmetic and rearranged into powers. The
error is at most 1.5 units in the last place.
"""

from __future__ import annotations

import math

import numpy as np

from minigrad.fast import faster, smooth
from minigrad.graph import Value
from minigrad.ops.blocks import in_blocks

# By dtype: the coefficients of p and of q, lowest power first.
_COEFFICIENTS: dict[str, tuple[list[float], list[float]]] = {
    "f8": (
        [
            0.1283791670955126, -0.3761263890318375, 0.11283791670954882, -0.026866170645077587, 0.005223977624827444,
            -0.0008548326981428403, 0.00012055331134312009, -1.4925595823213067e-05, 1.6461009489621147e-06,
            -1.6350408325038756e-07, 1.4660416098877248e-08, -1.1375306030458888e-09, 5.961283022770658e-11,
        ],
        [
            1.2758445037811286e-07, 0.2820898362238936, 0.2821839571632317, 0.2458477002553427, 0.18377801332571725,
            0.04267195302362739, 0.16442187666722344, -0.5824532067922138, 1.1871173848663068, -2.1917526464995976,
            2.835728965421351, -2.3263765383063335, 1.1459082482112768, -0.2861631326049318, 0.0091051199819136,
            0.00789367122699264,
        ],
    ),
    "f4": (
        [
            0.128379166, -0.376126269, 0.112835975, -0.0268543288, 0.00518931194, -0.000801885499, 7.88249711e-05,
        ],
        [
            0.000606408739, 0.273618153, 0.33084068, 0.101268245, 0.403838363, -0.0573387353, -0.0535406161,
        ],
    ),
}  # fmt: skip


def _polynomial(coefficients: list[float], x: Value) -> Value:
    """Horner's rule, in place."""
    *lower, last = np.array(coefficients, x.dtype)[:, None]  # arrays, which NumPy adds sooner than Python's numbers
    out = x * last
    for c in lower[:0:-1]:
        out += c
        out *= x
    out += lower[0]
    return out


@faster(smooth.erf)
@in_blocks
def error_function(x: Value) -> Value:
    """erf(x), of floating scalars and arrays, in the dtype of x."""
    if not np.ndim(x):
        dtype = np.asarray(x).dtype
        return (dtype if dtype.kind == "f" else np.dtype(float)).type(math.erf(x))
    if x.dtype == np.float16:
        return error_function(x.astype(np.float32)).astype(np.float16)
    near, far = _COEFFICIENTS["f4" if x.dtype == np.float32 else "f8"]
    with np.errstate(all="ignore"):  # a large x has an infinite square; it is beyond 1
        square = x * x
        out = _polynomial(near, square)
        out *= x
        out += x
        beyond = np.flatnonzero(~(square < 1))
        if len(beyond):
            square, rest = square.ravel()[beyond], x.ravel()[beyond]
            tail = _polynomial(far, 1 / (1 + np.abs(rest) * 0.5))
            tail *= np.exp(-square)
            np.put(out, beyond, np.copysign(1 - tail, rest))
        return out
