"""Matrices taken apart: Cholesky, QR, eigenvalues of symmetric matrices, singular values; in stacks too.

A decomposition of two or three parts is one operation with its parts in one array, one below the other. What the user gets
are views of it, so the parts are computed once, and a rule finds all of them in its own result.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.linalg import LinAlgError

from minigrad.graph import Value, value_of
from minigrad.operation import op
from minigrad.ops.elementwise import over
from minigrad.ops.indexing import getitem
from minigrad.ops.joining import concatenate
from minigrad.ops.linalg import matmul
from minigrad.ops.shape import swapaxes


class QRResult(NamedTuple):
    """Orthonormal columns, and an upper triangle."""

    Q: Value
    R: Value


class EighResult(NamedTuple):
    """Eigenvalues in ascending order, and eigenvectors as columns."""

    eigenvalues: Value
    eigenvectors: Value


class SVDResult(NamedTuple):
    """Left singular vectors as columns, singular values in descending order, right singular vectors as rows."""

    U: Value
    S: Value
    Vh: Value


def _t(x: Value) -> Value:
    return np.swapaxes(x, -1, -2)


def _matrices(who: str, a: Value) -> tuple[int, int]:
    shape = np.shape(a)
    if len(shape) < 2:
        raise LinAlgError(f"{who}: needs a matrix, or a stack of them, got shape {shape}")
    return shape[-2], shape[-1]


def _lower(n: int, x: Value, diagonal: float) -> Value:
    """1 below the diagonal, and a number on it."""
    return np.tri(n, k=-1, dtype=x.dtype) + diagonal * np.eye(n, dtype=x.dtype)


@op()
def _cholesky(a: Value, /) -> Value:
    """The lower triangle L with L L' = a."""
    return np.linalg.cholesky(a)


def _cholesky_rule(g: Value, out: Value, a: Value) -> Value:
    inverse = np.linalg.inv(out)
    s = _t(inverse) @ (_t(out) @ g * _lower(a.shape[-1], out, 0.5)) @ inverse
    return (s + _t(s)) / 2


_cholesky.rules(_cholesky_rule)


def cholesky(a: Value, *, upper: bool = False) -> Value:
    """The triangle L with ``L @ L.T = a``.

    Only one triangle of a is read, and a taken to be symmetric, so the gradient is symmetric. The rule is in Murray,
    "Differentiation of the Cholesky decomposition" (2016).

    Parameters
    ----------
    a : Tensor or array_like
        Shape (..., M, M), symmetric and positive definite.
    upper : bool
        Give the upper triangle, the transpose of L.

    Returns
    -------
    Tensor
        Shape (..., M, M).

    Raises
    ------
    numpy.linalg.LinAlgError
        If a matrix is not positive definite, or not square.

    Examples
    --------
    >>> cholesky(Tensor([[4.0, 2.0], [2.0, 5.0]]))
    Tensor([[2., 0.],
            [1., 2.]])
    """
    _matrices("cholesky", a)
    return swapaxes(_cholesky(swapaxes(a, -1, -2)), -1, -2) if upper else _cholesky(a)


@op()
def _qr(a: Value, /) -> Value:
    """Q above the transpose of R, for a that is no wider than high."""
    q, r = np.linalg.qr(a)
    return np.concatenate([q, _t(r)], -2)


def _qr_rule(g: Value, out: Value, a: Value) -> Value:
    rows, columns = a.shape[-2:]
    q, r = out[..., :rows, :], _t(out[..., rows:, :])
    size = np.abs(np.diagonal(value_of(r), axis1=-2, axis2=-1))
    if np.any(np.min(size, -1, initial=np.inf) <= rows * np.finfo(size.dtype).eps * np.max(size, -1, initial=0.0)):
        raise LinAlgError(
            f"qr: the columns of a matrix of shape {a.shape} depend on each other, and Q has no gradient there"
        )
    upstream_q, upstream_r = g[..., :rows, :], g[..., rows:, :]
    m = r @ upstream_r - _t(upstream_q) @ q
    m = m * _lower(columns, out, 0.5)
    return _t(np.linalg.solve(r, _t(upstream_q + q @ (m + _t(m)))))


_qr.rules(_qr_rule)


def qr(a: Value, mode: str = "reduced") -> QRResult | Value:
    """Orthonormal columns Q and an upper triangle R with ``Q @ R = a``.

    The rule is in Walter and Lehmann, "Algorithmic differentiation of linear algebra functions" (2012).

    Parameters
    ----------
    a : Tensor or array_like
        Shape (..., M, N); K below is the smaller of M and N.
    mode : {"reduced", "r", "complete"}
        Q and R; R alone; or all M columns of Q, for which M must not be above N: those beyond the N-th have no gradient.

    Returns
    -------
    QRResult or Tensor
        ``Q`` of shape (..., M, K) and ``R`` of shape (..., K, N); with mode "r", R alone.

    Raises
    ------
    ValueError
        For another mode, or if "complete" asks for columns without a gradient.
    numpy.linalg.LinAlgError
        In the sweep, if the first K columns depend on each other.

    Examples
    --------
    >>> q, r = qr(Tensor([[3.0, 1.0], [4.0, 2.0]]))
    >>> print(np.round((q @ r).data, 6))
    [[3. 1.]
     [4. 2.]]
    """
    rows, columns = _matrices("qr", a)
    if mode not in ("reduced", "r", "complete"):
        raise ValueError(f"qr: mode is 'reduced', 'r' or 'complete', got {mode!r}")
    if mode == "complete" and rows > columns:
        raise ValueError(f"qr: a of shape {np.shape(a)} does not determine all {rows} columns of Q; use mode='reduced'")
    k = min(rows, columns)
    packed = _qr(a if k == columns else getitem(a, (..., slice(k))))
    q, r = (
        getitem(packed, (..., slice(rows), slice(None))),
        swapaxes(getitem(packed, (..., slice(rows, None), slice(None))), -1, -2),
    )
    if k < columns:  # the columns of R beyond are those of a, seen from Q
        r = concatenate([r, matmul(swapaxes(q, -1, -2), getitem(a, (..., slice(k, None))))], -1)
    return r if mode == "r" else QRResult(q, r)


def _reciprocal_gaps(values: Value, g: Value, who: str, shape: tuple[int, ...]) -> Value:
    """1 / (values[j] - values[i]), and 0 on the diagonal; equal values are refused if their vectors have an upstream g."""
    v = value_of(values)
    scale = np.max(np.abs(v), -1, initial=0.0)
    close = np.any(np.abs(np.diff(v)) <= np.expand_dims(v.shape[-1] * np.finfo(v.dtype).eps * scale, -1), -1)
    if np.any(close & np.any(value_of(g) != 0, axis=(-2, -1))):
        raise LinAlgError(
            f"{who}: a matrix of shape {shape} has equal values, whose vectors can be any of a whole plane and have no "
            "gradient; let the result depend on the values alone, or move the matrix a little"
        )
    return over(1.0, np.expand_dims(values, -2) - np.expand_dims(values, -1))


@op()
def _eigh(a: Value, /, uplo: str = "L") -> Value:
    """The eigenvalues in a row, above the eigenvectors as columns."""
    w, v = np.linalg.eigh(a, uplo)  # type: ignore[call-overload]
    return np.concatenate([np.expand_dims(w, -2), v], -2)


def _eigh_rule(g: Value, out: Value, a: Value, uplo: str) -> Value:
    w, v, upstream_w, upstream_v = out[..., 0, :], out[..., 1:, :], g[..., :1, :], g[..., 1:, :]
    turned = _t(v) @ upstream_v * _reciprocal_gaps(w, upstream_v, "eigh", a.shape)
    s = (v @ turned + v * upstream_w) @ _t(v)
    return (s + _t(s)) / 2


_eigh.rules(_eigh_rule)


def eigh(a: Value, UPLO: str = "L") -> EighResult:  # noqa: N803
    """Eigenvalues and eigenvectors of symmetric matrices.

    Only one triangle of a is read, and a taken to be symmetric, so the gradient is symmetric. A vector's sign is arbitrary:
    let the result depend on it only where that cancels. Equal eigenvalues have finite gradients, those of the vectors found;
    their vectors have none, nor has a function of the matrix that is built from them. The rule is in Giles,
    "Collected matrix derivative results" (2008).

    Parameters
    ----------
    a : Tensor or array_like
        Shape (..., M, M), symmetric.
    UPLO : {"L", "U"}
        Which triangle is read.

    Returns
    -------
    EighResult
        ``eigenvalues`` in ascending order, of shape (..., M), and ``eigenvectors`` as columns, of shape (..., M, M).

    Raises
    ------
    numpy.linalg.LinAlgError
        If a matrix is not square; in the sweep, if eigenvalues are equal and the result depends on eigenvectors, as the
        gradient of an eigenvalue itself does.

    Examples
    --------
    >>> a = Tensor([[2.0, 0.0], [0.0, 3.0]])
    >>> w, v = eigh(a)
    >>> w[1].backward()
    >>> print(w.data, a.grad.tolist())
    [2. 3.] [[0.0, 0.0], [0.0, 1.0]]
    """
    _matrices("eigh", a)
    packed = _eigh(a, UPLO)
    return EighResult(getitem(packed, (..., 0, slice(None))), getitem(packed, (..., slice(1, None), slice(None))))


def eigvalsh(a: Value, UPLO: str = "L") -> Value:  # noqa: N803
    """Eigenvalues of symmetric matrices; see `eigh`.

    Parameters
    ----------
    a : Tensor or array_like
        Shape (..., M, M), symmetric.
    UPLO : {"L", "U"}
        Which triangle is read.

    Returns
    -------
    Tensor
        Shape (..., M), in ascending order.

    Raises
    ------
    numpy.linalg.LinAlgError
        If a matrix is not square.

    Examples
    --------
    >>> eigvalsh(Tensor([[3.0, 0.0], [0.0, 2.0]]))
    Tensor([2., 3.])
    """
    return eigh(a, UPLO).eigenvalues


@op()
def _svd(a: Value, /) -> Value:
    """Left singular vectors as columns, the singular values in a row, right singular vectors as columns."""
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    return np.concatenate([u, np.expand_dims(s, -2), _t(vh)], -2)


def _svd_parts(x: Value, rows: int) -> tuple[Value, Value, Value]:
    return x[..., :rows, :], x[..., rows : rows + 1, :], x[..., rows + 1 :, :]


def _svd_rule(g: Value, out: Value, a: Value) -> Value:
    rows, columns = a.shape[-2:]
    u, s, v = _svd_parts(out, rows)
    upstream_u, upstream_s, upstream_v = _svd_parts(g, rows)
    vectors = np.concatenate([value_of(upstream_u), value_of(upstream_v)], -2)
    gaps = _reciprocal_gaps(s[..., 0, :], vectors, "svd", a.shape) * over(1.0, s + _t(s))
    inside_u, inside_v = _t(u) @ upstream_u, _t(v) @ upstream_v
    turned_u, turned_v = inside_u * gaps, inside_v * gaps
    middle = u @ ((turned_u + _t(turned_u)) * s + _t(s) * (turned_v + _t(turned_v))) + u * upstream_s
    if rows != columns:
        smallest, largest = value_of(s)[..., 0, -1:], value_of(s)[..., 0, :1]
        vanishing = smallest <= max(rows, columns) * np.finfo(largest.dtype).eps * largest
        if np.any(vanishing & np.any(vectors != 0, axis=(-2, -1))[..., None]):
            raise LinAlgError(
                f"svd: a matrix of shape {a.shape} has not full rank, and its singular vectors have no gradient"
            )
    if rows > columns:
        middle = middle + over(upstream_u - u @ inside_u, s)
    if columns > rows:
        return middle @ _t(v) + u @ _t(over(upstream_v - v @ inside_v, s))
    return middle @ _t(v)


_svd.rules(_svd_rule)


def svd(a: Value, full_matrices: bool = True, compute_uv: bool = True) -> SVDResult | Value:
    """Singular values and vectors: ``a = U @ diag(S) @ Vh``.

    A pair of vectors has an arbitrary sign: let the result depend on it only where that cancels. Equal singular values have
    finite gradients, those of the vectors found, and so has 0; their vectors have none. The rule is in Townsend,
    "Differentiating the singular value decomposition" (2016).

    Parameters
    ----------
    a : Tensor or array_like
        Shape (..., M, N); K below is the smaller of M and N.
    full_matrices : bool
        True, as in NumPy, asks for all M or N vectors. Those beyond the K-th have no gradient, so unless a is square it must
        be False.
    compute_uv : bool
        If false, give the singular values alone.

    Returns
    -------
    SVDResult or Tensor
        ``U`` of shape (..., M, K), ``S`` of shape (..., K), descending, and ``Vh`` of shape (..., K, N); or S alone.

    Raises
    ------
    ValueError
        If full matrices of one that is not square are asked for.
    numpy.linalg.LinAlgError
        In the sweep, if singular values are equal, or 0 in a matrix that is not square, and the result depends on vectors,
        as the gradient of a singular value itself does.

    Examples
    --------
    >>> u, s, vh = svd(Tensor([[0.0, 2.0], [3.0, 0.0]]))
    >>> s
    Tensor([3., 2.])
    """
    rows, columns = _matrices("svd", a)
    if compute_uv and full_matrices and rows != columns:
        raise ValueError(
            f"svd: a of shape {np.shape(a)} does not determine the vectors beyond the first {min(rows, columns)}; use "
            "full_matrices=False"
        )
    packed = _svd(a)
    s = getitem(packed, (..., rows, slice(None)))
    if not compute_uv:
        return s
    u, v = getitem(packed, (..., slice(rows), slice(None))), getitem(packed, (..., slice(rows + 1, None), slice(None)))
    return SVDResult(u, s, swapaxes(v, -1, -2))


def svdvals(x: Value) -> Value:
    """Singular values; see `svd`.

    Parameters
    ----------
    x : Tensor or array_like
        Shape (..., M, N).

    Returns
    -------
    Tensor
        Shape (..., min(M, N)), in descending order.

    Raises
    ------
    numpy.linalg.LinAlgError
        If x has fewer than two axes.

    Examples
    --------
    >>> svdvals(Tensor([[0.0, 2.0], [3.0, 0.0]]))
    Tensor([3., 2.])
    """
    return svd(x, compute_uv=False)
