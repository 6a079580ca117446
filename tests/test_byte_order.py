"""Gradients have the byte order of their variable, whichever way they are computed; NumPy's sums have the machine's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, optim
from minigrad.backward import sweep
from minigrad.graph import value_of

SWAPPED = np.dtype(float).newbyteorder("S")
X = np.array([1.0, 2.0, 3.0])
ROWS = np.ones((4, 3))

FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "used once": lambda x: (x * 2.0).sum(),
    "used twice": lambda x: (x * x).sum(),
    "used in three places": lambda x: (mg.sin(x) + x * x + x).sum(),
    "added to itself": lambda x: (x + x).sum(),
    "broadcast": lambda x: (x * ROWS).sum(),
    "broadcast and used again": lambda x: (x * ROWS * x).sum() + x.sum(),
    "broadcast_to": lambda x: mg.broadcast_to(x, (4, 3)).sum(),
    "a slice": lambda x: (x[::2] * x[::2]).sum(),
    "concatenated": lambda x: (mg.concatenate([x, x[1:]]) ** 2).sum(),
    "stacked": lambda x: (mg.stack([x, x]) ** 2).sum(),
    "in a matrix product": lambda x: (ROWS @ x).sum() * x[0],
    "normalised": lambda x: (mg.softmax(x) * x).sum(),
    "in a loss": lambda x: mg.mse_loss(x, x * 0.5),
    "reduced": lambda x: mg.max(x) * mg.prod(x),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("how", ["kept", "freed", "recorded"])
def test_of_a_leaf(name: str, how: str):
    x, native = Tensor(X.astype(SWAPPED)), Tensor(X)
    for _ in range(2):  # the second call adds to what is there
        for t in (x, native):
            FUNCTIONS[name](t).backward(create_graph=how == "recorded", retain_graph=how != "freed")
        assert x.grad.dtype == SWAPPED
        np.testing.assert_array_equal(value_of(x.grad), value_of(native.grad))
    if how == "recorded":
        g = x.grad
        x.zero_grad()
        if g.requires_grad:
            g.sum().backward()
            assert x.grad is None or x.grad.dtype == SWAPPED


@pytest.mark.parametrize("name", FUNCTIONS)
def test_of_every_node_of_a_sweep(name: str):
    x = Tensor(X.astype(SWAPPED))
    for create_graph in (False, True):
        for node, g in sweep(
            FUNCTIONS[name](x), Tensor(1.0) if create_graph else np.float64(1.0), create_graph=create_graph
        ).items():
            assert g.dtype == node.value.dtype


@pytest.mark.parametrize("name", FUNCTIONS)
def test_of_a_function(name: str):
    f, x = FUNCTIONS[name], X.astype(SWAPPED)
    found = {
        "grad": mg.grad(f)(x),
        "grad of a tensor": mg.grad(f)(Tensor(x)),
        "vjp": mg.vjp(f, x)[1](1.0)[0],
        "hessian": mg.hessian(f)(x),
        "hvp": mg.hvp(f)(x, x),
        "jacobian": mg.jacobian(lambda x: x * x * f(x))(x),
        "checkpoint": mg.grad(lambda x: mg.checkpoint(f)(x) + mg.checkpoint(f)(x))(x),
    }
    assert {how: g.dtype for how, g in found.items()} == dict.fromkeys(found, SWAPPED)


def test_of_a_jacobian_in_many_parts(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("minigrad.transforms.jacobians.TOGETHER", 3)
    assert mg.jacobian(lambda x: x * x + x)(X.astype(SWAPPED)).dtype == SWAPPED


@pytest.mark.parametrize(
    "name",
    [
        n
        for n in dir(optim)
        if isinstance(getattr(optim, n), type) and issubclass(getattr(optim, n), optim.Optimizer) and n != "Optimizer"
    ],
)
def test_of_a_parameter_that_is_optimised(name: str):
    w, native = Tensor(X.astype(SWAPPED)), Tensor(X)
    for p in (w, native):
        optimizer = getattr(optim, name)([p], lr=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            (p * p + p).sum().backward()
            optimizer.step()
    assert w.dtype == w.grad.dtype == SWAPPED
    np.testing.assert_allclose(w.data, native.data)
