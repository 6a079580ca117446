"""NumPy's functions and SciPy's ufuncs on tensors: those that record, those that are constant, and the refusal of others."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import numpy as np

from minigrad import fft, linalg, numpy_arguments, ops, ufuncs
from minigrad.border import leave_as_array
from minigrad.graph import Node, value_of
from minigrad.modes import scipy_function
from minigrad.ops.complex import real_if_close
from minigrad.ops.dtypes import refuse_complex

# A function of ours under a NumPy name answers for NumPy's.
RECORDED: dict[Any, Callable[..., Any]] = {
    **{getattr(np, name): getattr(ops, name) for name in ops.__all__ if hasattr(np, name)},
    **{getattr(np.linalg, name): getattr(linalg, name) for name in linalg.__all__},
    **{getattr(np.fft, name): getattr(fft, name) for name in fft.__all__ if not name.endswith("freq")},
    np.amax: ops.max,
    np.amin: ops.min,
    np.rint: ops.round,
    np.around: ops.round,
    np.fabs: ops.abs,
    np.degrees: ops.rad2deg,
    np.radians: ops.deg2rad,
    np.fix: ops.trunc,
    np.real_if_close: real_if_close,
    np.lib.stride_tricks.sliding_window_view: ops.sliding_window_view,
}

# Results without a gradient: NumPy's own function, on the values.
CONSTANT = frozenset(
    {
        np.equal,
        np.not_equal,
        np.less,
        np.less_equal,
        np.greater,
        np.greater_equal,
        np.logical_and,
        np.logical_or,
        np.logical_not,
        np.logical_xor,
        np.bitwise_and,
        np.bitwise_or,
        np.bitwise_xor,
        np.bitwise_count,
        np.invert,
        np.left_shift,
        np.right_shift,
        np.isnan,
        np.isinf,
        np.isfinite,
        np.signbit,
        np.isclose,
        np.allclose,
        np.array_equal,
        np.array_equiv,
        np.argwhere,
        np.nonzero,
        np.flatnonzero,
        np.count_nonzero,
        np.searchsorted,
        np.digitize,
        np.isin,
        np.shape,
        np.ndim,
        np.size,
        np.zeros_like,
        np.ones_like,
        np.empty_like,
        np.result_type,
        np.can_cast,
        np.iscomplexobj,
        np.isrealobj,
        np.array2string,
        np.array_repr,
        np.array_str,
        np.shares_memory,
        np.may_share_memory,
        np.linalg.matrix_rank,
        np.nanargmax,
        np.nanargmin,
        np.lexsort,
        np.spacing,
        np.isneginf,
        np.isposinf,
        np.isreal,
        np.iscomplex,
        np.gcd,
        np.lcm,
        np.unravel_index,
        np.ravel_multi_index,
        np.tril_indices_from,
        np.triu_indices_from,
        np.diag_indices_from,
        np.einsum_path,
        np.min_scalar_type,
        np.common_type,
    }
)

# Plain results too, but they hold or add up elements of the operands: refused for a tracked tensor, with another way.
LOSING = {
    np.histogram: "count the values, np.histogram(t.data), and pick elements of t by where they lie",
    np.bincount: "add weights up with minigrad.scatter(weights, x, (n,))",
    np.ix_: "indices are integers, t.data.astype(int)",
    np.unique: "pick the elements, t[np.unique(t.data, return_index=True)[1]]",
}

# Those that need an order, which complex numbers do not have.
_ORDER = frozenset(
    {
        np.less,
        np.less_equal,
        np.greater,
        np.greater_equal,
        np.searchsorted,
        np.digitize,
        np.histogram,
        np.lexsort,
        np.nanargmax,
        np.nanargmin,
    }
)

# What to write for a function that has no gradient rule.
_WRITES = "writes into an array, which is not recorded; compute a new one, as with "
INSTEAD = {
    "np.copyto": _WRITES + "minigrad.where(mask, values, x), or minigrad.full for an array of one value",
    "np.fill_diagonal": _WRITES + "minigrad.where(np.eye(n, dtype=bool), values, x)",
    "np.place": _WRITES + "minigrad.where(mask, values, x)",
    "np.putmask": _WRITES + "minigrad.where(mask, values, x)",
    "np.put": _WRITES + "minigrad.where, or minigrad.scatter(values, indices, x.shape)",
    "np.put_along_axis": _WRITES + "minigrad.where, or minigrad.scatter(values, key, x.shape)",
    "np.nextafter": "is no function of real numbers: it depends on the dtype; give NumPy the values: t.data",
    "np.save": "writes values: give it t.data, or use minigrad.save",
    "np.savez": "writes values: give it t.data, or use minigrad.save",
    "np.savez_compressed": "writes values: give it t.data, or use minigrad.save",
    "np.savetxt": "writes values: give it t.data, or use minigrad.save",
}


def ufunc(self: Node, function: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
    """NumPy's universal functions on tensors; the body of ``Tensor.__array_ufunc__``."""
    recorded = RECORDED.get(function) or _special_function(function)
    if method == "__call__":
        if recorded is None:
            return _call(function, inputs, options)
        if not options:
            return recorded(*inputs)
    name = _name(function)
    if options.get("out") is not None:
        raise TypeError(numpy_arguments.no_out(name if method == "__call__" else f"{name}.{method}"))
    if recorded is not None and method == "__call__":
        return ufuncs.call(name, function, recorded, inputs, options)
    return ufuncs.method(name, function, method, inputs, options, recorded)


def function(self: Node, function: Callable[..., Any], types: Any, args: Any, options: dict[str, Any]) -> Any:
    """NumPy's other functions on tensors; the body of ``Tensor.__array_function__``."""
    return _call(function, args, options)


def _name(function: Any) -> str:
    """The name as the user writes it: np.exp, np.linalg.eig, scipy.special.erfc."""
    special = _special(function)
    if special:
        return (special[0] == "_" and scipy_function()) or f"scipy.special.{special}"
    return f"{getattr(function, '__module__', 'numpy').replace('numpy', 'np', 1)}.{function.__name__}"


def _special(function: Any) -> str:
    """The name of a universal function of ``scipy.special``, with an underscore if it is private; of others nothing."""
    module = sys.modules.get("scipy.special")
    if module is None or not isinstance(function, np.ufunc):
        return ""
    name = function.__name__
    owners = (module, getattr(module, "_ufuncs", None))
    return name if any(getattr(owner, name, None) is function for owner in owners) else ""


def _special_function(function: np.ufunc) -> Callable[..., Any] | None:
    """Our function for one of ``scipy.special``, if there is one; found once, and from then on recorded like NumPy's."""
    name = _special(function)
    if name:
        special = import_module("minigrad.special")  # loaded when SciPy is, and not before
        name = "zeta" if name == "_zeta" else name
        if name in special.__all__:
            RECORDED[function] = getattr(special, name)
    return RECORDED.get(function)


def _call(function: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Answer with our function of the name, with NumPy's own on the values, or with an error that says what to do."""
    recorded = RECORDED.get(function)
    if recorded is not None and not options and len(args) == 1:
        return recorded(*args)
    name = _name(function)
    if options.get("out") is not None:
        raise TypeError(numpy_arguments.no_out(name))
    if function in LOSING:
        for x in _tensors((args, options)):
            leave_as_array(x, name, LOSING[function])
    if function in CONSTANT or function in LOSING:
        if function in _ORDER:
            refuse_complex(name, *args)
        return function(*_values(args), **{k: _values(v) for k, v in options.items()})
    if recorded is None:
        raise TypeError(_refusal(name))
    return numpy_arguments.call(name, function, recorded, args, options)


def _refusal(name: str) -> str:
    """The message for a function that has no gradient rule."""
    if name in INSTEAD:
        return f"{name} {INSTEAD[name]}"
    values = "for a result without a gradient, give it the values: t.data"
    return f"{name} has no gradient rule in minigrad; compose it from minigrad's functions, or, {values}"


def _tensors(x: Any) -> Iterator[Node]:
    """The tensors in nested containers."""
    if isinstance(x, Node):
        yield x
    elif isinstance(x, dict | list | tuple):
        for v in x.values() if isinstance(x, dict) else x:
            yield from _tensors(v)


def _values(x: Any) -> Any:
    """Tensors as their values, in nested tuples and lists too."""
    return type(x)(_values(v) for v in x) if isinstance(x, list | tuple) else value_of(x)
