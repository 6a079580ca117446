"""`compile`: the same values, what it refuses, when it traces again, and gradients through it."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import functions
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad as mg
from minigrad import Tensor
from minigrad.program import Untraceable
from minigrad.program.program import Program
from minigrad.program.run import CHUNK

SCALE = 3.0


def traces(f: Any) -> int:
    return len(f._traces)


def same(a: Any, b: Any) -> bool:
    """Equal to 2 units in the last place of each operation, nan and infinities alike."""
    return bool(np.allclose(a, b, rtol=1e-13, atol=1e-300, equal_nan=True))


@pytest.mark.parametrize("name", sorted(functions.CASES))
def test_gradients_of_functions_of_numpy(name: str):
    f, x = getattr(functions, name), functions.CASES[name][1]
    compiled, eager = mg.compile(mg.value_and_grad(f)), mg.value_and_grad(f)
    for point in (x, np.asarray(x) * 0.9):
        (value, gradient), (expected, exact) = compiled(point), eager(point)
        np.testing.assert_allclose(value, expected, rtol=1e-12)
        np.testing.assert_allclose(gradient, exact, rtol=1e-10, atol=1e-12)
    assert traces(compiled) <= 2  # a list or a number was the first argument, an array the second


class Pair(NamedTuple):
    w: Any
    b: Any


def test_containers_keep_their_kinds():
    f = mg.compile(mg.grad(lambda p, x: np.sum(p["layer"][0].w * x + p["layer"][0].b) * p["scale"]))
    found = f({"layer": [Pair(np.ones(2), 0.5)], "scale": 2.0}, np.array([1.0, 3.0]))
    assert type(found["layer"][0]) is Pair
    np.testing.assert_array_equal(found["layer"][0].w, [2.0, 6.0])
    assert (found["layer"][0].b, found["scale"]) == (4.0, 5.0)
    assert type(found["scale"]) is np.float64


def test_a_trace_for_each_kind_of_arguments():
    f = mg.compile(lambda x, n: x**n)
    assert [f(np.ones(2), 2).shape, f(np.zeros(2), 2).shape, f(np.ones(3), 2).shape] == [(2,), (2,), (3,)]
    assert traces(f) == 2
    assert f(np.full(2, 3.0), 3)[0] == 27.0
    assert f(np.ones(2, np.float32), 2).dtype == np.float32
    assert traces(f) == 4
    for n in range(40):
        f(np.ones(2), n)
    assert traces(f) <= 16


def test_numbers_in_closures_and_globals_are_looked_at(monkeypatch: pytest.MonkeyPatch):
    factor = 2.0

    def helper(x: Any) -> Any:
        return x * factor

    f = mg.compile(lambda x: helper(x) * SCALE)
    assert f(1.0) == 6.0
    factor = 10.0
    assert f(1.0) == 30.0
    monkeypatch.setattr("test_compile.SCALE", 0.5)
    monkeypatch.setitem(globals(), "SCALE", 0.5)
    assert f(1.0) == 5.0


def test_tensors_from_outside_are_read_at_every_call():
    w = Tensor([1.0, 2.0])
    f = mg.compile(lambda x: np.sum(w * x) + np.sum(np.where(w.data > 1.5, w.data, 0.0)))
    assert f(np.ones(2)).item() == 5.0
    with mg.no_grad():
        w += 1.0
    assert f(np.ones(2)).item() == 10.0
    assert traces(f) == 1
    f(np.array([3.0, 4.0])).backward()
    np.testing.assert_array_equal(w.grad, [3.0, 4.0])


def test_a_network_trains_as_without(monkeypatch: pytest.MonkeyPatch):
    def train(wrap: Any) -> list[float]:
        from minigrad import nn, optim

        net = nn.Sequential(
            nn.Linear(3, 8, rng=np.random.default_rng(0)), nn.Tanh(), nn.Linear(8, 2, rng=np.random.default_rng(1))
        )
        loss_of = wrap(lambda x, y: mg.cross_entropy(net(x), y))
        x, y = np.random.default_rng(2).normal(size=(6, 3)), np.array([0, 1, 0, 1, 1, 0])
        step, losses = optim.SGD(net.parameters(), lr=0.5), []
        for _ in range(4):
            step.zero_grad()
            loss = loss_of(x, y)
            loss.backward()
            step.step()
            losses.append(loss.item())
        return losses

    np.testing.assert_allclose(train(mg.compile), train(lambda f: f), rtol=1e-12)


def test_gradients_of_a_compiled_function_to_third_order():
    f = mg.compile(lambda x: np.sum(np.sin(x) * x**2))
    x = np.array([0.3, -1.2])
    assert same(mg.grad(f)(x), mg.grad(f.__wrapped__)(x))
    assert same(mg.hessian(f)(x), mg.hessian(f.__wrapped__)(x))
    g = mg.compile(lambda x: x**5)
    assert same(mg.grad(mg.grad(mg.grad(g)))(2.0), 240.0)
    assert same(mg.jacobian(mg.compile(lambda x: np.outer(x, x)[0]))(x), [[2 * x[0], 0.0], [x[1], x[0]]])


@pytest.mark.parametrize("x", [0.0, -0.0, 1.0, -2.5, 800.0, -800.0, 1e308, math.inf, -math.inf, math.nan])
@pytest.mark.parametrize(
    "f",
    [
        lambda x: 1 / x,
        lambda x: 2.5 / (x - 1.0),
        np.exp,
        np.log,
        np.sqrt,
        lambda x: x**0.5,
        lambda x: x**-3,
        lambda x: 2.0**x,
        np.sin,
        np.tan,
        np.sinh,
        np.arctanh,
        np.arccosh,
        np.log1p,
        np.expm1,
        mg.sigmoid,
        mg.relu,
        np.tanh,
        np.abs,
        np.sign,
        lambda x: np.maximum(x, 1.0),
        lambda x: np.minimum(x, x * x),
        lambda x: mg.where(x > 0, x * x, -x),
        lambda x: x * 1e308 * 10,
        lambda x: np.hypot(x, 1.0),
        lambda x: mg.softplus(x),
        lambda x: mg.clip(x, -1, 1),
        lambda x: x % 3.0,
        lambda x: np.floor(x),
    ],
)
def test_numbers_with_infinities_and_nan_as_numpy_has_them(f: Any, x: float):
    eager = mg.value_and_grad(f)
    compiled = mg.compile(eager)
    with np.errstate(all="ignore"):
        compiled(0.7)
        found, expected = compiled(x), eager(x)
    assert all(type(v) is np.float64 for v in found)
    assert same(found[0], expected[0])
    assert same(found[1], expected[1])


def bounded_sine(a: Any) -> Any:
    """Sine of a number below 1: of a large one, another last place of the number gives another sine."""
    return np.sin(a / (1.0 + np.abs(a)))


UNARY = [
    bounded_sine,
    np.exp,
    np.tanh,
    np.abs,
    mg.relu,
    mg.sigmoid,
    np.square,
    lambda a: -a,
    lambda a: a / 3.0,
    np.sqrt,
    np.log,
]
BINARY = [
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: a * b,
    lambda a, b: a / b,
    np.maximum,
    np.minimum,
    lambda a, b: mg.where(a > b, a, b * 2),
]


@st.composite
def expressions(draw: Any) -> Any:
    """A function of two numbers as a list of steps, each of earlier results."""
    steps = draw(
        st.lists(
            st.one_of(
                st.tuples(st.sampled_from(UNARY), st.integers(0, 99)),
                st.tuples(st.sampled_from(BINARY), st.integers(0, 99), st.integers(0, 99)),
            ),
            min_size=1,
            max_size=12,
        )
    )

    def f(x: Any, y: Any) -> Any:
        values = [x, y]
        for step, *operands in steps:
            values.append(step(*(values[i % len(values)] for i in operands)))
        return values[-1] + x

    return f


POINTS = st.sampled_from([0.0, 1.0, -1.0, 0.5, -3.25, 40.0, 1e200])


@settings(
    max_examples=60, deadline=None, derandomize=True
)  # others may cancel down to the last places, where both may differ
@given(expressions(), st.tuples(POINTS, POINTS), st.tuples(POINTS, POINTS))
def test_random_expressions_at_other_points(f: Any, first: Any, second: Any):
    eager = mg.value_and_grad(f, (0, 1))
    compiled = mg.compile(eager)
    with np.errstate(all="ignore"):
        compiled(*first)
        (value, found), (exact, expected) = compiled(*second), eager(*second)
    assert np.allclose(value, exact, rtol=1e-10, atol=1e-280, equal_nan=True)
    size = np.max(np.abs(expected), initial=0.0, where=np.isfinite(expected))
    assert np.allclose(found, expected, rtol=1e-9, atol=1e-9 * size, equal_nan=True)


def test_a_long_program_is_cut_into_functions():
    def f(x: Any) -> Any:
        y = x
        for i in range(3 * CHUNK):
            y = y + x * (1.0 / (i + 1))
        return y

    compiled = mg.compile(mg.value_and_grad(f))
    eager = mg.value_and_grad(f)
    for x in (0.5, -2.0):
        assert same(compiled(x), eager(x))
    assert same(mg.compile(f)(np.array([0.5, 2.0])), f(np.array([0.5, 2.0])))


def test_results_are_arrays_of_their_own():
    x = np.ones((2, 2))
    f = mg.compile(lambda x: (x, x.T, np.reshape(x, (4,)), x + 1.0))
    kept = f(x)
    for y in kept:
        y += 1.0
    assert x.sum() == 4.0
    assert f(x)[3].sum() == 8.0


def test_arrays_from_outside_are_held_as_they_are():
    a = np.ones(3)
    f = mg.compile(lambda x: x * a)
    assert f(np.ones(3)).sum() == 3.0
    a *= 2.0
    assert f(np.ones(3)).sum() == 6.0


def test_the_program_is_short():
    def f(x: Any) -> Any:
        unused = np.exp(x)
        del unused
        return np.sin(x) * 1.0 + np.sin(x)

    compiled = mg.compile(f)
    compiled(np.ones(2))
    program = compiled.program
    assert isinstance(program, Program)
    assert [step.call.text for step in program.steps] == ["np.sin", "+"]
    assert "np.sin(x)" in str(program)


def test_adding_0_keeps_the_sign_of_a_0():
    f = mg.compile(lambda x: 1 / (x + 0.0))
    with np.errstate(all="ignore"):
        f(np.float64(1.0))
        assert f(np.float64(-0.0)) == math.inf


COUNTER = iter(range(10**9))

W = Tensor([1.0, 2.0])

REFUSED = {
    "if": (lambda x: x if np.sum(x) > 0 else -x, "if or while on a traced value.*where"),
    "while": (lambda x: [x := x * 2 for _ in iter(lambda: bool(np.sum(x) > 9), True)], "if or while"),
    "float": (lambda x: math.sin(float(x[0])), r"float\(\) needs the value"),
    "range": (lambda x: [x for _ in range(x[0].astype(int))], "range"),
    "int": (lambda x: x * int(x[0]), r"int\(\)"),
    "item": (lambda x: x.item(0), r"\.item\(\)"),
    "mask": (lambda x: x[x > 0], r"x\[mask\].*where"),
    "nonzero": (lambda x: np.nonzero(x), "nonzero.*shape"),
    "array": (lambda x: np.array([x[0], x[1]]), "stack"),
    "assignment": (lambda x: x.__setitem__(0, 1.0), "assignment.*where"),
    "into": (lambda x: np.zeros(2).__setitem__(0, x[0]), "needs the value"),
    "+=": (lambda x: x.__iadd__(1.0), r"\+= would write"),
    "out": (lambda x: np.add(x, 1.0, out=np.zeros(2)), "out="),
    "at": (lambda x: np.add.at(np.zeros(2), [0, 0], x), "scatter"),
    "random": (lambda x: x * np.random.default_rng().random(), "random numbers"),
    "counter": (lambda x: x * next(COUNTER), "counters must be passed in"),
    "dropout": (lambda x: mg.dropout(x, 0.5), "dropout draws random numbers"),
    "generator": (lambda x: mg.nn.Dropout(0.5)(x), "random numbers"),
    "backward": (lambda x: np.sum(W * x).backward(), "value_and_grad"),
    "update": (lambda x: W.__setitem__(0, 1.0), "would change a tensor"),
    "leaf if": (lambda x: x if W.sum() > 0 else -x, "if or while"),
    "steps": (lambda x: [x := x + 1.0 for _ in range(next(COUNTER) % 7)], "steps when traced"),
    "buffer": (lambda x: _reuses_a_buffer(x), "changed while the function ran"),
    "copy": (lambda x: __import__("copy").deepcopy(x), "a copy or a pickle"),
}


def _reuses_a_buffer(x: Any) -> Any:
    w, s = np.zeros(2), 0.0
    for i in range(2):
        w[:] = 0.0
        w[i] = 1.0 + i
        s = s + np.sum(x * w)
    return s


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_cannot_be_compiled_says_what_to_write(name: str):
    f, message = REFUSED[name]
    with pytest.raises((Untraceable, TypeError), match=message):
        mg.compile(f)(np.array([1.0, 2.0]))
    assert mg.tracing.ACTIVE == []
    assert W.grad is None


def test_a_value_that_leaks_is_refused_later():
    kept = []
    f = mg.compile(lambda x: kept.append(x) or x * 2)  # type: ignore[func-returns-value]
    f(np.ones(2))
    with pytest.raises(Untraceable, match="kept and used after"):
        kept[0] + 1.0


def test_programs_are_asked_for_after_a_call():
    with pytest.raises(RuntimeError, match="call it"):
        _ = mg.compile(np.sin).program
    with pytest.raises(TypeError, match="compile: the first argument"):
        mg.compile(3.0)  # type: ignore[arg-type]


def test_compiled_functions_inside_others():
    inner = mg.compile(np.sin)
    outer = mg.compile(lambda x: inner(x) * 2)
    assert same(outer(0.5), 2 * math.sin(0.5))
    assert same(mg.compile(mg.hessian(lambda x: np.sum(inner(x) ** 2)))(np.ones(2)), np.diag([2 * math.cos(2.0)] * 2))


def test_modes_around_a_call():
    w = Tensor(2.0)
    f = mg.compile(lambda x: w * x)
    assert f(3.0).requires_grad
    with mg.no_grad():
        assert not f(3.0).requires_grad
    with mg.detect_anomaly(), np.errstate(all="ignore"), pytest.raises(FloatingPointError):
        mg.compile(lambda t: mg.log(t))(Tensor(-1.0))


def test_a_compiled_loss_with_labels_trains_step_after_step():
    rng = np.random.default_rng(0)
    w = Tensor(rng.normal(size=(2, 3)), name="w")
    loss = mg.compile(lambda x, y: mg.cross_entropy(x @ w, y))
    for _ in range(3):
        x, y = rng.normal(size=(4, 2)), rng.integers(0, 3, 4)
        w.grad = None
        loss(x, y).backward(retain_graph=False)
        found, w.grad = w.grad, None
        mg.cross_entropy(x @ w, y).backward()
        np.testing.assert_allclose(found, w.grad, rtol=1e-12)
    assert loss.program.outside == [w]


def test_a_large_value_is_kept_until_the_expression_that_uses_it(monkeypatch):
    from minigrad.program import run

    monkeypatch.setattr(run, "LARGE", 1)  # bytes: every array is freed after its last use

    def f(x, a, b):
        first, second = np.transpose(np.tanh(x @ a)), np.exp(x @ b)
        return np.sum(first @ second) + np.sum(np.cos(second) @ b)

    rng = np.random.default_rng(0)
    args = rng.normal(size=(5, 5)), rng.normal(size=(5, 5)), rng.normal(size=(5, 5))
    gradients = mg.value_and_grad(f, argnums=(0, 1, 2))
    compiled = mg.compile(gradients)
    for _ in range(2):
        args = tuple(2.0 * x for x in args)
        (v, found), (w, expected) = compiled(*args), gradients(*args)
        np.testing.assert_allclose(v, w, rtol=1e-12)
        for g, h in zip(found, expected, strict=True):
            np.testing.assert_allclose(g, h, rtol=1e-9)
