"""Student's t distribution."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import ops
from minigrad.graph import ArrayLike, array_of
from minigrad.operation import composed
from minigrad.special import betaln
from minigrad.stats.support import alike, everywhere, positive, standardised

if TYPE_CHECKING:
    from minigrad.graph import Tensor


@composed
def logpdf(x: ArrayLike, df: ArrayLike, loc: ArrayLike = 0.0, scale: ArrayLike = 1.0) -> Tensor:
    """Log-density of Student's t distribution with `df` degrees of freedom; with infinitely many, the normal one.

    >>> print(f"{logpdf(Tensor(1.0), 3.0):.4f}")
    -1.5763
    """
    x, df, loc, scale = alike(x, df, loc, scale)
    df = positive(df)
    z, log_scale = standardised(x, loc, scale)
    squared, finite = ops.square(z), array_of(df) != np.inf
    if everywhere(finite):
        return ops.subtract(_standard(squared, df), log_scale)
    normal = ops.subtract(ops.multiply(-0.5, squared), math.log(2 * math.pi) / 2)
    return ops.subtract(ops.where(finite, _standard(squared, ops.where(finite, df, 1.0)), normal), log_scale)


def _standard(squared: Any, df: Any) -> Any:
    """Log-density of a standardised value, given its square."""
    tail = ops.multiply(ops.divide(ops.add(df, 1.0), 2.0), ops.log1p(ops.divide(squared, df)))
    return ops.subtract(_at_zero(df), tail)


def _at_zero(df: Any) -> Any:
    """Log-density at 0, −log(df)/2 − log B(df/2, ½); of many degrees of freedom by Stirling's series, for it cancels."""
    many = array_of(df) > 100  # where the next term, of 1/df⁹, is below rounding
    if everywhere(many):
        return _stirling(df)
    if everywhere(~many):
        return _by_beta(df)
    return ops.where(many, _stirling(ops.where(many, df, 101.0)), _by_beta(ops.where(many, 1.0, df)))


def _by_beta(df: Any) -> Any:
    return ops.negative(ops.add(betaln(ops.divide(df, 2.0), 0.5), ops.divide(ops.log(df), 2.0)))


def _stirling(df: Any) -> Any:
    h = ops.divide(1.0, df)
    squared = ops.square(h)
    series = ops.add(ops.multiply(squared, 17 / 112), -1 / 20)
    series = ops.add(ops.multiply(squared, series), 1 / 24)
    series = ops.add(ops.multiply(squared, series), -1 / 4)
    return ops.subtract(ops.multiply(h, series), math.log(2 * math.pi) / 2)
