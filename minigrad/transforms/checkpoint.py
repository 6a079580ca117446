"""Memory for time: a function that is one node of the graph, and is computed again when the sweep comes to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from weakref import ref

import numpy as np

from minigrad.backward import sweep
from minigrad.graph import Node, Value, describe, topological_order
from minigrad.guard import Hold
from minigrad.guard import recorded as recorded_arrays
from minigrad.modes import MODES, VARIABLES
from minigrad.operation import Op
from minigrad.transforms.trees import leaves, tree_map
from minigrad.transforms.variables import Function, Run, check_function, in_a_row, named, parted, recorded

_HERE = object()  # where a result has an output


def checkpoint(f: Function) -> Function:
    """The same function with less memory: nothing inside it is kept for the sweep, which computes it again.

    In the graph a call is one node, which holds the arguments and the result. A chain of *n* steps in √n checkpoints needs
    the memory of about 2√n steps instead of *n*, for one more run of each. Gradients are exact, to any order.

    Parameters
    ----------
    f : callable
        Takes and returns tensors, or containers of them. Called again with the same arguments it must compute the same: a
        random generator it uses is made inside it, from a seed. Leaves that it refers to without taking them as arguments,
        such as the weights of a network, get their gradients too.

    Returns
    -------
    callable
        Takes the arguments of `f` and gives its result.

    Raises
    ------
    RuntimeError
        On a call: if `f` refers to a tensor that is the result of a computation outside it; pass it as an argument. In the
        sweep: if the second run gives another result than the first, by more than 100 units in the last place of the largest
        element.

    Examples
    --------
    >>> import numpy as np
    >>> x = Tensor([0.5, 1.0])
    >>> y = checkpoint(lambda x: np.sin(x) * np.exp(x))(x)
    >>> y.sum().backward()
    >>> print(x.grad)
    [2.23732812 3.75604923]
    """
    check_function("checkpoint", f)

    def call(*args: Any, **options: Any) -> Any:
        if not MODES.get().record:
            return f(*args, **options)
        args, options, hold = _kept((args, options))
        segment = _Segment(f, args, options)
        sources = [x for x in leaves((args, options)) if isinstance(x, Node) and x.requires_grad]
        value, like, result, seen = segment.run_first(sources)
        if value is None:
            return result
        outside = [x for x in (again() for again in seen) if x is not None]
        for x in outside:
            if x.op is not None:
                raise RuntimeError(
                    f"checkpoint: {segment!r} uses {describe(x)}, which was computed outside it; pass it as an argument"
                )
        segment.value, segment.outside = value, outside
        out: Any = _recorded(*sources, *outside, segment=segment)
        if hold is not None:
            if out.held is not None:
                hold.join(out.held)
            out.held = hold
        pieces = iter(parted(out, like))
        segment.value = None
        return tree_map(lambda y: next(pieces) if y is _HERE else y, result)

    return named("checkpoint", f, call)


class _Segment:
    """One call of a checkpointed function: the segment of the graph that is computed again."""

    def __init__(self, f: Function, args: tuple[Any, ...], options: dict[str, Any]) -> None:
        self.f, self.arguments, self.inside = f, (args, options), VARIABLES.get() is not None
        self.value: Value = None
        self.outside: list[Node] = []

    def __repr__(self) -> str:
        return getattr(self.f, "__name__", type(self.f).__name__)

    def run(self, sources: Any) -> Run:
        """Compute it, with variables in place of its tensors."""

        def flat(*variables: Any) -> Any:
            new = iter(variables)
            args, options = tree_map(lambda x: next(new) if isinstance(x, Node) and x.requires_grad else x, self.arguments)
            return self.f(*args, **options)

        return Run("checkpoint", flat, sources, {}, tuple(range(len(sources))), nests=self.inside)

    def run_first(self, sources: list[Node]) -> tuple[Value, list[Any], Any, list[ref[Node]]]:
        """The outputs in a row, arrays like each, the result without them, and what it used that may be from outside.

        The graph is dropped on return. What it used and is still there afterwards is held by somebody else.
        """
        run = self.run(sources)
        if not run.outputs:
            return None, [], run.result, []
        own: set[Node] = set(run.variables)
        used: dict[Node, None] = {}
        with recorded():
            root = in_a_row(run.outputs)
        for node in topological_order(root) or [root]:
            below = [x for x in node.inputs or (node,) if x is not None and x.requires_grad]
            if any(x in own for x in below):
                own.add(node)
            used.update((x, None) for x in below if x.op is None)
            used[node] = None
        like = [np.broadcast_to(y.value.dtype.type(0), y.value.shape) for y in run.outputs]
        rest = tree_map(lambda y: _HERE if isinstance(y, Node) and y.requires_grad else y, run.result)
        return root.value, like, rest, [ref(x) for x in used if x not in own]

    def gradients(self, g: Value, out: Value, inputs: tuple[Any, ...]) -> list[Any]:
        """For every input, from a second run."""
        for x in self.outside:
            if x.op is not None:
                raise RuntimeError(
                    f"checkpoint: {self!r} refers to a variable of a transform inside which it was called; pass it as an "
                    "argument"
                )
        run = self.run(inputs[: len(inputs) - len(self.outside)])
        run.again = isinstance(g, Node)
        with recorded():
            root = in_a_row(run.outputs)
        first = out.value if isinstance(out, Node) else out
        if not _alike(root.value, first):
            raise RuntimeError(
                f"checkpoint: {self!r} gave another result when the sweep computed it again, and no gradient is right; "
                "if it uses chance, make its generator inside it, from a seed"
            )
        found = sweep(root, g, create_graph=run.again, retain_graph=run.again)
        run.link()
        return [found.get(x, np.zeros_like(x.value)) for x in (*run.variables, *self.outside)]


def _kept(arguments: Any) -> tuple[Any, Any, Hold | None]:
    """The arguments with the user's arrays as they are now: small ones copied, large ones held; and what holds them."""
    arrays = [x for x in leaves(arguments) if isinstance(x, np.ndarray)]
    _, hold = recorded_arrays(arrays, range(len(arrays)), {})
    now = iter(arrays)
    args, options = tree_map(lambda x: next(now) if isinstance(x, np.ndarray) else x, arguments)
    return args, options, hold


def _alike(now: Value, then: Value) -> bool:
    """True if two runs differ by no more than the order of a few additions could make, 100 units in the last place."""
    if now.shape != then.shape or now.dtype != then.dtype:
        return False
    with np.errstate(all="ignore"):
        finite = np.isfinite(then)
        most = 100 * np.finfo(then.dtype).eps * np.max(np.abs(then), where=finite, initial=0.0)
        return bool(np.all(np.where(finite, np.abs(now - then) <= most, (now == then) | (np.isnan(now) & np.isnan(then)))))


def _checkpoint(*inputs: Value, segment: _Segment) -> Value:
    return segment.value


_recorded: Op[...] = Op(_checkpoint, complex=True)  # not in the registry: it computes nothing by itself


@_recorded.joint_rule
def _rule(needed: Sequence[bool], g: Value, out: Value, *inputs: Value, segment: _Segment) -> list[Value]:
    return segment.gradients(g, out, inputs)
