"""What is said of a function, an argument or a direction that does not fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor


@dataclass
class Line:
    slope: Any
    offset: Any


X, INTEGERS = np.ones(3), np.arange(3)
SQUARE = lambda x: np.sum(x * x)  # noqa: E731
MESSAGES = {
    "an array in place of a number": (lambda: mg.grad(lambda x: x * 2)(X), ValueError, r"grad: the function must return one number, got an array of shape \(3,\); reduce it, .*\.sum\(\), or use jacobian"),
    "an array of one number": (lambda: mg.value_and_grad(lambda x: x[:1])(X), ValueError, r"value_and_grad: .* shape \(1,\)"),
    "no number": (lambda: mg.grad(lambda x: {"a": x})(X), TypeError, "grad: the function must return one number, a 0-d tensor, got dict with a"),
    "nothing": (lambda: mg.grad(lambda x: None)(X), TypeError, "got None"),
    "integers": (lambda: mg.grad(SQUARE)(INTEGERS), TypeError, r"grad: argument 0 holds int64 numbers, which have no gradient; pass floats, as with \.astype\(float\), or leave it out"),
    "integers deep inside": (lambda: mg.grad(SQUARE)({"a": [1.0, INTEGERS]}), TypeError, r"grad: argument 0\['a'\]\[1\] holds int64"),
    "integers in a dataclass": (lambda: mg.grad(SQUARE)([Line(1.0, INTEGERS)]), TypeError, r"grad: argument 0\[0\]\.offset holds int64"),
    "a tensor of integers": (lambda: mg.grad(SQUARE)(Tensor(INTEGERS)), TypeError, "holds int64"),
    "a truth value": (lambda: mg.grad(SQUARE)(True), TypeError, "holds bool numbers"),
    "a string": (lambda: mg.jacobian(SQUARE, 1)(X, "abc"), TypeError, "jacobian: argument 1: expected numbers"),
    "a complex result": (lambda: mg.grad(SQUARE)(X * 1j), TypeError, "grad: the function returns complex numbers; pass holomorphic=True"),
    "holomorphic of real numbers": (lambda: mg.grad(SQUARE, holomorphic=True)(X), TypeError, "grad: with holomorphic=True, arguments and results are complex numbers, got float64"),
    "hessian of a complex argument": (lambda: mg.hessian(lambda x: mg.sum(abs(x) ** 2))(X * 1j), TypeError, "hessian: the function returns complex numbers"),
    "nothing to differentiate for": (lambda: mg.grad(SQUARE)([]), TypeError, "argument 0 holds no numbers to differentiate for"),
    "argnums out of range": (lambda: mg.grad(SQUARE, 1)(X), TypeError, "grad: argnums=1 names a positional argument that this call, with 1, does not have; arguments passed by name"),
    "argnums by name": (lambda: mg.grad(SQUARE)(x=X), TypeError, "with 0, does not have"),
    "argnums negative out of range": (lambda: mg.hessian(SQUARE, (0, -2))(X), TypeError, r"hessian: argnums=\(0, -2\)"),
    "argnums twice": (lambda: mg.grad(lambda x, y: x * y, (0, -2))(1.0, 2.0), ValueError, "names the same of the 2 arguments twice"),
    "argnums of another kind": (lambda: mg.grad(SQUARE, "x"), TypeError, "grad: argnums is the position of an argument, or a tuple of positions, got 'x'"),
    "argnums that is a truth value": (lambda: mg.jacobian(SQUARE, True), TypeError, "jacobian: argnums"),
    "no argnums": (lambda: mg.hvp(SQUARE, ()), TypeError, r"hvp: argnums .* got \(\)"),
    "no function": (lambda: mg.grad(X), TypeError, "grad: the first argument is the function to differentiate, got ndarray"),
    "no aux": (lambda: mg.grad(SQUARE, has_aux=True)(X), TypeError, r"grad: with has_aux the function returns a pair \(result, aux\), got Tensor"),
    "a tangent of another shape": (lambda: mg.jvp(SQUARE, (X,), (np.ones(2),)), ValueError, r"jvp: the tangents\[0\] has shape \(2,\), but needs shape \(3,\)"),
    "too few tangents": (lambda: mg.jvp(SQUARE, (X, X), (X,)), TypeError, "jvp: the tangents: expected tuple of 2, got tuple of 1"),
    "a tangent in another container": (lambda: mg.jvp(SQUARE, ({"a": X},), ({"b": X},)), TypeError, "jvp: the tangents, at 0: expected dict with a, got dict with b"),
    "tangents that are no tuple": (lambda: mg.jvp(SQUARE, X, X), TypeError, r"jvp: primals and tangents are tuples, an entry for each argument; got ndarray of shape \(3,\)"),
    "a tangent that is no number": (lambda: mg.jvp(SQUARE, (X,), ("v",)), TypeError, "jvp: the tangents: expected numbers"),
    "an upstream gradient of another shape": (lambda: mg.vjp(lambda x: x, X)[1](1.0), ValueError, r"vjp_fn: the upstream gradient has shape \(\), but needs shape \(3,\)"),
    "no primals": (lambda: mg.vjp(SQUARE), TypeError, "vjp: pass the arguments to differentiate for"),
    "no vector": (lambda: mg.hvp(SQUARE)(X), TypeError, "hvp: pass the arguments of the function and, last, the vector; got 1 arguments"),
    "a vector of another shape": (lambda: mg.hvp(SQUARE)(X, 1.0), ValueError, r"hvp: the vector has shape \(\), but needs shape \(3,\)"),
    "the hessian of an array": (lambda: mg.hessian(lambda x: x)(X), ValueError, "hessian: the function must return one number"),
    "the hvp of an array": (lambda: mg.hvp(lambda x: x)(X, X), ValueError, "hvp: the function must return one number"),
}  # fmt: skip


@pytest.mark.parametrize("name", MESSAGES)
def test_what_is_said(name: str):
    call, kind, message = MESSAGES[name]
    with pytest.raises(kind, match=message):
        call()


def test_a_failing_function_leaves_nothing_behind():
    def fails(x: Any) -> Any:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        mg.grad(fails)(1.0)
    w = Tensor(2.0)
    assert type(mg.grad(lambda x: x * w)(1.0)) is np.float64  # not taken for a nested call
