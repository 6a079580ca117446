"""PyTorch's names for minigrad's functions: ``import minigrad.nn.functional as F``.

The functions are minigrad's own, with `axis` where PyTorch has `dim`; only `pad` has PyTorch's arguments.

>>> import minigrad.nn.functional as F
>>> F.relu(mg.Tensor([-1.0, 2.0]))
Tensor([0., 2.])
"""

from __future__ import annotations

import typing as _typing
from collections.abc import Sequence

import numpy as np

from minigrad import ops
from minigrad.graph import ArrayLike
from minigrad.nn.attention import scaled_dot_product_attention
from minigrad.operation import composed
from minigrad.ops import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_avg_pool3d,
    adaptive_max_pool1d,
    adaptive_max_pool2d,
    adaptive_max_pool3d,
    avg_pool1d,
    avg_pool2d,
    avg_pool3d,
    batch_norm,
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    celu,
    conv1d,
    conv2d,
    conv3d,
    conv_transpose1d,
    conv_transpose2d,
    conv_transpose3d,
    cosine_embedding_loss,
    cosine_similarity,
    cross_entropy,
    dropout,
    dropout1d,
    dropout2d,
    dropout3d,
    elu,
    embedding,
    fold,
    gelu,
    glu,
    group_norm,
    hardsigmoid,
    hardswish,
    huber_loss,
    instance_norm,
    interpolate,
    kl_div,
    l1_loss,
    layer_norm,
    leaky_relu,
    linear,
    log_softmax,
    max_pool1d,
    max_pool2d,
    max_pool3d,
    max_unpool1d,
    max_unpool2d,
    max_unpool3d,
    mish,
    mse_loss,
    nll_loss,
    normalize,
    one_hot,
    pixel_shuffle,
    pixel_unshuffle,
    prelu,
    relu,
    relu6,
    rms_norm,
    selu,
    sigmoid,
    silu,
    smooth_l1_loss,
    softmax,
    softmin,
    softplus,
    softsign,
    tanh,
    triplet_margin_loss,
    unfold,
)
from minigrad.ops import hard_tanh as hardtanh
from minigrad.ops import log_sigmoid as logsigmoid
from minigrad.ops import multiclass_hinge_loss as multi_margin_loss
from minigrad.spellings import answers as _answers
from minigrad.tensor import Tensor

MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


@composed
def pad(x: ArrayLike, pad: Sequence[int], mode: str = "constant", value: ArrayLike = 0.0) -> Tensor:
    """Pad the last axes, as PyTorch counts: two widths for the last axis, two for the one before it, and so on.

    A negative width crops.

    Parameters
    ----------
    pad : sequence of int
        Before and after, last axis first.
    mode : {'constant', 'reflect', 'replicate', 'circular'}
        NumPy's constant, reflect, edge and wrap.
    value : float
        Of the padding, if it is constant.

    Examples
    --------
    >>> pad(mg.Tensor([1.0, 2.0, 3.0]), (1, -1))
    Tensor([0., 1., 2.])
    """
    shape, widths = np.shape(x), [int(n) for n in pad]
    if mode not in MODES:
        raise ValueError(f"mode is one of {', '.join(MODES)}, got {mode!r}")
    if len(widths) % 2 or len(widths) > 2 * len(shape):
        raise ValueError(f"pad has two widths for each of the last axes of x with shape {shape}, got {len(widths)} widths")
    pairs = [(0, 0)] * (len(shape) - len(widths) // 2) + [(widths[i], widths[i + 1]) for i in range(0, len(widths), 2)][::-1]
    if any(n + min(a, 0) + min(b, 0) < 0 for n, (a, b) in zip(shape, pairs, strict=True)):
        raise ValueError(f"pad {tuple(widths)} crops more of x with shape {shape} than there is")
    if any(n < 0 for pair in pairs for n in pair):
        x = ops.getitem(x, tuple(slice(max(-a, 0), n - max(-b, 0)) for n, (a, b) in zip(shape, pairs, strict=True)))
        pairs = [(max(a, 0), max(b, 0)) for a, b in pairs]
    return ops.pad(x, pairs, constant_values=value) if mode == "constant" else ops.pad(x, pairs, MODES[mode])


__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "adaptive_max_pool3d",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "batch_norm",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "celu",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "cosine_embedding_loss",
    "cosine_similarity",
    "cross_entropy",
    "dropout",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "elu",
    "embedding",
    "fold",
    "gelu",
    "glu",
    "group_norm",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "huber_loss",
    "instance_norm",
    "interpolate",
    "kl_div",
    "l1_loss",
    "layer_norm",
    "leaky_relu",
    "linear",
    "log_softmax",
    "logsigmoid",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "max_unpool1d",
    "max_unpool2d",
    "max_unpool3d",
    "mish",
    "mse_loss",
    "multi_margin_loss",
    "nll_loss",
    "normalize",
    "one_hot",
    "pad",
    "pixel_shuffle",
    "pixel_unshuffle",
    "prelu",
    "relu",
    "relu6",
    "rms_norm",
    "scaled_dot_product_attention",
    "selu",
    "sigmoid",
    "silu",
    "smooth_l1_loss",
    "softmax",
    "softmin",
    "softplus",
    "softsign",
    "tanh",
    "triplet_margin_loss",
    "unfold",
]

if not _typing.TYPE_CHECKING:
    __getattr__ = _answers(__name__)
