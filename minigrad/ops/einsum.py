"""Einstein's summation: any sum of products of arrays, by letters for their axes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minigrad.graph import Value
from minigrad.operation import op
from minigrad.ops.dtypes import of_one_kind
from minigrad.ops.indexing import diagonal
from minigrad.ops.reduce import sum
from minigrad.ops.shape import squeeze

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


@op()
def _einsum(*operands: Value, subscripts: str) -> Value:
    """A sum of products, in which no operand has an index twice, or one that stands nowhere else."""
    return np.einsum(subscripts, *operands, optimize=len(operands) > 1)


@_einsum.joint_rule
def _einsum_rule(needed: Sequence[bool], g: Value, out: Value, *operands: Value, subscripts: str) -> list[Value]:
    left, result = subscripts.split("->")
    terms = left.split(",")

    def downstream(i: int) -> Value:
        others = [result, *terms[:i], *terms[i + 1 :]]
        return np.einsum(f"{','.join(others)}->{terms[i]}", g, *operands[:i], *operands[i + 1 :])

    return [downstream(i) if need else None for i, need in enumerate(needed)]


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
    parts = [_diagonals(x, term) for x, term in zip(of_one_kind(*operands), terms, strict=True)]
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
