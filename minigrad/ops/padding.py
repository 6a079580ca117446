"""Padding: with constants and ramps, with elements repeated or reflected, with statistics of those near the edge."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from minigrad.graph import ArrayLike, Node, Value, array_of
from minigrad.operation import composed, op, static_value
from minigrad.ops.dtypes import astype, check_cast
from minigrad.ops.elementwise import floor, round
from minigrad.ops.indexing import getitem, take
from minigrad.ops.joining import concatenate, stack
from minigrad.ops.reduce import max, mean, min
from minigrad.ops.shape import broadcast_to
from minigrad.ops.sorting import median

if TYPE_CHECKING:
    from minigrad.graph import Tensor

_REPEATS = ("reflect", "edge", "symmetric", "wrap")
_STATISTICS: dict[str, Callable[..., Any]] = {"mean": mean, "maximum": max, "minimum": min, "median": median}
_MODES = ("constant", "linear_ramp", *_REPEATS, *_STATISTICS)


@op(complex=True, formulas=("upstream without the margin",))
def _pad(x: Value, /, pad_width: Any, value: float) -> Value:
    """Pad with one value."""
    check_cast("pad", value, x.dtype)
    return np.pad(x, np.reshape(np.array(pad_width, np.intp), (-1, 2)), constant_values=value)


_pad.rules(
    lambda g, out, x, pad_width, value: g[tuple(slice(a, a + n) for (a, _), n in zip(pad_width, x.shape, strict=True))]
)


@composed
def pad(
    x: ArrayLike,
    pad_width: Any,
    mode: str = "constant",
    *,
    constant_values: Any = 0,
    end_values: Any = 0,
    stat_length: Any = None,
    reflect_type: str = "even",
) -> Tensor:
    """Pad in one of NumPy's modes; "empty" and functions are refused.

    An element that the padding repeats receives the gradients of its copies too. `constant_values` and `end_values` may be
    tensors.

    >>> pad(Tensor([1.0, 2.0, 3.0]), (2, 1), "reflect")
    Tensor([3., 2., 1., 2., 3., 2.])
    """
    shape = np.shape(x)
    if isinstance(pad_width, Mapping):
        pad_width = [pad_width.get(i, pad_width.get(i - len(shape), (0, 0))) for i in range(len(shape))]
        pad_width = [np.broadcast_to(pair, 2) for pair in pad_width]
    widths = [(int(a), int(b)) for a, b in np.broadcast_to(static_value("pad_width", pad_width), (len(shape), 2))]
    if any(n < 0 for pair in widths for n in pair):
        raise ValueError(f"widths must not be negative, got {pad_width}; crop with x[...] instead")
    if mode not in _MODES:
        raise ValueError(f"mode {mode!r} is not one of {', '.join(map(repr, _MODES))}")
    if reflect_type not in ("even", "odd"):
        raise ValueError(f"reflect_type is 'even' or 'odd', got {reflect_type!r}")
    if (mode == "constant" and not isinstance(constant_values, Node | np.ndarray | list | tuple)) or not any(
        map(any, widths)
    ):
        return _pad(x, pad_width=tuple(widths), value=constant_values)
    given = {"constant": constant_values, "linear_ramp": end_values}.get(mode, stat_length)
    pairs = [(None, None)] * len(shape) if given is None else _pairs(given, len(shape))
    for axis, (width, pair) in enumerate(zip(widths, pairs, strict=True)):
        if width == (0, 0):
            continue
        if mode in _REPEATS:
            odd = reflect_type == "odd" and mode in ("reflect", "symmetric") and shape[axis] > 1
            x = _reflected(x, axis, width, mode) if odd else take(x, np.pad(np.arange(shape[axis]), width, mode), axis)  # type: ignore[call-overload]
        else:
            before, after = (_margin(mode, x, axis, end, pair[end], width[end]) for end in (0, 1))
            x = concatenate([before, x, after], axis)
    return cast("Tensor", x)


def _pairs(values: Any, ndim: int) -> Any:
    """An argument for both ends of each axis."""
    joined = _joined(values)
    return [(joined[i, 0], joined[i, 1]) for joined in [broadcast_to(joined, (ndim, 2))] for i in range(ndim)]


def _joined(values: Any) -> Any:
    """Nested lists that hold tensors as one tensor."""
    if isinstance(values, list | tuple):
        parts = [_joined(v) for v in values]
        return stack(parts) if any(isinstance(v, Node) for v in parts) else np.array(parts)
    return values


def _margin(mode: str, x: Value, axis: int, end: int, given: Value, width: int) -> Value:
    """The margin before the first element along an axis, or, with `end` 1, behind the last."""
    size, dtype = np.shape(x)[axis], array_of(x).dtype
    shape = (*np.shape(x)[:axis], width, *np.shape(x)[axis + 1 :])
    floating = dtype.kind in "fc"
    if not floating:  # it becomes an integer
        given = static_value("constant_values" if mode == "constant" else "end_values", given)
    if mode == "constant":
        return broadcast_to(astype(given, dtype), shape)
    if mode == "linear_ramp":
        weight = (np.arange(width) / builtins.max(width, 1)).astype(dtype if floating else np.float64)
        given = astype(given, weight.dtype)
        weight = np.reshape(weight if end == 0 else weight[::-1], (-1, *(1,) * (len(shape) - axis - 1)))
        ramp = given + (_near(x, axis, end, 1) - given) * weight
        return ramp if floating else astype(floor(ramp), dtype)
    length = size if given is None else int(static_value("stat_length", given))
    if length < 1:
        raise ValueError(f"stat_length must be at least 1, got {length}")
    found = _STATISTICS[mode](_near(x, axis, end, length), axis=axis, keepdims=True)
    return broadcast_to(found if floating else astype(round(found), dtype), shape)


def _near(x: Value, axis: int, end: int, length: int) -> Value:
    """The elements nearest to one end of an axis."""
    return getitem(x, (slice(None),) * axis + (slice(length) if end == 0 else slice(-length, None),))


def _reflected(x: Value, axis: int, width: tuple[int, int], mode: str) -> Value:
    """Odd reflection: about each end, an element and its image lie as far above as below the last one."""
    size = np.shape(x)[axis]
    period = size - 1 if mode == "reflect" else size
    turns, place = np.divmod(np.arange(-width[0], size + width[1]), period)
    back = turns % 2 != 0
    column = (-1, *(1,) * (np.ndim(x) - axis - 1))
    sign, of_first, of_last = (
        np.reshape(c.astype(array_of(x).dtype), column)
        for c in (np.where(back, -1, 1), np.where(back, 1 - turns, -turns), np.where(back, turns + 1, turns))
    )
    images = take(x, np.where(back, size - 1 - place, place), axis)
    return images * sign + _near(x, axis, 0, 1) * of_first + _near(x, axis, 1, 1) * of_last
