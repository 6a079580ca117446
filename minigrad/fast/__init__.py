"""Kernels that numba compiles, behind the same operations: ``pip install "minigrad[fast]"``.

NumPy's code is the reference, and stays beside each operation. `faster` puts a kernel in front of it; where the kernel does
not apply, to few elements, other dtypes or tensors, it gives None and NumPy computes. The files whose names end in "_loops"
import numba, and are imported when the first kernel runs.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from importlib import metadata
from importlib.util import find_spec
from typing import Any, ParamSpec

import numpy as np

from minigrad.fast import pool
from minigrad.fast.pool import threads
from minigrad.optional import needed

__all__ = ["fast", "faster", "kernels", "threads"]

P = ParamSpec("P")
VARIABLE = "MINIGRAD_FAST"
KERNELS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {}
"""By name, each kernel and the NumPy code that it stands in front of."""

_on: bool | None = None  # None until it is first asked


def active() -> bool:
    """Whether kernels run."""
    global _on
    if _on is None:
        _on = os.environ.get(VARIABLE, "1") != "0" and find_spec("numba") is not None
    return _on


def faster(kernel: Callable[..., Any]) -> Callable[[Callable[P, Any]], Callable[P, Any]]:
    """Put a kernel in front of NumPy code, as a decorator. It takes the same arguments; None leaves them to NumPy."""

    def decorate(reference: Callable[P, Any]) -> Callable[P, Any]:
        KERNELS[f"{kernel.__module__.rpartition('.')[2]}.{kernel.__name__}"] = kernel, reference

        @wraps(reference)
        def function(*args: P.args, **static: P.kwargs) -> Any:
            if _on or (_on is None and active()):
                out = kernel(*args, **static)
                if out is not None:
                    return out
            return reference(*args, **static)

        return function

    return decorate


def same_floats(first: Any, *others: Any) -> bool:
    """True if all are plain arrays of one dtype, float32 or float64; None counts as any array."""
    if type(first) is not np.ndarray or first.dtype not in _FLOATS:
        return False
    return all(x is None or (type(x) is np.ndarray and x.dtype == first.dtype) for x in others)


_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


def kernels() -> dict[str, Any]:
    """What the bits of results depend on: numba's version, the number of threads, that of the BLAS if held; or nothing."""
    version = {"numba": metadata.version("numba")} if active() else {}
    number = {"threads": pool.number()} if active() or pool.held() else {}
    return version | number | ({"blas": 1} if pool.held() else {})


def repeat(kept: dict[str, Any]) -> str:
    """Compute as when `kernels` gave this; if that is not possible, say what differs."""
    global _on
    if "numba" in kept and find_spec("numba") is None:
        return "it was computed by the kernels of minigrad[fast], which is not installed"
    if "blas" in kept and find_spec("threadpoolctl") is None:
        return f"it was computed on {kept['threads']} threads, for which threadpoolctl is not installed"
    _on = "numba" in kept
    pool.threads(kept["threads"] if "blas" in kept else 0)
    if kept:
        pool.set_number(kept["threads"])
    if kept != (now := kernels()):
        return f"it was computed by numba {kept['numba']}, and numba {now['numba']} is installed"
    return ""


def fast(on: bool | None = None) -> str:
    """Run kernels that numba compiles, or not; say what runs.

    They are on if numba is installed (``pip install "minigrad[fast]"``) and the environment variable MINIGRAD_FAST is not 0.
    A kernel takes larger arrays of float32, some also of float64; NumPy does everything else. Results differ from NumPy's by
    rounding. By default as many threads run as there are cores, at most MINIGRAD_NUM_THREADS; `threads` sets another number.

    Parameters
    ----------
    on : bool, optional
        Switch them on or off, for the whole process; by default nothing changes.

    Returns
    -------
    str
        The version of numba or "NumPy", and the number of threads among which work is split.

    Examples
    --------
    >>> before = mg.fast()
    >>> mg.fast(False)
    'NumPy'
    >>> _ = mg.fast(before != "NumPy")
    """
    global _on
    if on:
        needed("numba", "fast", "fast(True) needs numba")
    if on is not None:
        _on = bool(on)
    by = f"numba {metadata.version('numba')}" if active() else "NumPy"
    number = pool.number()
    return f"{by} on {number} thread{'s' * (number > 1)}" if active() or pool.held() else by
