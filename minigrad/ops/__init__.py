"""Operations: each is a forward function, with a gradient rule for each input beside it.

NumPy's names are here, those of networks in `networks`. Add an op in four lines: the forward is plain NumPy; what comes
before the ``/`` is differentiable. A rule takes the upstream gradient `g`, the result and the inputs, and returns the
downstream gradient of its input:

>>> import numpy as np
>>> from minigrad import Tensor, gradcheck
>>> from minigrad.operation import elementwise
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

An op of this package also has samples in ``tests/``, which check it on every run. Broadcasting needs no care: the sweep sums
a gradient back to the shape of its input.
"""

# fmt: off
from minigrad.ops.calculus import diff, interp, trapezoid
from minigrad.ops.creation import full_like, geomspace, linspace, logspace, meshgrid
from minigrad.ops.dtypes import astype
from minigrad.ops.einsum import einsum
from minigrad.ops.elementwise import (
    abs, add, cbrt, ceil, clip, divide, floor, floor_divide, hypot, maximum, minimum, multiply, negative, power, reciprocal,
    remainder, round, select, sign, sqrt, square, subtract, trunc, where,
)
from minigrad.ops.indexing import diag, diagonal, getitem, scatter, take, take_along_axis
from minigrad.ops.joining import append, column_stack, concatenate, dstack, hstack, repeat, split, stack, tile, vstack
from minigrad.ops.linalg import cross, dot, inner, kron, matmul, outer, tensordot, trace, vander, vdot
from minigrad.ops.nan import (
    fmax, fmin, nan_to_num, nancumsum, nanmax, nanmean, nanmedian, nanmin, nanpercentile, nanprod, nanquantile, nanstd,
    nansum, nanvar,
)
from minigrad.ops.norms import norm
from minigrad.ops.padding import pad
from minigrad.ops.reduce import all, any, argmax, argmin, cumprod, cumsum, logsumexp, max, mean, min, prod, std, sum, var
from minigrad.ops.shape import (
    broadcast_to, expand_dims, flatten, flip, moveaxis, permute, ravel, reshape, roll, squeeze, swapaxes, transpose, tril,
    triu,
)
from minigrad.ops.signal import convolve, correlate, fftconvolve
from minigrad.ops.sorting import argsort, median, percentile, quantile, sort
from minigrad.ops.statistics import average, corrcoef, cov, ptp
from minigrad.ops.transcendental import (
    arccos, arccosh, arcsin, arcsinh, arctan, arctan2, arctanh, cos, cosh, deg2rad, exp, exp2, expm1, log, log10, log1p,
    log2, logaddexp, rad2deg, sin, sinh, tan, tanh,
)
from minigrad.ops.networks.activation import (
    elu, erf, gelu, hard_tanh, leaky_relu, log_sigmoid, log_softmax, mish, relu, selu, sigmoid, silu, softmax, softplus,
    softsign,
)
from minigrad.ops.networks.adaptive import (
    adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d, adaptive_max_pool1d, adaptive_max_pool2d,
    adaptive_max_pool3d, global_avg_pool, global_max_pool,
)
from minigrad.ops.networks.conv import conv1d, conv2d, conv3d
from minigrad.ops.networks.conv_transpose import conv_transpose1d, conv_transpose2d, conv_transpose3d
from minigrad.ops.networks.cross_entropy import cross_entropy, multiclass_hinge_loss, nll_loss
from minigrad.ops.networks.dropout import dropout
from minigrad.ops.networks.embedding import embedding
from minigrad.ops.networks.interpolate import interpolate
from minigrad.ops.networks.linear import linear
from minigrad.ops.networks.loss import (
    binary_cross_entropy, binary_cross_entropy_with_logits, huber_loss, kl_div, l1_loss, mse_loss,
)
from minigrad.ops.networks.normalise import batch_norm, group_norm, instance_norm, layer_norm
from minigrad.ops.networks.pool import (
    avg_pool1d, avg_pool2d, avg_pool3d, max_pool1d, max_pool2d, max_pool3d,
)
from minigrad.ops.networks.unfold import fold, unfold
from minigrad.ops.networks.unpool import max_unpool1d, max_unpool2d, max_unpool3d

__all__ = [
    "abs", "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "adaptive_max_pool1d",
    "adaptive_max_pool2d", "adaptive_max_pool3d", "add", "all", "any", "append", "arccos", "arccosh", "arcsin",
    "arcsinh", "arctan", "arctan2", "arctanh", "argmax", "argmin", "argsort", "astype", "average", "avg_pool1d",
    "avg_pool2d", "avg_pool3d", "batch_norm", "binary_cross_entropy", "binary_cross_entropy_with_logits",
    "broadcast_to", "cbrt", "ceil", "clip", "column_stack", "concatenate", "conv1d", "conv2d", "conv3d",
    "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "convolve", "corrcoef", "correlate", "cos", "cosh",
    "cov", "cross", "cross_entropy", "cumprod", "cumsum", "deg2rad", "diag", "diagonal", "diff", "divide", "dot",
    "dropout", "dstack", "einsum", "elu", "embedding", "erf", "exp", "exp2", "expand_dims", "expm1", "fftconvolve",
    "flatten", "flip", "floor", "floor_divide", "fmax", "fmin", "fold", "full_like", "gelu", "geomspace", "getitem",
    "global_avg_pool", "global_max_pool", "group_norm", "hard_tanh", "hstack", "huber_loss", "hypot", "inner",
    "instance_norm", "interp", "interpolate", "kl_div", "kron", "l1_loss", "layer_norm", "leaky_relu", "linear",
    "linspace", "log", "log10", "log1p", "log2", "log_sigmoid", "log_softmax", "logaddexp", "logspace", "logsumexp",
    "matmul", "max", "max_pool1d", "max_pool2d", "max_pool3d", "max_unpool1d", "max_unpool2d", "max_unpool3d",
    "maximum", "mean", "median", "meshgrid", "min", "minimum", "mish", "moveaxis", "mse_loss", "multiclass_hinge_loss",
    "multiply", "nan_to_num", "nancumsum", "nanmax", "nanmean", "nanmedian", "nanmin", "nanpercentile", "nanprod",
    "nanquantile", "nanstd", "nansum", "nanvar", "negative", "nll_loss", "norm", "outer", "pad", "percentile",
    "permute", "power", "prod", "ptp", "quantile", "rad2deg", "ravel", "reciprocal", "relu", "remainder", "repeat",
    "reshape", "roll", "round", "scatter", "select", "selu", "sigmoid", "sign", "silu", "sin", "sinh", "softmax",
    "softplus", "softsign", "sort", "split", "sqrt", "square", "squeeze", "stack", "std", "subtract", "sum",
    "swapaxes", "take", "take_along_axis", "tan", "tanh", "tensordot", "tile", "trace", "transpose", "trapezoid",
    "tril", "triu", "trunc", "unfold", "vander", "var", "vdot", "vstack", "where",
]
# fmt: on
