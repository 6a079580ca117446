"""Several processes that train one model, each on its part of every batch; between them, MPI.

Each process holds the whole model, and starts from the same weights. It computes the gradient of its part of a batch; one
sum over all processes, of all gradients laid end to end, makes that the gradient of the whole batch, and every process takes
the same step. So they get the weights that one process would get from whole batches, to rounding, with two exceptions that
look at single parts: batch normalisation takes the mean and variance of its process's part (what it keeps for evaluation is
the first process's), and dropout draws for each part anew.

A job is started as ``mpiexec -n 4 minigrad train ...``, or by any launcher of MPI programs. Give each process its share of
the cores, as by ``OMP_NUM_THREADS=1``.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any

import numpy as np

from minigrad.optional import needed

Array = np.ndarray[Any, Any]
PAUSE = 0.3  # seconds for the launcher to pass a last message on, before it ends itself too
SIZES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MPI_LOCALNRANKS")  # what launchers say of how many processes they started


class Group:
    """The processes that train together; by itself a single process, which costs nothing.

    Used as a context, it ends the whole job when one process fails, instead of leaving the others to wait for it.

    Parameters
    ----------
    comm : mpi4py communicator, optional
        As ``mpi4py.MPI.COMM_WORLD``.

    Attributes
    ----------
    rank, size : int
        Which process this is, from 0, and how many there are.

    Examples
    --------
    >>> group = Group()
    >>> group.size, group.part(10)
    (1, slice(0, 10, None))
    """

    def __init__(self, comm: Any = None) -> None:
        self._comm = comm
        self.rank: int = comm.Get_rank() if comm else 0
        self.size: int = comm.Get_size() if comm else 1
        self._room = np.empty(0)

    @classmethod
    def world(cls) -> Group:
        """All processes that ``mpiexec`` started together; this one alone if it did not start it, or without mpi4py.

        Returns
        -------
        Group

        Raises
        ------
        ImportError
            If it was started by ``mpiexec`` together with others, but mpi4py is missing.
        """
        import os

        if "PMIX_RANK" not in os.environ and all(os.environ.get(name, "1") == "1" for name in SIZES):
            return cls()
        return cls(needed("mpi4py.MPI", "mpi", "training in several processes needs mpi4py").MPI.COMM_WORLD)

    def part(self, count: int) -> slice:
        """Which part of a batch of so many is this process's."""
        return slice(count * self.rank // self.size, count * (self.rank + 1) // self.size)

    def sum(self, arrays: Sequence[Array]) -> None:
        """Put into each array the sum over all processes; all travel together, as one.

        Parameters
        ----------
        arrays : sequence of numpy.ndarray
            Of the same dtypes and shapes in each process.
        """
        if self.size == 1 or not arrays:
            return
        count = sum(a.size for a in arrays)
        dtype = np.result_type(*arrays)
        if self._room.size < count or self._room.dtype != dtype:
            self._room = np.empty(count, dtype)
        room, start = self._room[:count], 0
        for a in arrays:
            room[start : start + a.size] = a.ravel()
            start += a.size
        from mpi4py import MPI

        self._comm.Allreduce(MPI.IN_PLACE, room)
        start = 0
        for a in arrays:
            a[...] = room[start : start + a.size].reshape(a.shape)
            start += a.size

    def wait(self) -> None:
        """Go on when all processes have come this far."""
        if self.size > 1:
            self._comm.Barrier()

    def copy_first(self, arrays: Sequence[Array]) -> None:
        """Put into each array what the first process has in it."""
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
        sys.stderr.write("".join([*lines, f"process {self.rank} of {self.size} failed, so all of them end\n"]))
        sys.stderr.flush()
        time.sleep(PAUSE)
        self._comm.Abort(1)
