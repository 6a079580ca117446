"""Translations of arithmetic, transcendental functions and activations."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from minigrad import ops
from minigrad.export.translation import Translation, translates
from minigrad.operation import Op
from minigrad.ops.networks.activation import SELU_ALPHA, SELU_SCALE
from minigrad.ops.transcendental import LN2, LN10

# Ops that ONNX has too, with the same inputs: under the same name, or under another one.
SAME = "Abs Add Ceil Cos Cosh Erf Exp Floor Log MatMul Mish Reciprocal Relu Sigmoid Sign Sin Sinh Softsign Sqrt Tan Tanh"
COUNTERPARTS: dict[Op[...], str] = {getattr(ops, name.lower()): name for name in SAME.split()} | {
    ops.arccos: "Acos",
    ops.arccosh: "Acosh",
    ops.arcsin: "Asin",
    ops.arcsinh: "Asinh",
    ops.arctan: "Atan",
    ops.arctanh: "Atanh",
    ops.divide: "Div",
    ops.maximum: "Max",
    ops.minimum: "Min",
    ops.multiply: "Mul",
    ops.negative: "Neg",
    ops.power: "Pow",
    ops.subtract: "Sub",
}


@translates(*COUNTERPARTS)
def _counterpart(t: Translation) -> str:
    return t(COUNTERPARTS[t.node.op], *t.inputs())


def formula(op: Op[...], write: Callable[..., str]) -> None:
    """Declare how an op without static arguments is translated: a formula of its inputs."""
    translates(op)(lambda t: write(t, *t.inputs()))


formula(ops.square, lambda t, x: t("Mul", x, x))
formula(ops.cbrt, lambda t, x: t("Mul", t("Sign", x), t("Pow", t("Abs", x), 1 / 3)))
formula(ops.trunc, lambda t, x: t("Mul", t("Sign", x), t("Floor", t("Abs", x))))
formula(ops.hypot, lambda t, a, b: t("Sqrt", t("Add", t("Mul", a, a), t("Mul", b, b))))
formula(ops.exp2, lambda t, x: t("Pow", 2.0, x))
formula(ops.expm1, lambda t, x: t("Sub", t("Exp", x), 1.0))
formula(ops.log1p, lambda t, x: t("Log", t("Add", x, 1.0)))
formula(ops.log2, lambda t, x: t("Div", t("Log", x), LN2))
formula(ops.log10, lambda t, x: t("Div", t("Log", x), LN10))
formula(ops.logaddexp, lambda t, a, b: t("Add", t("Max", a, b), t("Softplus", t("Neg", t("Abs", t("Sub", a, b))))))
formula(ops.log_sigmoid, lambda t, x: t("Neg", t("Softplus", t("Neg", x))))
formula(ops.silu, lambda t, x: t("Mul", x, t("Sigmoid", x)))
formula(ops.real, lambda t, x: t("Identity", x))  # a model is of real numbers
formula(ops.conj, lambda t, x: t("Identity", x))
formula(ops.imag, lambda t, x: t("Mul", x, 0.0))
formula(ops.deg2rad, lambda t, x: t("Mul", x, math.pi / 180))
formula(ops.rad2deg, lambda t, x: t("Mul", x, 180 / math.pi))
formula(ops.selu, lambda t, x: t("Selu", x, alpha=SELU_ALPHA, gamma=SELU_SCALE))


@translates(ops.leaky_relu)
def _leaky_relu(t: Translation) -> str:
    if t.node.inputs[1] is None and np.ndim(t.node.values[1]) == 0:
        return t("LeakyRelu", t.input(0), alpha=float(t.fixed(1)))
    x, slope = t.inputs()
    return t("Where", t("Greater", x, 0.0), x, t("Mul", x, slope))


@translates(ops.elu)
def _elu(t: Translation) -> str:
    if t.node.inputs[1] is None and np.ndim(t.node.values[1]) == 0:
        return t("Elu", t.input(0), alpha=float(t.fixed(1)))
    x, alpha = t.inputs()
    return t("Where", t("Greater", x, 0.0), x, t("Mul", alpha, t("Elu", x)))


@translates(ops.softplus)
def _softplus(t: Translation) -> str:
    if t.node.inputs[1] is None and np.all(t.node.values[1] == 1):
        return t("Softplus", t.input(0))
    x, beta = t.inputs()
    return t("Div", t("Softplus", t("Mul", x, beta)), beta)


@translates(ops.gelu)
def _gelu(t: Translation) -> str:
    x = t.input(0)
    if t.static["approximate"] == "none":
        inner = t("Erf", t("Mul", x, math.sqrt(0.5)))
    else:
        cube = t("Mul", t("Mul", t("Mul", x, x), x), 0.044715)
        inner = t("Tanh", t("Mul", t("Add", x, cube), math.sqrt(2 / math.pi)))
    return t("Mul", t("Mul", x, 0.5), t("Add", inner, 1.0))


@translates(ops.clip, ops.hard_tanh)
def _clip(t: Translation) -> str:
    x, (_, low, high) = t.input(0), t.inputs()
    if all(np.ndim(v) == 0 for v in t.node.values[1:] if v is not None):
        return t("Clip", x, low, high)
    x = x if low is None else t("Max", x, low)
    return x if high is None else t("Min", x, high)


@translates(ops.where)
def _where(t: Translation) -> str:
    return t("Where", t.input(0, np.dtype(bool)), t.input(1), t.input(2))


@translates(ops.round)
def _round(t: Translation) -> str:
    scale = 10.0 ** t.static["decimals"]
    return t("Round", t.input(0)) if scale == 1 else t("Div", t("Round", t("Mul", t.input(0), scale)), scale)


@translates(ops.astype)
def _astype(t: Translation) -> str:
    return t.input(0)
