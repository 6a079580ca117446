"""Recurrent layers over a whole sequence, each as one node.

The formula of a step is written twice. `rnn_step`, `lstm_step` and `gru_step` are composed of recorded operations: the cells
use them, and so does a sweep that is itself differentiated. The fused operations compute the same with few arrays, for
speed: each step is one matrix product and a few passes over data in the cache, and the gradient of a weight is one product
for all steps. The first axis is time, then come the batch and the features.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from minigrad import ops
from minigrad.backward import sweep
from minigrad.fast import faster, recurrent
from minigrad.fast.pool import product
from minigrad.graph import Node, Value, constant, value_of
from minigrad.operation import Op, op
from minigrad.tensor import Tensor

# One step of recorded operations. z is the contribution of the input, x W_ihᵀ and the biases.


def rnn_step(z: Value, h: Value, weight: Value, nonlinearity: str = "tanh") -> Value:
    """Elman: h ← tanh(z + h Wᵀ), or relu."""
    return (ops.tanh if nonlinearity == "tanh" else ops.relu)(z + ops.linear(h, weight))


def lstm_step(z: Value, h: Value, c: Value, weight: Value) -> tuple[Value, Value]:
    """LSTM: the next h and c, with an input, a forget, a cell and an output gate."""
    i, f, g, o = ops.split(z + ops.linear(h, weight), 4, -1)
    c = ops.sigmoid(f) * c + ops.sigmoid(i) * ops.tanh(g)
    return ops.sigmoid(o) * ops.tanh(c), c


def gru_step(z: Value, h: Value, weight: Value, bias: Value = None) -> Value:
    """GRU: the next h, with a reset, an update and a new gate. The bias stays separate: the reset gate scales part of it."""
    u = ops.linear(h, weight, bias)
    (z_r, z_u, z_n), (u_r, u_u, u_n) = ops.split(z, 3, -1), ops.split(u, 3, -1)
    new = ops.tanh(z_n + ops.sigmoid(z_r + u_r) * u_n)
    return new + ops.sigmoid(z_u + u_u) * (h - new)


# What the fused operations have in common


class Swept(NamedTuple):
    """The gradients of the gates at all times, those through the input and through the states; of h0, and of c0."""

    gates: Any
    from_states: Any
    h0: Any
    c0: Any = None


def _rows(x: Value) -> Any:
    """See all times as one long batch."""
    return x.reshape(x.shape[0] * x.shape[1], -1)


# The gradient of each input, from what `Swept` holds, the states h and the inputs.
GRADIENTS: dict[str, Callable[..., Any]] = {
    "x": lambda swept, h, x, weight_ih: product(_rows(swept.gates), weight_ih).reshape(x.shape),
    "weight_ih": lambda swept, h, x, weight_ih: product(_rows(swept.gates).T, _rows(x)),
    "weight_hh": lambda swept, h, x, weight_ih: product(_rows(swept.from_states).T, _rows(h[: len(x)])),
    "h0": lambda swept, h, x, weight_ih: swept.h0,
    "c0": lambda swept, h, x, weight_ih: swept.c0,
    "bias": lambda swept, h, x, weight_ih: _rows(swept.gates).sum(0),
    "bias_hh": lambda swept, h, x, weight_ih: _rows(swept.from_states).sum(0),
}


def _rule(fused: Op[...], backward: Callable[..., Swept], composed: Callable[..., Value]) -> None:
    """One pass back through time gives all gradients; if it is to be recorded, that of the composed operations does."""

    @fused.joint_rule
    def gradients(
        needed: Sequence[bool], g: Value, out: Value, *inputs: Value, saved: tuple[Any, ...] | None, **static: Any
    ) -> list[Value]:
        if saved is None or isinstance(g, Node):
            return _differentiate(partial(composed, **static), needed, g, inputs)
        x, weight_ih, weight_hh, *_ = inputs
        swept = backward(g, np.asarray(weight_hh, g.dtype), *saved, **static)
        return [
            GRADIENTS[name](swept, saved[0], x, weight_ih) if need else None
            for name, need in zip(fused.input_names, needed, strict=True)
        ]


def _differentiate(composed: Callable[..., Value], needed: Sequence[bool], g: Value, inputs: Sequence[Value]) -> list[Value]:
    """The gradients, recorded: swept to leaves, which afterwards stand for the true inputs."""
    leaves: list[Any] = [None if x is None else constant(value_of(x), Tensor) for x in inputs]
    for leaf, x, need in zip(leaves, inputs, needed, strict=True):
        if leaf is not None:
            leaf.requires_grad = need or (isinstance(x, Node) and x.requires_grad)
    found = sweep(composed(*leaves), g, create_graph=True)
    for leaf, x in zip(leaves, inputs, strict=True):
        if isinstance(x, Node) and x.requires_grad:
            leaf.rewire(ops.add, (x, None), (x.value, 0.0))
    return [found[leaf] if need else None for leaf, need in zip(leaves, needed, strict=True)]


def _one_dtype(*arrays: Value) -> list[Any]:
    dtype = np.result_type(*(a for a in arrays if a is not None))
    return [None if a is None else np.asarray(a, dtype) for a in arrays]


def _from_input(x: Any, weight: Any) -> Any:
    """The contribution of the input to the gates, at all times in one product."""
    return product(_rows(x), weight.T).reshape(*x.shape[:2], -1)


def _states(h0: Any, steps: int) -> Any:
    """An array for the state before each step and after the last."""
    states = np.empty((steps + 1, *h0.shape), h0.dtype)
    states[0] = h0
    return states


def _halved(size: int, gates: str, dtype: Any) -> tuple[Any, Any]:
    """A scale and a shift for each gate, with which one pass of tanh serves all.

    For a sigmoid (s), σ(x) = tanh(x / 2) / 2 + 1 / 2, both are 1/2; for a tanh (t) 1 and 0.
    """
    scale = np.repeat(np.array([0.5 if kind == "s" else 1.0 for kind in gates], dtype)[:, None], size, axis=1)
    return scale, 1 - scale


# Elman network


@op(saves=True)
def rnn(x: Value, weight_ih: Value, weight_hh: Value, h0: Value, bias: Value = None, /, nonlinearity: str = "tanh") -> Value:
    """All states h of an Elman network."""
    x, weight_ih, weight_hh, h0, bias = _one_dtype(x, weight_ih, weight_hh, h0, bias)
    z, h, w = _from_input(x, weight_ih), _states(h0, len(x)), np.ascontiguousarray(weight_hh.T)
    if bias is not None:
        z += bias
    for t, new in enumerate(h[1:]):
        np.matmul(h[t], w, out=new)
        new += z[t]
        if nonlinearity == "tanh":
            np.tanh(new, out=new)
        else:
            np.maximum(new, 0, out=new)
    return h[1:], (h,)


def _rnn_backward(g: Any, weight: Any, h: Any, nonlinearity: str) -> Swept:
    d = 1 - h[1:] * h[1:] if nonlinearity == "tanh" else (h[1:] > 0).astype(h.dtype)
    dh = np.zeros_like(h[0])
    for t in reversed(range(len(d))):
        dh += g[t]
        d[t] *= dh
        np.matmul(d[t], weight, out=dh)
    return Swept(d, d, dh)


def _rnn_composed(x: Value, weight_ih: Value, weight_hh: Value, h: Value, bias: Value, nonlinearity: str) -> Value:
    states = []
    for z in ops.linear(x, weight_ih, bias):
        h = rnn_step(z, h, weight_hh, nonlinearity)
        states.append(h)
    return ops.stack(states)


_rule(rnn, _rnn_backward, _rnn_composed)


# Long short-term memory


@op(saves=True)
def lstm(x: Value, weight_ih: Value, weight_hh: Value, h0: Value, c0: Value, bias: Value = None, /) -> Value:
    """All states h of an LSTM, and its last c."""
    x, weight_ih, weight_hh, h0, c0, bias = _one_dtype(x, weight_ih, weight_hh, h0, c0, bias)
    steps, (batch, size) = len(x), h0.shape
    scale, shift = _halved(size, "ssts", x.dtype)
    column = scale.reshape(-1, 1)
    gates = _from_input(x, weight_ih * column).reshape(steps, batch, 4, size)
    w = np.ascontiguousarray((weight_hh * column).T)
    bias = None if bias is None else bias.reshape(4, size) * scale
    h, c, tanh_c = _states(h0, steps + 1), _states(c0, steps), np.empty((steps, batch, size), x.dtype)
    _lstm_forward(gates, w, bias, h, c, tanh_c, scale, shift)
    h[-1] = c[-1]
    return h[1:], (h, gates, c, tanh_c)


@faster(recurrent.lstm_forward)
def _lstm_forward(gates: Any, w: Any, bias: Any, h: Any, c: Any, tanh_c: Any, scale: Any, shift: Any) -> Any:
    """All steps: the gates, from the contributions of the input to them, and the states."""
    room, part = np.empty_like(gates[0]), np.empty_like(c[0])
    for t, a in enumerate(gates):
        a += np.matmul(h[t], w, out=room.reshape(len(room), -1)).reshape(a.shape)
        if bias is not None:
            a += bias
        np.tanh(a, out=a)
        a *= scale
        a += shift
        np.multiply(a[:, 1], c[t], out=c[t + 1])
        np.multiply(a[:, 0], a[:, 2], out=part)
        c[t + 1] += part
        np.tanh(c[t + 1], out=tanh_c[t])
        np.multiply(a[:, 3], tanh_c[t], out=h[t + 1])
    return h


def _lstm_backward(g: Any, weight: Any, h: Any, gates: Any, c: Any, tanh_c: Any) -> Swept:
    d, dh, dc = np.empty_like(gates), np.zeros_like(c[0]), g[-1].astype(c.dtype)
    _lstm_gradients(g, weight, gates, c, tanh_c, d, dh, dc)
    return Swept(d, d, dh, dc)


@faster(recurrent.lstm_gradients)
def _lstm_gradients(g: Any, weight: Any, gates: Any, c: Any, tanh_c: Any, d: Any, dh: Any, dc: Any) -> Any:
    """All steps back: the gradients of the gates, in d, and of the first states, in dh and dc, which hold the last's."""
    to_c, slope = np.empty_like(dh), np.empty_like(gates[0])
    for t in reversed(range(len(gates))):
        a, da = gates[t], d[t]
        i, f, new, o = (a[:, k] for k in range(4))
        # The derivative of a sigmoid s is s - s**2, that of a tanh 1 - tanh**2.
        np.multiply(a, a, out=slope)
        np.subtract(a, slope, out=da)
        np.subtract(1, slope[:, 2], out=da[:, 2])
        dh += g[t]
        np.multiply(tanh_c[t], tanh_c[t], out=to_c)
        np.subtract(1, to_c, out=to_c)
        to_c *= o
        to_c *= dh
        dc += to_c
        da[:, :3] *= dc[:, None]
        da[:, 0] *= new
        da[:, 1] *= c[t]
        da[:, 2] *= i
        da[:, 3] *= tanh_c[t]
        da[:, 3] *= dh
        dc *= f
        np.matmul(da.reshape(len(dh), -1), weight, out=dh)
    return d


def _lstm_composed(x: Value, weight_ih: Value, weight_hh: Value, h: Value, c: Value, bias: Value) -> Value:
    states = []
    for z in ops.linear(x, weight_ih, bias):
        h, c = lstm_step(z, h, c, weight_hh)
        states.append(h)
    return ops.stack([*states, c])


_rule(lstm, _lstm_backward, _lstm_composed)


# Gated recurrent unit


@op(saves=True)
def gru(x: Value, weight_ih: Value, weight_hh: Value, h0: Value, bias: Value = None, bias_hh: Value = None, /) -> Value:
    """All states h of a GRU."""
    x, weight_ih, weight_hh, h0, bias, bias_hh = _one_dtype(x, weight_ih, weight_hh, h0, bias, bias_hh)
    steps, (batch, size) = len(x), h0.shape
    scale, _ = _halved(size, "sst", x.dtype)
    column = scale.reshape(-1, 1)
    gates = _from_input(x, weight_ih * column).reshape(steps, batch, 3, size)
    if bias is not None:
        gates += bias.reshape(3, size) * scale
    bias_hh = None if bias_hh is None else bias_hh.reshape(3, size) * scale
    h, w = _states(h0, steps), np.ascontiguousarray((weight_hh * column).T)
    hidden = np.empty((steps, batch, size), x.dtype)  # what the reset gate scales
    _gru_forward(gates, w, bias_hh, h, hidden)
    return h[1:], (h, gates, hidden)


@faster(recurrent.gru_forward)
def _gru_forward(gates: Any, w: Any, bias: Any, h: Any, hidden: Any) -> Any:
    """All steps: the gates, from the contributions of the input to them, and the states."""
    u, part = np.empty_like(gates[0]), np.empty_like(h[0])
    for t, a in enumerate(gates):
        np.matmul(h[t], w, out=u.reshape(len(u), -1))
        if bias is not None:
            u += bias
        both, new = a[:, :2], a[:, 2]
        both += u[:, :2]
        np.tanh(both, out=both)
        both *= 0.5
        both += 0.5
        hidden[t] = u[:, 2]
        new += np.multiply(a[:, 0], u[:, 2], out=part)
        np.tanh(new, out=new)
        np.subtract(h[t], new, out=part)
        part *= a[:, 1]
        np.add(new, part, out=h[t + 1])
    return h


def _gru_backward(g: Any, weight: Any, h: Any, gates: Any, hidden: Any) -> Swept:
    d, du, dh = np.empty_like(gates), np.empty_like(gates), np.zeros_like(h[0])
    _gru_gradients(g, weight, h, gates, hidden, d, du, dh)
    return Swept(d, du, dh)


@faster(recurrent.gru_gradients)
def _gru_gradients(g: Any, weight: Any, h: Any, gates: Any, hidden: Any, d: Any, du: Any, dh: Any) -> Any:
    """All steps back: the gradients of the gates, in d through the input and in du through the states, and of h0, in dh."""
    past = np.empty_like(dh)
    for t in reversed(range(len(d))):
        reset, update, new = (gates[t, :, k] for k in range(3))
        dh += g[t]
        d[t, :, 2] = (1 - new * new) * (1 - update) * dh
        d[t, :, 1] = (h[t] - new) * update * (1 - update) * dh
        d[t, :, 0] = d[t, :, 2] * hidden[t] * reset * (1 - reset)
        du[t] = d[t]
        du[t, :, 2] *= reset
        np.multiply(dh, update, out=past)
        np.matmul(du[t].reshape(len(dh), -1), weight, out=dh)
        dh += past
    return d


def _gru_composed(x: Value, weight_ih: Value, weight_hh: Value, h: Value, bias: Value, bias_hh: Value) -> Value:
    states = []
    for z in ops.linear(x, weight_ih, bias):
        h = gru_step(z, h, weight_hh, bias_hh)
        states.append(h)
    return ops.stack(states)


_rule(gru, _gru_backward, _gru_composed)
