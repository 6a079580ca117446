"""Symbols and formulas as players print them: read as Python, they give the engine's own numbers."""

from __future__ import annotations

import re

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor
from minigrad.backward import downstream, local_gradient
from minigrad.draw.names import symbol
from minigrad.draw.player.symbols import rule, written
from minigrad.graph import Node
from minigrad.operation import OPS

MATHEMATICS = {
    "√": "np.sqrt", "²": "**2", "^": "**", "·": "*", "×": "*", "−": "-", "∘": "*", "σ": "mg.sigmoid", "ln": "np.log", "ᵀ": ".T",
    "Σ upstream": "upstream.sum()", "⟨upstream, out⟩": "(upstream * out).sum()", "out(": "out*(",
}  # fmt: skip
NAMES = {"np": np, "mg": mg, **{name: getattr(np, name) for name in ("sign", "sin", "cos", "sinh", "cosh", "exp")}}
RNG = np.random.default_rng(0)
FORMULAS = [name for name, op in OPS.items() if op.elementwise and op.formula(0, (1.0,) * op.arity)]


def evaluated(text: str, **names) -> np.ndarray:
    """A formula, computed."""
    for sign, python in MATHEMATICS.items():
        text = text.replace(sign, python)
    text = re.sub(r"\|(.*)\|", r"abs(\1)", text)
    text = re.sub(r"(.*) where (.*), else (.*)", r"np.where(\2, \1, \3)", text)
    text = re.sub(r"(.*) ⊗ (.*)", r"np.outer(\1, \2)", text)
    with np.errstate(all="ignore"):
        return eval(text, {**NAMES, "softmax": lambda x: mg.softmax(x), "max": np.maximum, "min": np.minimum, **names})


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("sign", [1, -1])
def test_local_gradients_are_what_their_formulas_give(name, sign):
    op = OPS[name]
    values = [sign * RNG.uniform(0.3, 2.5, 5) for _ in op.input_names]
    if name == "where":
        values[0] = np.array([True, False, True, False, False])
    static = {"negative_slope": 0.3} if name == "leaky_relu" else {}
    with np.errstate(all="ignore"):
        node = op(*(Tensor(v) if v.dtype.kind == "f" else v for v in values), **static)
    names = dict(zip(op.input_names, values, strict=True)) | {"out": node.value} | static
    for i, v in enumerate(values):
        if v.dtype.kind == "f":
            found = np.broadcast_to(evaluated(op.formula(i, values), **names), v.shape)
            np.testing.assert_allclose(found, local_gradient(node, i), rtol=1e-12)


def test_these_operations_have_formulas():
    known = (
        "abs add arctan cos cosh divide exp hypot leaky_relu log log1p log_sigmoid maximum minimum multiply negative power "
        "reciprocal relu sigmoid sin sinh softplus sqrt square subtract tan tanh where"
    )
    assert sorted(FORMULAS) == known.split()
    assert all(op.formula(i, (np.ones(2),) * op.arity) for op in map(OPS.get, FORMULAS) for i in range(op.arity))


@pytest.mark.parametrize("shapes", [((2, 3), (3, 4)), ((2, 3), (3,)), ((3,), (3, 4)), ((3,), (3,))])
def test_the_gradients_of_a_matrix_product_are_what_their_formulas_give(shapes):
    a, b = (RNG.normal(size=shape) for shape in shapes)
    node = mg.matmul(Tensor(a), Tensor(b))
    upstream = RNG.normal(size=node.shape)
    for i, x in enumerate((a, b)):
        text = node.op.formula(i, node.values).replace("·", "@")
        np.testing.assert_allclose(evaluated(text, a=a, b=b, upstream=upstream), downstream(node, i, upstream))
        assert downstream(node, i, upstream).shape == x.shape


@pytest.mark.parametrize("op", [mg.softmax, mg.log_softmax])
def test_the_gradient_of_softmax_is_what_its_formula_gives(op):
    x, upstream = RNG.normal(size=4), RNG.normal(size=4)
    node = op(Tensor(x))
    text = node.op.formula(0, node.values)
    np.testing.assert_allclose(evaluated(text, x=x, out=node.value, upstream=upstream), downstream(node, 0, upstream))


@pytest.mark.parametrize("name", [name for name, op in OPS.items() if op.symbol])
@pytest.mark.parametrize("second", [2.0, -2.0])
def test_an_operation_is_computed_as_it_is_written(name, second):
    op = OPS[name]
    if op is mg.matmul:
        assert written("@", ["W", "x"]) == "W @ x"
        return
    values = (3.0, second)[: op.arity] if op.arity > 1 or name in ("sqrt",) else (second,)
    node = op(*map(Tensor, values))
    text = written(symbol(node), [f"{v:g}" for v in values])
    assert evaluated(re.sub(r"√(\S+)", r"√(\1)", text)) == node.value


def test_the_rule_of_a_matrix_product():
    w, x = Tensor(np.ones((2, 3)), name="W"), Tensor(np.ones(3))
    assert [rule(w @ x, i, ["W", ""]) for i in range(2)] == ["dW = upstream ⊗ b", "db = Wᵀ · upstream"]
    assert [rule(x @ x, i, ["", ""]) for i in range(2)] == ["da = b × upstream", "db = a × upstream"]


def test_labels_are_put_in_whole():
    """A label that holds the name of another input, or of a regular expression, is text."""
    node = Tensor(2.0) * Tensor(3.0)
    assert rule(node, 0, ["b", "a·b"]) == "db = a·b × upstream"
    assert rule(node, 1, [r"\1 {a}", "b"]) == r"db = \1 {a} × upstream"


@pytest.mark.parametrize("name", [name for name, op in OPS.items() if op.formula(0, (np.ones(2),) * max(op.arity, 2))])
def test_every_formula_speaks_of_its_inputs(name):
    op = OPS[name]
    known = {*op.input_names, "out", "upstream", *op.static_names, *op.defaults}
    for i in range(op.arity):
        text = op.formula(i, (np.ones(2),) * max(op.arity, 2))
        names = set(re.findall(r"(?<![A-Za-z_])[a-z](?![A-Za-z_0-9])", text))
        assert names <= known, text
        assert text
        assert "{" not in text


def test_an_operation_without_a_formula_is_named_and_nothing_is_made_up():
    x: Node = mg.erf(Tensor(1.0))
    assert rule(x, 0, ["x"]) == "dx = local gradient of erf × upstream"
    assert rule(mg.sort(Tensor([2.0, 1.0])), 0, [""]) == "dx = vector-Jacobian product of reorder"
    assert written("erf", ["x"]) == "erf(x)"
