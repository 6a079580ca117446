"""Pooling to a given size, whatever the size of the image.

Output i of O looks at the numbers from floor(i L / O) up to, but without, ceil((i + 1) L / O). If O divides L all windows
are alike; else their lengths differ by one, and they may overlap.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.graph import Value, value_of
from minigrad.operation import op
from minigrad.ops.networks.pool import avg_pool1d, avg_pool2d, avg_pool3d, check_rank, collect, on_planes
from minigrad.ops.networks.window import documented_like, segment_sums, sizes
from minigrad.ops.reduce import mean

OutputSize = int | Sequence[int | None] | None


def _new_size(who: str, shape: tuple[int, ...], n: int, output_size: OutputSize) -> tuple[int, ...]:
    check_rank(who, shape, n)
    old = shape[-n:]
    if 0 in old:
        raise ValueError(f"{who}: x of shape {shape} has nothing to pool")
    if isinstance(output_size, Sequence) and len(output_size) == n:
        output_size = [length if o is None else o for o, length in zip(output_size, old, strict=True)]
    return sizes(who, "output_size", old if output_size is None else output_size, n)  # type: ignore[arg-type]


def bounds(old: int, new: int) -> tuple[Value, Value]:
    """Where each window starts and ends."""
    i = np.arange(new)
    return i * old // new, -(-(i + 1) * old // new)


@op()
def _mean_to(x: Value, /, size: tuple[int, ...]) -> Value:
    """Mean of each window."""
    x = x if x.dtype.kind == "f" else x.astype(np.float64)
    for axis, length in enumerate(size, x.ndim - len(size)):
        start, end = bounds(x.shape[axis], length)
        x = segment_sums(x, axis, start, end)
        x /= _counts(x, axis, start, end)
    return x


@op()
def _mean_to_adjoint(g: Value, /, size: tuple[int, ...]) -> Value:
    """Each number over its window's length, added to all of the window.

    Number j lies in the windows from floor(j O / L) up to, but without, ceil((j + 1) O / L): the same rule, read backwards.
    """
    for axis, length in enumerate(size, g.ndim - len(size)):
        share = g / _counts(g, axis, *bounds(length, g.shape[axis]))
        g = segment_sums(share, axis, *bounds(g.shape[axis], length))
    return g


_mean_to.rules(lambda g, out, x, size: _mean_to_adjoint(g, x.shape[-len(size) :]))
_mean_to_adjoint.rules(lambda g, out, y, size: _mean_to(g, y.shape[-len(size) :]))


def _counts(x: Value, axis: int, start: Value, end: Value) -> Value:
    """How many numbers each window holds, as they stand beside x."""
    return (end - start).astype(x.dtype).reshape((-1,) + (1,) * (x.ndim - axis - 1))


def _adaptive_avg_pool(who: str, n: int, x: Value, output_size: OutputSize) -> Value:
    old = np.shape(value_of(x))[-n:]
    new = _new_size(who, np.shape(value_of(x)), n, output_size)
    if all(length % o == 0 for length, o in zip(old, new, strict=True)):
        if max(new) == 1:
            return mean(x, axis=tuple(range(-n, 0)), keepdims=True)
        return (avg_pool1d, avg_pool2d, avg_pool3d)[n - 1](x, [length // o for length, o in zip(old, new, strict=True)])
    return _mean_to(x, size=new)


def _adaptive_max_pool(who: str, n: int, x: Value, output_size: OutputSize, return_indices: bool) -> Any:
    values = np.asarray(value_of(x))
    new, lead, old = _new_size(who, values.shape, n, output_size), values.shape[:-n], values.shape[-n:]
    # The positions of each window's numbers, row by row; the last is repeated where a window is shorter than others.
    positions = np.zeros((1,) * (2 * n), np.intp)
    for axis, (length, o) in enumerate(zip(old, new, strict=True)):
        start, end = (bound[:, None] for bound in bounds(length, o))
        inside = np.minimum(start + np.arange(np.max(end - start)), end - 1)
        positions = positions * length + np.expand_dims(inside, tuple(i for i in range(2 * n) if i % n != axis))
    positions = positions.reshape(math.prod(new), math.prod(positions.shape[n:]))
    planes = values.reshape(math.prod(lead), math.prod(old))
    largest = np.argmax(planes[:, positions], axis=-1)
    chosen = positions[np.arange(len(positions)), largest].reshape(lead + new)
    out = collect(x, at=on_planes(chosen.copy(), lead, planes.shape[1]))
    return (out, chosen) if return_indices else out


def adaptive_avg_pool2d(x: Value, output_size: OutputSize) -> Value:
    """Mean over as many windows as there are outputs wanted.

    Parameters
    ----------
    x : Tensor or array_like
        Shape (N, C, H, W) or (C, H, W).
    output_size : int or tuple of (int or None)
        (OH, OW); None keeps the size of x. It may exceed x's.

    Returns
    -------
    Tensor
        Shape (N, C, OH, OW).

    Raises
    ------
    ValueError
        If x has another number of axes, or no numbers in them.

    Examples
    --------
    >>> adaptive_avg_pool2d(Tensor([[[1.0, 2.0, 3.0]]]), (1, 2))
    Tensor([[[1.5, 2.5]]])
    """
    return _adaptive_avg_pool("adaptive_avg_pool2d", 2, x, output_size)


@documented_like(adaptive_avg_pool2d, 1)
def adaptive_avg_pool1d(x: Value, output_size: OutputSize) -> Value:
    """Mean over as many windows as there are outputs wanted, over one axis.

    Examples
    --------
    >>> adaptive_avg_pool1d(Tensor([[1.0, 3.0, 2.0, 6.0]]), 2)
    Tensor([[2., 4.]])
    """
    return _adaptive_avg_pool("adaptive_avg_pool1d", 1, x, output_size)


@documented_like(adaptive_avg_pool2d, 3)
def adaptive_avg_pool3d(x: Value, output_size: OutputSize) -> Value:
    """Mean over as many windows as there are outputs wanted, over three axes.

    Examples
    --------
    >>> adaptive_avg_pool3d(Tensor(np.arange(8.0).reshape(1, 2, 2, 2)), 1)
    Tensor([[[[3.5]]]])
    """
    return _adaptive_avg_pool("adaptive_avg_pool3d", 3, x, output_size)


def adaptive_max_pool2d(x: Value, output_size: OutputSize, return_indices: bool = False) -> Any:
    """Largest number of as many windows as there are outputs wanted; of equals, the first receives the gradient.

    Parameters
    ----------
    x : Tensor or array_like
        Shape (N, C, H, W) or (C, H, W).
    output_size : int or tuple of (int or None)
        (OH, OW); None keeps the size of x. It may exceed x's.
    return_indices : bool
        Give the positions of the maxima too, in the flattened image.

    Returns
    -------
    Tensor, or (Tensor, numpy.ndarray)
        Shape (N, C, OH, OW).

    Raises
    ------
    ValueError
        If x has another number of axes, or no numbers in them.

    Examples
    --------
    >>> adaptive_max_pool2d(Tensor([[[1.0, 2.0, 3.0]]]), (1, 2))
    Tensor([[[2., 3.]]])
    """
    return _adaptive_max_pool("adaptive_max_pool2d", 2, x, output_size, return_indices)


@documented_like(adaptive_max_pool2d, 1)
def adaptive_max_pool1d(x: Value, output_size: OutputSize, return_indices: bool = False) -> Any:
    """Largest number of as many windows as there are outputs wanted, over one axis.

    Examples
    --------
    >>> adaptive_max_pool1d(Tensor([[1.0, 3.0, 2.0, 6.0]]), 2)
    Tensor([[3., 6.]])
    """
    return _adaptive_max_pool("adaptive_max_pool1d", 1, x, output_size, return_indices)


@documented_like(adaptive_max_pool2d, 3)
def adaptive_max_pool3d(x: Value, output_size: OutputSize, return_indices: bool = False) -> Any:
    """Largest number of as many windows as there are outputs wanted, over three axes.

    Examples
    --------
    >>> adaptive_max_pool3d(Tensor(np.arange(8.0).reshape(1, 2, 2, 2)), 1)
    Tensor([[[[7.]]]])
    """
    return _adaptive_max_pool("adaptive_max_pool3d", 3, x, output_size, return_indices)


def _all_axes(who: str, x: Value) -> int:
    shape = np.shape(value_of(x))
    if len(shape) not in (3, 4, 5):
        raise ValueError(f"{who}: x of shape {shape} is not (N, C) and 1 to 3 more axes")
    return len(shape) - 2


def global_avg_pool(x: Value) -> Value:
    """Mean of each channel.

    Parameters
    ----------
    x : Tensor or array_like
        Shape (N, C, L), (N, C, H, W) or (N, C, D, H, W).

    Returns
    -------
    Tensor
        Shape (N, C, 1), (N, C, 1, 1) or (N, C, 1, 1, 1).

    Raises
    ------
    ValueError
        If x has another number of axes.

    Examples
    --------
    >>> global_avg_pool(Tensor([[[1.0, 2.0, 6.0]]]))
    Tensor([[[3.]]])
    """
    return _adaptive_avg_pool("global_avg_pool", _all_axes("global_avg_pool", x), x, 1)


def global_max_pool(x: Value) -> Value:
    """Largest number of each channel; of equals, the first receives the gradient.

    Parameters
    ----------
    x : Tensor or array_like
        Shape (N, C, L), (N, C, H, W) or (N, C, D, H, W).

    Returns
    -------
    Tensor
        Shape (N, C, 1), (N, C, 1, 1) or (N, C, 1, 1, 1).

    Raises
    ------
    ValueError
        If x has another number of axes.

    Examples
    --------
    >>> global_max_pool(Tensor([[[1.0, 2.0, 6.0]]]))
    Tensor([[[6.]]])
    """
    return _adaptive_max_pool("global_max_pool", _all_axes("global_max_pool", x), x, 1, False)
