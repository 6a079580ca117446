"""Checks of the arguments that pictures and players share."""

from __future__ import annotations

from typing import Any

from minigrad.graph import Node

MOST_DECIMALS = 17  # significant digits of a float64


def check_look(who: str, direction: Any, theme: Any) -> None:
    """Check the direction and the colours of a picture."""
    if direction not in ("LR", "TB"):
        raise ValueError(f"{who}: direction is 'LR' (left to right) or 'TB' (top to bottom), got {direction!r}")
    check_theme(who, theme)


def check_theme(who: str, theme: Any) -> None:
    """Check the colours of a picture."""
    if theme not in ("auto", "light", "dark"):
        raise ValueError(f"{who}: theme is 'auto', 'light' or 'dark', got {theme!r}")


def check_not_freed(who: str, root: Node) -> None:
    """Refuse a graph that an earlier sweep has freed."""
    if root.op is not None and not root.inputs:
        raise RuntimeError(
            f"{who}: the graph was freed by an earlier backward(retain_graph=False); draw first, or keep the graph"
        )


def check_integers(who: str, **numbers: tuple[Any, int, int | None]) -> None:
    """Check that each argument is an integer from its lower to its upper bound."""
    for name, (n, least, most) in numbers.items():
        reach = f", {least} or more" if most is None else f" from {least} to {most}"
        if not isinstance(n, int) or isinstance(n, bool):
            raise TypeError(f"{who}: {name} is an integer{reach}, got {type(n).__name__}")
        if n < least or (most is not None and n > most):
            raise ValueError(f"{who}: {name} is an integer{reach}, got {n}")
