"""CIFAR-10 in its binary version, without pickle: records of a label byte and 3,072 image bytes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from io import BufferedIOBase, RawIOBase
from os import PathLike
from pathlib import Path
from typing import IO, Any

import numpy as np

from minigrad.data.dataset import Array, ArrayDataset
from minigrad.data.download import File, obtain
from minigrad.files import DamagedFileError, check_regular, decoding

# Checksum and URL: www.cs.toronto.edu/~kriz/cifar.html, the page of the dataset's author.
ARCHIVE = File("cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530", 170_052_171)
CIFAR10_MIRROR = "https://www.cs.toronto.edu/~kriz"
CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

FOLDER = "cifar-10-batches-bin"
NAMES = (*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin")
SHAPE = (3, 32, 32)
RECORD = 1 + 3 * 32 * 32
LARGEST = 10_000 * RECORD  # bytes of a file
UNPACKED = len(NAMES) * (LARGEST + 1024) + 64 * 1024  # bytes of the unpacked archive: the files, short texts, padding


def load_cifar10(
    root: str | PathLike[str], *, download: bool = False, mirror: str = CIFAR10_MIRROR
) -> tuple[ArrayDataset, ArrayDataset]:
    """Load CIFAR-10: photographs of ten classes, 32 × 32 (A. Krizhevsky, 2009).

    Parameters
    ----------
    root : str or path
        The folder of ``cifar-10-binary.tar.gz``, of its six ``.bin`` files, or of their folder ``cifar-10-batches-bin``.
        Nothing is unpacked to disk.
    download, mirror
        As in `load_mnist`, for the archive.

    Returns
    -------
    train, test : ArrayDataset
        50,000 and 10,000 pairs of an image, uint8 of shape (3, 32, 32), red, green and blue, and a label, int64, which
        `CIFAR10_CLASSES` names. The transform `ToFloat` turns batches into floats from 0 to 1.

    Raises
    ------
    FileNotFoundError, DamagedFileError, ConnectionError
        As in `load_mnist`.

    Examples
    --------
    >>> from minigrad.data import CIFAR10_CLASSES
    >>> CIFAR10_CLASSES[3]
    'cat'
    >>> load_cifar10("no-such-folder")
    Traceback (most recent call last):
    FileNotFoundError: load_cifar10: there is no cifar-10-binary.tar.gz in no-such-folder; ...
    """
    for folder in (Path(root), Path(root, FOLDER)):
        if any((folder / name).exists() for name in NAMES):
            records = _from_folder(folder)
            break
    else:
        records = _from_archive(obtain(ARCHIVE, root, "load_cifar10", mirror=mirror, download=download))
    *train, test = [records[name] for name in NAMES]
    return _dataset(train), _dataset([test])


def _dataset(files: list[Array]) -> ArrayDataset:
    """Records as images and labels, copied once."""
    images = np.concatenate([records[:, 1:] for records in files]).reshape(-1, *SHAPE)
    return ArrayDataset(images, np.concatenate([records[:, 0] for records in files]).astype(np.int64))


def _records(data: bytes, where: str) -> Array:
    """The bytes of a file as rows, one per image, the label first."""
    if not data or len(data) % RECORD or len(data) > LARGEST:
        raise DamagedFileError(
            f"load_cifar10: {where} is damaged: its {len(data):,} bytes are not 1 to 10,000 records of {RECORD:,} bytes"
        )
    records = np.frombuffer(data, np.uint8).reshape(-1, RECORD)
    if (most := records[:, 0].max()) > 9:
        raise DamagedFileError(f"load_cifar10: {where} has a label {most}, but the classes are 0 to 9")
    return records


def _from_folder(folder: Path) -> dict[str, Array]:
    missing = [name for name in NAMES if not (folder / name).is_file()]
    if missing:
        raise FileNotFoundError(f"load_cifar10: {folder} lacks {', '.join(missing)}")
    records = {}
    for name in NAMES:
        with open(folder / name, "rb") as stream:
            records[name] = _records(stream.read(LARGEST + 1), os.fspath(folder / name))
    return records


def _from_archive(path: Path) -> dict[str, Array]:
    """The records in the archive, which is streamed: no path in it is ever used on disk."""
    import gzip
    import tarfile

    records: dict[str, Array] = {}
    check_regular(path, "load_cifar10")
    with (
        decoding(f"load_cifar10: {path} is damaged or not the expected archive"),
        gzip.open(path) as unpacked,
        tarfile.open(mode="r|", fileobj=_Bounded(unpacked)) as archive,
    ):
        for member, stream in _regular_files(archive):
            name = member.name.removeprefix("./").removeprefix(f"{FOLDER}/")
            if name in NAMES:
                if name in records:
                    raise ValueError(f"it has {member.name} twice")
                records[name] = _records(stream.read(LARGEST + 1), f"{path}: {member.name}")
    if missing := [name for name in NAMES if name not in records]:
        raise DamagedFileError(f"load_cifar10: {path} lacks {', '.join(missing)}")
    return records


def _regular_files(archive: Any) -> Iterator[tuple[Any, IO[bytes]]]:
    for member in archive:
        if member.isreg():
            yield member, archive.extractfile(member)


class _Bounded(RawIOBase):
    """A stream that fails beyond the size of the true archive, so that a small file cannot unpack to a huge one."""

    def __init__(self, stream: BufferedIOBase) -> None:
        self.stream, self.left = stream, UNPACKED

    def read(self, size: int = -1) -> bytes:
        data = self.stream.read(size)
        self.left -= len(data)
        if self.left < 0:
            raise ValueError(f"it unpacks to more than {UNPACKED:,} bytes")
        return data
