"""Products made of other products: of vectors in space, of blocks, and tables of powers."""

from __future__ import annotations

import math

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from minigrad.graph import Value, value_of
from minigrad.ops.elementwise import multiply, power
from minigrad.ops.linalg import _of_one_kind, matmul
from minigrad.ops.shape import expand_dims, moveaxis, ravel, reshape, roll


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
    a, b = _of_one_kind(a, b)
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
