"""Convolutions beside PyTorch on 2 threads and the peers on NumPy: time, ratio and peak memory of every row.

Run with the bench extra installed: python tests/benchmarks/bench_conv.py [--rows conv2d] [--seconds 2] [--memory]

Contenders take turns, so that a noisy machine is noisy for all. Libraries leave their worker threads spinning for a while, to
the loss of whoever comes next; so each turn is a pause, a run that is not counted, and one that is. The best counts.
Peak memory is the growth of the resident set of a child process, beyond the inputs, as one library runs the row (on Linux).
"""

from __future__ import annotations

import argparse
import math
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from timing import geometric_mean, interleaved, report

from minigrad import Tensor, no_grad, ops


class Row(NamedTuple):
    function: str
    x: tuple[int, ...]
    weight: tuple[int, ...]
    options: dict[str, int]
    counts: bool = True  # in the geometric mean

    def __str__(self) -> str:
        how = "".join(f" {name} {value}" for name, value in self.options.items())
        return f"{self.function} {'x'.join(map(str, self.x))} * {'x'.join(map(str, self.weight))}{how}"

    def arrays(self) -> list[Any]:
        rng = np.random.default_rng(0)
        filters = self.weight[1 if "transpose" in self.function else 0]
        return [rng.standard_normal(shape, dtype=np.float32) for shape in (self.x, self.weight, (filters,))]


ROWS = [
    Row("conv2d", (64, 16, 32, 32), (32, 16, 3, 3), {"padding": 1}),
    Row("conv2d", (32, 64, 16, 16), (64, 64, 3, 3), {"padding": 1}),
    Row("conv2d", (64, 1, 28, 28), (6, 1, 5, 5), {}),
    Row("conv1d", (32, 16, 1000), (32, 16, 9), {"padding": 4}),
    Row("conv3d", (4, 4, 16, 32, 32), (8, 4, 3, 3, 3), {"padding": 1}),
    Row("conv_transpose2d", (32, 32, 16, 16), (32, 16, 4, 4), {"stride": 2, "padding": 1}),
    # Beyond the table: LeNet's and cs231n's, and what has ways of its own.
    Row("conv2d", (64, 6, 12, 12), (16, 6, 5, 5), {}, False),
    Row("conv2d", (50, 3, 32, 32), (32, 3, 7, 7), {"padding": 3}, False),
    Row("conv2d", (8, 64, 56, 56), (128, 64, 3, 3), {"stride": 2, "padding": 1}, False),
    Row("conv2d", (32, 64, 16, 16), (128, 64, 1, 1), {}, False),
    Row("conv2d", (16, 64, 28, 28), (64, 1, 3, 3), {"padding": 1, "groups": 64}, False),
]

Runs = tuple[Callable[[], Any], Callable[[], Any]]


def run_minigrad(row: Row) -> Runs:
    function = getattr(ops, row.function)
    x, weight, bias = (Tensor(a) for a in row.arrays())
    upstream = np.ones(function(x, weight, bias, **row.options).shape, np.float32)

    def forward() -> Any:
        with no_grad():
            return function(x, weight, bias, **row.options)

    def both() -> Any:
        x.grad = weight.grad = bias.grad = None
        function(x, weight, bias, **row.options).backward(upstream, retain_graph=False)
        return x.grad, weight.grad, bias.grad

    return forward, both


def run_torch(row: Row) -> Runs:
    import torch

    torch.set_num_threads(2)
    function = getattr(torch.nn.functional, row.function)
    x, weight, bias = (torch.tensor(a, requires_grad=True) for a in row.arrays())
    upstream = torch.ones_like(function(x, weight, bias, **row.options))

    def forward() -> Any:
        with torch.no_grad():
            return function(x, weight, bias, **row.options)

    def both() -> Any:
        x.grad = weight.grad = bias.grad = None
        function(x, weight, bias, **row.options).backward(upstream)
        return x.grad, weight.grad, bias.grad

    return forward, both


def run_mygrad(row: Row) -> Runs | None:
    if "transpose" in row.function or {"stride", "groups"} & row.options.keys():
        return None
    import mygrad
    from mygrad.nnet.layers import conv_nd

    x, weight, bias = (mygrad.tensor(a) for a in row.arrays())
    stride, padding = row.options.get("stride", 1), row.options.get("padding", 0)
    shape = (1, -1, *(1 for _ in row.x[2:]))

    def call() -> Any:
        return conv_nd(x, weight, stride=stride, padding=padding) + bias.reshape(*shape)

    def forward() -> Any:
        with mygrad.no_autodiff:
            return call()

    def both() -> Any:
        call().sum().backward()
        return x.grad, weight.grad, bias.grad

    return forward, both


def run_dezero(row: Row) -> Runs | None:
    if row.function not in ("conv2d", "conv_transpose2d") or "groups" in row.options:
        return None
    setattr(np, "int", int)  # noqa: B010  # which this peer still asks NumPy for
    import dezero
    import dezero.functions as peer

    function = peer.conv2d if row.function == "conv2d" else peer.deconv2d
    x, weight, bias = (dezero.Variable(a) for a in row.arrays())
    stride, pad = row.options.get("stride", 1), row.options.get("padding", 0)

    def forward() -> Any:
        with dezero.no_grad():
            return function(x, weight, bias, stride, pad).data

    def both() -> Any:
        for v in (x, weight, bias):
            v.cleargrad()
        peer.sum(function(x, weight, bias, stride, pad)).backward()
        return x.grad.data, weight.grad.data, bias.grad.data

    return forward, both


def run_autograd(row: Row) -> Runs | None:
    if "transpose" in row.function or {"stride", "groups"} & row.options.keys():
        return None
    import autograd
    import autograd.numpy as anp
    from autograd.scipy.signal import convolve

    x, weight, bias = row.arrays()
    n = len(row.x) - 2
    spatial, p = list(range(2, n + 2)), row.options.get("padding", 0)

    def call(inputs: tuple[Any, ...]) -> Any:
        x, weight, bias = inputs
        x = anp.pad(x, ((0, 0), (0, 0), *((p, p),) * n), "constant")
        weight = weight[(slice(None), slice(None), *(slice(None, None, -1),) * n)]
        out = convolve(x, weight, axes=(spatial, spatial), dot_axes=([1], [1]), mode="valid")
        return out + bias.reshape(1, -1, *(1,) * n)

    gradient = autograd.grad(lambda inputs: anp.sum(call(inputs)))
    return lambda: call((x, weight, bias)), lambda: gradient((x, weight, bias))


LIBRARIES: dict[str, Callable[[Row], Runs | None]] = {
    "minigrad": run_minigrad,
    "torch": run_torch,
    "mygrad": run_mygrad,
    "dezero": run_dezero,
    "autograd": run_autograd,
}


def check(results: dict[str, Any], row: Row) -> None:
    """All contenders compute the same gradients."""
    want = [np.asarray(v) for v in results["minigrad"]]
    for name, got in results.items():
        for a, b in zip(got, want, strict=True):
            error = np.abs(np.asarray(a) - b).max() / np.abs(b).max()
            assert error < 1e-4, f"{name} disagrees on {row}: {error}"


def bench(row: Row, names: list[str], seconds: float) -> tuple[float, float] | None:
    """Print the row's times; return our ratios to PyTorch, forward and both ways."""
    runs = {name: r for name in names if (r := LIBRARIES[name](row)) is not None}
    check({name: both() for name, (_, both) in runs.items()}, row)
    ratios = []
    for way, title in enumerate(("forward", "both ways")):
        times = interleaved({name: r[way] for name, r in runs.items()}, 10_000, seconds, by=min, hopeless=10)
        report(f"{str(row) if way == 0 else '':74} {title:9}", times, "ms", 1e3)
        ratios.append(times["minigrad"] / times.get("torch", math.nan))
    return (ratios[0], ratios[1]) if row.counts and "torch" in times else None


def resident(field: str) -> float:
    """This process's memory in MB: VmRSS is what it holds now, VmHWM the most it has held."""
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{field}:")[1].split()[0]) / 1024


def measure_memory(name: str, index: int) -> None:
    """In a child process: print by how many MB the resident set grows while one library runs a row."""
    first = LIBRARIES[name](ROWS[index]._replace(x=(1, *ROWS[index].x[1:])))
    runs = LIBRARIES[name](ROWS[index])
    assert first is not None
    assert runs is not None
    first[1]()  # loads what is loaded on first use
    before = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    runs[1]()
    print(resident("VmHWM") - before)


def bench_memory(row: Row, names: list[str]) -> None:
    """Print the peak memory of forward and backward."""
    parts = []
    for name in names:
        command = [sys.executable, __file__, "--child", name, str(ROWS.index(row))]
        grown = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        parts.append(f"{name} {grown:.0f} MB")
    _, both = run_minigrad(row)
    tracemalloc.start()
    both()
    parts.append(f"by tracemalloc {tracemalloc.get_traced_memory()[1] / 1e6:.0f} MB")
    tracemalloc.stop()
    print(f"{row!s:74} {'   '.join(parts)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", default="", help="only rows whose name holds this text")
    parser.add_argument("--seconds", type=float, default=1.5, help="how long each contest lasts")
    parser.add_argument("--peers", default="torch,mygrad,dezero,autograd", help="which libraries, comma-separated")
    parser.add_argument("--memory", action="store_true", help="peak memory in place of time")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        measure_memory(arguments.child[0], int(arguments.child[1]))
        return
    peers = [name for name in arguments.peers.split(",") if find_spec(name)]
    rows = [row for row in ROWS if arguments.rows in str(row)]
    if arguments.memory:
        print("growth of the resident set, forward and backward\n")
        for row in rows:
            bench_memory(row, ["minigrad", *(p for p in peers if p == "torch")])
        return
    print("best times, and in brackets ours over theirs\n")
    ratios = [r for row in rows if (r := bench(row, ["minigrad", *peers], arguments.seconds))]
    if ratios:
        forward, both = ([pair[way] for pair in ratios] for way in (0, 1))
        print(f"\ngeometric mean over PyTorch: forward {geometric_mean(forward):.2f}, both ways {geometric_mean(both):.2f}")


if __name__ == "__main__":
    main()
