"""The public names by subject, for `help`."""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Mapping, Sequence


def contents(first: str, found: Mapping[str, Sequence[str]]) -> str:
    """A docstring with names under their headings."""
    parts = [
        f"{heading}\n{textwrap.fill(', '.join(names), 100, initial_indent='    ', subsequent_indent='    ')}"
        for heading, names in found.items()
    ]
    return "\n\n".join([first, *parts]) + "\n"


def by_subject(subjects: Mapping[str, Sequence[str]], operations: Mapping[str, object]) -> dict[str, list[str]]:
    """Names under their headings: some subjects, then the operations by the modules that define them.

    Parameters
    ----------
    subjects : mapping
        Names under their headings.
    operations : mapping
        Functions by name. Their heading is the first sentence of their module's docstring.
    """
    found = {heading: list(names) for heading, names in subjects.items()}
    for name, function in sorted(operations.items(), key=lambda item: ".networks." in item[1].__module__):
        found.setdefault(_heading(function.__module__), []).append(name)
    return found


def _heading(module: str) -> str:
    """The first sentence of a module's docstring."""
    return re.split(r"[:.;](?: |$)", (sys.modules[module].__doc__ or module).split("\n")[0])[0]
