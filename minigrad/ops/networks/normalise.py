"""Normalisation: mean 0 and variance 1 over some axes, then a scale and a shift.

Batch, layer, group and instance normalisation differ only in these axes, so they are one operation: x is seen in the shape
`view`, and weight and bias stand in it in the shape `place`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from minigrad.fast import faster, norms
from minigrad.graph import ArrayLike, Value, value_of
from minigrad.operation import composed, op, static_value
from minigrad.ops.dtypes import astype, floats, refuse_complex
from minigrad.ops.elementwise import add, divide, multiply, negative, sqrt
from minigrad.ops.geometry import sizes
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


def _sum_products(axes: Shape, *factors: Value) -> Value:
    """Sum a product, or one array, over some axes, which keep length 1; einsum takes a third of the time of np.sum."""
    letters = "abcd"[: factors[0].ndim]
    kept = "".join(letter for i, letter in enumerate(letters) if i not in axes)
    return np.expand_dims(np.einsum(f"{','.join([letters] * len(factors))}->{kept}", *factors), axes)


def _standardise(x: Value, axes: Shape, eps: float) -> tuple[Value, Value, Value, Value]:
    """Bring x to mean 0 and variance 1; also one over the standard deviation, the mean, and the variance."""
    count = max(1, math.prod(x.shape[i] for i in axes))
    mean = np.sum(x, axis=axes, keepdims=True) / count  # pairwise: einsum would lose digits of a large mean
    standard = x - mean
    var = _sum_products(axes, standard, standard) / count
    scale = 1 / np.sqrt(var + eps)
    standard *= scale
    return standard, scale, mean, var


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
    out, standard, scale, mean, var = _normalised(x, weight, bias, view, axes, place, eps)
    if running:
        count = math.prod(view[i] for i in axes)
        for kept, new in ((running.mean, mean), (running.var, var * (count / (count - 1)))):
            kept *= 1 - running.momentum
            kept += running.momentum * new.ravel()
    return out, (standard, scale, mean)


@faster(norms.forward)
def _normalised(
    x: Value, weight: Value, bias: Value, view: Shape, axes: Shape, place: Shape, eps: float
) -> tuple[Value, Value, Value, Value, Value]:
    """The result; the standardised x, one over its standard deviation, its mean, and its variance."""
    standard, scale, mean, var = _standardise(x.reshape(view), axes, eps)
    out = standard if weight is None else standard * weight.reshape(place)
    if bias is not None:
        free = out is not standard and np.result_type(out, bias) == out.dtype
        out = np.add(out, bias.reshape(place), out=out if free else None)
    return out.reshape(x.shape), standard, scale, mean, var


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
    """Ioffe and Szegedy 2015, section 3, put together: g without its mean and without its component along the output."""
    standard, scale, mean = saved or _standardise(np.reshape(x, view), axes, eps)[:3]
    if standard is None:  # which a kernel does not keep
        standard = (np.reshape(x, view) - mean) * scale
    g = np.reshape(g, view)
    repeated = tuple(i for i, length in enumerate(place) if length == 1)  # the axes that share a weight
    gx = gweight = gbias = None
    if set(axes) <= set(repeated):  # then the same sums serve all three, and the weight can wait
        products, sums = _sum_products(axes, g, standard), _sum_products(axes, g)
        if weight is not None:
            scale = scale * np.reshape(weight, place)
            gweight = np.reshape(_sum_products(repeated, products), weight.shape)
        if bias is not None:
            gbias = np.reshape(_sum_products(repeated, sums), bias.shape)
    else:
        if needed[1]:
            gweight = np.reshape(_sum_products(repeated, g, standard), weight.shape)
        if needed[2]:
            gbias = np.reshape(_sum_products(repeated, g), bias.shape)
        if weight is not None:
            g = g * np.reshape(weight, place)
        products, sums = _sum_products(axes, g, standard), _sum_products(axes, g)
    if needed[0]:
        count = max(1, math.prod(view[i] for i in axes))
        gx = standard * (products / -count)
        gx -= sums / count
        gx += g
        gx *= scale
        gx = np.reshape(gx, x.shape)
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
