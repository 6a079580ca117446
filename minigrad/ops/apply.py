"""Functions applied along axes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from minigrad.graph import ArrayLike
from minigrad.operation import composed
from minigrad.ops.indexing import getitem
from minigrad.ops.joining import stack
from minigrad.ops.shape import broadcast_to, expand_dims, moveaxis, reshape

if TYPE_CHECKING:
    from minigrad.graph import Tensor


@composed
def apply_along_axis(func1d: Callable[..., Any], axis: int, x: ArrayLike, *args: Any, **options: Any) -> Tensor:
    """Apply a function to each line along an axis, and join its results, which take the place of that axis.

    >>> apply_along_axis(lambda line: line[0] * line, 0, Tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([[1., 4.],
            [3., 8.]])
    """
    axis = normalize_axis_index(axis, np.ndim(x))
    lines = moveaxis(x, axis, -1)
    rest = np.shape(lines)[:-1]
    if 0 in rest:
        raise ValueError(f"there is no line along axis {axis} of shape {np.shape(x)}")
    results = [func1d(getitem(lines, index), *args, **options) for index in np.ndindex(rest)]
    shape = np.shape(results[0])
    joined = reshape(stack(results), (*rest, *shape))
    return moveaxis(joined, tuple(range(-len(shape), 0)), tuple(range(axis, axis + len(shape))))


@composed
def apply_over_axes(func: Callable[..., Any], x: ArrayLike, axes: int | Sequence[int]) -> Tensor:
    """Apply a reduction, ``func(x, axis)``, along one axis after the other, which keep length 1.

    >>> apply_over_axes(np.sum, Tensor([[1.0, 2.0], [3.0, 4.0]]), [0, 1])
    Tensor([[10.]])
    """
    ndim = np.ndim(x)
    out: Any = broadcast_to(x, np.shape(x))
    for axis in (axes,) if isinstance(axes, int | np.integer) else axes:
        axis = normalize_axis_index(int(axis), ndim)
        reduced = func(out, axis)
        out = reduced if np.ndim(reduced) == ndim else expand_dims(reduced, axis)
        if np.ndim(out) != ndim:
            raise ValueError(
                f"the function must keep the axes or remove one, and made shape {np.shape(reduced)} of {ndim} axes"
            )
    return cast("Tensor", out)
