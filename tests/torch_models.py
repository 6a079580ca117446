"""Architectures that are written once, for PyTorch and for minigrad: each takes the namespace `nn` of either."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from torch_cases import wave


def lenet(nn: Any) -> Any:
    return nn.Sequential(
        nn.Conv2d(1, 4, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 8, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(32, 24), nn.ReLU(), nn.Dropout(0.25), nn.Linear(24, 10),
    )  # fmt: skip


def resnet(nn: Any) -> Any:
    class Block(nn.Module):  # type: ignore[misc]
        def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(outputs)
            self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(outputs)
            self.relu = nn.ReLU()
            self.downsample = nn.Identity()
            if stride > 1:
                self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

        def forward(self, x: Any) -> Any:
            out = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
            return self.relu(out + self.downsample(x))

    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU(), Block(4, 4), Block(4, 8, 2),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5),
    )  # fmt: skip


def lstm(nn: Any) -> Any:
    class Tagger(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(7, 4, padding_idx=0)
            self.lstm = nn.LSTM(4, 5, num_layers=2, batch_first=True, bidirectional=True, dropout=0.1)
            self.gru = nn.GRU(10, 3)
            self.out = nn.Linear(3, 6)

        def forward(self, x: Any) -> Any:
            h, _ = self.lstm(self.embedding(x))
            h, _ = self.gru(h)
            return self.out(h)

    return Tagger()


def transformer(nn: Any) -> Any:
    class Encoder(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.self_attn = nn.MultiheadAttention(8, 2, batch_first=True)
            self.norm1 = nn.LayerNorm(8)
            self.norm2 = nn.LayerNorm(8)
            self.feed = nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 8))

        def forward(self, x: Any) -> Any:
            h = self.norm1(x)
            x = x + self.self_attn(h, h, h)[0]
            return x + self.feed(self.norm2(x))

    return Encoder()


def autoencoder(nn: Any) -> Any:
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, 2, 1), nn.GroupNorm(2, 4), nn.SiLU(), nn.ConvTranspose2d(4, 1, 3, 2, 1, 1), nn.Sigmoid(),
    )  # fmt: skip


class Model(NamedTuple):
    """How to build it, what to give it, and how its weights are saved."""

    build: Callable[[Any], Any]
    x: Any
    dtype: str


MODELS = {
    "lenet": Model(lenet, wave((3, 1, 16, 16), 0.3), "float32"),
    "resnet": Model(resnet, wave((4, 3, 8, 8), 0.3), "float32"),
    "lstm": Model(lstm, np.arange(15).reshape(3, 5) * 5 % 7, "float64"),
    "transformer": Model(transformer, wave((2, 5, 8), 0.3), "float64"),
    "autoencoder": Model(autoencoder, wave((2, 1, 8, 8), 0.3), "bfloat16"),
}
