"""How far a prediction is from a target, number by number. What compares with classes is in `cross_entropy`.

Each loss is one node, reduction included; its rules are those of a single number, times the share of the upstream gradient
that this number gets: all of it for a sum, 1/n of it for a mean of n.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.graph import Value, value_of
from minigrad.operation import Op, op
from minigrad.ops.dtypes import data_like, floating
from minigrad.ops.networks.activation import sigmoid, softplus

REDUCTIONS = ("mean", "sum", "none")


def reduced(losses: Value, reduction: str, count: Value = None) -> Value:
    """Add up losses, or take their mean, of nothing nan; `count` stands in for how many there are."""
    if reduction == "none":
        return losses
    # A sum of many float16 numbers may overflow where their mean does not.
    total = np.sum(losses, dtype=np.float32 if losses.dtype == np.float16 else None)
    if reduction == "mean":
        count = losses.size if count is None else count
        total = total / count if count else total * np.nan
    return total.astype(losses.dtype)


def share(g: Value, reduction: str, count: Value) -> Value:
    """Take each single loss's part of the upstream gradient."""
    if reduction != "mean":
        return g
    # A count beyond float16 would be taken for infinity; one over it is not lost.
    return g / (count or 1) if count < 65504 else g * (1 / count)


def check_reduction(who: str, reduction: str, allowed: tuple[str, ...] = REDUCTIONS) -> None:
    """Refuse a reduction that there is not."""
    if reduction not in allowed:
        raise ValueError(f"{who}: reduction must be one of {', '.join(allowed)}, got {reduction!r}")


def _compare(
    loss: Op[...], x: Value, target: Value, reduction: str, allowed: tuple[str, ...] = REDUCTIONS, **static: Any
) -> Value:
    check_reduction(loss.name, reduction, allowed)
    shape = np.shape(value_of(x))
    if np.shape(value_of(target)) != shape:
        raise ValueError(f"{loss.name}: target of shape {np.shape(value_of(target))} does not match x {shape}")
    for name in ("weight", "pos_weight"):
        if static.get(name) is not None:
            static[name] = factors = data_like(static[name], x)
            pairs = zip(factors.shape[::-1], shape[::-1], strict=False)
            if factors.ndim > len(shape) or any(m not in (1, n) for m, n in pairs):
                raise ValueError(f"{loss.name}: {name} of shape {factors.shape} does not broadcast to x {shape}")
    return loss(floating(x, target), floating(target, x), reduction=reduction, **static)


def _of_difference(loss: Op[...], rule: Callable[..., Value]) -> None:
    """Give a loss of x - target its rules: what x receives, the target receives with its sign turned."""
    loss.rules(rule, lambda *args, **static: -rule(*args, **static))


@op()
def _mse_loss(x: Value, target: Value, /, reduction: str) -> Value:
    """Squared difference."""
    difference = x - target
    return reduced(difference * difference, reduction)


_of_difference(_mse_loss, lambda g, out, x, y, reduction: 2 * share(g, reduction, x.size) * (x - y))


def mse_loss(x: Value, target: Value, reduction: str = "mean") -> Value:
    """Squared difference, (x - target)**2.

    Parameters
    ----------
    x, target : Tensor or array_like
        Of one shape.
    reduction : {"mean", "sum", "none"}
        Over all numbers.

    Returns
    -------
    Tensor
        A number; of x's shape without a reduction.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> mse_loss(Tensor([1.0, 5.0]), [0.0, 2.0])
    Tensor(5.0)
    """
    return _compare(_mse_loss, x, target, reduction)


@op()
def _l1_loss(x: Value, target: Value, /, reduction: str) -> Value:
    """Absolute difference."""
    return reduced(np.abs(x - target), reduction)


_of_difference(_l1_loss, lambda g, out, x, y, reduction: share(g, reduction, x.size) * np.sign(x - y))


def l1_loss(x: Value, target: Value, reduction: str = "mean") -> Value:
    """Absolute difference, |x - target|. Where there is none the gradient is 0.

    Parameters
    ----------
    x, target : Tensor or array_like
        Of one shape.
    reduction : {"mean", "sum", "none"}
        Over all numbers.

    Returns
    -------
    Tensor
        A number; of x's shape without a reduction.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> l1_loss(Tensor([1.0, 5.0]), [0.0, 2.0])
    Tensor(2.0)
    """
    return _compare(_l1_loss, x, target, reduction)


@op()
def _huber_loss(x: Value, target: Value, /, reduction: str, delta: float) -> Value:
    """Half the square of a small difference, and a straight line beyond."""
    difference = x - target
    held = np.clip(difference, -delta, delta)
    return reduced(held * (difference - held / 2), reduction)


_of_difference(
    _huber_loss, lambda g, out, x, y, reduction, delta: share(g, reduction, x.size) * np.clip(x - y, -delta, delta)
)


def huber_loss(x: Value, target: Value, reduction: str = "mean", delta: float = 1.0) -> Value:
    """Half the squared difference up to delta, and beyond delta (d - delta / 2) for a difference of size d.

    The gradient is the difference held between -delta and delta.

    Parameters
    ----------
    x, target : Tensor or array_like
        Of one shape.
    reduction : {"mean", "sum", "none"}
        Over all numbers.
    delta : float
        Where the square gives way to the straight line; positive.

    Returns
    -------
    Tensor
        A number; of x's shape without a reduction.

    Raises
    ------
    ValueError
        If the shapes differ, or delta is not positive.

    Notes
    -----
    Huber, Robust Estimation of a Location Parameter, 1964.

    Examples
    --------
    >>> huber_loss(Tensor([1.0, 5.0]), [0.0, 2.0], reduction="none")
    Tensor([0.5, 2.5])
    """
    if not delta > 0:
        raise ValueError(f"huber_loss: delta must be positive, got {delta!r}")
    return _compare(_huber_loss, x, target, reduction, delta=delta)


# Of probabilities


def weighed(v: Value, weight: Value) -> Value:
    """Multiply by a weight, if there is one."""
    return v if weight is None else v * weight


def _log(p: Value) -> Value:
    """Take the logarithm, but hold it at -100, as PyTorch does."""
    return np.maximum(np.log(p), -100)


@op()
def _binary_cross_entropy(p: Value, target: Value, /, reduction: str, weight: Value) -> Value:
    """Cross-entropy of yes-or-no probabilities."""
    if p.size and (np.min(p) < 0 or np.max(p) > 1):
        raise ValueError("x must hold probabilities, from 0 to 1; for logits there is binary_cross_entropy_with_logits")
    with np.errstate(divide="ignore"):
        losses = -target * _log(p) - (1 - target) * _log(1 - p)
    return reduced(weighed(losses, weight), reduction)


_binary_cross_entropy.rules(
    lambda g, out, p, y, reduction, weight: (
        weighed(share(g, reduction, p.size), weight) * ((p - y) / np.maximum(p * (1 - p), 1e-12))
    ),
    lambda g, out, p, y, reduction, weight: weighed(share(g, reduction, p.size), weight) * (_log(1 - p) - _log(p)),
)


def binary_cross_entropy(x: Value, target: Value, weight: Value = None, reduction: str = "mean") -> Value:
    """Cross-entropy of yes-or-no probabilities: -y log x - (1 - y) log(1 - x), for targets y.

    The logarithms are held at -100, and the gradient (x - y) / (x (1 - x)) has its divisor held at 1e-12, as in PyTorch: so
    both are finite at 0 and 1. Logits are better given to `binary_cross_entropy_with_logits`.

    Parameters
    ----------
    x : Tensor or array_like
        Probabilities.
    target : Tensor or array_like
        Of x's shape, from 0 to 1.
    weight : array_like, optional
        A factor for each loss, broadcast to x's shape; it receives no gradient.
    reduction : {"mean", "sum", "none"}
        Over all numbers; the mean is not one over the sum of the weights.

    Returns
    -------
    Tensor
        A number; of x's shape without a reduction.

    Raises
    ------
    ValueError
        If the shapes do not fit, or x does not hold probabilities.

    Examples
    --------
    >>> binary_cross_entropy(Tensor([0.5, 1.0]), [1.0, 0.0], reduction="none")
    Tensor([  0.69314718, 100.        ])
    """
    return _compare(_binary_cross_entropy, x, target, reduction, weight=weight)


@op()
def _binary_cross_entropy_with_logits(z: Value, target: Value, /, reduction: str, weight: Value, pos_weight: Value) -> Value:
    """Cross-entropy of the sigmoid of z."""
    tail = np.log1p(np.exp(-np.abs(z)))
    losses = weighed(target, pos_weight) * (np.maximum(-z, 0) + tail) + (1 - target) * (np.maximum(z, 0) + tail)
    return reduced(weighed(losses, weight), reduction)


def _logits_rule(
    g: Value, out: Value, z: Value, y: Value, reduction: str, weight: Value, pos_weight: Value
) -> Value:  # fmt: skip
    local = sigmoid(z) - y if pos_weight is None else (1 - y) * sigmoid(z) - y * pos_weight * sigmoid(-z)
    return weighed(share(g, reduction, z.size), weight) * local


_binary_cross_entropy_with_logits.rules(
    _logits_rule,
    lambda g, out, z, y, reduction, weight, pos_weight: (
        weighed(share(g, reduction, z.size), weight)
        * (-z if pos_weight is None else pos_weight * softplus(-z) - softplus(z))
    ),
)


def binary_cross_entropy_with_logits(
    x: Value, target: Value, weight: Value = None, reduction: str = "mean", pos_weight: Value = None
) -> Value:
    """Cross-entropy of yes-or-no answers given as logits, fused with the sigmoid; finite for any logits.

    The gradient of each is sigmoid(x) - target.

    Parameters
    ----------
    x : Tensor or array_like
        Logits, of any shape.
    target : Tensor or array_like
        Of x's shape, from 0 to 1.
    weight : array_like, optional
        A factor for each loss, broadcast to x's shape; it receives no gradient.
    reduction : {"mean", "sum", "none"}
        Over all numbers; the mean is not one over the sum of the weights.
    pos_weight : array_like, optional
        A factor for the part of the loss with the target, broadcast to x's shape; it receives no gradient.

    Returns
    -------
    Tensor
        A number; of x's shape without a reduction.

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> binary_cross_entropy_with_logits(Tensor([0.0, 1000.0]), [1.0, 0.0], reduction="none")
    Tensor([6.93147181e-01, 1.00000000e+03])
    """
    return _compare(
        _binary_cross_entropy_with_logits, x, target, reduction, weight=weight, pos_weight=pos_weight
    )  # fmt: skip


@op()
def _kl_div(x: Value, target: Value, /, reduction: str, log_target: bool) -> Value:
    """Kullback-Leibler divergence, number by number."""
    if log_target:
        losses = np.exp(target) * (target - x)
    else:
        with np.errstate(invalid="ignore"):
            losses = np.where(target > 0, target * (_log_or_0(target) - x), 0.0)
    return reduced(losses, *_counted(reduction, x))


def _log_or_0(p: Value) -> Value:
    return np.log(np.where(p > 0, p, 1.0))


def _counted(reduction: str, x: Value) -> tuple[str, int]:
    """What "batchmean" divides by."""
    return ("mean", x.shape[0]) if reduction == "batchmean" else (reduction, x.size)


_kl_div.rules(
    lambda g, out, x, y, reduction, log_target: -share(g, *_counted(reduction, x)) * (np.exp(y) if log_target else y),
    lambda g, out, x, y, reduction, log_target: (
        share(g, *_counted(reduction, x))
        * (np.exp(y) * (y - x + 1) if log_target else np.where(y > 0, _log_or_0(y) - x + 1, 0.0))
    ),
)


def kl_div(x: Value, target: Value, reduction: str = "mean", log_target: bool = False) -> Value:
    """Kullback-Leibler divergence, target (log target - x), of log-probabilities x from a target.

    Where the target is 0 so is the loss, and so are both gradients.

    Parameters
    ----------
    x : Tensor or array_like
        Log-probabilities.
    target : Tensor or array_like
        Of x's shape: probabilities, or their logarithms.
    reduction : {"mean", "batchmean", "sum", "none"}
        Over all numbers; "batchmean", which is the divergence proper, divides their sum by the first axis alone.
    log_target : bool
        Whether the target is logarithms.

    Returns
    -------
    Tensor
        A number; of x's shape without a reduction.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> kl_div(Tensor(np.log([[0.5, 0.5]])), [[1.0, 0.0]], reduction="batchmean")
    Tensor(0.6931471805599453)
    """
    if reduction == "batchmean" and not np.ndim(value_of(x)):
        raise ValueError("kl_div: a single number has no batch to take the mean over")
    return _compare(_kl_div, x, target, reduction, (*REDUCTIONS, "batchmean"), log_target=log_target)
