"""Functions that numba compiles for float32 and float64, and keeps on disk.

numba keeps what it compiled in `__pycache__` beside the file, or, if that cannot be written, in the user's own cache; for
each kind of processor separately. Only a change of the kernel's own file makes it compile again, so what a kernel calls
stands in the same file.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Generic, ParamSpec, TypeAlias

import numba
import numba.extending
import numpy as np
from llvmlite import ir
from numba import types

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]
P = ParamSpec("P")

# The annotations of a kernel's parameters. All arrays are contiguous and have one dimension.
In: TypeAlias = Array
"""An array of floats that is only read; it may be read-only."""
Out: TypeAlias = Array
"""An array of floats that is written."""
Ints: TypeAlias = Array
"""An array of np.intp that is only read."""
Real: TypeAlias = float
"""A number in the dtype of the arrays."""

# Two of LLVM's licences and no more: "reassoc" keeps a sum in several parts, one for each lane of a vector, and "contract"
# fuses a product and a sum. fastmath=True would also promise that there is no nan and no infinity ("nnan", "ninf"), so that
# relu(nan) became 0, and that the sign of 0 does not matter ("nsz").
_OPTIONS = {"nogil": True, "fastmath": {"reassoc", "contract"}, "error_model": "numpy", "boundscheck": False}

intrinsic: Callable[[Callable[..., Any]], Callable[..., Any]] = numba.extending.intrinsic
"""Declare a function that writes LLVM's code, as a decorator."""


def _signature(function: Callable[..., None], dtype: np.dtype[Any]) -> Any:
    real = numba.from_dtype(dtype)
    of = {
        "In": types.Array(real, 1, "C", readonly=True),
        "Out": types.Array(real, 1, "C"),
        "Ints": types.Array(types.intp, 1, "C", readonly=True),
        "Real": real,
        "int": types.intp,
    }
    return types.void(*[of[kind] for name, kind in function.__annotations__.items() if name != "return"])


class Kernel(Generic[P]):
    """A function that is compiled for the dtype of its first array when it is first called with it.

    The signature is written out, from the annotations. If numba were left to find it, read-only and writable arrays would
    each have a version of their own, with a second to compile it.
    """

    def __init__(self, function: Callable[P, None]) -> None:
        self.function = function
        self._compiled: dict[np.dtype[Any], Any] = {}
        self._lock = threading.Lock()

    def compile(self, dtype: np.dtype[Any]) -> Any:
        """Compile the function, or load it from the disk; in one thread, while others wait for it."""
        with self._lock:
            if dtype not in self._compiled:
                signature = _signature(self.function, dtype)
                try:
                    self._compiled[dtype] = self._made(signature, cache=True)
                except (RuntimeError, OSError):  # no folder can be written, or the disk is full: compiled in each process
                    self._compiled[dtype] = self._made(signature)
            return self._compiled[dtype]

    def _made(self, signature: Any, **options: Any) -> Any:
        dispatcher = numba.njit(**_OPTIONS, **options)(self.function)
        dispatcher.compile(signature)
        dispatcher.disable_compile()  # a writable array, and a float of Python's for a Real, would be a signature each
        return dispatcher

    def __call__(self, *args: P.args, **_: P.kwargs) -> None:
        """Run the kernel; without Python's lock, so that other threads run too."""
        dtype: Any = args[0].dtype  # type: ignore[attr-defined]
        (self._compiled.get(dtype) or self.compile(dtype))(*args)


def kernel(function: Callable[P, None]) -> Kernel[P]:
    """Declare a kernel, as a decorator."""
    return Kernel(function)


def helper(function: Callable[P, Any]) -> Callable[P, Any]:
    """Declare a function that kernels of the same file call, as a decorator; it becomes part of them."""
    compiled: Callable[P, Any] = numba.njit(**_OPTIONS)(function)
    return compiled


def formula(function: Callable[P, Any]) -> Callable[P, Any]:
    """Declare a `helper` whose sums keep their order, as a decorator: (x + a) - a, which rounds, is not x."""
    compiled: Callable[P, Any] = numba.njit(**{**_OPTIONS, "fastmath": {"contract"}})(function)
    return compiled


@intrinsic
def index(_: Any, i: Any) -> Any:
    """The same integer, which LLVM may take to be at least 0.

    A negative index counts from the end, as in Python. Where LLVM cannot tell the sign, as in ``x[start + i]``, each
    access is a choice between two addresses, and a loop that should load vectors gathers their elements one by one.
    """

    def generate(_: Any, builder: Any, __: Any, args: Any) -> Any:
        (value,) = args
        kind = ir.FunctionType(ir.VoidType(), [ir.IntType(1)])
        assume = builder.module.declare_intrinsic("llvm.assume", (), kind)
        builder.call(assume, [builder.icmp_signed(">=", value, value.type(0))])
        return value

    return types.intp(types.intp), generate
