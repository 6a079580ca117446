"""Convolution by transforms against SciPy, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.fft
import scipy.signal

import minigrad as mg
from minigrad import Tensor
from minigrad.ops.signal import _fast_length

RNG = np.random.default_rng(3)
V, M = Tensor([1.0, 2.0, 3.0]), Tensor(np.ones((2, 4)))


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize(("m", "n"), [(1, 1), (5, 1), (1000, 37), (37, 1000), (64, 64)])
def test_convolution_by_transforms_is_convolution_and_its_rules_are_adjoint(mode, m, n):
    a, b = RNG.normal(size=m), RNG.normal(size=n)
    expected = scipy.signal.convolve(a, b, mode, method="direct")
    x, k = Tensor(a), Tensor(b)
    y = mg.fftconvolve(x, k, mode)
    np.testing.assert_allclose(y.data, expected, rtol=1e-10, atol=1e-10)
    g = RNG.normal(size=y.shape)
    y.backward(g)
    np.testing.assert_allclose([x.grad @ a, k.grad @ b], g @ expected, rtol=1e-9, atol=1e-9)


def test_a_convolution_in_the_plane_broadcasts_its_batch():
    images, kernel = Tensor(RNG.normal(size=(3, 8, 9))), Tensor(RNG.normal(size=(1, 3, 2)))
    y = mg.fftconvolve(images, kernel, "same", axes=(1, 2))
    np.testing.assert_allclose(y.data, scipy.signal.fftconvolve(images.data, kernel.data, "same", axes=(1, 2)), atol=1e-12)
    y.backward(np.ones(y.shape))
    assert kernel.grad.shape == (1, 3, 2)
    assert mg.fftconvolve(Tensor(np.float32([1, 2])), np.float32([1])).dtype == np.float32


def test_transforms_have_fast_lengths():
    for n in range(1, 2000):
        assert _fast_length(n) == scipy.fft.next_fast_len(n, real=True)


@pytest.mark.parametrize(("call", "kind", "says"), [
    (lambda: mg.fftconvolve(V, M), ValueError, r"fftconvolve: needs arrays with the same number of axes, .* got shapes \(3,\) and \(2, 4\)"),
    (lambda: mg.fftconvolve(V, Tensor(np.zeros(0))), ValueError, "none of them empty"),
    (lambda: mg.fftconvolve(V, V, "wrap"), ValueError, "mode is 'full', 'same' or 'valid', got 'wrap'"),
    (lambda: mg.fftconvolve(np.ones((2, 3)), Tensor(np.ones((3, 2))), "valid"), ValueError, "one array must hold the other"),
    (lambda: mg.fftconvolve(V, V, axes=()), ValueError, "at least one axis"),
])  # fmt: skip
def test_bad_input(call, kind, says):
    with pytest.raises(kind, match=says):
        call()
