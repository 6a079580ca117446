"""A program as readable Python: one line for each value that has a name or is used twice, the rest inside expressions."""

from __future__ import annotations

import keyword
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any

import numpy as np

from minigrad import ops
from minigrad.draw.names import NEUTRAL
from minigrad.draw.text import uniform
from minigrad.numpy_protocol import RECORDED
from minigrad.operation import OPS
from minigrad.ops.geometry import Geometry
from minigrad.program.steps import operands, used
from minigrad.tracing import Step, Variable

LITERAL = 64  # elements of an array that is written out
LONGEST = 72  # characters of an expression that is written inside another
_LEVELS = {
    "<": 1,
    "<=": 1,
    ">": 1,
    ">=": 1,
    "==": 1,
    "!=": 1,
    "|": 2,
    "&": 3,
    "+": 5,
    "-": 5,
    "*": 6,
    "/": 6,
    "@": 6,
    "**": 8,
}
_UNARY, _ATOM = 7, 9
_BY_POSITION = frozenset({"shape", "axes", "dtype", "decimals", "repeats", "key"})
PLAIN_NAMES = {"np.add.reduce": "np.sum", "np.absolute": "np.abs"}


class Writer:
    """Writes the steps of a program.

    Parameters
    ----------
    inputs, steps, outputs : list
        What a program consists of.
    short : bool
        Whether 2.0 is written 2 beside a float, as by hand.
    nested : bool
        Whether a value that is used once is written inside the expression that uses it.
    names : mapping, optional
        The names of variables, as another writer gave them.

    Attributes
    ----------
    constants : dict
        By name, what cannot be written as a literal.
    """

    def __init__(
        self,
        inputs: Sequence[Variable],
        steps: Sequence[Step],
        outputs: Sequence[Any],
        short: bool = True,
        nested: bool = True,
        names: Mapping[Variable, str] | None = None,
    ) -> None:
        self._short = short
        self.constants: dict[str, Any] = {}
        self._constant_names: dict[Any, str] = {}
        self._names: dict[Variable, str] = dict(names or {})
        self._taken: set[str] = {"np", "mg", "rule", *self._names.values()}
        self._counter = count(1)
        self._pending: dict[Variable, tuple[str, int]] = {}
        counts: dict[Variable, int] = {}
        for step in steps:
            for x in used(step):
                counts[x] = counts.get(x, 0) + 1
        results = {x for x in operands(outputs) if type(x) is Variable}
        self._inside = {x for x, n in counts.items() if nested and n == 1 and not x.name and x not in results}
        for x in (*inputs, *(out for step in steps for out in step.outs)):
            if x.name:
                self.name(x)

    @property
    def names(self) -> dict[Variable, str]:
        """The names that variables have been given so far."""
        return dict(self._names)

    def name(self, x: Variable) -> str:
        """The name of a variable: its own, or t and a number."""
        found = self._names.get(x)
        if found is None:
            wanted = x.name
            if not wanted:
                wanted = next(f"t{i}" for i in self._counter if f"t{i}" not in self._taken)
            wanted = wanted if wanted.isidentifier() and not keyword.iskeyword(wanted) else f"{wanted}_"
            while wanted in self._taken:
                wanted += "_"
            self._taken.add(wanted)
            found = self._names[x] = wanted
        return found

    def lines(self, steps: Sequence[Step]) -> Iterator[tuple[Step, str]]:
        """The statements of some steps."""
        for step in steps:
            text, level = self._expression(step)
            if not step.several and step.outs[0] in self._inside and len(text) <= LONGEST:
                self._pending[step.outs[0]] = text, level
                continue
            targets = ", ".join(self.name(x) for x in step.outs) + ("," if step.several and len(step.outs) == 1 else "")
            yield step, f"{targets} = {text}"

    def _expression(self, step: Step) -> tuple[str, int]:
        call, args = step.call, step.args
        op: Any = call.op
        if call.form == "infix":
            level = _LEVELS[call.text]
            near = any(type(x) is Variable and x.dtype is not None and x.dtype.kind == "f" for x in args)
            right_first = call.text == "**"
            left = self.operand(args[0], level + (right_first or level == 1), near)
            return f"{left} {call.text} {self.operand(args[1], level + (not right_first), near)}", level
        if call.form == "prefix":
            text, level = self._pending.get(args[0], ("", 0))
            if text.startswith("-") and level >= _LEVELS["*"]:  # -(-a * b) is a * b
                del self._pending[args[0]]
                return text[1:], _LEVELS["*"]
            return f"-{self.operand(args[0], _UNARY)}", _UNARY
        if call.form == "attribute":
            return f"{self.operand(args[0], _ATOM)}.{call.text}", _ATOM
        if call.form == "getitem" or (op is not None and op.name == "getitem"):
            key = args[1] if len(args) > 1 else step.options["key"]
            return f"{self.operand(args[0], _ATOM)}[{self._key(key)}]", _ATOM
        if call.form == "method":
            return f"{self.operand(args[0], _ATOM)}.{call.text}({self._arguments(args[1:], step.options)})", _ATOM
        if call.form == "whole" or (call.form == "rule" and OPS.get(call.text) is not op):
            return f"{self.literal(call.run)}({self._arguments(args, step.options)})", _ATOM
        if call.form == "rule":
            which = [i for i, need in enumerate(call.needed) if need]
            return f'rule("{call.text}", {", ".join(map(str, which))})({self._arguments(args, step.options)})', _ATOM
        if call.form == "op":
            return self._operation(step), _ATOM
        return f"{PLAIN_NAMES.get(call.text, call.text)}({self._arguments(args, step.options)})", _ATOM

    def _operation(self, step: Step) -> str:
        op: Any = step.call.op
        args = list(step.args)
        windows = _windows(step)
        if windows is not None:
            name, sizes, given = windows
            return f"mg.{name}({self._arguments([*(x for x in args if x is not None), *sizes], given)})"
        given = {k: v for k, v in step.options.items() if not (k in op.defaults and _same(v, op.defaults[k]))}
        while args and args[-1] is None:
            args.pop()
        text = step.call.text
        theirs = getattr(np, text, None)
        if theirs is not None and RECORDED.get(theirs) is op:
            name = f"np.{text}"
        elif getattr(ops, text, None) is op:
            name = f"mg.{text}"
        elif OPS.get(text) is op:
            name = f'op("{text}")'
        else:
            name = self.literal(step.call.run)
        for key in list(given):
            if key in _BY_POSITION and next(iter(given)) == key and len(args) == op.arity:
                args.append(given.pop(key))
        return f"{name}({self._arguments(args, given)})"

    def _arguments(self, args: Sequence[Any], options: dict[str, Any]) -> str:
        return ", ".join([*(self.operand(x, 0) for x in args), *(f"{k}={self.operand(x, 0)}" for k, x in options.items())])

    def operand(self, x: Any, least: int, near: bool = False) -> str:
        """A variable, a constant or an expression, in parentheses if it binds less tightly than `least`."""
        if type(x) is Variable:
            text, level = self._pending.pop(x, ("", 0))
            return (text if level >= least else f"({text})") if text else self.name(x)
        if type(x) in (tuple, list):
            inside = ", ".join(self.operand(part, 0) for part in x)
            return (f"({inside},)" if len(x) == 1 else f"({inside})") if type(x) is tuple else f"[{inside}]"
        if type(x) is dict:
            return "{" + ", ".join(f"{k!r}: {self.operand(v, 0)}" for k, v in x.items()) + "}"
        text = self.literal(x, near)
        return f"({text})" if text.startswith("-") and least > 5 else text

    def literal(self, x: Any, near: bool = False) -> str:
        """A constant as Python, else under a name."""
        if isinstance(x, np.float64):
            x = float(x)
        if type(x) is float and np.isfinite(x):
            return str(int(x)) if near and self._short and x == int(x) and abs(x) < 1e9 and str(x)[0:2] != "-0" else repr(x)
        if type(x) is float:
            return "np.nan" if x != x else "np.inf" if x > 0 else "-np.inf"
        if type(x) in (int, bool, str, type(None)):
            return repr(x)
        if x is Ellipsis:
            return "..."
        if isinstance(x, np.dtype):
            return f"np.{x.name}" if x.isnative and hasattr(np, x.name) else f'np.dtype("{x.str}")'
        if isinstance(x, type) and issubclass(x, np.generic):
            return f"np.{x.__name__}"
        small = isinstance(x, np.ndarray) and x.dtype.kind in "fiub" and x.size <= LITERAL
        key = (x.dtype, x.shape, x.tobytes()) if small else id(x)
        name = self._constant_names.get(key)
        if name is None:
            what = "mask" if isinstance(x, np.ndarray) and x.dtype == bool else "whole" if callable(x) else "c"
            name = next(f"{what}{i}" for i in range(len(self._constant_names) + 1, 10**9) if f"{what}{i}" not in self._taken)
            self._taken.add(name)
            self._constant_names[key] = name
            self.constants[name] = x
        return name

    def _key(self, key: Any) -> str:
        parts = key if type(key) is tuple else (key,)
        return ", ".join(self._slice(part) if isinstance(part, slice) else self.operand(part, 0) for part in parts)

    def _slice(self, part: slice) -> str:
        start, stop = ("" if x is None else repr(x) for x in (part.start, part.stop))
        return f"{start}:{stop}" + ("" if part.step is None else f":{part.step}")


_CONVOLUTIONS = {"conv": "conv", "conv_input": "conv_transpose", "max_pool": "max_pool"}  # public names, over 1 to 3 axes


def _windows(step: Step) -> tuple[str, list[Any], dict[str, Any]] | None:
    """A convolution or pooling as its public function, sizes and settings; None if that function does not take them."""
    name, geometry = _CONVOLUTIONS.get(step.call.text), step.options.get("geometry")
    if name is None or not isinstance(geometry, Geometry) or not 1 <= len(geometry.size) <= 3 or len(step.options) > 1:
        return None
    if any(before != after or before < 0 for before, after in geometry.padding):
        return None
    given = {
        "stride": uniform(geometry.stride),
        "padding": uniform(tuple([before for before, _ in geometry.padding])),
        "dilation": uniform(geometry.dilation),
        "groups": geometry.groups,
    }
    given = {k: v for k, v in given.items() if v not in (NEUTRAL[k], (NEUTRAL[k],))}
    sizes: list[Any] = []
    if name == "max_pool":
        sizes = [uniform(geometry.kernel)]
        given["stride"] = uniform(geometry.stride)
        if given["stride"] == sizes[0]:
            del given["stride"]
    elif name == "conv_transpose":
        left = [n - (o - 1) * s + p + p - d * (k - 1) - 1 for n, k, s, p, d, o in geometry.axes()]
        if any(left):
            given["output_padding"] = uniform(tuple(left))
        if not all(0 <= rest < max(s, d) for rest, s, d in zip(left, geometry.stride, geometry.dilation, strict=True)):
            return None
    return f"{name}{len(geometry.size)}d", sizes, given


def _same(a: Any, b: Any) -> bool:
    return a is b or (type(a) is type(b) and isinstance(a, int | float | str | tuple) and a == b)
