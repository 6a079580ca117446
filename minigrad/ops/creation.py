"""Creation of arrays whose ends or fill may be tensors, which then receive gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from minigrad.graph import ArrayLike, Value, array_of, value_of
from minigrad.operation import composed, static_value
from minigrad.ops.dtypes import astype, cast, of_one_kind
from minigrad.ops.elementwise import divide, floor, power
from minigrad.ops.shape import broadcast_to, moveaxis, reshape

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from minigrad.graph import Tensor


def _ends(start: Value, stop: Value, num: int, endpoint: bool) -> tuple[Value, Value, Value]:
    """Both ends, and the weight of the second along a new first axis."""
    if not isinstance(num, int | np.integer) or num < 0:
        raise ValueError(f"num must be a non-negative integer, got {num}")
    start, stop = (np.asarray(x) if isinstance(x, list | tuple) else x for x in (start, stop))
    dtype = np.result_type(*(x if isinstance(x, int | float) else array_of(x) for x in (start, stop)), 1.0)
    weight = np.arange(num, dtype=dtype) / max(num - 1 if endpoint else num, 1)
    return start, stop, reshape(weight, (num, *(1,) * max(np.ndim(start), np.ndim(stop))))


@overload
def linspace(
    start: ArrayLike,
    stop: ArrayLike,
    num: int = 50,
    endpoint: bool = True,
    retstep: Literal[False] = False,
    dtype: DTypeLike | None = None,
    *,
    axis: int = 0,
) -> Tensor: ...
@overload
def linspace(
    start: ArrayLike,
    stop: ArrayLike,
    num: int = 50,
    endpoint: bool = True,
    *,
    retstep: Literal[True],
    dtype: DTypeLike | None = None,
    axis: int = 0,
) -> tuple[Tensor, Tensor]: ...
@composed
def linspace(
    start: Value,
    stop: Value,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: DTypeLike | None = None,
    *,
    axis: int = 0,
) -> Tensor | tuple[Tensor, Tensor]:
    """Evenly spaced values; the ends may be tensors. With `retstep`, the values and their distance.

    >>> stop = Tensor(2.0)
    >>> x = linspace(0, stop, 3)
    >>> x.sum().backward()
    >>> print(x.data, stop.grad)
    [0. 1. 2.] 1.5
    """
    start, stop, weight = _ends(start, stop, num, endpoint)
    found = moveaxis(_in(start * (1 - weight) + stop * weight, dtype), 0, axis)
    steps = num - 1 if endpoint else num
    return (found, divide(stop - start, steps) if steps > 0 else start * np.nan) if retstep else found


def _in(x: Value, dtype: Any) -> Value:
    """Cast `x` to a dtype; to integers, round down as NumPy does."""
    return cast(floor(x) if dtype is not None and np.issubdtype(dtype, np.integer) else x, dtype)


@composed
def logspace(
    start: ArrayLike,
    stop: ArrayLike,
    num: int = 50,
    endpoint: bool = True,
    base: ArrayLike = 10.0,
    dtype: DTypeLike | None = None,
    *,
    axis: int = 0,
) -> Tensor:
    """Powers of a base at evenly spaced exponents; exponents and base may be tensors.

    >>> logspace(Tensor(0.0), 2.0, 3)
    Tensor([  1.,  10., 100.])
    """
    start, stop, base = of_one_kind(start, stop, base)
    found = power(base, linspace(start, stop, num, endpoint, axis=axis))
    return cast(found, dtype)  # type: ignore[no-any-return]


@composed
def geomspace(
    start: ArrayLike,
    stop: ArrayLike,
    num: int = 50,
    endpoint: bool = True,
    dtype: DTypeLike | None = None,
    *,
    axis: int = 0,
) -> Tensor:
    """Geometric progression; the ends may be tensors, but must have one sign.

    >>> geomspace(Tensor(1.0), 4.0, 3)
    Tensor([1., 2., 4.])
    """
    start, stop, weight = _ends(start, stop, num, endpoint)
    product = np.asarray(value_of(start) * value_of(stop))
    if not np.all(product != 0 if product.dtype.kind == "c" else product > 0):
        raise ValueError(
            "the ends must both be positive or both be negative, for the ratio to be real, or complex and not 0"
        )
    found = moveaxis(start * power(divide(stop, start), weight), 0, axis)
    return cast(found, dtype)  # type: ignore[no-any-return]


@composed
def full(shape: int | Sequence[int], fill_value: ArrayLike, dtype: Any = None) -> Tensor:
    """Array of one value, which may be a tensor and then receives the sum of the upstream gradient; ``np.full`` takes none.

    >>> full(2, Tensor(3.0))
    Tensor([3., 3.])
    """
    filled = broadcast_to(fill_value, (shape,) if isinstance(shape, int | np.integer) else tuple(shape))
    return cast(filled, dtype)  # type: ignore[no-any-return]


@composed
def full_like(x: ArrayLike, fill_value: ArrayLike, dtype: Any = None, shape: int | Sequence[int] | None = None) -> Tensor:
    """Array of one value, in the shape and dtype of x; the value receives the sum of the upstream gradient.

    ``np.full_like`` looks for a tensor at x alone; here the value may be one.

    >>> full_like([1.0, 2.0], Tensor(3.0))
    Tensor([3., 3.])
    """
    model = array_of(x)
    dtype = np.dtype(model.dtype if dtype is None else dtype)
    if dtype.kind not in "fc":
        fill_value = static_value("fill_value", fill_value)  # it becomes an integer
    wanted = model.shape if shape is None else (shape,) if isinstance(shape, int) else tuple(shape)
    return astype(broadcast_to(fill_value, wanted), dtype)


@composed
def meshgrid(*x: ArrayLike, indexing: str = "xy", sparse: bool = False) -> tuple[Tensor, ...]:
    """Coordinate arrays of a grid. Broadcasting, ``x[:, None] * y``, often does without them.

    >>> x, y = meshgrid(Tensor([1.0, 2.0]), [5.0, 6.0, 7.0])
    >>> x
    Tensor([[1., 2.],
            [1., 2.],
            [1., 2.]])
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"indexing is 'xy' or 'ij', got {indexing!r}")
    axes = list(range(len(x)))
    if indexing == "xy" and len(x) > 1:
        axes[:2] = 1, 0
    lines = [reshape(line, [-1 if i == axis else 1 for i in range(len(x))]) for line, axis in zip(x, axes, strict=True)]
    shape = np.broadcast_shapes(*(np.shape(line) for line in lines))
    return tuple(lines if sparse else [broadcast_to(line, shape) for line in lines])
