"""How far scores are from the right class: one number for each position, from all the numbers along the class axis.

Which class is right is data, an integer for each position; `cross_entropy` takes probabilities too.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from minigrad.graph import Value, value_of
from minigrad.operation import op
from minigrad.ops.dtypes import data_like, floating
from minigrad.ops.networks.activation import log_softmax, softmax
from minigrad.ops.networks.loss import check_reduction, reduced, share, weighed


class Right(NamedTuple):
    """Which class is right at each position, what the position counts, and whether it counts; what all count together.

    The arrays have length 1 on the class axis.
    """

    index: Value
    mass: Value
    live: Value
    total: float


def _axis(who: str, x: Value, axis: int) -> tuple[tuple[int, ...], int]:
    shape = np.shape(value_of(x))
    if not shape:
        raise ValueError(f"{who}: a single number has no class axis")
    # Logits of one axis are all classes: the default axis, 1, means theirs.
    return shape, normalize_axis_index(0 if len(shape) == axis == 1 else axis, len(shape), who)


def _right(
    who: str, x: Value, target: Value, axis: int, weight: Value = None, ignore_index: int | None = None
) -> tuple[Right, int]:
    """Check the target and the weights against x, and put them beside it."""
    shape, axis = _axis(who, x, axis)
    index = np.array(value_of(target))
    if index.shape != shape[:axis] + shape[axis + 1 :]:
        hint = "; class probabilities must be floating" if index.shape == shape else ""
        raise ValueError(f"{who}: target of shape {index.shape} does not match logits {shape}{hint}")
    if index.dtype.kind not in "iu" and index.size:
        raise TypeError(f"{who}: class indices are integers, got {index.dtype} of shape {index.shape} for logits {shape}")
    live = np.ones(index.shape, bool) if ignore_index is None else index != ignore_index
    wrong = live & ((index < 0) | (index >= shape[axis]))
    if wrong.any():
        raise IndexError(f"{who}: target {index[wrong][0]} is out of range for {shape[axis]} classes")
    index = np.where(live, index, 0).astype(np.intp)
    weights = _class_weights(who, x, axis, weight)
    mass = data_like(live, x) if weights is None else live * weights.ravel()[index]
    total, place = float(np.sum(mass, dtype=np.float64)), (*shape[:axis], 1, *shape[axis + 1 :])
    return Right(index.reshape(place), mass.reshape(place), live.reshape(place), total), axis


def _class_weights(who: str, x: Value, axis: int, weight: Value) -> Value:
    """A weight for each class, standing on the class axis."""
    shape = np.shape(value_of(x))
    if weight is None:
        return None
    if np.shape(value_of(weight)) != (shape[axis],):
        raise ValueError(
            f"{who}: weight of shape {np.shape(value_of(weight))} does not match logits {shape}, classes on axis {axis}"
        )
    return data_like(weight, x).reshape((-1,) + (1,) * (len(shape) - axis - 1))


def _positions(x: Value, axis: int) -> int:
    return math.prod(x.shape[:axis] + x.shape[axis + 1 :])


def _part(g: Value, axis: int, reduction: str, count: float) -> Value:
    """Each position's part of the upstream gradient, to broadcast along the class axis."""
    return np.expand_dims(g, axis) if reduction == "none" else share(g, reduction, count)


def _live(x: Value, right: Right) -> Value:
    """Put 0 for x where the target is ignored: a nan or an infinity there, times no weight, would still be nan."""
    return x if np.all(right.live) else np.where(right.live, x, x.dtype.type(0))


@op()
def _unpick(g: Value, /, index: Value, axis: int, classes: int) -> Value:
    """Zeros, with one number put into each line along an axis."""
    out = np.zeros((*g.shape[:axis], classes, *g.shape[axis + 1 :]), g.dtype)
    np.put_along_axis(out, index, g, axis)
    return out


_unpick.rules(lambda g, out, x, index, axis, classes: np.take_along_axis(g, index, axis))


@op()
def _nll_loss(x: Value, /, right: Right, axis: int, reduction: str) -> Value:
    """Minus the number of the right class."""
    losses = -right.mass * _live(np.take_along_axis(x, right.index, axis), right)
    return reduced(np.squeeze(losses, axis), reduction, right.total)


_nll_loss.rules(
    lambda g, out, x, right, axis, reduction: _unpick(
        -_part(g, axis, reduction, right.total) * right.mass, right.index, axis, x.shape[axis]
    )
)


def nll_loss(
    x: Value, target: Value, weight: Value = None, *, ignore_index: int = -100, reduction: str = "mean", axis: int = 1
) -> Value:
    """Minus the log-probability of the right class.

    Parameters
    ----------
    x : Tensor or array_like
        Log-probabilities, shape (N, C), (C,) or (N, C, ...).
    target : array of int
        The right classes; x's shape without the class axis.
    weight : array_like, optional
        Shape (C,): a factor for each class; it receives no gradient.
    ignore_index : int
        A target that counts for nothing.
    reduction : {"mean", "sum", "none"}
        The mean is the sum over the sum of the targets' weights; of nothing it is nan.
    axis : int
        The class axis.

    Returns
    -------
    Tensor
        A number; of the target's shape without a reduction.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    IndexError
        If a target is no class.
    TypeError
        If the targets are not integers.

    Examples
    --------
    >>> nll_loss(Tensor([[-0.5, -1.5], [-2.0, -0.25]]), [0, 1])
    Tensor(0.375)
    """
    check_reduction("nll_loss", reduction)
    right, axis = _right("nll_loss", x, target, axis, weight, ignore_index)
    return _nll_loss(floating(x, 0.0), right=right, axis=axis, reduction=reduction)


# Fused with the softmax


@op()
def _scale_less_pick(p: Value, a: Value, b: Value, /, index: Value, axis: int) -> Value:
    """Scale each line along an axis by a, and take b off one number of it."""
    out = p * a
    np.put_along_axis(out, index, np.take_along_axis(out, index, axis) - b, axis)
    return out


_scale_less_pick.rules(
    lambda g, out, p, a, b, index, axis: g * a,
    lambda g, out, p, a, b, index, axis: np.sum(g * p, axis=axis, keepdims=True),
    lambda g, out, p, a, b, index, axis: -np.take_along_axis(g, index, axis),
)


def _total(x: Value, axis: int) -> Value:
    """Sum along one axis; along the last one einsum takes a third of the time of np.sum."""
    return np.einsum("...c->...", x)[..., None] if axis == x.ndim - 1 else np.sum(x, axis=axis, keepdims=True)


@op(saves=True)
def _cross_entropy(x: Value, /, right: Right, smooth: Value, axis: int, reduction: str) -> Value:
    """Log of the sum of exponentials less the logit of the right class, and a share of the same for every class."""
    x = _live(x, right)
    shifted = x - np.max(x, axis=axis, keepdims=True)
    chosen = np.take_along_axis(shifted, right.index, axis)
    spread = None if smooth is None else np.sum(smooth * shifted, axis=axis, keepdims=True)
    exponentials = np.exp(shifted, out=shifted)
    total = _total(exponentials, axis)
    losses = right.mass * (np.log(total) - chosen)
    if smooth is not None:
        losses = losses + right.live * (np.sum(smooth) * np.log(total) - spread)
    return reduced(np.squeeze(losses, axis), reduction, right.total), (exponentials, total)


def _cross_entropy_rule(
    g: Value, out: Value, x: Value, right: Right, smooth: Value, axis: int, reduction: str, saved: Any
) -> Value:
    # (softmax(x) - onehot) for each position; the division by the total is done on the scale, a number for each position.
    part = _part(g, axis, reduction, right.total)
    p, total = saved or (softmax(_live(x, right), axis), 1)
    if smooth is None:
        scale = part * right.mass
        return _scale_less_pick(p, scale / total, scale, right.index, axis)
    scale = part * (right.mass + right.live * np.sum(smooth))
    return _scale_less_pick(p, scale / total, part * right.mass, right.index, axis) - part * right.live * smooth


_cross_entropy.rules(_cross_entropy_rule)


@op(saves=True)
def _soft_cross_entropy(x: Value, target: Value, /, weights: Value, axis: int, reduction: str) -> Value:
    """Cross-entropy between probabilities and the softmax of x."""
    logs = log_softmax.forward(x, axis)
    losses = -np.sum(weighed(target, weights) * logs, axis=axis)
    return reduced(losses, reduction), logs


def _soft_rule(
    g: Value, out: Value, x: Value, target: Value, weights: Value, axis: int, reduction: str, saved: Any
) -> Value:
    logs = log_softmax(x, axis) if saved is None else saved
    wanted = weighed(target, weights)
    return _part(g, axis, reduction, _positions(x, axis)) * (
        np.exp(logs) * np.sum(wanted, axis=axis, keepdims=True) - wanted
    )


def _soft_target_rule(
    g: Value, out: Value, x: Value, target: Value, weights: Value, axis: int, reduction: str, saved: Any
) -> Value:
    logs = log_softmax(x, axis) if saved is None else saved
    return -_part(g, axis, reduction, _positions(x, axis)) * weighed(logs, weights)


_soft_cross_entropy.rules(_soft_rule, _soft_target_rule)


def cross_entropy(
    x: Value, target: Value, weight: Value = None, *, ignore_index: int = -100, reduction: str = "mean",
    label_smoothing: float = 0.0, axis: int = 1,
) -> Value:  # fmt: skip
    """Cross-entropy of logits with the right classes, fused with the softmax: finite for logits of any size.

    The loss of a position is log(sum(exp(x))) - x[target], and its gradient softmax(x) - onehot(target).

    Parameters
    ----------
    x : Tensor or array_like
        Logits, shape (N, C), (C,) or (N, C, ...).
    target : array of int, or Tensor or array_like
        The right classes: integers, x's shape without the class axis. Or a probability for each class: floating, x's shape;
        these receive a gradient too.
    weight : array_like, optional
        Shape (C,): a factor for each class; it receives no gradient.
    ignore_index : int
        A class index that counts for nothing.
    reduction : {"mean", "sum", "none"}
        The mean over class indices is the sum over the sum of the targets' weights, and of nothing nan; over probabilities
        it is the sum over the number of positions.
    label_smoothing : float
        What part of each target, from 0 to 1, is spread evenly over all classes.
    axis : int
        The class axis.

    Returns
    -------
    Tensor
        A number; x's shape without the class axis if there is no reduction.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    IndexError
        If a target is no class.
    TypeError
        If class indices are not integers.

    Examples
    --------
    >>> x = Tensor([[0.0, 0.0], [1000.0, 0.0]])
    >>> loss = cross_entropy(x, [1, 0], reduction="sum")
    >>> loss
    Tensor(0.6931471805599453)
    >>> loss.backward()
    >>> print(x.grad)
    [[ 0.5 -0.5]
     [ 0.   0. ]]
    """
    check_reduction("cross_entropy", reduction)
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"cross_entropy: label_smoothing goes from 0 to 1, got {label_smoothing!r}")
    shape, where = _axis("cross_entropy", x, axis)
    values = np.asarray(value_of(target))
    if values.dtype.kind == "f" and values.shape == shape:
        target = floating(target, x)
        if label_smoothing:
            target = target * (1 - label_smoothing) + label_smoothing / shape[where]
        weights = _class_weights("cross_entropy", x, where, weight)
        return _soft_cross_entropy(floating(x, target), target, weights=weights, axis=where, reduction=reduction)
    right, where = _right("cross_entropy", x, target, where, weight, ignore_index)
    smooth = None
    if label_smoothing:
        weights = _class_weights("cross_entropy", x, where, np.ones(shape[where]) if weight is None else weight)
        smooth = weights * (label_smoothing / shape[where])
        right = right._replace(mass=right.mass * (1 - label_smoothing))
    return _cross_entropy(floating(x, 0.0), right=right, smooth=smooth, axis=where, reduction=reduction)


# Without probabilities


@op()
def _multiclass_hinge_loss(x: Value, /, right: Right, margin: float, axis: int, reduction: str) -> Value:
    """By how much the wrong classes come nearer than a margin to the right one."""
    near = np.maximum(x - np.take_along_axis(x, right.index, axis) + margin, 0)
    np.put_along_axis(near, right.index, 0, axis)
    return reduced(np.sum(near, axis=axis), reduction)


def _hinge_slopes(x: Value, right: Right, margin: float, axis: int) -> Value:
    """1 for each class that is too near, minus their number for the right one."""
    near = (x - np.take_along_axis(x, right.index, axis) + margin > 0).astype(x.dtype)
    np.put_along_axis(near, right.index, 0, axis)
    np.put_along_axis(near, right.index, -np.sum(near, axis=axis, keepdims=True), axis)
    return near


_multiclass_hinge_loss.rules(
    lambda g, out, x, right, margin, axis, reduction: (
        _part(g, axis, reduction, right.total) * _hinge_slopes(value_of(x), right, margin, axis)
    )
)


def multiclass_hinge_loss(
    x: Value, target: Value, margin: float = 1.0, reduction: str = "mean", *, axis: int = 1
) -> Value:  # fmt: skip
    """The support vector machine's loss: the sum over all wrong classes j of max(0, x[j] - x[target] + margin).

    At the kink, where a class is away by exactly the margin, its gradient is 0.

    Parameters
    ----------
    x : Tensor or array_like
        Scores, shape (N, C), (C,) or (N, C, ...).
    target : array of int
        The right classes; x's shape without the class axis.
    margin : float
        How far below the right class the wrong ones should stay.
    reduction : {"mean", "sum", "none"}
        Over all positions.
    axis : int
        The class axis.

    Returns
    -------
    Tensor
        A number; of the target's shape without a reduction.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    IndexError
        If a target is no class.
    TypeError
        If the targets are not integers.

    Notes
    -----
    Weston and Watkins 1999; the linear classifiers of Stanford's course cs231n. PyTorch's multi_margin_loss divides by the
    number of classes besides.

    Examples
    --------
    >>> multiclass_hinge_loss(Tensor([[3.2, 5.1, -1.7]]), [0])
    Tensor(2.8999999999999995)
    """
    check_reduction("multiclass_hinge_loss", reduction)
    right, axis = _right("multiclass_hinge_loss", x, target, axis)
    return _multiclass_hinge_loss(floating(x, 0.0), right=right, margin=margin, axis=axis, reduction=reduction)
