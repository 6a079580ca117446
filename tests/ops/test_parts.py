"""Parts of numbers: zeros of both signs, infinities, integers, and the gradients at kinks."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor

EDGES = np.array([0.0, -0.0, 1.5, -1.5, 3.0, -7.25, 1e300, -5e-324, np.inf, -np.inf, np.nan])


@pytest.mark.parametrize("name", ["modf", "frexp", "positive", "real", "imag", "conj", "sinc", "copy"])
def test_one_operand_has_numpy_s_values(name: str):
    with np.errstate(all="ignore"):
        theirs, ours = getattr(np, name)(EDGES), getattr(mg, name)(Tensor(EDGES))
    for y, r in zip(*((v if isinstance(v, tuple) else (v,)) for v in (ours, theirs)), strict=True):
        np.testing.assert_array_equal(getattr(y, "data", y), r)
        np.testing.assert_array_equal(np.signbit(y), np.signbit(r))


@pytest.mark.parametrize("name", ["copysign", "fmod", "heaviside", "float_power", "logaddexp2", "divmod"])
def test_two_operands_have_numpy_s_values(name: str):
    a, b = EDGES[:, None], EDGES
    with np.errstate(all="ignore"):
        theirs, ours = getattr(np, name)(a, b), getattr(mg, name)(Tensor(a), Tensor(b))
    for y, r in zip(*((v if isinstance(v, tuple) else (v,)) for v in (ours, theirs)), strict=True):
        np.testing.assert_array_equal(y.data, r)


def test_integers_keep_their_kind():
    i = Tensor(np.array([7, -7]))
    assert mg.fmod(i, Tensor(np.array([3, 3]))).tolist() == [1, -1]
    assert mg.float_power(i, 2).tolist() == [49.0, 49.0]
    assert mg.copy(i).dtype == np.int64
    assert mg.positive(i).tolist() == [7, -7]
    assert mg.ldexp(Tensor(1.5), i).tolist() == [192.0, 1.5 / 128]
    assert mg.copy(Tensor(np.array([True]))).tolist() == [True]


def test_kinks():
    for a, b, expected in ((0.0, 1.0, 0.0), (-2.0, 1.0, -1.0), (-2.0, -1.0, 1.0), (2.0, -0.0, -1.0)):
        assert mg.grad(mg.copysign)(a, b) == expected
    h = Tensor(0.5)
    mg.heaviside(Tensor([0.0, 1.0, 0.0]), h).sum().backward()
    assert h.grad == 2
    x = Tensor([0.0, -3.0])
    mg.frexp(x)[0].sum().backward()
    assert x.grad.tolist() == [1.0, 0.25]


def test_ldexp_takes_integers_of_any_size():
    with np.errstate(over="ignore"):
        assert mg.ldexp(Tensor(1.0), 2**40).item() == np.inf
    assert mg.ldexp(Tensor(1.0), -(2**40)).item() == 0
    with pytest.raises(TypeError, match="ldexp: the exponent is an integer, got float64; x \\* exp2"):
        np.ldexp(Tensor(1.0), Tensor(2.0))


def test_large_operands_of_logaddexp2_share_their_gradient():
    for x in (1e17, -1e17, np.inf):
        a, b = Tensor(x), Tensor(x)
        mg.logaddexp2(a, b).backward()
        assert (a.grad, b.grad) == (0.5, 0.5)


def test_a_copy_is_recorded_and_independent():
    array = np.array([1.0, 2.0])
    t = Tensor(array)
    y = np.copy(t, order="C") * t.copy()
    y.backward([1.0, 1.0])
    assert t.grad.tolist() == [2, 4]
    assert mg.copy(array) is not array
