"""Activations: what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg


@pytest.mark.parametrize(("x", "weight"), [((4,), (2,)), ((4,), (4,)), ((2, 3), (2,)), ((2, 3, 4), (3, 1))])
def test_prelu_takes_one_slope_or_one_for_each_channel(x, weight):
    with pytest.raises(ValueError, match=r"weight of shape .* should be \(1,\) or"):
        mg.prelu(np.ones(x), np.ones(weight))
