"""Windows that slide over an image: their geometry, `unfold` and `fold`, and resizing.

The geometry serves pooling too: windows of K numbers over an axis of length L give
floor((L + 2 padding - dilation (K - 1) - 1) / stride) + 1 outputs; `ceil_mode` rounds up instead.
`unfold` and `fold` are each other's adjoints.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import product
from typing import Any, NamedTuple, TypeVar

import numpy as np

from minigrad.docstrings import section, with_sections
from minigrad.graph import Value, op, value_of
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


# Windows as columns


def _unfold_windows(
    who: str, shape: tuple[int, ...], kernel_size: Sizes, dilation: Sizes, padding: Sizes, stride: Sizes
) -> Windows:
    n = np.size(kernel_size) if np.ndim(kernel_size) else 2
    if len(shape) != n + 2:
        raise ValueError(f"{who}: windows of {n} axes need an image (N, C and {n} more), got shape {shape}")
    return slide(who, shape, n, kernel_size, stride, padding, dilation)


@op()
def _unfold(x: Value, /, windows: Windows) -> Value:
    """Windows as columns."""
    lead = x.shape[:2]
    columns = np.zeros((*lead, windows.places, *windows.out), x.dtype)
    for k, (outputs, inputs) in enumerate(offsets(windows)):
        columns[:, :, k][outputs] = x[inputs]
    return columns.reshape(lead[0], lead[1] * windows.places, math.prod(windows.out))


@op()
def _fold(x: Value, /, windows: Windows) -> Value:
    """Columns added up as windows."""
    lead = x.shape[0], x.shape[1] // windows.places
    columns = x.reshape(*lead, windows.places, *windows.out)
    image = np.zeros((*lead, *windows.size), x.dtype)
    for k, (outputs, inputs) in enumerate(offsets(windows)):
        image[inputs] += columns[:, :, k][outputs]
    return image


_unfold.rules(lambda g, out, x, windows: _fold(g, windows))
_fold.rules(lambda g, out, x, windows: _unfold(g, windows))


def unfold(x: Value, kernel_size: Sizes, dilation: Sizes = 1, padding: Sizes = 0, stride: Sizes = 1) -> Value:
    """Every window of an image as a column, as convolution by one matrix product wants them (im2col).

    Parameters
    ----------
    x : Tensor or array_like
        Shape (N, C, H, W); with a kernel of 1 or 3 numbers, 1 or 3 axes after C.
    kernel_size : int or tuple of int
        The window (KH, KW).
    dilation, padding, stride : int or tuple of int
        Between the numbers of a window, zeros around the image, and between windows.

    Returns
    -------
    Tensor
        Shape (N, C KH KW, OH OW), where OH = floor((H + 2 padding - dilation (KH - 1) - 1) / stride) + 1.

    Raises
    ------
    ValueError
        If x has another number of axes, or the window does not fit.

    Examples
    --------
    >>> unfold(Tensor([[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]]), 2)
    Tensor([[[1., 2.],
             [2., 3.],
             [4., 5.],
             [5., 6.]]])
    """
    shape = np.shape(value_of(x))
    return _unfold(x, windows=_unfold_windows("unfold", shape, kernel_size, dilation, padding, stride))


def fold(
    x: Value, output_size: Sizes, kernel_size: Sizes, dilation: Sizes = 1, padding: Sizes = 0, stride: Sizes = 1
) -> Value:
    """Columns put back as windows of an image; where windows overlap they add up. The adjoint of `unfold`.

    Parameters
    ----------
    x : Tensor or array_like
        Shape (N, C KH KW, OH OW).
    output_size : int or tuple of int
        The image's (H, W).
    kernel_size, dilation, padding, stride : int or tuple of int
        The windows, as for `unfold`.

    Returns
    -------
    Tensor
        Shape (N, C, H, W).

    Raises
    ------
    ValueError
        If the columns are not those of such an image.

    Examples
    --------
    >>> fold(Tensor(np.ones((1, 4, 2))), (2, 3), 2)
    Tensor([[[[1., 2., 1.],
              [1., 2., 1.]]]])
    """
    shape = np.shape(value_of(x))
    n = np.size(kernel_size) if np.ndim(kernel_size) else 2
    image = (*shape[:1], 0, *sizes("fold", "output_size", output_size, n))
    windows = _unfold_windows("fold", image, kernel_size, dilation, padding, stride)
    if len(shape) != 3 or shape[1] % windows.places or shape[2] != math.prod(windows.out):
        raise ValueError(
            f"fold: x of shape {shape} does not hold windows of {windows.kernel} over {windows.size}, which would be "
            f"(N, C times {windows.places}, {math.prod(windows.out)})"
        )
    return _fold(x, windows=windows)


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


def _add_at(g: Value, axis: int, places: Value, size: int) -> Value:
    """Zeros along an axis, with g added at places in ascending order: what goes to one place is a segment of g."""
    i = np.arange(size)
    return segment_sums(g, axis, np.searchsorted(places, i), np.searchsorted(places, i, "right"))


class Between(NamedTuple):
    """Where an axis is read between its numbers: the number below, the one above, and the weight of that above."""

    below: Value
    above: Value
    part: Value

    def weights(self, x: Value, axis: int) -> tuple[Value, Value]:
        """The weights of the numbers below and above, as they stand beside x."""
        part = self.part.astype(x.dtype if x.dtype.kind == "f" else np.float64).reshape((-1,) + (1,) * (x.ndim - axis - 1))
        return 1 - part, part


@op()
def _resize(x: Value, /, axes: tuple[Between, ...]) -> Value:
    """Read each of the last axes between its numbers."""
    for axis, at in enumerate(axes, x.ndim - len(axes)):
        low, high = at.weights(x, axis)
        above = np.take(x, at.above, axis) * high
        x = np.take(x, at.below, axis) * low
        x += above
    return x


@op()
def _resize_adjoint(g: Value, /, axes: tuple[Between, ...], size: tuple[int, ...]) -> Value:
    """Zeros, with each number of g parted between the two places that it was read from."""
    for axis, (at, length) in enumerate(zip(axes, size, strict=True), g.ndim - len(axes)):
        low, high = at.weights(g, axis)
        g = _add_at(g * low, axis, at.below, length) + _add_at(g * high, axis, at.above, length)
    return g


_resize.rules(lambda g, out, x, axes: _resize_adjoint(g, axes, x.shape[-len(axes) :]))
_resize_adjoint.rules(lambda g, out, x, axes, size: _resize(g, axes))


@op()
def _nearest(x: Value, /, chosen: tuple[Value, ...]) -> Value:
    """The chosen places along each of the last axes."""
    for axis, places in enumerate(chosen, x.ndim - len(chosen)):
        x = np.take(x, places, axis)
    return x


@op()
def _nearest_adjoint(g: Value, /, chosen: tuple[Value, ...], size: tuple[int, ...]) -> Value:
    """Zeros, with g added at the chosen places."""
    for axis, (places, length) in enumerate(zip(chosen, size, strict=True), g.ndim - len(chosen)):
        g = _add_at(g, axis, places, length)
    return g


_nearest.rules(lambda g, out, x, chosen: _nearest_adjoint(g, chosen, x.shape[-len(chosen) :]))
_nearest_adjoint.rules(lambda g, out, x, chosen, size: _nearest(g, chosen))


def _between(size: int, centres: Value) -> Between:
    """Where an axis is read at the centres, held at the ends."""
    centres = np.clip(centres, 0, size - 1)
    below = centres.astype(np.intp)
    return Between(below, np.minimum(below + 1, size - 1), centres - below)


LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}


def interpolate(
    x: Value, size: Sizes | None = None, scale_factor: float | Sequence[float] | None = None, mode: str = "nearest",
    align_corners: bool = False,
) -> Value:  # fmt: skip
    """Resize an image, or any array with 1 to 3 axes after its batch and channels.

    Parameters
    ----------
    x : Tensor or array_like
        Shape (N, C, L), (N, C, H, W) or (N, C, D, H, W).
    size : int or tuple of int, optional
        The size of the result.
    scale_factor : float or tuple of float, optional
        How many times larger, if `size` is left out: H becomes floor(H scale_factor).
    mode : {"nearest", "linear", "bilinear", "trilinear"}
        The number at floor(i H / OH), or a weighted mean of neighbours; the latter is called by the number of axes.
    align_corners : bool
        Of the linear modes: whether the outermost numbers of x and of the result coincide, rather than their outer edges.

    Returns
    -------
    Tensor
        Shape (N, C, OH, OW), and likewise with fewer or more axes.

    Raises
    ------
    ValueError
        If not exactly one of `size` and `scale_factor` is given, or the mode is not one for x's shape.

    Examples
    --------
    >>> interpolate(Tensor([[[1.0, 2.0]]]), scale_factor=2)
    Tensor([[[1., 1., 2., 2.]]])
    >>> interpolate(Tensor([[[1.0, 2.0]]]), size=3, mode="linear", align_corners=True)
    Tensor([[[1. , 1.5, 2. ]]])
    """
    shape = np.shape(value_of(x))
    n = len(shape) - 2
    if n not in LINEAR or 0 in shape[2:]:
        raise ValueError(f"interpolate: x of shape {shape} is not (N, C, L), (N, C, H, W) or (N, C, D, H, W)")
    if mode not in ("nearest", LINEAR[n]):
        raise ValueError(f"interpolate: x of shape {shape} takes mode 'nearest' or {LINEAR[n]!r}, got {mode!r}")
    if (size is None) == (scale_factor is None):
        raise ValueError("interpolate: give either size or scale_factor")
    old = shape[2:]
    if size is not None:
        new = sizes("interpolate", "size", size, n)
        steps = [a / b for a, b in zip(old, new, strict=True)]
    else:
        given = np.asarray(scale_factor)
        if given.dtype.kind not in "fiu" or given.shape not in ((), (n,)) or not np.isfinite(given).all():
            raise ValueError(f"interpolate: scale_factor must be a number, or {n} of them, got {scale_factor!r} for {shape}")
        factors = np.broadcast_to(given.astype(float), (n,)).tolist()
        new = sizes("interpolate", "size", [int(a * f) for a, f in zip(old, factors, strict=True)], n)
        steps = [1 / f for f in factors]
    if mode == "nearest":
        # The small addition keeps a quotient such as 3 (1 / 3) from falling below its whole number.
        chosen = [
            np.minimum(np.arange(b) * s + 1e-9, a - 1).astype(np.intp) for a, b, s in zip(old, new, steps, strict=True)
        ]
        return _nearest(x, chosen=tuple(chosen))
    if align_corners:
        centres = [np.arange(b) * ((a - 1) / max(b - 1, 1)) for a, b in zip(old, new, strict=True)]
    else:
        centres = [(np.arange(b) + 0.5) * s - 0.5 for b, s in zip(new, steps, strict=True)]
    return _resize(x, axes=tuple(_between(a, c) for a, c in zip(old, centres, strict=True)))
