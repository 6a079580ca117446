"""The kernels of convolution: products of tiles that are kept in registers.

A processor multiplies and adds whole vectors of elements, two in each cycle, but loads only two or three. So a product is
fast if each loaded vector is used several times, and if no sum leaves its register until it is complete. A *tile* is ROWS
times COLUMNS vectors of sums (`_Vectors.tile`). One turn of its loop loads COLUMNS vectors, then one row's factor after
another, and does ROWS times COLUMNS multiply-adds: 12 with 7 loads where there are 16 registers (12 sums, 3 columns and a
factor fill them), 24 with 11 where there are 32. A larger tile would spill into memory. A smaller one would wait for loads,
and for its own sums: a multiply-add takes 4 cycles, so that at least 8 must be under way.

numba's own loops do not get there. LLVM turns the loop over elements into vectors but does not keep a tile of them, and the
index of each element is first tested for being negative, as in Python: four instructions beside each factor. So the tile is
written for LLVM directly, with vectors as wide as the processor's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.registry import cpu_target

from minigrad.fast.compiled import In, Ints, Out, helper, index, intrinsic, kernel

_FEATURES = set(cpu_target.target_context.codegen().magic_tuple()[2].split(","))
WIDTH = 64 if "+avx512f" in _FEATURES else 32 if "+avx" in _FEATURES else 16  # bytes of a vector
ROWS, COLUMNS = (8, 3) if _FEATURES & {"+avx512f", "+neon"} else (4, 3)  # with 32 registers, or 16
LINE = 8  # vectors of sums where there is only one row, as of a depthwise convolution
INT = ir.IntType(64)


class _Vectors:
    """Writes LLVM's code for vectors of one array's elements."""

    def __init__(self, context: Any, builder: Any, array: Any) -> None:
        self.context, self.builder = context, builder
        self.real = context.get_value_type(array.dtype)
        self.bytes = array.dtype.bitwidth // 8
        self.lanes = WIDTH // self.bytes
        self.vector = ir.VectorType(self.real, self.lanes)

    def pointer(self, array_type: Any, array: Any, index: Any) -> Any:
        """The address of an element. No check of the index, and no wraparound: numba's would cost four instructions."""
        data = self.context.make_array(array_type)(self.context, self.builder, array).data
        return self.builder.gep(data, [index])

    def load(self, pointer: Any) -> Any:
        """A vector from so many elements."""
        v = self.builder.load(self.builder.bitcast(pointer, self.vector.as_pointer()))
        v.align = self.bytes
        return v

    def store(self, vector: Any, pointer: Any) -> None:
        s = self.builder.store(vector, self.builder.bitcast(pointer, self.vector.as_pointer()))
        s.align = self.bytes

    def broadcast(self, pointer: Any) -> Any:
        """A vector of one element's copies."""
        empty = ir.Constant(self.vector, ir.Undefined)
        lane = ir.IntType(32)
        one = self.builder.insert_element(empty, self.builder.load(pointer), lane(0))
        return self.builder.shuffle_vector(one, empty, ir.Constant(ir.VectorType(lane, self.lanes), [0] * self.lanes))

    def sums(self, vectors: list[Any]) -> Any:
        """The sum of the elements of each vector: a vector of as many sums, or of fewer than it has elements at its start.

        Two vectors become one, in which each sum is left to half as many elements, and so on: a third of the instructions
        that it takes to sum one vector after another.
        """
        if len(vectors) > 1:
            middle = len(vectors) // 2
            left, right = self.sums(vectors[:middle]), self.sums(vectors[middle:])
            return self._halves(left, right, self.lanes // middle)
        return vectors[0]

    def _halves(self, left: Any, right: Any, length: int) -> Any:
        """Add the two halves of every run of so many elements, of `left` and then of `right`."""
        lane, half = ir.IntType(32), length // 2
        starts = range(0, 2 * self.lanes, length)
        masks = [[start + first + i for start in starts for i in range(half)] for first in (0, half)]
        low, high = (
            self.builder.shuffle_vector(left, right, ir.Constant(ir.VectorType(lane, self.lanes), mask)) for mask in masks
        )
        return self.builder.fadd(low, high)

    def add(self, vectors: list[Any], pointer: Any) -> None:
        """Add the sum of each vector to one of the elements from a pointer on; their number is a power of 2."""
        count = len(vectors)
        total = self.sums(vectors)
        for length in (self.lanes >> i for i in range(self.lanes.bit_length() - 1)):
            if count * length <= self.lanes:
                total = self._halves(total, total, length)
        kind = ir.VectorType(self.real, count)
        first = ir.Constant(ir.VectorType(ir.IntType(32), count), list(range(count)))
        total = self.builder.shuffle_vector(total, total, first)
        place = self.builder.bitcast(pointer, kind.as_pointer())
        before = self.builder.load(place)
        after = self.builder.store(self.builder.fadd(before, total), place)
        before.align = after.align = self.bytes

    def tile(
        self,
        count: Any,
        step: int,
        rows: Callable[[Any, int], Any],
        columns: Callable[[Any, int], Any],
        starts: list[list[Any]],
    ) -> list[list[Any]]:
        """The sums over k = 0, step, ... of rows(k, r) times columns(k, c), for each r and c, added to starts[r][c]."""
        b = self.builder
        name = f"llvm.fmuladd.v{self.lanes}f{8 * self.bytes}"
        fma = cgutils.get_or_insert_function(b.module, ir.FunctionType(self.vector, [self.vector] * 3), name)
        sums = [[cgutils.alloca_once(b, self.vector) for _ in row] for row in starts]
        for row, before in zip(sums, starts, strict=True):
            for total, start in zip(row, before, strict=True):
                b.store(start, total)
        with cgutils.for_range_slice(b, INT(0), count, INT(step), INT) as (k, _):
            held = [columns(k, c) for c in range(len(starts[0]))]
            for r, row in enumerate(sums):
                factor = rows(k, r)
                for c, total in enumerate(row):
                    b.store(b.call(fma, [factor, held[c], b.load(total)]), total)
        return [[b.load(total) for total in row] for row in sums]


@intrinsic
def lanes(_: Any, x: Any) -> Any:
    """The number of x's elements in a vector."""
    n = WIDTH * 8 // x.dtype.bitwidth
    return types.intp(x), lambda context, builder, signature, args: INT(n)


def _product(rows: int, columns: int) -> Any:
    """The product of a tile with so many rows and columns. It sets, for each row r and element j, with sums over k < count,

    y[y_at + r row + j] = bias[b_at + r] + sum of w[w_at + k ROWS + r] x[x_at + offsets[k] + j]
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        x, _, offsets, _, w, _, bias, _, y, *_ = signature.args
        code, b = _Vectors(context, builder, x), builder
        x_, x_at_, offsets_, count_, w_, w_at_, bias_, b_at_, y_, y_at_, row_ = args
        starts = [code.broadcast(code.pointer(bias, bias_, b.add(b_at_, INT(r)))) for r in range(rows)]

        def factor(k: Any, r: int) -> Any:
            return code.broadcast(code.pointer(w, w_, b.add(w_at_, b.add(b.mul(k, INT(ROWS)), INT(r)))))

        def column(k: Any, c: int) -> Any:
            start = b.add(x_at_, b.load(code.pointer(offsets, offsets_, k)))
            return code.load(code.pointer(x, x_, b.add(start, INT(c * code.lanes))))

        for r, sums in enumerate(code.tile(count_, 1, factor, column, [[start] * columns for start in starts])):
            for c, total in enumerate(sums):
                at = b.add(y_at_, b.add(b.mul(row_, INT(r)), INT(c * code.lanes)))
                code.store(total, code.pointer(y, y_, at))
        return context.get_dummy_value()

    def typed(
        _: Any, x: Any, x_at: Any, offsets: Any, count: Any, w: Any, w_at: Any, bias: Any, b_at: Any, y: Any, y_at: Any,
        row: Any,
    ) -> Any:  # fmt: skip
        return types.void(x, x_at, offsets, count, w, w_at, bias, b_at, y, y_at, row), generate

    return intrinsic(typed)


multiply = _product(ROWS, COLUMNS)
multiply_one = _product(1, LINE)  # of a group's only filter


@intrinsic
def _dot(_: Any, g: Any, g_at: Any, row: Any, x: Any, offsets: Any, k: Any, count: Any, y: Any, y_at: Any) -> Any:
    """For each row r and column c of a tile, over p < count, a vector at a time:

    y[y_at + r COLUMNS + c] += sum of g[g_at + r row + p] x[offsets[k + c] + p]
    """

    def generate(context: Any, builder: Any, _: Any, args: Any) -> Any:
        code, b = _Vectors(context, builder, x), builder
        g_, g_at_, row_, x_, offsets_, k_, count_, y_, y_at_ = args
        starts = [b.load(code.pointer(offsets, offsets_, b.add(k_, INT(c)))) for c in range(COLUMNS)]
        zero = ir.Constant(code.vector, [0.0] * code.lanes)

        def factor(p: Any, r: int) -> Any:
            return code.load(code.pointer(g, g_, b.add(b.add(g_at_, b.mul(row_, INT(r))), p)))

        def column(p: Any, c: int) -> Any:
            return code.load(code.pointer(x, x_, b.add(starts[c], p)))

        sums = [total for row in code.tile(count_, code.lanes, factor, column, [[zero] * COLUMNS] * ROWS) for total in row]
        done = 0
        while done < len(sums):  # as many as a vector holds, then the largest power of 2 of what is left
            some = min(code.lanes, 1 << (len(sums) - done).bit_length() - 1)
            code.add(sums[done : done + some], code.pointer(y, y_, b.add(y_at_, INT(done))))
            done += some
        return context.get_dummy_value()

    return types.void(g, g_at, row, x, offsets, k, count, y, y_at), generate


@intrinsic
def _copy(_: Any, x: Any, i: Any, y: Any, j: Any, count: Any) -> Any:
    """y[j : j + count] = x[i : i + count], without a loop for LLVM to vectorise: that would take it half a second each."""

    def generate(context: Any, builder: Any, _: Any, args: Any) -> Any:
        code, (x_, i_, y_, j_, count_) = _Vectors(context, builder, x), args
        cgutils.raw_memcpy(builder, code.pointer(y, y_, j_), code.pointer(x, x_, i_), count_, code.bytes)
        return context.get_dummy_value()

    return types.void(x, i, y, j, count), generate


@intrinsic
def _clear(_: Any, y: Any, j: Any, count: Any) -> Any:
    """y[j : j + count] = 0."""

    def generate(context: Any, builder: Any, _: Any, args: Any) -> Any:
        code, (y_, j_, count_) = _Vectors(context, builder, y), args
        cgutils.memset(builder, code.pointer(y, y_, j_), builder.mul(count_, INT(code.bytes)), 0)
        return context.get_dummy_value()

    return types.void(y, j, count), generate


@helper
def _pack(
    x: In, buffer: Out, n: int, images: int, planes: int, plane: int, channels: int, height: int, width: int,
    sh: int, sw: int, top: int, left: int, tall: int, wide: int, rows: int, columns: int, apart: int,
) -> None:  # fmt: skip
    """Write images side by side, each with its padding and split into phases.

    buffer[((channel sh + a) sw + b) apart + (image rows + q) columns + r] = x[n + image, plane + channel, q sh + a - top,
    r sw + b - left], for q < tall and r < wide. Zeros at the end of a row or an image may be those at the start of the next:
    columns on the left and right are 0 from the start, and never written.
    """
    for c in range(channels):
        for a in range(sh):
            first = min(tall, max(0, (top - a + sh - 1) // sh))
            last = max(first, min(tall, (height - 1 - a + top) // sh + 1))
            for b in range(sw):
                begin = min(wide, max(0, (left - b + sw - 1) // sw))
                end = max(begin, min(wide, (width - 1 - b + left) // sw + 1))
                for i in range(images):
                    to = ((c * sh + a) * sw + b) * apart + i * rows * columns
                    _clear(buffer, to, first * columns)
                    _clear(buffer, to + last * columns, (tall - last) * columns)
                    for q in range(first, last):
                        source = (((n + i) * planes + plane + c) * height + q * sh + a - top) * width + b - left
                        at = to + q * columns
                        if sw == 1:
                            _copy(x, source + begin, buffer, at + begin, end - begin)
                        else:
                            for r in range(begin, end):
                                buffer[index(at + r)] = x[index(source + r * sw)]


@kernel
def correlate(
    x: In, w: In, bias: In, offsets: Ints, y: Out, n0: int, n1: int, images: int, band: int,
    groups: int, channels: int, height: int, width: int, filters: int, oh: int, ow: int, sh: int, sw: int,
    top: int, left: int, tall: int, wide: int, rows: int, columns: int, apart: int, size: int,
    y_at: int, y_image: int, y_filter: int, y_row: int, y_step: int,
) -> None:  # fmt: skip
    """Cross-correlate images n0 to n1 with the weight; y may be every other row and column of an array."""
    count, step = offsets.size, (LINE if filters == 1 else COLUMNS) * lanes(x)
    length = (images * rows * columns + step - 1) // step * step
    buffer = np.zeros(size + step, x.dtype)
    result = np.empty(ROWS * length, x.dtype)
    blocks = (filters + ROWS - 1) // ROWS
    for n in range(n0, n1, images):
        some = min(images, n1 - n)
        for row in range(0, oh, band):
            high = min(band, oh - row)
            used = ((some - 1) * rows + high) * columns
            for group in range(groups):
                _pack(x, buffer, n, some, groups * channels, group * channels, channels, height, width,
                      sh, sw, top - row * sh, left, tall, wide, rows, columns, apart)  # fmt: skip
                for block in range(blocks):
                    at = (group * blocks + block) * ROWS
                    for p in range(0, used, step):
                        if filters == 1:
                            multiply_one(buffer, p, offsets, count, w, at * count, bias, at, result, p, length)
                        else:
                            multiply(buffer, p, offsets, count, w, at * count, bias, at, result, p, length)
                    for f in range(min(ROWS, filters - block * ROWS)):
                        filter = group * filters + block * ROWS + f
                        for i in range(some):
                            for h in range(high):
                                source = f * length + (i * rows + h) * columns
                                to = y_at + (n + i) * y_image + filter * y_filter + (row + h) * y_row
                                if y_step == 1:
                                    _copy(result, source, y, to, ow)
                                else:
                                    for r in range(ow):
                                        y[index(to + r * y_step)] = result[index(source + r)]


@kernel
def correlate_weight(
    x: In, g: In, offsets: Ints, y: Out, y_at: int, n0: int, n1: int, images: int, band: int,
    groups: int, channels: int, height: int, width: int, filters: int, oh: int, ow: int, sh: int, sw: int,
    top: int, left: int, tall: int, wide: int, rows: int, columns: int, apart: int, size: int,
) -> None:  # fmt: skip
    """Add up for each filter and each element of the kernel: the upstream gradient times what of x lay under it.

    They are in y (groups, blocks of filters, ROWS COLUMNS of a tile).
    """
    count, step = offsets.size, lanes(x)
    length = (images * rows * columns + step - 1) // step * step
    buffer = np.zeros(size + step, x.dtype)
    blocks = (filters + ROWS - 1) // ROWS
    upstream = np.zeros(blocks * ROWS * length, x.dtype)
    for n in range(n0, n1, images):
        some = min(images, n1 - n)
        for row in range(0, oh, band):
            high = min(band, oh - row)
            used = ((some - 1) * rows + high) * columns
            if some < images or high < band:
                _clear(upstream, 0, upstream.size)
            for group in range(groups):
                _pack(x, buffer, n, some, groups * channels, group * channels, channels, height, width,
                      sh, sw, top - row * sh, left, tall, wide, rows, columns, apart)  # fmt: skip
                for f in range(filters):
                    for i in range(some):
                        for h in range(high):
                            to = f * length + (i * rows + h) * columns
                            source = (((n + i) * groups + group) * filters + f) * oh * ow + (row + h) * ow
                            _copy(g, source, upstream, to, ow)
                for block in range(blocks):
                    at = y_at + (group * blocks + block) * ROWS * count
                    for k in range(0, count, COLUMNS):
                        _dot(upstream, block * ROWS * length, length, buffer, offsets, k, used, y, at + k * ROWS)
