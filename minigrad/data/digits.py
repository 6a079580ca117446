"""Real handwritten digits that come with the package.

They are the test set of "Optical Recognition of Handwritten Digits" by E. Alpaydin and C. Kaynak, UCI Machine Learning
Repository, 1998, https://doi.org/10.24432/C50P49, under CC BY 4.0. Only the format was changed, as `digits-SOURCE.md` says;
``tests/make_digits.py`` made the files.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from minigrad.data.dataset import ArrayDataset
from minigrad.data.idx import read_idx

FIFTH = 5  # every fifth image of each digit is for testing


def load_digits() -> tuple[ArrayDataset, ArrayDataset]:
    """Load the included handwritten digits, 8 × 8, by 13 people (E. Alpaydin, C. Kaynak; UCI, CC BY 4.0).

    The split is fixed and stratified: every fifth image of each digit is for testing. Both parts have images by the same
    people, so the test measures generalisation to new images, not to new writers.

    Returns
    -------
    train, test : ArrayDataset
        1,442 and 355 pairs of an image, float32 of shape (1, 8, 8) from 0 (paper) to 1 (ink) in steps of 1/16, and a label,
        int64 from 0 to 9.

    Examples
    --------
    >>> train, test = load_digits()
    >>> train
    ArrayDataset(float32 (1442, 1, 8, 8), int64 (1442,))
    >>> image, label = test[0]
    >>> label
    np.int64(5)
    >>> for row in image[0]:
    ...     print("".join("-.:oO@"[int(5 * ink)] for ink in row))
    -.O.::--
    -:@@@@.-
    -.@:..--
    -.@@O.--
    --..Oo--
    ----@:--
    --:OO---
    -.@O----
    """
    folder = Path(__file__).parent
    images = read_idx(folder / "digits-images-idx3-ubyte.gz")[:, None].astype(np.float32) / np.float32(16)
    labels = read_idx(folder / "digits-labels-idx1-ubyte.gz").astype(np.int64)
    testing = np.zeros(len(labels), bool)
    for digit in range(10):
        testing[np.flatnonzero(labels == digit)[FIFTH - 1 :: FIFTH]] = True
    return ArrayDataset(images[~testing], labels[~testing]), ArrayDataset(images[testing], labels[testing])
