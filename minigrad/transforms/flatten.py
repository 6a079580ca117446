"""A tree of parameters as one vector, and back."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad import ops
from minigrad.graph import Node, as_array, copied, value_of
from minigrad.tracing import Traced
from minigrad.transforms.trees import fill, leaves, paths


def flatten_tree(tree: Any) -> tuple[Any, Callable[[Any], Any]]:
    """Join the leaves of nested containers into one vector.

    Parameters
    ----------
    tree : array, Tensor, or dict, list, tuple, named tuple or dataclass of them
        All leaves are floating or complex.

    Returns
    -------
    vector : numpy.ndarray or Tensor
        All elements in order, of the common dtype; a tensor if a leaf is one, and then recorded.
    unflatten : callable
        Takes such a vector, or a tensor, and gives the containers with leaves of their own shapes and dtypes; recorded too.
        Of complex elements, a floating leaf takes the real part.

    Raises
    ------
    TypeError
        If a leaf does not hold floating or complex numbers: says which.
    ValueError
        On a call of `unflatten`: if the vector has another length.

    Examples
    --------
    >>> vector, unflatten = flatten_tree({"w": np.ones((2, 2)), "b": 0.5})
    >>> vector
    array([1. , 1. , 1. , 1. , 0.5])
    >>> unflatten(vector * 2)["b"]
    np.float64(1.0)
    """
    found = leaves(tree)
    values = [value_of(x) if isinstance(x, Node) else as_array(x, "flatten_tree") for x in found]
    for value, path in zip(values, paths(tree), strict=True):
        if value.dtype.kind not in "fc":
            raise TypeError(f"flatten_tree: the leaf{path and f' at {path}'} holds {value.dtype} numbers; pass floats")
    shapes, dtypes = [v.shape for v in values], [v.dtype for v in values]
    ends = np.cumsum([math.prod(shape) for shape in shapes]).tolist()

    def unflatten(vector: Any) -> Any:
        """The containers with the elements of a vector."""
        if np.shape(vector) != (sum(ends[-1:]),):
            raise ValueError(f"unflatten: expected a vector of {sum(ends[-1:])} elements, got shape {np.shape(vector)}")
        parts = zip([0, *ends], ends, shapes, dtypes, strict=False)
        vector = vector if isinstance(vector, Node | Traced) else np.asarray(vector)
        return fill(tree, iter([_leaf(vector[a:b], shape, dtype) for a, b, shape, dtype in parts]))

    if not found:
        return np.zeros(0), unflatten
    parts = [x if isinstance(x, Node) else v for x, v in zip(found, values, strict=True)]
    return ops.concatenate([ops.ravel(x) for x in parts]), unflatten


def _leaf(x: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    x = ops.reshape(x, shape)
    if dtype.kind == "f" and value_of(x).dtype.kind == "c":
        x = ops.real(x)
    x = x if value_of(x).dtype == dtype else ops.astype(x, dtype)
    return x if isinstance(x, Node) else copied(x)
