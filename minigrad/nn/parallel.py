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

from collections.abc import Sequence
from types import TracebackType
from typing import Any

import numpy as np

from minigrad.nn.module import Module
from minigrad.optim import Optimizer
from minigrad.optional import needed

Array = np.ndarray[Any, Any]
PAUSE = 0.3  # seconds in which the launcher passes on the last message, before it is stopped too
SIZES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MPI_LOCALNRANKS")  # where launchers say how many processes they started


class Group:
    """The processes that train together; by default a single process, at no cost.

    As a context manager, it ends the whole job when one process fails, so that the others do not wait for it forever.

    Parameters
    ----------
    comm : mpi4py communicator, optional
        For example ``mpi4py.MPI.COMM_WORLD``.

    Attributes
    ----------
    rank, size : int
        The number of this process, from 0, and the number of processes.
    """

    def __init__(self, comm: Any = None) -> None:
        self._comm = comm
        self.rank: int = comm.Get_rank() if comm else 0
        self.size: int = comm.Get_size() if comm else 1
        self._buffer = np.empty(0)

    @classmethod
    def world(cls) -> Group:
        """All processes that ``mpiexec`` started together; this one alone without ``mpiexec``.

        Raises
        ------
        ImportError
            If there are several processes, but mpi4py is missing.
        """
        import os

        if "PMIX_RANK" not in os.environ and all(os.environ.get(name, "1") == "1" for name in SIZES):
            return cls()
        return cls(needed("mpi4py.MPI", "mpi", "training in several processes needs mpi4py").MPI.COMM_WORLD)

    def part(self, count: int) -> slice:
        """The part of a batch of `count` items that this process takes."""
        return slice(count * self.rank // self.size, count * (self.rank + 1) // self.size)

    def sum(self, arrays: Sequence[Array]) -> None:
        """Replace each array by its sum over all processes, in place; all arrays travel in one message.

        Parameters
        ----------
        arrays : sequence of numpy.ndarray
            Of the same dtypes and shapes in each process.
        """
        if self.size == 1 or not arrays:
            return
        count = sum(a.size for a in arrays)
        dtype = np.result_type(*arrays)
        if self._buffer.size < count or self._buffer.dtype != dtype:
            self._buffer = np.empty(count, dtype)
        buffer, start = self._buffer[:count], 0
        for a in arrays:
            buffer[start : start + a.size] = a.ravel()
            start += a.size
        from mpi4py import MPI

        self._comm.Allreduce(MPI.IN_PLACE, buffer)
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

    def __enter__(self) -> Group:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None or self.size == 1 or issubclass(kind, SystemExit):
            return
        import sys
        import time
        import traceback

        lines = traceback.format_exception(kind, error, trace)
        sys.stderr.write("".join([*lines, f"process {self.rank} of {self.size} failed, so all processes end\n"]))
        sys.stderr.flush()
        time.sleep(PAUSE)
        self._comm.Abort(1)


# What `fit` shares between the processes


def start_alike(model: Module, epochs: int, group: Group) -> None:
    """Give every process the first one's weights; refuse a process that resumed after another number of epochs."""
    first = np.array([epochs])
    group.copy_first([first])
    if epochs != first[0]:
        raise ValueError(
            f"fit: process {group.rank} has {epochs} epochs behind it and the first process {first[0]}; put the checkpoint "
            "into a folder that all of them see"
        )
    copy_first(model, group)


def copy_first(model: Module, group: Group) -> None:
    """Give every process the first one's weights and buffers."""
    if group.size > 1:
        state = model.state_dict()
        group.copy_first(list(state.values()))
        model.load_state_dict(state)


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
