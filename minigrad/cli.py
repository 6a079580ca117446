"""The command: an expression and its values in, every gradient out."""

from __future__ import annotations

import argparse
import io
import json
import keyword
import math
import re
import sys
import unicodedata
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np

from minigrad import __version__, draw, explain, play
from minigrad.expression import LARGEST, OPERATIONS, Expression, ExpressionError, Subexpression, evaluate
from minigrad.gradcheck import Check
from minigrad.tensor import Tensor
from minigrad.text import number

CHECKED = 10_000  # numbers that --check moves, one after the other
DECIMALS = 4
LABEL = 48  # characters of a sub-expression in the table

EXAMPLES = """\
examples:
  minigrad "(x + y) * z" x=-2 y=5 z=-4 --svg graph.svg
  minigrad "mean((W @ x - t) ** 2)" "W=[[1, 2], [3, 4]]" "x=[1, -1]" "t=[0.5, 0]" --check

To train a network, and to let it look at images: minigrad train --help, minigrad predict --help.

Operations are called by their names, as in exp(x), sum(x, axis=0) or where(x > 0, x, 0); pi, e, inf and nan are known.
All numbers are float64. The exit status is 0; 1 if --check finds a difference; 2 if something could not be understood.
"""


class UsageError(ValueError):
    """The command was called in a way that it does not understand."""


class Row(NamedTuple):
    """A value, its gradient, and if it was checked, the gradient by differences and the relative error."""

    label: str
    value: Any
    gradient: Any
    numeric: Any = None
    error: float | None = None


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments; those of the process if left out.

    Returns
    -------
    int
        The exit status: 0, or 1 if a check failed, or 2 if something could not be understood or written.

    Examples
    --------
    >>> main(["x * y", "x=2", "y=3"])
           value  gradient
    x          2         3
    y          3         2
    x * y      6         1
    0
    """
    argv = sys.argv[1:] if argv is None else argv
    if isinstance(sys.stdout, io.TextIOWrapper):  # a name such as θ, where the output cannot show it
        sys.stdout.reconfigure(errors="backslashreplace")
    if argv and argv[0] in ("train", "predict"):
        from minigrad import commands  # networks are loaded only for those who want one

        return commands.run(argv)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # the table shows what is nan or infinite
            return _differentiate(_parser().parse_intermixed_args(_minus(argv)))
    except (UsageError, ExpressionError, OSError) as error:
        print(f"minigrad: {error}", file=sys.stderr)
        return 2


# What was asked for


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see minigrad --help")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="minigrad",
        description="Compute an expression and show every value and gradient in it.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("expression", nargs="?", help='what to differentiate, such as "(x + y) * z"')
    parser.add_argument("values", nargs="*", metavar="name=value", help="a number, or nested lists: x=-2 W=[[1,2],[3,4]]")
    for kind in ("svg", "png", "pdf", "dot"):
        parser.add_argument(f"--{kind}", metavar="FILE", type=_file(kind), help=f"draw the graph into a .{kind} file")
    parser.add_argument(
        "--expand", action="store_true", help="draw fused operations, such as sigmoid, opened into primitives"
    )
    parser.add_argument("--direction", choices=("LR", "TB"), default="LR", help="draw left to right, or top to bottom")
    parser.add_argument("--theme", choices=("auto", "light", "dark"), default="auto", help="the colours of the drawing")
    parser.add_argument("--play", metavar="FILE", type=_file("html"), help="write a page that plays the backward pass")
    parser.add_argument("--explain", metavar="x", help="print the chain rule of every path to this name")
    parser.add_argument("--check", action="store_true", help="compare the gradients with finite differences")
    parser.add_argument("--wrt", metavar="x,y", help="show only the gradients of these names")
    parser.add_argument("--json", action="store_true", help='write JSON; what is not finite is "nan", "inf" or "-inf"')
    parser.add_argument("--version", action="version", version=f"minigrad {__version__}")
    return parser


def _file(kind: str) -> Callable[[str], Path]:
    def path(text: str) -> Path:
        file = Path(text.strip())
        if file.suffix.lower() != f".{kind}":
            raise argparse.ArgumentTypeError(f"the file name must end in .{kind}, got {text.strip()!r}")
        if not file.parent.is_dir():
            raise argparse.ArgumentTypeError(f"there is no folder {str(file.parent)!r}")
        return file

    return path


def _minus(argv: Sequence[str]) -> list[str]:
    """An expression such as -x with a blank in front, for which argparse does not take it for an option."""
    return [f" {word}" if re.match(r"-[^-]", word) and word != "-h" else word for word in argv]


def _leaves(bindings: Sequence[str]) -> dict[str, Tensor]:
    """The tensors that name=value arguments stand for."""
    leaves: dict[str, Tensor] = {}
    for binding in bindings:
        name, equals, text = binding.partition("=")
        name = unicodedata.normalize("NFKC", name)  # as Python reads names
        if not equals:
            raise UsageError(f"after the expression come name=value, without blanks around the =; got {binding.strip()!r}")
        if not name.isidentifier() or keyword.iskeyword(name):
            raise UsageError(f"{name!r} cannot be a name; use letters, digits and _, as in x1={text}")
        if name in OPERATIONS:
            raise UsageError(f"{name!r} is the name of an operation; call the value something else")
        if name in leaves:
            raise UsageError(f"{name!r} is given two values")
        try:
            value = evaluate(Expression(text, unknown="{name!r} is not a number"), {})[-1].tensor.data
        except ExpressionError as error:
            raise UsageError(f"the value of {name}: {error}") from None
        leaves[name] = Tensor(np.asarray(value, np.float64), name=name)
        if sum(x.size for x in leaves.values()) > LARGEST:
            raise UsageError(f"the values have too many numbers together; {LARGEST:,} are allowed")
    return leaves


def _chosen(option: str, wrt: str | None, leaves: Mapping[str, Tensor]) -> list[str]:
    """The names that an option asks for; all of them without it."""
    if wrt is None:
        return list(leaves)
    names = [unicodedata.normalize("NFKC", name.strip()) for name in wrt.split(",")]
    for name in names:
        if name not in leaves:
            raise UsageError(
                f"{option}: {name!r} is none of the names that have a value ({', '.join(leaves) or 'there are none'})"
            )
    return list(dict.fromkeys(names))


# What is done


def _differentiate(options: argparse.Namespace) -> int:
    if options.expression is None:
        raise UsageError('what to differentiate? Give an expression, such as "x ** 2" x=3; see minigrad --help')
    leaves = _leaves(options.values)
    chosen = _chosen("--wrt", options.wrt, leaves)
    explained = _chosen("--explain", options.explain, leaves) if options.explain is not None else []
    expression = Expression(options.expression)
    steps = evaluate(expression, leaves)
    f = _scalar(steps[-1], expression)
    f.backward()

    rows = [Row(name, leaves[name].value, _gradient(leaves[name])) for name in chosen]
    failure = ""
    if options.check:
        _affordable(rows)
        rows, failure = _checked(rows, expression, leaves)
    rest = steps if options.wrt is None else steps[-1:]
    inner = [Row(step.text, step.tensor.value, _gradient(step.tensor)) for step in rest if step.tensor.name is None]
    paths = {name: str(explain(f, leaves[name])) for name in explained}
    if options.json:
        print(_json(expression, f, rows, inner, options.check, failure, paths))
    else:
        print("\n\n".join([_table(rows + inner, options.check), *paths.values()]))

    for file in filter(None, (options.svg, options.png, options.pdf, options.dot, options.play)):
        _draw(f, file, options)
    if failure:
        print(f"minigrad: the check failed: {failure}", file=sys.stderr)
    return 1 if failure else 0


def _scalar(whole: Subexpression, expression: Expression) -> Tensor:
    """The result, if it has gradients."""
    f, source = whole.tensor, expression.source
    if not f.requires_grad:
        what = "nothing in it depends on a name in a way that has a gradient; write name=value after it, as in x=2"
        raise ExpressionError(f"the result is a constant: {what}", source, 0, len(source))
    if f.ndim:
        advice = "a gradient is that of a single number; wrap it in sum(...) or mean(...)"
        raise ExpressionError(f"the result is an array of shape {f.shape}: {advice}", source, 0, len(source))
    return f


def _gradient(x: Tensor) -> Any:
    """The gradient of a tensor, 0 if the result does not depend on it; None for a constant."""
    if not x.requires_grad:
        return None
    return np.zeros(x.shape)[()] if x.grad is None else x.grad


def _draw(f: Tensor, file: Path, options: argparse.Namespace) -> None:
    try:
        if file.suffix.lower() == ".html":
            play(f, direction=options.direction).save(file)
        else:
            draw(f, direction=options.direction, theme=options.theme, expand=options.expand).save(file)
    except (OSError, RuntimeError, ValueError) as error:
        raise UsageError(f"{file} was not drawn: {error}") from error


# The check


def _affordable(rows: Sequence[Row]) -> None:
    count = sum(np.size(row.value) for row in rows)
    if count > CHECKED:
        raise UsageError(f"--check moves every number, and here are {count:,}; up to {CHECKED:,} can be checked, see --wrt")


def _checked(rows: Sequence[Row], expression: Expression, leaves: Mapping[str, Tensor]) -> tuple[list[Row], str]:
    """The rows with their gradients by central differences, and what a disagreement says."""
    names = [row.label for row in rows]

    def f(*inputs: Tensor) -> Tensor:
        return evaluate(expression, {**leaves, **dict(zip(names, inputs, strict=True))})[-1].tensor

    check = Check(f, *(leaves[name] for name in names))
    rows = [_compared(row, check.numeric(i)) for i, row in enumerate(rows)]
    try:
        check.compare()
    except AssertionError as error:
        return rows, str(error)
    return rows, ""


def _compared(row: Row, numeric: Any) -> Row:
    """A row with its numeric gradient, and the largest relative error.

    The error is relative to the larger of the two, or to 0.01 if they are small: so near 0, noise is no error.
    """
    difference, size = np.abs(row.gradient - numeric), np.maximum(np.abs(row.gradient), np.abs(numeric))
    error = np.where(row.gradient == numeric, 0.0, difference / np.maximum(size, 0.01))
    return row._replace(numeric=numeric, error=float(np.max(error, initial=0.0)))


# What is printed


def _json(
    expression: Expression,
    f: Tensor,
    rows: Sequence[Row],
    inner: Sequence[Row],
    checked: bool,
    failure: str,
    paths: Mapping[str, str],
) -> str:
    report: dict[str, Any] = {
        "expression": expression.source,
        "value": _plain(f.value),
        "values": {row.label: _plain(row.value) for row in rows},
        "gradients": {row.label: _plain(row.gradient) for row in rows},
        "steps": [{"expression": row.label, "value": _plain(row.value), "gradient": _plain(row.gradient)} for row in inner],
    }
    if checked:
        report["check"] = {
            "passed": not failure,
            "numeric": {row.label: _plain(row.numeric) for row in rows},
            "relative_error": {row.label: _plain(row.error) for row in rows},
        }
    if paths:
        report["explained"] = paths
    return json.dumps(report, ensure_ascii=False, indent=2)


def _plain(value: Any) -> Any:
    """A number or an array as JSON can hold it: JSON has no nan and no infinity."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _table(rows: Sequence[Row], checked: bool) -> str:
    """The rows under their headings, in columns; an array takes several lines."""
    headings = ["", "value", "gradient"] + (["numeric", "relative error"] if checked else [])
    lines = [[[heading] for heading in headings]]
    for row in rows:
        label = row.label if len(row.label) <= LABEL else row.label[: LABEL - 3] + "..."
        lines.append([[label], _cell(row.value), _cell(row.gradient)])
        if checked:
            lines[-1] += [_cell(row.numeric), [f"{row.error:.1e}" if row.error is not None else ""]]
    widths = [max(len(text) for line in lines for text in line[k]) for k in range(len(headings))]
    return "\n".join(text for line in lines for text in _lines(line, widths))


def _lines(cells: Sequence[Sequence[str]], widths: Sequence[int]) -> list[str]:
    """One row of the table: labels stand to the left, numbers to the right."""
    height = max(map(len, cells))
    label, *blocks = ([*cell, *[""] * (height - len(cell))] for cell in cells)
    columns = [[text.ljust(widths[0]) for text in label]]
    for block, width in zip(blocks, widths[1:], strict=True):
        inside = max(map(len, block))
        columns.append([text.ljust(inside).rjust(width) for text in block])
    return ["  ".join(texts).rstrip() for texts in zip(*columns, strict=True)]


def _cell(value: Any) -> list[str]:
    """A value as lines of text; a constant has no gradient, and an intermediate value no difference."""
    if value is None:
        return ["-"]
    if np.ndim(value) == 0:
        return [_number(value)]
    widths = [0]

    def measure(x: Any) -> str:
        widths.append(len(_number(x)))
        return _number(x)

    def aligned(x: Any) -> str:
        return _number(x).rjust(max(widths))

    for formatter in (measure, aligned):
        text = np.array2string(value, separator=", ", threshold=60, max_line_width=60, formatter={"all": formatter})
    return text.splitlines()


def _number(x: Any) -> str:
    """A number for reading, as in a picture, without zeros at its end."""
    digits, e, exponent = number(x, DECIMALS).partition("e")
    return (digits.rstrip("0").rstrip(".") if "." in digits else digits) + e + exponent
