"""Inserting, deleting, trimming, splitting: NumPy's values for any shape, index and axis, and the gradients of what stays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad as mg
from minigrad import Tensor


@st.composite
def arrays(draw: st.DrawFn, least: int = 0, most: int = 3) -> Any:
    """Arrays of up to three axes, empty ones too, contiguous or not, of floats or integers."""
    shape = draw(st.lists(st.integers(0, 4), min_size=least, max_size=most))
    x = np.arange(float(np.prod(shape)))
    x = np.where(x % 3 == 1, 0.0, x + 0.5).reshape(shape)
    if draw(st.booleans()):
        x = np.repeat(x, 2, -1)[..., ::-2] if shape else x
    if draw(st.booleans()):
        x = x.T
    return x.astype(np.int64) if draw(st.integers(0, 3)) == 0 else x


def same(call: Any, *inputs: Any) -> None:
    """Equal to NumPy: the values, the shapes, the dtypes, or that there are none; the gradients of a sum count the elements."""
    try:
        expected = call(np, *inputs)
    except (ValueError, IndexError, np.exceptions.AxisError) as error:
        with pytest.raises(type(error) if not isinstance(error, np.exceptions.AxisError) else IndexError):
            call(mg, *map(Tensor, inputs))
        return
    tensors = [Tensor(x) for x in inputs]
    for m in (mg, np):
        found = call(m, *tensors)
        many = isinstance(expected, list | tuple)
        for y, r in zip(found if many else [found], expected if many else [expected], strict=True):
            assert isinstance(y, Tensor)
            assert y.dtype == np.asarray(r).dtype
            assert y.shape == np.shape(r)
            np.testing.assert_array_equal(y.data, r)
    if all(t.requires_grad for t in tensors):
        assert mg.gradcheck(lambda *t: call(mg, *t), *tensors)


@settings(deadline=None, max_examples=150)
@given(arrays(least=1), st.data())
def test_delete(x: Any, data: st.DataObject):
    axis = data.draw(st.none() | st.integers(-x.ndim, x.ndim - 1))
    n = x.size if axis is None else x.shape[axis]
    index = st.integers(-n, n - 1) if n else st.nothing()
    obj = data.draw(
        index
        | (st.lists(index, max_size=4) if n else st.just([]))
        | st.builds(slice, st.integers(-5, 5), st.integers(-5, 5), st.sampled_from([None, 2, -1]))
        | st.lists(st.booleans(), min_size=n, max_size=n).map(lambda mask: np.array(mask, bool))
    )
    same(lambda m, x: m.delete(x, obj, axis), x)


@settings(deadline=None, max_examples=150)
@given(arrays(least=1), st.data())
def test_insert(x: Any, data: st.DataObject):
    axis = data.draw(st.none() | st.integers(-x.ndim, x.ndim - 1))
    n = x.size if axis is None else x.shape[axis]
    obj = data.draw(
        st.integers(-n, n)
        | st.lists(st.integers(-n, n), max_size=3)
        | st.builds(slice, st.integers(0, n), st.integers(0, n))
    )
    values = data.draw(
        st.just(7.0) | st.sampled_from([(1,), (2,), (3,), (2, 1), (1, 2)]).map(lambda s: np.ones(s, x.dtype) * 3)
    )
    if x.dtype.kind == "i" or np.ndim(values) == 0:
        same(lambda m, x: m.insert(x, obj, values, axis), x)
    else:
        same(lambda m, x, v: m.insert(x, obj, v, axis), x, values)


@settings(deadline=None, max_examples=100)
@given(arrays(), st.sampled_from(["fb", "f", "b", "BF"]), st.data())
def test_trim_zeros(x: Any, trim: str, data: st.DataObject):
    axis = data.draw(st.none() | st.integers(-x.ndim, x.ndim - 1)) if x.ndim else None
    t = Tensor(x)
    y = mg.trim_zeros(t, trim, axis)
    np.testing.assert_array_equal(y.data, np.trim_zeros(x, trim, axis))
    if y.requires_grad:
        y.backward(np.ones(y.shape))
        assert t.grad.sum() == y.size


@settings(deadline=None, max_examples=100)
@given(arrays(), st.lists(st.integers(0, 5), max_size=3))
def test_resize(x: Any, shape: list[int]):
    same(lambda m, x: m.resize(x, shape), x)


@settings(deadline=None, max_examples=100)
@given(arrays(least=1), st.data())
def test_array_split_and_unstack(x: Any, data: st.DataObject):
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    sections = data.draw(st.integers(1, 6) | st.lists(st.integers(0, 6), max_size=3))
    same(lambda m, x: m.array_split(x, sections, axis), x)
    same(lambda m, x: m.unstack(x, axis=axis), x)


@settings(deadline=None, max_examples=15)
@given(arrays())
def test_axes_are_added_and_turned(x: Any):
    for call in (
        lambda m, x: m.atleast_1d(x),
        lambda m, x: m.atleast_2d(x),
        lambda m, x: m.atleast_3d(x),
        lambda m, x: m.diagflat(x, 1),
        lambda m, x: m.copy(x),
        lambda m, x: m.block([x, x]),
    ):
        same(call, x)
    if x.ndim > 1:
        for k in range(-2, 6):
            same(lambda m, x, k=k: m.rot90(x, k, (1, 0)), x)
        for call in (lambda m, x: m.fliplr(x), lambda m, x: m.flipud(x), lambda m, x: m.matrix_transpose(x)):
            same(call, x)
        for axis in range(-x.ndim, x.ndim):
            for start in range(-x.ndim, x.ndim + 1):
                same(lambda m, x, a=axis, s=start: m.rollaxis(x, a, s), x)


@settings(deadline=None, max_examples=80)
@given(arrays(least=1), st.data())
def test_partition(x: Any, data: st.DataObject):
    axis = data.draw(st.none() | st.integers(-x.ndim, x.ndim - 1))
    n = x.size if axis is None else x.shape[axis]
    if not n:
        return
    if x.dtype.kind == "f":
        x = x + 0.01 * np.arange(x.size).reshape(x.shape)  # no two alike
    kth = data.draw(st.integers(-n, n - 1) | st.lists(st.integers(0, n - 1), min_size=1, max_size=3))
    same(lambda m, x: m.partition(x, kth, axis), x)
    np.testing.assert_array_equal(mg.argpartition(Tensor(x), kth, axis), np.argpartition(x, kth, axis))


@pytest.mark.parametrize(("call", "kind", "says"), [
    (lambda t: mg.insert(np.array([1, 2]), 0, t[0]), TypeError, "insert: values that track gradients would be cast to int64"),
    (lambda t: mg.insert(t, 9, 1.0), IndexError, "out of bounds"),
    (lambda t: mg.resize(t, -1), ValueError, "resize: the lengths of the new shape must not be negative"),
    (lambda t: mg.trim_zeros(t, "x"), ValueError, "trim_zeros: trim is 'f', 'b' or 'fb', got 'x'"),
    (lambda t: mg.array_split(t, 0), ValueError, r"array_split: axis 0 of shape \(2,\) does not split into 0 sections"),
    (lambda t: mg.vsplit(t, 2), ValueError, r"vsplit: needs an array of at least 2 axes, got shape \(2,\)"),
    (lambda t: mg.block([t, [t]]), ValueError, r"block: the lists must all be nested to one depth, got depths \[1, 2\]"),
    (lambda t: mg.block([]), ValueError, "block: a list at depth 0 is empty"),
    (lambda t: mg.block([(t, t)]), TypeError, "block: blocks are arranged in lists, not in tuples"),
    (lambda t: mg.rot90(t[None], 1, (0, 0)), ValueError, "rot90: the plane needs two different axes"),
    (lambda t: mg.matrix_transpose(t), ValueError, r"matrix_transpose: needs a matrix or a stack of them, got shape \(2,\)"),
    (lambda t: mg.compress([[True]], t), ValueError, r"compress: the condition must be a vector, got shape \(1, 1\)"),
])  # fmt: skip
def test_bad_input(call, kind, says):
    with pytest.raises(kind, match=says):
        call(Tensor([1.0, 2.0]))
