"""Sorting, medians and quantiles.

Sorting is a permutation of the elements, so the inverse permutation takes their gradients back.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from minigrad.graph import ArrayLike, Node, Value, array_of, value_of
from minigrad.operation import composed, op, static_value
from minigrad.ops.dtypes import astype, is_complex, refuse_complex
from minigrad.ops.elementwise import divide, where
from minigrad.ops.indexing import take, take_along_axis
from minigrad.ops.reduce import Axis
from minigrad.ops.shape import expand_dims, moveaxis, ravel, reshape

if TYPE_CHECKING:
    from minigrad.graph import Tensor


@op(called="sort", hidden=("order",))
def _reorder(x: Value, /, order: Value, axis: int) -> Value:
    """Permute the elements of each line along an axis."""
    return np.take_along_axis(x, order, axis)


def _inverse(order: Value, axis: int) -> Value:
    """The permutations that undo others."""
    inverse = np.empty_like(order)
    places = np.arange(order.shape[axis]).reshape(-1, *(1,) * (order.ndim - 1 - axis))
    np.put_along_axis(inverse, order, places, axis)
    return inverse


_reorder.rules(lambda g, out, x, order, axis: _reorder(g, _inverse(order, axis), axis))


@composed
def sort(x: ArrayLike, axis: int | None = -1, kind: str | None = None) -> Tensor:
    """Sort in ascending order, nan last.

    Stable by default: the first of several equal elements stays first and keeps its gradient.

    >>> sort(Tensor([3.0, 1.0, 2.0]))
    Tensor([1., 2., 3.])
    """
    if axis is None:
        x, axis = ravel(x), -1
    axis = normalize_axis_index(axis, np.ndim(x), "sort")
    return _reorder(x, argsort(x, axis, kind), axis)


@composed
def argsort(x: ArrayLike, axis: int | None = -1, kind: str | None = None) -> Value:
    """Indices that sort, stably by default; a plain array, for an index has no gradient.

    >>> print(argsort(Tensor([3.0, 1.0, 2.0])))
    [1 2 0]
    """
    refuse_complex("argsort", x)
    v = array_of(x)
    order = np.argsort(v, axis, kind=kind)  # type: ignore[arg-type]
    if kind is not None or v.size < 2:
        return order
    # The default sort is several times faster than a stable one, and differs from it only where elements are equal or nan.
    ordered = np.take_along_axis(v, order, axis)
    lines = np.moveaxis(ordered, -1 if axis is None else axis, -1)
    first, second = lines[..., :-1], lines[..., 1:]
    return np.argsort(v, axis, kind="stable") if np.any((first == second) | np.isnan(first)) else order


@composed
def partition(x: ArrayLike, kth: int | Sequence[int], axis: int | None = -1, kind: Any = "introselect") -> Tensor:
    """Reorder so that the elements at `kth` stand where sorting would put them, smaller ones before, larger ones behind.

    >>> partition(Tensor([3.0, 1.0, 2.0]), 0)[0]
    Tensor(1.0)
    """
    if axis is None:
        x, axis = ravel(x), -1
    axis = normalize_axis_index(axis, np.ndim(x))
    return _reorder(x, argpartition(x, kth, axis, kind), axis)


@composed
def argpartition(x: ArrayLike, kth: int | Sequence[int], axis: int | None = -1, kind: Any = "introselect") -> Value:
    """Indices that partition; a plain array, for an index has no gradient.

    >>> print(argpartition(Tensor([3.0, 1.0, 2.0]), 0)[0])
    1
    """
    refuse_complex("argpartition", x)
    return np.argpartition(array_of(x), value_of(kth), axis, kind)


class TopK(NamedTuple):
    """The largest elements, and their indices."""

    values: Tensor
    indices: Value


@composed
def topk(x: ArrayLike, k: int, axis: int = -1, largest: bool = True, sorted: bool = True) -> TopK:
    """The k largest elements along an axis, or the smallest, and their indices, in order.

    Of equal elements those with the smallest index are taken, and receive the gradient; nan counts as the largest, as in
    PyTorch. They are in order even if `sorted` is false.

    >>> values, indices = topk(Tensor([3.0, 9.0, 5.0]), 2)
    >>> values, indices
    (Tensor([9., 5.]), array([1, 2]))
    """
    shape = np.shape(x)
    axis = normalize_axis_index(axis, len(shape))
    if not 0 <= k <= shape[axis]:
        raise ValueError(f"k is between 0 and {shape[axis]}, the length of axis {axis} of x with shape {shape}, got {k}")
    refuse_complex("topk", x)
    array = np.asarray(value_of(x))
    if largest:  # backwards, so that the first of equal elements comes last, and is first again
        indices = shape[axis] - 1 - np.flip(np.argsort(np.flip(array, axis), axis, kind="stable"), axis)
    else:
        indices = np.argsort(array, axis, kind="stable")
    indices = indices[(*(slice(None),) * axis, slice(k))]
    return TopK(take_along_axis(x, indices, axis), indices)


@composed
def quantile(
    x: ArrayLike,
    q: ArrayLike,
    axis: Axis = None,
    *,
    method: str = "linear",
    keepdims: bool = False,
    weights: ArrayLike | None = None,
) -> Tensor:
    """q-quantile, linearly interpolated; the two elements it lies between share its gradient.

    q receives the slope between them; where it meets an element, that to the right, and at 1 that to the left.
    `weights` go with the method "inverted_cdf", and receive no gradient.

    >>> x = Tensor([1.0, 2.0, 4.0])
    >>> y = quantile(x, 0.75)
    >>> y.backward()
    >>> print(y.data, x.grad)
    3.0 [0.  0.5 0.5]
    """
    return quantiles(x, fractions(q, 1), axis, method, keepdims, weights=weights)


@composed
def percentile(
    x: ArrayLike,
    q: ArrayLike,
    axis: Axis = None,
    *,
    method: str = "linear",
    keepdims: bool = False,
    weights: ArrayLike | None = None,
) -> Tensor:
    """q-th percentile: the quantile of q / 100.

    >>> percentile(Tensor([1.0, 2.0, 4.0]), [0, 75])
    Tensor([1., 3.])
    """
    return quantiles(x, fractions(q, 100), axis, method, keepdims, weights=weights)


@composed
def median(x: ArrayLike, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """Median; of an even count, the mean of the middle two, each with half of the gradient.

    >>> x = Tensor([1.0, 9.0, 2.0])
    >>> median(x).backward()
    >>> print(x.grad)
    [0. 0. 1.]
    """
    return quantile(x, 0.5, axis, keepdims=keepdims)


def fractions(q: Value, whole: int) -> Value:
    """Divide q by the whole; refused outside [0, whole]."""
    if is_complex(value_of(q)):
        raise TypeError("complex numbers are not accepted for q")
    given = np.asarray(value_of(q), np.float64)
    if not np.all((given >= 0) & (given <= whole)):
        raise ValueError(f"q must lie between 0 and {whole}, got {value_of(q)}")
    return divide(q if isinstance(q, Node) else given, whole)


def quantiles(
    x: Value, q: Value, axis: Axis, method: str, keepdims: bool, ignore_nan: bool = False, weights: Value = None
) -> Tensor:
    """Quantiles over axes of x. The result has the axes of q, then those of x that are left."""
    if array_of(x).dtype.kind not in "fc":
        x = astype(x, np.float64)
    shape = np.shape(x)
    axes = tuple(range(len(shape))) if axis is None else normalize_axis_tuple(axis, len(shape), "quantile")
    rest = tuple(n for i, n in enumerate(shape) if i not in axes)
    size = math.prod(shape[i] for i in axes)
    if not size:
        raise ValueError(f"x of shape {shape} has no elements along axes {axes}")
    last = tuple(range(-len(axes), 0))
    lines = reshape(moveaxis(x, axes, last), (*rest, size))
    if weights is None:
        found = _quantiles_of_sorted(sort(lines), reshape(q, -1), method, ignore_nan)
    else:
        weights = np.moveaxis(_weights(weights, shape, axes, method), axes, last).reshape(*rest, size)
        found = _weighted_quantiles(lines, weights, np.ravel(static_value("q", q)), ignore_nan)
    result = reshape(moveaxis(found, -1, 0), (*q.shape, *rest))
    return expand_dims(result, tuple(q.ndim + i for i in axes)) if keepdims and axes else result


def _quantiles_of_sorted(lines: Value, q: Value, method: str, ignore_nan: bool) -> Tensor:
    """Quantiles of sorted lines, in which nan comes last, along the last axis."""
    values = array_of(lines)
    nan, size = np.isnan(values), values.shape[-1]
    if ignore_nan:  # lines differ in how many elements they have, so each has indices of its own
        count, undefined, pick = np.sum(~nan, -1, keepdims=True), nan[..., :1], take_along_axis
    else:
        count, undefined, pick = size, nan[..., -1:], take
    index = _virtual_index(q, count, method)
    below = np.clip(np.floor(value_of(index)), 0, np.maximum(count - 2, 0)).astype(np.intp)
    weight = astype(index - below, values.dtype)
    found = pick(lines, below, -1)
    if isinstance(weight, Node) or weight.any():
        found = _between(found, pick(lines, np.minimum(below + 1, np.maximum(count - 1, 0)), -1), weight)
    return where(undefined, values.dtype.type(np.nan), found) if undefined.any() else found


def _weights(weights: Value, shape: tuple[int, ...], axes: tuple[int, ...], method: str) -> Value:
    """Weights in the shape of the elements."""
    if method != "inverted_cdf":
        raise ValueError(f"weights= go with method='inverted_cdf' alone, got {method!r}")
    weights = np.asarray(static_value("weights", weights))
    if weights.shape != shape:
        if len(axes) != 1 or weights.shape != (shape[axes[0]],):
            raise ValueError(f"weights of shape {weights.shape} fit neither x of shape {shape} nor one axis of it")
        weights = np.broadcast_to(weights.reshape(-1, *(1,) * (len(shape) - axes[0] - 1)), shape)
    if np.any(weights < 0):
        raise ValueError("weights must not be negative")
    return weights


def _weighted_quantiles(lines: Value, weights: Value, q: Value, ignore_nan: bool) -> Tensor:
    """In each line, the first element, in ascending order, to which a share q of the weights belongs."""
    values = array_of(lines)
    nan = np.isnan(values)
    order = argsort(lines, -1, "stable")
    weights = np.take_along_axis(np.where(nan, 0.0, weights) if ignore_nan else weights, order, -1)
    shares = np.cumsum(weights, -1, dtype=np.float64)
    if np.any(shares[..., -1] == 0):
        raise ValueError("at least one weight of each line must not be 0")
    shares /= shares[..., -1:]
    before = (np.expand_dims(shares, -2) < q[:, None]) | (np.expand_dims(shares, -2) == 0)
    index = np.minimum(np.sum(before, -1), values.shape[-1] - 1)
    found = take_along_axis(_reorder(lines, order, values.ndim - 1), index, -1)
    undefined = np.all(nan, -1, keepdims=True) if ignore_nan else np.any(nan, -1, keepdims=True)
    return where(undefined, values.dtype.type(np.nan), found) if undefined.any() else found


@op(elementwise=True, called="quantile", formulas=("1 − t", "t", "b − a"))
def _between(a: Value, b: Value, t: Value, /) -> Value:
    """Linear interpolation, a (1 − t) + b t; at the ends the other element does not count, for it may be infinite."""
    with np.errstate(invalid="ignore"):
        return np.where(t == 0, a, np.where(t == 1, b, a * (1 - t) + b * t))


_between.rules(lambda g, out, a, b, t: g * (1 - t), lambda g, out, a, b, t: g * t, lambda g, out, a, b, t: g * (b - a))


# Constants of the methods in the virtual index n q + a + q (1 - a - b) - 1, as NumPy's manual has it.
_CONTINUOUS = {
    "interpolated_inverted_cdf": (0, 1),
    "hazen": (0.5, 0.5),
    "weibull": (0, 0),
    "linear": (1, 1),
    "median_unbiased": (1 / 3, 1 / 3),
    "normal_unbiased": (3 / 8, 3 / 8),
}
_ROUNDED: dict[str, Callable[[Value], Value]] = {
    "lower": np.floor,
    "higher": np.ceil,
    "nearest": np.rint,
    "midpoint": lambda index: (np.floor(index) + np.ceil(index)) / 2,
}

_STEPS: dict[str, Callable[[Value], Value]] = {  # of n q - 1
    "inverted_cdf": np.ceil,
    "averaged_inverted_cdf": lambda index: np.where(index == np.floor(index), index + 0.5, np.ceil(index)),
    "closest_observation": lambda index: np.rint(index + 1) - 1,  # half to odd: NumPy counts from 1
}


def _virtual_index(q: Value, n: Value, method: str) -> Value:
    """Where a quantile lies among n sorted elements: an index with a fraction."""
    if method in _ROUNDED:
        return _ROUNDED[method](q * (n - 1))
    if method in _STEPS:
        return np.clip(_STEPS[method](n * value_of(q) - 1), 0, n - 1)
    if method not in _CONTINUOUS:
        raise ValueError(f"method {method!r} is none of {', '.join([*_CONTINUOUS, *_ROUNDED, *_STEPS])}")
    a, b = _CONTINUOUS[method]
    return q * (n - 1) if a == b == 1 else np.clip(n * q + (a + q * (1 - a - b)) - 1, 0, n - 1)
