"""Attention: for each query the mean of the values, weighted by how well their keys match it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from minigrad import ops
from minigrad.graph import ArrayLike, value_of
from minigrad.nn import init
from minigrad.nn.layer import Linear, check_count
from minigrad.nn.module import Module
from minigrad.nn.summary import shape_of
from minigrad.tensor import Tensor


def _additive(allowed: Any, dtype: DTypeLike) -> Any:
    """A boolean mask as a term of the scores: 0 where attention is allowed, else minus infinity."""
    return np.where(allowed, 0.0, -np.inf).astype(dtype)


def _weights(query: ArrayLike, key: ArrayLike, mask: ArrayLike | None, is_causal: bool, scale: float | None) -> Tensor:
    """Softmax of the scores. The mask is boolean, true where attention is allowed, or added to the scores.

    A query that the mask leaves no key has weights of 0, where the softmax would be nan.
    """
    rows, columns = np.shape(query)[-2], np.shape(key)[-2]
    scaled = ops.multiply(query, 1 / math.sqrt(np.shape(query)[-1]) if scale is None else scale)
    scores = ops.matmul(scaled, ops.swapaxes(key, -1, -2))
    dtype = value_of(scores).dtype
    if mask is not None and np.asarray(value_of(mask)).dtype == bool:
        mask = _additive(value_of(mask), dtype)
    if is_causal:
        causal = _additive(np.tril(np.ones((rows, columns), bool)), dtype)
        mask = causal if mask is None else ops.add(mask, causal)
    if mask is None:
        return ops.softmax(scores)
    alone = np.isneginf(np.broadcast_to(value_of(mask), np.broadcast_shapes(np.shape(mask), (1, columns)))).all(
        -1, keepdims=True
    )
    if not alone.any():
        return ops.softmax(ops.add(scores, mask))
    return ops.where(alone, 0.0, ops.softmax(ops.add(scores, ops.where(alone, 0.0, mask))))


def scaled_dot_product_attention(
    query: ArrayLike,
    key: ArrayLike,
    value: ArrayLike,
    attn_mask: ArrayLike | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    *,
    rng: np.random.Generator | None = None,
) -> Tensor:
    """Scaled dot-product attention, softmax(Q Kᵀ / √E) V.

    Parameters
    ----------
    query, key, value : Tensor or array_like
        Shapes (..., L, E), (..., S, E) and (..., S, EV).
    attn_mask : Tensor or array_like, optional
        Broadcasts to (..., L, S). Boolean: **true where attention is allowed**; floating: added to the scores.
    dropout_p : float
        Probability with which a weight is dropped.
    is_causal : bool
        Query i attends to keys 0 to i only.
    scale : float, optional
        Replaces 1/√E.
    rng : numpy.random.Generator, optional
        Draws the dropout.

    Returns
    -------
    Tensor
        Shape (..., L, EV).

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Notes
    -----
    A query that the mask leaves no key to attend to has the result 0. Vaswani et al., Attention Is All You Need, 2017,
    equation 1.

    Examples
    --------
    >>> x = mg.Tensor([[1.0, 0.0], [0.0, 1.0]])
    >>> mg.nn.scaled_dot_product_attention(x, x, x, is_causal=True).data.round(3)
    array([[1.  , 0.  ],
           [0.33, 0.67]])
    """
    q, k, v = (np.shape(value_of(t)) for t in (query, key, value))
    if min(map(len, (q, k, v))) < 2 or q[-1] != k[-1] or k[-2] != v[-2]:
        raise ValueError(
            "scaled_dot_product_attention: query is (..., L, E), key (..., S, E) and value (..., S, EV), but these are "
            f"{q}, {k} and {v}"
        )
    weights = _weights(query, key, attn_mask, is_causal, scale)
    return ops.matmul(ops.dropout(weights, dropout_p, rng=rng), value)


class MultiheadAttention(Module):
    """Multi-head attention, each head on its part of the features.

    `rng` also draws the dropout. `need_weights=False` returns None in place of the weights. A query that the masks leave no
    key has weights of 0, where PyTorch's are nan. PyTorch's `add_bias_kv` and `add_zero_attn` are not supported.

    Notes
    -----
    Vaswani et al., Attention Is All You Need, 2017, section 3.2.2.

    Examples
    --------
    >>> x = np.zeros((5, 2, 8), np.float32)
    >>> out, weights = mg.nn.MultiheadAttention(8, 4)(x, x, x)
    >>> out.shape, weights.shape
    ((5, 2, 8), (2, 5, 5))
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        *,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        rng: np.random.Generator | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        check_count("MultiheadAttention", embed_dim=embed_dim, num_heads=num_heads)
        if num_heads < 1 or embed_dim % num_heads:
            raise ValueError(f"MultiheadAttention: embed_dim {embed_dim} does not divide into {num_heads} heads")
        if not 0 <= dropout <= 1:
            raise ValueError(f"MultiheadAttention: dropout is a probability between 0 and 1, got {dropout!r}")
        self.embed_dim, self.num_heads, self.dropout, self.batch_first = embed_dim, num_heads, dropout, batch_first
        self.kdim, self.vdim = embed_dim if kdim is None else kdim, embed_dim if vdim is None else vdim
        self.rng = init.generator(rng)
        if self.kdim == self.vdim == embed_dim:
            self.in_proj_weight = Tensor(init.xavier_uniform((3 * embed_dim, embed_dim), self.rng, dtype=dtype))
        else:
            for name, size in (("q", embed_dim), ("k", self.kdim), ("v", self.vdim)):
                weight = init.xavier_uniform((embed_dim, size), self.rng, dtype=dtype)
                setattr(self, f"{name}_proj_weight", Tensor(weight))
        self.in_proj_bias = Tensor(init.zeros(3 * embed_dim, dtype=dtype)) if bias else None
        self.out_proj = Linear(embed_dim, embed_dim, bias, rng=self.rng, dtype=dtype)
        if self.out_proj.bias is not None:
            self.out_proj.bias.data = init.zeros(embed_dim, dtype=dtype)

    def forward(
        self,
        query: ArrayLike,
        key: ArrayLike,
        value: ArrayLike,
        key_padding_mask: ArrayLike | None = None,
        need_weights: bool = True,
        attn_mask: ArrayLike | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Attend to the keys.

        Parameters
        ----------
        query, key, value : Tensor or array_like
            Shapes (L, N, embed_dim), (S, N, kdim) and (S, N, vdim); (N, L, embed_dim), ... if `batch_first`; or without N.
        key_padding_mask : array_like, optional
            Shape (N, S). Boolean: **true where a key is ignored**, as in PyTorch; floating: added to the scores.
        need_weights : bool
            Whether to return the weights.
        attn_mask : array_like, optional
            Shape (L, S) or (N · num_heads, L, S). Boolean: **true where attention is not allowed**; floating: added.
        average_attn_weights : bool
            Whether the returned weights are averaged over the heads.
        is_causal : bool
            Query i attends to keys 0 to i only; unlike in PyTorch, no mask is needed for it.

        Returns
        -------
        tuple
            The output, in the layout of the query, and the weights, (N, L, S), or (N, num_heads, L, S) if not averaged.
        """
        sizes = (self.embed_dim, self.kdim, self.vdim)
        shapes = [np.shape(value_of(v)) for v in (query, key, value)]
        ndim, batch = len(shapes[0]), 0 if self.batch_first else 1
        if (
            ndim not in (2, 3)
            or any(len(s) != ndim or s[-1] != size for s, size in zip(shapes, sizes, strict=True))
            or shapes[1][:-1] != shapes[2][:-1]
            or (ndim == 3 and shapes[0][batch] != shapes[1][batch])
        ):
            raise ValueError(
                f"MultiheadAttention: query, key and value need {sizes} features, all with or without the same batch axis, "
                f"got {shapes}"
            )
        if ndim == 2:
            query, key, value = (ops.expand_dims(v, 0) for v in (query, key, value))
        elif not self.batch_first:
            query, key, value = (ops.swapaxes(v, 0, 1) for v in (query, key, value))
        q, k, v = (self._project(i, x) for i, x in enumerate((query, key, value)))
        mask = self._mask(key_padding_mask, attn_mask, is_causal, (*q.shape[:3], k.shape[2]), value_of(q).dtype)
        weights = _weights(q, k, mask, False, None)
        means = ops.matmul(ops.dropout(weights, self.dropout, self.training, rng=self.rng), v)
        out = ops.swapaxes(means, 1, 2)
        out = self.out_proj(ops.reshape(out, (*out.shape[:2], self.embed_dim)))
        seen: Tensor | None = None
        if need_weights:
            seen = ops.mean(weights, 1) if average_attn_weights else weights
        if ndim == 2:
            return out[0], seen if seen is None else seen[0]
        return (out if self.batch_first else ops.swapaxes(out, 0, 1)), seen

    def _project(self, i: int, x: ArrayLike) -> Tensor:
        """Query, key or value for each head: (N, heads, length, features per head)."""
        e = self.embed_dim
        part = slice(i * e, (i + 1) * e)
        weight = self.in_proj_weight[part] if hasattr(self, "in_proj_weight") else getattr(self, f"{'qkv'[i]}_proj_weight")
        out = ops.linear(x, weight, None if self.in_proj_bias is None else self.in_proj_bias[part])
        n, length, _ = np.shape(out)
        return ops.swapaxes(ops.reshape(out, (n, length, self.num_heads, e // self.num_heads)), 1, 2)

    def _mask(self, padding: Any, mask: Any, is_causal: bool, shape: tuple[int, ...], dtype: Any) -> Any:
        """All masks as one term of the scores (N, heads, L, S)."""
        n, heads, rows, columns = shape
        added, allowed = np.zeros((), dtype), np.ones((rows, columns), bool)
        if is_causal:
            allowed = np.tril(allowed)
        for name, given, shapes in (
            ("key_padding_mask", padding, {(n, columns): (n, 1, 1, columns), (columns,): (1, 1, 1, columns)}),
            ("attn_mask", mask, {(rows, columns): (1, 1, rows, columns), (n * heads, rows, columns): shape}),
        ):
            if given is None:
                continue
            values = np.asarray(value_of(given))
            if values.shape not in shapes or values.dtype.kind not in "bf":
                expected = " or ".join(map(str, shapes))
                raise ValueError(
                    f"MultiheadAttention: {name} is boolean or floating and {expected}, got {values.dtype} {values.shape}"
                )
            if values.dtype == bool:
                allowed = allowed & ~values.reshape(shapes[values.shape])
            else:
                added = added + ops.astype(ops.reshape(given, shapes[values.shape]), dtype)
        return _additive(allowed, dtype) + added

    def extra_repr(self) -> str:
        """The sizes."""
        return f"{self.embed_dim}, num_heads={self.num_heads}" + (", batch_first=True" if self.batch_first else "")

    def multiply_adds(self, out: Any, *args: Any) -> int:
        """The projections, the scores and the means."""
        (*queries, e), (*keys, kdim), (*_, vdim) = (shape_of(v) for v in args[:3])
        rows, columns = math.prod(queries), math.prod(keys)
        length = keys[0] if len(keys) == 1 or not self.batch_first else keys[1]
        return int(rows * e * e + columns * e * (kdim + vdim) + 2 * rows * length * e)
