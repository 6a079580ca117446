"""Lesson 12, gradients of gradients."""

import numpy as np

import minigrad.ops as ops
from minigrad.course.exercise import exercise
from minigrad.transforms import grad, hessian


def _derivative(f, n):
    for _ in range(n):
        f = grad(f)
    return f


exercise(
    "12.1",
    lambda derivative: {
        "the second derivative of x⁴ at 2": lambda: derivative(lambda x: x**4, 2)(2.0),
        "the fifth derivative of sin at 0.7": lambda: derivative(ops.sin, 5)(0.7),
        "the derivative of order 0 of x⁴": lambda: derivative(lambda x: x**4, 0)(2.0),
    },
    {"derivative": _derivative},
    "repeat f = mg.grad(f) n times in a loop",
    [
        ("differentiate n times: put mg.grad into a loop", {"derivative": lambda f, n: grad(f)}),
        ("this is one time too many", {"derivative": lambda f, n: _derivative(f, n + 1)}),
        ("this is one time too few", {"derivative": lambda f, n: _derivative(f, max(n - 1, 0))}),
        (
            "this is a power of the first derivative: differentiate again instead",
            {"derivative": lambda f, n: lambda x: grad(f)(x) ** n},
        ),
        ("return a function, not its value", {"derivative": lambda f, n: 0.0}),
    ],
)

A, B = np.array([[3.0, 1.0], [1.0, 2.0]]), np.array([1.0, -1.0])


def _quadratic(x):
    return x @ (A @ x) / 2 - B @ x


def _newton(f, x, *, sign=-1, rate=1.0, solve=np.linalg.solve):
    return x + sign * rate * solve(hessian(f)(x), grad(f)(x))


exercise(
    "12.2",
    lambda newton_step: {
        "one step for ½ xᵀA x - bᵀx": lambda: newton_step(_quadratic, np.array([5.0, 4.0])),
        "one step for x₀⁴ + x₁² x₀": lambda: newton_step(lambda x: x[0] ** 4 + x[1] ** 2 * x[0], np.array([1.0, 2.0])),
    },
    {"newton_step": _newton},
    "solve H s = -gradient for s, and return x + s",
    [
        ("the sign is reversed: H s = -gradient", {"newton_step": lambda f, x: _newton(f, x, sign=1)}),
        ("this is the step s: return x + s", {"newton_step": lambda f, x: _newton(f, x) - x}),
        ("this is a step of gradient descent: solve with the Hessian", {"newton_step": lambda f, x: x - grad(f)(x)}),
        (
            "multiply by the inverse of H, not by H: np.linalg.solve",
            {"newton_step": lambda f, x: _newton(f, x, solve=np.matmul)},
        ),
        (
            "divide by the matrix, not element by element: np.linalg.solve",
            {"newton_step": lambda f, x: x - grad(f)(x) / np.diag(hessian(f)(x))},
        ),
    ],
)


def _rosenbrock(x):
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


XR, VR = np.array([-1.2, 1.0]), np.array([2.0, -1.0])

exercise(
    "12.3",
    lambda hessian_times: {"H v for Rosenbrock's function": lambda: hessian_times(_rosenbrock, XR.copy(), VR.copy())},
    {"hessian_times": lambda f, x, v: hessian(f)(x) @ v},
    "the gradient, with respect to x, of mg.sum(mg.grad(f)(x) * v)",
    [
        ("this is the gradient times v: differentiate that once more", {"hessian_times": lambda f, x, v: grad(f)(x) * v}),
        (
            "multiply by v inside, before the outer gradient",
            {"hessian_times": lambda f, x, v: grad(lambda x: ops.sum(grad(f)(x)))(x)},
        ),
        (
            "multiply by v inside, before the outer gradient: outside it is too late",
            {"hessian_times": lambda f, x, v: v * grad(lambda x: ops.sum(grad(f)(x)))(x)},
        ),
        ("this is the scalar ∇f · v: take its gradient", {"hessian_times": lambda f, x, v: grad(f)(x) @ v}),
        ("this is vᵀ H v: differentiate with respect to x", {"hessian_times": lambda f, x, v: v @ hessian(f)(x) @ v}),
        ("this uses the diagonal of H alone", {"hessian_times": lambda f, x, v: np.diag(hessian(f)(x)) * v}),
    ],
)


def _params():
    rng = np.random.default_rng(0)
    return [a for i, o in [(2, 5), (5, 5), (5, 1)] for a in (rng.normal(size=(i, o)), rng.normal(size=o))]


def _forward(params, X):
    W1, b1, W2, b2, W3, b3 = params
    return (ops.tanh(ops.tanh(X @ W1 + b1) @ W2 + b2) @ W3 + b3)[:, 0]


def _penalty(params, X, *, squared=True, axis=1, reduce=ops.mean):
    slopes = grad(lambda X: ops.sum(_forward(params, X)))(X)
    lengths = ops.sum(slopes**2, axis=axis)
    return reduce(lengths if squared else lengths**0.5)


def _penalties(**how):
    return {"penalty": lambda params, X: _penalty(params, X, **how)}


def _points():
    return np.random.default_rng(3).normal(size=(3, 2))


exercise(
    "12.4",
    lambda penalty: {
        "the penalty at three points": lambda: penalty(_params(), _points()),
        "its gradient with respect to b1": (
            lambda: grad(lambda b1: penalty([_params()[0], b1, *_params()[2:]], _points()))(_params()[1])
        ),
    },
    {"penalty": _penalty},
    "the slopes are mg.grad(lambda X: mg.sum(forward(params, X)))(X); square them, sum along axis 1, take the mean",
    [
        ("square the lengths: no root", _penalties(squared=False)),
        ("take the mean over the points, not the sum", _penalties(reduce=ops.sum)),
        ("sum over the two coordinates of a point, axis 1", _penalties(axis=0)),
        ("sum over the coordinates before you take the mean", _penalties(axis=())),
        ("this penalises the logits: use their slopes", {"penalty": lambda params, X: ops.mean(_forward(params, X) ** 2)}),
    ],
)
