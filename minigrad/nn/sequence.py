"""Recurrent layers over a whole sequence, each one node.

A step's formula is written twice. `rnn_step`, `lstm_step` and `gru_step` are made of recorded operations: the cells use
them, and so does a sweep that is to be differentiated itself. The fused operations compute the same with few arrays, for
speed: each step is one product of matrices and some passes over what is in the cache; the gradient of the weights is one
product for all steps. Time runs along the first axis, then come the batch and the features.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad import ops
from minigrad.backward import sweep
from minigrad.graph import Node, Value, constant, op
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


class _Saved:
    """What a forward keeps, and the last sweep through it: one for the rules of all inputs."""

    def __init__(self, *kept: Any) -> None:
        self.kept = kept
        self._last: tuple[Any, Any] | None = None

    def swept(self, backward: Callable[..., Any], g: Value, weight: Value) -> Any:
        last = self._last
        if last is None or last[0] is not g:
            last = self._last = (g, backward(g, np.asarray(weight, g.dtype), *self.kept))
        return last[1]


def _rules(backward: Callable[..., Any], compose: Callable[..., Value], count: int) -> list[Callable[..., Any]]:
    """Rules that pick their part of one sweep; where that is recorded, they differentiate the composition instead."""

    def rule(i: int) -> Callable[..., Any]:
        def downstream(g: Value, out: Value, *inputs: Value, saved: _Saved | None, **static: Any) -> Value:
            if saved is None:
                return _differentiate(lambda *leaves: compose(*leaves, **static), g, inputs, i)
            return saved.swept(lambda *arrays: backward(*arrays, **static), g, inputs[1])[i]

        return downstream

    return [rule(i) for i in range(count)]


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


def _rows(x: Value) -> Any:
    """See the steps as one long batch."""
    return x.reshape(x.shape[0] * x.shape[1], -1)


def _states(h0: Any, steps: int) -> Any:
    """Room for the state before each step, and after the last."""
    states = np.empty((steps + 1, *h0.shape), h0.dtype)
    states[0] = h0
    return states


# Plain


@op(saves=True)
def rnn(z: Value, weight: Value, h0: Value, /, nonlinearity: str) -> Value:
    """All states of a recurrent network: h = tanh(z + h weight.T)."""
    z, weight, h0 = _one_dtype(z, weight, h0)
    h, w = _states(h0, len(z)), np.ascontiguousarray(weight.T)
    for t, new in enumerate(h[1:]):
        np.matmul(h[t], w, out=new)
        new += z[t]
        if nonlinearity == "tanh":
            np.tanh(new, out=new)
        else:
            np.maximum(new, 0, out=new)
    return h[1:], _Saved(h)


def _rnn_backward(g: Any, weight: Any, h: Any, nonlinearity: str) -> Any:
    d = 1 - h[1:] * h[1:] if nonlinearity == "tanh" else (h[1:] > 0).astype(h.dtype)
    dh = np.zeros_like(h[0])
    for t in reversed(range(len(d))):
        dh += g[t]
        d[t] *= dh
        np.matmul(d[t], weight, out=dh)
    return d, _rows(d).T @ _rows(h[:-1]), dh


def _rnn_composed(z: Value, weight: Value, h: Value, nonlinearity: str) -> Value:
    states = []
    for t in range(len(z)):
        h = rnn_step(z[t], h, weight, nonlinearity)
        states.append(h)
    return ops.stack(states)


rnn.rules(*_rules(_rnn_backward, _rnn_composed, 3))


# Long short-term memory


@op(saves=True)
def lstm(z: Value, weight: Value, h0: Value, c0: Value, /) -> Value:
    """All states h of a long short-term memory, and last its c."""
    z, weight, h0, c0 = _one_dtype(z, weight, h0, c0)
    steps, (batch, size) = len(z), h0.shape
    # sigmoid(x) = tanh(x / 2) / 2 + 1 / 2: so one pass serves all gates, and tanh is fast.
    scale = np.full((4, size), 0.5, z.dtype)
    scale[2] = 1
    shift = 1 - scale
    gates = z.reshape(steps, batch, 4, size) * scale
    w = np.ascontiguousarray((weight * scale.reshape(-1, 1)).T)
    h, c, tanh_c = _states(h0, steps + 1), _states(c0, steps), np.empty((steps, *h0.shape), z.dtype)
    room, part = np.empty((batch, 4 * size), z.dtype), np.empty_like(h0)
    for t, a in enumerate(gates):
        np.matmul(h[t], w, out=room)
        a += room.reshape(a.shape)
        np.tanh(a, out=a)
        a *= scale
        a += shift
        np.multiply(a[:, 1], c[t], out=c[t + 1])
        np.multiply(a[:, 0], a[:, 2], out=part)
        c[t + 1] += part
        np.tanh(c[t + 1], out=tanh_c[t])
        np.multiply(a[:, 3], tanh_c[t], out=h[t + 1])
    h[-1] = c[-1]
    return h[1:], _Saved(gates, h, c, tanh_c)


def _lstm_backward(g: Any, weight: Any, gates: Any, h: Any, c: Any, tanh_c: Any) -> Any:
    # First the local gradients of all steps, times what they meet besides the upstream gradient; then the steps.
    d = gates * gates
    i, f, new, o = (gates[:, :, k] for k in range(4))
    np.subtract(1, d[:, :, 2], out=d[:, :, 2])
    for k in (0, 1, 3):
        np.subtract(gates[:, :, k], d[:, :, k], out=d[:, :, k])
    for k, other in enumerate((new, c[:-1], i, tanh_c)):
        d[:, :, k] *= other
    to_c = tanh_c * tanh_c
    np.subtract(1, to_c, out=to_c)
    to_c *= o
    dh, dc, part = np.zeros_like(c[0]), g[-1].astype(c.dtype), np.empty_like(c[0])
    for t in reversed(range(len(d))):
        dh += g[t]
        dc += np.multiply(dh, to_c[t], out=part)
        d[t, :, :3] *= dc[:, None]
        d[t, :, 3] *= dh
        np.matmul(d[t].reshape(len(dh), -1), weight, out=dh)
        dc *= f[t]
    d = d.reshape(*d.shape[:2], -1)
    return d, _rows(d).T @ _rows(h[:-2]), dh, dc


def _lstm_composed(z: Value, weight: Value, h: Value, c: Value) -> Value:
    states = []
    for t in range(len(z)):
        h, c = lstm_step(z[t], h, c, weight)
        states.append(h)
    return ops.stack([*states, c])


lstm.rules(*_rules(_lstm_backward, _lstm_composed, 4))


# Gated recurrent unit


@op(saves=True)
def gru(z: Value, weight: Value, h0: Value, bias: Value = None, /) -> Value:
    """All states of a gated recurrent unit."""
    z, weight, h0, bias = _one_dtype(z, weight, h0, bias)
    steps, (batch, size) = len(z), h0.shape
    h, w = _states(h0, steps), np.ascontiguousarray(weight.T)
    gates = np.array(z.reshape(steps, batch, 3, size))
    hidden = np.empty((steps, batch, size), z.dtype)  # what the reset gate scales
    room, part = np.empty((batch, 3 * size), z.dtype), np.empty_like(h0)
    u = room.reshape(batch, 3, size)
    for t, a in enumerate(gates):
        np.matmul(h[t], w, out=room)
        if bias is not None:
            room += bias
        both, new = a[:, :2], a[:, 2]
        both += u[:, :2]
        both *= 0.5
        np.tanh(both, out=both)  # sigmoid, as above
        both *= 0.5
        both += 0.5
        hidden[t] = u[:, 2]
        new += np.multiply(a[:, 0], u[:, 2], out=part)
        np.tanh(new, out=new)
        np.subtract(h[t], new, out=part)
        part *= a[:, 1]
        np.add(new, part, out=h[t + 1])
    return h[1:], _Saved(gates, h, hidden)


def _gru_backward(g: Any, weight: Any, gates: Any, h: Any, hidden: Any) -> Any:
    reset, update, new = (gates[:, :, k] for k in range(3))
    d = np.empty_like(gates)  # first the local gradients of all steps from h to the gates, then times the upstream gradient
    d[:, :, 2] = (1 - new * new) * (1 - update)
    d[:, :, 1] = (h[:-1] - new) * update * (1 - update)
    d[:, :, 0] = d[:, :, 2] * hidden * reset * (1 - reset)
    du = d.copy()
    du[:, :, 2] *= reset
    dh, past = np.zeros_like(h[0]), np.empty_like(h[0])
    for t in reversed(range(len(d))):
        dh += g[t]
        d[t] *= dh[:, None]
        du[t] *= dh[:, None]
        np.multiply(dh, update[t], out=past)
        np.matmul(du[t].reshape(len(dh), -1), weight, out=dh)
        dh += past
    d, rows = d.reshape(*d.shape[:2], -1), du.reshape(d.shape[0] * d.shape[1], -1)
    return d, rows.T @ _rows(h[:-1]), dh, rows.sum(0)


def _gru_composed(z: Value, weight: Value, h: Value, bias: Value) -> Value:
    states = []
    for t in range(len(z)):
        h = gru_step(z[t], h, weight, bias)
        states.append(h)
    return ops.stack(states)


gru.rules(*_rules(_gru_backward, _gru_composed, 4))
