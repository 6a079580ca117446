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
