"""The Poisson distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minigrad import ops
from minigrad.graph import ArrayLike
from minigrad.operation import composed
from minigrad.special import gammaln, xlogy
from minigrad.stats.support import counts, where_supported, whole

if TYPE_CHECKING:
    from minigrad.graph import Tensor


@composed
def logpmf(k: ArrayLike, mu: ArrayLike, loc: ArrayLike = 0.0) -> Tensor:
    """Log-probability of k events where mu are expected; of what is not a whole number from loc up, −∞.

    >>> print(f"{logpmf(2, Tensor(3.0)):.4f}")
    -1.4959
    """
    n = counts(k, loc)
    return where_supported(
        whole(n), n, 0.0, lambda n: ops.subtract(ops.subtract(xlogy(n, mu), mu), gammaln(ops.add(n, 1.0)))
    )
