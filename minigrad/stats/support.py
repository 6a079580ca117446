"""What the densities share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import ops
from minigrad.graph import ArrayLike, Value, array_of, value_of
from minigrad.operation import static_value

if TYPE_CHECKING:
    from minigrad.graph import Tensor


def standardised(x: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> tuple[Any, Any]:
    """(x − loc) / scale, and the logarithm of the scale, which the log-density is less by."""
    return ops.divide(ops.subtract(x, loc), scale), ops.log(scale)


def where_supported(inside: Value, x: Any, inner: float, density: Callable[[Any], Any]) -> Tensor:
    """The log-density inside the support and −∞ outside, where it is computed at `inner` so that no gradient is nan."""
    if np.all(inside):
        return density(x)  # type: ignore[no-any-return]
    return ops.where(inside, density(ops.where(inside, x, inner)), -np.inf)


def counts(k: ArrayLike, loc: ArrayLike) -> Value:
    """The counts of a discrete distribution, which are not differentiated, as floats."""
    return np.asarray(np.subtract(static_value("k", k), static_value("loc", loc)), float)


def whole(k: Value) -> Value:
    """Where counts are whole numbers of at least 0."""
    return (k >= 0) & (k == np.floor(k))


def between(x: Any, low: float, high: float = np.inf) -> Value:
    """Where a value lies in an interval, its ends included."""
    v = array_of(value_of(x))
    return (v >= low) & (v <= high)
