"""Products of vectors, matrices and arrays of them, and their norms."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from minigrad.graph import Value, op, value_of
from minigrad.ops.elementwise import multiply, over
from minigrad.ops.indexing import diagonal
from minigrad.ops.reduce import Axis, _kept, sum
from minigrad.ops.shape import ravel, reshape, squeeze, transpose

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _of_one_kind(*operands: Value) -> list[Value]:
    """Operands with Python's numbers in the dtype that they would take on beside the others."""
    dtype = np.result_type(*(x if isinstance(x, int | float) else np.asarray(value_of(x)) for x in operands))
    return [np.asarray(x, dtype) if isinstance(x, int | float) else x for x in operands]


@op()
def matmul(a: Value, b: Value, /) -> Value:
    """Matrix product; of stacks of matrices too, and with vectors on either side.

    Parameters
    ----------
    a : Tensor or array_like
        Shape (..., N, K) or (K,).
    b : Tensor or array_like
        Shape (..., K, M) or (K,).

    Returns
    -------
    Tensor
        Shape (..., N, M), without N or M where that side is a vector; leading axes broadcast.

    Raises
    ------
    ValueError
        If the lengths K differ, or an input is 0-d.

    Examples
    --------
    >>> matmul(Tensor([[1.0, 2.0], [3.0, 4.0]]), [1.0, 1.0])
    Tensor([3., 7.])
    """
    m, n = np.shape(a), np.shape(b)
    if not m or not n:
        raise ValueError("a number has no matrix product; multiply with *")
    if m[-1] != n[-2:][0]:
        raise ValueError(
            f"the last axis of the first ({m[-1]}) must be as long as the first matrix axis of the second ({n[-2:][0]})"
        )
    return np.matmul(a, b)


def _matmul_a(g: Value, out: Value, a: Value, b: Value) -> Value:
    if b.ndim == 1:
        return g * b if a.ndim == 1 else np.expand_dims(g, -1) * b
    if a.ndim == 1:
        return np.squeeze(np.matmul(np.expand_dims(g, -2), np.swapaxes(b, -1, -2)), -2)
    return np.matmul(g, np.swapaxes(b, -1, -2))


def _matmul_b(g: Value, out: Value, a: Value, b: Value) -> Value:
    if a.ndim == 1:
        return g * a if b.ndim == 1 else np.expand_dims(a, -1) * np.expand_dims(g, -2)
    if b.ndim == 1:
        return np.squeeze(np.matmul(np.swapaxes(a, -1, -2), np.expand_dims(g, -1)), -1)
    if b.ndim == 2 and a.ndim > 2:  # one product for a whole stack, in place of a stack of products to be summed
        rows = math.prod(a.shape[:-1])
        return np.matmul(np.transpose(np.reshape(a, (rows, a.shape[-1]))), np.reshape(g, (rows, g.shape[-1])))
    return np.matmul(np.swapaxes(a, -1, -2), g)


matmul.rules(_matmul_a, _matmul_b)


def dot(a: Value, b: Value) -> Value:
    """Sum of products over the last axis of one array and the last but one of the other.

    Parameters
    ----------
    a, b : Tensor or array_like
        Two vectors give their inner product, two matrices their matrix product; a number multiplies.

    Returns
    -------
    Tensor
        The remaining axes of a, then those of b.

    Raises
    ------
    ValueError
        If the lengths differ.

    Examples
    --------
    >>> dot(Tensor([1.0, 2.0]), [3.0, 4.0])
    Tensor(11.0)
    """
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return multiply(a, b)
    if np.ndim(b) <= 2:
        return matmul(a, b)
    return tensordot(a, b, ((-1,), (-2,)))


def inner(a: Value, b: Value) -> Value:
    """Sum of products over the last axes of both arrays.

    Parameters
    ----------
    a, b : Tensor or array_like
        Last axes of one length; a number multiplies.

    Returns
    -------
    Tensor
        The remaining axes of a, then those of b.

    Raises
    ------
    ValueError
        If the lengths differ.

    Examples
    --------
    >>> inner(Tensor([1.0, 2.0]), [3.0, 4.0])
    Tensor(11.0)
    """
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return multiply(a, b)
    return tensordot(a, b, ((-1,), (-1,)))


def outer(a: Value, b: Value) -> Value:
    """Every number of one array times every number of the other.

    Parameters
    ----------
    a, b : Tensor or array_like
        Any shapes; both are flattened.

    Returns
    -------
    Tensor
        Shape (a.size, b.size).

    Examples
    --------
    >>> outer(Tensor([1.0, 2.0]), [3.0, 4.0])
    Tensor([[3., 4.],
            [6., 8.]])
    """
    a, b = _of_one_kind(a, b)
    return multiply(reshape(a, (math.prod(np.shape(a)), 1)), ravel(b))


def tensordot(a: Value, b: Value, axes: int | Sequence[int | Sequence[int]] = 2) -> Value:
    """Sum of products over pairs of axes.

    Parameters
    ----------
    a, b : Tensor or array_like
        Any shapes.
    axes : int or (axes of a, axes of b)
        How many: the last of a against the first of b; or which, pair by pair.

    Returns
    -------
    Tensor
        The remaining axes of a, then those of b.

    Raises
    ------
    ValueError
        If the lengths of a pair differ.

    Examples
    --------
    >>> tensordot(Tensor(np.ones((2, 3, 4))), np.ones((3, 4, 5))).shape
    (2, 5)
    """
    a, b = _of_one_kind(a, b)
    m, n = np.shape(a), np.shape(b)
    if isinstance(axes, int | np.integer):
        count = int(axes)
        if count > min(len(m), len(n)):
            raise ValueError(f"tensordot: shapes {m} and {n} have no {count} axes to sum over")
        over_a, over_b = tuple(range(len(m) - count, len(m))), tuple(range(count))
    else:
        over_a, over_b = normalize_axis_tuple(axes[0], len(m)), normalize_axis_tuple(axes[1], len(n))
    if [m[i] for i in over_a] != [n[i] for i in over_b]:
        raise ValueError(f"tensordot: axes {over_a} of shape {m} and axes {over_b} of shape {n} differ in length")
    free_a = tuple(i for i in range(len(m)) if i not in over_a)
    free_b = tuple(i for i in range(len(n)) if i not in over_b)
    summed = math.prod(m[i] for i in over_a)
    rows, columns = math.prod(m[i] for i in free_a), math.prod(n[i] for i in free_b)
    left = reshape(transpose(a, free_a + over_a), (rows, summed))
    right = reshape(transpose(b, over_b + free_b), (summed, columns))
    return reshape(matmul(left, right), tuple(m[i] for i in free_a) + tuple(n[i] for i in free_b))


def trace(x: Value, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Value:
    """Sum of a diagonal.

    Parameters
    ----------
    x : Tensor or array_like
        At least 2-D.
    offset : int
        Above the main diagonal if positive, below if negative.
    axis1, axis2 : int
        The rows and columns.

    Returns
    -------
    Tensor
        Without the two axes.

    Examples
    --------
    >>> trace(Tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor(5.0)
    """
    return sum(diagonal(x, offset, axis1, axis2), -1)


@op()
def _einsum(*operands: Value, subscripts: str) -> Value:
    """A sum of products, in which no operand has an index twice, or one that stands nowhere else."""
    return np.einsum(subscripts, *operands, optimize=len(operands) > 1)


def _einsum_rule(g: Value, out: Value, *operands: Value, subscripts: str, i: int) -> Value:
    left, result = subscripts.split("->")
    terms = left.split(",")
    others = [result, *terms[:i], *terms[i + 1 :]]
    return np.einsum(f"{','.join(others)}->{terms[i]}", g, *operands[:i], *operands[i + 1 :])


_einsum.rules(_einsum_rule)


def einsum(subscripts: str, *operands: Value) -> Value:
    """Sum of products of any number of arrays, with Einstein's notation for the axes.

    Parameters
    ----------
    subscripts : str
        A letter for each axis of each operand, and after ``->`` those of the result, as in ``"ij,jk->ik"``. Without an arrow
        the result has the letters that stand once, in the alphabet's order; ``...`` stands for axes that broadcast.
    *operands : Tensor or array_like
        As many as there are terms.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If terms and operands do not agree, or a letter stands for two lengths.

    Examples
    --------
    >>> einsum("ij,j->i", Tensor([[1.0, 2.0], [3.0, 4.0]]), [1.0, 1.0])
    Tensor([3., 7.])
    """
    if not isinstance(subscripts, str):
        raise TypeError("einsum: the subscripts come first, as a string such as 'ij,jk->ik'")
    terms, result = _parse(subscripts, [np.ndim(x) for x in operands])
    plain: list[Value] = []
    parts = [_diagonals(x, term) for x, term in zip(_of_one_kind(*operands), terms, strict=True)]
    lengths = _lengths(subscripts, parts)
    # An axis of length 1 that stands for the others' length has nothing to sum over: it is dropped.
    parts = [_without(x, term, [c for c, n in zip(term, np.shape(x), strict=True) if n < lengths[c]]) for x, term in parts]
    terms = [term for _, term in parts]
    for i, (x, _) in enumerate(parts):
        elsewhere = result + "".join(terms[:i] + terms[i + 1 :])
        alone = tuple(axis for axis, letter in enumerate(terms[i]) if letter not in elsewhere)
        if alone:
            x = sum(x, axis=alone)
            terms[i] = "".join(letter for letter in terms[i] if letter in elsewhere)
        plain.append(x)
    return _einsum(*plain, subscripts=f"{','.join(terms)}->{result}")


def _parse(subscripts: str, ndims: list[int]) -> tuple[list[str], str]:
    """The letters of each operand and of the result, written out: no ellipsis, and a result even where it is implied."""
    left, arrow, result = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(ndims):
        raise ValueError(f"einsum: {subscripts!r} has {len(terms)} terms for {len(ndims)} operands")
    spare = [letter for letter in LETTERS if letter not in subscripts]
    broadcast = ""
    for i, (term, ndim) in enumerate(zip(terms, ndims, strict=True)):
        letters = len(term.replace("...", ""))
        if letters > ndim or ("..." not in term and letters != ndim):
            raise ValueError(f"einsum: term {term!r} of {subscripts!r} does not fit operand {i}, which has {ndim} axes")
        hidden = "".join(spare[: ndim - letters])[::-1] if "..." in term else ""
        broadcast = hidden if len(hidden) > len(broadcast) else broadcast
        terms[i] = term.replace("...", hidden)
    if arrow:
        result = result.replace("...", broadcast)
    else:
        together = "".join(terms)
        result = broadcast + "".join(sorted(c for c in set(together) if together.count(c) == 1 and c not in broadcast))
    if bad := [c for c in "".join(terms) + result if c not in LETTERS]:
        raise ValueError(f"einsum: {bad[0]!r} in {subscripts!r} is not a letter")
    if missing := set(result) - set("".join(terms)):
        raise ValueError(f"einsum: {min(missing)!r} of the result in {subscripts!r} stands in no term")
    if len(set(result)) < len(result):
        raise ValueError(f"einsum: the result of {subscripts!r} has a letter twice")
    return terms, result


def _lengths(subscripts: str, parts: list[tuple[Value, str]]) -> dict[str, int]:
    """The length that each letter stands for; 1 goes with any other."""
    lengths: dict[str, int] = {}
    for x, term in parts:
        for letter, n in zip(term, np.shape(x), strict=True):
            known = lengths.setdefault(letter, n)
            if n != known and 1 not in (n, known):
                raise ValueError(f"einsum: letter {letter!r} of {subscripts!r} stands for lengths {known} and {n}")
            lengths[letter] = n if known == 1 else known
    return lengths


def _without(x: Value, term: str, letters: list[str]) -> tuple[Value, str]:
    """An operand without some axes of length 1."""
    if not letters:
        return x, term
    return squeeze(x, tuple(term.index(c) for c in letters)), "".join(c for c in term if c not in letters)


def _diagonals(x: Value, term: str) -> tuple[Value, str]:
    """Where a letter stands twice in one term, the diagonal of those two axes."""
    for letter in dict.fromkeys(term):
        while term.count(letter) > 1:
            first = term.index(letter)
            second = term.index(letter, first + 1)
            lengths = np.shape(x)[first], np.shape(x)[second]
            if lengths[0] != lengths[1]:
                raise ValueError(f"einsum: letter {letter!r} stands for lengths {lengths[0]} and {lengths[1]}")
            x = diagonal(x, 0, first, second)
            term = term[:first] + term[first + 1 : second] + term[second + 1 :] + letter
    return x, term


# Norms


@op()
def _norm(x: Value, /, ord: float = 2, axis: Axis = None, *, keepdims: bool = False) -> Value:
    """The sum of |x|**ord, to the power of 1/ord."""
    if ord == 2:
        return np.sqrt(np.sum(x * x, axis=axis, keepdims=keepdims))
    return np.sum(np.abs(x) ** ord, axis=axis, keepdims=keepdims) ** (1 / ord)


def _norm_rule(g: Value, out: Value, x: Value, ord: float, axis: Axis, keepdims: bool) -> Value:
    g, out = _kept(g, x, axis, keepdims), _kept(out, x, axis, keepdims)
    if ord == 2:
        return g * over(x, out)
    return g * np.sign(x) * np.where(x == 0, 0.0, over(np.abs(np.where(x == 0, 1.0, x)), out) ** (ord - 1))


_norm.rules(_norm_rule)


def norm(x: Value, ord: float | str | None = None, axis: Axis = None, *, keepdims: bool = False) -> Value:
    """Length of vectors, or size of matrices, as numpy.linalg.norm counts them. The gradient at 0 is 0.

    Parameters
    ----------
    x : Tensor or array_like
        Any shape.
    ord : float, inf, -inf, 'fro' or None
        Which norm. None is the root of the sum of squares, of all numbers or along `axis`. Of vectors: any order; inf is the
        largest absolute value, -inf the smallest, 0 counts what is not 0. Of matrices: 'fro', 1, -1, inf, -inf; and of their
        singular values 'nuc' is the sum, 2 the largest, -2 the smallest.
    axis : int, tuple of int or None
        One axis: vectors; two: matrices. None with an `ord`: x itself is the vector or the matrix.
    keepdims : bool
        Keep the reduced axes, with length 1.

    Returns
    -------
    Tensor
        Without the reduced axes, or with length 1 there.

    Raises
    ------
    ValueError
        For an unknown norm, or one that x has too many axes for.

    Examples
    --------
    >>> norm(Tensor([3.0, 4.0]))
    Tensor(5.0)
    """
    ndim = np.ndim(x)
    if ord is None:
        return _norm(x, axis=axis, keepdims=keepdims)
    axes = tuple(range(ndim)) if axis is None else normalize_axis_tuple(axis, ndim)
    if len(axes) == 1:
        return _vector_norm(x, ord, axes, keepdims)
    if len(axes) != 2:
        raise ValueError(f"norm: with ord={ord!r}, x of shape {np.shape(x)} needs one axis (vectors) or two (matrices)")
    row, column = axes
    if ord in ("nuc", 2, -2):
        return _of_singular_values(x, ord, axes, keepdims)
    if ord == "fro":
        return _norm(x, axis=axes, keepdims=keepdims)
    if ord in (1, -1, np.inf, -np.inf):
        inside, outside = (row, column) if abs(float(ord)) == 1 else (column, row)
        lengths = np.sum(np.abs(x), axis=inside, keepdims=True)
        best = (np.max if float(ord) > 0 else np.min)(lengths, axis=outside, keepdims=True)
        return best if keepdims else np.squeeze(best, axes)
    raise ValueError(f"norm: a matrix has no norm of order {ord!r}; use 'fro', 'nuc', 1, -1, 2, -2, inf or -inf")


def _of_singular_values(x: Value, ord: float | str, axes: tuple[int, int], keepdims: bool) -> Value:
    s = np.abs(np.linalg.svdvals(np.moveaxis(x, axes, (-2, -1))))  # the gradient of |s| at 0 is 0
    best = np.sum(s, -1) if ord == "nuc" else np.max(s, -1) if ord == 2 else np.min(s, -1)
    return np.expand_dims(best, axes) if keepdims else best


def _vector_norm(x: Value, ord: float | str, axes: tuple[int, ...], keepdims: bool) -> Value:
    if isinstance(ord, str):
        raise ValueError(f"norm: {ord!r} is a norm of matrices; give two axes")
    if ord == np.inf:
        return np.max(np.abs(x), axis=axes, keepdims=keepdims)
    if ord == -np.inf:
        return np.min(np.abs(x), axis=axes, keepdims=keepdims)
    if ord == 0:
        return np.sum(value_of(x) != 0, axis=axes, keepdims=keepdims).astype(value_of(x).dtype)
    return _norm(x, ord=ord, axis=axes, keepdims=keepdims)
