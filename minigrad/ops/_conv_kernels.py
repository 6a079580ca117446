"""The arithmetic of convolution on plain arrays, in any number of dimensions.

Written out as a column, the window of x under the kernel is a vector of C K numbers, and the weight a matrix of F rows; so a
convolution is one matrix product, once the windows of all output positions stand side by side. Writing them all out would
copy x as many times as the kernel has places. Here a *block* of windows is written at a time, small enough to stay in the
cache (`_Windows`), and a window is not written whole: along the first spatial axis windows overlap by whole rows, and that
overlap is a matter of strides, not of copies.

The adjoint with respect to x goes the other way: a product gives every output's share of its window, and the shares that
meet at one place of x are added up (`_scatter`). With stride 1 that is a convolution too, with the flipped kernel, and as
such it is faster if it has no fewer channels to give than to take.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import as_strided

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]
Sizes: TypeAlias = tuple[int, ...]
Index: TypeAlias = tuple[Any, ...]

# Chosen by measurement (tests/benchmarks/bench_conv.py), and flat around these values.
BLOCK = 1 << 20  # numbers in a block of windows: 4 MB of float32
COLUMNS = 512  # images are taken together until a product has so many columns


class Geometry(NamedTuple):
    """How a kernel slides: for each spatial axis its stride, the padding before and after x, and its dilation."""

    stride: Sizes
    padding: tuple[tuple[int, int], ...]
    dilation: Sizes
    groups: int


def out_size(size: Sizes, kernel: Sizes, how: Geometry) -> Sizes:
    """How many places a kernel has along each axis: floor((n + lo + hi - dilation (k - 1) - 1) / stride) + 1."""
    axes = zip(size, kernel, how.stride, how.padding, how.dilation, strict=True)
    return tuple((n + lo + hi - d * (k - 1) - 1) // s + 1 for n, k, s, (lo, hi), d in axes)


def conv(x: Array, weight: Array, bias: Array | None, how: Geometry) -> Array:
    """The cross-correlation of x (N C ...) with the weight (F C/groups ...)."""
    windows = _Windows(x, weight.shape[2:], how)
    out = np.empty((len(x), len(weight), *out_size(x.shape[2:], weight.shape[2:], how)), x.dtype)
    rows = _rows_first(out, windows.out, how.groups)
    matrix = windows.matrix(weight)
    for at, columns in windows.blocks():
        block = rows[at]
        shape = (*columns.shape[:2], matrix.shape[2], columns.shape[3])
        # One image's rows can be written where they belong.
        result = block.reshape(shape) if block.shape[3] == 1 else np.empty(shape, x.dtype)
        np.matmul(matrix, columns, out=result)
        if bias is not None:
            result += bias.reshape(how.groups, 1, -1, 1)
        if block.shape[3] > 1:
            block[...] = result.reshape(block.shape)
    return out


def conv_weight(x: Array, g: Array, kernel: Sizes, how: Geometry) -> Array:
    """The adjoint with respect to the weight: every window of x, times the upstream gradient of the output it made."""
    windows = _Windows(x, kernel, how)
    rows = _rows_first(g, windows.out, how.groups)
    filters, channels = g.shape[1], x.shape[1] // how.groups
    total = np.zeros((how.groups, windows.height, filters // how.groups), x.dtype)
    term = np.empty(total.shape, x.dtype)
    for at, columns in windows.blocks():
        upstream = rows[at].reshape(*columns.shape[:2], filters // how.groups, columns.shape[3])
        for row in range(columns.shape[1]):
            total += np.matmul(columns[:, row], upstream[:, row].swapaxes(1, 2), out=term)
    by_row = total.swapaxes(1, 2).reshape(filters, windows.kernel[0], channels, *windows.kernel[1:])
    return np.ascontiguousarray(by_row.swapaxes(1, 2)).reshape(filters, channels, *kernel)


def conv_input(g: Array, weight: Array, bias: Array | None, size: Sizes, how: Geometry) -> Array:
    """The adjoint with respect to x, whose spatial axes have the given size: every output, spread on its window."""
    filters, channels, kernel = len(weight) // how.groups, weight.shape[1], weight.shape[2:]
    if max(how.stride) > 1 or (channels < filters and max(kernel) > 1):
        return _scatter(g, weight, bias, size, how)
    turned = weight.reshape(how.groups, filters, channels, *kernel).swapaxes(1, 2).reshape(-1, filters, *kernel)
    flipped = np.flip(turned, tuple(range(2, turned.ndim)))
    lead = [d * (k - 1) - lo for k, (lo, _), d in zip(kernel, how.padding, how.dilation, strict=True)]
    tail = [n - 1 + lo - (o - 1) for n, (lo, _), o in zip(size, how.padding, g.shape[2:], strict=True)]
    return conv(g, flipped, bias, how._replace(padding=tuple(zip(lead, tail, strict=True))))


def _rows_first(x: Array, size: Sequence[int], groups: int) -> Array:
    """N C H ... as a view groups H C/groups N ...: first the axis along which windows are not copied."""
    x = x.reshape(len(x), groups, x.shape[1] // groups, *size)
    return x.transpose(1, 3, 2, 0, *range(4, x.ndim))


def _places(counts: Iterable[int]) -> Iterator[Sizes]:
    """Every place in a box of that size, the last axis running fastest."""
    return product(*map(range, counts))


def inside(count: int, step: int, start: int, size: int) -> tuple[slice, slice]:
    """Of the places start, start + step, ..., `count` of them: which fall inside an axis of that size, and where."""
    first = max(0, -(start // step))
    stop = min(count, (size - 1 - start) // step + 1)
    if stop <= first:
        return slice(0, 0), slice(0, 0)
    return slice(first, stop), slice(start + first * step, start + (stop - 1) * step + 1, step)


class _Windows:
    """The windows of x, a block at a time, as matrices with a column for each output position.

    A block is kept as ``buffer[group, row, channel, k1, ..., image, o1, ...]``: for each row of x (a step along its first
    spatial axis), the windows along all other axes. Output row i takes the rows from stride i on, as many as the kernel has;
    they lie one after another, so its matrix is a view of the buffer.
    """

    def __init__(self, x: Array, kernel: Sizes, how: Geometry) -> None:
        size: Sizes = x.shape[2:]
        one = math.prod(kernel) == max(how.stride) == 1 and not any(map(any, how.padding))
        self.plain = one and math.prod(size) >= COLUMNS // 2  # a kernel of one element has x itself for its windows
        if self.plain:
            size, kernel = (math.prod(size),), (1,)
            how = Geometry((1,), ((0, 0),), (1,), how.groups)
        if len(size) == 1 or how.dilation[0] > 1:  # then rows do not lie so: let all of x be one row
            size, kernel = (1, *size), (1, *kernel)
            how = Geometry((1, *how.stride), ((0, 0), *how.padding), (1, *how.dilation), how.groups)
        self.size, self.kernel, self.how = size, kernel, how
        self.x = _rows_first(x, size, how.groups)
        self.out = out_size(size, kernel, how)
        self.height = self.x.shape[2] * math.prod(kernel)

    def matrix(self, weight: Array) -> Array:
        """The weight as a matrix for each group, (groups, 1, F/groups, K0 C/groups K1 ...), in the order of the windows."""
        groups, channels = self.x.shape[0], self.x.shape[2]
        by_row = weight.reshape(groups, -1, channels, *self.kernel).swapaxes(2, 3)
        return np.ascontiguousarray(by_row.reshape(groups, 1, -1, self.height))

    def blocks(self) -> Iterator[tuple[Index, Array]]:
        """Each block: where its outputs stand in the output with rows first, and its matrix of windows."""
        groups, _, channels, batch = self.x.shape[:4]
        if self.plain:
            for n in range(batch):
                yield (slice(None), slice(None), slice(None), slice(n, n + 1)), self.x[:, :, :, n]
            return
        images = self._images(batch)
        buffer = np.zeros(0, self.x.dtype)
        for box in self._boxes(images):
            rows, *inner = (b.stop - b.start for b in box)
            copies = self._copies(box)
            buffer[...] = 0  # and where windows reach outside x it stays so
            for n in range(0, batch, images):
                image = slice(n, min(n + images, batch))
                shape = (groups, self._needs(rows), channels, *self.kernel[1:], image.stop - n, *inner)
                if buffer.shape != shape:
                    buffer = np.zeros(shape, self.x.dtype)
                    columns = self._columns(buffer, rows)
                x = self.x[:, :, :, image]
                for to, source in copies:
                    buffer[to] = x[source]
                yield (slice(None), box[0], slice(None), image, *box[1:]), columns

    def _images(self, batch: int) -> int:
        """How many images to take together: enough columns for a product, and enough of them to fill a block."""
        columns = math.prod(self.out[1:])
        image = self.x.shape[0] * self.x.shape[2] * math.prod(self.kernel[1:]) * self._needs(self.out[0]) * columns
        most = max(1, COLUMNS // columns, BLOCK // image)
        return -(-batch // -(-batch // most)) if batch else 1

    def _needs(self, rows: int) -> int:
        """How many rows of x go into so many rows of the output."""
        return (rows - 1) * self.how.stride[0] + self.kernel[0]

    def _boxes(self, images: int) -> Iterator[list[slice]]:
        """The output in boxes, each of at most a block of windows for so many images, cut along the first axes only."""
        step = list(self.out)
        row = self.x.shape[0] * self.x.shape[2] * math.prod(self.kernel[1:]) * images
        for axis, o in enumerate(self.out):
            parts = -(-row * self._needs(step[0]) * math.prod(step[1:]) // BLOCK)
            step[axis] = -(-o // min(parts, o))
            if step[axis] > 1:
                break
        for start in _places(-(-o // s) for o, s in zip(self.out, step, strict=True)):
            yield [slice(i * s, min((i + 1) * s, o)) for i, s, o in zip(start, step, self.out, strict=True)]

    def _copies(self, box: list[slice]) -> list[tuple[Index, Index]]:
        """For each place of the kernel along the other axes, where the buffer takes from where in x."""
        every = slice(None)
        stride, padding, dilation, _ = self.how
        top, rows = box[0].start * stride[0] - padding[0][0], self._needs(box[0].stop - box[0].start)
        to_rows, from_rows = inside(rows, 1, top, self.size[0])
        copies = []
        for k in _places(self.kernel[1:]):
            axes = zip(k, box[1:], stride[1:], padding[1:], dilation[1:], self.size[1:], strict=True)
            parts = [inside(b.stop - b.start, s, b.start * s + i * d - lo, n) for i, b, s, (lo, _), d, n in axes]
            to, source = (p for p, _ in parts), (q for _, q in parts)
            copies.append(((every, to_rows, every, *k, every, *to), (every, from_rows, every, every, *source)))
        return copies

    def _columns(self, buffer: Array, count: int) -> Array:
        """The matrices of `count` output rows, as overlapping views: (groups, count, K0 C/groups K1 ..., images o1 ...)."""
        width = math.prod(buffer.shape[-len(self.out) :])
        rows = buffer.reshape(*buffer.shape[:2], -1, width)
        group, row, line, one = rows.strides
        shape = (len(rows), count, self.height, width)
        return as_strided(rows, shape, (group, row * self.how.stride[0], line, one), writeable=False)


def _scatter(g: Array, weight: Array, bias: Array | None, size: Sizes, how: Geometry) -> Array:
    """The adjoint with respect to x, by adding up.

    Outputs and x are laid on one grid of cells, so wide that no window leaves it. A place of x is a cell and, with a stride,
    one of stride phases inside it. Then the place of a window that is under one element of the kernel lies the same number
    of cells further for all windows, and what all of them add there is one long run of numbers. Images share the rows.
    """
    stride, padding, dilation, groups = how
    batch, filters, channels = len(g), len(weight) // groups, weight.shape[1]
    kernel, out = weight.shape[2:], g.shape[2:]
    cells = tuple(o + d * (k - 1) // s for o, k, s, d in zip(out, kernel, stride, dilation, strict=True))
    height = groups * channels * math.prod(kernel)
    width = max(COLUMNS, BLOCK // height)
    images = max(1, min(batch, width // math.prod(cells)))
    matrix = np.ascontiguousarray(weight.reshape(groups, filters, -1).swapaxes(1, 2))
    gx = np.zeros((batch, groups * channels, *size), g.dtype)
    shape: Sizes = ()
    every = slice(None)
    for n in range(0, batch, images):
        image = slice(n, min(n + images, batch))
        if shape != (shape := (*cells[:-1], image.stop - n, cells[-1])):
            count = math.prod(shape)
            steps = [math.prod(shape[i + 1 :]) for i in range(len(shape)) if i != len(shape) - 2]
            ends = _ends(kernel, stride, dilation, steps)
            last = count - max(shift for _, shift in ends)
            upstream = np.zeros((len(weight), count), g.dtype)
            places = upstream.reshape(len(weight), *shape)
            places = places[every, *(slice(o) for o in out[:-1]), every, slice(out[-1])]
            sums = np.empty((groups * channels, math.prod(stride), count), g.dtype)
            shares = np.empty(height * min(width, last), g.dtype)
        places[...] = np.moveaxis(g[image], 0, -2)
        sums[...] = 0
        for a in range(0, last, width):
            b = min(a + width, last)
            share = shares[: height * (b - a)].reshape(groups, -1, b - a)
            np.matmul(matrix, upstream.reshape(groups, filters, -1)[:, :, a:b], out=share)
            share = share.reshape(groups * channels, -1, b - a)
            for k, (phase, shift) in enumerate(ends):
                sums[:, phase, shift + a : shift + b] += share[:, k]
        grid = sums.reshape(len(sums), *stride, *shape)
        to = np.moveaxis(gx[image], 0, -2)
        for first in _places(stride):
            axes = zip(cells, stride, first, padding, size, strict=True)
            parts = [inside(c, s, p - lo, n) for c, s, p, (lo, _), n in axes]
            source, there = [p for p, _ in parts], [q for _, q in parts]
            at: Index = (every, *first, *source[:-1], every, source[-1])
            to[every, *there[:-1], every, there[-1]] = grid[at]
    if bias is not None:
        gx += bias.reshape(-1, *(1 for _ in size))
    return gx


def _ends(kernel: Sizes, stride: Sizes, dilation: Sizes, steps: Sequence[int]) -> list[tuple[int, int]]:
    """For each element of the kernel, the phase and the distance in cells of the place under it."""
    ends = []
    for k in _places(kernel):
        phase, shift = 0, 0
        for i, d, s, step in zip(k, dilation, stride, steps, strict=True):
            phase, shift = phase * s + i * d % s, shift + i * d // s * step
        ends.append((phase, shift))
    return ends
