"""`code`: what it says, and that it runs to the values and gradients of the engine."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from samples_special import SAMPLES, Sample
from test_every_op import REFUSED, differentiable, total

import minigrad as mg
from minigrad import Tensor
from minigrad.cli import main
from minigrad.program import Code, code


def run(text: Code) -> dict[str, Any]:
    """The variables after the code has run."""
    names: dict[str, Any] = {}
    with np.errstate(all="ignore"):
        exec(text, names)
        if text.arguments:
            ends = text.rsplit("return ", 1)[1].split(", ")
            names |= dict(zip(ends, names["run"](**text.arguments), strict=True))
    return names


def test_the_circuit_of_the_lecture():
    x, y, z = Tensor(-2.0), Tensor(5.0), Tensor(-4.0)
    q = x + y
    f = q * z
    assert code(f) == (
        "# Recorded: it holds for the branches that were taken.\nx = -2.0\ny = 5.0\nz = -4.0\n\n"
        "# forward\nq = x + y\nf = q * z\n\n"
        "# backward\ndf = 1.0\ndq = df * z\ndx = dq\ndy = dq\ndz = df * q"
    )
    names = run(code(f))
    assert [names[k] for k in ("f", "dx", "dy", "dz", "dq")] == [-12.0, -4.0, -4.0, 3.0, -4.0]


def sigmoid_circuit(w0: Any, x0: Any, w1: Any, x1: Any, w2: Any) -> Any:
    dot = w0 * x0 + w1 * x1 + w2
    out = 1 / (1 + np.exp(-dot))
    return out  # noqa: RET504


def test_the_sigmoid_circuit():
    text = code(sigmoid_circuit, 2.0, -1.0, -3.0, -2.0, -3.0)
    assert text.split("\n\n", 1)[1] == (
        "# forward\ndot = w0 * x0 + w1 * x1 + w2\nt1 = np.exp(-dot)\nt2 = 1 + t1\nout = 1 / t2\n\n"
        "# backward\ndout = 1.0\nddot = dout * out / t2 * t1\ndw2 = ddot\ndw0 = ddot * x0\ndx0 = ddot * w0\n"
        "dw1 = ddot * x1\ndx1 = ddot * w1"
    )
    names = run(text)
    np.testing.assert_allclose([names[k] for k in ("out", "dw0", "dx0")], [0.7310586, -0.1966119, 0.3932239], rtol=1e-6)


def test_fused_operations_stay_or_are_opened():
    def gate(x: Any) -> Any:
        return mg.sigmoid(x)

    assert "mg.sigmoid(x)" in code(gate, 0.5)
    opened = code(gate, 0.5, level="primitive")
    assert "sigmoid" not in opened
    assert "np.exp(-x)" in opened
    assert np.isclose(run(code(gate, 0.5))["dx"], run(opened)["dx"], rtol=1e-14)


def test_a_value_used_twice_gets_the_sum():
    text = code(lambda x, y: x * y + x, 3.0, 2.0)
    assert "dx = dout + dout * y" in text


def test_a_recorded_graph_holds_for_its_branch():
    x = Tensor([3.0, -2.0])
    y = np.sum(np.where(x.data > 0, x * x, -x))
    text = code(y)
    assert text.startswith("# Recorded: it holds for the branches that were taken.")
    assert "mask1 = np.array([True, False])" in text
    np.testing.assert_array_equal(run(text)["dx"], [6.0, -1.0])
    followed = code(lambda x: np.sum(np.where(x > 0, x * x, -x)), np.array([3.0, -2.0]))
    assert "Recorded" not in followed
    np.testing.assert_array_equal(
        run(Code(followed.replace("[3.0, -2.0]", "[-3.0, 2.0]"), followed.program, {}))["dx"], [-1.0, 4.0]
    )


def test_large_arrays_are_arguments():
    rng = np.random.default_rng(0)
    w = rng.normal(size=(30, 20))
    text = code(lambda w: np.sum(np.tanh(w) ** 2), w)
    assert "def run(w" in text
    np.testing.assert_allclose(run(text)["dw"], mg.grad(lambda w: np.sum(np.tanh(w) ** 2))(w), rtol=1e-13)


def test_sections_follow_scopes():
    def net(x: Any) -> Any:
        with mg.scope("layer1"):
            h = np.tanh(x)
        with mg.scope("layer2"):
            return h * h

    assert "# forward: layer1\nh = np.tanh(x)\n\n# forward: layer2\n" in code(net, 0.5)


def test_gradients_of_gradients():
    text = code(mg.grad(lambda x: x**3), 2.0)
    assert "backward" not in text
    assert run(text)["out"] == 12.0


def test_a_notebook_shows_it_in_colours_and_folds_it():
    x = Tensor(2.0)
    short = code(x * x)._repr_html_()
    assert short.startswith("<pre>")
    assert "<details>" not in short
    long = code(lambda x: sum(np.sin(x * k) * np.cos(x * k) for k in range(2, 30)), 0.5)._repr_html_()
    assert "<details><summary><code># forward" in long
    assert "&lt;" in code(lambda x: mg.where(x < 1, x, 2 * x), 0.5)._repr_html_()


def test_what_has_no_code():
    x = Tensor(2.0)
    with pytest.raises(ValueError, match="level is 'fused' or 'primitive'"):
        code(x * 2, level="deep")
    with pytest.raises(TypeError, match="expected a Tensor or a function"):
        code(3.0)
    with pytest.raises(ValueError, match="function of its own"):
        code(mg.checkpoint(lambda x: x * x)(x))
    y = x * 2
    y.backward(retain_graph=False)
    with pytest.raises(RuntimeError, match="freed"):
        code(y)


def test_the_command_prints_it(capsys: pytest.CaptureFixture[str]):
    assert main(["(x + y) * z", "x=-2", "y=5", "z=-4", "--code"]) == 0
    assert "dz = dout * t1" in capsys.readouterr().out
    assert main(["x * x", "x=1", "--code", "--json"]) == 2
    assert "leave out --json" in capsys.readouterr().err


@pytest.mark.parametrize(
    "sample", [pytest.param(samples[0], id=name) for name, samples in SAMPLES.items() if name not in REFUSED]
)
def test_code_of_every_operation_runs(sample: Sample):
    positions = differentiable(sample)
    if not positions:
        pytest.skip("no floats")
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # some results are constants
        f = total(sample)
        _, gradients = mg.value_and_grad(f, positions)(*sample.inputs)
        text = code(f, *sample.inputs)
        names = run(text)
    assert len(text.splitlines()) >= len(positions)
    inputs = text.program.inputs
    for x, g in zip((inputs[k] for k in range(len(positions))), gradients, strict=False):
        found = names[f"d{x.name}"] if f"d{x.name}" in names else np.zeros_like(g)
        assert f"d{x.name}" in names or not np.any(g)
        np.testing.assert_allclose(found, g, rtol=1e-11, atol=1e-11)


def test_a_convolution_and_its_gradient_read_as_public_functions():
    x, w, b = np.arange(16.0).reshape(1, 1, 4, 4), np.ones((2, 1, 3, 3)), np.zeros(2)
    text = code(lambda x, w, b: np.sum(mg.max_pool2d(mg.conv2d(x, w, b, padding=1), 2)), x, w, b)
    assert "t1 = mg.conv2d(x, w, b, padding=1)" in text
    assert "mg.max_pool2d(t1, 2)" in text
    assert "dx = mg.conv_transpose2d(t3, w, padding=1)" in text
    strided = code(lambda x: np.sum(mg.conv2d(x, w, b, stride=2, padding=((0, 1), (0, 1))) ** 2), x)
    assert 'op("conv")' in strided  # no public function takes this padding of one side back
    assert "stride=(2, 1), padding=2, dilation=(1, 2)" in code(lambda x: np.sum(mg.conv2d(x, w, None, (2, 1), 2, (1, 2))), x)


def test_labels_are_constants_where_that_opens_the_loss():
    scores, labels = np.array([[1.0, 2.0, 0.5], [0.0, 1.0, 3.0]]), np.array([0, 2])
    text = code(mg.cross_entropy, scores, labels, level="primitive")
    assert text.startswith("# Integers are constants: it holds for these labels and indices.\n")
    assert "whole" not in text
    p = mg.softmax(scores).data
    np.testing.assert_allclose(run(text)["dx"], (p - np.eye(3)[labels]) / 2)
    assert "Integers" not in code(lambda x, i: np.sum(x[i]), scores.T, labels)


def test_equal_constants_are_written_once():
    rows = np.arange(2)
    text = code(lambda x: np.sum(np.exp(x)[rows, np.arange(2)] * x[np.arange(2), rows]), np.ones((2, 3)))
    assert [line for line in text.split("\n") if line.startswith("c")] == ["c1 = np.array([0, 1])"]
