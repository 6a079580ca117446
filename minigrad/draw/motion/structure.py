"""The structure of a Jacobian, as its elements show it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Shape = tuple[int, ...]


def structure(j: Any, out: Shape, x: Shape) -> tuple[str, str]:
    """The structure of a Jacobian, or of its first rows and columns: its name, and what it means.

    Parameters
    ----------
    j : numpy.ndarray
        The first rows and columns of the Jacobian, or all of it.
    out, x : tuple of int
        The shapes of the output and the input.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> structure(np.diag([1.0, 0.0, 2.0]), (3,), (3,))
    ('diagonal', 'each output depends on its own input alone')
    >>> structure(np.array([[2.0, -1.0, 0.0], [0.0, 2.0, -1.0]]), (2,), (3,))[0]
    'banded Toeplitz'
    """
    m, n = j.shape
    if not np.isfinite(j).all():
        return "not finite", "it contains nan or infinite elements"
    nonzero = j != 0
    count = int(nonzero.sum())
    if not count:
        return "zero", "no output depends on any of these inputs"
    if m == 1:
        return "a single row", "the gradient"
    if n == 1:
        return "a single column", "one input"
    if math.prod(out) == math.prod(x) and not nonzero[~np.eye(m, n, dtype=bool)].any():
        return _diagonal(np.diagonal(j))
    if np.all((j == 0) | (j == 1)) and (nonzero.sum(1) == 1).all():
        if m == n and (nonzero.sum(0) == 1).all():
            return "a permutation", "the outputs are the inputs in another order"
        return "a selection", "each output is one of the inputs"
    shift = _shift(j)
    slides = _toeplitz(j, shift) if shift else _toeplitz_over_axes(j, out, x)
    return _blocks(j, out, x) or _triangular(nonzero, count) or slides or _unstructured(j, count)


def _diagonal(d: Any) -> tuple[str, str]:
    alone = "each output depends on its own input alone"
    if np.all(d == d[0]):
        return ("the identity", "each output is its own input") if d[0] == 1 else ("a multiple of the identity", alone)
    return "diagonal", alone


def _blocks(j: Any, out: Shape, x: Shape) -> tuple[str, str] | None:
    """True if the matrix is block diagonal, as it is over the rows of a minibatch."""
    (m, n), rows, cols = j.shape, math.prod(out), math.prod(x)
    row, col = np.indices(j.shape)
    most = math.gcd(rows, cols)
    for count in (k for k in range(most, 1, -1) if most % k == 0):
        high, wide = rows // count, cols // count
        if m <= high or n <= wide:  # the part shown holds no more than one block
            return None
        if np.any(j[row // high != col // wide]):
            continue
        many = ""
        if (m, n) == (rows, cols):
            blocks = [j[k * high : (k + 1) * high, k * wide : (k + 1) * wide] for k in range(count)]
            equal = all(np.array_equal(blocks[0], block) for block in blocks)
            many = f"{count} equal " if equal else f"{count} "
        return f"block diagonal, {many}blocks of {high} × {wide}", "each output depends on the inputs of its own block"
    return None


def _triangular(nonzero: Any, count: int) -> tuple[str, str] | None:
    m, n = nonzero.shape
    if m != n or count != m * (m + 1) // 2:
        return None
    if not np.triu(nonzero, 1).any():
        return "lower triangular", "each output depends on the inputs up to its own"
    if not np.tril(nonzero, -1).any():
        return "upper triangular", "each output depends on the inputs from its own on"
    return None


def _toeplitz(j: Any, shift: int) -> tuple[str, str] | None:
    """The name of a matrix in which each row is the one above shifted."""
    below, above = _band(j, shift)
    banded = below + above + 1 <= 0.75 * j.shape[1]
    if shift == 1:
        if banded:
            return "banded Toeplitz", "a kernel slides over the input"
        return "Toeplitz", "each row is the one above shifted by one"
    if banded:
        return f"banded, each row shifted by {shift}", "a kernel slides over the input with a stride"
    return None


def _toeplitz_over_axes(j: Any, out: Shape, x: Shape) -> tuple[str, str] | None:
    """True if a kernel slides over the last two axes, or over the last one of several channels."""
    if j.size != math.prod(out) * math.prod(x) or not (j == 0).any():
        return None
    for axes in (2, 1):
        if len(out) < axes or len(x) < axes:
            continue
        tensor = j.reshape(math.prod(out[:-axes]), *out[-axes:], math.prod(x[:-axes]), *x[-axes:])
        shifts = []
        for axis in range(axes):
            of_out, of_x = 1 + axis, 2 + axes + axis
            shifts.append(_shift(np.moveaxis(tensor, (of_out, of_x), (0, 1))))
        if not all(shifts):
            continue
        name, meaning = "Toeplitz", "kernels slide over the input"
        if axes == 2:
            name, meaning = "block Toeplitz with Toeplitz blocks", "kernels slide over two axes"
        if max(shifts) > 1:
            name += f", shifted by {' and '.join(map(str, shifts))}"
        blocks = len(tensor) * tensor.shape[1 + axes]
        return f"{blocks} blocks, each {name}" if blocks > 1 else name, meaning
    return None


def _shift(j: Any) -> int:
    """The shift along the second axis from each row to the next; 0 if the rows are not shifted copies."""
    for shift in range(1, min(j.shape[1] // 2, 8) + 1):
        before, after = j[:-1, :-shift], j[1:, shift:]
        if before.any() and np.allclose(before, after, rtol=1e-6, atol=1e-12):
            return shift
    return 0


def _band(j: Any, shift: int = 1) -> tuple[int, int]:
    """The reach of the nonzero elements below and above the diagonal."""
    row, col = np.nonzero(j)
    return int(np.max(row * shift - col)), int(np.max(col - row * shift))


def _unstructured(j: Any, count: int) -> tuple[str, str]:
    m, n = j.shape
    if count == j.size:
        symmetric = m == n and np.allclose(j, j.T, rtol=1e-6, atol=1e-12)
        return "full" + ", symmetric" * symmetric, "every output depends on every input"
    below, above = _band(j)
    if below + above + 1 <= n // 2:
        return "banded", "each output depends on inputs close to its own"
    share = f"{count} of {j.size} elements are nonzero"
    return ("sparse", share) if count < j.size / 2 else ("dense, with zeros", share)
