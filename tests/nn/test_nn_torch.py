"""Every layer's outputs, gradients and buffers are PyTorch's, recorded as literals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from torch_cases import ATTENTION, FUNCTIONS, LAYERS, LOSSES, TRANSFORMERS, flat, probe, wave
from torch_numbers import NUMBERS

from minigrad import Tensor, nn


def run(model: nn.Module, inputs: list[Any], **call: Any) -> dict[str, list[float]]:
    model.double()
    for k, p in enumerate(model.parameters()):
        p.data = wave(p.shape, k + 1.0)
    tensors = [Tensor(x) for x in inputs]
    outs = flat(model(*tensors, **call))
    sum((out * wave(out.shape, 0.5 + j)).sum() for j, out in enumerate(outs)).backward()
    found = {f"out {j}": probe(out.data) for j, out in enumerate(outs)}
    found |= {f"input {j}": probe(x.grad) for j, x in enumerate(tensors)}
    found |= {name: probe(p.grad) for name, p in model.named_parameters()}
    return found | {name: probe(v) for name, v in model.named_buffers()}


def compare(found: dict[str, list[float]], expected: dict[str, list[float]]):
    assert list(found) == list(expected)  # PyTorch's names, in PyTorch's order
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-11, atol=1e-11, err_msg=name)


@pytest.mark.parametrize("case", LAYERS)
def test_layer(case: str):
    kind, args, options, shape = LAYERS[case]
    model = getattr(nn, kind)(*args, **options)
    x = wave(shape, 0.1)
    found = run(model, [x])
    if list(model.buffers()):
        found["eval"] = probe(model.eval()(x).data)
    compare(found, NUMBERS[case])


@pytest.mark.parametrize("case", ATTENTION)
def test_attention(case: str):
    args, options, shapes, call = ATTENTION[case]
    found = run(nn.MultiheadAttention(*args, **options), [wave(s, 0.1 * (j + 1)) for j, s in enumerate(shapes)], **call)
    compare(found, NUMBERS["attention " + case])


@pytest.mark.parametrize("case", TRANSFORMERS)
def test_transformer(case: str):
    kind, args, options, shapes, call = TRANSFORMERS[case]
    model = getattr(nn, kind)(*args, **options)
    found = run(model, [wave(s, 0.1 * (j + 1)) for j, s in enumerate(shapes)], **call)
    compare(found, NUMBERS["transformer " + case])


@pytest.mark.parametrize("case", LOSSES)
def test_loss(case: str):
    kind, options, others = LOSSES[case]
    x = Tensor(wave((4, 3), 0.1))
    out = getattr(nn, kind)(**options)(x, *others)
    (out * wave(out.shape, 0.5)).sum().backward()
    compare({"out 0": probe(out.data), "input 0": probe(x.grad)}, NUMBERS["loss " + case])


@pytest.mark.parametrize("case", FUNCTIONS)
def test_function(case: str):
    name, options, shape = FUNCTIONS[case]
    x = Tensor(wave(shape, 0.1))
    out = getattr(nn.functional, name)(x, **options)
    (out * wave(out.shape, 0.5)).sum().backward()
    compare({"out 0": probe(out.data), "input 0": probe(x.grad)}, NUMBERS[case])


def test_every_recorded_number_is_compared():
    named = {"attention ": ATTENTION, "transformer ": TRANSFORMERS, "loss ": LOSSES}
    assert set(NUMBERS) == {*LAYERS, *FUNCTIONS, *(kind + case for kind, cases in named.items() for case in cases)}
