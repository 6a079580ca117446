"""Translations of shape operations, indexing, joining, padding and reductions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from minigrad import ops
from minigrad.export.trace import PerRun
from minigrad.export.translation import INT64, Translation, translates
from minigrad.operation import Op
from minigrad.ops import indexing, joining, norms, padding
from minigrad.ops.einsum import _einsum
from minigrad.ops.networks import embedding

LAST = 2**63 - 1  # an end beyond any axis

# Shapes


@translates(ops.reshape, ops.squeeze, ops.expand_dims)
def _reshape(t: Translation) -> str:
    return t.reshape(t.input(0), t.shapes)


@translates(ops.broadcast_to)
def _broadcast_to(t: Translation) -> str:
    return t("Expand", t.input(0), t.graph.ints(*t.shapes))


@translates(ops.transpose, ops.swapaxes, ops.moveaxis)
def _transpose(t: Translation) -> str:
    distinct = np.broadcast_to(0.0, range(2, 2 + t.ndim))  # axis i has length i + 2
    return t("Transpose", t.input(0), perm=[n - 2 for n in t.node.op.forward(distinct, **t.static).shape])


@translates(ops.flip)
def _flip(t: Translation) -> str:
    axes = _axes(t)
    return t("Slice", t.input(0), [-1] * len(axes), [-LAST] * len(axes), axes, [-1] * len(axes)) if axes else t.input(0)


@translates(ops.roll)
def _roll(t: Translation) -> str:
    x, shift, axis = t.input(0), t.static["shift"], t.static["axis"]
    lengths = [t.length(i) for i in _axes(t)]
    if axis is None:
        x, lengths = t("Reshape", x, [-1]), [math.prod(lengths)]
    for by, i, n in np.broadcast(shift, axis or 0, lengths):
        x = t("Gather", x, np.roll(np.arange(n), by), axis=int(i))
    return t.reshape(x, t.shapes) if axis is None else x


@translates(ops.tril, ops.triu)
def _triangle(t: Translation) -> str:
    return t("Trilu", t.input(0), np.array(t.static["k"]), upper=int(t.node.op is ops.triu))


def _axes(t: Translation) -> list[int]:
    """The argument `axis` as a list, counted from the first axis of the input."""
    axis, ndim = t.static["axis"], len(t.lengths(0)[0])
    return list(range(ndim)) if axis is None else [int(n) for n in normalize_axis_tuple(axis, ndim)]


# Indexing


@translates(indexing._getitem)
def _getitem(t: Translation) -> str:
    """A key in ONNX's terms: one Slice for all slices; then integers and arrays, from the last axis on."""
    if t.node.inputs[0] in t.graph.sequences and isinstance(t.static["key"], int | slice):
        states, c = t.graph.sequences[t.node.inputs[0]]  # recorded as one array, c after all states
        if t.static["key"] == slice(None, -1):
            return states
        if t.static["key"] in (-1, -2):
            return c if t.static["key"] == -1 else t("Gather", states, np.array(-1), axis=0)
    keys = [_per_axis(key, len(shape)) for key, shape in zip(t.argument("key"), t.lengths(0), strict=True)]
    parts = [part for part in zip(*keys, strict=True) if part[0] is not None]
    x = _cut(t, t.input(0), parts)
    if any(isinstance(k, np.ndarray) for k, *_ in parts):
        x = _gather(t, x, parts, keys[0])
    else:
        for i, part in reversed(list(enumerate(parts))):
            if not isinstance(part[0], slice):
                x = t("Squeeze", t("Gather", x, t.graph.ints(*([k] for k in part)), axis=i), [i])
    return t.reshape(x, t.shapes) if len(keys[0]) > len(parts) else x


def _per_axis(key: Any, ndim: int) -> list[Any]:
    """A key with an entry for each axis, and None for each new axis."""
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
            raise NotImplementedError("a single boolean as an index has no counterpart in ONNX")
    at = next((i for i, part in enumerate(parts) if part is ...), len(parts))
    used = sum(part is not None and part is not ... for part in parts)
    return [*parts[:at], *[slice(None)] * (ndim - used), *parts[at + 1 :]]


def _cut(t: Translation, x: str, parts: list[PerRun]) -> str:
    """One Slice for all slices that drop elements."""
    cuts = {i: [_bounds(k) for k in part] for i, part in enumerate(parts) if isinstance(part[0], slice)}
    cuts = {i: bounds for i, bounds in cuts.items() if any(b != (0, LAST, 1) for b in bounds)}
    if not cuts:
        return x
    runs = [zip(*bounds, strict=True) for bounds in zip(*cuts.values(), strict=True)]
    starts, ends, steps = (t.graph.ints(*numbers) for numbers in zip(*runs, strict=True))
    return t("Slice", x, starts, ends, list(cuts), steps)


def _bounds(part: slice) -> tuple[int, int, int]:
    step = 1 if part.step is None else int(part.step)
    start, end = (0, LAST) if step > 0 else (LAST, -LAST)
    return start if part.start is None else int(part.start), end if part.stop is None else int(part.stop), step


def _gather(t: Translation, x: str, parts: list[PerRun], key: list[Any]) -> str:
    """Index with arrays and integers. Those on several axes become one array on these axes flattened."""
    at = [i for i, k in enumerate(key) if k is not None and not isinstance(k, slice)]
    if at != list(range(at[0], at[-1] + 1)):
        raise NotImplementedError("arrays that index axes that are not neighbours have no counterpart in ONNX")
    axes = [i for i, part in enumerate(parts) if not isinstance(part[0], slice)]
    first, last = axes[0], axes[-1] + 1
    if len(axes) == 1:
        return t("Gather", x, t.graph.constant(parts[first], INT64), axis=first)
    lengths = [t.length(i) for i in axes]
    shapes, indices = [], []
    for keys, shape in zip(zip(*parts, strict=True), t.lengths(0), strict=True):
        cut = np.broadcast_to(0.0, shape)[tuple(k if isinstance(k, slice) else slice(None) for k in keys)].shape
        shapes.append((*cut[:first], math.prod(lengths), *cut[last:]))
        each = [np.asarray(k) % n for k, n in zip(keys[first:last], lengths, strict=True)]
        indices.append(np.ravel_multi_index(tuple(np.broadcast_arrays(*each)), lengths))
    return t("Gather", t.reshape(x, tuple(shapes)), t.graph.constant(tuple(indices), INT64), axis=first)


@translates(embedding._embedding)
def _embedding(t: Translation) -> str:
    return t("Gather", t.input(0), t.graph.constant(t.argument("indices"), INT64), axis=0)


@translates(indexing._scatter)
def _scatter(t: Translation) -> str:
    shape = t.static["shape"]
    size = math.prod(shape)
    flat = tuple(np.ravel(np.arange(size).reshape(shape)[key]) for key in t.argument("key"))
    x, zeros = t("Reshape", t.input(0), [-1]), np.zeros(size, t.dtype)
    out = t("ScatterElements", zeros, t.graph.constant(flat, INT64), x, axis=0, reduction="add")
    return t("Reshape", out, list(shape))


# Joining and padding


@translates(joining._concatenate)
def _concatenate(t: Translation) -> str:
    return t("Concat", *t.inputs(), axis=t.static["axis"])


@translates(joining._stack)
def _stack(t: Translation) -> str:
    axis = t.static["axis"] % t.ndim
    return t("Concat", *(t("Unsqueeze", x, [axis]) for x in t.inputs()), axis=axis)


@translates(padding._pad)
def _pad(t: Translation) -> str:
    width = t.static["pad_width"]
    return t("Pad", t.input(0), [a for a, _ in width] + [b for _, b in width], float(t.static["value"]))


# Reductions

REDUCTIONS: dict[Op[...], str] = {
    ops.sum: "ReduceSum",
    ops.mean: "ReduceMean",
    ops.max: "ReduceMax",
    ops.min: "ReduceMin",
    ops.prod: "ReduceProd",
    ops.logsumexp: "ReduceLogSumExp",
}


def _reduce(t: Translation, kind: str, x: str, keepdims: bool | None = None) -> str:
    axes = _axes(t)
    keepdims = t.static["keepdims"] if keepdims is None else keepdims
    return t(kind, x, axes, keepdims=int(keepdims), noop_with_empty_axes=1)


@translates(*REDUCTIONS)
def _reduction(t: Translation) -> str:
    return _reduce(t, REDUCTIONS[t.node.op], t.input(0))


@translates(ops.var, ops.std)
def _spread(t: Translation) -> str:
    x, ddof = t.input(0), t.static["ddof"]
    deviation = t("Sub", x, _reduce(t, "ReduceMean", x, keepdims=True))
    out = _reduce(t, "ReduceMean", t("Mul", deviation, deviation))
    if ddof:
        count = math.prod(t.length(i) for i in _axes(t))
        out = t("Mul", out, count / (count - ddof))
    return t("Sqrt", out) if t.node.op is ops.std else out


@translates(norms._norm)
def _norm(t: Translation) -> str:
    x, order = t.input(0), float(t.static["ord"])
    if order in (1, 2):
        return _reduce(t, f"ReduceL{int(order)}", x)
    return t("Pow", _reduce(t, "ReduceSum", t("Pow", t("Abs", x), order)), 1 / order)


@translates(ops.cumsum)
def _cumsum(t: Translation) -> str:
    x, axis = t.input(0), t.static["axis"]
    return t("CumSum", t("Reshape", x, [-1]) if axis is None else x, np.array(axis or 0))


# Products of several arrays


@translates(_einsum)
def _sum_of_products(t: Translation) -> str:
    return t("Einsum", *t.inputs(), equation=t.static["subscripts"])
