"""Samples of every operation: how it is called, and on what.

A sample is called with the module to take functions from, and the inputs: with minigrad to be tested, and with `reference`
to be compared with. Inputs keep away from kinks; ties and kinks have tests of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import plain
import scipy.special


class Sample(NamedTuple):
    call: Callable[..., Any]
    inputs: tuple[Any, ...]


class _Reference:
    """What minigrad is compared with: definitions in plain Python, SciPy, formulae; NumPy for what minigrad composes itself."""

    def __getattr__(self, name: str) -> Any:
        return getattr(plain, name, None) or getattr(np, name)

    astype = staticmethod(lambda x, dtype: np.asarray(x).astype(dtype))
    elu = staticmethod(lambda x, alpha=1.0: np.where(x > 0, x, alpha * (np.exp(x) - 1)))
    erf = staticmethod(scipy.special.erf)
    flatten = staticmethod(
        lambda x, start_axis=0, end_axis=-1: np.reshape(x, (*x.shape[:start_axis], -1, *x.shape[end_axis % x.ndim + 1 :]))
    )
    getitem = staticmethod(lambda x, key: x[key])
    hard_tanh = staticmethod(lambda x, min_val=-1, max_val=1: np.minimum(np.maximum(x, min_val), max_val))
    leaky_relu = staticmethod(lambda x, slope=0.01: np.maximum(x, 0) + slope * np.minimum(x, 0))
    log_sigmoid = staticmethod(scipy.special.log_expit)
    log_softmax = staticmethod(lambda x, axis=-1: scipy.special.log_softmax(x, axis))
    logsumexp = staticmethod(scipy.special.logsumexp)
    mish = staticmethod(lambda x: x * np.tanh(np.log(1 + np.exp(x))))
    norm = staticmethod(np.linalg.norm)
    relu = staticmethod(lambda x: np.where(x > 0, x, 0))
    selu = staticmethod(lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * (np.exp(x) - 1)))
    sigmoid = staticmethod(scipy.special.expit)
    silu = staticmethod(lambda x: x * scipy.special.expit(x))
    softmax = staticmethod(lambda x, axis=-1: scipy.special.softmax(x, axis))
    softplus = staticmethod(lambda x, beta=1.0: np.log(1 + np.exp(beta * x)) / beta)
    softsign = staticmethod(lambda x: x / (1 + np.abs(x)))

    @staticmethod
    def gelu(x: Any, approximate: str = "none") -> Any:
        if approximate == "tanh":
            return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
        return x * scipy.special.ndtr(x)

    @staticmethod
    def scatter(x: Any, key: Any, shape: tuple[int, ...]) -> Any:
        out = np.zeros(shape)
        np.add.at(out, key, x)
        return out


reference = _Reference()
_rng = np.random.default_rng(0)


def some(*shape: int, low: float = -2.0, high: float = 2.0, rng: np.random.Generator = _rng) -> Any:
    """Numbers of both signs, none of them near 0, -1 or 1, and no two alike."""
    x = rng.uniform(low, high, shape)
    for kink in (-1.0, 0.0, 1.0):
        x = np.where(np.abs(x - kink) < 0.05, x + 0.1, x)
    return x


def positive(*shape: int) -> Any:
    return some(*shape, low=0.3, high=2.5)


A, B, ROW, NUMBER = some(2, 3), some(2, 3), some(3), some()
P, Q = positive(2, 3), positive(2, 3)
INSIDE = some(2, 3, low=-0.9, high=0.9)
CUBE = some(2, 3, 4)


def _unary(name: str, *inputs: Any) -> list[Sample]:
    return [Sample(lambda m, x: getattr(m, name)(x), (x,)) for x in inputs]


def _binary(name: str, *pairs: tuple[Any, Any]) -> list[Sample]:
    return [Sample(lambda m, a, b: getattr(m, name)(a, b), pair) for pair in pairs]


def _calls(*calls: Callable[..., Any], on: tuple[Any, ...] = (CUBE,)) -> list[Sample]:
    return [Sample(call, on) for call in calls]


def _reduction(name: str, *, x: Any = CUBE, **static: Any) -> list[Sample]:
    def call(axis: Any, keepdims: bool) -> Callable[..., Any]:
        return lambda m, x: getattr(m, name)(x, axis=axis, keepdims=keepdims, **static)

    return [Sample(call(axis, keep), (x,)) for axis in (None, 0, -1, (0, 2)) for keep in (False, True)]


SAMPLES: dict[str, list[Sample]] = {
    # elementwise
    "add": _binary("add", (A, B), (A, ROW), (A, NUMBER), (NUMBER, NUMBER), (A, 2.0)),
    "subtract": _binary("subtract", (A, B), (ROW, A), (3, A)),
    "multiply": _binary("multiply", (A, B), (A, ROW), (2.0, A), (NUMBER, NUMBER)),
    "divide": _binary("divide", (A, P), (A, P[0]), (2, P), (P, 2)),
    "power": _binary("power", (P, B), (P, B[0]), (A, 2), (A, 3), (P, 0.5), (P, -1.5), (2, A), (A, 0), (A, 1)),
    "maximum": _binary("maximum", (A, B), (A, 0.5), (ROW, A)),
    "minimum": _binary("minimum", (A, B), (A, 0.5), (ROW, A)),
    "logaddexp": _binary("logaddexp", (A, B), (A, ROW)),
    "hypot": _binary("hypot", (A, B), (A, ROW)),
    "arctan2": _binary("arctan2", (A, B), (A, ROW)),
    "negative": _unary("negative", A, NUMBER),
    "reciprocal": _unary("reciprocal", A, NUMBER),
    "square": _unary("square", A, NUMBER),
    "sqrt": _unary("sqrt", P),
    "cbrt": _unary("cbrt", A),
    "abs": _unary("abs", A, NUMBER),
    "sign": _unary("sign", A),
    "angle": _calls(lambda m, x: m.angle(x), lambda m, x: m.angle(x, deg=True), on=(A,)),
    "floor": _unary("floor", A),
    "ceil": _unary("ceil", A),
    "trunc": _unary("trunc", A),
    "exp": _unary("exp", A, NUMBER),
    "exp2": _unary("exp2", A),
    "expm1": _unary("expm1", A),
    "log": _unary("log", P),
    "log1p": _unary("log1p", P),
    "log2": _unary("log2", P),
    "log10": _unary("log10", P),
    "sin": _unary("sin", A),
    "cos": _unary("cos", A),
    "tan": _unary("tan", INSIDE),
    "arcsin": _unary("arcsin", INSIDE),
    "arccos": _unary("arccos", INSIDE),
    "arctan": _unary("arctan", A),
    "sinh": _unary("sinh", A),
    "cosh": _unary("cosh", A),
    "tanh": _unary("tanh", A, NUMBER),
    "arcsinh": _unary("arcsinh", A),
    "arccosh": _unary("arccosh", P + 1),
    "arctanh": _unary("arctanh", INSIDE),
    "round": _calls(lambda m, x: m.round(x), lambda m, x: m.round(x, 1), on=(A,)),
    "clip": [
        *_calls(lambda m, x: m.clip(x, -0.5, 0.7), lambda m, x: m.clip(x, None, 0.7), lambda m, x: m.clip(x, -0.5, None), on=(A,)),
        Sample(lambda m, x, low, high: m.clip(x, low, high), (A, -P, P[0])),
        Sample(lambda m, x, low, high: m.clip(x, min=low, max=high), (A, np.float64(-0.4), np.float64(0.6))),
        Sample(lambda m, x, high: m.clip(x, max=high), (A, P)),
    ],
    "where": [
        Sample(lambda m, a, b: m.where([[True], [False]], a, b), (A, ROW)),
        Sample(lambda m, c, a: m.where(c > 0, a, 2.0), (A, B)),
    ],
    "astype": _calls(lambda m, x: m.astype(x, np.float64), on=(A,)),
    # activation
    **{
        name: _unary(name, A, NUMBER)
        for name in ("sigmoid", "log_sigmoid", "softplus", "softsign", "relu", "selu", "silu", "mish", "erf")
    },
    "leaky_relu": _calls(lambda m, x: m.leaky_relu(x), lambda m, x: m.leaky_relu(x, 0.3), on=(A,))
    + _binary("leaky_relu", (A, P[0]), (ROW, P), (A, NUMBER)),
    "elu": _calls(lambda m, x: m.elu(x), lambda m, x: m.elu(x, 0.5), on=(A,)) + _binary("elu", (A, P[0]), (ROW, P), (A, NUMBER)),
    "hard_tanh": [
        *_unary("hard_tanh", A, NUMBER), *_calls(lambda m, x: m.hard_tanh(x, -0.5, max_val=0.7), on=(A,)),
        Sample(lambda m, x, low, high: m.hard_tanh(x, low, high), (A, -P, P[0])),
        Sample(lambda m, x, low: m.hard_tanh(x, min_val=low), (A, np.float64(-0.3))),
    ],
    "gelu": _calls(lambda m, x: m.gelu(x), lambda m, x: m.gelu(x, approximate="tanh"), on=(A,)),
    # reduce
    **{name: _reduction(name) for name in ("sum", "mean", "prod", "max", "min", "logsumexp")},
    "var": _reduction("var") + _reduction("var", ddof=1),
    "std": _reduction("std") + _reduction("std", ddof=1),
    "norm": [
        *_reduction("norm", x=A[None])[:6],
        *_calls(
            lambda m, x: m.norm(x), lambda m, x: m.norm(x, 2, 1), lambda m, x: m.norm(x, 3, -1), lambda m, x: m.norm(x, 1, 0),
            lambda m, x: m.norm(x, 0.5, 0), lambda m, x: m.norm(x, np.inf, 1), lambda m, x: m.norm(x, -np.inf, 1),
            lambda m, x: m.norm(x, "fro", (0, 2)), lambda m, x: m.norm(x, 1, (0, 2)), lambda m, x: m.norm(x, -1, (2, 0)),
            lambda m, x: m.norm(x, np.inf, (0, 2), keepdims=True), lambda m, x: m.norm(x, -np.inf, (1, 2)),
        ),
    ],
    "cumsum": _calls(lambda m, x: m.cumsum(x), lambda m, x: m.cumsum(x, 1), lambda m, x: m.cumsum(x, axis=-1)),
    "cumprod": _calls(lambda m, x: m.cumprod(x), lambda m, x: m.cumprod(x, 1), lambda m, x: m.cumprod(x, axis=-1)),
    "argmax": _calls(lambda m, x: m.argmax(x), lambda m, x: m.argmax(x, axis=1, keepdims=True)),
    "argmin": _calls(lambda m, x: m.argmin(x), lambda m, x: m.argmin(x, axis=1)),
    "any": _calls(lambda m, x: m.any(x), lambda m, x: m.any(x, axis=(0, 1))),
    "all": _calls(lambda m, x: m.all(x), lambda m, x: m.all(x, axis=1, keepdims=True)),
    # shape
    "reshape": _calls(lambda m, x: m.reshape(x, (4, 6)), lambda m, x: m.reshape(x, -1), lambda m, x: m.reshape(x, (3, -1))),
    "ravel": _calls(lambda m, x: m.ravel(x)),
    "flatten": _calls(lambda m, x: m.flatten(x), lambda m, x: m.flatten(x, 1), lambda m, x: m.flatten(x, 0, 1)),
    "squeeze": _calls(lambda m, x: m.squeeze(x), lambda m, x: m.squeeze(x, 0), lambda m, x: m.squeeze(x, (0, -1)), on=(some(1, 3, 1),)),
    "expand_dims": _calls(lambda m, x: m.expand_dims(x, 0), lambda m, x: m.expand_dims(x, (0, -1))),
    "broadcast_to": _calls(lambda m, x: m.broadcast_to(x, (4, 2, 3)), lambda m, x: m.broadcast_to(x, (2, 3)), on=(some(2, 1),)),
    "transpose": _calls(lambda m, x: m.transpose(x), lambda m, x: m.transpose(x, (2, 0, 1)), lambda m, x: m.transpose(x, (1, -1, 0))),
    "permute": _calls(lambda m, x: m.permute(x, (1, 2, 0))),
    "swapaxes": _calls(lambda m, x: m.swapaxes(x, 0, -1)),
    "moveaxis": _calls(lambda m, x: m.moveaxis(x, 0, -1), lambda m, x: m.moveaxis(x, (0, 1), (-1, 0))),
    "flip": _calls(lambda m, x: m.flip(x), lambda m, x: m.flip(x, 1), lambda m, x: m.flip(x, (0, 2))),
    "roll": _calls(lambda m, x: m.roll(x, 2), lambda m, x: m.roll(x, -1, 1), lambda m, x: m.roll(x, (1, 2), (0, 2))),
    "tril": _calls(lambda m, x: m.tril(x), lambda m, x: m.tril(x, 1)),
    "triu": _calls(lambda m, x: m.triu(x), lambda m, x: m.triu(x, -1)),
    # indexing
    "getitem": _calls(
        lambda m, x: m.getitem(x, 1), lambda m, x: m.getitem(x, (slice(None), slice(None, None, -2))),
        lambda m, x: m.getitem(x, (..., None, 0)), lambda m, x: m.getitem(x, [1, 0, 1, 1]),
        lambda m, x: m.getitem(x, (slice(None), [0, 2, 0], [1, 1, 1])), lambda m, x: m.getitem(x, np.array([True, False])),
        lambda m, x: m.getitem(x, (0, [[0, 1], [2, 2]], slice(1, 3))), lambda m, x: m.getitem(x, (1, 2, 3)),
    ),
    "scatter": [
        Sample(lambda m, x: m.scatter(x, [2, 0, 2], (4,)), (ROW,)),
        Sample(lambda m, x: m.scatter(x, (slice(None), [1, 1, 0]), (2, 2)), (A,)),
        Sample(lambda m, x: m.scatter(x, slice(1, 4), (5,)), (ROW,)),
    ],
    "take": _calls(lambda m, x: m.take(x, [1, 0, 1], 0), lambda m, x: m.take(x, [[5, 5], [0, -1]]), lambda m, x: m.take(x, 2, axis=-1)),
    "take_along_axis": _calls(
        lambda m, x: m.take_along_axis(x, np.array([[[1], [0], [1]]]), axis=0),
        lambda m, x: m.take_along_axis(x, np.array([5, 5, 1]), axis=None),
    ),
    "diagonal": _calls(
        lambda m, x: m.diagonal(x), lambda m, x: m.diagonal(x, 1, 1, 2), lambda m, x: m.diagonal(x, -1, 2, 0),
        lambda m, x: m.diagonal(x, 7),
    ),
    "diag": _calls(lambda m, x: m.diag(x), lambda m, x: m.diag(x, -1), on=(ROW,)) + _calls(lambda m, x: m.diag(x, 1), on=(A,)),
    "concatenate": [
        Sample(lambda m, a, b: m.concatenate([a, b], 1), (A, some(2, 1))),
        Sample(lambda m, a, b: m.concatenate([a, b, a]), (A, B)),
        Sample(lambda m, a, b: m.concatenate([a, b], axis=None), (A, ROW)),
    ],
    "stack": [Sample(lambda m, a, b: m.stack([a, b]), (A, B)), Sample(lambda m, a, b: m.stack([a, b, a], axis=-1), (A, B))],
    "split": _calls(lambda m, x: m.split(x, 2), lambda m, x: m.split(x, [1, 3], axis=-1), lambda m, x: m.split(x, [1, 1, 9], axis=1)),
    "tile": _calls(lambda m, x: m.tile(x, 2), lambda m, x: m.tile(x, (2, 1, 3, 1)), lambda m, x: m.tile(x, (2, 2))),
    "repeat": _calls(lambda m, x: m.repeat(x, 2), lambda m, x: m.repeat(x, [1, 0, 2], axis=1), lambda m, x: m.repeat(x, 3, axis=-1)),
    "pad": _calls(
        lambda m, x: m.pad(x, 1), lambda m, x: m.pad(x, ((0, 1), (2, 0), (1, 1)), constant_values=3.0),
        lambda m, x: m.pad(x, ((1, 0), (2, 2), (3, 1)), "reflect"), lambda m, x: m.pad(x, (1, 3), mode="edge"),
        lambda m, x: m.pad(x, 2, "symmetric"), lambda m, x: m.pad(x, (1, 2), "wrap"),
    ) + [
        Sample(lambda m, x, v: m.pad(x, ((0, 1), (2, 0), (1, 1)), constant_values=v), (CUBE, NUMBER)),
        Sample(lambda m, x, v: m.pad(x, ((1, 2), (2, 0)), constant_values=v), (A, some(2, 2))),
        Sample(lambda m, x, v: m.pad(x, 1, "constant", constant_values=v), (A, some(2, 1))),
        Sample(lambda m, x: m.pad(x, 1, constant_values=(1.0, 2.0)), (A,)),
    ],
    # linalg
    "matmul": _binary(
        "matmul", (A, B.T), (ROW, A.T), (A, ROW), (ROW, some(3)), (CUBE, some(4, 2)), (some(3), some(2, 3, 2)),
        (some(2, 1, 2, 3), CUBE), (CUBE, some(4)), (CUBE, some(2, 4, 2)), (A, some(4, 3, 2)),
    ),
    "dot": _binary("dot", (ROW, some(3)), (A, B.T), (CUBE, some(4)), (some(2, 3), some(2, 3, 2)), (A, 2.0), (NUMBER, A)),
    "inner": _binary("inner", (ROW, some(3)), (A, B), (A, some(3)), (A, 2.0)),
    "outer": _binary("outer", (ROW, some(2)), (A, ROW)),
    "tensordot": [
        Sample(lambda m, a, b: m.tensordot(a, b), (CUBE, some(3, 4, 2))),
        Sample(lambda m, a, b: m.tensordot(a, b, 0), (ROW, some(2))),
        Sample(lambda m, a, b: m.tensordot(a, b, axes=([0, -1], [1, 0])), (CUBE, some(4, 2))),
        Sample(lambda m, a, b: m.tensordot(a, b, axes=(0, 1)), (A, some(3, 2))),
    ],
    "trace": _calls(lambda m, x: m.trace(x), lambda m, x: m.trace(x, 1, 1, 2)),
    "einsum": [
        Sample(lambda m, a, b: m.einsum("ij,kj->ik", a, b), (A, B)),
        Sample(lambda m, a, b: m.einsum("ij,jk", a, b), (A, B.T)),
        Sample(lambda m, a: m.einsum("ij->j", a), (A,)),
        Sample(lambda m, a: m.einsum("ij->", a), (A,)),
        Sample(lambda m, a: m.einsum("ba", a), (A,)),
        Sample(lambda m, a: m.einsum("ii", a), (some(3, 3),)),
        Sample(lambda m, a: m.einsum("ii->i", a), (some(3, 3),)),
        Sample(lambda m, a: m.einsum("iji->j", a), (some(2, 3, 2),)),
        Sample(lambda m, a, b: m.einsum("ij,kl->il", a, b), (A, B)),
        Sample(lambda m, a, b, c: m.einsum("ij,jk,kl->il", a, b, c), (A, B.T, some(2, 2))),
        Sample(lambda m, a, b, c: m.einsum("i,i,i->i", a, b, c), (ROW, some(3), some(3))),
        Sample(lambda m, a, b: m.einsum("...ij,jk->...ik", a, b), (CUBE, some(4, 2))),
        Sample(lambda m, a, b: m.einsum("...ij,...jk", a, b), (CUBE, some(4, 2))),
        Sample(lambda m, a, b: m.einsum("i...,i->...", a, b), (CUBE, some(2))),
        Sample(lambda m, a, b: m.einsum("ij,ij->ij", a, b), (A, some(1, 3))),
        Sample(lambda m, a: m.einsum("ij,ij->i", a, a), (A,)),
        Sample(lambda m, a, b: m.einsum("ij,jk->ik", a, b), (some(2, 1), some(3, 4))),
        Sample(lambda m, a, b: m.einsum("...i,...i->...", a, b), (some(1, 3), some(4, 3))),
    ],
    # norm
    "softmax": _calls(lambda m, x: m.softmax(x), lambda m, x: m.softmax(x, 1), lambda m, x: m.softmax(x, axis=(0, 2))),
    "log_softmax": _calls(lambda m, x: m.log_softmax(x), lambda m, x: m.log_softmax(x, 0), lambda m, x: m.log_softmax(x, axis=(0, 2))),
}  # fmt: skip
