"""NumPy's functions by their definition, in plain Python: element by element, line by line, index by index.

Where a forward of minigrad simply is NumPy's function, NumPy cannot vouch for it. Arrays are used to hold numbers here, never
to compute with them; sums are exact (`math.fsum`), and linear equations are solved in fractions.
"""

from __future__ import annotations

import builtins
import itertools
import math
import statistics
from collections.abc import Callable, Iterable
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import scipy.linalg


def _filled(shape: Any, at: Callable[[tuple[int, ...]], Any]) -> Any:
    """An array of a shape, each element told by its index."""
    shape = tuple(shape)
    elements = [at(index) for index in itertools.product(*map(range, shape))]
    kind = type(elements[0]) if elements and not isinstance(elements[0], np.generic) else float
    out = np.empty(math.prod(shape), kind)
    out[:] = elements
    return out.reshape(shape)


def _each(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function of numbers, element by element; its inputs broadcast."""

    def over(*inputs: Any) -> Any:
        arrays = [x if x is None else np.asarray(x) for x in inputs]
        shapes = [a.shape for a in arrays if a is not None]
        ndim = builtins.max(map(len, shapes))
        shape = [builtins.max(s) for s in zip(*((1,) * (ndim - len(s)) + s for s in shapes), strict=True)]

        def at(index: tuple[int, ...]) -> Any:
            return f(*(a if a is None else _stretched(a, index) for a in arrays))

        return _filled(shape, at)

    return over


def _stretched(a: Any, index: tuple[int, ...]) -> Any:
    """The element of an array that stands at an index once it is broadcast."""
    own = index[len(index) - a.ndim :]
    return a[tuple(0 if n == 1 else i for i, n in zip(own, a.shape, strict=True))].item()


# Elementwise

add = _each(lambda a, b: a + b)
subtract = _each(lambda a, b: a - b)
multiply = _each(lambda a, b: a * b)
divide = _each(lambda a, b: a / b)
power = _each(lambda a, b: float(a) ** b)
negative = _each(lambda x: -x)
reciprocal = _each(lambda x: 1 / x)
square = _each(lambda x: x * x)
sqrt, cbrt = _each(math.sqrt), _each(math.cbrt)
abs = _each(math.fabs)
sign = _each(lambda x: math.copysign(1.0, x) if x else 0.0)
hypot, arctan2 = _each(math.hypot), _each(math.atan2)
logaddexp = _each(lambda a, b: math.log(math.exp(a) + math.exp(b)))
maximum = fmax = _each(lambda a, b: a if a > b or b != b else b)
minimum = fmin = _each(lambda a, b: a if a < b or b != b else b)
floor, ceil, trunc = (_each(lambda x, f=f: float(f(x))) for f in (math.floor, math.ceil, math.trunc))
exp, exp2, expm1 = _each(math.exp), _each(math.exp2), _each(math.expm1)
log, log1p, log2, log10 = _each(math.log), _each(math.log1p), _each(math.log2), _each(math.log10)
sin, cos, tan = _each(math.sin), _each(math.cos), _each(math.tan)
arcsin, arccos, arctan = _each(math.asin), _each(math.acos), _each(math.atan)
sinh, cosh, tanh = _each(math.sinh), _each(math.cosh), _each(math.tanh)
arcsinh, arccosh, arctanh = _each(math.asinh), _each(math.acosh), _each(math.atanh)
deg2rad, rad2deg = _each(math.radians), _each(math.degrees)
floor_divide = _each(lambda a, b: float(math.floor(Fraction(a) / Fraction(b))))
remainder = _each(lambda a, b: float(Fraction(a) % Fraction(b)))
where = _each(lambda c, a, b: float(a if c else b))
positive = real = conj = conjugate = copy = _each(lambda x: x)
imag = _each(lambda x: 0.0)
copysign, fmod = _each(math.copysign), _each(math.fmod)
heaviside = _each(lambda x, h: h if x == 0 else float(x > 0))
logaddexp2 = _each(lambda a, b: math.log2(2.0**a + 2.0**b))
ldexp = _each(math.ldexp)
sinc = _each(lambda x: math.sin(math.pi * x) / (math.pi * x) if x else 1.0)
i0 = _each(lambda x: math.fsum((x / 2) ** (2 * n) / math.factorial(n) ** 2 for n in range(60)))


def modf(x: Any) -> Any:
    return _each(lambda v: math.modf(v)[0])(x), _each(lambda v: math.modf(v)[1])(x)


def frexp(x: Any) -> Any:
    return _each(lambda v: math.frexp(v)[0])(x), _each(lambda v: math.frexp(v)[1])(x)


def round(x: Any, decimals: int = 0) -> Any:
    return _each(lambda v: builtins.round(v, decimals))(x)


def clip(x: Any, min: Any = None, max: Any = None) -> Any:
    def between(v: float, low: float | None, high: float | None) -> float:
        v = v if low is None or v > low else low
        return v if high is None or v < high else high

    return _each(between)(x, min, max)


# Along axes


def _axes(axis: Any, ndim: int) -> list[int]:
    axes = range(ndim) if axis is None else [axis] if isinstance(axis, int) else axis
    return [i % ndim for i in axes]


def _reduction(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function of a list of numbers, for every line along axes."""

    def reduce(x: Any, axis: Any = None, *, keepdims: bool = False, **static: Any) -> Any:
        axes = _axes(axis, x.ndim)
        kept = [1 if i in axes else n for i, n in enumerate(x.shape)]

        def at(index: tuple[int, ...]) -> Any:
            ranges = [range(n) if i in axes else [index[i]] for i, n in enumerate(x.shape)]
            return f([x[where].item() for where in itertools.product(*ranges)], **static)

        out = _filled(kept, at)
        return out if keepdims else out.reshape([n for i, n in enumerate(kept) if i not in axes])

    return reduce


sum = _reduction(math.fsum)
mean = _reduction(statistics.fmean)
prod = _reduction(math.prod)
max, min = _reduction(builtins.max), _reduction(builtins.min)
var = _reduction(lambda line, ddof=0: statistics.pvariance(line) * len(line) / (len(line) - ddof))
std = _reduction(lambda line, ddof=0: math.sqrt(statistics.pvariance(line) * len(line) / (len(line) - ddof)))
argmax = _reduction(lambda line: line.index(builtins.max(line)))
argmin = _reduction(lambda line: line.index(builtins.min(line)))
any, all = _reduction(builtins.any), _reduction(builtins.all)


def _along(f: Callable[[list[float]], Iterable[Any]]) -> Callable[..., Any]:
    """A function from lists of numbers to lists as long, for every line along one axis."""

    def scan(x: Any, axis: int | None = None) -> Any:
        if axis is None:
            x, axis = ravel(x), 0
        axis %= x.ndim

        def line(index: tuple[int, ...]) -> list[Any]:
            return list(f([x[(*index[:axis], i, *index[axis + 1 :])].item() for i in range(x.shape[axis])]))

        return _filled(x.shape, lambda index: line(index)[index[axis]])

    return scan


cumsum = _along(itertools.accumulate)
cumprod = _along(lambda line: itertools.accumulate(line, lambda a, b: a * b))
_argsort = _along(lambda line: sorted(range(len(line)), key=line.__getitem__))
_sort = _along(sorted)


def argsort(x: Any, axis: int | None = -1) -> Any:
    return _argsort(x, axis)


def sort(x: Any, axis: int | None = -1, kind: str | None = None) -> Any:
    return _sort(x, axis)


# Shapes: where each element comes from


def reshape(x: Any, shape: Any) -> Any:
    shape = [shape] if isinstance(shape, int) else list(shape)
    if -1 in shape:
        shape[shape.index(-1)] = x.size // -math.prod(shape)
    row = [x[at].item() for at in itertools.product(*map(range, x.shape))]
    return _filled(shape, lambda at: row[_place(at, shape)])


def _place(at: tuple[int, ...], shape: Any) -> int:
    """Where an index stands if the last one runs fastest."""
    place = 0
    for i, n in zip(at, shape, strict=True):
        place = place * n + i
    return place


def ravel(x: Any) -> Any:
    return reshape(x, (x.size,))


def squeeze(x: Any, axis: Any = None) -> Any:
    axes = [i for i, n in enumerate(x.shape) if n == 1] if axis is None else _axes(axis, x.ndim)
    return reshape(x, [n for i, n in enumerate(x.shape) if i not in axes])


def expand_dims(x: Any, axis: Any) -> Any:
    ndim = x.ndim + (1 if isinstance(axis, int) else len(axis))
    axes, sizes = _axes(axis, ndim), iter(x.shape)
    return reshape(x, [1 if i in axes else next(sizes) for i in range(ndim)])


def broadcast_to(x: Any, shape: Any) -> Any:
    return _filled(shape, lambda at: _stretched(x, at))


def transpose(x: Any, axes: Any = None) -> Any:
    axes = range(x.ndim)[::-1] if axes is None else _axes(axes, x.ndim)
    return _filled([x.shape[i] for i in axes], lambda at: x[tuple(at[list(axes).index(i)] for i in range(x.ndim))].item())


permute = transpose


def swapaxes(x: Any, a: int, b: int) -> Any:
    axes = list(range(x.ndim))
    axes[a], axes[b] = axes[b], axes[a]
    return transpose(x, axes)


def moveaxis(x: Any, source: Any, destination: Any) -> Any:
    there = dict(zip(_axes(destination, x.ndim), _axes(source, x.ndim), strict=True))
    others = (i for i in range(x.ndim) if i not in there.values())
    return transpose(x, [there[i] if i in there else next(others) for i in range(x.ndim)])


def flip(x: Any, axis: Any = None) -> Any:
    axes = _axes(axis, x.ndim)
    return _filled(x.shape, lambda at: x[tuple(x.shape[i] - 1 - k if i in axes else k for i, k in enumerate(at))].item())


def roll(x: Any, shift: Any, axis: Any = None) -> Any:
    if axis is None:
        return reshape(roll(ravel(x), shift, 0), x.shape)
    by = dict(zip(_axes(axis, x.ndim), [shift] if isinstance(shift, int) else shift, strict=True))
    return _filled(x.shape, lambda at: x[tuple((k - by.get(i, 0)) % x.shape[i] for i, k in enumerate(at))].item())


def tril(x: Any, k: int = 0) -> Any:
    return _filled(x.shape, lambda at: x[at].item() if at[-1] - at[-2] <= k else 0.0)


def triu(x: Any, k: int = 0) -> Any:
    return _filled(x.shape, lambda at: x[at].item() if at[-1] - at[-2] >= k else 0.0)


def _picked(x: Any, axis: int, places: list[int]) -> Any:
    """Along an axis the elements at some places, in their order."""
    axis %= x.ndim
    shape = (*x.shape[:axis], len(places), *x.shape[axis + 1 :])
    return _filled(shape, lambda at: x[(*at[:axis], places[at[axis]], *at[axis + 1 :])].item())


def repeat(x: Any, repeats: Any, axis: int | None = None) -> Any:
    if axis is None:
        x, axis = ravel(x), 0
    times = [repeats] * x.shape[axis] if isinstance(repeats, int) else repeats
    return _picked(x, axis, [i for i, n in enumerate(times) for _ in range(n)])


def concatenate(parts: Any, axis: int | None = 0) -> Any:
    parts = [np.asarray(part) for part in parts]
    if axis is None:
        parts, axis = [ravel(part) for part in parts], 0
    axis %= parts[0].ndim
    places = [(part, k) for part in parts for k in range(part.shape[axis])]
    shape = (*parts[0].shape[:axis], len(places), *parts[0].shape[axis + 1 :])

    def at(index: tuple[int, ...]) -> float:
        part, k = places[index[axis]]
        return part[(*index[:axis], k, *index[axis + 1 :])].item()

    return _filled(shape, at)


def stack(parts: Any, axis: int = 0) -> Any:
    return concatenate([expand_dims(np.asarray(part), axis) for part in parts], axis)


def pad(x: Any, width: Any, mode: str = "constant", constant_values: Any = 0.0) -> Any:
    if isinstance(width, int):
        width = (width, width)
    widths = [width] * x.ndim if isinstance(width[0], int) else width * x.ndim if len(width) == 1 else width
    source = {  # of an index outside, the index of the element that stands there
        "edge": lambda k, n: builtins.min(builtins.max(k, 0), n - 1),
        "wrap": lambda k, n: k % n,
        "reflect": lambda k, n: n - 1 - builtins.abs(n - 1 - k % (2 * n - 2)) if n > 1 else 0,
        "symmetric": lambda k, n: k % n if k // n % 2 == 0 else n - 1 - k % n,
    }.get(mode)

    def at(index: tuple[int, ...]) -> float:
        own = [k - before for k, (before, _) in zip(index, widths, strict=True)]
        if source:
            own = [source(k, n) for k, n in zip(own, x.shape, strict=True)]
        outside = [i for i, (k, n) in enumerate(zip(own, x.shape, strict=True)) if not 0 <= k < n]
        if not outside:
            return x[tuple(own)].item()
        return np.broadcast_to(constant_values, (x.ndim, 2))[outside[-1], int(own[outside[-1]] >= 0)].item()

    return _filled([n + before + after for n, (before, after) in zip(x.shape, widths, strict=True)], at)


# Linear algebra


def matmul(a: Any, b: Any) -> Any:
    rows = a if a.ndim > 1 else a[None]
    columns = b if b.ndim > 1 else b[:, None]
    lead = max_shape(rows.shape[:-2], columns.shape[:-2])
    rows, columns = broadcast_to(rows, (*lead, *rows.shape[-2:])), broadcast_to(columns, (*lead, *columns.shape[-2:]))
    shape = (*lead, rows.shape[-2], columns.shape[-1])

    def at(index: tuple[int, ...]) -> float:
        *which, i, j = index
        return math.fsum(rows[(*which, i, k)].item() * columns[(*which, k, j)].item() for k in range(rows.shape[-1]))

    out = _filled(shape, at)
    return out.reshape([*lead, *shape[-2:][a.ndim == 1 : 2 - (b.ndim == 1)]])


def einsum(subscripts: str, *operands: Any) -> Any:
    """Every index that is not in the result is summed over; axes under an ellipsis are named by capital letters."""
    inputs, arrow, output = subscripts.partition("->")
    parts = inputs.split(",")
    hidden = [x.ndim - len(part.replace("...", "")) if "..." in part else 0 for part, x in zip(parts, operands, strict=True)]
    names = "ABCDEF"[: builtins.max(hidden)]
    parts = [part.replace("...", names[len(names) - n :]) for part, n in zip(parts, hidden, strict=True)]
    if not arrow:
        letters = "".join(parts)
        output = "..." + "".join(sorted(i for i in {*letters} - {*names} if letters.count(i) == 1))
    output = output.replace("...", names)
    sizes: dict[str, int] = {}
    for part, x in zip(parts, operands, strict=True):
        for i, n in zip(part, x.shape, strict=True):
            sizes[i] = builtins.max(n, sizes.get(i, 1))
    summed = [i for i in sizes if i not in output]

    def at(index: tuple[int, ...]) -> float:
        terms = []
        for rest in itertools.product(*(range(sizes[i]) for i in summed)):
            where = dict(zip([*output, *summed], [*index, *rest], strict=True))
            terms.append(
                math.prod(_stretched(x, tuple(where[i] for i in part)) for part, x in zip(parts, operands, strict=True))
            )
        return math.fsum(terms)

    return _filled([sizes[i] for i in output], at)


def max_shape(a: Any, b: Any) -> tuple[int, ...]:
    """The shape that two shapes broadcast to."""
    n = builtins.max(len(a), len(b))
    a, b = (1,) * (n - len(a)) + tuple(a), (1,) * (n - len(b)) + tuple(b)
    return tuple(map(builtins.max, a, b))


def _matrices(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function of one matrix, given as a list of rows, for each matrix of a stack."""

    def over(a: Any, *rest: Any) -> Any:
        out = [f(a[at].tolist(), *rest) for at in itertools.product(*map(range, a.shape[:-2]))]
        return np.reshape(out, (*a.shape[:-2], *np.shape(out[0])))

    return over


def _solved(a: list[list[float]], b: list[list[float]]) -> tuple[list[list[float]], float]:
    """The solution of a x = b by elimination in fractions, and the determinant of a; both are exact until rounded once."""
    n, determinant = len(a), Fraction(1)
    rows = [[Fraction(v) for v in (*left, *right)] for left, right in zip(a, b, strict=True)]
    for i in range(n):
        pivot = next(k for k in range(i, n) if rows[k][i])
        if pivot != i:
            rows[i], rows[pivot], determinant = rows[pivot], rows[i], -determinant
        determinant *= rows[i][i]
        rows[i] = [v / rows[i][i] for v in rows[i]]
        for k in range(n):
            if k != i:
                rows[k] = [v - rows[k][i] * w for v, w in zip(rows[k], rows[i], strict=True)]
    return [[float(v) for v in row[n:]] for row in rows], float(determinant)


def _identity(n: int) -> list[list[float]]:
    return [[float(i == j) for j in range(n)] for i in range(n)]


_determinant = _matrices(lambda a: _solved(a, _identity(len(a)))[1])


def _solve(a: Any, b: Any) -> Any:
    columns = b if b.ndim > 1 else b[:, None]
    lead = max_shape(a.shape[:-2], columns.shape[:-2])
    a, columns = broadcast_to(a, (*lead, *a.shape[-2:])), broadcast_to(columns, (*lead, *columns.shape[-2:]))
    at = itertools.product(*map(range, lead))
    out = np.reshape([_solved(a[i].tolist(), columns[i].tolist())[0] for i in at], columns.shape)
    return out if b.ndim > 1 else out[..., 0]


def _slogdet(a: Any) -> Any:
    found = _determinant(a)
    return np.linalg._linalg.SlogdetResult(sign(found), log(abs(found)))


def _cholesky(a: list[list[float]], upper: bool) -> Any:
    n = len(a)
    out = [[0.0] * n for _ in range(n)]
    for i in range(n):
        for j in range(i + 1):
            rest = a[i][j] - math.fsum(out[i][k] * out[j][k] for k in range(j))
            out[i][j] = math.sqrt(rest) if i == j else rest / out[j][j]
    return np.transpose(out) if upper else np.array(out)


def _eigh(a: Any) -> Any:
    """By LAPACK's QR iteration; NumPy takes its divide and conquer."""
    pairs = [scipy.linalg.eigh(m, driver="ev") for m in a.reshape(-1, *a.shape[-2:])]
    w, v = (np.reshape(part, (*a.shape[:-2], *part[0].shape)) for part in map(list, zip(*pairs, strict=True)))
    return w, v


def _eig(a: Any) -> Any:
    pairs = [scipy.linalg.eig(m) for m in a.reshape(-1, *a.shape[-2:])]
    w, v = (np.reshape(part, (*a.shape[:-2], *part[0].shape)) for part in map(list, zip(*pairs, strict=True)))
    return (w, v) if np.any(w.imag) else (w.real, v)


def _svd(a: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """By LAPACK's QR iteration; NumPy takes its divide and conquer."""
    matrices = a.reshape(-1, *a.shape[-2:])
    parts = [scipy.linalg.svd(m, full_matrices=full_matrices, lapack_driver="gesvd") for m in matrices]
    u, s, vh = (np.reshape(part, (*a.shape[:-2], *part[0].shape)) for part in map(list, zip(*parts, strict=True)))
    return (u, s, vh) if compute_uv else s


def _pinv(a: Any, rcond: float | None = None, *, rtol: float | None = None) -> Any:
    u, s, vh = _svd(a, full_matrices=False)
    least = (rcond if rcond is not None else rtol if rtol is not None else 1e-15) * s[..., :1]
    inverse = np.where(s > least, 1 / np.where(s > least, s, 1.0), 0.0)
    return matmul(swapaxes(vh, -1, -2) * inverse[..., None, :], swapaxes(u, -1, -2))


def _householder(a: list[list[float]]) -> tuple[Any, Any]:
    """Q and R of a matrix by reflections, Q square; the diagonal of R has the signs that LAPACK gives it."""
    m, n = len(a), len(a[0])
    r, q = np.array(a), np.array(_identity(m))
    for k in range(builtins.min(m - 1, n)):
        v = np.zeros(m)
        v[k:] = r[k:, k]
        v[k] += math.copysign(math.sqrt(math.fsum(v * v)), v[k])
        scale = 2 / math.fsum(v * v)
        r = np.array([[r[i, j] - scale * v[i] * math.fsum(v * r[:, j]) for j in range(n)] for i in range(m)])
        q = np.array([[q[i, j] - scale * math.fsum(q[i] * v) * v[j] for j in range(m)] for i in range(m)])
    return q, np.triu(r)


def _qr(a: Any, mode: str = "reduced") -> Any:
    parts = [_householder(m.tolist()) for m in a.reshape(-1, *a.shape[-2:])]
    k = builtins.min(a.shape[-2:]) if mode != "complete" else a.shape[-2]
    q = np.reshape([q[:, :k] for q, _ in parts], (*a.shape[:-1], k))
    r = np.reshape([r[:k] for _, r in parts], (*a.shape[:-2], k, a.shape[-1]))
    return r if mode == "r" else (q, r)


class _Linalg(SimpleNamespace):
    def __getattr__(self, name: str) -> Any:
        return getattr(np.linalg, name)


linalg = _Linalg(
    inv=_matrices(lambda a: _solved(a, _identity(len(a)))[0]),
    det=_determinant,
    slogdet=_slogdet,
    solve=_solve,
    cholesky=lambda a, *, upper=False: _matrices(_cholesky)(a, upper),
    pinv=_pinv,
    qr=_qr,
    eig=_eig,
    eigvals=lambda a: _eig(a)[0],
    eigh=_eigh,
    eigvalsh=lambda a, UPLO="L": _eigh(a)[0],  # noqa: N803
    svd=_svd,
    svdvals=lambda a: _svd(a)[1],
)


# Editing


def _edited(x: Any, axis: int | None, edit: Callable[[list[Any]], list[Any]]) -> Any:
    """An array whose slices along an axis, as a list, were edited."""
    x, axis = (x.reshape(-1), 0) if axis is None else (x, axis)
    slices = edit([x[(*(slice(None),) * (axis % x.ndim), i)] for i in range(x.shape[axis])])
    return np.stack(slices, axis) if slices else np.zeros((*x.shape[: axis % x.ndim], 0, *x.shape[axis % x.ndim + 1 :]))


def delete(x: Any, obj: Any, axis: int | None = None) -> Any:
    def edit(slices: list[Any]) -> list[Any]:
        gone = set(np.arange(len(slices))[obj].reshape(-1).tolist())
        return [s for i, s in enumerate(slices) if i not in gone]

    return _edited(x, axis, edit)


def insert(x: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    """For an index, with values that broadcast to one slice, or for a list of them, with a value or slice for each."""

    def edit(slices: list[Any]) -> list[Any]:
        like = slices[0]
        for_each, news = [obj], [values]
        if not isinstance(obj, int):
            for_each, at = list(obj), (0 if axis is None else axis) % (like.ndim + 1)
            news = list(np.moveaxis(np.broadcast_to(values, (*like.shape[:at], len(for_each), *like.shape[at:])), at, 0))
        before = sorted(zip([i % len(slices) if i < 0 else i for i in for_each], range(len(for_each)), strict=True))
        out: list[Any] = []
        for i in range(len(slices) + 1):
            out += [np.broadcast_to(news[j], like.shape) for at, j in before if at == i]
            out += slices[i : i + 1]
        return out

    return _edited(x, axis, edit)


def unwrap(p: Any, axis: int = -1, period: float = 2 * math.pi) -> Any:
    def edit(slices: list[Any]) -> list[Any]:
        out = slices[:1]
        for s in slices[1:]:
            turns = _each(lambda now, before: float(builtins.round((before - now) / period)))(s, out[-1])
            out.append(s + turns * period)
        return out

    return _edited(p, axis, edit)


def partition(x: Any, kth: Any, axis: int | None = -1) -> Any:
    """For all indices at once, which leaves no freedom in the order."""
    assert sorted(kth) == list(range(x.size if axis is None else x.shape[axis]))
    return sort(x, axis)


def argpartition(x: Any, kth: Any, axis: int | None = -1) -> Any:
    assert sorted(kth) == list(range(x.size if axis is None else x.shape[axis]))
    return argsort(x, axis)


def sliding_window_view(x: Any, window_shape: Any, axis: Any = None) -> Any:
    window = [window_shape] if isinstance(window_shape, int) else list(window_shape)
    axes = _axes(axis, x.ndim)
    lengths = list(x.shape)
    for n, i in zip(window, axes, strict=True):
        lengths[i] -= n - 1

    def at(index: tuple[int, ...]) -> Any:
        where = list(index[: x.ndim])
        for i, offset in zip(axes, index[x.ndim :], strict=True):
            where[i] += offset
        return x[tuple(where)].item()

    return _filled((*lengths, *window), at)
