"""Data parallelism: several processes train one model, each on its part of every batch, and communicate by MPI.

Each process holds the whole model, starting from the same weights, and computes the gradients of its part of a batch. One
all-reduce, over all gradients in one buffer, makes them the gradients of the whole batch, and every process takes the same
step. So the weights are those of a single process on whole batches, up to rounding, with two exceptions, which see only a
part: batch normalisation uses the mean and variance of its process's part (the running statistics are the first process's),
and dropout draws a separate mask for each part.

Start a job with ``mpiexec -n 4 minigrad train ...``, or any other MPI launcher. Give each process its share of the cores,
for example with ``OMP_NUM_THREADS=1``.

>>> group = mg.nn.parallel.Group.world()
>>> group.size, group.part(10)
(1, slice(0, 10, None))
"""

from __future__ import annotations

import os
import sys
import time
import traceback
import zlib
from collections.abc import Sequence
from types import TracebackType
from typing import Any

import numpy as np

from minigrad.nn.module import Module
from minigrad.optim import Optimizer
from minigrad.optional import needed
from minigrad.text import shorten

LONGEST = 80  # characters of a fact in a message
Array = np.ndarray[Any, Any]
PAUSE = 0.3  # seconds in which the launcher passes on the last message, before it is stopped too
FORCE = 1.0  # seconds after which a second Ctrl-C is meant as one; terminal and launcher may both send the first
SIZES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MPI_LOCALNRANKS")  # where launchers say how many processes they started


class Group:
    """The processes that train together; by default a single process, at no cost.

    As a context manager, it ends the whole job when one process fails, so that the others do not wait for it forever. Inside
    it Ctrl-C is shared: all processes stop at the same sum. A second Ctrl-C ends the job at once.

    Parameters
    ----------
    comm : mpi4py communicator, optional
        For example ``mpi4py.MPI.COMM_WORLD``.
    program : str, optional
        The command that runs; then failures are told in a line that begins with it, instead of a traceback.

    Attributes
    ----------
    rank, size : int
        The number of this process, from 0, and the number of processes.
    interrupted : bool
        Whether Ctrl-C has stopped all processes.
    """

    def __init__(self, comm: Any = None, program: str = "") -> None:
        self._comm, self._program = comm, program
        self.interrupted = False
        self._asked = 0.0  # when Ctrl-C was pressed
        self._handlers: list[Any] = []  # of Ctrl-C, before each `with`
        self.rank: int = comm.Get_rank() if comm else 0
        self.size: int = comm.Get_size() if comm else 1
        self._buffer = np.empty(0)

    @classmethod
    def world(cls, program: str = "") -> Group:
        """All processes that ``mpiexec`` started together; this one alone without ``mpiexec``.

        `program` as in the class.

        Raises
        ------
        ImportError
            If there are several processes, but mpi4py is missing.
        """
        if "PMIX_RANK" not in os.environ and all(os.environ.get(name, "1") == "1" for name in SIZES):
            return cls(program=program)
        return cls(needed("mpi4py.MPI", "mpi", "training in several processes needs mpi4py").MPI.COMM_WORLD, program)

    def part(self, count: int) -> slice:
        """The part of a batch of `count` items that this process takes."""
        return slice(count * self.rank // self.size, count * (self.rank + 1) // self.size)

    def sum(self, arrays: Sequence[Array]) -> None:
        """Replace each array by its sum over all processes, in place; all arrays travel in one message.

        Parameters
        ----------
        arrays : sequence of numpy.ndarray
            Of the same dtypes and shapes in each process.

        Raises
        ------
        KeyboardInterrupt
            In all processes, if Ctrl-C was pressed in one of them. The arrays are unchanged.
        """
        if self.size == 1 or not arrays:
            return
        count = sum(a.size for a in arrays) + 1  # the last element tells of Ctrl-C
        dtype = np.result_type(*arrays)
        if self._buffer.size < count or self._buffer.dtype != dtype:
            self._buffer = np.empty(count, dtype)
        buffer, start = self._buffer[:count], 0
        for a in arrays:
            buffer[start : start + a.size] = a.ravel()
            start += a.size
        buffer[-1] = self._asked > 0
        from mpi4py import MPI

        self._comm.Allreduce(MPI.IN_PLACE, buffer)
        if buffer[-1]:
            self.interrupted = True
            raise KeyboardInterrupt
        start = 0
        for a in arrays:
            a[...] = buffer[start : start + a.size].reshape(a.shape)
            start += a.size

    def wait(self) -> None:
        """Wait until all processes have called this."""
        if self.size > 1:
            self._comm.Barrier()

    def copy_first(self, arrays: Sequence[Array]) -> None:
        """Replace each array by the first process's, in place."""
        for a in arrays if self.size > 1 else ():
            whole = np.ascontiguousarray(a)
            self._comm.Bcast(whole)
            a[...] = whole

    def check_alike(self, who: str, **facts: Any) -> None:
        """Raise a ValueError in all processes if one was given something else than the first.

        Parameters
        ----------
        who : str
            Begins the message.
        **facts
            What must be the same, by name; `repr` of each is compared.
        """
        if self.size == 1:
            return
        everyone = self._comm.allgather({name: repr(fact) for name, fact in facts.items()})
        for rank, theirs in enumerate(everyone):
            for name, mine in everyone[0].items():
                if theirs[name] != mine:
                    first, other = (shorten(text, LONGEST) for text in (mine, theirs[name]))
                    raise ValueError(f"{who}: process {rank} has {name.replace('_', ' ')} {other}, and process 0 {first}")

    def __enter__(self) -> Group:
        import signal
        import threading

        if self.size > 1 and threading.current_thread() is threading.main_thread():
            self._handlers.append(signal.signal(signal.SIGINT, self._ask))
        return self

    def _ask(self, *_: object) -> None:
        """Note Ctrl-C, until the next sum tells the others; a second one is meant for now."""
        now = time.monotonic()
        if self._asked and now > self._asked + FORCE:
            raise KeyboardInterrupt
        self._asked = self._asked or now

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        import signal

        if self._handlers:
            signal.signal(signal.SIGINT, self._handlers.pop())
        if error is None or self.size == 1 or isinstance(error, SystemExit):
            return
        if self.rank:  # if the first process fails too, as with a bad argument, its message is enough
            time.sleep(5 * PAUSE)
        text = f"process {self.rank} of {self.size} failed, so all processes end"
        if self._program and isinstance(error, Exception):
            lines = [f"{self._program}: {'; '.join([str(error), *getattr(error, '__notes__', ())])}; {text}\n"]
        else:
            lines = [*traceback.format_exception(kind, error, trace), text + "\n"]
        sys.stderr.write("".join(lines))
        sys.stderr.flush()
        time.sleep(PAUSE)
        status = 2 if self._program else 1
        self._comm.Abort(status)
        os._exit(status)  # some launchers return from Abort, and end the process a little later


# What `fit` shares between the processes


def start_alike(model: Module, optimizer: Optimizer, behind: int, group: Group, **facts: Any) -> None:
    """Give every process the first one's weights; refuse one that resumed elsewhere or was given something else."""
    advice = "" if not behind else "; put the checkpoint into a folder that all of them see"
    shapes = [p.shape for p in model.parameters()]
    group.check_alike(f"fit{advice}", epochs_behind=behind)
    group.check_alike("fit", parameters=shapes, optimizer=type(optimizer).__name__, **facts)
    copy_first(model, group)


def facts_of(data: Any) -> tuple[Any, ...]:
    """The batches, items and order of a source, as far as they are known beforehand."""
    rng = getattr(data, "rng", None) if getattr(data, "shuffle", False) else None
    order = zlib.crc32(repr(rng.bit_generator.state).encode()) if isinstance(rng, np.random.Generator) else None
    items = getattr(data, "dataset", None)
    return *(len(x) if x is not None and hasattr(x, "__len__") else None for x in (data, items)), order


def copy_first(model: Module, group: Group) -> None:
    """Give every process the first one's weights and buffers."""
    if group.size > 1:
        state = model.state_dict()
        group.copy_first(list(state.values()))
        model.load_state_dict(state)


def end_alike(optimizer: Optimizer, number: int, group: Group) -> None:
    """Tell the others that this process has no further batch; a ValueError if another one has."""
    if group.size > 1:
        kept = [(p, p.grad) for g in optimizer.param_groups for p in g["params"]]
        ended = add_gradients(optimizer, 0.0, np.array([0.0, 0.0, 0.0, -1.0]), group)[3]  # no batch has so few items
        for p, grad in kept:
            p.grad = grad
        if ended != -group.size:
            raise ValueError(f"fit: process {group.rank} has only {number} batches, and another one has more")


def add_gradients(optimizer: Optimizer, share: float, totals: Array, group: Group) -> Array:
    """Turn gradients of means over parts of a batch into those of the whole batch; returns the summed totals.

    All travel in one message, with a flag for each parameter: a gradient that is None in every process stays None.
    """
    parameters = [p for g in optimizer.param_groups for p in g["params"] if p.requires_grad]
    grads = [np.zeros(p.shape, p.dtype) if p.grad is None else np.array(p.grad * share, p.dtype) for p in parameters]
    dtype = np.result_type(*grads) if grads else totals.dtype
    present = np.array([p.grad is not None for p in parameters], dtype)
    totals = totals.astype(dtype)
    group.sum([*grads, present, totals])
    for p, grad, some in zip(parameters, grads, present, strict=True):
        p.grad = grad[()] if some else None
    return totals
