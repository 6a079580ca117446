"""The chain rule: the sweep, and nothing else.

From the last node to the first, each rule turns a node's upstream gradient into its inputs' downstream ones. Where a value
was used more than once, what comes back on each branch is added up.
"""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np

from minigrad.graph import NOTHING, Node, Value, as_array, check_finite, constant, describe, topological_order, value_of
from minigrad.modes import MODES, recording
from minigrad.ops.dtypes import astype
from minigrad.ops.elementwise import where
from minigrad.ops.reduce import sum as sum_
from minigrad.ops.shape import reshape


def seed_of(root: Node, upstream: Value, who: str) -> Value:
    """The first upstream gradient as an array of the root's shape and dtype: the given one, or 1 for a scalar."""
    shape, dtype = root.value.shape, root.value.dtype
    if upstream is None:
        if shape:
            raise ValueError(
                f"{who}: {describe(root)} is no scalar; reduce it first, as with .sum(), or pass the gradient to start "
                f"from: upstream=an array of shape {shape}"
            )
        return dtype.type(1)
    seed = np.array(as_array(value_of(upstream), who), dtype)[()]
    if seed.shape != shape:
        raise ValueError(f"{who}: upstream has shape {seed.shape}, but {describe(root)} needs its own shape")
    return seed


def sweep(
    root: Node, seed: Value, *, create_graph: bool = False, retain_graph: bool = True, order: list[Node] | None = None
) -> dict[Node, Value]:
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
    order : list of Node, optional
        Which nodes to go through, each after its inputs, if not all below `root`; the list is used up.

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
    order = topological_order(root) if order is None else order
    anomaly = MODES.get().anomaly
    routed: set[Node] = set()  # what lies behind an operation that picks between its inputs
    get = gradients.get
    ndarray = np.ndarray
    # The forward has warned already; and a sweep to be differentiated is recorded even inside no_grad.
    with np.errstate(all="ignore"), recording() if create_graph else nullcontext():
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
            behind = op.routes
            if routed and node in routed:
                behind = True
            if behind:
                routed.update([x for x in inputs if x is not None])
            careful = behind or anomaly

            # Two inputs and nothing static, as in arithmetic, is unrolled: a third of the time of a sweep over scalars.
            if op.binary:
                x, y = inputs
                a, b = values
                left, right = arguments
                rule, other_rule = op.vjps
                if x is not None:
                    if x.value is not a:
                        raise updated(node)
                    if x.requires_grad:
                        d = rule(g, out, left, right)
                        if type(d) is not type(a) or type(d) is ndarray or careful:
                            d = fit(d, g, a, node, behind)
                        old = get(x)
                        gradients[x] = d if old is None else old + d
                if y is not None:
                    if y.value is not b:
                        raise updated(node)
                    if y.requires_grad:
                        d = other_rule(g, out, left, right)
                        if type(d) is not type(b) or type(d) is ndarray or careful:
                            d = fit(d, g, b, node, behind)
                        old = get(y)
                        gradients[y] = d if old is None else old + d
            else:
                static = {**node.static, "saved": None} if create_graph and op.saves else node.static
                rules = [op.rule(i) for i in range(len(inputs))] if op.variadic else op.vjps
                for x, v, rule in zip(inputs, values, rules, strict=True):
                    if x is None:
                        continue
                    if x.value is not v:
                        raise updated(node)
                    if x.requires_grad:
                        d = rule(g, out, *arguments, **static)
                        if type(d) is not type(v) or type(d) is ndarray or careful:
                            d = fit(d, g, v, node, behind)
                        old = get(x)
                        gradients[x] = d if old is None else old + d
            if not retain_graph:
                node.inputs = node.values = ()
                node.static = NOTHING
    return gradients


def fit(d: Value, g: Value, value: Value, node: Node, behind: bool) -> Value:
    """A rule's result as the gradient of its variable: summed back where it was broadcast, cast where it was promoted."""
    op = node.op
    assert op is not None
    if behind and op.elementwise and not np.isfinite(value_of(d)).all():
        d = where(g == 0, 0.0, d)
    if MODES.get().anomaly:
        check_finite(value_of(d), "the gradient", op, node.values, node.origin)
    if isinstance(g, Node):
        d = d if isinstance(d, Node) else constant(np.asarray(d)[()], type(g))
    elif not isinstance(d, (np.ndarray, np.generic)):
        d = np.asarray(d)
    if d.dtype != value.dtype:
        if value.dtype.kind != "f":
            raise TypeError(f"backward: an input of {op.name} holds {value.dtype} numbers, which have no gradient")
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
    recorded = isinstance(g, Node)
    if not shape:
        return sum_(g) if recorded else np.add.reduce(g, axis=None)
    lead = g.ndim - len(shape)
    axes = tuple(range(lead)) + tuple(lead + i for i, n in enumerate(shape) if n == 1)
    return reshape(sum_(g, axis=axes), shape) if recorded else np.add.reduce(g, axis=axes).reshape(shape)


def updated(node: Node) -> RuntimeError:
    """The error that says which of a node's inputs was updated after it was used."""
    x = next(x for x, v in zip(node.inputs, node.values, strict=True) if x is not None and x.value is not v)
    used = node.op.name if node.op else "it"
    return RuntimeError(
        f"{describe(x)} was updated in place after {used} used it, so the gradient would be wrong; compute the result "
        "again after the update, or call backward before it"
    )
