"""The engine beside PyTorch: small tensors, memory, a million ops, import time. Scalar graphs: bench_scalars.py.

Run with the bench extra installed: python tests/benchmarks/bench_engine.py
"""

from __future__ import annotations

import gc
import os
import resource
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from timing import interleaved, report

import minigrad as mg
from minigrad import Tensor


def optional(name: str) -> Any:
    """A peer, or None if it is not installed."""
    try:
        return __import__(name)
    except ImportError:
        print(f"{name} is not installed; its column is missing")
        return None


torch = optional("torch")
if torch:
    torch.set_num_threads(2)


def bench_small_tensors() -> None:
    for n in (1, 10, 100, 1000):
        data = np.linspace(0.5, 1.5, n).astype(np.float32)

        def ours(data: Any = data) -> None:
            x = Tensor(data)
            y = x
            for _ in range(5):
                y = mg.tanh(y * x + 0.5)
            y.sum().backward(retain_graph=False)

        def theirs(data: Any = data) -> None:
            x = torch.tensor(data, requires_grad=True)
            y = x
            for _ in range(5):
                y = torch.tanh(y * x + 0.5)
            y.sum().backward()

        contenders = {"minigrad": ours} | ({"torch": theirs} if torch else {})
        report(f"elementwise chain, {n} numbers, fwd + bwd", interleaved(contenders, 2000, 5), "us an op", 1e6 / 16)


def bench_mlp_step() -> None:
    rng = np.random.default_rng(0)
    sizes = (784, 256, 128, 10)
    x, labels = rng.normal(size=(128, 784)).astype(np.float32), rng.integers(0, 10, 128)
    weights = [(rng.normal(size=(n, m)) * (2 / n) ** 0.5).astype(np.float32) for n, m in pairwise(sizes)]

    def stepper(tensor: Callable[[Any], Any], m: Any) -> Callable[[], None]:
        parameters = [(tensor(w), tensor(np.zeros(w.shape[1], np.float32))) for w in weights]
        rows = np.arange(128)
        batch = x if m is mg else torch.tensor(x)

        def step() -> None:
            h = batch
            for i, (w, b) in enumerate(parameters):
                h = h @ w + b
                h = m.relu(h) if i < 2 else h
            loss = -m.log_softmax(h, 1)[rows, labels].mean()
            if m is mg:
                loss.backward(retain_graph=False)
                for p in (p for pair in parameters for p in pair):
                    p.data -= np.float32(0.01) * p.grad
                    p.grad = None
            else:
                loss.backward()
                with torch.no_grad():
                    for p in (p for pair in parameters for p in pair):
                        p -= 0.01 * p.grad
                        p.grad = None

        return step

    contenders = {"minigrad": stepper(Tensor, mg)}
    if torch:
        contenders["torch"] = stepper(lambda a: torch.tensor(a, requires_grad=True), torch)
    report("MLP 784-256-128-10 step, batch 128", interleaved(contenders, 300, 20), "ms", 1e3)


def bench_memory() -> None:
    x = Tensor(0.5)
    gc.collect()
    for label, sweep in (("forward", False), ("forward + backward, gradients kept", True)):
        tracemalloc.start()
        y = x
        for _ in range(20_000):
            y = y * x
            y = y + x
        if sweep:
            y.backward()
        bytes_held, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        print(f"{'bytes a node, ' + label:44s} {bytes_held / 40_000:.0f}")
        del y


def bench_chain() -> None:
    seconds = []
    for n in (10_000, 100_000, 1_000_000):
        start = time.perf_counter()
        y = x = Tensor(1.0)
        for _ in range(n):
            y = y + 1.0
        built = time.perf_counter()
        y.backward()
        swept = time.perf_counter()
        del y
        freed = time.perf_counter()
        seconds.append((freed - start) / n)
        print(
            f"{f'chain of {n:,} ops':44s} build {(built - start) / n * 1e9:.0f}, sweep {(swept - built) / n * 1e9:.0f}, "
            f"free {(freed - swept) / n * 1e9:.0f} ns an op; gradient {x.grad}"
        )
    print(f"{'peak memory so far':44s} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


def bench_import() -> None:
    compiled = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}  # once, as installed packages are

    def once(statement: str) -> Callable[[], object]:
        return lambda: subprocess.run([sys.executable, "-c", statement], check=True, env=compiled)

    times = interleaved({"minigrad": once("import minigrad"), "numpy": once("import numpy"), "nothing": once("")}, 21, 60)
    ours, numpy = (times[name] - times["nothing"] for name in ("minigrad", "numpy"))
    print(f"{'import':44s} minigrad {ours * 1e3:.0f} ms, numpy {numpy * 1e3:.0f} ms: {ours / numpy:.2f}x")


if __name__ == "__main__":
    print(f"Python {sys.version.split()[0]}, NumPy {np.__version__}" + (f", PyTorch {torch.__version__}" if torch else ""))
    bench_small_tensors()
    bench_mlp_step()
    bench_memory()
    bench_chain()
    bench_import()
