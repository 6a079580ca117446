"""Fixed points, whose gradient follows from the equation they solve and not from the steps that found them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.graph import Node, Value, value_of
from minigrad.operation import Op
from minigrad.ops.dtypes import floats, refuse_complex
from minigrad.transforms.gradients import vjp
from minigrad.transforms.trees import fill, leaves
from minigrad.transforms.variables import check_function


def fixed_point(
    f: Callable[..., Any], x0: Any, *args: Any, rtol: float = 1e-10, atol: float = 1e-10, max_steps: int = 10_000
) -> Any:
    """The fixed point x = f(x, *args), found by repeating x ← f(x, *args) from `x0`.

    The gradient needs no steps to go back through: with J the Jacobian of f for x, the upstream gradient g at x
    becomes u = g + Jᵀu, a fixed point too, and goes on through f to the arguments. It converges as fast as the steps do.

    Parameters
    ----------
    f : callable
        Returns an array of the shape of `x0`. What is to be differentiated is passed to it in `args`.
    x0 : array_like
        Where to start; its gradient is 0.
    *args : array_like, or containers of them
        Floating; a fixed point is differentiated for these, to any order.
    rtol, atol : float
        A step of at most atol + rtol·|x| in every element is the last.
    max_steps : int
        How many steps to try.

    Returns
    -------
    Tensor or numpy.ndarray
        A tensor if one is among the arguments.

    Raises
    ------
    RuntimeError
        If the steps do not converge.
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
    refuse_complex("fixed_point", x0, *leaves(args))

    def of_leaves(x: Value, *inputs: Value) -> Any:
        return f(x, *fill(args, iter(inputs)))

    (start,) = floats(value_of(x0))
    return _solve(of_leaves, np.array(start), leaves(args), (rtol, atol, max_steps))


def _solve(f: Callable[..., Any], start: Value, inputs: Sequence[Any], limits: tuple[float, float, int]) -> Any:
    return _fixed_point(*inputs, f=f, start=start, limits=limits) if inputs else _steps(f, start, (), limits)


def _steps(f: Callable[..., Any], x: Value, inputs: Sequence[Value], limits: tuple[float, float, int]) -> Value:
    """Repeat f on plain arrays until it does not change x any more."""
    rtol, atol, most = limits
    for _ in range(most):
        new = untracked("fixed_point", f(x, *inputs), np.shape(x)).astype(x.dtype)
        if not np.isfinite(new).all():
            break
        done = (np.abs(new - x) <= atol + rtol * np.abs(new)).all()
        x = new
        if done:
            return x[()]
    raise RuntimeError(
        f"fixed_point: {most} steps did not converge, or left the finite numbers; f is to bring any two points near the "
        "solution closer together (damp it, as with (x + f(x))/2, or start nearer)"
    )


def untracked(who: str, y: Any, shape: tuple[int, ...]) -> Any:
    """What a function gave for plain arrays, as an array; a tracked result tells of a tensor that it was not given."""
    if isinstance(y, Node) and y.requires_grad:
        raise TypeError(f"{who}: the function depends on a tensor that is not among its arguments; pass it as one")
    value = np.asarray(value_of(y))
    if value.shape != shape:
        raise ValueError(f"{who}: the function returned shape {value.shape} for {shape}")
    return value


def _forward(*inputs: Value, f: Any, start: Value, limits: Any) -> Value:
    """A fixed point of f."""
    return _steps(f, start, inputs, limits)


_fixed_point: Op[...] = Op(_forward, called="fixed_point", hidden=("f", "start", "limits"))
_fixed_point.name = "fixed_point"


@_fixed_point.joint_rule
def _fixed_point_rule(
    needed: Sequence[bool], g: Value, out: Value, *inputs: Value, f: Any, start: Value, limits: Any
) -> Sequence[Value]:
    def adjoint(u: Value, g: Value, x: Value, *inputs: Value) -> Any:
        return g + vjp(lambda x: f(x, *inputs), x)[1](u)[0]

    u = _solve(adjoint, np.zeros_like(value_of(g)), [g, out, *inputs], limits)
    _, back = vjp(lambda *inputs: f(out, *inputs), *inputs)
    found: Sequence[Value] = back(u)
    return found
