"""How far an epoch is, on the terminal: a bar by tqdm; where that or the terminal is missing, a line for each epoch."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

from minigrad.optional import found


class Progress:
    """The progress of one epoch, shown while its ``with`` block runs.

    Parameters
    ----------
    title : str
        Which epoch.
    total : int or None
        How many items there will be, if known.
    shown : bool
        Whether anything is shown at all.
    """

    def __init__(self, title: str, total: int | None, shown: bool) -> None:
        self._title, self._shown, self._start = title, shown, time.perf_counter()
        self._bar: Any = None
        tqdm = found("tqdm") if shown and (sys.stderr.isatty() or "ipykernel" in sys.modules) else None
        if tqdm:
            self._bar = tqdm.tqdm(total=total, desc=title, unit=" items", dynamic_ncols=True, mininterval=0.2)

    @property
    def seconds(self) -> float:
        """Since the epoch began."""
        return time.perf_counter() - self._start

    def update(self, items: int, numbers: Mapping[str, float]) -> None:
        """Move on by so many items, and show numbers beside the bar."""
        if self._bar is not None:
            self._bar.set_postfix_str(_text(numbers), refresh=False)
            self._bar.update(items)

    def end(self, numbers: Mapping[str, float]) -> None:
        """Show the numbers of the whole epoch."""
        if self._bar is not None:
            self._bar.set_postfix_str(_text({k: v for k, v in numbers.items() if k != "seconds"}))
        elif self._shown:
            print(f"{self._title}  {_text(numbers)}", file=sys.stderr, flush=True)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()


def _text(numbers: Mapping[str, float]) -> str:
    return "  ".join(f"{k}={v:.4g}" for k, v in numbers.items())
