"""Files of datasets, small ones in the true formats: read as they are, and refused when cut, corrupt or hostile."""

from __future__ import annotations

import contextlib
import gzip
import io
import math
import os
import struct
import sys
import tarfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from idx_files import CODES, idx

from minigrad.data import DataLoader, ToFloat, load_cifar10, load_fashion_mnist, load_mnist, read_idx
from minigrad.data import cifar as cifar_module
from minigrad.data.cifar import ARCHIVE
from minigrad.data.idx import FASHION_MNIST, MNIST


def write_mnist(folder: Path, packed: bool = True, dots: bool = False) -> dict[str, Any]:
    """The four files, with 7 and 3 images; what is in them."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    content = {}
    for part, n in (("train", 7), ("t10k", 3)):
        content[f"{part}-images-idx3-ubyte"] = rng.integers(0, 256, (n, 28, 28), np.uint8)
        content[f"{part}-labels-idx1-ubyte"] = rng.integers(0, 10, n, np.uint8)
    for name, array in content.items():
        path = folder / (f"{name}.gz" if packed else name.replace("-idx", ".idx") if dots else name)
        path.write_bytes(gzip.compress(idx(array)) if packed else idx(array))
    return content


# IDX


@settings(deadline=None)
@given(
    st.sampled_from(list(CODES)).flatmap(lambda t: arrays(t, array_shapes(min_dims=0, min_side=0, max_side=6))),
    st.booleans(),
)
def test_any_array_is_read_back(tmp_path_factory: pytest.TempPathFactory, array: Any, packed: bool):
    path = tmp_path_factory.getbasetemp() / "any-idx"
    path.write_bytes(gzip.compress(idx(array)) if packed else idx(array))
    found = read_idx(path)
    assert found.dtype == array.dtype
    assert found.dtype.isnative
    assert found.shape == array.shape
    assert found.flags.writeable
    np.testing.assert_array_equal(found, array)


GOOD = idx(np.arange(6, dtype=np.uint8).reshape(2, 3))


def header(code: int, *shape: int) -> bytes:
    return bytes([0, 0, code, len(shape)]) + struct.pack(f">{len(shape)}I", *shape)


BAD_IDX = {
    "empty": (b"", "starts with b''"),
    "another magic": (b"\x00\x01" + GOOD[2:], "starts with"),
    "unknown type": (header(0x0A, 6) + bytes(6), "starts with"),
    "a pickle": (b"\x80\x04\x95" + bytes(40), "starts with"),
    "HTML": (b"<!DOCTYPE html><html>404</html>", "starts with"),
    "cut in the header": (GOOD[:9], "ends in the header, which has 2 lengths"),
    "cut in the numbers": (GOOD[:-1], "claims the shape|needs 6 bytes, but it holds 5"),
    "too long": (GOOD + b"\0", "needs 6 bytes, but it holds more"),
    "huge": (header(8, 2**32 - 1, 2**32 - 1, 2**32 - 1) + bytes(99), "claims the shape .* more bytes than there can be"),
    "overflowing": (header(14, 2**31, 2**31, 4) + bytes(99), "claims the shape"),
    "huge and empty": (header(8, 2**32 - 1, 0) + bytes(9), "needs 0 bytes, but it holds more"),
    "too many axes": (header(8, *[1] * 255) + bytes(1), "claims the shape"),
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("case", BAD_IDX)
def test_bad_idx(case: str, packed: bool, tmp_path: Path):
    data, message = BAD_IDX[case]
    path = tmp_path / "labels"
    path.write_bytes(gzip.compress(data) if packed else data)
    tracemalloc.start()
    with pytest.raises(ValueError, match=f"read_idx: .*labels is damaged or not an IDX file: .*({message})"):
        read_idx(path)
    assert tracemalloc.get_traced_memory()[1] < 2**21
    tracemalloc.stop()


def test_a_gzip_file_cut_anywhere_or_changed_is_refused(tmp_path: Path):
    path = tmp_path / "x.gz"
    whole = gzip.compress(idx(np.arange(200, dtype=np.uint8)))
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        with pytest.raises(ValueError, match="is damaged or not an IDX file"):
            read_idx(path)
    rng = np.random.default_rng(0)
    for place in range(10, len(whole)):  # after gzip's own header, in which the time and such do not matter
        damaged = bytearray(whole)
        damaged[place] ^= int(rng.integers(1, 256))
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match="is damaged or not an IDX file"):
            read_idx(path)


def test_a_bomb_is_read_no_further_than_its_header_says(tmp_path: Path):
    path = tmp_path / "bomb.gz"
    for shape, message in ((10, "needs 10 bytes, but it holds more"), (2**25, "claims the shape")):
        path.write_bytes(gzip.compress(header(8, shape) + bytes(2**25)))
        tracemalloc.start()
        with pytest.raises(ValueError, match=message):
            read_idx(path, most=2**20)
        assert tracemalloc.get_traced_memory()[1] < 2**20
        tracemalloc.stop()
    assert len(read_idx(path)) == 2**25


# MNIST and Fashion-MNIST


@pytest.mark.parametrize(("load", "below"), [(load_mnist, "MNIST/raw"), (load_fashion_mnist, "FashionMNIST/raw")])
@pytest.mark.parametrize("where", ["", "below"])
@pytest.mark.parametrize("kind", ["packed", "plain", "dots"])
def test_mnist(load: Callable[..., Any], below: str, where: str, kind: str, tmp_path: Path):
    content = write_mnist(tmp_path / (below if where else ""), kind == "packed", kind == "dots")
    train, test = load(tmp_path)
    for part, data in (("train", train), ("t10k", test)):
        x, y = data.arrays
        assert (x.dtype, y.dtype) == (np.uint8, np.int64)
        np.testing.assert_array_equal(x, content[f"{part}-images-idx3-ubyte"][:, None])
        np.testing.assert_array_equal(y, content[f"{part}-labels-idx1-ubyte"])
    x, _ = next(iter(DataLoader(train, 7, transform=ToFloat())))
    assert x.shape == (7, 1, 28, 28)
    assert x.dtype == np.float32
    assert 0.9 < x.max() <= 1


def test_the_published_files():
    for files in (MNIST, FASHION_MNIST):
        assert [file.name for file in files] == [
            f"{a}-{b}-ubyte.gz" for a in ("train", "t10k") for b in ("images-idx3", "labels-idx1")
        ]
    every = [*MNIST, *FASHION_MNIST, ARCHIVE]
    assert len({file.md5 for file in every}) == len(every)
    assert all(len(file.md5) == 32 and int(file.md5, 16) for file in every)


def test_what_is_missing_is_named_with_its_address(tmp_path: Path):
    write_mnist(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(
        FileNotFoundError,
        match=r"load_mnist: there is no t10k-labels-idx1-ubyte.gz in .*; pass download=True, .*https://.*/mnist/t10k-labels-idx1-ubyte.gz",
    ):
        load_mnist(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"load_fashion_mnist: .*there from https://here.example/a/t10k-labels"):
        load_fashion_mnist(tmp_path, mirror="https://here.example/a/")
    with pytest.raises(FileNotFoundError, match=r"load_cifar10: there is no cifar-10-binary.tar.gz"):
        load_cifar10(tmp_path)


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("train-images-idx3-ubyte", np.zeros((7, 28, 27), np.uint8), r"must hold uint8 of shape \(N, 28, 28\), got uint8 \(7, 28, 27\)"),
        ("train-images-idx3-ubyte", np.zeros((7, 28, 28), np.int8), "must hold uint8 of shape"),
        ("train-images-idx3-ubyte", np.zeros((7, 784), np.uint8), "must hold uint8 of shape"),
        ("train-labels-idx1-ubyte", np.zeros(6, np.uint8), r"must hold a uint8 for each of 7 images, got uint8 \(6,\)"),
        ("train-labels-idx1-ubyte", np.zeros((7, 1), np.uint8), "must hold a uint8 for each of 7 images"),
        ("train-labels-idx1-ubyte", np.zeros(7, np.int32), "must hold a uint8 for each of 7 images"),
        ("train-labels-idx1-ubyte", np.full(7, 10, np.uint8), "has a label 10, but the classes are 0 to 9"),
        ("t10k-labels-idx1-ubyte", np.full(3, 255, np.uint8), "has a label 255"),
    ],
)  # fmt: skip
def test_files_that_are_not_mnist(name: str, array: Any, message: str, tmp_path: Path):
    write_mnist(tmp_path)
    (tmp_path / f"{name}.gz").write_bytes(gzip.compress(idx(array)))
    with pytest.raises(ValueError, match=f"load_mnist: .*{name}.gz .*{message}"):
        load_mnist(tmp_path)


def test_more_images_than_mnist_has_are_refused_by_the_header(tmp_path: Path):
    write_mnist(tmp_path)
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(header(8, 70_000, 28, 28) + bytes(70_000 * 784)))
    with pytest.raises(ValueError, match="claims the shape"):
        load_mnist(tmp_path)


# CIFAR-10


def records(n: int, seed: int) -> Any:
    """Records of CIFAR-10: a label and the bytes of an image."""
    table = np.random.default_rng(seed).integers(0, 256, (n, 3073), np.uint8)
    table[:, 0] %= 10
    return table


def cifar() -> dict[str, Any]:
    names = [*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"]
    return {f"cifar-10-batches-bin/{name}": records(n, n) for n, name in enumerate(names, 2)}


def archive(members: dict[str, Any], change: Callable[[tarfile.TarInfo], None] = lambda member: None) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, data in members.items():
            content = data if isinstance(data, bytes) else data.tobytes()
            member = tarfile.TarInfo(name)
            member.size = len(content)
            change(member)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def check_cifar(root: Path, content: dict[str, Any]) -> None:
    tables = list(content.values())
    for data, table in zip(load_cifar10(root), (np.concatenate(tables[:5]), tables[5]), strict=True):
        x, y = data.arrays
        assert (x.dtype, y.dtype) == (np.uint8, np.int64)
        np.testing.assert_array_equal(x, table[:, 1:].reshape(-1, 3, 32, 32))
        np.testing.assert_array_equal(y, table[:, 0])


def test_cifar10_from_the_archive_or_its_files(tmp_path: Path):
    content = cifar()
    a, b, c, d = (tmp_path / name for name in "abcd")
    for folder in (a, b / "cifar-10-batches-bin", c, d):
        folder.mkdir(parents=True)
    text = {
        "cifar-10-batches-bin": b"",
        "cifar-10-batches-bin/batches.meta.txt": b"airplane\n",
        "cifar-10-batches-bin/readme.html": b"<a>",
    }
    (a / "cifar-10-binary.tar.gz").write_bytes(archive(text | content))
    (d / "cifar-10-binary.tar.gz").write_bytes(archive({f"./{name}": data for name, data in content.items()}))
    for name, table in content.items():
        (b / name).write_bytes(table.tobytes())
        (c / Path(name).name).write_bytes(table.tobytes())
    for root in (a, b, c, d):
        check_cifar(root, content)
    assert sorted(os.listdir(a)) == ["cifar-10-binary.tar.gz"]


def test_the_layout_of_a_record():
    """Red, green and blue, each row by row: byte 1 + 1024 c + 32 row + column."""
    from minigrad.data.cifar import _dataset, _records

    table = np.zeros((1, 3073), np.uint8)
    table[0, 0] = 9
    table[0, 1 + 1024 * 2 + 32 * 5 + 7] = 200
    image, label = _dataset([_records(table.tobytes(), "x")])[0]
    assert label == 9
    assert np.argwhere(image).tolist() == [[2, 5, 7]]
    assert image[2, 5, 7] == 200


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "0 bytes are not 1 to 10,000 records of 3,073 bytes"),
        (bytes(3072), "3,072 bytes are not"),
        (bytes(3073 * 2 + 1), "6,147 bytes are not"),
        (bytes(3073 * 10_001), "30,730,001 bytes are not"),
        (bytes([10]) + bytes(3072), "has a label 10, but the classes are 0 to 9"),
    ],
)  # fmt: skip
def test_bad_files_of_cifar10(data: bytes, message: str, tmp_path: Path):
    content: dict[str, Any] = cifar()
    content["cifar-10-batches-bin/data_batch_3.bin"] = data
    (tmp_path / "cifar-10-binary.tar.gz").write_bytes(archive(content))
    with pytest.raises(ValueError, match=f"load_cifar10: .*data_batch_3.bin.*{message}"):
        load_cifar10(tmp_path)
    (tmp_path / "cifar-10-batches-bin").mkdir()
    for name, table in content.items():
        (tmp_path / name).write_bytes(bytes(table))
    with pytest.raises(ValueError, match=f"load_cifar10: .*data_batch_3.bin.*{message}"):
        load_cifar10(tmp_path)


def test_files_of_cifar10_that_are_missing(tmp_path: Path):
    content = cifar()
    del content["cifar-10-batches-bin/data_batch_2.bin"], content["cifar-10-batches-bin/test_batch.bin"]
    (tmp_path / "cifar-10-binary.tar.gz").write_bytes(archive(content))
    with pytest.raises(ValueError, match=r"tar.gz lacks data_batch_2.bin, test_batch.bin"):
        load_cifar10(tmp_path)
    (tmp_path / "data_batch_1.bin").write_bytes(records(1, 0).tobytes())
    with pytest.raises(FileNotFoundError, match=r"lacks data_batch_2.bin, data_batch_3.bin"):
        load_cifar10(tmp_path)


def refuses(root: Path, data: bytes, message: str) -> None:
    path = root / "cifar-10-binary.tar.gz"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=f"load_cifar10: .*cifar-10-binary.tar.gz .*{message}"):
        load_cifar10(root)
    assert os.listdir(root) == [path.name]


def test_hostile_archives(tmp_path: Path):
    root = tmp_path / "root"
    root.mkdir()
    content = cifar()
    inside = "cifar-10-batches-bin/data_batch_1.bin"

    def as_link(member: tarfile.TarInfo) -> None:
        if member.name == inside:
            member.type, member.linkname, member.size = tarfile.SYMTYPE, "/etc/passwd", 0

    refuses(root, archive(content, as_link), "lacks data_batch_1.bin")
    moved = {f"../{name}": data for name, data in content.items()}
    refuses(root, archive(moved), "lacks data_batch_1.bin, .*test_batch.bin")
    refuses(root, archive({f"/{name}": data for name, data in content.items()}), "lacks")
    assert os.listdir(tmp_path) == ["root"]
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name in (inside, inside):
            member = tarfile.TarInfo(name)
            member.size = 3073
            tar.addfile(member, io.BytesIO(bytes(3073)))
    refuses(root, buffer.getvalue(), "has cifar-10-batches-bin/data_batch_1.bin twice")
    refuses(root, b"", "is damaged or not the expected archive")
    refuses(root, b"\x80\x04\x95", "is damaged or not the expected archive")
    refuses(root, gzip.compress(b"hello" * 1000), "is damaged or not the expected archive")
    refuses(root, archive({}), "lacks")
    # the Python version of the dataset: pickles, which are not touched
    refuses(root, archive({"cifar-10-batches-py/data_batch_1": b"\x80\x04\x95"}), "lacks")


def test_bombs_of_archives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cifar_module, "UNPACKED", 2**20)
    tracemalloc.start()
    refuses(tmp_path, archive({"readme.txt": bytes(2**25)}), "unpacks to more than 1,048,576 bytes")
    # a header that would have tarfile read all that follows into memory
    member = tarfile.TarInfo("x")
    member.type, member.size = tarfile.XHDTYPE, 2**40
    packed = gzip.compress(member.tobuf(tarfile.GNU_FORMAT) + bytes(2**25))
    tracemalloc.reset_peak()
    refuses(tmp_path, packed, "unpacks to more than")
    assert tracemalloc.get_traced_memory()[1] < 2**23
    tracemalloc.stop()


def test_an_archive_cut_or_changed(tmp_path: Path):
    path = tmp_path / "cifar-10-binary.tar.gz"
    content = cifar()
    whole = archive(content)
    rng = np.random.default_rng(0)
    for cut in rng.integers(0, len(whole) - 40, 40):
        refuses(tmp_path, whole[:cut], "")
    tar = gzip.decompress(whole)
    for _ in range(200):  # damage in tar's own headers, behind a checksum of gzip that is right
        damaged = bytearray(tar)
        start = 512 * int(rng.choice([i for i in range(len(tar) // 512) if tar[512 * i : 512 * i + 6] == b"cifar-"]))
        for place in start + rng.integers(0, 512, 3):
            damaged[place] = rng.integers(256)
        path.write_bytes(gzip.compress(damaged, 1))
        with contextlib.suppress(ValueError):
            load_cifar10(tmp_path)
    assert os.listdir(tmp_path) == [path.name]


def test_the_bound_leaves_room_for_the_true_archive():
    assert 6 * 30_730_000 + 100_000 > cifar_module.UNPACKED > 6 * (30_730_000 + 1024) + 3 * 1024 + 10_240
    assert math.ceil(30_730_000 / 512) * 512 + 512 <= 30_730_000 + 1024


def test_no_pickle_and_no_network_on_import():
    import subprocess

    program = "import sys, minigrad.data; print(sorted({'pickle', 'urllib.request', 'tarfile', 'gzip', 'tqdm'} & set(sys.modules) - before))"
    found = subprocess.run(
        [sys.executable, "-c", "import sys, numpy; before = set(sys.modules)\n" + program],
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == "[]"
