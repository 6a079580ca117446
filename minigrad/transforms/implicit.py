"""Fixed points, whose gradient follows from the equation they solve and not from the steps that found them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from minigrad import ops
from minigrad.graph import Node, Value, as_array, value_of
from minigrad.operation import Op
from minigrad.ops.dtypes import floats, refuse_complex
from minigrad.tracing import holds, refuse
from minigrad.transforms.gradients import pullback
from minigrad.transforms.trees import fill, leaves
from minigrad.transforms.variables import check_function


def fixed_point(
    f: Callable[..., Any],
    x0: Any,
    *args: Any,
    rtol: float | None = None,
    atol: float | None = None,
    max_steps: int = 10_000,
) -> Any:
    """The fixed point ``x = f(x, *args)``, found by repeating it from `x0`.

    The gradient needs no steps to go back through: with J the Jacobian of f for x, the upstream gradient g at x
    becomes u = g + Jᵀu, a fixed point too, and goes on through f to the arguments. It converges as fast as the steps do.

    Parameters
    ----------
    f : callable
        Returns an array of the shape of `x0`, or a list of its parts, and does not write into what it is given. What is to
        be differentiated is passed to it in `args`.
    x0 : array_like
        Where to start; its gradient is 0.
    *args : array_like, or containers of them
        Floating; a fixed point is differentiated for these, to any order.
    rtol, atol : float
        A step of at most atol + rtol·|x| in every element is the last. By default 1e-10, and for float32 and float16 eight
        times the smallest difference from 1. In the gradient, atol is relative to the largest element of u.
    max_steps : int
        How many steps to try.

    Returns
    -------
    Tensor or numpy.ndarray
        A tensor if one is among the arguments.

    Raises
    ------
    RuntimeError
        If the steps do not converge, or come to nan or infinity.
    TypeError
        If `f` depends on a tensor that is not among the arguments, whose gradient would be lost.

    Examples
    --------
    >>> from minigrad import grad
    >>> heron = lambda x, a: (x + a / x) / 2  # whose fixed point is the square root of a
    >>> print(fixed_point(heron, 1.0, 9.0))
    3.0
    >>> print(f"{grad(lambda a: fixed_point(heron, 1.0, a))(9.0):.6f}")
    0.166667
    """
    check_function("fixed_point", f)
    refuse_traced("fixed_point", x0, *leaves(args))
    refuse_complex("fixed_point", x0, *leaves(args))

    def of_leaves(x: Value, *inputs: Value) -> Any:
        return stacked(f(x, *fill(args, iter(inputs))))

    (start,) = floats(value_of(x0))
    start = np.array(start)
    bounds = (tolerance(rtol, 1e-10, start.dtype), tolerance(atol, 1e-10, start.dtype))
    return _solve(of_leaves, start, leaves(args), Limits(*bounds, max_steps))


class Limits(NamedTuple):
    """When the steps end."""

    rtol: float
    atol: float
    most: int
    relative: bool = False  # whether atol is a part of the largest element, as suits what scales with a gradient


def tolerance(given: float | None, usual: float, dtype: Any) -> float:
    """A tolerance; the usual one is not below what the dtype can tell apart."""
    return max(usual, 8 * float(np.finfo(dtype).eps)) if given is None else given


def stacked(y: Any) -> Any:
    """What a function returned; its parts in a list or tuple as one array."""
    return ops.stack([stacked(part) for part in y]) if isinstance(y, list | tuple) and y else y


def sealed(x: Value) -> Value:
    """A view that a function cannot write into, 0-d as a NumPy scalar."""
    if type(x) is not np.ndarray or x.ndim == 0:
        return x[()] if type(x) is np.ndarray else x
    view = x.view()
    view.flags.writeable = False
    return view


def refuse_traced(who: str, *given: Any) -> None:
    """Refuse to be a step of a program."""
    if holds([value_of(x) for x in given]):
        refuse(f"{who} cannot be compiled: how many steps it takes depends on the values; call it outside")


def _solve(f: Callable[..., Any], start: Value, inputs: Sequence[Any], limits: Limits) -> Any:
    return _fixed_point(*inputs, f=f, start=start, limits=limits) if inputs else _steps(f, start, (), limits)


def _steps(f: Callable[..., Any], x: Value, inputs: Sequence[Value], limits: Limits) -> Value:
    """Repeat f on plain arrays until it does not change x any more."""
    rtol, atol, most, relative = limits
    inputs = [sealed(v) for v in inputs]
    advice = (
        "f is to bring any two points near the solution closer together (damp it, as with (x + f(x))/2, or start nearer)"
    )
    for n in range(most):
        new = untracked("fixed_point", f(sealed(x), *inputs), x)
        size = np.abs(new)
        if not np.isfinite(size).all():
            what = "the gradient's step" if relative else "step"
            raise RuntimeError(f"fixed_point: {what} {n + 1} gave nan or infinity; {advice}")
        least = atol * float(size.max(initial=0.0)) if relative else atol
        done = (np.abs(new - x) <= least + rtol * size).all()
        x = new
        if done:
            return x[()]
    raise RuntimeError(f"fixed_point: {most} steps did not converge; {advice}")


def untracked(who: str, y: Any, like: Value) -> Any:
    """What a function gave for plain arrays, as an array of its own, of the shape and dtype of another.

    A tracked result tells of a tensor that the function was not given.
    """
    if isinstance(y, Node) and y.requires_grad:
        raise TypeError(f"{who}: the function depends on a tensor that is not among its arguments; pass it as one")
    refuse_traced(who, y)
    refuse_complex(f"{who}: what the function returned", y)
    value = np.array(
        as_array(value_of(y), f"{who}: what the function returned")
    )  # a copy: the function may keep what it returned, and write into it
    if value.shape != like.shape:
        raise ValueError(f"{who}: the function returned shape {value.shape} for {like.shape}")
    return value.astype(like.dtype, copy=False)


def _forward(*inputs: Value, f: Any, start: Value, limits: Any) -> Value:
    """A fixed point of f."""
    return _steps(f, start, inputs, limits)


_fixed_point: Op[...] = Op(_forward, called="fixed_point", hidden=("f", "start", "limits"))
_fixed_point.name = "fixed_point"


def _of_adjoint(limits: Limits, x: Value) -> Limits:
    """The limits of the steps to u: as many digits as those of x have."""
    if limits.relative:
        return limits
    atol = limits.atol / max(1.0, float(np.abs(x).max(initial=0.0)))
    return limits._replace(atol=max(atol, 4 * float(np.finfo(x.dtype).eps)), relative=True)


@_fixed_point.joint_rule
def _fixed_point_rule(
    needed: Sequence[bool], g: Value, out: Value, *inputs: Value, f: Any, start: Value, limits: Any
) -> Sequence[Value]:
    def adjoint(u: Value, g: Value, x: Value, *inputs: Value) -> Any:
        return g + pullback("fixed_point", lambda x: f(x, *inputs), x)[1](u)[0]

    u = _solve(adjoint, np.zeros_like(value_of(g)), [g, out, *inputs], _of_adjoint(limits, value_of(out)))
    _, back = pullback("fixed_point", lambda *inputs: f(out, *inputs), *inputs)
    found: Sequence[Value] = back(u)
    return found
