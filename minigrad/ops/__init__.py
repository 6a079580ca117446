"""What can be computed: each operation is a forward function, and beside it a gradient rule for each input.

Add an op in four lines. The forward is plain NumPy; what comes before the ``/`` is differentiable. A rule is told the
upstream gradient `g`, the result and the inputs, and returns the downstream gradient of its input:

>>> import numpy as np
>>> from minigrad import Tensor, gradcheck
>>> from minigrad.graph import elementwise
>>> @elementwise
... def sinc(x, /):
...     return np.sin(x) / x
>>> sinc.rules(lambda g, out, x: g * (np.cos(x) - out) / x)

That is all: it records, differentiates to any order, and is drawn.

>>> x = Tensor(2.0)
>>> sinc(x).backward()
>>> print(f"{x.grad:.4f}")
-0.4354
>>> gradcheck(sinc, 2.0, order=2)
True

An op of this package has samples in ``tests/samples.py`` too, which check it on every run. Broadcasting needs no care: the
sweep sums a gradient back to the shape of its input.
"""

from minigrad.ops.activation import (
    elu,
    erf,
    gelu,
    hard_tanh,
    leaky_relu,
    log_sigmoid,
    mish,
    relu,
    selu,
    sigmoid,
    silu,
    softplus,
    softsign,
)  # fmt: skip
from minigrad.ops.elementwise import (
    abs,
    add,
    astype,
    cbrt,
    ceil,
    clip,
    divide,
    floor,
    hypot,
    maximum,
    minimum,
    multiply,
    negative,
    power,
    reciprocal,
    round,
    sign,
    sqrt,
    square,
    subtract,
    trunc,
    where,
)  # fmt: skip
from minigrad.ops.indexing import (
    concatenate,
    diag,
    diagonal,
    getitem,
    pad,
    repeat,
    scatter,
    split,
    stack,
    take,
    take_along_axis,
    tile,
)  # fmt: skip
from minigrad.ops.linalg import dot, einsum, inner, matmul, outer, tensordot, trace
from minigrad.ops.norm import log_softmax, softmax
from minigrad.ops.reduce import (
    all,
    any,
    argmax,
    argmin,
    cumprod,
    cumsum,
    logsumexp,
    max,
    mean,
    min,
    norm,
    prod,
    std,
    sum,
    var,
)  # fmt: skip
from minigrad.ops.shape import (
    broadcast_to,
    expand_dims,
    flatten,
    flip,
    moveaxis,
    permute,
    ravel,
    reshape,
    roll,
    squeeze,
    swapaxes,
    transpose,
    tril,
    triu,
)  # fmt: skip
from minigrad.ops.transcendental import (
    arccos,
    arccosh,
    arcsin,
    arcsinh,
    arctan,
    arctan2,
    arctanh,
    cos,
    cosh,
    exp,
    exp2,
    expm1,
    log,
    log1p,
    log2,
    log10,
    logaddexp,
    sin,
    sinh,
    tan,
    tanh,
)  # fmt: skip

__all__ = [
    "abs", "add", "all", "any", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "argmax",
    "argmin", "astype", "broadcast_to", "cbrt", "ceil", "clip", "concatenate", "cos", "cosh", "cumprod", "cumsum",
    "diag", "diagonal", "divide", "dot", "einsum", "elu", "erf", "exp", "exp2", "expand_dims", "expm1", "flatten",
    "flip", "floor", "gelu", "getitem", "hard_tanh", "hypot", "inner", "leaky_relu", "log", "log10", "log1p", "log2",
    "log_sigmoid", "log_softmax", "logaddexp", "logsumexp", "matmul", "max", "maximum", "mean", "min", "minimum", "mish",
    "moveaxis", "multiply", "negative", "norm", "outer", "pad", "permute", "power", "prod", "ravel", "reciprocal",
    "relu", "repeat", "reshape", "roll", "round", "scatter", "selu", "sigmoid", "sign", "silu", "sin", "sinh", "softmax",
    "softplus", "softsign", "split", "sqrt", "square", "squeeze", "stack", "std", "subtract", "sum", "swapaxes", "take",
    "take_along_axis", "tan", "tanh", "tensordot", "tile", "trace", "transpose", "tril", "triu", "trunc", "var", "where",
]  # fmt: skip
