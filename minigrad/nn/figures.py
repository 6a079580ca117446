"""Figures of training, drawn by Matplotlib, which is loaded when the first one is asked for."""

from __future__ import annotations

from typing import Any


def figure(who: str, size: tuple[float, float]) -> Any:
    """A figure that no window waits for.

    Parameters
    ----------
    who : str
        The function that a message names.
    size : tuple of float
        Width and height in inches.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ImportError
        If Matplotlib is missing; says how to get it.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ImportError(f'{who}: figures need Matplotlib: pip install "minigrad[train]"') from None
    return Figure(figsize=size, layout="constrained")
