"""Operations and their gradient rules as players print them: symbols, labels, and what has no formula."""

from __future__ import annotations

import re

import numpy as np
import pytest
from test_formulas import evaluated

import minigrad as mg
from minigrad import Tensor
from minigrad.draw.names import symbol
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
        assert names <= {*known, "n"}, text  # n is the number of elements
        assert text
        assert "{" not in text


def test_an_operation_without_a_formula_is_named_and_nothing_is_made_up():
    x: Node = mg.erf(Tensor(1.0))
    assert rule(x, 0, ["x"]) == "dx = local gradient of erf × upstream"
    assert rule(mg.sort(Tensor([2.0, 1.0])), 0, [""]) == "dx = vector-Jacobian product of sort"
    assert written("erf", ["x"]) == "erf(x)"
