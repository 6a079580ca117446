"""Datasets, and the batches that a training loop asks for.

>>> import numpy as np
>>> import minigrad as mg
>>> train, test = mg.data.load_digits()

A loader goes over a dataset once for each ``for``, in an order that the generator draws:

>>> loader = mg.data.DataLoader(train, batch_size=64, shuffle=True, rng=np.random.default_rng(0))
>>> for images, labels in loader:
...     pass  # a step of training
>>> images.shape, labels.shape, len(loader)
((34, 1, 8, 8), (34,), 23)

A transform works on the images of a whole batch:

>>> augment = mg.data.Compose([mg.data.RandomCrop(8, padding=1), mg.data.Normalize(0.3, 0.35)])
>>> loader = mg.data.DataLoader(train, 64, shuffle=True, rng=np.random.default_rng(0), transform=augment, prefetch=1)
>>> images, labels = next(iter(loader))
>>> images.shape, images.dtype
((64, 1, 8, 8), dtype('float32'))

Data of your own come as arrays, ``ArrayDataset(images, labels)``, or as anything with a length and items. Nothing here reads
pickles, and what is read from files is checked before it is believed.
"""

from minigrad.data.cifar import CIFAR10_CLASSES, load_cifar10
from minigrad.data.dataset import ArrayDataset, Dataset, Subset, random_split
from minigrad.data.digits import load_digits
from minigrad.data.idx import FASHION_MNIST_CLASSES, load_fashion_mnist, load_mnist, read_idx
from minigrad.data.loader import DataLoader
from minigrad.data.transforms import Compose, Normalize, RandomCrop, RandomHorizontalFlip, ToFloat

__all__ = [
    "CIFAR10_CLASSES", "FASHION_MNIST_CLASSES", "ArrayDataset", "Compose", "DataLoader", "Dataset", "Normalize",
    "RandomCrop", "RandomHorizontalFlip", "Subset", "ToFloat", "load_cifar10", "load_digits", "load_fashion_mnist",
    "load_mnist", "random_split", "read_idx",
]  # fmt: skip
