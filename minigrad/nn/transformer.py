"""Transformers: attention and a small network for each position, each with a shortcut around it and a normalisation."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from minigrad import ops
from minigrad.graph import ArrayLike
from minigrad.nn import init
from minigrad.nn.attention import MultiheadAttention
from minigrad.nn.container import ModuleList
from minigrad.nn.layer import Dropout, Linear, check_count
from minigrad.nn.module import Module
from minigrad.nn.normalise import LayerNorm
from minigrad.tensor import Tensor

ACTIVATIONS: dict[str, Callable[..., Tensor]] = {"relu": ops.relu, "gelu": ops.gelu}


class _Layer(Module):
    """The parts that both kinds of layer share: the network for each position, and the place of normalisation."""

    attentions: tuple[str, ...]

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Callable[[Tensor], Tensor] = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        *,
        rng: np.random.Generator | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        name = type(self).__name__
        check_count(name, d_model=d_model, nhead=nhead, dim_feedforward=dim_feedforward)
        if isinstance(activation, str) and activation not in ACTIVATIONS:
            raise ValueError(
                f"{name}: activation is {' or '.join(map(repr, ACTIVATIONS))} or a function, got {activation!r}"
            )
        rng = init.generator(rng)
        for attention in self.attentions:
            heads = MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first, rng=rng, dtype=dtype)
            setattr(self, attention, heads)
        self.linear1 = Linear(d_model, dim_feedforward, bias, rng=rng, dtype=dtype)
        self.dropout = Dropout(dropout, rng=rng)
        self.linear2 = Linear(dim_feedforward, d_model, bias, rng=rng, dtype=dtype)
        self.norm_first = norm_first
        self.activation = ACTIVATIONS[activation] if isinstance(activation, str) else activation
        parts = range(1, len(self.attentions) + 2)
        for i in parts:
            setattr(self, f"norm{i}", LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype))
        for i in parts:
            setattr(self, f"dropout{i}", Dropout(dropout, rng=rng))

    def _around(self, i: int, x: Any, part: Callable[[Any], Any]) -> Any:
        """Part `i` with a shortcut around it, normalised before or after."""
        norm, dropout = getattr(self, f"norm{i}"), getattr(self, f"dropout{i}")
        if self.norm_first:
            return ops.add(x, dropout(part(norm(x))))
        return norm(ops.add(x, dropout(part(x))))

    def _feed_forward(self, x: Any) -> Tensor:
        return self.linear2(self.dropout(self.activation(self.linear1(x))))  # type: ignore[no-any-return]


class TransformerEncoderLayer(_Layer):
    """A layer of a transformer's encoder: self-attention, then a network of two linear layers for each position.

    Vaswani et al., Attention Is All You Need, 2017, section 3; `norm_first` as in Xiong et al., On Layer Normalization in
    the Transformer Architecture, 2020. Masks are those of `MultiheadAttention`.

    Examples
    --------
    >>> layer = mg.nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    >>> layer(np.zeros((3, 5, 8), np.float32), is_causal=True).shape
    (3, 5, 8)
    """

    attentions = ("self_attn",)
    self_attn: MultiheadAttention

    def forward(
        self,
        src: ArrayLike,
        src_mask: ArrayLike | None = None,
        src_key_padding_mask: ArrayLike | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        """Encode a sequence."""
        x = self._around(
            1, src, lambda x: self.self_attn(x, x, x, src_key_padding_mask, False, src_mask, is_causal=is_causal)[0]
        )
        return self._around(2, x, self._feed_forward)  # type: ignore[no-any-return]


class TransformerDecoderLayer(_Layer):
    """A layer of a transformer's decoder: self-attention, attention to the encoder's output, a network for each position.

    With the arguments of `TransformerEncoderLayer`.

    Examples
    --------
    >>> layer = mg.nn.TransformerDecoderLayer(8, 2, 16, batch_first=True)
    >>> target, memory = np.zeros((3, 4, 8), np.float32), np.zeros((3, 5, 8), np.float32)
    >>> layer(target, memory, tgt_is_causal=True).shape
    (3, 4, 8)
    """

    attentions = ("self_attn", "multihead_attn")
    self_attn: MultiheadAttention
    multihead_attn: MultiheadAttention

    def forward(
        self,
        tgt: ArrayLike,
        memory: ArrayLike,
        tgt_mask: ArrayLike | None = None,
        memory_mask: ArrayLike | None = None,
        tgt_key_padding_mask: ArrayLike | None = None,
        memory_key_padding_mask: ArrayLike | None = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """Decode a sequence, given the encoder's output."""

        def attend(x: Any) -> Any:
            return self.self_attn(x, x, x, tgt_key_padding_mask, False, tgt_mask, is_causal=tgt_is_causal)[0]

        def look(x: Any) -> Any:
            masks = (memory_key_padding_mask, False, memory_mask)
            return self.multihead_attn(x, memory, memory, *masks, is_causal=memory_is_causal)[0]

        x = self._around(2, self._around(1, tgt, attend), look)
        return self._around(3, x, self._feed_forward)  # type: ignore[no-any-return]


def _copies(who: str, layer: Module, count: int) -> ModuleList:
    """Copies of a layer, which draw their dropout from one generator."""
    check_count(who, num_layers=count)
    shared = {id(rng): rng for rng in (getattr(m, "rng", None) for m in layer.modules()) if rng is not None}
    return ModuleList(copy.deepcopy(layer, dict(shared)) for _ in range(count))


class TransformerEncoder(Module):
    """Copies of an encoder layer in sequence, and a normalisation behind them if one is given.

    As in PyTorch the copies begin with the same parameters.

    Examples
    --------
    >>> encoder = mg.nn.TransformerEncoder(mg.nn.TransformerEncoderLayer(8, 2, 16), 2, mg.nn.LayerNorm(8))
    >>> encoder(np.zeros((5, 3, 8), np.float32)).shape
    (5, 3, 8)
    """

    def __init__(self, encoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        self.layers, self.num_layers, self.norm = _copies("TransformerEncoder", encoder_layer, num_layers), num_layers, norm

    def forward(
        self,
        src: ArrayLike,
        mask: ArrayLike | None = None,
        src_key_padding_mask: ArrayLike | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        """Encode a sequence."""
        x: Any = src
        for layer in self.layers:
            x = layer(x, mask, src_key_padding_mask, is_causal)
        return x if self.norm is None else self.norm(x)  # type: ignore[no-any-return]


class TransformerDecoder(Module):
    """Copies of a decoder layer in sequence, and a normalisation behind them if one is given; see `TransformerEncoder`.

    >>> decoder = mg.nn.TransformerDecoder(mg.nn.TransformerDecoderLayer(8, 2, 16), 2)
    >>> decoder(np.zeros((4, 3, 8), np.float32), np.zeros((5, 3, 8), np.float32)).shape
    (4, 3, 8)
    """

    def __init__(self, decoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        self.layers, self.num_layers, self.norm = _copies("TransformerDecoder", decoder_layer, num_layers), num_layers, norm

    def forward(self, tgt: ArrayLike, memory: ArrayLike, *masks: Any, **options: Any) -> Tensor:
        """Decode a sequence; the other arguments are those of `TransformerDecoderLayer`."""
        x: Any = tgt
        for layer in self.layers:
            x = layer(x, memory, *masks, **options)
        return x if self.norm is None else self.norm(x)  # type: ignore[no-any-return]
