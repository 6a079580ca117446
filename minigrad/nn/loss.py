"""Losses as layers: each calls the function of its name, with its settings as attributes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad import ops
from minigrad.graph import ArrayLike, value_of
from minigrad.nn.module import Module
from minigrad.ops.networks.loss import REDUCTIONS, check_reduction
from minigrad.tensor import Tensor


class _Loss(Module):
    """A loss whose settings are attributes; weights are buffers, saved with the model, as in PyTorch."""

    function: Callable[..., Tensor]
    reductions: tuple[str, ...] = REDUCTIONS

    def _set(self, **settings: Any) -> None:
        check_reduction(settings["reduction"], self.reductions)
        for name, value in settings.items():
            if name.endswith("weight") and value is not None:
                self.register_buffer(name, np.asarray(value_of(value)))
            else:
                setattr(self, name, value)
        self._settings = tuple(settings)

    def forward(self, *inputs: ArrayLike) -> Tensor:
        """Compare the inputs."""
        return type(self).function(*inputs, **{name: getattr(self, name) for name in self._settings})

    def extra_repr(self) -> str:
        """The settings."""
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in self._settings if not name.endswith("weight"))


class CrossEntropyLoss(_Loss):
    """`minigrad.cross_entropy` of logits. The settings are its arguments.

    >>> mg.nn.CrossEntropyLoss()(mg.Tensor([[0.0, 0.0]]), [1])
    Tensor(0.6931471805599453)
    """

    function = ops.cross_entropy

    def __init__(
        self,
        weight: ArrayLike | None = None,
        *,
        ignore_index: int = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        self._set(weight=weight, ignore_index=ignore_index, reduction=reduction, label_smoothing=label_smoothing)


class NLLLoss(_Loss):
    """`minigrad.nll_loss` of log-probabilities. The settings are its arguments.

    >>> mg.nn.NLLLoss()(mg.Tensor([[-0.5, -1.0]]), [1])
    Tensor(1.0)
    """

    function = ops.nll_loss

    def __init__(self, weight: ArrayLike | None = None, *, ignore_index: int = -100, reduction: str = "mean") -> None:
        self._set(weight=weight, ignore_index=ignore_index, reduction=reduction)


class MSELoss(_Loss):
    """Mean squared error, `minigrad.mse_loss`. The settings are its arguments.

    >>> mg.nn.MSELoss()(mg.Tensor([1.0, 5.0]), [0.0, 2.0])
    Tensor(5.0)
    """

    function = ops.mse_loss

    def __init__(self, *, reduction: str = "mean") -> None:
        self._set(reduction=reduction)


class L1Loss(_Loss):
    """Mean absolute error, `minigrad.l1_loss`. The settings are its arguments.

    >>> mg.nn.L1Loss()(mg.Tensor([1.0, 5.0]), [0.0, 2.0])
    Tensor(2.0)
    """

    function = ops.l1_loss

    def __init__(self, *, reduction: str = "mean") -> None:
        self._set(reduction=reduction)


class HuberLoss(_Loss):
    """Huber loss, `minigrad.huber_loss`. The settings are its arguments.

    >>> mg.nn.HuberLoss()(mg.Tensor([1.0, 5.0]), [0.0, 2.0])
    Tensor(1.5)
    """

    function = ops.huber_loss

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        self._set(reduction=reduction, delta=delta)


class SmoothL1Loss(_Loss):
    """Huber loss over its delta, `minigrad.smooth_l1_loss`. The settings are its arguments.

    >>> mg.nn.SmoothL1Loss(beta=2.0)(mg.Tensor([1.0, 5.0]), [0.0, 2.0])
    Tensor(1.125)
    """

    function = ops.smooth_l1_loss

    def __init__(self, *, reduction: str = "mean", beta: float = 1.0) -> None:
        self._set(reduction=reduction, beta=beta)


class BCELoss(_Loss):
    """Binary cross-entropy of probabilities, `minigrad.binary_cross_entropy`. The settings are its arguments.

    >>> mg.nn.BCELoss()(mg.Tensor([0.5]), [1.0])
    Tensor(0.6931471805599453)
    """

    function = ops.binary_cross_entropy

    def __init__(self, weight: ArrayLike | None = None, *, reduction: str = "mean") -> None:
        self._set(weight=weight, reduction=reduction)


class BCEWithLogitsLoss(_Loss):
    """Binary cross-entropy of logits, `minigrad.binary_cross_entropy_with_logits`. The settings are its arguments.

    >>> mg.nn.BCEWithLogitsLoss()(mg.Tensor([0.0]), [1.0])
    Tensor(0.6931471805599453)
    """

    function = ops.binary_cross_entropy_with_logits

    def __init__(
        self, weight: ArrayLike | None = None, *, reduction: str = "mean", pos_weight: ArrayLike | None = None
    ) -> None:
        self._set(weight=weight, reduction=reduction, pos_weight=pos_weight)


class KLDivLoss(_Loss):
    """Kullback-Leibler divergence, `minigrad.kl_div`. The settings are its arguments.

    >>> mg.nn.KLDivLoss(reduction="batchmean")(mg.Tensor(np.log([[0.5, 0.5]])), [[1.0, 0.0]])
    Tensor(0.6931471805599453)
    """

    function = ops.kl_div
    reductions = (*REDUCTIONS, "batchmean")

    def __init__(self, *, reduction: str = "mean", log_target: bool = False) -> None:
        self._set(reduction=reduction, log_target=log_target)


class CosineEmbeddingLoss(_Loss):
    """Loss of pairs of vectors by their cosine, `minigrad.cosine_embedding_loss`. The settings are its arguments.

    >>> mg.nn.CosineEmbeddingLoss()(mg.Tensor([[1.0, 0.0]]), [[0.0, 1.0]], [1])
    Tensor(1.0)
    """

    function = ops.cosine_embedding_loss

    def __init__(self, margin: float = 0.0, *, reduction: str = "mean") -> None:
        self._set(margin=margin, reduction=reduction)


class TripletMarginLoss(_Loss):
    """Triplet loss, `minigrad.triplet_margin_loss`. The settings are its arguments.

    >>> mg.nn.TripletMarginLoss()(mg.Tensor([[0.0]]), [[2.0]], [[9.0]])
    Tensor(0.0)
    """

    function = ops.triplet_margin_loss

    def __init__(
        self, margin: float = 1.0, p: float = 2.0, eps: float = 1e-6, swap: bool = False, *, reduction: str = "mean"
    ) -> None:
        self._set(margin=margin, p=p, eps=eps, swap=swap, reduction=reduction)
