"""Make the files in tests/torch_weights: what PyTorch saves of models that it trained a little, and what they then give.

    pip install "minigrad[bench,safetensors]"
    python tests/make_torch_weights.py tests/torch_weights

A model's file holds its `state_dict` and nothing else. `outputs.safetensors` holds the outputs after training, in float32, or in
float64 where the weights are.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch_models import MODELS


def main(folder: str) -> None:
    outputs = {}
    for seed, (name, (build, x, dtype)) in enumerate(MODELS.items()):
        torch.manual_seed(seed)
        precision = torch.float64 if dtype == "float64" else torch.float32
        model = build(torch.nn).to(precision)
        x = torch.tensor(x) if x.dtype.kind == "i" else torch.tensor(x, dtype=precision)
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        for _ in range(3):
            optimizer.zero_grad()
            model(x).square().mean().backward()
            optimizer.step()
        model.to(getattr(torch, dtype))
        save_file(model.state_dict(), Path(folder, f"{name}.safetensors"))
        with torch.no_grad():
            outputs[name] = model.to(precision).eval()(x)
    save_file(outputs, Path(folder, "outputs.safetensors"))


if __name__ == "__main__":
    main(*sys.argv[1:])
