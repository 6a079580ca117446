"""The progress of an epoch on the terminal: a tqdm bar; without tqdm or a terminal, one line per epoch."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from minigrad.optional import found


class Progress:
    """The progress of one epoch, shown while its ``with`` block runs.

    Parameters
    ----------
    title : str
        Names the epoch.
    total : int or None
        Number of items, if known.
    shown : bool
        Whether anything is shown.
    """

    def __init__(self, title: str, total: int | None, shown: bool) -> None:
        self.title, self._shown, self._start = title, shown, time.perf_counter()
        self._bar: Any = None
        notebook = type(sys.stderr).__module__ == "ipykernel.iostream"
        tqdm = found("tqdm") if shown and (sys.stderr.isatty() or notebook) else None
        if tqdm:
            self._bar = tqdm.tqdm(total=total, desc=title, unit=" items", dynamic_ncols=True, mininterval=0.2)

    @property
    def seconds(self) -> float:
        """Seconds since the epoch began."""
        return time.perf_counter() - self._start

    def update(self, items: int, numbers: Mapping[str, float]) -> None:
        """Advance by `items`, and show numbers beside the bar."""
        if self._bar is not None:
            self._bar.set_postfix_str(_text(numbers), refresh=False)
            self._bar.update(items)

    def end(self, numbers: Mapping[str, float]) -> None:
        """Show the numbers of the whole epoch."""
        if self._bar is not None:
            self._bar.set_postfix_str(_text({k: v for k, v in numbers.items() if k != "seconds"}))
        elif self._shown:
            with suppress(BrokenPipeError):  # nobody reads it any more; the training goes on
                print(f"{self.title}  {_text(numbers)}", file=sys.stderr, flush=True)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()


def _text(numbers: Mapping[str, float]) -> str:
    return "  ".join(f"{k}={v:.4g}" for k, v in numbers.items())
