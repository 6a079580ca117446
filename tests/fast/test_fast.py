"""Kernels: found, switched off, imported late, and run on several threads."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

import minigrad as mg
from minigrad.fast import KERNELS, faster, pool


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before, threads = mg.fast(), pool.number()
    yield
    mg.fast(before != "NumPy")
    pool.set_number(threads)


def python(code: str, **environment: str) -> str:
    every = {**os.environ, **environment}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, env=every)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_numba_is_not_imported_with_minigrad_nor_for_small_arrays():
    code = (
        "import sys, numpy as np, minigrad as mg\n"
        "x = mg.Tensor(np.ones((1, 1, 4, 4), np.float32))\n"
        "mg.conv2d(x, np.ones((1, 1, 3, 3), np.float32)).sum().backward()\n"
        "print([m for m in sys.modules if m.startswith('numba')])"
    )
    assert python(code) == "[]"


def test_the_environment_switches_kernels_off():
    assert python("import minigrad as mg; print(mg.fast())", MINIGRAD_FAST="0") == "NumPy"


def test_fast_without_numba_says_how_to_install_it():
    code = (
        "import sys; sys.modules['numba'] = None\n"
        "import minigrad as mg\n"
        "print(mg.fast())\n"
        "try: mg.fast(True)\n"
        "except ImportError as error: print(error)"
    )
    assert python(code) == 'NumPy\nfast(True) needs numba: pip install "minigrad[fast]"'


def test_a_kernel_that_gives_none_leaves_it_to_numpy():
    pytest.importorskip("numba", reason="the fast extra is not installed")
    asked = []

    def kernel(x: int) -> int | None:
        asked.append(x)
        return None if x < 10 else -x

    @faster(kernel)
    def reference(x: int) -> int:
        return x

    name = next(name for name, (known, _) in KERNELS.items() if known is kernel)
    del KERNELS[name]
    mg.fast(True)
    assert [reference(1), reference(20)] == [1, -20]
    mg.fast(False)
    assert reference(20) == 20
    assert asked == [1, 20]


@pytest.mark.parametrize(("given", "threads"), [("1", 1), ("1000", len(os.sched_getaffinity(0)))])
def test_threads_are_bounded_by_the_variable_and_by_the_cores(given: str, threads: int):
    code = "from minigrad.fast import pool; print(pool.number())"
    assert python(code, MINIGRAD_NUM_THREADS=given) == str(threads)


def test_one_thread_under_mpiexec():
    code = "from minigrad.fast import pool; print(pool.number())"
    assert python(code, MINIGRAD_NUM_THREADS="", PMI_SIZE="4") == "1"


def test_a_wrong_number_of_threads_names_the_variable():
    code = (
        "from minigrad.fast import pool\n"
        "try: pool.number()\n"
        "except ValueError as error: print(error)"
    )  # fmt: skip
    assert python(code, MINIGRAD_NUM_THREADS="many") == "MINIGRAD_NUM_THREADS must be a positive integer, got 'many'"


def test_split_covers_all_once_in_the_same_parts_whether_or_not_workers_are_free():
    def run() -> list[tuple[int, int, int]]:
        found: list[tuple[int, int, int]] = []
        pool.split(lambda *part: found.append(part), 10, 3)
        return sorted(found)

    free = run()
    assert free == [(0, 0, 3), (1, 3, 6), (2, 6, 10)]
    nested: list[list[tuple[int, int, int]]] = []
    pool.split(lambda part, first, last: nested.append(run()), 2, 2)
    assert nested == [free, free]


def test_parts_run_at_the_same_time():
    barrier = threading.Barrier(2, timeout=20)
    pool.split(lambda *part: barrier.wait(), 2, 2)


def test_an_error_in_any_part_reaches_the_caller_after_all_have_ended():
    ended = []

    def work(part: int, first: int, last: int) -> None:
        if part == 0:
            raise ArithmeticError("first")
        time.sleep(0.05)
        ended.append(part)

    with pytest.raises(ArithmeticError, match="first"):
        pool.split(work, 2, 2)
    assert ended == [1]

    def other(part: int, first: int, last: int) -> None:
        if part == 1:
            raise ArithmeticError("second")

    with pytest.raises(ArithmeticError, match="second"):
        pool.split(other, 2, 2)
    pool.split(lambda *part: ended.append(part[0]), 2, 2)  # and the workers go on
    assert sorted(ended) == [0, 1, 1]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_forked_process_has_workers_of_its_own():
    code = (
        "import os, threading, warnings\n"
        "warnings.simplefilter('ignore', DeprecationWarning)\n"
        "from minigrad.fast import pool\n"
        "pool.split(lambda *part: None, 2, 2)\n"
        "pool._pool.busy.acquire()\n"  # as while another thread uses the workers
        "child = os.fork()\n"
        "if child == 0:\n"
        "    barrier = threading.Barrier(2, timeout=20)\n"
        "    pool.split(lambda *part: barrier.wait(), 2, 2)\n"
        "    os._exit(0)\n"
        "print(os.waitpid(child, 0)[1])"
    )
    assert python(code) == "0"


def test_an_interrupt_waits_for_the_workers():
    code = (
        "import _thread, threading, time\n"
        "from minigrad.fast import pool\n"
        "ended = []\n"
        "def work(part, first, last):\n"
        "    if part:\n"
        "        time.sleep(0.3)\n"
        "        _thread.interrupt_main()\n"
        "        time.sleep(0.3)\n"
        "        ended.append(part)\n"
        "try: pool.split(work, 2, 2)\n"
        "except KeyboardInterrupt: print('interrupted', ended)\n"
        "pool.split(lambda part, *_: ended.append(part), 2, 2)\n"
        "print(sorted(ended))"
    )
    assert python(code) == "interrupted [1]\n[0, 1, 1]"


# A run that is continued


def run(file: Path, epochs: int) -> None:
    rng = np.random.default_rng(0)
    model = mg.nn.Linear(2, 2, rng=rng)
    batches = [(rng.normal(size=(4, 2)).astype(np.float32), np.array([0, 1, 0, 1]))]
    sgd = mg.optim.SGD(model.parameters(), lr=0.1)
    mg.nn.fit(model, batches, mg.cross_entropy, sgd, epochs, checkpoint=file, resume=True, progress=False)


def test_a_run_is_continued_by_the_kernels_that_began_it(tmp_path: Path):
    pytest.importorskip("numba", reason="the fast extra is not installed")
    file = tmp_path / "run.npz"
    mg.fast(True)
    pool.set_number(3)
    run(file, 1)
    mg.fast(False)
    pool.set_number(1)
    run(file, 2)
    assert mg.fast() == f"numba {metadata.version('numba')} on 3 threads"
    mg.fast(False)
    run(tmp_path / "other.npz", 1)
    mg.fast(True)
    run(tmp_path / "other.npz", 2)
    assert mg.fast() == "NumPy"


def test_a_run_that_cannot_be_continued_bit_by_bit_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    file = tmp_path / "run.npz"
    mg.fast(False)
    monkeypatch.setattr("minigrad.nn.training_state.kernels", lambda: {"numba": "0.1", "threads": 2})
    run(file, 1)
    missing = "by numba 0.1, and numba" if installed() else "which is not installed"
    with pytest.warns(RuntimeWarning, match=f"continued to rounding, not bit by bit: .*{missing}"):
        run(file, 2)
    monkeypatch.setattr(sys.modules["minigrad.fast"], "find_spec", lambda name: None)
    with pytest.warns(RuntimeWarning, match="which is not installed"):
        run(file, 3)


def installed() -> bool:
    try:
        metadata.version("numba")
    except metadata.PackageNotFoundError:
        return False
    return True


@pytest.mark.parametrize("damaged", [{"numba": 1, "threads": 2}, {"numba": "0.1", "threads": 0}, {"numba": "0.1"}])
def test_damaged_kernels_in_a_checkpoint_are_refused(
    damaged: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    file = tmp_path / "run.npz"
    monkeypatch.setattr("minigrad.nn.training_state.kernels", lambda: damaged)
    run(file, 1)
    with pytest.raises(mg.DamagedFileError, match="nothing was changed"):
        run(file, 2)
