# ruff: noqa: I001, RUF022
"""Layers and the training loop, with PyTorch's names, arguments and defaults; PyTorch's state_dict loads into them.

A docstring says what differs from PyTorch's class of the same name. Common to all classes with parameters: `rng`, a
`numpy.random.Generator`, draws the initial values, so that a seed repeats a run; `dtype` is by default float32; there is no
`device`.

>>> net = mg.nn.Sequential(mg.nn.Linear(2, 8, rng=np.random.default_rng(0)), mg.nn.ReLU(), mg.nn.Linear(8, 3))
>>> net(np.zeros((5, 2), np.float32)).shape
(5, 3)
"""

import typing as _typing

from minigrad.nn import figures, functional, init, models, parallel
from minigrad.nn.activation import CELU, ELU, GELU, GLU, SELU, Hardsigmoid, Hardswish, Hardtanh, LeakyReLU, LogSigmoid
from minigrad.nn.activation import LogSoftmax, Mish, PReLU, ReLU, ReLU6, Sigmoid, SiLU, Softmax, Softmin, Softplus
from minigrad.nn.activation import Softsign, Tanh
from minigrad.nn.attention import MultiheadAttention, scaled_dot_product_attention
from minigrad.nn.container import ModuleDict, ModuleList, ParameterDict, ParameterList, Residual, Sequential
from minigrad.nn.conv import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from minigrad.nn.evaluation import evaluate
from minigrad.nn.fit import fit
from minigrad.nn.history import History
from minigrad.nn.layer import Dropout, Dropout1d, Dropout2d, Dropout3d, Embedding, Flatten, Identity, Linear
from minigrad.nn.layer import PixelShuffle, Unflatten
from minigrad.nn.loss import BCELoss, BCEWithLogitsLoss, CosineEmbeddingLoss, CrossEntropyLoss, HuberLoss, KLDivLoss
from minigrad.nn.loss import L1Loss, MSELoss, NLLLoss, SmoothL1Loss, TripletMarginLoss
from minigrad.nn.module import Module
from minigrad.nn.normalise import BatchNorm1d, BatchNorm2d, BatchNorm3d, GroupNorm, LayerNorm, RMSNorm
from minigrad.nn.normalise import InstanceNorm1d, InstanceNorm2d, InstanceNorm3d
from minigrad.nn.pool import AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveAvgPool3d
from minigrad.nn.pool import AdaptiveMaxPool1d, AdaptiveMaxPool2d, AdaptiveMaxPool3d
from minigrad.nn.pool import AvgPool1d, AvgPool2d, AvgPool3d, MaxPool1d, MaxPool2d, MaxPool3d
from minigrad.nn.recurrent import GRU, GRUCell, LSTM, LSTMCell, RNN, RNNCell
from minigrad.nn.summary import Summary
from minigrad.nn.transformer import TransformerDecoder, TransformerDecoderLayer, TransformerEncoder
from minigrad.nn.transformer import TransformerEncoderLayer
from minigrad.spellings import answers as _answers
from minigrad.tensor import Tensor as Parameter

__all__ = ["Module", "ModuleDict", "ModuleList", "Parameter", "ParameterDict", "ParameterList", "Residual", "Sequential"]
__all__ += ["Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "Embedding", "Flatten", "Identity", "Linear", "PixelShuffle"]
__all__ += ["Unflatten", "Summary"]
__all__ += ["CELU", "ELU", "GELU", "GLU", "Hardsigmoid", "Hardswish", "Hardtanh", "LeakyReLU", "LogSigmoid", "LogSoftmax"]
__all__ += [
    "Mish",
    "PReLU",
    "ReLU",
    "ReLU6",
    "SELU",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softmin",
    "Softplus",
    "Softsign",
    "Tanh",
]
__all__ += ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]
__all__ += ["AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d", "AvgPool1d", "AvgPool2d", "AvgPool3d"]
__all__ += ["AdaptiveMaxPool1d", "AdaptiveMaxPool2d", "AdaptiveMaxPool3d", "MaxPool1d", "MaxPool2d", "MaxPool3d"]
__all__ += ["BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "GroupNorm", "LayerNorm", "RMSNorm"]
__all__ += ["InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"]
__all__ += ["GRU", "GRUCell", "LSTM", "LSTMCell", "MultiheadAttention", "RNN", "RNNCell", "scaled_dot_product_attention"]
__all__ += ["TransformerDecoder", "TransformerDecoderLayer", "TransformerEncoder", "TransformerEncoderLayer"]
__all__ += ["BCELoss", "BCEWithLogitsLoss", "CosineEmbeddingLoss", "CrossEntropyLoss", "HuberLoss", "KLDivLoss", "L1Loss"]
__all__ += ["MSELoss", "NLLLoss", "SmoothL1Loss", "TripletMarginLoss"]
__all__ += ["History", "evaluate", "figures", "fit", "functional", "init", "models", "parallel"]

if not _typing.TYPE_CHECKING:
    __getattr__ = _answers(__name__)
