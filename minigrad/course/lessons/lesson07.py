"""Lesson 7, convolution."""

import numpy as np

import minigrad.ops as ops
from minigrad.course.exercise import exercise

exercise(
    "7.1",
    lambda O: {"the sums": O},
    {"O": [-1, -1, 0, 1]},
    "write the window at each position below the kernel, multiply element by element, and add",
    [
        ("the kernel is flipped: here its first weight meets the first element of the window", {"O": [1, 1, 0, -1]}),
        ("the kernel may not stick out: it fits at len(x) - len(w) + 1 positions", {"O": [0, -1, -1, 0, 1, 1]}),
        ("these are the differences of neighbours; the kernel compares elements two apart", {"O": [0, -1, 0, 0]}),
        ("the last weight counts too: subtract the last element of each window", {"O": [0, 0, 1, 1]}),
        ("the kernel moves by one position at a time", {"O": [-1, 0]}),
        ("the last weight is negative: this adds without its sign", {"O": [1, 1, 2, 1]}),
    ],
)


def _correlate(x, w):
    n = len(x) - len(w) + 1
    return np.array([np.sum(x[i : i + len(w)] * w) for i in range(n)])


XS, WS = np.array([1.0, 2.0, 4.0, 3.0, 5.0]), np.array([2.0, -1.0, 3.0])

exercise(
    "7.2",
    lambda convolve: {"the convolution": lambda: convolve(XS.copy(), WS.copy())},
    {"convolve": lambda x, w: np.convolve(x, w, "valid")},
    "flip the kernel, then correlate",
    [
        ("this is the cross-correlation: flip the kernel", {"convolve": _correlate}),
        ("flip the kernel, not the signal", {"convolve": lambda x, w: _correlate(x[::-1], w)}),
        ("flip the kernel, not the result", {"convolve": lambda x, w: _correlate(x, w)[::-1]}),
        ("the kernel lies completely inside the signal: no zeros are added", {"convolve": lambda x, w: np.convolve(x, w)}),
        ("no zeros are added at the ends", {"convolve": lambda x, w: np.convolve(x, w, "same")}),
        ("flipping reverses the order, not the sign", {"convolve": lambda x, w: _correlate(x, -w)}),
    ],
)


def _image():
    rng = np.random.default_rng(0)
    return rng.normal(size=(6, 7)), rng.normal(size=(3, 2))


def _correlate2d(x, w, *, turn=lambda w: w, reduce=np.sum, short=0):
    (h, width), (kh, kw) = x.shape, w.shape
    out = np.zeros((h - kh + 1 - short, width - kw + 1 - short))
    for i, j in np.ndindex(out.shape):
        out[i, j] = reduce(x[i : i + kh, j : j + kw] * turn(w))
    return out


def _images(**how):
    return {"correlate2d": lambda x, w: _correlate2d(x, w, **how)}


exercise(
    "7.3",
    lambda correlate2d: {"an image of 6 × 7, a kernel of 3 × 2": lambda: correlate2d(*_image())},
    {"correlate2d": lambda x, w: ops.conv2d(x[None, None], w[None, None])[0, 0]},
    "make an array of zeros of the right shape; for each of its positions, sum the products of the window and the kernel",
    [
        ("the kernel is not flipped here", _images(turn=lambda w: w[::-1, ::-1])),
        ("sum the products, and do not take their mean", _images(reduce=np.mean)),
        ("the last row and column are missing: there are H - K + 1 positions", _images(short=1)),
        ("the window is multiplied element by element, with *, not with @", {"correlate2d": lambda x, w: x[:3, :2] @ w}),
        ("i counts rows and j counts columns: swap them", {"correlate2d": lambda x, w: _correlate2d(x.T, w.T).T[::-1]}),
        ("only the largest product is kept: sum all of them", _images(reduce=np.max)),
    ],
)

SAME = np.zeros((5, 5))
SAME[2, 2] = 1
SOBEL = np.array([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])
BELL = np.array([1.0, 4.0, 6.0, 4.0, 1.0])
BOX = np.full((5, 5), 1 / 25)

exercise(
    "7.4",
    lambda box5, gaussian5, sharper, sobel_y: {
        "the box blur": box5,
        "the Gaussian blur": gaussian5,
        "sharper": sharper,
        "Sobel, top to bottom": sobel_y,
    },
    {"box5": BOX, "gaussian5": np.outer(BELL, BELL) / 256, "sharper": 2 * SAME - BOX, "sobel_y": SOBEL.T},
    "a blur has weights that sum to 1; convolution is linear, so kernels can be added and subtracted",
    [
        ("the weights of a blur sum to 1: divide by their number", {"box5": np.ones((5, 5))}),
        ("the weights sum to 1 over both axes: divide by the number of all 5 × 5 weights", {"box5": np.ones((5, 5)) / 5}),
        ("divide so that all weights sum to 1, not those of one row", {"gaussian5": np.outer(BELL, BELL) / 16}),
        ("divide so that the weights sum to 1", {"gaussian5": np.outer(BELL, BELL)}),
        ("*twice* the image, minus its blur: the weights must sum to 1", {"sharper": SAME - BOX}),
        ("subtract the blur", {"sharper": 2 * SAME + BOX}),
        ("this is sobel_x, right minus left: below minus above needs its rows and columns swapped", {"sobel_y": SOBEL}),
        ("this is above minus below", {"sobel_y": -SOBEL.T}),
    ],
)


def _filtered(image, kernel):
    return ops.conv2d(image[None, None], kernel[None, None])[0, 0]


def _slopes(image):
    return _filtered(image, SOBEL), _filtered(image, SOBEL.T)


def _picture():
    return np.random.default_rng(1).normal(size=(5, 6))


exercise(
    "7.5",
    lambda edges: {"the edges of a picture of 5 × 6": lambda: edges(_picture())},
    {"edges": lambda image: np.hypot(*_slopes(image))},
    "filter the image with sobel_x and with sobel_y; np.hypot(a, b) is √(a² + b²)",
    [
        ("square both before you add: this can cancel", {"edges": lambda image: np.add(*_slopes(image))}),
        (
            "this is the sum of the absolute values: take the root of the sum of squares",
            {"edges": lambda i: sum(map(np.abs, _slopes(i)))},
        ),
        ("the square root is missing", {"edges": lambda image: np.hypot(*_slopes(image)) ** 2}),
        (
            "edges in the other direction are missing: add the square of G_y",
            {"edges": lambda image: np.abs(_slopes(image)[0])},
        ),
        ("this is the direction: return the length", {"edges": lambda image: np.arctan2(*_slopes(image))}),
    ],
)


def _out_size(h, k, stride=1, padding=0, dilation=1):
    return (h + 2 * padding - dilation * (k - 1) - 1) // stride + 1


CASES = [
    (5, 3, {}),
    (5, 3, {"stride": 2}),
    (8, 3, {"stride": 2}),
    (7, 3, {"padding": 1}),
    (9, 3, {"dilation": 4}),
    (10, 4, {"stride": 3, "padding": 2, "dilation": 2}),
]

exercise(
    "7.6",
    lambda out_size, photograph, keeps: {
        **{
            ", ".join([f"a kernel of {k} on {h}", *(f"{name} {value}" for name, value in how.items())]): (
                lambda h=h, k=k, how=how: out_size(h, k, **how)
            )
            for h, k, how in CASES
        },
        "the width of the photograph": photograph,
        "the padding that keeps the size": keeps,
    },
    {"out_size": _out_size, "photograph": 112, "keeps": 2},
    "write the formula for O; // rounds down",
    [
        (
            "round down with //",
            {
                "out_size": lambda h, k, stride=1, padding=0, dilation=1: (
                    (h + 2 * padding - dilation * (k - 1) - 1) / stride + 1
                )
            },
        ),
        ("+ 1 is missing: the first position counts too", {"out_size": lambda *a, **how: _out_size(*a, **how) - 1}),
        (
            "the stride is ignored",
            {"out_size": lambda h, k, stride=1, padding=0, dilation=1: _out_size(h, k, 1, padding, dilation)},
        ),
        (
            "zeros are added on both sides: 2 P",
            {"out_size": lambda h, k, stride=1, padding=0, dilation=1: (h + padding - dilation * (k - 1) - 1) // stride + 1},
        ),
        (
            "the dilation is ignored: the kernel spans more pixels than it has weights",
            {"out_size": lambda h, k, stride=1, padding=0, dilation=1: _out_size(h, k, stride, padding)},
        ),
        ("zeros are added on both sides of the photograph", {"photograph": 110}),
        ("the brackets round down: half a window is not a window", {"photograph": 112.5}),
        ("with stride 2 the result is about half as wide", {"photograph": 224}),
        ("zeros are added on *each* side", {"keeps": 4}),
        ("the kernel takes K - 1 elements away, half of them on each side", {"keeps": 5}),
    ],
)

KERNELS = np.zeros((3, 3, 3, 3))
KERNELS[0, :, 1, 1] = 1 / 3
KERNELS[1, 0, 1, 1], KERNELS[1, 1, 1, 1] = 1, -1
KERNELS[2, 1] = SOBEL


def _kernels(f, *changes):
    kernels = KERNELS.copy()
    kernels[f] = 0
    for at, value in changes:
        kernels[(f, *at)] = value
    return {"kernels": kernels}


exercise(
    "7.7",
    lambda kernels: {
        "the mean of the channels": lambda: kernels[0],
        "red minus green": lambda: kernels[1],
        "Sobel on green": lambda: kernels[2],
    },
    {"kernels": KERNELS},
    "kernels[f, c] is an array of 3 × 3 for output f and input channel c; channel 0 is red, 1 green, 2 blue",
    [
        ("this is the sum of the channels: a mean has weights that sum to 1", _kernels(0, ((slice(None), 1, 1), 1))),
        ("this blurs too: only the centre pixel has a weight", _kernels(0, ((slice(None),), 1 / 27))),
        ("this is green minus red", _kernels(1, ((0, 1, 1), -1), ((1, 1, 1), 1))),
        ("subtract green: its weight is missing", _kernels(1, ((0, 1, 1), 1))),
        ("this finds horizontal edges: use sobel_x as it is", _kernels(2, ((1,), SOBEL.T))),
        ("this looks at red: green is channel 1", _kernels(2, ((0,), SOBEL))),
        ("this looks at all channels: only green is asked for", _kernels(2, ((slice(None),), SOBEL))),
        ("nothing is filled in for this kernel yet", _kernels(2)),
    ],
)
