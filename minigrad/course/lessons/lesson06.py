"""Lesson 6, multi-layer perceptrons."""

import numpy as np

import minigrad.ops as ops
from minigrad.course.exercise import exercise
from minigrad.nn import Linear
from minigrad.optim import SGD, Adam
from minigrad.tensor import Tensor


def _params():
    return [
        Tensor([[1.0, -1.0], [2.0, 0.5]]),
        Tensor([0.0, -1.0]),
        Tensor([[1.0, 0.0], [3.0, 1.0]]),
        Tensor([-4.0, 1.0]),
        Tensor([[2.0], [-1.0]]),
        Tensor([0.5]),
    ]


POINTS = np.array([[1.0, 2.0], [-1.0, 1.0], [3.0, -2.0]])


def _same(x):
    return x


def _forward(params, X, *, first=ops.relu, second=ops.relu, last=_same, bias=1.0):
    W1, b1, W2, b2, W3, b3 = params
    h1 = first(X @ W1 + bias * b1)
    return last((second(h1 @ W2 + bias * b2) @ W3 + b3)[:, 0])


def _forwards(**how):
    return {"forward": lambda params, X: _forward(params, X, **how)}


exercise(
    "6.1",
    lambda forward: {"the logits of three points": lambda: forward(_params(), POINTS.copy())},
    {"forward": _forward},
    "h1 = mg.relu(X @ W1 + b1), and h2 likewise from h1",
    [
        ("a relu follows each of the two hidden layers", _forwards(first=_same, second=_same)),
        ("h2 has a relu too", _forwards(second=_same)),
        ("h1 has a relu too", _forwards(first=_same)),
        ("add the biases before each relu", _forwards(bias=0.0)),
        ("the activation is relu, not the sigmoid", _forwards(first=ops.sigmoid, second=ops.sigmoid)),
        ("the output is a logit and may be negative: it has no relu", _forwards(last=ops.relu)),
    ],
)

TARGETS = np.array([1.0, 0.0, 1.0])


def _train_step(params, X, y, rate, *, zero=True, step=-1.0, late=False, gradient=True, scale=True):
    def loss_of():
        return ops.binary_cross_entropy_with_logits(_forward(params, X), y)

    if zero:
        for p in params:
            p.zero_grad()
    loss = loss_of()
    if gradient:
        loss.backward()
    for p in params:
        p.data = p.data + step * (rate if scale else 1.0) * p.grad
    return (loss_of() if late else loss).item()


def _two_steps(train_step):
    params = _params()
    losses = [train_step(params, POINTS, TARGETS, 0.5) for _ in range(2)]
    return losses, *(p.data for p in params)


def _steps(**how):
    return {"train_step": lambda params, X, y, rate: _train_step(params, X, y, rate, **how)}


exercise(
    "6.2",
    lambda train_step: {
        ("the losses of two steps", *(f"{name} after two steps" for name in ("W1", "b1", "W2", "b2", "W3", "b3"))): (
            lambda: _two_steps(train_step)
        )
    },
    {"train_step": _train_step},
    "zero_grad for each parameter; loss_of(params, X, y); backward; then update each p.data; return loss.item()",
    [
        ("gradients of the first step are still there: call zero_grad before backward", _steps(zero=False)),
        ("step against the gradient: subtract", _steps(step=1.0)),
        ("return the loss from before the update", _steps(late=True)),
        ("call loss.backward() before you use p.grad", _steps(gradient=False)),
        ("multiply the gradient by the learning rate", _steps(scale=False)),
        ("the parameters have not changed: assign to p.data", _steps(step=0.0)),
    ],
)

BATCHES = [(np.array([[1.0]]), np.array([0])), (np.array([[-1.0]]), np.array([0])), (np.array([[2.0]]), np.array([1]))]


def _epoch(model, optimizer, batches, *, zero=True, step=True, late=False, mean=np.mean, first=False):
    losses = []
    for X, y in batches:
        if zero:
            optimizer.zero_grad()
        loss = ops.cross_entropy(model(X), y)
        loss.backward()
        if step:
            optimizer.step()
        losses.append((ops.cross_entropy(model(X), y) if late else loss).item())
        if first:
            break
    return mean(losses)


def _one_epoch(epoch):
    model = Linear(1, 2, bias=False, dtype=np.float64)
    model.weight.data = np.zeros((2, 1))
    loss = epoch(model, SGD(model.parameters(), lr=1.0), BATCHES)
    return None if loss is None else (loss, model.weight.data)


def _epochs(**how):
    return {"epoch": lambda model, optimizer, batches: _epoch(model, optimizer, batches, **how)}


exercise(
    "6.3",
    lambda epoch: {("the mean loss of three batches", "the weights after them"): lambda: _one_epoch(epoch)},
    {"epoch": _epoch},
    "for each batch: zero_grad, loss, backward, step; then append loss.item()",
    [
        ("the gradients of earlier batches are still there: call optimizer.zero_grad()", _epochs(zero=False)),
        ("the weights have not changed: call optimizer.step() after backward, and zero_grad before it", _epochs(step=False)),
        ("record the loss from before the step", _epochs(late=True)),
        ("return the mean over the batches, not the sum", _epochs(mean=np.sum)),
        ("only the first batch was used: `return` belongs after the loop", _epochs(first=True)),
    ],
)

exercise(
    "6.4",
    lambda he_std: {"the standard deviation for 8 inputs": lambda: he_std(8), "for 200 inputs": lambda: he_std(200)},
    {"he_std": lambda n: np.sqrt(2 / n)},
    "the standard deviation is the square root of the variance above",
    [
        ("this is the variance: take its square root", {"he_std": lambda n: 2 / n}),
        ("relu drops half of the signal: the 2 is missing", {"he_std": lambda n: np.sqrt(1 / n)}),
        ("the 2 belongs under the root", {"he_std": lambda n: 2 / np.sqrt(n)}),
        ("more inputs need smaller weights: the fraction is upside down", {"he_std": lambda n: np.sqrt(n / 2)}),
        ("n belongs under the root", {"he_std": lambda n: np.sqrt(2) / n}),
    ],
)

GRADIENTS = np.random.default_rng(0).normal(size=(5, 2))
START = np.array([1.0, -2.0])


def _theirs(make, gradients):
    w = Tensor(START)
    optimizer = make([w], lr=0.1)
    for w.grad in gradients:
        optimizer.step()
    return w.data


def _momentum_step(w, v, g, rate=0.1, mu=0.9, *, kind="right"):
    new = {"right": mu * v + g, "mean": mu * v + (1 - mu) * g, "rate": mu * v + rate * g, "none": g}[kind]
    return w - (1.0 if kind == "rate" else rate) * new, new


def _adam_step(w, m, v, g, t, rate=0.1, beta1=0.9, beta2=0.999, epsilon=1e-8, *, kind="right"):
    m = beta1 * m + (1.0 if kind == "sum" else 1 - beta1) * g
    v = beta2 * v + (1 - beta2) * (g if kind == "plain" else g**2)
    mean, square = m / (1 - beta1**t), v / (1 - beta2**t)
    if kind == "biased":
        mean, square = m, v
    if kind == "kept":
        m, v = mean, square
    root = square if kind == "square" else np.sqrt(square)
    return w - rate * mean / (root + epsilon) * (-1 if kind == "up" else 1), m, v


def _several(step, state, timed=False):
    w = START.copy()
    for t, g in enumerate(GRADIENTS, start=1):
        w, *state = step(w, *state, g, t) if timed else step(w, *state, g)
    return w, *state


def _kind(name, step, kind):
    return {name: lambda *args: step(*args, kind=kind)}


exercise(
    "6.5",
    lambda momentum_step, adam_step: {
        ("w after five steps of momentum", "v of momentum"): lambda: _several(momentum_step, [np.zeros(2)]),
        ("w after five steps of Adam", "m of Adam", "v of Adam"): lambda: _several(adam_step, [np.zeros(2)] * 2, timed=True),
    },
    {"momentum_step": _momentum_step, "adam_step": _adam_step},
    "write the lines of the formulas in their order, and return the new w and the new state",
    [
        (
            "update v first, then step with the new v",
            {"momentum_step": lambda w, v, g, rate=0.1, mu=0.9: (w - rate * v, mu * v + g)},
        ),
        ("the gradient is added in full: there is no 1 - μ in the formula", _kind("momentum_step", _momentum_step, "mean")),
        ("the learning rate multiplies v in the step, and not g in v", _kind("momentum_step", _momentum_step, "rate")),
        ("keep the old velocity, times μ", _kind("momentum_step", _momentum_step, "none")),
        ("m and v are means: multiply the new part by 1 - β", _kind("adam_step", _adam_step, "sum")),
        ("correct both averages: divide by 1 - β^t", _kind("adam_step", _adam_step, "biased")),
        ("return m and v without the correction: it is for this step alone", _kind("adam_step", _adam_step, "kept")),
        ("divide by the root of v", _kind("adam_step", _adam_step, "square")),
        ("v averages the square of g", _kind("adam_step", _adam_step, "plain")),
        ("step against the gradient: subtract", _kind("adam_step", _adam_step, "up")),
    ],
)


def reference(name):
    """The weights after five steps of minigrad's own optimiser: "momentum" or "adam"."""
    return _theirs((lambda p, lr: SGD(p, lr, momentum=0.9)) if name == "momentum" else Adam, GRADIENTS)
