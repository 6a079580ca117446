"""Complex numbers: their parts and conjugates, and the convention of their gradients.

The gradient of a function f of z = x + iy is its complex derivative where f is holomorphic, and ∂f/∂x − i ∂f/∂y where f is
real: autograd's convention and JAX's. In general a rule takes g, the gradient of the result, to the d for which
Re(g df) = Re(d dz). There is no conjugate in it, so the rules of holomorphic functions are those of real ones, and a linear
function's rule is its transpose; a rule conjugates only where its function is not holomorphic. A real variable among
complex numbers receives the real part.

PyTorch's gradients are the conjugates of these. Theirs is the direction of steepest ascent, ours its conjugate:
``w - lr * np.conj(grad)`` descends, as the optimisers of `minigrad.optim` do.

An operation accepts complex numbers if it is declared with ``complex=True``; all others refuse them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from minigrad.graph import ArrayLike, Value, array_of
from minigrad.operation import composed, op
from minigrad.ops.dtypes import is_complex
from minigrad.ops.elementwise import multiply, square
from minigrad.ops.indexing import getitem
from minigrad.ops.transcendental import arctan2, rad2deg

if TYPE_CHECKING:
    from minigrad.graph import Tensor


@op(elementwise=True, complex=True, affine=True)
def real(x: Value, /) -> Value:
    """Real part.

    >>> real(Tensor(3.0 + 4.0j))
    Tensor(3.0)
    """
    return np.real(x)


real.rules(lambda g, out, x: g)


@op(elementwise=True, complex=True, affine=True)
def imag(x: Value, /) -> Value:
    """Imaginary part.

    >>> imag(Tensor(3.0 + 4.0j))
    Tensor(4.0)
    """
    return np.imag(x)


imag.rules(lambda g, out, x: -1j * g)


@op(
    complex=True, affine=True
)  # not elementwise to a drawing or a Jacobian: no number times upstream is the conjugate of upstream
def conj(x: Value, /) -> Value:
    """Complex conjugate; its upstream gradient is conjugated too.

    >>> conj(Tensor(3.0 + 4.0j))
    Tensor((3-4j))
    """
    return np.conj(x)


conj.rules(lambda g, out, x: np.conj(g))

conjugate = conj


def squared_length(x: Value) -> Value:
    """|x|², by an expression that is smooth at 0."""
    return real(multiply(x, conj(x))) if is_complex(x) else square(x)


@composed
def real_if_close(x: ArrayLike, tol: float = 100) -> Tensor:
    """Real part where no imaginary part exceeds `tol`, a multiple of the dtype's precision; else x.

    >>> real_if_close(Tensor([1.0 + 1e-16j, 2.0]))
    Tensor([1., 2.])
    """
    values = array_of(x)
    return real(x) if np.isrealobj(np.real_if_close(values, tol)) else getitem(x, ...)


@composed
def angle(z: ArrayLike, deg: bool = False) -> Tensor:
    """Angle of a complex number, in radians or degrees; the gradient at 0 is 0.

    >>> print(f"{angle(Tensor(1.0j)):.4f}")
    1.5708
    """
    radians = arctan2(imag(z), real(z))
    return rad2deg(radians) if deg else radians
