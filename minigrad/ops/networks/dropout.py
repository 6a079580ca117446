"""Dropout."""

from __future__ import annotations

import numpy as np

from minigrad.graph import Value, value_of
from minigrad.operation import op
from minigrad.ops.dtypes import floats


@op()
def _dropout(x: Value, /, kept: Value, divisor: float) -> Value:
    """Keep some numbers, scaled up, and put 0 for the others."""
    out = x * kept
    out /= divisor
    return out


_dropout.rules(lambda g, out, x, kept, divisor: _dropout(g, kept, divisor))


def dropout(x: Value, p: float = 0.5, training: bool = True, *, rng: np.random.Generator | None = None) -> Value:
    """Put 0 for each number with probability p, and divide the others by 1 - p, so that the expected value stays.

    Parameters
    ----------
    x : Tensor or array_like
        Any shape.
    p : float
        From 0, which keeps everything as it is, to 1, which leaves only zeros.
    training : bool
        If false, x is returned as it is.
    rng : numpy.random.Generator, optional
        Where chance comes from; if left out, a fresh ``numpy.random.default_rng()``, so that no two runs are alike.

    Returns
    -------
    Tensor
        Of x's shape.

    Raises
    ------
    ValueError
        If p is not a probability.

    Notes
    -----
    Srivastava et al., Dropout, 2014, section 10: scaled while training, so that nothing is to do afterwards.

    Examples
    --------
    >>> dropout(Tensor([1.0, 2.0, 3.0, 4.0]), 0.5, rng=np.random.default_rng(6))
    Tensor([0., 4., 6., 0.])
    """
    if not 0 <= p <= 1:
        raise ValueError(f"dropout: p is a probability, from 0 to 1, got {p!r}")
    if not training or p == 0:
        return x
    rng = np.random.default_rng() if rng is None else rng
    kept = rng.random(np.shape(value_of(x)), np.float32) >= p
    (x,) = floats("dropout", x)
    return _dropout(x, kept=kept, divisor=1 - p or 1.0)
