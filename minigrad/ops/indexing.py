"""Picking numbers out and putting them together: indexing, joining, repeating, padding.

`getitem` and `scatter` are each other's adjoints, and most of this file is a choice of what to pick.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from minigrad.graph import Node, Value, op, value_of
from minigrad.ops.shape import broadcast_to, moveaxis, ravel, reshape


def getitem(x: Value, key: Any) -> Value:
    """x[key], with everything NumPy takes for a key: numbers, slices, ellipsis, newaxis, integer and boolean arrays.

    Parameters
    ----------
    x : Tensor or array_like
        Any shape.
    key : index
        What is picked; where it is picked more than once, the gradients add up.

    Returns
    -------
    Tensor

    Raises
    ------
    IndexError
        If the key reaches outside x.

    Examples
    --------
    >>> getitem(Tensor([1.0, 2.0, 3.0]), [2, 0, 2])
    Tensor([3., 1., 3.])
    """
    return _getitem(x, key=as_key(key))


@op()
def _getitem(x: Value, /, key: Any) -> Value:
    """x[key]."""
    return x[key]


def scatter(x: Value, key: Any, shape: tuple[int, ...]) -> Value:
    """Zeros, with x added at a key; the adjoint of picking.

    Parameters
    ----------
    x : Tensor or array_like
        Of the shape that the key picks.
    key : index
        Where to add; what meets at one place adds up.
    shape : tuple of int
        The shape of the result.

    Returns
    -------
    Tensor
        Of that shape.

    Raises
    ------
    IndexError
        If the key reaches outside the shape.

    Examples
    --------
    >>> scatter(Tensor([1.0, 2.0, 3.0]), [2, 0, 2], (4,))
    Tensor([2., 0., 4., 0.])
    """
    return _scatter(x, key=as_key(key), shape=shape)


@op()
def _scatter(x: Value, /, key: Any, shape: tuple[int, ...]) -> Value:
    """Zeros, with x added at a key."""
    out = np.zeros(shape, np.asarray(x).dtype)
    if _picks_once(key):
        out[key] = x
    elif np.size(x) > out.size // 4:  # one flat axis is where add.at is fastest: a third of the time for rows of an array
        np.add.at(out.reshape(-1), np.arange(out.size).reshape(shape)[key].reshape(-1), np.reshape(x, -1))
    else:
        np.add.at(out, key, x)
    return out


_getitem.rules(lambda g, out, x, key: (_scatter if isinstance(g, Node) else _scatter.forward)(g, key=key, shape=x.shape))
_scatter.rules(lambda g, out, x, key, shape: _getitem(g, key))


def _picks_once(key: Any) -> bool:
    """Whether no number can be picked twice: true of numbers, slices and masks, not of integer arrays."""
    parts = key if isinstance(key, tuple) else (key,)
    return all(not isinstance(k, np.ndarray) or k.dtype == bool for k in parts)


def as_key(key: Any) -> Any:
    """A key with arrays in place of tensors, and copies of lists and arrays, which could change before the sweep."""
    if isinstance(key, tuple):
        return tuple(as_key(k) for k in key)
    if isinstance(key, Node):
        return key.value
    if isinstance(key, list | np.ndarray):
        return np.array(key) if len(np.shape(key)) == 0 or len(key) else np.array(key, np.intp)
    return key


def take(x: Value, indices: Value, axis: int | None = None) -> Value:
    """The numbers, rows or slabs at given indices.

    Parameters
    ----------
    x : Tensor or array_like
        Any shape.
    indices : int or array of int
        Which; repeats are allowed, and their gradients add up.
    axis : int or None
        Along which axis; None counts through the flattened array.

    Returns
    -------
    Tensor
        The indices' shape stands where the axis was.

    Raises
    ------
    IndexError
        If an index reaches outside x.

    Examples
    --------
    >>> take(Tensor([1.0, 2.0, 3.0]), [2, 0])
    Tensor([3., 1.])
    """
    if axis is None:
        x, axis = ravel(x), 0
    picked = as_key(np.asarray(value_of(indices)))
    if picked.size == 0:
        picked = picked.astype(np.intp)
    return _getitem(x, key=(slice(None),) * normalize_axis_index(axis, np.ndim(x)) + (picked,))


def take_along_axis(x: Value, indices: Value, axis: int | None = -1) -> Value:
    """Along one axis, for each line an index of its own, as argsort or argmax give them.

    Parameters
    ----------
    x : Tensor or array_like
        Any shape.
    indices : array of int
        As many axes as x; shapes broadcast away from `axis`.
    axis : int or None
        Along which axis; None picks from the flattened array.

    Returns
    -------
    Tensor
        Of the indices' shape.

    Raises
    ------
    ValueError
        If the numbers of axes differ.

    Examples
    --------
    >>> take_along_axis(Tensor([[1.0, 2.0], [3.0, 4.0]]), [[1], [0]], axis=1)
    Tensor([[2.],
            [3.]])
    """
    if axis is None:
        x, axis = ravel(x), 0
    picked, shape = as_key(np.asarray(value_of(indices))), np.shape(x)
    if picked.ndim != len(shape):
        raise ValueError(f"take_along_axis: indices of shape {picked.shape} need as many axes as x of shape {shape}")
    axis = normalize_axis_index(axis, len(shape))
    grid: list[Any] = list(np.ogrid[tuple(slice(n) for n in shape)])
    grid[axis] = picked
    return _getitem(x, key=tuple(grid))


def diagonal(x: Value, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Value:
    """The diagonals of the matrices in two axes.

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
        Without the two axes, and the diagonal as a new last one.

    Examples
    --------
    >>> diagonal(Tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([1., 4.])
    """
    if np.ndim(x) != 2 or (axis1, axis2) != (0, 1):
        x = moveaxis(x, (axis1, axis2), (-2, -1))
    rows, columns = np.shape(x)[-2:]
    places = np.arange(max(0, min(rows + min(offset, 0), columns - max(offset, 0))))
    return _getitem(x, key=(..., places - min(offset, 0), places + max(offset, 0)))


def diag(x: Value, k: int = 0) -> Value:
    """The diagonal of a matrix; or, of a vector, the matrix with it on the diagonal and 0 elsewhere.

    Parameters
    ----------
    x : Tensor or array_like
        1-D or 2-D.
    k : int
        Above the main diagonal if positive, below if negative.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If x has neither one axis nor two.

    Examples
    --------
    >>> diag(Tensor([1.0, 2.0]))
    Tensor([[1., 0.],
            [0., 2.]])
    """
    shape = np.shape(x)
    if len(shape) == 2:
        return diagonal(x, k)
    if len(shape) != 1:
        raise ValueError(f"diag: x of shape {shape} is neither a vector nor a matrix; see diagonal")
    places, size = np.arange(shape[0]), shape[0] + abs(k)
    return _scatter(x, key=(places - min(k, 0), places + max(k, 0)), shape=(size, size))


# Joining and parting


@op()
def _concatenate(*arrays: Value, axis: int) -> Value:
    """Arrays end to end."""
    return np.concatenate(arrays, axis, dtype=np.result_type(*arrays))  # a Python number takes on the others' dtype


def _concatenate_rule(g: Value, out: Value, *arrays: Value, axis: int, i: int) -> Value:
    start = sum(x.shape[axis] for x in arrays[:i])
    return g[(slice(None),) * (axis % g.ndim) + (slice(start, start + arrays[i].shape[axis]),)]


_concatenate.rules(_concatenate_rule)


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


@op()
def _stack(*arrays: Value, axis: int) -> Value:
    """Arrays side by side along a new axis."""
    return np.stack(arrays, axis, dtype=np.result_type(*arrays))


_stack.rules(lambda g, out, *arrays, axis, i: g[(slice(None),) * (axis % g.ndim) + (i,)])


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
    return [_getitem(x, key=(*lead, slice(a, b))) for a, b in zip([0, *cuts], [*cuts, size], strict=True)]


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


@op()
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
