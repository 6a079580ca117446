"""Joining and repeating."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from minigrad.graph import ArrayLike, Value, array_of
from minigrad.operation import composed, op
from minigrad.ops.dtypes import astype, of_one_kind
from minigrad.ops.indexing import take
from minigrad.ops.shape import broadcast_to, expand_dims, ravel, reshape, with_axes

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from minigrad.graph import Tensor


@op(complex=True, affine=True, formulas=("its part of upstream",))
def _concatenate(*arrays: Value, axis: int) -> Value:
    """Concatenate along an axis."""
    return np.concatenate(arrays, axis, dtype=np.result_type(*arrays))  # a Python scalar takes the dtype of the others


@_concatenate.joint_rule
def _concatenate_rule(needed: Sequence[bool], g: Value, out: Value, *arrays: Value, axis: int) -> list[Value]:
    before, ends = (slice(None),) * (axis % g.ndim), accumulate(x.shape[axis] for x in arrays)
    spans = [slice(end - x.shape[axis], end) for x, end in zip(arrays, ends, strict=True)]
    return [g[(*before, span)] if need else None for span, need in zip(spans, needed, strict=True)]


def _cast(parts: Sequence[Value], dtype: DTypeLike | None, casting: str) -> Sequence[Value]:
    """Parts in the dtype of the result, if the rule of casting allows it."""
    if dtype is None and casting in ("same_kind", "unsafe"):
        return parts
    wanted = np.dtype(dtype) if dtype is not None else np.result_type(*(array_of(x) for x in parts))
    for x in parts:
        if not np.can_cast(array_of(x).dtype, wanted, casting):  # type: ignore[arg-type]
            raise TypeError(f"casting {array_of(x).dtype} to {wanted} is not {casting!r}; cast it with astype")
    return [astype(x, wanted) for x in parts]


@composed
def concatenate(
    arrays: Sequence[ArrayLike], axis: int | None = 0, *, dtype: DTypeLike | None = None, casting: str = "same_kind"
) -> Tensor:
    """Concatenate along an axis; flattened arrays if `axis` is None.

    >>> concatenate([Tensor([1.0]), [2.0, 3.0]])
    Tensor([1., 2., 3.])
    """
    if axis is None:
        arrays, axis = [ravel(x) for x in arrays], 0
    return _concatenate(*_cast(arrays, dtype, casting), axis=axis)


@op(complex=True, affine=True, formulas=("its slice of upstream",))
def _stack(*arrays: Value, axis: int) -> Value:
    """Join along a new axis."""
    return np.stack(arrays, axis, dtype=np.result_type(*arrays))


@_stack.joint_rule
def _stack_rule(needed: Sequence[bool], g: Value, out: Value, *arrays: Value, axis: int) -> list[Value]:
    before = (slice(None),) * (axis % g.ndim)
    return [g[(*before, i)] if need else None for i, need in enumerate(needed)]


@composed
def stack(
    arrays: Sequence[ArrayLike], axis: int = 0, *, dtype: DTypeLike | None = None, casting: str = "same_kind"
) -> Tensor:
    """Join along a new axis: what ``np.array([t, t])`` is for arrays.

    >>> stack([Tensor(1.0), Tensor(2.0)])
    Tensor([1., 2.])
    """
    return _stack(*_cast(arrays, dtype, casting), axis=axis)


def _parts(arrays: Sequence[Value], ndim: int) -> list[Value]:
    """The arrays to join, each with at least `ndim` axes; a scalar takes the dtype of the others."""
    if not len(arrays):
        raise ValueError("needs at least one array to join")
    return [with_axes(x, ndim) for x in of_one_kind(*arrays)]


@composed
def hstack(arrays: Sequence[ArrayLike], *, dtype: DTypeLike | None = None, casting: str = "same_kind") -> Tensor:
    """Stack horizontally: vectors end to end, other arrays along the second axis.

    >>> hstack([Tensor([1.0]), [2.0, 3.0]])
    Tensor([1., 2., 3.])
    """
    parts = _parts(arrays, 1)
    return concatenate(parts, 0 if np.ndim(parts[0]) == 1 else 1, dtype=dtype, casting=casting)


@composed
def vstack(arrays: Sequence[ArrayLike], *, dtype: DTypeLike | None = None, casting: str = "same_kind") -> Tensor:
    """Stack vertically, vectors as rows.

    >>> vstack([Tensor([1.0, 2.0]), [3.0, 4.0]])
    Tensor([[1., 2.],
            [3., 4.]])
    """
    return concatenate(_parts(arrays, 2), 0, dtype=dtype, casting=casting)


@composed
def dstack(arrays: Sequence[ArrayLike]) -> Tensor:
    """Stack along the third axis, matrices as layers.

    >>> dstack([Tensor([1.0, 2.0]), [3.0, 4.0]])
    Tensor([[[1., 3.],
             [2., 4.]]])
    """
    return concatenate(_parts(arrays, 3), 2)


@composed
def column_stack(arrays: Sequence[ArrayLike]) -> Tensor:
    """Stack horizontally, vectors as columns.

    >>> column_stack([Tensor([1.0, 2.0]), [3.0, 4.0]])
    Tensor([[1., 3.],
            [2., 4.]])
    """
    parts = _parts(arrays, 1)
    return concatenate([expand_dims(x, 1) if np.ndim(x) == 1 else x for x in parts], 1)


def _leaves(arrays: Any, depth: int = 0) -> list[tuple[int, Any]]:
    """The arrays in nested lists, each with its depth."""
    if isinstance(arrays, tuple):
        raise TypeError("blocks are arranged in lists, not in tuples")
    if not isinstance(arrays, list):
        return [(depth, arrays)]
    if not arrays:
        raise ValueError(f"a list at depth {depth} is empty")
    return [leaf for part in arrays for leaf in _leaves(part, depth + 1)]


@composed
def block(arrays: Any) -> Tensor:
    """Join blocks in nested lists: the innermost lists along the last axis, the ones around them along the axis before it.

    >>> block([[Tensor([[1.0, 2.0]]), np.ones((1, 1))], [np.zeros((1, 3))]])
    Tensor([[1., 2., 1.],
            [0., 0., 0.]])
    """
    leaves = _leaves(arrays)
    depth = leaves[0][0]
    if any(d != depth for d, _ in leaves):
        raise ValueError(f"the lists must all be nested to one depth, got depths {sorted({d for d, _ in leaves})}")
    ndim = max(depth, *(np.ndim(x) for _, x in leaves))
    parts = (expand_dims(x, tuple(range(ndim - np.ndim(x)))) for x in of_one_kind(*(x for _, x in leaves)))

    def joined(nested: Any, level: int) -> Any:
        if level == depth:
            return next(parts)
        return concatenate([joined(part, level + 1) for part in nested], level - depth)

    return cast("Tensor", joined(arrays, 0))


@composed
def append(x: ArrayLike, values: ArrayLike, axis: int | None = None) -> Tensor:
    """Append values; both arrays are flattened if `axis` is None.

    >>> append(Tensor([1.0, 2.0]), 3.0)
    Tensor([1., 2., 3.])
    """
    return concatenate(of_one_kind(x, values), axis)


# Repeating


@composed
def tile(x: ArrayLike, reps: int | Sequence[int]) -> Tensor:
    """Repeat the whole array along each axis.

    >>> tile(Tensor([1.0, 2.0]), 2)
    Tensor([1., 2., 1., 2.])
    """
    counts = tuple(np.ravel(reps).tolist())
    if any(not isinstance(n, int) or n < 0 for n in counts):
        raise ValueError(f"the counts must be integers of at least 0, got {reps!r}")
    shape = np.shape(x)
    ndim = max(len(counts), len(shape))
    counts, shape = (1,) * (ndim - len(counts)) + counts, (1,) * (ndim - len(shape)) + shape
    # A new axis in front of every axis is broadcast to the count, and merged with it.
    apart = reshape(x, [length for n in shape for length in (1, n)])
    repeated = broadcast_to(apart, tuple(length for pair in zip(counts, shape, strict=True) for length in pair))
    return reshape(repeated, [count * n for count, n in zip(counts, shape, strict=True)])


@composed
def repeat(x: ArrayLike, repeats: int | Sequence[int], axis: int | None = None) -> Tensor:
    """Repeat each element along an axis; of the flattened array if `axis` is None.

    >>> repeat(Tensor([1.0, 2.0]), [1, 2])
    Tensor([1., 2., 2.])
    """
    if np.asarray(repeats).dtype.kind not in "iu":
        raise TypeError(f"the counts must be integers, got {repeats!r}")
    if axis is None or (np.shape(x) == () and axis in (0, -1)):
        x, axis = ravel(x), 0
    axis = normalize_axis_index(axis, np.ndim(x))
    return take(x, np.repeat(np.arange(np.shape(x)[axis]), repeats), axis)
