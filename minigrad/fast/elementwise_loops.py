"""The kernels of `elementwise`.

What a branch chooses between is computed first. Then LLVM turns the choice into one of vectors; a load within the branch
stays a branch, at four times the time.
"""

from __future__ import annotations

from minigrad.fast.compiled import In, Out, Real, index, kernel


@kernel
def relu(x: In, y: Out, first: int, last: int) -> None:
    """max(x, 0), which is nan for nan."""
    zero = x.dtype.type(0)
    for i in range(first, last):
        v = x[index(i)]
        y[index(i)] = zero if v <= zero else v


@kernel
def relu_gradient(g: In, x: In, y: Out, first: int, last: int) -> None:
    """g times 1 where x > 0, else times 0: as NumPy's, nan where g is infinite or nan."""
    zero, one = x.dtype.type(0), x.dtype.type(1)
    for i in range(first, last):
        v = x[index(i)]
        y[index(i)] = g[index(i)] * (one if v > zero else zero)


@kernel
def leaky_relu(x: In, y: Out, slope: Real, first: int, last: int) -> None:
    """x where x > 0, else x times the slope."""
    for i in range(first, last):
        v = x[index(i)]
        low = v * slope
        y[index(i)] = v if v > 0 else low


@kernel
def leaky_relu_gradient(g: In, x: In, y: Out, slope: Real, first: int, last: int) -> None:
    """g where x > 0, else g times the slope."""
    for i in range(first, last):
        high = g[index(i)]
        low = high * slope
        y[index(i)] = high if x[index(i)] > 0 else low
