"""The kernels of `pooling`: all elements of a window are loaded before they are compared, so that LLVM needs no branch."""

from __future__ import annotations

from minigrad.fast.compiled import In, Out, index, kernel


@kernel
def max_pool(x: In, y: Out, height: int, width: int, first: int, last: int) -> None:
    """The maximum of each window of 2 × 2. A nan is unequal to itself, and larger than all."""
    oh, ow = height // 2, width // 2
    for plane in range(first, last):
        for h in range(oh):
            top, to = (plane * height + 2 * h) * width, (plane * oh + h) * ow
            for w in range(ow):
                a, b = x[index(top + 2 * w)], x[index(top + 2 * w + 1)]
                c, d = x[index(top + width + 2 * w)], x[index(top + width + 2 * w + 1)]
                m = a if a >= b or a != a else b
                n = c if c >= d or c != c else d
                y[index(to + w)] = m if m >= n or m != m else n


@kernel
def max_pool_gradient(g: In, x: In, y: In, gx: Out, height: int, width: int, first: int, last: int) -> None:
    """Each g times 1 at the first element of its window that is not less than the maximum, times 0 at the others."""
    oh, ow = height // 2, width // 2
    zero, one = x.dtype.type(0), x.dtype.type(1)
    for plane in range(first, last):
        for h in range(oh):
            top, at = (plane * height + 2 * h) * width, (plane * oh + h) * ow
            for w in range(ow):
                v, m = g[index(at + w)], y[index(at + w)]
                a, b = x[index(top + 2 * w)], x[index(top + 2 * w + 1)]
                c, d = x[index(top + width + 2 * w)], x[index(top + width + 2 * w + 1)]
                at_a = not a < m
                at_b = (not at_a) & (not b < m)
                at_c = (not (at_a | at_b)) & (not c < m)
                at_d = (not (at_a | at_b | at_c)) & (not d < m)
                gx[index(top + 2 * w)] = v * (one if at_a else zero)
                gx[index(top + 2 * w + 1)] = v * (one if at_b else zero)
                gx[index(top + width + 2 * w)] = v * (one if at_c else zero)
                gx[index(top + width + 2 * w + 1)] = v * (one if at_d else zero)
