"""Recurrent layers, over whole sequences and step by step, with PyTorch's gate order and parameter names."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from minigrad import ops
from minigrad.graph import ArrayLike, value_of
from minigrad.nn import init, sequence
from minigrad.nn.layer import check_count
from minigrad.nn.module import Module
from minigrad.nn.summary import shape_of
from minigrad.tensor import Tensor


def _weights(
    module: Module, inputs: int, size: int, gates: int, bias: bool, suffix: str, rng: np.random.Generator, dtype: Any
) -> None:
    """Parameters of one layer in one direction, uniform within ±1/√hidden_size."""
    bound = 1 / math.sqrt(size)
    for name, shape in (("weight_ih", (inputs,)), ("weight_hh", (size,)), ("bias_ih", ()), ("bias_hh", ())):
        wanted = bias or shape
        parameter = Tensor(init.uniform((gates * size, *shape), rng, -bound, bound, dtype=dtype)) if wanted else None
        setattr(module, name + suffix, parameter)


def _expected(states: int) -> str:
    return "hx is" if states == 1 else "hx is (h, c), each"


class _Recurrent(Module):
    gates: int
    states = 1  # an LSTM has two

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        rng: np.random.Generator | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        who = type(self).__name__
        check_count(who, input_size=input_size, hidden_size=hidden_size, num_layers=num_layers)
        if hidden_size < 1 or num_layers < 1 or not 0 <= dropout <= 1:
            raise ValueError(
                f"{who}: hidden_size and num_layers must be positive and dropout a probability, got {hidden_size}, "
                f"{num_layers} and {dropout}"
            )
        self.input_size, self.hidden_size, self.num_layers, self.bias = input_size, hidden_size, num_layers, bias
        self.batch_first, self.dropout, self.bidirectional = batch_first, dropout, bidirectional
        self.rng = init.generator(rng)
        for layer in range(num_layers):
            inputs = hidden_size * (2 if bidirectional else 1) if layer else input_size
            for suffix in self._suffixes(layer):
                _weights(self, inputs, hidden_size, self.gates, bias, suffix, self.rng, dtype)

    def _suffixes(self, layer: int) -> list[str]:
        return [f"_l{layer}", f"_l{layer}_reverse"][: 2 if self.bidirectional else 1]

    def forward(self, x: ArrayLike, hx: Any = None) -> tuple[Tensor, Any]:
        """Run over a sequence.

        Parameters
        ----------
        x : Tensor or array_like
            Shape (time, batch, input_size); (batch, time, input_size) if `batch_first`; or without the batch axis.
        hx : Tensor or tuple of Tensor, optional
            Initial states, (num_layers · directions, batch, hidden_size); zeros by default.

        Returns
        -------
        tuple
            The last layer's h at all times, in the layout of x, and the final states of all layers, in that of `hx`.
        """
        shape = np.shape(value_of(x))
        if len(shape) not in (2, 3) or shape[-1] != self.input_size or 0 in shape[:-1]:
            layout = "batch, time" if self.batch_first else "time, batch"
            raise ValueError(f"{type(self).__name__}: x must be ({layout}, {self.input_size}) and not empty, got {shape}")
        single = len(shape) == 2
        h: Any = x
        if single:
            h = ops.expand_dims(h, 1)
        elif self.batch_first:
            h = ops.swapaxes(h, 0, 1)
        first = self._first_states(hx, np.shape(h)[1], single)
        last: list[Any] = []
        for layer in range(self.num_layers):
            if layer:
                h = ops.dropout(h, self.dropout, self.training, rng=self.rng)
            directions = []
            for back, suffix in enumerate(self._suffixes(layer)):
                states = None if first is None else [s[len(last)] for s in first]
                out, *ends = self._run(ops.flip(h, 0) if back else h, states, suffix)
                directions.append(ops.flip(out, 0) if back else out)
                last.append(ends)
            h = ops.concatenate(directions, -1) if self.bidirectional else directions[0]
        ends = [ops.stack(kind) for kind in zip(*last, strict=True)]
        if single:
            h, *ends = (ops.squeeze(v, 1) for v in (h, *ends))
        elif self.batch_first:
            h = ops.swapaxes(h, 0, 1)
        return h, ends[0] if self.states == 1 else tuple(ends)

    def _first_states(self, hx: Any, batch: int, single: bool) -> Any:
        if hx is None:
            return None
        states = [hx] if self.states == 1 else list(hx)
        layers = self.num_layers * (2 if self.bidirectional else 1)
        expected = (layers, self.hidden_size) if single else (layers, batch, self.hidden_size)
        for s in states:
            if np.shape(value_of(s)) != expected or len(states) != self.states:
                raise ValueError(f"{type(self).__name__}: {_expected(self.states)} {expected}, got {shape_of(hx)}")
        return [ops.expand_dims(s, 1) for s in states] if single else states

    def _run(self, x: Tensor, states: Any, suffix: str) -> Any:
        """One layer in one direction: its h at all times, and its final states."""
        weight_ih, weight_hh, bias_ih, bias_hh = (
            getattr(self, name + suffix) for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        if states is None:
            zeros = np.zeros((np.shape(x)[1], self.hidden_size), weight_hh.dtype)
            states = [zeros] * self.states
        return self._sequence(x, states, weight_ih, weight_hh, bias_ih, bias_hh)

    def _sequence(self, x: Tensor, states: Any, weight_ih: Any, weight_hh: Any, bias_ih: Any, bias_hh: Any) -> Any:
        raise NotImplementedError

    def extra_repr(self) -> str:
        """The sizes, and the arguments that are not at their defaults."""
        text = f"{self.input_size}, {self.hidden_size}"
        defaults = {"num_layers": 1, "bias": True, "batch_first": False, "dropout": 0.0, "bidirectional": False}
        return text + "".join(f", {k}={getattr(self, k)}" for k, v in defaults.items() if getattr(self, k) != v)

    def multiply_adds(self, out: Any, *args: Any) -> int:
        """The products with both weights, at all times."""
        weights = sum(p.size for name, p in self.named_parameters() if name.startswith("weight"))
        return int(math.prod(shape_of(args[0])[:-1]) * weights)


class RNN(_Recurrent):
    """Elman recurrent network, h ← tanh(x W_ihᵀ + b_ih + h W_hhᵀ + b_hh), or relu by `nonlinearity`; else as `LSTM`.

    >>> out, h = mg.nn.RNN(3, 4)(np.zeros((7, 2, 3), np.float32))
    >>> out.shape, h.shape
    ((7, 2, 4), (1, 2, 4))
    """

    gates = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        rng: np.random.Generator | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.nonlinearity = _nonlinearity("RNN", nonlinearity)
        super().__init__(
            input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, rng=rng, dtype=dtype
        )

    def _sequence(self, x: Tensor, states: Any, weight_ih: Any, weight_hh: Any, bias_ih: Any, bias_hh: Any) -> Any:
        bias = None if bias_ih is None else bias_ih + bias_hh
        out = sequence.rnn(x, weight_ih, weight_hh, states[0], bias, nonlinearity=self.nonlinearity)
        return out, out[-1]


def _nonlinearity(who: str, name: str) -> str:
    if name not in ("tanh", "relu"):
        raise ValueError(f"{who}: nonlinearity is 'tanh' or 'relu', got {name!r}")
    return name


class LSTM(_Recurrent):
    """Long short-term memory: c ← σ(f) c + σ(i) tanh(g), h ← σ(o) tanh(c).

    In each step (i, f, g, o) = x W_ihᵀ + b_ih + h W_hhᵀ + b_hh. The input is (time, batch, input_size), the output the last
    layer's h at all times, (time, batch, hidden_size · directions), and the final states (h, c), each (num_layers ·
    directions, batch, hidden_size). `rng` also draws the dropout between layers.

    The whole sequence is one node of the graph. `LSTMCell` does one step, in which every gate can be seen.

    Notes
    -----
    Hochreiter and Schmidhuber 1997, with the forget gate of Gers, Schmidhuber and Cummins 2000.

    Examples
    --------
    >>> out, (h, c) = mg.nn.LSTM(3, 4, num_layers=2)(np.zeros((7, 2, 3), np.float32))
    >>> out.shape, h.shape, c.shape
    ((7, 2, 4), (2, 2, 4), (2, 2, 4))
    """

    gates = 4
    states = 2

    def _sequence(self, x: Tensor, states: Any, weight_ih: Any, weight_hh: Any, bias_ih: Any, bias_hh: Any) -> Any:
        both = sequence.lstm(x, weight_ih, weight_hh, states[0], states[1], None if bias_ih is None else bias_ih + bias_hh)
        return both[:-1], both[-2], both[-1]


class GRU(_Recurrent):
    """Gated recurrent unit, h ← (1 - z) n + z h; else as `LSTM`.

    With (r, z, n) the parts of weights and biases: r and z are σ(x W_ihᵀ + b_ih + h W_hhᵀ + b_hh), and the new state
    n = tanh(x W_ihᵀ + b_ih + r (h W_hhᵀ + b_hh)).

    Notes
    -----
    Cho et al., Learning Phrase Representations using RNN Encoder-Decoder, 2014, in the form of PyTorch and cuDNN.

    Examples
    --------
    >>> out, h = mg.nn.GRU(3, 4, bidirectional=True)(np.zeros((7, 2, 3), np.float32))
    >>> out.shape, h.shape
    ((7, 2, 8), (2, 2, 4))
    """

    gates = 3

    def _sequence(self, x: Tensor, states: Any, weight_ih: Any, weight_hh: Any, bias_ih: Any, bias_hh: Any) -> Any:
        out = sequence.gru(x, weight_ih, weight_hh, states[0], bias_ih, bias_hh)
        return out, out[-1]


# Step by step


class _Cell(Module):
    gates: int
    states = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        *,
        rng: np.random.Generator | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        check_count(type(self).__name__, input_size=input_size, hidden_size=hidden_size)
        self.input_size, self.hidden_size = input_size, hidden_size
        _weights(self, input_size, hidden_size, self.gates, bias, "", init.generator(rng), dtype)

    def forward(self, x: ArrayLike, hx: Any = None) -> Any:
        """One step from x and the state before, zeros by default, to the next state."""
        shape = np.shape(value_of(x))
        expected = (*shape[:-1], self.hidden_size)
        if hx is None:
            zeros = np.zeros(expected, self.weight_hh.dtype)
            hx = zeros if self.states == 1 else (zeros, zeros)
        states = (hx,) if self.states == 1 else hx
        if shape[-1:] != (self.input_size,) or shape_of(states) != (expected,) * self.states:
            raise ValueError(
                f"{type(self).__name__}: x is (batch, {self.input_size}) and {_expected(self.states)} (batch, "
                f"{self.hidden_size}), got {shape} and {shape_of(hx)}"
            )
        return self._step(x, hx)

    def _step(self, x: ArrayLike, hx: Any) -> Any:
        raise NotImplementedError

    weight_ih: Any
    weight_hh: Any
    bias_ih: Any
    bias_hh: Any

    def _gates(self, x: ArrayLike) -> Tensor:
        bias = None if self.bias_ih is None else self.bias_ih + self.bias_hh
        return ops.linear(x, self.weight_ih, bias)

    def extra_repr(self) -> str:
        """The sizes."""
        return f"{self.input_size}, {self.hidden_size}" + (", bias=False" if self.bias_ih is None else "")

    def multiply_adds(self, out: Any, *args: Any) -> int:
        """The products with both weights."""
        return int(math.prod(shape_of(args[0])[:-1]) * (self.weight_ih.size + self.weight_hh.size))


class RNNCell(_Cell):
    """One step of an `RNN`: x (batch, input_size) and h (batch, hidden_size), zeros by default, to the next h.

    >>> mg.nn.RNNCell(3, 4)(np.zeros((2, 3), np.float32)).shape
    (2, 4)
    """

    gates = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        *,
        rng: np.random.Generator | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.nonlinearity = _nonlinearity("RNNCell", nonlinearity)
        super().__init__(input_size, hidden_size, bias, rng=rng, dtype=dtype)

    def _step(self, x: ArrayLike, hx: Any) -> Any:
        return sequence.rnn_step(self._gates(x), hx, self.weight_hh, self.nonlinearity)


class LSTMCell(_Cell):
    """One step of an `LSTM`, from (h, c) to the next (h, c).

    >>> h, c = mg.nn.LSTMCell(3, 4)(np.zeros((2, 3), np.float32))
    >>> h.shape, c.shape
    ((2, 4), (2, 4))
    """

    gates = 4
    states = 2

    def _step(self, x: ArrayLike, hx: Any) -> Any:
        h, c = hx
        return sequence.lstm_step(self._gates(x), h, c, self.weight_hh)


class GRUCell(_Cell):
    """One step of a `GRU`.

    >>> mg.nn.GRUCell(3, 4)(np.zeros((2, 3), np.float32)).shape
    (2, 4)
    """

    gates = 3

    def _step(self, x: ArrayLike, hx: Any) -> Any:
        z = ops.linear(x, self.weight_ih, self.bias_ih)
        return sequence.gru_step(z, hx, self.weight_hh, self.bias_hh)
