"""Names: of an operation, as it is called and written, and of a tensor, by the variable that holds it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, count
from typing import Any

from minigrad.draw.text import argument, in_words, uniform
from minigrad.graph import Node
from minigrad.operation import Op
from minigrad.ops.geometry import Geometry

NEUTRAL = {"stride": 1, "dilation": 1, "groups": 1, "padding": 0}  # arguments that go without saying

DEEPEST = 3  # levels of lists and dictionaries in which tensors are found


def operation(node: Node) -> str:
    """The public name of the operation behind a node; empty for a leaf.

    Examples
    --------
    >>> import minigrad as mg
    >>> operation(mg.conv1d(mg.Tensor([[[1.0, 2.0]]]), [[[1.0]]]))
    'conv1d'
    """
    return node.op.called(node.values, node.static) if node.op else ""


def symbol(node: Node) -> str:
    """The operation behind a node as a drawing shows it: its symbol, or its name if it has none."""
    return node.op.symbol or operation(node) if node.op else ""


def arguments(op: Op[...], static: Mapping[str, Any]) -> str:
    """The static arguments of an operation, except those that go without saying.

    Examples
    --------
    >>> import minigrad as mg
    >>> arguments(mg.sum, {"axis": None, "keepdims": True})
    'keepdims=True'
    """
    told: dict[str, Any] = {}
    for k, v in static.items():
        if isinstance(v, Geometry):
            told |= {"kernel_size": v.kernel, "stride": v.stride, "padding": v.padding}
            told |= {"dilation": v.dilation, "groups": v.groups}
        elif v is not None and v is not op.defaults.get(k, NEUTRAL) and not hasattr(v, "_fields"):
            told[k] = v  # any other record is internal
    shown = {k: uniform(v) for k, v in told.items() if k not in op.hidden}
    neutral = dict(NEUTRAL)
    if "kernel_size" in shown:
        del neutral["stride"]  # by default it is the size of the window
    return ", ".join(f"{k}={argument(v)}" for k, v in shown.items() if not (k in neutral and v == neutral[k]))


def names_given(who: str, names: Mapping[str, Any] | None) -> dict[Node, str]:
    """The names of tensors that a public function was given as variables."""
    if names is not None and not hasattr(names, "items"):
        raise TypeError(f"{who}: names is a mapping such as locals(), got {type(names).__name__}")
    return find_names(names) if names is not None else {}


def find_names(variables: Mapping[str, Any]) -> dict[Node, str]:
    """The names of the tensors that variables hold, in lists and dictionaries too.

    Names with a leading underscore are private. Of several names a tensor gets the first that is a variable of its own, else
    the first that leads to it through a list or dictionary, in the order of the mapping.

    Parameters
    ----------
    variables : mapping of str to object
        Such as ``locals()``.

    Returns
    -------
    dict
        A name for each tensor.

    Examples
    --------
    >>> from minigrad import Tensor
    >>> w = Tensor(2.0)
    >>> list(find_names({"layers": [w], "b": Tensor(0.0), "w": w, "_": w}).values())
    ['b', 'w']
    """
    public = {k: v for k, v in variables.items() if isinstance(k, str) and not k.startswith("_")}
    names: dict[Node, str] = {}
    for name, v in public.items():
        if isinstance(v, Node):
            names.setdefault(v, name)
    for name, v in public.items():
        for element, where in _elements(v, name, DEEPEST):
            names.setdefault(element, where)
    return names


def leaf_labels(order: Iterable[Node], names: Mapping[Node, str]) -> dict[Node, str]:
    """Labels of the tracked leaves without a name: "leaf", or "leaf 1", "leaf 2", … in the order of their first use.

    A label that is the name of another tensor of the graph is left out.

    Examples
    --------
    >>> from minigrad import Tensor
    >>> x = Tensor(-3.0, name="x")
    >>> list(leaf_labels([x * Tensor(-3.0), x * Tensor(-3.0)], {}).values())
    ['leaf 1', 'leaf 2']
    """
    nodes = dict.fromkeys(x for node in order for x in (*node.inputs, node) if x is not None)
    called = {x: x.name or names.get(x, "") for x in nodes}
    unnamed = [x for x, name in called.items() if x.op is None and x.requires_grad and not name]
    taken = {in_words(name) for name in set(called.values())}
    labels: Iterator[str] = (f"leaf {k}" for k in count(1))
    if len(unnamed) == 1:
        labels = chain(["leaf"], labels)
    return dict(zip(unnamed, (label for label in labels if label not in taken), strict=False))


def _elements(v: Any, where: str, depth: int) -> Iterator[tuple[Node, str]]:
    """The tensors in lists, tuples and dictionaries with string keys, and the expressions that lead to them."""
    if isinstance(v, Node):
        yield v, where
    elif depth and isinstance(v, list | tuple):
        for i, element in enumerate(v):
            yield from _elements(element, f"{where}[{i}]", depth - 1)
    elif depth and isinstance(v, dict):
        for key, element in v.items():
            if isinstance(key, str):  # the `Out` of a notebook has integers
                yield from _elements(element, f"{where}[{key!r}]", depth - 1)
