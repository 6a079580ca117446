"""Hooks: functions called before or after a module's forward."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Hook = Callable[..., Any]


class Handle:
    """A registered hook. `remove` takes it out again, and so does leaving a ``with`` block."""

    def __init__(self, hooks: dict[int, Hook], hook: Hook) -> None:
        self._hooks, self._key = hooks, max(hooks, default=0) + 1
        hooks[self._key] = hook

    def remove(self) -> None:
        """Take the hook out; calling it twice is harmless."""
        self._hooks.pop(self._key, None)
        self._hooks = {}

    def __enter__(self) -> Handle:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()
