"""The training loop: what it learns, how it goes on after a break, and how it ends when something is wrong."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, optim
from minigrad.data import ArrayDataset, DataLoader, RandomCrop
from minigrad.nn.history import History
from minigrad.nn.progress import Progress

SUFFIXES = [".npz", ".safetensors"]


def points(n: int = 120, seed: int = 0) -> ArrayDataset:
    """Points of the plane, in two classes that no line divides."""
    x = np.random.default_rng(seed).normal(size=(n, 2)).astype(np.float32)
    return ArrayDataset(x, (x[:, 0] * x[:, 1] > 0).astype(int))


def setup(kind: str = "adam", seed: int = 0) -> dict[str, Any]:
    """All that a run needs, with everything in it that draws or keeps numbers."""
    rng = np.random.default_rng(seed)
    model = nn.Sequential(
        nn.Linear(2, 16, rng=rng), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.2, rng=rng), nn.Linear(16, 2, rng=rng)
    )
    params = model.parameters()
    optimizer: Any = optim.SGD(params, 0.1, momentum=0.9) if kind == "sgd" else optim.Adam(params, 0.02)
    if kind == "plateau":
        schedule: Any = optim.ReduceLROnPlateau(optimizer, patience=0, factor=0.5)
    else:
        schedule = optim.CosineAnnealingLR(optimizer, 48) if kind == "adam" else optim.StepLR(optimizer, 2, 0.5)
    return {
        "model": model,
        "data": DataLoader(points(), 20, shuffle=True, rng=np.random.default_rng(seed + 1)),
        "loss": mg.cross_entropy,
        "optimizer": optimizer,
        "schedule": schedule,
        "schedule_each": "batch" if kind == "adam" else "epoch",
        "validation": DataLoader(points(40, 7), 40),
        "keep_best": False,
        "progress": False,
    }


def run(parts: dict[str, Any], epochs: int, **options: Any) -> History:
    return nn.fit(**{**parts, "epochs": epochs, **options})


def numbers(parts: dict[str, Any], history: History) -> list[Any]:
    """Everything that two equal runs have in common, the time that they take apart."""
    rows = [{k: v for k, v in row.items() if k != "seconds"} for row in history.rows]
    return [rows, *(v.tobytes() for v in parts["model"].state_dict().values())]


class Bad:
    """A loader that does something before one of its batches, once."""

    def __init__(self, loader: Any, at: int, what: Any) -> None:
        self.loader, self.left, self.what, self.rng = loader, at, what, loader.rng

    def __iter__(self) -> Any:
        for x, y in self.loader:
            self.left -= 1
            yield self.what(x, y) if self.left == 0 else (x, y)


def interrupt(x: Any, y: Any) -> Any:
    raise KeyboardInterrupt


# Training


def test_a_run_learns_and_a_seed_repeats_it():
    first, second = setup(), setup()
    one, two = run(first, 8), run(second, 8)
    assert numbers(first, one) == numbers(second, two)
    assert one["val_accuracy"][-1] > 0.75
    assert one["loss"][-1] < one["loss"][0] / 1.5
    assert one.names == ["loss", "accuracy", "val_loss", "val_accuracy", "lr", "seconds"]
    assert len(one) == 8


def test_the_loop_is_the_one_written_out():
    """Two epochs by hand, with nothing but the engine and the optimiser."""
    a, b = setup("sgd"), setup("sgd")
    history = run(a, 2, clip_norm=0.5)
    model, optimizer = b["model"], b["optimizer"]
    for epoch in range(2):
        total, right = 0.0, 0
        for x, y in b["data"]:
            optimizer.zero_grad()
            out = model(x)
            loss = mg.cross_entropy(out, y)
            loss.backward()
            optim.clip_grad_norm_(model.parameters(), 0.5)
            optimizer.step()
            total, right = total + loss.item() * len(y), right + int(np.sum(np.argmax(out.data, 1) == y))
        b["schedule"].step()
        assert history["loss"][epoch] == total / 120
        assert history["accuracy"][epoch] == right / 120
    for p, q in zip(a["model"].parameters(), model.parameters(), strict=True):
        np.testing.assert_array_equal(p.data, q.data)


def test_evaluate_is_as_after_training_and_leaves_the_model_alone():
    parts = setup()
    model = parts["model"]
    before = numbers(parts, History())
    found = nn.evaluate(model, DataLoader(points(50), 20), mg.cross_entropy)
    assert numbers(parts, History()) == before
    assert model.training
    model.eval()
    x, y = points(50).arrays
    with mg.no_grad():
        out = model(x)
    assert found["loss"] == pytest.approx(float(mg.cross_entropy(out, y)), rel=1e-6)
    assert found["accuracy"] == np.mean(np.argmax(out.data, 1) == y)


def test_a_regression_has_no_accuracy():
    x = np.linspace(-1, 1, 32, dtype=np.float32)[:, None]
    model = nn.Linear(1, 1, rng=np.random.default_rng(0))
    history = nn.fit(model, [(x, 2 * x + 1)], mg.mse_loss, optim.SGD(model.parameters(), 0.5), 80, progress=False)
    assert history.names == ["loss", "lr", "seconds"]
    np.testing.assert_allclose([model.weight.data.item(), model.bias.data.item()], [2, 1], atol=1e-3)


def test_early_stop_and_the_best_weights():
    parts = setup()
    states = []
    model = parts["model"]
    steps = iter([0.02, 0.02] + [5.0] * 20)  # two good epochs, and then it is thrown about

    class Thrown(optim.Scheduler):
        def rate(self, base: float, epoch: int) -> float:
            states.append(model.state_dict())
            return next(steps)

    parts |= {"schedule": Thrown(parts["optimizer"]), "schedule_each": "epoch", "keep_best": None}
    history = run(parts, 20, patience=3)
    assert history.waited == 3
    assert len(history) == history.best + 3 < 20
    for key, value in states[history.best].items():
        np.testing.assert_array_equal(model.state_dict()[key], value)
    assert nn.evaluate(model, parts["validation"], mg.cross_entropy)["loss"] == min(history["val_loss"])


# History


def test_history_tells_the_best_epoch_past_what_is_not_a_number():
    history = History(
        [{"loss": 3.0, "val_loss": float("nan")}, {"loss": 1.0, "val_loss": 2.0}, {"loss": 0.5, "val_loss": 2.5}]
    )
    assert (history.best, history.waited) == (2, 1)
    assert History([{"loss": float("nan")}]).best == 1
    assert (History().best, History().waited, str(History())) == (0, 0, "epoch")
    with pytest.raises(KeyError, match="the history has no 'error'; it has loss, val_loss"):
        history["error"]


def test_history_is_plotted(tmp_path: Path):
    history = run(setup(), 3)
    figure = history.plot()
    losses, accuracies = figure.axes
    assert [line.get_label() for line in losses.lines] == ["training", "validation"]
    np.testing.assert_array_equal(losses.lines[0].get_ydata(), history["loss"])
    np.testing.assert_array_equal(accuracies.lines[1].get_ydata(), history["val_accuracy"])
    figure.savefig(tmp_path / "curves.png")
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ValueError, match="no epoch yet"):
        History().plot()


def test_progress_is_a_line_for_each_epoch_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]):
    run(setup(), 2, progress=True)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split("  ")[0] for line in lines] == ["epoch 1/2", "epoch 2/2"]
    assert all("loss=" in line and "val_accuracy=" in line for line in lines)


def test_progress_is_a_bar_on_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with Progress("epoch 1/1", 200, True) as bar:
        bar.update(150, {"loss": 0.5, "accuracy": 0.75})
        bar.end({"loss": 0.25, "seconds": 1.0})
    shown = capsys.readouterr().err
    assert "epoch 1/1:  75%" in shown
    assert "150/200" in shown
    assert " items/s" in shown
    assert "loss=0.25]" in shown


# Going on after a break


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("kind", ["adam", "sgd", "plateau"])
def test_a_run_that_is_continued_comes_to_the_same_numbers(kind: str, suffix: str, tmp_path: Path):
    file = tmp_path / f"run{suffix}"
    whole, before, after = setup(kind), setup(kind), setup(kind, seed=99)
    expected = numbers(whole, run(whole, 6))
    run(before, 2, checkpoint=file, resume=True)  # there is none yet
    run(before, 4, checkpoint=file, resume=True)  # in the same process
    assert numbers(after, run(after, 6, checkpoint=file, resume=True)) == expected  # in another, which began otherwise
    again = setup(kind, seed=5)
    assert numbers(again, run(again, 6, checkpoint=file, resume=True)) == expected  # there is nothing left to do


def test_an_interrupted_epoch_is_begun_anew(tmp_path: Path):
    file = tmp_path / "run.npz"
    whole, broken, after = setup(), setup(), setup(seed=99)
    expected = numbers(whole, run(whole, 5))
    broken["data"] = Bad(broken["data"], 15, interrupt)  # in the third epoch
    assert len(run(broken, 5, checkpoint=file)) == 2
    assert numbers(after, run(after, 5, checkpoint=file, resume=True)) == expected


@pytest.mark.parametrize("bits", ["MT19937", "Philox", "SFC64"])
def test_other_generators_continue_too(bits: str, tmp_path: Path):
    file = tmp_path / "run.npz"
    runs = [setup() for _ in range(2)]
    for seed, parts in enumerate(runs):
        parts["data"] = DataLoader(points(), 20, shuffle=True, rng=np.random.Generator(getattr(np.random, bits)(seed)))
    history = run(runs[0], 2, checkpoint=file)
    assert len(history) == 2
    ahead = run(runs[0], 3, checkpoint=None, resume=False)
    continued = run(runs[1], 3, checkpoint=file, resume=True)
    assert continued["loss"][2] == ahead["loss"][0]


def test_random_transforms_continue_too(tmp_path: Path):
    x = np.random.default_rng(0).normal(size=(20, 1, 4, 4)).astype(np.float32)
    data = ArrayDataset(x, np.arange(20) % 3)

    def start(seed: int) -> dict[str, Any]:
        rng = np.random.default_rng(seed)
        model = nn.Sequential(nn.Flatten(), nn.Linear(16, 3, rng=rng))
        loader = DataLoader(data, 6, shuffle=True, rng=rng, transform=RandomCrop(4, padding=1), prefetch=1)
        return {
            "model": model, "data": loader, "loss": mg.cross_entropy, "optimizer": optim.Adam(model.parameters()),
            "progress": False,
        }  # fmt: skip

    one, two, three = start(0), start(0), start(1)
    expected = numbers(one, run(one, 4))
    run(two, 2, checkpoint=tmp_path / "run.npz")
    assert numbers(three, run(three, 4, checkpoint=tmp_path / "run.npz", resume=True)) == expected


def other(change: str) -> dict[str, Any]:
    """A run that differs from `setup()` in one thing."""
    parts = setup(seed=3)
    model, optimizer = parts["model"], parts["optimizer"]
    if change == "model":
        rng = np.random.default_rng(3)
        parts["model"] = nn.Sequential(nn.Linear(2, 8, rng=rng), nn.Dropout(0.2, rng=rng), nn.Linear(8, 2, rng=rng))
        parts["optimizer"] = optim.Adam(parts["model"].parameters())
        parts["schedule"] = optim.CosineAnnealingLR(parts["optimizer"], 48)
    elif change == "optimizer":
        parts["optimizer"] = optim.AdamW(model.parameters())
    elif change == "schedule":
        parts["schedule"] = optim.StepLR(optimizer, 2)
    elif change == "no schedule":
        parts["schedule"] = None
    elif change == "groups":
        first, *rest = model.parameters()
        parts["optimizer"] = optim.Adam([{"params": [first]}, {"params": rest}])
        parts["schedule"] = optim.CosineAnnealingLR(parts["optimizer"], 48)
    elif change == "generators":
        parts["data"] = DataLoader(points(), 20, shuffle=True, rng=np.random.Generator(np.random.Philox(0)))
    return parts


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("model", r"the state does not fit Sequential; .*unexpected: .*wrong: 0.weight is \(8, 2\), got \(16, 2\)"),
        ("optimizer", "is of a run with Adam, .*; this one has AdamW"),
        ("schedule", "CosineAnnealingLR.*; this one has Adam, StepLR"),
        ("no schedule", "CosineAnnealingLR.*; this one has Adam, PCG64"),
        ("groups", r"groups have \[1, 5\] parameters, saved were \[6\]"),
        ("generators", "this one has Adam, CosineAnnealingLR, Philox, PCG64"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused_and_nothing_is_changed(change: str, message: str, tmp_path: Path):
    run(setup(), 2, checkpoint=tmp_path / "run.npz")
    parts = other(change)
    before = numbers(parts, History())
    rate, drawn = parts["optimizer"].param_groups[0]["lr"], parts["data"].rng.bit_generator.state
    with pytest.raises(ValueError, match=message):
        run(parts, 4, checkpoint=tmp_path / "run.npz", resume=True)
    assert numbers(parts, History()) == before
    assert not parts["optimizer"].state
    assert parts["optimizer"].param_groups[0]["lr"] == rate
    assert str(parts["data"].rng.bit_generator.state) == str(drawn)


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path):
    file = tmp_path / "run.npz"
    mg.save(setup()["model"], file)
    with pytest.raises(ValueError, match="holds no training run to resume"):
        run(setup(), 1, checkpoint=file, resume=True)
    mg.save({"x": [1.0]}, file, {"run": "{}"})
    with pytest.raises(ValueError, match="holds a damaged training run"):
        run(setup(), 1, checkpoint=file, resume=True)
    file.write_bytes(b"PK\x03\x04 half a file")
    with pytest.raises(ValueError, match="damaged"):
        run(setup(), 1, checkpoint=file, resume=True)


# Ctrl-C


def test_ctrl_c_keeps_the_best_weights():
    for broken in (setup("sgd"), {**setup("sgd"), "keep_best": True}):
        whole = setup("sgd")
        states = []
        history = [run(whole, 1)["val_loss"][0]]
        states.append(whole["model"].state_dict())
        for _ in range(3):
            history.append(run(whole, 1)["val_loss"][0])
            states.append(whole["model"].state_dict())
        broken["data"] = Bad(broken["data"], 6 * 4 + 3, interrupt)  # in the fifth epoch
        found = run(broken, 9)
        assert found.interrupted
        assert found["val_loss"] == history
        for key, value in states[found.best - 1].items():
            np.testing.assert_array_equal(broken["model"].state_dict()[key], value)


def test_ctrl_c_in_the_first_epoch_keeps_what_was_learned():
    parts = setup()
    before = numbers(parts, History())
    parts["data"] = Bad(parts["data"], 4, interrupt)
    history = run(parts, 3)
    assert history.interrupted
    assert len(history) == 0
    assert numbers(parts, History()) != before


CHILD = """
import sys
sys.path.insert(0, {tests!r})
from test_fit import setup, run, numbers
import hashlib, time
parts = setup()
class Slow:
    def __init__(self, loader):
        self.loader, self.rng = loader, loader.rng
    def __iter__(self):
        for batch in self.loader:
            time.sleep({pause})
            yield batch
parts["data"] = Slow(parts["data"])
parts["progress"] = True
history = run(parts, {epochs}, checkpoint={file!r}, resume=True)
print(len(history), history.best, history.interrupted, hashlib.sha256(repr(numbers(parts, history)).encode()).hexdigest())
"""


def child(file: Path, pause: float, epochs: int) -> subprocess.Popen[str]:
    code = CHILD.format(tests=str(Path(__file__).parent), file=str(file), pause=pause, epochs=epochs)
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_real_interrupt(tmp_path: Path):
    process = child(tmp_path / "run.npz", 0.02, 1000)
    assert process.stderr
    for _ in range(2):  # epochs, each with its line
        process.stderr.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    epochs, best, interrupted, _ = out.split()
    assert interrupted == "True"
    assert 1 <= int(epochs) < 100
    assert 1 <= int(best) <= int(epochs)
    assert "Traceback" not in err


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_killed_at_any_moment_and_continued_it_comes_to_the_same_numbers(tmp_path: Path):
    whole = child(tmp_path / "whole.npz", 0, 15)
    expected, err = whole.communicate(timeout=60)
    assert whole.returncode == 0, err
    chance, file, kills = random.Random(0), tmp_path / "run.npz", 0
    for _ in range(4):
        process = child(file, 0.004, 15)
        assert process.stderr
        process.stderr.readline()
        time.sleep(chance.uniform(0, 0.1))
        process.kill()
        process.communicate(timeout=60)
        kills += process.returncode != 0
    assert kills >= 2
    last = child(file, 0, 15)
    out, err = last.communicate(timeout=60)
    assert last.returncode == 0, err
    assert out == expected
    assert "epoch 1/15" not in err


# What goes wrong


def test_a_loss_that_is_nan_names_its_operation_and_the_checkpoint_stays(tmp_path: Path):
    parts, file = setup(), tmp_path / "run.npz"
    count = iter(range(100))

    @np.errstate(invalid="ignore")
    def loss(out: Any, y: Any) -> Any:
        return mg.cross_entropy(mg.sqrt(out - 100) if next(count) >= 20 else out, y)  # from the third epoch on

    history: list[Any] = []
    parts["schedule"].step = lambda: history.append(parts["model"].state_dict())
    with pytest.raises(FloatingPointError, match=r"the loss became nan; sqrt: the value has") as caught:
        run({**parts, "validation": None}, 6, loss=loss, checkpoint=file)
    assert "test_fit.py" in str(caught.value)
    assert caught.value.__notes__ == ["in epoch 4/6, batch 3", "the model has its weights of epoch 3"]
    saved = mg.load(file)
    for key, value in parts["model"].state_dict().items():
        np.testing.assert_array_equal(value, history[17][key])  # after the last batch of epoch 3
        np.testing.assert_array_equal(saved[f"model.{key}"], value)


@pytest.mark.parametrize("spoiled", ["weight", "data", "step"])
def test_what_is_not_finite_is_found_in_the_weights_or_the_data(spoiled: str):
    parts = setup()
    parts |= {"schedule": None, "validation": None, "schedule_each": "epoch"}
    if spoiled == "weight":
        parts["model"][4].weight.data[0, 0] = np.inf
        message = "4.weight has non-finite elements"
    elif spoiled == "data":
        parts["data"] = Bad(parts["data"], 2, lambda x, y: (x * np.nan, y))
        message = "the data of this batch has non-finite elements"
    else:
        parts["optimizer"] = optim.SGD(parts["model"].parameters(), 1e30)
        message = "try a smaller learning rate|overflow|inf"
    before = numbers(parts, History())
    with np.errstate(all="ignore"), pytest.raises(FloatingPointError, match=message) as caught:
        run(parts, 3)
    assert "the model has its initial weights" in caught.value.__notes__
    assert numbers(parts, History()) == before


@pytest.mark.parametrize("label", [2, -1])
def test_a_label_that_is_no_class_names_its_batch_and_nothing_is_changed(label: int):
    parts = setup()
    parts["data"] = Bad(parts["data"], 3, lambda x, y: (x, np.full_like(y, label)))
    before = numbers(parts, History())
    with pytest.raises((ValueError, IndexError), match=f"cross_entropy: .*{label}") as caught:
        run(parts, 3)
    assert caught.value.__notes__ == ["in epoch 1/3, batch 3", "the model has its initial weights"]
    assert numbers(parts, History()) == before


@pytest.mark.parametrize("data", [[], iter([]), [(np.zeros((0, 2), np.float32), np.zeros(0, int))]])
def test_data_without_items_are_refused(data: Any):
    parts = setup()
    with pytest.raises(ValueError, match="fit: the data has no batches, or only empty ones"):
        run({**parts, "data": data}, 1)
    with pytest.raises(ValueError, match=r"evaluate: the data has no batches"):
        nn.evaluate(parts["model"], data, mg.cross_entropy)
    with pytest.raises(ValueError, match="DataLoader: the dataset is empty"):
        DataLoader(ArrayDataset(np.zeros((0, 2))))


@pytest.mark.parametrize("batch", [np.zeros((3, 2)), (np.zeros((3, 2)),), "xy"])
def test_batches_that_are_no_pairs_are_refused(batch: Any):
    with pytest.raises(TypeError, match=r"fit: a batch is a pair \(x, y\)"):
        run({**setup(), "data": [batch]}, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": -1}, "epochs is a non-negative integer"),
        ({"epochs": 1.5}, "epochs is a non-negative integer"),
        ({"patience": -1}, "patience is a non-negative integer"),
        ({"schedule_each": "step"}, "schedule_each is 'epoch' or 'batch'"),
        ({"resume": True}, "resume=True needs checkpoint="),
        ({"checkpoint": "run.pt"}, "ends in .npz or .safetensors"),
        ({"checkpoint": "no/such/folder/run.npz"}, "there is no folder 'no/such/folder'"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(options: dict[str, Any], message: str):
    parts = setup()
    before = numbers(parts, History())
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        run(parts, **{"epochs": 1, **options})
    assert numbers(parts, History()) == before
    plateau = setup("plateau")
    with pytest.raises(ValueError, match="ReduceLROnPlateau follows the loss of each epoch"):
        run(plateau, 1, schedule_each="batch")


def test_a_full_disk_is_a_warning_and_training_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    whole, parts, file = setup(), setup(), tmp_path / "run.npz"
    expected = numbers(whole, run(whole, 5))
    fsync, calls = os.fsync, iter(range(100))

    def full(handle: int) -> None:
        if next(calls) // 2 in (1, 2):  # the file and its folder are flushed in each epoch
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", full)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        history = run(parts, 5, checkpoint=file)
    texts = [str(w.message) for w in caught]
    assert texts
    assert all("is not in the checkpoint, and training goes on: " in text and "No space left" in text for text in texts)
    assert "the old file is unchanged" in texts[0]
    assert numbers(parts, history) == expected
    monkeypatch.undo()
    after = setup(seed=4)
    assert numbers(after, run(after, 5, checkpoint=file, resume=True)) == expected
    assert [p.name for p in tmp_path.iterdir()] == ["run.npz"]


@pytest.mark.skipif(os.name == "nt", reason="limits of POSIX")
def test_no_room_at_all_leaves_the_old_checkpoint_whole(tmp_path: Path):
    """The real thing: a limit on the size of files stands for a disk without room."""
    code = """
import resource, signal, sys, warnings
sys.path.insert(0, {tests!r})
from test_fit import setup, run
parts = setup()
run(parts, 2, checkpoint={file!r})
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))
warnings.simplefilter("always")
history = run(parts, 4, checkpoint={file!r}, resume=True)
print(len(history))
"""
    file = tmp_path / "run.npz"
    done = subprocess.run(
        [sys.executable, "-c", code.format(tests=str(Path(__file__).parent), file=str(file))],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout == "4\n", done.stderr
    assert "epoch 3 is not in the checkpoint" in done.stderr
    after = setup(seed=4)
    assert len(run(after, 2, checkpoint=file, resume=True)) == 2
    assert [p.name for p in tmp_path.iterdir()] == ["run.npz"]
