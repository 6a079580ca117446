"""Activations as layers, for use in Sequential: each calls the function of its name."""

from __future__ import annotations

from collections.abc import Callable

from minigrad import ops
from minigrad.graph import Value
from minigrad.nn.module import Module


class _Activation(Module):
    """A function with settings, which are attributes; extra_repr shows them as they are passed."""

    function: Callable[..., Value]
    settings: tuple[str, ...] = ()

    def forward(self, x: Value) -> Value:
        """Apply the function."""
        return type(self).function(x, *(getattr(self, name) for name in self.settings))

    def extra_repr(self) -> str:
        """The settings."""
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in self.settings)


class ReLU(_Activation):
    """X where it is positive, else 0.

    Parameters
    ----------
    inplace : bool
        Accepted as in PyTorch, and without effect: x is kept, so that it can be looked at.

    Examples
    --------
    >>> from minigrad import nn
    >>> nn.ReLU()(mg.Tensor([-1.0, 2.0]))
    Tensor([0., 2.])
    """

    function = ops.relu

    def __init__(self, inplace: bool = False) -> None:
        pass


class SELU(_Activation):
    """The self-normalising elu.

    Examples
    --------
    >>> from minigrad import nn
    >>> nn.SELU()(mg.Tensor([0.0]))
    Tensor([0.])
    """

    function = ops.selu


class SiLU(_Activation):
    """X sigmoid(x), also called swish.

    Examples
    --------
    >>> from minigrad import nn
    >>> nn.SiLU()(mg.Tensor([0.0]))
    Tensor([0.])
    """

    function = ops.silu


class Mish(_Activation):
    """X tanh(softplus(x)).

    Examples
    --------
    >>> from minigrad import nn
    >>> nn.Mish()(mg.Tensor([0.0]))
    Tensor([0.])
    """

    function = ops.mish


class Sigmoid(_Activation):
    """1 / (1 + exp(-x)).

    Examples
    --------
    >>> from minigrad import nn
    >>> nn.Sigmoid()(mg.Tensor([0.0]))
    Tensor([0.5])
    """

    function = ops.sigmoid


class LogSigmoid(_Activation):
    """Log(sigmoid(x)), finite for large negative x.

    Examples
    --------
    >>> from minigrad import nn
    >>> nn.LogSigmoid()(mg.Tensor([-1000.0]))
    Tensor([-1000.])
    """

    function = ops.log_sigmoid


class Tanh(_Activation):
    """The hyperbolic tangent.

    Examples
    --------
    >>> from minigrad import nn
    >>> nn.Tanh()(mg.Tensor([0.0]))
    Tensor([0.])
    """

    function = ops.tanh


class Softplus(_Activation):
    """Log(1 + exp(beta x)) / beta, finite for large x.

    Parameters
    ----------
    beta : float
        How sharp the bend at 0 is.

    Examples
    --------
    >>> from minigrad import nn
    >>> nn.Softplus()(mg.Tensor([1000.0]))
    Tensor([1000.])
    """

    settings = ("beta",)

    def __init__(self, beta: float = 1.0) -> None:
        if not beta > 0:
            raise ValueError(f"Softplus: beta is more than 0, got {beta!r}")
        self.beta = beta

    def forward(self, x: Value) -> Value:
        """Apply the function."""
        return ops.softplus(x) if self.beta == 1 else ops.softplus(ops.multiply(x, self.beta)) / self.beta


class Softsign(_Activation):
    """X / (1 + abs(x)).

    Examples
    --------
    >>> from minigrad import nn
    >>> nn.Softsign()(mg.Tensor([3.0]))
    Tensor([0.75])
    """

    function = ops.softsign


class Hardtanh(_Activation):
    """X held between two bounds.

    Parameters
    ----------
    min_val, max_val : float
        The bounds.

    Examples
    --------
    >>> from minigrad import nn
    >>> nn.Hardtanh()(mg.Tensor([-3.0, 0.5]))
    Tensor([-1. ,  0.5])
    """

    function = ops.hard_tanh
    settings = ("min_val", "max_val")

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0) -> None:
        if not min_val < max_val:
            raise ValueError(f"Hardtanh: min_val is less than max_val, got {min_val!r} and {max_val!r}")
        self.min_val, self.max_val = min_val, max_val


class LeakyReLU(_Activation):
    """X where it is positive, else a small multiple of it.

    Parameters
    ----------
    negative_slope : float
        The multiple.

    Examples
    --------
    >>> from minigrad import nn
    >>> nn.LeakyReLU(0.1)(mg.Tensor([-1.0, 2.0]))
    Tensor([-0.1,  2. ])
    """

    function = ops.leaky_relu
    settings = ("negative_slope",)

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = negative_slope


class ELU(_Activation):
    """X where it is positive, else alpha (exp(x) - 1).

    Parameters
    ----------
    alpha : float
        Minus the value at minus infinity.

    Examples
    --------
    >>> from minigrad import nn
    >>> nn.ELU()(mg.Tensor([-1000.0, 2.0]))
    Tensor([-1.,  2.])
    """

    function = ops.elu
    settings = ("alpha",)

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha


class GELU(_Activation):
    """X times the normal distribution's cumulative probability at x.

    Parameters
    ----------
    approximate : str
        "none" for the exact form, or "tanh".

    Examples
    --------
    >>> from minigrad import nn
    >>> nn.GELU()(mg.Tensor([0.0]))
    Tensor([0.])
    """

    function = ops.gelu
    settings = ("approximate",)

    def __init__(self, approximate: str = "none") -> None:
        self.approximate = approximate


class Softmax(_Activation):
    """Exponentials along an axis, scaled to sum to 1.

    Parameters
    ----------
    dim : int
        Along which axis.

    Examples
    --------
    >>> from minigrad import nn
    >>> nn.Softmax()(mg.Tensor([1e4, 1e4]))
    Tensor([0.5, 0.5])
    """

    function = ops.softmax
    settings = ("dim",)

    def __init__(self, dim: int = -1) -> None:
        self.dim = dim


class LogSoftmax(_Activation):
    """Logarithm of the softmax, finite where the softmax itself is 0.

    Parameters
    ----------
    dim : int
        Along which axis.

    Examples
    --------
    >>> from minigrad import nn
    >>> nn.LogSoftmax()(mg.Tensor([1e4, 0.0]))
    Tensor([     0., -10000.])
    """

    function = ops.log_softmax
    settings = ("dim",)

    def __init__(self, dim: int = -1) -> None:
        self.dim = dim
