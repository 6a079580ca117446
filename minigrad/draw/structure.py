"""What kind of matrix a Jacobian is, as its numbers show."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Shape = tuple[int, ...]


def structure(j: Any, out: Shape, x: Shape) -> tuple[str, str]:
    """The structure of a Jacobian, or of its first rows and columns, by name and in a sentence.

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
        return "not finite", "it holds nan or infinities"
    nonzero = j != 0
    count = int(nonzero.sum())
    if not count:
        return "zero", "no output depends on any of these inputs"
    if m == 1 or n == 1:
        return ("a single row", "the gradient") if m == 1 else ("a single column", "one input")
    if math.prod(out) == math.prod(x) and not nonzero[~np.eye(m, n, dtype=bool)].any():
        return _diagonal(np.diagonal(j))
    if np.all((j == 0) | (j == 1)) and (nonzero.sum(1) == 1).all():
        if m == n and (nonzero.sum(0) == 1).all():
            return "a permutation", "the outputs are the inputs in another order"
        return "a selection", "each output is one of the inputs"
    return _blocks(j, out, x) or _triangular(nonzero, count) or _slides(j, out, x) or _usual(j, count)


def _diagonal(d: Any) -> tuple[str, str]:
    alone = "each output depends on its own input alone"
    if np.all(d == d[0]):
        return ("the identity", "each output is its own input") if d[0] == 1 else ("a multiple of the identity", alone)
    return "diagonal", alone


def _blocks(j: Any, out: Shape, x: Shape) -> tuple[str, str] | None:
    """Whether the matrix falls into blocks along its diagonal, as it does for the rows of a minibatch."""
    (m, n), rows, cols = j.shape, math.prod(out), math.prod(x)
    most = math.gcd(rows, cols)
    for count in (k for k in range(most, 1, -1) if most % k == 0):
        high, wide = rows // count, cols // count
        if m <= high or n <= wide:  # the part shown holds no more than one block
            return None
        row, col = np.indices(j.shape)
        if not np.any(j[row // high != col // wide]):
            many = ""
            if (m, n) == (rows, cols):
                many = f"{count} {'equal ' * _alike(j, count, high, wide)}"
            return f"block diagonal, {many}blocks of {high} × {wide}", "each output depends on the inputs of its own block"
    return None


def _alike(j: Any, count: int, high: int, wide: int) -> bool:
    blocks = [j[k * high : (k + 1) * high, k * wide : (k + 1) * wide] for k in range(count)]
    return all(np.array_equal(blocks[0], block) for block in blocks)


def _slides(j: Any, out: Shape, x: Shape) -> tuple[str, str] | None:
    """Whether each row is the one above moved along, as where a kernel slides: in one dimension, or in two."""
    step = _step(j)
    if not step:
        return _slides_over_axes(j, out, x)
    below, above = _band(j, step)
    if below + above + 1 > 0.75 * j.shape[1]:
        return ("Toeplitz", "each row is the one above moved by one") if step == 1 else None
    if step == 1:
        return "banded Toeplitz", "a kernel that slides"
    return f"banded, each row moved by {step}", "a kernel that slides in strides"


def _slides_over_axes(j: Any, out: Shape, x: Shape) -> tuple[str, str] | None:
    """Whether a kernel slides over the two last axes, or over the last of several channels."""
    if j.size != math.prod(out) * math.prod(x) or not (j == 0).any():
        return None
    for axes, what in ((2, "block Toeplitz with Toeplitz blocks"), (1, "Toeplitz")):
        if len(out) < axes or len(x) < axes:
            continue
        tensor = j.reshape(math.prod(out[:-axes]), *out[-axes:], math.prod(x[:-axes]), *x[-axes:])
        steps = [_step(np.moveaxis(tensor, (1 + axis, 2 + axes + axis), (0, 1))) for axis in range(axes)]
        if all(steps):
            pairs = len(tensor) * tensor.shape[1 + axes]
            moved = "" if max(steps) == 1 else f", moved by {' and '.join(map(str, steps))}"
            return f"{f'{pairs} blocks, each ' * (pairs > 1)}{what}{moved}", "kernels that slide" + " over two axes" * (
                axes == 2
            )
    return None


def _step(j: Any) -> int:
    """How far each row along the first axis is the one above it moved along the second; 0 if it is not."""
    for step in range(1, min(j.shape[1] // 2, 8) + 1):
        before, after = j[:-1, :-step], j[1:, step:]
        if before.any() and np.allclose(before, after, rtol=1e-6, atol=1e-12):
            return step
    return 0


def _band(j: Any, step: int = 1) -> tuple[int, int]:
    """How far the numbers that are not 0 reach below and above the diagonal."""
    row, col = np.nonzero(j)
    return int(np.max(row * step - col)), int(np.max(col - row * step))


def _triangular(nonzero: Any, count: int) -> tuple[str, str] | None:
    m, n = nonzero.shape
    if m != n or count != m * (m + 1) // 2:
        return None
    if not np.triu(nonzero, 1).any():
        return "lower triangular", "each output depends on the inputs up to its own"
    if not np.tril(nonzero, -1).any():
        return "upper triangular", "each output depends on the inputs from its own on"
    return None


def _usual(j: Any, count: int) -> tuple[str, str]:
    m, n = j.shape
    if count == j.size:
        symmetric = m == n and np.allclose(j, j.T, rtol=1e-6, atol=1e-12)
        return "full" + ", symmetric" * symmetric, "every output depends on every input"
    below, above = _band(j)
    if below + above + 1 <= n // 2:
        return "banded", "each output depends on inputs close to its own"
    share = f"{count} of {j.size} numbers are not 0"
    return ("sparse", share) if count < j.size / 2 else ("dense, with zeros", share)
