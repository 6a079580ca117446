"""Operations of one's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minigrad.graph import OPS, Op


def op(
    forward: Callable[..., Any] | None = None, /, *, elementwise: bool = False, saves: bool = False, routes: bool = False
) -> Any:
    """Declare an operation of your own: a forward, and beside it a gradient rule for each input. Four lines.

    Use it where a gradient is to be something else than what the operations inside would give: faster, safer near a
    singular point, or not the true one. The forward is plain NumPy code. What comes before the ``/`` is an input; all other
    arguments, such as an axis, are not differentiated for. A rule is the vector-Jacobian product for one input: told the
    upstream gradient `g`, the result, the inputs and the other arguments, it gives the downstream gradient, linear in `g`. A
    rule written with operators and functions that record, NumPy's or minigrad's, is differentiated itself for higher orders.

    Parameters
    ----------
    forward : callable
        Takes arrays or NumPy scalars, gives one.
    elementwise : bool
        Each number of the result depends on the number in its own place alone, after broadcasting. A drawing then writes the
        local gradient on the edge, and a Jacobian takes all its rows through at once.
    saves : bool
        The forward returns ``(out, saved)``, and the rules are given `saved` by name: None in a sweep that is itself
        recorded, where they must compute it from the inputs again.
    routes : bool
        It picks between its inputs: an upstream gradient of 0 then stays 0 behind it, even where the local gradient of
        what was not picked is nan or infinite.

    Returns
    -------
    Op
        The operation, in place of the forward. Give it rules with ``.rules(...)``, one for each input, in order. For plain
        arrays it is its forward and nothing more; with a tensor it records.

    Raises
    ------
    TypeError
        If the forward marks no inputs, if it has the name of one of minigrad's own, or if a gradient is asked for without
        rules.

    Examples
    --------
    >>> import numpy as np
    >>> @op(elementwise=True)
    ... def sinc(x, /):
    ...     return np.sin(x) / x
    >>> sinc.rules(lambda g, out, x: g * (np.cos(x) - out) / x)

    It records, is checked and drawn, and differentiates to any order:

    >>> gradcheck(sinc, [1.0, 2.0], order=2)
    True
    >>> print(f"{grad(sinc)(2.0):.4f} {grad(grad(sinc))(2.0):.4f}")
    -0.4354 -0.0193
    >>> '>sinc<' in draw(sinc(Tensor(2.0))).svg
    True

    Two inputs and an axis; broadcasting needs no care, since the sweep sums a gradient back to the shape of its input:

    >>> @op
    ... def weighed_sum(x, w, /, *, axis=-1):
    ...     return np.sum(x * w, axis=axis)
    >>> weighed_sum.rules(
    ...     lambda g, out, x, w, axis: np.expand_dims(g, axis) * w,
    ...     lambda g, out, x, w, axis: np.expand_dims(g, axis) * x,
    ... )
    >>> gradcheck(lambda x, w: weighed_sum(x, w, axis=0), np.ones((2, 3)), np.array([[0.3], [0.7]]))
    True

    A gradient that is not the true one, so that steps can be learned through:

    >>> @op(elementwise=True)
    ... def straight_through(x, /):
    ...     return np.round(x)
    >>> straight_through.rules(lambda g, out, x: g)
    >>> print(grad(lambda x: straight_through(x) ** 2)(2.7))
    6.0
    """
    if forward is None:
        return lambda forward: op(forward, elementwise=elementwise, saves=saves, routes=routes)
    if not callable(forward) or not hasattr(forward, "__code__"):
        raise TypeError(f"op: the forward is a Python function, got {type(forward).__name__}")
    name = forward.__name__.strip("_")
    if name in OPS and OPS[name].__module__.startswith("minigrad."):
        raise TypeError(f"op: minigrad has an operation {name} of its own; give yours another name")
    made = Op(forward, elementwise=elementwise, saves=saves, routes=routes)
    if not made.arity:
        del OPS[name]
        raise TypeError(f"op: {name} marks no inputs; put a / behind what is to be differentiated: def {name}(x, /)")

    def missing(*_: Any, **__: Any) -> Any:
        raise TypeError(f"{name} has no gradient rules; give it one for each input: {name}.rules(lambda g, out, ...: ...)")

    made.rules(*[missing] * made.arity)
    return made
