"""NumPy's own names on tensors."""

from __future__ import annotations

import numpy as np
import pytest
from samples_numpy import SAMPLES

import minigrad as mg
from minigrad import Tensor
from minigrad.graph import value_of
from minigrad.numpy_protocol import CONSTANT

SHARED = [name for name in SAMPLES if name != "full" and (name.startswith(("linalg.", "fft.")) or hasattr(np, name))]


@pytest.mark.parametrize("name", SHARED)
def test_every_op_with_a_numpy_name_records_through_it(name: str):
    for sample in SAMPLES[name]:
        arguments = [Tensor(x) if isinstance(x, np.ndarray | np.generic) else x for x in sample.inputs]
        ours, theirs = sample.call(mg, *arguments), sample.call(np, *arguments)
        for a, b in zip(*((y if isinstance(y, list) else [y]) for y in (ours, theirs)), strict=True):
            assert type(a) is type(b)
            np.testing.assert_array_equal(value_of(a), value_of(b))
            if isinstance(a, Tensor):
                assert b.requires_grad
                assert a.op is b.op


def test_other_names_of_the_same():
    t = Tensor([[1.0, -2.0], [3.0, 4.0]])
    for f in (
        np.amax,
        np.amin,
        np.linalg.norm,
        np.rint,
        np.fabs,
        np.absolute,
        np.true_divide,
        np.concat,
        np.permute_dims,
        np.pow,
    ):
        args = ([t, t],) if f is np.concat else (t, 2.0) if f in (np.true_divide, np.pow) else (t,)
        assert f(*args).requires_grad
    np.testing.assert_array_equal(np.clip(t, a_min=0, a_max=1).data, np.clip(t.data, 0, 1))
    np.testing.assert_array_equal(np.clip(t, min=0, max=1).data, np.clip(t.data, 0, 1))
    np.testing.assert_array_equal(np.sum(t, 0, keepdims=True).data, [[4, 2]])
    np.testing.assert_array_equal(np.reshape(t, (4,)).data, [1, -2, 3, 4])


def test_numpy_s_keywords_at_their_usual_values():
    t = Tensor([[1.0, -2.0], [3.0, 4.0]])
    assert np.sum(t, axis=0, dtype=None, out=None).tolist() == [4, 2]
    assert np.sum(a=t).item() == 6
    assert np.max(a=t, axis=0).tolist() == [3, 4]
    assert np.reshape(t, (4,), order="C").tolist() == [1, -2, 3, 4]
    np.testing.assert_allclose(np.around(t / 3, 1).data, [[0.3, -0.7], [1.0, 1.3]])
    assert np.std(t[0], correction=1).item() == np.std([1, -2], ddof=1)
    assert np.einsum("ij,ij", t, t, optimize=True).item() == 30


def test_mixed_with_arrays():
    t, a = Tensor([1.0, 2.0]), np.array([3.0, 4.0])
    for y in (
        a + t,
        a * t,
        a - t,
        a / t,
        a**t,
        a @ t,
        np.add(a, t),
        np.concatenate([a, t]),
        np.stack([t, a]),
        np.float64(3) * t,
        np.where(a > 3, t, a),
    ):
        assert isinstance(y, Tensor)
        assert y.requires_grad
    assert (np.float32(2) * Tensor(np.float32([1]))).dtype == np.float32


def test_results_without_a_gradient_are_plain():
    t = Tensor([3.0, 1.0, 2.0])
    assert np.argsort(t).tolist() == [1, 2, 0]
    assert np.argmax(t) == 0
    assert np.isfinite(t).all()
    assert np.allclose(t, [3, 1, 2])
    assert np.zeros_like(t).tolist() == [0, 0, 0]
    assert np.shape(t) == (3,)
    assert (np.size(t), np.ndim(t)) == (3, 1)
    np.testing.assert_allclose(t.data, [3, 1, 2])
    assert np.isnan in CONSTANT


def test_a_poly1d_of_a_tensor_records():
    t = Tensor([2.0, 3.0, 1.0])
    p = np.poly1d(t)
    y = (p * p + 1).deriv()(2.0)  # 2 p p'
    y.backward()
    assert y.item() == 2 * 15 * 11
    np.testing.assert_allclose(t.grad, [2 * (4 * 11 + 15 * 4), 2 * (2 * 11 + 15), 2 * 11])


def test_numpy_code_runs_unchanged():
    def f(x, m):  # nothing here knows of tensors
        z = np.tanh(x) + m.sin(x) * x**2
        return m.sum(m.where(z > 0, z, 0.1 * z)) / np.size(x)

    x = np.linspace(-2, 2, 8)
    t = Tensor(x)
    y = f(t, np)
    y.backward()
    np.testing.assert_allclose(y.item(), f(x, np))
    assert mg.gradcheck(lambda t: f(t, np), x)


@pytest.mark.parametrize(("call", "says"), [
    (lambda t: np.exp(t, out=np.zeros(2)), "np.exp: out= cannot be recorded"),
    (lambda t: np.sum(t, out=np.zeros(())), "np.sum: out= cannot be recorded"),
    (lambda t: np.exp(t, np.zeros(2)), "np.exp: out= cannot be recorded"),
    (lambda t: np.sort(t, order="x"), "np.sort: order= is not supported; minigrad.sort takes x, axis, kind"),
    (lambda t: np.sum(t, 0, None, np.zeros(())), "np.sum: out= cannot be recorded"),
    (lambda t: np.isnan(t, out=np.zeros(2)), "np.isnan: out= cannot be recorded"),
    (lambda t: np.clip(t, 0, 1, min=0), "np.clip got two values for min"),
    (lambda t: np.nextafter(t, 1), "np.nextafter is no function of real numbers.*t.data"),
    (lambda t: np.fft.fft(t, out=np.zeros(2, complex)), "np.fft.fft: out= cannot be recorded"),
    (lambda t: np.fft.rfft(t * 1j), "rfft: complex numbers are not accepted"),
    (lambda t: np.union1d(t, t), "np.union1d has no gradient rule in minigrad; compose it"),
    (lambda t: np.full(2, t[0]), "plain array of"),
    (lambda t: np.copyto(np.zeros(2), t), "np.copyto writes into an array.*minigrad.full"),
    (lambda t: np.put(np.zeros(2), [0], t), "np.put writes into an array.*minigrad.scatter"),
    (lambda t: np.place(np.zeros(2), [True, False], t), "np.place writes into an array.*minigrad.where"),
    (lambda t: np.putmask(np.zeros(2), [True, False], t), "np.putmask writes into an array.*minigrad.where"),
    (lambda t: np.put_along_axis(np.zeros(2), np.array([0]), t, 0), "np.put_along_axis writes into an array"),
    (lambda t: np.fill_diagonal(np.zeros((2, 2)), t), "np.fill_diagonal writes into an array.*np.eye"),
    (lambda t: np.save("x.npy", t), "np.save writes values.*minigrad.save"),
    (lambda t: np.vectorize(abs)(t), "plain array of"),
])  # fmt: skip
def test_what_does_not_record_says_so(call, says):
    with pytest.raises(TypeError, match=says):
        call(Tensor([1.0, 2.0]))


def test_an_array_updated_in_place_by_a_tensor_is_refused():
    a = np.zeros(2)
    with pytest.raises(TypeError, match="out="):
        a += Tensor([1.0, 2.0])
    assert a.tolist() == [0, 0]


# Options and methods of universal functions

M = np.array([[1.0, 2.0, -0.5], [3.0, -4.0, 0.7]])
SQUARES = np.arange(18.0).reshape(2, 3, 3) / 7


@pytest.mark.parametrize(("call", "x"), [
    (lambda t: np.add(t, 1, dtype=np.float64, casting="same_kind", order="K", subok=True, where=True), M),
    (np.add.reduce, M),
    (lambda t: np.add.reduce(t, axis=(0, 1), keepdims=True), M),
    (lambda t: np.add.reduce(t, 1, None, None, True), M),
    (lambda t: np.multiply.reduce(t, axis=None), M),
    (lambda t: np.maximum.reduce(t, -1), M),
    (lambda t: np.minimum.reduce(t), M),
    (lambda t: np.logaddexp.reduce(t, axis=1), M),
    (np.add.accumulate, M),
    (lambda t: np.multiply.accumulate(t, axis=1), M),
    (lambda t: np.maximum.reduce(t, 1, initial=0.5, where=M > 0), M),
    (lambda t: np.add.reduce(t, where=np.array(True)), M),
    (lambda t: np.maximum.accumulate(t, axis=-1), M),
    (np.fmin.accumulate, M),
    (lambda t: np.add.reduceat(t, [0, 2, 1], axis=1), M),
    (lambda t: np.multiply.reduceat(t, [0, 1]), M),
    (lambda t: np.subtract.outer(t, [1.0, 2.0]), M),
    (lambda t: np.multiply.outer([1.0, 2.0], t), M),
    (lambda t: np.arctan2.outer(t[0], t), M),
    (lambda t: np.matmul(t, t, axes=[(0, 2), (2, 0), (1, 2)]), SQUARES),
])  # fmt: skip
def test_options_and_methods_of_universal_functions(call, x):
    y = call(Tensor(x))
    np.testing.assert_allclose(y.data, call(x), rtol=1e-14)
    assert mg.gradcheck(call, x, order=2)


@pytest.mark.parametrize(("call", "says"), [
    (lambda t: np.add.at(np.zeros(2), [0, 1], t), r"np.add.at writes into an array.*minigrad.scatter"),
    (lambda t: np.subtract.reduce(t), "np.subtract.reduce is not recorded; that of add, multiply, .* is, or, .*t.data"),
    (lambda t: np.arctan2.accumulate(t), "np.arctan2.accumulate is not recorded"),
    (lambda t: np.nextafter.outer(t, t), "np.nextafter.outer is not recorded; compose it from minigrad's functions"),
    (lambda t: np.logaddexp.reduce(t, where=[True, False]), "np.logaddexp.reduce: where= is not supported; it takes axis, keepdims"),
    (lambda t: np.exp(t, where=np.array([True, False])), "np.exp: where= leaves elements undefined"),
    (lambda t: np.maximum.accumulate(t, dtype=np.float32), "np.maximum.accumulate: dtype= is not supported; it takes axis"),
    (lambda t: np.add.reduce(t, out=np.zeros(())), "np.add.reduce: out= cannot be recorded"),
    (lambda t: np.add(t, 1, where=[True, False]), "np.add: where= leaves elements undefined; .*minigrad.where"),
    (lambda t: np.add(t, 1, casting="no"), r"np.add: casting= is not supported; cast the operands"),
    (lambda t: np.add(t, 1, order="F"), r"np.add: order= is not supported"),
    (lambda t: np.add(t, 1, signature="dd->d"), r"np.add: signature= is not supported"),
    (lambda t: np.add(t, 1, dtype=int), r"np.add: dtype=int64 does not hold operands of float64; .*astype"),
    (lambda t: np.matmul(t, t, keepdims=True), r"np.matmul: keepdims= is for products of vectors.*axes="),
    (lambda t: np.matmul(t, t, axis=0), r"np.matmul: axis= is for products of vectors.*axes="),
])  # fmt: skip
def test_what_universal_functions_do_not_record_says_so(call, says):
    with pytest.raises(TypeError, match=says):
        call(Tensor([1.0, 2.0]))
