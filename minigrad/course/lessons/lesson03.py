"""Lesson 3, an engine of your own."""

import math
from operator import attrgetter

from minigrad.course.exercise import exercise


class _Value:
    """A node as in the lesson, without operators."""

    def __init__(self, data, inputs=(), local=()):
        self.data, self.inputs, self.local, self.grad = float(data), inputs, local, 0.0


def _parts(what, make):
    return {
        f"the value of {what}": lambda: make().data,
        f"the inputs of {what}": lambda: [x.data for x in make().inputs],
        f"the local gradients of {what}": lambda: make().local,
    }


def _add(a, b):
    return _Value(a.data + b.data, (a, b), (1.0, 1.0))


def _multiply(a, b):
    return _Value(a.data * b.data, (a, b), (b.data, a.data))


exercise(
    "3.1",
    lambda add, multiply: (
        _parts("3 + 4", lambda: add(_Value(3), _Value(4))) | _parts("3 * 4", lambda: multiply(_Value(3), _Value(4)))
    ),
    {"add": _add, "multiply": _multiply},
    "return Value(result, (a, b), (local gradient of a, local gradient of b))",
    [
        ("add must return a Value, which records its inputs, and not a number", {"add": lambda a, b: a.data + b.data}),
        ("multiply must return a Value, and not a number", {"multiply": lambda a, b: a.data * b.data}),
        ("keep the inputs: the second argument of Value is (a, b)", {"add": lambda a, b: _Value(a.data + b.data)}),
        (
            "the local gradients of + do not depend on a and b",
            {"add": lambda a, b: _Value(a.data + b.data, (a, b), (a.data, b.data))},
        ),
        (
            "× switches: the local gradient of a is the value of b",
            {"multiply": lambda a, b: _Value(a.data * b.data, (a, b), (a.data, b.data))},
        ),
        (
            "local gradients are plain numbers: write b.data and a.data",
            {"multiply": lambda a, b: _Value(a.data * b.data, (a, b), (b, a))},
        ),
        ("the sweep needs the local gradients too", {"add": lambda a, b: _Value(a.data + b.data, (a, b))}),
    ],
)


def _power(a, n):
    return _Value(a.data**n, (a,), (n * a.data ** (n - 1),))


def _exp(a):
    return _Value(math.exp(a.data), (a,), (math.exp(a.data),))


exercise(
    "3.2",
    lambda power, exp: _parts("2 ** 3", lambda: power(_Value(2), 3)) | _parts("exp(2)", lambda: exp(_Value(2))),
    {"power": _power, "exp": _exp},
    "inputs and local gradients are tuples of one element: (a,) and (…,)",
    [
        ("the exponent falls by 1: n a ** (n - 1)", {"power": lambda a, n: _Value(a.data**n, (a,), (n * a.data**n,))}),
        ("the factor n is missing", {"power": lambda a, n: _Value(a.data**n, (a,), (a.data ** (n - 1),))}),
        ("power must return a Value, and not a number", {"power": lambda a, n: a.data**n}),
        ("exp must return a Value, and not a number", {"exp": lambda a: math.exp(a.data)}),
        (
            "the derivative of exp is its own result, not that times a",
            {"exp": lambda a: _Value(math.exp(a.data), (a,), (a.data * math.exp(a.data),))},
        ),
        ("the derivative of exp is its own result, not 1", {"exp": lambda a: _Value(math.exp(a.data), (a,), (1.0,))}),
        ("exp has one input, a: write (a,)", {"exp": lambda a: _Value(math.exp(a.data), (), (math.exp(a.data),))}),
    ],
)


def _graph():
    x, y, z = _Value(-2), _Value(5), _Value(-4)
    q = _add(x, y)
    return _multiply(q, z)


def _twice():
    b = _add(*[_Value(3)] * 2)
    return _add(b, b)


def _uneven():
    """In f = (a b) a the leaf a lies on a short and on a long path."""
    a = _Value(3)
    return _multiply(_multiply(a, _Value(2)), a)


def _order(root, *, first=False, again=False, leaf=True):
    order, seen = [], set()

    def visit(node):
        if node in seen and not again:
            return
        seen.add(node)
        if first:
            order.append(node)
        for x in node.inputs:
            visit(x)
        if not first and (leaf or node.inputs):
            order.append(node)

    visit(root)
    return order


def _breadth_first(root):
    order = [root]
    for node in order:
        order += [x for x in node.inputs if x not in order]
    return order[::-1]


def _places(order):
    """True for each node of an order that comes after its inputs."""
    return [all(order.index(x) < i for x in node.inputs) for i, node in enumerate(order)]


exercise(
    "3.3",
    lambda topological_order: {
        "the values of (x + y) * z in topological order": lambda: sorted(n.data for n in topological_order(_graph())),
        "the value of the last node": lambda: topological_order(_graph())[-1].data,
        "the order of b = a + a, c = b + b": lambda: [n.data for n in topological_order(_twice())],
        "whether each node of (a * b) * a comes after its inputs": lambda: _places(topological_order(_uneven())),
    },
    {"topological_order": _order},
    "visit(node) returns if it has seen the node; otherwise it visits the inputs and then appends the node",
    [
        (
            "append a node after you have visited its inputs, not before",
            {"topological_order": lambda root: _order(root, first=True)},
        ),
        ("each node appears once: check `seen` first", {"topological_order": lambda root: _order(root, again=True)}),
        ("leaves belong in the list too", {"topological_order": lambda root: _order(root, leaf=False)}),
        ("the root belongs in the list too, at its end", {"topological_order": lambda root: _order(root)[:-1]}),
        ("the list begins with the leaves: do not reverse it", {"topological_order": lambda root: _order(root)[::-1]}),
        (
            "walking level by level puts a node before one of its uses: visit all inputs first",
            {"topological_order": _breadth_first},
        ),
    ],
)


def _swept(backward, make, *found):
    root = make()
    backward(root)
    return [attrgetter(path)(_Names(root)).grad for path in found]


class _Names:
    """The nodes of a graph by their place in a topological order."""

    def __init__(self, root):
        for i, node in enumerate(_order(root)):
            setattr(self, f"n{i}", node)


def _sweep(root, *, turned=True, add=True, local=True, upstream=True):
    root.grad = 1.0
    for node in reversed(_order(root)) if turned else _order(root):
        for x, slope in zip(node.inputs, node.local, strict=True):
            sent = (node.grad if upstream else 1.0) * (slope if local else 1.0)
            x.grad = sent + (x.grad if add else 0.0)


def _hasty(root, upstream=1.0):
    root.grad += upstream
    for x, slope in zip(root.inputs, root.local, strict=True):
        _hasty(x, root.grad * slope)


def _no_start(root):
    _sweep(root)
    for node in _order(root):
        node.grad = 0.0


exercise(
    "3.4",
    lambda backward: {
        "the gradients of x, y, q and z": lambda: _swept(backward, _graph, "n0", "n1", "n2", "n3"),
        "the gradients of a and b, in b = a + a, c = b + b": lambda: _swept(backward, _twice, "n0", "n1"),
        "the gradients of a and b, in f = (a * b) * a": lambda: _swept(backward, _uneven, "n0", "n1"),
    },
    {"backward": _sweep},
    "for each node, from the last to the first: add node.grad × local to the gradient of each of its inputs",
    [
        ("begin at the last node: reversed(topological_order(root))", {"backward": lambda root: _sweep(root, turned=False)}),
        ("a gets a gradient from each use: add with +=", {"backward": lambda root: _sweep(root, add=False)}),
        ("multiply by the local gradient", {"backward": lambda root: _sweep(root, local=False)}),
        (
            "multiply the local gradient by node.grad, the upstream gradient",
            {"backward": lambda root: _sweep(root, upstream=False)},
        ),
        ("this sends a gradient on before it is complete: walk in topological order", {"backward": _hasty}),
        ("no gradient has arrived at the inputs: assign to x.grad", {"backward": _no_start}),
    ],
)


def _cubes(backward, *zeroed):
    x = _Value(3)
    square = _multiply(x, x)
    f = _multiply(square, x)
    backward(f)
    for again in zeroed:
        if again:
            x.grad = 0.0
        backward(f)
    return [x.grad, square.grad]


def _collected(root, *, store=True, leaves=False, add=True):
    gradients = {root: 1.0}
    for node in reversed(_order(root)):
        for x, slope in zip(node.inputs, node.local, strict=True):
            gradients[x] = (gradients.get(x, 0.0) if add else 0.0) + gradients[node] * slope
    for node, gradient in gradients.items():
        if not leaves or not node.inputs:
            node.grad = gradient + (node.grad if store else 0.0)


def _forgotten(root):
    _collected(root)
    for node in _order(root):
        node.grad = 0.0


exercise(
    "3.5",
    lambda backward: {
        "the gradients of x and x², of f = x³": lambda: _cubes(backward),
        "the gradient of x after it was set to zero": lambda: _cubes(backward, True)[0],
        "the sum of two sweeps": lambda: _cubes(backward, False)[0],
    },
    {"backward": _collected},
    "collect the whole sweep in `gradients`, and add to .grad in a second loop",
    [
        ("the intermediate node still holds its first gradient: collect in `gradients`, not in .grad", {"backward": _sweep}),
        ("add to .grad with +=, so that sweeps add up", {"backward": lambda root: _collected(root, store=False)}),
        ("the intermediate nodes get their gradient too", {"backward": lambda root: _collected(root, leaves=True)}),
        ("a node that is used twice: gradients.get(x, 0.0) + …", {"backward": lambda root: _collected(root, add=False)}),
        ("add each collected gradient to the node's .grad at the end", {"backward": _forgotten}),
    ],
)
