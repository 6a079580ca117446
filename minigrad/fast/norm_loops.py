"""The kernels of `norms`: statistics in two passes, and a third that writes.

A loop writes one array: LLVM makes vectors of it only if it can test, with a few comparisons before it, that what is written
overlaps nothing that is read.
"""

from __future__ import annotations

import math
from typing import Any

from minigrad.fast.compiled import In, Out, Real, helper, index, kernel

BLOCK = 4096  # elements that are summed in the arrays' dtype, in the lanes of a few vectors; the sums of blocks in float64


@helper
def _sum(x: Any, at: int, size: int) -> Any:
    """The sum of so many elements."""
    total = 0.0
    for start in range(at, at + size, BLOCK):
        part = x.dtype.type(0)
        for i in range(min(BLOCK, at + size - start)):
            part += x[index(start + i)]
        total += part
    return total


@helper
def _squares(x: Any, at: int, size: int, m: Any) -> Any:
    """The sum of (x - m)²."""
    total = 0.0
    for start in range(at, at + size, BLOCK):
        part = x.dtype.type(0)
        for i in range(min(BLOCK, at + size - start)):
            v = x[index(start + i)] - m
            part += v * v
        total += part
    return total


@helper
def _products(g: Any, x: Any, at: int, size: int, m: Any) -> Any:
    """The sum of g (x - m)."""
    total = 0.0
    for start in range(at, at + size, BLOCK):
        part = x.dtype.type(0)
        for i in range(min(BLOCK, at + size - start)):
            part += g[index(start + i)] * (x[index(start + i)] - m)
        total += part
    return total


@helper
def _affine(x: Any, at: int, size: int, m: Any, a: Any, b: Any, y: Any) -> None:
    """y = (x - m) a + b."""
    for i in range(size):
        y[index(at + i)] = (x[index(at + i)] - m) * a + b


@helper
def _project(g: Any, x: Any, at: int, size: int, m: Any, a: Any, one: Any, other: Any, q: Any, gx: Any) -> None:
    """g times a, without its mean and without its component along the output, times q."""
    for i in range(size):
        gx[index(at + i)] = (g[index(at + i)] * a - one - (x[index(at + i)] - m) * other) * q


@kernel
def channels_forward(
    x: In, weight: In, bias: In, y: Out, mean: Out, var: Out, scale: Out, eps: Real,
    images: int, channels: int, positions: int, first: int, last: int,
) -> None:  # fmt: skip
    """Channels of (images, channels, positions)."""
    real, step = x.dtype.type, channels * positions
    for c in range(first, last):
        start, end = c * positions, images * step
        total = 0.0
        for at in range(start, end, step):
            total += _sum(x, at, positions)
        m = real(total / (images * positions))
        total = 0.0
        for at in range(start, end, step):
            total += _squares(x, at, positions, m)
        v = real(total / (images * positions))
        q = real(1) / math.sqrt(v + eps)
        mean[c], var[c], scale[c] = m, v, q
        for at in range(start, end, step):
            _affine(x, at, positions, m, q * weight[c], bias[c], y)


@kernel
def channels_backward(
    g: In, x: In, weight: In, mean: In, scale: In, gx: Out, gweight: Out, gbias: Out,
    images: int, channels: int, positions: int, first: int, last: int,
) -> None:  # fmt: skip
    """g without its mean and without its component along the output."""
    real, step = x.dtype.type, channels * positions
    for c in range(first, last):
        m, q, start, end = mean[c], scale[c], c * positions, images * step
        sums, products = 0.0, 0.0
        for at in range(start, end, step):
            sums += _sum(g, at, positions)
            products += _products(g, x, at, positions, m)
        gbias[c], gweight[c] = sums, products * q
        one, other = real(sums / (images * positions)), real(products * q * q / (images * positions))
        for at in range(start, end, step):
            _project(g, x, at, positions, m, real(1), one, other, weight[c] * q, gx)


@kernel
def groups_forward(
    x: In, weight: In, bias: In, y: Out, mean: Out, var: Out, scale: Out, eps: Real,
    groups: int, channels: int, positions: int, first: int, last: int,
) -> None:  # fmt: skip
    """Groups of (images times groups, channels, positions): the weights of group r start at r % groups times channels."""
    real, size = x.dtype.type, channels * positions
    for r in range(first, last):
        start, at = r * size, r % groups * channels
        m = real(_sum(x, start, size) / size)
        v = real(_squares(x, start, size, m) / size)
        q = real(1) / math.sqrt(v + eps)
        mean[r], var[r], scale[r] = m, v, q
        for c in range(channels):
            _affine(x, start + c * positions, positions, m, q * weight[at + c], bias[at + c], y)


@kernel
def groups_backward(
    g: In, x: In, weight: In, mean: In, scale: In, gx: Out, gweight: Out, gbias: Out,
    groups: int, channels: int, positions: int, first: int, last: int,
) -> None:  # fmt: skip
    """As `channels_backward`; what these groups give to the weight and the bias is added to what stands there."""
    real, size = x.dtype.type, channels * positions
    for r in range(first, last):
        start, at, m, q = r * size, r % groups * channels, mean[r], scale[r]
        sums, products = 0.0, 0.0
        for c in range(channels):
            row = _sum(g, start + c * positions, positions)
            product = _products(g, x, start + c * positions, positions, m) * q
            gbias[at + c] += row
            gweight[at + c] += product
            sums += row * weight[at + c]
            products += product * weight[at + c]
        one, other = real(sums / size), real(products / size) * q
        for c in range(channels):
            _project(g, x, start + c * positions, positions, m, weight[at + c], one, other, q, gx)


@kernel
def rows_forward(
    x: In, weight: In, bias: In, y: Out, mean: Out, var: Out, scale: Out, eps: Real, size: int, first: int, last: int
) -> None:
    """Rows, with a weight for each of their elements."""
    real = x.dtype.type
    for r in range(first, last):
        start = r * size
        m = real(_sum(x, start, size) / size)
        v = real(_squares(x, start, size, m) / size)
        q = real(1) / math.sqrt(v + eps)
        mean[r], var[r], scale[r] = m, v, q
        for i in range(size):
            y[index(start + i)] = (x[index(start + i)] - m) * q * weight[index(i)] + bias[index(i)]


@kernel
def rows_backward(
    g: In, x: In, weight: In, mean: In, scale: In, gx: Out, gweight: Out, gbias: Out, size: int, first: int, last: int
) -> None:
    """As `groups_backward`."""
    real = x.dtype.type
    for r in range(first, last):
        start, m, q = r * size, mean[r], scale[r]
        for i in range(size):
            gbias[i] += g[index(start + i)]
        for i in range(size):
            gweight[i] += g[index(start + i)] * ((x[index(start + i)] - m) * q)
        for i in range(size):
            gx[index(start + i)] = g[index(start + i)] * weight[i]
        one = real(_sum(gx, start, size) / size)
        other = real(_products(gx, x, start, size, m) * q / size) * q
        for i in range(size):
            gx[index(start + i)] = (gx[index(start + i)] - one - (x[index(start + i)] - m) * other) * q
