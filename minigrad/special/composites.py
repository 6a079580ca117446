"""Functions of SciPy's that are made of others: reductions by exponentials, factorials and combinations."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import ops
from minigrad.graph import ArrayLike, array_of, value_of
from minigrad.operation import composed
from minigrad.ops.reduce import Axis, floating
from minigrad.special.gammas import binom, gamma, gammaln, poch

if TYPE_CHECKING:
    from minigrad.graph import Tensor


@composed
def softmax(x: ArrayLike, axis: Axis = None) -> Tensor:
    """Softmax; over all axes by default, as in SciPy.

    >>> softmax(Tensor([1e4, 1e4]))
    Tensor([0.5, 0.5])
    """
    return ops.softmax(x, axis=axis)


@composed
def log_softmax(x: ArrayLike, axis: Axis = None) -> Tensor:
    """Logarithm of the softmax; over all axes by default, as in SciPy.

    >>> log_softmax(Tensor([1e4, 0.0]))
    Tensor([     0., -10000.])
    """
    return ops.log_softmax(x, axis=axis)


@composed
def logsumexp(
    a: Any, axis: Axis = None, b: Any = None, keepdims: bool = False, return_sign: bool = False
) -> Tensor | tuple[Tensor, Any]:
    """Logarithm of a sum of exponentials with weights, ln Σ b eᵃ; with `return_sign`, of its absolute value, and its sign.

    >>> print(f"{logsumexp(Tensor([1000.0, 1000.0]), b=[0.5, 1.5]):.4f}")
    1000.6931
    """
    if b is None and not return_sign:
        return ops.logsumexp(a, axis=axis, keepdims=keepdims)
    b = 1.0 if b is None else b
    values, weights = np.broadcast_arrays(floating(value_of(a)), value_of(b))
    top = np.max(values, axis=axis, keepdims=True, initial=-np.inf, where=weights != 0)
    top = np.where(np.isfinite(top), top, 0.0)
    # An element of weight 0 adds nothing, however large it is.
    shifted = ops.where((weights == 0) & (values - top > 700), -np.inf, ops.subtract(a, top))
    total = ops.sum(ops.multiply(b, ops.exp(shifted)), axis=axis, keepdims=True)
    out = ops.log(ops.abs(total) if return_sign else total) + top
    axes = tuple(range(values.ndim)) if axis is None else axis
    out = out if keepdims else ops.squeeze(out, axes)
    if not return_sign:
        return out
    sign = np.sign(value_of(total))
    return out, sign if keepdims else np.squeeze(sign, axes)[()]


@composed
def multigammaln(a: ArrayLike, d: int) -> Tensor:
    """Logarithm of the multivariate gamma function of dimension d.

    >>> print(f"{multigammaln(Tensor(3.0), 2):.4f}")
    1.5502
    """
    if int(d) != d or d < 1:
        raise ValueError(f"d must be a positive integer, got {d}")
    if np.any(array_of(a) <= (d - 1) / 2):
        raise ValueError(f"a must be greater than (d - 1)/2 = {(d - 1) / 2}")
    constant = d * (d - 1) / 4 * math.log(math.pi)
    return ops.sum(ops.stack([gammaln(ops.subtract(a, j / 2)) for j in range(int(d))]), axis=0) + constant


@composed
def comb(N: Any, k: Any, *, exact: bool = False, repetition: bool = False) -> Tensor:  # noqa: N803
    """Number of combinations, `binom` where 0 ≤ k ≤ N and 0 elsewhere; differentiated in both.

    >>> comb(Tensor(5.0), 2)
    Tensor(10.0)
    """
    _not_exact(exact)
    if repetition:
        none = (array_of(k) == 0) & (array_of(N) >= 0)
        return ops.where(none, 1.0, binom(ops.subtract(ops.add(N, k), 1), k))
    return ops.where(_counted(N, k), binom(N, k), 0.0)


@composed
def perm(N: Any, k: Any, exact: bool = False) -> Tensor:  # noqa: N803
    """Number of permutations of k of N, `poch` (N − k + 1, k) where 0 ≤ k ≤ N and 0 elsewhere; differentiated in both.

    >>> perm(Tensor(5.0), 2)
    Tensor(20.0)
    """
    _not_exact(exact)
    return ops.where(_counted(N, k), poch(ops.add(ops.subtract(N, k), 1), k), 0.0)


@composed
def factorial(n: Any, exact: bool = False, extend: str = "zero") -> Tensor:
    """Factorial, Γ(n + 1) where n ≥ 0 and 0 elsewhere; of real numbers.

    >>> factorial(Tensor(4.0))
    Tensor(24.0)
    """
    _not_exact(exact)
    if extend != "zero":
        raise ValueError(f"extend must be 'zero', got {extend!r}; for complex numbers use gamma(n + 1)")
    return ops.where(array_of(n) >= 0, gamma(ops.add(n, 1)), 0.0)


def _not_exact(exact: bool) -> None:
    if exact:
        raise TypeError("exact=True computes with integers, which have no gradient; leave it out")


def _counted(n: Any, k: Any) -> Any:
    n, k = array_of(n), array_of(k)
    return (k <= n) & (n >= 0) & (k >= 0)
