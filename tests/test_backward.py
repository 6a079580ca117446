"""The sweep: the chain rule, accumulation, freeing, higher orders, and graphs of any size."""

from __future__ import annotations

import copy
import gc
import sys
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad as mg
from minigrad import Tensor
from minigrad.backward import sweep
from minigrad.graph import topological_order
from minigrad.operation import Op


def test_intermediate_gradients():
    x, y, z = Tensor(-2.0), Tensor(5.0), Tensor(-4.0)
    q = x + y
    f = q * z
    f.backward()
    assert (f.item(), x.grad, y.grad, z.grad, q.grad, f.grad) == (-12, -4, -4, 3, -4, 1)


def test_two_calls_accumulate_exactly():
    x = Tensor(3.0)
    y = x * x * x
    y.backward()
    assert x.grad == 27
    x.zero_grad()
    y.backward()
    assert x.grad == 27
    y.backward()
    assert x.grad == 54


def test_gradients_add_at_branches():
    a = Tensor(3.0)
    b = a + a
    c = b + b
    c.backward()
    assert (a.grad, b.grad, c.grad) == (4, 2, 1)
    x = Tensor(3.0)
    (x * x).backward()
    assert x.grad == 6


def test_sixty_doublings_take_linear_time():
    x = Tensor(1.0)
    y = x
    for _ in range(60):
        y = y + y
    assert len(topological_order(y)) == 60
    y.backward()
    assert x.grad == 2.0**60


def test_a_chain_of_a_million_ops_is_built_swept_and_freed():
    x = Tensor(1.0)
    y = x
    for _ in range(1_000_000):
        y = y + 1.0
    assert y.item() == 1_000_001
    y.backward()
    assert x.grad == 1
    last = weakref.ref(y)
    del y
    assert last() is None


def test_a_long_chain_of_arrays_frees_as_it_is_swept():
    x = Tensor(np.ones(3))
    y = x
    for _ in range(100_000):
        y = -y
    y.backward(np.ones(3), retain_graph=False)
    assert x.grad.tolist() == [1, 1, 1]


@pytest.mark.parametrize("retain_graph", [True, False])
def test_a_dropped_graph_is_freed_without_the_cycle_collector(retain_graph):
    gc.disable()
    try:
        x = Tensor(np.ones(3))
        y = mg.exp(x) * x
        f = y.sum()
        f.backward(retain_graph=retain_graph)
        nodes = [weakref.ref(y), weakref.ref(f)]
        del y, f
        assert [node() for node in nodes] == [None, None]
    finally:
        gc.enable()


def test_freeing_drops_intermediate_gradients_and_values_as_it_goes():
    x = Tensor(np.ones(3), name="x")
    y = mg.exp(x)
    f = y.sum()
    middle = weakref.ref(y)
    del y
    f.backward(retain_graph=False)
    assert middle() is None
    assert f.grad is None
    np.testing.assert_allclose(x.grad, np.exp(np.ones(3)))
    with pytest.raises(RuntimeError, match=r"result of sum.* was freed by an earlier backward"):
        f.backward()


@pytest.mark.parametrize(
    "of", [mg.add, mg.multiply, mg.matmul, mg.maximum, mg.power, mg.hypot, mg.clip, mg.stack, mg.logaddexp]
)
@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("create_graph", [False, True])
def test_an_input_updated_in_place_is_refused_whichever_it_is(of, which, create_graph):
    inputs = [Tensor([2.0, 3.0], name="a"), Tensor([0.5, 1.0], name="b")]
    y = of(inputs) if of is mg.stack else of(*inputs)
    inputs[which].data = [1.0, 1.0]
    with pytest.raises(
        RuntimeError, match=f"tensor '{'ab'[which]}' of shape .* was updated in place after {y.op.name} used it"
    ):
        y.backward(np.ones(y.shape), create_graph=create_graph)
    assert [x.grad for x in inputs] == [None, None]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_rule_may_return_a_0d_array_and_the_gradient_is_a_scalar(dtype):
    def one(x, /):
        return x * x

    def two(a, b, /):
        return a * b

    one, two = Op(one), Op(two)
    one.rules(lambda g, out, x: np.array(2 * g * x))
    two.rules(lambda g, out, a, b: np.array(g * b), lambda g, out, a, b: np.array(g * a))
    x, y = Tensor(dtype(3.0)), Tensor(dtype(4.0))
    z = two(one(x), y)
    for gradient in sweep(z, dtype(1)).values():
        assert type(gradient) is dtype
    z.backward()
    assert (x.grad, y.grad) == (24, 9)
    assert type(x.grad) is type(y.grad) is dtype


def test_a_freed_graph_below_a_kept_one_is_refused():
    x = Tensor(2.0)
    y = x * x
    a, b = y + 1, y + 2
    a.backward(retain_graph=False)
    with pytest.raises(RuntimeError, match="freed"):
        b.backward()
    assert x.grad == 4


def test_backward_on_a_leaf():
    x = Tensor(2.0)
    x.backward()
    assert x.grad == 1
    assert type(x.grad) is np.float64


def test_upstream():
    x = Tensor([1.0, 2.0])
    y = x * x
    with pytest.raises(ValueError, match=r"upstream=an array of shape \(2,\)"):
        y.backward()
    with pytest.raises(ValueError, match=r"upstream has shape \(3,\)"):
        y.backward([1, 2, 3])
    assert x.grad is None
    y.backward([1, 10])
    assert x.grad.tolist() == [2, 40]
    y.backward(upstream=Tensor([1.0, 0.0]))
    assert x.grad.tolist() == [4, 40]


def test_gradients_have_the_shape_and_dtype_of_their_variable():
    w, b = Tensor(np.ones((3, 2), np.float32)), Tensor(np.ones(2, np.float32))
    x = np.ones((4, 3), np.float64)
    ((x @ w + b) ** 2).mean().backward()
    assert (w.grad.shape, w.grad.dtype) == ((3, 2), np.float32)
    assert (b.grad.shape, b.grad.dtype) == ((2,), np.float32)


def test_the_gradients_of_an_addition_are_not_one_array():
    a, b = Tensor(np.zeros(3)), Tensor(np.zeros(3))
    s = a + b
    s.backward(np.ones(3))
    a.grad *= 7
    assert b.grad.tolist() == s.grad.tolist() == [1, 1, 1]
    t = Tensor(np.zeros((2, 2)))
    t.sum().backward()
    t.grad[0, 0] = 5  # its own memory, not a broadcast view
    assert t.grad.tolist() == [[5, 1], [1, 1]]


def test_the_upstream_array_is_not_kept():
    x, seed = Tensor(np.ones(2)), np.ones(2)
    x.backward(seed)
    x.grad += 1
    assert seed.tolist() == [1, 1]


def test_an_unused_input_keeps_no_gradient():
    x, unused = Tensor(1.0), Tensor(2.0)
    (x * 2).backward()
    assert unused.grad is None


def test_constants_cost_no_gradient():
    calls = []
    x, w = Tensor(np.ones(3), requires_grad=False), Tensor(np.ones(3))
    y = x * w
    original = mg.multiply.vjps
    mg.multiply.vjps = (lambda *a: calls.append("x"), original[1])
    try:
        y.sum().backward()
    finally:
        mg.multiply.vjps = original
    assert calls == []
    assert x.grad is None


def test_higher_order():
    x = Tensor(2.0)
    g = x**5
    for expected in (80, 160, 240, 240, 120, 240):  # derivatives of x**5 at 2: 5x^4, 20x^3, 60x^2, 120x, 120
        if expected == 120:
            break
        (g,) = [sweep(g, Tensor(1.0, False), create_graph=True)[x]]
        assert g.item() == expected


def test_create_graph_leaves_a_gradient_that_can_be_differentiated():
    x = Tensor(3.0)
    (x**3).backward(create_graph=True)
    slope = x.grad
    assert isinstance(slope, Tensor)
    x.zero_grad()
    slope.backward()
    assert x.grad == 18
    (x * x).backward(create_graph=True)
    assert x.grad.item() == 24
    x.zero_grad()


def test_mixed_second_derivatives_with_broadcasting():
    x, w = Tensor([1.0, 2.0, 3.0]), Tensor(2.0)
    (mg.exp(w * x)).sum().backward(create_graph=True)
    gw = w.grad
    w.zero_grad(), x.zero_grad()
    gw.backward()
    v = np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(w.grad, np.sum(v * v * np.exp(2 * v)))
    np.testing.assert_allclose(x.grad, np.exp(2 * v) * (1 + 2 * v))


def test_recorded_gradients_are_each_tensor_s_own():
    a, b, u = Tensor(np.ones(2)), Tensor(np.ones(2)), Tensor(np.ones(2))
    (a + b).backward(u, create_graph=True)
    u.data *= 5
    assert b.grad.tolist() == [1, 1]
    a.zero_grad(), b.zero_grad()
    (a + b).backward(np.ones(2), create_graph=True)
    a.grad.data *= 0.5
    assert b.grad.tolist() == [1, 1]


def test_no_grad_does_not_silence_create_graph():
    x = Tensor(3.0)
    y = x**3
    with mg.no_grad():
        y.backward(create_graph=True)
    assert x.grad.requires_grad


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_upstream_can_be_differentiated_too(dtype):
    x, u = Tensor(3.0), Tensor(dtype(2.0))
    (x * x).backward(u, create_graph=True)
    g = x.grad
    x.zero_grad()
    g.backward()
    assert u.grad == 6


@given(st.lists(st.integers(0, 4), min_size=1, max_size=30), st.floats(-2, 2))
@settings(max_examples=60, deadline=None)
def test_random_graphs_against_forward_differentiation(picks, start):
    """Build the same random straight-line program on tensors and on (value, derivative) pairs."""
    x = Tensor(start)
    tensors, pairs = [x], [(start, 1.0)]
    for n, pick in enumerate(picks):
        i, j = (n * 7 + pick) % len(tensors), (n * 3 + pick * 5) % len(tensors)
        (a, da), (b, db) = pairs[i], pairs[j]
        s, t = tensors[i], tensors[j]
        if pick == 0:
            tensors.append(s + t), pairs.append((a + b, da + db))
        elif pick == 1:
            tensors.append(mg.tanh(s) * t), pairs.append((np.tanh(a) * b, (1 - np.tanh(a) ** 2) * da * b + np.tanh(a) * db))
        elif pick == 2:
            tensors.append(mg.sin(s) - t), pairs.append((np.sin(a) - b, np.cos(a) * da - db))
        elif pick == 3:
            (
                tensors.append(s / (t * t + 1)),
                pairs.append((a / (b * b + 1), da / (b * b + 1) - a * 2 * b * db / (b * b + 1) ** 2)),
            )
        else:
            tensors.append(0.5 * s), pairs.append((0.5 * a, 0.5 * da))
    tensors[-1].backward()
    np.testing.assert_allclose(tensors[-1].item(), pairs[-1][0], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(x.grad if x.grad is not None else 0.0, pairs[-1][1], rtol=1e-7, atol=1e-9)


def test_no_recursion_anywhere():
    limit = sys.getrecursionlimit()
    x = Tensor(0.5)
    y = x
    for _ in range(20_000):
        y = mg.sin(y) + x
    sys.setrecursionlimit(200)
    try:
        y.backward(create_graph=True)
        g = x.grad
        x.zero_grad()
        del y, g
    finally:
        sys.setrecursionlimit(limit)


class TestWhere:
    def test_the_branch_not_taken_may_be_nan(self):
        x = Tensor([0.0, 1.0, -1.0])
        with np.errstate(all="ignore"):
            y = mg.where(x > 0, mg.log(x), x * 2)
        y.sum().backward()
        assert x.grad.tolist() == [2, 1, 2]

    @pytest.mark.parametrize(
        "f", [mg.sqrt, mg.log, mg.reciprocal, lambda x: x**-0.5, lambda x: 1 / x, lambda x: mg.exp(1e4 / x)]
    )
    def test_scalars_and_arrays_to_second_order(self, f):
        for start in (0.0, [0.0, 2.0]):
            x = Tensor(start)
            with np.errstate(all="ignore"):
                y = mg.where(x > 5, f(x), x * x)
            y.sum().backward(create_graph=True)
            g = x.grad
            np.testing.assert_array_equal(g.data, 2 * np.asarray(start))
            x.zero_grad()
            g.sum().backward()
            np.testing.assert_array_equal(x.grad, np.full(np.shape(start), 2.0))

    def test_maximum_and_clip_hold_back_too(self):
        x = Tensor(0.0)
        with np.errstate(all="ignore"):
            y = mg.maximum(mg.log(x), -5.0) + mg.clip(mg.log(x), -3, 3)
        y.backward()
        assert x.grad == 0

    def test_a_true_nan_is_not_hidden(self):
        x = Tensor(0.0)
        with np.errstate(all="ignore"):
            mg.where(True, mg.sqrt(x - 1), 1.0).backward()
        assert np.isnan(x.grad)

    def test_only_what_lies_behind_it_is_held_back(self):
        for swapped in (False, True):
            a, b = Tensor(0.0), Tensor(1.0)
            s, m = mg.sqrt(a) * 0.0, mg.maximum(b, 0.0)
            (m + s if swapped else s + m).backward()
            assert np.isnan(a.grad)  # 0 times infinity, whatever else is in the sum


class TestInPlace:
    def test_a_constant_leaf_updated_after_use_is_refused_too(self):
        c, w = Tensor([1.0, 2.0], requires_grad=False, name="c"), Tensor([1.0, 1.0])
        y = (c * w).sum()
        c.data *= 10
        with pytest.raises(RuntimeError, match="'c'"):
            y.backward()

    def test_results_without_a_graph_do_not_reach_into_a_leaf(self):
        w = Tensor([1.0, 2.0])
        with mg.no_grad():
            row, average = w.reshape(1, 2), w.astype(np.float64)
        row.data *= 3
        average.data *= 0
        twin = copy.copy(w)
        twin.data *= 3
        assert w.tolist() == [1, 2]

    def test_a_leaf_updated_after_use_is_refused_by_name(self):
        w = Tensor([1.0, 2.0], name="w")
        f = (w * w).sum()
        w.data -= 0.5
        with pytest.raises(RuntimeError, match=r"tensor 'w' of shape \(2,\) was updated in place after multiply used it"):
            f.backward()
        assert w.grad is None
        (w * w).sum().backward()
        assert w.grad.tolist() == [1, 3]

    def test_every_way_of_updating(self):
        def assign(w):
            w.data = [5.0, 5.0]

        def element(w):
            w[0] = 5.0

        def in_place(w):
            with mg.no_grad():
                w -= 1

        for update in (assign, element, in_place):
            w = Tensor([1.0, 2.0])
            f = mg.exp(w).sum()
            update(w)
            with pytest.raises(RuntimeError, match="updated in place after exp"):
                f.backward()

    def test_scalar_leaves_too(self):
        w = Tensor(2.0, name="w")
        f = w * w
        w.data -= 0.1 * w.data
        assert w.item() == 1.8
        with pytest.raises(RuntimeError, match="'w'"):
            f.backward()

    def test_results_are_read_only(self):
        x = Tensor([1.0, 2.0])
        y = x * 2
        with pytest.raises(ValueError, match="read-only"):
            y.data[0] = 1
        for change in (lambda: y.__setitem__(0, 1.0), lambda: setattr(y, "data", [0.0, 0.0])):
            with pytest.raises(RuntimeError, match="read-only"):
                change()
        assert x.data.flags.writeable
        for view in (x.reshape(2, 1), x[:], mg.broadcast_to(x, (2,)), mg.astype(x, np.float64), mg.squeeze(x)):
            assert not view.data.flags.writeable
            assert x.data.flags.writeable

    def test_while_recording_an_augmented_assignment_makes_a_new_node(self):
        total = start = Tensor(0.0)
        x = Tensor(3.0)
        for _ in range(3):
            total += x * x
        assert total is not start
        total.backward()
        assert (total.item(), x.grad, start.grad) == (27, 18, 1)

    def test_under_no_grad_it_updates_the_leaf(self):
        w = Tensor(np.ones(2, np.float32))
        same = w
        with mg.no_grad():
            w -= 0.5
            w *= 4
            w += 1
            w /= 3
        assert w is same
        assert w.dtype == np.float32
        assert w.data.tolist() == [1, 1]

    def test_values_used_elsewhere_do_not_change(self):
        w = Tensor([1.0, 2.0])
        row = w.reshape(1, 2)
        w[0] = 9.0
        assert row.data.tolist() == [[1, 2]]


class TestThreads:
    def test_recording_in_many_threads(self):
        w = Tensor(np.arange(1.0, 4.0))

        def work(n):
            x = Tensor(float(n))
            f = (w * x).sum()
            for _ in range(50):
                f = f + mg.sin(x) * 0
            f.backward()
            return float(x.grad)

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(work, range(64))) == [6.0] * 64
        np.testing.assert_allclose(w.grad, np.full(3, sum(range(64))))

    def test_modes_belong_to_their_thread(self):
        entered, done, seen = threading.Event(), threading.Event(), []

        def other():
            entered.wait()
            seen.append((Tensor(1.0) * 2).requires_grad)
            done.set()

        thread = threading.Thread(target=other)
        thread.start()
        with mg.no_grad(), mg.scope("here"):
            entered.set()
            done.wait()
            assert not (Tensor(1.0) * 2).requires_grad
        thread.join()
        assert seen == [True]
