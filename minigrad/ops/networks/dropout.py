"""Dropout."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from minigrad.graph import ArrayLike, Value, value_of
from minigrad.operation import composed, op, static_value
from minigrad.ops.dtypes import floats
from minigrad.tracing import refuse

if TYPE_CHECKING:
    from minigrad.graph import Tensor


@op(hidden=("kept", "divisor"), formulas=("upstream where x was kept, scaled alike, else 0",))
def _dropout(x: Value, /, kept: Value, divisor: float) -> Value:
    """Keep some elements, scaled up, and set the others to 0."""
    out = x * kept
    out /= divisor
    return out


_dropout.rules(lambda g, out, x, kept, divisor: _dropout(g, kept, divisor))


@composed
def dropout(x: ArrayLike, p: float = 0.5, training: bool = True, *, rng: np.random.Generator | None = None) -> Tensor:
    """Inverted dropout: set each element to 0 with probability p, and divide the others by 1 - p to keep the expected value.

    If not training, or with p = 0, x is returned as it is; with p = 1 all is 0 (Srivastava et al., Dropout, 2014).

    Parameters
    ----------
    rng : numpy.random.Generator, optional
        Its draws decide; a fresh ``numpy.random.default_rng()`` if omitted, so that no two runs are alike.

    Examples
    --------
    >>> dropout(Tensor([1.0, 2.0, 3.0, 4.0]), 0.5, rng=np.random.default_rng(6))
    Tensor([0., 4., 6., 0.])
    """
    return _dropped(x, p, training, rng, np.shape(value_of(x)))


def _dropped(x: ArrayLike, p: float, training: bool, rng: np.random.Generator | None, mask: tuple[int, ...]) -> Tensor:
    """Dropout that draws a mask of a shape that broadcasts to x's."""
    p = static_value("p", p)
    if not 0 <= p <= 1:
        raise ValueError(f"p is a probability, from 0 to 1, got {p!r}")
    if not training or p == 0:
        return cast("Tensor", x)
    refuse("dropout draws random numbers, which a program would keep; draw the mask outside, and pass it in")
    rng = np.random.default_rng() if rng is None else rng
    kept = rng.random(mask, np.float32) >= p
    (x,) = floats(x)
    return _dropout(x, kept=kept, divisor=1 - p or 1.0)


def _channels(x: ArrayLike, axes: int) -> tuple[int, ...]:
    """The shape of a mask that keeps or drops whole channels of x, (N, C, ...) or (C, ...)."""
    shape: tuple[int, ...] = np.shape(value_of(x))
    if len(shape) not in (axes + 1, axes + 2):
        raise ValueError(f"x of shape {shape} is not (N, C, {axes} more) or (C, {axes} more)")
    return shape[:-axes] + (1,) * axes


@composed
def dropout1d(x: ArrayLike, p: float = 0.5, training: bool = True, *, rng: np.random.Generator | None = None) -> Tensor:
    """Dropout of whole channels of x (N, C, L) or (C, L), with the arguments of `dropout`.

    Tompson et al., Efficient Object Localization Using Convolutional Networks, 2015.

    >>> dropout1d(Tensor([[1.0, 1.0], [1.0, 1.0]]), rng=np.random.default_rng(6))
    Tensor([[0., 0.],
            [2., 2.]])
    """
    return _dropped(x, p, training, rng, _channels(x, 1))


@composed
def dropout2d(x: ArrayLike, p: float = 0.5, training: bool = True, *, rng: np.random.Generator | None = None) -> Tensor:
    """Dropout of whole channels of x (N, C, H, W) or (C, H, W), with the arguments of `dropout`; see `dropout1d`.

    >>> dropout2d(Tensor(np.ones((1, 2, 2, 2))), rng=np.random.default_rng(6)).data.ravel()
    array([0., 0., 0., 0., 2., 2., 2., 2.])
    """
    return _dropped(x, p, training, rng, _channels(x, 2))


@composed
def dropout3d(x: ArrayLike, p: float = 0.5, training: bool = True, *, rng: np.random.Generator | None = None) -> Tensor:
    """Dropout of whole channels of x (N, C, D, H, W) or (C, D, H, W), with the arguments of `dropout`; see `dropout1d`.

    >>> dropout3d(Tensor(np.ones((1, 2, 1, 1, 1))), rng=np.random.default_rng(6)).data.ravel()
    array([0., 2.])
    """
    return _dropped(x, p, training, rng, _channels(x, 3))
