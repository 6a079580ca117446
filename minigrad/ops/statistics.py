"""Averages, ranges, covariances and correlations."""

from __future__ import annotations

import builtins
import math
from typing import TYPE_CHECKING, Literal, overload

import numpy as np

from minigrad.graph import ArrayLike, Node, Value, array_of
from minigrad.operation import composed
from minigrad.ops.complex import real
from minigrad.ops.creation import full_like
from minigrad.ops.dtypes import astype, conjugated, is_complex
from minigrad.ops.elementwise import divide, multiply, sqrt
from minigrad.ops.indexing import diagonal
from minigrad.ops.joining import concatenate
from minigrad.ops.linalg import matmul
from minigrad.ops.reduce import Axis, max, mean, min, sum
from minigrad.ops.shape import broadcast_to, expand_dims, reshape, squeeze, transpose

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from minigrad.graph import Tensor


@overload
def average(
    x: ArrayLike,
    axis: Axis = None,
    weights: ArrayLike | None = None,
    returned: Literal[False] = False,
    *,
    keepdims: bool = False,
) -> Tensor: ...
@overload
def average(
    x: ArrayLike,
    axis: Axis = None,
    weights: ArrayLike | None = None,
    *,
    returned: Literal[True],
    keepdims: bool = False,
) -> tuple[Tensor, Tensor]: ...
@composed
def average(
    x: ArrayLike, axis: Axis = None, weights: ArrayLike | None = None, returned: bool = False, *, keepdims: bool = False
) -> Tensor | tuple[Tensor, Tensor]:
    """Mean, or weighted mean, Σ w x / Σ w; the weights receive gradients too.

    With `returned`, the mean and the sum of the weights.

    >>> average(Tensor([1.0, 2.0]), weights=[1.0, 3.0])
    Tensor(1.75)
    """
    if weights is None:
        found = mean(x, axis, keepdims=keepdims)
        count = np.size(x) / builtins.max(1, np.size(found))
        return (found, full_like(found, count)) if returned else found
    shape, given = np.shape(x), np.shape(weights)
    half = all(array_of(v).dtype == np.float16 for v in (x, weights))
    if half:  # their sums may exceed what float16 holds
        x, weights = astype(x, np.float32), astype(weights, np.float32)
    if given != shape:
        if not isinstance(axis, int | np.integer) or given != (shape[axis],):
            raise ValueError(f"weights of shape {given} fit neither x of shape {shape} nor its axis {axis}")
        weights = reshape(weights, (-1, *(1,) * (len(shape) - 1 - axis % len(shape))))
    total = sum(multiply(x, weights), axis, keepdims=keepdims)
    scale = sum(multiply(weights, np.ones(shape, array_of(weights).dtype)), axis, keepdims=keepdims)
    found = divide(total, scale)
    if half:
        found = astype(found, np.float16)
        scale = astype(scale, np.float16) if returned else scale
    return (found, broadcast_to(scale, np.shape(found))) if returned else found


@composed
def ptp(x: ArrayLike, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """Range, max − min; ties split the gradient evenly.

    >>> ptp(Tensor([1.0, 6.0, 2.0]))
    Tensor(5.0)
    """
    return max(x, axis, keepdims=keepdims) - min(x, axis, keepdims=keepdims)


@composed
def cov(
    m: ArrayLike,
    y: ArrayLike | None = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: ArrayLike | None = None,
    aweights: ArrayLike | None = None,
    *,
    dtype: DTypeLike | None = None,
) -> Tensor:
    """Covariance matrix of the variables in the rows, or in the columns if `rowvar` is false.

    `aweights`, the weights of the observations, receive gradients too; `fweights` are counts.

    >>> cov(Tensor([[1.0, 2.0, 3.0], [1.0, 4.0, 7.0]]))
    Tensor([[1., 3.],
            [3., 9.]])
    """
    rows = _variables(m, rowvar)
    if y is not None:
        rows = concatenate([rows, _variables(y, rowvar)], 0)
    if dtype is not None:
        rows = astype(rows, dtype)
    ddof = (0 if bias else 1) if ddof is None else ddof
    if fweights is None and aweights is None:
        deviations = rows - mean(rows, 1, keepdims=True)
        return squeeze(matmul(deviations, conjugated(transpose(deviations))) / (np.shape(rows)[1] - ddof))
    counts = _weights(fweights, "fweights", rows)
    if np.any(counts != np.round(counts)):
        raise TypeError("fweights count observations: they are integers")
    weights = multiply(counts, _weights(aweights, "aweights", rows))
    total = sum(weights)
    divisor = total - ddof * (1 if aweights is None else sum(multiply(weights, aweights)) / total)
    deviations = rows - sum(multiply(rows, weights), 1, keepdims=True) / total
    return squeeze(matmul(deviations, conjugated(transpose(multiply(deviations, weights)))) / divisor)


def _weights(weights: Value, name: str, rows: Value) -> Value:
    """The weights of observations; 1 for each if there are none."""
    shape = (np.shape(rows)[1],)
    if weights is None:
        return np.ones(shape, array_of(rows).dtype)
    if np.shape(weights) != shape or np.any(array_of(weights) < 0):
        raise ValueError(f"{name} must not be negative, and of shape {shape}, one for each observation")
    return weights if isinstance(weights, Node) else np.asarray(weights)


def _variables(m: Value, rowvar: bool) -> Value:
    if np.ndim(m) > 2:
        raise ValueError(f"needs one axis or two, got shape {np.shape(m)}")
    if np.ndim(m) < 2:
        return reshape(m, (1, math.prod(np.shape(m))))
    return m if rowvar else transpose(m)


@composed
def corrcoef(x: ArrayLike, y: ArrayLike | None = None, rowvar: bool = True, *, dtype: DTypeLike | None = None) -> Tensor:
    """Correlation matrix: covariances divided by both standard deviations.

    >>> corrcoef(Tensor([[1.0, 2.0, 3.0], [1.0, 4.0, 7.0]]))
    Tensor([[1., 1.],
            [1., 1.]])
    """
    c = cov(x, y, rowvar, dtype=dtype)
    if np.ndim(c) == 0:
        return c / c
    variances = diagonal(c)
    deviation = sqrt(real(variances) if is_complex(c) else variances)
    return c / expand_dims(deviation, -1) / deviation
