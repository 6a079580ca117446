"""The Tensor: a node of the graph with NumPy's operators and protocols, and `.backward()`.

The file is long because the class has all of NumPy's operators and methods, a line or two each.
"""

from __future__ import annotations

import operator
from collections import deque
from collections.abc import Callable, Iterator
from functools import wraps
from itertools import repeat
from typing import Any, Concatenate, ParamSpec, TypeAlias, TypeVar, cast

import numpy as np

from minigrad import guard, numpy_protocol, ops, spellings
from minigrad.backward import added, starting_gradient, sweep
from minigrad.border import (
    check_update,
    leave_as_array,
    leave_as_copy,
    leave_as_number,
    leave_on_purpose,
    warn_of_replaced_leaves,
)
from minigrad.graph import NOTHING, ArrayLike, Node, Origin, as_array, constant, describe, value_of
from minigrad.modes import MODES, USUAL
from minigrad.operation import Op
from minigrad.ops.dtypes import check_cast, refuse_complex
from minigrad.ops.indexing import _getitem, as_key
from minigrad.tracing import current, refuse

P = ParamSpec("P")
R = TypeVar("R")
Operator: TypeAlias = "Callable[[Tensor, ArrayLike], Tensor]"

_GATHERING = guard.lock_for_forks()  # sweeps of several threads may meet at a shared leaf
_REPLACED = 100  # updates recorded one upon the other, from which on a sweep warns
_float64, _ndarray = np.float64, np.ndarray
_REAL = (float, int, np.float64)


def _binary(op: Op[...], forward: Callable[[Any, Any], Any] | None = None) -> Operator:
    """An operator's method. What arithmetic meets most is recorded here without the general call's checks, which take twice
    as long as the rest: two float64 scalars, or two arrays that nobody can write to, or one of them and a number. `forward`
    is Python's own operator, which is quicker than a function of ours.
    """
    compute, takes_arrays = forward or op.forward, op.complex

    def method(self: Tensor, other: Any) -> Tensor:
        x = self.value
        if type(x) is _float64 and _modes() is USUAL:
            kind = type(other)
            if kind is Tensor:
                y, operand, tracked = other.value, other, self.requires_grad or other.requires_grad
            elif kind is float or kind is int:
                y, operand, tracked = other, None, self.requires_grad
            else:
                return op(self, other)
            if not tracked or type(value := compute(x, y)) is not _float64:
                return op(self, other)
        elif takes_arrays and type(x) is _ndarray and _modes() is USUAL:
            kind = type(other)
            if kind is Tensor and type(other.value) is _ndarray and _closed(other):
                y, operand, tracked = other.value, other, self.requires_grad or other.requires_grad
            elif kind is float or kind is int:
                y, operand, tracked = other, None, self.requires_grad
            else:
                return op(self, other)
            if not tracked or not _closed(self):
                return op(self, other)
            try:
                value = compute(x, y)
            except Exception:  # which the general call explains
                return op(self, other)
            value.flags.writeable = False
        else:
            return op(self, other)
        out = _new(Tensor)
        out.value = value
        out.grad = out.name = out.origin = None
        out.requires_grad = True
        out.op, out.inputs, out.values, out.static, out.held = op, (self, operand), (x, y), NOTHING, None
        return out

    return method


def _closed(x: Tensor) -> bool:
    """True if nobody can write to the array of a tensor, and no graph has to be asked."""
    return x.op is not None or not (guard.HELD or x.value.flags.writeable)


def _pair(first: Op[...], second: Op[...]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The two methods of an operator with two results."""
    return lambda self, other: (first(self, other), second(self, other)), lambda self, other: (
        first(other, self),
        second(other, self),
    )


def _bitwise(function: np.ufunc) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The two methods of an operator on bits, of integers and booleans; as a comparison, it gives plain arrays."""
    return lambda self, other: function(value_of(self), value_of(other)), lambda self, other: function(
        value_of(other), value_of(self)
    )


def _method(function: Callable[Concatenate[ArrayLike, P], R]) -> Callable[Concatenate[Tensor, P], R]:
    """A function as a method of its first argument."""

    @wraps(function, updated=())
    def method(self: Tensor, *args: P.args, **options: P.kwargs) -> R:
        return function(self, *args, **options)

    return cast("Callable[Concatenate[Tensor, P], R]", method)


def _power(operator: Operator) -> Callable[..., Tensor]:
    """The method of `**` and of `pow`, which may be given a modulus."""

    def method(self: Tensor, other: Any, modulus: Any = None) -> Tensor:
        if modulus is not None:
            raise TypeError("pow: a modulus is not recorded; use minigrad.remainder(x**y, modulus)")
        return operator(self, other)

    return method


def _reflected(op: Op[...]) -> Operator:
    """The method of an operator whose tensor stands on the right."""
    return lambda self, other: op(other, self)


def _ordering(symbol: str, compare: Callable[[Any, Any], Any]) -> Callable[[Tensor, Any], Any]:
    """The method of a comparison that needs an order."""

    def method(self: Tensor, other: Any) -> Any:
        a, b = value_of(self), value_of(other)
        if type(a) is not _float64 or type(b) not in _REAL:
            refuse_complex(symbol, a, b)
        return compare(a, b)

    return method


def _in_place(op: Op[...]) -> Operator:
    """The method of an in-place operator: it updates a leaf inside `no_grad`; while recording it makes a new node."""

    def method(self: Tensor, other: ArrayLike) -> Tensor:
        if _modes().record or self.op is not None:
            if self.op is None and self.grad is not None and not (isinstance(other, Node) and other.requires_grad):
                raise RuntimeError(
                    f"an in-place update of {describe(self)}, which has a gradient, would be recorded as a new tensor and "
                    "leave this one as it is; update it inside no_grad()"
                )
            return op(self, other)
        self.data = op.forward(self.value, value_of(other))
        return self

    return method


_modes, _new = MODES.get, object.__new__


def _own(array: np.ndarray[Any, Any]) -> Any:
    """An array that nobody else refers to, as a tensor keeps it: read-only until it is handed out, a scalar if 0-d."""
    array.flags.writeable = False
    return array if array.ndim else array[()]


def _replaces(node: Node) -> bool:
    """True if a node is a tensor that has a gradient, plus or minus an untracked amount."""
    if (node.op is not ops.subtract and node.op is not ops.add) or not node.inputs:
        return False
    x, amount = node.inputs
    return x is not None and x.grad is not None and (amount is None or not amount.requires_grad)


class Tensor(Node):
    """A value that remembers how it was computed, so that its gradients can be.

    Parameters
    ----------
    data : array_like
        Numbers. Python numbers and lists of them become float64, or complex128; arrays and NumPy scalars keep their
        dtype. The data are copied.
    requires_grad : bool, optional
        Whether gradients are tracked; by default they are for floating and complex data. Integers and booleans are
        always constants.
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
        If the data are not numbers, if a list holds tensors (use `stack`), or if the gradient of integers or booleans
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
        if isinstance(data, Node):
            leave_as_number(data, "Tensor()")
        value = as_array(value_of(data), "Tensor")
        if dtype is not None:
            check_cast("Tensor", value, dtype)
        value = _own(np.array(value, dtype=dtype)) if type(value) is np.ndarray or dtype is not None else value
        as_array(value, "Tensor")
        floating = value.dtype.kind in "fc"
        if requires_grad and not floating:
            raise TypeError(
                f"Tensor: data of dtype {value.dtype} have no gradient; use floating data, or leave out requires_grad"
            )
        if name is not None and not isinstance(name, str):
            raise TypeError(f"Tensor: the name is a string, got {type(name).__name__}")
        self.value = value
        self.grad = None
        self.requires_grad = floating if requires_grad is None else bool(requires_grad)
        self.name = name
        self.origin = None
        self.rewire()

    # Looking at it

    @property
    def data(self) -> Any:
        """The value: an array, or a NumPy scalar if 0-d.

        Assigning to it, or updating it as in ``w.data -= 0.1 * w.grad``, changes a leaf; a graph that has used the old value
        then refuses to go backward. So does one whose array was written to, as in ``w.data[0] = 5``; a large array is
        read-only until the sweep has used it. Results are read-only.
        """
        leave_on_purpose(self, ".data")
        return self._open()

    @data.setter
    def data(self, new: Any) -> None:
        self._check_update("assigning to .data")
        if isinstance(new, Node):
            leave_on_purpose(new, "assigning to .data")
        array = as_array(value_of(new), "Tensor.data")
        if not np.can_cast(array.dtype, self.dtype, "same_kind"):
            raise TypeError(f"Tensor.data: {describe(self)} holds {self.dtype} numbers and takes no {array.dtype} ones")
        if array.shape != self.shape:
            raise ValueError(f"Tensor.data: {describe(self)} takes a value of its own shape, got {array.shape}")
        # A new object, even around the same memory: that is how a sweep sees that the value it used has changed.
        updated_in_place = array is self.value and array.ndim > 0
        self.value = array.view() if updated_in_place else _own(np.array(array, self.dtype))

    def _open(self) -> Any:
        """The value for somebody outside, who may write to that of a leaf."""
        if self.op is None and type(self.value) is np.ndarray and current() is None:
            self.value = guard.hand_out(self.value)
        return value_of(self)

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
        """The number of elements."""
        return self.value.size  # type: ignore[no-any-return]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the elements."""
        return self.value.dtype  # type: ignore[no-any-return]

    @property
    def itemsize(self) -> int:
        """The bytes that one element takes."""
        return self.value.itemsize  # type: ignore[no-any-return]

    @property
    def nbytes(self) -> int:
        """The bytes that all elements take."""
        return self.value.nbytes  # type: ignore[no-any-return]

    @property
    def strides(self) -> tuple[int, ...]:
        """The bytes from an element to the next one along each axis."""
        return self.value.strides  # type: ignore[no-any-return]

    @property
    def real(self) -> Tensor:
        """The real part."""
        return ops.real(self)

    @property
    def imag(self) -> Tensor:
        """The imaginary part."""
        return ops.imag(self)

    @property
    def is_leaf(self) -> bool:
        """True if it was made by hand, or without recording, and not by a recorded operation."""
        return self.op is None

    @property
    def scope(self) -> str:
        """The drawing scope it was recorded in; empty outside all."""
        return self.origin.scope if self.origin else ""

    @property
    def T(self) -> Tensor:  # noqa: N802
        """The transpose."""
        return ops.transpose(self)

    @property
    def mT(self) -> Tensor:  # noqa: N802
        """The transpose of each matrix of a stack."""
        return ops.swapaxes(self, -1, -2)

    def numpy(self) -> Any:
        """The value, as an array even if it is 0-d; of a result, read-only."""
        leave_on_purpose(self, ".numpy()")
        return np.asarray(self._open())

    def item(self) -> Any:
        """The one number it holds, as a Python number."""
        leave_on_purpose(self, ".item()")
        return value_of(self).item()

    def tobytes(self, order: Any = "C") -> bytes:
        """The bytes of the value."""
        leave_on_purpose(self, ".tobytes()")
        return value_of(self).tobytes(order)  # type: ignore[no-any-return]

    def tolist(self) -> Any:
        """The value as nested lists of Python numbers."""
        leave_on_purpose(self, ".tolist()")
        return value_of(self).tolist()

    def __repr__(self) -> str:
        value = self.value
        text = np.array2string(value, separator=", ", prefix="Tensor(") if value.ndim else repr(value.item())
        if value.size == 0 and value.ndim > 1:
            text += f", shape={self.shape}"
        if self.dtype not in (np.float64, np.complex128, np.bool_):
            text += f", dtype={self.dtype}"
        if self.dtype.kind in "fc" and not self.requires_grad:
            text += ", requires_grad=False"
        return f"Tensor({text}, name={self.name!r})" if self.name is not None else f"Tensor({text})"

    def __format__(self, spec: str) -> str:
        return format(value_of(self) if self.ndim == 0 else repr(self), spec)

    def __len__(self) -> int:
        if self.ndim == 0:
            raise TypeError("a 0-d tensor has no length")
        return len(value_of(self))

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ValueError(
                f"the truth value of a tensor of shape {self.shape} is ambiguous; use minigrad.any or minigrad.all"
            )
        return bool(value_of(self))

    def __float__(self) -> float:
        return float(self._one("float"))

    def __int__(self) -> int:
        return int(self._one("int"))

    def __complex__(self) -> complex:
        return complex(self._one("complex"))

    def __trunc__(self) -> int:
        return int(self._one("trunc"))

    def as_integer_ratio(self) -> tuple[int, int]:
        """Refused: the functions of `statistics` ask for it, and would lose the gradient."""
        raise TypeError("as_integer_ratio has no gradient; use minigrad.mean, std or median, not the statistics module")

    def __index__(self) -> int:
        if self.dtype.kind not in "iu" or self.ndim:
            raise TypeError(f"only a 0-d integer tensor can be an index, got shape {self.shape} of dtype {self.dtype}")
        return int(value_of(self))

    def _one(self, what: str) -> Any:
        if self.size != 1:
            raise TypeError(f"{what}: only a tensor of one element converts, got shape {self.shape}")
        leave_as_number(self, f"{what}()")
        return value_of(self).item()

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
            If `upstream` is missing for a tensor that is not a scalar, or has another shape.
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
        refuse("backward writes into .grad, which a program does not; use value_and_grad inside a traced function")
        seed = starting_gradient(self, upstream, "backward")
        if create_graph:
            seed = ops.astype(upstream, self.dtype) if isinstance(upstream, Node) else Tensor(seed, False)
        gradients = sweep(self, seed, create_graph=create_graph, retain_graph=retain_graph)
        seen: set[int] = set()
        again = self.grad is not None
        if again or self.origin is not None:  # so that a drawing can say why its gradients are twice as large
            origin = self.origin or Origin()
            self.origin = origin._replace(sweeps=origin.sweeps + 1 if again else 1)
        replaced = 0
        with _GATHERING:
            for node, g in gradients.items():
                if node.grad is not None:
                    replaced += node.op is not None and _replaces(node)
                    gradients[node] = node.grad + g if type(g) is _float64 else added(node.grad, g)
                elif type(g) is _float64:
                    continue
                # A rule may pass its upstream gradient on, or a view of it: every tensor gets a gradient of its own.
                elif type(g) is np.ndarray:
                    if g.base is not None or id(g) in seen:
                        gradients[node] = g.copy()
                    seen.add(id(g))
                elif isinstance(g, Node) and g.op is None:
                    gradients[node] = g * 1.0 if g.requires_grad else constant(np.array(g.value)[()], Tensor)  # type: ignore[operator]
            # One call of C, so that neither an error nor Ctrl-C can leave some gradients in place and others not.
            deque(map(setattr, gradients, repeat("grad"), gradients.values()), 0)
        if replaced >= _REPLACED and not again:
            warn_of_replaced_leaves(_REPLACED)

    def zero_grad(self) -> None:
        """Forget the gradient collected so far."""
        self.grad = None

    def detach(self) -> Tensor:
        """The same value as a constant, cut off from the graph; an array is shared, not copied."""
        return _leaf(Tensor, self._open(), False, self.name)

    # A result, whose graph cannot be copied, is its own copy; a deep copy or a pickle holds the value, not the graph.

    def __copy__(self) -> Tensor:
        return self if self.op is not None else _leaf(*self.__reduce__()[1])

    def __reduce__(self) -> Any:
        if self.op is not None:
            leave_as_copy(self)
        return _leaf, (type(self), np.array(self.value)[()], self.requires_grad, self.name)

    # Arithmetic

    __add__, __radd__, __iadd__ = _binary(ops.add, operator.add), _reflected(ops.add), _in_place(ops.add)
    __sub__, __rsub__, __isub__ = _binary(ops.subtract, operator.sub), _reflected(ops.subtract), _in_place(ops.subtract)
    __mul__, __rmul__, __imul__ = _binary(ops.multiply, operator.mul), _reflected(ops.multiply), _in_place(ops.multiply)
    __truediv__, __rtruediv__ = _binary(ops.divide, operator.truediv), _reflected(ops.divide)
    __itruediv__ = _in_place(ops.divide)
    __pow__, __rpow__, __ipow__ = _power(_binary(ops.power)), _reflected(ops.power), _in_place(ops.power)
    __floordiv__, __rfloordiv__, __ifloordiv__ = (
        _binary(ops.floor_divide),
        _reflected(ops.floor_divide),
        _in_place(ops.floor_divide),
    )
    __mod__, __rmod__, __imod__ = _binary(ops.remainder), _reflected(ops.remainder), _in_place(ops.remainder)
    __matmul__, __rmatmul__, __imatmul__ = _method(ops.matmul), _reflected(ops.matmul), _in_place(ops.matmul)
    __divmod__, __rdivmod__ = _pair(ops.floor_divide, ops.remainder)
    __and__, __rand__ = _bitwise(np.bitwise_and)
    __or__, __ror__ = _bitwise(np.bitwise_or)
    __xor__, __rxor__ = _bitwise(np.bitwise_xor)
    __lshift__, __rlshift__ = _bitwise(np.left_shift)
    __rshift__, __rrshift__ = _bitwise(np.right_shift)
    __neg__, __abs__ = _method(ops.negative), _method(ops.abs)

    def __invert__(self) -> Any:
        return np.invert(value_of(self))

    def __pos__(self) -> Tensor:
        return self

    def __round__(self, decimals: int = 0) -> Tensor:
        return ops.round(self, decimals)

    def __setitem__(self, key: Any, new: Any) -> None:
        self._check_update("an assignment")
        if isinstance(new, Node) and new.requires_grad and MODES.get().record:
            raise TypeError("assignment is not recorded; join tensors with minigrad.stack or concatenate, choose with where")
        value = np.array(self.value)
        check_cast("assignment", value_of(new), self.dtype)
        value[as_key(key)] = value_of(new)
        self.value = _own(value)

    def _check_update(self, how: str) -> None:
        check_update(self, how)
        refuse(f"{how} would change a tensor, which a program does not; compute a new one")
        if self.op is not None:
            raise RuntimeError(
                f"{describe(self)} is recorded, and so read-only: a gradient rule may need its value; compute a new tensor, "
                "or detach() it first"
            )

    # Indexing and comparing. Comparisons carry no gradient: they give plain arrays.

    def __getitem__(self, key: Any) -> Any:
        return _getitem(self, key=as_key(key))

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __contains__(self, number: Any) -> bool:
        return bool(np.any(value_of(self) == value_of(number)))

    __hash__ = object.__hash__

    def __eq__(self, other: Any) -> Any:
        return value_of(self) == value_of(other)

    def __ne__(self, other: Any) -> Any:
        return value_of(self) != value_of(other)

    __lt__, __le__ = _ordering("<", operator.lt), _ordering("<=", operator.le)
    __gt__, __ge__ = _ordering(">", operator.gt), _ordering(">=", operator.ge)

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if hasattr(type(self), name)]  # without the names of others

    # The usual functions as methods

    def reshape(self, *shape: Any) -> Any:
        """The same numbers in another shape: ``reshape(2, -1)`` or ``reshape((2, -1))``."""
        return ops.reshape(self, shape[0] if len(shape) == 1 else shape)

    def transpose(self, *axes: Any) -> Any:
        """The axes in another order: ``transpose(2, 0, 1)``; without any, in reverse."""
        return ops.transpose(self, (axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes) or None)

    permute = transpose

    abs = _method(ops.abs)
    exp = _method(ops.exp)
    log = _method(ops.log)
    sqrt = _method(ops.sqrt)
    square = _method(ops.square)
    sin = _method(ops.sin)
    cos = _method(ops.cos)
    tanh = _method(ops.tanh)
    sigmoid = _method(ops.sigmoid)
    relu = _method(ops.relu)
    reciprocal = _method(ops.reciprocal)
    clip = _method(ops.clip)
    round = _method(ops.round)
    astype = _method(ops.astype)
    sum = _method(ops.sum)
    mean = _method(ops.mean)
    prod = _method(ops.prod)
    max = _method(ops.max)
    min = _method(ops.min)
    var = _method(ops.var)
    std = _method(ops.std)
    norm = _method(ops.norm)
    logsumexp = _method(ops.logsumexp)
    cumsum = _method(ops.cumsum)
    cumprod = _method(ops.cumprod)
    argmax = _method(ops.argmax)
    argmin = _method(ops.argmin)
    any = _method(ops.any)
    all = _method(ops.all)
    softmax = _method(ops.softmax)
    log_softmax = _method(ops.log_softmax)
    ravel = _method(ops.ravel)
    flatten = _method(ops.flatten)
    squeeze = _method(ops.squeeze)
    swapaxes = _method(ops.swapaxes)
    take = _method(ops.take)
    repeat = _method(ops.repeat)
    diagonal = _method(ops.diagonal)
    trace = _method(ops.trace)
    dot = _method(ops.dot)
    ptp = _method(ops.ptp)
    copy = _method(ops.copy)
    conj = conjugate = _method(ops.conj)
    choose = _method(ops.choose)
    argsort = _method(ops.argsort)
    argpartition = _method(ops.argpartition)

    def compress(self, condition: ArrayLike, axis: int | None = None) -> Tensor:
        """The elements, or slices along an axis, where a condition holds."""
        return ops.compress(condition, self, axis)

    def nonzero(self) -> tuple[Any, ...]:
        """The indices of the elements that are not 0, an array for each axis."""
        return np.nonzero(value_of(self))

    def searchsorted(self, v: Any, side: Any = "left", sorter: Any = None) -> Any:
        """The indices at which values would be inserted into this sorted vector; plain, for an index has no gradient."""
        return np.searchsorted(value_of(self), value_of(v), side, value_of(sorter))

    # NumPy's protocols: np.exp(t), array + t, np.concatenate([t, a]) record like minigrad's own functions.

    __pandas_priority__ = 5000  # above a DataFrame's: its operators leave the work to the tensor's
    __array_ufunc__ = numpy_protocol.ufunc
    __array_function__ = numpy_protocol.function

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        leave_as_array(self, "NumPy")
        return np.array(self._open(), dtype=dtype, copy=copy)

    def __dlpack__(self, **options: Any) -> Any:
        leave_as_array(self, "DLPack")
        array = np.asarray(self._open())
        return (array if array.flags.writeable else array.copy()).__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return np.asarray(self.value).__dlpack_device__()


_functions = {name: f"minigrad.{name}" for name in ops.__all__ if name not in spellings.NO_METHODS}
_renamed = {name: _functions[ours] for name, ours in spellings.FUNCTIONS.items() if ours in _functions}
for _name, _here in (_functions | _renamed | spellings.METHODS).items():
    if not hasattr(Tensor, _name):
        setattr(Tensor, _name, spellings.Foreign(_name, _here))


def _leaf(kind: type[Tensor], value: Any, requires_grad: bool, name: str | None) -> Tensor:
    """A leaf as it was pickled or copied."""
    tensor = constant(value, kind)
    tensor.requires_grad, tensor.name = requires_grad, name
    return tensor  # type: ignore[return-value]
