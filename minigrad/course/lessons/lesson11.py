"""Lesson 11, a network for real digits."""

import numpy as np

import minigrad.ops as ops
from minigrad.course.exercise import exercise
from minigrad.modes import no_grad
from minigrad.nn import Dropout, Flatten, Linear, Sequential
from minigrad.transforms import grad


def _batch():
    x = 3 + 5 * np.random.default_rng(0).normal(size=(6, 2, 4, 4))
    return x, np.array([1.0, 2.0]), np.array([0.0, -1.0])


def _norm(x, gamma, beta, epsilon=1e-5, *, axes=(0, 2, 3), root=np.sqrt, shift=True, scale=True, swap=False, ddof=0):
    mean = x.mean(axis=axes, keepdims=True)
    x_hat = (x - (mean if shift else 0)) / root(x.var(axis=axes, keepdims=True, ddof=ddof) + epsilon)
    gamma, beta = (beta, gamma) if swap else (gamma, beta)
    return gamma[:, None, None] * x_hat + beta[:, None, None] if scale else x_hat


def _norms(**how):
    return {"batch_norm": lambda *a: _norm(*a, **how)}


exercise(
    "11.1",
    lambda batch_norm: {"the normalised batch": lambda: batch_norm(*_batch())},
    {"batch_norm": lambda x, gamma, beta: ops.batch_norm(x, weight=gamma, bias=beta, training=True)},
    "mean and variance over the axes 0, 2 and 3 with keepdims=True; x_hat; then γ x_hat + β with γ and β of shape (C, 1, 1)",
    [
        ("average over the pixels too: axis=(0, 2, 3)", _norms(axes=(0,))),
        ("average over the batch too: axis=(0, 2, 3)", _norms(axes=(2, 3))),
        ("each channel has its own mean and variance: keep axis 1", _norms(axes=(0, 1, 2, 3))),
        ("divide by the square root of the variance", _norms(root=lambda v: v)),
        ("subtract the mean", _norms(shift=False)),
        ("multiply by γ and add β", _norms(scale=False)),
        ("γ is the scale and β the shift", _norms(swap=True)),
        ("the variance divides by the number of elements: no ddof", _norms(ddof=1)),
    ],
    rtol=1e-5,
)

XD, KEEP = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1, 0, 0, 1])

exercise(
    "11.2",
    lambda dropout: {
        "dropout in training": lambda: dropout(XD.copy(), KEEP, 0.2, True),
        "dropout after training": lambda: dropout(XD.copy(), KEEP, 0.2, False),
    },
    {"dropout": lambda x, keep, p, training: x * keep / (1 - p) if training else x},
    "in training, multiply by keep and divide by 1 - p; otherwise return x",
    [
        ("divide what is kept by 1 - p, so that the mean stays", {"dropout": lambda x, keep, p, t: x * keep if t else x}),
        (
            "p is the probability of being dropped: divide by 1 - p",
            {"dropout": lambda x, keep, p, t: x * keep / p if t else x},
        ),
        ("divide by 1 - p, and do not multiply", {"dropout": lambda x, keep, p, t: x * keep * (1 - p) if t else x}),
        ("elements are dropped where keep is 0", {"dropout": lambda x, keep, p, t: x * (1 - keep) / (1 - p) if t else x}),
        ("after training, dropout does nothing", {"dropout": lambda x, keep, p, t: x * keep / (1 - p)}),
        (
            "after training, dropout does nothing: the scaling is done in training",
            {"dropout": lambda x, keep, p, t: x * keep / (1 - p) if t else x * (1 - p)},
        ),
    ],
)

exercise(
    "11.3",
    lambda into_linear, second_conv: {
        "the inputs of the linear layer": into_linear,
        "the parameters of the second convolution": second_conv,
    },
    {"into_linear": 384, "second_conv": 3480},
    "channels × height × width after the pooling; kernels × channels × 3 × 3, and a bias for each kernel",
    [
        ("pooling has halved the height and the width", {"into_linear": 24 * 8 * 8}),
        ("all channels go into the linear layer", {"into_linear": 16}),
        ("pooling halves both the height and the width", {"into_linear": 24 * 8 * 4}),
        ("each kernel has a bias too", {"second_conv": 3456}),
        ("each kernel has 16 channels", {"second_conv": 240}),
        ("there is one bias for each kernel, which is each output channel", {"second_conv": 3472}),
    ],
)

SCORES = np.array([[3.0, 1.0, 2.0], [0.1, 0.9, 0.2], [-1.0, -2.0, -0.5], [0.3, 0.1, 0.2]])


def _dropping():
    copying = Linear(3, 3, bias=False)
    copying.weight.data = np.eye(3)
    return Sequential(Dropout(0.9, rng=np.random.default_rng(1)), copying)


def _predict(model, x, *, axis=1, pick=np.argmax, evaluate=True):
    if evaluate:
        model.eval()
    with no_grad():
        return pick(model(x).data, axis=axis)


exercise(
    "11.4",
    lambda predict: {"the classes with the largest logits": lambda: predict(_dropping(), SCORES)},
    {"predict": _predict},
    "model.eval(); then the position of the largest logit of each row of model(x).data",
    [
        ("take argmax along axis=1, one class for each row", {"predict": lambda m, x: _predict(m, x, axis=0)}),
        ("dropout is still on: call model.eval() first", {"predict": lambda m, x: _predict(m, x, evaluate=False)}),
        (
            "these are the logits: the class is the position of the largest, argmax",
            {"predict": lambda m, x: _predict(m, x, pick=np.max)},
        ),
        ("this is the smallest logit", {"predict": lambda m, x: _predict(m, x, pick=np.argmin)}),
        (
            "argmax needs axis=1: without it, the whole batch gets one answer",
            {"predict": lambda m, x: _predict(m, x, axis=None)},
        ),
    ],
)


def _linear():
    return Sequential(Flatten(), Linear(64, 10, rng=np.random.default_rng(0), dtype=np.float64))


def _digit():
    return np.random.default_rng(2).random((1, 1, 8, 8))


def _slope(model, image, label, of=lambda z: z):
    return grad(lambda x: of(model(x))[0, label])(image)


exercise(
    "11.5",
    lambda saliency: {"the saliency of a linear network": lambda: saliency(_linear(), _digit(), 3)},
    {"saliency": lambda model, image, label: np.abs(_slope(model, image, label))},
    "the absolute value of the gradient of model(x)[0, label] with respect to x",
    [
        ("take the absolute value", {"saliency": _slope}),
        (
            "use the logit, not the probability",
            {"saliency": lambda m, x, k: np.abs(_slope(m, x, k, lambda z: ops.softmax(z, axis=1)))},
        ),
        (
            "use the logit of the label alone, not the sum of all",
            {"saliency": lambda m, x, k: np.abs(grad(lambda x: ops.sum(m(x)))(x))},
        ),
        ("take the absolute value, not the square", {"saliency": lambda m, x, k: _slope(m, x, k) ** 2}),
        (
            "this is the loss: use the logit",
            {"saliency": lambda m, x, k: np.abs(grad(lambda x: ops.cross_entropy(m(x), np.array([k])))(x))},
        ),
    ],
)


def _ascend(model, label, steps=40, rate=0.05, penalty=0.1, *, up=1, clip=True, divide=True, ink=1, once=False):
    x = np.full((1, 1, 8, 8), 0.3, np.float32)
    for _ in range(1 if once else steps):
        g = grad(lambda x: model(x)[0, label] - ink * penalty * ops.sum(x**2))(x)
        x = x + up * rate * g / (np.abs(g).mean() if divide else 1)
        x = np.clip(x, 0, 1) if clip else x
    return x


def _ascends(**how):
    return {"ascend": lambda *a, **b: _ascend(*a, **b, **how)}


exercise(
    "11.6",
    lambda ascend: {
        "two steps without penalty": lambda: ascend(_linear(), 3, steps=2, penalty=0),
        "eight steps with penalty": lambda: ascend(_linear(), 5, steps=8, penalty=0.2),
    },
    {"ascend": _ascend},
    "g = mg.grad(lambda x: …)(x); x = np.clip(x + rate * g / np.abs(g).mean(), 0, 1)",
    [
        ("add the gradient: the score must go up", _ascends(up=-1)),
        ("clip the pixels after each step", _ascends(clip=False)),
        ("divide the gradient by the mean of its absolute value", _ascends(divide=False)),
        ("the penalty is missing", _ascends(ink=0)),
        ("subtract the penalty: it is for ink", _ascends(ink=-1)),
        ("repeat the step", _ascends(once=True)),
    ],
    rtol=1e-4,
    atol=1e-5,
)


def _fool(model, image, target, rate=0.02, most=60, *, down=1, sign=np.sign, clip=True, stop=True):
    x = image
    while most > 0 and not (stop and _predict(model, x)[0] == target):
        g = grad(lambda x: ops.cross_entropy(model(x), np.array([target])))(x)
        x = x - down * rate * sign(g)
        x = np.clip(x, 0, 1) if clip else x
        most -= 1
    return x.astype(np.float32)


def _fools(**how):
    return {"fool": lambda *a, **b: _fool(*a, **b, **how)}


exercise(
    "11.7",
    lambda fool: {
        "the changed image": lambda: fool(_linear(), _digit().astype(np.float32), 8),
        "the image after at most one step": lambda: fool(_linear(), _digit().astype(np.float32), 8, rate=0.01, most=1),
    },
    {"fool": _fool},
    "while predict(model, x)[0] is not the target and steps are left: step, and clip",
    [
        ("subtract: the loss of the target must fall", _fools(down=-1)),
        ("use the sign of the gradient, so that all pixels take equal steps", _fools(sign=lambda g: g)),
        ("clip the pixels after each step", _fools(clip=False)),
        ("stop as soon as predict returns the target", _fools(stop=False)),
        ("the image has not changed: take steps until predict returns the target", {"fool": lambda m, x, *a, **b: x}),
    ],
    rtol=1e-4,
    atol=1e-5,
)
