"""Gradients of functions of NumPy beside autograd and JAX without compiling: time and ratio of every row.

Run with the bench extra installed: python tests/benchmarks/bench_transforms.py [--seconds 3]

The functions are those of tests/functions.py, each library's own NumPy put in place. "plain" is the function itself. The last
rows are ours alone: what batched rows gain in a Jacobian, and what its two directions cost.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from importlib import util
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import numpy as np
from timing import interleaved, report

import minigrad as mg
from minigrad import jacobians

TESTS = Path(__file__).parent.parent


def functions(numpy: ModuleType) -> Any:
    """The functions, with a library's NumPy in place."""
    spec = util.spec_from_file_location("functions_of_" + numpy.__name__, TESTS / "functions.py")
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    vars(module)["np"] = numpy
    return module


Library = tuple[ModuleType, Any, Callable[[Any], Any]]


def libraries() -> dict[str, Library]:
    """For each library its NumPy, its transforms, and what waits for a result."""
    found: dict[str, Library] = {"minigrad": (np, mg, lambda y: y)}
    try:
        import autograd
        import autograd.numpy

        found["autograd"] = (autograd.numpy, autograd, lambda y: y)
    except ImportError as error:
        print(f"autograd is left out: {error}")
    try:
        import jax

        jax.config.update("jax_enable_x64", True)
        found["jax"] = (jax.numpy, jax, jax.block_until_ready)
    except ImportError as error:
        print(f"jax is left out: {error}")
    return found


def contest(title: str, transform: str, name: str, seconds: float, found: dict[str, Library]) -> None:
    """Print one row: a transform of one of the functions, at the arguments the tests use."""
    runs: dict[str, Callable[[], Any]] = {}
    for library, (numpy, transforms, wait) in found.items():
        module = functions(numpy)
        plain, x = getattr(module, name), module.PARAMETERS if name == "network" else module.CASES[name][1]
        f = getattr(transforms, transform)(plain)
        runs[library] = lambda f=f, x=x, wait=wait: wait(f(x))
        if library == "minigrad":
            runs["plain"] = lambda plain=plain, x=x: plain(x)
    report(title, interleaved(runs, 2000, seconds), "us", 1e6)


def bench_rows(seconds: float) -> None:
    """Print what it gains to sweep the rows of a Jacobian together, and both ways to it."""

    def together(numbers: int, forward: float, f: Any, x: Any) -> Callable[[], Any]:
        def run() -> Any:
            with mock.patch.object(jacobians, "TOGETHER", numbers), mock.patch.object(jacobians, "FORWARD", forward):
                return f(x)

        return run

    rosenbrock, rng = functions(np).rosenbrock, np.random.default_rng(0)
    weights = [rng.normal(size=s) / 8 for s in ((64, 64), (64, 64))]
    wide = rng.normal(size=(64, 4))

    def layers(x: Any) -> Any:
        return np.tanh(weights[1] @ np.tanh(weights[0] @ x))

    rows = [
        ("hessian of rosenbrock, 100 numbers", mg.hessian(rosenbrock), rng.normal(size=100)),
        ("jacobian of an elementwise chain, 200 numbers", mg.jacobian(lambda x: np.exp(np.sin(x) * x) + x**2), rng.normal(size=200)),
        ("jacobian of two layers, 64 numbers", mg.jacobian(layers), rng.normal(size=64)),
        ("jacobian of two layers, 4 in, 64 out", mg.jacobian(lambda x: layers(wide @ x)), rng.normal(size=4)),
    ]  # fmt: skip
    for title, f, x in rows:
        runs = {
            "minigrad": lambda f=f, x=x: f(x),
            "one by one": together(0, 1e9, f, x),
            "rows": together(2**16, 1e9, f, x),
            "columns": together(2**16, 0.0, f, x),
        }
        report(title, interleaved(runs, 200, seconds), "ms", 1e3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3, help="how long each contest lasts")
    seconds = parser.parse_args().seconds
    found = libraries()
    for name in ("ten", "rosenbrock", "log_likelihood", "spring", "network"):
        contest(f"value_and_grad of {name}", "value_and_grad", name, seconds, found)
    for name in ("ten", "rosenbrock"):
        contest(f"hessian of {name}", "hessian", name, seconds, found)
    bench_rows(seconds)


if __name__ == "__main__":
    sys.exit(main())
