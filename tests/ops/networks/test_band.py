"""Products with a banded matrix, beside the dense matrix."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigrad.ops.networks import band
from minigrad.ops.networks.band import Band


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_both_products(data: st.DataObject):
    columns, rows, taps = (data.draw(st.integers(1, most)) for most in (9, 30, 4))
    below = sorted(data.draw(st.lists(st.integers(-2, columns), min_size=rows, max_size=rows)))
    indices = np.clip(np.array(below) + np.arange(taps)[:, None], 0, columns - 1)
    rng = np.random.default_rng(0)
    weights = rng.normal(size=indices.shape)
    dense = np.zeros((rows, columns))
    np.add.at(dense, (np.arange(rows), indices), weights)
    matrix = Band.of(indices, weights, columns)
    dtype = data.draw(st.sampled_from([np.float32, np.float64, np.int64]))
    x, g = (rng.integers(-9, 9, (2, length, 3)).astype(dtype) for length in (columns, rows))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(band, "ROWS", data.draw(st.sampled_from([1, 4, 64])))
        for axis in (1, 2):
            x_, g_ = (np.ascontiguousarray(np.moveaxis(v, 1, axis)) for v in (x, g))
            down, up = matrix.times(x_, axis), matrix.transpose_times(g_, axis)
            assert down.dtype == up.dtype == (dtype if np.dtype(dtype).kind == "f" else np.float64)
            np.testing.assert_allclose(down, np.moveaxis(np.tensordot(x_, dense.T, (axis, 0)), -1, axis), atol=1e-4)
            np.testing.assert_allclose(up, np.moveaxis(np.tensordot(g_, dense, (axis, 0)), -1, axis), atol=1e-4)


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("axis", [0, 1])
def test_an_infinity_meets_no_zero(special: float, axis: int):
    matrix = Band.of(np.array([[0, 1, 2, 3], [1, 2, 3, 4]]), np.array([[0.5, 1.0, 0.25, 1.0], [0.5, 0.0, 0.75, 1.0]]), 5)
    x = np.ones((5, 5))
    x[2] = special
    out = matrix.times(x if axis == 0 else x.T, axis)
    out = out if axis == 0 else out.T
    np.testing.assert_array_equal(out[:, 0], [1.0, 1.0, special, 2.0])
    back = matrix.transpose_times(np.array([[1.0], [special], [1.0], [1.0]]), 0)
    np.testing.assert_array_equal(back[:, 0], [0.5, 0.5 + special, 0.25, 1.75, 1.0])
