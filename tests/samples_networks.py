"""Samples of the operations of networks, and references for them: plain formulae over windows, nothing clever."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg
import scipy.special
from numpy.lib.stride_tricks import sliding_window_view
from samples import CUBE, SAMPLES, Sample, _calls, _Reference, some

import minigrad as mg


def _each(value: Any, n: int) -> tuple[Any, ...]:
    return (value,) * n if isinstance(value, int) else tuple(value)


def _windows(x: Any, kernel: Any, stride: Any, padding: Any, dilation: Any, fill: float) -> Any:
    """N C ... as N C O... K..., padded first."""
    n = x.ndim - 2
    kernel, stride, padding, dilation = (_each(v, n) for v in (kernel, stride, padding, dilation))
    x = np.pad(x, [(0, 0), (0, 0), *[(p, p) for p in padding]], constant_values=fill)
    reach = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    seen = sliding_window_view(x, reach, tuple(range(2, n + 2)))
    return seen[
        (slice(None), slice(None), *(slice(None, None, s) for s in stride), *(slice(None, None, d) for d in dilation))
    ]


def _conv(
    x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Any:
    n, parts = x.ndim - 2, []
    for g, part in enumerate(np.split(weight, groups)):
        channels = weight.shape[1]
        seen = _windows(x[:, g * channels : (g + 1) * channels], weight.shape[2:], stride, padding, dilation, 0.0)
        out, k = "opq"[:n], "ijk"[:n]
        parts.append(np.einsum(f"nc{out}{k},fc{k}->nf{out}", seen, part))
    out = np.concatenate(parts, 1)
    return out if bias is None else out + np.reshape(bias, (-1, *(1,) * n))


def _conv_transpose(
    x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, output_padding: Any = 0
) -> Any:
    """Every number of x lays the kernel, scaled by it, on the output."""
    n = x.ndim - 2
    stride, padding, more = (_each(v, n) for v in (stride, padding, output_padding))
    kernel = weight.shape[2:]
    full = [(o - 1) * s + k + m for o, s, k, m in zip(x.shape[2:], stride, kernel, more, strict=True)]
    out = np.zeros((len(x), weight.shape[1], *full), np.result_type(x, weight))
    for at in itertools.product(*map(range, x.shape[2:])):
        there = tuple(slice(i * s, i * s + k) for i, s, k in zip(at, stride, kernel, strict=True))
        out[(slice(None), slice(None), *there)] += np.tensordot(x[(slice(None), slice(None), *at)], weight, 1)
    out = out[(slice(None), slice(None), *(slice(p, f - p) for p, f in zip(padding, full, strict=True)))]
    return out if bias is None else out + np.reshape(bias, (-1, *(1,) * n))


def _max_pool(x: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1) -> Any:
    seen = _windows(x, kernel_size, stride or kernel_size, padding, dilation, -np.inf)
    return seen.max(axis=tuple(range(x.ndim, seen.ndim)))


def _avg_pool(x: Any, kernel_size: Any, stride: Any = None, padding: Any = 0) -> Any:
    seen = _windows(x, kernel_size, stride or kernel_size, padding, 1, 0.0)
    return seen.mean(axis=tuple(range(x.ndim, seen.ndim)))


def _adaptive(reduce: Callable[..., Any]) -> Callable[..., Any]:
    def pool(x: Any, output_size: Any) -> Any:
        n = x.ndim - 2
        sizes = _each(output_size, n)
        out = np.zeros((*x.shape[:2], *sizes))
        for at in np.ndindex(*sizes):
            there = tuple(slice(i * w // o, -(-(i + 1) * w // o)) for i, o, w in zip(at, sizes, x.shape[2:], strict=True))
            out[(..., *at)] = reduce(x[(..., *there)], axis=tuple(range(2, x.ndim)))
        return out

    return pool


def _normalised(x: Any, axes: Any, eps: float = 1e-5) -> Any:
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + eps)


def _affine(x: Any, weight: Any, bias: Any) -> Any:
    shape = (-1, *(1,) * (x.ndim - 2))
    x = x if weight is None else x * np.reshape(weight, shape)
    return x if bias is None else x + np.reshape(bias, shape)


def _reduced(loss: Any, reduction: str) -> Any:
    return {"none": lambda: loss, "sum": lambda: np.sum(loss), "mean": lambda: np.mean(loss)}[reduction]()


class _Networks(_Reference):
    conv1d = conv2d = conv3d = staticmethod(_conv)
    conv_transpose1d = conv_transpose2d = conv_transpose3d = staticmethod(_conv_transpose)
    max_pool1d = max_pool2d = max_pool3d = staticmethod(_max_pool)
    avg_pool1d = avg_pool2d = avg_pool3d = staticmethod(_avg_pool)
    adaptive_max_pool1d = adaptive_max_pool2d = adaptive_max_pool3d = staticmethod(_adaptive(np.max))
    adaptive_avg_pool1d = adaptive_avg_pool2d = adaptive_avg_pool3d = staticmethod(_adaptive(np.mean))
    global_avg_pool = staticmethod(lambda x: x.mean(axis=tuple(range(2, x.ndim)), keepdims=True))
    global_max_pool = staticmethod(lambda x: x.max(axis=tuple(range(2, x.ndim)), keepdims=True))
    linear = staticmethod(lambda x, weight, bias=0.0: x @ weight.T + bias)
    mse_loss = staticmethod(lambda x, t, reduction="mean": _reduced((x - t) ** 2, reduction))
    l1_loss = staticmethod(lambda x, t, reduction="mean": _reduced(np.abs(x - t), reduction))
    huber_loss = staticmethod(
        lambda x, t, reduction="mean", delta=1.0: _reduced(scipy.special.huber(delta, x - t), reduction)
    )
    kl_div = staticmethod(lambda x, t, reduction="mean": _reduced(t * (np.log(t) - x), reduction))
    layer_norm = staticmethod(
        lambda x, shape, weight=1.0, bias=0.0: _normalised(x, tuple(range(-len(_each(shape, 1)), 0))) * weight + bias
    )
    instance_norm = staticmethod(
        lambda x, weight=None, bias=None: _affine(_normalised(x, tuple(range(2, x.ndim))), weight, bias)
    )

    relu6 = staticmethod(lambda x: np.minimum(np.maximum(x, 0), 6))
    hardsigmoid = staticmethod(lambda x: np.minimum(np.maximum(x + 3, 0), 6) / 6)
    hardswish = staticmethod(lambda x: x * np.minimum(np.maximum(x + 3, 0), 6) / 6)
    celu = staticmethod(lambda x, alpha=1.0: np.maximum(x, 0) + np.minimum(alpha * (np.exp(x / alpha) - 1), 0))
    prelu = staticmethod(lambda x, w: np.maximum(x, 0) + np.reshape(w, (-1, *(1,) * (x.ndim - 2))) * np.minimum(x, 0))
    softmin = staticmethod(lambda x, axis=-1: scipy.special.softmax(-x, axis))
    normalize = staticmethod(
        lambda x, p=2.0, axis=1, eps=1e-12: x / np.maximum((np.abs(x) ** p).sum(axis, keepdims=True) ** (1 / p), eps)
    )
    smooth_l1_loss = staticmethod(
        lambda x, t, reduction="mean", beta=1.0: _reduced(
            np.where(np.abs(x - t) < beta, (x - t) ** 2 / (2 * beta or 1), np.abs(x - t) - beta / 2), reduction
        )
    )

    @staticmethod
    def glu(x: Any, axis: int = -1) -> Any:
        a, b = np.split(x, 2, axis)
        return a * scipy.special.expit(b)

    @staticmethod
    def rms_norm(x: Any, shape: Any, weight: Any = 1.0, eps: float = np.finfo(float).eps) -> Any:
        return x / np.sqrt(np.mean(x**2, tuple(range(-len(_each(shape, 1)), 0)), keepdims=True) + eps) * weight

    @staticmethod
    def cosine_similarity(a: Any, b: Any, axis: int = 1) -> Any:
        return np.sum(a * b, axis) / np.sqrt(np.sum(a * a, axis) * np.sum(b * b, axis))

    @staticmethod
    def cosine_embedding_loss(a: Any, b: Any, target: Any, margin: float = 0.0, reduction: str = "mean") -> Any:
        cosine = _Networks.cosine_similarity(a, b, -1)
        return _reduced(np.where(np.asarray(target) > 0, 1 - cosine, np.maximum(cosine - margin, 0)), reduction)

    @staticmethod
    def triplet_margin_loss(
        a: Any, p: Any, n: Any, margin: float = 1.0, order: float = 2.0, swap: bool = False, reduction: str = "mean"
    ) -> Any:
        far = scipy.linalg.norm(a - n + 1e-6, order, -1)
        far = np.minimum(far, scipy.linalg.norm(p - n + 1e-6, order, -1)) if swap else far
        return _reduced(np.maximum(scipy.linalg.norm(a - p + 1e-6, order, -1) - far + margin, 0), reduction)

    @staticmethod
    def pixel_shuffle(x: Any, r: int) -> Any:
        *batch, c, h, w = x.shape
        out = np.zeros((*batch, c // r**2, h * r, w * r), x.dtype)
        for i, j in np.ndindex(r, r):
            out[..., i::r, j::r] = x[..., i * r + j :: r * r, :, :]
        return out

    @staticmethod
    def pixel_unshuffle(x: Any, r: int) -> Any:
        return np.stack([x[..., i::r, j::r] for i, j in np.ndindex(r, r)], -3).reshape(
            *x.shape[:-3], x.shape[-3] * r * r, x.shape[-2] // r, x.shape[-1] // r
        )

    @staticmethod
    def index_add(x: Any, axis: int, index: Any, source: Any, alpha: float = 1) -> Any:
        out = np.moveaxis(x.copy(), axis, 0)
        for i, row in zip(index, np.moveaxis(source, axis, 0), strict=True):
            out[i] += alpha * row
        return np.moveaxis(out, 0, axis)

    @staticmethod
    def scatter_add(x: Any, axis: int, index: Any, source: Any) -> Any:
        out = x.copy()
        for at in np.ndindex(*np.shape(index)):
            out[(*at[:axis], index[at], *at[axis + 1 :])] += source[at]
        return out

    @staticmethod
    def topk(x: Any, k: int, axis: int = -1, largest: bool = True) -> Any:
        line = np.sort(x, axis)
        return np.take(np.flip(line, axis) if largest else line, np.arange(k), axis)

    @staticmethod
    def chunk(x: Any, chunks: int, axis: int = 0) -> Any:
        size = -(-x.shape[axis] // chunks)
        return [np.take(x, np.arange(i, min(i + size, x.shape[axis])), axis) for i in range(0, x.shape[axis], size)]

    @staticmethod
    def one_hot(classes: Any, num_classes: int) -> Any:
        return np.eye(num_classes, dtype=np.int64)[np.asarray(classes)]

    def _dropped(self, x: Any, p: float, rng: np.random.Generator) -> Any:
        return x * (rng.random((*x.shape[:2], *(1,) * (x.ndim - 2)), np.float32) >= p) / (1 - p)

    dropout1d = dropout2d = dropout3d = _dropped

    @staticmethod
    def max_unpool(x: Any, indices: Any, kernel_size: int) -> Any:
        size = [n * kernel_size for n in x.shape[2:]]
        out = np.zeros((*x.shape[:2], np.prod(size)))
        np.put_along_axis(out, indices.reshape(*x.shape[:2], -1), x.reshape(*x.shape[:2], -1), -1)
        return out.reshape(*x.shape[:2], *size)

    max_unpool1d = max_unpool2d = max_unpool3d = max_unpool

    @staticmethod
    def unfold(x: Any, kernel_size: Any, padding: Any = 0, stride: Any = 1) -> Any:
        seen = _windows(x, kernel_size, stride, padding, 1, 0.0)
        return np.moveaxis(seen, (2, 3), (-2, -1)).reshape(len(x), x.shape[1] * np.prod(seen.shape[-2:]), -1)

    @staticmethod
    def fold(columns: Any, output_size: Any, kernel_size: Any, stride: Any = 1) -> Any:
        kernel, (height, width) = _each(kernel_size, 2), output_size
        rows, across = ((n - k) // stride + 1 for n, k in zip(output_size, kernel, strict=True))
        blocks = columns.reshape(len(columns), -1, *kernel, rows, across)
        out = np.zeros((*blocks.shape[:2], height, width))
        for i, j in np.ndindex(rows, across):
            out[:, :, i * stride : i * stride + kernel[0], j * stride : j * stride + kernel[1]] += blocks[..., i, j]
        return out

    @staticmethod
    def interpolate(x: Any, size: Any = None, mode: str = "nearest", align_corners: bool = False) -> Any:
        for axis, (new, old) in enumerate(zip(size, x.shape[2:], strict=True), 2):
            if mode == "nearest":
                x = np.take(x, np.arange(new) * old // new, axis)
                continue
            at = np.arange(new) * (old - 1) / (new - 1) if align_corners else (np.arange(new) + 0.5) * old / new - 0.5
            at = np.clip(at, 0, old - 1)
            x = np.apply_along_axis(lambda line, at=at, old=old: np.interp(at, np.arange(old), line), axis, x)
        return x

    @staticmethod
    def batch_norm(x: Any, mean: Any, var: Any, weight: Any = None, bias: Any = None, training: bool = False) -> Any:
        shape = (-1, *(1,) * (x.ndim - 2))
        if training:
            return _affine(_normalised(x, (0, *range(2, x.ndim))), weight, bias)
        return _affine((x - np.reshape(mean, shape)) / np.sqrt(np.reshape(var, shape) + 1e-5), weight, bias)

    @staticmethod
    def group_norm(x: Any, groups: int, weight: Any = None, bias: Any = None) -> Any:
        apart = x.reshape(len(x), groups, -1)
        return _affine(_normalised(apart, -1).reshape(x.shape), weight, bias)

    @staticmethod
    def dropout(x: Any, p: float, rng: np.random.Generator) -> Any:
        return x * mg.dropout(np.ones(np.shape(x)), p, rng=rng)

    @staticmethod
    def embedding(indices: Any, weight: Any, padding_idx: Any = None) -> Any:
        return weight[np.asarray(indices)]

    @staticmethod
    def cross_entropy(x: Any, target: Any, weight: Any = None, reduction: str = "mean", label_smoothing: float = 0.0) -> Any:
        classes = x.shape[1]
        target = np.asarray(target)
        wanted = np.eye(classes)[target] if target.dtype.kind == "i" else np.moveaxis(target, 1, -1)
        wanted = wanted * (1 - label_smoothing) + label_smoothing / classes
        weight = np.ones(classes) if weight is None else np.asarray(weight)
        losses = -np.sum(wanted * weight * np.moveaxis(scipy.special.log_softmax(x, 1), 1, -1), -1)
        total = weight[target].sum() if target.dtype.kind == "i" else losses.size
        return losses.sum() / total if reduction == "mean" else _reduced(losses, reduction)

    @staticmethod
    def nll_loss(x: Any, target: Any, reduction: str = "mean") -> Any:
        return _reduced(-np.take_along_axis(x, np.expand_dims(target, 1), 1).squeeze(1), reduction)

    @staticmethod
    def multiclass_hinge_loss(x: Any, target: Any, margin: float = 1.0) -> Any:
        rows = np.arange(len(x))
        margins = np.maximum(0, x - x[rows, target][:, None] + margin)
        margins[rows, target] = 0
        return margins.sum() / len(x)

    @staticmethod
    def binary_cross_entropy(p: Any, y: Any, reduction: str = "mean") -> Any:
        return _reduced(-y * np.log(p) - (1 - y) * np.log(1 - p), reduction)

    @staticmethod
    def binary_cross_entropy_with_logits(z: Any, y: Any, reduction: str = "mean", pos_weight: float = 1.0) -> Any:
        return _reduced(-pos_weight * y * scipy.special.log_expit(z) - (1 - y) * scipy.special.log_expit(-z), reduction)


networks = _Networks()

SIGNAL, IMAGE, VOLUME = some(2, 4, 7), some(2, 4, 6, 5), some(1, 2, 3, 4, 3)
LOGITS, CLASSES = some(4, 3), np.array([2, 0, 1, 2])
PROBABILITIES = np.abs(some(4, 3)) / 3
AT = np.array([[[[0, 3], [9, 11]]]])


def _each_of(*samples: tuple[Any, ...]) -> list[Sample]:
    """Samples given as a call and its inputs."""
    return [Sample(call, inputs) for call, *inputs in samples]


SAMPLES |= {
    "conv1d": _each_of(
        (lambda m, x, w: m.conv1d(x, w), SIGNAL, some(3, 4, 3)),
        (lambda m, x, w, b: m.conv1d(x, w, b, stride=2, padding=2, dilation=2), SIGNAL, some(3, 4, 2), some(3)),
    ),
    "conv2d": _each_of(
        (lambda m, x, w, b: m.conv2d(x, w, b, padding=1), IMAGE[:1], some(2, 4, 3, 3), some(2)),
        (lambda m, x, w: m.conv2d(x, w, stride=(2, 1), groups=2), IMAGE, some(4, 2, 2, 3)),
        (lambda m, x, w: m.conv2d(x, w), IMAGE, some(3, 4, 1, 1)),
    ),
    "conv3d": _each_of((lambda m, x, w: m.conv3d(x, w, padding=1, stride=2), VOLUME, some(2, 2, 2, 2, 2))),
    "conv_transpose1d": _each_of(
        (lambda m, x, w, b: m.conv_transpose1d(x, w, b, stride=2, padding=1, output_padding=1), SIGNAL, some(4, 2, 3), some(2)),
    ),
    "conv_transpose2d": _each_of(
        (lambda m, x, w: m.conv_transpose2d(x, w), some(1, 2, 3, 2), some(2, 3, 2, 2)),
        (lambda m, x, w: m.conv_transpose2d(x, w, stride=2, padding=1), some(1, 2, 3, 2), some(2, 1, 3, 4)),
    ),
    "conv_transpose3d": _each_of((lambda m, x, w: m.conv_transpose3d(x, w, stride=2), some(1, 2, 2, 1, 2), some(2, 1, 2, 2, 1))),
    "convolve": _each_of(
        (lambda m, a, v: m.convolve(a, v), some(5), some(3)), (lambda m, a, v: m.convolve(a, v, "same"), some(3), some(6)),
        (lambda m, a, v: m.convolve(a, v, "valid"), some(6), some(2)),
    ),
    "correlate": _each_of(
        (lambda m, a, v: m.correlate(a, v), some(5), some(3)), (lambda m, a, v: m.correlate(a, v, "full"), some(3), some(4)),
        (lambda m, a, v: m.correlate(a, v, "same"), some(6), some(3)),
    ),
    "max_pool1d": _calls(lambda m, x: m.max_pool1d(x, 2), lambda m, x: m.max_pool1d(x, 3, 1, 1, 2), on=(SIGNAL,)),
    "max_pool2d": _calls(lambda m, x: m.max_pool2d(x, 2), lambda m, x: m.max_pool2d(x, (3, 2), stride=1, padding=1), on=(IMAGE,)),
    "max_pool3d": _calls(lambda m, x: m.max_pool3d(x, 2, 1), on=(VOLUME,)),
    "avg_pool1d": _calls(lambda m, x: m.avg_pool1d(x, 2), lambda m, x: m.avg_pool1d(x, 3, 1, 1), on=(SIGNAL,)),
    "avg_pool2d": _calls(lambda m, x: m.avg_pool2d(x, 2), lambda m, x: m.avg_pool2d(x, (3, 2), stride=1, padding=1), on=(IMAGE,)),
    "avg_pool3d": _calls(lambda m, x: m.avg_pool3d(x, 2, 1), on=(VOLUME,)),
    **{
        f"adaptive_{kind}_pool{n}d": _calls(
            lambda m, x, name=f"adaptive_{kind}_pool{n}d", size=size: getattr(m, name)(x, size), on=(x,)
        )
        for kind in ("avg", "max")
        for n, x, size in ((1, SIGNAL, 3), (2, IMAGE, (4, 2)), (3, VOLUME, 2))
    },
    "global_avg_pool": _calls(lambda m, x: m.global_avg_pool(x), on=(IMAGE,)),
    "global_max_pool": _calls(lambda m, x: m.global_max_pool(x), on=(IMAGE,)),
    "max_unpool1d": _calls(lambda m, x: m.max_unpool1d(x, np.array([[[1, 2]]]), 2), on=(some(1, 1, 2),)),
    "max_unpool2d": _calls(lambda m, x: m.max_unpool2d(x, AT, 2), on=(some(1, 1, 2, 2),)),
    "max_unpool3d": _calls(lambda m, x: m.max_unpool3d(x, np.array([[[[[3, 9]]]]]), 2), on=(some(1, 1, 1, 1, 2),)),
    "unfold": _calls(lambda m, x: m.unfold(x, 2), lambda m, x: m.unfold(x, (3, 2), padding=1, stride=2), on=(IMAGE,)),
    "fold": _calls(lambda m, x: m.fold(x, (4, 3), 2), on=(some(2, 8, 6),)),
    "interpolate": _calls(
        lambda m, x: m.interpolate(x, (9, 3)), lambda m, x: m.interpolate(x, (9, 3), mode="bilinear"),
        lambda m, x: m.interpolate(x, (4, 8), mode="bilinear", align_corners=True), on=(IMAGE[:1, :2],),
    ),
    "linear": _each_of(
        (lambda m, x, w, b: m.linear(x, w, b), CUBE, some(5, 4), some(5)), (lambda m, x, w: m.linear(x, w), some(4), some(5, 4)),
    ),
    "batch_norm": _each_of(
        (lambda m, x, w, b: m.batch_norm(x, None, None, w, b, training=True), some(5, 2), some(2), some(2)),
        (lambda m, x: m.batch_norm(x, None, None, training=True), IMAGE[:, :2, :3, :3]),
        (lambda m, x, w, b: m.batch_norm(x, np.array([0.5, -1.0]), np.array([2.0, 0.5]), w, b), some(5, 2), some(2), some(2)),
        (lambda m, x, mean, var: m.batch_norm(x, mean, var), some(5, 2), some(2), np.array([2.0, 0.5])),
        (lambda m, x, mean, var, w, b: m.batch_norm(x, mean, var, w, b), SIGNAL, some(4), np.abs(some(4)), some(4), some(4)),
    ),
    "layer_norm": _each_of(
        (lambda m, x, w, b: m.layer_norm(x, 4, w, b), CUBE, some(4), some(4)), (lambda m, x: m.layer_norm(x, (3, 4)), CUBE),
    ),
    "group_norm": _each_of((lambda m, x, w, b: m.group_norm(x, 2, w, b), SIGNAL, some(4), some(4))),
    "instance_norm": _each_of((lambda m, x, w, b: m.instance_norm(x, weight=w, bias=b), SIGNAL, some(4), some(4))),
    "dropout": _calls(lambda m, x: m.dropout(x, 0.4, rng=np.random.default_rng(1))),
    "embedding": _each_of(
        (lambda m, w: m.embedding(np.array([[2, 0], [2, 1]]), w), some(3, 4)),
        (lambda m, w: m.embedding([1, 1, 1], w), some(3, 4)),
    ),
    "cross_entropy": _each_of(
        (lambda m, x: m.cross_entropy(x, CLASSES), LOGITS),
        (lambda m, x: m.cross_entropy(x, CLASSES, weight=np.array([1.0, 2.0, 0.5]), label_smoothing=0.0), LOGITS),
        (lambda m, x: m.cross_entropy(x, CLASSES, reduction="sum", label_smoothing=0.1), LOGITS),
        (lambda m, x: m.cross_entropy(x, np.array([[0, 1, 2, 0], [2, 2, 1, 1]]), reduction="none"), CUBE),
        (lambda m, x, t: m.cross_entropy(x, t), LOGITS, PROBABILITIES),
        (lambda m, x, t, s: m.cross_entropy(x, t, label_smoothing=1 / (1 + s * s)), LOGITS, PROBABILITIES, np.float64(0.2)),
        (lambda m, x, s: m.cross_entropy(x, CLASSES, label_smoothing=1 / (1 + s * s)), LOGITS, np.float64(0.2)),
        (lambda m, x, s: m.cross_entropy(x, CLASSES, np.array([1.0, 2.0, 0.5]), label_smoothing=1 / (1 + s * s)), LOGITS, np.float64(0.3)),
        (lambda m, x, s: m.cross_entropy(x, CLASSES, reduction="sum", label_smoothing=1 / (1 + s * s)), LOGITS, np.float64(0.2)),
        (lambda m, x, s: m.cross_entropy(x, np.array([[0, 1, 2, 0], [2, 2, 1, 1]]), reduction="none", label_smoothing=1 / (1 + s * s)), CUBE, np.float64(0.7)),
    ),
    "nll_loss": _calls(lambda m, x: m.nll_loss(x, CLASSES), lambda m, x: m.nll_loss(x, CLASSES, reduction="none"), on=(LOGITS,)),
    "multiclass_hinge_loss": _calls(
        lambda m, x: m.multiclass_hinge_loss(x, CLASSES), lambda m, x: m.multiclass_hinge_loss(x, CLASSES, margin=0.5), on=(LOGITS,)
    ),
    "binary_cross_entropy": _each_of((lambda m, p, y: m.binary_cross_entropy(p, y), PROBABILITIES, PROBABILITIES[::-1])),
    "binary_cross_entropy_with_logits": _each_of(
        (lambda m, z, y: m.binary_cross_entropy_with_logits(z, y), LOGITS, PROBABILITIES),
        (lambda m, z, y: m.binary_cross_entropy_with_logits(z, y, reduction="none", pos_weight=3.0), LOGITS, PROBABILITIES),
    ),
    **{
        name: _each_of(
            (lambda m, x, t, f=name: getattr(m, f)(x, t), LOGITS, LOGITS[::-1] * 0.9),
            (lambda m, x, t, f=name: getattr(m, f)(x, t, reduction="none"), LOGITS, LOGITS[::-1] * 0.9),
        )
        for name in ("mse_loss", "l1_loss")
    },
    "huber_loss": _each_of(
        (lambda m, x, t: m.huber_loss(x, t), LOGITS, LOGITS[::-1] * 0.9),
        (lambda m, x, t: m.huber_loss(x, t, reduction="none"), LOGITS, LOGITS[::-1] * 0.9),
        *(
            (lambda m, x, t, d, r=reduction: m.huber_loss(x, t, r, 0.2 + d * d), LOGITS, LOGITS[::-1] * 0.9, np.float64(0.8))
            for reduction in ("mean", "sum", "none")
        ),
    ),
    "kl_div": _each_of((lambda m, x, t: m.kl_div(x, t, reduction="sum"), LOGITS, PROBABILITIES)),
    "smooth_l1_loss": _each_of(
        (lambda m, x, t: m.smooth_l1_loss(x, t, beta=0.5), LOGITS, LOGITS[::-1] * 0.9),
        (lambda m, x, t: m.smooth_l1_loss(x, t, "none", 0.0), LOGITS, LOGITS[::-1] * 0.9),
    ),
    **{
        name: _calls(lambda m, x, f=name: getattr(m, f)(x), on=(CUBE * 3,))
        for name in ("relu6", "hardsigmoid", "hardswish", "softmin")
    },
    "softplus": [
        *SAMPLES["softplus"], *_each_of((lambda m, x, b: m.softplus(x, 1 + b * b), CUBE, np.float64(0.7)))
    ],
    "celu": _each_of(
        (lambda m, x: m.celu(x), CUBE), (lambda m, x, a: m.celu(x, a * a), CUBE, np.float64(1.3)),
    ),
    "prelu": _each_of(
        (lambda m, x, w: m.prelu(x, w), CUBE, some(3)), (lambda m, x, w: m.prelu(x, w), CUBE, np.array([0.25])),
    ),
    "glu": _calls(lambda m, x: m.glu(x), lambda m, x: m.glu(x, 0), on=(CUBE,)),
    "normalize": _calls(lambda m, x: m.normalize(x), lambda m, x: m.normalize(x, 3, -1), on=(CUBE,)),
    "rms_norm": _each_of(
        (lambda m, x, w: m.rms_norm(x, 4, w), CUBE, some(4)), (lambda m, x: m.rms_norm(x, (3, 4), eps=0.1), CUBE),
    ),
    "cosine_similarity": _each_of(
        (lambda m, a, b: m.cosine_similarity(a, b), some(3, 4), some(3, 4)[::-1]),
        (lambda m, a, b: m.cosine_similarity(a, b, -1), CUBE, some(4)),
    ),
    "cosine_embedding_loss": _each_of(
        (lambda m, a, b: m.cosine_embedding_loss(a, b, [1, -1, 1], 0.1), some(3, 4), some(3, 4)[::-1] + 0.3),
        (lambda m, a, b: m.cosine_embedding_loss(a, b, -1, -0.9, "none"), some(4), some(4)[::-1]),
    ),
    "triplet_margin_loss": _each_of(
        (lambda m, a, p, n: m.triplet_margin_loss(a, p, n), some(3, 4), some(3, 4)[::-1], some(3, 4) * 1.5),
        (lambda m, a, p, n: m.triplet_margin_loss(a, p, n, 2.0, 3.0, swap=True, reduction="none"), some(3, 4), some(3, 4)[::-1], some(3, 4) * 1.5),
    ),
    "pixel_shuffle": _calls(lambda m, x: m.pixel_shuffle(x, 2), on=(some(2, 8, 2, 3),)),
    "pixel_unshuffle": _calls(lambda m, x: m.pixel_unshuffle(x, 2), on=(some(2, 3, 4, 2),)),
    "index_add": _each_of(
        (lambda m, x, s: m.index_add(x, 1, [2, 0, 2], s), CUBE, CUBE[::-1]),
        (lambda m, x, s, a: m.index_add(x, -1, np.array([1]), s, a), some(2, 3), some(2, 1), np.float64(0.7)),
    ),
    "scatter_add": _each_of(
        (lambda m, x, s: m.scatter_add(x, 0, np.array([[0, 1, 1], [0, 1, 0]]), s), some(2, 4), some(3, 4)),
        (lambda m, x, s: m.scatter_add(x, 1, np.array([[3, 3], [1, 3]]), s), some(2, 4), some(2, 2)),
    ),
    "topk": _calls(
        lambda m, x: getattr(y := m.topk(x, 2), "values", y), lambda m, x: getattr(y := m.topk(x, 3, 0, largest=False), "values", y),
        on=(some(4, 3),),
    ),
    "chunk": _calls(lambda m, x: m.chunk(x, 3), lambda m, x: m.chunk(x, 2, -1), on=(some(5, 3),)),
    "one_hot": _each_of((lambda m: m.one_hot([[0, 2], [1, 1]], 4),)),
    **{
        f"dropout{x.ndim - 2}d": _calls(
            lambda m, x, f=f"dropout{x.ndim - 2}d": getattr(m, f)(x, 0.4, rng=np.random.default_rng(1)), on=(x,)
        )
        for x in (SIGNAL, IMAGE[:, :, :2, :2], VOLUME[:, :, :2, :2])
    },
}  # fmt: skip
