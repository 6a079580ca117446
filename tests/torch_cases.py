"""Layers whose numbers were recorded from PyTorch, with inputs and weights from plain formulas, the same on both sides.

`tests/torch_numbers.py` holds the numbers: for each case the probes of every output, every gradient and every buffer.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def wave(shape: tuple[int, ...], k: float) -> Any:
    """Numbers of every size and sign that are easily made again."""
    return np.sin(0.7 * np.arange(np.prod(shape, dtype=int)) + k).reshape(shape) * 0.8


def probe(array: Any) -> list[float]:
    """Two sums that tell an array from one with other numbers, or with the same in another order."""
    flat = np.asarray(array, np.float64).ravel()
    at = np.arange(flat.size)
    return [float(flat @ np.cos(1.3 * at + 0.2)), float(flat @ np.sin(0.9 * at))]


# name of the case: the layer, its arguments, and the shape of x
LAYERS: dict[str, tuple[str, tuple[Any, ...], dict[str, Any], tuple[int, ...]]] = {
    "linear": ("Linear", (3, 4), {}, (2, 5, 3)),
    "linear without bias": ("Linear", (3, 4), {"bias": False}, (2, 3)),
    "conv1d": ("Conv1d", (4, 6, 3), {"stride": 2, "padding": 1, "groups": 2}, (2, 4, 9)),
    "conv2d": ("Conv2d", (2, 3, (3, 2)), {"stride": (1, 2), "padding": (2, 1), "dilation": (2, 1)}, (2, 2, 6, 5)),
    "conv2d same": ("Conv2d", (2, 3, 4), {"padding": "same", "bias": False}, (1, 2, 5, 4)),
    "conv2d unbatched": ("Conv2d", (2, 3, 3), {"padding": 1}, (2, 5, 4)),
    "conv transpose 2d unbatched": ("ConvTranspose2d", (2, 3, 3), {"stride": 2}, (2, 3, 4)),
    "conv2d reflect": ("Conv2d", (2, 3, 3), {"padding": 2, "padding_mode": "reflect"}, (1, 2, 4, 4)),
    "conv2d circular": ("Conv2d", (2, 3, 3), {"padding": (1, 2), "padding_mode": "circular"}, (1, 2, 4, 4)),
    "conv2d replicate": ("Conv2d", (2, 3, 3), {"padding": 1, "padding_mode": "replicate"}, (1, 2, 4, 4)),
    "conv3d": ("Conv3d", (2, 3, 2), {"padding": 1}, (1, 2, 3, 4, 3)),
    "conv transpose 1d": ("ConvTranspose1d", (4, 2, 3), {"stride": 2, "output_padding": 1}, (2, 4, 5)),
    "conv transpose 2d": ("ConvTranspose2d", (4, 6, 3, 2, 1, 1, 2), {}, (2, 4, 3, 4)),
    "conv transpose 3d": ("ConvTranspose3d", (2, 3, 2), {"stride": 2, "bias": False}, (1, 2, 2, 3, 2)),
    "max pool 1d": ("MaxPool1d", (3,), {"stride": 2, "padding": 1}, (2, 2, 7)),
    "max pool 2d": ("MaxPool2d", ((2, 3),), {"stride": 2, "ceil_mode": True}, (2, 2, 5, 6)),
    "max pool 3d": ("MaxPool3d", (2,), {}, (1, 2, 4, 4, 4)),
    "avg pool 1d": ("AvgPool1d", (3, 2, 1), {}, (2, 2, 7)),
    "avg pool 2d": ("AvgPool2d", (3,), {"stride": 2, "padding": 1, "count_include_pad": False}, (2, 2, 5, 6)),
    "avg pool 3d": ("AvgPool3d", (2,), {}, (1, 2, 4, 4, 4)),
    "adaptive avg pool 1d": ("AdaptiveAvgPool1d", (3,), {}, (2, 2, 7)),
    "adaptive avg pool 2d": ("AdaptiveAvgPool2d", ((3, None),), {}, (2, 2, 5, 4)),
    "adaptive avg pool 3d": ("AdaptiveAvgPool3d", (2,), {}, (1, 2, 3, 4, 5)),
    "adaptive max pool 1d": ("AdaptiveMaxPool1d", (3,), {}, (2, 2, 7)),
    "adaptive max pool 2d": ("AdaptiveMaxPool2d", (2,), {}, (2, 2, 5, 4)),
    "adaptive max pool 3d": ("AdaptiveMaxPool3d", (2,), {}, (1, 2, 3, 4, 5)),
    "batch norm 1d": ("BatchNorm1d", (3,), {}, (4, 3)),
    "batch norm 1d over time": ("BatchNorm1d", (3,), {"momentum": None}, (4, 3, 5)),
    "batch norm 2d": ("BatchNorm2d", (3,), {"eps": 1e-3, "momentum": 0.3}, (2, 3, 2, 4)),
    "batch norm 2d alone": ("BatchNorm2d", (3,), {"affine": False, "track_running_stats": False}, (2, 3, 2, 4)),
    "batch norm 3d": ("BatchNorm3d", (2,), {}, (2, 2, 2, 2, 3)),
    "layer norm": ("LayerNorm", ((3, 4),), {}, (2, 5, 3, 4)),
    "layer norm without bias": ("LayerNorm", (4,), {"bias": False}, (3, 4)),
    "group norm": ("GroupNorm", (2, 4), {}, (2, 4, 3, 2)),
    "instance norm 1d": ("InstanceNorm1d", (3,), {}, (2, 3, 4)),
    "instance norm 2d": ("InstanceNorm2d", (3,), {"affine": True}, (2, 3, 4, 2)),
    "instance norm 3d": ("InstanceNorm3d", (2,), {}, (1, 2, 2, 3, 2)),
    "relu": ("ReLU", (), {}, (7,)),
    "leaky relu": ("LeakyReLU", (0.2,), {}, (7,)),
    "elu": ("ELU", (0.5,), {}, (7,)),
    "selu": ("SELU", (), {}, (7,)),
    "gelu": ("GELU", (), {}, (7,)),
    "gelu tanh": ("GELU", ("tanh",), {}, (7,)),
    "silu": ("SiLU", (), {}, (7,)),
    "mish": ("Mish", (), {}, (7,)),
    "sigmoid": ("Sigmoid", (), {}, (7,)),
    "log sigmoid": ("LogSigmoid", (), {}, (7,)),
    "tanh": ("Tanh", (), {}, (7,)),
    "softplus": ("Softplus", (), {}, (7,)),
    "softsign": ("Softsign", (), {}, (7,)),
    "hardtanh": ("Hardtanh", (), {}, (7,)),
    "relu6": ("ReLU6", (), {}, (7,)),
    "hardswish": ("Hardswish", (), {}, (7,)),
    "celu": ("CELU", (0.5,), {}, (7,)),
    "prelu": ("PReLU", (3,), {}, (2, 3, 4)),
    "softplus beta": ("Softplus", (3.0,), {}, (7,)),
    "glu": ("GLU", (1,), {}, (2, 4, 3)),
    "softmin": ("Softmin", (1,), {}, (2, 3, 4)),
    "rms norm": ("RMSNorm", ((3, 4),), {"eps": 1e-3}, (2, 3, 4)),
    "pixel shuffle": ("PixelShuffle", (2,), {}, (2, 8, 2, 3)),
    "softmax": ("Softmax", (1,), {}, (2, 3, 4)),
    "log softmax": ("LogSoftmax", (-1,), {}, (2, 3, 4)),
    "flatten": ("Flatten", (), {}, (2, 3, 4)),
    "unflatten": ("Unflatten", (1, (2, 2)), {}, (2, 4, 3)),
    "rnn": ("RNN", (3, 4), {}, (5, 2, 3)),
    "rnn relu": ("RNN", (3, 4, 2, "relu"), {"bidirectional": True, "bias": False}, (5, 2, 3)),
    "lstm": ("LSTM", (3, 4), {}, (5, 2, 3)),
    "lstm deep": ("LSTM", (3, 4, 2), {"bidirectional": True, "batch_first": True}, (2, 5, 3)),
    "lstm without bias or batch": ("LSTM", (3, 4), {"bias": False}, (5, 3)),
    "gru": ("GRU", (3, 4), {}, (5, 2, 3)),
    "gru deep": ("GRU", (3, 4, 2), {"bidirectional": True}, (5, 2, 3)),
    "gru without bias": ("GRU", (3, 4), {"bias": False}, (5, 2, 3)),
    "rnn cell": ("RNNCell", (3, 4), {}, (2, 3)),
    "lstm cell": ("LSTMCell", (3, 4), {}, (2, 3)),
    "gru cell": ("GRUCell", (3, 4), {}, (2, 3)),
}

CAUSAL = np.triu(np.ones((4, 4), bool), 1)  # in PyTorch, true is where attention is not allowed
PADDED = np.array([[False, False, False, True], [False, True, False, False]])
# the arguments of the layer, the shapes of query, key and value, and the arguments of the call
ATTENTION: dict[str, tuple[tuple[Any, ...], dict[str, Any], tuple[tuple[int, ...], ...], dict[str, Any]]] = {
    "self": ((6, 2), {}, ((4, 2, 6),) * 3, {}),
    "causal": ((6, 3), {"batch_first": True}, ((2, 4, 6),) * 3, {"attn_mask": CAUSAL, "average_attn_weights": False}),
    "padded": ((6, 2), {"bias": False}, ((4, 2, 6),) * 3, {"key_padding_mask": PADDED}),
    "both": ((6, 2), {}, ((4, 2, 6),) * 3, {"key_padding_mask": PADDED, "attn_mask": CAUSAL}),
    "added": ((6, 2), {}, ((3, 2, 6), (4, 2, 6), (4, 2, 6)), {"attn_mask": wave((4, 3, 4), 0.3)}),
    "cross": ((6, 2), {"kdim": 5, "vdim": 3}, ((3, 2, 6), (4, 2, 5), (4, 2, 3)), {}),
    "single": ((6, 2), {}, ((4, 6),) * 3, {"attn_mask": wave((4, 4), 0.3)}),
}
# the function of `nn.functional`, its arguments, and the shape of x
FUNCTIONS: dict[str, tuple[str, dict[str, Any], tuple[int, ...]]] = {
    f"interpolate {mode}{' to the corners' if options else ''} {size}": (
        "interpolate", {"mode": mode, **options, "scale_factor" if isinstance(size, float) else "size": size}, shape,
    )
    for mode, options, shape in (
        ("bicubic", {}, (2, 2, 5, 4)), ("bicubic", {"align_corners": True}, (1, 2, 5, 4)), ("area", {}, (2, 2, 5, 4)),
        ("nearest-exact", {}, (2, 2, 5, 4)), ("bilinear", {"align_corners": True}, (1, 2, 5, 4)), ("bilinear", {}, (1, 2, 5, 4)),
    )
    for size in ((7, 9), (3, 2), 2.5)
}  # fmt: skip

ENCODER: dict[str, Any] = {"dropout": 0.0, "batch_first": True}
# the class, its arguments, the shapes of the inputs, and the arguments of the call; all on 4 or 3 vectors of 6 features
TRANSFORMERS: dict[str, tuple[str, tuple[Any, ...], dict[str, Any], tuple[tuple[int, ...], ...], dict[str, Any]]] = {
    "encoder": ("TransformerEncoderLayer", (6, 2, 5, 0.0), {}, ((4, 2, 6),), {"src_key_padding_mask": PADDED}),
    "encoder, norm first": ("TransformerEncoderLayer", (6, 3, 5), {**ENCODER, "norm_first": True, "activation": "gelu"}, ((2, 4, 6),), {"src_mask": CAUSAL}),
    "decoder": ("TransformerDecoderLayer", (6, 2, 5), ENCODER, ((2, 4, 6), (2, 3, 6)), {"tgt_mask": CAUSAL}),
    "decoder, norm first": ("TransformerDecoderLayer", (6, 2, 5), {**ENCODER, "norm_first": True, "bias": False}, ((2, 4, 6), (2, 3, 6)), {}),
}  # fmt: skip
UNIT = wave((4, 3), 0.4)
CLASSES = np.array([2, 0, 1, 2])
# the class, its arguments, and the inputs behind the first
LOSSES: dict[str, tuple[str, dict[str, Any], tuple[Any, ...]]] = {
    "cross entropy": ("CrossEntropyLoss", {"weight": [1.0, 2.0, 0.5], "label_smoothing": 0.2}, (CLASSES,)),
    "cross entropy ignoring": ("CrossEntropyLoss", {"ignore_index": 2, "reduction": "sum"}, (CLASSES,)),
    "nll": ("NLLLoss", {"weight": [1.0, 2.0, 0.5]}, (CLASSES,)),
    "mse": ("MSELoss", {"reduction": "none"}, (UNIT,)),
    "l1": ("L1Loss", {}, (UNIT,)),
    "huber": ("HuberLoss", {"delta": 0.3}, (UNIT,)),
    "smooth l1": ("SmoothL1Loss", {"beta": 0.3}, (UNIT,)),
    "bce with logits": ("BCEWithLogitsLoss", {"weight": [1.0, 2.0, 0.5], "pos_weight": [3.0, 1.0, 0.2]}, (UNIT**2,)),
    "kl div": ("KLDivLoss", {"reduction": "batchmean"}, (UNIT**2,)),
    "kl div of logarithms": ("KLDivLoss", {"reduction": "sum", "log_target": True}, (UNIT,)),
    "cosine embedding": ("CosineEmbeddingLoss", {"margin": 0.1}, (UNIT, np.array([1, -1, -1, 1]))),
    "triplet margin": ("TripletMarginLoss", {}, (UNIT, wave((4, 3), 2.0))),
    "triplet margin swapped": ("TripletMarginLoss", {"margin": 2.0, "p": 3.0, "swap": True, "reduction": "sum"}, (UNIT, wave((4, 3), 2.0))),
}  # fmt: skip


def flat(out: Any) -> list[Any]:
    """The arrays in whatever a layer returns."""
    return [a for v in out for a in flat(v)] if isinstance(out, tuple | list) else [out]
