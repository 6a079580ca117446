"""Dropout."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from minigrad.graph import ArrayLike, Value, value_of
from minigrad.operation import composed, op, static_value
from minigrad.ops.dtypes import floats

if TYPE_CHECKING:
    from minigrad.graph import Tensor


@op(hidden=("kept", "divisor"), formulas=("upstream where x was kept, scaled alike, else 0",))
def _dropout(x: Value, /, kept: Value, divisor: float) -> Value:
    """Keep some elements, scaled up, and set the others to 0."""
    out = x * kept
    out /= divisor
    return out


_dropout.rules(lambda g, out, x, kept, divisor: _dropout(g, kept, divisor))


@composed
def dropout(x: ArrayLike, p: float = 0.5, training: bool = True, *, rng: np.random.Generator | None = None) -> Tensor:
    """Inverted dropout: set each element to 0 with probability p, and divide the others by 1 - p to keep the expected value.

    If not training, or with p = 0, x is returned as it is; with p = 1 all is 0 (Srivastava et al., Dropout, 2014).

    Parameters
    ----------
    rng : numpy.random.Generator, optional
        Its draws decide; a fresh ``numpy.random.default_rng()`` if omitted, so that no two runs are alike.

    Examples
    --------
    >>> dropout(Tensor([1.0, 2.0, 3.0, 4.0]), 0.5, rng=np.random.default_rng(6))
    Tensor([0., 4., 6., 0.])
    """
    p = static_value("p", p)
    if not 0 <= p <= 1:
        raise ValueError(f"p is a probability, from 0 to 1, got {p!r}")
    if not training or p == 0:
        return cast("Tensor", x)
    rng = np.random.default_rng() if rng is None else rng
    kept = rng.random(np.shape(value_of(x)), np.float32) >= p
    (x,) = floats(x)
    return _dropout(x, kept=kept, divisor=1 - p or 1.0)
