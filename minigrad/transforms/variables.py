"""A function called on variables of its own: what every transform of functions starts from.

Each number or array to differentiate for becomes a fresh leaf, so that a tensor from outside is never mistaken for it, and
no tensor of the user's is touched. Where the gradient is itself to be differentiated, the leaf is linked to the tensor it
stands for once the sweep is over: this sweep ends at the leaf, and that of an outer transform goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from minigrad import ops
from minigrad.backward import sweep
from minigrad.border import warn_of_constant
from minigrad.graph import Node, Value, as_array, constant, copied, topological_order, value_of
from minigrad.modes import MODES, VARIABLES, recording
from minigrad.tensor import Tensor
from minigrad.tracing import Traced
from minigrad.transforms.trees import fill, kind, leaves, matched, paths, tree_map

Function = Callable[..., Any]
_NUMBERS = (int, float, np.ndarray, np.generic)
_QUIET = ("checkpoint", "fixed_point", "odeint")  # whose functions may well not depend on what they are differentiated for
Argnums = int | tuple[int, ...] | list[int]


def named(what: str, f: Function, derivative: Function) -> Function:
    """A derivative under a name that tells of what, with the parameters of the function."""
    derivative.__name__ = derivative.__qualname__ = f"{what}({getattr(f, '__name__', type(f).__name__)})"
    derivative.__doc__ = getattr(f, "__doc__", None)
    derivative.__wrapped__ = f  # type: ignore[attr-defined]
    return derivative


def check_function(who: str, f: object, argnums: object = 0) -> None:
    """Refuse at once what can never be differentiated."""
    if not callable(f):
        raise TypeError(f"{who}: the first argument is the function to differentiate, got {type(f).__name__}")
    numbers = argnums if isinstance(argnums, tuple | list) else (argnums,)
    if not numbers or any(isinstance(n, bool) or not isinstance(n, int | np.integer) for n in numbers):
        raise TypeError(f"{who}: argnums is the position of an argument, or a tuple of positions, got {argnums!r}")


def _positions(who: str, argnums: Argnums, count: int) -> list[int]:
    """The positional arguments that `argnums` names, counted from the front."""
    numbers = argnums if isinstance(argnums, tuple | list) else (argnums,)
    found = [n % count for n in numbers if -count <= n < count]
    if len(found) < len(numbers):
        raise TypeError(
            f"{who}: argnums={argnums} names a positional argument that this call, with {count}, does not have; arguments "
            "passed by name are not differentiated"
        )
    if len(set(found)) < len(found):
        raise ValueError(f"{who}: argnums={argnums} names the same of the {count} arguments twice")
    return found


def _variable(x: Any, who: str) -> Tensor:
    """A leaf of its own with the value of `x`."""
    value = value_of(x) if isinstance(x, Node) else as_array(x, who)
    if value.dtype.kind not in "fc":
        raise TypeError(
            f"{who} holds {value.dtype} numbers, which have no gradient; pass floats, as with .astype(float), or leave it "
            "out of what is differentiated"
        )
    if not isinstance(x, Node) and value.ndim and type(value) is not Traced:
        value = value.copy()
        value.flags.writeable = False
    leaf: Tensor = constant(value, Tensor)  # type: ignore[assignment]
    leaf.requires_grad = True
    return leaf


def _variables(tree: Any, who: str) -> tuple[list[Any], list[Tensor]]:
    """The leaves of an argument, and a variable for each."""
    found = leaves(tree)
    if not found:
        raise TypeError(f"{who} holds no numbers to differentiate for: {tree!r}")
    try:
        return found, [_variable(x, who) for x in found]
    except TypeError:
        for x, path in zip(found, paths(tree), strict=True):
            _variable(x, who + path)  # raises again, and says where in the containers
        raise


def recorded() -> AbstractContextManager[None]:
    """Record, even inside `no_grad`."""
    return nullcontext() if MODES.get().record else recording()


class Run:
    """One recorded call of a function, on variables in place of some of its arguments.

    Attributes
    ----------
    chosen
        The argument differentiated for, as it was given; a tuple of them, if `argnums` is one.
    variables : list of Tensor
        A variable for each of their leaves.
    result, aux
        What the function returned.
    outputs : list of Tensor
        The leaves of the result that depend on something tracked.
    again : bool
        Whether the sweep is recorded too, so that an outer transform, or a call of backward, can go through it.
    tensors : bool
        Whether the answers are tensors: for tensors, and where the sweep is recorded. Plain arrays otherwise.
    """

    __slots__ = ("_sources", "again", "aux", "chosen", "outputs", "result", "tensors", "variables")

    def __init__(
        self,
        who: str,
        f: Function,
        args: Iterable[Any],
        options: dict[str, Any],
        argnums: Argnums,
        has_aux: bool = False,
        nests: bool = True,
    ) -> None:
        arguments = list(args)
        positions = _positions(who, argnums, len(arguments))
        several = isinstance(argnums, tuple | list)
        self.chosen = tuple([arguments[p] for p in positions]) if several else arguments[positions[0]]
        self._sources: list[Any] = []
        self.variables: list[Tensor] = []
        for p in positions:
            sources, variables = _variables(arguments[p], f"{who}: argument {p}")
            arguments[p] = fill(arguments[p], iter(variables))
            self._sources += sources
            self.variables += variables
        outer = VARIABLES.get()
        token = VARIABLES.set((*(outer or ()), *self.variables) if nests else None)
        try:
            with recorded():
                result = f(*arguments, **options)
        finally:
            VARIABLES.reset(token)
        self.aux = None
        if has_aux:
            if not isinstance(result, tuple) or len(result) != 2:
                raise TypeError(f"{who}: with has_aux the function returns a pair (result, aux), got {kind(result)}")
            result, self.aux = result
        self.result = result
        found = leaves(result)
        self.outputs = [y for y in found if isinstance(y, Node) and y.requires_grad]
        if found and who not in _QUIET and all(isinstance(y, _NUMBERS) for y in found):
            warn_of_constant(who, kind(result))
        self.again = MODES.get().record and (
            any(isinstance(x, Node) and x.requires_grad for x in self._sources) or (outer is not None and not self.alone())
        )
        self.tensors = self.again or any(isinstance(x, Node) for x in self._sources)

    def check_parts(self, who: str, holomorphic: bool) -> None:
        """Refuse complex results, unless the function is said to be holomorphic: then arguments and results are complex."""
        kinds = [[v.value.dtype for v in several] for several in (self.variables, self.outputs)]
        if holomorphic and (real := [str(dtype) for dtypes in kinds for dtype in dtypes if dtype.kind != "c"]):
            raise TypeError(f"{who}: with holomorphic=True, arguments and results are complex numbers, got {real[0]}")
        if not holomorphic and any(dtype.kind == "c" for dtype in kinds[1]):
            raise TypeError(
                f"{who}: the function returns complex numbers; pass holomorphic=True if it is complex differentiable, else "
                "differentiate its real and imaginary part apart, or use vjp or jvp"
            )

    def alone(self) -> bool:
        """True if the outputs depend on nothing tracked but the variables."""
        own = set(self.variables)
        for y in self.outputs:
            if y.op is None and y not in own:
                return False
            for node in topological_order(y):
                for x in node.inputs:
                    if x is not None and x.op is None and x.requires_grad and x not in own:
                        return False
        return True

    def join(self, weights: list[Any]) -> None:
        """Take upstream gradients or tangents into account: where they are tensors, so are the answers."""
        self.tensors = self.tensors or any(isinstance(v, Node) for v in weights)
        self.again = self.again or (MODES.get().record and any(isinstance(v, Node) and v.requires_grad for v in weights))

    def upstream(self) -> tuple[Tensor, list[Any]]:
        """An upstream gradient of all the outputs in a row, and for each variable its gradient as a linear function of that,
        recorded; None where nothing came.
        """
        root = in_a_row(self.outputs)
        # Any numbers will do, but zeros or a pattern: at singular points rules look for an upstream gradient of 0.
        u = Tensor(np.random.default_rng(0).uniform(0.5, 1.5, root.shape), dtype=root.dtype)
        found = sweep(root, u, create_graph=self.again, wrt=self.variables)
        return u, [found.get(y) for y in self.variables]

    def link(self, swept: bool = True) -> None:
        """Let each variable stand for the tensor it came from or, when all sweeps are over, be a constant."""
        if self.again:
            for y, x in zip(self.variables, self._sources, strict=True):
                if isinstance(x, Node) and x.requires_grad:
                    y.rewire(ops.add, (x, None), (y.value, 0.0))
                elif swept:
                    y.requires_grad = False

    def hide(self, hidden: bool) -> None:
        """Between sweeps, let variables that stand for nothing tracked be constants to whoever meets them in a gradient."""
        for y, x in zip(self.variables, self._sources, strict=True):
            if not (isinstance(x, Node) and x.requires_grad):
                y.requires_grad = not hidden

    def gradients(self, found: dict[Node, Value]) -> Any:
        """Gradients from a sweep in the containers of the arguments, in a tuple for several; zeros where there is none."""
        answers: list[Any] = []
        seen: set[int] = set()
        for y in self.variables:
            g = found.get(y)
            if g is None:
                g = np.zeros_like(y.value)[()]
            # A rule may pass its upstream gradient on, or a view of it: every answer is an array of its own.
            if type(g) is np.ndarray and (g.base is not None or not g.flags.writeable or id(g) in seen):
                g = g.copy()
            seen.add(id(g))
            answers.append(constant(g, Tensor) if self.tensors and not isinstance(g, Node) else g)
        return fill(self.chosen, iter(answers))

    def given(self, tree: Any) -> Any:
        """A result as it is given back: recorded, or constants, or plain arrays."""
        return tree if self.again else tree_map(self._plain, tree)

    def _plain(self, y: Any) -> Any:
        if not isinstance(y, Node):
            return y
        value = copied(y.value)
        return constant(value, Tensor) if self.tensors else value


def in_a_row(xs: list[Any]) -> Any:
    """Several arrays or tensors as one vector of all their numbers; a single one as it is."""
    return xs[0] if len(xs) == 1 else ops.concatenate([ops.ravel(x) for x in xs])


def weighed(outputs: list[Any], weights: list[Any], variables: list[Tensor], again: bool) -> dict[Node, Value]:
    """One sweep from several outputs, each with its upstream gradient; outputs that are not tracked have none."""
    pairs = [(y, w) for y, w in zip(outputs, weights, strict=True) if isinstance(y, Node) and y.requires_grad]
    if not pairs:
        return {}
    with recorded():
        root, seed = in_a_row([y for y, _ in pairs]), in_a_row([w if again else value_of(w) for _, w in pairs])
    seed = constant(seed, Tensor) if again and not isinstance(seed, Node) else seed
    return sweep(root, seed, create_graph=again, wrt=variables)


def parted(row: Any, like: list[Any]) -> list[Any]:
    """The inverse of `in_a_row`: pieces of the shapes of `like`."""
    if len(like) == 1:
        return [row]
    ends = np.cumsum([x.size for x in like])
    parts = [(ops.reshape(row[end - x.size : end], x.shape), x.dtype) for end, x in zip(ends, like, strict=True)]
    return [ops.astype(part if dtype.kind == "c" else ops.real(part), dtype) for part, dtype in parts]


def matching(like: Any, tree: Any, what: str) -> list[Any]:
    """The numbers that stand in `tree` where `like` has its leaves, of their shapes and dtypes.

    Raises
    ------
    TypeError, ValueError
        If the containers differ, or the shapes: says where, and what was expected.
    """
    found = matched(like, tree, what)
    for i, (x, v) in enumerate(zip(leaves(like), found, strict=True)):
        v = v if isinstance(v, Node) else copied(as_array(v, what))
        shape = np.shape(value_of(x))
        if value_of(v).shape != shape:
            raise ValueError(f"{what}{paths(like)[i]} has shape {value_of(v).shape}, but needs shape {shape}")
        dtype = value_of(x).dtype if isinstance(x, Node | np.ndarray | np.generic) else np.float64
        found[i] = v if value_of(v).dtype == dtype else ops.astype(v, dtype)
    return found
