"""Hypergeometric functions, differentiated in their argument: DLMF 13.3, 15.5 and 16.3."""

from __future__ import annotations

from minigrad.graph import Value
from minigrad.operation import elementwise
from minigrad.special.base import in_dtype_of, sp


@elementwise
def hyp0f1(v: Value, x: Value, /) -> Value:
    """Confluent hypergeometric limit function, ₀F₁(v; x).

    >>> hyp0f1(1.5, Tensor(0.0))
    Tensor(1.0)
    """
    return sp.hyp0f1(v, x)


hyp0f1.rules(None, lambda g, out, v, x: g * hyp0f1(v + 1, x) / v)


@elementwise
def hyp1f1(a: Value, b: Value, x: Value, /) -> Value:
    """Kummer's confluent hypergeometric function, ₁F₁(a; b; x).

    >>> hyp1f1(1.0, 2.0, Tensor(0.0))
    Tensor(1.0)
    """
    return sp.hyp1f1(a, b, x)


hyp1f1.rules(None, None, lambda g, out, a, b, x: g * (a / b) * hyp1f1(a + 1, b + 1, x))


@elementwise
def hyp2f1(a: Value, b: Value, c: Value, z: Value, /) -> Value:
    """Gauss's hypergeometric function, ₂F₁(a, b; c; z).

    >>> print(f"{hyp2f1(1.0, 1.0, 2.0, Tensor(0.5)):.4f}")
    1.3863
    """
    return in_dtype_of(sp.hyp2f1(a, b, c, z), a, b, c, z)


hyp2f1.rules(None, None, None, lambda g, out, a, b, c, z: g * (a * b / c) * hyp2f1(a + 1, b + 1, c + 1, z))


@elementwise
def hyperu(a: Value, b: Value, x: Value, /) -> Value:
    """Tricomi's confluent hypergeometric function, U(a, b, x).

    >>> hyperu(1.0, 2.0, Tensor(4.0))
    Tensor(0.25)
    """
    return sp.hyperu(a, b, x)


hyperu.rules(None, None, lambda g, out, a, b, x: -g * a * hyperu(a + 1, b + 1, x))
