"""``minigrad grade``: grade notebooks of the course."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from minigrad.commands.usage import Parser, UsageError, say
from minigrad.course.grading import Graded, grade
from minigrad.course.process import signals_as_exceptions
from minigrad.text import clean

WIDE = 300  # characters of a reason in the table


class _Options(argparse.Namespace):
    """The parsed command line."""

    notebooks: list[Path]
    seconds: float
    memory: int
    jobs: int | None
    json: bool


def main(argv: Sequence[str]) -> int:
    """Run the command with these arguments; return the exit status: 0, or 1 if an exercise did not pass."""
    options = _options(argv)
    found: dict[int, Graded] = {}
    shown = 0
    results = grade(options.notebooks, seconds=options.seconds, megabytes=options.memory, jobs=options.jobs)
    with signals_as_exceptions(), closing(results):  # whatever ends the command, no notebook runs on
        for i, one in results:
            found[i] = one
            while shown in found and not options.json:  # in the order given
                _progress("")
                if len(options.notebooks) > 1 or not one.error:
                    say(_table(found[shown]))
                shown += 1
            _progress(f"{len(found)} of {len(options.notebooks)} notebooks graded")
    _progress("")
    if len(found) == 1 and found[0].error:
        raise UsageError(_line(found[0]))
    if options.json:
        say(json.dumps([_plain(found[i]) for i in sorted(found)], indent=2, ensure_ascii=False))
    return 0 if all(one.grades and one.passed == len(one.grades) for one in found.values()) else 1


def _progress(text: str) -> None:
    """Write on a line that the next text replaces, if somebody watches."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def _line(one: Graded) -> str:
    return clean(f"{one.file}: {one.error}", WIDE + len(one.file))


def _table(graded: Graded) -> str:
    if graded.error:
        return _line(graded)
    head = f"{graded.file}: lesson {graded.lesson}, {graded.passed} of {len(graded.grades)} exercises passed"
    rows = [f"  {'✓' if g.passed else '✗'} {g.exercise:5} {clean(g.why, WIDE)}".rstrip() for g in graded.grades]
    return "\n".join([head, *rows])


def _plain(one: Graded) -> dict[str, object]:
    """The grades as JSON has them."""
    if one.error:
        return {"file": one.file, "error": one.error}
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
    parser.add_argument("--jobs", type=int, metavar="N", help="notebooks that run at once (default: the number of cores)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args(argv, _Options())
    if not options.seconds > 0:
        raise UsageError(f"--seconds must be greater than 0, got {options.seconds:g}")
    if options.memory < 256:
        raise UsageError(f"--memory must be at least 256, got {options.memory}")
    if options.jobs is not None and options.jobs < 1:
        raise UsageError(f"--jobs must be at least 1, got {options.jobs}")
    return options
