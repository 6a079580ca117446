"""``minigrad grade``: grade notebooks of the course."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from minigrad.commands.usage import Parser, UsageError, say
from minigrad.course.grading import Graded, grade
from minigrad.text import clean

WIDE = 100  # characters of a reason in the table


class _Options(argparse.Namespace):
    """The parsed command line."""

    notebooks: list[Path]
    seconds: float
    memory: int
    json: bool


def main(argv: Sequence[str]) -> int:
    """Run the command with these arguments; return the exit status: 0, or 1 if an exercise did not pass."""
    options = _options(argv)
    missing = next((path for path in options.notebooks if not path.is_file()), None)
    if missing is not None:
        raise UsageError(f"{missing}: there is no such file")
    graded = [grade(path, seconds=options.seconds, megabytes=options.memory) for path in options.notebooks]
    say(_json(graded) if options.json else "\n\n".join(map(_table, graded)))
    return 0 if all(one.passed == len(one.grades) for one in graded) else 1


def _table(graded: Graded) -> str:
    head = f"{graded.file}: lesson {graded.lesson}, {graded.passed} of {len(graded.grades)} exercises passed"
    rows = [f"  {'✓' if g.passed else '✗'} {g.exercise:5} {clean(g.why, WIDE)}".rstrip() for g in graded.grades]
    return "\n".join([head, *rows])


def _json(graded: list[Graded]) -> str:
    found = [
        {
            "file": one.file,
            "lesson": one.lesson,
            "passed": one.passed,
            "exercises": len(one.grades),
            "seconds": round(one.seconds, 1),
            "grades": [grade._asdict() for grade in one.grades],
        }
        for one in graded
    ]
    return json.dumps(found, indent=2, ensure_ascii=False)


def _options(argv: Sequence[str]) -> _Options:
    parser = Parser(
        prog="minigrad grade",
        description="Run notebooks of the course and print which exercises passed.",
        epilog="Each notebook runs in a child process, with the checks of the package: those in it do not count. Limits "
        "on time and memory keep an accident in bounds. They are no security boundary: the code in a notebook may do what "
        "you may do. Grade notebooks from strangers in a container or a virtual machine.",
        allow_abbrev=False,
    )
    parser.add_argument("notebooks", nargs="+", metavar="NOTEBOOK", type=Path, help="an .ipynb file that was handed in")
    parser.add_argument("--seconds", type=float, default=300, metavar="S", help="time limit for a notebook (default: 300)")
    parser.add_argument("--memory", type=int, default=4096, metavar="MB", help="memory limit, on Linux (default: 4096)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args(argv, _Options())
    if not options.seconds > 0:
        raise UsageError(f"--seconds must be greater than 0, got {options.seconds:g}")
    if options.memory < 256:
        raise UsageError(f"--memory must be at least 256, got {options.memory}")
    return options
