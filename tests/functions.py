"""Functions as people write them in NumPy, to differentiate; the arguments at which their gradients were recorded."""

from __future__ import annotations

from typing import Any

import numpy as np


def wave(*shape: int) -> Any:
    """Numbers that look like data, the same everywhere."""
    return np.sin(1.0 + np.arange(float(np.prod(shape))) * 1.7).reshape(shape)


def rosenbrock(x: Any) -> Any:
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


FEATURES, LABELS = wave(8, 3), (np.arange(8) % 3 == 0).astype(float)


def log_likelihood(w: Any) -> Any:
    """Of a logistic regression, with a prior."""
    z = FEATURES @ w[:3] + w[3]
    return np.sum(LABELS * z - np.logaddexp(0.0, z)) - 0.05 * np.sum(w**2)


def network(p: Any) -> Any:
    """Mean squared error of a small network with its parameters in a dict of lists."""
    h = FEATURES
    for layer in p["hidden"]:
        h = np.tanh(h @ layer["W"] + layer["b"])
    return np.mean((h @ p["out"] - LABELS) ** 2)


PARAMETERS = {
    "hidden": [{"W": wave(3, 4), "b": wave(4)}, {"W": wave(4, 2) * 0.5, "b": np.zeros(2)}],
    "out": wave(2),
}


def log_sum_exp(x: Any) -> Any:
    z = FEATURES @ x
    top = np.max(z)
    return top + np.log(np.sum(np.exp(z - top)))


def spring(p: Any) -> Any:
    """Where a damped mass on a spring is after 2 seconds, by 40 steps of Runge and Kutta."""
    stiffness, mass, damping = p[0], p[1], p[2]

    def slope(x: Any, v: Any) -> Any:
        return v, -(stiffness * x + damping * v) / mass

    x, v, h = 1.0, 0.0, 0.05
    for _ in range(40):
        a, b = slope(x, v)
        c, d = slope(x + h / 2 * a, v + h / 2 * b)
        e, f = slope(x + h / 2 * c, v + h / 2 * d)
        k, m = slope(x + h * e, v + h * f)
        x, v = x + h / 6 * (a + 2 * c + 2 * e + k), v + h / 6 * (b + 2 * d + 2 * f + m)
    return x


TIMES = np.linspace(0.0, 3.0, 50)


def ten(p: Any) -> Any:
    """A fit of two bumps, a decay and a line to data: ten parameters."""
    bump = p[0] * np.exp(-(((TIMES - p[1]) / p[2]) ** 2)) + p[3] * np.exp(-(((TIMES - p[4]) / p[5]) ** 2))
    model = bump + p[6] * np.exp(-p[7] * TIMES) + p[8] + p[9] * TIMES
    return np.mean((model - np.cos(TIMES)) ** 2)


TEN = np.array([1.0, 0.7, 0.5, -0.6, 2.1, 0.4, 0.9, 1.3, 0.1, -0.2])
CASES = {
    "rosenbrock": (rosenbrock, np.array([-1.2, 1.0, 0.5, 2.0])),
    "log_likelihood": (log_likelihood, np.array([0.3, -0.8, 0.5, 0.1])),
    "log_sum_exp": (log_sum_exp, np.array([2.0, -1.0, 0.5])),
    "spring": (spring, np.array([4.0, 1.5, 0.3])),
    "ten": (ten, TEN),
}
