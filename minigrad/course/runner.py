"""What the child process does in which a notebook runs while it is graded.

The cells run in IPython's shell without a kernel: nobody waits for its messages, so a notebook that closes its output or
starts a thread that never ends holds up nothing. The shell shows nothing: no output, no pictures, no tracebacks.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from os import _exit, getpid, getppid, replace  # as they are now; a notebook may bind the names in `os` to something else
from pathlib import Path
from threading import Thread
from time import sleep
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

from minigrad.course.exercise import Exercise, find
from minigrad.course.observe import as_json, observe
from minigrad.course.process import END, end_started

PROCESS = getpid()
PAUSE = 0.5  # seconds between two looks at the grader


class _Bytes(io.BufferedIOBase):
    """An output that keeps nothing, and that nobody can close.

    Its descriptor is that of the process, which leads to `os.devnull`.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, data: Any, /) -> int:
        """Forget the data."""
        return memoryview(data).nbytes

    def writable(self) -> bool:
        """Return True."""
        return True

    def fileno(self) -> int:
        """The descriptor, for a child process that is to have the same output."""
        return self._descriptor

    def close(self) -> None:
        """Stay open."""


class Nowhere(io.TextIOBase):
    """An output for text that keeps nothing, and that nobody can close; else as in a Jupyter kernel."""

    encoding, errors = "utf-8", "replace"

    def __init__(self, descriptor: int, name: str) -> None:
        self.name, self.buffer = name, _Bytes(descriptor)

    def write(self, text: str, /) -> int:
        """Forget the text."""
        return len(text)

    def writable(self) -> bool:
        """Return True."""
        return True

    def fileno(self) -> int:
        """The descriptor, as that of `buffer`."""
        return self.buffer.fileno()

    def close(self) -> None:
        """Stay open."""


class _Hook(DisplayHook):  # type: ignore[misc]
    """Keeps the result of a cell as ``_``, and does not show it."""

    def start_displayhook(self) -> None:
        pass

    write_output_prompt = finish_displayhook = start_displayhook

    def compute_format_data(self, result: object) -> tuple[dict[str, Any], dict[str, Any]]:
        return {}, {}


class _Publisher(DisplayPublisher):  # type: ignore[misc]
    """Shows nothing."""

    def publish(self, *args: Any, **kwargs: Any) -> None:
        pass


class Shell(InteractiveShell):  # type: ignore[misc]
    """IPython's shell, silent."""

    displayhook_class = Type(_Hook)
    display_pub_class = Type(_Publisher)

    def showtraceback(self, *args: Any, **kwargs: Any) -> None:
        """Show nothing."""

    showsyntaxerror = showindentationerror = showtraceback

    def _tee(self, *args: Any, **kwargs: Any) -> AbstractContextManager[None]:
        return nullcontext()  # IPython 9 would keep all output in memory, and fail if there is no `sys.stdout`

    def enable_gui(self, gui: str | None = None) -> None:
        """Do nothing; ``%matplotlib`` asks for it."""

    def ask_exit(self) -> None:
        """End the process, as ``exit`` in a notebook does."""
        _exit(0)


def main(job: str) -> None:
    """Run a job, a JSON file that `minigrad.course.process.Process` wrote, and end the process."""
    told = json.loads(Path(job).read_text(encoding="utf-8"))
    _limit(told["megabytes"])
    sys.stdout = sys.__stdout__ = Nowhere(1, "stdout")  # type: ignore[misc, assignment]
    sys.stderr = sys.__stderr__ = Nowhere(2, "stderr")  # type: ignore[misc, assignment]
    if sys.platform != "win32":  # there the parent may be the launcher of a virtual environment
        Thread(target=_watch, args=(told["parent"], told["folder"]), daemon=True).start()
    os.chdir(told["work"])
    sys.path.insert(0, "")
    exercises = {text: find(text) for kind, text in told["cells"] if kind == "record"}
    config = Config()
    config.HistoryManager.enabled = False
    shell = Shell.instance(config=config, ipython_dir=told["profile"])
    shell.display_formatter.format = lambda *args, **kwargs: ({}, {})
    for kind, text in told["cells"]:
        with suppress(BaseException):  # SystemExit and KeyboardInterrupt too: the next exercise has a chance of its own
            if kind == "run":
                shell.run_cell(text, store_history=True)
            else:
                _record(exercises[text], shell.user_ns, Path(told["results"]) / text)
        _leave_if_forked()
    (Path(told["results"]) / END).touch()
    _exit(0)  # threads that still run and functions for `atexit` have no say


def _record(one: Exercise, names: Mapping[str, Any], results: Path) -> None:
    """Try the answers among the names of a notebook, and write what they give to a file."""
    found = observe(one.probe, {answer: names.get(answer) for answer in one.answers}, catch=BaseException)
    _leave_if_forked()
    partial = results.with_suffix(".partial")
    partial.write_text(json.dumps(as_json(found)), encoding="utf-8")
    replace(partial, results)


def _watch(parent: int, folder: str) -> None:
    """Once the grader is gone, which may have been killed, end what the notebook started, its files and this process."""
    while getppid() == parent:
        sleep(PAUSE)
    end_started(folder)
    shutil.rmtree(folder, ignore_errors=True)
    if sys.platform != "win32":
        os.killpg(0, signal.SIGKILL)


def _leave_if_forked() -> None:
    """End a copy of the process that a notebook made with ``fork`` and did not end."""
    if getpid() != PROCESS:
        _exit(0)


def _limit(megabytes: int) -> None:
    """Limit the memory of this process, where the system has such a limit."""
    with suppress(ImportError, ValueError, OSError, OverflowError):  # no such limit, one above it, none at all
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))
