"""Two traces of one function with the same arguments: what differs depends on something else than the arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from minigrad.tracing import Step, Trace, Untraceable, Variable


def inner_constants(
    first: Trace, outputs: Sequence[Any], second: Trace, others: Sequence[Any], again: Callable[[], Trace]
) -> set[int]:
    """The ids of constant arrays that the function makes itself, so that nobody else can write to them.

    Raises
    ------
    Untraceable
        If a constant, or a step, differs between the traces: random numbers, a clock, a counter.
    """
    pairs: dict[Variable, Variable] = dict(zip(first.inputs, second.inputs, strict=True))
    for node, traced in first.outside.values():
        if id(node) in second.outside:
            pairs[traced.variable] = second.outside[id(node)][1].variable
    made = [traced for node, traced in first.outside.values() if id(node) not in second.outside]
    made_again = [traced for node, traced in second.outside.values() if id(node) not in first.outside]
    for one, other in zip(made, made_again, strict=False):  # tensors that are made inside, of the same numbers
        if not _equal(one.value, other.value):
            raise Untraceable(_differs(one.value, other.value, "a tensor that is made inside"))
        pairs[one.variable] = other.variable
    inner: set[int] = set()
    if len(first.steps) != len(second.steps) or len(made) != len(made_again):
        raise Untraceable(
            f"the function took {len(first.steps)} steps when traced, and {len(second.steps)} when traced again "
            "with the same arguments; what it depends on beside them, such as a counter, must be passed in"
        )
    for i, (a, b) in enumerate(zip(first.steps, second.steps, strict=True)):
        for x, y in _pairs((a.args, a.options), (b.args, b.options)):
            if type(x) is Variable:
                if pairs.get(x) is not y:
                    raise Untraceable(_where("other values", a, i, again))
            elif x is not y:
                if not _equal(x, y):
                    raise Untraceable(_differs(x, y, _where("a constant", a, i, again)))
                inner.add(id(x))
        if a.call is not b.call or len(a.outs) != len(b.outs):
            raise Untraceable(_where("another function", a, i, again))
        pairs.update(zip(a.outs, b.outs, strict=True))
    for x, y in zip(outputs, others, strict=True):
        if type(x) is Variable:
            if pairs.get(x) is not y:
                raise Untraceable("the function gave another result when it was traced again; pass in what it depends on")
        elif not _equal(x, y):
            raise Untraceable(_differs(x, y, "a result"))
    return inner


def _pairs(a: Any, b: Any) -> Iterator[tuple[Any, Any]]:
    if type(a) is type(b) and isinstance(a, tuple | list) and len(a) == len(b):
        for x, y in zip(a, b, strict=True):
            yield from _pairs(x, y)
    elif type(a) is dict and type(b) is dict and a.keys() == b.keys():
        for key in a:
            yield from _pairs(a[key], b[key])
    else:
        yield a, b


def _equal(a: Any, b: Any) -> bool:
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray | np.generic):
        nan = a.dtype.kind in "fc"
        return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=nan)
    if isinstance(a, float | complex):
        return a == b or (a != a and b != b)
    try:
        return bool(a == b)
    except Exception:
        return False


def _differs(a: Any, b: Any, what: str) -> str:
    shown = f": {a!r} and then {b!r}" if np.size(a) == 1 == np.size(b) else ""
    return (
        f"{what} is another when the function is traced again with the same arguments{shown}; random numbers, times and "
        "counters must be passed in as arguments"
    )


def _where(what: str, step: Step, i: int, again: Callable[[], Trace]) -> str:
    """A step in words: its function, and the line of the user's source, from one more trace."""
    steps = again().steps
    site = f", at {steps[i].site}" if i < len(steps) and steps[i].site else ""
    return f"{what} of {step.call.text}{site}"
