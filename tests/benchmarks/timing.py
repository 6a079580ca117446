"""Interleaved timing: every contender in turn, many rounds, so that a noisy machine is noisy for all of them."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterable

PAUSE = 0.003  # seconds; libraries leave their worker threads spinning for a while, to the loss of whoever comes next


def interleaved(
    contenders: dict[str, Callable[[], object]],
    rounds: int = 30,
    seconds: float = 20.0,
    by: Callable[[Iterable[float]], float] = statistics.median,
    hopeless: float = math.inf,
) -> dict[str, float]:
    """The median (or, by=min, the best) time of each contender, in seconds.

    A turn is a pause, a run that is not counted, and one that is. After two turns, whoever is `hopeless` times slower than the
    first contender is left out of the rest.
    """
    times: dict[str, list[float]] = {name: [] for name in contenders}
    first = next(iter(contenders))
    end = time.perf_counter() + seconds
    for turn in range(rounds):
        for name, run in contenders.items():
            if turn >= 2 and by(times[name]) > hopeless * by(times[first]):
                continue
            time.sleep(PAUSE)
            run()
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
        if turn >= 2 and time.perf_counter() > end:
            break
    return {name: by(t) for name, t in times.items()}


def report(title: str, times: dict[str, float], unit: str, scale: float) -> None:
    """One line: every contender's time, and ours over it."""
    ours = times["minigrad"]
    parts = [
        f"{name} {t * scale:,.4g}" + (f" ({ours / t:.2f})" if name != "minigrad" else f" {unit}")
        for name, t in times.items()
    ]
    print(f"{title:52s} {'   '.join(parts)}", flush=True)


def geometric_mean(ratios: list[float]) -> float:
    """The one number for many ratios."""
    return math.exp(sum(map(math.log, ratios)) / len(ratios))
