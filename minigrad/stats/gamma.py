"""The gamma distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minigrad import ops
from minigrad.graph import ArrayLike
from minigrad.operation import composed
from minigrad.special import gammaln, xlogy
from minigrad.stats.support import alike, beyond, positive, standardised, where_supported

if TYPE_CHECKING:
    from minigrad.graph import Tensor


@composed
def logpdf(x: ArrayLike, a: ArrayLike, loc: ArrayLike = 0.0, scale: ArrayLike = 1.0) -> Tensor:
    """Log-density of the gamma distribution of shape `a`; of rate b with ``scale=1 / b``.

    >>> print(f"{logpdf(Tensor(2.0), 3.0):.4f}")
    -1.3069
    """
    x, a, loc, scale = alike(x, a, loc, scale)
    a = positive(a)
    z, log_scale = standardised(x, loc, positive(scale))
    constant = ops.add(gammaln(a), log_scale)
    return where_supported(
        beyond(z, 0),
        z,
        1.0,
        lambda y: ops.subtract(ops.subtract(xlogy(ops.subtract(a, 1.0), y), y), constant),
        a,
    )
