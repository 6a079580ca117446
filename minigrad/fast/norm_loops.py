"""The kernels of `norms`: statistics in two passes, and a third that writes."""

from __future__ import annotations

import math

from minigrad.fast.compiled import In, Out, Real, kernel


@kernel
def channels_forward(
    x: In, weight: In, bias: In, y: Out, mean: Out, var: Out, scale: Out, eps: Real,
    images: int, channels: int, positions: int, first: int, last: int,
) -> None:  # fmt: skip
    """Channels of (images, channels, positions). A row's sum is kept in the arrays' dtype, that of all rows in float64."""
    real = x.dtype.type
    for c in range(first, last):
        total = 0.0
        for n in range(images):
            row, start = real(0), (n * channels + c) * positions
            for i in range(start, start + positions):
                row += x[i]
            total += row
        m = real(total / (images * positions))
        total = 0.0
        for n in range(images):
            row, start = real(0), (n * channels + c) * positions
            for i in range(start, start + positions):
                row += (x[i] - m) * (x[i] - m)
            total += row
        v = real(total / (images * positions))
        q = real(1) / math.sqrt(v + eps)
        mean[c], var[c], scale[c] = m, v, q
        a, b = q * weight[c], bias[c]
        for n in range(images):
            start = (n * channels + c) * positions
            for i in range(start, start + positions):
                y[i] = (x[i] - m) * a + b


@kernel
def channels_backward(
    g: In, x: In, weight: In, mean: In, scale: In, gx: Out, gweight: Out, gbias: Out,
    images: int, channels: int, positions: int, first: int, last: int,
) -> None:  # fmt: skip
    """g without its mean and without its component along the output."""
    real = x.dtype.type
    for c in range(first, last):
        m, q = mean[c], scale[c]
        sums, products = 0.0, 0.0
        for n in range(images):
            row, product, start = real(0), real(0), (n * channels + c) * positions
            for i in range(start, start + positions):
                row += g[i]
                product += g[i] * (x[i] - m)
            sums += row
            products += product
        gbias[c], gweight[c] = sums, products * q
        a = weight[c] * q
        one, other = real(sums / (images * positions)), real(products * q * q / (images * positions))
        for n in range(images):
            start = (n * channels + c) * positions
            for i in range(start, start + positions):
                gx[i] = (g[i] - one - (x[i] - m) * other) * a


@kernel
def rows_forward(
    x: In, weight: In, bias: In, y: Out, mean: Out, var: Out, scale: Out, eps: Real,
    groups: int, factors: int, positions: int, first: int, last: int,
) -> None:  # fmt: skip
    """Rows of factors times positions elements: the weight of row r starts at r % groups times factors."""
    real, size = x.dtype.type, factors * positions
    for r in range(first, last):
        start, at = r * size, r % groups * factors
        total = real(0)
        for i in range(start, start + size):
            total += x[i]
        m = real(total / size)
        total = real(0)
        for i in range(start, start + size):
            total += (x[i] - m) * (x[i] - m)
        v = real(total / size)
        q = real(1) / math.sqrt(v + eps)
        mean[r], var[r], scale[r] = m, v, q
        if positions == 1:
            for i in range(size):
                y[start + i] = (x[start + i] - m) * q * weight[at + i] + bias[at + i]
        else:
            for f in range(factors):
                a, b, begin = q * weight[at + f], bias[at + f], start + f * positions
                for i in range(begin, begin + positions):
                    y[i] = (x[i] - m) * a + b


@kernel
def rows_backward(
    g: In, x: In, weight: In, mean: In, scale: In, gx: Out, gweight: Out, gbias: Out,
    groups: int, factors: int, positions: int, first: int, last: int,
) -> None:  # fmt: skip
    """As `channels_backward`, for rows; what these rows give to the weight and the bias is added to what stands there."""
    real, size = x.dtype.type, factors * positions
    for r in range(first, last):
        start, at = r * size, r % groups * factors
        m, q = mean[r], scale[r]
        sums, products = real(0), real(0)
        if positions == 1:
            for i in range(size):
                v, h = g[start + i], (x[start + i] - m) * q
                sums += v * weight[at + i]
                products += v * weight[at + i] * h
                gweight[at + i] += v * h
                gbias[at + i] += v
        else:
            for f in range(factors):
                row, product, begin = real(0), real(0), start + f * positions
                for i in range(begin, begin + positions):
                    row += g[i]
                    product += g[i] * (x[i] - m)
                product *= q
                gweight[at + f] += product
                gbias[at + f] += row
                sums += row * weight[at + f]
                products += product * weight[at + f]
        one, other = real(sums / size), real(products / size) * q
        if positions == 1:
            for i in range(size):
                gx[start + i] = (g[start + i] * weight[at + i] - one - (x[start + i] - m) * other) * q
        else:
            for f in range(factors):
                a, begin = weight[at + f], start + f * positions
                for i in range(begin, begin + positions):
                    gx[i] = (g[i] * a - one - (x[i] - m) * other) * q
