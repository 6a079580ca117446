"""Samples of what NumPy code calls besides: linear algebra, sorting, differences, nan, stacking, convolution by transforms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.signal
from samples import CUBE, NUMBER, A, B, P, Sample, _calls, positive, some
from samples_arrays import SAMPLES as ARRAYS
from samples_fft import SAMPLES as TRANSFORMS
from samples_networks import SAMPLES, _each_of, networks

networks.fftconvolve = scipy.signal.fftconvolve

SQUARE, TALL, ROW = some(3, 3), some(4, 3), some(5)
STACK = some(2, 3, 3) + 2 * np.eye(3)
HOLES = np.where(np.arange(24).reshape(2, 3, 4) % 5 == 1, np.nan, CUBE)
KNOTS, LEVELS = np.array([-1.5, -0.4, 0.3, 1.9]), some(4)


def _adjoint(m: Any, x: Any) -> Any:
    return m.swapaxes(m.conj(x) if x.dtype.kind == "c" else x, -1, -2)


def _positive_definite(m: Any, x: Any) -> Any:
    return x @ _adjoint(m, x)


def _symmetric(m: Any, x: Any) -> Any:
    return x + _adjoint(m, x)


def _squared(m: Any, x: Any) -> Any:
    return x * (m.conj(x) if x.dtype.kind == "c" else x)


def _eigh(m: Any, x: Any) -> list[Any]:
    """What does not depend on the signs and phases of the vectors."""
    w, v = m.linalg.eigh(_symmetric(m, x))
    return [w, _squared(m, v), v @ (m.sin(m.expand_dims(w, -1)) * _adjoint(m, v))]


def _svd(m: Any, x: Any) -> list[Any]:
    u, s, vh = m.linalg.svd(x, full_matrices=False)
    return [s, _squared(m, u), _squared(m, vh), (u * m.expand_dims(s, -2) ** 2) @ vh]


def _reduced(name: str, x: Any = CUBE, **static: Any) -> list[Sample]:
    def call(axis: Any, keepdims: bool) -> Callable[..., Any]:
        return lambda m, x: getattr(m, name)(x, axis=axis, keepdims=keepdims, **static)

    return [Sample(call(*where), (x,)) for where in ((None, False), (0, False), (-1, True), ((0, 2), False), ((1, 2), True))]


SAMPLES = SAMPLES | ARRAYS | TRANSFORMS | {  # a table of its own: what imports it changes no other
    # linear algebra
    "linalg.inv": _calls(lambda m, x: m.linalg.inv(x), on=(SQUARE,)) + _calls(lambda m, x: m.linalg.inv(x), on=(STACK,)),
    "linalg.solve": _each_of(
        (lambda m, a, b: m.linalg.solve(a, b), SQUARE, some(3)), (lambda m, a, b: m.linalg.solve(a, b), SQUARE, some(3, 2)),
        (lambda m, a, b: m.linalg.solve(a, b), STACK, some(3)), (lambda m, a, b: m.linalg.solve(a, b), STACK, some(4, 1, 3, 2)),
    ),
    "linalg.det": _calls(lambda m, x: m.linalg.det(x), on=(SQUARE,)) + _calls(lambda m, x: m.linalg.det(x), on=(STACK,)),
    "linalg.slogdet": _calls(lambda m, x: m.linalg.slogdet(x)[1], on=(SQUARE,))
    + _calls(lambda m, x: m.linalg.slogdet(-x).logabsdet, on=(STACK,)),
    "linalg.pinv": [
        *_calls(lambda m, x: m.linalg.pinv(x), on=(TALL,)), *_calls(lambda m, x: m.linalg.pinv(x, 1e-10), on=(some(2, 2, 3),)),
        *_calls(lambda m, x: m.linalg.pinv(x, rtol=1e-5), on=(SQUARE,)),
        *_calls(lambda m, x: m.linalg.pinv(m.outer(x, x), 1e-6), on=(some(3),)),
    ],
    "linalg.lstsq": _each_of(
        (lambda m, a, b: [m.linalg.lstsq(a, b, rcond=None)[i] for i in (0, 1, 3)], TALL, some(4)),
        (lambda m, a, b: list(m.linalg.lstsq(a, b, rcond=None)[:2]), TALL, some(4, 2)),
        (lambda m, a, b: m.linalg.lstsq(a, b)[0], some(2, 3), some(2)),
    ),
    "linalg.matrix_power": _calls(
        lambda m, x: m.linalg.matrix_power(x, 1), lambda m, x: m.linalg.matrix_power(x, 5), lambda m, x: m.linalg.matrix_power(x, -3),
        lambda m, x: m.linalg.matrix_power(x, 0), on=(STACK,),
    ),
    "linalg.multi_dot": _each_of(
        (lambda m, a, b: m.linalg.multi_dot([a, b]), A, B.T),
        (lambda m, a, b, c, d: m.linalg.multi_dot([a, b, c, d]), some(3), some(3, 2), some(2, 4), some(4)),
        (lambda m, a, b, c, d: m.linalg.multi_dot([a, b, c, d]), A, B.T, A, some(3)),
    ),
    "linalg.cholesky": _calls(
        lambda m, x: m.linalg.cholesky(_positive_definite(m, x)),
        lambda m, x: m.linalg.cholesky(_positive_definite(m, x), upper=True), on=(STACK,),
    ),
    "linalg.qr": [
        Sample(lambda m, x: list(m.linalg.qr(x)), (x,)) for x in (SQUARE, TALL, TALL.T, CUBE)
    ] + _calls(lambda m, x: m.linalg.qr(x, "r"), on=(TALL,)) + _calls(lambda m, x: list(m.linalg.qr(x, mode="complete")), on=(TALL.T,)),
    "linalg.eig": _calls(lambda m, x: m.linalg.eig(_symmetric(m, x) + 0.1 * x)[0], on=(SQUARE,)),
    "linalg.eigvals": _calls(lambda m, x: m.linalg.eigvals(_symmetric(m, x) + 0.1 * x), on=(STACK,)),
    "linalg.eigh": _calls(_eigh, on=(SQUARE,)) + _calls(_eigh, on=(STACK,)),
    "linalg.eigvalsh": _calls(
        lambda m, x: m.linalg.eigvalsh(_symmetric(m, x)), lambda m, x: m.linalg.eigvalsh(_symmetric(m, x), "U"), on=(STACK,)
    ),
    "linalg.svd": [Sample(_svd, (x,)) for x in (SQUARE, TALL, CUBE)]
    + _calls(lambda m, x: m.linalg.svd(x, compute_uv=False), lambda m, x: m.linalg.svd(x)[1], on=(STACK,)),
    "linalg.svdvals": _calls(lambda m, x: m.linalg.svdvals(x), on=(CUBE,)),
    "norm": SAMPLES["norm"] + _calls(
        lambda m, x: m.linalg.norm(x, "nuc", (1, 2)), lambda m, x: m.linalg.norm(x, 2, (0, -1)),
        lambda m, x: m.linalg.norm(x, -2, (2, 0), keepdims=True), lambda m, x: m.linalg.norm(x[0], 2), lambda m, x: m.linalg.norm(x[:, 0], "fro"),
    ),
    "linalg.vector_norm": _calls(
        lambda m, x: m.linalg.vector_norm(x), lambda m, x: m.linalg.vector_norm(x, axis=(0, 2), ord=3, keepdims=True),
        lambda m, x: m.linalg.vector_norm(x, axis=-1, ord=np.inf),
    ),
    "linalg.matrix_norm": _calls(
        lambda m, x: m.linalg.matrix_norm(x), lambda m, x: m.linalg.matrix_norm(x, ord="nuc", keepdims=True), lambda m, x: m.linalg.matrix_norm(x, ord=1)
    ),
    # products
    "vdot": _each_of((lambda m, a, b: m.vdot(a, b), A, B)),
    "cross": _each_of(
        (lambda m, a, b: m.cross(a, b), A, B), (lambda m, a, b: m.cross(a, b, axis=0), A.T, some(3, 1)),
        (lambda m, a, b: m.cross(a, b, axisa=1, axisb=0, axisc=0), CUBE, some(3)),
        (lambda m, a, b: m.linalg.cross(a, b, axis=-1), some(2, 1, 3), A),
    ),
    "kron": _each_of(
        (lambda m, a, b: m.kron(a, b), A, SQUARE), (lambda m, a, b: m.kron(a, b), ROW, A), (lambda m, a, b: m.kron(a, b), CUBE, ROW[:2]),
        (lambda m, a: m.kron(a, 2.0), A),
    ),
    "vander": _calls(
        lambda m, x: m.vander(x), lambda m, x: m.vander(x, 3), lambda m, x: m.vander(x, N=4, increasing=True), on=(ROW,)
    ),
    # sorting
    "sort": _calls(
        lambda m, x: m.sort(x), lambda m, x: m.sort(x, 0), lambda m, x: m.sort(x, axis=None), lambda m, x: m.sort(x, -2, kind="heapsort")
    ),
    "argsort": _calls(lambda m, x: m.argsort(x), lambda m, x: m.argsort(x, axis=0), lambda m, x: m.argsort(x, None)),
    "median": _reduced("median"),
    "quantile": _reduced("quantile", q=0.3) + _reduced("quantile", q=np.array([[0.0, 0.5], [0.71, 1.0]])) + [
        s for method in (
            "lower", "higher", "nearest", "midpoint", "hazen", "weibull", "median_unbiased", "normal_unbiased",
            "interpolated_inverted_cdf", "linear",
        ) for s in _reduced("quantile", q=[0.01, 0.3, 0.62, 0.99], method=method)[2:4]
    ] + _each_of(
        (lambda m, x, q: m.quantile(x, q, axis=1), CUBE, np.array([[0.21], [0.83]])), (lambda m, x, q: m.quantile(x, q), A, np.float64(0.37)),
        (lambda m, x, q: m.quantile(x, q, axis=(0, 2), method="hazen", keepdims=True), CUBE, np.array([0.01, 0.3, 0.77])),
        (lambda m, x, q: m.quantile(x, q, method="nearest"), ROW, np.float64(0.3)),
    ),
    "percentile": _reduced("percentile", q=20) + _calls(lambda m, x: m.percentile(x, [5, 95], method="hazen"), on=(ROW,))
    + _each_of((lambda m, x, q: m.percentile(x, q, axis=-1), CUBE, np.array([13.0, 61.0]))),
    # calculus
    "diff": _calls(
        lambda m, x: m.diff(x), lambda m, x: m.diff(x, 2, 1), lambda m, x: m.diff(x, axis=0), lambda m, x: m.diff(x, 0),
        lambda m, x: m.diff(x, prepend=0.5), lambda m, x: m.diff(x, n=2, axis=1, prepend=x[:, :1], append=2.0),
    ),
    "trapezoid": _each_of(
        (lambda m, y: m.trapezoid(y), CUBE), (lambda m, y: m.trapezoid(y, dx=0.5, axis=0), CUBE), (lambda m, y, dx: m.trapezoid(y, dx=dx), ROW, NUMBER),
        (lambda m, y, x: m.trapezoid(y, x), CUBE, some(4)), (lambda m, y, x: m.trapezoid(y, x, axis=1), CUBE, some(3)),
        (lambda m, y, x: m.trapezoid(y, x, axis=1), A, B),
    ),
    "interp": _each_of(
        (lambda m, x, xp, fp: m.interp(x, xp, fp), A, KNOTS, LEVELS), (lambda m, x, xp, fp: m.interp(x, xp, fp), NUMBER, KNOTS, LEVELS),
        (lambda m, x, xp, fp: m.interp(x, xp, fp, left=-1.0, right=2.0), 2 * A, KNOTS, LEVELS),
        (lambda m, x, xp, fp: m.interp(x, xp, fp, period=1.7), 2 * A, np.array([0.3, 4.7, 1.2, -0.6]), LEVELS),
        (lambda m, x, xp, fp, period: m.interp(x, xp, fp, period=period), 2 * A, np.array([0.3, 4.7, 1.2, -0.6]), LEVELS, np.float64(1.7)),
        (lambda m, x, xp, fp: m.interp(x, xp, fp), A, KNOTS[:1], LEVELS[:1]),
    ),
    # arrays from numbers, and side by side
    "linspace": _each_of(
        (lambda m, a, b: m.linspace(a, b, 5), NUMBER, some()), (lambda m, a: m.linspace(a, 3.0), NUMBER),
        (lambda m, a, b: m.linspace(a, b, 4, False, axis=-1), A, B[0]), (lambda m, a: m.linspace(0, a, num=1), A),
        (lambda m, a, b: m.linspace(a, b, 0), A, B),
    ),
    "logspace": _each_of(
        (lambda m, a, b: m.logspace(a, b, 5), NUMBER, some()), (lambda m, a, b: m.logspace(a, b, 3, endpoint=False, base=2.0), A, B),
        (lambda m, a: m.logspace(0, 2, 3, base=a), P[0, 0]),
    ),
    "geomspace": _each_of(
        (lambda m, a, b: m.geomspace(a, b, 5), positive(), positive()), (lambda m, a, b: m.geomspace(-a, -b, 4, axis=1), P, positive(3)),
    ),
    "full_like": _each_of(
        (lambda m, x, v: m.full_like(x, v), A, NUMBER), (lambda m, x, v: m.full_like(x, v), A, ROW[:3]),
        (lambda m, x, v: m.full_like(x, v, shape=(2, 2)), A, NUMBER),
    ),
    "select": _each_of((lambda m, a, b: m.select([CUBE[..., :2, :3] > 1, CUBE[..., :2, :3] < 0], [a, b], 0.5), A, B)),
    **{
        name: [Sample(lambda m, a, b, f=name: getattr(m, f)([a, b, a]), pair) for pair in pairs]
        for name, pairs in {
            "hstack": ((ROW, some(2)), (A, some(2, 1)), (NUMBER, ROW)), "vstack": ((some(3), A), (NUMBER, some(1))),
            "dstack": ((some(3), some(3)), (A, B), (CUBE, A)), "column_stack": ((ROW, some(5, 2)), (A, some(2))),
        }.items()
    },
    # nan
    **{name: _reduced(name, HOLES) for name in ("nansum", "nanprod", "nanmax", "nanmin", "nanmean")},
    **{name: _reduced(name, HOLES) + _reduced(name, HOLES, ddof=1)[3:] + _reduced(name)[:1] for name in ("nanvar", "nanstd")},
    "nancumsum": _calls(lambda m, x: m.nancumsum(x), lambda m, x: m.nancumsum(x, axis=1), on=(HOLES,)),
    "nanmedian": _reduced("nanmedian", HOLES),
    "nanquantile": _reduced("nanquantile", HOLES, q=0.3) + _reduced("nanquantile", HOLES, q=[[0.0, 0.5], [0.71, 1.0]])[:3]
    + _reduced("nanquantile", HOLES, q=[0.2, 0.8], method="hazen")[1:3]
    + _each_of((lambda m, x, q: m.nanquantile(x, q, axis=-1), HOLES, np.array([0.1, 0.77]))),
    "nanpercentile": _reduced("nanpercentile", HOLES, q=[5, 70])[2:]
    + _each_of((lambda m, x, q: m.nanpercentile(x, q, axis=1), HOLES, np.array([13.0, 61.0]))),
    "nan_to_num": _calls(lambda m, x: m.nan_to_num(x), lambda m, x: m.nan_to_num(x, nan=2.0), on=(HOLES,)),
    "fmax": _each_of((lambda m, a, b: m.fmax(a, b), A, B), (lambda m, a: m.fmax(a, 0.5), HOLES), (lambda m, a, b: m.fmax(a, b), ROW[:3], A)),
    "fmin": _each_of((lambda m, a, b: m.fmin(a, b), A, B), (lambda m, a: m.fmin(a, 0.5), HOLES), (lambda m, a, b: m.fmin(a, b), ROW[:3], A)),
    # statistics and angles
    "average": _reduced("average") + _each_of(
        (lambda m, x, w: m.average(x, weights=w), A, P), (lambda m, x, w: m.average(x, axis=1, weights=w), CUBE, positive(3)),
        (lambda m, x, w: m.average(x, -1, w, keepdims=True), A, P),
    ),
    "ptp": _reduced("ptp"),
    "cov": _calls(
        lambda m, x: m.cov(x), lambda m, x: m.cov(x, rowvar=False, bias=True), lambda m, x: m.cov(x[0], ddof=0), lambda m, x: m.cov(x[0], x[1]),
        on=(TALL,),
    ),
    "corrcoef": _calls(lambda m, x: m.corrcoef(x, rowvar=False), lambda m, x: m.corrcoef(x[0], x[1]), on=(TALL,)),
    "floor_divide": _each_of((lambda m, a, b: m.floor_divide(a, b), 3 * A, P), (lambda m, a: m.floor_divide(a, 0.7), A)),
    "remainder": _each_of((lambda m, a, b: m.remainder(a, b), 3 * A, P), (lambda m, a: m.remainder(a, 0.7), A), (lambda m, a, b: m.remainder(a, b), A, -P[0])),
    "deg2rad": _calls(lambda m, x: m.deg2rad(x), on=(A,)),
    "rad2deg": _calls(lambda m, x: m.rad2deg(x), on=(A,)),
    "append": _each_of(
        (lambda m, a, b: m.append(a, b), A, ROW), (lambda m, a, b: m.append(a, b, axis=1), A, some(2, 1)), (lambda m, a: m.append(a, 2.0), A),
    ),
    "meshgrid": _each_of(
        (lambda m, a, b: list(m.meshgrid(a, b)), ROW, some(3)), (lambda m, a, b, c: list(m.meshgrid(a, b, c, indexing="ij")), some(2), some(3), some(4)),
        (lambda m, a, b, c: list(m.meshgrid(a, b, c, sparse=True)), some(2), some(3), some(4)), (lambda m, a: list(m.meshgrid(a)), ROW),
    ),
    # transforms
    "fftconvolve": _each_of(
        (lambda m, a, b: m.fftconvolve(a, b), ROW, some(3)), (lambda m, a, b: m.fftconvolve(a, b, "same"), some(4), some(7)),
        (lambda m, a, b: m.fftconvolve(a, b, mode="valid"), A, some(5, 7)), (lambda m, a, b: m.fftconvolve(a, b, "same", axes=-1), A, some(1, 2)),
        (lambda m, a, b: m.fftconvolve(a, b, "valid", axes=[0, 2]), CUBE, some(1, 3, 2)),
    ),
}  # fmt: skip
