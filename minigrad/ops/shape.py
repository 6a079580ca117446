"""The same numbers in another shape or another order.

All of it is linear, and each rule is the arrangement that undoes the forward.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from minigrad.graph import Value
from minigrad.operation import op

# Another shape


@op(formulas=("upstream in the shape of x",))
def reshape(x: Value, /, shape: int | Sequence[int]) -> Value:
    """The same numbers in another shape, the last axis running fastest.

    Parameters
    ----------
    x : Tensor or array_like
        Any shape.
    shape : int or sequence of int
        The new shape; one -1 stands for what is left over.

    Returns
    -------
    Tensor
        Of the new shape.

    Raises
    ------
    ValueError
        If the counts do not agree.

    Examples
    --------
    >>> reshape(Tensor([1.0, 2.0, 3.0, 4.0]), (2, -1))
    Tensor([[1., 2.],
            [3., 4.]])
    """
    return np.reshape(x, shape)


reshape.rules(lambda g, out, x, shape: np.reshape(g, x.shape))


def ravel(x: Value) -> Value:
    """All numbers in one row.

    Parameters
    ----------
    x : Tensor or array_like
        Any shape.

    Returns
    -------
    Tensor
        1-D.

    Examples
    --------
    >>> ravel(Tensor([[1.0], [2.0]]))
    Tensor([1., 2.])
    """
    return reshape(x, math.prod(np.shape(x)))


def flatten(x: Value, start_axis: int = 0, end_axis: int = -1) -> Value:
    """Join a run of neighbouring axes into one.

    Parameters
    ----------
    x : Tensor or array_like
        Any shape.
    start_axis, end_axis : int
        The first and the last axis of the run; 1 and -1 keep a batch apart.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If the run ends before it starts.

    Examples
    --------
    >>> flatten(Tensor(np.zeros((5, 2, 3))), 1).shape
    (5, 6)
    """
    shape = np.shape(x)
    if not shape:
        return reshape(x, 1)
    start, end = normalize_axis_index(start_axis, len(shape)), normalize_axis_index(end_axis, len(shape))
    if end < start:
        raise ValueError(f"flatten: axis {end_axis} comes before axis {start_axis} in shape {shape}")
    return reshape(x, (*shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :]))


@op(formulas=("upstream in the shape of x",))
def squeeze(x: Value, /, axis: int | tuple[int, ...] | None = None) -> Value:
    """Drop axes of length 1.

    Parameters
    ----------
    x : Tensor or array_like
        Any shape.
    axis : int, tuple of int or None
        Which ones; None for all of length 1.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If a named axis is longer than 1.

    Examples
    --------
    >>> squeeze(Tensor([[1.0, 2.0]]))
    Tensor([1., 2.])
    """
    return np.squeeze(x, axis)


squeeze.rules(lambda g, out, x, axis: np.reshape(g, x.shape))


@op(formulas=("upstream in the shape of x",))
def expand_dims(x: Value, /, axis: int | tuple[int, ...]) -> Value:
    """Put in new axes of length 1.

    Parameters
    ----------
    x : Tensor or array_like
        Any shape.
    axis : int or tuple of int
        Where they stand in the result.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> expand_dims(Tensor([1.0, 2.0]), 0)
    Tensor([[1., 2.]])
    """
    return np.expand_dims(x, axis)


expand_dims.rules(lambda g, out, x, axis: np.reshape(g, x.shape))


@op(formulas=("upstream",))
def broadcast_to(x: Value, /, shape: int | tuple[int, ...]) -> Value:
    """X repeated along new axes and along those of length 1.

    Parameters
    ----------
    x : Tensor or array_like
        A shape that broadcasts to the new one.
    shape : int or tuple of int
        The new shape.

    Returns
    -------
    Tensor
        Of the new shape; it repeats without a copy.

    Raises
    ------
    ValueError
        If the shape does not broadcast.

    Examples
    --------
    >>> broadcast_to(Tensor([1.0, 2.0]), (2, 2))
    Tensor([[1., 2.],
            [1., 2.]])
    """
    return np.broadcast_to(x, shape)


broadcast_to.rules(lambda g, out, x, shape: g)  # the sweep sums back whatever was broadcast


# Another order


@op(formulas=("upstream with its axes permuted back",))
def transpose(x: Value, /, axes: Sequence[int] | None = None) -> Value:
    """The axes in another order.

    Parameters
    ----------
    x : Tensor or array_like
        Any shape.
    axes : sequence of int or None
        Which old axis stands at each place; None turns the order round.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If `axes` is not a permutation of x's axes.

    Examples
    --------
    >>> transpose(Tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([[1., 3.],
            [2., 4.]])
    """
    return np.transpose(x, axes)


transpose.rules(
    lambda g, out, x, axes: np.transpose(g, None if axes is None else np.argsort(normalize_axis_tuple(axes, x.ndim)))
)


def permute(x: Value, axes: Sequence[int]) -> Value:
    """The axes in another order; `transpose` under its other name.

    Parameters
    ----------
    x : Tensor or array_like
        Any shape.
    axes : sequence of int
        Which old axis stands at each place.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> permute(Tensor(np.zeros((2, 3, 4))), (2, 0, 1)).shape
    (4, 2, 3)
    """
    return transpose(x, axes)


@op(formulas=("upstream with the axes swapped back",))
def swapaxes(x: Value, /, axis1: int, axis2: int) -> Value:
    """Two axes exchanged.

    Parameters
    ----------
    x : Tensor or array_like
        Any shape.
    axis1, axis2 : int
        The two.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> swapaxes(Tensor(np.zeros((2, 3, 4))), 0, 2).shape
    (4, 3, 2)
    """
    return np.swapaxes(x, axis1, axis2)


swapaxes.rules(lambda g, out, x, axis1, axis2: np.swapaxes(g, axis1, axis2))


@op(formulas=("upstream with its axes moved back",))
def moveaxis(x: Value, /, source: int | tuple[int, ...], destination: int | tuple[int, ...]) -> Value:
    """Axes moved to new places; the others keep their order.

    Parameters
    ----------
    x : Tensor or array_like
        Any shape.
    source, destination : int or tuple of int
        From where, and to where.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> moveaxis(Tensor(np.zeros((2, 3, 4))), 0, -1).shape
    (3, 4, 2)
    """
    return np.moveaxis(x, source, destination)


moveaxis.rules(lambda g, out, x, source, destination: np.moveaxis(g, destination, source))


@op(formulas=("upstream flipped back",))
def flip(x: Value, /, axis: int | tuple[int, ...] | None = None) -> Value:
    """The order along axes turned round.

    Parameters
    ----------
    x : Tensor or array_like
        Any shape.
    axis : int, tuple of int or None
        Along which axes; None for all.

    Returns
    -------
    Tensor
        Of x's shape.

    Examples
    --------
    >>> flip(Tensor([1.0, 2.0, 3.0]))
    Tensor([3., 2., 1.])
    """
    return np.flip(x, axis)


flip.rules(lambda g, out, x, axis: np.flip(g, axis))


@op(formulas=("upstream rolled back",))
def roll(x: Value, /, shift: int | tuple[int, ...], axis: int | tuple[int, ...] | None = None) -> Value:
    """Numbers moved along axes; what leaves at the end comes in at the start.

    Parameters
    ----------
    x : Tensor or array_like
        Any shape.
    shift : int or tuple of int
        By how many places.
    axis : int, tuple of int or None
        Along which axes; None moves through the flattened array.

    Returns
    -------
    Tensor
        Of x's shape.

    Examples
    --------
    >>> roll(Tensor([1.0, 2.0, 3.0]), 1)
    Tensor([3., 1., 2.])
    """
    return np.roll(x, shift, axis)


roll.rules(lambda g, out, x, shift, axis: np.roll(g, np.negative(shift), axis))


def _with_axes(x: Value) -> Value:
    if np.ndim(x) == 0:
        raise ValueError("a number has no triangle; give an array")
    return x


@op(formulas=("lower triangle of upstream",))
def tril(x: Value, /, k: int = 0) -> Value:
    """The lower triangle of the last two axes, and 0 above it.

    Parameters
    ----------
    x : Tensor or array_like
        Shape (..., M, N).
    k : int
        The highest diagonal kept.

    Returns
    -------
    Tensor
        Of x's shape.

    Examples
    --------
    >>> tril(Tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([[1., 0.],
            [3., 4.]])
    """
    return np.tril(_with_axes(x), k)


tril.rules(lambda g, out, x, k: np.tril(g, k))


@op(formulas=("upper triangle of upstream",))
def triu(x: Value, /, k: int = 0) -> Value:
    """The upper triangle of the last two axes, and 0 below it.

    Parameters
    ----------
    x : Tensor or array_like
        Shape (..., M, N).
    k : int
        The lowest diagonal kept.

    Returns
    -------
    Tensor
        Of x's shape.

    Examples
    --------
    >>> triu(Tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([[1., 2.],
            [0., 4.]])
    """
    return np.triu(_with_axes(x), k)


triu.rules(lambda g, out, x, k: np.triu(g, k))
