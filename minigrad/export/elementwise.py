"""Translations of arithmetic, transcendental functions and activations."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.export.build import RULES, Step, translates
from minigrad.ops.activation import SELU_ALPHA, SELU_SCALE
from minigrad.ops.transcendental import LN2, LN10

# Operations that ONNX has under another name, on the same inputs.
NAMES = {
    "abs": "Abs", "add": "Add", "arccos": "Acos", "arccosh": "Acosh", "arcsin": "Asin", "arcsinh": "Asinh",
    "arctan": "Atan", "arctanh": "Atanh", "ceil": "Ceil", "cos": "Cos", "cosh": "Cosh", "divide": "Div", "erf": "Erf",
    "exp": "Exp", "floor": "Floor", "log": "Log", "matmul": "MatMul", "maximum": "Max", "minimum": "Min", "mish": "Mish",
    "multiply": "Mul", "negative": "Neg", "power": "Pow", "reciprocal": "Reciprocal", "relu": "Relu",
    "sigmoid": "Sigmoid", "sign": "Sign", "sin": "Sin", "sinh": "Sinh", "softplus": "Softplus", "softsign": "Softsign",
    "sqrt": "Sqrt", "subtract": "Sub", "tan": "Tan", "tanh": "Tanh",
}  # fmt: skip


@translates(*NAMES)
def _same(s: Step) -> Any:
    return s(NAMES[s.node.op.name], *s.inputs())


def formula(name: str, write: Any) -> None:
    """Declare the translation of an operation whose settings do not matter, as a formula of its inputs."""
    RULES[name] = lambda s: write(s, *s.inputs())


formula("square", lambda s, x: s("Mul", x, x))
formula("cbrt", lambda s, x: s("Mul", s("Sign", x), s("Pow", s("Abs", x), 1 / 3)))
formula("trunc", lambda s, x: s("Mul", s("Sign", x), s("Floor", s("Abs", x))))
formula("hypot", lambda s, a, b: s("Sqrt", s("Add", s("Mul", a, a), s("Mul", b, b))))
formula("exp2", lambda s, x: s("Pow", 2.0, x))
formula("expm1", lambda s, x: s("Sub", s("Exp", x), 1.0))
formula("log1p", lambda s, x: s("Log", s("Add", x, 1.0)))
formula("log2", lambda s, x: s("Div", s("Log", x), LN2))
formula("log10", lambda s, x: s("Div", s("Log", x), LN10))
formula("logaddexp", lambda s, a, b: s("Add", s("Max", a, b), s("Softplus", s("Neg", s("Abs", s("Sub", a, b))))))
formula("log_sigmoid", lambda s, x: s("Neg", s("Softplus", s("Neg", x))))
formula("silu", lambda s, x: s("Mul", x, s("Sigmoid", x)))
formula("selu", lambda s, x: s("Selu", x, alpha=SELU_ALPHA, gamma=SELU_SCALE))


@translates("leaky_relu")
def _leaky_relu(s: Step) -> Any:
    return s("LeakyRelu", s.input(0), alpha=float(s.static["negative_slope"]))


@translates("hard_tanh")
def _hard_tanh(s: Step) -> Any:
    return s("Clip", s.input(0), float(s.static["min_val"]), float(s.static["max_val"]))


@translates("elu")
def _elu(s: Step) -> Any:
    return s("Elu", s.input(0), alpha=float(s.static["alpha"]))


@translates("gelu")
def _gelu(s: Step) -> Any:
    x = s.input(0)
    if s.static["approximate"] == "none":
        inner = s("Erf", s("Mul", x, math.sqrt(0.5)))
    else:
        cube = s("Mul", s("Mul", s("Mul", x, x), x), 0.044715)
        inner = s("Tanh", s("Mul", s("Add", x, cube), math.sqrt(2 / math.pi)))
    return s("Mul", s("Mul", x, 0.5), s("Add", inner, 1.0))


@translates("clip")
def _clip(s: Step) -> Any:
    x, low, high = s.inputs()
    if all(np.ndim(v) == 0 for v in s.node.values[1:] if v is not None):
        return s("Clip", x, low, high)
    x = x if low is None else s("Max", x, low)
    return x if high is None else s("Min", x, high)


@translates("where")
def _where(s: Step) -> Any:
    return s("Where", s.input(0, np.dtype(bool)), s.input(1), s.input(2))


@translates("round")
def _round(s: Step) -> Any:
    scale = 10.0 ** s.static["decimals"]
    return s("Round", s.input(0)) if scale == 1 else s("Div", s("Round", s("Mul", s.input(0), scale)), scale)


@translates("astype")
def _astype(s: Step) -> Any:
    return s.input(0)
