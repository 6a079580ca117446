"""A program as a picture, a function and its gradient in one graph, and line by line with its values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.calls import NAMES
from minigrad.draw import SHOWN, Shown
from minigrad.draw.names import arguments
from minigrad.draw.still.describe import COMMUTATIVE
from minigrad.draw.still.picture import Description, DrawnEdge, DrawnNode, Kind, Lines, Options
from minigrad.draw.still.view import path
from minigrad.draw.text import argument, shape_and_dtype, summary
from minigrad.operation import OPS
from minigrad.program.code import Code
from minigrad.program.program import Program, replaced
from minigrad.program.steps import operands
from minigrad.program.writing import PLAIN_NAMES, Writer
from minigrad.text import number, shorten
from minigrad.tracing import Step, Variable

LONGEST_TOLD = 72  # characters of the static arguments of a step


def describe_program(program: Program, options: Options) -> Description:
    """Describe the picture of a program: a node for each input and step, an edge for each use, and single numbers as values.

    Raises
    ------
    ValueError
        If it has more nodes than `options.max_nodes`.
    """
    size = len(program.inputs) + len(program.steps)
    if size > options.max_nodes:
        raise ValueError(
            f"draw: the program has {size:,} inputs and steps, more than max_nodes={options.max_nodes}; raise max_nodes, or "
            "read it with print(program)"
        )
    return _Describer(program, options).picture()


def explained(program: Program, precision: int) -> Code:
    """Every step on a line of its own, and behind it the value, of arrays the shape and dtype."""
    values = _values(program) if program.numbers else {}
    code = Writer(program.inputs, program.steps, program.outputs)
    for x in program.inputs:
        code.name(x)
    for _ in code.lines(program.steps):  # gives the names
        pass
    writer = Writer(program.inputs, program.steps, program.outputs, nested=False, names=code.names)

    def told(xs: Sequence[Variable]) -> str:
        return ", ".join(number(values[x], precision) if x in values else _shape(x) for x in xs)

    lines = [(writer.name(x), told([x])) for x in program.inputs]
    lines += [(text, told(step.outs)) for step, text in writer.lines(program.steps)]
    width = max((len(text) for text, _ in lines), default=0)
    return Code("\n".join(f"{text:{width}}  # {words}" for text, words in lines), program, {})


def _shape(x: Variable) -> str:
    return f"{x.shape} {x.dtype}" if x.shape else f"{x.dtype}"


class _Describer:
    def __init__(self, program: Program, options: Options) -> None:
        self.program, self.options = program, options
        self.values = _values(program) if options.values and program.numbers else {}
        self.writer = Writer(program.inputs, program.steps, program.outputs)
        results = dict.fromkeys(x for x in operands(program.outputs) if type(x) is Variable)
        self.results = {x: f"output {i}" if len(results) > 1 else "" for i, x in enumerate(results)}
        self.nodes: list[DrawnNode] = []
        self.edges: list[DrawnEdge] = []
        self.ids: dict[Variable, str] = {}

    def picture(self) -> Description:
        """All of it."""
        for x in self.program.inputs:
            self.ids[x] = self.put("leaf", self.writer.name(x), x)
        for step in self.program.steps:
            self.add(step)
        return Description(f"minigrad {self.program!r}", tuple(self.nodes), tuple(self.edges))

    def add(self, step: Step) -> None:
        """Describe a step and the edges to it."""
        used, told = _parted(step)
        tails = [self.ids[x] if type(x) is Variable else self.constant(x, step.outs[0].scope) for x in used]
        symbol, commutes = _symbol(step)
        head = self.put(
            "op",
            symbol,
            step.outs[0],
            name=shorten(", ".join(filter(None, map(self.called, step.outs)))),
            arguments=shorten(told, LONGEST_TOLD),
            ordered=len(tails) > 1 and not commutes,
        )
        self.ids.update(dict.fromkeys(step.outs, head))
        for i, tail in enumerate(tails):
            self.edges.append(DrawnEdge(f"{head}-{i}", tail, head, tooltip=f"{symbol}, input {i + 1} of {len(tails)}"))

    def called(self, x: Variable) -> str:
        """The names of a variable."""
        return " = ".join([x.name, *self.program.aliases.get(x, ())]) if x.name else self.results.get(x, "")

    def constant(self, v: Any, scope: str) -> str:
        """Describe what was no input by its value."""
        title = "\n".join(summary(v, self.options.precision))
        detail = shape_and_dtype(v) if self.options.shapes and np.ndim(v) else ""
        self.nodes.append(DrawnNode(f"n{len(self.nodes)}", "constant", title, detail=detail, scope=path(scope)))
        return self.nodes[-1].id

    def put(self, kind: Kind, title: str, x: Variable, **rest: Any) -> str:
        """Add the node of a variable."""
        value: Lines = summary(self.values[x], self.options.precision) if x in self.values else ()
        shape = _shape(x) if x.shape else ""  # a single number goes without saying
        words = [f"{x.name} = {title}" if kind == "op" and x.name else title, shape, *(f"value {line}" for line in value)]
        node = DrawnNode(
            f"n{len(self.nodes)}",
            kind,
            shorten(title),
            value=value,
            detail=shape if self.options.shapes else "",
            scope=path(x.scope),
            tooltip="\n".join(filter(None, words)),
            result=x in self.results,
            **rest,
        )
        self.nodes.append(node)
        return node.id


def _symbol(step: Step) -> tuple[str, bool]:
    """A step as a drawing shows it, and whether the order of its operands is free."""
    call = step.call
    if call.form == "rule":
        return f"gradient of {call.op.called((), step.options)}", False
    text = PLAIN_NAMES.get(call.text, call.text)
    text = "-x" if call.form == "prefix" else "getitem" if call.form == "getitem" else text
    name = call.op.called((), step.options) if call.op is not None else NAMES.get(text, text.rpartition(".")[2])
    op = OPS.get(name)
    return (op.symbol or name if op else text if text in NAMES else name), name in COMMUTATIVE


def _parted(step: Step) -> tuple[list[Any], str]:
    """The operands of a step, and its settings as text."""
    computes = step.call.form in ("infix", "prefix", "op", "rule")
    used: list[Any] = []
    told: list[str] = []
    for x in step.args:
        if computes or _traced(x):
            used += [v for v in operands(x) if v is not None]
        else:
            told.append(argument(x))
    for key, x in step.options.items():
        if _traced(x):
            used += [v for v in operands(x) if type(v) is Variable]
        elif step.call.op is None:
            told.append(f"{key}={argument(x)}")
    if step.call.op is not None:
        told.append(arguments(step.call.op, {k: x for k, x in step.options.items() if not _traced(x)}))
    return used, ", ".join(filter(None, told))


def _traced(x: Any) -> bool:
    return any(type(v) is Variable for v in operands(x))


def _values(program: Program) -> dict[Variable, Any]:
    """The values of a program of single numbers, given those that it was traced with."""
    values: dict[Variable, Any] = dict(zip(program.inputs, program.numbers, strict=True))
    with np.errstate(all="ignore"):
        for step in program.steps:
            found = step.call.run(*replaced(step.args, values), **replaced(step.options, values))
            values.update(zip(step.outs, found if step.several else (found,), strict=True))
    return values


SHOWN[Program] = Shown(describe_program, explained)
