"""Grading notebooks: the learner's cells run in a process of their own, and this one judges what their answers give.

The checks in a notebook do not count. After the cells of an exercise, a cell of the grader tries the answers on the probe of
the package and writes down what they give; the results are compared here, where the learner's code has never run.
"""

from __future__ import annotations

import json
import re
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from minigrad.course.exercise import Exercise, find, load
from minigrad.course.judge import judge
from minigrad.course.observe import as_json, from_json, observe
from minigrad.optional import needed

WHY = "grade needs the packages that run notebooks"
TITLE = re.compile(r"^# (\d+)\. ", re.M)
HEADING = re.compile(r"^## Exercise (\d+)\b", re.M)
LARGEST = 10_000_000  # bytes of a notebook, and of the results of an exercise

OURS = f"__import__({__name__!r}, fromlist=['record'])"  # whatever names a notebook has bound
ENDED = "the notebook ended its process, or ran out of memory"


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
    """

    file: str
    lesson: int
    grades: tuple[Grade, ...]
    seconds: float

    @property
    def passed(self) -> int:
        """The number of exercises that passed."""
        return sum(grade.passed for grade in self.grades)


def grade(path: Path, *, seconds: float = 300, megabytes: int = 4096) -> Graded:
    """Run a notebook of the course, and judge the answers to its exercises.

    The notebook runs in a child process with limits on time and, on Linux, on memory. These keep an accident in bounds; they
    are no security boundary: the code may read and write what you may. Grade notebooks from strangers in a container.

    Parameters
    ----------
    path : Path
        A notebook whose title is that of a lesson, such as "# 3. Build your own engine".
    seconds : float
        Limit for the whole notebook.
    megabytes : int
        Limit on the memory of its process.

    Raises
    ------
    ValueError
        If the file is not a notebook of the course.
    ImportError
        If the packages that run notebooks are missing.
    """
    for package in ("nbclient", "nbformat", "ipykernel"):
        needed(package, "grade", WHY)
    notebook, lesson = _read(path)
    with tempfile.TemporaryDirectory(prefix="grade-") as folder:
        start = time.monotonic()
        stopped = _run(notebook, load(lesson), Path(folder), seconds, megabytes)
        grades = tuple(_grade(one, Path(folder), stopped) for one in load(lesson))
    return Graded(str(path), lesson, grades, time.monotonic() - start)


def limit(megabytes: int) -> None:
    """Limit the memory of this process, where the system has such a limit, and let figures be drawn without a window."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))
    needed("matplotlib", "grade", WHY).use("agg")


def record(name: str, names: Mapping[str, Any], results: str) -> None:
    """Try the answers among the names of a notebook, and write what they give to a file."""
    one = find(name)
    found = observe(one.probe, {answer: names.get(answer) for answer in one.answers})
    Path(results).write_text(json.dumps(as_json(found)), encoding="utf-8")


def _read(path: Path) -> tuple[Any, int]:
    """A notebook and the number of its lesson."""
    import nbformat

    if path.stat().st_size > LARGEST:
        raise ValueError(f"{path}: a notebook of more than {LARGEST // 10**6} MB; clear its outputs")
    try:
        notebook = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)  # type: ignore[no-untyped-call]
        found = next(filter(None, (TITLE.search(cell.source) for cell in notebook.cells)), None)
    except Exception as error:  # nbformat raises errors of several libraries
        raise ValueError(f"{path}: this is not a notebook: {type(error).__name__}") from None
    if found is None or not load(int(found[1])):
        raise ValueError(
            f"{path}: this is no lesson of the course; its title must be kept, such as '# 3. Build your own engine'"
        )
    return notebook, int(found[1])


def _cells(notebook: Any, exercises: list[Exercise], folder: Path) -> Iterator[str]:
    """The code to run: the learner's, and at the end of each exercise a cell that tries its answers."""
    waiting = {
        one.name.split(".")[1]: f"{OURS}.record({one.name!r}, globals(), {str(folder / one.name)!r})" for one in exercises
    }
    at = ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and (found := HEADING.search(cell.source)):
            if at in waiting:
                yield waiting.pop(at)
            at = found[1]
        if not waiting:
            return
        if cell.cell_type == "code":
            yield cell.source
    yield from waiting.values()


def _run(notebook: Any, exercises: list[Exercise], folder: Path, seconds: float, megabytes: int) -> str:
    """Run the cells; the reason if they did not run to the end."""
    from nbclient import NotebookClient
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from nbformat.v4 import new_code_cell, new_notebook

    class Client(NotebookClient):
        """Drops what the cells print, which may be any amount."""

        def output(self, *message: Any) -> None:
            pass

    left: list[Any] = []

    def after(cell: Any, cell_index: int, execute_reply: Any) -> None:
        """Note whether a cell has called ``exit``, after which the kernel may still answer for a while."""
        left.extend(one for one in execute_reply["content"].get("payload", ()) if one.get("source") == "ask_exit")

    deadline = time.monotonic() + seconds
    codes = [f"{OURS}.limit({megabytes})", *_cells(notebook, exercises, folder)]
    run = new_notebook(cells=[new_code_cell(code) for code in codes])  # type: ignore[no-untyped-call]
    (folder / "work").mkdir()
    client = Client(
        run,
        timeout_func=lambda cell: max(1, int(deadline - time.monotonic())),
        allow_errors=True,
        on_cell_executed=after,
        interrupt_on_timeout=False,
        extra_arguments=["--log-level=CRITICAL"],
        resources={"metadata": {"path": str(folder / "work")}},
    )
    try:
        with client.setup_kernel():
            for i, cell in enumerate(run.cells):
                if time.monotonic() > deadline:
                    return f"the notebook ran longer than {seconds:g} s"
                client.execute_cell(cell, i)
                if left:
                    return ENDED
    except CellTimeoutError:
        return f"the notebook ran longer than {seconds:g} s"
    except DeadKernelError:
        return ENDED
    except RuntimeError as error:
        return f"the notebook ended early: {error}"
    return ""


def _grade(one: Exercise, folder: Path, stopped: str) -> Grade:
    results = folder / one.name
    text = stopped or "its answers are missing"
    with suppress(OSError, ValueError):
        if results.stat().st_size > LARGEST:
            raise ValueError("too much for an answer")
        text = judge(one, from_json(json.loads(results.read_text(encoding="utf-8"))), general=True)
    return Grade(one.name, not text, text)
