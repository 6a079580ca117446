"""Activations as layers, for use in Sequential: each calls the function of its name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import DTypeLike

from minigrad import ops
from minigrad.graph import ArrayLike
from minigrad.nn.layer import check_count
from minigrad.nn.module import Module
from minigrad.tensor import Tensor


class _Activation(Module):
    """A function with settings, which are attributes of the layer."""

    function: Callable[..., Tensor]
    settings: tuple[str, ...] = ()

    def forward(self, x: ArrayLike) -> Tensor:
        """Apply the function."""
        return type(self).function(x, *(getattr(self, name) for name in self.settings))

    def extra_repr(self) -> str:
        """The settings."""
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in self.settings)


class ReLU(_Activation):
    """Rectified linear unit, max(0, x). `inplace` has no effect: x is kept, so that it can be looked at.

    >>> mg.nn.ReLU()(mg.Tensor([-1.0, 2.0]))
    Tensor([0., 2.])
    """

    function = ops.relu

    def __init__(self, inplace: bool = False) -> None:
        pass


class ReLU6(_Activation):
    """Relu that saturates, min(max(x, 0), 6). `inplace` has no effect.

    >>> mg.nn.ReLU6()(mg.Tensor([-1.0, 7.0]))
    Tensor([0., 6.])
    """

    function = ops.relu6

    def __init__(self, inplace: bool = False) -> None:
        pass


class PReLU(Module):
    """Leaky relu whose slope is a parameter, one for all or one for each of `num_parameters` channels of x (N, C, ...).

    He et al., Delving Deep into Rectifiers, 2015.

    Examples
    --------
    >>> mg.nn.PReLU()(mg.Tensor([-1.0, 2.0]))
    Tensor([-0.25,  2.  ])
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25, *, dtype: DTypeLike = np.float32) -> None:
        check_count("PReLU", num_parameters=num_parameters)
        self.num_parameters = num_parameters
        self.weight = Tensor(np.full(num_parameters, init, dtype))

    def forward(self, x: ArrayLike) -> Tensor:
        """Apply the function."""
        return ops.prelu(x, self.weight)

    def extra_repr(self) -> str:
        """The number of slopes."""
        return f"num_parameters={self.num_parameters}"


class SELU(_Activation):
    """Scaled exponential linear unit, for self-normalising networks.

    >>> mg.nn.SELU()(mg.Tensor([0.0]))
    Tensor([0.])
    """

    function = ops.selu


class SiLU(_Activation):
    """Sigmoid linear unit or swish, x σ(x).

    >>> mg.nn.SiLU()(mg.Tensor([0.0]))
    Tensor([0.])
    """

    function = ops.silu


class Mish(_Activation):
    """Mish, x tanh(softplus(x)).

    >>> mg.nn.Mish()(mg.Tensor([0.0]))
    Tensor([0.])
    """

    function = ops.mish


class Sigmoid(_Activation):
    """Logistic sigmoid, 1 / (1 + exp(-x)).

    >>> mg.nn.Sigmoid()(mg.Tensor([0.0]))
    Tensor([0.5])
    """

    function = ops.sigmoid


class LogSigmoid(_Activation):
    """Logarithm of the sigmoid, finite for large negative x.

    >>> mg.nn.LogSigmoid()(mg.Tensor([-1000.0]))
    Tensor([-1000.])
    """

    function = ops.log_sigmoid


class Tanh(_Activation):
    """Hyperbolic tangent.

    >>> mg.nn.Tanh()(mg.Tensor([0.0]))
    Tensor([0.])
    """

    function = ops.tanh


class Softplus(_Activation):
    """Softplus, log(1 + exp(beta x)) / beta, finite for large x; no threshold is needed, unlike in PyTorch.

    >>> mg.nn.Softplus()(mg.Tensor([1000.0]))
    Tensor([1000.])
    """

    function = ops.softplus
    settings = ("beta",)

    def __init__(self, beta: float = 1.0) -> None:
        if not beta > 0:
            raise ValueError(f"Softplus: beta must be positive, got {beta!r}")
        self.beta = beta


class Softsign(_Activation):
    """Softsign, x / (1 + |x|).

    >>> mg.nn.Softsign()(mg.Tensor([3.0]))
    Tensor([0.75])
    """

    function = ops.softsign


class Hardtanh(_Activation):
    """Clip to [min_val, max_val].

    >>> mg.nn.Hardtanh()(mg.Tensor([-3.0, 0.5]))
    Tensor([-1. ,  0.5])
    """

    function = ops.hard_tanh
    settings = ("min_val", "max_val")

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0) -> None:
        if not min_val < max_val:
            raise ValueError(f"Hardtanh: min_val must be less than max_val, got {min_val!r} and {max_val!r}")
        self.min_val, self.max_val = min_val, max_val


class LeakyReLU(_Activation):
    """Leaky rectified linear unit: x where positive, else negative_slope x.

    >>> mg.nn.LeakyReLU(0.1)(mg.Tensor([-1.0, 2.0]))
    Tensor([-0.1,  2. ])
    """

    function = ops.leaky_relu
    settings = ("negative_slope",)

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = negative_slope


class ELU(_Activation):
    """Exponential linear unit: x where positive, else alpha (exp(x) - 1).

    >>> mg.nn.ELU()(mg.Tensor([-1000.0, 2.0]))
    Tensor([-1.,  2.])
    """

    function = ops.elu
    settings = ("alpha",)

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha


class CELU(_Activation):
    """Elu whose slope is continuous for every alpha: x where positive, else alpha (exp(x / alpha) - 1).

    >>> mg.nn.CELU(0.5)(mg.Tensor([-1000.0, 2.0]))
    Tensor([-0.5,  2. ])
    """

    function = ops.celu
    settings = ("alpha",)

    def __init__(self, alpha: float = 1.0) -> None:
        if not alpha > 0:
            raise ValueError(f"CELU: alpha must be positive, got {alpha!r}")
        self.alpha = alpha


class Hardsigmoid(_Activation):
    """Piecewise-linear sigmoid, min(max(x/6 + 1/2, 0), 1). `inplace` has no effect.

    >>> mg.nn.Hardsigmoid()(mg.Tensor([-4.0, 0.0, 4.0]))
    Tensor([0. , 0.5, 1. ])
    """

    function = ops.hardsigmoid

    def __init__(self, inplace: bool = False) -> None:
        pass


class Hardswish(_Activation):
    """Piecewise-quadratic silu, x hardsigmoid(x). `inplace` has no effect.

    >>> mg.nn.Hardswish()(mg.Tensor([4.0]))
    Tensor([4.])
    """

    function = ops.hardswish

    def __init__(self, inplace: bool = False) -> None:
        pass


class GELU(_Activation):
    """Gaussian error linear unit, x Φ(x); `approximate` is "none" for the exact form, or "tanh".

    >>> mg.nn.GELU()(mg.Tensor([0.0]))
    Tensor([0.])
    """

    function = ops.gelu
    settings = ("approximate",)

    def __init__(self, approximate: str = "none") -> None:
        self.approximate = approximate


class _AlongAxis(_Activation):
    settings = ("dim",)

    def __init__(self, dim: int = -1) -> None:
        self.dim = dim


class Softmax(_AlongAxis):
    """Softmax along `dim`, by default the last axis: exp(x) / Σ exp(x).

    >>> mg.nn.Softmax()(mg.Tensor([1e4, 1e4]))
    Tensor([0.5, 0.5])
    """

    function = ops.softmax


class LogSoftmax(_AlongAxis):
    """Logarithm of the softmax, finite where the softmax underflows to 0.

    >>> mg.nn.LogSoftmax()(mg.Tensor([1e4, 0.0]))
    Tensor([     0., -10000.])
    """

    function = ops.log_softmax


class Softmin(_AlongAxis):
    """Softmax of -x: the smallest element weighs most.

    >>> mg.nn.Softmin()(mg.Tensor([0.0, 1e4]))
    Tensor([1., 0.])
    """

    function = ops.softmin


class GLU(_AlongAxis):
    """Gated linear unit, a σ(b), where a and b are the halves of x along `dim`.

    >>> mg.nn.GLU()(mg.Tensor([3.0, 0.0]))
    Tensor([1.5])
    """

    function = ops.glu
