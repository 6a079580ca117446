"""What brings numbers along an axis to a common scale."""

from __future__ import annotations

import numpy as np

from minigrad.graph import Value, op


@op()
def softmax(x: Value, /, axis: int | tuple[int, ...] = -1) -> Value:
    """Exponentials along an axis, scaled to sum to 1; exact for any inputs, however large.

    The Jacobian is full: out[k] (1 if k = i else 0, less out[i]).

    Parameters
    ----------
    x : Tensor or array_like
        At least 1-D.
    axis : int or tuple of int
        Along which axes the sum is 1.

    Returns
    -------
    Tensor
        Of x's shape.

    Examples
    --------
    >>> softmax(Tensor([1e4, 1e4]))
    Tensor([0.5, 0.5])
    """
    out = np.exp(x - np.max(x, axis=axis, keepdims=True, initial=-np.inf))
    return out / np.sum(out, axis=axis, keepdims=True)


softmax.rules(lambda g, out, x, axis: out * (g - np.sum(g * out, axis=axis, keepdims=True)))


@op()
def log_softmax(x: Value, /, axis: int | tuple[int, ...] = -1) -> Value:
    """Logarithm of the softmax, finite where the softmax itself is 0.

    Parameters
    ----------
    x : Tensor or array_like
        At least 1-D.
    axis : int or tuple of int
        Along which axes the softmax sums to 1.

    Returns
    -------
    Tensor
        Of x's shape.

    Examples
    --------
    >>> log_softmax(Tensor([1e4, 0.0]))
    Tensor([     0., -10000.])
    """
    x = x - np.max(x, axis=axis, keepdims=True, initial=-np.inf)
    return x - np.log(np.sum(np.exp(x), axis=axis, keepdims=True))


log_softmax.rules(lambda g, out, x, axis: g - np.exp(out) * np.sum(g, axis=axis, keepdims=True))
