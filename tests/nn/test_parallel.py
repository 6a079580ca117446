"""Training in several processes, by a real MPI: the same weights as in one, and an end when one of them fails."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.nn.parallel import Group

MPIEXEC = shutil.which("mpiexec", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
PRELUDE = f"""
import os, signal, sys, time
import numpy as np
sys.path.insert(0, {str(Path(__file__).parent)!r})
import minigrad as mg
from minigrad import nn, optim
from minigrad.data import DataLoader
from minigrad.nn.parallel import Group
from test_parallel import data, net
group = Group.world()
"""

pytest.importorskip("mpi4py")
needs_mpi = pytest.mark.skipif(MPIEXEC is None, reason="no mpiexec: install the extra mpi")


def data(n: int = 50) -> Any:
    """Points in three classes."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(n, 4))
    return mg.data.ArrayDataset(x, np.argmax(x[:, :3], axis=1))


def net(seed: int) -> Any:
    """A network in double precision, with parameters that nothing uses and one that is a single number."""
    nn, rng = mg.nn, np.random.default_rng(seed)

    class Net(nn.Module):
        def __init__(self) -> None:
            self.body = nn.Sequential(nn.Linear(4, 8, rng=rng), nn.Tanh(), nn.LayerNorm(8), nn.Linear(8, 3, rng=rng))
            self.unused = nn.Linear(2, 2, rng=np.random.default_rng(0))
            self.scale = mg.Tensor(1.5)

        def forward(self, x: Any) -> Any:
            return self.body(x) * self.scale

    return Net().double()


def mpi(n: int, code: str, *args: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    """Run a program in n processes."""
    assert MPIEXEC
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", PRELUDE + code, *args] if code else [sys.executable, "-m", "minigrad", *args]
    return subprocess.run(
        [MPIEXEC, "-n", str(n), *command], capture_output=True, text=True, timeout=timeout, env=environment, check=False
    )


TRAIN = """
model = net(group.rank)  # other first weights in each process: those of the first are taken
loader = DataLoader(data(), {size}, shuffle=True, rng=np.random.default_rng(1))
optimizer = optim.Adam(model.parameters(), 0.01, weight_decay=0.1)
schedule = optim.StepLR(optimizer, 2)
history = nn.fit(model, loader, mg.cross_entropy, optimizer, {epochs}, validation=DataLoader(data(7), 4), schedule=schedule,
                 clip_norm=0.5, group=group, progress=True, checkpoint=sys.argv[2], resume=True)
assert group.rank == 0 or not os.environ.get("ALONE")
mg.save({{**model.state_dict(), "loss": history["loss"], "val_loss": history["val_loss"], "accuracy": history["accuracy"]}},
        sys.argv[1].format(group.rank))
"""


@needs_mpi
@pytest.mark.parametrize(("n", "size"), [(2, 15), (3, 16), (3, 49)])  # the last batches: 5, 2 and 1
def test_the_same_weights_as_in_one_process(n: int, size: int, tmp_path: Path):
    code = TRAIN.format(size=size, epochs=4)
    alone = subprocess.run(
        [sys.executable, "-c", PRELUDE + code, str(tmp_path / "alone{}.npz"), str(tmp_path / "alone-run.npz")],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert alone.returncode == 0, alone.stderr
    done = mpi(n, code, str(tmp_path / "rank{}.npz"), str(tmp_path / "run.npz"))
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("epoch 1/4") == 1
    expected = mg.load(tmp_path / "alone0.npz")
    start = net(0).state_dict()
    for rank in range(n):
        found = mg.load(tmp_path / f"rank{rank}.npz")
        assert found.keys() == expected.keys()
        for key, value in expected.items():
            np.testing.assert_allclose(found[key], value, rtol=1e-8, atol=1e-10, err_msg=f"{rank} {key}")
    assert not np.array_equal(expected["body.0.weight"], start["body.0.weight"])
    np.testing.assert_array_equal(expected["unused.weight"], start["unused.weight"])


@needs_mpi
def test_several_processes_continue_from_a_checkpoint(tmp_path: Path):
    whole, run, other = (str(tmp_path / name) for name in ("whole{}.npz", "run.npz", "other.npz"))
    assert mpi(2, TRAIN.format(size=16, epochs=4), whole, other).returncode == 0
    for epochs in (2, 4):
        done = mpi(2, TRAIN.format(size=16, epochs=epochs), str(tmp_path / "parts{}.npz"), run)
        assert done.returncode == 0, done.stderr
    expected = mg.load(whole.format(0))
    for rank in range(2):
        found = mg.load(tmp_path / f"parts{rank}.npz")
        for key in expected:
            np.testing.assert_array_equal(found[key], expected[key], err_msg=key)


@needs_mpi
def test_sums_of_arrays_of_several_kinds():
    code = """
a, b, c = np.full((2, 3), group.rank + 1.0, np.float32), np.asfortranarray(np.arange(6.0).reshape(2, 3)), np.array(2.0)
group.sum([a, b.T, c])
assert (a == 3).all() and (b == 2 * np.arange(6.0).reshape(2, 3)).all() and c == 4 and a.dtype == np.float32
group.sum([])
first = np.array([group.rank + 5]), np.array(group.rank > 0)
group.copy_first(first)
assert first[0] == 5 and not first[1]
parts = [group.part(k) for k in range(5)]
assert [p.stop - p.start for p in parts] == ([0, 0, 1, 1, 2], [0, 1, 1, 2, 2])[group.rank]
print("all of it")
"""
    done = mpi(2, code)
    assert (done.returncode, done.stdout.count("all of it")) == (0, 2), done.stderr


FAIL = """
class Loader:
    def __init__(self):
        self.loader, self.epochs = DataLoader(data(), 10, shuffle=True, rng=np.random.default_rng(1)), 0
        self.rng = self.loader.rng
    def __iter__(self):
        self.epochs += 1
        for number, (x, y) in enumerate(self.loader, 1):
            if (self.epochs, number, group.rank) == (4, 3, {rank}):
                {what}
            yield x, y
model = net(0)
nn.fit(model, Loader(), mg.cross_entropy, optim.Adam(model.parameters()), 1000, group=group, checkpoint=sys.argv[1], progress=False)
"""


@needs_mpi
@pytest.mark.parametrize(
    ("rank", "what", "message"),
    [
        (0, "raise OSError('the disk has gone')", "process 0 of 2 failed, so all processes end"),
        (1, "y = y + 100", "in epoch 4/1000, batch 3"),
        (0, "x = x * np.nan", "the data of this batch has non-finite elements"),
        (0, "os.kill(os.getpid(), signal.SIGKILL)", "KILLED BY SIGNAL: 9|BAD TERMINATION"),
        (1, "os.kill(os.getpid(), signal.SIGKILL)", "KILLED BY SIGNAL: 9|BAD TERMINATION"),
    ],
)
def test_when_one_process_fails_all_end(rank: int, what: str, message: str, tmp_path: Path):
    file = tmp_path / "run.npz"
    done = mpi(2, FAIL.format(rank=rank, what=what), str(file), timeout=30)
    assert done.returncode != 0
    text = done.stdout + done.stderr
    assert any(part in text for part in message.split("|")), text
    assert len(json.loads(mg.load(file).metadata["run"])["history"]) == 3
    assert [p.name for p in tmp_path.iterdir()] == ["run.npz"]


UNLIKE = """
r = group.rank
model, epochs, size, n, rng, clip = net(0), 2, 10, 50, 1, None
if r == group.size - 1:
    {what}
loader = DataLoader(data(n), size, shuffle=True, rng=np.random.default_rng(rng))
class Stream:
    def __iter__(self):
        return iter(list(loader))
nn.fit(model, loader if {sized} else Stream(), mg.cross_entropy, optim.Adam(model.parameters()), epochs, group=group, clip_norm=clip, progress=False)
"""


@needs_mpi
@pytest.mark.parametrize(
    ("n", "what", "sized", "message"),
    [
        (2, "epochs = 3", True, "process 1 has epochs 3, and process 0 2"),
        (3, "n = 40", True, "process 2 has batches (4, 40, "),
        (2, "size = 5", True, "process 1 has batches (10, 50, "),
        (2, "rng = 2", True, "process 1 has batches (5, 50, "),
        (2, "clip = 1.0", True, "process 1 has clip norm 1.0, and process 0 None"),
        (2, "model = nn.Linear(4, 3).double()", True, "process 1 has parameters [(3, 4), (3,)]"),
        (2, "n = 40", False, "has only |the processes have other batches"),  # whichever process is the first to notice
        (3, "size = 5", False, "the processes have other batches"),
    ],
)
def test_processes_that_are_given_something_else_end(n: int, what: str, sized: bool, message: str):
    done = mpi(n, UNLIKE.format(what=what, sized=sized), timeout=30)
    assert done.returncode != 0
    assert re.search("|".join(map(re.escape, message.split("|"))), done.stderr)


@needs_mpi
@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("whom", ["the launcher", "the second process"])
def test_ctrl_c_saves_the_network_as_in_one_process(whom: str, tmp_path: Path):
    assert MPIEXEC
    words = ["train", "--model", "softmax", "--epochs", "5000", "--save", str(tmp_path / "m.npz")]
    code = "import os, pathlib, sys; from minigrad.cli import main; from mpi4py import MPI\n"
    code += (
        "pathlib.Path(sys.argv[1], f'pid{MPI.COMM_WORLD.rank}').write_text(str(os.getpid())); sys.exit(main(sys.argv[2:]))"
    )
    process = subprocess.Popen(
        [MPIEXEC, "-n", "2", sys.executable, "-c", code, str(tmp_path), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(Path(mg.__file__).parents[1])},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert process.stderr
    while not process.stderr.readline().startswith("epoch 2/"):
        assert process.poll() is None
    os.kill(process.pid if whom == "the launcher" else int((tmp_path / "pid1").read_text()), signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert "Traceback" not in err
    assert out.count("interrupted, with the weights of epoch ") == 1
    assert "written: " in out
    mg.load(tmp_path / "m.npz")


@needs_mpi
@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_process_that_is_killed_ends_all(number: int, tmp_path: Path):
    what = f"os.kill(os.getpid(), {int(number)})"
    done = mpi(3, FAIL.format(rank=2, what=what), str(tmp_path / "run.npz"), timeout=30)
    assert done.returncode != 0
    assert re.search(rf"(?i)signal:? {int(number)}\b", done.stdout + done.stderr)


@needs_mpi
@pytest.mark.parametrize(
    ("n", "other", "message"),
    [
        (2, "--epochs 3", "minigrad train: the command line: process 1 has the arguments ['train', '--epochs', '3']"),
        (2, "--frobnicate", "process 1 has the arguments ['train', '--frobnicate']"),
        (3, "--help", "process 2 has the arguments ['train', '--help']"),
    ],
)
def test_the_command_with_other_arguments_in_one_process(n: int, other: str, message: str):
    code = (
        "from minigrad.cli import main; sys.exit(main(['train', *(sys.argv[1:] if group.rank == group.size - 1 else [])]))"
    )
    done = mpi(n, code, *other.split(), timeout=30)
    assert done.returncode != 0
    assert message.replace("'train', ", "") in done.stderr.replace("'train', ", "")
    assert "Traceback" not in done.stderr
    assert "images to train on" not in done.stdout


@needs_mpi
@pytest.mark.parametrize("words", ["--frobnicate", "--save no/folder/x.npz", "--data mnist --path no/folder"])
def test_the_command_with_a_fault_in_all_processes_tells_it_in_a_line(words: str):
    done = mpi(2, "", "train", *words.split(), timeout=30)
    assert done.returncode != 0
    assert "minigrad train: " in done.stderr
    assert "of 2 failed, so all processes end" in done.stderr
    assert "Traceback" not in done.stderr


@needs_mpi
def test_a_folder_that_one_process_does_not_see(tmp_path: Path):
    code = "os.chdir(sys.argv[1]) if group.rank else None\nfrom minigrad.cli import main; sys.exit(main(['train', *sys.argv[2:]]))"
    (tmp_path / "there").mkdir()
    (tmp_path / "else").mkdir()
    done = subprocess.run(
        [str(MPIEXEC), "-n", "2", sys.executable, "-c", PRELUDE + code, str(tmp_path / "else"), "--save", "there/x.npz"],
        capture_output=True, text=True, timeout=30, check=False, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(Path(mg.__file__).parents[1])},
    )  # fmt: skip
    assert done.returncode != 0
    assert (
        "minigrad train: --save: there is no folder 'there' to write 'x.npz' in; process 1 of 2 failed"
        in done.stderr.replace(f"{tmp_path}/else/", "")
    )


@needs_mpi
def test_processes_that_see_different_checkpoints_end(tmp_path: Path):
    for epochs in (1, 2):
        code = TRAIN.format(size=16, epochs=epochs)
        alone = [sys.executable, "-c", PRELUDE + code, str(tmp_path / "out{}.npz"), str(tmp_path / f"run{epochs - 1}.npz")]
        subprocess.run(alone, capture_output=True, timeout=60, check=True)
    code = "sys.argv[2] = sys.argv[2].format(group.rank)\n" + TRAIN.format(size=16, epochs=4)
    done = mpi(2, code, str(tmp_path / "out{}.npz"), str(tmp_path / "run{}.npz"))
    assert done.returncode != 0
    assert "process 1 has epochs behind 2, and process 0 1" in done.stderr


@needs_mpi
def test_the_command_in_two_processes(tmp_path: Path):
    """Softmax regression in float32: the same network as in one process, and one report."""
    args = ["train", "--model", "softmax", "--data", "digits", "--epochs", "2", "--batch-size", "33"]
    alone = [sys.executable, "-m", "minigrad", *args, "--save", str(tmp_path / "alone.npz"), "--quiet"]
    one = subprocess.run(alone, capture_output=True, text=True, timeout=60, check=True)
    two = mpi(2, "", *args, "--save", str(tmp_path / "two.npz"))
    assert two.returncode == 0, two.stderr
    assert two.stdout.count("test accuracy") == two.stdout.count("softmax on digits") == 1
    assert two.stdout.splitlines()[-1].split(";")[0] == one.stdout.split(";")[0]
    expected, found = mg.load(tmp_path / "alone.npz"), mg.load(tmp_path / "two.npz")
    assert found.metadata == expected.metadata
    for key in expected:
        np.testing.assert_allclose(found[key], expected[key], rtol=1e-4, atol=1e-5)


@needs_mpi
def test_the_command_ends_when_something_is_missing(tmp_path: Path):
    done = mpi(2, "", "train", "--data", "mnist", "--path", str(tmp_path / "nothing"))
    assert done.returncode != 0
    assert "there is no train-images-idx3-ubyte.gz" in done.stderr


def test_one_process_is_a_group_without_mpi(monkeypatch: pytest.MonkeyPatch):
    for name in ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MPI_LOCALNRANKS", "PMIX_RANK"):
        monkeypatch.delenv(name, raising=False)
    group = Group.world()
    assert (group.rank, group.size, group.part(7)) == (0, 1, slice(0, 7))
    x = np.arange(3.0)
    group.sum([x])
    group.copy_first([x])
    assert x.tolist() == [0, 1, 2]
    with pytest.raises(KeyError), group:
        raise KeyError("passes through")


def test_without_mpi4py_the_extra_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PMI_SIZE", "2")
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    with pytest.raises(ImportError, match=r'needs mpi4py: pip install "minigrad\[mpi\]"'):
        Group.world()
