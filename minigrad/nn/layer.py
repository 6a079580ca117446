"""The plain layers: linear, embedding, dropout, and those that only pass on."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad import ops
from minigrad.graph import Value
from minigrad.nn import init
from minigrad.nn.module import Module
from minigrad.tensor import Tensor


def check_count(who: str, **counts: int) -> None:
    """Refuse what is not a non-negative integer."""
    for name, n in counts.items():
        if not isinstance(n, int | np.integer) or n < 0:
            raise ValueError(f"{who}: {name} is a non-negative integer, got {n!r}")


class Linear(Module):
    """Matrix product with a weight, and a bias added: x weight.T + bias.

    Parameters
    ----------
    in_features, out_features : int
        The last axis of x, and of the result.
    bias : bool
        Whether a bias is added.
    rng : numpy.random.Generator, optional
        Where the first weights come from: uniform within 1/sqrt(in_features), as in PyTorch.
    dtype : dtype_like
        Of the parameters.

    Examples
    --------
    >>> from minigrad import nn
    >>> nn.Linear(3, 2)(np.zeros((5, 3))).shape
    (5, 2)
    """

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, *, rng: np.random.Generator | None = None,
        dtype: Any = np.float32,
    ) -> None:  # fmt: skip
        check_count("Linear", in_features=in_features, out_features=out_features)
        self.in_features, self.out_features = in_features, out_features
        self.weight, self.bias = first_weights((out_features, in_features), out_features, in_features, bias, rng, dtype)

    def forward(self, x: Value) -> Value:
        """Apply it to the last axis."""
        return ops.linear(x, self.weight, self.bias)

    def extra_repr(self) -> str:
        """The sizes."""
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"

    def multiply_adds(self, out: Any, *args: Any) -> int:
        """One for each output and input."""
        return int(out.size * self.in_features)


def first_weights(
    shape: tuple[int, ...], outputs: int, inputs: int, bias: bool, rng: np.random.Generator | None, dtype: Any
) -> tuple[Tensor, Tensor | None]:
    """A weight and a bias, uniform within one over the root of how many inputs an output has."""
    rng = init.generator(rng)
    bound = 1 / math.sqrt(inputs) if inputs else 0.0
    weight = Tensor(init.uniform(shape, rng, -bound, bound, dtype=dtype))
    return weight, Tensor(init.uniform(outputs, rng, -bound, bound, dtype=dtype)) if bias else None


class Embedding(Module):
    """A table with a row of features for each index.

    Parameters
    ----------
    num_embeddings, embedding_dim : int
        How many rows, and how many features.
    padding_idx : int, optional
        A row of zeros that is not trained.
    rng : numpy.random.Generator, optional
        Where the first rows come from, normally distributed.
    dtype : dtype_like
        Of the table.

    Examples
    --------
    >>> from minigrad import nn
    >>> nn.Embedding(10, 3)([[1, 2], [4, 0]]).shape
    (2, 2, 3)
    """

    def __init__(
        self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None, *,
        rng: np.random.Generator | None = None, dtype: Any = np.float32,
    ) -> None:  # fmt: skip
        check_count("Embedding", num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise ValueError(f"Embedding: padding_idx {padding_idx} is no row of a table of {num_embeddings}")
        self.num_embeddings, self.embedding_dim, self.padding_idx = num_embeddings, embedding_dim, padding_idx
        rows = init.normal((num_embeddings, embedding_dim), rng, dtype=dtype)
        if padding_idx is not None:
            rows[padding_idx] = 0
        self.weight = Tensor(rows)

    def forward(self, indices: Value) -> Value:
        """The rows."""
        return ops.embedding(indices, self.weight, self.padding_idx)

    def extra_repr(self) -> str:
        """The sizes."""
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}"


class Dropout(Module):
    """While training, put 0 for each number with probability p, and divide the others by 1 - p.

    Parameters
    ----------
    p : float
        From 0 to 1.
    rng : numpy.random.Generator, optional
        Where chance comes from; a fresh one for this layer if left out.

    Examples
    --------
    >>> from minigrad import nn
    >>> drop = nn.Dropout(0.5, rng=np.random.default_rng(6))
    >>> drop(mg.Tensor([1.0, 2.0, 3.0, 4.0]))
    Tensor([0., 4., 6., 0.])
    >>> drop.eval()(mg.Tensor([1.0, 2.0]))
    Tensor([1., 2.])
    """

    def __init__(self, p: float = 0.5, *, rng: np.random.Generator | None = None) -> None:
        if not 0 <= p <= 1:
            raise ValueError(f"Dropout: p is a probability, from 0 to 1, got {p!r}")
        self.p, self.rng = p, init.generator(rng)

    def forward(self, x: Value) -> Value:
        """Drop some while training."""
        return ops.dropout(x, self.p, self.training, rng=self.rng)

    def extra_repr(self) -> str:
        """The probability."""
        return f"p={self.p}"


class Identity(Module):
    """Its input, unchanged; any arguments are passed over, so that it can take another layer's place.

    Examples
    --------
    >>> from minigrad import nn
    >>> nn.Identity()(mg.Tensor(1.0))
    Tensor(1.0)
    """

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def forward(self, x: Value) -> Value:
        """Return x."""
        return x


class Flatten(Module):
    """A run of axes joined into one; by default all but the batch.

    Parameters
    ----------
    start_dim, end_dim : int
        The first and the last axis of the run.

    Examples
    --------
    >>> from minigrad import nn
    >>> nn.Flatten()(mg.Tensor(np.zeros((5, 2, 3)))).shape
    (5, 6)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, x: Value) -> Value:
        """Join them."""
        return ops.flatten(x, self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        """The axes."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """One axis parted into several.

    Parameters
    ----------
    dim : int
        The axis.
    unflattened_size : tuple of int
        What becomes of it; one -1 stands for what is left over.

    Examples
    --------
    >>> from minigrad import nn
    >>> nn.Unflatten(1, (2, -1))(mg.Tensor(np.zeros((5, 6)))).shape
    (5, 2, 3)
    """

    def __init__(self, dim: int, unflattened_size: tuple[int, ...]) -> None:
        self.dim, self.unflattened_size = dim, tuple(unflattened_size)

    def forward(self, x: Value) -> Value:
        """Part it."""
        shape = np.shape(x)
        if not -len(shape) <= self.dim < len(shape):
            raise ValueError(f"Unflatten: dim {self.dim} is no axis of x of shape {shape}")
        axis = self.dim % len(shape)
        return ops.reshape(x, (*shape[:axis], *self.unflattened_size, *shape[axis + 1 :]))

    def extra_repr(self) -> str:
        """The axis and its parts."""
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"
