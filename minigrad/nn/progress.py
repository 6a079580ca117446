"""How far an epoch is, on the terminal: a bar by tqdm, or where that is missing, a line for each epoch."""

from __future__ import annotations

import sys
from typing import Any


class Progress:
    """The progress of one epoch.

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
        self._title, self._shown = title, shown
        self._bar: Any = None
        if shown:
            try:
                from tqdm import tqdm
            except ImportError:
                return
            self._bar = tqdm(total=total, desc=title, unit=" items", dynamic_ncols=True, mininterval=0.2)

    def update(self, items: int, **numbers: float) -> None:
        """Move on by so many items, and show numbers beside the bar."""
        if self._bar is not None:
            self._bar.set_postfix({k: f"{v:.4f}" for k, v in numbers.items()}, refresh=False)
            self._bar.update(items)

    def close(self, **numbers: float) -> None:
        """Leave the bar with the numbers of the whole epoch."""
        text = "  ".join(f"{k}={v:.4f}" for k, v in numbers.items())
        if self._bar is not None:
            self._bar.set_postfix_str(text)
            self._bar.close()
        elif self._shown:
            print(f"{self._title}  {text}", file=sys.stderr, flush=True)
