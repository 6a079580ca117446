"""Programs drawn, and written out with their values: forward and backward together."""

from __future__ import annotations

import re

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor
from minigrad.program import code, compile
from minigrad.text import number
from minigrad.tracing import Variable


def circuit():
    x, y, z = Tensor(-2.0), Tensor(5.0), Tensor(-4.0)
    q = x + y
    f = q * z
    return code(f).program


def loss(w, x):
    return np.mean(np.maximum(x @ w, 0.0) ** 2)


def nodes(picture):
    return {node.id: node for node in picture.description.nodes}


def test_the_circuit_and_its_gradients_in_one_picture():
    drawn = nodes(mg.draw(circuit()))
    assert [(n.kind, n.title, n.name, n.value) for n in drawn.values()] == [
        ("leaf", "x", "", ("-2",)),
        ("leaf", "y", "", ("5",)),
        ("leaf", "z", "", ("-4",)),
        ("leaf", "df", "", ("1",)),
        ("op", "+", "q", ("3",)),
        ("op", "×", "f", ("-12",)),
        ("op", "×", "dq = dx = dy", ("-4",)),
        ("op", "×", "dz", ("3",)),
    ]
    edges = [(drawn[e.tail].title, drawn[e.head].name) for e in mg.draw(circuit()).description.edges]
    assert edges == [
        ("x", "q"), ("y", "q"), ("+", "f"), ("z", "f"), ("df", "dq = dx = dy"), ("z", "dq = dx = dy"), ("df", "dz"), ("+", "dz"),
    ]  # fmt: skip


def test_a_gradient_of_arrays_has_shapes_operands_in_order_and_settings():
    f = compile(mg.value_and_grad(loss))
    f(np.ones((3, 4)), np.ones((2, 3)))
    picture = mg.draw(f.program)
    drawn = list(nodes(picture).values())
    assert all(not n.value for n in drawn if n.kind != "constant")
    product = next(n for n in drawn if n.title == "@")
    assert product.ordered
    assert product.detail == "(2, 4) float64"
    assert [n.name for n in drawn if n.result] == ["output 0", "output 1"]
    tails = [e.tail for e in picture.description.edges if e.head == product.id]
    assert [nodes(picture)[t].title for t in tails] == ["x", "w"]


def test_every_use_of_a_variable_is_an_edge():
    f = compile(mg.value_and_grad(loss))
    f(np.ones((3, 4)), np.ones((2, 3)))
    uses = sum(type(x) is Variable for step in f.program.steps for x in (*step.args, *step.options.values()))
    drawn = nodes(mg.draw(f.program))
    assert uses == sum(drawn[e.tail].kind != "constant" for e in mg.draw(f.program).description.edges)


def test_options_shape_the_picture():
    plain = nodes(mg.draw(circuit(), values=False, shapes=False)).values()
    assert all(not n.value and not n.detail for n in plain)
    assert mg.draw(circuit(), precision=".1e").description.nodes[5].value == ("-1.2e+01",)
    assert "<svg" in mg.draw(circuit(), direction="TB", theme="dark").svg


def test_a_scope_is_a_cluster_of_its_steps():
    def f(x):
        with mg.scope("layer"):
            return np.sin(x) * x

    assert {
        n.scope for n in nodes(mg.draw(code(f, 2.0).program)).values() if n.kind == "op" and not n.name.startswith("d")
    } >= {("layer",)}


def test_each_line_has_its_value():
    assert mg.explain(circuit()).splitlines() == [
        "x            # -2",
        "y            # 5",
        "z            # -4",
        "df           # 1",
        "q = x + y    # 3",
        "f = q * z    # -12",
        "dq = df * z  # -4",
        "dz = df * q  # 3",
    ]
    assert mg.explain(code(lambda x: x / 3.0, 1.0).program, precision=4).splitlines()[2].endswith("# 0.3333")
    assert mg.explain(code(np.sum, np.ones(3)).program).splitlines()[0].endswith("# (3,) float64")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda p: mg.draw(p, max_nodes=3),
            r"draw: the program has 8 inputs and steps, more than max_nodes=3; raise max_nodes",
        ),
        (lambda p: mg.draw(p, backward=True), r"draw: a program is drawn as it is, .*leave out backward$"),
        (lambda p: mg.draw(p, depth=1), r"leave out depth$"),
        (lambda p: mg.draw(p, local_gradients=False), r"leave out local_gradients$"),
        (lambda p: mg.draw(p, gradients=False, heatmaps=False), r"leave out gradients, heatmaps$"),
        (lambda p: mg.explain(p, max_paths=3), r"leave out wrt, upstream, names and max_paths$"),
        (lambda p: mg.draw(p, collapse=True), r"a program is drawn as it is"),
        (lambda p: mg.explain(p, Tensor(1.0)), r"explain: a program is written out whole; leave out wrt"),
    ],
)
def test_what_does_not_go_with_a_program_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call(circuit())


def test_an_explanation_of_a_tensor_still_asks_for_what_it_is_with_respect_to():
    with pytest.raises(TypeError, match="explain: wrt is a Tensor, got NoneType"):
        mg.explain(Tensor(3.0) * 2)


def test_operations_have_their_public_names_and_settings():
    text = code(lambda x, k: np.sum(mg.conv2d(x, k, padding=1)), np.ones((1, 1, 4, 4)), np.ones((1, 1, 3, 3)))
    first = next(n for n in nodes(mg.draw(text.program)).values() if n.kind == "op")
    assert (first.title, first.arguments) == ("conv2d", "padding=1")


def test_explain_calls_a_value_as_code_does():
    found = mg.code(lambda x, y: mg.tanh(x * y + x) * y + mg.exp(x * y), 3.0, 2.0)
    computed: dict = {}
    exec(str(found), computed)
    lines = [line.split("  # ") for line in str(mg.explain(found.program, precision=6)).splitlines()]
    told = {line.split(" = ")[0].strip(): words for line, words in lines}
    named = {name for name in computed if re.fullmatch(r"t\d+|d?x|d?y|d?out", name)}
    assert {name for name in named if name.startswith("t")} == {"t1", "t2", "t3", "t4", "t5"}
    assert {name: told[name] for name in named} == {name: number(computed[name], 6) for name in named}


def test_code_and_compiled_functions_say_what_to_draw():
    for thing in (code(lambda x: x * x, 3.0), compile(lambda x: x * x)):
        with pytest.raises(TypeError, match=r"draw: expected a Tensor, got .*; draw its .program"):
            mg.draw(thing)
