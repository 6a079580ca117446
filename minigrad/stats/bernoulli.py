"""The Bernoulli distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minigrad import ops
from minigrad.graph import ArrayLike
from minigrad.operation import composed
from minigrad.special import xlog1py, xlogy
from minigrad.stats.support import count_dtype, counts, in_floats, not_whole, valid, where_supported

if TYPE_CHECKING:
    from minigrad.graph import Tensor


@composed
def logpmf(k: ArrayLike, p: ArrayLike, loc: ArrayLike = 0.0) -> Tensor:
    """Log-probability of k = 1, which is log(p), or of k = 0, which is log(1 − p); of any other k, −∞.

    >>> print(f"{logpmf(1, Tensor(0.25)):.4f}")
    -1.3863
    """
    n = counts(k, loc)
    dtype = count_dtype(k, loc, p)
    q = valid(in_floats(p, dtype), lambda v: (v >= 0) & (v <= 1))
    return where_supported(
        not_whole(n) | (n > 1),
        n.astype(dtype),
        0.0,
        lambda n: ops.add(xlogy(n, q), xlog1py(ops.subtract(1.0, n), ops.negative(q))),
        q,
    )
