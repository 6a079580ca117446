"""The basic layers: linear, embedding, dropout, and changes of shape."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from minigrad import ops
from minigrad.graph import ArrayLike
from minigrad.nn import init
from minigrad.nn.module import Module
from minigrad.tensor import Tensor


def check_count(who: str, **counts: int) -> None:
    """Refuse what is not a non-negative integer."""
    for name, n in counts.items():
        if not isinstance(n, int | np.integer) or n < 0:
            raise ValueError(f"{who}: {name} is a non-negative integer, got {n!r}")


class Linear(Module):
    """Linear layer, x Wᵀ + b, on the last axis.

    The weight has shape (out_features, in_features). As in PyTorch, weight and bias are initially uniform within
    ±1/√in_features.

    Examples
    --------
    >>> mg.nn.Linear(3, 2)(np.zeros((5, 3))).shape
    (5, 2)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        rng: np.random.Generator | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        check_count("Linear", in_features=in_features, out_features=out_features)
        self.in_features, self.out_features = in_features, out_features
        self.weight, self.bias = first_weights((out_features, in_features), out_features, in_features, bias, rng, dtype)

    def forward(self, x: ArrayLike) -> Tensor:
        """Compute x Wᵀ + b."""
        return ops.linear(x, self.weight, self.bias)

    def extra_repr(self) -> str:
        """The sizes."""
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"

    def multiply_adds(self, out: Any, *args: Any) -> int:
        """One per output and input feature."""
        return int(out.size * self.in_features)


def first_weights(
    shape: tuple[int, ...], outputs: int, inputs: int, bias: bool, rng: np.random.Generator | None, dtype: DTypeLike
) -> tuple[Tensor, Tensor | None]:
    """A weight and a bias, uniform within ±1/√inputs, where `inputs` is the fan-in of an output."""
    rng = init.generator(rng)
    bound = 1 / math.sqrt(inputs) if inputs else 0.0
    weight = Tensor(init.uniform(shape, rng, -bound, bound, dtype=dtype))
    return weight, Tensor(init.uniform(outputs, rng, -bound, bound, dtype=dtype)) if bias else None


class Embedding(Module):
    """Embedding, a table with a row of features for each index; normally distributed initially.

    The row `padding_idx` is zero and gets no gradient.

    Examples
    --------
    >>> mg.nn.Embedding(10, 3)([[1, 2], [4, 0]]).shape
    (2, 2, 3)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        *,
        rng: np.random.Generator | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        check_count("Embedding", num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise ValueError(f"Embedding: padding_idx {padding_idx} is not a row of a table of {num_embeddings}")
        self.num_embeddings, self.embedding_dim, self.padding_idx = num_embeddings, embedding_dim, padding_idx
        rows = init.normal((num_embeddings, embedding_dim), rng, dtype=dtype)
        if padding_idx is not None:
            rows[padding_idx] = 0
        self.weight = Tensor(rows)

    def forward(self, indices: ArrayLike) -> Tensor:
        """The rows at the indices."""
        return ops.embedding(indices, self.weight, self.padding_idx)

    def extra_repr(self) -> str:
        """The sizes."""
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}"


class Dropout(Module):
    """Inverted dropout: in training mode each element is 0 with probability p, else x / (1 - p).

    `rng` draws the masks; by default a fresh generator.

    Examples
    --------
    >>> drop = mg.nn.Dropout(0.5, rng=np.random.default_rng(6))
    >>> drop(mg.Tensor([1.0, 2.0, 3.0, 4.0]))
    Tensor([0., 4., 6., 0.])
    >>> drop.eval()(mg.Tensor([1.0, 2.0]))
    Tensor([1., 2.])
    """

    function: Callable[..., Tensor] = ops.dropout

    def __init__(self, p: float = 0.5, *, rng: np.random.Generator | None = None) -> None:
        if not 0 <= p <= 1:
            raise ValueError(f"{type(self).__name__}: p is a probability between 0 and 1, got {p!r}")
        self.p, self.rng = p, init.generator(rng)

    def forward(self, x: ArrayLike) -> Tensor:
        """Drop elements in training mode."""
        return type(self).function(x, self.p, self.training, rng=self.rng)

    def extra_repr(self) -> str:
        """The probability."""
        return f"p={self.p}"


class Dropout1d(Dropout):
    """Dropout of whole channels of x (N, C, L) or (C, L), as neighbours in a channel carry the same information.

    >>> mg.nn.Dropout1d(rng=np.random.default_rng(6))(mg.Tensor([[1.0, 1.0], [1.0, 1.0]]))
    Tensor([[0., 0.],
            [2., 2.]])
    """

    function = ops.dropout1d


class Dropout2d(Dropout):
    """Dropout of whole channels of x (N, C, H, W) or (C, H, W); see `Dropout1d`.

    >>> mg.nn.Dropout2d(rng=np.random.default_rng(6))(np.ones((1, 2, 2, 2))).ravel()
    array([0., 0., 0., 0., 2., 2., 2., 2.])
    """

    function = ops.dropout2d


class Dropout3d(Dropout):
    """Dropout of whole channels of x (N, C, D, H, W) or (C, D, H, W); see `Dropout1d`.

    >>> mg.nn.Dropout3d(rng=np.random.default_rng(6))(np.ones((1, 2, 1, 1, 1))).ravel()
    array([0., 2.])
    """

    function = ops.dropout3d


class Identity(Module):
    """Identity, x. Ignores its arguments, so that it can stand in for any layer.

    >>> mg.nn.Identity()(mg.Tensor(1.0))
    Tensor(1.0)
    """

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def forward(self, x: Any) -> Any:
        """Return x."""
        return x


class Flatten(Module):
    """Join the axes from `start_dim` to `end_dim` into one; by default all but the batch axis.

    >>> mg.nn.Flatten()(mg.Tensor(np.zeros((5, 2, 3)))).shape
    (5, 6)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, x: ArrayLike) -> Tensor:
        """Reshape x."""
        return ops.flatten(x, self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        """The axes."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """Split the axis `dim` into several of sizes `unflattened_size`, one of which may be -1.

    >>> mg.nn.Unflatten(1, (2, -1))(mg.Tensor(np.zeros((5, 6)))).shape
    (5, 2, 3)
    """

    def __init__(self, dim: int, unflattened_size: tuple[int, ...]) -> None:
        self.dim, self.unflattened_size = dim, tuple(unflattened_size)

    def forward(self, x: ArrayLike) -> Tensor:
        """Reshape x."""
        shape = np.shape(x)
        if not -len(shape) <= self.dim < len(shape):
            raise ValueError(f"Unflatten: dim {self.dim} is not an axis of x of shape {shape}")
        axis = self.dim % len(shape)
        return ops.reshape(x, (*shape[:axis], *self.unflattened_size, *shape[axis + 1 :]))

    def extra_repr(self) -> str:
        """The axis and its sizes."""
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"


class PixelShuffle(Module):
    """Rearrange (..., C r², H, W) as (..., C, H r, W r), where r is `upscale_factor`.

    >>> mg.nn.PixelShuffle(2)(mg.Tensor(np.zeros((1, 8, 3, 3)))).shape
    (1, 2, 6, 6)
    """

    def __init__(self, upscale_factor: int) -> None:
        check_count("PixelShuffle", upscale_factor=upscale_factor)
        self.upscale_factor = upscale_factor

    def forward(self, x: ArrayLike) -> Tensor:
        """Rearrange x."""
        return ops.pixel_shuffle(x, self.upscale_factor)

    def extra_repr(self) -> str:
        """The factor."""
        return f"upscale_factor={self.upscale_factor}"
