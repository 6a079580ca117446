"""Docstrings of functions that are much alike: what they share is written once, and put in where they are declared."""

from __future__ import annotations


def dedented(doc: str | None) -> str:
    """A docstring without its indentation, as Python keeps it from 3.13 on."""
    first, *rest = (doc or "").split("\n")
    margin = min([len(line) - len(line.lstrip()) for line in rest if line.strip()], default=0)
    return "\n".join([first, *[line[margin:] for line in rest]])


def with_sections(doc: str | None, sections: str) -> str | None:
    """A docstring with more sections, which come before its notes and examples; None if Python keeps no docstrings."""
    if doc is None:
        return None
    text = dedented(doc).rstrip()
    end = min([at for at in (text.find("\nNotes\n"), text.find("\nExamples\n")) if at >= 0], default=len(text) + 1)
    return f"{text[:end].rstrip()}\n\n{sections.strip()}\n{text[end:] or ''}"


def section(doc: str | None, first: str, last: str) -> str:
    """The sections of a docstring from one heading up to another."""
    return first + dedented(doc).partition(f"\n{first}")[2].partition(f"\n{last}\n")[0]
