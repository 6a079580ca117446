"""Writing a picture or a page to a file: in the format of its suffix, and whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os import PathLike


def write(path: str | PathLike[str], formats: Mapping[str, Callable[[], bytes]]) -> None:
    """Write a file in the format of its suffix. What fails leaves the file as it was.

    Parameters
    ----------
    path : str or path
        Where to.
    formats : mapping of str to callable
        What makes the content, for each suffix.

    Raises
    ------
    ValueError
        If the suffix is none of them.
    FileNotFoundError
        If the folder is missing.

    Examples
    --------
    >>> write("graph.gif", {"svg": lambda: b"<svg/>", "png": lambda: b""})
    Traceback (most recent call last):
    ValueError: save: the file name ends in .svg or .png, got 'graph.gif'
    """
    from pathlib import Path

    from minigrad.files import replace_file

    target = Path(path)
    suffix = target.suffix.lower().removeprefix(".")
    if suffix not in formats:
        *most, last = (f".{name}" for name in formats)
        raise ValueError(f"save: the file name ends in {', '.join(most)}{' or ' * bool(most)}{last}, got {target.name!r}")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"save: there is no folder {str(target.parent)!r} to write {target.name!r} in")
    replace_file(target, formats[suffix](), "save")
