"""Decompositions of complex matrices: recorded gradients of other libraries, and what depends on arbitrary phases."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.linalg import LinAlgError

import minigrad as mg

SQUARE = np.array([[1.0 + 0.5j, -0.3j, 0.7], [0.2 - 1j, 2.0, 0.4 + 0.4j], [-0.6, 0.1 + 0.9j, -1.5 - 0.2j]])
TALL = np.array([[1.0 + 0.5j, -0.3j], [0.2 - 1j, 2.0], [-0.6, 0.1 + 0.9j]])
HERMITIAN, POSITIVE = SQUARE + SQUARE.conj().T, SQUARE @ SQUARE.conj().T
WEIGHTS = np.array([[1.0, -2.0, 0.5], [0.3, 0.8, -1.1], [1.4, -0.7, 0.2]])


def _vectors(np: Any, v: Any) -> Any:
    return np.sum(WEIGHTS[: v.shape[0], : v.shape[1]] * np.abs(v) ** 2)


# Of the sum of the absolute squares of each result, weighted.
FUNCTIONS: dict[str, Any] = {
    "cholesky": (lambda np, a: _vectors(np, np.linalg.cholesky(a)), POSITIVE),
    "eigh": (lambda np, a: _vectors(np, np.linalg.eigh(a)[1]) + np.sum(np.linalg.eigh(a)[0] ** 3), HERMITIAN),
    "eigvals": (lambda np, a: np.sum(np.abs(np.linalg.eigvals(a)) ** 3), SQUARE),
    "slogdet": (lambda np, a: np.linalg.slogdet(a)[1] + np.real(np.linalg.slogdet(a)[0]), SQUARE),
    "pinv": (lambda np, a: _vectors(np, np.linalg.pinv(a)), TALL),
    "svd": (lambda np, a: sum(_vectors(np, x) for x in np.linalg.svd(a, full_matrices=False)[::2]), SQUARE),
    "svd, tall": (lambda np, a: sum(_vectors(np, x) for x in np.linalg.svd(a, full_matrices=False)[::2]), TALL),
    "qr": (lambda np, a: sum(_vectors(np, x) for x in np.linalg.qr(a)), TALL),
    "nuclear norm": (lambda np, a: np.linalg.norm(a, "nuc"), TALL),
}

# Recorded with JAX 0.10.2, jax.grad; of cholesky and eigh, which are told the matrix is Hermitian, the Hermitian part.
RECORDED = {
    "cholesky": [
        [-0.240985315701 + 0j, 0.147023274713 + 0.411256021847j, -1.21829508197 + 0.13312295082j],
        [0.147023274713 - 0.411256021847j, 0.931991316598 + 0j, 0.10093647541 - 0.329551229508j],
        [-1.21829508197 - 0.13312295082j, 0.10093647541 + 0.329551229508j, 0.2 + 0j],
    ],
    "eigh": [
        [13.9078620144 + 0j, 3.86389505041 - 13.1364958238j, 1.1024980953 - 0.774273705245j],
        [3.86389505041 + 13.1364958238j, 50.805115825 + 0j, 1.53643630951 + 1.69129105056j],
        [1.1024980953 + 0.774273705245j, 1.53643630951 - 1.69129105056j, 28.5270221605 + 0j],
    ],
    "eigvals": [
        [3.0719980748 - 3.93485286045j, 6.70942327928 - 4.89417283678j, -0.214302251519 + 4.27662443984j],
        [0.170669840099 - 0.671388796047j, 10.0290167603 - 0.441654857853j, 1.25593437085 + 3.69657404895j],
        [1.63501433179 - 2.14292953902j, 4.03105925894 + 0.609294193476j, -4.69021808286 + 3.52492429756j],
    ],
    "slogdet": [
        [0.182519982972 - 1.44606407925j, 0.896156745535 - 0.0114420764064j, 0.139829429032 + 1.09671295006j],
        [-0.0814409244229 + 0.0821968182487j, 0.404741585445 - 0.584903762016j, 0.425729231646 + 0.11420874228j],
        [-0.0475655733937 - 0.668286255513j, 0.66320389802 - 0.141810069144j, -0.348620762313 + 1.27290030231j],
    ],
    "pinv": [
        [0.0315396679616 - 0.0239210446065j, -0.0271707020855 - 0.179337071359j],
        [-0.0454638210353 - 0.266028440714j, 0.165013331902 + 0.00387093355369j],
        [0.300416979234 - 0.0264884628884j, -0.0586478511248 + 0.368899882792j],
    ],
    "svd": [
        [-0.413046433164 + 0.740895368609j, 0.823738441856 + 1.37266579586j, 1.20078804222 - 0.410358027814j],
        [0.274785290938 - 1.9990095591j, -2.478109519 + 0.210480346531j, 0.664329493316 - 0.0302632190767j],
        [-1.92501565652 - 0.233691751218j, -0.1262903488 - 0.601778465845j, -2.93061972016 + 0.368333222839j],
    ],
    "svd, tall": [
        [-0.128803702323 - 0.029153487484j, -0.311851128818 - 0.836714941027j],
        [0.203433332422 + 1.63427548683j, -0.664828572082 - 0.0617108824723j],
        [-0.380626832237 + 0.0497773771653j, 0.00736075232756 + 0.232417492044j],
    ],
    "qr": [
        [4.42493128452 - 1.95723532198j, 0.85076773426 + 3.10641489119j],
        [-0.464209140133 - 3.0716083821j, 0.662934600897 + 0.0750562681431j],
        [-5.1015021077 + 0.175196306653j, 0.442005794982 - 2.92687431492j],
    ],
    "nuclear norm": [
        [0.670283142662 - 0.326094400979j, 0.0301572345078 + 0.237629324923j],
        [0.0992907499819 + 0.463976728132j, 0.844595767034 + 0.00324770217777j],
        [-0.468221961794 + 0.00425294332803j, 0.0556768218925 - 0.475573737065j],
    ],
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_gradient_is_jaxs(name: str):
    f, x = FUNCTIONS[name]
    np.testing.assert_allclose(mg.grad(lambda a: f(mg, a))(x), RECORDED[name], rtol=1e-9, atol=1e-11)


def _eig(a: Any) -> Any:
    w, v = mg.linalg.eig(a)
    return w, abs(v) ** 2, (v * mg.exp(w)[..., None, :]) @ mg.linalg.inv(v)


def _phases(a: Any) -> Any:
    w, v = mg.linalg.eigh(a)
    return w, v @ (mg.exp(1j * w)[:, None] * mg.conj(v.T))


@pytest.mark.parametrize(("f", "x"), [
    (lambda a: list(mg.linalg.slogdet(a)), SQUARE),
    (lambda a: mg.linalg.slogdet(a).sign, np.stack([SQUARE, 2 * SQUARE.T])),
    (lambda a: list(_phases(a + mg.conj(a.T))), SQUARE),
    (lambda a: mg.linalg.pinv(a, hermitian=True), SQUARE),
    (lambda a: list(_eig(a)), SQUARE),
    (lambda a: list(_eig(a)), np.stack([SQUARE.real, SQUARE.imag])),
    (lambda a: mg.linalg.svd(a, hermitian=True).S, SQUARE),
    (lambda a: [mg.linalg.cond(a), mg.linalg.norm(a, "nuc"), mg.linalg.norm(a, 2)], SQUARE),
])  # fmt: skip
def test_first_and_second_derivatives(f: Any, x: Any):
    assert mg.gradcheck(f, x, order=2)


def test_real_matrices_of_complex_eigenvalues():
    turn = np.array([[0.5, 1.0], [-2.0, 0.0]])
    w, _ = np.linalg.eig(mg.Tensor(turn))
    assert (w.dtype, mg.grad(lambda a: mg.real(mg.linalg.eigvals(a)[0]))(turn).dtype) == (np.complex128, np.float64)
    np.testing.assert_allclose(mg.grad(lambda a: mg.real(mg.sum(np.linalg.eigvals(a) ** 2)))(turn), 2 * turn.T, atol=1e-14)
    assert mg.linalg.eig(mg.Tensor([[2.0, 1.0], [0.0, 3.0]])).eigenvectors.dtype == np.float64


def test_a_defective_matrix_has_no_gradient():
    with pytest.raises(LinAlgError, match=r"eig: a matrix of shape \(2, 2\) has too few eigenvectors"):
        mg.grad(lambda a: mg.linalg.eigvals(a)[0])(np.array([[1.0, 1.0], [0.0, 1.0]]))
    with pytest.raises(LinAlgError, match=r"eig: .* equal values"):
        mg.grad(lambda a: mg.sum(mg.linalg.eig(a)[1] ** 3))(np.diag([1.0, 2.0, 1.0]))


def test_only_the_lower_triangle_of_a_hermitian_matrix_is_read_and_the_gradient_is_hermitian():
    for f in (np.linalg.eigvalsh, np.linalg.cholesky):
        gradient = mg.grad(lambda a, f=f: mg.sum(abs(f(a)) ** 3))(POSITIVE)
        np.testing.assert_allclose(gradient, gradient.conj().T, rtol=1e-12)
    for hermitian in (
        lambda a: mg.linalg.svd(a, compute_uv=False, hermitian=True),
        lambda a: mg.linalg.pinv(a, hermitian=True),
    ):
        np.testing.assert_allclose(
            hermitian(SQUARE), hermitian(np.tril(SQUARE) + np.triu(np.full((3, 3), 9j), 1)), rtol=1e-12
        )


@pytest.mark.parametrize(("f", "name"), [
    (lambda a: mg.linalg.eigh(a).eigenvectors[0, 0].imag, "eigh"),
    (lambda a: mg.sum(mg.linalg.eig(a).eigenvectors).imag, "eig"),
    (lambda a: mg.sum(mg.linalg.svd(a).U).imag, "svd"),
    (lambda a: mg.sum(mg.linalg.svd(a).Vh).real, "svd"),
])  # fmt: skip
def test_a_result_that_depends_on_arbitrary_phases_is_refused(f: Any, name: str):
    with pytest.raises(LinAlgError, match=f"{name}: the result depends on the phases of complex vectors"):
        mg.grad(f)(HERMITIAN)


def test_correlate_conjugates_its_second_operand():
    a, v, w = SQUARE[0], SQUARE[1, :2], np.array([1.0, 2j])
    assert mg.gradcheck(lambda a, v: np.correlate(a, v), a, v, order=2)
    gradient = mg.grad(lambda v: mg.real(mg.sum(w * np.correlate(a, v))))(v)
    np.testing.assert_allclose(gradient, np.conj([a[:2] @ w, a[1:] @ w]))
