"""Lesson 2, gates."""

import numpy as np

from minigrad.course.exercise import exercise

exercise(
    "2.1",
    lambda grad_a, grad_b, grad_c, grad_s: {
        "the gradient of s": grad_s,
        "the gradient of a": grad_a,
        "the gradient of b": grad_b,
        "the gradient of c": grad_c,
    },
    {"grad_a": 5.0, "grad_b": 5.0, "grad_c": 3.0, "grad_s": 5.0},
    "start at ×, which switches s and the maximum; then + distributes and max routes",
    [
        ("max routes: only the larger of b and c gets its gradient", {"grad_b": 8.0}),
        ("b reaches the result through + too", {"grad_b": 0.0}),
        ("max routes to the larger input, and that is c", {"grad_b": 8.0, "grad_c": 0.0}),
        ("× switches: s gets the value of the maximum", {"grad_s": 3.0, "grad_a": 3.0, "grad_b": 3.0, "grad_c": 5.0}),
        ("this is the local gradient of +: multiply by the gradient of s", {"grad_a": 1.0, "grad_b": 1.0}),
        ("this is the local gradient of max: multiply by what × sends back", {"grad_c": 1.0}),
    ],
)

E = np.exp(-1.0)
D = E + 1
SLOPE = E / D**2

exercise(
    "2.2",
    lambda tail_d, tail_e, tail_n, tail_s: {
        "the gradient before 1/x": tail_d,
        "the gradient before x + 1": tail_e,
        "the gradient before exp": tail_n,
        "the gradient before -x": tail_s,
    },
    {"tail_d": -1 / D**2, "tail_e": -1 / D**2, "tail_n": -SLOPE, "tail_s": SLOPE},
    "at each gate: upstream × local, with the local gradient taken at the gate's input",
    [
        ("the derivative of 1/x is negative", {"tail_d": D**-2, "tail_e": D**-2, "tail_n": SLOPE, "tail_s": -SLOPE}),
        ("take the local gradient of 1/x at the gate's input, d, not at its output", {"tail_d": -(D**2)}),
        ("the derivative of 1/x has the square of x below", {"tail_d": -1 / D}),
        ("adding 1 does not change the gradient", {"tail_e": -1 / D**2 + 1}),
        ("the derivative of exp is its own result, e: it is not exp(e)", {"tail_n": -np.exp(E) / D**2}),
        ("multiply by the derivative of exp, which is e", {"tail_n": -1 / D**2, "tail_s": D**-2}),
        ("the gate -x flips the sign", {"tail_s": -SLOPE}),
    ],
    rtol=1e-4,
)

S = 1 / D

exercise(
    "2.3",
    lambda local: {"the local gradient of the sigmoid gate": local},
    {"local": (1 - S) * S},
    "put `sigma` into the formula above",
    [
        ("this is only one of the two factors", {"local": 1 - S}),
        ("this is the value of the sigmoid, not its derivative", {"local": S}),
        ("the derivative is (1 - σ) σ, not σ²", {"local": S**2}),
        ("the sigmoid always rises, so its derivative is positive", {"local": -(1 - S) * S}),
        ("`sigma` is already the output: do not apply the sigmoid again", {"local": np.exp(-S) / (1 + np.exp(-S)) ** 2}),
    ],
    rtol=1e-4,
)

exercise(
    "2.4",
    lambda through_times, through_plus, grad_x: {
        "what × sends back to x": through_times,
        "what + sends back to x": through_plus,
        "the gradient of x": grad_x,
    },
    {"through_times": -4.0, "through_plus": 1.0, "grad_x": -3.0},
    "× switches, + distributes, and gradients add at branches",
    [
        ("× switches: x gets the value of y, not its own", {"through_times": 3.0, "grad_x": 4.0}),
        ("+ distributes: it sends back the upstream gradient, not the value of x", {"through_plus": 3.0, "grad_x": -1.0}),
        ("gradients add at branches; they are not multiplied", {"grad_x": -4.0}),
        ("the second part is added to the first and does not replace it", {"grad_x": 1.0}),
        ("this is y times x, a value; × sends back the value of the other input", {"through_times": -12.0}),
        ("this is a mean; gradients add at branches", {"grad_x": -1.5}),
    ],
)


class _Node:
    def __init__(self, *inputs: "_Node") -> None:
        self.inputs = inputs


def _chain() -> list[_Node]:
    a = _Node()
    b = _Node(a, a)
    c = _Node(b, b)
    return [a, b, c, _Node(c, a)]


def _in_order(order, *, turned=True, add=True, pick=lambda inputs: inputs, one=False):
    gradients = dict.fromkeys(order, 0.0)
    gradients[order[-1]] = 1.0
    for node in reversed(order) if turned else order:
        for x in pick(node.inputs):
            sent = 1.0 if one else gradients[node]
            gradients[x] = sent + (gradients[x] if add else 0.0)
    return [gradients[node] for node in order]


exercise(
    "2.5",
    lambda in_order: {
        "the gradients of a, b, c": lambda: in_order(_chain()[:3]),
        "the gradients with d = c + a": lambda: in_order(_chain()),
    },
    {"in_order": _in_order},
    "go from the last node to the first; each node adds its own gradient to that of each of its inputs",
    [
        ("go backwards through the order: reversed(order)", {"in_order": lambda order: _in_order(order, turned=False)}),
        ("add with +=: a node gets a gradient from each use", {"in_order": lambda order: _in_order(order, add=False)}),
        ("send the gradient of the node, not 1", {"in_order": lambda order: _in_order(order, one=True)}),
        ("the inputs of c are (b, b): add once for each of them", {"in_order": lambda order: _in_order(order, pick=set)}),
        ("a node has two inputs: send to both", {"in_order": lambda order: _in_order(order, pick=lambda two: two[1:])}),
    ],
)
