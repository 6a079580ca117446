"""Fixed points, differential equations, and trees as vectors."""

import numpy as np
import pytest

import minigrad as mg

RNG = np.random.default_rng(0)
W = RNG.normal(size=(3, 3)) * 0.2


def tanh_layer(x, w, b):
    return np.tanh(w @ x + b) if isinstance(x, np.ndarray) else mg.tanh(w @ x + b)


def test_a_fixed_point_solves_its_equation():
    b = np.array([0.1, -0.3, 0.5])
    x = mg.fixed_point(tanh_layer, np.zeros(3), W, b)
    np.testing.assert_allclose(x, np.tanh(W @ x + b), atol=1e-9)


def test_its_gradient_is_right_to_second_order():
    b = np.array([0.1, -0.3, 0.5])
    assert mg.gradcheck(lambda w, b: mg.fixed_point(tanh_layer, np.zeros(3), w, b, rtol=1e-14, atol=1e-14), W, b, order=2)


def test_the_square_root_has_its_derivatives():
    def root(a):
        return mg.fixed_point(lambda x, a: (x + a / x) / 2, 1.0, a, rtol=1e-14, atol=1e-15)

    np.testing.assert_allclose(root(4.0), 2)
    np.testing.assert_allclose(mg.grad(root)(4.0), 1 / 4)
    np.testing.assert_allclose(mg.grad(mg.grad(root))(4.0), -1 / 32, rtol=1e-6)


def test_arguments_of_a_fixed_point_may_be_containers():
    loss = mg.grad(lambda p: mg.fixed_point(lambda x, p: p["a"] * x + p["b"], 0.0, p))
    found = loss({"a": 0.5, "b": 2.0})
    np.testing.assert_allclose([found["a"], found["b"]], [8.0, 2.0])  # b / (1 − a)


def test_what_does_not_converge_says_so():
    with pytest.raises(RuntimeError, match="fixed_point: 50 steps did not converge"):
        mg.fixed_point(lambda x, a: -a * x + 1, 0.3, 1.0, max_steps=50)


@pytest.mark.parametrize(
    "solve",
    [lambda f: mg.fixed_point(lambda x: f(x), 0.0), lambda f: mg.odeint(lambda y, t: f(y), 1.0, [0.0, 1.0])],
    ids=["fixed_point", "odeint"],
)
def test_a_tensor_that_is_not_passed_is_refused(solve):
    hidden = mg.Tensor(0.5)
    with pytest.raises(TypeError, match="depends on a tensor that is not among its arguments"):
        solve(lambda x: hidden * x + 1)


@pytest.mark.parametrize("times", [[0.0, 0.3, 1.0], [1.0, 0.2]])
def test_decay_is_exponential(times):
    y = mg.odeint(lambda y, t, rate: -rate * y, np.array([1.0, 2.0]), times, 0.7)
    want = np.exp(-0.7 * (np.array(times) - times[0]))[:, None] * [1, 2]
    np.testing.assert_allclose(y, want, rtol=1e-7)


def swing(y, t, p):
    """A damped pendulum that is pushed."""
    angle, speed = y[0], y[1]
    force = mg.sin(t) * p["push"] - mg.sin(angle) - p["friction"] * speed
    return mg.stack([speed, force]) if isinstance(y, mg.Tensor) or isinstance(force, mg.Tensor) else np.array([speed, force])


def test_a_pendulum_is_that_of_scipy():
    integrate = pytest.importorskip("scipy.integrate")
    t, p = np.linspace(0, 5, 6), {"push": 0.3, "friction": 0.2}
    want = integrate.solve_ivp(lambda t, y: swing(y, t, p), (0, 5), [1.0, 0.0], t_eval=t, rtol=1e-10, atol=1e-12).y.T
    np.testing.assert_allclose(mg.odeint(swing, np.array([1.0, 0.0]), t, p), want, atol=1e-6)


def test_the_gradient_of_a_pendulum_for_value_times_and_arguments():
    def end(y0, t, push, friction):
        return mg.odeint(swing, y0, t, {"push": push, "friction": friction}, rtol=1e-10, atol=1e-10)

    assert mg.gradcheck(end, np.array([1.0, 0.0]), np.array([0.0, 0.4, 1.0]), 0.3, 0.2, rtol=1e-4, atol=1e-5)


def test_the_second_derivative_of_decay():
    def end(rate):
        return mg.odeint(lambda y, t, rate: -rate * y, 1.0, [0.0, 2.0], rate, rtol=1e-10, atol=1e-10)[-1]

    np.testing.assert_allclose(mg.grad(end)(0.7), -2 * np.exp(-1.4), rtol=1e-6)
    np.testing.assert_allclose(mg.grad(mg.grad(end))(0.7), 4 * np.exp(-1.4), rtol=1e-6)


@pytest.mark.parametrize("times", [[0.0], [0.0, 1.0, 0.5], 1.0])
def test_times_that_are_not_in_order(times):
    with pytest.raises(ValueError, match="odeint: t is a vector of at least two times in order"):
        mg.odeint(lambda y, t: y, 1.0, times)


def test_an_infinite_solution_says_where():
    with pytest.raises(RuntimeError, match=r"odeint: \d+ steps led only to t = 1"), np.errstate(all="ignore"):
        mg.odeint(lambda y, t: y * y, 1.0, [0.0, 2.0], max_steps=300)


def test_a_tree_and_back():
    tree = {"w": np.arange(4.0).reshape(2, 2), "b": [np.float32(5), 6.0], "none": None}
    vector, unflatten = mg.flatten_tree(tree)
    assert vector.tolist() == [0, 1, 2, 3, 5, 6]
    back = unflatten(vector)
    assert back["w"].tolist() == tree["w"].tolist()
    assert back["b"][0].dtype == np.float32
    assert back["none"] is None
    with pytest.raises(ValueError, match="expected a vector of 6 elements"):
        unflatten(vector[1:])
    with pytest.raises(TypeError, match=r"the leaf at \['k'\] holds int64 numbers"):
        mg.flatten_tree({"k": np.arange(3)})


def test_the_gradient_passes_through_a_flattened_tree():
    def loss(tree):
        vector, unflatten = mg.flatten_tree(tree)
        return mg.sum(vector**2) + unflatten(vector * 3)["b"]

    found = mg.grad(loss)({"w": np.ones(2), "b": 2.0})
    assert found["w"].tolist() == [2, 2]
    assert found["b"] == 7
    assert mg.flatten_tree([])[0].shape == (0,)


@pytest.mark.parametrize("s", [1e-9, 1e-11, 1e-300, 1e9])
def test_the_gradient_is_as_right_for_a_small_upstream_gradient(s):
    found = mg.grad(lambda a: s * mg.fixed_point(lambda x, a: 0.5 * x + a, 0.0, a))(1.0)
    np.testing.assert_allclose(found / s, 2, rtol=1e-8)
    found = mg.grad(lambda a: s * mg.odeint(lambda y, t, a: -a * y, 1.0, [0.0, 1.0], a)[-1])(0.5)
    np.testing.assert_allclose(found / s, -np.exp(-0.5), rtol=1e-6)


def test_a_function_may_reuse_the_array_that_it_returns():
    buffer = np.empty(1)
    y = mg.odeint(lambda y, t, a: np.multiply(y, -a, out=buffer), np.ones(1), [0.0, 1.0], 0.5)
    np.testing.assert_allclose(y[-1], np.exp(-0.5), rtol=1e-7)
    x = mg.fixed_point(lambda x, a: np.add(0.5 * x, a, out=buffer), np.zeros(1), 1.0)
    np.testing.assert_allclose(x, 2)


def test_a_function_that_writes_into_what_it_is_given_is_refused():
    def halved(x, *rest):
        x *= 0.5
        return x

    def changes_the_argument(x, a):
        a += 1.0
        return 0.5 * x

    for f in (halved, changes_the_argument):
        with pytest.raises(ValueError, match="read-only"):
            mg.fixed_point(f, np.ones(2), np.ones(2))
    for f in (halved, lambda y, t, a: changes_the_argument(y, a)):
        with pytest.raises(ValueError, match="read-only"):
            mg.odeint(f, np.ones(2), [0.0, 1.0], np.ones(2))
    assert mg.fixed_point(lambda x, a: halved(x) + a, 0.0, 1.0) == pytest.approx(2)  # a number is not changed


def test_float32_converges_and_stays():
    rng = np.random.default_rng(1)
    for _ in range(5):
        w, b = (0.2 * rng.normal(size=(8, 8))).astype("f"), rng.normal(size=8).astype("f")
        x = mg.fixed_point(tanh_layer, np.zeros(8, "f"), w, b)
        assert x.dtype == np.float32
        np.testing.assert_allclose(x, np.tanh(w @ x + b), atol=1e-5)
        assert mg.grad(lambda b, w=w: mg.sum(mg.fixed_point(tanh_layer, np.zeros(8, "f"), w, b)))(b).dtype == np.float32
    for y0 in (np.float32(1), np.ones(2, "f")):
        for times in (np.array([0.0, 1.0]), np.array([0, 1], "f"), [0, 1]):
            y = mg.odeint(lambda y, t: -y, y0, times)
            assert y.dtype == np.float32
            np.testing.assert_allclose(y[-1], np.exp(-1), rtol=1e-5)


def test_nan_and_infinity_stop_at_once():
    calls = []

    def bad(value):
        calls.append(value)
        return value

    with pytest.raises(RuntimeError, match="fixed_point: step 1 gave nan or infinity"):
        mg.fixed_point(lambda x: bad(np.nan), 0.0)
    with pytest.raises(RuntimeError, match="the slope that the function gave at t = 0 is nan or infinite"):
        mg.odeint(lambda y, t: bad(np.inf), 1.0, [0.0, 1.0])
    with pytest.raises(RuntimeError, match=r"beyond t = 0\.5 the function gives nan or infinity"):
        mg.odeint(lambda y, t: bad(np.nan if t > 0.5 else 1.0), 0.0, [0.0, 1.0])
    assert len(calls) < 1000


@pytest.mark.filterwarnings("error")
def test_a_function_that_does_not_depend_on_an_argument_gives_no_warning():
    assert mg.grad(lambda y: mg.odeint(lambda y, t: np.cos(t), y, [0.0, 1.0])[-1])(2.0) == pytest.approx(1)
    assert mg.grad(lambda b: mg.fixed_point(lambda x, b: b**2, 0.0, b))(3.0) == pytest.approx(6)


def test_a_function_may_return_a_list():
    y0 = np.array([1.0, 0.0])
    grad = mg.grad(lambda w: mg.odeint(lambda y, t, w: [y[1], -w * y[0]], y0, [0.0, 1.0], w)[-1, 0])(4.0)
    np.testing.assert_allclose(grad, -np.sin(2) / 4, rtol=1e-6)
    grad = mg.grad(lambda a: mg.fixed_point(lambda x, a: (0.5 * x[1], a), np.zeros(2), a)[0])(3.0)
    assert grad == pytest.approx(0.5)


@pytest.mark.parametrize(("y", "what"), [(None, "expected numbers"), ("a", "expected numbers"), (1j, "complex")])
def test_a_function_that_returns_no_real_numbers_is_refused(y, what):
    with pytest.raises(TypeError, match=f"fixed_point: what the function returned.*{what}"):
        mg.fixed_point(lambda x: y, 0.0)
    with pytest.raises(TypeError, match=f"odeint: what the function returned.*{what}"):
        mg.odeint(lambda x, t: y, 0.0, [0.0, 1.0])


def test_the_third_derivative_of_the_square_root():
    root = mg.grad(lambda a: mg.fixed_point(lambda x, a: (x + a / x) / 2, 1.0, a))
    np.testing.assert_allclose(mg.grad(mg.grad(root))(9.0), 3 / 8 * 9**-2.5, rtol=1e-5)


def test_neither_is_compiled():
    with pytest.raises(RuntimeError, match="fixed_point cannot be compiled"):
        mg.compile(lambda a: mg.fixed_point(lambda x, a: 0.5 * x + a, 0.0, a))(1.0)
    with pytest.raises(RuntimeError, match="odeint cannot be compiled"):
        mg.compile(mg.grad(lambda a: mg.odeint(lambda y, t, a: -a * y, 1.0, [0.0, 1.0], a)[-1]))(1.0)
    with pytest.raises(RuntimeError, match="fixed_point cannot be compiled"):
        mg.compile(lambda a: mg.fixed_point(lambda x: 0.5 * x + a, 0.0))(1.0)


def test_a_tree_of_real_and_complex_leaves():
    tree = {"a": np.ones(2, "f"), "b": np.array([1 + 2j])}
    vector, unflatten = mg.flatten_tree(tree)
    back = unflatten(vector)
    assert back["a"].dtype == np.float32
    assert back["a"].tolist() == [1, 1]
    assert back["b"].tolist() == [1 + 2j]


def test_a_flattened_tree_is_compiled():
    def doubled(tree):
        vector, unflatten = mg.flatten_tree(tree)
        return unflatten(vector * 2)["a"]

    assert mg.compile(doubled)({"a": np.ones(2), "b": np.ones(3)}).tolist() == [2, 2]
