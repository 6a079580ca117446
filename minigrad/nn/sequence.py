"""Recurrent layers over a whole sequence, each one node.

A step's formula is written twice. `rnn_step`, `lstm_step` and `gru_step` are made of recorded operations: the cells use
them, and so does a sweep that is to be differentiated itself. The fused operations compute the same with few arrays, for
speed: each step is one product of matrices and some passes over what is in the cache; the gradient of the weights is one
product for all steps. Time runs along the first axis, then come the batch and the features.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from minigrad import ops
from minigrad.backward import sweep
from minigrad.graph import Node, Value, constant
from minigrad.operation import Op, op
from minigrad.tensor import Tensor

# One step, of recorded operations. z is what the input contributes: x weight_ih.T and the biases.


def rnn_step(z: Value, h: Value, weight: Value, nonlinearity: str = "tanh") -> Value:
    """The next h = tanh(z + h weight.T), or relu of it."""
    return (ops.tanh if nonlinearity == "tanh" else ops.relu)(z + ops.linear(h, weight))


def lstm_step(z: Value, h: Value, c: Value, weight: Value) -> tuple[Value, Value]:
    """The next h and c, by an input, a forget, a cell and an output gate."""
    i, f, g, o = ops.split(z + ops.linear(h, weight), 4, -1)
    c = ops.sigmoid(f) * c + ops.sigmoid(i) * ops.tanh(g)
    return ops.sigmoid(o) * ops.tanh(c), c


def gru_step(z: Value, h: Value, weight: Value, bias: Value = None) -> Value:
    """The next h, by a reset, an update and a new gate; the bias stays apart, since the reset gate scales part of it."""
    u = ops.linear(h, weight, bias)
    (z_r, z_u, z_n), (u_r, u_u, u_n) = ops.split(z, 3, -1), ops.split(u, 3, -1)
    new = ops.tanh(z_n + ops.sigmoid(z_r + u_r) * u_n)
    return new + ops.sigmoid(z_u + u_u) * (h - new)


# What the fused operations have in common


class Swept(NamedTuple):
    """The gradients of the gates of all steps, from the input and from the states, and those of the first states."""

    gates: Any
    from_states: Any
    h0: Any
    c0: Any = None


class _Saved:
    """What a forward keeps, its states first, and the last sweep through it: one for the rules of all inputs."""

    def __init__(self, h: Any, *kept: Any) -> None:
        self.h, self.kept = h, kept
        self._last: tuple[Any, Swept] | None = None

    def swept(self, backward: Callable[..., Swept], g: Value, weight: Value) -> Swept:
        last = self._last
        if last is None or last[0] is not g:
            last = self._last = (g, backward(g, np.asarray(weight, g.dtype), self.h, *self.kept))
        return last[1]


def _rows(x: Value) -> Any:
    """See the steps as one long batch."""
    return x.reshape(x.shape[0] * x.shape[1], -1)


# From a sweep, the states and the inputs to the gradient of each input.
PARTS: dict[str, Callable[..., Any]] = {
    "x": lambda swept, h, x, weight_ih: (_rows(swept.gates) @ weight_ih).reshape(x.shape),
    "weight_ih": lambda swept, h, x, weight_ih: _rows(swept.gates).T @ _rows(x),
    "weight_hh": lambda swept, h, x, weight_ih: _rows(swept.from_states).T @ _rows(h[: len(x)]),
    "h0": lambda swept, h, x, weight_ih: swept.h0,
    "c0": lambda swept, h, x, weight_ih: swept.c0,
    "bias": lambda swept, h, x, weight_ih: _rows(swept.gates).sum(0),
    "bias_hh": lambda swept, h, x, weight_ih: _rows(swept.from_states).sum(0),
}


def _rules(fused: Op[...], backward: Callable[..., Swept], compose: Callable[..., Value]) -> None:
    """Rules that take their part of one sweep; where that is recorded, they differentiate the composition instead."""

    def rule(i: int, part: Callable[..., Any]) -> Callable[..., Any]:
        def downstream(g: Value, out: Value, *inputs: Value, saved: _Saved | None, **static: Any) -> Value:
            if saved is None:
                return _differentiate(lambda *leaves: compose(*leaves, **static), g, inputs, i)
            swept = saved.swept(lambda *arrays: backward(*arrays, **static), g, inputs[2])
            return part(swept, saved.h, *inputs[:2])

        return downstream

    fused.rules(*(rule(i, PARTS[name]) for i, name in enumerate(fused.input_names)))


def _differentiate(compose: Callable[..., Value], g: Value, inputs: Sequence[Value], i: int) -> Value:
    """The gradient of input number i, recorded: swept through leaves, which are tied to the true inputs afterwards."""
    leaves = [constant(x.value, Tensor) if isinstance(x, Node) else x for x in inputs]
    for leaf, x in zip(leaves, inputs, strict=True):
        if isinstance(x, Node):
            leaf.requires_grad = x.requires_grad
    gradient = sweep(compose(*leaves), g, create_graph=True)[leaves[i]]
    for leaf, x in zip(leaves, inputs, strict=True):
        if isinstance(x, Node) and x.requires_grad:
            same = ops.broadcast_to(x, x.shape)  # type: ignore[attr-defined]
            leaf.op, leaf.inputs, leaf.values, leaf.static = same.op, same.inputs, same.values, same.static
    return gradient


def _one_dtype(*arrays: Value) -> list[Any]:
    dtype = np.result_type(*(a for a in arrays if a is not None))
    return [None if a is None else np.asarray(a, dtype) for a in arrays]


def _from_input(x: Any, weight: Any) -> Any:
    """What the input contributes to the gates, for all steps in one product."""
    return (_rows(x) @ weight.T).reshape(*x.shape[:2], -1)


def _states(h0: Any, steps: int) -> Any:
    """Room for the state before each step, and after the last."""
    states = np.empty((steps + 1, *h0.shape), h0.dtype)
    states[0] = h0
    return states


def _halved(size: int, gates: str, dtype: Any) -> tuple[Any, Any]:
    """A factor for each gate, and what to add, by which one pass of tanh serves all, in the order of the letters.

    For a sigmoid (s): sigmoid(x) = tanh(x / 2) / 2 + 1 / 2; for a tanh (t) 1 and 0.
    """
    scale = np.repeat(np.array([0.5 if kind == "s" else 1.0 for kind in gates], dtype)[:, None], size, axis=1)
    return scale, 1 - scale


# Plain


@op(saves=True)
def rnn(x: Value, weight_ih: Value, weight_hh: Value, h0: Value, bias: Value = None, /, nonlinearity: str = "tanh") -> Value:
    """All states of a recurrent network."""
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
    return h[1:], _Saved(h)


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


_rules(rnn, _rnn_backward, _rnn_composed)


# Long short-term memory


@op(saves=True)
def lstm(
    x: Value, weight_ih: Value, weight_hh: Value, h0: Value, c0: Value, bias: Value = None, /
) -> Value:  # fmt: skip
    """All states h of a long short-term memory, and last its c."""
    x, weight_ih, weight_hh, h0, c0, bias = _one_dtype(x, weight_ih, weight_hh, h0, c0, bias)
    steps, (batch, size) = len(x), h0.shape
    scale, shift = _halved(size, "ssts", x.dtype)
    column = scale.reshape(-1, 1)
    gates = _from_input(x, weight_ih * column).reshape(steps, batch, 4, size)
    w = np.ascontiguousarray((weight_hh * column).T)
    bias = None if bias is None else bias.reshape(4, size) * scale
    h, c, tanh_c = _states(h0, steps + 1), _states(c0, steps), np.empty((steps, batch, size), x.dtype)
    room, part = np.empty((batch, 4, size), x.dtype), np.empty_like(h0)
    for t, a in enumerate(gates):
        np.matmul(h[t], w, out=room.reshape(batch, -1))
        a += room
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
    h[-1] = c[-1]
    return h[1:], _Saved(h, gates, c, tanh_c)


def _lstm_backward(g: Any, weight: Any, h: Any, gates: Any, c: Any, tanh_c: Any) -> Swept:
    d, dh, dc = np.empty_like(gates), np.zeros_like(c[0]), g[-1].astype(c.dtype)
    to_c, slope = np.empty_like(dh), np.empty_like(gates[0])
    for t in reversed(range(len(d))):
        i, f, new, o = (gates[t, :, k] for k in range(4))
        # The derivative of a sigmoid s is s - s**2, that of a tanh 1 - tanh**2.
        np.multiply(gates[t], gates[t], out=slope)
        np.subtract(gates[t], slope, out=d[t])
        np.subtract(1, slope[:, 2], out=d[t, :, 2])
        dh += g[t]
        np.multiply(tanh_c[t], tanh_c[t], out=to_c)
        np.subtract(1, to_c, out=to_c)
        to_c *= o
        to_c *= dh
        dc += to_c
        d[t, :, :3] *= dc[:, None]
        d[t, :, 0] *= new
        d[t, :, 1] *= c[t]
        d[t, :, 2] *= i
        d[t, :, 3] *= tanh_c[t]
        d[t, :, 3] *= dh
        np.matmul(d[t].reshape(len(dh), -1), weight, out=dh)
        dc *= f
    return Swept(d, d, dh, dc)


def _lstm_composed(
    x: Value, weight_ih: Value, weight_hh: Value, h: Value, c: Value, bias: Value
) -> Value:  # fmt: skip
    states = []
    for z in ops.linear(x, weight_ih, bias):
        h, c = lstm_step(z, h, c, weight_hh)
        states.append(h)
    return ops.stack([*states, c])


_rules(lstm, _lstm_backward, _lstm_composed)


# Gated recurrent unit


@op(saves=True)
def gru(
    x: Value, weight_ih: Value, weight_hh: Value, h0: Value, bias: Value = None, bias_hh: Value = None, /
) -> Value:  # fmt: skip
    """All states of a gated recurrent unit."""
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
    u, part = np.empty((batch, 3, size), x.dtype), np.empty_like(h0)
    for t, a in enumerate(gates):
        np.matmul(h[t], w, out=u.reshape(batch, -1))
        if bias_hh is not None:
            u += bias_hh
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
    return h[1:], _Saved(h, gates, hidden)


def _gru_backward(g: Any, weight: Any, h: Any, gates: Any, hidden: Any) -> Swept:
    d, du, dh, past = np.empty_like(gates), np.empty_like(gates), np.zeros_like(h[0]), np.empty_like(h[0])
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
    return Swept(d, du, dh)


def _gru_composed(
    x: Value, weight_ih: Value, weight_hh: Value, h: Value, bias: Value, bias_hh: Value
) -> Value:  # fmt: skip
    states = []
    for z in ops.linear(x, weight_ih, bias):
        h = gru_step(z, h, weight_hh, bias_hh)
        states.append(h)
    return ops.stack(states)


_rules(gru, _gru_backward, _gru_composed)
