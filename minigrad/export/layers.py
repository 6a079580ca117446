"""Translations of network layers: linear, convolution, pooling, resizing, normalisation, recurrent sequences."""

from __future__ import annotations

import math
from functools import reduce
from typing import Any, TypeAlias

import numpy as np

from minigrad import ops
from minigrad.export.translation import Translation, translates
from minigrad.nn import sequence
from minigrad.ops import convolution
from minigrad.ops.geometry import Geometry
from minigrad.ops.networks import adaptive, dropout, interpolate, linear, normalise, pool, unfold

Array: TypeAlias = np.ndarray[Any, Any]


@translates(linear._linear)
def _linear(t: Translation) -> str:
    x, weight, bias = t.inputs()
    if t.ndim == 2:
        return t("Gemm", x, weight, bias, transB=1)
    out = t("MatMul", x, t("Transpose", weight, perm=[1, 0]))
    return out if bias is None else t("Add", out, bias)


@translates(dropout._dropout)
def _dropout(t: Translation) -> str:
    raise NotImplementedError("it drops elements at random, as in training; call eval(), or pass training=False")


# Convolution


@translates(convolution.conv)
def _conv(t: Translation) -> str:
    others = {geometry._replace(size=()) for geometry in t.argument("geometry")}  # the size may grow with the batch
    return t("Conv", *t.inputs(), **_slid(others.pop() if len(others) == 1 else t.static["geometry"]))


@translates(convolution.conv_input)
def _conv_transpose(t: Translation) -> str:
    # Elements that the convolution does not reach at the end may be negative padding here; ONNX has output_padding for them.
    geometry = t.static["geometry"]
    geometry = geometry._replace(padding=tuple((low, max(high, 0)) for low, high in geometry.padding))
    axes = zip(geometry.axes(), geometry.padding, t.lengths(0)[0][2:], strict=True)
    more = [n - ((o - 1) * s + d * (k - 1) + 1 - low - high) for (n, k, s, low, d, _), (_, high), o in axes]
    return t("ConvTranspose", *t.inputs(), output_padding=more, **_slid(geometry))


def _slid(geometry: Geometry) -> dict[str, Any]:
    return {**_windows(geometry), "group": geometry.groups}


# Pooling


def _windows(geometry: Geometry) -> dict[str, Any]:
    """The windows as attributes; ONNX expects the padding as all starts, then all ends."""
    pads = [low for low, _ in geometry.padding] + [high for _, high in geometry.padding]
    strides, dilations = geometry.stride, geometry.dilation
    return {"kernel_shape": geometry.kernel, "strides": strides, "dilations": dilations, "pads": pads}


def _in_batch(t: Translation, kind: str, **attributes: Any) -> str:
    """A pool, for which ONNX needs a batch axis."""
    x, alone = t.input(0), t.ndim == len(attributes["kernel_shape"]) + 1  # without a batch axis
    out = t(kind, t("Unsqueeze", x, [0]) if alone else x, **attributes)
    return t("Squeeze", out, [0]) if alone else out


@translates(pool._max_pool)
def _max_pool(t: Translation) -> str:
    return _in_batch(t, "MaxPool", **_windows(t.static["geometry"]))


@translates(pool._avg_pool)
def _avg_pool(t: Translation) -> str:
    attributes = _windows(t.static["geometry"])
    del attributes["dilations"]  # always 1, and unknown to older versions of ONNX
    out = _in_batch(t, "AveragePool", count_include_pad=1, **attributes)
    factor = t.static["geometry"].elements / np.asarray(t.static["divisor"], t.dtype)
    return out if np.all(factor == 1) else t("Mul", out, factor.astype(t.dtype))


def _each_window(t: Translation, x: str, axis: int, old: int, new: int) -> tuple[str, Array]:
    """The elements of each adaptive window along an axis, on a new axis after it, and a mask.

    A shorter window repeats its last element; the mask is False there.
    """
    start, end = (bound[:, None] for bound in adaptive.bounds(old, new))
    inside = start + np.arange(np.max(end - start))
    return t("Gather", x, np.minimum(inside, end - 1), axis=axis), inside < end


@translates(adaptive._mean_to)
def _adaptive_mean(t: Translation) -> str:
    x, size = t.input(0), t.static["size"]
    for axis, new in enumerate(size, t.ndim - len(size)):
        x, mask = _each_window(t, x, axis, t.length(axis), new)
        share = (mask / mask.sum(1, keepdims=True)).astype(t.dtype)
        x = t("ReduceSum", t("Mul", x, share.reshape(share.shape + (1,) * (t.ndim - axis - 1))), [axis + 1], keepdims=0)
    return x


@translates(adaptive._max_to)
def _adaptive_max(t: Translation) -> str:
    """The windows of adaptive maxima follow from the shapes."""
    x, size = t.input(0), t.static["size"]
    for axis, new in enumerate(size, t.ndim - len(size)):
        old = t.length(axis)
        if old == new:
            continue
        if new == 1:
            x = t("ReduceMax", x, [axis], keepdims=1)
        else:
            x = t("ReduceMax", _each_window(t, x, axis, old, new)[0], [axis + 1], keepdims=0)
    return x


# Windows as columns


@translates(unfold._unfold)
def _unfold(t: Translation) -> str:
    """A convolution with a kernel for each position in a window: 1 there, 0 elsewhere."""
    geometry, channels = t.static["geometry"], t.length(1)
    kernels = np.tile(np.eye(geometry.elements, dtype=t.dtype), (channels, 1)).reshape(-1, 1, *geometry.kernel)
    return t.reshape(t("Conv", t.input(0), kernels, **_slid(geometry._replace(groups=channels))), t.shapes)


# Resizing


@translates(interpolate._resize)
def _resize(t: Translation) -> str:
    x, axes = t.input(0), t.static["axes"]
    for axis, band in enumerate(axes, t.ndim - len(axes)):
        terms = [t("Gather", x, band.start + k, axis=axis) for k in range(band.weights.shape[1])]
        if not band.picks:
            factors = band.weights.T.reshape(len(terms), -1, *(1,) * (t.ndim - axis - 1)).astype(t.dtype)
            terms = [t("Mul", term, factor) for term, factor in zip(terms, factors, strict=True)]
        x = reduce(lambda a, b: t("Add", a, b), terms)
    return x


# Normalisation


@translates(ops.softmax, ops.log_softmax)
def _softmax(t: Translation) -> str:
    x, axis, log = t.input(0), t.static["axis"], t.node.op is ops.log_softmax
    if isinstance(axis, int | np.integer):
        return t("LogSoftmax" if log else "Softmax", x, axis=int(axis))
    out = t("Sub", x, t("ReduceLogSumExp", x, sorted(axis), keepdims=1))
    return out if log else t("Exp", out)


@translates(normalise._normalise)
def _normalise(t: Translation) -> str:
    """Mean 0 and variance 1 over `axes` of the shape `view`. ONNX has nodes for two cases."""
    if t.argument("running")[0] is not None:
        raise ValueError("it would train; call eval(), or pass training=False")
    x, weight, bias = t.input(0), *t.inputs()[1:]
    axes, eps, views = t.static["axes"], t.static["eps"], t.argument("view")
    if len(views[0]) == 2 and t.dtype == np.float32:  # ONNX computes the statistics of LayerNormalization in float32
        shape = _last(t, views[0][1])
        scale = np.ones(shape, t.dtype) if weight is None else weight
        return t("LayerNormalization", x, scale, bias, axis=-len(shape), epsilon=eps)
    if axes == (2,):
        scale = np.ones(t.length(1), t.dtype) if weight is None else weight
        shift = np.zeros(t.length(1), t.dtype) if bias is None else bias
        return t("InstanceNormalization", x, scale, shift, epsilon=eps)
    out = t.reshape(x, views)
    out = t("Sub", out, t("ReduceMean", out, list(axes), keepdims=1))
    variance = t("ReduceMean", t("Mul", out, out), list(axes), keepdims=1)
    out = t("Div", out, t("Sqrt", t("Add", variance, float(eps))))
    out = out if weight is None else t("Mul", out, t.reshape(weight, t.argument("place")))
    out = out if bias is None else t("Add", out, t.reshape(bias, t.argument("place")))
    return t.reshape(out, t.shapes)


def _last(t: Translation, size: int) -> tuple[int, ...]:
    """The shape of weight or bias; without them, that of the last axes which together have `size` elements."""
    for i in (1, 2):
        if t.node.values[i] is not None:
            return tuple(t.lengths(i)[0])
    shape = t.node.value.shape
    return next(shape[-n:] for n in range(1, t.ndim + 1) if math.prod(shape[-n:]) == size)


# Recurrent sequences


def _sequence(t: Translation, kind: str, order: list[int], biases: list[Any], states: int, **attributes: Any) -> list[str]:
    """One layer in one direction: all hidden states, then the last ones.

    ONNX orders the gates differently, has an axis for directions, and takes constant weights.
    """
    size = t.length(1, 2)

    def gates(array: Array) -> Array:
        return np.concatenate([array.reshape(len(order), size, -1)[i] for i in order])

    weights = [gates(t.fixed(i))[None] for i in (1, 2)]
    both = [np.zeros(size * len(order), t.dtype) if b is None else gates(b).ravel() for b in biases]
    bias = None if all(b is None for b in biases) else np.concatenate(both)[None]
    first = [None if t.is_zero(3 + i) else t("Unsqueeze", t.input(3 + i), [0]) for i in range(states)]
    inputs = (t.input(0), *weights, bias, None, *first)
    hidden, *last = t.several(kind, *inputs, results=1 + states, hidden_size=size, **attributes)
    return [t("Squeeze", hidden, [1]), *last]


@translates(sequence.rnn)
def _rnn(t: Translation) -> str:
    kind = {"tanh": "Tanh", "relu": "Relu"}[t.static["nonlinearity"]]
    return _sequence(t, "RNN", [0], [t.fixed(4), None], 1, activations=[kind])[0]


@translates(sequence.gru)
def _gru(t: Translation) -> str:
    # The gates r z n are z r n in ONNX, and the reset gate scales a product that is already formed.
    return _sequence(t, "GRU", [1, 0, 2], [t.fixed(4), t.fixed(5)], 1, linear_before_reset=1)[0]


@translates(sequence.lstm)
def _lstm(t: Translation) -> str:
    # The gates i f g o are i o f g in ONNX.
    states, _, c = _sequence(t, "LSTM", [0, 3, 1, 2], [t.fixed(5), None], 2)
    last = t("Squeeze", c, [0])
    t.graph.sequences[t.node] = states, last
    return t("Concat", states, c, axis=0)
