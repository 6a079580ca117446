"""Linear algebra under NumPy's names: `minigrad.linalg.inv(t)` records what `np.linalg.inv(t)` does."""

from minigrad.ops.decompose import cholesky, eigh, eigvalsh, qr, svd, svdvals
from minigrad.ops.eigen import eig, eigvals
from minigrad.ops.linalg import cross, matmul, outer, tensordot, vecdot
from minigrad.ops.matrices import diagonal, trace
from minigrad.ops.norms import cond, matrix_norm, norm, vector_norm
from minigrad.ops.shape import matrix_transpose
from minigrad.ops.solve import (
    det,
    inv,
    lstsq,
    matrix_power,
    multi_dot,
    pinv,
    slogdet,
    solve,
    tensorinv,
    tensorsolve,
)

__all__ = [
    "cholesky",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "inv",
    "lstsq",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_transpose",
    "multi_dot",
    "norm",
    "outer",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "svd",
    "svdvals",
    "tensordot",
    "tensorinv",
    "tensorsolve",
    "trace",
    "vecdot",
    "vector_norm",
]
