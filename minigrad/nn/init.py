"""Numbers to start from. Each function returns a new array of the given shape, drawn from the generator it is given.

>>> import numpy as np
>>> from minigrad import nn
>>> layer = nn.Linear(4, 3)
>>> layer.weight.data = nn.init.orthogonal(layer.weight.shape, np.random.default_rng(0))
>>> np.allclose(layer.weight.data @ layer.weight.data.T, np.eye(3), atol=1e-6)
True

The same seed gives the same numbers, in float32 those of float64 rounded. A weight's first axis is that of the outputs, its
second that of the inputs, and all others are a kernel's: as for Linear and Conv.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

Shape = int | Sequence[int]
Generator = np.random.Generator


def generator(rng: Generator | None) -> Generator:
    """The generator given, or a fresh one that repeats nothing."""
    if rng is not None and not isinstance(rng, Generator):
        raise TypeError(f"rng is a numpy.random.Generator, as from np.random.default_rng(0), got {type(rng).__name__}")
    return np.random.default_rng() if rng is None else rng


def _as(values: Any, dtype: Any) -> Any:
    """Drawn numbers in a floating dtype; others hold no weights."""
    if np.dtype(dtype).kind != "f":
        raise TypeError(f"dtype: weights are floating numbers, got {np.dtype(dtype)}")
    return values.astype(dtype, copy=False)


def constant(shape: Shape, value: float, *, dtype: Any = np.float32) -> Any:
    """One number everywhere."""
    return _as(np.full(shape, value, float), dtype)


def zeros(shape: Shape, *, dtype: Any = np.float32) -> Any:
    """Zeros."""
    return _as(np.zeros(shape), dtype)


def ones(shape: Shape, *, dtype: Any = np.float32) -> Any:
    """Ones."""
    return _as(np.ones(shape), dtype)


def uniform(
    shape: Shape, rng: Generator | None = None, low: float = 0.0, high: float = 1.0, *, dtype: Any = np.float32
) -> Any:
    """Numbers between two bounds, all equally likely."""
    return _as(generator(rng).uniform(low, high, shape), dtype)


def normal(
    shape: Shape, rng: Generator | None = None, mean: float = 0.0, std: float = 1.0, *, dtype: Any = np.float32
) -> Any:
    """Normally distributed numbers."""
    return _as(generator(rng).normal(mean, std, shape), dtype)


def trunc_normal(
    shape: Shape, rng: Generator | None = None, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0, *,
    dtype: Any = np.float32,
) -> Any:  # fmt: skip
    """Normally distributed numbers, those outside [a, b] drawn again.

    Raises
    ------
    ValueError
        If less than a thousandth of the distribution lies between the bounds.
    """
    inside = (math.erf((b - mean) / std / 2**0.5) - math.erf((a - mean) / std / 2**0.5)) / 2
    if not inside >= 1e-3:
        raise ValueError(f"trunc_normal: too little of a normal distribution ({mean}, {std}) lies between {a} and {b}")
    rng = generator(rng)
    out = rng.normal(mean, std, shape)
    flat = out.reshape(-1)
    outside = np.flatnonzero((flat < a) | (flat > b))
    while outside.size:
        flat[outside] = rng.normal(mean, std, outside.size)
        outside = outside[(flat[outside] < a) | (flat[outside] > b)]
    return np.clip(_as(out, dtype), a, b, dtype=dtype)  # rounding may have passed a bound


def fans(shape: Shape) -> tuple[int, int]:
    """How many inputs each output of a weight has, and how many outputs each input."""
    shape = np.broadcast_shapes(shape)  # a number means one axis
    if len(shape) < 2:
        raise ValueError(f"a weight needs at least 2 axes, outputs and inputs, got shape {shape}")
    kernel = math.prod(shape[2:])
    return shape[1] * kernel, shape[0] * kernel


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """By how much an activation shrinks what passes it: the factor that makes up for it.

    Parameters
    ----------
    nonlinearity : {"linear", "conv", "sigmoid", "tanh", "relu", "leaky_relu", "selu"}
        The activation; "conv1d" and its like are linear too.
    param : float, optional
        The slope of leaky_relu, 0.01 if left out.
    """
    if nonlinearity in ("linear", "sigmoid") or nonlinearity.startswith("conv"):
        return 1.0
    gains = {"tanh": 5 / 3, "relu": 2**0.5, "selu": 3 / 4}
    if nonlinearity == "leaky_relu":
        return math.sqrt(2 / (1 + (0.01 if param is None else param) ** 2))
    if nonlinearity not in gains:
        raise ValueError(f"calculate_gain: nonlinearity is linear, sigmoid, leaky_relu or one of {', '.join(gains)}")
    return gains[nonlinearity]


def _kaiming_std(shape: Shape, a: float, mode: str, nonlinearity: str) -> float:
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"mode is 'fan_in', to keep the variance forward, or 'fan_out', backward; got {mode!r}")
    return calculate_gain(nonlinearity, a) / math.sqrt(max(1, fans(shape)[mode == "fan_out"]))


def kaiming_uniform(
    shape: Shape, rng: Generator | None = None, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", *,
    dtype: Any = np.float32,
) -> Any:  # fmt: skip
    """Uniform, so that the variance stays the same through layers with a rectifier.

    Parameters
    ----------
    shape : tuple of int
        At least 2 axes.
    rng : numpy.random.Generator, optional
        Where chance comes from.
    a : float
        The slope of leaky_relu below 0.
    mode : {"fan_in", "fan_out"}
        Keep the variance of the values, or of the gradients.
    nonlinearity : str
        As in `calculate_gain`.
    dtype : dtype_like
        Of the result.

    Notes
    -----
    He et al., Delving Deep into Rectifiers, 2015.
    """
    bound = 3**0.5 * _kaiming_std(shape, a, mode, nonlinearity)
    return uniform(shape, rng, -bound, bound, dtype=dtype)


def kaiming_normal(
    shape: Shape, rng: Generator | None = None, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", *,
    dtype: Any = np.float32,
) -> Any:  # fmt: skip
    """The same, normally distributed."""
    return normal(shape, rng, 0.0, _kaiming_std(shape, a, mode, nonlinearity), dtype=dtype)


def _xavier_std(shape: Shape, gain: float) -> float:
    return gain * math.sqrt(2 / max(1, sum(fans(shape))))


def xavier_uniform(shape: Shape, rng: Generator | None = None, gain: float = 1.0, *, dtype: Any = np.float32) -> Any:
    """Uniform, a compromise between the variance of values and that of gradients.

    Notes
    -----
    Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks, 2010, equation 16.
    """
    bound = 3**0.5 * _xavier_std(shape, gain)
    return uniform(shape, rng, -bound, bound, dtype=dtype)


def xavier_normal(shape: Shape, rng: Generator | None = None, gain: float = 1.0, *, dtype: Any = np.float32) -> Any:
    """The same, normally distributed."""
    return normal(shape, rng, 0.0, _xavier_std(shape, gain), dtype=dtype)


def orthogonal(shape: Shape, rng: Generator | None = None, gain: float = 1.0, *, dtype: Any = np.float32) -> Any:
    """Rows at right angles, seen as (outputs, all the rest); columns, where there are more outputs than the rest.

    Notes
    -----
    Saxe, McClelland and Ganguli, Exact solutions to the nonlinear dynamics of learning in deep linear networks, 2013.
    """
    shape = np.broadcast_shapes(shape)
    fans(shape)
    rows, columns = shape[0], math.prod(shape[1:])
    q, r = np.linalg.qr(generator(rng).normal(size=(max(rows, columns), min(rows, columns))))
    q *= np.sign(np.diagonal(r))  # without it, some rotations would come up more often than others
    return _as((gain * (q.T if rows < columns else q)).reshape(shape), dtype)
