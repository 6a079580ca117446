"""Discrete Fourier transforms: the adjoint of a transform is a transform.

The matrix of `fft` is symmetric, and a linear function's rule is its transpose (`minigrad.ops.complex`): the gradient is
transformed like the operand, to the operand's length. `rfft` and `irfft` leave out the half of the spectrum that follows
from the other by conjugation, and are each other's adjoints but for the weight that a frequency of both halves has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from minigrad.graph import ArrayLike, Value
from minigrad.operation import Op, composed, op
from minigrad.ops.complex import conj
from minigrad.ops.indexing import getitem
from minigrad.ops.padding import pad
from minigrad.ops.shape import roll

if TYPE_CHECKING:
    from minigrad.graph import Tensor

_DUAL = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}  # the inverse's, to scale alike


def _along(function: Callable[..., Value], a: Value, n: int | None, axis: int, norm: str | None) -> Value:
    return function(a, n, normalize_axis_index(axis, np.ndim(a)), norm)


def _to_length(x: Value, n: int, axis: int) -> Value:
    """Cropped or padded with zeros at its end, as a transform does with its operand, and its adjoint with the gradient."""
    m, axis = x.shape[axis], axis % x.ndim
    if n > m:
        return pad(x, [(0, n - m if i == axis else 0) for i in range(x.ndim)])
    return getitem(x, (slice(None),) * axis + (slice(n),)) if n < m else x


def _weights(n: int, axis: int, g: Value) -> Value:
    """2 for each frequency of a half spectrum that stands for its negative too; 1 for 0 and, if n is even, n/2."""
    weights = np.full(n // 2 + 1, 2, g.dtype)
    weights[0] = 1
    weights[n // 2 if n % 2 == 0 else 0] = 1
    return weights.reshape(-1, *(1,) * (g.ndim - 1 - axis % g.ndim))


@op(complex=True, affine=True)
def fft(a: Value, /, n: int | None = None, axis: int = -1, norm: str | None = None) -> Value:
    """Discrete Fourier transform, out[k] = Σⱼ a[j] exp(−2πi jk/n).

    >>> fft(Tensor([1.0, 2.0, 1.0, 0.0]))
    Tensor([4.+0.j, 0.-2.j, 0.+0.j, 0.+2.j])
    """
    return _along(np.fft.fft, a, n, axis, norm)


fft.rules(lambda g, out, a, n, axis, norm: _to_length(fft(g, None, axis, norm), a.shape[axis], axis))


@op(complex=True, affine=True)
def ifft(a: Value, /, n: int | None = None, axis: int = -1, norm: str | None = None) -> Value:
    """Inverse discrete Fourier transform, out[j] = 1/n Σₖ a[k] exp(2πi jk/n).

    >>> ifft(Tensor([4.0, -2.0j, 0.0, 2.0j]))
    Tensor([1.+0.j, 2.+0.j, 1.+0.j, 0.+0.j])
    """
    return _along(np.fft.ifft, a, n, axis, norm)


ifft.rules(lambda g, out, a, n, axis, norm: _to_length(ifft(g, None, axis, norm), a.shape[axis], axis))


@op(affine=True)
def rfft(a: Value, /, n: int | None = None, axis: int = -1, norm: str | None = None) -> Value:
    """Discrete Fourier transform of real numbers: the frequencies 0 to n/2 of `fft`.

    >>> rfft(Tensor([1.0, 2.0, 1.0, 0.0]))
    Tensor([4.+0.j, 0.-2.j, 0.+0.j])
    """
    return _along(np.fft.rfft, a, n, axis, norm)


@op(complex=True, affine=True)
def irfft(a: Value, /, n: int | None = None, axis: int = -1, norm: str | None = None) -> Value:
    """Inverse of `rfft`; the imaginary parts of frequency 0 and, if n is even, n/2 count as 0.

    >>> irfft(Tensor([4.0, -2.0j, 0.0]))
    Tensor([1., 2., 1., 0.])
    """
    return _along(np.fft.irfft, a, n, axis, norm)


def _of_rfft(g: Value, out: Value, a: Value, n: int | None, axis: int, norm: str | None) -> Value:
    length = a.shape[axis] if n is None else n
    half = conj(g) / _weights(length, axis, g)
    return _to_length(irfft(half, length, axis, _DUAL[norm]), a.shape[axis], axis)


def _of_irfft(g: Value, out: Value, a: Value, n: int | None, axis: int, norm: str | None) -> Value:
    half = conj(rfft(g, None, axis, _DUAL[norm])) * _weights(g.shape[axis], axis, g)
    return _to_length(half, a.shape[axis], axis)


rfft.rules(_of_rfft)
irfft.rules(_of_irfft)


@composed
def hfft(a: ArrayLike, n: int | None = None, axis: int = -1, norm: str | None = None) -> Tensor:
    """Discrete Fourier transform of a signal with a real spectrum, given by its first half.

    >>> hfft(Tensor([4.0, 1.0j, 2.0]))
    Tensor([6., 4., 6., 0.])
    """
    return irfft(conj(a), n, axis, _dual(norm))


@composed
def ihfft(a: ArrayLike, n: int | None = None, axis: int = -1, norm: str | None = None) -> Tensor:
    """Inverse of `hfft`: the first half of the signal.

    >>> ihfft(Tensor([6.0, 4.0, 6.0, 0.0]))
    Tensor([4.-0.j, 0.+1.j, 2.-0.j])
    """
    return conj(rfft(a, n, axis, _dual(norm)))


def _dual(norm: str | None) -> str:
    if norm not in _DUAL:
        raise ValueError(f"norm is 'backward', 'ortho' or 'forward', got {norm!r}")
    return _DUAL[norm]


def _lengths(a: Any, s: Sequence[int] | None, axes: Sequence[int] | None) -> list[tuple[int, int]]:
    """The axes to transform along, each with the length to take there."""
    shape = np.shape(a)
    if axes is None:
        axes = range(-len(shape if s is None else s), 0)
    for axis in axes:
        normalize_axis_index(axis, len(shape))
    if s is None:
        s = [-1] * len(axes)
    if len(s) != len(axes):
        raise ValueError(f"s has {len(s)} lengths for {len(axes)} axes, {tuple(axes)}")
    return [(axis, shape[axis] if n == -1 else n) for n, axis in zip(s, axes, strict=True)]


@composed
def fftn(a: ArrayLike, s: Sequence[int] | None = None, axes: Sequence[int] | None = None, norm: str | None = None) -> Tensor:
    """Discrete Fourier transform along several axes, or all.

    >>> fftn(Tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([[10.+0.j, -2.+0.j],
            [-4.+0.j,  0.+0.j]])
    """
    return _one_by_one(fft, a, _lengths(a, s, axes)[::-1], norm)


@composed
def ifftn(
    a: ArrayLike, s: Sequence[int] | None = None, axes: Sequence[int] | None = None, norm: str | None = None
) -> Tensor:
    """Inverse discrete Fourier transform along several axes, or all.

    >>> ifftn(Tensor([[10.0, -2.0], [-4.0, 0.0]]))
    Tensor([[1.+0.j, 2.+0.j],
            [3.+0.j, 4.+0.j]])
    """
    return _one_by_one(ifft, a, _lengths(a, s, axes)[::-1], norm)


def _one_by_one(transform: Op[...], a: Any, lengths: list[tuple[int, int]], norm: str | None) -> Tensor:
    for axis, n in lengths:
        a = transform(a, n, axis, norm)
    return a if lengths else getitem(a, ...)


@composed
def rfftn(
    a: ArrayLike, s: Sequence[int] | None = None, axes: Sequence[int] | None = None, norm: str | None = None
) -> Tensor:
    """Discrete Fourier transform of real numbers along several axes: `rfft` along the last of them, `fft` along the others.

    >>> rfftn(Tensor([[1.0, 2.0], [3.0, 4.0]])).shape
    (2, 2)
    """
    *others, (last, n) = _some(_lengths(a, s, axes))
    return _one_by_one(fft, rfft(a, n, last, norm), others[::-1], norm)


@composed
def irfftn(
    a: ArrayLike, s: Sequence[int] | None = None, axes: Sequence[int] | None = None, norm: str | None = None
) -> Tensor:
    """Inverse of `rfftn`; without `s`, the last axis comes out with an even length.

    >>> irfftn(Tensor([[10.0, -2.0], [-4.0, 0.0]]))
    Tensor([[1., 2.],
            [3., 4.]])
    """
    *others, (last, n) = _some(_lengths(a, s, axes))
    return irfft(_one_by_one(ifft, a, others, norm), None if s is None else n, last, norm)


def _some(lengths: list[tuple[int, int]]) -> list[tuple[int, int]]:
    if not lengths:
        raise ValueError("needs at least one axis to transform along")
    return lengths


@composed
def fft2(a: ArrayLike, s: Sequence[int] | None = None, axes: Sequence[int] = (-2, -1), norm: str | None = None) -> Tensor:
    """Discrete Fourier transform along two axes, as `fftn`.

    >>> fft2(Tensor([[1.0, 2.0], [3.0, 4.0]])).real
    Tensor([[10., -2.],
            [-4.,  0.]])
    """
    return fftn(a, s, axes, norm)


@composed
def ifft2(a: ArrayLike, s: Sequence[int] | None = None, axes: Sequence[int] = (-2, -1), norm: str | None = None) -> Tensor:
    """Inverse discrete Fourier transform along two axes, as `ifftn`.

    >>> ifft2(Tensor([[10.0, -2.0], [-4.0, 0.0]])).real
    Tensor([[1., 2.],
            [3., 4.]])
    """
    return ifftn(a, s, axes, norm)


@composed
def rfft2(a: ArrayLike, s: Sequence[int] | None = None, axes: Sequence[int] = (-2, -1), norm: str | None = None) -> Tensor:
    """Discrete Fourier transform of real numbers along two axes, as `rfftn`.

    >>> rfft2(Tensor(np.ones((4, 4)))).shape
    (4, 3)
    """
    return rfftn(a, s, axes, norm)


@composed
def irfft2(a: ArrayLike, s: Sequence[int] | None = None, axes: Sequence[int] = (-2, -1), norm: str | None = None) -> Tensor:
    """Inverse of `rfft2`, as `irfftn`.

    >>> irfft2(Tensor(np.ones((4, 3)))).shape
    (4, 4)
    """
    return irfftn(a, s, axes, norm)


@composed
def fftshift(x: ArrayLike, axes: int | Sequence[int] | None = None) -> Tensor:
    """Roll frequency 0 to the middle.

    >>> fftshift(Tensor([0.0, 1.0, 2.0, -2.0, -1.0]))
    Tensor([-2., -1.,  0.,  1.,  2.])
    """
    along = _shifted(x, axes)
    return roll(x, tuple(np.shape(x)[i] // 2 for i in along), along)


@composed
def ifftshift(x: ArrayLike, axes: int | Sequence[int] | None = None) -> Tensor:
    """Inverse of `fftshift`.

    >>> ifftshift(Tensor([-2.0, -1.0, 0.0, 1.0, 2.0]))
    Tensor([ 0.,  1.,  2., -2., -1.])
    """
    along = _shifted(x, axes)
    return roll(x, tuple(-(np.shape(x)[i] // 2) for i in along), along)


def _shifted(x: Any, axes: int | Sequence[int] | None) -> tuple[int, ...]:
    dimensions = np.ndim(x)
    return normalize_axis_tuple(range(dimensions) if axes is None else axes, dimensions, allow_duplicate=True)
