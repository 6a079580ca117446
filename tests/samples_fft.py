"""Samples of Fourier transforms, of even and odd lengths, cropped and padded; compared with SciPy's."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import samples
import scipy.fft
from samples import Sample
from samples_networks import networks

networks.fft = scipy.fft

some = partial(samples.some, rng=np.random.default_rng(5))
EVEN, ODD, BOX = some(6), some(2, 5), some(3, 4, 2)


def _of(name: str, x: Any, *args: Any, **options: Any) -> Sample:
    return Sample(lambda m, x: getattr(m.fft, name)(x, *args, **options), (x,))


def _line(name: str) -> list[Sample]:
    """Along one axis."""
    return [
        _of(name, EVEN),
        _of(name, ODD),
        _of(name, ODD, 3),
        _of(name, ODD, n=4, axis=1),
        _of(name, EVEN, 9, norm="forward"),
        _of(name, ODD, 8, 1, "ortho"),
        _of(name, BOX, None, 0, norm="backward"),
        _of(name, BOX, 5, axis=-2, norm="ortho"),
        _of(name, BOX, 1, 1),
    ]


def _plane(name: str) -> list[Sample]:
    """Along several axes."""
    samples = [
        _of(name, BOX),
        _of(name, ODD, norm="ortho"),
        _of(name, BOX, (2, 5), (0, 1)),
        _of(name, BOX, s=(4, -1), axes=(-1, 0), norm="forward"),
    ]
    return samples if name.endswith("2") else [*samples, _of(name, BOX, axes=(1,))]


SAMPLES: dict[str, list[Sample]] = {
    **{f"fft.{name}": _line(name) for name in ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")},
    **{f"fft.{name}": _plane(name) for name in ("fft2", "ifft2", "rfft2", "irfft2", "fftn", "ifftn", "rfftn", "irfftn")},
    **{
        f"fft.{name}": [_of(name, ODD), _of(name, BOX, 0), _of(name, BOX, axes=(2, 1))] for name in ("fftshift", "ifftshift")
    },
}
