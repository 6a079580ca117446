"""Averages, ranges, covariances and correlations."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from minigrad.graph import ArrayLike, Value, value_of
from minigrad.operation import composed
from minigrad.ops.elementwise import divide, multiply, sqrt
from minigrad.ops.indexing import diagonal
from minigrad.ops.joining import concatenate
from minigrad.ops.linalg import matmul
from minigrad.ops.reduce import Axis, max, mean, min, sum
from minigrad.ops.shape import expand_dims, reshape, squeeze, transpose

if TYPE_CHECKING:
    from minigrad.graph import Tensor


@composed
def average(x: ArrayLike, axis: Axis = None, weights: ArrayLike | None = None, *, keepdims: bool = False) -> Tensor:
    """Mean, or weighted mean, Σ w x / Σ w; the weights receive gradients too.

    >>> average(Tensor([1.0, 2.0]), weights=[1.0, 3.0])
    Tensor(1.75)
    """
    if weights is None:
        return mean(x, axis, keepdims=keepdims)
    shape, given = np.shape(x), np.shape(weights)
    if given != shape:
        if not isinstance(axis, int | np.integer) or given != (shape[axis],):
            raise ValueError(f"weights of shape {given} fit neither x of shape {shape} nor its axis {axis}")
        weights = reshape(weights, (-1, *(1,) * (len(shape) - 1 - axis % len(shape))))
    total = sum(multiply(x, weights), axis, keepdims=keepdims)
    scale = sum(multiply(weights, np.ones(shape, np.asarray(value_of(weights)).dtype)), axis, keepdims=keepdims)
    return divide(total, scale)


@composed
def ptp(x: ArrayLike, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """Range, max − min; ties split the gradient evenly.

    >>> ptp(Tensor([1.0, 6.0, 2.0]))
    Tensor(5.0)
    """
    return max(x, axis, keepdims=keepdims) - min(x, axis, keepdims=keepdims)


@composed
def cov(
    m: ArrayLike, y: ArrayLike | None = None, rowvar: bool = True, bias: bool = False, ddof: int | None = None
) -> Tensor:
    """Covariance matrix of the variables in the rows, or in the columns if `rowvar` is false.

    Observation weights are not supported.

    >>> cov(Tensor([[1.0, 2.0, 3.0], [1.0, 4.0, 7.0]]))
    Tensor([[1., 3.],
            [3., 9.]])
    """
    rows = _variables(m, rowvar)
    if y is not None:
        rows = concatenate([rows, _variables(y, rowvar)], 0)
    deviations = rows - mean(rows, 1, keepdims=True)
    divisor = np.shape(rows)[1] - ((0 if bias else 1) if ddof is None else ddof)
    return squeeze(matmul(deviations, transpose(deviations)) / divisor)


def _variables(m: Value, rowvar: bool) -> Value:
    if np.ndim(m) > 2:
        raise ValueError(f"needs one axis or two, got shape {np.shape(m)}")
    if np.ndim(m) < 2:
        return reshape(m, (1, math.prod(np.shape(m))))
    return m if rowvar else transpose(m)


@composed
def corrcoef(x: ArrayLike, y: ArrayLike | None = None, rowvar: bool = True) -> Tensor:
    """Correlation matrix: covariances divided by both standard deviations.

    >>> corrcoef(Tensor([[1.0, 2.0, 3.0], [1.0, 4.0, 7.0]]))
    Tensor([[1., 1.],
            [1., 1.]])
    """
    c = cov(x, y, rowvar)
    if np.ndim(c) == 0:
        return c / c
    deviation = sqrt(diagonal(c))
    return c / expand_dims(deviation, -1) / deviation
