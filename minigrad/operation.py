"""Operations: a forward function, and beside it the gradient rule of each input.

`op` declares one; `OPS` is the registry of all that were declared. `composed` marks the public functions that are made of
operations, so that an error names the function that was called.

The file is long because declaring, calling and explaining an operation all read the same few attributes of `Op`, and because
the docstring of `op` is the guide to writing one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, cast, overload

import numpy as np

from minigrad import guard, spellings, tracing
from minigrad.graph import NOTHING, ArrayLike, Fault, Node, Origin, Value, as_array, ndarray, value_of
from minigrad.modes import MODES, USUAL, site
from minigrad.tracing import Traced

if TYPE_CHECKING:
    from minigrad.graph import Tensor

P = ParamSpec("P")
R = TypeVar("R")
Rule = Callable[..., Any]
Called = str | Callable[[tuple[Any, ...], dict[str, Any]], str]
Formulas = Sequence[str] | Callable[[Sequence[Any], Mapping[str, Any]], Sequence[str]]

OPS: dict[str, Op[...]] = {}

_REAL = frozenset({float, int, bool, np.float64, np.float32, np.bool_, type(None)})
_PLAIN = (_REAL | {complex, np.complex128}) - {type(None)}
_TAKES_ANY_NUMBER = 0x04  # a code object's flag for *args
_modes, _new, _float64, _held = MODES.get, object.__new__, np.float64, guard.HELD
_traces = tracing.ACTIVE


class Op(Generic[P]):
    """An operation: its forward function, and beside it the gradient rule of each input.

    The forward's positional-only parameters are the differentiable inputs; all others, such as an axis, are static. A rule
    is the vector-Jacobian product for one input, ``rule(g, out, *inputs, **static)``, where g is the upstream gradient.

    Called with plain arrays, an operation is its forward and nothing more. Called with a tensor, it records a node.

    Attributes
    ----------
    name : str
        Its name in the registry.
    symbol : str
        What a drawing writes on the gate.
    hidden : frozenset of str
        Static arguments that are the operation's own affair; a drawing does not show them.
    elementwise, saves, routes, affine, complex : bool
        See `op`.
    """

    def __init__(
        self,
        forward: Callable[..., Any],
        *,
        elementwise: bool = False,
        saves: bool = False,
        routes: bool = False,
        affine: bool = False,
        complex: bool = False,
        called: Called = "",
        symbol: str = "",
        formulas: Formulas = (),
        hidden: Sequence[str] = (),
    ) -> None:
        code, names = forward.__code__, forward.__code__.co_varnames  # inspect would double the time to import
        positional, by_name = code.co_argcount, code.co_argcount + code.co_kwonlyargcount
        self.name = forward.__name__.strip("_")
        self.forward = forward
        self.elementwise, self.saves, self.routes, self.affine = elementwise, saves, routes, affine
        self.complex = complex
        self._called: Called = called or self.name
        self.symbol, self._formulas, self.hidden = symbol, formulas, frozenset({*hidden, "saved"})
        self.vjps: tuple[Any, ...] = ()
        self.orders: tuple[int, ...] = ()
        self.joint: Rule | None = None
        self.variadic = bool(code.co_flags & _TAKES_ANY_NUMBER)
        self.input_names = names[by_name : by_name + 1] if self.variadic else names[: code.co_posonlyargcount]
        self.arity = len(self.input_names)
        defaults = forward.__defaults__ or ()
        self.required = min(self.arity, positional - len(defaults)) if not self.variadic else 1
        self.static_names = () if self.variadic else names[self.arity : positional]
        ends = dict(zip(names[positional - len(defaults) : positional], defaults, strict=True))
        self.defaults = {k: v for k, v in (ends | (forward.__kwdefaults__ or {})).items() if k not in self.input_names}
        self.left_out = {k: ends.get(k) for k in self.input_names}  # an input's value where it is not given
        self.keywords = frozenset((*self.static_names, *names[positional:by_name]))
        self.simple = not self.variadic and self.required == self.arity == by_name
        self.binary = False
        self.composition: Callable[..., Any] | None = None
        self.composed_for: frozenset[str] = frozenset()
        self.__name__ = self.__qualname__ = self.name
        self.__doc__ = forward.__doc__
        self.__module__ = forward.__module__
        self.__wrapped__ = forward

    def rules(self, *vjps: Rule | None) -> None:
        """Give one rule for each input, in order; None for one that is not differentiated, such as an order."""
        if len(vjps) != self.arity or self.variadic:
            takes = (
                "any number of inputs and takes one joint_rule"
                if self.variadic
                else f"{self.arity} inputs {self.input_names}"
            )
            raise TypeError(f"{self.name} has {takes}, got {len(vjps)} rules")
        self.vjps = vjps
        self.orders = tuple(i for i, rule in enumerate(vjps) if rule is None)
        self.simple = self.simple and not self.orders
        self.binary = self.simple and self.arity == 2 and not self.saves

    def joint_rule(self, rule: Rule) -> Rule:
        """Give one rule for all inputs at once, as a decorator; for gradients that share most of their work.

        It is called ``rule(needed, g, out, *inputs, **static)`` and returns a gradient for each input, in order; `needed`
        says for each whether its gradient is wanted, and what stands for the others is ignored.
        """
        self.joint = rule
        return rule

    def composes(self, *names: str) -> Callable[[Callable[..., Any]], None]:
        """Give a function that composes the result where one of these arguments is given, as a decorator.

        It takes the arguments of the forward, by name or in their order. The forward and the rules are never given those
        that it is for.
        """

        def declare(function: Callable[..., Any]) -> None:
            function.__name__ = function.__qualname__ = self.name
            self.composition, self.composed_for = composed(function), frozenset(names)
            self.defaults = {k: v for k, v in self.defaults.items() if k not in names}

        return declare

    def downstream(
        self, needed: Sequence[bool], g: Value, out: Value, inputs: Sequence[Value], static: Any
    ) -> Sequence[Value]:
        """The rules' result for each input that needs a gradient; None for the others."""
        if self.joint is not None:
            return cast("Sequence[Value]", self.joint(needed, g, out, *inputs, **static))
        if not self.vjps:
            raise TypeError(
                f"{self.name} has no gradient rules; give it one for each input: {self.name}.rules(lambda g, out, ...: ...)"
            )
        return [rule(g, out, *inputs, **static) if need else None for rule, need in zip(self.vjps, needed, strict=True)]

    def called(self, values: tuple[Any, ...], static: dict[str, Any]) -> str:
        """The public name of the function that applies the operation to such arguments."""
        return self._called if isinstance(self._called, str) else self._called(values, static)

    def formula(self, i: int, values: Sequence[Any], static: Mapping[str, Any]) -> str:
        """The gradient of input `i` in symbols, as the declaration gives it; empty if it gives none."""
        formulas = self._formulas(values, static) if callable(self._formulas) else self._formulas
        return formulas[0 if self.variadic else i] if formulas else ""

    def __repr__(self) -> str:
        inputs = ["*" + self.input_names[0]] if self.variadic else [*self.input_names, "/"]
        return f"<minigrad op {self.name}({', '.join([*inputs, *dict.fromkeys((*self.static_names, *self.defaults))])})>"

    def __call__(self, *args: P.args, **static: P.kwargs) -> Tensor:
        """Compute the forward, and record it if an input is a tensor."""
        inputs: list[Node | None] = []
        values: list[Any] = []
        tracked = False
        exposed: Any = ()  # the operands that somebody may write to; never a result
        tensor: type[Node] | None = None
        value: Any = None
        if static or not self.simple or len(args) != self.arity:
            if self.composition is not None and not self.composed_for.isdisjoint(static):
                return self.composition(*args, **static)  # type: ignore[no-any-return]
            args, static = self._bind(args, static)  # type: ignore[assignment]
        try:
            for x in args:
                if isinstance(x, Node):
                    tensor = type(x)
                    if x.requires_grad:
                        tracked = True
                    inputs.append(x)
                    value = x.value
                    if x.op is None and type(value) is ndarray and (_held or value.flags.writeable):
                        exposed += (len(values),)
                    values.append(value)
                else:
                    inputs.append(None)
                    if type(x) not in _PLAIN:
                        x = self._constant(x)
                        exposed += (len(values),)
                    values.append(x)
            if not self.complex:
                for x in values:
                    if type(x) not in _REAL and (type(x) is complex or x.dtype.kind == "c"):
                        way = "" if self.__module__.startswith("minigrad.") else ", or declare it with complex=True"
                        raise TypeError(real_only(self.called(tuple(values), static), values) + way)
            if _traces:
                if tensor is not None and (opened := tracing.opened(self)) is not None:
                    return opened(*args, **static)  # type: ignore[no-any-return]
                value = tracing.apply(self, inputs, values, static)
            else:
                value = self.forward(*values, **static) if static else self.forward(*values)
        except Exception as error:
            raise self._explained(error, inputs, values, static) from error
        if self.saves:
            value, saved = value
            static = {**static, "saved": saved}  # type: ignore[assignment]
        if tensor is None:
            return value  # type: ignore[no-any-return]
        modes = _modes()
        out = _new(tensor)
        if type(value) is not _float64:
            tracked = tracked and modes.record
            value = _settled(value, values)
            tracked = tracked and value.dtype.kind in "fc"
        out.value = value
        out.grad = out.name = out.origin = None
        if modes is not USUAL:
            tracked = tracked and modes.record
            if modes.scope or modes.anomaly:
                out.origin = Origin(modes.scope, site() if modes.anomaly else "", modes.entered)
            if modes.anomaly:
                try:
                    check_finite(value, "the value", self, tuple(values), out.origin)
                except FloatingPointError as error:
                    raise self._explained(error, inputs, values, static, value) from None
        out.requires_grad = tracked
        if tracked:
            kept: Any = static
            out.held = None
            if (exposed or (static and static is not self.defaults and guard.holds_arrays(static))) and not self.affine:
                kept, out.held = guard.recorded(values, exposed, kept)
            out.op, out.inputs, out.values, out.static = self, tuple(inputs), tuple(values), kept or NOTHING
        else:
            out.op, out.inputs, out.values, out.static, out.held = None, (), (), NOTHING, None
        return cast("Tensor", out)

    def _bind(self, args: tuple[Any, ...], static: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Sort the arguments into inputs and static ones: as in NumPy, either may be given by position or by name."""
        if len(args) > self.arity and not self.variadic:
            args, extra = args[: self.arity], args[self.arity :]
            if len(extra) > len(self.static_names):
                most = self.arity + len(self.static_names)
                raise TypeError(f"{self.name} takes at most {most} positional arguments, got {self.arity + len(extra)}")
            for name, x in zip(self.static_names, extra, strict=False):
                if name in static:
                    raise TypeError(f"{self.name} got two values for {name!r}")
                static[name] = x
        elif len(args) < self.arity and not self.variadic:
            args += tuple([static.pop(name, self.left_out[name]) for name in self.input_names[len(args) :]])
            for name, x in zip(self.input_names[: self.required], args, strict=False):
                if x is None:
                    raise TypeError(f"{self.name} needs {self.required} inputs {self.input_names}: {name} is missing")
        if self.orders:
            self._check_orders(args)
        if not static:
            return args, self.defaults
        self._check_static(static)
        return args, {**self.defaults, **static}

    def _check_orders(self, inputs: Sequence[Any]) -> None:
        """Refuse tracked tensors as inputs that have no rule."""
        for i in self.orders:
            if isinstance(inputs[i], Node):
                self._static_value(self.input_names[i], inputs[i])

    def _check_static(self, static: dict[str, Any]) -> None:
        """Refuse unknown arguments, and tracked tensors where no gradient goes; other tensors are their values."""
        for name, x in static.items():
            if name not in self.keywords:
                raise TypeError(spellings.keyword(self.name, name, sorted(self.keywords)))
            if isinstance(x, Node):
                static[name] = self._static_value(name, x)

    def _static_value(self, name: str, x: Node) -> Any:
        try:
            return static_value(name, x)
        except TypeError as error:
            error.args = (f"{self.name}: {error}",)
            error.fault = Fault(self.name, (x,), (x.value,))  # type: ignore[attr-defined]
            raise

    def _constant(self, x: Any) -> Any:
        if type(x) is ndarray and x.dtype.kind in "fiubc":
            return x
        if x is None and self.required < self.arity:
            return None
        if type(x) is Traced:
            return x
        return as_array(x, self.name)

    def _explained(
        self,
        error: Exception,
        inputs: Sequence[Node | None],
        values: Sequence[Any],
        static: dict[str, Any],
        value: Value = None,
    ) -> Exception:
        """The error with the operation and the shapes in front, and a `Fault` for drawings."""
        kind = next((k for k in _EXPLAINED if isinstance(error, k)), None)
        if isinstance(error, np.exceptions.AxisError) and error.axis is not None and error.ndim is not None:
            error = np.exceptions.AxisError(error.axis, error.ndim, f"{self.name}, inputs of {shapes(values)}")
        elif kind and not str(error).startswith(f"{self.name}:"):
            text = f"{self.name}, inputs of {shapes(values)}: {error}"
            if self.elementwise and "broadcast" in str(error):
                text = (
                    f"{self.name}: {shapes(values)} do not broadcast; aligned from the right, two sizes must be equal or "
                    "one of them 1 (reshape or expand_dims can make it so)"
                )
            error = kind(text)
        called = self.called(tuple(values), static) if len(values) == len(inputs) else self.name
        scope = _modes().scope
        error.fault = Fault(called, tuple(inputs), tuple(values), static, self, value, scope)  # type: ignore[attr-defined]
        return error


_EXPLAINED = (np.linalg.LinAlgError, IndexError, TypeError, ValueError)


def _settled(value: Any, values: list[Any]) -> Any:
    """A forward's result as a node keeps it: 0-d as a NumPy scalar, an array read-only."""
    if type(value) is Traced:
        return value
    if type(value) is not ndarray:
        value = np.asarray(value)
    if value.ndim == 0:
        return value[()]
    for x in values:
        if value is x:
            value = value.view()
    if value.base is not None:
        value = guard.closed(value, values)
    value.setflags(write=False)
    return value


def static_value(name: str, x: Any) -> Any:
    """The value of an argument that has no gradient; a tracked tensor, whose gradient would be lost, is refused."""
    if isinstance(x, Node) and x.requires_grad and _modes().record:
        raise TypeError(
            f"{name}= is not differentiated, and its gradient would be lost; pass {name}.data or {name}.detach()"
        )
    return value_of(x)


def check_finite(value: Value, what: str, op: Op[...], values: Sequence[Any], origin: Origin | None) -> None:
    """Refuse a nan or an infinity, naming the operation, the shapes and the place it was recorded."""
    nan, inf = int(np.isnan(value).sum()), int(np.isinf(value).sum())
    if nan or inf:
        bad = " and ".join(f"{count} {kind}" for count, kind in ((nan, "nan"), (inf, "inf")) if count)
        at = f"; recorded at {origin.site}" if origin and origin.site else ""
        raise FloatingPointError(f"{op.name}: {what} has {bad}, from inputs of {shapes(values)}{at}")


def real_only(called: str, values: Sequence[Any]) -> str:
    """The message for complex numbers where they are not accepted."""
    return f"{called}: complex numbers are not accepted, got {shapes(values)}; pass x.real, x.imag or abs(x)"


def shapes(values: Sequence[Any]) -> str:
    """The shapes of several values in words, for messages."""
    several = [str(np.shape(v)) for v in values if v is not None]
    if len(several) > 6:
        several[5:] = [f"{len(several) - 5} more"]
    return ("shape " if len(several) == 1 else "shapes ") + " and ".join(several)


class _Declare:
    """The decorator that `op` returns when it is given traits."""

    def __init__(self, traits: dict[str, Any]) -> None:
        self.traits = traits

    def __call__(self, forward: Callable[Concatenate[Value, P], Any], /) -> Op[Concatenate[ArrayLike, P]]:
        if not hasattr(forward, "__code__"):
            raise TypeError(f"op: the forward is a Python function, got {type(forward).__name__}")
        made: Op[Concatenate[ArrayLike, P]] = Op(forward, **self.traits)
        if not made.arity:
            raise TypeError(
                f"op: {made.name} marks no inputs; put a / behind what is to be differentiated: def {made.name}(x, /)"
            )
        known = OPS.get(made.name)
        if known and known.__module__.startswith("minigrad.ops."):
            raise TypeError(f"op: minigrad has an operation {made.name} of its own; give yours another name")
        OPS[made.name] = made
        return made


@overload
def op(forward: Callable[Concatenate[Value, P], Any], /) -> Op[Concatenate[ArrayLike, P]]: ...
@overload
def op(
    *,
    elementwise: bool = False,
    saves: bool = False,
    routes: bool = False,
    affine: bool = False,
    complex: bool = False,
    called: Called = "",
    symbol: str = "",
    formulas: Formulas = (),
    hidden: Sequence[str] = (),
) -> _Declare: ...
def op(forward: Any = None, /, **traits: Any) -> Any:
    """Declare an operation: a forward, and beside it a gradient rule for each input. Four lines.

    Declare your own where a gradient is to differ from what the operations inside would give: faster, safer near a singular
    point, or deliberately not the true one. The forward is plain NumPy code. What comes before the ``/`` is an input; other
    arguments, such as an axis, are static. A rule is the vector-Jacobian product for one input: it takes the upstream
    gradient `g`, the result, the inputs and the static arguments, and returns the downstream gradient, linear in `g`. A rule
    written with operators and recorded functions, NumPy's or minigrad's, is itself differentiated for higher orders.

    Parameters
    ----------
    forward : callable
        Takes arrays or NumPy scalars, returns one.
    elementwise : bool
        Each element of the result depends only on the elements at its own index, after broadcasting. A drawing then writes
        the local gradient on the edge, and a Jacobian takes all its rows through at once.
    saves : bool
        The forward returns ``(out, saved)``, and the rules are given `saved` by name. What is saved is data: in a sweep that
        is itself recorded, rules get None and must compute it from the inputs again. An argument that is saved, or a view of
        one, alone or in tuples, lists and dictionaries, is kept as it was recorded.
    routes : bool
        It picks between its inputs: an upstream gradient of 0 then stays 0 behind it, even where the local gradient of the
        branch not taken is nan or infinite.
    affine : bool
        No rule reads an input's value, so that the operands need not be kept as they were.
    complex : bool
        It accepts complex numbers, and its rules are right for them: `minigrad.ops.complex` tells the convention. Other
        operations refuse them.
    called : str or callable
        The public name, where it is not the forward's; of one that serves several functions, a function of the inputs and
        the static arguments.
    symbol : str
        What a drawing writes on the gate.
    formulas : sequence of str, or callable
        For each input, the local gradient of an elementwise operation, else the downstream gradient, in symbols: those of
        the forward's parameters, `out` and, in a downstream gradient, `upstream`. Or a function of the inputs' values
        and the static arguments that returns them.
    hidden : sequence of str
        Static arguments that a drawing does not show.

    Returns
    -------
    Op
        The operation, in place of the forward. Give it rules with ``.rules(...)``, one for each input, in order, or one
        ``.joint_rule`` for all; None as the rule of an input, such as an order, refuses tensors that track gradients. For
        plain arrays it is its forward and nothing more; with a tensor it records.

    Raises
    ------
    TypeError
        If the forward marks no inputs, if it has the name of one of minigrad's own, or if a gradient is asked for without
        rules.

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad import Tensor, draw, grad, gradcheck
    >>> @op(elementwise=True)
    ... def sinc_of(x, /):
    ...     return np.sin(x) / x
    >>> sinc_of.rules(lambda g, out, x: g * (np.cos(x) - out) / x)

    It records, is checked and drawn, and differentiates to any order:

    >>> gradcheck(sinc_of, [1.0, 2.0], order=2)
    True
    >>> print(f"{grad(sinc_of)(2.0):.4f} {grad(grad(sinc_of))(2.0):.4f}")
    -0.4354 -0.0193
    >>> '>sinc_of<' in draw(sinc_of(Tensor(2.0))).svg
    True

    Two inputs and an axis; broadcasting needs no care, since the sweep sums a gradient back to the shape of its input:

    >>> @op
    ... def weighted_sum(x, w, /, *, axis=-1):
    ...     return np.sum(x * w, axis=axis)
    >>> weighted_sum.rules(
    ...     lambda g, out, x, w, axis: np.expand_dims(g, axis) * w,
    ...     lambda g, out, x, w, axis: np.expand_dims(g, axis) * x,
    ... )
    >>> gradcheck(lambda x, w: weighted_sum(x, w, axis=0), np.ones((2, 3)), np.array([[0.3], [0.7]]))
    True

    A gradient that is not the true one, to train through steps:

    >>> @op(elementwise=True)
    ... def straight_through(x, /):
    ...     return np.round(x)
    >>> straight_through.rules(lambda g, out, x: g)
    >>> print(grad(lambda x: straight_through(x) ** 2)(2.7))
    6.0
    """
    declare = _Declare(traits)
    return declare if forward is None else declare(forward)


elementwise = op(elementwise=True)
"""Declare an operation in which each element of the result depends only on the elements at its own index."""


def composed(function: Callable[P, R]) -> Callable[P, R]:
    """Mark a public function that is made of operations: an error inside it begins with its name, not an operation's."""

    @wraps(function)
    def call(*args: P.args, **options: P.kwargs) -> R:
        trace = tracing.current()
        written = len(trace.steps) if trace is not None else 0
        try:
            return function(*args, **options)
        except tracing.Untraceable as error:
            if trace is None or error.final:
                raise
            del trace.steps[written:]
            return trace.stay(function, args, options, error)  # type: ignore[no-any-return]
        except Exception as error:
            _rename(error, function, (*args, *options.values()))
            raise

    return call


def _rename(error: Exception, function: Callable[..., Any], given: tuple[Any, ...]) -> None:
    """Let an error speak of the outer function, and carry its inputs if it carries none."""
    name = function.__name__
    text = error.args[0] if error.args else ""
    if isinstance(error, TypeError) and isinstance(text, str) and text.startswith(f"{name}() got an unexpected keyword"):
        code = function.__code__
        known = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        error.args = (spellings.keyword(name, text.split("'")[1], known),)
    fault: Fault | None = getattr(error, "fault", None)
    if isinstance(error, np.exceptions.AxisError) and error.axis is not None:  # its text is made of its parts
        several = [v for x in given for v in (x if isinstance(x, list | tuple) else (x,))]
        arrays = [value_of(v) for v in several if isinstance(v, Node | ndarray)]
        error.__init__(error.axis, error.ndim, f"{name}, inputs of {shapes(arrays)}" if arrays else name)  # type: ignore[misc]
    text = error.args[0] if error.args and isinstance(error.args[0], str) else None
    if fault is None:
        inputs = tuple(x for x in given if isinstance(x, Node))
        error.fault = Fault(name, inputs, tuple(x.value for x in inputs))  # type: ignore[attr-defined]
        if (
            text is not None
            and isinstance(error, _EXPLAINED)
            and not text.startswith((f"{name}:", f"{name},", f"{name}(", f"{name} has no argument"))
        ):
            error.args = (f"{name}: {text}", *error.args[1:])
        return
    for inner in (fault.called, fault.op.name if fault.op else ""):
        if inner and text is not None and text.startswith((f"{inner}:", f"{inner},")):
            error.args = (name + text[len(inner) :], *error.args[1:])
            error.fault = fault._replace(called=name)  # type: ignore[attr-defined]
            break
