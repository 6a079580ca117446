"""Make tests/torch_numbers.py: what PyTorch gives for the cases of `torch_cases.py`.

pip install "minigrad[bench]"
python tests/make_torch_numbers.py > tests/torch_numbers.py
"""

from __future__ import annotations

from pprint import pformat
from typing import Any

import torch
from torch_cases import ATTENTION, FUNCTIONS, LAYERS, LOSSES, TRANSFORMERS, flat, probe, wave


def digits(array: Any) -> list[float]:
    return [float(f"{v:.14g}") for v in probe(array.detach().numpy())]


def run(model: Any, inputs: list[Any], **call: Any) -> dict[str, list[float]]:
    model.double()
    with torch.no_grad():
        for k, p in enumerate(model.parameters()):
            p.copy_(torch.tensor(wave(tuple(p.shape), k + 1.0)))
    tensors = [torch.tensor(x, requires_grad=True) for x in inputs]
    call = {name: torch.tensor(v) if hasattr(v, "shape") else v for name, v in call.items()}
    outs = flat(model(*tensors, **call))
    sum((out * torch.tensor(wave(tuple(out.shape), 0.5 + j))).sum() for j, out in enumerate(outs)).backward()
    found = {f"out {j}": digits(out) for j, out in enumerate(outs)}
    found |= {f"input {j}": digits(x.grad) for j, x in enumerate(tensors)}
    found |= {name: digits(p.grad) for name, p in model.named_parameters()}
    return found | {name: digits(v) for name, v in model.named_buffers() if "weight" not in name}


def main() -> None:
    numbers = {}
    for case, (kind, args, options, shape) in LAYERS.items():
        model, x = getattr(torch.nn, kind)(*args, **options), wave(shape, 0.1)
        numbers[case] = run(model, [x])
        if list(model.buffers()):
            numbers[case]["eval"] = digits(model.eval()(torch.tensor(x)))
    for case, (args, options, shapes, call) in ATTENTION.items():
        model = torch.nn.MultiheadAttention(*args, **options)
        numbers["attention " + case] = run(model, [wave(s, 0.1 * (j + 1)) for j, s in enumerate(shapes)], **call)
    for case, (kind, args, options, shapes, call) in TRANSFORMERS.items():
        model = getattr(torch.nn, kind)(*args, **options)
        numbers["transformer " + case] = run(model, [wave(s, 0.1 * (j + 1)) for j, s in enumerate(shapes)], **call)
    for case, (kind, options, others) in LOSSES.items():
        options = {name: torch.tensor(v, dtype=torch.float64) if isinstance(v, list) else v for name, v in options.items()}
        model = getattr(torch.nn, kind)(**options)
        loss = lambda x, model=model, others=others: model(x, *map(torch.tensor, others))  # noqa: E731
        x = torch.tensor(wave((4, 3), 0.1), requires_grad=True)
        out = loss(x)
        (out * torch.tensor(wave(tuple(out.shape), 0.5))).sum().backward()
        numbers["loss " + case] = {"out 0": digits(out), "input 0": digits(x.grad)}
    for case, (name, options, shape) in FUNCTIONS.items():
        x = torch.tensor(wave(shape, 0.1), requires_grad=True)
        out = getattr(torch.nn.functional, name)(x, **options)
        (out * torch.tensor(wave(tuple(out.shape), 0.5))).sum().backward()
        numbers[case] = {"out 0": digits(out), "input 0": digits(x.grad)}
    version = ".".join(torch.__version__.split(".")[:2])
    print(f'"""What PyTorch {version} gives for the cases of `torch_cases.py` in float64: the probes of each array."""')
    print(f"\n# fmt: off\nNUMBERS = {pformat(numbers, sort_dicts=False, width=125)}\n# fmt: on")


if __name__ == "__main__":
    main()
