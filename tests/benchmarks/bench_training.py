"""Training steps beside PyTorch: forward, backward and an update, through nn and optim, in time and in peak memory.

Run with the bench extra installed: python tests/benchmarks/bench_training.py
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from subprocess import PIPE
from typing import Any

import numpy as np
from timing import PAUSE, geometric_mean

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


def gru(nn: Any) -> Any:
    class Reader(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.gru, self.head = nn.GRU(28, 128), nn.Linear(128, 10)

        def forward(self, x: Any) -> Any:
            out, _ = self.gru(x)
            return self.head(out[-1])

    return Reader()


def transformer(nn: Any) -> Any:
    class Classifier(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.TransformerEncoderLayer(128, 4, 256, 0.0, "gelu", batch_first=True)
            self.head = nn.Linear(128, 10)

        def forward(self, x: Any) -> Any:
            return self.head(self.layer(x).mean(1))

    return Classifier()


def small(nn: Any) -> Any:
    return nn.Sequential(nn.Linear(2, 10), nn.Tanh(), nn.Linear(10, 3))


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
# name: the net, the shape of a batch (the LSTM's and the GRU's have time first), and the optimiser
ROWS: dict[str, tuple[Callable[[Any], Any], tuple[int, ...], tuple[str, dict[str, Any]]]] = {
    "LeNet-5, batch 64": (lenet, (64, 1, 28, 28), SGD),
    "LeNet-5, batch 64, Adam": (lenet, (64, 1, 28, 28), ADAM),
    "three-layer convnet, batch 50, 3x32x32": (three_layer, (50, 3, 32, 32), SGD),
    "three-layer convnet, Adam": (three_layer, (50, 3, 32, 32), ADAM),
    "MLP 784-256-128-10, batch 128": (mlp, (128, 784), SGD),
    "MLP 784-256-128-10, Adam": (mlp, (128, 784), ADAM),
    "LSTM 28-128, 28 steps, batch 64": (lstm, (28, 64, 28), SGD),
    "GRU 28-128, 28 steps, batch 64": (gru, (28, 64, 28), SGD),
    "transformer layer 128, 32 words, batch 32": (transformer, (32, 32, 128), SGD),
    "ResNet 16-32-64, batch 32, 3x32x32": (resnet, (32, 3, 32, 32), SGD),
    "network 2-10-3, batch 100": (small, (100, 2), SGD),
}


def batch(row: str) -> tuple[np.ndarray, np.ndarray]:
    shape = ROWS[row][1]
    rng = np.random.default_rng(0)
    images = shape[1] if ROWS[row][0] in (lstm, gru) else shape[0]
    return rng.normal(size=shape).astype(np.float32), rng.integers(0, 3, images)


def weights(model: Any) -> list[np.ndarray]:
    """The same first weights for both libraries."""
    rng = np.random.default_rng(1)
    shapes = [tuple(p.shape) for p in model.parameters()]
    return [(rng.normal(size=s) * (2 / max(1, np.prod(s[1:]))) ** 0.5 if len(s) > 1 else np.ones(s) / 2).astype(np.float32)
            for s in shapes]  # fmt: skip


def our_step(row: str) -> Callable[[], float]:
    import minigrad as mg
    from minigrad.fast import pool

    net, _, (name, settings) = ROWS[row]
    x, labels = batch(row)
    model = net(mg.nn)
    for p, v in zip(model.parameters(), weights(model), strict=True):
        p.data = v
    optimiser = getattr(mg.optim, name)(model.parameters(), **settings)

    def gradients() -> mg.Tensor:
        optimiser.zero_grad()
        loss = mg.cross_entropy(model(x), labels)
        loss.backward(retain_graph=False)
        return loss

    settle = functools.cache(lambda: pool.settle(gradients))  # in the first step, which is not counted

    def step() -> float:
        settle()
        loss = gradients()
        optimiser.step()
        return loss.item()

    return step


def torch_step(row: str) -> Callable[[], float]:
    import torch

    torch.set_num_threads(int(os.environ[THREADS]))
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


THREADS = "MINIGRAD_NUM_THREADS"

# Each contender has a process of its own: waiting threads of one would take time from another. What it runs, and where.
CONTENDERS: dict[str, tuple[Callable[[str], Callable[[], float]], dict[str, str]]] = {
    "fast": (our_step, {"MINIGRAD_FAST": "1"}),
    "NumPy": (our_step, {"MINIGRAD_FAST": "0"}),
    "torch": (torch_step, {}),
}


class Contender:
    """A process that does steps when it is told to, and says how long they took."""

    def __init__(self, who: str, row: str, threads: int) -> None:
        bounds = dict.fromkeys((THREADS, "OPENBLAS_NUM_THREADS"), str(threads))
        environment = {k: v for k, v in os.environ.items() if k != "OPENBLAS_CORETYPE"} | CONTENDERS[who][1] | bounds
        command = [sys.executable, __file__, "--serve", who, row]
        process = subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True, env=environment)
        self.stdin: Any = process.stdin
        self.stdout: Any = process.stdout
        self.losses = [self.ask()["loss"] for _ in range(3)]
        self.wall: list[float] = []
        self.cpu: list[float] = []

    def ask(self) -> dict[str, float]:
        print(file=self.stdin, flush=True)
        return json.loads(self.stdout.readline())

    def turn(self) -> None:
        self.ask()  # not counted: the caches are another's
        for _ in range(3):
            times = self.ask()
            self.wall.append(times["wall"])
            self.cpu.append(times["cpu"])

    def end(self) -> float:
        """End the process; the MiB that it needed at its peak over what it held before the first step."""
        self.stdin.close()
        return json.loads(self.stdout.readline())["peak"]


def _serve(who: str, row: str) -> None:
    step = CONTENDERS[who][0](row)
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak of importing
    before = _resident("VmRSS")
    for _ in sys.stdin:
        cpu, wall = time.process_time(), time.perf_counter()
        loss = step()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(json.dumps({"loss": loss, "wall": wall, "cpu": cpu}), flush=True)
    print(json.dumps({"peak": _resident("VmHWM") - before}))


def _resident(field: str) -> float:
    """A line of what Linux knows of this process's memory, in MiB."""
    return int(re.findall(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text())[0]) / 1024


def compare(row: str, seconds: float, threads: int) -> dict[str, Contender]:
    """All contenders' times for a row, in turns."""
    contenders = {who: Contender(who, row, threads) for who in CONTENDERS}
    for other in contenders.values():
        np.testing.assert_allclose(other.losses, contenders["torch"].losses, rtol=2e-3)
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for contender in contenders.values():
            contender.turn()
            time.sleep(PAUSE)
    return contenders


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", nargs=2, metavar=("WHO", "ROW"), help="be one contender")
    parser.add_argument("--seconds", type=float, default=20, help="how long each row may take")
    parser.add_argument("--threads", type=int, default=2, help="of every contender")
    parser.add_argument("--only", default="", help="rows whose names hold this")
    options = parser.parse_args()
    if options.serve:
        _serve(*options.serve)
        return
    print("ms a step: shortest, median, shortest CPU time; in brackets over torch's. MiB: peak memory")
    ratios: dict[str, list[float]] = {who: [] for who in CONTENDERS}
    for row in ROWS:
        if options.only not in row:
            continue
        print(row)
        contenders = compare(row, options.seconds, options.threads)
        best = [f(times) for times in (contenders["torch"].wall, contenders["torch"].cpu) for f in (min, median)]
        for who, contender in contenders.items():
            ours = [f(times) for times in (contender.wall, contender.cpu) for f in (min, median)]
            ratios[who].append(ours[0] / best[0])
            parts = [f"{1e3 * t:8.2f} ({t / b:.2f})" for t, b in zip(ours[:3], best[:3], strict=True)]
            print(f"  {who:6s} {'  '.join(parts)}  {contender.end():5.0f} MiB", flush=True)
    for who in ("fast", "NumPy"):
        print(f"geometric mean of {who} over torch: {geometric_mean(ratios[who]):.2f}")


if __name__ == "__main__":
    main()
