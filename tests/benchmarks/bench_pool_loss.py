"""Pooling, normalisation, losses and friends beside PyTorch on two threads: forward, and forward with backward.

Run with the bench extra installed: python tests/benchmarks/bench_pool_loss.py
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from timing import geometric_mean, interleaved, report

from minigrad import Tensor
from minigrad.ops.networks.adaptive import adaptive_avg_pool2d
from minigrad.ops.networks.cross_entropy import cross_entropy
from minigrad.ops.networks.dropout import dropout
from minigrad.ops.networks.embedding import embedding
from minigrad.ops.networks.interpolate import interpolate
from minigrad.ops.networks.linear import linear
from minigrad.ops.networks.loss import binary_cross_entropy_with_logits, mse_loss
from minigrad.ops.networks.normalise import batch_norm, layer_norm
from minigrad.ops.networks.pool import avg_pool2d, max_pool2d
from minigrad.ops.networks.unfold import unfold

torch.set_num_threads(2)
rng = np.random.default_rng(0)


class Row(NamedTuple):
    title: str
    ours: Callable[..., Any]
    theirs: Callable[..., Any]
    inputs: tuple[Any, ...]  # arrays; those of floats are differentiated


def normal(*shape: int) -> Any:
    return rng.standard_normal(shape).astype(np.float32)


IMAGE, LOGITS, ROWS = normal(64, 32, 32, 32), normal(1024, 1000), normal(4096, 512)
CLASSES, WORDS = rng.integers(0, 1000, 1024), rng.integers(0, 10000, (32, 128))
DICE = np.random.default_rng(0)

TABLE = [
    Row("max_pool2d 2, 64x32x32x32", lambda x: max_pool2d(x, 2), lambda x: F.max_pool2d(x, 2), (IMAGE,)),
    Row("max_pool2d 3 stride 2 pad 1", lambda x: max_pool2d(x, 3, 2, 1), lambda x: F.max_pool2d(x, 3, 2, 1), (IMAGE,)),
    Row("avg_pool2d 2, 64x32x32x32", lambda x: avg_pool2d(x, 2), lambda x: F.avg_pool2d(x, 2), (IMAGE,)),
    Row("avg_pool2d 3 stride 1 pad 1", lambda x: avg_pool2d(x, 3, 1, 1), lambda x: F.avg_pool2d(x, 3, 1, 1), (IMAGE,)),
    Row("adaptive_avg_pool2d 1", lambda x: adaptive_avg_pool2d(x, 1), lambda x: F.adaptive_avg_pool2d(x, 1), (IMAGE,)),
    Row("adaptive_avg_pool2d 7", lambda x: adaptive_avg_pool2d(x, 7), lambda x: F.adaptive_avg_pool2d(x, 7), (IMAGE,)),
    Row("cross_entropy 1024x1000", cross_entropy, F.cross_entropy, (LOGITS, CLASSES)),
    Row("binary_cross_entropy_with_logits", binary_cross_entropy_with_logits, F.binary_cross_entropy_with_logits,
        (LOGITS, (normal(1024, 1000) > 0).astype(np.float32))),
    Row("mse_loss 1024x1000", mse_loss, F.mse_loss, (LOGITS, normal(1024, 1000))),
    Row("batch_norm 64x32x32x32", lambda x, w, b: batch_norm(x, None, None, w, b, True),
        lambda x, w, b: F.batch_norm(x, None, None, w, b, True), (IMAGE, normal(32), normal(32))),
    Row("layer_norm 4096x512", lambda x, w, b: layer_norm(x, 512, w, b), lambda x, w, b: F.layer_norm(x, (512,), w, b),
        (ROWS, normal(512), normal(512))),
    Row("linear 4096x512 to 512", linear, F.linear, (ROWS, normal(512, 512), normal(512))),
    Row("linear 128x784 to 256", linear, F.linear, (normal(128, 784), normal(256, 784), normal(256))),
    Row("dropout 4096x512", lambda x: dropout(x, 0.5, rng=DICE), lambda x: F.dropout(x, 0.5), (ROWS,)),
    Row("embedding 32x128 of 10000x128", lambda w, i: embedding(i, w), lambda w, i: F.embedding(i, w), (normal(10000, 128), WORDS)),
    Row("unfold 3 pad 1, 16x32x32x32", lambda x: unfold(x, 3, padding=1), lambda x: F.unfold(x, 3, padding=1), (IMAGE[:16],)),
    Row("interpolate nearest x2, 16x32x32x32", lambda x: interpolate(x, scale_factor=2),
        lambda x: F.interpolate(x, scale_factor=2), (IMAGE[:16],)),
    Row("interpolate bilinear x2, 16x32x32x32", lambda x: interpolate(x, scale_factor=2, mode="bilinear"),
        lambda x: F.interpolate(x, scale_factor=2, mode="bilinear"), (IMAGE[:16],)),
]  # fmt: skip


def bench(row: Row) -> tuple[float, float]:
    """The ratios of our time to PyTorch's: forward; forward and backward."""
    ours = [Tensor(x) if x.dtype.kind == "f" else x for x in row.inputs]
    theirs = [torch.tensor(x, requires_grad=x.dtype.kind == "f") for x in row.inputs]
    upstream = np.ones(row.ours(*ours).shape, np.float32)[()]

    def our_step() -> None:
        for x in ours:
            if isinstance(x, Tensor):
                x.zero_grad()
        row.ours(*ours).backward(upstream, retain_graph=False)

    def their_step() -> None:
        for x in theirs:
            x.grad = None
        row.theirs(*theirs).backward(torch.tensor(upstream))

    ratios = []
    for what, contenders in (
        ("", {"minigrad": lambda: row.ours(*ours), "torch": lambda: row.theirs(*theirs)}),
        (" + backward", {"minigrad": our_step, "torch": their_step}),
    ):
        times = interleaved(contenders, 10_000, seconds=1.5, by=min)
        report(row.title + what, times, "ms", 1e3)
        ratios.append(times["minigrad"] / times["torch"])
    return ratios[0], ratios[1]


if __name__ == "__main__":
    results = [bench(row) for row in TABLE]
    for name, column in zip(("forward", "forward + backward"), zip(*results, strict=True), strict=True):
        print(f"geometric mean of our time over PyTorch's, {name}: {geometric_mean(list(column)):.2f}")
