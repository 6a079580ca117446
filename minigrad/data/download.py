"""Files of datasets: found on disk, or downloaded completely and with the published checksum, or not at all."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from minigrad.files import sync_folder
from minigrad.optional import found

CHUNK = 1 << 16


class File(NamedTuple):
    """A published file: its name, MD5 checksum, and size in bytes."""

    name: str
    md5: str
    size: int


def obtain(
    file: File, root: str | PathLike[str], who: str, *, mirror: str, download: bool, also: Sequence[str] = ()
) -> Path:
    """The path of a file in a folder, where it is downloaded if it is missing.

    A file that was there already is not checked: its reader does that.

    Parameters
    ----------
    file : File
        The file.
    root : str or path
        The folder.
    who : str
        The function named in messages.
    mirror : str
        The URL without the file's name.
    download : bool
        If false, a missing file is a FileNotFoundError.
    also : sequence of str
        Other paths below the folder, for example of the unpacked file.
    """
    folder = Path(root)
    for name in (file.name, *also):
        if (folder / name).is_file():
            return folder / name
    url = f"{mirror.rstrip('/')}/{file.name}"
    if not download:
        raise FileNotFoundError(
            f"{who}: there is no {file.name} in {folder}; pass download=True, or put it there from {url}"
        )
    return fetch(url, folder / file.name, md5=file.md5, size=file.size)


def fetch(url: str, path: str | PathLike[str], *, md5: str, size: int, timeout: float = 30) -> Path:
    """Download a file whose checksum and size are known.

    A partial download is kept as ``<name>.part``, and a later call continues it. The file gets its name only when it is
    complete and the checksum is right. With tqdm installed, a terminal shows the progress.

    Parameters
    ----------
    url : str
        By http or https.
    path : str or path
        The new file; folders are created.
    md5 : str
        Its checksum, in hexadecimal.
    size : int
        Its size in bytes; no more is stored.
    timeout : float
        Seconds to wait for the server.

    Raises
    ------
    ValueError
        If the checksum or the size is wrong, in which case nothing is kept, or the URL is not http.
    ConnectionError
        If the server cannot be reached, refuses, or stops sending.
    OSError
        If the file cannot be written.
    """
    target = Path(path)
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"download: the address starts with http:// or https://, got {url!r}")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    have = part.stat().st_size if part.exists() else 0
    if have > size:  # left over from something else
        part.unlink()
        have = 0
    if have < size:
        have = _transfer(url, part, have, size, timeout)
    if have < size:
        raise ConnectionError(f"download: {url} ended after {have:,} of {size:,} bytes; call again to continue")
    if have > size or (found := _md5(part)) != md5:
        part.unlink()
        wrong = f"is longer than its {size:,} bytes" if have > size else f"has the checksum {found}, not {md5}"
        raise ValueError(f"download: {url} {wrong}; it was refused; try another mirror=")
    part.replace(target)
    sync_folder(target.parent)
    return target


def _transfer(url: str, part: Path, have: int, size: int, timeout: float) -> int:
    """Append the rest of the file to a part, or start again if the server knows no ranges; returns the size of the part."""
    import os
    from http.client import HTTPException
    from urllib.error import HTTPError, URLError
    from urllib.request import Request, urlopen

    headers = {"User-Agent": "minigrad", "Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    try:
        with urlopen(Request(url, headers=headers), timeout=timeout) as answer:  # noqa: S310 (only http, by the check above)
            if answer.status == 206 and not str(answer.headers["Content-Range"]).startswith(f"bytes {have}-"):
                raise ConnectionError(f"download: {url} answered with another range than requested")
            if answer.status != 206:
                have = 0
            with open(part, "ab" if have else "wb") as out, _progress(part.stem, have, size) as bar:
                while have <= size and (chunk := answer.read1(CHUNK)):
                    have += len(chunk)
                    if have <= size:
                        out.write(chunk)
                    bar.update(len(chunk))
                out.flush()
                os.fsync(out.fileno())
    except HTTPError as error:
        if error.code == 416:  # the part is at least as long as the server's file, so it is of another file
            part.unlink(missing_ok=True)
        raise ConnectionError(f"download: {url} answered {error.code} {error.reason}; try another mirror=") from error
    except (URLError, HTTPException, TimeoutError, ConnectionResetError, ConnectionAbortedError) as error:
        reason = getattr(error, "reason", error) or type(error).__name__
        raise ConnectionError(
            f"download: {url} cannot be read ({reason}); call again to continue, or put the file into {part.parent} by hand"
        ) from error
    return have


def _md5(path: Path) -> str:
    import hashlib

    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _progress(name: str, have: int, size: int) -> Any:
    """A tqdm bar, shown on a terminal; without tqdm, a stand-in that shows nothing."""
    tqdm = found("tqdm")
    return tqdm.tqdm(desc=name, initial=have, total=size, unit="B", unit_scale=True, disable=None) if tqdm else _Quiet()


class _Quiet(contextlib.nullcontext[Any]):
    def __enter__(self) -> Any:
        return self

    def update(self, count: int) -> None:
        pass
