"""Lesson 13, inside minigrad."""

import numpy as np

import minigrad.ops as ops
from minigrad.backward import unbroadcast
from minigrad.course.exercise import exercise
from minigrad.graph import topological_order
from minigrad.tensor import Tensor
from minigrad.transforms import grad


def _images():
    rng = np.random.default_rng(0)
    return rng.normal(size=(2, 3, 6, 7)), rng.normal(size=(4, 3, 3, 2))


def _im2col(x, w, *, order=(0, 2, 3, 1, 4, 5), back=True, turn=1):
    f, c, kh, kw = w.shape
    windows = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(2, 3))
    n, _, oh, ow = windows.shape[:4]
    rows = windows.transpose(order).reshape(n * oh * ow, c * kh * kw)
    out = rows @ w[:, :, ::turn, ::turn].reshape(f, c * kh * kw).T
    return out.reshape(n, oh, ow, f).transpose(0, 3, 1, 2) if back else out.reshape(n, f, oh, ow)


def _columns(**how):
    return {"conv_im2col": lambda x, w: _im2col(x, w, **how)}


exercise(
    "13.1",
    lambda conv_im2col: {"the convolution": lambda: conv_im2col(*_images())},
    {"conv_im2col": lambda x, w: ops.conv2d(x, w)},
    "windows.transpose(0, 2, 3, 1, 4, 5), reshaped to rows; @ w.reshape(f, …).T; reshape and transpose back",
    [
        ("put the axes in the order (N, OH, OW, C, KH, KW) before you reshape", _columns(order=(0, 1, 2, 3, 4, 5))),
        ("reshape to (N, OH, OW, F) first, and then transpose", _columns(back=False)),
        ("each row of windows has the axes in the order C, KH, KW, like the kernels", _columns(order=(0, 2, 3, 4, 5, 1))),
        ("the kernel is not flipped", _columns(turn=-1)),
        (
            "the result has shape (N, F, OH, OW): transpose it",
            {"conv_im2col": lambda x, w: _im2col(x, w).transpose(0, 2, 3, 1)},
        ),
        (
            "kernels are columns: transpose the reshaped kernels",
            {"conv_im2col": lambda x, w: x.reshape(40, -1)[:, :18] @ w.reshape(4, 18)},
        ),
    ],
)


def _loss():
    rng = np.random.default_rng(0)
    params = [Tensor(rng.normal(size=shape)) for shape in [(2, 5), (5,), (5, 1), (1,)]]
    h = np.array([[1.0, 2.0], [-1.0, 0.5], [0.3, -2.0]])
    for W, b in zip(params[::2], params[1::2], strict=True):
        h = ops.tanh(h @ W + b)
    return ops.sum(h * h * params[3]), params


def _sweep(root, *, add=True, shrink=True, turned=True, ones=False):
    gradients = {root: np.ones(root.shape)}
    order = topological_order(root)
    for node in reversed(order) if turned else order:
        g = np.ones(node.shape) if ones else gradients.get(node, np.zeros(node.shape))
        needed = [x is not None for x in node.inputs]
        downstream = node.op.downstream(needed, g, node.data, node.values, node.static)
        for x, d in zip(node.inputs, downstream, strict=False):
            if x is not None:
                d = unbroadcast(d, x.shape) if shrink else d
                gradients[x] = d + (gradients.get(x, 0.0) if add else 0.0)
    return gradients


def _swept(sweep):
    loss, params = _loss()
    found = sweep(loss)
    return tuple(found.get(p) for p in params)


def _sweeps(**how):
    return {"sweep": lambda root: _sweep(root, **how)}


exercise(
    "13.2",
    lambda sweep: {tuple(f"the gradient of {name}" for name in ("W1", "b1", "W2", "b2")): lambda: _swept(sweep)},
    {"sweep": _sweep},
    "downstream = node.op.downstream(…); for each input that is not None: gradients[x] = gradients.get(x, 0.0) + …",
    [
        ("add to the gradient that x has so far: gradients.get(x, 0.0) + …", _sweeps(add=False)),
        ("the bias was broadcast: unbroadcast(d, x.shape)", _sweeps(shrink=False)),
        ("go from the root to the leaves: reversed(…)", _sweeps(turned=False)),
        ("start each rule with the gradient of its node, gradients[node]", _sweeps(ones=True)),
        (
            "the gradients have not reached the leaves: store them under each input",
            {"sweep": lambda root: {root: np.ones(root.shape)}},
        ),
    ],
)

AT = np.array([-1000.0, -2.0, 0.0, 0.5, 1000.0])


def _log_cosh(x):
    return ops.abs(x) + ops.log1p(ops.exp(-2 * ops.abs(x))) - np.log(2)


exercise(
    "13.3",
    lambda log_cosh, log_cosh_rule: {
        "the forward function": lambda: log_cosh(AT.copy()),
        "the rule": lambda: log_cosh_rule(np.full(5, 2.0), None, AT.copy()),
        "the derivative of the rule": lambda: grad(lambda x: log_cosh_rule(1.0, None, x))(0.5),
    },
    {"log_cosh": _log_cosh, "log_cosh_rule": lambda g, out, x: g * ops.tanh(x)},
    "the forward function is the last formula above; the rule is upstream × local",
    [
        ("this overflows: use the form with |x|", {"log_cosh": lambda x: np.log(np.cosh(x))}),
        ("subtract ln 2", {"log_cosh": lambda x: _log_cosh(x) + np.log(2)}),
        ("the exponent is -2 |x|", {"log_cosh": lambda x: np.abs(x) + np.log1p(np.exp(-np.abs(x))) - np.log(2)}),
        (
            "without the absolute value in the exponent, this overflows",
            {"log_cosh": lambda x: x + np.log1p(np.exp(-2 * x)) - np.log(2)},
        ),
        ("multiply by the upstream gradient g", {"log_cosh_rule": lambda g, out, x: ops.tanh(x)}),
        (
            "the derivative of ln cosh x is tanh x",
            {"log_cosh_rule": lambda g, out, x: g / ops.cosh(ops.clip(x, -9, 9)) ** 2},
        ),
    ],
)
