"""The downloader, against a server on this machine that behaves in every way that servers do."""

from __future__ import annotations

import errno
import gzip
import hashlib
import os
import re
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_idx_and_cifar import archive, check_cifar, cifar, write_mnist

from minigrad.data import cifar as cifar_module
from minigrad.data import idx as idx_module
from minigrad.data import load_cifar10, load_fashion_mnist, load_mnist
from minigrad.data.download import File, fetch

DATA = np.random.default_rng(0).bytes(300_000)
MD5 = hashlib.md5(DATA).hexdigest()


class Server(ThreadingHTTPServer):
    """What it serves, how it behaves, and what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {"/data.bin": DATA}
        self.ranges = True
        self.cut: int | None = None  # bytes after which a connection is dropped
        self.shift = 0  # how far beside the range that was asked for an answer lies
        self.status = 200
        self.chunked = self.endless = self.silent = False
        self.hang: threading.Event | None = None  # what the end of an answer waits for
        self.asked: list[tuple[str, str | None]] = []
        self.url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: Any) -> None:
        """A client that hung up is no news."""


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        server, self.close_connection = self.server, True
        asked = self.headers["Range"]
        server.asked.append((self.path, asked))
        if server.silent:
            return
        if self.path not in server.files or server.status >= 400:
            self.send_error(server.status if server.status >= 400 else 404)
            return
        body, start = server.files[self.path], 0
        if asked and server.ranges:
            start = int(asked.removeprefix("bytes=").removesuffix("-")) + server.shift
            if start >= len(body):
                self.send_error(416)
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        else:
            self.send_response(200)
        body = body[start:]
        if server.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        elif not server.endless:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        body = body[: server.cut]
        if server.hang:
            self.wfile.write(body[:1000])
            server.hang.wait(10)
            return
        self.wfile.write(
            b"%x\r\n" % len(body) + body + b"\r\n" + (b"" if server.cut else b"0\r\n\r\n") if server.chunked else body
        )
        while server.endless:
            self.wfile.write(bytes(1 << 16))

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Server() as served:
        thread = threading.Thread(target=served.serve_forever, args=(0.01,))
        thread.start()
        yield served
        served.shutdown()
        thread.join()


def get(server: Server, path: Path, **options: Any) -> Path:
    return fetch(f"{server.url}/data.bin", path, **{"md5": MD5, "size": len(DATA), **options})


def test_a_file_comes_whole_and_its_folder_is_made(server: Server, tmp_path: Path):
    path = tmp_path / "a" / "b" / "data.bin"
    assert get(server, path) == path
    assert path.read_bytes() == DATA
    assert os.listdir(path.parent) == ["data.bin"]
    assert server.asked == [("/data.bin", None)]


@pytest.mark.parametrize("chunked", [False, True])
def test_a_transfer_that_was_cut_goes_on_where_it_ended(server: Server, tmp_path: Path, chunked: bool):
    path = tmp_path / "data.bin"
    server.cut, server.chunked = 100_000, chunked
    with pytest.raises(
        ConnectionError, match=r"ended after 100,000 of 300,000 bytes; call again|cannot be read .*; call again"
    ):
        get(server, path)
    part = tmp_path / "data.bin.part"
    have = part.stat().st_size
    assert os.listdir(tmp_path) == ["data.bin.part"]
    assert part.read_bytes() == DATA[:have]
    assert have == 100_000 or chunked
    server.cut = None
    get(server, path)
    assert server.asked[1] == ("/data.bin", f"bytes={have}-" if have else None)
    assert path.read_bytes() == DATA
    assert os.listdir(tmp_path) == ["data.bin"]


def test_again_and_again(server: Server, tmp_path: Path):
    server.cut = 70_000
    failures = 0
    while not (tmp_path / "data.bin").exists():
        try:
            get(server, tmp_path / "data.bin")
        except ConnectionError:
            failures += 1
    assert failures == 4
    assert [asked for _, asked in server.asked] == [None, *(f"bytes={n}-" for n in (70_000, 140_000, 210_000, 280_000))]
    assert (tmp_path / "data.bin").read_bytes() == DATA


def test_a_server_that_ignores_ranges_sends_all_again(server: Server, tmp_path: Path):
    (tmp_path / "data.bin.part").write_bytes(b"some other beginning")
    server.ranges = False
    assert get(server, tmp_path / "data.bin").read_bytes() == DATA
    assert server.asked == [("/data.bin", "bytes=20-")]


def test_a_server_that_answers_with_another_range(server: Server, tmp_path: Path):
    (tmp_path / "data.bin.part").write_bytes(DATA[:1000])
    server.shift = -10
    with pytest.raises(ConnectionError, match="answered with another range"):
        get(server, tmp_path / "data.bin")
    server.shift = 0
    assert get(server, tmp_path / "data.bin").read_bytes() == DATA


def test_a_part_that_is_complete_needs_no_server(tmp_path: Path):
    (tmp_path / "data.bin.part").write_bytes(DATA)
    path = fetch("http://127.0.0.1:9/data.bin", tmp_path / "data.bin", md5=MD5, size=len(DATA))
    assert path.read_bytes() == DATA
    assert os.listdir(tmp_path) == ["data.bin"]


def test_a_part_that_is_too_long_is_begun_anew(server: Server, tmp_path: Path):
    (tmp_path / "data.bin.part").write_bytes(DATA + b"x")
    assert get(server, tmp_path / "data.bin").read_bytes() == DATA
    assert server.asked == [("/data.bin", None)]


@pytest.mark.parametrize("resumed", [False, True])
def test_a_wrong_checksum_is_refused_and_nothing_kept(server: Server, tmp_path: Path, resumed: bool):
    if resumed:
        (tmp_path / "data.bin.part").write_bytes(b"another file's beginning")
    else:
        server.files["/data.bin"] = DATA[:-1] + b"x"
    with pytest.raises(ValueError, match=f"data.bin has the checksum [0-9a-f]{{32}}, not {MD5}; it was refused"):
        get(server, tmp_path / "data.bin")
    assert os.listdir(tmp_path) == []
    server.files["/data.bin"] = DATA
    assert get(server, tmp_path / "data.bin").read_bytes() == DATA


def test_the_old_file_stays_until_the_new_one_is_right(server: Server, tmp_path: Path):
    path = tmp_path / "data.bin"
    path.write_bytes(b"old")
    server.files["/data.bin"] = DATA[::-1]
    with pytest.raises(ValueError, match="checksum"):
        get(server, path)
    assert path.read_bytes() == b"old"
    server.files["/data.bin"] = DATA
    assert get(server, path).read_bytes() == DATA


def test_a_server_that_never_ends_fills_no_disk(server: Server, tmp_path: Path):
    server.endless = True
    with pytest.raises(ValueError, match="is longer than its 300,000 bytes; it was refused"):
        get(server, tmp_path / "data.bin")
    assert os.listdir(tmp_path) == []


def test_a_file_that_is_longer_or_shorter_than_published(server: Server, tmp_path: Path):
    server.files["/data.bin"] = DATA + b"x"
    with pytest.raises(ValueError, match="is longer than its 300,000 bytes"):
        get(server, tmp_path / "data.bin")
    server.files["/data.bin"] = DATA[:-1]
    with pytest.raises(ConnectionError, match="ended after 299,999 of 300,000 bytes"):
        get(server, tmp_path / "data.bin")
    with pytest.raises(ConnectionError, match="answered 416"):  # there is nothing after the part
        get(server, tmp_path / "data.bin")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("status", [403, 404, 416, 500, 503])
def test_a_server_that_refuses(server: Server, tmp_path: Path, status: int):
    server.status = status
    with pytest.raises(
        ConnectionError, match=rf"download: {re.escape(server.url)}/data.bin answered {status} .*; try another mirror="
    ):
        get(server, tmp_path / "data.bin")
    assert os.listdir(tmp_path) == []


def test_no_server_at_all(server: Server, tmp_path: Path):
    server.silent = True
    with pytest.raises(ConnectionError, match=r"cannot be read .*; call again to continue, or put the file into .* by hand"):
        get(server, tmp_path / "data.bin")
    with Server() as gone:
        pass
    with pytest.raises(ConnectionError, match=r"data.bin cannot be read .*refused.*by hand"):
        get(gone, tmp_path / "data.bin")
    assert os.listdir(tmp_path) == []


def test_a_server_that_falls_silent(server: Server, tmp_path: Path):
    server.hang = threading.Event()
    with pytest.raises(ConnectionError, match=r"cannot be read .*timed out.*; call again to continue"):
        get(server, tmp_path / "data.bin", timeout=1)
    server.hang.set()
    server.hang = None
    assert (tmp_path / "data.bin.part").read_bytes() == DATA[:1000]
    assert get(server, tmp_path / "data.bin").read_bytes() == DATA


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/x", "/etc/passwd", ""])
def test_addresses_that_are_not_http(url: str, tmp_path: Path):
    with pytest.raises(ValueError, match="starts with http:// or https://"):
        fetch(url, tmp_path / "data.bin", md5=MD5, size=1)


def test_a_full_disk(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="No space left on device") as caught:
            get(server, tmp_path / "data.bin")
    assert not isinstance(caught.value, ConnectionError)
    assert "data.bin" not in os.listdir(tmp_path)
    assert get(server, tmp_path / "data.bin").read_bytes() == DATA


@pytest.mark.parametrize("tqdm", [True, False])
def test_with_and_without_tqdm(
    server: Server, tmp_path: Path, tqdm: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    if tqdm:
        pytest.importorskip("tqdm")
    else:
        monkeypatch.setitem(sys.modules, "tqdm", None)
    assert get(server, tmp_path / "data.bin").read_bytes() == DATA
    assert capsys.readouterr() == ("", "")  # no terminal, no bar


def test_the_bar_counts_every_byte(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    bars = []

    class Bar:
        def __init__(self, **options: Any) -> None:
            self.options, self.count = options, options["initial"]
            bars.append(self)

        def __enter__(self) -> Bar:
            return self

        def __exit__(self, *_: Any) -> None:
            pass

        def update(self, count: int) -> None:
            self.count += count

    monkeypatch.setitem(sys.modules, "tqdm", type(sys)("tqdm"))
    monkeypatch.setattr(sys.modules["tqdm"], "tqdm", Bar, raising=False)
    (tmp_path / "data.bin.part").write_bytes(DATA[:1000])
    get(server, tmp_path / "data.bin")
    (bar,) = bars
    assert bar.options == {
        "desc": "data.bin",
        "initial": 1000,
        "total": 300_000,
        "unit": "B",
        "unit_scale": True,
        "disable": None,
    }
    assert bar.count == 300_000


# The datasets


@pytest.mark.parametrize(("load", "name"), [(load_mnist, "MNIST"), (load_fashion_mnist, "FASHION_MNIST")])
def test_mnist_is_fetched_once(load: Any, name: str, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    content = write_mnist(tmp_path / "server")
    files = {f"/mirror/{path.name}": path.read_bytes() for path in (tmp_path / "server").iterdir()}
    server.files = files
    small = tuple(
        File(file.name, hashlib.md5(data := files[f"/mirror/{file.name}"]).hexdigest(), len(data))
        for file in getattr(idx_module, name)
    )
    monkeypatch.setattr(idx_module, name, small)
    root = tmp_path / "root"
    for mirror in (f"{server.url}/mirror", f"{server.url}/mirror/"):
        train, test = load(root, download=True, mirror=mirror)
        np.testing.assert_array_equal(train.arrays[0][:, 0], content["train-images-idx3-ubyte"])
        np.testing.assert_array_equal(test.arrays[1], content["t10k-labels-idx1-ubyte"])
    assert [path for path, _ in server.asked] == [f"/mirror/{file.name}" for file in small]
    load(root)
    (root / small[3].name).unlink()
    load(root, download=True, mirror=f"{server.url}/mirror")
    assert len(server.asked) == 5


def test_the_true_checksums_refuse_small_files(server: Server, tmp_path: Path):
    write_mnist(tmp_path / "server")
    server.files = {f"/{path.name}": path.read_bytes() for path in (tmp_path / "server").iterdir()}
    with pytest.raises(ConnectionError, match=r"train-images-idx3-ubyte.gz ended after [\d,]+ of 9,912,422 bytes"):
        load_mnist(tmp_path / "root", download=True, mirror=server.url)
    assert os.listdir(tmp_path / "root") == ["train-images-idx3-ubyte.gz.part"]
    server.files["/train-images-idx3-ubyte.gz"] = gzip.compress(b"") + bytes(9_912_422 - 20)
    (tmp_path / "root" / "train-images-idx3-ubyte.gz.part").unlink()
    with pytest.raises(ValueError, match="not f68b3c2dcbeaaa9fbdd348bbdeb94873"):
        load_mnist(tmp_path / "root", download=True, mirror=server.url)
    assert os.listdir(tmp_path / "root") == []


def test_cifar10_is_fetched_and_read(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    content = cifar()
    data = archive(content)
    server.files = {"/cifar-10-binary.tar.gz": data}
    monkeypatch.setattr(cifar_module, "ARCHIVE", File("cifar-10-binary.tar.gz", hashlib.md5(data).hexdigest(), len(data)))
    server.cut = 50_000
    with pytest.raises(ConnectionError, match="call again"):
        load_cifar10(tmp_path, download=True, mirror=server.url)
    server.cut = None
    load_cifar10(tmp_path, download=True, mirror=server.url)
    check_cifar(tmp_path, content)
    assert [asked for _, asked in server.asked] == [None, "bytes=50000-"]
