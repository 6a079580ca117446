"""Translations of the layers of networks: linear, convolution, pooling, normalisation, resizing, whole sequences."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.export.build import Step, translates
from minigrad.export.trace import same
from minigrad.ops.adaptive import bounds


@translates("linear")
def _linear(s: Step) -> Any:
    x, weight, bias = s.inputs()
    if s.ndim == 2:
        return s("Gemm", x, weight, bias, transB=1)
    out = s("MatMul", x, s("Transpose", weight, perm=[1, 0]))
    return out if bias is None else s("Add", out, bias)


@translates("dropout")
def _dropout(s: Step) -> Any:
    raise NotImplementedError("it drops at random, as in training; call eval(), or give training=False to a function")


# Convolution


@translates("conv")
def _conv(s: Step) -> Any:
    return s("Conv", *s.inputs(), pads=_ends(s.static["padding"]), **_geometry(s))


@translates("conv_input")
def _conv_transpose(s: Step) -> Any:
    # What the convolution leaves out at the end may be negative padding, which ONNX has as additional size.
    pads = [(low, max(high, 0)) for low, high in s.static["padding"]]
    axes = zip(
        s.static["size"],
        s.lengths(0)[0][2:],
        s.lengths(1)[0][2:],
        s.static["stride"],
        s.static["dilation"],
        pads,
        strict=True,
    )
    more = [size - ((n - 1) * step + d * (k - 1) + 1 - low - high) for size, n, k, step, d, (low, high) in axes]
    return s("ConvTranspose", *s.inputs(), pads=_ends(pads), output_padding=more, **_geometry(s))


def _geometry(s: Step) -> dict[str, Any]:
    return {"strides": s.static["stride"], "dilations": s.static["dilation"], "group": s.static["groups"]}


def _ends(pads: Any) -> list[int]:
    """Pairs for each axis as ONNX wants them: all that comes before, then all that comes after."""
    return [low for low, _ in pads] + [high for _, high in pads]


# Pooling


def _windows(s: Step) -> dict[str, Any]:
    """The windows as attributes. What `ceil_mode` lets hang over the end is padding there."""
    w = s.static["windows"]
    hang = [
        max((o - 1) * stride + d * (k - 1) + 1 - n - p, 0)
        for n, k, stride, p, d, o in zip(*w, strict=True)
    ]  # fmt: skip
    return {
        "kernel_shape": w.kernel, "strides": w.stride, "dilations": w.dilation,
        "pads": _ends(list(zip(w.padding, hang, strict=True))),
    }  # fmt: skip


def _in_batch(s: Step, kind: str, **attributes: Any) -> Any:
    """A pool, which ONNX wants in a batch."""
    x, alone = s.input(0), s.ndim == len(attributes["kernel_shape"]) + 1
    out = s(kind, s("Unsqueeze", x, [0]) if alone else x, **attributes)
    return s("Squeeze", out, [0]) if alone else out


@translates("max_pool")
def _max_pool(s: Step) -> Any:
    return _in_batch(s, "MaxPool", **_windows(s))


@translates("avg_pool")
def _avg_pool(s: Step) -> Any:
    attributes = _windows(s)
    del attributes["dilations"]  # always 1, and unknown to older versions of ONNX
    out = _in_batch(s, "AveragePool", count_include_pad=1, **attributes)
    factor = s.static["windows"].places / np.asarray(s.static["divisor"], s.dtype)
    return out if np.all(factor == 1) else s("Mul", out, factor.astype(s.dtype))


def _each_window(s: Step, x: str, axis: int, old: int, new: int) -> tuple[Any, Any]:
    """The numbers of each adaptive window along an axis, on a new axis behind it; where a window is shorter, its last again.

    Also which of them stand for themselves.
    """
    start, end = (bound[:, None] for bound in bounds(old, new))
    inside = start + np.arange(np.max(end - start))
    return s("Gather", x, np.minimum(inside, end - 1), axis=axis), inside < end


@translates("mean_to")
def _adaptive_mean(s: Step) -> Any:
    x, size = s.input(0), s.static["size"]
    for axis, new in enumerate(size, s.ndim - len(size)):
        x, own = _each_window(s, x, axis, s.length(axis), new)
        part = (own / own.sum(1, keepdims=True)).astype(s.dtype)
        x = s("ReduceSum", s("Mul", x, part.reshape(part.shape + (1,) * (s.ndim - axis - 1))), [axis + 1], keepdims=0)
    return x


@translates("collect")
def _adaptive_max(s: Step) -> Any:
    """Adaptive maxima are recorded as the places that they came from; their windows follow from the shapes."""
    x, expected, shape = s.input(0), s.node.values[0], s.node.value.shape
    axes = [i for i, (n, m) in enumerate(zip(expected.shape, shape, strict=False)) if n != m]
    for axis in axes if expected.ndim == s.ndim else []:
        old, new = s.length(axis), shape[axis]
        expected = np.stack(
            [expected.take(range(a, b), axis).max(axis) for a, b in zip(*bounds(old, new), strict=True)], axis
        )
        x, keepdims = (x, 1) if new == 1 else (_each_window(s, x, axis, old, new)[0], 0)
        x = s("ReduceMax", x, [axis + 1 - keepdims], keepdims=keepdims)
    if not same(expected, s.node.value):
        raise NotImplementedError("picking by places that were computed from the data has no counterpart in ONNX")
    return x


# Windows as columns


@translates("unfold")
def _unfold(s: Step) -> Any:
    """A convolution, with a kernel for each place of a window: 1 there, 0 elsewhere."""
    w, channels = s.static["windows"], s.length(1)
    kernels = np.tile(np.eye(w.places, dtype=s.dtype), (channels, 1)).reshape(-1, 1, *w.kernel)
    geometry = {"strides": w.stride, "dilations": w.dilation, "pads": [*w.padding, *w.padding], "group": channels}
    return s.reshape(s("Conv", s.input(0), kernels, **geometry), s.shapes)


# Resizing


@translates("nearest")
def _nearest(s: Step) -> Any:
    x, chosen = s.input(0), s.static["chosen"]
    for axis, places in enumerate(chosen, s.ndim - len(chosen)):
        x = s("Gather", x, places, axis=axis)
    return x


@translates("resize")
def _resize(s: Step) -> Any:
    x, axes = s.input(0), s.static["axes"]
    for axis, at in enumerate(axes, s.ndim - len(axes)):
        low, high = at.weights(s.node.value, axis)
        x = s("Add", s("Mul", s("Gather", x, at.below, axis=axis), low), s("Mul", s("Gather", x, at.above, axis=axis), high))
    return x


# Normalisation


@translates("softmax", "log_softmax")
def _softmax(s: Step) -> Any:
    x, axis, kind = s.input(0), s.static["axis"], s.node.op.name
    if isinstance(axis, int | np.integer):
        return s({"softmax": "Softmax", "log_softmax": "LogSoftmax"}[kind], x, axis=int(axis))
    out = s("Sub", x, s("ReduceLogSumExp", x, sorted(axis), keepdims=1))
    return out if kind == "log_softmax" else s("Exp", out)


@translates("normalise")
def _normalise(s: Step) -> Any:
    """Seen in the shape `view`, axes are brought to mean 0 and variance 1. For two cases ONNX has a node."""
    if s.setting("running")[0] is not None:
        raise ValueError("it would train; call eval(), or give training=False to a function")
    x, weight, bias = s.inputs()
    axes, eps, views = s.static["axes"], s.static["eps"], s.setting("view")
    if len(views[0]) == 2 and s.dtype == np.float32:  # ONNX takes the statistics of layers in float32
        shape = _last(s, views[0][1])
        weight = np.ones(shape, s.dtype) if weight is None else weight
        return s("LayerNormalization", x, weight, bias, axis=-len(shape), epsilon=eps)
    if axes == (2,):
        weight = np.ones(s.length(1), s.dtype) if weight is None else weight
        bias = np.zeros(s.length(1), s.dtype) if bias is None else bias
        return s("InstanceNormalization", x, weight, bias, epsilon=eps)
    out = s.reshape(x, views)
    out = s("Sub", out, s("ReduceMean", out, list(axes), keepdims=1))
    variance = s("ReduceMean", s("Mul", out, out), list(axes), keepdims=1)
    out = s("Div", out, s("Sqrt", s("Add", variance, float(eps))))
    out = out if weight is None else s("Mul", out, s.reshape(weight, s.setting("place")))
    out = out if bias is None else s("Add", out, s.reshape(bias, s.setting("place")))
    return s.reshape(out, s.shapes)


def _last(s: Step, size: int) -> tuple[int, ...]:
    """The shape of a layer's weight or bias; without them, that of the last axes that together hold so many numbers."""
    for i in (1, 2):
        if s.node.values[i] is not None:
            return tuple(s.lengths(i)[0])
    shape = s.node.value.shape
    return next(shape[-n:] for n in range(1, s.ndim + 1) if math.prod(shape[-n:]) == size)


# Whole sequences


def _sequence(s: Step, kind: str, order: list[int], biases: tuple[Any, Any], states: int, **attributes: Any) -> Any:
    """One layer in one direction. ONNX has other orders of gates, an axis for directions, and weights that are constant."""
    size = s.length(1, 2)

    def gates(array: Any) -> Any:
        return np.concatenate([array.reshape(len(order), size, -1)[i] for i in order])

    weights = [gates(s.fixed(i))[None] for i in (1, 2)]
    both = [np.zeros(size * len(order), s.dtype) if b is None else gates(b).ravel() for b in biases]
    first = [None if s.is_zero(3 + i) else s("Unsqueeze", s.input(3 + i), [0]) for i in range(states)]
    out = s(
        kind, s.input(0), *weights, np.concatenate(both)[None] if any(b is not None for b in biases) else None, None, *first,
        hidden_size=size, results=1 + states, **attributes,
    )  # fmt: skip
    return s("Squeeze", out[0], [1]), out[1:]


@translates("rnn")
def _rnn(s: Step) -> Any:
    kind = {"tanh": "Tanh", "relu": "Relu"}[s.static["nonlinearity"]]
    return _sequence(s, "RNN", [0], (s.fixed(4), None), 1, activations=[kind])[0]


@translates("gru")
def _gru(s: Step) -> Any:
    # r z n there is z r n here, and the reset gate scales what already is multiplied.
    return _sequence(s, "GRU", [1, 0, 2], (s.fixed(4), s.fixed(5)), 1, linear_before_reset=1)[0]


@translates("lstm")
def _lstm(s: Step) -> Any:
    # i f g o there is i o f g here.
    states, (_, c) = _sequence(s, "LSTM", [0, 3, 1, 2], (s.fixed(5), None), 2)
    last = s("Squeeze", c, [0])
    s.graph.sequences[s.node] = states, last
    return s("Concat", states, c, axis=0)
