"""Make the digits that minigrad ships from scikit-learn's copy of them: the same bytes on every run.

    pip download --no-deps --dest /tmp scikit-learn==1.9.1
    unzip -p /tmp/scikit_learn-1.9.1-*.whl sklearn/datasets/data/digits.csv.gz > /tmp/digits.csv.gz
    python tests/make_digits.py /tmp/digits.csv.gz minigrad/data

Each of the 1,797 lines has the 64 numbers of an image of 8 by 8, 0 to 16, and its label. They are written as IDX, MNIST's format.
"""

from __future__ import annotations

import gzip
import hashlib
import struct
import sys
from pathlib import Path

import numpy as np

SHA256 = "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8"  # of the lines


def main(source: str, folder: str) -> None:
    lines = gzip.decompress(Path(source).read_bytes())
    if (found := hashlib.sha256(lines).hexdigest()) != SHA256:
        raise SystemExit(f"{source} has the SHA-256 {found}, not {SHA256}")
    table = np.loadtxt(lines.decode().splitlines(), np.uint8, delimiter=",")
    images, labels = table[:, :64].reshape(-1, 8, 8), table[:, 64]
    for name, array in (("digits-images-idx3-ubyte.gz", images), ("digits-labels-idx1-ubyte.gz", labels)):
        header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
        Path(folder, name).write_bytes(gzip.compress(header + array.tobytes(), 9, mtime=0))


if __name__ == "__main__":
    main(*sys.argv[1:])
