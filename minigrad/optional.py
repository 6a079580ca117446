"""Optional packages: imported when a feature asks for them; if one is missing, the error names the extra to install."""

from __future__ import annotations

from typing import Any


def found(module: str) -> Any:
    """The module that ``import module`` binds, for "a.b" the package a; None if it is not installed."""
    try:
        return __import__(module)
    except ImportError:
        return None


def needed(module: str, extra: str, why: str) -> Any:
    """As `found`; an ImportError that says how to install it if it is missing.

    Examples
    --------
    >>> needed("no_such_package", "train", "plot needs it")
    Traceback (most recent call last):
    ImportError: plot needs it: pip install "minigrad[train]"
    """
    package = found(module)
    if package is None:
        raise ImportError(f'{why}: pip install "minigrad[{extra}]"')
    return package
