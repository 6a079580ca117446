"""Tracing: a function is run on stand-ins for its arrays, and every step that depends on them is written down.

A stand-in, `Traced`, has the shape, the dtype and the operators of an array, and answers NumPy's protocols; it is the value
of a tensor like any array. So operations, masks, comparisons and gradient rules are all recorded in the same way, and what
would take a plain number out of it, such as ``if`` or ``float``, is refused. Nothing can be frozen without a word.

The file is long because `Traced` has all operators and attributes of an array, a line or two each.
"""

from __future__ import annotations

import operator
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from minigrad.calls import GETITEM, MASK, NEGATIVE, REFUSED, SHAPES_ONLY, STRONG, Call, call_of, member, op_call
from minigrad.modes import MODES, USUAL, site

ACTIVE: list[Trace] = []
"""The traces that run, of all threads; empty nearly always, which is cheap to ask."""


class Untraceable(RuntimeError):  # noqa: N818, named for what the function is, beside GradientLost
    """A traced function did what a program cannot hold; the message says what to write."""

    final = False  # whether the function around the place cannot stay whole either


class Variable:
    """A value of a program: an input, or what a step gives."""

    __slots__ = ("dtype", "name", "scope", "shape", "weak")

    def __init__(self, value: Any, scope: str = "") -> None:
        self.shape: tuple[int, ...] | None = None
        self.dtype: np.dtype[Any] | None = None
        if isinstance(value, _NUMBERS):
            self.shape = np.shape(value)
            self.dtype = value.dtype if isinstance(value, np.ndarray | np.generic) else np.dtype(type(value))
        self.name, self.scope = "", scope
        self.weak = type(value) is float  # a Python number, which takes on the dtype of an array beside it


class Step:
    """One step: what is applied, to which variables and constants, and the variables that it gives."""

    __slots__ = ("args", "call", "options", "outs", "several", "site")

    def __init__(
        self, call: Call, args: tuple[Any, ...], options: dict[str, Any], outs: tuple[Variable, ...], several: bool
    ) -> None:
        self.call, self.args, self.options, self.outs, self.several, self.site = call, args, options, outs, several, ""


_NUMBERS = (np.ndarray, np.generic, float, int, complex)


class Trace:
    """The record of one run of a function.

    Attributes
    ----------
    steps : list of Step
        In order.
    inputs, values : list
        What the function was given, as variables and as values.
    outside : dict
        By id, the tensors that it used without being given them, and what stands for each.
    opened : callable or None
        Given an operation, what computes it from simpler ones; None where it stays whole.
    sites : bool
        Whether each step tells the line of the user's source.
    """

    def __init__(self, opened: Callable[[Any], Any] | None = None, sites: bool = False) -> None:
        self.steps: list[Step] = []
        self.inputs: list[Variable] = []
        self.values: list[Any] = []
        self.outside: dict[int, tuple[Any, Traced]] = {}
        self.constants: dict[int, tuple[Any, int]] = {}
        self.opened, self.sites, self.over = opened, sites, False

    @contextmanager
    def running(self) -> Iterator[Trace]:
        """Trace what runs inside."""
        outer = MODES.get()
        token = MODES.set(outer._replace(trace=self, outer=outer))
        ACTIVE.append(self)
        try:
            yield self
            for array, seal in self.constants.values():
                if seal != _seal(array):
                    raise Untraceable(
                        f"an array of shape {array.shape} changed while the function ran, after a step had used it; compute "
                        "a new array instead of writing into it"
                    )
        finally:
            ACTIVE.remove(self)
            MODES.reset(token)
            self.over = True

    def input(self, value: Any) -> Traced:
        """A stand-in for an input."""
        traced = Traced(self, Variable(value), value)
        self.inputs.append(traced.variable)
        self.values.append(value)
        return traced

    def read(self, node: Any) -> Traced:
        """The stand-in for a tensor from outside, or for one made inside from plain numbers."""
        known = self.outside.get(id(node))
        if known is None:
            known = self.outside[id(node)] = (node, Traced(self, Variable(node.value), node.value))
        return known[1]

    def record(self, call: Call, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """Compute a step, write it down, and give stand-ins for its results."""
        if self.over:
            raise Untraceable("a value of a traced function was kept and used after it; return it instead")
        operands, values = self._both(args)
        if options:
            named, given = self._both(options)
            value = call.run(*values, **given)
        else:
            named, value = options, call.run(*values)
        scope = MODES.get().scope
        several = isinstance(value, tuple | list)
        parts = value if several else (value,)
        results = [Traced(self, Variable(v, scope), v) for v in parts]
        step = Step(call, operands, named, tuple([r.variable for r in results]), several)
        if self.sites:
            step.site = site()
        self.steps.append(step)
        return tuple(results) if several else results[0]

    def downstream(
        self, op: Any, needed: Sequence[bool], g: Any, out: Any, inputs: Sequence[Any], static: dict[str, Any]
    ) -> Sequence[Any]:
        """The gradient rules of an operation."""
        return op.downstream(needed, g, out, inputs, static)  # type: ignore[no-any-return]

    def stay(self, function: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any], error: Untraceable) -> Any:
        """The result of a function of ours that asks for values; by default the error is raised."""
        raise error

    def _both(self, x: Any) -> tuple[Any, Any]:
        """An argument with variables, and with values, in place of stand-ins."""
        kind = type(x)
        if kind is Traced:
            return x.variable, x.value
        if kind is np.ndarray:
            if id(x) not in self.constants:
                self.constants[id(x)] = (x, _seal(x))
        elif kind is tuple or kind is list:
            pairs = [self._both(part) for part in x]
            return kind([a for a, _ in pairs]), kind([b for _, b in pairs])
        elif kind is dict:
            several = {key: self._both(part) for key, part in x.items()}
            return {key: a for key, (a, _) in several.items()}, {key: b for key, (_, b) in several.items()}
        elif kind is slice and any(type(part) is Traced for part in (x.start, x.stop, x.step)):
            raise Untraceable(f"a slice with bounds that are traced: {MASK}")
        elif isinstance(x, np.random.Generator):
            raise _final("random numbers are drawn inside; draw them outside, and pass them in")
        return x, x


def _seal(array: Any) -> int:
    return zlib.crc32(np.ascontiguousarray(array).view(np.uint8).data) if array.size and array.dtype.kind in "fiubc" else 0


def current() -> Trace | None:
    """The trace around the call, if there is one."""
    return MODES.get().trace if ACTIVE else None


def holds(x: Any) -> bool:
    """True if a stand-in is among arguments."""
    kind = type(x)
    if kind is Traced:
        return True
    if kind is tuple or kind is list:
        return any(map(holds, x))
    return any(map(holds, x.values())) if kind is dict else False


def opened(op: Any) -> Any:
    """The function that computes an operation from simpler ones, if the trace opens it."""
    trace = current()
    return trace.opened(op) if trace is not None and trace.opened is not None else None


def apply(op: Any, inputs: list[Any], values: list[Any], static: dict[str, Any]) -> Any:
    """The forward of an operation, as a step if it depends on an input; tensors from outside are read, in the list too."""
    trace = current()
    if trace is not None:
        for i, x in enumerate(inputs):
            if x is not None and type(values[i]) is not Traced:
                values[i] = trace.read(x)
        if holds(values) or holds(static):
            return trace.record(op_call(op), tuple(values), static)
    return op.forward(*values, **static)


def read(node: Any) -> Any:
    """The value of a tensor: what stands for it inside a trace."""
    value = node.value
    trace = current()
    return value if trace is None or type(value) is Traced else trace.read(node)


@contextmanager
def paused() -> Iterator[None]:
    """Compute values inside a trace, and write nothing down."""
    outer = MODES.get()
    token = MODES.set(USUAL._replace(record=outer.record, outer=outer))
    try:
        yield
    finally:
        MODES.reset(token)


def refuse(what: str) -> None:
    """Refuse something inside a trace."""
    if current() is not None:
        raise _final(f"{what}, at {site()}")


def _final(text: str) -> Untraceable:
    error = Untraceable(text)
    error.final = True
    return error


class _Flags:
    writeable = c_contiguous = f_contiguous = False


def _refused(way: str, instead: str) -> Callable[..., Any]:
    def method(self: Traced, *_: Any, **__: Any) -> Any:
        raise Untraceable(f"{way} needs the value of {self!r}, which a program does not know, at {site()}; {instead}")

    return method


def _binary(function: np.ufunc, reflected: bool = False) -> Callable[..., Any]:
    call = call_of(function)

    def method(self: Traced, other: Any) -> Any:
        if hasattr(other, "requires_grad"):
            return NotImplemented
        if type(other) in (list, tuple):
            other = np.asarray(other)
        return self.trace.record(call, (other, self) if reflected else (self, other), {})

    return method


def _updated(symbol: str, operator: Callable[..., Any]) -> Callable[..., Any]:
    """An in-place operator: of a number it makes a new one, as in Python; of an array it is refused."""

    def method(self: Traced, other: Any) -> Any:
        if self.shape:
            raise Untraceable(f"{symbol} would write into {self!r}, at {site()}; compute a new array, as with x = x + 1")
        return operator(self, other)

    return method


def _method(name: str) -> Callable[..., Any]:
    return lambda self, *args, **options: self.trace.record(member(name, "method"), (self, *args), options)


_IF = "choose with where(condition, a, b), or pass it in as an int, which is static"
_PLAIN = "use functions that record, as with np.sin or minigrad.stack"


class Traced:
    """A stand-in for an array while a function is traced: its shape and dtype are known, its elements are not to be asked.

    It says that it is an `ndarray`, for functions that look; C code, which takes no one's word, asks `__array__`.
    """

    __slots__ = ("trace", "value", "variable")

    def __init__(self, trace: Trace, variable: Variable, value: Any) -> None:
        self.trace, self.variable, self.value = trace, variable, value

    __class__ = property(lambda self: np.ndarray)

    def __repr__(self) -> str:
        return f"a traced array of shape {self.shape} and dtype {self.dtype}"

    shape = property(lambda self: np.shape(self.value))
    ndim = property(lambda self: len(np.shape(self.value)))
    size = property(lambda self: np.size(self.value))
    dtype = property(lambda self: self.variable.dtype)
    itemsize = property(lambda self: self.dtype.itemsize)
    nbytes = property(lambda self: self.size * self.itemsize)
    base = property(lambda self: None)
    flags = property(lambda self: _Flags())
    strides = property(lambda self: np.asarray(self.value).strides)
    T = property(lambda self: self.trace.record(member("T", "attribute"), (self,), {}))
    mT = property(lambda self: self.trace.record(member("mT", "attribute"), (self,), {}))  # noqa: N815
    real = property(lambda self: self.trace.record(member("real", "attribute"), (self,), {}))
    imag = property(lambda self: self.trace.record(member("imag", "attribute"), (self,), {}))

    def strong(self) -> Any:
        """An array's or a NumPy scalar's stand-in for that of a Python number."""
        return self.trace.record(STRONG, (self,), {}) if type(self.value) is float else self

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, key: Any) -> Any:
        check_key(key)
        return self.trace.record(GETITEM, (self, key), {})

    __array_priority__ = 1000
    __add__, __radd__, __iadd__ = _binary(np.add), _binary(np.add, True), _updated("+=", operator.add)
    __sub__, __rsub__, __isub__ = _binary(np.subtract), _binary(np.subtract, True), _updated("-=", operator.sub)
    __mul__, __rmul__, __imul__ = _binary(np.multiply), _binary(np.multiply, True), _updated("*=", operator.mul)
    __truediv__, __rtruediv__ = _binary(np.divide), _binary(np.divide, True)
    __itruediv__ = _updated("/=", operator.truediv)
    __pow__, __rpow__, __ipow__ = _binary(np.power), _binary(np.power, True), _updated("**=", operator.pow)
    __matmul__, __rmatmul__ = _binary(np.matmul), _binary(np.matmul, True)
    __floordiv__, __rfloordiv__ = _binary(np.floor_divide), _binary(np.floor_divide, True)
    __mod__, __rmod__ = _binary(np.remainder), _binary(np.remainder, True)
    __ifloordiv__, __imod__ = _updated("//=", operator.floordiv), _updated("%=", operator.mod)
    __lt__, __le__, __gt__, __ge__ = (_binary(f) for f in (np.less, np.less_equal, np.greater, np.greater_equal))
    __eq__, __ne__ = _binary(np.equal), _binary(np.not_equal)
    __and__, __rand__ = _binary(np.bitwise_and), _binary(np.bitwise_and, True)
    __or__, __ror__ = _binary(np.bitwise_or), _binary(np.bitwise_or, True)
    __xor__, __rxor__ = _binary(np.bitwise_xor), _binary(np.bitwise_xor, True)
    __hash__ = None  # type: ignore[assignment]

    def __neg__(self) -> Any:
        return self.trace.record(NEGATIVE, (self,), {})

    def __invert__(self) -> Any:
        return self.trace.record(call_of(np.invert), (self,), {})

    def __abs__(self) -> Any:
        return self.trace.record(call_of(np.abs), (self,), {})

    def __pos__(self) -> Any:
        return self

    sum, mean, prod, max, min, any, all = (_method(k) for k in ("sum", "mean", "prod", "max", "min", "any", "all"))
    argmax, argmin, argsort, var, std = (_method(k) for k in ("argmax", "argmin", "argsort", "var", "std"))
    cumsum, cumprod, round, clip, dot = (_method(k) for k in ("cumsum", "cumprod", "round", "clip", "dot"))
    reshape, transpose, ravel, flatten, squeeze = (
        _method(k) for k in ("reshape", "transpose", "ravel", "flatten", "squeeze")
    )
    swapaxes, take, repeat, diagonal = (_method(k) for k in ("swapaxes", "take", "repeat", "diagonal"))
    astype, copy, conj, conjugate = (_method(k) for k in ("astype", "copy", "conj", "conjugate"))

    __bool__ = _refused("if or while on a traced value", _IF)
    __float__ = _refused("float()", _PLAIN)
    __int__ = _refused("int()", _IF)
    __index__ = _refused("range() or a length", _IF)
    __complex__ = _refused("complex()", _PLAIN)
    __round__ = _refused("round()", "use np.round")
    __contains__ = _refused("in", "compare, and reduce with np.any")
    item = _refused(".item()", _PLAIN)
    tolist = _refused(".tolist()", _PLAIN)
    tobytes = _refused(".tobytes()", _PLAIN)
    nonzero = _refused(".nonzero()", "keep the shape, as with where(mask, x, 0)")
    __array__ = _refused("a plain array", _PLAIN)
    __dlpack__ = _refused("DLPack", _PLAIN)
    __reduce_ex__ = _refused("a copy or a pickle", _PLAIN)

    def __setitem__(self, key: Any, new: Any) -> None:
        raise Untraceable(
            f"an assignment would write into {self!r}, at {site()}; choose with where(mask, new, x), or join with stack"
        )

    def __array_ufunc__(self, function: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        if any(hasattr(x, "requires_grad") for x in inputs):
            return NotImplemented
        if options.get("out") is not None:
            raise Untraceable(f"out= of np.{function.__name__} would write into an array; use the result that is returned")
        options.pop("out", None)
        if method == "at":
            raise Untraceable(f"np.{function.__name__}.at writes into an array; use minigrad.scatter")
        call = call_of(function, "" if method == "__call__" else method)
        if (options or any(type(x) in (list, tuple) for x in inputs)) and call.form in ("infix", "prefix"):
            call = Call(function, "function", f"np.{function.__name__}")
        return self.trace.record(call, inputs, options)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        if any(hasattr(kind, "requires_grad") for kind in types):
            return NotImplemented
        name = function.__name__
        if name in SHAPES_ONLY:
            return function(*_values(args), **_values(options))
        if name in REFUSED:
            raise Untraceable(f"np.{name} of {self!r}, at {site()}: {REFUSED[name]}")
        if options.get("out") is not None:
            raise Untraceable(f"out= of np.{name} would write into an array; use the result that is returned")
        if name == "full_like":
            return np.broadcast_to(np.asarray(args[1]), np.shape(args[0]))
        return self.trace.record(call_of(function), args, options)


def _values(x: Any) -> Any:
    """Arguments with values in place of stand-ins."""
    kind = type(x)
    if kind is Traced:
        return x.value
    if kind is tuple or kind is list:
        return kind([_values(part) for part in x])
    return {key: _values(part) for key, part in x.items()} if kind is dict else x


def check_key(key: Any) -> None:
    """Refuse a traced mask as an index."""
    for part in key if type(key) is tuple else (key,):
        if type(part) is Traced and part.dtype.kind == "b":
            raise Untraceable(f"x[mask], at {site()}: {MASK}")
