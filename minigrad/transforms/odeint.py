"""Ordinary differential equations, whose gradient is the solution of another one, backward in time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad import ops
from minigrad.graph import Value, array_of, value_of
from minigrad.operation import Op
from minigrad.ops.dtypes import floats, refuse_complex
from minigrad.transforms.flatten import flatten_tree
from minigrad.transforms.gradients import pullback
from minigrad.transforms.implicit import Limits, refuse_traced, sealed, stacked, tolerance, untracked
from minigrad.transforms.trees import fill, leaves
from minigrad.transforms.variables import check_function

# Dormand and Prince 1980: the times, the weights of each stage, and the difference of the solutions of order 5 and 4.
TIMES = (1 / 5, 3 / 10, 4 / 5, 8 / 9, 1.0, 1.0)
STAGES = (
    (1 / 5,),
    (3 / 40, 9 / 40),
    (44 / 45, -56 / 15, 32 / 9),
    (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729),
    (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656),
    (35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84),
)
ERROR = (71 / 57600, 0.0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40)


def odeint(
    func: Callable[..., Any],
    y0: Any,
    t: Any,
    *args: Any,
    rtol: float | None = None,
    atol: float | None = None,
    max_steps: int = 10_000,
) -> Any:
    """Solve ``y' = func(y, t, *args)`` with y(t[0]) = y0, by Dormand and Prince's method of order 5 with adaptive steps.

    The gradient is the adjoint method's, which keeps no steps: da/dt = −aᵀ ∂func/∂y is solved backward in time together
    with y (Chen et al., Neural Ordinary Differential Equations, 2018). It is as accurate as the tolerances.

    Parameters
    ----------
    func : callable
        Returns an array of the shape of y, or a list of its parts, and does not write into what it is given. What is to be
        differentiated is passed to it in `args`.
    y0 : array_like
        The initial value.
    t : array_like
        At least two times, in ascending or descending order.
    *args : array_like, or containers of them
        Floating.
    rtol, atol : float
        A step may be wrong by atol + rtol·|y| in each element. By default 1.4e-8, and for float32 and float16 eight times
        the smallest difference from 1. In the gradient, atol is relative to the largest element of the upstream gradient.
    max_steps : int
        How many steps to try from one time to the next.

    Returns
    -------
    Tensor or numpy.ndarray
        y at each time, along a new first axis; differentiated for y0, t and args, to any order.

    Raises
    ------
    RuntimeError
        If the steps become too many, as for a stiff equation, or `func` gives nan or infinity.
    TypeError
        If `func` depends on a tensor that is not among the arguments, whose gradient would be lost.
    ValueError
        If the times are not in order.

    Examples
    --------
    >>> from minigrad import grad
    >>> decay = lambda y, t, rate: -rate * y
    >>> print(odeint(decay, 1.0, [0.0, 1.0], 0.5).round(6))
    [1.       0.606531]
    >>> print(f"{grad(lambda rate: odeint(decay, 1.0, [0.0, 1.0], rate)[-1])(0.5):.6f}")
    -0.606531
    """
    check_function("odeint", func)
    refuse_traced("odeint", y0, t, *leaves(args))
    times, given = array_of(t), leaves(args)
    refuse_complex("odeint", y0, t, *given)
    if times.ndim != 1 or len(times) < 2 or not ((np.diff(times) > 0).all() or (np.diff(times) < 0).all()):
        raise ValueError(f"odeint: t is a vector of at least two times in order, got {times!r}")

    def of_leaves(y: Value, t: Value, *inputs: Value) -> Any:
        return stacked(func(y, t, *fill(args, iter(inputs))))

    (y0,), (t,) = floats(y0), floats(t)
    dtype = array_of(y0).dtype
    limits = Limits(tolerance(rtol, 1.4e-8, dtype), tolerance(atol, 1.4e-8, dtype), max_steps)
    return _odeint(y0, t, *given, f=of_leaves, limits=limits)


def _solution(*inputs: Value, f: Any, limits: Any) -> Value:
    """The solution at each time; the inputs are the initial value, the times and the arguments."""
    y, t, *given = inputs
    y = np.array(y)
    out = [y]
    step = float(t[1] - t[0]) / 100  # a number of Python, which leaves the dtype to y
    given = [sealed(v) for v in given]
    for start, end in zip(t[:-1].tolist(), t[1:].tolist(), strict=True):
        y, step = _advance(f, y, start, end, step, given, limits)
        out.append(y)
    return np.stack(out)


def _advance(
    f: Any, y: Value, t: float, end: float, step: float, inputs: Sequence[Value], limits: Limits
) -> tuple[Value, float]:
    """The solution at the end, and the last step that was chosen freely."""
    rtol, atol, most, _ = limits

    def slope(y: Value, t: float) -> Value:
        return untracked("odeint", f(sealed(y), np.float64(t), *inputs), y)

    first = slope(y, t)
    if not (np.isfinite(y).all() and np.isfinite(first).all()):
        raise RuntimeError(f"odeint: y or the slope that the function gave at t = {t:.6g} is nan or infinite")
    for n in range(1, most + 1):
        last = abs(step) >= abs(end - t)
        h = end - t if last else step
        slopes = [first]
        for time, weights in zip(TIMES, STAGES, strict=True):
            new = y + h * sum(w * k for w, k in zip(weights, slopes, strict=True) if w)
            slopes.append(slope(new, t + time * h))
        wrong = h * sum(w * k for w, k in zip(ERROR, slopes, strict=True) if w)
        size = np.abs(wrong) / (atol + rtol * np.maximum(np.abs(y), np.abs(new)))
        ratio = float(np.sqrt(np.mean(np.square(size)))) if y.size else 0.0
        factor = min(10.0, max(0.2, 0.9 * ratio**-0.2)) if ratio > 0 else 10.0
        if not np.isfinite(ratio):
            factor = 0.2
        if ratio <= 1:
            y, t, first = new, t + h, slopes[-1]
            if last:
                return y, step
        step = h * factor
        if t + step == t:
            if not np.isfinite(ratio):
                raise RuntimeError(f"odeint: beyond t = {t:.6g} the function gives nan or infinity, however short the step")
            most = n
            break
    raise RuntimeError(
        f"odeint: {most} steps led only to t = {t:.6g} on the way to {end:.6g}; the equation may be stiff, or its solution "
        "infinite; try larger tolerances or max_steps"
    )


_odeint: Op[...] = Op(_solution, called="odeint", hidden=("f", "limits"))
_odeint.name = "odeint"


@_odeint.joint_rule
def _odeint_rule(needed: Sequence[bool], g: Value, out: Value, *inputs: Value, f: Any, limits: Any) -> Sequence[Value]:
    _, t, *given = inputs

    def backward(state: Value, time: Value, *inputs: Value) -> Any:
        """The slopes of y, of its adjoint and of the gradients of the arguments."""
        y, a, *_ = unflatten(state)
        slope, back = pullback("odeint", lambda y, *inputs: f(y, time, *inputs), y, *inputs)
        return flatten_tree([slope, *(-v for v in back(a))])[0]

    # All of this is linear in g: the tolerances are for one of the size of 1.
    scale = float(np.abs(value_of(g)).max(initial=0.0))
    scale = scale if 0 < scale < np.inf else 1.0
    g = g / scale
    a, totals = g[-1], [x * 0.0 for x in given]
    moved = []  # a later time moves the value there along its slope, and an earlier start the whole solution back
    for i in range(len(t) - 1, 0, -1):
        moved.append(ops.sum(g[i] * f(out[i], t[i], *given)))
        state, unflatten = flatten_tree([out[i], a, *totals])
        _, a, *totals = unflatten(_odeint(state, t[i - 1 : i + 1][::-1], *given, f=backward, limits=limits)[-1])
        if i > 1:
            a = a + g[i - 1]
    moved.append(-ops.sum(a * f(out[0], t[0], *given)))
    return [v * scale for v in (a + g[0], ops.stack(moved[::-1]), *totals)]
