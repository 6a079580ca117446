"""The arithmetic of convolution on plain arrays of one dtype, in any number of dimensions.

With the window of x under the kernel as a column of C K elements and the weight as a matrix of F rows, a convolution is one
matrix product (im2col; Chellapilla, Puri and Simard 2006). Writing all windows out would copy x once for each element of
the kernel. So a *block* of them is written at a time, small enough for the cache (`_Blocks`), and not even those whole:
along the first spatial axis windows overlap by whole rows, and that overlap is a matter of strides, not of copies.

The adjoint with respect to x goes the other way: a product gives each output's contribution to its window, and what
meets at one element of x is added (`_spread`). With stride 1 that is a convolution too, with the flipped kernel, and faster
unless x has fewer channels than the output.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Any, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import as_strided

from minigrad.fast import convolution, faster
from minigrad.ops.geometry import Geometry, Index, Lengths, inside

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

# Chosen by measurement (tests/benchmarks/bench_conv.py), and flat around these values.
BLOCK = 1 << 20  # elements in a block of windows: 4 MB of float32
COLUMNS = 512  # images are taken together until a product has so many columns


@faster(convolution.conv)
def conv(x: Array, weight: Array, bias: Array | None, geometry: Geometry) -> Array:
    """The cross-correlation of x (N C ...) with the weight (F C/groups ...)."""
    groups = geometry.groups
    windows = _Blocks(x, geometry)
    out = np.empty((len(x), len(weight), *geometry.out), x.dtype)
    rows = _rows_first(out, windows.out, groups)
    matrix = windows.matrix(weight)
    for at, columns in windows.blocks():
        block = rows[at]
        shape = (*columns.shape[:2], matrix.shape[2], columns.shape[3])
        # One image's rows can be written where they belong.
        result = block.reshape(shape) if block.shape[3] == 1 else np.empty(shape, x.dtype)
        np.matmul(matrix, columns, out=result)
        if bias is not None:
            result += bias.reshape(groups, 1, -1, 1)
        if block.shape[3] > 1:
            block[...] = result.reshape(block.shape)
    return out


@faster(convolution.conv_weight)
def conv_weight(x: Array, g: Array, geometry: Geometry) -> Array:
    """The adjoint with respect to the weight: each window of x times the upstream gradient of its output."""
    groups = geometry.groups
    windows = _Blocks(x, geometry)
    rows = _rows_first(g, windows.out, groups)
    filters, channels = g.shape[1], x.shape[1] // groups
    total = np.zeros((groups, windows.height, filters // groups), x.dtype)
    term = np.empty(total.shape, x.dtype)
    for at, columns in windows.blocks():
        upstream = rows[at].reshape(*columns.shape[:2], filters // groups, columns.shape[3])
        for row in range(columns.shape[1]):
            total += np.matmul(columns[:, row], upstream[:, row].swapaxes(1, 2), out=term)
    by_row = total.swapaxes(1, 2).reshape(filters, windows.kernel[0], channels, *windows.kernel[1:])
    return np.ascontiguousarray(by_row.swapaxes(1, 2)).reshape(filters, channels, *geometry.kernel)


@faster(convolution.conv_input)
def conv_input(g: Array, weight: Array, bias: Array | None, geometry: Geometry) -> Array:
    """The adjoint with respect to x: each output spread over its window."""
    size, kernel, stride, padding, dilation, groups = geometry
    filters, channels = len(weight) // groups, weight.shape[1]
    if max(stride) > 1 or (channels < filters and max(kernel) > 1):
        return _spread(g, weight, bias, geometry)
    swapped = weight.reshape(groups, filters, channels, *kernel).swapaxes(1, 2).reshape(-1, filters, *kernel)
    flipped = np.flip(swapped, tuple(range(2, swapped.ndim)))
    before = [d * (k - 1) - low for k, (low, _), d in zip(kernel, padding, dilation, strict=True)]
    after = [n + low - o for n, (low, _), o in zip(size, padding, g.shape[2:], strict=True)]
    pads = tuple(zip(before, after, strict=True))
    out: Array = conv(g, flipped, bias, geometry._replace(size=g.shape[2:], padding=pads))
    return out


def _rows_first(x: Array, size: Sequence[int], groups: int) -> Array:
    """N C H ... as a view groups H C/groups N ...: first the axis along which windows are not copied."""
    x = x.reshape(len(x), groups, x.shape[1] // groups, *size)
    return x.transpose(1, 3, 2, 0, *range(4, x.ndim))


def _indices(counts: Iterable[int]) -> Iterator[Lengths]:
    """Every index of an array of that shape, in C order; np.ndindex takes ten times as long."""
    return product(*map(range, counts))


class _Blocks:
    """The windows of x, a block at a time, as matrices with a column for each output.

    A block is kept as ``buffer[group, row, channel, k1, ..., image, o1, ...]``: for each row of x (a step along its first
    spatial axis), the windows along all other axes. Output row i takes the rows from stride i on, as many as the kernel has;
    they lie one after another, so its matrix is a view of the buffer.
    """

    def __init__(self, x: Array, geometry: Geometry) -> None:
        size, kernel, stride, padding, dilation, groups = geometry
        one = math.prod(kernel) == max(stride) == 1 and not any(map(any, padding))
        self.plain = one and math.prod(size) >= COLUMNS // 2  # a kernel of one element has x itself for its windows
        if self.plain:
            size, kernel, stride, padding, dilation = (math.prod(size),), (1,), (1,), ((0, 0),), (1,)
        if len(size) == 1 or dilation[0] > 1:  # then rows do not lie so: let all of x be one row
            size, kernel, stride = (1, *size), (1, *kernel), (1, *stride)
            padding, dilation = ((0, 0), *padding), (1, *dilation)
        self.geometry = Geometry(size, kernel, stride, padding, dilation, groups)
        self.kernel, self.out = kernel, self.geometry.out
        self.x = _rows_first(x, size, groups)
        self.height = self.x.shape[2] * math.prod(kernel)

    def matrix(self, weight: Array) -> Array:
        """The weight as a matrix for each group, (groups, 1, F/groups, K0 C/groups K1 ...), in the order of the windows."""
        groups, channels = self.x.shape[0], self.x.shape[2]
        by_row = weight.reshape(groups, -1, channels, *self.kernel).swapaxes(2, 3)
        return np.ascontiguousarray(by_row.reshape(groups, 1, -1, self.height))

    def blocks(self) -> Iterator[tuple[Index, Array]]:
        """Each block: the index of its outputs in the output with rows first, and its matrix of windows."""
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
        """The number of images to take together: enough columns for a product, and enough images to fill a block."""
        columns = math.prod(self.out[1:])
        image = self.x.shape[0] * self.x.shape[2] * math.prod(self.kernel[1:]) * self._needs(self.out[0]) * columns
        most = max(1, COLUMNS // columns, BLOCK // image)
        return -(-batch // -(-batch // most)) if batch else 1

    def _needs(self, rows: int) -> int:
        """The number of rows of x that so many rows of the output need."""
        return (rows - 1) * self.geometry.stride[0] + self.kernel[0]

    def _boxes(self, images: int) -> Iterator[list[slice]]:
        """The output in boxes, each at most a block of windows for so many images, cut along the first axes only."""
        step = list(self.out)
        row = self.x.shape[0] * self.x.shape[2] * math.prod(self.kernel[1:]) * images
        for axis, o in enumerate(self.out):
            parts = -(-row * self._needs(step[0]) * math.prod(step[1:]) // BLOCK)
            step[axis] = -(-o // min(parts, o))
            if step[axis] > 1:
                break
        for start in _indices(-(-o // s) for o, s in zip(self.out, step, strict=True)):
            yield [slice(i * s, min((i + 1) * s, o)) for i, s, o in zip(start, step, self.out, strict=True)]

    def _copies(self, box: list[slice]) -> list[tuple[Index, Index]]:
        """For each element of the kernel along the other axes: an index of the buffer, and what it copies from x."""
        every = slice(None)
        (rows, _, stride, before, _, _), *inner = self.geometry.axes()
        to_rows, from_rows = inside(self._needs(box[0].stop - box[0].start), 1, box[0].start * stride - before, rows)
        copies = []
        for at in _indices(self.kernel[1:]):
            parts = [
                inside(b.stop - b.start, s, b.start * s + i * d - before, n)
                for i, b, (n, _, s, before, d, _) in zip(at, box[1:], inner, strict=True)
            ]
            to, source = (p for p, _ in parts), (q for _, q in parts)
            copies.append(((every, to_rows, every, *at, every, *to), (every, from_rows, every, every, *source)))
        return copies

    def _columns(self, buffer: Array, count: int) -> Array:
        """The matrices of `count` output rows, as overlapping views: (groups, count, K0 C/groups K1 ..., images o1 ...)."""
        width = math.prod(buffer.shape[-len(self.out) :])
        rows = buffer.reshape(*buffer.shape[:2], -1, width)
        group, row, line, one = rows.strides
        shape = (len(rows), count, self.height, width)
        return as_strided(rows, shape, (group, row * self.geometry.stride[0], line, one), writeable=False)


def _spread(g: Array, weight: Array, bias: Array | None, geometry: Geometry) -> Array:
    """The adjoint with respect to x, by adding up.

    Outputs and x lie on one grid of cells, wide enough for all windows; with a stride, the elements of x in one cell differ
    in their *phase*. Then the element under k has the same phase in every window and is the same number of cells from its
    output, and what all windows add to x under k is one long run of elements. Images share the rows.
    """
    size, _, stride, padding, _, groups = geometry
    cells = tuple([o + d * (k - 1) // s for _, k, s, _, d, o in geometry.axes()])
    columns = max(COLUMNS, BLOCK // (groups * weight.shape[1] * geometry.elements))
    images = max(1, min(len(g), columns // math.prod(cells)))
    matrix = np.ascontiguousarray(weight.reshape(groups, len(weight) // groups, -1).swapaxes(1, 2))
    gx = np.zeros((len(g), groups * weight.shape[1], *size), g.dtype)
    every = slice(None)
    for n in range(0, len(g), images):
        some = g[n : n + images]
        shape = (*cells[:-1], len(some), cells[-1])
        upstream = np.zeros((len(weight), *shape), g.dtype)
        upstream[(every, *map(slice, geometry.out[:-1]), every, slice(geometry.out[-1]))] = np.moveaxis(some, 0, -2)
        upstream = upstream.reshape(groups, len(weight) // groups, -1)
        sums = _sums(upstream, matrix, geometry, _ends(geometry, shape), columns)
        grid = sums.reshape(gx.shape[1], *stride, *shape)
        image = np.moveaxis(gx[n : n + images], 0, -2)
        for phase in _indices(stride):
            axes = zip(cells, stride, phase, padding, size, strict=True)
            *first, (cell, element) = [inside(c, s, p - before, length) for c, s, p, (before, _), length in axes]
            source: Index = (every, *phase, *(a for a, _ in first), every, cell)
            image[(every, *(b for _, b in first), every, element)] = grid[source]
    if bias is not None:
        gx += bias.reshape(-1, *(1 for _ in size))
    return gx


def _sums(upstream: Array, matrix: Array, geometry: Geometry, ends: list[tuple[int, int]], columns: int) -> Array:
    """For each channel and phase, what all windows add to each cell; so many cells at a time."""
    groups, height, cells = len(matrix), matrix.shape[1], upstream.shape[-1]
    channels = groups * height // geometry.elements
    sums = np.zeros((channels, math.prod(geometry.stride), cells), upstream.dtype)
    last = cells - max(shift for _, shift in ends)
    for a in range(0, last, columns):
        b = min(a + columns, last)
        contributions = np.matmul(matrix, upstream[:, :, a:b]).reshape(channels, -1, b - a)
        for k, (phase, shift) in enumerate(ends):
            sums[:, phase, shift + a : shift + b] += contributions[:, k]
    return sums


def _ends(geometry: Geometry, shape: Lengths) -> list[tuple[int, int]]:
    """For each element of the kernel, the phase of the element of x under it and its distance in cells."""
    steps = [
        math.prod(shape[i + 1 :]) for i in range(len(shape)) if i != len(shape) - 2
    ]  # images stand before the last axis
    ends = []
    for at in _indices(geometry.kernel):
        phase, shift = 0, 0
        for i, d, s, step in zip(at, geometry.dilation, geometry.stride, steps, strict=True):
            phase, shift = phase * s + i * d % s, shift + i * d // s * step
        ends.append((phase, shift))
    return ends
