"""The arguments of a call against those of a trace, and what a function finds around it: all that a trace holds for."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from minigrad.graph import Node, refuse_subclass
from minigrad.transforms.trees import fill, leaves, parts_of, paths

_KEPT = "fiubc"
_STATIC = (bool, int, str, np.integer, np.bool_)


def is_input(x: Any) -> bool:
    """True for a leaf that is an input; any other is static."""
    if isinstance(x, np.ndarray | np.generic):
        refuse_subclass(x, "compile")
        return x.dtype.kind in _KEPT and not isinstance(x, np.integer | np.bool_)
    return isinstance(x, Node | float | complex)


class Matcher:
    """The arguments that a trace holds for, as a function that tells and takes them apart.

    It is written as straight-line code: a network of single numbers has hundreds of leaves, and a walk over containers
    would take longer than the program.
    """

    def __init__(self, f: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]) -> None:
        self.arguments = (args, options)
        every = leaves(self.arguments)
        self.given = [x for x in every if is_input(x)]
        self.are_tensors = [isinstance(x, Node) for x in self.given]
        self.tensors = True in self.are_tensors
        self.names = _input_names(f, args, options)
        self._names: dict[str, Any] = {"parts": parts_of}
        self._lines: list[str] = []
        found: list[tuple[str, Any]] = []
        self._open("args", args, found)
        self._open("options", options, found)
        self._check(found)
        taken = [name for name, x in found if is_input(x)]
        body = "\n    ".join([*self._lines, f"return ({', '.join(taken)}{',' * (len(taken) == 1)})"])
        exec(f"def match(args, options):\n  try:\n    {body}\n  except ValueError:\n    return None\n", self._names)  # noqa: S102
        self.match: Callable[..., Sequence[Any] | None] = self._names["match"]

    def filled(self, new: Iterator[Any]) -> Any:
        """The arguments with others in place of the inputs."""
        return fill(self.arguments, iter([next(new) if is_input(x) else x for x in leaves(self.arguments)]))

    def forget(self) -> None:
        """Keep the containers and the static arguments, and not the arrays."""
        self.arguments = fill(self.arguments, iter([0.0 if is_input(x) else x for x in leaves(self.arguments)]))
        self.given = []

    def _bound(self, x: Any) -> str:
        name = f"k{len(self._names)}"
        self._names[name] = x
        return name

    def _open(self, name: str, tree: Any, found: list[tuple[str, Any]]) -> None:
        """Write the lines that take a container apart."""
        inside = parts_of(tree)
        if inside is None:
            found.append((name, tree))
            return
        if tree is None:
            self._lines.append(f"if {name} is not None: return None")
            return
        each = [f"{name}_{i}" for i in range(len(inside))]
        self._lines.append(f"if type({name}) is not {self._bound(type(tree))}: return None")
        values = name
        if not isinstance(tree, list | tuple):
            self._lines.append(f"{name}_ = parts({name})" if not isinstance(tree, dict) else f"{name}_ = {name}")
            self._lines.append(f"if tuple({name}_) != {self._bound(tuple(inside))}: return None")
            values = f"{name}_.values()"
        fixed = [k for k, field in getattr(tree, "__dataclass_fields__", {}).items() if field.metadata.get("static")]
        self._lines += [f"if {name}.{k} != {self._bound(getattr(tree, k))}: return None" for k in fixed]
        self._lines.append(f"{', '.join(each)}, = {values}" if each else f"if len({values}): return None")
        for part, x in zip(each, inside.values(), strict=True):
            self._open(part, x, found)

    def _check(self, found: list[tuple[str, Any]]) -> None:
        """Write the lines that look at the leaves."""
        if found:
            names = ", ".join(name for name, _ in found)
            types = self._bound([type(x) for _, x in found])
            self._lines.append(f"if [*map(type, ({names},))] != {types}: return None")
        for name, x in found:
            if not is_input(x):
                same = "!=" if isinstance(x, _STATIC) else "is not"
                self._lines.append(f"if {name} {same} {self._bound(x)}: return None")
            elif isinstance(x, np.ndarray):
                self._lines.append(f"if {name}.shape != {x.shape} or {name}.dtype != {self._bound(x.dtype)}: return None")
            elif isinstance(x, Node):
                self._lines.append(
                    f"if {name}.value.shape != {x.value.shape} or {name}.value.dtype != {self._bound(x.value.dtype)} or "
                    f"{name}.requires_grad is not {x.requires_grad}: return None"
                )


def packer(result: Any) -> Callable[..., Any]:
    """The function that puts leaves into the containers of a result."""
    count = len(leaves(result))

    def text(tree: Any) -> str:
        inside = parts_of(tree)
        if inside is None:
            return next(names)
        each = [text(part) for part in inside.values()]
        if type(tree) is tuple:
            return f"({', '.join(each)}{',' * (len(each) == 1)})"
        if type(tree) is list:
            return f"[{', '.join(each)}]"
        if type(tree) is dict:
            return "{" + ", ".join(f"{bind(k)}: {v}" for k, v in zip(inside, each, strict=True)) + "}"
        return f"fill({bind(tree)}, iter([{', '.join(each)}]))"

    known: dict[str, Any] = {"fill": fill}

    def bind(x: Any) -> str:
        known[f"k{len(known)}"] = x
        return f"k{len(known) - 1}"

    names = iter([f"v{i}" for i in range(count)])
    body = text(result)
    exec(f"def pack({', '.join(f'v{i}' for i in range(count))}): return {body}", known)  # noqa: S102
    return known["pack"]  # type: ignore[no-any-return]


def _input_names(f: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]) -> list[str]:
    """A Python name for each input, after the parameters of the function."""
    try:
        bound = inspect.signature(f).bind(*args, **options).arguments
    except (TypeError, ValueError):
        bound = {f"x{i}": x for i, x in enumerate(args)} | options
    names = []
    for key, tree in bound.items():
        each = zip(leaves(tree), paths(tree), strict=True)
        names += [re.sub(r"\W+", "_", key + path).strip("_") for x, path in each if is_input(x)]
    return [name if names.count(name) == 1 else f"{name}_{i}" for i, name in enumerate(names)] if len(names) < 200 else names


class Surroundings:
    """The numbers and objects in closures and global variables that a function, and those that it calls, name."""

    def __init__(self, f: Callable[..., Any]) -> None:
        self._cells: list[Any] = []
        self._globals: list[tuple[dict[str, Any], str]] = []
        self._collect(f, set())
        self._then = self._now()

    def same(self) -> bool:
        """True if all of them are as they were."""
        now = self._now()
        return all(
            a is b or (type(a) is type(b) and isinstance(a, _NUMBERS) and a == b)
            for a, b in zip(now, self._then, strict=True)
        )

    def _now(self) -> list[Any]:
        now = [_content(cell) for cell in self._cells]
        now += [names.get(name) for names, name in self._globals]
        return now

    def _collect(self, f: Any, seen: set[int]) -> None:
        if id(f) in seen:
            return
        seen.add(id(f))
        if isinstance(f, partial):
            for x in (f.func, *f.args, *f.keywords.values()):
                self._collect(x, seen)
            return
        if isinstance(f, MethodType):
            f = f.__func__
        elif not isinstance(f, FunctionType):
            f = getattr(f, "__wrapped__", None) or getattr(type(f), "forward", None) or type(f).__call__
        if not isinstance(f, FunctionType) or _ours(f):
            inner = getattr(f, "__wrapped__", None)
            if inner is not None:
                self._collect(inner, seen)
            if isinstance(f, FunctionType):
                for cell in f.__closure__ or ():
                    if callable(_content(cell)):
                        self._collect(_content(cell), seen)
            return
        for cell in f.__closure__ or ():
            self._cells.append(cell)
            if isinstance(_content(cell), _CALLABLE):
                self._collect(_content(cell), seen)
        for name in _global_names(f.__code__):
            if name in f.__globals__ and not isinstance(f.__globals__[name], ModuleType):
                self._globals.append((f.__globals__, name))
                if isinstance(f.__globals__[name], _CALLABLE):
                    self._collect(f.__globals__[name], seen)


_NUMBERS = (float, int, complex, str, np.generic)
_CALLABLE = (FunctionType, MethodType, partial)


def _ours(f: FunctionType) -> bool:
    return (f.__module__ or "").split(".")[0] in ("minigrad", "numpy", "scipy")


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not bound yet
        return None


def _global_names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _global_names(constant)
