"""The command ``minigrad``: an expression and its values in, every gradient out."""

from __future__ import annotations

import argparse
import io
import re
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from textwrap import fill

from minigrad.commands import report
from minigrad.commands.calculation import Calculation, Direction, Theme
from minigrad.commands.usage import Parser, UsageError, say
from minigrad.expression import OPERATIONS
from minigrad.files import check_folder, suffix_of
from minigrad.text import clean
from minigrad.version import __version__

LONGEST = 1000  # characters of a line of a message
FAULT = "this is a fault in minigrad: please report it with the command that showed it"
FILES = {"svg": ".svg", "png": ".png", "pdf": ".pdf", "dot": ".dot", "play": ".html"}

USAGE = """\
minigrad EXPRESSION [name=value ...] [options]
       minigrad train [options]
       minigrad predict FILE IMAGE ... [options]
       minigrad grade NOTEBOOK ... [options]"""

EXAMPLES = """\
examples:
  minigrad "(x + y) * z" x=-2 y=5 z=-4 --svg graph.svg
  minigrad "mean((W @ x - t) ** 2)" "W=[[1, 2], [3, 4]]" "x=[1, -1]" "t=[0.5, 0]" --check

Operations are called by name, as in exp(x), sum(x, axis=0) or where(x > 0, x, 0); the constants pi, e, inf and nan are
known. A power is written x**2, a product 2*x. All values are float64. The operations are
{operations}

Train a network on images with "minigrad train", classify images with "minigrad predict", grade notebooks of the course with
"minigrad grade"; each has its own --help.

exit status:
  0  success
  1  --check found a wrong gradient
  2  the command line or the expression is not understood, or a file cannot be written
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with these arguments, by default those of the process, and return the exit status.

    It is 0; 1 if a check failed; 2 if something could not be understood, read or written; 130 after Ctrl-C.

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
    if isinstance(sys.stdout, io.TextIOWrapper):  # a name such as θ, on a terminal that cannot show it
        sys.stdout.reconfigure(errors="backslashreplace")
    command = argv[0] if argv and argv[0] in ("train", "predict", "grade") else None
    program = f"minigrad {command}" if command else "minigrad"
    try:
        if command:  # networks are imported only for those who want one
            return int(import_module(f"minigrad.commands.{command}").main(argv[1:]))
        return _differentiate(argv)
    except (ValueError, OSError, ImportError, FloatingPointError, MemoryError) as error:
        text = str(error) or "there is not enough memory"
        _complain("; ".join([f"{program}: {text}", *getattr(error, "__notes__", ())]))
        return 2
    except KeyboardInterrupt:
        _complain(f"{program}: interrupted")
        return 130
    except Exception as error:  # a fault of ours; the user is told what happened, not where in our code
        _complain(f"{program}: {type(error).__name__}: {error}; {FAULT}")
        return 2


def _complain(text: str) -> None:
    with suppress(OSError):  # nobody reads it
        print(clean(text, LONGEST), file=sys.stderr, flush=True)


def _differentiate(argv: Sequence[str]) -> int:
    """Evaluate an expression; check, report and draw its gradients."""
    options = _options(argv)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the report shows what is nan or infinite
        calculation = Calculation.read(options.expression, options.values, options.wrt, options.explain)
        calculation.run()
        if options.check:
            calculation.check()
        say(_report(calculation, options))
        if options.live is not None:
            calculation.live(Path(options.live.strip()))
        for file in options.files:
            calculation.draw(file, options.direction, options.theme, options.expand)
    if calculation.failure:
        _complain(f"minigrad: the check failed: {calculation.failure}")
    return 1 if calculation.failure else 0


def _report(calculation: Calculation, options: _Options) -> str:
    if options.code:
        return calculation.code()
    return report.as_json(calculation) if options.json else report.as_text(calculation)


class _Options(argparse.Namespace):
    """The parsed command line."""

    expression: str
    values: list[str]
    wrt: str | None
    explain: str | None
    check: bool
    json: bool
    code: bool
    live: str | None
    files: list[Path]
    expand: bool
    direction: Direction
    theme: Theme


def _options(argv: Sequence[str]) -> _Options:
    parser = Parser(
        prog="minigrad",
        usage=USAGE,
        description="Evaluate an expression and show every value and gradient in it.",
        epilog=EXAMPLES.format(operations=fill(" ".join(OPERATIONS), 118, break_on_hyphens=False)),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("expression", nargs="?", metavar="EXPRESSION", help='such as "(x + y) * z"')
    parser.add_argument("values", nargs="*", metavar="name=value", help="a number or nested lists: x=-2 W=[[1,2],[3,4]]")
    add = parser.add_argument_group("report options").add_argument
    add("--wrt", metavar="x,y", help="show only the gradients with respect to these names")
    add("--explain", metavar="x,y", help="print the chain rule along every path to these names")
    add("--check", action="store_true", help="compare the gradients with finite differences")
    add("--json", action="store_true", help='print JSON; nan and infinities are the strings "nan", "inf" and "-inf"')
    add("--code", action="store_true", help="print the forward and backward pass as Python instead")
    add = parser.add_argument_group("drawing options").add_argument
    for kind, suffix in FILES.items():
        what = "write a page that plays the backward pass" if kind == "play" else "draw the graph"
        add(f"--{kind}", metavar="FILE", help=f"{what} to a {suffix} file")
    add("--live", metavar="FILE", help="write a page in which the values are fields and sliders to a .html file")
    add("--expand", action="store_true", help="draw fused operations, such as sigmoid, as primitive ones")
    add("--direction", choices=("LR", "TB"), default="LR", help="draw left to right or top to bottom (default: LR)")
    add("--theme", choices=("auto", "light", "dark"), default="auto", help="the colours of the drawing (default: auto)")
    parser.add_argument("--version", action="version", version=f"minigrad {__version__}")
    # A leading blank keeps argparse from taking an expression such as -x for an option.
    words = [f" {word}" if re.match(r"-[^-]", word) and word != "-h" else word for word in argv]
    options = parser.parse_intermixed_args(words, _Options())
    if options.expression is None:
        raise UsageError('the expression is missing; write one, such as "x ** 2" x=3; see minigrad --help')
    if options.code and (options.json or options.check or options.explain or options.wrt):
        raise UsageError("--code prints a program and no report; leave out --json, --check, --explain and --wrt")
    if options.live is not None:
        suffix_of(Path(options.live.strip()), (".html",), "--live")
        check_folder(Path(options.live.strip()), "--live")
    options.files = []
    for kind, suffix in FILES.items():
        if (given := getattr(options, kind)) is not None:
            file = Path(given.strip())
            suffix_of(file, (suffix,), f"--{kind}")
            check_folder(file, f"--{kind}")
            options.files.append(file)
    return options
