"""Every layer's outputs, gradients and buffers are PyTorch's, recorded as literals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from torch_cases import ATTENTION, LAYERS, flat, probe, wave
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
    found = run(nn.MultiHeadAttention(*args, **options), [wave(s, 0.1 * (j + 1)) for j, s in enumerate(shapes)], **call)
    compare(found, NUMBERS["attention " + case])


def test_every_recorded_number_is_compared():
    assert set(NUMBERS) == {*LAYERS, *("attention " + case for case in ATTENTION)}
