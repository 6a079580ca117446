"""Gradients of functions: a function of numbers and arrays goes in, a function that gives its derivative comes out.

The function is written in NumPy's names or minigrad's, with Python's own ``if``, ``while`` and recursion: what is recorded
is what was computed. The names and the order of arguments are those of JAX and autograd.

What is plain stays plain: for numbers and arrays the derivative is made of NumPy's; for tensors it is made of tensors, and
recorded. Inside another transform it is recorded where it must be, so transforms nest: ``grad(grad(f))``.
"""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np

from minigrad.backward import sweep
from minigrad.graph import Node, constant, value_of
from minigrad.tensor import Tensor
from minigrad.transforms.trees import kind, leaves, tree_map
from minigrad.transforms.variables import (
    Argnums,
    Function,
    Run,
    check_function,
    matching,
    named,
    parted,
    recorded,
    weighed,
)


def value_and_grad(f: Function, argnums: Argnums = 0, has_aux: bool = False, *, holomorphic: bool = False) -> Function:
    """The function that gives both the value of `f` and its gradient, from one run of it.

    Parameters
    ----------
    f : callable
        Returns one number: a 0-d tensor.
    argnums : int or tuple of int
        Which positional arguments to differentiate for; negative ones count from the end. An argument is a number, an
        array, or a dict, list, tuple, named tuple or dataclass of arguments. Where a field of a dataclass is to be left as
        it is, declare it with ``field(metadata={"static": True})``.
    has_aux : bool
        `f` returns a pair: the number, and anything else to be handed through.
    holomorphic : bool
        `f` is complex differentiable, and its arguments and results are complex.

    Returns
    -------
    callable
        Takes the arguments of `f`; gives ``(value, gradient)``, or ``((value, aux), gradient)``. The gradient has the shape,
        dtype and containers of its argument, in a tuple if `argnums` is one. Where `f` does not depend on it, it is 0.

    Raises
    ------
    TypeError
        On a call: if an argument does not hold floats or complex numbers, `argnums` names one that is not there, `f` returns
        no number, or a complex one without `holomorphic`.
    ValueError
        On a call: if `f` returns an array of several numbers; `jacobian` and `elementwise_grad` are for those.

    Notes
    -----
    A tensor that `f` refers to without taking it as an argument is a constant to it, and its ``.grad`` is left alone; only
    inside another transform, which may be differentiating for it, is the gradient recorded as depending on it. To go
    through a gradient with ``.backward()``, pass the tensors as arguments: then the gradient is made of tensors too.

    The gradient for complex numbers is ∂f/∂x − i ∂f/∂y; see `minigrad.ops.complex`.

    Examples
    --------
    >>> import numpy as np
    >>> value_and_grad(lambda x: np.sum(x**3))(np.array([1.0, 2.0]))
    (np.float64(9.0), array([ 3., 12.]))

    As it is, it serves SciPy:

    >>> from scipy.optimize import minimize
    >>> def rosenbrock(x):
    ...     return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)
    >>> print(minimize(value_and_grad(rosenbrock), np.zeros(4), jac=True).x.round(3))
    [1. 1. 1. 1.]
    """
    return differentiate("value_and_grad", f, argnums, has_aux, holomorphic)


def differentiate(who: str, f: Function, argnums: Argnums, has_aux: bool, holomorphic: bool = False) -> Function:
    """`value_and_grad`, under the name that its messages give."""
    check_function(who, f, argnums)

    def both(*args: Any, **options: Any) -> Any:
        run = Run(who, f, args, options, argnums, has_aux)
        y = check_number(who, run.result)
        run.check_parts(who, holomorphic)
        found: dict[Node, Any] = {}
        if run.outputs:
            one = y.value.dtype.type(1)
            seed = constant(one, Tensor) if run.again else one
            # The path from the variables is nobody else's, so it may be freed as the sweep goes.
            found = sweep(y, seed, create_graph=run.again, retain_graph=run.again, wrt=run.variables)
        run.link()
        value, gradients = run.given(y), run.gradients(found)
        return ((value, run.given(run.aux)), gradients) if has_aux else (value, gradients)

    return named(who, f, both)


def check_number(who: str, y: Any) -> Any:
    """The result of a function that must return one number."""
    if not isinstance(y, Node | int | float | np.ndarray | np.generic):
        raise TypeError(f"{who}: the function must return one number, a 0-d tensor, got {kind(y)}")
    if np.shape(value_of(y)):
        raise ValueError(
            f"{who}: the function must return one number, got an array of shape {np.shape(value_of(y))}; reduce it, as with "
            ".sum(), or use jacobian for all its derivatives, elementwise_grad if each output has an input of its own"
        )
    return y


def grad(f: Function, argnums: Argnums = 0, has_aux: bool = False, *, holomorphic: bool = False) -> Function:
    """The gradient of a function that returns one number, as a function of the same arguments.

    Parameters
    ----------
    f : callable
        Returns one number: a 0-d tensor.
    argnums : int or tuple of int
        Which positional arguments to differentiate for, as in `value_and_grad`.
    has_aux : bool
        `f` returns a pair: the number, and anything else to be handed through.
    holomorphic : bool
        As in `value_and_grad`.

    Returns
    -------
    callable
        Takes the arguments of `f`; gives the gradient, or ``(gradient, aux)``. See `value_and_grad`.

    Raises
    ------
    TypeError, ValueError
        As in `value_and_grad`.

    Examples
    --------
    >>> import numpy as np
    >>> grad(np.tanh)(0.0), grad(grad(np.sin))(np.pi / 2)
    (np.float64(1.0), np.float64(-1.0))
    >>> loss = lambda p, x, y: np.mean((p["slope"] * x + p["offset"] - y) ** 2)
    >>> grad(loss)({"slope": 2.0, "offset": 0.0}, np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    {'slope': np.float64(7.0), 'offset': np.float64(4.0)}
    >>> grad(lambda z: z**2, holomorphic=True)(1.0 + 2.0j), grad(lambda z: abs(z) ** 2)(1.0 + 2.0j)
    (np.complex128(2+4j), np.complex128(2-4j))
    """
    return gradient("grad", f, argnums, has_aux, holomorphic)


def gradient(who: str, f: Function, argnums: Argnums, has_aux: bool = False, holomorphic: bool = False) -> Function:
    """`grad`, under the name that its messages give."""
    both = differentiate(who, f, argnums, has_aux, holomorphic)

    def only(*args: Any, **options: Any) -> Any:
        value, g = both(*args, **options)
        return (g, value[1]) if has_aux else g

    return named(who, f, only)


def elementwise_grad(f: Function, argnums: Argnums = 0, *, holomorphic: bool = False) -> Function:
    """The derivative of a function of arrays in which each output depends on the input in its own place.

    It is the gradient of the sum of the outputs, in one sweep; where an output does depend on several inputs, that is the
    column sums of the Jacobian.

    Parameters
    ----------
    f : callable
        Returns an array, or containers of arrays.
    argnums : int or tuple of int
        Which positional arguments to differentiate for, as in `value_and_grad`.
    holomorphic : bool
        As in `value_and_grad`.

    Returns
    -------
    callable
        Takes the arguments of `f`; gives the derivative, of the argument's shape.

    Raises
    ------
    TypeError
        As in `value_and_grad`.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.linspace(0.0, np.pi, 3)
    >>> print(elementwise_grad(np.sin)(x))
    [ 1.000000e+00  6.123234e-17 -1.000000e+00]
    """
    who = "elementwise_grad"
    check_function(who, f, argnums)

    def derivative(*args: Any, **options: Any) -> Any:
        run = Run(who, f, args, options, argnums)
        run.check_parts(who, holomorphic)
        found = weighed(run.outputs, [np.ones_like(y.value)[()] for y in run.outputs], run.variables, run.again)
        run.link()
        return run.gradients(found)

    return named(who, f, derivative)


def vjp(f: Function, *primals: Any, has_aux: bool = False) -> Any:
    """The value of `f`, and a function that takes a gradient of its output back to its inputs: the vector-Jacobian product.

    Parameters
    ----------
    f : callable
        Returns an array, or containers of arrays.
    *primals : array_like
        Where to differentiate: numbers, arrays or containers of them.
    has_aux : bool
        `f` returns a pair: what is differentiated, and anything else to be handed through.

    Returns
    -------
    out
        The value ``f(*primals)``.
    vjp_fn : callable
        Takes an upstream gradient, of the shapes and containers of `out`; gives a tuple with the downstream gradient of
        each of the primals. Each call is one sweep of the same recorded run.
    aux
        If `has_aux`, what else `f` returned.

    Raises
    ------
    TypeError, ValueError
        If the primals hold no floats; on a call of `vjp_fn`, if the upstream gradient does not match `out`.

    Examples
    --------
    >>> import numpy as np
    >>> out, back = vjp(lambda a, x: a * np.exp(x), 2.0, np.zeros(3))
    >>> print(out)
    [2. 2. 2.]
    >>> print(*back([1.0, 0.0, 2.0]))
    3.0 [2. 0. 4.]
    """
    return pullback("vjp", f, *primals, has_aux=has_aux)


def pullback(who: str, f: Function, *primals: Any, has_aux: bool = False) -> Any:
    """`vjp`, under the name that its messages give.

    Between the sweeps of a solver's own pullback its variables are hidden. Not those of a pullback that users hold: threads
    may sweep it at the same time.
    """
    check_function(who, f)
    hides = who != "vjp"
    if not primals:
        raise TypeError(f"{who}: pass the arguments to differentiate for after the function")
    run = Run(who, f, primals, {}, tuple(range(len(primals))), has_aux)
    run.link(swept=False)
    if hides:
        run.hide(True)

    def vjp_fn(upstream: Any) -> Any:
        """The gradient of each of the primals, from one of the output."""
        weights = matching(run.result, upstream, "vjp_fn: the upstream gradient")
        one = copy(run)
        one.join(weights)
        if hides:
            run.hide(False)
        try:
            return one.gradients(weighed(leaves(run.result), weights, run.variables, one.again))
        finally:
            if hides:
                run.hide(True)

    out = run.given(run.result)
    return (out, vjp_fn, run.given(run.aux)) if has_aux else (out, vjp_fn)


def jvp(f: Function, primals: Any, tangents: Any, has_aux: bool = False) -> Any:
    """The value of `f`, and its derivative along a direction: the Jacobian-vector product.

    The vector-Jacobian product is linear in the upstream gradient, and its gradient for that, weighed by the tangents, is
    the Jacobian-vector product. So a call costs a run of `f`, a recorded sweep and a sweep of that: about twice a
    gradient, however many outputs there are.

    Parameters
    ----------
    f : callable
        Returns an array, or containers of arrays.
    primals : tuple or list
        The arguments of `f`: numbers, arrays or containers of them.
    tangents : tuple or list
        The direction: one for each of the primals, of its shapes and containers.
    has_aux : bool
        `f` returns a pair: what is differentiated, and anything else to be handed through.

    Returns
    -------
    out
        The value ``f(*primals)``.
    tangent_out
        How it changes along the tangents, of the same shapes and containers.
    aux
        If `has_aux`, what else `f` returned.

    Raises
    ------
    TypeError, ValueError
        If the primals hold no floats, or the tangents do not match them.

    Examples
    --------
    >>> import numpy as np
    >>> out, slope = jvp(lambda x: x**2, (np.array([1.0, 2.0, 3.0]),), (np.array([0.0, 1.0, 1.0]),))
    >>> print(out, slope)
    [1. 4. 9.] [0. 4. 6.]
    """
    check_function("jvp", f)
    if not isinstance(primals, tuple | list) or not isinstance(tangents, tuple | list):
        raise TypeError(
            f"jvp: primals and tangents are tuples, an entry for each argument; got {kind(primals)} and {kind(tangents)}"
        )
    directions = matching(tuple(primals), tuple(tangents), "jvp: the tangents")
    run = Run("jvp", f, primals, {}, tuple(range(len(primals))), has_aux)
    run.join(directions)
    slopes = iter(_slopes(run, directions))
    run.link()

    def slope(y: Any) -> Any:
        if isinstance(y, Node) and y.requires_grad:
            return next(slopes)
        zeros = np.zeros(np.shape(value_of(y)))[()]
        return constant(zeros, Tensor) if run.tensors else zeros

    tangent, out = run.given(tree_map(slope, run.result)), run.given(run.result)
    return (out, tangent, run.given(run.aux)) if has_aux else (out, tangent)


def _slopes(run: Run, directions: list[Any]) -> list[Any]:
    """The change of each output along the directions."""
    if not run.outputs:
        return []
    with recorded():
        u, gradients = run.upstream()
        slope = weighed(gradients, directions, [u], run.again).get(u, np.zeros_like(u.value)[()])
        u.requires_grad = False
        return [y if isinstance(y, Node) else constant(y, Tensor) for y in parted(slope, run.outputs)]
