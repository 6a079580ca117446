"""Losses that compare a prediction with a target element by element; `cross_entropy` compares scores with classes.

Each loss is one node, reduction included. Its rule is that of a single element, times the element's share of the upstream
gradient: all of it for a sum, 1/n of it for a mean of n.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.graph import ArrayLike, Value, value_of
from minigrad.operation import Op, composed, op
from minigrad.ops.blocks import in_blocks
from minigrad.ops.dtypes import data_like, floats
from minigrad.ops.networks.activation import sigmoid, softplus

if TYPE_CHECKING:
    from minigrad.graph import Tensor

REDUCTIONS = ("mean", "sum", "none")


def reduced(losses: Value, reduction: str, count: Value = None) -> Value:
    """Sum or average losses; the mean divides by `count`, if given, and the mean of nothing is nan."""
    if reduction == "none":
        return losses
    # A sum of many float16 numbers may overflow where their mean does not.
    total = np.sum(losses, dtype=np.float32 if losses.dtype == np.float16 else None)
    if reduction == "mean":
        count = losses.size if count is None else count
        total = total / count if count else total * np.nan
    return total.astype(losses.dtype)


def share(g: Value, reduction: str, count: Value) -> Value:
    """The upstream gradient of each single loss."""
    if reduction != "mean":
        return g
    # A count beyond float16 would be taken for infinity; one over it is not lost.
    return g / (count or 1) if count < 65504 else g * (1 / count)


def check_reduction(reduction: str, allowed: tuple[str, ...] = REDUCTIONS) -> None:
    """Refuse an unknown reduction."""
    if reduction not in allowed:
        raise ValueError(f"reduction must be one of {', '.join(allowed)}, got {reduction!r}")


def _compare(
    loss: Op[...],
    x: Value,
    target: Value,
    reduction: str,
    allowed: tuple[str, ...] = REDUCTIONS,
    others: Sequence[Value] = (),
    **static: Any,
) -> Tensor:
    check_reduction(reduction, allowed)
    shape = np.shape(value_of(x))
    if np.shape(value_of(target)) != shape:
        raise ValueError(f"target of shape {np.shape(value_of(target))} does not match x {shape}")
    for name in ("weight", "pos_weight"):
        if static.get(name) is not None:
            static[name] = factors = data_like(static[name], x, name)
            pairs = zip(factors.shape[::-1], shape[::-1], strict=False)
            if factors.ndim > len(shape) or any(m not in (1, n) for m, n in pairs):
                raise ValueError(f"{name} of shape {factors.shape} does not broadcast to x {shape}")
    return loss(*floats(x, target), *others, reduction=reduction, **static)


# Of the difference


def _of_difference(loss: Op[...], slope: Callable[..., Value]) -> None:
    """Give a loss of x - target its rule: the target receives the negated gradient of x."""

    @loss.joint_rule
    def rule(
        needed: Sequence[bool], g: Value, out: Value, x: Value, target: Value, reduction: str, **static: Any
    ) -> list[Value]:
        gx = slope(share(g, reduction, x.size), x - target, **static)
        return [gx, -gx if needed[1] else None]


@op
def _mse_loss(x: Value, target: Value, /, reduction: str) -> Value:
    """Squared difference."""
    difference = x - target
    return reduced(difference * difference, reduction)


@op
def _l1_loss(x: Value, target: Value, /, reduction: str) -> Value:
    """Absolute difference."""
    return reduced(np.abs(x - target), reduction)


@op
def _huber_loss(x: Value, target: Value, delta: Value, /, reduction: str) -> Value:
    """Half the square of a small difference, and a straight line beyond."""
    difference = x - target
    clipped = np.clip(difference, -delta, delta)
    return reduced(clipped * (difference - clipped / 2), reduction)


_of_difference(_mse_loss, lambda g, difference: 2 * g * difference)
_of_difference(_l1_loss, lambda g, difference: g * np.sign(difference))


@_huber_loss.joint_rule
def _huber_rule(
    needed: Sequence[bool], g: Value, out: Value, x: Value, target: Value, delta: Value, reduction: str
) -> list[Value]:
    g, difference = share(g, reduction, x.size), x - target
    clipped = np.clip(difference, -delta, delta)
    gx = g * clipped
    return [gx, -gx if needed[1] else None, np.sum(g * (np.abs(difference) - np.abs(clipped))) if needed[2] else None]


@composed
def mse_loss(x: ArrayLike, target: ArrayLike, reduction: str = "mean") -> Tensor:
    """Mean squared error, (x - target)², for x and target of one shape.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
        Over all elements.

    Examples
    --------
    >>> mse_loss(Tensor([1.0, 5.0]), [0.0, 2.0])
    Tensor(5.0)
    """
    return _compare(_mse_loss, x, target, reduction)


@composed
def l1_loss(x: ArrayLike, target: ArrayLike, reduction: str = "mean") -> Tensor:
    """Mean absolute error, |x - target|, with the arguments of `mse_loss`. The gradient at 0 is 0.

    >>> l1_loss(Tensor([1.0, 5.0]), [0.0, 2.0])
    Tensor(2.0)
    """
    return _compare(_l1_loss, x, target, reduction)


@composed
def huber_loss(x: ArrayLike, target: ArrayLike, reduction: str = "mean", delta: ArrayLike = 1.0) -> Tensor:
    """Huber loss, with the arguments of `mse_loss`: d²/2 for differences d up to delta, and delta (|d| - delta/2) beyond.

    The gradient is the difference, clipped to [-delta, delta]; delta receives one too (Huber, Robust Estimation of a
    Location Parameter, 1964).

    >>> huber_loss(Tensor([1.0, 5.0]), [0.0, 2.0], reduction="none")
    Tensor([0.5, 2.5])
    """
    if np.ndim(delta) or not delta > 0:  # type: ignore[operator]
        raise ValueError(f"delta must be positive, and a single number, got {delta!r}")
    return _compare(_huber_loss, x, target, reduction, others=(delta,))


@composed
def smooth_l1_loss(x: ArrayLike, target: ArrayLike, reduction: str = "mean", beta: ArrayLike = 1.0) -> Tensor:
    """Huber loss over its delta, here beta: d²/(2·beta) for differences d up to beta, and |d| − beta/2 beyond.

    With beta = 0 it is the mean absolute error, as in PyTorch.

    >>> smooth_l1_loss(Tensor([1.0, 5.0]), [0.0, 2.0], reduction="none", beta=2.0)
    Tensor([0.25, 2.  ])
    """
    if np.ndim(beta) or not beta >= 0:  # type: ignore[operator]
        raise ValueError(f"beta must be at least 0, and a single number, got {beta!r}")
    return huber_loss(x, target, reduction, beta) / beta if beta > 0 else l1_loss(x, target, reduction)  # type: ignore[operator]


# Of probabilities


def weighted(v: Value, weight: Value) -> Value:
    """Multiply by a weight, if there is one."""
    return v if weight is None else v * weight


def _log(p: Value) -> Value:
    """The logarithm, clipped at -100 as in PyTorch."""
    return np.maximum(np.log(p), -100)


@op
def _binary_cross_entropy(p: Value, target: Value, /, reduction: str, weight: Value) -> Value:
    """Cross-entropy of the probabilities of two classes."""
    if p.size and (np.min(p) < 0 or np.max(p) > 1):
        raise ValueError("x must hold probabilities, from 0 to 1; for logits there is binary_cross_entropy_with_logits")
    with np.errstate(divide="ignore"):
        losses = -target * _log(p) - (1 - target) * _log(1 - p)
    return reduced(weighted(losses, weight), reduction)


@_binary_cross_entropy.joint_rule
def _binary_cross_entropy_rule(
    needed: Sequence[bool], g: Value, out: Value, p: Value, y: Value, reduction: str, weight: Value
) -> list[Value]:
    g = weighted(share(g, reduction, p.size), weight)
    return [
        g * ((p - y) / np.maximum(p * (1 - p), 1e-12)) if needed[0] else None,
        g * (_log(1 - p) - _log(p)) if needed[1] else None,
    ]


@composed
def binary_cross_entropy(
    x: ArrayLike, target: ArrayLike, weight: ArrayLike | None = None, reduction: str = "mean"
) -> Tensor:
    """Binary cross-entropy of probabilities, -y log x - (1 - y) log(1 - x), for targets y from 0 to 1.

    As in PyTorch, the logarithms are clipped at -100 and the divisor of the gradient (x - y) / (x (1 - x)) at 1e-12, so both
    are finite at 0 and 1. Prefer `binary_cross_entropy_with_logits` for logits.

    Parameters
    ----------
    weight : array_like, optional
        A factor for each loss, broadcast to x's shape; it receives no gradient.
    reduction : {"mean", "sum", "none"}
        Over all elements; the mean does not divide by the sum of the weights.

    Examples
    --------
    >>> binary_cross_entropy(Tensor([0.5, 1.0]), [1.0, 0.0], reduction="none")
    Tensor([  0.69314718, 100.        ])
    """
    return _compare(_binary_cross_entropy, x, target, reduction, weight=weight)


@op
def _binary_cross_entropy_with_logits(z: Value, target: Value, /, reduction: str, weight: Value, pos_weight: Value) -> Value:
    """Cross-entropy of the sigmoid of z."""
    losses = _losses_of_logits(z, target, pos_weight)
    return reduced(weighted(losses, weight), reduction)


def _tail(z: Value) -> Value:
    """log(1 + exp(−|z|)), by Kahan's correction of the logarithm, which is faster than NumPy's log1p."""
    small = np.exp(-np.abs(z))
    whole = 1 + small
    lost = whole - 1  # what is left of it after rounding
    return np.where(lost == 0, small, np.log(whole) * (small / np.where(lost == 0, 1, lost)))


@in_blocks
def _losses_of_logits(z: Value, target: Value, pos_weight: Value) -> Value:
    tail = _tail(z)
    return weighted(target, pos_weight) * (np.maximum(-z, 0) + tail) + (1 - target) * (np.maximum(z, 0) + tail)


def _weighted_slopes(z: Value, target: Value, pos_weight: Value) -> Value:
    return (1 - target) * sigmoid(z) - target * pos_weight * sigmoid(-z)


@in_blocks
def _slopes_of_logits(g: Value, z: Value, target: Value) -> Value:
    return g * (sigmoid(z) - target)


@_binary_cross_entropy_with_logits.joint_rule
def _logits_rule(
    needed: Sequence[bool], g: Value, out: Value, z: Value, y: Value, reduction: str, weight: Value, pos_weight: Value
) -> list[Value]:
    g, gz, gy = weighted(share(g, reduction, z.size), weight), None, None
    if needed[0]:
        gz = _slopes_of_logits(g, z, y) if pos_weight is None else g * _weighted_slopes(z, y, pos_weight)
    if needed[1]:
        gy = g * (-z if pos_weight is None else pos_weight * softplus(-z) - softplus(z))
    return [gz, gy]


@composed
def binary_cross_entropy_with_logits(
    x: ArrayLike,
    target: ArrayLike,
    weight: ArrayLike | None = None,
    reduction: str = "mean",
    pos_weight: ArrayLike | None = None,
) -> Tensor:
    """Binary cross-entropy of sigmoid(x), fused: finite for all logits, with the gradient sigmoid(x) - target.

    Parameters
    ----------
    weight, reduction
        As for `binary_cross_entropy`.
    pos_weight : array_like, optional
        A factor for the term of the target, broadcast to x's shape; it receives no gradient.

    Examples
    --------
    >>> binary_cross_entropy_with_logits(Tensor([0.0, 1000.0]), [1.0, 0.0], reduction="none")
    Tensor([6.93147181e-01, 1.00000000e+03])
    """
    return _compare(_binary_cross_entropy_with_logits, x, target, reduction, weight=weight, pos_weight=pos_weight)


@op
def _kl_div(x: Value, target: Value, /, reduction: str, log_target: bool) -> Value:
    """Kullback-Leibler divergence of each element."""
    if log_target:
        losses = np.exp(target) * (target - x)
    else:
        with np.errstate(invalid="ignore"):
            losses = np.where(target > 0, target * (_log_or_0(target) - x), 0.0)
    return reduced(losses, *_counted(reduction, x))


def _log_or_0(p: Value) -> Value:
    return np.log(np.where(p > 0, p, 1.0))


def _counted(reduction: str, x: Value) -> tuple[str, int]:
    """The divisor of "batchmean"."""
    return ("mean", x.shape[0]) if reduction == "batchmean" else (reduction, x.size)


@_kl_div.joint_rule
def _kl_div_rule(
    needed: Sequence[bool], g: Value, out: Value, x: Value, y: Value, reduction: str, log_target: bool
) -> list[Value]:
    g, gy = share(g, *_counted(reduction, x)), None
    p = np.exp(y) if log_target else y
    if needed[1]:
        gy = g * (p * (y - x + 1) if log_target else np.where(y > 0, _log_or_0(y) - x + 1, 0.0))
    return [-g * p, gy]


@composed
def kl_div(x: ArrayLike, target: ArrayLike, reduction: str = "mean", log_target: bool = False) -> Tensor:
    """Kullback-Leibler divergence, target (log target - x), of log-probabilities x from a target.

    Where the target is 0, the loss and both gradients are 0.

    Parameters
    ----------
    reduction : {"mean", "batchmean", "sum", "none"}
        Over all elements; "batchmean", the divergence proper, divides the sum by the length of the first axis.
    log_target : bool
        Whether the target is log-probabilities too.

    Examples
    --------
    >>> kl_div(Tensor(np.log([[0.5, 0.5]])), [[1.0, 0.0]], reduction="batchmean")
    Tensor(0.6931471805599453)
    """
    if reduction == "batchmean" and not np.ndim(value_of(x)):
        raise ValueError("a scalar has no batch to take the mean over")
    return _compare(_kl_div, x, target, reduction, (*REDUCTIONS, "batchmean"), log_target=log_target)
