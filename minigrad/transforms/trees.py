"""Nested containers: dicts, lists, tuples, named tuples and dataclasses of arrays, taken apart into leaves and put together.

None holds nothing; what is no container is a leaf. A field of a dataclass declared with ``metadata={"static": True}`` is
part of the container, not of what it holds.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from minigrad.tensor import Tensor

LEAVES = frozenset({Tensor, np.ndarray, np.float64, float, int, bool, str})  # the usual ones, known at once


def parts_of(tree: Any) -> dict[Any, Any] | None:
    """The parts of a container by key, index or field; None for a leaf."""
    if tree is None:
        return {}
    if isinstance(tree, dict):
        return tree
    if isinstance(tree, list | tuple):
        names = getattr(tree, "_fields", None)
        return dict(enumerate(tree)) if names is None else dict(zip(names, tree, strict=True))
    if hasattr(tree, "__dataclass_fields__") and not isinstance(tree, type):
        from dataclasses import fields  # which takes longer to import than all of this package's modules

        return {field.name: getattr(tree, field.name) for field in fields(tree) if not field.metadata.get("static")}
    return None


def _like(tree: Any, parts: dict[Any, Any]) -> Any:
    """A container of the same kind that holds other parts."""
    if tree is None:
        return None
    if isinstance(tree, tuple):
        return tree._make(parts.values()) if hasattr(tree, "_make") else type(tree)(parts.values())
    new = copy.copy(tree)  # keeps a subclass as it is, without asking for its constructor
    if isinstance(tree, dict):
        new.update(parts)
    elif isinstance(tree, list):
        new[:] = parts.values()
    else:
        for name, part in parts.items():
            object.__setattr__(new, name, part)  # of frozen dataclasses too
    return new


def tree_map(f: Callable[[Any], Any], tree: Any) -> Any:
    """The same containers with every leaf replaced by ``f(leaf)``, in order."""
    parts = None if type(tree) in LEAVES else parts_of(tree)
    return f(tree) if parts is None else _like(tree, {key: tree_map(f, part) for key, part in parts.items()})


def leaves(tree: Any) -> list[Any]:
    """The leaves, in order."""
    parts = None if type(tree) in LEAVES else parts_of(tree)
    return [tree] if parts is None else [leaf for part in parts.values() for leaf in leaves(part)]


def fill(tree: Any, new: Iterator[Any]) -> Any:
    """The same containers with the leaves taken from an iterator."""
    return tree_map(lambda _: next(new), tree)


def paths(tree: Any) -> list[str]:
    """Where each leaf stands, such as ``['layers'][0].weight``; for messages."""
    parts = parts_of(tree)
    if parts is None:
        return [""]
    named = (isinstance(tree, tuple) and hasattr(tree, "_fields")) or not isinstance(tree, dict | list | tuple)
    return [(f".{key}" if named else f"[{key!r}]") + rest for key, part in parts.items() for rest in paths(part)]


def matched(tree: Any, other: Any, what: str) -> list[Any]:
    """The leaves of `other` in the places of the leaves of `tree`.

    Raises
    ------
    TypeError
        If the containers differ: says where, and what was found.
    """
    parts = parts_of(tree)
    if parts is None:
        return [other]
    others = parts_of(other) if type(other) is type(tree) else None
    if others is None or others.keys() != parts.keys():
        raise TypeError(f"{what}: expected {kind(tree)}, got {kind(other)}")
    return [leaf for key, part in parts.items() for leaf in matched(part, others[key], f"{what}, at {key!r}")]


def kind(tree: Any) -> str:
    """A container in words."""
    name, parts = type(tree).__name__, parts_of(tree)
    if tree is None or parts is None:
        return "None" if tree is None else f"{name} of shape {tree.shape}" if hasattr(tree, "shape") else name
    if isinstance(tree, list | tuple) and not hasattr(tree, "_fields"):
        return f"{name} of {len(parts)}"
    return f"{name} with {', '.join(map(str, parts)) or 'nothing'}"
