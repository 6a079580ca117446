"""The formulas that players print, evaluated: on every sample of an operation they give what its gradient rules give."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.signal
import scipy.special
from samples_numpy import SAMPLES

import minigrad as mg
from minigrad import Tensor
from minigrad.draw.player.symbols import rule
from minigrad.graph import Node, topological_order


def printed(node: Node, i: int) -> str:
    """What a player prints for the gradient of an input that has no name: a formula in the operation's own names."""
    return rule(node, i, [""] * len(node.values)).partition(" = ")[2]


# Mathematics as it is written, evaluated

WORDS = {"²": "**2", "³": "**3", "−": "-", "×": "*", "·": "*", "^": "**"}
FUNCTIONS = {
    "σ": scipy.special.expit, "ln": np.log, "sign": np.sign, "sin": np.sin, "cos": np.cos, "sinh": np.sinh, "cosh": np.cosh,
    "exp": np.exp, "sqrt": np.sqrt, "where": np.where, "max": np.maximum, "min": np.minimum,
}  # fmt: skip


def evaluated(formula: str, numbers: dict[str, Any]) -> Any:
    """The value of a formula such as `(1 where x > 0, else 0) × upstream`.

    As in print: a condition ends at its comma, and an alternative reaches as far as it can.
    """
    text = formula
    for sign, word in WORDS.items():
        text = text.replace(sign, word)
    text = re.sub(r"√(\w+)", r"sqrt(\1)", text)
    text = re.sub(r"\|([^|]+)\|", r"abs(\1)", text)
    while " where " in text:
        start, end = _brackets(text, text.index(" where "))
        value, condition, other = re.fullmatch("(.+) where (.+?), else (.+)", text[start:end]).groups()
        text = f"{text[:start]}where({condition}, {value}, {other}){text[end:]}"
    return eval(text, {"abs": np.abs, **FUNCTIONS, **numbers})  # our own formulas


def _brackets(text: str, at: int) -> tuple[int, int]:
    """From where to where the brackets around a place reach, without themselves; all of the text if there are none."""
    start = end = at
    depth = 0
    while start and (depth or text[start - 1] != "("):
        start -= 1
        depth += (text[start] == ")") - (text[start] == "(")
    while end < len(text) and (depth or text[end] != ")"):
        depth += (text[end] == "(") - (text[end] == ")")
        end += 1
    return start, end


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("-x²", -9.0),
        ("1/(1 + x²)", 0.1),
        ("out·(1 − out)", -20.0),
        ("b·x^(b−1) × upstream", 2 * 3 * 7.0),
        ("(1 where x > 0, else slope) × upstream", 7.0),
        ("(1 where x > 5, else slope) × upstream", 0.7),
        ("1 where x > 5, else 0.5 × upstream", 3.5),
        ("1 where x > 0, else 0 × upstream", 1.0),
        ("|x − 5| + √x²", 2 + 3.0),
        ("(b where x > b, else 0) × upstream", 14.0),
        ("ln(x) × σ(-x)", np.log(3) / (1 + np.exp(3))),
    ],
)
def test_formulas_are_read_as_they_are_printed(formula, value):
    numbers = {"x": 3.0, "b": 2.0, "out": 5.0, "upstream": 7.0, "slope": 0.1}
    assert evaluated(formula, numbers) == pytest.approx(value)


# Sentences, and what they mean


def _kept(g: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """A reduced array with the reduced axes back."""
    return g if keepdims or not np.ndim(g) else np.expand_dims(g, tuple(range(x.ndim)) if axis is None else axis)


def _summed_back(g: Any, shape: tuple[int, ...]) -> Any:
    """The adjoint of broadcasting, which the sweep adds to every rule."""
    g = g.sum(tuple(range(g.ndim - len(shape))))
    return g.sum(tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)


def _of_equals(g: Any, out: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    chosen = x == _kept(out, x, axis, keepdims)
    return np.where(chosen, _kept(g, x, axis, keepdims) / chosen.sum(axis=axis, keepdims=True), 0)


def _from_the_end(g: Any, out: Any, x: Any, axis: Any) -> Any:
    return np.flip(np.cumsum(np.flip(g, axis), axis), axis).reshape(x.shape)


def _of_the_others(g: Any, out: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    found = np.empty(x.shape)
    for at in np.ndindex(x.shape):
        others = x.copy()
        others[at] = 1
        found[at] = np.broadcast_to(np.prod(others, axis=axis, keepdims=True), x.shape)[at]
    return _kept(g, x, axis, keepdims) * found


def _added(g: Any, out: Any, x: Any, key: Any) -> Any:
    found = np.zeros(x.shape)
    np.add.at(found, key, g)
    return found


def _permuted_back(g: Any, out: Any, x: Any, axes: Any = None) -> Any:
    return np.transpose(g) if axes is None else np.transpose(g, np.argsort([i % x.ndim for i in axes]))


def _without_margin(g: Any, out: Any, x: Any, pad_width: Any, value: Any) -> Any:
    widths = np.broadcast_to(pad_width, (x.ndim, 2))
    return g[tuple(slice(before, before + n) for (before, _), n in zip(widths, x.shape, strict=True))]


def _transposed(a: Any) -> Any:
    return np.swapaxes(a, -1, -2)


def _over_windows(g: Any, out: Any, x: Any, window: Any, axes: Any) -> Any:
    places = np.lib.stride_tricks.sliding_window_view(np.arange(x.size).reshape(x.shape), window, axes)
    return np.bincount(np.ravel(places), np.ravel(g), x.size).reshape(x.shape)


# Of the upstream gradient, the result, the inputs, and by name the static arguments.
MEANINGS: dict[str, Callable[..., Any]] = {
    "upstream": lambda g, out, x, shape: g,
    "upstream in the shape of x": lambda g, out, x, **static: np.reshape(g, x.shape),
    "upstream broadcast to the shape of x": lambda g, out, x, axis, keepdims: np.broadcast_to(
        _kept(g, x, axis, keepdims), x.shape
    ),
    "upstream / n, broadcast to the shape of x": lambda g, out, x, axis, keepdims: np.broadcast_to(
        _kept(g, x, axis, keepdims) * out.size / x.size, x.shape
    ),
    "upstream shared by the maxima, 0 elsewhere": _of_equals,
    "upstream shared by the minima, 0 elsewhere": _of_equals,
    "upstream × the product of the others": _of_the_others,
    "cumulative sum of upstream from the end": _from_the_end,
    "upstream × softmax(x)": lambda g, out, x, axis, keepdims: _kept(g, x, axis, keepdims) * scipy.special.softmax(x, axis),
    "upstream − softmax(x) · Σ upstream": lambda g, out, x, axis: (
        g - scipy.special.softmax(x, axis) * np.sum(g, axis, keepdims=True)
    ),
    "out∘(upstream − ⟨upstream, out⟩)": lambda g, out, x, axis: out * (g - np.sum(g * out, axis, keepdims=True)),
    "upstream flipped back": lambda g, out, x, axis: np.flip(g, axis),
    "upstream rolled back": lambda g, out, x, shift, axis: np.roll(g, np.negative(shift), axis),
    "upstream with its axes moved back": lambda g, out, x, source, destination: np.moveaxis(g, destination, source),
    "upstream with the axes swapped back": lambda g, out, x, axis1, axis2: np.swapaxes(g, axis1, axis2),
    "upstream with its axes permuted back": _permuted_back,
    "lower triangle of upstream": lambda g, out, x, k: np.tril(g, k),
    "upper triangle of upstream": lambda g, out, x, k: np.triu(g, k),
    "upstream added to the elements picked, 0 elsewhere": _added,
    "upstream at the elements written to": lambda g, out, x, key, shape: g[key],
    "upstream without the margin": _without_margin,
    "upstream summed over the windows of each element": _over_windows,
    # products of matrices, and of matrices and vectors
    "upstream · bᵀ": lambda g, out, a, b: g @ _transposed(b),
    "aᵀ · upstream": lambda g, out, a, b: _transposed(a) @ g if b.ndim > 1 else np.einsum("...ji,...j->...i", a, g),
    "b · upstream": lambda g, out, a, b: np.einsum("...ij,...j->...i", b, g),
    "upstream ⊗ b": lambda g, out, a, b: np.einsum("...i,j->...ij", g, b),
    "a ⊗ upstream": lambda g, out, a, b: np.einsum("i,...j->...ij", a, g),
}


def nodes() -> dict[str, list[Node]]:
    """By operation, the nodes that the samples record."""
    found = defaultdict(list)
    for samples in SAMPLES.values():
        for sample in samples:
            y = sample.call(mg, *(Tensor(x) if isinstance(x, np.ndarray | np.generic) else x for x in sample.inputs))
            for root in y if isinstance(y, list) else [y]:
                if isinstance(root, Tensor):
                    for node in topological_order(root):
                        found[node.op.name].append(node)
    return found


NODES = nodes()
UNTOLD = re.compile("local gradient of|vector-Jacobian product of")  # no formula: nothing is made up
NETWORKS = {"avg_pool", "conv", "conv_input", "cross_entropy", "dropout", "embedding", "linear", "max_pool"}  # below
FORMULAS = {
    name: [(node, i, text) for node in found for i in range(len(node.values)) if not UNTOLD.search(text := printed(node, i))]
    for name, found in NODES.items()
    if name not in {*NETWORKS, "concatenate", "stack"}
}


def compared(node: Node, i: int, meaning: Callable[..., Any]) -> None:
    """One input's downstream gradient as its formula says, and as the rule gives it."""
    g = np.random.default_rng(0).normal(size=node.value.shape)[()]
    static = {name: value for name, value in node.static.items() if name != "saved"}
    with np.errstate(all="ignore"):
        needed = [k == i for k in range(len(node.values))]
        expected = node.op.downstream(needed, g, node.value, node.values, node.static)[i]
        found = meaning(g, node.value, *node.values, **static)
    shape = np.shape(node.values[i])
    found, expected = (
        _summed_back(np.broadcast_to(d, np.broadcast_shapes(np.shape(d), shape)), shape) for d in (found, expected)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", sorted(name for name, found in FORMULAS.items() if found))
def test_a_formula_gives_what_the_rule_gives(name: str):
    for node, i, text in FORMULAS[name]:
        names = node.op.input_names

        def read(g: Any, out: Any, *inputs: Any, text: str = text, names: Any = names, **static: Any) -> Any:
            return evaluated(text, {**dict(zip(names, inputs, strict=True)), **static, "out": out, "upstream": g})

        compared(node, i, MEANINGS.get(text, read))


def test_every_operation_that_has_a_formula_was_evaluated():
    assert {text for found in FORMULAS.values() for _, _, text in found} >= set(MEANINGS)
    assert len([name for name, found in FORMULAS.items() if found]) > 50


def test_joined_arrays_receive_their_parts():
    a, b = Tensor(np.ones((2, 3))), Tensor(np.ones((2, 3)))
    for node, axis in ((mg.concatenate([a, b], 1), 1), (mg.concatenate([a, b]), 0)):
        for i in range(2):
            assert printed(node, i) == "its part of upstream"
            compared(node, i, lambda g, out, *inputs, i=i, axis=axis, **static: np.split(g, 2, axis)[i])
    node = mg.stack([a, b], axis=-1)
    assert printed(node, 1) == "its slice of upstream"
    compared(node, 1, lambda g, out, *inputs, **static: g[..., 1])


RNG = np.random.default_rng(1)
IMAGE, KERNEL, BIAS = RNG.normal(size=(1, 1, 5, 6)), RNG.normal(size=(1, 1, 2, 3)), RNG.normal(size=1)


def _each_window(g: Any) -> Any:
    return g.repeat(2, -1).repeat(2, -2)


def _with_classes(g: Any, out: Any, x: Any, **static: Any) -> Any:
    return g * (scipy.special.softmax(x, 1) - np.eye(3)[CLASSES])


CLASSES, LOGITS, ROWS = np.array([2, 0]), RNG.normal(size=(2, 3)), np.array([[1, 1], [0, 2]])
SENTENCES = [
    (mg.conv2d(Tensor(IMAGE), Tensor(KERNEL), Tensor(BIAS)), {
        "full convolution of upstream with weight, the kernel flipped": lambda g, *_, **__: (
            scipy.signal.convolve(g[0, 0], KERNEL[0, 0], "full")[None, None]
        ),
        "correlation of x with upstream": lambda g, *_, **__: scipy.signal.correlate(IMAGE[0, 0], g[0, 0], "valid")[None, None],
        "upstream summed over all but the filters": lambda g, *_, **__: g.sum((0, 2, 3)),
    }),
    (mg.conv_transpose2d(Tensor(IMAGE), Tensor(KERNEL), Tensor(BIAS)), {
        "correlation of upstream with weight": lambda g, *_, **__: (
            scipy.signal.correlate(g[0, 0], KERNEL[0, 0], "valid")[None, None]
        ),
        "correlation of upstream with y": lambda g, *_, **__: scipy.signal.correlate(g[0, 0], IMAGE[0, 0], "valid")[None, None],
        "upstream summed over all but the filters": lambda g, *_, **__: g.sum((0, 2, 3)),
    }),
    (mg.max_pool2d(Tensor(IMAGE[..., :4, :]), 2), {
        "upstream to the maximum of each window, 0 elsewhere": lambda g, out, x, **_: (
            np.where(x == _each_window(out), _each_window(g), 0)
        ),
    }),
    (mg.avg_pool2d(Tensor(IMAGE[..., :4, :]), 2), {
        "upstream spread evenly over each window": lambda g, out, x, **_: _each_window(g) / 4,
    }),
    (mg.linear(Tensor(LOGITS), Tensor(RNG.normal(size=(4, 3))), Tensor(RNG.normal(size=4))), {
        "upstream · weight": lambda g, out, x, weight, bias: g @ weight,
        "upstream ⊗ x, summed over the batch": lambda g, out, x, weight, bias: np.einsum("ni,nj->ij", g, x),
        "upstream summed over the batch": lambda g, out, x, weight, bias: g.sum(0),
    }),
    (mg.cross_entropy(Tensor(LOGITS), CLASSES, reduction="sum"), {
        "upstream × (softmax(x) − target), divided by n if averaged": _with_classes,
    }),
    (mg.cross_entropy(Tensor(LOGITS), CLASSES), {
        "upstream × (softmax(x) − target), divided by n if averaged": lambda *a, **_: _with_classes(*a) / 2,
    }),
    (mg.dropout(Tensor(LOGITS), 0.5, rng=np.random.default_rng(0)), {
        "upstream where x was kept, scaled alike, else 0": lambda g, out, x, **_: np.where(out == 0, 0, g * out / x),
    }),
    (mg.embedding(ROWS, Tensor(LOGITS.T)), {
        "upstream added to the rows that were looked up": lambda g, out, weight, **_: _added(g, out, weight, ROWS),
    }),
]  # fmt: skip


@pytest.mark.parametrize(
    ("node", "meanings"), SENTENCES, ids=[f"{node.op.name}-{k}" for k, (node, _) in enumerate(SENTENCES)]
)
def test_a_sentence_says_what_the_rule_does(node: Any, meanings: dict[str, Callable[..., Any]]):
    assert [printed(node, i) for i in range(len(node.values))] == list(meanings)
    for i, meaning in enumerate(meanings.values()):
        compared(node, i, meaning)


def test_every_network_operation_with_a_sentence_has_its_meaning_here():
    assert {node.op.name for node, _ in SENTENCES} == NETWORKS
