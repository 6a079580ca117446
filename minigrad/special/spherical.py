"""Spherical Bessel functions and Airy functions: DLMF 10.51 and 9.2."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from minigrad.graph import ArrayLike, Value
from minigrad.operation import composed, elementwise
from minigrad.special.base import in_dtype_of, sp, whole

if TYPE_CHECKING:
    from minigrad.graph import Tensor


@elementwise
def spherical_jn(n: Value, z: Value, /, derivative: bool = False) -> Value:
    """Spherical Bessel function of the first kind of integer order, or its derivative.

    >>> spherical_jn(0, Tensor(0.0))
    Tensor(1.0)
    """
    return in_dtype_of(sp.spherical_jn(whole(n), z, derivative), z)


@elementwise
def spherical_yn(n: Value, z: Value, /, derivative: bool = False) -> Value:
    """Spherical Bessel function of the second kind of integer order, or its derivative.

    >>> spherical_yn(0, Tensor(0.0))
    Tensor(-inf)
    """
    return in_dtype_of(sp.spherical_yn(whole(n), z, derivative), z)


@elementwise
def spherical_in(n: Value, z: Value, /, derivative: bool = False) -> Value:
    """Modified spherical Bessel function of the first kind of integer order, or its derivative.

    >>> spherical_in(0, Tensor(0.0))
    Tensor(1.0)
    """
    return in_dtype_of(sp.spherical_in(whole(n), z, derivative), z)


@elementwise
def spherical_kn(n: Value, z: Value, /, derivative: bool = False) -> Value:
    """Modified spherical Bessel function of the second kind of integer order, or its derivative.

    >>> spherical_kn(0, Tensor(0.0))
    Tensor(inf)
    """
    return in_dtype_of(sp.spherical_kn(whole(n), z, derivative), z)


def _orders(f: Value, below: int, above: int) -> Value:
    """The rule (± n fₙ₋₁ ± (n + 1) fₙ₊₁)/(2n + 1), which holds for derivatives of f too, and for n = 0 and z = 0."""

    def rule(g: Value, out: Value, n: Value, z: Value, derivative: bool) -> Value:
        lower = below * n * f(np.maximum(n - 1, 0), z, derivative)
        return g * (lower + above * (n + 1) * f(n + 1, z, derivative)) / (2 * n + 1)

    return rule


spherical_jn.rules(None, _orders(spherical_jn, 1, -1))
spherical_yn.rules(None, _orders(spherical_yn, 1, -1))
spherical_in.rules(None, _orders(spherical_in, 1, 1))
spherical_kn.rules(None, _orders(spherical_kn, -1, -1))


@elementwise
def airy_ai(z: Value, /) -> Value:
    """The first of `airy`."""
    return sp.airy(z)[0]


@elementwise
def airy_ai_slope(z: Value, /) -> Value:
    """The second of `airy`."""
    return sp.airy(z)[1]


@elementwise
def airy_bi(z: Value, /) -> Value:
    """The third of `airy`."""
    return sp.airy(z)[2]


@elementwise
def airy_bi_slope(z: Value, /) -> Value:
    """The fourth of `airy`."""
    return sp.airy(z)[3]


airy_ai.rules(lambda g, out, z: g * airy_ai_slope(z))
airy_ai_slope.rules(lambda g, out, z: g * z * airy_ai(z))
airy_bi.rules(lambda g, out, z: g * airy_bi_slope(z))
airy_bi_slope.rules(lambda g, out, z: g * z * airy_bi(z))


@composed
def airy(z: ArrayLike) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Airy functions Ai and Bi and their derivatives, in the order Ai, Ai', Bi, Bi'.

    >>> print(f"{airy(Tensor(0.0))[0]:.4f}")
    0.3550
    """
    return airy_ai(z), airy_ai_slope(z), airy_bi(z), airy_bi_slope(z)
