"""A notebook that runs in a process of its own, with limits of time and memory, while it is graded."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeAlias

from minigrad.fast import pool

Cell: TypeAlias = tuple[str, str]
"""What to do: ("run", code), or ("record", exercise) to try the answers of an exercise and write down what they give."""

PACKAGES = str(Path(__file__).parents[2])  # where this minigrad is, which need not be the one that is installed
START = """
import sys
sys.path.insert(0, sys.argv[1])
from minigrad.course.runner import main
del sys.path[0]
main(sys.argv[2])
"""
FOLDER = "MINIGRAD_GRADE_FOLDER"  # the variable by which the processes that a notebook starts are known
END = "end"  # the file that says that all cells were run
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", pool.VARIABLE)


class Process:
    """A child process that runs the cells of a notebook.

    Nothing waits for it: ask `ended` from time to time. Leaving its context ends it and deletes its files.

    Parameters
    ----------
    cells : sequence of (str, str)
        What to run.
    seconds : float
        Time limit.
    megabytes : int
        Limit on its memory, where the system has such a limit.
    threads : int
        Threads for NumPy's linear algebra and for minigrad's kernels.

    Attributes
    ----------
    seconds : float
        How long it ran.
    complaint : str
        Why it did not run all the cells, once it has ended.
    """

    def __init__(self, cells: Sequence[Cell], seconds: float, megabytes: int, threads: int) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="grade-", ignore_cleanup_errors=True)
        folder = Path(self._folder.name)
        parts = {name: folder / name for name in ("work", "profile", "results")}
        for part in parts.values():
            part.mkdir()
        job = {
            "cells": cells,
            "megabytes": megabytes,
            "folder": str(folder),
            "parent": os.getpid(),
            **{name: str(part) for name, part in parts.items()},
        }
        (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
        self._results, self._limit, self._start = parts["results"], seconds, time.monotonic()
        self.seconds, self.complaint = 0.0, ""
        self._process = subprocess.Popen(  # noqa: S603, our own module
            [sys.executable, "-P", "-c", START, PACKAGES, str(folder / "job.json")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "MPLBACKEND": "agg", FOLDER: str(folder), **dict.fromkeys(THREADS, str(threads))},
            start_new_session=True,
        )

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process and delete its files."""
        self._stop()
        self._folder.cleanup()

    def ended(self) -> bool:
        """Whether the process has ended; it is ended if its time is used up."""
        self.seconds = time.monotonic() - self._start
        if self._process.poll() is not None:
            self.complaint = "" if (self._results / END).exists() else "the notebook ended its process, or ran out of memory"
        elif self.seconds > self._limit:
            self.complaint = f"the notebook ran longer than {self._limit:g} s"
        else:
            return False
        self._stop()
        return True

    def result(self, name: str, largest: int) -> str | None:
        """The text that was written for an exercise, of at most `largest` bytes; None if there is none."""
        path = self._results / name
        with suppress(OSError, ValueError):
            if path.is_file() and path.stat().st_size <= largest:
                return path.read_text(encoding="utf-8")
        return None

    def _stop(self) -> None:
        """End the process, and those that it has started and that still run."""
        if sys.platform != "win32":
            with suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.wait()
        end_started(self._folder.name)


def end_started(folder: str) -> None:
    """End the processes that a notebook has started, by fork or in sessions of their own, but not this one; on Linux alone.

    The notebook's process has this folder in its environment, and they have inherited that.
    """
    for _ in range(100):  # some may be starting others
        found = [pid for pid in _started(folder) if pid != os.getpid()]
        if not found:
            return
        for pid in found:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)


def _started(folder: str) -> Iterator[int]:
    mark = f"{FOLDER}={folder}".encode()
    for path in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):  # it belongs to somebody else, or has ended
            if mark in path.read_bytes().split(b"\0"):
                yield int(path.parent.name)


@contextmanager
def signals_as_exceptions() -> Iterator[None]:
    """Let the signals that end this process raise `SystemExit`, as Ctrl-C raises, so that `finally` is done.

    Only in the main thread, where Python handles signals, and only those that are neither ignored nor handled.
    """
    possible = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    main = threading.current_thread() is threading.main_thread()
    mine = [one for one in possible if main and signal.getsignal(one) == signal.SIG_DFL]

    def leave(number: int, _: object) -> None:
        for one in mine:
            signal.signal(one, signal.SIG_IGN)  # one more does not end what is being done in `finally`
        raise SystemExit(128 + number)  # the status that a shell gives

    for one in mine:
        signal.signal(one, leave)
    try:
        yield
    finally:
        for one in mine:
            signal.signal(one, signal.SIG_DFL)
