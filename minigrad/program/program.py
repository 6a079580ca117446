"""The Program: a straight line of steps from inputs to outputs, and the passes that make it shorter.

A pass never changes a value: what is dropped is unused, computed twice, or known beforehand.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from minigrad.program.steps import operands, used
from minigrad.program.writing import Writer
from minigrad.tracing import Step, Trace, Variable
from minigrad.tracing import Traced as Traced


class Program:
    """A straight line of steps, made by tracing a function.

    Attributes
    ----------
    inputs : list of Variable
        What it is given, and after them the tensors from outside, which are read at every call.
    outside : list of Tensor
        Those tensors.
    steps : list of Step
        Each applies a function to variables and constants.
    outputs : list
        Variables, or constants.
    aliases : dict
        Further names of variables, of a program made by `code`.
    numbers : list
        What the inputs were when the function was traced, if all were single numbers.

    Examples
    --------
    >>> import numpy as np
    >>> import minigrad as mg
    >>> double = mg.compile(lambda x: 2.0 * np.sin(x))
    >>> print(double(0.0))
    0.0
    >>> print(double.program)
    program of 1 input, 2 steps, 1 output
      t1 = 2 * np.sin(x)
    constants: 2.0
    """

    def __init__(
        self, trace: Trace, outputs: Sequence[Any], names: Sequence[str] = (), inner: Collection[int] | None = None
    ) -> None:
        self.outside = [node for node, _ in trace.outside.values()]
        given = [*trace.values, *(node.value for node in self.outside)]
        self.aliases: dict[Variable, list[str]] = {}
        self.numbers = [] if any(map(np.ndim, given)) else given
        self.inputs = [*trace.inputs, *(traced.variable for _, traced in trace.outside.values())]
        for x, name in zip(self.inputs, names, strict=False):
            x.name = x.name or name
        self.steps, self.outputs = simplified(trace.steps, outputs, inner)

    @property
    def constants(self) -> list[Any]:
        """The numbers and arrays that were no inputs, and so are as they were when the function was traced."""
        found: dict[Any, Any] = {}
        for step in self.steps:
            for x in operands(step.args):
                if isinstance(x, float | int | complex | np.generic | np.ndarray) and not isinstance(x, bool):
                    found.setdefault(id(x) if isinstance(x, np.ndarray) else (type(x), repr(x)), x)
        return list(found.values())

    def __repr__(self) -> str:
        def count(n: int, what: str) -> str:
            return f"{n} {what}" + "s" * (n != 1)

        inputs, steps = count(len(self.inputs), "input"), count(len(self.steps), "step")
        return f"program of {inputs}, {steps}, {count(len(self.outputs), 'output')}"

    def __str__(self) -> str:
        held = [f"an array of shape {np.shape(x)}" if np.shape(x) else str(x) for x in self.constants]
        lines = [f"  {text}" for _, text in Writer(self.inputs, self.steps, self.outputs).lines(self.steps)]
        shown = held if len(held) <= 12 else [*held[:12], f"{len(held) - 12} more"]
        return "\n".join([repr(self), *lines, *([f"constants: {', '.join(shown)}"] if held else [])])


def replaced(x: Any, same: dict[Variable, Any]) -> Any:
    """Arguments with what stands for a variable in its place."""
    kind = type(x)
    if kind is Variable:
        return same.get(x, x)
    if kind is tuple or kind is list:
        return kind([replaced(part, same) for part in x])
    return {key: replaced(part, same) for key, part in x.items()} if kind is dict else x


def simplified(
    steps: Sequence[Step], outputs: Sequence[Any], inner: Collection[int] | None = None
) -> tuple[list[Step], list[Any]]:
    """The steps without those that are unused, that occur twice, or whose result is known.

    `inner` has the ids of constant arrays that nobody else can write to; None if all are.
    """
    same: dict[Variable, Any] = {}
    seen: dict[Any, tuple[Variable, ...]] = {}
    positive: set[Variable] = set()  # never a negative zero
    kept: list[Step] = []
    for step in steps:
        args, options = (replaced(step.args, same), replaced(step.options, same)) if same else (step.args, step.options)
        if step.call.form in ("infix", "prefix"):
            short = _shortcut(step, args, positive, inner)
            if short is not None:
                same[step.outs[0]] = short
                continue
            if step.call.text == "+" and any(x in positive if type(x) is Variable else _is_plus(x) for x in args):
                positive.add(step.outs[0])
        elif step.call.text in _POSITIVE:
            positive.add(step.outs[0])
        key = (step.call, _key(args), _key(options))
        known = seen.get(key)
        if known is not None:
            same.update(zip(step.outs, known, strict=True))
            continue
        seen[key] = step.outs
        new = Step(step.call, args, options, step.outs, step.several)
        new.site = step.site
        kept.append(new)
    results = [replaced(x, same) for x in outputs]
    needed = {x for x in operands(results) if type(x) is Variable}
    alive: list[Step] = []
    for step in reversed(kept):
        if any(out in needed for out in step.outs):
            needed.update(used(step))
            alive.append(step)
    return alive[::-1], results


_POSITIVE = frozenset(
    {"exp", "np.exp", "abs", "np.absolute", "square", "np.square", "sigmoid", "softplus", "cosh", "np.cosh"}
)


def _is_plus(x: Any) -> bool:
    return isinstance(x, float | int) and not (x == 0 and str(x)[0] == "-")


def _all(x: Any, value: float, inner: Collection[int] | None) -> bool:
    """True for a constant that is `value` throughout; not for an array that somebody may write to."""
    if isinstance(x, np.ndarray):
        if inner is not None and id(x) not in inner:
            return False
        return x.size > 0 and bool((x == value).all()) and (value != 0 or not np.signbit(x).any())
    if isinstance(x, float | int | np.floating):
        return x == value and (value != 0 or not np.signbit(x))
    return False


def _shortcut(step: Step, args: tuple[Any, ...], positive: set[Variable], inner: Collection[int] | None) -> Any:
    """The operand that a step leaves as it is, if it is one of 1 · x, x / 1, x ** 1, x − 0 and x + 0; else None."""
    (out,) = step.outs
    symbol = step.call.text
    if step.call.form == "prefix":
        return None

    def unchanged(x: Any) -> bool:
        return type(x) is Variable and x.shape == out.shape and x.dtype == out.dtype

    a, b = args
    if unchanged(a):
        if symbol in ("*", "/", "**") and _all(b, 1, inner):
            return a
        if (symbol == "-" and _all(b, 0, inner)) or (symbol == "+" and a in positive and _all(b, 0, inner)):
            return a
    if unchanged(b) and ((symbol == "*" and _all(a, 1, inner)) or (symbol == "+" and b in positive and _all(a, 0, inner))):
        return b
    return None


def _key(x: Any) -> Any:
    """A key that equal arguments share: variables and arrays by identity, numbers by type and digits."""
    kind = type(x)
    if kind is Variable or kind is np.ndarray:
        return id(x)
    if kind is tuple or kind is list:
        return (kind, *map(_key, x))
    if kind is dict:
        return tuple((key, _key(part)) for key, part in x.items())
    if kind in (float, complex) or isinstance(x, np.generic):
        return kind, repr(x)
    if kind is slice:
        return "slice", _key((x.start, x.stop, x.step))
    return (kind, x) if kind in (int, bool, str, type(None)) else (kind, id(x))
