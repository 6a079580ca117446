"""Shape and order of the elements.

All of these operations are linear, and each rule undoes its forward.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from minigrad.graph import ArrayLike, Node, Value, array_of, as_array
from minigrad.operation import composed, op

if TYPE_CHECKING:
    from minigrad.graph import Tensor

# Shape


@op(complex=True, formulas=("upstream in the shape of x",))
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
        order = "F" if np.isfortran(array_of(x)) else "C"
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
    strides = array_of(x).strides
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


@op(complex=True, formulas=("upstream in the shape of x",))
def squeeze(x: Value, /, axis: int | tuple[int, ...] | None = None) -> Value:
    """Remove axes of length 1: those named, or all.

    >>> squeeze(Tensor([[1.0, 2.0]]))
    Tensor([1., 2.])
    """
    return np.squeeze(x, axis)


squeeze.rules(lambda g, out, x, axis: np.reshape(g, x.shape))


@op(complex=True, formulas=("upstream in the shape of x",))
def expand_dims(x: Value, /, axis: int | tuple[int, ...]) -> Value:
    """Insert axes of length 1, at the given positions of the result.

    >>> expand_dims(Tensor([1.0, 2.0]), 0)
    Tensor([[1., 2.]])
    """
    return np.expand_dims(x, axis)


expand_dims.rules(lambda g, out, x, axis: np.reshape(g, x.shape))


def _of_broadcast(values: Sequence[Value], static: Mapping[str, Any]) -> tuple[str]:
    """The gradient of `broadcast_to` in symbols."""
    same = np.shape(values[0]) == tuple(np.atleast_1d(static["shape"]))
    return ("upstream" if same else "upstream summed to the shape of x",)


@op(complex=True, formulas=_of_broadcast)
def broadcast_to(x: Value, /, shape: int | tuple[int, ...]) -> Value:
    """Broadcast to a shape, without a copy.

    >>> broadcast_to(Tensor([1.0, 2.0]), (2, 2))
    Tensor([[1., 2.],
            [1., 2.]])
    """
    return np.broadcast_to(x, shape)


broadcast_to.rules(lambda g, out, x, shape: g)  # the sweep sums back whatever was broadcast


@composed
def broadcast_arrays(*arrays: ArrayLike) -> tuple[Tensor, ...]:
    """Broadcast arrays against each other.

    >>> [x.shape for x in broadcast_arrays(Tensor([1.0, 2.0]), [[1.0], [2.0], [3.0]])]
    [(3, 2), (3, 2)]
    """
    shape = np.broadcast_shapes(*map(np.shape, arrays))
    return tuple(broadcast_to(x, shape) for x in arrays)


def with_axes(x: Value, ndim: int) -> Value:
    """Add axes until there are `ndim`, as NumPy does: a vector becomes a row, a matrix a layer."""
    missing = ndim - np.ndim(x)
    if missing <= 0:
        return x if isinstance(x, Node) else as_array(x, "array")
    if ndim == 3 and missing < 3:
        return expand_dims(x, (0, 2) if missing == 2 else 2)
    return expand_dims(x, tuple(range(missing)))


def _each_with_axes(arrays: tuple[Value, ...], ndim: int) -> Any:
    results = tuple(with_axes(x, ndim) for x in arrays)
    return results[0] if len(results) == 1 else results


@composed
def atleast_1d(*arrays: ArrayLike) -> Any:
    """Make a scalar a vector of one element; of several arrays, a tuple.

    >>> atleast_1d(Tensor(2.0))
    Tensor([2.])
    """
    return _each_with_axes(arrays, 1)


@composed
def atleast_2d(*arrays: ArrayLike) -> Any:
    """Make a vector a row; of several arrays, a tuple.

    >>> atleast_2d(Tensor([1.0, 2.0]))
    Tensor([[1., 2.]])
    """
    return _each_with_axes(arrays, 2)


@composed
def atleast_3d(*arrays: ArrayLike) -> Any:
    """Give an array three axes: shape (N,) becomes (1, N, 1), and (M, N) becomes (M, N, 1); of several arrays, a tuple.

    >>> atleast_3d(Tensor([1.0, 2.0])).shape
    (1, 2, 1)
    """
    return _each_with_axes(arrays, 3)


# Order


@op(complex=True, formulas=("upstream with its axes permuted back",))
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


@op(complex=True, formulas=("upstream with the axes swapped back",))
def swapaxes(x: Value, /, axis1: int, axis2: int) -> Value:
    """Exchange two axes.

    >>> swapaxes(Tensor(np.zeros((2, 3, 4))), 0, 2).shape
    (4, 3, 2)
    """
    return np.swapaxes(x, axis1, axis2)


swapaxes.rules(lambda g, out, x, axis1, axis2: np.swapaxes(g, axis1, axis2))


@op(complex=True, formulas=("upstream with its axes moved back",))
def moveaxis(x: Value, /, source: int | tuple[int, ...], destination: int | tuple[int, ...]) -> Value:
    """Move axes to new positions; the others keep their order.

    >>> moveaxis(Tensor(np.zeros((2, 3, 4))), 0, -1).shape
    (3, 4, 2)
    """
    return np.moveaxis(x, source, destination)


moveaxis.rules(lambda g, out, x, source, destination: np.moveaxis(g, destination, source))


@composed
def rollaxis(x: ArrayLike, axis: int, start: int = 0) -> Tensor:
    """Move an axis back until it stands before the axis `start`; `moveaxis` is easier to read.

    >>> rollaxis(Tensor(np.zeros((2, 3, 4))), 2).shape
    (4, 2, 3)
    """
    ndim = np.ndim(x)
    axis, start = normalize_axis_index(axis, ndim), start if start == ndim else normalize_axis_index(start, ndim)
    return moveaxis(x, axis, start - (axis < start))


@composed
def matrix_transpose(x: ArrayLike) -> Tensor:
    """Transpose each matrix of a stack.

    >>> matrix_transpose(Tensor(np.zeros((2, 3, 4)))).shape
    (2, 4, 3)
    """
    if np.ndim(x) < 2:
        raise ValueError(f"needs a matrix or a stack of them, got shape {np.shape(x)}")
    return swapaxes(x, -1, -2)


@op(complex=True, formulas=("upstream flipped back",))
def flip(x: Value, /, axis: int | tuple[int, ...] | None = None) -> Value:
    """Reverse along axes; along all of them if `axis` is None.

    >>> flip(Tensor([1.0, 2.0, 3.0]))
    Tensor([3., 2., 1.])
    """
    return np.flip(x, axis)


flip.rules(lambda g, out, x, axis: np.flip(g, axis))


@composed
def flipud(x: ArrayLike) -> Tensor:
    """Reverse the rows: the order along the first axis.

    >>> flipud(Tensor([[1.0], [2.0]]))
    Tensor([[2.],
            [1.]])
    """
    return flip(x, 0)


@composed
def fliplr(x: ArrayLike) -> Tensor:
    """Reverse the columns: the order along the second axis.

    >>> fliplr(Tensor([[1.0, 2.0]]))
    Tensor([[2., 1.]])
    """
    return flip(x, 1)


@composed
def rot90(x: ArrayLike, k: int = 1, axes: Sequence[int] = (0, 1)) -> Tensor:
    """Rotate by 90° `k` times, from the first of two axes towards the second.

    >>> rot90(Tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([[2., 4.],
            [1., 3.]])
    """
    first, second = (normalize_axis_index(axis, np.ndim(x)) for axis in axes)
    if first == second:
        raise ValueError(f"the plane needs two different axes, got {tuple(axes)}")
    if k % 2 == 0:
        return flip(x, (first, second) if k % 4 else ())
    return swapaxes(flip(x, second), first, second) if k % 4 == 1 else flip(swapaxes(x, first, second), second)


@op(complex=True, formulas=("upstream rolled back",))
def roll(x: Value, /, shift: int | tuple[int, ...], axis: int | tuple[int, ...] | None = None) -> Value:
    """Cyclic shift along axes; of the flattened array if `axis` is None.

    >>> roll(Tensor([1.0, 2.0, 3.0]), 1)
    Tensor([3., 1., 2.])
    """
    return np.roll(x, shift, axis)


roll.rules(lambda g, out, x, shift, axis: np.roll(g, np.negative(np.asarray(shift, np.intp)), axis))


def _with_axes(x: Value) -> Value:
    if np.ndim(x) == 0:
        raise ValueError("a scalar has no triangle; it needs an array")
    return x


@op(complex=True, formulas=("lower triangle of upstream",))
def tril(x: Value, /, k: int = 0) -> Value:
    """Lower triangle of the last two axes, up to diagonal `k`, and 0 above it.

    >>> tril(Tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([[1., 0.],
            [3., 4.]])
    """
    return np.tril(_with_axes(x), k)


tril.rules(lambda g, out, x, k: np.tril(g, k))


@op(complex=True, formulas=("upper triangle of upstream",))
def triu(x: Value, /, k: int = 0) -> Value:
    """Upper triangle of the last two axes, from diagonal `k` on, and 0 below it.

    >>> triu(Tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([[1., 2.],
            [0., 4.]])
    """
    return np.triu(_with_axes(x), k)


triu.rules(lambda g, out, x, k: np.triu(g, k))
