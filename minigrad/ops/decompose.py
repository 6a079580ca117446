"""Matrix decompositions: Cholesky, QR, eigenvalues of Hermitian matrices, singular values; of stacks of matrices too.

A decomposition into two or three parts is one operation, with its parts in one array, one below the other. The user gets
views of it; so the parts are computed once, and a rule finds all of them in its own result.

The rules are for real and complex matrices, as the literature has them, in conjugate transposes. There a gradient is the
conjugate of ours, so `of_conjugates` conjugates what goes into them and what comes out. Complex eigenvectors, and pairs of
singular vectors, are unique but for a factor exp(iφ): a result that depends on it has no gradient, and the sweep refuses it
(Wan and Zhang, "Automatic differentiation for complex valued SVD", 2019).
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, overload

import numpy as np
from numpy.linalg import LinAlgError

from minigrad.graph import ArrayLike, Value, array_of, value_of
from minigrad.operation import Rule, composed, op
from minigrad.ops.complex import real
from minigrad.ops.dtypes import conjugated, is_complex
from minigrad.ops.elementwise import abs, over
from minigrad.ops.indexing import getitem, take_along_axis
from minigrad.ops.joining import concatenate
from minigrad.ops.linalg import matmul
from minigrad.ops.shape import swapaxes, tril

if TYPE_CHECKING:
    from minigrad.graph import Tensor


class QRResult(NamedTuple):
    """Orthonormal columns, and an upper triangle."""

    Q: Tensor
    R: Tensor


class EighResult(NamedTuple):
    """Eigenvalues in ascending order, and eigenvectors as columns."""

    eigenvalues: Tensor
    eigenvectors: Tensor


class SVDResult(NamedTuple):
    """Left singular vectors as columns, singular values in descending order, right singular vectors as rows."""

    U: Tensor
    S: Tensor
    Vh: Tensor


def _size(who: str, a: ArrayLike) -> tuple[int, int]:
    shape = np.shape(a)
    if len(shape) < 2:
        raise LinAlgError(f"{who}: needs a matrix, or a stack of them, got shape {shape}")
    return shape[-2], shape[-1]


def adjoint(x: Value) -> Value:
    """Conjugate transpose, xᴴ."""
    return conjugated(x).mT


def real_part(x: Value) -> Value:
    """The real part; what is real is its own and costs nothing."""
    return np.real(x) if is_complex(x) else x


def of_conjugates(rule: Rule) -> Rule:
    """Turn a rule for conjugate gradients, as the literature writes them, into one for ours."""

    @wraps(rule)
    def ours(g: Value, *operands: Any, **static: Any) -> Value:
        return conjugated(rule(conjugated(g), *operands, **static))

    return ours


def _rows(x: ArrayLike, start: int | None, stop: int | None) -> Tensor:
    return getitem(x, (..., slice(start, stop), slice(None)))


def _values(packed: Tensor, row: int) -> Tensor:
    values = getitem(packed, (..., row, slice(None)))
    return real(values) if is_complex(values) else values


def _lower(n: int, x: Value, diagonal: float) -> Value:
    """1 below the diagonal, `diagonal` on it, 0 above."""
    return np.tri(n, k=-1, dtype=x.dtype) + diagonal * np.eye(n, dtype=x.dtype)


@op(complex=True)
def _cholesky(a: Value, /) -> Value:
    """The lower triangle L with L Lᴴ = a."""
    return np.linalg.cholesky(a)


@of_conjugates
def _cholesky_rule(g: Value, out: Value, a: Value) -> Value:
    inverse = np.linalg.inv(out)
    s = adjoint(inverse) @ (adjoint(out) @ g * _lower(a.shape[-1], out, 0.5)) @ inverse
    return (s + adjoint(s)) / 2


_cholesky.rules(_cholesky_rule)


@composed
def cholesky(a: ArrayLike, *, upper: bool = False) -> Tensor:
    """Cholesky decomposition, a = L @ L.T, or L @ L.conj().T.

    Only one triangle of a is read and a is taken to be symmetric, or Hermitian; so the gradient is too. The rule is in
    Murray, "Differentiation of the Cholesky decomposition" (2016).

    >>> cholesky(Tensor([[4.0, 2.0], [2.0, 5.0]]))
    Tensor([[2., 0.],
            [1., 2.]])
    """
    _size("cholesky", a)
    return swapaxes(_cholesky(swapaxes(a, -1, -2)), -1, -2) if upper else _cholesky(a)  # of a.T, it is that of conj(a)


@op(complex=True)
def _qr(a: Value, /) -> Value:
    """Q above the conjugate transpose of R, for a square or tall `a`."""
    q, r = np.linalg.qr(a)
    return np.concatenate([q, adjoint(r)], -2)


@of_conjugates
def _qr_rule(g: Value, out: Value, a: Value) -> Value:
    rows, columns = a.shape[-2:]
    q, r = out[..., :rows, :], adjoint(out[..., rows:, :])
    size = np.abs(np.diagonal(value_of(r), axis1=-2, axis2=-1))
    if np.any(np.min(size, -1, initial=np.inf) <= rows * np.finfo(size.dtype).eps * np.max(size, -1, initial=0.0)):
        raise LinAlgError(f"qr: the columns of a matrix of shape {a.shape} are linearly dependent; Q has no gradient there")
    upstream_q, upstream_r = g[..., :rows, :], g[..., rows:, :]  # of R too it is the transpose
    m = (r @ upstream_r - adjoint(upstream_q) @ q) * _lower(columns, out, 0.5)
    return adjoint(np.linalg.solve(r, adjoint(upstream_q + q @ (m + adjoint(m)))))


_qr.rules(_qr_rule)


@overload
def qr(a: ArrayLike, mode: Literal["reduced", "complete"] = "reduced") -> QRResult: ...
@overload
def qr(a: ArrayLike, mode: Literal["r"]) -> Tensor: ...
@composed
def qr(a: ArrayLike, mode: str = "reduced") -> QRResult | Tensor:
    """QR decomposition: orthonormal columns Q and an upper triangle R with Q @ R = a.

    The mode is "reduced", "r", or, for a no higher than wide, "complete": more columns of Q have no gradient. If the first
    min(M, N) columns of a are linearly dependent, there is none either, and the sweep raises LinAlgError. The diagonal of R
    is real, of complex matrices too. The rule is in Walter and Lehmann, "Algorithmic differentiation of linear algebra
    functions" (2012).

    >>> q, r = qr(Tensor([[3.0, 1.0], [4.0, 2.0]]))
    >>> print(np.round((q @ r).data, 6))
    [[3. 1.]
     [4. 2.]]
    """
    rows, columns = _size("qr", a)
    if mode not in ("reduced", "r", "complete"):
        raise ValueError(f"qr: mode is 'reduced', 'r' or 'complete', got {mode!r}")
    if mode == "complete" and rows > columns:
        raise ValueError(f"qr: a of shape {np.shape(a)} does not determine all {rows} columns of Q; use mode='reduced'")
    k = min(rows, columns)
    packed = _qr(a if k == columns else getitem(a, (..., slice(k))))
    q, r = _rows(packed, None, rows), swapaxes(conjugated(_rows(packed, rows, None)), -1, -2)
    if k < columns:  # R continues with Qᴴ times the other columns of a
        r = concatenate([r, matmul(swapaxes(conjugated(q), -1, -2), getitem(a, (..., slice(k, None))))], -1)
    return r if mode == "r" else QRResult(q, r)


def reciprocal_gaps(values: Value, g: Value, who: str, shape: tuple[int, ...]) -> Value:
    """1 / (values[j] - values[i]), and 0 on the diagonal; equal values are refused if their vectors have an upstream g."""
    v = value_of(values)
    scale = np.max(np.abs(v), -1, initial=0.0)
    apart = np.abs(np.expand_dims(v, -2) - np.expand_dims(v, -1)) + np.diag(np.full(v.shape[-1], np.inf))
    close = np.any(apart <= np.expand_dims(v.shape[-1] * np.finfo(v.dtype).eps * scale, (-2, -1)), (-2, -1))
    if np.any(close & np.any(value_of(g) != 0, axis=(-2, -1))):
        raise LinAlgError(
            f"{who}: a matrix of shape {shape} has equal values, whose vectors are not unique and have no gradient; let the "
            "result depend on the values alone, or perturb the matrix a little"
        )
    return over(1.0, np.expand_dims(values, -2) - np.expand_dims(values, -1))


def check_phases(who: str, *inside: Value) -> None:
    """Refuse upstream gradients of vectors that move when these turn by exp(iφ): of real ones there are none."""
    products = [array_of(x) for x in inside]
    if is_complex(products[0]):
        turned = np.abs(np.imag(np.diagonal(np.add.reduce(products), axis1=-2, axis2=-1)))
        limit = 1e3 * np.finfo(turned.dtype).eps ** 0.75  # absolute too: gradients that cancel leave rounding errors alone
        if np.any(turned > limit * np.max(np.abs(products), initial=1.0)):
            raise LinAlgError(
                f"{who}: the result depends on the phases of complex vectors, which are arbitrary, and has no gradient; let "
                "it depend on what they do not change, such as abs(v) ** 2 or v @ v.conj().mT"
            )


@op(complex=True)
def _eigh(a: Value, /, uplo: str = "L") -> Value:
    """The eigenvalues as a row, above the eigenvectors as columns."""
    w, v = np.linalg.eigh(a, uplo)  # type: ignore[call-overload]
    return np.concatenate([np.expand_dims(w, -2), v], -2)


@of_conjugates
def _eigh_rule(g: Value, out: Value, a: Value, uplo: str) -> Value:
    w, v, upstream_w, upstream_v = real_part(out[..., 0, :]), out[..., 1:, :], g[..., :1, :], g[..., 1:, :]
    inside = adjoint(v) @ upstream_v
    check_phases("eigh", inside)
    mixed = inside * reciprocal_gaps(w, upstream_v, "eigh", a.shape)
    s = (v @ mixed + v * upstream_w) @ adjoint(v)
    return (s + adjoint(s)) / 2


_eigh.rules(_eigh_rule)


@composed
def eigh(a: ArrayLike, UPLO: Literal["L", "U"] = "L") -> EighResult:  # noqa: N803
    """Eigenvalues and eigenvectors of symmetric or Hermitian matrices.

    Only one triangle of a is read and a is taken to be symmetric, or Hermitian; so the gradient is too. The sign of an
    eigenvector is arbitrary: the result should not depend on it. Nor may it on the phase of a complex one: the sweep raises
    LinAlgError. Equal eigenvalues have finite gradients, those of the vectors found. Their vectors have none: if the result
    depends on them, as do a function of the matrix that is built from them and the gradient of an eigenvalue, the sweep
    raises LinAlgError. The rule is in Giles, "Collected matrix derivative results" (2008); of complex matrices, in
    Boeddeker et al., "On the computation of complex-valued gradients with application to statistically optimum
    beamforming" (2017).

    >>> a = Tensor([[2.0, 0.0], [0.0, 3.0]])
    >>> w, v = eigh(a)
    >>> w[1].backward()
    >>> print(w.data, a.grad.tolist())
    [2. 3.] [[0.0, 0.0], [0.0, 1.0]]
    """
    _size("eigh", a)
    packed = _eigh(a, UPLO)
    return EighResult(_values(packed, 0), _rows(packed, 1, None))


@composed
def eigvalsh(a: ArrayLike, UPLO: Literal["L", "U"] = "L") -> Tensor:  # noqa: N803
    """Eigenvalues of symmetric or Hermitian matrices; the gradient is that of `eigh`.

    >>> eigvalsh(Tensor([[3.0, 0.0], [0.0, 2.0]]))
    Tensor([2., 3.])
    """
    return eigh(a, UPLO).eigenvalues


@op(complex=True)
def _svd(a: Value, /) -> Value:
    """The left singular vectors as columns, the singular values as a row, the right singular vectors as columns."""
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    return np.concatenate([u, np.expand_dims(s, -2), adjoint(vh)], -2)


def _svd_parts(x: Value, rows: int) -> tuple[Value, Value, Value]:
    return x[..., :rows, :], real_part(x[..., rows : rows + 1, :]), x[..., rows + 1 :, :]


@of_conjugates
def _svd_rule(g: Value, out: Value, a: Value) -> Value:
    rows, columns = a.shape[-2:]
    u, s, v = _svd_parts(out, rows)
    upstream_u, upstream_s, upstream_v = _svd_parts(g, rows)
    vectors = np.concatenate([value_of(upstream_u), value_of(upstream_v)], -2)
    gaps = reciprocal_gaps(s[..., 0, :], vectors, "svd", a.shape) * over(1.0, s + s.mT)
    inside_u, inside_v = adjoint(u) @ upstream_u, adjoint(v) @ upstream_v
    check_phases("svd", inside_u, inside_v)
    mixed_u, mixed_v = inside_u * gaps, inside_v * gaps
    middle = u @ ((mixed_u + adjoint(mixed_u)) * s + s.mT * (mixed_v + adjoint(mixed_v))) + u * upstream_s
    if is_complex(u):  # turning u against v
        middle = middle + u * over(1j * np.imag(np.expand_dims(np.diagonal(inside_u, 0, -2, -1), -2)), s)
    if rows != columns:
        smallest, largest = value_of(s)[..., 0, -1:], value_of(s)[..., 0, :1]
        vanishing = smallest <= max(rows, columns) * np.finfo(largest.dtype).eps * largest
        if np.any(vanishing & np.any(vectors != 0, axis=(-2, -1))[..., None]):
            raise LinAlgError(f"svd: a matrix of shape {a.shape} is rank-deficient; its singular vectors have no gradient")
    if rows > columns:
        middle = middle + over(upstream_u - u @ inside_u, s)
    if columns > rows:
        return middle @ adjoint(v) + u @ adjoint(over(upstream_v - v @ inside_v, s))
    return middle @ adjoint(v)


_svd.rules(_svd_rule)


@overload
def svd(
    a: ArrayLike, full_matrices: bool = True, compute_uv: Literal[True] = True, hermitian: bool = False
) -> SVDResult: ...
@overload
def svd(a: ArrayLike, full_matrices: bool = True, *, compute_uv: Literal[False], hermitian: bool = False) -> Tensor: ...
@overload
def svd(
    a: ArrayLike, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> SVDResult | Tensor: ...
@composed
def svd(a: ArrayLike, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> SVDResult | Tensor:
    """Singular value decomposition, a = U @ diag(S) @ Vh.

    Of a `hermitian` matrix the lower triangle alone is read. `full_matrices` must be False unless a is square: vectors
    beyond the first min(M, N) have no gradient. The sign of a pair of vectors is arbitrary: the result should not depend on
    it. Nor may it on the phase of a complex pair: the sweep raises LinAlgError. Equal singular values have finite
    gradients, those of the vectors found, and so has 0. The vectors of equal values have none, nor have those of 0 in a
    matrix that is not square: if the result depends on them, as the gradient of a singular value does, the sweep raises
    LinAlgError. The rule is in Townsend, "Differentiating the singular value decomposition" (2016); of complex matrices, in
    Wan and Zhang (2019).

    >>> u, s, vh = svd(Tensor([[0.0, 2.0], [3.0, 0.0]]))
    >>> s
    Tensor([3., 2.])
    """
    if hermitian:
        return _symmetric_svd(mirrored(a), compute_uv)
    rows, columns = _size("svd", a)
    if compute_uv and full_matrices and rows != columns:
        raise ValueError(
            f"svd: a of shape {np.shape(a)} does not determine the vectors beyond the first {min(rows, columns)}; use "
            "full_matrices=False"
        )
    packed = _svd(a)
    s = _values(packed, rows)
    if not compute_uv:
        return s
    return SVDResult(_rows(packed, None, rows), s, swapaxes(conjugated(_rows(packed, rows + 1, None)), -1, -2))


def _symmetric_svd(a: Value, compute_uv: bool) -> SVDResult | Tensor:
    """The singular value decomposition of Hermitian matrices: eigenvalues without their signs, in descending order."""
    w, v = eigh(a)
    order = np.flip(np.argsort(np.abs(value_of(w)), -1), -1)
    w, v = take_along_axis(w, order, -1), take_along_axis(v, np.expand_dims(order, -2), -1)
    if not compute_uv:
        return abs(w)
    return SVDResult(v, abs(w), swapaxes(conjugated(v) * np.sign(np.expand_dims(value_of(w), -2)), -1, -2))


def mirrored(a: Value) -> Value:
    """Symmetric or Hermitian matrices from their lower triangles."""
    whole = tril(a) + swapaxes(conjugated(tril(a, -1)), -1, -2)
    return (whole + swapaxes(conjugated(whole), -1, -2)) / 2 if is_complex(whole) else whole


@composed
def svdvals(x: ArrayLike) -> Tensor:
    """Singular values; the gradient is that of `svd`.

    >>> svdvals(Tensor([[0.0, 2.0], [3.0, 0.0]]))
    Tensor([3., 2.])
    """
    return svd(x, compute_uv=False)
