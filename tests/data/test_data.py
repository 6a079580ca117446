"""Datasets, the loader and the transforms: every item once, the same for the same seed, and no thread left behind."""

from __future__ import annotations

import gc
import gzip
import hashlib
import itertools
import threading
import time
import traceback
import warnings
from pathlib import Path
from typing import Any

import make_digits
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad.data
from minigrad import Tensor
from minigrad.data import (
    ArrayDataset,
    Compose,
    DataLoader,
    Dataset,
    Normalize,
    RandomCrop,
    RandomHorizontalFlip,
    Subset,
    ToFloat,
    load_digits,
    random_split,
    read_idx,
)  # fmt: skip


class Items:
    """A dataset that has items only, and notes which were asked for and where."""

    def __init__(self, n: int = 10) -> None:
        self.n = n
        self.threads: set[str] = set()

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, i: int) -> tuple[Any, int]:
        self.threads.add(threading.current_thread().name)
        if not 0 <= i < self.n:
            raise IndexError(i)
        return np.full((2, 3), i, np.float32), i


def background() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name.startswith("minigrad-loader")]


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    assert background() == []


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


# Datasets


def test_an_array_dataset():
    x, y = np.arange(12.0).reshape(4, 3), [3, 1, 2, 0]
    data = ArrayDataset(x, y)
    assert isinstance(data, Dataset)
    assert len(data) == 4
    image, label = data[1]
    assert image.tolist() == [3.0, 4.0, 5.0]
    assert label == 1
    images, labels = data.batch(np.array([3, 0]))
    np.testing.assert_array_equal(images, x[[3, 0]])
    assert labels.tolist() == [0, 3]
    images[...] = 0  # a batch is a copy
    assert x[3, 0] == 9
    assert data.arrays[0] is x
    assert ArrayDataset(x)[2].tolist() == [6.0, 7.0, 8.0]
    assert ArrayDataset(Tensor(x, requires_grad=False))[2].tolist() == [6.0, 7.0, 8.0]
    assert repr(data) == "ArrayDataset(float64 (4, 3), int64 (4,))"
    assert [label for _, label in data] == y  # it ends, as a sequence does


@pytest.mark.parametrize(
    ("arrays", "kind", "message"),
    [
        ((), ValueError, "at least one array"),
        (([1.0], [1, 2]), ValueError, r"shapes \(1,\) and \(2,\) differ in length"),
        ((3.0,), TypeError, "argument 0 is not an array of numbers, got float"),
        (([1.0], ["a"]), TypeError, "argument 1 is not an array of numbers"),
        (([None],), TypeError, "argument 0 is not an array of numbers"),
        (([[1], [1, 2]],), TypeError, "argument 0 is not an array of numbers"),
    ],
)  # fmt: skip
def test_arrays_that_make_no_dataset(arrays: Any, kind: type[Exception], message: str):
    with pytest.raises(kind, match=f"ArrayDataset: .*{message}"):
        ArrayDataset(*arrays)


@pytest.mark.parametrize(
    "whole", [ArrayDataset(np.repeat(np.arange(10.0), 6).reshape(10, 2, 3).astype("f4"), np.arange(10)), Items()]
)
def test_a_subset(whole: Dataset):
    part = Subset(whole, [7, -1, 0, 7])
    assert len(part) == 4
    assert [label for _, label in part] == [7, 9, 0, 7]
    assert part[-1][1] == 7
    images, labels = part.batch(np.array([1, 1, 2]))
    assert images[:, 0, 0].tolist() == labels.tolist() == [9, 9, 0]
    again = Subset(part, [1, 3])
    assert [label for _, label in again] == [9, 7]
    assert again.batch(np.array([1, 0]))[1].tolist() == [7, 9]
    assert len(Subset(whole, [])) == 0
    for bad, kind in (([10], IndexError), ([-11], IndexError), ([0.5], TypeError), ([[0]], TypeError), ([True], TypeError)):
        with pytest.raises(kind, match="Subset: "):
            Subset(whole, bad)


def test_a_random_split_covers_everything_once():
    data = ArrayDataset(np.arange(11))
    parts = random_split(data, [5, 0, 6], rng())
    assert [len(p) for p in parts] == [5, 0, 6]
    assert sorted(np.concatenate([p.indices for p in parts])) == list(range(11))
    again = random_split(data, [5, 0, 6], rng())
    assert all((a.indices == b.indices).all() for a, b in zip(parts, again, strict=True))
    assert [len(p) for p in random_split(data, [0.5, 0.3, 0.2])] == [6, 3, 2]
    assert [len(p) for p in random_split(data, [1 / 3] * 3)] == [4, 4, 3]
    for lengths, message in (
        ([5, 5], "sum to the dataset's 11, but .* to 10"),
        ([0.5, 0.6], "sum to 1.1"),
        ([12, -1], "must not be negative"),
    ):
        with pytest.raises(ValueError, match=f"random_split: .*{message}"):
            random_split(data, lengths)


# The loader


@settings(deadline=None)
@given(n=st.integers(1, 30), size=st.integers(1, 12), shuffle=st.booleans(), drop=st.booleans(), prefetch=st.integers(0, 3), items=st.booleans())  # fmt: skip
def test_every_item_comes_once_in_batches_of_the_size(
    n: int, size: int, shuffle: bool, drop: bool, prefetch: int, items: bool
):
    if drop and n < size:
        return
    data = Items(n) if items else ArrayDataset(np.repeat(np.arange(n, dtype=np.float32), 6).reshape(n, 2, 3), np.arange(n))
    loader = DataLoader(data, size, shuffle, rng=rng(), drop_last=drop, prefetch=prefetch)
    for _ in range(2):
        batches = list(loader)
        assert len(batches) == len(loader) == (n // size if drop else -(-n // size))
        assert all(len(y) == size for _, y in batches[:-1])
        labels = np.concatenate([y for _, y in batches])
        assert labels.dtype == np.int64
        for x, y in batches:
            assert x.shape == (len(y), 2, 3)
            assert x.dtype == np.float32
            assert (x == y[:, None, None]).all()
        assert len(labels) == n - n % size if drop else sorted(labels) == list(range(n))
        assert shuffle or (labels == np.arange(len(labels))).all()


def test_each_epoch_has_an_order_of_its_own_and_a_seed_repeats_them():
    data = ArrayDataset(np.arange(100))

    def epochs(**options: Any) -> list[Any]:
        loader = DataLoader(data, 7, True, rng=rng(5), **options)
        return [np.concatenate(list(loader)).tolist() for _ in range(3)]

    first = epochs()
    assert first[0] != first[1] != first[2] != first[0]
    assert epochs() == epochs(prefetch=1) == epochs(prefetch=3) == first


class Slow:
    """A transform whose batches are done in another order than they were begun."""

    random = True

    def __call__(self, x: Any, rng: np.random.Generator) -> Any:
        time.sleep(0.004 if x.min() % 2 else 0)
        return x + rng.random(x.shape)


def test_prefetch_changes_no_number_of_a_random_transform():
    data = ArrayDataset(np.arange(60.0), np.arange(60))

    def run(prefetch: int) -> list[Any]:
        loader = DataLoader(data, 4, True, rng=rng(3), transform=Slow(), prefetch=prefetch)
        return [(x.tolist(), y.tolist()) for _ in range(2) for x, y in loader]

    expected = run(0)
    assert len({x % 1 for batch, _ in expected for x in batch}) == 120  # no two batches draw the same
    assert run(1) == run(4) == expected


def test_a_generator_whose_state_was_saved_goes_on_where_it_was():
    data = ArrayDataset(np.arange(20.0))
    generator = rng(1)
    loader = DataLoader(data, 6, True, rng=generator, transform=Slow())
    list(loader)
    state = generator.bit_generator.state
    second = [x.tolist() for x in loader]
    other = rng(99)
    other.bit_generator.state = state
    assert [x.tolist() for x in DataLoader(data, 6, True, rng=other, transform=Slow(), prefetch=2)] == second


def test_a_loader_without_chance_leaves_the_generator_alone():
    generator = rng()
    list(DataLoader(ArrayDataset(np.arange(5)), 2, rng=generator, transform=ToFloat()))
    assert generator.bit_generator.state == rng().bit_generator.state


def test_the_order_is_the_same_with_a_random_transform_and_without():
    data = ArrayDataset(np.arange(20.0), np.arange(20))
    for transform in (None, Slow()):
        loader = DataLoader(data, 20, True, rng=rng(), transform=transform)
        labels = [y.tolist() for _ in range(3) for _, y in loader]
        if transform is None:
            expected = labels
    assert labels == expected


@pytest.mark.parametrize("prefetch", [0, 2])
def test_items_of_every_kind_make_batches(prefetch: int):
    def first(items: Any) -> Any:
        return next(iter(DataLoader(items, 2, prefetch=prefetch)))

    assert first([1, 2, 3]).tolist() == [1, 2]
    assert first([0.5, 1.5]).dtype == np.float64
    assert first([Tensor(row, requires_grad=False) for row in ([1.0, 2.0], [3.0, 4.0])]).tolist() == [[1, 2], [3, 4]]
    x, y = first([([1, 2], True), [(3, 4), False]])
    assert x.tolist() == [[1, 2], [3, 4]]
    assert y.dtype == bool
    assert first(ArrayDataset([[1.0], [2.0], [3.0]])).tolist() == [[1.0], [2.0]]
    for items, kind, message in (
        ([np.zeros(2), np.zeros(3)], ValueError, r"shapes \(2,\) and \(3,\) cannot be stacked"),
        ([(1, 2), (1,)], ValueError, "tuples of different lengths"),
        ([(1, 2), 3], ValueError, "tuples of different lengths"),
        (["a", "b"], TypeError, "are not numbers, got str"),
        ([1.0, "b"], TypeError, "are not numbers, got str"),
    ):
        with pytest.raises(kind, match=f"DataLoader: .*{message}"):
            first(items)


def test_the_transform_gets_the_first_array_of_a_batch():
    data = ArrayDataset(np.arange(4, dtype=np.uint8), np.arange(4))
    x, y = next(iter(DataLoader(data, 4, transform=lambda x: x * 2.0)))
    assert x.tolist() == [0, 2, 4, 6]
    assert y.tolist() == [0, 1, 2, 3]
    assert next(iter(DataLoader(ArrayDataset(np.arange(4.0)), 4, transform=np.negative))).tolist() == [0, -1, -2, -3]


@pytest.mark.parametrize("prefetch", [0, 2])
@pytest.mark.parametrize("transform", [None, lambda x: x * 2.0])
def test_batches_are_read_only_and_the_data_is_not(prefetch: int, transform: Any):
    images, labels = np.arange(12.0).reshape(6, 2), np.arange(6)
    data = ArrayDataset(images, labels)
    items = [(image, label) for image, label in zip(images, labels, strict=True)]
    for dataset in (data, Subset(data, range(5)), items):
        for x, y in DataLoader(dataset, 2, prefetch=prefetch, transform=transform):
            for array in (x, y):
                with pytest.raises(ValueError, match="read-only"):
                    array[0] = 0
    (x,) = DataLoader(ArrayDataset(images), 6)
    assert not x.flags.writeable
    assert all(array.flags.writeable for array in (images, labels, *data.arrays))


def test_arrays_are_indexed_once_for_a_batch(monkeypatch: pytest.MonkeyPatch):
    calls = []
    batch = ArrayDataset.batch
    monkeypatch.setattr(ArrayDataset, "batch", lambda self, i: calls.append(len(i)) or batch(self, i))
    list(DataLoader(Subset(ArrayDataset(np.arange(50)), range(0, 50, 2)), 10))
    assert calls == [10, 10, 5]


@pytest.mark.parametrize("prefetch", [1, 3])
def test_a_loop_that_is_left_leaves_no_thread(prefetch: int):
    data = Items(1000)
    for i, _ in enumerate(DataLoader(data, 2, prefetch=prefetch)):
        if i == 3:
            assert background()
            break
    assert background() == []
    assert all(name.startswith("minigrad-loader") for name in data.threads)

    def fail() -> None:
        for x, _ in DataLoader(data, 2, prefetch=prefetch):
            x.no_such_method()

    with pytest.raises(AttributeError):
        fail()
    assert background() == []

    batches = iter(DataLoader(data, 2, prefetch=prefetch))
    assert background() == []  # nothing is begun before the first batch is asked for
    next(batches)
    assert background()
    del batches
    gc.collect()
    assert background() == []


def test_prefetch_stays_within_bounds():
    begun = []

    class Noting(Items):
        def __getitem__(self, i: int) -> Any:
            begun.append(i)
            return super().__getitem__(i)

    batches = iter(DataLoader(Noting(100), 1, prefetch=2))
    next(batches)
    time.sleep(0.05)
    assert 1 <= len(begun) <= 5  # the batch that was asked for, and two for each thread
    assert [int(y[0]) for _, y in batches] == list(range(1, 100))


@pytest.mark.parametrize("prefetch", [0, 1, 3])
def test_an_error_in_the_background_surfaces_where_it_happened(prefetch: int):
    def explode(i: int) -> Any:
        raise KeyError(f"item {i}")

    class Broken(Items):
        def __getitem__(self, i: int) -> Any:
            return explode(i) if i == 5 else super().__getitem__(i)

    seen = []
    with pytest.raises(KeyError, match="item 5") as caught:
        seen.extend(y.tolist() for _, y in DataLoader(Broken(), 2, prefetch=prefetch))
    assert seen == [[0, 1], [2, 3]]
    assert "explode" in [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert background() == []


def test_the_background_works_under_the_modes_of_the_loop():
    data = ArrayDataset(np.zeros(4), np.zeros(4))
    with np.errstate(divide="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error")
        for x, _ in DataLoader(data, 2, prefetch=2, transform=lambda x: 1 / x):
            assert np.isinf(x).all()
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        list(DataLoader(data, 2, prefetch=2, transform=lambda x: 1 / x))


def test_two_loops_over_one_loader_do_not_meet():
    loader = DataLoader(ArrayDataset(np.arange(9)), 2, prefetch=2)
    pairs = [(a.tolist(), b.tolist()) for a, b in zip(loader, loader, strict=True)]
    assert pairs == [(a, a) for a, _ in pairs]
    nested = [(a.tolist(), b.tolist()) for a, b in itertools.product(loader, loader)]
    assert len(nested) == 25


@pytest.mark.parametrize(
    ("dataset", "options", "kind", "message"),
    [
        (ArrayDataset(np.zeros((0, 3))), {}, ValueError, "the dataset is empty"),
        ([], {}, ValueError, "the dataset is empty"),
        ((np.zeros(3), np.zeros(3)), {}, TypeError, r"ArrayDataset\(images, labels\)"),
        (5, {}, TypeError, "which int does not have"),
        (iter([1]), {}, TypeError, "which list_iterator does not have"),
        ([1, 2], {"batch_size": 0}, ValueError, "batch_size must be at least 1, got 0"),
        ([1, 2], {"batch_size": -1}, ValueError, "batch_size must be at least 1, got -1"),
        ([1, 2], {"batch_size": 2.0}, TypeError, "batch_size must be an integer, got 2.0"),
        ([1, 2], {"batch_size": True}, TypeError, "batch_size must be an integer, got True"),
        ([1, 2], {"prefetch": -1}, ValueError, "prefetch must be at least 0, got -1"),
        ([1, 2], {"prefetch": None}, TypeError, "prefetch must be an integer"),
        ([1, 2], {"batch_size": 3, "drop_last": True}, ValueError, "2 items fill no batch of 3"),
        ([1, 2], {"rng": 0}, TypeError, "rng must be a numpy.random.Generator"),
        ([1, 2], {"transform": 3}, TypeError, "the transform must be a function"),
    ],
)  # fmt: skip
def test_what_makes_no_loader(dataset: Any, options: Any, kind: type[Exception], message: str):
    with pytest.raises(kind, match=f"DataLoader: .*{message}"):
        DataLoader(dataset, **options)


def test_the_repr_tells_what_it_loads():
    loader = DataLoader(Subset(ArrayDataset(np.zeros(4)), [1]), 3)
    assert repr(loader) == "DataLoader(Subset(1 of 4), batch_size=3, shuffle=False)"


# Transforms


def images(n: int = 40, dtype: Any = np.float32) -> Any:
    return np.arange(n * 3 * 5 * 6).reshape(n, 3, 5, 6).astype(dtype)


def test_to_float():
    x = np.arange(256, dtype=np.uint8)
    found = ToFloat()(x)
    assert found.dtype == np.float32
    assert found[-1] == 1
    np.testing.assert_array_equal(found, x.astype(np.float32) / np.float32(255))
    assert ToFloat(16, np.float64)(np.array([8]))[0] == 0.5
    y = np.ones(3, np.float32)
    ToFloat(2)(y)
    assert (y == 1).all()
    with pytest.raises(TypeError, match="ToFloat: dtype must be floating, got int32"):
        ToFloat(dtype=np.int32)
    with pytest.raises(ValueError, match="ToFloat: the divisor must not be 0"):
        ToFloat(0)


def test_normalize():
    x = images()
    found = Normalize([1, 2, 3], [2, 4, 8])(x)
    assert found.dtype == np.float32
    expected = (x - np.array([1, 2, 3], "f4").reshape(3, 1, 1)) / np.array([2, 4, 8], "f4").reshape(3, 1, 1)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(Normalize(0.5, 2)(x), (x - np.float32(0.5)) / 2)
    assert Normalize(0.5, 2)(x).dtype == np.float32
    assert Normalize([1, 2, 3], 2)(np.zeros((2, 3))).tolist() == [[-0.5, -1, -1.5]] * 2
    own = Normalize(x.mean((0, 2, 3)), x.std((0, 2, 3)))(x)
    np.testing.assert_allclose(own.mean((0, 2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(own.std((0, 2, 3)), 1, rtol=1e-5)
    with pytest.raises(TypeError, match=r"expected floats, got uint8; put ToFloat\(\) before it"):
        Normalize(0, 1)(x.astype(np.uint8))
    with pytest.raises(ValueError, match=r"expected 2 channels, got a batch of shape \(40, 3, 5, 6\)"):
        Normalize([0, 0], [1, 1])(x)
    for std in (0, -1, [1, 0], float("nan")):
        with pytest.raises(ValueError, match="std must be positive"):
            Normalize(0, std)


def test_random_crop_takes_a_window_of_each_image():
    x, p = images(), 2
    padded = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)), constant_values=-7)
    found = RandomCrop((4, 3), padding=p, fill=-7)(x, rng())
    assert found.shape == (40, 3, 4, 3)
    places = set()
    for image, window in zip(padded, found, strict=True):
        at = [(i, j) for i in range(6) for j in range(8) if (image[:, i : i + 4, j : j + 3] == window).all()]
        assert at
        places.add(at[0])
    assert len(places) > 15
    reached = {int(RandomCrop(1)(np.arange(6).reshape(1, 1, 2, 3), rng(s))[0, 0, 0, 0]) for s in range(80)}
    assert reached == set(range(6))  # every place, the last ones too
    np.testing.assert_array_equal(RandomCrop((5, 6))(x, rng()), x)
    assert RandomCrop(8, padding=2)(images(dtype=np.uint8), rng()).dtype == np.uint8
    np.testing.assert_array_equal(RandomCrop(4)(x, rng(1)), RandomCrop(4)(x, rng(1)))
    for size, padding in ((0, 0), ((2, 0), 0), ((1, 2, 3), 0), (2, -1)):
        with pytest.raises(ValueError, match="size must be at least 1 and padding at least 0"):
            RandomCrop(size, padding)
    with pytest.raises(ValueError, match=r"a crop of \(8, 8\) does not fit into images of \(5, 6\) padded by 1"):
        RandomCrop(8, 1)(x, rng())
    with pytest.raises(ValueError, match=r"\(N, C, H, W\), got shape \(3, 5, 6\)"):
        RandomCrop(2)(x[0], rng())


def test_random_horizontal_flip():
    x = images(400)
    before = x.copy()
    found = RandomHorizontalFlip()(x, rng())
    flipped = np.array([(a == b[..., ::-1]).all() for a, b in zip(found, x, strict=True)])
    kept = np.array([(a == b).all() for a, b in zip(found, x, strict=True)])
    assert (flipped ^ kept).all()
    assert 150 < flipped.sum() < 250
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(RandomHorizontalFlip(0)(x, rng()), x)
    np.testing.assert_array_equal(RandomHorizontalFlip(1)(x, rng()), x[..., ::-1])
    with pytest.raises(ValueError, match="p is a probability"):
        RandomHorizontalFlip(1.5)
    with pytest.raises(ValueError, match="expected images"):
        RandomHorizontalFlip()(x[0, 0], rng())


def test_compose():
    x = images(dtype=np.uint8)
    steps = [RandomCrop(4, padding=1), RandomHorizontalFlip(), ToFloat(), Normalize(0.5, 0.5)]
    both = Compose(steps)
    generator = rng(2)
    expected = steps[3](steps[2](steps[1](steps[0](x, generator), generator)))
    np.testing.assert_array_equal(both(x, rng(2)), expected)
    assert both.random
    assert not Compose(steps[2:]).random
    np.testing.assert_array_equal(Compose(steps[2:])(x), Normalize(0.5, 0.5)(ToFloat()(x)))
    np.testing.assert_array_equal(Compose([Compose(steps), np.negative])(x, rng(2)), -expected)
    np.testing.assert_array_equal(Compose([])(x), x)
    with pytest.raises(TypeError, match=r"pass a numpy\.random\.Generator second"):
        both(x)
    with pytest.raises(TypeError, match="a transform must be a function of a batch, got int"):
        Compose([3])
    assert repr(Compose(steps)) == (
        "Compose([RandomCrop((4, 4), padding=1), RandomHorizontalFlip(0.5), ToFloat(255, float32), Normalize(0.5, 0.5)])"
    )


# The shipped digits


def test_the_digits():
    train, test = load_digits()
    assert (len(train), len(test)) == (1442, 355)
    for part in (train, test):
        x, y = part.arrays
        assert x.shape[1:] == (1, 8, 8)
        assert (x.dtype, y.dtype) == (np.float32, np.int64)
        assert (x.min(), x.max()) == (0, 1)
        assert np.array_equal(x * 16, np.round(x * 16))
        assert np.ptp(np.bincount(y, minlength=10)) <= 7
    # how often each digit is in the test set of the source, as UCI tells
    both = np.concatenate([train.arrays[1], test.arrays[1]])
    assert np.bincount(both).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert np.bincount(test.arrays[1]).tolist() == [35, 36, 35, 36, 36, 36, 36, 35, 34, 36]
    assert load_digits()[0].arrays[0].tobytes() == train.arrays[0].tobytes()


def test_the_digits_are_the_published_ones(tmp_path: Path):
    """Back in the lines they were made of, they have the checksum of those; and made again, they are the same."""
    folder = Path(minigrad.data.__path__[0])
    names = ["digits-images-idx3-ubyte.gz", "digits-labels-idx1-ubyte.gz"]
    images, labels = (read_idx(folder / name) for name in names)
    table = np.column_stack([images.reshape(-1, 64), labels])
    lines = "".join(",".join(map(str, row)) + "\n" for row in table.tolist()).encode()
    assert hashlib.sha256(lines).hexdigest() == "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8"

    source = tmp_path / "digits.csv.gz"
    source.write_bytes(gzip.compress(lines))
    make_digits.main(str(source), str(tmp_path))
    for name in names:
        assert gzip.decompress((tmp_path / name).read_bytes()) == gzip.decompress((folder / name).read_bytes())
    source.write_bytes(gzip.compress(lines + b"\n"))
    with pytest.raises(SystemExit, match="has the SHA-256"):
        make_digits.main(str(source), str(tmp_path))
