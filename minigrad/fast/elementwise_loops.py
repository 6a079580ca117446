"""The kernels of `elementwise`.

What a branch chooses between is computed first. Then LLVM turns the choice into one of vectors; a load within the branch
stays a branch, at four times the time.
"""

from __future__ import annotations

from minigrad.fast.compiled import In, Out, kernel


@kernel
def relu(x: In, y: Out, first: int, last: int) -> None:
    """max(x, 0), which is nan for nan."""
    zero = x.dtype.type(0)
    for i in range(first, last):
        v = x[i]
        y[i] = zero if v <= zero else v


@kernel
def relu_gradient(g: In, x: In, y: Out, first: int, last: int) -> None:
    """g times 1 where x > 0, else times 0: as NumPy's, nan where g is infinite or nan."""
    zero, one = x.dtype.type(0), x.dtype.type(1)
    for i in range(first, last):
        v = x[i]
        y[i] = g[i] * (one if v > zero else zero)
