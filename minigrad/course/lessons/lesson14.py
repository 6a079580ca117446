"""Lesson 14, the backward pass as code."""

import numpy as np

import minigrad.ops as ops
from minigrad.course.exercise import exercise
from minigrad.program import compile
from minigrad.tensor import Tensor
from minigrad.transforms import grad

X, Y = 3.0, -4.0


def _sigmoid(z):
    return 1 / (1 + np.exp(-z))


def _f(x, y):
    return (x + ops.sigmoid(y)) / (ops.sigmoid(x) + (x + y) ** 2)


def _stages(x, y, *, square=lambda s: s**2, mix=False, one=1.0):
    sy = _sigmoid(x if mix else y)
    top = x + sy
    sx = one * _sigmoid(x)
    s = x + y
    bottom = sx + square(s)
    return top / bottom, (sy, top, sx, s, bottom)


def _flat(forward):
    out = forward(X, Y)
    return (out[0], *out[1]) if isinstance(out, tuple) and len(out) == 2 and isinstance(out[1], tuple) else out


exercise(
    "14.1",
    lambda forward: {("f", "sy", "top", "sx", "s", "bottom"): lambda: _flat(forward)},
    {"forward": _stages},
    "one line for each stage; return the result and the tuple of stages",
    [
        ("the square of s is missing in the denominator", {"forward": lambda x, y: _stages(x, y, square=lambda s: s)}),
        ("sy is the sigmoid of y", {"forward": lambda x, y: _stages(x, y, mix=True)}),
        ("the sigmoid of x is missing in the denominator", {"forward": lambda x, y: _stages(x, y, one=0.0)}),
        ("return the stages too, in a tuple: the backward pass needs them", {"forward": lambda x, y: _stages(x, y)[0]}),
        (
            "return f first, then the stages",
            {"forward": lambda x, y: (_stages(x, y)[1][1], (_stages(x, y)[0], *_stages(x, y)[1][1:]))},
        ),
        (
            "square s alone, and then add the sigmoid",
            {"forward": lambda x, y: (_stages(x, y)[1][1] / (_stages(x, y)[1][2] + 7) ** 2, _stages(x, y)[1])},
        ),
    ],
)


def _back(x, y, kept, *, add=True, sign=-1, two=2, sigmoid_x=True, sigmoid_y=True, power=2):
    sy, top, sx, s, bottom = kept
    dtop, dbottom = 1 / bottom, sign * top / bottom**power
    ds = dbottom * two * s
    dx_parts = [dtop, dbottom * (sx * (1 - sx) if sigmoid_x else 1), ds]
    dy_parts = [dtop * (sy * (1 - sy) if sigmoid_y else 1), ds]
    return (sum(dx_parts), sum(dy_parts)) if add else (dx_parts[-1], dy_parts[-1])


def _backs(**how):
    return {"backward": lambda *a: _back(*a, **how)}


exercise(
    "14.2",
    lambda backward: {
        ("∂f/∂x", "∂f/∂y"): lambda: backward(X, Y, _stages(X, Y)[1]),
        ("∂f/∂x at another point", "∂f/∂y at another point"): lambda: backward(0.5, 1.5, _stages(0.5, 1.5)[1]),
    },
    {"backward": lambda x, y, kept: grad(_f, argnums=(0, 1))(x, y)},
    "begin with dtop = 1 / bottom and dbottom = -top / bottom²; then go through the stages from the last to the first",
    [
        ("x is used in three stages and y in two: add their parts with +=", _backs(add=False)),
        ("the derivative of top / bottom with respect to bottom is negative", _backs(sign=1)),
        ("the derivative of s² has a factor 2", _backs(two=1)),
        ("the gradient goes through the sigmoid of x too: sx (1 - sx)", _backs(sigmoid_x=False)),
        ("the gradient goes through the sigmoid of y too: sy (1 - sy)", _backs(sigmoid_y=False)),
        ("the denominator is squared in the derivative of a quotient", _backs(power=1)),
    ],
)


def _rows():
    rng = np.random.default_rng(0)
    return rng.normal(size=(6, 3)), rng.normal(size=(6, 3)) * [1.0, 3.0, 0.5] + 2


def _norm(x, epsilon=1e-5):
    mean = x.mean(axis=0)
    centred = x - mean
    variance = (centred**2).mean(axis=0)
    inverse = 1 / np.sqrt(variance + epsilon)
    return centred * inverse, (centred, inverse)


def _truth(g, kept):
    centred, _ = kept
    x = Tensor(centred)
    mean = ops.mean(x, axis=0)
    out = (x - mean) / ops.sqrt(ops.mean((x - mean) ** 2, axis=0) + 1e-5)
    out.backward(g)
    return x.grad


def _norm_back(g, kept, *, through=True, centre=True, two=2, count=None, power=3, sign=-0.5):
    centred, inverse = kept
    n = len(g) if count is None else count
    dcentred = g * inverse
    if through:
        dvariance = sign * np.sum(g * centred, axis=0) * inverse**power
        dcentred = dcentred + dvariance * two * centred / n
    return dcentred - dcentred.mean(axis=0) if centre else dcentred


def _norms(**how):
    return {"norm_backward": lambda g, kept: _norm_back(g, kept, **how)}


def _try_norm(norm_backward):
    g, x = _rows()
    return norm_backward(g, _norm(x)[1])


exercise(
    "14.3",
    lambda norm_backward: {"the gradient of x": lambda: _try_norm(norm_backward)},
    {"norm_backward": _truth},
    "dinverse = np.sum(g * centred, axis=0); dvariance = -½ dinverse inverse³; dcentred has two parts; dx = dcentred minus its mean",
    [
        ("`centred` is used twice: in the product and in the variance. The second part is missing", _norms(through=False)),
        ("x is used twice: in the difference and in the mean. Subtract the mean of dcentred", _norms(centre=False)),
        ("the derivative of centred² has a factor 2", _norms(two=1)),
        ("the variance is a mean: divide by the number of rows", _norms(count=1)),
        ("the derivative of v^(-1/2) is -½ v^(-3/2), so the inverse has the power 3", _norms(power=1)),
        ("the derivative of v^(-1/2) is negative", _norms(sign=0.5)),
        ("the derivative of v^(-1/2) has the factor ½", _norms(sign=-1)),
    ],
    rtol=1e-5,
)


def _net():
    rng = np.random.default_rng(1)
    return rng.normal(size=(5, 3)), rng.normal(size=(3, 4)), rng.normal(size=(4, 3)), np.array([0, 2, 1, 1, 0])


def _net_loss(X, W1, W2, y):
    tensors = Tensor(W1), Tensor(W2)
    ops.cross_entropy(ops.relu(X @ tensors[0]) @ tensors[1], y).backward()
    return tuple(t.grad for t in tensors)


def _net_back(X, W1, W2, y, *, mask=True, mean=True, hot=True, source="h"):
    h = np.maximum(X @ W1, 0)
    z = h @ W2
    e = np.exp(z - z.max(axis=1, keepdims=True))
    dz = e / e.sum(axis=1, keepdims=True)
    if hot:
        dz[np.arange(len(y)), y] -= 1
    dz = dz / (len(y) if mean else 1)
    dh = dz @ W2.T
    da = dh * ((h > 0) if mask == "out" or mask is True else (dh > 0) if mask == "upstream" else 1)
    return X.T @ da, (h if source == "h" else X @ W1).T @ dz


def _nets(**how):
    return {"fixed": lambda *a: _net_back(*a, **how)}


exercise(
    "14.4",
    lambda fixed: {("∂L/∂W2", "∂L/∂W1"): lambda: _reversed(fixed(*_net()))},
    {"fixed": _net_loss},
    "compare each gradient with the red numbers of the drawing, from the right: the first one that differs is made by the faulty line",
    [
        (
            "∂L/∂W1 is still wrong: where relu is 0, no gradient passes. Which array does the mask look at?",
            _nets(mask="upstream"),
        ),
        ("the mask of relu is missing", _nets(mask=False)),
        ("the loss is a mean: the division by the number of rows is missing", _nets(mean=False)),
        ("subtract 1 at the class of each row: prediction minus target", _nets(hot=False)),
        ("W2 multiplies h, the output of relu, and not its input", _nets(source="a")),
        ("return the gradient of W1 first, and then that of W2", {"fixed": lambda *a: _net_back(*a)[::-1]}),
    ],
)


def _reversed(results):
    return results[::-1] if isinstance(results, tuple | list) else results


def _compiled(f):
    run = compile(f)
    return [float(run(v)) for v in (2.0, -2.0, 0.0)]


def _leaky(x, slope=0.1):
    return ops.where(x > 0, x, slope * x)


exercise(
    "14.5",
    lambda leaky: {
        "leaky(2), leaky(-2), leaky(0), compiled": lambda: _compiled(leaky),
        "the slope at 2 and at -2": lambda: [grad(leaky)(2.0), grad(leaky)(-2.0)],
    },
    {"leaky": _leaky},
    "mg.where(condition, a, b) chooses a where the condition holds, and b elsewhere",
    [
        (
            "the branch depends on a value, so it cannot be traced: use mg.where",
            {"leaky": lambda x: x if x > 0 else 0.1 * x},
        ),
        ("the two branches are swapped", {"leaky": lambda x: ops.where(x > 0, 0.1 * x, x)}),
        ("this is relu: for negative x the result is 0.1 x", {"leaky": lambda x: ops.where(x > 0, x, 0.0)}),
        ("the factor is 0.1, not 0.01", {"leaky": lambda x: _leaky(x, 0.01)}),
        ("the sign of the second branch is reversed", {"leaky": lambda x: _leaky(x, -0.1)}),
    ],
)
