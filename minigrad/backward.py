"""The chain rule: the sweep, and nothing else.

From the last node to the first, each rule turns a node's upstream gradient into its inputs' downstream ones. Where a value
was used more than once, what comes back on each branch is added up.
"""

from __future__ import annotations

import numpy as np

from minigrad.graph import NOTHING, Node, Op, Value, check_finite, constant, describe, topological_order, value_of
from minigrad.modes import MODES
from minigrad.ops.elementwise import astype, where
from minigrad.ops.reduce import sum as sum_
from minigrad.ops.shape import reshape


def sweep(root: Node, seed: Value, *, create_graph: bool = False, retain_graph: bool = True) -> dict[Node, Value]:
    """Gradients of `root` with respect to every node below it.

    Parameters
    ----------
    root : Node
        Where to start.
    seed : array or Node
        The first upstream gradient, of `root`'s shape.
    create_graph : bool
        Give the rules tensors instead of arrays: then the sweep is recorded and can be differentiated itself.
    retain_graph : bool
        If false, the sweep frees each node when it is done with it, and returns the gradients of the leaves only.

    Returns
    -------
    dict
        A gradient for each node, of the node's shape and dtype. Nothing on the nodes is changed.

    Raises
    ------
    RuntimeError
        If a node was freed by an earlier sweep, or a value was updated in place after it was used.
    """
    gradients = {root: seed}
    order = topological_order(root)
    careful = MODES.get().anomaly
    get = gradients.get
    ndarray = np.ndarray
    with np.errstate(all="ignore"):  # the forward has warned already
        while order:
            node = order.pop()
            op: Value = node.op
            inputs, values = node.inputs, node.values
            if not inputs:
                raise RuntimeError(
                    f"{describe(node)} was freed by an earlier backward(retain_graph=False); compute it again, or keep the "
                    "graph the first time"
                )
            g = gradients[node] if retain_graph else gradients.pop(node)
            out: Value = node.value
            arguments = values
            if create_graph:
                out = node
                arguments = tuple([v if x is None else x for x, v in zip(inputs, values, strict=True)])
            if op.routes:
                careful = True

            # Two inputs and nothing static, as in arithmetic, is unrolled: a third of the time of a sweep over scalars.
            if op.binary:
                x, y = inputs
                a, b = values
                left, right = arguments
                rule, other_rule = op.vjps
                if x is not None and x.requires_grad:
                    if x.value is not a:
                        raise _updated(x, op)
                    d = rule(g, out, left, right)
                    if type(d) is not type(a) or type(d) is ndarray or careful:
                        d = _fit(d, g, a, node, careful)
                    old = get(x)
                    gradients[x] = d if old is None else old + d
                if y is not None and y.requires_grad:
                    if y.value is not b:
                        raise _updated(y, op)
                    d = other_rule(g, out, left, right)
                    if type(d) is not type(b) or type(d) is ndarray or careful:
                        d = _fit(d, g, b, node, careful)
                    old = get(y)
                    gradients[y] = d if old is None else old + d
            else:
                static = {**node.static, "saved": None} if create_graph and op.saves else node.static
                for i, (x, v) in enumerate(zip(inputs, values, strict=True)):
                    if x is not None and x.requires_grad:
                        if x.value is not v:
                            raise _updated(x, op)
                        d = op.rule(i)(g, out, *arguments, **static)
                        if type(d) is not type(v) or type(d) is ndarray or careful:
                            d = _fit(d, g, v, node, careful)
                        old = get(x)
                        gradients[x] = d if old is None else old + d
            if not retain_graph:
                node.inputs = node.values = ()
                node.static = NOTHING
    return gradients


def _fit(d: Value, g: Value, value: Value, node: Node, careful: bool) -> Value:
    """A rule's result as the gradient of its variable: summed back where it was broadcast, cast where it was promoted."""
    op = node.op
    assert op is not None
    if careful:
        if op.elementwise and not np.isfinite(value_of(d)).all():
            d = where(g == 0, 0.0, d)
        if MODES.get().anomaly:
            check_finite(value_of(d), "the gradient", op, node.values, node.origin)
    if isinstance(g, Node):
        d = d if isinstance(d, Node) else constant(np.asarray(d)[()], type(g))
    elif not isinstance(d, (np.ndarray, np.generic)):
        d = np.asarray(d)
    if d.dtype != value.dtype:
        d = astype(d, value.dtype)
    if d.shape != value.shape:
        try:
            d = unbroadcast(d, value.shape)
        except (ValueError, IndexError):
            text = f"the rule of {op.name} returned shape {d.shape} for an input of shape {value.shape}"
            raise RuntimeError(text) from None
    return d[()] if type(d) is np.ndarray and d.ndim == 0 else d


def unbroadcast(g: Value, shape: tuple[int, ...]) -> Value:
    """The adjoint of broadcasting: sum over every axis along which `shape` was stretched."""
    lead = g.ndim - len(shape)
    axes = tuple(range(lead)) + tuple(lead + i for i, n in enumerate(shape) if n == 1)
    return reshape(sum_(g, axis=axes), shape)


def _updated(x: Node, op: Op) -> RuntimeError:
    return RuntimeError(
        f"{describe(x)} was updated in place after {op.name} used it, so the gradient would be wrong; compute the result "
        "again after the update, or call backward before it"
    )
