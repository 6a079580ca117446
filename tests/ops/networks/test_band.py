"""Products with a banded matrix, beside the dense matrix."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad as mg
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
        patch.setattr(band, "INDEXED", data.draw(st.sampled_from([0, 1])))  # single elements, or blocks
        for axis in (1, 2):
            x_, g_ = (np.ascontiguousarray(np.moveaxis(v, 1, axis)) for v in (x, g))
            down, up = matrix.times(x_, axis), matrix.transpose_times(g_, axis)
            assert down.dtype == up.dtype == (dtype if np.dtype(dtype).kind == "f" else np.float64)
            np.testing.assert_allclose(down, np.moveaxis(np.tensordot(x_, dense.T, (axis, 0)), -1, axis), atol=1e-4)
            np.testing.assert_allclose(up, np.moveaxis(np.tensordot(g_, dense, (axis, 0)), -1, axis), atol=1e-4)


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("indexed", [0, 1])
def test_an_infinity_meets_no_zero(special: float, axis: int, indexed: float, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(band, "INDEXED", indexed)
    matrix = Band.of(np.array([[0, 1, 2, 3], [1, 2, 3, 4]]), np.array([[0.5, 1.0, 0.25, 1.0], [0.5, 0.0, 0.75, 1.0]]), 5)
    x = np.ones((5, 5))
    x[2] = special
    out = matrix.times(x if axis == 0 else x.T, axis)
    out = out if axis == 0 else out.T
    np.testing.assert_array_equal(out[:, 0], [1.0, 1.0, special, 2.0])
    back = matrix.transpose_times(np.array([[1.0], [special], [1.0], [1.0]]), 0)
    np.testing.assert_array_equal(back[:, 0], [0.5, 0.5 + special, 0.25, 1.75, 1.0])


def test_a_block_is_not_much_larger_than_what_it_adds():
    for rows, columns, width in ((64, 4_000_000, 62_500), (100, 1_000_000, 2), (2_000_000, 1_000_000, 2), (7, 32, 6)):
        matrix = Band(np.arange(rows) * max(0, columns - width) // max(1, rows - 1), np.ones((rows, width)), columns)
        _, wide, block = next(iter(matrix._blocks(np.dtype(np.float32))))
        assert block.size <= 64 * (width + 130)
        assert wide.stop - wide.start <= 2 * width + 130


def test_half_precision_adds_in_single():
    matrix = Band(np.array([0]), np.ones((1, 4000)), 4000)
    assert matrix.times(np.full((1, 4000), 10, np.float16), 1).tolist() == [[40000.0]]
    x = np.full((1, 1, 3000), 200, np.float16)
    out = mg.adaptive_avg_pool1d(x, 7)
    assert out.dtype == np.float16
    np.testing.assert_array_equal(out.data, np.full((1, 1, 7), 200, np.float16))
