"""Normalisation as layers, which own the weights, and what batch normalisation remembers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad import ops
from minigrad.graph import Value
from minigrad.nn import init
from minigrad.nn.layer import check_count
from minigrad.nn.module import Module
from minigrad.tensor import Tensor


def _affine(shape: Any, weight: bool, bias: bool, dtype: Any) -> tuple[Tensor | None, Tensor | None]:
    """A weight of ones and a bias of zeros, where wanted."""
    return (
        Tensor(init.ones(shape, dtype=dtype)) if weight else None,
        Tensor(init.zeros(shape, dtype=dtype)) if bias else None,
    )


def _check_channels(layer: Any, x: Value) -> None:
    shape = np.shape(x)
    if len(shape) not in layer.ndims or shape[1] != layer.num_features:
        axes = " or ".join(map(str, layer.ndims))
        raise ValueError(f"{type(layer).__name__}({layer.num_features}): x has {axes} axes, N C ..., got {shape}")


class _BatchNorm(Module):
    ndims: tuple[int, ...]
    running_mean: Any
    running_var: Any
    num_batches_tracked: Any

    def __init__(
        self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True,
        track_running_stats: bool = True, *, dtype: Any = np.float32,
    ) -> None:  # fmt: skip
        check_count(type(self).__name__, num_features=num_features)
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self.weight, self.bias = _affine(num_features, affine, affine, dtype)
        kept = track_running_stats
        self.register_buffer("running_mean", init.zeros(num_features, dtype=dtype) if kept else None)
        self.register_buffer("running_var", init.ones(num_features, dtype=dtype) if kept else None)
        self.register_buffer("num_batches_tracked", np.array(0) if kept else None)

    def forward(self, x: Value) -> Value:
        """Normalise by the batch's statistics while training, else by the running ones."""
        _check_channels(self, x)
        kept = self.running_mean is not None
        follow = self.training and kept
        count = int(self.num_batches_tracked) + 1 if follow else 1
        momentum = 1 / count if self.momentum is None else self.momentum
        mean, var, training = self.running_mean, self.running_var, self.training or not kept
        out = ops.batch_norm(x, mean, var, self.weight, self.bias, training, momentum, self.eps)
        if follow:
            self.num_batches_tracked[...] = count
        return out

    def extra_repr(self) -> str:
        """The settings."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"track_running_stats={self.track_running_stats}"
        )


class BatchNorm1d(_BatchNorm):
    """Batch normalisation of (N, C) or (N, C, L); the arguments are those of `BatchNorm2d`.

    Examples
    --------
    >>> from minigrad import nn
    >>> nn.BatchNorm1d(2, eps=0, dtype=np.float64)(mg.Tensor([[1.0, 4.0], [3.0, 8.0]]))
    Tensor([[-1., -1.],
            [ 1.,  1.]])
    """

    ndims = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Bring each channel of (N, C, H, W) to mean 0 and variance 1 over the batch; then weight it and add a bias.

    Parameters
    ----------
    num_features : int
        How many channels.
    eps : float
        Added to the variance.
    momentum : float or None
        How fast the running statistics, which take over after training, follow the batches'; None for their plain mean.
    affine : bool
        Whether there are a weight and a bias.
    track_running_stats : bool
        If false, the batch's own statistics serve always.
    dtype : dtype_like
        Of the parameters and the statistics.

    Examples
    --------
    >>> from minigrad import nn
    >>> norm = nn.BatchNorm2d(3)
    >>> norm(np.ones((4, 3, 2, 2), np.float32)).shape
    (4, 3, 2, 2)
    >>> norm.running_mean
    array([0.1, 0.1, 0.1], dtype=float32)
    """

    ndims = (4,)


class BatchNorm3d(_BatchNorm):
    """Batch normalisation of (N, C, D, H, W); the arguments are those of `BatchNorm2d`.

    Examples
    --------
    >>> from minigrad import nn
    >>> nn.BatchNorm3d(1)(np.zeros((2, 1, 2, 2, 2), np.float32)).shape
    (2, 1, 2, 2, 2)
    """

    ndims = (5,)


class LayerNorm(Module):
    """Bring the last axes of each sample to mean 0 and variance 1; then weight them and add a bias.

    Parameters
    ----------
    normalized_shape : int or tuple of int
        The lengths of the last axes.
    eps : float
        Added to the variance.
    elementwise_affine, bias : bool
        Whether there are a weight and a bias; without the first, there is neither.
    dtype : dtype_like
        Of the parameters.

    Examples
    --------
    >>> from minigrad import nn
    >>> nn.LayerNorm(2, eps=0, dtype=np.float64)(mg.Tensor([[1.0, 3.0], [4.0, 8.0]]))
    Tensor([[-1.,  1.],
            [-1.,  1.]])
    """

    def __init__(
        self, normalized_shape: int | Sequence[int], eps: float = 1e-5, elementwise_affine: bool = True, bias: bool = True,
        *, dtype: Any = np.float32,
    ) -> None:  # fmt: skip
        self.normalized_shape = tuple(np.atleast_1d(normalized_shape).tolist())
        self.eps, self.elementwise_affine = eps, elementwise_affine
        affine = _affine(self.normalized_shape, elementwise_affine, elementwise_affine and bias, dtype)
        self.weight, self.bias = affine

    def forward(self, x: Value) -> Value:
        """Normalise each sample."""
        return ops.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The settings."""
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class GroupNorm(Module):
    """Bring each group of channels of each sample to mean 0 and variance 1; then weight each channel and add a bias.

    Parameters
    ----------
    num_groups, num_channels : int
        Into how many groups how many channels part.
    eps : float
        Added to the variance.
    affine : bool
        Whether there are a weight and a bias.
    dtype : dtype_like
        Of the parameters.

    Examples
    --------
    >>> from minigrad import nn
    >>> nn.GroupNorm(2, 4, eps=0, dtype=np.float64)(mg.Tensor([[1.0, 3.0, 4.0, 8.0]]))
    Tensor([[-1.,  1., -1.,  1.]])
    """

    def __init__(
        self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True, *, dtype: Any = np.float32
    ) -> None:
        check_count("GroupNorm", num_groups=num_groups, num_channels=num_channels)
        if num_groups < 1 or num_channels % num_groups:
            raise ValueError(f"GroupNorm: {num_channels} channels do not part into {num_groups} groups")
        self.num_groups, self.num_channels, self.eps, self.affine = num_groups, num_channels, eps, affine
        self.weight, self.bias = _affine(num_channels, affine, affine, dtype)

    def forward(self, x: Value) -> Value:
        """Normalise each group."""
        return ops.group_norm(x, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The settings."""
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}"


class _InstanceNorm(Module):
    ndims: tuple[int, ...]

    def __init__(self, num_features: int, eps: float = 1e-5, *, affine: bool = False, dtype: Any = np.float32) -> None:
        check_count(type(self).__name__, num_features=num_features)
        self.num_features, self.eps, self.affine = num_features, eps, affine
        self.weight, self.bias = _affine(num_features, affine, affine, dtype)

    def forward(self, x: Value) -> Value:
        """Normalise each channel of each sample."""
        _check_channels(self, x)
        return ops.instance_norm(x, weight=self.weight, bias=self.bias, eps=self.eps)

    def extra_repr(self) -> str:
        """The settings."""
        return f"{self.num_features}, eps={self.eps}, affine={self.affine}"


class InstanceNorm1d(_InstanceNorm):
    """Instance normalisation of (N, C, L); the arguments are those of `InstanceNorm2d`.

    Examples
    --------
    >>> from minigrad import nn
    >>> nn.InstanceNorm1d(2, eps=0)(mg.Tensor([[[1.0, 3.0], [4.0, 8.0]]]))
    Tensor([[[-1.,  1.],
             [-1.,  1.]]])
    """

    ndims = (3,)


class InstanceNorm2d(_InstanceNorm):
    """Bring each channel of each sample of (N, C, H, W) to mean 0 and variance 1.

    Parameters
    ----------
    num_features : int
        How many channels.
    eps : float
        Added to the variance.
    affine : bool
        Whether there are a weight and a bias for each channel.
    dtype : dtype_like
        Of the parameters.

    Examples
    --------
    >>> from minigrad import nn
    >>> nn.InstanceNorm2d(3)(np.ones((4, 3, 2, 2), np.float32)).shape
    (4, 3, 2, 2)
    """

    ndims = (4,)


class InstanceNorm3d(_InstanceNorm):
    """Instance normalisation of (N, C, D, H, W); the arguments are those of `InstanceNorm2d`.

    Examples
    --------
    >>> from minigrad import nn
    >>> nn.InstanceNorm3d(1)(np.zeros((2, 1, 2, 2, 2), np.float32)).shape
    (2, 1, 2, 2, 2)
    """

    ndims = (5,)
