"""Lesson 10, a small convolutional network, by hand."""

import numpy as np

import minigrad.ops as ops
from minigrad.course.exercise import exercise
from minigrad.tensor import Tensor


def _normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def _conv_backward(delta, x, w):
    tensors = Tensor(x), Tensor(w)
    ops.conv2d(*tensors).backward(delta)
    return tensors[0].grad, tensors[1].grad, delta.sum(axis=(0, 2, 3))


def _repeat(g):
    return g.repeat(2, axis=2).repeat(2, axis=3)


def _one():
    """Upstream gradient, image, kernels, and the output of the sigmoid."""
    x, k, b = _normal(1, 1, 8, 8), _normal(2, 1, 5, 5, seed=1), _normal(2, seed=2)
    return _normal(1, 2, 4, 4, seed=3), x, k, ops.sigmoid(ops.conv2d(x, k, b, padding=2))


def _one_layer(g, x, k, C, *, share=4, slope=lambda C: C * (1 - C), inner=slice(2, -2), sum_b=True):
    delta = _repeat(g) / share * slope(C)
    dx, dk, db = _conv_backward(delta, np.pad(x, ((0, 0), (0, 0), (2, 2), (2, 2))), k)
    return dx[:, :, inner, inner], dk, db if sum_b else db / delta[0, 0].size


def _ones(**how):
    return {"one_layer_backward": lambda *a: _one_layer(*a, **how)}


def _once_more(C):
    s = 1 / (1 + np.exp(-C))
    return s * (1 - s)


exercise(
    "10.1",
    lambda one_layer_backward: {("the gradient of X", "of k", "of b"): lambda: one_layer_backward(*_one())},
    {"one_layer_backward": _one_layer},
    "delta = avg_unpool(g, 2) times C (1 - C); then conv_backward with the padded image; slice the padding off its first result",
    [
        ("go through the sigmoid: multiply by C (1 - C)", _ones(slope=lambda C: 1.0)),
        ("the factor 1 - C of the sigmoid is missing", _ones(slope=lambda C: C)),
        ("C is the output of the sigmoid already: its local gradient is C (1 - C)", _ones(slope=_once_more)),
        ("each pixel of a window gets a quarter: use avg_unpool, which divides", _ones(share=1)),
        ("the image was padded: slice the padding off its gradient with pad_rule", _ones(inner=slice(None))),
        ("return the gradients in the order X, k, b", {"one_layer_backward": lambda *a: _one_layer(*a)[::-1]}),
        ("the bias is added at every position: sum, and do not take the mean", _ones(sum_b=False)),
    ],
)

exercise(
    "10.2",
    lambda first, second, dense: {
        "the first convolution": first,
        "the second convolution": second,
        "the dense layer": dense,
    },
    {"first": 156, "second": 1812, "dense": 1930},
    "kernels × channels × rows × columns, and one bias for each kernel; a dense layer has one bias for each output",
    [
        ("each kernel has a bias too", {"first": 150}),
        ("these are the outputs: count the weights, which every position shares", {"first": 6 * 24 * 24}),
        ("each kernel has as many channels as its input has maps", {"second": 312}),
        ("each kernel has a bias too", {"second": 1800}),
        ("each kernel has one bias, not one for each channel", {"second": 1800 + 72}),
        ("each output has a bias too", {"dense": 1920}),
        ("there is one bias for each output, not for each input", {"dense": 1920 + 192}),
    ],
)


def _network():
    shapes = [(6, 1, 5, 5), (6,), (12, 6, 5, 5), (12,), (10, 192), (10,)]
    scales = [0.8, 0.5, 0.3, 0.5, 0.15, 0.5]
    parameters = [s * _normal(*shape, seed=i) for i, (s, shape) in enumerate(zip(scales, shapes, strict=True))]
    x, targets = _normal(2, 1, 28, 28, seed=9), np.eye(10)[[3, 7]]
    k1, b1, k2, b2, W, b = parameters
    C1 = ops.sigmoid(ops.conv2d(x, k1, b1))
    S1 = ops.avg_pool2d(C1, 2)
    C2 = ops.sigmoid(ops.conv2d(S1, k2, b2))
    f = ops.avg_pool2d(C2, 2).reshape(2, 192)
    return x, targets, parameters, (C1, S1, C2, f, ops.sigmoid(f @ W.T + b))


def _backward(x, targets, parameters, kept, *, out=1, two=1, one=1, share=4, mean=1, sign=1):
    k1, _, k2, _, W, _ = parameters
    C1, S1, C2, f, y = kept
    delta_y = sign * (y - targets) * (y * (1 - y) if out else 1)
    dW, db = delta_y.T @ f / mean, delta_y.sum(axis=0) / mean
    dS2 = (delta_y @ W).reshape(len(x), 12, 4, 4)
    delta_2 = _repeat(dS2) / share * (C2 * (1 - C2) if two else 1)
    dS1, dk2, db2 = _conv_backward(delta_2, S1, k2)
    delta_1 = _repeat(dS1) / share * (C1 * (1 - C1) if one else 1)
    _, dk1, db1 = _conv_backward(delta_1, x, k1)
    return dk1 / mean, db1 / mean, dk2 / mean, db2 / mean, dW, db


def _backwards(**how):
    return {"backward": lambda *a: _backward(*a, **how)}


def _last_first(backward):
    """The gradients from the output to the input, so that the first wrong one is the first to mend."""
    gradients = backward(*_network())
    return gradients[::-1] if isinstance(gradients, tuple | list) else gradients


exercise(
    "10.3",
    lambda backward: {
        tuple(f"the gradient of {name}" for name in ("b", "W", "b2", "k2", "b1", "k1")): lambda: _last_first(backward)
    },
    {"backward": _backward},
    "start at the output: delta_y, then dW and db, then dS2 and delta_2, then dk2, db2 and dS1, then delta_1, dk1 and db1",
    [
        ("delta_y goes through the sigmoid of the output: multiply by y (1 - y)", _backwards(out=0)),
        ("delta_2 goes through a sigmoid: multiply by C2 (1 - C2)", _backwards(two=0)),
        ("delta_1 goes through a sigmoid: multiply by C1 (1 - C1)", _backwards(one=0)),
        ("each pixel of a window gets a quarter: use avg_unpool, which divides", _backwards(share=1)),
        ("the loss is a sum over the batch: do not divide", _backwards(mean=2)),
        ("the sign is reversed: prediction minus target", _backwards(sign=-1)),
        ("return the gradients in the order k1, b1, k2, b2, W, b", {"backward": lambda *a: _backward(*a)[::-1]}),
    ],
)
