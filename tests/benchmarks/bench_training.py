"""Training steps beside PyTorch: forward, backward and an SGD update, in time and in peak memory.

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

RATE = 0.01


def lenet(F: Any, p: list[Any], x: Any) -> Any:  # noqa: N803
    x = F.max_pool2d(F.relu(F.conv2d(x, p[0], p[1])), 2)
    x = F.max_pool2d(F.relu(F.conv2d(x, p[2], p[3])), 2)
    x = F.relu(F.linear(x.reshape(len(x), -1), p[4], p[5]))
    return F.linear(F.relu(F.linear(x, p[6], p[7])), p[8], p[9])


def three_layer(F: Any, p: list[Any], x: Any) -> Any:  # noqa: N803
    x = F.max_pool2d(F.relu(F.conv2d(x, p[0], p[1], padding=3)), 2)
    return F.linear(F.relu(F.linear(x.reshape(len(x), -1), p[2], p[3])), p[4], p[5])


def mlp(F: Any, p: list[Any], x: Any) -> Any:  # noqa: N803
    return F.linear(F.relu(F.linear(F.relu(F.linear(x, p[0], p[1])), p[2], p[3])), p[4], p[5])


# name: the net, the shape of a batch, and the shapes of the weights, each with a bias
ROWS: dict[str, tuple[Callable[..., Any], tuple[int, ...], list[tuple[int, ...]]]] = {
    "LeNet-5, batch 64": (
        lenet, (64, 1, 28, 28), [(6, 1, 5, 5), (16, 6, 5, 5), (120, 256), (84, 120), (10, 84)],
    ),
    "three-layer convnet, batch 50, 3x32x32": (
        three_layer, (50, 3, 32, 32), [(32, 3, 7, 7), (100, 32 * 16 * 16), (10, 100)],
    ),
    "MLP 784-256-128-10, batch 128": (mlp, (128, 784), [(256, 784), (128, 256), (10, 128)]),
}  # fmt: skip


def arrays(row: str) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    _, shape, weights = ROWS[row]
    rng = np.random.default_rng(0)
    parameters = []
    for w in weights:
        parameters += [rng.normal(scale=(2 / np.prod(w[1:])) ** 0.5, size=w).astype(np.float32), np.zeros(w[0], np.float32)]
    return rng.normal(size=shape).astype(np.float32), rng.integers(0, 10, shape[0]), parameters


def our_step(row: str) -> Callable[[], float]:
    import minigrad as mg

    net = ROWS[row][0]
    x, labels, values = arrays(row)
    parameters = [mg.Tensor(v) for v in values]

    def step() -> float:
        loss = mg.cross_entropy(net(mg, parameters, x), labels)
        loss.backward(retain_graph=False)
        for p in parameters:
            p.grad *= RATE
            p.data -= p.grad
            p.grad = None
        return loss.item()

    return step


def torch_step(row: str) -> Callable[[], float]:
    import torch
    import torch.nn.functional as F  # noqa: N812

    torch.set_num_threads(2)
    net = ROWS[row][0]
    x, labels, values = arrays(row)
    batch, targets = torch.tensor(x), torch.tensor(labels)
    parameters = [torch.tensor(v, requires_grad=True) for v in values]

    def step() -> float:
        loss = F.cross_entropy(net(F, parameters, batch), targets)
        loss.backward()
        with torch.no_grad():
            for p in parameters:
                p.add_(p.grad, alpha=-RATE)
                p.grad = None
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
    options = parser.parse_args()
    if options.memory:
        _measure_memory(*options.memory)
        return
    ratios = []
    for row in ROWS:
        steps = {who: make(row) for who, make in STEPS.items()}
        losses = [step() for step in steps.values()]
        assert abs(losses[0] - losses[1]) < 1e-3 * abs(losses[1]), losses
        times = interleaved(steps, 10_000, options.seconds, by=min)
        report(row, times, "ms", 1e3)
        ratios.append(times["minigrad"] / times["torch"])
        print(f"{'':44s} peak memory: " + ", ".join(f"{who} {peak_memory(who, row):.0f} MiB" for who in STEPS))
    print(f"geometric mean of our time over PyTorch's: {geometric_mean(ratios):.2f}")


if __name__ == "__main__":
    main()
