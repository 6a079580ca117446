"""``python -m minigrad`` is the command ``minigrad``."""

from __future__ import annotations

import sys

from minigrad.cli import main

if __name__ == "__main__":
    sys.exit(main())
