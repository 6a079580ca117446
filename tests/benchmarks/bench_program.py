"""Compiled functions beside the same without compiling, beside autograd and JAX: scalars, small arrays, tracing.

Run with the bench extra installed: python tests/benchmarks/bench_program.py [--seconds 3]

"plain" is the function itself, without a gradient. The scalar network is that of bench_scalars.py.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from bench_transforms import functions, libraries
from timing import interleaved, report

import minigrad as mg


def scalar_network() -> tuple[Callable[..., Any], Any, int]:
    """An MLP 2-16-16-1 of single numbers, its parameters, and how many operations it has."""
    rng, sizes = random.Random(0), (2, 16, 16, 1)
    parameters = [[([rng.uniform(-1, 1) for _ in range(n)], 0.1) for _ in range(m)] for n, m in pairwise(sizes)]

    def network(parameters: Any, x: Any) -> Any:
        for layer in parameters:
            out = []
            for weights, total in layer:
                for w, v in zip(weights, x, strict=True):
                    total = total + w * v
                out.append(total if len(layer) == 1 else mg.relu(total))
            x = out
        return x[0]

    return network, parameters, sum(m * 2 * n + (m if m > 1 else 0) for n, m in pairwise(sizes))


def bench_scalars(seconds: float) -> None:
    """Print the time of an operation, forward and backward."""
    network, parameters, count = scalar_network()
    eager = mg.value_and_grad(network)
    compiled = mg.compile(eager)
    x = [1.0, -2.0]
    runs = {"minigrad": lambda: compiled(parameters, x), "eager": lambda: eager(parameters, x)}
    report("scalar MLP 2-16-16-1, an operation", interleaved(runs, 400, seconds), "ns", 1e9 / count)


def bench_networks(seconds: float) -> None:
    """Print the time of the value and four gradients of small networks of arrays."""

    def loss(p: Any, x: Any, y: Any) -> Any:
        return np.mean((np.tanh(x @ p[0] + p[1]) @ p[2] + p[3] - y) ** 2)

    rng = np.random.default_rng(0)
    for batch, width in ((1, 10), (32, 64), (128, 256)):
        x, y = rng.normal(size=(batch, 20)), rng.normal(size=(batch, 1))
        p = [rng.normal(size=(20, width)), np.zeros(width), rng.normal(size=(width, 1)), np.zeros(1)]
        eager = mg.value_and_grad(loss)
        compiled = mg.compile(eager)
        runs = {
            "minigrad": lambda compiled=compiled, p=p, x=x, y=y: compiled(p, x, y),
            "eager": lambda eager=eager, p=p, x=x, y=y: eager(p, x, y),
            "plain": lambda p=p, x=x, y=y: loss(p, x, y),
        }
        report(f"MLP of arrays, {batch} x 20 -> {width}", interleaved(runs, 2000, seconds), "us", 1e6)


def bench_functions(seconds: float) -> None:
    """Print the gradients of the functions of bench_transforms.py, compiled."""
    found = libraries()
    for name in ("ten", "rosenbrock", "log_likelihood", "spring", "network"):
        module = functions(np)
        f, x = getattr(module, name), module.PARAMETERS if name == "network" else module.CASES[name][1]
        eager = mg.value_and_grad(f)
        compiled = mg.compile(eager)
        runs = {"minigrad": lambda: compiled(x), "plain": lambda: f(x), "eager": lambda: eager(x)}  # noqa: B023
        for library, (numpy, transforms, wait) in found.items():
            if library == "minigrad":
                continue
            other = transforms.value_and_grad(getattr(functions(numpy), name))
            if library == "jax":
                library, other = "jax.jit", transforms.jit(other)
            runs[library] = lambda other=other, wait=wait: wait(other(x))  # noqa: B023
        report(f"compiled value_and_grad of {name}", interleaved(runs, 2000, seconds), "us", 1e6)


def bench_tracing() -> None:
    """Print what the first call costs, in calls without compiling, and how long a program of 100,000 steps takes."""
    module = functions(np)
    for name in ("ten", "rosenbrock", "log_likelihood", "network"):
        f, x = getattr(module, name), module.PARAMETERS if name == "network" else module.CASES[name][1]
        eager = mg.value_and_grad(f)
        compiled = mg.compile(eager)
        eager(x)
        start = time.perf_counter()
        for _ in range(10):
            eager(x)
        one = (time.perf_counter() - start) / 10
        start = time.perf_counter()
        compiled(x)
        print(f"first call of {name}: {(time.perf_counter() - start) / one:.0f} calls without compiling")

    def chain(x: Any) -> Any:
        y = x
        for i in range(25_000):
            y = y * 0.5 + x * float(i)
        return y

    compiled = mg.compile(mg.value_and_grad(chain))
    start = time.perf_counter()
    compiled(1.0)
    first = time.perf_counter() - start
    start = time.perf_counter()
    compiled(2.0)
    print(
        f"program of {len(compiled.program.steps):,} steps: first call {first:.1f} s, then {time.perf_counter() - start:.3f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3, help="how long each contest lasts")
    seconds = parser.parse_args().seconds
    bench_scalars(seconds)
    bench_networks(seconds)
    bench_functions(seconds)
    bench_tracing()


if __name__ == "__main__":
    sys.exit(main())
