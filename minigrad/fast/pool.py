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
import time
from collections.abc import Callable
from contextvars import copy_context
from queue import SimpleQueue
from statistics import median
from typing import Any, TypeAlias

import numpy as np

from minigrad.optional import needed

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]
Part: TypeAlias = Callable[[int, int, int], object]
"""Does a part of the work: its number, its first element, and the one after its last."""

VARIABLE = "MINIGRAD_NUM_THREADS"
MOST = 1000  # more threads are taken for a mistake
_PROCESSES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MPI_LOCALNRANKS")  # where launchers say how many they started


# Multiply-accumulates of a product that are worth another thread: by judgement, from what tests/benchmarks/bench_training.py
# prints. Shares of NumPy's other work were tried and did not pay: after each of its short calls a thread waits for Python's
# lock, and to be woken takes 40 µs to 90 µs where the cores are virtual.
PRODUCT = 5e6
TRIALS = 4  # turns, of a few steps each, by which a number of threads is judged

_threads: int | None = None  # None until it is first asked
_changing = threading.Lock()
_limit: Any = None  # what holds the BLAS to one thread, and can let it go; None if it has its own threads


def cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def number() -> int:
    """The number of threads: as many as this process has cores, at most MINIGRAD_NUM_THREADS; one under mpiexec."""
    global _threads
    if _threads is None:
        given = os.environ.get(VARIABLE, "")
        if given and not (given.isdecimal() and int(given)):
            raise ValueError(f"{VARIABLE} must be a positive integer, got {given!r}")
        several = any(os.environ.get(name, "1") != "1" for name in _PROCESSES)  # then they share the cores
        _threads = min(cores(), int(given or (1 if several else cores())))
    return _threads


def held() -> bool:
    """Whether the BLAS is held to one thread, so that NumPy's work may be split."""
    return _limit is not None


def threads(count: int | None = None) -> int:
    """Compute on several threads; the number of threads.

    NumPy's matrix products have threads of their own, in the BLAS. These keep spinning between products, and so take the
    cores from other threads and processes. ``threads(n)`` holds each BLAS that is loaded to one thread, for the whole
    process, and shares products among n threads that sleep between them, as it does the kernels of ``minigrad[fast]``. Which
    is faster depends on the network and on what else runs: try both, and ``threads(1)``, as ``minigrad train`` does. Results
    depend on n by rounding, and on nothing else.

    Parameters
    ----------
    count : int, optional
        Number of threads, or 0 for the usual state: the BLAS has its own, and kernels have as many as there are cores, at
        most MINIGRAD_NUM_THREADS. By default nothing changes.

    Returns
    -------
    int
        The number of threads among which work is shared.

    Raises
    ------
    ImportError
        If threadpoolctl, by which the BLAS is held, is not installed.

    Examples
    --------
    >>> mg.threads(2)
    2
    >>> _ = mg.threads(0)
    """
    global _threads, _limit
    if count is None:
        return number()
    if isinstance(count, bool) or not isinstance(count, int | np.integer) or not 0 <= count < MOST:
        raise ValueError(f"threads: count must be an integer from 0 to {MOST - 1}, got {count!r}")
    if count:
        needed("threadpoolctl", "fast", "threads needs threadpoolctl")
    with _changing:
        if _limit is not None:
            _limit.restore_original_limits()
            _limit = None
        if count:
            from threadpoolctl import threadpool_limits

            _limit = threadpool_limits(1, "blas")
        _threads = int(count) or None
    return number()


def settle(step: Callable[[], object]) -> None:
    """Choose by trials what a training step takes least time with: the usual state, one thread, or as many as there are."""
    times: dict[int, list[float]] = {count: [] for count in sorted({0, 1, threads(0)})}
    for _ in range(TRIALS):
        for count, seconds in times.items():
            threads(count)
            step()  # what ran before had other threads
            seconds += [_seconds(step) for _ in range(3)]
    threads(min(times, key=lambda count: median(times[count])))


def _seconds(step: Callable[[], object]) -> float:
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


def set_number(count: int) -> None:
    """Split kernels' work for so many threads from now on, whatever the number of cores: so a run is repeated bit by bit."""
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
        self._given.put((copy_context().run, (function, *part)))  # with the caller's np.errstate

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
    return max(1, min(number(), size, int(work // least)))


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


def product(a: Any, b: Any) -> Any:
    """``np.matmul(a, b)``; if the BLAS is held to one thread, rows or the matrices of two like stacks are shared."""
    plain = held() and type(a) is type(b) is np.ndarray and a.dtype == b.dtype and a.dtype.kind in "fc" and a.dtype.isnative
    stacks = plain and a.ndim == b.ndim > 2 and a.shape[:-2] == b.shape[:-2]
    if not (stacks or (plain and a.ndim == b.ndim == 2)):
        return np.matmul(a, b)
    count = parts(len(a), float(a.size) * b.shape[-1], PRODUCT)
    if count == 1:
        return np.matmul(a, b)
    out = np.empty((*a.shape[:-1], b.shape[-1]), a.dtype)
    split(lambda _, i, j: np.matmul(a[i:j], b[i:j] if stacks else b, out=out[i:j]), len(a), count)
    return out
