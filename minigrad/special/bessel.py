"""Bessel functions of real argument, differentiated in the argument, not in the order: DLMF 10.6, 10.29 and 10.51."""

from __future__ import annotations

import math

import numpy as np

from minigrad.graph import Value, array_of
from minigrad.operation import elementwise
from minigrad.ops.integral_functions import i0
from minigrad.special.base import in_dtype_of, sp
from minigrad.special.hypergeometric import hyp1f1, hyperu

ROOT_PI = math.sqrt(math.pi)

# First and second kind


@elementwise
def j0(x: Value, /) -> Value:
    """Bessel function of the first kind of order 0.

    >>> j0(Tensor(0.0))
    Tensor(1.0)
    """
    return sp.j0(x)


@elementwise
def j1(x: Value, /) -> Value:
    """Bessel function of the first kind of order 1.

    >>> j1(Tensor(0.0))
    Tensor(0.0)
    """
    return sp.j1(x)


@elementwise
def jv(v: Value, x: Value, /) -> Value:
    """Bessel function of the first kind of real order.

    >>> jv(2, Tensor(0.0))
    Tensor(0.0)
    """
    return in_dtype_of(sp.jv(v, x), x)


j0.rules(lambda g, out, x: -g * j1(x))
j1.rules(lambda g, out, x: g * (j0(x) - jv(2, x)) / 2)
jv.rules(None, lambda g, out, v, x: g * (jv(v - 1, x) - jv(v + 1, x)) / 2)


@elementwise
def y0(x: Value, /) -> Value:
    """Bessel function of the second kind of order 0.

    >>> y0(Tensor(0.0))
    Tensor(-inf)
    """
    return sp.y0(x)


@elementwise
def y1(x: Value, /) -> Value:
    """Bessel function of the second kind of order 1.

    >>> y1(Tensor(0.0))
    Tensor(-inf)
    """
    return sp.y1(x)


@elementwise
def yn(n: Value, x: Value, /) -> Value:
    """Bessel function of the second kind of integer order.

    >>> yn(2, Tensor(0.0))
    Tensor(-inf)
    """
    return in_dtype_of(sp.yn(n, x), x)


@elementwise
def yv(v: Value, x: Value, /) -> Value:
    """Bessel function of the second kind of real order.

    >>> yv(2, Tensor(0.0))
    Tensor(-inf)
    """
    return in_dtype_of(sp.yv(v, x), x)


y0.rules(lambda g, out, x: -g * y1(x))
y1.rules(lambda g, out, x: g * (y0(x) - yn(2, x)) / 2)
yn.rules(None, lambda g, out, n, x: g * (yn(n - 1, x) - yn(n + 1, x)) / 2)
yv.rules(None, lambda g, out, v, x: g * (yv(v - 1, x) - yv(v + 1, x)) / 2)

# Modified


@elementwise
def i1(x: Value, /) -> Value:
    """Modified Bessel function of the first kind of order 1.

    >>> i1(Tensor(0.0))
    Tensor(0.0)
    """
    return sp.i1(x)


@elementwise
def iv(v: Value, x: Value, /) -> Value:
    """Modified Bessel function of the first kind of real order.

    >>> iv(2, Tensor(0.0))
    Tensor(0.0)
    """
    return in_dtype_of(sp.iv(v, x), x)


@elementwise
def i0e(x: Value, /) -> Value:
    """Scaled `i0`, exp(−|x|) I₀(x). Its gradient at the kink 0 is 0.

    >>> i0e(Tensor(0.0))
    Tensor(1.0)
    """
    return sp.i0e(x)


@elementwise
def i1e(x: Value, /) -> Value:
    """Scaled `i1`, exp(−|x|) I₁(x).

    >>> i1e(Tensor(0.0))
    Tensor(0.0)
    """
    return sp.i1e(x)


@elementwise
def ive(v: Value, x: Value, /) -> Value:
    """Scaled `iv`, exp(−|x|) Iᵥ(x).

    >>> ive(2, Tensor(0.0))
    Tensor(0.0)
    """
    return in_dtype_of(sp.ive(v, x), x)


i1.rules(lambda g, out, x: g * (i0(x) + iv(2, x)) / 2)
iv.rules(None, lambda g, out, v, x: g * (iv(v - 1, x) + iv(v + 1, x)) / 2)
# Scaled, the terms of these rules cancel for large x: by DLMF 10.39.5, exp(-x) Iᵥ(x) is xᵛ ₁F₁(v + ½; 2v + 1; -2x), scaled.
i0e.rules(lambda g, out, x: -g * np.sign(x) * hyp1f1(1.5, 2.0, -2 * np.abs(x)))
i1e.rules(lambda g, out, x: g * (hyp1f1(1.5, 3.0, -2 * np.abs(x)) - np.abs(x) * hyp1f1(2.5, 4.0, -2 * np.abs(x))) / 2)


def _far(v: Value, x: Value) -> Value:
    """True where the recurrence would cancel and the hypergeometric functions neither over- nor underflow."""
    v, x = array_of(v), array_of(x)
    return (v >= 0) & (x > 25 + v * v) & (v * np.log(np.where(x > 1, x, 1.0)) < 450)


def _ive_rule(g: Value, out: Value, v: Value, x: Value) -> Value:
    near = (ive(v - 1, x) + ive(v + 1, x)) / 2 - np.sign(x) * out
    far = _far(v, x)
    w, y = np.where(far, v, 0.0), np.where(far, x, 1.0)
    return g * np.where(far, w / y * out - (y / 2) ** w / sp.gamma(w + 1) * hyp1f1(w + 1.5, 2 * w + 2, -2 * y), near)


ive.rules(None, _ive_rule)


@elementwise
def k0(x: Value, /) -> Value:
    """Modified Bessel function of the second kind of order 0.

    >>> k0(Tensor(0.0))
    Tensor(inf)
    """
    return sp.k0(x)


@elementwise
def k1(x: Value, /) -> Value:
    """Modified Bessel function of the second kind of order 1.

    >>> k1(Tensor(0.0))
    Tensor(inf)
    """
    return sp.k1(x)


@elementwise
def kn(n: Value, x: Value, /) -> Value:
    """Modified Bessel function of the second kind of integer order.

    >>> kn(2, Tensor(0.0))
    Tensor(inf)
    """
    return in_dtype_of(sp.kn(n, x), x)


@elementwise
def kv(v: Value, x: Value, /) -> Value:
    """Modified Bessel function of the second kind of real order.

    >>> kv(2, Tensor(0.0))
    Tensor(inf)
    """
    return in_dtype_of(sp.kv(v, x), x)


@elementwise
def k0e(x: Value, /) -> Value:
    """Scaled `k0`, exp(x) K₀(x).

    >>> k0e(Tensor(0.0))
    Tensor(inf)
    """
    return sp.k0e(x)


@elementwise
def k1e(x: Value, /) -> Value:
    """Scaled `k1`, exp(x) K₁(x).

    >>> k1e(Tensor(0.0))
    Tensor(inf)
    """
    return sp.k1e(x)


@elementwise
def kve(v: Value, x: Value, /) -> Value:
    """Scaled `kv`, exp(x) Kᵥ(x).

    >>> kve(2, Tensor(0.0))
    Tensor(inf)
    """
    return in_dtype_of(sp.kve(v, x), x)


k0.rules(lambda g, out, x: -g * k1(x))
k1.rules(lambda g, out, x: -g * (k0(x) + kn(2, x)) / 2)
kn.rules(None, lambda g, out, n, x: -g * (kn(abs(n - 1), x) + kn(n + 1, x)) / 2)
kv.rules(None, lambda g, out, v, x: -g * (kv(v - 1, x) + kv(v + 1, x)) / 2)


def _scaled_rule(g: Value, out: Value, v: Value, x: Value, near: Value) -> Value:
    """From exp(x) Kᵥ(x) = √π (2x)ᵛ U(v + ½, 2v + 1, 2x), DLMF 10.39.6; where x is not large, `near`."""
    far = _far(v, x)
    w, y = np.where(far, v, 0.0), np.where(far, x, 100.0)
    return g * np.where(far, w / y * out - (2 * w + 1) * ROOT_PI * (2 * y) ** w * hyperu(w + 1.5, 2 * w + 2, 2 * y), near)


k0e.rules(lambda g, out, x: _scaled_rule(g, out, 0.0, x, out - k1e(x)))
k1e.rules(lambda g, out, x: _scaled_rule(g, out, 1.0, x, out - (k0e(x) + kve(2, x)) / 2))
kve.rules(None, lambda g, out, v, x: _scaled_rule(g, out, v, x, out - (kve(v - 1, x) + kve(v + 1, x)) / 2))
