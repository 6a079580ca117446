"""How long a picture takes: the description, the layout and the SVG, and the layout of `dot` where it is installed."""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import minigrad as mg
from minigrad import Tensor, draw, nn
from minigrad.draw import Drawing
from minigrad.draw.layout.arrange import arrange

ROUNDS = 3
PATIENCE = 60.0  # seconds for `dot`


def chain(nodes: int) -> Tensor:
    """One operation after another."""
    y = Tensor(1.0, name="x")
    for _ in range(nodes):
        y = mg.tanh(y)
    return y


def total(terms: int) -> Tensor:
    """A sum of so many leaves."""
    y = Tensor(1.0)
    for i in range(terms):
        y = y + Tensor(0.1 * i)
    return y


def repeated(nodes: int) -> Tensor:
    """A cell over and over, each time in a scope of its own."""
    y = Tensor(1.0, name="x")
    for i in range(nodes // 3):
        with mg.scope(f"cell{i}"):
            y = mg.tanh(y * 0.9) * 1.1
    return y


def scalars(nodes: int) -> Tensor:
    """A graph of about so many nodes, as wide as it is deep, of single numbers."""
    rng = np.random.default_rng(0)
    layer = [Tensor(float(v), name=f"x{i}") for i, v in enumerate(rng.normal(size=max(2, int(nodes**0.5) // 3)))]
    count = len(layer)
    while count < nodes - len(layer):
        layer = [
            mg.tanh(a * b) if i % 2 else a + b for i, (a, b) in enumerate(zip(layer, layer[1:] + layer[:1], strict=True))
        ]
        count += len(layer) + len(layer) // 2
    return mg.sum(mg.stack(layer))


def neurons(hidden: int) -> Tensor:
    """A network of single numbers with two inputs and one hidden layer."""
    rng = np.random.default_rng(0)

    def weight(name: str) -> Tensor:
        return Tensor(float(rng.normal()), name=name)

    layer = [weight("x0"), weight("x1")]
    for k, units in enumerate((hidden, 1)):
        layer = [
            mg.tanh(sum((weight(f"w{k}{i}{j}") * x for j, x in enumerate(layer)), weight(f"b{k}{i}"))) for i in range(units)
        ]
    return layer[0]


def lstm(steps: int) -> Tensor:
    """An LSTM cell over so many time steps."""
    rng = np.random.default_rng(0)
    cell, state = nn.LSTMCell(3, 4), None
    for t in range(steps):
        state = cell(Tensor(rng.normal(size=(2, 3)), requires_grad=False, name=f"x{t}"), state)
    assert state is not None
    return mg.sum(state[0])


def network(model: Any, size: int, channels: int) -> Tensor:
    """The loss of a network for images."""
    images = np.random.default_rng(0).normal(size=(2, channels, size, size)).astype(np.float32)
    return mg.cross_entropy(model(Tensor(images, requires_grad=False, name="images")), np.array([0, 1]))


def arrays(layers: int) -> Tensor:
    """A network of so many layers, a heatmap for each value and gradient."""
    rng = np.random.default_rng(0)
    h = Tensor(rng.normal(size=(32, 32)), name="x")
    for i in range(layers):
        h = mg.relu(mg.linear(h, Tensor(rng.normal(size=(32, 32)) / 6, name=f"w{i}")))
    return mg.mean(h)


def lenet() -> Any:
    """LeNet."""
    return nn.Sequential(
        *(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)),
    )


class Residual(nn.Module):
    """Two convolutions beside a straight connection."""

    def __init__(self, channels: int) -> None:
        self.first, self.second = (nn.Conv2d(channels, channels, 3, padding=1) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        return mg.relu(x + self.second(mg.relu(self.first(x))))


def resnet(blocks: int) -> Any:
    """A residual network."""
    inner = [Residual(4) for _ in range(blocks)]
    return nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), *inner, nn.AvgPool2d(8), nn.Flatten(), nn.Linear(4, 10))


def median(run: Callable[[], object], rounds: int = ROUNDS) -> float:
    """The median time of a few runs, in seconds of the processor."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return statistics.median(times)


def by_dot(drawing: Drawing) -> str:
    """The time that `dot` takes, as text."""
    program = shutil.which("dot")
    if program is None:
        return "not installed"
    start = time.perf_counter()
    try:
        subprocess.run([program, "-Tsvg"], input=drawing.dot.encode(), capture_output=True, timeout=PATIENCE, check=True)
    except subprocess.TimeoutExpired:
        return f"over {PATIENCE:.0f} s"
    return f"{time.perf_counter() - start:.2f} s"


def report(what: str, f: Tensor, **options: Any) -> None:
    """One line: nodes and edges, the time to describe, lay out and write, the size of the SVG, and the time of `dot`."""
    f.backward()
    drawing = draw(f, **options)
    many = len(drawing.description.nodes) > 1000
    described = median(lambda: draw(f, **options), 1 if many else ROUNDS)
    laid_out = median(lambda: arrange(drawing.description), 1 if many else ROUNDS)
    start = time.process_time()
    size = len(draw(f, **options).svg) / 1024
    whole = time.process_time() - start
    shown = f"{len(drawing.description.nodes):,} nodes, {len(drawing.description.edges):,} edges"
    print(
        f"{what:28s} {shown:28s} described {described:6.3f} s   laid out {laid_out:6.3f} s   all {whole:6.3f} s "
        f"{size:7.0f} KiB   dot {by_dot(drawing)}",
        flush=True,
    )


def main() -> None:
    """Print all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="leave out the largest graphs")
    quick = parser.parse_args().quick
    whole = {"max_nodes": 10**9}
    report("chain of 300", chain(300), **whole)
    for hidden in (26, 62, 100, 150):
        report(f"{hidden} neurons", neurons(hidden))
        report(f"{hidden} neurons, whole", neurons(hidden), **whole)
    report("LSTM × 10", lstm(10))
    report("LSTM × 10, whole", lstm(10), **whole)
    report("LeNet", network(lenet(), 28, 1))
    report("ResNet of 4 blocks", network(resnet(4), 8, 3))
    report("ResNet of 16 blocks", network(resnet(16), 8, 3))
    report("arrays, 30 layers", arrays(30))
    for nodes in (1_000,) if quick else (1_000, 5_000):
        report(f"{nodes:,} single numbers", scalars(nodes), **whole)
    if not quick:
        report("chain of 5,000", chain(5_000), **whole)
    for nodes in (10_000, 100_000) if quick else (10_000, 100_000, 1_000_000):
        for kind, f in (("chain", chain(nodes)), ("sum", total(nodes)), ("scopes", repeated(nodes))):
            f.backward()
            print(f"{f'{kind} of {nodes:,}':28s} drawn in {median(lambda f=f: draw(f).svg, 1):6.2f} s", flush=True)


if __name__ == "__main__":
    main()
