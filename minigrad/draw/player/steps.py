"""A computation as a list of steps: the forward pass, the seed, and the backward sweep with its arithmetic."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from minigrad.backward import downstream, local_gradient, starting_gradient, sweep
from minigrad.draw.limits import MOST_DECIMALS, check_integers
from minigrad.draw.names import arguments, symbol
from minigrad.draw.player.arithmetic import equation, from_one, inline, plus, shaped, times
from minigrad.draw.player.labels import Labels, given, symbols
from minigrad.draw.player.mirror import Mirror
from minigrad.draw.player.places import Places
from minigrad.draw.player.symbols import written
from minigrad.draw.text import in_words
from minigrad.graph import Node, Value
from minigrad.text import number, plain, shorten

LONGEST_TOLD = 60  # characters of the static arguments of an operation

LISTED = 20  # leaves that a step lists

Kind = Literal["start", "forward", "seed", "backward", "end"]


@dataclass(frozen=True)
class Flow:
    """The gradient that flows back along one edge.

    Attributes
    ----------
    edge : str
        The id of the edge in the drawing.
    to : str
        The id of the input it leads to.
    label : str
        The label of the input.
    rule : str
        The gradient rule in symbols, such as ``dW = upstream ⊗ x``.
    local : array, number or None
        The local gradient of an elementwise operation, or of a scalar with respect to a scalar.
    downstream : array or number
        The downstream gradient, in the shape of the input.
    product : str
        ``local × upstream = downstream`` in numbers, or in shapes if there are too many.
    broadcast : str
        The sum back to the shape of an input that was broadcast; empty if it was not.
    sum : str
        The gradient so far plus this one; empty if this is the first.
    total : array or number
        The gradient of the input so far, including this one.
    """

    edge: str
    to: str
    label: str
    rule: str
    local: Value
    downstream: Value
    product: str
    broadcast: str
    sum: str
    total: Value


@dataclass(frozen=True)
class Step:
    """One step of a computation.

    Attributes
    ----------
    kind : str
        start, forward, seed, backward or end.
    text : str
        What happens, as text.
    node : str
        The id of the active node in the drawing; empty at the start and the end.
    symbol : str
        Its operation.
    label : str
        The label of the node: its name, or its expression.
    computation : str
        Forward: the arithmetic, such as ``-2 + 5 = 3``.
    inputs : tuple of str
        The ids of its inputs.
    value : array, number or None
        The value of the node.
    upstream : array, number or None
        Backward: the gradient of the node, now complete.
    flows : tuple of Flow
        Backward: the gradient that flows to each input that needs one.
    gradients : dict
        The gradients that this step computes or adds to, by id.
    """

    kind: Kind
    text: str
    node: str = ""
    symbol: str = ""
    label: str = ""
    computation: str = ""
    inputs: tuple[str, ...] = ()
    value: Value = None
    upstream: Value = None
    flows: tuple[Flow, ...] = ()
    gradients: Any = None

    def data(self) -> dict[str, Any]:
        """The step as JSON data: arrays as nested lists, and "nan", "inf" or "-inf" as text."""
        return dict(plain(self))


def steps(f: Node, *, upstream: Any = None, precision: int = 2, max_nodes: int = 300) -> list[Step]:
    """A computation step by step: the forward pass in topological order, the seed, and the sweep.

    Parameters and errors are those of `minigrad.play`. The numbers are those of a real sweep, accumulated in its order.

    Examples
    --------
    >>> from minigrad import Tensor
    >>> x, y, z = Tensor(-2.0, name="x"), Tensor(5.0, name="y"), Tensor(-4.0, name="z")
    >>> for step in steps((x + y) * z)[1:-1]:
    ...     print(step.kind, step.node, step.computation or [flow.product for flow in step.flows])
    forward n2 -2 + 5 = 3
    forward n4 3 × (-4) = -12
    seed n4 []
    backward n4 ['-4 × 1 = -4', '3 × 1 = 3']
    backward n2 ['1 × (-4) = -4', '1 × (-4) = -4']
    """
    seed = starting_gradient(f, upstream, "play")
    check_integers("play", precision=(precision, 0, MOST_DECIMALS), max_nodes=(max_nodes, 1, None))
    sweep(f, seed)  # refuses a graph that was freed or updated
    return told(f, seed, Places.of(f, max_nodes), precision)


def told(f: Node, seed: Value, places: Places, precision: int) -> list[Step]:
    """The steps of a graph at the places of its drawing."""
    teller = _Teller(f, seed, places, precision)
    with np.errstate(all="ignore"):
        return [teller.start(), *teller.forward(), teller.seed(), *teller.backward(), teller.end()]


def product(node: Node, i: int, local: Value, g: Value, arrived: Value, precision: int) -> tuple[str, str]:
    """Local × upstream = downstream, and the sum back to the shape of an input that was broadcast, written out."""
    shape, own = np.shape(node.value), np.shape(node.values[i])
    if local is None:
        return f"{_shape(g)} → {shaped(arrived, precision)}", ""
    if not shape:
        return equation(times, operator.mul, [local, g], arrived, precision), ""
    if shape == own:
        return _elementwise(local, g, arrived, precision), ""
    whole = downstream(node, i, g, stretched=True)
    lead = len(shape) - len(own)
    axes = [*range(lead), *(lead + k for k, n in enumerate(own) if n == 1 and shape[lead + k] != 1)]
    where = f"axis {axes[0]}" if len(axes) == 1 else f"axes {', '.join(map(str, axes))}"
    return (
        _elementwise(local, g, whole, precision),
        f"summed over {where}, {shape} → {shaped(arrived, precision)}",
    )


def _elementwise(local: Value, g: Value, downstream: Value, precision: int) -> str:
    """An elementwise product of arrays, in numbers if they are few."""
    texts = [inline(x, precision) for x in (local, g, downstream)]
    few = texts[0].startswith("[")
    text = f"{texts[0]} × {texts[1]}" if few else f"{np.shape(local)} × {np.shape(g)}, elementwise"
    if np.isrealobj(downstream) and (np.iscomplexobj(local) or np.iscomplexobj(g)):
        text = f"Re({text})"  # a real variable receives the real part
    return f"{text} = {texts[2]}"


def added(old: Value, new: Value, total: Value, precision: int) -> str:
    """A gradient so far plus that of one more branch, written out."""
    if np.ndim(total) == 0:
        return equation(plus, operator.add, [old, new], total, precision)
    return f"{inline(old, precision)} + {inline(new, precision)} = {inline(total, precision)}"


class _Teller:
    """Describes a computation step by step."""

    def __init__(self, f: Node, seed: Value, places: Places, precision: int) -> None:
        self.f, self.places, self.precision = f, places, precision
        self.groups = places.groups()
        self.root = in_words(f.name) if f.name else "f"
        self.called = Labels(order=places.order)
        self.gradients = sweep(f, seed)
        mirror = Mirror(f, wired=True)
        crossing = sweep(mirror.twins[f], seed)
        self.downstream = {edge: crossing[wire] for edge, wire in mirror.wires.items()}
        self.boxes = {node.id for node in places.description.nodes if node.kind == "scope"}
        self.used: dict[Node, set[str]] = {}  # where each tensor is used
        for node in places.order:
            for x in node.inputs:
                if x is not None:
                    self.used.setdefault(x, set()).add(places.ids[node])

    def start(self) -> Step:
        leaves = self.places.leaves() or [self.f]
        given = [
            f"{self.called[x]} = {inline(x.value, self.precision)}" for x in leaves if x.name or x in self.called.leaves
        ]
        boxes = {id for id, _ in self.groups}
        ids = dict.fromkeys(
            id for id in (*(self.places.ids[x] for x in leaves), *self.places.constants()) if id not in boxes
        )
        return Step("start", "\n".join(["The leaves have values", *_few(given)]), inputs=tuple(ids))

    def forward(self) -> list[Step]:
        count, found = len(self.groups), []
        for k, (id, nodes) in enumerate(self.groups, 1):
            where = f"Forward {k} of {count}"
            alone = len(nodes) == 1 and self.places.drawn[id].kind != "scope"
            found.append(self._computed(nodes[0], where) if alone else self._passed(id, nodes, where))
        return found

    def _passed(self, id: str, nodes: list[Node], where: str) -> Step:
        """The forward pass through a box."""
        title = self.places.drawn[id].title.replace("\n", " ")
        left = self._outputs(id, nodes)
        inputs = dict.fromkeys(x for node in nodes for x in self.places.inputs(node))
        values = ", ".join(shaped(node.value, self.precision) for node in left)
        text = f"{len(nodes):,} operation{'s' * (len(nodes) != 1)} → {values}"
        return Step("forward", f"{where}: {title}\n{text}", id, title, title, text, tuple(inputs), left[-1].value)

    def _outputs(self, id: str, nodes: list[Node]) -> list[Node]:
        """The tensors that leave a box; at least the last one."""
        found = [node for node in nodes if node is self.f or self.used.get(node, {id}) - {id}]
        return found or nodes[-1:]

    def _computed(self, node: Node, where: str) -> Step:
        op = node.op
        assert op is not None
        values, name, told = given(node), symbol(node), shorten(arguments(op, node.static), LONGEST_TOLD)
        if all(v is not None and np.ndim(v) == 0 for v in (*node.values, node.value)):

            def write(texts: Sequence[str]) -> str:
                return written(name, texts, told)

            def compute(*numbers: Value) -> Value:
                return op.forward(*numbers, **{k: v for k, v in node.static.items() if k != "saved"})

            if op.elementwise:
                text = equation(write, compute, values, node.value, self.precision)
            else:
                text = f"{write([number(v, self.precision) for v in values])} = {number(node.value, self.precision)}"
        else:
            shapes = written(name, [self._operand(v) for v in values], told)
            text = f"{shapes} → {shaped(node.value, self.precision)}"
        label, id = self.called[node], self.places.ids[node]
        words = f"{where}: {label}\n{text}"
        return Step("forward", words, id, symbol(node), label, text, self.places.inputs(node), node.value)

    def _operand(self, v: Any) -> str:
        return "None" if v is None else _shape(v) if np.ndim(v) else number(v, self.precision)

    def seed(self) -> Step:
        id, g = self.places.ids[self.f], self.gradients[self.f]
        text = f"The sweep starts at the result: ∂{self.root}/∂{self.root} = 1"
        if not from_one(g):
            text = f"The sweep starts from the given upstream gradient {inline(g, self.precision)}"
        return Step("seed", text, id, label=self.called[self.f], value=self.f.value, upstream=g, gradients={id: g})

    def backward(self) -> list[Step]:
        so_far = {self.f: self.gradients[self.f]}
        count, found = len(self.groups), []
        for k, (id, nodes) in enumerate(reversed(self.groups), 1):
            where = f"Backward {k} of {count}"
            alone = len(nodes) == 1 and self.places.drawn[id].kind != "scope"
            found.append(self._swept(nodes[0], where, so_far) if alone else self._swept_through(id, nodes, where, so_far))
        return found

    def _swept_through(self, id: str, nodes: list[Node], where: str, so_far: dict[Node, Value]) -> Step:
        """The sweep through a box: what leaves it, and the gradients of the leaves in it."""
        title, precision = self.places.drawn[id].title.replace("\n", " "), self.precision
        upstream = self._outputs(id, nodes)
        g = self.gradients[upstream[-1]]
        flows: dict[Node, Flow] = {}
        inside: dict[Node, Value] = {}
        arrived: dict[str, Value] = {}
        for node in reversed(nodes):
            for i, x in enumerate(node.inputs):
                if x is None or not x.requires_grad:
                    continue
                if self.places.ids[x] == id:
                    if x.op is None:
                        inside[x] = self.gradients[x]
                    continue
                d = self.downstream[node, i]
                before = flows[x].downstream if x in flows else None
                total = so_far[x] + d if x in so_far else d
                sum = "" if x not in so_far or before is not None else added(so_far[x], d, total, precision)
                crossing = d if before is None else before + d
                to = self.places.ids[x]
                so_far[x] = total
                if to not in self.boxes:
                    arrived[to] = total
                text = f"{_shape(g)} → {shaped(crossing, precision)}"
                edge = self.places.edge(node, i)
                flows[x] = Flow(edge, to, self.called[x], f"through {title}", None, crossing, text, "", sum, total)
        lines = [f"{where}: {title}, upstream {inline(g, precision)}"]
        lines += [f"to {flow.label}: {flow.product}" for flow in flows.values()]
        lines += _few([f"inside, d{self.called[x]} = {inline(value, precision)}" for x, value in inside.items()])
        inputs = tuple(dict.fromkeys(y for node in nodes for y in self.places.inputs(node)))
        return Step(
            "backward",
            "\n".join(lines),
            id,
            title,
            title,
            inputs=inputs,
            value=upstream[-1].value,
            upstream=g,
            flows=tuple(flows.values()),
            gradients=arrived,
        )

    def _swept(self, node: Node, where: str, so_far: dict[Node, Value]) -> Step:
        assert node.op is not None
        g, id, precision = self.gradients[node], self.places.ids[node], self.precision
        flows, arrived = [], {}
        for i, x in enumerate(node.inputs):
            if x is None or not x.requires_grad:
                continue
            local, d = local_gradient(node, i), self.downstream[node, i]
            text, broadcast = product(node, i, local, g, d, precision)
            total, sum = d, ""
            if x in so_far:
                total = so_far[x] + d
                sum = added(so_far[x], d, total, precision)
            to = self.places.ids[x]
            so_far[x] = total
            if to not in self.boxes:
                arrived[to] = total
            in_symbols = symbols(node, i, self.called)
            flows.append(
                Flow(self.places.edge(node, i), to, self.called[x], in_symbols, local, d, text, broadcast, sum, total)
            )
        lines = [f"{where}: {self.called[node]}, upstream {inline(g, precision)}"]
        for flow in flows:
            what = "local × upstream = " if flow.local is not None else f"{flow.rule}, "
            lines.append(f"to {flow.label}: {what}{flow.product}")
            lines += [f"broadcast: {flow.broadcast}"] if flow.broadcast else []
            lines += [f"added to the gradient of {flow.label} so far: {flow.sum}"] if flow.sum else []
        return Step(
            "backward",
            "\n".join(lines),
            id,
            symbol(node),
            self.called[node],
            inputs=self.places.inputs(node),
            value=node.value,
            upstream=g,
            flows=tuple(flows),
            gradients=arrived,
        )

    def end(self) -> Step:
        found = [x for x in self.places.leaves() or [self.f] if x.requires_grad]
        seed = "" if from_one(self.gradients[self.f]) else "upstream · "
        lines = [f"{seed}∂{self.root}/∂{self.called[x]} = {inline(self.gradients[x], self.precision)}" for x in found]
        return Step("end", "\n".join(["Every leaf has its gradient", *_few(lines)]), label=self.called[self.f])


def _few(lines: list[str]) -> list[str]:
    return lines if len(lines) <= LISTED else [*lines[: LISTED - 1], f"and {len(lines) - LISTED + 1:,} more"]


def _shape(value: Any) -> str:
    return str(np.shape(value)) if np.ndim(value) else "a scalar"
