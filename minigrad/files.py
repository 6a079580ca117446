"""Reading and writing files: the checks of a path, and a write that happens whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from minigrad.text import shorten

if TYPE_CHECKING:
    from pathlib import Path

DEFLATE = 1032  # a stream compressed by deflate, as in zip and gzip, expands to at most this many times its length
MESSAGE = 300  # characters of what a decoder says


class DamagedFileError(ValueError):
    """A file that is damaged, hostile or of another kind: whatever is wrong with its content, reading it raises this.

    Nothing has changed when it is raised, and nothing was allocated that the file could not hold. A file that is missing or
    cannot be read is an OSError.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "model.npz")
    ...     n = file.write_bytes(b"hello")
    ...     try:
    ...         mg.load(file)
    ...     except mg.DamagedFileError as error:
    ...         print(str(error).replace(folder, ""))
    load: /model.npz is damaged or not a file of named arrays: File is not a zip file
    """


@contextmanager
def decoding(failure: str) -> Iterator[None]:
    """Turn whatever the content of a file raises in its decoders into a DamagedFileError that begins with `failure`.

    An OSError of the system, such as a disk that fails, passes.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, DamagedFileError) or (isinstance(error, OSError) and error.errno is not None):
            raise
        raise DamagedFileError(f"{failure}: {shorten(str(error) or type(error).__name__, MESSAGE)}") from error


# pathlib is imported by those who use it: it takes a quarter of the time that importing minigrad does.


def suffix_of(path: str | os.PathLike[str], suffixes: Collection[str], who: str) -> str:
    """The suffix of a file name in lower case; a ValueError if it is not one of `suffixes`.

    Examples
    --------
    >>> suffix_of("graph.SVG", (".svg", ".png", ".pdf"), "save")
    '.svg'
    >>> suffix_of("graph.gif", (".svg", ".png", ".pdf"), "save")
    Traceback (most recent call last):
    ValueError: save: the file name ends in .svg, .png or .pdf, got 'graph.gif'
    """
    from pathlib import Path

    suffix = Path(path).suffix.lower()
    if suffix not in suffixes:
        *most, last = suffixes
        choice = f"{', '.join(most)} or {last}" if most else last
        raise ValueError(f"{who}: the file name ends in {choice}, got {Path(path).name!r}")
    return suffix


def check_folder(path: str | os.PathLike[str], who: str) -> None:
    """Raise a FileNotFoundError if the folder of `path` does not exist."""
    from pathlib import Path

    file = Path(path)
    if not file.parent.is_dir():
        raise FileNotFoundError(f"{who}: there is no folder {str(file.parent)!r} to write {file.name!r} in")


def check_writable(path: str | os.PathLike[str], who: str) -> None:
    """Raise the OSError that writing this file would raise: no folder, no right to write there, a folder of that name."""
    from pathlib import Path

    check_folder(path, who)
    target = Path(os.path.realpath(path))
    check_folder(target, who)
    if target.is_dir():
        raise IsADirectoryError(f"{who}: {os.fspath(path)!r} is a folder")
    check_not_read_only(target, who)
    draft = _draft_of(target)
    try:
        with open(draft, "xb"):
            pass
    except OSError as error:
        raise OSError(error.errno, f"{who}: {error.strerror}", os.fspath(path)) from error
    finally:
        draft.unlink(missing_ok=True)


def check_not_read_only(target: Path, who: str) -> None:
    """Refuse a file that nobody may write to, or not this user: a rename would replace it all the same."""
    if target.is_file() and not (target.stat().st_mode & 0o222 and os.access(target, os.W_OK)):
        raise PermissionError(f"{who}: {os.fspath(target)!r} is read-only")


def same_file(path: str | os.PathLike[str], other: str | os.PathLike[str]) -> bool:
    """True if two paths are one file, through links too."""
    if os.path.exists(path) and os.path.exists(other):
        return os.path.samefile(path, other)
    return os.path.realpath(path) == os.path.realpath(other)


def check_regular(path: str | os.PathLike[str], who: str) -> None:
    """Refuse a folder, or a device or pipe, which may have no end; a missing file is a FileNotFoundError."""
    import stat

    kind = os.stat(path).st_mode
    if stat.S_ISDIR(kind):
        raise IsADirectoryError(f"{who}: {os.fspath(path)} is a folder, not a file")
    if not stat.S_ISREG(kind):
        raise OSError(f"{who}: {os.fspath(path)} is a device or a pipe, not a file")


def replace_file(path: str | os.PathLike[str], data: Any, who: str) -> Path:
    """Replace the content of a file; if anything goes wrong, the file is as it was.

    Parameters
    ----------
    path : str or path
        The file. If it is a link, its target is replaced.
    data : bytes-like
        The new content.
    who : str
        The function named in messages.

    Returns
    -------
    pathlib.Path
        The path.

    Raises
    ------
    OSError
        If the folder does not exist or the file cannot be written; it names the path.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     replace_file(pathlib.Path(folder, "words"), b"new", "save").read_bytes()
    b'new'
    """
    from pathlib import Path

    target = Path(os.path.realpath(path))
    check_folder(target, who)
    check_not_read_only(target, who)
    draft = _draft_of(target)
    try:
        with open(draft, "xb") as stream:
            if target.exists():
                draft.chmod(target.stat().st_mode & 0o777)
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(target)
    except OSError as error:
        raise OSError(error.errno, f"{who}: {error.strerror}; the old file is unchanged", os.fspath(path)) from error
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(target.parent)
    return Path(path)


def _draft_of(target: Path) -> Path:
    """A new name beside a file."""
    return target.with_name(f".minigrad-{os.getpid()}-{os.urandom(4).hex()}.tmp")


def sync_folder(folder: Path) -> None:
    """Make a rename in a folder survive a power cut, where the system can."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError:  # some network file systems refuse it; the file is whole all the same
        pass
    finally:
        os.close(handle)


def read_rest(stream: Any, size: int) -> bytearray:
    """The rest of a stream, up to `size` bytes and one more, so that a longer one is noticed. Allocates what is there."""
    data = bytearray()
    while piece := stream.read(min(1 << 18, size + 1 - len(data))):
        data += piece
    return data
