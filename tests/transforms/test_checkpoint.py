"""A function computed again in the sweep, and an operation of one's own."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, guard, ops
from minigrad.operation import OPS


def test_checkpoint_is_exact_to_any_order():
    w = Tensor([0.5, -1.0, 2.0])
    f = lambda x, scale=1.0: np.tanh(x * w) * np.exp(x) * scale  # noqa: E731
    kept = mg.checkpoint(f)
    x = Tensor([0.1, 0.2, 0.3])
    y = kept(x, scale=2.0)
    assert y.inputs == (x, w)
    y.sum().backward()
    again = [x.grad, w.grad]
    x.zero_grad()
    w.zero_grad()
    f(x, scale=2.0).sum().backward()
    np.testing.assert_allclose(again, [x.grad, w.grad], rtol=1e-14)
    v = np.array([1.0, 2.0, 3.0])
    for transform in (mg.jacobian, lambda f: mg.hessian(lambda x: np.sum(f(x)))):
        np.testing.assert_allclose(transform(kept)(v), transform(f)(v), rtol=1e-13)
    np.testing.assert_allclose(mg.jvp(kept, (v,), (v,))[1], mg.jvp(f, (v,), (v,))[1], rtol=1e-13)
    assert mg.gradcheck(lambda x, w: mg.checkpoint(lambda p: [p["x"] * w, np.sum(p["x"]) * w])({"x": x})[1], v, v, order=3)
    inner = mg.checkpoint(lambda x: mg.checkpoint(np.sin)(x) * x)
    assert mg.gradcheck(inner, v, order=2)
    with mg.no_grad():
        assert not kept(x).requires_grad
    assert mg.checkpoint(lambda x: 3.0)(x) == 3.0


def test_checkpoint_with_single_precision_and_results_of_two_kinds():
    f = mg.checkpoint(lambda x: (np.sum(x), {"y": x.astype(np.float64) * 2, "n": 5}))
    x = Tensor(np.ones(3, np.float32))
    total, rest = f(x)
    assert (total.dtype, rest["y"].dtype, rest["n"]) == (np.float32, np.float64, 5)
    (total + rest["y"][0]).backward()
    np.testing.assert_array_equal(x.grad, [3, 1, 1])
    assert x.grad.dtype == np.float32


def test_checkpoint_of_a_gradient_is_the_gradient_of_the_same():
    w, v = Tensor(3.0), np.array([1.0, 2.0])
    f = lambda x: x * mg.grad(lambda y: y * y * w)(2.0)  # noqa: E731  # which takes w for a constant
    for g in (f, mg.checkpoint(f)):
        x = Tensor(5.0)
        g(x).backward()
        assert (x.grad, w.grad) == (12, None)
    inner = mg.checkpoint(lambda x: mg.grad(lambda y: np.sum(y**3 * x))(x))
    np.testing.assert_allclose(mg.jacobian(inner)(v), np.diag(9 * v**2))
    assert mg.grad(lambda w: mg.checkpoint(lambda x: x * mg.grad(lambda y: y * y * w)(2.0))(5.0))(3.0) == 20


def test_checkpoint_saves_memory():
    def block(x: Any) -> Any:
        for _ in range(20):
            x = np.sin(x) * 1.01
        return x

    def peak(step: Any) -> int:
        def f(x: Any) -> Any:
            for _ in range(10):
                x = step(x)
            return np.sum(x)

        tracemalloc.start()
        g = mg.grad(f)(np.linspace(0, 1, 20_000))
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        answers.append(g)
        return found

    answers: list[Any] = []
    assert peak(mg.checkpoint(block)) < 0.25 * peak(block)
    np.testing.assert_allclose(answers[0], answers[1], rtol=1e-12)


def test_what_checkpoint_refuses():
    x, w = Tensor(np.ones(50)), Tensor(2.0)
    outside = w * w
    with pytest.raises(RuntimeError, match=r"checkpoint: <lambda> uses the result of multiply .* pass it as an argument"):
        mg.checkpoint(lambda x: x * outside)(x)
    rng = np.random.default_rng(0)
    with pytest.raises(RuntimeError, match=r"gave another result .* make its generator inside it"):
        mg.checkpoint(lambda x: mg.dropout(x, rng=rng))(x).sum().backward()
    with pytest.raises(TypeError, match="checkpoint: the first argument is the function"):
        mg.checkpoint(3)
    value, _ = mg.value_and_grad(lambda y: mg.checkpoint(lambda x: x * y)(w))(w)
    with pytest.raises(RuntimeError, match=r"refers to a variable of a transform .* pass it as an argument"):
        value.backward()


def test_an_operation_of_ones_own():
    before = dict(OPS)
    try:

        @mg.op
        def scaled(x: Any, y: Any, /, *, by: float = 2.0) -> Any:
            return x * y * by

        with pytest.raises(
            TypeError, match=r"scaled has no gradient rules; give it one for each input: scaled.rules\(lambda"
        ):
            mg.grad(scaled)(1.0, 2.0)
        scaled.rules(lambda g, out, x, y, by: g * y * by, lambda g, out, x, y, by: g * x * by)
        assert mg.gradcheck(scaled, np.ones((2, 3)), np.ones(3), order=2)
        assert mg.grad(scaled, 1)(3.0, 4.0, by=5.0) == 15
        np.testing.assert_array_equal(scaled(np.ones(2), 3.0), [6, 6])
        assert mg.hessian(lambda p: scaled(p[0], p[1]))([1.0, 1.0]) == [[0, 2], [2, 0]]

        @mg.op(elementwise=True, saves=True)
        def softest(x: Any, /) -> Any:
            e = np.exp(-x)
            return 1 / (1 + e), e

        softest.rules(lambda g, out, x, saved: g * out * out * (np.exp(-x) if saved is None else saved))
        assert mg.gradcheck(softest, np.ones(3), order=3)
        assert ">softest<" in mg.draw(softest(Tensor(1.0))).svg
        np.testing.assert_allclose(np.diag(mg.jacobian(softest)(np.ones(3))), mg.elementwise_grad(mg.sigmoid)(np.ones(3)))

        for forward, message in [
            (lambda x: x, "marks no inputs; put a / behind"),
            (np.sin, "the forward is a Python function, got ufunc"),
            (mg.exp.forward, "minigrad has an operation exp of its own"),
        ]:
            with pytest.raises(TypeError, match=message):
                mg.op(forward)
    finally:
        for name in OPS.keys() - before.keys():
            del OPS[name]
    assert before == OPS
    assert ops.exp is OPS["exp"]


@pytest.mark.parametrize("n", [3, guard.SMALL // 8 + 1])
@pytest.mark.parametrize("how", ["by position", "by name", "in a container", "as a tensor's other operand"])
def test_an_array_among_the_arguments_stays_as_it_was(n: int, how: str):
    x, y = Tensor(np.ones(n)), np.full(n, 2.0)
    calls: dict[str, Any] = {
        "by position": lambda: mg.checkpoint(lambda x, y: (x * x * y).sum())(x, y),
        "by name": lambda: mg.checkpoint(lambda x, y: (x * x * y).sum())(x, y=y),
        "in a container": lambda: mg.checkpoint(lambda x, d: (x * x * d["y"][0]).sum())(x, {"y": [y]}),
        "as a tensor's other operand": lambda: mg.checkpoint(lambda x, y: (x * x * y).sum())(x * y, y),
    }
    z = calls[how]()
    if n == 3:
        y[...] = 7.0
    else:
        with pytest.raises(ValueError, match="read-only"):
            y[...] = 7.0
    z.backward()
    np.testing.assert_array_equal(x.grad, np.full(n, 16.0 if how.startswith("as") else 4.0))
    assert y.flags.writeable
    assert not guard.HELD


def test_a_large_array_is_released_with_a_checkpoint_that_is_dropped():
    y = np.ones(guard.SMALL // 8 + 1)
    z = mg.checkpoint(lambda x, y: x * y)(Tensor(np.ones(len(y))), y)
    assert not y.flags.writeable
    del z
    assert y.flags.writeable


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_small_change_between_the_runs_is_noticed_and_rounding_is_not(dtype: Any):
    eps = np.finfo(dtype).eps
    for change, noticed in ((0.0, False), (20 * eps, False), (1000 * eps, True), (1e-3, True)):
        factors = iter([dtype(1.0), dtype(1.0 + change)])
        x = Tensor(np.array([1.0, -3.0, 2.0, np.inf], dtype))
        y = mg.checkpoint(lambda x, factors=factors: x * next(factors))(x)
        if noticed:
            with pytest.raises(RuntimeError, match="gave another result when the sweep computed it again"):
                y.backward(np.ones(4))
        else:
            y.backward(np.ones(4))
            np.testing.assert_allclose(x.grad, 1.0, rtol=1e-4)
