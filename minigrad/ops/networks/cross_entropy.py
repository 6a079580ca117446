"""Losses that compare the scores of classes with the right class: one loss for each position along the class axis.

The right classes are data, an integer for each position; `cross_entropy` takes probabilities too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from minigrad.graph import ArrayLike, Node, Value, array_of, refuse_subclass, value_of
from minigrad.operation import composed, op, static_value
from minigrad.ops.dtypes import data_like, floats, refuse_complex
from minigrad.ops.networks.activation import log_softmax, softmax
from minigrad.ops.networks.loss import check_reduction, reduced, share, weighted
from minigrad.ops.reduce import sum

if TYPE_CHECKING:
    from minigrad.graph import Tensor


class Right(NamedTuple):
    """The right class of each position, its weight, and whether it counts; the sum of the weights.

    The arrays have length 1 on the class axis.
    """

    index: Value
    weight: Value
    counts: Value
    total: float


def _class_axis(x: Value, axis: int) -> tuple[tuple[int, ...], int]:
    shape = np.shape(value_of(x))
    if not shape:
        raise ValueError("a scalar has no class axis")
    # With a single axis, that of the classes, the default of 1 means it.
    return shape, normalize_axis_index(0 if len(shape) == axis == 1 else axis, len(shape))


def _right(x: Value, target: Value, axis: int, weight: Value = None, ignore_index: int | None = None) -> tuple[Right, int]:
    """Check the target and the weights against x; also the class axis, counted from the start."""
    shape, axis = _class_axis(x, axis)
    ignore_index = static_value("ignore_index", ignore_index)
    refuse_subclass(target, "target")
    index = np.array(value_of(target))
    if index.shape != shape[:axis] + shape[axis + 1 :]:
        hint = "; class probabilities must be floating" if index.shape == shape else ""
        raise ValueError(f"target of shape {index.shape} does not match logits {shape}{hint}")
    if index.dtype.kind not in "iu" and index.size:
        raise TypeError(f"class indices are integers, got {index.dtype} of shape {index.shape} for logits {shape}")
    counts = np.ones(index.shape, bool) if ignore_index is None else index != ignore_index
    wrong = counts & ((index < 0) | (index >= shape[axis]))
    if wrong.any():
        raise IndexError(f"target {index[wrong][0]} is out of range for {shape[axis]} classes")
    index = np.where(counts, index, 0).astype(np.intp)
    factors = _class_weights(x, axis, weight)
    weights = data_like(counts, x) if factors is None else counts * factors.ravel()[index]
    total, beside = float(np.sum(weights, dtype=np.float64)), (*shape[:axis], 1, *shape[axis + 1 :])
    return Right(index.reshape(beside), weights.reshape(beside), counts.reshape(beside), total), axis


def _class_weights(x: Value, axis: int, weight: Value) -> Value:
    """A weight for each class, on the class axis."""
    shape = np.shape(value_of(x))
    if weight is None:
        return None
    if np.shape(value_of(weight)) != (shape[axis],):
        found = np.shape(value_of(weight))
        raise ValueError(f"weight of shape {found} does not match logits {shape}, classes on axis {axis}")
    return data_like(weight, x, "weight").reshape((-1,) + (1,) * (len(shape) - axis - 1))


def _positions(x: Value, axis: int) -> int:
    return math.prod(x.shape[:axis] + x.shape[axis + 1 :])


def _part(g: Value, axis: int, reduction: str, count: float) -> Value:
    """The upstream gradient of each position, to broadcast along the class axis."""
    return np.expand_dims(g, axis) if reduction == "none" else share(g, reduction, count)


def _where_counted(x: Value, right: Right) -> Value:
    """`x`, with 0 where the target is ignored: a nan or an infinity there, times a weight of 0, would still be nan."""
    return x if np.all(right.counts) else np.where(right.counts, x, x.dtype.type(0))


@op
def _one_of_each(g: Value, /, index: Value, axis: int, classes: int) -> Value:
    """Zeros, with an element of g in each line along an axis."""
    out = np.zeros((*g.shape[:axis], classes, *g.shape[axis + 1 :]), g.dtype)
    np.put_along_axis(out, index, g, axis)
    return out


_one_of_each.rules(lambda g, out, x, index, axis, classes: np.take_along_axis(g, index, axis))


@op
def _nll_loss(x: Value, /, right: Right, axis: int, reduction: str) -> Value:
    """Minus the score of the right class."""
    losses = -right.weight * _where_counted(np.take_along_axis(x, right.index, axis), right)
    return reduced(np.squeeze(losses, axis), reduction, right.total)


_nll_loss.rules(
    lambda g, out, x, right, axis, reduction: _one_of_each(
        -_part(g, axis, reduction, right.total) * right.weight, right.index, axis, x.shape[axis]
    )
)


@composed
def nll_loss(
    x: ArrayLike,
    target: ArrayLike,
    weight: ArrayLike | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    axis: int = 1,
) -> Tensor:
    """Negative log-likelihood of the right class, from log-probabilities, with the arguments of `cross_entropy`.

    >>> nll_loss(Tensor([[-0.5, -1.5], [-2.0, -0.25]]), [0, 1])
    Tensor(0.375)
    """
    check_reduction(reduction)
    right, axis = _right(x, target, axis, weight, ignore_index)
    (x,) = floats(x)
    return _nll_loss(x, right=right, axis=axis, reduction=reduction)


# Fused with the softmax


@op
def _scale_less_pick(p: Value, a: Value, b: Value, /, index: Value, axis: int) -> Value:
    """Scale each line along an axis by a, and subtract b from one element of it."""
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


def _of_loss(values: Sequence[Value], static: Mapping[str, Any]) -> tuple[str]:
    """The gradient of `_cross_entropy` in symbols; empty for the weights of classes and smoothing together."""
    right, smooth = static["right"], static["smooth"]
    if smooth is None:
        weight = "" if np.all(right.weight == 1) else " × weight"
        target = "(softmax(x) − target)"
    elif np.allclose(right.weight + right.counts * np.sum(smooth), 1):
        weight, target = "", "(softmax(x) − smoothed target)"
    else:
        return ("",)
    count = f" / {right.total:g}" if static["reduction"] == "mean" else ""
    return (f"upstream{weight} × {target}{count}",)


@op(saves=True, formulas=_of_loss)
def _cross_entropy(x: Value, /, right: Right, smooth: Value, axis: int, reduction: str) -> Value:
    """log(sum(exp(x))) minus the logit of the right class, and a share of the same for every class."""
    x = _where_counted(x, right)
    shifted = x - np.max(x, axis=axis, keepdims=True)
    chosen = np.take_along_axis(shifted, right.index, axis)
    spread = None if smooth is None else np.sum(smooth * shifted, axis=axis, keepdims=True)
    exponentials = np.exp(shifted, out=shifted)
    total = _total(exponentials, axis)
    losses = right.weight * (np.log(total) - chosen)
    if smooth is not None:
        losses = losses + right.counts * (np.sum(smooth) * np.log(total) - spread)
    return reduced(np.squeeze(losses, axis), reduction, right.total), (exponentials, total)


def _cross_entropy_rule(
    g: Value, out: Value, x: Value, right: Right, smooth: Value, axis: int, reduction: str, saved: Any
) -> Value:
    # (softmax(x) - onehot) for each position; the division by the total is done on the scale, one element for each position.
    part = _part(g, axis, reduction, right.total)
    p, total = saved or (softmax(_where_counted(x, right), axis), 1)
    if smooth is None:
        scale = part * right.weight
        return _scale_less_pick(p, scale / total, scale, right.index, axis)
    scale = part * (right.weight + right.counts * np.sum(smooth))
    return _scale_less_pick(p, scale / total, part * right.weight, right.index, axis) - part * right.counts * smooth


_cross_entropy.rules(_cross_entropy_rule)


@op(saves=True, called="cross_entropy", hidden=("weights",))
def _soft_cross_entropy(x: Value, target: Value, /, weights: Value, axis: int, reduction: str) -> Value:
    """Cross-entropy between probabilities and the softmax of x."""
    logs = log_softmax.forward(x, axis)
    losses = -np.sum(weighted(target, weights) * logs, axis=axis)
    return reduced(losses, reduction), logs


@_soft_cross_entropy.joint_rule
def _soft_cross_entropy_rule(
    needed: Sequence[bool],
    g: Value,
    out: Value,
    x: Value,
    target: Value,
    weights: Value,
    axis: int,
    reduction: str,
    saved: Any,
) -> list[Value]:
    logs = log_softmax(x, axis) if saved is None else saved
    part, gx, gtarget = _part(g, axis, reduction, _positions(x, axis)), None, None
    if needed[0]:
        wanted = weighted(target, weights)
        gx = part * (np.exp(logs) * np.sum(wanted, axis=axis, keepdims=True) - wanted)
    if needed[1]:
        gtarget = -part * weighted(logs, weights)
    return [gx, gtarget]


def _smoothed(x: Value, right: Right, smoothing: Value, weights: Value, axis: int, reduction: str) -> Tensor:
    """Cross-entropy whose label smoothing is a tensor: with the probabilities that it makes of the right classes."""
    classes = np.shape(x)[axis]
    chosen = _one_of_each.forward(data_like(right.counts, x), right.index, axis, classes)
    wanted = chosen * (1 - smoothing) + right.counts * (smoothing / classes)
    losses = _soft_cross_entropy(_where_counted(x, right), wanted, weights=weights, axis=axis, reduction="none")
    return losses if reduction == "none" else sum(losses if reduction == "sum" else losses / right.total)


@composed
def cross_entropy(
    x: ArrayLike,
    target: ArrayLike,
    weight: ArrayLike | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: ArrayLike = 0.0,
    axis: int = 1,
) -> Tensor:
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
        A class index that does not count.
    reduction : {"mean", "sum", "none"}
        The mean over class indices divides by the sum of the weights of the targets, and of nothing is nan; over
        probabilities it divides by the number of positions.
    label_smoothing : float or Tensor
        The part of each target, from 0 to 1, that is spread evenly over all classes (Szegedy et al. 2016, section 7); it
        receives a gradient.
    axis : int
        The class axis.

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
    refuse_complex("cross_entropy", x, target)
    check_reduction(reduction)
    if np.ndim(label_smoothing) or not 0 <= label_smoothing <= 1:  # type: ignore[operator]
        raise ValueError(f"label_smoothing goes from 0 to 1, and is a single number, got {label_smoothing!r}")
    tracked = isinstance(label_smoothing, Node) and label_smoothing.requires_grad
    smoothing: Value = label_smoothing if tracked else value_of(label_smoothing)
    shape, at = _class_axis(x, axis)
    values = array_of(target)
    if values.dtype.kind == "f" and values.shape == shape:
        x, wanted = floats(x, target)
        if tracked or smoothing:
            wanted = wanted * (1 - smoothing) + smoothing / shape[at]
        return _soft_cross_entropy(x, wanted, weights=_class_weights(x, at, weight), axis=at, reduction=reduction)
    right, at = _right(x, target, at, weight, ignore_index)
    (x,), smooth = floats(x), None
    if tracked:
        return _smoothed(x, right, smoothing, _class_weights(x, at, weight), at, reduction)
    if smoothing:
        weights = _class_weights(x, at, np.ones(shape[at]) if weight is None else weight)
        smooth = weights * (smoothing / shape[at])
        right = right._replace(weight=right.weight * (1 - smoothing))
    return _cross_entropy(x, right=right, smooth=smooth, axis=at, reduction=reduction)


# Without probabilities


@op
def _multiclass_hinge_loss(x: Value, /, right: Right, margin: float, axis: int, reduction: str) -> Value:
    """The sum of how much the score of each wrong class exceeds that of the right one less a margin."""
    near = np.maximum(x - np.take_along_axis(x, right.index, axis) + margin, 0)
    np.put_along_axis(near, right.index, 0, axis)
    return reduced(np.sum(near, axis=axis), reduction)


def _hinge_slopes(x: Value, right: Right, margin: float, axis: int) -> Value:
    """1 for each class within the margin, minus their number for the right one."""
    near = (x - np.take_along_axis(x, right.index, axis) + margin > 0).astype(x.dtype)
    np.put_along_axis(near, right.index, 0, axis)
    np.put_along_axis(near, right.index, -np.sum(near, axis=axis, keepdims=True), axis)
    return near


_multiclass_hinge_loss.rules(
    lambda g, out, x, right, margin, axis, reduction: (
        _part(g, axis, reduction, right.total) * _hinge_slopes(value_of(x), right, margin, axis)
    )
)


@composed
def multiclass_hinge_loss(
    x: ArrayLike, target: ArrayLike, margin: float = 1.0, reduction: str = "mean", *, axis: int = 1
) -> Tensor:
    """Multiclass hinge loss: the sum over all wrong classes j of max(0, x[j] - x[target] + margin).

    At the kink, where a wrong class is exactly the margin below, its gradient is 0. The other arguments are those of
    `cross_entropy`. It is the loss of cs231n's linear classifiers (Weston and Watkins, Multi-class Support Vector Machines,
    1999); PyTorch's multi_margin_loss divides by the number of classes besides.

    >>> multiclass_hinge_loss(Tensor([[3.2, 5.1, -1.7]]), [0])
    Tensor(2.8999999999999995)
    """
    check_reduction(reduction)
    right, axis = _right(x, target, axis)
    (x,) = floats(x)
    return _multiclass_hinge_loss(x, right=right, margin=margin, axis=axis, reduction=reduction)
