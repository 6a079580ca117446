"""The norms of the array API, which know from their names whether they measure vectors or matrices."""

from __future__ import annotations

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from minigrad.graph import Value
from minigrad.ops.linalg import _vector_norm, norm
from minigrad.ops.reduce import Axis


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
