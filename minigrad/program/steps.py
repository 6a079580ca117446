"""The variables among the arguments of steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from minigrad.tracing import Step, Variable


def operands(x: Any) -> Iterator[Any]:
    """The variables and constants among arguments, in containers too."""
    if isinstance(x, tuple | list):
        for part in x:
            yield from operands(part)
    elif isinstance(x, dict):
        for part in x.values():
            yield from operands(part)
    else:
        yield x


def used(step: Step) -> Iterator[Variable]:
    """The variables that a step uses, once for each use."""
    for x in (*step.args, *step.options.values()):
        if type(x) is Variable:
            yield x
        elif isinstance(x, tuple | list | dict):
            yield from (v for v in operands(x) if type(v) is Variable)
