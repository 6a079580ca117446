"""Command lines that are not understood."""

from __future__ import annotations

import argparse
from typing import NoReturn


class UsageError(ValueError):
    """A command line that is not understood."""


class Parser(argparse.ArgumentParser):
    """An argument parser that raises a UsageError instead of exiting."""

    def error(self, message: str) -> NoReturn:
        """Raise a UsageError that points to the help."""
        raise UsageError(f"{message}; see {self.prog} --help")
