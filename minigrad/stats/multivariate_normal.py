"""The normal distribution of vectors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from minigrad import linalg, ops
from minigrad.graph import ArrayLike, array_of
from minigrad.operation import composed
from minigrad.stats.support import alike

if TYPE_CHECKING:
    from minigrad.graph import Tensor


@composed
def logpdf(x: ArrayLike, mean: ArrayLike = 0.0, cov: ArrayLike = 1.0) -> Tensor:
    """Log-density of the multivariate normal distribution, −(x − mean)ᵀ cov⁻¹ (x − mean)/2 − log(det(2π cov))/2.

    Parameters
    ----------
    x, mean : array_like
        Vectors along the last axis; a scalar is a vector of one element.
    cov : array_like
        The covariance, (..., D, D) and positive definite; a vector is its diagonal, a scalar a multiple of the identity.

    Examples
    --------
    >>> print(f"{logpdf(Tensor([1.0, 0.0]), cov=[[2.0, 1.0], [1.0, 2.0]]):.4f}")
    -2.7205
    """
    x, mean, cov = alike(x, mean, cov)
    difference = ops.subtract(x, mean)
    if np.ndim(difference) == 0:
        difference = ops.expand_dims(difference, 0)
    size = np.shape(difference)[-1]
    if np.ndim(cov) < 2:
        cov = ops.multiply(np.eye(size, dtype=array_of(cov).dtype), cov)
    if np.shape(cov)[-2:] != (size, size):
        raise ValueError(f"cov of shape {np.shape(cov)} should be ({size}, {size}) for vectors of {size} elements")
    factor = linalg.cholesky(cov)
    z = linalg.solve(factor, ops.expand_dims(difference, -1))[..., 0]
    log_det = ops.multiply(2.0, ops.sum(ops.log(ops.diagonal(factor, 0, -2, -1)), -1))
    squared = ops.sum(ops.square(z), -1)
    return ops.multiply(-0.5, ops.add(ops.add(squared, log_det), size * math.log(2 * math.pi)))
