"""The kernel of `updates`."""

from __future__ import annotations

import math

from minigrad.fast.compiled import In, Out, Real, index, kernel


@kernel
def adam(
    g: In, w: Out, mean: Out, square: Out, first: Real, less: Real, second: Real, lesser: Real, scale: Real, eps: Real,
    rate: Real,
) -> None:  # fmt: skip
    """Adam's step from moving averages with decays `first` and `second`; `less` and `lesser` are one minus these."""
    for i in range(w.size):
        v = g[index(i)]
        m = mean[index(i)] * first + v * less
        s = square[index(i)] * second + v * v * lesser
        mean[index(i)], square[index(i)] = m, s
        w[index(i)] -= m / (math.sqrt(s) * scale + eps) * rate
