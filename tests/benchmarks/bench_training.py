"""Training steps beside PyTorch: forward, backward and an update, through nn and optim, in time and in peak memory.

Run with the bench extra installed: python tests/benchmarks/bench_training.py
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from timing import geometric_mean, interleaved, report

# A net is written once, for a library's `nn`, which is minigrad's or PyTorch's; and so are its parts that both lack.


def lenet(nn: Any) -> Any:
    return nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(256, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )  # fmt: skip


def three_layer(nn: Any) -> Any:
    return nn.Sequential(
        nn.Conv2d(3, 32, 7, padding=3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(32 * 16 * 16, 100), nn.ReLU(),
        nn.Linear(100, 10),
    )  # fmt: skip


def mlp(nn: Any) -> Any:
    return nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10))


def lstm(nn: Any) -> Any:
    class Reader(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.lstm, self.head = nn.LSTM(28, 128), nn.Linear(128, 10)

        def forward(self, x: Any) -> Any:
            out, _ = self.lstm(x)
            return self.head(out[-1])

    return Reader()


def resnet(nn: Any) -> Any:
    class Residual(nn.Module):  # type: ignore[misc]
        def __init__(self, block: Any, shortcut: Any) -> None:
            super().__init__()
            self.block, self.shortcut = block, shortcut

        def forward(self, x: Any) -> Any:
            return self.shortcut(x) + self.block(x)

    def block(c: int, f: int, stride: int) -> list[Any]:
        body = nn.Sequential(
            nn.Conv2d(c, f, 3, stride, 1, bias=False), nn.BatchNorm2d(f), nn.ReLU(),
            nn.Conv2d(f, f, 3, 1, 1, bias=False), nn.BatchNorm2d(f),
        )  # fmt: skip
        same = nn.Identity() if c == f else nn.Sequential(nn.Conv2d(c, f, 1, stride, bias=False), nn.BatchNorm2d(f))
        return [Residual(body, same), nn.ReLU()]

    return nn.Sequential(
        nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), *block(16, 16, 1), *block(16, 32, 2),
        *block(32, 64, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10),
    )  # fmt: skip


SGD = ("SGD", {"lr": 0.01})
ADAM = ("Adam", {"lr": 0.001})
# name: the net, the shape of a batch (the LSTM's has time first), and the optimiser
ROWS: dict[str, tuple[Callable[[Any], Any], tuple[int, ...], tuple[str, dict[str, Any]]]] = {
    "LeNet-5, batch 64": (lenet, (64, 1, 28, 28), SGD),
    "LeNet-5, batch 64, Adam": (lenet, (64, 1, 28, 28), ADAM),
    "three-layer convnet, batch 50, 3x32x32": (three_layer, (50, 3, 32, 32), SGD),
    "three-layer convnet, Adam": (three_layer, (50, 3, 32, 32), ADAM),
    "MLP 784-256-128-10, batch 128": (mlp, (128, 784), SGD),
    "MLP 784-256-128-10, Adam": (mlp, (128, 784), ADAM),
    "LSTM 28-128, 28 steps, batch 64": (lstm, (28, 64, 28), SGD),
    "ResNet 16-32-64, batch 32, 3x32x32": (resnet, (32, 3, 32, 32), SGD),
}


def batch(row: str) -> tuple[np.ndarray, np.ndarray]:
    shape = ROWS[row][1]
    rng = np.random.default_rng(0)
    return rng.normal(size=shape).astype(np.float32), rng.integers(0, 10, 64 if "LSTM" in row else shape[0])


def weights(model: Any) -> list[np.ndarray]:
    """The same first weights for both libraries."""
    rng = np.random.default_rng(1)
    shapes = [tuple(p.shape) for p in model.parameters()]
    return [(rng.normal(size=s) * (2 / max(1, np.prod(s[1:]))) ** 0.5 if len(s) > 1 else np.ones(s) / 2).astype(np.float32)
            for s in shapes]  # fmt: skip


def our_step(row: str) -> Callable[[], float]:
    import minigrad as mg

    net, _, (name, settings) = ROWS[row]
    x, labels = batch(row)
    model = net(mg.nn)
    for p, v in zip(model.parameters(), weights(model), strict=True):
        p.data = v
    optimiser = getattr(mg.optim, name)(model.parameters(), **settings)

    def step() -> float:
        optimiser.zero_grad()
        loss = mg.cross_entropy(model(x), labels)
        loss.backward(retain_graph=False)
        optimiser.step()
        return loss.item()

    return step


def torch_step(row: str) -> Callable[[], float]:
    import torch

    torch.set_num_threads(2)
    net, _, (name, settings) = ROWS[row]
    x, labels = (torch.tensor(v) for v in batch(row))
    model = net(torch.nn)
    with torch.no_grad():
        for p, v in zip(model.parameters(), weights(model), strict=True):
            p.copy_(torch.tensor(v))
    optimiser = getattr(torch.optim, name)(model.parameters(), **settings)

    def step() -> float:
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), labels)
        loss.backward()
        optimiser.step()
        return float(loss.detach())

    return step


STEPS = {"minigrad": our_step, "torch": torch_step}


def peak_memory(who: str, row: str) -> float:
    """MiB that a process of its own needs for ten steps at its peak, over what it holds before the first."""
    command = [sys.executable, __file__, "--memory", who, row]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _resident(field: str) -> float:
    """A line of what Linux knows of this process's memory, in MiB."""
    return int(re.findall(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text())[0]) / 1024


def _measure_memory(who: str, row: str) -> None:
    step = STEPS[who](row)
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak of importing
    before = _resident("VmRSS")
    for _ in range(10):
        step()
    print(_resident("VmHWM") - before)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memory", nargs=2, metavar=("WHO", "ROW"), help="measure one process and print MiB")
    parser.add_argument("--seconds", type=float, default=20, help="how long each row may take")
    parser.add_argument("--only", default="", help="rows whose names hold this")
    options = parser.parse_args()
    if options.memory:
        _measure_memory(*options.memory)
        return
    ratios = []
    for row in ROWS:
        if options.only not in row:
            continue
        steps = {who: make(row) for who, make in STEPS.items()}
        losses = [[step() for _ in range(3)] for step in steps.values()]
        np.testing.assert_allclose(*losses, rtol=2e-3)
        times = interleaved(steps, 10_000, options.seconds, by=min)
        report(row, times, "ms", 1e3)
        ratios.append(times["minigrad"] / times["torch"])
        print(f"{'':44s} peak memory: " + ", ".join(f"{who} {peak_memory(who, row):.0f} MiB" for who in STEPS))
    print(f"geometric mean of our time over PyTorch's: {geometric_mean(ratios):.2f}")


if __name__ == "__main__":
    main()
