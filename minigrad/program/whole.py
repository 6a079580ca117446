"""Functions that ask for values, which a trace cannot open: each stays whole, one step that is given all it depends on.

A gradient rule that branches on values, or a function composed of operations that does, is one operation then. Its own
gradient comes from a recorded run of it, when the program runs: nothing in it is frozen, at any order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from minigrad.backward import sweep
from minigrad.calls import Call
from minigrad.graph import Node, Value, constant, value_of
from minigrad.modes import recording
from minigrad.operation import Op
from minigrad.ops.elementwise import add
from minigrad.tensor import Tensor
from minigrad.tracing import Trace, Traced, Untraceable, holds, paused
from minigrad.transforms.trees import fill, leaves
from minigrad.transforms.variables import in_a_row, parted


class Tracer(Trace):
    """A trace that opens what it can, and keeps the rest whole."""

    def downstream(
        self, op: Any, needed: Sequence[bool], g: Value, out: Value, inputs: Sequence[Value], static: dict[str, Any]
    ) -> Sequence[Value]:
        """The gradient rules of an operation, opened; as a whole if they ask for values, or use what the forward saved."""
        recorded = isinstance(g, Node)
        if recorded or not op.saves:
            written = len(self.steps)
            try:
                return op.downstream(needed, g, out, inputs, static)  # type: ignore[no-any-return]
            except Exception:  # if the operands are at fault, the rule as a whole says so too
                del self.steps[written:]
        if not recorded:
            found = iter(self.record(_rule_call(op, tuple(needed)), (g, out, *inputs), static))
            return [next(found) if need else None for need in needed]
        given, present = [x for x in inputs if x is not None], [x is not None for x in inputs]
        settings = {"of": op, "present": present, "static": static}
        whole = _whole_elementwise if op.elementwise else _whole
        return [
            whole(g, out, *given, function=_rule, settings={**settings, "i": i}) if need else None
            for i, need in enumerate(needed)
        ]

    def stay(self, function: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any], error: Untraceable) -> Any:
        """The result of a composed function that asks for values."""
        every = leaves((args, options))
        given = [x for x in every if isinstance(x, Node) or type(x) is Traced]
        others = [_HOLE if isinstance(x, Node) or type(x) is Traced else x for x in every]
        if any(callable(x) for x in others if x is not _HOLE):
            raise error
        tree = fill((args, options), iter(others))
        kinds = [isinstance(x, Node) for x in given]
        variables = [self._copy(x) for x in given]
        with paused():
            result = function(*_filled(tree, iter(variables))[0], **_filled(tree, iter(variables))[1])
        found = leaves(result)
        tracked = [i for i, y in enumerate(found) if isinstance(y, Node) and y.requires_grad]
        like = [np.broadcast_to(np.zeros((), y.value.dtype), y.value.shape) for y in (found[i] for i in tracked)]
        shapes = [np.shape(y.value if isinstance(y, Node) else y) for y in found]
        settings = {"function": function, "tree": tree, "shapes": shapes}
        answers = list(found)
        if len(tracked) < len(found):
            plain = self.record(_function_call(function), tuple(_read(x) for x in given), {"kinds": kinds, **settings})
            answers = [constant(v, Tensor) if isinstance(y, Node) else v for v, y in zip(plain, found, strict=True)]
        if tracked:
            row = _whole(*given, function=_composed, settings={**settings, "tracked": tracked})
            for i, piece in zip(tracked, parted(row, like), strict=True):
                answers[i] = piece
        return fill(result, iter(answers))

    def _copy(self, x: Any) -> Any:
        """A tensor as a variable with its value; an array's stand-in as the array."""
        v = _read(x)
        v = v.value if type(v) is Traced else v
        if not isinstance(x, Node):
            return v
        y = constant(v, Tensor)
        y.requires_grad = x.requires_grad
        return y


class _Hole:
    """Where a composed function has an argument that is traced."""

    def __eq__(self, other: object) -> bool:
        return type(other) is _Hole

    __hash__ = object.__hash__


_HOLE = _Hole()


def _read(x: Any) -> Any:
    return value_of(x)


def _filled(tree: Any, new: Iterator[Any]) -> Any:
    return fill(tree, iter([next(new) if type(x) is _Hole else x for x in leaves(tree)]))


def _rule_call(op: Any, needed: tuple[bool, ...]) -> Call:
    """The call of an operation's gradient rule for the inputs that need it; always the same object."""
    key = (op, needed)
    if key not in _CALLS:

        def run(g: Any, out: Any, *inputs: Any, **static: Any) -> Any:
            with np.errstate(all="ignore"), paused():
                found = op.downstream(needed, g, out, inputs, static)
            return tuple([np.asarray(d)[()] for d, need in zip(found, needed, strict=True) if need])

        _CALLS[key] = Call(run, "rule", op.name, op, needed)
    return _CALLS[key]


def _function_call(function: Callable[..., Any]) -> Call:
    """The call of a composed function, without gradients."""
    if function not in _CALLS:

        def run(*given: Any, kinds: list[bool], function: Any, tree: Any, shapes: list[tuple[int, ...]]) -> Any:
            new = iter([constant(v, Tensor) if kind else v for v, kind in zip(given, kinds, strict=True)])
            with paused():
                args, options = _filled(tree, new)
                found = leaves(function(*args, **options))
            _check_shapes(function, found, shapes)
            return tuple([y.value if isinstance(y, Node) else y for y in found])

        _CALLS[function] = Call(run, "whole", f"mg.{function.__name__}")
    return _CALLS[function]


_CALLS: dict[Any, Call] = {}


def _check_shapes(function: Any, found: list[Any], shapes: list[tuple[int, ...]]) -> None:
    now = [np.shape(value_of(y)) for y in found]
    if now != shapes:
        raise Untraceable(
            f"{function.__name__}: the shape of the result depends on the values: it was {shapes} when the function was "
            f"traced, and is {now}; call it outside the compiled function"
        )


def _rule(operands: Sequence[Value], of: Op[...], i: int, present: list[bool], static: dict[str, Any]) -> Value:
    """The gradient rule of an operation for one input; the operands are the upstream gradient, the result and the inputs."""
    g, out, *given = operands
    left = iter(given)
    inputs = [next(left) if there else None for there in present]
    return of.downstream([k == i for k in range(len(inputs))], g, out, inputs, static)[i]


def _composed(operands: Sequence[Value], function: Any, tree: Any, tracked: list[int], shapes: Any) -> Value:
    """The tracked results of a composed function in a row; all operands are tensors."""
    args, options = _filled(tree, iter(operands))
    found = leaves(function(*args, **options))
    _check_shapes(function, found, shapes)
    return in_a_row([found[i] for i in tracked])


def _forward(*operands: Value, function: Callable[..., Value], settings: dict[str, Any]) -> Value:
    with paused(), np.errstate(all="ignore"):
        d = function([constant(x, Tensor) for x in operands] if function is _composed else operands, **settings)
    return np.asarray(d.value if isinstance(d, Node) else d)[()]


_whole: Op[...] = Op(_forward, complex=True)  # not in the registry: it is whatever it is given
_whole_elementwise: Op[...] = Op(_forward, complex=True, elementwise=True)


@_whole_elementwise.joint_rule
@_whole.joint_rule
def _gradients(
    needed: Sequence[bool], g: Value, *operands: Value, function: Callable[..., Value], settings: dict[str, Any]
) -> list[Value]:
    """The gradients of a function, from a run of it that is recorded."""
    _, *given = operands
    if holds([value_of(x) for x in (g, *operands)]):
        raise Untraceable("what asks for values stays whole")
    variables = [constant(value_of(x), Tensor) for x in given]
    for y, x, need in zip(variables, given, needed, strict=True):
        y.requires_grad = need or (isinstance(x, Node) and x.requires_grad)
    wanted = [y for y, need in zip(variables, needed, strict=True) if need]
    with recording():
        root = function(variables, **settings)
    again = isinstance(g, Node)
    found = sweep(root, g, create_graph=again, wrt=wanted) if isinstance(root, Node) and root.requires_grad else {}
    for y, x in zip(variables, given, strict=True):
        if isinstance(x, Node) and x.requires_grad:
            y.rewire(add, (x, None), (y.value, 0.0))
    return [found.get(y, np.zeros_like(y.value)) if need else None for y, need in zip(variables, needed, strict=True)]
