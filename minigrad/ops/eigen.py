"""Eigenvalues and eigenvectors of general square matrices; those of Hermitian ones are in `decompose`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.linalg import LinAlgError

from minigrad.graph import ArrayLike, Value, value_of
from minigrad.operation import composed, op
from minigrad.ops.decompose import adjoint, check_phases, of_conjugates, reciprocal_gaps
from minigrad.ops.dtypes import conjugated
from minigrad.ops.indexing import getitem

if TYPE_CHECKING:
    from minigrad.graph import Tensor


class EigResult(NamedTuple):
    """Eigenvalues in no order, and eigenvectors of length 1 as columns."""

    eigenvalues: Tensor
    eigenvectors: Tensor


@op(complex=True)
def _eig(a: Value, /) -> Value:
    """The eigenvalues as a row, above the eigenvectors as columns."""
    w, v = np.linalg.eig(a)
    if not (np.iscomplexobj(a) or np.any(w.imag)):
        w, v = w.real, v.real  # NumPy 2.5 and later return complex numbers in any case
    return np.concatenate([np.expand_dims(w, -2), v], -2)


@of_conjugates
def _eig_rule(g: Value, out: Value, a: Value) -> Value:
    w, v, upstream_w, upstream_v = out[..., 0, :], out[..., 1:, :], g[..., :1, :], g[..., 1:, :]
    vectors = value_of(v)
    if np.any(np.linalg.cond(vectors) * a.shape[-1] * np.finfo(vectors.dtype).eps >= 1):
        raise LinAlgError(f"eig: a matrix of shape {a.shape} has too few eigenvectors (it is defective); it has no gradient")
    vh = adjoint(v)
    inside = vh @ upstream_v
    check_phases("eig", inside)
    along = np.real(np.expand_dims(np.diagonal(inside, 0, -2, -1), -2))  # would change the lengths of the vectors
    mixed = (inside - vh @ v * along) * conjugated(reciprocal_gaps(w, upstream_v, "eig", a.shape))
    return np.linalg.solve(vh, (mixed + np.eye(a.shape[-1]) * upstream_w) @ vh)


_eig.rules(_eig_rule)


@composed
def eig(a: ArrayLike) -> EigResult:
    """Eigenvalues and eigenvectors of square matrices; real if the matrix and all its eigenvalues are, unlike NumPy 2.5.

    The sign of an eigenvector is arbitrary: the result should not depend on it. If it depends on the phase of a complex
    eigenvector or on the vectors of equal eigenvalues, or if the matrix is defective, the sweep raises LinAlgError. The rule
    is in Boeddeker et al., "On the computation of complex-valued gradients with application to statistically optimum
    beamforming" (2017).

    >>> w, v = eig(Tensor([[0.0, 1.0], [-1.0, 0.0]]))
    >>> w
    Tensor([0.+1.j, 0.-1.j])
    """
    if np.ndim(a) < 2:
        raise LinAlgError(f"needs a matrix, or a stack of them, got shape {np.shape(a)}")
    packed = _eig(a)
    return EigResult(getitem(packed, (..., 0, slice(None))), getitem(packed, (..., slice(1, None), slice(None))))


@composed
def eigvals(a: ArrayLike) -> Tensor:
    """Eigenvalues of square matrices; the gradient is that of `eig`.

    >>> eigvals(Tensor([[2.0, 1.0], [0.0, 3.0]]))
    Tensor([2., 3.])
    """
    return eig(a).eigenvalues
