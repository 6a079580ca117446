"""Angles in degrees and radians, and what wraps around as they do."""

from __future__ import annotations

import math

import numpy as np

from minigrad.graph import Value, elementwise


@elementwise
def remainder(a: Value, b: Value, /) -> Value:
    """What is left of a after b was taken away as often as it goes; of b's sign. At a jump the slope is that to its right.

    Examples
    --------
    >>> remainder(Tensor([-1.0, 7.5]), 3.0)
    Tensor([2. , 1.5])
    """
    return np.remainder(a, b)


remainder.rules(lambda g, out, a, b: g, lambda g, out, a, b: -g * np.round((a - out) / b))


@elementwise
def deg2rad(x: Value, /) -> Value:
    """An angle in degrees as radians.

    Examples
    --------
    >>> print(f"{deg2rad(Tensor(180.0)):.4f}")
    3.1416
    """
    return np.deg2rad(x)


deg2rad.rules(lambda g, out, x: g * (math.pi / 180))


@elementwise
def rad2deg(x: Value, /) -> Value:
    """An angle in radians as degrees.

    Examples
    --------
    >>> rad2deg(Tensor(np.pi))
    Tensor(180.0)
    """
    return np.rad2deg(x)


rad2deg.rules(lambda g, out, x: g * (180 / math.pi))
