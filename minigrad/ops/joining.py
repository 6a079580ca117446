"""Joining, splitting, repeating and padding."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from minigrad.graph import ArrayLike, Value, value_of
from minigrad.operation import composed, op, static_value
from minigrad.ops.dtypes import astype, of_one_kind
from minigrad.ops.elementwise import where
from minigrad.ops.indexing import getitem, take
from minigrad.ops.shape import broadcast_to, expand_dims, ravel, reshape

if TYPE_CHECKING:
    from minigrad.graph import Tensor


@op(affine=True, formulas=("its part of upstream",))
def _concatenate(*arrays: Value, axis: int) -> Value:
    """Concatenate along an axis."""
    return np.concatenate(arrays, axis, dtype=np.result_type(*arrays))  # a Python scalar takes the dtype of the others


@_concatenate.joint_rule
def _concatenate_rule(needed: Sequence[bool], g: Value, out: Value, *arrays: Value, axis: int) -> list[Value]:
    before, ends = (slice(None),) * (axis % g.ndim), accumulate(x.shape[axis] for x in arrays)
    spans = [slice(end - x.shape[axis], end) for x, end in zip(arrays, ends, strict=True)]
    return [g[(*before, span)] if need else None for span, need in zip(spans, needed, strict=True)]


def concatenate(arrays: Sequence[ArrayLike], axis: int | None = 0) -> Tensor:
    """Concatenate along an axis; flattened arrays if `axis` is None.

    >>> concatenate([Tensor([1.0]), [2.0, 3.0]])
    Tensor([1., 2., 3.])
    """
    if axis is None:
        arrays, axis = [ravel(x) for x in arrays], 0
    return _concatenate(*arrays, axis=axis)


@op(affine=True, formulas=("its slice of upstream",))
def _stack(*arrays: Value, axis: int) -> Value:
    """Join along a new axis."""
    return np.stack(arrays, axis, dtype=np.result_type(*arrays))


@_stack.joint_rule
def _stack_rule(needed: Sequence[bool], g: Value, out: Value, *arrays: Value, axis: int) -> list[Value]:
    before = (slice(None),) * (axis % g.ndim)
    return [g[(*before, i)] if need else None for i, need in enumerate(needed)]


def stack(arrays: Sequence[ArrayLike], axis: int = 0) -> Tensor:
    """Join along a new axis: what ``np.array([t, t])`` is for arrays.

    >>> stack([Tensor(1.0), Tensor(2.0)])
    Tensor([1., 2.])
    """
    return _stack(*arrays, axis=axis)


@composed
def split(x: ArrayLike, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Tensor]:
    """Split along an axis, into equal sections or at the given indices.

    >>> split(Tensor([1.0, 2.0, 3.0]), [1])
    [Tensor([1.]), Tensor([2., 3.])]
    """
    shape = np.shape(x)
    axis = normalize_axis_index(axis, len(shape))
    size = shape[axis]
    if isinstance(indices_or_sections, int | np.integer):
        parts = int(indices_or_sections)
        if parts < 1 or size % parts:
            raise ValueError(f"axis {axis} of shape {shape} does not split into {parts} equal sections")
        cuts = [size // parts * i for i in range(1, parts)]
    else:
        cuts = [int(cut) for cut in indices_or_sections]
    lead = (slice(None),) * axis
    return [getitem(x, (*lead, slice(a, b))) for a, b in zip([0, *cuts], [*cuts, size], strict=True)]


def _at_least(x: Value, ndim: int) -> Value:
    """Add axes as NumPy does: a vector becomes a row, a matrix a layer."""
    missing = ndim - np.ndim(x)
    if missing <= 0:
        return x
    if ndim == 3 and missing < 3:
        return expand_dims(x, (0, 2) if missing == 2 else 2)
    return expand_dims(x, tuple(range(missing)))


def _parts(arrays: Sequence[Value], ndim: int) -> list[Value]:
    """The arrays to join, each with at least `ndim` axes; a scalar takes the dtype of the others."""
    if not len(arrays):
        raise ValueError("needs at least one array to join")
    return [_at_least(x, ndim) for x in of_one_kind(*arrays)]


@composed
def hstack(arrays: Sequence[ArrayLike]) -> Tensor:
    """Stack horizontally: vectors end to end, other arrays along the second axis.

    >>> hstack([Tensor([1.0]), [2.0, 3.0]])
    Tensor([1., 2., 3.])
    """
    parts = _parts(arrays, 1)
    return concatenate(parts, 0 if np.ndim(parts[0]) == 1 else 1)


@composed
def vstack(arrays: Sequence[ArrayLike]) -> Tensor:
    """Stack vertically, vectors as rows.

    >>> vstack([Tensor([1.0, 2.0]), [3.0, 4.0]])
    Tensor([[1., 2.],
            [3., 4.]])
    """
    return concatenate(_parts(arrays, 2), 0)


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


@composed
def append(x: ArrayLike, values: ArrayLike, axis: int | None = None) -> Tensor:
    """Append values; both arrays are flattened if `axis` is None.

    >>> append(Tensor([1.0, 2.0]), 3.0)
    Tensor([1., 2., 3.])
    """
    return concatenate(of_one_kind(x, values), axis)


# Repeating and padding


@composed
def tile(x: ArrayLike, reps: int | Sequence[int]) -> Tensor:
    """Repeat the whole array along each axis.

    >>> tile(Tensor([1.0, 2.0]), 2)
    Tensor([1., 2., 1., 2.])
    """
    counts = (reps,) if isinstance(reps, int | np.integer) else tuple(reps)
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
    if axis is None:
        x, axis = ravel(x), 0
    return take(x, np.repeat(np.arange(np.shape(x)[axis]), repeats), axis)


@op(formulas=("upstream without the margin",))
def _pad(x: Value, /, pad_width: Any, value: float) -> Value:
    """Pad with one value."""
    return np.pad(x, np.reshape(np.array(pad_width, np.intp), (-1, 2)), constant_values=value)


_pad.rules(
    lambda g, out, x, pad_width, value: g[tuple(slice(a, a + n) for (a, _), n in zip(pad_width, x.shape, strict=True))]
)


def _in_frame(x: Value, widths: Sequence[tuple[int, int]], constants: Value) -> Tensor:
    """Pad with constants that may be tensors: one, or one for each side of each axis."""
    shape, dtype = np.shape(x), np.asarray(value_of(x)).dtype
    if dtype.kind != "f":
        constants = static_value("constant_values", constants)  # it becomes an integer
    each = ravel(broadcast_to(astype(constants, dtype), (len(shape), 2)))
    sides = np.arange(2 * len(shape)).reshape(-1, 2)
    side = np.pad(np.full(shape, -1), widths, constant_values=sides)  # the constant of each element; -1 inside
    return where(side < 0, _pad(x, pad_width=tuple(widths), value=0), take(each, np.maximum(side, 0)))


@composed
def pad(x: ArrayLike, pad_width: Any, mode: str = "constant", *, constant_values: ArrayLike = 0) -> Tensor:
    """Pad with a constant, or in one of the modes "reflect", "edge", "symmetric" and "wrap".

    An element that the padding repeats receives the gradients of its copies too, and a constant those of the margin that it
    fills.

    >>> pad(Tensor([1.0, 2.0, 3.0]), (2, 1), "reflect")
    Tensor([3., 2., 1., 2., 3., 2.])
    """
    shape = np.shape(x)
    widths = [(int(a), int(b)) for a, b in np.broadcast_to(pad_width, (len(shape), 2))]
    if any(n < 0 for pair in widths for n in pair):
        raise ValueError(f"widths must not be negative, got {pad_width}; crop with x[...] instead")
    if mode not in ("constant", "reflect", "edge", "symmetric", "wrap"):
        raise ValueError(f"mode {mode!r} is not one of 'constant', 'reflect', 'edge', 'symmetric' and 'wrap'")
    if mode == "constant" or not any(map(any, widths)):
        if isinstance(constant_values, int | float):
            return _pad(x, pad_width=tuple(widths), value=constant_values)
        return _in_frame(x, widths, constant_values)
    for axis, (width, size) in enumerate(zip(widths, shape, strict=True)):
        if width != (0, 0):
            x = take(x, np.pad(np.arange(size), width, mode), axis)  # type: ignore[call-overload]
    return cast("Tensor", x)
