"""Samples of every public function on complex numbers, made of those on real ones; and NumPy's functions to compare with."""

from __future__ import annotations

from typing import Any

import numpy as np
from samples_numpy import SAMPLES, Sample, networks


class _NumPy:
    """NumPy's functions; where it has none, definitions."""

    linalg = np.linalg

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name, None) or getattr(networks, name)

    @staticmethod
    def scatter(x: Any, key: Any, shape: tuple[int, ...]) -> Any:
        out = np.zeros(shape, x.dtype)
        np.add.at(out, key, x)
        return out


reference = _NumPy()


def rotated(x: Any, seed: int = 0) -> Any:
    """Floating data with imaginary parts of both signs; anything else as it is."""
    if not isinstance(x, float | np.floating | np.ndarray) or np.asarray(x).dtype.kind != "f":
        return x
    rng = np.random.default_rng(seed)
    return (x + 1j * rng.uniform(0.3, 0.9, np.shape(x)) * rng.choice([-1, 1], np.shape(x)))[()]


def _sample(sample: Sample) -> Sample:
    return Sample(sample.call, tuple(rotated(x, i) for i, x in enumerate(sample.inputs)))


COMPLEX = {name: [_sample(sample) for sample in samples] for name, samples in SAMPLES.items()}
