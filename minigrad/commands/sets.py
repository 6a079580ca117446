"""The data sets that ``minigrad train`` knows, and their statistics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from minigrad import data
from minigrad.commands.image import FAINT

SETS = ("digits", "mnist", "fashion-mnist", "cifar10")
CHUNK = 1000  # images measured at a time


class Images(NamedTuple):
    """A data set of images, and its statistics."""

    train: data.ArrayDataset  # images and labels
    test: data.ArrayDataset
    classes: Sequence[str]  # the meaning of each label
    mean: list[float]  # of each channel of the training images, with values from 0 to 1
    std: list[float]
    margin: float  # the part of an image's longer side that a drawing leaves free, on average
    augment: list[Any]  # random transforms that do not change the class of an image

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, rows and columns."""
        _, channels, rows, columns = self.train.arrays[0].shape
        return channels, rows, columns

    def transform(self, augmented: bool) -> data.Compose:
        """The transform from images to the input of a network."""
        floats = [data.ToFloat()] if self.train.arrays[0].dtype == np.uint8 else []
        return data.Compose([*(self.augment if augmented else []), *floats, data.Normalize(self.mean, self.std)])


def read(name: str, path: str | None, download: bool) -> Images:
    """Read a data set from the folder `path`; the digits are included in the package.

    A folder that is missing or not needed, or a damaged file, is a ValueError; a missing file is an OSError, unless it is
    downloaded.
    """
    if name == "digits":
        if path is not None or download:
            raise ValueError("the digits are included in minigrad: --path and --download are for the other data sets")
        return _measured(data.load_digits(), [str(i) for i in range(10)], [])
    if path is None:
        raise ValueError(f"{name} needs --path DIR, the folder of its files; --download fetches them")
    if name == "mnist":
        return _measured(data.load_mnist(path, download=download), [str(i) for i in range(10)], [data.RandomCrop(28, 2)])
    if name == "fashion-mnist":
        augment = [data.RandomCrop(28, 2), data.RandomHorizontalFlip()]
        return _measured(data.load_fashion_mnist(path, download=download), data.FASHION_MNIST_CLASSES, augment)
    augment = [data.RandomCrop(32, 4), data.RandomHorizontalFlip()]
    return _measured(data.load_cifar10(path, download=download), data.CIFAR10_CLASSES, augment)


def _measured(sets: tuple[data.ArrayDataset, data.ArrayDataset], classes: Sequence[str], augment: list[Any]) -> Images:
    """The data sets with their statistics, computed in chunks: as float64 the images take eight times the memory."""
    images = sets[0].arrays[0]
    whole = 255 if images.dtype == np.uint8 else 1
    total, square, margins = 0.0, 0.0, []
    for start in range(0, len(images), CHUNK):
        part = images[start : start + CHUNK].astype(np.float64) / whole
        total, square = total + part.sum(axis=(0, 2, 3)), square + np.square(part).sum(axis=(0, 2, 3))
        ink = part.max(axis=1) > FAINT
        sides = [_extent(ink.any(axis=axis)) / ink.shape[3 - axis] for axis in (1, 2)]
        margins.append(1 - np.maximum(*sides))
    count = images.size // images.shape[1]
    mean = total / count
    std = np.sqrt(np.maximum(square / count - mean**2, 1e-12))
    return Images(*sets, classes, mean.tolist(), std.tolist(), float(np.concatenate(margins).mean()), augment)


def _extent(some: Any) -> Any:
    """The length from the first to the last true element of each row."""
    length = some.shape[1] - np.argmax(some, axis=1) - np.argmax(some[:, ::-1], axis=1)
    return np.where(some.any(axis=1), length, 0)
