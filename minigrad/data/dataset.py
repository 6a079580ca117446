"""Datasets: anything with a length and items; arrays, which give whole batches at once; and subsets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np

from minigrad.border import leave_as_array
from minigrad.graph import ArrayLike, Node, refuse_subclass, value_of

Array = np.ndarray[Any, Any]


@runtime_checkable
class Dataset(Protocol):
    """Protocol of a dataset: a length, and an item for each index from 0.

    An item is an array, a scalar, or a tuple of them such as (image, label). If there is also a method ``batch(indices)``,
    which takes an integer array and returns the stacked items, a `DataLoader` asks for whole batches.

    Examples
    --------
    >>> from minigrad.data import DataLoader
    >>> class Squares:
    ...     def __len__(self):
    ...         return 4
    ...     def __getitem__(self, i):
    ...         return np.float32(i), i * i
    >>> next(iter(DataLoader(Squares(), batch_size=3)))
    (array([0., 1., 2.], dtype=float32), array([0, 1, 4]))
    """

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Any: ...


class ArrayDataset:
    """Arrays of equal length, indexed along the first axis; a batch is one indexing operation.

    Parameters
    ----------
    *arrays : array_like of shape (N, ...)
        For example images and labels. They are not copied, but batches are copies.

    Attributes
    ----------
    arrays : tuple of numpy.ndarray
        The arrays.

    Raises
    ------
    TypeError
        If an argument is not an array of numbers.
    ValueError
        If there are no arrays, or their lengths differ.

    Examples
    --------
    >>> data = ArrayDataset(np.arange(6.0).reshape(3, 2), [0, 1, 0])
    >>> data[2]
    (array([4., 5.]), np.int64(0))
    >>> data.batch(np.array([2, 0]))
    (array([[4., 5.],
           [0., 1.]]), array([0, 0]))
    """

    def __init__(self, *arrays: ArrayLike) -> None:
        if not arrays:
            raise ValueError("ArrayDataset: give at least one array, as in ArrayDataset(images, labels)")
        self.arrays = tuple(_as_rows(array, i) for i, array in enumerate(arrays))
        lengths = [len(array) for array in self.arrays]
        if len(set(lengths)) > 1:
            shapes = " and ".join(str(array.shape) for array in self.arrays)
            raise ValueError(f"ArrayDataset: arrays of shapes {shapes} differ in length, their first axis")

    def __len__(self) -> int:
        return len(self.arrays[0])

    def __getitem__(self, index: Any, /) -> Any:
        items = tuple(array[index] for array in self.arrays)
        return items if len(items) > 1 else items[0]

    def batch(self, indices: Array) -> Any:
        """The items at the indices, stacked: a new array, or a tuple with one for each of `arrays`."""
        return self[indices]

    def __repr__(self) -> str:
        return f"ArrayDataset({', '.join(f'{array.dtype} {array.shape}' for array in self.arrays)})"


def _as_rows(data: Any, i: int) -> Array:
    if isinstance(data, Node):
        leave_as_array(data, "ArrayDataset")
    refuse_subclass(data, "ArrayDataset")
    try:
        array = np.asarray(value_of(data))
    except ValueError as error:  # ragged lists
        raise TypeError(f"ArrayDataset: argument {i} is not an array of numbers: {error}") from None
    if array.dtype.kind not in "fiub" or array.ndim == 0:
        raise TypeError(f"ArrayDataset: argument {i} is not an array of numbers, got {type(data).__name__} {array.dtype}")
    return array


class Subset:
    """The items of a dataset at the given indices, in their order.

    Parameters
    ----------
    dataset : Dataset
        The dataset.
    indices : sequence of int
        Negative ones count from the end.

    Raises
    ------
    TypeError
        If the indices are not integers.
    IndexError
        If an index is out of range.

    Examples
    --------
    >>> even = Subset(ArrayDataset([10, 11, 12, 13]), [0, 2])
    >>> len(even), even[1]
    (2, np.int64(12))
    """

    def __init__(self, dataset: Dataset, indices: Sequence[int] | Array) -> None:
        chosen = np.asarray(indices)
        if chosen.size == 0:
            chosen = chosen.astype(np.intp)
        if chosen.dtype.kind not in "iu" or chosen.ndim != 1:
            raise TypeError(
                f"Subset: the indices must be a sequence of integers, got {chosen.dtype} of shape {chosen.shape}"
            )
        n = len(dataset)
        bad = chosen[(chosen < -n) | (chosen >= n)]
        if bad.size:
            raise IndexError(f"Subset: index {bad[0]} is out of range for a dataset of {n}")
        self.dataset = dataset
        self.indices = np.where(chosen < 0, chosen + n, chosen).astype(np.intp)

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int, /) -> Any:
        return self.dataset[int(self.indices[index])]

    def batch(self, indices: Array) -> Any:
        """The items at the indices, stacked."""
        return gather(self.dataset, self.indices[indices])

    def __repr__(self) -> str:
        return f"Subset({len(self)} of {len(self.dataset)})"


def random_split(
    dataset: Dataset, lengths: Sequence[int] | Sequence[float], rng: np.random.Generator | None = None
) -> list[Subset]:
    """Split a dataset at random into disjoint parts.

    Parameters
    ----------
    dataset : Dataset
        The dataset.
    lengths : sequence of int or sequence of float
        Lengths that sum to the dataset's; or fractions that sum to 1, whose lengths are rounded down, with the remaining
        items given to the first parts, one each.
    rng : numpy.random.Generator, optional
        Draws the permutation; by default a fresh generator.

    Returns
    -------
    list of Subset
        The parts.

    Raises
    ------
    ValueError
        If the lengths do not sum up, or one is negative.

    Examples
    --------
    >>> train, test = random_split(ArrayDataset(np.arange(10)), [0.8, 0.2], np.random.default_rng(0))
    >>> len(train), sorted(test.batch(np.arange(2)).tolist())
    (8, [1, 8])
    """
    n, given = len(dataset), list(lengths)
    if any(length < 0 for length in given):
        raise ValueError(f"random_split: lengths must not be negative, got {given}")
    if any(isinstance(length, float) for length in given):
        if not np.isclose(sum(given), 1):
            raise ValueError(f"random_split: fractions must sum to 1, but {given} sum to {sum(given):g}")
        sizes = [int(n * fraction) for fraction in given]
        for i in range(n - sum(sizes)):
            sizes[i % len(sizes)] += 1
    else:
        sizes = [int(length) for length in given]
        if sum(sizes) != n:
            raise ValueError(f"random_split: lengths must sum to the dataset's {n}, but {given} sum to {sum(sizes)}")
    order = (np.random.default_rng() if rng is None else rng).permutation(n)
    ends = np.cumsum(sizes)
    return [Subset(dataset, order[end - size : end]) for end, size in zip(ends, sizes, strict=True)]


def gather(dataset: Dataset, indices: Array) -> Any:
    """The items at the indices, stacked: by the dataset's `batch`, or one by one."""
    batch = getattr(dataset, "batch", None)
    return batch(indices) if callable(batch) else _stack([dataset[i] for i in indices.tolist()])


def _stack(items: list[Any]) -> Any:
    """A batch of items: of tuples a tuple of arrays, of anything else one array."""
    if not isinstance(items[0], tuple | list):
        return _column(items)
    widths = {len(item) if isinstance(item, tuple | list) else 0 for item in items}
    if len(widths) > 1:
        raise ValueError("DataLoader: the dataset's items are tuples of different lengths")
    return tuple(_column(list(column)) for column in zip(*items, strict=True))


def _column(values: list[Any]) -> Array:
    for value in values:
        if isinstance(value, Node):
            leave_as_array(value, "DataLoader")
    arrays = [np.asarray(value_of(value)) for value in values]
    shapes = sorted({array.shape for array in arrays})
    if len(shapes) > 1:
        raise ValueError(
            f"DataLoader: items of shapes {shapes[0]} and {shapes[1]} cannot be stacked; bring them to one shape"
        )
    for array, value in zip(arrays, values, strict=True):
        if array.dtype.kind not in "fiub":
            raise TypeError(f"DataLoader: the dataset's items are not numbers, got {type(value).__name__}")
    return np.stack(arrays)
