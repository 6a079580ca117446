"""Checks of the arguments that pictures and players share."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import backward
from minigrad.graph import Node, Value, describe

MOST_DECIMALS = 17  # significant digits of a float64


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


def check_integers(who: str, **numbers: tuple[Any, int, int | None]) -> None:
    """Check that each argument is an integer from its lower to its upper bound."""
    for name, (n, least, most) in numbers.items():
        reach = f", {least} or more" if most is None else f" from {least} to {most}"
        if not isinstance(n, int) or isinstance(n, bool):
            raise TypeError(f"{who}: {name} is an integer{reach}, got {type(n).__name__}")
        if n < least or (most is not None and n > most):
            raise ValueError(f"{who}: {name} is an integer{reach}, got {n}")
