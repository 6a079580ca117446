"""IDX, the format of MNIST and Fashion-MNIST: a short header and a big-endian array, compressed by gzip or not."""

from __future__ import annotations

import math
import os
import struct
from io import BufferedIOBase
from os import PathLike
from pathlib import Path

import numpy as np

from minigrad.data.dataset import Array, ArrayDataset
from minigrad.data.download import File, obtain
from minigrad.files import DEFLATE, DamagedFileError, check_regular, decoding, read_rest

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MOST = 60_000  # images in a file

# Checksums: of MNIST from torchvision/datasets/mnist.py (github.com/pytorch/vision), as the original site is closed; of
# Fashion-MNIST from the README of github.com/zalandoresearch/fashion-mnist, which is also the mirror.
MNIST = (
    File("train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873", 9_912_422),
    File("train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432", 28_881),
    File("t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3", 1_648_877),
    File("t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c", 4_542),
)
MNIST_MIRROR = "https://ossci-datasets.s3.amazonaws.com/mnist"
FASHION_MNIST = (
    File("train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d", 26_421_880),
    File("train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe", 29_515),
    File("t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79", 4_422_102),
    File("t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310", 5_148),
)
FASHION_MNIST_MIRROR = "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion"
FASHION_MNIST_CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


def load_mnist(
    root: str | PathLike[str], *, download: bool = False, mirror: str = MNIST_MIRROR
) -> tuple[ArrayDataset, ArrayDataset]:
    """Load MNIST: handwritten digits, 28 × 28 (Y. LeCun, C. Cortes, C. Burges).

    Parameters
    ----------
    root : str or path
        The folder of the four files, such as ``train-images-idx3-ubyte.gz``, compressed or not; they may also be in
        ``MNIST/raw`` below it, where torchvision puts them.
    download : bool
        Download missing files; an interrupted download is continued, and checksums are verified.
    mirror : str
        The URL without the files' names.

    Returns
    -------
    train, test : ArrayDataset
        60,000 and 10,000 pairs of an image, uint8 of shape (1, 28, 28) with ink 255, and a label, int64. The transform
        `ToFloat` turns batches into floats from 0 to 1.

    Raises
    ------
    FileNotFoundError
        If a file is missing; the message gives its URL.
    DamagedFileError
        If a file is damaged, or not the expected one.
    ConnectionError
        If a download fails.

    Examples
    --------
    >>> load_mnist("no-such-folder")
    Traceback (most recent call last):
    FileNotFoundError: load_mnist: there is no train-images-idx3-ubyte.gz in no-such-folder; ...
    """
    return _load(MNIST, root, "load_mnist", "MNIST/raw/", mirror, download)


def load_fashion_mnist(
    root: str | PathLike[str], *, download: bool = False, mirror: str = FASHION_MNIST_MIRROR
) -> tuple[ArrayDataset, ArrayDataset]:
    """Load Fashion-MNIST: clothes in the format of MNIST (H. Xiao, K. Rasul, R. Vollgraf, 2017).

    As `load_mnist`; the files may also be in ``FashionMNIST/raw``, and `FASHION_MNIST_CLASSES` names the labels.

    >>> from minigrad.data import FASHION_MNIST_CLASSES
    >>> FASHION_MNIST_CLASSES[9]
    'Ankle boot'
    """
    return _load(FASHION_MNIST, root, "load_fashion_mnist", "FashionMNIST/raw/", mirror, download)


def _load(
    files: tuple[File, ...], root: str | PathLike[str], who: str, below: str, mirror: str, download: bool
) -> tuple[ArrayDataset, ArrayDataset]:
    paths = []
    for file in files:
        plain = file.name.removesuffix(".gz")
        names = (file.name, plain, plain.replace("-idx", ".idx"))  # the last occurs in some archives
        also = [prefix + name for prefix in ("", below) for name in names]
        paths.append(obtain(file, root, who, mirror=mirror, download=download, also=also))
    return _pair(paths[0], paths[1], (28, 28), who), _pair(paths[2], paths[3], (28, 28), who)


def _pair(images: Path, labels: Path, size: tuple[int, int], who: str) -> ArrayDataset:
    """Images and their labels, validated together."""
    x, y = read_idx(images, MOST * math.prod(size)), read_idx(labels, MOST)
    if x.dtype != np.uint8 or x.shape[1:] != size:
        raise DamagedFileError(
            f"{who}: {images} must hold uint8 of shape (N, {size[0]}, {size[1]}), got {x.dtype} {x.shape}"
        )
    if y.dtype != np.uint8 or y.shape != x.shape[:1]:
        raise DamagedFileError(f"{who}: {labels} must hold a uint8 for each of {len(x)} images, got {y.dtype} {y.shape}")
    if not len(y):
        raise DamagedFileError(f"{who}: {images} holds no images")
    if y.max() > 9:
        raise DamagedFileError(f"{who}: {labels} has a label {y.max()}, but the classes are 0 to 9")
    return ArrayDataset(x[:, None], y.astype(np.int64))


def read_idx(path: str | PathLike[str], most: float = math.inf) -> Array:
    """Read an array in the IDX format.

    Parameters
    ----------
    path : str or path
        The file. Its content, not its name, says whether it is compressed by gzip.
    most : float
        Maximum size of the array in bytes.

    Returns
    -------
    numpy.ndarray
        In native byte order.

    Raises
    ------
    DamagedFileError
        If the file is not in this format, is truncated or too long, or exceeds `most`. Nothing is allocated for a size that
        the file cannot hold.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "labels-idx1-ubyte")
    ...     n = file.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 3]) + bytes([7, 2, 1]))
    ...     read_idx(file)
    array([7, 2, 1], dtype=uint8)
    """
    import gzip

    check_regular(path, "read_idx")
    with open(path, "rb") as stream, decoding(f"read_idx: {os.fspath(path)} is damaged or not an IDX file"):
        size = os.fstat(stream.fileno()).st_size
        compressed = stream.read(2) == b"\x1f\x8b"
        stream.seek(0)
        if compressed:
            with gzip.open(stream) as unpacked:
                return _read(unpacked, min(most, DEFLATE * size))
        return _read(stream, min(most, size))


def _read(stream: BufferedIOBase, limit: float) -> Array:
    """An array of at most `limit` bytes from a stream."""
    start = stream.read(4)
    if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in TYPES:
        raise ValueError(f"it starts with {start!r}")
    dtype, ndim = np.dtype(TYPES[start[2]]), start[3]
    lengths = stream.read(4 * ndim)
    if len(lengths) < 4 * ndim:
        raise ValueError(f"it ends in the header, which has {ndim} lengths")
    shape = struct.unpack(f">{ndim}I", lengths)
    size = math.prod(shape) * dtype.itemsize
    if size > limit or ndim > 32:
        raise ValueError(f"its header claims the shape {shape}, which needs more bytes than there can be")
    data = read_rest(stream, size)
    if len(data) != size:
        raise ValueError(f"the shape {shape} needs {size:,} bytes, but it holds {'more' if len(data) > size else len(data)}")
    return np.frombuffer(data, dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)
