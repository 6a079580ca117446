"""Arrays made from numbers: their ends, dtypes, gradients, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor

RNG = np.random.default_rng(3)
V, M = Tensor([1.0, 2.0, 3.0]), Tensor(np.ones((2, 4)))


def test_rows_of_numbers_end_exactly_where_they_should():
    a, b = Tensor(0.1), Tensor(0.7)
    for f in (np.linspace, np.geomspace):
        row = f(a, b, 7)
        np.testing.assert_allclose(row.data, f(0.1, 0.7, 7), rtol=1e-14)
    row = np.linspace(a, b, 7)
    assert (row.data[0], row.data[-1]) == (0.1, 0.7)
    assert np.linspace(np.float32(0), Tensor(np.float32(1)), 3).dtype == np.float32
    assert np.linspace(Tensor(1.0), 2.0, 0).shape == (0,)
    assert np.linspace(Tensor(1.0), 2.0, 1).tolist() == [1]
    assert np.logspace(0, 1, 2, base=Tensor(3.0)).tolist() == [1, 3]


def test_full_like_takes_the_dtype_and_passes_the_gradient():
    fill = Tensor(2.0)
    y = np.full_like(Tensor(np.float32([1, 2, 3])), fill)
    assert y.dtype == np.float32
    y.backward(np.float32([1, 2, 3]))
    assert fill.grad == 6
    assert np.full_like(Tensor([1.0]), 3, dtype=int).tolist() == [3]
    plain = np.full_like(Tensor([1.0, 2.0]), 0.5)
    plain[0] = 1.0  # a plain array of one's own, as NumPy gives it


@pytest.mark.parametrize(("call", "kind", "says"), [
    (lambda: np.linspace(V, 1.0, -1), ValueError, "linspace: num must be a non-negative integer, got -1"),
    (lambda: np.linspace(V, 1.0, 2.5), ValueError, "linspace: num must be a non-negative integer, got 2.5"),
    (lambda: np.geomspace(V, -1.0), ValueError, "geomspace: the ends must both be positive or both be negative"),
    (lambda: np.geomspace(V, -0.01), ValueError, "geomspace: the ends must both be positive or both be negative"),
    (lambda: mg.geomspace(Tensor(1j), 0.0), ValueError, "geomspace: the ends must both be positive .* or complex and not 0"),
    (lambda: np.geomspace(V, 0.0), ValueError, "geomspace: the ends must both be positive"),
    (lambda: np.meshgrid(V, V, indexing="yx"), ValueError, "meshgrid: indexing is 'xy' or 'ij', got 'yx'"),
])  # fmt: skip
def test_bad_input(call, kind, says):
    with pytest.raises(kind, match=says):
        call()


@pytest.mark.parametrize("dtype", [None, np.float64, np.float32, np.int64, np.int8])
@pytest.mark.parametrize("make", ["linspace", "logspace", "geomspace"])
def test_only_integers_are_rounded_down(make, dtype):
    args = (0.5, 2.25, 4)
    found, expected = getattr(mg, make)(Tensor(args[0]), *args[1:], dtype=dtype), getattr(np, make)(*args, dtype=dtype)
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found.data, expected, rtol=1e-6)


def test_a_geometric_progression_around_the_circle():
    np.testing.assert_allclose(mg.geomspace(Tensor(1j), 1j, 3).data, [1j, 1j, 1j])
    np.testing.assert_allclose(mg.geomspace(Tensor(1j), -1.0, 3).data, np.geomspace(1j, -1.0, 3))
