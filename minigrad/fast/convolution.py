"""Convolution and its adjoints in two dimensions and in one, by the kernels of `conv_loops`.

All three lay images side by side in a buffer, with their padding, split into phases where there is a stride (`_Grid`). In it
the element of x under kernel element k is the same distance from each output, so that a convolution is a product of the
weight with shifted views of one array, and nothing is copied once for each element of the kernel.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from minigrad.fast import pool, same_floats

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]
Pair: TypeAlias = tuple[int, int]

# By judgement, from what tests/benchmarks/bench_conv.py prints.
LEAST = 1e6  # multiply-accumulates below which a kernel gains too little to load numba for it
PART = 5e6  # multiply-accumulates that are worth another thread
COLUMNS = 768  # images are laid side by side until they have so many columns,
ELEMENTS = 1 << 16  # but no more elements than the cache holds


class Geometry(NamedTuple):
    """The windows along two axes."""

    size: Pair
    kernel: Pair
    stride: Pair
    before: Pair
    dilation: Pair
    out: Pair


class _Grid(NamedTuple):
    """How images lie in the buffer.

    Attributes
    ----------
    images, band : int
        So many images side by side, so many rows of the output at a time.
    tall, wide : int
        Rows and columns of an image with its padding.
    rows, columns : int
        From one image to the next, and from one row to the next: less, where both have zeros that serve the other too.
    apart : int
        From a channel's phase to the next.
    size : int
        The elements up to the last that an output needs.
    offsets : array
        For each element of the weight (C KH KW), how far it is from the output's place.
    """

    images: int
    band: int
    tall: int
    wide: int
    rows: int
    columns: int
    apart: int
    size: int
    offsets: Array


def _step(n: int, kernel: int, stride: int, before: int, dilation: int, out: int) -> tuple[int, int]:
    """Along one axis, how far windows reach beyond the output, and the least distance of a row from the next.

    A phase has `begin` zeros before its elements, which end at `end`. What lies beyond the distance is the next row's start:
    zeros for both.
    """
    reach = (kernel - 1) * dilation // stride
    least = out
    for phase in range(stride):
        begin = min(out + reach, max(0, -((phase - before) // stride)))
        end = min(out + reach, (n - 1 - phase + before) // stride + 1)
        least = max(least, end, out + reach - begin)
    return reach, least


@lru_cache(maxsize=256)
def _grid(geometry: Geometry, channels: int, batch: int, multiple: int) -> _Grid:
    (oh, ow), (sh, sw) = geometry.out, geometry.stride
    (below, rows), (beside, columns) = (_step(*along) for along in zip(*geometry, strict=True))
    phases, wide = channels * sh * sw, ow + beside
    band = max(1, min(oh, ELEMENTS // (phases * columns) - below))
    if band < oh:
        images, rows = 1, band + below
    else:
        images = max(1, min(batch, -(-COLUMNS // (rows * columns)), ELEMENTS // (phases * rows * columns)))
    tall = band + below
    apart = max(images * rows * columns, ((images - 1) * rows + tall - 1) * columns + wide)
    places = [np.arange(k) * d for k, d in zip(geometry.kernel, geometry.dilation, strict=True)]
    c, h, w = np.meshgrid(np.arange(channels), *places, indexing="ij")
    phase = (c * sh + h % sh) * sw + w % sw
    offsets = (phase * apart + h // sh * columns + w // sw).ravel().astype(np.intp)
    offsets = np.concatenate([offsets, np.repeat(offsets[-1:], -len(offsets) % multiple)])
    offsets.setflags(write=False)
    return _Grid(images, band, tall, wide, rows, columns, apart, phases * apart + tall * columns, offsets)


def _two(geometry: Any) -> Geometry | None:
    """A geometry over one axis or two as one over two; None for more."""
    size, kernel, stride, padding, dilation, _ = geometry
    before = tuple(p for p, _ in padding)
    every = (size, kernel, stride, before, dilation, geometry.out)
    if len(size) == 1:
        return Geometry(*((fill, *v) for fill, v in zip((1, 1, 1, 0, 1, 1), every, strict=True)))
    return Geometry(*every) if len(size) == 2 else None


def conv(x: Array, weight: Array, bias: Array | None, geometry: Any) -> Array | None:
    """The cross-correlation of x (N C ...) with the weight (F C/groups ...)."""
    two = _two(geometry)
    if two is None or not same_floats(x, weight, bias) or not _pays(_work(len(x), weight, two.out)):
        return None
    out = np.empty((len(x), len(weight), *geometry.out), x.dtype)
    _correlate(x, weight, bias, out, two, geometry.groups, (0, 0), (1, 1))
    return out


def conv_input(g: Array, weight: Array, bias: Array | None, geometry: Any) -> Array | None:
    """The adjoint with respect to x: a convolution of g with the flipped kernel.

    With a stride, x splits into phases, and each is a convolution with those elements of the kernel that meet it.
    """
    two = _two(geometry)
    if two is None or not same_floats(g, weight, bias) or not _pays(_work(len(g), weight, two.out)):
        return None
    if (max(two.stride) > 1 and max(two.dilation) > 1) or not np.isfinite(weight).all():  # 0 times infinity would be nan
        return None
    groups, (filters, channels), stride = geometry.groups, weight.shape[:2], two.stride
    by_group = weight.reshape(groups, filters // groups, channels, *two.kernel)
    swapped = by_group.swapaxes(1, 2).reshape(-1, filters // groups, *two.kernel)
    out = np.empty((len(g), groups * channels, *two.size), g.dtype)
    for first in np.ndindex(stride):
        met = [(i + b) % s for i, b, s in zip(first, two.before, stride, strict=True)]
        part = swapped[:, :, met[0] :: stride[0], met[1] :: stride[1]][:, :, ::-1, ::-1]
        axes = zip(part.shape[2:], first, two.size, two.before, stride, two.dilation, strict=True)
        sizes, before = zip(*((-(-(n - i) // s), (k - 1) * d - (i + b) // s) for k, i, n, b, s, d in axes), strict=True)
        if 0 in part.shape:  # the stride is larger than the kernel
            out[:, :, first[0] :: stride[0], first[1] :: stride[1]] = 0 if bias is None else bias.reshape(-1, 1, 1)
        elif 0 not in sizes:
            each = Geometry(two.out, part.shape[2:], (1, 1), before, two.dilation, sizes)
            _correlate(g, part, bias, out, each, groups, first, stride)
    return out.reshape(len(g), groups * channels, *geometry.size)


def conv_weight(x: Array, g: Array, geometry: Any) -> Array | None:
    """The adjoint with respect to the weight: each window of x times the upstream gradient of its output."""
    two = _two(geometry)
    groups, filters, channels = geometry.groups, g.shape[1] // geometry.groups, x.shape[1] // geometry.groups
    work = float(g.size * channels * math.prod(geometry.kernel))
    if two is None or not same_floats(x, g) or not _pays(work):
        return None
    from minigrad.fast import conv_loops as loops

    count = pool.parts(len(x), work, PART)
    grid = _grid(two, channels, -(-len(x) // count), loops.COLUMNS)
    blocks = -(-filters // loops.ROWS)
    sums = np.zeros((count, groups, blocks * loops.ROWS, grid.offsets.size), x.dtype)
    batch, x, g, flat = len(x), _flat(x), _flat(g), sums.reshape(-1)

    def run(part: int, first: int, last: int) -> None:
        loops.correlate_weight(
            x, g, grid.offsets, flat, part * sums[0].size, first, last, grid.images, grid.band, groups, channels, *two.size,
            filters, *two.out, *two.stride, *two.before, *grid[2:8],
        )  # fmt: skip

    pool.split(run, batch, count)
    total = sums[0] if count == 1 else np.add.reduce(sums, axis=0)
    tiles = total.reshape(groups, blocks, -1, loops.ROWS, loops.COLUMNS).swapaxes(2, 3)
    total = tiles.reshape(groups, blocks * loops.ROWS, -1)[:, :filters, : channels * math.prod(two.kernel)]
    # A column of the buffer that is no output holds 0 times an element of x, nan if that is infinite: then NumPy decides.
    if not np.isfinite(total).all():
        return None
    gweight: Array = total.reshape(groups * filters, channels, *geometry.kernel)
    return gweight


def _work(images: int, weight: Array, out: Pair) -> float:
    """The multiply-accumulates of a convolution."""
    return float(images * math.prod(out) * weight.size)


def _pays(work: float) -> bool:
    return work >= max(1, LEAST)


def _flat(x: Array) -> Array:
    return np.ascontiguousarray(x).reshape(-1)


def _correlate(
    x: Array, weight: Array, bias: Array | None, out: Array, geometry: Geometry, groups: int, first: Pair, step: Pair
) -> None:
    """Cross-correlate into every so many rows and columns of `out`."""
    from minigrad.fast import conv_loops as loops

    channels, filters = weight.shape[1], len(weight) // groups
    count = pool.parts(len(x), _work(len(x), weight, geometry.out), PART)
    grid = _grid(geometry, channels, -(-len(x) // count), 1)
    blocks = -(-filters // loops.ROWS)
    packed: Array = np.zeros((groups, blocks * loops.ROWS, grid.offsets.size), x.dtype)
    packed[:, :filters] = weight.reshape(groups, filters, -1)
    packed = np.ascontiguousarray(packed.reshape(groups, blocks, loops.ROWS, -1).swapaxes(2, 3))
    start: Array = np.zeros((groups, blocks * loops.ROWS), x.dtype)
    if bias is not None:
        start[:, :filters] = bias.reshape(groups, filters)
    height, width = out.shape[2:] if out.ndim == 4 else (1, out.shape[2])
    images = _flat(x), packed.reshape(-1), start.reshape(-1), grid.offsets, out.reshape(-1)

    def run(_: int, first_image: int, last_image: int) -> None:
        loops.correlate(
            *images, first_image, last_image, grid.images, grid.band, groups, channels, *geometry.size, filters,
            *geometry.out, *geometry.stride, *geometry.before, *grid[2:8], first[0] * width + first[1],
            groups * filters * height * width, height * width, step[0] * width, step[1],
        )  # fmt: skip

    pool.split(run, len(x), count)
