"""Saving a picture or a page: in the format of the suffix, and whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os import PathLike


class Saved:
    """Something that can be written to a file in one of several formats."""

    def _formats(self) -> Mapping[str, Callable[[], bytes]]:
        """The functions that compute the content, by suffix."""
        raise NotImplementedError

    def save(self, path: str | PathLike[str]) -> None:
        """Write to a file in the format of its suffix; if that fails, the file is left as it was.

        Parameters
        ----------
        path : str or path
            Ends in one of the suffixes that the class names.

        Raises
        ------
        ValueError
            If the suffix is not one of them, or the content would be too large for the format.
        FileNotFoundError
            If the folder does not exist.
        RuntimeError
            If Graphviz is asked for and is missing or fails, or the system has no fonts for a PNG.
        """
        from minigrad.files import check_folder, replace_file, suffix_of

        formats = self._formats()
        suffix = suffix_of(path, formats, "save")
        check_folder(path, "save")  # before the work
        replace_file(path, formats[suffix](), "save")
