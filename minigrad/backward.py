"""The chain rule: the only place where a gradient rule is called.

`sweep` goes from the last node to the first: each rule turns a node's upstream gradient into its inputs' downstream ones,
and where a value was used more than once, what comes back along each branch is added up. `local_gradient` and `downstream`
give the same for a single edge.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

from minigrad import tracing
from minigrad.graph import (
    NOTHING,
    Fault,
    Node,
    Value,
    as_array,
    constant,
    copied,
    describe,
    path_from,
    topological_order,
    value_of,
)
from minigrad.guard import unchanged
from minigrad.modes import MODES, recording
from minigrad.operation import Op, check_finite
from minigrad.ops.complex import real
from minigrad.ops.dtypes import astype, check_cast
from minigrad.ops.elementwise import add, where
from minigrad.ops.joining import stack
from minigrad.ops.reduce import sum as sum_
from minigrad.ops.shape import reshape
from minigrad.tracing import Traced


def starting_gradient(root: Any, upstream: Value, who: str) -> Value:
    """The first upstream gradient as an array of the root's shape and dtype: the given one, or 1 for a scalar.

    Raises
    ------
    TypeError, RuntimeError, ValueError
        If `root` is not a tensor, is a constant, or needs an upstream gradient of another shape; `who` is named.
    """
    if not isinstance(root, Node):
        raise TypeError(f"{who}: expected a Tensor, got {type(root).__name__}; call it on the result of a computation")
    if not root.requires_grad:
        raise RuntimeError(
            f"{who}: {describe(root)} is a constant and has no graph; it was made from integers, with requires_grad=False, "
            "by detach() or inside no_grad()"
        )
    shape, dtype = root.value.shape, root.value.dtype
    if upstream is None:
        if dtype.kind == "c":
            raise TypeError(
                f"{who}: {describe(root)} is complex, and only a real number has a gradient of its own; take its real part, "
                f".real, or pass the gradient to start from: upstream=an array of shape {shape}"
            )
        if shape:
            raise ValueError(
                f"{who}: {describe(root)} is not a scalar; reduce it first, as with .sum(), or pass the gradient to start "
                f"from: upstream=an array of shape {shape}"
            )
        return dtype.type(1)
    given = as_array(value_of(upstream), who)
    check_cast(f"{who}: upstream", given, dtype)
    seed = copied(given) if given.dtype == dtype else copied(given).astype(dtype)
    if seed.shape != shape:
        raise ValueError(f"{who}: upstream has shape {seed.shape}, but {describe(root)} needs its own shape")
    return seed


def sweep(
    root: Node,
    seed: Value,
    *,
    create_graph: bool = False,
    retain_graph: bool = True,
    wrt: Collection[Node] | None = None,
    rows: bool = False,
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
    wrt : collection of Node, optional
        Go only through the nodes that depend on these.
    rows : bool
        The seed holds several upstream gradients along a first axis of its own, and so do the gradients; those of the
        leaves are returned.

    Returns
    -------
    dict
        A gradient for each node, of the node's shape and dtype. Nothing on the nodes is changed.

    Raises
    ------
    RuntimeError
        If a node was freed by an earlier sweep, or a value was updated in place after it was used.
    """
    if wrt is None:
        order, reached = topological_order(root), None
    else:
        order, reached = path_from(wrt, root)
    gradients = {root: seed}
    node, keep = root, retain_graph and not rows
    whole = rows or tracing.current() is not None  # all inputs of an operation together
    # The forward has warned already; and a sweep to be differentiated is recorded even inside no_grad.
    with np.errstate(all="ignore"), recording() if create_graph else nullcontext():
        try:
            modes = MODES.get()
            special = create_graph or modes.anomaly or modes.trace is not None
            routed: set[Node] = set()  # what lies behind an operation that picks between its inputs
            get = gradients.get
            ndarray, float64 = np.ndarray, np.float64
            while order:
                node = order.pop()
                op: Value = node.op
                inputs, values = node.inputs, node.values
                if not inputs:
                    raise RuntimeError(
                        f"{describe(node)} was freed by an earlier backward(retain_graph=False); compute it again, or keep "
                        "the graph the first time"
                    )
                g = gradients[node] if keep else gradients.pop(node)
                out: Value = node.value
                arguments = values
                if create_graph:
                    out = node
                    arguments = tuple([v if x is None else x for x, v in zip(inputs, values, strict=True)])
                behind, careful = False, special
                if (routed or op.routes) and (op.routes or node in routed):
                    behind = careful = True
                    routed.update([x for x in inputs if x is not None])

                # Two inputs and nothing static, as in arithmetic, is unrolled: a third of the time of a sweep over scalars.
                if op.binary and not whole:
                    x, y = inputs
                    a, b = values
                    left, right = arguments
                    rule, other_rule = op.vjps
                    if x is not None:
                        if x.value is not a and not unchanged(x.value, a):
                            raise updated(node)
                        if x.requires_grad:
                            d = g if op is add else rule(g, out, left, right)
                            if careful or type(d) is not type(a) or (type(d) is ndarray and not _fits(d, a)):
                                d = conform(d, g, a, node, behind)
                            old = get(x)
                            gradients[x] = d if old is None else old + d if type(d) is float64 else added(old, d)
                    if y is not None:
                        if y.value is not b and not unchanged(y.value, b):
                            raise updated(node)
                        if y.requires_grad:
                            d = g if op is add else other_rule(g, out, left, right)
                            if careful or type(d) is not type(b) or (type(d) is ndarray and not _fits(d, b)):
                                d = conform(d, g, b, node, behind)
                            old = get(y)
                            gradients[y] = d if old is None else old + d if type(d) is float64 else added(old, d)
                elif op.vjps and not whole:
                    static = {**node.static, "saved": None} if create_graph and op.saves else node.static
                    for x, v, rule in zip(inputs, values, op.vjps, strict=True):
                        if x is None:
                            continue
                        if x.value is not v and not unchanged(x.value, v):
                            raise updated(node)
                        if x.requires_grad and (reached is None or x in reached):
                            d = rule(g, out, *arguments, **static) if static else rule(g, out, *arguments)
                            if careful or type(d) is not type(v) or (type(d) is ndarray and not _fits(d, v)):
                                d = conform(d, g, v, node, behind)
                            old = get(x)
                            gradients[x] = d if old is None else old + d if type(d) is float64 else added(old, d)
                else:
                    needed = []
                    for x, v in zip(inputs, values, strict=True):
                        if x is not None and x.value is not v and not unchanged(x.value, v):
                            raise updated(node)
                        needed.append(x is not None and x.requires_grad and (reached is None or x in reached))
                    static = {**node.static, "saved": None} if create_graph and op.saves else node.static
                    if rows:
                        found = _rows(node, needed, g, out, arguments, static, behind)
                    else:
                        found = list(_downstream(op, needed, g, out, arguments, static))
                    for x, v, d, need in zip(inputs, values, found, needed, strict=True):
                        if x is None or not need:
                            continue
                        if not rows and (careful or type(d) is not type(v) or (type(d) is ndarray and not _fits(d, v))):
                            d = conform(d, g, v, node, behind)
                        old = get(x)
                        gradients[x] = d if old is None else old + d if type(d) is float64 else added(old, d)
                node.held = None  # a hold that nobody refers to releases its arrays
                if not retain_graph:
                    node.inputs = node.values = ()
                    node.static = NOTHING
        except BaseException as error:
            for left in (node, *order):
                left.held = None
            if isinstance(error, Exception) and getattr(getattr(error, "fault", None), "root", None) is None:
                called = node.op.called(node.values, node.static) if node.op and node.inputs else "backward"
                error.fault = Fault(  # type: ignore[attr-defined]
                    called, node.inputs, node.values, node.static, node.op, node.value, "", root, node, gradients
                )
            raise
    return gradients


def _rows(
    node: Node,
    needed: Sequence[bool],
    g: Value,
    out: Value,
    arguments: Sequence[Value],
    static: dict[str, Any],
    behind: bool,
) -> list[Value]:
    """The downstream gradients for several upstream ones: elementwise operations take all through in one product."""
    op: Value = node.op
    if op.elementwise:
        one = np.ones_like(node.value)[()]
        seed = constant(one, type(g)) if isinstance(g, Node) else one
        local = _downstream(op, needed, seed, out, arguments, static)
        each = zip(local, node.values, needed, strict=True)
        return [_conform_rows(g * d, g, v, node, behind) if need else None for d, v, need in each]
    found: list[list[Value]] = [[] for _ in needed]
    for row in g:
        for i, d in enumerate(_downstream(op, needed, row, out, arguments, static)):
            if needed[i]:
                found[i].append(conform(d, row, node.values[i], node, behind))
    return [in_dtype(stack(rows), node.values[i]) if rows else None for i, rows in enumerate(found)]


def _downstream(
    op: Op[...], needed: Sequence[bool], g: Value, out: Value, inputs: Sequence[Value], static: dict[str, Any]
) -> Sequence[Value]:
    """The gradient rules of an operation, which a trace writes down."""
    trace = tracing.current()
    if trace is None:
        return op.downstream(needed, g, out, inputs, static)
    return trace.downstream(op, needed, g, out, inputs, static)


def local_gradient(node: Node, i: int) -> Value:
    """The local gradient of input `i`, in the result's shape; None for an operation on arrays that is not elementwise."""
    op = node.op
    assert op is not None
    if not op.elementwise and (np.ndim(node.value) or np.ndim(node.values[i])):
        return None
    one = np.ones_like(node.value)[()]
    d = _single(node, i, one)
    if np.iscomplexobj(d) and not np.iscomplexobj(one) and not np.iscomplexobj(node.values[i]):
        d = d.real  # as the variable will receive it
    return np.broadcast_to(d, one.shape)[()]


def downstream(node: Node, i: int, g: Value, *, stretched: bool = False) -> Value:
    """Downstream gradient of input `i`, given the node's upstream gradient.

    It has the input's shape and dtype; if `stretched`, the shape from before the sum over broadcast axes.
    """
    d = _single(node, i, g)
    return np.broadcast_to(d, node.value.shape) if stretched else conform(d, g, node.values[i], node, False)


def _single(node: Node, i: int, g: Value) -> Value:
    op = node.op
    assert op is not None
    needed = [k == i for k in range(len(node.inputs))]
    with np.errstate(all="ignore"):
        return op.downstream(needed, g, node.value, node.values, node.static)[i]


def _fits(d: np.ndarray[Any, Any], value: np.ndarray[Any, Any]) -> bool:
    """True if a rule's result is the gradient of its variable as it is."""
    return d.shape == value.shape and d.dtype is value.dtype


def conform(d: Value, g: Value, value: Value, node: Node, behind: bool) -> Value:
    """A rule's result as the gradient of its variable: summed back where it was broadcast, cast where it was promoted."""
    op = node.op
    assert op is not None
    d = _checked(d, g, value, node, behind)
    if d.shape != value.shape:
        try:
            d = in_dtype(unbroadcast(d, value.shape), value)
        except (ValueError, IndexError):
            text = f"the rule of {op.name} returned shape {d.shape} for an input of shape {value.shape}"
            raise RuntimeError(text) from None
    return d[()] if type(d) is np.ndarray and d.ndim == 0 else d


def _conform_rows(d: Value, g: Value, value: Value, node: Node, behind: bool) -> Value:
    """As `conform`, for gradients along a first axis of their own."""
    d = _checked(d, g, value, node, behind)
    if d.shape[1:] == value.shape:
        return d
    stretched = (len(d), *(1,) * (d.ndim - 1 - value.ndim), *value.shape)
    return in_dtype(unbroadcast(d, stretched).reshape((len(d), *value.shape)), value)


def _checked(d: Value, g: Value, value: Value, node: Node, behind: bool) -> Value:
    """A rule's result as an array, or as a node where the sweep is recorded, in the dtype of its variable."""
    op = node.op
    assert op is not None
    if behind and op.elementwise:
        v = value_of(d)
        if type(v) is Traced and not op.routes:  # which gives 0 for 0 by itself
            zero = value_of(g) == 0
            if isinstance(g, Node):  # what is finite stays a function of g
                finite = np.isfinite(v)
                zero = zero & np.logical_not(finite.all() if v.ndim else finite)
            d = where(zero, 0.0, d)
        elif type(v) is not Traced and not np.isfinite(v).all():
            d = where(g == 0, 0.0, d)
    if MODES.get().anomaly:
        check_finite(value_of(d), "the gradient", op, node.values, node.origin)
    if isinstance(g, Node):
        d = d if isinstance(d, Node) else constant(np.asarray(d)[()], type(g))
    elif not isinstance(d, (np.ndarray, np.generic)):
        d = np.asarray(d)
    if d.dtype != value.dtype and value.dtype.kind not in "fc":
        raise TypeError(f"backward: an input of {op.name} holds {value.dtype} elements, which have no gradient")
    return in_dtype(d, value)


def in_dtype(g: Value, value: Value) -> Value:
    """A gradient in the dtype of its variable, byte order included; a real one receives the real part."""
    if g.dtype == value.dtype:
        return g
    return astype(real(g) if g.dtype.kind == "c" and value.dtype.kind == "f" else g, value.dtype)


def added(a: Value, b: Value) -> Value:
    """The sum of two gradients of one variable; NumPy's has the byte order of the machine."""
    return in_dtype(a + b, b)


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
    pairs = zip(node.inputs, node.values, strict=True)
    x = next(x for x, v in pairs if x is not None and x.value is not v and not unchanged(x.value, v))
    used = node.op.name if node.op else "it"
    return RuntimeError(
        f"{describe(x)} was updated in place after {used} used it, so the gradient would be wrong; compute the result "
        "again after the update, or call backward before it"
    )
