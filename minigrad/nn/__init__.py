# ruff: noqa: I001, RUF022
"""Layers and the training loop, with PyTorch's names, arguments and defaults; PyTorch's state_dict loads into them.

A docstring says what differs from PyTorch's class of the same name. Common to all classes with parameters: `rng`, a
`numpy.random.Generator`, draws the initial values, so that a seed repeats a run; `dtype` is by default float32; there is no
`device`.

>>> net = mg.nn.Sequential(mg.nn.Linear(2, 8, rng=np.random.default_rng(0)), mg.nn.ReLU(), mg.nn.Linear(8, 3))
>>> net(np.zeros((5, 2), np.float32)).shape
(5, 3)
"""

from minigrad.nn import figures, init, models, parallel
from minigrad.nn.activation import ELU, GELU, SELU, Hardtanh, LeakyReLU, LogSigmoid, LogSoftmax, Mish, ReLU, Sigmoid
from minigrad.nn.activation import SiLU, Softmax, Softplus, Softsign, Tanh
from minigrad.nn.attention import MultiHeadAttention, scaled_dot_product_attention
from minigrad.nn.container import ModuleDict, ModuleList, Residual, Sequential
from minigrad.nn.conv import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from minigrad.nn.evaluation import evaluate
from minigrad.nn.fit import fit
from minigrad.nn.history import History
from minigrad.nn.layer import Dropout, Embedding, Flatten, Identity, Linear, Unflatten
from minigrad.nn.module import Module
from minigrad.nn.normalise import BatchNorm1d, BatchNorm2d, BatchNorm3d, GroupNorm, LayerNorm
from minigrad.nn.normalise import InstanceNorm1d, InstanceNorm2d, InstanceNorm3d
from minigrad.nn.pool import AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveAvgPool3d
from minigrad.nn.pool import AdaptiveMaxPool1d, AdaptiveMaxPool2d, AdaptiveMaxPool3d
from minigrad.nn.pool import AvgPool1d, AvgPool2d, AvgPool3d, MaxPool1d, MaxPool2d, MaxPool3d
from minigrad.nn.recurrent import GRU, GRUCell, LSTM, LSTMCell, RNN, RNNCell
from minigrad.nn.summary import Summary

__all__ = ["Module", "ModuleDict", "ModuleList", "Residual", "Sequential", "Summary"]
__all__ += ["Dropout", "Embedding", "Flatten", "Identity", "Linear", "Unflatten"]
__all__ += ["ELU", "GELU", "Hardtanh", "LeakyReLU", "LogSigmoid", "LogSoftmax", "Mish", "ReLU", "SELU", "SiLU"]
__all__ += ["Sigmoid", "Softmax", "Softplus", "Softsign", "Tanh"]
__all__ += ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]
__all__ += ["AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d", "AvgPool1d", "AvgPool2d", "AvgPool3d"]
__all__ += ["AdaptiveMaxPool1d", "AdaptiveMaxPool2d", "AdaptiveMaxPool3d", "MaxPool1d", "MaxPool2d", "MaxPool3d"]
__all__ += ["BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "GroupNorm", "LayerNorm"]
__all__ += ["InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"]
__all__ += ["GRU", "GRUCell", "LSTM", "LSTMCell", "MultiHeadAttention", "RNN", "RNNCell", "scaled_dot_product_attention"]
__all__ += ["History", "evaluate", "figures", "fit", "init", "models", "parallel"]
