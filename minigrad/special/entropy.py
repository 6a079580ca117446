"""Logarithms times a factor: entropies and divergences. A factor of 0 makes the product 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from minigrad.graph import ArrayLike, Value
from minigrad.operation import composed, elementwise
from minigrad.special.base import in_dtype_of, sp

if TYPE_CHECKING:
    from minigrad.graph import Tensor


def _ratio(x: Value, y: Value) -> Value:
    """x / y, and 0 where both are 0."""
    both = (x == 0) & (y == 0)
    return np.where(both, 0.0, x / np.where(both, 1.0, y))


@elementwise
def xlogy(x: Value, y: Value, /) -> Value:
    """Product x ln y, and 0 where x is 0. Where x = 0 and y ≤ 0, both gradients are 0.

    >>> xlogy(Tensor(0.0), 0.0)
    Tensor(0.0)
    """
    return in_dtype_of(sp.xlogy(x, y), x, y)


xlogy.rules(
    lambda g, out, x, y: g * np.log(np.where((x == 0) & (y <= 0), 1.0, y)),
    lambda g, out, x, y: g * _ratio(x, y),
)


@elementwise
def xlog1py(x: Value, y: Value, /) -> Value:
    """Product x ln(1 + y), and 0 where x is 0. Where x = 0 and y ≤ −1, both gradients are 0.

    >>> xlog1py(Tensor(0.0), -1.0)
    Tensor(0.0)
    """
    return in_dtype_of(sp.xlog1py(x, y), x, y)


xlog1py.rules(
    lambda g, out, x, y: g * np.log1p(np.where((x == 0) & (y <= -1), 0.0, y)),
    lambda g, out, x, y: g * _ratio(x, 1 + y),
)


@elementwise
def entr(x: Value, /) -> Value:
    """Entropy of one event, −x ln x: 0 at 0, where its gradient is infinite, and −∞ for x < 0, where it is nan.

    >>> entr(Tensor([0.0, 1.0]))
    Tensor([ 0., -0.])
    """
    return sp.entr(x)


entr.rules(lambda g, out, x: -g * (np.log(x) + 1))


def _log_ratio(x: Value, y: Value, both: float) -> Value:
    """ln(x / y), accurate where they are nearly equal, and finite where the quotient overflows; `both` where both are 0."""
    near, none = (x < 2 * y) & (y < 2 * x), (x == 0) & (y == 0)
    far = np.log(np.where(near | none, 1.0, x)) - np.log(np.where(none, 1.0, y))
    return np.where(none, both, np.where(near, np.log1p(np.where(near, (x - y) / y, 0.0)), far))


@elementwise
def rel_entr(x: Value, y: Value, /) -> Value:
    """Relative entropy of one event, x ln(x / y).

    The gradient with respect to x is −∞ where only x is 0. Where both are 0, both gradients are 0.

    >>> rel_entr(Tensor([0.0, 1.0]), 1.0)
    Tensor([0., 0.])
    """
    return sp.rel_entr(x, y)


rel_entr.rules(lambda g, out, x, y: g * (_log_ratio(x, y, -1.0) + 1), lambda g, out, x, y: -g * _ratio(x, y))


@elementwise
def kl_divergence(x: Value, y: Value, /) -> Value:
    """`kl_div`, under a name that the loss of a network does not have."""
    return sp.kl_div(x, y)


kl_divergence.rules(lambda g, out, x, y: g * _log_ratio(x, y, 0.0), lambda g, out, x, y: g * _ratio(y - x, y))


@composed
def kl_div(x: ArrayLike, y: ArrayLike) -> Tensor:
    """Kullback-Leibler divergence of one event, x ln(x / y) − x + y. The gradient is as in `rel_entr`.

    >>> kl_div(Tensor([0.0, 1.0]), 1.0)
    Tensor([1., 0.])
    """
    return kl_divergence(x, y)
