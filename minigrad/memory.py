"""A setting of the C library for freed memory."""

from __future__ import annotations

import numpy as np


def keep_freed_blocks() -> None:
    """Let glibc keep freed blocks of up to 32 MB for the next array instead of returning them to the system.

    By default it returns every block above 128 kB, and fetching it again, page by page, takes up to a third of a training
    step. Freeing one block of just under 32 MB raises that limit for the process (M_MMAP_THRESHOLD is dynamic). It costs
    nothing now, since the block is never touched; later, up to twice 32 MB of freed memory may stay with the process. Other
    C libraries ignore it.
    """
    np.empty(31 << 20, np.uint8)
