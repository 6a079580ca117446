"""Logistic regression on all of a 160 MB array at once: time and peak memory of a step, also of other checkouts.

    python tests/benchmarks/bench_large.py                       # this checkout
    python tests/benchmarks/bench_large.py v0.1.0=../minigrad-0.1.0   # and others beside it, by name and folder

Each measurement is a process of its own; the checkouts take turns, and the best of all rounds counts.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from timing import report

EXAMPLES, FEATURES = 20_000, 1_000
STEPS = 10


def backward_step(x: np.ndarray, labels: np.ndarray) -> Callable[[], float]:
    """A leaf that is updated in place."""
    import minigrad as mg

    w = mg.Tensor(np.zeros(FEATURES))

    def step() -> float:
        z = x @ w
        loss = mg.mean(mg.softplus(z) - labels * z)
        w.grad = None
        loss.backward(retain_graph=False)
        with mg.no_grad():
            w.data = w.data - 0.1 * w.grad
        return loss.item()

    return step


def transform_step(x: np.ndarray, labels: np.ndarray) -> Callable[[], float]:
    """The gradient of a function."""
    import minigrad as mg

    def loss(w: mg.Tensor) -> mg.Tensor:
        z = x @ w
        return mg.mean(mg.softplus(z) - labels * z)

    of, w = mg.value_and_grad(loss), np.zeros(FEATURES)

    def step() -> float:
        nonlocal w
        value, gradient = of(w)
        w = w - 0.1 * gradient
        return float(value)

    return step


WAYS = {"backward": backward_step, "value_and_grad": transform_step}


def _resident(field: str) -> float:
    """A line of what Linux knows of this process's memory, in MiB."""
    return int(re.findall(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text())[0]) / 1024


def _measure(way: str) -> None:
    """Print the loss after ten steps, the best time of a step, and the memory at its peak over that of the data."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(EXAMPLES, FEATURES))
    labels = (x[:, 0] > 0).astype(float)
    step = WAYS[way](x, labels)
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak of importing
    before, times, loss = _resident("VmRSS"), [], 0.0
    for _ in range(STEPS):
        start = time.perf_counter()
        loss = step()
        times.append(time.perf_counter() - start)
    print(loss, min(times), _resident("VmHWM") - before)


def measured(folder: Path, way: str) -> tuple[float, float, float]:
    """The loss, the time and the memory, in a process of its own that finds minigrad in a folder."""
    found = subprocess.run(
        [sys.executable, __file__, "--measure", way],
        env={**os.environ, "PYTHONPATH": str(folder.resolve())},
        check=True,
        capture_output=True,
        text=True,
    )
    loss, seconds, memory = map(float, found.stdout.split())
    return loss, seconds, memory


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("others", nargs="*", metavar="NAME=FOLDER", help="checkouts to compare with")
    parser.add_argument("--rounds", type=int, default=5, help="how often each checkout has its turn")
    parser.add_argument("--measure", choices=WAYS, help="measure in this process")
    options = parser.parse_args()
    if options.measure:
        _measure(options.measure)
        return
    folders = {"minigrad": Path(__file__).parents[2], **{k: Path(v) for k, v in (x.split("=") for x in options.others)}}
    for folder in folders.values():
        if not (folder / "minigrad").is_dir():
            parser.error(f"{folder} does not hold a folder minigrad")
    for way in WAYS:
        rounds = [{name: measured(folder, way) for name, folder in folders.items()} for _ in range(options.rounds)]
        losses = [found[0] for each in rounds for found in each.values()]
        np.testing.assert_allclose(losses, losses[0], rtol=1e-10)
        for i, unit, scale in ((1, "ms", 1e3), (2, "MiB", 1.0)):
            report(f"{way}, {unit}", {name: min(each[name][i] for each in rounds) for name in folders}, unit, scale)


if __name__ == "__main__":
    main()
