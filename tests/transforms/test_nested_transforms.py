"""Transforms inside transforms: each knows its own variables."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

import minigrad as mg
from minigrad import Tensor


def test_perturbations_are_not_confused():
    assert mg.grad(lambda x: x * mg.grad(lambda y: x + y)(1.0))(3.0) == 1
    assert mg.grad(lambda x: x * mg.grad(lambda y: x * y)(1.0))(3.0) == 6
    assert mg.grad(lambda x: x * mg.grad(lambda y: x * y)(x))(3.0) == 6
    assert mg.grad(lambda x: x * mg.jvp(lambda y: x * y, (2.0,), (1.0,))[1])(3.0) == 6
    assert mg.grad(lambda x: mg.vjp(lambda y: x * y * y, x)[1](1.0)[0])(3.0) == 12
    assert mg.grad(lambda x: mg.hvp(lambda y: x * y**3)(x, 1.0))(3.0) == 36
    assert mg.grad(lambda x: np.sum(mg.jacobian(lambda y: x * y * y)(x * np.ones(2))))(3.0) == 24


def test_transforms_compose():
    f = lambda x: np.sum(np.sin(x) * x**2)  # noqa: E731
    x, v = np.array([0.3, 1.1]), np.array([1.0, -2.0])
    second = -np.sin(x) * x**2 + 4 * x * np.cos(x) + 2 * np.sin(x)
    third = -np.cos(x) * x**2 - 6 * x * np.sin(x) + 6 * np.cos(x)
    np.testing.assert_allclose(mg.jacobian(mg.grad(f))(x), np.diag(second))
    np.testing.assert_allclose(mg.grad(lambda x: mg.grad(f)(x) @ v)(x), second * v)
    np.testing.assert_allclose(mg.grad(lambda x: mg.jvp(f, (x,), (v,))[1])(x), second * v)
    np.testing.assert_allclose(mg.grad(lambda v: mg.jvp(f, (x,), (v,))[1])(v), mg.grad(f)(x))
    np.testing.assert_allclose(mg.grad(lambda x: mg.hvp(f)(x, v) @ v)(x), third * v**2)
    np.testing.assert_allclose(mg.jvp(mg.jacobian(mg.grad(f)), (x,), (v,))[1], np.diag(third * v))
    np.testing.assert_allclose(mg.grad(lambda x: np.sum(mg.hessian(f)(x) ** 2))(x), 2 * second * third)
    np.testing.assert_allclose(mg.jvp(lambda x: mg.jvp(f, (x,), (v,))[1], (x,), (v,))[1], np.sum(second * v * v))
    assert mg.grad(mg.grad(mg.grad(mg.grad(lambda x: x**5))))(2.0) == 240
    assert mg.gradcheck(mg.grad(f), x)
    assert mg.gradcheck(lambda x, v: mg.jvp(np.tanh, (x,), (v,))[1], x, v)
    assert mg.gradcheck(lambda x: mg.jacobian(lambda y: np.outer(y, y)[0] * x)(x), x)
    with mg.no_grad():
        np.testing.assert_allclose(mg.jacobian(mg.grad(f))(x), np.diag(second))


def test_what_is_recorded_in_vjp_can_be_differentiated_later():
    x = Tensor(2.0)
    out, back = mg.vjp(lambda x, y: x**3 * y, x, 5.0)
    (g, h) = back(1.0)
    assert (out.item(), g.item(), h.item()) == (40, 60, 8)
    g.backward()
    assert x.grad == 60
    assert mg.grad(lambda u: mg.vjp(lambda x: x**3, 2.0)[1](u)[0])(1.0) == 12


def test_threads_do_not_meet():
    found: list[Any] = []

    def work(k: float) -> None:
        g = mg.grad(mg.grad(lambda x: k * x**3))
        found.append(all(g(2.0) == 12 * k for _ in range(50)))

    threads = [threading.Thread(target=work, args=(float(k),)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 4
