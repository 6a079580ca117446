"""Lesson 8, backpropagation through convolution."""

import numpy as np

import minigrad.ops as ops
from minigrad.course.exercise import exercise
from minigrad.tensor import Tensor

X, W, DELTA = np.array([1.0, 2.0, 3.0, 4.0, 5.0]), np.array([2.0, -1.0, 3.0]), np.array([0.1, 0.2, 0.4])


def _correlate(x, w):
    n = len(x) - len(w) + 1
    return np.array([np.sum(x[i : i + len(w)] * w) for i in range(n)])


exercise(
    "8.1",
    lambda correlate: {
        "O": lambda: correlate(X.copy(), W.copy()),
        "the length for other sizes": lambda: len(correlate(np.ones(9), np.ones(2))),
    },
    {"correlate": lambda x, w: np.correlate(x, w, "valid")},
    "there are len(x) - len(w) + 1 windows, x[i : i + len(w)]; multiply each by w and sum",
    [
        ("the kernel is not flipped in the forward pass", {"correlate": lambda x, w: np.convolve(x, w, "valid")}),
        ("the kernel must not stick out at the ends", {"correlate": lambda x, w: np.correlate(x, w, "full")}),
        ("the last window is missing: range(len(x) - len(w) + 1)", {"correlate": lambda x, w: _correlate(x, w)[:-1]}),
        (
            "sum the products of each window",
            {"correlate": lambda x, w: np.array([x[i : i + len(w)] * w for i in range(len(x) - len(w) + 1)])},
        ),
        ("sum the products, and do not take their mean", {"correlate": lambda x, w: _correlate(x, w) / len(w)}),
    ],
)

exercise(
    "8.2",
    lambda kernel_gradient: {
        "∂L/∂W": lambda: kernel_gradient(DELTA.copy(), X**2),
        "the length for other sizes": lambda: len(kernel_gradient(np.ones(6), np.ones(9))),
    },
    {"kernel_gradient": lambda delta, x: _correlate(x, delta)},
    "delta is the kernel here: correlate(input, kernel)",
    [
        ("slide delta over x, not x over delta: the input is the first argument", {"kernel_gradient": _correlate}),
        (
            "delta is not flipped: its indices go up as in the forward formula",
            {"kernel_gradient": lambda d, x: _correlate(x, d[::-1])},
        ),
        ("x is not flipped", {"kernel_gradient": lambda d, x: _correlate(x[::-1], d)}),
        (
            "x is not padded: the result has the length of the kernel",
            {"kernel_gradient": lambda d, x: np.correlate(x, d, "full")},
        ),
        ("the result is already in order: do not reverse it", {"kernel_gradient": lambda d, x: _correlate(x, d)[::-1]}),
        (
            "the upstream gradient is missing: use delta as the kernel",
            {"kernel_gradient": lambda d, x: _correlate(x, d * 0 + 1)},
        ),
    ],
)


def _input(delta, w, extra=0, turn=-1):
    return _correlate(np.pad(delta, len(w) - 1 + extra), w[::turn])


exercise(
    "8.3",
    lambda input_gradient: {
        "∂L/∂x": lambda: input_gradient(DELTA.copy(), W.copy()),
        "∂L/∂x for a kernel of two": lambda: input_gradient(DELTA.copy(), W[:2].copy()),
    },
    {"input_gradient": _input},
    "pad delta with len(w) - 1 zeros on each side, flip w, and correlate",
    [
        ("the kernel is unflipped: use w[::-1]", {"input_gradient": lambda d, w: _input(d, w, turn=1)}),
        (
            "pad delta first: the result must have the length of x",
            {"input_gradient": lambda d, w: np.convolve(d, w, "valid")},
        ),
        ("this pads too much: len(w) - 1 zeros on each side", {"input_gradient": lambda d, w: _input(d, w, extra=1)}),
        ("flip w, and neither delta nor the result", {"input_gradient": lambda d, w: _input(d[::-1], w, turn=1)}),
        (
            "the padding depends on the length of the kernel: len(w) - 1",
            {"input_gradient": lambda d, w: _correlate(np.pad(d, 2), w[::-1])},
        ),
    ],
)

exercise(
    "8.4",
    lambda dw00, db, dx22: {"∂L/∂w00": dw00, "∂L/∂b": db, "∂L/∂x22": dx22},
    {"dw00": 92, "db": 10, "dx22": 36},
    "write down for each of the four outputs what multiplies the weight, the bias or the pixel there",
    [
        ("the stride is ignored: the windows begin two pixels apart", {"dw00": 51}),
        ("multiply each pixel by its upstream gradient", {"dw00": 28}),
        ("this is the first window alone: the weight is used in all four", {"dw00": 1}),
        ("b is used in all four outputs: add, and do not take the mean", {"db": 2.5}),
        ("the local gradient of + is 1, but b gets it from each output with its upstream gradient", {"db": 4}),
        (
            "the kernel is reversed: in the first window the centre pixel is at the lower right, so w22 multiplies it there",
            {"dx22": 64},
        ),
        ("this is the first window alone: the centre pixel is in all four", {"dx22": 9}),
        ("multiply each corner of the kernel by its upstream gradient", {"dx22": 20}),
    ],
)

D2 = np.array([[1.0, 2.0], [3.0, 4.0]])
X2, W2 = np.arange(1.0, 26.0).reshape(5, 5) ** 1.5, np.arange(1.0, 10.0).reshape(3, 3)


def _correlate2d(x, w):
    return ops.conv2d(x[None, None], w[None, None])[0, 0]


def _spread(delta, stride, end=0):
    apart = np.zeros([stride * (n - 1) + 1 + end for n in delta.shape])
    apart[: apart.shape[0] - end : stride, : apart.shape[1] - end : stride] = delta
    return apart


def _gradients(delta, x, w, stride, *, turn=lambda w: w[::-1, ::-1], apart=_spread, pad=1):
    apart = apart(delta, stride)
    around = np.pad(apart, [(pad * (n - 1),) * 2 for n in w.shape])
    return _correlate2d(x, apart), _correlate2d(around, turn(w))


def _two(**how):
    return {"gradients_2d": lambda *a: _gradients(*a, **how)}


exercise(
    "8.5",
    lambda spread, gradients_2d: {
        "the spread upstream gradient": lambda: spread(D2.copy(), 2),
        "spread with stride 3": lambda: spread(D2.copy(), 3),
        ("∂L/∂W", "∂L/∂X"): lambda: gradients_2d(D2.copy(), X2.copy(), W2.copy(), 2),
    },
    {"spread": _spread, "gradients_2d": _gradients},
    "∂L/∂W: correlate x with the spread gradient; ∂L/∂X: pad the spread gradient and correlate with the rotated kernel",
    [
        (
            "no zeros follow the last row and column: they go only between elements",
            {"spread": lambda d, s: _spread(d, s, end=s - 1)},
        ),
        (
            "put zeros between the elements, not copies",
            {"spread": lambda d, s: d.repeat(s, 0).repeat(s, 1)[: s + 1, : s + 1]},
        ),
        ("the stride is ignored: elements lie `stride` apart", {"spread": lambda d, s: d}),
        ("the stride may be other than two", {"spread": lambda d, s: _spread(d, 2)}),
        ("the kernel is not rotated: np.rot90(w, 2)", _two(turn=lambda w: w)),
        ("flip the kernel along both axes: np.rot90(w, 2)", _two(turn=lambda w: w[::-1])),
        ("the kernel is transposed, not rotated: np.rot90(w, 2)", _two(turn=lambda w: w.T)),
        ("the stride is ignored: spread the upstream gradient first", _two(apart=lambda d, s: d)),
        ("return the gradient of the kernel first", {"gradients_2d": lambda *a: _gradients(*a)[::-1]}),
    ],
)


def _layer():
    rng = np.random.default_rng(0)
    return rng.normal(size=(2, 3, 7, 6)), rng.normal(size=(4, 3, 3, 2)), rng.normal(size=4)


def _part(x, i, j, oh, ow, stride):
    return x[:, :, i : i + stride * oh : stride, j : j + stride * ow : stride]


def _padded(x, padding):
    return np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))


def _conv(x, w, b, stride=1, padding=0):
    return ops.conv2d(x, w, b, stride=stride, padding=padding)


def _forward(x, w, b, stride=1, padding=0, *, moved=True, add=True, bias=1.0, turn=1):
    x, (kh, kw) = _padded(x, padding), w.shape[2:]
    oh, ow = ((n - k) // stride + 1 for n, k in zip(x.shape[2:], (kh, kw), strict=True))
    out = np.zeros((len(x), len(w), oh, ow))
    for i, j in np.ndindex(kh, kw):
        part = _part(x, i, j, oh, ow, stride if moved else 1)
        out = (out if add else 0) + np.einsum("nchw,fc->nfhw", part, w[:, :, ::turn, ::turn][:, :, i, j])
    return out + bias * b[:, None, None]


def _forwards(**how):
    return {"conv_forward": lambda *a: _forward(*a, **how)}


exercise(
    "8.6",
    lambda conv_forward: {
        "stride 1": lambda: conv_forward(*_layer()),
        "stride 2, padding 1": lambda: conv_forward(*_layer(), 2, 1),
    },
    {"conv_forward": _conv},
    "for i, j in np.ndindex(kh, kw): out += np.einsum(…); then return out + b[:, None, None]",
    [
        ("add the bias: b[:, None, None] has shape (F, 1, 1)", _forwards(bias=0.0)),
        ("add the contributions with +=", _forwards(add=False)),
        ("the kernel is not flipped in the forward pass", _forwards(turn=-1)),
        ("the stride is ignored: part_of takes it as its last argument", _forwards(moved=False)),
        (
            "b belongs to the kernels, which are axis 1: b[:, None, None]",
            {"conv_forward": lambda x, w, b, *a: _forward(x, w, 0 * b, *a) + b},
        ),
        ("subtracting is not adding: + b", _forwards(bias=-1.0)),
    ],
)


def _backward(delta, x, w, stride=1, padding=0):
    tensors = Tensor(x), Tensor(w), Tensor(np.zeros(len(w)))
    _conv(*tensors, stride, padding).backward(delta)
    return tuple(t.grad for t in tensors)


def _by_hand(delta, x, w, stride=1, padding=0, *, moved=True, add=True, db=(0, 2, 3), turn=1, sum_w=True):
    h, width = x.shape[2:]
    x, (oh, ow) = _padded(x, padding), delta.shape[2:]
    dx, dw = np.zeros(x.shape), np.zeros(w.shape)
    step = stride if moved else 1
    for i, j in np.ndindex(w.shape[2:]):
        dw[:, :, i, j] = np.einsum("nfhw,nchw->fc", delta, _part(x, i, j, oh, ow, step)) / (1 if sum_w else len(x))
        place = _part(dx, i, j, oh, ow, step)
        sent = np.einsum("nfhw,fc->nchw", delta, w[:, :, ::turn, ::turn][:, :, i, j])
        place[...] = sent + (place if add else 0)
    return dx[:, :, padding : padding + h, padding : padding + width], dw, delta.sum(axis=db)


def _probe(conv_backward):
    def tried(stride, padding):
        x, w, b = _layer()
        return conv_backward(
            np.cos(np.arange(_conv(x, w, b, stride, padding).size)).reshape(_conv(x, w, b, stride, padding).shape),
            x,
            w,
            stride,
            padding,
        )

    return {
        tuple(f"∂L/∂{name}, stride {stride}, padding {padding}" for name in "xwb"): (
            lambda stride=stride, padding=padding: tried(stride, padding)
        )
        for stride, padding in [(1, 0), (2, 1), (3, 2)]
    }


def _backwards(**how):
    return {"conv_backward": lambda *a: _by_hand(*a, **how)}


exercise(
    "8.7",
    _probe,
    {"conv_backward": _backward},
    "inside the loop: dw[:, :, i, j] = an einsum, part_of(dx, …)[...] += another; after it db, a sum over three axes",
    [
        ("the parts overlap, so the gradient accumulates: use += for dx", _backwards(add=False)),
        ("the stride is ignored: give it to part_of, for x and for dx", _backwards(moved=False)),
        ("the kernel is not flipped here: the same weight multiplies the same part", _backwards(turn=-1)),
        ("b is used in every image and at every position: sum over the batch too", _backwards(db=(2, 3))),
        ("b has one element for each kernel: keep that axis", _backwards(db=None)),
        ("the gradient of w sums over the batch, it is not the mean", _backwards(sum_w=False)),
        ("nothing has arrived at dx yet", {"conv_backward": lambda d, x, w, *a: (0 * x, *_backward(d, x, w, *a)[1:])}),
    ],
)
