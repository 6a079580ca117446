"""SciPy's functions, loaded when this module is, and the dtypes of their orders and results."""

from __future__ import annotations

import numpy as np

from minigrad.graph import Value
from minigrad.optional import needed

sp = needed("scipy.special", "scipy", "minigrad.special calls SciPy").special


def whole(n: Value) -> Value:
    """An order as integers, where SciPy's function takes no others."""
    order = np.asarray(n).astype(int)
    if (order != n).any():
        raise ValueError(f"the order must be a whole number, got {n}")
    return order


def in_dtype_of(y: Value, *inputs: Value) -> Value:
    """A result in the dtype of the inputs: beside a Python number or an integer order, SciPy makes float64 of float32."""
    return np.asarray(y, np.result_type(*inputs, 0.0))[()]
