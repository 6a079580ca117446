"""Orthogonal polynomials of degree n ≥ 0 at x, differentiated in x: DLMF 18.9."""

from __future__ import annotations

import numpy as np

from minigrad.graph import Value
from minigrad.operation import elementwise
from minigrad.special.base import in_dtype_of, sp, whole


def _below(n: Value) -> Value:
    """The degree of the derivative; that of a constant is 0 times a constant."""
    return np.where(n == 0, 0, n - 1)


@elementwise
def eval_jacobi(n: Value, alpha: Value, beta: Value, x: Value, /) -> Value:
    """Jacobi polynomial, Pₙ of parameters `alpha` and `beta`.

    >>> eval_jacobi(1, 0.0, 0.0, Tensor(0.5))
    Tensor(0.5)
    """
    return in_dtype_of(sp.eval_jacobi(n, alpha, beta, x), x)


def _jacobi_rule(g: Value, out: Value, n: Value, alpha: Value, beta: Value, x: Value) -> Value:
    factor = np.where(n == 0, 0.0, (n + alpha + beta + 1) / 2)
    return g * factor * eval_jacobi(_below(n), alpha + 1, beta + 1, x)


eval_jacobi.rules(None, None, None, _jacobi_rule)


@elementwise
def eval_legendre(n: Value, x: Value, /) -> Value:
    """Legendre polynomial, Pₙ(x).

    >>> eval_legendre(2, Tensor(1.0))
    Tensor(1.0)
    """
    return in_dtype_of(sp.eval_legendre(n, x), x)


eval_legendre.rules(None, lambda g, out, n, x: _jacobi_rule(g, out, n, 0.0, 0.0, x))


@elementwise
def eval_gegenbauer(n: Value, alpha: Value, x: Value, /) -> Value:
    """Gegenbauer polynomial, Cₙ of parameter `alpha`.

    >>> eval_gegenbauer(1, 1.0, Tensor(0.5))
    Tensor(1.0)
    """
    return in_dtype_of(sp.eval_gegenbauer(n, alpha, x), x)


def _gegenbauer_rule(g: Value, out: Value, n: Value, alpha: Value, x: Value) -> Value:
    return g * np.where(n == 0, 0.0, 2 * alpha) * eval_gegenbauer(_below(n), alpha + 1, x)


eval_gegenbauer.rules(None, None, _gegenbauer_rule)


@elementwise
def eval_chebyt(n: Value, x: Value, /) -> Value:
    """Chebyshev polynomial of the first kind, Tₙ(x).

    >>> eval_chebyt(2, Tensor(0.5))
    Tensor(-0.5)
    """
    return in_dtype_of(sp.eval_chebyt(n, x), x)


@elementwise
def eval_chebyu(n: Value, x: Value, /) -> Value:
    """Chebyshev polynomial of the second kind, Uₙ(x).

    >>> eval_chebyu(2, Tensor(0.5))
    Tensor(0.0)
    """
    return in_dtype_of(sp.eval_chebyu(n, x), x)


eval_chebyt.rules(None, lambda g, out, n, x: g * n * eval_chebyu(_below(n), x))
eval_chebyu.rules(None, lambda g, out, n, x: _gegenbauer_rule(g, out, n, 1.0, x))


@elementwise
def eval_hermite(n: Value, x: Value, /) -> Value:
    """Hermite polynomial of the physicists, Hₙ(x).

    >>> eval_hermite(1, Tensor(0.0))
    Tensor(0.0)
    """
    return in_dtype_of(sp.eval_hermite(whole(n), x), x)


@elementwise
def eval_hermitenorm(n: Value, x: Value, /) -> Value:
    """Hermite polynomial of probability theory, Heₙ(x).

    >>> eval_hermitenorm(1, Tensor(0.0))
    Tensor(0.0)
    """
    return in_dtype_of(sp.eval_hermitenorm(whole(n), x), x)


eval_hermite.rules(None, lambda g, out, n, x: g * 2 * n * eval_hermite(_below(n), x))
eval_hermitenorm.rules(None, lambda g, out, n, x: g * n * eval_hermitenorm(_below(n), x))


@elementwise
def eval_genlaguerre(n: Value, alpha: Value, x: Value, /) -> Value:
    """Generalised Laguerre polynomial, Lₙ of parameter `alpha`.

    >>> eval_genlaguerre(1, 1.0, Tensor(0.5))
    Tensor(1.5)
    """
    return in_dtype_of(sp.eval_genlaguerre(n, alpha, x), x)


def _laguerre_rule(g: Value, out: Value, n: Value, alpha: Value, x: Value) -> Value:
    return g * np.where(n == 0, 0.0, -1.0) * eval_genlaguerre(_below(n), alpha + 1, x)


eval_genlaguerre.rules(None, None, _laguerre_rule)


@elementwise
def eval_laguerre(n: Value, x: Value, /) -> Value:
    """Laguerre polynomial, Lₙ(x).

    >>> eval_laguerre(1, Tensor(0.25))
    Tensor(0.75)
    """
    return in_dtype_of(sp.eval_laguerre(n, x), x)


eval_laguerre.rules(None, lambda g, out, n, x: _laguerre_rule(g, out, n, 0.0, x))
