"""What a graph is: nodes, the operations that make them, and an order to visit them in.

A `Node` holds a value and remembers the `Op` that computed it and the inputs it was computed from. An `Op` is a forward
function with one gradient rule beside it for each input. Nothing here knows a single operation, or the chain rule.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from minigrad.docstrings import with_sections
from minigrad.modes import MODES, USUAL, site

# What flows through a forward or a rule: an array or a NumPy scalar; a Tensor where the sweep itself is recorded.
Value = Any
Rule = Callable[..., Any]

float64, ndarray = np.float64, np.ndarray

# The C library of Linux gives the memory of large arrays back to the system, and fetching it again, page by page, is up to a
# third of a training step. Freeing a block of almost 32 MB once, never touched, moves the limit from which it does so.
np.empty(31 << 20, np.uint8)


class Origin(NamedTuple):
    """Where a node was recorded: the drawing scope, and the line of the user's source if anomalies are being looked for."""

    scope: str = ""
    site: str = ""


class Node:
    """A value in the graph, and how it came about.

    Attributes
    ----------
    value : numpy.ndarray or numpy.generic
        What was computed; 0-d values are NumPy scalars.
    grad : numpy.ndarray, numpy.generic, Node or None
        The gradient collected so far, in the shape and dtype of the value.
    op : Op or None
        The operation that made this node; None for a leaf.
    inputs : tuple of (Node or None)
        What the operation was applied to; None stands for a constant that is not a node.
    values : tuple
        The inputs' values at the time of recording, constants included.
    static : dict
        The operation's other arguments, such as an axis.
    """

    __slots__ = (
        "__weakref__", "grad", "inputs", "name", "op", "origin", "requires_grad", "static", "value", "values",
    )  # fmt: skip

    value: Any
    grad: Any
    requires_grad: bool
    op: Op | None
    inputs: tuple[Node | None, ...]
    values: tuple[Any, ...]
    static: dict[str, Any]
    name: str | None
    origin: Origin | None


def value_of(x: Any) -> Any:
    """The value of a node, or a plain number or array as it is."""
    return x.value if isinstance(x, Node) else x


def describe(node: Node) -> str:
    """A node in words, for messages: its name, or its operation, and its shape."""
    what = f"tensor {node.name!r}" if node.name else f"the result of {node.op.name}" if node.op else "a tensor"
    return f"{what} of shape {node.value.shape}"


NOTHING: dict[str, Any] = {}


def _bad_numbers(value: Value) -> str:
    """What is wrong with a value, such as '2 nan and 1 inf'; empty if all of it is finite."""
    nan, inf = int(np.isnan(value).sum()), int(np.isinf(value).sum())
    return " and ".join(f"{count} {kind}" for count, kind in ((nan, "nan"), (inf, "inf")) if count)


def check_finite(value: Value, what: str, op: Op, values: tuple[Any, ...], origin: Origin | None) -> None:
    """Refuse a nan or an infinity, naming the operation, the shapes and the place it was recorded."""
    if bad := _bad_numbers(value):
        at = f"; recorded at {origin.site}" if origin and origin.site else ""
        raise FloatingPointError(f"{op.name}: {what} has {bad}, from inputs of {_shapes(values)}{at}")


def _shapes(values: tuple[Any, ...] | list[Any]) -> str:
    shapes = [str(np.shape(v)) for v in values if v is not None]
    if len(shapes) > 6:
        shapes[5:] = [f"{len(shapes) - 5} more"]
    return ("shape " if len(shapes) == 1 else "shapes ") + " and ".join(shapes)


def as_array(data: object, who: str) -> Value:
    """Data as a real NumPy array or scalar, 0-d as a scalar; what holds no real numbers is a TypeError.

    Python numbers become float64; arrays and NumPy scalars keep their dtype.
    """
    if isinstance(data, list | tuple):
        _refuse_nodes(data, who)
        try:
            array = np.asarray(data)
        except ValueError as error:
            raise ValueError(f"{who}: the nested lists are ragged; every row needs the same length ({error})") from None
        if array.dtype.kind in "iu" and not _holds_numpy(data):
            array = array.astype(float64)
    elif type(data) is int:
        array = float64(data)  # type: ignore[assignment]
    else:
        array = np.asarray(data)
    if array.dtype.kind not in "fiub":
        found = f"{type(data).__name__} of dtype {array.dtype}" if array.dtype.kind != "O" else type(data).__name__
        raise TypeError(f"{who}: expected real numbers (float, integer or boolean data), got {found}")
    return array[()] if array.ndim == 0 else array


def _refuse_nodes(data: object, who: str) -> None:
    """A list of tensors would lose its gradients on the way to an array."""
    if isinstance(data, Node):
        raise TypeError(f"{who}: a list of tensors does not record gradients; join them with minigrad.stack")
    if isinstance(data, list | tuple):
        for element in data:
            _refuse_nodes(element, who)


def _holds_numpy(data: object) -> bool:
    """Whether nested lists hold NumPy integers, which keep their dtype; Python's become float64."""
    while isinstance(data, list | tuple) and data:
        data = data[0]
    return isinstance(data, np.generic | np.ndarray)


def _documented(doc: str | None, names: tuple[str, ...]) -> str | None:
    """The docstring of an elementwise operation, with what is alike for all of them."""
    if doc is None or "Parameters\n" in doc:
        return doc
    one = len(names) == 1
    shapes, result = ("Any shape.", "the same") if one else ("Shapes that broadcast together.", "the broadcast")
    return with_sections(
        doc,
        f"Parameters\n----------\n{', '.join(names)} : Tensor or array_like\n    {shapes}\n\n"
        f"Returns\n-------\nTensor\n    Of {result} shape.",
    )


OPS: dict[str, Op] = {}
_PLAIN = frozenset({float, int, bool, np.float64, np.float32, np.bool_})


def _settled(value: Any, values: list[Any], tracked: bool) -> Any:
    """A forward's result as a node keeps it: 0-d as a NumPy scalar, read-only if recorded or shared with an input."""
    if type(value) is not ndarray:
        value = np.asarray(value)
    if value.ndim == 0:
        return value[()]
    for x in values:
        if value is x:
            value = value.view()
    if tracked or (value.base is not None and any(np.may_share_memory(value, x) for x in values if x is not None)):
        value.setflags(write=False)
    return value


_modes, _new = MODES.get, object.__new__
_TAKES_ANY_NUMBER = 0x04  # a code object's flag for *args


class Op:
    """An operation: its forward function, and beside it one gradient rule for each input.

    The forward's positional-only parameters are the differentiable inputs; all others, such as an axis, are static. A rule
    is the vector-Jacobian product for one input, ``rule(g, out, *inputs, **static)``, where g is the upstream gradient.

    Called with plain arrays, an operation is its forward and nothing more. Called with a tensor, it records a node.
    """

    def __init__(self, forward: Any, *, elementwise: bool = False, saves: bool = False, routes: bool = False) -> None:
        code, names = forward.__code__, forward.__code__.co_varnames  # inspect would double the time to import
        positional, by_name = code.co_argcount, code.co_argcount + code.co_kwonlyargcount
        self.name = forward.__name__.strip("_")
        self.forward = forward
        self.elementwise = elementwise
        self.saves = saves
        self.routes = routes
        self.vjps: tuple[Rule, ...] = ()
        self.variadic = bool(code.co_flags & _TAKES_ANY_NUMBER)
        self.input_names = names[by_name : by_name + 1] if self.variadic else names[: code.co_posonlyargcount]
        self.arity = len(self.input_names)
        defaults = forward.__defaults__ or ()
        self.required = min(self.arity, positional - len(defaults)) if not self.variadic else 1
        self.static_names = () if self.variadic else names[self.arity : positional]
        ends = dict(zip(names[positional - len(defaults) : positional], defaults, strict=True))
        self.defaults = {k: v for k, v in (ends | (forward.__kwdefaults__ or {})).items() if k not in self.input_names}
        self.simple = not self.variadic and self.required == self.arity == by_name
        self.binary = self.simple and self.arity == 2 and not saves
        self.__name__ = self.__qualname__ = self.name
        self.__doc__ = _documented(forward.__doc__, self.input_names) if elementwise else forward.__doc__
        self.__module__ = forward.__module__
        self.__wrapped__ = forward
        OPS[self.name] = self

    def rules(self, *vjps: Rule) -> None:
        """Give one rule for each input, in order; an operation of any number of inputs takes one rule, told which by `i`."""
        if len(vjps) != self.arity:
            raise TypeError(f"{self.name} has {self.arity} inputs {self.input_names}, got {len(vjps)} rules")
        self.vjps = vjps

    def rule(self, i: int) -> Rule:
        """The gradient rule for input number `i`."""
        if self.variadic:
            vjp = self.vjps[0]
            return lambda *args, **static: vjp(*args, i=i, **static)
        return self.vjps[i]

    def __repr__(self) -> str:
        inputs = ["*" + self.input_names[0]] if self.variadic else [*self.input_names, "/"]
        return f"<minigrad op {self.name}({', '.join([*inputs, *dict.fromkeys((*self.static_names, *self.defaults))])})>"

    def __call__(self, *args: Any, **static: Any) -> Any:
        """Compute the forward, and record it if an input is a tensor."""
        if static or not self.simple or len(args) != self.arity:
            args, static = self._bind(args, static)
        inputs: list[Node | None] = []
        values: list[Any] = []
        tracked = False
        tensor: type[Node] | None = None
        for x in args:
            if isinstance(x, Node):
                tensor = type(x)
                if x.requires_grad:
                    tracked = True
                inputs.append(x)
                values.append(x.value)
            else:
                inputs.append(None)
                values.append(x if type(x) in _PLAIN else self._constant(x))
        try:
            value = self.forward(*values, **static) if static else self.forward(*values)
        except (ValueError, TypeError, IndexError) as error:
            raise self._explain(error, values) from error
        if self.saves:
            value, saved = value
            static = {**static, "saved": saved}
        if tensor is None:
            return value
        modes = _modes()
        out = _new(tensor)
        if type(value) is not float64:
            tracked = tracked and modes.record
            value = _settled(value, values, tracked)
            tracked = tracked and value.dtype.kind == "f"
        out.value = value
        out.grad = out.name = out.origin = None
        if modes is not USUAL:
            tracked = tracked and modes.record
            if modes.scope or modes.anomaly:
                out.origin = Origin(modes.scope, site() if modes.anomaly else "")
            if modes.anomaly:
                check_finite(value, "the value", self, tuple(values), out.origin)
        out.requires_grad = tracked
        if tracked:
            out.op, out.inputs, out.values, out.static = self, tuple(inputs), tuple(values), static or NOTHING
        else:
            out.op, out.inputs, out.values, out.static = None, (), (), NOTHING
        return out

    def _bind(self, args: tuple[Any, ...], static: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Sort the arguments into inputs and static ones, as NumPy users pass them: an axis by position or by name."""
        if not self.variadic and (len(args) != self.arity or self.required < self.arity):
            if len(args) > self.arity:
                extra = args[self.arity :]
                if len(extra) > len(self.static_names):
                    most = self.arity + len(self.static_names)
                    raise TypeError(f"{self.name} takes at most {most} positional arguments, got {len(args)}")
                for name, argument in zip(self.static_names, extra, strict=False):
                    if name in static:
                        raise TypeError(f"{self.name} got two values for {name!r}")
                    static[name] = argument
                args = args[: self.arity]
            elif len(args) < self.arity:
                args = args + tuple(static.pop(name, None) for name in self.input_names[len(args) :])
            for name, x in zip(self.input_names[: self.required], args, strict=False):
                if x is None:
                    raise TypeError(f"{self.name} needs {self.required} inputs {self.input_names}: {name} is missing")
        return args, {**self.defaults, **static} if static else self.defaults

    def _constant(self, x: Any) -> Any:
        if type(x) is ndarray and x.dtype.kind in "fiub":
            return x
        if x is None and self.required < self.arity:
            return None
        return as_array(x, self.name)

    def _explain(self, error: Exception, values: list[Any]) -> Exception:
        """The same kind of error, with the operation and the shapes in front."""
        kind = next(k for k in (np.linalg.LinAlgError, IndexError, TypeError, ValueError) if isinstance(error, k))
        text = f"{self.name}, inputs of {_shapes(values)}: {error}"
        if self.elementwise and "broadcast" in str(error):
            text = (
                f"{self.name}: {_shapes(values)} do not broadcast; aligned from the right, two sizes must be equal or one "
                "of them 1 (reshape or expand_dims can make it so)"
            )
        return kind(text)


def op(**traits: bool) -> Callable[[Callable[..., Any]], Op]:
    """Declare an operation; a decorator for its forward function.

    Parameters
    ----------
    elementwise : bool
        The local gradient is an array of the output's shape, so a drawing can write it on the edge.
    saves : bool
        The forward returns ``(out, saved)``, and the rules are given `saved` as a keyword. What is saved is data: in a
        sweep that is recorded itself, rules get None and must compute it from the inputs again.
    routes : bool
        Picks between its inputs: behind it, where the upstream gradient is 0, so is an elementwise downstream one, even if
        the local gradient of the branch not taken is nan or infinite.

    Returns
    -------
    callable
        Turns the forward into an `Op`.
    """
    return lambda forward: Op(forward, **traits)


def elementwise(forward: Callable[..., Any]) -> Op:
    """Declare an elementwise operation: its local gradient is an array of the output's shape."""
    return Op(forward, elementwise=True)


def constant(value: Value, kind: type[Node]) -> Node:
    """A value as a leaf of the given kind, without a gradient."""
    node = _new(kind)
    node.value = value
    node.grad = node.op = node.name = node.origin = None
    node.inputs, node.values, node.static = (), (), NOTHING
    node.requires_grad = False
    return node


def topological_order(root: Node) -> list[Node]:
    """The recorded nodes below `root`, each after its inputs, `root` last. Leaves are found among their inputs.

    Depth first with a stack of its own: a chain of a million nodes needs no recursion.
    """
    order: list[Node] = []
    seen: set[Node] = set()
    stack: list[Node | None] = [root] if root.op is not None else []
    push, pop = stack.append, stack.pop
    while stack:
        node = pop()
        if node is None:  # the inputs of the node below this mark are all in the order
            order.append(pop())  # type: ignore[arg-type]
        elif node not in seen:
            seen.add(node)
            push(node)
            push(None)
            for x in node.inputs:
                if x is not None and x.op is not None and x not in seen:
                    push(x)
    return order
