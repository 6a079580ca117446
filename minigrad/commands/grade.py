"""``minigrad grade``: grade notebooks of the course."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from minigrad.commands.usage import Parser, UsageError, say
from minigrad.course.grading import Graded, grade
from minigrad.text import clean

WIDE = 300  # characters of a reason in the table


class _Options(argparse.Namespace):
    """The parsed command line."""

    notebooks: list[Path]
    seconds: float
    memory: int
    json: bool


def main(argv: Sequence[str]) -> int:
    """Run the command with these arguments; return the exit status: 0, or 1 if an exercise did not pass."""
    options = _options(argv)
    found: list[Graded | str] = []
    for path in options.notebooks:
        one = _graded(path, options)
        found.append(one)
        if not options.json and len(options.notebooks) + isinstance(one, Graded) > 1:
            say(one if isinstance(one, str) else _table(one))
    if len(found) == 1 and isinstance(found[0], str):
        raise UsageError(found[0])
    if options.json:
        plain = [_plain(path, one) for path, one in zip(options.notebooks, found, strict=True)]
        say(json.dumps(plain, indent=2, ensure_ascii=False))
    return 0 if all(isinstance(one, Graded) and one.passed == len(one.grades) for one in found) else 1


def _graded(path: Path, options: _Options) -> Graded | str:
    """The grades of a notebook; if it cannot be graded, the reason, so that the others still are."""
    if not path.is_file():
        return f"{path}: there is no such file"
    try:
        return grade(path, seconds=options.seconds, megabytes=options.memory)
    except (ValueError, OSError) as error:
        reason = error.strerror or str(error) if isinstance(error, OSError) else str(error)
        return clean(f"{path}: {reason.removeprefix(f'{path}: ')}", WIDE + len(str(path)))


def _table(graded: Graded) -> str:
    head = f"{graded.file}: lesson {graded.lesson}, {graded.passed} of {len(graded.grades)} exercises passed"
    rows = [f"  {'✓' if g.passed else '✗'} {g.exercise:5} {clean(g.why, WIDE)}".rstrip() for g in graded.grades]
    return "\n".join([head, *rows])


def _plain(path: Path, one: Graded | str) -> dict[str, object]:
    """The grades as JSON has them."""
    if isinstance(one, str):
        return {"file": str(path), "error": one}
    return {
        "file": one.file,
        "lesson": one.lesson,
        "passed": one.passed,
        "exercises": len(one.grades),
        "seconds": round(one.seconds, 1),
        "grades": [grade._asdict() for grade in one.grades],
    }


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
