"""Convolution and correlation of signals, also by the fast Fourier transform.

The transforms inside are not recorded: a convolution is linear in each signal, and its gradient a convolution again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from minigrad.graph import ArrayLike, Value
from minigrad.operation import composed, op
from minigrad.ops.convolution import conv
from minigrad.ops.dtypes import conjugated, floats, is_complex
from minigrad.ops.geometry import Geometry
from minigrad.ops.indexing import getitem
from minigrad.ops.shape import flip as flip_axes
from minigrad.ops.shape import reshape

if TYPE_CHECKING:
    from minigrad.graph import Tensor


@composed
def convolve(a: ArrayLike, v: ArrayLike, mode: str = "full") -> Tensor:
    """Convolution of two signals, out[n] = Σₖ a[k] v[n − k].

    >>> convolve(Tensor([1.0, 1.0, 1.0]), [1.0, 1.0, 1.0])
    Tensor([1., 2., 3., 2., 1.])
    """
    if np.size(v) > np.size(a):
        a, v = v, a
    return _slide(a, v, mode, flip=True)


@composed
def correlate(a: ArrayLike, v: ArrayLike, mode: str = "valid") -> Tensor:
    """Cross-correlation of two signals, out[n] = Σₖ a[n + k] v̄[k]; of complex signals, v is conjugated.

    >>> correlate(Tensor([1.0, 2.0, 3.0, 4.0]), [1.0, -1.0])
    Tensor([-1., -1., -1.])
    """
    v = conjugated(v)
    if np.size(v) > np.size(a):  # with the operands exchanged, the same elements in reverse
        return flip_axes(_slide(v, a, mode, flip=False), 0)
    return _slide(a, v, mode, flip=False)


def _slide(a: ArrayLike, v: ArrayLike, mode: str, flip: bool) -> Tensor:
    """Cross-correlate the longer signal with the shorter one, flipped or not."""
    m, n = np.shape(a), np.shape(v)
    if len(m) != 1 or len(n) != 1 or not n[0]:
        raise ValueError(f"needs two signals of one axis and at least one element, got shapes {m} and {n}")
    pads = {"full": (n[0] - 1, n[0] - 1), "same": (n[0] // 2, n[0] - 1 - n[0] // 2), "valid": (0, 0)}
    if mode not in pads:
        raise ValueError(f"mode is 'full', 'same' or 'valid', got {mode!r}")
    x, kernel = floats(reshape(a, (1, 1, -1)), reshape(v, (1, 1, -1)))
    kernel = flip_axes(kernel, -1) if flip else kernel
    return reshape(conv(x, kernel, geometry=Geometry(m, n, (1,), (pads[mode],), (1,))), -1)


def _fast_length(n: int) -> int:
    """The smallest length from n on whose only prime factors are 2, 3 and 5: there a transform is fastest."""
    best = 1 << max(n - 1, 0).bit_length()
    five = 1
    while five < best:
        three = five
        while three < best:
            twos = -(-n // three)
            best = min(best, three << max(twos - 1, 0).bit_length())
            three *= 3
        five *= 5
    return best


@op(hidden=["axes"], complex=True)
def _fftconvolve(a: Value, b: Value, /, axes: tuple[int, ...]) -> Value:
    """The full convolution, along axes counted from the last."""
    full = [a.shape[i] + b.shape[i] - 1 for i in axes]
    size = [_fast_length(n) for n in full]
    whole: Value
    if is_complex(a) or is_complex(b):
        whole = np.fft.ifftn(np.fft.fftn(a, size, axes) * np.fft.fftn(b, size, axes), size, axes)
    else:
        whole = np.fft.irfftn(np.fft.rfftn(a, size, axes) * np.fft.rfftn(b, size, axes), size, axes)
    return _slice(whole, axes, [0] * len(axes), full)


def _slice(x: Value, axes: tuple[int, ...], start: Sequence[int], size: Sequence[int]) -> Tensor:
    key = [slice(None)] * np.ndim(x)
    for i, begin, n in zip(axes, start, size, strict=True):
        key[i] = slice(begin, begin + n)
    return getitem(x, tuple(key))


def _downstream(g: Value, a: Value, b: Value, axes: tuple[int, ...]) -> Value:
    """The gradient of a: g correlated with b, where b overlaps fully."""
    full = _fftconvolve(g, np.flip(b, axes), axes)
    return _slice(full, axes, [b.shape[i] - 1 for i in axes], [a.shape[i] for i in axes])


_fftconvolve.rules(
    lambda g, out, a, b, axes: _downstream(g, a, b, axes),
    lambda g, out, a, b, axes: _downstream(g, b, a, axes),
)


@composed
def fftconvolve(a: ArrayLike, b: ArrayLike, mode: str = "full", axes: int | Sequence[int] | None = None) -> Tensor:
    """Convolution by fast Fourier transforms, as scipy.signal.fftconvolve; for long kernels.

    Parameters
    ----------
    a, b : array_like
        With the same number of axes; those that are not convolved broadcast.
    mode : {"full", "same", "valid"}
        Every overlap; of these as many as a has, from the middle; or only those where one lies inside the other.
    axes : int or sequence of int, optional
        The axes to convolve along; all by default.

    Returns
    -------
    Tensor
        Along each axis of length M + N - 1, M or abs(M - N) + 1.

    Examples
    --------
    >>> y = fftconvolve(Tensor([1.0, 2.0, 3.0]), [0.0, 1.0, 0.5])
    >>> print(np.round(y.data, 6) + 0.0)
    [0.  1.  2.5 4.  1.5]
    """
    m, n = np.shape(a), np.shape(b)
    if len(m) != len(n) or not m or 0 in m or 0 in n:
        raise ValueError(
            f"fftconvolve: needs arrays with the same number of axes, none of them empty, got shapes {m} and {n}"
        )
    if mode not in ("full", "same", "valid"):
        raise ValueError(f"fftconvolve: mode is 'full', 'same' or 'valid', got {mode!r}")
    chosen = normalize_axis_tuple(range(len(m)) if axes is None else axes, len(m), "fftconvolve")
    if not chosen:
        raise ValueError("fftconvolve: needs at least one axis to convolve along")
    along = tuple(i - len(m) for i in chosen)
    full = _fftconvolve(a, b, axes=along)
    if mode == "full":
        return full
    if mode == "same":
        return _slice(full, along, [(n[i] - 1) // 2 for i in along], [m[i] for i in along])
    if any(m[i] > n[i] for i in along) and any(m[i] < n[i] for i in along):
        raise ValueError(f"fftconvolve: with mode 'valid' one array must hold the other along every axis, got {m} and {n}")
    return _slice(full, along, [min(m[i], n[i]) - 1 for i in along], [abs(m[i] - n[i]) + 1 for i in along])
