"""The activations of networks, elementwise, each fused into one node so that extreme inputs stay exact."""

from __future__ import annotations

import math

import numpy as np

from minigrad.graph import Value
from minigrad.operation import elementwise, op

SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805  # Klambauer et al. 2017, equation 14
_ERF = np.frompyfunc(math.erf, 1, 1)  # NumPy has no erf; Python's, a number at a time


@op(elementwise=True, formulas=("out·(1 − out)",))
def sigmoid(x: Value, /) -> Value:
    """1 / (1 + exp(-x)), the logistic function; its local gradient is (1 - out) out.

    Examples
    --------
    >>> sigmoid(Tensor(0.0))
    Tensor(0.5)
    """
    with np.errstate(over="ignore"):  # exp(-x) may be infinite; one over it is the 0 wanted
        return 1 / (1 + np.exp(-x))


sigmoid.rules(lambda g, out, x: g * (1 - out) * out)


@op(elementwise=True, formulas=("σ(-x)",))
def log_sigmoid(x: Value, /) -> Value:
    """log(sigmoid(x)), finite for large negative x.

    Examples
    --------
    >>> log_sigmoid(Tensor(-1000.0))
    Tensor(-1000.0)
    """
    return -np.logaddexp(0, -x)


log_sigmoid.rules(lambda g, out, x: g * sigmoid(-x))


@op(elementwise=True, formulas=("σ(x)",))
def softplus(x: Value, /) -> Value:
    """log(1 + exp(x)), a smooth relu, finite for large x.

    Examples
    --------
    >>> softplus(Tensor(1000.0))
    Tensor(1000.0)
    """
    return np.logaddexp(0, x)


softplus.rules(lambda g, out, x: g * sigmoid(x))


@elementwise
def softsign(x: Value, /) -> Value:
    """X / (1 + |x|).

    Examples
    --------
    >>> softsign(Tensor(3.0))
    Tensor(0.75)
    """
    return x / (1 + np.abs(x))


softsign.rules(lambda g, out, x: g / (1 + np.abs(x)) ** 2)


@op(elementwise=True, formulas=("1 where x > 0, else 0",))
def relu(x: Value, /) -> Value:
    """X where it is positive, else 0; it passes its upstream gradient where x > 0, and 0 elsewhere, 0 included.

    Examples
    --------
    >>> relu(Tensor([-1.0, 0.0, 2.0]))
    Tensor([0., 0., 2.])
    """
    return np.maximum(x, 0) if isinstance(x, np.ndarray) else type(x)(0) if x <= 0 else x


relu.rules(lambda g, out, x: g * (x > 0))


@op(elementwise=True, formulas=("1 where x > 0, else negative_slope",))
def leaky_relu(x: Value, /, negative_slope: float = 0.01) -> Value:
    """X where it is positive, else a small multiple of it; the gradient at 0 is that of the negative side.

    Parameters
    ----------
    x : Tensor or array_like
        Any shape.
    negative_slope : float
        The multiple.

    Returns
    -------
    Tensor
        Of x's shape.

    Examples
    --------
    >>> leaky_relu(Tensor([-1.0, 2.0]), 0.1)
    Tensor([-0.1,  2. ])
    """
    return np.where(x > 0, x, x * negative_slope)


leaky_relu.rules(lambda g, out, x, negative_slope: np.where(x > 0, g, g * negative_slope))


@elementwise
def elu(x: Value, /, alpha: float = 1.0) -> Value:
    """X where it is positive, else alpha (exp(x) - 1); the gradient at 0 is that of the negative side.

    Parameters
    ----------
    x : Tensor or array_like
        Any shape.
    alpha : float
        Minus the value at minus infinity.

    Returns
    -------
    Tensor
        Of x's shape.

    Examples
    --------
    >>> elu(Tensor([-1000.0, 2.0]))
    Tensor([-1.,  2.])
    """
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


elu.rules(lambda g, out, x, alpha: np.where(x > 0, g, g * alpha * np.exp(np.minimum(x, 0))))


@elementwise
def selu(x: Value, /) -> Value:
    """The self-normalising elu: 1.0507 elu(x, 1.6733); the gradient at 0 is that of the negative side.

    Notes
    -----
    Klambauer et al., Self-Normalizing Neural Networks, 2017.

    Examples
    --------
    >>> selu(Tensor(0.0))
    Tensor(0.0)
    """
    return SELU_SCALE * elu(x, SELU_ALPHA)


selu.rules(
    lambda g, out, x: g * np.where(x > 0, SELU_SCALE, SELU_SCALE * SELU_ALPHA * np.exp(np.minimum(x, 0)))
)  # fmt: skip


@elementwise
def silu(x: Value, /) -> Value:
    """X sigmoid(x), also called swish.

    Examples
    --------
    >>> silu(Tensor(0.0))
    Tensor(0.0)
    """
    return x * sigmoid(x)


def _silu_rule(g: Value, out: Value, x: Value) -> Value:
    s = sigmoid(x)
    return g * s * (1 + x * (1 - s))


silu.rules(_silu_rule)


@elementwise
def mish(x: Value, /) -> Value:
    """X tanh(softplus(x)).

    Notes
    -----
    Misra, Mish: A Self Regularized Non-Monotonic Activation Function, 2019.

    Examples
    --------
    >>> mish(Tensor(0.0))
    Tensor(0.0)
    """
    return x * np.tanh(softplus(x))


def _mish_rule(g: Value, out: Value, x: Value) -> Value:
    t = np.tanh(softplus(x))
    return g * (t + x * (1 - t * t) * sigmoid(x))


mish.rules(_mish_rule)


@elementwise
def hard_tanh(x: Value, /, min_val: float = -1.0, max_val: float = 1.0) -> Value:
    """X held between two bounds; at the bounds themselves the gradient is 0.

    Parameters
    ----------
    x : Tensor or array_like
        Any shape.
    min_val, max_val : float
        The bounds.

    Returns
    -------
    Tensor
        Of the same shape.

    Examples
    --------
    >>> hard_tanh(Tensor([-3.0, 0.5, 3.0]))
    Tensor([-1. ,  0.5,  1. ])
    """
    return np.clip(x, min_val, max_val)


hard_tanh.rules(lambda g, out, x, min_val, max_val: g * ((x > min_val) & (x < max_val)))


@elementwise
def erf(x: Value, /) -> Value:
    """The error function, 2/sqrt(pi) times the integral of exp(-t**2) from 0 to x.

    Examples
    --------
    >>> erf(Tensor([0.0, 10.0]))
    Tensor([0., 1.])
    """
    return np.asarray(_ERF(x), np.result_type(x, 0.0))


erf.rules(lambda g, out, x: g * (2 / math.sqrt(math.pi)) * np.exp(-x * x))


@elementwise
def gelu(x: Value, /, approximate: str = "none") -> Value:
    """X times the normal distribution's cumulative probability at x.

    Parameters
    ----------
    x : Tensor or array_like
        Any shape.
    approximate : {"none", "tanh"}
        The exact form, or 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x**3))).

    Returns
    -------
    Tensor
        Of x's shape.

    Raises
    ------
    ValueError
        If `approximate` is neither.

    Notes
    -----
    Hendrycks and Gimpel, Gaussian Error Linear Units, 2016.

    Examples
    --------
    >>> gelu(Tensor(0.0))
    Tensor(0.0)
    """
    if approximate not in ("none", "tanh"):
        raise ValueError(f"approximate must be 'none' or 'tanh', got {approximate!r}")
    return x * (_normal(x)[0] if approximate == "none" else _normal_tanh(x)[0])


def _normal(x: Value) -> tuple[Value, Value]:
    """The normal distribution's cumulative probability at x, and its derivative."""
    return (1 + erf(x * math.sqrt(0.5))) / 2, np.exp(-x * x / 2) * (1 / math.sqrt(2 * math.pi))


def _normal_tanh(x: Value) -> tuple[Value, Value]:
    """The same by Hendrycks and Gimpel's approximation."""
    scale = math.sqrt(2 / math.pi)
    t = np.tanh(scale * (x + 0.044715 * x * x * x))
    return (1 + t) / 2, (1 - t * t) * (scale / 2) * (1 + 3 * 0.044715 * x * x)


def _gelu_rule(g: Value, out: Value, x: Value, approximate: str) -> Value:
    probability, density = _normal(x) if approximate == "none" else _normal_tanh(x)
    return g * (probability + x * density)


gelu.rules(_gelu_rule)


@op(formulas=("out∘(upstream − ⟨upstream, out⟩)",))
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


@op(formulas=("upstream − softmax(x) · Σ upstream",))
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
