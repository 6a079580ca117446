"""NumPy's convolution and correlation of two signals, and convolution by way of the Fourier transform.

Gradients of complex numbers are out of minigrad's scope, and so the transform itself is not recorded.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from minigrad.graph import Value
from minigrad.operation import op
from minigrad.ops.convolution import conv
from minigrad.ops.dtypes import floats
from minigrad.ops.indexing import getitem
from minigrad.ops.shape import flip as flip_axes
from minigrad.ops.shape import reshape


def convolve(a: Value, v: Value, mode: str = "full") -> Value:
    """True convolution of two signals: out[n] is the sum over k of a[k] v[n - k].

    Parameters
    ----------
    a : Tensor or array_like
        Shape (M,).
    v : Tensor or array_like
        Shape (N,).
    mode : {"full", "same", "valid"}
        Every overlap; as many as the longer one has, from the middle; or only where both overlap wholly.

    Returns
    -------
    Tensor
        Length M + N - 1, max(M, N) or max(M, N) - min(M, N) + 1.

    Raises
    ------
    ValueError
        If an input is not 1-D, or empty.

    Examples
    --------
    >>> convolve(Tensor([1.0, 1.0, 1.0]), [1.0, 1.0, 1.0])
    Tensor([1., 2., 3., 2., 1.])
    """
    if np.size(v) > np.size(a):
        a, v = v, a
    return _slide("convolve", a, v, mode, flip=True)


def correlate(a: Value, v: Value, mode: str = "valid") -> Value:
    """Cross-correlation of two signals: out[n] is the sum over k of a[n + k] v[k].

    Parameters
    ----------
    a : Tensor or array_like
        Shape (M,).
    v : Tensor or array_like
        Shape (N,).
    mode : {"valid", "same", "full"}
        Only where both overlap wholly; as many as the longer one has, from the middle; or every overlap.

    Returns
    -------
    Tensor
        Length max(M, N) - min(M, N) + 1, max(M, N) or M + N - 1.

    Raises
    ------
    ValueError
        If an input is not 1-D, or empty.

    Examples
    --------
    >>> correlate(Tensor([1.0, 2.0, 3.0, 4.0]), [1.0, -1.0])
    Tensor([-1., -1., -1.])
    """
    if np.size(v) > np.size(a):  # with the roles exchanged, the same numbers from the last to the first
        return flip_axes(_slide("correlate", v, a, mode, flip=False), 0)
    return _slide("correlate", a, v, mode, flip=False)


def _slide(who: str, a: Value, v: Value, mode: str, flip: bool) -> Value:
    """The shorter signal along the longer one, as NumPy does it."""
    m, n = np.shape(a), np.shape(v)
    if len(m) != 1 or len(n) != 1 or not n[0]:
        raise ValueError(f"{who}: needs two signals of one axis and at least one number, got shapes {m} and {n}")
    pads = {"full": (n[0] - 1, n[0] - 1), "same": (n[0] // 2, n[0] - 1 - n[0] // 2), "valid": (0, 0)}
    if mode not in pads:
        raise ValueError(f"{who}: mode is 'full', 'same' or 'valid', got {mode!r}")
    x, kernel = floats(who, reshape(a, (1, 1, -1)), reshape(v, (1, 1, -1)))
    kernel = flip_axes(kernel, -1) if flip else kernel
    return reshape(conv(x, kernel, stride=(1,), padding=(pads[mode],), dilation=(1,), groups=1), -1)


def _fast_length(n: int) -> int:
    """The next length that is made of the factors 2, 3 and 5 alone: there a transform is fastest."""
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


@op()
def _fftconvolve(a: Value, b: Value, /, axes: tuple[int, ...]) -> Value:
    """The full convolution along axes counted from the last."""
    full = [a.shape[i] + b.shape[i] - 1 for i in axes]
    size = [_fast_length(n) for n in full]
    product = np.fft.rfftn(a, size, axes) * np.fft.rfftn(b, size, axes)
    return _slice(np.fft.irfftn(product, size, axes), axes, [0] * len(axes), full)


def _slice(x: Value, axes: tuple[int, ...], start: Sequence[int], size: Sequence[int]) -> Value:
    key = [slice(None)] * np.ndim(x)
    for i, begin, n in zip(axes, start, size, strict=True):
        key[i] = slice(begin, begin + n)
    return getitem(x, tuple(key))


def _rule(g: Value, a: Value, b: Value, axes: tuple[int, ...]) -> Value:
    """Downstream of a: g correlated with b, where b overlaps wholly."""
    turned = _fftconvolve(g, np.flip(b, axes), axes)
    return _slice(turned, axes, [b.shape[i] - 1 for i in axes], [a.shape[i] for i in axes])


_fftconvolve.rules(
    lambda g, out, a, b, axes: _rule(g, a, b, axes),
    lambda g, out, a, b, axes: _rule(g, b, a, axes),
)


def fftconvolve(a: Value, b: Value, mode: str = "full", axes: int | Sequence[int] | None = None) -> Value:
    """True convolution by fast Fourier transforms, as scipy.signal.fftconvolve does it: for long kernels.

    Parameters
    ----------
    a, b : Tensor or array_like
        As many axes each; those that are not convolved broadcast.
    mode : {"full", "same", "valid"}
        Every overlap; as many as a has, from the middle; or only where one overlaps the other wholly.
    axes : int or sequence of int, optional
        Along which axes; all of them if left out.

    Returns
    -------
    Tensor
        Along each axis M + N - 1, M or abs(M - N) + 1 long.

    Raises
    ------
    ValueError
        If the numbers of axes differ, an axis is empty, the mode is unknown, or "valid" finds neither inside the other.

    Examples
    --------
    >>> y = fftconvolve(Tensor([1.0, 2.0, 3.0]), [0.0, 1.0, 0.5])
    >>> print(np.round(y.data, 6) + 0.0)
    [0.  1.  2.5 4.  1.5]
    """
    m, n = np.shape(a), np.shape(b)
    if len(m) != len(n) or not m or 0 in m or 0 in n:
        raise ValueError(f"fftconvolve: needs two arrays of as many axes, none of them empty, got shapes {m} and {n}")
    if mode not in ("full", "same", "valid"):
        raise ValueError(f"fftconvolve: mode is 'full', 'same' or 'valid', got {mode!r}")
    chosen = tuple(range(len(m))) if axes is None else normalize_axis_tuple(axes, len(m), "fftconvolve")
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
