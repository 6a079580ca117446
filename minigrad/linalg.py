"""Linear algebra under NumPy's names: `minigrad.linalg.inv(t)` records what `np.linalg.inv(t)` does."""

from minigrad.ops.decompose import cholesky, eigh, eigvalsh, qr, svd, svdvals
from minigrad.ops.linalg import cross, matmul, outer, tensordot
from minigrad.ops.norms import matrix_norm, norm, vector_norm
from minigrad.ops.solve import det, inv, lstsq, matrix_power, multi_dot, pinv, slogdet, solve

__all__ = [
    "cholesky",
    "cross",
    "det",
    "eigh",
    "eigvalsh",
    "inv",
    "lstsq",
    "matmul",
    "matrix_norm",
    "matrix_power",
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
    "vector_norm",
]
