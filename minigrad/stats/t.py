"""Student's t distribution."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from minigrad import ops
from minigrad.graph import ArrayLike
from minigrad.operation import composed
from minigrad.special import gammaln
from minigrad.stats.support import standardised

if TYPE_CHECKING:
    from minigrad.graph import Tensor


@composed
def logpdf(x: ArrayLike, df: ArrayLike, loc: ArrayLike = 0.0, scale: ArrayLike = 1.0) -> Tensor:
    """Log-density of Student's t distribution with `df` degrees of freedom.

    >>> print(f"{logpdf(Tensor(1.0), 3.0):.4f}")
    -1.5763
    """
    z, log_scale = standardised(x, loc, scale)
    half = ops.divide(ops.add(df, 1.0), 2.0)
    constant = ops.subtract(gammaln(half), gammaln(ops.divide(df, 2.0)))
    constant = ops.subtract(constant, ops.divide(ops.log(ops.multiply(df, math.pi)), 2.0))
    tail = ops.multiply(half, ops.log1p(ops.divide(ops.square(z), df)))
    return ops.subtract(ops.subtract(constant, tail), log_scale)
