"""NumPy's universal functions on tensors: their options, and their methods reduce, accumulate, reduceat and outer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad import ops
from minigrad.graph import value_of
from minigrad.numpy_arguments import idle

Function = Callable[..., Any]

# Ours for the methods of NumPy's functions of two operands.
REDUCE: dict[np.ufunc, Function] = {
    np.add: ops.sum,
    np.multiply: ops.prod,
    np.maximum: ops.max,
    np.minimum: ops.min,
    np.fmax: ops.nanmax,
    np.fmin: ops.nanmin,
    np.logaddexp: ops.logsumexp,
    np.logical_and: ops.all,
    np.logical_or: ops.any,
}


def _running(extreme: np.ufunc) -> Function:
    """The running extreme along an axis, which routes its gradient; of equal elements the last one receives it."""

    def running(x: Any, axis: int) -> Any:
        v = np.asarray(value_of(x))
        out = extreme.accumulate(v, axis)
        place = np.expand_dims(np.arange(v.shape[axis]), tuple(range(1, v.ndim - axis % v.ndim)))
        reached = np.where((v == out) | (np.isnan(v) & np.isnan(out)), place, 0)
        return ops.take_along_axis(x, np.maximum.accumulate(reached, axis), axis)

    return running


ACCUMULATE: dict[np.ufunc, Function] = {
    np.add: ops.cumsum,
    np.multiply: ops.cumprod,
    **{extreme: _running(extreme) for extreme in (np.maximum, np.minimum, np.fmax, np.fmin)},
}


def call(name: str, function: np.ufunc, ours: Function, inputs: Sequence[Any], options: dict[str, Any]) -> Any:
    """Our function in place of NumPy's, with its options."""
    dtype = options.pop("dtype", None)
    axes = {key: options.pop(key) for key in ("axes", "axis", "keepdims") if function.signature and key in options}
    for key, value in options.items():
        if not idle(key, value):
            raise TypeError(f"{name}: {_REFUSALS.get(key, '{}= is not supported').format(key)}")
    if dtype is not None:
        inputs = [_cast(name, x, np.dtype(dtype)) for x in inputs]
    return _along(name, function, ours, inputs, **axes) if axes else ours(*inputs)


_REFUSALS = {
    "where": "where= leaves elements undefined; choose between two results, as with minigrad.where(mask, result, other)",
    "casting": "casting= is not supported; cast the operands, as with t.astype(dtype)",
    "order": "order= is not supported; a result has the order that NumPy gives it",
}


def _cast(name: str, x: Any, dtype: np.dtype[Any]) -> Any:
    """An operand in the dtype of the computation."""
    given = np.asarray(value_of(x)).dtype
    if not np.can_cast(given, dtype, "same_kind"):
        raise TypeError(f"{name}: dtype={dtype} does not hold operands of {given}; cast them, as with t.astype(dtype)")
    return x if given == dtype else ops.astype(x, dtype)


def _along(
    name: str,
    function: np.ufunc,
    ours: Function,
    inputs: Sequence[Any],
    *,
    axes: Any = None,
    axis: int | None = None,
    keepdims: bool = False,
) -> Any:
    """A function of vectors or matrices along other axes than the last; `axes` has a tuple for each array."""
    cores = _core_axes(function)
    if set(cores) != {0, 1} and (axis is not None or keepdims):
        key = "axis" if axis is not None else "keepdims"
        raise TypeError(f"{name}: {key}= is for products of vectors to numbers; give axes=, a tuple for each operand")
    last = [tuple(range(-core, 0)) for core in cores]
    if axis is not None:
        axes = [(axis,) * core for core in cores]
    each = last if axes is None else [(a,) if isinstance(a, int) else tuple(a) for a in axes]
    each += [each[0] if keepdims else ()] * (len(cores) - len(each))
    if [len(a) for a in each[:-1]] != cores[:-1] or len(each) != len(cores):
        raise ValueError(f"{name}: axes= needs a tuple for each operand and the result, of lengths {cores}; got {axes}")
    out = ours(*(x if a == b else ops.moveaxis(x, a, b) for x, a, b in zip(inputs, each, last, strict=False)))
    if keepdims:
        return ops.expand_dims(out, each[-1] or each[0])
    return out if each[-1] == last[-1] else ops.moveaxis(out, last[-1], each[-1])


def _core_axes(function: np.ufunc) -> list[int]:
    """The number of axes that each operand and the result have of their own, as in "(n),(n)->()"."""
    terms = (function.signature or "").replace("->", ",").replace("),(", ");(").split(";")
    return [0 if term == "()" else term.count(",") + 1 for term in terms]


def method(
    name: str, function: np.ufunc, how: str, inputs: Sequence[Any], options: dict[str, Any], ours: Function | None
) -> Any:
    """The methods of ufuncs, such as np.add.reduce, on tensors; `ours` is our function for np.add itself."""
    called = f"{name}.{how}"
    if how == "outer" and ours is not None and function.nin == 2 and not function.signature:
        a, b = inputs
        return call(called, function, ours, [ops.reshape(a, np.shape(a) + (1,) * np.ndim(b)), b], options)
    table = ACCUMULATE if how == "accumulate" else REDUCE if how in ("reduce", "reduceat") else {}
    if function not in table:
        raise TypeError(
            f"{called} {_refusal(how, table)}, or, for a result without a gradient, give NumPy the values: t.data"
        )
    reduction, axis = table[function], options.pop("axis", 0)
    options = {key: v for key, v in options.items() if v is not np._NoValue and v is not _UNCHANGED.get(key, np._NoValue)}
    for key in options:
        if key not in _takes(reduction):
            raise TypeError(f"{called}: {key}= is not supported; it takes {', '.join(_takes(reduction)[1:])}")
    if how != "reduceat":
        return reduction(inputs[0], axis, **options)
    x, starts = inputs
    size = np.shape(x)[axis]
    lead = (slice(None),) * (axis % np.ndim(x))
    ends = [b if a < b else a + 1 for a, b in zip(starts, [*starts[1:], size], strict=True)]
    parts = [ops.getitem(x, (*lead, slice(a, b))) for a, b in zip(starts, ends, strict=True)]
    return ops.stack([reduction(part, axis, **options) for part in parts], axis)


def _takes(reduction: Any) -> Any:
    code = getattr(reduction, "__wrapped__", reduction).__code__
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


_UNCHANGED = {"dtype": None, "keepdims": False, "where": True}


def _refusal(how: str, table: dict[np.ufunc, Function]) -> str:
    if how == "at":
        return "writes into an array, which is not recorded; add with minigrad.scatter, choose with minigrad.where"
    known = ", ".join(f.__name__ for f in table)
    return f"is not recorded; that of {known} is" if known else "is not recorded; compose it from minigrad's functions"
