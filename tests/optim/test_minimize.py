"""Optimisers over trees."""

from typing import Any, NamedTuple

import numpy as np
import pytest

import minigrad as mg
from minigrad import optim


class Line(NamedTuple):
    slope: Any
    shift: Any


X = np.linspace(-1, 1, 9)


def loss(line, step):
    return mg.mean((line.slope * X + line.shift - (2 * X - 1)) ** 2)


OPTIMISERS = [(optim.SGD, {"lr": 0.3}), (optim.Adam, {"lr": 0.1}), (optim.RMSprop, {"lr": 0.01}), (optim.Lion, {"lr": 0.02})]


@pytest.mark.parametrize(("kind", "settings"), OPTIMISERS)
def test_a_line_is_fitted(kind, settings):
    found = optim.minimize(mg.grad(loss), Line(0.0, 0.0), kind, steps=400, **settings)
    assert isinstance(found, Line)
    np.testing.assert_allclose(found, [2, -1], atol=0.05)


def test_its_steps_are_those_of_the_optimiser():
    w, seen = mg.Tensor([1.0, -2.0]), []
    adam = optim.Adam([w], lr=0.1)
    for _ in range(3):
        adam.zero_grad()
        (w**2).sum().backward()
        adam.step()
    start = [np.array([1.0, -2.0])]
    found = optim.minimize(
        lambda p, i: [2 * p[0]], start, steps=3, lr=0.1, callback=lambda p, i, g: seen.append((i, p[0][0]))
    )
    assert found[0].tolist() == w.data.tolist()
    assert [i for i, _ in seen] == [0, 1, 2]
    assert seen[0][1] == 1
    assert start[0].tolist() == [1, -2]


def test_float32_stays():
    assert optim.minimize(lambda p, i: 2.0 * p, np.ones(2, np.float32), steps=2).dtype == np.float32


def test_a_gradient_that_does_not_fit():
    with pytest.raises(TypeError, match="minimize: the gradient"):
        optim.minimize(lambda p, i: p["w"], {"w": 1.0})
    with pytest.raises(ValueError, match=r"has a gradient of shape \(3,\)"):
        optim.minimize(lambda p, i: np.ones(3), np.ones(2))


def test_a_complex_gradient_of_a_real_parameter_is_refused():
    with pytest.raises(TypeError, match="minimize: the gradient of a parameter of dtype float64 is complex"):
        optim.minimize(lambda x, step: x + 1j, np.ones(2), steps=1)
    found = optim.minimize(
        mg.grad(lambda z, step: mg.sum(abs(z - 1j) ** 2)), np.ones(2, complex), optim.SGD, steps=99, lr=0.2
    )
    np.testing.assert_allclose(found, [1j, 1j])
