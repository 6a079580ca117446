"""Weighted means, ranges, covariances and correlations."""

from __future__ import annotations

import math

import numpy as np

from minigrad.graph import Value, value_of
from minigrad.ops.elementwise import divide, multiply, sqrt
from minigrad.ops.indexing import diagonal
from minigrad.ops.joining import concatenate
from minigrad.ops.linalg import matmul
from minigrad.ops.reduce import Axis, documented, max, mean, min, sum
from minigrad.ops.shape import expand_dims, reshape, squeeze, transpose


def average(x: Value, axis: Axis = None, weights: Value = None, *, keepdims: bool = False) -> Value:
    """Mean, or weighted mean.

    Parameters
    ----------
    x : Tensor or array_like
        Any shape.
    axis : int, tuple of int or None
        Along which axes; None for all of them.
    weights : Tensor or array_like, optional
        Of x's shape, or 1-D as long as the one axis. They receive gradients too.
    keepdims : bool
        Keep the reduced axes, with length 1.

    Returns
    -------
    Tensor
        Without the reduced axes, or with length 1 there.

    Raises
    ------
    ValueError
        If the weights do not fit.

    Examples
    --------
    >>> average(Tensor([1.0, 2.0]), weights=[1.0, 3.0])
    Tensor(1.75)
    """
    if weights is None:
        return mean(x, axis, keepdims=keepdims)
    shape, given = np.shape(x), np.shape(weights)
    if given != shape:
        if not isinstance(axis, int | np.integer) or given != (shape[axis],):
            raise ValueError(f"average: weights of shape {given} fit neither x of shape {shape} nor its axis {axis}")
        weights = reshape(weights, (-1, *(1,) * (len(shape) - 1 - axis % len(shape))))
    total = sum(multiply(x, weights), axis, keepdims=keepdims)
    scale = sum(multiply(weights, np.ones(shape, np.asarray(value_of(weights)).dtype)), axis, keepdims=keepdims)
    return divide(total, scale)


@documented
def ptp(x: Value, axis: Axis = None, *, keepdims: bool = False) -> Value:
    """Largest number less the smallest; equals share the gradient evenly.

    Examples
    --------
    >>> ptp(Tensor([1.0, 6.0, 2.0]))
    Tensor(5.0)
    """
    return max(x, axis, keepdims=keepdims) - min(x, axis, keepdims=keepdims)


def cov(m: Value, y: Value = None, rowvar: bool = True, bias: bool = False, ddof: int | None = None) -> Value:
    """Covariance matrix of several variables.

    Parameters
    ----------
    m : Tensor or array_like
        1-D, one variable; or 2-D, a variable in each row.
    y : Tensor or array_like, optional
        More variables, in the same arrangement.
    rowvar : bool
        If false, a variable stands in each column.
    bias : bool
        Divide by the number of observations in place of one less.
    ddof : int, optional
        Divide by the number of observations less this.

    Returns
    -------
    Tensor
        Square, with a row for each variable; 0-d for one.

    Raises
    ------
    ValueError
        If there are more than two axes.

    Examples
    --------
    >>> cov(Tensor([[1.0, 2.0, 3.0], [1.0, 4.0, 7.0]]))
    Tensor([[1., 3.],
            [3., 9.]])
    """
    rows = _variables(m, rowvar)
    if y is not None:
        rows = concatenate([rows, _variables(y, rowvar)], 0)
    off = rows - mean(rows, 1, keepdims=True)
    divisor = np.shape(off)[1] - ((0 if bias else 1) if ddof is None else ddof)
    return squeeze(matmul(off, transpose(off)) / divisor)


def _variables(m: Value, rowvar: bool) -> Value:
    if np.ndim(m) > 2:
        raise ValueError(f"cov: needs one axis or two, got shape {np.shape(m)}")
    if np.ndim(m) < 2:
        return reshape(m, (1, math.prod(np.shape(m))))
    return m if rowvar else transpose(m)


def corrcoef(x: Value, y: Value = None, rowvar: bool = True) -> Value:
    """Correlation coefficients of several variables: their covariances over their standard deviations.

    Parameters
    ----------
    x : Tensor or array_like
        1-D, one variable; or 2-D, a variable in each row.
    y : Tensor or array_like, optional
        More variables, in the same arrangement.
    rowvar : bool
        If false, a variable stands in each column.

    Returns
    -------
    Tensor
        Square, with a row for each variable; 0-d for one.

    Raises
    ------
    ValueError
        If there are more than two axes.

    Examples
    --------
    >>> corrcoef(Tensor([[1.0, 2.0, 3.0], [1.0, 4.0, 7.0]]))
    Tensor([[1., 1.],
            [1., 1.]])
    """
    c = cov(x, y, rowvar)
    if np.ndim(c) == 0:
        return c / c
    spread = sqrt(diagonal(c))
    return c / expand_dims(spread, -1) / spread
