"""`compile`: a function traced once for each kind of arguments, and from then on run as straight-line code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.backward import sweep
from minigrad.graph import Node, Value, constant
from minigrad.modes import MODES
from minigrad.operation import Op
from minigrad.program.matching import Matcher, Surroundings, packer
from minigrad.program.program import Program
from minigrad.program.run import runner
from minigrad.program.same import inner_constants
from minigrad.program.whole import Tracer
from minigrad.tensor import Tensor
from minigrad.tracing import Trace, Traced, Untraceable
from minigrad.transforms.trees import leaves
from minigrad.transforms.variables import Function, Run, check_function, in_a_row, named, parted, recorded

MOST = 16
"""Traces that are kept of one function; the one used longest ago goes first."""


def compile(f: Function) -> Compiled:
    """The same function without the graph: traced at the first call, and run as straight-line code from then on.

    There is a trace for each set of shapes, dtypes and static arguments; the latest 16 are kept. Floats and arrays are
    inputs; int, bool, str and None are static, and so is any other object, by identity. Tensors that `f` uses without being
    given them, such as the weights of a network, are inputs too, read at every call. Numbers in closures and global
    variables that `f` names are compared at every call.

    All else is a constant of the trace, as it was then: attributes of objects, entries of lists and dictionaries, files.
    `.program` shows the program of the latest call and its constants. An array from outside is used as it is, without a
    copy; do not write into it. NumPy's warnings are not given.

    Parameters
    ----------
    f : callable
        Takes and returns numbers, arrays, tensors, and containers of them. It may itself be a transform of a function, as
        in ``compile(value_and_grad(loss))``, and the compiled function may be differentiated, to any order.

    Returns
    -------
    Compiled
        The function. Its values are those of `f`; single numbers may differ by 2 units in the last place an operation.

    Raises
    ------
    Untraceable
        On a call: where `f` asks for a value, as in ``if x > 0``, ``float(x)`` or ``x[mask]``, writes into an array, draws
        random numbers, or computes something else the second time. The message says what to write.

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad import value_and_grad
    >>> step = compile(value_and_grad(lambda x: np.sum(np.sin(x) ** 2)))
    >>> value, gradient = step(np.array([0.0, 1.0]))
    >>> print(value.round(4), gradient.round(4))
    0.7081 [0.     0.9093]

    A condition on values is written with `where`:

    >>> import minigrad as mg
    >>> compile(lambda x: x if x > 0 else -x)(2.0)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    minigrad.tracing.Untraceable: if or while on a traced value needs the value of a traced array of shape () and ...
    >>> print(compile(lambda x: mg.where(x > 0, x, -x))(-2.0))
    2.0
    """
    check_function("compile", f)
    return Compiled(f)


class Compiled:
    """A function that is traced once and then run as straight-line code; made by `compile`."""

    __name__: str
    __wrapped__: Function

    def __init__(self, f: Function) -> None:
        self._traces: list[_Traced] = []
        named("compile", f, self)

    def __call__(self, *args: Any, **options: Any) -> Any:
        """As the function itself."""
        modes = MODES.get()
        if modes.trace is not None or modes.anomaly:
            return self.__wrapped__(*args, **options)
        traces = self._traces
        for one in traces:
            given = one.match(args, options)
            if given is not None and one.holds(modes.record):
                if one is not traces[0]:
                    self._traces = [one, *(other for other in traces if other is not one)]
                return one.call(given)
        one = _Traced(self.__wrapped__, args, options, modes.record)
        self._traces = [one, *traces[: MOST - 1]]
        given, one.first = one.first, []
        return one.call(given)

    @property
    def program(self) -> Program:
        """The program of the latest call."""
        if not self._traces:
            raise RuntimeError(f"{self.__name__}: a function is traced at its first call; call it, then look at its program")
        return self._traces[0].program

    def __repr__(self) -> str:
        return f"<{self.__name__}, {len(self._traces)} trace{'s' * (len(self._traces) != 1)}>"


class _Traced:
    """A function traced for one kind of arguments, and its program."""

    def __init__(self, f: Function, args: tuple[Any, ...], options: dict[str, Any], record: bool) -> None:
        self.f, self._record, self._surroundings = f, record, Surroundings(f)
        self.matcher = Matcher(f, args, options)
        self.match = self.matcher.match
        self.first = self.matcher.given
        trace, result = self._run()
        again, other = self._run()
        found, others = leaves(result), leaves(other)
        outputs = [_output(trace, y) for y in found]
        inner = inner_constants(trace, outputs, again, [_output(again, y) for y in others], lambda: self._run(sites=True)[0])
        self.program = Program(trace, outputs, self.matcher.names, inner)
        self.outside = self.program.outside
        self._around = [_kind(x) for x in self.outside]
        self._tensors = [isinstance(y, Node) for y in found]
        self.tracked = [i for i, y in enumerate(found) if isinstance(y, Node) and y.requires_grad]
        self._arrays = [i for i, y in enumerate(found) if isinstance(y, Node | np.ndarray)]  # what stands for one is one
        self._numbers = not any(np.shape(_value(y)) for y in found)
        self._pack = packer(result)
        self._compute = runner(self.program)
        self.variables = [i for i, x in enumerate(self.first) if isinstance(x, Node) and x.requires_grad]
        self.back = Compiled(self._pullback)
        self.matcher.forget()

    def _run(self, sites: bool = False) -> tuple[Trace, Any]:
        """Run the function on stand-ins."""
        trace = Tracer(sites=sites)
        with trace.running():
            args, options = self.matcher.filled(iter([_stand_in(trace, x) for x in self.first]))
            try:
                return trace, self.f(*args, **options)
            except ValueError as error:  # NumPy's, in place of ours, where a stand-in is put into an array
                if isinstance(error.__cause__, Untraceable):
                    raise error.__cause__ from None
                raise

    def holds(self, record: bool) -> bool:
        """True if what the function finds around it is as it was."""
        return (
            record is self._record
            and self._surroundings.same()
            and (not self.outside or self._around == [_kind(x) for x in self.outside])
        )

    def call(self, given: Sequence[Any]) -> Any:
        """The function, given the leaves of its arguments that are inputs."""
        plain: Any = [x.value if isinstance(x, Node) else x for x in given] if self.matcher.tensors else given
        if self.outside:
            plain = (*plain, *[x.value for x in self.outside])
        outputs = self._compute(*plain)
        if self._arrays and not (self._numbers and type(outputs[0]) is np.float64):
            outputs = _own(outputs, self._arrays, plain)
        if self.tracked:
            outputs = self._recorded(given, outputs)
        elif True in self._tensors:
            outputs = [constant(v, Tensor) if is_one else v for v, is_one in zip(outputs, self._tensors, strict=True)]
        return self._pack(*outputs)

    def _recorded(self, given: Sequence[Any], outputs: Sequence[Any]) -> list[Any]:
        """The outputs as results of one node, whose gradient rule is compiled too."""
        tracked = [outputs[i] for i in self.tracked]
        row = tracked[0] if len(tracked) == 1 else np.concatenate([np.ravel(v) for v in tracked])
        out = _compiled(*given, *self.outside, of=self, value=lambda: row)
        pieces = iter(parted(out, tracked))
        return [
            next(pieces) if i in self.tracked else constant(v, Tensor) if self._tensors[i] else v
            for i, v in enumerate(outputs)
        ]

    def _pullback(self, g: Value, *given: Any) -> list[Any]:
        """The gradients of the inputs that are tracked, and of the tensors from outside, in a run that is traced itself."""

        def flat(*xs: Any) -> list[Any]:
            new = (constant(x, Tensor) if i in self.tensors and not isinstance(x, Node) else x for i, x in enumerate(xs))
            args, options = self.matcher.filled(new)
            found = leaves(self.f(*args, **options))
            return [found[i] for i in self.tracked]

        run = Run("compile", flat, given, {}, tuple(self.variables))
        run.again = isinstance(g, Node)
        with recorded():
            root = in_a_row(run.outputs)
        sources = [*run.variables, *(x for x in self.outside if x.requires_grad)]
        found = sweep(root, g, create_graph=run.again, wrt=sources)
        run.link()
        return [found.get(x, np.zeros_like(x.value)) for x in sources]

    @property
    def tensors(self) -> list[int]:
        """The positions of inputs that are tensors."""
        return [i for i, is_one in enumerate(self.matcher.are_tensors) if is_one]


def _compute(*inputs: Value, of: _Traced, value: Callable[[], Value]) -> Value:
    return value()


_compiled: Op[...] = Op(_compute, complex=True)  # not in the registry: it computes nothing by itself


@_compiled.joint_rule
def _rule(needed: Sequence[bool], g: Value, out: Value, *inputs: Value, of: _Traced, value: Any) -> list[Value]:
    given = inputs[: len(inputs) - len(of.outside)]
    found = iter(of.back(g, *given))
    wanted = [*(i in of.variables for i in range(len(given))), *(x.requires_grad for x in of.outside)]
    return [next(found) if want else None for want in wanted]


def _stand_in(trace: Trace, x: Any) -> Any:
    """The value that the function is given in place of an input."""
    if not isinstance(x, Node):
        return trace.input(x)
    new = constant(trace.input(x.value), Tensor)
    new.requires_grad, new.name = x.requires_grad, x.name
    return new


def _output(trace: Trace, y: Any) -> Any:
    """A result as a variable or a constant."""
    v = y.value if isinstance(y, Node) else y
    if isinstance(y, Node) and type(v) is not Traced and id(y) in trace.outside:
        v = trace.outside[id(y)][1]
    return v.variable if type(v) is Traced else v


def _value(y: Any) -> Any:
    v = y.value if isinstance(y, Node) else y
    return v.value if type(v) is Traced else v


def _kind(x: Node) -> tuple[Any, ...]:
    return x.value.shape, x.value.dtype, x.requires_grad


def _own(outputs: Sequence[Any], which: Sequence[int], given: Sequence[Any]) -> list[Any]:
    """Results as arrays of their own: copies of what shows another's memory, scalars for 0-d ones."""
    own = list(outputs)
    seen: set[int] = {id(x) for x in given}
    for i in which:
        v = own[i]
        if type(v) is np.ndarray:
            if not v.ndim:
                v = v[()]
            elif v.base is not None or not v.flags.writeable or id(v) in seen:
                v = v.copy()
            seen.add(id(v))
            own[i] = v
    return own
