"""What is asked of a sweep to be shown: where it starts, and whole numbers within limits. Else an error says what to do."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import backward
from minigrad.graph import Node, Value, describe

MOST_DECIMALS = 17  # that a float64 has


def seed_of(f: Any, upstream: Any, who: str) -> Value:
    """The gradient to start from, if `f` is a tensor that can be swept; else an error that says what to do."""
    if not isinstance(f, Node):
        raise TypeError(f"{who}: expected a Tensor, got {type(f).__name__}; call it on the result of a computation")
    if not f.requires_grad:
        raise RuntimeError(f"{who}: {describe(f)} is a constant; no gradient goes through it")
    return backward.seed_of(f, upstream, who)


def from_one(seed: Value) -> bool:
    """Whether a sweep starts from 1, so that what it gives are derivatives of the result as it is."""
    return bool(np.ndim(seed) == 0 and seed == 1)


def check_whole(who: str, **numbers: tuple[Any, int, int | None]) -> None:
    """Refuse what is no whole number, or less than the least or more than the most it can be."""
    for name, (n, least, most) in numbers.items():
        if not isinstance(n, int) or isinstance(n, bool) or n < least or (most is not None and n > most):
            reach = f", {least} or more" if most is None else f" from {least} to {most}"
            raise ValueError(f"{who}: {name} is a whole number{reach}, got {n!r}")
