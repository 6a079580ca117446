"""Gradient clipping: keep a step from being too long."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from minigrad.graph import value_of
from minigrad.tensor import Tensor


def _with_gradients(parameters: Any) -> list[Tensor]:
    every: Iterable[Tensor] = [parameters] if isinstance(parameters, Tensor) else parameters
    return [p for p in every if p.grad is not None]


def _norm(g: Any, norm_type: float) -> float:
    """The norm of all numbers of an array; of none, 0."""
    return float(np.linalg.norm(np.ravel(g, "K"), norm_type)) if np.size(g) else 0.0


def clip_grad_norm_(
    parameters: Any, max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False
) -> float:  # fmt: skip
    """Scale all gradients down together, in place, so that their norm is at most `max_norm`.

    Parameters
    ----------
    parameters : Tensor or iterable of Tensor
        Whose gradients; those without any are passed over.
    max_norm : float
        How large the norm may be.
    norm_type : float
        Which norm: 2 for the usual, ``math.inf`` for the largest number.
    error_if_nonfinite : bool
        Refuse a norm that is nan or infinite. Else such gradients become nan or 0.

    Returns
    -------
    float
        The norm before.

    Raises
    ------
    FloatingPointError
        If asked for; nothing is changed then.

    Examples
    --------
    >>> from minigrad import optim
    >>> w = mg.Tensor([3.0, 4.0])
    >>> (w * w / 2).sum().backward()
    >>> optim.clip_grad_norm_([w], 1.0)
    5.0
    >>> print(w.grad.round(4))
    [0.6 0.8]
    """
    if not max_norm >= 0 or not norm_type > 0:
        raise ValueError(f"clip_grad_norm_: max_norm is at least 0 and norm_type more, got {max_norm!r} and {norm_type!r}")
    found = _with_gradients(parameters)
    with np.errstate(all="ignore"):
        total = _norm(np.array([_norm(value_of(p.grad), norm_type) for p in found]), norm_type)
        if error_if_nonfinite and not math.isfinite(total):
            bad = [p.name or f"number {i}" for i, p in enumerate(found) if not np.isfinite(value_of(p.grad)).all()]
            raise FloatingPointError(f"clip_grad_norm_: the norm of the gradients is {total}; see {', '.join(bad) or 'all'}")
        factor = max_norm / (total + 1e-6)
        if not factor >= 1:
            for p in found:
                p.grad *= factor
    return total


def clip_grad_value_(parameters: Any, clip_value: float) -> None:
    """Hold every number of every gradient between -clip_value and clip_value, in place.

    Parameters
    ----------
    parameters : Tensor or iterable of Tensor
        Whose gradients; those without any are passed over.
    clip_value : float
        How large a number may be.

    Examples
    --------
    >>> from minigrad import optim
    >>> w = mg.Tensor([3.0, 0.5])
    >>> (w * w / 2).sum().backward()
    >>> optim.clip_grad_value_([w], 1.0)
    >>> print(w.grad)
    [1.  0.5]
    """
    if not clip_value >= 0:
        raise ValueError(f"clip_grad_value_: clip_value is at least 0, got {clip_value!r}")
    for p in _with_gradients(parameters):
        g = p.grad
        p.grad = np.clip(g, -clip_value, clip_value, out=g if type(g) is np.ndarray else None)
