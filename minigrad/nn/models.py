"""Networks for small images, by name: what ``minigrad train`` can train.

Each is made for images of a shape (C, H, W), be they digits of 8 by 8, those of MNIST of 28 by 28, or the photographs
of CIFAR-10, 3 by 32 by 32; and draws its first weights from a generator, so that a seed repeats a run.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from minigrad.nn import init
from minigrad.nn.activation import ReLU, Sigmoid
from minigrad.nn.container import Residual, Sequential
from minigrad.nn.conv import Conv2d
from minigrad.nn.layer import Flatten, Linear
from minigrad.nn.module import Module
from minigrad.nn.normalise import BatchNorm2d
from minigrad.nn.pool import AdaptiveAvgPool2d, AvgPool2d, MaxPool2d

Shape = tuple[int, int, int]
LEAST = 4  # rows and columns, which two poolings halve


def softmax(shape: Shape, classes: int, rng: np.random.Generator) -> Module:
    """Softmax regression: one linear layer, whose outputs are the scores of the classes."""
    return Sequential(Flatten(), Linear(math.prod(shape), classes, rng=rng))


def mlp(shape: Shape, classes: int, rng: np.random.Generator) -> Module:
    """A perceptron with hidden layers of 256 and 128 units."""
    return Sequential(
        Flatten(), Linear(math.prod(shape), 256, rng=rng), ReLU(), Linear(256, 128, rng=rng), ReLU(),
        Linear(128, classes, rng=rng),
    )  # fmt: skip


def lenet(shape: Shape, classes: int, rng: np.random.Generator) -> Module:
    """LeNet-5 with rectifiers and max pooling. Its maps are those of 1998 for images of 28 and of 32 pixels.

    Notes
    -----
    LeCun et al., Gradient-based learning applied to document recognition, 1998.
    """
    (first, second), sides = _kernels_of_5(shape, (28, 32))
    return Sequential(
        Conv2d(shape[0], 6, 5, padding=first, rng=rng), ReLU(), MaxPool2d(2),
        Conv2d(6, 16, 5, padding=second, rng=rng), ReLU(), MaxPool2d(2),
        Flatten(), Linear(16 * math.prod(sides), 120, rng=rng), ReLU(), Linear(120, 84, rng=rng), ReLU(),
        Linear(84, classes, rng=rng),
    )  # fmt: skip


def cnn(shape: Shape, classes: int, rng: np.random.Generator) -> Module:
    """The classic small network of sigmoids and average pooling: of 28 by 28 pixels 6@24x24, 6@12x12, 12@8x8, 12@4x4."""
    (first, second), sides = _kernels_of_5(shape, (20, 28))
    model = Sequential(
        Conv2d(shape[0], 6, 5, padding=first, rng=rng), Sigmoid(), AvgPool2d(2),
        Conv2d(6, 12, 5, padding=second, rng=rng), Sigmoid(), AvgPool2d(2),
        Flatten(), Linear(12 * math.prod(sides), classes, rng=rng),
    )  # fmt: skip
    for layer in model:
        if isinstance(layer, Conv2d | Linear):  # a sigmoid's slope is 1/4 at most: as much as that the weights are larger
            layer.weight.data = init.xavier_uniform(layer.weight.shape, rng, gain=4.0)
    return model


def resnet(shape: Shape, classes: int, rng: np.random.Generator) -> Module:
    """A small residual network with batch normalisation: three blocks of 16, 32 and 64 maps, averaged over all places.

    Notes
    -----
    He et al., Deep Residual Learning for Image Recognition, 2016, section 4.2, with n = 1.
    """

    def conv(c: int, f: int, kernel: int, stride: int = 1) -> Sequential:
        return Sequential(Conv2d(c, f, kernel, stride, padding=kernel // 2, bias=False, rng=rng), BatchNorm2d(f))

    def block(c: int, f: int, stride: int) -> Sequential:
        body = Sequential(conv(c, f, 3, stride), ReLU(), conv(f, f, 3))
        return Sequential(Residual(body, None if c == f else conv(c, f, 1, stride)), ReLU())

    return Sequential(
        conv(shape[0], 16, 3), ReLU(), block(16, 16, 1), block(16, 32, 2), block(32, 64, 2),
        AdaptiveAvgPool2d(1), Flatten(), Linear(64, classes, rng=rng),
    )  # fmt: skip


MODELS: dict[str, Callable[[Shape, int, np.random.Generator], Module]] = {
    "softmax": softmax, "mlp": mlp, "lenet": lenet, "cnn": cnn, "resnet": resnet,
}  # fmt: skip


def build(name: str, shape: Shape, classes: int, rng: np.random.Generator | None = None) -> Module:
    """Make one of the networks.

    Parameters
    ----------
    name : {"softmax", "mlp", "lenet", "cnn", "resnet"}
        Which one.
    shape : (int, int, int)
        Channels, rows and columns of an image.
    classes : int
        How many outputs there are.
    rng : numpy.random.Generator, optional
        Where the first weights come from.

    Returns
    -------
    Module
        Takes (N, C, H, W), and gives (N, classes): scores, for `minigrad.cross_entropy`.

    Raises
    ------
    ValueError
        If the name is none of them, or the images are too small.

    Examples
    --------
    >>> model = build("lenet", (1, 28, 28), 10)
    >>> sum(p.size for p in model.parameters())
    61706
    >>> model(np.zeros((5, 1, 28, 28), np.float32)).shape
    (5, 10)
    """
    if name not in MODELS:
        raise ValueError(f"there is no model {name!r}; there are {', '.join(MODELS)}")
    if len(shape) != 3 or min(shape) < 1 or min(shape[1:]) < LEAST or classes < 1:
        raise ValueError(
            f"{name}: images have a shape (C, H, W) of at least {LEAST} by {LEAST}, got {shape}; classes {classes}"
        )
    return MODELS[name](shape, classes, init.generator(rng))


def _kernels_of_5(shape: Shape, whole: tuple[int, int]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Padding of two layers of 5 by 5, each pooled by 2: none where images are large enough; and the sides that are left."""
    small = min(shape[1:])
    second, first = (2 if small < least else 0 for least in whole)
    rows, columns = (((n + 2 * first - 4) // 2 + 2 * second - 4) // 2 for n in shape[1:])
    return (first, second), (rows, columns)
