"""Operations and their gradient rules as players print them: symbols, labels, and what has no formula."""

from __future__ import annotations

import cProfile
import pstats
import re

import numpy as np
import pytest
from test_formulas import evaluated

import minigrad as mg
from minigrad import Tensor
from minigrad.draw.names import symbol
from minigrad.draw.player.labels import Labels, symbols
from minigrad.draw.player.symbols import rule, written
from minigrad.graph import Node
from minigrad.operation import OPS


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
    assert evaluated(text, {}) == node.value


def test_the_rule_of_a_matrix_product():
    w, x = Tensor(np.ones((2, 3)), name="W"), Tensor(np.ones(3))
    assert rule(w @ x, 0, ["W", ""]) == "dW = upstream ⊗ the other input"
    assert rule(w @ x, 1, ["W", ""]) == "d(this input) = Wᵀ · upstream"
    assert [rule(x @ x, i, ["", ""]) for i in range(2)] == ["d(this input) = the other input × upstream"] * 2


def test_labels_are_put_in_whole():
    """A label that holds the name of another input, or of a regular expression, is text."""
    node = Tensor(2.0) * Tensor(3.0)
    assert rule(node, 0, ["b", "a·b"]) == "db = a·b × upstream"
    assert rule(node, 1, [r"\1 {a}", "b"]) == r"db = \1 {a} × upstream"


@pytest.mark.parametrize(
    ("compute", "rules"),
    [
        (lambda a, b, c: (a + b) * c, ["d(a + b) = c × upstream", "dc = (a + b) × upstream"]),
        (lambda a, b, c: (a * b) ** c, ["d(a × b) = c·(a × b)**(c−1) × upstream", "dc = ((a × b) ** c)·ln(a × b) × upstream"]),
        (lambda a, b, c: mg.exp(a) / 3.0, ["d(exp(a)) = 1/3 × upstream"]),
        (lambda a, b, c: a / (1 / 3), ["da = 1/(the other input) × upstream"]),
        (lambda a, b, c: mg.sigmoid(a), ["da = sigmoid(a)·(1 − sigmoid(a)) × upstream"]),
        (lambda a, b, c: mg.sigmoid(a + b * c + a), ["d(a + b × c + a) = (the result)·(1 − the result) × upstream"]),
        (lambda a, b, c: Tensor(4.0) * Tensor(5.0), ["d(this input) = 5 × upstream", "d(this input) = 4 × upstream"]),
        (lambda a, b, c: abs(a * 1j), ["d(this input) = conj(sign(this input)) × upstream"]),
        (lambda a, b, c: a * np.array(1j), ["da = Re(the other input × upstream)"]),
        (lambda a, b, c: a * np.ones(3), ["da = the other input × upstream, summed to shape ()"]),
        (lambda a, b, c: mg.sum(a * [1.0, 2.0]), ["d(this input) = upstream broadcast to the shape of this input"]),
        (lambda a, b, c: mg.where(a > 0, a + b, c), [
            "d(a + b) = (1 where the condition, else 0) × upstream", "dc = (0 where the condition, else 1) × upstream",
        ]),
    ],
)  # fmt: skip
def test_a_rule_is_written_with_the_names_of_the_user(compute, rules):
    node = compute(*(Tensor(v, name=name) for v, name in ((2.0, "a"), (3.0, "b"), (4.0, "c"))))
    assert [symbols(node, i, Labels()) for i, x in enumerate(node.inputs) if x is not None] == rules


def test_two_tensors_of_one_name_are_told_apart():
    node = Tensor(2.0, name="w") * Tensor(3.0, name="w")
    assert symbols(node, 0, Labels()) == "d(this input) = the other input × upstream"


def test_names_may_be_given_as_variables():
    w, x = Tensor(2.0), Tensor(3.0)
    assert symbols(w * x, 0, Labels({w: "w", x: "x"})) == "dw = x × upstream"


STATIC = {"cross_entropy", "broadcast_to", "mean"}  # their formulas depend on the static arguments: test_formulas has them


@pytest.mark.parametrize(
    "name",
    [name for name, op in OPS.items() if op.name not in STATIC and op.formula(0, (np.ones(2),) * max(op.arity, 2), {})],
)
def test_every_formula_speaks_of_its_inputs(name):
    op = OPS[name]
    known = {*op.input_names, "out", "upstream", *op.static_names, *op.defaults}
    for i in range(op.arity):
        text = op.formula(i, (np.ones(2),) * max(op.arity, 2), {})
        names = set(re.findall(r"(?<![A-Za-z_])[a-z](?![A-Za-z_0-9])", text))
        assert names <= known, text
        assert text
        assert "{" not in text


def test_an_operation_without_a_formula_is_named_and_nothing_is_made_up():
    x: Node = mg.erf(Tensor(1.0))
    assert rule(x, 0, ["x"]) == "dx = local gradient of erf × upstream"
    assert rule(mg.sort(Tensor([2.0, 1.0])), 0, [""]) == "d(this input) = vector-Jacobian product of sort"
    assert written("erf", ["x"]) == "erf(x)"


def test_a_loss_speaks_of_class_weights_only_where_there_are_some():
    scores = Tensor([[1.0, 2.0, 0.5]], name="x")
    assert "weight" not in rule(mg.cross_entropy(scores, [1]), 0, ["x"])
    assert "weight" in rule(mg.cross_entropy(scores, [1], weight=[1.0, 2.0, 1.0]), 0, ["x"])


def test_the_rules_of_an_operation_with_many_inputs_take_linear_work():
    def work(count):
        """The calls of functions while the steps and the details are written."""
        f = mg.stack([Tensor(1.0, name="x")] * count).sum()
        profile = cProfile.Profile()
        profile.runcall(mg.play, f)
        return pstats.Stats(profile).total_calls

    work(2)  # imports
    small, twice = work(100), work(200)
    assert twice < 2.2 * small


def test_a_label_that_two_inputs_have_stands_for_neither():
    a, b, c = Tensor(2.0, name="x"), Tensor(3.0, name="x"), Tensor(4.0, name="c")
    called = Labels()
    assert symbols(a * b, 0, called) == "d(this input) = the other input × upstream"
    assert symbols(a * a, 0, called) == "dx = x × upstream"
    assert symbols(a * c, 0, called) == "dx = c × upstream"
    # The value of a leaf without a name stands for it in the rules of other inputs only.
    two, other = Tensor(2.0), Tensor(2.0)
    assert symbols(two * other, 0, called) == "d(this input) = 2 × upstream"
    assert symbols(two * 2.0, 0, called) == "d(this input) = 2 × upstream"
