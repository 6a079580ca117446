"""Which of NumPy's functions record when they are given a tensor, and what is said of the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad import linalg, ops
from minigrad.graph import Node, value_of

# A function of ours under a NumPy name answers for NumPy's.
RECORDED: dict[Any, Callable[..., Any]] = {
    getattr(np, name): getattr(ops, name) for name in ops.__all__ if hasattr(np, name)
} | {
    getattr(np.linalg, name): getattr(linalg, name) for name in linalg.__all__
} | {
    np.amax: ops.max, np.amin: ops.min, np.rint: ops.round, np.around: ops.round, np.fabs: ops.abs,
    np.degrees: ops.rad2deg, np.radians: ops.deg2rad,
}  # fmt: skip

# Results without a gradient: NumPy's own function, on the values.
CONSTANT = frozenset({
    np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal, np.logical_and, np.logical_or,
    np.logical_not, np.logical_xor, np.isnan, np.isinf, np.isfinite, np.signbit, np.isclose, np.allclose, np.array_equal,
    np.array_equiv, np.argwhere, np.nonzero, np.flatnonzero, np.count_nonzero, np.searchsorted, np.digitize,
    np.histogram, np.bincount, np.unique, np.isin, np.shape, np.ndim, np.size, np.zeros_like, np.ones_like,
    np.empty_like, np.result_type, np.can_cast, np.iscomplexobj, np.isrealobj, np.array2string, np.array_repr, np.array_str,
    np.shares_memory, np.may_share_memory, np.linalg.matrix_rank, np.nanargmax, np.nanargmin, np.lexsort,
})  # fmt: skip

# Of what computes with complex numbers, the way that stays with real ones.
REAL_WAYS = {"np.linalg.eig": "np.linalg.eigh", "np.linalg.eigvals": "np.linalg.eigvalsh"}

_NEWER_NAMES = {"a_min": "min", "a_max": "max", "correction": "ddof"}
_USUAL = (
    ("out", None), ("dtype", None), ("order", "C"), ("order", None), ("where", True), ("optimize", True),
    ("optimize", False), ("hermitian", False), ("overwrite_input", False), ("retstep", False), ("subok", True),
    ("stable", None),
)  # fmt: skip


def ufunc(self: Node, function: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
    """NumPy's universal functions on tensors; the body of ``Tensor.__array_ufunc__``."""
    name = f"np.{function.__name__}"
    if method != "__call__":
        raise TypeError(
            f"{name}.{method} is not recorded; use minigrad's own reductions such as sum and cumsum, or, for a result "
            "without a gradient, give NumPy the values: t.data"
        )
    return _call(function, name, inputs, options)


def function(self: Node, function: Callable[..., Any], types: Any, args: Any, options: dict[str, Any]) -> Any:
    """NumPy's other functions on tensors; the body of ``Tensor.__array_function__``."""
    module = getattr(function, "__module__", "numpy").replace("numpy", "np", 1)
    return _call(function, f"{module}.{function.__name__}", args, options)


def _call(function: Any, name: str, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    if options.get("out") is not None:
        raise TypeError(f"{name}: out= cannot be recorded; use the result that is returned")
    if function in CONSTANT:
        return function(*_values(args), **{k: _values(v) for k, v in options.items()})
    if function not in RECORDED:
        if name.startswith("np.fft.") or name in REAL_WAYS:
            raise TypeError(
                f"{name} has no gradient rule in minigrad: gradients of complex numbers are out of its scope; for real "
                f"numbers there is {REAL_WAYS.get(name, 'minigrad.fftconvolve')}, and for a result without a gradient, give "
                "NumPy the values: t.data"
            )
        raise TypeError(
            f"{name} has no gradient rule in minigrad; compose it from minigrad's functions, or, for a result without a "
            "gradient, give NumPy the values: t.data"
        )
    recorded = RECORDED[function]
    options = {
        _NEWER_NAMES.get(k, k): v for k, v in options.items() if not any(k == name and v is usual for name, usual in _USUAL)
    }
    if "a" in options and not args:
        args = (options.pop("a"),)
    if options.keys() & {"where", "casting", "order", "initial"} or ("dtype" in options and recorded is not ops.full_like):
        raise TypeError(f"{name}: only the arguments of minigrad.{recorded.__name__} are recorded, not {sorted(options)}")
    return recorded(*args, **options)


def _values(x: Any) -> Any:
    """Tensors as their values, in nested tuples and lists too."""
    return type(x)(_values(v) for v in x) if isinstance(x, list | tuple) else value_of(x)
