"""Weights that PyTorch saved load into the same architecture, and give what they gave there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch_models import MODELS

import minigrad as mg
from minigrad import nn

FOLDER = Path(__file__).parents[1] / "torch_weights"
OUTPUTS = mg.load(FOLDER / "outputs.safetensors")


def loaded(name: str) -> tuple[nn.Module, dict[str, Any], Any]:
    """The model with PyTorch's weights, these, and its input."""
    build, x, dtype = MODELS[name]
    model, state = build(nn), mg.load(FOLDER / f"{name}.safetensors")
    if dtype == "float64":
        model.double()
    keys = model.load_state_dict(state)
    assert keys == ([], [])
    return model.eval(), state, x if x.dtype.kind == "i" else x.astype(OUTPUTS[name].dtype)


@pytest.mark.parametrize("name", MODELS)
def test_outputs_are_those_of_pytorch(name: str):
    model, _, x = loaded(name)
    tolerance = 1e-12 if OUTPUTS[name].dtype == np.float64 else 1e-5
    found = model(x)
    assert found.dtype == OUTPUTS[name].dtype
    np.testing.assert_allclose(found.data, OUTPUTS[name], rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", MODELS)
def test_the_state_is_the_one_that_was_loaded(name: str, tmp_path: Path):
    model, state, _ = loaded(name)
    again = mg.load(mg.save(model, tmp_path / "again.safetensors"))
    assert set(again) == set(state)
    for key, value in state.items():
        np.testing.assert_array_equal(again[key], value)
        assert (again[key].dtype, again[key].shape) == (value.dtype, value.shape)


def test_the_weights_matter():
    build, x, _ = MODELS["lenet"]
    untrained = build(nn).eval()(x.astype(np.float32))
    assert np.abs(untrained.data - OUTPUTS["lenet"]).max() > 0.01


def test_another_architecture_is_refused_and_nothing_is_changed():
    model = MODELS["resnet"].build(nn)
    before = model.state_dict()
    with pytest.raises(
        ValueError, match=r"load_state_dict: .* missing: .*4\.bn1\.weight.*; unexpected: .*; wrong: .*7\.weight is"
    ):
        model.load_state_dict(mg.load(FOLDER / "lenet.safetensors"))
    for key, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[key])


def test_batch_statistics_come_along():
    model, _, _ = loaded("resnet")
    counts = [v for name, v in model.named_buffers() if name.endswith("num_batches_tracked")]
    assert counts
    assert all(count == 3 for count in counts)
