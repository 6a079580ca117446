"""Operations: each is a forward function, with a gradient rule for each input beside it.

NumPy's names are here, those of networks in `networks`. Add an op in four lines: the forward is plain NumPy; what comes
before the ``/`` is differentiable. A rule takes the upstream gradient `g`, the result and the inputs, and returns the
downstream gradient of its input:

>>> import numpy as np
>>> from minigrad import Tensor, gradcheck
>>> from minigrad.operation import elementwise
>>> @elementwise
... def x_log_x(x, /):
...     return x * np.log(x)
>>> x_log_x.rules(lambda g, out, x: g * (np.log(x) + 1))

That is all: it records, differentiates to any order, and is drawn.

>>> x = Tensor(2.0)
>>> x_log_x(x).backward()
>>> print(f"{x.grad:.4f}")
1.6931
>>> gradcheck(x_log_x, 2.0, order=2)
True

An op of this package also has samples in ``tests/``, which check it on every run. Broadcasting needs no care: the sweep sums
a gradient back to the shape of its input.
"""

# fmt: off
from minigrad.ops.apply import apply_along_axis, apply_over_axes
from minigrad.ops.calculus import cumulative_prod, cumulative_sum, diff, ediff1d, gradient, interp, trapezoid, unwrap
from minigrad.ops.complex import angle, conj, conjugate, imag, real
from minigrad.ops.creation import full, full_like, geomspace, linspace, logspace, meshgrid
from minigrad.ops.dtypes import astype
from minigrad.ops.editing import delete, insert, resize, trim_zeros
from minigrad.ops.einsum import einsum
from minigrad.ops.elementwise import (
    abs, add, cbrt, ceil, clip, divide, floor, floor_divide, hypot, maximum, minimum, multiply, negative, power, reciprocal,
    remainder, round, sign, sqrt, square, subtract, trunc, where,
)
from minigrad.ops.indexing import compress, diag, diagflat, diagonal, extract, getitem, scatter, take, take_along_axis
from minigrad.ops.integral_functions import i0, sinc
from minigrad.ops.joining import append, block, column_stack, concatenate, dstack, hstack, repeat, stack, tile, vstack
from minigrad.ops.linalg import (
    cross, dot, inner, kron, matmul, matvec, outer, tensordot, trace, vander, vdot, vecdot, vecmat,
)
from minigrad.ops.nan import (
    fmax, fmin, nan_to_num, nancumprod, nancumsum, nanmax, nanmean, nanmedian, nanmin, nanpercentile, nanprod, nanquantile,
    nanstd, nansum, nanvar,
)
from minigrad.ops.norms import norm
from minigrad.ops.padding import pad
from minigrad.ops.parts import copy, copysign, divmod, float_power, fmod, frexp, heaviside, ldexp, modf, positive
from minigrad.ops.polynomials import poly, polyadd, polyder, polydiv, polyfit, polyint, polymul, polysub, polyval
from minigrad.ops.reduce import all, any, argmax, argmin, cumprod, cumsum, logsumexp, max, mean, min, prod, std, sum, var
from minigrad.ops.selection import choose, piecewise, select
from minigrad.ops.shape import (
    atleast_1d, atleast_2d, atleast_3d, broadcast_arrays, broadcast_to, expand_dims, flatten, flip, fliplr, flipud,
    matrix_transpose, moveaxis, permute, ravel, reshape, roll, rollaxis, rot90, squeeze, swapaxes, transpose, tril, triu,
)
from minigrad.ops.signal import convolve, correlate, fftconvolve
from minigrad.ops.sorting import argpartition, argsort, median, partition, percentile, quantile, sort, topk
from minigrad.ops.splitting import array_split, chunk, dsplit, hsplit, split, unstack, vsplit
from minigrad.ops.statistics import average, corrcoef, cov, ptp
from minigrad.ops.transcendental import (
    arccos, arccosh, arcsin, arcsinh, arctan, arctan2, arctanh, cos, cosh, deg2rad, exp, exp2, expm1, log, log10, log1p,
    log2, logaddexp, logaddexp2, rad2deg, sin, sinh, tan, tanh,
)
from minigrad.ops.windows import sliding_window_view
from minigrad.ops.networks.accumulate import index_add, one_hot, scatter_add
from minigrad.ops.networks.activation import (
    celu, elu, erf, gelu, glu, hard_tanh, hardsigmoid, hardswish, leaky_relu, log_sigmoid, log_softmax, mish, prelu, relu,
    relu6, selu, sigmoid, silu, softmax, softmin, softplus, softsign,
)
from minigrad.ops.networks.adaptive import (
    adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d, adaptive_max_pool1d, adaptive_max_pool2d,
    adaptive_max_pool3d, global_avg_pool, global_max_pool,
)
from minigrad.ops.networks.conv import conv1d, conv2d, conv3d
from minigrad.ops.networks.conv_transpose import conv_transpose1d, conv_transpose2d, conv_transpose3d
from minigrad.ops.networks.cross_entropy import cross_entropy, multiclass_hinge_loss, nll_loss
from minigrad.ops.networks.dropout import dropout, dropout1d, dropout2d, dropout3d
from minigrad.ops.networks.embedding import embedding
from minigrad.ops.networks.interpolate import interpolate
from minigrad.ops.networks.linear import linear
from minigrad.ops.networks.loss import (
    binary_cross_entropy, binary_cross_entropy_with_logits, huber_loss, kl_div, l1_loss, mse_loss,
    smooth_l1_loss,
)
from minigrad.ops.networks.normalise import batch_norm, group_norm, instance_norm, layer_norm, rms_norm
from minigrad.ops.networks.pixel_shuffle import pixel_shuffle, pixel_unshuffle
from minigrad.ops.networks.pool import (
    avg_pool1d, avg_pool2d, avg_pool3d, max_pool1d, max_pool2d, max_pool3d,
)
from minigrad.ops.networks.similarity import (
    cosine_embedding_loss, cosine_similarity, normalize, triplet_margin_loss,
)
from minigrad.ops.networks.unfold import fold, unfold
from minigrad.ops.networks.unpool import max_unpool1d, max_unpool2d, max_unpool3d

__all__ = [
    "abs", "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "adaptive_max_pool1d",
    "adaptive_max_pool2d", "adaptive_max_pool3d", "add", "all", "angle", "any", "append", "apply_along_axis",
    "apply_over_axes", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "argmax", "argmin",
    "argpartition", "argsort", "array_split", "astype", "atleast_1d", "atleast_2d", "atleast_3d", "average",
    "avg_pool1d", "avg_pool2d", "avg_pool3d", "batch_norm", "binary_cross_entropy", "binary_cross_entropy_with_logits",
    "block", "broadcast_arrays", "broadcast_to", "cbrt", "ceil", "celu", "choose", "chunk", "clip", "column_stack",
    "compress", "concatenate", "conj", "conjugate", "conv1d", "conv2d", "conv3d", "conv_transpose1d",
    "conv_transpose2d", "conv_transpose3d", "convolve", "copy", "copysign", "corrcoef", "correlate", "cos", "cosh",
    "cosine_embedding_loss", "cosine_similarity", "cov", "cross", "cross_entropy", "cumprod", "cumsum",
    "cumulative_prod", "cumulative_sum", "deg2rad", "delete", "diag", "diagflat", "diagonal", "diff", "divide",
    "divmod", "dot", "dropout", "dropout1d", "dropout2d", "dropout3d", "dsplit", "dstack", "ediff1d", "einsum", "elu",
    "embedding", "erf", "exp", "exp2", "expand_dims", "expm1", "extract", "fftconvolve", "flatten", "flip", "fliplr",
    "flipud", "float_power", "floor", "floor_divide", "fmax", "fmin", "fmod", "fold", "frexp", "full", "full_like",
    "gelu", "geomspace", "getitem", "global_avg_pool", "global_max_pool", "glu", "gradient", "group_norm", "hard_tanh",
    "hardsigmoid", "hardswish", "heaviside", "hsplit", "hstack", "huber_loss", "hypot", "i0", "imag", "index_add",
    "inner", "insert", "instance_norm", "interp", "interpolate", "kl_div", "kron", "l1_loss", "layer_norm", "ldexp",
    "leaky_relu", "linear", "linspace", "log", "log10", "log1p", "log2", "log_sigmoid", "log_softmax", "logaddexp",
    "logaddexp2", "logspace", "logsumexp", "matmul", "matrix_transpose", "matvec", "max", "max_pool1d", "max_pool2d",
    "max_pool3d", "max_unpool1d", "max_unpool2d", "max_unpool3d", "maximum", "mean", "median", "meshgrid", "min",
    "minimum", "mish", "modf", "moveaxis", "mse_loss", "multiclass_hinge_loss", "multiply", "nan_to_num", "nancumprod",
    "nancumsum", "nanmax", "nanmean", "nanmedian", "nanmin", "nanpercentile", "nanprod", "nanquantile", "nanstd",
    "nansum", "nanvar", "negative", "nll_loss", "norm", "normalize", "one_hot", "outer", "pad", "partition",
    "percentile", "permute", "piecewise", "pixel_shuffle", "pixel_unshuffle", "poly", "polyadd", "polyder", "polydiv",
    "polyfit", "polyint", "polymul", "polysub", "polyval", "positive", "power", "prelu", "prod", "ptp", "quantile",
    "rad2deg", "ravel", "real", "reciprocal", "relu", "relu6", "remainder", "repeat", "reshape", "resize", "rms_norm",
    "roll", "rollaxis", "rot90", "round", "scatter", "scatter_add", "select", "selu", "sigmoid", "sign", "silu", "sin",
    "sinc", "sinh", "sliding_window_view", "smooth_l1_loss", "softmax", "softmin", "softplus", "softsign", "sort",
    "split", "sqrt", "square", "squeeze", "stack", "std", "subtract", "sum", "swapaxes", "take", "take_along_axis",
    "tan", "tanh", "tensordot", "tile", "topk", "trace", "transpose", "trapezoid", "tril", "trim_zeros",
    "triplet_margin_loss", "triu", "trunc", "unfold", "unstack", "unwrap", "vander", "var", "vdot", "vecdot", "vecmat",
    "vsplit", "vstack", "where",
]
# fmt: on
