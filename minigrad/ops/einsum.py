"""Einstein's summation: any sum of products, written with a letter for each axis.

`einsum` brings its operands into a normal form: no ellipsis, no letter twice in an operand, none that stands in one operand
alone. In this form the gradient of an operand is again such a sum of products, of the upstream gradient and the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from string import ascii_letters
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.graph import ArrayLike, Value
from minigrad.operation import composed, op
from minigrad.ops.dtypes import of_one_kind
from minigrad.ops.indexing import diagonal
from minigrad.ops.reduce import sum
from minigrad.ops.shape import squeeze

if TYPE_CHECKING:
    from minigrad.graph import Tensor


@op(complex=True)
def _einsum(*operands: Value, subscripts: str) -> Value:
    """Einstein summation in normal form."""
    return np.einsum(subscripts, *operands, optimize=len(operands) > 1)


@_einsum.joint_rule
def _einsum_rule(needed: Sequence[bool], g: Value, out: Value, *operands: Value, subscripts: str) -> list[Value]:
    left, result = subscripts.split("->")
    terms = left.split(",")

    def downstream(i: int) -> Value:
        others = [result, *terms[:i], *terms[i + 1 :]]
        return np.einsum(f"{','.join(others)}->{terms[i]}", g, *operands[:i], *operands[i + 1 :])

    return [downstream(i) if need else None for i, need in enumerate(needed)]


@composed
def einsum(subscripts: str | ArrayLike, *operands: Any, optimize: Any = True) -> Tensor:
    """Einstein summation, with a string of subscripts or a list of axis numbers behind each operand.

    `optimize` changes nothing: the order of several products is always chosen for speed. A result without the ellipsis of
    its operands is summed over it, as in PyTorch.

    >>> einsum("ij,j->i", Tensor([[1.0, 2.0], [3.0, 4.0]]), [1.0, 1.0])
    Tensor([3., 7.])
    """
    if not isinstance(subscripts, str):
        subscripts, operands = _lettered(subscripts, *operands)
    terms, result = _parse(subscripts, [np.ndim(x) for x in operands])
    arrays = of_one_kind(*operands)
    for i, x in enumerate(arrays):
        arrays[i], terms[i] = _diagonals(x, terms[i])
    lengths = _lengths(subscripts, arrays, terms)
    for i, x in enumerate(arrays):  # an axis of length 1 beside a longer one broadcasts: there is nothing to sum over
        broadcast = [c for c, n in zip(terms[i], np.shape(x), strict=True) if n != lengths[c]]
        arrays[i], terms[i] = _without(broadcast, squeeze, x, terms[i])
    for i, x in enumerate(arrays):
        elsewhere = result + "".join(terms[:i] + terms[i + 1 :])
        arrays[i], terms[i] = _without([c for c in terms[i] if c not in elsewhere], sum, x, terms[i])
    return _einsum(*arrays, subscripts=f"{','.join(terms)}->{result}")


def _lettered(*given: Any) -> tuple[str, tuple[Any, ...]]:
    """The form with lists of axis numbers behind the operands, and perhaps of the result, as letters."""
    operands, lists = given[: len(given) // 2 * 2 : 2], [*given[1::2], *given[len(given) // 2 * 2 :]]
    if not operands or not all(isinstance(axes, list | tuple) for axes in lists):
        raise TypeError("einsum: needs subscripts first, as a string such as 'ij,jk->ik', or a list behind each operand")
    numbers = sorted({axis for axes in lists for axis in axes if axis is not ...})
    letters = dict(zip(numbers, ascii_letters, strict=False)) | {...: "..."}
    terms = ["".join(letters[axis] for axis in axes) for axes in lists]
    count = len(operands)
    return ",".join(terms[:count]) + "".join(f"->{term}" for term in terms[count:]), operands


def _parse(subscripts: str, ndims: Sequence[int]) -> tuple[list[str], str]:
    """The letters of each operand and of the result: those of an ellipsis, and of an implied result, are written out."""
    left, arrow, result = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(ndims):
        raise ValueError(f"einsum: {subscripts!r} has {len(terms)} terms for {len(ndims)} operands")

    unused = [c for c in ascii_letters if c not in subscripts]
    ellipsis = ""  # the letters of the longest one; a shorter one has its last letters, since axes broadcast from the right
    for i, (term, ndim) in enumerate(zip(terms, ndims, strict=True)):
        hidden = "".join(reversed(unused[: max(0, ndim - len(term.replace("...", "")))]))
        if "..." in term:
            terms[i] = term.replace("...", hidden)
            ellipsis = max(ellipsis, hidden, key=len)
        if len(terms[i]) != ndim:
            raise ValueError(f"einsum: term {term!r} of {subscripts!r} does not fit operand {i}, which has {ndim} axes")

    letters = "".join(terms)
    if arrow:
        result = result.replace("...", ellipsis)
    else:
        result = ellipsis + "".join(sorted(c for c in letters if letters.count(c) == 1 and c not in ellipsis))
    for c in letters + result:
        if c not in ascii_letters:
            raise ValueError(f"einsum: {c!r} in {subscripts!r} is not a letter")
    for c in result:
        if c not in letters:
            raise ValueError(f"einsum: {c!r} of the result in {subscripts!r} is in no term")
        if result.count(c) > 1:
            raise ValueError(f"einsum: {c!r} is twice in the result of {subscripts!r}")
    return terms, result


def _diagonals(x: Value, term: str) -> tuple[Value, str]:
    """An operand with the diagonal of two axes in their place, as long as a letter is in its term twice."""
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


def _lengths(subscripts: str, arrays: Sequence[Value], terms: Sequence[str]) -> dict[str, int]:
    """The length that each letter stands for; an axis of length 1 broadcasts."""
    lengths: dict[str, int] = {}
    for x, term in zip(arrays, terms, strict=True):
        for letter, n in zip(term, np.shape(x), strict=True):
            known = lengths.get(letter, 1)
            if n != known and 1 not in (n, known):
                raise ValueError(f"einsum: letter {letter!r} of {subscripts!r} stands for lengths {known} and {n}")
            lengths[letter] = n if known == 1 else known
    return lengths


def _without(letters: Sequence[str], reduction: Callable[..., Value], x: Value, term: str) -> tuple[Value, str]:
    """An operand reduced, by `sum` or `squeeze`, over the axes of some letters."""
    if not letters:
        return x, term
    return reduction(x, axis=tuple(map(term.index, letters))), "".join(c for c in term if c not in letters)
