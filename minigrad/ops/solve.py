"""Inverses, determinants and linear equations, of one matrix or of a stack of them.

The rules are those of Giles, "Collected matrix derivative results for forward and reverse mode algorithmic differentiation"
(2008), written with the functions of this file, so that they can be differentiated again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple
from numpy.linalg import LinAlgError

from minigrad.graph import ArrayLike, Value, array_of, value_of
from minigrad.operation import composed, op, static_value
from minigrad.ops.complex import real, squared_length
from minigrad.ops.decompose import adjoint, mirrored, of_conjugates, svdvals
from minigrad.ops.dtypes import is_complex
from minigrad.ops.elementwise import subtract, where
from minigrad.ops.indexing import getitem
from minigrad.ops.linalg import matmul
from minigrad.ops.reduce import sum
from minigrad.ops.shape import expand_dims, ravel, reshape, transpose

if TYPE_CHECKING:
    from minigrad.graph import Tensor


class SlogdetResult(NamedTuple):
    """The sign of a determinant, and the logarithm of its absolute value."""

    sign: Value | Tensor
    logabsdet: Tensor


@op(complex=True)
def inv(a: Value, /) -> Value:
    """Matrix inverse, a⁻¹.

    >>> inv(Tensor([[2.0, 0.0], [0.0, 4.0]]))
    Tensor([[0.5 , 0.  ],
            [0.  , 0.25]])
    """
    return np.linalg.inv(a)


inv.rules(lambda g, out, a: -(out.mT @ g @ out.mT))


@op(complex=True)
def _solve(a: Value, b: Value, /) -> Value:
    """The x with a x = b, for matrices b."""
    return np.linalg.solve(a, b)


@_solve.joint_rule
def _solve_rule(needed: Sequence[bool], g: Value, out: Value, a: Value, b: Value) -> list[Value]:
    downstream_b = np.linalg.solve(a.mT, g)
    return [-(downstream_b @ out.mT) if needed[0] else None, downstream_b]


@composed
def solve(a: ArrayLike, b: ArrayLike) -> Tensor:
    """Solution x of the linear system a @ x = b.

    >>> solve(Tensor([[2.0, 0.0], [1.0, 1.0]]), [2.0, 3.0])
    Tensor([1., 2.])
    """
    if np.ndim(b) == 1:
        return getitem(_solve(a, expand_dims(b, -1)), (..., 0))
    return _solve(a, b)


# Determinants


def _inverse_transposed(a: Value, refusal: str) -> Value:
    """Inverse transpose, a⁻ᵀ; where there is none, an error of the text `refusal`."""
    try:
        return np.linalg.inv(a).mT
    except LinAlgError:
        raise LinAlgError(refusal.format(a.shape)) from None


@op(complex=True)
def _cofactor(a: Value, /) -> Value:
    """The gradient of the determinant: det(a) a⁻ᵀ, and its limit where there is no inverse."""
    d = np.linalg.det(a)
    if np.all(d != 0):
        return np.expand_dims(d, (-2, -1)) * np.linalg.inv(a).mT
    u, s, vh = np.linalg.svd(a)
    others = np.stack([np.prod(np.delete(s, i, -1), -1) for i in range(s.shape[-1])], -1)
    sign = np.linalg.det(u) * np.linalg.det(vh)
    sign = sign if is_complex(sign) else np.round(sign)
    return np.expand_dims(sign, (-2, -1)) * np.conj(u * np.expand_dims(others, -2)) @ np.conj(vh)


def _cofactor_rule(g: Value, out: Value, a: Value) -> Value:
    inverse = _inverse_transposed(a, "det: a matrix of shape {} is singular, and its second gradient needs an inverse")
    return np.sum(g * out, (-2, -1), keepdims=True) * inverse - inverse @ g.mT @ out


_cofactor.rules(_cofactor_rule)


@op(complex=True)
def det(a: Value, /) -> Value:
    """Determinant.

    The gradient, the matrix of cofactors, is exact for singular matrices too; the gradient of that needs an inverse.

    >>> a = Tensor([[2.0, 1.0], [4.0, 2.0]])
    >>> det(a).backward()
    >>> print(a.grad)
    [[ 2. -4.]
     [-1.  2.]]
    """
    return np.linalg.det(a)


det.rules(lambda g, out, a: np.expand_dims(g, (-2, -1)) * _cofactor(a))


@op(complex=True)
def _slogdet(a: Value, /) -> Value:
    """The sign of the determinant, and beside it the logarithm of its absolute value."""
    return np.stack(np.linalg.slogdet(a), -1)


def _slogdet_rule(g: Value, out: Value, a: Value) -> Value:
    singular = "slogdet: a matrix of shape {} is singular; the logarithm of its determinant is -inf and has no gradient"
    along = g[..., 1]
    if is_complex(out):  # d log det(a) = trace(a⁻¹ da): its real part moves the logarithm, its imaginary part the sign
        along = np.real(along) + 1j * np.imag(g[..., 0] * out[..., 0])
    return np.expand_dims(along, (-2, -1)) * _inverse_transposed(a, singular)


_slogdet.rules(_slogdet_rule)


@composed
def slogdet(a: ArrayLike) -> SlogdetResult:
    """Sign and logarithm of a determinant.

    The sign is det(a) / |det(a)|: of a real matrix a plain array, for it has no gradient. If a is singular, the logarithm
    has none either: the sweep raises LinAlgError.

    >>> sign, logabsdet = slogdet(Tensor([[0.0, 2.0], [3.0, 0.0]]))
    >>> print(sign, f"{logabsdet:.4f}")
    -1.0 1.7918
    """
    packed = _slogdet(a)
    if is_complex(packed):
        return SlogdetResult(getitem(packed, (..., 0)), real(getitem(packed, (..., 1))))
    return SlogdetResult(value_of(packed)[..., 0][()], getitem(packed, (..., 1)))


# More equations than unknowns, or fewer


@op(complex=True)
def _pinv(a: Value, /, rcond: float) -> Value:
    """The pseudo-inverse."""
    return np.linalg.pinv(a, rcond)


@of_conjugates
def _pinv_rule(g: Value, out: Value, a: Value, rcond: float) -> Value:
    p, ph, gh = out, adjoint(out), adjoint(g)
    beside = gh - a @ (p @ gh)  # the part of gh outside the column space of a
    below = gh - (gh @ p) @ a  # and outside its row space
    return beside @ p @ ph + ph @ p @ below - ph @ g @ ph


_pinv.rules(_pinv_rule)


@composed
def pinv(a: ArrayLike, rcond: float | None = None, hermitian: bool = False, *, rtol: float | None = None) -> Tensor:
    """Moore-Penrose pseudo-inverse.

    Of a `hermitian` matrix the lower triangle alone is read. `rcond` and `rtol` are two names for one limit, 1e-15 if
    neither is given. The gradient is that of Golub and Pereyra, "The differentiation of pseudo-inverses" (1973). It holds
    among matrices of one rank: where singular values are 0 it is finite, and tells how the result changes as long as they
    stay 0.

    >>> print(pinv(Tensor([[2.0], [0.0]])).data)
    [[0.5 0. ]]
    """
    if rcond is not None and rtol is not None:
        raise ValueError("pinv: rcond and rtol are two names for one limit; give one of them")
    limit = rcond if rtol is None else rtol
    a = mirrored(a) if hermitian else a
    return _pinv(a, 1e-15 if limit is None else limit)


@composed
def lstsq(a: ArrayLike, b: ArrayLike, rcond: float | None = None) -> tuple[Tensor, Value, int, Tensor]:
    """Minimum-norm least-squares solution of a @ x = b; with it the residuals, the rank and the singular values.

    The gradient is that of pinv(a) @ b: it holds among matrices of one rank. An empty array of residuals is a plain one.

    >>> x, residuals, rank, s = lstsq(Tensor([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]]), [1.0, 3.0, 5.0])
    >>> print(np.round(x.data, 6), rank)
    [1. 2.] 2
    """
    m, n = np.shape(a), np.shape(b)
    if len(m) != 2 or len(n) not in (1, 2) or m[0] != n[0]:
        raise LinAlgError(f"lstsq: needs a of shape (M, N) and b of shape (M,) or (M, K), got {m} and {n}")
    s = svdvals(a)
    values = value_of(s)
    precision = np.finfo(values.dtype).eps
    limit = max(m) * precision if rcond is None else precision if rcond < 0 else float(static_value("rcond", rcond))
    rank = int(np.sum(values > limit * np.max(values, initial=0.0)))
    x = matmul(pinv(a, limit), b)
    if rank < m[1] or m[0] <= m[1]:
        return x, np.zeros(0, values.dtype), rank, s
    distances = subtract(b, matmul(a, x))
    return x, sum(squared_length(distances if len(n) == 2 else expand_dims(distances, -1)), 0), rank, s


# Tensors as matrices


@composed
def tensorinv(a: ArrayLike, ind: int = 2) -> Tensor:
    """Inverse of a tensor as a linear map, from its last axes to its first `ind` ones.

    >>> tensorinv(Tensor(np.eye(6).reshape(2, 3, 6))).shape
    (6, 2, 3)
    """
    shape = np.shape(a)
    if ind < 1:
        raise ValueError(f"ind must be positive, got {ind}")
    rows, columns = math.prod(shape[:ind]), math.prod(shape[ind:])
    if rows != columns:
        raise LinAlgError(f"the first {ind} axes of shape {shape} must have as many elements as the others")
    return reshape(inv(reshape(a, (rows, columns))), (*shape[ind:], *shape[:ind]))


@composed
def tensorsolve(a: ArrayLike, b: ArrayLike, axes: Sequence[int] | None = None) -> Tensor:
    """Solution x of tensordot(a, x, x.ndim) = b; the `axes` of a are moved to its end first.

    >>> tensorsolve(Tensor(np.eye(6).reshape(2, 3, 6)), np.ones((2, 3))).shape
    (6,)
    """
    ndim = np.ndim(a)
    if axes is not None:
        last = normalize_axis_tuple(axes, ndim)
        a = transpose(a, (*(i for i in range(ndim) if i not in last), *last))
    wanted = np.shape(a)[np.ndim(b) :]
    size = math.prod(wanted)
    if np.size(a) != size * size or np.size(b) != size:
        raise LinAlgError(f"a of shape {np.shape(a)} is not a square system for b of shape {np.shape(b)}")
    return reshape(solve(reshape(a, (size, size)), ravel(b)), wanted)


# Products of many


@composed
def matrix_power(a: ArrayLike, n: int) -> Tensor:
    """Integer matrix power, aⁿ; the zeroth has gradient 0.

    >>> matrix_power(Tensor([[1.0, 1.0], [0.0, 1.0]]), 3)
    Tensor([[1., 3.],
            [0., 1.]])
    """
    if not isinstance(n, int | np.integer):
        raise TypeError(f"matrix_power: the exponent is an integer, got {n!r}")
    shape = np.shape(a)
    if len(shape) < 2 or shape[-1] != shape[-2]:
        raise LinAlgError(f"matrix_power: needs square matrices, got shape {shape}")
    if n == 0:
        return where(False, a, np.eye(shape[-1], dtype=array_of(a).dtype))
    if n == 1:
        return getitem(a, ...)
    base: Value = inv(a) if n < 0 else a
    out: Tensor = base
    for bit in f"{abs(n):b}"[1:]:
        out = matmul(out, out)
        if bit == "1":
            out = matmul(out, base)
    return out


@composed
def multi_dot(arrays: Sequence[ArrayLike]) -> Tensor:
    """Matrix product of several arrays, in the order of least work.

    >>> multi_dot([Tensor([[1.0, 2.0]]), [[1.0, 0.0], [0.0, 2.0]], [1.0, 1.0]])
    Tensor([5.])
    """
    count = len(arrays)
    if count < 2:
        raise ValueError(f"multi_dot: needs at least two arrays, got {count}")
    shapes = [np.shape(x) for x in arrays]
    if any(len(s) != 2 for s in shapes[1:-1]) or any(len(s) not in (1, 2) for s in (shapes[0], shapes[-1])):
        raise LinAlgError(f"multi_dot: needs matrices, and vectors at the ends only, got shapes {shapes}")
    # Array i has lengths[i] rows and lengths[i + 1] columns; a vector is a row at the front and a column at the end.
    rows, columns = [s[0] for s in shapes], shapes[-1][1:] or (1,)
    lengths = [rows[0] if len(shapes[0]) == 2 else 1, *rows[1:], *columns]
    # The least work for arrays i to j, and after which one to part them: longer runs from shorter ones.
    least: dict[tuple[int, int], tuple[int, int]] = {(i, i): (0, i) for i in range(count)}
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

    whole: Tensor = product(0, count - 1)
    return whole
