"""`code`: the forward and the backward pass of a graph, or of a function, as readable Python."""

from __future__ import annotations

import io
import keyword
import re
import sys
import tokenize
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from html import escape
from typing import Any

import numpy as np

from minigrad.backward import sweep
from minigrad.draw.names import find_names
from minigrad.graph import Node, constant
from minigrad.operation import OPS
from minigrad.program.compile import Compiled
from minigrad.program.matching import Matcher
from minigrad.program.program import Program
from minigrad.program.replay import leaves_of, replayed
from minigrad.program.whole import Tracer
from minigrad.program.writing import LITERAL, Writer
from minigrad.tensor import Tensor
from minigrad.tracing import Step, Traced, Variable
from minigrad.transforms.trees import leaves

FOLDED = 40  # lines from which on a notebook folds sections


class Code(str):
    """Python code; a notebook shows it highlighted.

    Attributes
    ----------
    program : Program
        The steps behind it.
    arguments : dict
        Where arrays are too large to be written out, the code is a function, and these are its arguments.
    """

    program: Program
    arguments: dict[str, Any]

    def __new__(cls, text: str, program: Program, arguments: dict[str, Any]) -> Code:
        """Text with what it was made from."""
        made = super().__new__(cls, text)
        made.program, made.arguments = program, arguments
        return made

    def _repr_html_(self) -> str:
        sections = str(self).split("\n\n")
        fold = self.count("\n") > FOLDED
        return "".join(_section(part, fold) for part in sections)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))


def code(
    f: Any,
    *args: Any,
    level: str = "fused",
    names: Mapping[str, Any] | None = None,
    **options: Any,
) -> Code:
    """Forward and backward pass as Python: of a recorded graph, or of a function at example arguments.

    Values have the names of their tensors, or of the variables that hold them; the gradient of x is `dx`. The code runs as
    it is. Everything that depends on the inputs is computed in it, conditions too. A recorded graph has lost those: its
    code holds for the branch that was taken, and says so.

    Parameters
    ----------
    f : Tensor or callable
        The result of a computation, or a function.
    *args, **options
        The arguments of the function; floats and arrays are its inputs.
    level : {'fused', 'primitive'}
        Whether fused operations, such as softmax, stay one step, or are opened.
    names : mapping, optional
        Variables, such as ``locals()``, that name the tensors of a graph; by default those of the caller.

    Returns
    -------
    Code
        A string. If arrays are too large to be written out, it defines a function, and its ``.arguments`` are the arrays.

    Raises
    ------
    TypeError, ValueError
        If `f` is neither, or `level` is another word.
    Untraceable
        If the function asks for a value, as in ``if x > 0``.

    Examples
    --------
    >>> from minigrad import Tensor
    >>> x, y, z = Tensor(-2.0), Tensor(5.0), Tensor(-4.0)
    >>> q = x + y
    >>> f = q * z
    >>> print(code(f))
    # Recorded: it holds for the branches that were taken.
    x = -2.0
    y = 5.0
    z = -4.0
    <BLANKLINE>
    # forward
    q = x + y
    f = q * z
    <BLANKLINE>
    # backward
    df = 1.0
    dq = df * z
    dx = dq
    dy = dq
    dz = df * q
    """
    if level not in ("fused", "primitive"):
        raise ValueError(f"code: level is 'fused' or 'primitive', got {level!r}")
    if not isinstance(f, Node) and not callable(f):
        raise TypeError(
            f"code: expected a Tensor or a function, got {type(f).__name__}; call it on the result of a computation"
        )
    opened = None
    if level == "primitive":
        from minigrad.draw.still.expand import EXPANSIONS

        opened = EXPANSIONS.get
    if isinstance(f, Node):
        known = find_names(sys._getframe(1).f_locals if names is None else names)
        note = "# Recorded: it holds for the branches that were taken."
        return _written(Tracer(opened), lambda trace: _replayed(trace, f, known), note)
    text = _written(Tracer(opened), lambda trace: _called(trace, f, args, options))
    if any(_is_whole(step) for step in text.program.steps) and any(map(_is_integers, leaves((args, options)))):
        # Labels and indices that are constants often open what asks for their values.
        note = "# Integers are constants: it holds for these labels and indices."
        fixed = _written(Tracer(opened), lambda trace: _called(trace, f, args, options, fixed=True), note)
        return text if any(_is_whole(step) for step in fixed.program.steps) else fixed
    return text


def _is_whole(step: Step) -> bool:
    """True if a step is a function that was not opened."""
    op: Any = step.call.op
    return step.call.form == "whole" or (op is not None and OPS.get(op.name) is not op)


def _is_integers(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.dtype.kind in "iub"


def _replayed(trace: Tracer, root: Node, names: Mapping[Node, str]) -> Node:
    """A recorded graph, computed again on stand-ins for its leaves."""

    def named(node: Node, new: Any) -> Any:
        if isinstance(new, Node) and type(new.value) is Traced:
            new.value.variable.name = node.name or names.get(node, "")
        return new

    place = {x: i for i, x in enumerate(names)}
    stand_ins: dict[Node, Any] = {}
    for x in sorted(leaves_of("code", root), key=lambda x: place.get(x, len(place))):  # in the order of the variables
        new = constant(trace.input(x.value), Tensor)
        new.requires_grad = x.requires_grad
        stand_ins[x] = named(x, new)
    result: Node = replayed("code", root, stand_ins, named)
    return result


def _called(
    trace: Tracer, f: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any], fixed: bool = False
) -> Any:
    """A function called on stand-ins: on tensors, so that its gradient follows, unless it is itself a gradient."""
    plain = isinstance(f, Compiled) or (hasattr(f, "__wrapped__") and f.__qualname__.partition("(")[0] in _TRANSFORMS)
    matcher = Matcher(f, args, options)
    found = []
    for x, name in zip(matcher.given, matcher.names, strict=True):
        if fixed and _is_integers(x):
            found.append(x)
            continue
        stand_in: Any = trace.input(x.value if isinstance(x, Node) else np.float64(x) if type(x) is float else x)
        stand_in.variable.name = name
        tracked = stand_in.dtype.kind in "fc" and not plain
        if tracked or isinstance(x, Node):
            stand_in = constant(stand_in, Tensor)
            stand_in.requires_grad = tracked
        found.append(stand_in)
    arguments, keywords = matcher.filled(iter(found))
    with _local_names(f):
        return f(*arguments, **keywords)


_TRANSFORMS = {"grad", "value_and_grad", "elementwise_grad", "jacobian", "hessian", "hvp"}


@contextmanager
def _local_names(f: Callable[..., Any]) -> Iterator[None]:
    """Name what a function's variables hold when it returns."""
    body = getattr(f, "__code__", None)

    def watch(frame: Any, event: str, arg: Any) -> None:
        if event == "return" and frame.f_code is body:
            for node, name in find_names(frame.f_locals).items():
                value = node.value
                if type(value) is Traced and name.isidentifier() and not value.variable.name:
                    value.variable.name = name

    outer = sys.getprofile()
    sys.setprofile(watch)
    try:
        yield
    finally:
        sys.setprofile(outer)


def _written(trace: Tracer, run: Callable[[Tracer], Any], note: str = "") -> Code:
    """The code of what is traced, with the backward pass from its result."""
    with trace.running():
        return _with_gradients(trace, run(trace), note)


def _with_gradients(trace: Tracer, result: Any, note: str) -> Code:
    found = leaves(result)
    values = [y.value if isinstance(y, Node) else y for y in found]
    forward = {out for step in trace.steps for out in step.outs}
    named: list[tuple[str, Any]] = [(x.name, x) for step in trace.steps for x in step.outs if x.name]
    traced = [v.variable for v in values if type(v) is Traced]
    taken = {x.name for x in (*trace.inputs, *(x for _, x in named)) if isinstance(x, Variable)}
    for i, x in enumerate(traced):
        if not x.name:
            x.name = "out" if len(traced) == 1 else f"out{i}"
            while x.name in taken:
                x.name += "_"
            named.append((x.name, x))
    gradients: list[tuple[str, Any]] = []
    root = found[0] if len(found) == 1 else None
    if isinstance(root, Node) and root.requires_grad and type(root.value) is Traced:
        one = np.ones_like(root.value.value)[()]
        seed = trace.input(one)
        seed.variable.name = f"d{root.value.variable.name}"
        for node, g in sweep(root, seed).items():
            if type(node.value) is Traced and type(g) is Traced and node.value.variable.name:
                gradients.append((f"d{node.value.variable.name}", g.variable))
            elif type(node.value) is Traced and node.value.variable.name:
                gradients.append((f"d{node.value.variable.name}", g))
    program = Program(trace, [x for _, x in (*named, *gradients)])
    for node in program.outside:
        x = trace.outside[id(node)][1].variable
        x.name = x.name or (node.name or "").replace(".", "_")
    aliases = program.aliases
    constants: dict[str, Any] = {}
    for (name, _), out in zip((*named, *gradients), program.outputs, strict=True):
        if type(out) is not Variable:
            constants[name] = out
        elif not out.name:
            out.name = name
        elif out.name != name:
            aliases.setdefault(out, []).append(name)
    given = dict(zip(program.inputs, [*trace.values, *(node.value for node in program.outside)], strict=True))
    if gradients:
        del given[trace.inputs[-1]]
    return _assembled(program, given, forward, constants, note, trace.inputs[-1] if gradients else None)


def _assembled(
    program: Program,
    values: dict[Variable, Any],
    forward: set[Variable],
    constants: dict[str, Any],
    note: str,
    seed: Variable | None,
) -> Code:
    """The text: inputs, then the steps forward and backward, a section for each scope."""
    writer, aliases = Writer(program.inputs, program.steps, program.outputs), program.aliases
    sections: list[tuple[str, list[str]]] = []

    def body(steps: Sequence[Step], what: str, lines: list[str]) -> None:
        title, scope = f"# {what}" if what else "", ""
        for step, text in writer.lines(steps):
            inside = step.outs[0].scope
            if inside and inside != scope:
                sections.append((title, lines))
                title, lines, scope = f"# {what}: {inside}" if what else f"# {inside}", [], inside
            lines.append(text)
            lines += [f"{name} = {writer.name(x)}" for x in step.outs for name in aliases.get(x, ())]
        sections.append((title, lines))

    start = [f"{name} = {writer.name(x)}" for x in values for name in aliases.get(x, ())]
    start += [f"{name} = {_literal(v) or writer.literal(v)}" for name, v in constants.items()]
    if seed is None:
        body(program.steps, "", start)
    else:
        name = writer.name(seed)
        first = f"{name} = np.ones({seed.shape})" if seed.shape else f"{name} = 1.0"
        body([step for step in program.steps if step.outs[0] in forward], "forward", [])
        rest = [step for step in program.steps if step.outs[0] not in forward]
        body(rest, "backward", [first, *(f"{other} = {name}" for other in aliases.get(seed, ())), *start])
    text = "\n\n".join("\n".join([*([title] if title else []), *lines]) for title, lines in sections if lines)
    given = {writer.name(x): v for x, v in values.items()} | writer.constants
    literals = {name: _literal(v) for name, v in given.items()}
    whole = "\n".join([text, *(v or "" for v in literals.values())])
    head = [*([note] if note else []), *(line for sign, line in _IMPORTS.items() if sign in whole)]
    if all(literals.values()):
        top = "\n".join([*head, *(f"{name} = {v}" for name, v in literals.items())])
        return Code("\n\n".join(part for part in (top, text) if part), program, {})
    returned = (x for x in program.outputs if type(x) is Variable)
    results = dict.fromkeys([*(name for x in returned for name in (x.name, *aliases.get(x, ()))), *constants])
    lines = [f"    {line}" if line else "" for line in text.split("\n")]
    defined = "\n".join([f"def run({', '.join(given)}):", *lines, f"    return {', '.join(results)}"])
    return Code("\n\n\n".join(part for part in ("\n".join(head), defined) if part), program, given)


_IMPORTS = {
    "np.": "import numpy as np",
    "mg.": "import minigrad as mg",
    "scipy.special.": "import scipy.special",
    'op("': "from minigrad.program import op",
    'rule("': "from minigrad.program import rule",
}


def _literal(v: Any) -> str:
    """A number or a small array as Python; empty for anything else."""
    if isinstance(v, np.float64 | float):
        return re.sub(r"\b(nan|inf)\b", r"np.\1", repr(float(v)))
    if isinstance(v, int | bool | str):
        return repr(v)
    if isinstance(v, np.ndarray | np.generic) and v.dtype.kind in "fib" and v.size <= LITERAL and v.size:
        text = re.sub(r"\b(nan|inf)\b", r"np.\1", repr(v.tolist()))
        return f"np.array({text}{'' if v.dtype in (np.float64, np.int64, np.bool_) else f', np.{v.dtype.name}'})"
    return ""


def op(name: str) -> Callable[..., Any]:
    """The forward of an operation of the registry, on plain arrays: what code calls that no public function does."""
    return OPS[name].forward


def rule(name: str, *which: int) -> Callable[..., Any]:
    """The gradient rule of an operation for some inputs, in a tuple; given the upstream gradient, the result, the inputs."""

    def downstream(g: Any, out: Any, *inputs: Any, **static: Any) -> tuple[Any, ...]:
        needed = [i in which for i in range(len(inputs))]
        found = OPS[name].downstream(needed, g, out, inputs, static)
        return tuple(found[i] for i in which)

    return downstream


_STYLES = {"comment": "color:#59636e;font-style:italic", "gradient": "color:#b42318", "number": "color:#116329"}


def _section(text: str, fold: bool) -> str:
    """A section as HTML; folded under its title if asked for."""
    shown = "<pre>" + "".join(_colored(text)) + "</pre>"
    title = text.split("\n", 1)[0]
    if not fold or not title.startswith("#"):
        return shown
    return f"<details><summary><code>{escape(title)}</code></summary>{shown}</details>"


def _colored(text: str) -> Iterator[str]:
    """The text as HTML with comments, numbers and the names of gradients marked."""
    lines, row, column = text.split("\n"), 1, 0
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except tokenize.TokenError:
        tokens = []
    for token in tokens:
        (first, start), (last, end) = token.start, token.end
        if not token.string.strip() or first > len(lines):
            continue
        while row < first:
            yield escape(lines[row - 1][column:]) + "\n"
            row, column = row + 1, 0
        yield escape(lines[row - 1][column:start])
        name = token.type == tokenize.NAME and not keyword.iskeyword(token.string)
        kind = "gradient" if name and token.string[0] == "d" and len(token.string) > 1 else ""
        kind = {tokenize.COMMENT: "comment", tokenize.NUMBER: "number"}.get(token.type, kind)
        body = escape(token.string)
        yield f'<span style="{_STYLES[kind]}">{body}</span>' if kind else body
        row, column = last, end
    yield escape("\n".join([lines[row - 1][column:], *lines[row:]]))
