"""Exported models give what they gave before: all operations one by one, and networks with batches of other sizes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.reference
import pytest
from onnx.reference.ops.op_conv_transpose import ConvTranspose
from onnx.reference.ops.op_rnn import RNN_14
from samples_networks import SAMPLES, Sample

import minigrad as mg
from minigrad import Tensor, nn

# Losses, which are for training; and what is random, takes positions that were computed from the data, or ONNX does not know.
WITHOUT = {
    "arctan2", "binary_cross_entropy", "binary_cross_entropy_with_logits", "cross_entropy", "cumprod", "dropout", "fold",
    "huber_loss", "kl_div", "l1_loss", "max_unpool1d", "max_unpool2d", "max_unpool3d", "mse_loss", "multiclass_hinge_loss",
    "nll_loss",
}  # fmt: skip
NOT_RECORDED = {"all", "any", "argmax", "argmin", "where-1"}
EVERY = {f"{name}-{i}": sample for name, samples in SAMPLES.items() for i, sample in enumerate(samples)}


class Grouped(ConvTranspose):
    """Onnx's own takes wrong parts of the weight if there are several groups."""

    op_domain, __qualname__ = "", "ConvTranspose"

    def _run(self, x: Any, weight: Any, bias: Any = None, group: int = 1, **attributes: Any) -> Any:
        parts = zip(np.split(x, group, 1), np.split(weight, group), strict=True)
        out = np.concatenate([super(Grouped, self)._run(*part, group=1, **attributes)[0] for part in parts], 1)
        return (out if bias is None else out + bias.reshape(-1, *(1,) * (out.ndim - 2)),)


class WithRelu(RNN_14):
    """Onnx's own knows tanh only."""

    op_domain, __qualname__ = "", "RNN"

    def choose_act(self, name: str, alpha: Any, beta: Any) -> Any:
        return (lambda x: np.maximum(x, 0)) if name == "Relu" else super().choose_act(name, alpha, beta)


Grouped.__name__, WithRelu.__name__ = "ConvTranspose", "RNN"  # by which the evaluator finds them


def run(path: Path, *inputs: Any) -> list[Any]:
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    evaluator = onnx.reference.ReferenceEvaluator(model, new_ops=[Grouped, WithRelu])
    return evaluator.run(None, dict(zip(evaluator.input_names, inputs, strict=True)))  # type: ignore[return-value]


def flat(out: Any) -> list[Any]:
    return [y for part in out for y in flat(part)] if isinstance(out, tuple | list) else [out]


def compare(found: list[Any], expected: Any, rtol: float, atol: float):
    for y, r in zip(found, flat(expected), strict=True):
        assert (y.dtype, y.shape) == (r.dtype, r.shape)
        np.testing.assert_allclose(y, np.asarray(r), rtol=rtol, atol=atol)


def of_arrays(sample: Sample) -> tuple[Any, list[Any]]:
    """A sample as a function of its arrays, and these."""
    at = [i for i, x in enumerate(sample.inputs) if isinstance(x, np.ndarray | np.generic)]

    def call(*arrays: Any) -> Any:
        inputs = list(sample.inputs)
        for i, x in zip(at, arrays, strict=True):
            inputs[i] = x
        return sample.call(mg, *inputs)

    return call, [np.asarray(sample.inputs[i]) for i in at]


def wanted(name: str) -> bool:
    base, sample = name.split("-")[0], EVERY[name]
    return not ({name, base} & (WITHOUT | NOT_RECORDED)) and not any(0 in np.shape(x) for x in sample.inputs)


@pytest.mark.parametrize("name", [name for name in EVERY if wanted(name)])
def test_operation(name: str, tmp_path: Path):
    call, arrays = of_arrays(EVERY[name])
    path = mg.export_onnx(
        call, [x.shape for x in arrays], tmp_path / "op.onnx", dtype=np.float64, dynamic_batch=False
    )  # fmt: skip
    if name == "softsign-1":
        return  # onnx's own evaluator cannot take it of a single number
    # Settings are float32 in ONNX, and its evaluator's erf has 7 digits: so much is compared, whatever the dtype.
    compare(run(path, *arrays), call(*map(Tensor, arrays)), 2e-7, 2e-8)


@pytest.mark.parametrize("name", [n for n in EVERY if n.split("-")[0] in WITHOUT - {"binary_cross_entropy"}])
def test_what_has_no_translation_is_named_and_nothing_is_written(name: str, tmp_path: Path):
    call, arrays = of_arrays(EVERY[name])
    with pytest.raises(NotImplementedError, match=r"export_onnx: .*(translation of \w+; .*compute it by|dropout .*eval)"):
        mg.export_onnx(call, [x.shape for x in arrays], tmp_path / "op.onnx", dtype=np.float64, dynamic_batch=False)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", [n for n in EVERY if {n, n.split("-")[0]} & NOT_RECORDED])
def test_what_is_computed_from_data_without_being_recorded_is_refused(name: str, tmp_path: Path):
    call, arrays = of_arrays(EVERY[name])
    with pytest.raises(ValueError, match=r"export_onnx: .* cannot be exported: .*argmax"):
        mg.export_onnx(call, [x.shape for x in arrays], tmp_path / "op.onnx", dtype=np.float64, dynamic_batch=False)
    assert not list(tmp_path.iterdir())


# Networks, in float32, run on batches of one and of five after being recorded with others


def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def trained(model: nn.Module) -> nn.Module:
    """The model with numbers in its buffers that are not those it starts from."""
    for name, buffer in model.named_buffers():
        if buffer.dtype.kind == "f":
            buffer[...] = rng().uniform(0.5, 1.5, buffer.shape) - (0.0 if "var" in name else 1.0)
    for p in model.parameters():
        if p.ndim == 1:
            p.data = p.data + rng().uniform(-0.2, 0.2, p.shape).astype(p.dtype)
    return model


class Taken(nn.Module):
    """A module's first result only."""

    def __init__(self, module: nn.Module) -> None:
        self.module = module

    def forward(self, x: Any) -> Any:
        return self.module(x)[0]


class Language(nn.Module):
    """Words, their places, attention to what went before, and a mean."""

    def __init__(self) -> None:
        self.words = nn.Embedding(11, 8, rng=rng())
        self.places = nn.Embedding(6, 8, rng=rng())
        self.norm = nn.LayerNorm(8)
        self.attention = nn.MultiHeadAttention(8, 2, batch_first=True, rng=rng())
        self.feed = nn.Residual(nn.Sequential(nn.Linear(8, 16, rng=rng()), nn.GELU(), nn.Linear(16, 8, rng=rng())))
        self.out = nn.Linear(8, 11, bias=False, rng=rng())
        self.out.weight = self.words.weight  # shared

    def forward(self, x: Any) -> Any:
        h = self.norm(self.words(x) + self.places(np.arange(6)))
        seen, weights = self.attention(h, h, h, is_causal=True)
        return self.out(self.feed(h + seen)), weights


def block(inputs: int, outputs: int, stride: int) -> nn.Module:
    body = nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False, rng=rng()), nn.BatchNorm2d(outputs), nn.ReLU(),
        nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False, rng=rng()), nn.BatchNorm2d(outputs),
    )  # fmt: skip
    short = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False, rng=rng()), nn.BatchNorm2d(outputs))
    return nn.Sequential(nn.Residual(body, short), nn.ReLU())


ACTIVATIONS = (
    "ELU", "GELU", "Hardtanh", "LeakyReLU", "LogSigmoid", "LogSoftmax", "Mish", "ReLU", "SELU", "Sigmoid", "SiLU", "Softmax",
    "Softplus", "Softsign", "Tanh",
)  # fmt: skip
NETWORKS: dict[str, tuple[Any, tuple[int, ...]]] = {
    "mlp": (lambda: nn.Sequential(nn.Linear(6, 8, rng=rng()), nn.Dropout(0.5), nn.ReLU(), nn.Linear(8, 3, rng=rng())), (6,)),
    "lenet": (
        lambda: nn.Sequential(
            nn.Conv2d(1, 6, 5, padding=2, rng=rng()), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5, rng=rng()), nn.Tanh(),
            nn.AvgPool2d(2), nn.Flatten(), nn.Linear(64, 10, rng=rng()),
        ), (1, 16, 16),
    ),
    "resnet": (
        lambda: nn.Sequential(
            nn.Conv2d(3, 4, 3, padding=1, rng=rng()), block(4, 6, 1), block(6, 8, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
            nn.Linear(8, 5, rng=rng()),
        ), (3, 8, 8),
    ),
    "convolutions": (
        lambda: nn.Sequential(
            nn.Conv2d(4, 4, 3, padding="same", dilation=2, groups=4, rng=rng()), nn.Conv2d(4, 6, (2, 4), padding="same", rng=rng()),
            nn.Conv2d(6, 2, 3, stride=(2, 1), rng=rng()),
        ), (4, 9, 8),
    ),
    "conv1d": (lambda: nn.Sequential(nn.Conv1d(2, 4, 3, 2, 1, rng=rng()), nn.BatchNorm1d(4), nn.MaxPool1d(2)), (2, 13)),
    "conv3d": (lambda: nn.Sequential(nn.Conv3d(2, 3, 2, rng=rng()), nn.BatchNorm3d(3), nn.MaxPool3d(2)), (2, 5, 5, 5)),
    "transposed": (
        lambda: nn.Sequential(
            nn.ConvTranspose2d(3, 4, 3, stride=2, padding=1, output_padding=1, rng=rng()),
            nn.ConvTranspose2d(4, 2, 2, stride=2, groups=2, rng=rng()),
            nn.ConvTranspose2d(2, 2, 3, stride=3, output_padding=(2, 0), dilation=2, rng=rng()),
        ), (3, 3, 4),
    ),
    "transposed1d": (lambda: nn.ConvTranspose1d(2, 3, 4, stride=3, padding=2, rng=rng()), (2, 5)),
    "transposed3d": (lambda: nn.ConvTranspose3d(2, 1, 2, stride=2, rng=rng()), (2, 2, 3, 2)),
    "pools": (
        lambda: nn.Sequential(nn.MaxPool2d(3, 2, 1), nn.AvgPool2d(3, 2, 1, count_include_pad=False, ceil_mode=True)), (2, 14, 13),
    ),
    "max pool, hanging over": (lambda: nn.MaxPool2d((3, 2), (2, 3), ceil_mode=True, dilation=(1, 2)), (2, 10, 11)),
    "adaptive mean": (lambda: nn.AdaptiveAvgPool2d((3, 2)), (2, 7, 8)),
    "adaptive maximum": (lambda: nn.Sequential(nn.AdaptiveMaxPool2d((3, 4)), nn.AdaptiveMaxPool2d((None, 1))), (2, 7, 8)),
    "adaptive 1d": (lambda: nn.Sequential(nn.AdaptiveMaxPool1d(5), nn.AdaptiveAvgPool1d(3)), (2, 9)),
    "layer norm": (lambda: nn.LayerNorm((3, 4)), (2, 3, 4)),
    "plain layer norm": (lambda: nn.LayerNorm(4, elementwise_affine=False), (2, 3, 4)),
    "layer norm without bias": (lambda: nn.LayerNorm(4, bias=False), (4,)),
    "group norm": (lambda: nn.GroupNorm(2, 6), (6, 3, 2)),
    "instance norm": (lambda: nn.InstanceNorm2d(3, affine=True), (3, 4, 5)),
    "the batch's own norm": (lambda: nn.BatchNorm2d(3, track_running_stats=False), (3, 4, 5)),
    "lstm": (
        lambda: Taken(nn.LSTM(3, 4, num_layers=2, bidirectional=True, batch_first=True, rng=rng())), (7, 3),
    ),
    "gru": (lambda: Taken(nn.GRU(3, 4, bidirectional=True, batch_first=True, rng=rng())), (7, 3)),
    "rnn": (lambda: Taken(nn.RNN(3, 4, nonlinearity="relu", batch_first=True, rng=rng())), (7, 3)),
    "rnn without bias": (lambda: Taken(nn.RNN(3, 4, bias=False, batch_first=True, rng=rng())), (7, 3)),
    "whole lstm": (lambda: nn.LSTM(3, 4, num_layers=2, batch_first=True, rng=rng()), (7, 3)),
    "whole gru": (lambda: nn.GRU(3, 4, num_layers=2, bias=False, batch_first=True, rng=rng()), (7, 3)),
    "sequence first": (lambda: nn.LSTM(3, 4, rng=rng()), (2, 3)),
    "cells": (lambda: nn.LSTMCell(3, 4, rng=rng()), (3,)),
    "gru cell": (lambda: nn.GRUCell(3, 4, rng=rng()), (3,)),
    **{name: (lambda name=name: getattr(nn, name)(), (5,)) for name in ACTIVATIONS},
}  # fmt: skip


@pytest.mark.parametrize("case", NETWORKS)
def test_network_with_a_batch_of_another_size(case: str, tmp_path: Path):
    make, shape = NETWORKS[case]
    model = trained(make())
    path = mg.export_onnx(model, (4, *shape), tmp_path / "model.onnx")
    assert model.training  # as it was
    model.eval()
    for batch in (1, 5):
        if batch == 1 and case == "the batch's own norm":
            continue
        x = rng().standard_normal((batch, *shape)).astype(np.float32)
        compare(run(path, x), model(x), 2e-5, 2e-6)
