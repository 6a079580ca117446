"""The Poisson distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minigrad import ops
from minigrad.graph import ArrayLike
from minigrad.operation import composed
from minigrad.special import gammaln, xlogy
from minigrad.stats.support import count_dtype, counts, in_floats, not_whole, valid, where_supported

if TYPE_CHECKING:
    from minigrad.graph import Tensor


@composed
def logpmf(k: ArrayLike, mu: ArrayLike, loc: ArrayLike = 0.0) -> Tensor:
    """Log-probability of k events where mu are expected; of what is not a whole number from loc up, −∞.

    >>> print(f"{logpmf(2, Tensor(3.0)):.4f}")
    -1.4959
    """
    n = counts(k, loc)
    dtype = count_dtype(k, loc, mu)
    mean = valid(in_floats(mu, dtype), lambda v: v >= 0)
    return where_supported(
        not_whole(n),
        n.astype(dtype),
        0.0,
        lambda n: ops.subtract(ops.subtract(xlogy(n, mean), mean), gammaln(ops.add(n, 1.0))),
        mean,
    )
