"""Activations, each fused into one node so that extreme inputs stay exact.

The file is long because it is a table: some thirty activations, each with its rule and an example.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.fast import elementwise as elementwise_kernels
from minigrad.fast import faster, smooth
from minigrad.graph import ArrayLike, Value
from minigrad.operation import composed, elementwise, op
from minigrad.ops.blocks import in_blocks, in_rows
from minigrad.ops.elementwise import add, divide, multiply, negative
from minigrad.ops.error_function import error_function
from minigrad.ops.reduce import floating
from minigrad.ops.shape import reshape
from minigrad.ops.splitting import split

if TYPE_CHECKING:
    from minigrad.graph import Tensor

SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805  # Klambauer et al. 2017, equation 14


@op(elementwise=True, formulas=("out·(1 − out)",))
def sigmoid(x: Value, /) -> Value:
    """Logistic function, 1/(1 + e⁻ˣ).

    >>> sigmoid(Tensor(0.0))
    Tensor(0.5)
    """
    return _sigmoid(x)


@faster(smooth.sigmoid)
@in_blocks
def _sigmoid(x: Value) -> Value:
    with np.errstate(over="ignore"):  # exp(-x) may be infinite; its reciprocal is the wanted 0
        return 1 / (1 + np.exp(-x))


@faster(smooth.sigmoid_gradient)
@in_blocks
def _sigmoid_rule(g: Value, out: Value, x: Value) -> Value:
    return g * (1 - out) * out


sigmoid.rules(_sigmoid_rule)


@op(elementwise=True, formulas=("σ(-x)",))
def log_sigmoid(x: Value, /) -> Value:
    """Logarithm of the sigmoid, finite for large negative x.

    >>> log_sigmoid(Tensor(-1000.0))
    Tensor(-1000.0)
    """
    return -np.logaddexp(0, -x)


log_sigmoid.rules(lambda g, out, x: g * sigmoid(-x))


@op(elementwise=True, formulas=("σ(beta·x)", "(x·σ(beta·x) − out)/beta"))
def softplus(x: Value, beta: Value = 1.0, /) -> Value:
    """Smooth relu, log(1 + exp(beta·x))/beta, finite for large x, so that PyTorch's threshold is not needed.

    >>> softplus(Tensor(1000.0))
    Tensor(1000.0)
    """
    return np.logaddexp(0, x * beta) / beta


softplus.rules(
    lambda g, out, x, beta: g * sigmoid(x * beta),
    lambda g, out, x, beta: g * (x * sigmoid(x * beta) - out) / beta,
)


@elementwise
def softsign(x: Value, /) -> Value:
    """Softsign, x/(1 + |x|).

    >>> softsign(Tensor(3.0))
    Tensor(0.75)
    """
    return x / (1 + np.abs(x))


softsign.rules(lambda g, out, x: g / (1 + np.abs(x)) ** 2)


@op(elementwise=True, formulas=("1 where x > 0, else 0",))
def relu(x: Value, /) -> Value:
    """Rectified linear unit, max(x, 0); its gradient at 0 is 0.

    >>> relu(Tensor([-1.0, 0.0, 2.0]))
    Tensor([0., 0., 2.])
    """
    return _relu(x) if isinstance(x, np.ndarray) else type(x)(0) if x <= 0 else x


@faster(elementwise_kernels.relu)
def _relu(x: Value) -> Value:
    return np.maximum(x, 0)


@faster(elementwise_kernels.relu_gradient)
def _relu_gradient(g: Value, x: Value) -> Value:
    return g * (x > 0)


relu.rules(lambda g, out, x: _relu_gradient(g, x))


@op(elementwise=True, formulas=("1 where x > 0, else negative_slope", "min(x, 0)"))
def leaky_relu(x: Value, negative_slope: Value = 0.01, /) -> Value:
    """Leaky relu: x where positive, else negative_slope·x. The gradient at 0 is that of the negative side.

    >>> leaky_relu(Tensor([-1.0, 2.0]), 0.1)
    Tensor([-0.1,  2. ])
    """
    return _leaky_relu(x, negative_slope)


@faster(elementwise_kernels.leaky_relu)
def _leaky_relu(x: Value, negative_slope: Value) -> Value:
    return np.where(x > 0, x, x * negative_slope)


@faster(elementwise_kernels.leaky_relu_gradient)
def _leaky_relu_gradient(g: Value, x: Value, negative_slope: Value) -> Value:
    return np.where(x > 0, g, g * negative_slope)


leaky_relu.rules(
    lambda g, out, x, negative_slope: _leaky_relu_gradient(g, x, negative_slope),
    lambda g, out, x, negative_slope: g * np.where(x > 0, 0.0, x),
)


@elementwise
def elu(x: Value, alpha: Value = 1.0, /) -> Value:
    """Exponential linear unit: x where positive, else alpha·(eˣ − 1). The gradient at 0 is that of the negative side.

    Clevert, Unterthiner and Hochreiter, Fast and Accurate Deep Network Learning by Exponential Linear Units, 2016.

    >>> elu(Tensor([-1000.0, 2.0]))
    Tensor([-1.,  2.])
    """
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


elu.rules(
    lambda g, out, x, alpha: np.where(x > 0, g, g * alpha * np.exp(np.minimum(x, 0))),
    lambda g, out, x, alpha: g * np.expm1(np.minimum(x, 0)),
)


@elementwise
def selu(x: Value, /) -> Value:
    """Self-normalising elu, 1.0507·elu(x, 1.6733); the gradient at 0 is that of the negative side.

    Klambauer et al., Self-Normalizing Neural Networks, 2017.

    >>> selu(Tensor(0.0))
    Tensor(0.0)
    """
    return SELU_SCALE * elu(x, SELU_ALPHA)


selu.rules(lambda g, out, x: g * np.where(x > 0, SELU_SCALE, SELU_SCALE * SELU_ALPHA * np.exp(np.minimum(x, 0))))


@elementwise
def silu(x: Value, /) -> Value:
    """Sigmoid linear unit or swish, x·sigmoid(x).

    >>> silu(Tensor(0.0))
    Tensor(0.0)
    """
    return _silu(x)


@faster(smooth.silu)
@in_blocks
def _silu(x: Value) -> Value:
    return x * sigmoid(x)


@faster(smooth.silu_gradient)
@in_blocks
def _silu_rule(g: Value, out: Value, x: Value) -> Value:
    s = sigmoid(x)
    return g * s * (1 + x * (1 - s))


silu.rules(_silu_rule)


@elementwise
def mish(x: Value, /) -> Value:
    """Mish, x·tanh(softplus(x)).

    Misra, Mish: A Self Regularized Non-Monotonic Activation Function, 2019.

    >>> mish(Tensor(0.0))
    Tensor(0.0)
    """
    return _mish(x)


@in_blocks
def _mish(x: Value) -> Value:
    return x * np.tanh(softplus(x))


@in_blocks
def _mish_rule(g: Value, out: Value, x: Value) -> Value:
    t = np.tanh(softplus(x))
    return g * (t + x * (1 - t * t) * sigmoid(x))


mish.rules(_mish_rule)


@elementwise
def hard_tanh(x: Value, min_val: Value = -1.0, max_val: Value = 1.0, /) -> Value:
    """Clip to [min_val, max_val]; at the bounds, unlike that of `clip`, the gradient of x is 0.

    >>> hard_tanh(Tensor([-3.0, 0.5, 3.0]))
    Tensor([-1. ,  0.5,  1. ])
    """
    return np.clip(x, min_val, max_val)


hard_tanh.rules(
    lambda g, out, x, min_val, max_val: g * ((x > min_val) & (x < max_val)),
    lambda g, out, x, min_val, max_val: g * ((x <= min_val) & (min_val <= max_val)),
    lambda g, out, x, min_val, max_val: g * (((x > min_val) & (x >= max_val)) | (min_val > max_val)),
)


@composed
def relu6(x: ArrayLike) -> Tensor:
    """Relu that saturates, min(max(x, 0), 6); its gradient at 0 and 6 is 0.

    >>> relu6(Tensor([-1.0, 2.0, 7.0]))
    Tensor([0., 2., 6.])
    """
    return hard_tanh(x, 0, 6)


@composed
def hardsigmoid(x: ArrayLike) -> Tensor:
    """Piecewise-linear sigmoid, min(max(x/6 + 1/2, 0), 1); its gradient at −3 and 3 is 0.

    >>> hardsigmoid(Tensor([-4.0, 0.0, 4.0]))
    Tensor([0. , 0.5, 1. ])
    """
    return hard_tanh(add(divide(x, 6), 0.5), 0, 1)


@composed
def hardswish(x: ArrayLike) -> Tensor:
    """Piecewise-quadratic silu, x·hardsigmoid(x).

    Howard et al., Searching for MobileNetV3, 2019.

    >>> hardswish(Tensor([-4.0, 1.0, 4.0])).data.round(2)
    array([-0.  ,  0.67,  4.  ])
    """
    return multiply(x, hardsigmoid(x))


@composed
def celu(x: ArrayLike, alpha: ArrayLike = 1.0) -> Tensor:
    """Elu whose slope is continuous for every alpha: x where positive, else alpha·(exp(x/alpha) − 1).

    Barron, Continuously Differentiable Exponential Linear Units, 2017.

    >>> celu(Tensor([-1000.0, 2.0]), 0.5)
    Tensor([-0.5,  2. ])
    """
    if np.ndim(alpha) or not alpha > 0:  # type: ignore[operator]
        raise ValueError(f"alpha must be positive, and a single number, got {alpha!r}")
    return multiply(elu(divide(x, alpha)), alpha)


@composed
def prelu(x: ArrayLike, weight: ArrayLike) -> Tensor:
    """Leaky relu whose slope is learned: `weight` has one element, or one for each channel of x (N, C, ...).

    He et al., Delving Deep into Rectifiers, 2015.

    >>> prelu(Tensor([[-1.0, -1.0]]), [0.5, 0.25])
    Tensor([[-0.5 , -0.25]])
    """
    shape, slopes = np.shape(x), np.shape(weight)
    channels = shape[1] if len(shape) > 1 else 1
    if slopes not in ((), (1,), (channels,)):
        raise ValueError(f"weight of shape {slopes} should be (1,) or ({channels},) for x of shape {shape}")
    return leaky_relu(x, weight if slopes != (channels,) else reshape(weight, (-1, *(1,) * (len(shape) - 2))))


@composed
def glu(x: ArrayLike, axis: int = -1) -> Tensor:
    """Gated linear unit, a·sigmoid(b), where a and b are the halves of x along an axis.

    Dauphin et al., Language Modeling with Gated Convolutional Networks, 2017.

    >>> glu(Tensor([3.0, 0.0]))
    Tensor([1.5])
    """
    shape = np.shape(x)
    if not shape or shape[axis] % 2:
        raise ValueError(f"axis {axis} of x with shape {shape} does not divide into two halves")
    a, b = split(x, 2, axis)
    return multiply(a, sigmoid(b))


@elementwise
def erf(x: Value, /) -> Value:
    """Error function, 2/√π times the integral of exp(−t²) from 0 to x.

    >>> erf(Tensor([0.0, 10.0]))
    Tensor([0., 1.])
    """
    return error_function(floating(x))


erf.rules(lambda g, out, x: g * (2 / math.sqrt(math.pi)) * np.exp(-x * x))


@elementwise
def gelu(x: Value, /, approximate: str = "none") -> Value:
    """Gaussian error linear unit, x·Φ(x), where Φ is the standard normal distribution function.

    With ``approximate="tanh"`` it is 0.5·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))), as in Hendrycks and Gimpel, Gaussian Error
    Linear Units, 2016.

    >>> gelu(Tensor(0.0))
    Tensor(0.0)
    """
    if approximate not in ("none", "tanh"):
        raise ValueError(f"approximate must be 'none' or 'tanh', got {approximate!r}")
    return _gelu(x, approximate)


@faster(smooth.gelu)
@in_blocks
def _gelu(x: Value, approximate: str) -> Value:
    return x * (_normal(x) if approximate == "none" else _normal_tanh(x)[0])


def _normal(x: Value) -> Value:
    """Φ(x)."""
    return erf(x * math.sqrt(0.5)) * 0.5 + 0.5


def _normal_tanh(x: Value) -> tuple[Value, Value]:
    """Φ(x) by the approximation with tanh, and its derivative."""
    scale = math.sqrt(2 / math.pi)
    t = np.tanh(scale * (x + 0.044715 * x * x * x))
    return (1 + t) / 2, (1 - t * t) * (scale / 2) * (1 + 3 * 0.044715 * x * x)


@faster(smooth.gelu_gradient)
@in_blocks
def _gelu_rule(g: Value, out: Value, x: Value, approximate: str) -> Value:
    if approximate == "none":
        return g * (_normal(x) + x * np.exp(x * x * -0.5) * (1 / math.sqrt(2 * math.pi)))
    probability, density = _normal_tanh(x)
    return g * (probability + x * density)


gelu.rules(_gelu_rule)


@op(formulas=("out∘(upstream − ⟨upstream, out⟩)",))
def softmax(x: Value, /, axis: int | tuple[int, ...] | None = -1) -> Value:
    """Exponentials scaled to sum to 1 along an axis, several, or all if it is None; exact for inputs of any size.

    The Jacobian is full: ∂out[k]/∂x[i] = out[k]·((1 if k = i else 0) − out[i]).

    >>> softmax(Tensor([1e4, 1e4]))
    Tensor([0.5, 0.5])
    """
    x = floating(x)
    return _softmax_rows(x) if axis in (-1, np.ndim(x) - 1) else _softmax(x, axis)


def _softmax(x: Value, axis: Any) -> Value:
    out = np.exp(x - np.max(x, axis=axis, keepdims=True, initial=-np.inf))
    out /= np.sum(out, axis=axis, keepdims=True)
    return out


@faster(smooth.softmax)
@in_rows
def _softmax_rows(x: Value) -> Value:
    return _softmax(x, -1)


def _softmax_rule(g: Value, out: Value, x: Value, axis: Any) -> Value:
    if axis in (-1, x.ndim - 1):
        return _softmax_rule_rows(g, out)
    return out * (g - np.sum(g * out, axis=axis, keepdims=True))


@faster(smooth.softmax_gradient)
@in_rows
def _softmax_rule_rows(g: Value, out: Value) -> Value:
    return out * (g - np.sum(g * out, axis=-1, keepdims=True))


softmax.rules(_softmax_rule)


@op(formulas=("upstream − softmax(x) · Σ upstream",))
def log_softmax(x: Value, /, axis: int | tuple[int, ...] | None = -1) -> Value:
    """Logarithm of the softmax, finite where the softmax itself is 0.

    >>> log_softmax(Tensor([1e4, 0.0]))
    Tensor([     0., -10000.])
    """
    x = floating(x)
    x = x - np.max(x, axis=axis, keepdims=True, initial=-np.inf)
    return x - np.log(np.sum(np.exp(x), axis=axis, keepdims=True))


log_softmax.rules(lambda g, out, x, axis: g - np.exp(out) * np.sum(g, axis=axis, keepdims=True))


@composed
def softmin(x: ArrayLike, axis: int | tuple[int, ...] | None = -1) -> Tensor:
    """Softmax of −x: the smallest element weighs most.

    >>> softmin(Tensor([0.0, 1e4]))
    Tensor([1., 0.])
    """
    return softmax(negative(x), axis)
