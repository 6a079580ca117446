"""Datasets, and loaders that give their batches.

>>> train, test = mg.data.load_digits()

Each ``for`` over a loader is one epoch, shuffled by the generator:

>>> loader = mg.data.DataLoader(train, batch_size=64, shuffle=True, rng=np.random.default_rng(0))
>>> for images, labels in loader:
...     pass  # a training step
>>> images.shape, labels.shape, len(loader)
((34, 1, 8, 8), (34,), 23)

A transform is applied to the images of a whole batch:

>>> augment = mg.data.Compose([mg.data.RandomCrop(8, padding=1), mg.data.Normalize(0.3, 0.35)])
>>> loader = mg.data.DataLoader(train, 64, shuffle=True, rng=np.random.default_rng(0), transform=augment, prefetch=1)
>>> images, labels = next(iter(loader))
>>> images.shape, images.dtype
((64, 1, 8, 8), dtype('float32'))

Your own data can be arrays, ``ArrayDataset(images, labels)``, or anything with a length and items. Nothing here reads
pickles, and everything read from files is validated.
"""

from minigrad.data.cifar import CIFAR10_CLASSES, load_cifar10
from minigrad.data.dataset import ArrayDataset, Dataset, Subset, random_split
from minigrad.data.digits import load_digits
from minigrad.data.idx import FASHION_MNIST_CLASSES, load_fashion_mnist, load_mnist, read_idx
from minigrad.data.loader import DataLoader
from minigrad.data.transforms import Compose, Normalize, RandomCrop, RandomHorizontalFlip, ToFloat

__all__ = [
    "CIFAR10_CLASSES",
    "FASHION_MNIST_CLASSES",
    "ArrayDataset",
    "Compose",
    "DataLoader",
    "Dataset",
    "Normalize",
    "RandomCrop",
    "RandomHorizontalFlip",
    "Subset",
    "ToFloat",
    "load_cifar10",
    "load_digits",
    "load_fashion_mnist",
    "load_mnist",
    "random_split",
    "read_idx",
]
