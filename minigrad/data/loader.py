"""The loader: batches of a dataset, in order or shuffled, prepared on demand or in the background."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from minigrad.data.dataset import Array, Dataset, gather
from minigrad.data.transforms import Transform, is_random

AHEAD = 2  # batches that each thread may prepare ahead


class DataLoader:
    """Batches of a dataset; each ``for`` over it is one epoch.

    A run is reproducible from the state of the generator, for any `prefetch`: an epoch draws its permutation from it, and
    one more number, which seeds a generator for each batch.

    Parameters
    ----------
    dataset : Dataset
        The dataset.
    batch_size : int
        Items per batch; the last batch may be smaller.
    shuffle : bool
        Whether each epoch is in a new random order.
    rng : numpy.random.Generator, optional
        By default a fresh one. Not used if nothing is random.
    drop_last : bool
        Whether to drop a last batch that is smaller.
    prefetch : int
        Number of threads that prepare batches in the background; 0 for none. Helps if items are read from files, or with
        NumPy code that releases the lock. The threads end with the loop.
    transform : callable, optional
        Applied to the first array of each batch; see `minigrad.data.transforms`.

    Yields
    ------
    tuple of numpy.ndarray, or numpy.ndarray
        New arrays, one for each element of the dataset's items. They are read-only, so that a graph neither copies nor locks
        them; write to a copy.

    Raises
    ------
    TypeError
        If an argument is of the wrong type.
    ValueError
        If the dataset is empty, a number is out of range, or there would be no batch.

    Examples
    --------
    >>> from minigrad.data import ArrayDataset, DataLoader
    >>> data = ArrayDataset(np.arange(5.0), np.array([0, 1, 0, 1, 0]))
    >>> loader = DataLoader(data, batch_size=2, shuffle=True, rng=np.random.default_rng(0))
    >>> len(loader)
    3
    >>> for x, y in loader:
    ...     print(x, y)
    [2. 4.] [0 0]
    [3. 0.] [1 0]
    [1.] [1]
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int = 1,
        shuffle: bool = False,
        *,
        rng: np.random.Generator | None = None,
        drop_last: bool = False,
        prefetch: int = 0,
        transform: Transform | None = None,
    ) -> None:
        if isinstance(dataset, tuple):
            raise TypeError("DataLoader: a tuple is not a dataset; make one with ArrayDataset(images, labels)")
        if not isinstance(dataset, Dataset):
            raise TypeError(f"DataLoader: a dataset needs a length and items, which {type(dataset).__name__} does not have")
        if rng is not None and not isinstance(rng, np.random.Generator):
            raise TypeError(
                f"DataLoader: rng must be a numpy.random.Generator, as from numpy.random.default_rng(0), got {rng!r}"
            )
        if transform is not None and not callable(transform):
            raise TypeError(f"DataLoader: the transform must be a function of a batch, got {type(transform).__name__}")
        for name, number, least in (("batch_size", batch_size, 1), ("prefetch", prefetch, 0)):
            if not isinstance(number, int | np.integer) or isinstance(number, bool):
                raise TypeError(f"DataLoader: {name} must be an integer, got {number!r}")
            if number < least:
                raise ValueError(f"DataLoader: {name} must be at least {least}, got {number}")
        if not len(dataset):
            raise ValueError("DataLoader: the dataset is empty")
        if drop_last and len(dataset) < batch_size:
            raise ValueError(f"DataLoader: {len(dataset)} items fill no batch of {batch_size}, and drop_last leaves none")
        self.dataset, self.transform = dataset, transform
        self.batch_size, self.prefetch = int(batch_size), int(prefetch)
        self.shuffle, self.drop_last = bool(shuffle), bool(drop_last)
        self.rng = np.random.default_rng() if rng is None else rng

    def __len__(self) -> int:
        """Number of batches in an epoch."""
        n = len(self.dataset)
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        n = len(self.dataset)
        order = self.rng.permutation(n) if self.shuffle else np.arange(n)
        seed = int(self.rng.integers(2**63)) if self.shuffle or is_random(self.transform) else 0
        if self.prefetch:
            return self._ahead(order, seed)
        return (self._batch(order, seed, i) for i in range(len(self)))

    def _batch(self, order: Array, seed: int, i: int) -> Any:
        """Batch number i. It depends on no other batch, so that threads may prepare them in any order."""
        batch = gather(self.dataset, order[i * self.batch_size : (i + 1) * self.batch_size])
        if self.transform is not None:
            x, *rest = batch if isinstance(batch, tuple) else (batch,)
            x = self.transform(x, np.random.default_rng([seed, i])) if is_random(self.transform) else self.transform(x)
            batch = (x, *rest) if isinstance(batch, tuple) else x
        for array in batch if isinstance(batch, tuple) else (batch,):
            if isinstance(array, np.ndarray):
                array.flags.writeable = False
        return batch

    def _ahead(self, order: Array, seed: int) -> Iterator[Any]:
        """The batches in order, prepared by threads that end with this generator."""
        from collections import deque
        from concurrent.futures import ThreadPoolExecutor
        from contextvars import copy_context
        from itertools import islice

        pool = ThreadPoolExecutor(self.prefetch, "minigrad-loader")
        # Each batch is prepared in the caller's context, such as numpy.errstate.
        jobs = (pool.submit(copy_context().run, self._batch, order, seed, i) for i in range(len(self)))
        try:
            coming = deque(islice(jobs, AHEAD * self.prefetch))
            while coming:
                first = coming.popleft()
                coming.extend(islice(jobs, 1))
                yield first.result()
        finally:
            pool.shutdown(cancel_futures=True)

    def __repr__(self) -> str:
        return f"DataLoader({self.dataset!r}, batch_size={self.batch_size}, shuffle={self.shuffle})"
