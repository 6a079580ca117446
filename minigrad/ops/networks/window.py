"""Windows that slide over an image: their geometry.

Windows of K numbers over an axis of length L give
floor((L + 2 padding - dilation (K - 1) - 1) / stride) + 1 outputs; `ceil_mode` rounds up instead.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import product
from typing import Any, NamedTuple, TypeVar

import numpy as np

from minigrad.docstrings import section, with_sections
from minigrad.graph import Value
from minigrad.ops._conv_kernels import inside

Sizes = int | Sequence[int]
Index = tuple[Any, ...]


Function = TypeVar("Function", bound=Callable[..., Any])


def documented_like(model: Callable[..., Any], n: int) -> Callable[[Function], Function]:
    """Complete a docstring with what the two-dimensional function says of its arguments, for n axes."""
    letters = ("L",) if n == 1 else ("D", "H", "W")
    text = section(model.__doc__, "Parameters", "Examples").replace("2d", f"{n}d")
    for prefix in ("", "O", "K"):
        text = text.replace(f"{prefix}H, {prefix}W", ", ".join(prefix + letter for letter in letters))

    def complete(function: Function) -> Function:
        function.__doc__ = with_sections(function.__doc__, text)
        return function

    return complete


class Windows(NamedTuple):
    """Where windows lie over the last axes of an array: for each of these axes one number of each kind."""

    size: tuple[int, ...]
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    out: tuple[int, ...]

    @property
    def places(self) -> int:
        """How many numbers a window holds."""
        return math.prod(self.kernel)

    @property
    def disjoint(self) -> bool:
        """Whether no number lies in two windows."""
        return all(s > d * (k - 1) for s, d, k in zip(self.stride, self.dilation, self.kernel, strict=True))


def sizes(who: str, what: str, given: Sizes, n: int, least: int = 1) -> tuple[int, ...]:
    """One whole number for each of n axes, given as one for all or one for each."""
    if isinstance(given, np.ndarray):
        given = given.tolist()
    numbers = tuple(given) if isinstance(given, Sequence) else (given,) * n
    if len(numbers) != n or any(not isinstance(k, int | np.integer) or k < least for k in numbers):
        raise ValueError(f"{who}: {what} must be a whole number of at least {least}, or {n} of them, got {given!r}")
    return tuple(int(k) for k in numbers)


def slide(
    who: str, shape: tuple[int, ...], n: int, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes = 1,
    ceil_mode: bool = False,
) -> Windows:  # fmt: skip
    """The windows over the last n axes of a shape; refused if they do not fit."""
    size = shape[len(shape) - n :]
    kernel, stride = sizes(who, "kernel_size", kernel, n), sizes(who, "stride", stride, n)
    padding, dilation = sizes(who, "padding", padding, n, 0), sizes(who, "dilation", dilation, n)
    out = []
    for length, k, s, p, d in zip(size, kernel, stride, padding, dilation, strict=True):
        room = length + 2 * p - d * (k - 1) - 1
        outputs = (-(-room // s) if ceil_mode else room // s) + 1
        # Rounded up, the last window may hang over the end, but must start inside x or the padding before it.
        if ceil_mode and (outputs - 1) * s >= length + p:
            outputs -= 1
        if outputs < 1 or length == 0:
            raise ValueError(
                f"{who}: window {kernel} with dilation {dilation} does not fit x of shape {shape} with padding {padding}"
            )
        out.append(outputs)
    return Windows(size, kernel, stride, padding, dilation, tuple(out))


@lru_cache(maxsize=1024)
def offsets(windows: Windows) -> tuple[tuple[Index, Index], ...]:
    """For each place in a window, row by row: which outputs have an input there, and those inputs.

    Both are indices of plain slices, so that a pass over all windows is one array operation per place. The padding has no
    inputs and is never made.
    """
    axes = []
    for length, k, s, p, d, o in zip(*windows, strict=True):
        axes.append([inside(o, s, shift, length) for shift in range(-p, d * k - p, d)])
    return tuple(
        ((..., *(pair[0] for pair in place)), (..., *(pair[1] for pair in place))) for place in product(*axes)
    )  # fmt: skip


# Resizing: along each axis, every number of the result is a weighted sum of numbers of x.


def segment_sums(x: Value, axis: int, start: Value, end: Value) -> Value:
    """Sum along an axis from each start up to, but without, its end; of nothing it is 0."""
    lengths = end - start
    longest = max(lengths, default=0)
    line = (slice(None),) * axis
    sums: Value = 0
    if 0 < longest <= 16:  # then a step along all segments at once is faster than segment by segment
        for i in range(longest):
            rest = lengths > i
            term = np.take(x, np.where(rest, start + i, 0), axis)
            if not rest.all():
                term[*line, ~rest] = 0
            sums = np.add(sums, term, out=term)
        return sums
    room = [(0, 0)] * x.ndim
    room[axis] = (0, 1)  # reduceat takes no index behind the last number
    bounds = np.stack([start, end], axis=1).ravel()
    sums = np.add.reduceat(np.pad(x, room), bounds, axis, x.dtype)[*line, slice(None, None, 2)]
    sums[*line, lengths == 0] = 0
    return sums
