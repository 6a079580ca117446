"""How long a picture takes: the description, the layout, and both for a network of arrays; and a million operations."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np

import minigrad as mg
from minigrad import Tensor, draw
from minigrad.draw.render import render

ROUNDS = 3


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


def arrays(layers: int) -> Tensor:
    """A network of so many layers, a heatmap for each value and gradient."""
    rng = np.random.default_rng(0)
    h = Tensor(rng.normal(size=(32, 32)), name="x")
    for i in range(layers):
        h = mg.relu(mg.linear(h, Tensor(rng.normal(size=(32, 32)) / 6, name=f"w{i}")))
    return mg.mean(h)


def median(run: Callable[[], object], rounds: int = ROUNDS) -> float:
    """The median time of a few runs, in seconds."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def report(what: str, f: Tensor, **options: object) -> None:
    """One line: nodes and edges, the time to describe and to lay out, and the size of the SVG."""
    drawing = draw(f, max_nodes=10**9, **options)  # type: ignore[arg-type]
    described = median(lambda: draw(f, max_nodes=10**9, **options))  # type: ignore[arg-type]
    laid_out = median(lambda: render(drawing.dot, "svg"))
    size = len(drawing.svg) / 1024
    shown = f"{len(drawing.description.nodes):,} nodes, {len(drawing.description.edges):,} edges"
    print(
        f"{what:26s} {shown:28s} described in {described:6.3f} s   laid out in {laid_out:6.2f} s   {size:7.0f} KiB",
        flush=True,
    )


def main() -> None:
    """Print all of it."""
    for nodes in (100, 1_000, 5_000):
        report("single numbers", scalars(nodes), backward=True)
    for layers in (5, 30):
        report("arrays", arrays(layers), backward=True)
        report("arrays without heatmaps", arrays(layers), backward=True, heatmaps=False)
    y = Tensor(1.0, name="x")
    for _ in range(1_000_000):
        y = y * 0.999999
    print(f"{'a million operations':26s} drawn in {median(lambda: draw(y).svg, 1):.2f} s")


if __name__ == "__main__":
    main()
