"""Norms of vectors and matrices: NumPy's, and those of the array API, whose names say what they measure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from minigrad.graph import ArrayLike, Value, array_of, value_of
from minigrad.operation import composed, op, static_value
from minigrad.ops.decompose import svdvals
from minigrad.ops.dtypes import astype, conjugated, is_complex
from minigrad.ops.elementwise import abs, divide, multiply, over, where
from minigrad.ops.indexing import getitem
from minigrad.ops.reduce import Axis, max, min, restore_axes, sum
from minigrad.ops.shape import expand_dims, moveaxis, squeeze
from minigrad.ops.solve import inv

if TYPE_CHECKING:
    from minigrad.graph import Tensor


@op(complex=True)
def _norm(x: Value, /, ord: float = 2, axis: Axis = None, *, keepdims: bool = False) -> Value:
    """p-norm of the elements, (Σ |x|ᵖ)^(1/p) with p = `ord`."""
    if ord == 2:
        squares = np.real(x * np.conj(x)) if is_complex(x) else x * x
        return np.sqrt(np.sum(squares, axis=axis, keepdims=keepdims))
    return np.sum(np.abs(x) ** ord, axis=axis, keepdims=keepdims) ** (1 / ord)


def _norm_rule(g: Value, out: Value, x: Value, ord: float, axis: Axis, keepdims: bool) -> Value:
    g, out = restore_axes(g, x, axis, keepdims), restore_axes(out, x, axis, keepdims)
    if ord == 2:
        return g * over(conjugated(x), out)
    flat = np.logical_or(x == 0, out == 0)  # of a negative order, an element that is 0 makes the norm 0 whatever the others
    direction = over(np.conj(x), np.abs(x)) if is_complex(x) else np.sign(x)
    return g * direction * np.where(flat, 0.0, over(np.abs(x), out) ** (ord - 1))


_norm.rules(_norm_rule)


@composed
def norm(x: ArrayLike, ord: float | str | None = None, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """Vector or matrix norm; the gradient at 0 is 0.

    Its second derivatives are 0 there too, also those of its square; write that as ``sum(x * x)``. Without `ord` it is the
    root of the sum of squares over any number of axes. With `ord` 0 it is a plain array, for it has no gradient.

    >>> norm(Tensor([3.0, 4.0]))
    Tensor(5.0)
    """
    ord = static_value("ord", ord)
    if ord is None:
        return _norm(x, axis=axis, keepdims=keepdims)
    axes = normalize_axis_tuple(range(np.ndim(x)) if axis is None else axis, np.ndim(x))
    if len(axes) == 1:
        return _vector_norm(x, ord, axes, keepdims)
    if len(axes) == 2:
        return _matrix_norm(x, ord, axes, keepdims)
    raise ValueError(f"norm: with ord={ord!r}, x of shape {np.shape(x)} needs one axis (vectors) or two (matrices)")


def _vector_norm(x: ArrayLike, ord: float | str, axes: tuple[int, ...], keepdims: bool) -> Tensor:
    if isinstance(ord, str):
        raise ValueError(f"norm: {ord!r} is a norm of matrices; give two axes")
    if ord in (np.inf, -np.inf):
        return (max if ord > 0 else min)(abs(x), axis=axes, keepdims=keepdims)
    if ord == 0:
        values = array_of(x)
        return astype(sum(values != 0, axis=axes, keepdims=keepdims), np.abs(values).dtype)
    return _norm(x, ord=ord, axis=axes, keepdims=keepdims)


def _matrix_norm(x: ArrayLike, ord: float | str, axes: tuple[int, ...], keepdims: bool) -> Tensor:
    if ord == "fro":
        return _norm(x, axis=axes, keepdims=keepdims)
    if ord in ("nuc", 2, -2):
        s = abs(svdvals(moveaxis(x, axes, (-2, -1))))  # the gradient of |s| at 0 is 0
        best = (sum if ord == "nuc" else max if ord == 2 else min)(s, axis=-1)
        return expand_dims(best, axes) if keepdims else best
    if ord in (1, -1, np.inf, -np.inf):
        along, across = axes if ord in (1, -1) else axes[::-1]
        lengths = sum(abs(x), axis=along, keepdims=True)
        best = (max if ord in (1, np.inf) else min)(lengths, axis=across, keepdims=True)
        return best if keepdims else squeeze(best, axes)
    raise ValueError(f"norm: a matrix has no norm of order {ord!r}; use 'fro', 'nuc', 1, -1, 2, -2, inf or -inf")


@composed
def vector_norm(x: ArrayLike, *, axis: Axis = None, keepdims: bool = False, ord: float = 2) -> Tensor:
    """Vector norm, along any number of axes taken as one; the gradient at 0 is 0.

    >>> vector_norm(Tensor([[3.0], [4.0]]))
    Tensor(5.0)
    """
    ord = static_value("ord", ord)
    axes = normalize_axis_tuple(range(np.ndim(x)) if axis is None else axis, np.ndim(x))
    return _vector_norm(x, ord, axes, keepdims)


@composed
def matrix_norm(x: ArrayLike, *, keepdims: bool = False, ord: float | str | None = "fro") -> Tensor:
    """Norm of the matrices in the last two axes; the gradient at 0 is 0.

    >>> matrix_norm(Tensor([[3.0, 0.0], [0.0, 4.0]]), ord="nuc")
    Tensor(7.0)
    """
    return norm(x, ord, (-2, -1), keepdims=keepdims)


@composed
def cond(x: ArrayLike, p: float | str | None = None) -> Tensor:
    """Condition number: the norm of a matrix times that of its inverse; without `p`, largest over smallest singular value.

    Of a singular matrix it is infinite, and a LinAlgError where `p` needs the inverse.

    >>> cond(Tensor([[2.0, 0.0], [0.0, 8.0]]))
    Tensor(4.0)
    """
    p = static_value("p", p)
    if p in (None, 2, -2):
        s = svdvals(x)
        ends = (getitem(s, (..., 0)), getitem(s, (..., -1)))
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = divide(*(ends if p != -2 else ends[::-1]))
        zero = np.isnan(value_of(ratio)) & ~np.any(np.isnan(value_of(x)), (-2, -1))
        return where(zero, np.inf, ratio) if np.any(zero) else ratio
    return multiply(norm(x, p, (-2, -1)), norm(inv(x), p, (-2, -1)))
