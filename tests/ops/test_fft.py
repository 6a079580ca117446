"""Fourier transforms: gradients as JAX has them, adjoints, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor

X = np.array([1.0, -2.0, 0.5, 3.0, -1.5])
Z = X + 1j * X[::-1]


# Recorded with jax.grad of JAX 0.10 in double precision.
@pytest.mark.parametrize(("name", "x", "n", "expected"), [
    ("fft", Z, 4, [-312 + 1502j, -2356 - 2144j, 454 - 1434j, 2464 + 2076j, 0]),
    ("ifft", Z, None, [1.84 + 4.14j, -2.376 - 4.684j, 0.056 - 0.056j, 4.684 + 2.376j, -4.14 - 1.84j]),
    ("rfft", X, None, [420.75, -444.25, 10.75, 574.5, -541.75]),
    ("rfft", X, 8, [766, -1112, 86, 1188, -974]),
    ("irfft", Z, None, [0.505859, -2.882812 - 4.941406j, 1.794922 - 0.201172j, 2.957031 + 3.398438j, -2.25293]),
    ("irfft", Z, 7, [1.970845, -5.008746 - 10.909621j, -5.16035 - 1.358601j, 8.944606 + 5.002915j, 0]),
    ("hfft", Z, 6, [-780, -8712 - 14760j, 1116 - 1620j, 8400, 0]),
    ("ihfft", X, 4, [0.443359, -1.730469, 0.048828, 2.214844, 0]),
])  # fmt: skip
def test_gradients_are_those_of_jax(name: str, x: Any, n: int | None, expected: list[complex]):
    leaf = Tensor(x)
    mg.sum(abs(getattr(mg.fft, name)(leaf, n)) ** 4).backward()
    np.testing.assert_allclose(leaf.grad, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", ["fft", "ifft", "rfft", "ihfft"])
@pytest.mark.parametrize("norm", [None, "ortho", "forward"])
@pytest.mark.parametrize("n", [1, 3, 4, 5, 8])
def test_the_gradient_is_the_transposed_matrix(name: str, norm: str | None, n: int):
    """The columns of the matrix are NumPy's transforms of the unit vectors; a real variable gets the real part."""
    matrix = np.stack([getattr(np.fft, name)(e, n, norm=norm) for e in np.eye(5)], -1)
    w = np.exp(1j * np.arange(len(matrix)))
    x = Tensor(X)
    getattr(np.fft, name)(x, n, norm=norm).backward(w)
    np.testing.assert_allclose(x.grad, (w @ matrix).real, atol=1e-14)
    if name in ("fft", "ifft"):
        z = Tensor(Z)
        getattr(np.fft, name)(z, n, norm=norm).backward(w)
        np.testing.assert_allclose(z.grad, w @ matrix, atol=1e-14)


@pytest.mark.parametrize("name", ["irfft", "hfft"])
@pytest.mark.parametrize("norm", [None, "ortho", "forward"])
@pytest.mark.parametrize("n", [None, 1, 2, 5, 6, 11])
def test_the_gradient_of_a_real_result_is_along_both_axes(name: str, norm: str | None, n: int | None):
    """∂/∂x − i ∂/∂y: NumPy's transforms of the unit vectors and of i times them."""
    along_x, along_y = (np.stack([getattr(np.fft, name)(e, n, norm=norm) for e in u * np.eye(5)], -1) for u in (1, 1j))
    w = np.cos(np.arange(len(along_x)))
    z, x = Tensor(Z), Tensor(X)
    for t in (z, x):
        getattr(np.fft, name)(t, n, norm=norm).backward(w)
    np.testing.assert_allclose(z.grad, w @ along_x - 1j * (w @ along_y), atol=1e-14)
    np.testing.assert_allclose(x.grad, w @ along_x, atol=1e-14)


def test_there_and_back():
    for there, back in ((mg.fft.fftn, mg.fft.ifftn), (mg.fft.rfftn, mg.fft.irfftn), (mg.fft.fftshift, mg.fft.ifftshift)):
        x = Tensor(np.outer(X, X[:4]))
        y = back(there(x)).real
        y.backward(x.data)
        np.testing.assert_allclose(y.data, x.data, atol=1e-14)
        np.testing.assert_allclose(x.grad, x.data, atol=1e-14)


def test_the_energy_of_a_spectrum_is_that_of_the_signal():
    """Parseval: Σ|fft(x)|² = n Σ x²."""
    x = Tensor(X)
    mg.sum(abs(np.fft.fft(x)) ** 2).backward()
    np.testing.assert_allclose(x.grad, 2 * 5 * X)
    assert x.grad.dtype == float


def test_plain_arrays_and_no_axes():
    assert type(mg.fft.fft(X)) is np.ndarray
    np.testing.assert_array_equal(mg.fft.fftfreq(5, 0.1), np.fft.fftfreq(5, 0.1))
    x = Tensor(X)
    y = mg.fft.fftn(x, axes=())
    y.backward(X)
    np.testing.assert_array_equal(x.grad, X)


@pytest.mark.parametrize(("call", "error", "text"), [
    (lambda: mg.fft.rfft(Tensor(Z)), TypeError, "rfft: complex numbers are not accepted"),
    (lambda: mg.fft.rfft2(Tensor(np.outer(Z, Z))), TypeError, "rfft2: complex numbers are not accepted"),
    (lambda: mg.fft.ihfft(Tensor(Z)), TypeError, "ihfft: complex numbers are not accepted"),
    (lambda: np.fft.fft(Tensor(X), axis=1), np.exceptions.AxisError, r"fft, inputs of shape \(5,\): axis 1 is out of bounds"),
    (lambda: mg.fft.fftn(Tensor(X), axes=(1,)), np.exceptions.AxisError, r"fftn, inputs of shape \(5,\): axis 1"),
    (lambda: mg.fft.fftshift(Tensor(X), 1), np.exceptions.AxisError, r"fftshift, inputs of shape \(5,\): axis 1"),
    (lambda: mg.fft.fft(Tensor(X), 0), ValueError, r"fft, inputs of shape \(5,\)"),
    (lambda: mg.fft.fft(Tensor(X), norm="unitary"), ValueError, r"fft, inputs of shape \(5,\).*unitary"),
    (lambda: mg.fft.hfft(Tensor(X), norm="unitary"), ValueError, "hfft: norm is 'backward', 'ortho' or 'forward', got 'unitary'"),
    (lambda: mg.fft.fftn(Tensor(X), (3, 4), (0,)), ValueError, "fftn: s has 2 lengths for 1 axes"),
    (lambda: mg.fft.rfftn(Tensor(X), axes=()), ValueError, "rfftn: needs at least one axis"),
    (lambda: mg.fft.fft(Tensor(X), dim=0), TypeError, "fft has no argument 'dim'; it is axis= here"),
    (lambda: mg.fft.fft(Tensor(X), Tensor(3.0)), TypeError, "n= is not differentiated"),
])  # fmt: skip
def test_what_is_refused(call: Any, error: type[Exception], text: str):
    with pytest.raises(error, match=text):
        call()
