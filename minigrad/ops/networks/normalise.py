"""Normalisation: mean 0 and variance 1 over some axes, then a scale and a shift.

Batch, layer, group and instance normalisation differ only in these axes, so they are one operation: x is seen in the shape
`view`, and weight and bias stand in it in the shape `place`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from minigrad.fast import faster, norms
from minigrad.graph import ArrayLike, Node, Value, constant, value_of
from minigrad.operation import composed, op, static_value
from minigrad.ops.dtypes import astype, floats, refuse_complex
from minigrad.ops.elementwise import add, divide, multiply, negative, sqrt
from minigrad.ops.geometry import Index, sizes
from minigrad.ops.reduce import mean
from minigrad.ops.shape import reshape

if TYPE_CHECKING:
    from minigrad.graph import Tensor

Shape = tuple[int, ...]


class Running(NamedTuple):
    """Statistics that follow those of the batches, updated in place."""

    mean: Value
    var: Value
    momentum: float


BLOCK = 1 << 17  # elements normalised at a time, in a buffer of their own, which the passes over them find in the cache


def _sum_products(axes: Shape, *factors: Value) -> Value:
    """Sum a product, or one array, over some axes, which keep length 1; einsum takes a third of the time of np.sum."""
    letters = "abcd"[: factors[0].ndim]
    kept = "".join(letter for i, letter in enumerate(letters) if i not in axes)
    return np.expand_dims(np.einsum(f"{','.join([letters] * len(factors))}->{kept}", *factors), axes)


def _blocks(view: Shape, axes: Shape, place: Shape) -> Iterator[tuple[Index, Index]]:
    """Index of each block of x, and of its part of a weight: samples, or all at once where they are reduced.

    Channels would be blocks too, but their elements lie apart, and gathering them took longer than the passes.
    """
    step = max(1, view[0] if 0 in axes else BLOCK * view[0] // max(1, math.prod(view)))
    for start in range(0, view[0], step):
        block = (slice(start, start + step),)
        yield block, block if place[0] > 1 else (...,)


def _centre(x: Value, axes: Shape, dtype: Any = None) -> tuple[Value, Value, Value]:
    """Subtract the mean; also the mean and the variance."""
    count = max(1, math.prod(x.shape[i] for i in axes))
    mean = np.sum(x, axis=axes, keepdims=True) / count  # pairwise: einsum would lose digits of a large mean
    centred = np.subtract(x, mean, dtype=dtype)
    return centred, mean, _sum_products(axes, centred, centred) / count


def _repeated(place: Shape) -> Shape:
    """The axes that share a weight."""
    return tuple(i for i, length in enumerate(place) if length == 1)


@op(
    saves=True,
    called=lambda values, static: str(static["function"]),
    hidden=("function", "view", "axes", "place", "running"),
)
def _normalise(
    x: Value,
    weight: Value = None,
    bias: Value = None,
    /,
    *,
    function: str,
    view: Shape,
    axes: Shape,
    place: Shape,
    eps: float,
    running: Running | None = None,
) -> Value:
    """Bring x to mean 0 and variance 1 over some axes, then multiply by a weight and add a bias."""
    out, scale, mean, var = _normalised(x, weight, bias, view, axes, place, eps)
    if running:
        count = math.prod(view[i] for i in axes)
        for kept, new in ((running.mean, mean), (running.var, var * (count / (count - 1)))):
            kept *= 1 - running.momentum
            kept += running.momentum * new.ravel()
    return out, (scale, mean)


@faster(norms.forward)
def _normalised(
    x: Value, weight: Value, bias: Value, view: Shape, axes: Shape, place: Shape, eps: float
) -> tuple[Value, Value, Value, Value]:
    """The result; one over the standard deviation of x, its mean, and its variance."""
    shape, x = x.shape, x.reshape(view)
    weight, bias = (None if v is None else v.reshape(place) for v in (weight, bias))
    mean = np.empty([1 if i in axes else length for i, length in enumerate(view)], x.dtype)
    scale, var = np.empty_like(mean), np.empty_like(mean)
    out = np.empty(view, np.result_type(x, *(v for v in (weight, bias) if v is not None)))
    once = weight is not None and set(axes) <= set(_repeated(place))  # then one product does for scale and weight
    for block, part in _blocks(view, axes, place):
        y, mean[block], var[block] = _centre(x[block], axes, out.dtype)
        factor = scale[block] = 1 / np.sqrt(var[block] + eps)
        steps: list[tuple[Any, Value]] = [(np.multiply, factor * weight[part] if once else factor)]
        steps += [(np.multiply, weight[part])] if weight is not None and not once else []
        steps += [(np.add, bias[part])] if bias is not None else []
        for i, (step, operand) in enumerate(steps, 1):
            step(y, operand, out=y if i < len(steps) else out[block])
    return out.reshape(shape), scale, mean, var


@_normalise.joint_rule
def _normalise_rule(
    needed: Sequence[bool],
    g: Value,
    out: Value,
    x: Value,
    weight: Value,
    bias: Value,
    *,
    view: Shape,
    axes: Shape,
    place: Shape,
    eps: float,
    saved: Any,
    **_: Any,
) -> Any:
    return _gradients(needed, g, x, weight, bias, saved, view, axes, place, eps)


@faster(norms.gradients)
def _gradients(
    needed: Sequence[bool],
    g: Value,
    x: Value,
    weight: Value,
    bias: Value,
    saved: Any,
    view: Shape,
    axes: Shape,
    place: Shape,
    eps: float,
) -> list[Value]:
    """The gradients of x, weight and bias."""
    shapes, g = [np.shape(v) for v in (x, weight, bias)], np.reshape(g, view)
    factor = None if weight is None else np.reshape(weight, place)
    recorded = next((v for v in (g, x, weight) if isinstance(v, Node)), None)
    if saved is None or recorded is not None:  # forward mode records what a sweep does not
        centred, _, var = _centre(np.reshape(x, view), axes)
        if recorded is not None and not isinstance(centred, Node):
            centred = constant(centred, type(recorded))  # an array would be overwritten
        found = _of_block(needed, g, centred, 1 / np.sqrt(var + eps), factor, axes, place)
        return [np.reshape(v, shape) if need else None for v, shape, need in zip(found, shapes, needed, strict=True)]
    scale, mean = saved
    gx, totals = np.empty(x.shape, x.dtype), [np.zeros(place, g.dtype) for _ in needed[1:]]
    x, to = x.reshape(view), gx.reshape(view)
    for block, part in _blocks(view, axes, place):
        its = None if factor is None else factor[part]
        centred = np.subtract(x[block], mean[block])
        _, *terms = _of_block(needed, g[block], centred, scale[block], its, axes, place, to[block])
        for total, term in zip(totals, terms, strict=True):
            if term is not None:
                total[part] += term
    parts = zip([gx, *totals], shapes, needed, strict=True)
    return [v.reshape(shape) if need else None for v, shape, need in parts]


def _of_block(
    needed: Sequence[bool],
    g: Value,
    centred: Value,
    scale: Value,
    weight: Value,
    axes: Shape,
    place: Shape,
    out: Value = None,
) -> list[Value]:
    """Ioffe and Szegedy 2015, section 3, put together: g without its mean and without its component along the output.

    `centred` is overwritten; `out` is where the gradient of x goes.
    """
    count, repeated = max(1, math.prod(centred.shape[i] for i in axes)), _repeated(place)
    gx = gweight = gbias = None
    if set(axes) <= set(repeated):  # then the same sums serve all three, and the scale and the weight can wait
        products, sums = _sum_products(axes, g, centred) * scale, _sum_products(axes, g)
        gweight = _sum_products(repeated, products) if needed[1] else None
        gbias = _sum_products(repeated, sums) if needed[2] else None
        products, factor = products * scale, scale if weight is None else scale * weight
    else:
        centred *= scale
        gweight = _sum_products(repeated, g, centred) if needed[1] else None
        gbias = _sum_products(repeated, g) if needed[2] else None
        g, factor = g if weight is None else g * weight, scale
        products, sums = _sum_products(axes, g, centred), _sum_products(axes, g)
    if needed[0]:
        centred *= products / -count
        centred -= sums / count
        centred += g
        gx = centred * factor if out is None else np.multiply(centred, factor, out=out)
    return [gx, gweight, gbias]


def _check(x: Shape, shape: Shape, **given: Value) -> None:
    for name, v in given.items():
        if v is not None and np.shape(value_of(v)) != shape:
            raise ValueError(f"{name} of shape {np.shape(value_of(v))} should be {shape} for x of shape {x}")


def _channels(x: Value) -> tuple[Shape, int]:
    """The shape of x, and its number of positions."""
    shape = np.shape(value_of(x))
    if len(shape) < 2:
        raise ValueError(f"x of shape {shape} is not (N, C, ...)")
    return shape, math.prod(shape[2:])


@composed
def batch_norm(
    x: ArrayLike,
    running_mean: ArrayLike | None = None,
    running_var: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    bias: ArrayLike | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Batch normalisation: mean 0 and variance 1 for each channel, over the batch and all positions of x (N, C, ...).

    Ioffe and Szegedy, Batch Normalization, 2015.

    Parameters
    ----------
    running_mean, running_var : array_like, optional
        Shape (C,). In training they are updated **in place**: (1 - momentum) times the old plus momentum times the batch's,
        where the variance is the unbiased one. Otherwise they stand in place of the batch's, and may be tensors.
    weight, bias : Tensor or array_like, optional
        Scale and shift, of shape (C,).
    training : bool
        Whether to take the mean and the (biased) variance from the batch; it must have two elements for each channel.
    eps : float
        Added to the variance.

    Examples
    --------
    >>> batch_norm(Tensor([[1.0, 4.0], [3.0, 8.0]]), training=True, eps=0)
    Tensor([[-1., -1.],
            [ 1.,  1.]])
    """
    shape, positions = _channels(x)
    channels, count = shape[1:2], shape[0] * positions
    statistics = {"running_mean": running_mean, "running_var": running_var}
    _check(shape, channels, weight=weight, bias=bias, **statistics)
    missing = [name for name, v in statistics.items() if v is None]
    if len(missing) == 1 or (missing and not training):
        raise ValueError(f"{' and '.join(missing)} must be given {'too' if training else 'if not training'}")
    refuse_complex("batch_norm", x, weight, bias)
    x, weight, bias = floats(x, weight, bias)
    if training:
        for name, v in statistics.items():
            # Checked before the update, which would have changed one of the two already.
            if v is not None and not (isinstance(v, np.ndarray) and v.dtype.kind == "f" and v.flags.writeable):
                raise ValueError(f"{name} must be a writeable floating array while training, to be updated")
        if count == 1:
            raise ValueError(f"training needs more than one element for each channel, got x of shape {shape}")
        momentum = static_value("momentum", momentum)
        running = None if missing or count == 0 else Running(running_mean, running_var, momentum)
        view, place = (shape[0], shape[1], positions), (1, *channels, 1)
        return _normalise(
            x, weight, bias, function="batch_norm", view=view, axes=(0, 2), place=place, eps=eps, running=running
        )
    dtype, place = value_of(x).dtype, channels + (1,) * (len(shape) - 2)
    scale: Value = astype(divide(1.0, sqrt(add(running_var, eps))), dtype)  # type: ignore[arg-type]
    shift: Value = astype(negative(running_mean), dtype)  # type: ignore[arg-type]
    scale = scale if weight is None else multiply(weight, scale)
    shift = multiply(shift, scale) if bias is None else add(multiply(shift, scale), bias)
    return add(multiply(x, reshape(scale, place)), reshape(shift, place))


@composed
def layer_norm(
    x: ArrayLike,
    normalized_shape: int | tuple[int, ...],
    weight: ArrayLike | None = None,
    bias: ArrayLike | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Layer normalisation: mean 0 and variance 1 over the last axes, whose lengths are `normalized_shape`, of each sample.

    Weight and bias have that shape (Ba, Kiros and Hinton, Layer Normalization, 2016).

    >>> layer_norm(Tensor([[1.0, 3.0], [4.0, 8.0]]), 2, eps=0)
    Tensor([[-1.,  1.],
            [-1.,  1.]])
    """
    shape = np.shape(value_of(x))
    last = sizes("normalized_shape", normalized_shape, np.size(normalized_shape), 0)
    if not last or shape[-len(last) :] != last:
        raise ValueError(f"x of shape {shape} does not end in normalized_shape {last}")
    _check(shape, last, weight=weight, bias=bias)
    size = math.prod(last)
    view, place = (math.prod(shape[: -len(last)]), size), (1, size)
    x, weight, bias = floats(x, weight, bias)
    return _normalise(x, weight, bias, function="layer_norm", view=view, axes=(1,), place=place, eps=eps)


@composed
def group_norm(
    x: ArrayLike, num_groups: int, weight: ArrayLike | None = None, bias: ArrayLike | None = None, eps: float = 1e-5
) -> Tensor:
    """Group normalisation: mean 0 and variance 1 over each of `num_groups` groups of channels of each sample (N, C, ...).

    Weight and bias have shape (C,) (Wu and He, Group Normalization, 2018).

    >>> group_norm(Tensor([[1.0, 3.0, 4.0, 8.0]]), 2, eps=0)
    Tensor([[-1.,  1., -1.,  1.]])
    """
    shape, positions = _channels(x)
    (num_groups,) = sizes("num_groups", num_groups, 1)
    if shape[1] % num_groups:
        raise ValueError(f"{num_groups} groups do not divide the {shape[1]} channels of x, of shape {shape}")
    _check(shape, shape[1:2], weight=weight, bias=bias)
    each = shape[1] // num_groups
    view, place = (shape[0], num_groups, each, positions), (1, num_groups, each, 1)
    x, weight, bias = floats(x, weight, bias)
    return _normalise(x, weight, bias, function="group_norm", view=view, axes=(2, 3), place=place, eps=eps)


@composed
def instance_norm(
    x: ArrayLike, *, weight: ArrayLike | None = None, bias: ArrayLike | None = None, eps: float = 1e-5
) -> Tensor:
    """Instance normalisation: mean 0 and variance 1 over each channel of each sample (N, C, ...).

    Weight and bias have shape (C,) (Ulyanov, Vedaldi and Lempitsky, Instance Normalization, 2016).

    >>> instance_norm(Tensor([[[1.0, 3.0], [4.0, 8.0]]]), eps=0)
    Tensor([[[-1.,  1.],
             [-1.,  1.]]])
    """
    shape, positions = _channels(x)
    if positions == 1:
        raise ValueError(f"x of shape {shape} has a single element for each channel")
    _check(shape, shape[1:2], weight=weight, bias=bias)
    view, place = (*shape[:2], positions), (1, shape[1], 1)
    x, weight, bias = floats(x, weight, bias)
    return _normalise(x, weight, bias, function="instance_norm", view=view, axes=(2,), place=place, eps=eps)


@composed
def rms_norm(
    x: ArrayLike, normalized_shape: int | tuple[int, ...], weight: ArrayLike | None = None, eps: float | None = None
) -> Tensor:
    """Divide by the root of the mean square over the last axes, of the shape given, and multiply by a weight of that shape.

    `eps` is added to the mean square; by default it is that of the dtype. Zhang and Sennrich, Root Mean Square Layer
    Normalization, 2019.

    >>> rms_norm(Tensor([3.0, 3.0, 3.0, 3.0]), 4).data.round(3)
    array([1., 1., 1., 1.])
    """
    shape = sizes("normalized_shape", normalized_shape, np.size(normalized_shape), 0)
    x_shape = np.shape(x)
    if not shape or x_shape[-len(shape) :] != shape:
        raise ValueError(f"x of shape {x_shape} does not end in normalized_shape {shape}")
    _check(x_shape, shape, weight=weight)
    refuse_complex("rms_norm", x)
    (x,) = floats(x)
    eps = float(np.finfo(value_of(x).dtype).eps) if eps is None else eps
    axes = tuple(range(-len(shape), 0))
    out = divide(x, sqrt(add(mean(multiply(x, x), axes, keepdims=True), eps)))
    return out if weight is None else multiply(out, weight)
