"""Parts of a number: sign, whole part and fraction, mantissa and exponent, remainder, real and imaginary part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.graph import ArrayLike, Value, array_of, as_array, value_of
from minigrad.operation import composed, elementwise, op
from minigrad.ops.dtypes import astype, refuse_complex
from minigrad.ops.elementwise import floor_divide, power, remainder, trunc, zero

if TYPE_CHECKING:
    from minigrad.graph import Tensor


@op(elementwise=True, complex=True, affine=True, formulas=("1",))
def positive(x: Value, /) -> Value:
    """Unary plus, +x: a copy.

    >>> positive(Tensor(-2.0))
    Tensor(-2.0)
    """
    return np.positive(x)


positive.rules(lambda g, out, x: g)


@composed
def copy(x: ArrayLike, order: Any = "K") -> Tensor:
    """Copy; it is recorded, and passes its gradient on.

    >>> copy(Tensor([1.0, 2.0]))
    Tensor([1., 2.])
    """
    return astype(x, as_array(value_of(x), "copy").dtype)


# Signs and steps


@elementwise
def copysign(a: Value, b: Value, /) -> Value:
    """Magnitude of a with the sign of b. Its gradient is 0 where a is 0, and always for b.

    >>> copysign(Tensor(2.0), -0.0)
    Tensor(-2.0)
    """
    return np.copysign(a, b)


copysign.rules(lambda g, out, a, b: g * np.sign(a) * np.copysign(1.0, value_of(b)), zero)


@elementwise
def heaviside(x: Value, h: Value, /) -> Value:
    """Unit step: 0 where x < 0, 1 where x > 0, and h where x is 0. The gradient of x is 0; h receives its own where x is 0.

    >>> heaviside(Tensor([-1.0, 0.0, 2.0]), 0.5)
    Tensor([0. , 0.5, 1. ])
    """
    return np.heaviside(x, h)


heaviside.rules(zero, lambda g, out, x, h: np.where(x == 0, g, 0.0))


# Quotients and powers


@elementwise
def fmod(a: Value, b: Value, /) -> Value:
    """Remainder with the sign of the dividend, C's `fmod`. At a jump the gradient is that of the side away from 0.

    >>> fmod(Tensor([-1.0, 7.5]), 3.0)
    Tensor([-1. ,  1.5])
    """
    return np.fmod(a, b)


fmod.rules(lambda g, out, a, b: g, lambda g, out, a, b: -g * np.round((a - out) / b))


@composed
def divmod(a: ArrayLike, b: ArrayLike) -> tuple[Tensor, Tensor]:
    """Floor division and remainder.

    >>> divmod(Tensor(7.5), 3.0)
    (Tensor(2.0), Tensor(1.5))
    """
    return floor_divide(a, b), remainder(a, b)


@composed
def float_power(a: ArrayLike, b: ArrayLike) -> Tensor:
    """Power in double precision, of integers and single precision too; gradients as in `power`.

    >>> float_power(Tensor(np.float32(2.0)), -1)
    Tensor(0.5)
    """
    a, b = (astype(x, np.result_type(as_array(value_of(x), "float_power"), np.float64)) for x in (a, b))
    return power(a, b)


# Fractions and exponents


@op(elementwise=True, affine=True, formulas=("1",))
def _modf(x: Value, /) -> Value:
    """Fractional part, with the sign of x."""
    return np.modf(x)[0]


_modf.rules(lambda g, out, x: g)


@composed
def modf(x: ArrayLike) -> tuple[Tensor, Tensor]:
    """Fractional and whole part, both with the sign of x; the fraction passes its gradient on, that of the whole part is 0.

    >>> modf(Tensor(-2.5))
    (Tensor(-0.5), Tensor(-2.0))
    """
    return _modf(x), trunc(x)


@op(elementwise=True, formulas=("2.0**exponent", "0"))
def _ldexp(x: Value, exponent: Value, /) -> Value:
    """x 2ⁿ."""
    n = np.clip(np.asarray(exponent), -100_000, 100_000).astype(np.intc)  # beyond, all is 0 or infinite
    return np.ldexp(x, n)


_ldexp.rules(lambda g, out, x, exponent: _ldexp(g, exponent), zero)


@composed
def ldexp(x: ArrayLike, exponent: ArrayLike) -> Tensor:
    """Scale by a power of two, x 2ⁿ, for integers n.

    >>> ldexp(Tensor(3.0), 2)
    Tensor(12.0)
    """
    n = array_of(exponent)
    if n.dtype.kind not in "iub":
        raise TypeError(f"the exponent is an integer, got {n.dtype}; x * exp2(n) takes any number")
    return _ldexp(x, n)


@composed
def frexp(x: ArrayLike) -> tuple[Tensor, Value]:
    """Mantissa m with ½ ≤ |m| < 1 and exponent n, x = m 2ⁿ; the exponent is a plain array.

    >>> m, n = frexp(Tensor(12.0))
    >>> print(m, n)
    Tensor(0.75) 4
    """
    refuse_complex("frexp", x)
    n = np.frexp(as_array(value_of(x), "frexp"))[1]
    return _ldexp(x, -n), n
