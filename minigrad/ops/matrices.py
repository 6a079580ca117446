"""Functions of `numpy.linalg` that are in `numpy` too, but for other axes: the last two, for a stack of matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minigrad.graph import ArrayLike
from minigrad.operation import composed
from minigrad.ops import indexing, linalg

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from minigrad.graph import Tensor


@composed
def diagonal(x: ArrayLike, *, offset: int = 0) -> Tensor:
    """Diagonal of the matrices in the last two axes; ``np.diagonal`` takes the first two.

    >>> diagonal(Tensor([[[1.0, 2.0], [3.0, 4.0]]]))
    Tensor([[1., 4.]])
    """
    return indexing.diagonal(x, offset, -2, -1)


@composed
def trace(x: ArrayLike, *, offset: int = 0, dtype: DTypeLike | None = None) -> Tensor:
    """Trace of the matrices in the last two axes; ``np.trace`` takes the first two.

    >>> trace(Tensor([[[1.0, 2.0], [3.0, 4.0]]]))
    Tensor([5.])
    """
    return linalg.trace(x, offset, -2, -1, dtype=dtype)
