"""Parameter initialisers. Each returns a new array of the given shape, drawn from the given generator.

>>> layer = mg.nn.Linear(4, 3)
>>> layer.weight.data = mg.nn.init.orthogonal(layer.weight.shape, np.random.default_rng(0))
>>> np.allclose(layer.weight.data @ layer.weight.data.T, np.eye(3), atol=1e-6)
True

PyTorch's functions of these names, with a trailing underscore, fill a tensor in place instead. The same seed gives the same
values: in float32, those of float64 rounded. The axes of a weight are (outputs, inputs, *kernel), as in Linear and Conv.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike

from minigrad.spellings import answers as _answers

Array = np.ndarray[Any, Any]
Shape = int | Sequence[int]
Generator = np.random.Generator


class Rationed(Generator):
    """A generator that draws at most `most` numbers, so that a network can be refused before its memory is allocated.

    >>> mg.nn.Linear(1000, 1000, rng=Rationed(np.random.PCG64(0), most=100))
    Traceback (most recent call last):
    ValueError: more than 100 weights are needed
    """

    def __init__(self, bits: np.random.BitGenerator, most: int) -> None:
        super().__init__(bits)
        self.most = self.left = most

    def uniform(self, low: Any = 0.0, high: Any = 1.0, size: Any = None) -> Any:
        """Draw from a uniform distribution."""
        self._spend(size)
        return super().uniform(low, high, size)

    def normal(self, loc: Any = 0.0, scale: Any = 1.0, size: Any = None) -> Any:
        """Draw from a normal distribution."""
        self._spend(size)
        return super().normal(loc, scale, size)

    def _spend(self, size: Any) -> None:
        self.left -= math.prod(size) if isinstance(size, Sequence) else size or 1
        if self.left < 0:
            raise ValueError(f"more than {self.most:,} weights are needed")


def generator(rng: Generator | None) -> Generator:
    """The given generator, or a fresh one."""
    if rng is not None and not isinstance(rng, Generator):
        raise TypeError(f"rng must be a numpy.random.Generator, as from np.random.default_rng(0), got {type(rng).__name__}")
    return np.random.default_rng() if rng is None else rng


def _as(values: Array, dtype: DTypeLike) -> Array:
    """Cast to a floating dtype."""
    if np.dtype(dtype).kind != "f":
        raise TypeError(f"dtype: weights need a floating dtype, got {np.dtype(dtype)}")
    return values.astype(dtype, copy=False)


def constant(shape: Shape, value: float, *, dtype: DTypeLike = np.float32) -> Array:
    """Constant, `value`."""
    return _as(np.full(shape, value, float), dtype)


def zeros(shape: Shape, *, dtype: DTypeLike = np.float32) -> Array:
    """Zeros."""
    return _as(np.zeros(shape), dtype)


def ones(shape: Shape, *, dtype: DTypeLike = np.float32) -> Array:
    """Ones."""
    return _as(np.ones(shape), dtype)


def uniform(
    shape: Shape, rng: Generator | None = None, low: float = 0.0, high: float = 1.0, *, dtype: DTypeLike = np.float32
) -> Array:
    """Uniform distribution on [low, high)."""
    return _as(generator(rng).uniform(low, high, shape), dtype)


def normal(
    shape: Shape, rng: Generator | None = None, mean: float = 0.0, std: float = 1.0, *, dtype: DTypeLike = np.float32
) -> Array:
    """Normal distribution."""
    return _as(generator(rng).normal(mean, std, shape), dtype)


def trunc_normal(
    shape: Shape,
    rng: Generator | None = None,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    *,
    dtype: DTypeLike = np.float32,
) -> Array:
    """Normal distribution truncated to [a, b], in which at least a thousandth of it must lie."""
    inside = (math.erf((b - mean) / std / 2**0.5) - math.erf((a - mean) / std / 2**0.5)) / 2
    if not inside >= 1e-3:
        raise ValueError(f"trunc_normal: less than a thousandth of the normal distribution ({mean}, {std}) is in [{a}, {b}]")
    rng = generator(rng)
    out = rng.normal(mean, std, shape)
    flat = out.reshape(-1)
    outside = np.flatnonzero((flat < a) | (flat > b))
    while outside.size:
        flat[outside] = rng.normal(mean, std, outside.size)
        outside = outside[(flat[outside] < a) | (flat[outside] > b)]
    clipped: Array = np.clip(_as(out, dtype), a, b, dtype=dtype)  # rounding may have crossed a bound
    return clipped


def fans(shape: Shape) -> tuple[int, int]:
    """Fan-in and fan-out: the inputs of each output of a weight, and the outputs of each input."""
    shape = np.broadcast_shapes(shape)  # an integer means one axis
    if len(shape) < 2:
        raise ValueError(f"a weight needs at least 2 axes, outputs and inputs, got shape {shape}")
    kernel = math.prod(shape[2:])
    return shape[1] * kernel, shape[0] * kernel


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """Gain, the factor that makes up for how much an activation shrinks the variance.

    `nonlinearity` is "linear", "sigmoid", "tanh", "relu", "leaky_relu" (of slope `param`, by default 0.01), "selu", or a
    convolution such as "conv2d", which counts as linear.
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
    shape: Shape,
    rng: Generator | None = None,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    *,
    dtype: DTypeLike = np.float32,
) -> Array:
    """Kaiming or He initialisation, uniform within ±gain √(3 / fan): keeps the variance through layers of rectifiers.

    `mode` "fan_in" keeps the variance of the values, "fan_out" that of the gradients; `a` is the slope of leaky_relu.

    Notes
    -----
    He et al., Delving Deep into Rectifiers, 2015.
    """
    bound = 3**0.5 * _kaiming_std(shape, a, mode, nonlinearity)
    return uniform(shape, rng, -bound, bound, dtype=dtype)


def kaiming_normal(
    shape: Shape,
    rng: Generator | None = None,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    *,
    dtype: DTypeLike = np.float32,
) -> Array:
    """Kaiming or He initialisation, normal with standard deviation gain / √fan."""
    return normal(shape, rng, 0.0, _kaiming_std(shape, a, mode, nonlinearity), dtype=dtype)


def _xavier_std(shape: Shape, gain: float) -> float:
    return gain * math.sqrt(2 / max(1, sum(fans(shape))))


def xavier_uniform(shape: Shape, rng: Generator | None = None, gain: float = 1.0, *, dtype: DTypeLike = np.float32) -> Array:
    """Xavier or Glorot initialisation, uniform within ±gain √(6 / (fan_in + fan_out)).

    A compromise between keeping the variance of the values and that of the gradients.

    Notes
    -----
    Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks, 2010, equation 16.
    """
    bound = 3**0.5 * _xavier_std(shape, gain)
    return uniform(shape, rng, -bound, bound, dtype=dtype)


def xavier_normal(shape: Shape, rng: Generator | None = None, gain: float = 1.0, *, dtype: DTypeLike = np.float32) -> Array:
    """Xavier or Glorot initialisation, normal with standard deviation gain √(2 / (fan_in + fan_out))."""
    return normal(shape, rng, 0.0, _xavier_std(shape, gain), dtype=dtype)


def orthogonal(shape: Shape, rng: Generator | None = None, gain: float = 1.0, *, dtype: DTypeLike = np.float32) -> Array:
    """Orthonormal rows times `gain`, of the weight as a matrix (outputs, rest); columns, if there are more outputs.

    Notes
    -----
    Saxe, McClelland and Ganguli, Exact solutions to the nonlinear dynamics of learning in deep linear networks, 2013.
    """
    shape = np.broadcast_shapes(shape)
    fans(shape)
    rows, columns = shape[0], math.prod(shape[1:])
    q, r = np.linalg.qr(generator(rng).normal(size=(max(rows, columns), min(rows, columns))))
    q *= np.sign(np.diagonal(r))  # without it, some rotations would be likelier than others
    return _as((gain * (q.T if rows < columns else q)).reshape(shape), dtype)


if not TYPE_CHECKING:
    __getattr__ = _answers(__name__)
