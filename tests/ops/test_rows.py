"""Rows, and matrices of a stack, of very different magnitude: each is computed as it is alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gradients import gradient

import minigrad as mg
from minigrad import Tensor, linalg
from minigrad.graph import value_of

ROWS = np.array([
    [1.0, -2.0, 0.5, 3.0], [-1000.0, -1002.0, -1001.5, -1003.0], [1e8, 1e8 + 1, 1e8 - 2, 1e8 - 0.5], [0.7, 0.7, 0.7, 0.7],
    [2e-30, -1e-30, 3e-30, 1.5e-30], [900.0, -900.0, 0.0, 899.0], [2.0, 0.0, 0.0, 5.0],
])  # fmt: skip
SOME = np.array([True, False, True, True])
OF_ROWS: dict[str, Any] = {
    "sum": lambda x: mg.sum(x, -1), "mean": lambda x: mg.mean(x, -1), "prod": lambda x: mg.prod(x, -1),
    "max": lambda x: mg.max(x, -1), "min": lambda x: mg.min(x, -1), "ptp": lambda x: mg.ptp(x, -1),
    "var": lambda x: mg.var(x, -1), "std": lambda x: mg.std(x, -1), "std of some": lambda x: mg.std(x, -1, where=SOME),
    "var of some": lambda x: mg.var(x, -1, where=SOME), "max of some": lambda x: mg.max(x, -1, where=SOME, initial=-1e300),
    "nanstd": lambda x: mg.nanstd(x, -1), "nanmax": lambda x: mg.nanmax(x, -1), "nanmean": lambda x: mg.nanmean(x, -1),
    "median": lambda x: mg.median(x, -1), "quantile": lambda x: mg.quantile(x, 0.3, -1), "sort": lambda x: mg.sort(x, -1),
    "cumsum": lambda x: mg.cumsum(x, -1), "cumprod": lambda x: mg.cumprod(x, -1), "average": lambda x: mg.average(x, -1, [1, 2, 0, 3]),
    "logsumexp": lambda x: mg.logsumexp(x, -1), "softmax": lambda x: mg.softmax(x, -1), "log_softmax": lambda x: mg.log_softmax(x, -1),
    "norm": lambda x: mg.norm(x, axis=-1), "norm of order 3": lambda x: mg.norm(x, 3, -1), "norm of order 0.5": lambda x: mg.norm(x, 0.5, -1),
    "norm of order inf": lambda x: mg.norm(x, np.inf, -1), "norm of order -inf": lambda x: mg.norm(x, -np.inf, -1),
    "cross_entropy": lambda x: mg.cross_entropy(x, np.full(x.shape[:-1], 2), axis=-1, reduction="none"),
    "cross_entropy of probabilities": lambda x: mg.cross_entropy(x, np.broadcast_to([0.1, 0.2, 0.3, 0.4], x.shape), axis=-1, reduction="none"),
    "hinge": lambda x: mg.multiclass_hinge_loss(x, np.full(x.shape[:-1], 2), axis=-1, reduction="none"),
    "layer_norm": lambda x: mg.layer_norm(x, 4), "trapezoid": lambda x: mg.trapezoid(x, axis=-1), "diff": lambda x: mg.diff(x, axis=-1),
}  # fmt: skip


@pytest.mark.parametrize("name", OF_ROWS)
def test_a_row_is_computed_as_it_is_alone(name: str):
    f = OF_ROWS[name]
    together, slopes = value_of(f(Tensor(ROWS))), gradient(f, ROWS)
    for i, row in enumerate(ROWS):
        alone = ROWS[i : i + 1]
        np.testing.assert_allclose(together[i], value_of(f(Tensor(alone)))[0], rtol=1e-13)
        np.testing.assert_allclose(slopes[i], gradient(f, alone)[0], rtol=1e-12, atol=1e-300)
        assert np.isfinite(slopes[i]).all(), row


STACK = np.random.default_rng(3).normal(size=(1, 3, 3)) * np.array([1.0, 1e-8, 1e6]).reshape(-1, 1, 1)
OF_MATRICES: dict[str, Any] = {
    "inv": linalg.inv, "det": linalg.det, "pinv": linalg.pinv, "svdvals": linalg.svdvals, "eigvalsh": linalg.eigvalsh,
    "qr": lambda a: linalg.qr(a)[0], "eigh": lambda a: linalg.eigh(a)[1] ** 2, "svd": lambda a: linalg.svd(a)[0] ** 2,
    "slogdet": lambda a: linalg.slogdet(a)[1], "solve": lambda a: linalg.solve(a, np.eye(3)),
    "cholesky": lambda a: linalg.cholesky(a @ np.swapaxes(a, -1, -2)), "matrix_power": lambda a: linalg.matrix_power(a, 3),
    "norm of order 2": lambda a: linalg.norm(a, 2, (-2, -1)), "norm of order nuc": lambda a: linalg.norm(a, "nuc", (-2, -1)),
    "norm of order 1": lambda a: linalg.norm(a, 1, (-2, -1)), "norm of order -inf": lambda a: linalg.norm(a, -np.inf, (-2, -1)),
    "matrix_norm": linalg.matrix_norm,
}  # fmt: skip


@pytest.mark.parametrize("name", OF_MATRICES)
def test_a_matrix_is_computed_as_it_is_alone(name: str):
    f = OF_MATRICES[name]
    together, slopes = value_of(f(Tensor(STACK))), gradient(f, STACK)
    for i in range(len(STACK)):
        alone = STACK[i : i + 1]
        np.testing.assert_allclose(together[i], value_of(f(Tensor(alone)))[0], rtol=1e-10)
        np.testing.assert_allclose(slopes[i], gradient(f, alone)[0], rtol=1e-8, atol=1e-9 * np.abs(slopes[i]).max())
