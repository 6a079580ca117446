"""Run a benchmark beside another process that keeps a core busy, and say which kernel OpenBLAS chose.

    python tests/benchmarks/busy.py bench_training.py --only LeNet

A library whose threads wait by spinning, or for each other, is slow on such a machine. `OPENBLAS_CORETYPE`, which some
machines set, is left out, so that NumPy chooses its kernel itself.
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np


def openblas_kernel() -> str:
    """The kernel that OpenBLAS chose for this processor."""
    if not find_spec("threadpoolctl"):
        return "unknown; pip install threadpoolctl tells"
    from threadpoolctl import threadpool_info

    assert np.ones((2, 2)).sum() == 4  # NumPy and its BLAS are loaded
    return ", ".join({str(library.get("architecture")) for library in threadpool_info() if library["user_api"] == "blas"})


def main() -> None:
    script, *arguments = sys.argv[1:] or sys.exit(__doc__)
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_CORETYPE"}
    if environment != dict(os.environ):
        os.execve(sys.executable, [sys.executable, __file__, script, *arguments], environment)
    print(f"{os.cpu_count()} cores, one of them busy; kernel of OpenBLAS: {openblas_kernel()}", flush=True)
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        subprocess.run([sys.executable, Path(__file__).parent / script, *arguments], check=True)
    finally:
        busy.kill()
        busy.wait()


if __name__ == "__main__":
    main()
