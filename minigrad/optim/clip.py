"""Gradient clipping, by norm and by value."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from minigrad.graph import describe, value_of
from minigrad.tensor import Tensor


def _with_gradients(parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    every = [parameters] if isinstance(parameters, Tensor) else parameters
    return [p for p in every if p.grad is not None]


def _norm(g: Any, norm_type: float) -> float:
    """The norm of an array as one vector; 0 if it is empty."""
    return float(np.linalg.norm(np.ravel(g, "K"), norm_type)) if np.size(g) else 0.0


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor], max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False
) -> float:
    """Scale all gradients together, in place, so that their norm as one vector is at most `max_norm`.

    A complex element counts by its absolute value.

    Parameters
    ----------
    parameters : Tensor or iterable of Tensor
        Those without a gradient are ignored.
    max_norm : float
        Maximum norm.
    norm_type : float
        Order of the norm; ``math.inf`` for the largest absolute value.
    error_if_nonfinite : bool
        Raise a FloatingPointError, and change nothing, if the norm is nan or infinite; else such gradients become nan or 0.

    Returns
    -------
    float
        The norm before clipping.

    Examples
    --------
    >>> w = mg.Tensor([3.0, 4.0])
    >>> (w * w / 2).sum().backward()
    >>> mg.optim.clip_grad_norm_([w], 1.0)
    5.0
    >>> print(w.grad.round(4))
    [0.6 0.8]
    """
    if not max_norm >= 0 or not norm_type > 0:
        raise ValueError(
            f"clip_grad_norm_: max_norm must be at least 0 and norm_type positive, got {max_norm!r} and {norm_type!r}"
        )
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


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float) -> None:
    """Clip every gradient to [-clip_value, clip_value], in place; complex ones have no order and are refused.

    Examples
    --------
    >>> w = mg.Tensor([3.0, 0.5])
    >>> (w * w / 2).sum().backward()
    >>> mg.optim.clip_grad_value_([w], 1.0)
    >>> print(w.grad)
    [1.  0.5]
    """
    if not clip_value >= 0:
        raise ValueError(f"clip_grad_value_: clip_value must be at least 0, got {clip_value!r}")
    found = _with_gradients(parameters)
    for p in found:
        if np.iscomplexobj(value_of(p.grad)):
            raise TypeError(
                f"clip_grad_value_: {describe(p)} has a complex gradient, and complex numbers have no order; "
                "use clip_grad_norm_"
            )
    for p in found:
        g = p.grad
        p.grad = np.clip(g, -clip_value, clip_value, out=g if type(g) is np.ndarray else None)
