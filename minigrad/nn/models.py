"""Networks for small images, by name: those that ``minigrad train`` can train.

Each is built for images of a given shape (C, H, W): the digits, 8 × 8, MNIST, 28 × 28, or the photographs of CIFAR-10,
3 × 32 × 32.

>>> from minigrad.nn import models
>>> model = models.build("softmax", (1, 8, 8), 10, np.random.default_rng(0))
>>> model
Sequential(
  (0): Flatten(start_dim=1, end_dim=-1)
  (1): Linear(in_features=64, out_features=10, bias=True)
)
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
LEAST = 4  # rows and columns, which are halved twice


def softmax(shape: Shape, classes: int, rng: np.random.Generator) -> Module:
    """Softmax regression: one linear layer that gives a score for each class."""
    return Sequential(Flatten(), Linear(math.prod(shape), classes, rng=rng))


def mlp(shape: Shape, classes: int, rng: np.random.Generator) -> Module:
    """Multilayer perceptron with hidden layers of 256 and 128 units."""
    return Sequential(
        Flatten(),
        Linear(math.prod(shape), 256, rng=rng),
        ReLU(),
        Linear(256, 128, rng=rng),
        ReLU(),
        Linear(128, classes, rng=rng),
    )


def lenet(shape: Shape, classes: int, rng: np.random.Generator) -> Module:
    """LeNet-5 with rectifiers and max pooling. For images of 28 and 32 pixels, the feature maps are those of 1998.

    Notes
    -----
    LeCun et al., Gradient-based learning applied to document recognition, 1998.
    """
    (first, second), sides = _kernels_of_5(shape, (28, 32))
    return Sequential(
        Conv2d(shape[0], 6, 5, padding=first, rng=rng),
        ReLU(),
        MaxPool2d(2),
        Conv2d(6, 16, 5, padding=second, rng=rng),
        ReLU(),
        MaxPool2d(2),
        Flatten(),
        Linear(16 * math.prod(sides), 120, rng=rng),
        ReLU(),
        Linear(120, 84, rng=rng),
        ReLU(),
        Linear(84, classes, rng=rng),
    )


def cnn(shape: Shape, classes: int, rng: np.random.Generator) -> Module:
    """A classic small network of sigmoids and average pooling: for 28 × 28 pixels 6@24×24, 6@12×12, 12@8×8, 12@4×4."""
    (first, second), sides = _kernels_of_5(shape, (20, 28))
    model = Sequential(
        Conv2d(shape[0], 6, 5, padding=first, rng=rng),
        Sigmoid(),
        AvgPool2d(2),
        Conv2d(6, 12, 5, padding=second, rng=rng),
        Sigmoid(),
        AvgPool2d(2),
        Flatten(),
        Linear(12 * math.prod(sides), classes, rng=rng),
    )
    for layer in model:
        if isinstance(layer, Conv2d | Linear):  # makes up for the slope of a sigmoid, at most 1/4
            layer.weight.data = init.xavier_uniform(layer.weight.shape, rng, gain=4.0)
    return model


def resnet(shape: Shape, classes: int, rng: np.random.Generator) -> Module:
    """A small residual network with batch normalisation: three blocks of 16, 32 and 64 feature maps, globally averaged.

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
        conv(shape[0], 16, 3),
        ReLU(),
        block(16, 16, 1),
        block(16, 32, 2),
        block(32, 64, 2),
        AdaptiveAvgPool2d(1),
        Flatten(),
        Linear(64, classes, rng=rng),
    )


MODELS: dict[str, Callable[[Shape, int, np.random.Generator], Module]] = {
    "softmax": softmax,
    "mlp": mlp,
    "lenet": lenet,
    "cnn": cnn,
    "resnet": resnet,
}


def build(name: str, shape: Shape, classes: int, rng: np.random.Generator | None = None) -> Module:
    """Build a network by name.

    Parameters
    ----------
    name : {"softmax", "mlp", "lenet", "cnn", "resnet"}
        The function of this module.
    shape : (int, int, int)
        Channels, rows and columns of an image.
    classes : int
        Number of outputs.
    rng : numpy.random.Generator, optional
        Draws the initial weights.

    Returns
    -------
    Module
        Takes images (N, C, H, W), returns scores (N, classes) for `minigrad.cross_entropy`.

    Raises
    ------
    ValueError
        If the name is unknown, or the images are too small.

    Examples
    --------
    >>> model = build("lenet", (1, 28, 28), 10)
    >>> model.summary((1, 1, 28, 28)).parameters
    61706
    >>> model(np.zeros((5, 1, 28, 28), np.float32)).shape
    (5, 10)
    """
    if name not in MODELS:
        raise ValueError(f"there is no model {name!r}; the models are {', '.join(MODELS)}")
    if len(shape) != 3 or min(shape) < 1 or min(shape[1:]) < LEAST or classes < 1:
        raise ValueError(
            f"{name}: images need a shape (C, H, W) of at least {LEAST} by {LEAST}, got {shape}, and classes, got {classes}"
        )
    return MODELS[name](shape, classes, init.generator(rng))


def _kernels_of_5(shape: Shape, whole: tuple[int, int]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Padding of two 5 × 5 convolutions, each pooled by 2: 0 for images as large as `whole`, else 2; and the output size."""
    small = min(shape[1:])
    second, first = (2 if small < least else 0 for least in whole)
    rows, columns = (((n + 2 * first - 4) // 2 + 2 * second - 4) // 2 for n in shape[1:])
    return (first, second), (rows, columns)
