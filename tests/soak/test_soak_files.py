"""Damaged files of every kind: each is read as what it is, or refused with one exception, in little memory."""

from __future__ import annotations

import gzip
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from idx_files import idx
from PIL import Image

import minigrad as mg
from minigrad import nn, optim
from minigrad.commands import modelfile
from minigrad.commands.image import read as read_image
from minigrad.data import DataLoader
from minigrad.data.cifar import NAMES, RECORD
from minigrad.data.digits import load_digits
from minigrad.nn.training_state import TrainingState

pytestmark = pytest.mark.slow
Rounds = Callable[[int, int], int]
FULL, FEW = 300, 25


def mutated(whole: bytes, rng: np.random.Generator) -> bytes:
    """A file with bytes changed, cut off, repeated, inserted or swapped; near its ends more often than in between."""
    data = bytearray(whole)
    for _ in range(rng.integers(1, 5)):
        near = rng.integers(3)
        at = int(rng.integers(len(data))) if near == 0 else int(rng.integers(min(len(data), 200)))
        at = len(data) - 1 - at if near == 2 else at
        match rng.integers(5):
            case 0 | 1:
                data[at] = rng.integers(256)
            case 2:
                data[at : at + 4] = rng.choice([b"\xff" * 4, bytes(4), b"\xff\xff\xff\x7f"])
            case 3:
                data[at:at] = data[at : at + int(rng.integers(1, 40))]
            case 4:
                del data[at : at + int(rng.integers(1, 40))]
        data = data or bytearray(b"\0")
    return bytes(data)


def run_of(seed: int = 0) -> tuple[TrainingState, nn.Module, optim.Optimizer]:
    """A small run to continue."""
    rng = np.random.default_rng(seed)
    model = nn.Sequential(nn.Linear(3, 4, rng=rng), nn.Dropout(0.5, rng=rng), nn.Linear(4, 2, rng=rng))
    adam = optim.Adam(model.parameters(), amsgrad=True)
    loader = DataLoader(mg.data.ArrayDataset(np.ones((4, 3)), np.array([0, 1, 0, 1])), 2, rng=rng)
    return TrainingState(model, [loader], adam, optim.OneCycleLR(adam, 0.1, total_steps=50)), model, adam


def trained_run() -> TrainingState:
    state, model, adam = run_of()
    for row in ({"loss": 0.5, "lr": 0.1}, {"loss": 0.4, "lr": 0.1}):
        for p in model.parameters():
            p.grad = np.ones(p.shape, p.dtype)
        adam.step()
        state.add(row)
    return state


def whole_state(state: TrainingState) -> str:
    """Everything that a run depends on, as text."""
    return repr((state._state(), state.history.rows, state.best))


def npz(folder: Path) -> Path:
    return mg.save({"w": np.arange(6.0).reshape(2, 3), "on": np.array([True, False])}, folder / "x.npz", {"k": "v"})


def compressed_npz(folder: Path) -> Path:
    np.savez_compressed(folder / "x.npz", w=np.zeros(2000), b=np.arange(3))
    return folder / "x.npz"


def safetensors(folder: Path) -> Path:
    return mg.save({"w": np.arange(6.0).reshape(2, 3), "on": np.array([True, False])}, folder / "x.safetensors", {"k": "v"})


def network(folder: Path) -> Path:
    about = modelfile.Trained("softmax", (1, 8, 8), list("0123456789"), [0.5], [0.5], 0.1)
    return modelfile.write(nn.models.build("softmax", (1, 8, 8), 10), about, folder / "x.npz")


def image(kind: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        picture = Image.fromarray(np.uint8(255 * load_digits()[1].arrays[0][0, 0])).convert("RGB").resize((24, 20))
        picture.save(folder / f"x.{kind}")
        return folder / f"x.{kind}"

    return write


def idx_gz(folder: Path) -> Path:
    (folder / "x.gz").write_bytes(gzip.compress(idx(np.arange(60, dtype=np.uint8).reshape(3, 4, 5))))
    return folder / "x.gz"


def cifar(folder: Path) -> Path:
    file = folder / "cifar-10-binary.tar.gz"
    with tarfile.open(file, "w:gz") as archive:
        for name in NAMES:
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            info.size = RECORD
            archive.addfile(info, io.BytesIO(bytes(RECORD)))
    return file


def read_cifar(file: Path) -> Any:
    from minigrad.data.cifar import _from_archive

    return _from_archive(file)


KINDS: dict[str, tuple[Callable[[Path], Path], Callable[[Path], Any]]] = {
    "npz": (npz, mg.load),
    "compressed npz": (compressed_npz, mg.load),
    "safetensors": (safetensors, mg.load),
    "network": (network, modelfile.read),
    **{k: (image(k), lambda file: read_image(str(file), (1, 8, 8), 0.1, "auto")) for k in ("png", "jpg", "gif", "bmp", "webp", "tiff")},
    "idx": (idx_gz, lambda file: mg.data.idx.read_idx(file, 1 << 20)),
    "cifar": (cifar, read_cifar),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_mutated_files(kind: str, rounds: Rounds, tmp_path: Path):
    write, read = KINDS[kind]
    file = write(tmp_path)
    whole, rng = file.read_bytes(), np.random.default_rng(sum(map(ord, kind)))
    expected = read(file) if "npz" in kind else None
    refused = read_all = 0
    for _ in range(rounds(FULL, FEW)):
        file.write_bytes(mutated(whole, rng))
        try:
            found = read(file)
        except mg.DamagedFileError as error:
            refused += file.name in str(error) and len(str(error)) < 600 + len(str(file))
        else:
            read_all += 1
            if expected is not None:  # its checksums leave nothing that is silently another number
                for name in found.keys() & expected.keys():
                    np.testing.assert_array_equal(found[name], expected[name])
    assert refused == rounds(FULL, FEW) - read_all > 0


JUNK = [None, True, -1, 0, 1e400, float("nan"), 2**70, "x", "", [], {}, [[[]]], -0.5, [1, 2], {"a": 1}]


def junk(value: Any, rng: np.random.Generator) -> Any:
    """A description in which one part, anywhere in it, is something else, or missing."""
    if isinstance(value, dict | list) and value and rng.random() < 0.85:
        out = dict(value) if isinstance(value, dict) else list(value)
        keys = list(out) if isinstance(out, dict) else range(len(out))
        key = keys[rng.integers(len(keys))]
        if rng.random() < 0.1:
            del out[key]
        else:
            out[key] = junk(out[key], rng)
        return out
    return JUNK[rng.integers(len(JUNK))]


def test_mutated_descriptions_of_checkpoints(rounds: Rounds, tmp_path: Path):
    file, rng = tmp_path / "run.npz", np.random.default_rng(1)
    trained_run().save(file)
    saved = mg.load(file)
    good = json.loads(saved.metadata["run"])
    state, _, adam = run_of(5)
    before, refused = whole_state(state), 0
    for _ in range(rounds(FULL, 60)):
        mg.save(saved, file, {"run": json.dumps(junk(good, rng))})
        try:
            state.load(file)
        except ValueError:
            refused += 1
            assert whole_state(state) == before
        else:  # as a number in the history, or one of the settings, may be any number
            adam._check(adam.param_groups[0])
            assert state.best.keys() == state.model.state_dict().keys()
            state, _, adam = run_of(5)
    assert refused > rounds(FULL, 60) // 2


def test_mutated_arrays_of_checkpoints(rounds: Rounds, tmp_path: Path):
    file, rng = tmp_path / "run.npz", np.random.default_rng(2)
    trained_run().save(file)
    saved = mg.load(file)
    state, *_ = run_of(5)
    before = whole_state(state)
    changes = [
        lambda v: np.full(v.shape, np.nan),
        lambda v: v[..., None],
        lambda v: v.astype(complex),
        lambda v: np.zeros((0, *v.shape)),
        lambda v: np.full(v.shape, -np.inf),
    ]
    for _ in range(rounds(FULL, 40)):
        name, change = rng.choice(list(saved)), changes[rng.integers(len(changes))]
        mg.save({**saved, str(name): change(saved[str(name)])}, file, saved.metadata)
        with pytest.raises(ValueError, match="nothing was changed"):
            state.load(file)
        assert whole_state(state) == before
    for name in saved:
        mg.save({k: v for k, v in saved.items() if k != name}, file, saved.metadata)
        with pytest.raises(ValueError, match="nothing was changed"):
            state.load(file)
    mg.save({**saved, "model.more": [1.0]}, file, saved.metadata)
    with pytest.raises(ValueError, match="unexpected: more"):
        state.load(file)
    assert whole_state(state) == before


SAVING = """
import sys
import numpy as np
import minigrad as mg
i = int(sys.argv[2])
while True:
    i += 1
    mg.save({"a": np.full(100_000, i), "b": np.full((3, 5), i)}, sys.argv[1], {"i": str(i)})
    print(i, flush=True)
"""
FITTING = """
import sys
import numpy as np
import minigrad as mg
x = np.random.default_rng(0).normal(size=(64, 4))
batches = mg.data.DataLoader(mg.data.ArrayDataset(x, (x[:, 0] > 0).astype(int)), 16, rng=np.random.default_rng(0))
model = mg.nn.Linear(4, 2, rng=np.random.default_rng(0))
adam = mg.optim.Adam(model.parameters())
class Telling:
    def __iter__(self):
        print("epoch", flush=True)
        return iter(batches)
    rng = batches.rng
mg.nn.fit(model, Telling(), mg.cross_entropy, adam, 10**6, checkpoint=sys.argv[1], resume=True, progress=False)
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("program", [SAVING, FITTING], ids=["save", "fit"])
def test_kills(program: str, rounds: Rounds, tmp_path: Path):
    """A process that is killed at any moment leaves a whole file, no older than the last one it told of."""
    file, rng, last = tmp_path / "x.npz", np.random.default_rng(3), 0
    for _ in range(rounds(100, 5)):
        child = subprocess.Popen([sys.executable, "-c", program, str(file), str(last)], stdout=subprocess.PIPE, text=True)
        with child:
            assert child.stdout is not None
            lines = [child.stdout.readline() for _ in range(2)]
            time.sleep(float(rng.uniform(0, 0.03)))
            child.send_signal(signal.SIGKILL)
        saved = mg.load(file)
        if program is SAVING:
            assert last < int(lines[1]) <= int(saved.metadata["i"])
            last = int(saved.metadata["i"])
            assert (saved["a"] == last).all()
            assert (saved["b"] == last).all()
        else:
            epochs = len(json.loads(saved.metadata["run"])["history"])
            assert epochs > last
            last = epochs
