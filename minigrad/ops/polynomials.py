"""Polynomials as vectors of coefficients, the highest power first: NumPy's functions before `numpy.polynomial`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from minigrad.graph import ArrayLike, Value, value_of
from minigrad.operation import composed
from minigrad.ops.dtypes import floats, of_one_kind, refuse_complex
from minigrad.ops.editing import trim_zeros
from minigrad.ops.elementwise import add, divide, multiply, sqrt, subtract, where
from minigrad.ops.indexing import getitem
from minigrad.ops.joining import concatenate, stack
from minigrad.ops.linalg import matmul, vander
from minigrad.ops.reduce import sum
from minigrad.ops.shape import atleast_1d, broadcast_to, expand_dims, transpose
from minigrad.ops.signal import convolve
from minigrad.ops.solve import inv, lstsq

if TYPE_CHECKING:
    from minigrad.graph import Tensor


def _coefficients(p: Value) -> Value:
    p = atleast_1d(p)
    if np.ndim(p) != 1:
        raise ValueError(f"the coefficients are a vector, got shape {np.shape(p)}")
    return cast("Tensor", p)


def _significant(p: Value) -> Value:
    """Coefficients without leading zeros, but at least one."""
    p = _coefficients(p)
    trimmed = trim_zeros(p, "f")
    return trimmed if np.size(trimmed) else getitem(p, slice(-1, None))


@composed
def polyval(p: ArrayLike, x: ArrayLike) -> Tensor:
    """Value of a polynomial at x, by Horner's rule; coefficients and points receive gradients.

    >>> polyval(Tensor([3.0, 0.0, 1.0]), 5.0)
    Tensor(76.0)
    """
    if np.ndim(p) == 0:
        raise ValueError("the coefficients are a vector, got a scalar")
    p, x = of_one_kind(p, x)
    if not np.size(p):
        return where(False, x, 0)
    y = broadcast_to(getitem(p, 0), np.broadcast_shapes(np.shape(p)[1:], np.shape(x)))
    for i in range(1, np.shape(p)[0]):
        y = add(multiply(y, x), getitem(p, i))
    return y


def _aligned(a: Value, b: Value) -> list[Value]:
    """Both with as many coefficients as the longer one has."""
    a, b = (_coefficients(p) for p in of_one_kind(a, b))
    size = max(np.size(a), np.size(b))
    return [concatenate([np.zeros(size - np.size(p), value_of(p).dtype), p]) if np.size(p) < size else p for p in (a, b)]


@composed
def polyadd(a: ArrayLike, b: ArrayLike) -> Tensor:
    """Sum of two polynomials.

    >>> polyadd(Tensor([1.0, 2.0]), [9.0, 5.0, 4.0])
    Tensor([9., 6., 6.])
    """
    return add(*_aligned(a, b))


@composed
def polysub(a: ArrayLike, b: ArrayLike) -> Tensor:
    """Difference of two polynomials.

    >>> polysub(Tensor([2.0, 10.0, -2.0]), [3.0, 10.0, -4.0])
    Tensor([-1.,  0.,  2.])
    """
    return subtract(*_aligned(a, b))


@composed
def polymul(a: ArrayLike, b: ArrayLike) -> Tensor:
    """Product of two polynomials, the convolution of their coefficients; leading zeros are dropped.

    >>> polymul(Tensor([1.0, 2.0]), [1.0, 3.0])
    Tensor([1., 5., 6.])
    """
    return convolve(_significant(a), _significant(b))


@composed
def polydiv(u: ArrayLike, v: ArrayLike) -> tuple[Tensor, Tensor]:
    """Quotient and remainder of two polynomials, by long division.

    >>> polydiv(Tensor([3.0, 5.0, 2.0]), [2.0, 1.0])
    (Tensor([1.5 , 1.75]), Tensor([0.25]))
    """
    refuse_complex("polydiv", u, v)
    u, v = floats(_coefficients(u), _coefficients(v))
    n = np.size(v) - 1
    steps, rest = np.size(u) - n, u
    quotient: list[Value] = []
    for i in range(steps):
        q = divide(getitem(rest, i), getitem(v, 0))
        below = subtract(getitem(rest, slice(i + 1, i + n + 1)), multiply(q, getitem(v, slice(1, None))))
        rest = concatenate([np.zeros(i + 1, value_of(rest).dtype), below, getitem(rest, slice(i + n + 1, None))])
        quotient.append(q)
    first = 0
    while first < np.size(u) - 1 and abs(float(value_of(rest)[first])) <= 1e-8:
        first += 1
    whole = stack(quotient) if quotient else multiply(getitem(u, slice(1)), 0)
    return whole, getitem(rest, slice(min(first, np.size(u) - 1), None))


@composed
def polyder(p: ArrayLike, m: int = 1) -> Tensor:
    """m-th derivative of a polynomial.

    >>> polyder(Tensor([1.0, 1.0, 1.0, 1.0]))
    Tensor([3., 2., 1.])
    """
    p = _coefficients(p)
    if m < 0:
        raise ValueError(f"the order of a derivative must not be negative, got {m}; see polyint")
    for _ in range(min(m, np.size(p))):
        p = multiply(getitem(p, slice(None, -1)), np.arange(np.size(p) - 1, 0, -1).astype(value_of(p).dtype))
    return cast("Tensor", p)


@composed
def polyint(p: ArrayLike, m: int = 1, k: ArrayLike | None = None) -> Tensor:
    """m-th antiderivative of a polynomial; `k` gives the constants of integration, the first one first, and 0 without it.

    >>> polyint(Tensor([2.0, 1.0]), k=3.0)
    Tensor([1., 1., 3.])
    """
    p, k = floats(_coefficients(p), k)
    if m < 0:
        raise ValueError(f"the order of an antiderivative must not be negative, got {m}; see polyder")
    k = np.zeros(1, value_of(p).dtype) if k is None else _coefficients(k)
    constants = broadcast_to(k, (m,)) if np.size(k) == 1 else k
    if np.size(constants) < m:
        raise ValueError(f"k needs a constant for each of {m} integrations, got {np.size(constants)}")
    for i in range(m):
        powers = np.arange(np.size(p), 0, -1).astype(value_of(p).dtype)
        p = concatenate([divide(p, powers), getitem(constants, slice(i, i + 1))])
    return cast("Tensor", p)


@composed
def poly(zeros: ArrayLike) -> Tensor:
    """Coefficients of the polynomial with given zeros, and 1 as the first.

    >>> poly(Tensor([1.0, 2.0]))
    Tensor([ 1., -3.,  2.])
    """
    if np.ndim(zeros) == 2:
        raise TypeError("of a matrix it needs the eigenvalues: pass those, as of minigrad.linalg.eigvalsh")
    (zeros,) = floats(_coefficients(zeros))
    p: Value = np.ones(1, value_of(zeros).dtype)
    for i in range(np.size(zeros)):
        p = convolve(p, concatenate([np.ones(1, value_of(zeros).dtype), -getitem(zeros, slice(i, i + 1))]))
    return cast("Tensor", p)


@composed
def polyfit(
    x: ArrayLike,
    y: ArrayLike,
    deg: int,
    rcond: float | None = None,
    full: bool = False,
    w: ArrayLike | None = None,
    cov: bool | str = False,
) -> Any:
    """Least-squares polynomial of degree `deg` through points; points, values and weights receive gradients.

    With `full` also the residuals, the rank, the singular values and `rcond`; with `cov` also the covariance matrix.

    >>> print(np.round(polyfit(Tensor([0.0, 1.0, 2.0]), [1.0, 3.0, 5.0], 1).data, 6))
    [2. 1.]
    """
    if np.ndim(x) != 1 or np.ndim(y) not in (1, 2) or np.shape(x)[0] != np.shape(y)[0] or not np.size(x):
        raise ValueError(f"needs a vector x and a y of as many rows, got shapes {np.shape(x)} and {np.shape(y)}")
    if deg < 0:
        raise ValueError(f"the degree must not be negative, got {deg}")
    x, y = floats(x, y)
    left, right = vander(x, deg + 1), y
    if w is not None:
        if np.shape(w) != np.shape(x):
            raise ValueError(f"w needs a weight for each point, got shapes {np.shape(w)} and {np.shape(x)}")
        left, right = multiply(left, expand_dims(w, 1)), multiply(right, w if np.ndim(y) == 1 else expand_dims(w, 1))
    length = sqrt(sum(multiply(left, left), 0))
    rcond = np.size(x) * np.finfo(value_of(x).dtype).eps if rcond is None else rcond
    c, residuals, rank, s = lstsq(left / length, right, rcond)
    c = transpose(transpose(c) / length)
    if full:
        return c, residuals, rank, s, rcond
    if not cov:
        return c
    spread = inv(matmul(transpose(left / length), left / length)) / length / expand_dims(length, 1)
    if cov == "unscaled":
        factor: Value = 1.0
    elif np.size(x) <= deg + 1:
        raise ValueError(f"the covariance needs more points than coefficients, got {np.size(x)} and {deg + 1}")
    else:
        factor = residuals / (np.size(x) - (deg + 1))
    return c, spread * factor if np.ndim(y) == 1 else expand_dims(spread, -1) * factor
