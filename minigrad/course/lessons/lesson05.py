"""Lesson 5, activations and losses."""

import numpy as np

import minigrad.ops as ops
from minigrad.course.exercise import exercise
from minigrad.tensor import Tensor

Z5, G5 = np.array([-2.0, -0.5, 0.0, 1.0, 3.0]), np.array([1.0, -1.0, 2.0, 3.0, 0.5])


def _sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


exercise(
    "5.1",
    lambda sigmoid_rule, relu_rule: {
        "the rule of the sigmoid": lambda: sigmoid_rule(G5.copy(), _sigmoid(Z5)),
        "the rule of relu": lambda: relu_rule(G5.copy(), np.maximum(Z5, 0)),
    },
    {"sigmoid_rule": lambda g, out: g * out * (1 - out), "relu_rule": lambda g, out: g * (out > 0)},
    "upstream × local, with the local gradient written in terms of `out`",
    [
        ("the factor 1 - out is missing", {"sigmoid_rule": lambda g, out: g * out}),
        ("multiply by the upstream gradient g", {"sigmoid_rule": lambda g, out: out * (1 - out)}),
        (
            "`out` is the sigmoid of z already: do not apply it again",
            {"sigmoid_rule": lambda g, out: g * _sigmoid(out) * (1 - _sigmoid(out))},
        ),
        ("the factor is 1 - out, not 1 + out", {"sigmoid_rule": lambda g, out: g * out * (1 + out)}),
        (
            "no gradient passes where the output is zero: compare with >, not with >=",
            {"relu_rule": lambda g, out: g * (out >= 0)},
        ),
        ("the slope of relu does not depend on how large its output is", {"relu_rule": lambda g, out: g * out}),
        ("multiply by the upstream gradient g", {"relu_rule": lambda g, out: (out > 0) * 1.0}),
    ],
)

P3 = np.exp([0.5, -1.0, 2.0]) / np.exp([0.5, -1.0, 2.0]).sum()

exercise(
    "5.2",
    lambda softmax_jacobian: {"the Jacobian of softmax": lambda: softmax_jacobian(P3.copy())},
    {"softmax_jacobian": lambda p: np.diag(p) - np.outer(p, p)},
    "put p on the diagonal of a matrix, and subtract the matrix of all products",
    [
        (
            "this is the diagonal alone: each logit changes every probability",
            {"softmax_jacobian": lambda p: np.diag(p * (1 - p))},
        ),
        ("return a matrix: these are its diagonal elements", {"softmax_jacobian": lambda p: p * (1 - p)}),
        (
            "raising one logit lowers the other probabilities: subtract",
            {"softmax_jacobian": lambda p: np.diag(p) + np.outer(p, p)},
        ),
        ("every sign is reversed", {"softmax_jacobian": lambda p: np.outer(p, p) - np.diag(p)}),
        (
            "δ is multiplied by p_k: use np.diag(p), not np.eye",
            {"softmax_jacobian": lambda p: np.eye(len(p)) - np.outer(p, p)},
        ),
        ("the part with δ is missing: it adds p on the diagonal", {"softmax_jacobian": lambda p: -np.outer(p, p)}),
    ],
)

G3 = np.array([0.3, -2.0, 1.0])

exercise(
    "5.3",
    lambda softmax_rule: {
        "the rule of softmax": lambda: softmax_rule(G3.copy(), P3.copy()),
        "the rule for another upstream gradient": lambda: softmax_rule(np.array([1.0, 0.0, 0.0]), P3.copy()),
    },
    {"softmax_rule": lambda g, p: p * (g - np.sum(g * p))},
    "the bracket is a vector minus one number, np.sum(g * p)",
    [
        ("this is the diagonal alone: the sum over all k is missing", {"softmax_rule": lambda g, p: g * p * (1 - p)}),
        ("sum, and do not take the mean", {"softmax_rule": lambda g, p: p * (g - np.mean(g * p))}),
        ("the sum is over g_k p_k: multiply by p inside too", {"softmax_rule": lambda g, p: p * (g - np.sum(g))}),
        ("multiply the bracket by p_i", {"softmax_rule": lambda g, p: g - np.sum(g * p)}),
        ("the sign is reversed: g comes first in the bracket", {"softmax_rule": lambda g, p: p * (np.sum(g * p) - g)}),
        ("there is a minus in the bracket", {"softmax_rule": lambda g, p: p * (g + np.sum(g * p))}),
    ],
)

P1 = _sigmoid(0.7)


def _p(p, y):
    return -y / p + (1 - y) / (1 - p)


exercise(
    "5.4",
    lambda bce_gradient_p, bce_gradient_z: {
        "∂J/∂p for y = 0": lambda: bce_gradient_p(P1, 0.0),
        "∂J/∂p for y = 1": lambda: bce_gradient_p(P1, 1.0),
        "∂J/∂z for y = 0": lambda: bce_gradient_z(P1, 0.0),
        "∂J/∂z for y = 1": lambda: bce_gradient_z(P1, 1.0),
    },
    {"bce_gradient_p": _p, "bce_gradient_z": lambda p, y: p - y},
    "∂J/∂p is given above; for ∂J/∂z multiply it by p (1 - p) and simplify",
    [
        ("every sign is reversed", {"bce_gradient_p": lambda p, y: -_p(p, y)}),
        (
            "the derivative of ln(1 - p) brings a minus of its own",
            {"bce_gradient_p": lambda p, y: -y / p - (1 - y) / (1 - p)},
        ),
        ("the second term is missing", {"bce_gradient_p": lambda p, y: -y / p}),
        ("the sign is reversed: prediction minus target", {"bce_gradient_z": lambda p, y: y - p}),
        ("subtract the target", {"bce_gradient_z": lambda p, y: p}),
        ("p (1 - p) cancels against the denominators", {"bce_gradient_z": lambda p, y: (p - y) * p * (1 - p)}),
        ("this is ∂J/∂p: go through the sigmoid too", {"bce_gradient_z": _p}),
    ],
)

ZS = np.array([-1000.0, -1000.0, -3.0, 0.0, 0.7, 0.7, 1000.0, 1000.0])
YS = np.array([0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0])


def _stable(z, y):
    return np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z)))


exercise(
    "5.5",
    lambda bce_with_logits: {("the loss", "its gradient"): lambda: bce_with_logits(ZS.copy(), YS.copy())},
    {"bce_with_logits": lambda z, y: (_stable(z, y), _sigmoid(z) - y)},
    "the loss is the formula for J above; max(z, 0) is np.maximum(z, 0). The gradient is prediction minus target",
    [
        (
            "this overflows: use the formula with np.maximum, which has no logarithm of p",
            {
                "bce_with_logits": lambda z, y: (
                    -y * np.log(_sigmoid(z)) - (1 - y) * np.log(1 - _sigmoid(z)),
                    _sigmoid(z) - y,
                )
            },
        ),
        (
            "the exponential overflows without the absolute value: exp(-|z|)",
            {"bce_with_logits": lambda z, y: (np.maximum(z, 0) - y * z + np.log1p(np.exp(-z)), _sigmoid(z) - y)},
        ),
        ("y z is subtracted", {"bce_with_logits": lambda z, y: (_stable(z, -y), _sigmoid(z) - y)}),
        (
            "this is the mean: return the loss of each element",
            {"bce_with_logits": lambda z, y: (np.mean(_stable(z, y)), (_sigmoid(z) - y) / 8)},
        ),
        (
            "the sign is reversed: prediction minus target",
            {"bce_with_logits": lambda z, y: (_stable(z, y), y - _sigmoid(z))},
        ),
        ("the prediction is sigmoid(z), not z", {"bce_with_logits": lambda z, y: (_stable(z, y), z - y)}),
        ("return two results: the loss and its gradient", {"bce_with_logits": _stable}),
    ],
)


def _batch(scale=1.0):
    rng = np.random.default_rng(0)
    return scale * rng.normal(size=(4, 3)), np.array([2, 0, 1, 1])


def _right(z, y):
    t = Tensor(z)
    loss = ops.cross_entropy(t, y)
    loss.backward()
    return loss.data, t.grad


def _entropy(z, y, *, mean=1.0, spread=4, hot=True, axis=1, sign=1.0, shift=True):
    z = z - z.max(axis=1, keepdims=True) if shift else z
    total = np.exp(z).sum(axis=axis, keepdims=True)
    gradient = np.exp(z) / total
    if hot:
        gradient[np.arange(4), y] -= 1
    log = np.log(np.broadcast_to(total, z.shape)[np.arange(4), y])
    return np.mean(log - sign * z[np.arange(4), y]) * mean, gradient / spread


def _wrong(**how):
    return {"cross_entropy": lambda z, y: _entropy(z, y, **how)}


exercise(
    "5.6",
    lambda cross_entropy: {
        ("the mean loss", "its gradient"): lambda: cross_entropy(*_batch()),
        ("the mean loss of large logits", "the gradient of large logits"): lambda: cross_entropy(*_batch(1000.0)),
    },
    {"cross_entropy": _right},
    "the loss of a row is the logarithm of its sum of exponentials, minus the logit of its class",
    [
        ("this is the sum: return the mean over the batch", _wrong(mean=4.0, spread=1)),
        ("the loss is a mean, so divide the gradient by N too", _wrong(spread=1)),
        ("subtract 1 at the class of each row: prediction minus target", _wrong(hot=False)),
        ("each row is an example: sum over axis 1", _wrong(axis=0)),
        ("subtract the logit of the class", _wrong(sign=-1.0)),
        ("the exponential overflows: keep the line that subtracts the largest logit of each row", _wrong(shift=False)),
        ("divide the gradient by N, not by the number of elements", _wrong(spread=12)),
    ],
)
