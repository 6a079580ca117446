"""Normalisation as layers, which own the weights and the running statistics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from minigrad import ops
from minigrad.graph import ArrayLike
from minigrad.nn import init
from minigrad.nn.layer import check_count
from minigrad.nn.module import Module
from minigrad.tensor import Tensor


def _affine(shape: Any, weight: bool, bias: bool, dtype: DTypeLike) -> tuple[Tensor | None, Tensor | None]:
    """A weight of ones and a bias of zeros, or None."""
    return (
        Tensor(init.ones(shape, dtype=dtype)) if weight else None,
        Tensor(init.zeros(shape, dtype=dtype)) if bias else None,
    )


def _check_channels(layer: Any, x: ArrayLike) -> None:
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
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        *,
        dtype: DTypeLike = np.float32,
    ) -> None:
        check_count(type(self).__name__, num_features=num_features)
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self.weight, self.bias = _affine(num_features, affine, affine, dtype)
        kept = track_running_stats
        self.register_buffer("running_mean", init.zeros(num_features, dtype=dtype) if kept else None)
        self.register_buffer("running_var", init.ones(num_features, dtype=dtype) if kept else None)
        self.register_buffer("num_batches_tracked", np.array(0) if kept else None)

    def forward(self, x: ArrayLike) -> Tensor:
        """Normalise with the batch's statistics in training mode, else with the running ones."""
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
    """As `BatchNorm2d`, of (N, C) or (N, C, W).

    >>> mg.nn.BatchNorm1d(2, eps=0, dtype=np.float64)(mg.Tensor([[1.0, 4.0], [3.0, 8.0]]))
    Tensor([[-1., -1.],
            [ 1.,  1.]])
    """

    ndims = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Batch normalisation of (N, C, H, W): (x - mean) / √(var + eps) · weight + bias, per channel over the batch.

    In evaluation mode the running statistics are used; `momentum` is how fast they follow the batches', or None for their
    plain mean. `dtype` is also the dtype of the running statistics.

    Examples
    --------
    >>> norm = mg.nn.BatchNorm2d(3)
    >>> norm(np.ones((4, 3, 2, 2), np.float32)).shape
    (4, 3, 2, 2)
    >>> norm.running_mean
    array([0.1, 0.1, 0.1], dtype=float32)
    """

    ndims = (4,)


class BatchNorm3d(_BatchNorm):
    """As `BatchNorm2d`, of (N, C, D, H, W).

    >>> mg.nn.BatchNorm3d(1)(np.zeros((2, 1, 2, 2, 2), np.float32)).shape
    (2, 1, 2, 2, 2)
    """

    ndims = (5,)


class LayerNorm(Module):
    """Layer normalisation: as `BatchNorm2d`, but over the last axes of each sample, whose lengths are `normalized_shape`.

    Without `elementwise_affine` there is no bias either.

    Examples
    --------
    >>> mg.nn.LayerNorm(2, eps=0, dtype=np.float64)(mg.Tensor([[1.0, 3.0], [4.0, 8.0]]))
    Tensor([[-1.,  1.],
            [-1.,  1.]])
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        *,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.normalized_shape = tuple(np.atleast_1d(normalized_shape).tolist())
        self.eps, self.elementwise_affine = eps, elementwise_affine
        affine = _affine(self.normalized_shape, elementwise_affine, elementwise_affine and bias, dtype)
        self.weight, self.bias = affine

    def forward(self, x: ArrayLike) -> Tensor:
        """Normalise each sample."""
        return ops.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The settings."""
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class RMSNorm(Module):
    """Root-mean-square normalisation over the last axes of each sample, whose lengths are `normalized_shape`.

    `eps` is by default that of the dtype of x.

    Examples
    --------
    >>> mg.nn.RMSNorm(2, dtype=np.float64)(mg.Tensor([[3.0, 3.0]])).data.round(3)
    array([[1., 1.]])
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
        *,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.normalized_shape = tuple(np.atleast_1d(normalized_shape).tolist())
        self.eps, self.elementwise_affine = eps, elementwise_affine
        self.weight, _ = _affine(self.normalized_shape, elementwise_affine, False, dtype)

    def forward(self, x: ArrayLike) -> Tensor:
        """Normalise each sample."""
        return ops.rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        """The settings."""
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class GroupNorm(Module):
    """Group normalisation: as `BatchNorm2d`, but over each group of channels of each sample (N, C, ...).

    >>> mg.nn.GroupNorm(2, 4, eps=0, dtype=np.float64)(mg.Tensor([[1.0, 3.0, 4.0, 8.0]]))
    Tensor([[-1.,  1., -1.,  1.]])
    """

    def __init__(
        self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True, *, dtype: DTypeLike = np.float32
    ) -> None:
        check_count("GroupNorm", num_groups=num_groups, num_channels=num_channels)
        if num_groups < 1 or num_channels % num_groups:
            raise ValueError(f"GroupNorm: {num_channels} channels do not divide into {num_groups} groups")
        self.num_groups, self.num_channels, self.eps, self.affine = num_groups, num_channels, eps, affine
        self.weight, self.bias = _affine(num_channels, affine, affine, dtype)

    def forward(self, x: ArrayLike) -> Tensor:
        """Normalise each group."""
        return ops.group_norm(x, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The settings."""
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}"


class _InstanceNorm(Module):
    ndims: tuple[int, ...]

    def __init__(self, num_features: int, eps: float = 1e-5, *, affine: bool = False, dtype: DTypeLike = np.float32) -> None:
        check_count(type(self).__name__, num_features=num_features)
        self.num_features, self.eps, self.affine = num_features, eps, affine
        self.weight, self.bias = _affine(num_features, affine, affine, dtype)

    def forward(self, x: ArrayLike) -> Tensor:
        """Normalise each channel of each sample."""
        _check_channels(self, x)
        return ops.instance_norm(x, weight=self.weight, bias=self.bias, eps=self.eps)

    def extra_repr(self) -> str:
        """The settings."""
        return f"{self.num_features}, eps={self.eps}, affine={self.affine}"


class InstanceNorm1d(_InstanceNorm):
    """As `InstanceNorm2d`, of (N, C, W).

    >>> mg.nn.InstanceNorm1d(2, eps=0)(mg.Tensor([[[1.0, 3.0], [4.0, 8.0]]]))
    Tensor([[[-1.,  1.],
             [-1.,  1.]]])
    """

    ndims = (3,)


class InstanceNorm2d(_InstanceNorm):
    """Instance normalisation: as `BatchNorm2d`, but over each channel of each sample (N, C, H, W).

    Unlike PyTorch's, it keeps no running statistics.

    Examples
    --------
    >>> mg.nn.InstanceNorm2d(3)(np.ones((4, 3, 2, 2), np.float32)).shape
    (4, 3, 2, 2)
    """

    ndims = (4,)


class InstanceNorm3d(_InstanceNorm):
    """As `InstanceNorm2d`, of (N, C, D, H, W).

    >>> mg.nn.InstanceNorm3d(1)(np.zeros((2, 1, 2, 2, 2), np.float32)).shape
    (2, 1, 2, 2, 2)
    """

    ndims = (5,)
