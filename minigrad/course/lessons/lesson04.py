"""Lesson 4, vectors."""

import numpy as np

from minigrad.course.exercise import exercise
from minigrad.tensor import Tensor

M = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


def _jacobian(f, x, *, fresh=True, seed=None):
    m, t, rows = len(f(Tensor(x)).data), Tensor(x), []
    for k in range(m):
        t = Tensor(x) if fresh else t
        f(t).backward(np.ones(m) if seed else np.eye(m)[k])
        rows.append(t.grad.copy())
    return np.array(rows)


exercise(
    "4.1",
    lambda jacobian: {
        "the Jacobian of x²": lambda: jacobian(lambda t: t**2, [1.0, 2.0, 3.0]),
        "the Jacobian of M x": lambda: jacobian(lambda t: M @ t, [1.0, 1.0, 1.0]),
    },
    {"jacobian": _jacobian},
    "for each output k: a new Tensor(x), f of it, .backward(np.eye(m)[k]), and its .grad is row k",
    [
        (
            "row k belongs to output k, so this is transposed: stack the gradients as rows",
            {"jacobian": lambda f, x: _jacobian(f, x).T},
        ),
        ("gradients accumulate: make a new Tensor(x) for each row", {"jacobian": lambda f, x: _jacobian(f, x, fresh=False)}),
        (
            "start at one output alone, with np.eye(m)[k], not with ones",
            {"jacobian": lambda f, x: _jacobian(f, x, seed=True)},
        ),
        ("this is only the last row: append each one to a list", {"jacobian": lambda f, x: _jacobian(f, x)[-1]}),
        ("the rows add up to one vector: keep them apart", {"jacobian": lambda f, x: _jacobian(f, x).sum(axis=0)}),
    ],
)

exercise(
    "4.2",
    lambda bytes_vector, bytes_batch: {"the bytes for one vector": bytes_vector, "the bytes for the minibatch": bytes_batch},
    {"bytes_vector": 4096**2 * 8, "bytes_batch": 409_600**2 * 8},
    "rows × columns × 8",
    [
        ("these are entries; each takes 8 bytes", {"bytes_vector": 4096**2, "bytes_batch": 409_600**2}),
        ("the matrix has 4096 rows and 4096 columns", {"bytes_vector": 4096 * 8, "bytes_batch": 409_600 * 8}),
        ("the minibatch has 100 times as many rows, and 100 times as many columns", {"bytes_batch": 4096**2 * 8 * 100}),
        ("a float64 entry takes 8 bytes, not 4", {"bytes_vector": 4096**2 * 4, "bytes_batch": 409_600**2 * 4}),
        ("these are bits: count bytes", {"bytes_vector": 4096**2 * 64}),
    ],
)

G6, X6 = np.arange(1.0, 7.0), np.array([1.5, -0.5, 0.3, -2.0, 0.9, 2.2])

exercise(
    "4.3",
    lambda relu_rule, square_rule: {
        "the rule of relu": lambda: relu_rule(G6.copy(), X6.copy()),
        "the rule of relu at 0": lambda: relu_rule(np.ones(1), np.zeros(1)),
        "the rule of the square": lambda: square_rule(G6.copy(), X6.copy()),
    },
    {"relu_rule": lambda g, x: g * (x > 0), "square_rule": lambda g, x: 2 * g * x},
    "a rule returns upstream × local, element by element",
    [
        ("at the kink, no gradient passes: compare with >, not with >=", {"relu_rule": lambda g, x: g * (x >= 0)}),
        (
            "this is relu(x) times g: the slope of relu does not depend on how large x is",
            {"relu_rule": lambda g, x: g * np.maximum(x, 0)},
        ),
        ("multiply by the upstream gradient g", {"relu_rule": lambda g, x: (x > 0) * 1.0}),
        ("relu looks at the sign of x, not of g", {"relu_rule": lambda g, x: np.maximum(g, 0)}),
        ("the factor 2 is missing", {"square_rule": lambda g, x: g * x}),
        ("multiply by the upstream gradient g", {"square_rule": lambda g, x: 2 * x}),
        ("a rule forms no matrix: it returns a vector", {"square_rule": lambda g, x: np.diag(2 * x) * g}),
    ],
)

W2, X2 = np.array([[0.1, 0.5], [-0.3, 0.8]]), np.array([0.2, 0.4])
Q2 = W2 @ X2

exercise(
    "4.4",
    lambda grad_q, grad_W, grad_x: {"∂f/∂q": grad_q, "∂f/∂W": grad_W, "∂f/∂x": grad_x},
    {"grad_q": 2 * Q2, "grad_W": np.outer(2 * Q2, X2), "grad_x": W2.T @ (2 * Q2)},
    "a gradient has the shape of its variable; use the three formulas above",
    [
        ("the derivative of q² has a factor 2", {"grad_q": Q2, "grad_W": np.outer(Q2, X2), "grad_x": W2.T @ Q2}),
        ("row k belongs to q_k, so grad_q comes first in np.outer", {"grad_W": np.outer(X2, 2 * Q2)}),
        ("this multiplies element by element; the outer product has an entry for each pair", {"grad_W": 2 * Q2 * X2}),
        ("multiply by W transposed", {"grad_x": W2 @ (2 * Q2)}),
        ("use grad_q, the upstream gradient, with its factor 2", {"grad_x": W2.T @ Q2}),
        ("use grad_q, the upstream gradient, with its factor 2", {"grad_W": np.outer(Q2, X2)}),
    ],
)


def _matrices():
    rng = np.random.default_rng(0)
    return rng.normal(size=(5, 4)), rng.normal(size=(5, 3)), rng.normal(size=(3, 4))


exercise(
    "4.5",
    lambda matmul_rules: {("the gradient of X", "the gradient of W"): lambda: matmul_rules(*_matrices())},
    {"matmul_rules": lambda G, X, W: (G @ W.T, X.T @ G)},
    "only one product of G and W has the shape of X, and only one of X and G that of W",
    [
        (
            "transpose so that the shapes fit: G has shape (N, M), W has (D, M)",
            {"matmul_rules": lambda G, X, W: (G @ W, X @ G)},
        ),
        ("X has shape (N, D): G comes first, then W transposed", {"matmul_rules": lambda G, X, W: (W @ G.T, X.T @ G)}),
        ("W has shape (D, M): X transposed comes first, then G", {"matmul_rules": lambda G, X, W: (G @ W.T, G.T @ X)}),
        ("return the gradient of X first", {"matmul_rules": lambda G, X, W: (X.T @ G, G @ W.T)}),
        (
            "the gradients sum over the batch, they do not take its mean",
            {"matmul_rules": lambda G, X, W: (G @ W.T, X.T @ G / len(X))},
        ),
        (
            "the upstream gradient G is missing",
            {"matmul_rules": lambda G, X, W: (np.ones_like(G) @ W.T, X.T @ np.ones_like(G))},
        ),
    ],
)


def _unbroadcast(g, shape, *, keep=True, front=0, loop=True, reduce=np.sum):
    while g.ndim > len(shape):
        g = reduce(g, axis=front)
        if not loop:
            break
    for axis, n in enumerate(shape):
        if n == 1:
            g = reduce(g, axis=axis, keepdims=keep)
    return g


exercise(
    "4.6",
    lambda unbroadcast: {
        f"back to {shape}": lambda shape=shape: unbroadcast(np.arange(16.0).reshape(4, 4) ** 2, shape)
        for shape in [(4,), (4, 1), (1, 4), (1, 1), (), (4, 4)]
    },
    {"unbroadcast": _unbroadcast},
    "first sum over axis 0 while g has too many axes; then over each axis of length 1 in `shape`, with keepdims=True",
    [
        (
            "broadcasting copies, so its gradient is a sum, not a mean",
            {"unbroadcast": lambda g, s: _unbroadcast(g, s, reduce=np.mean)},
        ),
        ("axes are added in front: sum over axis 0", {"unbroadcast": lambda g, s: _unbroadcast(g, s, front=-1)}),
        (
            "keep the stretched axis with length 1: keepdims=True",
            {"unbroadcast": lambda g, s: _unbroadcast(g, s, keep=False)},
        ),
        (
            "more than one axis may have been added: use while, not if",
            {"unbroadcast": lambda g, s: _unbroadcast(g, s, loop=False)},
        ),
        (
            "axes of length 1 were stretched: sum over them too",
            {"unbroadcast": lambda g, s: g.sum(axis=tuple(range(g.ndim - len(s))))},
        ),
        (
            "this sums everything: sum only along the axes that were broadcast",
            {"unbroadcast": lambda g, s: np.full(s, g.sum())},
        ),
    ],
)
