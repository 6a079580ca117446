"""Lesson 15, sequences."""

import numpy as np

import minigrad.ops as ops
from minigrad.course.exercise import exercise
from minigrad.nn import scaled_dot_product_attention
from minigrad.tensor import Tensor

STEPS, WIDE, HIDDEN = 5, 3, 4


def _parts():
    rng = np.random.default_rng(0)
    shapes = [(STEPS, WIDE), (HIDDEN,), (WIDE, HIDDEN), (HIDDEN, HIDDEN), (HIDDEN,)]
    return [0.7 * rng.normal(size=shape) for shape in shapes]


def _same(z):
    return z


def _states(x, h, Wx, Wh, b, *, squash=np.tanh, stuck=False, bias=1, turn=False):
    hs = [h]
    for xt in x:
        hs.append(squash(xt @ Wx + (h if stuck else hs[-1]) @ (Wh.T if turn else Wh) + bias * b))
    return np.array(hs)


def _forwards(**how):
    return {"rnn_forward": lambda *a: _states(*a, **how)}


exercise(
    "15.1",
    lambda rnn_forward: {"the states": lambda: rnn_forward(*_parts())},
    {"rnn_forward": _states},
    "begin with the list [h]; for each row of x append np.tanh(…) of the last state; return np.array of the list",
    [
        ("the tanh is missing", _forwards(squash=_same)),
        ("use the state of the step before, not the first one in every step", _forwards(stuck=True)),
        ("add the bias", _forwards(bias=0)),
        ("the state comes from the left: h @ Wh, without a transpose", _forwards(turn=True)),
        ("return all states, with the first one", {"rnn_forward": lambda *a: _states(*a)[1:]}),
        ("return all states, not only the last one", {"rnn_forward": lambda *a: _states(*a)[-1]}),
    ],
)


def _truth(g, x, hs, Wx, Wh):
    tensors = [Tensor(a) for a in (x, hs[0], Wx, Wh, np.arctanh(hs[1]) - x[0] @ Wx - hs[0] @ Wh)]
    tx, h, tWx, tWh, b = tensors
    loss = Tensor(0.0, requires_grad=False)
    for t in range(len(x)):
        h = ops.tanh(tx[t] @ tWx + h @ tWh + b)
        loss = loss + ops.sum(g[t] * h)
    loss.backward()
    return tuple(t.grad for t in tensors)


def _through_time(g, x, hs, Wx, Wh, *, carry=True, turned=True, slope=True, add=True, late=0, back=True):
    dx, dWx, dWh, db = np.zeros_like(x), np.zeros_like(Wx), np.zeros_like(Wh), np.zeros(Wh.shape[1])
    dh = np.zeros(Wh.shape[0])
    for t in reversed(range(len(x))) if turned else range(len(x)):
        total = g[t] + (dh if carry else 0)
        dz = total * (1 - hs[t + 1] ** 2 if slope else 1)
        dx[t] = dz @ Wx.T
        dWx = np.outer(x[t], dz) + (dWx if add else 0)
        dWh = np.outer(hs[t + late], dz) + (dWh if add else 0)
        db = dz + (db if add else 0)
        dh = dz @ (Wh.T if back else Wh)
    return dx, dh, dWx, dWh, db


def _back(rnn_backward):
    x, h, Wx, Wh, b = _parts()
    g = np.random.default_rng(1).normal(size=(STEPS, HIDDEN))
    return rnn_backward(g, x, _states(x, h, Wx, Wh, b), Wx, Wh)


def _backwards(**how):
    return {"rnn_backward": lambda *a: _through_time(*a, **how)}


exercise(
    "15.2",
    lambda rnn_backward: {
        tuple(f"the gradient of {name}" for name in ("x", "h", "Wx", "Wh", "b")): lambda: _back(rnn_backward)
    },
    {"rnn_backward": _truth},
    "in each step: dz = (g[t] + dh) (1 - hs[t + 1]²); then dx[t], dWx, dWh and db from dz; then dh for the step before",
    [
        ("a state is used twice, by the loss and by the next step: add dh to g[t]", _backwards(carry=False)),
        ("go from the last step to the first", _backwards(turned=False)),
        ("go through the tanh: its local gradient is 1 - h²", _backwards(slope=False)),
        ("the weights are used in every step: add with +=", _backwards(add=False)),
        ("Wh multiplies the state before the step, hs[t]", _backwards(late=1)),
        ("the gradient goes back through Wh transposed", _backwards(back=False)),
    ],
)


def _lstm_parts():
    rng = np.random.default_rng(2)
    shapes = [(WIDE,), (HIDDEN,), (HIDDEN,), (WIDE, 4 * HIDDEN), (HIDDEN, 4 * HIDDEN), (4 * HIDDEN,)]
    return [rng.normal(size=shape) for shape in shapes]


def _lstm(x, h, c, W, U, b, *, order=(0, 1, 2, 3), forget=True, new=ops.tanh, out=ops.tanh, gate=ops.sigmoid):
    z, n = x @ W + h @ U + b, h.shape[0]
    i, f, g, o = (z[k * n : (k + 1) * n] for k in order)
    c = (ops.sigmoid(f) if forget else 1) * c + gate(i) * new(g)
    return ops.sigmoid(o) * out(c), c


def _lstms(**how):
    return {"lstm_step": lambda *a: _lstm(*a, **how)}


exercise(
    "15.3",
    lambda lstm_step: {("the new h", "the new c"): lambda: lstm_step(*_lstm_parts())},
    {"lstm_step": _lstm},
    "z = x @ W + h @ U + b; its four parts are i, f, g and o; then the two formulas",
    [
        ("the parts are in the order i, f, g, o", _lstms(order=(1, 0, 2, 3))),
        ("the parts are in the order i, f, g, o", _lstms(order=(0, 1, 3, 2))),
        ("the old c is multiplied by the forget gate", _lstms(forget=False)),
        ("the new part is tanh(g), not σ(g)", _lstms(new=ops.sigmoid)),
        ("h is the output gate times tanh(c)", _lstms(out=_same)),
        ("a gate is a sigmoid: σ(i)", _lstms(gate=_same)),
        ("return h first, then c", {"lstm_step": lambda *a: _lstm(*a)[::-1]}),
    ],
)


def _queries():
    rng = np.random.default_rng(3)
    return rng.normal(size=(5, 4)), rng.normal(size=(5, 4)), rng.normal(size=(5, 3))


def _attend(q, k, v, *, scale=lambda n: np.sqrt(n), mask=lambda t: np.tril(np.ones((t, t), bool)), axis=-1, late=False):
    scores = q @ k.T / scale(q.shape[1])
    allowed = mask(len(q))
    if not late:
        scores = np.where(allowed, scores, -np.inf)
    e = np.exp(scores - scores.max(axis=axis, keepdims=True))
    weights = e / e.sum(axis=axis, keepdims=True)
    return (weights * allowed if late else weights) @ v


def _attends(**how):
    return {"attention": lambda *a: _attend(*a, **how)}


exercise(
    "15.4",
    lambda attention: {"the results of five positions": lambda: attention(*_queries())},
    {"attention": lambda q, k, v: scaled_dot_product_attention(q, k, v, is_causal=True)},
    "scores, then -inf above the diagonal, then softmax along axis 1, then the product with v",
    [
        ("divide the scores by the root of E", _attends(scale=lambda n: 1)),
        ("divide by the root of E, not by E", _attends(scale=lambda n: n)),
        (
            "position t may look at 0 to t only: mask the scores above the diagonal",
            _attends(mask=lambda t: np.ones((t, t), bool)),
        ),
        ("this masks the past: the mask is reversed", _attends(mask=lambda t: np.triu(np.ones((t, t), bool)))),
        ("the weights of each query sum to 1: softmax along axis 1", _attends(axis=0)),
        ("mask before the softmax: after it, the weights no longer sum to 1", _attends(late=True)),
    ],
)

LOGITS = np.array([2.0, 0.5, -1.0])


def _hot(z):
    e = np.exp(z - z.max())
    return e / e.sum()


exercise(
    "15.5",
    lambda probabilities: {
        "at temperature 0.5": lambda: probabilities(LOGITS.copy(), 0.5),
        "at temperature 2": lambda: probabilities(LOGITS.copy(), 2.0),
    },
    {"probabilities": lambda logits, temperature: _hot(logits / temperature)},
    "divide the logits by the temperature, then softmax",
    [
        ("divide by the temperature: a low one makes the largest logit win", {"probabilities": lambda z, t: _hot(z * t)}),
        ("the temperature is missing", {"probabilities": lambda z, t: _hot(z)}),
        ("these are logits: take their softmax", {"probabilities": lambda z, t: z / t}),
        ("divide the logits before the softmax: probabilities must sum to 1", {"probabilities": lambda z, t: _hot(z) / t}),
        ("the exponentials do not sum to 1 yet: divide by their sum", {"probabilities": lambda z, t: np.exp(z / t)}),
    ],
)
