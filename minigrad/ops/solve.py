"""Inverses, determinants and linear equations, of one matrix or of a stack of them.

The rules are those of Giles, "Collected matrix derivative results for forward and reverse mode algorithmic differentiation"
(2008), written with the functions of this file, so that they can be differentiated again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.linalg import LinAlgError

from minigrad.graph import Value, value_of
from minigrad.operation import op
from minigrad.ops.decompose import svdvals
from minigrad.ops.elementwise import square, where
from minigrad.ops.indexing import getitem
from minigrad.ops.linalg import matmul
from minigrad.ops.reduce import sum
from minigrad.ops.shape import expand_dims


class SlogdetResult(NamedTuple):
    """The sign of a determinant, and the logarithm of its absolute value."""

    sign: Value
    logabsdet: Value


def _t(x: Value) -> Value:
    return np.swapaxes(x, -1, -2)


def _inverse_transposed(a: Value, refusal: str) -> Value:
    """What the gradient of a determinant needs; where there is none, the message says so."""
    try:
        return _t(np.linalg.inv(a))
    except LinAlgError:
        raise LinAlgError(refusal.format(a.shape)) from None


@op()
def inv(a: Value, /) -> Value:
    """Inverse of a matrix.

    Parameters
    ----------
    a : Tensor or array_like
        Shape (..., M, M).

    Returns
    -------
    Tensor
        Shape (..., M, M).

    Raises
    ------
    numpy.linalg.LinAlgError
        If a matrix is singular, or not square.

    Examples
    --------
    >>> inv(Tensor([[2.0, 0.0], [0.0, 4.0]]))
    Tensor([[0.5 , 0.  ],
            [0.  , 0.25]])
    """
    return np.linalg.inv(a)


inv.rules(lambda g, out, a: -(_t(out) @ g @ _t(out)))


@op()
def _solve(a: Value, b: Value, /) -> Value:
    """The x with a x = b, for matrices b."""
    return np.linalg.solve(a, b)


_solve.rules(
    lambda g, out, a, b: -(np.linalg.solve(_t(a), g) @ _t(out)),
    lambda g, out, a, b: np.linalg.solve(_t(a), g),
)


def solve(a: Value, b: Value) -> Value:
    """The x with ``a @ x = b``; more exact than the inverse, and faster.

    Parameters
    ----------
    a : Tensor or array_like
        Shape (..., M, M).
    b : Tensor or array_like
        Shape (M,), or (..., M, K) with a column for each of K systems; leading axes broadcast.

    Returns
    -------
    Tensor
        Shape (..., M) for a vector b, or (..., M, K).

    Raises
    ------
    numpy.linalg.LinAlgError
        If a matrix is singular, or not square.
    ValueError
        If the lengths M differ.

    Examples
    --------
    >>> solve(Tensor([[2.0, 0.0], [1.0, 1.0]]), [2.0, 3.0])
    Tensor([1., 2.])
    """
    if np.ndim(b) == 1:
        return getitem(_solve(a, expand_dims(b, -1)), (..., 0))
    return _solve(a, b)


# Determinants


@op()
def _cofactor(a: Value, /) -> Value:
    """The gradient of the determinant: det(a) times the transposed inverse, and its limit where there is no inverse."""
    d = np.linalg.det(a)
    if np.all(d != 0):
        return np.expand_dims(d, (-2, -1)) * _t(np.linalg.inv(a))
    u, s, vh = np.linalg.svd(a)
    others = np.stack([np.prod(np.delete(s, i, -1), -1) for i in range(s.shape[-1])], -1)
    sign = np.round(np.linalg.det(u) * np.linalg.det(vh))
    return np.expand_dims(sign, (-2, -1)) * (u * np.expand_dims(others, -2)) @ vh


def _cofactor_rule(g: Value, out: Value, a: Value) -> Value:
    inverse = _inverse_transposed(
        a, "det: a matrix of shape {} is singular, and the gradient of its gradient needs an inverse"
    )
    return np.sum(g * out, (-2, -1), keepdims=True) * inverse - inverse @ _t(g) @ out


_cofactor.rules(_cofactor_rule)


@op()
def det(a: Value, /) -> Value:
    """Determinant.

    Its gradient, the matrix of cofactors, is exact for singular matrices too; the gradient of that needs an inverse.

    Parameters
    ----------
    a : Tensor or array_like
        Shape (..., M, M).

    Returns
    -------
    Tensor
        Shape (...).

    Raises
    ------
    numpy.linalg.LinAlgError
        If a matrix is not square; in a second sweep, if it is singular.

    Examples
    --------
    >>> a = Tensor([[2.0, 1.0], [4.0, 2.0]])
    >>> det(a).backward()
    >>> print(a.grad)
    [[ 2. -4.]
     [-1.  2.]]
    """
    return np.linalg.det(a)


det.rules(lambda g, out, a: np.expand_dims(g, (-2, -1)) * _cofactor(a))


@op()
def _slogdet(a: Value, /) -> Value:
    """The sign of the determinant, and beside it the logarithm of its absolute value."""
    return np.stack(np.linalg.slogdet(a), -1)


SINGULAR = "slogdet: a matrix of shape {} is singular; the logarithm of its determinant is -inf and has no gradient"
_slogdet.rules(lambda g, out, a: np.expand_dims(g[..., 1], (-2, -1)) * _inverse_transposed(a, SINGULAR))


def slogdet(a: Value) -> SlogdetResult:
    """Sign and logarithm of a determinant, where the determinant itself would overflow.

    Parameters
    ----------
    a : Tensor or array_like
        Shape (..., M, M).

    Returns
    -------
    SlogdetResult
        ``sign``, a plain array of -1, 0 and 1, for it has no gradient, and ``logabsdet``; each of shape (...).

    Raises
    ------
    numpy.linalg.LinAlgError
        If a matrix is not square; in the sweep, if it is singular: its logarithm is -inf.

    Examples
    --------
    >>> sign, logabsdet = slogdet(Tensor([[0.0, 2.0], [3.0, 0.0]]))
    >>> print(sign, f"{logabsdet:.4f}")
    -1.0 1.7918
    """
    packed = _slogdet(a)
    return SlogdetResult(value_of(packed)[..., 0][()], getitem(packed, (..., 1)))


# More equations than unknowns, or fewer


@op()
def _pinv(a: Value, /, rcond: float) -> Value:
    """The pseudo-inverse."""
    return np.linalg.pinv(a, rcond)


def _pinv_rule(g: Value, out: Value, a: Value, rcond: float) -> Value:
    g, p, t = _t(g), out, _t(out)
    beside = g - a @ (p @ g)  # what of g lies outside the columns of a, and below outside its rows
    below = g - (g @ p) @ a
    return beside @ p @ t + t @ p @ below - t @ _t(g) @ t


_pinv.rules(_pinv_rule)


def pinv(a: Value, rcond: float | None = None, *, rtol: float | None = None) -> Value:
    """Pseudo-inverse of Moore and Penrose.

    The gradient is that of Golub and Pereyra, "The differentiation of pseudo-inverses" (1973). It holds among matrices of
    one rank: where some singular values are 0 it is finite, and says how the result changes as long as they stay 0.

    Parameters
    ----------
    a : Tensor or array_like
        Shape (..., M, N).
    rcond, rtol : float, optional
        Singular values of at most this times the largest count as 0; 1e-15 if neither is given.

    Returns
    -------
    Tensor
        Shape (..., N, M).

    Raises
    ------
    ValueError
        If both limits are given.

    Examples
    --------
    >>> print(pinv(Tensor([[2.0], [0.0]])).data)
    [[0.5 0. ]]
    """
    if rcond is not None and rtol is not None:
        raise ValueError("pinv: rcond and rtol are two names for one limit; give one of them")
    limit = rcond if rtol is None else rtol
    return _pinv(a, 1e-15 if limit is None else float(value_of(limit)))


def lstsq(a: Value, b: Value, rcond: float | None = None) -> tuple[Value, Value, int, Value]:
    """The x that brings ``a @ x`` nearest to b, and of several the shortest.

    The gradient is that of ``pinv(a) @ b``, and so holds among matrices of one rank.

    Parameters
    ----------
    a : Tensor or array_like
        Shape (M, N).
    b : Tensor or array_like
        Shape (M,), or (M, K) with a column for each of K problems.
    rcond : float, optional
        Singular values of at most this times the largest count as 0; the dtype's precision times max(M, N) if left out.

    Returns
    -------
    x, residuals, rank, s : tuple
        ``x`` of shape (N,) or (N, K); ``residuals``, the squared distances, of shape (K,), empty if the rank is below N or
        M is not above it; ``rank``, a whole number; ``s``, the singular values.

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> x, residuals, rank, s = lstsq(Tensor([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]]), [1.0, 3.0, 5.0])
    >>> print(np.round(x.data, 6), rank)
    [1. 2.] 2
    """
    m, n = np.shape(a), np.shape(b)
    if len(m) != 2 or len(n) not in (1, 2) or m[0] != n[0]:
        raise LinAlgError(f"lstsq: needs a of shape (M, N) and b of shape (M,) or (M, K), got {m} and {n}")
    s = svdvals(a)
    values = value_of(s)
    limit = max(m) * np.finfo(values.dtype).eps if rcond is None or rcond == -1 else float(value_of(rcond))
    rank = int(np.sum(values > limit * np.max(values, initial=0.0)))
    x = matmul(pinv(a, limit), b)
    columns = getitem(square(b - matmul(a, x)), (slice(None), None) if len(n) == 1 else ...)
    residuals = sum(columns, 0) if rank == m[1] < m[0] else np.zeros(0, values.dtype)
    return x, residuals, rank, s


# Products of many


def matrix_power(a: Value, n: int) -> Value:
    """A square matrix, multiplied by itself again and again.

    Parameters
    ----------
    a : Tensor or array_like
        Shape (..., M, M).
    n : int
        How often; 0 gives the identity, and negative counts powers of the inverse.

    Returns
    -------
    Tensor
        Shape (..., M, M).

    Raises
    ------
    TypeError
        If n is no whole number.
    numpy.linalg.LinAlgError
        If a is not square, or n is negative and a singular.

    Examples
    --------
    >>> matrix_power(Tensor([[1.0, 1.0], [0.0, 1.0]]), 3)
    Tensor([[1., 3.],
            [0., 1.]])
    """
    if not isinstance(n, int | np.integer):
        raise TypeError(f"matrix_power: the exponent is a whole number, got {n!r}")
    shape = np.shape(a)
    if len(shape) < 2 or shape[-1] != shape[-2]:
        raise LinAlgError(f"matrix_power: needs square matrices, got shape {shape}")
    if n == 0:
        return where(False, a, np.eye(shape[-1], dtype=np.asarray(value_of(a)).dtype))
    factor, n = (inv(a), -int(n)) if n < 0 else (a, int(n))
    out = None
    while True:  # one bit of the exponent after another
        if n & 1:
            out = factor if out is None else matmul(out, factor)
        n >>= 1
        if not n:
            return out if out is not a else getitem(a, ...)
        factor = matmul(factor, factor)


def multi_dot(arrays: Sequence[Value]) -> Value:
    """The matrix product of several arrays, in the order of least work.

    Parameters
    ----------
    arrays : sequence of Tensor or array_like
        Matrices; the first and the last may be vectors.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If there are fewer than two, or the lengths do not agree.

    Examples
    --------
    >>> multi_dot([Tensor([[1.0, 2.0]]), [[1.0, 0.0], [0.0, 2.0]], [1.0, 1.0]])
    Tensor([5.])
    """
    count = len(arrays)
    if count < 2:
        raise ValueError(f"multi_dot: needs at least two arrays, got {count}")
    shapes = [np.shape(x) for x in arrays]
    if any(len(s) != 2 for s in shapes[1:-1]) or any(len(s) not in (1, 2) for s in (shapes[0], shapes[-1])):
        raise LinAlgError(f"multi_dot: needs matrices, and vectors at the ends only, got shapes {shapes}")
    lengths = [1 if len(shapes[0]) == 1 else shapes[0][0], *(s[0] for s in shapes[1:]), shapes[-1][-1]]
    lengths[-1] = 1 if len(shapes[-1]) == 1 else lengths[-1]
    # The least number of multiplications for a run of arrays, and where to part it: the longer runs from the shorter ones.
    least: dict[tuple[int, int], tuple[float, int]] = {(i, i): (0, i) for i in range(count)}
    for span in range(1, count):
        for i in range(count - span):
            j = i + span
            least[i, j] = min(
                (least[i, k][0] + least[k + 1, j][0] + math.prod((lengths[i], lengths[k + 1], lengths[j + 1])), k)
                for k in range(i, j)
            )

    def product(i: int, j: int) -> Value:
        k = least[i, j][1]
        return arrays[i] if i == j else matmul(product(i, k), product(k + 1, j))

    return product(0, count - 1)
