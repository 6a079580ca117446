"""A text for the lesson on sequences."""

from pathlib import Path


def sonnets() -> str:
    """Ten sonnets by William Shakespeare, of 1609: 18, 29, 30, 55, 60, 65, 73, 116, 130 and 138.

    Examples
    --------
    >>> sonnets()[:39]
    "Shall I compare thee to a summer's day?"
    """
    return Path(__file__).with_name("sonnets.txt").read_text(encoding="utf-8")
