"""The Tensor: a node of the graph with NumPy's operators and protocols, and `.backward()`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from minigrad import numpy_protocol, ops
from minigrad.backward import seed_of, sweep
from minigrad.graph import NOTHING, Node, Op, as_array, constant, describe, value_of
from minigrad.modes import MODES, USUAL
from minigrad.ops.indexing import as_key

_GATHERING = threading.Lock()  # sweeps of several threads may meet at a shared leaf
_float64 = np.float64


def _binary(op: Op) -> Callable[[Any, Any], Any]:
    """An operator's method. Two float64 scalars, or one and a number, are recorded here without the general call's checks,
    which would take twice as long as the rest.
    """
    forward = op.forward

    def method(self: Tensor, other: Any) -> Any:
        if type(self.value) is _float64 and _modes() is USUAL:
            kind = type(other)
            if kind is Tensor:
                y, operand, tracked = other.value, other, self.requires_grad or other.requires_grad
            elif kind is float or kind is int:
                y, operand, tracked = other, None, self.requires_grad
            else:
                return op(self, other)
            if tracked and type(value := forward(self.value, y)) is _float64:
                out = _new(Tensor)
                out.value = value
                out.grad = out.name = out.origin = None
                out.requires_grad = True
                out.op, out.inputs, out.values, out.static = op, (self, operand), (self.value, y), NOTHING
                return out
        return op(self, other)

    return method


_modes, _new = MODES.get, object.__new__


def _methods(*functions: Callable[..., Any]) -> list[Callable[..., Any]]:
    """Functions as methods of their first argument."""

    def method(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(self: Tensor, *args: Any, **static: Any) -> Any:
            return function(self, *args, **static)

        call.__name__, call.__doc__ = function.__name__, function.__doc__
        return call

    return [method(function) for function in functions]


class Tensor(Node):
    """A value that remembers how it was computed, so that its gradients can be.

    Parameters
    ----------
    data : array_like
        Real numbers. Python numbers and lists of them become float64; arrays and NumPy scalars keep their dtype. The data
        are copied.
    requires_grad : bool, optional
        Whether gradients are tracked; by default they are for floating data. Integers and booleans are always constants.
    name : str, optional
        What pictures and messages call it.
    dtype : dtype_like, optional
        Convert the data to this dtype first.

    Attributes
    ----------
    grad : numpy.ndarray, numpy.generic, Tensor or None
        After `.backward()`, the gradient, in the shape and dtype of the value; a Tensor if `create_graph` was asked for.
    requires_grad : bool
        Whether gradients are tracked.
    name : str or None
        What pictures and messages call it.

    Raises
    ------
    TypeError
        If the data are not real numbers, if a list holds tensors (use `stack`), or if the gradient of integers or booleans
        is asked for.

    Examples
    --------
    >>> x, y, z = Tensor(-2.0), Tensor(5.0), Tensor(-4.0)
    >>> q = x + y
    >>> f = q * z
    >>> f.backward()
    >>> print(x.grad, q.grad)
    -4.0 -4.0
    """

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool | None = None, name: str | None = None, *, dtype: Any = None) -> None:
        value = as_array(value_of(data), "Tensor")
        value = np.array(value, dtype=dtype)[()] if type(value) is np.ndarray or dtype is not None else value
        as_array(value, "Tensor")
        floating = value.dtype.kind == "f"
        if requires_grad and not floating:
            raise TypeError(
                f"Tensor: data of dtype {value.dtype} have no gradient; use floating data, or leave out requires_grad"
            )
        if name is not None and not isinstance(name, str):
            raise TypeError(f"Tensor: the name is a string, got {type(name).__name__}")
        self.value = value
        self.grad = None
        self.requires_grad = floating if requires_grad is None else bool(requires_grad)
        self.op = None
        self.inputs = self.values = ()
        self.static = NOTHING
        self.name = name
        self.origin = None

    # Looking at it

    @property
    def data(self) -> Any:
        """The value: an array, or a NumPy scalar if 0-d.

        Assigning to it, or updating it as in ``w.data -= 0.1 * w.grad``, changes a leaf; a graph that has used the old value
        then refuses to go backward. Change single numbers with ``w[0] = 5``: what is written into the array itself, past the
        tensor, cannot be seen. Results are read-only.
        """
        return self.value

    @data.setter
    def data(self, new: Any) -> None:
        self._refuse_result()
        array = as_array(value_of(new), "Tensor.data")
        if not np.can_cast(array.dtype, self.dtype, "same_kind"):
            raise TypeError(f"Tensor.data: {describe(self)} holds {self.dtype} numbers and takes no {array.dtype} ones")
        if array.shape != self.shape:
            raise ValueError(f"Tensor.data: {describe(self)} takes a value of its own shape, got {array.shape}")
        # A new object, even around the same memory: that is how a sweep sees that the value it used has changed.
        updated_in_place = array is self.value and array.ndim > 0
        self.value = array.view() if updated_in_place else np.array(array, self.dtype)[()]

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        return self.value.shape  # type: ignore[no-any-return]

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.value.ndim  # type: ignore[no-any-return]

    @property
    def size(self) -> int:
        """The number of numbers."""
        return self.value.size  # type: ignore[no-any-return]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the numbers."""
        return self.value.dtype  # type: ignore[no-any-return]

    @property
    def is_leaf(self) -> bool:
        """Whether it was made by hand, or without recording, and not by a recorded operation."""
        return self.op is None

    @property
    def scope(self) -> str:
        """The drawing scope it was recorded in; empty outside all."""
        return self.origin.scope if self.origin else ""

    @property
    def T(self) -> Tensor:  # noqa: N802
        """The transpose."""
        return ops.transpose(self)  # type: ignore[no-any-return]

    def numpy(self) -> Any:
        """The value, as an array even if it is 0-d; of a result, read-only."""
        return np.asarray(self.value)

    def item(self) -> Any:
        """The one number it holds, as a Python number."""
        return self.value.item()

    def tolist(self) -> Any:
        """The value as nested lists of Python numbers."""
        return self.value.tolist()

    def __repr__(self) -> str:
        value = self.value
        text = np.array2string(value, separator=", ", prefix="Tensor(") if value.ndim else repr(value.item())
        if value.size == 0 and value.ndim > 1:
            text += f", shape={self.shape}"
        if self.dtype not in (np.float64, np.bool_):
            text += f", dtype={self.dtype}"
        if self.dtype.kind == "f" and not self.requires_grad:
            text += ", requires_grad=False"
        return f"Tensor({text}, name={self.name!r})" if self.name is not None else f"Tensor({text})"

    def __format__(self, spec: str) -> str:
        return format(self.value if self.ndim == 0 else repr(self), spec)

    def __len__(self) -> int:
        if self.ndim == 0:
            raise TypeError("a 0-d tensor has no length")
        return len(self.value)

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ValueError(
                f"the truth value of a tensor of shape {self.shape} is ambiguous; use minigrad.any or minigrad.all"
            )
        return bool(self.value)

    def __float__(self) -> float:
        return float(self._one("float"))

    def __int__(self) -> int:
        return int(self._one("int"))

    def __index__(self) -> int:
        if self.dtype.kind not in "iu" or self.ndim:
            raise TypeError(f"only a 0-d integer tensor can be an index, got shape {self.shape} of dtype {self.dtype}")
        return int(self.value)

    def _one(self, what: str) -> Any:
        if self.size != 1:
            raise TypeError(f"{what}: only a tensor of one number converts, got shape {self.shape}")
        return self.value.item()

    # Gradients

    def backward(self, upstream: Any = None, create_graph: bool = False, retain_graph: bool = True) -> None:
        """Add the gradients of this tensor to `.grad` of every tensor below it, intermediates included.

        Calls accumulate: twice in a row gives twice the gradient, exactly.

        Parameters
        ----------
        upstream : array_like or Tensor, optional
            The gradient to start from, in this tensor's shape. A scalar starts from 1 if it is left out.
        create_graph : bool
            Record the sweep too, so that `.grad` is a Tensor which can be differentiated again. It then refers to the graph
            and the graph to it: until the gradients of all its tensors are dropped, only the cycle collector can free it.
        retain_graph : bool
            If false, intermediate gradients are dropped and the graph is freed as the sweep goes: what training wants.

        Raises
        ------
        RuntimeError
            If this tensor is a constant, if its graph was freed, or if a value was updated in place after it was used.
        ValueError
            If `upstream` is missing for a tensor that is no scalar, or has another shape.
        FloatingPointError
            Inside `detect_anomaly`, at the first gradient that is nan or infinite.

        Examples
        --------
        >>> x = Tensor(3.0)
        >>> y = x**3
        >>> y.backward()
        >>> y.backward()
        >>> print(x.grad)
        54.0
        """
        gradients = sweep(self, self._seed(upstream, create_graph), create_graph=create_graph, retain_graph=retain_graph)
        seen: set[int] = set()
        with _GATHERING:
            for node, g in gradients.items():
                if node.grad is not None:
                    node.grad = node.grad + g
                # A rule may pass its upstream gradient on, or a view of it: every tensor gets a gradient of its own.
                elif type(g) is np.ndarray:
                    node.grad = g.copy() if g.base is not None or id(g) in seen else g
                    seen.add(id(g))
                elif isinstance(g, Node) and g.op is None:
                    node.grad = g * 1.0 if g.requires_grad else constant(np.array(g.value)[()], Tensor)  # type: ignore[operator]
                else:
                    node.grad = g

    def _seed(self, upstream: Any, create_graph: bool) -> Any:
        if not self.requires_grad:
            raise RuntimeError(
                f"backward: {describe(self)} is a constant and has no graph; it was made from integers, with "
                "requires_grad=False, by detach() or inside no_grad()"
            )
        seed = seed_of(self, upstream, "backward")
        if not create_graph:
            return seed
        return ops.astype(upstream, self.dtype) if isinstance(upstream, Node) else Tensor(seed, False)

    def zero_grad(self) -> None:
        """Forget the gradient collected so far."""
        self.grad = None

    def detach(self) -> Tensor:
        """The same value as a constant, cut off from the graph; an array is shared, not copied."""
        return _leaf(Tensor, self.value, False, self.name)

    # A copy or a pickle holds the value, not the graph.

    def __reduce__(self) -> Any:
        return _leaf, (type(self), np.array(self.value)[()], self.requires_grad, self.name)

    # Arithmetic

    __add__, __sub__, __mul__ = _binary(ops.add), _binary(ops.subtract), _binary(ops.multiply)
    __truediv__, __pow__ = _binary(ops.divide), _binary(ops.power)
    __floordiv__, __mod__ = _binary(ops.floor_divide), _binary(ops.remainder)

    def __radd__(self, other: Any) -> Any:
        return ops.add(other, self)

    def __rsub__(self, other: Any) -> Any:
        return ops.subtract(other, self)

    def __rmul__(self, other: Any) -> Any:
        return ops.multiply(other, self)

    def __rtruediv__(self, other: Any) -> Any:
        return ops.divide(other, self)

    def __rfloordiv__(self, other: Any) -> Any:
        return ops.floor_divide(other, self)

    def __rmod__(self, other: Any) -> Any:
        return ops.remainder(other, self)

    def __rpow__(self, other: Any) -> Any:
        return ops.power(other, self)

    def __matmul__(self, other: Any) -> Any:
        return ops.matmul(self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return ops.matmul(other, self)

    def __neg__(self) -> Any:
        return ops.negative(self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return ops.abs(self)

    def __round__(self, decimals: int = 0) -> Any:
        return ops.round(self, decimals)

    # In place: only where nothing is recorded, and only on leaves. While recording, `w += 1` makes a new node.

    def _update(self, op: Op, other: Any) -> Any:
        if MODES.get().record or self.op is not None:
            return op(self, other)
        self.data = op.forward(self.value, value_of(other))
        return self

    def __iadd__(self, other: Any) -> Any:
        return self._update(ops.add, other)

    def __isub__(self, other: Any) -> Any:
        return self._update(ops.subtract, other)

    def __imul__(self, other: Any) -> Any:
        return self._update(ops.multiply, other)

    def __itruediv__(self, other: Any) -> Any:
        return self._update(ops.divide, other)

    def __setitem__(self, key: Any, new: Any) -> None:
        self._refuse_result()
        if isinstance(new, Node) and new.requires_grad and MODES.get().record:
            raise TypeError("assignment is not recorded; join tensors with minigrad.stack or concatenate, choose with where")
        value = np.array(self.value)
        value[as_key(key)] = value_of(new)
        self.value = value[()]

    def _refuse_result(self) -> None:
        if self.op is not None:
            raise RuntimeError(
                f"{describe(self)} is recorded, and so read-only: a gradient rule may need its value; compute a new tensor, "
                "or detach() it first"
            )

    # Indexing and comparing. Comparisons carry no gradient: they give plain arrays.

    def __getitem__(self, key: Any) -> Any:
        return ops.getitem(self, key)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __contains__(self, number: Any) -> bool:
        return bool(np.any(self.value == value_of(number)))

    __hash__ = object.__hash__

    def __eq__(self, other: Any) -> Any:
        return self.value == value_of(other)

    def __ne__(self, other: Any) -> Any:
        return self.value != value_of(other)

    def __lt__(self, other: Any) -> Any:
        return self.value < value_of(other)

    def __le__(self, other: Any) -> Any:
        return self.value <= value_of(other)

    def __gt__(self, other: Any) -> Any:
        return self.value > value_of(other)

    def __ge__(self, other: Any) -> Any:
        return self.value >= value_of(other)

    # The usual functions as methods

    def reshape(self, *shape: Any) -> Any:
        """The same numbers in another shape: ``reshape(2, -1)`` or ``reshape((2, -1))``."""
        return ops.reshape(self, shape[0] if len(shape) == 1 else shape)

    def transpose(self, *axes: Any) -> Any:
        """The axes in another order: ``transpose(2, 0, 1)``; without any, turned round."""
        return ops.transpose(self, (axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes) or None)

    permute = transpose

    abs, exp, log, sqrt, square = _methods(ops.abs, ops.exp, ops.log, ops.sqrt, ops.square)
    sin, cos, tanh, sigmoid, relu = _methods(ops.sin, ops.cos, ops.tanh, ops.sigmoid, ops.relu)
    reciprocal, clip, round, astype = _methods(ops.reciprocal, ops.clip, ops.round, ops.astype)
    sum, mean, prod, max, min = _methods(ops.sum, ops.mean, ops.prod, ops.max, ops.min)
    var, std, norm, logsumexp = _methods(ops.var, ops.std, ops.norm, ops.logsumexp)
    cumsum, cumprod, argmax, argmin = _methods(ops.cumsum, ops.cumprod, ops.argmax, ops.argmin)
    any, all, softmax, log_softmax = _methods(ops.any, ops.all, ops.softmax, ops.log_softmax)
    ravel, flatten, squeeze, swapaxes = _methods(ops.ravel, ops.flatten, ops.squeeze, ops.swapaxes)
    take, repeat, diagonal, trace, dot = _methods(ops.take, ops.repeat, ops.diagonal, ops.trace, ops.dot)

    # NumPy's protocols: np.exp(t), array + t, np.concatenate([t, a]) record like minigrad's own functions.

    __array_ufunc__ = numpy_protocol.ufunc
    __array_function__ = numpy_protocol.function

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self.value, dtype=dtype, copy=copy)

    def __dlpack__(self, **options: Any) -> Any:
        array = np.asarray(self.value)
        return (array if array.flags.writeable else array.copy()).__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return np.asarray(self.value).__dlpack_device__()


def _leaf(kind: type[Tensor], value: Any, requires_grad: bool, name: str | None) -> Tensor:
    """A leaf as it was pickled or copied."""
    tensor = constant(value, kind)
    tensor.requires_grad, tensor.name = requires_grad, name
    return tensor  # type: ignore[return-value]
