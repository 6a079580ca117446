"""The syntax of expressions: anything else is refused, with a pointer to its place."""

from __future__ import annotations

import ast
import warnings
from types import EllipsisType

import numpy as np

from minigrad.expression.sizes import BOUNDS
from minigrad.expression.spelling import advice, unknown_operation

BINARY: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.Pow: "power",
    ast.MatMult: "matmul",
    ast.FloorDiv: "floor_divide",
    ast.Mod: "remainder",
}
COMPARISONS: dict[type[ast.cmpop], np.ufunc] = {
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
}

MATHEMATICS = ast.BitXor | ast.BitOr | ast.BinOp | ast.Call | ast.Constant | ast.Subscript  # culprits: x^2, |x|, (x+1)(x-1)
LARGER = {"max": "maximum", "min": "minimum"}  # of two arrays, by the name of the one that takes one

USUAL = "an expression consists of numbers, names, lists, + - * / // % ** @, comparisons, subscripts and calls of operations"
COMBINE = "combine conditions with *, as in (x > 0) * (y > 0)"
HINTS: dict[type[ast.AST], str] = {
    ast.Attribute: "attributes cannot be read; an operation is called by its name alone, as in exp(x)",
    ast.BitAnd: COMBINE,
    ast.BoolOp: COMBINE,
    ast.Compare: "compare two values at a time, and combine conditions with *, as in (x > 0) * (x < 1)",
    ast.IfExp: "to choose, write where(condition, a, b)",
    ast.Constant: "numbers are real; text, True, False and None can only be arguments of an operation",
    ast.keyword: "** cannot be used in a call",
}


class ExpressionError(ValueError):
    """An error in an expression, which points at `width` characters from `column` on.

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
        shown = "".join(c if c.isprintable() else "�" for c in source[start : start + 100])  # nothing that drives a terminal
        place = " " * (len(before) + column - start) + "^" * max(1, min(width, len(shown) - (column - start)))
        super().__init__(f"{message}\n  {before}{shown}{after}\n  {place}" if source else message)
        self.column, self.width = column, width


class Expression:
    """An expression that has been parsed and can be evaluated many times.

    An ExpressionError is raised if it contains anything that is not known to be safe. `unknown` is the message for a name
    without a value; ``{name}`` stands for it.
    """

    def __init__(
        self, source: str, unknown: str = "unknown name {name!r} in the expression; give it a value: {name}=1.0"
    ) -> None:
        self.source = "".join(" " if c.isspace() else c for c in source).strip()
        self.unknown = unknown
        self.root = _parse(self.source)  # the whole expression
        self._encoded = self.source.encode()
        self.order = self._checked()  # all nodes, each after its children

    def text(self, node: ast.AST) -> str:
        """The source of a node."""
        column, width = self._span(node)
        return self.source[column : column + width]

    def error(self, message: str, node: ast.AST) -> ExpressionError:
        """An error that points at a node."""
        return ExpressionError(message, self.source, *self._span(node))

    def _span(self, node: ast.AST) -> tuple[int, int]:
        """Column and width of a node in the source; Python counts in bytes."""
        start, end = int(getattr(node, "col_offset", 0)), int(getattr(node, "end_col_offset", 1))
        return len(self._encoded[:start].decode()), len(self._encoded[start:end].decode())

    def _refusal(self, node: ast.AST, culprit: ast.AST | None = None) -> ExpressionError:
        if (isinstance(node, ast.Name) or isinstance(culprit, MATHEMATICS)) and (found := advice(self.source)):
            return ExpressionError(found.message, self.source, found.column, found.width)
        return self.error(f"this is not understood: {HINTS.get(type(culprit or node), USUAL)}", node)

    def arguments(self, call: ast.Call) -> str:
        """The source of a call's arguments."""
        return ", ".join(self.text(part) for part in call.args)

    def _checked(self) -> list[ast.AST]:
        """The nodes of the expression, each after its children; an error if one is not allowed where it stands."""
        order: list[ast.AST] = []
        stack: list[ast.AST] = [self.root]
        arguments: set[ast.AST] = set()  # where text, True, False, None and ... are allowed
        while stack:
            node = stack.pop()
            order.append(node)
            children: list[ast.expr] = []
            match node:
                case ast.Name(id=name):
                    if "·" in name:  # which Python takes for a letter
                        raise self._refusal(node)
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
                case ast.Compare(ops=[operator], comparators=[right]):
                    if type(operator) not in COMPARISONS:
                        raise self._refusal(node, operator)
                    children = [node.left, right]
                case ast.Subscript():
                    children = [node.value, node.slice]
                    arguments.update(node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice])
                case ast.Slice():
                    children = [part for part in (node.lower, node.upper, node.step) if part]
                case ast.Call(func=ast.Name(id=name)):
                    if name not in BOUNDS:
                        raise self.error(unknown_operation(name), node.func)
                    if any(k.arg is None for k in node.keywords):
                        raise self._refusal(node, node.keywords[0])
                    if name in LARGER and len(node.args) > 1 and not _is_axis(node.args[1]):
                        what = f"{name} takes one array and an axis; write {LARGER[name]}({self.arguments(node)})"
                        raise self.error(what, node)
                    children = [*node.args, *(k.value for k in node.keywords)]
                    arguments.update(children)
                case ast.Call():
                    raise self._refusal(node, node.func)
                case _:
                    raise self._refusal(node)
            stack.extend(children)
        return order[::-1]


def _parse(source: str) -> ast.expr:
    if not source:
        raise ExpressionError("the expression is empty", source, 0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python's advice on style
            return ast.parse(source, mode="eval").body
    except SyntaxError as error:
        if found := advice(source):
            raise ExpressionError(found.message, source, found.column, found.width) from None
        column = min(max((error.offset or 1) - 1, 0), len(source))
        raise ExpressionError(f"the expression cannot be read: {error.msg}", source, column) from None
    except (RecursionError, MemoryError):
        raise ExpressionError("the expression is nested too deeply, or too long a chain", source, 0) from None
    except ValueError as error:
        raise ExpressionError(f"the expression cannot be read: {error}", ascii(source), 0) from None


def _is_axis(node: ast.expr) -> bool:
    """True if an argument can be an axis: an integer, several of them, or None."""
    if isinstance(node, ast.UnaryOp):
        node = node.operand
    if isinstance(node, ast.Tuple | ast.List):
        return all(map(_is_axis, node.elts))
    return isinstance(node, ast.Constant) and (node.value is None or type(node.value) is int)
