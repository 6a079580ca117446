"""Lesson 9, pooling and padding."""

import numpy as np

import minigrad.ops as ops
from minigrad.course.exercise import exercise


def _images():
    return np.random.default_rng(0).normal(size=(2, 3, 6, 9))


def _upstream():
    return np.random.default_rng(1).normal(size=(2, 3, 2, 3))


def _pool(x, n, reduce=np.mean, axes=(3, 5)):
    images, channels, h, w = x.shape
    return reduce(x.reshape(images, channels, h // n, n, w // n, n), axis=axes)


def _unpool(g, n, share=lambda n: n**2):
    return np.repeat(np.repeat(g, n, axis=2), n, axis=3) / share(n)


exercise(
    "9.1",
    lambda avg_pool, avg_unpool: {
        "average pooling": lambda: avg_pool(_images(), 3),
        "unpooling": lambda: avg_unpool(_upstream(), 3),
    },
    {"avg_pool": ops.avg_pool2d, "avg_unpool": _unpool},
    "forward, take the mean over the axes 3 and 5 of the reshaped array; backward, repeat rows and columns and divide",
    [
        ("take the mean of each window, not its sum", {"avg_pool": lambda x, n: _pool(x, n, np.sum)}),
        ("take the mean of each window, not its maximum", {"avg_pool": lambda x, n: _pool(x, n, np.max)}),
        ("the pixels of a window lie along the axes 3 and 5", {"avg_pool": lambda x, n: _pool(x, n, axes=(2, 4))}),
        (
            "each pixel gets an equal share of the gradient: divide by their number",
            {"avg_unpool": lambda g, n: _unpool(g, n, lambda n: 1)},
        ),
        ("a window has n rows and n columns: divide by n²", {"avg_unpool": lambda g, n: _unpool(g, n, lambda n: n)}),
        (
            "np.tile repeats the whole array: np.repeat repeats each element",
            {"avg_unpool": lambda g, n: np.tile(g, (1, 1, n, n)) / n**2},
        ),
        (
            "this goes to one pixel alone: with a mean, all of them get a share",
            {"avg_unpool": lambda g, n: _first(g, n) / n**2},
        ),
    ],
)


def _first(g, n):
    wide = np.zeros((*g.shape[:2], g.shape[2] * n, g.shape[3] * n))
    wide[:, :, ::n, ::n] = g
    return wide


exercise(
    "9.2",
    lambda pooled, gradient_x: {"the maxima": pooled, "∂L/∂X": gradient_x},
    {"pooled": [[5, 7], [6, 9]], "gradient_x": [[0, 4, 0, 0], [0, 0, 8, 0], [0, 0, 1, 0], [-4, 0, 0, 0]]},
    "max routes: in each window of 2 × 2, the largest pixel gets the upstream gradient of its window",
    [
        ("these are the means: take the largest pixel of each window", {"pooled": [[3.25, 2.5], [2.25, 6]]}),
        ("the first row of windows comes first", {"pooled": [[5, 6], [7, 9]]}),
        (
            "max routes to one pixel of each window, not to all",
            {"gradient_x": [[4, 4, 8, 8], [4, 4, 8, 8], [-4, -4, 1, 1], [-4, -4, 1, 1]]},
        ),
        (
            "this spreads the gradient evenly, as average pooling does",
            {"gradient_x": [[1, 1, 2, 2], [1, 1, 2, 2], [-1, -1, 0.25, 0.25], [-1, -1, 0.25, 0.25]]},
        ),
        (
            "these are the pixels: put the upstream gradient at the places of the maxima",
            {"gradient_x": [[0, 5, 0, 0], [0, 0, 7, 0], [0, 0, 9, 0], [6, 0, 0, 0]]},
        ),
        (
            "the gradient goes to the largest pixel, not to the first",
            {"gradient_x": [[4, 0, 8, 0], [0, 0, 0, 0], [-4, 0, 1, 0], [0, 0, 0, 0]]},
        ),
    ],
)


def _pad(x, p, *, where=((0, 0), (0, 0), (1, 1), (1, 1)), mode="constant"):
    return np.pad(x, [(a * p, b * p) for a, b in where], mode=mode)


def _pad_rule(g, p):
    return g[:, :, p : g.shape[2] - p, p : g.shape[3] - p]


def _small():
    return np.arange(12.0).reshape(1, 1, 3, 4) ** 2 + 1


exercise(
    "9.3",
    lambda pad, pad_rule: {
        "the padded images": lambda: pad(_small(), 2),
        "the gradient of the images": lambda: pad_rule(np.arange(56.0).reshape(1, 1, 7, 8) ** 2, 2),
        "the gradient without padding": lambda: pad_rule(_small(), 0),
    },
    {"pad": _pad, "pad_rule": _pad_rule},
    "np.pad takes a pair for each of the four axes; the rule slices the padding off again",
    [
        ("only rows and columns are padded, not images and channels", {"pad": lambda x, p: np.pad(x, p)}),
        ("pad on both sides", {"pad": lambda x, p: _pad(x, p, where=((0, 0), (0, 0), (1, 0), (1, 0)))}),
        ("pad with zeros, not with copies of the pixels", {"pad": lambda x, p: _pad(x, p, mode="edge")}),
        ("the rule goes back: it slices off what pad has added", {"pad_rule": _pad}),
        ("the zeros are constants: slice off their gradient", {"pad_rule": lambda g, p: g}),
        ("slice off both ends", {"pad_rule": lambda g, p: g[:, :, p:, p:]}),
        ("without padding, g[p:-p] is empty: count the end from the front", {"pad_rule": lambda g, p: g[:, :, p:-p, p:-p]}),
    ],
)


def _spread(y, w, stride, *, add=True, wide=None, turn=1, scale=True):
    out = np.zeros((len(y) - 1) * stride + len(w))
    for i in range(len(y)):
        at = slice(i * (wide or stride), i * (wide or stride) + len(w))
        out[at] = (out[at] if add else 0) + (y[i] if scale else 1) * w[::turn]
    return out


def _spreads(**how):
    return {"spread": lambda *a: _spread(*a, **how)}


exercise(
    "9.4",
    lambda spread: {
        f"stride {stride}": lambda stride=stride: spread(np.array([1.0, 2.0, 4.0]), np.array([2.0, -1.0, 3.0]), stride)
        for stride in (1, 2, 4)
    },
    {"spread": _spread},
    "for each i: out[i * stride : i * stride + len(w)] += y[i] * w",
    [
        ("copies that overlap add up: use +=", _spreads(add=False)),
        ("the stride is ignored: copy i begins at i * stride", _spreads(wide=1)),
        ("the kernel is not flipped when it is spread", _spreads(turn=-1)),
        ("scale each copy by y[i]", _spreads(scale=False)),
        ("nothing has been added to `out` yet", {"spread": lambda y, w, s: np.zeros((len(y) - 1) * s + len(w))}),
        (
            "these are the zeros between: spread a copy of the kernel",
            {"spread": lambda y, w, s: _spread(y, np.eye(1, len(w))[0], s)},
        ),
    ],
)
