"""Files are written whole or not at all: by a process that is killed, on a full disk, through a link."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

import minigrad as mg
from minigrad.files import check_folder, replace_file, suffix_of

both = pytest.mark.parametrize("suffix", [".npz", ".safetensors"])


def test_a_suffix_in_capitals_and_a_wrong_one():
    assert suffix_of("a/B.NPZ", (".npz", ".svg"), "save") == ".npz"
    for name, suffixes, message in (
        ("x.pt", (".npz",), "save: the file name ends in .npz, got 'x.pt'"),
        ("d.npz/x", (".npz", ".svg"), "save: the file name ends in .npz or .svg, got 'x'"),
        (".npz", (".npz", ".svg", ".png"), "save: the file name ends in .npz, .svg or .png, got '.npz'"),
    ):
        with pytest.raises(ValueError, match=f"^{message}$"):
            suffix_of(name, suffixes, "save")


def test_a_folder_that_is_missing(tmp_path: Path):
    check_folder(tmp_path / "x.npz", "save")
    check_folder("x.npz", "save")
    for write in (check_folder, lambda path, who: replace_file(path, b"", who)):
        with pytest.raises(FileNotFoundError, match=r"save: there is no folder '.*none' to write 'x.npz' in"):
            write(tmp_path / "none" / "x.npz", "save")
    assert os.listdir(tmp_path) == []


def test_the_file_keeps_its_mode_and_a_link_stays_a_link(tmp_path: Path):
    file, link = tmp_path / "real.npz", tmp_path / "link.npz"
    mg.save({"w": [1.0]}, file)
    umask = os.umask(0)
    os.umask(umask)
    assert file.stat().st_mode & 0o777 == 0o666 & ~umask
    file.chmod(0o640)
    link.symlink_to(file)
    mg.save({"w": [2.0]}, link)
    assert link.is_symlink()
    assert mg.load(file)["w"] == [2.0]
    assert file.stat().st_mode & 0o777 == 0o640


@both
def test_a_process_killed_at_any_moment_leaves_a_whole_file(suffix: str, tmp_path: Path):
    file = tmp_path / f"x{suffix}"
    program = textwrap.dedent("""
        import sys
        import numpy as np
        import minigrad as mg
        i = int(sys.argv[2])
        while True:
            i += 1
            mg.save({"a": np.full(200_000, i), "b": np.full((3, 5), i)}, sys.argv[1], {"i": str(i)})
            if i % 2: print(i, flush=True)
    """)
    chance = random.Random(0)
    last, seen = 0, set()
    for _ in range(15):
        child = subprocess.Popen([sys.executable, "-c", program, str(file), str(last)], stdout=subprocess.PIPE, text=True)
        with child:
            assert child.stdout is not None
            printed = int(child.stdout.readline())
            time.sleep(chance.uniform(0, 0.03))
            child.send_signal(signal.SIGKILL)
        saved = mg.load(file)
        last = int(saved.metadata["i"])
        assert last >= printed
        seen.add(last)
        assert (saved["a"] == last).all()
        assert (saved["b"] == last).all()
    assert len(seen) == 15


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of files")
@both
def test_a_full_disk_leaves_the_old_file(suffix: str, tmp_path: Path):
    file = tmp_path / f"x{suffix}"
    mg.save({"w": [1.0]}, file)
    before = file.read_bytes()
    program = textwrap.dedent("""
        import resource, sys
        import numpy as np
        import minigrad as mg
        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
        try:
            mg.save({"w": np.ones(2000)}, sys.argv[1])
        except OSError as error:
            print(error.errno, error)
    """)
    found = subprocess.run([sys.executable, "-c", program, str(file)], capture_output=True, text=True, check=True)
    assert found.stdout.startswith(f"{errno.EFBIG} ")
    assert "save: File too large; the old file is unchanged" in found.stdout
    assert str(file) in found.stdout
    assert file.read_bytes() == before
    assert os.listdir(tmp_path) == [file.name]


@pytest.mark.parametrize("what", ["fsync", "replace"])
def test_a_disk_that_fails_late_leaves_the_old_file(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    file = tmp_path / "x.npz"
    mg.save({"w": [1.0]}, file)
    monkeypatch.setattr(*((os, "fsync", fail) if what == "fsync" else (Path, "replace", fail)))
    with pytest.raises(OSError, match="save: No space left on device; the old file is unchanged") as caught:
        mg.save({"w": [2.0]}, file)
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(file))
    assert mg.load(file)["w"] == [1.0]
    assert os.listdir(tmp_path) == ["x.npz"]


def test_an_interrupt_leaves_no_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        mg.save({"w": [2.0]}, tmp_path / "x.npz")
    assert os.listdir(tmp_path) == []


def test_a_folder_that_fsync_cannot_take_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    synced, fsync = [], os.fsync

    def once(handle: int) -> None:
        synced.append(handle)
        if len(synced) == 2:
            raise OSError(errno.EINVAL, "Invalid argument")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", once)
    assert replace_file(tmp_path / "x", b"new", "save").read_bytes() == b"new"
    assert len(synced) == 2


@pytest.mark.skipif(not hasattr(os, "setuid"), reason="no users to become")
def test_a_folder_that_is_read_only():
    program = textwrap.dedent("""
        import os, pathlib, sys  # all of it now: another user may not be able to read the library
        from minigrad.files import replace_file
        if os.geteuid() == 0:  # who may write anywhere
            os.setgroups([])
            os.setuid(65534)
        try:
            replace_file("x.npz", b"", "save")
        except PermissionError as error:
            print(error)
    """)
    with tempfile.TemporaryDirectory() as folder:  # other users may pass through to it
        os.chmod(folder, 0o555)
        found = subprocess.run(
            [sys.executable, "-c", program],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(Path(mg.__file__).parents[1])},
            capture_output=True,
            text=True,
            check=True,
        )
    assert found.stdout.strip() == f"[Errno {errno.EACCES}] save: Permission denied; the old file is unchanged: 'x.npz'"


def test_a_read_only_file_is_not_replaced(tmp_path: Path):
    file = mg.save({"w": [1.0]}, tmp_path / "x.npz")
    file.chmod(0o444)
    with pytest.raises(PermissionError, match=r"save: '.*x.npz' is read-only"):
        mg.save({"w": [2.0]}, file)
    assert mg.load(file)["w"] == [1.0]
