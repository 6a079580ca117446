"""The Jacobian as a picture, beside the vector-Jacobian product that replaces it in practice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.backward import sweep
from minigrad.draw.limits import MOST_DECIMALS, check_integers
from minigrad.draw.text import in_words
from minigrad.graph import Node, as_array, value_of
from minigrad.modes import recording
from minigrad.ops.dtypes import check_cast
from minigrad.tensor import Tensor

if TYPE_CHECKING:
    from minigrad.draw.motion.jacobian_picture import JacobianDrawing


def draw_jacobian(f: Any, wrt: Any, *, upstream: Any = None, size: int = 40, precision: int = 2) -> JacobianDrawing:
    """Draw a Jacobian, ∂f/∂wrt: its elements, its structure, and a vector-Jacobian product.

    It has a row for each output and a column for each input, both in the order of the flattened arrays. The structure is
    that of the elements at this one point. Each row shown takes one sweep. The graph is not changed.

    Parameters
    ----------
    f : Tensor or callable
        A result, or a function of one tensor that returns one.
    wrt : Tensor or array_like
        A tensor in the graph of `f`, a leaf or an intermediate one; for a function, its argument.
    upstream : array_like, optional
        The vector of the vector-Jacobian product, in the shape of the result; ones by default.
    size : int
        The maximum number of rows and columns shown, from the first on.
    precision : int
        Decimals of the numbers, which are shown for up to 16 rows and columns.

    Returns
    -------
    JacobianDrawing
        Shown by a notebook; elsewhere use ``.save("jacobian.svg")``, ``.svg``, ``.matrix`` or ``.structure``.

    Raises
    ------
    TypeError
        If there is no graph to differentiate.
    ValueError
        If the result does not depend on `wrt`, or a shape does not fit.

    Examples
    --------
    >>> draw_jacobian(lambda x: np.maximum(x, 0), [-1.0, 2.0, 3.0])
    <Jacobian ∂f/∂x: 3 × 3, diagonal>
    >>> z = Tensor([0.5, -1.0, 2.0], name="z")
    >>> picture = draw_jacobian(z.softmax(), z, upstream=[1.0, 0.0, 0.0])
    >>> picture.structure
    'full, symmetric'
    >>> print(picture.downstream.round(3))  # a row of J, as the upstream gradient is one-hot
    [ 0.145 -0.007 -0.138]
    >>> picture.save("jacobian.svg")
    """
    from minigrad.draw.motion.jacobian_picture import JacobianDrawing

    who = "draw_jacobian"
    check_integers(who, size=(size, 1, 200), precision=(precision, 0, MOST_DECIMALS))
    out, x = _graph(who, f, wrt)
    if not out.size or not x.size:
        raise ValueError(f"{who}: a Jacobian needs at least one element, got shapes {out.shape} and {x.shape}")
    v = np.ones(out.shape, out.dtype)
    if upstream is not None:
        given = as_array(value_of(upstream), who)
        check_cast(f"{who}: upstream", given, out.dtype)
        v = np.array(given, out.dtype)
        if v.shape != out.shape:
            raise ValueError(f"{who}: upstream has shape {v.shape}, but the result has {out.shape}")
    downstream = sweep(out, v[()], wrt=[x])
    if x not in downstream:
        raise ValueError(f"{who}: the result of shape {out.shape} does not depend on wrt, of shape {x.shape}")
    seeds = np.eye(min(out.size, size), out.size, dtype=out.dtype).reshape(-1, *out.shape)
    rows = sweep(out, seeds, wrt=[x], rows=True)[x].reshape(len(seeds), -1)
    names = in_words(out.name or "f"), in_words(x.name or "x")
    return JacobianDrawing(names, rows[:, :size], v, np.array(downstream[x]), precision)


def _graph(who: str, f: Any, wrt: Any) -> tuple[Tensor, Tensor]:
    """The result, and the tensor with respect to which it is differentiated."""
    x: Any = wrt
    if not isinstance(f, Node):
        if not callable(f):
            raise TypeError(f"{who}: f is a Tensor or a function that returns one, got {type(f).__name__}")
        name = wrt.name if isinstance(wrt, Node) else None
        point = as_array(value_of(wrt), who)
        x = Tensor(point, name=name, dtype=point.dtype if point.dtype.kind in "fc" else np.float64)
        with recording():
            f = f(x)
        if not isinstance(f, Node):
            raise TypeError(f"{who}: the function returned {type(f).__name__}, not a Tensor that depends on its argument")
    elif not isinstance(x, Node):
        raise TypeError(f"{who}: wrt is a tensor in the graph of f, got {type(wrt).__name__}")
    for what, node in (("f", f), ("wrt", x)):
        if not node.requires_grad:
            raise TypeError(f"{who}: {what}, of shape {node.value.shape} and dtype {node.value.dtype}, has no gradient")
    return f, x  # type: ignore[return-value]
