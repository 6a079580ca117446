"""Splitting along an axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from minigrad.graph import ArrayLike, Value
from minigrad.operation import composed
from minigrad.ops.indexing import getitem

if TYPE_CHECKING:
    from minigrad.graph import Tensor


def _pieces(x: Value, indices_or_sections: int | Sequence[int], axis: int, equal: bool) -> list[Tensor]:
    """The parts of x between cuts; of a number of sections that does not divide the axis, the first ones are longer."""
    shape = np.shape(x)
    axis = normalize_axis_index(axis, len(shape))
    size = shape[axis]
    if isinstance(indices_or_sections, int | np.integer):
        parts = int(indices_or_sections)
        if parts < 1 or (equal and size % parts):
            raise ValueError(f"axis {axis} of shape {shape} does not split into {parts} {'equal ' if equal else ''}sections")
        cuts = [size // parts * i + min(i, size % parts) for i in range(1, parts)]
    else:
        cuts = [int(cut) for cut in indices_or_sections]
    lead = (slice(None),) * axis
    return [getitem(x, (*lead, slice(a, b))) for a, b in zip([0, *cuts], [*cuts, size], strict=True)]


@composed
def split(x: ArrayLike, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Tensor]:
    """Split along an axis, into equal sections or at the given indices.

    >>> split(Tensor([1.0, 2.0, 3.0]), [1])
    [Tensor([1.]), Tensor([2., 3.])]
    """
    return _pieces(x, indices_or_sections, axis, equal=True)


@composed
def array_split(x: ArrayLike, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Tensor]:
    """Split along an axis, into sections that may differ by one in length, or at the given indices.

    >>> array_split(Tensor([1.0, 2.0, 3.0]), 2)
    [Tensor([1., 2.]), Tensor([3.])]
    """
    return _pieces(x, indices_or_sections, axis, equal=False)


def _at_least(ndim: int, x: Value) -> Value:
    if np.ndim(x) < ndim:
        raise ValueError(f"needs an array of at least {ndim} axes, got shape {np.shape(x)}")
    return x


@composed
def hsplit(x: ArrayLike, indices_or_sections: int | Sequence[int]) -> list[Tensor]:
    """Split horizontally: along the second axis, or the only one.

    >>> hsplit(Tensor([[1.0, 2.0]]), 2)
    [Tensor([[1.]]), Tensor([[2.]])]
    """
    return _pieces(_at_least(1, x), indices_or_sections, min(np.ndim(x) - 1, 1), equal=True)


@composed
def vsplit(x: ArrayLike, indices_or_sections: int | Sequence[int]) -> list[Tensor]:
    """Split vertically: along the first axis of two or more.

    >>> vsplit(Tensor([[1.0], [2.0]]), 2)
    [Tensor([[1.]]), Tensor([[2.]])]
    """
    return _pieces(_at_least(2, x), indices_or_sections, 0, equal=True)


@composed
def dsplit(x: ArrayLike, indices_or_sections: int | Sequence[int]) -> list[Tensor]:
    """Split along the third axis.

    >>> [part.shape for part in dsplit(Tensor(np.zeros((2, 2, 4))), [1])]
    [(2, 2, 1), (2, 2, 3)]
    """
    return _pieces(_at_least(3, x), indices_or_sections, 2, equal=True)


@composed
def unstack(x: ArrayLike, *, axis: int = 0) -> tuple[Tensor, ...]:
    """Split into the arrays along an axis, which the results lose; the inverse of `stack`.

    >>> unstack(Tensor([1.0, 2.0]))
    (Tensor(1.0), Tensor(2.0))
    """
    shape = np.shape(_at_least(1, x))
    axis = normalize_axis_index(axis, len(shape))
    return tuple(getitem(x, (*(slice(None),) * axis, i)) for i in range(shape[axis]))


@composed
def chunk(x: ArrayLike, chunks: int, axis: int = 0) -> list[Tensor]:
    """Split into at most `chunks` pieces of one size, the last of which may be smaller, as PyTorch does; see `array_split`.

    >>> [part.shape for part in chunk(Tensor(np.zeros(5)), 3)]
    [(2,), (2,), (1,)]
    """
    shape = np.shape(_at_least(1, x))
    axis = normalize_axis_index(axis, len(shape))
    if chunks < 1:
        raise ValueError(f"chunks must be at least 1, got {chunks}")
    size = max(1, -(-shape[axis] // chunks))
    return _pieces(x, range(size, shape[axis], size), axis, equal=False)
