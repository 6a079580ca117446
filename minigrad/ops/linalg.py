"""Products of vectors, matrices and stacks of matrices."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from minigrad.fast.pool import product
from minigrad.graph import ArrayLike, Value, array_of
from minigrad.operation import composed, op
from minigrad.ops.dtypes import cast, conjugated, of_one_kind
from minigrad.ops.elementwise import multiply, power, subtract
from minigrad.ops.indexing import diagonal, getitem
from minigrad.ops.reduce import sum
from minigrad.ops.shape import expand_dims, moveaxis, ravel, reshape, roll, transpose

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from minigrad.graph import Tensor


def _formulas(values: Sequence[Value], static: Mapping[str, Any]) -> tuple[str, str]:
    """The gradients of `matmul` in symbols; a vector is not transposed."""
    batch = [np.shape(v)[:-2] for v in values]
    a, b = (", summed over the batch" * (own != np.broadcast_shapes(*batch)) for own in batch)
    match [np.ndim(v) for v in values]:
        case 1, 1:
            return "b × upstream", "a × upstream"
        case 1, _:
            return f"b · upstream{a}", "a ⊗ upstream"
        case _, 1:
            return "upstream ⊗ b", f"aᵀ · upstream{b}"
    return f"upstream · bᵀ{a}", f"aᵀ · upstream{b}"


@op(complex=True, symbol="@", formulas=_formulas)
def matmul(a: Value, b: Value, /) -> Value:
    """Matrix product, a @ b.

    >>> matmul(Tensor([[1.0, 2.0], [3.0, 4.0]]), [1.0, 1.0])
    Tensor([3., 7.])
    """
    m, n = np.shape(a), np.shape(b)
    if not m or not n:
        raise ValueError("a scalar has no matrix product; multiply with *")
    if m[-1] != n[-2:][0]:
        raise ValueError(
            f"the last axis of the first operand ({m[-1]}) must be as long as the last but one, or only, axis of the second "
            f"({n[-2:][0]})"
        )
    return product(a, b)


def _matmul_a(g: Value, out: Value, a: Value, b: Value) -> Value:
    if b.ndim == 1:
        return g * b if a.ndim == 1 else np.expand_dims(g, -1) * b
    if a.ndim == 1:
        return np.squeeze(np.matmul(np.expand_dims(g, -2), b.mT), -2)
    return product(g, b.mT)


def _matmul_b(g: Value, out: Value, a: Value, b: Value) -> Value:
    if a.ndim == 1:
        return g * a if b.ndim == 1 else np.expand_dims(a, -1) * np.expand_dims(g, -2)
    if b.ndim == 1:
        return np.squeeze(np.matmul(a.mT, np.expand_dims(g, -1)), -1)
    if b.ndim == 2 and a.ndim > 2:  # one product for a whole stack, in place of a stack of products to be summed
        rows = math.prod(a.shape[:-1])
        return product(np.transpose(np.reshape(a, (rows, a.shape[-1]))), np.reshape(g, (rows, g.shape[-1])))
    return product(a.mT, g)


matmul.rules(_matmul_a, _matmul_b)


@composed
def dot(a: ArrayLike, b: ArrayLike) -> Tensor:
    """Dot product: the sum over the last axis of a and the last but one of b.

    >>> dot(Tensor([1.0, 2.0]), [3.0, 4.0])
    Tensor(11.0)
    """
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return multiply(a, b)
    if np.ndim(b) <= 2:
        return matmul(a, b)
    return tensordot(a, b, ((-1,), (-2,)))


@composed
def vecdot(a: ArrayLike, b: ArrayLike, *, axis: int = -1) -> Tensor:
    """Dot product of the vectors along an axis of two stacks, the first conjugated.

    >>> vecdot(Tensor([[1.0, 2.0], [3.0, 4.0]]), [10.0, 1.0])
    Tensor([12., 34.])
    """
    a, b = (moveaxis(x, axis, -1) for x in of_one_kind(a, b))
    if np.shape(a)[-1] != np.shape(b)[-1]:
        raise ValueError(f"needs vectors of one length, got {np.shape(a)[-1]} and {np.shape(b)[-1]}")
    return sum(multiply(conjugated(a), b), -1)


@composed
def matvec(a: ArrayLike, b: ArrayLike) -> Tensor:
    """Products of a stack of matrices and a stack of vectors.

    >>> matvec(Tensor([[1.0, 2.0], [3.0, 4.0]]), [1.0, 1.0])
    Tensor([3., 7.])
    """
    return getitem(matmul(a, expand_dims(b, -1)), (..., 0))


@composed
def vecmat(a: ArrayLike, b: ArrayLike) -> Tensor:
    """Products of a stack of vectors, conjugated, and a stack of matrices.

    >>> vecmat(Tensor([1.0, 1.0]), [[1.0, 2.0], [3.0, 4.0]])
    Tensor([4., 6.])
    """
    return getitem(matmul(conjugated(expand_dims(a, -2)), b), (..., 0, slice(None)))


@composed
def inner(a: ArrayLike, b: ArrayLike) -> Tensor:
    """Inner product: the sum over the last axes of a and b.

    >>> inner(Tensor([1.0, 2.0]), [3.0, 4.0])
    Tensor(11.0)
    """
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return multiply(a, b)
    return tensordot(a, b, ((-1,), (-1,)))


@composed
def outer(a: ArrayLike, b: ArrayLike) -> Tensor:
    """Outer product of two vectors, out[i, j] = a[i] b[j]; other shapes are flattened.

    >>> outer(Tensor([1.0, 2.0]), [3.0, 4.0])
    Tensor([[3., 4.],
            [6., 8.]])
    """
    a, b = of_one_kind(a, b)
    return multiply(reshape(a, (math.prod(np.shape(a)), 1)), ravel(b))


@composed
def tensordot(a: ArrayLike, b: ArrayLike, axes: int | Sequence[int | Sequence[int]] = 2) -> Tensor:
    """Sum of products over pairs of axes.

    >>> tensordot(Tensor(np.ones((2, 3, 4))), np.ones((3, 4, 5))).shape
    (2, 5)
    """
    a, b = of_one_kind(a, b)
    m, n = np.shape(a), np.shape(b)
    if isinstance(axes, int | np.integer):
        count = int(axes)
        if count > min(len(m), len(n)):
            raise ValueError(f"tensordot: shapes {m} and {n} do not have {count} axes to sum over")
        over_a, over_b = tuple(range(len(m) - count, len(m))), tuple(range(count))
    else:
        over_a, over_b = normalize_axis_tuple(axes[0], len(m)), normalize_axis_tuple(axes[1], len(n))
    if [m[i] for i in over_a] != [n[i] for i in over_b]:
        raise ValueError(f"tensordot: axes {over_a} of shape {m} and axes {over_b} of shape {n} differ in length")
    free_a = tuple(i for i in range(len(m)) if i not in over_a)
    free_b = tuple(i for i in range(len(n)) if i not in over_b)
    rows, columns = tuple(m[i] for i in free_a), tuple(n[i] for i in free_b)
    summed = math.prod(m[i] for i in over_a)
    left = reshape(transpose(a, free_a + over_a), (math.prod(rows), summed))
    right = reshape(transpose(b, over_b + free_b), (summed, math.prod(columns)))
    return reshape(matmul(left, right), rows + columns)


@composed
def trace(x: ArrayLike, offset: int = 0, axis1: int = 0, axis2: int = 1, *, dtype: DTypeLike | None = None) -> Tensor:
    """Trace: the sum of a diagonal.

    >>> trace(Tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor(5.0)
    """
    found = diagonal(x, offset, axis1, axis2)
    return sum(cast(found, dtype), -1)


@composed
def vdot(a: ArrayLike, b: ArrayLike) -> Tensor:
    """Dot product of two arrays of one size, flattened, the first conjugated.

    >>> vdot(Tensor([[1.0, 2.0]]), [3.0, 4.0])
    Tensor(11.0)
    """
    if np.size(a) != np.size(b):
        raise ValueError(f"vdot: needs two arrays of one size, got shapes {np.shape(a)} and {np.shape(b)}")
    return matmul(ravel(conjugated(a)), ravel(b))


@composed
def cross(a: ArrayLike, b: ArrayLike, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Tensor:
    """Cross product, of vectors of three components only.

    >>> cross(Tensor([1.0, 0.0, 0.0]), [0.0, 1.0, 0.0])
    Tensor([0., 0., 1.])
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    m, n = np.shape(a), np.shape(b)
    if not m or not n or m[normalize_axis_index(axisa, len(m))] != 3 or n[normalize_axis_index(axisb, len(n))] != 3:
        raise ValueError(f"cross: needs vectors of 3 components, got shapes {m} and {n} with axes {axisa} and {axisb}")
    a, b = moveaxis(a, axisa, -1), moveaxis(b, axisb, -1)
    product = subtract(multiply(roll(a, -1, -1), roll(b, -2, -1)), multiply(roll(a, -2, -1), roll(b, -1, -1)))
    return moveaxis(product, -1, axisc)


@composed
def kron(a: ArrayLike, b: ArrayLike) -> Tensor:
    """Kronecker product: for each element of a, a block that is this element times b.

    >>> kron(Tensor([1.0, 10.0]), [1.0, 2.0])
    Tensor([ 1.,  2., 10., 20.])
    """
    a, b = of_one_kind(a, b)
    ndim = max(np.ndim(a), np.ndim(b))
    m = (1,) * (ndim - np.ndim(a)) + np.shape(a)
    n = (1,) * (ndim - np.ndim(b)) + np.shape(b)
    blocks = multiply(reshape(a, [k for size in m for k in (size, 1)]), reshape(b, [k for size in n for k in (1, size)]))
    return reshape(blocks, [math.prod(pair) for pair in zip(m, n, strict=True)])


@composed
def vander(x: ArrayLike, N: int | None = None, increasing: bool = False) -> Tensor:  # noqa: N803
    """Vandermonde matrix, the powers of each element in a row: xᴺ⁻¹, …, x, 1.

    >>> vander(Tensor([2.0, 3.0]), 3)
    Tensor([[4., 2., 1.],
            [9., 3., 1.]])
    """
    shape = np.shape(x)
    if len(shape) != 1:
        raise ValueError(f"vander: needs a vector, got shape {shape}")
    powers = np.arange(shape[0] if N is None else N)
    return power(expand_dims(x, -1), (powers if increasing else powers[::-1]).astype(array_of(x).dtype))
