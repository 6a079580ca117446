"""Evaluate an expression, keeping the value of every subexpression."""

from __future__ import annotations

import ast
import inspect
import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from minigrad import ops
from minigrad.expression.sizes import BOUNDS, broadcast, size
from minigrad.expression.spelling import unknown_name
from minigrad.expression.syntax import BINARY, COMPARISONS, LARGER, Expression, ExpressionError
from minigrad.graph import as_array, value_of
from minigrad.tensor import Tensor
from minigrad.text import shorten

LARGEST = 10_000_000  # elements that all results of an expression may have together
MESSAGE = 300  # characters of an operation's error message

CONSTANTS = {"pi": math.pi, "e": math.e, "inf": math.inf, "nan": math.nan}
OPERATIONS: dict[str, Callable[..., Any]] = {name: getattr(ops, name) for name in sorted(BOUNDS)}

# The parameters that take arrays; all others are static, such as an axis, and keep the integers they are given.
INPUTS = frozenset(
    {"x", "a", "b", "h", "p", "zeros", "values", "condition", "min", "max", "arrays", "operands", "to_begin", "to_end"}
    | {"negative_slope", "alpha", "beta", "min_val", "max_val", "target", "weight", "bias", "running_mean", "running_var"}
    | {"pos_weight", "weights", "v", "y", "dx", "delta", "label_smoothing"}
)
CLASSIFIED = frozenset({"cross_entropy", "nll_loss", "multiclass_hinge_loss"})  # whose target may be classes, integers

COMPUTED = ast.BinOp | ast.UnaryOp | ast.Compare | ast.Subscript | ast.Call


class Subexpression(NamedTuple):
    """A part of an expression as it is written, and its value."""

    text: str
    tensor: Tensor


def evaluate(source: str | Expression, names: Mapping[str, Tensor]) -> list[Subexpression]:
    """Evaluate an expression, given the values of its names; pi, e, inf and nan are known.

    Every operation, comparison and subscript is returned, each after those it needs; the whole expression is last. An
    ExpressionError is raised if the expression is refused or an operation fails.

    Examples
    --------
    >>> for part in evaluate("(x + 1) * x", {"x": Tensor(3.0)}):
    ...     print(part.text, "=", part.tensor)
    x + 1 = Tensor(4.0)
    (x + 1) * x = Tensor(12.0)
    >>> square = Expression("x * x")
    >>> [evaluate(square, {"x": Tensor(n)})[-1].tensor.item() for n in (2, 3)]
    [4.0, 9.0]
    """
    return _Evaluation(Expression(source) if isinstance(source, str) else source, names).run()


class _Evaluation:
    """One evaluation of an expression: the values of its nodes so far, and how many more elements it may have."""

    def __init__(self, expression: Expression, names: Mapping[str, Tensor]) -> None:
        self.expression, self.names = expression, names
        self.values: dict[ast.AST, Any] = {}
        self.left = LARGEST

    def run(self) -> list[Subexpression]:
        root, parts = self.expression.root, []
        known = {id(tensor) for tensor in self.names.values()}
        for node in self.expression.order:
            try:
                with np.errstate(all="ignore"):  # nan and infinity are results like any other
                    value = self.values[node] = self.value(node)
                if node is root:
                    value = self.array(value)
            except ExpressionError:
                raise
            except Exception as error:  # any complaint of an operation about its arguments is an error of the expression
                text = shorten(str(error) or type(error).__name__, MESSAGE)
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) > 1:
                    other = LARGER.get(node.func.id)  # max(x, 0), where 0 is an axis
                    text += f"; of two values write {other}({self.expression.arguments(node)})" if other else ""
                raise self.expression.error(text, node) from error
            computed = isinstance(node, COMPUTED) and isinstance(value, Tensor | np.generic | np.ndarray)
            if node is root or (computed and id(value) not in known):
                known.add(id(value))
                self.left -= np.size(value_of(value))
                tensor = value if isinstance(value, Tensor) else Tensor(value, requires_grad=False)
                parts.append(Subexpression(self.expression.text(node), tensor))
        return parts

    def value(self, node: ast.AST) -> Any:
        """The value of a node, from those of its children."""
        values = self.values
        match node:
            case ast.Constant():
                return node.value
            case ast.Name():
                return self.named(node)
            case ast.List():
                return [values[part] for part in node.elts]
            case ast.Tuple():
                return tuple(values[part] for part in node.elts)
            case ast.Slice():
                return slice(*(part and values[part] for part in (node.lower, node.upper, node.step)))
            case ast.UnaryOp():
                value = values[node.operand]
                if isinstance(node.op, ast.UAdd):
                    return value
                literal = isinstance(node.operand, ast.Constant)  # stays an integer: -1 may be an axis
                return -value if literal else self.call("negative", value)
            case ast.BinOp():
                return self.call(BINARY[type(node.op)], values[node.left], values[node.right])
            case ast.Compare():
                a, b = self.array(values[node.left]), self.array(values[node.comparators[0]])
                self.afford("comparison", broadcast(a, b))
                return COMPARISONS[type(node.ops[0])](value_of(a), value_of(b))
            case ast.Subscript():
                return self.subscript(values[node.value], values[node.slice])
            case ast.Call(func=ast.Name(id=name)):
                arguments = (values[part] for part in node.args)
                return self.call(name, *arguments, **{str(k.arg): values[k.value] for k in node.keywords})
        raise AssertionError(f"{type(node).__name__} was let through")

    def named(self, node: ast.Name) -> Any:
        """The value of a name."""
        name = node.id
        if name in self.names:
            return self.names[name]
        if name in CONSTANTS:
            return np.float64(CONSTANTS[name])
        if name in OPERATIONS:
            raise self.expression.error(f"{name!r} is an operation; call it: {name}(...)", node)
        hint = unknown_name(name, self.names)
        raise self.expression.error(self.expression.unknown.format(name=name) + (f"; {hint}" if hint else ""), node)

    def array(self, value: Any) -> Any:
        """A tensor unchanged, anything else as float64; a list is stacked, and keeps its gradients."""
        if isinstance(value, Tensor):
            return value
        if isinstance(value, tuple):
            raise TypeError("several numbers are written as a list in brackets, such as [1, 2], and decimals with a point")
        if isinstance(value, list):
            rows = [self.array(part) for part in value]
            shapes = {np.shape(row) for row in rows}
            if len(shapes) > 1:
                found = " and ".join(map(str, sorted(shapes)))
                raise ValueError(f"the elements of a list need the same shape, but have the shapes {found}")
            self.afford("list", sum(size(row) for row in rows))
            return ops.stack(rows) if rows else np.zeros(0)
        return np.asarray(as_array(value, "expression"), np.float64)[()]

    def call(self, operation: str, /, *args: Any, **keywords: Any) -> Any:
        """Call an operation, if its result is not too large."""
        try:
            bound = _signature(operation).bind(*args, **keywords)
        except TypeError as error:
            raise TypeError(f"{operation}: {error}") from None
        for parameter in INPUTS & bound.arguments.keys():
            value = bound.arguments[parameter]
            if parameter == "operands" or (parameter == "arrays" and isinstance(value, list | tuple)):
                bound.arguments[parameter] = type(value)(self.array(part) for part in value)
            elif value is not None:
                bound.arguments[parameter] = self.array(value)
        if operation in LARGER and len(args) > 1 and not np.ndim(bound.arguments["x"]):
            raise ValueError(f"{operation} takes one array and an axis, and this is a scalar")
        if operation in CLASSIFIED:
            bound.arguments["target"] = _classes(bound.arguments["target"], bound.arguments["x"])
        self.afford(operation, BOUNDS[operation](**bound.arguments))
        return OPERATIONS[operation](*bound.args, **bound.kwargs)

    def subscript(self, value: Any, key: Any) -> Any:
        """An element or part of an array, or one of the arrays that split returns."""
        if isinstance(value, list) and isinstance(key, int):
            return value[key]
        parts = key if isinstance(key, tuple) else (key,)
        arrays = [np.asarray(value_of(part)) for part in parts if isinstance(part, list | np.ndarray | Tensor)]
        value = self.array(value)
        self.afford("subscript", size(value) * math.prod(x.size for x in arrays if x.dtype != np.bool_))
        return value[key]

    def afford(self, name: str, most: int) -> None:
        """Refuse a result that may have more elements than are left."""
        if most > self.left:
            raise ValueError(f"{name}: the result would be too large; all results together may have {LARGEST:,} elements")


def _classes(target: Any, x: Any) -> Any:
    """A target as classes, if it is one integer where `x` has a score for each class; otherwise unchanged."""
    values = np.asarray(value_of(target))
    if values.ndim == np.ndim(x) - 1 and np.isfinite(values).all() and (values == np.rint(values)).all():
        return values.astype(np.int64)
    return target


@cache
def _signature(name: str) -> inspect.Signature:
    """The parameters of an operation, all of which may be passed by name."""
    signature = inspect.signature(OPERATIONS[name])
    either, only = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.POSITIONAL_ONLY
    return signature.replace(
        parameters=[p.replace(kind=either) if p.kind is only else p for p in signature.parameters.values()]
    )
