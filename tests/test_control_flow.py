"""Python's own if, while and recursion: what was computed is what is differentiated."""

from __future__ import annotations

import cmath
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.border import GradientLost


def test_newtons_method():
    """A root moves with a as the implicit function theorem says, whatever the number of steps that found it."""

    def cube_root(a: Any) -> Any:
        x = a * 0 + 1.0
        while abs(x**3 - a) > 1e-14 * a:
            x = x - (x**3 - a) / (3 * x**2)
        return x

    for a in (0.01, 2.0, 300.0):
        value, slope = mg.value_and_grad(cube_root)(a)
        np.testing.assert_allclose([value, slope], [a ** (1 / 3), a ** (-2 / 3) / 3], rtol=1e-12)
    np.testing.assert_allclose(mg.grad(mg.grad(cube_root))(2.0), -2 / 9 * 2 ** (-5 / 3), rtol=1e-7)


def test_newtons_method_by_the_gradient_of_an_inner_function():
    """The steps of a minimisation use derivatives that are differentiated themselves."""

    def lowest(a: Any) -> Any:
        energy = lambda x: x**4 / 4 - a * x  # noqa: E731
        x = 2.0
        for _ in range(8):
            x = x - mg.grad(energy)(x) / mg.grad(mg.grad(energy))(x)
        return x

    value, slope = mg.value_and_grad(lowest)(3.0)
    np.testing.assert_allclose([value, slope], [3 ** (1 / 3), 3 ** (-2 / 3) / 3], rtol=1e-12)


def runge_kutta(f: Any, y: Any, end: float, steps: int) -> Any:
    h = end / steps
    for i in range(steps):
        t = i * h
        a = f(t, y)
        b = f(t + h / 2, y + h / 2 * a)
        c = f(t + h / 2, y + h / 2 * b)
        y = y + h / 6 * (a + 2 * b + 2 * c + f(t + h, y + h * c))
    return y


def test_an_ode_solver_against_closed_forms():
    """A damped oscillator, by its stiffness, its damping and where it starts."""
    end = 1.5

    def solved(k: Any, c: Any, start: Any) -> Any:
        matrix = mg.stack([np.array([0.0, 1.0]), mg.stack([-k, -c])])
        return runge_kutta(lambda t, y: matrix @ y, start, end, 400)

    def closed(k: Any, c: Any, start: Any) -> Any:
        w = (k - c * c / 4) ** 0.5
        x, v = start[0], start[1]
        s = (v + c / 2 * x) / w
        decay = np.exp(-c / 2 * end)
        position = decay * (x * np.cos(w * end) + s * np.sin(w * end))
        speed = decay * (w * s * np.cos(w * end) - w * x * np.sin(w * end)) - c / 2 * position
        return mg.stack([position, speed])

    arguments = (4.0, 0.3, np.array([1.0, -0.5]))
    np.testing.assert_allclose(solved(*arguments), closed(*arguments), rtol=1e-9)
    found, expected = (mg.jacobian(f, argnums=(0, 1, 2))(*arguments) for f in (solved, closed))
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-8)
    matrix = np.array([[0.0, 1.0], [-4.0, -0.3]])
    values, vectors = np.linalg.eig(matrix)
    np.testing.assert_allclose(found[2], (vectors * np.exp(values * end) @ np.linalg.inv(vectors)).real, rtol=1e-8)
    seconds = [mg.hessian(lambda k, f=f: f(k, *arguments[1:])[0])(4.0) for f in (solved, closed)]
    np.testing.assert_allclose(*seconds, rtol=1e-7)


def test_a_solver_that_chooses_its_steps():
    """Growth y' = a y: the steps differ from point to point, the derivative is that of the solution."""

    def grown(a: Any) -> Any:
        t, y, h, steps = 0.0, 1.0 + 0 * a, 0.1, 0
        while t < 2.0:
            h = min(h, 2.0 - t)
            once = runge_kutta(lambda t, y: a * y, y, h, 1)
            twice = runge_kutta(lambda t, y: a * y, y, h, 2)
            error = abs((twice - once).detach().item())
            if error < 1e-10:
                t, y = t + h, twice
                steps += 1
            h *= min(2.0, 0.9 * (1e-10 / max(error, 1e-30)) ** 0.2)
        counts.append(steps)
        return y

    counts: list[int] = []
    for a in (-1.0, 0.5, 1.5):
        value, slope = mg.value_and_grad(grown)(a)
        np.testing.assert_allclose([value, slope], [np.exp(2 * a), 2 * np.exp(2 * a)], rtol=1e-6)
    assert len(set(counts)) > 1


def test_a_fractal_iteration():
    """How far Julia's iteration gets from each point, counted by where it escapes; checked against complex arithmetic."""
    c = complex(-0.4, 0.6)

    def escape(p: Any) -> Any:
        x, y, n = p[0], p[1], 0
        while x * x + y * y < 1e6 and n < 60:
            x, y = x * x - y * y + c.real, 2 * x * y + c.imag
            n += 1
        return n - np.log2(np.log(x * x + y * y))

    counts = set()
    for z in (complex(0.9, 0.8), complex(1.2, 0.1), complex(0.35, 0.75), complex(0.7, 0.0)):
        value, g = mg.value_and_grad(escape)(np.array([z.real, z.imag]))
        w, slope, n = z, 1.0 + 0j, 0
        while abs(w) ** 2 < 1e6 and n < 60:
            w, slope, n = w * w + c, 2 * w * slope, n + 1
        size = cmath.log(abs(w) ** 2).real
        ratio = slope / w  # d log|w| = Re(ratio dz)
        expected = -2 / (size * np.log(2)) * np.array([ratio.real, -ratio.imag])
        np.testing.assert_allclose(value, n - np.log2(size), rtol=1e-12)
        np.testing.assert_allclose(g, expected, rtol=1e-9)
        counts.add(n)
    assert len(counts) > 1


def test_sorting():
    """Quicksort by comparison: a sum of the sorted numbers, weighed, gives each number the weight of its rank."""

    def sort(numbers: list[Any]) -> list[Any]:
        if len(numbers) < 2:
            return numbers
        first, rest = numbers[0], numbers[1:]
        return [*sort([x for x in rest if x < first]), first, *sort([x for x in rest if x >= first])]

    x = np.random.default_rng(0).permutation(30) / 7.0
    weights = np.arange(30.0) ** 2
    g = mg.grad(lambda x: mg.stack(sort(list(x))) @ weights)(x)
    np.testing.assert_array_equal(g, weights[np.argsort(np.argsort(x))])
    assert mg.grad(lambda x: sorted(x)[1] ** 2)([5.0, 3.0, 4.0]) == [0, 0, 8]


def test_recursion():
    def power(x: Any, n: int) -> Any:
        if n == 0:
            return 1.0
        half = power(x, n // 2)
        return half * half * x if n % 2 else half * half

    assert mg.grad(power)(2.0, 13) == 13 * 2.0**12
    with pytest.warns(GradientLost, match="no tensor"):
        assert mg.grad(lambda x: power(x, 0))(2.0) == 0

    def total(tree: Any) -> Any:
        return sum(total(branch) for branch in tree) if isinstance(tree, list) else tree * tree

    assert mg.grad(total)([1.0, [2.0, [3.0]], 4.0]) == [2, [4, [6]], 8]


@pytest.mark.parametrize(("x", "slope"), [(-2.0, -1.0), (0.5, 1.0), (3.0, 6.0)])
def test_branches(x: float, slope: float):
    def pieces(x: Any) -> Any:
        if x < 0:
            return -x
        return x if x < 1 else x * x

    assert mg.grad(pieces)(x) == slope


def test_many_steps_need_no_recursion():
    def walk(x: Any) -> Any:
        for _ in range(20_000):
            x = x + 1e-5 * x
        return x

    np.testing.assert_allclose(mg.grad(walk)(1.0), (1 + 1e-5) ** 20_000, rtol=1e-9)
