"""Translations of what moves numbers about, picks and joins them, and of reductions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from minigrad.export.build import Step, translates
from minigrad.export.trace import Pair

LAST = 2**63 - 1  # an end behind any axis

# Another shape


@translates("reshape", "squeeze", "expand_dims")
def _reshape(s: Step) -> Any:
    return s.reshape(s.input(0), s.result)


@translates("broadcast_to")
def _broadcast_to(s: Step) -> Any:
    return s("Expand", s.input(0), s.graph.ints(*s.result))


@translates("transpose", "swapaxes", "moveaxis")
def _transpose(s: Step) -> Any:
    told_apart = np.broadcast_to(0.0, range(2, 2 + len(s.shape)))
    return s("Transpose", s.input(0), perm=[n - 2 for n in s.node.op.forward(told_apart, **s.static).shape])


@translates("flip")
def _flip(s: Step) -> Any:
    axes = _axes(s, s.static["axis"])
    return s("Slice", s.input(0), [-1] * len(axes), [-LAST] * len(axes), axes, [-1] * len(axes)) if axes else s.input(0)


@translates("roll")
def _roll(s: Step) -> Any:
    x, shift, axis = s.input(0), s.static["shift"], s.static["axis"]
    if axis is None:
        x, axis, lengths = s("Reshape", x, [-1]), 0, [math.prod(_length(s, i) for i in range(len(s.shape)))]
    else:
        lengths = [_length(s, i) for i in np.atleast_1d(axis)]
    for by, i, n in np.broadcast(shift, axis, lengths):
        x = s("Gather", x, np.roll(np.arange(n), by), axis=int(i))
    return s.reshape(x, s.result) if s.static["axis"] is None else x


@translates("tril", "triu")
def _triangle(s: Step) -> Any:
    return s("Trilu", s.input(0), np.array(s.static["k"]), upper=int(s.node.op.name == "triu"))


def _axes(s: Step, axis: Any, i: int = 0) -> list[int]:
    """Axes of an input as they are counted from the first."""
    ndim = len(s.lengths(i).a)
    return list(range(ndim)) if axis is None else [int(n) for n in normalize_axis_tuple(axis, ndim)]


def _length(s: Step, axis: int, i: int = 0) -> int:
    a, b = (shape[axis] for shape in s.lengths(i))
    if a != b:
        raise ValueError(f"axis {axis} of its input grows with the batch, and must not; dynamic_batch=False fixes the batch")
    return int(a)


# Picking


@translates("getitem")
def _getitem(s: Step) -> Any:
    """A key in ONNX's terms: slices cut at once; then, from the last axis on, numbers and arrays pick."""
    kept, key = s.graph.sequences.get(s.node.inputs[0]), s.static["key"]
    if kept and isinstance(key, int | slice) and key in (slice(None, -1), -1, -2):
        states, c = kept  # recorded as one with the last c behind all states, and parted here
        return states if isinstance(key, slice) else c if key == -1 else s("Gather", states, np.array(-1), axis=0)
    keys = Pair(*(_per_axis(key, len(s.lengths(0).a)) for key in s.setting("key")))
    x, parts = _cut(s, s.input(0), keys)
    if any(isinstance(a, np.ndarray) for a, _ in parts):
        x = _gather(s, x, parts, keys)
    else:
        axes = [i for i, (a, _) in enumerate(parts) if not isinstance(a, slice)]
        for i in reversed(axes):
            x = s("Squeeze", s("Gather", x, s.graph.ints(*([k] for k in parts[i])), axis=i), [i])
    return s.reshape(x, s.result) if any(part is None for part in keys.a) else x


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


def _cut(s: Step, x: str, keys: Pair) -> tuple[Any, list[tuple[Any, Any]]]:
    """One Slice for all slices that leave something out; and the key without new axes."""
    parts = [pair for pair in zip(*keys, strict=True) if pair[0] is not None]
    cuts = [(i, *pair) for i, pair in enumerate(parts) if isinstance(pair[0], slice) and pair != (slice(None),) * 2]
    if cuts:
        a, b = (list(zip(*map(_bounds, run), strict=True)) for run in ([c[1] for c in cuts], [c[2] for c in cuts]))
        starts, ends, steps = map(s.graph.ints, a, b)
        x = s("Slice", x, starts, ends, [i for i, *_ in cuts], steps)
    return x, parts


def _bounds(part: slice) -> tuple[int, int, int]:
    step = 1 if part.step is None else int(part.step)
    usual = (0, LAST) if step > 0 else (LAST, -LAST)
    start, end = (u if n is None else int(n) for n, u in zip((part.start, part.stop), usual, strict=True))
    return start, end, step


def _gather(s: Step, x: str, parts: list[tuple[Any, Any]], keys: Pair) -> Any:
    """What arrays pick, with the numbers beside them. Those on several axes are one array on these axes flattened."""
    places = [i for i, part in enumerate(keys.a) if part is not None and not isinstance(part, slice)]
    if places != list(range(places[0], places[-1] + 1)):
        raise NotImplementedError("arrays that index axes which are not neighbours have no counterpart in ONNX")
    axes = [i for i, (a, _) in enumerate(parts) if not isinstance(a, slice)]
    first, last = axes[0], axes[-1] + 1
    if len(axes) == 1:
        return s("Gather", x, s.graph.constant(Pair(*parts[first]), np.dtype(np.int64)), axis=first)
    lengths = [_length(s, i) for i in axes]
    shapes, indices = [], []
    for run, shape in enumerate(s.lengths(0)):
        key = [part[run] for part in parts]
        cut = np.broadcast_to(0.0, shape)[tuple(k if isinstance(k, slice) else slice(None) for k in key)].shape
        shapes.append((*cut[:first], math.prod(lengths), *cut[last:]))
        each = [np.asarray(k) % n for k, n in zip(key[first:last], lengths, strict=True)]
        indices.append(np.ravel_multi_index(tuple(np.broadcast_arrays(*each)), lengths))
    return s("Gather", s.reshape(x, Pair(*shapes)), s.graph.constant(Pair(*indices), np.dtype(np.int64)), axis=first)


@translates("embedding")
def _embedding(s: Step) -> Any:
    return s("Gather", s.input(0), s.graph.constant(s.setting("indices"), np.dtype(np.int64)), axis=0)


@translates("scatter")
def _scatter(s: Step) -> Any:
    size = math.prod(s.shape)
    places = Pair(*(np.ravel(np.arange(size).reshape(s.shape)[key]) for key in s.setting("key")))
    at, zeros = s.graph.constant(places, np.dtype(np.int64)), np.zeros(size, s.dtype)
    return s.reshape(s("ScatterElements", zeros, at, s("Reshape", s.input(0), [-1]), axis=0, reduction="add"), s.result)


# Joining and padding


@translates("concatenate")
def _concatenate(s: Step) -> Any:
    return s("Concat", *s.inputs(), axis=s.static["axis"])


@translates("stack")
def _stack(s: Step) -> Any:
    axis = s.static["axis"] % len(s.shape)
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
    axes = _axes(s, s.static["axis"])
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
        count = math.prod(_length(s, i) for i in _axes(s, s.static["axis"]))
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
