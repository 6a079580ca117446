"""The operations that an expression may call, each with a bound of its result's size.

The table is the whitelist of the `minigrad` command: what is not in it cannot be called. The functions of `minigrad.special`
are not, since the command does without SciPy. A bound takes the arguments of the
operation by name and is computed before the operation is; it may exceed the size of the result, never fall short of it.
An axis of length 0 counts as 1, so that an empty array, which takes no memory, cannot become a large result.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import zip_longest
from typing import Any

import numpy as np

from minigrad.graph import value_of

MOST_OPERANDS = 20  # of einsum, which searches for an efficient order of contractions
PART = 1000  # elements that take as much memory as an empty tensor


def size(x: Any) -> int:
    """The number of elements of an array."""
    return math.prod(max(1, n) for n in np.shape(value_of(x)))


def broadcast(*arrays: Any, **operands: Any) -> int:
    """All arguments broadcast together; static ones too, since a static argument may be an array."""
    shapes = [np.shape(x)[::-1] for x in (*arrays, *operands.values())]
    return math.prod(max(1, *lengths) for lengths in zip_longest(*shapes, fillvalue=1))


def matrix_product(a: Any, b: Any) -> int:
    """Rows times columns; with a scalar, a broadcast product."""
    if not np.ndim(a) or not np.ndim(b):
        return broadcast(a, b)
    return size(a) * size(b) // max(1, int(np.shape(a)[-1])) ** 2


def outer_product(a: Any, b: Any = None, v: Any = None, **_: Any) -> int:
    """Every element of `a` times every element of the other."""
    return size(a) * size(b if v is None else v)


def einstein_sum(subscripts: str, operands: tuple[Any, ...] = ()) -> int:
    """Every element of each operand times every element of the others."""
    if len(operands) > MOST_OPERANDS:
        raise ValueError(f"einsum: more than {MOST_OPERANDS} operands take too long to contract")
    return math.prod(size(x) for x in operands)


def joined(arrays: Any, **_: Any) -> int:
    """The elements of all arrays together."""
    return sum(size(x) for x in arrays)


def picked(x: Any, indices: Any, **_: Any) -> int:
    """`x` for each index."""
    return size(x) * size(indices)


def quantiles(x: Any, q: Any, **_: Any) -> int:
    """`x` for each quantile."""
    return size(x) * size(q)


def tiled(x: Any, reps: Any) -> int:
    """`x`, repeated along each axis."""
    return size(x) * _product(reps)


def repeated(x: Any, repeats: Any, **_: Any) -> int:
    """`x`, repeated as often as the largest count."""
    return size(x) * max(_integers(repeats), default=0)


def of_shape(x: Any, shape: Any) -> int:
    """The elements of a shape."""
    return _product(shape)


def matrix_of_vector(x: Any, k: Any = 0) -> int:
    """A square matrix if `x` is a vector; otherwise at most `x`."""
    return (size(x) + max(_integers(k))) ** 2 if np.ndim(x) == 1 else size(x)


def parts(indices_or_sections: Any, **_: Any) -> int:
    """The memory of the parts as tensors, which share the elements of x."""
    many = isinstance(indices_or_sections, list | tuple)
    return PART * (len(indices_or_sections) if many else max(_integers(indices_or_sections), default=0))


def resized(x: Any, new_shape: Any) -> int:
    """The elements of the new shape."""
    return _product(new_shape)


def matrix_of_all(x: Any, k: Any = 0) -> int:
    """A square matrix with all of `x` on a diagonal."""
    return (size(x) + max(_integers(k))) ** 2


def windows(x: Any, window_shape: Any, **_: Any) -> int:
    """A window at each element."""
    return size(x) * _product(window_shape)


def inserted(x: Any, obj: Any, values: Any, **_: Any) -> int:
    """A slice of `x` for each index or value, and `x`."""
    return size(x) * (1 + max(size(obj), size(values)))


def end_to_end(x: Any, **others: Any) -> int:
    """`x` and all others together; a static argument counts little."""
    return size(x) + sum(size(y) for y in others.values())


def started(x: Any, **_: Any) -> int:
    """`x`, and one slice more."""
    return 2 * size(x)


def horner(p: Any, x: Any) -> int:
    """A value of `x` for each coefficient."""
    return size(p) * size(x)


def derived(p: Any, m: Any = 1) -> int:
    """The coefficients of each derivative."""
    return size(p) * max(1, min(max(_integers(m)), size(p)))


def integrated(p: Any, m: Any = 1, **_: Any) -> int:
    """The coefficients of each antiderivative."""
    return (size(p) + max(_integers(m))) * max(1, *_integers(m))


def expanded(zeros: Any) -> int:
    """A polynomial for each of its zeros."""
    return (size(zeros) + 1) ** 2


def padded(x: Any, pad_width: Any, **_: Any) -> int:
    """The shape of `x` with the widest padding on all sides."""
    margin = 2 * max(_integers(pad_width), default=0)
    return math.prod(max(1, n + margin) for n in np.shape(x))


def convolved(x: Any, weight: Any, padding: Any = 0, dilation: Any = 1, **_: Any) -> int:
    """A window of all channels at each place of the padded `x`, or the filters' values there."""
    shape, kernel = _shape(x), _shape(weight)
    widest = int(max(kernel[2:], default=1)) * max(_integers(dilation))
    places = _places(shape, widest if isinstance(padding, str) else padding)
    return places * max(1, math.prod(kernel[:1]), math.prod((*shape[1:2], *kernel[2:])))


def spread(
    x: Any, weight: Any, stride: Any = 1, output_padding: Any = 0, dilation: Any = 1, groups: int = 1, **_: Any
) -> int:
    """A transposed convolution: the kernel at each element of `x`, and the result on which they lie."""
    shape, kernel = _shape(x), _shape(weight)
    step, more, gap = (max(_integers(n)) for n in (stride, output_padding, dilation))
    lengths = zip_longest(shape[2:], kernel[2:], fillvalue=1)
    result = math.prod(n * step + gap * k + more for n, k in lengths) * math.prod(shape[:1])
    return (result + size(x) * math.prod(kernel[2:])) * math.prod(kernel[1:2]) * abs(int(groups))


def pooled(x: Any, kernel_size: Any, padding: Any = 0, **_: Any) -> int:
    """A window at each place of the padded `x`."""
    shape, margin = _shape(x), max(_integers(padding))
    longest = max(_integers(kernel_size))
    windows = math.prod(max(1, min(longest, n + 2 * margin)) for n in shape[2:])
    return _places(shape, padding) * windows * math.prod(shape[1:2])


def adapted(x: Any, output_size: Any, **_: Any) -> int:
    """As many places as are asked for, each of a window."""
    sizes = output_size if isinstance(output_size, list | tuple) else [output_size] * (np.ndim(x) - 2)
    return size(x) * math.prod(max(1, *_integers(n)) for n in sizes if n is not None)


def affine(x: Any, weight: Any, bias: Any = None) -> int:
    """Rows of `x` times rows of the weight."""
    return matrix_product(x, weight) + size(x)


def normalised(x: Any, **_: Any) -> int:
    """`x`, whatever it is scaled and shifted by."""
    return size(x)


def lost(x: Any, target: Any, **_: Any) -> int:
    """`x` or the target, whichever is larger."""
    return max(size(x), size(target))


def _places(shape: tuple[int, ...], padding: Any) -> int:
    """Images, times the places of one, padded, and one more along each axis for a window that sticks out."""
    margin = 2 * max(_integers(padding), default=0) + 1
    return max(1, shape[0] if shape else 1) * math.prod(max(1, n + margin) for n in shape[2:])


def _shape(x: Any) -> tuple[int, ...]:
    return np.shape(x)


def _integers(x: Any) -> list[int]:
    return [abs(int(n)) for n in np.ravel(value_of(x))]


def _product(x: Any) -> int:
    return math.prod(max(1, n) for n in _integers(x))


NAMES: dict[Callable[..., int], str] = {
    broadcast: "abs add all any arccos arccosh arcsin arcsinh arctan arctan2 arctanh argmax argmin argpartition argsort "
    "average cbrt ceil clip compress conj conjugate copysign cos cosh cumprod cumsum deg2rad delete diagonal "
    "divide elu erf exp exp2 expand_dims expm1 extract flatten flip fliplr flipud float_power floor "
    "floor_divide fmax fmin fmod gelu hard_tanh heaviside hypot i0 imag ldexp leaky_relu log log10 log1p log2 "
    "log_sigmoid log_softmax logaddexp logaddexp2 logsumexp matrix_transpose max maximum mean median min "
    "minimum mish moveaxis multiply nan_to_num nancumprod nancumsum nanmax nanmean nanmedian nanmin nanprod "
    "nanstd nansum nanvar negative norm partition permute polyadd polysub positive power prod ptp rad2deg "
    "ravel real reciprocal relu remainder reshape roll rollaxis rot90 round selu sigmoid sign silu sin sinc "
    "sinh softmax softplus softsign sort sqrt square squeeze std subtract sum swapaxes tan tanh trace "
    "transpose trim_zeros trunc unwrap var vecdot where",
    matrix_product: "dot inner matmul matvec vecmat",
    outer_product: "convolve correlate kron outer polymul tensordot",
    einstein_sum: "einsum",
    joined: "column_stack concatenate dstack hstack stack vstack",
    end_to_end: "append ediff1d",
    inserted: "insert",
    resized: "resize",
    windows: "sliding_window_view",
    started: "cumulative_prod cumulative_sum",
    matrix_of_all: "diagflat",
    horner: "polyval",
    derived: "polyder",
    integrated: "polyint",
    expanded: "poly",
    picked: "take take_along_axis",
    quantiles: "nanpercentile nanquantile percentile quantile",
    tiled: "tile",
    repeated: "repeat",
    of_shape: "broadcast_to",
    matrix_of_vector: "diag tril triu",
    parts: "array_split dsplit hsplit split vsplit",
    padded: "pad",
    convolved: "conv1d conv2d conv3d",
    spread: "conv_transpose1d conv_transpose2d conv_transpose3d",
    pooled: "avg_pool1d avg_pool2d avg_pool3d max_pool1d max_pool2d max_pool3d",
    adapted: "adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d adaptive_max_pool2d "
    "adaptive_max_pool3d",
    affine: "linear",
    normalised: "batch_norm global_avg_pool global_max_pool group_norm instance_norm layer_norm",
    lost: "binary_cross_entropy binary_cross_entropy_with_logits cross_entropy huber_loss kl_div l1_loss mse_loss "
    "multiclass_hinge_loss nll_loss",
}
BOUNDS = {name: bound for bound, names in NAMES.items() for name in names.split()}
