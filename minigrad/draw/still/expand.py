"""Fused operations opened: the primitives that one operation stands for, computed anew so that each has its numbers.

Beside each operation stands a function that computes the same from operations one step simpler. It runs on copies of the
inputs, cut off from the graph, and the real upstream gradient is swept back through the little graph it records. The drawing
then shows this in the operation's place. Where primitives lose what the fused operation keeps (exp overflows, say), the
operation stays closed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable
from typing import Any

import numpy as np

from minigrad import ops
from minigrad.backward import downstream, sweep
from minigrad.draw.names import operation
from minigrad.draw.still.view import View
from minigrad.graph import Node, Value, constant, topological_order, value_of
from minigrad.modes import MODES, USUAL

Opening = Callable[..., Any]
OPENINGS: dict[str, Opening] = {}


def opening(function: Opening) -> Opening:
    """Declare how an operation is opened; called as its rules are, without the gradient and the result."""
    OPENINGS[function.__name__.strip("_")] = function
    return function


def expand(view: View, which: bool | Collection[str | Node]) -> None:
    """Put primitives in the place of fused operations of a view.

    Parameters
    ----------
    view : View
        Changed in place; the graph is not.
    which : True, or names of operations, or results of operations
        What is opened.

    Raises
    ------
    ValueError
        If a name is of no operation that can be opened, or a result of none.
    """
    wanted = _wanted(which)
    order: list[Node] = []
    for node in view.order:
        asked = wanted is None or node in wanted or operation(node) in wanted or _name(node) in wanted
        inside = _open(node, view) if asked else ()
        order.extend(inside or (node,))
    view.order = order


def _name(node: Node) -> str:
    return node.op.name if node.op else ""


def _wanted(which: bool | Collection[str | Node]) -> set[Any] | None:
    if isinstance(which, bool):
        return None if which else set()
    for x in which:
        name = _name(x) if isinstance(x, Node) else x
        if name not in OPENINGS and name not in _PUBLIC:
            can = ", ".join(sorted({*OPENINGS, *_PUBLIC} - {"normalise", "conv", "conv_input", "soft_cross_entropy"}))
            raise ValueError(f"draw: expand does not know how to open {name or 'a leaf'!r}; it opens {can}")
    return set(which)


_PUBLIC = (
    "batch_norm", "layer_norm", "group_norm", "instance_norm", "conv1d", "conv2d", "conv3d", "conv_transpose1d",
    "conv_transpose2d", "conv_transpose3d",
)  # fmt: skip


def _open(node: Node, view: View) -> list[Node]:
    """The operations inside one, each after its inputs; none if it stays closed."""
    op, gradient = node.op, view.gradient(node)
    if op is None or op.name not in OPENINGS:
        return []
    leaves = [_copy(v, type(node)) for v in node.values]
    token = MODES.set(USUAL)  # not the modes of whoever draws
    try:
        with np.errstate(all="ignore"):
            out = OPENINGS[op.name](*leaves, **{k: v for k, v in node.static.items() if k != "saved"})
            seed = np.ones(node.value.shape, node.value.dtype)[()] if gradient is None else gradient
            found = sweep(out, seed) if isinstance(out, Node) and out.op else {}
            fused = {i: downstream(node, i, seed) for i, x in enumerate(node.inputs) if x is not None and x.requires_grad}
    finally:
        MODES.reset(token)
    pairs = [(found.get(leaves[i]), g) for i, g in fused.items()]
    size = float(np.max(np.abs(seed), initial=0.0))  # what cancels leaves noise of the size of what was there before
    if not found or not _agree(out.value, node.value) or not all(a is not None and _agree(a, b, size) for a, b in pairs):
        view.notes[node] = "stays closed: its primitives would not give the same numbers here"
        return []
    cluster = (*view.path(node), operation(node))
    inside = topological_order(out)
    view.opened.update(dict.fromkeys(inside, cluster))
    view.stands_for[node] = out
    for leaf, x, v in zip(leaves, node.inputs, node.values, strict=True):
        if isinstance(leaf, Node):
            view.stands_for[leaf] = constant(v, type(node)) if x is None else x
    if gradient is not None:
        view.known.update({x: found[x] for x in inside})
    view.names[out] = view.name(node)
    return inside


def _copy(v: Value, kind: type[Node]) -> Any:
    """A value as a leaf of its own. It is tracked even if it is data, so that what is done to the data is drawn as well."""
    if not isinstance(v, np.ndarray | np.generic) or v.dtype.kind != "f":
        return v
    leaf = constant(v, kind)
    leaf.requires_grad = True
    return leaf


def _agree(a: Value, b: Value, size: float = 0.0) -> bool:
    digits = np.finfo(np.result_type(a, np.float16)).eps
    scale = float(np.max(np.abs(b), initial=size, where=np.isfinite(b)))
    return np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=1e3 * digits, atol=1e3 * digits * scale, equal_nan=True)


# Activations


@opening
def sigmoid(x: Any) -> Any:
    """The logistic function, gate by gate."""
    return ops.reciprocal(1 + ops.exp(-x))


@opening
def softplus(x: Any) -> Any:
    """A form that does not overflow."""
    return ops.maximum(x, 0.0) + ops.log1p(ops.exp(-ops.abs(x)))


@opening
def log_sigmoid(x: Any) -> Any:
    """Minus the softplus of minus x."""
    return -softplus(-x)


@opening
def softsign(x: Any) -> Any:
    """As it is written."""
    return x / (1 + ops.abs(x))


@opening
def silu(x: Any) -> Any:
    """A number times its sigmoid."""
    return x * sigmoid(x)


@opening
def mish(x: Any) -> Any:
    """A number times the tanh of its softplus."""
    return x * ops.tanh(softplus(x))


@opening
def gelu(x: Any, approximate: str) -> Any:
    """A number times a probability."""
    if approximate == "none":
        return x * ((1 + ops.erf(x * math.sqrt(0.5))) / 2)
    return x * ((1 + ops.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2)


# Along an axis


def _shifted(x: Any, axis: Any) -> Any:
    """The largest number is data: whatever is taken off all of them alike does not change the result."""
    return x - np.max(value_of(x), axis=axis, keepdims=True)


@opening
def softmax(x: Any, axis: Any) -> Any:
    """Exponentials over their sum."""
    e = ops.exp(_shifted(x, axis))
    return e / ops.sum(e, axis=axis, keepdims=True)


@opening
def log_softmax(x: Any, axis: Any) -> Any:
    """Logits less the logarithm of the sum of their exponentials."""
    x = _shifted(x, axis)
    return x - ops.log(ops.sum(ops.exp(x), axis=axis, keepdims=True))


@opening
def logsumexp(x: Any, axis: Any, keepdims: bool) -> Any:
    """The largest number, and the logarithm of what is left."""
    highest = np.max(value_of(x), axis=axis, keepdims=True)
    total = ops.log(ops.sum(ops.exp(x - highest), axis=axis, keepdims=keepdims))
    return total + (highest if keepdims else np.reshape(highest, total.shape))


@opening
def var(x: Any, axis: Any, ddof: int, keepdims: bool) -> Any:
    """The mean square of the distance to the mean."""
    distance = x - ops.mean(x, axis=axis, keepdims=True)
    total = ops.sum(ops.square(distance), axis=axis, keepdims=keepdims)
    return total / (x.size // max(1, total.size) - ddof)


@opening
def std(x: Any, axis: Any, ddof: int, keepdims: bool) -> Any:
    """The root of the variance."""
    return ops.sqrt(var(x, axis, ddof, keepdims))


@opening
def _normalise(x: Any, weight: Any, bias: Any, *, view: Any, axes: Any, place: Any, eps: float, running: Any) -> Any:
    """Less the mean, over the standard deviation, times a weight, and a bias."""
    shape = x.shape
    x = _reshaped(x, view)
    distance = x - ops.mean(x, axis=axes, keepdims=True)
    out = distance / ops.sqrt(ops.mean(ops.square(distance), axis=axes, keepdims=True) + eps)
    out = out if weight is None else out * _reshaped(weight, place)
    out = out if bias is None else out + _reshaped(bias, place)
    return _reshaped(out, shape)


def _reshaped(x: Any, shape: tuple[int, ...]) -> Any:
    return x if np.shape(x) == tuple(shape) else ops.reshape(x, shape)


# Losses


def _reduced(losses: Any, reduction: str, count: float | None = None) -> Any:
    if reduction == "none":
        return losses
    if reduction == "sum":
        return ops.sum(losses)
    return ops.mean(losses) if count is None else ops.sum(losses) / count


def _weighed(x: Any, weight: Any) -> Any:
    return x if weight is None else x * weight


@opening
def _nll_loss(x: Any, right: Any, axis: int, reduction: str) -> Any:
    """Minus the number of the right class."""
    losses = -right.mass * ops.take_along_axis(x, right.index, axis)
    return _reduced(ops.squeeze(losses, axis), reduction, right.total)


@opening
def _cross_entropy(x: Any, right: Any, smooth: Any, axis: int, reduction: str) -> Any:
    """The logarithm of the softmax, of which the right class is picked."""
    logs = log_softmax(x, axis)
    if smooth is None:
        return _nll_loss(logs, right, axis, reduction)
    spread = ops.sum(logs * smooth, axis=axis, keepdims=True)
    losses = -(ops.take_along_axis(logs, right.index, axis) * right.mass + spread * right.live)
    return _reduced(ops.squeeze(losses, axis), reduction, right.total)


@opening
def _soft_cross_entropy(x: Any, target: Any, weights: Any, axis: int, reduction: str) -> Any:
    """The target's probabilities times the logarithm of the softmax."""
    return _reduced(-ops.sum(_weighed(target, weights) * log_softmax(x, axis), axis=axis), reduction)


@opening
def _mse_loss(x: Any, target: Any, reduction: str) -> Any:
    """The mean of the squares."""
    return _reduced(ops.square(x - target), reduction)


@opening
def _l1_loss(x: Any, target: Any, reduction: str) -> Any:
    """The mean of the distances."""
    return _reduced(ops.abs(x - target), reduction)


@opening
def _binary_cross_entropy(p: Any, target: Any, reduction: str, weight: Any) -> Any:
    """Both logarithms."""
    losses = -(target * ops.log(p) + (1 - target) * ops.log(1 - p))
    return _reduced(_weighed(losses, weight), reduction)


@opening
def _binary_cross_entropy_with_logits(z: Any, target: Any, reduction: str, weight: Any, pos_weight: Any) -> Any:
    """Softplus, from both sides."""
    losses = _weighed(target, pos_weight) * softplus(-z) + (1 - target) * softplus(z)
    return _reduced(_weighed(losses, weight), reduction)


# Networks


@opening
def _linear(x: Any, weight: Any, bias: Any) -> Any:
    """A matrix product and a sum."""
    out = ops.matmul(x, ops.transpose(weight))
    return out if bias is None else out + bias


@opening
def _dropout(x: Any, kept: Any, divisor: float) -> Any:
    """What is kept, scaled up."""
    return x * kept / divisor


@opening
def conv(x: Any, weight: Any, bias: Any, *, stride: Any, padding: Any, dilation: Any, groups: int) -> Any:
    """Windows as columns, and one matrix product."""
    (filters, channels, *kernel), n = weight.shape, weight.ndim - 2
    if any(map(any, padding)):
        x = ops.pad(x, ((0, 0), (0, 0), *padding))
    size = [
        (length - d * (k - 1) - 1) // s + 1 for length, k, s, d in zip(x.shape[2:], kernel, stride, dilation, strict=True)
    ]
    columns = ops.unfold(x, tuple(kernel), dilation, 0, stride)
    rows = ops.reshape(weight, (*_parts(groups, filters), channels * math.prod(kernel)))
    if groups > 1:
        columns = ops.reshape(columns, (len(value_of(x)), groups, channels * math.prod(kernel), -1))
    out = ops.reshape(ops.matmul(rows, columns), (len(value_of(x)), filters, *size))
    return out if bias is None else out + ops.reshape(bias, (filters,) + (1,) * n)


@opening
def conv_input(
    g: Any, weight: Any, bias: Any, *, size: Any, stride: Any, padding: Any, dilation: Any, groups: int
) -> Any:  # fmt: skip
    """One matrix product, and columns laid on windows, where they add up."""
    (filters, channels, *kernel), n, batch = weight.shape, weight.ndim - 2, len(value_of(g))
    rows = ops.swapaxes(ops.reshape(weight, (*_parts(groups, filters), channels * math.prod(kernel))), -1, -2)
    columns = ops.matmul(rows, ops.reshape(g, (batch, *_parts(groups, filters), -1)))
    if groups > 1:
        columns = ops.reshape(columns, (batch, groups * channels * math.prod(kernel), -1))
    whole = tuple(length + lo + hi for length, (lo, hi) in zip(size, padding, strict=True))
    out = ops.fold(columns, whole, tuple(kernel), dilation, 0, stride)
    if any(map(any, padding)):
        out = out[(..., *(slice(lo, lo + length) for length, (lo, _) in zip(size, padding, strict=True)))]
    return out if bias is None else out + ops.reshape(bias, (groups * channels,) + (1,) * n)


def _parts(groups: int, count: int) -> Iterable[int]:
    return (groups, count // groups) if groups > 1 else (count,)
