"""The normal distribution."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from minigrad import ops
from minigrad.graph import ArrayLike
from minigrad.operation import composed
from minigrad.stats.support import alike, standardised

if TYPE_CHECKING:
    from minigrad.graph import Tensor


@composed
def logpdf(x: ArrayLike, loc: ArrayLike = 0.0, scale: ArrayLike = 1.0) -> Tensor:
    """Log-density of the normal distribution, −z²/2 − log(scale) − log(2π)/2 with z = (x − loc)/scale.

    >>> print(f"{logpdf(Tensor(1.0)):.4f}")
    -1.4189
    """
    z, log_scale = standardised(*alike(x, loc, scale))
    return ops.subtract(ops.multiply(-0.5, ops.square(z)), ops.add(log_scale, math.log(2 * math.pi) / 2))
