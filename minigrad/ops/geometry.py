"""The geometry of windows that slide over the last axes of an array: convolution, pooling and `unfold` all carry one.

Along an axis of length L, windows of K elements fit at

    floor((L + before + after - dilation (K - 1) - 1) / stride) + 1

positions (Dumoulin and Visin, A guide to convolution arithmetic for deep learning, 2016).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import product
from typing import Any, NamedTuple, TypeAlias

import numpy as np

Sizes: TypeAlias = int | Sequence[int]
Lengths: TypeAlias = tuple[int, ...]
Index: TypeAlias = tuple[Any, ...]


class Geometry(NamedTuple):
    """The geometry of sliding windows: one entry of each kind for each spatial axis, and the number of groups of channels.

    Padding is a pair, before and after. Negative padding after the end leaves the last elements out of all windows.
    """

    size: Lengths
    kernel: Lengths
    stride: Lengths
    padding: tuple[tuple[int, int], ...]
    dilation: Lengths
    groups: int = 1

    @property
    def out(self) -> Lengths:
        """The number of windows along each axis."""
        axes = zip(self.size, self.kernel, self.stride, self.padding, self.dilation, strict=True)
        return tuple([(n + before + after - d * (k - 1) - 1) // s + 1 for n, k, s, (before, after), d in axes])

    @property
    def elements(self) -> int:
        """The number of elements in a window."""
        return math.prod(self.kernel)

    @property
    def disjoint(self) -> bool:
        """True if no element is in two windows."""
        return all(s > d * (k - 1) for k, s, d in zip(self.kernel, self.stride, self.dilation, strict=True))

    def axes(self) -> Iterator[tuple[int, int, int, int, int, int]]:
        """For each axis: size, kernel, stride, padding before, dilation and number of windows."""
        before = [pair[0] for pair in self.padding]
        return zip(self.size, self.kernel, self.stride, before, self.dilation, self.out, strict=True)


def by_axes(name: str) -> Callable[[tuple[Any, ...], dict[str, Any]], str]:
    """The public name of an op with a geometry: `conv` over two axes is ``conv2d``."""
    return lambda values, static: f"{name}{len(static['geometry'].size)}d"


def sizes(what: str, given: Sizes, n: int, least: int = 1) -> Lengths:
    """One integer for each of n axes, given as one for all or as one each."""
    if isinstance(given, np.ndarray):
        given = given.tolist()
    each = tuple(given) if isinstance(given, Sequence) else (given,) * n
    if len(each) != n or any(not isinstance(k, int | np.integer) or k < least for k in each):
        raise ValueError(f"{what} must be an integer of at least {least}, or {n} of them, got {given!r}")
    return tuple([int(k) for k in each])


def fit_windows(
    shape: Lengths,
    n: int,
    kernel_size: Sizes,
    stride: Sizes | None,
    padding: Sizes,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
) -> Geometry:
    """The windows over the last n axes of a shape; ones that do not fit are refused.

    With `ceil_mode` the number of windows is rounded up: the last may reach beyond the end if it starts inside the array or
    the padding before it. So there is more padding after the end.
    """
    size, kernel = shape[len(shape) - n :], sizes("kernel_size", kernel_size, n)
    steps = kernel if stride is None else sizes("stride", stride, n)
    pads, spread = sizes("padding", padding, n, 0), sizes("dilation", dilation, n)
    geometry = Geometry(size, kernel, steps, tuple([(p, p) for p in pads]), spread)
    if ceil_mode:
        after = []
        for length, k, s, p, d, _ in geometry.axes():
            last = min(-(-(length + 2 * p - d * (k - 1) - 1) // s), (length + p - 1) // s)
            after.append(max(p, last * s + d * (k - 1) + 1 - length - p))
        geometry = geometry._replace(padding=tuple(zip(pads, after, strict=True)))
    if min(geometry.out) < 1 or 0 in size:
        raise ValueError(f"window {kernel} with dilation {spread} does not fit x of shape {shape} with padding {pads}")
    return geometry


def least_size(out: Lengths, kernel: Lengths, stride: Lengths, padding: Lengths, dilation: Lengths) -> Lengths:
    """The smallest size with so many windows: (O - 1) stride - 2 padding + dilation (K - 1) + 1 along each axis."""
    axes = zip(out, kernel, stride, padding, dilation, strict=True)
    return tuple([(o - 1) * s - 2 * p + d * (k - 1) + 1 for o, k, s, p, d in axes])


def inside(count: int, step: int, start: int, size: int) -> tuple[slice, slice]:
    """Of the indices start, start + step, ..., `count` of them: which lie on an axis of that size, and these indices."""
    first = max(0, -(start // step))
    stop = min(count, (size - 1 - start) // step + 1)
    if stop <= first:
        return slice(0, 0), slice(0, 0)
    return slice(first, stop), slice(start + first * step, start + (stop - 1) * step + 1, step)


@lru_cache(maxsize=1024)
def offsets(geometry: Geometry) -> tuple[tuple[Index, Index], ...]:
    """For each element of a window, in C order: the outputs for which it lies inside the array, and its indices there.

    Both are plain slices, so that a pass over all windows is one array operation for each element of the kernel. The padding
    has no elements and is never made.
    """
    axes = [[inside(out, s, i * d - before, size) for i in range(k)] for size, k, s, before, d, out in geometry.axes()]
    return tuple([((..., *(a for a, _ in pairs)), (..., *(b for _, b in pairs))) for pairs in product(*axes)])
