"""Optimisers over trees of plain parameters, for functions in place of modules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.graph import value_of
from minigrad.optim.algorithms import Adam
from minigrad.optim.optimizer import Optimizer
from minigrad.tensor import Tensor
from minigrad.transforms.trees import fill, leaves, matched


def minimize(
    gradient: Callable[[Any, int], Any],
    params: Any,
    optimizer: Callable[..., Optimizer] = Adam,
    *,
    steps: int = 100,
    callback: Callable[[Any, int, Any], object] | None = None,
    **settings: Any,
) -> Any:
    """Take steps of an optimiser from `params`, and return the parameters after the last one.

    Parameters
    ----------
    gradient : callable
        Takes the parameters and the number of the step; returns the gradient in the same containers, as the `grad` of a loss
        of both does.
    params : array_like, or dict, list, tuple, named tuple or dataclass of them
        Where to start; it is not changed.
    optimizer : callable
        One of the classes of `minigrad.optim`.
    steps : int
        How many steps to take.
    callback : callable, optional
        Is given the parameters before each step, its number and the gradient.
    **settings
        Those of the optimiser, such as `lr`.

    Returns
    -------
    The same containers of arrays.

    Raises
    ------
    TypeError
        If the gradient has other containers than the parameters, or is complex where a parameter is real.
    ValueError
        If a gradient has another shape than its parameter; nothing is changed by that step.

    Examples
    --------
    >>> loss = lambda p, step: (p["w"] - 3) ** 2 + p["b"] ** 2
    >>> found = mg.optim.minimize(mg.grad(loss), {"w": 0.0, "b": 1.0}, mg.optim.SGD, steps=50, lr=0.1)
    >>> print(f"{found['w']:.3f} {found['b']:.3f}")
    3.000 0.000
    """
    variables = [Tensor(value_of(leaf)) for leaf in leaves(params)]
    stepper = optimizer(variables, **settings)

    def now() -> Any:
        return fill(params, iter([np.array(v.value)[()] for v in variables]))

    for step in range(steps):
        at = now()
        found = gradient(at, step)
        if callback is not None:
            callback(at, step, found)
        for variable, g in zip(variables, matched(params, found, "minimize: the gradient"), strict=True):
            if np.iscomplexobj(g := value_of(g)) and variable.dtype.kind != "c":
                raise TypeError(f"minimize: the gradient of a parameter of dtype {variable.dtype} is complex")
            variable.grad = np.asarray(g, variable.dtype)[()]
        stepper.step()
    return now()
