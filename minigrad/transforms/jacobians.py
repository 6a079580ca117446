"""Jacobians, Hessians and their products with vectors.

A sweep gives one row of a Jacobian. The rows are swept together here, as many as fit in a cache: through an elementwise
operation, whose local gradient is an array, they all pass in one multiplication; other rules are asked row by row, and
Python's work on the rest of the graph is shared.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import ops
from minigrad.backward import in_dtype, sweep
from minigrad.graph import Node, Value, constant, path_from, value_of
from minigrad.tensor import Tensor
from minigrad.transforms.gradients import check_number, gradient
from minigrad.transforms.trees import fill, tree_map
from minigrad.transforms.variables import (
    Argnums,
    Function,
    Run,
    check_function,
    in_a_row,
    matching,
    named,
    recorded,
    weighed,
)

TOGETHER = 2**16  # numbers; half a megabyte for the largest array of the rows that are swept together
FORWARD = 3  # a row of the recorded sweep costs as much as this many of the function


def jacobian(f: Function, argnums: Argnums = 0, has_aux: bool = False, *, holomorphic: bool = False) -> Function:
    """All derivatives of a function that returns an array: of each number of the output for each of the input.

    With *m* numbers out and *n* in, it costs one run of `f` and *m* rows, each a sweep; or, if *n* is much smaller, a
    recorded sweep and *n* columns (see `jvp`). Rows pass elementwise operations together, and others one by one. The
    Jacobian holds *m n* numbers; where only its product with a vector is wanted, `vjp`, `jvp` and `hvp` do not form it.

    Parameters
    ----------
    f : callable
        Returns an array, or containers of arrays.
    argnums : int or tuple of int
        Which positional arguments to differentiate for, as in `value_and_grad`.
    has_aux : bool
        `f` returns a pair: what is differentiated, and anything else to be handed through.
    holomorphic : bool
        As in `value_and_grad`.

    Returns
    -------
    callable
        Takes the arguments of `f`; gives the Jacobian, or ``(jacobian, aux)``. Its shape is that of the output followed by
        that of the input. For containers, each output is replaced by the input's containers of such arrays.

    Raises
    ------
    TypeError
        As in `value_and_grad`.

    Examples
    --------
    >>> import numpy as np
    >>> polar = lambda p: mg.stack([p[0] * np.cos(p[1]), p[0] * np.sin(p[1])])
    >>> print(jacobian(polar)(np.array([2.0, 0.0])))
    [[1. 0.]
     [0. 2.]]
    >>> A = np.arange(6.0).reshape(2, 3)
    >>> np.array_equal(jacobian(lambda x: A @ x)(np.ones(3)), A)
    True
    """
    check_function("jacobian", f, argnums)
    return named("jacobian", f, _jacobian("jacobian", f, argnums, has_aux, holomorphic))


def _jacobian(who: str, f: Function, argnums: Argnums, has_aux: bool = False, holomorphic: bool = False) -> Function:
    def every_derivative(*args: Any, **options: Any) -> Any:
        run = Run(who, f, args, options, argnums, has_aux)
        run.check_parts(who, holomorphic)
        blocks = _blocks(run) if run.outputs else []
        run.link()
        starts = iter(np.cumsum([0, *(y.value.size for y in run.outputs)]))

        def derivatives(y: Any) -> Any:
            """Of one output, with respect to all inputs."""
            shape = np.shape(value_of(y))
            if isinstance(y, Node) and y.requires_grad:
                start = next(starts)
                found = [b[start : start + y.value.size] for b in blocks]
            else:
                found = [np.zeros(shape + x.shape, x.dtype) for x in run.variables]
            shaped = [b.reshape(shape + x.shape) for b, x in zip(found, run.variables, strict=True)]
            return fill(run.chosen, iter([_answer(b, run.tensors) for b in shaped]))

        answer = tree_map(derivatives, run.result)
        return (answer, run.given(run.aux)) if has_aux else answer

    return every_derivative


def _answer(block: Value, tensors: bool) -> Any:
    if isinstance(block, Node):
        return block
    return constant(block[()], Tensor) if tensors else block[()]


def _blocks(run: Run) -> list[Any]:
    """For each variable, the derivatives of all outputs in a row: arrays of shape (numbers out, numbers of the variable)."""
    count = sum(y.value.size for y in run.outputs)
    with recorded():
        # A column is the derivative along the real axis alone, which is all of it only between real numbers.
        between_real = not any(v.value.dtype.kind == "c" for v in (*run.variables, *run.outputs))
        if FORWARD * sum(x.size for x in run.variables) >= count or not between_real:
            every = _rows(in_a_row(run.outputs), run.variables, run.again)
            return [rows.reshape((count, x.size)) for rows, x in zip(every, run.variables, strict=True)]
        u, gradients = run.upstream()
        columns: list[Value] = [np.zeros((count, x.size), x.dtype) for x in run.variables]
        for k, (g, x) in enumerate(zip(gradients, run.variables, strict=True)):
            if isinstance(g, Node) and g.requires_grad:
                (rows,) = _rows(g, [u], run.again)
                columns[k] = ops.astype(rows.reshape((x.size, count)).T, x.dtype)
        u.requires_grad = False
        return columns


def _rows(root: Any, variables: list[Tensor], again: bool) -> list[Any]:
    """The gradients of every number of `root`, one after the other along a first axis, for each variable."""
    if not root.value.size:
        return [np.zeros((0, *x.shape), x.dtype) for x in variables]
    path, _ = path_from(variables, root)
    together = max(1, TOGETHER // max([1, *(node.value.size for node in path)]))
    parts: list[list[Any]] = [[] for _ in variables]
    with np.errstate(all="ignore"), recorded():
        for start in range(0, root.value.size, together):
            seeds = np.zeros((min(together, root.value.size - start), root.value.size), root.value.dtype)
            np.fill_diagonal(seeds[:, start:], 1)
            g = seeds.reshape((len(seeds), *root.value.shape))
            found = sweep(root, constant(g, Tensor) if again else g, create_graph=again, wrt=variables, rows=True)
            for part, x in zip(parts, variables, strict=True):
                part.append(found[x] if x in found else np.zeros((len(seeds), *x.shape), x.dtype))
    return [
        part[0] if len(part) == 1 else in_dtype(ops.concatenate(part), x.value)
        for part, x in zip(parts, variables, strict=True)
    ]


def hessian(f: Function, argnums: Argnums = 0, *, holomorphic: bool = False) -> Function:
    """The second derivatives of a function that returns one number: the Jacobian of its gradient.

    For *n* numbers in it costs a recorded gradient and *n* rows, and holds n² numbers; `hvp` multiplies it with a vector
    without forming it.

    Parameters
    ----------
    f : callable
        Returns one number: a 0-d tensor.
    argnums : int or tuple of int
        Which positional arguments to differentiate for, as in `value_and_grad`.
    holomorphic : bool
        As in `value_and_grad`. Complex arguments need it: for a real function of them, differentiate for the parts, or use
        `hvp`.

    Returns
    -------
    callable
        Takes the arguments of `f`; gives an array of the shape of the input twice over, symmetric to rounding. For
        containers, or several arguments, containers of such containers.

    Raises
    ------
    TypeError, ValueError
        As in `value_and_grad`.

    Examples
    --------
    >>> import numpy as np
    >>> print(hessian(lambda x: x[0] ** 2 * x[1])(np.array([3.0, 5.0])))
    [[10.  6.]
     [ 6.  0.]]
    """
    check_function("hessian", f, argnums)
    return named(
        "hessian",
        f,
        _jacobian("hessian", gradient("hessian", f, argnums, holomorphic=holomorphic), argnums, holomorphic=holomorphic),
    )


def hvp(f: Function, argnums: Argnums = 0) -> Function:
    """The product of the Hessian with a vector, which never forms the Hessian.

    It is the gradient of the gradient's product with the vector: a run, a recorded sweep and a sweep of that, two to three
    times the cost of the gradient for any number of inputs.

    Parameters
    ----------
    f : callable
        Returns one number: a 0-d tensor.
    argnums : int or tuple of int
        Which positional arguments to differentiate for, as in `value_and_grad`.

    Returns
    -------
    callable
        Takes the arguments of `f` and last the vector, which has the shape and containers of what is differentiated for; a
        tuple, if `argnums` is one. Gives the product, of the same. SciPy takes it as `hessp`.

    Raises
    ------
    TypeError, ValueError
        As in `value_and_grad`, and if the vector does not match its argument.

    Examples
    --------
    >>> import numpy as np
    >>> x, v = np.arange(1.0, 5.0), np.array([1.0, 0.0, 0.0, 2.0])
    >>> print(hvp(lambda x: np.sum(x**3))(x, v))
    [ 6.  0.  0. 48.]
    """
    check_function("hvp", f, argnums)

    def product(*args: Any, **options: Any) -> Any:
        if len(args) < 2:
            raise TypeError(f"hvp: pass the arguments of the function and, last, the vector; got {len(args)} arguments")
        run = Run("hvp", f, args[:-1], options, argnums)
        y = check_number("hvp", run.result)
        run.check_parts("hvp", False)
        vector = matching(run.chosen, args[-1], "hvp: the vector")
        run.join(vector)
        found: dict[Node, Value] = {}
        if run.outputs:
            first = sweep(y, constant(y.value.dtype.type(1), Tensor), create_graph=True, wrt=run.variables)
            found = weighed([first.get(x) for x in run.variables], vector, run.variables, run.again)
        run.link()
        return run.gradients(found)

    return named("hvp", f, product)
