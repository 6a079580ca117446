"""Reductions of chosen elements, from an initial value, in another dtype: `where`, `initial`, `dtype` and `mean` of NumPy's.

They are composed: an element that is left out is replaced by one that changes nothing, and so receives gradient 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.graph import ArrayLike, Node, Value, array_of, value_of
from minigrad.ops.complex import squared_length
from minigrad.ops.dtypes import astype, cast
from minigrad.ops.elementwise import add, divide, maximum, minimum, multiply
from minigrad.ops.elementwise import where as select
from minigrad.ops.norms import norm
from minigrad.ops.reduce import Axis, cumprod, cumsum, max, mean, min, prod, std, sum, var

if TYPE_CHECKING:
    from minigrad.graph import Tensor


def mask(where: ArrayLike, x: Value) -> Any:
    """The mask of the elements to reduce: True for all of them, or booleans in x's shape."""
    if where is True:
        return True
    chosen = array_of(where)
    if chosen.dtype != np.bool_:
        raise TypeError(f"where= is a mask of booleans, got {chosen.dtype}")
    try:
        return np.broadcast_to(chosen, np.shape(x))
    except ValueError:
        raise ValueError(f"where= of shape {chosen.shape} does not broadcast to that of x, {np.shape(x)}") from None


def chosen(x: Value, where: Any, fill: Value) -> Value:
    """The elements to reduce, with `fill` for the others."""
    return x if where is True else select(where, x, fill)


def count(x: Value, where: Any, axis: Axis, keepdims: bool = True) -> Value:
    """The number of elements to reduce."""
    return np.sum(np.broadcast_to(where, np.shape(x)), axis, keepdims=keepdims)


def _like(initial: Value, x: Value) -> Value:
    """An initial value in the dtype of the result."""
    dtype = array_of(x).dtype
    return astype(initial, dtype) if isinstance(initial, Node) else np.asarray(initial, dtype)[()]


def _wide(x: Value, dtype: Any) -> tuple[Value, Any]:
    """`x` in the dtype to add in, and the dtype of the result: as in NumPy, float16 is added in float32."""
    given = array_of(x).dtype
    if dtype is None and given == np.float16:
        return astype(x, np.float32), np.float16
    return cast(x, np.float64 if dtype is None and given.kind in "iub" else dtype), None


@sum.composes("where", "initial", "dtype")
def _sum(
    x: Value, axis: Axis = None, *, keepdims: bool = False, where: Value = True, initial: Value = None, dtype: Any = None
) -> Tensor:
    out = sum(chosen(cast(x, dtype), mask(where, x), 0), axis, keepdims=keepdims)
    return out if initial is None else add(out, _like(initial, out))


@prod.composes("where", "initial", "dtype")
def _prod(
    x: Value, axis: Axis = None, *, keepdims: bool = False, where: Value = True, initial: Value = None, dtype: Any = None
) -> Tensor:
    out = prod(chosen(cast(x, dtype), mask(where, x), 1), axis, keepdims=keepdims)
    return out if initial is None else multiply(out, _like(initial, out))


@max.composes("where", "initial")
def _max(x: Value, axis: Axis = None, *, keepdims: bool = False, where: Value = True, initial: Value = None) -> Tensor:
    return _extreme(max, maximum, x, axis, keepdims, where, initial)


@min.composes("where", "initial")
def _min(x: Value, axis: Axis = None, *, keepdims: bool = False, where: Value = True, initial: Value = None) -> Tensor:
    return _extreme(min, minimum, x, axis, keepdims, where, initial)


def _extreme(of: Any, larger: Any, x: Value, axis: Axis, keepdims: bool, where: Value, initial: Value) -> Tensor:
    where = mask(where, x)
    if initial is None:
        if where is not True:
            raise ValueError("where= needs initial=, the result where no element is chosen")
        return of(x, axis, keepdims=keepdims)  # type: ignore[no-any-return]
    initial = _like(initial, x)
    if np.size(x):
        dtype = array_of(x).dtype
        ends = (-np.inf, np.inf) if dtype.kind in "fc" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
        x = chosen(x, where, dtype.type(ends[of is min]))
        return larger(of(x, axis, keepdims=keepdims), initial)  # type: ignore[no-any-return]
    empty = np.max(value_of(x), axis, keepdims=keepdims, initial=value_of(initial))
    return multiply(initial, np.ones_like(empty))


@mean.composes("where", "dtype")
def _mean(x: Value, axis: Axis = None, *, keepdims: bool = False, where: Value = True, dtype: Any = None) -> Tensor:
    where = mask(where, x)
    x, narrow = _wide(x, dtype)
    total = sum(chosen(x, where, 0), axis, keepdims=keepdims)
    return cast(_over_count(total, count(x, where, axis, keepdims)), narrow)  # type: ignore[no-any-return]


def _over_count(total: Value, n: Value) -> Tensor:
    return divide(total, np.asarray(n, array_of(total).dtype)[()])


def _deviations(x: Value, axis: Axis, where: Any, center: Value) -> Value:
    """Deviations from the mean, 0 of elements that are left out."""
    x = chosen(x, where, 0)
    if center is None:
        center = _over_count(sum(x, axis, keepdims=True), np.maximum(count(x, where, axis), 1))
    return chosen(x - center if isinstance(x, Node) or isinstance(center, Node) else np.subtract(x, center), where, 0)


@var.composes("where", "mean", "dtype")
def _var(
    x: Value,
    axis: Axis = None,
    *,
    ddof: float = 0,
    keepdims: bool = False,
    where: Value = True,
    mean: Value = None,
    dtype: Any = None,
) -> Tensor:
    where = mask(where, x)
    x, narrow = _wide(x, dtype)
    total = sum(squared_length(_deviations(x, axis, where, mean)), axis, keepdims=keepdims)
    out = _over_count(total, np.maximum(count(x, where, axis, keepdims) - ddof, 0))
    return cast(out, narrow)  # type: ignore[no-any-return]


@std.composes("where", "mean", "dtype")
def _std(
    x: Value,
    axis: Axis = None,
    *,
    ddof: float = 0,
    keepdims: bool = False,
    where: Value = True,
    mean: Value = None,
    dtype: Any = None,
) -> Tensor:
    where = mask(where, x)
    x, narrow = _wide(x, dtype)
    deviations = _deviations(x, axis, where, mean)
    if mean is None:  # rounding may leave equal elements a small deviation
        v = value_of(x)
        low = np.min(chosen(v, where, np.inf), axis, keepdims=True, initial=np.inf)
        high = np.max(chosen(v, where, -np.inf), axis, keepdims=True, initial=-np.inf)
        deviations = select(high <= low, 0.0, deviations)
    length = norm(deviations, axis=axis, keepdims=keepdims)
    n = np.maximum(count(x, where, axis, keepdims) - ddof, 0)
    return cast(_over_count(length, np.sqrt(n)), narrow)  # type: ignore[no-any-return]


@cumsum.composes("dtype")
def _cumsum(x: Value, axis: int | None = None, *, dtype: Any = None) -> Tensor:
    return cumsum(cast(x, dtype), axis)


@cumprod.composes("dtype")
def _cumprod(x: Value, axis: int | None = None, *, dtype: Any = None) -> Tensor:
    return cumprod(cast(x, dtype), axis)
