"""Channels rearranged as positions: what is refused. The numbers are tested with all operations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad as mg

REFUSED = [
    (mg.pixel_shuffle, (4, 4), 2), (mg.pixel_shuffle, (6, 2, 2), 2), (mg.pixel_shuffle, (4, 2, 2), 0),
    (mg.pixel_shuffle, (4, 2, 2), -2), (mg.pixel_unshuffle, (4, 4), 2), (mg.pixel_unshuffle, (1, 4, 3), 2),
    (mg.pixel_unshuffle, (1, 3, 4), 2), (mg.pixel_unshuffle, (1, 4, 4), 0), (mg.pixel_unshuffle, (1, 4, 4), -2),
]  # fmt: skip


@pytest.mark.parametrize(("function", "shape", "factor"), REFUSED)
def test_shapes_that_do_not_fit(function: Any, shape: tuple[int, ...], factor: int):
    name = function.__name__
    with pytest.raises(ValueError, match=rf"^{name}: x of shape \({', '.join(map(str, shape))}\) is not \(\.\.\., C"):
        function(np.zeros(shape), factor)
