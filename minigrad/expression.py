"""A safe calculator: expressions of numbers, names and minigrad's operations, with every step kept.

The source is parsed, never executed. What may stand in an expression is listed here, and all else is refused: nothing can
be reached but the operations and the names that were given. Sizes are foreseen before they are computed, so a short
expression cannot ask for endless memory, and no recursion follows the depth of an expression.
"""

from __future__ import annotations

import ast
import difflib
import inspect
import math
import warnings
from collections.abc import Callable, Mapping
from functools import cache
from types import EllipsisType
from typing import Any, NamedTuple

import numpy as np

from minigrad import ops
from minigrad.draw.text import shorten
from minigrad.expression_sizes import BOUNDS, broadcast, size
from minigrad.graph import as_array, value_of
from minigrad.tensor import Tensor

LARGEST = 10_000_000  # elements that all steps of an expression may have together
MESSAGE = 300  # characters of what an operation says

CONSTANTS = {"pi": math.pi, "e": math.e, "inf": math.inf, "nan": math.nan}

OPERATIONS: dict[str, Callable[..., Any]] = {name: getattr(ops, name) for name in sorted(BOUNDS)}

# The parameters that take numbers; all others are static, such as an axis, and keep the integers they are given.
INPUTS = frozenset({"x", "a", "b", "condition", "min", "max", "arrays", "operands"})

BINARY: dict[type[ast.operator], str] = {
    ast.Add: "add", ast.Sub: "subtract", ast.Mult: "multiply", ast.Div: "divide", ast.Pow: "power", ast.MatMult: "matmul",
    ast.FloorDiv: "floor_divide", ast.Mod: "remainder",
}  # fmt: skip
COMPARISONS: dict[type[ast.cmpop], np.ufunc] = {
    ast.Lt: np.less, ast.LtE: np.less_equal, ast.Gt: np.greater, ast.GtE: np.greater_equal, ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
}  # fmt: skip

COMPUTING = ast.BinOp | ast.UnaryOp | ast.Compare | ast.Subscript | ast.Call

USUAL = "an expression is made of numbers, names, lists, + - * / // % ** @, comparisons, subscripts and calls of operations"
HINTS: dict[type[ast.AST], str] = {
    ast.Attribute: "attributes cannot be read; an operation is called by its name alone, as in exp(x)",
    ast.BitXor: "a power is written **",
    ast.BitAnd: "conditions are joined with *, as in (x > 0) * (y > 0)",
    ast.BoolOp: "conditions are joined with *, as in (x > 0) * (y > 0)",
    ast.Compare: "compare two at a time, and join conditions with *, as in (x > 0) * (x < 1)",
    ast.IfExp: "to choose, write where(condition, a, b)",
    ast.Constant: "numbers are real; text, True, False and None can only be arguments of an operation",
    ast.keyword: "** cannot be used in a call",
}


class ExpressionError(ValueError):
    """What is wrong with an expression, and where.

    Parameters
    ----------
    message : str
        What is wrong.
    source : str
        The expression.
    column, width : int
        Which characters of it are meant.

    Attributes
    ----------
    column, width : int
        As given.

    Examples
    --------
    >>> print(ExpressionError("unknown name 'w'", "x + w", 4))
    unknown name 'w'
      x + w
          ^
    """

    def __init__(self, message: str, source: str, column: int, width: int = 1) -> None:
        start = max(0, column - 60)
        before, after = "..." if start else "", "..." if len(source) > start + 100 else ""
        shown = source[start : start + 100]
        place = " " * (len(before) + column - start) + "^" * max(1, min(width, len(shown) - (column - start)))
        super().__init__(f"{message}\n  {before}{shown}{after}\n  {place}" if source else message)
        self.column, self.width = column, width


class Step(NamedTuple):
    """One step of a computation: a sub-expression as it is written, and its value."""

    text: str
    tensor: Tensor


def evaluate(source: str, names: Mapping[str, Tensor]) -> list[Step]:
    """Compute an expression, step by step.

    Parameters
    ----------
    source : str
        The expression.
    names : mapping of str to Tensor
        What the names in it stand for; pi, e, inf and nan are known.

    Returns
    -------
    list of Step
        Every operation, comparison and subscript after those it needs; the whole expression last.

    Raises
    ------
    ExpressionError
        If the expression is refused, or an operation fails; it points at the place.

    Examples
    --------
    >>> steps = evaluate("(x + 1) * x", {"x": Tensor(3.0)})
    >>> for step in steps:
    ...     print(step.text, "=", step.tensor)
    x + 1 = Tensor(4.0)
    (x + 1) * x = Tensor(12.0)
    """
    return Expression(source).evaluate(names)


class Expression:
    """An expression that has been parsed and may be evaluated many times.

    Parameters
    ----------
    source : str
        The expression.
    unknown : str
        What is said of a name that has no value; ``{name}`` stands for it.

    Attributes
    ----------
    source : str
        The expression on one line.

    Raises
    ------
    ExpressionError
        If there is anything in it that is not known to be safe; it points at the place.

    Examples
    --------
    >>> square = Expression("x * x")
    >>> [float(square.evaluate({"x": Tensor(n)})[-1].tensor) for n in (2, 3)]
    [4.0, 9.0]
    """

    def __init__(
        self, source: str, unknown: str = "unknown name {name!r} in the expression; give it a value: {name}=1.0"
    ) -> None:
        self.source = "".join(" " if c.isspace() else c for c in source).strip()
        self._unknown = unknown
        self._root = _parse(self.source)
        self._encoded = self.source.encode()
        self._order = self._checked()

    def evaluate(self, names: Mapping[str, Tensor]) -> list[Step]:
        """Compute the expression, step by step, as `minigrad.expression.evaluate` does."""
        values: dict[ast.AST, Any] = {}
        steps: list[Step] = []
        left, known = LARGEST, {id(tensor) for tensor in names.values()}
        for node in self._order:
            try:
                with np.errstate(all="ignore"):  # nan and infinity are results like others
                    value = values[node] = self._value(node, values, names, left)
                if node is self._root:
                    value = _numbers(value, left)
            except ExpressionError:
                raise
            except Exception as error:  # whatever an operation says of its arguments is a mistake in the expression
                raise self._error(shorten(str(error) or type(error).__name__, MESSAGE), node) from error
            computed = isinstance(node, COMPUTING) and isinstance(value, Tensor | np.generic | np.ndarray)
            if node is self._root or (computed and id(value) not in known):
                known.add(id(value))
                left -= np.size(value_of(value))
                tensor = value if isinstance(value, Tensor) else Tensor(value, requires_grad=False)
                steps.append(Step(self._text(node), tensor))
        return steps

    def _value(self, node: ast.AST, values: dict[ast.AST, Any], names: Mapping[str, Tensor], left: int) -> Any:
        """The value of one node, from those of its children."""
        match node:
            case ast.Constant():
                return node.value
            case ast.Name():
                if node.id in names:
                    return names[node.id]
                if node.id in CONSTANTS:
                    return np.float64(CONSTANTS[node.id])
                if node.id in OPERATIONS:
                    raise self._error(f"{node.id!r} is an operation; call it: {node.id}(...)", node)
                raise self._error(self._unknown.format(name=node.id), node)
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
                if isinstance(node.operand, ast.Constant):  # a literal: -1 can be an axis
                    return -value
                return _call("negative", (value,), {}, left)
            case ast.BinOp():
                return _call(BINARY[type(node.op)], (values[node.left], values[node.right]), {}, left)
            case ast.Compare():
                a, b = _numbers(values[node.left], left), _numbers(values[node.comparators[0]], left)
                _afford("comparison", broadcast(a, b), left)
                return COMPARISONS[type(node.ops[0])](value_of(a), value_of(b))
            case ast.Subscript():
                return _subscript(values[node.value], values[node.slice], left)
            case ast.Call(func=ast.Name(id=name)):
                keywords = {str(k.arg): values[k.value] for k in node.keywords}
                return _call(name, tuple(values[part] for part in node.args), keywords, left)
        raise AssertionError(f"{type(node).__name__} was let through")

    def _checked(self) -> list[ast.AST]:
        """The nodes of the expression, each after its children, if all of them may stand where they do."""
        order: list[ast.AST] = []
        stack: list[ast.AST] = [self._root]
        arguments: set[ast.AST] = set()  # where text, True, False, None and ... may stand
        while stack:
            node = stack.pop()
            order.append(node)
            children: list[Any] = []
            match node:
                case ast.Name():
                    pass
                case ast.Constant(value=value):
                    static = isinstance(value, bool | str | EllipsisType | None) and node in arguments
                    if type(value) not in (int, float) and not static:
                        raise self._refusal(node)
                case ast.List() | ast.Tuple():
                    children = node.elts
                case ast.BinOp():
                    if type(node.op) not in BINARY:
                        raise self._refusal(node, node.op)
                    children = [node.left, node.right]
                case ast.UnaryOp(op=ast.UAdd() | ast.USub()):
                    children = [node.operand]
                case ast.Compare(ops=[operator], comparators=[right]) if type(operator) in COMPARISONS:
                    children = [node.left, right]
                case ast.Compare(ops=[operator]):
                    raise self._refusal(node, operator)
                case ast.Subscript():
                    children = [node.value, node.slice]
                    arguments.update(node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice])
                case ast.Slice():
                    children = [part for part in (node.lower, node.upper, node.step) if part]
                case ast.Call(func=ast.Name(id=name)):
                    if name not in OPERATIONS:
                        raise self._error(_unknown_operation(name), node.func)
                    if any(k.arg is None for k in node.keywords):
                        raise self._refusal(node, node.keywords[0])
                    children = [*node.args, *(k.value for k in node.keywords)]
                    arguments.update(children)
                case ast.Call():
                    raise self._refusal(node, node.func)
                case _:
                    raise self._refusal(node)
            stack.extend(children)
        return order[::-1]

    def _text(self, node: ast.AST) -> str:
        column, width = self._span(node)
        return self.source[column : column + width]

    def _span(self, node: ast.AST) -> tuple[int, int]:
        """Where a node stands in the source; Python counts in bytes."""
        start, end = int(getattr(node, "col_offset", 0)), int(getattr(node, "end_col_offset", 1))
        return len(self._encoded[:start].decode()), len(self._encoded[start:end].decode())

    def _error(self, message: str, node: ast.AST) -> ExpressionError:
        return ExpressionError(message, self.source, *self._span(node))

    def _refusal(self, node: ast.AST, culprit: ast.AST | None = None) -> ExpressionError:
        return self._error(f"this is not understood: {HINTS.get(type(culprit or node), USUAL)}", node)


def _parse(source: str) -> ast.expr:
    if not source:
        raise ExpressionError("the expression is empty", source, 0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python's advice on style
            return ast.parse(source, mode="eval").body
    except SyntaxError as error:
        column = min(max((error.offset or 1) - 1, 0), len(source))
        raise ExpressionError(f"the expression cannot be read: {error.msg}", source, column) from None
    except (RecursionError, MemoryError):
        raise ExpressionError("the expression is nested too deeply, or too long a chain", source, 0) from None
    except ValueError as error:
        raise ExpressionError(f"the expression cannot be read: {error}", ascii(source), 0) from None


def _unknown_operation(name: str) -> str:
    close = difflib.get_close_matches(name, OPERATIONS, 1)
    return f"unknown operation {name!r}; " + (
        f"did you mean {close[0]!r}?" if close else f"known are {', '.join(OPERATIONS)}"
    )


def _numbers(value: Any, left: int) -> Any:
    """A tensor as it is, and everything else as float64; a list is stacked, and keeps its gradients."""
    if isinstance(value, Tensor):
        return value
    if isinstance(value, tuple):
        raise TypeError("numbers in a row are written as a list in brackets, such as [1, 2], and decimals with a point")
    if isinstance(value, list):
        rows = [_numbers(part, left) for part in value]
        shapes = {np.shape(row) for row in rows}
        if len(shapes) > 1:
            raise ValueError(f"the parts of a list need one shape, but here are {' and '.join(map(str, sorted(shapes)))}")
        _afford("list", sum(size(row) for row in rows), left)
        return ops.stack(rows) if rows else np.zeros(0)
    return np.asarray(as_array(value, "expression"), np.float64)[()]


@cache
def _signature(name: str) -> inspect.Signature:
    """The parameters of an operation, in which any may be named."""
    signature = inspect.signature(OPERATIONS[name])
    either, only = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.POSITIONAL_ONLY
    return signature.replace(
        parameters=[p.replace(kind=either) if p.kind is only else p for p in signature.parameters.values()]
    )


def _call(name: str, args: tuple[Any, ...], keywords: dict[str, Any], left: int) -> Any:
    """Call an operation, if its result is not too large."""
    try:
        bound = _signature(name).bind(*args, **keywords)
    except TypeError as error:
        raise TypeError(f"{name}: {error}") from None
    for parameter in INPUTS & bound.arguments.keys():
        value = bound.arguments[parameter]
        if parameter == "operands" or (parameter == "arrays" and isinstance(value, list | tuple)):
            bound.arguments[parameter] = type(value)(_numbers(part, left) for part in value)
        elif value is not None:
            bound.arguments[parameter] = _numbers(value, left)
    _afford(name, BOUNDS[name](**bound.arguments), left)
    return OPERATIONS[name](*bound.args, **bound.kwargs)


def _subscript(value: Any, key: Any, left: int) -> Any:
    if isinstance(value, list) and isinstance(key, int):  # one of the parts of a split
        return value[key]
    parts = key if isinstance(key, tuple) else (key,)
    picked = [np.asarray(value_of(part)) for part in parts if isinstance(part, list | np.ndarray | Tensor)]
    value = _numbers(value, left)
    _afford("subscript", size(value) * math.prod(p.size for p in picked if p.dtype != np.bool_), left)
    return value[key]


def _afford(name: str, most: int, left: int) -> None:
    if most > left:
        raise ValueError(f"{name}: the result would be too large; all steps together may have {LARGEST:,} elements")
