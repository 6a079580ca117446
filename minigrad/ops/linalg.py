"""Products of vectors, matrices and arrays of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from minigrad.graph import Value, value_of
from minigrad.operation import op
from minigrad.ops.dtypes import of_one_kind
from minigrad.ops.elementwise import multiply, power
from minigrad.ops.indexing import diagonal
from minigrad.ops.reduce import sum
from minigrad.ops.shape import expand_dims, moveaxis, ravel, reshape, roll, transpose


@op()
def matmul(a: Value, b: Value, /) -> Value:
    """Matrix product; of stacks of matrices too, and with vectors on either side.

    Parameters
    ----------
    a : Tensor or array_like
        Shape (..., N, K) or (K,).
    b : Tensor or array_like
        Shape (..., K, M) or (K,).

    Returns
    -------
    Tensor
        Shape (..., N, M), without N or M where that side is a vector; leading axes broadcast.

    Raises
    ------
    ValueError
        If the lengths K differ, or an input is 0-d.

    Examples
    --------
    >>> matmul(Tensor([[1.0, 2.0], [3.0, 4.0]]), [1.0, 1.0])
    Tensor([3., 7.])
    """
    m, n = np.shape(a), np.shape(b)
    if not m or not n:
        raise ValueError("a number has no matrix product; multiply with *")
    if m[-1] != n[-2:][0]:
        raise ValueError(
            f"the last axis of the first ({m[-1]}) must be as long as the first matrix axis of the second ({n[-2:][0]})"
        )
    return np.matmul(a, b)


def _matmul_a(g: Value, out: Value, a: Value, b: Value) -> Value:
    if b.ndim == 1:
        return g * b if a.ndim == 1 else np.expand_dims(g, -1) * b
    if a.ndim == 1:
        return np.squeeze(np.matmul(np.expand_dims(g, -2), np.swapaxes(b, -1, -2)), -2)
    return np.matmul(g, np.swapaxes(b, -1, -2))


def _matmul_b(g: Value, out: Value, a: Value, b: Value) -> Value:
    if a.ndim == 1:
        return g * a if b.ndim == 1 else np.expand_dims(a, -1) * np.expand_dims(g, -2)
    if b.ndim == 1:
        return np.squeeze(np.matmul(np.swapaxes(a, -1, -2), np.expand_dims(g, -1)), -1)
    if b.ndim == 2 and a.ndim > 2:  # one product for a whole stack, in place of a stack of products to be summed
        rows = math.prod(a.shape[:-1])
        return np.matmul(np.transpose(np.reshape(a, (rows, a.shape[-1]))), np.reshape(g, (rows, g.shape[-1])))
    return np.matmul(np.swapaxes(a, -1, -2), g)


matmul.rules(_matmul_a, _matmul_b)


def dot(a: Value, b: Value) -> Value:
    """Sum of products over the last axis of one array and the last but one of the other.

    Parameters
    ----------
    a, b : Tensor or array_like
        Two vectors give their inner product, two matrices their matrix product; a number multiplies.

    Returns
    -------
    Tensor
        The remaining axes of a, then those of b.

    Raises
    ------
    ValueError
        If the lengths differ.

    Examples
    --------
    >>> dot(Tensor([1.0, 2.0]), [3.0, 4.0])
    Tensor(11.0)
    """
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return multiply(a, b)
    if np.ndim(b) <= 2:
        return matmul(a, b)
    return tensordot(a, b, ((-1,), (-2,)))


def inner(a: Value, b: Value) -> Value:
    """Sum of products over the last axes of both arrays.

    Parameters
    ----------
    a, b : Tensor or array_like
        Last axes of one length; a number multiplies.

    Returns
    -------
    Tensor
        The remaining axes of a, then those of b.

    Raises
    ------
    ValueError
        If the lengths differ.

    Examples
    --------
    >>> inner(Tensor([1.0, 2.0]), [3.0, 4.0])
    Tensor(11.0)
    """
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return multiply(a, b)
    return tensordot(a, b, ((-1,), (-1,)))


def outer(a: Value, b: Value) -> Value:
    """Every number of one array times every number of the other.

    Parameters
    ----------
    a, b : Tensor or array_like
        Any shapes; both are flattened.

    Returns
    -------
    Tensor
        Shape (a.size, b.size).

    Examples
    --------
    >>> outer(Tensor([1.0, 2.0]), [3.0, 4.0])
    Tensor([[3., 4.],
            [6., 8.]])
    """
    a, b = of_one_kind(a, b)
    return multiply(reshape(a, (math.prod(np.shape(a)), 1)), ravel(b))


def tensordot(a: Value, b: Value, axes: int | Sequence[int | Sequence[int]] = 2) -> Value:
    """Sum of products over pairs of axes.

    Parameters
    ----------
    a, b : Tensor or array_like
        Any shapes.
    axes : int or (axes of a, axes of b)
        How many: the last of a against the first of b; or which, pair by pair.

    Returns
    -------
    Tensor
        The remaining axes of a, then those of b.

    Raises
    ------
    ValueError
        If the lengths of a pair differ.

    Examples
    --------
    >>> tensordot(Tensor(np.ones((2, 3, 4))), np.ones((3, 4, 5))).shape
    (2, 5)
    """
    a, b = of_one_kind(a, b)
    m, n = np.shape(a), np.shape(b)
    if isinstance(axes, int | np.integer):
        count = int(axes)
        if count > min(len(m), len(n)):
            raise ValueError(f"tensordot: shapes {m} and {n} have no {count} axes to sum over")
        over_a, over_b = tuple(range(len(m) - count, len(m))), tuple(range(count))
    else:
        over_a, over_b = normalize_axis_tuple(axes[0], len(m)), normalize_axis_tuple(axes[1], len(n))
    if [m[i] for i in over_a] != [n[i] for i in over_b]:
        raise ValueError(f"tensordot: axes {over_a} of shape {m} and axes {over_b} of shape {n} differ in length")
    free_a = tuple(i for i in range(len(m)) if i not in over_a)
    free_b = tuple(i for i in range(len(n)) if i not in over_b)
    summed = math.prod(m[i] for i in over_a)
    rows, columns = math.prod(m[i] for i in free_a), math.prod(n[i] for i in free_b)
    left = reshape(transpose(a, free_a + over_a), (rows, summed))
    right = reshape(transpose(b, over_b + free_b), (summed, columns))
    return reshape(matmul(left, right), tuple(m[i] for i in free_a) + tuple(n[i] for i in free_b))


def trace(x: Value, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Value:
    """Sum of a diagonal.

    Parameters
    ----------
    x : Tensor or array_like
        At least 2-D.
    offset : int
        Above the main diagonal if positive, below if negative.
    axis1, axis2 : int
        The rows and columns.

    Returns
    -------
    Tensor
        Without the two axes.

    Examples
    --------
    >>> trace(Tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor(5.0)
    """
    return sum(diagonal(x, offset, axis1, axis2), -1)


def vdot(a: Value, b: Value) -> Value:
    """Sum of products of all numbers of one array with those of the other.

    Parameters
    ----------
    a, b : Tensor or array_like
        Of one size; both are flattened.

    Returns
    -------
    Tensor
        0-d.

    Raises
    ------
    ValueError
        If the sizes differ.

    Examples
    --------
    >>> vdot(Tensor([[1.0, 2.0]]), [3.0, 4.0])
    Tensor(11.0)
    """
    if np.size(a) != np.size(b):
        raise ValueError(f"vdot: needs two arrays of one size, got shapes {np.shape(a)} and {np.shape(b)}")
    return matmul(ravel(a), ravel(b))


def cross(a: Value, b: Value, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Value:
    """Vector product in space: orthogonal to both vectors.

    Parameters
    ----------
    a, b : Tensor or array_like
        Three numbers along an axis; the other axes broadcast.
    axisa, axisb, axisc : int
        The vectors' axis in a, in b and in the result.
    axis : int, optional
        The axis in all three.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If the vectors have other than three components.

    Examples
    --------
    >>> cross(Tensor([1.0, 0.0, 0.0]), [0.0, 1.0, 0.0])
    Tensor([0., 0., 1.])
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    m, n = np.shape(a), np.shape(b)
    if not m or not n or m[normalize_axis_index(axisa, len(m))] != 3 or n[normalize_axis_index(axisb, len(n))] != 3:
        raise ValueError(f"cross: needs vectors of 3 components, got shapes {m} and {n} with axes {axisa} and {axisb}")
    a, b = moveaxis(a, axisa, -1), moveaxis(b, axisb, -1)
    product = multiply(roll(a, -1, -1), roll(b, -2, -1)) - multiply(roll(a, -2, -1), roll(b, -1, -1))
    return moveaxis(product, -1, axisc)


def kron(a: Value, b: Value) -> Value:
    """Kronecker product: a block for each number of a, which is that number times b.

    Parameters
    ----------
    a, b : Tensor or array_like
        Any shapes; the one with fewer axes gets new ones in front.

    Returns
    -------
    Tensor
        Each axis as long as those of a and b multiplied.

    Examples
    --------
    >>> kron(Tensor([1.0, 10.0]), [1.0, 2.0])
    Tensor([ 1.,  2., 10., 20.])
    """
    a, b = of_one_kind(a, b)
    ndim = max(np.ndim(a), np.ndim(b))
    m = (1,) * (ndim - np.ndim(a)) + np.shape(a)
    n = (1,) * (ndim - np.ndim(b)) + np.shape(b)
    blocks = multiply(reshape(a, [k for size in m for k in (size, 1)]), reshape(b, [k for size in n for k in (1, size)]))
    return reshape(blocks, [math.prod(pair) for pair in zip(m, n, strict=True)])


def vander(x: Value, N: int | None = None, increasing: bool = False) -> Value:  # noqa: N803
    """Powers of each number in a row: the matrix of a polynomial fit.

    Parameters
    ----------
    x : Tensor or array_like
        Shape (M,).
    N : int, optional
        How many powers; as many as there are numbers if left out.
    increasing : bool
        From the zeroth power on, in place of down to it.

    Returns
    -------
    Tensor
        Shape (M, N).

    Raises
    ------
    ValueError
        If x is not 1-D.

    Examples
    --------
    >>> vander(Tensor([2.0, 3.0]), 3)
    Tensor([[4., 2., 1.],
            [9., 3., 1.]])
    """
    shape = np.shape(x)
    if len(shape) != 1:
        raise ValueError(f"vander: needs a vector, got shape {shape}")
    powers = np.arange(shape[0] if N is None else N)
    return power(expand_dims(x, -1), (powers if increasing else powers[::-1]).astype(np.asarray(value_of(x)).dtype))
