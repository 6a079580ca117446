"""The beta distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minigrad import ops
from minigrad.graph import ArrayLike
from minigrad.operation import composed
from minigrad.special import betaln, xlog1py, xlogy
from minigrad.stats.support import alike, beyond, positive, standardised, where_supported

if TYPE_CHECKING:
    from minigrad.graph import Tensor


@composed
def logpdf(x: ArrayLike, a: ArrayLike, b: ArrayLike, loc: ArrayLike = 0.0, scale: ArrayLike = 1.0) -> Tensor:
    """Log-density of the beta distribution, of x from loc to loc + scale.

    >>> print(f"{logpdf(Tensor(0.5), 2.0, 3.0):.4f}")
    0.4055
    """
    x, a, b, loc, scale = alike(x, a, b, loc, scale)
    a, b = positive(a), positive(b)
    z, log_scale = standardised(x, loc, positive(scale))
    constant, before, after = ops.add(betaln(a, b), log_scale), ops.subtract(a, 1.0), ops.subtract(b, 1.0)
    return where_supported(
        beyond(z, 0, 1),
        z,
        0.5,
        lambda y: ops.subtract(ops.add(xlogy(before, y), xlog1py(after, ops.negative(y))), constant),
        a,
        b,
    )
