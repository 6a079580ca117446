"""Selection between several choices or functions, built on `where`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from minigrad.graph import ArrayLike, array_of, value_of
from minigrad.operation import composed
from minigrad.ops.dtypes import assigned, of_one_kind
from minigrad.ops.elementwise import where
from minigrad.ops.indexing import getitem, scatter
from minigrad.ops.shape import broadcast_to, ravel, reshape

if TYPE_CHECKING:
    from minigrad.graph import Tensor


@composed
def select(conditions: Sequence[ArrayLike], choices: Sequence[ArrayLike], default: ArrayLike = 0) -> Tensor:
    """Select the choice of the first true condition, else the default; gradients as in `where`.

    ``np.select`` looks for tensors among the choices alone; the default may be one here.

    >>> x = Tensor([-3.0, 0.5, 4.0])
    >>> select([x < 0, x > 1], [-x, x**2])
    Tensor([ 3.,  0., 16.])
    """
    if len(conditions) != len(choices) or not len(choices):
        raise ValueError(f"needs a choice for each condition, got {len(conditions)} and {len(choices)}")
    *choices, result = of_one_kind(*choices, default)
    for condition, choice in zip(conditions[::-1], choices[::-1], strict=True):
        result = where(condition, choice, result)
    return cast("Tensor", result)


@composed
def choose(a: ArrayLike, choices: ArrayLike | Sequence[ArrayLike], *, mode: str = "raise") -> Tensor:
    """Select from the choice that an index names, element by element; gradients as in `where`.

    An index out of range is an error, or by `mode` is wrapped round or clipped.

    >>> choose([0, 1, 0], [Tensor([1.0, 2.0, 3.0]), 10.0])
    Tensor([ 1., 10.,  3.])
    """
    index, count = array_of(a), len(choices)  # type: ignore[arg-type]
    if index.dtype.kind not in "iub":
        raise TypeError(f"the indices must be integers, got {index.dtype}")
    if mode not in ("raise", "wrap", "clip"):
        raise ValueError(f"mode is 'raise', 'wrap' or 'clip', got {mode!r}")
    if mode == "raise" and np.any((index < 0) | (index >= count)):
        raise ValueError(f"an index is out of range for {count} choices; mode='wrap' or 'clip' takes any")
    index = index % count if mode == "wrap" else np.clip(index, 0, count - 1)
    return select([index == i for i in range(count)], list(choices), choices[-1])  # type: ignore[arg-type, index]


@composed
def piecewise(x: ArrayLike, condlist: Any, funclist: Sequence[Any], *args: Any, **options: Any) -> Tensor:
    """Piecewise function: where a condition holds, its function of those elements alone; the last true condition counts.

    One function more than conditions is for the other elements. A function may be a number, or a tensor of one.

    >>> x = Tensor([-2.0, 3.0])
    >>> piecewise(x, [x < 0, x >= 0], [lambda x: x**2, 7.0])
    Tensor([4., 7.])
    """
    shape = np.shape(x)
    several = np.ndim(condlist) and (np.ndim(condlist[0]) or not shape)
    conditions = [np.ravel(value_of(c)).astype(bool) for c in (condlist if several else [condlist])]
    if len(funclist) == len(conditions) + 1:
        conditions.append(~np.any(conditions, axis=0))
    if len(funclist) != len(conditions):
        raise ValueError(f"needs a function for each condition, got {len(funclist)} for {len(conditions)}")
    flat = ravel(x)
    out: Any = where(False, flat, assigned(0.0, x, "functions"))
    for condition, function in zip(conditions, funclist, strict=True):
        if callable(function):
            if not np.any(condition):
                continue
            piece = broadcast_to(function(getitem(flat, condition), *args, **options), (int(np.sum(condition)),))
            function = scatter(piece, condition, np.shape(flat))
        out = where(condition, assigned(function, x, "functions"), out)
    return reshape(out, shape)
