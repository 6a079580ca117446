"""Sizes of arrays, as pictures of networks show them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np


def norm(arrays: Collection[Any]) -> float:
    """The Euclidean norm of all elements together; it neither overflows nor underflows on the way.

    Examples
    --------
    >>> norm([np.array([3.0, 0.0]), 4.0]), norm([1e-300]), norm([])
    (5.0, 1e-300, 0.0)
    """
    arrays = _joined(arrays)
    most = max((float(np.max(np.abs(a), initial=0.0)) for a in arrays), default=0.0)
    if not 0 < most < np.inf:
        return most
    parts = [np.abs(np.asarray(a)).astype(np.float64).ravel() / most for a in arrays]
    return most * float(np.sqrt(sum(part @ part for part in parts)))


def share_of_zeros(arrays: Collection[Any]) -> float:
    """The share of the elements that are exactly 0; 0 if there are none.

    Examples
    --------
    >>> share_of_zeros([np.array([0.0, 1.0]), np.array([0.0, 0.0])])
    0.75
    """
    arrays = _joined(arrays)
    count = sum(np.size(a) for a in arrays)
    return 1 - sum(int(np.count_nonzero(a)) for a in arrays) / count if count else 0.0


def _joined(arrays: Collection[Any]) -> list[Any]:
    """The arrays, all scalars in one: there may be a million of them."""
    scalars = [a for a in arrays if not np.ndim(a)]
    return [a for a in arrays if np.ndim(a)] + [np.array(scalars)] * bool(scalars)


def percent(share: float) -> str:
    """A share for reading; only 0 and 1 themselves are 0 % and 100 %.

    Examples
    --------
    >>> [percent(x) for x in (0, 0.0004, 0.123, 0.9999, 1)]
    ['0 %', '< 1 %', '12 %', '> 99 %', '100 %']
    """
    if 0 < share < 0.01:
        return "< 1 %"
    return "> 99 %" if 0.99 < share < 1 else f"{share:.0%}".replace("%", " %")
