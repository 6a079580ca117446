"""NumPy's convolution and correlation of two signals, as recorded operations."""

from __future__ import annotations

import numpy as np

from minigrad.graph import Value
from minigrad.ops.conv import conv1d
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
    x, kernel = reshape(a, (1, 1, -1)), reshape(v, (1, 1, -1))
    return reshape(conv1d(x, kernel, padding=[pads[mode]], flip=flip), -1)
