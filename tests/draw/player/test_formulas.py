"""The formulas that players print, evaluated: on every sample of an operation they give what its gradient rules give."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.signal
import scipy.special
from samples import Sample
from samples_complex import COMPLEX
from samples_special import SAMPLES

import minigrad as mg
from minigrad import Tensor
from minigrad.backward import local_gradient, sweep
from minigrad.draw.names import operation
from minigrad.draw.player.labels import Labels, symbols
from minigrad.draw.player.symbols import rule
from minigrad.graph import Node, topological_order


def printed(node: Node, i: int) -> str:
    """What a player prints for the gradient of an input, if inputs and result are called as in the operation."""
    op = node.op
    names = [f"{op.input_names[0]}[{k}]" for k in range(len(node.values))] if op.variadic else op.input_names
    return rule(node, i, names, "out").partition(" = ")[2]


# Mathematics as it is written, evaluated

WORDS = {"²": "**2", "³": "**3", "−": "-", "×": "*", "·": "*", " = ": " == ", "½": "0.5"}
FUNCTIONS = {
    "σ": scipy.special.expit, "ln": np.log, "sign": np.sign, "sin": np.sin, "cos": np.cos, "sinh": np.sinh, "cosh": np.cosh, "tan": np.tan, "tanh": np.tanh, "sigmoid": scipy.special.expit,
    "exp": np.exp, "sqrt": np.sqrt, "where": np.where, "max": np.maximum, "min": np.minimum, "Re": np.real, "conj": np.conj,
}  # fmt: skip


def evaluated(formula: str, numbers: dict[str, Any]) -> Any:
    """The value of a formula such as `(1 where x > 0, else 0) × upstream`.

    As in print: a condition ends at its comma, and an alternative reaches as far as it can.
    """
    text, _, broadcast = formula.partition(", broadcast to the shape of ")
    text, _, summed = text.partition(", summed to shape ")
    if broadcast:
        return np.broadcast_to(evaluated(text, numbers), np.shape(numbers[broadcast]))
    if summed:
        return _summed_back(evaluated(text, numbers), eval(summed))
    text = re.sub(", ([^,]+) where ", r", else \1 where ", text)
    for sign, word in WORDS.items():
        text = text.replace(sign, word)
    text = text.replace("√(", "sqrt(")
    text = re.sub(r"√(\w+)", r"sqrt(\1)", text)
    text = re.sub(r"\|([^|]+)\|", r"abs(\1)", text)
    while " where " in text:
        start, end = _brackets(text, text.index(" where "))
        value, condition, other = re.fullmatch("(.+?) where (.+?), else (.+)", text[start:end]).groups()
        text = f"{text[:start]}where({condition}, {value}, ({other})){text[end:]}"
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
        ("b·x**(b−1) × upstream", 2 * 3 * 7.0),
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
    found = np.empty(x.shape, x.dtype)
    for at in np.ndindex(x.shape):
        others = x.copy()
        others[at] = 1
        found[at] = np.broadcast_to(np.prod(others, axis=axis, keepdims=True), x.shape)[at]
    return _kept(g, x, axis, keepdims) * found


def _added(g: Any, out: Any, x: Any, key: Any) -> Any:
    found = np.zeros(x.shape, g.dtype)
    np.add.at(found, key, g)
    return found


def _permuted_back(g: Any, out: Any, x: Any, axes: Any = None) -> Any:
    return np.transpose(g) if axes is None else np.transpose(g, np.argsort([i % x.ndim for i in axes]))


def _without_margin(g: Any, out: Any, x: Any, pad_width: Any, value: Any) -> Any:
    widths = np.broadcast_to(pad_width, (x.ndim, 2))
    return g[tuple(slice(before, before + n) for (before, _), n in zip(widths, x.shape, strict=True))]


def _transposed(a: Any) -> Any:
    return np.swapaxes(a, -1, -2)


def _transposed_times(a: Any, g: Any, b: Any) -> Any:
    return _transposed(a) @ g if b.ndim > 1 else np.einsum("...ji,...j->...i", a, g)


def _over_windows(g: Any, out: Any, x: Any, window: Any, axes: Any) -> Any:
    places = np.lib.stride_tricks.sliding_window_view(np.arange(x.size).reshape(x.shape), window, axes)
    found = np.zeros(x.size, g.dtype)
    np.add.at(found, places, g)
    return found.reshape(x.shape)


# Of the upstream gradient, the result, the inputs, and by name the static arguments.
MEANINGS: dict[str, Callable[..., Any]] = {
    "upstream": lambda g, out, x, shape: g,
    "upstream summed to the shape of x": lambda g, out, x, shape: _summed_back(g, x.shape),
    "upstream in the shape of x": lambda g, out, x, **static: np.reshape(g, x.shape),
    "upstream broadcast to the shape of x": lambda g, out, x, axis, keepdims: np.broadcast_to(
        _kept(g, x, axis, keepdims), x.shape
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
    "aᵀ · upstream": lambda g, out, a, b: _transposed_times(a, g, b),
    "b · upstream": lambda g, out, a, b: np.einsum("...ij,...j->...i", b, g),
    "upstream ⊗ b": lambda g, out, a, b: np.einsum("...i,j->...ij", g, b),
    "a ⊗ upstream": lambda g, out, a, b: np.einsum("i,...j->...ij", a, g),
    "b · upstream, summed over the batch": lambda g, out, a, b: np.einsum("kij,kj->i", b, g),
    "aᵀ · upstream, summed over the batch": lambda g, out, a, b: _summed_back(_transposed_times(a, g, b), b.shape),
    "upstream · bᵀ, summed over the batch": lambda g, out, a, b: _summed_back(g @ _transposed(b), a.shape),
}


KINKS = [
    Sample(lambda m, a, b: m.maximum(a, b), (np.array([1.0, 2.0]), np.array([1.0, 3.0]))),
    Sample(lambda m, a, b: m.minimum(a, b), (np.array([1.0, 2.0]), np.array([1.0, 3.0]))),
    Sample(lambda m, a, b: m.power(a, b), (np.array([0.0, 0.0, 2.0]), np.array([0.0, 2.0, 0.0]))),
    Sample(lambda m, a, b: m.hypot(a, b), (np.array([0.0, 3.0]), np.array([0.0, 4.0]))),
    Sample(lambda m, x: m.abs(x), (np.array([0.0, -3.0]),)),
    Sample(lambda m, x: m.abs(x), (np.array([0.0, 3.0 - 4.0j]),)),
    Sample(lambda m, x, z: x * z, (np.array([1.0, -3.0]), np.array([1j, 3.0 - 4.0j]))),
    Sample(lambda m, x, y: x @ y, (np.ones((2, 3)), np.ones((4, 3, 2)))),
    Sample(lambda m, x, y: x @ y, (np.ones((4, 2, 3)), np.ones((3, 2)))),
]


def nodes() -> dict[str, list[Node]]:
    """By operation, the nodes that the samples record; those of complex numbers where the function accepts them."""
    found = defaultdict(list)
    for sample in itertools.chain(*SAMPLES.values(), *COMPLEX.values(), KINKS):
        inputs = [Tensor(x) if isinstance(x, np.ndarray | np.generic) else x for x in sample.inputs]
        try:
            with np.errstate(all="ignore"):
                y = sample.call(mg, *inputs)
        except TypeError:
            assert any(np.iscomplexobj(x) for x in sample.inputs)
            continue
        for root in y if isinstance(y, list) else [y]:
            if isinstance(root, Tensor):
                for node in topological_order(root):
                    found[node.op.name].append(node)
    return found


NODES = nodes()
UNTOLD = "vector-Jacobian product of"  # no formula: nothing is made up
NETWORKS = {"avg_pool", "conv", "conv_input", "cross_entropy", "dropout", "embedding", "linear", "max_pool"}  # below
FORMULAS = {
    name: [(node, i, text) for node in found for i in range(len(node.values)) if UNTOLD not in (text := printed(node, i))]
    for name, found in NODES.items()
    if name not in {*NETWORKS, "concatenate", "stack"}
}


def compared(node: Node, i: int, meaning: Callable[..., Any]) -> None:
    """One input's downstream gradient as its formula says, and as the rule gives it; `meaning` gives its shape, too."""
    rng, shape = np.random.default_rng(0), np.shape(node.values[i])
    g = rng.normal(size=node.value.shape)[()]
    if np.iscomplexobj(node.value):
        g = g + 1j * rng.normal(size=node.value.shape)[()]
    static = {name: value for name, value in node.static.items() if name != "saved"}
    with np.errstate(all="ignore"):
        needed = [k == i for k in range(len(node.values))]
        expected = node.op.downstream(needed, g, node.value, node.values, node.static)[i]
        expected = _summed_back(np.broadcast_to(expected, np.broadcast_shapes(np.shape(expected), shape)), shape)
        if np.isrealobj(node.values[i]):
            expected = np.real(expected)
        found = np.broadcast_to(meaning(g, node.value, *node.values, **static), shape)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", sorted(name for name, found in FORMULAS.items() if found))
def test_a_formula_gives_what_the_rule_gives(name: str):
    for node, i, text in FORMULAS[name]:
        if node.values[i] is None or (node.op.vjps and node.op.vjps[i] is None):
            continue  # not given, or an order

        def read(g: Any, out: Any, *inputs: Any, node: Any = node, i: int = i, text: str = text, **static: Any) -> Any:
            named = text.replace(f"local gradient of {operation(node)}", "local_gradient")
            local = local_gradient(node, i) if named != text else None
            known = dict(zip(node.op.input_names, inputs, strict=True))
            if "broadcast to" in text:
                g = _kept(g, inputs[0], **static)
            return evaluated(named, {**known, **static, "out": out, "upstream": g, "local_gradient": local})

        def real(*inputs: Any, text: str = text, **static: Any) -> Any:
            return np.real(MEANINGS[text[3:-1]](*inputs, **static))

        compared(node, i, MEANINGS.get(text, real if text[3:-1] in MEANINGS else read))


def test_every_sentence_was_compared():
    assert {text for found in FORMULAS.values() for _, _, text in found} >= set(MEANINGS)
    assert len([name for name, found in FORMULAS.items() if found]) > 150


def _said_of(node: Node, i: int) -> str:
    """The formula in the words for inputs without names, put back into names of the operation."""
    op = node.op
    text = rule(node, i, [""] * len(node.values)).partition(" = ")[2]
    for k, name in enumerate(op.input_names):
        phrases = ["this input"] if k == i else ["the other input", f"the {name}", f"input {k + 1}"]
        for phrase in phrases:
            text = re.sub(rf"\b{phrase}\b", f"«{name}»", text)
    return text.replace("the result", "«out»")


def test_without_names_a_formula_speaks_of_this_input_and_the_others():
    """Nothing in it can be taken for a name of the user's."""
    for found in FORMULAS.values():
        for node, i, text in found:
            said, own = _said_of(node, i), {*node.op.input_names, "out"}
            bare = re.sub("«(.+?)»", r"\1", re.sub(r"\(«([^»]+)»\)", r"\1", said))
            assert bare == re.sub(r"\((\w+)\)", lambda m, own=own: m[1] if m[1] in own else m[0], text) or said == text
            left = set(re.findall(r"(?<![\w«])(\w+)(?![\w»])", said)) & own
            assert not left, (said, text)


def _halves(v: Any, k: int) -> Any:
    """A differentiable input as a sum of two named tensors."""
    if not isinstance(v, np.ndarray | np.generic) or v.dtype.kind not in "fc":
        return v
    return Tensor(v / 2, name=f"p{k}") + Tensor(v / 2, name=f"q{k}")


ELEMENTWISE = sorted(name for name, found in FORMULAS.items() if found and found[0][0].op.elementwise)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_rules_with_expressions_of_named_inputs_are_true(name: str):
    for node in NODES[name]:
        op, static = node.op, {k: v for k, v in node.static.items() if k != "saved"}
        inputs = [v if k in op.orders else _halves(v, k) for k, v in enumerate(node.values)]
        if not any(isinstance(v, Tensor) for v in inputs):
            continue
        with np.errstate(all="ignore"):
            y = op(*inputs, **static)
        g = np.random.default_rng(0).normal(size=y.shape).astype(y.dtype)[()]
        gradients = sweep(y, g)
        known = {x.name: x.value for v in inputs if isinstance(v, Tensor) for x in v.inputs}
        for i, x in enumerate(y.inputs):
            if x is None:
                continue
            text = symbols(y, i, Labels()).partition(" = ")[2]
            if "local gradient of" in text or any(phrase in text for phrase in ("the result", "input", "the ")):
                continue
            with np.errstate(all="ignore"):
                found = np.broadcast_to(evaluated(text, {**known, "upstream": g}), x.shape)
            if sum(x is other for other in y.inputs) == 1:
                np.testing.assert_allclose(found, gradients[x], rtol=1e-6, atol=1e-9)


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
        "correlation of upstream with g": lambda g, *_, **__: scipy.signal.correlate(g[0, 0], IMAGE[0, 0], "valid")[None, None],
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
        "upstream × (softmax(x) − target)": _with_classes,
    }),
    (mg.cross_entropy(Tensor(LOGITS), CLASSES), {
        "upstream × (softmax(x) − target) / 2": lambda *a, **_: _with_classes(*a) / 2,
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
