"""The chain rule of every path: the products, how they add, and that no graph is too tangled to explain."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from samples_networks import SAMPLES
from test_steps import WITHOUT_GRADIENT, circuit, named

import minigrad as mg
from minigrad import Tensor
from minigrad.backward import sweep

FIRST = [pytest.param(samples[0], id=name) for name, samples in SAMPLES.items() if name not in WITHOUT_GRADIENT]


def test_sum_times_z():
    x, y, z = named(x=-2.0, y=5.0, z=-4.0)
    f = (x + y) * z
    assert str(mg.explain(f, wrt=x)) == (
        "∂f/∂x: 1 path\n\npath 1: f → x + y → x\n  ∂f/∂(x + y) × ∂(x + y)/∂x\n  = -4 × 1 = -4\n\n∂f/∂x = -4"
    )
    assert str(mg.explain(f, wrt=z)).endswith("path 1: f → z\n  ∂f/∂z = 3\n\n∂f/∂z = 3")


def test_the_sigmoid_circuit():
    f, leaves = circuit()
    told = mg.explain(f, wrt=leaves[0])
    assert "-0.53 × 1.00 × 0.37 × (-1.00) × 1.00 × 1.00 × (-1.00) = -0.20" in str(told)
    assert told.paths[0].nodes == ("f", "exp(-…) + 1", "exp", "−x", "+", "+", "w0 × x0", "w0")
    running = [float(factor.gradient) for factor in told.paths[0].factors]
    np.testing.assert_allclose(running, [-0.53, -0.53, -0.20, 0.20, 0.20, 0.20, -0.1966], atol=0.005)
    for x, expected in zip(leaves, [-0.1966, 0.3932, -0.3932, -0.5898, 0.1966], strict=True):
        np.testing.assert_allclose(float(mg.explain(f, wrt=x).gradient), expected, atol=5e-5)


def test_a_gradient_that_is_0_on_its_only_path():
    x, y, z, w = named(x=3.0, y=-4.0, z=2.0, w=-1.0)
    f = 2 * (x * y + mg.maximum(z, w))
    assert [float(mg.explain(f, wrt=leaf).gradient) for leaf in (x, y, z, w)] == [-8, 6, 2, 0]
    assert "= 2 × 1 × 0 = 0" in str(mg.explain(f, wrt=w))


def test_branches_add():
    (a,) = named(a=3.0)
    b = a + a
    told = mg.explain(b + b, wrt=a)
    assert told.count == len(told.paths) == 4
    assert [float(path.contribution) for path in told.paths] == [1, 1, 1, 1]
    assert str(told).endswith("∂f/∂a = 1 + 1 + 1 + 1 = 4")
    assert told.rest is None
    b.name = "b"
    assert "∂f/∂b × ∂b/∂a\n  = 1 × 1 = 1" in str(mg.explain(b + b, wrt=a))


def test_squared_length_of_a_product():
    w, x = named(W=[[0.1, 0.5], [-0.3, 0.8]], x=[0.2, 0.4])
    f = mg.square(w @ x).sum()
    told = mg.explain(f, wrt=w)
    assert [factor.rule for factor in told.paths[0].factors] == [
        "d((W @ x)²) = upstream broadcast to the shape of (W @ x)²",
        "d(W @ x) = 2·(W @ x) × upstream",
        "dW = upstream ⊗ x",
    ]
    assert "d(W @ x) = 2·(W @ x) × upstream → (2,): [0.44, 0.52]" in str(told)
    np.testing.assert_allclose(told.gradient, [[0.088, 0.176], [0.104, 0.208]])
    np.testing.assert_allclose(mg.explain(f, wrt=x).paths[0].contribution, [-0.112, 0.636])


@pytest.mark.parametrize("sample", FIRST)
def test_contributions_add_up_to_the_engines_gradient(sample):
    inputs = [Tensor(x) if isinstance(x, np.ndarray | np.generic) and x.dtype.kind == "f" else x for x in sample.inputs]
    y = sample.call(mg, *inputs)
    y = y[0] if isinstance(y, list) else y
    seed = np.random.default_rng(0).normal(size=y.shape)
    gradients = sweep(y, np.array(seed, y.dtype)[()])
    for x in inputs:
        if not isinstance(x, Tensor) or not x.requires_grad:
            continue
        told = mg.explain(y, wrt=x, upstream=seed, max_paths=10_000)
        expected = gradients.get(x, np.zeros(x.shape))
        assert told.rest is None
        total = sum((path.contribution for path in told.paths), np.zeros(x.shape))
        np.testing.assert_allclose(total, expected, rtol=1e-12, atol=1e-14)
        np.testing.assert_array_equal(told.gradient, expected)
        assert str(told)
        few = mg.explain(y, wrt=x, upstream=seed, max_paths=1)
        if few.rest is not None:
            np.testing.assert_allclose(few.paths[0].contribution + few.rest, expected, rtol=1e-12, atol=1e-14)


def test_an_upstream_gradient_stands_in_the_product():
    x = Tensor(2.0, name="x")
    told = str(mg.explain(x * x * x, wrt=x, upstream=3))
    assert told.startswith("upstream · ∂f/∂x: 3 paths\nfrom upstream 3\n")
    assert "upstream × ∂f/∂(x × x) × ∂(x × x)/∂x\n  = 3 × 2 × 2 = 12" in told
    assert told.endswith("upstream · ∂f/∂x = 12 + 12 + 12 = 36")


def test_a_tensor_in_between():
    x = Tensor(2.0, name="x")
    q = x * x
    told = mg.explain(q * q + q, wrt=q)
    assert str(told).endswith("∂f/∂(x × x) = 4 + 4 + 1 = 9")
    assert told.count == 3


def test_the_result_itself():
    f = Tensor(2.0, name="x") * 3
    told = mg.explain(f, wrt=f)
    assert (told.count, float(told.gradient), told.paths[0].factors) == (1, 1, ())
    assert "the result itself: 1" in str(told)


def test_what_it_does_not_depend_on():
    x, y = Tensor(2.0, name="x"), Tensor([1.0, 2.0], name="y")
    told = mg.explain(x * 3, wrt=y)
    assert str(told) == "∂f/∂y: 0 paths\nf does not depend on y: the gradient is (2,): [0, 0]"
    assert (told.count, told.paths) == (0, ())


def test_names_of_result_and_tensor():
    x, loss = Tensor(2.0), Tensor(3.0)
    loss = x * x
    loss.name = "loss"
    assert str(mg.explain(loss, wrt=x)).startswith("∂loss/∂x: 2 paths\n\npath 1: loss → x\n")


def test_names_given_as_variables():
    w, x = Tensor(2.0), Tensor(3.0)
    assert str(mg.explain(w * x, wrt=w, names={"w": w, "x": x})).startswith("∂f/∂w: 1 path")
    with pytest.raises(TypeError, match="explain: names is a mapping such as locals"):
        mg.explain(w * x, wrt=w, names=["w"])


def test_the_tensor_without_a_name_is_not_called_as_another():
    x, y = Tensor(2.0, name="x"), Tensor(3.0)
    assert str(mg.explain(x * y, wrt=y)).startswith("∂f/∂wrt: 1 path")


def test_sixty_doublings():
    x = Tensor(1.0, name="x")
    y = x
    for _ in range(60):
        y = y + y
    told = mg.explain(y, wrt=x, max_paths=3)
    assert told.count == 2**60
    assert len(told.paths) == 3
    assert float(told.gradient) == 2.0**60
    assert "and 1,152,921,504,606,846,973 paths more" in str(told)
    assert str(told).startswith("∂f/∂x: 1,152,921,504,606,846,976 paths\n")


def test_more_paths_than_are_counted():
    x = Tensor(1.0, name="x")
    y = x
    for _ in range(2000):
        y = y + y * 1e-9
    told = mg.explain(y, wrt=x, max_paths=2)
    assert told.count is None
    assert str(told).startswith("∂f/∂x: more than 2 ** 1024 paths\n")
    y = x
    for _ in range(1000):
        y = y + y
    told = mg.explain(y, wrt=x, max_paths=1)
    assert told.count == 2**1000
    assert str(told).startswith("∂f/∂x: about 1.07e+301 paths\n")


def test_a_long_chain_is_written_by_its_ends():
    x = y = Tensor(1.0, name="x")
    for _ in range(3000):
        y = y * 1.0
    told = mg.explain(y, wrt=x)
    assert len(told.paths[0].factors) == 3000
    assert "… 2,989 factors …" in str(told)
    assert len(str(told)) < 1000
    v = w = Tensor([1.0, 2.0], name="v")
    for _ in range(100):
        w = mg.flip(w)
    assert "… 89 rules …" in str(mg.explain(w, wrt=v, upstream=[1, 1]))


def test_a_lattice_counts_every_path():
    """Where each value is used by two others, the paths are binomial coefficients."""
    leaf = Tensor(1.0, name="x")
    row = [leaf]
    for _ in range(12):
        row = [row[0] * 1.0, *(a + b for a, b in itertools.pairwise(row)), row[-1] * 1.0]
    assert mg.explain(row[6], wrt=leaf).count == math.comb(12, 6)


def test_what_lies_behind_a_branch_not_taken_contributes_0():
    x = Tensor([0.0, 4.0], name="x")
    with np.errstate(all="ignore"):
        f = mg.where(np.array([False, True]), mg.sqrt(x), 2 * x).sum()
    told = mg.explain(f, wrt=x)
    np.testing.assert_array_equal([path.contribution for path in told.paths], [[0, 0.25], [2, 0]])
    np.testing.assert_array_equal(told.gradient, [2, 0.25])


def test_nothing_changes():
    f, leaves = circuit()
    f.backward()
    before = [(x.value, x.grad, x.inputs) for x in [f, *leaves]]
    mg.explain(f, wrt=leaves[1])
    assert [(x.value, x.grad, x.inputs) for x in [f, *leaves]] == before


def test_in_a_notebook_and_at_the_prompt():
    x = Tensor(2.0, name="<script>alert(1)</script>")
    told = mg.explain(x * x, wrt=x)
    assert repr(told) == str(told)
    assert "<script" not in told._repr_html_()
    assert "&lt;script&gt;" in told._repr_html_()


@pytest.mark.parametrize("name", ["\"quoted\" 'name'", "a\nb", "🦊", "{x}", "%s", "x" * 10_000, " ", "+"])
def test_any_name_is_text(name):
    x = Tensor(2.0, name=name)
    told = str(mg.explain(x * x + x, wrt=x))
    assert "\nb" not in told
    assert told.endswith(" = 2 + 2 + 1 = 5")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: mg.explain(3.0, wrt=x), TypeError, "explain: expected a Tensor, got float"),
        (lambda x: mg.explain(x, wrt="x"), TypeError, "explain: wrt is a Tensor, got str"),
        (lambda x: mg.explain(x, wrt=x.detach()), RuntimeError, "explain: tensor 'x' .* is a constant"),
        (lambda x: mg.explain(x * [1.0, 2.0], wrt=x), ValueError, "explain: .*is not a scalar"),
        (lambda x: mg.explain(x, wrt=x, max_paths=0), ValueError, "explain: max_paths is an integer, 1 or more"),
        (lambda x: mg.explain(x, wrt=x, precision=1.5), TypeError, "explain: precision is an integer"),
        (lambda x: mg.explain(x, wrt=x, upstream=[1.0]), ValueError, "explain: upstream has shape"),
    ],
)
def test_what_cannot_be_explained(call, error, message):
    with pytest.raises(error, match=message):
        call(Tensor(2.0, name="x"))
