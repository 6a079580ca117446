"""Shape and order of the elements.

All of these operations are linear, and each rule undoes its forward.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from minigrad.graph import ArrayLike, Value, value_of
from minigrad.operation import composed, op

if TYPE_CHECKING:
    from minigrad.graph import Tensor

# Shape


@op(formulas=("upstream in the shape of x",))
def reshape(x: Value, /, shape: int | Sequence[int], *, order: str = "C") -> Value:
    """Reshape, in row-major order unless told; one length may be −1 and is computed from the others.

    >>> reshape(Tensor([1.0, 2.0, 3.0, 4.0]), (2, -1))
    Tensor([[1., 2.],
            [3., 4.]])
    """
    return np.reshape(x, shape)


reshape.rules(lambda g, out, x, shape: np.reshape(g, x.shape))


@reshape.composes("order")
def _reshape(x: Value, shape: int | Sequence[int], *, order: str = "C") -> Tensor:
    if order not in ("C", "F", "A"):
        raise ValueError(f"the order is 'C', 'F' or 'A', got {order!r}")
    if order == "A":
        order = "F" if np.isfortran(np.asarray(value_of(x))) else "C"
    if order == "C":
        return reshape(x, shape)
    shape = (shape,) if isinstance(shape, int | np.integer) else tuple(shape)
    return transpose(reshape(transpose(x), shape[::-1]))


@composed
def ravel(x: ArrayLike, order: str = "C") -> Tensor:
    """Flatten to one dimension; with the order "K", as the elements stand in memory.

    >>> ravel(Tensor([[1.0], [2.0]]))
    Tensor([1., 2.])
    """
    count = math.prod(np.shape(x))
    if order != "K":
        return reshape(x, count, order=order) if order != "C" else reshape(x, count)
    strides = np.asarray(value_of(x)).strides
    return reshape(transpose(x, sorted(range(len(strides)), key=lambda i: -abs(strides[i]))), count)


@composed
def flatten(x: ArrayLike, start_axis: int | str = 0, end_axis: int = -1, *, order: str = "C") -> Tensor:
    """Merge the axes from `start_axis` to `end_axis` into one; 1 and −1 leave the batch axis alone.

    As of an array, ``flatten("F")`` is that of all axes in another order.

    >>> flatten(Tensor(np.zeros((5, 2, 3))), 1).shape
    (5, 6)
    """
    shape = np.shape(x)
    if isinstance(start_axis, str) or order != "C":
        if (end_axis, start_axis if order != "C" else 0) != (-1, 0):
            raise ValueError("an order is for flattening all axes")
        return ravel(x, start_axis if isinstance(start_axis, str) else order)
    if not shape:
        return reshape(x, 1)
    start, end = normalize_axis_index(start_axis, len(shape)), normalize_axis_index(end_axis, len(shape))
    if end < start:
        raise ValueError(f"axis {end_axis} comes before axis {start_axis} in shape {shape}")
    return reshape(x, (*shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :]))


@op(formulas=("upstream in the shape of x",))
def squeeze(x: Value, /, axis: int | tuple[int, ...] | None = None) -> Value:
    """Remove axes of length 1: those named, or all.

    >>> squeeze(Tensor([[1.0, 2.0]]))
    Tensor([1., 2.])
    """
    return np.squeeze(x, axis)


squeeze.rules(lambda g, out, x, axis: np.reshape(g, x.shape))


@op(formulas=("upstream in the shape of x",))
def expand_dims(x: Value, /, axis: int | tuple[int, ...]) -> Value:
    """Insert axes of length 1, at the given positions of the result.

    >>> expand_dims(Tensor([1.0, 2.0]), 0)
    Tensor([[1., 2.]])
    """
    return np.expand_dims(x, axis)


expand_dims.rules(lambda g, out, x, axis: np.reshape(g, x.shape))


@op(formulas=("upstream",))
def broadcast_to(x: Value, /, shape: int | tuple[int, ...]) -> Value:
    """Broadcast to a shape, without a copy.

    >>> broadcast_to(Tensor([1.0, 2.0]), (2, 2))
    Tensor([[1., 2.],
            [1., 2.]])
    """
    return np.broadcast_to(x, shape)


broadcast_to.rules(lambda g, out, x, shape: g)  # the sweep sums back whatever was broadcast


# Order


@op(formulas=("upstream with its axes permuted back",))
def transpose(x: Value, /, axes: Sequence[int] | None = None) -> Value:
    """Permute the axes; reverse their order if `axes` is None.

    >>> transpose(Tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([[1., 3.],
            [2., 4.]])
    """
    return np.transpose(x, axes)


transpose.rules(
    lambda g, out, x, axes: np.transpose(g, None if axes is None else np.argsort(normalize_axis_tuple(axes, x.ndim)))
)


@composed
def permute(x: ArrayLike, axes: Sequence[int]) -> Tensor:
    """Permute the axes; PyTorch's name for `transpose`.

    >>> permute(Tensor(np.zeros((2, 3, 4))), (2, 0, 1)).shape
    (4, 2, 3)
    """
    return transpose(x, axes)


@op(formulas=("upstream with the axes swapped back",))
def swapaxes(x: Value, /, axis1: int, axis2: int) -> Value:
    """Exchange two axes.

    >>> swapaxes(Tensor(np.zeros((2, 3, 4))), 0, 2).shape
    (4, 3, 2)
    """
    return np.swapaxes(x, axis1, axis2)


swapaxes.rules(lambda g, out, x, axis1, axis2: np.swapaxes(g, axis1, axis2))


@op(formulas=("upstream with its axes moved back",))
def moveaxis(x: Value, /, source: int | tuple[int, ...], destination: int | tuple[int, ...]) -> Value:
    """Move axes to new positions; the others keep their order.

    >>> moveaxis(Tensor(np.zeros((2, 3, 4))), 0, -1).shape
    (3, 4, 2)
    """
    return np.moveaxis(x, source, destination)


moveaxis.rules(lambda g, out, x, source, destination: np.moveaxis(g, destination, source))


@op(formulas=("upstream flipped back",))
def flip(x: Value, /, axis: int | tuple[int, ...] | None = None) -> Value:
    """Reverse along axes; along all of them if `axis` is None.

    >>> flip(Tensor([1.0, 2.0, 3.0]))
    Tensor([3., 2., 1.])
    """
    return np.flip(x, axis)


flip.rules(lambda g, out, x, axis: np.flip(g, axis))


@op(formulas=("upstream rolled back",))
def roll(x: Value, /, shift: int | tuple[int, ...], axis: int | tuple[int, ...] | None = None) -> Value:
    """Cyclic shift along axes; of the flattened array if `axis` is None.

    >>> roll(Tensor([1.0, 2.0, 3.0]), 1)
    Tensor([3., 1., 2.])
    """
    return np.roll(x, shift, axis)


roll.rules(lambda g, out, x, shift, axis: np.roll(g, np.negative(shift), axis))


def _with_axes(x: Value) -> Value:
    if np.ndim(x) == 0:
        raise ValueError("a scalar has no triangle; it needs an array")
    return x


@op(formulas=("lower triangle of upstream",))
def tril(x: Value, /, k: int = 0) -> Value:
    """Lower triangle of the last two axes, up to diagonal `k`, and 0 above it.

    >>> tril(Tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([[1., 0.],
            [3., 4.]])
    """
    return np.tril(_with_axes(x), k)


tril.rules(lambda g, out, x, k: np.tril(g, k))


@op(formulas=("upper triangle of upstream",))
def triu(x: Value, /, k: int = 0) -> Value:
    """Upper triangle of the last two axes, from diagonal `k` on, and 0 below it.

    >>> triu(Tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([[1., 2.],
            [0., 4.]])
    """
    return np.triu(_with_axes(x), k)


triu.rules(lambda g, out, x, k: np.triu(g, k))
