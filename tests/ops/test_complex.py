"""Complex numbers: every function accepts them and is right, or refuses; and the convention of their gradients."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from samples_complex import COMPLEX, Sample, reference

import minigrad as mg
from minigrad import Tensor
from minigrad.backward import sweep
from minigrad.graph import topological_order, value_of
from minigrad.operation import OPS
from minigrad.ops.geometry import Geometry

EVERY = [pytest.param(s, id=f"{name}-{i}") for name, samples in COMPLEX.items() for i, s in enumerate(samples)]
Z = np.array([1.0 + 2.0j, -0.5 + 0.3j, 2.0 - 1.0j])

# What refuses all complex numbers, or those of some samples: it needs an order, or is for networks.
REFUSES = set(
    """
    celu cosine_embedding_loss cosine_similarity dropout1d dropout2d dropout3d glu hardsigmoid hardswish prelu relu6
    rms_norm smooth_l1_loss softmin topk triplet_margin_loss
    adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d adaptive_max_pool2d
    adaptive_max_pool3d arctan2 argmax argmin argpartition argsort astype avg_pool1d avg_pool2d avg_pool3d batch_norm
    binary_cross_entropy binary_cross_entropy_with_logits cbrt ceil clip copysign cross_entropy deg2rad divmod dropout
    elu embedding erf fft.ihfft fft.rfft fft.rfft2 fft.rfftn floor floor_divide fmax fmin fmod fold frexp gelu
    global_max_pool group_norm hard_tanh heaviside huber_loss hypot i0 instance_norm interp interpolate kl_div l1_loss
    layer_norm ldexp leaky_relu linear log_sigmoid log_softmax logaddexp logaddexp2 logsumexp max max_pool1d max_pool2d
    max_pool3d maximum median min minimum mish modf mse_loss multiclass_hinge_loss nan_to_num nanmax nanmedian nanmin
    nanpercentile nanquantile nll_loss partition percentile polydiv ptp quantile rad2deg relu remainder selu sigmoid
    sign silu sinc softmax softplus softsign sort trunc unfold unwrap
    """.split()
)
PARTLY = {"piecewise", "where"}


def tensors(inputs: tuple[Any, ...], dtype: Any = None) -> list[Any]:
    return [Tensor(x, dtype=dtype) if isinstance(x, np.ndarray | np.generic) else x for x in inputs]


def results(y: Any) -> list[Any]:
    return y if isinstance(y, list) else [y]


def refusal(sample: Sample) -> str | None:
    """The message, if the function refuses the sample's complex numbers."""
    try:
        sample.call(mg, *tensors(sample.inputs))
    except TypeError as error:
        return str(error)
    return None


def holds_complex(sample: Sample) -> bool:
    return any(np.iscomplexobj(x) for x in sample.inputs)


@pytest.mark.parametrize(("name", "sample"), [(p.id.rpartition("-")[0], p.values[0]) for p in EVERY])
def test_every_function_is_right_for_complex_numbers_or_refuses_them(name: str, sample: Sample):
    if not holds_complex(sample):
        return
    said = refusal(sample)
    if said is not None:
        assert name in REFUSES | PARTLY
        assert name == "astype" or "complex numbers are not accepted" in said or "loses the imaginary part" in said
        if name not in PARTLY:
            assert name.rpartition(".")[2] in said
        return
    assert name not in REFUSES
    found = results(sample.call(mg, *tensors(sample.inputs)))
    if not name.startswith("max_unpool"):  # whose reference is for real numbers
        expected = results(sample.call(reference, *sample.inputs))
        for y, r in zip(found, expected, strict=True):
            np.testing.assert_allclose(value_of(y), r, rtol=1e-11, atol=1e-12)
            assert np.asarray(value_of(y)).dtype == np.asarray(r).dtype
    if any(isinstance(y, Tensor) for y in found):
        assert mg.gradcheck(lambda *inputs: sample.call(mg, *inputs), *sample.inputs, order=2)


def test_every_operation_that_accepts_complex_numbers_is_reached_with_them():
    reached = set()
    for sample in itertools.chain(*COMPLEX.values()):
        if not holds_complex(sample) or refusal(sample) is not None:
            continue
        roots = results(sample.call(mg, *tensors(sample.inputs)))
        for _ in range(2):
            roots = [y for y in roots if isinstance(y, Tensor) and y.requires_grad]
            for y in roots:
                for node in topological_order(y):
                    if any(np.iscomplexobj(v) for v in node.values):
                        reached.add(node.op.name)
            sweeps = [sweep(y, Tensor(np.ones(y.shape, y.dtype)), create_graph=True) for y in roots]
            roots = [g for found in sweeps for x, g in found.items() if x.is_leaf]
    accept = {name for name, op in OPS.items() if op.complex and op.__module__.startswith("minigrad.ops.")}
    assert reached == accept


@pytest.mark.parametrize("name", sorted(name for name, op in OPS.items() if not op.complex))
def test_every_other_operation_refuses_them_forward_too(name: str):
    op = OPS[name]
    code = op.forward.__code__
    required = (
        {*code.co_varnames[op.arity : code.co_argcount + code.co_kwonlyargcount]}
        - op.defaults.keys()
        - (op.forward.__kwdefaults__ or {}).keys()
    )
    static = dict.fromkeys(required, ())
    if "geometry" in static:
        static["geometry"] = Geometry((3,), (1,), (1,), ((0, 0),), (1,))
    for z in (Tensor(Z), Tensor(Z, False), Tensor(1j)):
        with pytest.raises(TypeError, match="complex numbers are not accepted"):
            op(*[2.0 if i in op.orders else z for i in range(op.arity or 1)], **static)
    if op.arity > 1:
        with pytest.raises(TypeError, match="complex numbers are not accepted"):
            op(Tensor(1.0, False), 1j, *[1.0] * (op.arity - 2), **static)


def test_an_operation_of_ones_own_says_how_to_accept_them():
    @mg.op
    def twice_of(x, /):
        return x * 2

    @mg.op(complex=True)
    def thrice_of(x, /):
        return x * 3

    twice_of.rules(lambda g, out, x: g * 2)
    thrice_of.rules(lambda g, out, x: g * 3)
    try:
        with pytest.raises(TypeError, match=r"twice_of: complex numbers are not accepted.*declare it with complex=True"):
            twice_of(Tensor(Z))
        assert mg.gradcheck(thrice_of, Z)
    finally:
        del OPS["twice_of"], OPS["thrice_of"]


@pytest.mark.parametrize("sample", [p for p in EVERY if not p.id.startswith("float_power-")])  # double by definition
def test_complex64_stays_complex64(sample: Sample):
    if not holds_complex(sample) or refusal(sample) is not None:
        return
    inputs = [
        Tensor(x, dtype=np.complex64 if np.iscomplexobj(x) else np.float32) if isinstance(x, np.ndarray | np.generic) else x
        for x in sample.inputs
    ]
    for y in results(sample.call(mg, *inputs)):
        if isinstance(y, Tensor) and y.requires_grad:
            assert y.dtype in (np.complex64, np.float32)
            y.backward(np.ones(y.shape))
    for x in inputs:
        if isinstance(x, Tensor) and x.grad is not None:
            assert x.grad.dtype == x.dtype


# The convention


@pytest.mark.parametrize(("f", "expected"), [
    (lambda z: z**2, lambda z: 2 * z),
    (lambda z: np.exp(1j * z), lambda z: 1j * np.exp(1j * z)),
    (lambda z: np.sqrt(z) * np.log(z), lambda z: np.log(z) / (2 * np.sqrt(z)) + np.sqrt(z) / z),
    (lambda z: 1 / z, lambda z: -1 / z**2),
    (lambda z: np.arccosh(z), lambda z: 1 / (np.sqrt(z - 1) * np.sqrt(z + 1))),
])  # fmt: skip
def test_the_gradient_of_a_holomorphic_function_is_its_derivative(f, expected):
    for z in Z:
        np.testing.assert_allclose(mg.grad(f, holomorphic=True)(z), expected(z))
        np.testing.assert_allclose(mg.elementwise_grad(f, holomorphic=True)(Z), expected(Z))
    np.testing.assert_allclose(mg.jacobian(f, holomorphic=True)(Z), np.diag(expected(Z)), atol=1e-15)


# Recorded with autograd 1.9.1 and JAX 0.10.2, which agree: jax.grad(f)(1 + 2j).
RECORDED = {
    "abs2": (lambda z: abs(z) ** 2, 2 - 4j),
    "abs": (abs, 0.4472135954999579 - 0.8944271909999159j),
    "real": (lambda z: mg.real(z * z), 2 + 4j),
    "imag": (lambda z: mg.imag(z * z), 4 - 2j),
    "angle": (np.angle, -0.4 - 0.2j),
    "conj": (lambda z: np.real(np.conj(z) * np.exp(z)), 2.681044576496011 + 2.2624087675136275j),
}


@pytest.mark.parametrize("name", RECORDED)
def test_the_gradient_of_a_real_function_is_autograds_and_jaxs(name: str):
    f, expected = RECORDED[name]
    np.testing.assert_allclose(mg.grad(f)(1 + 2j), expected, rtol=1e-12)


def test_a_real_variable_receives_the_real_part():
    x, z = Tensor(3.0), Tensor(1.0 + 2.0j)
    abs(x * z).backward()
    assert (x.grad, x.grad.dtype) == (np.abs(1 + 2j), np.float64)
    np.testing.assert_allclose(z.grad, 3 * (1 - 2j) / np.sqrt(5))
    assert mg.gradcheck(lambda x: np.exp(1j * x) * x, np.array([0.3, 2.0]))
    assert mg.gradcheck(lambda x: x ** (1 + 1j), np.array([0.3, -2.0]))


def test_the_gradient_at_0_is_0_for_absolute_value_and_angle():
    for f in (abs, mg.angle, np.linalg.norm):
        z = Tensor(0j) if f is not np.linalg.norm else Tensor([0j])
        f(z).backward()
        assert np.all(z.grad == 0)
    assert mg.gradcheck(lambda z: np.real(z * np.conj(z)), np.zeros(2, complex))


# Where it starts


def test_only_a_real_number_has_a_gradient_of_its_own():
    z = Tensor(Z)
    with pytest.raises(TypeError, match=r"backward: the result of sum .* is complex.*\.real, or pass .* upstream="):
        np.sum(z * z).backward()
    np.sum(z * z).backward(1.0)
    np.testing.assert_allclose(z.grad, 2 * Z)
    with pytest.raises(TypeError, match="backward: upstream: a cast to float64 loses the imaginary part"):
        np.sum(abs(z)).backward(1j)


def test_products_with_a_jacobian():
    def f(z: Any, x: Any) -> Any:
        return np.conj(z) * np.exp(x * z), abs(z) * x

    v, t, x, step = np.array([0.3 - 1j, 0.2j, 1.0]), np.array([1.0, -2.0, 0.5]), np.array([0.5, -1.0, 2.0]), 1e-6
    _, slopes = mg.jvp(f, (Z, x), (v, t))
    above, below = ([value_of(y) for y in f(Z + s * v, x + s * t)] for s in (step, -step))
    for slope, up, down in zip(slopes, above, below, strict=True):
        np.testing.assert_allclose(slope, (up - down) / (2 * step), rtol=1e-8)
    _, back = mg.vjp(f, Z, x)
    upstream = np.array([1j, 2.0, 1 - 1j]), np.array([1.0, -1.0, 0.5])
    gz, gx = back(upstream)
    assert gx.dtype == np.float64
    np.testing.assert_allclose(
        np.real(np.sum(gz * v)) + np.sum(gx * t), np.real(sum(np.sum(u * s) for u, s in zip(upstream, slopes, strict=True)))
    )


def test_second_derivatives():
    np.testing.assert_allclose(mg.hessian(lambda z: np.sum(z**3), holomorphic=True)(Z), np.diag(6 * Z), atol=1e-15)
    f = lambda z: np.sum(abs(z) ** 3)  # noqa: E731
    v, step, slope = np.array([0.3 - 1j, 0.2j, 1.0]), 1e-6, mg.grad(f)
    np.testing.assert_allclose(mg.hvp(f)(Z, v), (slope(Z + step * v) - slope(Z - step * v)) / (2 * step), rtol=1e-7)


def test_the_jacobian_of_real_results():
    jacobian = mg.jacobian(lambda z: mg.concatenate([abs(z), np.imag(z)]))(Z)
    np.testing.assert_allclose(jacobian, np.concatenate([np.diag(np.conj(Z) / abs(Z)), -1j * np.eye(3)]), atol=1e-15)
    tall = mg.jacobian(lambda z: np.real(mg.outer(z, np.arange(1.0, 21.0) * 1j)))(Z[:1])
    np.testing.assert_allclose(tall[0, :, 0], np.arange(1.0, 21.0) * 1j)


def test_gradcheck_moves_along_both_axes():
    with pytest.raises(AssertionError, match=r"for input 0 at index \[0\], along the imaginary axis,"):
        mg.gradcheck(lambda z: np.real(z) + np.imag(z.detach()), Z)
    with pytest.raises(AssertionError, match=r"of the imaginary part of output 0\[0\]"):
        mg.gradcheck(lambda z: mg.real(z) + 1j * np.imag(z.detach()), Z)
    with pytest.raises(AssertionError, match="random"):
        mg.gradcheck(lambda z: np.real(z) + np.imag(z.detach()), np.ones(200) * (1 + 1j))


# What needs an order


@pytest.mark.parametrize("compare", [
    lambda z: z < 1, lambda z: z <= 1j, lambda z: 1 > z, lambda z: z >= z, lambda z: np.less(z, z), lambda z: np.searchsorted(z, 1.0),
    lambda z: z.real > 1j, lambda z: z.max(), lambda z: z.clip(0, 1), lambda z: np.sort(z), lambda z: np.median(z), lambda z: np.argmax(z),
])  # fmt: skip
def test_complex_numbers_have_no_order(compare):
    with pytest.raises(TypeError, match="complex numbers are not accepted"):
        compare(Tensor(Z))


def test_tensors_of_complex_numbers():
    z = Tensor([1, 2.5 - 1j])
    assert (z.dtype, z.requires_grad) == (np.complex128, True)
    assert repr(z) == "Tensor([1. +0.j, 2.5-1.j])"
    assert repr(Tensor(1j, False, name="z")) == "Tensor(1j, requires_grad=False, name='z')"
    assert Tensor(1j, dtype=np.complex64).dtype == np.complex64
    assert (z[1].real.item(), z[1].imag.item(), z.conj()[1].item()) == (2.5, -1.0, 2.5 + 1j)
    with pytest.raises(TypeError, match="assignment: a cast to float64 loses the imaginary part"):
        Tensor([1.0, 2.0])[0] = 1j
    with pytest.raises(TypeError, match="holds float64 numbers and takes no complex128 ones"):
        Tensor([1.0, 2.0]).data = Z[:2]
    with pytest.raises(TypeError, match="astype: a cast to float32 loses the imaginary part"):
        z.astype(np.float32)
    assert mg.gradcheck(lambda x: x.astype(complex) * 1j, np.ones(2))
