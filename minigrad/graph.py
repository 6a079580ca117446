"""The graph: nodes, the values they hold, and an order to visit them in.

A `Node` holds a value and remembers the operation that computed it and the inputs it was computed from. Nothing here knows
an operation, or the chain rule.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from minigrad.tracing import ACTIVE, Traced, read

if TYPE_CHECKING:
    import numpy.typing as npt

    from minigrad.guard import Hold
    from minigrad.operation import Op
    from minigrad.tensor import Tensor as Tensor  # for whoever says that a function returns one

Value: TypeAlias = Any
"""The operands of forwards and rules: an array or a NumPy scalar; a Tensor where the sweep itself is recorded."""

ArrayLike: TypeAlias = "npt.ArrayLike"
"""The type of an operand: a tensor, or anything NumPy makes an array of."""

float64, ndarray = np.float64, np.ndarray
_new = object.__new__

NOTHING: dict[str, Any] = {}


class Origin(NamedTuple):
    """Where a node was recorded; a leaf has one if it is a parameter of a module.

    Attributes
    ----------
    scope : str
        The drawing scope.
    site : str
        The line of the user's source, if anomalies are being looked for.
    entered : tuple of int
        When each part of the scope was entered.
    sweeps : int
        How many sweeps that started here have been added up in `.grad`.
    """

    scope: str = ""
    site: str = ""
    entered: tuple[int, ...] = ()
    sweeps: int = 1


class Node:
    """A value in the graph, and how it was computed.

    Attributes
    ----------
    value : numpy.ndarray or numpy.generic
        The result; 0-d values are NumPy scalars.
    grad : numpy.ndarray, numpy.generic, Node or None
        The gradient accumulated so far, in the shape and dtype of the value.
    op : Op or None
        The operation that made this node; None for a leaf.
    inputs : tuple of (Node or None)
        The operands; None stands for a constant that is not a node.
    values : tuple
        The operands' values at the time of recording, constants included.
    static : dict
        The operation's other arguments, such as an axis.
    held : Hold or None
        The user's large arrays that are read-only until the sweep; see `minigrad.guard`.
    """

    __slots__ = (
        "__weakref__",
        "grad",
        "held",
        "inputs",
        "name",
        "op",
        "origin",
        "requires_grad",
        "static",
        "value",
        "values",
    )

    value: Any
    grad: Any
    requires_grad: bool
    op: Op[...] | None
    inputs: tuple[Node | None, ...]
    values: tuple[Any, ...]
    static: dict[str, Any]
    name: str | None
    origin: Origin | None
    held: Hold | None

    if TYPE_CHECKING:  # so that a node is an ArrayLike; Tensor says how

        def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any: ...

    def rewire(
        self,
        op: Op[...] | None = None,
        inputs: tuple[Node | None, ...] = (),
        values: tuple[Any, ...] = (),
        static: dict[str, Any] = NOTHING,
    ) -> None:
        """Let the node come from another operation and other operands; without any, be a leaf."""
        self.op, self.inputs, self.values, self.static, self.held = op, inputs, values, static, None


class Fault(NamedTuple):
    """Where an error arose. An error of an operation or of a sweep carries one as its attribute `fault`.

    Attributes
    ----------
    called : str
        The function that was called, by its public name.
    inputs, values, static, op, value, scope
        What it was called with; the operation; the result, if it came that far; the drawing scope.
    root, node, gradients
        Of a sweep: where it started, the node it had reached, and the gradients it had by then.
    """

    called: str
    inputs: tuple[Node | None, ...]
    values: tuple[Any, ...]
    static: dict[str, Any] = NOTHING
    op: Op[...] | None = None
    value: Value = None
    scope: str = ""
    root: Node | None = None
    node: Node | None = None
    gradients: dict[Node, Value] | None = None


def constant(value: Value, kind: type[Node]) -> Node:
    """A value as a leaf of the given kind, without a gradient."""
    node = _new(kind)
    node.value = value
    node.grad = node.name = node.origin = None
    node.requires_grad = False
    node.rewire()
    return node


def value_of(x: Any) -> Any:
    """The value of a node, inside a trace what stands for it; a plain number or array as it is."""
    return (read(x) if ACTIVE else x.value) if isinstance(x, Node) else x


def array_of(x: Any) -> Any:
    """The value of a node as an array, a 0-d one too; inside a trace what stands for it."""
    v = value_of(x)
    return v if type(v) is Traced else np.asarray(v)


def copied(v: Value) -> Value:
    """A copy of a value, 0-d as a NumPy scalar."""
    return v if type(v) is Traced else np.array(v)[()]


def describe(node: Node) -> str:
    """A node in words, for messages: its name, or its operation, and its shape."""
    what = f"tensor {node.name!r}" if node.name else f"the result of {node.op.name}" if node.op else "a tensor"
    return f"{what} of shape {node.value.shape}"


def as_array(data: object, who: str) -> Value:
    """Data as a NumPy array or scalar, 0-d as a scalar; what holds no numbers is a TypeError.

    Python numbers become float64; arrays and NumPy scalars keep their dtype.
    """
    if type(data) is Traced:
        return data.strong()
    if isinstance(data, list | tuple):
        _refuse_nodes(data, who)
        try:
            array = np.asarray(data)
        except ValueError as error:
            raise ValueError(f"{who}: the nested lists are ragged; every row needs the same length ({error})") from None
        if array.dtype.kind in "iu" and not _holds_numpy(data):
            array = array.astype(float64)
    elif type(data) is int:
        array = float64(data)  # type: ignore[assignment]
    else:
        if type(data) is not ndarray:
            refuse_subclass(data, who)
        array = np.asarray(data)
    if array.dtype.kind not in "fiubc":
        found = f"{type(data).__name__} of dtype {array.dtype}" if array.dtype.kind != "O" else type(data).__name__
        raise TypeError(f"{who}: expected numbers (floating, complex, integer or boolean data), got {found}")
    return array[()] if array.ndim == 0 else array


def refuse_subclass(data: object, who: str) -> None:
    """Refuse a masked array, whose mask would be lost, and a `numpy.matrix`, whose `*` means another product."""
    if isinstance(data, np.ma.MaskedArray):
        raise TypeError(
            f"{who}: a masked array of shape {data.shape} would lose its mask; fill it, m.filled(0), and choose with "
            "minigrad.where(m.mask, ...), or average with weights=~m.mask"
        )
    if isinstance(data, np.matrix):
        raise TypeError(f"{who}: a numpy.matrix multiplies otherwise than arrays do; pass np.asarray(m), and use @")


def _refuse_nodes(data: object, who: str) -> None:
    """A list of tensors would lose its gradients on the way to an array."""
    if isinstance(data, Node):
        raise TypeError(f"{who}: a list of tensors does not record gradients; join them with minigrad.stack")
    if isinstance(data, list | tuple):
        for element in data:
            _refuse_nodes(element, who)


def _holds_numpy(data: object) -> bool:
    """True if nested lists hold NumPy integers, which keep their dtype; Python's become float64."""
    while isinstance(data, list | tuple) and data:
        data = data[0]
    return isinstance(data, np.generic | np.ndarray)


def topological_order(root: Node) -> list[Node]:
    """The recorded nodes below `root`, each after its inputs, `root` last. Leaves are found among their inputs.

    Depth first with a stack of its own: a chain of a million nodes needs no recursion.
    """
    order: list[Node] = []
    seen: set[Node] = set()
    stack: list[Node | None] = [root] if root.op is not None else []
    push, pop, visit, append = stack.append, stack.pop, seen.add, order.append
    while stack:
        node = pop()
        if node is None:  # the inputs of the node below this mark are all in the order
            append(pop())  # type: ignore[arg-type]
        elif node not in seen:
            visit(node)
            waits = False
            for x in node.inputs:
                if x is not None and x.op is not None and x not in seen:
                    if not waits:
                        waits = True
                        push(node)
                        push(None)
                    push(x)
            if not waits:
                append(node)
    return order


def path_from(variables: Iterable[Node], root: Node) -> tuple[list[Node], set[Node]]:
    """The recorded nodes that depend on the variables, each after its inputs, and the set of them and the variables."""
    reached = set(variables)
    path = []
    for node in topological_order(root):
        for x in node.inputs:
            if x in reached:
                reached.add(node)
                path.append(node)
                break
    return path, reached
