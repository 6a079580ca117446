"""A few sleeping threads that share the work of one call.

NumPy's BLAS keeps its threads spinning for a while after each product, and numba's own layers wake theirs slowly: an empty
loop takes 100 µs with one, 8 ms with the other while another process runs. A worker here sleeps in a queue until it is given
a part, and wakes in a few µs. What it runs must release Python's lock: a kernel, or a product of NumPy's.

Which elements a part holds depends on the amount of work and on the number of threads alone, never on which thread was free:
sums of parts have the same bits in every run.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

Part = Callable[[int, int, int], object]
"""Does a part of the work: its number, its first element, and the one after its last."""

VARIABLE = "MINIGRAD_NUM_THREADS"
_PROCESSES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MPI_LOCALNRANKS")  # where launchers say how many they started


_threads: int | None = None  # None until it is first asked


def threads() -> int:
    """The number of threads: as many as this process has cores, at most MINIGRAD_NUM_THREADS; one under mpiexec."""
    global _threads
    if _threads is None:
        given = os.environ.get(VARIABLE, "")
        if given and not (given.isdecimal() and int(given)):
            raise ValueError(f"{VARIABLE} must be a positive integer, got {given!r}")
        several = any(os.environ.get(name, "1") != "1" for name in _PROCESSES)  # then they share the cores
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        _threads = min(cores, int(given or (1 if several else cores)))
    return _threads


def set_threads(count: int) -> None:
    """Split work for so many threads from now on, whatever the number of cores: so a run is repeated bit by bit."""
    global _threads
    _threads = count


class _Worker:
    """A thread that sleeps until it is given a part."""

    def __init__(self) -> None:
        self._given: SimpleQueue[Any] = SimpleQueue()
        self._ended: SimpleQueue[object] = SimpleQueue()
        self.error: BaseException | None = None
        threading.Thread(target=self._work, name="minigrad", daemon=True).start()

    def give(self, function: Part, *part: int) -> None:
        self.error = None
        self._given.put((function, part))

    def wait(self) -> None:
        """Wait until all that was given is done; after an interrupt it may be called again."""
        mark = object()
        self._given.put((self._ended.put, (mark,)))
        while self._ended.get() is not mark:  # that of a wait that was interrupted
            pass

    def _work(self) -> None:
        while True:
            function, part = self._given.get()
            try:
                function(*part)
            except BaseException as error:
                self.error = error
            del function  # what it holds is freed now, not with the next part


class _Pool:
    """The workers, and the lock of the call that uses them."""

    def __init__(self) -> None:
        self.workers: list[_Worker] = []
        self.busy = threading.Lock()


_pool = _Pool()


def _forked() -> None:
    """Forget the workers: a forked process has none of its parent's threads, and locks as they were held."""
    global _pool
    _pool = _Pool()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


def parts(size: int, work: float, least: float) -> int:
    """In how many parts to do the work on so many elements, if a part of less than `least` does not pay."""
    return max(1, min(threads(), size, int(work // least)))


def split(function: Part, size: int, count: int) -> None:
    """Call ``function(part, first, last)`` for `count` parts of ``range(size)``, on as many threads.

    While another thread's call uses the workers, all parts are done here, one after another.
    """
    bounds = [size * i // count for i in range(count + 1)]
    pool = _pool
    if count == 1 or not pool.busy.acquire(blocking=False):
        for i in range(count):
            function(i, bounds[i], bounds[i + 1])
        return
    failures: list[BaseException] = []
    try:
        try:
            while len(pool.workers) < count - 1:
                pool.workers.append(_Worker())
            for i, worker in enumerate(pool.workers[: count - 1], 1):
                worker.give(function, i, bounds[i], bounds[i + 1])
            function(0, 0, bounds[1])
        except BaseException as error:
            failures.append(error)
        for worker in pool.workers[: count - 1]:
            while True:  # the arrays are the workers' until they are done, even after Ctrl-C
                try:
                    worker.wait()
                    break
                except BaseException as error:
                    failures.append(error)
        failures += [worker.error for worker in pool.workers[: count - 1] if worker.error is not None]
    finally:
        pool.busy.release()
    if failures:
        raise failures[0]
