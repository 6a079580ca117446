"""Interleaved timing: every contender in turn, many rounds, so that a noisy machine is noisy for all of them."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable


def interleaved(contenders: dict[str, Callable[[], object]], rounds: int = 30, seconds: float = 20.0) -> dict[str, float]:
    """The median time of each contender, in seconds, over rounds in which each runs once."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for run in contenders.values():
        run()
    end = time.perf_counter() + seconds
    for _ in range(rounds):
        for name, run in contenders.items():
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
        if time.perf_counter() > end:
            break
    return {name: statistics.median(t) for name, t in times.items()}


def report(title: str, times: dict[str, float], unit: str, scale: float, ours: str = "minigrad") -> None:
    """One line: every contender's time, and how many times slower than ours it is."""
    parts = [
        f"{name} {t * scale:,.4g} {unit}" + (f" ({t / times[ours]:.2f}x)" if name != ours else "")
        for name, t in times.items()
    ]
    print(f"{title:44s} {'   '.join(parts)}")


def geometric_mean(ratios: list[float]) -> float:
    """The one number for many ratios."""
    return math.exp(sum(map(math.log, ratios)) / len(ratios))
