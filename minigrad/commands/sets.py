"""The sets of images that ``minigrad train`` knows, read and measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from minigrad import data

SETS = ("digits", "mnist", "fashion-mnist", "cifar10")
CHUNK = 1000  # images measured at a time


class Images(NamedTuple):
    """A set of images.

    Attributes
    ----------
    train, test : ArrayDataset
        Images and labels.
    classes : sequence of str
        What the labels mean.
    mean, std : list of float
        Of each channel of the images for training, with values from 0 to 1.
    margin : float
        Which part of an image's longer side what is drawn on it does not take, on average; for images of ink.
    augment : list
        Random transforms that leave an image what it is.
    """

    train: data.ArrayDataset
    test: data.ArrayDataset
    classes: Sequence[str]
    mean: list[float]
    std: list[float]
    margin: float
    augment: list[Any]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, rows and columns."""
        _, channels, rows, columns = self.train.arrays[0].shape
        return channels, rows, columns

    def transform(self, augmented: bool) -> data.Compose:
        """What makes images the input of a network."""
        floats = [data.ToFloat()] if self.train.arrays[0].dtype == np.uint8 else []
        return data.Compose([*(self.augment if augmented else []), *floats, data.Normalize(self.mean, self.std)])


def read(name: str, path: str | None, download: bool) -> Images:
    """Read a set of images.

    Parameters
    ----------
    name : {"digits", "mnist", "fashion-mnist", "cifar10"}
        Which one.
    path : str or None
        The folder of its files; the digits come with the package.
    download : bool
        Fetch what is missing.

    Returns
    -------
    Images

    Raises
    ------
    ValueError
        If a folder is missing or not needed, or a file damaged.
    OSError
        If a file is missing or cannot be fetched.
    """
    if name == "digits":
        if path is not None or download:
            raise ValueError("the digits come with minigrad: --path and --download are for the other sets")
        return _measured(data.load_digits(), [str(i) for i in range(10)], [])
    if path is None:
        raise ValueError(f"{name} needs --path DIR, the folder of its files; --download fetches them there")
    if name == "mnist":
        return _measured(data.load_mnist(path, download=download), [str(i) for i in range(10)], [data.RandomCrop(28, 2)])
    if name == "fashion-mnist":
        augment = [data.RandomCrop(28, 2), data.RandomHorizontalFlip()]
        return _measured(data.load_fashion_mnist(path, download=download), data.FASHION_MNIST_CLASSES, augment)
    augment = [data.RandomCrop(32, 4), data.RandomHorizontalFlip()]
    return _measured(data.load_cifar10(path, download=download), data.CIFAR10_CLASSES, augment)


def _measured(sets: tuple[data.ArrayDataset, data.ArrayDataset], classes: Sequence[str], augment: list[Any]) -> Images:
    """The sets with mean and deviation of each channel, in pieces: whole, they would take eight times the room."""
    images = sets[0].arrays[0]
    whole = 255 if images.dtype == np.uint8 else 1
    total, square, margins = 0.0, 0.0, []
    for start in range(0, len(images), CHUNK):
        part = images[start : start + CHUNK].astype(np.float64) / whole
        total, square = total + part.sum(axis=(0, 2, 3)), square + np.square(part).sum(axis=(0, 2, 3))
        ink = part.max(axis=1) > 0.5
        sides = [_extent(ink.any(axis=axis)) / ink.shape[3 - axis] for axis in (1, 2)]
        margins.append(1 - np.maximum(*sides))
    count = images.size // images.shape[1]
    mean = total / count
    std = np.sqrt(np.maximum(square / count - mean**2, 1e-12))
    return Images(*sets, classes, mean.tolist(), std.tolist(), float(np.concatenate(margins).mean()), augment)


def _extent(some: Any) -> Any:
    """From the first to the last of each row that is true, how many."""
    length = some.shape[1] - np.argmax(some, axis=1) - np.argmax(some[:, ::-1], axis=1)
    return np.where(some.any(axis=1), length, 0)
