"""Translations of what moves numbers about, picks and joins them, and of reductions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from minigrad.export.build import INT64, Step, translates
from minigrad.export.trace import Runs

LAST = 2**63 - 1  # an end behind any axis

# Another shape


@translates("reshape", "squeeze", "expand_dims")
def _reshape(s: Step) -> Any:
    return s.reshape(s.input(0), s.shapes)


@translates("broadcast_to")
def _broadcast_to(s: Step) -> Any:
    return s("Expand", s.input(0), s.graph.ints(*s.shapes))


@translates("transpose", "swapaxes", "moveaxis")
def _transpose(s: Step) -> Any:
    told_apart = np.broadcast_to(0.0, range(2, 2 + s.ndim))
    return s("Transpose", s.input(0), perm=[n - 2 for n in s.node.op.forward(told_apart, **s.static).shape])


@translates("flip")
def _flip(s: Step) -> Any:
    axes = _axes(s)
    return s("Slice", s.input(0), [-1] * len(axes), [-LAST] * len(axes), axes, [-1] * len(axes)) if axes else s.input(0)


@translates("roll")
def _roll(s: Step) -> Any:
    x, shift, axis = s.input(0), s.static["shift"], s.static["axis"]
    lengths = [s.length(i) for i in _axes(s)]
    if axis is None:
        x, lengths = s("Reshape", x, [-1]), [math.prod(lengths)]
    for by, i, n in np.broadcast(shift, axis or 0, lengths):
        x = s("Gather", x, np.roll(np.arange(n), by), axis=int(i))
    return s.reshape(x, s.shapes) if axis is None else x


@translates("tril", "triu")
def _triangle(s: Step) -> Any:
    return s("Trilu", s.input(0), np.array(s.static["k"]), upper=int(s.node.op.name == "triu"))


def _axes(s: Step) -> list[int]:
    """The setting `axis` as a list, counted from the first axis of the input."""
    axis, ndim = s.static["axis"], len(s.lengths(0)[0])
    return list(range(ndim)) if axis is None else [int(n) for n in normalize_axis_tuple(axis, ndim)]


# Picking


@translates("getitem")
def _getitem(s: Step) -> Any:
    """A key in ONNX's terms: slices cut at once; then, from the last axis on, numbers and arrays pick."""
    if s.node.inputs[0] in s.graph.sequences and isinstance(s.static["key"], int | slice):
        states, c = s.graph.sequences[s.node.inputs[0]]  # recorded as one, the last c behind all states; parted again here
        if s.static["key"] == slice(None, -1):
            return states
        if s.static["key"] in (-1, -2):
            return c if s.static["key"] == -1 else s("Gather", states, np.array(-1), axis=0)
    keys = [_per_axis(key, len(shape)) for key, shape in zip(s.setting("key"), s.lengths(0), strict=True)]
    parts = [part for part in zip(*keys, strict=True) if part[0] is not None]
    x = _cut(s, s.input(0), parts)
    if any(isinstance(k, np.ndarray) for k, *_ in parts):
        x = _gather(s, x, parts, keys[0])
    else:
        for i, part in reversed(list(enumerate(parts))):
            if not isinstance(part[0], slice):
                x = s("Squeeze", s("Gather", x, s.graph.ints(*([k] for k in part)), axis=i), [i])
    return s.reshape(x, s.shapes) if len(keys[0]) > len(parts) else x


def _per_axis(key: Any, ndim: int) -> list[Any]:
    """A key with an entry for each axis, and None for each new one."""
    parts: list[Any] = []
    for part in key if isinstance(key, tuple) else (key,):
        array = np.asarray(part) if isinstance(part, np.ndarray | np.generic | bool | int) else None
        if array is None:
            parts.append(part)
        elif array.dtype != bool:
            parts.append(array if array.ndim else int(array))
        elif array.ndim:
            parts += np.nonzero(array)
        else:
            raise NotImplementedError("a single truth value as an index has no counterpart in ONNX")
    at = next((i for i, part in enumerate(parts) if part is ...), len(parts))
    used = sum(part is not None and part is not ... for part in parts)
    return [*parts[:at], *[slice(None)] * (ndim - used), *parts[at + 1 :]]


def _cut(s: Step, x: str, parts: list[Runs]) -> Any:
    """One Slice for all slices that leave something out."""
    cuts = {i: [_bounds(k) for k in part] for i, part in enumerate(parts) if isinstance(part[0], slice)}
    cuts = {i: bounds for i, bounds in cuts.items() if any(b != (0, LAST, 1) for b in bounds)}
    if not cuts:
        return x
    runs = [zip(*bounds, strict=True) for bounds in zip(*cuts.values(), strict=True)]
    starts, ends, steps = (s.graph.ints(*numbers) for numbers in zip(*runs, strict=True))
    return s("Slice", x, starts, ends, list(cuts), steps)


def _bounds(part: slice) -> tuple[int, int, int]:
    step = 1 if part.step is None else int(part.step)
    start, end = (0, LAST) if step > 0 else (LAST, -LAST)
    return start if part.start is None else int(part.start), end if part.stop is None else int(part.stop), step


def _gather(s: Step, x: str, parts: list[Runs], key: list[Any]) -> Any:
    """What arrays pick, with the numbers beside them. Those on several axes are one array on these axes flattened."""
    places = [i for i, k in enumerate(key) if k is not None and not isinstance(k, slice)]
    if places != list(range(places[0], places[-1] + 1)):
        raise NotImplementedError("arrays that index axes which are not neighbours have no counterpart in ONNX")
    axes = [i for i, part in enumerate(parts) if not isinstance(part[0], slice)]
    first, last = axes[0], axes[-1] + 1
    if len(axes) == 1:
        return s("Gather", x, s.graph.constant(parts[first], INT64), axis=first)
    lengths = [s.length(i) for i in axes]
    shapes, indices = [], []
    for keys, shape in zip(zip(*parts, strict=True), s.lengths(0), strict=True):
        cut = np.broadcast_to(0.0, shape)[tuple(k if isinstance(k, slice) else slice(None) for k in keys)].shape
        shapes.append((*cut[:first], math.prod(lengths), *cut[last:]))
        each = [np.asarray(k) % n for k, n in zip(keys[first:last], lengths, strict=True)]
        indices.append(np.ravel_multi_index(tuple(np.broadcast_arrays(*each)), lengths))
    return s("Gather", s.reshape(x, tuple(shapes)), s.graph.constant(tuple(indices), INT64), axis=first)


@translates("embedding")
def _embedding(s: Step) -> Any:
    return s("Gather", s.input(0), s.graph.constant(s.setting("indices"), INT64), axis=0)


@translates("scatter")
def _scatter(s: Step) -> Any:
    shape = s.static["shape"]
    size = math.prod(shape)
    places = tuple(np.ravel(np.arange(size).reshape(shape)[key]) for key in s.setting("key"))
    x, zeros = s("Reshape", s.input(0), [-1]), np.zeros(size, s.dtype)
    out = s("ScatterElements", zeros, s.graph.constant(places, INT64), x, axis=0, reduction="add")
    return s("Reshape", out, list(shape))


# Joining and padding


@translates("concatenate")
def _concatenate(s: Step) -> Any:
    return s("Concat", *s.inputs(), axis=s.static["axis"])


@translates("stack")
def _stack(s: Step) -> Any:
    axis = s.static["axis"] % s.ndim
    return s("Concat", *(s("Unsqueeze", x, [axis]) for x in s.inputs()), axis=axis)


@translates("pad")
def _pad(s: Step) -> Any:
    width = s.static["pad_width"]
    return s("Pad", s.input(0), [a for a, _ in width] + [b for _, b in width], float(s.static["value"]))


# Reductions

REDUCTIONS = {
    "sum": "ReduceSum", "mean": "ReduceMean", "max": "ReduceMax", "min": "ReduceMin", "prod": "ReduceProd",
    "logsumexp": "ReduceLogSumExp",
}  # fmt: skip


def _reduce(s: Step, kind: str, x: str, keepdims: bool | None = None) -> Any:
    axes = _axes(s)
    keepdims = s.static["keepdims"] if keepdims is None else keepdims
    return s(kind, x, axes, keepdims=int(keepdims), noop_with_empty_axes=1)


@translates(*REDUCTIONS)
def _reduction(s: Step) -> Any:
    return _reduce(s, REDUCTIONS[s.node.op.name], s.input(0))


@translates("var", "std")
def _spread(s: Step) -> Any:
    x, ddof = s.input(0), s.static["ddof"]
    apart = s("Sub", x, _reduce(s, "ReduceMean", x, keepdims=True))
    out = _reduce(s, "ReduceMean", s("Mul", apart, apart))
    if ddof:
        count = math.prod(s.length(i) for i in _axes(s))
        out = s("Mul", out, count / (count - ddof))
    return s("Sqrt", out) if s.node.op.name == "std" else out


@translates("norm")
def _norm(s: Step) -> Any:
    x, order = s.input(0), float(s.static["ord"])
    if order in (1, 2):
        return _reduce(s, f"ReduceL{int(order)}", x)
    return s("Pow", _reduce(s, "ReduceSum", s("Pow", s("Abs", x), order)), 1 / order)


@translates("cumsum")
def _cumsum(s: Step) -> Any:
    x, axis = s.input(0), s.static["axis"]
    return s("CumSum", s("Reshape", x, [-1]) if axis is None else x, np.array(axis or 0))


# Products of several arrays


@translates("einsum")
def _einsum(s: Step) -> Any:
    return s("Einsum", *s.inputs(), equation=s.static["subscripts"])
