"""An exported model gives the results of the original: every operation, and networks with batches of other sizes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.reference
import pytest
from onnx.reference.ops.op_conv_transpose import ConvTranspose
from onnx.reference.ops.op_rnn import RNN_14
from samples_networks import SAMPLES, Sample
from torch_models import MODELS

import minigrad as mg
from minigrad import Tensor, nn
from minigrad.graph import value_of
from minigrad.operation import Op

WEIGHTS = Path(__file__).parents[1] / "torch_weights"
# Losses, which are for training; and operations that are random, take positions computed from the data, or are not in ONNX.
WITHOUT = set(
    "angle arctan2 binary_cross_entropy binary_cross_entropy_with_logits cross_entropy cumprod dropout dropout1d dropout2d "
    "dropout3d fold huber_loss kl_div l1_loss mse_loss multiclass_hinge_loss nll_loss smooth_l1_loss".split()
)
NOT_RECORDED = {"all", "any", "argmax", "argmin", "topk", "where-1"}
EVERY = {f"{name}-{i}": sample for name, samples in SAMPLES.items() for i, sample in enumerate(samples)}


class Grouped(ConvTranspose):
    """The evaluator of onnx splits the weight wrongly if there are several groups."""

    op_domain, __qualname__ = "", "ConvTranspose"

    def _run(self, x: Any, weight: Any, bias: Any = None, group: int = 1, **attributes: Any) -> Any:
        parts = zip(np.split(x, group, 1), np.split(weight, group), strict=True)
        out = np.concatenate([super(Grouped, self)._run(*part, group=1, **attributes)[0] for part in parts], 1)
        return (out if bias is None else out + bias.reshape(-1, *(1,) * (out.ndim - 2)),)


class WithRelu(RNN_14):
    """The evaluator of onnx knows only tanh."""

    op_domain, __qualname__ = "", "RNN"

    def choose_act(self, name: str, alpha: Any, beta: Any) -> Any:
        return (lambda x: np.maximum(x, 0)) if name == "Relu" else super().choose_act(name, alpha, beta)


Grouped.__name__, WithRelu.__name__ = "ConvTranspose", "RNN"  # the evaluator finds them by name


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
        np.testing.assert_allclose(y, value_of(r), rtol=rtol, atol=atol)


def of_arrays(sample: Sample) -> tuple[Any, list[Any]]:
    """A sample as a function of its arrays, and the arrays."""
    at = [i for i, x in enumerate(sample.inputs) if isinstance(x, np.ndarray | np.generic)]

    def call(*arrays: Any) -> Any:
        inputs = list(sample.inputs)
        for i, x in zip(at, arrays, strict=True):
            inputs[i] = x
        return sample.call(mg, *inputs)

    return call, [np.asarray(sample.inputs[i]) for i in at]


def wanted(name: str) -> bool:
    base, sample = name.split("-")[0], EVERY[name]
    return (
        sample.inputs and not ({name, base} & (WITHOUT | NOT_RECORDED)) and not any(0 in np.shape(x) for x in sample.inputs)
    )


@pytest.mark.parametrize("name", [name for name in EVERY if wanted(name)])
def test_operation(name: str, tmp_path: Path):
    call, arrays = of_arrays(EVERY[name])
    path = mg.export_onnx(call, [x.shape for x in arrays], tmp_path / "op.onnx", dtype=np.float64, dynamic_batch=False)
    if name == "softsign-1":
        return  # the evaluator of onnx fails on a scalar
    # Attributes are float32 in ONNX, and the evaluator's erf has 7 digits: so the tolerance, whatever the dtype.
    compare(run(path, *arrays), call(*map(Tensor, arrays)), 2e-7, 2e-8)


@pytest.mark.parametrize("name", [n for n in EVERY if n.split("-")[0] in WITHOUT - {"binary_cross_entropy"}])
def test_what_has_no_translation_is_named_and_nothing_is_written(name: str, tmp_path: Path):
    call, arrays = of_arrays(EVERY[name])
    with pytest.raises(NotImplementedError, match=r"export_onnx: .*(translation of \w+; .*compute it by|dropout\w* .*eval)"):
        mg.export_onnx(call, [x.shape for x in arrays], tmp_path / "op.onnx", dtype=np.float64, dynamic_batch=False)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", [n for n in EVERY if {n, n.split("-")[0]} & NOT_RECORDED])
def test_what_is_computed_from_data_without_being_recorded_is_refused(name: str, tmp_path: Path):
    call, arrays = of_arrays(EVERY[name])
    with pytest.raises(ValueError, match=r"export_onnx: .* cannot be exported: .*argmax"):
        mg.export_onnx(call, [x.shape for x in arrays], tmp_path / "op.onnx", dtype=np.float64, dynamic_batch=False)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("function", [mg.real, mg.imag, mg.conj, mg.deg2rad, mg.rad2deg])
def test_parts_and_degrees(function: Any, tmp_path: Path):
    x = np.array([-2.0, 0.5])
    path = mg.export_onnx(function, x.shape, tmp_path / "op.onnx", dtype=np.float64, dynamic_batch=False)
    compare(run(path, x), function(Tensor(x)), 1e-7, 1e-8)


# Networks, in float32, run on batches of one and of five after being recorded with others


def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def trained(model: nn.Module) -> nn.Module:
    """The model with buffers and biases other than the initial ones."""
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
    """Word and position embeddings, causal attention, and a feed-forward layer with tied weights."""

    def __init__(self) -> None:
        self.words = nn.Embedding(11, 8, rng=rng())
        self.places = nn.Embedding(6, 8, rng=rng())
        self.norm = nn.LayerNorm(8)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True, rng=rng())
        self.feed = nn.Residual(nn.Sequential(nn.Linear(8, 16, rng=rng()), nn.GELU(), nn.Linear(16, 8, rng=rng())))
        self.out = nn.Linear(8, 11, bias=False, rng=rng())
        self.out.weight = self.words.weight  # shared

    def forward(self, x: Any) -> Any:
        h = self.norm(self.words(x) + self.places(np.arange(6)))
        seen, weights = self.attention(h, h, h, is_causal=True)
        return self.out(self.feed(h + seen)), weights


def block(inputs: int, outputs: int, stride: int) -> nn.Module:
    body = nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False, rng=rng()),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
        nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False, rng=rng()),
        nn.BatchNorm2d(outputs),
    )
    short = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False, rng=rng()), nn.BatchNorm2d(outputs))
    return nn.Sequential(nn.Residual(body, short), nn.ReLU())


ACTIVATIONS = (
    "ELU GELU Hardtanh LeakyReLU LogSigmoid LogSoftmax Mish ReLU SELU Sigmoid SiLU Softmax Softplus Softsign Tanh".split()
)
NETWORKS: dict[str, tuple[Any, tuple[int, ...]]] = {
    "mlp": (lambda: nn.Sequential(nn.Linear(6, 8, rng=rng()), nn.Dropout(0.5), nn.ReLU(), nn.Linear(8, 3, rng=rng())), (6,)),
    "lenet": (
        lambda: nn.Sequential(
            nn.Conv2d(1, 6, 5, padding=2, rng=rng()),
            nn.Tanh(),
            nn.AvgPool2d(2),
            nn.Conv2d(6, 16, 5, rng=rng()),
            nn.Tanh(),
            nn.AvgPool2d(2),
            nn.Flatten(),
            nn.Linear(64, 10, rng=rng()),
        ),
        (1, 16, 16),
    ),
    "resnet": (
        lambda: nn.Sequential(
            nn.Conv2d(3, 4, 3, padding=1, rng=rng()),
            block(4, 6, 1),
            block(6, 8, 2),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(8, 5, rng=rng()),
        ),
        (3, 8, 8),
    ),
    "convolutions": (
        lambda: nn.Sequential(
            nn.Conv2d(4, 4, 3, padding="same", dilation=2, groups=4, rng=rng()),
            nn.Conv2d(4, 6, (2, 4), padding="same", rng=rng()),
            nn.Conv2d(6, 2, 3, stride=(2, 1), rng=rng()),
        ),
        (4, 9, 8),
    ),
    "conv1d": (lambda: nn.Sequential(nn.Conv1d(2, 4, 3, 2, 1, rng=rng()), nn.BatchNorm1d(4), nn.MaxPool1d(2)), (2, 13)),
    "conv3d": (lambda: nn.Sequential(nn.Conv3d(2, 3, 2, rng=rng()), nn.BatchNorm3d(3), nn.MaxPool3d(2)), (2, 5, 5, 5)),
    "transposed": (
        lambda: nn.Sequential(
            nn.ConvTranspose2d(3, 4, 3, stride=2, padding=1, output_padding=1, rng=rng()),
            nn.ConvTranspose2d(4, 2, 2, stride=2, groups=2, rng=rng()),
            nn.ConvTranspose2d(2, 2, 3, stride=3, output_padding=(2, 0), dilation=2, rng=rng()),
        ),
        (3, 3, 4),
    ),
    "transposed1d": (lambda: nn.ConvTranspose1d(2, 3, 4, stride=3, padding=2, rng=rng()), (2, 5)),
    "transposed3d": (lambda: nn.ConvTranspose3d(2, 1, 2, stride=2, rng=rng()), (2, 2, 3, 2)),
    "pools": (
        lambda: nn.Sequential(nn.MaxPool2d(3, 2, 1), nn.AvgPool2d(3, 2, 1, count_include_pad=False, ceil_mode=True)),
        (2, 14, 13),
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
        lambda: Taken(nn.LSTM(3, 4, num_layers=2, bidirectional=True, batch_first=True, rng=rng())),
        (7, 3),
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
    "settings": (lambda: nn.Sequential(nn.Hardtanh(-0.3, 0.2), nn.Softplus(2.0)), (5,)),
}


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


def test_words_attention_shared_parameters_and_several_results(tmp_path: Path):
    model = Language()
    path = mg.export_onnx(
        model, (2, 6), tmp_path / "language.onnx", dtype=np.int64, input_names=["words"], output_names=["next", "weights"]
    )
    written = onnx.load(path).graph
    assert [v.name for v in written.input] == ["words"]
    assert [v.name for v in written.output] == ["next", "weights"]
    names = [v.name for v in written.initializer]
    assert names.count("words.weight") == 1
    assert "out.weight" not in names
    x = rng().integers(0, 11, (5, 6))
    compare(run(path, x), model.eval()(x), 2e-5, 2e-6)


def test_several_inputs(tmp_path: Path):
    model = nn.MultiheadAttention(8, 2, kdim=5, vdim=6, batch_first=True, rng=rng())
    shapes = [(2, 3, 8), (2, 4, 5), (2, 4, 6)]
    path = mg.export_onnx(model, shapes, tmp_path / "attention.onnx")
    inputs = [rng().standard_normal((5, *shape[1:])).astype(np.float32) for shape in shapes]
    assert [v.name for v in onnx.load(path).graph.input] == ["input_0", "input_1", "input_2"]
    compare(run(path, *inputs), model(*inputs), 2e-5, 2e-6)


def test_first_states_as_inputs_and_an_index_beside_a_number(tmp_path: Path):
    lstm = nn.LSTM(3, 4, batch_first=True, rng=rng())

    def model(x: Any, h: Any, at: Any) -> Any:
        out, _ = lstm(x, (h.reshape(1, -1, 4), h.reshape(1, -1, 4) * 2))
        return out[:, -1] * at

    shapes, dtypes = [(2, 5, 3), (2, 4), (2, 1)], [np.float32, np.float32, np.int32]
    path = mg.export_onnx(model, shapes, tmp_path / "lstm.onnx", dtype=dtypes)
    inputs = [rng().integers(0, 9, (3, *s[1:])).astype(d) for s, d in zip(shapes, dtypes, strict=True)]
    written = run(path, *inputs)
    expected = model(*map(Tensor, inputs))
    assert written[0].dtype == expected.dtype
    compare(written, expected, 2e-5, 2e-6)


BATCHES = {
    "two lengths that grow": lambda x: mg.reshape(mg.expand_dims(x, 0) * mg.expand_dims(x, 1), (2, len(x), len(x), 3)),
    "a multiple": lambda x: mg.concatenate([x, x, x]),
    "more than the batch": lambda x: mg.reshape(mg.concatenate([x, x[:1]]), (len(x) + 1, 3, 2)),
    "places from the end": lambda x: (x[len(x) - 1], x[len(x) - 2 :], x[::-1], x[1 : len(x) - 1 : 2]),
    "zeros for each": lambda x: mg.concatenate([np.zeros((len(x), 1)), x], 1),
    "a parameter for each": lambda x: x + mg.broadcast_to(Tensor(np.ones(6)), (len(x), 6)),
    "a mean of all": lambda x: x - mg.mean(x, 0),
    "an input, and twice one result": lambda x: (x, y := x * 2, y),
    "a picked column": lambda x: (x[:, [3, 0]], x[:, 2], x[..., None, 1:3], x[:, np.array([True, False] * 3)]),
    "as a matrix": lambda x: x @ x.T,
    "without its batch": lambda x: mg.sum(x),
    "other dtypes": lambda x: mg.astype(mg.astype(x, np.float32) * 2, np.float64) + np.float32(1.5),
    "its data as a constant": lambda x: mg.softmax(x) * x.data,
    "numbers only": lambda x: 2 ** -abs(x) / 3 + (1 - x) ** 2,
    "resized": lambda x: mg.interpolate(mg.reshape(x, (-1, 1, 2, 3)), scale_factor=2, mode="bilinear"),
    "columns": lambda x: mg.unfold(mg.reshape(x, (-1, 1, 2, 3)), 2, padding=1),
}


@pytest.mark.parametrize("case", BATCHES)
def test_what_grows_with_the_batch(case: str, tmp_path: Path):
    call = BATCHES[case]
    path = mg.export_onnx(call, (2, 6), tmp_path / "function.onnx", dtype=np.float64)
    for batch in (4, 7):
        x = rng().standard_normal((batch, 6))
        compare(run(path, x), call(Tensor(x)), 1e-12, 1e-12)


def test_shapes_in_the_file(tmp_path: Path):
    def shapes(dynamic: bool) -> list[list[Any]]:
        graph = onnx.load(mg.export_onnx(call, (4, 3), tmp_path / "f.onnx", dynamic_batch=dynamic)).graph
        every = [v.type.tensor_type.shape.dim for v in (*graph.input, *graph.output)]
        return [[d.dim_param or d.dim_value for d in dims] for dims in every]

    def call(x: Any) -> Any:
        return x, mg.concatenate([x, x, x[:1]]), mg.concatenate([x, x])[1:], mg.sum(x, 0)

    names = ["batch", "2*batch + 1", "2*batch - 1"]
    assert shapes(True) == [["batch", 3], *([n, 3] for n in names), [3]]
    assert shapes(False) == [[4, 3], [4, 3], [9, 3], [7, 3], [3]]


def test_a_fixed_batch_may_be_used_as_a_number(tmp_path: Path):
    def call(x: Any) -> Any:
        return mg.sum(x, 0) / len(x)

    with pytest.raises(ValueError, match=r"divide cannot be exported: .* size of the batch.*dynamic_batch=False"):
        mg.export_onnx(call, (4, 3), tmp_path / "f.onnx")
    x = rng().standard_normal((4, 3)).astype(np.float32)
    compare(run(mg.export_onnx(call, (4, 3), tmp_path / "f.onnx", dynamic_batch=False), x), call(Tensor(x)), 1e-6, 1e-6)


def test_the_file_says_who_made_it_and_parameters_keep_their_names(tmp_path: Path):
    model = NETWORKS["lenet"][0]()
    written = onnx.load(mg.export_onnx(model, (1, 1, 16, 16), tmp_path / "lenet.onnx"))
    assert (written.producer_name, written.producer_version) == ("minigrad", mg.__version__)
    assert written.opset_import[0].version == 18
    assert written.graph.name == "Sequential"
    held = {v.name: onnx.numpy_helper.to_array(v) for v in written.graph.initializer}
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(held[name], value)
    assert [n.op_type for n in written.graph.node] == [
        "Conv",
        "Tanh",
        "AveragePool",
        "Conv",
        "Tanh",
        "AveragePool",
        "Reshape",
        "Gemm",
    ]
    assert written.graph.node[0].name == "Sequential/0 Conv2d/Conv"


def test_every_newer_opset(tmp_path: Path):
    model = trained(NETWORKS["resnet"][0]())
    x = rng().standard_normal((3, 3, 8, 8)).astype(np.float32)
    for opset in range(18, onnx.defs.onnx_opset_version() + 1):
        path = mg.export_onnx(model, (1, 3, 8, 8), tmp_path / "resnet.onnx", opset=opset)
        compare(run(path, x), model.eval()(x), 2e-5, 2e-6)


def test_nothing_of_the_model_is_changed(tmp_path: Path):
    model = NETWORKS["resnet"][0]()
    model[0].requires_grad_(False)
    model[1].eval()
    before = model.state_dict()
    modes = [(m.training, [p.requires_grad for p in m.parameters()]) for m in model.modules()]
    with mg.no_grad():
        path = mg.export_onnx(model, (1, 3, 8, 8), tmp_path / "resnet.onnx")
    assert modes == [(m.training, [p.requires_grad for p in m.parameters()]) for m in model.modules()]
    for key, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[key])
    assert "0.weight" in {v.name for v in onnx.load(path).graph.initializer}


def test_float64(tmp_path: Path):
    for case in ("layer norm", "group norm", "lstm", "resnet"):
        make, shape = NETWORKS[case]
        model = trained(make()).double()
        path = mg.export_onnx(model, (2, *shape), tmp_path / "model.onnx")
        x = rng().standard_normal((3, *shape))
        compare(run(path, x), model.eval()(x), 2e-7, 2e-8)


@pytest.mark.parametrize("name", MODELS)
def test_weights_of_pytorch_keep_their_outputs_through_the_file(name: str, tmp_path: Path):
    build, x, _ = MODELS[name]
    expected = mg.load(WEIGHTS / "outputs.safetensors")[name]
    model = build(nn).astype(expected.dtype)
    model.load_state_dict(mg.load(WEIGHTS / f"{name}.safetensors"))
    x = x if x.dtype.kind == "i" else x.astype(expected.dtype)
    path = mg.export_onnx(model, (2, *x.shape[1:]), tmp_path / f"{name}.onnx", dtype=x.dtype)
    compare(run(path, x), expected, 2e-6, 2e-6)


# What is refused


class Scaled(nn.Module):
    def __init__(self) -> None:
        def relu(x: Any, /) -> Any:  # has the name of a known operation, but is another
            return x * 3

        self.function = Op(relu, elementwise=True)

    def forward(self, x: Any) -> Any:
        return self.function(x)


def test_an_operation_from_elsewhere_is_named_with_its_scope(tmp_path: Path):
    kept = Path(tmp_path, "model.onnx")
    kept.write_bytes(b"old")
    with pytest.raises(NotImplementedError, match=r"no translation of relu \(in Sequential/1 Scaled\); leave it out"):
        mg.export_onnx(nn.Sequential(nn.Linear(3, 3), Scaled()), (1, 3), kept)
    assert kept.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


def branches(x: Any) -> Any:
    return mg.exp(x) if x.data[0, 0] > 0.2 else mg.log(x)


table = Tensor(np.arange(20.0).reshape(10, 2))
REFUSED = {
    "another operation for other data": (branches, r"did not compute the same in every run"),
    "a step for each sample": (lambda x: sum(row * 2 for row in x), r"did not compute the same .*dynamic_batch=False"),
    "half a batch": (lambda x: x[: len(x) // 2], r"getitem .* do not grow linearly with the batch"),
    "a place found in the data": (
        lambda x: x[:, int(x.data[0].argmax())],
        r"getitem cannot be exported: .*depend on the data",
    ),
    "rows found in the data": (lambda x: x * table[x.data.argmax(1)][:, :1], r"getitem cannot be exported: .*argmax"),
    "a mask of the data": (lambda x: mg.where(x.data > 0, x, 0.0), r"where cannot be exported: .*comparisons"),
    "a constant": (lambda x: table, r"'output' cannot be exported: no recorded operation"),
    "no tensor": (lambda x: None, r"gave no tensor"),
    "windows over the batch": (
        lambda x: mg.max_pool1d(x.T, 2),
        r"max_pool cannot be exported: its argument 'geometry' depends",
    ),
    "a count of the batch": (lambda x: mg.var(x, 0, ddof=1), r"var cannot be exported: axis 0 of its input grows"),
    "arrays on axes that are not neighbours": (
        lambda x: mg.expand_dims(x, 1)[[0, 1], :, [0, 1]],
        r"getitem cannot be exported: arrays .* neighbours",
    ),
    "dropout": (lambda x: mg.dropout(x), r"dropout cannot be exported: .*call eval\(\)"),
    "training": (
        lambda x: mg.batch_norm(x, np.zeros(3), np.ones(3), training=True),
        r"normalise .*it would train; call eval",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str, tmp_path: Path):
    call, message = REFUSED[case]
    with pytest.raises((ValueError, NotImplementedError), match=message):
        mg.export_onnx(call, (2, 3), tmp_path / "f.onnx")
    assert not list(tmp_path.iterdir())


def test_bad_arguments(tmp_path: Path):
    model, path = nn.Linear(3, 2), tmp_path / "f.onnx"
    for message, shape, options in (
        ("an integer of at least 1, got", (0, 3), {}),
        ("an integer of at least 1, got", ("batch", 3), {}),
        ("have no batch axis", (), {}),
        ("opset is from 18 to", (1, 3), {"opset": 17}),
        ("opset is from 18 to", (1, 3), {"opset": "18"}),
        ("inputs are floating or integer, got dtype bool", (1, 3), {"dtype": bool}),
        ("2 dtypes for 1 inputs", (1, 3), {"dtype": [np.float32] * 2}),
        ("output_names needs a name for each of 1", (1, 3), {"output_names": ["a", "b"]}),
        ("the name 'weight' is taken", (1, 3), {"input_names": ["weight"]}),
        ("the name 'x' is taken", (1, 3), {"input_names": "x", "output_names": "x"}),
    ):
        with pytest.raises(ValueError, match=f"export_onnx: .*{message}"):
            mg.export_onnx(model, shape, path, **options)
    with pytest.raises(TypeError, match="export_onnx: the model gave a str"):
        mg.export_onnx(lambda x: "text", (1, 3), path)
    with pytest.raises(TypeError, match=r"shape is a tuple such as .*, got ndarray"):
        mg.export_onnx(model, np.ones((1, 3)), path)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"the model comes first .* got tuple"):
        mg.export_onnx((1, 3), model, path)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="linear") as caught:
        mg.export_onnx(model, (1, 4), path)
    assert any("a batch of 2 is tried" in note for note in caught.value.__notes__)
    with pytest.raises(FileNotFoundError, match="export_onnx: there is no folder"):
        mg.export_onnx(model, (1, 3), tmp_path / "nowhere" / "f.onnx")
    assert not list(tmp_path.iterdir())


def test_without_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r'pip install "minigrad\[onnx\]"'):
        mg.export_onnx(nn.Linear(3, 2), (1, 3), tmp_path / "f.onnx")


def test_importing_minigrad_imports_no_onnx():
    code = "import sys, minigrad; assert not {'onnx', 'minigrad.nn', 'minigrad.export.build'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
