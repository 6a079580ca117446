"""A program as Python functions: straight-line code, compiled once and run without the graph.

Single numbers run as Python floats. Where Python's arithmetic raises, as in 1 / 0, the same steps run again on NumPy's
numbers, which give infinity and nan. Long programs are cut into functions, since Python compiles a long one badly; what
several of them use lies in a list.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from minigrad.calls import STRONG
from minigrad.program import scalars
from minigrad.program.program import Program
from minigrad.program.steps import operands, used
from minigrad.tracing import Step, Variable

CHUNK = 1000  # steps in a function
LARGE = 1 << 15  # bytes of a value that is freed after its last use, before the end
_LONGEST = 120  # characters of an expression
_GENERIC = {"+": 5, "-": 5, "*": 6, "/": 6, "@": 6}
_ATOM, _UNARY = 9, 7


class Source:
    """The Python source of a program, and the names it refers to.

    Parameters
    ----------
    program : Program
    fast : bool
        Whether single numbers are Python floats.
    """

    def __init__(self, program: Program, fast: bool) -> None:
        self.program, self.fast = program, fast
        self.names: dict[str, Any] = {"float64": np.float64, "bool_": np.bool_, **scalars.NAMES}
        self._bound: dict[int, str] = {}
        self._expressions: dict[Variable, tuple[str, int]] = {}
        self._inside: dict[Variable, set[Variable]] = {}  # what the expression of a value refers to
        self._number: dict[Variable, int] = {x: i for i, x in enumerate(program.inputs)}
        self.raises = False  # whether a number's arithmetic may raise where NumPy's would not
        self._arrays = False
        self._kinds: dict[Variable, str] = {}
        self._alias: dict[Variable, Variable] = {}
        uses: dict[Variable, list[int]] = {}
        home: dict[Variable, int] = dict.fromkeys(program.inputs, -1)
        for i, step in enumerate(program.steps):
            for x in used(step):
                uses.setdefault(x, []).append(i)
            if fast and step.call is STRONG:
                self._alias[step.outs[0]] = step.args[0]
            for out in step.outs:
                home[out] = i
                self._number[out] = len(self._number)
        for x in operands(program.outputs):
            if type(x) is Variable:
                uses.setdefault(x, []).append(len(program.steps))
        self._uses = uses
        self.chunked = len(program.steps) > CHUNK
        end = len(program.steps)
        self._shared = {
            x
            for x, i in home.items()
            if self.chunked and any(i < 0 or use // CHUNK != i // CHUNK or use == end for use in uses.get(x, ()))
        }
        once = {x for x, where in uses.items() if len(where) == 1 and where[0] < end and home[x] >= 0}
        self._inlined = once - self._shared

    def kind(self, x: Any) -> str:
        """As `scalars.kind`, on the fast line; nothing on NumPy's."""
        if not self.fast:
            return ""
        if type(x) is not Variable:
            return scalars.kind(x)
        found = self._kinds.get(x)
        if found is None:
            found = self._kinds[x] = scalars.kind(x)
        return found

    def function(self) -> Callable[..., Any]:
        """The compiled function: it takes the inputs, and gives the outputs in a tuple."""
        program = self.program
        steps, names = program.steps, [self._name(x) for x in program.inputs]
        numbers = [f"n{self._number[x]}" for x in program.inputs]
        lines: list[str] = []
        if self.fast:
            lines += [f"{n} = float({n})" for x, n in zip(program.inputs, numbers, strict=True) if self.kind(x) == "f"]
            lines += [f"{n} = bool({n})" for x, n in zip(program.inputs, numbers, strict=True) if self.kind(x) == "b"]
        texts = []
        if self.chunked:
            lines.append(f"m = [None] * {len(self._number)}")
            lines += [f"{name} = {n}" for name, n in zip(names, numbers, strict=True) if name != n]
            for k, start in enumerate(range(0, len(steps), CHUNK)):
                body = self._body(start, min(start + CHUNK, len(steps)))
                texts.append(_define(f"c{k}", ["m"], body))
                lines.append(f"c{k}(m)")
        else:
            lines += self._body(0, len(steps))
        answers = [self._answer(x) for x in program.outputs]
        lines.append(f"return ({', '.join(answers)}{',' * (len(answers) == 1)})")
        texts.append(_define("run", numbers, lines))
        for text in texts:
            exec(compile(text, "<minigrad program>", "exec"), self.names)  # noqa: S102
        run = self.names["run"]
        return _quiet(run) if self._arrays or not self.fast else run

    def _body(self, start: int, end: int) -> list[str]:
        lines: list[str] = []
        for i in range(start, end):
            step = self.program.steps[i]
            if step.outs[0] in self._alias:
                continue
            text, level = self._step(step, lines)
            if not step.several:
                (out,) = step.outs
                if out in self._inlined and len(text) < _LONGEST:
                    self._expressions[out] = (text, level)
                    self._inside[out] = {y for x in used(step) for y in self._inside.get(x, (x,))}
                    continue
                lines.append(f"{self._name(out)} = {text}")
            else:
                lines.append(f"{', '.join(map(self._name, step.outs))}, = {text}")
                lines += [f"{self._name(x)} = {_PYTHON[self.kind(x)]}({self._name(x)})" for x in step.outs if self.kind(x)]
            lines += self._freed(step, i)
        return lines or ["pass"]

    def _freed(self, step: Step, i: int) -> Iterator[str]:
        """Statements that forget large values after their last use, which may lie in an expression that is still to come."""
        ended = {y for x in used(step) for y in self._inside.get(x, (x,)) if self._uses[y][-1] <= i and _is_large(y)}
        if ended:
            ended.difference_update(*(self._inside[x] for x in self._expressions))
        yield from (f"{self._name(x)} = None" for x in ended)

    def _name(self, x: Variable) -> str:
        x = self._alias.get(x, x)
        return f"m[{self._number[x]}]" if x in self._shared else f"n{self._number[x]}"

    def _step(self, step: Step, lines: list[str]) -> tuple[str, int]:
        """A step as an expression, and how tightly it binds."""
        call, args = step.call, step.args
        out = None if step.several else step.outs[0]
        if self.fast and out is not None and not step.options:
            kinds = [self.kind(x) for x in args]
            form = scalars.form(call.text, kinds, self.kind(out))
            if form:
                return self._scalar(form, call.text, args, lines)
        self._arrays = True
        if call.form == "infix" and not any(self.kind(x) for x in args) and not (out is not None and self.kind(out)):
            level = _GENERIC.get(call.text, 0)
            a, b = args
            left, right = self._operand(a, level, lines), self._operand(b, level + 1, lines)
            return f"{left} {call.text} {right}", level if level else -1
        given = [self._argument(x, step, lines) for x in args]
        given += [f"{key}={self._argument(x, step, lines)}" for key, x in step.options.items()]
        text = f"{self._bind(call.run, 'f')}({', '.join(given)})"
        wrapped = _PYTHON[self.kind(out)] if out is not None else ""
        return (f"{wrapped}({text})" if wrapped else text), _ATOM

    def _scalar(self, form: str, symbol: str, args: tuple[Any, ...], lines: list[str]) -> tuple[str, int]:
        if symbol == "**" and type(args[1]) is not Variable and args[1] == 2:
            form, args = "{0} * {0}", args[:1]
        elif symbol in ("/", "**") or form[0] not in "{(-" or form[:3] == "1.0":
            self.raises = True
        twice = form.count("{0}") > 1
        infix = form.startswith(("{", "-", "1.0"))
        level = (6 if " * " in form or " / " in form else 5 if " + " in form or " - " in form else 0) if infix else _ATOM
        level = _UNARY if form == "-{0}" else level
        texts = []
        for i, x in enumerate(args):
            if twice:
                texts.append(self._operand(x, _ATOM, lines, whole=True))
            elif form.startswith("1.0"):
                texts.append(self._operand(x, _ATOM, lines))
            elif infix:
                texts.append(self._operand(x, level + (i > 0) if level else 1, lines))
            else:
                texts.append(self._operand(x, 1, lines))
        if "-{0}" in form and texts[0].startswith("-"):
            texts[0] = f"({texts[0]})"
        return form.format(*texts), level if level else -1

    def _operand(self, x: Any, least: int, lines: list[str], whole: bool = False) -> str:
        """A variable, a constant, or an expression, in parentheses if it binds less tightly than `least`."""
        if type(x) is not Variable:
            text = self._constant(x, number=self.fast and bool(scalars.kind(x)))
            return f"({text})" if text.startswith("-") and least > _UNARY - 1 else text
        inlined = self._expressions.pop(x, None)
        if inlined is None:
            return self._name(x)
        text, level = inlined
        if whole:
            lines.append(f"{self._name(x)} = {text}")
            return self._name(x)
        return text if level >= least else f"({text})"

    def _argument(self, x: Any, step: Step, lines: list[str]) -> str:
        """An argument of a function of NumPy's, numbers as NumPy's own."""
        if type(x) is Variable:
            text, number = self._operand(x, 0, lines), self.kind(x)
            return text if not number or x.weak else f"{_NUMPY[number]}({text})"
        if type(x) in (tuple, list) and any(type(v) is Variable for v in operands(x)):
            inside = ", ".join([self._argument(part, step, lines) for part in x])
            return f"({inside},)" if type(x) is tuple else f"[{inside}]"
        if type(x) is dict and any(type(v) is Variable for v in operands(x)):
            return "{" + ", ".join(f"{key!r}: {self._argument(part, step, lines)}" for key, part in x.items()) + "}"
        return self._constant(x)

    def _constant(self, x: Any, number: bool = False) -> str:
        if number and type(x) is not bool:
            x = float(x)
        if type(x) in (int, bool, str, type(None)) or (type(x) is float and np.isfinite(x)):
            return repr(x)
        if type(x) is tuple and all(type(part) in (int, type(None)) for part in x):
            return repr(x)
        return self._bind(x, "k")

    def _bind(self, x: Any, letter: str) -> str:
        name = self._bound.get(id(x))
        if name is None:
            name = self._bound[id(x)] = f"{letter}{len(self._bound)}"
            self.names[name] = x
        return name

    def _answer(self, x: Any) -> str:
        if type(x) is not Variable:
            return self._bind(x, "k")
        name, number = self._name(x), self.kind(x)
        return f"{_NUMPY[number]}({name})" if number and not x.weak else name


_PYTHON = {"f": "float", "b": "bool", "": ""}
_NUMPY = {"f": "float64", "b": "bool_", "": ""}


def _is_large(x: Variable) -> bool:
    return bool(x.shape) and x.dtype is not None and math.prod(x.shape or ()) * x.dtype.itemsize >= LARGE


def _define(name: str, parameters: list[str], body: list[str]) -> str:
    return f"def {name}({', '.join(parameters)}):\n  " + "\n  ".join(body) + "\n"


def _quiet(run: Callable[..., Any]) -> Callable[..., Any]:
    """The function without NumPy's warnings."""

    def quiet(*args: Any) -> Any:
        with np.errstate(all="ignore"):
            return run(*args)

    return quiet


def runner(program: Program) -> Callable[..., Any]:
    """The function that computes a program's outputs, in a tuple, from its inputs."""
    fast = Source(program, True)
    run = fast.function()
    if not fast.raises:
        return run
    slow: list[Callable[..., Any]] = []

    def either(*args: Any) -> Any:
        try:
            return run(*args)
        except scalars.RAISES:
            if not slow:
                slow.append(Source(program, False).function())
            return slow[0](*args)

    return either
