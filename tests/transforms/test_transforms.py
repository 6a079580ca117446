"""Gradients of functions: numbers recorded from JAX and autograd, containers, nesting, and what is refused."""

from __future__ import annotations

import gc
import weakref
from collections import OrderedDict, defaultdict, namedtuple
from dataclasses import dataclass, field
from typing import Any

import functions
import numpy as np
import pytest
from functions import CASES, PARAMETERS, TEN, network, ten
from samples_networks import SAMPLES
from scipy.optimize import check_grad, curve_fit, minimize

import minigrad as mg
from minigrad import Tensor
from minigrad.border import GradientLost
from minigrad.transforms import jacobians

# Of functions.py, by JAX 0.10.2 and autograd 1.9.1, which agree to 1e-15: the Hessian is multiplied with cos(0, 1, 2, …).
RECORDED: dict[str, dict[str, Any]] = {
    "rosenbrock": {
        "value": 355.7,
        "grad": [-215.59999999999997, 112.00000000000001, -451.0, 350.0],
        "hvp": [1589.3451068167071, 1295.902106272361, 105.88933426388161, -114.7691320106606],
        "hessian_row": [1330.0, 480.0, 0.0, 0.0],
        "trace": 2434.0,
    },
    "log_likelihood": {
        "value": -5.929027056610356,
        "grad": [0.5133300075984076, 0.6306185990892543, -0.7352183574971386, -0.7953006441263417],
        "hvp": [-1.3799100903633503, -0.001491482389048962, 1.3079861171331426, 1.628350624430906],
        "hessian_row": [-1.0616099157584933, 0.13103062880354432, 0.927844765547658, 0.0030067515738788075],
        "trace": -4.999768201421191,
    },
    "log_sum_exp": {
        "value": 2.6753102640698962,
        "grad": [0.5843542351815542, -0.30236519886000274, -0.5064380529021876],
        "hvp": [0.3263727006916252, 0.3229402127066282, -0.40959083747937514],
        "hessian_row": [0.20495415065036882, 0.05579207092979995, -0.21933115297966913],
        "trace": 0.8403808226239078,
    },
    "spring": {
        "value": -0.8189388582748399,
        "grad": [0.019852627788437938, -0.15778384160949116, 0.5242175042016153],
        "hvp": [-0.02002143545303737, 0.2377215149826362, 0.023510903454130636],
        "hessian_row": [0.13944514987624046, -0.36654737807557763, -0.0927072006001111],
        "trace": 0.9023604050107978,
    },
    "ten": {
        "value": 0.10640605152230247,
        "grad": [
            0.19776429763673375,
            -0.05260027256925831,
            0.12269959696469496,
            -0.08805340089275579,
            -0.1389468099319466,
            -0.007507274978434075,
            0.1090694401015306,
            -0.04593627461915257,
            0.25944020621828995,
            0.3093942754765867,
        ],
        "hvp": [
            -0.16684103140075468,
            -0.6191317968964338,
            -0.47880068205666565,
            -1.5089675249975925,
            -0.05655862909072354,
            1.7866446149650828,
            -0.37081428911672704,
            0.3699392403627804,
            -3.2403676843203755,
            -6.7575199954029035,
        ],
        "hessian_row": [
            0.4087215307528389,
            -0.04812004748165077,
            0.5248418145364658,
            0.003035346994052471,
            0.012437519390592795,
            -0.019764063368654758,
            0.24508520426995417,
            -0.1275842525271384,
            0.5678443573866885,
            0.4071064840288897,
        ],
        "trace": 10.114884420784698,
    },
    "network": {
        "value": 0.4529844120727754,
        "W": [
            [-0.002931933121101786, -0.009021360892312764, 0.017727500893150026, 0.017430496093713506],
            [0.051724158794285005, 0.014819697588242337, 0.05980754166307152, 0.046386826604252064],
            [-0.010396813044320538, 0.005202488009573437, -0.03313924581442415, -0.029383870525311613],
        ],
        "b": [-0.7510188081937553, -0.3892934796148672],
        "out": [0.14579076398387075, -0.07220800477453376],
    },
}
close = {"rtol": 1e-10, "atol": 1e-12}


@pytest.mark.parametrize("name", CASES)
def test_numbers_of_jax_and_autograd(name: str):
    (f, x), expected = CASES[name], RECORDED[name]
    value, g = mg.value_and_grad(f)(x)
    np.testing.assert_allclose(value, expected["value"], **close)
    np.testing.assert_allclose(g, expected["grad"], **close)
    np.testing.assert_array_equal(mg.grad(f)(x), g)
    hessian, direction = mg.hessian(f)(x), np.cos(np.arange(x.size))
    np.testing.assert_allclose(hessian[0], expected["hessian_row"], **close)
    np.testing.assert_allclose(np.trace(hessian), expected["trace"], **close)
    np.testing.assert_allclose(hessian, hessian.T, rtol=1e-12, atol=1e-12 * np.abs(hessian).max())
    np.testing.assert_allclose(mg.hvp(f)(x, direction), expected["hvp"], **close)
    np.testing.assert_allclose(mg.jvp(mg.grad(f), (x,), (direction,))[1], expected["hvp"], **close)
    np.testing.assert_allclose(mg.jvp(f, (x,), (direction,))[1], g @ direction, **close)


def test_a_network_with_its_parameters_in_a_dict():
    value, g = mg.value_and_grad(network)(PARAMETERS)
    expected = RECORDED["network"]
    np.testing.assert_allclose(value, expected["value"], **close)
    np.testing.assert_allclose(g["hidden"][0]["W"], expected["W"], **close)
    np.testing.assert_allclose(g["hidden"][1]["b"], expected["b"], **close)
    np.testing.assert_allclose(g["out"], expected["out"], **close)
    assert g.keys() == PARAMETERS.keys()
    products = mg.hvp(network)(PARAMETERS, g)
    step = 1e-6
    moved = {"hidden": PARAMETERS["hidden"], "out": PARAMETERS["out"] + step * g["out"]}
    alone = {"hidden": [{k: np.zeros_like(v) for k, v in layer.items()} for layer in g["hidden"]], "out": g["out"]}
    change = mg.hvp(network)(PARAMETERS, alone)["hidden"][0]["W"]
    slope = (mg.grad(network)(moved)["hidden"][0]["W"] - g["hidden"][0]["W"]) / step
    np.testing.assert_allclose(change, slope, rtol=1e-4, atol=1e-7)
    assert products["hidden"][1]["W"].shape == (4, 2)


# Every operation, forwards


FLOATING = [pytest.param(s, id=f"{name}-{i}") for name, samples in SAMPLES.items() for i, s in enumerate(samples)
            if name not in {"argmax", "argmin", "any", "all"}]  # fmt: skip


@pytest.mark.parametrize("sample", FLOATING)
def test_products_from_either_side_agree_for_every_operation(sample: Any):
    """<w, J v> by jvp equals <J' w, v> by vjp, and the Jacobian gives both, by rows and by columns, swept together or not."""
    rng = np.random.default_rng(0)
    where = [
        i for i, x in enumerate(sample.inputs) if np.asarray(x).dtype.kind == "f" and isinstance(x, np.ndarray | np.generic)
    ]
    if not where:
        return

    def f(*given: Any) -> Any:
        inputs = list(sample.inputs)
        for i, x in zip(where, given, strict=True):
            inputs[i] = x
        y = sample.call(mg, *inputs)
        return y if isinstance(y, list) else [y]

    primals = [sample.inputs[i] for i in where]
    tangents = [rng.normal(size=np.shape(x)) for x in primals]
    out, back = mg.vjp(f, *primals)
    weights = [rng.normal(size=np.shape(y)) for y in out]
    _, slopes = mg.jvp(f, primals, tangents)
    from_left = sum(np.sum(w * s) for w, s in zip(weights, slopes, strict=True))
    downstream = back(weights)
    from_right = sum(np.sum(g * v) for g, v in zip(downstream, tangents, strict=True))
    np.testing.assert_allclose(from_left, from_right, rtol=1e-9, atol=1e-10)
    if sum(np.size(y) for y in out) * sum(np.size(x) for x in primals) > 20_000:
        return
    for forward, together in ((1e9, 2**16), (0.0, 2**16), (1e9, 0)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(jacobians, "FORWARD", forward)
            patch.setattr(jacobians, "TOGETHER", together)
            blocks = mg.jacobian(f, tuple(range(len(primals))))(*primals)
        for k, g in enumerate(downstream):
            rows = sum(np.tensordot(w, block[k], np.ndim(w)) for w, block in zip(weights, blocks, strict=True))
            np.testing.assert_allclose(rows, g, rtol=1e-9, atol=1e-10)


# Containers


Pair = namedtuple("Pair", "left right")


@dataclass(frozen=True)
class Line:
    slope: Any
    offset: Any
    degree: int = field(default=1, metadata={"static": True})


@dataclass(slots=True)
class Box:
    inside: Any


def test_arguments_and_gradients_in_containers():
    x = np.array([1.0, 2.0])
    tree = {
        "pair": Pair(x, 3.0),
        "list": [x, (x, None)],
        "line": Line(2.0, x),
        "box": Box(OrderedDict(a=x)),
        "more": defaultdict(list, k=4.0),
    }

    def f(t: Any) -> Any:
        assert isinstance(t["pair"], Pair)
        assert t["line"].degree == 1
        return (
            np.sum(t["pair"].left * t["pair"].right) + np.sum(t["list"][0] * t["list"][1][0] ** 2)
            + t["line"].slope * np.sum(t["line"].offset) + np.sum(t["box"].inside["a"]) * t["more"]["k"]
        )  # fmt: skip

    g = mg.grad(f)(tree)
    assert isinstance(g["pair"], Pair)
    assert isinstance(g["line"], Line)
    assert isinstance(g["box"], Box)
    assert isinstance(g["box"].inside, OrderedDict)
    assert isinstance(g["more"], defaultdict)
    assert g["list"][1][1] is None
    assert g["line"].degree == 1
    assert g["pair"].right == 3.0
    np.testing.assert_array_equal(g["pair"].left, [3, 3])
    np.testing.assert_array_equal(g["list"][1][0], 2 * x * x)
    assert (g["line"].slope, g["more"]["k"]) == (3.0, 3.0)
    np.testing.assert_array_equal(g["box"].inside["a"], [4, 4])
    assert tree["pair"].left is x


def test_results_in_containers():
    x, y = np.array([1.0, 2.0]), 3.0

    def f(x: Any, y: Any) -> Any:
        return {"a": x * y, "b": (np.sum(x), np.ones(2)), "c": Line(x[0], y)}

    out, back = mg.vjp(f, x, y)
    assert isinstance(out["a"], np.ndarray)
    gx, gy = back({"a": [1.0, 1.0], "b": (2.0, np.zeros(2)), "c": Line(0.0, 5.0)})
    np.testing.assert_array_equal(gx, [5, 5])
    assert gy == 8
    out, tangent = mg.jvp(f, (x, y), ([1.0, 0.0], 0.0))
    np.testing.assert_array_equal(tangent["a"], [3, 0])
    np.testing.assert_array_equal(tangent["b"][1], [0, 0])
    assert (tangent["b"][0], tangent["c"].slope, tangent["c"].offset) == (1, 1, 0)
    jacobian = mg.jacobian(f, argnums=(0, 1))(x, y)
    np.testing.assert_array_equal(jacobian["a"][0], 3 * np.eye(2))
    np.testing.assert_array_equal(jacobian["a"][1], x)
    np.testing.assert_array_equal(jacobian["b"][1][0], np.zeros((2, 2)))
    assert jacobian["c"].offset[1] == 1
    hessian = mg.hessian(lambda p: p["x"] @ p["x"] * p["y"])({"x": x, "y": y})
    np.testing.assert_array_equal(hessian["x"]["x"], 6 * np.eye(2))
    np.testing.assert_array_equal(hessian["x"]["y"], 2 * x)
    np.testing.assert_array_equal(hessian["y"]["x"], 2 * x)
    assert hessian["y"]["y"] == 0


def test_argnums_and_aux():
    f = lambda a, b, c, *, k=1.0: a * b**2 * k + c  # noqa: E731
    assert mg.grad(f)(2.0, 3.0, 4.0) == 9
    assert mg.grad(f, -2)(2.0, 3.0, 4.0, k=2.0) == 24
    assert mg.grad(f, (1, 0))(2.0, 3.0, 4.0) == (12, 9)
    assert mg.grad(f, [-1])(2.0, 3.0, 4.0) == (1,)
    (value, aux), g = mg.value_and_grad(lambda x: (x * x, {"x": x, "note": "kept"}), has_aux=True)(3.0)
    assert (value, aux, g) == (9, {"x": 3, "note": "kept"}, 6)
    assert not isinstance(aux["x"], Tensor)
    assert mg.grad(lambda x: (x * x, "aux"), has_aux=True)(3.0) == (6, "aux")
    assert mg.jvp(lambda x: (x * x, 1), (3.0,), (1.0,), has_aux=True) == (9, 6, 1)
    out, back, aux = mg.vjp(lambda x: (x * x, 1), 3.0, has_aux=True)
    assert (out, back(1.0), aux) == (9, (6,), 1)
    jacobian, aux = mg.jacobian(lambda x: (x * x, 1), has_aux=True)(3.0)
    assert (jacobian, aux) == (6, 1)
    assert mg.grad(ten).__name__ == "grad(ten)"


def test_elementwise_grad():
    x = np.linspace(-1, 1, 7)
    np.testing.assert_allclose(mg.elementwise_grad(np.tanh)(x), 1 - np.tanh(x) ** 2)
    twice = mg.elementwise_grad(mg.elementwise_grad(lambda x: x**4))
    np.testing.assert_allclose(twice(x), 12 * x**2)
    a, b = mg.elementwise_grad(lambda a, b: (a * b, b), argnums=(0, 1))(x, 2.0)
    np.testing.assert_array_equal(a, np.full(7, 2.0))
    np.testing.assert_allclose(b, np.sum(x) + 1)


# What is given back


def test_plain_stays_plain_and_tensors_stay_tensors():
    x = np.array([1.0, 2.0])
    value, g = mg.value_and_grad(lambda x: np.sum(x * x))(x)
    assert type(value) is np.float64
    assert type(g) is np.ndarray
    assert type(mg.grad(lambda x: x * x)(3)) is np.float64
    single = mg.grad(lambda x: np.sum(x * x))(x.astype(np.float32))
    assert single.dtype == np.float32
    t = Tensor(x)
    g = mg.grad(lambda x: np.sum(x**3))(t)
    assert isinstance(g, Tensor)
    g.backward([1.0, 1.0])
    np.testing.assert_array_equal(t.grad, 6 * x)
    with mg.no_grad():
        value, g = mg.value_and_grad(lambda x: np.sum(x**3))(t)
        np.testing.assert_array_equal(mg.grad(lambda x: np.sum(x * x))(x), 2 * x)
    assert not g.requires_grad
    assert not value.requires_grad
    np.testing.assert_array_equal(g.data, 3 * x * x)


def test_answers_are_arrays_of_their_own():
    x, y = np.ones(3), np.ones(3)
    a, b = mg.grad(lambda x, y: np.sum(x + y), (0, 1))(x, y)
    a += 1
    np.testing.assert_array_equal(b, [1, 1, 1])
    upstream = np.ones(3)
    out, back = mg.vjp(lambda x: x, x)
    (g,) = back(upstream)
    out[0] = g[0] = 7
    x[1] = 7
    np.testing.assert_array_equal(back(upstream)[0], [1, 1, 1])
    np.testing.assert_array_equal(upstream, [1, 1, 1])
    first, second = mg.vjp(lambda x: (x, x), x)[0]
    first[0] = 9
    assert second[0] == 1


def test_an_input_without_effect_has_gradient_zero():
    x = np.ones(2)
    np.testing.assert_array_equal(mg.grad(lambda x, y: y * y, (0, 1))(x, 3.0)[0], [0, 0])
    np.testing.assert_array_equal(mg.grad(lambda x: mg.sum(x.detach()))(x), [0, 0])
    np.testing.assert_array_equal(mg.hessian(lambda x: np.sum(3 * x))(x), np.zeros((2, 2)))
    np.testing.assert_array_equal(mg.hvp(np.sum)(x, x), [0, 0])


@pytest.mark.parametrize(("call", "expected", "who"), [
    (lambda x: mg.grad(lambda x: 3.0)(1.0), 0, "grad"),
    (lambda x: mg.value_and_grad(lambda x: 3.0)(1.0)[1], 0, "value_and_grad"),
    (lambda x: mg.grad(lambda x: np.sum(x > 0))(x), [0, 0], "grad"),
    (lambda x: mg.jacobian(lambda x: np.ones(3))(x), np.zeros((3, 2)), "jacobian"),
    (lambda x: mg.jvp(lambda x: np.ones(3), (x,), (x,))[1], np.zeros(3), "jvp"),
    (lambda x: mg.vjp(lambda x: np.ones(3), x)[1](np.ones(3))[0], [0, 0], "vjp"),
    (lambda x: mg.vjp(lambda x: (1.0, [2.0]), x)[1]((1.0, [1.0]))[0], [0, 0], "vjp"),
    (lambda x: mg.elementwise_grad(lambda x: 1.0)(x), [0, 0], "elementwise_grad"),
])  # fmt: skip
def test_a_function_that_returns_no_tensor_has_gradient_zero_and_a_warning(call: Any, expected: Any, who: str):
    with pytest.warns(GradientLost, match=f"^{who}: the function returned .*no tensor, .*its gradient is 0") as seen:
        np.testing.assert_array_equal(call(np.ones(2)), expected)
    assert seen[0].filename == __file__


def test_empty_arrays():
    x = np.zeros((0, 3))
    assert mg.grad(lambda x: np.sum(x * x))(x).shape == (0, 3)
    assert mg.jacobian(lambda x: x * 2)(x).shape == (0, 3, 0, 3)
    assert mg.jvp(lambda x: x * 2, (x,), (x,))[1].shape == (0, 3)
    assert mg.hessian(lambda x: np.sum(x * x))(x).shape == (0, 3, 0, 3)


def test_tensors_outside_are_left_alone():
    w, x = Tensor([1.0, 2.0]), np.array([3.0, 4.0])
    outer = w * w
    for _ in range(2):
        np.testing.assert_array_equal(mg.grad(lambda x: np.sum(outer * x * x))(x), 2 * x * outer.data)
    assert w.grad is None
    assert outer.grad is None
    np.testing.assert_array_equal(mg.jacobian(lambda x: outer * x)(x), np.diag(outer.data))
    outer.sum().backward()
    np.testing.assert_array_equal(w.grad, [2, 4])


def test_singular_points():
    f = lambda x: np.where(x > 0, np.sqrt(np.where(x > 0, x, 1.0)), 0.0)  # noqa: E731
    careless = lambda x: np.where(x > 0, np.sqrt(x), 0.0)  # noqa: E731
    x = np.array([0.0, 4.0])
    for g in (f, careless):
        np.testing.assert_array_equal(mg.jacobian(g)(x), [[0, 0], [0, 0.25]])
        np.testing.assert_array_equal(mg.jvp(g, (x,), (np.ones(2),))[1], [0, 0.25])


def test_anomalies_are_found_in_every_transform():
    x = np.array([0.0, 1.0])
    for call in (
        lambda: mg.grad(lambda x: np.sum(np.sqrt(x)))(x),
        lambda: mg.jacobian(np.sqrt)(x),
        lambda: mg.jvp(np.sqrt, (x,), (x,)),
        lambda: mg.vjp(np.sqrt, x)[1](x + 1),
    ):
        with (
            mg.detect_anomaly(),
            pytest.raises(FloatingPointError, match=r"has .*1 inf.* test_transforms.py"),
        ):
            call()


def test_graphs_are_freed_without_the_cycle_collector():
    seen: list[Any] = []

    def f(x: Any) -> Any:
        y = np.sin(x)
        seen.append(weakref.ref(y))
        return np.sum(y * x)

    x = np.ones(3)
    gc.disable()
    try:
        mg.grad(f)(x)
        mg.jvp(f, (x,), (x,))
        mg.jacobian(f)(x)
        mg.hessian(f)(x)
        mg.hvp(f)(x, x)
        mg.grad(mg.checkpoint(f))(x)
        mg.grad(lambda x: np.sum(mg.grad(f)(x) ** 2))(x)
        assert [node() for node in seen] == [None] * 8
    finally:
        gc.enable()


# SciPy


def test_scipy_takes_them_as_they_are():
    rosenbrock, start = functions.rosenbrock, np.full(5, -1.0)
    for method in ("BFGS", "L-BFGS-B", "CG", "Newton-CG", "trust-ncg"):
        second = {"hessp": mg.hvp(rosenbrock)} if "-N" in method.upper() or method == "Newton-CG" else {}
        found = minimize(mg.value_and_grad(rosenbrock), start + 1.5, jac=True, method=method, **second)
        np.testing.assert_allclose(found.x, np.ones(5), atol=1e-3)
    found = minimize(rosenbrock, start, jac=mg.grad(rosenbrock), hess=mg.hessian(rosenbrock), method="trust-exact")
    assert found.fun < 1e-8
    assert check_grad(lambda p: float(ten(p)), mg.grad(ten), TEN) < 1e-6
    t = np.linspace(0, 4, 30)
    model = lambda t, a, b: a * np.exp(-b * t)  # noqa: E731
    slopes = lambda t, *p: np.stack(mg.jacobian(lambda p: model(t, *p))(list(p)), axis=1)  # noqa: E731
    (a, b), _ = curve_fit(model, t, model(t, 2.5, 1.3), p0=(1.0, 1.0), jac=slopes)
    np.testing.assert_allclose([a, b], [2.5, 1.3], rtol=1e-6)
