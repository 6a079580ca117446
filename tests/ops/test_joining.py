"""Arrays side by side: dtypes, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor

RNG = np.random.default_rng(3)
V, M = Tensor([1.0, 2.0, 3.0]), Tensor(np.ones((2, 4)))


def test_numbers_stacked_with_float32_stay_float32():
    x = Tensor(np.float32([1.0]))
    for f in (np.hstack, np.vstack, np.dstack, np.column_stack):
        assert f([x, 2.0]).dtype == np.float32
    assert np.append(x, 2.0).dtype == np.float32


@pytest.mark.parametrize(("call", "kind", "says"), [
    (lambda: np.append(M, V, axis=0), ValueError, r"append, inputs of shapes \(2, 4\) and \(3,\)"),
    (lambda: mg.hstack([]), ValueError, "hstack: needs at least one array to join"),
    (lambda: mg.column_stack([]), ValueError, "column_stack: needs at least one array to join"),
    (lambda: np.vstack([V, M]), ValueError, r"vstack, inputs of shapes \(1, 3\) and \(2, 4\)"),
])  # fmt: skip
def test_bad_input(call, kind, says):
    with pytest.raises(kind, match=says):
        call()
