# ruff: noqa: I001, RUF022
"""Layers, under the names and with the parameters of PyTorch, whose state_dict loads into them."""

from minigrad.nn import figures, init, models, parallel
from minigrad.nn.activation import (
    ELU, GELU, Hardtanh, LeakyReLU, LogSigmoid, LogSoftmax, Mish, ReLU, SELU, Sigmoid, SiLU, Softmax, Softplus, Softsign,
    Tanh,
)  # fmt: skip
from minigrad.nn.attention import MultiHeadAttention, scaled_dot_product_attention
from minigrad.nn.container import ModuleDict, ModuleList, Residual, Sequential
from minigrad.nn.conv import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from minigrad.nn.evaluation import evaluate
from minigrad.nn.fit import fit
from minigrad.nn.history import History
from minigrad.nn.layer import Dropout, Embedding, Flatten, Identity, Linear, Unflatten
from minigrad.nn.module import Module
from minigrad.nn.normalise import (
    BatchNorm1d, BatchNorm2d, BatchNorm3d, GroupNorm, InstanceNorm1d, InstanceNorm2d, InstanceNorm3d, LayerNorm,
)  # fmt: skip
from minigrad.nn.pool import (
    AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveAvgPool3d, AdaptiveMaxPool1d, AdaptiveMaxPool2d, AdaptiveMaxPool3d,
    AvgPool1d, AvgPool2d, AvgPool3d, MaxPool1d, MaxPool2d, MaxPool3d,
)  # fmt: skip
from minigrad.nn.recurrent import GRU, GRUCell, LSTM, LSTMCell, RNN, RNNCell
from minigrad.nn.summary import Summary

__all__ = [
    "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d", "AdaptiveMaxPool1d", "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d", "AvgPool1d", "AvgPool2d", "AvgPool3d", "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "Conv1d",
    "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d", "Dropout", "ELU", "Embedding", "Flatten",
    "GELU", "GRU", "GRUCell", "GroupNorm", "Hardtanh", "History", "Identity", "InstanceNorm1d", "InstanceNorm2d",
    "InstanceNorm3d", "LSTM", "LSTMCell", "LayerNorm", "LeakyReLU", "Linear", "LogSigmoid", "LogSoftmax", "MaxPool1d",
    "MaxPool2d", "MaxPool3d", "Mish", "Module", "ModuleDict", "ModuleList", "MultiHeadAttention", "RNN", "RNNCell",
    "ReLU", "Residual", "SELU", "Sequential", "SiLU", "Sigmoid", "Softmax", "Softplus", "Softsign", "Summary", "Tanh",
    "Unflatten", "evaluate", "figures", "fit", "init", "models", "parallel", "scaled_dot_product_attention",
]  # fmt: skip
