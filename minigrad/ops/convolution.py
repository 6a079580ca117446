"""Convolution in any number of dimensions.

Networks compute cross-correlation and call it convolution: the kernel slides over x, and out[i] is the sum over k of
weight[k] x[i + k]. True convolution, x[i - k], is the same with the kernel flipped (``flip=True``).

Three operations make a closed triad. Convolution is linear in x and in the weight, and its adjoints are `conv_input`, which
spreads every output on the window it came from (a *transposed convolution*), and `conv_weight`, which correlates x with the
outputs' gradient. The rules of each one are the other two, so all of them differentiate without end.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.graph import Value
from minigrad.operation import op
from minigrad.ops import _conv_kernels as kernels
from minigrad.ops._conv_kernels import Geometry
from minigrad.ops.dtypes import one_dtype


@op()
def conv(x: Value, weight: Value, bias: Value = None, /, *, stride: Any, padding: Any, dilation: Any, groups: int) -> Value:
    """Cross-correlate x with the weight: N C ... and F C/groups K... give N F O...."""
    x, weight, bias = one_dtype(x, weight, bias)
    return kernels.conv(x, weight, bias, Geometry(stride, padding, dilation, groups))


@op()
def conv_input(
    g: Value, weight: Value, bias: Value = None, /, *, size: Any, stride: Any, padding: Any, dilation: Any, groups: int
) -> Value:
    """The adjoint of `conv` with respect to x, whose spatial axes have the given size: N F O... gives N C ...."""
    g, weight, bias = one_dtype(g, weight, bias)
    return kernels.conv_input(g, weight, bias, size, Geometry(stride, padding, dilation, groups))


@op()
def conv_weight(
    x: Value, g: Value, /, *, kernel: Any, stride: Any, padding: Any, dilation: Any, groups: int
) -> Value:  # fmt: skip
    """The adjoint of `conv` with respect to the weight, whose spatial axes have the given size, `kernel`."""
    x, g = one_dtype(x, g)
    return kernels.conv_weight(x, g, kernel, Geometry(stride, padding, dilation, groups))


def _bias(g: Value, *_: Value, **__: Any) -> Value:
    return np.sum(g, axis=(0, *range(2, g.ndim)))


conv.rules(
    lambda g, out, x, weight, bias, **geometry: conv_input(g, weight, size=x.shape[2:], **geometry),
    lambda g, out, x, weight, bias, **geometry: conv_weight(x, g, kernel=weight.shape[2:], **geometry),
    _bias,
)


conv_input.rules(
    lambda g, out, y, weight, bias, size, **geometry: conv(g, weight, **geometry),
    lambda g, out, y, weight, bias, size, **geometry: conv_weight(g, y, kernel=weight.shape[2:], **geometry),
    _bias,
)


conv_weight.rules(
    lambda g, out, x, y, kernel, **geometry: conv_input(y, g, size=x.shape[2:], **geometry),
    lambda g, out, x, y, kernel, **geometry: conv(x, g, **geometry),
)
