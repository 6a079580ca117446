"""Norms of vectors and matrices: NumPy's, and those of the array API, which know from their names what they measure."""

from __future__ import annotations

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from minigrad.graph import Value, value_of
from minigrad.operation import op
from minigrad.ops.elementwise import over
from minigrad.ops.reduce import Axis, _kept


@op()
def _norm(x: Value, /, ord: float = 2, axis: Axis = None, *, keepdims: bool = False) -> Value:
    """The sum of |x|**ord, to the power of 1/ord."""
    if ord == 2:
        return np.sqrt(np.sum(x * x, axis=axis, keepdims=keepdims))
    return np.sum(np.abs(x) ** ord, axis=axis, keepdims=keepdims) ** (1 / ord)


def _norm_rule(g: Value, out: Value, x: Value, ord: float, axis: Axis, keepdims: bool) -> Value:
    g, out = _kept(g, x, axis, keepdims), _kept(out, x, axis, keepdims)
    if ord == 2:
        return g * over(x, out)
    return g * np.sign(x) * np.where(x == 0, 0.0, over(np.abs(np.where(x == 0, 1.0, x)), out) ** (ord - 1))


_norm.rules(_norm_rule)


def norm(x: Value, ord: float | str | None = None, axis: Axis = None, *, keepdims: bool = False) -> Value:
    """Length of vectors, or size of matrices, as numpy.linalg.norm counts them. The gradient at 0 is 0.

    Parameters
    ----------
    x : Tensor or array_like
        Any shape.
    ord : float, inf, -inf, 'fro' or None
        Which norm. None is the root of the sum of squares, of all numbers or along `axis`. Of vectors: any order; inf is the
        largest absolute value, -inf the smallest, 0 counts what is not 0. Of matrices: 'fro', 1, -1, inf, -inf; and of their
        singular values 'nuc' is the sum, 2 the largest, -2 the smallest.
    axis : int, tuple of int or None
        One axis: vectors; two: matrices. None with an `ord`: x itself is the vector or the matrix.
    keepdims : bool
        Keep the reduced axes, with length 1.

    Returns
    -------
    Tensor
        Without the reduced axes, or with length 1 there.

    Raises
    ------
    ValueError
        For an unknown norm, or one that x has too many axes for.

    Examples
    --------
    >>> norm(Tensor([3.0, 4.0]))
    Tensor(5.0)
    """
    ndim = np.ndim(x)
    if ord is None:
        return _norm(x, axis=axis, keepdims=keepdims)
    axes = tuple(range(ndim)) if axis is None else normalize_axis_tuple(axis, ndim)
    if len(axes) == 1:
        return _vector_norm(x, ord, axes, keepdims)
    if len(axes) != 2:
        raise ValueError(f"norm: with ord={ord!r}, x of shape {np.shape(x)} needs one axis (vectors) or two (matrices)")
    row, column = axes
    if ord in ("nuc", 2, -2):
        return _of_singular_values(x, ord, axes, keepdims)
    if ord == "fro":
        return _norm(x, axis=axes, keepdims=keepdims)
    if ord in (1, -1, np.inf, -np.inf):
        inside, outside = (row, column) if abs(float(ord)) == 1 else (column, row)
        lengths = np.sum(np.abs(x), axis=inside, keepdims=True)
        best = (np.max if float(ord) > 0 else np.min)(lengths, axis=outside, keepdims=True)
        return best if keepdims else np.squeeze(best, axes)
    raise ValueError(f"norm: a matrix has no norm of order {ord!r}; use 'fro', 'nuc', 1, -1, 2, -2, inf or -inf")


def _of_singular_values(x: Value, ord: float | str, axes: tuple[int, int], keepdims: bool) -> Value:
    s = np.abs(np.linalg.svdvals(np.moveaxis(x, axes, (-2, -1))))  # the gradient of |s| at 0 is 0
    best = np.sum(s, -1) if ord == "nuc" else np.max(s, -1) if ord == 2 else np.min(s, -1)
    return np.expand_dims(best, axes) if keepdims else best


def _vector_norm(x: Value, ord: float | str, axes: tuple[int, ...], keepdims: bool) -> Value:
    if isinstance(ord, str):
        raise ValueError(f"norm: {ord!r} is a norm of matrices; give two axes")
    if ord == np.inf:
        return np.max(np.abs(x), axis=axes, keepdims=keepdims)
    if ord == -np.inf:
        return np.min(np.abs(x), axis=axes, keepdims=keepdims)
    if ord == 0:
        return np.sum(value_of(x) != 0, axis=axes, keepdims=keepdims).astype(value_of(x).dtype)
    return _norm(x, ord=ord, axis=axes, keepdims=keepdims)


def vector_norm(x: Value, *, axis: Axis = None, keepdims: bool = False, ord: float = 2) -> Value:
    """Length of vectors, along any number of axes taken as one. The gradient at 0 is 0.

    Parameters
    ----------
    x : Tensor or array_like
        Any shape.
    axis : int, tuple of int or None
        Along which axes; None for all of them.
    keepdims : bool
        Keep the reduced axes, with length 1.
    ord : float, inf or -inf
        Which norm, as in `norm`.

    Returns
    -------
    Tensor
        Without the reduced axes, or with length 1 there.

    Raises
    ------
    ValueError
        If `ord` is no number.

    Examples
    --------
    >>> vector_norm(Tensor([[3.0], [4.0]]))
    Tensor(5.0)
    """
    axes = tuple(range(np.ndim(x))) if axis is None else normalize_axis_tuple(axis, np.ndim(x))
    return _vector_norm(x, ord, axes, keepdims)


def matrix_norm(x: Value, *, keepdims: bool = False, ord: float | str | None = "fro") -> Value:
    """Size of the matrices in the last two axes. The gradient at 0 is 0.

    Parameters
    ----------
    x : Tensor or array_like
        Shape (..., M, N).
    keepdims : bool
        Keep the reduced axes, with length 1.
    ord : 'fro', 'nuc', 1, -1, 2, -2, inf or -inf
        Which norm, as in `norm`.

    Returns
    -------
    Tensor
        Shape (...), or (..., 1, 1).

    Raises
    ------
    ValueError
        For an unknown norm.

    Examples
    --------
    >>> matrix_norm(Tensor([[3.0, 0.0], [0.0, 4.0]]), ord="nuc")
    Tensor(7.0)
    """
    return norm(x, ord, (-2, -1), keepdims=keepdims)
