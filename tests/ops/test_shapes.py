"""Shapes of every kind, drawn by hypothesis: broadcasting, indexing, padding, reductions and products."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minigrad as mg
from minigrad import Tensor

SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
FULL = hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=4)


def numbers(shape: tuple[int, ...], seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=shape)


def adjoint(forward: Any, shape: tuple[int, ...]) -> None:
    """<A x, y> equals <x, A' y>, where A' y is the gradient."""
    x = Tensor(numbers(shape))
    out = forward(x)
    y = numbers(out.shape, 1)
    out.backward(y)
    assert x.grad.shape == x.shape
    np.testing.assert_allclose(np.sum(out.data * y), np.sum(x.data * x.grad), rtol=1e-9, atol=1e-9)


@settings(max_examples=100, deadline=None)
@given(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, min_side=0, max_side=3))
def test_broadcast_operands(shapes):
    a, b = (numbers(shape, i) for i, shape in enumerate(shapes.input_shapes))
    x, y = Tensor(a), Tensor(b)
    out = x * y
    assert out.shape == shapes.result_shape
    g = numbers(out.shape, 2)
    out.backward(g)
    ones_a, ones_b = np.ones(shapes.result_shape), np.ones(shapes.result_shape)
    for leaf, other, ones in ((x, b, ones_a), (y, a, ones_b)):
        # moving all of the leaf by 1 moves the output by the other factor
        assert leaf.grad.shape == leaf.shape
        np.testing.assert_allclose(np.sum(leaf.grad), np.sum(g * other * ones), rtol=1e-9, atol=1e-9)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_basic_and_advanced_keys(data):
    shape = data.draw(FULL)
    key = data.draw(st.one_of(
        hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True),
        hnp.integer_array_indices(shape, result_shape=hnp.array_shapes(max_dims=2, max_side=3)),
        hnp.arrays(bool, shape),
    ))  # fmt: skip
    adjoint(lambda x: x[key], shape)
    np.testing.assert_array_equal(Tensor(numbers(shape))[key].data, numbers(shape)[key])


@settings(max_examples=80, deadline=None)
@given(FULL, st.data())
def test_padding_of_every_kind(shape, data):
    widths = [data.draw(st.tuples(st.integers(0, 4), st.integers(0, 4))) for _ in shape]
    mode = data.draw(st.sampled_from(["constant", "reflect", "edge", "symmetric", "wrap"]))
    adjoint(lambda x: mg.pad(x, widths, mode), shape)
    np.testing.assert_array_equal(mg.pad(numbers(shape), widths, mode), np.pad(numbers(shape), widths, mode))


@settings(max_examples=100, deadline=None)
@given(SHAPES, st.data())
def test_reductions_over_any_axes(shape, data):
    axes = data.draw(
        st.one_of(st.none(), st.sets(st.integers(-len(shape), len(shape) - 1)).map(tuple) if shape else st.none())
    )
    if axes is not None:
        axes = tuple({a % len(shape) for a in axes})
    keep = data.draw(st.booleans())
    adjoint(lambda x: mg.sum(x, axis=axes, keepdims=keep), shape)
    np.testing.assert_allclose(
        mg.sum(numbers(shape), axis=axes, keepdims=keep), np.sum(numbers(shape), axis=axes, keepdims=keep)
    )
    x = Tensor(numbers(shape))
    mg.prod(x, axis=axes, keepdims=keep).sum().backward()
    others = np.broadcast_to(np.prod(x.data, axis=axes, keepdims=True), shape) / x.data
    np.testing.assert_allclose(x.grad, others, rtol=1e-7, atol=1e-12)


@settings(max_examples=80, deadline=None)
@given(hnp.mutually_broadcastable_shapes(signature=np.matmul.signature, max_dims=2, min_side=0, max_side=3))
def test_products_of_stacks(shapes):
    left, right = shapes.input_shapes
    a, b = numbers(left), numbers(right, 1)
    np.testing.assert_allclose((Tensor(a) @ Tensor(b)).data, a @ b)
    adjoint(lambda x: x @ b, left)
    adjoint(lambda x: a @ x, right)


@settings(max_examples=60, deadline=None)
@given(FULL, st.data())
def test_rearrangements(shape, data):
    axes = data.draw(st.permutations(range(len(shape))))
    reps = data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=3))
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    counts = data.draw(st.lists(st.integers(0, 3), min_size=shape[axis], max_size=shape[axis]))
    for forward in (
        lambda m, x: m.transpose(x, axes), lambda m, x: m.tile(x, reps), lambda m, x: m.repeat(x, counts, axis),
        lambda m, x: m.roll(x, 2, axis), lambda m, x: m.cumsum(x, axis), lambda m, x: m.flip(x, axis),
    ):  # fmt: skip
        adjoint(lambda x, forward=forward: forward(mg, x), shape)
        np.testing.assert_allclose(forward(mg, numbers(shape)), forward(np, numbers(shape)))
