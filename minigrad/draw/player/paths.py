"""The paths from a result to a tensor: their number, the products along the first ones, and the sum."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad.backward import local_gradient, starting_gradient, sweep
from minigrad.draw.limits import MOST_DECIMALS, check_integers
from minigrad.draw.names import names_given, symbol
from minigrad.draw.player.arithmetic import equation, from_one, inline, plus, shaped, times
from minigrad.draw.player.labels import SHORT, Labels, symbols
from minigrad.draw.player.mirror import chain
from minigrad.graph import Node, Value, describe, topological_order

Edge = tuple[Node, int]  # a node, and the position of an input

WIDE = 100  # characters of a product in symbols; a longer one is written only in numbers
LONG = 12  # factors of a product that are written; of more, the first and last ones
ENDLESS = 1 << 1024  # counting stops at so many paths


@dataclass(frozen=True)
class Factor:
    """One factor of the chain rule: the derivative of a node with respect to one of its inputs.

    Attributes
    ----------
    of, by : str
        The labels of the node and the input.
    rule : str
        The gradient rule in symbols.
    local : array, number or None
        The local gradient of an elementwise operation, or of a scalar with respect to a scalar.
    gradient : array or number
        The product so far, from the result down to this input.
    """

    of: str
    by: str
    rule: str
    local: Value
    gradient: Value


@dataclass(frozen=True)
class Path:
    """One path through the graph.

    Attributes
    ----------
    nodes : tuple of str
        The labels of its nodes, from the result to the input.
    factors : tuple of Factor
        One for each edge.
    contribution : array or number
        What it adds to the gradient: the seed, propagated through every rule along the path.
    """

    nodes: tuple[str, ...]
    factors: tuple[Factor, ...]
    contribution: Value


@dataclass(frozen=True, repr=False)
class Explanation:
    """A gradient, explained path by path; `str` gives the text.

    Attributes
    ----------
    of, by : str
        The labels of the result and the input.
    seed : array or number
        The upstream gradient at the result.
    paths : tuple of Path
        The paths that are shown.
    count : int or None
        The number of paths; None if there are more than 2 ** 1024.
    rest : array, number or None
        The sum of the contributions of the paths that are not shown; None if all are.
    gradient : array or number
        The sum over all paths, which is the gradient that the sweep computes.
    """

    of: str
    by: str
    seed: Value
    paths: tuple[Path, ...]
    count: int | None
    rest: Value
    gradient: Value
    precision: int = 2

    def __str__(self) -> str:
        return "\n".join(self._lines())

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from html import escape

        return f'<pre style="white-space: pre-wrap">{escape(str(self))}</pre>'

    def _lines(self) -> Iterator[str]:
        title = f"{'' if from_one(self.seed) else 'upstream · '}∂{self.of}/∂{self.by}"
        yield f"{title}: {_many(self.count)}"
        if self.count == 0:
            yield f"{self.of} does not depend on {self.by}: the gradient is {shaped(self.gradient, self.precision)}"
            return
        if not from_one(self.seed):
            yield f"from upstream {shaped(self.seed, self.precision)}"
        for k, path in enumerate(self.paths, 1):
            yield ""
            yield f"path {k}: {' → '.join(_ends(path.nodes, 'nodes'))}"
            yield from ("  " + line for line in self._product(path))
        yield from self._sum(title)

    def _product(self, path: Path) -> list[str]:
        """The chain rule along one path."""
        if not path.factors:
            return [f"the result itself: {shaped(path.contribution, self.precision)}"]
        if any(factor.local is None or np.ndim(factor.local) for factor in path.factors):
            lines = [f"{factor.rule} → {shaped(factor.gradient, self.precision)}" for factor in path.factors]
            return _ends(lines, "rules")
        names = [f"∂{_term(factor.of)}/∂{_term(factor.by)}" for factor in path.factors]
        numbers = [factor.local for factor in path.factors]
        if not from_one(self.seed):
            names, numbers = ["upstream", *names], [self.seed, *numbers]
        words = " × ".join(_ends(names, "factors"))
        if len(numbers) == 1:
            return [f"{words} = {inline(path.contribution, self.precision)}"]
        written = equation(
            lambda texts: times(_ends(texts, "factors")), lambda *xs: np.prod(xs), numbers, path.contribution, self.precision
        )
        return [words, f"= {written}"] if len(words) <= WIDE else [written]

    def _sum(self, title: str) -> Iterator[str]:
        """The sum of the paths."""
        parts = [path.contribution for path in self.paths]
        if self.rest is not None:
            hidden = None if self.count is None else self.count - len(self.paths)
            yield ""
            yield f"and {_many(hidden)} more, which together contribute {shaped(self.rest, self.precision)}"
            parts.append(self.rest)
        yield ""
        if np.ndim(self.gradient) == 0 and len(parts) > 1:
            written = equation(
                lambda texts: plus(_ends(texts, "terms")), lambda *xs: np.sum(xs), parts, self.gradient, self.precision
            )
            yield f"{title} = {written}"
        elif len(parts) > 1:
            yield f"{title} = " + " + ".join(_ends([shaped(part, self.precision) for part in parts], "terms"))
            yield f"= {shaped(self.gradient, self.precision)}"
        else:
            yield f"{title} = {shaped(self.gradient, self.precision)}"


def explanation(
    f: Any, wrt: Node | None, upstream: Any, names: Mapping[str, Any] | None, max_paths: int, precision: int
) -> Explanation:
    """The result of `minigrad.explain`."""
    seed = starting_gradient(f, upstream, "explain")
    if not isinstance(wrt, Node):
        raise TypeError(f"explain: wrt is a Tensor, got {type(wrt).__name__}")
    if not wrt.requires_grad:
        raise RuntimeError(f"explain: {describe(wrt)} is a constant; no gradient reaches it")
    check_integers("explain", max_paths=(max_paths, 1, None), precision=(precision, 0, MOST_DECIMALS))
    gradients = sweep(f, seed)
    counts = _counts(f, wrt)
    count = counts.get(f, 0)
    called = Labels(names_given("explain", names), topological_order(f))
    if called.leaves.get(wrt) == "leaf" or (wrt.op is None and not called.name(wrt) and wrt not in called.leaves):
        taken = {called.name(x) for node in topological_order(f) for x in node.inputs if x is not None}
        called[wrt] = "wrt" if "x" in taken else "x"
    of = called.name(f) or "f"
    with np.errstate(all="ignore"):
        paths = tuple(_path(edges, wrt, seed, called, of) for edges in _walk(f, wrt, counts, max_paths))
        gradient = gradients[wrt] if count else np.zeros_like(wrt.value)[()]
        rest = gradient - sum((path.contribution for path in paths), 0.0 * gradient) if count > len(paths) else None
    by, counted = of if wrt is f else _term(called[wrt]), count if count < ENDLESS else None
    return Explanation(of, by, seed, paths, counted, rest, gradient, precision)


def _counts(f: Node, wrt: Node) -> dict[Node, int]:
    """The number of paths from each node to `wrt`, for the nodes that have any."""
    counts = {wrt: 1}
    for node in topological_order(f):
        if node is wrt:
            continue
        count = sum(counts.get(x, 0) for x in node.inputs if x is not None)
        if count:
            counts[node] = min(count, ENDLESS)
    return counts


def _walk(f: Node, wrt: Node, counts: dict[Node, int], most: int) -> Iterator[list[Edge]]:
    """The first `most` paths from `f` to `wrt`, in the order of the inputs; dead ends are never entered."""
    if f not in counts:
        return
    edges: list[Edge] = []
    stack: list[tuple[Node, int]] = [(f, 0)]  # the current node, and the input to try next
    while stack and most:
        node, i = stack.pop()
        if node is wrt:
            yield list(edges)
            most -= 1
        else:
            while i < len(node.inputs) and ((x := node.inputs[i]) is None or x not in counts):
                i += 1
            if i < len(node.inputs):
                stack += [(node, i + 1), (node.inputs[i], 0)]  # type: ignore[list-item]
                edges.append((node, i))
                continue
        if edges:
            edges.pop()


def _path(edges: list[Edge], wrt: Node, seed: Value, called: Labels, of: str) -> Path:
    """One path with its products, from a sweep over a copy of the path alone."""
    copies = chain(edges, wrt)
    gradients = sweep(copies[0], seed)
    nodes = [*(node for node, _ in edges), wrt]
    names = [of, *(called[node] for node in nodes[1:])]
    factors = tuple(
        Factor(names[k], names[k + 1], symbols(node, i, called), local_gradient(node, i), gradients[copies[k + 1]])
        for k, (node, i) in enumerate(edges)
    )
    short = [name if len(name) <= SHORT or not node.op else symbol(node) for name, node in zip(names, nodes, strict=True)]
    return Path(tuple(short), factors, gradients[copies[-1]])


def _many(count: int | None) -> str:
    if count is None:
        return "more than 2 ** 1024 paths"
    if count < 10**24:
        return f"{count:,} path{'s' * (count != 1)}"
    digits = math.log10(count)
    return f"about {10 ** (digits % 1):.2f}e+{int(digits)} paths"


def _ends(texts: Any, what: str) -> list[str]:
    """The texts; of many, the first and last ones, and the number in between."""
    if len(texts) <= LONG:
        return list(texts)
    return [*texts[: LONG // 2], f"… {len(texts) - LONG + 1:,} {what} …", *texts[len(texts) - LONG // 2 + 1 :]]


def _term(label: str) -> str:
    return f"({label})" if " " in label else label
