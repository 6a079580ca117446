"""The commands ``minigrad train`` and ``minigrad predict``; loaded only when one of them is called."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

COMMANDS = ("train", "predict")


class UsageError(ValueError):
    """A command was called in a way that it does not understand."""


class Parser(argparse.ArgumentParser):
    """A parser whose mistakes are exceptions, as all others."""

    def error(self, message: str) -> NoReturn:
        """Raise a UsageError."""
        raise UsageError(f"{message}; see {self.prog} --help")


def run(argv: Sequence[str]) -> int:
    """Run the command that the first argument names.

    Parameters
    ----------
    argv : sequence of str
        The name of the command, and its arguments.

    Returns
    -------
    int
        The exit status: 0; 2 if something could not be understood, read or written; 130 after Ctrl-C.
    """
    from importlib import import_module

    name, *rest = argv
    try:
        return int(import_module(f"minigrad.commands.{name}").main(rest))
    except (ValueError, OSError, ImportError, FloatingPointError) as error:
        notes = "".join(f"; {note}" for note in getattr(error, "__notes__", ()))
        print(f"minigrad {name}: {error}{notes}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"minigrad {name}: interrupted", file=sys.stderr)
        return 130
