"""What networks are built of besides convolution: the linear layer, dropout, embedding."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.graph import Node, Value, as_array, op, value_of
from minigrad.ops.elementwise import astype


def floats(who: str, *inputs: Value) -> list[Any]:
    """Give lists and integers the dtype of the floating arrays beside them, else float64, so that float32 stays."""
    known = [isinstance(v, Node | np.ndarray | np.generic) and value_of(v).dtype.kind == "f" for v in inputs]
    dtypes = [value_of(v).dtype for v, sure in zip(inputs, known, strict=True) if sure]
    dtype = np.result_type(*dtypes) if dtypes else np.float64
    return [
        v if sure or v is None else astype(v if isinstance(v, Node) else as_array(v, who), dtype)
        for v, sure in zip(inputs, known, strict=True)
    ]


def _rows(x: Value) -> Value:
    """See x as rows of its last axis, for one product instead of many."""
    return np.reshape(x, (math.prod(x.shape[:-1]), x.shape[-1]))


@op()
def _linear(x: Value, weight: Value, bias: Value = None, /) -> Value:
    """Rows times the weight's rows, and a bias."""
    if np.ndim(weight) != 2 or np.shape(x)[-1:] != weight.shape[1:]:
        raise ValueError("weight must be (out_features, in_features), and x end in as many in_features")
    if bias is not None and np.shape(bias) != weight.shape[:1]:
        raise ValueError(f"bias must be {weight.shape[:1]}, for as many out_features as weight has")
    out = _rows(x) @ weight.T
    if bias is not None:
        out = out + bias  # not in place: a bias of more digits keeps them
    return out.reshape(x.shape[:-1] + weight.shape[:1])


_linear.rules(
    lambda g, out, x, weight, bias: np.reshape(_rows(g) @ weight, x.shape),
    lambda g, out, x, weight, bias: np.transpose(_rows(g)) @ _rows(x),
    lambda g, out, x, weight, bias: np.sum(_rows(g), axis=0),
)


def linear(x: Value, weight: Value, bias: Value = None) -> Value:
    """Matrix product with a weight, and a bias added: x weight.T + bias.

    Parameters
    ----------
    x : Tensor or array_like
        Shape (..., in_features).
    weight : Tensor or array_like
        Shape (out_features, in_features).
    bias : Tensor or array_like, optional
        Shape (out_features,).

    Returns
    -------
    Tensor
        Shape (..., out_features).

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> linear(Tensor([1.0, 2.0]), Tensor([[3.0, 4.0]]), Tensor([0.5]))
    Tensor([11.5])
    """
    return _linear(*floats("linear", x, weight, bias))


@op()
def _dropout(x: Value, /, kept: Value, divisor: float) -> Value:
    """Keep some numbers, scaled up, and put 0 for the others."""
    out = x * kept
    out /= divisor
    return out


_dropout.rules(lambda g, out, x, kept, divisor: _dropout(g, kept, divisor))


def dropout(x: Value, p: float = 0.5, training: bool = True, *, rng: np.random.Generator | None = None) -> Value:
    """Put 0 for each number with probability p, and divide the others by 1 - p, so that the expected value stays.

    Parameters
    ----------
    x : Tensor or array_like
        Any shape.
    p : float
        From 0, which keeps everything as it is, to 1, which leaves only zeros.
    training : bool
        If false, x is returned as it is.
    rng : numpy.random.Generator, optional
        Where chance comes from; if left out, a fresh ``numpy.random.default_rng()``, so that no two runs are alike.

    Returns
    -------
    Tensor
        Of x's shape.

    Raises
    ------
    ValueError
        If p is not a probability.

    Notes
    -----
    Srivastava et al., Dropout, 2014, section 10: scaled while training, so that nothing is to do afterwards.

    Examples
    --------
    >>> dropout(Tensor([1.0, 2.0, 3.0, 4.0]), 0.5, rng=np.random.default_rng(6))
    Tensor([0., 4., 6., 0.])
    """
    if not 0 <= p <= 1:
        raise ValueError(f"dropout: p is a probability, from 0 to 1, got {p!r}")
    if not training or p == 0:
        return x
    rng = np.random.default_rng() if rng is None else rng
    kept = rng.random(np.shape(value_of(x)), np.float32) >= p
    (x,) = floats("dropout", x)
    return _dropout(x, kept=kept, divisor=1 - p or 1.0)


@op()
def _embedding(weight: Value, /, indices: Value, padding_idx: int | None) -> Value:
    """Take the rows with the given indices."""
    return np.take(weight, indices, axis=0)


@op()
def _embedding_adjoint(g: Value, /, indices: Value, rows: int) -> Value:
    """Zeros, with each row of g added to the row that its index names."""
    # Number by number: along one axis np.add.at is as fast as a copy, by rows it takes 5 times as long.
    out = np.zeros(rows * g.shape[-1], g.dtype)
    at = indices.reshape(-1, 1) * g.shape[-1] + np.arange(g.shape[-1])
    np.add.at(out, at.ravel(), g.ravel())
    return out.reshape(rows, g.shape[-1])


def _embedding_rule(g: Value, out: Value, weight: Value, indices: Value, padding_idx: int | None) -> Value:
    if padding_idx is not None:
        g = g * (indices != padding_idx)[..., None]
    return _embedding_adjoint(g, indices, weight.shape[0])


_embedding.rules(_embedding_rule)
_embedding_adjoint.rules(lambda g, out, x, indices, rows: _embedding(g, indices, None))


def embedding(indices: Value, weight: Value, padding_idx: int | None = None) -> Value:
    """Take a row of a table for each index; where an index repeats, the gradients of its row add up.

    Parameters
    ----------
    indices : array of int
        Any shape.
    weight : Tensor or array_like
        The table, shape (rows, features).
    padding_idx : int, optional
        A row that receives no gradient; negative ones count from the end.

    Returns
    -------
    Tensor
        The indices' shape, then features.

    Raises
    ------
    IndexError
        If an index is negative, or not less than the number of rows.
    TypeError
        If the indices are not integers.
    ValueError
        If the table has not two axes.

    Examples
    --------
    >>> embedding([2, 0], Tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
    Tensor([[5., 6.],
            [1., 2.]])
    """
    shape, index = np.shape(value_of(weight)), np.array(value_of(indices))
    if len(shape) != 2:
        raise ValueError(f"embedding: weight must be (rows, features), got shape {shape}")
    if index.dtype.kind not in "iu" and index.size:
        raise TypeError(f"embedding: indices are integers, got {index.dtype} of shape {index.shape}")
    for i in (index.min(initial=0), index.max(initial=0)):
        if index.size and not 0 <= i < shape[0]:
            raise IndexError(f"embedding: index {i} is out of range for a table of {shape[0]} rows")
    if padding_idx is not None:
        if not -shape[0] <= padding_idx < shape[0]:
            raise IndexError(f"embedding: padding_idx {padding_idx} is out of range for a table of {shape[0]} rows")
        padding_idx %= shape[0]
    return _embedding(weight, indices=index.astype(np.intp), padding_idx=padding_idx)
