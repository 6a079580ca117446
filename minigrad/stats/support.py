"""Arguments, supports and invalid parameters, for all densities."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import ops
from minigrad.graph import ArrayLike, Node, Value, array_of, as_array, value_of
from minigrad.operation import static_value
from minigrad.tracing import Traced

if TYPE_CHECKING:
    from minigrad.graph import Tensor


def alike(*args: ArrayLike) -> tuple[Any, ...]:
    """The arguments in floats that go together: Python numbers in the dtype that the others have, and no integers.

    A function of a Python number alone, such as the logarithm of a scale of 1.0, would be of float64, and the differences of
    unsigned integers would wrap.
    """
    given = [x if isinstance(x, Node) or _weak(x) else as_array(x, "logpdf") for x in args]
    dtype = common_dtype(*given)
    return tuple([in_floats(x, dtype) for x in given])


def common_dtype(*args: ArrayLike) -> np.dtype[Any]:
    """The floating dtype that the arguments have in common; Python numbers have none of their own."""
    dtypes = [array_of(x).dtype for x in args if not _weak(x)]
    return np.result_type(*[d for d in dtypes if d.kind in "fiub"], 0.0)


def _weak(x: ArrayLike) -> bool:
    v = value_of(x)
    return v.variable.weak if type(v) is Traced else type(v) in (float, int, bool)


def in_floats(x: Any, dtype: np.dtype[Any]) -> Any:
    """An argument in floats: of this dtype if it is a Python number or of integers."""
    if isinstance(x, Node) or type(x) is Traced:
        return x if value_of(x).dtype.kind not in "iub" else ops.astype(x, dtype)
    if type(x) in (float, int, bool):
        return dtype.type(x)
    v = as_array(x, "logpmf")
    return v.astype(dtype) if v.dtype.kind in "iub" else v


def standardised(x: Any, loc: Any, scale: Any) -> tuple[Any, Any]:
    """(x − loc) / scale, and the logarithm of the scale, which the log-density is less by; nan of a scale not above 0."""
    if type(value_of(scale)) is not Traced:  # in a program, the logarithm alone makes it nan
        scale = positive(scale)
    return ops.divide(ops.subtract(x, loc), scale), ops.log(scale)


def everywhere(mask: Value) -> bool:
    """True if a mask is known to be true in all places; inside a trace it is not known."""
    return type(mask) is not Traced and bool(np.all(mask))


def valid(parameter: Any, where: Callable[[Value], Value]) -> Any:
    """A parameter, and nan where it is one that the distribution cannot have; its gradient is nan there too."""
    v = array_of(parameter)
    good = where(v)
    return parameter if everywhere(good) else ops.multiply(parameter, np.where(good, v.dtype.type(1), np.nan))


def positive(parameter: Any) -> Any:
    """A parameter that must be greater than 0."""
    return valid(parameter, lambda v: v > 0)


def where_supported(outside: Value, x: Any, inner: float, density: Callable[[Any], Any], *parameters: Any) -> Tensor:
    """The log-density, and −∞ outside the support, where it is computed at `inner` so that no gradient is nan.

    A nan is not outside, and where a parameter is nan nothing is: there the log-density is nan.
    """
    if everywhere(~outside):
        return density(x)  # type: ignore[no-any-return]
    result = density(ops.where(outside, inner, x))
    for p in parameters:
        outside = outside & ~np.isnan(array_of(p))
    return ops.where(outside, -np.inf, result)


def counts(k: ArrayLike, loc: ArrayLike) -> Value:
    """The counts of a discrete distribution, which are not differentiated, in float64, where no integers wrap."""
    return np.subtract(np.asarray(static_value("k", k), float), np.asarray(static_value("loc", loc), float))


def count_dtype(k: ArrayLike, loc: ArrayLike, parameter: ArrayLike) -> np.dtype[Any]:
    """The dtype of a log-probability: of the parameter, and of counts only if they are floats."""
    return common_dtype(parameter, *[x for x in (k, loc) if array_of(x).dtype.kind == "f"])


def not_whole(k: Value) -> Value:
    """Where counts are no whole numbers of at least 0; a nan is not among them."""
    return (k < 0) | (k > np.floor(k))


def beyond(x: Any, low: float, high: float = np.inf) -> Value:
    """Where a value lies outside an interval, whose ends are inside; a nan does not."""
    v = array_of(x)
    return (v < low) | (v > high)
