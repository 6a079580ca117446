"""Fused operations expanded: drawn as the primitives that they stand for, each with its values and gradients.

Beside each fused operation stands a function that computes the same from operations that are one step simpler. It is applied
to copies of the inputs, and the real upstream gradient is swept back through the small graph that it records, which the
drawing then shows instead of the operation. Where the primitives lose what the fused operation keeps (an exp that overflows,
for instance), the operation is not expanded.
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
from minigrad.operation import Op
from minigrad.ops import convolution
from minigrad.ops.geometry import Geometry
from minigrad.ops.networks import cross_entropy, dropout, linear, loss, normalise

Expansion = Callable[..., Any]
EXPANSIONS: dict[Op[...], Expansion] = {}
NAMES: set[str] = {"add"}  # see `sums`: a chain of additions is drawn as one gate


def expands(op: Op[...], *names: str) -> Callable[[Expansion], Expansion]:
    """Declare how an operation is expanded, and its public names if they are not the operation's own.

    The function takes the inputs and the static arguments of the operation.
    """
    NAMES.update(names or (op.name,))

    def declare(expansion: Expansion) -> Expansion:
        EXPANSIONS[op] = expansion
        return expansion

    return declare


def expand(view: View, which: bool | Collection[str | Node]) -> None:
    """Replace fused operations of a view by primitives.

    Parameters
    ----------
    view : View
        Changed in place; the graph is not.
    which : True, or names of operations, or results of operations
        What is expanded.

    Raises
    ------
    ValueError
        If an operation cannot be expanded.
    """
    chosen = set() if isinstance(which, bool) else set(which)
    for x in chosen:
        known = x.op in EXPANSIONS or x.op is ops.add if isinstance(x, Node) else x in NAMES
        if not known:
            name = operation(x) or "a leaf" if isinstance(x, Node) else x
            raise ValueError(f"draw: expand does not know {name!r}; it expands {', '.join(sorted(NAMES))}")
    order: list[Node] = []
    for node in view.order:
        wanted = which is True or node in chosen or operation(node) in chosen
        inside = _expanded(node, view) if wanted else ()
        order.extend(inside or (node,))
    view.order = order


def _expanded(node: Node, view: View) -> list[Node]:
    """The operations inside one, each after its inputs; none if it is not expanded."""
    op, gradient = node.op, view.gradient(node)
    if op not in EXPANSIONS:
        return []
    leaves = [_copy(v, type(node)) for v in node.values]
    token = MODES.set(USUAL)  # not the modes of the caller
    try:
        with np.errstate(all="ignore"):
            out = EXPANSIONS[op](*leaves, **{k: v for k, v in node.static.items() if k != "saved"})
            seed = np.ones(node.value.shape, node.value.dtype)[()] if gradient is None else gradient
            found = sweep(out, seed) if isinstance(out, Node) and out.op else {}
            fused = {i: downstream(node, i, seed) for i, x in enumerate(node.inputs) if x is not None and x.requires_grad}
    finally:
        MODES.reset(token)
    pairs = [(found.get(leaves[i]), g) for i, g in fused.items()]
    size = float(np.max(np.abs(seed), initial=0.0))  # gradients that cancel leave rounding noise of this magnitude
    if not found or not _agree(out.value, node.value) or not all(a is not None and _agree(a, b, size) for a, b in pairs):
        view.notes[node] = "not expanded: its primitives would not give the same numbers here"
        return []
    cluster = (*view.path(node), operation(node))
    entered = (*view.entries(node)[: len(cluster) - 1], -len(view.clusters))  # unlike any other
    inside = topological_order(out)
    view.clusters.update(dict.fromkeys(inside, cluster))
    view.entered.update(dict.fromkeys(inside, entered))
    view.stands_for[node] = out
    for leaf, x, v in zip(leaves, node.inputs, node.values, strict=True):
        if isinstance(leaf, Node):
            view.stands_for[leaf] = constant(v, type(node)) if x is None else x
    if gradient is not None:
        view.known.update({x: found[x] for x in inside})
    view.names[out] = view.name(node)
    return inside


def _copy(v: Value, kind: type[Node]) -> Any:
    """A value as a leaf of its own. Even data is tracked, so that the operations on it are recorded and drawn."""
    if not isinstance(v, np.ndarray | np.generic) or v.dtype.kind not in "fc":
        return v
    leaf = constant(v, kind)
    leaf.requires_grad = True
    return leaf


def _agree(a: Value, b: Value, size: float = 0.0) -> bool:
    digits = np.finfo(np.result_type(a, np.float16)).eps
    scale = float(np.max(np.abs(b), initial=size, where=np.isfinite(b)))
    return np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=1e3 * digits, atol=1e3 * digits * scale, equal_nan=True)


# Activations


@expands(ops.sigmoid)
def _sigmoid(x: Any) -> Any:
    return ops.reciprocal(1 + ops.exp(-x))


@expands(ops.softplus)
def _softplus(x: Any, beta: Any = 1.0) -> Any:
    """A form that does not overflow."""
    plain = not isinstance(beta, Node) and np.all(beta == 1)
    x = x if plain else x * beta
    out = ops.maximum(x, 0.0) + ops.log1p(ops.exp(-ops.abs(x)))
    return out if plain else out / beta


@expands(ops.log_sigmoid)
def _log_sigmoid(x: Any) -> Any:
    return -_softplus(-x)


@expands(ops.softsign)
def _softsign(x: Any) -> Any:
    return x / (1 + ops.abs(x))


@expands(ops.silu)
def _silu(x: Any) -> Any:
    return x * _sigmoid(x)


@expands(ops.mish)
def _mish(x: Any) -> Any:
    return x * ops.tanh(_softplus(x))


@expands(ops.gelu)
def _gelu(x: Any, approximate: str) -> Any:
    if approximate == "none":
        return x * ((1 + ops.erf(x * math.sqrt(0.5))) / 2)
    return x * ((1 + ops.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2)


# Along an axis


def _shifted(x: Any, axis: Any) -> Any:
    """Subtract the maximum, as data: the same shift of all elements does not change the result."""
    return x - np.max(value_of(x), axis=axis, keepdims=True)


@expands(ops.softmax)
def _softmax(x: Any, axis: Any) -> Any:
    e = ops.exp(_shifted(x, axis))
    return e / ops.sum(e, axis=axis, keepdims=True)


@expands(ops.log_softmax)
def _log_softmax(x: Any, axis: Any) -> Any:
    x = _shifted(x, axis)
    return x - ops.log(ops.sum(ops.exp(x), axis=axis, keepdims=True))


@expands(ops.logsumexp)
def _logsumexp(x: Any, axis: Any, keepdims: bool) -> Any:
    highest = np.max(value_of(x), axis=axis, keepdims=True)
    total = ops.log(ops.sum(ops.exp(x - highest), axis=axis, keepdims=keepdims))
    return total + (highest if keepdims else np.reshape(highest, total.shape))


@expands(ops.var)
def _var(x: Any, axis: Any, ddof: int, keepdims: bool) -> Any:
    distance = x - ops.mean(x, axis=axis, keepdims=True)
    total = ops.sum(ops.square(distance), axis=axis, keepdims=keepdims)
    return total / (x.size // max(1, total.size) - ddof)


@expands(ops.std)
def _std(x: Any, axis: Any, ddof: int, keepdims: bool) -> Any:
    return ops.sqrt(_var(x, axis, ddof, keepdims))


@expands(normalise._normalise, "batch_norm", "layer_norm", "group_norm", "instance_norm")
def _normalise(x: Any, weight: Any, bias: Any, *, view: Any, axes: Any, place: Any, eps: float, **_: Any) -> Any:
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


@expands(cross_entropy._nll_loss)
def _nll_loss(x: Any, right: Any, axis: int, reduction: str) -> Any:
    """The negated log-probability of the target class."""
    losses = -right.weight * ops.take_along_axis(x, right.index, axis)
    return _reduced(ops.squeeze(losses, axis), reduction, right.total)


@expands(cross_entropy._cross_entropy)
def _cross_entropy(x: Any, right: Any, smooth: Any, axis: int, reduction: str) -> Any:
    """The log-softmax, of which the target class is picked."""
    logs = _log_softmax(x, axis)
    if smooth is None:
        return _nll_loss(logs, right, axis, reduction)
    spread = ops.sum(logs * smooth, axis=axis, keepdims=True)
    losses = -(ops.take_along_axis(logs, right.index, axis) * right.weight + spread * right.counts)
    return _reduced(ops.squeeze(losses, axis), reduction, right.total)


@expands(cross_entropy._soft_cross_entropy, "cross_entropy")
def _soft_cross_entropy(x: Any, target: Any, weights: Any, axis: int, reduction: str) -> Any:
    return _reduced(-ops.sum(_weighed(target, weights) * _log_softmax(x, axis), axis=axis), reduction)


@expands(loss._mse_loss)
def _mse_loss(x: Any, target: Any, reduction: str) -> Any:
    return _reduced(ops.square(x - target), reduction)


@expands(loss._l1_loss)
def _l1_loss(x: Any, target: Any, reduction: str) -> Any:
    return _reduced(ops.abs(x - target), reduction)


@expands(loss._binary_cross_entropy)
def _binary_cross_entropy(p: Any, target: Any, reduction: str, weight: Any) -> Any:
    losses = -(target * ops.log(p) + (1 - target) * ops.log(1 - p))
    return _reduced(_weighed(losses, weight), reduction)


@expands(loss._binary_cross_entropy_with_logits)
def _binary_cross_entropy_with_logits(z: Any, target: Any, reduction: str, weight: Any, pos_weight: Any) -> Any:
    losses = _weighed(target, pos_weight) * _softplus(-z) + (1 - target) * _softplus(z)
    return _reduced(_weighed(losses, weight), reduction)


# Networks


@expands(linear._linear)
def _linear(x: Any, weight: Any, bias: Any) -> Any:
    out = ops.matmul(x, ops.transpose(weight))
    return out if bias is None else out + bias


@expands(dropout._dropout)
def _dropout(x: Any, kept: Any, divisor: float) -> Any:
    return x * kept / divisor


@expands(convolution.conv, "conv1d", "conv2d", "conv3d")
def _conv(x: Any, weight: Any, bias: Any, *, geometry: Geometry) -> Any:
    """Windows as columns (im2col), and one matrix product."""
    (filters, channels), groups = weight.shape[:2], geometry.groups
    if any(map(any, geometry.padding)):
        x = ops.pad(x, ((0, 0), (0, 0), *geometry.padding))
    columns = ops.unfold(x, geometry.kernel, geometry.dilation, 0, geometry.stride)
    rows = ops.reshape(weight, (*_parts(groups, filters), channels * geometry.elements))
    if groups > 1:
        columns = ops.reshape(columns, (len(value_of(x)), groups, channels * geometry.elements, -1))
    out = ops.reshape(ops.matmul(rows, columns), (len(value_of(x)), filters, *geometry.out))
    return out if bias is None else out + ops.reshape(bias, (filters,) + (1,) * len(geometry.size))


@expands(convolution.conv_input, "conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
def _conv_input(g: Any, weight: Any, bias: Any, *, geometry: Geometry) -> Any:
    """One matrix product, and columns added up as windows (col2im)."""
    size, kernel, stride, padding, dilation, groups = geometry
    (filters, channels), batch = weight.shape[:2], len(value_of(g))
    rows = ops.swapaxes(ops.reshape(weight, (*_parts(groups, filters), channels * geometry.elements)), -1, -2)
    columns = ops.matmul(rows, ops.reshape(g, (batch, *_parts(groups, filters), -1)))
    if groups > 1:
        columns = ops.reshape(columns, (batch, groups * channels * geometry.elements, -1))
    whole = tuple(length + lo + hi for length, (lo, hi) in zip(size, padding, strict=True))
    out = ops.fold(columns, whole, kernel, dilation, 0, stride)
    if any(map(any, padding)):
        out = out[(..., *(slice(lo, lo + length) for length, (lo, _) in zip(size, padding, strict=True)))]
    return out if bias is None else out + ops.reshape(bias, (groups * channels,) + (1,) * len(size))


def _parts(groups: int, count: int) -> Iterable[int]:
    return (groups, count // groups) if groups > 1 else (count,)
