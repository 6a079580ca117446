"""Transforms of whole batches of images, (N, C, H, W).

A transform is a function of a batch. A random one has the attribute ``random = True``, and also takes a
`numpy.random.Generator`, so that a seed repeats a run. No transform writes to its input.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from minigrad.data.dataset import Array

Transform = Callable[..., Any]


def is_random(transform: Transform | None) -> bool:
    """True if a transform takes a generator."""
    return bool(getattr(transform, "random", False))


class Compose:
    """Several transforms in sequence, random ones or not.

    >>> rng = np.random.default_rng(0)
    >>> augment = Compose([ToFloat(), RandomHorizontalFlip(), lambda x: x - 0.5])
    >>> augment(np.array([[[[0, 255]]], [[[0, 255]]]], np.uint8), rng).tolist()
    [[[[-0.5, 0.5]]], [[[0.5, -0.5]]]]
    """

    def __init__(self, transforms: Sequence[Transform]) -> None:
        for transform in transforms:
            if not callable(transform):
                raise TypeError(f"Compose: a transform must be a function of a batch, got {type(transform).__name__}")
        self.transforms = tuple(transforms)
        self.random = any(is_random(transform) for transform in self.transforms)

    def __call__(self, x: Any, rng: np.random.Generator | None = None) -> Any:
        """Transform a batch; needs the generator if one of the transforms is random."""
        if self.random and rng is None:
            raise TypeError("Compose: one of the transforms is random; pass a numpy.random.Generator second")
        for transform in self.transforms:
            x = transform(x, rng) if is_random(transform) else transform(x)
        return x

    def __repr__(self) -> str:
        return f"Compose([{', '.join(map(repr, self.transforms))}])"


class ToFloat:
    """Cast to a floating dtype, and divide by `divisor`: 255 for the bytes of images.

    >>> ToFloat()(np.array([0, 51, 255], np.uint8))
    array([0. , 0.2, 1. ], dtype=float32)
    """

    def __init__(self, divisor: float = 255, dtype: DTypeLike = np.float32) -> None:
        self.dtype: np.dtype[Any] = np.dtype(dtype)
        if self.dtype.kind != "f":
            raise TypeError(f"ToFloat: dtype must be floating, got {self.dtype}")
        if not divisor:
            raise ValueError("ToFloat: the divisor must not be 0")
        self.divisor = divisor

    def __call__(self, x: Any) -> Array:
        """Convert a batch of any shape."""
        out = np.array(x, self.dtype)
        out /= self.dtype.type(self.divisor)
        return out

    def __repr__(self) -> str:
        return f"ToFloat({self.divisor:g}, {self.dtype})"


class Normalize:
    """Standardise, (x - mean) / std, with one number for all channels or one for each channel C.

    >>> Normalize([1.0, 2.0], [0.5, 4.0])(np.full((1, 2, 1, 1), 2.0)).ravel()
    array([2., 0.])
    """

    def __init__(self, mean: float | Sequence[float] | Array, std: float | Sequence[float] | Array) -> None:
        self.mean, self.std = np.asarray(mean, np.float64), np.asarray(std, np.float64)
        if self.mean.ndim > 1 or self.std.ndim > 1:
            raise ValueError("Normalize: mean and std must be one number, or one for each channel")
        if not (self.std > 0).all():
            raise ValueError(f"Normalize: std must be positive, got {std}")

    def __call__(self, x: Any) -> Array:
        """Normalise a batch of shape (N, C, ...)."""
        if x.dtype.kind != "f":
            raise TypeError(f"Normalize: expected floats, got {x.dtype}; put ToFloat() before it")
        out = x - self._by_channel(self.mean, x)
        out /= self._by_channel(self.std, x)
        return out  # type: ignore[no-any-return]

    def _by_channel(self, numbers: Array, x: Array) -> Array:
        if numbers.ndim and (x.ndim < 2 or numbers.size not in (1, x.shape[1])):
            raise ValueError(f"Normalize: expected {numbers.size} channels, got a batch of shape {x.shape}")
        return numbers.astype(x.dtype).reshape(-1, *[1] * (x.ndim - 2)) if numbers.ndim else numbers.astype(x.dtype)

    def __repr__(self) -> str:
        return f"Normalize({self.mean.tolist()}, {self.std.tolist()})"


class RandomCrop:
    """Crop each image at a random position to `size`, after padding it by `padding` on every side with `fill`.

    >>> crop = RandomCrop(2, padding=1)
    >>> crop(np.arange(1, 9).reshape(2, 1, 2, 2), np.random.default_rng(0)).tolist()
    [[[[3, 4], [0, 0]]], [[[0, 5], [0, 7]]]]
    """

    random = True

    def __init__(self, size: int | tuple[int, int], padding: int = 0, fill: float = 0) -> None:
        self.size = (size, size) if isinstance(size, int) else tuple(size)
        self.padding, self.fill = padding, fill
        if len(self.size) != 2 or min(self.size) < 1 or padding < 0:
            raise ValueError(f"RandomCrop: size must be at least 1 and padding at least 0, got {size} and {padding}")

    def __call__(self, x: Any, rng: np.random.Generator) -> Array:
        """Crop a batch of shape (N, C, H, W)."""
        _check_images(x, "RandomCrop")
        (n, channels, rows, columns), p = x.shape, self.padding
        height, width = self.size
        places = rows + 2 * p - height + 1, columns + 2 * p - width + 1
        if min(places) < 1:
            raise ValueError(
                f"RandomCrop: a crop of {self.size} does not fit into images of {(rows, columns)} padded by {p}"
            )
        if p:
            padded = np.full((n, channels, rows + 2 * p, columns + 2 * p), self.fill, x.dtype)
            padded[:, :, p:-p, p:-p] = x
        else:
            padded = x
        windows = np.lib.stride_tricks.sliding_window_view(padded, self.size, axis=(2, 3))
        top, left = rng.integers(0, places, (n, 2)).T
        return windows[np.arange(n), :, top, left]

    def __repr__(self) -> str:
        return f"RandomCrop({self.size}, padding={self.padding})"


class RandomHorizontalFlip:
    """Mirror each image left to right with probability p.

    >>> RandomHorizontalFlip(p=1.0)(np.arange(3).reshape(1, 1, 1, 3), np.random.default_rng()).ravel()
    array([2, 1, 0])
    """

    random = True

    def __init__(self, p: float = 0.5) -> None:
        if not 0 <= p <= 1:
            raise ValueError(f"RandomHorizontalFlip: p is a probability between 0 and 1, got {p}")
        self.p = p

    def __call__(self, x: Any, rng: np.random.Generator) -> Array:
        """Mirror some of a batch of shape (N, C, H, W)."""
        _check_images(x, "RandomHorizontalFlip")
        chosen = rng.random(len(x)) < self.p
        out = np.array(x)
        out[chosen] = out[chosen, ..., ::-1]
        return out

    def __repr__(self) -> str:
        return f"RandomHorizontalFlip({self.p:g})"


def _check_images(x: Any, who: str) -> None:
    if np.ndim(x) != 4:
        raise ValueError(f"{who}: expected images of shape (N, C, H, W), got shape {np.shape(x)}")
