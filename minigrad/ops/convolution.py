"""Convolution in any number of dimensions.

Networks compute cross-correlation and call it convolution: the kernel slides over x, and out[i] is the sum over k of
weight[k] x[i + k]. True convolution, x[i - k], is the same with the kernel flipped (``flip=True``).

Three operations make a closed triad. Convolution is linear in x and in the weight, and its adjoints are `conv_input`, which
spreads every output on the window it came from (a *transposed convolution*), and `conv_weight`, which correlates x with the
outputs' gradient. The rules of each one are the other two, so all of them differentiate without end.
"""

from __future__ import annotations

import numpy as np

from minigrad.graph import Value
from minigrad.operation import op
from minigrad.ops import _conv_kernels as kernels
from minigrad.ops.dtypes import one_dtype
from minigrad.ops.geometry import Geometry, by_axes


@op(
    complex=True,
    called=by_axes("conv"),
    hidden=("kernel_size",),
    formulas=(
        "full convolution of upstream with weight, the kernel flipped",
        "correlation of x with upstream",
        "upstream summed over all but the filters",
    ),
)
def conv(x: Value, weight: Value, bias: Value = None, /, *, geometry: Geometry) -> Value:
    """Cross-correlate x with the weight: N C ... and F C/groups K... give N F O...."""
    x, weight, bias = one_dtype(x, weight, bias)
    return kernels.conv(x, weight, bias, geometry)


@op(
    complex=True,
    called=by_axes("conv_transpose"),
    hidden=("kernel_size",),
    formulas=(
        "correlation of upstream with weight",
        "correlation of upstream with g",
        "upstream summed over all but the filters",
    ),
)
def conv_input(g: Value, weight: Value, bias: Value = None, /, *, geometry: Geometry) -> Value:
    """The adjoint of `conv` with respect to x: N F O... gives N C ...."""
    g, weight, bias = one_dtype(g, weight, bias)
    return kernels.conv_input(g, weight, bias, geometry)


@op(complex=True)
def conv_weight(x: Value, g: Value, /, *, geometry: Geometry) -> Value:
    """The adjoint of `conv` with respect to the weight: N C ... and N F O... give F C/groups K...."""
    x, g = one_dtype(x, g)
    return kernels.conv_weight(x, g, geometry)


def _bias(g: Value, *_: Value, geometry: Geometry) -> Value:
    return np.sum(g, axis=(0, *range(2, g.ndim)))


conv.rules(
    lambda g, out, x, weight, bias, geometry: conv_input(g, weight, geometry=geometry),
    lambda g, out, x, weight, bias, geometry: conv_weight(x, g, geometry=geometry),
    _bias,
)
conv_input.rules(
    lambda g, out, y, weight, bias, geometry: conv(g, weight, geometry=geometry),
    lambda g, out, y, weight, bias, geometry: conv_weight(g, y, geometry=geometry),
    _bias,
)
conv_weight.rules(
    lambda g, out, x, y, geometry: conv_input(y, g, geometry=geometry),
    lambda g, out, x, y, geometry: conv(x, g, geometry=geometry),
)
