"""Every operation, walked through the registry: a new op without samples fails here."""

from __future__ import annotations

import copy
from operator import attrgetter
from typing import Any

import numpy as np
import pytest
from samples_special import SAMPLES, Sample, networks

import minigrad as mg
from minigrad import Tensor, fft, linalg, ops, special
from minigrad.graph import value_of
from minigrad.operation import OPS

EVERY = [pytest.param(s, id=f"{name}-{i}") for name, samples in SAMPLES.items() for i, s in enumerate(samples)]
BY_NAME = {name.removeprefix("special."): samples for name, samples in reversed(SAMPLES.items())}
WITHOUT_GRADIENT = {"argmax", "argmin", "argpartition", "argsort", "any", "all", "one_hot"}
ELEMENTWISE = sorted(name for name, op in OPS.items() if op.elementwise and op.simple and name in BY_NAME)


def tensors(inputs: tuple[Any, ...], dtype: Any = np.float64) -> list[Any]:
    return [Tensor(x.astype(dtype)) if isinstance(x, np.ndarray | np.generic) else x for x in inputs]


def results(y: Any) -> list[Any]:
    return y if isinstance(y, list) else [y]


def test_every_public_operation_has_samples():
    rooms = (
        {f"linalg.{name}" for name in linalg.__all__ if name not in ops.__all__},
        {f"fft.{name}" for name in fft.__all__ if getattr(fft, name) is not getattr(np.fft, name)},
        {f"special.{name}" for name in special.__all__},
    )
    assert set(SAMPLES) == {*ops.__all__}.union(*rooms)
    assert ops.__all__ == sorted(ops.__all__)


@pytest.mark.parametrize("sample", EVERY)
def test_forward_equals_the_reference(sample: Sample):
    arguments, before = tensors(sample.inputs), copy.deepcopy(sample.inputs)
    expected = results(sample.call(networks, *sample.inputs))
    found = results(sample.call(mg, *arguments))
    plain = results(sample.call(mg, *sample.inputs))
    assert len(found) == len(expected) == len(plain)
    for y, without_recording, r in zip(found, plain, expected, strict=True):
        r = np.asarray(r)
        assert not isinstance(without_recording, Tensor)
        np.testing.assert_allclose(value_of(y), r, rtol=1e-13, atol=1e-14)
        np.testing.assert_allclose(without_recording, r, rtol=1e-13, atol=1e-14)
        assert np.shape(y) == r.shape
        assert y.dtype == r.dtype
    for x, kept in zip(sample.inputs, before, strict=True):
        np.testing.assert_array_equal(x, kept)


@pytest.mark.parametrize("name", sorted(name for name in SAMPLES if not name.startswith("special.")))
def test_no_forward_is_compared_with_itself(name: str, monkeypatch: pytest.MonkeyPatch):
    """Where the reference is NumPy's function, minigrad computes without that function."""
    *path, last = name.split(".")
    theirs = getattr(np, path[0]) if path else np if hasattr(np, last) else np.linalg
    if getattr(theirs, last, None) not in [attrgetter(name)(networks), getattr(networks, last, None)]:
        return  # the reference is a definition of ours

    def itself(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError(f"minigrad calls np.{name}, and is compared with it")

    monkeypatch.setattr(theirs, last, itself)
    for sample in SAMPLES[name]:
        sample.call(mg, *sample.inputs)


@pytest.mark.parametrize("sample", [p for p in EVERY if p.id.split("-")[0] not in WITHOUT_GRADIENT])
def test_gradients_to_second_order(sample: Sample):
    assert mg.gradcheck(lambda *inputs: sample.call(mg, *inputs), *sample.inputs, order=2)


@pytest.mark.parametrize(
    "sample", [p for p in EVERY if p.id.split("-")[0] not in WITHOUT_GRADIENT | {"astype", "float_power"}]
)
def test_float32_stays_float32(sample: Sample):
    single, double = tensors(sample.inputs, np.float32), tensors(sample.inputs)
    for y, exact in zip(results(sample.call(mg, *single)), results(sample.call(mg, *double)), strict=True):
        assert y.dtype in (np.float32, np.complex64)
        if y.requires_grad:
            y.backward(np.ones(y.shape))
            exact.backward(np.ones(y.shape))
    for x, exact in zip(single, double, strict=True):
        if isinstance(x, Tensor) and x.grad is not None:
            assert x.grad.dtype == np.float32
            assert x.grad.shape == x.shape
            np.testing.assert_allclose(x.grad, exact.grad, rtol=2e-3, atol=2e-5)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise_broadcasts_and_takes_empty_and_0d_inputs(name: str):
    operation, samples = OPS[name], BY_NAME[name]
    count = operation.arity
    flat = [np.ravel(x)[0] if not isinstance(x, bool | list) else True for x in samples[0].inputs][:count]
    flat = flat + [1.5] * (count - len(flat))
    for shapes in ([(2, 1, 3), (4, 1), (1,)], [(0, 3), (1, 3), (3,)], [(), (), ()], [(), (2, 0), ()]):
        inputs = [Tensor(np.full(shape, float(v))) for v, shape in zip(flat, shapes[:count], strict=True)]
        y = operation(*inputs)
        assert y.shape == np.broadcast_shapes(*shapes[:count])
        y.backward(np.ones(y.shape))
        for x in inputs:
            assert x.grad.shape == x.shape
            assert x.grad.dtype == np.float64


@pytest.mark.parametrize("name", ["sum", "prod", "mean", "var", "std", "norm", "logsumexp", "cumsum", "cumprod", "softmax"])
def test_reductions_take_0d_and_one_number(name: str):
    for x in (Tensor(2.0), Tensor([2.0])):
        y = getattr(mg, name)(x) if name != "softmax" or x.ndim else x * 1
        y.backward(np.ones(y.shape))
        assert x.grad.shape == x.shape


def test_sums_over_nothing():
    x = Tensor(np.zeros((0, 3)))
    for y in (x.sum(), x.sum(0), x.sum(1), x.prod(), x.cumsum(0), x.cumprod(0), x.logsumexp(0), x.norm(), mg.flip(x)):
        y.backward(np.ones(y.shape))
        assert x.grad.shape == (0, 3)
    assert x.sum().item() == 0
    assert x.prod().item() == 1


def adjoint(forward: Any, x: np.ndarray) -> None:
    """<A x, y> equals <x, A' y> for a linear forward, where A' y is the gradient."""
    leaf = Tensor(x)
    out = forward(leaf)
    y = np.random.default_rng(1).normal(size=out.shape)
    out.backward(y)
    np.testing.assert_allclose(np.sum(out.data * y), np.sum(x * leaf.grad), rtol=1e-12)


@pytest.mark.parametrize("name", [
    "sum", "reshape", "transpose", "permute", "swapaxes", "moveaxis", "flip", "roll", "tril", "triu", "getitem", "scatter",
    "take", "take_along_axis", "diagonal", "diag", "tile", "repeat", "broadcast_to", "squeeze", "expand_dims", "cumsum",
    "trace", "ravel", "flatten",
])  # fmt: skip
def test_linear_ops_and_their_adjoints(name: str):
    for sample in SAMPLES[name]:
        adjoint(lambda x, sample=sample: sample.call(mg, x), sample.inputs[0])


def _integers(x: Any) -> Any:
    """Integers like the numbers of a sample; what is no float is left."""
    floating = isinstance(x, np.ndarray | np.generic) and x.dtype.kind == "f"
    return np.rint(3 * np.nan_to_num(x)).astype(np.int64) if floating else x


def _floats(x: Any) -> Any:
    return x.astype(np.float64) if isinstance(x, np.ndarray | np.generic) and x.dtype.kind == "i" else x


# Integers have no negative powers, class probabilities and pieces that are not integers.
NOT_OF_INTEGERS = {"power-0", "power-6", "cross_entropy-4", "cross_entropy-5", "piecewise-1", "piecewise-2"}


@pytest.mark.parametrize("sample", [p for p in EVERY if p.id not in NOT_OF_INTEGERS])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_integers_give_what_the_same_floats_give(sample: Sample):
    integers = [_integers(x) for x in sample.inputs]
    try:
        expected = results(sample.call(mg, *map(_floats, integers)))
    except (ValueError, TypeError) as error:  # such as a singular matrix
        with pytest.raises(type(error)):
            sample.call(mg, *integers)
        return
    for y, r in zip(results(sample.call(mg, *integers)), expected, strict=True):
        np.testing.assert_allclose(value_of(y), value_of(r), rtol=1e-12)


@pytest.mark.parametrize(
    "sample", [p for p in EVERY if p.id.rpartition("-")[0] not in ("atleast_1d", "atleast_2d", "atleast_3d")]
)
def test_a_result_is_never_the_input_itself(sample: Sample):
    inputs = tensors(sample.inputs)
    assert not any(y is x for y in results(sample.call(mg, *inputs)) for x in inputs)
