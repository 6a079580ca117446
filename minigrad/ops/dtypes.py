"""Casts, and the common dtype of several operands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.graph import Node, Value, array_of, as_array, value_of
from minigrad.modes import MODES
from minigrad.operation import op, real_only, static_value

if TYPE_CHECKING:
    from numpy.typing import DTypeLike


def is_complex(x: Value) -> bool:
    """True for complex numbers, arrays and tensors."""
    return bool(value_of(x).dtype.kind == "c") if isinstance(x, _ARRAYS) else isinstance(x, complex)


def conjugated(x: Value) -> Value:
    """The complex conjugate; what is real is its own and costs nothing."""
    return np.conj(x) if is_complex(x) else x


def refuse_complex(called: str, *operands: Value) -> None:
    """Refuse complex operands of a function that is not an operation itself."""
    if any(map(is_complex, operands)):
        raise TypeError(real_only(called, [x for x in operands if is_complex(x)]))


def check_cast(who: str, x: Value, dtype: DTypeLike) -> None:
    """Refuse a cast that loses the imaginary part."""
    if is_complex(x) and np.dtype(dtype).kind not in "cb":
        raise TypeError(f"{who}: a cast to {np.dtype(dtype)} loses the imaginary part; use x.real or abs(x)")


_ARRAYS = (Node, np.ndarray, np.generic)


@op(elementwise=True, complex=True)
def astype(x: Value, /, dtype: DTypeLike) -> Value:
    """Cast to a dtype. To a floating or complex one, the gradient is cast back; to any other, the result is a constant.

    A cast that would lose the imaginary part is refused.

    >>> astype(Tensor(2.5), "float32").dtype
    dtype('float32')
    """
    check_cast("astype", x, dtype)
    return np.array(x, dtype)


astype.rules(lambda g, out, x, dtype: g)


def cast(x: Value, dtype: Any) -> Any:
    """Cast to a dtype; None leaves x as it is."""
    return x if dtype is None else astype(x, dtype)


def floats(*inputs: Value) -> list[Any]:
    """Cast lists and integers to the dtype of the floating inputs beside them, else to float64, so that float32 stays."""
    sure = [v is None or (isinstance(v, _ARRAYS) and value_of(v).dtype.kind in "fc") for v in inputs]
    if all(sure):
        return list(inputs)
    dtypes = [value_of(v).dtype for v, known in zip(inputs, sure, strict=True) if known and v is not None]
    dtype = np.result_type(*dtypes) if dtypes else np.float64
    return [v if known else astype(v, dtype) for v, known in zip(inputs, sure, strict=True)]


def one_dtype(*arrays: Value) -> list[Any]:
    """Cast floating arrays to their common dtype, as matrix products need it."""
    dtype = np.result_type(*(a for a in arrays if a is not None))
    return [None if a is None else np.asarray(a, dtype) for a in arrays]


def of_one_kind(*operands: Value) -> list[Value]:
    """Cast Python scalars to the dtype that NumPy would give them beside the other operands."""
    dtype = np.result_type(*(x if isinstance(x, int | float | complex) else array_of(x) for x in operands))
    return [np.asarray(x, dtype) if isinstance(x, int | float | complex) else x for x in operands]


def assigned(values: Value, into: Value, what: str) -> Value:
    """Cast values to the dtype of the array they go into, as an assignment does; tracked ones only to a floating dtype."""
    dtype = array_of(into).dtype if isinstance(into, _ARRAYS) else np.dtype(np.float64)
    if isinstance(values, Node) and values.requires_grad and dtype.kind not in "fc" and MODES.get().record:
        raise TypeError(f"{what} that track gradients would be cast to {dtype}, which has none; make x floating first")
    return astype(values, dtype)


def data_like(v: Value, like: Value, name: str = "") -> Value:
    """Copy constant data, in the dtype of the predictions `like`; of an argument of that name."""
    dtype = array_of(like).dtype
    return np.array(as_array(static_value(name, v), name), dtype if dtype.kind == "f" else np.float64)
