"""What brings numbers along an axis to a common scale."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from minigrad.graph import Value, value_of
from minigrad.operation import op
from minigrad.ops.dtypes import floats
from minigrad.ops.elementwise import add, multiply
from minigrad.ops.networks.window import sizes
from minigrad.ops.shape import reshape

Shape = tuple[int, ...]


# Batch, layer, group and instance normalisation differ only in the axes that mean and variance are taken over, so they are
# one operation: x is seen in the shape `view`, and weight and bias stand in it in the shape `place`.


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
    mean = np.sum(x, axis=axes, keepdims=True) / count  # in pairs: einsum would lose digits of a large mean
    standard = x - mean
    var = _sum_products(axes, standard, standard) / count
    scale = 1 / np.sqrt(var + eps)
    standard *= scale
    return standard, scale, mean, var


@op(saves=True)
def _normalise(
    x: Value, weight: Value = None, bias: Value = None, /, *, view: Shape, axes: Shape, place: Shape, eps: float,
    running: Running | None = None,
) -> Value:  # fmt: skip
    """Bring x to mean 0 and variance 1 over some axes, then multiply by a weight and add a bias."""
    standard, scale, mean, var = _standardise(x.reshape(view), axes, eps)
    if running:
        count = math.prod(view[i] for i in axes)
        for kept, new in ((running.mean, mean), (running.var, var * (count / (count - 1)))):
            kept *= 1 - running.momentum
            kept += running.momentum * new.ravel()
    out = standard if weight is None else standard * weight.reshape(place)
    if bias is not None:
        free = out is not standard and np.result_type(out, bias) == out.dtype
        out = np.add(out, bias.reshape(place), out=out if free else None)
    return out.reshape(x.shape), (standard, scale)


def _normalise_x(
    g: Value, out: Value, x: Value, weight: Value, bias: Value, *, view: Shape, axes: Shape, place: Shape, eps: float,
    saved: Any, **_: Any,
) -> Value:  # fmt: skip
    # Ioffe and Szegedy 2015, section 3, put together: g without its mean and without its part along the output.
    standard, scale = saved or _standardise(np.reshape(x, view), axes, eps)[:2]
    count = max(1, math.prod(view[i] for i in axes))
    g = np.reshape(g, view)
    if weight is not None and set(axes) <= set(_repeated(place)):  # the same in all of a sum, so it can wait
        scale = scale * np.reshape(weight, place)
    elif weight is not None:
        g = g * np.reshape(weight, place)
    rest = standard * (_sum_products(axes, g, standard) / -count)
    rest -= _sum_products(axes, g) / count
    rest += g
    rest *= scale
    return np.reshape(rest, x.shape)


def _normalise_weight(
    g: Value, out: Value, x: Value, weight: Value, bias: Value, *, view: Shape, axes: Shape, place: Shape, eps: float,
    saved: Any, **_: Any,
) -> Value:  # fmt: skip
    standard = (saved or _standardise(np.reshape(x, view), axes, eps))[0]
    return np.reshape(_sum_products(_repeated(place), np.reshape(g, view), standard), weight.shape)


def _repeated(place: Shape) -> Shape:
    """Find the axes along which a weight is repeated."""
    return tuple(i for i, length in enumerate(place) if length == 1)


_normalise.rules(
    _normalise_x,
    _normalise_weight,
    lambda g, out, x, weight, bias, *, view, place, **_: np.reshape(
        _sum_products(_repeated(place), np.reshape(g, view)), bias.shape
    ),
)


def _check(who: str, x: Shape, shape: Shape, **given: Value) -> None:
    for name, v in given.items():
        if v is not None and np.shape(value_of(v)) != shape:
            raise ValueError(f"{who}: {name} of shape {np.shape(value_of(v))} should be {shape} for x of shape {x}")


def _channels(who: str, x: Value) -> tuple[Shape, int]:
    shape = np.shape(value_of(x))
    if len(shape) < 2:
        raise ValueError(f"{who}: x of shape {shape} is not (N, C, ...)")
    return shape, math.prod(shape[2:])


def batch_norm(
    x: Value, running_mean: Value = None, running_var: Value = None, weight: Value = None, bias: Value = None,
    training: bool = False, momentum: float = 0.1, eps: float = 1e-5,
) -> Value:  # fmt: skip
    """Bring each channel to mean 0 and variance 1 over the batch and all positions; then weight it and add a bias.

    Parameters
    ----------
    x : Tensor or array_like
        Shape (N, C, ...).
    running_mean, running_var : numpy.ndarray, optional
        Shape (C,). While training they are updated **in place**: (1 - momentum) times the old plus momentum times the
        batch's, of the variance the unbiased one. Else they stand in for the batch's own, and are constants.
    weight, bias : Tensor or array_like, optional
        Shape (C,).
    training : bool
        Whether to take mean and (biased) variance from the batch itself.
    momentum : float
        How fast the running statistics follow.
    eps : float
        Added to the variance.

    Returns
    -------
    Tensor
        Of x's shape.

    Raises
    ------
    ValueError
        If shapes do not fit, a channel has but one number to train on, or there are no statistics to use.

    Notes
    -----
    Ioffe and Szegedy, Batch Normalization, 2015.

    Examples
    --------
    >>> batch_norm(Tensor([[1.0, 4.0], [3.0, 8.0]]), training=True, eps=0)
    Tensor([[-1., -1.],
            [ 1.,  1.]])
    """
    shape, positions = _channels("batch_norm", x)
    channels, count = shape[1:2], shape[0] * positions
    statistics = {"running_mean": running_mean, "running_var": running_var}
    _check("batch_norm", shape, channels, weight=weight, bias=bias, **statistics)
    missing = [name for name, v in statistics.items() if v is None]
    if len(missing) == 1 or (missing and not training):
        raise ValueError(f"batch_norm: {' and '.join(missing)} must be given {'too' if training else 'if not training'}")
    x, weight, bias = floats("batch_norm", x, weight, bias)
    if training:
        for name, v in statistics.items():
            kept = value_of(v)
            # Found out while updating, it would be too late: one of the two would have changed.
            if v is not None and not (isinstance(kept, np.ndarray) and kept.dtype.kind == "f" and kept.flags.writeable):
                raise ValueError(f"batch_norm: {name} must be a writeable floating array while training, to be updated")
        if count == 1:
            raise ValueError(f"batch_norm: training needs more than one number a channel, got x of shape {shape}")
        running = None if missing or count == 0 else Running(value_of(running_mean), value_of(running_var), momentum)
        view = (shape[0], shape[1], positions)
        return _normalise(x, weight, bias, view=view, axes=(0, 2), place=(1, *channels, 1), eps=eps, running=running)
    dtype, place = value_of(x).dtype, channels + (1,) * (len(shape) - 2)
    scale: Value = (1 / np.sqrt(np.asarray(value_of(running_var)) + eps)).astype(dtype)
    shift: Value = -np.asarray(value_of(running_mean)).astype(dtype)
    scale = scale if weight is None else multiply(weight, scale)
    shift = multiply(shift, scale) if bias is None else add(multiply(shift, scale), bias)
    return add(multiply(x, reshape(scale, place)), reshape(shift, place))


def layer_norm(
    x: Value, normalized_shape: int | tuple[int, ...], weight: Value = None, bias: Value = None, eps: float = 1e-5
) -> Value:
    """Bring the last axes to mean 0 and variance 1, each sample by itself; then weight it and add a bias.

    Parameters
    ----------
    x : Tensor or array_like
        Shape (..., *normalized_shape).
    normalized_shape : int or tuple of int
        The lengths of the last axes.
    weight, bias : Tensor or array_like, optional
        Of that shape.
    eps : float
        Added to the variance.

    Returns
    -------
    Tensor
        Of x's shape.

    Raises
    ------
    ValueError
        If shapes do not fit.

    Notes
    -----
    Ba, Kiros and Hinton, Layer Normalization, 2016.

    Examples
    --------
    >>> layer_norm(Tensor([[1.0, 3.0], [4.0, 8.0]]), 2, eps=0)
    Tensor([[-1.,  1.],
            [-1.,  1.]])
    """
    shape = np.shape(value_of(x))
    last = sizes("layer_norm", "normalized_shape", normalized_shape, np.size(normalized_shape), 0)
    if not last or shape[-len(last) :] != last:
        raise ValueError(f"layer_norm: x of shape {shape} does not end in normalized_shape {last}")
    _check("layer_norm", shape, last, weight=weight, bias=bias)
    x, weight, bias = floats("layer_norm", x, weight, bias)
    size = math.prod(last)
    return _normalise(x, weight, bias, view=(math.prod(shape[: -len(last)]), size), axes=(1,), place=(1, size), eps=eps)


def group_norm(x: Value, num_groups: int, weight: Value = None, bias: Value = None, eps: float = 1e-5) -> Value:
    """Bring each group of channels of each sample to mean 0 and variance 1; then weight each channel and add a bias.

    Parameters
    ----------
    x : Tensor or array_like
        Shape (N, C, ...).
    num_groups : int
        Into how many groups the C channels part.
    weight, bias : Tensor or array_like, optional
        Shape (C,).
    eps : float
        Added to the variance.

    Returns
    -------
    Tensor
        Of x's shape.

    Raises
    ------
    ValueError
        If shapes do not fit, or the channels do not part evenly.

    Notes
    -----
    Wu and He, Group Normalization, 2018.

    Examples
    --------
    >>> group_norm(Tensor([[1.0, 3.0, 4.0, 8.0]]), 2, eps=0)
    Tensor([[-1.,  1., -1.,  1.]])
    """
    shape, positions = _channels("group_norm", x)
    (num_groups,) = sizes("group_norm", "num_groups", num_groups, 1)
    if shape[1] % num_groups:
        raise ValueError(f"group_norm: the {shape[1]} channels of x, of shape {shape}, do not part into {num_groups} groups")
    _check("group_norm", shape, shape[1:2], weight=weight, bias=bias)
    x, weight, bias = floats("group_norm", x, weight, bias)
    each = shape[1] // num_groups
    view, place = (shape[0], num_groups, each, positions), (1, num_groups, each, 1)
    return _normalise(x, weight, bias, view=view, axes=(2, 3), place=place, eps=eps)


def instance_norm(x: Value, *, weight: Value = None, bias: Value = None, eps: float = 1e-5) -> Value:
    """Bring each channel of each sample to mean 0 and variance 1; then weight it and add a bias.

    Parameters
    ----------
    x : Tensor or array_like
        Shape (N, C, ...), with more than one number a channel.
    weight, bias : Tensor or array_like, optional
        Shape (C,).
    eps : float
        Added to the variance.

    Returns
    -------
    Tensor
        Of x's shape.

    Raises
    ------
    ValueError
        If shapes do not fit.

    Notes
    -----
    Ulyanov, Vedaldi and Lempitsky, Instance Normalization, 2016.

    Examples
    --------
    >>> instance_norm(Tensor([[[1.0, 3.0], [4.0, 8.0]]]), eps=0)
    Tensor([[[-1.,  1.],
             [-1.,  1.]]])
    """
    shape, positions = _channels("instance_norm", x)
    if positions == 1:
        raise ValueError(f"instance_norm: x of shape {shape} has but one number a channel")
    _check("instance_norm", shape, shape[1:2], weight=weight, bias=bias)
    x, weight, bias = floats("instance_norm", x, weight, bias)
    return _normalise(
        x, weight, bias, view=(*shape[:2], positions), axes=(2,), place=(1, shape[1], 1), eps=eps
    )  # fmt: skip
