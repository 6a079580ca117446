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


def outer_product(a: Any, b: Any, **_: Any) -> int:
    """Every element of `a` times every element of `b`."""
    return size(a) * size(b)


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


def padded(x: Any, pad_width: Any, **_: Any) -> int:
    """The shape of `x` with the widest padding on all sides."""
    margin = 2 * max(_integers(pad_width), default=0)
    return math.prod(max(1, n + margin) for n in np.shape(x))


def _integers(x: Any) -> list[int]:
    return [abs(int(n)) for n in np.ravel(value_of(x))]


def _product(x: Any) -> int:
    return math.prod(max(1, n) for n in _integers(x))


NAMES: dict[Callable[..., int], str] = {
    broadcast: "abs add all any arccos arccosh arcsin arcsinh arctan arctan2 arctanh argmax argmin argsort cbrt ceil clip "
    "cos cosh cumprod cumsum deg2rad diagonal divide elu erf exp exp2 expand_dims expm1 flatten flip floor "
    "floor_divide fmax fmin gelu hard_tanh hypot leaky_relu log log10 log1p log2 log_sigmoid log_softmax "
    "logaddexp logsumexp max maximum mean median min minimum mish moveaxis multiply nan_to_num nancumsum nanmax "
    "nanmean nanmedian nanmin nanprod nanstd nansum nanvar negative norm permute power prod rad2deg ravel "
    "reciprocal relu remainder reshape roll round selu sigmoid sign silu sin sinh softmax softplus softsign sort "
    "sqrt square squeeze std subtract sum swapaxes tan tanh trace transpose trunc var where",
    matrix_product: "dot inner matmul",
    outer_product: "outer tensordot",
    einstein_sum: "einsum",
    joined: "concatenate stack",
    picked: "take take_along_axis",
    quantiles: "nanpercentile nanquantile percentile quantile",
    tiled: "tile",
    repeated: "repeat",
    of_shape: "broadcast_to",
    matrix_of_vector: "diag tril triu",
    parts: "split",
    padded: "pad",
}
BOUNDS = {name: bound for bound, names in NAMES.items() for name in names.split()}
