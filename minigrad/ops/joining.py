"""Arrays joined, split, repeated and padded."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from minigrad.graph import Value
from minigrad.operation import op
from minigrad.ops.dtypes import of_one_kind
from minigrad.ops.indexing import getitem, take
from minigrad.ops.shape import broadcast_to, expand_dims, ravel, reshape


@op(formulas=("its part of upstream",))
def _concatenate(*arrays: Value, axis: int) -> Value:
    """Arrays end to end."""
    return np.concatenate(arrays, axis, dtype=np.result_type(*arrays))  # a Python number takes on the others' dtype


@_concatenate.joint_rule
def _concatenate_rule(needed: Sequence[bool], g: Value, out: Value, *arrays: Value, axis: int) -> list[Value]:
    before, ends = (slice(None),) * (axis % g.ndim), accumulate(x.shape[axis] for x in arrays)
    spans = [slice(end - x.shape[axis], end) for x, end in zip(arrays, ends, strict=True)]
    return [g[(*before, span)] if need else None for span, need in zip(spans, needed, strict=True)]


def concatenate(arrays: Sequence[Value], axis: int | None = 0) -> Value:
    """Join arrays end to end along an axis they have.

    Parameters
    ----------
    arrays : sequence of Tensor or array_like
        Of equal shapes but along the axis.
    axis : int or None
        Along which axis; None joins the flattened arrays.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If there is nothing to join, or the shapes do not fit.

    Examples
    --------
    >>> concatenate([Tensor([1.0]), [2.0, 3.0]])
    Tensor([1., 2., 3.])
    """
    if axis is None:
        arrays, axis = [ravel(x) for x in arrays], 0
    return _concatenate(*arrays, axis=axis)


@op(formulas=("its slice of upstream",))
def _stack(*arrays: Value, axis: int) -> Value:
    """Arrays side by side along a new axis."""
    return np.stack(arrays, axis, dtype=np.result_type(*arrays))


@_stack.joint_rule
def _stack_rule(needed: Sequence[bool], g: Value, out: Value, *arrays: Value, axis: int) -> list[Value]:
    before = (slice(None),) * (axis % g.ndim)
    return [g[(*before, i)] if need else None for i, need in enumerate(needed)]


def stack(arrays: Sequence[Value], axis: int = 0) -> Value:
    """Join arrays of one shape along a new axis; what ``np.array([t, t])`` is for arrays.

    Parameters
    ----------
    arrays : sequence of Tensor or array_like
        Of equal shapes.
    axis : int
        Where the new axis stands in the result.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If there is nothing to join, or the shapes differ.

    Examples
    --------
    >>> stack([Tensor(1.0), Tensor(2.0)])
    Tensor([1., 2.])
    """
    return _stack(*arrays, axis=axis)


def split(x: Value, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Value]:
    """Part an array along an axis.

    Parameters
    ----------
    x : Tensor or array_like
        Any shape.
    indices_or_sections : int or sequence of int
        Into how many equal parts; or where to cut.
    axis : int
        Along which axis.

    Returns
    -------
    list of Tensor

    Raises
    ------
    ValueError
        If equal parts do not come out even.

    Examples
    --------
    >>> split(Tensor([1.0, 2.0, 3.0]), [1])
    [Tensor([1.]), Tensor([2., 3.])]
    """
    shape = np.shape(x)
    axis = normalize_axis_index(axis, len(shape))
    size = shape[axis]
    if isinstance(indices_or_sections, int | np.integer):
        parts = int(indices_or_sections)
        if parts < 1 or size % parts:
            raise ValueError(f"split: axis {axis} of shape {shape} does not part into {parts} equal sections")
        cuts = [size // parts * i for i in range(1, parts)]
    else:
        cuts = [int(cut) for cut in indices_or_sections]
    lead = (slice(None),) * axis
    return [getitem(x, (*lead, slice(a, b))) for a, b in zip([0, *cuts], [*cuts, size], strict=True)]


def _at_least(x: Value, ndim: int) -> Value:
    """X with as many axes as NumPy gives it: a vector is a row, and a matrix a layer."""
    missing = ndim - np.ndim(x)
    if missing <= 0:
        return x
    if ndim == 3 and missing < 3:
        return expand_dims(x, (0, 2) if missing == 2 else 2)
    return expand_dims(x, tuple(range(missing)))


def _parts(who: str, arrays: Sequence[Value], ndim: int) -> list[Value]:
    """The arrays to join, each with so many axes; a number beside them takes on their dtype."""
    if not len(arrays):
        raise ValueError(f"{who}: needs at least one array to join")
    return [_at_least(x, ndim) for x in of_one_kind(*arrays)]


def hstack(arrays: Sequence[Value]) -> Value:
    """Join arrays from left to right: vectors end to end, anything else along the second axis.

    Parameters
    ----------
    arrays : sequence of Tensor or array_like
        Of equal shapes but along that axis.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If there is nothing to join, or the shapes do not fit.

    Examples
    --------
    >>> hstack([Tensor([1.0]), [2.0, 3.0]])
    Tensor([1., 2., 3.])
    """
    parts = _parts("hstack", arrays, 1)
    return concatenate(parts, 0 if np.ndim(parts[0]) == 1 else 1)


def vstack(arrays: Sequence[Value]) -> Value:
    """Join arrays from top to bottom, a vector as a row.

    Parameters
    ----------
    arrays : sequence of Tensor or array_like
        Of equal shapes but along the first axis.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If there is nothing to join, or the shapes do not fit.

    Examples
    --------
    >>> vstack([Tensor([1.0, 2.0]), [3.0, 4.0]])
    Tensor([[1., 2.],
            [3., 4.]])
    """
    return concatenate(_parts("vstack", arrays, 2), 0)


def dstack(arrays: Sequence[Value]) -> Value:
    """Join arrays along the third axis, a matrix as one layer.

    Parameters
    ----------
    arrays : sequence of Tensor or array_like
        Of equal shapes but along the third axis.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If there is nothing to join, or the shapes do not fit.

    Examples
    --------
    >>> dstack([Tensor([1.0, 2.0]), [3.0, 4.0]])
    Tensor([[[1., 3.],
             [2., 4.]]])
    """
    return concatenate(_parts("dstack", arrays, 3), 2)


def column_stack(arrays: Sequence[Value]) -> Value:
    """Join arrays from left to right, a vector as a column.

    Parameters
    ----------
    arrays : sequence of Tensor or array_like
        Of equal length.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If there is nothing to join, or the shapes do not fit.

    Examples
    --------
    >>> column_stack([Tensor([1.0, 2.0]), [3.0, 4.0]])
    Tensor([[1., 3.],
            [2., 4.]])
    """
    return concatenate(
        [reshape(x, (math.prod(np.shape(x)), 1)) if np.ndim(x) < 2 else x for x in _parts("column_stack", arrays, 0)], 1
    )


def append(x: Value, values: Value, axis: int | None = None) -> Value:
    """Values joined to the end of an array.

    Parameters
    ----------
    x : Tensor or array_like
        Any shape.
    values : Tensor or array_like
        What follows; of x's shape but along the axis.
    axis : int or None
        Along which axis; None joins the flattened arrays.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> append(Tensor([1.0, 2.0]), 3.0)
    Tensor([1., 2., 3.])
    """
    return concatenate(of_one_kind(x, values), axis)


# Repeating and padding


def tile(x: Value, reps: int | Sequence[int]) -> Value:
    """The whole array, laid down several times along each axis.

    Parameters
    ----------
    x : Tensor or array_like
        Any shape.
    reps : int or sequence of int
        How many times along each axis, the last ones first if there are fewer.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> tile(Tensor([1.0, 2.0]), 2)
    Tensor([1., 2., 1., 2.])
    """
    times = (reps,) if isinstance(reps, int | np.integer) else tuple(reps)
    shape = np.shape(x)
    ndim = max(len(times), len(shape))
    times, shape = (1,) * (ndim - len(times)) + times, (1,) * (ndim - len(shape)) + shape
    apart = reshape(x, [n for size in shape for n in (1, size)])
    spread = broadcast_to(apart, tuple(n for pair in zip(times, shape, strict=True) for n in pair))
    return reshape(spread, [n * size for n, size in zip(times, shape, strict=True)])


def repeat(x: Value, repeats: int | Sequence[int], axis: int | None = None) -> Value:
    """Each number, row or slab several times in a row.

    Parameters
    ----------
    x : Tensor or array_like
        Any shape.
    repeats : int or sequence of int
        How many times, for all or for each.
    axis : int or None
        Along which axis; None runs through the flattened array.

    Returns
    -------
    Tensor

    Raises
    ------
    TypeError
        If a count is no whole number.
    ValueError
        If there are as many counts neither as one nor as the axis is long.

    Examples
    --------
    >>> repeat(Tensor([1.0, 2.0]), [1, 2])
    Tensor([1., 2., 2.])
    """
    if np.asarray(repeats).dtype.kind not in "iu":
        raise TypeError(f"repeat: the counts are whole numbers, got {repeats!r}")
    if axis is None:
        x, axis = ravel(x), 0
    return take(x, np.repeat(np.arange(np.shape(x)[axis]), repeats), axis)


@op(formulas=("upstream without the margin",))
def _pad(x: Value, /, pad_width: Any, value: float) -> Value:
    """X with a margin of one value."""
    return np.pad(x, np.reshape(np.array(pad_width, np.intp), (-1, 2)), constant_values=value)


_pad.rules(
    lambda g, out, x, pad_width, value: g[tuple(slice(a, a + n) for (a, _), n in zip(pad_width, x.shape, strict=True))]
)  # fmt: skip


def pad(x: Value, pad_width: Any, mode: str = "constant", *, constant_values: float = 0) -> Value:
    """X with a margin.

    Parameters
    ----------
    x : Tensor or array_like
        Any shape.
    pad_width : int, (before, after), or one such pair for each axis
        How wide.
    mode : {"constant", "reflect", "edge", "symmetric", "wrap"}
        What stands in the margin: one value, x mirrored about its edge, its edge, x mirrored with its edge, or x again.
        A number that the margin repeats receives the gradients of its copies too.
    constant_values : float
        The value of a constant margin.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If the mode is none of these, or a width is negative.

    Examples
    --------
    >>> pad(Tensor([1.0, 2.0, 3.0]), (2, 1), "reflect")
    Tensor([3., 2., 1., 2., 3., 2.])
    """
    shape = np.shape(x)
    widths = [(int(a), int(b)) for a, b in np.broadcast_to(pad_width, (len(shape), 2))]
    if any(n < 0 for pair in widths for n in pair):
        raise ValueError(f"pad: widths {pad_width} must not be negative; cut with x[...] instead")
    if mode == "constant":
        return _pad(x, pad_width=tuple(widths), value=constant_values)
    if mode not in ("reflect", "edge", "symmetric", "wrap"):
        raise ValueError(f"pad: mode {mode!r} is not one of 'constant', 'reflect', 'edge', 'symmetric' and 'wrap'")
    for axis, (width, size) in enumerate(zip(widths, shape, strict=True)):
        if width != (0, 0):
            x = take(x, np.pad(np.arange(size), width, mode), axis)  # type: ignore[call-overload]
    return x
