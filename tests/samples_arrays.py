"""Samples of NumPy's functions that edit, split and select, of polynomials, and of the parts of numbers."""

from __future__ import annotations

from functools import partial

import numpy as np
import samples
from samples import CUBE, NUMBER, A, B, P, Q, Sample, _binary, _calls, _unary
from samples_networks import _each_of

some = partial(samples.some, rng=np.random.default_rng(2))  # its own numbers: those of other files stay as they are
positive = partial(some, low=0.3, high=2.5)

ROW, SHORT, HOLES = some(5), some(3), np.where(np.arange(12) % 5 == 1, np.nan, some(12)).reshape(3, 4)
STEPS = 3 * some(2, 6)
MATRICES = some(2, 3, 3) + 2 * np.eye(3)

SAMPLES: dict[str, list[Sample]] = {
    # parts of a number
    **{name: _unary(name, A, NUMBER) for name in ("positive", "real", "imag", "conj", "conjugate", "copy", "sinc", "i0")},
    "sinc": _unary("sinc", A, np.array([0.0, 1e-9, -0.01, 0.4, 3.0])),
    "i0": _unary("i0", A, np.array([0.0, 1e-9, -7.0, 20.0])),
    "copysign": _binary("copysign", (A, B), (A, SHORT), (A, -1.0)),
    "heaviside": _binary("heaviside", (A, B), (np.array([-1.3, 0.7]), NUMBER)),
    "fmod": _binary("fmod", (3 * A, P), (3 * A, -Q[0]), (A, 0.7)),
    "divmod": [Sample(lambda m, a, b: list(m.divmod(a, b)), (3 * A, P)), Sample(lambda m, a: list(m.divmod(a, 0.7)), (A,))],
    "float_power": _binary("float_power", (P, B), (P, 2), (2, A)),
    "modf": _calls(lambda m, x: list(m.modf(x)), on=(3 * A,)),
    "ldexp": [*_calls(lambda m, x: m.ldexp(x, 3), lambda m, x: m.ldexp(x, np.array([-1, 0, 4])), on=(A,))],
    "frexp": _calls(lambda m, x: m.frexp(x)[0], on=(20 * A,)),
    "logaddexp2": _binary("logaddexp2", (A, B), (A, SHORT)),
    # axes
    **{
        name: _calls(lambda m, x, f=name: getattr(m, f)(x), on=(x,)) + _each_of(
            (lambda m, a, b, f=name: list(getattr(m, f)(a, b)), A, CUBE)
        ) for name, x in (("atleast_1d", NUMBER), ("atleast_2d", SHORT), ("atleast_3d", A))
    },
    "broadcast_arrays": _each_of((lambda m, a, b: list(m.broadcast_arrays(a, b)), A, some(3, 1, 1))),
    "rollaxis": _calls(lambda m, x: m.rollaxis(x, 2), lambda m, x: m.rollaxis(x, 0, 3), lambda m, x: m.rollaxis(x, -2, -1)),
    "matrix_transpose": _calls(lambda m, x: m.matrix_transpose(x)),
    "flipud": _calls(lambda m, x: m.flipud(x)),
    "fliplr": _calls(lambda m, x: m.fliplr(x)),
    "rot90": [Sample(lambda m, x, k=k: m.rot90(x, k, (0, 2)), (CUBE,)) for k in range(-1, 5)] + _calls(lambda m, x: m.rot90(x)),
    # parts of arrays
    "array_split": _calls(lambda m, x: m.array_split(x, 3, -1), lambda m, x: m.array_split(x, 5, axis=1), lambda m, x: m.array_split(x, [1, 3], 2)),
    "hsplit": _calls(lambda m, x: m.hsplit(x, 3), lambda m, x: m.hsplit(x[0, 0], [1])),
    "vsplit": _calls(lambda m, x: m.vsplit(x, 2)),
    "dsplit": _calls(lambda m, x: m.dsplit(x, [1, 2])),
    "unstack": _calls(lambda m, x: list(m.unstack(x)), lambda m, x: list(m.unstack(x, axis=-1))),
    "sliding_window_view": _calls(
        lambda m, x: m.sliding_window_view(x, 2, -1), lambda m, x: m.sliding_window_view(x, (1, 2, 3)),
        lambda m, x: m.sliding_window_view(x, (2, 2), axis=(2, 2)), lambda m, x: m.sliding_window_view(x, (2, 3), (1, -1)),
    ),
    "compress": _calls(
        lambda m, x: m.compress([True, False, True], x, axis=1), lambda m, x: m.compress([0, 1, 1], x), lambda m, x: m.compress([1, 0], x, -1)
    ),
    "extract": _calls(lambda m, x: m.extract(CUBE > 0, x)),
    "diagflat": _calls(lambda m, x: m.diagflat(x), lambda m, x: m.diagflat(x, -1), on=(A,)),
    "trim_zeros": _calls(
        lambda m, x: m.trim_zeros(m.pad(x, 1)), lambda m, x: m.trim_zeros(m.pad(x, 1), "f"), lambda m, x: m.trim_zeros(m.pad(x, 1), "B", axis=-1),
        lambda m, x: m.trim_zeros(m.pad(x[0], 2)), lambda m, x: m.trim_zeros(m.pad(x[1], (1, 2)), trim="b"), on=(A,),
    ),
    # editing
    "delete": _calls(
        lambda m, x: m.delete(x, 1, 1), lambda m, x: m.delete(x, [0, -1, 0], axis=-1), lambda m, x: m.delete(x, slice(None, None, 2), 2),
        lambda m, x: m.delete(x, np.array([True, False]), 0), lambda m, x: m.delete(x, 5),
    ),
    "insert": [
        *_each_of(
            (lambda m, x, v: m.insert(x, 1, v), A, NUMBER), (lambda m, x, v: m.insert(x, -1, v, axis=1), A, some(2)),
            (lambda m, x, v: m.insert(x, [0, 3, 0], v, 1), A, some(3)), (lambda m, x, v: m.insert(x, [2, 5], v), A, some(2)),
        ),
        *_calls(lambda m, x: m.insert(x, 6, 2.0), on=(A,)),
    ],
    "resize": _calls(lambda m, x: m.resize(x, (3, 4)), lambda m, x: m.resize(x, 4), on=(A,)),
    "block": [
        Sample(lambda m, a, b: m.block([[a, b], [b, a]]), (A, B)), Sample(lambda m, a, b: m.block([a, 2.0, b]), (SHORT, NUMBER)),
        Sample(lambda m, a, b: m.block([[a, 1.0], [b, 2.0]]), (some(1, 2), some(1, 2))), Sample(lambda m, a: m.block(a), (A,)),
    ],
    "full": _each_of((lambda m, v: m.full((2, 3), v), NUMBER), (lambda m, v: m.full((2, 3), v), SHORT)),
    # selecting
    "choose": [
        Sample(lambda m, a, b: m.choose([[0, 1, 0], [1, 1, 0]], [a, b]), (A, SHORT)),
        Sample(lambda m, a: m.choose([-1, 5, 3], [a, a * 2, 1.0], mode="wrap"), (SHORT,)),
        Sample(lambda m, a: m.choose(np.array([-1, 5, 1]), a, mode="clip"), (some(3, 3),)),
    ],
    "piecewise": _calls(
        lambda m, x: m.piecewise(x, [x < 0, x >= 0.5], [lambda v: v**2, lambda v: 3 * v]),
        lambda m, x: m.piecewise(x, [x < 0, x > -0.5], [-1.0, lambda v: m.exp(v), 2.0]),
        lambda m, x: m.piecewise(x, [x > 0], [lambda v, k, s=1: s * v**k, 0.5], 3, s=2.0), on=(A,),
    ) + _calls(lambda m, x: m.piecewise(x, [x > 9, x < 9], [1.0, lambda v: v * v]), on=(NUMBER,)),
    "apply_along_axis": _calls(
        lambda m, x: m.apply_along_axis(lambda v: v * v[0], 1, x), lambda m, x: m.apply_along_axis(lambda v, p: m.sum(v**p), -1, x, 3),
        lambda m, x: m.apply_along_axis(lambda v: m.outer(v, v), 0, x), on=(CUBE,),
    ),
    "apply_over_axes": _calls(
        lambda m, x: m.apply_over_axes(m.sum, x, [0, -1]), lambda m, x: m.apply_over_axes(m.cumsum, x, 1),
    ),
    # sorting
    "partition": _calls(lambda m, x: m.partition(x, range(4)), lambda m, x: m.partition(x, [1, 0], 0), lambda m, x: m.partition(x, range(24), None)),
    "argpartition": _calls(lambda m, x: m.argpartition(x, range(4)), lambda m, x: m.argpartition(x, [2, 0, 1], axis=1)),
    # calculus
    "ediff1d": _calls(lambda m, x: m.ediff1d(x), lambda m, x: m.ediff1d(x, 9.0, [1.0, 2.0]), on=(A,)),
    "gradient": _each_of(
        (lambda m, f: list(m.gradient(f)), CUBE), (lambda m, f, h: m.gradient(f, h), ROW, positive()),
        (lambda m, f, h: m.gradient(f, h, edge_order=2), ROW, positive()), (lambda m, f: m.gradient(f, 0.5, axis=0), CUBE),
        (lambda m, f, x: m.gradient(f, x, axis=-1), CUBE, np.cumsum(positive(4))),
        (lambda m, f, x: m.gradient(f, x, edge_order=2), ROW, np.cumsum(positive(5))),
        (lambda m, f, x, h: list(m.gradient(f, x, h, axis=(1, 2))), CUBE, np.cumsum(positive(3)), positive()),
    ),
    "cumulative_sum": _calls(
        lambda m, x: m.cumulative_sum(x, axis=1), lambda m, x: m.cumulative_sum(x, axis=-1, include_initial=True), lambda m, x: m.cumulative_sum(x[0, 0])
    ),
    "cumulative_prod": _calls(
        lambda m, x: m.cumulative_prod(x, axis=0), lambda m, x: m.cumulative_prod(x[0], axis=1, include_initial=True)
    ),
    "unwrap": _calls(lambda m, x: m.unwrap(x), lambda m, x: m.unwrap(x, axis=0), on=(STEPS,)) + [
        Sample(lambda m, x, p: m.unwrap(x, period=p), (STEPS, positive()))
    ],
    "nancumprod": _calls(lambda m, x: m.nancumprod(x), lambda m, x: m.nancumprod(x, axis=1), on=(HOLES,)),
    # products
    "vecdot": _each_of(
        (lambda m, a, b: m.vecdot(a, b), A, SHORT), (lambda m, a, b: m.vecdot(a, b, axis=0), CUBE, some(2)), (lambda m, a, b: m.linalg.vecdot(a, b), A, B)
    ),
    "matvec": _each_of((lambda m, a, x: m.matvec(a, x), A, SHORT), (lambda m, a, x: m.matvec(a, x), CUBE, some(2, 4))),
    "vecmat": _each_of((lambda m, x, a: m.vecmat(x, a), SHORT, A.T), (lambda m, x, a: m.vecmat(x, a), some(2, 3), CUBE)),
    "linalg.cond": _calls(
        lambda m, x: m.linalg.cond(x), lambda m, x: m.linalg.cond(x, -2), lambda m, x: m.linalg.cond(x, "fro"), lambda m, x: m.linalg.cond(x, 1), on=(MATRICES,)
    ) + _calls(lambda m, x: m.linalg.cond(x, 2), on=(A,)),
    "linalg.tensorinv": _calls(lambda m, x: m.linalg.tensorinv(m.reshape(x, (2, 3, 6))), lambda m, x: m.linalg.tensorinv(m.reshape(x, (6, 3, 2)), 1),
        on=(some(6, 6) + 3 * np.eye(6),)),
    "linalg.tensorsolve": _each_of(
        (lambda m, a, b: m.linalg.tensorsolve(m.reshape(a, (2, 3, 3, 2)), b), some(6, 6) + 3 * np.eye(6), A),
        (lambda m, a, b: m.linalg.tensorsolve(m.reshape(a, (3, 2, 6)), b, axes=(0, 1)), some(6, 6) + 3 * np.eye(6), some(6)),
    ),
    # polynomials
    "polyval": _each_of(
        (lambda m, p, x: m.polyval(p, x), ROW, A), (lambda m, p, x: m.polyval(p, x), SHORT, NUMBER),
        (lambda m, p, x: m.polyval(p, x), A, SHORT),
    ),
    "polyadd": _binary("polyadd", (ROW, SHORT), (SHORT, ROW), (SHORT, 2.0)),
    "polysub": _binary("polysub", (ROW, SHORT), (SHORT, ROW)),
    "polymul": _binary("polymul", (ROW, SHORT), (SHORT, NUMBER)),
    "polydiv": [Sample(lambda m, u, v: list(m.polydiv(u, v)), pair) for pair in ((ROW, SHORT), (SHORT, ROW), (ROW, NUMBER))],
    "polyder": _calls(lambda m, p: m.polyder(p), lambda m, p: m.polyder(p, 2), on=(ROW,)),
    "polyint": _calls(lambda m, p: m.polyint(p), lambda m, p: m.polyint(p, 3, [1.0, 2.0, 3.0]), on=(SHORT,)) + [
        Sample(lambda m, p, k: m.polyint(p, 2, k=k), (SHORT, NUMBER))
    ],
    "poly": _calls(lambda m, z: m.poly(z), on=(SHORT,)),
    "polyfit": [
        Sample(lambda m, x, y: m.polyfit(x, y, 2), (ROW, some(5))), Sample(lambda m, x, y, w: m.polyfit(x, y, 1, w=w), (ROW, some(5, 2), positive(5))),
        Sample(lambda m, x, y: list(m.polyfit(x, y, 1, cov=True)), (ROW, some(5))), Sample(lambda m, x, y: list(m.polyfit(x, y, 1, full=True)[::3]), (ROW, some(5))),
        Sample(lambda m, x, y: list(m.polyfit(x, y, 1, cov="unscaled")), (ROW, some(5, 2))),
    ],
}  # fmt: skip
