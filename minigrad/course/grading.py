"""Grading notebooks: the learner's cells run in processes of their own, and this one judges what their answers give.

The checks in a notebook do not count. After the cells of an exercise, the runner tries the answers on the probe of the
package and writes down what they give; the results are compared here, where the learner's code has never run.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from minigrad.course.exercise import Exercise, load
from minigrad.course.judge import judge
from minigrad.course.observe import from_json
from minigrad.course.process import Cell, Process
from minigrad.fast.pool import cores
from minigrad.optional import needed

WHY = "grade needs the packages that run notebooks"
TITLE = re.compile(r"^# (\d+)\. ", re.M)
HEADING = re.compile(r"^## Exercise (\d+)\b", re.M)
LARGEST = 10_000_000  # bytes of a notebook, and of the results of an exercise
PAUSE = 0.02  # seconds between two looks at the processes


class Grade(NamedTuple):
    """The result of an exercise.

    Attributes
    ----------
    exercise : str
        Lesson and number, such as "3.1".
    passed : bool
        Whether its results are right.
    why : str
        What is wrong with them.
    """

    exercise: str
    passed: bool
    why: str


class Graded(NamedTuple):
    """The grades of a notebook.

    Attributes
    ----------
    file : str
        The notebook.
    lesson : int
        The number of its lesson.
    grades : tuple of Grade
        One for each exercise.
    seconds : float
        How long it ran.
    error : str
        Why it cannot be graded; then there are no grades.
    """

    file: str
    lesson: int = 0
    grades: tuple[Grade, ...] = ()
    seconds: float = 0.0
    error: str = ""

    @property
    def passed(self) -> int:
        """The number of exercises that passed."""
        return sum(grade.passed for grade in self.grades)


def grade(
    paths: Sequence[Path], *, seconds: float = 300, megabytes: int = 4096, jobs: int | None = None
) -> Generator[tuple[int, Graded], None, None]:
    """Run notebooks of the course, and judge the answers to their exercises.

    Each notebook runs in a child process with limits on time and, on Linux, on memory. These keep an accident in bounds;
    they are not a security boundary: the code may do what you may do. Grade notebooks from strangers in a container.

    Parameters
    ----------
    paths : sequence of Path
        Notebooks whose titles are those of lessons, such as "# 3. Build your own engine".
    seconds : float
        Limit for each notebook.
    megabytes : int
        Limit on the memory of each process.
    jobs : int, optional
        The number of notebooks that run at once; the default is the number of cores.

    Yields
    ------
    (int, Graded)
        The index of a notebook and its grades, as soon as it is graded.

    Raises
    ------
    ValueError
        If there is no time, no memory or no job.
    ImportError
        If the packages that run notebooks are missing.
    """
    jobs = cores() if jobs is None else jobs
    if not seconds > 0:
        raise ValueError(f"grade: seconds must be greater than 0, got {seconds!r}")
    for name, value in (("megabytes", megabytes), ("jobs", jobs)):
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"grade: {name} must be an integer of at least 1, got {value!r}")
    for package in ("IPython", "nbformat", "matplotlib"):
        needed(package, "grade", WHY)
    return _graded(paths, seconds, megabytes, jobs)


def _graded(paths: Sequence[Path], seconds: float, megabytes: int, jobs: int) -> Generator[tuple[int, Graded], None, None]:
    threads = max(1, cores() // min(jobs, len(paths) or 1))
    waiting, running = list(enumerate(paths)), dict[int, tuple[int, Process]]()
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                i, path = waiting.pop(0)
                try:
                    cells, lesson = read(path)
                    running[i] = lesson, Process(cells, seconds, megabytes, threads)
                except (OSError, ValueError) as error:
                    yield i, Graded(str(path), error=_reason(error))
            done = [i for i, (_, process) in running.items() if process.ended()]
            for i in done:
                lesson, process = running.pop(i)
                with process:
                    grades = tuple(_grade(one, process) for one in load(lesson))
                yield i, Graded(str(paths[i]), lesson, grades, process.seconds)
            if not done:
                time.sleep(PAUSE)
    finally:
        for _, process in running.values():
            process.close()


def read(path: Path) -> tuple[list[Cell], int]:
    """The cells of a notebook to run and the number of its lesson.

    Raises
    ------
    ValueError
        If the file is not a notebook of the course.
    OSError
        If the file cannot be read.
    """
    import nbformat

    if path.is_dir():
        raise ValueError(f"this is a folder; name its notebooks, such as {path}/*.ipynb")
    if not path.is_file():
        raise ValueError("there is no such file")
    if path.stat().st_size > LARGEST:
        raise ValueError(f"a notebook of more than {LARGEST // 10**6} MB; clear its outputs")
    try:
        notebook = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)  # type: ignore[no-untyped-call]
        found = next(filter(None, (TITLE.search(cell.source) for cell in notebook.cells)), None)
    except OSError:
        raise
    except Exception as error:  # nbformat raises errors of several libraries
        raise ValueError(f"this is not a notebook: {type(error).__name__}") from None
    if found is None or not (exercises := load(int(found[1]))):
        raise ValueError("this is no lesson of the course; its title must be kept, such as '# 3. Build your own engine'")
    return list(_cells(notebook, exercises)), int(found[1])


def _reason(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)


def _cells(notebook: Any, exercises: list[Exercise]) -> Iterator[Cell]:
    """What to run: the learner's code, and at the end of each exercise a trial of its answers."""
    waiting = {one.name.split(".")[1]: ("record", one.name) for one in exercises}
    at = ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and (found := HEADING.search(cell.source)):
            if at in waiting:
                yield waiting.pop(at)
            at = found[1]
        if not waiting:
            return
        if cell.cell_type == "code":
            yield "run", cell.source
    yield from waiting.values()


def _grade(one: Exercise, process: Process) -> Grade:
    """The grade of an exercise, from what the process wrote; anything but right results is not passed."""
    text = process.complaint or "its answers are missing"
    if (written := process.result(one.name, LARGEST)) is not None:
        try:
            text = judge(one, from_json(json.loads(written)), general=True)
        except Exception:  # whatever a notebook has forged must not stop the grading of others
            text = "its answers cannot be read"
    return Grade(one.name, not text, text)
