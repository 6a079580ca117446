"""Arguments of NumPy's functions as those of ours: bound by NumPy's signature, refused by name where ours has none."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from minigrad.graph import Node

_OTHER_NAMES = {"a_min": "min", "a_max": "max", "correction": "ddof"}

# Arguments that do not change a result's elements, and the values of which that is true.
_IDLE: dict[str, tuple[Any, ...]] = {
    "out": (None,),
    "dtype": (None,),
    "order": ("K", "A", "C", None),
    "where": (True,),
    "optimize": (True, False, "greedy", "optimal"),
    "overwrite_input": (True, False),
    "subok": (True, False),
    "copy": (True, False, None),
    "device": ("cpu", None),
    "stable": (True, False, None),
    "casting": ("same_kind", "unsafe"),
    "like": (None,),
}


class _Plan(NamedTuple):
    """A function of NumPy's beside ours."""

    positional: tuple[str, ...]  # NumPy's names
    defaults: dict[str, Any]
    names: dict[str, str]  # NumPy's name: ours
    order: tuple[str, ...]  # our positional arguments
    others: frozenset[str]  # our names that NumPy takes as **kwargs
    variadic: bool
    handed_on: bool  # both take any other keyword, for a function they call
    alike: int  # as many arguments by position mean the same in both


@cache
def _plan(function: Callable[..., Any], ours: Callable[..., Any]) -> _Plan:
    """The plan by which NumPy's arguments become ours."""
    theirs, own = _parameters(function), _parameters(ours) or []
    order = tuple(p.name for p in own if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD))
    variadic = any(p.kind is p.VAR_POSITIONAL for p in theirs or own)
    known = {p.name for p in own if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)}
    if theirs is None:  # a compiled function of an older NumPy does not tell its arguments
        return _Plan(order, {}, {name: name for name in known}, order, frozenset(), variadic, False, len(order))
    positional = tuple(p.name for p in theirs if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD))
    names = {}
    for p in theirs:
        if p.name in known:
            names[p.name] = p.name
        elif _OTHER_NAMES.get(p.name) in known:
            names[p.name] = _OTHER_NAMES[p.name]
    for name, here in zip(positional, order, strict=False):
        if name not in names and here not in names.values() and here not in positional:
            names[name] = here
    defaults = {p.name: p.default for p in theirs if p.default is not p.empty}
    open_ended = any(p.kind is p.VAR_KEYWORD for p in theirs)
    handed_on = open_ended and any(p.kind is p.VAR_KEYWORD for p in own)
    others = frozenset(known - set(names.values())) if open_ended else frozenset()
    pairs = zip(positional, order, strict=False)
    alike = next((i for i, (name, here) in enumerate(pairs) if names.get(name) != here), min(len(positional), len(order)))
    return _Plan(positional, defaults, names, order, others, variadic, handed_on, alike)


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter] | None:
    try:
        return list(inspect.signature(function).parameters.values())
    except ValueError:
        return None


def call(name: str, function: Callable[..., Any], ours: Callable[..., Any], args: Any, options: dict[str, Any]) -> Any:
    """Call our function in place of NumPy's, which is called `name`.

    Raises
    ------
    TypeError
        If an argument that would change the result is not one of ours.
    """
    plan = _plan(function, ours)
    if plan.variadic:
        leading, given = args, dict(options)
    elif not options and len(args) <= plan.alike:
        return ours(*args)
    else:
        if len(args) > len(plan.positional):
            raise TypeError(f"{name} takes at most {len(plan.positional)} positional arguments, got {len(args)}")
        leading, given = (), dict(zip(plan.positional, args, strict=False))
        twice = given.keys() & options.keys()
        if twice:
            raise TypeError(f"{name} got two values for {', '.join(sorted(twice))}")
        given |= options
    kept: dict[str, Any] = {}
    for key, value in given.items():
        here = plan.names.get(key) or (key if key in plan.others or plan.handed_on else None)
        if value is np._NoValue or (here is None and idle(key, value, plan.defaults.get(key, _IDLE))):
            continue
        if here is None:
            raise TypeError(no_out(name) if key == "out" else _refusal(name, key, ours, plan))
        if here in kept:
            raise TypeError(f"{name} got two values for {key}")
        kept[here] = value
    if not plan.variadic:
        count = next((i for i, here in enumerate(plan.order) if here not in kept), len(plan.order))
        leading = tuple(kept.pop(here) for here in plan.order[:count])
    return ours(*leading, **kept)


def idle(key: str, value: Any, default: Any = _IDLE) -> bool:
    """True if an argument that ours does not have would change nothing."""
    if isinstance(value, Node | np.ndarray):
        return False
    return any(value is v or (isinstance(v, str) and value == v) for v in (*_IDLE.get(key, ()), default))


def no_out(name: str) -> str:
    """The message for results that would be written into an array."""
    return f"{name}: out= cannot be recorded; use the result that is returned"


def _refusal(name: str, key: str, ours: Callable[..., Any], plan: _Plan) -> str:
    takes = ", ".join(dict.fromkeys((*plan.order, *plan.names.values(), *sorted(plan.others))))
    return f"{name}: {key}= is not supported; minigrad.{ours.__name__} takes {takes}"
