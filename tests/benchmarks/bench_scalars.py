"""A network built of single numbers, in minigrad and its peers, each in a process of its own.

The mean over many runs counts, for the cycle collector's work is part of what a library costs.
Run with the bench extra installed: python tests/benchmarks/bench_scalars.py
"""

from __future__ import annotations

import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

from timing import report


def scalar_mlp(value: Callable[[float], Any]) -> tuple[Callable[[], Any], int]:
    """An MLP 2-16-16-1 built of single numbers: a function that runs forward and backward, and how many operations it has."""
    rng = random.Random(0)
    sizes = (2, 16, 16, 1)
    layers = [[([value(rng.uniform(-1, 1)) for _ in range(n)], value(0.1)) for _ in range(m)] for n, m in pairwise(sizes)]
    inputs = [value(1.0), value(-2.0)]
    count = sum(m * 2 * n + (m if m > 1 else 0) for n, m in pairwise(sizes))

    def run() -> Any:
        x = inputs
        for layer in layers:
            out = []
            for weights, bias in layer:
                total = bias
                for w, v in zip(weights, x, strict=True):
                    total = total + w * v
                out.append(total if len(layer) == 1 else total.relu())
            x = out
        x[0].backward()
        return x[0]

    return run, count


def maker(name: str) -> Callable[[float], Any]:
    """How a library makes a scalar. Nothing is imported but that library."""
    if name == "minigrad":
        from minigrad import Tensor

        return Tensor
    if name == "micrograd":
        from micrograd.engine import Value

        return Value  # type: ignore[no-any-return]
    if name == "torch":
        import torch

        torch.set_num_threads(2)
        return lambda v: torch.tensor(v, dtype=torch.float64, requires_grad=True)
    import mygrad

    mygrad.Tensor.relu = mygrad.nnet.relu
    return mygrad.tensor  # type: ignore[no-any-return]


def measure(name: str) -> None:
    """In a process of its own: print the mean time of an operation, in ns."""
    run, count = scalar_mlp(maker(name))
    runs = 40 if name == "mygrad" else 400
    for timed in (runs // 10, runs):
        start = time.perf_counter()
        for _ in range(timed):
            run()
        mean = (time.perf_counter() - start) / timed / count
    print(mean * 1e9)


def main() -> None:
    if len(sys.argv) > 1:
        measure(sys.argv[1])
        return
    names = [name for name in ("minigrad", "micrograd", "torch", "mygrad") if find_spec(name)]
    times: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(7):
        for name in names:
            done = subprocess.run([sys.executable, __file__, name], check=True, capture_output=True, text=True)
            times[name].append(float(done.stdout))
    report("scalar MLP 2-16-16-1, fwd + bwd", {name: statistics.median(t) for name, t in times.items()}, "ns an op", 1)


if __name__ == "__main__":
    main()
