"""Command lines that are not understood, and what a command prints."""

from __future__ import annotations

import argparse
import io
import os
import sys
from typing import NoReturn

from minigrad.text import clean


class UsageError(ValueError):
    """A command line that is not understood."""


class Parser(argparse.ArgumentParser):
    """An argument parser that raises a UsageError instead of exiting."""

    def error(self, message: str) -> NoReturn:
        """Raise a UsageError that points to the help."""
        raise UsageError(f"{message}; see {self.prog} --help")


def say(text: str) -> None:
    """Print to standard output, without control characters. If nobody reads it any more, as in ``| head``, be quiet."""
    try:
        print(clean(text), flush=True)
    except OSError as error:
        _silence()
        if not isinstance(error, BrokenPipeError):
            raise


def _silence() -> None:
    """Send what is still to be printed nowhere, so that Python does not complain of it when it ends."""
    try:
        number = sys.stdout.fileno()
    except (AttributeError, io.UnsupportedOperation):
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)
