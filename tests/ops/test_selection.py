"""Selection: which branch receives a gradient, and NumPy's rules for conditions, indices and dtypes."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor


def test_the_branches_not_taken_receive_0_even_where_they_are_infinite():
    x = Tensor([0.0, 4.0])
    with np.errstate(divide="ignore"):
        np.choose([0, 1], [x * 2, mg.log(x)]).sum().backward()
    np.testing.assert_array_equal(x.grad, [2, 0.25])
    x = Tensor([0.0, 4.0])
    np.piecewise(x, [x > 1], [mg.log, lambda v: 3 * v]).sum().backward()
    np.testing.assert_array_equal(x.grad, [3, 0.25])


def test_a_piece_is_computed_of_its_own_elements_alone():
    seen = []
    x = Tensor([-1.0, 2.0, 3.0])
    y = np.piecewise(x, [x < 0, x > 5], [lambda v: seen.append(v.shape) or v, lambda v: seen.append(v.shape) or v, 0.0])
    assert seen == [(1,)]
    assert y.tolist() == [-1, 0, 0]


def test_the_last_true_condition_counts():
    x = np.array([1.0, 2.0, 3.0])
    for conditions in ([x > 0, x > 1], [x > 1, x > 0], np.array([x > 2, x > 1]), x > 1, [True, False, True]):
        count = 2 if np.ndim(conditions) == 2 else 1
        functions = [10.0, lambda v: v * v][:count]
        theirs = np.piecewise(x, conditions, functions)
        np.testing.assert_array_equal(np.piecewise(Tensor(x), conditions, functions).data, theirs)


def test_pieces_may_be_tensors_and_take_the_dtype_of_x():
    level = Tensor(2.0)
    mg.piecewise(np.array([-1.0, 1.0, 3.0]), [[False, True, True]], [level]).sum().backward()
    assert level.grad == 2
    assert np.piecewise(Tensor(np.float32([1.0, -1.0])), [[True, False]], [np.float64(0.1), 2]).dtype == np.float32
    assert np.piecewise(Tensor(np.array([1, 2])), [[True, False]], [0.7, 5]).tolist() == [0, 5]
    with pytest.raises(TypeError, match="piecewise: functions that track gradients would be cast to int64"):
        mg.piecewise(np.array([1, 2]), [[True, False]], [level])


def test_numbers_among_the_choices_take_the_dtype_of_the_others():
    x = Tensor(np.float32([1.0, 2.0]))
    assert np.select([[True, False]], [x], 0.5).dtype == np.float32
    assert np.select([[True, False], [False, True]], [x, 0.5]).dtype == np.float32
    assert np.choose([0, 1], [x, 0.5]).dtype == np.float32


def test_choose_broadcasts_and_takes_a_tensor_of_indices():
    index, rows = np.array([[0], [1]]), np.array([[1.0, 2.0], [3.0, 4.0]])
    t = Tensor(rows)
    y = Tensor(index).choose(t)
    np.testing.assert_array_equal(y.data, index.choose(rows))
    y.backward(np.ones((2, 2)))
    assert t.grad.tolist() == [[1, 1], [1, 1]]


@pytest.mark.parametrize(("call", "kind", "says"), [
    (lambda t: mg.choose([0, 2], [t, t]), ValueError, "choose: an index is out of range for 2 choices"),
    (lambda t: mg.choose(t, [t, t]), TypeError, "choose: the indices must be integers, got float64"),
    (lambda t: mg.choose([0, 1], [t, t], mode="x"), ValueError, "choose: mode is 'raise', 'wrap' or 'clip', got 'x'"),
    (lambda t: mg.piecewise(t, [t > 0], [1, 2, 3]), ValueError, "piecewise: needs a function for each condition, got 3 for 1"),
    (lambda t: mg.apply_along_axis(np.sum, 0, np.ones((2, 0))), ValueError, "apply_along_axis: there is no line along axis 0"),
    (lambda t: mg.apply_over_axes(lambda x, axis: 1.0, t[None] * t, 0), ValueError, "apply_over_axes: the function must keep"),
    (lambda t: mg.sliding_window_view(t, (1, 1)), ValueError, r"sliding_window_view: a window of shape \(1, 1\) needs as many axes"),
    (lambda t: mg.sliding_window_view(t, 5), ValueError, "sliding_window_view"),
    (lambda t: mg.vecdot(t, [1.0]), ValueError, "vecdot: needs vectors of one length, got 2 and 1"),
    (lambda t: mg.linalg.tensorinv(t), np.linalg.LinAlgError, "tensorinv: the first 2 axes of shape"),
    (lambda t: mg.linalg.tensorsolve(t, t), np.linalg.LinAlgError, "tensorsolve: a of shape .* is not a square system"),
    (lambda t: mg.gradient(t, edge_order=3), ValueError, "gradient: edge_order is 1 or 2, got 3"),
    (lambda t: mg.gradient(t, edge_order=2), ValueError, "gradient: axis 0 needs at least 3 samples, has 2"),
    (lambda t: mg.gradient(t, 1.0, 2.0), TypeError, "gradient: needs no spacing, one distance, or a spacing for each of 1 axes"),
    (lambda t: mg.gradient(t, [1.0]), ValueError, "gradient: the coordinates along axis 0 must be a vector of length 2"),
    (lambda t: mg.cumulative_sum(t[None] * t), ValueError, r"cumulative_sum: shape \(1, 2\) has several axes"),
])  # fmt: skip
def test_bad_input(call, kind, says):
    with pytest.raises(kind, match=says):
        call(Tensor([1.0, 2.0]))
